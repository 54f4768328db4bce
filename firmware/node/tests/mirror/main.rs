//! The main loop over a line in memory, held against core's node: the same digests, whatever the
//! line does to the bytes, and whatever happens to the power.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

mod any;
#[path = "../flash/mod.rs"]
mod flash;
mod free;

use std::collections::VecDeque;

use flash::{Flash, SECTOR};
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::integrity::identity::PublicIdentity;
use qres_core::link::frame::{FrameReader, FrameWriter, checksum};
use qres_core::link::message::{
    Area, CAN_SENSE, CAN_SIGN, LinkMessage, Order, PIECE_MAX, Post, Refusal, Rehearsal, Sample,
    Ticked, disturbed,
};
use qres_core::node::Node;
use qres_core::q16::Q16;
use qres_core::radio::{AirConfig, Frame, Heard, MockRadio};
use qres_core::regime::Regime;
use qres_core::wake::{Role, Wake};
use qres_firmware::{Board, Firmware, Light, NEIGHBOURS};

struct Bench {
    to_board: VecDeque<u8>,
    to_host: Vec<u8>,
    now_us: u64,
    flash: Flash,
    births: u8,
    readings: u64,
    light: Light,
    sent: Vec<Vec<u8>>,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            to_board: VecDeque::new(),
            to_host: Vec::new(),
            now_us: 0,
            flash: Flash(vec![0xFF; 6 * SECTOR]),
            births: 0,
            readings: 0,
            light: Light::default(),
            sent: Vec::new(),
        }
    }
}

fn wave(tick: u64) -> Q16 {
    Q16::from_bits(20 * 65_536 + ((tick % 40) as i32 - 20).abs() * 4_000)
}

impl Board for Bench {
    type Flash = Flash;
    const PROFILE: &'static str = "bench";
    const BUILD: &'static str = "test";
    const CAPABILITIES: u32 = CAN_SENSE | CAN_SIGN;

    fn read(&mut self) -> Option<u8> {
        self.to_board.pop_front()
    }
    fn write(&mut self, bytes: &[u8]) {
        self.to_host.extend_from_slice(bytes);
    }
    fn now_us(&mut self) -> u64 {
        self.now_us
    }
    fn random(&mut self) -> [u8; 32] {
        self.births += 1;
        [self.births; 32]
    }
    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }
    fn sense(&mut self) -> Option<Q16> {
        self.readings += 1;
        Some(wave(self.readings - 1))
    }
    fn show(&mut self, light: Light) {
        self.light = light;
    }
    fn send(&mut self, frame: &[u8]) {
        self.sent.push(frame.to_vec());
    }
}

/// A host at the other end of the line.
struct Host {
    firmware: Firmware<'static, Bench>,
    writer: FrameWriter,
    reader: FrameReader,
}

/// A message that has arrived, as bytes.
type Letter = Vec<u8>;

fn read(letter: &Letter) -> LinkMessage<'_> {
    LinkMessage::read(letter).expect("boards say what can be read")
}

impl Host {
    fn new(bench: Bench) -> Self {
        let firmware = Firmware::new(bench, Box::leak(Box::default()));
        Self { firmware, writer: FrameWriter::default(), reader: FrameReader::default() }
    }

    /// All that the board has said.
    fn letters(&mut self) -> Vec<Letter> {
        let bytes = std::mem::take(&mut self.firmware.board().to_host);
        let mut letters = Vec::new();
        for byte in bytes {
            letters.extend(self.reader.push(byte).map(|arrived| arrived.message.to_vec()));
        }
        letters
    }

    fn send(&mut self, message: &LinkMessage<'_>) {
        let frame = self.writer.write(message).expect("it fits");
        self.firmware.board().to_board.extend(frame);
    }

    fn turn(&mut self) -> Vec<Letter> {
        while !self.firmware.board().to_board.is_empty() {
            self.firmware.step();
        }
        self.letters()
    }

    fn ask(&mut self, message: &LinkMessage<'_>) -> Vec<Letter> {
        self.send(message);
        self.turn()
    }

    /// Loads an area in pieces.
    fn load(&mut self, area: Area, bytes: &[u8]) {
        for (place, piece) in bytes.chunks(PIECE_MAX).enumerate() {
            let offset = (place * PIECE_MAX) as u16;
            let answer = self.ask(&LinkMessage::Load { area, offset, bytes: piece });
            let length = offset + piece.len() as u16;
            let loaded = read(answer.last().expect("an answer"));
            assert_eq!(loaded, LinkMessage::Loaded { area, length });
        }
    }

