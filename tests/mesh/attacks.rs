//! Attacks in a small mesh: what each does to a mesh without defences and to one with them, and
//! what they do with votes, words about others, and sleep.

use std::collections::BTreeMap;

use crate::common::{crowd, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::plan::Plan;
use qres::mesh::summary::RunSummary;
use qres::scenario::Scenario;
use qres_core::id::NodeId;
use qres_core::q16::Q16;

/// Who lies: four of thirty-six, so that each honest node hears exactly one liar.
const NODES: &str = "7 10 25 28";
/// Ticks of a run; attacks begin at the twenty-fourth.
const TICKS: u64 = 84;

fn adversaries(kind: &str) -> String {
    format!("adversaries: [(kind: {kind}, nodes: \"{NODES}\", from_tick: 24, collude: true)]")
}

/// A mesh's defences: what its protocol says, and whether nodes judge models on their own samples.
#[derive(Clone, Copy)]
struct Defence {
    protocol: &'static str,
    trust: bool,
}

const NONE: Defence = Defence {
    protocol: "aggregation: Mean, weigh_by_reputation: false, adoption: Blind",
    trust: false,
};
const ROBUST: Defence =
    Defence { protocol: "trim_per_tail: 2, preparation: Nnm(faulty: 2)", trust: true };

/// Weights of honest nodes at the end.
fn weights(defence: Defence, kind: &str, muted: bool) -> BTreeMap<NodeId, Vec<i64>> {
    let scenario = crowd(defence.protocol, &adversaries(kind));
    let mut plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
    if !defence.trust {
        plan.config.trust.harm_factor = Q16::MAX;
    }
    if muted {
        plan.mute_adversaries();
    }
    let hostile: Vec<bool> = plan.nodes.iter().map(|node| node.malice.is_some()).collect();
    let mut mesh = Mesh::new(plan, 1);
    run_to(&mut mesh, TICKS);
    let honest = mesh.neurons().into_iter().filter(|(id, _)| !hostile[id.index()]);
    honest.map(|(id, n)| (id, n.weights().iter().map(|w| w.to_bits().into()).collect())).collect()
}

/// The root mean square distance of honest nodes' weights from those of the run in which the
/// adversaries keep silent, in thousandths of a weight.
fn harm(defence: Defence, kind: &str, control: &BTreeMap<NodeId, Vec<i64>>) -> u64 {
    let now = weights(defence, kind, false);
    let square = |(id, weights): (&NodeId, &Vec<i64>)| {
        let pairs = weights.iter().zip(&control[id]);
        pairs.map(|(a, b)| a.abs_diff(*b).pow(2)).sum::<u64>()
    };
    let mean = now.iter().map(square).sum::<u64>() / now.len() as u64;
    (mean.isqrt() * 1_000) >> 16
}

/// Attacks on models: the least harm without defences, and the most with them. Four more honest
/// nodes in the place of the silent ones make about 5: the stealthy attacks hide near that where
/// all nodes sense the same.
const ON_MODELS: [(&str, u64, u64); 19] = [
    ("Bias()", 700, 12),
    ("SignFlip(scale: 4)", 120, 12),
    ("Gaussian()", 200, 12),
    ("Saturate", 3_000, 12),
    ("InnerProduct(epsilon: 8)", 120, 12),
    ("InnerProduct(epsilon: 8, search: true)", 120, 12),
    ("LittleIsEnough(z: 8)", 50, 12),
    ("LittleIsEnough(search: true)", 6, 12),
    ("MinMax()", 9, 12),
    ("MinSum(direction: Sign)", 12, 12),
    ("Mimic", 6, 12),
    ("Dissensus()", 40, 12),
    ("Spectral(scale: 20)", 1_500, 12),
    ("DirectedDeviation()", 120, 12),
    ("LabelFlip", 35, 12),
    ("Replay", 35, 12),
    ("Stale", 35, 12),
    ("OnOff(farm_rounds: 5, burst_rounds: 20, scale: 4)", 120, 12),
    ("Cartel(sigmas: 8, ramp_rounds: 5)", 50, 12),
];

#[test]
fn without_defences_attacks_do_harm() {
    let control = weights(NONE, "Saturate", true);
    for (kind, least, _) in ON_MODELS {
        let harm = harm(NONE, kind, &control);
        assert!(harm >= least, "{kind}: {harm}");
    }
}

#[test]
fn with_defences_they_do_less() {
    let control = weights(ROBUST, "Saturate", true);
    for (kind, _, most) in ON_MODELS {
        let harm = harm(ROBUST, kind, &control);
        assert!(harm <= most, "{kind}: {harm}");
    }
}

/// Sleepers around nine sentinels; in the control the adversaries attack nobody.
fn sleepers(protocol: &str, rest: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Sleepers", watch_for: "Who wakes them.", seed: 5,
        nodes: (count: 36, layout: Grid(columns: 6, spacing_mm: 10000), sentinels: Every(4)),
        radio: (range_mm: 21000),
        twt: (calm_ms: 40000, prestorm_ms: 20000, storm_ms: 4000, window_ms: 1000,
            storm_window_ms: 3000, listen: Dtim(1)),
        protocol: (commissioning: (limit_ticks: 60), {protocol}),
        signals: [(modality: "heat", source: Synthetic(noise: 0.4, waves: [
            (period_samples: 12, amplitude: 3.0)]))],
        {rest})"#
    ))
}

