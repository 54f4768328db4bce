//! What has happened, as far as it is kept: in order, by lane, and storms as bars. Each event is
//! sorted in when it comes, so that a frame looks at no more than it draws.

use crate::mesh::chronicle::{Event, Lane, What};
use crate::pace::News;
use std::collections::BTreeMap;

/// Minor events that are kept; the older half is dropped at a time.
const MINOR_MAX: usize = 8_192;
/// Major events that are kept.
const MAJOR_MAX: usize = 65_536;
/// Storms that are kept as bars, the newest.
const BARS_MAX: usize = 2_048;

/// A major event in its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub tick: u64,
    /// Its number.
    pub number: u64,
}

/// A storm from its first to its last tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its number.
    pub storm: u32,
    /// First tick.
    pub from: u64,
    /// Last tick; `None`: it blows.
    pub to: Option<u64>,
    /// Storms that blow at once lie below each other; 0 is the topmost place.
    pub row: u8,
}

/// What has happened.
#[derive(Clone, Debug, Default)]
pub struct Events {
    list: Vec<Event>,
    lanes: [Vec<Mark>; Lane::ALL.len()],
    bars: Vec<Bar>,
    /// Places among the bars of storms that blow.
    open: BTreeMap<u32, usize>,
    rows: u8,
    minor: usize,
    next: u64,
    rewinds: u32,
    epoch: u64,
}

impl Events {
    /// Where to go on reading.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// A number that changes whenever events of before have been forgotten.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Takes what is new. False when the mesh was put into an earlier state: then nothing is kept,
    /// and all is to be read again.
    pub fn take(&mut self, news: News) -> bool {
        if news.rewinds != self.rewinds {
            let epoch = self.epoch + 1;
            *self = Self { rewinds: news.rewinds, epoch, ..Self::default() };
            return false;
        }
        self.next = news.next;
        for event in news.events {
            self.minor += usize::from(!event.is_major);
            self.sort_in(&event);
            self.list.push(event);
        }
        self.forget();
        true
    }

    /// Puts an event into its lane, and a storm among the bars.
    fn sort_in(&mut self, event: &Event) {
        if !event.is_major {
            return;
        }
        let lane = event.what.lane() as usize;
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.push(Mark { tick: event.tick, number: event.number });
        }
        match event.what {
            What::StormBegins { storm, .. } => {
                let taken = |row: u8| self.open.values().any(|bar| self.bars[*bar].row == row);
                let row = (0..u8::MAX).find(|row| !taken(*row)).unwrap_or_default();
                self.rows = self.rows.max(row + 1);
                self.open.insert(storm, self.bars.len());
                self.bars.push(Bar { storm, from: event.tick, to: None, row });
            }
            What::StormEnds { storm, .. } => {
                let bar = self.open.remove(&storm).and_then(|place| self.bars.get_mut(place));
                if let Some(bar) = bar {
                    bar.to = Some(event.tick);
                }
            }
            _ => {}
        }
    }

    /// Drops the older half of what has become too much.
    fn forget(&mut self) {
        let major = self.list.len() - self.minor;
        let drop_minor = if self.minor > MINOR_MAX { self.minor / 2 } else { 0 };
        let drop_major = if major > MAJOR_MAX { major / 2 } else { 0 };
        if drop_minor + drop_major > 0 {
            let mut left = [drop_minor, drop_major];
            self.list.retain(|event| {
                let left = &mut left[usize::from(event.is_major)];
                let stays = *left == 0;
                *left = left.saturating_sub(1);
                stays
            });
            self.minor -= drop_minor;
            self.epoch += 1;
        }
        if drop_major > 0 {
            let list = &self.list;
            for lane in &mut self.lanes {
                let kept = |number: u64| list.binary_search_by_key(&number, |e| e.number).is_ok();
                lane.retain(|mark| kept(mark.number));
            }
        }
        if self.bars.len() > BARS_MAX {
            let dropped = self.bars.len() / 2;
            self.bars.drain(..dropped);
            self.open.retain(|_, place| *place >= dropped);
            self.open.values_mut().for_each(|place| *place -= dropped);
        }
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Event> {
        self.list.iter()
    }

    /// Those from a number on, oldest first.
    #[must_use]
    pub fn since(&self, number: u64) -> &[Event] {
        let first = self.list.partition_point(|event| event.number < number);
        self.list.get(first..).unwrap_or_default()
    }

    /// The event of a number, if it is kept.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Event> {
        let place = self.list.binary_search_by_key(&number, |event| event.number).ok()?;
        self.list.get(place)
    }

    /// The major events of a lane, in order of their ticks.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> &[Mark] {
        self.lanes.get(lane as usize).map_or(&[], Vec::as_slice)
    }

    /// Storms as bars, in order of their first ticks.
    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// How many storms have blown at once, at most.
    #[must_use]
    pub const fn rows(&self) -> u8 {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, tick: u64, what: What) -> Event {
        Event { number, tick, is_major: true, what }
    }

    fn begins(storm: u32) -> What {
        What::StormBegins { storm, centre_mm: [0; 3], radius_mm: 1 }
    }

    fn ends(storm: u32) -> What {
        What::StormEnds { storm, centre_mm: [0; 3] }
    }

    #[test]
    fn storms_that_overlap_lie_below_each_other() {
        let mut events = Events::default();
        let said = [begins(0), begins(1), ends(0), begins(2), ends(2), begins(3)];
        let list = (0_u64..).zip(said).map(|(n, what)| event(n, 10 * n, what)).collect();
        assert!(events.take(News { events: list, next: 6, rewinds: 0 }));
        let bars: Vec<_> = events.bars().iter().map(|bar| (bar.storm, bar.row, bar.to)).collect();
        let wanted = [(0, 0, Some(20)), (1, 1, None), (2, 0, Some(40)), (3, 0, None)];
        assert_eq!((bars.as_slice(), events.rows()), (&wanted[..], 2));
        assert_eq!(events.lane(Lane::Storms).len(), 6);
        assert_eq!(events.since(4).len(), 2);
        assert_eq!(events.get(3).map(|event| event.tick), Some(30));
    }

    #[test]
    fn what_is_kept_is_bounded_and_a_rewind_starts_again() {
        let mut events = Events::default();
        let mut number = 0;
        while number < 200_000 {
            let news = (number..number + 5_000)
                .map(|n| event(n, n, What::Banned { node: n as u32, judge: 1 }))
                .collect();
            number += 5_000;
            assert!(events.take(News { events: news, next: number, rewinds: 0 }));
        }
        assert!(events.all().count() <= MAJOR_MAX);
        assert_eq!(events.lane(Lane::Bans).len(), events.all().count());
        assert_eq!(events.lane(Lane::Bans).last().map(|mark| mark.number), Some(199_999));
        let epoch = events.epoch();
        assert!(!events.take(News { events: Vec::new(), next: 0, rewinds: 1 }));
        assert!(events.all().next().is_none() && events.epoch() > epoch);
    }
}
