//! The binary as people and scripts meet it: exit codes, messages, results.

#![expect(clippy::expect_used, reason = "a test that cannot go on says so")]

#[path = "cli/cluster.rs"]
mod cluster;
#[path = "cli/exports.rs"]
mod exports;
#[path = "cli/places.rs"]
mod places;
#[path = "cli/recordings.rs"]
mod recordings;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/scenarios.rs"]
mod scenarios;
#[path = "cli/seek.rs"]
mod seek;
#[path = "cli/stopped.rs"]
mod stopped;
#[path = "cli/sweep.rs"]
mod sweep;
#[path = "cli/words.rs"]
mod words;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder of this test's own, emptied first.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

fn qres(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qres"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.current_dir(env!("CARGO_TARGET_TMPDIR")).args(arguments);
    command.output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(arguments: &[&str]) -> Value {
    let output = qres(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// A command with one more argument.
fn with<'a>(command: &[&'a str], last: &'a str) -> Vec<&'a str> {
    [command, &[last]].concat()
}

/// Asserts that bad input gives exit code 2, nothing on standard output, and a message that says
/// all of `parts`.
fn refused(arguments: &[&str], parts: &[&str]) {
    let output = qres(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(!message.contains("panicked"), "{message}");
    for part in parts {
        assert!(message.contains(part), "{arguments:?}: no `{part}` in: {message}");
    }
}

#[test]
fn run_prints_every_promised_field() {
    let report = json(&["run", "storm-front", "--ticks", "40", "--json"]);
    let fields = [
        "scenario",
        "seed",
        "nodes",
        "ticks",
        "digest",
        "wall_s",
        "node_ticks_per_s",
        "frames",
        "aggregations",
        "bytes_sent",
        "bytes_per_node_day",
        "regimes",
        "energy",
        "consensus",
        "adversaries",
        "genes",
    ];
    for field in fields {
        assert!(report.get(field).is_some(), "no field {field}");
    }
    assert_eq!(report["nodes"], 100);
    assert_eq!(report["ticks"], 40);
    assert!(report["consensus"]["drift"].is_null());
    let calm = &report["regimes"]["calm"];
    assert_eq!(calm, 100);
}

#[test]
fn seeds_and_spans_are_taken() {
    let digest = |arguments: &[&str]| json(arguments)["digest"].clone();
    let by_ticks = digest(&["run", "storm-front", "--ticks", "30", "--json", "--seed", "7"]);
    let by_span = digest(&["run", "storm-front", "--for", "30s", "--json", "--seed", "7"]);
    let other = digest(&["run", "storm-front", "--ticks", "30", "--json", "--seed", "8"]);
    assert_eq!(by_ticks, by_span);
    assert_ne!(by_ticks, other);
}

#[test]
fn bad_scenarios_are_refused_with_place_and_advice() {
    let folder = folder("bad");
    let file = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("written");
        path.to_string_lossy().into_owned()
    };
    let head = r#"title: "x", watch_for: "y", signals: [(modality: "m")]"#;
    let typo = file("typo.ron", format!("({head},\n nodez: (count: 4))").as_bytes());
    refused(&["check", &typo], &["typo.ron:2:2", "nodez", "did you mean `nodes`"]);
    let range = file("range.ron", format!("({head},\n nodes: (count: 0))").as_bytes());
    refused(&["run", &range], &["range.ron:2:17", "1 to 1000000"]);
    refused(&["check", &file("empty.ron", b"")], &["empty.ron"]);
    refused(&["check", &file("deep.ron", &vec![b'('; 100_000])], &["deep.ron"]);
    refused(&["check", &file("binary.ron", &[0, 159, 146, 150])], &["binary.ron"]);
    refused(&["check", "missing.ron"], &["missing.ron"]);
    refused(&["run", "storm-fornt"], &["storm-front"]);
    refused(&["run", &folder.to_string_lossy()], &[]);
}

#[test]
fn bad_usage_is_refused() {
    refused(&["run"], &["SCENARIO"]);
    refused(&["run", "storm-front", "--for", "soon"], &["soon"]);
    refused(&["run", "storm-front", "--for", "-1s"], &["`-1s` is not a whole number with ms"]);
    refused(&["run", "storm-front", "--threads", "0"], &["threads"]);
    refused(&["evidence", "nothing"], &["no table `nothing`", "memory"]);
    refused(&["evidence", "byzantine", "--full"], &["--out"]);
    refused(&["evidence", "memory", "--out", "x"], &["--out goes with the table byzantine"]);
    let shard = ["evidence", "byzantine", "--out", "x", "--shard", "3/2"];
    refused(&shard, &["`3/2` is no shard", "0/8"]);
    refused(&["evidence", "memory", "consensus", "--csv"], &["--csv goes with one table"]);
    refused(
        &["run", "storm-front", "--ticks", "3", "--csv", "/nowhere/x.csv"],
        &["/nowhere/x.csv"],
    );
}

#[test]
fn missing_data_is_explained() {
    let parts = ["Aotizhongxin.csv", "TEMP", "--data", "10.24432/C5RK5G"];
    refused(&["run", "air-quality", "--ticks", "2"], &parts);
}

#[test]
fn embedded_scenarios_list_export_and_check() {
    let folder = folder("export");
    let place = folder.to_string_lossy().into_owned();
    let list = text(&qres(&["scenarios"]).stdout);
    assert!(list.contains("storm-front: Storm front"), "{list}");
    assert!(qres(&["scenarios", "--export", &place]).status.success());
    let file = folder.join("calm-24h.ron");
    std::fs::write(&file, "edited").expect("written");
    assert!(qres(&["scenarios", "--export", &place]).status.success());
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "edited", "edits are kept");
    let storm = folder.join("storm-front.ron").to_string_lossy().into_owned();
    assert!(qres(&["check", &storm]).status.success());
}

#[test]
fn without_a_display_the_bare_command_runs_headless() {
    let output = qres(&[]);
    let message = text(&output.stderr);
    assert!(output.status.success(), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("storm-front") && message.contains("2000 ticks"), "{message}");
    assert!(text(&output.stdout).contains("2000 ticks"));
}

#[test]
fn csv_has_a_row_for_each_step_of_time() {
    let path = folder("csv").join("totals.csv");
    let place = path.to_string_lossy().into_owned();
    json(&["run", "storm-front", "--ticks", "25", "--json", "--csv", &place]);
    let table = std::fs::read_to_string(path).expect("written");
    assert_eq!(table.lines().count(), 26);
    assert!(table.starts_with("tick,sim_ms,calm,prestorm,storm,"));
}

/// The slots of kept models in a folder, by name.
fn slots(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).expect("there").map(|file| file.expect("listed").path());
    let mut slots: Vec<_> =
        listed.filter(|path| path.extension().is_some_and(|ending| ending == "qgene")).collect();
    slots.sort();
    slots
}

