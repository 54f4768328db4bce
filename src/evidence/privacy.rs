//! What private updates cost in accuracy: the same runs with more and more noise, beside runs
//! without noise and without gossip.
//!
//! Hypothesis: each node's updates can be made private at a loss that gossip's gain outweighs. The
//! table says where that holds, and it need not.

use serde_json::{Value, json};

use super::statistics::{Estimate, estimate, percentile};
use super::{Context, Table, drift};
use crate::mesh::Mesh;
use crate::mesh::components::Score;
use crate::mesh::plan::Plan;
use crate::mesh::summary::{PrivacySummary, RunSummary};
use crate::scenario::{Layout, Scenario, Station};
use qres_core::neuron::SwarmNeuron;

/// Ticks of a run, a sample each.
const TICKS: u64 = 1_100;
/// When the newcomers join: every other node, counted along a row.
const JOIN: u64 = 600;
/// Nodes in a row and in a column.
const SIDE: usize = 8;
/// Runs of each arm.
const SEEDS: u64 = 10;
/// So much that no budget is reached.
const BOUNDLESS: f64 = 32_000.0;

/// Nodes that are always awake and have one modality in common.
const FIELD: &str = r#"(
    title: "Private field", watch_for: "Noise in updates.",
    nodes: (sentinels: Every(1)),
    radio: (range_mm: 25000000),
    twt: (calm_ms: 10000, prestorm_ms: 5000, storm_ms: 5000, window_ms: 600,
        storm_window_ms: 2500),
    protocol: (commissioning: (limit_ticks: 100)),
    signals: [(modality: "heat", source: Synthetic(waves: [(period_samples: 12, amplitude: 2.0)],
        noise: 0.3, phase: ByNode))],
)"#;

/// What the updates of a run are like.
#[derive(Clone, Copy)]
enum Arm {
    Silent,
    Plain,
    /// Clip, noise multiplier and epsilon.
    Noisy(f64, f64, f64),
}

const ARMS: [Arm; 13] = [
    Arm::Plain,
    Arm::Noisy(0.2, 0.1, BOUNDLESS),
    Arm::Noisy(0.2, 0.5, BOUNDLESS),
    Arm::Noisy(0.2, 1.0, BOUNDLESS),
    Arm::Noisy(0.05, 0.1, BOUNDLESS),
    Arm::Noisy(0.05, 0.5, BOUNDLESS),
    Arm::Noisy(0.05, 1.0, BOUNDLESS),
    Arm::Noisy(0.05, 2.0, BOUNDLESS),
    Arm::Noisy(0.05, 5.0, BOUNDLESS),
    Arm::Noisy(0.05, 20.0, BOUNDLESS),
    Arm::Noisy(0.05, 2.0, 8.0),
    Arm::Noisy(0.05, 5.0, 8.0),
    Arm::Noisy(0.05, 10.0, 1.0),
];

/// What came of a run.
struct Outcome {
    summary: RunSummary,
    neurons: Vec<SwarmNeuron>,
    scores: Vec<Score>,
}

/// The table `privacy`.
pub(super) fn table(_: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "64 nodes, always awake, one sample a tick of a wave under white noise. Half of them are \
         there from the start, the others join after 600 of 1,100 ticks. Steps from update to \
         update are cut to the norm `clip`. `sigma` is the deviation of the noise in each weight, \
         `updates` what a node sent of them on average, `epsilon` what the node that sent most has \
         spent at delta 10^-5, and of what budget. `newcomers` is the change of their mean \
         |residual| over their first 500 samples against no gossip at all, in percent (below 0: \
         gossip helps), `others` that of the rest over all samples. `drift` is the 95th \
         percentile over nodes of the drift from the run without noise. Means with 95 % intervals \
         over 10 seeds, paired by seed. `silent` and `banned` are nodes at the end whose budget \
         is spent, and which some neighbour has banned.",
        &[
            "updates_carry",
            "sigma",
            "updates",
            "epsilon",
            "budget",
            "newcomers_percent",
            "others_percent",
            "drift",
            "silent",
            "banned",
        ],
    );
    let all = |arm| (1..=SEEDS).map(move |seed| run(arm, seed, TICKS));
    let alone: Vec<Outcome> = outcomes(all(Arm::Silent))?;
    let plain: Vec<(Plan, Outcome)> = all(Arm::Plain).collect::<Result<_, _>>()?;
    for arm in ARMS {
        table.row(row(arm, &outcomes(all(arm))?, &alone, &plain));
    }
    Ok(table)
}

fn outcomes(
    runs: impl Iterator<Item = Result<(Plan, Outcome), String>>,
) -> Result<Vec<Outcome>, String> {
    runs.map(|run| run.map(|(_, outcome)| outcome)).collect()
}

