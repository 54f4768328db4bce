//! `qres evidence recording`: what recording costs a run. Two meshes of one plan take turns, one of
//! them recorded, a digest chain's link at a time; what both took is a pair.

use std::path::PathBuf;
use std::time::Instant;

use crate::evidence::{Context, Table};
use crate::mesh::plan::Plan;
use crate::mesh::{CHECKPOINT_TICKS, Mesh};
use crate::record::recording::{Header, Recorder, RecorderOptions};
use crate::scenario::{self, Resolved, Scenario};

/// Pairs at each size; the 14th and the 28th of 41 differences hold the median between them with
/// 95 % at least, whatever their distribution.
const PAIRS: usize = 41;
/// Their places, from 0.
const INTERVAL: (usize, usize) = (13, 27);
/// Sizes of mesh.
const SIZES: [u32; 2] = [100, 1_000];
/// The most that recording may cost, in percent of the run's time.
const LIMIT_PERCENT: f64 = 3.0;

/// The table `recording`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        &format!(
            "Time that recording adds to a run, in percent: storm-front or a larger one like it, \
             {PAIRS} pairs of {CHECKPOINT_TICKS} ticks with and without, taken in turns in one \
             process; median of the differences with an interval of 95 % by order statistics. The \
             recorder's own thread is not part of it where a core is free."
        ),
        &["nodes", "ticks", "cost_percent", "low", "high", "limit", "bytes_per_1000_ticks"],
    );
    let Resolved { text, scenario, .. } =
        scenario::resolve("storm-front").map_err(|problem| format!("{problem:#}"))?;
    for nodes in SIZES {
        let mut scenario = scenario.clone();
        scenario.nodes.count = Some(nodes);
        let (mut costs, bytes) = pairs(&scenario, &text, context)?;
        costs.sort_by(f64::total_cmp);
        let ticks = PAIRS as u64 * CHECKPOINT_TICKS;
        let at = |place: usize| {
            let cost = costs.get(place).copied().unwrap_or_default();
            (cost * 100.0).round() / 100.0
        };
        table.row([
            nodes.into(),
            ticks.into(),
            at(PAIRS / 2).into(),
            at(INTERVAL.0).into(),
            at(INTERVAL.1).into(),
            LIMIT_PERCENT.into(),
            (bytes * 1_000 / ticks).into(),
        ]);
    }
    Ok(table)
}

/// The costs of all pairs in percent, and the bytes of the recording.
fn pairs(scenario: &Scenario, text: &str, context: &Context) -> Result<(Vec<f64>, u64), String> {
    let plan = Plan::new(scenario, scenario.seed, &Vec::new()).map_err(|why| why.to_string())?;
    let mut alone = Mesh::new(plan.clone(), context.threads);
    let mut recorded = Mesh::new(plan, context.threads);
    let options = RecorderOptions {
        name: "storm-front".to_owned(),
        scenario: text.to_owned(),
        ..RecorderOptions::default()
    };
    let path = scratch();
    let header = Header::new(options, &recorded);
    let trouble = |why: std::io::Error| format!("{}: {why}", path.display());
    let mut tape = Recorder::create(&path, header, &mut recorded).map_err(trouble)?;
    let mut costs = Vec::new();
    for pair in 0..PAIRS {
        let mut with = || {
            seconds(|| {
                for _ in 0..CHECKPOINT_TICKS {
                    recorded.step();
                    tape.tick(&mut recorded);
                }
            })
        };
        let mut without = || seconds(|| (0..CHECKPOINT_TICKS).for_each(|_| alone.step()));
        // Whoever comes first finds other caches: they change places.
        let (with_s, without_s) = if pair % 2 == 0 {
            let first = with();
            (first, without())
        } else {
            let first = without();
            (with(), first)
        };
        costs.push(100.0 * (with_s / without_s.max(1e-9) - 1.0));
    }
    let finished = tape.finish(&mut recorded);
    let same = recorded.digest() == alone.digest();
    let _ = std::fs::remove_file(&path);
    match finished.status.trouble {
        Some(trouble) => Err(trouble.to_string()),
        None if !same => Err("a recorded run has another digest".to_owned()),
        None => Ok((costs, finished.status.bytes)),
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how long ticks took, from outside")]
fn seconds(what: impl FnOnce()) -> f64 {
    let start = Instant::now();
    what();
    start.elapsed().as_secs_f64()
}

fn scratch() -> PathBuf {
    std::env::temp_dir().join(format!("qres-evidence-recording-{}.ron", std::process::id()))
}
