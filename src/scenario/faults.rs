//! What goes wrong with nodes and links, as a scenario says it. Says only what the file says; what
//! a fault does is the world's.

mod check;

use serde::{Deserialize, Serialize};

use super::Attack;
pub(super) use check::{begun, combine, given, ranges};

/// A fault: what, when and to whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultEntry {
    /// What goes wrong. Required.
    pub kind: FaultKind,
    /// First tick, 0 to 1,000,000,000; default 0.
    #[serde(default)]
    pub from_tick: u64,
    /// Tick at which it is over, after `from_tick`, to 1,000,000,000; default 1,000,000,000.
    #[serde(default = "for_good")]
    pub to_tick: u64,
    /// Whom it strikes; default `All`.
    #[serde(default)]
    pub nodes: Who,
}

/// What goes wrong. A fault of frames strikes those that a chosen node sends or receives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FaultKind {
    /// Frames are lost, each by itself.
    Loss {
        /// Of frames, 1 to 100 percent; default 10.
        #[serde(default = "ten")]
        percent: u8,
    },
    /// Frames are lost in bursts: each direction of a link is good or bad, and changes by chance.
    Bursts {
        /// Chance in a tick that a good link turns bad, 1 to 999 in a thousand; default 10.
        #[serde(default = "ten_per_mille")]
        enter_per_mille: u16,
        /// Chance in a tick that a bad link turns good, 1 to 999 in a thousand; default 100.
        #[serde(default = "hundred_per_mille")]
        leave_per_mille: u16,
        /// Lost while good, 0 to 100 percent; default 0.
        #[serde(default)]
        good_percent: u8,
        /// Lost while bad, 0 to 100 percent; default 90.
        #[serde(default = "ninety")]
        bad_percent: u8,
    },
    /// Frames come twice.
    Duplication {
        /// Of frames, 1 to 100 percent; default 10.
        #[serde(default = "ten")]
        percent: u8,
    },
    /// Frames come late, so that later ones overtake them.
    Reordering {
        /// Of frames, 1 to 100 percent; default 10.
        #[serde(default = "ten")]
        percent: u8,
        /// At most so late, 1 to 1000 ticks; default 3.
        #[serde(default = "three")]
        up_to_ticks: u16,
    },
    /// Bits flip.
    Corruption {
        /// Of frames, 1 to 100 percent; default 10.
        #[serde(default = "ten")]
        percent: u8,
        /// Bits that flip in such a frame, 1 to 64; default 1.
        #[serde(default = "one")]
        bits: u8,
        /// The checksum is computed anew over the damage, as a relay with bad memory would do;
        /// default false.
        #[serde(default)]
        mends_crc: bool,
    },
    /// Nothing passes between chosen nodes and the others.
    Partition,
    /// Clocks run wrong.
    ClockSkew {
        /// At most, either way, 1 to 100,000 millionths; default 100.
        #[serde(default = "hundred")]
        ppm: u32,
    },
    /// Nodes do not keep up.
    Straggler {
        /// How many times as long a round takes, 2 to 1000; default 4.
        #[serde(default = "four")]
        factor: u16,
    },
    /// Nodes lose power and restart.
    PowerLoss {
        /// Mean ticks between cuts, 0 to 1,000,000,000, where 0, the default, is once at
        /// `from_tick`.
        #[serde(default)]
        every_ticks: u64,
        /// How long power is away, 1 to 1,000,000 ticks; default 10.
        #[serde(default = "ten_ticks")]
        off_ticks: u64,
        /// Ticks between saves of the model, 0 to 1,000,000,000, where 0, the default, is no
        /// storage.
        #[serde(default)]
        save_every_ticks: u64,
        /// Cuts that fall into the writing of a save, 0 to 100 percent; default 50.
        #[serde(default = "fifty")]
        torn_percent: u8,
    },
    /// Nodes leave without a word, and come back as newcomers.
    Churn {
        /// Mean stay, 1 to 1,000,000 ticks; default 500.
        #[serde(default = "five_hundred")]
        stay_ticks: u64,
        /// Mean absence, 1 to 1,000,000 ticks; default 100.
        #[serde(default = "hundred_ticks")]
        away_ticks: u64,
    },
    /// A jammer in the middle of an `Area` drowns what is received there.
    Jamming {
        /// Share of time that it is on, 1 to 100 percent; default 50.
        #[serde(default = "fifty")]
        duty_percent: u8,
        /// From one burst to the next, 100 to 10,000,000 microseconds; default 10,000.
        #[serde(default = "ten_thousand")]
        period_us: u32,
        /// Field strength against a node's, 1 to 100,000 percent; default 1000.
        #[serde(default = "thousand_percent")]
        strength_percent: u32,
    },
    /// One node hears and reaches the chosen ones only.
    Eclipse {
        /// That node, 0 to 999,999. Required.
        victim: u32,
    },
    /// A node invents identities that join at `from_tick`.
    Sybil {
        /// The node, 0 to 999,999. Required.
        host: u32,
        /// How many, 1 to 1000; default 10.
        #[serde(default = "ten_identities")]
        identities: u16,
        /// What they do. Required.
        attack: Attack,
    },
}

