//! A configuration as canonical bytes, so that a board can be told what its mesh agrees on. Must
//! not decide what a scenario may ask for; it only keeps what would break arithmetic out.

use crate::aggregate::{Preparation, Recipe, Rule};
use crate::audit::AuditConfig;
use crate::canonical::{Canonical, Sink, Source};
use crate::config::NodeConfig;
use crate::energy::{EnergyConfig, Listen};
use crate::evolution::EvolutionConfig;
use crate::fragment::MTU_MIN;
use crate::fusion::{FusionConfig, HeadConfig};
use crate::handover::HandoverConfig;
use crate::merge::Adoption;
use crate::neuron::NeuronConfig;
use crate::packet::{MTU, Wire};
use crate::profile::PowerProfile;
use crate::q16::Q16;
use crate::radio::AirConfig;
use crate::regime::RegimeConfig;
use crate::residual_stream::StreamConfig;
use crate::signature::SignatureCost;
use crate::silence::SilenceConfig;
use crate::trust::{BanConfig, TrustConfig, WatchdogConfig};
use crate::wake::WakeConfig;

/// Room for the canonical bytes of any configuration.
pub const CONFIG_BYTES_MAX: usize = 640;
/// Shortest and longest tick, in microseconds.
const TICK_US: core::ops::RangeInclusive<u64> = 1_000..=86_400_000_000;
/// Longest interval between rounds, in microseconds: a year.
const INTERVAL_US_MAX: u64 = 31_536_000_000_000;

crate::canonical!(struct NeuronConfig { form, shared_step });
crate::canonical!(struct RegimeConfig {
    storm_entropy, calm_entropy, prestorm_derivative, confirm_prestorm, confirm_storm,
    confirm_calm, dwell_samples, learning_rate,
});
crate::canonical!(struct SilenceConfig {
    gossip_cost, surplus_every, heartbeat_every, deep_after_samples,
});
crate::canonical!(struct WakeConfig {
    interval_us, window_us, jitter_percent, weight_floor, tick_us, seed,
});
crate::canonical!(
    enum Listen {
        Never = 0,
        Dtim1 = 1,
        Dtim3 = 2,
        Dtim10 = 3,
    }
);
crate::canonical!(struct PowerProfile {
    awake_uw, transmit_uw, sleep_uw, sleep_dtim_uw, cpu_uw, wake_ramp_us, sample_cpu_us,
});
crate::canonical!(struct EnergyConfig {
    profile, capacity_uj, start, harvest_uw, listen, brownout_percent, recover_percent,
});
crate::canonical!(struct BanConfig {
    first_ticks, longest_ticks, audit_failures, probation_reputation, probation_influence,
    probation_good,
});
crate::canonical!(struct WatchdogConfig { straggler_rounds, straggler_percent, limit_rounds });
crate::canonical!(struct TrustConfig {
    initial, reward, penalty, audit_penalty, good_factor, harm_factor, ban_below, readmit_at,
    commission_neighbours, commission_reputation, commission_ticks, quorum, vote_reputation,
    vote_ticks, quorum_percent, exponent_halves, swarm_size, is_bounded, distance_mads,
    leaves_one_out, bans, opinions, gini_alarm, watchdog,
});
crate::canonical!(struct AirConfig {
    bitrate_bps, preamble_us, mtu_bytes, beacon_interval_us, beacon_bytes, signature_bytes,
});
crate::canonical!(struct Recipe { preparation, rule, weighted });
crate::canonical!(
    enum Adoption {
        Tested = 0,
        Screened = 1,
        Blind = 2,
    }
);
crate::canonical!(
    enum Wire {
        Q16 = 0,
        Bfp16 = 1,
    }
);
crate::canonical!(struct HeadConfig { horizon, rate });
crate::canonical!(struct EvolutionConfig {
    mutation, mutate_every, adopt_below, lie_above, interest, pushes, digest_rounds, energy_floor,
});
crate::canonical!(struct SignatureCost { sign_us, verify_us });
crate::canonical!(struct StreamConfig {
    neuron, rate, step, frame_samples, key_every, check_every,
});
crate::canonical!(struct HandoverConfig { asks, answer_every_ticks, energy_floor });
crate::canonical!(struct AuditConfig { every_rounds, rate_basis_points, outliers });
crate::canonical!(struct NodeConfig {
    neuron, regime, silence, wake, energy, trust, air, recipe, adoption, wire, fusion,
    service_frames, gossip, evolution, signature, tuner, stream, privacy, handover, audit,
});

/// Puts a field, with its name for whoever wants that.
fn field<T: Canonical>(sink: &mut impl Sink, name: &'static str, value: &T) {
    sink.field(name, core::any::type_name::<T>());
    value.encode(sink);
    sink.end();
}

impl Canonical for FusionConfig {
    fn encode(&self, sink: &mut impl Sink) {
        field(sink, "own_lags", &self.own_lags);
        field(sink, "source_lags", &self.source_lags);
        self.heads.iter().for_each(|head| field(sink, "heads", head));
        field(sink, "first_rate", &self.first_rate);
        field(sink, "error_clip", &self.error_clip);
        field(sink, "attention", &self.attention);
        field(sink, "gate", &self.gate);
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let own_lags = Canonical::decode(source)?;
        let source_lags = Canonical::decode(source)?;
        let mut heads = Self::default().heads;
        for head in &mut heads {
            *head = Canonical::decode(source)?;
        }
        Some(Self {
            own_lags,
            source_lags,
            heads,
            first_rate: Canonical::decode(source)?,
            error_clip: Canonical::decode(source)?,
            attention: Canonical::decode(source)?,
            gate: Canonical::decode(source)?,
        })
    }
}

