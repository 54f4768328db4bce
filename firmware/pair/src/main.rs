//! Two boards in one mesh with a simulated neighbour, over two serial lines: each board's digest is
//! held against core's own node, which gets the same inputs. The lines must be raw already
//! (`stty -F LINE raw -echo`). Must not decide what a node does.
//!
//! `qres-pair LINE LINE TICKS` prints the last digests; exit code 1 when a board differs, 2 when it
//! cannot run.

mod line;

use std::process::ExitCode;

use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::link::frame::checksum;
use qres_core::link::message::{Area, LinkMessage, Order, PIECE_MAX, Post, SECTIONS, Ticked};
use qres_core::node::Node;
use qres_core::packet::MTU;
use qres_core::q16::Q16;
use qres_core::radio::{Frame, Heard, MockRadio};
use qres_core::wake::Role;

use line::Line;

/// The nodes: two boards and one that is simulated.
const BOARDS: usize = 2;
const NODES: u32 = 3;
/// The ticks of the storm on the boards' sensors.
const STORM: std::ops::Range<u64> = 60..90;

type Twin = Node<16>;

/// What a person is told when it ends early.
type Failure = (u8, String);

fn cannot(what: impl std::fmt::Display) -> Failure {
    (2, what.to_string())
}

/// Rounds of half a second each second, in one modality, with models that evolve.
fn config() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.wake.seed = 2_026;
    config.air.mtu_bytes = 64;
    config.evolution = Some(qres_core::evolution::EvolutionConfig::default());
    config
}

fn neighbours(id: u32) -> Vec<u32> {
    (0..NODES).filter(|other| *other != id).collect()
}

/// Makes the board at the end of a line the node `id`.
fn post(line: &mut Line, id: u32, config: &NodeConfig, twin: &Twin) -> Result<(), Failure> {
    let bytes = config.to_bytes();
    for (place, piece) in bytes.chunks(PIECE_MAX).enumerate() {
        let offset = (place * PIECE_MAX) as u16;
        line.ask(&LinkMessage::Load { area: Area::Config, offset, bytes: piece }, |message| {
            matches!(message, LinkMessage::Loaded { .. }).then_some(())
        })
        .map_err(cannot)?;
    }
    let post = Post {
        node: id,
        group: 0,
        role: 0,
        sentinel: u32::MAX,
        first_us: 0,
        join: 0,
        config_bytes: bytes.len() as u16,
        config_crc: checksum([&bytes[..]]),
        free_after_ms: 0,
        neighbours: neighbours(id).into_iter().collect(),
    };
    let digest = line
        .ask(&LinkMessage::Post(post), |message| match message {
            LinkMessage::Ready { digest, .. } => Some(*digest),
            _ => None,
        })
        .map_err(cannot)?;
    if digest == twin.digest() {
        Ok(())
    } else {
        Err((1, format!("board {id} is born another than core's node")))
    }
}

/// Does a tick on a board; what it did, and what it said.
fn tick(line: &mut Line, order: &Order, heard: &[Heard]) -> Result<(Ticked, Vec<Heard>), Failure> {
    line.ask_all(
        |say| {
            for (index, one) in (0..).zip(heard) {
                let (tick, at_us, frame) = (order.tick, one.at_us as u32, one.frame.as_slice());
                say(&LinkMessage::Hear { tick, index, at_us, frame });
            }
            say(&LinkMessage::Tick(*order));
        },
        order.tick,
    )
    .map_err(cannot)
}

/// The frames of what was said, as the others hear them.
fn cut(config: &NodeConfig, sender: NodeId, said: &[Heard]) -> Vec<Heard> {
    let mut heard = Vec::new();
    for one in said {
        let Ok((header, payload)) = qres_core::packet::Header::read(&one.frame) else { continue };
        let mtu = usize::from(config.air.mtu_bytes).min(MTU);
        let round = u32::from(header.round);
        qres_core::fragment::cut(header.kind, sender, round, payload, mtu, |frame| {
            if let Ok(frame) = Frame::from_slice(frame) {
                heard.push(Heard { frame, at_us: one.at_us });
            }
        });
    }
    heard
}

/// What a core node said in its last tick, in one piece each.
fn said(sender: NodeId, radio: &mut MockRadio) -> Vec<Heard> {
    let air = qres_core::radio::AirConfig { mtu_bytes: MTU as u16, ..Default::default() };
    let mut said = Vec::new();
    for outgoing in &radio.sent {
        air.frames(sender, outgoing.round, &outgoing.message, &[], |frame| {
            if let Ok(frame) = Frame::from_slice(frame) {
                said.push(Heard { frame, at_us: outgoing.at_us });
            }
        });
    }
    radio.sent.clear();
    said
}

