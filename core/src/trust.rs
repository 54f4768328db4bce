//! Trust: what a node thinks of each neighbour, from the measured effect of what they sent.
//!
//! A reputation is in 0 to 1 and starts where the mesh says, by default at one half. It never comes
//! from a message: it rises when a peer's model would have served this node well on its own recent
//! samples, and falls when it would have done harm.

use crate::id::{NodeId, Tick};
use crate::q16::{HALF, Q16, percent, sqrt};
use crate::regime::Regime;

/// How evidence moves a reputation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustConfig {
    /// Reputation of an unknown node.
    pub initial: Q16,
    /// Gained by a model that does no harm.
    pub reward: Q16,
    /// Lost by a model that does.
    pub penalty: Q16,
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
    /// Exponent of influence in halves, 4 to 7; 0: by the number of voices.
    pub exponent_halves: u8,
}

impl Default for TrustConfig {
    fn default() -> Self {
        Self {
            initial: HALF,
            reward: percent(2),
            penalty: percent(8),
            good_factor: percent(110),
            harm_factor: percent(200),
            ban_below: percent(20),
            readmit_at: percent(30),
            commission_neighbours: 3,
            commission_reputation: percent(80),
            commission_ticks: 3_600,
            quorum: 3,
            vote_reputation: percent(80),
            vote_ticks: 300,
            exponent_halves: 0,
        }
    }
}

/// What one offered model did to the receiver's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// No worse than the receiver's own model, within tolerance.
    Good,
    /// Neither.
    Neutral,
    /// Far worse than the receiver's own model and its usual error.
    Harmful,
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

    /// Moves the reputation by what the neighbour's model did.
    pub fn weigh(&mut self, config: &TrustConfig, evidence: Evidence) {
        match evidence {
            Evidence::Good => {
                self.good = self.good.saturating_add(1);
                self.reputation = self.reputation.saturating_add(config.reward).min(Q16::ONE);
            }
            Evidence::Harmful => {
                self.harmful = self.harmful.saturating_add(1);
                self.reputation = self.reputation.saturating_sub(config.penalty).max(Q16::ZERO);
            }
            Evidence::Neutral => {}
        }
        if self.reputation < config.ban_below {
            self.banned = true;
        } else if self.reputation >= config.readmit_at {
            self.banned = false;
        }
    }

    fn heard_within(&self, now: Tick, ticks: u64) -> bool {
        let age = u64::from((now.0 as u32).wrapping_sub(self.heard_tick));
        self.heard_tick != Self::NEVER && age <= ticks
    }
}

/// The neighbour `id` in a table sorted by id.
pub fn find(neighbours: &mut [Neighbour], id: NodeId) -> Option<&mut Neighbour> {
    let place = neighbours.binary_search_by_key(&id, |neighbour| neighbour.id).ok()?;
    neighbours.get_mut(place)
}

/// Whether a trusted quorum of neighbours reported a storm lately.
#[must_use]
pub fn is_emergency(config: &TrustConfig, neighbours: &[Neighbour], now: Tick) -> bool {
    let votes = |neighbour: &&Neighbour| {
        neighbour.claims == Regime::Storm
            && neighbour.reputation >= config.vote_reputation
            && neighbour.heard_within(now, config.vote_ticks)
    };
    neighbours.iter().filter(votes).count() >= usize::from(config.quorum.max(1))
}

/// The influence of a reputation among `neighbours` voices: `min(r^e, 0.8)` with `e` 2 below 20
/// voices, 3 up to 50 and 3.5 beyond.
#[must_use]
pub fn influence(reputation: Q16, neighbours: usize) -> Q16 {
    influence_halves(reputation, power_halves(neighbours))
}

impl TrustConfig {
    /// [`influence`], with the exponent of the configuration where that sets one.
    #[must_use]
    pub fn influence(&self, reputation: Q16, neighbours: usize) -> Q16 {
        match self.exponent_halves {
            0 => influence(reputation, neighbours),
            halves => influence_halves(reputation, halves),
        }
    }
}

/// The exponent of influence among `neighbours` voices, in halves.
#[must_use]
pub const fn power_halves(neighbours: usize) -> u8 {
    match neighbours {
        0..20 => 4,
        20..=50 => 6,
        _ => 7,
    }
}

fn influence_halves(reputation: Q16, halves: u8) -> Q16 {
    let r = reputation.clamp(Q16::ZERO, Q16::ONE);
    let whole = (1..halves / 2).fold(r, |power, _| power.saturating_mul(r));
    let power = if halves % 2 == 1 { whole.saturating_mul(sqrt(r)) } else { whole };
    power.min(percent(80))
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
        assert_eq!(verdict(109, 100, 100), Evidence::Good);
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
    fn influence_grows_steeper_with_the_crowd_and_is_capped() {
        assert_eq!(influence(Q16::ONE, 5), percent(80));
        assert_eq!(influence(HALF, 5).to_bits(), 16_384);
        assert_eq!(influence(HALF, 30).to_bits(), 8_192);
        assert_eq!(influence(HALF, 60).to_bits(), 5_792);
        assert_eq!(influence(Q16::ZERO, 60), Q16::ZERO);
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
