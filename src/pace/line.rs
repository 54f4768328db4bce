//! A line of time: a mesh that only ever goes forward, what is remembered of its way, and a second
//! mesh that stands wherever one looks. It must not know real time.
//!
//! State is a function of the plan and the commands with their ticks. So any tick between the first
//! snapshot and the newest tick can be had again, bit for bit: put a mesh into the state of the
//! nearest snapshot before it, give it the commands that the line was given, and step.

use std::sync::{Arc, Mutex, PoisonError};

use qres_core::id::NodeId;

use super::history::History;
use super::past::{self, Past};
use super::start::{Live, Shelf};
use crate::mesh::Mesh;
use crate::mesh::chronicle::{Event, EventLog};
use crate::mesh::follow::MOMENTS;
use crate::mesh::publish::Published;
use crate::scenario::Command;

/// Ticks before a wanted one from which on a mesh is watched, so that its frames are there.
const WATCHED: u64 = 1;
/// The same where a node is looked at, so that what it did is there too.
const FOLLOWED: u64 = if MOMENTS < 64 { MOMENTS as u64 } else { 64 };
/// A snapshot is gone to when it is at least so many ticks further on: that costs less than them.
const WORTH_A_LEAP: u64 = 16;

/// Snapshots from elsewhere, and how far they may be trusted to be of this line.
#[derive(Clone)]
pub(super) struct Shelved {
    pub(super) shelf: Arc<Mutex<Box<dyn Shelf>>>,
    /// The line left the recording after this tick.
    pub(super) until: u64,
}

/// A line of time.
pub(super) struct Line {
    /// The mesh at the newest tick.
    pub(super) newest: Mesh,
    /// The mesh at the tick that is looked at, if that is another one.
    away: Option<Mesh>,
    pub(super) past: Past,
    /// Commands from outside by the tick at whose start they take effect, in order.
    pub(super) script: Vec<(u64, Command)>,
    /// How many of them the newest mesh was given.
    given: usize,
    pub(super) history: History,
    pub(super) events: EventLog,
    /// The first event of the newest mesh's own log that `events` does not have.
    unseen: u64,
    /// The last tick.
    pub(super) end: Option<u64>,
    pub(super) shelved: Option<Shelved>,
    /// Who brings something real into new ticks; only the first world has one.
    pub(super) live: Option<Box<dyn Live>>,
    /// What was put out last: a mesh gives its frames away once only.
    shown: Option<Arc<Published>>,
}

impl Line {
    pub(super) fn new(mut newest: Mesh, script: Vec<(u64, Command)>, past_bytes: usize) -> Self {
        newest.watch(true);
        let (now, nodes) = (newest.ticks(), newest.plan().nodes.len());
        let mut past = Past::new(past::spacing(nodes), past_bytes);
        past.keep(now, &newest.snapshot());
        Self {
            given: script.partition_point(|(tick, _)| *tick < now),
            unseen: newest.chronicle().map_or(0, |chronicle| chronicle.log().next()),
            newest,
            away: None,
            past,
            script,
            history: History::default(),
            events: EventLog::default(),
            end: None,
            shelved: None,
            live: None,
            shown: None,
        }
    }

    /// Lets somebody bring something real into new ticks.
    pub(super) fn attach(&mut self, live: Option<Box<dyn Live>>) {
        if live.is_some() {
            self.newest.keep_boards();
        }
        self.live = live;
    }

    /// Lets real time pass for whoever is live.
    pub(super) fn pump(&mut self) {
        if let Some(live) = &mut self.live {
            live.pump(&mut self.newest);
            self.gather();
        }
    }

    /// Takes what the newest mesh has to tell.
    fn gather(&mut self) {
        let Some(chronicle) = self.newest.chronicle() else { return };
        let log = chronicle.log();
        for Event { tick, is_major, what, .. } in log.since(self.unseen) {
            self.events.push(*tick, *is_major, what.clone());
        }
        self.unseen = log.next();
    }

    /// Whether whoever is live lets the next new tick run.
    pub(super) fn is_ready(&mut self, tick_us: u64) -> bool {
        let newest = &mut self.newest;
        self.live.as_mut().is_none_or(|live| live.is_ready(newest, tick_us))
    }

    /// The tick that is looked at.
    pub(super) fn now(&self) -> u64 {
        self.away.as_ref().unwrap_or(&self.newest).ticks()
    }

    /// The newest tick that was reached.
    pub(super) fn reached(&self) -> u64 {
        self.newest.ticks()
    }

    /// The mesh that is looked at.
    pub(super) fn looked_at(&mut self) -> &mut Mesh {
        self.away.as_mut().unwrap_or(&mut self.newest)
    }

