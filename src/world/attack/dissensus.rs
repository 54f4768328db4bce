//! Dissensus: `x_t - e sum_j (x_j - x_t) / b`, with `x_t` the model of a target, j its honest
//! neighbours and b the accomplices that it hears. At e = 1 plain averaging leaves the target where
//! it is; above that, it is driven away from its neighbours.
//!
//! The published attack sends each neighbour something else. A broadcast is heard by all, so the
//! honest nodes in earshot are the target in turn, one a round. Parameter: `epsilon` e, 0 to 64. It
//! looks at honest models and who hears whom. Source: He, Karimireddy and Jaggi, "Byzantine-robust
//! decentralized learning via `ClippedGossip`", 2022.

use super::view::{Vector, View, divide, times};

/// What keeps this round's target from its neighbours, `epsilon` in Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, epsilon: i64) -> Vector {
    let target = view.target();
    let centre = view.target_at();
    let near = view.links.get(target).copied().unwrap_or(u64::MAX);
    let mut pull: Vector = Vector::default();
    for (place, row) in view.rows.iter().enumerate() {
        if near >> place & 1 == 1 {
            for ((pull, x), at) in pull.iter_mut().zip(&row.at).zip(&centre) {
                *pull += x - at;
            }
        }
    }
    let lies = view.accomplices.max(1) as i64;
    let mut lie = centre;
    lie.iter_mut().zip(pull).for_each(|(x, pull)| *x -= times(divide(pull, lies), epsilon));
    lie
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::view::rig::{of, rows, view};

    #[test]
    fn the_pull_of_neighbours_is_undone() {
        let rows = rows(&[&[0, 0], &[1, 0], &[3, 2]]);
        // Round 0 targets the first: its pull is (1, 0) + (3, 2).
        let all = View { round: 0, ..view(&[9, 9], &rows) };
        assert_eq!(super::forge(&all, 1 << 16), of(&[-4, -2]));
        let two = View { accomplices: 2, ..all.clone() };
        assert_eq!(super::forge(&two, 1 << 16), of(&[-2, -1]));
        let links = [0b010, 0b001, 0b000];
        let linked = View { links: &links, ..all };
        assert_eq!(super::forge(&linked, 2 << 16), of(&[-2, 0]));
    }
}