/// Whom a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Who {
    /// Everybody.
    #[default]
    All,
    /// So many nodes, drawn by the seed.
    Share {
        /// 1 to 100; default 20.
        #[serde(default = "twenty")]
        percent: u8,
    },
    /// Nodes by id, 1 to 10,000.
    List(Vec<u32>),
    /// Links by their ends, both directions, 1 to 10,000; for faults of frames.
    Links(Vec<(u32, u32)>),
    /// Nodes no farther than a radius from a place on the ground.
    Area {
        /// Millimetres east of the origin, -1,000,000,000 to 1,000,000,000. Required.
        x_mm: i64,
        /// Millimetres south of the origin, in the same range. Required.
        z_mm: i64,
        /// Millimetres, 1 to 1,000,000,000. Required.
        radius_mm: u32,
    },
    /// Nodes to the left of whoever walks the line from one place to another.
    Side {
        /// Where the line begins, as in `Area`. Required.
        x_mm: i64,
        /// The same, south. Required.
        z_mm: i64,
        /// A later place on it, not the same. Required.
        to_x_mm: i64,
        /// The same, south. Required.
        to_z_mm: i64,
    },
    /// The nodes of `adversaries`, and identities that a `Sybil` invented; of a fault that a
    /// command begins, who attacks then.
    Adversaries,
}

impl FaultKind {
    /// Nodes that join by it.
    #[must_use]
    pub const fn newcomers(&self) -> u64 {
        match self {
            Self::Sybil { identities, .. } => *identities as u64,
            _ => 0,
        }
    }

    /// Its name in a file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Loss { .. } => "Loss",
            Self::Bursts { .. } => "Bursts",
            Self::Duplication { .. } => "Duplication",
            Self::Reordering { .. } => "Reordering",
            Self::Corruption { .. } => "Corruption",
            Self::Partition => "Partition",
            Self::ClockSkew { .. } => "ClockSkew",
            Self::Straggler { .. } => "Straggler",
            Self::PowerLoss { .. } => "PowerLoss",
            Self::Churn { .. } => "Churn",
            Self::Jamming { .. } => "Jamming",
            Self::Eclipse { .. } => "Eclipse",
            Self::Sybil { .. } => "Sybil",
        }
    }

    /// Whether it strikes frames on links, so that links may be chosen.
    #[must_use]
    pub const fn is_of_links(&self) -> bool {
        matches!(
            self,
            Self::Loss { .. }
                | Self::Bursts { .. }
                | Self::Duplication { .. }
                | Self::Reordering { .. }
                | Self::Corruption { .. }
                | Self::Partition
        )
    }
}

const fn for_good() -> u64 {
    1_000_000_000
}

const fn one() -> u8 {
    1
}

const fn three() -> u16 {
    3
}

const fn four() -> u16 {
    4
}

const fn ten() -> u8 {
    10
}

const fn ten_per_mille() -> u16 {
    10
}

const fn ten_ticks() -> u64 {
    10
}

const fn ten_identities() -> u16 {
    10
}

const fn ten_thousand() -> u32 {
    10_000
}

const fn twenty() -> u8 {
    20
}

const fn fifty() -> u8 {
    50
}

const fn ninety() -> u8 {
    90
}

const fn hundred() -> u32 {
    100
}

const fn hundred_per_mille() -> u16 {
    100
}

const fn hundred_ticks() -> u64 {
    100
}

const fn five_hundred() -> u64 {
    500
}

const fn thousand_percent() -> u32 {
    1000
}
