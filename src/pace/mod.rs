//! The driver: how many ticks run now, and nothing about what a tick does.
//!
//! A mesh lives on a thread of its own. Real time is counted in integer nanoseconds; whole ticks
//! run until the due one is reached, and a driver that falls behind says so instead of skipping.
//! The handle gives the latest published copy and takes intents; frames never wait for ticks.
//!
//! What has run can be gone back to: any tick, backwards at any speed, bit for bit. A second world
//! can begin at any tick and is driven in step with the first. It knows no files.

mod asides;
mod clock;
mod driver;
pub mod history;
mod line;
mod past;
mod reel;
mod start;
#[cfg(test)]
mod tests;
mod travel;
mod verify;
mod worlds;

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;

pub use clock::{SPEED_MAX_MILLI, SPEED_MIN_MILLI};
pub use past::{Kept, PAST_BYTES, SPACING_NODE_TICKS, SPACING_TICKS_MIN, spacing};
pub use reel::REEL_BYTES;
pub use start::{Live, Observer, Shelf, Start, begin, start};
pub use travel::{BOOKMARKS, Bookmark, Sought, Travel, Work};
pub use verify::{Mismatch, Verified, Verifier};
pub use worlds::{Difference, Forked, Other, Parted};

use crate::mesh::chronicle::{Event, EventLog, GeneTree};
use crate::mesh::publish::{NodeDetail, Published, Scene};
use crate::scenario::Command;

/// What a person wants of the driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Stop, or go on.
    Pause(bool),
    /// The other of the two.
    TogglePause,
    /// Run one tick and stop.
    Step,
    /// Go one tick back and stop.
    StepBack,
    /// Twice as fast.
    SpeedUp,
    /// Half as fast.
    SpeedDown,
    /// At so many thousandths of real time, from [`SPEED_MIN_MILLI`] to [`SPEED_MAX_MILLI`], which
    /// is as fast as possible.
    Speed(u32),
    /// Play backwards, or forwards again.
    Reverse(bool),
    /// Show this tick: in the past, or ahead. One that has not been reached is run to as fast as
    /// possible. Another wish for a tick replaces it.
    Seek(u64),
    /// Show the newest tick that was reached, and play forwards from there.
    Latest,
    /// Show the tick after the next event of a sort, or before this one the last, and stop. Looks
    /// no further than `ticks_max` ticks; a message says when there was none.
    RunTo {
        /// What to look for.
        sought: Sought,
        /// Look in the past.
        backwards: bool,
        /// Ticks to look through, at most.
        ticks_max: u64,
    },
    /// Keep a name for a tick, or for the one that is shown; the newest name of a tick counts.
    Bookmark {
        /// The tick; `None`: the one that is shown.
        tick: Option<u64>,
        /// Its name; at most 80 characters are kept.
        name: String,
    },
    /// Forget the bookmark of a tick.
    Unmark(u64),
    /// Begin a second world beside the first one: as it was at a tick, and with these commands at
    /// the start of that tick. Whatever else was ordered from outside is ordered there too, at its
    /// tick. A second world that is there already is replaced.
    Fork {
        /// The tick; `None`: the one that is shown.
        tick: Option<u64>,
        /// From the second world rather than the first.
        of_other: bool,
        /// What is done otherwise; nothing, and the two never part.
        changes: Vec<Command>,
    },
    /// The second world takes the place of the first.
    Keep,
    /// Give the second world up.
    Unfork,
    /// Look at this node, or at none. What it does is kept from now on.
    Select(Option<u32>),
    /// Look at this node beside the selected one, or at none.
    Compare(Option<u32>),
    /// The pointer is over this node, or over none: say why it is silent.
    Point(Option<u32>),
    /// Which nodes does this selector mean now? The answer is [`Pace::choice`].
    Choose(String),
    /// The same for a panel, which asks for nothing to be picked. The answer is [`Pace::meant`].
    Mean(String),
    /// Do this to the mesh at the start of the next tick. What is refused becomes a notice in
    /// [`Published::orders`], where what waits is too.
    ///
    /// Where there are two worlds it goes to the second one. What has happened is never changed: in
    /// the past, and in a replay, it begins a second world, as [`Intent::Fork`] does.
    Command(Box<Command>),
    /// Take back the newest command that still waits.
    Undo,
    /// Take back one command that still waits, by its number in
    /// [`OrdersView::pending`](crate::mesh::publish::OrdersView::pending).
    TakeBack(u64),
    /// Give the command again that was last taken back.
    Redo,
    /// Let the observer look between two ticks too.
    Observe,
}

/// A node under the pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointed {
    /// Who.
    pub id: u32,
    /// All that keeps it silent, or its word from counting.
    pub reasons: Vec<String>,
}

/// What a selector meant when it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The selector.
    pub text: String,
    /// The nodes by id, or why there are none.
    pub nodes: Result<Vec<u32>, String>,
}

/// How the driver is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PaceStatus {
    /// No ticks are due.
    pub paused: bool,
    /// Wanted speed: thousandths of real time.
    pub speed_milli: u32,
    /// Speed reached over the last second.
    pub achieved_milli: u32,
    /// How much of the latest tick real time has gone through, 0 to 1, for motion between ticks.
    pub tick_progress: f32,
    /// The run is over.
    pub finished: bool,
    /// Commands that wait for the next tick, and can be taken back.
    pub pending: u32,
    /// Commands that were taken back, and can be given again.
    pub undone: u32,
}

