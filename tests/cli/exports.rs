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
    std::fs::write(&kept, "precious").expect("written");
    let nowhere = folder.join("nowhere/x.pcap").to_string_lossy().into_owned();
    refused(&["run", &scenario, "--csv", &kept, "--pcap", &nowhere], &["cannot write"]);
    assert_eq!(std::fs::read_to_string(&kept).expect("still there"), "precious");
}
