//! Losses of a method hour by hour, and paired comparisons of two methods on the same hours.
//! Must not know what made the forecasts.

use qres_core::draw::{Purpose, below, draw};

use super::super::statistics::percentile;

/// Hours of a bootstrap block: a week, longer than weather remembers.
const BLOCK_HOURS: usize = 168;
/// Resamples of the bootstrap.
const RESAMPLES: u64 = 2_000;
/// Lags beyond the horizon over which the Diebold-Mariano variance looks for correlation, in hours.
const EXTRA_LAGS: usize = 24;

/// Losses over one horizon, summed over stations for each hour of issue.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// Sums of squared errors.
    pub square: Vec<f64>,
    /// Sums of absolute errors.
    pub absolute: Vec<f64>,
    /// Forecasts scored.
    pub count: u64,
}

/// What a method changes against another, in percent of the other's: the change, and the ends of
/// its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Of the root mean square error.
    pub rmse: [f64; 3],
    /// Of the mean absolute error.
    pub mae: [f64; 3],
    /// Diebold and Mariano's statistic on squared errors; below 0 the method is better.
    pub dm: f64,
}

impl Losses {
    /// No losses yet, for `hours` hours.
    #[must_use]
    pub fn new(hours: usize) -> Self {
        Self { square: vec![0.0; hours], absolute: vec![0.0; hours], count: 0 }
    }

    /// Takes the error of a forecast issued in `hour`.
    pub fn add(&mut self, hour: usize, error: f64) {
        if let (Some(square), Some(absolute)) =
            (self.square.get_mut(hour), self.absolute.get_mut(hour))
        {
            *square += error * error;
            *absolute += error.abs();
            self.count += 1;
        }
    }

    /// Takes another station's losses in.
    pub fn merge(&mut self, other: &Self) {
        let add = |into: &mut Vec<f64>, from: &[f64]| {
            into.iter_mut().zip(from).for_each(|(sum, value)| *sum += value);
        };
        add(&mut self.square, &other.square);
        add(&mut self.absolute, &other.absolute);
        self.count += other.count;
    }

    /// Root mean square error.
    #[must_use]
    pub fn rmse(&self) -> f64 {
        (self.square.iter().sum::<f64>() / self.count.max(1) as f64).sqrt()
    }

    /// Mean absolute error.
    #[must_use]
    pub fn mae(&self) -> f64 {
        self.absolute.iter().sum::<f64>() / self.count.max(1) as f64
    }

    /// How this method compares with `other` on the same hours. The interval is that of a paired
    /// moving-block bootstrap (Kunsch, "The jackknife and the bootstrap for general stationary
    /// observations", 1989): whole weeks are drawn, for both methods and all stations at once, so
    /// that neither the likeness of neighbouring hours nor that of stations makes it too narrow.
    #[must_use]
    pub fn against(&self, other: &Self, horizon: usize) -> Change {
        Change {
            rmse: bootstrap(&self.square, &other.square, f64::sqrt),
            mae: bootstrap(&self.absolute, &other.absolute, |ratio| ratio),
            dm: diebold_mariano(&self.square, &other.square, horizon),
        }
    }
}

/// `shape(sum of own / sum of theirs)` less 1, in percent, with the ends of its interval.
fn bootstrap(own: &[f64], theirs: &[f64], shape: fn(f64) -> f64) -> [f64; 3] {
    let hours = own.len().min(theirs.len());
    let percent = |own: f64, theirs: f64| 100.0 * (shape(own / theirs.max(1e-12)) - 1.0);
    let whole = percent(own.iter().sum(), theirs.iter().sum());
    let (own, theirs) = (prefix(own), prefix(theirs));
    let block = BLOCK_HOURS.min(hours.max(1));
    let starts = (hours + 1).saturating_sub(block).max(1) as u64;
    let span = |sums: &[f64], start: usize| {
        let at = |place: usize| sums.get(place).copied().unwrap_or(0.0);
        at(start + block) - at(start)
    };
    let mut seen: Vec<f64> = (0..RESAMPLES)
        .map(|round| {
            let (mut a, mut b) = (0.0, 0.0);
            for place in 0..hours.div_ceil(block) {
                let bits = draw(1, Purpose::Noise, place as u32, round, 0);
                let start = below(bits, starts) as usize;
                a += span(&own, start);
                b += span(&theirs, start);
            }
            percent(a, b)
        })
        .collect();
    seen.sort_by(f64::total_cmp);
    [whole, percentile(&seen, 0.025), percentile(&seen, 0.975)]
}

