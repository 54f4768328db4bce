//! The scenarios that come with the program: all in order, and each with its chapter.

use std::path::Path;

use super::{folder, qres, refused, text};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Paths of all scenarios of the project.
fn files() -> Vec<String> {
    let listed = std::fs::read_dir(root().join("scenarios")).expect("a folder");
    let paths = listed.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "ron"))
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    files.sort();
    files
}

#[test]
fn all_scenarios_are_in_order() {
    let files = files();
    assert!(files.len() >= 16, "{files:?}");
    let arguments: Vec<&str> =
        std::iter::once("check").chain(files.iter().map(String::as_str)).collect();
    let output = qres(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().filter(|line| line.contains("in order")).count(), 16);
}

#[test]
fn every_scenario_has_its_chapter() {
    let docs = root().join("docs");
    let read = |path: &str| std::fs::read_to_string(docs.join(path)).expect(path);
    let (summary, list) = (read("SUMMARY.md"), read("scenarios/README.md"));
    let told = text(&qres(&["scenarios"]).stdout);
    for file in files() {
        let name = Path::new(&file).file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let chapter = read(&format!("scenarios/{name}.md"));
        let command = format!("qres run {name}");
        for part in [command.as_str(), "## What to watch for", "## What it gives"] {
            assert!(chapter.contains(part), "{name}: {part}");
        }
        let link = format!("(scenarios/{name}.md)");
        assert!(summary.contains(&link) && list.contains(&format!("({name}.md)")), "{name}");
        assert!(told.contains(&format!("docs/scenarios/{name}.md")), "{name}");
    }
}

#[test]
fn every_recording_is_in_order_and_has_its_place() {
    let listed = std::fs::read_dir(root().join("scenarios/recordings")).expect("a folder");
    let paths = listed.map(|entry| entry.expect("an entry").path());
    let paths: Vec<String> = paths.map(|path| path.to_string_lossy().into_owned()).collect();
    assert!(paths.len() >= 6, "{paths:?}");
    let arguments: Vec<&str> =
        std::iter::once("check").chain(paths.iter().map(String::as_str)).collect();
    let output = qres(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let told = text(&qres(&["scenarios"]).stdout);
    for (path, line) in paths.iter().zip(said.lines()) {
        let name = Path::new(path).file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let of = line.split("a recording of ").nth(1).and_then(|rest| rest.split(',').next());
        let of = of.expect("a scenario");
        let command = format!("qres replay {name}");
        assert!(told.contains(&command), "{name}");
        let chapter = root().join(format!("docs/scenarios/{of}.md"));
        let chapter = std::fs::read_to_string(chapter).expect("a chapter");
        assert!(chapter.contains(&command), "{of} does not name {name}");
    }
    let found = super::json(&["replay", "sybils-banned", "--verify", "--json"]);
    assert_eq!((&found["same"], &found["ticks"]), (&true.into(), &720.into()));
}

/// What stands on another scenario runs as if it were one text, in a sweep too.
#[test]
fn a_scenario_can_stand_on_another() {
    let folder = folder("include");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let base = r#"(title: "Base", watch_for: "y", ticks: 20, nodes: (count: 9),
                  signals: [(modality: "hum")])"#;
    std::fs::write(place("base.ron"), base).expect("written");
    std::fs::write(place("mine.ron"), r#"(include: "base.ron", seed: 7)"#).expect("written");
    std::fs::write(place("flat.ron"), base.replace("ticks", "seed: 7, ticks")).expect("written");
    let digest = |file: &str| super::json(&["run", &place(file), "--json"])["digest"].clone();
    assert_eq!(digest("mine.ron"), digest("flat.ron"));
    let sweep = r#"(scenario: "mine.ron", axes: [(field: "nodes.count", values: [9, 12])])"#;
    std::fs::write(place("sweep.ron"), sweep).expect("written");
    let output = qres(&["sweep", &place("sweep.ron"), "--out", &place("rows"), "--quiet"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    std::fs::write(place("base.ron"), base.replace("count: 9", "count: 0")).expect("written");
    refused(&["check", &place("mine.ron")], &["base.ron:1:59: `nodes.count` is 0"]);
}

/// Numbers below 0 are wrong values, not unknown options.
#[test]
fn numbers_below_zero_are_told_as_such() {
    for (arguments, part) in [
        (["run", "storm-front", "--ticks", "-5"], "accepted: a whole number from 1 to"),
        (["run", "storm-front", "--seed", "-1"], "accepted: a whole number from 0 to"),
        (["run", "storm-front", "--threads", "-1"], "-1 is not in 1..=1024"),
        (["run", "storm-front", "--for", "-2"], "-2"),
    ] {
        refused(&arguments, &[part]);
    }
}
