//! Churn: nodes leave without a word and come back, each on its own. A stay is geometric, an
//! absence uniform; both have the means that the scenario states.

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};

use super::{Entry, Strike};
use crate::scenario::FaultKind;

/// Whether `node` leaves at this tick: with a chance of `1 / stay_ticks`, for 1 to
/// `2 * away_ticks - 1` ticks.
pub(super) fn strike(entry: &Entry, node: NodeId, now: Tick) -> Option<Strike> {
    let FaultKind::Churn { stay_ticks, away_ticks } = entry.kind else { return None };
    let bits = |n| draw(entry.seed, Purpose::FaultChurn, node.0, now.0, n);
    let off_ticks = 1 + below(bits(1), 2 * away_ticks.max(1) - 1);
    (below(bits(0), stay_ticks.max(1)) == 0).then_some(Strike { off_ticks, torn: None })
}
