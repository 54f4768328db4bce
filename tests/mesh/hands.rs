//! What a person can do to a running mesh: each command has its effect and its inverse, links and
//! places included, and what cannot be done is told and changes nothing.

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::publish::{Fate, Published};
use qres::scenario::{Command, Links, Post, Scenario};
use qres_core::id::NodeId;
use qres_core::wake::Role;

/// Neighbours in a row that are always awake, 10 m apart and 15 m in range; `rest` is more.
fn row(count: u32, rest: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Row", watch_for: "Hands.", seed: 5,
        nodes: (count: {count}, layout: Grid(columns: {count}, spacing_mm: 10000),
            sentinels: Every(1)),
        radio: (range_mm: 15000, loss_at_range_percent: 1),
        twt: (calm_ms: 2000, prestorm_ms: 2000, storm_ms: 2000, window_ms: 1000,
            storm_window_ms: 1000),
        energy: (battery_mj: 1000000),
        protocol: (trim_per_tail: 0, commissioning: (neighbours: 64)),
        signals: [(modality: "heat", source: Synthetic(noise: 0.4, waves: [
            (period_samples: 12, amplitude: 3.0)]))],
        {rest})"#
    ))
}

fn read(text: &str) -> Command {
    ron::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Gives commands and runs the tick that begins with them.
fn order(mesh: &mut Mesh, texts: &[&str]) -> Published {
    for text in texts {
        mesh.command(read(text)).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    }
    mesh.step();
    mesh.publish()
}

fn place(mesh: &Mesh, id: u32) -> [i32; 3] {
    mesh.plan().nodes[id as usize].position_mm
}

fn peers(mesh: &mut Mesh, id: u32) -> Vec<(u32, f32)> {
    let detail = mesh.detail(NodeId(id), "").expect("joined");
    detail.neighbours.iter().map(|(peer, reputation, _)| (*peer, *reputation)).collect()
}

fn last_notice(mesh: &Mesh) -> String {
    mesh.orders().notices.last().map_or_else(String::new, |(_, text)| text.clone())
}

#[test]
fn storms_start_move_grow_and_end() {
    let mut mesh = mesh(&row(9, ""), 1);
    run_to(&mut mesh, 3);
    let shown = order(&mut mesh, &["StartStorm(x_mm:0,z_mm:0,radius_mm:8000,growth_mm:100)"]);
    assert_eq!((shown.storms.len(), shown.storms[0].radius_mm), (1, 8_000));
    let shown = order(&mut mesh, &["MoveStorm(storm:0,x_mm:20000,z_mm:0,over_ticks:2)"]);
    assert_eq!((shown.storms[0].centre_mm, shown.storms[0].radius_mm), ([0, 0, 0], 8_100));
    let shown = order(&mut mesh, &[]);
    assert_eq!(shown.storms[0].centre_mm, [10_000, 0, 0]);
    let shown = order(&mut mesh, &["SetStorm(storm:0,radius_mm:Some(5000),growth_mm:Some(0))"]);
    assert_eq!((shown.storms[0].centre_mm[0], shown.storms[0].radius_mm), (20_000, 5_000));
    let shown = order(&mut mesh, &["SetStorm(storm:0,drift_mm:Some((0,500)))"]);
    assert_eq!(shown.storms[0].centre_mm[2], 0);
    assert_eq!(order(&mut mesh, &[]).storms[0].centre_mm, [20_000, 0, 500]);
    assert!(order(&mut mesh, &["EndStorm(storm:0)"]).storms.is_empty());
    assert!(order(&mut mesh, &["MoveStorm(storm:0,x_mm:0,z_mm:0)"]).storms.is_empty());
    assert!(last_notice(&mesh).contains("storm 0 is over since tick 9; start another"));
    assert_eq!(mesh.commands().len(), 5);
    let told: Vec<_> = mesh.orders().taken.iter().map(|(tick, _)| *tick).collect();
    assert_eq!(told, [3, 4, 6, 7, 9]);
}

#[test]
fn a_storm_by_hand_is_the_storm_of_a_scenario() {
    let planned = row(
        9,
        "storms: [(from_tick: 250, to_tick: 290, radius_mm: 90000, intensity: 30,
        path: [(tick: 250, x_mm: 0, z_mm: 0)])]",
    );
    let (mut planned, mut given) = (mesh(&planned, 1), mesh(&row(9, ""), 1));
    run_to(&mut given, 250);
    let text = "StartStorm(x_mm:0,z_mm:0,radius_mm:90000,intensity:30,ticks:40)";
    given.command(read(text)).expect("a storm");
    run_to(&mut planned, 270);
    run_to(&mut given, 270);
    assert!(given.in_storm() > 4, "{}", given.in_storm());
    run_to(&mut planned, 300);
    run_to(&mut given, 300);
    // The log is in the section of the world.
    assert_eq!(planned.sections()[1..], given.sections()[1..]);
}

