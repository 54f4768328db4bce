//! Light that nodes gather: the sun of a scenario and its clouds.
//! Says only what the file says: it computes no light and reads no file.

use serde::{Deserialize, Serialize};

use super::{Delimiter, signals::default_missing};

/// When there is light, on top of what is gathered at all times. The run starts at midnight.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Sun {
    /// No light.
    #[default]
    Never,
    /// A half-sine from sunrise to sunset, with noon at twelve.
    Day {
        /// Power at noon under a clear sky, in microwatts, 1 to 100,000,000; default 100,000.
        #[serde(default = "default_power_uw")]
        peak_uw: u32,
        /// From sunrise to sunset in minutes, 0 to 1440, which is where latitude and season come
        /// in; default 720.
        #[serde(default = "default_day_minutes")]
        day_minutes: u16,
    },
    /// Full power for some hours of each day.
    Hours {
        /// Power in microwatts, 1 to 100,000,000; default 100,000.
        #[serde(default = "default_power_uw")]
        power_uw: u32,
        /// The hour in which it starts, 0 to 23; default 9.
        #[serde(default = "default_from_hour")]
        from_hour: u8,
        /// How many hours, 1 to 24, past midnight if need be; default 6.
        #[serde(default = "default_hours")]
        hours: u8,
    },
    /// A column of a file that the user brings (`--data DIR`).
    Recorded(RecordedSun),
}

/// A recorded light: one row for each period, from the start of the run. A gap and what lies
/// behind the last row are dark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSun {
    /// File below the data folder, as for a data set. Required.
    pub path: String,
    /// Column by the name in the file's first line. Required.
    pub column: String,
    /// Microwatts gathered for each unit of the column, 0.001 to 32,000; default 1.
    #[serde(default = "default_uw_per_unit")]
    pub uw_per_unit: f64,
    /// Minutes from row to row, 1 to 10,080; default 60.
    #[serde(default = "default_period_minutes")]
    pub period_minutes: u16,
    /// What separates fields; default `Comma`.
    #[serde(default)]
    pub delimiter: Delimiter,
    /// What stands for a missing value, up to 16 texts; default `["NA", ""]`.
    #[serde(default = "default_missing")]
    pub missing: Vec<String>,
    /// Where the set is published, shown when a file is not there; default none.
    #[serde(default, deserialize_with = "super::flowing")]
    pub source: String,
}

/// Clouds: they come and go by the hour, the same for all nodes of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clouds {
    /// Light that a cloud takes, in percent, 0 to 100; default 0: no clouds.
    pub dim_percent: u8,
    /// Mean length of a cloudy spell in hours, 2 to 240; default 6.
    pub cloudy_hours: u16,
    /// Mean length of a clear spell in hours, 2 to 240; default 12.
    pub clear_hours: u16,
    /// Edge of a region in millimetres, 1 to 1,000,000,000; default 1,000,000.
    pub region_mm: u32,
}

impl Default for Clouds {
    fn default() -> Self {
        Self { dim_percent: 0, cloudy_hours: 6, clear_hours: 12, region_mm: 1_000_000 }
    }
}

const fn default_power_uw() -> u32 {
    100_000
}

const fn default_day_minutes() -> u16 {
    720
}

const fn default_from_hour() -> u8 {
    9
}

const fn default_hours() -> u8 {
    6
}

const fn default_uw_per_unit() -> f64 {
    1.0
}

const fn default_period_minutes() -> u16 {
    60
}
