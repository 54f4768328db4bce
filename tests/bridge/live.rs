//! A mesh with boards on real pseudo-terminals: the firmware's own loop is on the other side.

use std::sync::atomic::Ordering;

use crate::bench::{Bench, folder};
use crate::board::Board;
use crate::metal::{Device, FLAW_TICK, Powered};
use crate::noise::Noise;
use crate::odd::Flawed;
use qres::bridge::mirror::{BoardStatus, Mirror};
use qres::bridge::news::News;
use qres::bridge::pacing::{Stopwatch, gather, run_tick, settle};
use qres::bridge::port::Port;
use qres::mesh::Mesh;
use qres::mesh::boards::BoardInput;
use qres::mesh::plan::Plan;
use qres::scenario::Scenario;
use qres_core::id::NodeId;

/// Time that boards get to appear and to catch up.
pub const PATIENCE_US: u64 = 10_000_000;
/// How long a tick waits for what boards say, where something is waited for.
const ANSWER_US: u64 = 100_000;

/// A mesh in which everyone hears eight others, under a storm from tick 60 on.
pub const FIELD: &str = r#"(title: "Field", watch_for: "Boards.", seed: 5,
    nodes: (count: 36, layout: Grid(columns: 6, spacing_mm: 10000)),
    radio: (range_mm: 15000),
    twt: (calm_ms: 4000, prestorm_ms: 4000, storm_ms: 4000, window_ms: 3000,
        storm_window_ms: 3000),
    signals: [(modality: "heat", source: Synthetic(level: 20.0, noise: 0.4))],
    storms: [(from_tick: 60, to_tick: 400, path: [(tick: 60, x_mm: 0, z_mm: 0)],
        radius_mm: 60000, intensity: 12.0)])"#;

/// The scenario of it.
pub fn field() -> Scenario {
    Scenario::parse("field.ron", FIELD).unwrap_or_else(|problem| panic!("{problem:#}"))
}

/// A mesh with boards, and all that was brought in.
pub struct Rig {
    pub mesh: Mesh,
    pub mirror: Mirror,
    pub benches: Vec<Bench>,
    pub watch: Stopwatch,
    pub inputs: Vec<(u64, NodeId, BoardInput)>,
    news: News,
    /// What was told of the boards, a line for each thing.
    pub told: Vec<String>,
}

impl Rig {
    /// A mesh with these boards, as far apart as there is room for them.
    pub fn new(benches: Vec<Bench>) -> Self {
        Self::at(1, benches)
    }

    /// The same with a host whose clock runs so many times as fast.
    pub fn at(times: u32, benches: Vec<Bench>) -> Self {
        let scenario = field();
        let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
        let mut mesh = Mesh::new(plan, 1);
        let places = mesh.board_places();
        let apart = places.len() / benches.len().max(1);
        let ports = benches
            .iter()
            .zip(places.into_iter().step_by(apart))
            .map(|(bench, node)| (Port::start(&bench.path).expect("a thread"), node));
        let mut mirror = Mirror::new(ports.collect(), 0, 77);
        let watch = Stopwatch::fast(times);
        gather(&mut mirror, &mut mesh, &watch, PATIENCE_US / 4);
        let (inputs, told) = (Vec::new(), Vec::new());
        Self { mesh, mirror, benches, watch, inputs, news: News::default(), told }
    }

    pub fn run(&mut self, ticks: u64) {
        self.run_for(ticks, 0);
    }

    /// The same with ticks that take so long at least.
    fn run_for(&mut self, ticks: u64, tick_us: u64) {
        for _ in 0..ticks {
            let (tick, due_us) = (self.mesh.ticks(), self.watch.now_us() + tick_us);
            let given = run_tick(&mut self.mirror, &mut self.mesh, &self.watch, due_us);
            self.inputs.extend(given.into_iter().map(|(node, input)| (tick, node, input)));
            let (moves, status) = (self.mirror.moves(), self.mirror.status());
            let lines = self.news.take(&status, &moves, self.watch.now_us());
            self.told.extend(lines.into_iter().map(|line| line.text));
        }
    }

    /// Runs ticks until something holds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let until_us = self.watch.now_us() + 3 * PATIENCE_US;
        while !holds(self) {
            let status = self.status();
            let late = self.watch.now_us() > until_us;
            assert!(!late, "{what}: {:#?}\n{status:#?}", self.told);
            // A busy machine needs time for an answer.
            self.run_for(1, ANSWER_US);
        }
    }

    /// Lines that were told with all of these words.
    pub fn lines(&self, words: &[&str]) -> usize {
        let has = |line: &&String| words.iter().all(|word| line.contains(word));
        self.told.iter().filter(has).count()
    }

    /// How the board at a port does.
    pub fn board(&self, place: usize) -> BoardStatus {
        let path = &self.benches[place].path;
        let status = self.status().into_iter().find(|board| board.port == *path);
        status.unwrap_or_else(|| panic!("nothing is on {path}"))
    }

    /// Runs on until every board stands where its twin stands.
    pub fn settle(&mut self) {
        let until_us = self.watch.now_us() + PATIENCE_US;
        while self.watch.now_us() < until_us {
            self.run(1);
            if settle(&mut self.mirror, &self.watch, 200_000) {
                return;
            }
        }
        panic!("boards are not level: {:#?}", self.mirror.status());
    }

    pub fn status(&self) -> Vec<BoardStatus> {
        self.mirror.status()
    }
}

