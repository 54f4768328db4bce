//! What nodes sense: generated signals, data sets on disk and the small samples in the binary.
//! Describes sources only; must not read files or draw numbers.

use serde::{Deserialize, Serialize};

/// One kind of thing that is sensed.
///
/// Node i senses signal i modulo their number; with `Stations` each station has a node for every
/// signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// What is sensed, such as `temperature`: 1 to 64 characters, different for each signal.
    /// Gossip never crosses modalities. Required.
    pub modality: String,
    /// Unit as shown, such as `degC`, at most 16 characters; default none.
    #[serde(default)]
    pub unit: String,
    /// Where the samples come from; default `Synthetic()`.
    #[serde(default)]
    pub source: Source,
    /// Other signals, by modality, that the same node also senses: up to 4; default none. They
    /// have a say in the node's forecasts and are never sent.
    #[serde(default)]
    pub companions: Vec<String>,
}

/// Where samples come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Source {
    /// Computed from waves, noise and a wandering level.
    Synthetic(Synthetic),
    /// A column of files that the user brings (`--data DIR`).
    Dataset(DatasetSpec),
    /// A column of a small file inside the binary.
    Sample(SampleSpec),
}

/// A computed signal, in the sensor's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Synthetic {
    /// Mean, -32,000 to 32,000; default 20.
    pub level: f64,
    /// Sine waves on top, 0 to 6; default one of 300 samples and amplitude 4.
    pub waves: Vec<Wave>,
    /// Standard deviation of white noise, 0 to 16,000; default 0.2.
    pub noise: f64,
    /// Standard deviation of a slow wandering (first-order autoregression), 0 to 16,000; default
    /// 0.
    pub wander: f64,
    /// Whose waves are in step; default `Shared`.
    pub phase: Phase,
}

/// A sine wave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Samples in a period, 2 to 10,000,000. Required.
    pub period_samples: u32,
    /// Height over the mean, 0 to 16,000. Required.
    pub amplitude: f64,
}

/// Whose waves are in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Phase {
    /// All nodes share the phase.
    #[default]
    Shared,
    /// Each node has a phase of its own, by a draw.
    ByNode,
    /// The phase moves along with x, as weather does.
    ByPosition,
}

/// A column of files under the data folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// File below the data folder, with `/` between folders; `{station}` stands for the
    /// station's name. Never absolute, never with `..`. Required.
    pub path: String,
    /// Column by the name in the file's first line. Required.
    pub column: String,
    /// What separates fields; default `Comma`.
    #[serde(default)]
    pub delimiter: Delimiter,
    /// What stands for a missing value, up to 16 texts; default `["NA", ""]`.
    #[serde(default = "default_missing")]
    pub missing: Vec<String>,
    /// Where the set is published, shown when a file is not there; default none.
    #[serde(default, deserialize_with = "super::flowing")]
    pub source: String,
    /// How a raw value is brought to about -1 to 1; default `Affine()`.
    #[serde(default)]
    pub normalise: Normalise,
}

/// A column of a file in the binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleSpec {
    /// Name of the embedded file, such as `tide.csv`. Required.
    pub file: String,
    /// Column by the name in the file's first line. Required.
    pub column: String,
    /// What separates fields; default `Comma`.
    #[serde(default)]
    pub delimiter: Delimiter,
    /// What stands for a missing value, up to 16 texts; default `["NA", ""]`.
    #[serde(default = "default_missing")]
    pub missing: Vec<String>,
    /// How a raw value is brought to about -1 to 1; default `Affine()`.
    #[serde(default)]
    pub normalise: Normalise,
}

/// What separates the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Delimiter {
    /// CSV.
    #[default]
    Comma,
    /// TSV.
    Tab,
}

/// From raw values to the scale that nodes compute on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Normalise {
    /// `(raw - offset) / scale`.
    Affine {
        /// In the sensor's unit, -32,000 to 32,000; default 0.
        #[serde(default)]
        offset: f64,
        /// In the sensor's unit, 0.001 to 32,000; default 1.
        #[serde(default = "default_scale")]
        scale: f64,
    },
}

impl Delimiter {
    /// The byte itself.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Tab => b'\t',
        }
    }
}

impl Source {
    /// The deviation that a storm's intensity multiplies, in the unit that nodes compute on: the
    /// noise of a computed signal (a tenth of its waves when it has none), or 1 for a recorded one
    /// after its normalisation.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        match self {
            Self::Synthetic(signal) if signal.noise > 0.0 => signal.noise,
            Self::Synthetic(signal) => {
                let waves: f64 = signal.waves.iter().map(|w| w.amplitude * w.amplitude / 2.0).sum();
                libm::sqrt(waves + signal.wander * signal.wander) / 10.0
            }
            Self::Dataset(_) | Self::Sample(_) => 1.0,
        }
    }
}

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            level: 20.0,
            waves: vec![Wave { period_samples: 300, amplitude: 4.0 }],
            noise: 0.2,
            wander: 0.0,
            phase: Phase::Shared,
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::Synthetic(Synthetic::default())
    }
}

impl Default for Normalise {
    fn default() -> Self {
        Self::Affine { offset: 0.0, scale: default_scale() }
    }
}

const fn default_scale() -> f64 {
    1.0
}

pub(super) fn default_missing() -> Vec<String> {
    vec!["NA".to_owned(), String::new()]
}
