//! What attacks do to a whole mesh: drift of honest models under each attack, in calm and in a
//! storm, with our defence and with the classical rules alone.

mod arms;
mod run;

use serde_json::{Value, json};

use super::statistics::{Estimate, estimate};
use super::{Context, Table};
use arms::{Arm, arms};
use run::{Outcome, run};

/// Runs of each row.
const SEEDS: u64 = 5;
/// Drift above the floor that a defence may let through, for the rows that are held to it.
const GATE: f64 = 0.05;

/// The table `byzantine`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "100 nodes at random, mean degree 12, an update every few seconds; 30 of them attack from \
         tick 300 on, in calm or under a storm of white noise over the middle of the field; judged \
         at tick 2,400. Drift: RMS difference of one-step predictions from a run in which the \
         attackers keep silent, over the probe's standard deviation; 95th percentile over honest \
         nodes with less than a third of attackers among their neighbours, mean of 5 seeds with a \
         95 % interval; `floor` is the same between two silent runs under other noise. `gated` \
         says whether drift above the floor stays below 0.05. `captured` nodes have more attackers \
         around them. `banned_honest` are honest nodes that some honest neighbour bans. The \
         defence is not told how many attack.",
        &[
            "attack",
            "defence",
            "share",
            "storm",
            "nodes",
            "drift_p95",
            "half_width",
            "floor",
            "gated",
            "captured",
            "captured_p95",
            "banned_honest",
            "detected",
            "ticks_to_detect",
            "bytes_per_node",
            "mj_per_node",
        ],
    );
    let arms = arms();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(arm) = arms.get(place) else { return Ok::<_, String>(done) };
            let outcomes = (1..=SEEDS).map(|seed| run(arm, seed)).collect::<Result<Vec<_>, _>>()?;
            done.push((place, outcomes));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..context.threads.max(1)).map(|_| scope.spawn(work)).collect();
        let results = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err("a run of the table broke off".to_owned()))
        });
        results.collect::<Result<Vec<_>, _>>()
    })?
    .concat();
    done.sort_by_key(|(place, _)| *place);
    for (place, outcomes) in done {
        table.row(row(&arms[place], &outcomes));
    }
    Ok(table)
}

fn row(arm: &Arm, outcomes: &[Outcome]) -> [Value; 16] {
    let of = |figure: &dyn Fn(&Outcome) -> f64| {
        estimate(&outcomes.iter().map(figure).collect::<Vec<f64>>())
    };
    let rounded = |value: f64| json!((value * 10_000.0).round() / 10_000.0);
    let Estimate { mean: drift, half_width } = of(&|outcome| outcome.drift);
    let floor = of(&|outcome| outcome.floor).mean;
    let excess = of(&|outcome| outcome.drift - outcome.floor);
    let found: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.first_detection).collect();
    let found = (!found.is_empty()).then(|| estimate(&found).mean.round());
    [
        json!(arm.attack_name),
        json!(arm.defence_name),
        json!(f64::from(arm.share_percent) / 100.0),
        json!(arm.storm),
        json!(arm.nodes),
        rounded(drift),
        rounded(half_width),
        rounded(floor),
        if arm.held { json!(excess.mean <= GATE) } else { Value::Null },
        rounded(of(&|outcome| outcome.captured).mean),
        rounded(of(&|outcome| outcome.captured_drift).mean),
        rounded(of(&|outcome| outcome.banned_honest).mean),
        rounded(of(&|outcome| outcome.detected).mean),
        json!(found),
        json!(of(&|outcome| outcome.bytes).mean.round()),
        json!(of(&|outcome| outcome.energy_mj).mean.round()),
    ]
}
