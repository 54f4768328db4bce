//! Two worlds from one snapshot, driven in step, and what sets them apart.

use std::sync::Arc;

use super::driver::Driver;
use super::history;
use super::line::Line;
use super::travel::Job;
use crate::mesh::difference::{distances, parting};
use crate::mesh::publish::Published;
use crate::scenario::Command;

/// The first tick after which two worlds are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parted {
    /// Ticks that both had run.
    pub tick: u64,
    /// The section of the state that differs, one of [`crate::mesh::snapshot::SECTIONS`].
    pub section: &'static str,
    /// The node with the least id that differs there.
    pub node: u32,
}

/// How far two worlds are apart at one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// How far each node is from itself, by id: 0 is the same bit for bit. See
    /// [`distances`](crate::mesh::difference::distances).
    pub nodes: Vec<u8>,
    /// How many differ.
    pub differing: u32,
}

/// The second world at the tick that is shown.
#[derive(Clone, Debug)]
pub struct Other {
    /// What it looks like.
    pub published: Arc<Published>,
    /// How far it is from the first.
    pub difference: Arc<Difference>,
}

/// Where a second world comes from, and where it parts from the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forked {
    /// The tick at which it begins.
    pub tick: u64,
    /// What is done otherwise, in words.
    pub changes: Vec<String>,
    /// Both were the same up to this tick, at least.
    pub same_up_to: u64,
    /// Where they part.
    pub parted: Option<Parted>,
}

/// A second world.
pub(super) struct Second {
    pub(super) line: Line,
    pub(super) forked: Forked,
}

impl Second {
    /// Whether both are to go in step, because they may part in any tick.
    pub(super) fn may_part(&self, target: u64) -> bool {
        self.forked.parted.is_none() && target > self.forked.same_up_to
    }

    /// Looks at both after a tick.
    pub(super) fn compare(&mut self, first: &mut Line) {
        let now = self.line.now();
        if first.now() != now || !self.may_part(now) {
            return;
        }
        match parting(first.looked_at(), self.line.looked_at()) {
            None => self.forked.same_up_to = now,
            Some(found) => {
                let (section, node) = (found.section, found.node);
                self.forked.parted = Some(Parted { tick: now, section, node });
            }
        }
    }

    /// The world as it is shown beside the first.
    pub(super) fn show(&mut self, first: &mut Line, shown: &Published) -> Other {
        let published = self.line.publish();
        let (one, other) = (first.looked_at(), self.line.looked_at());
        let nodes = match self.forked.parted {
            Some(parted) if parted.tick <= shown.tick => {
                distances((one, shown), (other, &published))
            }
            _ => vec![0; shown.nodes.len()],
        };
        let differing = nodes.iter().filter(|distance| **distance > 0).count() as u32;
        Other { published, difference: Arc::new(Difference { nodes, differing }) }
    }
}

impl Driver {
    /// Begins a second world, and shows both.
    pub(super) fn fork(&mut self, tick: Option<u64>, of_other: bool, changes: &[Command]) {
        let tick = tick.unwrap_or(self.now());
        let base = match &mut self.second {
            Some(second) if of_other => &mut second.line,
            _ => &mut self.first,
        };
        let tick = tick.clamp(base.floor(), base.reached().max(base.now()));
        let Some(line) = base.branch(tick, changes) else {
            self.say("no second world: no snapshot to begin it with");
            return;
        };
        let before = self.second.take().filter(|_| of_other).map(|second| second.forked);
        let mut forked = Forked { tick, same_up_to: tick, ..Forked::default() };
        if let Some(before) = before {
            // What set its forerunner apart still does, where that came first.
            forked.tick = tick.min(before.tick);
            forked.changes = before.changes;
            forked.parted = before.parted.filter(|parted| parted.tick <= tick);
            forked.same_up_to = before.same_up_to.min(tick);
        }
        forked.changes.extend(changes.iter().map(Command::describe));
        self.second = Some(Second { line, forked });
        if self.is_live() {
            self.say("boards stay in the first world: here each is what it was recorded to be");
        }
        self.undone.clear();
        self.reel.clear();
        self.go(Job::Seek { target: tick, stop: false });
    }

    /// The second world takes the place of the first.
    pub(super) fn keep_other(&mut self) {
        if self.second.is_some() && self.is_live() {
            self.say(
                "not kept: boards cannot go back, nor over to another world; disconnect them first",
            );
            return;
        }
        let Some(second) = self.second.take() else {
            self.say("there is no second world to keep");
            return;
        };
        let shown = self.now();
        let live = self.first.live.take();
        self.first = second.line;
        self.first.newest.forget_boards();
        self.first.attach(live);
        self.is_replay = false;
        self.reads_ahead = false;
        if let Some(keeper) = &mut self.keeper {
            keeper(&mut self.first.newest);
        } else if self.observer.take().is_some() {
            self.say("the recording ends here: it is of the world that was given up");
        }
        self.checks = super::verify::Checks::default();
        self.undone.clear();
        self.reel.clear();
        self.go(Job::Seek { target: shown, stop: false });
    }

    /// Whether boards are connected.
    pub(super) fn is_live(&self) -> bool {
        self.first.live.as_ref().is_some_and(|live| live.is_attached())
    }

    /// Gives the second world up.
    pub(super) fn unfork(&mut self) {
        if self.second.take().is_some() {
            self.undone.clear();
            self.reel.clear();
            self.go(Job::Seek { target: self.now(), stop: false });
        }
    }

    /// The histories of both worlds.
    pub(super) fn histories(&self) -> [history::Snapshot; 2] {
        let other = self.second.as_ref().map(|second| second.line.history.snapshot());
        [self.first.history.snapshot(), other.unwrap_or_default()]
    }
}
