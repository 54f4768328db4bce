//! Pages as scripts make them: of a run, a sweep, figures and a table.

use super::{folder, qres, refused, text};

#[test]
fn everything_that_is_measured_becomes_a_page() {
    let folder = folder("report");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let scenario = r#"(title: "<i>Nine</i>", watch_for: "y", signals: [(modality: "hum")], ticks: 40,
                      nodes: (count: 9))"#;
    std::fs::write(place("nine.ron"), scenario).expect("written");
    let sweep = r#"(title: "Swept", scenario: "nine.ron", axes: [
        (field: "protocol.aggregation", values: [TrimmedMean, Median]),
        (field: "nodes.count", range: (from: 9, to: 21, step: 6)),
        (field: "seed", values: [1, 2])])"#;
    std::fs::write(place("sweep.ron"), sweep).expect("written");
    let done = |arguments: &[&str]| {
        let output = qres(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        output.stdout
    };
    let page = |input: &str| {
        let out = place("page.html");
        done(&["report", &place(input), "--out", &out]);
        let page = std::fs::read_to_string(&out).expect("written");
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{input}");
        page
    };
    let first = page("nine.ron");
    assert!(first.contains("&lt;i&gt;Nine&lt;/i&gt;") && !first.contains("<i>Nine"));
    assert!(first.contains("--seed 1 --ticks 40") && first.contains("signals: [(modality:"));
    assert_eq!(first, page("nine.ron"), "the same run makes the same page");

    refused(&["report", &place("rows"), "--out", &place("x.html")], &["no such file"]);
    done(&["sweep", &place("sweep.ron"), "--out", &place("rows"), "--quiet"]);
    let swept = page("rows");
    for part in ["12 runs of nine.ron", "a curve for each protocol.aggregation", "TrimmedMean"] {
        assert!(swept.contains(part), "{part}");
    }
    std::fs::write(place("e.json"), done(&["evidence", "memory", "--json"])).expect("written");
    assert!(page("e.json").contains("hot state"));
    std::fs::write(place("r.json"), done(&["run", &place("nine.ron"), "--json"])).expect("written");
    assert!(page("r.json").contains("energy.left_mean"));
    done(&["run", &place("nine.ron"), "--quiet", "--csv", &place("t.csv")]);
    assert!(page("t.csv").contains("nodes that believe in it"));

    let kept = std::fs::read_to_string(place("nine.ron")).expect("there");
    refused(
        &["report", &place("nine.ron"), "--out", &place("nine.ron")],
        &["is read for the page"],
    );
    refused(&["report", &place("t.csv"), "--out", &place("no/x.html")], &["cannot write"]);
    refused(
        &["report", &place("t.csv"), "--out", &place("x"), "--seed", "3"],
        &["go with a scenario"],
    );
    std::fs::write(place("bad.json"), "{").expect("written");
    refused(&["report", &place("bad.json"), "--out", &place("x.html")], &["is not JSON"]);
    assert!(!folder.join("x.html").exists(), "nothing is left of what was refused");
    assert_eq!(std::fs::read_to_string(place("nine.ron")).expect("there"), kept);
}
