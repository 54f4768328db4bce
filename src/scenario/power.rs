//! When nodes wake and what they live on: the TWT table and the energy budget of a scenario.
//! Must not hold power figures; a profile is only named here.

use serde::{Deserialize, Serialize};

use super::{Clouds, Sun};

/// The wake schedule (target wake time) of nodes that sleep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Twt {
    /// Milliseconds from wake to wake in Calm, 1 to 604,800,000 (a week); default 14,400,000
    /// (4 h).
    pub calm_ms: u32,
    /// The same in `PreStorm`, at most `calm_ms`; default 600,000 (10 min).
    pub prestorm_ms: u32,
    /// The same in Storm, at most `prestorm_ms`; default 30,000.
    pub storm_ms: u32,
    /// Milliseconds awake at each wake, 1 to 3,600,000 and at most `prestorm_ms`; default 500.
    pub window_ms: u32,
    /// The same in Storm, at most `storm_ms`; default 5000.
    pub storm_window_ms: u32,
    /// Each interval varies by up to this share either way, in percent, 0 to 50; default 10.
    pub jitter_percent: u8,
    /// Whether a sleeper wakes for beacons, and so hears an emergency early; default `Never`.
    pub listen: Listen,
    /// Updates that a sentinel hands to a sleeper in a service period, 1 to 32; default 16. It
    /// keeps the newest update of each node that it hears.
    pub buffer_frames: u8,
    /// Share of the interval that a node of no reputation sleeps, in percent, 1 to 100; full
    /// reputation sleeps all of it. Default 20.
    pub weight_floor_percent: u8,
}

/// Beacon listening of a sleeping node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Listen {
    /// The radio stays off until the node's own wake.
    #[default]
    Never,
    /// Wakes for every n-th beacon; n is 1, 3 or 10.
    Dtim(u8),
}

/// What a node lives on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Energy {
    /// Whose power figures are used; default `Published`.
    pub profile: EnergyProfile,
    /// Full battery in millijoules, 1 to 1,000,000,000; default 23,760,000 (6.6 Wh).
    pub battery_mj: u32,
    /// Charge at the start, in percent, 0 to 100; default 100.
    pub start_percent: u8,
    /// Power gathered from outside at all times, in microwatts, 0 to 100,000,000; default 0.
    pub harvest_uw: u32,
    /// Light that is gathered on top of it; default `Never`.
    pub sun: Sun,
    /// What takes some of the light away.
    pub clouds: Clouds,
    /// Charge at which a node goes off, in percent, 0 to 9; default 0.
    pub brownout_percent: u8,
    /// Charge at which it comes back, in percent, 1 to 50 and at least twice `brownout_percent`;
    /// default 5.
    pub recover_percent: u8,
}

/// A set of power figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EnergyProfile {
    /// The figures published with the protocol: 230 mW awake, 35 mW asleep.
    #[default]
    Published,
    /// An ESP32-C6 with Wi-Fi.
    Esp32C6,
    /// An ESP32-C6 with a long-range radio.
    Esp32C6LongRange,
    /// A Raspberry Pi Zero 2 W with its own Wi-Fi.
    RaspberryPiZero2W,
    /// A thought experiment: a spiking core with a long-range radio.
    SpikingCore,
}

impl Default for Twt {
    fn default() -> Self {
        Self {
            calm_ms: 14_400_000,
            prestorm_ms: 600_000,
            storm_ms: 30_000,
            window_ms: 500,
            storm_window_ms: 5000,
            jitter_percent: 10,
            listen: Listen::Never,
            buffer_frames: 16,
            weight_floor_percent: 20,
        }
    }
}

impl Default for Energy {
    fn default() -> Self {
        Self {
            profile: EnergyProfile::Published,
            battery_mj: 23_760_000,
            start_percent: 100,
            harvest_uw: 0,
            sun: Sun::Never,
            clouds: Clouds::default(),
            brownout_percent: 0,
            recover_percent: 5,
        }
    }
}
