//! Which runs a sweep has, and what is said of sweeps that are not in order.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn sweep(text: &str) -> Result<Sweep, Problem> {
    Sweep::parse("s.ron", text, Path::new("nowhere"))
}

fn good(text: &str) -> Sweep {
    sweep(text).unwrap_or_else(|problem| panic!("{problem:#}"))
}

const GRID: &str = "(scenario: \"storm-front\", axes: [
    (field: \"protocol.aggregation\", values: [Median, Krum(faulty: 2)]),
    (field: \"storms[0].intensity\", range: (from: 2, to: 3, step: 0.5)),
    (field: \"seed\", values: [7, 8]),
])";

#[test]
fn the_last_axis_varies_fastest() {
    let sweep = good(GRID);
    assert_eq!(sweep.runs(), 12);
    let said = |run| {
        let parts = sweep.parameters(run).into_iter().map(|(_, value)| value.to_owned());
        parts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(said(0), "Median 2.0 7");
    assert_eq!(said(1), "Median 2.0 8");
    assert_eq!(said(2), "Median 2.5 7");
    assert_eq!(said(11), "Krum(faulty: 2) 3.0 8");
    let scenario = sweep.scenario(11).unwrap_or_else(|problem| panic!("{problem:#}"));
    assert_eq!(scenario.seed, 8);
    assert!((scenario.storms[0].intensity - 3.0).abs() < 1e-12);
    assert_eq!(scenario.protocol.aggregation, super::super::Aggregation::Krum { faulty: 2 });
    assert_eq!(scenario.nodes, good(GRID).scenario(0).map(|s| s.nodes).expect("good"));
}

#[test]
fn defaults_that_follow_a_varied_field_follow_it() {
    let sweep = good(
        "(scenario: \"storm-front\", axes: [
        (field: \"radio\", values: [(profile: Wifi6), (profile: LongRange)])])",
    );
    let range = |run| sweep.scenario(run).map(|scenario| scenario.radio.range_mm);
    assert_eq!(range(0).expect("good"), 30_000);
    assert_eq!(range(1).expect("good"), 1_000_000);
}

#[test]
fn the_identity_is_that_of_the_runs() {
    let same = GRID.replace("(scenario", "// a remark\n(title: \"x\", scenario");
    assert_eq!(good(GRID).identity(), good(&same).identity());
    for (from, to) in [("[7, 8]", "[8, 7]"), ("2)]", "1)]"), ("step: 0.5", "step: 0.4")] {
        let other = GRID.replace(from, to);
        assert_ne!(good(GRID).identity(), good(&other).identity(), "{from}");
    }
}

/// What stands in `axes`, and how the message goes on.
const AXES: &[(&str, &str)] = &[
    ("(field: \"sed\", values: [1])", "2:9: a scenario has no field `sed` (did you mean `seed`?)"),
    ("(field: \"seed\", values: [])", "2:25: `axes[0].values` is a list of 0; accepted: a list of"),
    ("(field: \"seed\", values: [1, 2, 1])", "2:32: `axes[0].values` has 1 twice; give it once"),
    ("(field: \"seed\")", "2:1: `axes[0]` has neither `values` nor `range`"),
    ("(field: \"seed\", valeus: [1])", "2:17: unknown field `valeus` (did you mean `values`?) in"),
    ("(field: \"seed\", values: 5)", "2:25: `axes[0].values` is 5; accepted: a list of 1 to 1000"),
    (
        "(field: \"seed\", range: (from: 1, to: 5, step: -1))",
        "2:24: `axes[0].range` has a step that leads nowhere; accepted: a step above 0",
    ),
    (
        "(field: \"seed\", range: (from: 1e3, to: 5))",
        "2:31: `axes[0].range.from` is 1e3; accepted:",
    ),
    ("(field: \"seed\", range: (to: 5))", "2:24: Range lacks its field `from`; accepted: a plain"),
    (
        "(field: \"nodes.count\", values: [9,\n 0])",
        "3:2: `nodes.count` is 0 (with nodes.count = 0); accepted: a whole number from 1 to",
    ),
    (
        "(field: \"protocol.aggregation\", values: [Median, Krun()])",
        "2:50: `protocol.aggregation` is `Krun` (did you mean `Krum`?) (with protocol.agg",
    ),
    (
        "(field: \"protocol.aggregation.faulty\", values: [1])",
        "2:9: `protocol.aggregation.faulty` has no place: `protocol.aggregation` is",
    ),
    (
        "(field: \"storms[9].intensity\", values: [1])",
        "2:9: `storms[9].intensity` has no place: there is no `storms[9]` in the scenario",
    ),
    (
        "(field: \"seed\", values: [1]), (field: \"seed\", values: [2])",
        "2:39: `seed` is varied twice; one axis for each field",
    ),
    (
        "(field: \"radio.mtu_bytes\", values: [64]), (field: \"radio\", values: [()])",
        "2:51: `radio` would undo `radio.mtu_bytes`, which stands before it; put the whole",
    ),
    (
        "(field: \"seed\", range: (from: 1, to: 9999)), \
         (field: \"ticks\", range: (from: 1, to: 999))",
        "1:33: 9989001 runs; accepted: 1 to 1000000 runs",
    ),
    (
        "(field: \"twt.calm_ms\", values: [9000]), (field: \"twt.prestorm_ms\", values: [9001])",
        "2:77: `twt.prestorm_ms` 9001 is above `twt.calm_ms` 9000 (with twt.calm_ms = 9000, twt.p",
    ),
];

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    for (axes, expected) in AXES {
        let text = format!("(scenario: \"storm-front\", axes: [\n{axes}])");
        let message = sweep(&text).err().map(|problem| problem.to_string()).unwrap_or_default();
        assert!(message.starts_with(&format!("s.ron:{expected}")), "{axes}\n{message}");
    }
    let whole = [
        ("", "1:1: the file is empty; a sweep starts as"),
        ("5", "1:1: this is not a sweep; a sweep starts as"),
        ("Header(format:1) // 0", "1:1: this is not a sweep, but a recording: `qres replay`"),
        ("()", "1:1: Sweep lacks its field `scenario`; accepted: a text"),
        (
            "(scenario: \"storm-frnot\", axes: [(field: \"seed\", values: [1])])",
            "1:12: `scenario`: no such file, and no embedded scenario of that name (did you",
        ),
        ("(scenario: \"storm-front\", axes: [])", "1:33: `axes` is a list of 0; accepted: a list"),
    ];
    for (text, expected) in whole {
        let message = sweep(text).err().map(|problem| problem.to_string()).unwrap_or_default();
        assert!(message.starts_with(&format!("s.ron:{expected}")), "{text}\n{message}");
    }
}

#[test]
fn the_place_is_that_of_the_value_in_all_runs() {
    // Each value is good with the first of the other, and two are not with each other.
    let sweep = good(
        "(scenario: \"storm-front\", axes: [(field: \"twt.calm_ms\", values: [600000, 8000]),
        (field: \"twt.prestorm_ms\", values: [7000, 600000])])",
    );
    let problem = sweep.scenario(3).expect_err("above");
    let said = problem.to_string();
    assert!(said.starts_with("s.ron:2:51: `twt.prestorm_ms` 600000 is above"), "{said}");
    assert!((0..3).all(|run| sweep.scenario(run).is_ok()));
}

/// Pieces of sweeps, good and bad.
const PIECES: [&str; 22] = [
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"seed\"",
    "\"storms[9].path\"",
    "\"nodes\"",
    "field",
    "range",
    "values",
    "step: 0",
    "-1",
    "1e9",
    "Krum",
    "()",
    "/*",
    "\u{feff}",
    "é",
    "18446744073709551616",
];

proptest! {
    #[test]
    fn damaged_sweeps_are_told_with_a_place(
        edits in vec((any::<prop::sample::Index>(), 0_usize..9, select(PIECES.to_vec())), 1..4),
    ) {
        let mut chars: Vec<char> = GRID.chars().collect();
        for (at, gone, piece) in edits {
            let at = at.index(chars.len().max(1)).min(chars.len());
            chars.splice(at..(at + gone).min(chars.len()), piece.chars());
        }
        let text: String = chars.into_iter().collect();
        match sweep(&text) {
            Ok(sweep) => prop_assert!((1..=RUNS_MAX).contains(&sweep.runs())),
            Err(problem) => {
                let place = problem.position();
                let lines = text.matches('\n').count() + 1;
                prop_assert!(place.is_some_and(|at| at.line <= lines), "{problem:#}");
            }
        }
    }
}
