//! Sweeps as scripts meet them: the same rows however they are divided, and what is refused.

use std::path::Path;

use super::{folder, json, qres, refused, text};

/// Writes a scenario of nine nodes and a sweep over it; returns the sweep's path.
fn prepare(folder: &Path, axes: &str) -> String {
    let nine = r#"(title: "Nine", watch_for: "y", signals: [(modality: "hum")], ticks: 30,
                  nodes: (count: 9), twt: (calm_ms: 3000, prestorm_ms: 2000, storm_ms: 1000,
                  storm_window_ms: 900))"#;
    std::fs::write(folder.join("nine.ron"), nine).expect("written");
    let path = folder.join("sweep.ron");
    let sweep = format!("(scenario: \"nine.ron\", axes: [\n{axes}\n])");
    std::fs::write(&path, sweep).expect("written");
    path.to_string_lossy().into_owned()
}

const AXES: &str = r#"(field: "protocol.aggregation", values: [Median, Krum(faulty: 1)]),
    (field: "seed", range: (from: 1, to: 3))"#;

/// The last line that a command prints.
fn last_line(arguments: &[&str]) -> String {
    let output = qres(arguments);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    said.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn rows_are_the_same_however_they_are_divided() {
    let folder = folder("sweep");
    let sweep = prepare(&folder, AXES);
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (whole, parts) = (place("whole"), place("parts"));
    let digest = last_line(&["sweep", &sweep, "--out", &whole, "--threads", "1"]);
    assert!(digest.starts_with("  digest "), "{digest}");

    let shard = |of: &str| {
        let output = qres(&["sweep", &sweep, "--out", &parts, "--shard", of, "--threads", "2"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    shard("1/2");
    refused(&["sweep", "merge", &parts], &["3 of 6 runs are missing: 0, 2, 4"]);
    shard("0/2");
    assert_eq!(last_line(&["sweep", "merge", &parts]), digest);

    // A run is what `run` makes of the same scenario, and is not run again.
    let table = std::fs::read_to_string(folder.join("whole/results.csv")).expect("merged");
    assert_eq!(table.lines().count(), 7);
    assert!(table.starts_with("run,parameters.protocol.aggregation,parameters.seed,adversaries."));
    let lines = std::fs::read_to_string(folder.join("parts/results.jsonl")).expect("merged");
    let third: serde_json::Value =
        serde_json::from_str(lines.lines().nth(2).unwrap_or_default()).expect("a row");
    let varied = std::fs::read_to_string(folder.join("nine.ron")).expect("there");
    let varied = varied.replace("ticks: 30", "ticks: 30, protocol: (aggregation: Median)");
    std::fs::write(folder.join("median.ron"), varied).expect("written");
    let alone = json(&["run", &place("median.ron"), "--seed", "3", "--json"]);
    for field in ["digest", "frames", "energy", "consensus", "seed", "ticks"] {
        assert_eq!(third[field], alone[field], "{field}");
    }
    assert_eq!(third["parameters"]["protocol.aggregation"], "Median");
    let output = qres(&["sweep", &sweep, "--out", &whole]);
    assert!(text(&output.stderr).contains("6 of 6 runs are done already"));
    assert_eq!(text(&output.stdout).lines().last(), Some(&*digest));
}

#[test]
fn an_interrupted_sweep_goes_on() {
    let folder = folder("sweep-cut");
    let sweep = prepare(&folder, AXES);
    let out = folder.join("out").to_string_lossy().into_owned();
    let digest = last_line(&["sweep", &sweep, "--out", &out]);
    let rows = folder.join("out/shard-0-of-1.jsonl");
    let whole = std::fs::read_to_string(&rows).expect("there");
    std::fs::write(&rows, &whole[..whole.len() / 2]).expect("written");
    let output = qres(&["sweep", &sweep, "--out", &out]);
    assert!(text(&output.stderr).contains("of 6 runs are done already"), "{output:?}");
    assert_eq!(text(&output.stdout).lines().last(), Some(&*digest));

    let other = prepare(&folder, "(field: \"seed\", values: [1])");
    refused(&["sweep", &other, "--out", &out], &["sweep.json", "the folder holds sweep"]);
}

#[test]
fn sweeps_are_listed_and_refused() {
    let folder = folder("sweep-list");
    let sweep = prepare(&folder, AXES);
    let output = qres(&["sweep", &sweep, "--list", "--shard", "1/4"]);
    let expected = "1: protocol.aggregation = Median, seed = 2\n\
                    5: protocol.aggregation = Krum(faulty: 1), seed = 3\n";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    let output = qres(&["check", &sweep]);
    assert!(
        text(&output.stdout).contains("in order (a sweep of 6 runs over nine.ron)"),
        "{output:?}"
    );
    let bad = prepare(&folder, "(field: \"nodes.cuont\", values: [1])");
    let out = folder.join("out").to_string_lossy().into_owned();
    refused(&["sweep", &bad, "--out", &out], &["sweep.ron:2:9", "did you mean `nodes.count`"]);
    refused(&["sweep", &sweep], &["--out"]);
    refused(&["sweep", &sweep, "--out", &out, "--shard", "4/4"], &["such as 0/4"]);
    refused(&["check", &bad], &["sweep.ron:2:9", "did you mean `nodes.count`"]);
    refused(&["sweep", "merge", &out], &["no `sweep.json`"]);
    assert!(!folder.join("out").exists(), "nothing was begun");
}

#[test]
fn what_a_sweep_did_not_make_is_kept() {
    let folder = folder("sweep-foreign");
    let sweep = prepare(&folder, "(field: \"seed\", values: [1, 2])");
    let mine = folder.join("results.csv");
    std::fs::write(&mine, "run,mine\n").expect("written");
    let here = folder.to_string_lossy().into_owned();
    refused(&["sweep", &sweep, "--out", &here], &["results.csv: was not made by this sweep"]);
    assert_eq!(std::fs::read_to_string(&mine).expect("kept"), "run,mine\n");
    std::fs::remove_file(mine).expect("removed");
    let digest = last_line(&["sweep", &sweep, "--out", &here, "--threads", "1"]);
    let rows = folder.join("shard-0-of-1.jsonl");
    let text = std::fs::read_to_string(&rows).expect("there");
    std::fs::write(&rows, text.replacen("\"seed\":2", "\"seed\":3", 1)).expect("written");
    refused(&["sweep", "merge", &here], &["jsonl:2: not a row", "remove the line"]);
    std::fs::write(&rows, text.lines().next().map(|row| format!("{row}\n")).unwrap_or_default())
        .expect("written");
    assert_eq!(last_line(&["sweep", &sweep, "--out", &here]), digest);
}

/// A folder belongs to the data of all its runs, not of the first alone.
#[test]
fn data_of_every_run_count() {
    let folder = folder("sweep-data");
    let scenario = r#"(title: "Two", watch_for: "y", ticks: 4, nodes: (count: 3), signals: [
        (modality: "hum", source: Dataset(path: "a.csv", column: "x"))])"#;
    std::fs::write(folder.join("two.ron"), scenario).expect("written");
    let sweep = folder.join("data.ron").to_string_lossy().into_owned();
    let axes = r#"(scenario: "two.ron", axes: [(field: "seed", values: [1, 2]),
        (field: "signals[0].source.path", values: ["a.csv", "b.csv"])])"#;
    std::fs::write(&sweep, axes).expect("written");
    std::fs::write(folder.join("a.csv"), "x\n1\n2\n3\n4\n5\n").expect("written");
    let place = folder.to_string_lossy().into_owned();
    let out = folder.join("out").to_string_lossy().into_owned();
    let sweep = ["sweep", &sweep, "--data", &place, "--out", &out];
    refused(&sweep, &["b.csv", "run 1 reads it", "--data"]);
    std::fs::write(folder.join("b.csv"), "x\n1\n2\n3\n4\n5\n").expect("written");
    last_line(&sweep);
    std::fs::write(folder.join("b.csv"), "x\n1\n2\n3\n4\n6\n").expect("written");
    refused(&sweep, &["the folder holds sweep"]);
}

#[test]
fn the_sweep_of_the_readme_is_in_order() {
    let readme = include_str!("../../README.md");
    let sample = readme.split("```ron\n").nth(1).and_then(|rest| rest.split("```").next());
    let path = folder("readme").join("sweep.ron");
    std::fs::write(&path, sample.expect("a sample")).expect("written");
    let output = qres(&["check", &path.to_string_lossy()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("a sweep of 6 runs over storm-front"));
}
