//! The thread that steps a mesh and publishes it: intents in, copies out. What takes long is in
//! `travel`, what a second world is in `worlds`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use qres_core::id::NodeId;

use super::asides::{self, Asides};
use super::clock::{Budget, TickClock};
use super::history::History;
use super::line::{Line, Shelved};
use super::reel::{Frame, Reel};
use super::start::{Observer, Start};
use super::travel::{Bookmark, Job, Travel};
use super::verify::Checks;
use super::worlds::Second;
use super::{Intent, Latest, PaceStatus, Shared};
use crate::mesh::Mesh;
use crate::mesh::chronicle::EventLog;
use crate::mesh::publish::{NodeDetail, Published};
use crate::scenario::Command;

/// Shortest real time between published copies: 120 a second are more than any screen shows.
const PUBLISH_EVERY: Duration = Duration::from_millis(8);
/// Real time between looks at boards: while a tick waits for them, and while none is due.
const LOOK: [Duration; 2] = [Duration::from_micros(500), Duration::from_millis(5)];

#[expect(clippy::struct_excessive_bools, reason = "seven facts that hold or do not")]
pub(super) struct Driver {
    pub(super) first: Line,
    pub(super) second: Option<Second>,
    pub(super) clock: TickClock,
    units: Vec<String>,
    inbox: Receiver<Intent>,
    pub(super) shared: Arc<Shared>,
    /// The node that is looked at, and the one that it is compared with.
    pub(super) selected: [Option<u32>; 2],
    /// What was asked on the side.
    pub(super) asides: Asides,
    /// Commands that were taken back, the newest last.
    pub(super) undone: Vec<Command>,
    /// What takes longer, and the tick at which it started to run.
    pub(super) job: Option<(Job, Option<u64>)>,
    pub(super) reel: Reel,
    pub(super) reversed: bool,
    /// The meshes are not at the tick that is shown.
    pub(super) astray: bool,
    /// There is more to do than ticks that are due.
    busy: bool,
    /// One tick was asked for by hand, and boards are not ready for it.
    pub(super) owes_step: bool,
    /// A tick waits for boards.
    waits: bool,
    pub(super) bookmarks: Vec<Bookmark>,
    pub(super) message: Option<(u64, Arc<str>)>,
    pub(super) checks: Checks,
    pub(super) observer: Option<Observer>,
    pub(super) keeper: Option<Observer>,
    pub(super) is_replay: bool,
    pub(super) reads_ahead: bool,
}

impl Driver {
    pub(super) fn new(start: Start, inbox: Receiver<Intent>) -> Self {
        let tick_us = start.mesh.plan().config.wake.tick_us;
        let clock = TickClock::new(tick_us, start.speed_milli);
        let mut first = Line::new(start.mesh, start.script, start.past_bytes);
        first.end = start.ticks;
        first.attach(start.live);
        first.shelved = start
            .shelf
            .map(|shelf| Shelved { shelf: Arc::new(Mutex::new(shelf)), until: u64::MAX });
        let latest = Latest {
            frame: Frame { published: first.publish(), details: [None, None], other: None },
            histories: [History::default().snapshot(), History::default().snapshot()],
            genes: first.newest.genes(),
            pointed: None,
            choice: None,
            meant: None,
            parameters: asides::parameters(&first.newest),
            status: PaceStatus { speed_milli: start.speed_milli, ..PaceStatus::default() },
            travel: Travel::default(),
            shown: clock.shown(),
        };
        let shared = Arc::new(Shared {
            scene: Arc::new(start.scene),
            latest: Mutex::new(latest),
            events: Mutex::new(EventLog::default()),
        });
        let mut driver = Self {
            first,
            second: None,
            clock,
            units: start.units,
            inbox,
            shared,
            selected: [None, None],
            asides: Asides::default(),
            undone: Vec::new(),
            job: None,
            reel: Reel::default(),
            reversed: false,
            astray: false,
            busy: false,
            owes_step: false,
            waits: false,
            bookmarks: Vec::new(),
            message: None,
            checks: Checks::new(start.verifier),
            observer: start.observer,
            keeper: start.keeper,
            is_replay: start.is_replay,
            reads_ahead: start.reads_ahead,
        };
        driver.report();
        driver
    }

    /// Drives until every handle is gone.
    pub(super) fn run(mut self) -> Mesh {
        loop {
            let mut heard = self.inbox.recv_timeout(self.pause_length());
            while let Ok(intent) = heard {
                self.obey(intent);
                heard = self.inbox.recv_timeout(Duration::ZERO);
            }
            if heard == Err(RecvTimeoutError::Disconnected) {
                return self.first.newest;
            }
            self.clock.advance();
            self.first.pump();
            self.slice(&Budget::start(PUBLISH_EVERY));
            self.report();
        }
    }

    fn pause_length(&self) -> Duration {
        if self.waits {
            LOOK[0]
        } else if self.job.is_some() || self.reads_ahead || self.busy {
            Duration::ZERO
        } else if self.clock.is_paused() || self.is_finished() {
            if self.is_live() { LOOK[1] } else { Duration::from_millis(20) }
        } else {
            self.clock.wait()
        }
    }