#[test]
fn storms_of_the_scenario_obey_too() {
    let mut mesh = mesh(&parsed(THICKET), 1);
    run_to(&mut mesh, 210);
    assert_eq!(mesh.publish().storms.len(), 1);
    assert!(order(&mut mesh, &["EndStorm(storm:0)"]).storms.is_empty());
    let shown = order(&mut mesh, &["StartStorm(x_mm:0,z_mm:0,radius_mm:1)"]);
    assert_eq!(shown.storms.len(), 1);
    assert!(order(&mut mesh, &["EndStorm(storm:1)"]).storms.is_empty());
}

#[test]
fn the_killed_are_silent_until_they_are_revived() {
    let mut mesh = mesh(&row(5, ""), 1);
    run_to(&mut mesh, 40);
    let (_, before) = mesh.neurons()[2];
    let shown = order(&mut mesh, &["Kill(nodes:\"2\")"]);
    assert_eq!((shown.orders.killed.as_slice(), shown.nodes[2].awake), (&[2][..], false));
    let sent = mesh.detail(NodeId(2), "").expect("there").sent;
    let energy = shown.nodes[2].energy;
    run_to(&mut mesh, 60);
    let detail = mesh.detail(NodeId(2), "").expect("there");
    assert_eq!((detail.sent, mesh.publish().nodes[2].energy), (sent, energy));
    assert_eq!(mesh.neurons()[2].1, before);
    // With memory it goes on where it was.
    order(&mut mesh, &["Revive(nodes:\"off\")"]);
    assert_eq!(mesh.commands()[1].1, read("Revive(nodes:\"2\")"));
    assert!(mesh.orders().killed.is_empty());
    assert_eq!(mesh.neurons()[2].1.samples(), before.samples() + 1);
    run_to(&mut mesh, 80);
    assert!(mesh.detail(NodeId(2), "").expect("there").sent > sent);
    // Without, it is a newcomer.
    order(&mut mesh, &["Kill(nodes:\"2\")"]);
    order(&mut mesh, &["Revive(nodes:\"2\",memory:false)"]);
    assert_eq!(mesh.neurons()[2].1.samples(), 1);
    assert!(mesh.detail(NodeId(2), "").expect("there").awake);
    assert_eq!(mesh.neurons()[1].1.samples(), 82);
}

#[test]
fn batteries_are_filled_and_drained() {
    let mut mesh = mesh(&row(5, ""), 1);
    let percent = |mesh: &mut Mesh| -> Vec<u64> {
        let level = |id| mesh.detail(NodeId(id), "").map_or(0, |node| node.energy_uj);
        // To the nearest hundredth of a battery of 1 kJ; a tick takes 0.02 of that.
        (0..5).map(level).map(|uj| (uj + 5_000_000) / 10_000_000).collect()
    };
    order(&mut mesh, &["SetEnergy(nodes:\"1-3\",percent:50)", "Drain(nodes:\"2\",percent:20)"]);
    assert_eq!(percent(&mut mesh), [100, 50, 30, 50, 100]);
    order(&mut mesh, &["Charge(nodes:\"energy<60 & !1\",percent:60)"]);
    assert_eq!(percent(&mut mesh), [100, 50, 90, 100, 100]);
    assert_eq!(mesh.commands()[2].1, read("Charge(nodes:\"2-3\",percent:60)"));
    order(&mut mesh, &["Drain(nodes:\"4\",percent:100)"]);
    let samples = mesh.neurons()[4].1.samples();
    run_to(&mut mesh, 10);
    assert_eq!(mesh.neurons()[4].1.samples(), samples, "browned out");
    order(&mut mesh, &["SetEnergy(nodes:\"4\",percent:6)"]);
    assert!(mesh.neurons()[4].1.samples() > samples);
}

