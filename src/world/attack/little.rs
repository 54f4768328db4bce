//! A little is enough: m + z s, with m and s the mean and the standard deviation, per coordinate,
//! of what honest nodes sent.
//!
//! Parameters: `z`, 0 to 64; at 0 it is the most that leaves enough honest models farther out for a
//! majority: z = Phi^-1((n - b - k) / (n - b)) with n models of which b are lies and k = floor(n /
//! 2 + 1) - b. `search`: z is looked for between 0 and `z` (4 where that is 0) so that the honest
//! nodes' own rule ends farthest from m (see [`super::search`]). It looks at honest models. Source:
//! Baruch, Baruch and Goldberg, "A little is enough: circumventing defenses for distributed
//! learning", 2019.

use super::search::worst;
use super::view::{Vector, View, plus, stretched};

/// Where a search without a limit ends, Q16.16.
const SEARCH_LIMIT: i64 = 4 << 16;

/// The quantiles Phi^-1(k / 64) of the normal distribution for k from 32 to 63, Q16.16.
const QUANTILES: [i64; 32] = [
    0, 2_567, 5_139, 7_718, 10_310, 12_917, 15_545, 18_199, 20_882, 23_601, 26_362, 29_170, 32_032,
    34_958, 37_954, 41_032, 44_203, 47_482, 50_884, 54_428, 58_140, 62_048, 66_191, 70_616, 75_389,
    80_600, 86_377, 92_917, 100_540, 109_834, 122_076, 141_156,
];

/// The mean and `z` deviations, Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, z: i64, search: bool) -> Vector {
    let (mean, deviation) = (view.mean(), view.deviation());
    let along = |factor: i64| plus(mean, &stretched(&deviation, factor));
    let z = match (search, z) {
        (true, 0) => worst(view, SEARCH_LIMIT, along),
        (true, limit) => worst(view, limit, along),
        (false, 0) => most(view.rows.len() + view.accomplices, view.accomplices),
        (false, z) => z,
    };
    along(z)
}

/// The greatest z for `lies` among `models`, Q16.16, truncated to the quantiles in the table.
fn most(models: usize, lies: usize) -> i64 {
    let honest = models.saturating_sub(lies).max(1);
    let supporters = (models / 2 + 1).saturating_sub(lies);
    let share = 64 * honest.saturating_sub(supporters) / honest;
    share.checked_sub(32).and_then(|place| QUANTILES.get(place).copied()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, rows, view};

    #[test]
    fn the_mean_and_some_deviations() {
        // Mean (2, 0), deviation (1, 0).
        let rows = rows(&[&[1, 0], &[3, 0]]);
        assert_eq!(super::forge(&view(&[9, 9], &rows), 2 << 16, false), of(&[4, 0]));
    }

    #[test]
    fn the_quantiles_are_those_of_the_normal_distribution() {
        for (place, z) in super::QUANTILES.iter().enumerate() {
            let z = *z as f64 / 65_536.0;
            let p = 0.5 * libm::erfc(-z / core::f64::consts::SQRT_2);
            assert!((p - (place + 32) as f64 / 64.0).abs() < 1e-5, "{place}: {p}");
        }
    }

    #[test]
    fn as_many_deviations_as_the_numbers_allow() {
        // 50 workers, 12 lies: 14 supporters among 38 honest, (38 - 14) / 38 = 40.4 / 64.
        assert_eq!(super::most(50, 12), super::QUANTILES[8]);
        // Without enough lies for a majority of supporters there is no room.
        assert_eq!(super::most(5, 1), 0);
    }
}
