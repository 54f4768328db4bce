//! The radio of a scenario: two profiles of defaults and what a file changes in them.
//! Must not model the channel; the world does that from these numbers.

use serde::{Deserialize, Serialize};

use super::nodes::given;

/// Bytes of a fragment that are header: an MTU must leave room for more than this.
pub const AIR_HEADER_BYTES: u16 = 12;

/// The radio that all nodes share. Each default follows from `profile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "RadioFile")]
pub struct Radio {
    /// Where the defaults of the other fields come from; default `Wifi6`.
    pub profile: RadioProfile,
    /// Distance in millimetres beyond which nothing is heard, 1 to 1,000,000,000; default 30,000
    /// (`Wifi6`) or 1,000,000 (`LongRange`).
    pub range_mm: u32,
    /// Bits per second on the air, 1,000 to 1,000,000,000; default 8,600,000 (802.11ax MCS 0 in
    /// 20 MHz) or 5,470 (LoRa, spreading factor 7 in 125 kHz).
    pub bitrate_bps: u32,
    /// Microseconds on the air before the first bit, 0 to 100,000; default 44 (802.11ax single
    /// user) or 12,544 (LoRa, 8 symbols).
    pub preamble_us: u32,
    /// Largest fragment in bytes, header and all, 32 to 1024; default 1024 or 222.
    pub mtu_bytes: u16,
    /// Share of fragments lost at full range, in percent, 0 to 100; default 20 or 30.
    pub loss_at_range_percent: u8,
    /// Share of fragments lost at no distance, in percent, 0 to 100 and at most the loss at
    /// range; default 1 or 2.
    pub loss_floor_percent: u8,
    /// Whether frames that overlap at a receiver destroy each other; default true.
    pub collisions: bool,
    /// Microseconds between a sentinel's beacons, 1,024 to 67,107,840; default 102,400 (100
    /// time units of 802.11) or 1,024,000.
    pub beacon_interval_us: u32,
}

/// A kind of radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RadioProfile {
    /// 802.11ax at its most robust rate, tens of metres.
    #[default]
    Wifi6,
    /// A slow, narrow link, a kilometre or more.
    LongRange,
}

/// What stands in the file: only what differs from the profile.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename = "Radio")]
struct RadioFile {
    profile: RadioProfile,
    #[serde(deserialize_with = "given")]
    range_mm: Option<u32>,
    #[serde(deserialize_with = "given")]
    bitrate_bps: Option<u32>,
    #[serde(deserialize_with = "given")]
    preamble_us: Option<u32>,
    #[serde(deserialize_with = "given")]
    mtu_bytes: Option<u16>,
    #[serde(deserialize_with = "given")]
    loss_at_range_percent: Option<u8>,
    #[serde(deserialize_with = "given")]
    loss_floor_percent: Option<u8>,
    #[serde(deserialize_with = "given")]
    collisions: Option<bool>,
    #[serde(deserialize_with = "given")]
    beacon_interval_us: Option<u32>,
}

impl Radio {
    /// The radio of a profile with nothing changed.
    #[must_use]
    pub const fn of(profile: RadioProfile) -> Self {
        match profile {
            RadioProfile::Wifi6 => Self {
                profile,
                range_mm: 30_000,
                bitrate_bps: 8_600_000,
                preamble_us: 44,
                mtu_bytes: 1024,
                loss_at_range_percent: 20,
                loss_floor_percent: 1,
                collisions: true,
                beacon_interval_us: 102_400,
            },
            RadioProfile::LongRange => Self {
                profile,
                range_mm: 1_000_000,
                bitrate_bps: 5_470,
                preamble_us: 12_544,
                mtu_bytes: 222,
                loss_at_range_percent: 30,
                loss_floor_percent: 2,
                collisions: true,
                beacon_interval_us: 1_024_000,
            },
        }
    }

    /// Time on the air of a full fragment, in whole microseconds, rounded up.
    ///
    /// A bit rate of zero, which no checked scenario has, counts as one bit per second.
    #[must_use]
    pub fn full_airtime_us(&self) -> u64 {
        let bits = u64::from(self.mtu_bytes) * 8;
        let rate = u64::from(self.bitrate_bps).max(1);
        u64::from(self.preamble_us) + (bits * 1_000_000).div_ceil(rate)
    }
}

impl Default for Radio {
    fn default() -> Self {
        Self::of(RadioProfile::default())
    }
}

impl From<RadioFile> for Radio {
    fn from(file: RadioFile) -> Self {
        let base = Self::of(file.profile);
        Self {
            profile: file.profile,
            range_mm: file.range_mm.unwrap_or(base.range_mm),
            bitrate_bps: file.bitrate_bps.unwrap_or(base.bitrate_bps),
            preamble_us: file.preamble_us.unwrap_or(base.preamble_us),
            mtu_bytes: file.mtu_bytes.unwrap_or(base.mtu_bytes),
            loss_at_range_percent: file.loss_at_range_percent.unwrap_or(base.loss_at_range_percent),
            loss_floor_percent: file.loss_floor_percent.unwrap_or(base.loss_floor_percent),
            collisions: file.collisions.unwrap_or(base.collisions),
            beacon_interval_us: file.beacon_interval_us.unwrap_or(base.beacon_interval_us),
        }
    }
}