/// What becomes of frames in `ticks` ticks, by whether they cross from the left four to the rest.
fn fates(mesh: &mut Mesh, ticks: u64, fate: Fate) -> [usize; 2] {
    mesh.watch(true);
    let mut count = [0; 2];
    for _ in 0..ticks {
        mesh.step();
        for packet in mesh.publish().packets.iter().filter(|packet| packet.fate == fate) {
            count[usize::from((packet.sender < 4) != (packet.receiver < 4))] += 1;
        }
    }
    count
}

#[test]
fn a_drawn_line_divides_the_mesh_until_it_is_mended() {
    let mut mesh = mesh(&row(8, ""), 1);
    run_to(&mut mesh, 20);
    let between = |mesh: &Mesh| i32::midpoint(place(mesh, 3)[0], place(mesh, 4)[0]);
    let x = i64::from(between(&mesh));
    let line = Links::Across(vec![(x, -9_000), (x, 9_000)]);
    mesh.command(Command::Cut { links: line.clone() }).expect("a line");
    let [within, across] = fates(&mut mesh, 40, Fate::Cut);
    assert!(within == 0 && across > 10, "{within} {across}");
    assert_eq!(fates(&mut mesh, 40, Fate::Delivered)[1], 0);
    let struck = mesh.publish().orders.struck.clone();
    assert_eq!((struck.len(), struck[0].ends, struck[0].cut), (1, [3, 4], true));
    assert!(mesh.summary().faults.is_some_and(|faults| faults.counts.cut > 10));
    mesh.command(Command::Degrade { links: Links::Of("3".to_owned()), percent: 100 }).expect("one");
    mesh.command(Command::Restore { links: line }).expect("a line");
    let dropped = fates(&mut mesh, 40, Fate::Dropped);
    assert!(dropped[0] > 5 && dropped[1] == 0, "{dropped:?}");
    assert!(fates(&mut mesh, 40, Fate::Delivered)[1] > 10);
    mesh.command(Command::Restore { links: Links::All }).expect("all");
    assert_eq!(fates(&mut mesh, 40, Fate::Dropped), [0, 0]);
    assert!(mesh.orders().struck.is_empty());
    mesh.command(Command::Restore { links: Links::All }).expect("well said");
    mesh.step();
    assert!(last_notice(&mesh).contains("nothing was done to these links"));
    // Nor is there anything to cut where no link crosses a line.
    let far = Links::Across(vec![(x, 5_000_000), (x, 6_000_000)]);
    mesh.command(Command::Cut { links: far }).expect("well said");
    mesh.step();
    assert!(last_notice(&mesh).ends_with("no link is meant; choose links between nodes in range"));
}

#[test]
fn who_moves_away_is_forgotten_and_who_stays_is_not() {
    let mut mesh = mesh(&row(8, ""), 1);
    run_to(&mut mesh, 200);
    let before = peers(&mut mesh, 2);
    assert_eq!(before.iter().map(|(peer, _)| *peer).collect::<Vec<_>>(), [1, 3]);
    assert!(before.iter().all(|(_, reputation)| *reputation > 0.6), "{before:?}");
    let home = place(&mesh, 3);
    let text = format!("MoveNodes(nodes:\"3\",x_mm:{},z_mm:0)", home[0] + 900_000);
    let shown = order(&mut mesh, &[text.as_str()]);
    assert_eq!(shown.nodes[3].position_mm, [home[0] + 900_000, 0, 0]);
    let links = shown.orders.links.as_deref().expect("moved");
    assert!(!links.is_empty() && links.iter().all(|ends| !ends.contains(&3)), "{links:?}");
    assert!(peers(&mut mesh, 3).is_empty());
    assert_eq!(peers(&mut mesh, 2), [before[0]]);
    let text = format!("MoveNodes(nodes:\"3\",x_mm:{},z_mm:{})", home[0], home[2]);
    order(&mut mesh, &[text.as_str()]);
    assert_eq!(place(&mesh, 3), home);
    let after = peers(&mut mesh, 2);
    assert_eq!((after[0], after[1].0), (before[0], 3));
    assert!((after[1].1 - 0.5).abs() < 0.05, "unknown again: {after:?}");
    // Several keep their shape, and nobody leaves the ground that a mesh can have.
    let apart = place(&mesh, 1)[0] - place(&mesh, 0)[0];
    order(&mut mesh, &["MoveNodes(nodes:\"0-1\",x_mm:500000,z_mm:7000)"]);
    assert_eq!(place(&mesh, 1)[0] - place(&mesh, 0)[0], apart);
    assert_eq!((place(&mesh, 0)[0] + place(&mesh, 1)[0], place(&mesh, 0)[2]), (1_000_000, 7_000));
}

