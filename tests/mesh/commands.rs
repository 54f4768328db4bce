//! Commands in mid-run: the same commands make the same run, whoever gives them, on however many
//! threads, and through a snapshot.

use crate::common::{mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::orders::Orders;
use qres::mesh::resources::Setup;
use qres::mesh::snapshot::SECTIONS;
use qres::scenario::{Aggregation, Attack, Command, Preparation, Scenario};
use qres_core::aggregate::Rule;
use qres_core::id::Tick;
use qres_core::phase::Adoption::{Blind, Screened, Tested};

/// Neighbours that are always awake; `rest` is more of the scenario.
fn field(count: u32, rest: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Field", watch_for: "Orders.", seed: 5,
        nodes: (count: {count}, layout: Grid(columns: 6, spacing_mm: 10000),
            sentinels: Every(1)),
        radio: (range_mm: 15000),
        twt: (calm_ms: 4000, prestorm_ms: 4000, storm_ms: 4000, window_ms: 2000,
            storm_window_ms: 2000),
        signals: [(modality: "heat", source: Synthetic(noise: 0.4, waves: [
            (period_samples: 12, amplitude: 3.0)]))],
        {rest})"#
    ))
}

fn attack(nodes: &str, attack: Option<Attack>) -> Command {
    let (nodes, collude) = (nodes.to_owned(), true);
    Command::SetAttack { nodes, attack, collude, claim_storm: false, cover_up: false }
}

fn defence(aggregation: Aggregation) -> Command {
    let preparation = Preparation::Nothing;
    Command::SetDefence {
        aggregation,
        preparation,
        trim_per_tail: 2,
        weigh_by_reputation: true,
        adoption: None,
    }
}

/// An attack that remembers, a rule that remembers, another attack, and peace.
fn orders() -> [(u64, Command); 4] {
    let adaptive =
        Aggregation::Adaptive { faulty: 1, calm_rounds: 2, quiet_share: 0.0, alarm_share: 0.1 };
    [
        (20, attack("7 10", Some(Attack::Cartel { sigmas: 8.0, ramp_rounds: 5 }))),
        (40, defence(adaptive)),
        (60, attack("10 20-21", Some(Attack::InnerProduct { epsilon: 4.0, search: true }))),
        (90, attack("7 10 20 21", None)),
    ]
}

const SAID: &str = r#"commands: [
    (at_tick: 20, command: SetAttack(nodes: "7 10", collude: true,
        attack: Some(Cartel(sigmas: 8.0, ramp_rounds: 5)))),
    (at_tick: 40, command: SetDefence(aggregation: Adaptive(calm_rounds: 2), trim_per_tail: 2)),
    (at_tick: 60, command: SetAttack(nodes: "10 20-21", collude: true,
        attack: Some(InnerProduct(epsilon: 4.0, search: true)))),
    (at_tick: 90, command: SetAttack(nodes: "7 10 20 21", collude: true)),
]"#;

/// Steps to `tick`, giving each command just before its own.
fn run(mesh: &mut Mesh, tick: u64) {
    while mesh.ticks() < tick {
        for (at, command) in orders() {
            if at == mesh.ticks() {
                assert_eq!(mesh.command(command), Ok(Tick(at)));
            }
        }
        mesh.step();
    }
}

#[test]
fn given_from_outside_or_by_the_scenario_a_command_is_the_same() {
    let (mut given, mut said) = (mesh(&field(36, ""), 1), mesh(&field(36, SAID), 1));
    run(&mut given, 110);
    run_to(&mut said, 110);
    assert_eq!(given.digest(), said.digest());
    assert_eq!(given.commands(), said.commands());
    let told: Vec<(u64, Command)> =
        given.commands().iter().map(|(tick, command)| (tick.0, command.clone())).collect();
    assert_eq!(told, orders());
    let mut without = mesh(&field(36, ""), 1);
    run_to(&mut without, 110);
    assert_ne!(given.digest(), without.digest());
    assert_eq!(given.summary().adversaries.count, 4);
}

#[test]
fn adoption_stays_as_it_is_unless_a_command_says_otherwise() {
    let adopted = |protocol: &str, said: &str| {
        let rest = format!(
            "protocol: ({protocol}),
            commands: [(at_tick: 10, command: SetDefence(aggregation: Mean {said}))],"
        );
        let mut mesh = mesh(&field(16, &rest), 1);
        run_to(&mut mesh, 12);
        let world = mesh.world();
        let orders = world.resource::<Orders>();
        let plan = &world.resource::<Setup>().0;
        assert_eq!(orders.config(plan).recipe.rule, Rule::Mean);
        orders.config(plan).adoption
    };
    let table = [
        ("", "", Tested),
        ("adoption: Screened", "", Screened),
        ("adoption: Blind", ", adoption: None", Blind),
        ("adoption: Blind", ", adoption: Some(Tested)", Tested),
        ("", ", adoption: Some(Screened)", Screened),
    ];
    for (protocol, said, adoption) in table {
        assert_eq!(adopted(protocol, said), adoption, "{protocol} {said}");
    }
    // What one command has changed is what the next one leaves.
    let rest = "commands: [(at_tick: 3, command: SetDefence(adoption: Some(Blind))),
        (at_tick: 6, command: SetDefence(aggregation: Median))],";
    let mut mesh = mesh(&field(16, rest), 1);
    run_to(&mut mesh, 8);
    let mut copy = crate::common::mesh(&field(16, rest), 1);
    copy.restore(&mesh.snapshot()).expect("its own snapshot");
    for mesh in [&mut mesh, &mut copy] {
        let world = mesh.world();
        let config = world.resource::<Orders>().config(&world.resource::<Setup>().0);
        assert_eq!((config.adoption, config.recipe.rule), (Blind, Rule::Median));
    }
}

