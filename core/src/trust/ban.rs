//! Bans: trusted, banned for a time that doubles, on probation, trusted again. A pure machine over
//! one neighbour's case, small enough to be explored exhaustively; it must not read messages, the
//! clock or any other neighbour.
//!
//! Only the node's own evidence moves it. Every ban keeps what led to it.

use super::{Evidence, TrustConfig, moved};
use crate::q16::{Q16, percent};

/// How bans run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanConfig {
    /// Ticks that a first ban lasts; each further one twice as long.
    pub first_ticks: u32,
    /// The longest ban, in ticks.
    pub longest_ticks: u32,
    /// Failed audits that ban a trusted neighbour; one suffices on probation.
    pub audit_failures: u8,
    /// Reputation with which probation begins; at least that of a ban.
    pub probation_reputation: Q16,
    /// The most influence on probation, 0 to 1.
    pub probation_influence: Q16,
    /// Good evidence in a row that ends probation, once the reputation is that of an unknown node.
    pub probation_good: u8,
}

impl Default for BanConfig {
    fn default() -> Self {
        Self {
            first_ticks: 3_600,
            longest_ticks: 86_400,
            audit_failures: 2,
            probation_reputation: percent(30),
            probation_influence: percent(10),
            probation_good: 10,
        }
    }
}

impl BanConfig {
    /// Ticks that ban number `bans` (from 1) lasts: `first * 2^(bans - 1)`, at most the longest.
    #[must_use]
    pub const fn length_ticks(&self, bans: u8) -> u32 {
        let doublings = if bans > 32 { 31 } else { bans.saturating_sub(1) };
        let length = (self.first_ticks as u64) << doublings;
        if length > self.longest_ticks as u64 { self.longest_ticks } else { length as u32 }
    }
}

/// Where a neighbour stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// Merged by its reputation.
    #[default]
    Trusted = 0,
    /// Merged with little influence, after a ban.
    Probation = 1,
    /// Heard, but neither judged nor merged.
    Banned = 2,
}
crate::canonical!(
    enum Status {
        Trusted = 0,
        Probation = 1,
        Banned = 2,
    }
);

/// Which rule a ban followed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cause {
    /// There was no ban.
    #[default]
    None = 0,
    /// The reputation fell below the threshold.
    LowReputation = 1,
    /// Audits failed as often as the mesh allows.
    AuditFailures = 2,
    /// A recomputation differed in its bits.
    Mismatch = 3,
}
crate::canonical!(
    enum Cause {
        None = 0,
        LowReputation = 1,
        AuditFailures = 2,
        Mismatch = 3,
    }
);

/// Adverse evidence by kind, each count saturating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grounds {
    /// Models that did harm.
    pub harmful: u8,
    /// Models far from what the others agreed on.
    pub outlying: u8,
    /// Audits that were answered wrongly.
    pub audits_failed: u8,
    /// Recomputations that differed.
    pub mismatches: u8,
    /// Norm proofs that did not hold.
    pub norms_refused: u8,
    /// Audits that were not answered.
    pub unanswered: u8,
}
crate::canonical!(struct Grounds {
    harmful, outlying, audits_failed, mismatches, norms_refused, unanswered,
});

impl Grounds {
    /// Counts `evidence`, if it is adverse.
    fn count(&mut self, evidence: Evidence) {
        let slot = match evidence {
            Evidence::Harmful => &mut self.harmful,
            Evidence::Outlying => &mut self.outlying,
            Evidence::AuditFailed => &mut self.audits_failed,
            Evidence::ComputationMismatch => &mut self.mismatches,
            Evidence::NormRefused => &mut self.norms_refused,
            Evidence::NoAnswer => &mut self.unanswered,
            Evidence::Good | Evidence::Neutral | Evidence::AuditPassed => return,
        };
        *slot = slot.saturating_add(1);
    }

    /// What service makes good: everything but failed proofs, which no weather excuses.
    const fn forgiven(self) -> Self {
        Self { harmful: 0, outlying: 0, unanswered: 0, ..self }
    }

