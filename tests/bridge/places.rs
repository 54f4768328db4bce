//! Boards that come back at other ports, and ports that appear while a run goes on.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::bench::{Bench, folder};
use crate::live::{Rig, boards, qres};
use crate::metal::Powered;
use qres::bridge::pacing::Stopwatch;
use qres::bridge::port::Port;
use qres_core::id::NodeId;

#[test]
fn boards_that_change_ports_keep_their_nodes() {
    let mut rig = Rig::at(4, boards("ports", 2));
    rig.settle();
    rig.run(5);
    let before = [rig.board(0), rig.board(1)];
    for bench in &rig.benches {
        bench.control.plug(false);
    }
    rig.until("both are gone", |rig| rig.status().iter().all(|board| board.state == "unplugged"));
    rig.run(10);
    let paths: Vec<String> = rig.benches.iter().map(|bench| bench.path.clone()).collect();
    for (bench, path) in rig.benches.iter().zip(paths.iter().rev()) {
        bench.control.rename(Path::new(path));
        bench.control.plug(true);
    }
    rig.settle();
    rig.run(1);
    // The ports are known by their names: what is at the first is the board of the second.
    for (place, was) in [(0, &before[1]), (1, &before[0])] {
        let board = rig.board(place);
        assert_eq!((&board.key, board.node), (&was.key, was.node), "{board:#?}");
        assert!(board.divergence.is_none() && board.counts.ticks > was.counts.ticks, "{board:#?}");
        assert_eq!(board.counts.resyncs, 0, "it goes on from where it was: {board:#?}");
    }
    assert!(rig.lines(&["the board of node", "now; it was on"]) >= 1, "{:#?}", rig.told);
}

#[test]
fn a_board_at_a_new_port_goes_on_and_the_old_port_is_let_go() {
    let mut rig = Rig::at(4, boards("moved", 1));
    rig.settle();
    let (node, key) = (rig.board(0).node, rig.board(0).key);
    let bench = &rig.benches[0];
    bench.control.plug(false);
    rig.run(10);
    let moved = folder("moved").join("elsewhere");
    rig.benches[0].control.rename(&moved);
    rig.benches[0].control.plug(true);
    rig.benches[0].path = moved.display().to_string();
    let free = NodeId(u32::from(node == 0));
    rig.mirror.add(Port::start(&rig.benches[0].path).expect("a thread"), free, false);
    rig.until("it is back", |rig| {
        rig.status().iter().any(|board| board.state == "live" && board.node == node)
    });
    rig.run(1);
    let old = folder("moved").join("b0").display().to_string();
    assert_eq!(rig.mirror.prune(), [old], "nobody was a node there but the one that has moved");
    let board = rig.board(0);
    assert_eq!((board.node, &board.key, board.counts.resyncs), (node, &key, 0), "{board:#?}");
    assert_eq!(rig.lines(&["elsewhere now; it was on", "b0"]), 1, "{:#?}", rig.told);
    // Let go, and connected again: as the same node, whatever is offered.
    assert_eq!(rig.mirror.remove(&rig.benches[0].path), Some(NodeId(node)));
    rig.run(2);
    let other = NodeId(u32::from(node == 1) + 1);
    rig.mirror.add(Port::start(&rig.benches[0].path).expect("a thread"), other, false);
    rig.until("it is the same", |rig| {
        rig.status().iter().any(|board| board.state == "live" && board.node == node)
    });
}

#[test]
fn the_command_takes_boards_that_are_plugged_in_later() {
    let folder = folder("later");
    let first = Bench::start(&folder, "x0", 1, Box::new(Powered::<false>::new(1)));
    let pattern = folder.join("x*").display().to_string();
    let run = ["mirror", "--headless", "--speed", "50", "--ticks", "300", "--json", "--port"];
    let arguments: Vec<String> =
        run.into_iter().map(str::to_owned).chain([pattern.clone()]).collect();
    let thread = std::thread::spawn(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        qres(&arguments)
    });
    let heard = |bench: &Bench, more: u64| {
        let (watch, from) =
            (Stopwatch::default(), bench.control.good_frames.load(Ordering::SeqCst));
        while bench.control.good_frames.load(Ordering::SeqCst) < from + more {
            assert!(watch.now_us() < 30_000_000, "nobody talks to {}", bench.path);
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    heard(&first, 30);
    first.control.plug(false);
    std::thread::sleep(Duration::from_millis(50));
    first.control.rename(&folder.join("x7"));
    first.control.plug(true);
    let second = Bench::start(&folder, "x9", 2, Box::new(Powered::<false>::new(2)));
    heard(&first, 20);
    heard(&second, 30);
    let (out, said, code) = thread.join().expect("no panic");
    assert_eq!(code, Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let boards = report["boards"].as_array().expect("boards");
    assert_eq!(boards.len(), 2, "{report}");
    for (board, name) in boards.iter().zip(["x7", "x9"]) {
        assert!(board["port"].as_str().is_some_and(|port| port.ends_with(name)), "{board}");
        assert_eq!((&board["state"], &board["is_proven"]), (&"live".into(), &true.into()));
        assert!(board["clock"]["bound_us"].as_u64() < Some(1_000_000), "{board}");
    }
    for words in ["x0 is node", "x7 now; it was on", "x9 is node"] {
        assert!(said.contains(words), "no `{words}` in: {said}");
    }
    let none = folder.join("y*").display().to_string();
    let (_, said, code) = qres(&["mirror", "--headless", "--port", &none]);
    assert!(code == Some(2) && said.contains("no port fits") && said.contains("y*"), "{said}");
}
