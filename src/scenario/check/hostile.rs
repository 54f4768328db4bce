//! Ranges of adversaries. Which nodes there are is `combine`'s.

use super::{real_as, whole, whole_as};
use crate::scenario::{Adversary, Attack, Fault};

/// Where the ranges of an attack's fields are.
const KNOWN: &str = "adversaries[].kind";

pub(super) fn adversary(at: &str, adversary: &Adversary) -> Result<(), Fault> {
    attack(&format!("{at}.kind"), &adversary.kind)?;
    whole(&format!("{at}.share_percent"), adversary.share_percent)?;
    whole(&format!("{at}.from_tick"), adversary.from_tick)?;
    whole(&format!("{at}.to_tick"), adversary.to_tick)
}

/// Checks an attack, which stands at `at`.
pub(in crate::scenario) fn attack(at: &str, attack: &Attack) -> Result<(), Fault> {
    let number = |name: &str, value: f64| {
        real_as(&format!("{at}.{name}"), &format!("{KNOWN}.{name}"), value)
    };
    let count = |name: &str, value: u32| {
        whole_as(&format!("{at}.{name}"), &format!("{KNOWN}.{name}"), value)
    };
    match *attack {
        Attack::Bias { bias } => number("bias", bias),
        Attack::SignFlip { scale } | Attack::Spectral { scale } => number("scale", scale),
        Attack::Gaussian { deviation } => number("deviation", deviation),
        Attack::InnerProduct { epsilon, .. } | Attack::Dissensus { epsilon } => {
            number("epsilon", epsilon)
        }
        Attack::LittleIsEnough { z, .. } => number("z", z),
        Attack::DirectedDeviation { factor } | Attack::TopologyLiar { factor } => {
            number("factor", factor)
        }
        Attack::FalseEntropy { noise } => number("noise", noise),
        Attack::OnOff { farm_rounds, burst_rounds, scale } => {
            count("farm_rounds", farm_rounds)?;
            count("burst_rounds", burst_rounds)?;
            number("scale", scale)
        }
        Attack::AuditPrediction { every_rounds, bias } => {
            count("every_rounds", every_rounds)?;
            number("bias", bias)
        }
        Attack::FloatCheater { bits } => count("bits", u32::from(bits)),
        Attack::Cartel { sigmas, ramp_rounds } => {
            number("sigmas", sigmas)?;
            count("ramp_rounds", ramp_rounds)
        }
        Attack::Saturate
        | Attack::MinMax { .. }
        | Attack::MinSum { .. }
        | Attack::Mimic
        | Attack::LabelFlip
        | Attack::Replay
        | Attack::Stale
        | Attack::FreeRider
        | Attack::GenePoison
        | Attack::VoteSpoof
        | Attack::Slander => Ok(()),
    }
}