    fn post(&mut self, config: &NodeConfig, post: Post) -> Vec<Letter> {
        let bytes = config.to_bytes();
        self.load(Area::Config, &bytes);
        let (config_bytes, config_crc) = (bytes.len() as u16, checksum([&bytes[..]]));
        self.ask(&LinkMessage::Post(Post { config_bytes, config_crc, ..post }))
    }

    fn fetch(&mut self) -> Vec<u8> {
        let mut state = Vec::new();
        loop {
            let answer = self.ask(&LinkMessage::Fetch { offset: state.len() as u16 });
            let LinkMessage::Part { bytes, total, .. } = read(&answer[0]) else { panic!("a part") };
            state.extend_from_slice(bytes);
            if bytes.is_empty() {
                assert_eq!(state.len(), usize::from(total));
                return state;
            }
        }
    }
}

fn post() -> Post {
    Post {
        node: 0,
        group: 2,
        role: 0,
        sentinel: u32::MAX,
        first_us: 0,
        join: 0,
        config_bytes: 0,
        config_crc: 0,
        free_after_ms: 0,
        neighbours: [1, 2].into_iter().collect(),
    }
}

/// Always awake, so that there is talk in every tick, cut into small frames, with models that
/// evolve.
fn talkative() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.wake.seed = 7;
    config.air.mtu_bytes = 48;
    config.evolution = Some(qres_core::evolution::EvolutionConfig::default());
    config.tuner = true;
    config
}

fn twin(config: &NodeConfig) -> Node<NEIGHBOURS> {
    let mut node = Node::new(NodeId(0), Role::Scheduled, config, &[NodeId(1), NodeId(2)]);
    node.group = qres_core::id::GroupId(2);
    node.wake = Wake::new(Role::Scheduled, NodeId::NONE, 0, config.trust.initial);
    node
}

/// A neighbour that talks back: core's own, fed with what the board said.
struct Peer {
    node: Node<4>,
    radio: MockRadio,
}

/// Frames of the messages in a radio, as another hears them.
fn frames(config: &NodeConfig, from: NodeId, radio: &mut MockRadio) -> Vec<Heard> {
    let mut heard = Vec::new();
    for outgoing in &radio.sent {
        config.air.frames(from, outgoing.round, &outgoing.message, &[], |frame| {
            let frame = Frame::from_slice(frame).expect("fits");
            heard.push(Heard { frame, at_us: outgoing.at_us });
        });
    }
    radio.sent.clear();
    heard
}

/// A tick on the board and on its twin, with these frames; what was said goes to the peer.
struct Pair {
    host: Host,
    config: NodeConfig,
    twin: Node<NEIGHBOURS>,
    air: MockRadio,
    peer: Peer,
    tick: u64,
    said: usize,
}

impl Pair {
    fn new() -> Self {
        let config = talkative();
        let mut host = Host::new(Bench::default());
        let answer = host.post(&config, post());
        let twin = twin(&config);
        let ready = answer.iter().map(read).any(|message| {
            message == LinkMessage::Ready { tick: 0, digest: twin.digest(), is_free: false }
        });
        assert!(ready, "{answer:?}");
        let mut node = Node::new(NodeId(1), Role::Scheduled, &config, &[NodeId(0)]);
        node.group = qres_core::id::GroupId(2);
        let peer = Peer { node, radio: MockRadio::default() };
        Self { host, config, twin, air: MockRadio::default(), peer, tick: 0, said: 0 }
    }

    fn step(&mut self, damage: bool) -> Ticked {
        let tick = self.tick;
        let sample = wave(tick + 11);
        self.peer.node.tick(&self.config, Tick(tick), Some(sample), &mut self.peer.radio);
        let heard: Vec<Heard> =
            frames(&self.config, NodeId(1), &mut self.peer.radio).into_iter().take(32).collect();
        let disturbance = if tick % 100 > 80 { (tick as i32 % 5) << 18 } else { 0 };
        let order = Order { tick, disturbance, heard: heard.len() as u8, ..Order::default() };
        let (ticked, said) = self.exchange(&order, &heard, damage);
        // The twin: fed with what the board says it sensed, and with the frames.
        for one in &heard {
            self.air.incoming.push_back(one.clone()).expect("room");
        }
        let taken = Q16::from_bits(ticked.sample.expect("a sensor"));
        assert_eq!(taken, disturbed(Q16::from_bits(ticked.raw.expect("a sensor")), disturbance));
        self.twin.tick(&self.config, Tick(tick), Some(taken), &mut self.air);
        assert_eq!(ticked.digest, self.twin.digest(), "tick {tick}");
        assert_eq!(ticked.sections, self.twin.sections(), "tick {tick}");
        let all = heard.iter().map(|one| one.frame.as_slice());
        assert_eq!((ticked.heard, ticked.heard_crc), (order.heard, checksum(all)));
        // What the board said is what the twin said.
        let mut whole = self.config;
        whole.air = AirConfig::default();
        let expected = frames(&whole, NodeId(0), &mut self.air);
        assert_eq!(said, expected, "tick {tick}");
        self.said += said.len();
        for one in said {
            let _ = self.peer.radio.incoming.push_back(one);
        }
        self.tick += 1;
        ticked
    }

