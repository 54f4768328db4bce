//! Topology liar: directed deviation, and a sentinel claims to have heard the same from each of its
//! neighbours.
//!
//! What a node says of who its neighbours are and what they said, others only learn from a
//! sentinel, which hands its clients the updates that it keeps for them. A lying sentinel keeps an
//! update of its own making in each neighbour's name, one round ahead of that neighbour's own: its
//! clients take it for news, and what the neighbour itself says in that round for old. Signatures
//! (`protocol.integrity`) meet it. Parameter: `factor`, as in [`super::directed`]. It looks at what
//! it keeps for others. It follows the attack of that name in the framework Murmura.

use qres_core::neuron::TAPS;
use qres_core::packet::Update;
use qres_core::q16::Q16;
use qres_core::responder::{self, Route};

use super::view::{settle, stretched, vector};

/// Forges what a sentinel keeps in others' names: `lie` gives the weights from those it holds.
pub fn forge_routes(
    routes: &mut [Route],
    own: qres_core::id::NodeId,
    lie: impl Fn(&Update) -> [Q16; TAPS],
) {
    for place in 0..routes.len() {
        let Some(kept) = routes.get(place).filter(|route| route.round() > 0 && route.origin != own)
        else {
            continue;
        };
        let kept = kept.update();
        let forged = Update { round: kept.round.saturating_add(1), weights: lie(&kept), ..kept };
        responder::keep(routes, &forged);
    }
}

/// The weights that it claims to have heard: those that it did hear, times `factor`, Q16.16.
#[must_use]
pub fn claimed(kept: &Update, factor: i64) -> [Q16; TAPS] {
    settle(&stretched(&vector(&kept.weights), factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::gene::GeneId;
    use qres_core::id::{GroupId, NodeId};
    use qres_core::packet::Wire;
    use qres_core::regime::Regime;

    #[test]
    fn others_are_forged_one_round_ahead_and_the_own_update_is_not() {
        let update = |origin: u32, round: u32| Update {
            origin: NodeId(origin),
            round,
            group: GroupId(0),
            regime: Regime::Calm,
            polls: false,
            wire: Wire::Q16,
            taps: 2,
            gene: GeneId(0),
            weights: [Q16::ONE; TAPS],
        };
        let mut routes = [1, 2, 3].map(|origin| Route::new(NodeId(origin), 1));
        responder::keep(&mut routes, &update(1, 5));
        responder::keep(&mut routes, &update(2, 7));
        forge_routes(&mut routes, NodeId(2), |kept| claimed(kept, -3 << 16));
        let seen = routes.map(|route| (route.round(), route.update().weights[0].to_bits() >> 16));
        assert_eq!(seen, [(6, -3), (7, 1), (0, 0)]);
    }
}
