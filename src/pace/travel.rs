//! Work that takes longer than a moment, in slices between intents: going to a tick, looking for an
//! event, playing backwards, reading ahead.

use std::sync::Arc;

use qres_core::id::NodeId;

use super::clock::Budget;
use super::driver::Driver;
use super::line::Line;
use super::past::Kept;
use super::verify::Verified;
use super::worlds::Forked;
use crate::mesh::chronicle::{Event, Kind, Lane};

/// Bookmarks that are kept, at most.
pub const BOOKMARKS: usize = 256;
/// Characters of a bookmark's name that are kept.
const NAME_MAX: usize = 80;

/// A sort of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Any that belongs on a timeline of the whole run.
    Major,
    /// Any of a lane.
    Lane(Lane),
    /// Any of a kind.
    Kind(Kind),
}

impl Sought {
    fn fits(self, event: &Event) -> bool {
        match self {
            Self::Major => event.is_major,
            Self::Lane(lane) => event.what.lane() == lane,
            Self::Kind(kind) => event.what.kind() == kind,
        }
    }

    /// What is looked for, in words.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Major => "a great event".to_owned(),
            Self::Lane(lane) => format!("an event of the lane {}", lane.name()),
            Self::Kind(kind) => kind.name().to_owned(),
        }
    }
}

/// A tick with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// The tick.
    pub tick: u64,
    /// Its name.
    pub name: String,
}

/// What the driver is at, if it is on its way to another tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The tick at which it started to run.
    pub from: u64,
    /// The tick that it has come to.
    pub at: u64,
    /// The tick at which it will be done, at the latest.
    pub to: u64,
}

/// Where in its time a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Travel {
    /// The tick that is shown.
    pub now: u64,
    /// The newest tick that was reached; history and events go up to it.
    pub newest: u64,
    /// The number of the next event: more than before, and there is news.
    pub events_next: u64,
    /// The first tick that can be gone back to.
    pub floor: u64,
    /// The last tick, if there is one.
    pub end: Option<u64>,
    /// The tick that is shown is not the newest.
    pub is_past: bool,
    /// Plays backwards.
    pub is_reversed: bool,
    /// On its way to another tick.
    pub work: Option<Work>,
    /// Ticks that are indexed and ticks to be indexed, where somebody else keeps snapshots.
    pub indexed: Option<(u64, u64)>,
    /// Bookmarks by tick.
    pub bookmarks: Arc<[Bookmark]>,
    /// The newest thing that there is to say, with a number that rises with each.
    pub message: Option<(u64, Arc<str>)>,
    /// What snapshots of the first world take up.
    pub kept: Kept,
    /// How far the run was held against its checkpoints.
    pub verified: Verified,
    /// The second world.
    pub forked: Option<Forked>,
}

/// Something that takes longer than a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Go to a tick; then stop, if wanted.
    Seek { target: u64, stop: bool },
    /// Look for an event from a tick on, and before another one.
    Find { sought: Sought, from: u64, until: u64 },
}

impl Job {
    fn to(self) -> u64 {
        match self {
            Self::Seek { target, .. } => target,
            Self::Find { until, .. } => until,
        }
    }
}

impl Driver {
    /// Begins a job, in place of whatever was in work.
    pub(super) fn go(&mut self, job: Job) {
        self.owes_step = false;
        self.job = Some((job, None));
    }

    /// Goes to a tick.
    pub(super) fn seek(&mut self, tick: u64) {
        let floor = self.first.floor();
        let end = self.first.end.unwrap_or(u64::MAX).max(self.first.reached());
        if tick < floor || tick > end {
            let what = if tick < floor { "begins" } else { "ends" };
            let at = tick.clamp(floor, end);
            self.say(&format!("no tick {tick}: the run {what} at tick {at}"));
        }
        self.reversed = false;
        self.reel.clear();
        self.go(Job::Seek { target: tick.clamp(floor, end), stop: false });
    }

