//! Evidence meets the machine, rounds end, and a mesh without the page behaves as it would without
//! this module.

extern crate std;

use super::*;
use crate::canonical::Source;
use crate::q16::{HALF, percent};
use crate::regime::Regime;
use crate::trust::{BanConfig, WatchdogConfig};
use proptest::prelude::*;
use std::vec::Vec;

fn config() -> TrustConfig {
    TrustConfig {
        bans: Some(BanConfig { first_ticks: 50, ..BanConfig::default() }),
        watchdog: Some(WatchdogConfig {
            straggler_rounds: 3,
            limit_rounds: 4,
            ..Default::default()
        }),
        ..TrustConfig::default()
    }
}

/// A table of `N` neighbours, all of this reputation, and a page on them.
fn mesh<const N: usize>(reputation: Q16) -> (Vec<Neighbour>, Dossier<N>) {
    let fresh = |id| Neighbour { reputation, ..Neighbour::new(&config(), NodeId(id)) };
    let page = Dossier::of(&config(), N).expect("bans are on");
    ((0..N as u32).map(fresh).collect(), page)
}

#[test]
fn only_meshes_that_ask_for_it_have_the_page() {
    let off = TrustConfig::default();
    assert!(Dossier::<4>::of(&off, 4).is_none());
    let options = [
        TrustConfig { bans: Some(BanConfig::default()), ..off },
        TrustConfig { opinions: true, ..off },
        TrustConfig { watchdog: Some(WatchdogConfig::default()), ..off },
    ];
    for on in options {
        assert_eq!(Dossier::<4>::of(&on, 3).map(|page| page.entries.len()), Some(3));
    }
}

#[test]
fn evidence_bans_time_frees_and_service_clears() {
    let (mut table, mut page) = mesh::<3>(HALF);
    let config = config();
    let tell = |page: &mut Dossier<3>, table: &mut [Neighbour], evidence, now| {
        weigh(&config, table, Some(&mut page.view()), NodeId(1), evidence, Tick(now))
    };
    assert!(!tell(&mut page, &mut table, Evidence::AuditFailed, 9));
    assert!(tell(&mut page, &mut table, Evidence::AuditFailed, 10), "this one bans");
    assert!(!tell(&mut page, &mut table, Evidence::AuditFailed, 11), "it is banned already");
    assert!(table[1].banned && !table[0].banned && !table[2].banned);
    assert_eq!(page.ledger.bans, [0, 1, 0]);
    let wake = WakeConfig::default();
    review(&config, &wake, &mut table, &mut page.view(), Tick(59));
    assert!(table[1].banned);
    review(&config, &wake, &mut table, &mut page.view(), Tick(60));
    assert!(!table[1].banned);
    assert_eq!((page.view().status(1), page.ledger.probations), (Status::Probation, 1));
    let tried = config.influence_in(Status::Probation, percent(90), 3);
    assert_eq!(tried, percent(10), "little influence, whatever the reputation");
    for now in 61..72 {
        tell(&mut page, &mut table, Evidence::Good, now);
    }
    assert_eq!((page.view().status(1), page.ledger.returns), (Status::Trusted, 1));
    assert!(tell(&mut page, &mut table, Evidence::ComputationMismatch, 80));
    assert_eq!((page.ledger.bans, table[1].reputation), ([0, 1, 1], Q16::ZERO));
    let stranger = NodeId(77);
    assert!(!weigh(&config, &mut table, None, stranger, Evidence::Harmful, Tick(0)));
}

#[test]
fn the_gini_alarm_counts_when_it_goes_off_and_not_while_it_rings() {
    let (mut table, mut page) = mesh::<8>(percent(10));
    let config = config();
    let wake = WakeConfig::default();
    let rounds = |table: &mut [Neighbour], page: &mut Dossier<8>| {
        for now in 0..3 {
            review(&config, &wake, table, &mut page.view(), Tick(now));
        }
        (page.ledger.is_alarmed, page.ledger.gini_alarms)
    };
    assert_eq!(rounds(&mut table, &mut page), (false, 0));
    // 0.8 against seven times 0.01: (7 * 0.8 - 7 * 0.01) / (8 * 0.87) = 0.794.
    table[3].reputation = Q16::ONE;
    assert_eq!(rounds(&mut table, &mut page), (true, 1));
    assert!((52_000..52_100).contains(&page.ledger.gini.to_bits()), "{}", page.ledger.gini);
    let status = &mut page.entries[3].record;
    (status.status, status.bans) = (Status::Banned, 1);
    assert_eq!(rounds(&mut table, &mut page), (false, 1), "the banned have no influence");
    page.entries[3].record = Record::default();
    assert_eq!(rounds(&mut table, &mut page), (true, 2));
}

