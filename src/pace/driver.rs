//! The thread that steps a mesh and publishes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use qres_core::id::NodeId;

use super::clock::TickClock;
use super::history::History;
use super::{Choice, Intent, Latest, Pace, PaceStatus, Pointed, Shared};
use crate::mesh::Mesh;
use crate::mesh::chronicle::EventLog;
use crate::mesh::publish::{NodeDetail, OrdersView, Published, Scene};
use crate::scenario::{Command, LIVE, Setting};

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
        pointed: None,
        choice: None,
        parameters: parameters(&mesh),
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
        pointed: None,
        ordered: Arc::default(),
        history: History::default(),
        undone: Vec::new(),
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
    /// The node under the pointer.
    pointed: Option<u32>,
    /// The orders that the published parameters belong to.
    ordered: Arc<OrdersView>,
    history: History,
    /// Commands that were taken back, the newest last.
    undone: Vec<Command>,
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
                self.look_again();
            }
            Intent::Compare(node) => {
                self.selected[1] = node;
                self.look_again();
            }
            Intent::Point(node) => {
                self.pointed = node;
                let pointed = self.point();
                self.lock().pointed = pointed;
            }
            Intent::Choose(text) => self.choose(text),
            // There is nothing here to go back to.
            Intent::GoTo(_) => {}
            Intent::Command(command) => {
                self.undone.clear();
                self.give(*command);
            }
            Intent::Undo => {
                self.undone.extend(self.mesh.take_back());
                self.show_orders();
            }
            Intent::TakeBack(id) => {
                self.undone.extend(self.mesh.take_back_one(id));
                self.show_orders();
            }
            Intent::Redo => {
                if let Some(command) = self.undone.pop() {
                    self.give(command);
                }
            }
        }
    }

    /// Puts out other nodes in full, between two ticks: all else is as it was.
    fn look_again(&mut self) {
        let details = self.details();
        self.lock().details = details;
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the node under the pointer is silent.
    fn point(&mut self) -> Option<Arc<Pointed>> {
        let id = self.pointed?;
        Some(Arc::new(Pointed { id, reasons: self.mesh.reasons(NodeId(id)) }))
    }

    /// Finds out whom a selector means, between two ticks.
    fn choose(&mut self, text: String) {
        let nodes = self.mesh.choose(&text).map_err(|fault| fault.to_string());
        self.lock().choice = Some(Arc::new(Choice { text, nodes }));
    }

    /// Parameters anew, where what was ordered may have changed them.
    fn new_parameters(&mut self) -> Option<Arc<[Option<f64>]>> {
        let orders = self.mesh.orders();
        if Arc::ptr_eq(&orders, &self.ordered) {
            return None;
        }
        self.ordered = orders;
        Some(parameters(&self.mesh))
    }

    /// The nodes that are looked at; they are followed from now on.
    fn details(&mut self) -> [Option<Arc<NodeDetail>>; 2] {
        let followed: Vec<NodeId> = self.selected.iter().flatten().copied().map(NodeId).collect();
        self.mesh.follow(&followed);
        self.selected.map(|node| self.look(node))
    }

    /// Hands a command to the mesh; what it refuses is told.
    fn give(&mut self, command: Command) {
        let text = command.describe();
        if self.finished {
            self.mesh.notice(format!("{text}: refused: the run is over"));
        } else if let Err(fault) = self.mesh.command(command) {
            self.mesh.notice(format!("{text}: refused: {fault}"));
        }
        self.show_orders();
    }

    /// Puts out what was ordered, between two ticks: all else is as it was.
    fn show_orders(&self) {
        let orders = self.mesh.orders();
        let mut latest = self.lock();
        let published = Published { orders, ..(*latest.published).clone() };
        latest.published = Arc::new(published);
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
        // What was taken back before a tick belongs to a mesh that is gone.
        self.undone.clear();
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
        let details = self.details();
        let (pointed, parameters) = (self.point(), self.new_parameters());
        let (history, genes) = (self.history.snapshot(), self.mesh.genes());
        if let Some(chronicle) = self.mesh.chronicle() {
            let mut events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
            events.follow(chronicle.log());
        }
        let mut latest = self.lock();
        latest.published = published;
        latest.details = details;
        latest.pointed = pointed;
        if let Some(parameters) = parameters {
            latest.parameters = parameters;
        }
        latest.history = history;
        latest.genes = genes;
    }

    fn report(&self) {
        let mut latest = self.lock();
        latest.shown = self.clock.shown();
        latest.status = PaceStatus {
            paused: self.clock.is_paused(),
            speed_milli: self.clock.speed_milli(),
            achieved_milli: self.clock.achieved_milli(),
            tick_progress: 0.0,
            finished: self.finished,
            pending: self.mesh.orders().pending.len() as u32,
            undone: self.undone.len() as u32,
        };
    }
}

