//! The regime detector: Calm, PreStorm or Storm, from the node's own entropy and nothing else.
//!
//! Levels are confirmed by streaks, and "at least PreStorm" includes Storm, so mixed signs do not
//! cancel each other.

use crate::q16::{Q16, percent};
use crate::residual::Residual;

/// What a node thinks of its signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Regime {
    /// Errors are as ever.
    #[default]
    Calm = 0,
    /// Errors rise, or are close to a storm's.
    PreStorm = 1,
    /// Errors are far above the usual.
    Storm = 2,
}
crate::canonical!(
    enum Regime {
        Calm = 0,
        PreStorm = 1,
        Storm = 2,
    }
);

impl Regime {
    /// All regimes, calmest first.
    pub const ALL: [Self; 3] = [Self::Calm, Self::PreStorm, Self::Storm];

    /// The regime with this number, if there is one.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Calm),
            1 => Some(Self::PreStorm),
            2 => Some(Self::Storm),
            _ => None,
        }
    }
}

/// Thresholds on entropy (0 to 1) and confirmations, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegimeConfig {
    /// Entropy above which a sample indicates Storm.
    pub storm_entropy: Q16,
    /// Entropy that must be fallen below before a storm can end.
    pub calm_entropy: Q16,
    /// Rise of smoothed entropy per sample that indicates PreStorm.
    pub prestorm_derivative: Q16,
    /// Samples in a row to confirm Calm to PreStorm, and PreStorm to Calm.
    pub confirm_prestorm: u8,
    /// Samples in a row to confirm a storm, or its easing to PreStorm.
    pub confirm_storm: u8,
    /// Samples in a row to confirm that a storm has ended.
    pub confirm_calm: u8,
    /// A storm lasts at least this many samples.
    pub dwell_samples: u16,
    /// Learning rate in each regime.
    pub learning_rate: [Q16; 3],
}

impl Default for RegimeConfig {
    fn default() -> Self {
        Self {
            storm_entropy: percent(45),
            calm_entropy: percent(30),
            prestorm_derivative: percent(15),
            confirm_prestorm: 2,
            confirm_storm: 3,
            confirm_calm: 5,
            dwell_samples: 5,
            learning_rate: [percent(1), percent(5), percent(20)],
        }
    }
}

/// What a detector looks at after a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Entropy, 0 to 1.
    pub entropy: Q16,
    /// Rise of smoothed entropy per sample.
    pub derivative: Q16,
    /// Smoothed entropy, 0 to 1.
    pub smoothed: Q16,
}

impl Signs {
    /// The signs of a residual.
    #[must_use]
    pub fn of(residual: &Residual) -> Self {
        Self {
            entropy: residual.entropy(),
            derivative: residual.derivative(),
            smoothed: residual.smoothed(),
        }
    }
}

/// The detector's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegimeDetector {
    regime: Regime,
    at_least_prestorm: u8,
    at_least_storm: u8,
    at_most_prestorm: u8,
    at_most_calm: u8,
    /// Samples since the regime last changed, saturating.
    age_samples: u32,
    /// Storms entered since the start.
    storms: u32,
}
crate::canonical!(struct RegimeDetector {
    regime, at_least_prestorm, at_least_storm, at_most_prestorm, at_most_calm, age_samples, storms,
});

impl RegimeDetector {
    /// The confirmed regime.
    #[must_use]
    pub const fn regime(&self) -> Regime {
        self.regime
    }

    /// Samples since the regime last changed.
    #[must_use]
    pub const fn age_samples(&self) -> u32 {
        self.age_samples
    }

    /// How many storms this node has noticed.
    #[must_use]
    pub const fn storms(&self) -> u32 {
        self.storms
    }

    /// The regime to act on: a node short of energy acts calm, whatever it sees.
    #[must_use]
    pub const fn effective(&self, energy_critical: bool) -> Regime {
        if energy_critical { Regime::Calm } else { self.regime }
    }

    /// Whether a state from outside can take another sample.
    #[must_use]
    pub(crate) const fn is_sound(&self) -> bool {
        self.storms < u32::MAX
    }

    /// Takes the newest sample's signs; returns the regime after it.
    pub fn update(&mut self, config: &RegimeConfig, residual: &Residual) -> Regime {
        self.take(config, &Signs::of(residual))
    }

