//! How many nodes a scenario has, where they stand and which of them stay awake.
//! Says only what the file says: it places nothing and must not compute positions.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nodes when neither `count` nor stations are given.
pub const DEFAULT_COUNT: u32 = 100;

/// The nodes of a scenario.
///
/// Positions are in millimetres with y up; x runs east and z south; every layout is centred on
/// the origin.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nodes {
    /// Number of nodes, 1 to 1,000,000; default 100. Not allowed with `Stations`, which count
    /// themselves: one node for each station and signal.
    #[serde(
        deserialize_with = "given",
        serialize_with = "bare",
        skip_serializing_if = "Option::is_none"
    )]
    pub count: Option<u32>,
    /// Where the nodes stand; default `Grid()`.
    pub layout: Layout,
    /// Which nodes never sleep; default `Cover`.
    pub sentinels: Sentinels,
    /// Share of the other nodes that sleep until called instead of waking by a schedule, in
    /// percent, 0 to 100; default 0.
    pub on_demand_percent: u8,
    /// How first wakes are spread; default `Staggered`.
    pub start: Start,
}

/// Where nodes stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Layout {
    /// Rows on the ground, filled west to east, then north to south.
    Grid {
        /// Nodes in a row, 1 to 10,000; default 10.
        #[serde(default = "default_columns")]
        columns: u32,
        /// Distance between neighbours in millimetres, 1 to 100,000,000; default 10,000.
        #[serde(default = "default_spacing_mm")]
        spacing_mm: u32,
    },
    /// Evenly over a sphere.
    Sphere {
        /// Radius in millimetres, 1 to 1,000,000,000; default 50,000.
        #[serde(default = "default_radius_mm")]
        radius_mm: u32,
    },
    /// At random in a square whose area follows from the radio range and the degree.
    RandomGeometric {
        /// Mean number of nodes in range of a node away from the edge, 2 to 64; default 12.
        #[serde(default = "default_mean_degree")]
        mean_degree: u32,
    },
    /// At named places on Earth: one node for each station and signal. 1 to 10,000 stations.
    Stations(Vec<Station>),
}

/// A named place with one node for each signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Name, used for `{station}` in a data set's path: 1 to 64 letters, digits, spaces, `-`,
    /// `_`; no other station may have it. Required.
    pub name: String,
    /// Degrees north, -90 to 90. Required.
    pub latitude: f64,
    /// Degrees east, -180 to 180. Required.
    pub longitude: f64,
    /// Tick at which its nodes join, 0 to 1,000,000,000; default 0.
    #[serde(default)]
    pub join_tick: u64,
}

/// Which nodes are sentinels: always awake, they beacon and hold frames for sleepers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Sentinels {
    /// As few as a greedy cover needs so that every node has one of its modality in range.
    #[default]
    Cover,
    /// Every n-th node, from node 0; n is 1 to 1000.
    Every(u32),
    /// At each station, the node that senses this modality. Only with `Stations`.
    PerStation(String),
}

/// How the first wakes are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Start {
    /// Over one storm interval, by a draw for each node: new nodes keep that cadence.
    #[default]
    Staggered,
    /// All nodes wake in the first tick.
    Together,
}

impl Default for Layout {
    fn default() -> Self {
        Self::Grid { columns: default_columns(), spacing_mm: default_spacing_mm() }
    }
}

const fn default_columns() -> u32 {
    10
}

const fn default_spacing_mm() -> u32 {
    10_000
}

const fn default_radius_mm() -> u32 {
    50_000
}

const fn default_mean_degree() -> u32 {
    12
}

/// Reads a field that may be left out but, where it stands, is a bare value and not `Some(..)`.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Writes what [`given`] reads.
#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn bare<S: Serializer>(value: &Option<u32>, serializer: S) -> Result<S::Ok, S::Error> {
    value.unwrap_or(DEFAULT_COUNT).serialize(serializer)
}
