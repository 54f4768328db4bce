//! Ticks of a recording by its index.

use super::{folder, json, qres, refused, text};

#[test]
fn an_index_leads_to_the_same_state() {
    let folder = folder("seek");
    let scenario = folder.join("s.ron");
    let nine = r#"(title: "t", watch_for: "w", nodes: (count: 9), signals: [(modality: "a")])"#;
    std::fs::write(&scenario, nine).expect("written");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (scenario, recording) = (place("s.ron"), place("r.ron"));
    let recorded = ["run", &scenario, "--ticks", "4200", "--record", &recording, "--quiet"];
    assert!(qres(&recorded).status.success());
    let seek = ["replay", &recording, "--seek", "4150", "--json"];
    let before = json(&seek);
    assert_eq!(before["replay"]["seek"]["from_tick"], 0);
    assert!(!folder.join("r.ron.index").exists(), "an index is made only when it is asked for");
    let made = json(&[&seek[..], &["--index"]].concat());
    let after = json(&seek);
    for found in [&made, &after] {
        assert_eq!(found["replay"]["seek"]["from_tick"], 4_096);
        assert_eq!(found["replay"]["digest"], before["replay"]["digest"]);
    }
}

#[test]
fn an_index_that_is_not_ours_stays_until_it_is_to_be_made() {
    let folder = folder("foreign-index");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (one, other) = (place("one.ron"), place("other.ron"));
    for (file, seed) in [(&one, "1"), (&other, "2")] {
        let run = ["run", "partition", "--ticks", "1100", "--seed", seed, "--record", file];
        assert!(qres(&[&run[..], &["--quiet"]].concat()).status.success());
    }
    let seek = |file: &str, more: &[&str]| {
        let arguments = ["replay", file, "--seek", "1090", "--headless", "--json"];
        let output = qres(&[&arguments[..], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (report["replay"]["seek"]["from_tick"].clone(), text(&output.stderr))
    };
    let made = seek(&one, &["--index"]);
    assert_ne!(made.0, 0);
    let index = place("other.ron.index");
    std::fs::copy(place("one.ron.index"), &index).expect("copied");
    let foreign = std::fs::read(&index).expect("there");
    // Read only: told of, and left alone.
    let (from, said) = seek(&other, &[]);
    assert_eq!(from, 0);
    assert!(said.contains("of another run") && said.contains("not used; --index"), "{said}");
    assert_eq!(std::fs::read(&index).expect("there"), foreign);
    let (from, said) = seek(&other, &["--index"]);
    assert_eq!(from, made.0);
    assert!(said.contains("made anew"), "{said}");
    // The first bytes of one are none, and what is none stays.
    let whole = std::fs::read(&index).expect("there");
    std::fs::write(&index, &whole[..20]).expect("written");
    let (from, said) = seek(&other, &[]);
    assert!(from == 0 && said.contains("cut off after its first bytes: not used"), "{said}");
    assert_eq!(seek(&other, &["--index"]).0, made.0);
    std::fs::write(&index, "my notes, which are longer than the beginning of an index")
        .expect("ok");
    let parts = ["other.ron.index: no index: it is no index"];
    let output = qres(&["replay", &other, "--seek", "1090", "--index", "--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(parts[0]), "{}", text(&output.stderr));
    refused(&["replay", &other, "--index"], &["--seek"]);
}
