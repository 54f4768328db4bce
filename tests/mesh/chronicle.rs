//! The chronicle of a watched mesh: what it must tell, what it must not, and that telling it
//! changes nothing.

use std::collections::BTreeSet;

use crate::common::{THICKET, embedded, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::chronicle::log::{MAJOR_EVENTS, MINOR_EVENTS};
use qres::mesh::chronicle::{Event, Lane, What};
use qres::scenario::Scenario;
use qres_core::id::NodeId;

/// A watched mesh of a scenario.
fn watched(scenario: &Scenario, threads: usize) -> Mesh {
    let mut mesh = mesh(scenario, threads);
    mesh.watch(true);
    mesh
}

fn events(mesh: &Mesh) -> Vec<Event> {
    let chronicle = mesh.chronicle().expect("it is watched");
    chronicle.log().since(0).cloned().collect()
}

/// Ticks of the events that a test picks.
fn ticks(events: &[Event], is: impl Fn(&What) -> bool) -> Vec<u64> {
    events.iter().filter(|event| is(&event.what)).map(|event| event.tick).collect()
}

fn lanes(events: &[Event]) -> BTreeSet<Lane> {
    events.iter().map(|event| event.what.lane()).collect()
}

#[test]
fn a_storm_front_is_told_as_storms_and_waves() {
    let mut front = watched(&embedded("storm-front"), 1);
    run_to(&mut front, 1_100);
    let told = events(&front);
    let begins = |what: &What| matches!(what, What::StormBegins { storm: 0, .. });
    let ends = |what: &What| matches!(what, What::StormEnds { storm: 0, .. });
    assert_eq!(ticks(&told, begins), [160]);
    assert_eq!(ticks(&told, ends), [1_000]);
    // It drifts along its path: nobody moves it. There are no adversaries, faults or commands.
    assert!(ticks(&told, |what| matches!(what, What::StormMoved { .. })).is_empty());
    let silent = [Lane::Cascades, Lane::Commands, Lane::Power, Lane::Faults, Lane::Board];
    assert!(lanes(&told).is_disjoint(&silent.into()), "{:?}", lanes(&told));
    let wave = |what: &What| matches!(what, What::WaveBegins { .. });
    let first = ticks(&told, wave).first().copied().expect("nodes notice the storm");
    assert!((160..400).contains(&first), "{first}");
    let peak = told.iter().filter_map(|event| match event.what {
        What::WaveEnds { peak, .. } => Some(peak),
        _ => None,
    });
    assert!(peak.max() > Some(10), "a front is more than a flicker");
    // A regime at a time for each node, and the last one is the one that it has.
    let published = front.publish();
    for (node, view) in published.nodes.iter().enumerate() {
        let mut last = None;
        for event in &told {
            if let What::Regime { node: of, from, to } = event.what
                && of as usize == node
            {
                assert!(last.is_none_or(|last| last == from), "node {node}");
                last = Some(to);
            }
        }
        assert!(last.is_none_or(|last| last == view.regime), "node {node}");
    }
}

#[test]
fn a_cascade_is_told_as_it_spreads() {
    let mut field = watched(&embedded("mutation-cascade"), 1);
    run_to(&mut field, 700);
    let told = events(&field);
    let genes = field.genes();
    let summary = field.summary();
    let mutated = |what: &What| matches!(what, What::Mutated { .. });
    assert!(ticks(&told, mutated).iter().all(|tick| *tick >= 400), "only a storm makes mutants");
    let adopted = told.iter().filter_map(|event| match event.what {
        What::Adopted { gene, origin, node } => Some((gene, origin, node)),
        _ => None,
    });
    let adopted: Vec<_> = adopted.collect();
    assert!(!adopted.is_empty());
    for (gene, origin, node) in &adopted {
        assert_ne!(origin, node);
        assert_eq!(genes.get(*gene).and_then(|view| view.origin), Some(*origin));
    }
    let once: BTreeSet<_> = adopted.iter().map(|(gene, ..)| gene).collect();
    assert_eq!(once.len(), adopted.len(), "each gene's first adoption only");
    let mut marks = BTreeSet::new();
    for event in &told {
        if let What::Cascade { gene, percent, nodes, of, .. } = event.what {
            assert!(nodes * 100 >= of * u32::from(percent) && of == 144);
            assert!(marks.insert((gene, percent)), "told twice");
        }
    }
    assert!(marks.iter().any(|(_, percent)| *percent >= 25), "{marks:?}");
    // The tree knows the same as the nodes.
    let serving: u32 = genes.genes.iter().map(|gene| gene.nodes).sum();
    assert_eq!(serving, 144);
    let evolved = genes.genes.iter().filter(|gene| gene.generation > 0);
    assert_eq!(evolved.map(|gene| gene.nodes).sum::<u32>(), summary.genes.evolved);
    let peak = genes.genes.iter().filter(|gene| gene.generation > 0).map(|gene| gene.peak).max();
    assert!(peak <= Some(summary.genes.largest_cascade));
    let oldest = genes.genes.iter().filter(|gene| gene.nodes > 0).map(|gene| gene.generation).max();
    assert_eq!(oldest, Some(summary.genes.generations));
    assert!(!lanes(&told).contains(&Lane::Power));
}

/// Nodes that are always awake; some of them lie. `rest` is more of the scenario.
fn liars(protocol: &str, rest: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Field", watch_for: "Lies.", seed: 5,
        nodes: (count: 36, layout: Grid(columns: 6, spacing_mm: 10000), sentinels: Every(1),
            start: Together),
        radio: (range_mm: 15000, collisions: false),
        twt: (calm_ms: 4000, prestorm_ms: 4000, storm_ms: 4000, window_ms: 3000,
            storm_window_ms: 3000),
        protocol: (learning_rate: (calm: 0.05), trust: (bans: On(first_ticks: 60,
            longest_ticks: 120)), {protocol}),
        signals: [(modality: "heat", source: Synthetic(noise: 0.4, waves: [
            (period_samples: 12, amplitude: 3.0)]))],
        {rest})"#
    ))
}

