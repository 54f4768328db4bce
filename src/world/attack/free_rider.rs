//! Free rider: the mean of what honest nodes sent, as the own model. Nothing is computed.
//!
//! No parameter. It looks at honest models. Source: Lin, Du and Liu, "Free-riders in federated
//! learning: attacks and defenses", 2019.

use super::view::{Vector, View};

/// The mean of the others.
#[must_use]
pub fn forge(view: &View<'_>) -> Vector {
    view.mean()
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, rows, view};

    #[test]
    fn the_own_model_is_no_part_of_it() {
        let rows = rows(&[&[1, 0], &[3, 2]]);
        assert_eq!(super::forge(&view(&[9, 9], &rows)), of(&[2, 1]));
    }
}
