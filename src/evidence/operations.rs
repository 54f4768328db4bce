//! What a forecast costs: operations of each kind of predictor counted while it forecasts real
//! records, at equal error, under two tables of energy, beside one update of the radio.

mod energy;
mod kinds;
mod perceptron;
mod stream;

use std::path::{Path, PathBuf};

use qres_core::energy::PowerProfile;
use qres_core::neuron::{cascade, spiking};
use qres_core::radio::AirConfig;
use serde_json::json;

use super::{Context, STATIONS, Table};
use crate::scenario::{DatasetSpec, Delimiter, Normalise, Radio, RadioProfile};
use crate::world::dataset;
use energy::Counts;
use kinds::{Kernel, Linear};
use stream::{Score, walk};

/// Lags of the smaller and larger models, from few to all.
const LAGS: [&[u8]; 6] =
    [&[2], &[2, 3], &[2, 3, 4], &[2, 3, 4, 8], &[2, 3, 24, 25], &[2, 3, 4, 8, 16, 23, 24, 25]];
/// Which of them the reference uses.
const REFERENCE_LAGS: usize = 5;
/// Errors count as equal within this share.
const EQUAL: f64 = 1.02;
/// Hidden units of the perceptrons.
const HIDDEN: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// What is forecast: name, file with `{station}`, column, and the stations.
const RECORDS: [(&str, &str, &str, &[&str]); 3] = [
    ("Beijing PM2.5", "beijing/{station}.csv", "PM2.5", &STATIONS),
    ("Beijing TEMP", "beijing/{station}.csv", "TEMP", &STATIONS),
    ("Jena T", "weather/jena_2016h1.csv", "T (degC)", &[""]),
];

/// The table `operations`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "SIMULATED errors, counted operations, ANALYTIC energy. One-step forecasts of the second \
         half of each record, mean over its stations. Online kinds learn all the time at the rate \
         of Calm, without gossip; the perceptron (int8) is trained on the first half in floating \
         point, which is not counted, and learns nothing later. rmse, mae: over those of \
         persistence. default: as a node would run it. cheapest: the cheapest of its family with \
         rmse and mae within 2 % of `spiking, default`, or better; where that row is missing, none \
         is. best: the least rmse. Per sample, forecast and learning together: products (of 32 \
         bits; of 8 for the perceptron), simple operations (additions, comparisons, shifts), \
         divisions, spikes, bytes of state moved. predict_pj, learn_pj: 45 nm silicon (Horowitz, \
         ISSCC 2014) with memory; arithmetic_pj: both without memory. times_spiking: predict_pj + \
         learn_pj over those of `spiking, default`. c6_nj: ESP32-C6, cycles by assumption at \
         0.557 nJ each. per_update: samples for the energy of one update of 8 weights on the air \
         (Wi-Fi, 8.6 Mbit/s), with neither the radio's start nor any listening.",
        &[
            "record",
            "predictor",
            "setting",
            "rmse",
            "mae",
            "products",
            "simple",
            "divisions",
            "spikes",
            "bytes",
            "arithmetic_pj",
            "predict_pj",
            "learn_pj",
            "times_spiking",
            "c6_nj",
            "per_update",
        ],
    );
    let folder = context.data.clone().unwrap_or_else(|| PathBuf::from("."));
    for (name, path, column, stations) in RECORDS {
        let records = load(&folder, path, column, stations)?;
        let trials = trials(&records, context.threads);
        add(&mut table, name, &trials);
    }
    Ok(table)
}

/// What a family of predictors is asked to do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Family {
    Spiking,
    Linear,
    Cascade,
    Perceptron,
}

/// One predictor with its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    family: Family,
    lags: usize,
    /// Hyper-parameters, or hidden units first.
    hyper: [u8; 4],
    default: bool,
}

/// What came of a candidate, mean over stations.
#[derive(Clone, Copy, Debug)]
struct Trial {
    candidate: Candidate,
    rmse: f64,
    mae: f64,
    samples: u64,
    predict: Counts,
    learn: Counts,
    frame: Counts,
}

impl Trial {
    fn predict_pj(&self) -> f64 {
        self.predict.silicon_pj().1 / self.samples as f64
    }

    fn learn_pj(&self) -> f64 {
        self.learn.silicon_pj().1 / self.samples as f64
    }

    fn pj(&self) -> f64 {
        self.predict_pj() + self.learn_pj()
    }
}

