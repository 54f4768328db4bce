//! A conversation in memory: a session, a board, a node that is the twin, and a line that can be as
//! bad as it likes. Time is counted, not waited for.

use proptest::prelude::*;

use crate::board::{Board, Flaw};
use crate::noise::{BYTE_NS, Lane, Noise, Wire};
use qres::bridge::session::{Done, Phase, Session, Start};
use qres_core::canonical::Sink;
use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::link::frame::FrameReader;
use qres_core::link::message::{Post, Rehearsal};
use qres_core::node::Node;
use qres_core::packet::{Message, Update};
use qres_core::radio::{Frame, Heard, MockRadio};
use qres_core::wake::Role;

/// Real time between looks at the line, in microseconds.
const LOOK_US: u64 = 5_000;
/// The node's neighbours.
const PEERS: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// How long a tick waits for an answer.
const DEADLINE_US: u64 = 250_000;

struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Host, line and board.
struct Rig {
    session: Session,
    board: Board,
    up: Wire,
    down: Wire,
    /// How fast the line is, to the host and to the board.
    lanes: [Lane; 2],
    /// Neighbours that are heard in a tick; `None`: up to three.
    heard_each: Option<u32>,
    config: NodeConfig,
    twin: Node<32>,
    tick: u64,
    now_us: u64,
    joined: bool,
    /// Reads what reaches the host on its own, to count good frames.
    listener: FrameReader,
    heard: u64,
}

impl Rig {
    fn new(seed: u64) -> Self {
        let config = NodeConfig::default();
        let peers = PEERS.map(NodeId);
        Self {
            session: Session::new(seed),
            board: Board::new(seed),
            up: Wire::new(seed),
            down: Wire::new(seed + 1),
            lanes: Default::default(),
            heard_each: None,
            config,
            twin: Node::new(NodeId(9), Role::Scheduled, &config, &peers),
            tick: 0,
            now_us: 0,
            joined: false,
            listener: FrameReader::default(),
            heard: 0,
        }
    }

    fn noise(&mut self, noise: Noise) {
        (self.up.noise, self.down.noise) = (noise, noise);
    }

    fn plug(&mut self) {
        self.listener = FrameReader::default();
        self.session.opened(self.now_us);
    }

    /// Bytes cross the line, and time passes.
    fn look(&mut self) {
        self.now_us += LOOK_US;
        self.session.poll(self.now_us);
        let down = self.down.pass(&self.session.output());
        let down = self.lanes[1].pass(self.now_us, &down);
        self.board.clock_us = 7_000_000 + self.now_us + self.now_us * 40 / 1_000_000;
        self.board.take(&down);
        let up = self.up.pass(&self.board.output());
        let up = self.lanes[0].pass(self.now_us, &up);
        for byte in &up {
            self.heard += u64::from(self.listener.push(*byte).is_some());
        }
        self.session.take(self.now_us, &up);
    }

    fn state(&self) -> Vec<u8> {
        let mut bytes = Bytes(Vec::new());
        self.twin.encode_to(&mut bytes);
        bytes.0
    }

    fn start(&self) -> Start {
        let post = Post {
            node: 9,
            group: 0,
            role: 0,
            sentinel: u32::MAX,
            first_us: 0,
            join: self.tick,
            config_bytes: 0,
            config_crc: 0,
            free_after_ms: 0,
            neighbours: heapless::Vec::from_slice(&PEERS).expect("room"),
        };
        let config = self.config.to_bytes().to_vec();
        Start { tick: self.tick, post, config, state: self.state() }
    }

    /// Frames of this tick's neighbours.
    fn frames(&self) -> Vec<Heard> {
        let roll = draw(5, Purpose::Loss, 0, self.tick, 0);
        let update = |sender: u32| {
            let message = Message::Update(Update {
                origin: NodeId(sender),
                round: self.tick as u32,
                group: qres_core::id::GroupId(0),
                regime: qres_core::regime::Regime::Calm,
                polls: false,
                wire: self.config.wire,
                taps: self.twin.neuron.form().taps,
                gene: self.twin.neuron.gene(),
                weights: *self.twin.neuron.weights(),
            });
            let mut heard = Heard { frame: Frame::new(), at_us: 1_000 * u64::from(sender) };
            let header = qres_core::packet::Header {
                kind: message.kind(),
                round: self.tick as u8,
                index: 0,
                count: 1,
                sender: NodeId(sender),
            };
            header.write(&message.to_bytes(), &mut heard.frame).expect("it fits");
            heard
        };
        (1..=self.heard_each.unwrap_or(below(roll, 4) as u32)).map(update).collect()
    }

