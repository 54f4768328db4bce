//! Commands are exact: on any number of threads, through a snapshot in the middle of everything,
//! given again from the log, and in any order, however senseless.

use crate::common::{THICKET, mesh, parsed, run_to};
use proptest::prelude::*;
use qres::mesh::Mesh;
use qres::mesh::snapshot::SECTIONS;
use qres::scenario::{Command, Scenario};

fn read(text: &str) -> Command {
    ron::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Everything at once, with tick.
const EVERYTHING: [(u64, &str); 31] = [
    (20, "StartStorm(x_mm:0,z_mm:0,radius_mm:15000,intensity:20,drift_mm:(300,-100))"),
    (22, "Kill(nodes:\"role=sentinel & first=2\")"),
    (24, "Cut(links:Across([(0,-90000),(0,90000)]))"),
    (25, "Degrade(links:Of(\"share=20%\"),percent:50)"),
    (26, "SetStorm(storm:1,radius_mm:Some(25000),growth_mm:Some(20),over_ticks:5)"),
    (28, "MoveNodes(nodes:\"0-5\",x_mm:2000,z_mm:3000)"),
    (29, "StartFault(kind:Loss(percent:30),whom:Area(x_mm:0,z_mm:0,radius_mm:15000))"),
    (30, "AddNodes(count:3,x_mm:0,z_mm:0,spread_mm:9000,modality:\"hum\")"),
    (31, "SetAttack(nodes:\"36 first=3\",attack:Some(Mimic),collude:true)"),
    (32, "StartFault(kind:Eclipse(victim:2),whom:Adversaries,ticks:12)"),
    (32, "Drain(nodes:\"!asleep\",percent:70)"),
    (33, "SetProtocol(field:\"protocol.storm_entropy\",value:0.4)"),
    (33, "SetProtocol(field:\"twt.calm_ms\",value:8000)"),
    (34, "Revive(nodes:\"off & first=1\",memory:false)"),
    (35, "StartFault(kind:PowerLoss(every_ticks:9,save_every_ticks:4),nodes:\"share=20%\")"),
    (36, "Restore(links:Between(\"0-17\",\"18-35\"))"),
    (38, "SetDefence(aggregation:Adaptive(calm_rounds:2))"),
    (40, "Charge(nodes:\"energy<40\",percent:30)"),
    (42, "MoveStorm(storm:1,x_mm:9000,z_mm:9000,over_ticks:4)"),
    (44, "Revive(nodes:\"off\")"),
    (45, "StartFault(kind:Jamming(),whom:Area(x_mm:0,z_mm:0,radius_mm:9000))"),
    (46, "MoveNodes(nodes:\"37\",x_mm:300000,z_mm:0)"),
    (48, "AddNodes(x_mm:300000,z_mm:2000,modality:\"hum\")"),
    (50, "Heal(nodes:\"role=byzantine & first=1\")"),
    (51, "StartFault(kind:Sybil(host:3,identities:2,attack:SignFlip()),ticks:6)"),
    (52, "SetDefence()"),
    (53, "EndFault(fault:0)"),
    (54, "EndStorm(storm:1)"),
    (56, "Restore(links:All)"),
    (57, "EndFault(fault:2)"),
    (58, "MoveNodes(nodes:\"37 39\",x_mm:0,z_mm:0)"),
];

/// Steps to `tick`, giving each command just before its own.
fn run(mesh: &mut Mesh, orders: &[(u64, Command)], tick: u64) {
    while mesh.ticks() < tick {
        let now = mesh.ticks();
        for (_, command) in orders.iter().filter(|(at, _)| *at == now) {
            mesh.command(command.clone()).unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
        }
        mesh.step();
    }
}

fn everything() -> Vec<(u64, Command)> {
    EVERYTHING.iter().map(|(tick, text)| (*tick, read(text))).collect()
}

/// Every option that keeps a page of its own beside a node's core parts.
fn rich() -> Scenario {
    let options = "protocol: (integrity: Accounted, evolution: On(), wire: Bfp16,
        summary: (asks: 2), trust: (bans: On(), opinions: true, watchdog: On()),";
    parsed(&THICKET.replace("protocol: (", options))
}

#[test]
fn a_snapshot_in_the_middle_of_everything_goes_on_the_same() {
    goes_on(&parsed(THICKET), &[23, 25, 29, 31, 35, 39, 47, 53, 60]);
}

#[test]
fn pages_of_options_go_on_the_same_too() {
    goes_on(&rich(), &[25, 31, 47]);
}

fn goes_on(thicket: &Scenario, ticks: &[u64]) {
    let orders = everything();
    let mut straight = mesh(thicket, 1);
    run(&mut straight, &orders, 90);
    assert_eq!(straight.commands().len(), EVERYTHING.len(), "{:?}", straight.orders().notices);
    for tick in ticks.iter().copied() {
        let mut first = mesh(thicket, 1);
        run(&mut first, &orders, tick);
        let bytes = first.snapshot();
        let mut second = mesh(thicket, 1);
        second.restore(&bytes).expect("its own snapshot");
        assert_eq!(first.sections(), second.sections(), "{tick}");
        assert_eq!(first.orders().struck, second.orders().struck);
        assert_eq!(first.orders().killed, second.orders().killed);
        assert_eq!(first.orders().links, second.orders().links);
        run(&mut second, &orders, 90);
        assert_eq!(second.digest(), straight.digest(), "from {tick}");
        // A mesh that has been told things can be put back too.
        second.restore(&bytes).expect("a snapshot of the same plan");
        assert_eq!(first.sections(), second.sections(), "{tick}");
    }
}

#[test]
fn the_log_gives_the_same_run_again() {
    let thicket = parsed(THICKET);
    let mut given = mesh(&thicket, 1);
    run(&mut given, &everything(), 90);
    let log: Vec<(u64, Command)> =
        given.commands().iter().map(|(tick, command)| (tick.0, command.clone())).collect();
    assert_eq!(log[1].1, read("Kill(nodes:\"2-3\")"), "a log has ids");
    let mut again = mesh(&thicket, 1);
    run(&mut again, &log, 90);
    assert_eq!(again.digest(), given.digest());
    // So does a scenario that says the same.
    let mut said = thicket;
    let order = |(at_tick, command)| qres::scenario::Order { at_tick, command };
    said.commands = everything().into_iter().map(order).collect();
    let said = Scenario::parse("said.ron", &said.to_ron()).expect("a scenario");
    let mut said = mesh(&said, 1);
    run_to(&mut said, 90);
    assert_eq!(said.digest(), given.digest());
}

fn crowd() -> Scenario {
    let text = THICKET
        .replace("count: 36, layout: Grid(columns: 6", "count: 1008, layout: Grid(columns: 36");
    parsed(&text)
}

#[test]
fn threads_change_nothing_whatever_is_done() {
    let orders: Vec<(u64, Command)> =
        everything().into_iter().map(|(tick, command)| ((tick - 20) / 3 + 2, command)).collect();
    let (mut one, mut many) = (mesh(&crowd(), 1), mesh(&crowd(), 4));
    for tick in 0..18 {
        run(&mut one, &orders, tick + 1);
        run(&mut many, &orders, tick + 1);
        let (left, right) = (one.sections(), many.sections());
        for (name, (left, right)) in SECTIONS.iter().zip(left.iter().zip(&right)) {
            assert_eq!(left, right, "tick {tick}, section {name}");
        }
    }
    assert!(one.commands().len() > 20);
}

/// A selector that reads well, of somebody or of nobody.
fn nodes() -> impl Strategy<Value = String> {
    let words = [
        "3",
        "0-9",
        "30 35",
        "all",
        "regime=storm",
        "!asleep",
        "role=sentinel",
        "off",
        "banned",
        "share=30%",
        "energy<50 & first=4",
        "near=7:20m",
        "group=hum & !0-20",
        "role=byzantine",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

fn command() -> impl Strategy<Value = Command> {
    let place = || -60_000..60_000_i64;
    prop_oneof![
        (nodes(), 0..101_u32).prop_map(|(n, p)| format!("SetEnergy(nodes:\"{n}\",percent:{p})")),
        (nodes(), 0..101_u32).prop_map(|(n, p)| format!("Drain(nodes:\"{n}\",percent:{p})")),
        nodes().prop_map(|n| format!("Kill(nodes:\"{n}\")")),
        (nodes(), any::<bool>()).prop_map(|(n, m)| format!("Revive(nodes:\"{n}\",memory:{m})")),
        nodes().prop_map(|n| format!("SetAttack(nodes:\"{n}\",attack:Some(SignFlip()))")),
        nodes().prop_map(|n| format!("Heal(nodes:\"{n}\")")),
        (nodes(), nodes()).prop_map(|(a, b)| format!("Cut(links:Between(\"{a}\",\"{b}\"))")),
        (nodes(), 0..101_u32).prop_map(|(n, p)| format!("Degrade(links:Of(\"{n}\"),percent:{p})")),
        (place(), place())
            .prop_map(|(a, b)| format!("Cut(links:Across([({a},-60000),({b},60000)]))")),
        Just("Restore(links:All)".to_owned()),
        (nodes(), place(), place())
            .prop_map(|(n, x, z)| format!("MoveNodes(nodes:\"{n}\",x_mm:{x},z_mm:{z})")),
        (1..4_u32, place(), place())
            .prop_map(|(n, x, z)| format!("AddNodes(count:{n},x_mm:{x},z_mm:{z})")),
        (place(), place(), 1..50_000_u32)
            .prop_map(|(x, z, r)| format!("StartStorm(x_mm:{x},z_mm:{z},radius_mm:{r})")),
        (0..2_u32, place(), 0..9_u32)
            .prop_map(|(s, x, t)| format!("MoveStorm(storm:{s},x_mm:{x},z_mm:0,over_ticks:{t})")),
        (0..2_u32).prop_map(|s| format!("EndStorm(storm:{s})")),
        (0..100_u32).prop_map(|v| {
            format!("SetProtocol(field:\"protocol.storm_entropy\",value:0.{v:02})")
        }),
        (1_000..30_000_u32).prop_map(|v| format!("SetProtocol(field:\"twt.calm_ms\",value:{v})")),
        (fault(), 0..9_u32).prop_map(|(f, t)| format!("StartFault({f},ticks:{t})")),
        (0..3_u32).prop_map(|f| format!("EndFault(fault:{f})")),
    ]
    .prop_map(|text| read(&text))
}

/// A fault that reads well, for somebody or for nobody.
fn fault() -> impl Strategy<Value = String> {
    let kinds = [
        "kind:Loss(percent:40)",
        "kind:Reordering(percent:50),whom:Share(percent:30)",
        "kind:Corruption(mends_crc:true)",
        "kind:Partition,whom:Side(x_mm:0,z_mm:0,to_x_mm:0,to_z_mm:9)",
        "kind:Straggler(),nodes:\"regime=storm\"",
        "kind:ClockSkew(ppm:50000)",
        "kind:PowerLoss(every_ticks:6,off_ticks:2,save_every_ticks:3)",
        "kind:Churn(stay_ticks:9,away_ticks:3),whom:Area(x_mm:0,z_mm:0,radius_mm:12000)",
        "kind:Jamming(),whom:Area(x_mm:9000,z_mm:0,radius_mm:12000)",
        "kind:Eclipse(victim:7),whom:Adversaries",
        "kind:Sybil(host:5,identities:3,attack:Mimic)",
    ];
    prop::sample::select(kinds.to_vec()).prop_map(str::to_owned)
}

/// Steps to `tick`; what a mesh refuses is left out.
fn try_all(mesh: &mut Mesh, orders: &[(u64, Command)], tick: u64) {
    while mesh.ticks() < tick {
        let now = mesh.ticks();
        for (_, command) in orders.iter().filter(|(at, _)| *at == now) {
            let _ = mesh.command(command.clone());
        }
        mesh.step();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn nothing_that_is_ordered_breaks_a_mesh(
        orders in prop::collection::vec((0..30_u64, command()), 1..16),
        stop in 1..30_u64,
    ) {
        let thicket = parsed(THICKET);
        let mut straight = mesh(&thicket, 1);
        try_all(&mut straight, &orders, 36);
        let mut first = mesh(&thicket, 1);
        try_all(&mut first, &orders, stop);
        let mut second = mesh(&thicket, 1);
        second.restore(&first.snapshot()).expect("its own snapshot");
        prop_assert_eq!(first.sections(), second.sections());
        try_all(&mut second, &orders, 36);
        prop_assert_eq!(second.digest(), straight.digest());
        let log: Vec<_> =
            straight.commands().iter().map(|(tick, command)| (tick.0, command.clone())).collect();
        let mut again = mesh(&thicket, 1);
        run(&mut again, &log, 36);
        prop_assert_eq!(again.sections(), straight.sections());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]
    #[test]
    fn nothing_that_is_ordered_depends_on_threads(
        orders in prop::collection::vec((0..7_u64, command()), 4..12),
    ) {
        let (mut one, mut two) = (mesh(&crowd(), 1), mesh(&crowd(), 2));
        try_all(&mut one, &orders, 8);
        try_all(&mut two, &orders, 8);
        prop_assert_eq!(one.sections(), two.sections());
    }
}