/// The sentinels in a corner, as adversaries.
fn sentinels(kind: &str) -> String {
    format!("adversaries: [(kind: {kind}, nodes: \"0 4 8 12\", from_tick: 100)]")
}

fn summary(scenario: &Scenario) -> RunSummary {
    let mut mesh = mesh(scenario, 1);
    run_to(&mut mesh, 400);
    mesh.summary()
}

/// Share of time that sleepers slept, in percent.
fn asleep(summary: &RunSummary) -> f64 {
    let row = summary.energy.roles.iter().find(|row| row.role == "scheduled");
    row.map_or(0.0, |row| row.asleep_percent)
}

#[test]
fn spoofed_votes_and_slander_cost_sleep() {
    let calm = asleep(&summary(&sleepers("", "")));
    for (kind, percent) in [("VoteSpoof", 5.0), ("Slander", 1.5)] {
        let hit = summary(&sleepers("", &sentinels(kind)));
        assert!(asleep(&hit) < calm - percent, "{kind}: {} of {calm}", asleep(&hit));
        assert_eq!(hit.regimes.ever_storm, 0, "{kind}: nobody sees a storm");
    }
}

#[test]
fn false_entropy_is_a_storm_to_the_liar_alone() {
    let hit = summary(&sleepers(
        "",
        "adversaries: [(kind: FalseEntropy(), nodes: \"1-3\", from_tick: 200)]",
    ));
    assert_eq!(hit.regimes.ever_storm, 3);
    assert_eq!(hit.adversaries.count, 3);
    assert_eq!(hit.adversaries.false_positives, 0);
}

#[test]
fn words_in_the_name_of_others_fail_where_updates_are_signed() {
    for (kind, innocent) in [("Slander", 10), ("TopologyLiar()", 2)] {
        let unsigned = summary(&sleepers("", &sentinels(kind))).adversaries;
        assert!(unsigned.false_positives >= innocent, "{kind}: {unsigned:?}");
        let signed = summary(&sleepers("integrity: Accounted", &sentinels(kind)));
        assert!(signed.integrity.refused > 100, "{kind}: {:?}", signed.integrity);
        assert_eq!(signed.adversaries.false_positives, 0, "{kind}");
    }
}

#[test]
fn a_claimed_storm_shields_a_liar_from_bans_but_not_from_being_left_out() {
    let run = |more: &str| {
        let hostile = format!("adversaries: [(kind: Saturate, nodes: \"{NODES}\"{more})]");
        let mut mesh = mesh(&crowd("", &hostile), 1);
        run_to(&mut mesh, 80);
        mesh.summary()
    };
    let (plain, shielded) = (run(""), run(", claim_storm: true"));
    assert_eq!(plain.adversaries.detected, 4);
    assert_eq!(shielded.adversaries.detected, 0);
    assert!(shielded.consensus.spread < 0.5, "{}", shielded.consensus.spread);
    assert_eq!(shielded.regimes.ever_storm, 0);
}

#[test]
fn the_first_ban_is_told_and_outlives_a_snapshot() {
    let hostile = "adversaries: [(kind: Saturate, nodes: \"7\", from_tick: 40, to_tick: 60)]";
    let scenario = crowd("", hostile);
    let mut hit = mesh(&scenario, 1);
    run_to(&mut hit, 60);
    let seen = hit.summary().adversaries;
    assert_eq!((seen.count, seen.detected, seen.false_positives), (1, 1, 0));
    let first = seen.first_detection_tick.expect("a ban");
    assert!((44..60).contains(&first), "{first}");
    let mut copy = mesh(&scenario, 1);
    copy.restore(&hit.snapshot()).expect("its own snapshot");
    run_to(&mut copy, 90);
    assert_eq!(copy.summary().adversaries.first_detection_tick, Some(first));
}
