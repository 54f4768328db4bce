//! The models that came in during one round: the newest of each peer, bounded.

use crate::gene::GeneId;
use crate::id::NodeId;
use crate::neuron::TAPS;
use crate::packet::Update;
use crate::q16::Q16;
use crate::regime::Regime;

/// Offers that one round can hold.
pub const OFFERS: usize = 16;

/// A peer's model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Whose model it is.
    pub origin: NodeId,
    /// The regime it claimed: a model learned in a storm is judged, but nobody is blamed for it.
    pub regime: Regime,
    /// The gene that the weights belong to.
    pub gene: GeneId,
    /// Its shared weights.
    pub weights: [Q16; TAPS],
}
crate::canonical!(struct Offer { origin, regime, gene, weights });

/// The offers of one round, in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbox {
    offers: heapless::Vec<Offer, OFFERS>,
}
crate::canonical!(struct Inbox { offers });

impl Inbox {
    /// The offers.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// Adds a peer's model in place of its older one; when full, the oldest offer makes room
    /// and the answer is true.
    pub fn push(&mut self, update: &Update) -> bool {
        let Update { origin, regime, gene, weights, .. } = *update;
        let offer = Offer { origin, regime, gene, weights };
        let known = self.offers.iter().position(|held| held.origin == offer.origin);
        if let Some(place) = known {
            self.offers.remove(place);
        }
        let full = self.offers.is_full();
        if full {
            self.offers.remove(0);
        }
        // There is room: one was removed if the list was full.
        let _ = self.offers.push(offer);
        full
    }

    /// Forgets the offers of the round.
    pub fn clear(&mut self) {
        self.offers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::GroupId;

    fn update(origin: u32, weight: i32) -> Update {
        Update {
            origin: NodeId(origin),
            round: 1,
            group: GroupId(0),
            regime: Regime::Calm,
            polls: false,
            wire: crate::packet::Wire::Q16,
            taps: 1,
            gene: GeneId(0),
            weights: [Q16::from_bits(weight); TAPS],
        }
    }

    #[test]
    fn keeps_the_newest_of_each_and_drops_the_oldest() {
        let mut inbox = Inbox::default();
        for origin in 0..OFFERS as u32 {
            assert!(!inbox.push(&update(origin, 1)));
        }
        assert!(!inbox.push(&update(0, 2)));
        assert!(inbox.push(&update(99, 3)));
        assert_eq!(inbox.offers().len(), OFFERS);
        assert!(inbox.offers().iter().all(|offer| offer.origin != NodeId(1)));
        assert!(inbox.offers().iter().any(|offer| offer.origin == NodeId(0)));
    }
}
