//! That every field's range and default is the one that the field table states.

use super::refused;
use crate::scenario::{fields::field_table, *};

/// Every field that a layout or a source allows, each at least once over them.
const FULL: [&str; 22] = [
    r#"(title: "t", watch_for: "w", nodes: (layout: Stations([
        (name: "A", latitude: 1, longitude: 2), (name: "B", latitude: 1, longitude: 2.5)])),
        protocol: (trim_per_tail: 0),
        signals: [(modality: "a", source: Dataset(path: "x/{station}.csv", column: "c"))],
        storms: [(from_tick: 0, to_tick: 9, path: [(tick: 1, x_mm: 2, z_mm: 3)], radius_mm: 4)],
        camera: [(name: "c", eye_mm: (1, 2, 3), target_mm: (4, 5, 6))])"#,
    r#"(title: "t", watch_for: "w", nodes: (count: 100), radio: (profile: LongRange),
        signals: [(modality: "a", source: Sample(file: "tide.csv", column: "height_m"))])"#,
    r#"(title: "t", watch_for: "w", nodes: (layout: Sphere()), signals: [(modality: "a")])"#,
    r#"(title: "t", watch_for: "w", nodes: (), protocol: (evolution: On()),
        signals: [(modality: "a")],
        storms: [(from_tick: 0, to_tick: 9, path: [(tick: 1, x_mm: 2, z_mm: 3)], radius_mm: 4,
        spectrum: Coloured(period_samples: 5, coherence_samples: 9))])"#,
    r#"(title: "t", watch_for: "w", nodes: (layout: RandomGeometric()),
        signals: [(modality: "a")], energy: (sun: Day()))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        protocol: (aggregation: MultiKrum(), preparation: Nnm()))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        protocol: (aggregation: GeometricMedian(), preparation: Bucketing()))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        protocol: (aggregation: CentredClipping(), preparation: Arc()))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        protocol: (aggregation: Balance()))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        twt: (calm_ms: 60000, prestorm_ms: 60000),
        protocol: (aggregation: Ubar(), audit: (every_rounds: 8)))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        protocol: (aggregation: Adaptive()))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        energy: (sun: Hours()))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        protocol: (trust: (bans: On(), watchdog: On())))"#,
    r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")],
        energy: (sun: Recorded(path: "sun.csv", column: "light")))"#,
    PLAIN,
    PLAIN,
    PLAIN,
    PLAIN,
    PLAIN,
    PLAIN,
    PLAIN,
    PLAIN,
];

/// No more than there must be.
const PLAIN: &str = r#"(title: "t", watch_for: "w", nodes: (), signals: [(modality: "a")])"#;