const SIGN_FLIP: &str = r#"adversaries: [(kind: SignFlip(scale: 4), nodes: "7 10 25 28",
        from_tick: 60, to_tick: 200)]"#;

#[test]
fn liars_are_found_out_once_each_and_the_figures_agree() {
    let mut field = watched(&liars("", SIGN_FLIP), 1);
    run_to(&mut field, 480);
    let told = events(&field);
    let found = |event: &Event| match event.what {
        What::Detected { node, .. } => Some(node),
        _ => None,
    };
    let detected: Vec<u32> = told.iter().filter_map(found).collect();
    let distinct: BTreeSet<u32> = detected.iter().copied().collect();
    assert_eq!(distinct.len(), detected.len());
    let hostile: BTreeSet<u32> = [7, 10, 25, 28].into();
    assert!(!distinct.is_empty() && distinct.is_subset(&hostile), "{distinct:?}");
    let summary = field.summary();
    let first = ticks(&told, |what| matches!(what, What::Detected { .. })).first().copied();
    assert_eq!(first, summary.adversaries.first_detection_tick);
    let pulse = *field.chronicle().expect("it is watched").pulse();
    assert_eq!(pulse.detected, summary.adversaries.detected);
    let bans = field.chronicle().expect("it is watched").bans();
    for ban in &bans {
        assert_eq!(ban.is_adversary, hostile.contains(&ban.node));
        let judges = (0..36).filter(|judge| {
            let detail = field.detail(NodeId(*judge), "").expect("it has joined");
            detail.peers.iter().any(|peer| peer.id == ban.node && peer.banned)
        });
        assert_eq!(ban.judges as usize, judges.count(), "node {}", ban.node);
    }
    assert_eq!(pulse.banned as usize, bans.iter().filter(|ban| ban.judges > 0).count());
    // Bans run out here, so who was banned is released, and may be banned again.
    let released = ticks(&told, |what| matches!(what, What::Released { .. }));
    assert!(!released.is_empty());
    let honest_ever = told.iter().filter(|e| matches!(e.what, What::FalsePositive { .. })).count();
    let trust = summary.trust.expect("bans have records");
    assert!(honest_ever <= trust.honest_ever_banned as usize);
}