#[test]
fn sleepers_find_another_sentinel_when_they_lose_theirs() {
    let mut mesh = mesh(&parsed(THICKET), 1);
    run_to(&mut mesh, 100);
    let nodes = mesh.plan().nodes.clone();
    let lost = nodes.iter().position(|node| node.role == Role::Sentinel).expect("one") as u32;
    let clients: Vec<u32> =
        (0..36).filter(|id| nodes[*id as usize].sentinel == NodeId(lost)).collect();
    assert!(!clients.is_empty());
    let text = format!("MoveNodes(nodes:\"{lost}\",x_mm:900000,z_mm:0)");
    order(&mut mesh, &[text.as_str()]);
    let held = |mesh: &Mesh, id: u32| mesh.plan().nodes[id as usize].sentinel;
    for id in &clients {
        let now = held(&mesh, *id);
        assert_ne!(now, NodeId(lost));
        let served = now == NodeId::NONE || mesh.plan().graph.are_linked(NodeId(*id), now);
        assert!(served, "{id} is served by {now:?}");
    }
    // Who serves the others is as it was.
    let others = (0..36).filter(|id| !clients.contains(id));
    assert!(others.into_iter().all(|id| held(&mesh, id) == nodes[id as usize].sentinel));
    run_to(&mut mesh, 300);
    // A client that goes with it has nobody else.
    let text = format!("MoveNodes(nodes:\"{}\",x_mm:903000,z_mm:0)", clients[0]);
    order(&mut mesh, &[text.as_str()]);
    assert_eq!(held(&mesh, clients[0]), NodeId(lost));
    run_to(&mut mesh, 320);
}

#[test]
fn nodes_join_where_they_are_put() {
    let mut mesh = mesh(&parsed(THICKET), 1);
    run_to(&mut mesh, 50);
    let [x, _, z] = place(&mesh, 14);
    let text = format!("AddNodes(count:3,x_mm:{x},z_mm:{z},spread_mm:2000,modality:\"hum\")");
    let shown = order(&mut mesh, &[text.as_str()]);
    assert_eq!(shown.nodes.len(), 39);
    for id in 36..39_u32 {
        let node = mesh.plan().nodes[id as usize].clone();
        assert!(
            (node.position_mm[0] - x).abs() <= 2_000 && (node.position_mm[2] - z).abs() <= 2_000
        );
        assert_eq!((node.group.0, node.role), (1, Role::Scheduled));
        assert_ne!(node.sentinel, NodeId::NONE);
        let near = peers(&mut mesh, id);
        assert!(!near.is_empty());
        for (peer, _) in near {
            let known = peers(&mut mesh, peer);
            assert!(known.iter().any(|(other, _)| *other == id), "{peer} does not know {id}");
        }
    }
    run_to(&mut mesh, 150);
    assert!((36..39).all(|id| mesh.neurons()[id].1.samples() == 100));
    // Nobody could wake a sleeper out there; a sentinel needs nobody.
    order(&mut mesh, &["AddNodes(x_mm:9000000,z_mm:0,role:Scheduled)"]);
    assert!(last_notice(&mesh).contains("node 39 would sleep, and no sentinel in range has room"));
    assert_eq!(mesh.plan().nodes.len(), 39);
    order(&mut mesh, &["AddNodes(count:2,x_mm:9000000,z_mm:0,spread_mm:10)"]);
    let roles: Vec<Role> = mesh.plan().nodes[39..].iter().map(|node| node.role).collect();
    assert_eq!(roles, [Role::Sentinel, Role::Scheduled]);
    let post = Command::AddNodes {
        count: 1_000_000,
        x_mm: 0,
        z_mm: 0,
        spread_mm: 0,
        modality: String::new(),
        role: Post::Fitting,
    };
    let fault = mesh.command(post).expect_err("too many").to_string();
    assert!(fault.starts_with("`command.count` is 1000000; accepted"), "{fault}");
}

