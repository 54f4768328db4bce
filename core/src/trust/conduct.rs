//! The page on neighbours' conduct: records of bans, opinions and the watchdog, beside the
//! neighbour table and in its order. Only nodes of a mesh that asks for one of these have it.
//!
//! Here evidence meets the ban machine; what the evidence is comes from elsewhere.

use super::ban::{Cause, Record, Status};
use super::opinion::Voices;
use super::watchdog::{Fallback, Roll, Watchdog, is_straggler, watch};
use super::{Case, Event, Evidence, Neighbour, TrustConfig, transition};
use crate::canonical::{Canonical, Sink, encode_slice};
use crate::id::{NodeId, Tick};
use crate::q16::Q16;
use crate::wake::WakeConfig;

/// What the page holds of one neighbour: 52 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Bans, probation and what led to them.
    pub record: Record,
    /// What others say of it.
    pub voices: Voices,
    /// Which of its last messages of opinions contradicted everybody, a bit each, newest lowest.
    pub contradictions: u32,
    /// Whether it has given its opinions in the running round.
    pub has_spoken: bool,
    /// Whether it has been silent for so long that the watchdog has written it off.
    pub is_lost: bool,
    /// Whether its opinions stood against everybody's too often: a mark, and nothing more.
    pub is_slanderer: bool,
}
crate::canonical!(struct Entry {
    record, voices, contradictions, has_spoken, is_lost, is_slanderer,
});

/// What the page holds of the node itself, counts saturating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The watchdog.
    pub watchdog: Watchdog,
    /// Whether an update was accepted in the running round.
    pub accepted: bool,
    /// Gini coefficient of the neighbours' influence at the end of the last round.
    pub gini: Q16,
    /// Whether that is above the alarm.
    pub is_alarmed: bool,
    /// Times that the alarm went off.
    pub gini_alarms: u32,
    /// Bans for low reputation, failed audits and mismatches.
    pub bans: [u32; 3],
    /// Times that a ban ended in probation.
    pub probations: u32,
    /// Times that probation ended in trust.
    pub returns: u32,
    /// Neighbours marked for slander.
    pub slanderers: u32,
    /// Fallbacks for stragglers, and for stalls.
    pub fallbacks: [u32; 2],
}
crate::canonical!(struct Ledger {
    watchdog, accepted, gini, is_alarmed, gini_alarms, bans, probations, returns, slanderers,
    fallbacks,
});

/// A view of the page.
#[derive(Debug)]
pub struct Conduct<'a> {
    /// In the order of the neighbour table.
    pub entries: &'a mut [Entry],
    /// Of the node itself.
    pub ledger: &'a mut Ledger,
}

impl Conduct<'_> {
    /// The same view for a shorter time.
    pub fn reborrow(&mut self) -> Conduct<'_> {
        Conduct { entries: self.entries, ledger: self.ledger }
    }

    /// Where the neighbour at `place` of the table stands.
    #[must_use]
    pub fn status(&self, place: usize) -> Status {
        self.entries.get(place).map_or(Status::Trusted, |entry| entry.record.status)
    }
}

/// A page with room for `N` neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dossier<const N: usize> {
    /// In the order of the neighbour table.
    pub entries: heapless::Vec<Entry, N>,
    /// Of the node itself.
    pub ledger: Ledger,
}

impl<const N: usize> Dossier<N> {
    /// A blank page on `count` neighbours, if the mesh asks for one.
    #[must_use]
    pub fn of(config: &TrustConfig, count: usize) -> Option<Self> {
        let entries = || (0..count.min(N)).map(|_| Entry::default()).collect();
        config.keeps_conduct().then(|| Self { entries: entries(), ledger: Ledger::default() })
    }

    /// A view of it.
    pub fn view(&mut self) -> Conduct<'_> {
        Conduct { entries: &mut self.entries, ledger: &mut self.ledger }
    }

    /// Its canonical bytes.
    pub fn encode(&self, sink: &mut impl Sink) {
        encode_slice(&self.entries, sink);
        self.ledger.encode(sink);
    }
}

