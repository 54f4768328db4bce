//! The auditor's side: which audits run, what was heard of others, and what came of it all. It must
//! not know how its questions travel, nor what a neighbour's record makes of a verdict: see
//! [`super::peer`].
//!
//! A node that was asleep or out of reach is asked again in each of its rounds, for the parts that
//! are missing, until it was asked [`ATTEMPTS`] times in a row and nothing more came.

use super::reveal::Shown;
use super::verify::Claim;
use super::wire::{Ask, PART_BYTES, PARTS, Part};
use crate::id::{NodeId, Tick};

/// Neighbours that a node keeps an eye on, at most.
pub const PEERS: usize = 64;
/// Audits that run at a time, at most.
pub const CASES: usize = 4;
/// Updates of others that a node remembers, to know what its neighbours can have merged.
pub const MEMORY: usize = 128;
/// Times that a node is asked before its silence counts.
pub const ATTEMPTS: u8 = 12;
/// An audit that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who is audited.
    pub target: NodeId,
    /// Which epoch.
    pub epoch: u32,
    /// What was asked for.
    pub ask: Ask,
    /// Times that it was asked for since more parts were here than ever before.
    pub attempts: u8,
    /// Times that it was asked for.
    pub asked: u8,
    /// When it was asked last, as the low 32 bits of the tick.
    pub asked_tick: u32,
    /// When in this tick the target has polled, in microseconds: it can be asked then.
    pub polled_us: Option<u64>,
    /// Parts that are here, a bit each.
    pub have: u32,
    /// The most parts that were ever here: who changes their number begins anew and gains no time.
    pub most: u8,
    count: u8,
    last: u8,
    bytes: Shown,
}
crate::canonical!(struct Case {
    target, epoch, ask, attempts, asked, asked_tick, polled_us, have, most, count, last, bytes,
});

impl Case {
    pub(super) fn new(target: NodeId, epoch: u32, ask: Ask) -> Self {
        Self {
            target,
            epoch,
            ask,
            attempts: 0,
            asked: 0,
            asked_tick: 0,
            polled_us: None,
            have: 0,
            most: 0,
            count: 0,
            last: 0,
            bytes: Shown::new(),
        }
    }

    /// Takes a part; the whole, once all are here. A part that fits no other begins anew.
    pub(super) fn take(&mut self, part: &Part) -> Option<&[u8]> {
        if self.count != part.count {
            (self.count, self.have, self.last) = (part.count, 0, 0);
        }
        let length = usize::from(part.count.min(PARTS as u8)) * PART_BYTES;
        self.bytes.resize(length, 0).ok()?;
        let from = usize::from(part.index) * PART_BYTES;
        let place = self.bytes.get_mut(from..from + part.bytes().len())?;
        place.copy_from_slice(part.bytes());
        self.have |= 1 << part.index;
        let here = self.have.count_ones() as u8;
        if here > self.most {
            self.most = here;
            self.attempts = self.attempts.min(1);
        }
        if part.index + 1 == part.count {
            self.last = part.bytes().len() as u8;
        }
        if self.have.count_ones() != u32::from(self.count) {
            return None;
        }
        let length = usize::from(self.count - 1) * PART_BYTES + usize::from(self.last);
        self.bytes.get(..length)
    }

    /// Whether it may be asked for in this tick; asking counts.
    pub(super) fn asks(&mut self, now: Tick) -> bool {
        let fresh = self.asked == 0 || self.asked_tick != now.0 as u32;
        let may = fresh && self.attempts < ATTEMPTS;
        if may {
            self.attempts += 1;
            self.asked = self.asked.saturating_add(1);
            self.asked_tick = now.0 as u32;
        }
        may
    }
}