#[test]
fn parameters_change_and_change_back() {
    let mut mesh = mesh(&row(5, ""), 1);
    let value =
        |mesh: &Mesh, field: &str| mesh.parameter(field).map(qres::scenario::Setting::value);
    for live in qres::scenario::LIVE {
        let there = value(&mesh, live.field);
        let needed = live.needs != qres::scenario::Needs::Nothing;
        assert_eq!(there.is_none(), needed, "{}", live.field);
        // What it is now is a value that it accepts.
        assert!(there.is_none_or(|value| live.takes(value)), "{} {there:?}", live.field);
    }
    let cases = [
        ("protocol.storm_entropy", 0.75, 0.449_997),
        ("protocol.quorum", 7.0, 3.0),
        ("twt.calm_ms", 9_000.0, 2_000.0),
        ("twt.weight_floor_percent", 35.0, 20.0),
        ("protocol.gossip", 0.0, 1.0),
        ("protocol.trim_per_tail", 1.0, 0.0),
        ("protocol.commissioning.limit_ticks", 1_000_000_000.0, 3_600.0),
    ];
    for (field, new, old) in cases {
        assert_eq!(value(&mesh, field), Some(old), "{field}");
        let said = |value: f64| format!("SetProtocol(field:\"{field}\",value:{value:?})");
        order(&mut mesh, &[said(new).as_str()]);
        assert_eq!(value(&mesh, field), Some(new), "{field}: {}", last_notice(&mesh));
        order(&mut mesh, &[said(old).as_str()]);
        assert_eq!(value(&mesh, field), Some(old), "{field}");
    }
    order(&mut mesh, &["SetProtocol(field:\"protocol.calm_entropy\",value:0.9)"]);
    let notice = last_notice(&mesh);
    assert!(notice.contains("calm_entropy must stay under storm_entropy"), "{notice}");
    order(&mut mesh, &["SetProtocol(field:\"twt.storm_ms\",value:900)"]);
    assert!(
        last_notice(&mesh).contains("twt.storm_window_ms must be at most twt.storm_ms")
            || last_notice(&mesh).contains("twt.storm_ms must be at least tick_ms")
    );
    assert_eq!(value(&mesh, "twt.storm_ms"), Some(2_000.0));
}

#[test]
fn a_threshold_changed_in_mid_run_is_lived_by() {
    let wild = "StartStorm(x_mm:0,z_mm:0,radius_mm:90000,intensity:30)";
    let (mut deaf, mut plain) = (mesh(&row(9, ""), 1), mesh(&row(9, ""), 1));
    run_to(&mut deaf, 250);
    run_to(&mut plain, 250);
    order(&mut deaf, &["SetProtocol(field:\"protocol.storm_entropy\",value:1)", wild]);
    order(&mut plain, &[wild]);
    run_to(&mut deaf, 270);
    run_to(&mut plain, 270);
    assert!(plain.in_storm() > 4, "{}", plain.in_storm());
    assert_eq!(deaf.in_storm(), 0);
}

#[test]
fn a_mesh_that_was_told_nothing_has_nothing_to_show() {
    let mut mesh = mesh(&row(5, ""), 1);
    run_to(&mut mesh, 5);
    let shown = mesh.publish();
    assert_eq!(*shown.orders, qres::mesh::publish::OrdersView::default());
    mesh.command(read("Kill(nodes:\"energy<1\")")).expect("well said");
    assert_eq!(mesh.orders().pending, [(1, "nodes energy<1 killed".to_owned())]);
    assert_eq!(mesh.take_back(), Some(read("Kill(nodes:\"energy<1\")")));
    assert_eq!((mesh.take_back(), mesh.orders().pending.len()), (None, 0));
    let digest = mesh.digest();
    order(&mut mesh, &["Kill(nodes:\"energy<1\")"]);
    assert!(last_notice(&mesh).contains("\"energy<1\" is no node at the moment"));
    assert!(mesh.commands().is_empty());
    let mut other = self::mesh(&row(5, ""), 1);
    run_to(&mut other, 5);
    assert_eq!(other.digest(), digest);
    other.step();
    assert_eq!(other.digest(), mesh.digest());
}
