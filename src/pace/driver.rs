//! The thread that steps a mesh and publishes it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use qres_core::id::NodeId;

use super::clock::TickClock;
use super::history::History;
use super::{Intent, Latest, Pace, PaceStatus, Shared};
use crate::mesh::Mesh;
use crate::mesh::chronicle::EventLog;
use crate::mesh::publish::{NodeDetail, Scene};

/// Shortest real time between published copies: 120 a second are more than any screen shows.
const PUBLISH_EVERY: Duration = Duration::from_millis(8);

/// Starts a thread that drives `mesh` at `speed_milli` thousandths of real time until `ticks` are
/// done (`None`: for ever) or every handle is gone; joining it gives the mesh back.
///
/// # Errors
/// When the system has no thread to spare.
pub fn start(
    mesh: Mesh,
    scene: Scene,
    units: Vec<String>,
    speed_milli: u32,
    ticks: Option<u64>,
) -> std::io::Result<(Pace, JoinHandle<Mesh>)> {
    let (intents, inbox) = crossbeam_channel::unbounded();
    let mut mesh = mesh;
    mesh.watch(true);
    let clock = TickClock::new(mesh.plan().config.wake.tick_us, speed_milli);
    let latest = Latest {
        published: Arc::new(mesh.publish()),
        details: [None, None],
        history: History::default().snapshot(),
        genes: mesh.genes(),
        status: PaceStatus { speed_milli, ..PaceStatus::default() },
        shown: clock.shown(),
    };
    let shared = Arc::new(Shared {
        scene: Arc::new(scene),
        latest: Mutex::new(latest),
        events: Mutex::new(EventLog::default()),
    });
    let driver = Driver {
        mesh,
        clock,
        units,
        ticks,
        inbox,
        shared: shared.clone(),
        selected: [None, None],
        history: History::default(),
        finished: false,
    };
    let thread = std::thread::Builder::new().name("mesh".to_owned()).spawn(|| driver.run())?;
    Ok((Pace { shared, intents }, thread))
}

struct Driver {
    mesh: Mesh,
    clock: TickClock,
    units: Vec<String>,
    ticks: Option<u64>,
    inbox: Receiver<Intent>,
    shared: Arc<Shared>,
    /// The node that is looked at, and the one that it is compared with.
    selected: [Option<u32>; 2],
    history: History,
    finished: bool,
}

impl Driver {
    fn run(mut self) -> Mesh {
        loop {
            match self.inbox.recv_timeout(self.pause_length()) {
                Ok(intent) => self.obey(intent),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.mesh,
            }
            self.clock.advance();
            if self.run_due() {
                self.publish();
            }
            self.report();
        }
    }

    fn pause_length(&self) -> Duration {
        if self.clock.is_paused() || self.finished {
            Duration::from_millis(20)
        } else {
            self.clock.wait()
        }
    }

    fn obey(&mut self, intent: Intent) {
        match intent {
            Intent::Pause(paused) => self.clock.pause(paused),
            Intent::TogglePause => self.clock.pause(!self.clock.is_paused()),
            Intent::SpeedUp => self.clock.change_speed(true),
            Intent::SpeedDown => self.clock.change_speed(false),
            Intent::Speed(milli) => self.clock.set_speed(milli),
            Intent::Step => {
                self.clock.pause(true);
                if self.step() {
                    self.clock.count_step();
                    self.publish();
                }
            }
            Intent::Select(node) => {
                self.selected[0] = node;
                self.publish();
            }
            Intent::Compare(node) => {
                self.selected[1] = node;
                self.publish();
            }
        }
    }

    /// Runs the ticks that are due, but comes back in time to publish; true when any ran.
    fn run_due(&mut self) -> bool {
        let mut budget = Budget::start(PUBLISH_EVERY);
        let mut ran = false;
        while !self.finished && self.clock.take_tick() {
            ran |= self.step();
            if budget.is_spent() {
                break;
            }
        }
        ran
    }