    /// The first tick that can be gone back to.
    pub(super) fn floor(&self) -> u64 {
        self.past.floor().unwrap_or(0)
    }

    /// Whether no tick comes after this one.
    pub(super) fn is_end(&self, tick: u64) -> bool {
        self.end.is_some_and(|end| tick >= end)
    }

    /// Takes a command for the next tick of the newest mesh.
    pub(super) fn give(&mut self, command: Command) -> Result<(), String> {
        self.hand_over();
        let tick = self.reached();
        self.newest.command(command.clone()).map_err(|fault| fault.to_string())?;
        self.script.insert(self.given, (tick, command));
        self.given += 1;
        Ok(())
    }

    /// Takes the newest command back that still waits.
    pub(super) fn take_back(&mut self) -> Option<Command> {
        let last = self.given.checked_sub(1)?;
        if self.script.get(last).is_none_or(|(tick, _)| *tick != self.reached()) {
            return None;
        }
        let command = self.newest.take_back()?;
        self.script.remove(last);
        self.given = last;
        Some(command)
    }

    /// Takes one command back that still waits, by its number.
    pub(super) fn take_back_one(&mut self, id: u64) -> Option<Command> {
        let pending = &self.newest.orders().pending;
        let behind = pending.iter().rev().position(|(other, _)| *other == id)?;
        let place = self.given.checked_sub(1 + behind)?;
        let command = self.newest.take_back_one(id)?;
        self.script.remove(place);
        self.given -= 1;
        Some(command)
    }

    /// Gives the newest mesh what the script has for its next tick.
    fn hand_over(&mut self) {
        let now = self.reached();
        while let Some((tick, command)) = self.script.get(self.given)
            && *tick <= now
        {
            order(&mut self.newest, command);
            self.given += 1;
        }
    }

    /// One tick of the newest mesh; false at the end.
    pub(super) fn step_newest(&mut self) -> bool {
        if self.is_end(self.reached()) {
            return false;
        }
        self.hand_over();
        if let Some(live) = &mut self.live {
            live.give(&mut self.newest);
        }
        self.newest.step();
        if let Some(live) = &mut self.live {
            live.after(&mut self.newest);
        }
        if let Some(chronicle) = self.newest.chronicle() {
            self.history.push(chronicle.pulse());
        }
        self.gather();
        let tick = self.reached();
        if self.past.wants(tick) {
            let snapshot = self.newest.snapshot();
            self.past.keep(tick, &snapshot);
        }
        true
    }

    /// One tick of the mesh that is away.
    fn step_away(&mut self) {
        let Some(mesh) = &mut self.away else { return };
        let now = mesh.ticks();
        let first = self.script.partition_point(|(tick, _)| *tick < now);
        let due = self.script.get(first..).unwrap_or_default();
        for (_, command) in due.iter().take_while(|(tick, _)| *tick == now) {
            order(mesh, command);
        }
        mesh.step();
    }

    /// One tick forward of what is looked at; false at the end.
    pub(super) fn advance(&mut self) -> bool {
        if self.away.as_ref().is_some_and(|mesh| mesh.ticks() == self.newest.ticks()) {
            self.away = None;
        }
        if self.away.is_none() {
            return self.step_newest();
        }
        if self.is_end(self.now()) {
            return false;
        }
        if let Some(mesh) = &mut self.away {
            mesh.watch(true);
        }
        self.step_away();
        true
    }

    /// Goes on by about a tick's work towards `target`; true when it is there, or can get no
    /// nearer. Nodes are followed from a while before, where any are given.
    pub(super) fn approach(&mut self, target: u64, followed: &[NodeId]) -> bool {
        let target = target.max(self.floor());
        let reached = self.reached();
        if self.away.as_ref().is_some_and(|mesh| mesh.ticks() == target) {
            return true;
        }
        let best = self.best(target.saturating_sub(1).max(self.floor()));
        let is_ahead = |mesh: &Mesh| (reached + 1..target).contains(&mesh.ticks());
        if target >= reached && best.is_none_or(|best| best < reached + WORTH_A_LEAP) {
            self.away = self.away.take().filter(is_ahead);
            if self.away.is_none() {
                return reached == target || !self.step_newest() || self.reached() == target;
            }
        }
        let stands = self.away.as_ref().map(Mesh::ticks).filter(|tick| *tick <= target);
        let is_better = |tick| best.is_some_and(|best| best >= tick + WORTH_A_LEAP);
        if stands.is_none_or(is_better) && !self.leap(best) {
            return true;
        }
        let from = target.saturating_sub(if followed.is_empty() { WATCHED } else { FOLLOWED });
        let now = self.now();
        if now < target && !(now >= reached && self.is_end(now)) {
            if let Some(mesh) = self.away.as_mut().filter(|_| now >= from) {
                mesh.watch(true);
                mesh.follow(followed);
            }
            self.step_away();
        }
        self.now() == target
    }

