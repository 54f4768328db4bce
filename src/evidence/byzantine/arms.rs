//! The rows of the table: which attack meets which defence.

use crate::scenario::{Aggregation, Attack, Direction};

/// One row.
pub(super) struct Arm {
    pub attack_name: &'static str,
    pub attack: Attack,
    pub defence_name: &'static str,
    /// A rule that merges alone, in place of ours.
    pub rule: Option<Aggregation>,
    pub share_percent: u8,
    pub collude: bool,
    pub storm: bool,
    pub nodes: u32,
    /// Whether the row is held to the gate.
    pub held: bool,
}

/// Attacks with their names, and whether attackers act as one.
fn attacks() -> Vec<(&'static str, Attack, bool)> {
    let direction = Direction::Deviation;
    vec![
        ("constant bias", Attack::Bias { bias: 0.5 }, false),
        ("sign flip", Attack::SignFlip { scale: 1.0 }, false),
        ("Gaussian noise", Attack::Gaussian { deviation: 1.0 }, false),
        ("saturated", Attack::Saturate, false),
        ("inner product", Attack::InnerProduct { epsilon: 2.0, search: false }, true),
        ("inner product, searched", Attack::InnerProduct { epsilon: 4.0, search: true }, true),
        ("a little is enough", Attack::LittleIsEnough { z: 1.5, search: false }, true),
        ("a little is enough, searched", Attack::LittleIsEnough { z: 0.0, search: true }, true),
        ("min-max", Attack::MinMax { direction }, true),
        ("min-sum", Attack::MinSum { direction }, true),
        ("mimic", Attack::Mimic, true),
        ("dissensus", Attack::Dissensus { epsilon: 2.0 }, true),
        ("spectral", Attack::Spectral { scale: 1.0 }, true),
        ("directed deviation", Attack::DirectedDeviation { factor: -5.0 }, false),
        ("topology liar", Attack::TopologyLiar { factor: -5.0 }, false),
        ("label flip", Attack::LabelFlip, false),
        ("replay", Attack::Replay, false),
        ("stale", Attack::Stale, false),
        ("free rider", Attack::FreeRider, false),
        ("gene poison", Attack::GenePoison, false),
        ("false entropy", Attack::FalseEntropy { noise: 20.0 }, false),
        ("vote spoofing", Attack::VoteSpoof, false),
        ("on-off", Attack::OnOff { farm_rounds: 30, burst_rounds: 10, scale: 1.0 }, false),
        ("slander", Attack::Slander, false),
        ("audit prediction", Attack::AuditPrediction { every_rounds: 50, bias: 0.5 }, false),
        ("float cheater", Attack::FloatCheater { bits: 11 }, false),
        ("cartel within 1.5 sigma", Attack::Cartel { sigmas: 1.5, ramp_rounds: 50 }, true),
    ]
}

/// The six attacks that meet every rule.
const AGAINST_ALL: [&str; 6] = [
    "sign flip",
    "Gaussian noise",
    "inner product, searched",
    "a little is enough, searched",
    "min-max",
    "dissensus",
];

/// Rules that merge alone; of twelve neighbours at 30 % about four lie, and they are told so.
fn rules() -> [(&'static str, Aggregation); 11] {
    let faulty = 4;
    [
        ("mean", Aggregation::Mean),
        ("median", Aggregation::Median),
        ("Meamed", Aggregation::Meamed { faulty }),
        ("Krum", Aggregation::Krum { faulty }),
        ("Multi-Krum", Aggregation::MultiKrum { faulty, select: 0 }),
        ("geometric median", Aggregation::GeometricMedian { smoothing: 0.1, steps: 8 }),
        ("centred clipping", Aggregation::CentredClipping { radius: 0.1, steps: 3 }),
        ("ClippedGossip", Aggregation::ClippedGossip { faulty }),
        ("CS+", Aggregation::CsPlus { faulty }),
        ("NNA", Aggregation::Nna { faulty }),
        ("UBAR", Aggregation::Ubar { keep: 0.4, own_share: 0.5 }),
    ]
}

/// All rows: ours under every attack in calm and in a storm, then every rule under six.
pub(super) fn arms() -> Vec<Arm> {
    let ours = |storm: bool, nodes: u32| {
        attacks().into_iter().map(move |(attack_name, attack, collude)| Arm {
            attack_name,
            attack,
            defence_name: "qres",
            rule: None,
            share_percent: 30,
            collude,
            storm,
            nodes,
            held: true,
        })
    };
    let mut arms: Vec<Arm> = ours(false, 100).chain(ours(true, 100)).collect();
    for (defence_name, rule) in rules() {
        let against = attacks().into_iter().filter(|(name, ..)| AGAINST_ALL.contains(name));
        arms.extend(against.map(|(attack_name, attack, collude)| Arm {
            attack_name,
            attack,
            defence_name,
            rule: Some(rule.clone()),
            share_percent: 30,
            collude,
            storm: false,
            nodes: 100,
            held: false,
        }));
    }
    arms
}
