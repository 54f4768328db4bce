//! Faults that begin and end in mid-run: each is what the same one of a scenario is, and is over
//! when it is said to be.

use crate::common::{mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::publish::Fate;
use qres::scenario::{Command, Scenario};
use qres_core::id::NodeId;

/// Thirty nodes, some asleep, with more of the scenario.
fn field(rest: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Field", watch_for: "Troubles.", seed: 5,
        nodes: (count: 30, layout: Grid(columns: 6, spacing_mm: 8000)),
        radio: (range_mm: 20000),
        twt: (calm_ms: 4000, prestorm_ms: 2000, storm_ms: 1000, window_ms: 400,
            storm_window_ms: 800),
        protocol: (commissioning: (limit_ticks: 60)),
        signals: [(modality: "heat", source: Synthetic(noise: 0.3, phase: ByNode))],
        {rest})"#
    ))
}

fn read(text: &str) -> Command {
    ron::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn give(mesh: &mut Mesh, text: &str) {
    mesh.command(read(text)).unwrap_or_else(|fault| panic!("{text}: {fault}"));
}

fn last_notice(mesh: &Mesh) -> String {
    mesh.orders().notices.last().map_or_else(String::new, |(_, text)| text.clone())
}

/// Each kind, and whom it strikes. A storage would be there from the start in a scenario.
const KINDS: [(&str, &str); 12] = [
    ("Loss(percent:40)", "All"),
    ("Bursts(enter_per_mille:50,leave_per_mille:200)", "Share(percent:60)"),
    ("Duplication(percent:50)", "List([3,4,5])"),
    ("Reordering(percent:50)", "All"),
    ("Corruption(percent:40,bits:3)", "Area(x_mm:0,z_mm:0,radius_mm:14000)"),
    ("Partition", "Side(x_mm:0,z_mm:0,to_x_mm:0,to_z_mm:9)"),
    ("ClockSkew(ppm:50000)", "All"),
    ("Straggler(factor:3)", "Share(percent:30)"),
    ("PowerLoss(every_ticks:20,off_ticks:4)", "Share(percent:50)"),
    ("Churn(stay_ticks:20,away_ticks:6)", "Share(percent:50)"),
    ("Jamming()", "Area(x_mm:4000,z_mm:4000,radius_mm:15000)"),
    ("Eclipse(victim:14)", "List([13])"),
];

#[test]
fn a_fault_by_hand_is_the_fault_of_a_scenario() {
    let mut plain = mesh(&field(""), 1);
    run_to(&mut plain, 100);
    for (kind, whom) in KINDS {
        let entry = format!("faults: [(kind:{kind},nodes:{whom},from_tick:50,to_tick:90)]");
        let (mut planned, mut given) = (mesh(&field(&entry), 1), mesh(&field(""), 1));
        run_to(&mut given, 50);
        give(&mut given, &format!("StartFault(kind:{kind},whom:{whom},ticks:40)"));
        for tick in [70, 100] {
            run_to(&mut planned, tick);
            run_to(&mut given, tick);
            // The log is in the section of the world.
            assert_eq!(planned.sections()[1..], given.sections()[1..], "{kind} at {tick}");
        }
        assert!(plain.neurons() != given.neurons(), "{kind} does something");
    }
}

#[test]
fn a_sybil_by_hand_invents_who_a_sybil_of_a_scenario_does() {
    let entry = "faults: [(kind:Sybil(host:14,identities:3,attack:SignFlip()),from_tick:50,\
        to_tick:90)]";
    let (mut planned, mut given) = (mesh(&field(entry), 1), mesh(&field(""), 1));
    run_to(&mut given, 50);
    assert_eq!(given.plan().nodes.len(), 30);
    give(&mut given, "StartFault(kind:Sybil(host:14,identities:3,attack:SignFlip()),ticks:40)");
    run_to(&mut planned, 51);
    run_to(&mut given, 51);
    let invented = |mesh: &Mesh| format!("{:?}", &mesh.plan().nodes[30..]);
    assert_eq!(invented(&planned), invented(&given));
    for mesh in [&mut planned, &mut given] {
        assert_eq!(mesh.publish().nodes.len(), 33);
        assert_eq!(mesh.choose("role=byzantine"), Ok(vec![30, 31, 32]));
        run_to(mesh, 90);
        assert!(mesh.choose("role=byzantine").is_err(), "over with the fault");
        let heard = mesh.detail(NodeId(14), "").expect("the host").neighbours;
        assert!(heard.iter().any(|(peer, ..)| *peer == 30));
    }
}

#[test]
fn what_is_ended_does_no_more_harm() {
    let mut mesh = mesh(&field("faults: [(kind: Loss(percent: 100))]"), 1);
    let heard = |mesh: &mut Mesh, ticks: u64| {
        mesh.watch(true);
        let until = mesh.ticks() + ticks;
        let (mut delivered, mut jammed) = (0, 0);
        while mesh.ticks() < until {
            mesh.step();
            for packet in mesh.publish().packets {
                delivered += u32::from(packet.fate == Fate::Delivered);
                jammed += u32::from(packet.fate == Fate::Jammed);
            }
        }
        (delivered, jammed)
    };
    assert_eq!(heard(&mut mesh, 40), (0, 0));
    give(&mut mesh, "EndFault(fault:0)");
    let (delivered, _) = heard(&mut mesh, 40);
    assert!(delivered > 100, "{delivered}");
    let begin = "StartFault(kind:Jamming(duty_percent:100),\
        whom:Area(x_mm:0,z_mm:0,radius_mm:90000))";
    give(&mut mesh, begin);
    let (delivered, jammed) = heard(&mut mesh, 40);
    assert!(delivered < jammed / 4 && jammed > 100, "{delivered} of {jammed}");
    give(&mut mesh, "EndFault(fault:1)");
    assert_eq!(heard(&mut mesh, 40).1, 0);
    give(&mut mesh, "EndFault(fault:1)");
    mesh.step();
    assert!(last_notice(&mesh).contains("fault 1, Jamming, is over since tick 120"));
}

#[test]
fn an_eclipse_is_by_those_who_attack_then() {
    let mut mesh = mesh(&field(""), 1);
    run_to(&mut mesh, 30);
    let eclipse = "StartFault(kind:Eclipse(victim:14),whom:Adversaries)";
    give(&mut mesh, eclipse);
    mesh.step();
    assert!(last_notice(&mesh).contains("nobody attacks at the moment; make adversaries"));
    give(&mut mesh, "SetAttack(nodes:\"8 13\",attack:Some(Mimic))");
    give(&mut mesh, eclipse);
    mesh.step();
    let (_, logged) = mesh.commands().last().expect("a log");
    assert_eq!(*logged, read("StartFault(kind:Eclipse(victim:14),nodes:\"8 13\")"));
    mesh.watch(true);
    run_to(&mut mesh, 90);
    let reach = mesh.publish().packets;
    assert!(reach.iter().all(|packet| packet.receiver != 14
        || [8, 13].contains(&packet.sender)
        || packet.fate != Fate::Delivered));
}

#[test]
fn who_is_not_there_is_not_struck() {
    let mut mesh = mesh(&field("faults: [(kind: Loss(), from_tick: 90)]"), 1);
    run_to(&mut mesh, 20);
    for (fault, told) in [
        ("kind:Sybil(host:33,attack:Mimic)", "33 is no node; the last one is 29"),
        ("kind:Eclipse(victim:33),whom:List([3])", "33 is no node"),
        ("kind:Loss(),whom:List([3,33])", "33 is no node"),
        ("kind:Loss(),whom:Links([(33,3)])", "33 is no node"),
    ] {
        // By the time that the fault begins, the newcomers are taken back.
        give(&mut mesh, "AddNodes(count:9,x_mm:0,z_mm:0)");
        give(&mut mesh, &format!("StartFault({fault})"));
        mesh.take_back_one(mesh.orders().pending[0].0).expect("it waits");
        mesh.step();
        assert!(last_notice(&mesh).contains(told), "{}", last_notice(&mesh));
    }
    for (fault, told) in [
        ("kind:Jamming(),whom:Area(x_mm:900000,z_mm:0,radius_mm:9000)", "nobody is there; choose"),
        ("kind:Partition,nodes:\"all\"", "with everybody chosen nothing is cut"),
        ("kind:Partition,whom:Share(percent:100)", "with everybody chosen nothing is cut"),
    ] {
        give(&mut mesh, &format!("StartFault({fault})"));
        mesh.step();
        assert!(last_notice(&mesh).contains(told), "{}", last_notice(&mesh));
    }
    give(&mut mesh, "EndFault(fault:0)");
    mesh.step();
    assert!(last_notice(&mesh).contains("fault 0, Loss, begins in tick 90; end it once"));
    assert!(mesh.commands().is_empty());
    let bytes = mesh.snapshot();
    mesh.restore(&bytes).expect("its own snapshot");
}

#[test]
fn links_of_the_invented_are_on_show() {
    let mut mesh = mesh(&field(""), 1);
    run_to(&mut mesh, 20);
    give(&mut mesh, "StartFault(kind:Sybil(host:14,identities:2,attack:Mimic))");
    give(&mut mesh, "StartFault(kind:Partition,nodes:\"30\")");
    mesh.step();
    let shown = mesh.publish();
    let links = shown.orders.links.clone().expect("new ones");
    let of = |id: u32| links.iter().filter(|ends| ends.contains(&id)).count();
    assert!(of(30) > 2 && of(31) > 2, "{} {}", of(30), of(31));
    assert_eq!(shown.severed.len(), of(30));
    assert!(shown.severed.iter().all(|ends| ends.contains(&30)));
    let names: Vec<_> = shown.troubles.iter().map(|at| (at.number, at.name)).collect();
    assert_eq!(names, [(0, "Sybil"), (1, "Partition")]);
    give(&mut mesh, "EndFault(fault:1)");
    mesh.step();
    assert!(mesh.publish().severed.is_empty());
}

#[test]
fn a_storage_that_comes_later_keeps_models_from_then_on() {
    let mut mesh = mesh(&field(""), 1);
    run_to(&mut mesh, 50);
    let loss = "StartFault(kind:PowerLoss(every_ticks:40,off_ticks:2,save_every_ticks:3,\
        torn_percent:0),ticks:150)";
    give(&mut mesh, loss);
    run_to(&mut mesh, 240);
    let counts = mesh.summary().faults.expect("faults").counts;
    assert!(counts.restored > 20 && counts.restored > 5 * counts.reborn, "{counts:?}");
    assert_eq!(mesh.summary().faults.expect("faults").off, 0);
}

#[test]
fn a_sybil_that_is_ended_turns_honest_and_serves_nobody() {
    let mut mesh = mesh(&field(""), 1);
    run_to(&mut mesh, 20);
    give(&mut mesh, "StartFault(kind:Sybil(host:14,identities:4,attack:SignFlip()))");
    mesh.step();
    assert_eq!(mesh.choose("role=byzantine").expect("some"), [30, 31, 32, 33]);
    // Their host's clients look for somebody else.
    give(&mut mesh, "MoveNodes(nodes:\"0-13 15-29\",x_mm:0,z_mm:0)");
    give(&mut mesh, "EndFault(fault:0)");
    mesh.step();
    assert!(mesh.choose("role=byzantine").is_err());
    let serves = |id: &u32| mesh.plan().nodes.iter().any(|node| node.sentinel == NodeId(*id));
    assert!(![30, 31, 32, 33].iter().any(serves));
}
