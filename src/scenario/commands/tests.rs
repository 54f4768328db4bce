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
    for (text, expected) in cases {
        let outcome = read(text).validate(&realm());
        match outcome {
            Ok(()) => assert_eq!(expected, "", "{text}"),
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