/// What the parameters that can change in mid-run are now.
fn parameters(mesh: &Mesh) -> Arc<[Option<f64>]> {
    LIVE.iter().map(|live| mesh.parameter(live.field).map(Setting::value)).collect()
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
    use crate::scenario::{self, Scenario};

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

    /// A driver on no thread, stopped.
    fn stopped() -> Driver {
        let text = r#"(title: "t", watch_for: "w", nodes: (count: 9), signals: [(modality: "a")])"#;
        let scenario = Scenario::parse("t.ron", text).expect("a scenario");
        let plan = Plan::new(&scenario, 1, &Vec::new()).expect("a plan");
        let mut mesh = Mesh::new(plan, 1);
        let mut clock = TickClock::new(1_000_000, 1_000);
        clock.pause(true);
        let latest = Latest {
            published: Arc::new(mesh.publish()),
            details: [None, None],
            history: History::default().snapshot(),
            genes: Arc::default(),
            pointed: None,
            choice: None,
            parameters: Arc::default(),
            status: PaceStatus::default(),
            shown: clock.shown(),
        };
        Driver {
            mesh,
            clock,
            units: Vec::new(),
            ticks: Some(3),
            inbox: crossbeam_channel::unbounded().1,
            shared: Arc::new(Shared {
                scene: Arc::default(),
                latest: Mutex::new(latest),
                events: Mutex::new(EventLog::default()),
            }),
            selected: [None, None],
            pointed: None,
            ordered: Arc::default(),
            history: History::default(),
            undone: Vec::new(),
            finished: false,
        }
    }

    fn kill(nodes: &str) -> Intent {
        Intent::Command(Box::new(Command::Kill { nodes: nodes.to_owned() }))
    }

    /// Texts of what waits and of what was refused, as published.
    fn shown(driver: &Driver) -> (Vec<String>, Vec<String>) {
        let latest = driver.shared.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = |list: &[(u64, String)]| list.iter().map(|(_, text)| text.clone()).collect();
        let orders = &latest.published.orders;
        (texts(&orders.pending), texts(&orders.notices))
    }

    #[test]
    fn what_waits_can_be_taken_back_and_given_again() {
        let mut driver = stopped();
        let mut pending = |intents: &[Intent]| {
            for intent in intents {
                driver.obey(intent.clone());
            }
            driver.report();
            let status = driver.shared.latest.lock().expect("no panic").status;
            (shown(&driver).0, status.pending, status.undone)
        };
        let texts = |ids: &[&str]| ids.iter().map(|id| format!("node {id} killed")).collect();
        assert_eq!(pending(&[kill("1"), kill("2")]), (texts(&["1", "2"]), 2, 0));
        assert_eq!(pending(&[Intent::Undo, Intent::Undo, Intent::Undo]), (Vec::new(), 0, 2));
        assert_eq!(pending(&[Intent::Redo]), (texts(&["1"]), 1, 1));
        // A new command ends what could be given again.
        assert_eq!(pending(&[kill("3"), Intent::Redo]), (texts(&["1", "3"]), 2, 0));
        assert_eq!(pending(&[Intent::Undo, Intent::Step]), (Vec::new(), 0, 0));
        assert_eq!(pending(&[Intent::Undo, Intent::Redo]), (Vec::new(), 0, 0));
        let done = driver.mesh.commands();
        assert_eq!(done.len(), 1);
        assert_eq!(driver.mesh.orders().killed, [1]);
    }

    #[test]
    fn one_of_what_waits_is_taken_back_by_its_number() {
        let mut driver = stopped();
        for node in ["1", "2", "3"] {
            driver.obey(kill(node));
        }
        let second = driver.mesh.orders().pending[1].0;
        driver.obey(Intent::TakeBack(second));
        driver.obey(Intent::TakeBack(second));
        assert_eq!(shown(&driver).0, ["node 1 killed", "node 3 killed"]);
        assert_eq!(driver.mesh.orders().waiting.len(), 2);
        driver.obey(Intent::Redo);
        assert_eq!(shown(&driver).0[2], "node 2 killed");
    }

    #[test]
    fn selectors_pointers_and_parameters_are_answered() {
        let mut driver = stopped();
        let answer = |driver: &Driver| driver.lock().choice.clone().map(|c| c.nodes.clone());
        driver.obey(Intent::Choose("2-4 & !3".to_owned()));
        assert_eq!(answer(&driver), Some(Ok(vec![2, 4])));
        driver.obey(Intent::Choose("12".to_owned()));
        assert!(answer(&driver).is_some_and(|nodes| nodes.is_err()));
        driver.obey(kill("1"));
        driver.obey(Intent::Point(Some(1)));
        driver.obey(Intent::Step);
        let pointed = driver.lock().pointed.clone().expect("a node");
        assert_eq!((pointed.id, pointed.reasons[0].as_str()), (1, "without power"));
        let place = LIVE.iter().position(|live| live.field == "protocol.quorum").expect("one");
        let before = driver.lock().parameters[place].expect("a quorum");
        let (field, value) = ("protocol.quorum".to_owned(), before + 1.0);
        driver.obey(Intent::Command(Box::new(Command::SetProtocol { field, value })));
        driver.obey(Intent::Step);
        assert_eq!(driver.lock().parameters[place], Some(before + 1.0));
    }

    #[test]
    fn what_is_refused_is_told() {
        let mut driver = stopped();
        driver.obey(kill("12"));
        driver.obey(kill("off"));
        assert!(shown(&driver).1[0].starts_with("node 12 killed: refused: `command.nodes` has"));
        driver.obey(Intent::Step);
        let notices = shown(&driver).1;
        assert!(notices[1].contains("\"off\" is no node at the moment"), "{notices:?}");
        driver.obey(Intent::Step);
        driver.obey(Intent::Step);
        driver.obey(kill("1"));
        assert!(shown(&driver).1[2].ends_with("refused: the run is over"));
    }
}