    /// A tick, as a mirror runs it.
    fn run_tick(&mut self) {
        if self.session.needs_start() {
            self.joined = true;
            self.session.start(self.now_us, self.start());
        }
        let asked = Rehearsal { tick: self.tick, senses: true, offset: 7, ..Rehearsal::default() };
        if self.joined {
            self.session.ask(self.now_us, asked);
        }
        let deadline_us = self.now_us + DEADLINE_US;
        loop {
            self.look();
            if !self.session.is_expected() || self.now_us >= deadline_us {
                break;
            }
        }
        let said = self.session.answer(self.tick);
        let sample = said.as_ref().and_then(qres::mesh::boards::Said::sample);
        let heard = self.frames();
        let mut radio = MockRadio::default();
        for heard in &heard {
            radio.incoming.push_back(heard.clone()).expect("few");
        }
        self.twin.tick(&self.config, Tick(self.tick), sample, &mut radio);
        if let Some(said) = said {
            assert_eq!(said.frames.len(), radio.sent.len(), "tick {}", self.tick);
        }
        let (digest, sections) = (self.twin.digest(), self.twin.sections());
        let (tick, harvest_uw, storm) = (self.tick, 0, 0);
        let done = Done { tick, sample, harvest_uw, storm, heard, digest, sections };
        if self.joined {
            self.session.done(self.now_us, done);
        }
        self.tick += 1;
    }

    /// Runs until board and twin stand together again; ticks that took.
    fn settle(&mut self) -> u64 {
        let from = self.tick;
        while self.tick < from + 200 {
            self.run_tick();
            (0..40).for_each(|_| self.look());
            if self.is_level() {
                return self.tick - from;
            }
        }
        panic!("not level after 200 ticks: {:?}", self.session);
    }

    fn is_level(&self) -> bool {
        let level = *self.session.phase() == Phase::Live && self.session.behind() == 0;
        level && self.board.digest() == Some(self.twin.digest())
    }

    /// Every frame that reached the host whole was made something of, or it is known why not.
    fn check_counts(&self) {
        let counts = self.session.counts();
        let told = counts.used + counts.stale + counts.notes + counts.meaningless;
        assert_eq!((counts.frames, told), (self.heard, self.heard), "{counts:?}");
    }
}

#[test]
fn on_a_good_line_nothing_is_missed() {
    let mut rig = Rig::new(1);
    rig.plug();
    rig.settle();
    for _ in 0..100 {
        rig.run_tick();
    }
    rig.settle();
    let counts = *rig.session.counts();
    let wrong = (counts.crc_errors, counts.gaps, counts.retries, counts.resyncs, counts.diverged);
    assert_eq!(wrong, (0, 0, 0, 0, 0), "{counts:?}");
    assert!(counts.missed < 3 && counts.ticks >= 101, "{counts:?}");
    assert!(rig.session.who().proven && rig.session.latency().answers > 200);
    assert_eq!(rig.session.divergence(), None);
    rig.check_counts();
}

#[test]
fn eight_neighbours_in_a_tick_are_heard_in_time_at_115200_baud() {
    let mut rig = Rig::new(1);
    rig.lanes.iter_mut().for_each(|lane| lane.byte_ns = BYTE_NS);
    rig.heard_each = Some(8);
    rig.plug();
    rig.settle();
    let before = *rig.session.counts();
    let began_us = rig.now_us;
    for _ in 0..100 {
        rig.run_tick();
    }
    let tick_us = (rig.now_us - began_us) / 100;
    rig.settle();
    let counts = *rig.session.counts();
    // The board did each tick in its time, and nothing had to be asked twice.
    assert_eq!((counts.missed, counts.retries), (before.missed, before.retries), "{counts:?}");
    assert_eq!((counts.resyncs, counts.diverged), (0, 0), "{counts:?}");
    assert!(counts.ticks - before.ticks >= 100, "{counts:?}");
    // It is the line that takes the time; both directions overlap a little.
    assert!((60_000..130_000).contains(&tick_us), "{tick_us} us a tick");
    rig.check_counts();
}

