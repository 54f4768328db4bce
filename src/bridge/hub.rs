//! The boards of a run that is being driven: a handle for any thread, and what lives with the mesh.
//! Ports can be connected and let go at any time. What is wrong is told in the status, and the run
//! goes on. Must not block: ticks wait for boards, the mesh's thread and frames do not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use qres_core::id::NodeId;

use super::mirror::{BoardStatus, Mirror};
use super::news::News;
use super::pacing::{Stopwatch, nonce};
use super::places;
use super::port::Port;
use super::ports::{self, Looks, PortInfo};
use super::scout::Wanted;
use crate::mesh::Mesh;
use crate::pace::Live;

/// Time between copies of how boards are doing, in microseconds.
const SHOW_US: u64 = 250_000;
/// Time that a board gets to take on its node's state before ticks go on, in microseconds.
const LOAD_US: u64 = 4_000_000;
/// Time between looks for ports.
const LOOK: Duration = Duration::from_secs(1);

/// How the boards of a run are doing, and which ports there are.
#[derive(Clone, Debug, Default)]
pub struct HubStatus {
    /// The boards, in the order in which they were connected.
    pub boards: Vec<BoardStatus>,
    /// The ports of this machine, as far as somebody looked.
    pub ports: Arc<[PortInfo]>,
    /// Whatever looks like a board is connected as it is plugged in.
    pub takes_all: bool,
    /// The newest thing that there is to say, with a number that rises with each.
    pub told: Option<(u64, String)>,
}

impl HubStatus {
    /// The board on a node.
    #[must_use]
    pub fn on(&self, node: u32) -> Option<&BoardStatus> {
        self.boards.iter().find(|board| board.node == node)
    }
}

/// A handle to the boards of a run.
#[derive(Clone)]
#[cfg_attr(feature = "view", derive(bevy::ecs::resource::Resource))]
pub struct Hub(Arc<Mutex<Inside>>);

/// What a hub is asked for; it is done when time passes next.
enum Wish {
    Connect(String, Option<NodeId>),
    Disconnect(String),
    /// As this node, or as any.
    Inherit(String, NodeId),
}

#[derive(Default)]
struct Inside {
    wishes: Vec<Wish>,
    status: Arc<HubStatus>,
    takes_all: bool,
    /// Patterns of ports that are connected as they appear, and those that are there.
    patterns: Vec<String>,
    named: Vec<String>,
    /// Somebody wants to know which ports there are.
    looks: bool,
    ports: Arc<[PortInfo]>,
}

impl Hub {
    /// A hub without boards, and what is to live with the mesh.
    #[must_use]
    pub fn new() -> (Self, Box<dyn Live>) {
        let hub = Self(Arc::default());
        let weak = Arc::downgrade(&hub.0);
        let seeker = std::thread::Builder::new().name("ports".to_owned());
        // Without it, ports are named by hand.
        let _ = seeker.spawn(move || seek(&weak));
        let desk = Desk {
            hub: hub.clone(),
            mirror: Mirror::new(Vec::new(), 0, nonce()),
            watch: Stopwatch::default(),
            asked: None,
            loading_us: None,
            show_us: 0,
            news: News::default(),
            takes_all: false,
            seen: Arc::default(),
            named: Vec::new(),
            told: None,
        };
        (hub, Box::new(desk))
    }

    /// Connects the board on a port as this node, or as the first that a board can be.
    pub fn connect(&self, port: &str, node: Option<NodeId>) {
        self.lock().wishes.push(Wish::Connect(port.to_owned(), node));
    }

    /// Lets the board on a port go; its node is a simulated one again.
    pub fn disconnect(&self, port: &str) {
        self.lock().wishes.push(Wish::Disconnect(port.to_owned()));
    }

    /// Whether to connect whatever looks like a board, as it is plugged in.
    pub fn take_all(&self, takes_all: bool) {
        self.lock().takes_all = takes_all;
    }

    /// Connects the ports that fit these patterns too, as they appear.
    pub fn take_named(&self, patterns: Vec<String>) {
        self.lock().patterns = patterns;
    }