    /// Failed audits and refused proofs.
    #[must_use]
    pub const fn failures(&self) -> u8 {
        self.audits_failed.saturating_add(self.norms_refused)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl core::fmt::Display for Grounds {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let kinds = [
            (self.harmful, "harmful models"),
            (self.outlying, "outlying models"),
            (self.audits_failed, "failed audits"),
            (self.mismatches, "recomputations that differ"),
            (self.norms_refused, "refused norm proofs"),
            (self.unanswered, "unanswered audits"),
        ];
        let mut first = true;
        for (count, name) in kinds.iter().filter(|(count, _)| *count > 0) {
            write!(out, "{}{name}: {count}", if first { "" } else { ", " })?;
            first = false;
        }
        if first { out.write_str("nothing") } else { Ok(()) }
    }
}

/// What a node keeps of one neighbour's conduct.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// Where it stands.
    pub status: Status,
    /// Why it was last banned.
    pub cause: Cause,
    /// Bans so far, saturating.
    pub bans: u8,
    /// Good evidence in a row on probation.
    pub good: u8,
    /// When it was last banned, as the low 32 bits of the tick.
    pub banned_tick: u32,
    /// Adverse evidence since it last had a clean slate.
    pub gathering: Grounds,
    /// The evidence behind the latest ban.
    pub grounds: Grounds,
}
crate::canonical!(struct Record { status, cause, bans, good, banned_tick, gathering, grounds });

/// A neighbour's case: what the machine moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// 0 to 1.
    pub reputation: Q16,
    /// The record.
    pub record: Record,
}

/// What the machine takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Evidence of the node's own.
    Evidence(Evidence),
    /// Nothing but time has passed.
    Time,
}

/// The case after `event` at tick `now` (low 32 bits; a ban must be looked at within 2^31 ticks).
///
/// | from | to | when |
/// |---|---|---|
/// | trusted, probation | banned | a recomputation differs |
/// | trusted | banned | as many failed audits and proofs as configured |
/// | probation | banned | one of them |
/// | trusted, probation | banned | adverse evidence leaves a reputation < `ban_below` |
/// | banned | probation | the ban's time is over |
/// | probation | trusted | enough good evidence in a row, reputation at least `initial` |
///
/// While banned, evidence changes nothing.
#[must_use]
pub fn transition(
    config: &TrustConfig,
    bans: &BanConfig,
    case: Case,
    event: Event,
    now: u32,
) -> Case {
    match (event, case.record.status) {
        (Event::Time, Status::Banned) => expired(bans, case, now),
        (Event::Time, _) | (Event::Evidence(_), Status::Banned) => case,
        (Event::Evidence(evidence), _) => weighed(config, bans, case, evidence, now),
    }
}

fn expired(bans: &BanConfig, mut case: Case, now: u32) -> Case {
    let passed = now.wrapping_sub(case.record.banned_tick);
    if passed >= bans.length_ticks(case.record.bans) {
        case.reputation = bans.probation_reputation;
        case.record.status = Status::Probation;
        case.record.gathering = Grounds::default();
        case.record.good = 0;
    }
    case
}

fn weighed(
    config: &TrustConfig,
    bans: &BanConfig,
    mut case: Case,
    evidence: Evidence,
    now: u32,
) -> Case {
    case.reputation = moved(config, case.reputation, evidence);
    let record = &mut case.record;
    record.gathering.count(evidence);
    match evidence {
        Evidence::Good | Evidence::AuditPassed => {
            record.good = record.good.saturating_add(1);
            if case.reputation >= config.initial {
                record.gathering = record.gathering.forgiven();
            }
        }
        Evidence::Neutral => {}
        _ => record.good = 0,
    }
    let is_tried = record.status == Status::Probation;
    let allowed = if is_tried { 1 } else { bans.audit_failures.max(1) };
    record.cause = if record.gathering.mismatches > 0 {
        Cause::Mismatch
    } else if record.gathering.failures() >= allowed {
        Cause::AuditFailures
    } else if evidence.is_adverse() && case.reputation < config.ban_below {
        Cause::LowReputation
    } else {
        let is_cleared = record.good >= bans.probation_good && case.reputation >= config.initial;
        if is_tried && is_cleared {
            record.status = Status::Trusted;
            record.gathering = Grounds::default();
        }
        return case;
    };
    record.status = Status::Banned;
    record.bans = record.bans.saturating_add(1);
    record.good = 0;
    record.banned_tick = now;
    record.grounds = record.gathering;
    case
}

impl core::fmt::Display for Record {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let status = match self.status {
            Status::Trusted => "trusted",
            Status::Probation => "on probation",
            Status::Banned => "banned",
        };
        out.write_str(status)?;
        let why = match self.cause {
            Cause::None => return Ok(()),
            Cause::LowReputation => "low reputation",
            Cause::AuditFailures => "failed audits",
            Cause::Mismatch => "a recomputation that differs",
        };
        write!(out, "; ban {} at tick {} for {why}", self.bans, self.banned_tick)?;
        write!(out, " ({})", self.grounds)
    }
}

#[cfg(test)]
mod tests;
