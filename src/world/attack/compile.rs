//! Attacks as nodes run them: the scenario's, with its numbers in fixed point.

use qres_core::q16::Q16;

use crate::scenario::{self, Direction};

/// What an adversary does; see [`scenario::Attack`] for each field.
#[expect(missing_docs, reason = "the scenario's fields, one for one")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    Bias { bias: Q16 },
    SignFlip { scale: Q16 },
    Gaussian { deviation: Q16 },
    Saturate,
    InnerProduct { epsilon: Q16, search: bool },
    LittleIsEnough { z: Q16, search: bool },
    MinMax { direction: Direction },
    MinSum { direction: Direction },
    Mimic,
    Dissensus { epsilon: Q16 },
    Spectral { scale: Q16 },
    DirectedDeviation { factor: Q16 },
    TopologyLiar { factor: Q16 },
    LabelFlip,
    Replay,
    Stale,
    FreeRider,
    GenePoison,
    FalseEntropy { noise: Q16 },
    VoteSpoof,
    OnOff { farm_rounds: u32, burst_rounds: u32, scale: Q16 },
    Slander,
    AuditPrediction { every_rounds: u32, bias: Q16 },
    FloatCheater { bits: u8 },
    Cartel { sigmas: Q16, ramp_rounds: u32 },
}

/// How much of the others an attack looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing.
    Blind,
    /// What they sent last.
    Models,
    /// That, and who hears whom.
    Links,
}

impl Attack {
    /// What a checked scenario asks for.
    #[must_use]
    pub fn new(said: &scenario::Attack) -> Self {
        use scenario::Attack as Said;
        let q16 = |value| Q16::from_bits(scenario::fixed(value));
        match *said {
            Said::Bias { bias } => Self::Bias { bias: q16(bias) },
            Said::SignFlip { scale } => Self::SignFlip { scale: q16(scale) },
            Said::Gaussian { deviation } => Self::Gaussian { deviation: q16(deviation) },
            Said::Saturate => Self::Saturate,
            Said::InnerProduct { epsilon, search } => {
                Self::InnerProduct { epsilon: q16(epsilon), search }
            }
            Said::LittleIsEnough { z, search } => Self::LittleIsEnough { z: q16(z), search },
            Said::MinMax { direction } => Self::MinMax { direction },
            Said::MinSum { direction } => Self::MinSum { direction },
            Said::Mimic => Self::Mimic,
            Said::Dissensus { epsilon } => Self::Dissensus { epsilon: q16(epsilon) },
            Said::Spectral { scale } => Self::Spectral { scale: q16(scale) },
            Said::DirectedDeviation { factor } => Self::DirectedDeviation { factor: q16(factor) },
            Said::TopologyLiar { factor } => Self::TopologyLiar { factor: q16(factor) },
            Said::LabelFlip => Self::LabelFlip,
            Said::Replay => Self::Replay,
            Said::Stale => Self::Stale,
            Said::FreeRider => Self::FreeRider,
            Said::GenePoison => Self::GenePoison,
            Said::FalseEntropy { noise } => Self::FalseEntropy { noise: q16(noise) },
            Said::VoteSpoof => Self::VoteSpoof,
            Said::OnOff { farm_rounds, burst_rounds, scale } => {
                Self::OnOff { farm_rounds, burst_rounds, scale: q16(scale) }
            }
            Said::Slander => Self::Slander,
            Said::AuditPrediction { every_rounds, bias } => {
                Self::AuditPrediction { every_rounds, bias: q16(bias) }
            }
            Said::FloatCheater { bits } => Self::FloatCheater { bits },
            Said::Cartel { sigmas, ramp_rounds } => {
                Self::Cartel { sigmas: q16(sigmas), ramp_rounds }
            }
        }
    }

    /// How much of the others it looks at.
    #[must_use]
    pub const fn sight(&self) -> Sight {
        match self {
            Self::InnerProduct { .. }
            | Self::LittleIsEnough { .. }
            | Self::MinMax { .. }
            | Self::MinSum { .. }
            | Self::Mimic
            | Self::Replay
            | Self::FreeRider
            | Self::Cartel { .. } => Sight::Models,
            Self::Dissensus { .. } | Self::Spectral { .. } => Sight::Links,
            _ => Sight::Blind,
        }
    }

    /// Whether it looks for the worst that the receivers' test lets through.
    #[must_use]
    pub const fn searches(&self) -> bool {
        matches!(
            self,
            Self::InnerProduct { search: true, .. } | Self::LittleIsEnough { search: true, .. }
        )
    }

    /// Whether it remembers what it sent first, and in which round.
    #[must_use]
    pub const fn remembers(&self) -> bool {
        matches!(self, Self::Replay | Self::Stale | Self::Cartel { .. })
    }
}
