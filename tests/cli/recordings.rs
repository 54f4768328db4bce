//! Recordings as people meet them: made, checked, done again, compared, damaged, and not
//! overwritten.

use std::path::Path;

use super::{folder, json, qres, refused, text};

/// A recording of so many ticks.
fn record(path: &str, scenario: &str, more: &[&str]) -> serde_json::Value {
    let mut arguments = vec!["run", scenario, "--json", "--record", path];
    arguments.extend(more);
    json(&arguments)
}

#[test]
fn a_run_is_recorded_checked_and_done_again() {
    let folder = folder("recorded");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let first = place("first.ron");
    let run = record(&first, "under-the-hammer", &["--ticks", "60", "--checkpoint-every", "25"]);
    let alone = json(&["run", "under-the-hammer", "--ticks", "60", "--json"]);
    assert_eq!(run["digest"], alone["digest"], "a recorded run has the same digest");

    let checked = qres(&["check", &first, &first]);
    let said = text(&checked.stdout);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(said.contains("a recording of under-the-hammer, seed 21"), "{said}");
    assert!(said.contains("60 ticks, 0 commands, 4 checkpoints"), "{said}");

    for threads in ["1", "2"] {
        let verified = json(&["replay", &first, "--verify", "--json", "--threads", threads]);
        assert_eq!((&verified["same"], &verified["complete"]), (&true.into(), &true.into()));
        assert_eq!((&verified["checkpoints"], &verified["digest"]), (&4.into(), &run["digest"]));
    }
    let sought = json(&["replay", &first, "--seek", "40", "--json"]);
    let there = json(&["run", "under-the-hammer", "--ticks", "40", "--json"]);
    assert_eq!(sought["run"]["digest"], there["digest"]);
    assert_eq!(sought["run"]["frames"], there["frames"]);
    refused(&["replay", &first, "--seek", "61"], &["ends at tick 60"]);

    // It is a scenario too, with its seed and its length.
    let as_scenario = json(&["run", &first, "--json"]);
    assert_eq!((&as_scenario["digest"], &as_scenario["ticks"]), (&run["digest"], &60.into()));
    refused(&["run", &first, "--seed", "4"], &["leave --seed out"]);

    let (other, third) = (place("other.ron"), place("third.ron"));
    record(&other, "under-the-hammer", &["--ticks", "55"]);
    record(&third, "under-the-hammer", &["--ticks", "55", "--seed", "22"]);
    let same = qres(&["compare", &first, &other]);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stderr));
    assert!(text(&same.stdout).contains("do not part in the 55 ticks that both have"));
    let parting = qres(&["compare", &other, &third, "--json"]);
    assert_eq!(parting.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&parting.stdout).expect("JSON");
    assert_eq!((&report["same"], &report["exact"]), (&false.into(), &true.into()));
    assert_eq!(report["headers"], serde_json::json!(["the seed"]));
    assert!(report["tick"].as_u64().is_some_and(|tick| tick <= 2), "{report}");
    assert!(text(&parting.stderr).contains("part"));
}

