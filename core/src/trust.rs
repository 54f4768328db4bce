//! Trust: what a node thinks of each neighbour, from the measured effect of what they sent.
//!
//! A reputation is in 0 to 1 and starts where the mesh says, by default at one half. It never comes
//! from a message: it rises when a peer's model would have served this node well on its own recent
//! samples, and falls when it would have done harm, or when an audit finds fault.
//!
//! Below the table stand parts that only some meshes use: [`ban`] (a machine with probation),
//! [`opinion`] (what neighbours say of each other) and [`watchdog`]; [`conduct`] is their page.

pub mod ban;
pub mod conduct;
mod influence;
pub mod opinion;
pub mod watchdog;

use crate::id::{NodeId, Tick};
use crate::q16::{HALF, Q16, percent};
use crate::regime::Regime;

pub use ban::{BanConfig, Case, Cause, Event, Grounds, Record, Status, transition};
pub use conduct::{Conduct, Dossier, Entry, Ledger, review, weigh};
pub use influence::{GINI_VOICES, INFLUENCE_MAX, Share, bound, gini, influence, power_halves};
pub use opinion::{Bucket, Opinion, Opinions, send_opinions, verdict};
pub use watchdog::{Fallback, Roll, Watchdog, WatchdogConfig, watch};

/// How evidence moves a reputation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustConfig {
    /// Reputation of an unknown node.
    pub initial: Q16,
    /// Gained by a model that does no harm.
    pub reward: Q16,
    /// Lost by a model that does.
    pub penalty: Q16,
    /// Lost by a failed audit or a refused proof.
    pub audit_penalty: Q16,
    /// A model is good while its error on the receiver's recent samples is at most this many times
    /// the error of the receiver's own.
    pub good_factor: Q16,
    /// A model does harm when its error is above this many times both the receiver's own error and
    /// its usual one.
    pub harm_factor: Q16,
    /// Below this a neighbour is banned: heard and judged, but not merged.
    pub ban_below: Q16,
    /// A banned neighbour is merged again once it has earned this much.
    pub readmit_at: Q16,
    /// A node counts as known when this many neighbours ...
    pub commission_neighbours: u8,
    /// ... have reached this reputation ...
    pub commission_reputation: Q16,
    /// ... or this many ticks have passed.
    pub commission_ticks: u64,
    /// Trusted neighbours in Storm that make an emergency.
    pub quorum: u8,
    /// Reputation that makes a vote count.
    pub vote_reputation: Q16,
    /// Ticks for which a claimed regime counts.
    pub vote_ticks: u64,
    /// Least share of the neighbours that are not banned that makes an emergency, in percent, on
    /// top of `quorum`; 0: that alone.
    pub quorum_percent: u8,
    /// Exponent of influence in halves, 4 to 7; 0: by the number of voices.
    pub exponent_halves: u8,
    /// Voices that the exponent goes by; 0: the node's neighbours, which is all it can count.
    pub swarm_size: u32,
    /// Whether no voice has more than its share of the reputation in a round: see [`bound`].
    pub is_bounded: bool,
    /// An offer that is not good and lies this many median absolute deviations farther from the
    /// aggregate than the median offer is outlying; 0: distance is no evidence.
    pub distance_mads: u8,
    /// Whether an offer that is neither good nor harmful by itself is judged by its effect on the
    /// aggregate, against the aggregate of all others.
    pub leaves_one_out: bool,
    /// Bans with probation; `None`: a neighbour is banned while its reputation is low.
    pub bans: Option<BanConfig>,
    /// Whether nodes say what they think of each other.
    pub opinions: bool,
    /// Gini coefficient of the neighbours' influence above which there is an alarm.
    pub gini_alarm: Q16,
    /// The liveness watchdog, where there is one.
    pub watchdog: Option<WatchdogConfig>,
}

