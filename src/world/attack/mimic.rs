//! Mimic: the model of one honest node, always the same, as the own one. Where honest models
//! differ, that node's weight is multiplied.
//!
//! It looks at honest models and copies that of the least id; accomplices copy the same. No
//! parameter. Source: Karimireddy, He and Jaggi, "Byzantine-robust learning on heterogeneous
//! datasets via bucketing", 2022.

use super::view::{Vector, View};

/// The model of the first honest node.
#[must_use]
pub fn forge(view: &View<'_>) -> Vector {
    view.rows.first().map_or(view.own, |row| row.at)
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, rows, view};

    #[test]
    fn the_first_is_copied() {
        let rows = rows(&[&[1, 0], &[3, 2]]);
        assert_eq!(super::forge(&view(&[9, 9], &rows)), of(&[1, 0]));
        assert_eq!(super::forge(&view(&[9, 9], &[])), of(&[9, 9]));
    }
}
