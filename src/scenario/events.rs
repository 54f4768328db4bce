//! What happens to the nodes and from where it is watched: storms and camera bookmarks.
//! A storm only disturbs signals; nothing here may tell a node that there is one.

use serde::{Deserialize, Serialize};

/// A disturbance that moves over the ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storm {
    /// First tick, 0 to 1,000,000,000. Required.
    pub from_tick: u64,
    /// Tick at which it is over, after `from_tick`, to 1,000,000,000. Required.
    pub to_tick: u64,
    /// Where its centre is: 1 to 1024 waypoints with rising ticks, straight lines between; it
    /// stays at the first before and at the last after. Required.
    pub path: Vec<Waypoint>,
    /// Millimetres from the centre to where it ends, 1 to 1,000,000,000. Required.
    pub radius_mm: u32,
    /// Standard deviation of the disturbance at its centre, 0 to 1000, in multiples of the
    /// sensor's own noise (see `Source::deviation`), or for `Gain` what is added to a gain of
    /// one; default 8.
    #[serde(default = "default_intensity")]
    pub intensity: f64,
    /// What the disturbance is like; default `White`.
    #[serde(default)]
    pub spectrum: Spectrum,
}

/// A place on a storm's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waypoint {
    /// When the centre is here, 0 to 1,000,000,000. Required.
    pub tick: u64,
    /// Millimetres east of the origin, -1,000,000,000 to 1,000,000,000. Required.
    pub x_mm: i64,
    /// Millimetres south of the origin, in the same range. Required.
    pub z_mm: i64,
}

/// The character of a disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Spectrum {
    /// Independent from sample to sample.
    #[default]
    White,
    /// Comes in bursts that last several samples.
    Gust,
    /// A hum: a sine of one period, each node in its own phase.
    Tone {
        /// Samples in a period, 2 to 1000. Required.
        period_samples: u16,
    },
    /// Coloured noise in a narrow band: a tone whose height and phase wander.
    Coloured {
        /// Samples in the mean period, 2 to 1000. Required.
        period_samples: u16,
        /// Samples over which height and phase keep roughly, 2 to 10,000. Required.
        coherence_samples: u16,
    },
    /// The sensor's distance from its mean level is multiplied.
    Gain,
}

/// A named view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Name, 1 to 64 characters, different for each view. Required.
    pub name: String,
    /// Where the camera is: x, y (up), z in millimetres, each -1,000,000,000 to 1,000,000,000.
    /// Required.
    pub eye_mm: [i64; 3],
    /// What it looks at, in the same terms; another place than the eye. Required.
    pub target_mm: [i64; 3],
}

const fn default_intensity() -> f64 {
    8.0
}
