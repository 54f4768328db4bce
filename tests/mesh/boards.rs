//! Boards as inputs of a mesh: a core node with a sensor of its own takes a node's part, is heard,
//! and stays the same as its twin; its bytes alone repeat the run.

use std::collections::BTreeMap;

use crate::common::{THICKET, mesh, parsed};
use qres::mesh::Mesh;
use qres::mesh::boards::{BoardError, BoardInput, SAID_MAX, Said, SaidFrame};
use qres::mesh::twin::TWIN_NEIGHBOURS;
use qres::scenario::{Command, Scenario};
use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::node::Node;
use qres_core::packet::Header;
use qres_core::q16::Q16;
use qres_core::radio::{Frame, Heard, Outgoing, Radio};

/// What a board brought in, by tick and node.
type Inputs = BTreeMap<(u64, NodeId), BoardInput>;

/// A radio between a board and the host: keeps what is sent, gives what was heard.
#[derive(Default)]
struct Line {
    sent: Vec<Outgoing>,
    heard: Vec<Heard>,
}

impl Radio for Line {
    fn transmit(&mut self, _now: Tick, outgoing: &Outgoing) {
        self.sent.push(*outgoing);
    }

    fn receive(&mut self) -> Option<Heard> {
        (!self.heard.is_empty()).then(|| self.heard.remove(0))
    }
}

/// A message as a board says it.
fn said(id: NodeId, outgoing: &Outgoing) -> SaidFrame {
    let message = &outgoing.message;
    let round = outgoing.round as u8;
    let header = Header { kind: message.kind(), round, index: 0, count: 1, sender: id };
    let mut frame = Frame::new();
    header.write(&message.to_bytes(), &mut frame).expect("it fits");
    SaidFrame { at_us: outgoing.at_us as u32, bytes: frame.to_vec() }
}

/// What the board's own sensor reads: noise, and now and then nothing.
fn reading(id: NodeId, tick: u64) -> Option<Q16> {
    let bits = draw(99, Purpose::Storm, id.0, tick, 0);
    (!bits.is_multiple_of(50)).then(|| Q16::from_bits((20 << 16) + (bits >> 48) as i32))
}

/// What the board brings in for a tick: it rehearses the tick on a copy of itself.
fn rehearse(
    mesh: &Mesh,
    node: &Node<TWIN_NEIGHBOURS>,
    config: &NodeConfig,
    tick: u64,
) -> BoardInput {
    let id = node.id;
    // Every 37th tick its answer comes too late.
    if (tick + u64::from(id.0)).is_multiple_of(37) {
        return BoardInput::Missed;
    }
    let mut said_all = Said {
        raw: reading(id, tick).filter(|_| mesh.is_sample_due()),
        disturbance: mesh.disturbance(id).0,
        frames: Vec::new(),
    };
    let mut line = Line::default();
    node.clone().tick(config, Tick(tick), said_all.sample(), &mut line);
    said_all.frames = line.sent.iter().map(|outgoing| said(id, outgoing)).collect();
    BoardInput::Heard(said_all)
}

/// Three places for boards in a scenario.
fn places(mesh: &Mesh) -> Vec<NodeId> {
    mesh.board_places().into_iter().step_by(5).take(3).collect()
}

/// Runs a mesh with three boards; each stays its twin. Returns the mesh and what they brought in.
fn run(scenario: &Scenario, ticks: u64) -> (Mesh, Inputs) {
    let mut mesh = mesh(scenario, 1);
    let ids = places(&mesh);
    let mut boards: Vec<_> = ids.iter().map(|id| mesh.twin(*id).expect("planned")).collect();
    mesh.tap(ids.iter().copied());
    let mut inputs = Inputs::new();
    let mut frames = 0;
    for tick in 0..ticks {
        let config = mesh.agreed();
        for board in &boards {
            let input = rehearse(&mesh, board, &config, tick);
            mesh.board(board.id, &input).expect("good input");
            inputs.insert((tick, board.id), input);
        }
        mesh.step();
        assert_eq!(mesh.differing(), [], "tick {tick}");
        let mut heard: BTreeMap<NodeId, Vec<Heard>> = BTreeMap::new();
        mesh.tapped().into_iter().for_each(|(id, frame)| heard.entry(id).or_default().push(frame));
        for board in &mut boards {
            let sample = match &inputs[&(tick, board.id)] {
                BoardInput::Heard(said) => said.sample(),
                BoardInput::Missed => None,
            };
            let heard = heard.remove(&board.id).unwrap_or_default();
            frames += heard.len();
            board.harvest_uw = mesh.light_uw(board.id, Tick(tick));
            board.tick(&config, Tick(tick), sample, &mut Line { heard, sent: Vec::new() });
            let expected = mesh.node_digest(board.id).expect("joined");
            assert_eq!(board.digest(), expected, "tick {tick}, node {}", board.id.0);
        }
    }
    assert!(frames > 200, "{frames}: the test must see traffic");
    (mesh, inputs)
}