/// Events that somebody has not seen yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// In order.
    pub events: Vec<Event>,
    /// Where to go on the next time.
    pub next: u64,
    /// Changes when the mesh was put into an earlier state: all events are to be taken again, from
    /// 0 on.
    pub rewinds: u32,
}

/// A handle to a mesh on its thread.
#[derive(Clone)]
#[cfg_attr(feature = "view", derive(bevy::ecs::resource::Resource))]
pub struct Pace {
    shared: Arc<Shared>,
    intents: Sender<Intent>,
}

/// What the thread puts out.
struct Shared {
    scene: Arc<Scene>,
    latest: Mutex<Latest>,
    events: Mutex<EventLog>,
}

/// The newest copies.
struct Latest {
    frame: reel::Frame,
    histories: [history::Snapshot; 2],
    genes: Arc<GeneTree>,
    pointed: Option<Arc<Pointed>>,
    choice: Option<Arc<Choice>>,
    meant: Option<Arc<Choice>>,
    parameters: Arc<[Option<f64>]>,
    status: PaceStatus,
    travel: Travel,
    /// When the latest tick was due, and how long a tick takes; for `tick_progress`.
    shown: clock::Shown,
}

impl Pace {
    /// The mesh at the tick that is shown.
    #[must_use]
    pub fn latest(&self) -> Arc<Published> {
        self.read(|latest| latest.frame.published.clone())
    }

    /// What is fixed for the run.
    #[must_use]
    pub fn scene(&self) -> Arc<Scene> {
        self.shared.scene.clone()
    }

    /// The selected node in full, with its recent history.
    #[must_use]
    pub fn detail(&self) -> Option<Arc<NodeDetail>> {
        self.read(|latest| latest.frame.details[0].clone())
    }

    /// The node that it is compared with, in the same way.
    #[must_use]
    pub fn compared(&self) -> Option<Arc<NodeDetail>> {
        self.read(|latest| latest.frame.details[1].clone())
    }

    /// The node under the pointer, with why it is silent.
    #[must_use]
    pub fn pointed(&self) -> Option<Arc<Pointed>> {
        self.read(|latest| latest.pointed.clone())
    }

    /// What the last [`Intent::Choose`] meant; another copy for each one asked.
    #[must_use]
    pub fn choice(&self) -> Option<Arc<Choice>> {
        self.read(|latest| latest.choice.clone())
    }

    /// What the last [`Intent::Mean`] meant.
    #[must_use]
    pub fn meant(&self) -> Option<Arc<Choice>> {
        self.read(|latest| latest.meant.clone())
    }

    /// What the parameters of [`crate::scenario::LIVE`] are now, in that order; `None` where the
    /// mesh has none. The same copy until one changes.
    #[must_use]
    pub fn parameters(&self) -> Arc<[Option<f64>]> {
        self.read(|latest| latest.parameters.clone())
    }

    /// The second world at the same tick, and how far it is from the first; `None` while there is
    /// none.
    #[must_use]
    pub fn other(&self) -> Option<Other> {
        self.read(|latest| latest.frame.other.clone())
    }

    /// [`Pace::latest`] and [`Pace::other`] of one moment.
    #[must_use]
    pub fn both(&self) -> (Arc<Published>, Option<Other>) {
        self.read(|latest| (latest.frame.published.clone(), latest.frame.other.clone()))
    }

    /// Where in its time the run is, and what the driver is at.
    #[must_use]
    pub fn travel(&self) -> Travel {
        self.read(|latest| latest.travel.clone())
    }

    /// The swarm's figures up to the newest tick that was reached, whatever tick is shown.
    #[must_use]
    pub fn history(&self) -> history::Snapshot {
        self.read(|latest| latest.histories[0].clone())
    }

    /// The same of the second world; empty while there is none.
    #[must_use]
    pub fn other_history(&self) -> history::Snapshot {
        self.read(|latest| latest.histories[1].clone())
    }

    /// The genes that were in service up to the newest tick; the same copy until it changes.
    #[must_use]
    pub fn genes(&self) -> Arc<GeneTree> {
        self.read(|latest| latest.genes.clone())
    }

    /// The events from number `from` on that are kept, up to the newest tick that was reached,
    /// whatever tick is shown.
    #[must_use]
    pub fn news(&self, from: u64) -> News {
        let log = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        let events = log.since(from).cloned().collect();
        News { events, next: log.next(), rewinds: log.rewinds() }
    }

    /// How the driver is doing now.
    #[must_use]
    pub fn status(&self) -> PaceStatus {
        self.read(|latest| PaceStatus { tick_progress: latest.shown.progress(), ..latest.status })
    }

    /// Asks the driver for something; a driver that has ended takes no notice.
    pub fn send(&self, intent: Intent) {
        let _ = self.intents.send(intent);
    }

    fn read<T>(&self, take: impl FnOnce(&Latest) -> T) -> T {
        take(&self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
