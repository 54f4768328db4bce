//! What a person can do to a running mesh, by a scenario or from outside: storms, nodes, links,
//! places, parameters, attack and defence. Says what is asked for; the mesh does it.

mod describe;
mod live;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{
    Adoption, Aggregation, Attack, Evolution, Fault, FaultKind, Preparation, Scenario, Spectrum,
    Watchdog, Who, check, combine, trust::Bans,
};

pub use live::{LIVE, Live, Needs, Setting, live};

/// Nodes that a mesh can hold, those added in mid-run included.
pub const NODES_MAX: u64 = 1_000_000;
/// Storms of a run, those over included.
pub const STORMS_MAX: u64 = 1_024;
/// Faults of a run, those over included.
pub const FAULTS_MAX: u64 = 256;

/// A command with its tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The tick that begins with it, 0 to 1,000,000,000. Required.
    pub at_tick: u64,
    /// What is done. Required.
    pub command: Command,
}

/// What can be ordered. `nodes` is a [`super::Selector`], such as `"3 5 10-20"` or
/// `"regime=storm & share=30%"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Command {
    /// From now on these nodes do this, whatever they did before.
    SetAttack {
        /// Which. Required.
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
        /// As `adversaries[].cover_up`; default false. Refused where nobody audits.
        // What is not said is not written either: texts of commands are part of digests.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cover_up: bool,
    },
    /// From now on these nodes are honest: `SetAttack` without an attack.
    Heal {
        /// Which. Required.
        nodes: String,
    },
    /// From now on all nodes merge like this.
    SetDefence {
        /// As `protocol.aggregation`; default `TrimmedMean`.
        #[serde(default)]
        aggregation: Aggregation,
        /// As `protocol.preparation`; default `Nothing`.
        #[serde(default)]
        preparation: Preparation,
        /// As `protocol.trim_per_tail`, 0 to 8; default 2.
        #[serde(default = "two")]
        trim_per_tail: u8,
        /// As `protocol.weigh_by_reputation`; default true.
        #[serde(default = "yes")]
        weigh_by_reputation: bool,
        /// As `protocol.adoption`; `None`, the default: stays as it is.
        #[serde(default)]
        adoption: Option<Adoption>,
    },
    /// From now on all nodes run by another value of a parameter.
    SetProtocol {
        /// Its path, one of [`LIVE`], such as `"protocol.storm_entropy"`. Required.
        field: String,
        /// Its value, in the range of [`LIVE`]; yes and no are 1 and 0. Required.
        value: f64,
    },
    /// A storm begins. Its number is that of the storms before it.
    StartStorm {
        /// Centre, millimetres east of the origin. Required.
        x_mm: i64,
        /// Centre, millimetres south of the origin. Required.
        z_mm: i64,
        /// Millimetres from the centre to where it ends, 1 to 1,000,000,000. Required.
        radius_mm: u32,
        /// Deviation of the disturbance at its centre, 0 to 1000, as in `storms`; default 8.
        #[serde(default = "eight")]
        intensity: f64,
        /// What the disturbance is like; default `White`.
        #[serde(default)]
        spectrum: Spectrum,
        /// Millimetres that its centre moves in a tick, east and south, each -1,000,000 to
        /// 1,000,000; default neither.
        #[serde(default)]
        drift_mm: (i32, i32),
        /// Millimetres by which its radius grows in a tick, -1,000,000 to 1,000,000; default 0.
        #[serde(default)]
        growth_mm: i32,
        /// Ticks that it lasts, 0 to 1,000,000,000; default 0: until it is ended.
        #[serde(default)]
        ticks: u64,
    },
    /// A storm, also one of the scenario's, is taken to another place, and drifts on from there.
    MoveStorm {
        /// Its number, from 0. Required.
        storm: u32,
        /// Millimetres east of the origin. Required.
        x_mm: i64,
        /// Millimetres south of the origin. Required.
        z_mm: i64,
        /// Ticks that this takes, 0 to 1,000,000,000; default 0: it is there at once.
        #[serde(default)]
        over_ticks: u64,
    },
    /// A storm becomes larger, smaller, stronger, weaker or of another course; what is not said
    /// stays.
    SetStorm {
        /// Its number, from 0. Required.
        storm: u32,
        /// Radius, as in `StartStorm`; default none.
        #[serde(default)]
        radius_mm: Option<u32>,
        /// Intensity, as in `StartStorm`; default none.
        #[serde(default)]
        intensity: Option<f64>,
        /// Drift, as in `StartStorm`; default none.
        #[serde(default)]
        drift_mm: Option<(i32, i32)>,
        /// Growth, as in `StartStorm`; default none.
        #[serde(default)]
        growth_mm: Option<i32>,
        /// Ticks over which radius and intensity change, 0 to 1,000,000,000; default 0: at once.
        #[serde(default)]
        over_ticks: u64,
    },
    /// A storm is over.
    EndStorm {
        /// Its number, from 0. Required.
        storm: u32,
    },
    /// These nodes lose their power for good.
    Kill {
        /// Which. Required.
        nodes: String,
    },
    /// Those of these nodes that are without power get it back.
    Revive {
        /// Which. Required.
        nodes: String,
        /// Whether they remember all that they knew; else they are newcomers, but for what their
        /// flash holds. Default true.
        #[serde(default = "yes")]
        memory: bool,
    },
    /// The batteries of these nodes are filled to this.
    SetEnergy {
        /// Which. Required.
        nodes: String,
        /// Of their capacity, 0 to 100. Required.
        percent: u8,
    },
    /// These nodes lose this much energy, as far as they have it.
    Drain {
        /// Which. Required.
        nodes: String,
        /// Of their capacity, 0 to 100. Required.
        percent: u8,
    },
    /// These nodes gain this much energy, as far as there is room.
    Charge {
        /// Which. Required.
        nodes: String,
        /// Of their capacity, 0 to 100. Required.
        percent: u8,
    },
    /// Nothing passes these links any more.
    Cut {
        /// Which. Required.
        links: Links,
    },
    /// These links lose more frames than they did, apart from what the air takes.
    Degrade {
        /// Which. Required.
        links: Links,
        /// Of frames, 0 to 100. Required.
        percent: u8,
    },
    /// What was cut or degraded of these links is as it was.
    Restore {
        /// Which. Required.
        links: Links,
    },
    /// These nodes move together, so that their middle is at a place; they keep their height.
    MoveNodes {
        /// Which. Required.
        nodes: String,
        /// Millimetres east of the origin. Required.
        x_mm: i64,
        /// Millimetres south of the origin. Required.
        z_mm: i64,
    },
    /// Nodes join, with the next ids.
    AddNodes {
        /// How many, 1 to 100,000; default 1.
        #[serde(default = "one_node")]
        count: u32,
        /// The middle of where they stand, millimetres east of the origin. Required.
        x_mm: i64,
        /// The same, south. Required.
        z_mm: i64,
        /// They stand at most this far from there along either axis, 0 to 1,000,000,000; default
        /// 5000.
        #[serde(default = "near_by")]
        spread_mm: u32,
        /// What they sense: a modality of the scenario; default `""`: its first.
        #[serde(default)]
        modality: String,
        /// What their radios do between rounds; default `Fitting`.
        #[serde(default)]
        role: Post,
    },
    /// Something goes wrong from now on. Its number is that of the faults before it.
    StartFault {
        /// What, as in `faults`. Required.
        kind: FaultKind,
        /// Whom it strikes, as `faults[].nodes`; default `All`. `Adversaries` are those of that
        /// moment. Refused where `nodes` says whom.
        #[serde(default)]
        whom: Who,
        /// Which nodes it strikes, as a selector; default `""`: as `whom` says.
        #[serde(default)]
        nodes: String,
        /// Ticks that it lasts, 0 to 1,000,000,000; default 0: until it is ended.
        #[serde(default)]
        ticks: u64,
    },
    /// A fault, also one of the scenario's, is over. What it has done to nodes stays done.
    EndFault {
        /// Its number, from 0. Required.
        fault: u32,
    },
}