    /// Sends until an answer comes whole, over a line that damages a question and loses half of an
    /// answer before it lets one through.
    fn exchange(&mut self, order: &Order, heard: &[Heard], damage: bool) -> (Ticked, Vec<Heard>) {
        for attempt in 0..40_usize {
            for (index, one) in (0..).zip(heard) {
                let (tick, at_us, frame) = (order.tick, one.at_us as u32, one.frame.as_slice());
                self.host.send(&LinkMessage::Hear { tick, index, at_us, frame });
            }
            self.host.send(&LinkMessage::Tick(*order));
            if damage && attempt % 3 == 0 {
                let line = &mut self.host.firmware.board().to_board;
                let place = (attempt * 97 + order.tick as usize * 31) % line.len();
                line[place] ^= 1 << (attempt % 8);
            }
            while !self.host.firmware.board().to_board.is_empty() {
                self.host.firmware.step();
            }
            if damage && attempt % 3 == 1 {
                let line = &mut self.host.firmware.board().to_host;
                line.drain(..line.len() / 2);
            }
            let mut said = Vec::new();
            for letter in self.host.letters() {
                match read(&letter) {
                    LinkMessage::Say { index, at_us, frame, .. }
                        if usize::from(index) == said.len() =>
                    {
                        let frame = Frame::from_slice(frame).expect("fits");
                        said.push(Heard { frame, at_us: u64::from(at_us) });
                    }
                    LinkMessage::Ticked(ticked) if usize::from(ticked.said) == said.len() => {
                        return (ticked, said);
                    }
                    _ => {}
                }
            }
        }
        panic!("tick {} was never answered", order.tick)
    }
}

#[test]
fn a_mirrored_board_is_its_twin_bit_for_bit() {
    let mut pair = Pair::new();
    let mut storm = false;
    for _ in 0..400 {
        storm |= pair.step(false).telemetry.regime == Regime::Storm as u8;
    }
    assert!(pair.said > 400 && storm, "{} messages, storm {storm}", pair.said);
    assert!(pair.peer.node.neighbours[0].reputation > qres_core::q16::HALF, "it was heard");
}

#[test]
fn a_line_that_damages_and_loses_changes_nothing_but_time() {
    let mut pair = Pair::new();
    for _ in 0..60 {
        pair.step(true);
    }
    assert!(pair.said > 40);
}

#[test]
fn a_board_goes_on_from_a_snapshot_of_its_twin_and_gives_its_own() {
    let mut pair = Pair::new();
    for _ in 0..120 {
        pair.step(false);
    }
    let mut state: heapless::Vec<u8, 8192> = heapless::Vec::new();
    pair.twin.encode_to(&mut state);
    assert_eq!(pair.host.fetch(), state[..], "what it gives is what its twin is");
    // Another board, which knows nothing.
    pair.host = Host::new(Bench { births: 9, ..Bench::default() });
    pair.host.post(&pair.config.clone(), post());
    pair.host.load(Area::State, &state);
    let answer = pair.host.ask(&LinkMessage::Restore { tick: 120 });
    let digest = pair.twin.digest();
    assert_eq!(read(&answer[0]), LinkMessage::Ready { tick: 120, digest, is_free: false });
    for _ in 0..60 {
        pair.step(false);
    }
}

#[test]
fn a_greeting_names_a_key_that_is_kept_and_proves_it() {
    let greet = |host: &mut Host, nonce| {
        let answer = host.ask(&LinkMessage::Hello { versions: (1, 3), nonce });
        let LinkMessage::Greeting(greeting) = read(answer.last().expect("an answer")) else {
            panic!("a greeting")
        };
        assert_eq!((greeting.nonce, greeting.profile), (nonce, "bench"));
        let key = PublicIdentity::from_bytes(&greeting.key).expect("a key");
        assert_eq!(key.verify_greeting(nonce, greeting.proof), Ok(()));
        (greeting.key, greeting.next)
    };
    let mut host = Host::new(Bench::default());
    let first = greet(&mut host, 5);
    assert_eq!(first.1, None);
    let mut again = Host::new(host.firmware.into_board());
    let letters = again.letters();
    let LinkMessage::Greeting(unasked) = read(letters.last().expect("unasked")) else {
        panic!("a greeting")
    };
    assert_eq!((unasked.nonce, unasked.key), (0, first.0));
    assert_eq!(again.firmware.board().births, 1, "a key is made once");
}

