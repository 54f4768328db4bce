//! How nodes merge what they hear, as a scenario says it: a rule, and what is done before it.
//! Says only what the file says; the rules themselves are the core's.

use serde::{Deserialize, Serialize};

/// How prepared models become one; docs/aggregation.md compares the rules.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Aggregation {
    /// The mean: no defence.
    Mean,
    /// Per coordinate: `trim_per_tail` dropped at each end, the rest averaged.
    #[default]
    TrimmedMean,
    /// Per coordinate: the median.
    Median,
    /// Per coordinate: the mean of the values closest to the median.
    Meamed {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// The model closest to its nearest others.
    Krum {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// The mean of several such models.
    MultiKrum {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
        /// How many, 0 to 24; 0, the default, for all but the faulty.
        #[serde(default)]
        select: u8,
    },
    /// Krum, again and again, then the values closest to the median.
    Bulyan {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// The point of least summed distance.
    GeometricMedian {
        /// Distances count at least as this much, 0.001 to 16; default 0.1.
        #[serde(default = "tenth")]
        smoothing: f64,
        /// Of the iteration, 1 to 32; default 8.
        #[serde(default = "eight")]
        steps: u8,
    },
    /// Steps from the own model, each difference cut to a radius.
    CentredClipping {
        /// 0 to 16; default 0.1.
        #[serde(default = "tenth")]
        radius: f64,
        /// 1 to 32; default 3.
        #[serde(default = "three")]
        steps: u8,
    },
    /// A step from the own model, cut by the distances that the voices show.
    ClippedGossip {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// The same, cut to the distance of all but twice the faulty.
    CsPlus {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// The mean of those nearest to the own model.
    Nna {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// Peers within a shrinking distance of the own model, mixed with it.
    Balance {
        /// That distance at first, in norms of the own model, 0 to 16; default 2.
        #[serde(default = "two")]
        reach: f64,
        /// How often it shrinks by e over the horizon, 0 to 16; default 1.
        #[serde(default = "unit")]
        decay: f64,
        /// 1 to 1,000,000,000 rounds; default 1000.
        #[serde(default = "thousand")]
        horizon_rounds: u32,
        /// Of the own model in the mix, 0 to 1; default 0.5.
        #[serde(default = "half")]
        own_share: f64,
    },
    /// Of the nearest peers those that predict the own samples no worse, mixed with the own model.
    Ubar {
        /// Share of peers that count as nearest, 0 to 1; default 0.4.
        #[serde(default = "two_fifths")]
        keep: f64,
        /// Of the own model in the mix, 0 to 1; default 0.5.
        #[serde(default = "half")]
        own_share: f64,
    },
    /// Robust until it has been calm for long, then the mean.
    Adaptive {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
        /// Quiet rounds before the mean is trusted, 1 to 255, where 255 means never; default 8.
        #[serde(default = "eight")]
        calm_rounds: u8,
        /// Share of outliers up to which a round is quiet, 0 to 1; default 0.
        #[serde(default)]
        quiet_share: f64,
        /// Share of outliers above which a round is an alarm, 0 to 1; default 0.1.
        #[serde(default = "tenth")]
        alarm_share: f64,
    },
}

/// What a node takes on of what it hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Adoption {
    /// Offers that do no harm on its own recent samples, if what the rule makes of them errs there
    /// no more than its own model. What was learned in bad weather has to be good there.
    #[default]
    Tested,
    /// Offers that do no harm there.
    Screened,
    /// Everything, and nobody is judged by what it offers: what a rule does alone.
    Blind,
}

/// What is done to models before the rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Preparation {
    /// Nothing.
    #[default]
    Nothing,
    /// Each model becomes the mean of those nearest to it.
    Nnm {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// The farthest models are drawn in.
    Arc {
        /// Voices that may lie, 0 to 8; default 1.
        #[serde(default = "one")]
        faulty: u8,
    },
    /// Models are averaged in random groups.
    Bucketing {
        /// Models in a group, 1 to 8; default 2.
        #[serde(default = "pair")]
        size: u8,
    },
}

/// How updates write weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Wire {
    /// Four bytes a weight.
    #[default]
    Q16,
    /// Two bytes a weight and one for all, with error feedback.
    Bfp16,
}

impl Aggregation {
    /// Nodes of a modality without which the rule could never guard against as many as it names.
    #[must_use]
    pub fn voices_needed(&self, trim_per_tail: u8) -> u64 {
        let (of_faulty, faulty, more) = match self {
            // Of few values it drops what leaves one or two.
            Self::TrimmedMean => (2, trim_per_tail.min(1), 1),
            Self::Meamed { faulty } | Self::Nna { faulty } => (2, *faulty, 1),
            Self::ClippedGossip { faulty } => (1, *faulty, 2),
            Self::CsPlus { faulty } => (2, *faulty, 2),
            Self::Krum { faulty }
            | Self::MultiKrum { faulty, .. }
            | Self::Adaptive { faulty, .. } => (2, *faulty, 3),
            Self::Bulyan { faulty } => (4, *faulty, 3),
            Self::Mean
            | Self::Median
            | Self::GeometricMedian { .. }
            | Self::CentredClipping { .. }
            | Self::Balance { .. }
            | Self::Ubar { .. } => (0, 0, 1),
        };
        of_faulty * u64::from(faulty) + more
    }
}

const fn one() -> u8 {
    1
}

const fn pair() -> u8 {
    2
}

const fn three() -> u8 {
    3
}

const fn eight() -> u8 {
    8
}

const fn thousand() -> u32 {
    1000
}

const fn tenth() -> f64 {
    0.1
}

const fn two_fifths() -> f64 {
    0.4
}

const fn half() -> f64 {
    0.5
}

const fn unit() -> f64 {
    1.0
}

const fn two() -> f64 {
    2.0
}