    /// [`RegimeDetector::update`] on signs alone: the state machine, whole.
    pub fn take(&mut self, config: &RegimeConfig, signs: &Signs) -> Regime {
        let sign = self.indication(config, signs);
        let count = |streak: &mut u8, holds: bool| {
            *streak = if holds { streak.saturating_add(1) } else { 0 };
        };
        count(&mut self.at_least_prestorm, sign >= Regime::PreStorm);
        count(&mut self.at_least_storm, sign == Regime::Storm);
        count(&mut self.at_most_prestorm, sign <= Regime::PreStorm);
        count(&mut self.at_most_calm, sign == Regime::Calm);
        self.age_samples = self.age_samples.saturating_add(1);
        let next = self.confirmed(config);
        if next != self.regime {
            self.storms += u32::from(next == Regime::Storm);
            self.regime = next;
            self.age_samples = 0;
        }
        self.regime
    }

    fn indication(&self, config: &RegimeConfig, signs: &Signs) -> Regime {
        let storming = self.regime == Regime::Storm && signs.entropy >= config.calm_entropy;
        if signs.entropy > config.storm_entropy || storming {
            return Regime::Storm;
        }
        let near = config.storm_entropy.saturating_mul(percent(80));
        let rising = signs.derivative > config.prestorm_derivative;
        if rising || signs.smoothed > near { Regime::PreStorm } else { Regime::Calm }
    }

    fn confirmed(&self, config: &RegimeConfig) -> Regime {
        let stormy = self.at_least_storm >= config.confirm_storm;
        match self.regime {
            Regime::Calm | Regime::PreStorm if stormy => Regime::Storm,
            Regime::Calm if self.at_least_prestorm >= config.confirm_prestorm => Regime::PreStorm,
            Regime::PreStorm if self.at_most_calm >= config.confirm_prestorm => Regime::Calm,
            Regime::Storm if self.age_samples < u32::from(config.dwell_samples) => Regime::Storm,
            Regime::Storm if self.at_most_calm >= config.confirm_calm => Regime::Calm,
            Regime::Storm
                if self.at_most_prestorm >= config.confirm_storm && self.at_most_calm == 0 =>
            {
                Regime::PreStorm
            }
            same => same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A residual whose entropy is about `level` hundredths, after a long calm.
    fn drive(detector: &mut RegimeDetector, levels: &[i32]) -> [Regime; 24] {
        let config = RegimeConfig::default();
        let mut residual = Residual::default();
        for _ in 0..600 {
            residual.observe(Q16::ONE, Q16::ONE, false);
        }
        let mut seen = [Regime::Calm; 24];
        for (slot, level) in seen.iter_mut().zip(levels) {
            // Eight equal samples bring the short average close to the level.
            let value = Q16::ONE.saturating_add(percent(4 * level));
            for _ in 0..48 {
                residual.observe(value, Q16::ONE, true);
            }
            *slot = detector.update(&config, &residual);
        }
        seen
    }

    #[test]
    fn a_step_confirms_in_three_samples_and_persists() {
        let mut detector = RegimeDetector::default();
        let seen = drive(&mut detector, &[60; 10]);
        assert_eq!(seen[0], Regime::Calm);
        assert_eq!(seen[1], Regime::PreStorm);
        assert!(seen[2..10].iter().all(|r| *r == Regime::Storm), "{seen:?}");
        assert_eq!(detector.storms(), 1);
    }

    #[test]
    fn a_high_plateau_below_storm_stays_prestorm() {
        let seen = drive(&mut RegimeDetector::default(), &[40; 12]);
        assert!(seen[2..12].iter().all(|r| *r == Regime::PreStorm), "{seen:?}");
    }

    #[test]
    fn a_storm_holds_between_the_thresholds_and_ends_after_five() {
        let mut levels = [60; 24];
        levels[6..12].fill(33);
        levels[12..].fill(0);
        let seen = drive(&mut RegimeDetector::default(), &levels);
        assert!(seen[6..12].iter().all(|r| *r == Regime::Storm), "{seen:?}");
        let end = seen.iter().rposition(|r| *r == Regime::Storm).unwrap_or(0);
        assert_eq!(end, 15, "four more storm samples, then Calm on the fifth: {seen:?}");
        assert_eq!(seen[16], Regime::Calm);
    }

    #[test]
    fn mixed_signs_do_not_reset_each_other() {
        let seen = drive(&mut RegimeDetector::default(), &[40, 60, 40, 60, 40, 60]);
        assert!(seen[1..6].iter().all(|r| *r == Regime::PreStorm), "{seen:?}");
    }

    #[test]
    fn energy_overrides() {
        let mut detector = RegimeDetector::default();
        drive(&mut detector, &[60; 5]);
        assert_eq!(detector.effective(true), Regime::Calm);
        assert_eq!(detector.effective(false), Regime::Storm);
    }
}
