//! From what a scenario says of aggregation and of private updates to the core's settings. Nothing
//! here aggregates, and nothing draws noise.

use qres_core::aggregate::{self, Recipe, Rule};
use qres_core::audit::AuditConfig;
use qres_core::handover::HandoverConfig;
use qres_core::packet::Wire;
use qres_core::phase::Adoption;
use qres_core::privacy::release::{PrivacyConfig, PrivacyError};
use qres_core::q16::{Q16, percent};

use crate::scenario;

/// The recipe of a checked scenario.
pub(super) fn recipe(protocol: &scenario::Protocol) -> Recipe {
    let preparation = match protocol.preparation {
        scenario::Preparation::Nothing => aggregate::Preparation::None,
        scenario::Preparation::Nnm { faulty } => aggregate::Preparation::Nnm { faulty },
        scenario::Preparation::Arc { faulty } => aggregate::Preparation::Arc { faulty },
        scenario::Preparation::Bucketing { size } => aggregate::Preparation::Bucketing { size },
    };
    Recipe { preparation, rule: rule(protocol), weighted: protocol.weigh_by_reputation }
}

/// What of it a node takes on.
pub(super) const fn adoption(said: scenario::Adoption) -> Adoption {
    match said {
        scenario::Adoption::Tested => Adoption::Tested,
        scenario::Adoption::Screened => Adoption::Screened,
        scenario::Adoption::Blind => Adoption::Blind,
    }
}

fn rule(protocol: &scenario::Protocol) -> Rule {
    use scenario::Aggregation as Said;
    let q16 = |value: &_| Q16::from_bits(scenario::fixed(*value));
    match &protocol.aggregation {
        Said::Mean => Rule::Mean,
        Said::TrimmedMean => Rule::TrimmedMean { trim: protocol.trim_per_tail },
        Said::Median => Rule::Median,
        Said::Meamed { faulty } => Rule::Meamed { faulty: *faulty },
        Said::Krum { faulty } => Rule::Krum { faulty: *faulty },
        Said::MultiKrum { faulty, select } => Rule::MultiKrum { faulty: *faulty, select: *select },
        Said::Bulyan { faulty } => Rule::Bulyan { faulty: *faulty },
        Said::GeometricMedian { smoothing, steps } => {
            Rule::GeometricMedian { smoothing: q16(smoothing), steps: *steps }
        }
        Said::CentredClipping { radius, steps } => {
            Rule::CentredClipping { radius: q16(radius), steps: *steps }
        }
        Said::ClippedGossip { faulty } => Rule::ClippedGossip { faulty: *faulty },
        Said::CsPlus { faulty } => Rule::CsPlus { faulty: *faulty },
        Said::Nna { faulty } => Rule::Nna { faulty: *faulty },
        Said::Balance { reach, decay, horizon_rounds, own_share } => Rule::Balance {
            radius: q16(reach),
            decay: q16(decay),
            horizon_rounds: *horizon_rounds,
            own_share: q16(own_share),
        },
        Said::Ubar { keep, own_share } => Rule::Ubar { keep: q16(keep), own_share: q16(own_share) },
        Said::Adaptive { faulty, calm_rounds, quiet_share, alarm_share } => Rule::Adaptive {
            faulty: *faulty,
            calm_rounds: *calm_rounds,
            quiet_share: q16(quiet_share),
            alarm_share: q16(alarm_share),
        },
    }
}

/// How updates write weights.
pub(super) const fn wire(said: scenario::Wire) -> Wire {
    match said {
        scenario::Wire::Q16 => Wire::Q16,
        scenario::Wire::Bfp16 => Wire::Bfp16,
    }
}

/// What makes updates private, as a checked scenario says it; `None` where it says nothing.
pub(super) fn privacy(
    protocol: &scenario::Protocol,
) -> Result<Option<PrivacyConfig>, PrivacyError> {
    let said = &protocol.privacy;
    if !said.is_on() {
        return Ok(None);
    }
    let q16 = |value| Q16::from_bits(scenario::fixed(value));
    let (clip, multiplier) = (q16(said.clip), q16(said.noise_multiplier));
    // A delta that is no power of ten does not pass the checks; 0 is refused here.
    let digits = said.budget.digits().unwrap_or(0);
    PrivacyConfig::new(clip, multiplier, q16(said.budget.epsilon), digits).map(Some)
}

/// How a checked scenario audits.
pub(super) fn audit(protocol: &scenario::Protocol) -> Option<AuditConfig> {
    let audit = &protocol.audit;
    let share = i64::from(scenario::fixed(audit.rate_percent));
    (audit.every_rounds > 0).then(|| AuditConfig {
        every_rounds: audit.every_rounds,
        rate_basis_points: ((share * 100 + (1 << 15)) >> 16).clamp(1, 10_000) as u16,
        outliers: audit.outliers,
    })
}

/// How newcomers take over what the mesh has learned.
pub(super) fn handover(protocol: &scenario::Protocol) -> Option<HandoverConfig> {
    let scenario::Summary { asks, answer_every_ticks, energy_floor_percent } = protocol.summary;
    let energy_floor = percent(i32::from(energy_floor_percent));
    (asks > 0).then_some(HandoverConfig { asks, answer_every_ticks, energy_floor })
}