#[test]
fn merges_that_were_declined_are_no_merges() {
    let count = |adoption: &str| {
        let mut mesh = mesh(&field(16, &format!("protocol: (adoption: {adoption})")), 1);
        run_to(&mut mesh, 300);
        let summary = mesh.summary();
        (summary.aggregations, summary.declined)
    };
    let ((tested, declined), (blind, none)) = (count("Tested"), count("Blind"));
    assert!(tested > 0 && declined > 0 && none == 0, "{tested} {declined} {none}");
    assert!(tested < blind, "{tested} {blind}");
}

#[test]
fn a_snapshot_holds_what_was_ordered() {
    let mut straight = mesh(&field(36, ""), 1);
    run(&mut straight, 110);
    for tick in [30, 50, 75] {
        let mut first = mesh(&field(36, ""), 1);
        run(&mut first, tick);
        let bytes = first.snapshot();
        let mut second = mesh(&field(36, ""), 1);
        second.restore(&bytes).expect("its own snapshot");
        assert_eq!(first.sections(), second.sections(), "{tick}");
        run(&mut second, 110);
        assert_eq!(second.digest(), straight.digest(), "from {tick}");
        assert_eq!(second.summary().adversaries.count, 4);
        for length in (0..bytes.len()).step_by(499) {
            assert!(first.restore(&bytes[..length]).is_err(), "cut at {length}");
        }
    }
}

#[test]
fn a_command_that_waits_is_in_the_snapshot_too() {
    let mut straight = mesh(&field(36, ""), 1);
    run_to(&mut straight, 10);
    assert_eq!(straight.command(attack("3", Some(Attack::Saturate))), Ok(Tick(10)));
    let mut copy = mesh(&field(36, ""), 1);
    copy.restore(&straight.snapshot()).expect("its own snapshot");
    run_to(&mut straight, 40);
    run_to(&mut copy, 40);
    assert_eq!(copy.digest(), straight.digest());
    assert_eq!(copy.commands().len(), 1);
}

#[test]
fn threads_change_nothing_under_attack() {
    let text = r#"adversaries: [
        (kind: LittleIsEnough(search: true), share_percent: 10, collude: true),
        (kind: Spectral(scale: 4), share_percent: 5, collude: true),
        (kind: Dissensus(), share_percent: 5), (kind: Stale, share_percent: 5)],
        commands: [(at_tick: 12, command: SetAttack(nodes: "0-99", attack: Some(MinMax())))]"#;
    let crowd = field(1_008, text);
    let (mut one, mut many) = (mesh(&crowd, 1), mesh(&crowd, 4));
    for tick in 0..24 {
        one.step();
        many.step();
        let (left, right) = (one.sections(), many.sections());
        for (name, (left, right)) in SECTIONS.iter().zip(left.iter().zip(&right)) {
            assert_eq!(left, right, "tick {tick}, section {name}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut asked = mesh(&field(9, ""), 1);
    let cases = [
        (attack("9", None), "`command.nodes` has \"9\"; accepted: ids and rising ranges from 0"),
        (attack("", None), "`command.nodes` names no node"),
        (
            attack("1", Some(Attack::Gaussian { deviation: -1.0 })),
            "`command.attack.deviation` is -1.0; accepted: a number from 0 to 1000",
        ),
        (
            defence(Aggregation::Bulyan { faulty: 2 }),
            "`command.aggregation` needs 11 nodes of a modality, and there are 9",
        ),
        (
            attack("1", Some(Attack::GenePoison)),
            "`command.attack` is GenePoison, but no model evolves; accepted with `protocol.evo",
        ),
        (
            attack("1", Some(Attack::AuditPrediction { every_rounds: 9, bias: 1.0 })),
            "`command.attack` is AuditPrediction, but nobody audits; accepted with `protocol.au",
        ),
        (
            defence(Aggregation::Krum { faulty: 9 }),
            "`command.aggregation.faulty` is 9; accepted: a whole number from 0 to 8",
        ),
    ];
    for (command, expected) in cases {
        let fault = asked.command(command).expect_err(expected);
        assert!(fault.to_string().starts_with(expected), "{fault}");
    }
    let mut other = mesh(&field(9, ""), 1);
    run_to(&mut asked, 5);
    run_to(&mut other, 5);
    assert_eq!(asked.digest(), other.digest());
}
