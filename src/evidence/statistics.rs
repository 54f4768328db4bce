//! Means with 95 % intervals. Student's t by table: experiments here have few units.

/// A mean with the half-width of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub mean: f64,
    pub half_width: f64,
}

/// Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
const T95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// The mean of `values` with its interval; an infinite one for fewer than two.
pub(super) fn estimate(values: &[f64]) -> Estimate {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    if values.len() < 2 {
        return Estimate { mean, half_width: f64::INFINITY };
    }
    let square: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let error = (square / (count - 1.0) / count).sqrt();
    let quantile = T95.get(values.len() - 2).copied().unwrap_or(1.96);
    Estimate { mean, half_width: quantile * error }
}

/// The value below which `share` of the sorted values lie (nearest rank).
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).or(sorted.last()).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_values_by_hand() {
        let result = estimate(&[1.0, 2.0, 3.0, 4.0]);
        assert!((result.mean - 2.5).abs() < 1e-12);
        // s = 1.29099, / 2 = 0.645497, * 3.182
        assert!((result.half_width - 2.053_972).abs() < 1e-5, "{}", result.half_width);
        assert!(estimate(&[1.0]).half_width.is_infinite());
    }

    #[test]
    fn percentiles_are_members() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((percentile(&values, 0.95) - 95.0).abs() < 1e-12);
        assert!((percentile(&values, 0.5) - 50.0).abs() < 1e-12);
        assert!(percentile(&[], 0.5).abs() < 1e-12);
    }
}
