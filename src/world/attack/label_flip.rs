//! Label flip on the sensor: every second reading is mirrored at the signal's mean level, 2 l - y.
//!
//! What a reading is to be predicted as then has the wrong sign as seen from the reading before. To
//! mirror all of them would teach the same weights, for a linear predictor does not care for the
//! sign of its signal. The node computes honestly on what it senses: an audit of its computation
//! passes. No parameter; it looks at its own sensor. Source: Biggio, Nelson and Laskov, "Support
//! vector machines under adversarial label noise", 2011.

/// The reading that the node gets for sample `index`; values and level in Q16.16.
#[must_use]
pub const fn sense(value: i64, level: i64, index: u64) -> i64 {
    if index.is_multiple_of(2) { value } else { 2 * level - value }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_second_reading_is_mirrored() {
        let seen: Vec<i64> = (0..4).map(|index| super::sense(12, 10, index)).collect();
        assert_eq!(seen, [12, 8, 12, 8]);
    }
}
