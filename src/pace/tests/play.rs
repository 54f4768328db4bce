//! Playing: ticks forward and backwards, commands that wait, events, bookmarks, scripts.

use std::sync::{Arc, Mutex};

use super::*;
use crate::mesh::chronicle::{Kind, What};
use crate::pace::history::Series;
use crate::pace::{SPEED_MAX_MILLI, Sought, start};
use crate::scenario::LIVE;

#[test]
fn a_driven_mesh_tells_what_happens_and_keeps_its_history() {
    let Start { mesh, scene, .. } = opening("storm-front");
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
    // Else it would play on from there at once.
    pace.send(Intent::Pause(true));
    pace.send(Intent::Seek(100));
    while pace.travel().now != 100 {
        std::thread::yield_now();
    }
    let travel = pace.travel();
    assert_eq!((travel.newest, travel.is_past, travel.end), (200, true, Some(200)));
    assert_eq!(pace.latest().tick, 100);
    assert_eq!(pace.history().len(), 200, "the future is known");
    drop(pace);
    assert_eq!(thread.join().expect("it ends").ticks(), 200);
}

fn nine() -> Driver {
    stopped(Start { ticks: Some(3), ..opening(QUIET) }, 4)
}

#[test]
fn what_waits_can_be_taken_back_and_given_again() {
    let mut driver = nine();
    let mut pending = |intents: &[Intent]| {
        for intent in intents {
            driver.obey(intent.clone());
        }
        driver.report();
        let status = driver.shared.latest.lock().expect("no panic").status;
        (shown(&driver).0, status.pending, status.undone)
    };
    let texts = |ids: &[&str]| ids.iter().map(|id| format!("node {id} killed")).collect();
    let [one, two, three] = ["1", "2", "3"].map(|id| command(kill(id)));
    assert_eq!(pending(&[one, two]), (texts(&["1", "2"]), 2, 0));
    assert_eq!(pending(&[Intent::Undo, Intent::Undo, Intent::Undo]), (Vec::new(), 0, 2));
    assert_eq!(pending(&[Intent::Redo]), (texts(&["1"]), 1, 1));
    // A new command ends what could be given again.
    assert_eq!(pending(&[three, Intent::Redo]), (texts(&["1", "3"]), 2, 0));
    assert_eq!(pending(&[Intent::Undo, Intent::Step]), (Vec::new(), 0, 0));
    assert_eq!(pending(&[Intent::Undo, Intent::Redo]), (Vec::new(), 0, 0));
    assert_eq!(driver.first.script, [(0, kill("1"))]);
    assert_eq!(driver.first.newest.commands().len(), 1);
    assert_eq!(driver.first.newest.orders().killed, [1]);
}

#[test]
fn one_of_what_waits_is_taken_back_by_its_number() {
    let mut driver = nine();
    for node in ["1", "2", "3"] {
        driver.obey(command(kill(node)));
    }
    let second = driver.first.newest.orders().pending[1].0;
    driver.obey(Intent::TakeBack(second));
    driver.obey(Intent::TakeBack(second));
    assert_eq!(shown(&driver).0, ["node 1 killed", "node 3 killed"]);
    assert_eq!(driver.first.newest.orders().waiting.len(), 2);
    assert_eq!(driver.first.script.len(), 2);
    driver.obey(Intent::Redo);
    assert_eq!(shown(&driver).0[2], "node 2 killed");
    let order: Vec<String> = driver.first.script.iter().map(|(_, c)| c.describe()).collect();
    assert_eq!(order, ["node 1 killed", "node 3 killed", "node 2 killed"]);
}

#[test]
fn selectors_pointers_and_parameters_are_answered() {
    let mut driver = nine();
    let answer = |driver: &Driver| driver.lock().choice.clone().map(|c| c.nodes.clone());
    driver.obey(Intent::Choose("2-4 & !3".to_owned()));
    assert_eq!(answer(&driver), Some(Ok(vec![2, 4])));
    driver.obey(Intent::Mean("all & !0-6".to_owned()));
    let meant = driver.lock().meant.clone().map(|meant| meant.nodes.clone());
    assert_eq!(meant, Some(Ok(vec![7, 8])));
    assert_eq!(answer(&driver), Some(Ok(vec![2, 4])), "what is picked is as before");
    driver.obey(Intent::Choose("12".to_owned()));
    assert!(answer(&driver).is_some_and(|nodes| nodes.is_err()));
    driver.obey(command(kill("1")));
    driver.obey(Intent::Point(Some(1)));
    driver.obey(Intent::Step);
    let pointed = driver.lock().pointed.clone().expect("a node");
    assert_eq!((pointed.id, pointed.reasons[0].as_str()), (1, "without power"));
    let place = LIVE.iter().position(|live| live.field == "protocol.quorum").expect("one");
    let before = driver.lock().parameters[place].expect("a quorum");
    let (field, value) = ("protocol.quorum".to_owned(), before + 1.0);
    driver.obey(command(Command::SetProtocol { field, value }));
    driver.obey(Intent::Step);
    assert_eq!(driver.lock().parameters[place], Some(before + 1.0));
}