    /// Looks for an event.
    pub(super) fn run_to(&mut self, sought: Sought, backwards: bool, ticks_max: u64) {
        let now = self.now();
        self.reversed = false;
        self.reel.clear();
        if !backwards {
            let until = now.saturating_add(ticks_max).min(self.first.end.unwrap_or(u64::MAX));
            return self.go(Job::Find { sought, from: now, until });
        }
        // An event of tick t shows once tick t has run, at t + 1.
        let before = now.saturating_sub(1);
        let logs = [Some(&self.first), self.second.as_ref().map(|second| &second.line)];
        let found = logs.into_iter().flatten().filter_map(|line| {
            let event = line.events.last_before(before, |event| sought.fits(event))?;
            Some(event.tick)
        });
        let least = now.saturating_sub(ticks_max).max(self.first.floor());
        match found.max().filter(|tick| *tick + 1 >= least) {
            Some(tick) => self.go(Job::Seek { target: tick + 1, stop: true }),
            None => self.say(&format!("{}: never between ticks {least} and {now}", sought.name())),
        }
    }

    /// Does about a tick's work of the job; true when it is done.
    pub(super) fn work(&mut self) -> bool {
        let Some((job, _)) = self.job else { return true };
        let done = match job {
            Job::Seek { target, stop } => self.approach(target).then_some(stop),
            Job::Find { sought, from, until } => self.find(sought, from, until),
        };
        let at = self.first.now();
        if let Some((_, started)) = &mut self.job {
            started.get_or_insert(at);
        }
        let Some(stop) = done else { return false };
        let missed = matches!(job, Job::Seek { target, .. } if target != at).then_some(job.to());
        if let Some(target) = missed {
            self.say(&format!("tick {target} could not be reached: this is tick {at}"));
        }
        if stop {
            self.clock.pause(true);
        }
        self.job = None;
        self.astray = false;
        true
    }

    /// A step on the way to a tick; true when both worlds are there.
    fn approach(&mut self, target: u64) -> bool {
        let followed = self.followed();
        let in_step = self.second.as_ref().filter(|second| second.may_part(target));
        let stage = in_step.map_or(target, |second| second.forked.same_up_to);
        if !self.on_first(|line| line.approach(stage, &followed)) {
            return false;
        }
        if let Some(second) = &mut self.second
            && !second.line.approach(stage, &followed)
        {
            return false;
        }
        stage == target || !self.advance()
    }

    /// A step on the way to an event: whether to stop, once there is nothing more to do.
    fn find(&mut self, sought: Sought, from: u64, until: u64) -> Option<bool> {
        let second = self.second.as_ref().map(|second| &second.line);
        let known = self.first.reached().min(second.map_or(u64::MAX, Line::reached));
        let logs = [Some(&self.first), second];
        let found = logs.into_iter().flatten().filter_map(|line| {
            let event = line.events.first_from(from, |event| sought.fits(event))?;
            Some(event.tick)
        });
        if let Some(tick) = found.min().filter(|tick| *tick < known.min(until)) {
            self.job = Some((Job::Seek { target: tick + 1, stop: true }, None));
            return None;
        }
        if known >= until || (self.first.now() >= known && !self.advance()) {
            let begun = self.now();
            let last = known.min(until);
            // It may still come after the ticks that were asked for.
            let further = if known < until || self.first.is_end(last) {
                String::new()
            } else {
                let ticks = until.saturating_sub(begun);
                format!("; {ticks} ticks were looked through: look again to go on")
            };
            let name = sought.name();
            self.say(&format!("{name}: never between ticks {begun} and {last}{further}"));
            self.job = Some((Job::Seek { target: last, stop: true }, None));
            return None;
        }
        if self.first.now() < known {
            self.approach(known);
        }
        if let Some((Job::Find { from, .. }, _)) = &mut self.job {
            *from = known.max(*from);
        }
        None
    }

    /// One tick forward of everything that is looked at, in step; false at the end.
    pub(super) fn advance(&mut self) -> bool {
        if !self.on_first(Line::advance) {
            return false;
        }
        if let Some(second) = &mut self.second {
            second.line.advance();
            second.compare(&mut self.first);
        }
        true
    }

