//! Whoever is live: new ticks wait for them, and nothing else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::mesh::boards::BoardInput;
use crate::pace::Live;
use qres_core::id::NodeId;

/// The node that is a board: no sentinel.
const BOARD: NodeId = NodeId(4);

/// A board in the place of a node, in words of one bit.
#[derive(Clone, Default)]
struct Slow {
    ready: Arc<AtomicBool>,
    given: Arc<AtomicU64>,
    let_go: Arc<AtomicBool>,
}

impl Slow {
    fn get(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }
}

impl Live for Slow {
    fn pump(&mut self, _: &mut Mesh) {}

    fn is_ready(&mut self, _: &mut Mesh, _: u64) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    fn give(&mut self, mesh: &mut Mesh) {
        let tick = self.given.fetch_add(1, Ordering::Relaxed);
        assert_eq!(tick, mesh.ticks(), "once for each tick, in order");
        mesh.board(BOARD, &BoardInput::Missed).expect("a place for a board");
    }

    fn after(&mut self, mesh: &mut Mesh) {
        assert_eq!(mesh.boards(), [BOARD]);
    }

    fn is_attached(&self) -> bool {
        !self.let_go.load(Ordering::Relaxed)
    }
}

fn with_board() -> (Slow, Driver) {
    let slow = Slow::default();
    let live: Option<Box<dyn Live>> = Some(Box::new(slow.clone()));
    (slow, stopped(Start { live, ..opening(BUSY) }, 8))
}

#[test]
fn a_step_waits_until_all_are_ready_and_a_pause_takes_it_back() {
    let (slow, mut driver) = with_board();
    let budget = Budget::start(Duration::from_mins(1));
    driver.obey(Intent::Step);
    driver.slice(&budget);
    assert_eq!(driver.first.reached(), 0);
    slow.get(true);
    driver.slice(&budget);
    driver.slice(&budget);
    assert_eq!((driver.first.reached(), driver.now()), (1, 1));
    slow.get(false);
    driver.obey(Intent::Step);
    driver.obey(Intent::Pause(true));
    slow.get(true);
    driver.slice(&budget);
    assert_eq!(driver.first.reached(), 1);
    // On the way to a far tick it is waited for too; the past needs nobody.
    driver.obey(Intent::Seek(20));
    slow.get(false);
    driver.slice(&budget);
    assert_eq!((driver.first.reached(), driver.job.is_some()), (1, true));
    slow.get(true);
    driver.slice(&budget);
    assert_eq!(driver.now(), 20);
    slow.get(false);
    driver.obey(Intent::Seek(11));
    driver.slice(&budget);
    assert_eq!((driver.now(), driver.first.reached()), (11, 20));
}

#[test]
fn what_was_brought_in_comes_again_in_the_past_and_in_a_fork() {
    let (slow, mut driver) = with_board();
    slow.get(true);
    let wanted = digests(&mut driver, 24, |_| true);
    for tick in [13, 3, 20] {
        ask(&mut driver, Intent::Seek(tick));
        assert_eq!(digest(&mut driver), wanted[tick as usize], "tick {tick}");
        let shown: Vec<bool> =
            driver.frame().published.nodes.iter().map(|node| node.hardware).collect();
        assert!(
            shown[BOARD.index()] && shown.iter().filter(|board| **board).count() == 1,
            "tick {tick}"
        );
    }
    ask(&mut driver, Intent::Fork { tick: Some(10), of_other: false, changes: Vec::new() });
    assert!(message(&driver).starts_with("boards stay in the first world"));
    ask(&mut driver, Intent::Seek(30));
    let forked = driver.travel().forked.expect("a fork");
    assert_eq!((forked.parted, forked.same_up_to), (None, 30));
    ask(&mut driver, Intent::Keep);
    assert!(message(&driver).starts_with("not kept: boards"), "{}", message(&driver));
    assert!(driver.second.is_some());
    slow.let_go.store(true, Ordering::Relaxed);
    ask(&mut driver, Intent::Keep);
    assert!(driver.second.is_none());
    assert_eq!(driver.first.newest.brought(0).len(), 30);
}
