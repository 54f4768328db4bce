//! The loop that holds boards and a mesh together: before a tick it asks every board what it will
//! say, after the tick it tells every board what to do. Must not read a clock or step the mesh. Who
//! drives the mesh calls [`Mirror::begin`], then [`Mirror::pump`] while [`Mirror::is_waiting`],
//! then [`Mirror::give`], runs the tick, and calls [`Mirror::after`]. While it is paused it goes on
//! calling [`Mirror::pump`], or boards take it for gone and run free.

use std::collections::BTreeMap;

use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::link::message::{NEIGHBOURS_MAX, Post, Rehearsal};
use qres_core::node::Node;
use qres_core::radio::Heard;

use super::port::{Port, PortEvent};
use super::session::{Done, FREE_AFTER_MS, Phase, SectionDigests, Session, Start};
pub use super::status::BoardStatus;
use crate::mesh::Mesh;
use crate::mesh::boards::BoardInput;
use crate::mesh::twin::TWIN_NEIGHBOURS;

/// Shortest deadline: what eight neighbours need at 115200 baud, and as much again.
pub const DEADLINE_MIN_US: u64 = 250_000;

/// Time that a board gets to greet again at the port where it has just been found.
const GREETING_US: u64 = 1_000_000;

/// Why a board is refused whose key another has proved.
const NAMED: &str = "it names the key of another board and does not prove it: erase its flash, so \
    that it makes a key of its own";

/// A board's place: a port, a conversation and a node.
#[derive(Debug)]
struct Slot {
    node: NodeId,
    port: Port,
    /// Whether the port is open.
    is_open: bool,
    session: Session,
    /// Until when the board that has just come here may greet.
    greets_until_us: u64,
    /// Whether somebody chose the node, rather than this program.
    is_chosen: bool,
    /// Whether it has ever been the node: from then on the node is as silent as the board.
    joined: bool,
    /// What it was asked for the running tick.
    asked: Rehearsal,
    /// Why the port is closed.
    trouble: String,
}

/// Boards that mirror nodes of one mesh.
#[derive(Debug)]
pub struct Mirror {
    slots: Vec<Slot>,
    deadline_us: u64,
    /// When boards were asked.
    asked_us: u64,
    /// What the nodes ran by at the latest tick.
    agreed: Option<NodeConfig>,
    /// Tells conversations apart.
    nonce: u64,
    /// Boards that proved their keys, and the nodes that they were last.
    known: BTreeMap<[u8; 32], NodeId>,
    moves: Vec<Move>,
    now_us: u64,
}

/// A board that was unplugged and came back at another port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Its node.
    pub node: NodeId,
    /// The port where it was.
    pub from: String,
    /// The port where it is.
    pub to: String,
}

impl Mirror {
    /// Boards on `ports`, each as the node beside it. `nonce` is anything new each time.
    #[must_use]
    pub fn new(ports: Vec<(Port, NodeId)>, deadline_us: u64, nonce: u64) -> Self {
        let deadline_us = deadline_us.max(DEADLINE_MIN_US);
        let slots = Vec::with_capacity(ports.len());
        let mut mirror = Self {
            slots,
            deadline_us,
            asked_us: 0,
            agreed: None,
            nonce,
            known: BTreeMap::new(),
            moves: Vec::new(),
            now_us: 0,
        };
        for (port, node) in ports {
            mirror.add(port, node, false);
        }
        mirror
    }

    /// One board more. A board that was another node before comes back to that one, unless this
    /// one was chosen for it.
    pub fn add(&mut self, port: Port, node: NodeId, is_chosen: bool) {
        self.nonce = self.nonce.wrapping_add(1 << 32);
        self.slots.push(Slot {
            node,
            port,
            is_open: false,
            greets_until_us: 0,
            is_chosen,
            session: Session::new(self.nonce),
            joined: false,
            asked: Rehearsal::default(),
            trouble: String::new(),
        });
    }

    /// Lets the board on this port go: its node is a simulated one again. Says which node it was.
    pub fn remove(&mut self, port: &str) -> Option<NodeId> {
        let place = self.slots.iter().position(|slot| slot.port.path() == port)?;
        Some(self.slots.remove(place).node)
    }

