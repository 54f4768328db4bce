//! The policy tuner: a node moves some of the mesh's parameters by what it sees, says where it
//! would have them, and takes the median of what it hears.
//!
//! Rules are integers only, and each is held within clamps. The threshold of a ban is never tuned:
//! whoever could move it could ban anybody. No rule looks at a single peer's word: what comes from
//! the air passes through a median, so that less than half of the voices cannot move a parameter
//! out of the range of the honest ones. Coordinate-wise medians as a defence: Yin, Chen,
//! Ramchandran and Bartlett, "Byzantine-robust distributed learning", 2018.

use crate::aggregate::Rule;
use crate::config::NodeConfig;
use crate::draw::{Purpose, below, draw};
use crate::id::{NodeId, Tick};
use crate::neuron::TAPS;
use crate::packet::Message;
use crate::phase::{OUTBOX, Outbox, Speaker};
use crate::q16::{Q16, log2, percent};
use crate::radio::Outgoing;
use crate::regime::Regime;
use crate::residual_stream::Extras;
use crate::trust::{Neighbour, power_halves};

/// Voices of other nodes that are kept, the newest of each.
pub const HEARD: usize = 16;

/// Least and greatest trust step.
pub const GAMMA: [Q16; 2] = [percent(2), percent(15)];
/// The trust step that leaves reward and penalty as they are configured.
pub const GAMMA_CENTRE: Q16 = percent(5);
/// Least and greatest rounds between audits.
pub const AUDIT_INTERVAL: [u8; 2] = [10, 100];
/// Rounds between audits when nothing speaks for more or fewer.
pub const AUDIT_CENTRE: u8 = 50;
/// Least and greatest values dropped at each end of a merge.
pub const TRIM: [u8; 2] = [1, 8];
/// Least and greatest decay of the learning rate for each round.
pub const DECAY: [Q16; 2] = [percent(90), percent(98)];
/// The least that is left of a learning rate.
pub const RATE_FLOOR: Q16 = percent(60);
/// Least and greatest exponent of influence, in halves.
pub const EXPONENT_HALVES: [u8; 2] = [4, 7];
/// Least and greatest confirmations that a ban wants; locally at most 0.3 of the neighbours.
pub const CONFIRMATIONS: [u8; 2] = [2, 64];

/// Parameters that a node would have, or that its neighbourhood has agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Trust step, within [`GAMMA`]: scales what evidence gives and takes.
    pub gamma: Q16,
    /// Decay of the learning rate for each calm round, within [`DECAY`].
    pub decay: Q16,
    /// Rounds between audits, within [`AUDIT_INTERVAL`].
    pub audit_interval: u8,
    /// Values dropped at each end of a merge, within [`TRIM`].
    pub trim: u8,
    /// Exponent of influence in halves, within [`EXPONENT_HALVES`]: 4, 6 and 7 are 2, 3 and 3.5.
    pub exponent_halves: u8,
    /// Confirmations that a ban wants, within [`CONFIRMATIONS`].
    pub confirmations: u8,
}
crate::canonical!(struct Policy {
    gamma, decay, audit_interval, trim, exponent_halves, confirmations,
});

impl Default for Policy {
    fn default() -> Self {
        Self {
            gamma: GAMMA_CENTRE,
            decay: percent(95),
            audit_interval: AUDIT_CENTRE,
            trim: 1,
            exponent_halves: 4,
            confirmations: 2,
        }
    }
}

/// Bytes of a policy on the air.
pub const POLICY_BYTES: usize = 8;

impl Policy {
    /// The policy's bytes: trust step and decay as 16-bit fractions, little-endian, then the four
    /// small ones.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; POLICY_BYTES] {
        let [g0, g1] = (self.gamma.to_bits() as u16).to_le_bytes();
        let [d0, d1] = (self.decay.to_bits() as u16).to_le_bytes();
        let Self { audit_interval, trim, exponent_halves, confirmations, .. } = *self;
        [g0, g1, d0, d1, audit_interval, trim, exponent_halves, confirmations]
    }

    /// Reads a policy; `None` when a parameter is outside its clamps.
    #[must_use]
    pub fn from_bytes(bytes: [u8; POLICY_BYTES]) -> Option<Self> {
        let [g0, g1, d0, d1, audit_interval, trim, exponent_halves, confirmations] = bytes;
        let policy = Self {
            gamma: Q16::from_bits(i32::from(u16::from_le_bytes([g0, g1]))),
            decay: Q16::from_bits(i32::from(u16::from_le_bytes([d0, d1]))),
            audit_interval,
            trim,
            exponent_halves,
            confirmations,
        };
        (policy == policy.clamped()).then_some(policy)
    }

    /// Every parameter within its clamps.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            gamma: clamp(self.gamma, GAMMA),
            decay: clamp(self.decay, DECAY),
            audit_interval: clamp(self.audit_interval, AUDIT_INTERVAL),
            trim: clamp(self.trim, TRIM),
            exponent_halves: clamp(self.exponent_halves, EXPONENT_HALVES),
            confirmations: clamp(self.confirmations, CONFIRMATIONS),
        }
    }
}