/// All settings that are tried.
fn candidates() -> Vec<Candidate> {
    let mut all = Vec::new();
    for lags in 0..LAGS.len() {
        let reference = lags == REFERENCE_LAGS;
        for threshold in 1..=5 {
            let [standard, leak, trace, gain] = spiking::DEFAULT_HYPER;
            let default = reference && threshold == standard;
            for trace in [0, trace] {
                let hyper = [threshold, leak, trace, gain];
                let default = default && trace != 0;
                all.push(Candidate { family: Family::Spiking, lags, hyper, default });
            }
        }
        for order in [2, 4] {
            let [gain, step, standard, leak] = cascade::DEFAULT_HYPER;
            let default = reference && order == standard;
            let hyper = [gain, step, order, leak];
            all.push(Candidate { family: Family::Cascade, lags, hyper, default });
        }
        all.push(Candidate { family: Family::Linear, lags, hyper: [0; 4], default: reference });
        for hidden in HIDDEN {
            let hyper = [hidden as u8, 0, 0, 0];
            all.push(Candidate { family: Family::Perceptron, lags, hyper, default: false });
        }
    }
    all
}

/// Tries every candidate on every record, on `threads` threads.
fn trials(records: &[Vec<i32>], threads: usize) -> Vec<Trial> {
    let all = candidates();
    let share = all.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let work = |some: Vec<Candidate>| move || some.into_iter().map(|c| trial(c, records));
        let parts: Vec<_> = all
            .chunks(share)
            .map(|some| {
                let job = work(some.to_vec());
                scope.spawn(move || job().collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

fn trial(candidate: Candidate, records: &[Vec<i32>]) -> Trial {
    let mut trial = Trial {
        candidate,
        rmse: 0.0,
        mae: 0.0,
        samples: 0,
        predict: Counts::default(),
        learn: Counts::default(),
        frame: Counts::default(),
    };
    for record in records {
        let score = run(candidate, record);
        trial.rmse += score.rmse() / records.len() as f64;
        trial.mae += score.mae() / records.len() as f64;
        trial.samples += score.samples;
        trial.predict += score.predict;
        trial.learn += score.learn;
        trial.frame += score.frame;
    }
    trial
}

fn run(candidate: Candidate, record: &[i32]) -> Score {
    let lags = LAGS.get(candidate.lags).copied().unwrap_or(&[2]);
    let (taps, half) = (lags.len(), record.len() / 2);
    match candidate.family {
        Family::Linear => walk(&mut Linear::new(taps), record, lags, half),
        Family::Spiking | Family::Cascade => {
            let spiking = candidate.family == Family::Spiking;
            walk(&mut Kernel::new(spiking, candidate.hyper, taps as u8), record, lags, half)
        }
        Family::Perceptron => {
            let training = record.get(..half).unwrap_or(record);
            let hidden = usize::from(candidate.hyper[0]);
            walk(&mut perceptron::train(training, lags, hidden), record, lags, half)
        }
    }
}

/// The rows of one record.
fn add(table: &mut Table, name: &str, trials: &[Trial]) {
    let of = |family: Family| trials.iter().filter(move |trial| trial.candidate.family == family);
    let Some(reference) = of(Family::Spiking).find(|trial| trial.candidate.default) else {
        return;
    };
    let families = [
        (Family::Spiking, "spiking"),
        (Family::Linear, "linear"),
        (Family::Cascade, "cascade"),
        (Family::Perceptron, "perceptron int8"),
    ];
    for (family, title) in families {
        if let Some(usual) = of(family).find(|trial| trial.candidate.default) {
            row(table, name, &format!("{title}, default"), usual, reference);
        }
        let equal = of(family).filter(|trial| {
            trial.rmse <= EQUAL * reference.rmse && trial.mae <= EQUAL * reference.mae
        });
        if let Some(cheapest) = equal.min_by(|a, b| a.pj().total_cmp(&b.pj())) {
            row(table, name, &format!("{title}, cheapest"), cheapest, reference);
        }
        if let Some(best) = of(family).min_by(|a, b| a.rmse.total_cmp(&b.rmse)) {
            row(table, name, &format!("{title}, best"), best, reference);
        }
    }
    let frame = Trial {
        predict: reference.frame,
        learn: Counts::default(),
        candidate: Candidate { family: Family::Linear, ..reference.candidate },
        rmse: 1.0,
        mae: 1.0,
        ..*reference
    };
    row(table, name, "inputs and score, for all", &frame, reference);
}

fn row(table: &mut Table, name: &str, title: &str, trial: &Trial, reference: &Trial) {
    let mut both = trial.predict;
    both += trial.learn;
    let each = |count: u64| count as f64 / trial.samples as f64;
    let nj = both.esp32_c6_nj() / trial.samples as f64;
    table.row([
        json!(name),
        json!(title),
        json!(setting(trial.candidate)),
        json!(trial.rmse),
        json!(trial.mae),
        json!(each(both.multiplications + both.small_multiplications)),
        json!(each(both.simple())),
        json!(each(both.divisions)),
        json!(each(trial.predict.spikes)),
        json!(each(both.bytes)),
        json!(both.silicon_pj().0 / trial.samples as f64),
        json!(trial.predict_pj()),
        json!(trial.learn_pj()),
        json!(trial.pj() / reference.pj()),
        json!(nj),
        json!(update_nj(RadioProfile::Wifi6) / nj),
    ]);
}

fn setting(candidate: Candidate) -> String {
    let taps = LAGS.get(candidate.lags).map_or(0, |lags| lags.len());
    let day =
        if LAGS.get(candidate.lags).is_some_and(|lags| lags.contains(&24)) { ", day" } else { "" };
    let [first, _, third, _] = candidate.hyper;
    let rest = match candidate.family {
        Family::Linear => String::new(),
        Family::Spiking => {
            let traces = if third > 0 && taps < 8 { ", traces" } else { "" };
            format!(", threshold 2^{}{traces}", i32::from(first) - 4)
        }
        Family::Cascade => format!(", order {third}"),
        Family::Perceptron => format!(", {first} hidden"),
    };
    format!("{taps} taps{day}{rest}")
}

/// Energy of one update of eight weights on the air, in nanojoules.
fn update_nj(profile: RadioProfile) -> f64 {
    let radio = Radio::of(profile);
    let air = AirConfig {
        bitrate_bps: radio.bitrate_bps,
        preamble_us: radio.preamble_us,
        mtu_bytes: radio.mtu_bytes,
        ..AirConfig::default()
    };
    let power = match profile {
        RadioProfile::Wifi6 => PowerProfile::ESP32_C6,
        RadioProfile::LongRange => PowerProfile::ESP32_C6_LONG_RANGE,
    };
    // Flags, group, count, round, then the weights.
    let payload = 8 + 4 * qres_core::neuron::TAPS;
    air.message_us(payload) as f64 * f64::from(power.transmit_uw) * 1e-3
}

/// The records as Q16.16 without their gaps.
fn load(
    folder: &Path,
    path: &str,
    column: &str,
    stations: &[&str],
) -> Result<Vec<Vec<i32>>, String> {
    let spec = DatasetSpec {
        path: path.to_owned(),
        column: column.to_owned(),
        delimiter: Delimiter::Comma,
        missing: vec!["NA".to_owned(), String::new()],
        source: String::new(),
        normalise: Normalise::Affine { offset: 0.0, scale: 1.0 },
    };
    let read = |station: &&str| {
        let series =
            dataset::load(folder, &spec, station).map_err(|problem| problem.to_string())?;
        Ok(series.values.into_iter().flatten().collect())
    };
    stations.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_on_the_air_by_hand() {
        // 12 + 40 bytes at 8.6 Mbit/s: 48.4 us, rounded up, after 44; at 1.023 W.
        assert!((update_nj(RadioProfile::Wifi6) - 93.0 * 1_023.0).abs() < 1e-6);
        assert!(update_nj(RadioProfile::LongRange) > 100.0 * update_nj(RadioProfile::Wifi6));
    }

    #[test]
    fn each_family_has_one_default_or_none_and_settings_are_told_apart() {
        let all = candidates();
        for family in [Family::Spiking, Family::Linear, Family::Cascade] {
            let defaults = all.iter().filter(|c| c.family == family && c.default).count();
            assert_eq!(defaults, 1, "{family:?}");
        }
        let record: Vec<i32> = (0..3_000_i32).map(|n| (20 - (n % 40 - 20).abs()) << 15).collect();
        let few: Vec<Trial> = all
            .iter()
            .filter(|c| c.default || c.hyper[0] == 2 && c.family == Family::Perceptron)
            .map(|c| trial(*c, std::slice::from_ref(&record)))
            .collect();
        let mut table = Table::new("", &["record", "predictor"]);
        add(&mut table, "triangle", &few);
        let titles: Vec<&str> =
            table.rows.iter().filter_map(|row| row["predictor"].as_str()).collect();
        assert!(titles.contains(&"spiking, default") && titles.contains(&"linear, default"));
        assert!(titles.iter().any(|title| title.starts_with("perceptron int8")), "{titles:?}");
    }
}
