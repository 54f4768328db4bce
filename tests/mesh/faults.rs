//! Faults: each does what it says and no more, all of them together stay deterministic and come
//! back from a snapshot, and a model outlives a power cut.

use proptest::prelude::*;

use crate::common::{mesh, parsed, run_to};
use crate::determinism::hold;
use qres::mesh::Mesh;
use qres::mesh::condition::FaultSummary;
use qres::mesh::publish::Fate;
use qres::scenario::Scenario;
use qres_core::id::NodeId;
use qres_core::q16::Q16;

/// A lively field of 25 nodes with these faults.
fn field(faults: &str) -> Scenario {
    sized(25, 5, faults)
}

fn sized(count: u32, columns: u32, faults: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Field", watch_for: "What goes wrong.", seed: 5,
        nodes: (count: {count}, layout: Grid(columns: {columns}, spacing_mm: 8000)),
        radio: (range_mm: 20000),
        twt: (calm_ms: 4000, prestorm_ms: 2000, storm_ms: 1000, window_ms: 400,
            storm_window_ms: 800),
        protocol: (commissioning: (limit_ticks: 60), evolution: On()),
        signals: [(modality: "heat", source: Synthetic(noise: 0.3, phase: ByNode))],
        faults: [{faults}])"#
    ))
}

fn after(faults: &str, ticks: u64) -> (Mesh, FaultSummary) {
    let mut mesh = mesh(&field(faults), 1);
    run_to(&mut mesh, ticks);
    let counts = mesh.summary().faults.unwrap_or_default();
    (mesh, counts)
}

/// Every fault at once.
const ALL: &str = r"
    (kind: Loss(percent: 10)),
    (kind: Bursts(enter_per_mille: 50, leave_per_mille: 200), nodes: Links([(0, 1), (6, 7)])),
    (kind: Duplication(percent: 20), nodes: List([3, 4, 5, 12])),
    (kind: Reordering(percent: 20, up_to_ticks: 5)),
    (kind: Corruption(percent: 10, bits: 2)),
    (kind: Corruption(percent: 10, bits: 3, mends_crc: true)),
    (kind: Partition, from_tick: 40, to_tick: 90, nodes: Side(x_mm: 0, z_mm: 1, to_x_mm: 0,
        to_z_mm: 0)),
    (kind: ClockSkew(ppm: 20000)),
    (kind: Straggler(factor: 3), nodes: Share(percent: 20)),
    (kind: PowerLoss(every_ticks: 60, off_ticks: 7, save_every_ticks: 9), nodes: Share()),
    (kind: Churn(stay_ticks: 80, away_ticks: 12), nodes: Share(percent: 30)),
    (kind: Jamming(), nodes: Area(x_mm: -9000, z_mm: -9000, radius_mm: 12000)),
    (kind: Eclipse(victim: 24), from_tick: 60, nodes: List([18, 19])),
    (kind: Sybil(host: 12, identities: 4, attack: GenePoison), from_tick: 50),
    (kind: Sybil(host: 2, identities: 2, attack: GenePoison), from_tick: 30)";

#[test]
fn frames_are_lost_damaged_and_late_as_said() {
    let (_, clean) = after("", 80);
    assert_eq!(clean, FaultSummary::default());
    let heard = |faults: &str| after(faults, 80).0.summary().frames;
    assert!(heard("") > 400, "a field that talks");

    let (_, lossy) = after("(kind: Loss(percent: 50))", 80);
    let (mut half, _) = after("(kind: Loss(percent: 50), from_tick: 65)", 80);
    let half = half.summary().faults.unwrap_or_default();
    assert!(lossy.counts.dropped > 400, "{lossy:?}");
    assert!(half.counts.dropped < lossy.counts.dropped / 2, "{half:?}");
    let (_, local) = after("(kind: Loss(percent: 50), nodes: Links([(0, 1)]))", 80);
    assert!((1..lossy.counts.dropped / 20).contains(&local.counts.dropped));

    let (_, bursts) = after("(kind: Bursts(bad_percent: 100))", 80);
    assert!((1..lossy.counts.dropped / 2).contains(&bursts.counts.dropped));

    let (_, twice) = after("(kind: Duplication(percent: 100))", 80);
    assert!(twice.counts.repeated > 1_000 && twice.counts.delayed == 0);
    let (_, late) = after("(kind: Reordering(percent: 50))", 80);
    assert!(late.counts.delayed > 400);

    let (_, noisy) = after("(kind: Corruption(percent: 50))", 80);
    assert!(noisy.counts.corrupted > 400 && noisy.counts.undetected == 0, "{noisy:?}");
    let (_, sly) = after("(kind: Corruption(percent: 50, mends_crc: true))", 80);
    assert!(sly.counts.undetected > 400 && sly.counts.corrupted == sly.counts.undetected);
}

