//! The protocol parameters of a scenario: predictor, regime detector, gossip and trust.
//! Floats are as written; they become fixed point once, when the scenario is compiled.

use serde::{Deserialize, Serialize};

use super::{Adoption, Aggregation, Preparation, Trust, Wire};

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
    /// Values dropped at each end before averaging, 0 to 8, but at most what leaves one or two;
    /// above 0 a modality needs three nodes. Default 2.
    pub trim_per_tail: u8,
    /// How what is heard becomes the node's own; default `TrimmedMean`.
    pub aggregation: Aggregation,
    /// What is done to models before that; default `Nothing`.
    pub preparation: Preparation,
    /// Whether reputation weighs in averages; default true.
    pub weigh_by_reputation: bool,
    /// What of it a node takes on; default `Tested`.
    pub adoption: Adoption,
    /// How updates write weights; default `Q16`.
    pub wire: Wire,
    /// Whether nodes exchange what they learn; default true.
    pub gossip: bool,
    /// Whether updates are signed; default `Off`.
    pub integrity: Integrity,
    /// Whether sleepers share sums of groups in the place of their own weights.
    pub secure_aggregation: SecureAggregation,
    /// Whether nodes tune some of these parameters together; default false.
    pub tuner: bool,
    /// Whether nodes send their readings to their sentinel, and how.
    pub stream: Stream,
    /// What others may learn of a node's data from its updates.
    pub privacy: Privacy,
    /// Whether newcomers ask their neighbours for a summary of what the mesh has learned.
    pub summary: Summary,
    /// Whether nodes audit each other, and how.
    pub audit: Audit,
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

/// Sums of groups in which no member's part shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecureAggregation {
    /// Members of a group, 4 to 8: scheduled nodes of one modality that share a sentinel. Default
    /// 0: updates travel in the clear.
    pub members: u8,
    /// Rounds of its sentinel that a group waits for members that are late, 1 to 1000; default 3.
    pub patience_rounds: u16,
    /// Largest norm of what a member puts in, 0.01 to 11, to which it is pledged by a commitment
    /// and which it proves when drawn. Default 0: nothing is pledged or proven.
    pub norm_bound: f64,
    /// The chance that a sum is followed by the demand of a proof, 0 to 1; default 0.1.
    pub proof_share: f64,
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

/// What others may learn of a node's data. Off unless there is noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Privacy {
    /// Norm to which the step from one update of a node to its next is cut, 0.001 to 4; default
    /// 0.1.
    pub clip: f64,
    /// Deviation of the noise in each weight over `clip`, 0.01 to 1000, with a product of at most
    /// 64. Default 0: updates carry the weights themselves.
    pub noise_multiplier: f64,
    /// What all updates of a node together may give away.
    pub budget: Budget,
}

/// A guarantee of differential privacy. A node that reaches it sends no more updates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// How much likelier any outcome may become by other data, as a power of e, 0.001 to 32,000;
    /// default 8.
    pub epsilon: f64,
    /// Chance with which that may not hold, a power of ten from 1e-12 to 0.1; default 1e-5.
    pub delta: f64,
}

/// How a newcomer takes over what a mesh has learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Summary {
    /// Requests that a newcomer sends at most, one a round, 0 to 255. Default 0: nobody asks.
    pub asks: u8,
    /// Ticks from one answer of a node to its next, at least, 0 to 1,000,000; default 10.
    pub answer_every_ticks: u32,
    /// Below this share of its energy a node neither asks nor answers, 0 to 100; default 15.
    pub energy_floor_percent: u8,
}

/// Stochastic audits: nodes commit to what they compute, and show a stretch of it when they are
/// drawn. That stretch is raw data, for the one node that asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Rounds that one commitment stands for, 0 to 64. Default 0: nobody audits.
    pub every_rounds: u8,
    /// Share of the updates of a node that speaks in every round that is drawn for an audit, 0.01
    /// to 100 percent; of one that speaks in half of them, half of that. Default 2.
    pub rate_percent: f64,
    /// Whether models that stand out among those of a round draw an audit; default false.
    pub outliers: bool,
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
            trim_per_tail: 2,
            aggregation: Aggregation::default(),
            preparation: Preparation::default(),
            weigh_by_reputation: true,
            adoption: Adoption::default(),
            wire: Wire::default(),
            gossip: true,
            integrity: Integrity::Off,
            secure_aggregation: SecureAggregation::default(),
            tuner: false,
            stream: Stream::default(),
            privacy: Privacy::default(),
            summary: Summary::default(),
            audit: Audit::default(),
            commissioning: Commissioning::default(),
            quorum: 3,
            initial_reputation: 0.5,
            votes_age_rounds: 10,
            trust: Trust::default(),
        }
    }
}

impl Default for SecureAggregation {
    fn default() -> Self {
        Self { members: 0, patience_rounds: 3, norm_bound: 0.0, proof_share: 0.1 }
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self { step: 0.0, frame_samples: 64, key_every_frames: 32, check_every_frames: 4 }
    }
}

impl Default for Privacy {
    fn default() -> Self {
        Self { clip: 0.1, noise_multiplier: 0.0, budget: Budget::default() }
    }
}

impl Privacy {
    /// Whether updates carry noise.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.noise_multiplier > 0.0
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { epsilon: 8.0, delta: 1e-5 }
    }
}

impl Budget {
    /// The power of ten that delta is: 5 for 1e-5. `None` for anything else.
    #[must_use]
    pub fn digits(&self) -> Option<u8> {
        let mut power = 1.0;
        (1..=12).find(|_| {
            power *= 10.0;
            (self.delta * power - 1.0).abs() < 1e-9
        })
    }
}

impl Default for Summary {
    fn default() -> Self {
        Self { asks: 0, answer_every_ticks: 10, energy_floor_percent: 15 }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self { every_rounds: 0, rate_percent: 2.0, outliers: false }
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
