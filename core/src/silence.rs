//! Strategic silence: whether an update is worth its energy.

use crate::q16::{Q16, percent};
use crate::regime::Regime;

/// What the decision weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SilenceConfig {
    /// Cost of a broadcast in abstract units; an update speaks when `entropy * standing * 100`
    /// exceeds it.
    pub gossip_cost: Q16,
    /// Rounds between updates that surplus energy (above 70 %) allows.
    pub surplus_every: u8,
    /// Rounds between heartbeats in deep silence.
    pub heartbeat_every: u8,
    /// Calm samples before silence deepens.
    pub deep_after_samples: u32,
}

impl Default for SilenceConfig {
    fn default() -> Self {
        Self {
            gossip_cost: Q16::from_bits(50 << 16),
            surplus_every: 10,
            heartbeat_every: 50,
            deep_after_samples: 100,
        }
    }
}

/// How talkative a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Mood {
    /// Speaks when it has something to say or energy to spare.
    #[default]
    Active = 0,
    /// A storm may come: speaks while energy is above 30 %.
    Alert = 1,
    /// Nothing has happened for long: heartbeats only.
    DeepSilence = 2,
}
crate::canonical!(
    enum Mood {
        Active = 0,
        Alert = 1,
        DeepSilence = 2,
    }
);

/// The outcome of a decision, with its reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Voice {
    /// Has not decided yet.
    #[default]
    Untried = 0,
    /// Speaks: it is new and its neighbours must get to know it.
    Commissioning = 1,
    /// Speaks: entropy times standing exceeds the cost.
    Utility = 2,
    /// Speaks: energy is plentiful and it has been quiet for a while.
    Surplus = 3,
    /// Speaks: a storm may be coming.
    Alert = 4,
    /// Speaks: a sign of life.
    Heartbeat = 5,
    /// Silent: energy is below a tenth.
    Exhausted = 6,
    /// Silent: nothing worth the energy.
    Hushed = 7,
    /// Silent: gossip is switched off in this mesh.
    Muted = 8,
    /// Silent: its model has seen too few samples.
    Untrained = 9,
    /// Silent for good: its privacy budget does not cover another update.
    PrivacySpent = 10,
}
crate::canonical!(
    enum Voice {
        Untried = 0,
        Commissioning = 1,
        Utility = 2,
        Surplus = 3,
        Alert = 4,
        Heartbeat = 5,
        Exhausted = 6,
        Hushed = 7,
        Muted = 8,
        Untrained = 9,
        PrivacySpent = 10,
    }
);

impl Voice {
    /// Whether the node speaks.
    #[must_use]
    pub const fn speaks(self) -> bool {
        matches!(
            self,
            Self::Commissioning | Self::Utility | Self::Surplus | Self::Alert | Self::Heartbeat
        )
    }

    /// The reason in a few words, for people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Untried => "has not had a round yet",
            Self::Commissioning => "speaks: neighbours must get to know it",
            Self::Utility => "speaks: its news is worth the energy",
            Self::Surplus => "speaks: energy to spare",
            Self::Alert => "speaks: a storm may be coming",
            Self::Heartbeat => "speaks: heartbeat",
            Self::Exhausted => "silent: energy below 10 %",
            Self::Hushed => "silent: nothing worth the energy",
            Self::Muted => "silent: gossip is off",
            Self::Untrained => "silent: has learned too little to share",
            Self::PrivacySpent => "silent: privacy budget spent",
        }
    }
}

/// What a node knows when it decides.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The regime it acts on.
    pub regime: Regime,
    /// Samples since that regime began.
    pub age_samples: u32,
    /// Entropy, 0 to 1.
    pub entropy: Q16,
    /// Reputation that its sentinel holds of it, 0 to 1.
    pub standing: Q16,
    /// Energy left, 0 to 1.
    pub energy: Q16,
    /// Whether it is still getting known.
    pub commissioning: bool,
    /// Whether its model has seen enough samples to be worth anything to others.
    pub trained: bool,
}

/// The silence state machine; asked once per round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    mood: Mood,
    quiet_rounds: u8,
    voice: Voice,
}
crate::canonical!(struct Silence { mood, quiet_rounds, voice });

impl Silence {
    /// The latest decision.
    #[must_use]
    pub const fn voice(&self) -> Voice {
        self.voice
    }

    /// Notes that gossip is off.
    pub const fn mute(&mut self) {
        self.voice = Voice::Muted;
    }

    /// Notes that nothing more may be told.
    pub const fn withhold(&mut self) {
        self.voice = Voice::PrivacySpent;
    }

    /// Decides for this round.
    pub fn decide(&mut self, config: &SilenceConfig, now: &Circumstances) -> Voice {
        let mood = match now.regime {
            Regime::PreStorm => Mood::Alert,
            Regime::Calm if now.age_samples >= config.deep_after_samples => Mood::DeepSilence,
            Regime::Calm | Regime::Storm => Mood::Active,
        };
        if mood != self.mood {
            self.mood = mood;
            self.quiet_rounds = 0;
        }
        self.quiet_rounds = self.quiet_rounds.saturating_add(1);
        self.voice = self.verdict(config, now);
        if self.voice.speaks() {
            self.quiet_rounds = 0;
        }
        self.voice
    }

    fn verdict(self, config: &SilenceConfig, now: &Circumstances) -> Voice {
        let utility =
            now.entropy.saturating_mul(now.standing).saturating_mul(Q16::from_bits(100 << 16));
        if now.energy < percent(10) {
            return Voice::Exhausted;
        }
        if !now.trained {
            return Voice::Untrained;
        }
        if now.commissioning {
            return Voice::Commissioning;
        }
        let surplus = now.energy > percent(70) && self.quiet_rounds >= config.surplus_every;
        match self.mood {
            Mood::Active if utility > config.gossip_cost => Voice::Utility,
            Mood::Active if surplus => Voice::Surplus,
            Mood::Alert if now.energy > percent(30) => Voice::Alert,
            Mood::DeepSilence if self.quiet_rounds >= config.heartbeat_every => Voice::Heartbeat,
            _ => Voice::Hushed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Circumstances = Circumstances {
        regime: Regime::Calm,
        age_samples: 5,
        entropy: Q16::ZERO,
        standing: crate::q16::HALF,
        energy: Q16::ONE,
        commissioning: false,
        trained: true,
    };

    fn spoken(rounds: usize, now: &Circumstances) -> usize {
        let mut silence = Silence::default();
        let config = SilenceConfig::default();
        (0..rounds).filter(|_| silence.decide(&config, now).speaks()).count()
    }

    #[test]
    fn surplus_is_rate_limited_and_deep_silence_only_beats() {
        assert_eq!(spoken(100, &CALM), 10);
        assert_eq!(spoken(100, &Circumstances { age_samples: 500, ..CALM }), 2);
    }

    #[test]
    fn news_from_a_trusted_node_is_worth_sending() {
        let storm = Circumstances { regime: Regime::Storm, entropy: percent(80), ..CALM };
        assert_eq!(spoken(5, &Circumstances { standing: percent(80), ..storm }), 5);
        assert_eq!(
            spoken(5, &Circumstances { standing: percent(10), energy: percent(50), ..storm }),
            0
        );
    }

    #[test]
    fn energy_comes_first() {
        let poor = Circumstances { energy: percent(9), commissioning: true, ..CALM };
        let mut silence = Silence::default();
        assert_eq!(silence.decide(&SilenceConfig::default(), &poor), Voice::Exhausted);
    }
}
