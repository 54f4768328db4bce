//! Predictors on the real stations: against persistence over the whole record, and with gossip
//! against without, paired by node, in the first samples after joining and in the steady state.

use std::path::PathBuf;

use serde_json::json;

use super::statistics::estimate;
use super::{Context, Table};
use crate::mesh::Mesh;
use crate::mesh::components::Score;
use crate::mesh::plan::Plan;
use crate::scenario::{self, Adoption, Scenario};
use crate::world::dataset;

/// The table `predictors`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "air-quality.ron, all 35,064 hours, one run with gossip and one without; nodes are paired. \
         ratio: mean |residual| over the persistence forecast's. first: gossip against none over \
         the first 500 samples after joining, in percent, with its 95 % interval over nodes \
         (negative: gossip helps). steady: the same after those. Some stations share their weather \
         columns, so nodes are not all independent; the row by station takes each as one unit. The \
         last row is of a mesh that merges without the test (`adoption: Screened`).",
        &[
            "modality",
            "nodes",
            "beat_persistence",
            "beat_without_gossip",
            "ratio",
            "first_percent",
            "first_half_width",
            "steady_percent",
            "steady_half_width",
        ],
    );
    let folder = context.data.clone().unwrap_or_else(|| PathBuf::from("."));
    let resolved = scenario::resolve("air-quality").map_err(|problem| problem.to_string())?;
    let alone = scores(&resolved.scenario, &folder, false, context.threads)?;
    let paired = |scenario: &Scenario| -> Result<Vec<Pair>, String> {
        let gossip = scores(scenario, &folder, true, context.threads)?;
        Ok(gossip.iter().zip(&alone).map(|(g, a)| Pair { gossip: *g, alone: *a }).collect())
    };
    let pairs = paired(&resolved.scenario)?;
    let kinds = resolved.scenario.signals.len();
    for (kind, signal) in resolved.scenario.signals.iter().enumerate() {
        let some: Vec<Pair> = pairs.iter().skip(kind).step_by(kinds).copied().collect();
        add(&mut table, &signal.modality, &some, &effects(&some));
    }
    add(&mut table, "all", &pairs, &effects(&pairs));
    let stations: Vec<[f64; 2]> = pairs
        .chunks(kinds)
        .map(|station| {
            let each = effects(station);
            let mean = |part: usize| each.iter().map(|e| e[part]).sum::<f64>() / each.len() as f64;
            [mean(0), mean(1)]
        })
        .collect();
    add(&mut table, "all, by station", &pairs, &stations);
    let mut untested = resolved.scenario.clone();
    untested.protocol.adoption = Adoption::Screened;
    let pairs = paired(&untested)?;
    add(&mut table, "all, without the test", &pairs, &effects(&pairs));
    Ok(table)
}

/// One node, run with gossip and without.
#[derive(Clone, Copy)]
struct Pair {
    gossip: Score,
    alone: Score,
}

/// For each node, what gossip changes, in percent: in the first samples, and after them.
fn effects(pairs: &[Pair]) -> Vec<[f64; 2]> {
    let change = |with: u64, without: u64| 100.0 * (with as f64 / without.max(1) as f64 - 1.0);
    pairs
        .iter()
        .map(|Pair { gossip, alone }| {
            [
                change(gossip.first_residual, alone.first_residual),
                change(
                    gossip.residual - gossip.first_residual,
                    alone.residual - alone.first_residual,
                ),
            ]
        })
        .collect()
}

fn add(table: &mut Table, name: &str, pairs: &[Pair], effects: &[[f64; 2]]) {
    let part = |index: usize| effects.iter().map(|effect| effect[index]).collect::<Vec<_>>();
    let (first, steady) = (estimate(&part(0)), estimate(&part(1)));
    let beats = |score: &Score| score.residual < score.persistence;
    let ratio = |pair: &Pair| pair.gossip.residual as f64 / pair.gossip.persistence.max(1) as f64;
    table.row([
        json!(name),
        json!(pairs.len()),
        json!(pairs.iter().filter(|pair| beats(&pair.gossip)).count()),
        json!(pairs.iter().filter(|pair| beats(&pair.alone)).count()),
        json!(pairs.iter().map(ratio).sum::<f64>() / pairs.len().max(1) as f64),
        json!(first.mean),
        json!(first.half_width),
        json!(steady.mean),
        json!(steady.half_width),
    ]);
}

fn scores(
    scenario: &Scenario,
    folder: &std::path::Path,
    gossip: bool,
    threads: usize,
) -> Result<Vec<Score>, String> {
    let mut scenario = scenario.clone();
    scenario.protocol.gossip = gossip;
    let series = dataset::load_all(folder, &scenario).map_err(|problem| problem.to_string())?;
    let plan = Plan::new(&scenario, scenario.seed, &series).map_err(|error| error.to_string())?;
    let mut mesh = Mesh::new(plan, threads);
    (0..scenario.ticks).for_each(|_| mesh.step());
    Ok(mesh.scores().into_iter().map(|(_, score)| score).collect())
}