fn clamp<T: Ord + Copy>(value: T, [low, high]: [T; 2]) -> T {
    value.clamp(low, high)
}

/// What a node sees of its neighbourhood, each figure smoothed: 0.1 new, 0.9 old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Share of the neighbours that are banned, 0 to 1.
    pub ban_rate: Q16,
    /// Square of the largest change of a shared weight in a round.
    pub drift: Q16,
    /// Shannon entropy of the reputations, in bits.
    pub entropy: Q16,
    /// Share of the battery that is left: all harvest less all use, over its capacity, 0 to 1.
    pub margin: Q16,
}
crate::canonical!(struct View { ban_rate, drift, entropy, margin });

impl View {
    fn blend(&mut self, new: &Self) {
        self.ban_rate = smooth(self.ban_rate, new.ban_rate);
        self.drift = smooth(self.drift, new.drift);
        self.entropy = smooth(self.entropy, new.entropy);
        self.margin = smooth(self.margin, new.margin);
    }
}

/// 0.1 new and 0.9 old, to nearest, halves up.
fn smooth(old: Q16, new: Q16) -> Q16 {
    let sum = 9 * i64::from(old.to_bits()) + i64::from(new.to_bits());
    Q16::from_bits((sum + 5).div_euclid(10) as i32)
}

/// Where a node that sees `view` of `neighbours` would have the parameters that now are `from`.
///
/// Up and down are factors or steps that end at a clamp, and where no rule speaks a parameter is
/// drawn an eighth of the way to its centre. So nodes of one view meet, from wherever they start.
#[must_use]
pub fn propose(view: &View, neighbours: usize, from: &Policy) -> Policy {
    let bits = from.gamma.to_bits();
    let gamma = if view.ban_rate > percent(15) {
        bits + bits / 2
    } else if view.ban_rate < percent(5) && view.drift < percent(1) {
        bits - bits / 5
    } else {
        drawn(bits, GAMMA_CENTRE.to_bits())
    };
    let (banned, poor) = (view.ban_rate > percent(10), view.margin < percent(20));
    let interval = i32::from(from.audit_interval);
    let interval = match (banned, poor) {
        (false, false) => drawn(interval, i32::from(AUDIT_CENTRE)),
        _ => interval - 10 * i32::from(banned) + 20 * i32::from(poor),
    };
    let count = neighbours.min(255) as i64;
    let suspects = share_of(view.ban_rate, count);
    Policy {
        gamma: Q16::from_bits(gamma),
        decay: if view.entropy > Q16::from_bits(5 << 15) {
            percent(98)
        } else if view.entropy < Q16::ONE {
            percent(90)
        } else {
            percent(95)
        },
        audit_interval: interval.clamp(0, 255) as u8,
        trim: suspects.min(count / 3).clamp(1, 8) as u8,
        exponent_halves: power_halves(neighbours),
        confirmations: (2 + suspects).min(share_of(percent(30), count)).clamp(2, 64) as u8,
    }
    .clamped()
}

/// An eighth of the way to `centre`, rounded away from where it stands, so that it arrives.
const fn drawn(value: i32, centre: i32) -> i32 {
    let gap = centre - value;
    value + (gap + 7 * gap.signum()) / 8
}

/// `share` of `count`, rounded up.
fn share_of(share: Q16, count: i64) -> i64 {
    (i64::from(share.to_bits()) * count + 65_535) >> 16
}