/// Links between nodes that hear each other, as the mesh stands when a command takes effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Links {
    /// All.
    All,
    /// Those of these nodes.
    Of(String),
    /// Those from these nodes to those.
    Between(String, String),
    /// Those that cross a line drawn on the ground: 2 to 256 places, millimetres east and south.
    Across(Vec<(i64, i64)>),
    /// These, by their ends; at most 1,000,000. What a log says in the place of the others.
    Pairs(Vec<(u32, u32)>),
}

/// What the radio of a node that is added does between rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Post {
    /// `Scheduled` where a sentinel in range has room for it, else `Sentinel`.
    #[default]
    Fitting,
    /// Always on.
    Sentinel,
    /// Sleeps, and wakes by the interval table.
    Scheduled,
    /// Sleeps through calm.
    OnDemand,
}

const fn two() -> u8 {
    2
}

const fn one_node() -> u32 {
    1
}

const fn near_by() -> u32 {
    5_000
}

const fn yes() -> bool {
    true
}

const fn eight() -> f64 {
    8.0
}

/// What a command is held against: the mesh that it is given to, or the scenario's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Realm {
    /// Nodes that there are, or will be.
    pub nodes: u64,
    /// Nodes of the rarest modality.
    pub fewest: u64,
    /// Storms that there are, or will be.
    pub storms: u64,
    /// Faults that there are, or will be.
    pub faults: u64,
    /// Names of the modalities.
    pub modalities: Vec<String>,
    /// Whether nodes audit each other.
    pub audits: bool,
    /// Whether they share sums of groups.
    pub sums: bool,
    /// Whether they stream their readings.
    pub streams: bool,
    /// Whether models evolve.
    pub evolves: bool,
    /// Whether bans have terms.
    pub bans: bool,
    /// Whether nodes watch over progress.
    pub watches: bool,
}

