//! Duplication: a frame that was received comes once more. The copy meets corruption and delay by
//! itself.

use qres_core::draw::Purpose;

use super::{Entry, Link, happens};
use crate::scenario::FaultKind;

/// Whether the entry makes one more copy: `P = percent / 100`.
pub(super) fn repeats(entry: &Entry, link: &Link) -> bool {
    match entry.kind {
        FaultKind::Duplication { percent } => {
            happens(percent, link.lot(entry.seed, Purpose::FaultRepeat, 0))
        }
        _ => false,
    }
}