/// The median of each parameter; of an even number, the middle two's mean, rounded down. `None`
/// without voices.
#[must_use]
pub fn median(voices: &[Policy]) -> Option<Policy> {
    let middle = |part: fn(&Policy) -> i32| {
        let mut column: heapless::Vec<i32, { HEARD + 1 }> =
            voices.iter().take(HEARD + 1).map(part).collect();
        column.sort_unstable();
        let upper = *column.get(column.len() / 2)?;
        let lower = *column.get(column.len().checked_sub(1)? / 2)?;
        Some(i32::midpoint(lower, upper))
    };
    let small = |part| Some(middle(part)?.clamp(0, 255) as u8);
    Some(Policy {
        gamma: Q16::from_bits(middle(|policy| policy.gamma.to_bits())?),
        decay: Q16::from_bits(middle(|policy| policy.decay.to_bits())?),
        audit_interval: small(|policy| i32::from(policy.audit_interval))?,
        trim: small(|policy| i32::from(policy.trim))?,
        exponent_halves: small(|policy| i32::from(policy.exponent_halves))?,
        confirmations: small(|policy| i32::from(policy.confirmations))?,
    })
}

/// The Shannon entropy of reputations, taken as shares of their sum, in bits: 0 when one node has
/// it all, log2(n) when all are alike.
///
/// `H = log2(S) - sum(r log2 r) / S` with `S = sum(r)`, in Q16.16; truncated, and never negative.
#[must_use]
pub fn reputation_entropy(neighbours: &[Neighbour]) -> Q16 {
    let bits = |neighbour: &Neighbour| u64::from(neighbour.reputation.to_bits().max(0) as u32);
    let sum: u64 = neighbours.iter().map(bits).sum();
    if sum == 0 {
        return Q16::ZERO;
    }
    let term = |r: u64| i128::from(r) * i128::from(log2(r).to_bits());
    let inner: i128 = neighbours.iter().map(bits).filter(|r| *r > 0).map(term).sum();
    let entropy = i128::from(log2(sum).to_bits()) - inner / i128::from(sum);
    Q16::from_bits(entropy.clamp(0, 64 << 16) as i32)
}

/// A policy that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard {
    node: NodeId,
    policy: Policy,
}
crate::canonical!(struct Heard { node, policy });

/// A node's tuner: a page that exists only where a mesh tunes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuner {
    view: View,
    reviews: u32,
    /// What is left of the learning rates, [`RATE_FLOOR`] to 1.
    rate: Q16,
    weights: [Q16; TAPS],
    proposal: Policy,
    agreed: Policy,
    heard: heapless::Vec<Heard, HEARD>,
}
crate::canonical!(struct Tuner { view, reviews, rate, weights, proposal, agreed, heard });

/// What a review looks at.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// What the node thinks of its neighbours, sorted by id.
    pub neighbours: &'a [Neighbour],
    /// Its shared weights.
    pub weights: &'a [Q16; TAPS],
    /// Its regime.
    pub regime: Regime,
    /// Energy left, 0 to 1.
    pub energy: Q16,
}

impl Tuner {
    /// What the node sees.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Where the node would have the parameters: what it sends.
    #[must_use]
    pub const fn proposal(&self) -> &Policy {
        &self.proposal
    }

    /// The parameters that it runs by.
    #[must_use]
    pub const fn agreed(&self) -> &Policy {
        &self.agreed
    }

    /// Keeps the policy of `node` in place of its older one; when full, the oldest makes room.
    pub fn hear(&mut self, node: NodeId, policy: &Policy) {
        self.heard.retain(|held| held.node != node);
        if self.heard.is_full() {
            self.heard.remove(0);
        }
        // There is room: one was removed if the list was full.
        let _ = self.heard.push(Heard { node, policy: *policy });
    }

    /// At the end of a round: looks around, moves the proposal from what was agreed, and agrees on
    /// the median of it and of what known nodes that are not banned have said.
    pub fn review(&mut self, around: &Surroundings<'_>) {
        let new = self.look(around);
        if self.reviews == 0 {
            (self.view, self.rate) = (new, Q16::ONE);
        } else {
            self.view.blend(&new);
        }
        self.weights = *around.weights;
        self.reviews = self.reviews.saturating_add(1);
        self.proposal = propose(&self.view, around.neighbours.len(), &self.agreed);
        let counts = |held: &&Heard| {
            let place = around.neighbours.binary_search_by_key(&held.node, |peer| peer.id);
            place.ok().and_then(|at| around.neighbours.get(at)).is_some_and(|peer| !peer.banned)
        };
        let mut voices: heapless::Vec<Policy, { HEARD + 1 }> =
            self.heard.iter().filter(counts).map(|held| held.policy).collect();
        // One place is kept for the own voice.
        let _ = voices.push(self.proposal);
        self.agreed = median(&voices).unwrap_or(self.proposal);
        self.rate = match around.regime {
            Regime::Calm => self.rate.saturating_mul(self.agreed.decay).max(RATE_FLOOR),
            Regime::PreStorm | Regime::Storm => Q16::ONE,
        };
    }

