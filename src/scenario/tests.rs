//! What becomes of whole files, and what is promised of the embedded scenarios.

mod include;
mod said;
mod table;

use super::*;

const SMALL: &str = "(title: \"t\", watch_for: \"w\", nodes: (), signals: [(modality: \"a\")])";

fn refused(text: &str) -> Problem {
    match Scenario::parse("x.ron", text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(problem) => problem,
    }
}

#[test]
fn unearned_trust_must_be_announced() {
    let text = |watch_for: &str| {
        format!(
            "(title: \"t\", watch_for: \"{watch_for}\", nodes: (), signals: [(modality: \"a\")], \
             protocol: (initial_reputation: 0.9))"
        )
    };
    assert!(Scenario::parse("x", &text("w")).is_err());
    assert!(Scenario::parse("x", &text("Reputation starts at 0.9.")).is_ok());
}

#[test]
fn files_that_are_no_scenarios_are_told_apart() {
    let dir = std::env::temp_dir().join(format!("qres-scenario-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a temporary folder");
    let path = dir.join("a.ron");
    let big = " ".repeat(MAX_FILE_BYTES + 1);
    let cases: [(&[u8], &str); 4] = [
        (b"(title: \"\xff\")", ":1:10: byte 0xff is not UTF-8"),
        (b"(\n\xc3", ":2:1: byte 0xc3 is not UTF-8"),
        (b"", ":1:1: the file is empty"),
        (big.as_bytes(), ": the file is larger than 16 MiB"),
    ];
    for (bytes, expected) in cases {
        std::fs::write(&path, bytes).expect("a temporary file");
        let message = Scenario::load(&path).err().map(|p| p.to_string()).unwrap_or_default();
        assert!(message.contains(expected), "{message}");
    }
    let message = |path: &std::path::Path| Scenario::load(path).err().map(|p| p.to_string());
    assert!(message(&dir).is_some_and(|text| text.contains("this is a folder")));
    assert!(message(&dir.join("none")).is_some_and(|text| text.contains("cannot be read")));
    std::fs::write(&path, format!("\u{feff}{SMALL}")).expect("a temporary file");
    assert!(Scenario::load(&path).is_ok());
    std::fs::remove_dir_all(&dir).expect("the same folder");
}

#[test]
fn nesting_costs_nothing() {
    for open in ["(", "[", "{", "(a:", "[(", "Some("] {
        let message = refused(&open.repeat(100_000)).to_string();
        assert!(message.contains("nested more than 32 deep"), "{message}");
    }
    let deep = format!("{}{}", "/*".repeat(100_000), "*/".repeat(100_000));
    assert!(refused(&deep).to_string().contains("the file is empty"));
}

#[test]
fn the_city_wakes_often_enough() {
    for (name, text) in embedded() {
        let scenario = Scenario::parse(name, text).unwrap_or_else(|p| panic!("{p:#}"));
        let shortened = scenario.twt.calm_ms != Twt::default().calm_ms;
        assert!(!shortened || scenario.note.contains("TWT table is s"), "{name}");
        if *name == "city-10k" {
            let twt = &scenario.twt;
            let longest = u64::from(twt.calm_ms) * (100 + u64::from(twt.jitter_percent)) / 100;
            let cycle = longest + u64::from(twt.window_ms) + u64::from(scenario.tick_ms);
            assert!(scenario.ticks * u64::from(scenario.tick_ms) / cycle >= 20);
            assert_eq!(scenario.node_count(), 10_000);
            assert!(text.contains("\n        count: 10000,\n"));
        }
    }
}