    /// Connects what another hub has connected, as the same nodes, where they can be boards here:
    /// the other one's run gives way to this one's.
    pub fn take_over(&self, other: &Self) {
        let (status, takes_all, patterns) = {
            let other = other.lock();
            (Arc::clone(&other.status), other.takes_all, other.patterns.clone())
        };
        let mut inside = self.lock();
        (inside.takes_all, inside.patterns) = (takes_all, patterns);
        for board in &status.boards {
            inside.wishes.push(Wish::Inherit(board.port.clone(), NodeId(board.node)));
        }
    }

    /// Somebody looks at the list of ports: it is made anew soon.
    pub fn look_for_ports(&self) {
        self.lock().looks = true;
    }

    /// How boards are doing; the same copy until something has changed.
    #[must_use]
    pub fn status(&self) -> Arc<HubStatus> {
        Arc::clone(&self.lock().status)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks for ports as long as there is a hub that wants to know.
fn seek(hub: &Weak<Mutex<Inside>>) {
    loop {
        let Some(inside) = hub.upgrade() else { return };
        let (wanted, patterns) = {
            let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut inside.looks) || inside.takes_all, inside.patterns.clone())
        };
        if !patterns.is_empty() {
            let named = Wanted { boards: false, patterns }.look();
            inside.lock().unwrap_or_else(PoisonError::into_inner).named = named;
        }
        if wanted && let Ok(ports) = ports::list() {
            let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
            if *inside.ports != *ports {
                inside.ports = ports.into();
            }
        }
        drop(inside);
        std::thread::sleep(LOOK);
    }
}

/// What lives with the mesh.
struct Desk {
    hub: Hub,
    mirror: Mirror,
    watch: Stopwatch,
    /// The tick that boards were asked for.
    asked: Option<u64>,
    /// Since when ticks wait for a board that takes on a state.
    loading_us: Option<u64>,
    show_us: u64,
    news: News,
    takes_all: bool,
    /// Ports that were there when somebody looked last.
    seen: Arc<[PortInfo]>,
    /// The same of those that fit a pattern.
    named: Vec<String>,
    told: Option<(u64, String)>,
}

impl Live for Desk {
    fn pump(&mut self, mesh: &mut Mesh) {
        let now_us = self.watch.now_us();
        let changed = self.obey(mesh);
        if self.is_attached() {
            self.mirror.pump(now_us);
            // What was found by chance, and is gone, or whose board is back at its own node.
            if self.takes_all || !self.named.is_empty() {
                self.mirror.prune();
            }
            for (port, text) in self.mirror.logs() {
                let node = self.node_of(&port);
                mesh.note_board(node, &format!("{port} says: {text}"));
            }
        }
        if changed || now_us >= self.show_us {
            self.show_us = now_us + SHOW_US;
            self.show(mesh, now_us);
        }
    }

    fn is_ready(&mut self, mesh: &mut Mesh, tick_us: u64) -> bool {
        if !self.is_attached() {
            return true;
        }
        let now_us = self.watch.now_us();
        if self.asked == Some(mesh.ticks()) {
            self.mirror.pump(now_us);
        } else {
            self.asked = Some(mesh.ticks());
            self.mirror.wait_at_most(tick_us);
            self.mirror.begin(mesh, now_us);
        }
        if self.mirror.is_loading() {
            let since_us = *self.loading_us.get_or_insert(now_us);
            if now_us < since_us + LOAD_US {
                return false;
            }
        } else if self.loading_us.take().is_some() {
            // It has its state: its time to answer begins now.
            self.mirror.begin(mesh, now_us);
        }
        !self.mirror.is_waiting(now_us)
    }

    fn give(&mut self, mesh: &mut Mesh) {
        self.mirror.give(mesh);
    }

    fn after(&mut self, mesh: &mut Mesh) {
        if self.is_attached() {
            self.mirror.after(mesh, self.watch.now_us());
        }
    }

    fn is_attached(&self) -> bool {
        self.mirror.places().next().is_some()
    }
}