#[test]
fn what_is_refused_is_told() {
    let mut driver = nine();
    driver.obey(command(kill("12")));
    driver.obey(command(kill("off")));
    assert!(shown(&driver).1[0].starts_with("not done (node 12 killed): `command.nodes` has"));
    driver.obey(Intent::Step);
    let notices = shown(&driver).1;
    assert!(notices[1].contains("\"off\" is no node at the moment"), "{notices:?}");
    driver.obey(Intent::Step);
    driver.obey(Intent::Step);
    driver.obey(command(kill("1")));
    assert!(shown(&driver).1[2].ends_with("): the run is over"));
}

#[test]
fn backwards_shows_what_was_shown_before() {
    let mut driver = stopped(opening(BUSY), 32);
    driver.obey(Intent::Select(Some(2)));
    let mut frames = vec![driver.frame()];
    for _ in 0..100 {
        driver.obey(Intent::Step);
        frames.push(driver.frame());
    }
    driver.obey(Intent::Reverse(true));
    for tick in (0..100).rev() {
        // Time to work is given out sparsely: a tick whose copy is not there yet waits.
        while !driver.back() {
            assert!(driver.wind(), "tick {tick} is on its way");
        }
        let (found, wanted) = (driver.frame().published, &frames[tick].published);
        assert_eq!((found.tick, &found.nodes), (tick as u64, &wanted.nodes));
        assert_eq!((&found.packets, found.summary), (&wanted.packets, wanted.summary), "{tick}");
        assert!(driver.frame().details[0].is_some());
    }
    assert!(!driver.back());
    assert_eq!(message(&driver), "this is where the run begins");
    // From wherever it is, it goes on.
    steps(&mut driver, 2);
    assert_eq!(driver.frame().published.nodes, frames[2].published.nodes);
    ask(&mut driver, Intent::StepBack);
    ask(&mut driver, Intent::StepBack);
    ask(&mut driver, Intent::StepBack);
    assert_eq!(driver.now(), 0);
    assert_eq!(driver.first.reached(), 100);
}

#[test]
fn the_next_event_is_found_in_the_past_and_ahead() {
    let mut driver = stopped(Start { ticks: Some(160), ..opening(BUSY) }, 32);
    let run = |driver: &mut Driver, kind, backwards, ticks_max| {
        let sought = Sought::Kind(kind);
        ask(driver, Intent::RunTo { sought, backwards, ticks_max });
        (driver.now(), driver.first.reached())
    };
    assert_eq!(run(&mut driver, Kind::StormBegins, false, 1_000), (61, 61));
    assert_eq!(run(&mut driver, Kind::StormEnds, false, 30), (91, 91));
    assert_eq!(
        message(&driver),
        "a storm ends: never between ticks 61 and 91; 30 ticks were looked through: look again to \
         go on"
    );
    assert_eq!(run(&mut driver, Kind::Command, true, 1_000), (81, 91));
    assert_eq!(run(&mut driver, Kind::Command, true, 1_000), (71, 91));
    assert_eq!(run(&mut driver, Kind::Command, true, 1_000), (31, 91));
    assert_eq!(run(&mut driver, Kind::Command, true, 1_000), (31, 91));
    assert_eq!(message(&driver), "a command takes effect: never between ticks 0 and 31");
    assert_eq!(run(&mut driver, Kind::StormBegins, false, 1_000), (61, 91));
    assert_eq!(run(&mut driver, Kind::Command, false, 1_000), (71, 91));
    assert_eq!(run(&mut driver, Kind::Revived, false, 1_000), (111, 111));
    let notes = driver.first.events.len();
    assert_eq!(run(&mut driver, Kind::StormBegins, true, 1_000), (61, 111));
    assert_eq!(run(&mut driver, Kind::Cascade, false, 1_000), (160, 160));
    assert!(driver.first.events.len() >= notes);
    let ticks: Vec<u64> = driver.first.events.since(0).map(|event| event.tick).collect();
    assert!(ticks.is_sorted(), "no event is told twice");
}

#[test]
fn ticks_have_names() {
    let mut driver = stopped(opening(QUIET), 8);
    steps(&mut driver, 3);
    for (tick, name) in [(Some(2), "b"), (None, "c"), (Some(1), "a"), (Some(2), "B")] {
        ask(&mut driver, Intent::Bookmark { tick, name: name.to_owned() });
    }
    ask(&mut driver, Intent::Unmark(1));
    ask(&mut driver, Intent::Bookmark { tick: Some(9), name: "x".repeat(200) });
    let travel = driver.travel();
    let marks: Vec<_> = travel.bookmarks.iter().map(|mark| (mark.tick, mark.name.len())).collect();
    assert_eq!(marks, [(2, 1), (3, 1), (9, 80)]);
    assert_eq!(travel.bookmarks[0].name, "B");
}

