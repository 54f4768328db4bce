//! From the outcomes of a row's runs to its fields. Fields are added, never renamed.

use serde_json::{Map, Value, json};

use super::breakdown::breakdown;
use super::jobs::{Job, Measure};
use super::run::{Controls, GATE, Outcome, run};
use crate::evidence::statistics::{Estimate, estimate};

/// The columns in the order in which they are printed.
pub(super) const COLUMNS: [&str; 35] = [
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
    "measure",
    "graph",
    "seeds",
    "holds",
    "excess",
    "excess_half_width",
    "counted",
    "captured_half_width",
    "captured_p95_half_width",
    "banned_honest_half_width",
    "detected_half_width",
    "rounds_to_detect",
    "rounds_to_detect_half_width",
    "rounds_to_half_banned",
    "seeds_detected",
    "mj_half_width",
    "breakdown",
    "connectivity",
    "connectivity_honest",
];

/// Computes a row: all its runs, on this thread.
///
/// # Errors
/// When its scenario makes no mesh: says why.
pub(super) fn compute(job: &Job, controls: &Controls) -> Result<Map<String, Value>, String> {
    let mut row = blank(job);
    match job.measure {
        Measure::Drift => {
            let outcomes = (1..=job.seeds).map(|seed| run(&job.arm, seed, controls));
            fill(&mut row, &outcomes.collect::<Result<Vec<_>, _>>()?);
        }
        Measure::Breakdown => {
            let shares = (1..=job.seeds).map(|seed| breakdown(&job.arm, seed, controls));
            let percent = shares.collect::<Result<Vec<_>, _>>()?;
            let shares: Vec<f64> =
                percent.into_iter().map(|percent| f64::from(percent) / 100.0).collect();
            let Estimate { mean, half_width } = estimate(&shares);
            set(&mut row, "share", Some(mean));
            set(&mut row, "breakdown", Some(mean));
            set(&mut row, "half_width", Some(half_width));
        }
    }
    Ok(row)
}

/// What is known before any run; all else is null.
fn blank(job: &Job) -> Map<String, Value> {
    let mut row: Map<String, Value> =
        COLUMNS.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    let arm = &job.arm;
    let known = [
        ("attack", json!(arm.attack_name)),
        ("defence", json!(arm.defence.name)),
        ("share", rounded(Some(arm.share()))),
        ("storm", json!(arm.storm)),
        ("nodes", json!(arm.nodes)),
        ("gated", json!(job.measure == Measure::Drift && arm.is_gated())),
        ("measure", json!(job.measure.name())),
        ("graph", json!(arm.ground.name())),
        ("seeds", json!(job.seeds)),
    ];
    row.extend(known.map(|(name, value)| (name.to_owned(), value)));
    row
}

fn fill(row: &mut Map<String, Value>, outcomes: &[Outcome]) {
    // The mean over the seeds that have the figure, with its interval.
    let of = |figure: &dyn Fn(&Outcome) -> Option<f64>| {
        let values: Vec<f64> = outcomes.iter().filter_map(figure).collect();
        (!values.is_empty()).then(|| estimate(&values))
    };
    let mut both = |name: &str, half: &str, figure: &dyn Fn(&Outcome) -> Option<f64>| {
        let estimated = of(figure);
        set(row, name, estimated.map(|estimate| estimate.mean));
        set(row, half, estimated.map(|estimate| estimate.half_width));
    };
    both("drift_p95", "half_width", &|outcome| outcome.drift);
    both("excess", "excess_half_width", &Outcome::excess);
    both("captured", "captured_half_width", &|outcome| Some(outcome.captured));
    both("captured_p95", "captured_p95_half_width", &|outcome| outcome.captured_drift);
    both("banned_honest", "banned_honest_half_width", &|outcome| Some(outcome.banned_honest));
    both("detected", "detected_half_width", &|outcome| outcome.detected);
    both("rounds_to_detect", "rounds_to_detect_half_width", &|o| o.first_ban_rounds);
    both("mj_per_node", "mj_half_width", &|outcome| Some(outcome.energy_mj));
    let mean = |figure: &dyn Fn(&Outcome) -> Option<f64>| of(figure).map(|value| value.mean);
    set(row, "floor", mean(&|outcome| outcome.floor));
    set(row, "counted", mean(&|outcome| Some(outcome.counted)));
    set(row, "ticks_to_detect", mean(&|outcome| outcome.first_ban_ticks));
    set(row, "rounds_to_half_banned", mean(&|outcome| outcome.half_banned_rounds));
    set(row, "bytes_per_node", mean(&|outcome| Some(outcome.bytes)).map(f64::round));
    set(row, "connectivity", mean(&|outcome| Some(outcome.connectivity[0])));
    set(row, "connectivity_honest", mean(&|outcome| Some(outcome.connectivity[1])));
    let found = outcomes.iter().filter(|outcome| outcome.first_ban_ticks.is_some()).count();
    row.insert("seeds_detected".to_owned(), json!(found));
    let holds = mean(&Outcome::excess).is_some_and(|excess| excess <= GATE);
    row.insert("holds".to_owned(), json!(holds));
}

fn set(row: &mut Map<String, Value>, name: &str, value: Option<f64>) {
    row.insert(name.to_owned(), rounded(value));
}

/// A figure to four places; null where there is none.
fn rounded(value: Option<f64>) -> Value {
    value.map_or(Value::Null, |value| json!((value * 10_000.0).round() / 10_000.0))
}
