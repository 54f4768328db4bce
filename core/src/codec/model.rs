//! The sample model: what the next sample will be, as a mixture of distributions, and what is
//! learnt when it is known. The decoder runs the same integers in the same order.
//!
//! Five predictors (the newest sample, the straight line, two least squares on differences, one on
//! differences of logarithms) each give two logistic distributions, with a quick and a slow
//! spread. Their weights follow Bayes' rule with a fixed share.
//!
//! Source of the weighting: M. Herbster and M. Warmuth, "Tracking the best expert", 1998.

use super::lattice::{Lattice, Numbering};
use super::range::{Decoder, Encoder, TOTAL, TOTAL_BITS};
use super::squares::{INPUT_LIMIT, LeastSquares};
use super::tables::{ARGUMENT_BITS, LOG_BITS, REACH, log2, logistic};

/// Differences of the series itself that the long predictor sees.
pub(super) const OWN_INPUTS: usize = 8;
const SHORT_INPUTS: usize = 2;
const LOG_INPUTS: usize = 4;
/// Predictors in units of samples, and after them the one in logarithms.
const LINEAR: usize = 4;
const PREDICTORS: usize = LINEAR + 1;
/// Each predictor with a quick and a slow spread.
const EXPERTS: usize = 2 * PREDICTORS;
/// Sums of the long, short and logarithmic least squares fade by 2^-this a sample.
const LONG_FORGET: u32 = 10;
const SHORT_FORGET: u32 = 5;
const LOG_FORGET: u32 = 7;
/// Spreads move by 2^-this a sample: quick and slow; in samples, then in logarithms.
const LINEAR_RATES: [u32; 2] = [3, 6];
const LOG_RATES: [u32; 2] = [4, 6];
/// Mean magnitude to scale of a logistic distribution, in sixteenths (exactly 1 / (2 ln 2)).
const SCALE_SIXTEENTHS: i64 = 12;
/// Smallest scale, in 2^-8 of a sample and 2^-20 of a logarithm.
const SCALE_MIN: i64 = 16;
/// Spread before the first error.
const SPREAD_START: i64 = 64 << 8;
/// Error that a spread follows at most, in spreads.
const SURPRISE_MAX: i64 = 16;
/// Added to magnitudes before their logarithm, in samples.
const LOG_OFFSET: i64 = 64;
/// Logarithms as inputs have this many bits less.
const LOG_INPUT_SHIFT: u32 = 6;
/// Sum of the weights.
const WEIGHT_TOTAL: u32 = 1 << 16;
/// Share of its distance to the even weight that a weight gains each sample, in 2^-12.
const SHARE: i64 = 40;
/// Buckets of the window around the prediction.
const WINDOW: i64 = 1 << 12;
/// Least part of [`TOTAL`] for a sample below the window, and for one above.
const ESCAPE: u32 = 32;
/// Finest buckets to a scale, as a power of two.
const FINENESS: u32 = 5;
/// Every so many turns a search halves what is left.
const PATIENCE: u32 = 4;
/// Scale of reciprocals.
const INVERSE_BITS: u32 = 30;

/// What one series has taught so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model<const INPUTS: usize, const PAIRS: usize> {
    long: LeastSquares<INPUTS, PAIRS>,
    logs: LeastSquares<LOG_INPUTS, 10>,
    short: LeastSquares<SHORT_INPUTS, 3>,
    /// Mean magnitudes of the errors: quick and slow.
    spreads: [[i64; 2]; PREDICTORS],
    weights: [u32; EXPERTS],
    lattice: Lattice,
    /// Newest differences first.
    differences: [i32; OWN_INPUTS],
    log_differences: [i32; LOG_INPUTS],
    newest: i32,
    /// Samples seen, up to 255.
    seen: u8,
}

/// What is foreseen for one sample.
struct Forecast<const INPUTS: usize> {
    inputs: [i32; INPUTS],
    /// Predictions in 2^-8 of a sample, the last in 2^-20 of a logarithm.
    centres: [i64; PREDICTORS],
    /// Scale of each expert and its reciprocal.
    scales: [(i64, i64); EXPERTS],
    weights: [u32; EXPERTS],
}

/// The buckets into which the values around the prediction fall.
struct Grid {
    numbering: Numbering,
    /// Values in a bucket, as a power of two.
    shift: u32,
    /// Number of the first bucket.
    first: i64,
}

/// Distribution functions of the experts at one border.
type Heights = [u32; EXPERTS];

impl<const INPUTS: usize, const PAIRS: usize> Model<INPUTS, PAIRS> {
    pub(super) const fn new() -> Self {
        Self {
            long: LeastSquares::new(),
            logs: LeastSquares::new(),
            short: LeastSquares::new(),
            spreads: [[SPREAD_START; 2]; PREDICTORS],
            weights: [WEIGHT_TOTAL / EXPERTS as u32; EXPERTS],
            lattice: Lattice::new(),
            differences: [0; OWN_INPUTS],
            log_differences: [0; LOG_INPUTS],
            newest: 0,
            seen: 0,
        }
    }

