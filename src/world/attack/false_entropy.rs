//! False entropy: noise on the sensor, so that the node's own detector finds a storm, and the node
//! votes for one in good faith. Denial of sleep: neighbours that believe it wake more often and
//! pay.
//!
//! y + N(0, (k d)^2), with d the deviation that storms multiply. Parameter: `noise` k, 0 to 1000.
//! It looks at its own sensor. Source: Brownfield, Gupta and Davis, "Wireless sensor network denial
//! of sleep attack", 2005.

use qres_core::draw::{Purpose, draw};

use super::view::times;
use crate::world::signal::normal;

/// The reading that `node` gets for sample `index`; value, deviation and noise in Q16.16.
#[must_use]
pub fn sense(value: i64, deviation: i64, noise: i64, seed: u64, node: u32, index: u64) -> i64 {
    let draw = normal(draw(seed, Purpose::Attack, node, index, 20));
    value + times(times(i64::from(draw), deviation), noise)
}

#[cfg(test)]
mod tests {
    #[test]
    fn noise_has_its_deviation() {
        let (mut sum, mut squares) = (0, 0);
        for index in 0..8_000 {
            let x = super::sense(5 << 16, 1 << 15, 4 << 16, 3, 1, index) - (5 << 16);
            sum += x;
            squares += (x * x) >> 16;
        }
        // Deviation 2; one standard deviation of the variance is 1.6 %.
        assert!((sum / 8_000).abs() < 6_000, "{sum}");
        assert!((squares / 8_000 - (4 << 16)).abs() < 14_000, "{squares}");
    }
}
