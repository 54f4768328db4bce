//! Constant bias: x + b in every weight in use, with x the node's own model.
//!
//! Parameter: `bias` b, -8 to 8. It looks at nothing. Source: Kailkhura, Brahma and Varshney, "Data
//! falsification attacks on consensus-based detection systems", 2017.

use super::view::{Vector, View};

/// The own model moved by `bias`, Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, bias: i64) -> Vector {
    view.trimmed(view.own.map(|x| x + bias))
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{HALF, of, view};

    #[test]
    fn every_weight_in_use_moves() {
        let forged = super::forge(&view(&[1, -2], &[]), HALF);
        assert_eq!(forged[..3], [3 * HALF, -3 * HALF, 0]);
        assert_eq!(super::forge(&view(&[1, -2], &[]), -65_536), of(&[0, -3]));
    }
}