/// What a node has audited, and been asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditCounts {
    /// Commitments made.
    pub commits: u32,
    /// Epochs that did not fit, so that there was nothing to commit to.
    pub gaps: u32,
    /// Audits begun.
    pub challenges: u32,
    /// Audits passed.
    pub passes: u32,
    /// Audits that ended in a mismatch.
    pub mismatches: u32,
    /// Updates that the commitment to their round does not name or sum up.
    pub contradictions: u32,
    /// Answers that proved nothing.
    pub bad_proofs: u32,
    /// Audits without an answer.
    pub unanswered: u32,
    /// Audits that a newer commitment cut short.
    pub cut_short: u32,
    /// Neighbours convicted.
    pub convictions: u32,
    /// Two commitments to one epoch in one name.
    pub disputes: u32,
    /// Commitments that leave out an epoch, or rounds, that were there.
    pub skips: u32,
    /// Models that stood out.
    pub outliers: u32,
    /// Times that it showed something, or a part of it.
    pub reveals: u32,
    /// Bytes of all this that it sent, headers included.
    pub bytes: u64,
    /// Samples computed again, for others and of others.
    pub replayed: u32,
}
crate::canonical!(struct AuditCounts {
    commits, gaps, challenges, passes, mismatches, contradictions, bad_proofs, unanswered,
    cut_short, convictions, disputes, skips, outliers, reveals, bytes, replayed,
});

/// An update that a node has heard of anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Whose.
    pub origin: NodeId,
    /// Round and print.
    pub claim: Claim,
}
crate::canonical!(struct Said { origin, claim });

/// The newest updates that a node has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hearsay {
    said: heapless::Vec<Said, MEMORY>,
    next: u8,
}
crate::canonical!(struct Hearsay { said, next });

impl Hearsay {
    /// Notes an update; the oldest makes room.
    pub fn note(&mut self, origin: NodeId, round: u32, print: u64) {
        let said = Said { origin, claim: Claim { round, print } };
        if self.said.push(said).is_err()
            && let Some(slot) = self.said.get_mut(usize::from(self.next) % MEMORY)
        {
            *slot = said;
            self.next = (self.next + 1) % MEMORY as u8;
        }
    }

    /// Whether `origin` said this in `round`; `None` when that round of it was not heard.
    #[must_use]
    pub fn vouch(&self, origin: NodeId, round: u32, print: u64) -> Option<bool> {
        let same = |said: &&Said| said.origin == origin && said.claim.round == round;
        let mut heard = self.said.iter().filter(same).peekable();
        heard.peek()?;
        Some(heard.any(|said| said.claim.print == print))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(index: u8, count: u8) -> Part {
        let length = if index + 1 == count { 7 } else { PART_BYTES };
        Part::new(index, count, &[index; PART_BYTES][..length]).expect("a part")
    }

    #[test]
    fn only_more_parts_than_ever_gain_time() {
        // Each tick a question, then these parts of so many; how many more questions are left.
        let table: [(&str, &[(u8, u8)], u8); 5] = [
            ("nothing", &[], 11),
            ("new parts", &[(0, 4), (2, 4)], 10),
            ("one again and again", &[(0, 4), (0, 4), (0, 4)], 8),
            ("another count each time", &[(0, 4), (0, 5), (0, 6), (0, 7)], 7),
            ("two of each", &[(0, 4), (1, 4), (0, 5), (1, 5), (2, 5), (0, 6), (1, 6)], 8),
        ];
        for (name, parts, left) in table {
            let mut case = Case::new(NodeId(1), 0, Ask::Stretch(0));
            let mut tick = 0_u64;
            let mut ask = |case: &mut Case| {
                tick += 1;
                case.asks(Tick(tick))
            };
            assert!(ask(&mut case));
            for (index, count) in parts {
                assert_eq!(case.take(&part(*index, *count)), None, "{name}");
                assert!(ask(&mut case), "{name}");
            }
            let more = (0..ATTEMPTS).take_while(|_| ask(&mut case)).count();
            assert_eq!(more, usize::from(left), "{name}");
        }
    }

    #[test]
    fn parts_of_one_count_make_a_whole_in_any_order() {
        let mut case = Case::new(NodeId(1), 0, Ask::Stretch(0));
        for (index, count) in [(1, 3), (1, 2), (2, 3), (0, 3)] {
            assert_eq!(case.take(&part(index, count)), None);
        }
        let shown = case.take(&part(1, 3)).map(<[u8]>::to_vec).expect("all are here");
        assert_eq!(shown.len(), 2 * PART_BYTES + 7);
        assert_eq!((shown[0], shown[PART_BYTES], shown[2 * PART_BYTES]), (0, 1, 2));
    }
}