/// Rounds of 30 ticks in which neighbours `heard` speak, from tick 30 `from` on; what the watchdog
/// said in each.
fn live<const N: usize>(
    table: &mut [Neighbour],
    page: &mut Dossier<N>,
    rounds: core::ops::Range<u64>,
    heard: core::ops::Range<usize>,
) -> Vec<Option<Fallback>> {
    rounds
        .map(|round| {
            let now = Tick(30 * round);
            for peer in &mut table[heard.clone()] {
                peer.hear(now, round as u32, Regime::Storm);
            }
            page.ledger.accepted = !heard.is_empty();
            let wake = WakeConfig { interval_us: [30_000_000; 3], ..WakeConfig::default() };
            review(&config(), &wake, table, &mut page.view(), now)
        })
        .collect()
}

#[test]
fn a_fifth_of_silent_neighbours_is_borne_and_more_are_written_off_once() {
    let (mut table, mut page) = mesh::<10>(HALF);
    assert!(live(&mut table, &mut page, 1..9, 0..10).iter().all(Option::is_none));
    // Two of ten fall silent for good.
    assert!(live(&mut table, &mut page, 9..30, 2..10).iter().all(Option::is_none));
    // A third one: after more than three rounds it is a straggler.
    let said = live(&mut table, &mut page, 30..50, 3..10);
    assert_eq!(said.iter().position(Option::is_some), Some(3));
    assert_eq!(said.iter().flatten().collect::<Vec<_>>(), [&Fallback::Stragglers]);
    assert_eq!(page.ledger.fallbacks, [1, 0]);
    let lost = |page: &Dossier<10>| page.entries.iter().filter(|entry| entry.is_lost).count();
    assert_eq!(lost(&page), 3);
    // All come back, and are counted again.
    assert!(live(&mut table, &mut page, 50..52, 0..10).iter().all(Option::is_none));
    assert_eq!(lost(&page), 0);
}

#[test]
fn without_anything_to_take_the_node_falls_back_again_and_again() {
    let (mut table, mut page) = mesh::<4>(HALF);
    live(&mut table, &mut page, 1..2, 0..4);
    // Heard, but nothing was worth taking.
    let said: Vec<_> = (2..13_u64)
        .flat_map(|round| {
            for peer in &mut table {
                peer.hear(Tick(30 * round), round as u32, Regime::Storm);
            }
            live(&mut table, &mut page, round..round + 1, 0..0)
        })
        .collect();
    let stalls = said.iter().map(|said| u8::from(*said == Some(Fallback::Stall)));
    assert_eq!(stalls.collect::<Vec<_>>(), [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
}

#[test]
fn the_page_stays_small_and_comes_back_from_its_bytes() {
    assert!(size_of::<Entry>() <= 56, "{}", size_of::<Entry>());
    let (mut table, mut page) = mesh::<5>(HALF);
    let conduct = &mut page.view();
    weigh(&config(), &mut table, Some(conduct), NodeId(2), Evidence::ComputationMismatch, Tick(4));
    page.entries[1].contradictions = 0b101;
    page.entries[1].is_slanderer = true;
    let mut bytes: heapless::Vec<u8, 512> = heapless::Vec::new();
    page.encode(&mut bytes);
    let mut source = Source::new(&bytes);
    let entries: Option<heapless::Vec<Entry, 5>> = Canonical::decode(&mut source);
    assert_eq!(entries.as_ref(), Some(&page.entries));
    assert_eq!(Ledger::decode(&mut source), Some(page.ledger));
    assert_eq!(source.remaining(), 0);
}

proptest! {
    #[test]
    fn without_bans_a_page_changes_nothing(kinds in proptest::collection::vec(0..9_usize, 0..60)) {
        let all = [
            Evidence::Good, Evidence::Neutral, Evidence::Harmful, Evidence::Outlying,
            Evidence::AuditPassed, Evidence::AuditFailed, Evidence::ComputationMismatch,
            Evidence::NormRefused, Evidence::NoAnswer,
        ];
        let config = TrustConfig { opinions: true, ..TrustConfig::default() };
        let mut page: Dossier<1> = Dossier::of(&config, 1).expect("opinions are on");
        let mut table = [Neighbour::new(&config, NodeId(0))];
        let mut plain = Neighbour::new(&config, NodeId(0));
        for (now, kind) in (0..).zip(kinds) {
            let evidence = all[kind];
            let conduct = &mut page.view();
            weigh(&config, &mut table, Some(conduct), NodeId(0), evidence, Tick(now));
            plain.weigh(&config, evidence);
            prop_assert_eq!(table[0], plain);
        }
        prop_assert_eq!(page.entries[0].record, Record::default());
    }
}
