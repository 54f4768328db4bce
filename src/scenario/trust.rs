//! What a scenario says of trust beyond reputations: bans with probation, evidence from the
//! aggregate, opinions and the watchdog. All but the effect on the aggregate is off by default.

use serde::{Deserialize, Serialize};

/// How nodes trust each other, beyond reputations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// How bans run; default `ByReputation`.
    pub bans: Bans,
    /// A model that is not good is outlying when it lies this many median absolute deviations
    /// farther from the aggregate than the median model, 0 to 100; default 0: distance is no
    /// evidence.
    pub distance_mads: u8,
    /// Whether a model that is neither good nor harmful by itself is judged by its effect on the
    /// aggregate, against the aggregate of all others; default true.
    pub leave_one_out: bool,
    /// Whether no voice has more than its share of the reputation in a round; default false.
    pub bounded_influence: bool,
    /// Voices that the exponent of influence goes by, 0 to 1,000,000; default 0: the neighbours.
    pub swarm_size: u32,
    /// Least share of neighbours not banned that makes an emergency, on top of `quorum`, 0 to 100;
    /// default 0.
    pub quorum_percent: u8,
    /// Whether nodes say what they think of each other; default false.
    pub opinions: bool,
    /// Gini coefficient of the neighbours' influence above which there is an alarm, 0 to 1; default
    /// 0.7. Measured where nodes keep records: with bans, opinions or the watchdog.
    pub gini_alarm: f64,
    /// Whether nodes watch over progress; default `Off`.
    pub watchdog: Watchdog,
}

/// How bans run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Bans {
    /// A neighbour is banned while its reputation is low: below 0.2, until it has earned 0.3.
    #[default]
    ByReputation,
    /// For a time that doubles, then on probation.
    On {
        /// Ticks that a first ban lasts, 1 to 1,000,000,000; default 3600.
        #[serde(default = "default_first")]
        first_ticks: u32,
        /// The longest ban in ticks, 1 to 1,000,000,000 and at least `first_ticks`; default 86,400.
        #[serde(default = "default_longest")]
        longest_ticks: u32,
        /// Failed audits that ban, 1 to 100; default 2.
        #[serde(default = "default_failures")]
        audit_failures: u8,
        /// Good evidence in a row that ends probation, 1 to 100; default 10.
        #[serde(default = "default_good")]
        probation_good: u8,
    },
}

/// Whether nodes watch over progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Watchdog {
    /// They do not.
    #[default]
    Off,
    /// They go back to their last healthy model when too many neighbours are silent, or when
    /// nothing is worth taking for too long.
    On {
        /// Calm rounds of silence that make a straggler, 1 to 10,000; default 150.
        #[serde(default = "default_rounds")]
        straggler_rounds: u16,
        /// Share of known neighbours that may straggle, 0 to 100; default 20.
        #[serde(default = "default_percent")]
        straggler_percent: u8,
        /// Rounds that may pass without an update worth taking, 1 to 10,000; default 150.
        #[serde(default = "default_rounds")]
        limit_rounds: u16,
    },
}

const fn default_first() -> u32 {
    3_600
}

const fn default_longest() -> u32 {
    86_400
}

const fn default_failures() -> u8 {
    2
}

const fn default_good() -> u8 {
    10
}

const fn default_rounds() -> u16 {
    150
}

const fn default_percent() -> u8 {
    20
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            bans: Bans::default(),
            distance_mads: 0,
            leave_one_out: true,
            bounded_influence: false,
            swarm_size: 0,
            quorum_percent: 0,
            opinions: false,
            gini_alarm: 0.7,
            watchdog: Watchdog::default(),
        }
    }
}