#[test]
fn memory_carries_models_over() {
    let folder = folder("memory").join("made/for/it");
    let place = folder.to_string_lossy().into_owned();
    let run = ["run", "storm-front", "--ticks", "60", "--json", "--memory", &place];
    let first = qres(&run);
    assert!(!text(&first.stderr).contains("recalled"), "nothing was kept yet");
    let second = qres(&run);
    assert!(text(&second.stderr).contains("100 models recalled"), "{}", text(&second.stderr));
    let digest = |output: &Output| {
        let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        report["digest"].clone()
    };
    assert_ne!(digest(&first), digest(&second), "the second run starts with the first one's");
    let names: Vec<_> = slots(&folder)
        .iter()
        .map(|path| path.file_name().expect("named").to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names[0].starts_with("storm-front-") && names[0].ends_with(".a.qgene"), "{names:?}");
}

#[test]
fn a_damaged_memory_falls_back_and_two_damaged_slots_are_refused() {
    let folder = folder("memory-damage");
    let place = folder.to_string_lossy().into_owned();
    let run = ["run", "storm-front", "--ticks", "20", "--json", "--memory", &place];
    json(&run);
    json(&run);
    let slots = slots(&folder);
    let damage = |slot: &Path| {
        let mut bytes = std::fs::read(slot).expect("kept");
        bytes[100] ^= 1;
        std::fs::write(slot, bytes).expect("written");
    };
    damage(&slots[1]);
    let output = qres(&run);
    let message = text(&output.stderr);
    assert!(output.status.success(), "{message}");
    for part in ["warning", ".b.qgene", "checksum", "generation 1", "100 models recalled"] {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
    // That run mended the damaged slot.
    assert!(!text(&qres(&run).stderr).contains("warning"));
    for slot in &slots {
        damage(slot);
    }
    refused(&run, &[".a.qgene", ".b.qgene", "checksum", "remove them to start afresh"]);
    refused(
        &["run", "storm-front", "--ticks", "3", "--memory", &slots[0].to_string_lossy()],
        &["cannot be a folder"],
    );
}

#[test]
fn kept_models_of_another_form_are_skipped_and_counted() {
    let folder = folder("memory-form");
    let place = folder.to_string_lossy().into_owned();
    let scenario = |lags: &str| {
        let path = folder.join("small.ron");
        let content = format!(
            r#"(title: "Small", watch_for: "y", signals: [(modality: "m")], nodes: (count: 9),
               protocol: (lags: {lags}))"#
        );
        std::fs::write(&path, content).expect("written");
        path.to_string_lossy().into_owned()
    };
    let with = |lags: &str| {
        let file = scenario(lags);
        let output = qres(&["run", &file, "--ticks", "20", "--memory", &place]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    with("[2, 3]");
    assert!(with("[2, 3]").contains("9 models recalled"));
    let message = with("[2, 4]");
    assert!(message.contains("9 kept models skipped") && message.contains("lags"), "{message}");
    assert!(with("[2, 4]").contains("9 models recalled"));
}

#[test]
fn envelopes_are_written_and_checked() {
    let folder = folder("envelopes");
    let place = folder.join("out");
    let out = place.to_string_lossy().into_owned();
    let scenario = folder.join("nine.ron").to_string_lossy().into_owned();
    let content = r#"(title: "Nine", watch_for: "y", signals: [(modality: "hum")],
                      nodes: (count: 9))"#;
    std::fs::write(&scenario, content).expect("written");
    let output = qres(&["run", &scenario, "--ticks", "30", "--envelopes", &out]);
    let message = text(&output.stderr);
    assert!(output.status.success(), "{message}");
    assert!(message.contains("9 envelopes written"), "{message}");
    assert!(message.contains("all fit a fragment of 1012"), "{message}");
    assert_eq!(std::fs::read_dir(&place).expect("made").count(), 2 * 9 + 2);
    let quads = std::fs::read_to_string(place.join("nine-8.nq")).expect("written");
    assert!(quads.contains("<http://www.w3.org/ns/prov#wasAttributedTo> <did:key:z6Mk"), "{quads}");

    let file = |name: &str| place.join(name).to_string_lossy().into_owned();
    let good = file("nine-8.jsonld");
    let output = qres(&["check", &good, &scenario]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("holds (node 8, hum, Calm;") && said.contains("one fragment"), "{said}");

    let whole = std::fs::read_to_string(&good).expect("written");
    let changed = file("changed.jsonld");
    std::fs::write(&changed, whole.replace("Calm", "Storm")).expect("written");
    let output = qres(&["check", &good, &changed]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("changed.jsonld: the signature does not hold"));
    assert!(text(&output.stdout).contains("nine-8.jsonld: holds"));

    let none = file("none.jsonld");
    std::fs::write(&none, whole.replace("Calm", "Fog")).expect("written");
    refused(&["check", &none], &["none.jsonld", "Fog", "Calm"]);
    refused(&["check", &changed, &none], &["2 of 2 files"]);
    refused(&["check", &file("context.jsonld")], &["context.jsonld", "not an envelope"]);
    refused(&["check", &file("missing.jsonld")], &["missing.jsonld"]);
    std::fs::write(&none, vec![b'['; 1 << 20]).expect("written");
    refused(&["check", &none], &["1048576 bytes", "at most 4096"]);
}

#[test]
fn the_control_pair_gives_drift_and_floor() {
    let report = json(&["run", "storm-front", "--ticks", "90", "--json", "--control"]);
    let drift = &report["consensus"]["drift"];
    assert_eq!(drift["worst"], 0.0, "without adversaries the control is the run");
    assert!(drift["floor"].as_f64().is_some_and(|floor| floor > 0.0), "{drift}");
}

#[test]
fn evidence_prints_rows() {
    let tables = json(&["evidence", "memory", "--json"]);
    let rows = tables["tables"]["memory"]["rows"].as_array().expect("rows");
    assert!(rows.iter().any(|row| row["part"] == "hot state"));
    let values = text(&qres(&["evidence", "memory", "--csv"]).stdout);
    assert_eq!(values.lines().count(), rows.len() + 1, "{values}");
    assert!(values.starts_with("part,") && values.contains("\nhot state,"), "{values}");
}

#[test]
fn files_compress_and_come_back() {
    let folder = folder("compress");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let rows = (0..90).map(|at| format!("2024-01-01 {at},{}.{},x\n", 20 + at / 9, at % 10));
    let csv = format!("time,\"T (degC)\",note\n{}", rows.collect::<String>());
    let files: [(&str, &[u8]); 3] = [("a.csv", csv.as_bytes()), ("empty", b""), ("odd", &[255, 0])];
    for (name, content) in files {
        std::fs::write(place(name), content).expect("written");
        assert!(qres(&["compress", &place(name), &place("q")]).status.success());
        let _ = std::fs::remove_file(place("back"));
        assert!(qres(&["decompress", &place("q"), &place("back")]).status.success());
        assert_eq!(std::fs::read(place("back")).expect("there"), content);
    }
    let (a, t) = (place("a.csv"), place("t"));
    for profile in ["host", "mcu"] {
        let options = ["--columns", "T (degC)", "--profile", profile];
        let arguments = [&["compress", a.as_str(), t.as_str()][..], &options].concat();
        assert!(qres(&arguments).status.success());
        assert!(qres(&["decompress", &place("t"), &place("again")]).status.success());
        assert_eq!(std::fs::read_to_string(place("again")).expect("there"), csv);
        let report = json(&["inspect", &place("t"), "--json"]);
        assert_eq!(report["rows"], 90);
        assert_eq!(report["columns"][0]["name"], "T (degC)");
        assert_eq!(report["profile"], profile);
    }
    let lossy = ["--columns", "T (degC)", "--max-error", "0.2"];
    let arguments = [&["compress", a.as_str(), t.as_str()][..], &lossy].concat();
    assert!(qres(&arguments).status.success());
    let report = json(&["inspect", &place("t"), "--json"]);
    assert_eq!(report["columns"][0]["max_error_samples"], 2);
    assert_eq!(report["whole"], true);
    assert_eq!(std::fs::read_dir(&folder).expect("there").count(), 7, "nothing is left behind");
    let exponent = ["--columns", "T (degC)", "--max-error", "1e-3"];
    let refused = qres(&[&["compress", a.as_str(), t.as_str()][..], &exponent].concat());
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains("such as 0.001") && error.contains("0 to 6553.5"), "{error}");
    // The header of a damaged file is still told, and that its content is not whole.
    let mut damaged = std::fs::read(&t).expect("there");
    let middle = damaged.len() - 30;
    damaged[middle] ^= 1;
    std::fs::write(&t, &damaged).expect("written");
    let told = qres(&["inspect", &t, "--json"]);
    let report: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!((&report["whole"], told.status.code()), (&false.into(), Some(1)), "{report}");
}