/// Says where two nodes differ.
fn compare(id: usize, ticked: &Ticked, twin: &Twin) -> Result<(), Failure> {
    if ticked.digest == twin.digest() {
        return Ok(());
    }
    let sections = twin.sections();
    let differs = SECTIONS.iter().zip(ticked.sections.iter().zip(&sections));
    let names: Vec<&str> = differs.filter(|(_, (a, b))| a != b).map(|(name, _)| *name).collect();
    Err((1, format!("tick {}, board {id}: differs in {}", ticked.tick, names.join(", "))))
}

/// The mesh: boards first, and what each node said in the tick before, cut for the air.
struct Mesh {
    config: NodeConfig,
    nodes: Vec<Twin>,
    lines: Vec<Line>,
    air: Vec<Vec<Heard>>,
    /// Messages that boards sent.
    messages: usize,
    /// The longest that a board worked on a tick, in microseconds.
    work_us: u32,
}

impl Mesh {
    /// Greets the boards and makes them nodes.
    fn begin(paths: &[String]) -> Result<Self, Failure> {
        let config = config();
        let born = |id| {
            let peers: Vec<NodeId> = neighbours(id).into_iter().map(NodeId).collect();
            Node::new(NodeId(id), Role::Scheduled, &config, &peers)
        };
        let nodes: Vec<Twin> = (0..NODES).map(born).collect();
        let mut lines = Vec::new();
        for ((id, path), twin) in (0..).zip(paths).zip(&nodes) {
            let mut line = Line::open(path).map_err(|error| cannot(format!("{path}: {error}")))?;
            let build = line.greet().map_err(|error| cannot(format!("{path}: {error}")))?;
            println!("board {id}: {build}");
            post(&mut line, id, &config, twin)?;
            lines.push(line);
        }
        let air = vec![Vec::new(); NODES as usize];
        Ok(Self { config, nodes, lines, air, messages: 0, work_us: 0 })
    }

    /// One tick of all; each hears what the others said in the tick before.
    fn step(&mut self, now: u64) -> Result<(), Failure> {
        let Self { config, nodes, lines, air, messages, work_us } = self;
        let mut next = Vec::new();
        for (place, node) in nodes.iter_mut().enumerate() {
            let others = air.iter().enumerate().filter(|(other, _)| *other != place);
            let heard: Vec<Heard> = others.flat_map(|(_, said)| said.clone()).take(32).collect();
            let mut radio = MockRadio::default();
            for one in &heard {
                let _ = radio.incoming.push_back(one.clone());
            }
            let board = match lines.get_mut(place) {
                Some(line) => Some(tick(line, &order(now, heard.len() as u8), &heard)?),
                None => None,
            };
            let sample = match &board {
                Some((ticked, _)) => ticked.sample.map(Q16::from_bits),
                None => Some(Q16::from_bits(20 * 65_536 + (now as i32 % 11) * 2_000)),
            };
            node.tick(config, Tick(now), sample, &mut radio);
            let own = said(node.id, &mut radio);
            if let Some((ticked, told)) = board {
                compare(place, &ticked, node)?;
                if own != told {
                    return Err((1, format!("tick {now}, board {place}: it said other things")));
                }
                *messages += told.len();
                *work_us = (*work_us).max(ticked.telemetry.work_us);
            }
            next.push(cut(config, node.id, &own));
        }
        *air = next;
        Ok(())
    }
}

/// A tick on a board's own sensor, in a storm or not.
fn order(tick: u64, heard: u8) -> Order {
    let (disturbance, storm) =
        if STORM.contains(&tick) { ((tick as i32 % 5 - 2) << 18, 200) } else { (0, 0) };
    Order { tick, disturbance, storm, heard, ..Order::default() }
}

fn run(paths: &[String], ticks: u64) -> Result<(), Failure> {
    let mut mesh = Mesh::begin(paths)?;
    for now in 0..ticks {
        mesh.step(now)?;
    }
    for (id, (node, line)) in mesh.nodes.iter().zip(&mut mesh.lines).enumerate() {
        print!("board {id}: ");
        node.digest().iter().for_each(|byte| print!("{byte:02x}"));
        println!(", {}", line.beat().map_err(cannot)?);
    }
    let Mesh { messages, work_us, .. } = mesh;
    if messages == 0 {
        return Err((1, "no board said anything: the mesh was none".into()));
    }
    println!(
        "{ticks} ticks, {messages} messages of boards, all digests equal; longest tick on a board \
         {work_us} us"
    );
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ticks = arguments.get(2).and_then(|ticks| ticks.parse().ok());
    let (Some(paths), Some(ticks)) = (arguments.get(..BOARDS), ticks) else {
        eprintln!("usage: qres-pair LINE LINE TICKS");
        return ExitCode::from(2);
    };
    match run(paths, ticks) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, what)) => {
            eprintln!("qres-pair: {what}");
            ExitCode::from(code)
        }
    }
}