impl Default for TrustConfig {
    fn default() -> Self {
        Self {
            initial: HALF,
            reward: percent(2),
            penalty: percent(8),
            audit_penalty: percent(15),
            good_factor: percent(101),
            harm_factor: percent(200),
            ban_below: percent(20),
            readmit_at: percent(30),
            commission_neighbours: 3,
            commission_reputation: percent(80),
            commission_ticks: 3_600,
            quorum: 3,
            vote_reputation: percent(80),
            vote_ticks: 300,
            quorum_percent: 0,
            exponent_halves: 0,
            swarm_size: 0,
            is_bounded: false,
            distance_mads: 0,
            leaves_one_out: true,
            bans: None,
            opinions: false,
            gini_alarm: percent(70),
            watchdog: None,
        }
    }
}

/// What the node found out about a neighbour by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// A model no worse than the receiver's own, within tolerance, or one that the aggregate gains
    /// by.
    Good,
    /// A model of which neither can be said.
    Neutral,
    /// A model far worse than the receiver's own and its usual error, or one that the aggregate
    /// loses by.
    Harmful,
    /// A model that is not good and far from what all others made together.
    Outlying,
    /// An audit found nothing.
    AuditPassed,
    /// An audit was answered with something that does not hold.
    AuditFailed,
    /// What the neighbour sent is not, bit for bit, what its own inputs give.
    ComputationMismatch,
    /// A proof of a bounded norm did not hold.
    NormRefused,
    /// An audit was not answered in time. The air may have lost it, so it costs what harm costs and
    /// is no failed audit.
    NoAnswer,
}

impl Evidence {
    /// Whether it speaks against the neighbour.
    #[must_use]
    pub const fn is_adverse(self) -> bool {
        !matches!(self, Self::Good | Self::Neutral | Self::AuditPassed)
    }
}

/// A reputation after `evidence`, within 0 and 1. A mismatch leaves none: the arithmetic is exact,
/// so nobody differs by accident.
#[must_use]
pub fn moved(config: &TrustConfig, reputation: Q16, evidence: Evidence) -> Q16 {
    let step = match evidence {
        Evidence::Good | Evidence::AuditPassed => config.reward,
        Evidence::Neutral => Q16::ZERO,
        Evidence::Harmful | Evidence::Outlying | Evidence::NoAnswer => -config.penalty,
        Evidence::AuditFailed | Evidence::NormRefused => -config.audit_penalty,
        Evidence::ComputationMismatch => return Q16::ZERO,
    };
    reputation.saturating_add(step).clamp(Q16::ZERO, Q16::ONE)
}

/// Judges an offered model by the errors (in deviations) on the receiver's recent samples.
#[must_use]
pub fn judge(config: &TrustConfig, offered: Q16, own: Q16, usual: Q16) -> Evidence {
    let own = own.max(percent(1));
    if offered <= own.saturating_mul(config.good_factor) {
        Evidence::Good
    } else if offered > own.max(usual).saturating_mul(config.harm_factor) {
        Evidence::Harmful
    } else {
        Evidence::Neutral
    }
}

/// One neighbour, as this node sees it: 20 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Who.
    pub id: NodeId,
    /// 0 to 1.
    pub reputation: Q16,
    /// The round of its newest update.
    pub round: u32,
    /// When it was last heard, as the low 32 bits of the tick; [`Neighbour::NEVER`] at first.
    pub heard_tick: u32,
    /// The regime it claimed then.
    pub claims: Regime,
    /// Heard and judged, but not merged.
    pub banned: bool,
    /// Models judged harmful, saturating.
    pub harmful: u8,
    /// Models judged good, saturating.
    pub good: u8,
}
crate::canonical!(struct Neighbour {
    id, reputation, round, heard_tick, claims, banned, harmful, good,
});

impl Neighbour {
    /// Stands for a neighbour that was never heard.
    pub const NEVER: u32 = u32::MAX;

