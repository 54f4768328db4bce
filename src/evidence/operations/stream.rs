//! Feeds a predictor with a record exactly as a node does, and keeps score of errors and
//! operations. Must not know what the predictor is.

use qres_core::neuron::{HISTORY, TAPS};
use qres_core::q16::{Q16, magnitude, percent, shrink};
use qres_core::residual::Residual;
use qres_core::tally::Tally as _;

use super::energy::Counts;

/// A predictor of the next step in deviations.
pub(super) trait Model {
    /// The forecast step.
    fn estimate(&self, counts: &mut Counts, inputs: &[Q16; TAPS]) -> Q16;
    /// Learns from the step that came and from the error that is to be heard.
    fn learn(
        &mut self,
        counts: &mut Counts,
        inputs: &[Q16; TAPS],
        step: Q16,
        error: Q16,
        rate: Q16,
    );
}

/// Errors in the sensor's unit, summed over samples, and what was done meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Score {
    pub samples: u64,
    /// Sums of |error| and of its square.
    pub model: [f64; 2],
    pub persistence: [f64; 2],
    /// From samples to inputs, and from the forecast step to the forecast: the same for all models.
    pub frame: Counts,
    pub predict: Counts,
    pub learn: Counts,
}

impl Score {
    /// Root mean square error over that of persistence.
    pub fn rmse(&self) -> f64 {
        (self.model[1] / self.persistence[1]).sqrt()
    }

    /// Mean absolute error over that of persistence.
    pub fn mae(&self) -> f64 {
        self.model[0] / self.persistence[0]
    }
}

/// What a node remembers of its sensor.
struct Memory {
    history: [i64; HISTORY],
    /// Running mean |step| in 2^-25 of the unit.
    scale_wide: i64,
    samples: u32,
    residual: Residual,
}

impl Memory {
    fn scale(&self) -> i64 {
        (self.scale_wide >> 9).max(64)
    }

    fn inputs(&self, counts: &mut Counts, lags: &[u8], inverse: i64) -> [Q16; TAPS] {
        let mut inputs = [Q16::ZERO; TAPS];
        for (input, lag) in inputs.iter_mut().zip(lags) {
            let past = self.history.get(usize::from(*lag) - 1).copied().unwrap_or(0);
            *input = deviations(past - self.history[0], inverse, 8);
            counts.load(1);
            counts.store(1);
            counts.add(1);
            counts.multiply(1);
            counts.shift(1);
            counts.compare(2);
        }
        inputs
    }

    fn take(&mut self, counts: &mut Counts, sample: i64) {
        self.samples += 1;
        let away = (sample - self.history[0]).abs();
        self.scale_wide += shrink((away << 9) - self.scale_wide, self.samples, 9);
        self.history.rotate_right(1);
        self.history[0] = sample;
        // Once 512 samples have passed, the average moves by a shift. The ring has one store.
        counts.add(4);
        counts.shift(2);
        counts.load(3);
        counts.store(3);
    }
}

/// Runs `model` over `record` (Q16.16 in the sensor's unit) at the rate of Calm; keeps score from
/// sample `from` on.
pub(super) fn walk(model: &mut impl Model, record: &[i32], lags: &[u8], from: usize) -> Score {
    let first = record.first().copied().map_or(0, i64::from);
    let mut memory = Memory {
        history: [first; HISTORY],
        scale_wide: 0,
        samples: 0,
        residual: Residual::default(),
    };
    let mut score = Score::default();
    for (index, sample) in record.iter().enumerate().skip(1) {
        let sample = i64::from(*sample);
        if index == from {
            score = Score::default();
        }
        let (level, scale) = (memory.history[0], memory.scale());
        let inverse = (1 << 32) / scale;
        let inputs = memory.inputs(&mut score.frame, lags, inverse);
        let expected = model.estimate(&mut score.predict, &inputs);
        let forecast = level + ((i64::from(expected.to_bits()) * scale) >> 16);
        let step = deviations(sample - level, inverse, 60);
        let error = step.saturating_sub(expected);
        let clip = memory.residual.usual().saturating_mul(Q16::from_num(2));
        let heard = if clip > Q16::ZERO { error.clamp(-clip, clip) } else { error };
        model.learn(&mut score.learn, &inputs, step, heard, percent(1));
        memory.residual.observe(magnitude(error), magnitude(step), false);
        memory.take(&mut score.frame, sample);
        // The inverse of the scale, the forecast, the step, the error and its cut.
        score.frame.divide(1);
        score.frame.multiply(3);
        score.frame.shift(4);
        score.frame.add(4);
        score.frame.compare(4);
        let unit = |gap: i64| gap as f64 / 65_536.0;
        let (miss, naive) = (unit(sample - forecast), unit(sample - level));
        score.samples += 1;
        score.model = [score.model[0] + miss.abs(), score.model[1] + miss * miss];
        score.persistence =
            [score.persistence[0] + naive.abs(), score.persistence[1] + naive * naive];
    }
    score
}

/// `away` times `inverse`, within +-`limit` deviations.
fn deviations(away: i64, inverse: i64, limit: i64) -> Q16 {
    Q16::from_bits(((away * inverse) >> 16).clamp(-(limit << 16), limit << 16) as i32)
}