#[test]
fn commands_faults_and_power_have_their_lanes() {
    let rest = r#"
        commands: [(at_tick: 20, command: SetAttack(nodes: "3", attack: Some(Saturate)))],
        faults: [
            (kind: Partition, from_tick: 10, to_tick: 30, nodes: List([0, 1, 2, 3, 4, 5])),
            (kind: PowerLoss(off_ticks: 5), from_tick: 40, to_tick: 60, nodes: List([1, 2])),
        ]"#;
    let mut field = watched(&liars("", rest), 1);
    run_to(&mut field, 70);
    let told = events(&field);
    let table: [(&str, u64); 7] = [
        ("partition begins", 10),
        ("node 3 attack: Saturate", 20),
        ("partition heals", 30),
        ("power loss begins", 40),
        ("2 nodes lose power", 40),
        ("2 nodes come back", 45),
        ("power loss ends", 60),
    ];
    let loud = told
        .iter()
        .filter(|event| matches!(event.what.lane(), Lane::Commands | Lane::Faults | Lane::Power));
    let loud: Vec<_> = loud.map(|event| (event.what.title(), event.tick)).collect();
    assert_eq!(loud, table.map(|(title, tick)| (title.to_owned(), tick)));
}

#[test]
fn batteries_that_run_out_are_told_and_counted() {
    let mut thicket = watched(&parsed(THICKET), 1);
    run_to(&mut thicket, 700);
    let out = events(&thicket).into_iter().filter_map(|event| match event.what {
        What::BrownedOut { nodes, .. } => Some(nodes),
        _ => None,
    });
    let out: u32 = out.sum();
    assert!(out > 0);
    assert_eq!(out, thicket.summary().energy.brownouts);
}

/// Everything that looks: chronicle, genes, followed nodes and published copies.
fn gaze(mesh: &mut Mesh) {
    let published = mesh.publish();
    assert!(mesh.detail(NodeId(7), "").is_some_and(|detail| detail.since.is_some()));
    let genes = mesh.genes();
    assert!(!genes.genes.is_empty());
    let pulse = *mesh.chronicle().expect("it is watched").pulse();
    assert_eq!(pulse.nodes as usize, published.nodes.len());
    assert_eq!(pulse.regimes, published.summary.regimes);
    assert_eq!(pulse.asleep, published.summary.asleep);
    assert_eq!(pulse.storms as usize, published.storms.len());
}

#[test]
fn looking_changes_nothing_and_figures_add_up() {
    let audited = liars("audit: (every_rounds: 8, rate_percent: 50)", SIGN_FLIP);
    let scenarios = [
        (parsed(THICKET), 260),
        (embedded("mutation-cascade"), 440),
        (liars("", SIGN_FLIP), 200),
        (audited, 120),
    ];
    for (scenario, until) in scenarios {
        let title = &scenario.title;
        let (mut seen, mut unseen) = (watched(&scenario, 1), mesh(&scenario, 1));
        seen.follow(&[NodeId(7), NodeId(0), NodeId(12)]);
        let mut sums = [0; 4];
        while seen.ticks() < until {
            seen.step();
            unseen.step();
            if seen.ticks().is_multiple_of(8) {
                gaze(&mut seen);
            }
            let pulse = *seen.chronicle().expect("it is watched").pulse();
            let parts = [pulse.bytes, pulse.updates, pulse.merges, pulse.federated_bytes];
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
            if seen.ticks().is_multiple_of(64) {
                assert_eq!(seen.sections(), unseen.sections(), "{title}, {}", seen.ticks());
            }
        }
        assert_eq!(seen.digest(), unseen.digest(), "{title}");
        let (summary, [bytes, updates, merges, federated]) = (seen.summary(), sums);
        assert_eq!(bytes, summary.bytes_sent, "{title}");
        assert_eq!(updates, summary.updates, "{title}");
        assert_eq!(merges, summary.aggregations, "{title}");
        assert!(federated.is_multiple_of(updates.max(1)) && federated > updates, "{title}");
    }
}

