//! The files that a run writes: what Wireshark makes of a capture, and what a full disk does.

use std::path::Path;
use std::process::Command;

use super::{folder, json, qres, refused, text};

/// A scenario with fragments, relays and a storm.
fn scenario(folder: &Path) -> String {
    let path = folder.join("air.ron");
    let content = r#"(title: "Air", watch_for: "y", signals: [(modality: "hum")], ticks: 200,
        nodes: (count: 12), radio: (mtu_bytes: 32), twt: (calm_ms: 4000, prestorm_ms: 3000,
        storm_ms: 2000, storm_window_ms: 1000),
        storms: [(from_tick: 60, to_tick: 160, path: [(tick: 60, x_mm: 0, z_mm: 0)],
        radius_mm: 60000)])"#;
    std::fs::write(&path, content).expect("written");
    path.to_string_lossy().into_owned()
}

#[test]
fn wireshark_reads_a_capture() {
    let folder = folder("capture");
    let capture = folder.join("air.pcap").to_string_lossy().into_owned();
    let scenario = scenario(&folder);
    let report = json(&["run", &scenario, "--json", "--pcap", &capture]);
    assert_eq!(report["digest"], json(&["run", &scenario, "--json"])["digest"]);
    let fields = "qres.tick qres.sender qres_air.sender qres_air.kind qres_air.crc_good \
                  qres_air.count qres_air.message_crc_good qres.fate.delivered _ws.malformed";
    let script = format!("lua_script:{}/docs/wireshark/qres.lua", env!("CARGO_MANIFEST_DIR"));
    let mut tshark = Command::new("tshark");
    tshark.args(["-r", &capture, "-X", &script, "-T", "fields"]);
    tshark.args(fields.split_whitespace().flat_map(|field| ["-e", field]));
    let Ok(output) = tshark.output() else {
        eprintln!("SKIPPED: no tshark here: the dissector was not tried (apt install tshark)");
        return;
    };
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(Some(said.lines().count() as u64), report["frames"].as_u64());
    let (mut whole, mut delivered) = (0, 0);
    let mut kinds = std::collections::BTreeSet::new();
    for line in said.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [tick, from, sender, kind, crc, count, message, heard, malformed] = cells[..] else {
            panic!("{line}")
        };
        assert!(tick.parse::<u64>().is_ok_and(|tick| tick < 200), "{line}");
        assert_eq!(from, sender, "{line}");
        assert!(["1", "True"].contains(&crc), "{line}");
        assert_eq!(malformed, "", "{line}");
        kinds.insert(kind.to_owned());
        delivered += heard.parse::<u64>().expect("a count");
        if !message.is_empty() {
            assert!(["1", "True"].contains(&message) && count != "1", "{line}");
            whole += 1;
        }
    }
    for kind in ["0", "1", "3", "4"] {
        assert!(kinds.contains(kind), "no frame of kind {kind}: {kinds:?}");
    }
    assert!(whole > 20 && delivered > whole, "{whole} {delivered}");
}

/// Audits are the longest messages: their parts find together, and their checksums hold.
#[test]
fn wireshark_joins_the_parts_of_audits() {
    let folder = folder("audits");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let content = r#"(title: "Audits", watch_for: "y", signals: [(modality: "hum")], ticks: 150,
        nodes: (count: 16, sentinels: Every(3)), radio: (mtu_bytes: 64), twt: (calm_ms: 8000,
        prestorm_ms: 4000, storm_ms: 2000, window_ms: 500, storm_window_ms: 1000),
        protocol: (commissioning: (limit_ticks: 60), audit: (every_rounds: 8, rate_percent: 50)))"#;
    std::fs::write(place("a.ron"), content).expect("written");
    let capture = place("a.pcap");
    let report = json(&["run", &place("a.ron"), "--json", "--pcap", &capture]);
    let script = format!("lua_script:{}/docs/wireshark/qres.lua", env!("CARGO_MANIFEST_DIR"));
    let mut tshark = Command::new("tshark");
    tshark.args(["-r", &capture, "-X", &script, "-T", "fields", "-e", "qres_air.kind"]);
    tshark.args([
        "-e",
        "qres_air.crc_good",
        "-e",
        "qres_air.message_crc_good",
        "-e",
        "_ws.malformed",
    ]);
    let Ok(output) = tshark.output() else {
        eprintln!("SKIPPED: no tshark here: the dissector was not tried (apt install tshark)");
        return;
    };
    let said = text(&output.stdout).replace("True", "1");
    assert_eq!(Some(said.lines().count() as u64), report["frames"].as_u64());
    let audits: Vec<&str> = said.lines().filter(|line| line.starts_with("15\t")).collect();
    assert!(said.lines().all(|line| line.contains("\t1\t") && line.ends_with('\t')), "{said}");
    let joined = audits.iter().filter(|line| line.starts_with("15\t1\t1\t")).count();
    assert!(joined > 10 && joined < audits.len(), "{joined} of {}", audits.len());
}