#[test]
fn boards_stay_their_twins_and_their_bytes_repeat_the_run() {
    let scenario = parsed(THICKET);
    let (mut first, inputs) = run(&scenario, 400);
    let said = |input: &BoardInput| match input {
        BoardInput::Heard(said) => said.frames.len(),
        BoardInput::Missed => 0,
    };
    let messages: usize = inputs.values().map(said).sum();
    assert!(messages > 60, "{messages}: the test must hear boards");
    let bent = inputs.values().filter(|input| match input {
        BoardInput::Heard(said) => !said.disturbance.is_none(),
        BoardInput::Missed => false,
    });
    assert!(bent.count() > 100, "the test must see a storm");
    let mut again = mesh(&scenario, 2);
    for tick in 0..400 {
        for ((_, id), input) in inputs.range((tick, NodeId(0))..(tick + 1, NodeId(0))) {
            let bytes = input.to_bytes();
            let input = BoardInput::from_bytes(&bytes).expect("its own bytes");
            again.board(*id, &input).expect("good input");
        }
        again.step();
    }
    assert_eq!(again.digest(), first.digest());
    let mut alone = mesh(&scenario, 1);
    (0..400).for_each(|_| alone.step());
    assert_ne!(alone.digest(), first.digest(), "boards must make a difference");
}

#[test]
fn a_board_under_attack_senses_what_its_host_says() {
    let scenario = parsed(THICKET);
    let mut mesh = mesh(&scenario, 1);
    let id = places(&mesh)[0];
    let flip = "SetAttack(nodes: \"ID\", attack: Some(LabelFlip))".replace("ID", &id.0.to_string());
    mesh.command(ron::from_str::<Command>(&flip).expect("a command")).expect("accepted");
    mesh.step();
    let (disturbance, _) = mesh.disturbance(id);
    assert_eq!((disturbance.offset, disturbance.gain), (0, -2 << 16), "tick 1 is mirrored");
    let raw = Some(Q16::from_num(3));
    let level = Q16::from_bits(disturbance.pivot);
    let input = BoardInput::Heard(Said { raw, disturbance, frames: Vec::new() });
    mesh.board(id, &input).expect("still a board");
    mesh.step();
    assert_eq!(mesh.sensed(id), Some(level + level - Q16::from_num(3)));
    assert!(mesh.disturbance(id).0.is_none(), "tick 2 is not");
}

#[test]
fn what_the_twin_did_not_say_is_told_and_goes_on_the_air() {
    let scenario = parsed(THICKET);
    let mut mesh = mesh(&scenario, 1);
    let id = places(&mesh)[0];
    let mut board = mesh.twin(id).expect("planned");
    mesh.tap([id]);
    let mut told = 0;
    for tick in 0..120 {
        let config = mesh.agreed();
        let mut input = rehearse(&mesh, &board, &config, tick);
        let mut changed = false;
        if let BoardInput::Heard(said) = &mut input
            && let Some(frame) = said.frames.first_mut()
        {
            frame.at_us += 1;
            changed = true;
        }
        mesh.board(id, &input).expect("good input");
        mesh.step();
        assert_eq!(mesh.differing().len(), usize::from(changed), "tick {tick}");
        told += usize::from(changed);
        let heard = mesh.tapped().into_iter().map(|(_, heard)| heard).collect();
        board.harvest_uw = mesh.light_uw(id, Tick(tick));
        let mut line = Line { heard, sent: Vec::new() };
        board.tick(&config, Tick(tick), mesh.sensed(id), &mut line);
    }
    assert!(told > 3, "{told}: the test must hear the board");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut mesh = mesh(&parsed(THICKET), 1);
    let id = places(&mesh)[0];
    let sentinel = (0..36).map(NodeId).find(|id| mesh.accepts_board(*id).is_err());
    let sentinel = sentinel.expect("the thicket has sentinels");
    let refused = mesh.accepts_board(sentinel).expect_err("a sentinel").to_string();
    assert!(refused.contains("sentinel"), "{refused}");
    assert_eq!(mesh.accepts_board(NodeId(36)), Err(BoardError::NoNode(NodeId(36))));
    let poll = |sender: u32, at_us: u64| {
        let message = qres_core::packet::Message::Poll { to: NodeId(0) };
        said(NodeId(sender), &Outgoing { message, round: 1, at_us })
    };
    let heard = |frames: Vec<SaidFrame>| BoardInput::Heard(Said { frames, ..Said::default() });
    let mut torn = poll(id.0, 5);
    torn.bytes[3] ^= 1;
    let mut empty = poll(id.0, 5);
    empty.bytes.clear();
    let table = [
        (vec![poll(id.0 + 1, 5)], "another node's name"),
        (vec![poll(id.0, 1_000_000)], "after the tick's end"),
        (vec![torn], "header or checksum"),
        (vec![empty], "header or checksum"),
        (vec![poll(id.0, 5); SAID_MAX + 1], "17 messages"),
    ];
    for (frames, expected) in table {
        let refused = mesh.board(id, &heard(frames)).expect_err(expected).to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    // A refused board is a simulated node.
    let mut other = crate::common::mesh(&parsed(THICKET), 1);
    mesh.step();
    other.step();
    assert_eq!(mesh.digest(), other.digest());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_an_input_or_none(bytes in proptest::collection::vec(0_u8..4, 0..64)) {
        if let Some(input) = BoardInput::from_bytes(&bytes) {
            proptest::prop_assert_eq!(input.to_bytes(), bytes);
        }
    }
}