#[test]
fn a_script_is_played_and_held_against_its_checkpoints() {
    let script = vec![(5, kill("1")), (9, kill("2")), (9, kill("3"))];
    let mut played = stopped(opening(QUIET), 8);
    let mut checkpoints = Vec::new();
    for tick in 0..20 {
        for (_, order) in script.iter().filter(|(at, _)| *at == tick) {
            ask(&mut played, command(order.clone()));
        }
        steps(&mut played, 1);
        if tick % 4 == 3 {
            checkpoints.push((tick + 1, played.first.newest.sections()));
        }
    }
    let replay = |script: Vec<(u64, Command)>| {
        let kept = checkpoints.clone();
        let verifier: crate::pace::Verifier = Box::new(move |mesh| {
            let here = kept.iter().find(|(tick, _)| *tick == mesh.ticks());
            let Some((tick, wanted)) = here else { return Ok(false) };
            let same = mesh.sections() == *wanted;
            same.then_some(true).ok_or(format!("another state at tick {tick}"))
        });
        let verifier = Some(verifier);
        let start = Start { ticks: Some(20), script, is_replay: true, ..opening(QUIET) };
        let mut driver = stopped(Start { verifier, ..start }, 8);
        steps(&mut driver, 25);
        driver
    };
    let mut same = replay(script.clone());
    let verified = same.travel().verified;
    assert_eq!((verified.held, verified.up_to), (5, 20));
    assert_eq!((verified.mismatch, same.now()), (None, 20));
    assert_eq!(same.first.newest.digest(), played.first.newest.digest());
    ask(&mut same, Intent::Seek(7));
    assert_eq!(same.travel().verified.held, 5, "what is run again is not held again");
    let verified = replay(script[..2].to_vec()).travel().verified;
    let mismatch = verified.mismatch.expect("another run");
    assert_eq!((verified.up_to, mismatch.tick), (8, 12));
    assert_eq!(&*mismatch.text, "another state at tick 12");
}

#[test]
fn a_keeper_hears_of_a_kept_world_and_the_observer_goes_on_with_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let [observer, keeper] = [false, true].map(|kept| {
        let log = Arc::clone(&seen);
        let look = move |mesh: &mut Mesh| {
            let commands = mesh.commands_from_outside(0).count();
            log.lock().expect("whole").push((mesh.ticks(), commands, kept));
        };
        Some(Box::new(look) as crate::pace::Observer)
    });
    let mut driver = stopped(Start { observer, keeper, ..opening(QUIET) }, 4);
    ask(&mut driver, Intent::Seek(6));
    ask(&mut driver, Intent::Seek(2));
    ask(&mut driver, Intent::Command(Box::new(Command::Kill { nodes: "1".to_owned() })));
    ask(&mut driver, Intent::Seek(6));
    ask(&mut driver, Intent::Keep);
    ask(&mut driver, Intent::Seek(7));
    let seen = seen.lock().expect("whole");
    let wanted = [(6, 0, false), (6, 1, true), (7, 1, false)];
    assert!(seen.ends_with(&wanted), "{seen:?}");
}

#[test]
fn an_observer_sees_every_new_tick_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let observer: crate::pace::Observer =
        Box::new(move |mesh| kept.lock().expect("no panic").push(mesh.ticks()));
    let mut driver = stopped(Start { observer: Some(observer), ..opening(QUIET) }, 4);
    steps(&mut driver, 6);
    ask(&mut driver, Intent::Seek(2));
    ask(&mut driver, Intent::Seek(9));
    ask(&mut driver, Intent::Fork { tick: Some(4), of_other: false, changes: vec![kill("1")] });
    ask(&mut driver, Intent::Seek(11));
    ask(&mut driver, Intent::Keep);
    ask(&mut driver, Intent::Seek(13));
    assert_eq!(*seen.lock().expect("no panic"), (1..=11).collect::<Vec<_>>());
    assert!(message(&driver).starts_with("the recording ends here"));
}

#[test]
fn the_newest_mesh_can_go_ahead_of_what_is_shown() {
    let start = Start { ticks: Some(60), reads_ahead: true, ..opening(QUIET) };
    let mut driver = stopped(start, 8);
    let budget = Budget::start(Duration::from_mins(1));
    driver.read_ahead(&budget);
    assert_eq!((driver.now(), driver.first.reached()), (0, 60));
    let mut plain = stopped(opening(QUIET), 8);
    let wanted = digests(&mut plain, 30, |tick| tick == 30);
    ask(&mut driver, Intent::Seek(30));
    assert_eq!(digest(&mut driver), wanted[30]);
    assert_eq!(driver.histories()[0].len(), 60);
}
