//! Boards in a run that is driven on a thread of its own, as the window has it: connected and let
//! go in mid-run, gone back over, forked, and recorded.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::bench::{Bench, folder};
use crate::live::{FIELD, PATIENCE_US, field, qres};
use crate::metal::{FLAW_TICK, Powered};
use qres::bridge::Lamp;
use qres::bridge::hub::{Hub, HubStatus};
use qres::bridge::pacing::Stopwatch;
use qres::mesh::Mesh;
use qres::mesh::chronicle::Lane;
use qres::mesh::plan::Plan;
use qres::mesh::publish::{NodeView, Scene};
use qres::pace::{self, Intent, Pace, SPEED_MAX_MILLI, Start};
use qres::record::deck::Deck;
use qres::record::recording::RecorderOptions;
use qres::scenario::Command;
use qres_core::id::NodeId;

/// A run with a hub and a deck.
struct Stand {
    pace: Pace,
    hub: Hub,
    deck: Deck,
    thread: JoinHandle<Mesh>,
}

impl Stand {
    /// A run that is paused before its first tick.
    fn new() -> Self {
        let scenario = field();
        let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
        let scene = Scene::new(&scenario, &plan);
        let options = RecorderOptions {
            name: "field".into(),
            scenario: FIELD.into(),
            ..RecorderOptions::default()
        };
        let (deck, observer) = Deck::new(options, None);
        let (hub, live) = Hub::new();
        let start = Start {
            speed_milli: SPEED_MAX_MILLI,
            observer: Some(observer),
            live: Some(live),
            ..Start::new(Mesh::new(plan, 1), scene)
        };
        let (pace, thread) = pace::begin(start).expect("a thread");
        pace.send(Intent::Pause(true));
        Self { pace, hub, deck, thread }
    }