/// The statistic of Diebold and Mariano, "Comparing predictive accuracy", 1995: the mean difference
/// of losses over its standard error, the variance after Newey and West, 1987. Below -1.96 the
/// first is better at the 5 % level, above 1.96 the second.
fn diebold_mariano(first: &[f64], second: &[f64], horizon: usize) -> f64 {
    let count = first.len().min(second.len());
    let mean = first.iter().zip(second).map(|(a, b)| a - b).sum::<f64>() / count.max(1) as f64;
    let away: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b - mean).collect();
    let covariance = |lag: usize| {
        away.iter().zip(away.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>() / count as f64
    };
    let lags = (horizon + EXTRA_LAGS).min(count.saturating_sub(1));
    let weigh = |lag: usize| 1.0 - lag as f64 / (lags + 1) as f64;
    let tail: f64 = (1..=lags).map(|lag| 2.0 * weigh(lag) * covariance(lag)).sum();
    mean / ((covariance(0) + tail).max(1e-300) / count.max(1) as f64).sqrt()
}

/// Sums of the first 0, 1, 2, ... values.
fn prefix(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let running = values.iter().map(|value| {
        sum += value;
        sum
    });
    std::iter::once(0.0).chain(running).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(errors: impl Iterator<Item = f64>) -> Losses {
        let errors: Vec<f64> = errors.collect();
        let mut losses = Losses::new(errors.len());
        errors.iter().enumerate().for_each(|(hour, error)| losses.add(hour, *error));
        losses
    }

    #[test]
    fn root_mean_square_by_hand() {
        let two = losses([3.0, -4.0].into_iter());
        assert!((two.rmse() - 12.5_f64.sqrt()).abs() < 1e-12);
        assert!((two.mae() - 3.5).abs() < 1e-12);
    }

    #[test]
    fn halved_errors_are_minus_fifty_percent_whatever_the_block() {
        let noise = |n: u64| below(draw(3, Purpose::Noise, 0, n, 0), 1_000) as f64 / 500.0 - 1.0;
        let whole = losses((0..2_000).map(noise));
        let half = losses((0..2_000).map(|n| noise(n) / 2.0));
        let change = half.against(&whole, 1);
        for value in change.rmse.into_iter().chain(change.mae) {
            assert!((value + 50.0).abs() < 1e-9, "{change:?}");
        }
        assert!(change.dm < -10.0, "{change:?}");
    }

    #[test]
    fn equals_cannot_be_told_apart() {
        let noise = |n: u64| below(draw(5, Purpose::Noise, 0, n, 0), 1_000) as f64 / 500.0 - 1.0;
        let (one, two) = (losses((0..2_000).map(noise)), losses((2_000..4_000).map(noise)));
        let change = one.against(&two, 1);
        for [_, low, high] in [change.rmse, change.mae] {
            assert!(low < 0.0 && high > 0.0, "{change:?}");
        }
        assert!(change.dm.abs() < 1.96, "{change:?}");
    }

    #[test]
    fn the_variance_of_white_differences_by_hand() {
        // Differences 1 and 3, in turn: mean 2; autocovariances +1, -1, +1, ... over n.
        let first: Vec<f64> = (0..400).map(|n| if n % 2 == 0 { 1.0 } else { 3.0 }).collect();
        let value = diebold_mariano(&first, &[0.0; 400], 1);
        assert!(value > 40.0, "{value}: at least the statistic of white noise, 2 / (1 / 20)");
    }
}