    /// Does what is due, but comes back in time to publish.
    pub(super) fn slice(&mut self, budget: &Budget) {
        (self.busy, self.waits) = (false, false);
        self.step_owed();
        if self.job.is_some() {
            while !budget.is_spent() && self.may_work() {
                if self.work() {
                    self.publish();
                }
            }
            self.clock.forgive();
        } else if self.reversed {
            while self.clock.take_tick() && self.back() {}
            self.busy = true;
            while self.busy && !budget.is_spent() {
                self.busy = self.wind();
            }
        } else if self.run_due(budget) {
            self.publish();
        }
        self.read_ahead(budget);
    }

    /// The tick that is shown.
    pub(super) fn now(&self) -> u64 {
        self.lock().frame.published.tick
    }

    pub(super) fn obey(&mut self, intent: Intent) {
        match intent {
            Intent::Pause(paused) => self.pause(paused),
            Intent::TogglePause => self.pause(!self.clock.is_paused()),
            Intent::SpeedUp => self.clock.change_speed(true),
            Intent::SpeedDown => self.clock.change_speed(false),
            Intent::Speed(milli) => self.clock.set_speed(milli),
            Intent::Step => self.step_once(),
            Intent::StepBack => {
                self.clock.pause(true);
                self.reversed = false;
                if !self.back() && self.now() > self.first.floor() {
                    self.go(Job::Seek { target: self.now() - 1, stop: false });
                }
            }
            Intent::Select(node) => self.select(0, node),
            Intent::Compare(node) => self.select(1, node),
            Intent::Point(node) => self.point_at(node),
            Intent::Choose(text) => {
                let choice = self.meant(text);
                self.lock().choice = Some(choice);
            }
            Intent::Mean(text) => {
                let choice = self.meant(text);
                self.lock().meant = Some(choice);
            }
            Intent::Command(command) => {
                self.undone.clear();
                self.give(*command);
            }
            Intent::Undo => {
                let taken = self.ordered().take_back();
                self.undone.extend(taken);
                self.show_orders();
            }
            Intent::TakeBack(id) => {
                let taken = self.ordered().take_back_one(id);
                self.undone.extend(taken);
                self.show_orders();
            }
            Intent::Redo => {
                if let Some(command) = self.undone.pop() {
                    self.give(command);
                }
            }
            Intent::Reverse(reversed) => self.reverse(reversed),
            Intent::Seek(tick) => self.seek(tick),
            Intent::Latest => self.seek(self.first.reached()),
            Intent::RunTo { sought, backwards, ticks_max } => {
                self.run_to(sought, backwards, ticks_max);
            }
            Intent::Bookmark { tick, name } => self.bookmark(tick, &name),
            Intent::Unmark(tick) => self.bookmarks.retain(|mark| mark.tick != tick),
            Intent::Fork { tick, of_other, changes } => self.fork(tick, of_other, &changes),
            Intent::Keep => self.keep_other(),
            Intent::Unfork => self.unfork(),
            Intent::Observe => {
                if let Some(observer) = &mut self.observer {
                    observer(&mut self.first.newest);
                }
            }
        }
    }

    fn pause(&mut self, paused: bool) {
        self.owes_step = false;
        self.clock.pause(paused);
    }

    fn reverse(&mut self, reversed: bool) {
        if self.reversed != reversed {
            self.clock.forgive();
        }
        self.reversed = reversed;
        self.owes_step = false;
        self.job = None;
        if reversed && self.first.floor() == self.now() {
            self.back();
        }
    }

    fn step_once(&mut self) {
        self.clock.pause(true);
        self.reversed = false;
        if self.astray || self.job.is_some() {
            self.reel.clear();
            self.go(Job::Seek { target: self.now() + 1, stop: false });
        } else {
            self.owes_step = true;
            self.step_owed();
        }
    }

    /// Runs the tick that was asked for by hand, once boards are ready for it.
    fn step_owed(&mut self) {
        if !self.owes_step || !self.is_ready() {
            return;
        }
        self.owes_step = false;
        if self.advance() {
            self.undone.clear();
            self.clock.count_step();
            self.publish();
        }
    }

    /// Whether boards, if the tick that is next is a new one, are ready for it.
    fn is_ready(&mut self) -> bool {
        let is_new = !self.astray && self.first.now() >= self.first.reached();
        self.waits = is_new && !self.first.is_ready(self.clock.tick_real_us());
        !self.waits
    }

    /// Whether there is a job, and boards are ready for the new ticks that it would run.
    fn may_work(&mut self) -> bool {
        let (now, reached) = (self.first.now(), self.first.reached());
        let runs_new = match self.job {
            None => return false,
            Some((Job::Seek { target, .. }, _)) => target > reached,
            Some((Job::Find { until, .. }, _)) => until > reached && now >= reached,
        };
        self.waits = runs_new && !self.first.is_ready(self.clock.tick_real_us());
        !self.waits
    }

