//! What is ordered in mid-run, by a scenario or from outside: who attacks how, and how nodes
//! defend themselves. Says what is asked for; the mesh does it.

use serde::{Deserialize, Serialize};

use super::{Adoption, Aggregation, Attack, Fault, Preparation, check, combine};

/// A command with its tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The tick that begins with it, 0 to 1,000,000,000. Required.
    pub at_tick: u64,
    /// What is done. Required.
    pub command: Command,
}

/// What can be ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Command {
    /// From now on these nodes do this, whatever they did before.
    SetAttack {
        /// Ids and ranges such as `"3 5 10-20"`. Required.
        nodes: String,
        /// What they do; `None`, the default, for nothing.
        #[serde(default)]
        attack: Option<Attack>,
        /// Whether they share what they hear and act as one; default false.
        #[serde(default)]
        collude: bool,
        /// Whether their updates claim Storm, which nobody is blamed for; default false.
        #[serde(default)]
        claim_storm: bool,
    },
    /// From now on all nodes merge like this.
    SetDefence {
        /// As `protocol.aggregation`; default `TrimmedMean`.
        #[serde(default)]
        aggregation: Aggregation,
        /// As `protocol.preparation`; default `Nothing`.
        #[serde(default)]
        preparation: Preparation,
        /// As `protocol.trim_per_tail`, 0 to 8; default 1.
        #[serde(default = "one")]
        trim_per_tail: u8,
        /// As `protocol.weigh_by_reputation`; default true.
        #[serde(default = "yes")]
        weigh_by_reputation: bool,
        /// As `protocol.adoption`; `None`, the default: stays as it is.
        #[serde(default)]
        adoption: Option<Adoption>,
    },
}

const fn one() -> u8 {
    1
}

const fn yes() -> bool {
    true
}

impl Command {
    /// Whether it makes adversaries, or unmakes them.
    #[must_use]
    pub const fn is_attack(&self) -> bool {
        matches!(self, Self::SetAttack { .. })
    }

    /// Checks a command to a mesh of `nodes` nodes, `fewest` of the rarest modality.
    ///
    /// # Errors
    /// What the command may not ask for.
    pub fn validate(&self, nodes: u64, fewest: u64) -> Result<(), Fault> {
        check::command("command", self)?;
        combine::command("command", self, nodes, fewest)
    }
}