    /// An unknown neighbour.
    #[must_use]
    pub const fn new(config: &TrustConfig, id: NodeId) -> Self {
        Self {
            id,
            reputation: config.initial,
            round: 0,
            heard_tick: Self::NEVER,
            claims: Regime::Calm,
            banned: false,
            harmful: 0,
            good: 0,
        }
    }

    /// Notes that an update of `round` came, claiming `regime`; false when it is not newer than
    /// the last one.
    pub fn hear(&mut self, now: Tick, round: u32, regime: Regime) -> bool {
        let newer = round > self.round;
        if newer {
            self.round = round;
            self.heard_tick = now.0 as u32;
            self.claims = regime;
        }
        newer
    }

    /// Moves the reputation by `evidence`, and bans or readmits by the reputation alone: what
    /// [`weigh`] does in a mesh without [`BanConfig`].
    pub fn weigh(&mut self, config: &TrustConfig, evidence: Evidence) {
        self.count(evidence);
        self.reputation = moved(config, self.reputation, evidence);
        if self.reputation < config.ban_below {
            self.banned = true;
        } else if self.reputation >= config.readmit_at {
            self.banned = false;
        }
    }

    /// Counts what a model did.
    const fn count(&mut self, evidence: Evidence) {
        match evidence {
            Evidence::Good => self.good = self.good.saturating_add(1),
            Evidence::Harmful => self.harmful = self.harmful.saturating_add(1),
            _ => {}
        }
    }

    fn heard_within(&self, now: Tick, ticks: u64) -> bool {
        age_ticks(self, now).is_some_and(|age| u64::from(age) <= ticks)
    }
}

/// Ticks since a neighbour was last heard; `None` if it never was.
fn age_ticks(neighbour: &Neighbour, now: Tick) -> Option<u32> {
    let heard = neighbour.heard_tick;
    (heard != Neighbour::NEVER).then(|| (now.0 as u32).wrapping_sub(heard))
}

/// The neighbour `id` in a table sorted by id.
pub fn find(neighbours: &mut [Neighbour], id: NodeId) -> Option<&mut Neighbour> {
    let place = neighbours.binary_search_by_key(&id, |neighbour| neighbour.id).ok()?;
    neighbours.get_mut(place)
}

/// Whether a trusted quorum of neighbours reported a storm lately: at least `quorum` of them, and
/// at least `quorum_percent` of those that are not banned.
///
/// A neighbour has one vote, its newest word; it counts for `vote_ticks` and only while the
/// reputation that this node holds of it is at least `vote_reputation`, whatever it claims itself.
#[must_use]
pub fn is_emergency(config: &TrustConfig, neighbours: &[Neighbour], now: Tick) -> bool {
    let votes = |neighbour: &&Neighbour| {
        neighbour.claims == Regime::Storm
            && neighbour.reputation >= config.vote_reputation
            && !neighbour.banned
            && neighbour.heard_within(now, config.vote_ticks)
    };
    let count = neighbours.iter().filter(votes).count();
    if count < usize::from(config.quorum.max(1)) {
        return false;
    }
    let electorate = neighbours.iter().filter(|neighbour| !neighbour.banned).count();
    count * 100 >= electorate * usize::from(config.quorum_percent)
}

impl TrustConfig {
    /// [`influence`], with exponent and size of the swarm from the configuration where that sets
    /// them.
    #[must_use]
    pub fn influence(&self, reputation: Q16, neighbours: usize) -> Q16 {
        let voices = if self.swarm_size > 0 { self.swarm_size as usize } else { neighbours };
        match self.exponent_halves {
            0 => influence(reputation, voices),
            halves => influence::influence_halves(reputation, halves),
        }
    }

    /// [`TrustConfig::influence`] of a neighbour of this status: little on probation, none while
    /// banned.
    #[must_use]
    pub fn influence_in(&self, status: Status, reputation: Q16, neighbours: usize) -> Q16 {
        let free = self.influence(reputation, neighbours);
        match (status, &self.bans) {
            (Status::Probation, Some(bans)) => free.min(bans.probation_influence),
            (Status::Banned, _) => Q16::ZERO,
            _ => free,
        }
    }