pub fn boards(test: &str, count: u64) -> Vec<Bench> {
    let folder = folder(test);
    let each = 0..count;
    each.map(|n| Bench::start(&folder, &format!("b{n}"), n, Box::new(Powered::<false>::new(n))))
        .collect()
}

#[test]
fn boards_keep_step_with_their_twins_and_their_bytes_replay_without_them() {
    let mut rig = Rig::new(boards("step", 2));
    rig.run(120);
    rig.settle();
    for board in rig.status() {
        assert_eq!((board.state, board.behind), ("live", 0), "{board:#?}");
        let counts = board.counts;
        assert!(counts.ticks >= 121 && counts.missed < 5, "{board:#?}");
        assert_eq!((counts.crc_errors, counts.gaps, counts.resyncs), (0, 0, 0), "{board:#?}");
        assert!(board.divergence.is_none() && board.latency.answers > 240, "{board:#?}");
    }
    // The storm of tick 60 reached their lamps.
    let lamps = rig.benches.iter().map(|bench| bench.control.brightest.load(Ordering::Relaxed));
    assert!(lamps.min() > Some(20));
    let said =
        |input: &BoardInput| matches!(input, BoardInput::Heard(said) if !said.frames.is_empty());
    assert!(rig.inputs.iter().filter(|(_, _, input)| said(input)).count() > 20);
    // The same bytes for the same ticks are the same run.
    let scenario = field();
    let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
    let mut again = Mesh::new(plan, 1);
    let mut inputs = rig.inputs.iter().peekable();
    while again.ticks() < rig.mesh.ticks() {
        while let Some((_, node, input)) = inputs.next_if(|(tick, ..)| *tick == again.ticks()) {
            again.board(*node, input).expect("good input");
        }
        again.step();
    }
    assert_eq!(again.digest(), rig.mesh.digest());
}

#[test]
fn a_firmware_with_one_wrong_bit_is_caught_and_named() {
    let folder = folder("flaw");
    let good = Bench::start(&folder, "good", 1, Box::new(Powered::<false>::new(1)));
    let flawed = Bench::start(&folder, "flawed", 2, Box::new(Powered::<true>::new(2)));
    let mut rig = Rig::new(vec![good, flawed]);
    rig.run(FLAW_TICK + 10);
    let status = rig.status();
    assert!(status[0].divergence.is_none(), "{:#?}", status[0]);
    let found = status[1].divergence.as_ref().expect("caught");
    // A tick without a reading can come first.
    assert!((FLAW_TICK..FLAW_TICK + 3).contains(&found.tick), "{found}");
    assert!(found.sections.contains(&"sensing"), "{found}");
    assert!(found.to_string().contains("parts from its twin in tick 4"), "{found}");
}