impl Realm {
    /// The realm of a scenario's own commands. What its commands add is taken to be there.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let protocol = &scenario.protocol;
        let invented: u64 = scenario.faults.iter().map(|entry| entry.kind.newcomers()).sum();
        let mut realm = Self {
            nodes: scenario.node_count().saturating_add(invented),
            storms: scenario.storms.len() as u64,
            faults: scenario.faults.len() as u64,
            fewest: combine::fewest(scenario),
            modalities: scenario.signals.iter().map(|signal| signal.modality.clone()).collect(),
            audits: protocol.audit.every_rounds > 0,
            sums: protocol.secure_aggregation.members > 0,
            streams: protocol.stream.step > 0.0,
            evolves: protocol.evolution != Evolution::Off,
            bans: protocol.trust.bans != Bans::ByReputation,
            watches: protocol.trust.watchdog != Watchdog::Off,
        };
        for order in &scenario.commands {
            realm.take(&order.command);
        }
        realm
    }

    /// What a command adds is there from now on.
    pub fn take(&mut self, command: &Command) {
        self.nodes = self.nodes.saturating_add(command.newcomers());
        self.storms += u64::from(matches!(command, Command::StartStorm { .. }));
        self.faults += u64::from(matches!(command, Command::StartFault { .. }));
    }

    /// Whether it has what a parameter needs to mean anything.
    #[must_use]
    pub const fn has(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Evolution => self.evolves,
            Needs::Bans => self.bans,
            Needs::Watchdog => self.watches,
        }
    }
}

/// Where a command names nodes, each with the name of its field: to be read, or to be changed.
macro_rules! selectors_of {
    ($command:expr) => {
        match $command {
            Command::SetAttack { nodes, .. }
            | Command::Heal { nodes }
            | Command::Kill { nodes }
            | Command::Revive { nodes, .. }
            | Command::SetEnergy { nodes, .. }
            | Command::Drain { nodes, .. }
            | Command::Charge { nodes, .. }
            | Command::MoveNodes { nodes, .. } => vec![("nodes", nodes)],
            Command::StartFault { nodes, .. } if !nodes.is_empty() => vec![("nodes", nodes)],
            Command::Cut { links }
            | Command::Degrade { links, .. }
            | Command::Restore { links } => match links {
                Links::Of(nodes) => vec![("links", nodes)],
                Links::Between(one, other) => vec![("links", one), ("links", other)],
                Links::All | Links::Across(_) | Links::Pairs(_) => Vec::new(),
            },
            _ => Vec::new(),
        }
    };
}

impl Command {
    /// Nodes that join by it.
    #[must_use]
    pub const fn newcomers(&self) -> u64 {
        match self {
            Self::AddNodes { count, .. } => *count as u64,
            Self::StartFault { kind, .. } => kind.newcomers(),
            _ => 0,
        }
    }

    /// The selectors in it, each with the name of its field.
    #[must_use]
    pub fn selectors(&self) -> Vec<(&'static str, &str)> {
        selectors_of!(self)
    }

    /// The same, to be changed.
    pub fn selectors_mut(&mut self) -> Vec<(&'static str, &mut String)> {
        selectors_of!(self)
    }

    /// Checks the ranges of a command's fields, wherever it is given.
    ///
    /// # Errors
    /// What no mesh takes.
    pub fn in_range(&self) -> Result<(), Fault> {
        check::command("command", self)
    }

    /// Checks a command against where it is given.
    ///
    /// # Errors
    /// What the command may not ask for there.
    pub fn validate(&self, realm: &Realm) -> Result<(), Fault> {
        self.in_range()?;
        combine::command("command", self, realm)
    }
}
