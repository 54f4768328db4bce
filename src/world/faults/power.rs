//! Power loss: when a node's power goes, for how long, and whether that falls into the writing of a
//! save. What comes back is the store's affair.

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};

use super::{Entry, Strike, happens};
use crate::scenario::FaultKind;

/// Whether the entry cuts the power of `node` at this tick: with a chance of `1 / every_ticks`, or
/// once, at its first tick.
pub(super) fn strike(entry: &Entry, node: NodeId, now: Tick) -> Option<Strike> {
    let FaultKind::PowerLoss { every_ticks, off_ticks, save_every_ticks, torn_percent } =
        entry.kind
    else {
        return None;
    };
    let bits = |n| draw(entry.seed, Purpose::FaultPower, node.0, now.0, n);
    let goes = match every_ticks {
        0 => now.0 == entry.from,
        every => below(bits(1), every) == 0,
    };
    let torn = save_every_ticks > 0 && happens(torn_percent, bits(2));
    goes.then(|| Strike { off_ticks: off_ticks.max(1), torn: torn.then(|| bits(3)) })
}

/// Ticks between saves; 0: no storage.
pub(super) fn saves_every(kind: &FaultKind) -> u64 {
    match kind {
        FaultKind::PowerLoss { save_every_ticks, .. } => *save_every_ticks,
        _ => 0,
    }
}
