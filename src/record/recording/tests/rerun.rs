//! Runs that are done again: what scenarios order, what people order, from the start or in mid-run,
//! on one thread or two; and where two recordings part.

use super::super::compare::{node, recorded, stepped};
use super::*;
use crate::scenario::{FAULTS_MAX, FIELDS, Links, Post, Spectrum, embedded};

/// A command of every kind, with a tick; choices of nodes in all ways of saying them.
fn everything() -> Vec<(u64, Command)> {
    let nodes = str::to_owned;
    let storm = Command::StartStorm {
        x_mm: 0,
        z_mm: 0,
        radius_mm: 30_000,
        intensity: 12.5,
        spectrum: Spectrum::Tone { period_samples: 9 },
        drift_mm: (100, -50),
        growth_mm: 10,
        ticks: 0,
    };
    let add = Command::AddNodes {
        count: 3,
        x_mm: 5_000,
        z_mm: -5_000,
        spread_mm: 4_000,
        modality: String::new(),
        role: Post::Fitting,
    };
    let from_text = |text: &str| ron::from_str::<Command>(text).expect("a command");
    vec![
        (2, storm),
        (2, Command::Kill { nodes: nodes("share=20%") }),
        (3, from_text("SetDefence(trim_per_tail: 2)")),
        (4, from_text("SetProtocol(field: \"protocol.storm_entropy\", value: 0.5)")),
        (
            5,
            from_text("SetAttack(nodes: \"3 4\", attack: Some(SignFlip(scale: 3)), collude: true)"),
        ),
        (6, from_text("MoveStorm(storm: 0, x_mm: 9000, z_mm: 1000, over_ticks: 4)")),
        (7, from_text("SetStorm(storm: 0, intensity: Some(0.1))")),
        (
            8,
            Command::Degrade {
                links: Links::Across(vec![(-90_000, 1_000), (90_000, 1_100)]),
                percent: 40,
            },
        ),
        (8, Command::Cut { links: Links::Of(nodes("1")) }),
        (9, Command::Restore { links: Links::All }),
        (9, add),
        (10, Command::MoveNodes { nodes: nodes("near=2:9m"), x_mm: 1_000, z_mm: 2_000 }),
        (11, Command::SetEnergy { nodes: nodes("12"), percent: 50 }),
        (11, Command::Drain { nodes: nodes("energy>10"), percent: 5 }),
        (12, Command::Charge { nodes: nodes("0-5"), percent: 5 }),
        (13, Command::Revive { nodes: nodes("off"), memory: false }),
        (14, Command::Heal { nodes: nodes("role=byzantine") }),
        (15, from_text("EndStorm(storm: 0)")),
        (15, from_text("StartFault(kind: Sybil(host: 2, identities: 2, attack: Mimic))")),
        (16, from_text("StartFault(kind: Eclipse(victim: 4), whom: Adversaries, ticks: 3)")),
        (17, from_text("StartFault(kind: Loss(percent: 40), nodes: \"regime=calm\")")),
        (18, from_text("EndFault(fault: 2)")),
    ]
}

/// Twelve nodes and what people did to them.
const TWELVE: &str = r#"(title: "t", watch_for: "w", seed: 7, nodes: (count: 12),
    signals: [(modality: "a")],
    twt: (calm_ms: 4000, prestorm_ms: 3000, storm_ms: 2000, storm_window_ms: 1000),
    commands: [(at_tick: 2, command: Drain(nodes: "2", percent: 10)),
        (at_tick: 9, command: Kill(nodes: "5"))])"#;

