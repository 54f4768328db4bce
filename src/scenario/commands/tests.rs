//! Commands as texts: what they say, what is refused, and that they come back from a file.

use super::*;
use crate::scenario::{FIELDS, Field, field_table};

fn read(text: &str) -> Command {
    ron::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn realm() -> Realm {
    Realm {
        nodes: 40,
        fewest: 20,
        faults: 2,
        storms: 3,
        modalities: vec!["heat".to_owned(), "hum".to_owned()],
        audits: false,
        sums: false,
        streams: false,
        evolves: false,
        bans: false,
        watches: false,
    }
}

#[test]
fn every_command_says_what_it_does() {
    let cases = [
        ("SetAttack(nodes:\"3\",attack:Some(Saturate))", "node 3 attack: Saturate"),
        (
            "SetAttack(nodes:\"3-5\",attack:Some(Bias()),collude:true)",
            "nodes 3-5 attack: Bias, together",
        ),
        ("Heal(nodes:\"all\")", "nodes all healed"),
        ("SetDefence(aggregation:Krum(faulty:2))", "defence: Krum"),
        ("SetProtocol(field:\"protocol.quorum\",value:5)", "protocol.quorum is 5"),
        (
            "StartStorm(x_mm:1500,z_mm:-20000,radius_mm:30000)",
            "storm started at (1.5, -20) m, radius 30 m, intensity 8",
        ),
        ("MoveStorm(storm:2,x_mm:120000,z_mm:40000)", "storm 2 moved to (120, 40) m"),
        (
            "SetStorm(storm:0,radius_mm:Some(9),drift_mm:Some((1000,-1)),over_ticks:5)",
            "storm 0, radius 0.009 m, drift (1, -0.001) m a tick over 5 ticks",
        ),
        ("EndStorm(storm:1)", "storm 1 ended"),
        ("Kill(nodes:\"role=sentinel\")", "nodes role=sentinel killed"),
        ("Revive(nodes:\"off\",memory:false)", "nodes off revived without memory"),
        ("SetEnergy(nodes:\"7\",percent:30)", "node 7 at 30 % energy"),
        ("Drain(nodes:\"7\",percent:30)", "node 7 drained by 30 %"),
        ("Charge(nodes:\"7\",percent:30)", "node 7 charged by 30 %"),
        (
            "Cut(links:Across([(0,-9000),(0,9000)]))",
            "links cut across the line from (0, -9) m to (0, 9) m",
        ),
        (
            "Degrade(links:Between(\"1\",\"2 3\"),percent:40)",
            "links between node 1 and nodes 2 3 lose 40 %",
        ),
        ("Restore(links:All)", "links restored everywhere"),
        ("Cut(links:Pairs([(3,4)]))", "links cut between 3 and 4"),
        ("MoveNodes(nodes:\"3\",x_mm:0,z_mm:250)", "node 3 moved to (0, 0.25) m"),
        ("AddNodes(count:2,x_mm:0,z_mm:0,role:Sentinel)", "2 sentinels added at (0, 0) m"),
        ("AddNodes(x_mm:0,z_mm:0)", "1 node added at (0, 0) m"),
        ("StartFault(kind:Loss(percent:20),ticks:40)", "Loss for all nodes for 40 ticks"),
        ("StartFault(kind:Churn(),whom:Share())", "Churn for 20 % of the nodes"),
        ("StartFault(kind:Partition,whom:Links([(1,2)]))", "Partition for 1 link"),
        ("StartFault(kind:Straggler(),whom:List([3,4,5]))", "Straggler for nodes 3-5"),
        (
            "StartFault(kind:Jamming(),whom:Area(x_mm:1500,z_mm:0,radius_mm:9000))",
            "Jamming within 9 m of (1.5, 0) m",
        ),
        (
            "StartFault(kind:Partition,whom:Side(x_mm:0,z_mm:0,to_x_mm:0,to_z_mm:9000))",
            "Partition for nodes left of the line from (0, 0) m to (0, 9) m",
        ),
        ("StartFault(kind:Eclipse(victim:7),whom:Adversaries)", "Eclipse of node 7 by adversaries"),
        (
            "StartFault(kind:Sybil(host:7,identities:3,attack:Mimic))",
            "Sybil: node 7 invents 3 identities",
        ),
        ("StartFault(kind:Partition,nodes:\"off\")", "Partition for nodes off"),
        ("EndFault(fault:1)", "fault 1 ended"),
    ];
    for (text, expected) in cases {
        let command = read(text);
        assert_eq!(command.describe(), expected, "{text}");
        assert_eq!(command.validate(&realm()), Ok(()), "{text}");
        let written = ron::to_string(&command).expect("plain data");
        assert_eq!(read(&written), command, "{written}");
    }
}

#[test]
fn what_a_command_may_not_say_is_named() {
    let cases = [
        (
            "Kill(nodes:\"40\")",
            "`command.nodes` has \"40\"; accepted: ids and rising ranges from 0",
        ),
        ("Kill(nodes:\"bannd\")", "`command.nodes` has \"bannd\" at character 1: no property"),
        ("Kill(nodes:\"\")", "`command.nodes` names no node; accepted: at least one id"),
        ("Kill(nodes:\"group=heta\")", "no signal has the modality `heta` (did you mean `heat`?)"),
        ("Cut(links:Of(\"1 x\"))", "`command.links` has \"x\" at character 3"),
        ("Cut(links:Between(\"1\",\"99\"))", "`command.links` has \"99\"; accepted: ids"),
        ("Cut(links:Across([(0,0)]))", "`command.links` is a line of 1 places"),
        (
            "Cut(links:Across([(0,0),(0,2000000000)]))",
            "`command.links` has the place (0, 2000000000)",
        ),
        ("Cut(links:Pairs([(3,3)]))", "`command.links` has (3, 3); accepted: two different ids"),
        ("Cut(links:Pairs([]))", "`command.links` has 0 pairs; accepted: 1 to"),
        ("Degrade(links:All,percent:101)", "`command.percent` is 101; accepted: a whole number"),
        ("EndStorm(storm:3)", "`command.storm` is 3; accepted: 0 to 2"),
        ("StartStorm(x_mm:0,z_mm:0,radius_mm:0)", "`command.radius_mm` is 0; accepted: a whole"),
        ("StartStorm(x_mm:0,z_mm:0,radius_mm:1,intensity:-1)", "`command.intensity` is -1.0"),
        ("StartStorm(x_mm:0,z_mm:0,radius_mm:1,drift_mm:(0,-1000001))", "`command.drift_mm` is (0"),
        (
            "StartStorm(x_mm:0,z_mm:0,radius_mm:1,spectrum:Tone(period_samples:1))",
            "`command.spectrum.period_samples` is 1; accepted: a whole number from 2 to 1000",
        ),
        (
            "SetProtocol(field:\"protocol.quorun\",value:3)",
            "`command.field` is \"protocol.quorun\" (did you mean `protocol.quorum`?), which",
        ),
        (
            "SetProtocol(field:\"protocol.quorum\",value:2.5)",
            "`command.value` is 2.5; accepted for protocol.quorum: a whole number from 1 to 64",
        ),
        ("SetProtocol(field:\"protocol.gossip\",value:2)", "`command.value` is 2.0; accepted for"),
        (
            "SetProtocol(field:\"protocol.trust.bans.first_ticks\",value:9)",
            "`command.field` is \"protocol.trust.bans.first_ticks\"; accepted where the scenario",
        ),
        ("SetProtocol(field:\"protocol.trim_per_tail\",value:8)", ""),
        ("AddNodes(count:0,x_mm:0,z_mm:0)", "`command.count` is 0; accepted: a whole number"),
        ("AddNodes(x_mm:0,z_mm:0,modality:\"him\")", "no signal has the modality `him` (did you"),
    ];
    told(&cases);
}

#[test]
fn what_a_fault_by_command_may_not_say_is_named() {
    told(&[
        ("EndFault(fault:2)", "`command.fault` is 2; accepted: 0 to 1"),
        ("StartFault(kind:Loss(percent:0))", "`command.kind.percent` is 0; accepted: a whole"),
        ("StartFault(kind:Jamming())", "`command.whom` is no Area, but a jammer stands"),
        ("StartFault(kind:Partition)", "`command.whom` is All, and with everybody chosen"),
        ("StartFault(kind:Jamming(),nodes:\"3\")", "`command.nodes` is no Area, but a jammer"),
        (
            "StartFault(kind:Loss(),nodes:\"3\",whom:Share())",
            "`command.whom` is given, but `nodes`",
        ),
        ("StartFault(kind:Loss(),nodes:\"40\")", "`command.nodes` has \"40\"; accepted: ids"),
        ("StartFault(kind:Loss(),whom:List([]))", "`command.whom` is a list of 0 nodes; accepted:"),
        ("StartFault(kind:Loss(),whom:List([40]))", "`command.whom` is 40, and there are 40 nodes"),
        (
            "StartFault(kind:Loss(),whom:Area(x_mm:0,z_mm:0,radius_mm:0))",
            "`command.whom.radius_mm` is 0; accepted: a whole number from 1 to 1000000000 mm",
        ),
        (
            "StartFault(kind:Eclipse(victim:40),whom:List([1]))",
            "`command.kind.victim` is 40, and there are 40 nodes; accepted: 0 to 39",
        ),
        (
            "StartFault(kind:Sybil(host:1,attack:Bias(bias:9)))",
            "`command.kind.attack.bias` is 9.0; accepted: a number from -8 to 8",
        ),
        (
            "StartFault(kind:Bursts(enter_per_mille:600,leave_per_mille:600))",
            "`command.kind.leave_per_mille` 600 and `enter_per_mille` 600 make more than 1000",
        ),
    ]);
}

/// Each text is refused with these words, or taken where there are none.
fn told(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let outcome = read(text).validate(&realm());
        match outcome {
            Ok(()) => assert_eq!(*expected, "", "{text}"),
            Err(fault) => {
                let fault = fault.to_string();
                assert!(!expected.is_empty() && fault.starts_with(expected), "{text}: {fault}");
            }
        }
    }
}