    /// Whether nodes keep a page on their neighbours' conduct.
    #[must_use]
    pub const fn keeps_conduct(&self) -> bool {
        self.bans.is_some() || self.opinions || self.watchdog.is_some()
    }
}

/// What a node knows of its own standing among the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnTrust {
    commissioned: bool,
    /// When the node joined.
    pub joined: Tick,
}
crate::canonical!(struct OwnTrust { commissioned, joined });

impl OwnTrust {
    /// A node that joins at `joined` and is known to nobody.
    #[must_use]
    pub const fn new(joined: Tick) -> Self {
        Self { commissioned: false, joined }
    }

    /// Whether the node is past its commissioning.
    #[must_use]
    pub const fn is_commissioned(&self) -> bool {
        self.commissioned
    }

    /// Ends commissioning when enough neighbours have proved themselves, or after its limit. A
    /// node with fewer neighbours than the rule asks for needs all of them.
    pub fn review(&mut self, config: &TrustConfig, neighbours: &[Neighbour], now: Tick) {
        if self.commissioned {
            return;
        }
        let needed = usize::from(config.commission_neighbours).min(neighbours.len());
        let known = |n: &&Neighbour| n.reputation >= config.commission_reputation;
        let waited = now.0.saturating_sub(self.joined.0) >= config.commission_ticks;
        self.commissioned = waited || neighbours.iter().filter(known).count() >= needed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(reputations: &[i32]) -> heapless::Vec<Neighbour, 64> {
        let config = TrustConfig::default();
        let entry = |(id, r): (usize, &i32)| Neighbour {
            reputation: percent(*r),
            ..Neighbour::new(&config, NodeId(id as u32))
        };
        reputations.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn fifteen_good_models_reach_the_vote() {
        let config = TrustConfig::default();
        let mut neighbour = Neighbour::new(&config, NodeId(1));
        let rounds = (1..100).find(|_| {
            neighbour.weigh(&config, Evidence::Good);
            neighbour.reputation >= config.vote_reputation
        });
        // 0.02 is 1310/65536, a little less than 0.02, so the sixteenth is needed.
        assert_eq!(rounds, Some(16));
    }

    #[test]
    fn four_harmful_models_ban_and_good_ones_readmit() {
        let config = TrustConfig::default();
        let mut neighbour = Neighbour::new(&config, NodeId(1));
        (0..4).for_each(|_| neighbour.weigh(&config, Evidence::Harmful));
        assert!(neighbour.banned);
        (0..7).for_each(|_| neighbour.weigh(&config, Evidence::Good));
        assert!(!neighbour.banned);
    }

    #[test]
    fn harm_is_measured_against_own_and_usual_error() {
        let config = TrustConfig::default();
        let verdict =
            |offered, own, usual| judge(&config, percent(offered), percent(own), percent(usual));
        assert_eq!(verdict(101, 100, 100), Evidence::Good);
        assert_eq!(verdict(102, 100, 100), Evidence::Neutral);
        assert_eq!(verdict(150, 100, 100), Evidence::Neutral);
        assert_eq!(verdict(250, 100, 100), Evidence::Harmful);
        assert_eq!(verdict(150, 20, 100), Evidence::Neutral, "a lucky stretch is no proof of harm");
    }

    #[test]
    fn only_trusted_recent_distinct_votes_make_an_emergency() {
        let config = TrustConfig::default();
        let mut crowd = table(&[20; 60]);
        for n in &mut crowd {
            n.hear(Tick(1_000), 1, Regime::Storm);
        }
        assert!(!is_emergency(&config, &crowd, Tick(1_000)), "sixty strangers are no quorum");
        for n in crowd.iter_mut().take(3) {
            n.reputation = percent(80);
        }
        assert!(is_emergency(&config, &crowd, Tick(1_300)));
        assert!(!is_emergency(&config, &crowd, Tick(1_301)), "votes age");
        crowd[0].reputation = percent(79);
        assert!(!is_emergency(&config, &crowd, Tick(1_000)));
    }

    #[test]
    fn old_rounds_are_not_news() {
        let mut neighbour = Neighbour::new(&TrustConfig::default(), NodeId(1));
        assert!(neighbour.hear(Tick(1), 5, Regime::Storm));
        assert!(!neighbour.hear(Tick(2), 5, Regime::Calm));
        assert_eq!(neighbour.claims, Regime::Storm);
    }

    #[test]
    fn a_share_of_the_neighbours_can_be_asked_for_on_top_of_the_quorum() {
        let config = TrustConfig { quorum_percent: 15, ..TrustConfig::default() };
        let mut crowd = table(&[80; 40]);
        let storms = |crowd: &mut [Neighbour], from: usize, to: usize, round| {
            for n in &mut crowd[from..to] {
                n.hear(Tick(50), round, Regime::Storm);
            }
            is_emergency(&config, crowd, Tick(60))
        };
        assert!(!storms(&mut crowd, 0, 5, 1), "5 of 40 are less than 15 %");
        assert!(storms(&mut crowd, 5, 6, 1), "6 of 40 are 15 %");
        crowd[0].banned = true;
        assert!(!storms(&mut crowd, 0, 0, 1), "the banned have no vote: 5 of 39");
        for n in &mut crowd[6..13] {
            n.banned = true;
        }
        assert!(storms(&mut crowd, 0, 0, 1), "nor do they count as voters: 5 of 32");
        assert!(!is_emergency(&config, &crowd[..3], Tick(60)), "and never fewer than three");
    }

    #[test]
    fn each_kind_of_evidence_has_its_price() {
        let config = TrustConfig::default();
        let cases = [
            (Evidence::Good, 1_310),
            (Evidence::AuditPassed, 1_310),
            (Evidence::Neutral, 0),
            (Evidence::Harmful, -5_242),
            (Evidence::Outlying, -5_242),
            (Evidence::NoAnswer, -5_242),
            (Evidence::AuditFailed, -9_830),
            (Evidence::NormRefused, -9_830),
            (Evidence::ComputationMismatch, -32_768),
        ];
        for (evidence, change) in cases {
            assert_eq!(moved(&config, HALF, evidence).to_bits() - 32_768, change, "{evidence:?}");
            assert_eq!(evidence.is_adverse(), change < 0, "{evidence:?}");
        }
        // Two failed audits leave 0.20001, not less than 0.2: the rule of two is one of its own.
        let two =
            moved(&config, moved(&config, HALF, Evidence::AuditFailed), Evidence::AuditFailed);
        assert!(two >= config.ban_below);
    }

    #[test]
    fn the_size_of_the_swarm_can_be_given() {
        let config = TrustConfig { swarm_size: 60, ..TrustConfig::default() };
        assert_eq!(config.influence(HALF, 5).to_bits(), 5_792);
        assert_eq!(TrustConfig::default().influence(HALF, 5).to_bits(), 16_384);
    }

    #[test]
    fn commissioning_needs_three_or_all_or_time() {
        let config = TrustConfig::default();
        let reviewed = |reputations: &[i32], now| {
            let mut own = OwnTrust::new(Tick(100));
            own.review(&config, &table(reputations), Tick(now));
            own.is_commissioned()
        };
        assert!(!reviewed(&[80, 80, 50, 50], 200));
        assert!(reviewed(&[80, 80, 80, 50], 200));
        assert!(reviewed(&[80, 80], 200), "two neighbours are all there are");
        assert!(reviewed(&[50, 50, 50], 3_700));
    }

    #[test]
    fn a_neighbour_stays_small() {
        assert!(size_of::<Neighbour>() <= 24);
    }
}