    fn look(&self, around: &Surroundings<'_>) -> View {
        let banned = around.neighbours.iter().filter(|peer| peer.banned).count() as u64;
        let share = (banned << 16).checked_div(around.neighbours.len() as u64).unwrap_or(0);
        let moved = |(new, old): (&Q16, &Q16)| new.saturating_sub(*old).saturating_abs();
        let first = self.reviews == 0;
        let step = around.weights.iter().zip(&self.weights).map(moved).max().unwrap_or_default();
        let step = if first { Q16::ZERO } else { step };
        View {
            ban_rate: Q16::from_bits(share as i32),
            drift: step.saturating_mul(step),
            entropy: reputation_entropy(around.neighbours),
            margin: around.energy,
        }
    }

    /// `config` with the agreed parameters in place: trust steps, exponent of influence, failures
    /// that a ban wants where bans run out, and the rate of audits. Learning rates, and the trim
    /// where models are merged by a trimmed mean, are in it only where nobody audits: an auditor
    /// computes again what a node has computed, and cannot know what that node had agreed on.
    #[must_use]
    pub fn apply(&self, config: &NodeConfig) -> NodeConfig {
        if self.reviews == 0 {
            return *config;
        }
        let mut tuned = *config;
        let scaled = |step: Q16| {
            let wide = i64::from(step.to_bits()) * i64::from(self.agreed.gamma.to_bits());
            Q16::from_bits((wide / i64::from(GAMMA_CENTRE.to_bits())) as i32).min(Q16::ONE)
        };
        tuned.trust.reward = scaled(config.trust.reward);
        tuned.trust.penalty = scaled(config.trust.penalty);
        tuned.trust.exponent_halves = self.agreed.exponent_halves;
        if let Some(bans) = &mut tuned.trust.bans {
            bans.audit_failures = self.agreed.confirmations;
        }
        if let Some(audit) = &mut tuned.audit {
            audit.rate_basis_points = audits(audit.rate_basis_points, self.agreed.audit_interval);
            return tuned;
        }
        if let Rule::TrimmedMean { trim } = &mut tuned.recipe.rule {
            *trim = self.agreed.trim;
        }
        for rate in &mut tuned.regime.learning_rate {
            *rate = rate.saturating_mul(self.rate);
        }
        tuned
    }
}

/// The share of updates that is audited, in 1/10,000, for so many rounds between audits: as
/// configured at [`AUDIT_CENTRE`], and at most five times as much.
const fn audits(rate_basis_points: u16, interval_rounds: u8) -> u16 {
    let wide = rate_basis_points as u32 * AUDIT_CENTRE as u32;
    let rate = wide / (if interval_rounds == 0 { 1 } else { interval_rounds as u32 });
    if rate > 10_000 {
        10_000
    } else if rate == 0 {
        1
    } else {
        rate as u16
    }
}

/// Speak, for tuners: a node that sends its model in this tick says where it would have the
/// parameters, at a random moment of its window's first half, if it can pay for all of it.
pub fn send_policy(
    config: &NodeConfig,
    now: Tick,
    node: &Speaker<'_>,
    before: &Outbox,
    extras: &mut Extras,
) {
    let Some(policy) = node.policy else { return };
    if !before.iter().any(|outgoing| matches!(outgoing.message, Message::Update(_))) {
        return;
    }
    let message = Message::Policy(policy);
    let airtime = |message: &Message| config.air.message_us(message.length());
    let spent_us: u64 = before.iter().map(|outgoing| airtime(&outgoing.message)).sum();
    let airtime_us = airtime(&message);
    if !node.energy.affords(&config.energy, spent_us + airtime_us) {
        return;
    }
    let window = node.wake.window();
    let room_us = (window.length_us() / 2).saturating_sub(airtime_us).max(1);
    let bits = draw(config.wake.seed, Purpose::Backoff, node.id.0, now.0, OUTBOX as u32);
    let at_us = window.from_us + below(bits, room_us);
    // There is room for one policy.
    let _ = extras.push(Outgoing { message, round: node.wake.rounds(), at_us });
}

#[cfg(test)]
mod tests;
