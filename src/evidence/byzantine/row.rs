//! From the outcomes of a row's runs to its fields. Fields are added, never renamed.

use serde_json::{Map, Value, json};

use super::breakdown::{End, Limit, breakdown};
use super::jobs::{Job, Measure};
use super::run::{Controls, GATE, Outcome, run};
use crate::evidence::statistics::{Estimate, estimate};

/// The columns in the order in which they are printed.
pub(super) const COLUMNS: [&str; 38] = [
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
    "crosses",
    "ended_by_gate",
    "ended_by_few",
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
            let limits = (1..=job.seeds).map(|seed| breakdown(&job.arm, seed, controls));
            fill_breakdown(&mut row, &limits.collect::<Result<Vec<_>, _>>()?);
        }
    }
    Ok(row)
}

/// Rows that are held to the gate and beyond it, in words.
pub(super) fn failures(rows: &[Map<String, Value>]) -> Vec<String> {
    let is = |row: &Map<String, Value>, name: &str| row.get(name) == Some(&Value::Bool(true));
    let said = |row: &Map<String, Value>| {
        let word = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let weather = if is(row, "storm") { "in a storm" } else { "in calm" };
        let number = |name: &str| row.get(name).map(Value::to_string).unwrap_or_default();
        let [nodes, excess] = ["nodes", "excess"].map(number);
        format!("{}, {}, {nodes} nodes {weather}: {excess}", word("attack"), word("defence"))
    };
    rows.iter().filter(|row| is(row, "gated") && !is(row, "holds")).map(said).collect()
}

fn fill_breakdown(row: &mut Map<String, Value>, limits: &[Limit]) {
    let shares: Vec<f64> = limits.iter().map(|limit| f64::from(limit.percent) / 100.0).collect();
    let Estimate { mean, half_width } = estimate(&shares);
    set(row, "share", Some(mean));
    set(row, "breakdown", Some(mean));
    set(row, "half_width", Some(half_width));
    let counted: Vec<f64> = limits.iter().filter_map(|limit| limit.counted).collect();
    set(row, "counted", (!counted.is_empty()).then(|| estimate(&counted).mean));
    for (name, end) in [("ended_by_gate", End::Gate), ("ended_by_few", End::Few)] {
        let ended = limits.iter().filter(|limit| limit.end == end).count();
        row.insert(name.to_owned(), json!(ended));
    }
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
    let excess = of(&Outcome::excess);
    let holds = excess.is_some_and(|excess| excess.mean <= GATE);
    let crosses = excess.is_some_and(|excess| (excess.mean - GATE).abs() < excess.half_width);
    row.insert("holds".to_owned(), json!(holds));
    row.insert("crosses".to_owned(), json!(crosses));
}

fn set(row: &mut Map<String, Value>, name: &str, value: Option<f64>) {
    row.insert(name.to_owned(), rounded(value));
}

/// A figure to four places; null where there is none.
fn rounded(value: Option<f64>) -> Value {
    value.map_or(Value::Null, |value| json!((value * 10_000.0).round() / 10_000.0))
}
