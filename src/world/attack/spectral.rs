//! Spectral heterogeneity: `x_t + s f_t (f . X) / (f . f)`, with `x_t` the model of a target, X the
//! honest models, and f the Fiedler vector of the graph between them (the eigenvector of the
//! Laplacian's second eigenvalue). It feeds the slowest mode of gossip, along the weakest cut of
//! the mesh.
//!
//! As in [`super::dissensus`], the honest nodes in earshot are the target in turn. f is found by
//! 128 steps of power iteration on c - L with c twice the largest degree, in integers of 16
//! bits after each step; where it has not settled it is some slow mode. Parameter: `scale` s, 0 to
//! 1000. It looks at honest models and who hears whom. Source: Gaucher, Dieuleveut and Hendrikx,
//! "Unified breakdown analysis for Byzantine robust gossip", 2025.

use qres_core::draw::{Purpose, draw};

use super::view::{SIGHT, Vector, View, times};

/// Steps of the power iteration.
const STEPS: u32 = 128;
/// The largest entry of the vector after a step: 2^16.
const TOP: i64 = 1 << 16;

/// What feeds the slowest mode at this round's target, `scale` in Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, scale: i64) -> Vector {
    let mode = fiedler(view.links);
    let at = |place: usize| mode.get(place).copied().unwrap_or(0);
    let norm: i64 = mode.iter().map(|f| f * f).sum();
    let target = view.target();
    let mut lie = view.target_at();
    if norm == 0 {
        return lie;
    }
    for (tap, x) in lie.iter_mut().enumerate() {
        let entry = |(place, row): (usize, &super::view::Row)| {
            i128::from(at(place)) * i128::from(row.at.get(tap).copied().unwrap_or(0))
        };
        let along: i128 = view.rows.iter().enumerate().map(entry).sum();
        let part = along * i128::from(at(target)) / i128::from(norm);
        *x += times(part as i64, scale);
    }
    lie
}

/// A slow mode of the graph whose rows are bits: integers of which the largest is 2^16 in size.
fn fiedler(links: &[u64]) -> heapless::Vec<i64, SIGHT> {
    let count = links.len().min(SIGHT) as i64;
    let degree = |links: &u64| i64::from(links.count_ones());
    let most = links.iter().map(degree).max().unwrap_or(0);
    let mut mode: heapless::Vec<i64, SIGHT> = (0..count)
        .map(|place| (draw(0, Purpose::Attack, place as u32, 0, 0) >> 48) as i64)
        .collect();
    level(&mut mode);
    for _ in 0..STEPS {
        let step = links.iter().zip(&mode).map(|(links, own)| {
            let near = mode.iter().enumerate().filter(|(place, _)| links >> place & 1 == 1);
            let pull: i64 = near.map(|(_, other)| other - own).sum();
            (2 * most + 1) * own + pull
        });
        mode = step.collect();
        level(&mut mode);
    }
    mode
}

/// Takes the mean off, and brings the largest entry to 2^16.
fn level(mode: &mut heapless::Vec<i64, SIGHT>) {
    let count = mode.len().max(1) as i64;
    // Scaled first, so that no entry loses its last bits.
    let sum: i64 = mode.iter().sum();
    mode.iter_mut().for_each(|f| *f = *f * count - sum);
    let largest = mode.iter().map(|f| f.abs()).max().unwrap_or(0).max(1);
    mode.iter_mut()
        .for_each(|f| *f = (i128::from(*f) * i128::from(TOP) / i128::from(largest)) as i64);
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::view::rig::{of, rows, view};
    use super::*;

    /// Two triangles, joined by one edge between places 2 and 3.
    const DUMBBELL: [u64; 6] = [0b000_110, 0b000_101, 0b001_011, 0b110_100, 0b101_000, 0b011_000];

    #[test]
    fn the_slow_mode_of_a_dumbbell_has_one_sign_a_side() {
        let mode = fiedler(&DUMBBELL);
        let side = mode[0].signum();
        assert_eq!(mode[..3].iter().map(|f| f.signum()).collect::<Vec<_>>(), [side; 3]);
        assert_eq!(mode[3..].iter().map(|f| f.signum()).collect::<Vec<_>>(), [-side; 3]);
        // The second eigenvalue is (5 - sqrt 17) / 2, and inner entries are 1 - that = 0.5616 of
        // outer ones.
        let ratio = (mode[2].abs() << 16) / mode[0].abs();
        assert!((ratio - 36_803).abs() < 200, "{ratio}");
    }

    #[test]
    fn each_side_is_pushed_away_from_the_other() {
        let rows = rows(&[&[1, 0], &[1, 0], &[1, 0], &[-1, 0], &[-1, 0], &[-1, 0]]);
        let base = View { links: &DUMBBELL, ..view(&[9, 9], &rows) };
        for round in 0..6 {
            let lie = forge(&View { round, ..base.clone() }, 1 << 16);
            let own = base.rows[round as usize].at[0];
            assert!(
                lie[0].abs() > own.abs() && lie[0].signum() == own.signum(),
                "{round}: {lie:?}"
            );
        }
        assert_eq!(forge(&View { links: &[], ..base.clone() }, 1 << 16), base.target_at());
        assert_eq!(forge(&view(&[9, 9], &[]), 1 << 16), of(&[9, 9]));
    }
}