    fn step(&mut self) -> bool {
        if self.ticks.is_some_and(|last| self.mesh.ticks() >= last) {
            self.finished = true;
            return false;
        }
        self.mesh.step();
        self.finished = self.ticks.is_some_and(|last| self.mesh.ticks() >= last);
        if let Some(chronicle) = self.mesh.chronicle() {
            self.history.push(chronicle.pulse());
        }
        true
    }

    fn look(&mut self, node: Option<u32>) -> Option<Arc<NodeDetail>> {
        let id = NodeId(node?);
        let group = self.mesh.plan().nodes.get(id.index()).map(|node| node.group.0)?;
        let unit = self.units.get(usize::from(group)).cloned().unwrap_or_default();
        self.mesh.detail(id, &unit).map(Arc::new)
    }

    fn publish(&mut self) {
        let published = Arc::new(self.mesh.publish());
        let followed: Vec<NodeId> = self.selected.iter().flatten().copied().map(NodeId).collect();
        self.mesh.follow(&followed);
        let details = self.selected.map(|node| self.look(node));
        let (history, genes) = (self.history.snapshot(), self.mesh.genes());
        if let Some(chronicle) = self.mesh.chronicle() {
            let mut events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
            events.follow(chronicle.log());
        }
        let mut latest = self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.published = published;
        latest.details = details;
        latest.history = history;
        latest.genes = genes;
    }

    fn report(&self) {
        let mut latest = self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.shown = self.clock.shown();
        latest.status = PaceStatus {
            paused: self.clock.is_paused(),
            speed_milli: self.clock.speed_milli(),
            achieved_milli: self.clock.achieved_milli(),
            tick_progress: 0.0,
            finished: self.finished,
        };
    }
}

/// Real time that ticks may take before the screen gets its turn.
struct Budget {
    until: std::time::Instant,
}

impl Budget {
    #[expect(clippy::disallowed_methods, reason = "the driver is where real time enters")]
    fn start(length: Duration) -> Self {
        Self { until: std::time::Instant::now() + length }
    }

    #[expect(clippy::disallowed_methods, reason = "the driver is where real time enters")]
    fn is_spent(&mut self) -> bool {
        std::time::Instant::now() >= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::chronicle::What;
    use crate::mesh::plan::Plan;
    use crate::pace::SPEED_MAX_MILLI;
    use crate::pace::history::Series;
    use crate::scenario;

    #[test]
    fn a_driven_mesh_tells_what_happens_and_keeps_its_history() {
        let scenario = scenario::resolve("storm-front").expect("embedded").scenario;
        let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
        let mesh = Mesh::new(plan, 1);
        let scene = Scene::new(&scenario, mesh.plan());
        let units = vec!["degC".to_owned()];
        let (pace, thread) = start(mesh, scene, units, SPEED_MAX_MILLI, Some(200)).expect("starts");
        pace.send(Intent::Select(Some(5)));
        pace.send(Intent::Compare(Some(6)));
        while !pace.status().finished {
            std::thread::yield_now();
        }
        let news = pace.news(0);
        let storm = |what: &What| matches!(what, What::StormBegins { storm: 0, .. });
        assert!(news.events.iter().any(|event| event.tick == 160 && storm(&event.what)));
        assert_eq!(pace.news(news.next).events, []);
        let history = pace.history();
        assert_eq!(history.len(), 200);
        let calm = history.points().last().map(|point| point.of(Series::Calm).mean as u32);
        assert_eq!(calm, Some(pace.latest().summary.regimes[0]));
        assert_eq!(pace.genes().genes.len(), 1);
        for (detail, id) in [(pace.detail(), 5), (pace.compared(), 6)] {
            let detail = detail.expect("selected");
            assert_eq!((detail.id, detail.history.is_empty()), (id, false));
        }
        drop(pace);
        assert_eq!(thread.join().expect("it ends").ticks(), 200);
    }
}
