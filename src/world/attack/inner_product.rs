//! Inner-product manipulation, the fall of empires: -e m, with m the mean of what honest nodes
//! sent, so that what is merged has a negative inner product with m.
//!
//! Parameters: `epsilon` e, 0 to 64; `search`: e is looked for between 0 and `epsilon` so that the
//! honest nodes' own rule ends farthest from m (see [`super::search`]). It looks at honest models.
//! Source: Xie, Koyejo and Gupta, "Fall of empires: breaking Byzantine-tolerant SGD by inner
//! product manipulation", 2020.

use super::search::worst;
use super::view::{Vector, View, stretched};

/// The mean turned round and stretched by `epsilon`, Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, epsilon: i64, search: bool) -> Vector {
    let mean = view.mean();
    let along = |factor: i64| stretched(&mean, -factor);
    along(if search { worst(view, epsilon, along) } else { epsilon })
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::view::rig::{of, rows, view};
    use qres_core::aggregate::{Recipe, Rule};

    #[test]
    fn the_mean_turns_round() {
        let rows = rows(&[&[1, 0], &[3, 2]]);
        assert_eq!(super::forge(&view(&[9, 9], &rows), 2 << 16, false), of(&[-4, -2]));
    }

    #[test]
    fn the_search_goes_all_the_way_against_the_mean() {
        let rows = rows(&[&[1, 0], &[1, 0], &[1, 0]]);
        let recipe = Recipe { rule: Rule::Mean, ..Recipe::default() };
        let view = View { recipe, ..view(&[0, 0], &rows) };
        assert_eq!(super::forge(&view, 2 << 16, true), of(&[-2, 0]));
    }
}
