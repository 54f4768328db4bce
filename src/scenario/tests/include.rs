//! Scenarios that include others: what they make together, and where mistakes are told.

use super::*;

/// A folder of this test's own with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("qres-include-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    for (file, text) in files {
        let file = path.join(file);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(file, text).expect("written");
    }
    path
}

const BASE: &str = "// The base.\nScenario(\n    title: \"base\", watch_for: \"w\", seed: 7,\n    \
                    nodes: Nodes(count: 9), /* few */\n    signals: [(modality: \"a\")],\n)\n";

#[test]
fn fields_given_replace_whole_fields() {
    let mine =
        "(include: \"base.ron\", // stands on it\n title: \"mine\", nodes: (count: 12) // more\n)";
    let top = "(seed: 8, include: \"deeper/mine.ron\")";
    let files = [("base.ron", BASE), ("deeper/base.ron", BASE), ("deeper/mine.ron", mine)];
    let folder = folder("whole", &files);
    std::fs::write(folder.join("top.ron"), top).expect("written");
    let (scenario, text) =
        Scenario::load(folder.join("top.ron")).unwrap_or_else(|p| panic!("{p:#}"));
    let told = (scenario.seed, scenario.title.as_str(), scenario.nodes.count);
    assert_eq!(told, (8, "mine", Some(12)));
    assert_eq!(scenario.watch_for, "w");
    let again = Scenario::parse("one", &text).unwrap_or_else(|p| panic!("{p:#}"));
    assert_eq!(again, scenario, "the text needs no other file: {text}");

    let on_storm = "(include: \"storm-front\", ticks: 100)";
    let storm = Scenario::parse("x", on_storm).unwrap_or_else(|p| panic!("{p:#}"));
    let known = resolve("storm-front").unwrap_or_else(|p| panic!("{p:#}")).scenario;
    assert_eq!(storm, Scenario { ticks: 100, ..known });
    for comma in ["", ","] {
        let text = format!("(\n    include: \"storm-front.ron\"{comma}\n    // and no more\n)");
        assert!(Scenario::parse("x", &text).is_ok(), "{text}");
    }
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn mistakes_are_told_where_they_are() {
    let files = [
        ("base.ron", BASE),
        (
            "typo.ron",
            "(\n title: \"b\", watch_for: \"w\", nodez: (),\n signals: [(modality: \"a\")])",
        ),
        (
            "range.ron",
            "(\n title: \"b\", watch_for: \"w\",\n nodes: (count: 0), signals: [(modality:\"a\")])",
        ),
        ("open.ron", "(include: \"base.ron\",\n title: \"b\""),
        ("on_open.ron", "(include: \"open.ron\")"),
        ("circle.ron", "(include: \"round.ron\")"),
        ("round.ron", "(\n\n include: \"circle.ron\")"),
    ];
    let folder = folder("wrong", &files);
    for depth in 0..12 {
        let text = format!("(include: \"deep{}.ron\")", depth + 1);
        std::fs::write(folder.join(format!("deep{depth}.ron")), text).expect("written");
    }
    let cases = [
        ("(include: \"typo.ron\")", "typo.ron:2:30: unknown field `nodez`"),
        ("(include: \"range.ron\")", "range.ron:3:17: `nodes.count` is 0"),
        ("(include: \"base.ron\",\n nodes: (count: 0))", "x.ron:2:17: `nodes.count` is 0"),
        ("(include: \"base.ron\",\n\n ticks: x)", "x.ron:3:9: `ticks` is x"),
        ("(include: \"base.ron\", include: \"base.ron\")", "x.ron:1:23: a second `include`"),
        ("(include: \"on_open.ron\")", "open.ron:1:1: the file ends before this bracket"),
        ("(include: \"circle.ron\")", "round.ron:3:11: scenarios include each other in a circle"),
        ("(include: \"x.ron\")", "x.ron:1:11: this scenario includes itself"),
        ("(include: \"deep0.ron\")", "stands on more than 8 scenarios"),
        ("(include: \"storm-frnot\")", "x.ron:1:11: `include` names `storm-frnot`"),
        ("(include: \"storm-frnot\")", "did you mean `storm-front`?"),
        ("(include: 7)", "x.ron:1:11: `include` is 7; accepted: the name of an embedded"),
        ("(include: \"../wrong\")", "there is no such file beside this one"),
    ];
    for (text, expected) in cases {
        let path = folder.join("x.ron");
        std::fs::write(&path, text).expect("written");
        let problem = Scenario::load(&path).err().map(|problem| problem.to_string());
        let said = problem.unwrap_or_default();
        assert!(said.contains(expected), "{text}: {said}");
    }
    let said = refused("(include: \"base.ron\")").to_string();
    assert!(said.contains("no such file beside"), "a text without a folder: {said}");
    std::fs::remove_dir_all(folder).expect("removed");
}
