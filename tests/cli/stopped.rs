//! Commands that somebody stops: one line, exit code 130, and every file whole.

#![cfg(target_os = "linux")]

use std::process::{Command, Output, Stdio};

use super::{folder, json, qres, text};

/// Bit of SIGINT among the signals that a process catches.
const INTERRUPT: u64 = 1 << 1;

/// Whether a process catches SIGINT by now.
fn listens(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & INTERRUPT != 0)
}

/// Runs a command and sends it a signal once it listens and `begun` holds.
fn stopped(arguments: &[&str], signal: &str, begun: impl Fn() -> bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qres"));
    command.current_dir(env!("CARGO_TARGET_TMPDIR")).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    let id = child.id().to_string();
    while !(listens(&id) && begun()) {
        std::thread::yield_now();
    }
    let sent = Command::new("kill").args(["-s", signal, &id]).status().expect("a kill");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{arguments:?}: {}", text(&output.stderr));
    output
}

/// Ctrl-C and SIGTERM end a run after a tick, and its files have their ends.
#[test]
fn a_run_that_is_stopped_leaves_whole_files() {
    for signal in ["INT", "TERM"] {
        let folder = folder(&format!("stopped-{signal}"));
        let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let (record, csv, parquet) = (place("r.ron"), place("t.csv"), place("t.parquet"));
        let run = ["run", "partition", "--ticks", "1000000", "--checkpoint-every", "16", "--csv"];
        let run = [&run[..], &[&csv, "--parquet", &parquet, "--record", &record, "--json"]];
        // Once there are checkpoints, the run has begun.
        let begun = || std::fs::metadata(&record).map_or(0, |about| about.len()) >= 10_000;
        let output = stopped(&run.concat(), signal, begun);
        let said = text(&output.stderr);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("figures");
        let ticks = report["ticks"].as_u64().expect("a number");
        assert!(said.contains(&format!("stopped at tick {ticks} of 1000000")), "{said}");
        let rows = std::fs::read_to_string(&csv).expect("a table");
        let last = rows.lines().last().and_then(|row| row.split(',').next().map(str::to_owned));
        assert_eq!(last, Some(ticks.to_string()));
        let bytes = std::fs::read(&parquet).expect("a table");
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        let seen = json(&["replay", &record, "--seek", "64", "--verify", "--json"]);
        assert_eq!(seen["same"], true);
        let checked = text(&qres(&["check", &record]).stdout);
        assert!(checked.contains(&format!("{ticks} ticks")) && !checked.contains("without an end"));
    }
}

#[test]
fn sweeps_replays_and_evidence_say_how_far_they_came() {
    let folder = folder("stopped");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let said = |arguments: &[&str], begun: &dyn Fn() -> bool| {
        let output = stopped(arguments, "INT", begun);
        assert_eq!(text(&output.stdout), "");
        text(&output.stderr)
    };
    // The first run is short, the second takes hours.
    let axes = r#"(scenario: "partition", axes: [(field: "ticks", values: [2, 900000000])])"#;
    std::fs::write(place("sweep.ron"), axes).expect("written");
    let rows = folder.join("rows/shard-0-of-1.jsonl");
    let one_row = || std::fs::metadata(&rows).is_ok_and(|about| about.len() > 0);
    let sweep = ["sweep", &place("sweep.ron"), "--out", &place("rows"), "--threads", "1"];
    let told = said(&sweep, &one_row);
    assert!(told.contains("stopped: 1 of 2 runs are done"), "{told}");
    let kept = std::fs::read_to_string(&rows).expect("rows");
    assert!(kept.ends_with('\n') && kept.lines().count() == 1);

    let recording = place("r.ron");
    json(&["run", "partition", "--ticks", "700", "--json", "--record", &recording]);
    let told = said(&["replay", &recording, "--verify", "--threads", "1"], &|| true);
    assert!(told.contains("r.ron: stopped at tick ") && told.contains(" of 700"), "{told}");
    let told = said(&["evidence", "byzantine", "--out", &place("kept")], &|| true);
    assert!(told.contains("error: stopped; rows that were finished are kept"), "{told}");
}
