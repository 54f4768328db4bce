//! Replay and stale updates: something old under the number of a new round.
//!
//! `Replay`: the model of an honest neighbour as it was when the attack began, as the node's own
//! news. `Stale`: the node's own model as it was then. Frames sent again as they were need no
//! attack: a receiver drops every update whose round is not newer. No parameter; a replay looks at
//! honest models. Source: Syverson, "A taxonomy of replay attacks", 1994.

use super::view::{Vector, View};

/// What was caught at first, or what is caught now.
#[must_use]
pub fn replay(view: &View<'_>) -> Vector {
    view.kept.unwrap_or_else(|| view.target_at())
}

/// The own model of the first time.
#[must_use]
pub fn stale(view: &View<'_>) -> Vector {
    view.kept.unwrap_or(view.own)
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::view::rig::{of, rows, view};

    #[test]
    fn the_first_catch_is_kept() {
        let rows = rows(&[&[1, 0], &[3, 2]]);
        let first = view(&[9, 9], &rows);
        assert_eq!(super::replay(&first), of(&[3, 2]));
        assert_eq!(super::stale(&first), of(&[9, 9]));
        let later = View { kept: Some(of(&[7, 7])), ..first };
        assert_eq!([super::replay(&later), super::stale(&later)], [of(&[7, 7]); 2]);
    }
}