fn row(arm: Arm, runs: &[Outcome], alone: &[Outcome], plain: &[(Plan, Outcome)]) -> [Value; 10] {
    let interval = |values: &[f64]| {
        let Estimate { mean, half_width } = estimate(values);
        json!(format!("{mean:.3} +- {half_width:.3}"))
    };
    let mean = |of: &dyn Fn(&Outcome) -> f64| {
        json!((estimate(&runs.iter().map(of).collect::<Vec<_>>()).mean * 1_000.0).round() / 1_000.0)
    };
    let changes: Vec<[f64; 2]> =
        runs.iter().zip(alone).map(|(run, alone)| changes(run, alone)).collect();
    let part = |place: usize| changes.iter().map(|change| change[place]).collect::<Vec<f64>>();
    let drifts: Vec<f64> = runs
        .iter()
        .zip(plain)
        .map(|(run, (plan, plain))| {
            percentile(&drift::distances(plan, TICKS, &run.neurons, &plain.neurons), 0.95)
        })
        .collect();
    let (carry, budget) = match arm {
        Arm::Silent | Arm::Plain => ("the weights".to_owned(), Value::Null),
        Arm::Noisy(clip, multiplier, epsilon) => (
            format!("clip {clip}, noise {multiplier} x"),
            if epsilon < BOUNDLESS { json!(epsilon) } else { Value::Null },
        ),
    };
    let private = |of: &dyn Fn(&PrivacySummary) -> f64| match arm {
        Arm::Noisy(..) => mean(&|run| run.summary.privacy.as_ref().map_or(0.0, of)),
        Arm::Silent | Arm::Plain => Value::Null,
    };
    [
        json!(carry),
        private(&|privacy| privacy.sigma),
        mean(&|run| run.summary.updates as f64 / run.summary.nodes as f64),
        private(&|privacy| privacy.epsilon_worst),
        budget,
        interval(&part(0)),
        interval(&part(1)),
        interval(&drifts),
        private(&|privacy| f64::from(privacy.silent)),
        mean(&|run| f64::from(run.summary.adversaries.false_positives)),
    ]
}

/// By how much the |residual| of newcomers over their first samples, and that of the others over
/// all, is above that of the run without gossip, in percent.
fn changes(run: &Outcome, alone: &Outcome) -> [f64; 2] {
    let half = SIDE * SIDE / 2;
    let new = |outcome: &Outcome| {
        outcome.scores.iter().skip(half).map(|score| score.first_residual).sum::<u64>()
    };
    let old = |outcome: &Outcome| {
        outcome.scores.iter().take(half).map(|score| score.residual).sum::<u64>()
    };
    let change = |with: u64, without: u64| 100.0 * (with as f64 / without.max(1) as f64 - 1.0);
    [change(new(run), new(alone)), change(old(run), old(alone))]
}

/// A grid of stations 11 km apart; every other one joins late. Ids are given in order of joining.
fn stations() -> Vec<Station> {
    let station = |place: usize| {
        let (row, column) = (place / SIDE, place % SIDE);
        Station {
            name: format!("S{place}"),
            latitude: row as f64 / 10.0,
            longitude: column as f64 / 10.0,
            join_tick: if (row + column).is_multiple_of(2) { 0 } else { JOIN },
        }
    };
    (0..SIDE * SIDE).map(station).collect()
}

/// One run of an arm.
fn run(arm: Arm, seed: u64, ticks: u64) -> Result<(Plan, Outcome), String> {
    let mut scenario =
        Scenario::parse("private-field.ron", FIELD).map_err(|problem| problem.to_string())?;
    scenario.nodes.layout = Layout::Stations(stations());
    scenario.nodes.count = None;
    match arm {
        Arm::Silent => scenario.protocol.gossip = false,
        Arm::Plain => {}
        Arm::Noisy(clip, multiplier, epsilon) => {
            let privacy = &mut scenario.protocol.privacy;
            (privacy.clip, privacy.noise_multiplier) = (clip, multiplier);
            privacy.budget.epsilon = epsilon;
        }
    }
    scenario.validate().map_err(|fault| fault.to_string())?;
    let plan = Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let mut mesh = Mesh::new(plan.clone(), 1);
    (0..ticks).for_each(|_| mesh.step());
    let neurons = mesh.neurons().into_iter().map(|(_, neuron)| neuron).collect();
    let scores = mesh.scores().into_iter().map(|(_, score)| score).collect();
    Ok((plan, Outcome { summary: mesh.summary(), neurons, scores }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More noise, more drift; and a budget is kept.
    #[test]
    fn noise_costs_accuracy_and_budgets_hold() {
        let ticks = 300;
        let of = |arm| run(arm, 3, ticks).expect("runs");
        let (plan, clean) = of(Arm::Plain);
        let drifts = [0.1, 2.0, 20.0].map(|multiplier| {
            let (_, noisy) = of(Arm::Noisy(0.05, multiplier, BOUNDLESS));
            percentile(&drift::distances(&plan, ticks, &noisy.neurons, &clean.neurons), 0.95)
        });
        assert!(drifts[0] < drifts[1] && drifts[1] < drifts[2], "{drifts:?}");
        let (_, bounded) = of(Arm::Noisy(0.05, 10.0, 1.0));
        let privacy = bounded.summary.privacy.expect("private");
        assert!(privacy.silent == 32 && privacy.epsilon_worst <= 1.0, "{privacy:?}");
    }
}
