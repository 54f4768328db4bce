//! On and off: honest until its reputation is good, then its model turned round for a while, and
//! honest again until that is forgiven.
//!
//! Of each `farm_rounds` + `burst_rounds` rounds the first are honest, the others send -s x with x
//! the node's own model. Parameters: those two, and `scale` s, 0 to 1000. It looks at nothing.
//! Source: Perrone and Nelson, "A study of on-off attack models for wireless ad hoc networks",
//! 2006; Sun, Han and Liu, "Defense of trust management vulnerabilities in distributed networks",
//! 2008.

use super::view::{Vector, View, stretched};

/// The own model turned round and stretched by `scale`, Q16.16, in a burst; `None` for honesty.
#[must_use]
pub fn forge(view: &View<'_>, farm: u32, burst: u32, scale: i64) -> Option<Vector> {
    let period = farm.saturating_add(burst).max(1);
    (view.round % period >= farm).then(|| stretched(&view.own, -scale))
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::view::rig::{of, view};

    #[test]
    fn honesty_and_bursts_take_turns() {
        let base = view(&[1, 2], &[]);
        let bursts: Vec<u32> = (0..10)
            .filter(|round| {
                let view = View { round: *round, ..base.clone() };
                let forged = super::forge(&view, 3, 2, 1 << 16);
                assert!(forged.is_none_or(|lie| lie == of(&[-1, -2])));
                forged.is_some()
            })
            .collect();
        assert_eq!(bursts, [3, 4, 8, 9]);
    }
}
