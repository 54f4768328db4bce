//! The parameters that all nodes can change in mid-run: name, range and meaning, in one table that
//! checks, panels and documentation share. What a name stands for is the mesh's.

use crate::scenario::fields::{Accepts, field, whole};
use crate::scenario::fixed;

/// A parameter that [`super::Command::SetProtocol`] can change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Live {
    /// Its path, as in a scenario file where it is there.
    pub field: &'static str,
    /// Where no scenario field says so: its range and meaning.
    own: Option<(Accepts, &'static str)>,
    /// Without which it means nothing.
    pub needs: Needs,
}

/// What a parameter needs to mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// `protocol.evolution: On(..)`.
    Evolution,
    /// `protocol.trust: (bans: On(..))`.
    Bans,
    /// `protocol.trust: (watchdog: On(..))`.
    Watchdog,
}

impl Needs {
    /// What the scenario would have to say.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Evolution => "protocol.evolution: On(..)",
            Self::Bans => "protocol.trust: (bans: On(..))",
            Self::Watchdog => "protocol.trust: (watchdog: On(..))",
        }
    }
}

impl Live {
    /// What it accepts: a whole number, a number, or true and false as 1 and 0.
    #[must_use]
    pub fn accepts(&self) -> Accepts {
        let known = || field(self.field).map(|field| field.accepts);
        match self.own.map(|(accepts, _)| accepts).or_else(known) {
            Some(Accepts::Said(_)) | None => whole(0, 1, "(1: yes, 0: no)"),
            Some(accepts) => accepts,
        }
    }

    /// What it means.
    #[must_use]
    pub fn means(&self) -> &'static str {
        let known = || field(self.field).map(|field| field.means);
        self.own.map(|(_, means)| means).or_else(known).unwrap_or("")
    }

    /// Whether it accepts `value`.
    #[must_use]
    pub fn takes(&self, value: f64) -> bool {
        match self.accepts() {
            Accepts::Whole { low, high, .. } => {
                value.fract() == 0.0 && (low as f64..=high as f64).contains(&value)
            }
            Accepts::Real { low, high, .. } => (low..=high).contains(&value),
            _ => false,
        }
    }
}

/// A parameter's value in the numbers that a mesh counts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// As a count, rounded down.
    pub whole: u64,
    /// In Q16.16, where it fits; else 0.
    pub bits: i32,
    is_whole: bool,
}

impl Setting {
    /// A value as a command says it.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self { whole: value as u64, bits: fixed(value), is_whole: value.fract() == 0.0 }
    }

    /// A count.
    #[must_use]
    pub const fn of_whole(whole: u64) -> Self {
        Self { whole, bits: 0, is_whole: true }
    }

    /// A number in Q16.16.
    #[must_use]
    pub const fn of_bits(bits: i32) -> Self {
        Self { whole: 0, bits, is_whole: false }
    }

    /// The value as a command would say it; of a number in Q16.16 to six places.
    #[must_use]
    pub fn value(self) -> f64 {
        if self.is_whole {
            self.whole as f64
        } else {
            (f64::from(self.bits) / 65_536.0 * 1e6).round() / 1e6
        }
    }
}

/// The parameter of this name.
#[must_use]
pub fn live(name: &str) -> Option<&'static Live> {
    LIVE.iter().find(|live| live.field == name)
}

const fn of(field: &'static str) -> Live {
    Live { field, own: None, needs: Needs::Nothing }
}

const fn with(field: &'static str, needs: Needs) -> Live {
    Live { field, own: None, needs }
}

const fn own(field: &'static str, accepts: Accepts, means: &'static str) -> Live {
    Live { field, own: Some((accepts, means)), needs: Needs::Nothing }
}

const SHARE: Accepts = Accepts::Real { low: 0.0, high: 1.0, unit: "" };
const TIMES: Accepts = Accepts::Real { low: 0.0, high: 100.0, unit: "times" };

/// Every parameter that can change in mid-run.
pub const LIVE: &[Live] = &[
    of("protocol.storm_entropy"),
    of("protocol.calm_entropy"),
    of("protocol.prestorm_derivative"),
    of("protocol.dwell_samples"),
    own("protocol.confirm_prestorm", whole(1, 100, "samples"), "in a row that confirm PreStorm"),
    own("protocol.confirm_storm", whole(1, 100, "samples"), "in a row that confirm Storm"),
    own("protocol.confirm_calm", whole(1, 100, "samples"), "in a row that confirm Calm"),
    of("protocol.learning_rate.calm"),
    of("protocol.learning_rate.prestorm"),
    of("protocol.learning_rate.storm"),
    of("protocol.trim_per_tail"),
    of("protocol.weigh_by_reputation"),
    of("protocol.gossip"),
    of("protocol.quorum"),
    own(
        "protocol.vote_reputation",
        SHARE,
        "reputation from which a neighbour's vote for an emergency counts",
    ),
    of("protocol.initial_reputation"),
    own("protocol.reputation_reward", SHARE, "gained by a model that does no harm"),
    own("protocol.reputation_penalty", SHARE, "lost by a model that does"),
    own("protocol.audit_penalty", SHARE, "lost by a failed audit or a refused proof"),
    own("protocol.good_factor", TIMES, "the own error, up to which a model is good"),
    own("protocol.harm_factor", TIMES, "the own and the usual error, above which it does harm"),
    own("protocol.ban_below", SHARE, "a neighbour of less reputation is banned"),
    own("protocol.readmit_at", SHARE, "with this much it is merged again"),
    of("protocol.commissioning.neighbours"),
    of("protocol.commissioning.reputation"),
    of("protocol.commissioning.limit_ticks"),
    of("protocol.trust.distance_mads"),
    of("protocol.trust.leave_one_out"),
    of("protocol.trust.bounded_influence"),
    of("protocol.trust.swarm_size"),
    of("protocol.trust.quorum_percent"),
    of("protocol.trust.gini_alarm"),
    with("protocol.trust.bans.first_ticks", Needs::Bans),
    with("protocol.trust.bans.longest_ticks", Needs::Bans),
    with("protocol.trust.bans.audit_failures", Needs::Bans),
    with("protocol.trust.bans.probation_good", Needs::Bans),
    with("protocol.trust.watchdog.straggler_rounds", Needs::Watchdog),
    with("protocol.trust.watchdog.straggler_percent", Needs::Watchdog),
    with("protocol.trust.watchdog.limit_rounds", Needs::Watchdog),
    with("protocol.evolution.mutation", Needs::Evolution),
    with("protocol.evolution.mutate_every_samples", Needs::Evolution),
    with("protocol.evolution.gain_percent", Needs::Evolution),
    own(
        "protocol.silence.gossip_cost",
        Accepts::Real { low: 0.0, high: 1000.0, unit: "" },
        "a node speaks when entropy times standing times 100 exceeds it",
    ),
    own(
        "protocol.silence.surplus_every",
        whole(1, 255, "rounds"),
        "between updates that surplus energy allows",
    ),
    own(
        "protocol.silence.heartbeat_every",
        whole(1, 255, "rounds"),
        "between heartbeats in deep silence",
    ),
    own(
        "protocol.silence.deep_after_samples",
        whole(0, 1_000_000, "samples"),
        "of Calm before silence deepens",
    ),
    of("twt.calm_ms"),
    of("twt.prestorm_ms"),
    of("twt.storm_ms"),
    of("twt.window_ms"),
    of("twt.storm_window_ms"),
    of("twt.jitter_percent"),
    of("twt.buffer_frames"),
    of("twt.weight_floor_percent"),
];
