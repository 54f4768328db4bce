//! Links that a person has cut or degraded. Holds for both directions until it is undone; the draws
//! of a degraded link are its own, so that it shifts nobody's numbers.

use std::collections::BTreeMap;

use qres_core::draw::Purpose;
use qres_core::id::NodeId;

use super::{Link, happens};

/// What was done to links, by their ends, the lesser first. Only links to which something was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hands(BTreeMap<(u32, u32), Struck>);

/// What was done to a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Struck {
    /// Nothing passes.
    pub cut: bool,
    /// Of what passes, so many percent are lost.
    pub loss_percent: u8,
}

impl Hands {
    /// Changes what was done to a link.
    pub fn change(&mut self, (one, other): (u32, u32), change: impl FnOnce(&mut Struck)) {
        let key = (one.min(other), one.max(other));
        let mut struck = self.of(key);
        change(&mut struck);
        if struck == Struck::default() {
            self.0.remove(&key);
        } else {
            self.0.insert(key, struck);
        }
    }

    /// All links to which something was done, by their ends.
    pub fn all(&self) -> impl Iterator<Item = ((u32, u32), Struck)> {
        self.0.iter().map(|(ends, struck)| (*ends, *struck))
    }

    /// Whether something was done to the link with these ends, the lesser first.
    #[must_use]
    pub fn has(&self, ends: (u32, u32)) -> bool {
        self.0.contains_key(&ends)
    }

    /// Whether nothing was done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn cuts(&self, one: NodeId, other: NodeId) -> bool {
        !self.0.is_empty() && self.of((one.0.min(other.0), one.0.max(other.0))).cut
    }

    pub(super) fn loses(&self, seed: u64, link: &Link) -> bool {
        let (one, other) = (link.sender.0, link.receiver.0);
        let percent = || self.of((one.min(other), one.max(other))).loss_percent;
        let percent = if self.0.is_empty() { 0 } else { percent() };
        percent > 0 && happens(percent, link.lot(seed, Purpose::FaultLoss, 1))
    }

    fn of(&self, key: (u32, u32)) -> Struck {
        self.0.get(&key).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::id::Tick;

    #[test]
    fn links_are_struck_both_ways_and_mended() {
        let mut hands = Hands::default();
        hands.change((7, 3), |link| link.cut = true);
        assert!(hands.cuts(NodeId(3), NodeId(7)) && hands.cuts(NodeId(7), NodeId(3)));
        assert!(!hands.cuts(NodeId(3), NodeId(4)));
        hands.change((3, 7), |link| link.loss_percent = 30);
        let lost = |hands: &Hands| {
            let at = |tick| Link {
                sender: NodeId(7),
                receiver: NodeId(3),
                now: Tick(tick),
                sequence: 0,
                service: false,
            };
            (0..2_000).filter(|tick| hands.loses(4, &at(*tick))).count()
        };
        // 600 of 2,000, and four deviations of 20.5.
        assert!((518..682).contains(&lost(&hands)), "{}", lost(&hands));
        hands.change((3, 7), |link| *link = Struck::default());
        assert!(hands.is_empty() && lost(&hands) == 0);
    }
}