    /// Codes a sample and learns from it. `side` are what else is known of this moment: newest
    /// differences of other series; those beyond the inputs are left out.
    pub(super) fn encode(&mut self, coder: &mut Encoder<'_>, value: i32, side: &[i32]) {
        if self.seen == 0 {
            put_number(coder, u64::from(zigzag(value)));
            return self.start(value);
        }
        let forecast = self.forecast(side);
        let on = self.lattice.holds(value);
        if let Some(chance) = self.lattice.chance() {
            let split = flag_split(chance);
            if on { coder.put(0, split) } else { coder.put(split, TOTAL) }
        }
        let grid = forecast.grid(self.lattice.numbering(on));
        let number = grid.numbering.number(i64::from(value));
        let bucket = (number >> grid.shift) - grid.first;
        let place = bucket.clamp(0, WINDOW);
        let low = forecast.heights(grid.border(place));
        let from = forecast.cumulative(&low, place);
        let mut masses = None;
        if bucket < 0 {
            coder.put(0, from);
            put_number(coder, ((grid.first << grid.shift) - 1 - number) as u64);
        } else if bucket >= WINDOW {
            coder.put(from, TOTAL);
            put_number(coder, (number - ((grid.first + WINDOW) << grid.shift)) as u64);
        } else {
            let high = forecast.heights(grid.border(place + 1));
            coder.put(from, forecast.cumulative(&high, place + 1));
            coder.put_bits(number as u32, grid.shift);
            masses = Some(between(&low, &high));
        }
        self.learn(&forecast, value, masses);
    }

    /// Decodes a sample and learns from it; `None` if it is none.
    pub(super) fn decode(&mut self, coder: &mut Decoder<'_>, side: &[i32]) -> Option<i32> {
        if self.seen == 0 {
            let value = unzigzag(u32::try_from(take_number(coder)).ok()?);
            self.start(value);
            return Some(value);
        }
        let forecast = self.forecast(side);
        let mut on = true;
        if let Some(chance) = self.lattice.chance() {
            let split = flag_split(chance);
            on = !coder.reaches(split);
            if on { coder.take(0, split) } else { coder.take(split, TOTAL) }
        }
        let grid = forecast.grid(self.lattice.numbering(on));
        let cumulative = |place| forecast.cumulative(&forecast.heights(grid.border(place)), place);
        let (lowest, highest) = (cumulative(0), cumulative(WINDOW));
        let mut masses = None;
        let number = if !coder.reaches(lowest) {
            coder.take(0, lowest);
            (grid.first << grid.shift).checked_sub_unsigned(take_number(coder))?.checked_sub(1)?
        } else if coder.reaches(highest) {
            coder.take(highest, TOTAL);
            ((grid.first + WINDOW) << grid.shift).checked_add_unsigned(take_number(coder))?
        } else {
            let aim = Aim { target: i64::from(coder.target()), coder };
            let (guess, slope) = forecast.guess(&grid, aim.target);
            let place = search(guess, slope, cumulative, &aim);
            let low = forecast.heights(grid.border(place));
            let high = forecast.heights(grid.border(place + 1));
            coder.take(forecast.cumulative(&low, place), forecast.cumulative(&high, place + 1));
            masses = Some(between(&low, &high));
            (grid.first + place) << grid.shift | i64::from(coder.take_bits(grid.shift))
        };
        let value = i32::try_from(grid.numbering.value(number)).ok()?;
        self.learn(&forecast, value, masses);
        Some(value)
    }

    /// The difference of the newest two samples: a side input for another series.
    #[cfg(feature = "alloc")]
    pub(super) const fn newest_difference(&self) -> i32 {
        self.differences[0]
    }

    fn start(&mut self, value: i32) {
        self.newest = value;
        self.seen = 1;
        self.lattice.learn(value, value);
    }

    fn forecast(&self, side: &[i32]) -> Forecast<INPUTS> {
        let mut inputs = [0; INPUTS];
        for (input, known) in inputs.iter_mut().zip(self.differences.iter().chain(side)) {
            *input = *known;
        }
        let [newest, before, ..] = self.differences;
        let base = i64::from(self.newest) << 8;
        let centres = [
            base,
            base + (i64::from(newest) << 8),
            base + self.short.predict(&[newest, before]),
            base + self.long.predict(&inputs),
            logarithm(base) + (self.logs.predict(&self.log_differences) >> 8 << LOG_INPUT_SHIFT),
        ];
        let mut scales = [(SCALE_MIN, 0); EXPERTS];
        for (scale, spread) in scales.iter_mut().zip(self.spreads.as_flattened()) {
            let width = ((spread * SCALE_SIXTEENTHS) >> 4).max(SCALE_MIN);
            *scale = (width, (1 << (INVERSE_BITS + ARGUMENT_BITS)) / width);
        }
        Forecast { inputs, centres, scales, weights: self.weights }
    }