#[test]
fn signatures_refuse_what_a_mended_checksum_lets_through() {
    let mut scenario = field("(kind: Corruption(percent: 30, bits: 1, mends_crc: true))");
    scenario.protocol.integrity = qres::scenario::Integrity::Accounted;
    let mut signed = mesh(&scenario, 1);
    run_to(&mut signed, 80);
    assert!(signed.summary().integrity.refused > 100);
    scenario.faults.clear();
    let mut clean = mesh(&scenario, 1);
    run_to(&mut clean, 80);
    assert_eq!(clean.summary().integrity.refused, 0);
}

#[test]
fn a_partition_and_an_eclipse_cut_what_they_name_and_heal() {
    let scenario = field(
        "(kind: Partition, from_tick: 10, to_tick: 40, nodes: Side(x_mm: 0, z_mm: 9, to_x_mm: 0,
        to_z_mm: -9)), (kind: Eclipse(victim: 12), from_tick: 60, to_tick: 90, nodes: List([13]))",
    );
    let mut mesh = mesh(&scenario, 1);
    mesh.watch(true);
    let west = |node: u32| node % 5 < 2;
    let mut cut = [0, 0, 0];
    for tick in 0..110 {
        mesh.step();
        for packet in mesh.publish().packets {
            let (from, to) = (packet.sender, packet.receiver);
            let crosses = west(from) != west(to);
            let lonely = (from == 12 && to != 13) || (to == 12 && from != 13);
            let expected = match tick {
                10..40 => crosses,
                60..90 => lonely,
                _ => false,
            };
            let reached = [Fate::Delivered, Fate::Faded, Fate::Collided].contains(&packet.fate);
            assert!(!(expected && reached), "{tick}: {packet:?}");
            assert!(expected || packet.fate != Fate::Cut, "{tick}: {packet:?}");
            cut[tick / 40] += u32::from(packet.fate == Fate::Cut);
        }
    }
    assert!(cut[0] > 100 && cut[1] > 10, "{cut:?}");
    let counted = mesh.summary().faults.unwrap_or_default().counts.cut;
    assert_eq!(counted, cut.iter().sum::<u32>());
}

#[test]
fn a_jammer_drowns_its_own_area() {
    let (mut mesh, counts) = after(
        "(kind: Jamming(duty_percent: 100), nodes: Area(x_mm: -12000, z_mm: -12000,
        radius_mm: 10000))",
        60,
    );
    assert!(counts.counts.jammed > 100, "{counts:?}");
    mesh.watch(true);
    for _ in 0..20 {
        mesh.step();
        let jammed = mesh.publish().packets.into_iter().filter(|p| p.fate == Fate::Jammed);
        for packet in jammed {
            assert!([0, 1, 5, 6].contains(&packet.receiver), "{packet:?}");
        }
    }
}

#[test]
fn stragglers_and_clocks_change_when_rounds_come() {
    let rounds = |faults: &str| -> Vec<u32> {
        let (mut mesh, _) = after(faults, 240);
        (0..25).filter_map(|id| mesh.detail(NodeId(id), "")).map(|node| node.rounds).collect()
    };
    let (plain, slow) = (rounds(""), rounds("(kind: Straggler(factor: 5), nodes: List([3, 12]))"));
    for (id, (plain, slow)) in plain.iter().zip(&slow).enumerate() {
        let share = 100 * slow / plain;
        let expected = if [3, 12].contains(&id) { 10..45 } else { 75..130 };
        assert!(expected.contains(&share), "node {id}: {slow} of {plain}");
    }
    let wakes = |faults: &str| -> Vec<u64> {
        let (mut mesh, _) = after(faults, 200);
        (0..25).filter_map(|id| mesh.detail(NodeId(id), "")).map(|n| n.next_wake_ms).collect()
    };
    let (right, wrong) = (wakes(""), wakes("(kind: ClockSkew(ppm: 100000))"));
    let moved = right.iter().zip(&wrong).filter(|(a, b)| a != b).count();
    assert!(moved > 15, "{moved} of 25 clocks");
}

