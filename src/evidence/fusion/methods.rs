//! The methods that are compared: each makes forecasts of column 0 at all horizons and is scored on
//! the same hours. A forecast is scored as it was when it was issued.

use qres_core::boundary::f64_from_q16;
use qres_core::fusion::{Fusion, FusionConfig, HEADS, Head};

use super::linear::{Normal, apply};
use super::losses::Losses;
use super::stations::{COLUMNS, Record};

/// Hours ahead.
pub const HORIZONS: [usize; HEADS] = [1, 6, 24];
/// The deepest that any method looks back, with room for the longest horizon.
const WARM_UP: usize = 64;
/// Hours back that vector autoregression looks.
const AUTOREGRESSION_LAGS: [usize; 6] = [0, 1, 2, 5, 11, 23];
/// Ridges that are tried.
const RIDGES: [f64; 4] = [1.0, 10.0, 100.0, 1_000.0];

/// The hours that forecasts are issued in and scored: from the first to before the last. Methods
/// that fit at once fit to the hours before.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// First hour of issue.
    pub from: usize,
    /// Hours of the record that count.
    pub to: usize,
}

/// Losses at each horizon.
pub type Scores = [Losses; HEADS];

impl Span {
    /// Scores the forecasts that `forecast` issues: for an hour and a place in [`HORIZONS`].
    fn score(&self, record: &Record, forecast: impl Fn(usize, usize) -> f64) -> Scores {
        HORIZONS.map(|horizon| {
            let mut losses = Losses::new(self.to - self.from);
            let place = HORIZONS.iter().position(|known| *known == horizon).unwrap_or(0);
            for hour in self.from..self.to.saturating_sub(horizon) {
                if let (Some(_), Some(truth)) =
                    (target(record, hour), target(record, hour + horizon))
                {
                    losses.add(hour - self.from, truth - forecast(hour, place));
                }
            }
            losses
        })
    }
}

fn target(record: &Record, hour: usize) -> Option<f64> {
    record.get(hour)?.first().copied().flatten().map(f64_from_q16)
}

/// The last reading, and the reading of a day before the hour that is forecast.
#[must_use]
pub fn naive(record: &Record, span: Span) -> (Scores, Scores) {
    let held = held(record);
    let at = |hour: usize| held.get(hour).map_or(0.0, |row| row[0]);
    let persistence = span.score(record, |hour, _| at(hour));
    let seasonal = span.score(record, |hour, place| at(hour + HORIZONS[place] - 24));
    (persistence, seasonal)
}

/// The core's fusion, hour by hour as a node would run it, with the first `S` sources; also returns
/// source updates due and done.
#[must_use]
pub fn online<const S: usize>(
    record: &Record,
    config: &FusionConfig,
    span: Span,
) -> (Scores, [u64; 2]) {
    let mut fusion: Fusion<S, HEADS> = Fusion::default();
    let mut issued = vec![[0.0; HEADS]; span.to];
    for (row, out) in record.iter().zip(&mut issued) {
        fusion.step(config, row[0], &row[1..], None, false);
        *out = std::array::from_fn(|head| f64_from_q16(fusion.forecast(head)));
    }
    let counts = fusion.heads().iter().map(Head::updates);
    let updates =
        counts.fold([0, 0], |sum, (due, done)| [sum[0] + u64::from(due), sum[1] + u64::from(done)]);
    (span.score(record, |hour, place| issued[hour][place]), updates)
}

/// Ridge regression on the inputs that fusion has, of all columns or of the first alone; fitted
/// once to all hours before `span`, the ridge chosen on the last eighth of them. `clean` is what it
/// is fitted to, `record` what it then sees.
#[must_use]
pub fn ridge(clean: &Record, record: &Record, columns: usize, span: Span) -> Scores {
    let scaled = standardised(clean, clean, span);
    let seen = standardised(record, clean, span);
    let lags = FusionConfig::default();
    let weights = HORIZONS.map(|horizon| {
        let (mut early, mut late) =
            (Normal::new(width(columns), 1), Normal::new(width(columns), 1));
        let validate_from = span.from - span.from / 8;
        let mut held_out = Vec::new();
        for hour in WARM_UP..span.from.saturating_sub(horizon) {
            if target(clean, hour).is_none() || target(clean, hour + horizon).is_none() {
                continue;
            }
            let inputs = inputs(&scaled, hour, columns, &lags);
            let step = scaled[hour + horizon][0] - scaled[hour][0];
            if hour + horizon < validate_from {
                early.add(&inputs, &[step]);
            } else if hour >= validate_from {
                late.add(&inputs, &[step]);
                held_out.push((inputs, step));
            }
        }
        let loss = |ridge: f64| -> f64 {
            let weights = early.solve(ridge);
            held_out
                .iter()
                .map(|(inputs, step)| (step - apply(&weights, inputs, 1)[0]).powi(2))
                .sum()
        };
        let best = RIDGES.into_iter().min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0);
        early.merge(&late);
        early.solve(best)
    });
    let (mean, deviation) = moments(clean, 0, span.from);
    span.score(record, |hour, place| {
        let step = apply(&weights[place], &inputs(&seen, hour, columns, &lags), 1)[0];
        mean + deviation * (seen[hour][0] + step)
    })
}

