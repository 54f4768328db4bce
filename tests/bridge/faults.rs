//! Each fault of a wire and of a board over real pseudo-terminals: it is survived, the run goes on
//! from where it was, and what happened is told in a line. The host's clock runs fast, so that
//! seconds of silence take none.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use crate::bench::{Bench, folder};
use crate::board::{Board, Flaw};
use crate::live::{Rig, boards};
use crate::metal::{Device, Powered};
use crate::noise::Noise;
use crate::odd::Flawed;
use qres::bridge::mirror::BoardStatus;
use qres::bridge::pacing::Stopwatch;
use qres::bridge::port::{Port, PortEvent};
use serialport::{SerialPort as _, TTYPort};

/// How much faster than real time the host's clock runs.
const TIMES: u32 = 4;

/// A board keeps step and is as its twin.
pub fn level(board: &BoardStatus) {
    // The tick that was run last may be on its way.
    assert!(board.state == "live" && board.behind <= 1, "{board:#?}");
    assert!(board.divergence.is_none(), "{board:#?}");
}

#[test]
fn every_bad_line_is_survived() {
    let one = |change: fn(&mut Noise)| {
        let mut noise = Noise::default();
        change(&mut noise);
        noise
    };
    let table = [
        ("random bytes", one(|n| n.garbage = 400)),
        ("lost bytes", one(|n| n.loss = 400)),
        ("chunks twice", one(|n| n.twice = 400)),
        ("chunks in another order", one(|n| n.swapped = 400)),
        ("one bit in ten", one(|n| n.bits = 100)),
        ("everything", Noise::ALL),
    ];
    let mut rig = Rig::at(TIMES, boards("lines", 1));
    for (name, noise) in table {
        rig.settle();
        let before = rig.board(0).counts;
        rig.benches[0].control.noise(noise);
        rig.run(12);
        let counts = rig.board(0).counts;
        let sum = |counts: qres::bridge::count::BoardCounts| {
            counts.crc_errors + counts.gaps + counts.retries + counts.stale + counts.missed
        };
        assert!(sum(counts) > sum(before), "{name}: nothing was wrong: {counts:?}");
        rig.benches[0].control.noise(Noise::default());
        rig.settle();
        level(&rig.board(0));
    }
}

#[test]
fn seconds_of_silence_are_told_and_made_up_for() {
    // After ten seconds a board may have run free: it is given its state.
    for (seconds, resyncs) in [(5, 0), (12, 1)] {
        let mut rig = Rig::at(4 * TIMES, boards(&format!("silence{seconds}"), 1));
        rig.settle();
        rig.benches[0].control.noise(Noise { silence: true, ..Noise::default() });
        let (tick, until_us) = (rig.mesh.ticks(), rig.watch.now_us() + seconds * 1_000_000);
        while rig.watch.now_us() < until_us {
            if rig.mesh.ticks() < tick + 20 {
                rig.run(1);
            }
            rig.mirror.pump(rig.watch.now_us());
        }
        assert_eq!(rig.board(0).state, "silent");
        rig.run(1);
        rig.benches[0].control.noise(Noise::default());
        rig.settle();
        rig.run(1);
        level(&rig.board(0));
        let counts = rig.board(0).counts;
        assert!(counts.missed >= 10 && counts.resyncs == resyncs, "{seconds} s: {counts:?}");
        for words in ["does not answer", "is back"] {
            assert_eq!(rig.lines(&["b0", words]), 1, "{words}: {:#?}", rig.told);
        }
    }
}

#[test]
fn a_port_that_vanishes_while_the_host_writes_comes_back() {
    let mut rig = Rig::at(TIMES, boards("vanish", 2));
    for time in 1..=4 {
        rig.settle();
        rig.benches[0].control.cut();
        rig.until("it breaks off", |rig| rig.lines(&["b0", "the line broke off"]) >= time);
        rig.until("it is back", |rig| rig.lines(&["b0", "is back"]) >= time);
    }
    rig.settle();
    level(&rig.board(0));
    level(&rig.board(1));
    let counts = (rig.board(0).counts, rig.board(1).counts);
    assert!(counts.0.opened == 5 && counts.1.opened == 1 && counts.1.resyncs == 0, "{counts:?}");
}

