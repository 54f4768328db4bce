//! Two worlds from one snapshot.

use super::*;
use crate::mesh::chronicle::Kind;
use crate::pace::{Forked, Parted, Sought};
use crate::scenario::{Aggregation, Preparation};

fn fork(tick: u64, changes: Vec<Command>) -> Intent {
    Intent::Fork { tick: Some(tick), of_other: false, changes }
}

fn forked(driver: &Driver) -> Forked {
    driver.travel().forked.expect("two worlds")
}

/// The digest of the second world.
fn others(driver: &mut Driver) -> Digest {
    driver.second.as_mut().expect("two worlds").line.looked_at().digest()
}

#[test]
fn worlds_with_nothing_changed_never_part() {
    let mut driver = stopped(opening(BUSY), 24);
    steps(&mut driver, 40);
    ask(&mut driver, command(kill("1")));
    steps(&mut driver, 60);
    ask(&mut driver, fork(30, Vec::new()));
    assert_eq!((driver.now(), driver.first.reached()), (30, 100));
    ask(&mut driver, Intent::Seek(130));
    assert_eq!((forked(&driver).parted, forked(&driver).same_up_to), (None, 130));
    assert_eq!(others(&mut driver), digest(&mut driver));
    let other = driver.frame().other.expect("two worlds");
    assert_eq!((other.difference.differing, other.difference.nodes.len()), (0, 19));
    assert_eq!(other.published.nodes, driver.frame().published.nodes);
}

#[test]
fn a_change_sets_them_apart_from_its_tick_on() {
    let mut driver = stopped(opening(BUSY), 24);
    let wanted = digests(&mut driver, 120, |tick| tick == 20 || tick == 120);
    ask(&mut driver, fork(50, vec![kill("2")]));
    assert_eq!(forked(&driver).changes, ["node 2 killed"]);
    assert_eq!(driver.frame().other.expect("two worlds").difference.differing, 0);
    steps(&mut driver, 1);
    let parted = forked(&driver).parted.expect("one is dead");
    assert_eq!((parted.tick, parted.node), (51, 2));
    // Both go on in step; the first is what it was.
    ask(&mut driver, Intent::Seek(120));
    assert_eq!(digest(&mut driver), wanted[120]);
    let difference = driver.frame().other.expect("two worlds").difference;
    assert!(difference.nodes[2] > 0 && difference.differing > 1, "{difference:?}");
    // The second is what a run of its own would have been.
    let mut alone = stopped(opening(BUSY), 24);
    steps(&mut alone, 50);
    ask(&mut alone, command(kill("2")));
    steps(&mut alone, 70);
    let other = others(&mut driver);
    assert_eq!(other, digest(&mut alone));
    // Both can be gone back to, and before the fork they are one.
    ask(&mut driver, Intent::Seek(20));
    assert_eq!((digest(&mut driver), others(&mut driver)), (wanted[20], wanted[20]));
    assert_eq!(driver.frame().other.expect("two worlds").difference.differing, 0);
    ask(&mut driver, Intent::Seek(120));
    assert_eq!((digest(&mut driver), others(&mut driver)), (wanted[120], other));
    assert_eq!(forked(&driver).parted, Some(parted), "it is found once");
    ask(&mut driver, Intent::Unfork);
    assert!(driver.frame().other.is_none() && driver.travel().forked.is_none());
    assert_eq!(digest(&mut driver), wanted[120]);
}

#[test]
fn a_seek_beyond_finds_the_tick_at_which_they_part() {
    let script = vec![(55, kill("2"))];
    let changed = vec![Command::SetDefence {
        aggregation: Aggregation::Median,
        preparation: Preparation::default(),
        trim_per_tail: 0,
        weigh_by_reputation: true,
        adoption: None,
    }];
    let mut by_steps = stopped(Start { script: script.clone(), ..opening(BUSY) }, 24);
    ask(&mut by_steps, fork(0, changed.clone()));
    steps(&mut by_steps, 90);
    let mut by_seek = stopped(Start { script, ..opening(BUSY) }, 24);
    steps(&mut by_seek, 70);
    ask(&mut by_seek, fork(0, changed));
    ask(&mut by_seek, Intent::Seek(90));
    let parted: Option<Parted> = forked(&by_steps).parted;
    assert!(parted.is_some_and(|parted| parted.tick > 1), "{parted:?}");
    assert_eq!(forked(&by_seek).parted, parted);
    assert_eq!(others(&mut by_seek), others(&mut by_steps));
}

#[test]
fn a_command_in_the_past_begins_a_second_world() {
    let mut driver = stopped(opening(QUIET), 8);
    let wanted = digests(&mut driver, 30, |tick| tick == 16);
    ask(&mut driver, Intent::Seek(10));
    ask(&mut driver, command(kill("4")));
    assert_eq!((forked(&driver).tick, driver.now()), (10, 10));
    assert!(driver.first.script.is_empty(), "what has happened stays");
    // Where there are two, commands go to the second: at its newest tick as to any run.
    steps(&mut driver, 5);
    ask(&mut driver, command(kill("5")));
    assert!(forked(&driver).parted.is_some());
    steps(&mut driver, 1);
    assert_eq!(driver.frame().other.expect("two").published.orders.killed, [4, 5]);
    assert_eq!(digest(&mut driver), wanted[16]);
    // In its past they begin another second world, that goes on from the one before.
    ask(&mut driver, Intent::Seek(12));
    ask(&mut driver, command(kill("6")));
    ask(&mut driver, Intent::Seek(20));
    assert_eq!(driver.frame().other.expect("two").published.orders.killed, [4, 5, 6]);
    let told = forked(&driver);
    assert_eq!((told.tick, told.changes.len()), (10, 3));
    // It takes the place of the first, and has its own past and events.
    let other = others(&mut driver);
    ask(&mut driver, Intent::Keep);
    assert_eq!((digest(&mut driver), driver.now()), (other, 20));
    let killed = driver.first.events.since(0).filter(|event| event.what.kind() == Kind::Command);
    assert_eq!(killed.map(|event| event.tick).collect::<Vec<_>>(), [10, 12, 15]);
    assert_eq!(driver.first.events.rewinds(), 2);
    let sought = Sought::Kind(Kind::Command);
    ask(&mut driver, Intent::RunTo { sought, backwards: true, ticks_max: 100 });
    assert_eq!(driver.now(), 16);
}

#[test]
fn what_was_recorded_is_never_changed() {
    let start = Start { ticks: Some(20), is_replay: true, ..opening(QUIET) };
    let mut driver = stopped(start, 8);
    steps(&mut driver, 5);
    ask(&mut driver, command(kill("1")));
    assert_eq!(forked(&driver).tick, 5);
    steps(&mut driver, 30);
    assert_eq!(driver.now(), 20);
    assert!(driver.first.newest.commands().is_empty());
    ask(&mut driver, Intent::Reverse(true));
    while !driver.back() {
        assert!(driver.wind());
    }
    let frame = driver.frame();
    assert_eq!(frame.published.tick, 19);
    assert!(
        frame
            .other
            .is_some_and(|other| other.published.tick == 19 && other.difference.differing > 0)
    );
}