#[test]
fn what_a_mesh_cannot_follow_is_refused_there() {
    let with = |change: fn(&mut Realm)| {
        let mut realm = realm();
        change(&mut realm);
        realm
    };
    let audits = with(|realm| realm.audits = true);
    let sums = with(|realm| realm.sums = true);
    let streams = with(|realm| realm.streams = true);
    let crowded = with(|realm| realm.nodes = NODES_MAX);
    let stormy = with(|realm| realm.storms = STORMS_MAX);
    let faulty = with(|realm| realm.faults = FAULTS_MAX);
    let sybil = "StartFault(kind:Sybil(host:1,attack:Mimic))";
    let few = with(|realm| realm.fewest = 4);
    let pair = with(|realm| realm.fewest = 2);
    let cases = [
        ("MoveNodes(nodes:\"3\",x_mm:0,z_mm:0)", &audits, "which audits cannot follow"),
        ("AddNodes(x_mm:0,z_mm:0)", &audits, "leave out `protocol.audit.every_rounds`"),
        ("Revive(nodes:\"3\",memory:false)", &audits, "which audits cannot follow"),
        ("SetProtocol(field:\"protocol.gossip\",value:0)", &audits, "which audits cannot follow"),
        ("MoveNodes(nodes:\"3\",x_mm:0,z_mm:0)", &sums, "leave out `protocol.secure_aggregation"),
        ("Revive(nodes:\"3\",memory:false)", &streams, "a stream does not survive a restart"),
        ("AddNodes(x_mm:0,z_mm:0)", &crowded, "makes 1000001 nodes together"),
        ("StartStorm(x_mm:0,z_mm:0,radius_mm:9)", &stormy, "is one storm more than 1024"),
        ("StartFault(kind:Loss())", &faulty, "is one fault more than 256"),
        ("StartFault(kind:Churn())", &audits, "which audits cannot follow"),
        ("StartFault(kind:PowerLoss())", &streams, "and nodes stream their readings"),
        (sybil, &audits, "nodes that are added, which audits cannot follow"),
        (sybil, &sums, "leave out `protocol.secure_aggregation"),
        (sybil, &crowded, "`command.kind.identities` makes 1000010 nodes together"),
        ("SetProtocol(field:\"protocol.trim_per_tail\",value:2)", &pair, "needs 3 nodes of"),
        ("SetDefence(aggregation:Krum(faulty:2))", &few, "nodes of a modality, and there are 4"),
    ];
    for (text, realm, expected) in cases {
        let fault = read(text).validate(realm).expect_err(text).to_string();
        assert!(fault.contains(expected), "{text}: {fault}");
    }
    let kept = [
        ("Kill(nodes:\"3\")", &audits),
        ("Revive(nodes:\"3\")", &audits),
        ("Cut(links:Of(\"3\"))", &sums),
        ("StartFault(kind:Loss())", &audits),
        ("StartFault(kind:Straggler())", &streams),
    ];
    for (text, realm) in kept {
        assert_eq!(read(text).validate(realm), Ok(()), "{text}");
    }
}

#[test]
fn every_parameter_has_a_range_and_a_meaning() {
    for (place, live) in LIVE.iter().enumerate() {
        assert!(!live.means().is_empty(), "{}", live.field);
        assert!(!live.takes(-1.0) && !live.takes(f64::NAN), "{}", live.field);
        assert!(LIVE.iter().skip(place + 1).all(|other| other.field != live.field));
        // A parameter of a scenario has one range and one meaning.
        let known = FIELDS.iter().any(|Field { path, .. }| *path == live.field);
        assert!(known || live.field.starts_with("protocol."), "{}", live.field);
    }
    let quorum = live("protocol.quorum").expect("there");
    assert!(quorum.takes(64.0) && !quorum.takes(65.0) && !quorum.takes(3.5));
    let page = include_str!("../../../docs/commands.md");
    for live in LIVE {
        let row = format!("| `{}` | {} |", live.field, live.accepts());
        assert!(page.contains(&row), "docs/commands.md lacks: {row} {}", live.means());
    }
    assert!(field_table().contains("`commands[].command.over_ticks`"));
}
