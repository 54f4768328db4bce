//! Loss: each frame by itself is lost with the same chance. Memoryless; for bursts see `burst`.

use qres_core::draw::Purpose;

use super::{Link, happens};

/// Whether the frame is lost: `P = percent / 100`.
pub(super) fn loses(percent: u8, seed: u64, link: &Link) -> bool {
    happens(percent, link.lot(seed, Purpose::FaultLoss, 0))
}