impl Desk {
    fn node_of(&self, port: &str) -> Option<NodeId> {
        self.mirror.places().find(|(path, _)| *path == port).map(|(_, node)| node)
    }

    /// Does what was asked for; true when there was anything.
    fn obey(&mut self, mesh: &mut Mesh) -> bool {
        let (mut wishes, ports, takes_all, named) = {
            let mut inside = self.hub.lock();
            let (ports, named) = (Arc::clone(&inside.ports), inside.named.clone());
            (std::mem::take(&mut inside.wishes), ports, inside.takes_all, named)
        };
        if named != self.named {
            let fresh =
                |path: &&String| !self.named.contains(*path) && self.node_of(path).is_none();
            let fresh = named.iter().filter(fresh);
            wishes.extend(fresh.map(|path| Wish::Connect(path.clone(), None)));
            self.named = named;
        }
        if takes_all && !std::mem::replace(&mut self.takes_all, takes_all) {
            // What is there by then counts too.
            self.seen = Arc::default();
        }
        self.takes_all = takes_all;
        if !Arc::ptr_eq(&ports, &self.seen) {
            let fresh = ports.iter().filter(|port| {
                port.looks == Looks::Board
                    && !self.seen.iter().any(|old| old.path == port.path)
                    && self.node_of(&port.path).is_none()
            });
            let fresh: Vec<Wish> =
                fresh.map(|port| Wish::Connect(port.path.clone(), None)).collect();
            wishes.extend(fresh.into_iter().filter(|_| takes_all));
            self.seen = ports;
        }
        let any = !wishes.is_empty();
        for wish in wishes {
            let (port, done) = match wish {
                Wish::Connect(port, node) => {
                    let done = self.connect(mesh, &port, node);
                    (port, done)
                }
                Wish::Inherit(port, node) => {
                    let same = self.connect(mesh, &port, Some(node));
                    let done = same.or_else(|_| self.connect(mesh, &port, None));
                    (port, done)
                }
                Wish::Disconnect(port) => {
                    self.disconnect(mesh, &port);
                    continue;
                }
            };
            if let Err(why) = done {
                self.tell(format!("{port} is not connected: {why}"));
            }
        }
        any
    }

    fn connect(&mut self, mesh: &mut Mesh, port: &str, node: Option<NodeId>) -> Result<(), String> {
        if self.node_of(port).is_some() {
            return Err("it is connected already".to_owned());
        }
        let taken: Vec<NodeId> = self.mirror.places().map(|(_, node)| node).collect();
        let (chosen, node) = (node.is_some(), places::choose(mesh, node, &taken)?);
        let opened = Port::start(port).map_err(|why| why.to_string())?;
        self.mirror.add(opened, node, chosen);
        self.asked = None;
        Ok(())
    }

    fn disconnect(&mut self, mesh: &mut Mesh, port: &str) {
        let Some(node) = self.mirror.remove(port) else { return };
        self.asked = None;
        mesh.tap(self.mirror.places().map(|(_, node)| node));
        let text = format!("{port} is let go: node {} is simulated again", node.0);
        mesh.note_board(Some(node), &text);
        self.tell(text);
    }

    fn tell(&mut self, text: String) {
        let number = self.told.as_ref().map_or(1, |(number, _)| number + 1);
        self.told = Some((number, text));
    }

    /// Puts out how boards are doing, and tells what has changed.
    fn show(&mut self, mesh: &mut Mesh, now_us: u64) {
        let boards = self.mirror.status();
        for line in self.news.take(&boards, &self.mirror.moves(), now_us) {
            mesh.note_board(Some(NodeId(line.node)), &line.text);
            // What is as it should be stands in the log only.
            if line.is_bad {
                self.tell(line.text);
            }
        }
        let mut inside = self.hub.lock();
        inside.status = Arc::new(HubStatus {
            boards,
            ports: Arc::clone(&inside.ports),
            takes_all: inside.takes_all,
            told: self.told.clone(),
        });
    }
}
