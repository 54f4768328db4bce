//! Min-max and min-sum: m + g p, with m the mean of what honest nodes sent and p a way to go; g is
//! as large as can be while the lie
//!
//! - (min-max) is no farther from any honest model than two of those are from each other;
//! - (min-sum) has no greater sum of squared distances to honest models than one of those has.
//!
//! Parameter: `direction` p: against the deviation, the sign of the mean, or the mean at length
//! one. g is found by halving, to 2^-16, up to 2^16. It looks at honest models. Source: Shejwalkar
//! and Houmansadr, "Manipulating the Byzantine: optimizing model poisoning attacks and defenses for
//! federated learning", 2021.

use super::view::{Vector, View, plus, squared, stretched};
use crate::scenario::Direction;

/// Halvings: g has 32 bits.
const HALVINGS: u32 = 32;

/// The mean moved as far as min-max lets it.
#[must_use]
pub fn min_max(view: &View<'_>, direction: Direction) -> Vector {
    let pairs = view.rows.iter().flat_map(|a| view.rows.iter().map(|b| squared(&a.at, &b.at)));
    let limit = pairs.max().unwrap_or(0);
    farthest(view, direction, |lie| view.rows.iter().all(|row| squared(lie, &row.at) <= limit))
}

/// The mean moved as far as min-sum lets it.
#[must_use]
pub fn min_sum(view: &View<'_>, direction: Direction) -> Vector {
    let sum = |at: &Vector| {
        view.rows.iter().map(|row| squared(at, &row.at)).fold(0, u128::saturating_add)
    };
    let limit = view.rows.iter().map(|row| sum(&row.at)).max().unwrap_or(0);
    farthest(view, direction, |lie| sum(lie) <= limit)
}

fn farthest(view: &View<'_>, direction: Direction, passes: impl Fn(&Vector) -> bool) -> Vector {
    let mean = view.mean();
    let way = way(view, &mean, direction);
    let along = |factor: i64| plus(mean, &stretched(&way, factor));
    let mut factor = 0;
    for bit in (0..HALVINGS).rev() {
        let more = factor | 1 << bit;
        if passes(&along(more)) {
            factor = more;
        }
    }
    along(factor)
}

fn way(view: &View<'_>, mean: &Vector, direction: Direction) -> Vector {
    match direction {
        Direction::Deviation => view.deviation().map(|x| -x),
        Direction::Sign => mean.map(|x| -x.signum() << 16),
        Direction::Unit => {
            let length = (squared(mean, &[0; qres_core::neuron::TAPS]).isqrt() as i64).max(1);
            mean.map(|x| -(x << 16) / length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, rows, view};
    use super::*;

    /// As far as `expected`, but for the last bit of the factor.
    fn close(got: Vector, expected: Vector) {
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() <= 2, "{got} for {expected}");
        }
    }

    #[test]
    fn as_far_as_the_farthest_pair() {
        // Mean (2, 0), deviation (1, 0), farthest pair 2 apart: 3 - x <= 2, so x = 1.
        let rows = rows(&[&[1, 0], &[3, 0]]);
        for direction in [Direction::Deviation, Direction::Sign, Direction::Unit] {
            close(min_max(&view(&[9, 9], &rows), direction), of(&[1, 0]));
        }
    }

    #[test]
    fn as_far_as_the_largest_sum() {
        // Sums of squares: 4 and 4. (1 - x)^2 + (3 - x)^2 <= 4 down to x = 1.
        let two = rows(&[&[1, 0], &[3, 0]]);
        close(min_sum(&view(&[9, 9], &two), Direction::Deviation), of(&[1, 0]));
        // 0, 0 and 3: sums 9, 9 and 18; 3 x^2 - 6 x + 9 <= 18 down to x = -1.
        let three = rows(&[&[0, 0], &[0, 0], &[3, 0]]);
        close(min_sum(&view(&[9, 9], &three), Direction::Sign), of(&[-1, 0]));
    }

    #[test]
    fn where_all_agree_there_is_no_room() {
        let rows = rows(&[&[1, 1], &[1, 1]]);
        assert_eq!(min_max(&view(&[9, 9], &rows), Direction::Sign), of(&[1, 1]));
    }
}
