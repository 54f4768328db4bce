//! The same scenario and seed give the same run, whatever runs it; and the run is the one that is
//! written down in tests/golden.

use std::fmt::Write as _;
use std::path::Path;

use crate::common::{THICKET, embedded, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::snapshot::SECTIONS;
use qres::scenario::Scenario;

/// A mesh large enough to be shared out.
fn town() -> Scenario {
    let mut town = embedded("city-10k");
    town.nodes.count = Some(1_500);
    let storm = town.storms.first_mut().expect("the city has a storm");
    storm.from_tick = 90;
    storm.path = vec![qres::scenario::Waypoint { tick: 90, x_mm: 0, z_mm: 0 }];
    town
}

#[test]
fn threads_change_nothing() {
    let town = town();
    let (mut one, mut many) = (mesh(&town, 1), mesh(&town, 4));
    for tick in 0..130 {
        one.step();
        many.step();
        let (left, right) = (one.sections(), many.sections());
        for (name, (left, right)) in SECTIONS.iter().zip(left.iter().zip(&right)) {
            assert_eq!(left, right, "tick {tick}, section {name}");
        }
    }
    assert!(one.summary().regimes.ever_storm > 50, "the comparison must see a storm");
}

#[test]
fn watching_changes_nothing() {
    let scenario = parsed(THICKET);
    let (mut seen, mut unseen) = (mesh(&scenario, 1), mesh(&scenario, 1));
    seen.watch(true);
    for _ in 0..120 {
        seen.step();
        assert!(seen.publish().nodes.len() == 36);
        unseen.step();
    }
    assert_eq!(seen.digest(), unseen.digest());
}

#[test]
fn another_seed_is_another_run() {
    let scenario = parsed(THICKET);
    let other = Scenario { seed: scenario.seed + 1, ..scenario.clone() };
    let (mut one, mut two) = (mesh(&scenario, 1), mesh(&other, 1));
    run_to(&mut one, 30);
    run_to(&mut two, 30);
    assert_ne!(one.digest(), two.digest());
}

/// One line a checkpoint: the tick and the start of each section's digest.
fn trace(mesh: &mut Mesh, ticks: u64) -> String {
    let mut out = format!("tick {}\n", SECTIONS.join(" "));
    for tick in 1..=ticks {
        mesh.step();
        if tick <= 256 || tick.is_multiple_of(64) {
            let _ = write!(out, "{tick}");
            for section in mesh.sections() {
                let _ = write!(out, " ");
                section[..4].iter().for_each(|byte| {
                    let _ = write!(out, "{byte:02x}");
                });
            }
            out.push('\n');
        }
    }
    out
}

/// Holds a run to its golden trace; `UPDATE_GOLDEN=1` writes the trace anew, which an intended
/// change of behaviour does together with a new rules version in docs/changelog.md.
pub fn hold(name: &str, scenario: &Scenario, ticks: u64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let fresh = trace(&mut mesh(scenario, 1), ticks);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &fresh).expect("golden file written");
    }
    let golden = std::fs::read_to_string(&path).expect("golden file");
    for (line, (now, then)) in fresh.lines().zip(golden.lines()).enumerate() {
        let place = now.split(' ').zip(then.split(' ')).position(|(a, b)| a != b);
        if let Some(place) = place {
            let section = place.checked_sub(1).and_then(|s| SECTIONS.get(s)).unwrap_or(&"tick");
            panic!("{name}: line {}: first difference at {now}, section {section}", line + 1);
        }
    }
    assert_eq!(fresh.lines().count(), golden.lines().count(), "{name}: length of the trace");
}

#[test]
fn the_thicket_is_as_written_down() {
    hold("thicket.txt", &parsed(THICKET), 640);
}

#[test]
fn the_storm_front_is_as_written_down() {
    hold("storm-front.txt", &embedded("storm-front"), 768);
}
