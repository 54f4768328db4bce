//! Faults together: their order, their time and the independence of their draws.

use super::*;
use crate::scenario::Who;

fn entry(kind: FaultKind) -> FaultEntry {
    FaultEntry { kind, from_tick: 10, to_tick: 20, nodes: Who::All }
}

fn faults(entries: &[FaultEntry]) -> Faults {
    let positions: Vec<[i32; 3]> = (0..10).map(|n| [n * 1_000, 0, 0]).collect();
    Faults::new(entries, 5, &positions, &[])
}

fn link(now: u64, sequence: u32) -> Link {
    let (sender, receiver) = (NodeId(1), NodeId(2));
    Link { sender, receiver, now: Tick(now), sequence, service: false }
}

const LOSS: FaultKind = FaultKind::Loss { percent: 30 };

#[test]
fn a_fault_has_its_time() {
    let all = faults(&[
        entry(FaultKind::Loss { percent: 100 }),
        FaultEntry { nodes: Who::List(vec![1]), ..entry(FaultKind::Partition) },
        entry(FaultKind::Straggler { factor: 5 }),
        entry(FaultKind::PowerLoss {
            every_ticks: 1,
            off_ticks: 3,
            save_every_ticks: 0,
            torn_percent: 50,
        }),
    ]);
    for now in [9, 10, 19, 20] {
        let inside = (10..20).contains(&now);
        assert_eq!(all.loses(&link(now, 0)), inside, "{now}");
        assert_eq!(all.cuts(Tick(now), NodeId(1), NodeId(2)), inside);
        assert_eq!(all.pace(NodeId(4), Tick(now)), if inside { 5 } else { 1 });
        let strike = inside.then_some(Strike { off_ticks: 3, torn: None });
        assert_eq!(all.strike(NodeId(4), Tick(now)), strike);
    }
    assert!(!all.cuts(Tick(10), NodeId(3), NodeId(2)));
}

#[test]
fn one_more_fault_shifts_no_numbers() {
    let lost = |all: &Faults| -> Vec<bool> {
        (0..200).map(|sequence| all.loses(&link(12, sequence))).collect()
    };
    let alone = lost(&faults(&[entry(LOSS)]));
    let more = [
        entry(FaultKind::Corruption { percent: 50, bits: 1, mends_crc: false }),
        entry(LOSS),
        entry(FaultKind::Reordering { percent: 50, up_to_ticks: 3 }),
    ];
    assert_eq!(lost(&faults(&more)), alone);
    let taken = alone.iter().filter(|lost| **lost).count();
    assert!((40..80).contains(&taken), "{taken}");
    // A second one of the kind takes others, and none back.
    let both = lost(&faults(&[entry(LOSS), entry(LOSS)]));
    assert!(alone.iter().zip(&both).all(|(one, two)| !one || *two));
    let taken = both.iter().filter(|lost| **lost).count();
    assert!((80..125).contains(&taken), "half of them: {taken}");
}

#[test]
fn copies_are_damaged_and_delayed_each_by_itself() {
    let all = faults(&[
        entry(FaultKind::Duplication { percent: 50 }),
        entry(FaultKind::Corruption { percent: 50, bits: 2, mends_crc: false }),
        entry(FaultKind::Reordering { percent: 50, up_to_ticks: 4 }),
    ]);
    let arrivals: Vec<_> = (0..2_000).map(|n| all.arrivals(&link(11, n))).collect();
    let twice = arrivals.iter().filter(|copies| copies.len() == 2).count();
    assert!((900..1_100).contains(&twice), "{twice}");
    let of = |copy: usize, test: fn(&Arrival) -> bool| {
        arrivals.iter().filter_map(|copies| copies.get(copy)).filter(|a| test(a)).count()
    };
    assert!((900..1_100).contains(&of(0, Arrival::is_damaged)));
    assert!((400..600).contains(&of(1, Arrival::is_damaged)));
    for late in 1..=4 {
        let so_late = arrivals.iter().filter(|copies| copies[0].late_ticks == late).count();
        assert!((190..310).contains(&so_late), "{late}: {so_late}");
    }
    let alike = |copies: &&heapless::Vec<Arrival, COPIES>| {
        copies.len() == 2 && copies[0].late_ticks == copies[1].late_ticks
    };
    assert!(arrivals.iter().filter(alike).count() < twice / 2);
    assert_eq!(all.arrivals(&link(9, 0)).as_slice(), [Arrival::default()]);
}

#[test]
fn churn_and_power_keep_their_means() {
    let long = |kind| FaultEntry { from_tick: 0, to_tick: 1_000_000, ..entry(kind) };
    let count = |kind| {
        let all = faults(&[long(kind)]);
        let strikes: Vec<Strike> =
            (0..40_000).filter_map(|now| all.strike(NodeId(3), Tick(now))).collect();
        let off: u64 = strikes.iter().map(|strike| strike.off_ticks).sum();
        let torn = strikes.iter().filter(|strike| strike.torn.is_some()).count();
        (strikes.len(), off / strikes.len().max(1) as u64, torn)
    };
    let (leaves, away, torn) = count(FaultKind::Churn { stay_ticks: 50, away_ticks: 30 });
    assert!((700..900).contains(&leaves) && (27..33).contains(&away) && torn == 0, "{leaves}");
    let power = FaultKind::PowerLoss {
        every_ticks: 50,
        off_ticks: 9,
        save_every_ticks: 7,
        torn_percent: 25,
    };
    let (cuts, off, torn) = count(power.clone());
    assert!((700..900).contains(&cuts) && off == 9, "{cuts} {off}");
    assert!((140..260).contains(&torn), "{torn}");
    let all = faults(&[long(power)]);
    assert_eq!((0..70).filter(|now| all.saves(NodeId(3), Tick(*now))).count(), 10);
    assert!(all.stores(NodeId(3)) && !faults(&[entry(LOSS)]).stores(NodeId(3)));
}

#[test]
fn nothing_goes_wrong_where_nothing_is_said() {
    let none = faults(&[]);
    assert!(none.is_empty() && !none.on_air() && !none.on_clock() && !none.on_power());
    assert!(!none.loses(&link(12, 0)) && !none.jams(&link(12, 0), (0, 1)));
    assert_eq!(none.arrivals(&link(12, 0)).as_slice(), [Arrival::default()]);
}
