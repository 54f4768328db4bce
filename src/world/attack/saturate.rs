//! Saturated values: every weight in use at its greatest, which is what infinity is to numbers of
//! fixed point.
//!
//! It looks at nothing and has no parameter. Source: the attack `Inf` of González, Guerraoui,
//! Pinot, Rizk, Stephan and Taïani, "`ByzFL`: research framework for robust federated learning",
//! 2025.

use qres_core::neuron::{TAPS, WEIGHT_LIMIT};

use super::view::{Vector, View};

/// The greatest weights.
#[must_use]
pub fn forge(view: &View<'_>) -> Vector {
    view.trimmed([i64::from(WEIGHT_LIMIT); TAPS])
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, view};

    #[test]
    fn weights_are_at_their_limit() {
        assert_eq!(super::forge(&view(&[1, 1], &[])), of(&[4, 4]));
    }
}
