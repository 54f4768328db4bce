//! Recursive least squares in integers: exponentially forgotten sums of products, and one sweep of
//! coordinate descent a sample. No division by anything but a positive diagonal, no floating
//! point, no matrix inverse that could blow up.
//!
//! Source of the method: Y. V. Zakharov, G. P. White and J. Liu, "Low-complexity RLS algorithms
//! using dichotomous coordinate descent iterations", 2008; here with the exact step of
//! Gauss and Seidel.

/// Largest magnitude of an input.
pub(super) const INPUT_LIMIT: i32 = 1 << 20;
/// Fractional bits of weights and of predictions.
const WEIGHT_BITS: u32 = 16;
/// Fractional bits of a prediction.
const PREDICTION_BITS: u32 = 8;
/// Weights stay within plus and minus this, in units of 2^-16.
const WEIGHT_LIMIT: i64 = 4 << WEIGHT_BITS;
/// Fractional bits of the sums, so that forgetting does not stall.
const SUM_BITS: u32 = 8;
/// Bits that a sum keeps in the descent.
const WORK_BITS: u32 = 28;
/// Largest sum of products with the target in the descent.
const TARGET_LIMIT: i64 = 1 << 40;

/// Samples that speak for weights of zero before any was seen.
const CAUTION: i64 = 12;

/// `PAIRS` must be `INPUTS * (INPUTS + 1) / 2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeastSquares<const INPUTS: usize, const PAIRS: usize> {
    /// Sums of input times input, row by row up to the diagonal.
    products: [i64; PAIRS],
    /// Sums of input times target.
    targets: [i64; INPUTS],
    weights: [i32; INPUTS],
}

impl<const INPUTS: usize, const PAIRS: usize> LeastSquares<INPUTS, PAIRS> {
    pub(super) const fn new() -> Self {
        const { assert!(PAIRS == INPUTS * (INPUTS + 1) / 2) };
        Self { products: [0; PAIRS], targets: [0; INPUTS], weights: [0; INPUTS] }
    }

    /// The weighted sum of `inputs`, each within [`INPUT_LIMIT`], in units of 2^-8.
    pub(super) fn predict(&self, inputs: &[i32; INPUTS]) -> i64 {
        let sum: i64 =
            self.weights.iter().zip(inputs).map(|(w, u)| i64::from(*w) * i64::from(*u)).sum();
        sum >> (WEIGHT_BITS - PREDICTION_BITS)
    }

    /// Learns that `inputs` were followed by `target`; sums fade by 2^-`forget` a sample
    /// (`forget` at most 10). `seen` samples ago the sums were empty: young weights stay small.
    pub(super) fn learn(&mut self, inputs: &[i32; INPUTS], target: i32, forget: u32, seen: u8) {
        let mut products = self.products.iter_mut();
        let mut largest = 0;
        for (row, (input, sum)) in inputs.iter().zip(&mut self.targets).enumerate() {
            let input = i64::from(*input);
            *sum += ((input * i64::from(target)) << SUM_BITS) - (*sum >> forget);
            for (other, product) in inputs.iter().take(row + 1).zip(&mut products) {
                *product += ((input * i64::from(*other)) << SUM_BITS) - (*product >> forget);
                largest = largest.max(*product);
            }
        }
        let shift = (i64::BITS - largest.leading_zeros()).saturating_sub(WORK_BITS);
        self.descend(shift, seen);
    }

    /// Each weight in turn takes the value that is best while the others stand.
    fn descend(&mut self, shift: u32, seen: u8) {
        for row in 0..INPUTS {
            let mut gap = (self.targets.get(row).copied().unwrap_or(0) >> shift)
                .clamp(-TARGET_LIMIT, TARGET_LIMIT)
                << WEIGHT_BITS;
            let mut diagonal = 1;
            let mut place = row * (row + 1) / 2;
            for (column, weight) in self.weights.iter().enumerate() {
                let product = self.products.get(place).copied().unwrap_or(0) >> shift;
                if column == row {
                    let product = product.max(0);
                    let least = 1 << SUM_BITS >> shift.min(SUM_BITS);
                    diagonal = product + product * CAUTION / i64::from(seen.max(1)) + least;
                } else {
                    gap -= product * i64::from(*weight);
                }
                // Rows end at the diagonal; beyond it the sums stand in the column.
                place += if column < row { 1 } else { column + 1 };
            }
            if let Some(weight) = self.weights.get_mut(row) {
                *weight = (gap / diagonal).clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT) as i32;
            }
        }
    }
}