#[test]
fn threads_tell_the_same_story() {
    let rest = r"adversaries: [(kind: SignFlip(scale: 4), share_percent: 10, from_tick: 12)],
        storms: [(from_tick: 75, to_tick: 100, path: [(tick: 75, x_mm: 0, z_mm: 0)],
            radius_mm: 90000, intensity: 30.0)]";
    let mut crowd = liars("", rest);
    crowd.nodes.count = Some(1_008);
    let (mut one, mut many) = (watched(&crowd, 1), watched(&crowd, 4));
    for _ in 0..96 {
        one.step();
        many.step();
        let pulses = [&one, &many].map(|mesh| *mesh.chronicle().expect("watched").pulse());
        assert_eq!(pulses[0], pulses[1]);
    }
    assert_eq!(events(&one), events(&many));
    assert!(events(&one).len() > 20);
}

#[test]
fn a_mesh_that_is_put_back_tells_the_same_again() {
    let scenario = liars("", SIGN_FLIP);
    let mut field = watched(&scenario, 1);
    run_to(&mut field, 100);
    let bytes = field.snapshot();
    run_to(&mut field, 200);
    let first = events(&field);
    field.restore(&bytes).expect("its own snapshot");
    let kept = events(&field);
    assert!(kept.iter().all(|event| event.tick < 100));
    run_to(&mut field, 200);
    let again = events(&field);
    let story = |events: &[Event]| -> Vec<(u64, What)> {
        events.iter().map(|event| (event.tick, event.what.clone())).collect()
    };
    assert_eq!(story(&again), story(&first));
    assert!(again.iter().map(|event| event.number).is_sorted_by(|one, next| one < next));
    assert_eq!(field.chronicle().map(|chronicle| chronicle.log().rewinds()), Some(1));
}

#[test]
fn who_begins_to_watch_later_is_told_of_nothing_that_is_over() {
    let mut field = mesh(&liars("", SIGN_FLIP), 1);
    run_to(&mut field, 200);
    assert!(field.chronicle().is_none());
    field.watch(true);
    assert!(events(&field).is_empty());
    field.step();
    let told = events(&field);
    assert!(told.iter().all(|event| event.tick == 200), "{told:?}");
    let pulse = *field.chronicle().expect("it is watched").pulse();
    assert_eq!(pulse.detected, field.summary().adversaries.detected);
    let tally: u64 = field.summary().bytes_sent;
    assert!(field.chronicle().is_some_and(|chronicle| chronicle.pulse().bytes < tally));
}

#[test]
fn words_on_hardware_go_in_and_nothing_grows_without_end() {
    let mut field = watched(&liars("", ""), 1);
    field.note_board(Some(NodeId(3)), "board on ttyACM0 is node 3 now");
    field.step();
    for count in 0..MAJOR_EVENTS + 10 {
        field.note_board(None, if count == 0 { "unplugged" } else { "plugged in" });
    }
    let log = field.chronicle().expect("it is watched").log();
    assert!(log.len() <= MAJOR_EVENTS + MINOR_EVENTS);
    assert_eq!(log.next(), log.since(0).last().map_or(0, |event| event.number + 1));
    let boards = log.since(0).filter(|event| event.what.lane() == Lane::Board).count();
    assert_eq!(boards, MAJOR_EVENTS);
}