#[test]
fn a_damaged_recording_says_where() {
    let folder = folder("damaged");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let whole = place("whole.ron");
    record(&whole, "partition", &["--ticks", "30", "--checkpoint-every", "10"]);
    let bytes = std::fs::read(&whole).expect("written");
    let damaged = place("damaged.ron");
    let mut other = bytes.clone();
    let line_4 = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).expect("4").0;
    other[line_4 + 20] ^= 1;
    std::fs::write(&damaged, &other).expect("written");
    let parts = ["damaged.ron:4: ", "checksum", "head -n 3"];
    refused(&["replay", &damaged], &parts);
    refused(&["replay", &damaged, "--verify"], &parts);
    refused(&["check", &damaged], &parts);
    refused(&["compare", &whole, &damaged], &parts);
    refused(&["replay", &place("nowhere.ron")], &["nowhere.ron: cannot be read"]);
    refused(&["replay", env!("CARGO_MANIFEST_DIR")], &["is a folder, not a recording"]);

    // Nothing takes the place of a recording, and a header alone proves nothing.
    refused(&["run", "partition", "--ticks", "2", "--csv", &whole], &["is left as it is"]);
    refused(&["report", "partition", "--ticks", "2", "--out", &whole], &["is left as it is"]);
    refused(&["compress", &damaged, &whole], &["is left as it is"]);
    let header = bytes.split_inclusive(|byte| *byte == b'\n').next().expect("a line");
    std::fs::write(&damaged, header).expect("written");
    let output = qres(&["replay", &damaged, "--verify"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));

    // Cut inside the last line: what is left is done again, and that is said.
    std::fs::write(&damaged, &bytes[..bytes.len() - 9]).expect("written");
    let output = qres(&["replay", &damaged, "--verify"]);
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("warning: "), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("was cut off inside this line"));

    // Rules of another version: neither in order nor done again.
    let alien = String::from_utf8(bytes.clone()).expect("text").replacen("rules:", "rules:9", 1);
    std::fs::write(&damaged, qres::record::recording::seal(&alien)).expect("written");
    refused(&["check", &damaged], &["recorded under rules version 9"]);
    refused(&["replay", &damaged, "--verify"], &["recorded under rules version 9"]);

    // An end that is far from all checkpoints: nobody waits for a thousand million ticks.
    let whole = String::from_utf8(bytes.clone()).expect("text");
    let far = whole.replacen("End(tick:30", "End(tick:1000000000", 1);
    std::fs::write(&damaged, qres::record::recording::seal(&far)).expect("written");
    for command in ["check", "replay"] {
        let parts = ["tick 1000000000, and the checkpoint before it is of tick 30", "every 10"];
        refused(&[command, &damaged], &parts);
    }

    // An edited seed with checksums that are right again.
    let edited = String::from_utf8(bytes).expect("text").replacen("seed:", "seed:1", 1);
    std::fs::write(&damaged, qres::record::recording::seal(&edited)).expect("written");
    let output = qres(&["replay", &damaged, "--verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("error: ") && said.contains("the replay parts from the recording"));
    assert!(said.contains("seed or data are not those that were recorded"), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["same"], false);
    assert!(report["difference"]["sections"].as_array().is_some_and(|names| !names.is_empty()));
}

#[test]
fn nothing_is_overwritten_by_a_recording() {
    let folder = folder("kept");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (scenario, recording) = (place("a.ron"), place("b.ron"));
    let content = r#"(title: "t", watch_for: "w", nodes: (count: 5),
        signals: [(modality: "hum")], ticks: 5)"#;
    std::fs::write(&scenario, content).expect("written");
    refused(&["run", &scenario, "--record", &scenario], &["is the scenario too"]);
    record(&recording, &scenario, &[]);
    let first = std::fs::read(&recording).expect("written");
    refused(&["run", &scenario, "--record", &recording], &["is there already, and is a recording"]);
    assert_eq!(std::fs::read(&recording).expect("there"), first);
    let notes = place("notes.txt");
    std::fs::write(&notes, "mine").expect("written");
    refused(&["run", &scenario, "--record", &notes], &["is there already, and is no recording"]);
    assert_eq!(std::fs::read(&notes).expect("there"), b"mine");
    let nowhere = place("nowhere/a.ron");
    refused(&["run", &scenario, "--record", &nowhere], &["cannot write"]);
    let csv = place("a.csv");
    refused(&["run", &scenario, "--csv", &csv, "--record", &csv], &["is another output too"]);
    if !Path::new("/dev/full").exists() {
        eprintln!("SKIPPED: no /dev/full here: a full disk was not tried");
        return;
    }
    let output = qres(&["run", &scenario, "--json", "--record", "/dev/full"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("error: /dev/full: the recording cannot be written"), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the figures");
    assert_eq!(report["ticks"], 5);
}