    /// Lets ports go that are gone, and on which no board has been a node: those whose boards have
    /// moved, and those that were found by chance. Says which.
    pub fn prune(&mut self) -> Vec<String> {
        let is_idle =
            |slot: &Slot| !slot.joined && !slot.is_open && slot.session.counts().opened > 0;
        let (gone, kept) = std::mem::take(&mut self.slots).into_iter().partition(is_idle);
        self.slots = kept;
        let gone: Vec<Slot> = gone;
        gone.iter().map(|slot| slot.port.path().to_owned()).collect()
    }

    /// Boards that have come back at other ports since the last call.
    pub fn moves(&mut self) -> Vec<Move> {
        std::mem::take(&mut self.moves)
    }

    /// The ports with their nodes.
    pub fn places(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.slots.iter().map(|slot| (slot.port.path(), slot.node))
    }

    /// Boards have so long to answer from now on, and [`DEADLINE_MIN_US`] in any case.
    pub fn wait_at_most(&mut self, deadline_us: u64) {
        self.deadline_us = deadline_us.max(DEADLINE_MIN_US);
    }

    /// Whether a board is being given its node's state.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.slots.iter().any(|slot| *slot.session.phase() == Phase::Loading)
    }

    /// Moves bytes between ports and conversations, and lets time pass for them.
    pub fn pump(&mut self, now_us: u64) {
        self.now_us = now_us;
        for slot in &mut self.slots {
            let events: Vec<PortEvent> = slot.port.events().collect();
            for event in events {
                match event {
                    PortEvent::Opened => {
                        slot.trouble.clear();
                        slot.is_open = true;
                        slot.session.opened(now_us);
                    }
                    PortEvent::Bytes(bytes) => slot.session.take(now_us, &bytes),
                    PortEvent::Closed(why) => {
                        slot.trouble = why;
                        slot.is_open = false;
                        slot.session.closed();
                    }
                }
            }
            slot.session.poll(now_us);
        }
        self.receive();
        for slot in &mut self.slots {
            slot.port.send(slot.session.output());
        }
    }

    /// Decides who may be what. A key that was proven stands for one board: it goes where that
    /// board was, and nobody else has it. What is not proven gives way to what is; of two that are
    /// alike the later one is refused.
    fn receive(&mut self) {
        let settled = |slot: &Slot| matches!(slot.session.phase(), Phase::Loading | Phase::Live);
        for place in 0..self.slots.len() {
            let Some(slot) = self.slots.get(place) else { continue };
            let (who, is_new) = (slot.session.who().clone(), slot.session.needs_start());
            if !is_new && !settled(slot) {
                continue;
            }
            let other = self.slots.iter().enumerate().position(|(at, other)| {
                let first = match (settled(other), other.session.needs_start()) {
                    (true, _) => is_new || at < place,
                    (_, true) => is_new && at < place,
                    _ => false,
                };
                at != place && first && other.session.who().key == who.key
            });
            if !who.proven && self.known.contains_key(&who.key) {
                self.refuse(place, NAMED);
            } else if let Some(other) = other {
                let Some(rival) = self.slots.get(other) else { continue };
                if who.proven && !rival.session.who().proven {
                    self.refuse(other, NAMED);
                } else {
                    let why = doubled(rival.port.path());
                    self.refuse(place, &why);
                }
            } else if is_new && who.proven {
                self.bring_home(place, &who.key);
            }
        }
    }

    fn refuse(&mut self, place: usize, why: &str) {
        if let Some(slot) = self.slots.get_mut(place) {
            slot.session.refuse(why.to_owned());
        }
    }

    /// A board that was another node before goes on as that one, with all that was to be told to
    /// it: the two conversations change ports.
    fn bring_home(&mut self, place: usize, key: &[u8; 32]) {
        let Some(node) = self.known.get(key).copied() else { return };
        let Some(home) = self.slots.iter().position(|slot| slot.node == node) else { return };
        let Ok([here, there]) = self.slots.get_disjoint_mut([place, home]) else { return };
        let chosen = here.is_chosen && !here.joined;
        if chosen || matches!(there.session.phase(), Phase::Loading | Phase::Live) {
            return;
        }
        // Its board has only just come there, or so another one said.
        if there.is_open && self.now_us < there.greets_until_us {
            here.session.refuse(doubled(there.port.path()));
            return;
        }
        there.greets_until_us = self.now_us + GREETING_US;
        self.moves.push(Move {
            node,
            from: there.port.path().to_owned(),
            to: here.port.path().to_owned(),
        });
        std::mem::swap(&mut here.port, &mut there.port);
        std::mem::swap(&mut here.is_open, &mut there.is_open);
        std::mem::swap(&mut here.trouble, &mut there.trouble);
        for slot in [here, there] {
            if slot.is_open {
                slot.session.begin(self.now_us);
            } else {
                slot.session.closed();
            }
        }
    }

    /// A board that was let go, or whose port was, takes the node again that it was.
    fn rehouse(&mut self, mesh: &Mesh) {
        let mut taken: Vec<NodeId> = self.slots.iter().map(|slot| slot.node).collect();
        let fresh =
            |slot: &&mut Slot| slot.session.needs_start() && !slot.joined && !slot.is_chosen;
        for slot in self.slots.iter_mut().filter(fresh) {
            let who = slot.session.who();
            let known = self.known.get(&who.key).filter(|_| who.proven);
            if let Some(node) = known.filter(|node| !taken.contains(node))
                && mesh.accepts_board(*node).is_ok()
            {
                slot.node = *node;
                taken.push(*node);
            }
        }
    }

    /// Before a tick: gives boards that need it their node's state, and asks all what they will
    /// say.
    pub fn begin(&mut self, mesh: &mut Mesh, now_us: u64) {
        self.rehouse(mesh);
        mesh.tap(self.slots.iter().map(|slot| slot.node));
        let config = mesh.agreed();
        if self.agreed.is_some_and(|agreed| agreed != config) {
            self.slots.iter_mut().for_each(|slot| slot.session.resync());
        }
        self.agreed = Some(config);
        self.asked_us = now_us;
        let tick = mesh.ticks();
        for slot in &mut self.slots {
            // What stood in no board's way may do so since a command.
            if (slot.joined || slot.session.needs_start())
                && let Err(why) = mesh.keeps_board(slot.node)
            {
                slot.joined = false;
                slot.session.refuse(why.to_string());
                continue;
            }
            if slot.session.needs_start()
                && mesh.is_running(slot.node)
                && let Some(start) = start(mesh, &config, slot.node)
            {
                let (room, count) = (slot.session.who().neighbours, start.post.neighbours.len());
                if count > usize::from(room) {
                    slot.session.refuse(format!(
                        "node {} has {count} neighbours, the board room for {room}: choose another \
                         node with --as",
                        slot.node.0
                    ));
                    continue;
                }
                slot.joined = true;
                slot.session.start(now_us, start);
                let who = slot.session.who();
                if who.proven {
                    self.known.insert(who.key, slot.node);
                }
            }
            if slot.joined {
                slot.asked = rehearsal(mesh, slot.node, tick);
                slot.session.ask(now_us, slot.asked);
            }
        }
        self.pump(now_us);
    }

    /// Whether an answer is worth waiting for.
    #[must_use]
    pub fn is_waiting(&self, now_us: u64) -> bool {
        now_us < self.asked_us + self.deadline_us
            && self.slots.iter().any(|slot| slot.session.is_expected())
    }

    /// Gives the mesh what boards bring into the next tick, and returns it for a recording. Who has
    /// not answered has missed the tick.
    pub fn give(&mut self, mesh: &mut Mesh) -> Vec<(NodeId, BoardInput)> {
        let mut given = Vec::new();
        let tick = mesh.ticks();
        for slot in self.slots.iter_mut().filter(|slot| slot.joined) {
            let heard = slot.session.answer(tick).map(BoardInput::Heard);
            slot.session.count(|counts| counts.missed += u64::from(heard.is_none()));
            let mut input = heard.unwrap_or_default();
            if mesh.board(slot.node, &input).is_err() {
                slot.session.count(|counts| counts.refused += 1);
                input = BoardInput::Missed;
                if mesh.board(slot.node, &input).is_err() {
                    continue;
                }
            }
            given.push((slot.node, input));
        }
        given
    }

    /// After a tick: tells boards what their nodes heard, and what is to come of it.
    pub fn after(&mut self, mesh: &mut Mesh, now_us: u64) {
        let mut heard: BTreeMap<NodeId, Vec<Heard>> = BTreeMap::new();
        for (node, frame) in mesh.tapped() {
            heard.entry(node).or_default().push(frame);
        }
        let tick = mesh.ticks().saturating_sub(1);
        let config = mesh.agreed();
        for slot in self.slots.iter_mut().filter(|slot| slot.joined) {
            // Without power there is no tick to do; with it, a board begins from the twin's state.
            let Some(state) = mesh.node_state(slot.node).filter(|_| mesh.is_running(slot.node))
            else {
                slot.session.resync();
                continue;
            };
            let done = Done {
                tick,
                sample: mesh.sensed(slot.node),
                harvest_uw: mesh.light_uw(slot.node, Tick(tick)),
                storm: slot.asked.storm,
                heard: heard.remove(&slot.node).unwrap_or_default(),
                digest: *blake3::hash(&state).as_bytes(),
                sections: sections(&config, &state),
            };
            slot.session.done(now_us, done);
        }
        self.pump(now_us);
    }

    /// How each board is doing, in the order of the ports.
    #[must_use]
    pub fn status(&self) -> Vec<BoardStatus> {
        self.slots.iter().map(|slot| slot.status(self.now_us)).collect()
    }

    /// Boards that keep step.
    #[must_use]
    pub fn live(&self) -> usize {
        self.slots.iter().filter(|slot| *slot.session.phase() == Phase::Live).count()
    }

    /// Boards that are there and wait for a mesh, or keep step with one.
    #[must_use]
    pub fn present(&self) -> usize {
        let here = |phase: &Phase| matches!(phase, Phase::Greeted | Phase::Loading | Phase::Live);
        self.slots.iter().filter(|slot| here(slot.session.phase())).count()
    }

    /// Whether every board has done every tick that the mesh has run.
    #[must_use]
    pub fn is_level(&self) -> bool {
        let level =
            |slot: &Slot| *slot.session.phase() == Phase::Live && slot.session.behind() == 0;
        self.slots.iter().all(level)
    }

    /// Words of boards for a person since the last call, with their ports.
    pub fn logs(&mut self) -> Vec<(String, String)> {
        let each = self.slots.iter_mut();
        each.filter_map(|slot| Some((slot.port.path().to_owned(), slot.session.take_log()?)))
            .collect()
    }
}