#[test]
fn bad_compression_is_refused_and_nothing_lost() {
    let folder = folder("compress-bad");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    std::fs::write(place("a"), "x,y\n1,z\n").expect("written");
    refused(&["compress", &place("a"), &place("a")], &["is the input too"]);
    assert_eq!(std::fs::read(place("a")).expect("there"), b"x,y\n1,z\n");
    refused(&["compress", &place("none"), &place("b")], &["none"]);
    let long = std::fs::File::create(place("long")).expect("made");
    long.set_len((1 << 30) + 1).expect("a hole");
    for command in ["compress", "decompress"] {
        refused(&[command, &place("long"), &place("b")], &["more than 1024 MiB", "split -b"]);
    }
    std::fs::remove_file(place("long")).expect("gone");
    refused(&["compress", &place("a"), "/nowhere/b"], &["/nowhere/b"]);
    refused(&["compress", &place("a"), &place("b"), "--columns", "w"], &["`w`", "x, y"]);
    refused(&["compress", &place("a"), &place("b"), "--columns", "y"], &["`y`", "no decimal"]);
    refused(&["compress", &place("a"), &place("b"), "--profile", "mcu"], &["--columns"]);
    refused(&["decompress", &place("a"), &place("b")], &["does not begin with `QRES`"]);
    assert!(qres(&["compress", &place("a"), &place("q")]).status.success());
    let mut file = std::fs::read(place("q")).expect("there");
    *file.last_mut().expect("bytes") ^= 1;
    std::fs::write(place("q"), file).expect("written");
    refused(&["decompress", &place("q"), &place("b")], &["damaged"]);
    assert!(!folder.join("b").exists());
}

