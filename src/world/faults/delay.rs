//! Reordering: a frame waits inside the receiver and is handed over late, so that later ones pass
//! it. The radio has received it in time; it is not lost to sleep.

use qres_core::draw::{Purpose, below, draw};

use super::{Entry, Link, happens};
use crate::scenario::FaultKind;

/// Ticks that the copy waits: with `P = percent / 100` uniform over 1 to `up_to_ticks`, else 0.
pub(super) fn late_ticks(entry: &Entry, link: &Link, copy: u8) -> u32 {
    let FaultKind::Reordering { percent, up_to_ticks } = entry.kind else { return 0 };
    let bits = link.lot(entry.seed, Purpose::FaultDelay, u32::from(copy));
    if !happens(percent, bits) {
        return 0;
    }
    let more = draw(bits, Purpose::FaultDelay, link.receiver.0, link.now.0, 0);
    1 + below(more, u64::from(up_to_ticks)) as u32
}