impl Slot {
    fn status(&self, now_us: u64) -> BoardStatus {
        BoardStatus::new((&self.port, &self.trouble), self.node, &self.session, now_us)
    }
}

/// What a board is to be before the next tick; `None` if its node is none that a board can be.
fn start(mesh: &mut Mesh, config: &NodeConfig, id: NodeId) -> Option<Start> {
    let state = mesh.node_state(id)?;
    let tick = mesh.ticks();
    let twin = Node::<TWIN_NEIGHBOURS>::from_bytes(config, &state)?;
    let peers = twin.neighbours.iter().map(|peer| peer.id.0);
    let neighbours: heapless::Vec<u32, NEIGHBOURS_MAX> = peers.take(NEIGHBOURS_MAX).collect();
    let node = mesh.plan().nodes.get(id.index())?;
    let post = Post {
        node: id.0,
        group: node.group.0,
        role: node.role as u8,
        sentinel: node.sentinel.0,
        first_us: node.first_us,
        join: tick,
        config_bytes: 0,
        config_crc: 0,
        free_after_ms: FREE_AFTER_MS,
        neighbours,
    };
    Some(Start { tick, post, config: config.to_bytes().to_vec(), state })
}

/// Why a board is refused that is the same as another.
fn doubled(port: &str) -> String {
    format!(
        "it has the same identity as the board on {port}: erase the flash of one of them, so that \
         it makes a key of its own"
    )
}

fn rehearsal(mesh: &Mesh, id: NodeId, tick: u64) -> Rehearsal {
    let (disturbance, storm) = mesh.disturbance(id);
    Rehearsal {
        tick,
        senses: mesh.is_sample_due(),
        offset: disturbance.offset,
        gain: disturbance.gain,
        pivot: disturbance.pivot,
        storm,
        harvest_uw: mesh.light_uw(id, Tick(tick)),
    }
}

fn sections(config: &NodeConfig, state: &[u8]) -> SectionDigests {
    let twin = Node::<TWIN_NEIGHBOURS>::from_bytes(config, state);
    twin.map(|twin| twin.sections()).unwrap_or_default()
}
