//! Who does harm, and what: as a scenario says it. Says only what the file says; what an attack
//! computes is `world::attack`.

use serde::{Deserialize, Serialize};

/// Nodes that do harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adversary {
    /// What they do. Required.
    pub kind: Attack,
    /// Share of all nodes, rounded down, drawn by the seed, 1 to 90 percent; default 10. Refused
    /// where it is less than one node, and where `nodes` names them.
    #[serde(default = "default_share")]
    pub share_percent: u8,
    /// Which nodes, as a list of ids and ranges such as `"3 5 10-20"`; default `""`: drawn.
    #[serde(default)]
    pub nodes: String,
    /// First tick, 0 to 1,000,000,000; default 0.
    #[serde(default)]
    pub from_tick: u64,
    /// Over at this tick, after `from_tick`, to 1,000,000,000; default 1,000,000,000.
    #[serde(default = "default_to_tick")]
    pub to_tick: u64,
    /// Whether they share what they hear and act as one; default false.
    #[serde(default)]
    pub collude: bool,
    /// Whether their updates claim Storm, which nobody is blamed for; default false.
    #[serde(default)]
    pub claim_storm: bool,
    /// Whether their commitments name and sum up what they send, and not what their nodes computed;
    /// default false. Refused where nobody audits.
    #[serde(default)]
    pub cover_up: bool,
}

impl Adversary {
    /// Nodes in a list such as `"3 5 10-20"`, from a tick on and each for itself.
    #[must_use]
    pub fn named(kind: Attack, nodes: String, from_tick: u64) -> Self {
        Self { nodes, ..Self::drawn(kind, default_share(), from_tick) }
    }

    /// A share of all nodes, drawn by the seed, from a tick on and each for itself.
    #[must_use]
    pub const fn drawn(kind: Attack, share_percent: u8, from_tick: u64) -> Self {
        Self {
            kind,
            share_percent,
            nodes: String::new(),
            from_tick,
            to_tick: default_to_tick(),
            collude: false,
            claim_storm: false,
            cover_up: false,
        }
    }
}

/// What an adversary does; apart from it, it behaves. docs/attacks.md has formulas and sources.
///
/// Weights stay within 4 whatever is asked for: no node takes others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Attack {
    /// Its model, moved by the same amount in every coordinate.
    Bias {
        /// That amount, -8 to 8; default 0.5.
        #[serde(default = "half")]
        bias: f64,
    },
    /// Its model, turned round.
    SignFlip {
        /// Stretched by, 0 to 1000; default 1.
        #[serde(default = "one")]
        scale: f64,
    },
    /// Noise instead of a model.
    Gaussian {
        /// Its standard deviation, 0 to 1000; default 1.
        #[serde(default = "one")]
        deviation: f64,
    },
    /// The greatest weights that there are.
    Saturate,
    /// Inner-product manipulation: the mean of the honest models, turned round.
    InnerProduct {
        /// Stretched by, 0 to 64; default 2.
        #[serde(default = "two")]
        epsilon: f64,
        /// Whether it looks for the stretch that does most harm, up to `epsilon`; default false.
        #[serde(default)]
        search: bool,
    },
    /// A little is enough: some deviations beside the mean of the honest models.
    LittleIsEnough {
        /// How many, 0 to 64; 0 for as many as the numbers of voices allow. Default 1.5.
        #[serde(default = "one_and_half")]
        z: f64,
        /// Whether it looks for the number that does most harm, up to `z` or else 4; default
        /// false.
        #[serde(default)]
        search: bool,
    },
    /// As far from the mean as an honest model may be from another.
    MinMax {
        /// Which way; default `Deviation`.
        #[serde(default)]
        direction: Direction,
    },
    /// As far from the mean as an honest model may be from all others together.
    MinSum {
        /// Which way; default `Deviation`.
        #[serde(default)]
        direction: Direction,
    },
    /// The model of one honest node, again and again.
    Mimic,
    /// What keeps a neighbour from coming nearer to its own neighbours.
    Dissensus {
        /// How much of their pull is undone, 0 to 64; default 2.
        #[serde(default = "two")]
        epsilon: f64,
    },
    /// What drives the mesh apart along its weakest cut.
    Spectral {
        /// Stretched by, 0 to 1000; default 1.
        #[serde(default = "one")]
        scale: f64,
    },
    /// Its model times a factor.
    DirectedDeviation {
        /// -1000 to 1000; default -5.
        #[serde(default = "minus_five")]
        factor: f64,
    },
    /// The same, and a sentinel says that it has it from its neighbours.
    TopologyLiar {
        /// -1000 to 1000; default -5.
        #[serde(default = "minus_five")]
        factor: f64,
    },
    /// It learns from a sensor whose every second reading is mirrored at its mean level.
    LabelFlip,
    /// An honest neighbour's model as it once was, as its own news.
    Replay,
    /// Its own model as it once was, as news.
    Stale,
    /// The mean of what others sent; it computes nothing.
    FreeRider,
    /// The false cure: offers genes with wild weights that it claims to help.
    GenePoison,
    /// It learns from a sensor with noise added, so that it believes in a storm.
    FalseEntropy {
        /// Standard deviation of the noise in multiples of the sensor's own, 0 to 1000; default 20.
        #[serde(default = "twenty")]
        noise: f64,
    },
    /// It claims a storm that it does not see; a sentinel sounds the emergency.
    VoteSpoof,
    /// Honest for some rounds, then its model turned round, in turns.
    OnOff {
        /// Honest rounds, 1 to 1,000,000; default 30.
        #[serde(default = "thirty")]
        farm_rounds: u32,
        /// The others, 1 to 1,000,000; default 10.
        #[serde(default = "ten")]
        burst_rounds: u32,
        /// In those, stretched by, 0 to 1000; default 1.
        #[serde(default = "one")]
        scale: f64,
    },
    /// A sentinel speaks ill of others: to their face, and with lies in their name.
    Slander,
    /// `Bias`, but for the rounds in which it expects to be audited.
    AuditPrediction {
        /// From one expected audit to the next, 1 to 1,000,000 rounds; default 50.
        #[serde(default = "fifty")]
        every_rounds: u32,
        /// -8 to 8; default 0.5.
        #[serde(default = "half")]
        bias: f64,
    },
    /// Its model as other arithmetic would have it.
    FloatCheater {
        /// Significant bits that are left of each weight, 1 to 16; default 11.
        #[serde(default = "eleven")]
        bits: u8,
    },
    /// Patient: slowly drifts to some deviations beside the mean, and stays.
    Cartel {
        /// How many, 0 to 64; default 1.5.
        #[serde(default = "one_and_half")]
        sigmas: f64,
        /// Rounds until it is there, 1 to 1,000,000; default 50.
        #[serde(default = "fifty")]
        ramp_rounds: u32,
    },
}

