//! The protocol parameters of a scenario: predictor, regime detector, gossip and trust.
//! Floats are as written; they become fixed point once, when the scenario is compiled.

use serde::{Deserialize, Serialize};

use super::{Aggregation, Preparation, Trust, Wire};

/// What every node runs by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Protocol {
    /// Which past samples the predictor sees: 1 to 8 different lags of 2 to 25 samples (the
    /// newest sample is the reference that the others are measured from); default
    /// `[2, 3, 4, 8]`.
    pub lags: Vec<u8>,
    /// How the first model computes; default `Linear`.
    pub kind: ModelKind,
    /// How models change in a storm, and how what works spreads; default `Off`.
    pub evolution: Evolution,
    /// How fast the predictor learns, by regime.
    pub learning_rate: LearningRate,
    /// Entropy above which Storm is indicated, 0 to 1; default 0.45.
    pub storm_entropy: f64,
    /// Entropy below which Storm may end, 0 to 1 and under `storm_entropy`; default 0.30.
    pub calm_entropy: f64,
    /// Rise of entropy in a sample above which `PreStorm` is indicated, 0 to 1; default 0.15.
    pub prestorm_derivative: f64,
    /// Samples that a Storm lasts at least, 1 to 1000; default 5.
    pub dwell_samples: u16,
    /// Values dropped at each end before averaging, 0 to 8; a modality needs more than twice as
    /// many nodes. Default 1.
    pub trim_per_tail: u8,
    /// How what is heard becomes the node's own; default `TrimmedMean`.
    pub aggregation: Aggregation,
    /// What is done to models before that; default `Nothing`.
    pub preparation: Preparation,
    /// Whether reputation weighs in averages; default true.
    pub weigh_by_reputation: bool,
    /// How updates write weights; default `Q16`.
    pub wire: Wire,
    /// Whether nodes exchange what they learn; default true.
    pub gossip: bool,
    /// Whether updates are signed; default `Off`.
    pub integrity: Integrity,
    /// Whether nodes tune some of these parameters together; default false.
    pub tuner: bool,
    /// Whether nodes send their readings to their sentinel, and how.
    pub stream: Stream,
    /// When a new node counts as settled.
    pub commissioning: Commissioning,
    /// Trusted neighbours in Storm that make a sentinel sound an emergency, 1 to 64; default 3.
    pub quorum: u8,
    /// Reputation of a node that nobody knows, 0 to 1; above 0.5 only if `watch_for` speaks of
    /// reputation. Default 0.5.
    pub initial_reputation: f64,
    /// Rounds for which a vote counts, 1 to 1000; default 10.
    pub votes_age_rounds: u16,
    /// Bans, opinions and the watchdog.
    pub trust: Trust,
}

/// How a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ModelKind {
    /// Linear, by normalised least mean squares.
    #[default]
    Linear,
    /// Linear, with a sign-sign second stage.
    Cascade,
    /// Leaky integrate-and-fire units.
    Spiking,
}

/// Whether models change their form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Evolution {
    /// Every model keeps the form that it starts with.
    #[default]
    Off,
    /// Nodes try genes on their own recent samples, and spread what they adopt.
    On {
        /// Whether models mutate in a storm; without, genes can only spread. Default true.
        #[serde(default = "yes")]
        mutation: bool,
        /// Samples from one mutant to the next, 1 to 1000; mutants arise in Storm only. Default 4.
        #[serde(default = "default_mutate_every")]
        mutate_every_samples: u16,
        /// A gene must lower a node's error by this much to be adopted, 0 to 90; default 5.
        #[serde(default = "default_gain")]
        gain_percent: u8,
    },
}

const fn yes() -> bool {
    true
}

const fn default_mutate_every() -> u16 {
    4
}

const fn default_gain() -> u8 {
    5
}

/// Whether updates are signed by their origin, and how a run does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Integrity {
    /// Unsigned: a sender's id is believed.
    #[default]
    Off,
    /// The bytes, the energy and the decisions of signatures, without curve arithmetic.
    Accounted,
    /// Ed25519.
    Full,
}

/// A residual stream: the readings themselves, so raw data in effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// The sensor's step in its unit, 0 to 16,000: readings are whole numbers of it. Default 0:
    /// nothing is streamed.
    pub step: f64,
    /// Readings in a full frame, 1 to 255; default 64.
    pub frame_samples: u8,
    /// Frames from keyframe to keyframe, 1 to 255; default 32.
    pub key_every_frames: u8,
    /// Frames from checksum to checksum, 1 to 255; default 4.
    pub check_every_frames: u8,
}

/// Learning rates, each 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearningRate {
    /// In Calm; default 0.01.
    pub calm: f64,
    /// In `PreStorm`; default 0.05.
    pub prestorm: f64,
    /// In Storm; default 0.20.
    pub storm: f64,
}

/// A new node keeps Storm cadence until it trusts enough neighbours, or a limit passes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Commissioning {
    /// Neighbours that it must trust, 0 to 64; default 3.
    pub neighbours: u8,
    /// Reputation that counts as trust, 0 to 1; default 0.8.
    pub reputation: f64,
    /// Ticks after which it is settled in any case, 0 to 1,000,000,000; default 3600.
    pub limit_ticks: u64,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            lags: vec![2, 3, 4, 8],
            kind: ModelKind::default(),
            evolution: Evolution::default(),
            learning_rate: LearningRate::default(),
            storm_entropy: 0.45,
            calm_entropy: 0.30,
            prestorm_derivative: 0.15,
            dwell_samples: 5,
            trim_per_tail: 1,
            aggregation: Aggregation::default(),
            preparation: Preparation::default(),
            weigh_by_reputation: true,
            wire: Wire::default(),
            gossip: true,
            integrity: Integrity::Off,
            tuner: false,
            stream: Stream::default(),
            commissioning: Commissioning::default(),
            quorum: 3,
            initial_reputation: 0.5,
            votes_age_rounds: 10,
            trust: Trust::default(),
        }
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self { step: 0.0, frame_samples: 64, key_every_frames: 32, check_every_frames: 4 }
    }
}

impl Default for LearningRate {
    fn default() -> Self {
        Self { calm: 0.01, prestorm: 0.05, storm: 0.20 }
    }
}

impl Default for Commissioning {
    fn default() -> Self {
        Self { neighbours: 3, reputation: 0.8, limit_ticks: 3600 }
    }
}