/// What each of those has besides: attacks with each field at least once, and commands.
const HOSTILE: [&str; 22] = [
    "adversaries: [(kind: Bias(), share_percent: 50)]",
    "adversaries: [(kind: SignFlip())]",
    "adversaries: [(kind: Gaussian())]",
    "adversaries: [(kind: InnerProduct())]",
    "adversaries: [(kind: LittleIsEnough())]",
    "adversaries: [(kind: MinMax())]",
    "adversaries: [(kind: DirectedDeviation())]",
    "adversaries: [(kind: FalseEntropy())]",
    "adversaries: [(kind: OnOff())]",
    "adversaries: [(kind: AuditPrediction())],
        commands: [(at_tick: 5, command: SetAttack(nodes: \"1\", cover_up: true))]",
    "adversaries: [(kind: FloatCheater())]",
    "adversaries: [(kind: Cartel())],
        commands: [(at_tick: 5, command: SetAttack(nodes: \"1 3-5\"))]",
    "commands: [(at_tick: 5, command: SetDefence())]",
    "commands: [(at_tick: 5, command: SetProtocol(field: \"protocol.quorum\", value: 5))]",
    "commands: [(at_tick: 5, command: StartStorm(x_mm: 1, z_mm: 2, radius_mm: 3))]",
    "storms: [(from_tick: 0, to_tick: 9, path: [(tick: 1, x_mm: 2, z_mm: 3)], radius_mm: 4)],
        commands: [(at_tick: 5, command: MoveStorm(storm: 0, x_mm: 1, z_mm: 2))]",
    "commands: [(at_tick: 5, command: Revive(nodes: \"off\"))]",
    "commands: [(at_tick: 5, command: Drain(nodes: \"all\", percent: 5))]",
    "commands: [(at_tick: 5, command: Cut(links: All))]",
    "commands: [(at_tick: 5, command: AddNodes(x_mm: 1, z_mm: 2))]",
    "commands: [(at_tick: 5, command: StartFault(kind: Loss()))]",
    "commands: [(at_tick: 5, command: EndFault(fault: 0))]",
];

/// And a fault: each field of each kind and choice at least once.
const FAULTY: [&str; 13] = [
    "kind: Loss(), nodes: Share()",
    "kind: Bursts(), nodes: Area(x_mm: 1, z_mm: 2, radius_mm: 3)",
    "kind: Duplication()",
    "kind: Reordering(), nodes: Side(x_mm: 1, z_mm: 2, to_x_mm: 3, to_z_mm: 4)",
    "kind: Corruption(), nodes: Links([(0, 1)])",
    "kind: ClockSkew()",
    "kind: Straggler()",
    "kind: PowerLoss()",
    "kind: Churn()",
    "kind: Jamming(), nodes: Area(x_mm: 1, z_mm: 2, radius_mm: 3)",
    "kind: Eclipse(victim: 1), nodes: List([2])",
    "kind: Sybil(host: 1, attack: GenePoison)",
    "kind: Partition, nodes: Adversaries",
];

/// Fields that a scenario as text leaves out where they have their default.
const UNSAID: [&str; 1] = ["commands[].command.cover_up"];

fn full() -> Vec<Scenario> {
    let hostile = HOSTILE.iter().copied().chain(std::iter::repeat("adversaries: []"));
    let faulty = FAULTY.iter().copied().chain(std::iter::repeat("kind: Loss()"));
    let texts = FULL.iter().zip(hostile).zip(faulty).map(|((text, more), fault)| {
        let open = text.strip_suffix(')').unwrap_or_default();
        format!("{open}, {more}, faults: [({fault})])")
    });
    texts.map(|text| Scenario::parse("x", &text).unwrap_or_else(|p| panic!("{p:#}"))).collect()
}

/// The text of `path` in `text`, with the first element of every list.
fn value<'a>(text: &'a str, path: &str) -> Option<&'a str> {
    let (span, exact) = locate::find(text, &path.replace("[]", "[0]"));
    text.get(span).filter(|_| exact)
}

#[test]
fn every_default_is_the_one_in_the_table() {
    let texts: Vec<_> = full().iter().map(Scenario::to_ron).collect();
    for Field { path, default, .. } in FIELDS {
        let values: Vec<_> = texts.iter().filter_map(|text| value(text, path)).collect();
        assert!(!values.is_empty(), "{path} is in no scenario");
        if matches!(*default, "required" | "()" | "Grid()" | "Synthetic()" | "Affine()") {
            continue;
        }
        for default in default.split(" or ") {
            let same = |value: &&str| {
                let plain: String = value.split_whitespace().collect();
                let plain = plain.replace(",]", "]").replace(",)", ")");
                match (plain.parse::<f64>(), default.parse::<f64>()) {
                    (Ok(value), Ok(default)) => value.to_bits() == default.to_bits(),
                    _ => plain == default.replace(' ', ""),
                }
            };
            let list = ["storms", "camera", "adversaries", "commands", "faults"].contains(path);
            let there = list || UNSAID.contains(path) || values.iter().any(same);
            assert!(there, "{path}: {default} is not among {values:?}");
        }
    }
    let plain = Scenario::parse("x", FULL[2]).unwrap_or_else(|p| panic!("{p:#}"));
    assert!(plain.storms.is_empty() && plain.camera.is_empty() && plain.adversaries.is_empty());
    assert!(plain.commands.is_empty());
    assert_eq!(Layout::default(), Layout::Grid { columns: 10, spacing_mm: 10_000 });
    assert_eq!(plain.node_count(), 100);
}

#[test]
fn every_range_is_the_one_in_the_table() {
    let texts: Vec<_> = full().iter().map(Scenario::to_ron).collect();
    let grid = full()[1].to_ron();
    for Field { path, accepts, .. } in FIELDS {
        let (inside, outside) = match *accepts {
            Accepts::Whole { low, high, .. } => (
                [low.to_string(), high.to_string()],
                [(low - 1).to_string(), (high + 1).to_string()],
            ),
            Accepts::Real { low, high, .. } => (
                [format!("{low:?}"), format!("{high:?}")],
                [format!("{:?}", low - 0.001), format!("{:?}", high + 0.001)],
            ),
            _ => continue,
        };
        let instance = path.replace("[]", "[0]");
        let text = texts.iter().find(|text| value(text, path).is_some()).unwrap_or(&grid);
        let (span, exact) = locate::find(text, &instance);
        assert!(exact, "{path}");
        let with = |value: &str| {
            let mut text = text.clone();
            text.replace_range(span.clone(), value);
            text
        };
        for value in outside {
            let problem = refused(&with(&value));
            let said = problem.found();
            assert!(said.starts_with(&format!("`{instance}` is {value}")), "{path}: {problem:#}");
            let before = text.get(..span.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            assert_eq!(problem.position(), Some(Position { line, column }), "{problem:#}");
        }
        for value in inside {
            // It may not go with its neighbours, but must not be refused for its range.
            if let Err(problem) = Scenario::parse("x.ron", &with(&value)) {
                let range = problem.accepted().contains(&format!("{accepts} ("));
                assert!(!range, "{path}: {problem:#}");
            }
        }
    }
}

#[test]
fn the_table_prints() {
    let table = field_table();
    assert_eq!(table.lines().count(), FIELDS.len() + 2);
    assert!(table.contains("| `twt.calm_ms` | a whole number from 1 to 604800000 ms |"));
}