    /// Waits until something holds.
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let watch = Stopwatch::default();
        while !holds(self) {
            let status = self.hub.status();
            let late = watch.now_us() > 3 * PATIENCE_US;
            assert!(!late, "{what}: tick {}, {status:#?}", self.pace.travel().newest);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn connect(&self, bench: &Bench, node: Option<u32>) {
        self.hub.connect(&bench.path, node.map(NodeId));
        self.until("it greets", |stand| {
            stand.board(bench).is_some_and(|board| board.state != "unplugged")
                && stand.lamp(bench) == Some(Lamp::Waiting)
                && stand.board(bench).is_some_and(|board| !board.build.is_empty())
        });
    }

    fn board(&self, bench: &Bench) -> Option<qres::bridge::mirror::BoardStatus> {
        let HubStatus { boards, .. } = &*self.hub.status();
        boards.iter().find(|board| board.port == bench.path).cloned()
    }

    fn lamp(&self, bench: &Bench) -> Option<Lamp> {
        self.board(bench).map(|board| board.lamp())
    }

    /// Runs so many ticks more, and stops.
    fn run(&self, ticks: u64) {
        let to = self.pace.travel().newest + ticks;
        self.go(to);
    }

    fn go(&self, tick: u64) {
        self.pace.send(Intent::Seek(tick));
        self.until("it gets there", |stand| {
            let travel = stand.pace.travel();
            travel.now == tick && travel.work.is_none()
        });
    }

    /// What was said last.
    fn message(&self) -> String {
        self.pace.travel().message.map_or_else(String::new, |(_, text)| text.to_string())
    }

    /// What the lane of boards has, with ticks.
    fn words(&self) -> Vec<(u64, String)> {
        let news = self.pace.news(0).events;
        let of_boards = news.into_iter().filter(|event| event.what.lane() == Lane::Board);
        of_boards.map(|event| (event.tick, event.what.title())).collect()
    }

    /// The nodes that are shown as boards.
    fn shown(&self) -> Vec<usize> {
        let published = self.pace.latest();
        let all = published.nodes.iter().enumerate();
        all.filter(|(_, NodeView { hardware, .. })| *hardware).map(|(id, _)| id).collect()
    }

    fn end(self) -> Mesh {
        drop(self.pace);
        self.thread.join().expect("no panic")
    }
}

fn bench(folder: &Path, seed: u64) -> Bench {
    Bench::start(folder, &format!("b{seed}"), seed, Box::new(Powered::<false>::new(seed)))
}

#[test]
fn a_board_comes_goes_and_comes_back_while_the_run_goes_on() {
    let bench = bench(&folder("driven"), 1);
    let stand = Stand::new();
    stand.hub.connect(&bench.path, Some(NodeId(99)));
    stand.until("it is refused", |stand| stand.hub.status().told.is_some());
    let (_, told) = stand.hub.status().told.clone().expect("told");
    assert!(told.contains("is not connected: there is no node 99"), "{told}");
    stand.run(5);
    assert!(stand.shown().is_empty(), "nobody is a board yet");
    stand.connect(&bench, Some(21));
    stand.run(20);
    assert_eq!(stand.shown(), [21]);
    stand.until("lamp", |stand| stand.lamp(&bench) == Some(Lamp::Connected));
    let board = stand.board(&bench).expect("there");
    let counts = board.counts;
    assert_eq!((counts.missed, counts.diverged), (0, 0), "ticks waited for it: {board:#?}");
    // While the clock stands, the link lives.
    let answers = board.latency.answers;
    stand.until("pings", |stand| {
        stand.board(&bench).is_some_and(|board| board.latency.answers > answers)
    });
    bench.control.plug(false);
    stand.until("lost", |stand| stand.lamp(&bench) == Some(Lamp::Lost));
    stand.run(5);
    assert_eq!(stand.shown(), [21], "it is silent, not gone");
    bench.control.plug(true);
    stand.run(5);
    stand.until("back", |stand| stand.lamp(&bench) == Some(Lamp::Connected));
    stand.run(3);
    stand.hub.disconnect(&bench.path);
    stand.until("let go", |stand| stand.hub.status().boards.is_empty());
    stand.run(2);
    assert!(stand.shown().is_empty(), "it is simulated again");
    let words = stand.words();
    let said = |text: &str| words.iter().any(|(_, word)| word.contains(text));
    for text in ["is node 21 now: host qres-host", "is unplugged", "is back", "simulated again"] {
        assert!(said(text), "{text}: {words:#?}");
    }
    // The past shows what was: a board in these ticks, none before and after.
    for (tick, expected) in [(5, &[][..]), (10, &[21]), (25, &[21]), (30, &[21]), (40, &[])] {
        if tick <= stand.pace.travel().newest {
            stand.go(tick);
            assert_eq!(stand.shown(), expected, "tick {tick}");
        }
    }
    stand.end();
}

#[test]
fn a_board_that_parts_is_named_and_a_fork_has_its_recording() {
    let folder = folder("parts");
    let good = bench(&folder, 3);
    let flawed = Bench::start(&folder, "flawed", 2, Box::new(Powered::<true>::new(2)));
    let stand = Stand::new();
    stand.connect(&good, Some(14));
    stand.connect(&flawed, None);
    stand.run(20);
    // In mid-run, and of the whole run all the same.
    let kept = folder.join("driven.ron");
    stand.deck.begin(kept.clone());
    stand.run(FLAW_TICK);
    stand.until("it is caught", |stand| {
        stand.board(&flawed).is_some_and(|board| board.divergence.is_some())
    });
    let board = stand.board(&flawed).expect("there");
    let found = board.divergence.clone().expect("caught");
    assert!((FLAW_TICK..FLAW_TICK + 3).contains(&found.tick), "{found}");
    assert!(board.agreed_tick < Some(found.tick) && board.agreed_digest.len() == 8, "{board:#?}");
    let same = stand.board(&good).expect("there");
    assert!(same.divergence.is_none() && same.agreed_tick > Some(found.tick), "{same:#?}");
    let named = format!("(node {}) parts from its twin in tick {}", board.node, found.tick);
    stand.until("it is told", |stand| stand.words().iter().any(|(_, said)| said.contains(&named)));
    // A fork without a change never parts: there the boards do what they did, now and then.
    stand.pace.send(Intent::Fork { tick: Some(30), of_other: false, changes: Vec::new() });
    stand.until("both are shown", |stand| stand.pace.other().is_some());
    assert!(stand.message().contains("boards stay in the first world"), "{}", stand.message());
    stand.run(6);
    let forked = stand.pace.travel().forked.expect("a fork");
    assert_eq!((forked.parted, forked.same_up_to), (None, stand.pace.travel().newest));
    stand.pace.send(Intent::Keep);
    stand.until("it is refused", |stand| stand.message().starts_with("not kept: boards"));
    stand.pace.send(Intent::Unfork);
    stand.pace.send(Intent::Command(Box::new(Command::Kill { nodes: "9".into() })));
    stand.run(4);
    let deck = stand.deck.clone();
    let mut mesh = stand.end();
    deck.finish(&mut mesh);
    let (out, said, code) = qres(&["replay", &kept.display().to_string(), "--verify"]);
    assert_eq!(code, Some(0), "it replays without the boards: {out}{said}");
    assert!(out.contains(&format!("for {} ticks", mesh.ticks())), "{out}");
}