/// What is no file is never replaced by one, and what is keeps its permissions.
#[cfg(unix)]
#[test]
fn links_and_permissions_outlive_a_compressed_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder("compress-modes");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    std::fs::write(path("in"), "some text, some text").expect("written");
    std::fs::write(path("private"), "QRES, and old").expect("written");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path("private"), private).expect("set");
    std::os::unix::fs::symlink(path("private"), path("link")).expect("linked");
    let output = qres(&["compress", &path("in"), &path("link")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let link = std::fs::symlink_metadata(path("link")).expect("there");
    assert!(link.file_type().is_symlink(), "the link was replaced");
    let mode = std::fs::metadata(path("private")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_ne!(std::fs::read(path("private")).expect("read"), b"QRES, and old");
    refused(&["run", &path("in"), "--csv", &path("in")], &[]);
    assert_eq!(std::fs::read(path("in")).expect("read"), b"some text, some text");
}

#[test]
fn a_command_that_could_not_be_done_is_told() {
    let path = folder("refused-command").join("late.ron").to_string_lossy().into_owned();
    let scenario = r#"(title: "t", watch_for: "w", nodes: (count: 9), signals: [(modality: "a")],
        commands: [(at_tick: 2, command: Kill(nodes: "off"))])"#;
    std::fs::write(&path, scenario).expect("written");
    let output = qres(&["run", &path, "--ticks", "4", "--quiet"]);
    assert!(output.status.success());
    let told = text(&output.stderr);
    assert!(told.contains("tick 2: not done (nodes off killed): \"off\" is no node"), "{told}");
}