/// Takes evidence on the neighbour `id`: moves its reputation, and bans it or clears it where that
/// follows. Says whether it was banned by this. Strangers are left alone.
///
/// Without a page, or without `bans` in the configuration, a neighbour is banned while its
/// reputation is low and merged again once it has earned enough.
pub fn weigh(
    config: &TrustConfig,
    neighbours: &mut [Neighbour],
    conduct: Option<&mut Conduct<'_>>,
    id: NodeId,
    evidence: Evidence,
    now: Tick,
) -> bool {
    let Ok(place) = neighbours.binary_search_by_key(&id, |neighbour| neighbour.id) else {
        return false;
    };
    let Some(neighbour) = neighbours.get_mut(place) else { return false };
    let was_banned = neighbour.banned;
    if let (Some(conduct), Some(_)) = (conduct, &config.bans)
        && let Some(entry) = conduct.entries.get_mut(place)
    {
        if !was_banned {
            neighbour.count(evidence);
        }
        let event = Event::Evidence(evidence);
        advance(config, neighbour, entry, conduct.ledger, event, now);
    } else {
        neighbour.weigh(config, evidence);
    }
    neighbour.banned && !was_banned
}

/// Moves one neighbour's case by `event`, and counts what came of it.
fn advance(
    config: &TrustConfig,
    neighbour: &mut Neighbour,
    entry: &mut Entry,
    ledger: &mut Ledger,
    event: Event,
    now: Tick,
) {
    let Some(bans) = &config.bans else { return };
    let before = entry.record.status;
    let case = Case { reputation: neighbour.reputation, record: entry.record };
    let case = transition(config, bans, case, event, now.0 as u32);
    neighbour.reputation = case.reputation;
    neighbour.banned = case.record.status == Status::Banned;
    entry.record = case.record;
    let count = match (before, case.record.status) {
        (Status::Trusted | Status::Probation, Status::Banned) => match case.record.cause {
            Cause::Mismatch => &mut ledger.bans[2],
            Cause::AuditFailures => &mut ledger.bans[1],
            Cause::LowReputation | Cause::None => &mut ledger.bans[0],
        },
        (Status::Banned, Status::Probation) => &mut ledger.probations,
        (Status::Probation, Status::Trusted) => &mut ledger.returns,
        _ => return,
    };
    *count = count.saturating_add(1);
}

/// At the end of a round: bans run out, influence is measured, and the watchdog looks around. When
/// it says so, the caller puts the last healthy model in service.
pub fn review(
    config: &TrustConfig,
    wake: &WakeConfig,
    neighbours: &mut [Neighbour],
    conduct: &mut Conduct<'_>,
    now: Tick,
) -> Option<Fallback> {
    for (neighbour, entry) in neighbours.iter_mut().zip(conduct.entries.iter_mut()) {
        entry.has_spoken = false;
        advance(config, neighbour, entry, conduct.ledger, Event::Time, now);
    }
    let ledger = &mut *conduct.ledger;
    let count = neighbours.len();
    let voices = neighbours.iter().zip(conduct.entries.iter()).filter(|(peer, _)| !peer.banned);
    ledger.gini = super::gini(
        voices
            .map(|(peer, entry)| config.influence_in(entry.record.status, peer.reputation, count)),
    );
    let alarm = ledger.gini > config.gini_alarm;
    let is_new = alarm && !ledger.is_alarmed;
    ledger.gini_alarms = ledger.gini_alarms.saturating_add(u32::from(is_new));
    ledger.is_alarmed = alarm;
    let accepted = core::mem::take(&mut ledger.accepted);
    let dog = config.watchdog.as_ref()?;
    let mut roll = Roll { accepted, ..Roll::default() };
    for (peer, entry) in neighbours.iter().zip(conduct.entries.iter_mut()) {
        let strays = is_straggler(dog, wake, peer, now);
        entry.is_lost &= strays;
        if peer.banned || entry.is_lost || peer.heard_tick == Neighbour::NEVER {
            continue;
        }
        roll.known = roll.known.saturating_add(1);
        roll.stragglers = roll.stragglers.saturating_add(u16::from(strays));
    }
    let (next, fallback) = watch(dog, ledger.watchdog, &roll);
    ledger.watchdog = next;
    let reason = fallback?;
    let slot = &mut ledger.fallbacks[reason as usize];
    *slot = slot.saturating_add(1);
    if reason == Fallback::Stragglers {
        for (peer, entry) in neighbours.iter().zip(conduct.entries.iter_mut()) {
            entry.is_lost |= is_straggler(dog, wake, peer, now);
        }
    }
    fallback
}

#[cfg(test)]
mod tests;
