//! What a scenario file says: types, defaults, checks, and errors that point at the very value.
//! Must not know the mesh, the world or the screen, and never panics whatever the bytes.

mod aggregation;
mod attacks;
mod check;
mod combine;
mod commands;
mod events;
mod explain;
mod fault;
mod faults;
mod fields;
mod fixed;
mod include;
mod lex;
mod library;
mod locate;
mod nodes;
mod power;
mod problem;
#[cfg(test)]
mod properties;
mod protocol;
mod radio;
mod read;
mod selector;
mod signals;
mod solar;
mod sweep;
#[cfg(test)]
mod tests;
mod trust;

use serde::{Deserialize, Deserializer, Serialize};

pub use aggregation::{Adoption, Aggregation, Preparation, Wire};
pub use attacks::{Adversary, Attack, Direction, listed};
pub use commands::{
    Command, FAULTS_MAX, LIVE, Links, Live, NODES_MAX, Needs, Order, Post, Realm, STORMS_MAX,
    Setting, live,
};
pub use events::{Camera, Spectrum, Storm, Waypoint};
pub use fault::Fault;
pub use faults::{FaultEntry, FaultKind, Who};
pub use fields::{Accepts, FIELDS, Field, field_table};
pub use fixed::{fixed, q16};
pub use include::included_by;
pub use library::{Resolved, embedded, resolve, sample, sample_names};
pub use nodes::{DEFAULT_COUNT, Layout, Nodes, Sentinels, Start, Station};
pub use power::{Energy, EnergyProfile, Listen, Twt};
pub use problem::{Position, Problem};
pub use protocol::{
    Audit, Budget, Commissioning, Evolution, Integrity, LearningRate, ModelKind, Privacy, Protocol,
    SecureAggregation, Stream, Summary,
};
pub use radio::{AIR_HEADER_BYTES, Radio, RadioProfile};
pub use read::MAX_FILE_BYTES;
pub use selector::{Crowd, Property, Selector, SelectorError, list_of};
pub use signals::{
    DatasetSpec, Delimiter, Normalise, Phase, SampleSpec, Signal, Source, Synthetic, Wave,
};
pub use solar::{Clouds, RecordedSun, Sun};
pub use sweep::{Axis, RUNS_MAX, Sweep, Value};
pub use trust::{Bans, Trust, Watchdog};

/// A whole scenario, as its file says it.
///
/// In the texts meant for people, line breaks and runs of spaces read as one space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Name shown in lists, 1 to 200 characters. Required.
    #[serde(deserialize_with = "flowing")]
    pub title: String,
    /// A paragraph: what to look at and what should happen, 1 to 4000 characters. Required.
    #[serde(deserialize_with = "flowing")]
    pub watch_for: String,
    /// A remark kept on screen, such as that the TWT table is shortened, to 4000 characters;
    /// default none.
    #[serde(default, deserialize_with = "flowing")]
    pub note: String,
    /// Seed of every draw, any 64-bit number; default 1.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Protocol time in a tick, in milliseconds, 1 to 86,400,000; default 1000.
    #[serde(default = "default_tick_ms")]
    pub tick_ms: u32,
    /// Ticks in a sensor's period, 1 to 1,000,000; default 1.
    #[serde(default = "default_sample_every")]
    pub sample_every: u32,
    /// Ticks that a run takes unless told otherwise, 1 to 1,000,000,000; default 2000.
    #[serde(default = "default_ticks")]
    pub ticks: u64,
    /// Who there is. Required.
    pub nodes: Nodes,
    /// How they talk.
    #[serde(default)]
    pub radio: Radio,
    /// When they wake.
    #[serde(default)]
    pub twt: Twt,
    /// What they live on.
    #[serde(default)]
    pub energy: Energy,
    /// What they run by.
    #[serde(default)]
    pub protocol: Protocol,
    /// What they sense, 1 to 16 signals. Required.
    pub signals: Vec<Signal>,
    /// What disturbs the signals, to 64 storms; default none.
    #[serde(default)]
    pub storms: Vec<Storm>,
    /// Who does harm, to 16 entries; default none.
    #[serde(default)]
    pub adversaries: Vec<Adversary>,
    /// What is ordered in mid-run, to 1024 entries; default none.
    #[serde(default)]
    pub commands: Vec<Order>,
    /// What goes wrong, to 32 entries; default nothing.
    #[serde(default)]
    pub faults: Vec<FaultEntry>,
    /// Bookmarked views, to 64; default none.
    #[serde(default)]
    pub camera: Vec<Camera>,
}

impl Scenario {
    /// Number of nodes: the count, or one for each station and signal.
    #[must_use]
    pub fn node_count(&self) -> u64 {
        match &self.nodes.layout {
            Layout::Stations(stations) => {
                (stations.len() as u64).saturating_mul(self.signals.len() as u64)
            }
            _ => u64::from(self.nodes.count.unwrap_or(DEFAULT_COUNT)),
        }
    }
}

/// Reads a text that may be broken over lines and indented.
fn flowing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

const fn default_seed() -> u64 {
    1
}

const fn default_tick_ms() -> u32 {
    1000
}

const fn default_sample_every() -> u32 {
    1
}

const fn default_ticks() -> u64 {
    2000
}