    /// Looks at another node, between two ticks: all else is as it was.
    fn select(&mut self, place: usize, node: Option<u32>) {
        if let Some(selected) = self.selected.get_mut(place) {
            *selected = node;
        }
        self.reel.clear();
        if self.astray {
            // Frames that are walked through have no copy of that node.
            self.job.get_or_insert((Job::Seek { target: self.now(), stop: false }, None));
        } else {
            let details = self.details();
            self.lock().frame.details = details;
        }
    }

    /// The nodes that are looked at; they are followed from now on.
    fn details(&mut self) -> [Option<Arc<NodeDetail>>; 2] {
        let followed = self.followed();
        self.first.looked_at().follow(&followed);
        self.selected.map(|node| self.look(node))
    }

    fn look(&mut self, node: Option<u32>) -> Option<Arc<NodeDetail>> {
        let id = NodeId(node?);
        let mesh = self.first.looked_at();
        let group = mesh.plan().nodes.get(id.index()).map(|node| node.group.0)?;
        let unit = self.units.get(usize::from(group)).cloned().unwrap_or_default();
        mesh.detail(id, &unit).map(Arc::new)
    }

    /// The line that commands go to.
    pub(super) fn ordered(&mut self) -> &mut Line {
        self.second.as_mut().map_or(&mut self.first, |second| &mut second.line)
    }

    /// Hands a command on; what is refused is told.
    fn give(&mut self, command: Command) {
        let (now, text) = (self.now(), command.describe());
        let forks = self.second.is_none() && self.is_replay;
        let line = self.ordered();
        if forks || now != line.reached() {
            let of_other = self.second.is_some();
            return self.fork(Some(now), of_other, &[command]);
        }
        if line.is_end(now) {
            line.newest.notice(format!("not done ({text}): the run is over"));
        } else if let Err(fault) = line.give(command) {
            line.newest.notice(format!("not done ({text}): {fault}"));
        } else if let Some(second) = &mut self.second {
            second.forked.changes.push(text);
        }
        self.show_orders();
    }

    /// Puts out what was ordered, between two ticks: all else is as it was.
    fn show_orders(&mut self) {
        if self.astray || self.job.is_some() {
            return;
        }
        let orders = self.first.looked_at().orders();
        let others = self.second.as_mut().map(|second| second.line.looked_at().orders());
        let mut latest = self.lock();
        let frame = &mut latest.frame;
        frame.published = Arc::new(Published { orders, ..(*frame.published).clone() });
        if let (Some(other), Some(orders)) = (&mut frame.other, others) {
            other.published = Arc::new(Published { orders, ..(*other.published).clone() });
        }
    }

    /// Runs the ticks that are due; true when any ran.
    fn run_due(&mut self, budget: &Budget) -> bool {
        let mut ran = false;
        while !self.is_finished() && self.clock.is_due() && self.is_ready() {
            self.clock.take_tick();
            if self.astray {
                self.reel.clear();
                self.go(Job::Seek { target: self.now() + 1, stop: false });
                break;
            }
            // What was taken back before a tick belongs to a mesh that is gone.
            self.undone.clear();
            if !self.advance() {
                break;
            }
            ran = true;
            if budget.is_spent() {
                break;
            }
        }
        ran
    }

    /// Whether nothing comes after the tick that is shown.
    fn is_finished(&self) -> bool {
        let now = if self.astray { self.now() } else { self.first.now() };
        self.first.is_end(now) && self.job.is_none()
    }

    /// What is shown now.
    pub(super) fn frame(&self) -> Frame {
        self.lock().frame.clone()
    }

    /// Everything as it is at the tick at which the meshes are.
    pub(super) fn capture(&mut self) -> Frame {
        let published = self.first.publish();
        let details = self.details();
        let second = self.second.as_mut();
        let other = second.map(|second| second.show(&mut self.first, &published));
        Frame { published, details, other }
    }

    pub(super) fn publish(&mut self) {
        let frame = self.capture();
        self.show(frame);
        self.answer();
    }

    /// Puts a frame out.
    pub(super) fn show(&self, frame: Frame) {
        self.lock().frame = frame;
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Latest> {
        self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts out how things stand.
    pub(super) fn report(&mut self) {
        let travel = self.travel();
        let histories = self.histories();
        let genes = self.first.newest.genes();
        let pending = self.ordered().pending() as u32;
        let status = PaceStatus {
            paused: self.clock.is_paused(),
            speed_milli: self.clock.speed_milli(),
            achieved_milli: self.clock.achieved_milli(),
            tick_progress: 0.0,
            finished: self.is_finished(),
            pending,
            undone: self.undone.len() as u32,
        };
        self.shared
            .events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .follow(&self.first.events);
        let mut latest = self.lock();
        latest.shown = self.clock.shown();
        latest.status = status;
        latest.travel = travel;
        latest.histories = histories;
        latest.genes = genes;
    }
}
