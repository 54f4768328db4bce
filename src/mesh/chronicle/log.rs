//! Events in order, bounded: the newest of the many small ones and nearly all of the great ones.

use std::collections::VecDeque;

use super::event::{Event, What};

/// Great events that are kept.
pub const MAJOR_EVENTS: usize = 65_536;
/// Small events that are kept.
pub const MINOR_EVENTS: usize = 4_096;

/// What happened, by number. A copy is kept up to date by [`EventLog::follow`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventLog {
    major: VecDeque<Event>,
    minor: VecDeque<Event>,
    next: u64,
    rewinds: u32,
}

impl EventLog {
    /// Adds what happened in `tick`, which is not before that of the last one.
    pub fn push(&mut self, tick: u64, is_major: bool, what: What) {
        let number = self.next;
        self.keep(Event { number, tick, is_major, what });
    }

    fn keep(&mut self, event: Event) {
        self.next = event.number + 1;
        let (kept, room) = if event.is_major {
            (&mut self.major, MAJOR_EVENTS)
        } else {
            (&mut self.minor, MINOR_EVENTS)
        };
        if kept.len() == room {
            kept.pop_front();
        }
        kept.push_back(event);
    }

    /// The number that the next event will have.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// How often the mesh was taken back to an earlier tick: whoever has taken events before has to
    /// take all of them again.
    #[must_use]
    pub const fn rewinds(&self) -> u32 {
        self.rewinds
    }

    /// Events that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.major.len() + self.minor.len()
    }

    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The events from `number` on that are kept, in order.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &Event> {
        let mut major = from(&self.major, number).peekable();
        let mut minor = from(&self.minor, number).peekable();
        std::iter::from_fn(move || match (major.peek(), minor.peek()) {
            (Some(great), Some(small)) if small.number < great.number => minor.next(),
            (Some(_), _) => major.next(),
            (None, _) => minor.next(),
        })
    }

    /// The first event of `tick` or later that is kept and `wanted`.
    pub fn first_from(&self, tick: u64, wanted: impl Fn(&Event) -> bool) -> Option<&Event> {
        let first = |events: &VecDeque<Event>| events.partition_point(|event| event.tick < tick);
        let mut major = self.major.range(first(&self.major)..);
        let mut minor = self.minor.range(first(&self.minor)..);
        let found = [major.find(|event| wanted(event)), minor.find(|event| wanted(event))];
        found.into_iter().flatten().min_by_key(|event| event.number)
    }

    /// The last event before `tick` that is kept and `wanted`.
    pub fn last_before(&self, tick: u64, wanted: impl Fn(&Event) -> bool) -> Option<&Event> {
        let last = |events: &VecDeque<Event>| events.partition_point(|event| event.tick < tick);
        let mut major = self.major.range(..last(&self.major)).rev();
        let mut minor = self.minor.range(..last(&self.minor)).rev();
        let found = [major.find(|event| wanted(event)), minor.find(|event| wanted(event))];
        found.into_iter().flatten().max_by_key(|event| event.number)
    }

    /// Takes on what `other` has more than this copy of it.
    pub fn follow(&mut self, other: &Self) {
        if self.rewinds != other.rewinds {
            self.clone_from(other);
            return;
        }
        other.since(self.next).for_each(|event| self.keep(event.clone()));
        self.next = other.next;
    }

    /// Forgets what happened in `tick` and later. Numbers go on.
    pub fn rewind(&mut self, tick: u64) {
        self.major.retain(|event| event.tick < tick);
        self.minor.retain(|event| event.tick < tick);
        self.rewinds += 1;
    }
}

/// The part of a queue that begins with `number`.
fn from(events: &VecDeque<Event>, number: u64) -> impl Iterator<Item = &Event> {
    let first = events.partition_point(|event| event.number < number);
    events.range(first..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u64, is_major: impl Fn(u64) -> bool) -> EventLog {
        let mut log = EventLog::default();
        for tick in 0..count {
            log.push(tick, is_major(tick), What::WaveBegins { node: tick as u32 });
        }
        log
    }

    #[test]
    fn small_events_make_room_for_newer_ones_and_great_ones_stay() {
        let log = filled(20_000, |tick| tick % 100 == 0);
        assert_eq!(log.len(), 200 + MINOR_EVENTS);
        let numbers: Vec<u64> = log.since(0).map(|event| event.number).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "one order over both");
        assert_eq!(numbers.first(), Some(&0));
        assert_eq!(numbers.last(), Some(&19_999));
        assert_eq!(log.since(19_990).count(), 10);
        assert_eq!(log.since(20_000).count(), 0);
        assert_eq!(filled(70_000, |_| true).len(), MAJOR_EVENTS);
    }

    #[test]
    fn events_are_found_by_tick_in_both_directions() {
        let log = filled(100, |tick| tick % 10 == 0);
        let great = |event: &Event| event.is_major;
        let node = |event: &Event| matches!(event.what, What::WaveBegins { node: 33 | 40 });
        let tick = |event: Option<&Event>| event.map(|event| event.tick);
        assert_eq!(tick(log.first_from(31, great)), Some(40));
        assert_eq!(tick(log.first_from(40, great)), Some(40));
        assert_eq!(tick(log.first_from(91, great)), None);
        assert_eq!(tick(log.last_before(40, great)), Some(30));
        assert_eq!(tick(log.last_before(0, great)), None);
        assert_eq!(tick(log.first_from(0, node)), Some(33));
        assert_eq!(tick(log.last_before(41, node)), Some(40));
        assert_eq!(tick(log.last_before(40, node)), Some(33));
    }

    #[test]
    fn a_copy_follows_and_notices_a_rewind() {
        let mut log = filled(5_000, |tick| tick % 2 == 0);
        let mut copy = EventLog::default();
        copy.follow(&log);
        assert_eq!(copy, log);
        for tick in 5_000..9_500 {
            log.push(tick, tick % 3 == 0, What::WaveBegins { node: 0 });
            if tick % 700 == 0 {
                copy.follow(&log);
            }
        }
        copy.follow(&log);
        assert_eq!(copy, log);
        log.rewind(9_000);
        log.push(9_000, true, What::WaveBegins { node: 1 });
        assert_eq!(log.since(0).last().map(|event| event.number), Some(9_500));
        copy.follow(&log);
        assert_eq!(copy, log);
        assert_eq!(copy.rewinds(), 1);
    }
}