#[test]
fn boards_that_nobody_waits_for_part_from_nobody() {
    let mut rig = Rig::new(boards("hurried", 3));
    for round in 0..240_u64 {
        rig.mirror.begin(&mut rig.mesh, rig.watch.now_us());
        if round % 40 == 39 {
            settle(&mut rig.mirror, &rig.watch, 200_000);
        }
        rig.mirror.give(&mut rig.mesh);
        rig.mesh.step();
        rig.mirror.after(&mut rig.mesh, rig.watch.now_us());
        if round % 3 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
    rig.settle();
    for board in rig.status() {
        assert!(board.divergence.is_none() && board.counts.missed > 100, "{board:#?}");
    }
}

#[test]
fn unplugged_reset_and_silent_boards_come_back() {
    let mut rig = Rig::new(boards("back", 3));
    rig.run(10);
    rig.benches[0].control.plug(false);
    rig.benches[1].control.reset();
    rig.benches[2].control.noise(Noise { silence: true, ..Noise::default() });
    rig.run(30);
    assert_eq!(rig.status()[0].state, "unplugged");
    rig.benches[0].control.plug(true);
    rig.benches[2].control.noise(Noise::default());
    rig.settle();
    rig.run(1);
    let status = rig.status();
    assert!(status[0].counts.opened == 2 && status[0].counts.missed > 20, "{:#?}", status[0]);
    assert!(status[1].counts.resyncs >= 1, "{:#?}", status[1]);
    assert!(status[2].counts.missed > 5, "{:#?}", status[2]);
    assert!(status.iter().all(|board| board.divergence.is_none()), "{status:#?}");
    for words in [["b0", "the line broke off"], ["b0", "is back"], ["b1", "its twin's state again"]]
    {
        assert_eq!(rig.lines(&words), 1, "{words:?}: {:#?}", rig.told);
    }
}

#[test]
fn a_clock_that_is_bent_by_command_sends_boards_away_until_it_is_right() {
    let mut rig = Rig::new(boards("bent", 1));
    rig.run(10);
    assert_eq!(rig.status()[0].state, "live");
    let give = |rig: &mut Rig, text: &str| {
        rig.mesh.command(ron::from_str(text).expect("a command")).expect("taken");
    };
    give(&mut rig, "StartFault(kind: ClockSkew(ppm: 50000))");
    rig.run(2);
    let status = rig.status();
    assert_eq!(status[0].state, "refused");
    assert!(status[0].why.contains("faults bend the clocks"), "{:?}", status[0].why);
    let (bent, heard) = (rig.mesh.ticks(), rig.inputs.len());
    rig.run(20);
    assert_eq!(rig.inputs.len(), heard, "its node is simulated: {:?}", rig.inputs.last());
    give(&mut rig, "EndFault(fault: 0)");
    rig.until("the board is back", |rig| rig.status()[0].state == "live");
    rig.settle();
    assert!(rig.status()[0].divergence.is_none(), "{:#?}", rig.status()[0]);
    assert!(rig.inputs.iter().any(|(tick, ..)| *tick > bent));
}

#[test]
fn two_boards_with_one_identity_are_told_apart() {
    let folder = folder("twins");
    let one = Bench::start(&folder, "one", 1, Box::new(Powered::<false>::new(5)));
    let two = Bench::start(&folder, "two", 2, Box::new(Powered::<false>::new(5)));
    let mut rig = Rig::new(vec![one, two]);
    rig.run(5);
    let status = rig.status();
    let is = |state: &str| status.iter().any(|board| board.state == state);
    assert!(is("live") && is("refused"), "{status:#?}");
    let why = status.iter().find(|board| board.state == "refused").map(|board| &board.why);
    assert!(why.is_some_and(|why| why.contains("same identity") && why.contains("erase")));
    assert_eq!(rig.lines(&["is refused", "same identity as the board on"]), 1, "{:#?}", rig.told);
}

/// All faults on all boards, in turn and at once, for `QRES_SOAK_S` seconds (3 if it is not set)
/// with `QRES_SOAK_BOARDS` boards (3): an hour with eight is
/// `QRES_SOAK_S=3600 QRES_SOAK_BOARDS=8 cargo test --no-default-features --test bridge soak`.
#[test]
fn soak() {
    let setting = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (seconds, count) = (setting("QRES_SOAK_S", 3), setting("QRES_SOAK_BOARDS", 3));
    let mut rig = Rig::new(crowd(count));
    rig.settle();
    let until_us = rig.watch.now_us() + seconds * 1_000_000;
    let mut round = 0_u64;
    while rig.watch.now_us() < until_us {
        round += 1;
        for (n, bench) in (0..).zip(&rig.benches) {
            let control = &bench.control;
            control.plug(true);
            control.swap(0);
            match (round + n) % 10 {
                0 => control.noise(Noise { silence: true, ..Noise::default() }),
                1 => control.noise(Noise { bits: 100, ..Noise::default() }),
                2 => control.plug(false),
                3 => control.reset(),
                4 => control.noise(Noise::default()),
                5 => control.swap(OTHER_VERSION),
                6 => control.swap(OTHERS_KEY),
                7 => control.cut(),
                _ => control.noise(Noise::ALL),
            }
        }
        rig.run_for(8, 60_000);
        if round == 20 && seconds >= 60 {
            silence(&mut rig);
        }
    }
    calm(&mut rig);
    // What was on its way when a board was unplugged is lost. From here on nobody is, and each
    // frame that was whole behind the proxy arrives, however many around it are not.
    let lost = underway(&mut rig);
    for noise in [Noise { bits: 100, ..Noise::default() }, Noise::ALL, Noise::default()] {
        rig.benches.iter().for_each(|bench| bench.control.noise(noise));
        rig.run(20);
    }
    calm(&mut rig);
    assert_eq!(underway(&mut rig), lost, "frames that were whole and did not arrive, by board");
    let mut seen = 0;
    for board in rig.status() {
        let counts = board.counts;
        let told = counts.used + counts.stale + counts.notes + counts.meaningless;
        assert_eq!(counts.frames, told, "{board:#?}");
        assert!(board.divergence.is_none(), "{board:#?}");
        seen += counts.crc_errors + counts.gaps + counts.resyncs + counts.missed;
        println!("{}", serde_json::to_string(&board).expect("plain data"));
    }
    assert!(seen > 0, "the soak must see faults");
    // Not one for each look, as when two boards with one key push each other away.
    let most = 2 * (round + 2) * count;
    assert!(rig.lines(&["now; it was on"]) as u64 <= most, "{:#?}", rig.told);
    println!("{}", rig.told.join("\n"));
    if seconds >= 60 {
        for words in ["speaks version 2", "same identity", "the line broke off", "is back"] {
            assert!(rig.lines(&[words]) > 0, "nobody told: {words}");
        }
    }
}

/// Places of the boards that a port of the soak can have.
const OTHER_VERSION: usize = 1;
const OTHERS_KEY: usize = 2;

/// Ports with a board each, one of another version beside it, and a copy of the next port's board.
fn crowd(count: u64) -> Vec<Bench> {
    let folder = folder("soak");
    let each = |n: u64| {
        let mut newer = Board::new(100 + n);
        newer.version = 2;
        let devices: Vec<Box<dyn Device>> = vec![
            Box::new(Powered::<false>::new(n)),
            Box::new(Flawed(newer)),
            Box::new(Powered::<false>::new((n + 1) % count)),
        ];
        Bench::with(&folder, &format!("b{n}"), n, devices)
    };
    (0..count).map(each).collect()
}

/// Nobody is heard for five seconds.
fn silence(rig: &mut Rig) {
    for bench in &rig.benches {
        bench.control.noise(Noise { silence: true, ..Noise::default() });
    }
    let until_us = rig.watch.now_us() + 5_000_000;
    while rig.watch.now_us() < until_us {
        rig.run(1);
    }
}

/// All boards are plugged in, their lines are clean, and they stand where their twins stand.
fn calm(rig: &mut Rig) {
    for bench in &rig.benches {
        bench.control.plug(true);
        bench.control.swap(0);
        bench.control.noise(Noise::default());
    }
    rig.settle();
}

/// Frames that were whole behind each proxy, by its own count, and were not heard: the least of
/// many looks, as some are on their way.
fn underway(rig: &mut Rig) -> Vec<i64> {
    let mut least = vec![i64::MAX; rig.benches.len()];
    for _ in 0..30 {
        rig.run(1);
        for (place, least) in least.iter_mut().enumerate() {
            let heard = rig.board(place).counts.frames as i64;
            let bench = &rig.benches[place];
            let good = bench.control.good_frames.load(Ordering::Relaxed) as i64;
            *least = (*least).min(good - heard);
        }
    }
    least
}

/// What the binary says to these arguments, and its exit code.
pub fn qres(arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_qres"));
    let done = command.args(arguments).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&done.stdout), text(&done.stderr), done.status.code())
}

