//! Sign flip: -s x, with x the node's own model.
//!
//! Parameter: `scale` s, 0 to 1000. It looks at nothing. Source: Li, Xu, Chen, Giannakis and Ling,
//! "RSA: Byzantine-robust stochastic aggregation methods for distributed learning from
//! heterogeneous datasets", 2019.

use super::view::{Vector, View, stretched};

/// The own model turned round and stretched by `scale`, Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, scale: i64) -> Vector {
    stretched(&view.own, -scale)
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, view};

    #[test]
    fn the_own_model_turns_round() {
        assert_eq!(super::forge(&view(&[1, -2], &[]), 3 << 16), of(&[-3, 6]));
    }
}
