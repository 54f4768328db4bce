//! The rule that switches: robust by default, the plain weighted mean only after a long calm.
//!
//! Each round the node looks for signs of trouble among the voices, its regime and its bans. The
//! mean is a better estimate than any robust rule when nobody lies, and no defence at all when
//! somebody does, so trust is earned slowly and lost at once.

use super::coordinate::{trimmed_mean, twice_medians};
use super::rows::{GRAIN, Rows, gap, mean};
use super::{Context, VOICES};
use crate::neuron::TAPS;
use crate::q16::Q16;
use crate::regime::Regime;

/// Deviations from the median distance beyond which a voice is an outlier: 5 median absolute
/// deviations, which is 3.4 standard deviations of a normal distribution.
const DEVIATIONS: i64 = 5;
/// Distances that differ by less than this, 2^-10 in units of 2^-24, are alike.
const ALIKE: i64 = 1 << 14;

/// What the adaptive rule remembers: 1 byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calm {
    /// Quiet rounds since the last alarm, saturating.
    pub quiet_rounds: u8,
}
crate::canonical!(struct Calm { quiet_rounds });

/// When a round is quiet, and how many are enough.
pub(super) struct Limits {
    pub calm_rounds: u8,
    pub quiet_share: Q16,
    pub alarm_share: Q16,
}

impl Calm {
    /// Takes the signs of one round. An alarm (more outliers than `alarm_share`, a ban, or Storm)
    /// starts the count anew; a quiet round (no more outliers than `quiet_share`, Calm) adds to
    /// it; whatever lies between leaves it, so that the rule does not flutter.
    fn note(&mut self, limits: &Limits, outliers: Q16, banned: bool, regime: Regime) {
        if outliers > limits.alarm_share || banned || regime == Regime::Storm {
            self.quiet_rounds = 0;
        } else if outliers <= limits.quiet_share && regime == Regime::Calm {
            self.quiet_rounds = self.quiet_rounds.saturating_add(1);
        }
    }
}

/// The adaptive rule.
///
/// After `calm_rounds` quiet rounds, and with at least 2f + 3 voices, it is the weighted mean of
/// all that are no outliers; else nearest-neighbour mixing and a trimmed mean, or with fewer
/// voices the trimmed mean alone.
pub(super) fn adaptive(
    rows: &Rows,
    faulty: usize,
    limits: &Limits,
    context: &mut Context<'_>,
) -> [i32; TAPS] {
    let usual = inliers(rows);
    let outliers = (((rows.len() - usual.len()) << 16) / rows.len().max(1)) as i32;
    let mut calm = false;
    if let Some(memory) = context.calm.as_deref_mut() {
        memory.note(limits, Q16::from_bits(outliers), context.banned, context.regime);
        calm = limits.calm_rounds < u8::MAX && memory.quiet_rounds >= limits.calm_rounds;
    }
    let enough = rows.len() >= 2 * faulty + 3;
    match (enough, calm) {
        (true, true) => mean(usual.iter()),
        (true, false) => trimmed_mean(&super::prepare::mix(rows, faulty), faulty),
        (false, _) => trimmed_mean(rows, faulty),
    }
}

/// The rows whose distance from the coordinate-wise median is no more than the median distance
/// and [`DEVIATIONS`] times the median absolute deviation of distances.
fn inliers(rows: &Rows) -> Rows {
    let centre = twice_medians(rows).map(|twice| twice << (GRAIN - 1));
    let distances: heapless::Vec<i64, VOICES> =
        rows.iter().map(|row| gap(&row.at, &centre)).collect();
    let usual = middle(distances.clone());
    let spread = middle(distances.iter().map(|distance| (distance - usual).abs()).collect());
    let limit = usual + DEVIATIONS * spread + ALIKE;
    let near = rows.iter().zip(&distances).filter(|(_, distance)| **distance <= limit);
    near.map(|(row, _)| *row).collect::<Rows>()
}

/// The lower median.
fn middle(mut values: heapless::Vec<i64, VOICES>) -> i64 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::q16::percent;

    const LIMITS: Limits =
        Limits { calm_rounds: 3, quiet_share: Q16::ZERO, alarm_share: percent(10) };

    /// Rounds noted one after the other as (outliers in percent, banned, regime).
    fn count(rounds: &[(i32, bool, Regime)]) -> u8 {
        let mut calm = Calm::default();
        for (outliers, banned, regime) in rounds {
            calm.note(&LIMITS, percent(*outliers), *banned, *regime);
        }
        calm.quiet_rounds
    }

    #[test]
    fn calm_is_earned_slowly_and_lost_at_once() {
        let quiet = (0, false, Regime::Calm);
        let cases: [(&[_], u8); 6] = [
            (&[quiet; 4], 4),
            (&[quiet, quiet, (11, false, Regime::Calm)], 0),
            (&[quiet, quiet, (0, true, Regime::Calm), quiet], 1),
            (&[quiet, quiet, (0, false, Regime::Storm)], 0),
            (&[quiet, quiet, (0, false, Regime::PreStorm)], 2),
            (&[quiet, quiet, (6, false, Regime::Calm), quiet], 3),
        ];
        for (rounds, expected) in cases {
            assert_eq!(count(rounds), expected, "{rounds:?}");
        }
        assert_eq!(count(&[quiet; 300]), u8::MAX, "saturates");
    }
}
