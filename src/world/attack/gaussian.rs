//! Gaussian noise: N(0, s^2) in every weight in use, new in each round, instead of a model.
//!
//! Parameter: `deviation` s, 0 to 1000. It looks at nothing. Source: Blanchard, El Mhamdi,
//! Guerraoui and Stainer, "Machine learning with adversaries: Byzantine tolerant gradient descent",
//! 2017.

use super::view::{Vector, View, times};
use crate::world::signal::normal;

/// Noise of standard deviation `deviation`, Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, deviation: i64) -> Vector {
    let noise = |n: usize| times(i64::from(normal(view.bits(n as u32))), deviation);
    view.trimmed(core::array::from_fn(noise))
}

#[cfg(test)]
mod tests {
    use super::super::view::{View, rig::view};

    #[test]
    fn noise_has_its_deviation_and_changes_with_the_round() {
        let base = view(&[0, 0], &[]);
        let mut squares = 0;
        for round in 0..4_000 {
            let [a, b, rest @ ..] = super::forge(&View { round, ..base.clone() }, 2 << 16);
            squares += (a * a + b * b) >> 16;
            assert_eq!(rest, [0; 6]);
        }
        // Variance 4, over 8,000 draws: one standard deviation is 1.6 %.
        let variance = squares / 8_000;
        assert!((variance - (4 << 16)).abs() < 14_000, "{variance}");
    }
}