#[test]
fn all_that_people_do_is_done_again() {
    let bytes = record(TWELVE, 24, 5, |tick, mesh| {
        for (_, command) in everything().into_iter().filter(|(at, _)| *at == tick) {
            let said = command.describe();
            mesh.command(command).unwrap_or_else(|fault| panic!("{said}: {fault}"));
        }
        if tick == 16 {
            // Taken back, and refused when its time has come: neither is part of the run.
            mesh.command(drain(3)).expect("taken");
            mesh.take_back().expect("taken back");
            let nobody = Command::Revive { nodes: "off & role=byzantine".to_owned(), memory: true };
            mesh.command(nobody).expect("taken");
        }
    });
    let recording = decoded(&bytes).expect("in order");
    let kinds: std::collections::BTreeSet<String> = recording
        .commands
        .iter()
        .map(|order| format!("{:?}", order.command).split([' ', '{']).next().unwrap().to_owned())
        .collect();
    assert_eq!(recording.commands.len(), everything().len());
    let table = FIELDS.iter().find(|field| field.path == "commands[].command").expect("listed");
    let named = table.accepts.to_string();
    let missing = named.split([',', ' ']).filter_map(|word| word.strip_suffix("(..)"));
    let missing: Vec<&str> = missing.filter(|name| !kinds.contains(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "every kind: {kinds:?}");
    assert!(
        recording.commands.iter().zip(everything()).all(|(order, (tick, _))| order.at_tick == tick)
    );
    assert_eq!(replayed(&recording, 1), Ok(6));
    // The run again, recorded again, is the same file.
    let mut mesh = again(&recording, 1);
    let (mut recorder, file) = recorder(TWELVE, &mut mesh, 5);
    for _ in 0..24 {
        mesh.step();
        recorder.tick(&mut mesh);
    }
    recorder.finish(&mut mesh);
    assert_eq!(String::from_utf8(file.bytes()), String::from_utf8(bytes));
}

#[test]
fn faults_for_the_invented_are_done_again() {
    let sybils = TWELVE.replace(
        "commands:",
        "faults: [(kind: Sybil(host: 2, identities: 3, \
        attack: Mimic), from_tick: 4)], commands:",
    );
    let bytes = record(&sybils, 24, 5, |tick, mesh| {
        if tick == 8 {
            let eclipse = "StartFault(kind: Eclipse(victim: 2), whom: Adversaries)";
            mesh.command(ron::from_str(eclipse).expect("a command")).expect("taken");
        }
    });
    let recording = decoded(&bytes).expect("in order");
    let said = format!("{:?}", recording.commands[0].command);
    assert!(said.contains("nodes: \"12-14\""), "{said}");
    let scenario = Scenario::parse("s.ron", &sybils).expect("a scenario");
    recording.check(&scenario).expect("a run that can be done again");
    assert_eq!(replayed(&recording, 1), Ok(6));
}

#[test]
fn a_run_of_as_many_faults_as_there_may_be_is_done_again() {
    let bytes = record(TWELVE, 12, 5, |tick, mesh| {
        for _ in 0..if tick == 3 { FAULTS_MAX } else { 0 } {
            let loss = "StartFault(kind: Loss(percent: 1), ticks: 1)";
            mesh.command(ron::from_str(loss).expect("a command")).expect("taken");
        }
    });
    let recording = decoded(&bytes).expect("in order");
    assert_eq!(recording.commands.len() as u64, FAULTS_MAX);
    let scenario = Scenario::parse("s.ron", TWELVE).expect("a scenario");
    recording.check(&scenario).expect("a run that can be done again");
}

#[test]
fn a_recording_begun_late_or_after_a_snapshot_is_of_the_whole_run() {
    let mut mesh = mesh_of(TWELVE, None);
    for tick in 0..10 {
        if tick == 4 {
            mesh.command(drain(1)).expect("taken");
        }
        mesh.step();
    }
    let bytes = mesh.snapshot();
    let mut other = mesh_of(TWELVE, None);
    other.restore(&bytes).expect("of the same plan");
    for mut mesh in [mesh, other] {
        let (mut recorder, file) = recorder(TWELVE, &mut mesh, 4);
        for _ in 0..10 {
            mesh.step();
            recorder.tick(&mut mesh);
        }
        recorder.finish(&mut mesh);
        let recording = decoded(&file.bytes()).expect("in order");
        assert_eq!((recording.commands.len(), recording.checkpoints[0].tick), (1, 10));
        assert_eq!(replayed(&recording, 1), Ok(4));
    }
}

#[test]
fn every_embedded_scenario_is_done_again() {
    for (name, text) in embedded() {
        let scenario = Scenario::parse(name, text).unwrap_or_else(|problem| panic!("{problem:#}"));
        if !crate::world::dataset::needed(&scenario).is_empty() {
            continue;
        }
        let ticks = if scenario.node_count() > 1_000 { 3 } else { 12 };
        let bytes = record(text, ticks, 3, |_, _| {});
        let recording = decoded(&bytes).expect("in order");
        assert_eq!(replayed(&recording, 2), Ok(ticks / 3 + 1), "{name}");
    }
}

#[test]
fn a_difference_names_its_tick_section_and_node() {
    let run = |text: &str, given: Option<u64>| {
        let bytes = record(text, 16, 4, |tick, mesh| {
            if given == Some(tick) {
                mesh.command(drain(7)).expect("taken");
            }
        });
        decoded(&bytes).expect("in order")
    };
    let plain = run(TWELVE, None);
    let drained = run(TWELVE, Some(9));
    // The recording says that nothing was ordered; the file's checkpoints say otherwise.
    let edited = Recording { commands: Arc::default(), ..drained.clone() };
    let difference = replayed(&edited, 1).expect_err("another run");
    assert_eq!((difference.after, difference.tick), (Some(8), 12));
    assert!(difference.apart.parts.starts_with(&["commands", "world"]), "{difference}");
    assert!(difference.apart.parts.contains(&"energy"));
    assert!(difference.apart.nodes.contains(&(7, 7)), "{difference}");
    assert!(!difference.edited);
    let said = difference.to_string();
    let words = "between tick 8 and tick 12: first seen at the checkpoint of tick 12";
    assert!(said.contains(words), "{said}");

    let found = recorded(&plain, &drained);
    assert_eq!((found.alike, found.command, found.is_same()), (Some(8), Some(9), false));
    assert_eq!(found.apart.as_ref().map(|(tick, _)| *tick), Some(12));
    let mut meshes = [again(&plain, 1), again(&drained, 1)];
    let (tick, apart) = stepped(&mut meshes, 8, 12, |_| {}).expect("they part");
    assert_eq!((tick, apart.nodes.first()), (10, Some(&(7, 7))), "in tick 9, seen after 10");
    let said = node(&mut meshes, 7).expect("it differs");
    assert!(said.starts_with("node 7: ") && said.contains("energy 9"), "{said}");
    assert_eq!(node(&mut meshes, 0), None);

    let seeded = run(&TWELVE.replace("seed: 7", "seed: 8"), None);
    let found = recorded(&plain, &seeded);
    assert_eq!(found.headers, ["the scenario's text", "the seed"]);
    assert!(!found.is_same());
    // As far as both go, a beginning is the same.
    let beginning =
        Recording { checkpoints: plain.checkpoints[..3].to_vec(), end: None, ..plain.clone() };
    assert!(recorded(&plain, &beginning).is_same());
}

#[test]
fn what_differs_is_said_in_words() {
    let of = |parts: &[&'static str], nodes: &[(u32, u32)], joined| {
        Apart { parts: parts.to_vec(), nodes: nodes.to_vec(), joined }.to_string()
    };
    let many: Vec<(u32, u32)> = (0..12).map(|id| (id * 3, id * 3)).collect();
    let table = [
        (of(&["radio"], &[(7, 7)], None), "in the section radio, in node 7"),
        (
            of(&["world", "radio"], &[(1, 1), (4, 4)], None),
            "in the sections world and radio, in nodes 1, 4",
        ),
        (
            of(&["world"], &[], None),
            "in the section world, in no node of its own but in what all share",
        ),
        (of(&[], &[], None), "in the digest alone"),
        (of(&["nodes"], &[(64, 127)], None), "in the section nodes, in nodes 64-127"),
        (of(&["nodes"], &[], Some((6, 7))), "in the section nodes, with 6 nodes and 7"),
        (
            of(&["trust"], &many, None),
            "in the section trust, in nodes 0, 3, 6, 9, 12, 15, 18, 21 and 4 more",
        ),
    ];
    for (said, expected) in table {
        assert_eq!(said, expected);
    }
}