#[test]
fn a_model_outlives_a_power_cut_and_a_torn_save() {
    let cut = |storage: &str| {
        let faults = format!("(kind: PowerLoss(off_ticks: 5 {storage}), from_tick: 150)");
        after(&faults, 150).0
    };
    let weights = |mesh: &mut Mesh| -> Vec<i32> {
        let neurons = mesh.neurons();
        neurons.iter().flat_map(|(_, neuron)| neuron.weights().map(Q16::to_bits)).collect()
    };
    let distance = |a: &[i32], b: &[i32]| -> u64 {
        a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
    };
    let fresh = weights(&mut mesh(&field(""), 1));
    let mut kept = cut(", save_every_ticks: 1, torn_percent: 100");
    let before = weights(&mut kept);
    assert_ne!(before, fresh, "something was learned");
    run_to(&mut kept, 151);
    let counts = kept.summary().faults.unwrap_or_default();
    assert_eq!((counts.off, counts.counts.outages, counts.counts.torn), (25, 25, 25));
    assert_eq!(kept.publish().summary.asleep, 25);
    let level = |mesh: &mut Mesh| mesh.detail(NodeId(7), "").map(|node| node.energy_uj);
    let charge = level(&mut kept);
    run_to(&mut kept, 155);
    assert_eq!(level(&mut kept), charge, "off, it spends nothing");
    run_to(&mut kept, 156);
    let counts = kept.summary().faults.unwrap_or_default();
    assert_eq!((counts.counts.restored, counts.counts.reborn, counts.off), (25, 0, 0));
    // The last whole save, and one step of learning since.
    let restored = weights(&mut kept);
    assert!(distance(&restored, &before) * 10 < distance(&fresh, &before));

    let mut lost = cut("");
    run_to(&mut lost, 156);
    let counts = lost.summary().faults.unwrap_or_default();
    assert_eq!((counts.counts.restored, counts.counts.reborn), (0, 25));
    let reborn = weights(&mut lost);
    assert!(distance(&reborn, &fresh) < distance(&reborn, &before));
    // Newcomers are heard again: their rounds go on from where they can have been.
    run_to(&mut lost, 300);
    let heard = lost.detail(NodeId(12), "").map_or(0, |node| {
        node.neighbours.iter().filter(|(_, _, tick)| (156..u64::MAX).contains(tick)).count()
    });
    assert!(heard > 10, "{heard}");
}

#[test]
fn churn_empties_and_refills_the_field() {
    let mut mesh =
        mesh(&field("(kind: Churn(stay_ticks: 40, away_ticks: 40), nodes: Share(percent: 80))"), 1);
    run_to(&mut mesh, 60);
    let (mut least, mut most) = (25, 0);
    while mesh.ticks() < 240 {
        mesh.step();
        let off = mesh.summary().faults.map_or(0, |faults| faults.off);
        (least, most) = (off.min(least), off.max(most));
    }
    // Half of the twenty on average.
    assert!(least < 9 && (10..=20).contains(&most), "{least} {most}");
    let counts = mesh.summary().faults.unwrap_or_default().counts;
    assert!(counts.reborn > 20 && counts.restored == 0, "{counts:?}");
}

#[test]
fn invented_identities_join_late_and_shift_nobody() {
    let faults = "(kind: Sybil(host: 0, identities: 2, attack: GenePoison), from_tick: 100)";
    let (mut with, mut without) = (mesh(&field(faults), 1), mesh(&field(""), 1));
    for mesh in [&mut with, &mut without] {
        run_to(mesh, 99);
    }
    assert!(with.neurons() == without.neurons());
    run_to(&mut with, 101);
    let summary = with.summary();
    assert_eq!((summary.nodes, summary.adversaries.count), (27, 2));
    let detail = with.detail(NodeId(26), "").expect("a late joiner");
    assert!(!detail.commissioned, "known to nobody yet");
    run_to(&mut with, 240);
    let spent = with.detail(NodeId(26), "").map(|node| node.energy_uj);
    assert!(spent < Some(detail.energy_uj), "they pay for their radios");
}

#[test]
fn all_at_once_are_as_written_down() {
    hold("faults.txt", &field(ALL), 130);
    let (_, sum) = after(ALL, 130);
    let all = sum.counts;
    let seen = [
        all.cut,
        all.jammed,
        all.dropped,
        all.corrupted,
        all.undetected,
        all.repeated,
        all.delayed,
        all.outages,
        all.torn,
        all.restored,
        all.reborn,
    ];
    assert!(seen.iter().all(|count| *count > 0), "{all:?}");
}

#[test]
fn all_at_once_on_one_thread_and_on_four() {
    let town = sized(1_000, 40, ALL);
    let (mut one, mut four) = (mesh(&town, 1), mesh(&town, 4));
    for tick in 0..16 {
        one.step();
        four.step();
        if tick % 8 == 7 {
            assert_eq!(one.sections(), four.sections(), "{tick}");
        }
    }
    assert!(one.summary().faults.is_some_and(|faults| faults.counts.delayed > 100));
}