/// Vector autoregression of all columns (Sims, "Macroeconomics and reality", 1980), fitted as ridge
/// is, and run forward for the longer horizons.
#[must_use]
pub fn autoregression(clean: &Record, record: &Record, span: Span) -> Scores {
    let scaled = standardised(clean, clean, span);
    let mut normal = Normal::new(COLUMNS.len() * AUTOREGRESSION_LAGS.len() + 1, COLUMNS.len());
    for hour in WARM_UP..span.from.saturating_sub(1) {
        let known = |hour: usize| clean[hour].iter().all(Option::is_some);
        if known(hour) && known(hour + 1) {
            normal.add(&past(&scaled[..=hour]), &scaled[hour + 1]);
        }
    }
    let weights = normal.solve(1.0);
    let seen = standardised(record, clean, span);
    let (mean, deviation) = moments(clean, 0, span.from);
    let mut issued = vec![[0.0; HEADS]; span.to];
    for (hour, out) in issued.iter_mut().enumerate().skip(span.from) {
        let mut window = seen[hour - WARM_UP..=hour].to_vec();
        for ahead in 1..=HORIZONS[HEADS - 1] {
            let next = apply(&weights, &past(&window), COLUMNS.len());
            window.push(std::array::from_fn(|column| next[column].clamp(-20.0, 20.0)));
            if let Some(place) = HORIZONS.iter().position(|horizon| *horizon == ahead) {
                out[place] = mean + deviation * next[0];
            }
        }
    }
    span.score(record, |hour, place| issued[hour][place])
}

type Row = [f64; COLUMNS.len()];

/// The values that autoregression looks at, and a constant.
fn past(rows: &[Row]) -> Vec<f64> {
    let newest = rows.len().saturating_sub(1);
    let lagged = AUTOREGRESSION_LAGS.iter().flat_map(|lag| rows[newest.saturating_sub(*lag)]);
    lagged.chain([1.0]).collect()
}

/// Readings with the last one held where one is missing.
fn held(record: &Record) -> Vec<Row> {
    let mut last = [0.0; COLUMNS.len()];
    let each = record.iter().map(|row| {
        for (held, reading) in last.iter_mut().zip(row) {
            *held = reading.map_or(*held, f64_from_q16);
        }
        last
    });
    each.collect()
}

/// Mean and deviation of a column before hour `end`.
fn moments(record: &Record, column: usize, end: usize) -> (f64, f64) {
    let values = record.iter().take(end).filter_map(|row| row[column]).map(f64_from_q16);
    let (count, sum, square) =
        values.fold((0.0, 0.0, 0.0), |(n, s, q): (f64, f64, f64), x| (n + 1.0, s + x, q + x * x));
    let mean = sum / count.max(1.0);
    (mean, (square / count.max(1.0) - mean * mean).max(1e-12).sqrt())
}

/// Held readings, each column by its moments in the `clean` record before the span.
fn standardised(record: &Record, clean: &Record, span: Span) -> Vec<Row> {
    let scales: Vec<_> = (0..COLUMNS.len()).map(|c| moments(clean, c, span.from)).collect();
    let mut rows = held(record);
    for row in &mut rows {
        for (value, (mean, deviation)) in row.iter_mut().zip(&scales) {
            *value = (*value - mean) / deviation;
        }
    }
    rows
}

fn width(columns: usize) -> usize {
    let lags = FusionConfig::default();
    lags.own_lags.len() + 3 + (columns - 1) * (lags.source_lags.len() + 2)
}

/// Fusion's inputs in standard deviations: level, square or product, spans, and a constant.
fn inputs(rows: &[Row], hour: usize, columns: usize, config: &FusionConfig) -> Vec<f64> {
    let mut inputs = vec![1.0];
    for column in 0..columns {
        let level = rows[hour][column];
        inputs.extend([level, level * rows[hour][0]]);
        let lags: &[u8] = if column == 0 { &config.own_lags } else { &config.source_lags };
        let mut newer = level;
        for lag in lags {
            let older = rows[hour.saturating_sub(usize::from(*lag))][column];
            inputs.push(newer - older);
            newer = older;
        }
    }
    inputs
}