#[test]
fn a_full_disk_costs_one_file_only() {
    if !Path::new("/dev/full").exists() {
        eprintln!("SKIPPED: no /dev/full here: a full disk was not tried");
        return;
    }
    let folder = folder("full");
    let scenario = scenario(&folder);
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let alone = qres(&["run", &scenario, "--quiet", "--csv", &place("alone.csv")]);
    assert!(alone.status.success());
    for full in FULL {
        let arguments =
            ["run", &scenario, "--json", full, "/dev/full", "--csv", &place("beside.csv")];
        let output = qres(&arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{full}: {said}");
        assert!(said.contains("error: /dev/full: cannot write the "), "{full}: {said}");
        assert!(said.contains("No space left on device"), "{full}: {said}");
        let report: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("the figures all the same");
        assert_eq!(report["ticks"], 200);
        let read = |name: &str| std::fs::read_to_string(place(name)).expect("written");
        assert_eq!(read("beside.csv"), read("alone.csv"), "{full}");
    }
}

/// The files that are tried on a full disk.
const FULL: [&str; 3] = ["--parquet", "--pcap", "--mcap"];

#[test]
fn one_file_has_one_content() {
    let folder = folder("outputs");
    let scenario = scenario(&folder);
    let out = folder.join("x").to_string_lossy().into_owned();
    let twice = ["run", &scenario, "--csv", &out, "--pcap", &out];
    refused(&twice, &["is another output too; name another file"]);
    refused(&["run", &scenario, "--pcap", &scenario], &["is the scenario too"]);
    assert!(std::fs::read_to_string(&scenario).is_ok_and(|text| text.contains("Air")));
}

#[test]
fn nothing_is_touched_before_all_can_be_written() {
    let folder = folder("untouched");
    let scenario = scenario(&folder);
    let kept = folder.join("kept.csv").to_string_lossy().into_owned();
    std::fs::write(&kept, "tick,sim_ms,precious").expect("written");
    let nowhere = folder.join("nowhere/x.pcap").to_string_lossy().into_owned();
    refused(&["run", &scenario, "--csv", &kept, "--pcap", &nowhere], &["cannot write"]);
    assert_eq!(std::fs::read_to_string(&kept).expect("still there"), "tick,sim_ms,precious");
}

/// A hard link is another name of one file, and a file that is included is read, whatever it is
/// called.
#[cfg(unix)]
#[test]
fn no_output_is_a_file_that_is_read_by_another_name() {
    let folder = folder("names");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (base, top) = (scenario(&folder), place("top.ron"));
    std::fs::rename(base, place("base.txt")).expect("moved");
    std::fs::write(&top, "(include: \"base.txt\", ticks: 5)").expect("written");
    for (file, other) in [("top.ron", "top.csv"), ("base.txt", "base.csv")] {
        std::fs::hard_link(place(file), place(other)).expect("linked");
    }
    let read = |name: &str| std::fs::read_to_string(place(name)).expect("there");
    let (first, second) = (read("top.ron"), read("base.txt"));
    let included = "is a file that the scenario includes too";
    for (out, said) in
        [("top.csv", "is the scenario too"), ("base.txt", included), ("base.csv", included)]
    {
        refused(&["run", &top, "--csv", &place(out)], &[said, "name another file"]);
        refused(&["report", &top, "--out", &place(out)], &["is read for the page too"]);
    }
    refused(&["compress", &top, &place("top.csv")], &["is the input too"]);
    std::fs::write(place("a"), "").expect("written");
    std::fs::hard_link(place("a"), place("b")).expect("linked");
    let twice = ["run", &top, "--csv", &place("a"), "--pcap", &place("b")];
    refused(&twice, &["is another output too"]);
    assert_eq!((read("top.ron"), read("base.txt")), (first, second));
}

/// Who reads a pipe gets the whole file, and who runs is told that a pipe waits for its reader.
#[cfg(unix)]
#[test]
fn a_pipe_takes_a_file_and_its_wait_is_told() {
    let folder = folder("pipe");
    let scenario = scenario(&folder);
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let made = Command::new("mkfifo").arg(place("pipe")).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no `mkfifo` here: a pipe was not tried");
        return;
    }
    assert!(qres(&["run", &scenario, "--quiet", "--csv", &place("file")]).status.success());
    let pipe = place("pipe");
    let reader = std::thread::spawn(move || std::fs::read(pipe).expect("read"));
    let output = qres(&["run", &scenario, "--quiet", "--csv", &place("pipe")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("a pipe: this waits until a program reads it"));
    assert_eq!(reader.join().expect("ended"), std::fs::read(place("file")).expect("there"));
}