#[test]
fn the_boards_clock_is_known_through_a_line_that_loses() {
    let mut rig = Rig::new(12);
    rig.plug();
    rig.settle();
    rig.noise(Noise { loss: 20, twice: 100, ..Noise::default() });
    while rig.now_us < 200_000_000 {
        rig.run_tick();
        (0..200).for_each(|_| rig.look());
    }
    let known = rig.session.clock(rig.now_us).expect("answers");
    let ahead_us = 7_000_000 + rig.now_us as i64 * 40 / 1_000_000;
    assert!(known.offset_us.abs_diff(ahead_us) <= known.bound_us + 500, "{known:?}");
    assert!(known.bound_us <= 3_000 && known.answers > 100, "{known:?}");
    assert!(known.drift_ppm.is_some_and(|ppm| ppm.abs_diff(40) <= 5), "{known:?}");
    // A board that starts anew has another clock, which is known anew.
    rig.board.reset();
    rig.settle();
    assert_eq!(rig.session.divergence(), None);
}

#[test]
fn each_fault_is_survived() {
    let one = |change: fn(&mut Noise)| {
        let mut noise = Noise::default();
        change(&mut noise);
        noise
    };
    let table = [
        ("random bytes", one(|n| n.garbage = 300)),
        ("lost bytes", one(|n| n.loss = 300)),
        ("chunks twice", one(|n| n.twice = 300)),
        ("chunks in another order", one(|n| n.swapped = 300)),
        ("one bit in a thousand", one(|n| n.bits = 1)),
        ("one bit in ten", one(|n| n.bits = 100)),
        ("silence", one(|n| n.silence = true)),
        ("everything", Noise::ALL),
    ];
    for (name, noise) in table {
        let mut rig = Rig::new(3);
        rig.plug();
        rig.settle();
        rig.noise(noise);
        (0..60).for_each(|_| rig.run_tick());
        let counts = *rig.session.counts();
        let seen = counts.crc_errors + counts.gaps + counts.retries + counts.stale;
        assert!(seen > 0, "{name}: nothing was wrong: {counts:?}");
        rig.noise(Noise::default());
        rig.settle();
        assert_eq!(rig.session.divergence(), None, "{name}");
        rig.check_counts();
    }
}

#[test]
fn a_board_that_was_half_told_does_not_pass_for_its_node() {
    let mut rig = Rig::new(8);
    (0..12).for_each(|_| rig.run_tick());
    let until = |rig: &mut Rig, holds: &dyn Fn(&Rig) -> bool| {
        let looks = (0..2_000)
            .take_while(|_| {
                !holds(rig) && {
                    rig.look();
                    true
                }
            })
            .count();
        assert!(looks < 2_000, "{:?}", rig.session.phase());
    };
    rig.plug();
    until(&mut rig, &|rig| rig.session.needs_start());
    rig.joined = true;
    let start = rig.start();
    rig.session.start(rig.now_us, start);
    // It has a node, and not yet the state of that.
    until(&mut rig, &|rig| rig.board.digest().is_some());
    rig.noise(Noise { silence: true, ..Noise::default() });
    until(&mut rig, &|rig| *rig.session.phase() == Phase::Silent);
    rig.noise(Noise::default());
    until(&mut rig, &|rig| *rig.session.phase() != Phase::Silent);
    assert_eq!(*rig.session.phase(), Phase::Greeted);
    (0..30).for_each(|_| rig.run_tick());
    assert!(rig.session.divergence().is_none(), "{:?}", rig.session.divergence());
    assert!(rig.session.counts().ticks > 20, "{:?}", rig.session.counts());
}

#[test]
fn a_reset_board_gets_its_state_back() {
    let mut rig = Rig::new(4);
    rig.plug();
    rig.settle();
    for round in 1..=3 {
        (0..7).for_each(|_| rig.run_tick());
        rig.board.reset();
        if round == 2 {
            // Its greeting is lost too.
            let _ = rig.board.output();
        }
        (0..7).for_each(|_| rig.run_tick());
        rig.settle();
        assert_eq!(rig.session.counts().resyncs, round);
    }
    assert_eq!(rig.session.counts().resets, 2);
    assert_eq!(rig.session.divergence(), None);
    rig.check_counts();
}

#[test]
fn unplugged_it_catches_up_or_begins_from_the_twins_state() {
    for (ticks, resyncs) in [(5, 0), (20, 0), (100, 1)] {
        let mut rig = Rig::new(5);
        rig.plug();
        rig.settle();
        let done = rig.session.counts().ticks;
        rig.session.closed();
        let silence = Noise { silence: true, ..Noise::default() };
        rig.noise(silence);
        (0..ticks).for_each(|_| rig.run_tick());
        rig.noise(Noise::default());
        rig.plug();
        rig.settle();
        let counts = *rig.session.counts();
        assert_eq!(counts.resyncs, resyncs, "{ticks} ticks away: {counts:?}");
        assert!(counts.missed == 0 && (resyncs == 1 || counts.ticks >= done + ticks), "{counts:?}");
    }
}