    /// Lets the first line do something, and shows a new tick to those who are to see it.
    pub(super) fn on_first<T>(&mut self, act: impl FnOnce(&mut Line) -> T) -> T {
        let reached = self.first.reached();
        let result = act(&mut self.first);
        if self.first.reached() > reached {
            self.checks.look(&mut self.first.newest);
            if let Some(observer) = &mut self.observer {
                observer(&mut self.first.newest);
            }
        }
        result
    }

    /// Goes ahead with the newest mesh while there is time.
    pub(super) fn read_ahead(&mut self, budget: &Budget) {
        while self.reads_ahead && !budget.is_spent() {
            self.first.stay();
            if !self.on_first(Line::step_newest) {
                self.reads_ahead = false;
            }
        }
    }

    /// One tick back, if its copy is there; what is not is in work.
    pub(super) fn back(&mut self) -> bool {
        let target = self.now().checked_sub(1).filter(|tick| *tick >= self.first.floor());
        let Some(target) = target else {
            self.reversed = false;
            self.clock.pause(true);
            self.say("this is where the run begins");
            return false;
        };
        let frame = self.reel.get(target).cloned();
        frame.is_some_and(|frame| {
            self.astray = true;
            self.show(frame);
            true
        })
    }

    /// Does about a tick's work of copies to walk back through; false when there is nothing to do.
    pub(super) fn wind(&mut self) -> bool {
        let (now, floor) = (self.now(), self.first.floor());
        let shown = self.frame();
        let Some(tick) = self.reel.wants(now, floor, Some(&shown)) else { return false };
        self.astray = true;
        let arrived = self.approach(tick);
        let piece = self.reel.piece_ticks(Some(&shown));
        if self.first.now().is_multiple_of(piece)
            && self.reel.piece_from() >= Some(self.first.now())
        {
            self.first.keep_fine();
            if let Some(second) = &mut self.second {
                second.line.keep_fine();
            }
        }
        if arrived {
            let frame = self.capture();
            self.reel.add(frame, now);
        }
        true
    }

    /// The nodes that are looked at.
    pub(super) fn followed(&self) -> Vec<NodeId> {
        self.selected.iter().flatten().copied().map(NodeId).collect()
    }

    /// Keeps a name for a tick.
    pub(super) fn bookmark(&mut self, tick: Option<u64>, name: &str) {
        let tick = tick.unwrap_or(self.now());
        let name: String = name.chars().take(NAME_MAX).collect();
        self.bookmarks.retain(|mark| mark.tick != tick);
        if self.bookmarks.len() >= BOOKMARKS {
            self.say(&format!("there are {BOOKMARKS} bookmarks already: remove one first"));
            return;
        }
        let place = self.bookmarks.partition_point(|mark| mark.tick < tick);
        self.bookmarks.insert(place, Bookmark { tick, name });
    }

    /// Says something to whoever looks.
    pub(super) fn say(&mut self, text: &str) {
        let number = self.message.as_ref().map_or(1, |(number, _)| number + 1);
        self.message = Some((number, Arc::from(text)));
    }

    /// Where in its time the run is.
    pub(super) fn travel(&self) -> Travel {
        let (now, newest) = (self.now(), self.first.reached());
        let work = self.job.map(|(job, started)| {
            let at = self.first.now();
            Work { from: started.unwrap_or(at).min(job.to()), at, to: job.to() }
        });
        Travel {
            now,
            newest,
            events_next: self.first.events.next(),
            floor: self.first.floor(),
            end: self.first.end,
            is_past: now < newest,
            is_reversed: self.reversed,
            work,
            indexed: self.first.indexed(),
            bookmarks: self.bookmarks.as_slice().into(),
            message: self.message.clone(),
            kept: self.first.past.told(),
            verified: self.checks.verified.clone(),
            forked: self.second.as_ref().map(|second| second.forked.clone()),
        }
    }
}