/// Which way `MinMax` and `MinSum` go from the mean of the honest models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Against their deviation.
    #[default]
    Deviation,
    /// Against the sign of the mean.
    Sign,
    /// Against the mean, at length one.
    Unit,
}

/// The ids in a list such as `"3 5 10-20"`, ascending and each once, all below `count`.
///
/// # Errors
/// The first word that is no id, no rising range, or beyond the nodes that there are.
pub fn listed(list: &str, count: u64) -> Result<Vec<u32>, String> {
    let mut ids = std::collections::BTreeSet::new();
    for word in list.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty()) {
        let (from, to) = word.split_once('-').unwrap_or((word, word));
        match (from.parse::<u32>(), to.parse::<u32>()) {
            (Ok(from), Ok(to)) if from <= to && u64::from(to) < count => ids.extend(from..=to),
            _ => return Err(word.to_owned()),
        }
    }
    Ok(ids.into_iter().collect())
}

pub(super) const fn default_share() -> u8 {
    10
}

const fn default_to_tick() -> u64 {
    1_000_000_000
}

const fn half() -> f64 {
    0.5
}

const fn one() -> f64 {
    1.0
}

const fn one_and_half() -> f64 {
    1.5
}

const fn two() -> f64 {
    2.0
}

const fn twenty() -> f64 {
    20.0
}

const fn minus_five() -> f64 {
    -5.0
}

const fn ten() -> u32 {
    10
}

const fn thirty() -> u32 {
    30
}

const fn fifty() -> u32 {
    50
}

const fn eleven() -> u8 {
    11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_ids_and_ranges() {
        let cases: [(&str, Result<&[u32], &str>); 8] = [
            ("", Ok(&[])),
            ("3 5 8-10", Ok(&[3, 5, 8, 9, 10])),
            ("9,3, 3\n2-3", Ok(&[2, 3, 9])),
            ("11", Err("11")),
            ("3 8-11", Err("8-11")),
            ("5-3", Err("5-3")),
            ("-3", Err("-3")),
            ("a", Err("a")),
        ];
        for (list, expected) in cases {
            let expected = expected.map(<[u32]>::to_vec).map_err(str::to_owned);
            assert_eq!(listed(list, 11), expected, "{list}");
        }
    }
}