#[test]
fn the_command_mirrors_boards_and_says_what_is_in_the_way() {
    let folder = folder("command");
    let good = Bench::start(&folder, "good", 1, Box::new(Powered::<false>::new(1)));
    let flawed = Bench::start(&folder, "flawed", 2, Box::new(Powered::<true>::new(2)));
    let run = ["mirror", "--headless", "--speed", "1000", "--ticks", "60", "--quiet", "--json"];
    let kept = folder.join("run.ron").display().to_string();
    let (out, said, code) = qres(&[&run[..], &["--port", &good.path, "--record", &kept]].concat());
    assert_eq!(code, Some(0), "{said}");
    let (_, said, code) = qres(&["replay", &kept, "--verify"]);
    assert_eq!(code, Some(0), "it replays without the board: {said}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let board = &report["boards"][0];
    assert_eq!((&report["ticks"], &board["state"]), (&60.into(), &"live".into()), "{report}");
    assert!(board["divergence"].is_null() && board["counts"]["ticks"] == 60, "{report}");
    let ports = ["--port", &flawed.path, "--as", "21"];
    let (_, said, code) = qres(&[&run[..], &ports].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("(node 21) parts from its twin in tick 4"), "{said}");
    let missing = folder.join("none").display().to_string();
    let table: [(&[&str], &str); 5] = [
        (&["mirror", "--port", &missing], "plug the board in"),
        (&["mirror", "--port", "/dev/null"], "cannot be opened as a serial port"),
        (&["mirror", "--port", &good.path, "--port", &good.path], "given twice"),
        (&["mirror", "--port", &good.path, "--as", "100000"], "there is no node 100000"),
        (&["mirror", "--port", &good.path, "--scenario", "none"], "none"),
    ];
    for (arguments, expected) in table {
        let (_, said, code) = qres(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let (out, said, code) = qres(&["ports", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(serde_json::from_str::<serde_json::Value>(&out).expect("JSON").is_array());
}