    /// The newest tick at or before `tick` of which there is a snapshot, wherever.
    fn best(&self, tick: u64) -> Option<u64> {
        let elsewhere = self.shelved.as_ref().and_then(|shelved| {
            let lent = shelved.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            lent.nearest(tick.min(shelved.until))
        });
        self.past.nearest(tick).max(elsewhere)
    }

    /// Puts the mesh that is away into the state of a snapshot; false when there is none that fits.
    fn leap(&mut self, tick: Option<u64>) -> bool {
        let mesh = tick.and_then(|tick| self.rebuild(tick));
        let found = mesh.is_some();
        self.away = mesh.or_else(|| self.away.take());
        found
    }

    /// A mesh out of a snapshot of this tick, or of the nearest one before it that is good.
    fn rebuild(&self, tick: u64) -> Option<Mesh> {
        let mut at = tick;
        loop {
            let own = self.past.take(at).and_then(|bytes| self.newest.another(&bytes).ok());
            let elsewhere = || {
                let lent = &self.shelved.as_ref()?.shelf;
                lent.lock().unwrap_or_else(PoisonError::into_inner).mesh(at, &self.newest)
            };
            let found = own.or_else(elsewhere);
            if found.is_some() || at <= self.floor() {
                return found;
            }
            at = self.best(at - 1)?;
        }
    }

    /// Keeps a snapshot of the tick that is looked at, for playing backwards.
    pub(super) fn keep_fine(&mut self) {
        let now = self.now();
        if let Some(mesh) = &mut self.away {
            let snapshot = mesh.snapshot();
            self.past.keep_fine(now, &snapshot, now);
        }
    }

    /// Ticks that somebody else has indexed, and ticks to be indexed.
    pub(super) fn indexed(&self) -> Option<(u64, u64)> {
        let lent = &self.shelved.as_ref()?.shelf;
        Some(lent.lock().unwrap_or_else(PoisonError::into_inner).progress())
    }

    /// Leaves a copy of the newest mesh behind, to look at while the newest goes on.
    pub(super) fn stay(&mut self) {
        if self.away.is_none() {
            let bytes = self.newest.snapshot();
            self.away = self.newest.another(&bytes).ok();
        }
    }

    /// The state that is looked at, as it was published.
    pub(super) fn publish(&mut self) -> Arc<Published> {
        let tick = self.now();
        let orders = self.looked_at().orders();
        let shown = match self.shown.take().filter(|shown| shown.tick == tick) {
            Some(shown) if Arc::ptr_eq(&shown.orders, &orders) => shown,
            Some(shown) => Arc::new(Published { orders, ..(*shown).clone() }),
            None => Arc::new(self.looked_at().publish()),
        };
        self.shown = Some(Arc::clone(&shown));
        shown
    }

    /// Another line that shares everything before `tick`, at which these commands are given too.
    /// Its newest mesh stands at a snapshot at or before `tick`.
    pub(super) fn branch(&mut self, tick: u64, changes: &[Command]) -> Option<Self> {
        let tick = tick.clamp(self.floor(), self.now().max(self.reached()));
        let mut newest = if self.now() == tick && self.pending() == 0 {
            let bytes = self.looked_at().snapshot();
            self.newest.another(&bytes).ok()?
        } else {
            self.rebuild(self.best(tick)?)?
        };
        let at = newest.ticks();
        newest.watch(true);
        let mut script = self.script.clone();
        let place = script.partition_point(|(other, _)| *other <= tick);
        script.splice(place..place, changes.iter().map(|change| (tick, change.clone())));
        let (mut history, mut events) = (self.history.clone(), self.events.clone());
        history.rewind(at);
        events.rewind(at);
        let shelved = self.shelved.clone().map(|shelved| {
            let until = shelved.until.min(tick);
            Shelved { until, ..shelved }
        });
        let mut past = self.past.up_to(at);
        past.keep(at, &newest.snapshot());
        Some(Self {
            given: script.partition_point(|(tick, _)| *tick < at),
            unseen: newest.chronicle().map_or(0, |chronicle| chronicle.log().next()),
            newest,
            away: None,
            past,
            script,
            history,
            events,
            end: self.end,
            shelved,
            live: None,
            shown: None,
        })
    }

    /// Commands that the newest mesh has and that have not taken effect.
    pub(super) fn pending(&self) -> usize {
        self.newest.orders().pending.len()
    }
}

/// Gives a mesh a command of its script; one that it refuses is told.
fn order(mesh: &mut Mesh, command: &Command) {
    if let Err(fault) = mesh.command(command.clone()) {
        mesh.notice(format!("not done ({}): {fault}", command.describe()));
    }
}