#[test]
fn a_wrong_version_is_refused_with_a_remedy() {
    let mut rig = Rig::new(6);
    rig.board.version = 2;
    rig.plug();
    (0..10).for_each(|_| rig.run_tick());
    let Phase::Refused(why) = rig.session.phase() else { panic!("{:?}", rig.session.phase()) };
    assert!(why.contains("version 2") && why.contains("flash the firmware"), "{why}");
    // It is flashed, and starts anew.
    rig.board = Board::new(6);
    rig.settle();
    assert_eq!(rig.session.divergence(), None);
}

#[test]
fn a_firmware_of_other_rules_is_told_what_to_flash() {
    let mut rig = Rig::new(9);
    rig.board.flaw = Flaw::Rules;
    rig.plug();
    let states = (0..60).map(|_| {
        rig.run_tick();
        rig.session.state()
    });
    let states: Vec<_> = states.filter(|(_, why)| !why.is_empty()).collect();
    let words: Vec<&str> = states.iter().map(|(word, _)| *word).collect();
    assert!(words.contains(&"greeted") && words.last() == Some(&"refused"), "{states:?}");
    assert!(states.iter().all(|(_, why)| why.contains("flash the firmware that came with")));
}

#[test]
fn bytes_that_are_no_frames_are_told_from_silence() {
    let mut rig = Rig::new(10);
    assert_eq!(rig.session.state(), ("unplugged", String::new()));
    rig.session.opened(0);
    assert_eq!(rig.session.state(), ("silent", String::new()));
    rig.session.take(1_000, &[0x55; 40]);
    rig.session.take(2_000, b"ets Jul 29 2019\r\n\0");
    let (word, why) = rig.session.state();
    assert!(word == "garbled" && why.starts_with("58 bytes have come"), "{word}: {why}");
    assert!(why.contains("115200") && why.contains("another firmware"), "{why}");
    rig.settle();
    assert_eq!(rig.session.state(), ("live", String::new()));
}

#[test]
fn a_flaw_of_one_bit_is_found_in_its_tick_and_its_part() {
    let table = [(Flaw::Sample(30), "sensing"), (Flaw::Harvest(30), "energy")];
    for (flaw, section) in table {
        let mut rig = Rig::new(7);
        rig.board.flaw = flaw;
        rig.plug();
        rig.settle();
        while rig.tick < 60 {
            rig.run_tick();
        }
        let found = rig.session.divergence().expect("found").clone();
        let late = found.tick - 30;
        assert!(late <= 1 && found.sections.contains(&section), "{flaw:?}: {found}");
        assert!(rig.session.counts().diverged >= 28, "{:?}", rig.session.counts());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the line does for a while, the conversation goes on afterwards.
    #[test]
    fn any_bad_line_is_survived(
        seed: u64,
        garbage in 0_u64..300,
        loss in 0_u64..300,
        twice in 0_u64..300,
        swapped in 0_u64..300,
        ticks in 1_u64..60,
        reset: bool,
    ) {
        let mut rig = Rig::new(seed >> 1);
        rig.noise(Noise { garbage, loss, twice, swapped, ..Noise::default() });
        rig.plug();
        for tick in 0..ticks {
            rig.run_tick();
            if reset && tick == ticks / 2 {
                rig.board.reset();
            }
        }
        rig.noise(Noise::default());
        rig.settle();
        prop_assert_eq!(rig.session.divergence(), None);
        rig.check_counts();
    }

    /// No bytes bring a conversation to its knees.
    #[test]
    fn any_bytes_are_taken(pieces in prop::collection::vec(
        prop::collection::vec(any::<u8>(), 0..300), 1..20))
    {
        let mut session = Session::new(1);
        session.opened(0);
        for (now, piece) in (1..).zip(&pieces) {
            session.take(now * 100_000, piece);
            session.poll(now * 100_000);
        }
        prop_assert!(!matches!(session.phase(), Phase::Live));
        let counts = session.counts();
        let told = counts.used + counts.stale + counts.notes + counts.meaningless;
        prop_assert_eq!(counts.frames, told);
    }
}