#[test]
fn a_host_of_another_version_is_greeted_and_no_more() {
    let mut host = Host::new(Bench::default());
    host.letters();
    let answer = host.ask(&LinkMessage::Hello { versions: (2, 9), nonce: 1 });
    assert!(matches!(read(&answer[0]), LinkMessage::Greeting(greeting) if greeting.version == 1));
    let answer = host.ask(&LinkMessage::Post(post()));
    assert_eq!(read(&answer[0]), LinkMessage::Nack { sequence: 1, why: Refusal::Version });
}

#[test]
fn what_does_not_fit_is_refused_and_says_why() {
    let mut host = Host::new(Bench::default());
    host.letters();
    let mut refused = |message: &LinkMessage<'_>, expected: Refusal| {
        let answer = host.ask(message);
        let LinkMessage::Nack { why, .. } = read(&answer[0]) else { panic!("{message:?}") };
        assert_eq!(why, expected, "{message:?}");
    };
    let config_bytes = 300;
    let state = |offset| LinkMessage::Load { area: Area::State, offset, bytes: &[1; 8] };
    refused(&LinkMessage::Tick(Order::default()), Refusal::NoNode);
    refused(&LinkMessage::Fetch { offset: 0 }, Refusal::NoNode);
    refused(&LinkMessage::Release, Refusal::NoNode);
    refused(&LinkMessage::Restore { tick: 0 }, Refusal::NoNode);
    refused(&LinkMessage::Post(Post { config_bytes, ..post() }), Refusal::Config);
    refused(&LinkMessage::Post(Post { role: 3, ..post() }), Refusal::Config);
    let many = (1..=17).collect();
    refused(&LinkMessage::Post(Post { neighbours: many, ..post() }), Refusal::Unsupported);
    refused(&state(8), Refusal::Piece { length: 0 });
    refused(&LinkMessage::Missed { asked: 0, next: 0 }, Refusal::Direction);
    let answer = host.ask(&LinkMessage::Post(post()));
    assert!(matches!(read(&answer[0]), LinkMessage::Ready { tick: 0, .. }));
    let mut config = NodeConfig::default();
    config.air.signature_bytes = 64;
    let answer = host.post(&config, post());
    assert!(matches!(read(&answer[0]), LinkMessage::Nack { why: Refusal::Unsupported, .. }));
    host.load(Area::State, &[1; 8]);
    let answer = host.ask(&LinkMessage::Restore { tick: 0 });
    assert!(matches!(read(&answer[0]), LinkMessage::Nack { why: Refusal::State, .. }));
    let answer = host.ask(&LinkMessage::Tick(Order { heard: 2, ..Order::default() }));
    let why = Refusal::Frames { have: 0 };
    assert!(matches!(read(&answer[0]), LinkMessage::Nack { why: got, .. } if got == why));
    let answer = host.ask(&LinkMessage::Tick(Order { tick: 4, ..Order::default() }));
    assert_eq!(read(&answer[0]), LinkMessage::Missed { asked: 4, next: 0 });
}

#[test]
fn a_rehearsal_says_what_the_tick_will_say_and_changes_nothing() {
    let mut pair = Pair::new();
    for _ in 0..40 {
        pair.step(false);
    }
    for tick in 40..60 {
        let before = pair.host.firmware.node().expect("a node").digest();
        let asked = Rehearsal { tick, senses: true, offset: 5, ..Rehearsal::default() };
        let letters = pair.host.ask(&LinkMessage::Rehearse(asked));
        assert_eq!(pair.host.firmware.node().expect("a node").digest(), before);
        assert_eq!(letters, pair.host.ask(&LinkMessage::Rehearse(asked)), "asked twice");
        let LinkMessage::Rehearsed { raw, said, .. } = read(letters.last().expect("an answer"))
        else {
            panic!("{letters:?}")
        };
        assert_eq!(usize::from(said), letters.len() - 1);
        let sample = raw.map(|raw| asked.disturbance().bend(Q16::from_bits(raw)));
        let sample = Sample::Given(sample.expect("a sensor").to_bits());
        let done = pair.host.ask(&LinkMessage::Tick(Order { tick, sample, ..Order::default() }));
        let (told, ticked) = done.split_at(letters.len() - 1);
        assert_eq!(told, &letters[..told.len()], "tick {tick}");
        assert!(matches!(read(&ticked[0]), LinkMessage::Ticked(it) if it.said == said));
    }
}
