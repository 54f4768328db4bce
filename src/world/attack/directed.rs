//! Directed deviation: f x, with x the node's own model and f a factor that is usually negative.
//!
//! Parameter: `factor` f, -1000 to 1000. It looks at nothing. Source: Fang, Cao, Jia and Gong,
//! "Local model poisoning attacks to Byzantine-robust federated learning", 2020, who push against
//! the direction of learning; with the factor -5 it is the attack of that name in the framework
//! Murmura.

use super::view::{Vector, View, stretched};

/// The own model times `factor`, Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, factor: i64) -> Vector {
    stretched(&view.own, factor)
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, view};

    #[test]
    fn the_own_model_times_a_factor() {
        assert_eq!(super::forge(&view(&[1, -2], &[]), -5 << 16), of(&[-5, 10]));
    }
}
