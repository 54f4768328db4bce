//! Ticks of a recording by its index.

use super::{folder, json, qres};

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
