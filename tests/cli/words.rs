//! Mistakes that a newcomer makes: each is told where, what, and how to mend it.

use super::{folder, json, qres, refused, text, with};

#[test]
fn what_is_no_recording_is_named() {
    let folder = folder("words");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let here = folder.to_string_lossy().into_owned();
    let whole = place("r.ron");
    json(&["run", "partition", "--ticks", "3", "--json", "--record", &whole]);
    for command in [&["replay", "--verify"][..], &["compare", &whole]] {
        let parts = ["storm-front: is a scenario, not a recording", "--record FILE"];
        refused(&with(command, "storm-front"), &parts);
        refused(&with(command, &here), &["is a folder, not a recording"]);
        refused(&with(command, ""), &["a value is required"]);
    }
    // Nothing to compare, and one checkpoint to hold a replay against.
    let bytes = std::fs::read(&whole).expect("written");
    let header = bytes.split_inclusive(|byte| *byte == b'\n').next().expect("a line");
    std::fs::write(place("header.ron"), header).expect("written");
    let parts = ["header.ron: a recording of 0 ticks", "nothing to compare"];
    refused(&["compare", &place("header.ron"), &whole], &parts);
    refused(&["compare", &whole, &place("header.ron")], &parts);
    let once = ["run", "partition", "--ticks", "3", "--checkpoint-every", "9", "--record"];
    assert!(qres(&[&once[..], &[&place("once.ron")]].concat()).status.success());
    let said = text(&qres(&["replay", &place("once.ron"), "--verify"]).stdout);
    assert!(said.contains("replayed for 3 ticks; it agrees with"), "{said}");
    assert!(!said.contains("all 1 "), "{said}");

    // Blank lines at the end are no damage.
    std::fs::write(&whole, [&bytes[..], b"\n\r\n  \n\n "].concat()).expect("written");
    let verified = qres(&["replay", &whole, "--verify"]);
    assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");
    std::fs::write(place("r.ron.index"), "no index, but long enough to be one, of somebody else")
        .expect("written");
    let index = ["replay", &whole, "--seek", "2", "--index", "--quiet"];
    refused(&index, &["r.ron.index: no index: it is no index; move it away"]);
}

#[test]
fn numbers_are_told_in_our_words() {
    let seek = ["replay", "partition-heals", "--verify", "--seek"];
    for wrong in ["-1", "nan", "1.5", ""] {
        let parts = ["--seek", "accepted: a whole number from 0 to 1000000000"];
        refused(&[&seek[..], &[wrong]].concat(), &parts);
        let parts = ["--speed", "accepted: a whole number from 1 to 1000000"];
        refused(&["mirror", "--speed", wrong], &parts);
    }
}

#[test]
fn a_wrong_scenario_comes_before_missing_boards() {
    refused(&["mirror", "nope", "--headless", "--port", "/dev/none"], &["nope"]);
    let output = qres(&["mirror", "nope", "--headless"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("nope") && !said.contains("looks like a board"), "{said}");
    refused(&["run", ""], &["a value is required"]);
    let file = folder("export").join("mine.txt").to_string_lossy().into_owned();
    std::fs::write(&file, "mine").expect("written");
    refused(&["scenarios", "--export", &file], &["mine.txt: is a file", "name a folder"]);
    refused(&["mirror", "--headless", "--port", ""], &["a value is required"]);
}