impl Canonical for Preparation {
    fn encode(&self, sink: &mut impl Sink) {
        let (number, size) = match *self {
            Self::None => (0, 0),
            Self::Nnm { faulty } => (1, faulty),
            Self::Arc { faulty } => (2, faulty),
            Self::Bucketing { size } => (3, size),
        };
        [number, size].encode(sink);
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        match <[u8; 2]>::decode(source)? {
            [0, 0] => Some(Self::None),
            [1, faulty] => Some(Self::Nnm { faulty }),
            [2, faulty] => Some(Self::Arc { faulty }),
            [3, size] => Some(Self::Bucketing { size }),
            _ => None,
        }
    }
}

impl Canonical for Rule {
    /// Its number, then what it has.
    fn encode(&self, sink: &mut impl Sink) {
        let number = |sink: &mut _, number: u8| number.encode(sink);
        match *self {
            Self::Mean => number(sink, 0),
            Self::TrimmedMean { trim } => [1, trim].encode(sink),
            Self::Median => number(sink, 2),
            Self::Meamed { faulty } => [3, faulty].encode(sink),
            Self::Krum { faulty } => [4, faulty].encode(sink),
            Self::MultiKrum { faulty, select } => [5, faulty, select].encode(sink),
            Self::Bulyan { faulty } => [6, faulty].encode(sink),
            Self::GeometricMedian { smoothing, steps } => {
                [7, steps].encode(sink);
                smoothing.encode(sink);
            }
            Self::CentredClipping { radius, steps } => {
                [8, steps].encode(sink);
                radius.encode(sink);
            }
            Self::ClippedGossip { faulty } => [9, faulty].encode(sink),
            Self::CsPlus { faulty } => [10, faulty].encode(sink),
            Self::Nna { faulty } => [11, faulty].encode(sink),
            Self::Balance { radius, decay, horizon_rounds, own_share } => {
                number(sink, 12);
                [radius, decay, own_share].encode(sink);
                horizon_rounds.encode(sink);
            }
            Self::Ubar { keep, own_share } => {
                number(sink, 13);
                [keep, own_share].encode(sink);
            }
            Self::Adaptive { faulty, calm_rounds, quiet_share, alarm_share } => {
                [14, faulty, calm_rounds].encode(sink);
                [quiet_share, alarm_share].encode(sink);
            }
        }
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let number = u8::decode(source)?;
        if matches!(number, 0 | 2 | 12 | 13) {
            return match number {
                0 => Some(Self::Mean),
                2 => Some(Self::Median),
                12 => {
                    let [radius, decay, own_share] = Canonical::decode(source)?;
                    let horizon_rounds = Canonical::decode(source)?;
                    Some(Self::Balance { radius, decay, horizon_rounds, own_share })
                }
                _ => {
                    let [keep, own_share] = Canonical::decode(source)?;
                    Some(Self::Ubar { keep, own_share })
                }
            };
        }
        let byte = u8::decode(source)?;
        let (faulty, steps) = (byte, byte);
        match number {
            1 => Some(Self::TrimmedMean { trim: byte }),
            3 => Some(Self::Meamed { faulty }),
            4 => Some(Self::Krum { faulty }),
            5 => Some(Self::MultiKrum { faulty, select: Canonical::decode(source)? }),
            6 => Some(Self::Bulyan { faulty }),
            7 => Some(Self::GeometricMedian { smoothing: Canonical::decode(source)?, steps }),
            8 => Some(Self::CentredClipping { radius: Canonical::decode(source)?, steps }),
            9 => Some(Self::ClippedGossip { faulty }),
            10 => Some(Self::CsPlus { faulty }),
            11 => Some(Self::Nna { faulty }),
            14 => {
                let calm_rounds = Canonical::decode(source)?;
                let [quiet_share, alarm_share] = Canonical::decode(source)?;
                Some(Self::Adaptive { faulty, calm_rounds, quiet_share, alarm_share })
            }
            _ => None,
        }
    }
}

fn is_share(value: Q16) -> bool {
    (Q16::ZERO..=Q16::ONE).contains(&value)
}

/// A configuration as canonical bytes.
pub type ConfigBytes = heapless::Vec<u8, CONFIG_BYTES_MAX>;

impl NodeConfig {
    /// Its canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> ConfigBytes {
        let mut bytes = ConfigBytes::new();
        self.encode(&mut bytes);
        bytes
    }

    /// Reads canonical bytes, all of them; `None` if they are none, or if a node could not live
    /// with what they say.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut source = Source::new(bytes);
        let config = Self::decode(&mut source)?;
        (source.remaining() == 0 && config.is_plausible()).then_some(config)
    }

    /// Whether a node computes sensibly with it: ticks of 1 ms to a day, rounds at most a year
    /// apart, valid predictors, frames that hold a header.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let wake = &self.wake;
        let times = wake.interval_us.iter().chain(&wake.window_us);
        let mtu = usize::from(self.air.mtu_bytes);
        TICK_US.contains(&wake.tick_us)
            && times.into_iter().all(|time| *time <= INTERVAL_US_MAX)
            && wake.jitter_percent <= 100
            && (MTU_MIN..=MTU).contains(&mtu)
            && self.air.bitrate_bps > 0
            && self.neuron.form.is_valid()
            && self
                .stream
                .is_none_or(|stream| stream.neuron.form.is_valid() && is_share(stream.rate))
            && self.regime.learning_rate.into_iter().all(is_share)
            && is_share(self.neuron.shared_step)
    }
}

#[cfg(test)]
mod layout;
#[cfg(test)]
mod tests;
