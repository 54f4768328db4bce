//! Ridge regression and vector autoregression in floating point: what a computer that holds the
//! whole record could do. Must not be used by nodes.

/// Sums that least squares needs: inputs by inputs, and inputs by outputs.
#[derive(Clone, Debug)]
pub struct Normal {
    width: usize,
    outputs: usize,
    /// Lower triangle in rows of `width`.
    gram: Vec<f64>,
    /// Rows of `outputs`.
    moment: Vec<f64>,
}

impl Normal {
    /// Empty sums for `width` inputs and `outputs` outputs.
    #[must_use]
    pub fn new(width: usize, outputs: usize) -> Self {
        Self { width, outputs, gram: vec![0.0; width * width], moment: vec![0.0; width * outputs] }
    }

    /// Takes a case in.
    pub fn add(&mut self, inputs: &[f64], outputs: &[f64]) {
        let rows = self.gram.chunks_exact_mut(self.width);
        for (at, (row, input)) in rows.zip(inputs).enumerate() {
            row.iter_mut().zip(inputs).take(at + 1).for_each(|(sum, other)| *sum += input * other);
        }
        for (row, input) in self.moment.chunks_exact_mut(self.outputs).zip(inputs) {
            row.iter_mut().zip(outputs).for_each(|(sum, output)| *sum += input * output);
        }
    }

    /// Takes all cases of another sum in.
    pub fn merge(&mut self, other: &Self) {
        self.gram.iter_mut().zip(&other.gram).for_each(|(sum, value)| *sum += value);
        self.moment.iter_mut().zip(&other.moment).for_each(|(sum, value)| *sum += value);
    }

    /// Weights that minimise the squared error plus `ridge` times their squares (Hoerl and Kennard,
    /// "Ridge regression", 1970), in rows of one input's weights for each output. By Cholesky's
    /// factorisation of `gram + ridge`.
    #[must_use]
    pub fn solve(&self, ridge: f64) -> Vec<f64> {
        let width = self.width;
        let mut factor = self.gram.clone();
        for row in 0..width {
            factor[row * width + row] += ridge;
            for column in 0..=row {
                let (left, right) = (row * width, column * width);
                let known: f64 = (0..column).map(|k| factor[left + k] * factor[right + k]).sum();
                let rest = factor[left + column] - known;
                factor[left + column] = if row == column {
                    rest.max(1e-12).sqrt()
                } else {
                    rest / factor[right + column]
                };
            }
        }
        let mut weights = self.moment.clone();
        for output in 0..self.outputs {
            let at = |row: usize| row * self.outputs + output;
            for row in 0..width {
                let known: f64 = (0..row).map(|k| factor[row * width + k] * weights[at(k)]).sum();
                weights[at(row)] = (weights[at(row)] - known) / factor[row * width + row];
            }
            for row in (0..width).rev() {
                let known: f64 =
                    (row + 1..width).map(|k| factor[k * width + row] * weights[at(k)]).sum();
                weights[at(row)] = (weights[at(row)] - known) / factor[row * width + row];
            }
        }
        weights
    }
}

/// The outputs that `weights` give for `inputs`.
#[must_use]
pub fn apply(weights: &[f64], inputs: &[f64], outputs: usize) -> Vec<f64> {
    let mut sums = vec![0.0; outputs];
    for (row, input) in weights.chunks_exact(outputs.max(1)).zip(inputs) {
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * input);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_unknowns_by_hand() {
        // y = 2 a - b exactly; the second output is a + 3 b.
        let mut normal = Normal::new(2, 2);
        for (a, b) in [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, -1.0)] {
            normal.add(&[a, b], &[2.0 * a - b, a + 3.0 * b]);
        }
        let weights = normal.solve(0.0);
        for (weight, expected) in weights.iter().zip([2.0, 1.0, -1.0, 3.0]) {
            assert!((weight - expected).abs() < 1e-9, "{weights:?}");
        }
        let outputs = apply(&weights, &[1.0, 2.0], 2);
        assert!(outputs[0].abs() < 1e-9 && (outputs[1] - 7.0).abs() < 1e-9, "{outputs:?}");
    }

    #[test]
    fn the_ridge_shrinks_by_hand() {
        // One input of 1, one output of 3, ridge 2: weight 3 / (1 + 2).
        let mut normal = Normal::new(1, 1);
        normal.add(&[1.0], &[3.0]);
        assert!((normal.solve(2.0)[0] - 1.0).abs() < 1e-12);
    }
}