    fn learn(&mut self, forecast: &Forecast<INPUTS>, value: i32, masses: Option<Heights>) {
        if let Some(masses) = masses {
            self.weigh(&masses);
        }
        let warm = u8::BITS - self.seen.leading_zeros();
        let exact = i64::from(value) << 8;
        for (index, (spreads, centre)) in self.spreads.iter_mut().zip(forecast.centres).enumerate()
        {
            let (target, rates) =
                if index < LINEAR { (exact, LINEAR_RATES) } else { (logarithm(exact), LOG_RATES) };
            let error = (target - centre).abs();
            for (spread, rate) in spreads.iter_mut().zip(rates) {
                let followed = error.min(*spread * SURPRISE_MAX + 256);
                *spread += (followed - *spread) >> rate.min(warm);
            }
        }
        let limit = i64::from(INPUT_LIMIT);
        let step = (i64::from(value) - i64::from(self.newest)).clamp(-limit, limit) as i32;
        let [newest, before, ..] = self.differences;
        self.short.learn(&[newest, before], step, SHORT_FORGET, self.seen);
        self.long.learn(&forecast.inputs, step, LONG_FORGET, self.seen);
        let log_step = logarithm(exact) - logarithm(i64::from(self.newest) << 8);
        let log_step = (log_step >> LOG_INPUT_SHIFT).clamp(-limit, limit) as i32;
        self.logs.learn(&self.log_differences, log_step, LOG_FORGET, self.seen);
        self.differences.rotate_right(1);
        self.differences[0] = step;
        self.log_differences.rotate_right(1);
        self.log_differences[0] = log_step;
        self.lattice.learn(value, self.newest);
        self.newest = value;
        self.seen = self.seen.saturating_add(1);
    }

    /// Bayes' rule, then the fixed share.
    fn weigh(&mut self, masses: &Heights) {
        let each = |(weight, mass): (&u32, &u32)| u64::from(*weight) * u64::from(*mass + 1);
        let sum: u64 = self.weights.iter().zip(masses).map(each).sum();
        let even = i64::from(WEIGHT_TOTAL) / EXPERTS as i64;
        let mut total = 0;
        for (weight, mass) in self.weights.iter_mut().zip(masses) {
            let posterior = ((each((weight, mass)) << 16) / sum.max(1)) as i64;
            *weight = (posterior + (((even - posterior) * SHARE) >> 12)).max(1) as u32;
            total += *weight;
        }
        for weight in &mut self.weights {
            *weight = (u64::from(*weight) * u64::from(WEIGHT_TOTAL) / u64::from(total)) as u32;
        }
    }
}

impl<const INPUTS: usize> Forecast<INPUTS> {
    /// Buckets around the weighted mean of the predictions, fine against the smallest scale.
    fn grid(&self, numbering: Numbering) -> Grid {
        let finest = self.scales.iter().take(2 * LINEAR).map(|(scale, _)| *scale).min();
        let fine = (finest.unwrap_or(SCALE_MIN) >> 8) / numbering.unit();
        let shift = fine.max(1).ilog2().saturating_sub(FINENESS);
        let (mut sum, mut mass) = (0, 1);
        for (centre, weights) in self.centres.iter().take(LINEAR).zip(self.weights.chunks(2)) {
            let weight = weights.iter().map(|weight| i64::from(*weight)).sum::<i64>();
            sum += (centre >> 8) * weight;
            mass += weight;
        }
        let first = (numbering.number(sum / mass) >> shift) - WINDOW / 2;
        Grid { numbering, shift, first }
    }

    /// The bucket in which the likeliest expert in units of samples sees `target` of [`TOTAL`], and
    /// how many units of [`TOTAL`] a bucket owns there.
    fn guess(&self, grid: &Grid, target: i64) -> (i64, i64) {
        let experts = self.weights.iter().take(2 * LINEAR).enumerate();
        let best = experts.max_by_key(|(_, weight)| **weight).map_or(0, |(index, _)| index);
        let centre = self.centres.get(best / 2).copied().unwrap_or(0);
        let scale = self.scales.get(best).map_or(SCALE_MIN, |(scale, _)| *scale);
        let below = target.clamp(1, i64::from(TOTAL) - 1);
        let above = i64::from(TOTAL) - below;
        // The inverse of the logistic distribution, ln(below / above); ln 2 is about 45426 / 2^16.
        let odds = ((log2(below as u64) - log2(above as u64)) * 45_426) >> 16;
        let value = centre + ((scale * (odds >> 4)) >> (LOG_BITS - 4));
        let place = (grid.numbering.number(value >> 8) >> grid.shift) - grid.first;
        let width = (grid.numbering.unit() << grid.shift) << 8;
        let density = ((below * above) >> TOTAL_BITS) * width / scale;
        (place, density.max(1))
    }