#[test]
fn all_at_once_come_back_from_a_snapshot() {
    let scenario = field(ALL);
    let mut straight = mesh(&scenario, 1);
    let mut waited = false;
    for tick in [20, 71, 130] {
        run_to(&mut straight, tick);
        let bytes = straight.snapshot();
        let mut copy = mesh(&scenario, 1);
        copy.restore(&bytes).expect("its own snapshot");
        assert_eq!(copy.sections(), straight.sections(), "at {tick}");
        waited |= straight.summary().faults.is_some_and(|faults| faults.off > 0);
        run_to(&mut straight, tick + 40);
        run_to(&mut copy, tick + 40);
        assert_eq!(copy.digest(), straight.digest(), "from {tick}");
    }
    assert!(waited, "a snapshot with nodes that are off");
    let other = field("(kind: Loss())");
    let bytes = straight.snapshot();
    assert!(mesh(&other, 1).restore(&bytes).is_err());
}

fn chosen() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Share(percent: 30)".to_owned()),
        (1_u8..=100).prop_map(|percent| format!("Share(percent: {percent})")),
        (0_u32..25, 0_u32..25).prop_map(|(a, b)| format!("List([{a}, {b}])")),
        (-20_000..20_000, 1..30_000)
            .prop_map(|(at, r)| format!("Area(x_mm: {at}, z_mm: {at}, radius_mm: {r})")),
        (-20_000..20_000, 1..9_000).prop_map(|(at, way)| format!(
            "Side(x_mm: {at}, z_mm: 0, to_x_mm: {}, to_z_mm: {at})",
            at + way
        )),
        Just("Adversaries".to_owned()),
    ]
}

fn kinds() -> impl Strategy<Value = String> {
    let of_nodes = prop_oneof![
        (1..=100).prop_map(|p| format!("Loss(percent: {p})")),
        (1..500, 1..500, 0..=100).prop_map(|(p, r, bad)| format!(
            "Bursts(enter_per_mille: {p}, leave_per_mille: {r}, bad_percent: {bad})"
        )),
        (1..=100).prop_map(|p| format!("Duplication(percent: {p})")),
        (1..=100, 1..=1000)
            .prop_map(|(p, t)| format!("Reordering(percent: {p}, up_to_ticks: {t})")),
        (1..=100, 1..=64, any::<bool>()).prop_map(|(p, bits, mends)| format!(
            "Corruption(percent: {p}, bits: {bits}, mends_crc: {mends})"
        )),
        Just("Partition".to_owned()),
        (1..=100_000).prop_map(|ppm| format!("ClockSkew(ppm: {ppm})")),
        (2..=1000).prop_map(|factor| format!("Straggler(factor: {factor})")),
        (0..90, 1..60, 0..30, 0..=100).prop_map(|(every, off, save, torn)| format!(
            "PowerLoss(every_ticks: {every}, off_ticks: {off}, save_every_ticks: {save}, \
             torn_percent: {torn})"
        )),
        (1..90, 1..60)
            .prop_map(|(stay, away)| format!("Churn(stay_ticks: {stay}, away_ticks: {away})")),
        (0..25).prop_map(|victim| format!("Eclipse(victim: {victim})")),
    ];
    let struck = (of_nodes, chosen()).prop_map(|(kind, who)| format!("kind: {kind}, nodes: {who}"));
    let jamming = (1..=100, 100..50_000, 1..=100_000, 1..40_000).prop_map(
        |(duty, period, strength, radius)| {
            format!(
                "kind: Jamming(duty_percent: {duty}, period_us: {period}, strength_percent: \
                 {strength}), nodes: Area(x_mm: 0, z_mm: 0, radius_mm: {radius})"
            )
        },
    );
    let sybil = (0..25, 1..8).prop_map(|(host, count)| {
        format!("kind: Sybil(host: {host}, identities: {count}, attack: GenePoison)")
    });
    prop_oneof![8 => struck, 1 => jamming, 1 => sybil]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_faults_run_repeat_and_restore(
        faults in proptest::collection::vec((kinds(), 0_u64..150, 1_u64..150), 1..7),
        cut in 1_u64..199,
    ) {
        let entries: Vec<String> = faults
            .iter()
            .map(|(kind, from, length)| {
                format!("({kind}, from_tick: {from}, to_tick: {})", from + length)
            })
            .collect();
        let scenario = field(&entries.join(", "));
        let mut straight = mesh(&scenario, 1);
        run_to(&mut straight, cut);
        let bytes = straight.snapshot();
        run_to(&mut straight, 200);
        let mut copy = mesh(&scenario, 1);
        copy.restore(&bytes).expect("its own snapshot");
        run_to(&mut copy, 200);
        prop_assert_eq!(copy.sections(), straight.sections(), "{:?}", entries);
    }
}
