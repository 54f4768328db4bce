//! Fusion on the real stations: does hearing the node's other sensors help to forecast one of them?
//!
//! The first 80 % of the hours are for learning and for choosing settings, the rest is scored.

mod linear;
mod losses;
mod methods;
mod stations;

use std::path::PathBuf;

use qres_core::fusion::{FusionConfig, HeadConfig};
use qres_core::q16::Q16;
use serde_json::{Value, json};

use super::{Context, Table};
use losses::Losses;
use methods::{HORIZONS, Scores, Span, autoregression, naive, online, ridge};
use stations::{COLUMNS, Fault, Record, faulty, load};

/// Columns that are forecast; every method runs on the first, the main ones on the others.
const TARGETS: [&str; 3] = ["PM2.5", "TEMP", "O3"];
const SOURCE: &str = "needed: beijing/STATION.csv of the Beijing Multi-Site Air-Quality Data (UCI \
                      Machine Learning Repository, doi 10.24432/C5RK5G) below `--data DIR`";
const SOURCES: usize = COLUMNS.len() - 1;

/// A method's losses over all stations, and source updates due and done.
struct Arm {
    name: &'static str,
    scores: Scores,
    updates: [u64; 2],
}

/// The table `fusion`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "12 stations, four years of hours; scored on the last 20 % of them, forecasts as they were \
         when issued. Settings were chosen on the 10 % before, for PM2.5 alone. Online methods go \
         on learning; ridge and VAR are fitted once to the first 80 %, ridge on the inputs that \
         fusion has. percent: against `single`, the same machinery without sources, with settings \
         of its own; negative is better. low, high: 95 % interval of a paired bootstrap of weeks, \
         all stations at once. dm: Diebold-Mariano on squared errors, 1.96 is the 5 % level. \
         updates: share of source updates that were done. Faults begin with the scored hours.",
        &[
            "target",
            "method",
            "horizon",
            "rmse",
            "mae",
            "rmse_percent",
            "rmse_low",
            "rmse_high",
            "dm",
            "mae_percent",
            "mae_low",
            "mae_high",
            "updates",
        ],
    );
    let folder = context.data.clone().unwrap_or_else(|| PathBuf::from("."));
    for target in TARGETS {
        let records = load(&folder, target).map_err(|problem| format!("{problem}; {SOURCE}"))?;
        let hours = records.iter().map(Vec::len).min().unwrap_or(0);
        let span = Span { from: hours * 8 / 10, to: hours };
        if span.from < 1_000 {
            return Err("the records are too short: 1,250 hours are the least".to_owned());
        }
        let arms = arms(&records, span, context.threads, target == TARGETS[0]);
        add(&mut table, target, &arms);
    }
    Ok(table)
}

/// The settings of the method without sources, chosen on the same hours as fusion's.
fn single() -> FusionConfig {
    let fused = FusionConfig::default();
    let head = |place: usize, bits| HeadConfig { rate: Q16::from_bits(bits), ..fused.heads[place] };
    FusionConfig { heads: [head(0, 655), head(1, 33), head(2, 33)], error_clip: Q16::ZERO, ..fused }
}

fn arms(records: &[Record], span: Span, threads: usize, all: bool) -> Vec<Arm> {
    let fused = FusionConfig::default();
    let plain = |run: &(dyn Fn(&Record, u32) -> Scores + Sync)| {
        over(records, threads, |record, station| (run(record, station), [0, 0]))
    };
    let fuse = |config: FusionConfig, fault: Fault| {
        over(records, threads, move |record, station| {
            online::<SOURCES>(&faulty(record, fault, span.from, station), &config, span)
        })
    };
    let mut arms = Vec::new();
    let mut arm = |name, (scores, updates)| arms.push(Arm { name, scores, updates });
    arm("single", over(records, threads, |record, _| online::<0>(record, &single(), span)));
    arm("fused", fuse(fused, Fault::None));
    arm("persistence", plain(&|record, _| naive(record, span).0));
    arm("seasonal, 24 h", plain(&|record, _| naive(record, span).1));
    arm("ridge, own column", plain(&|record, _| ridge(record, record, 1, span)));
    arm("ridge, all columns", plain(&|record, _| ridge(record, record, COLUMNS.len(), span)));
    arm("VAR, all columns", plain(&|record, _| autoregression(record, record, span)));
    if !all {
        return arms;
    }
    arm("fused, no gate", fuse(FusionConfig { gate: None, ..fused }, Fault::None));
    let far = FusionConfig { gate: Some(Q16::ONE), ..fused };
    arm("fused, gate at 1 sigma", fuse(far, Fault::None));
    let deaf = FusionConfig { attention: Q16::ZERO, ..fused };
    arm("fused, equal attention", fuse(deaf, Fault::None));
    for (name, equal, fitted, fault) in [
        ("fused, dropout", "equal attention, dropout", "ridge, dropout", Fault::Dropout),
        ("fused, stuck", "equal attention, stuck", "ridge, stuck", Fault::Stuck),
        ("fused, drift", "equal attention, drift", "ridge, drift", Fault::Drift),
        ("fused, noise", "equal attention, noise", "ridge, noise", Fault::Noise),
    ] {
        arm(name, fuse(fused, fault));
        arm(equal, fuse(deaf, fault));
        let blind = |record: &Record, station: u32| {
            let seen = faulty(record, fault, span.from, station);
            ridge(record, &seen, COLUMNS.len(), span)
        };
        arm(fitted, plain(&blind));
    }
    arms
}

/// Runs a method over all stations, shared out to threads, and sums its losses up.
fn over(
    records: &[Record],
    threads: usize,
    run: impl Fn(&Record, u32) -> (Scores, [u64; 2]) + Sync,
) -> (Scores, [u64; 2]) {
    let threads = threads.clamp(1, records.len().max(1));
    let run = &run;
    let share = |thread: usize| {
        let mine = records.iter().enumerate().skip(thread).step_by(threads);
        mine.map(|(station, record)| (station, run(record, station as u32))).collect::<Vec<_>>()
    };
    let mut done = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect::<Vec<_>>()
    });
    // Sums of floats depend on their order.
    done.sort_by_key(|(station, _)| *station);
    let hours = done.first().map_or(0, |(_, (scores, _))| scores[0].square.len());
    let mut scores: Scores = HORIZONS.map(|_| Losses::new(hours));
    let mut updates = [0, 0];
    for (_, (each, counts)) in &done {
        scores.iter_mut().zip(each).for_each(|(sum, losses)| sum.merge(losses));
        updates.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    (scores, updates)
}

fn add(table: &mut Table, target: &str, arms: &[Arm]) {
    let Some(reference) = arms.first() else { return };
    for (place, horizon) in HORIZONS.into_iter().enumerate() {
        for arm in arms {
            let losses = &arm.scores[place];
            let change = losses.against(&reference.scores[place], horizon);
            let is_reference = arm.name == reference.name;
            let figure = |value: f64| if is_reference { Value::Null } else { json!(value) };
            let [due, done] = arm.updates;
            let share = (due > 0).then(|| done as f64 / due as f64);
            table.row([
                json!(target),
                json!(arm.name),
                json!(horizon),
                json!(losses.rmse()),
                json!(losses.mae()),
                figure(change.rmse[0]),
                figure(change.rmse[1]),
                figure(change.rmse[2]),
                figure(change.dm),
                figure(change.mae[0]),
                figure(change.mae[1]),
                figure(change.mae[2]),
                share.map_or(Value::Null, |share| json!(share)),
            ]);
        }
    }
}