    /// All distribution functions at a border in units of 2^-8.
    fn heights(&self, border: i64) -> Heights {
        let mut heights = [0; EXPERTS];
        let places = self.centres.iter().enumerate().flat_map(|(index, centre)| {
            let gap = if index < LINEAR { border } else { logarithm(border) } - centre;
            [gap, gap]
        });
        for ((height, gap), (scale, inverse)) in heights.iter_mut().zip(places).zip(&self.scales) {
            let reach = scale * REACH;
            *height = logistic((gap.clamp(-reach, reach) * inverse) >> INVERSE_BITS);
        }
        heights
    }

    /// Units of [`TOTAL`] below the border `place` of the window. Each bucket owns at least one.
    fn cumulative(&self, heights: &Heights, place: i64) -> u32 {
        let weighted = self.weights.iter().zip(heights).map(|(w, h)| u64::from(*w) * u64::from(*h));
        let mixed = (weighted.sum::<u64>() >> 16).min(u64::from(TOTAL));
        let free = u64::from(TOTAL - 2 * ESCAPE - WINDOW as u32);
        ESCAPE + ((mixed * free) >> TOTAL_BITS) as u32 + place as u32
    }
}

impl Grid {
    /// The border below bucket `place` of the window, in units of 2^-8.
    const fn border(&self, place: i64) -> i64 {
        self.numbering.border((self.first + place) << self.shift)
    }
}

/// The bucket whose border is the last one that `aim` reaches, by regula falsi from `guess`;
/// `slope` is about how many units of [`TOTAL`] a bucket owns there.
fn search(guess: i64, slope: i64, cumulative: impl Fn(i64) -> u32, aim: &Aim<'_, '_>) -> i64 {
    let (mut low, mut high) = (0, WINDOW);
    let (mut low_at, mut high_at) = (None, None);
    let mut place = guess;
    for turn in 1.. {
        place = place.clamp(low + 1, high - 1);
        let at = cumulative(place);
        let missing = aim.target - i64::from(at);
        if aim.coder.reaches(at) {
            (low, low_at) = (place, Some(missing));
        } else {
            (high, high_at) = (place, Some(missing));
        }
        if high - low <= 1 {
            break;
        }
        place = match (low_at, high_at) {
            _ if turn % PATIENCE == 0 => i64::midpoint(low, high),
            (Some(before), Some(behind)) if before > behind => {
                low + before * (high - low) / (before - behind)
            }
            // One end is open: step a little beyond where the slope says.
            _ => place + (missing + missing / 4) / slope + missing.signum(),
        };
    }
    low
}

/// Where a string points.
struct Aim<'a, 'b> {
    coder: &'a Decoder<'b>,
    /// About how many units of [`TOTAL`] lie below.
    target: i64,
}

fn between(low: &Heights, high: &Heights) -> Heights {
    let mut masses = [0; EXPERTS];
    for ((mass, low), high) in masses.iter_mut().zip(low).zip(high) {
        *mass = high.saturating_sub(*low);
    }
    masses
}

/// `sign(v) * log2(1 + |v| / 64)` of a value in units of 2^-8, in units of 2^-20.
fn logarithm(value: i64) -> i64 {
    let zero = (LOG_OFFSET << 8).ilog2();
    let size =
        log2(value.unsigned_abs() + (LOG_OFFSET << 8) as u64) - (i64::from(zero) << LOG_BITS);
    if value < 0 { -size } else { size }
}

const fn flag_split(chance: u16) -> u32 {
    (chance as u32) << (TOTAL_BITS - 16)
}

const fn zigzag(value: i32) -> u32 {
    (value << 1 ^ value >> 31) as u32
}

const fn unzigzag(code: u32) -> i32 {
    (code >> 1) as i32 ^ -((code & 1) as i32)
}

/// A number of any size: its length in bits, then the bits below the highest.
fn put_number(coder: &mut Encoder<'_>, number: u64) {
    let length = u64::BITS - number.leading_zeros();
    coder.put_bits(length, 6);
    let below = length.saturating_sub(1);
    coder.put_bits((number >> 32) as u32, below.saturating_sub(32));
    coder.put_bits(number as u32, below.min(32));
}

fn take_number(coder: &mut Decoder<'_>) -> u64 {
    let length = coder.take_bits(6);
    let below = length.saturating_sub(1);
    let high = u64::from(coder.take_bits(below.saturating_sub(32)));
    let low = u64::from(coder.take_bits(below.min(32)));
    let top = if length == 0 { 0 } else { 1 << below };
    top | high << 32 | low
}
