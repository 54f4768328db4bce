//! Any tick again, bit for bit.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::pace::Shelf;

#[test]
fn every_tick_comes_back_bit_for_bit() {
    // (scenario, ticks, spacing, ticks that are gone to)
    let table: [(&str, u64, u64, &[u64]); 4] = [
        (BUSY, 170, 24, &[169, 0, 1, 113, 112, 48, 47, 159, 72, 170, 24]),
        ("under-the-hammer", 270, 64, &[262, 153]),
        ("storm-front", 170, 48, &[162]),
        ("cartel", 60, 24, &[50]),
    ];
    for (text, ticks, spacing, targets) in table {
        let mut driver = stopped(opening(text), spacing);
        let wanted = digests(&mut driver, ticks, |tick| targets.contains(&tick));
        for tick in targets {
            ask(&mut driver, Intent::Seek(*tick));
            assert_eq!(driver.now(), *tick);
            assert_eq!(digest(&mut driver), wanted[*tick as usize], "{text}: {tick}");
        }
        assert_eq!(driver.first.reached(), ticks, "nothing new has run");
    }
}

#[test]
fn commands_from_outside_come_back_with_their_ticks() {
    let mut driver = stopped(opening(BUSY), 16);
    let mut wanted = vec![digest(&mut driver)];
    for tick in 0..90 {
        for nodes in [(20, "1"), (20, "2"), (32, "4"), (33, "off")] {
            if nodes.0 == tick {
                ask(&mut driver, command(kill(nodes.1)));
            }
        }
        if tick == 33 {
            // Taken back: it never was.
            ask(&mut driver, command(kill("9")));
            ask(&mut driver, Intent::Undo);
        }
        steps(&mut driver, 1);
        wanted.push(digest(&mut driver));
    }
    for tick in [20, 21, 32, 33, 34, 89, 19, 90] {
        ask(&mut driver, Intent::Seek(tick));
        assert_eq!(digest(&mut driver), wanted[tick as usize], "{tick}");
    }
    // In the past, what is done is told as it was then.
    ask(&mut driver, Intent::Seek(25));
    assert_eq!(driver.frame().published.orders.killed, [1, 2]);
}

#[test]
fn a_tick_ahead_is_run_to_and_the_end_holds() {
    let mut driver = stopped(Start { ticks: Some(50), ..opening(QUIET) }, 8);
    ask(&mut driver, Intent::Seek(70));
    assert_eq!(
        (driver.now(), message(&driver)),
        (50, "no tick 70: the run ends at tick 50".into())
    );
    ask(&mut driver, Intent::Seek(9));
    steps(&mut driver, 1);
    assert_eq!((driver.now(), driver.first.reached()), (10, 50));
    ask(&mut driver, Intent::Latest);
    assert_eq!((driver.now(), driver.travel().is_past), (50, false));
}

#[test]
fn a_newer_wish_replaces_an_older_one_and_progress_is_told() {
    let mut driver = stopped(opening(QUIET), 1_000);
    driver.obey(Intent::Seek(40));
    (0..10).for_each(|_| assert!(!driver.work()));
    let work = driver.travel().work.expect("on its way");
    assert_eq!((work.from, work.at, work.to), (1, 10, 40));
    assert_eq!(driver.now(), 0, "what is shown stays until it is there");
    driver.obey(Intent::Seek(15));
    settle(&mut driver);
    assert_eq!((driver.now(), driver.first.reached()), (15, 15));
}

#[test]
fn a_run_that_did_not_begin_at_the_start_goes_back_to_where_it_began() {
    let mut start = opening(QUIET);
    (0..7).for_each(|_| start.mesh.step());
    start.mesh.command(kill("3")).expect("a command");
    let mut driver = stopped(start, 8);
    let wanted = digests(&mut driver, 20, |_| true);
    ask(&mut driver, Intent::Seek(2));
    assert_eq!((driver.now(), message(&driver)), (7, "no tick 2: the run begins at tick 7".into()));
    ask(&mut driver, Intent::Seek(9));
    assert_eq!(digest(&mut driver), wanted[2]);
    assert_eq!(driver.frame().published.orders.killed, [3]);
}

/// Snapshots in a map; one of them is damaged.
struct Drawer(BTreeMap<u64, Vec<u8>>);

impl Shelf for Drawer {
    fn nearest(&self, tick: u64) -> Option<u64> {
        self.0.range(..=tick).next_back().map(|(at, _)| *at)
    }

    fn mesh(&mut self, tick: u64, like: &Mesh) -> Option<Mesh> {
        let mesh = like.another(self.0.get(&tick)?).ok();
        if mesh.is_none() {
            self.0.remove(&tick);
        }
        mesh
    }

    fn progress(&self) -> (u64, u64) {
        (100, 100)
    }
}

#[test]
fn a_shelf_leads_ahead_of_what_has_run() {
    let mut plain = stopped(opening(BUSY), 16);
    let mut kept = BTreeMap::new();
    let mut wanted = Vec::new();
    for tick in 0..=100 {
        if tick % 20 == 0 {
            kept.insert(tick, plain.first.newest.snapshot());
        }
        wanted.push(plain.first.newest.digest());
        plain.advance();
    }
    // A snapshot that means nothing is passed over.
    kept.insert(60, vec![1, 2, 3]);
    let shelf: Option<Box<dyn Shelf>> = Some(Box::new(Drawer(kept)));
    let mut driver = stopped(Start { shelf, ticks: Some(110), ..opening(BUSY) }, 16);
    for tick in [90, 75, 99, 10] {
        ask(&mut driver, Intent::Seek(tick));
        assert_eq!(digest(&mut driver), wanted[tick as usize], "{tick}");
    }
    assert_eq!(driver.first.reached(), 10, "it leapt, but for the last one");
    assert_eq!(driver.travel().indexed, Some((100, 100)));
    // What is played from there joins what has run.
    ask(&mut driver, Intent::Latest);
    steps(&mut driver, 3);
    assert_eq!((driver.now(), driver.first.reached()), (13, 13));
    assert_eq!(digest(&mut driver), wanted[13]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever order ticks are gone to in, and however little is remembered, and with ticks run
    /// and commands given in between.
    #[test]
    fn any_order_of_seeks_gives_the_states_of_the_run(
        moves in prop::collection::vec((0_u64..40, 0_u8..6), 1..12),
        spacing in 1_u64..20,
        budget in 1_usize..40_000,
    ) {
        let mut driver = stopped(Start { past_bytes: budget, ..opening(QUIET) }, spacing);
        let mut wanted = vec![digest(&mut driver)];
        for (tick, deed) in moves {
            ask(&mut driver, Intent::Latest);
            if deed == 0 {
                ask(&mut driver, command(kill("5")));
            }
            for _ in 0..3 {
                steps(&mut driver, 1);
                wanted.push(digest(&mut driver));
            }
            let tick = tick % wanted.len() as u64;
            ask(&mut driver, Intent::Seek(tick));
            prop_assert_eq!(digest(&mut driver), wanted[tick as usize]);
            prop_assert_eq!(driver.now(), tick);
            if deed == 1 && tick > 0 {
                ask(&mut driver, Intent::StepBack);
                prop_assert_eq!(digest(&mut driver), wanted[tick as usize - 1]);
            }
        }
    }
}
