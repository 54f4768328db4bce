//! Who bans whom, gathered by the one who is banned. Must not judge anybody.

use std::collections::BTreeMap;

use qres_core::trust::Neighbour;

use super::event::What;

/// A node that at least one neighbour bans, or once did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BanView {
    /// Who is banned.
    pub node: u32,
    /// Nodes that ban it now.
    pub judges: u32,
    /// Of these, the honest ones.
    pub honest: u32,
    /// The most that have banned it at once.
    pub peak: u32,
    /// When the first of them did.
    pub first_tick: u64,
    /// When it was last banned by one more.
    pub last_tick: u64,
    /// Whether it is an adversary.
    pub is_adversary: bool,
    /// When an honest node first banned it.
    pub exposed_tick: Option<u64>,
}

/// A change of mind: the judge, whom it bans now, and whom it does not ban any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdicts {
    pub(super) judge: u32,
    pub(super) banned: Vec<u32>,
}

/// The keeper of bans.
#[derive(Clone, Debug, Default)]
pub(super) struct Bans {
    /// By who is banned.
    cases: BTreeMap<u32, BanView>,
    /// Whom each node bans, by judge; ascending.
    by_judge: BTreeMap<u32, Vec<u32>>,
    /// Nodes that are or were adversaries.
    hostile: Vec<bool>,
    /// Nodes that at least one neighbour bans, and adversaries that an honest one bans.
    counts: [u32; 2],
}

impl Bans {
    /// Who is an adversary, by id.
    pub(super) fn expose(&mut self, hostile: Vec<bool>) {
        self.hostile = hostile;
        // A command can make an adversary of a node that was honest when it was banned.
        for (node, case) in &mut self.cases {
            case.is_adversary = self.hostile.get(*node as usize).copied().unwrap_or(false);
            case.honest = 0;
        }
        let hostile = |judge: &u32| self.hostile.get(*judge as usize).copied().unwrap_or(false);
        for banned in self.by_judge.iter().filter(|(judge, _)| !hostile(judge)).map(|(_, b)| b) {
            for node in banned {
                if let Some(case) = self.cases.get_mut(node) {
                    case.honest += 1;
                }
            }
        }
        self.count();
    }

    fn is_hostile(&self, node: u32) -> bool {
        self.hostile.get(node as usize).copied().unwrap_or(false)
    }

    /// Whom `judge` bans by its table, where that is not what is known; cheap where it is.
    pub(super) fn look(&self, judge: u32, table: &[Neighbour]) -> Option<Verdicts> {
        let known = self.by_judge.get(&judge).map_or(&[][..], Vec::as_slice);
        let banned = || table.iter().filter(|peer| peer.banned).map(|peer| peer.id.0);
        (!banned().eq(known.iter().copied()))
            .then(|| Verdicts { judge, banned: banned().collect() })
    }

    /// Takes what a judge has come to, and says what there is to say of it.
    pub(super) fn take(&mut self, tick: u64, now: Verdicts, mut tell: impl FnMut(bool, What)) {
        let Verdicts { judge, banned } = now;
        let before = self.by_judge.remove(&judge).unwrap_or_default();
        let is_honest = !self.is_hostile(judge);
        for node in before.iter().filter(|node| banned.binary_search(node).is_err()) {
            self.release(*node, is_honest, &mut tell);
        }
        for node in banned.iter().filter(|node| before.binary_search(node).is_err()) {
            self.ban(tick, *node, judge, is_honest, &mut tell);
        }
        if !banned.is_empty() {
            self.by_judge.insert(judge, banned);
        }
        self.count();
    }

    fn ban(
        &mut self,
        tick: u64,
        node: u32,
        judge: u32,
        is_honest: bool,
        tell: &mut impl FnMut(bool, What),
    ) {
        let is_adversary = self.is_hostile(node);
        let case = self.cases.entry(node).or_insert(BanView {
            node,
            first_tick: tick,
            is_adversary,
            ..BanView::default()
        });
        case.judges += 1;
        case.honest += u32::from(is_honest);
        case.last_tick = tick;
        if case.judges == 1 {
            (case.peak, case.first_tick) = (0, tick);
            tell(true, What::Banned { node, judge });
        } else if case.judges > case.peak && case.judges.is_power_of_two() {
            tell(false, What::BansSpread { node, judges: case.judges });
        }
        case.peak = case.peak.max(case.judges);
        if is_honest && case.exposed_tick.is_none() {
            case.exposed_tick = Some(tick);
            let exposed = if is_adversary {
                What::Detected { node, judge }
            } else {
                What::FalsePositive { node, judge }
            };
            tell(true, exposed);
        }
    }

    fn release(&mut self, node: u32, is_honest: bool, tell: &mut impl FnMut(bool, What)) {
        let Some(case) = self.cases.get_mut(&node) else { return };
        case.judges = case.judges.saturating_sub(1);
        case.honest = case.honest.saturating_sub(u32::from(is_honest));
        if case.judges == 0 {
            let (judges, since) = (case.peak, case.first_tick);
            tell(true, What::Released { node, judges, since });
        }
    }

    fn count(&mut self) {
        let all = || self.cases.values().filter(|case| case.judges > 0);
        let detected = all().filter(|case| case.is_adversary && case.honest > 0).count();
        self.counts = [all().count() as u32, detected as u32];
    }

    /// Nodes that at least one neighbour bans now.
    pub(super) const fn banned(&self) -> u32 {
        self.counts[0]
    }

    /// Adversaries that at least one honest neighbour bans now.
    pub(super) const fn detected(&self) -> u32 {
        self.counts[1]
    }

    /// Everybody who is or was banned, by id.
    pub(super) fn cases(&self) -> impl Iterator<Item = &BanView> {
        self.cases.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bans: &mut Bans, tick: u64, judge: u32, banned: &[u32]) -> Vec<(bool, What)> {
        let mut told = Vec::new();
        let now = Verdicts { judge, banned: banned.to_vec() };
        bans.take(tick, now, |major, what| told.push((major, what)));
        told
    }

    #[test]
    fn bans_are_told_once_and_gathered_by_who_is_banned() {
        let mut bans = Bans::default();
        // Node 9 is an adversary, and so is judge 8.
        bans.expose((0..10).map(|node| node >= 8).collect());
        let first = |node, judge| (true, What::Banned { node, judge });
        let steps: [(u64, u32, &[u32], Vec<(bool, What)>); 6] = [
            (5, 8, &[9], vec![first(9, 8)]),
            (
                6,
                1,
                &[9],
                vec![
                    (false, What::BansSpread { node: 9, judges: 2 }),
                    (true, What::Detected { node: 9, judge: 1 }),
                ],
            ),
            (7, 2, &[3, 9], vec![first(3, 2), (true, What::FalsePositive { node: 3, judge: 2 })]),
            (8, 2, &[9], vec![(true, What::Released { node: 3, judges: 1, since: 7 })]),
            (9, 2, &[3, 9], vec![first(3, 2)]),
            (9, 4, &[9], vec![(false, What::BansSpread { node: 9, judges: 4 })]),
        ];
        for (tick, judge, banned, expected) in steps {
            assert_eq!(take(&mut bans, tick, judge, banned), expected, "tick {tick}");
        }
        assert_eq!((bans.banned(), bans.detected()), (2, 1));
        let cases: Vec<_> =
            bans.cases().map(|case| (case.node, case.judges, case.honest)).collect();
        assert_eq!(cases, [(3, 1, 1), (9, 4, 3)]);
    }
}
