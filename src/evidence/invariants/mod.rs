//! Seven invariants, each as an experiment in two arms: with its defence it has to hold, without it
//! has to break. No limit here may be moved to where a figure came out.

mod audits;
mod brownouts;
mod collusion;
mod escalation;
mod field;
mod influence;
mod liveness;
mod sybils;

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::statistics::estimate;
use super::{Context, Table};

/// How large an experiment is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As the documentation prints it.
    Full,
    /// For a test: fewer nodes and ticks, the same code.
    Small,
}

/// What a figure has to be for the invariant to hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// This or less.
    AtMost(f64),
    /// Less than this.
    Below(f64),
    /// This or more.
    AtLeast(f64),
}

impl Wanted {
    /// Whether `value` is as wanted.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::Below(limit) => value < limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    /// The value of a list that is worst for the invariant.
    fn worst(self, values: &[f64]) -> f64 {
        let pick = match self {
            Self::AtMost(_) | Self::Below(_) => f64::max,
            Self::AtLeast(_) => f64::min,
        };
        values.iter().copied().reduce(pick).unwrap_or(f64::NAN)
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(limit) => write!(out, "<= {limit}"),
            Self::Below(limit) => write!(out, "< {limit}"),
            Self::AtLeast(limit) => write!(out, ">= {limit}"),
        }
    }
}

/// A figure of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The arm: with the defence, without it, or a variant that says something about its limits.
    pub arm: &'static str,
    /// What was measured.
    pub measure: &'static str,
    /// The figure.
    pub value: f64,
    /// What it has to be.
    pub wanted: Wanted,
}

/// One of the seven.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// Its name in the table.
    pub name: &'static str,
    /// What is claimed.
    pub hypothesis: &'static str,
    /// Seeds of the full experiment: 1 to this.
    pub seeds: u64,
    run: fn(u64, Scale) -> Result<Vec<Reading>, String>,
}

impl Invariant {
    /// The figures of one seed; the same ones in the same order for each.
    ///
    /// # Errors
    /// When a scenario of the experiment cannot be planned: says why.
    pub fn readings(&self, seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
        (self.run)(seed, scale)
    }
}

/// All seven.
pub const ALL: [Invariant; 7] = [
    influence::INVARIANT,
    sybils::INVARIANT,
    collusion::INVARIANT,
    escalation::INVARIANT,
    brownouts::INVARIANT,
    audits::INVARIANT,
    liveness::INVARIANT,
];

/// The table `invariants`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let claims = ALL.iter().map(|claim| format!("{}: {}", claim.name, claim.hypothesis));
    let note = format!(
        "Seven invariants, each with its defence, where every seed has to be as wanted, and \
         without it, where it must not be. `mean` has a 95 % interval over seeds, `worst` is the \
         worst seed, `kept` says in how many seeds the figure was as wanted. {}",
        claims.collect::<Vec<_>>().join(" ")
    );
    let columns =
        ["invariant", "arm", "measure", "mean", "half_width", "worst", "wanted", "kept", "seeds"];
    let mut table = Table::new(&note, &columns);
    for (claim, runs) in ALL.iter().zip(all_runs(context.threads)?) {
        let Some(first) = runs.first() else { continue };
        for (place, reading) in first.iter().enumerate() {
            let values: Vec<f64> =
                runs.iter().filter_map(|run| Some(run.get(place)?.value)).collect();
            table.row(row(claim, reading, &values));
        }
    }
    Ok(table)
}

fn row(claim: &Invariant, reading: &Reading, values: &[f64]) -> [Value; 9] {
    let rounded = |value: f64| json!((value * 10_000.0).round() / 10_000.0);
    let all = estimate(values);
    let wanted = reading.wanted;
    let kept = values.iter().filter(|value| wanted.holds(**value)).count();
    [
        json!(claim.name),
        json!(reading.arm),
        json!(reading.measure),
        rounded(all.mean),
        rounded(all.half_width),
        rounded(wanted.worst(values)),
        json!(wanted.to_string()),
        json!(kept),
        json!(values.len()),
    ]
}

/// The figures of all seeds of each invariant, by invariant and seed.
fn all_runs(threads: usize) -> Result<Vec<Vec<Vec<Reading>>>, String> {
    let jobs: Vec<(usize, u64)> = (0..ALL.len())
        .flat_map(|place| (1..=ALL[place].seeds).map(move |seed| (place, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((place, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let readings = ALL[*place].readings(*seed, Scale::Full);
            done.push((
                *place,
                *seed,
                readings.map_err(|why| format!("{}, seed {seed}: {why}", ALL[*place].name))?,
            ));
        }
        Ok::<_, String>(done)
    };
    let mut done = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let results = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err("a run of the table broke off".to_owned()))
        });
        results.collect::<Result<Vec<_>, _>>()
    })?
    .concat();
    done.sort_by_key(|(place, seed, _)| (*place, *seed));
    let mut runs = vec![Vec::new(); ALL.len()];
    for (place, _, readings) in done {
        runs[place].push(readings);
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_worst_values() {
        let values = [1.0, 3.0, 2.0];
        let cases = [
            (Wanted::AtMost(3.0), true, 3.0, "<= 3"),
            (Wanted::Below(3.0), false, 3.0, "< 3"),
            (Wanted::AtLeast(1.5), false, 1.0, ">= 1.5"),
        ];
        for (wanted, all_hold, worst, text) in cases {
            assert_eq!(values.iter().all(|value| wanted.holds(*value)), all_hold, "{wanted}");
            assert!((wanted.worst(&values) - worst).abs() < 1e-12, "{wanted}");
            assert_eq!(wanted.to_string(), text);
        }
    }
}
