//! The liveness watchdog: when too many neighbours have fallen silent, or nothing has been worth
//! taking for too long, the node goes back to the last model that it found healthy by itself, and
//! carries on. A pure function; it must not touch the model.

use super::{Neighbour, age_ticks};
use crate::id::Tick;
use crate::q16::Q16;
use crate::regime::Regime;
use crate::wake::WakeConfig;

/// When the watchdog barks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchdogConfig {
    /// Rounds without a sign of life that make a straggler, in intervals of Calm: a neighbour may
    /// have calmed down unheard. Silence is normal for 50 rounds, so three times that by default.
    pub straggler_rounds: u16,
    /// Share of the known neighbours that may straggle, 0 to 100 %; more is too many.
    pub straggler_percent: u8,
    /// Rounds that may pass without an update worth taking.
    pub limit_rounds: u16,
}

impl Default for WatchdogConfig {
    fn default() -> Self {
        Self { straggler_rounds: 150, straggler_percent: 20, limit_rounds: 150 }
    }
}

/// Rounds since an update was accepted, saturating: 2 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Watchdog {
    /// The count.
    pub idle_rounds: u16,
}
crate::canonical!(struct Watchdog { idle_rounds });

/// What the node saw of its neighbours at the end of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roll {
    /// Neighbours that were heard at some time and are not written off or banned.
    pub known: u16,
    /// Of these, the stragglers.
    pub stragglers: u16,
    /// Whether an update was accepted in the round.
    pub accepted: bool,
}

/// Why a node falls back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// More stragglers than the mesh tolerates: they are written off until they are heard again.
    Stragglers,
    /// Nothing worth taking for too long.
    Stall,
}

/// The watchdog after a round, and whether the node falls back. Both counts start anew then, so
/// that the node resumes at once. A node that knows nobody never falls back.
#[must_use]
pub fn watch(config: &WatchdogConfig, dog: Watchdog, roll: &Roll) -> (Watchdog, Option<Fallback>) {
    let idle_rounds = if roll.accepted { 0 } else { dog.idle_rounds.saturating_add(1) };
    let straggling = 100 * u32::from(roll.stragglers);
    let tolerated = u32::from(config.straggler_percent) * u32::from(roll.known);
    if roll.known == 0 {
        (Watchdog { idle_rounds }, None)
    } else if straggling > tolerated {
        (Watchdog::default(), Some(Fallback::Stragglers))
    } else if idle_rounds > config.limit_rounds {
        (Watchdog::default(), Some(Fallback::Stall))
    } else {
        (Watchdog { idle_rounds }, None)
    }
}

/// Whether a neighbour that was heard once has been silent for more than `straggler_rounds`
/// intervals of Calm at full standing: the longest that a healthy node's rounds may be apart.
#[must_use]
pub fn is_straggler(
    config: &WatchdogConfig,
    wake: &WakeConfig,
    neighbour: &Neighbour,
    now: Tick,
) -> bool {
    let Some(age) = age_ticks(neighbour, now) else { return false };
    let interval_us = wake.interval(Regime::Calm, Q16::ONE);
    let silent_us = u128::from(age) * u128::from(wake.tick_us);
    silent_us > u128::from(interval_us) * u128::from(config.straggler_rounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;
    use crate::trust::TrustConfig;
    use proptest::prelude::*;

    fn roll(known: u16, stragglers: u16, accepted: bool) -> Roll {
        Roll { known, stragglers, accepted }
    }

    #[test]
    fn a_fifth_may_straggle_and_no_more() {
        let config = WatchdogConfig::default();
        let cases = [
            (roll(100, 20, true), None),
            (roll(100, 21, true), Some(Fallback::Stragglers)),
            (roll(5, 1, true), None),
            (roll(4, 1, true), Some(Fallback::Stragglers)),
            (roll(0, 0, false), None),
            (roll(3, 0, false), None),
        ];
        for (roll, expected) in cases {
            assert_eq!(watch(&config, Watchdog::default(), &roll).1, expected, "{roll:?}");
        }
    }

    #[test]
    fn a_stall_is_noticed_after_the_limit_and_counted_anew() {
        let config = WatchdogConfig { limit_rounds: 3, ..WatchdogConfig::default() };
        let mut dog = Watchdog::default();
        let mut barks = [false; 9];
        for bark in &mut barks {
            let (next, fallback) = watch(&config, dog, &roll(4, 0, false));
            (dog, *bark) = (next, fallback == Some(Fallback::Stall));
        }
        assert_eq!(barks, [false, false, false, true, false, false, false, true, false]);
        let (dog, fallback) = watch(&config, Watchdog { idle_rounds: 3 }, &roll(4, 0, true));
        assert_eq!((dog.idle_rounds, fallback), (0, None));
    }

    #[test]
    fn silence_is_measured_in_the_longest_rounds() {
        let config = WatchdogConfig { straggler_rounds: 3, ..WatchdogConfig::default() };
        // Four hours in Calm, with ticks of a second.
        let wake = WakeConfig::default();
        let mut peer = Neighbour::new(&TrustConfig::default(), NodeId(1));
        assert!(!is_straggler(&config, &wake, &peer, Tick(1 << 40)), "never heard, not missed");
        for (round, regime) in (1..).zip(Regime::ALL) {
            peer.hear(Tick(100), round, regime);
            assert!(!is_straggler(&config, &wake, &peer, Tick(43_300)), "{regime:?}");
            assert!(is_straggler(&config, &wake, &peer, Tick(43_301)), "{regime:?}");
        }
    }

    proptest! {
        #[test]
        fn a_mesh_within_its_tolerance_never_falls_back_for_stragglers(
            known in 0_u16..500, share in 0_u8..=100, idle in 0_u16..200, accepted: bool,
        ) {
            let config = WatchdogConfig { straggler_percent: share, ..Default::default() };
            let tolerated = u32::from(known) * u32::from(share) / 100;
            let dog = Watchdog { idle_rounds: idle };
            let within = watch(&config, dog, &roll(known, tolerated as u16, accepted)).1;
            prop_assert_ne!(within, Some(Fallback::Stragglers));
            let beyond = watch(&config, dog, &roll(known, tolerated as u16 + 1, accepted)).1;
            prop_assert_eq!(beyond == Some(Fallback::Stragglers), known > 0);
        }
    }
}