/// The near end of a new line whose far end is at this path.
fn line(path: &Path) -> TTYPort {
    let (mut near, far) = TTYPort::pair().expect("a pseudo-terminal");
    near.set_timeout(Duration::from_secs(5)).expect("a timeout");
    let _ = std::fs::remove_file(path);
    symlink(far.name().expect("it has a name"), path).expect("a link");
    near
}

/// Waits for something that a port tells.
fn wait_for(port: &Port, what: impl Fn(&PortEvent) -> bool) -> PortEvent {
    let watch = Stopwatch::default();
    loop {
        if let Some(event) = port.events().find(&what) {
            return event;
        }
        assert!(watch.now_us() < 10_000_000, "the port tells nothing");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_port_that_is_lost_with_bytes_half_written_is_opened_again_without_them() {
    let path = folder("half").join("port");
    let mut near = line(&path);
    let mut port = Port::start(&path.display().to_string()).expect("a thread");
    wait_for(&port, |event| *event == PortEvent::Opened);
    // More than the line holds, and nobody reads on.
    port.send(vec![0x55; 200_000]);
    near.read_exact(&mut [0; 10]).expect("it writes");
    port.send(vec![0x66; 200_000]);
    drop(near);
    let closed = wait_for(&port, |event| matches!(event, PortEvent::Closed(_)));
    let PortEvent::Closed(why) = closed else { panic!("{closed:?}") };
    assert!(why.contains("the line broke off") && !why.contains('\n'), "{why}");
    let mut near = line(&path);
    wait_for(&port, |event| *event == PortEvent::Opened);
    port.send(b"anew".to_vec());
    let mut bytes = [0; 4];
    near.read_exact(&mut bytes).expect("it writes");
    assert_eq!(&bytes, b"anew", "what waited for the lost line is dropped");
    near.write_all(b"heard").expect("it reads");
    let heard = wait_for(&port, |event| matches!(event, PortEvent::Bytes(_)));
    assert_eq!(heard, PortEvent::Bytes(b"heard".to_vec()));
}

/// A board that follows docs/link.md, changed.
fn changed(seed: u64, change: impl Fn(&mut Board)) -> Box<dyn Device> {
    let mut board = Board::new(seed);
    change(&mut board);
    let mut device = Flawed(board);
    device.reset();
    Box::new(device)
}

/// A rig of ports with these boards each.
fn rig(test: &str, ports: Vec<Vec<Box<dyn Device>>>) -> Rig {
    let folder = folder(test);
    let each = (0..).zip(ports);
    let benches = each.map(|(n, boards)| Bench::with(&folder, &format!("b{n}"), n, boards));
    Rig::at(TIMES, benches.collect())
}

#[test]
fn a_board_of_another_version_is_refused_until_the_right_one_is_there() {
    let newer = changed(9, |board| board.version = 2);
    let mut rig = rig("version", vec![vec![Box::new(Powered::<false>::new(1)), newer]]);
    rig.settle();
    rig.benches[0].control.swap(1);
    let words = ["b0", "is refused", "version 2 of the link, this program version 1", "flash"];
    rig.until("it is refused", |rig| rig.lines(&words) == 1);
    rig.run(20);
    assert_eq!(rig.lines(&words), 1, "told once: {:#?}", rig.told);
    // Its first words are lost too.
    rig.benches[0].control.noise(Noise { silence: true, ..Noise::default() });
    rig.benches[0].control.swap(0);
    rig.run(3);
    rig.benches[0].control.noise(Noise::default());
    rig.settle();
    rig.run(1);
    level(&rig.board(0));
    assert_eq!(rig.lines(&["b0", "is back"]), 1, "{:#?}", rig.told);
}

#[test]
fn a_stolen_key_is_refused_wherever_it_is_plugged_in() {
    let stolen = || changed(20, |board| board.flaw = Flaw::Stolen(1));
    let (owner, other) = (changed(1, |_| ()), changed(2, |_| ()));
    let mut rig = rig("stolen", vec![vec![owner, stolen()], vec![other, stolen()]]);
    rig.settle();
    let words = |port| [port, "is refused", "its signature is not one of the key that it names"];
    // At another's port, while the owner of the key keeps step.
    rig.benches[1].control.swap(1);
    rig.until("refused beside it", |rig| rig.lines(&words("b1")) == 1);
    level(&rig.board(0));
    // In the owner's place.
    rig.benches[0].control.swap(1);
    rig.until("refused in its place", |rig| rig.lines(&words("b0")) == 1);
    let ticks = rig.board(0).counts.ticks;
    rig.run(10);
    assert_eq!((rig.board(0).state, rig.board(0).counts.ticks), ("refused", ticks));
    rig.benches.iter().for_each(|bench| bench.control.swap(0));
    rig.settle();
    level(&rig.board(0));
    level(&rig.board(1));
    assert_eq!(rig.board(0).is_proven, Some(true));
}

#[test]
fn a_board_that_proves_no_key_takes_nobodys_place() {
    let own = changed(3, |board| board.flaw = Flaw::Unsigned(3));
    let names = |seed| changed(30, move |board| board.flaw = Flaw::Unsigned(seed));
    let first: Vec<Box<dyn Device>> = vec![changed(1, |_| ()), names(1), names(30)];
    let mut rig = rig("unproven", vec![first, vec![own, names(1), changed(3, |_| ())]]);
    rig.settle();
    rig.run(1);
    let (proven, unproven) = (rig.board(0), rig.board(1));
    assert_eq!((proven.is_proven, unproven.is_proven), (Some(true), Some(false)));
    assert_eq!((proven.identity().len(), unproven.identity()), (8, "unproven"));
    level(&unproven);
    assert_eq!(rig.lines(&["b1 is node", "does not prove its key"]), 1, "{:#?}", rig.told);
    // The place of a board that proved its key is not for one that does not, whatever it names.
    for (time, board) in [(1, 1), (2, 2)] {
        rig.benches[0].control.swap(board);
        let words = ["b0", "is refused", "does not prove"];
        rig.until("refused in its place", |rig| rig.lines(&words) >= time);
        rig.benches[0].control.swap(0);
        rig.settle();
        rig.run(1);
    }
    level(&rig.board(0));
    // Nor is its name, at another port.
    rig.benches[1].control.swap(1);
    let words = ["b1", "is refused", "it names the key of another board"];
    rig.until("refused beside it", |rig| rig.lines(&words) == 1);
    // Who proves the key is welcome.
    rig.benches[1].control.swap(2);
    rig.settle();
    level(&rig.board(1));
    assert_eq!(rig.board(1).is_proven, Some(true));
}

#[test]
fn who_proves_a_key_comes_before_who_named_it() {
    let names = changed(40, |board| board.flaw = Flaw::Unsigned(1));
    let late: Vec<Box<dyn Device>> = vec![changed(5, |_| ()), changed(1, |_| ())];
    let mut rig = rig("first", vec![vec![names], late]);
    rig.settle();
    level(&rig.board(0));
    rig.benches[1].control.swap(1);
    rig.until("it gives way", |rig| rig.board(0).state == "refused");
    rig.until("it is there", |rig| rig.board(1).state == "live");
    assert_eq!(rig.board(1).is_proven, Some(true));
    assert_eq!(rig.lines(&["b0", "it names the key of another board"]), 1, "{:#?}", rig.told);
}

#[test]
fn two_boards_with_one_key_do_not_push_each_other_away() {
    let both = vec![vec![changed(1, |_| ())], vec![changed(2, |_| ()), changed(1, |_| ())]];
    let mut rig = rig("push", both);
    rig.settle();
    rig.benches.iter().for_each(|bench| bench.control.plug(false));
    rig.until("both are gone", |rig| rig.status().iter().all(|board| board.state == "unplugged"));
    rig.benches[1].control.swap(1);
    rig.benches.iter().for_each(|bench| bench.control.plug(true));
    let is = |rig: &Rig, state: &str| rig.status().iter().any(|board| board.state == state);
    rig.until("one is there", |rig| is(rig, "live") && is(rig, "refused"));
    rig.run(60);
    assert!(is(&rig, "live") && is(&rig, "refused"), "{:#?}", rig.status());
    // On a starved machine the one in place may fall silent, and then gives way.
    let silences = rig.lines(&["does not answer"]);
    assert!(rig.lines(&["now; it was on"]) <= 1 + silences, "{:#?}", rig.told);
    let refusals = rig.lines(&["is refused", "same identity"]);
    assert!((1..=1 + silences).contains(&refusals), "{:#?}", rig.told);
}
