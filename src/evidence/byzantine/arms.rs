//! The arms of the table: what goes wrong in a mesh, what stands against it, and where. Nothing
//! here runs anything.

use super::ground::Ground;
use crate::scenario::{Aggregation, Attack, Direction, Preparation};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trouble {
    /// Adversaries do this, alone or as one.
    Lies { attack: Attack, collude: bool },
    /// A jammer stands in the middle.
    Jamming,
    /// Some honest nodes hear adversaries only, which do this.
    Eclipse { attack: Attack, collude: bool },
    /// Hosts invent ten identities each, which do this together.
    Sybils { attack: Attack },
}

/// What stands against it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Defence {
    pub name: &'static str,
    /// A rule that merges alone; `None` for the defaults of a mesh.
    pub alone: Option<Alone>,
    /// What the mesh does beside its defaults.
    pub with: With,
}

/// What a mesh does beside its defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    Nothing,
    /// Updates are signed; bytes, energy and decisions as with curve arithmetic.
    Signatures,
    /// Updates are audited.
    Audits,
    /// Models evolve.
    Evolution,
    /// Models are judged by themselves only, not by their effect on the aggregate.
    NoEffects,
}

/// A rule that merges alone, all voices alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alone {
    pub preparation: Preparation,
    pub rule: Aggregation,
    pub trim_per_tail: u8,
}

/// One mesh under one trouble, with one defence.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arm {
    pub attack_name: &'static str,
    pub trouble: Trouble,
    pub defence: Defence,
    pub share_percent: u8,
    pub storm: bool,
    pub nodes: u32,
    pub ground: Ground,
    /// When all ends and is judged.
    pub end_tick: u64,
}

/// Our own: the defaults of a mesh.
pub(super) const OURS: Defence = Defence { name: "qres", alone: None, with: With::Nothing };
/// The same in a mesh that signs.
pub(super) const SIGNED: Defence =
    Defence { name: "qres, signed", alone: None, with: With::Signatures };
/// The same in a mesh that judges models by themselves only.
pub(super) const BY_ITSELF: Defence =
    Defence { name: "qres, by itself", alone: None, with: With::NoEffects };
const AUDITED: Defence = Defence { name: "qres, audited", alone: None, with: With::Audits };
const EVOLVING: Defence = Defence { name: "qres, evolving", alone: None, with: With::Evolution };

/// Our own in a mesh in which an attack has something to attack.
pub(super) const fn ours(attack: &Attack) -> Defence {
    match attack {
        Attack::GenePoison => EVOLVING,
        Attack::AuditPrediction { .. } => AUDITED,
        _ => OURS,
    }
}

/// The share that rows are held to the gate at.
pub(super) const GATED_PERCENT: u8 = 30;

impl Arm {
    /// Whether the row is held to the gate: our own defence, with what an attack needs to have
    /// something to attack, against nodes that lie, at 30 %, on a random geometric mesh.
    pub fn is_gated(&self) -> bool {
        matches!(self.trouble, Trouble::Lies { .. })
            && self.defence.alone.is_none()
            && self.defence.with != With::NoEffects
            && self.ground == Ground::Field
            && self.share_percent == GATED_PERCENT
    }

    /// Who of all nodes does harm, as a share.
    pub fn share(&self) -> f64 {
        let nodes = f64::from(self.nodes);
        match self.trouble {
            Trouble::Lies { .. } | Trouble::Eclipse { .. } => f64::from(self.share_percent) / 100.0,
            Trouble::Jamming => 0.0,
            Trouble::Sybils { .. } => {
                let (hosts, all) = (f64::from(self.hosts()), f64::from(1 + IDENTITIES));
                hosts * all / (nodes + hosts * f64::from(IDENTITIES))
            }
        }
    }

    /// Nodes that invent identities: as many as make the share, with [`IDENTITIES`] each.
    pub fn hosts(&self) -> u32 {
        (self.nodes * u32::from(self.share_percent) / 100 / u32::from(IDENTITIES)).max(1)
    }
}

/// Identities that a Sybil's host invents.
pub(super) const IDENTITIES: u16 = 10;

/// Attacks with their names, and whether attackers act as one.
pub(super) fn attacks() -> Vec<(&'static str, Attack, bool)> {
    let direction = Direction::Deviation;
    vec![
        ("constant bias", Attack::Bias { bias: 0.5 }, false),
        ("constant bias 0.1", Attack::Bias { bias: 0.1 }, false),
        ("constant bias 0.2", Attack::Bias { bias: 0.2 }, false),
        ("sign flip", Attack::SignFlip { scale: 1.0 }, false),
        ("Gaussian noise", Attack::Gaussian { deviation: 1.0 }, false),
        ("saturated", Attack::Saturate, false),
        ("inner product", Attack::InnerProduct { epsilon: 2.0, search: false }, true),
        ("inner product, searched", Attack::InnerProduct { epsilon: 4.0, search: true }, true),
        ("a little is enough", Attack::LittleIsEnough { z: 1.5, search: false }, true),
        ("a little is enough, z 3", Attack::LittleIsEnough { z: 3.0, search: false }, true),
        ("a little is enough, searched", Attack::LittleIsEnough { z: 0.0, search: true }, true),
        ("min-max", Attack::MinMax { direction }, true),
        ("min-sum", Attack::MinSum { direction }, true),
        ("mimic", Attack::Mimic, true),
        ("dissensus", Attack::Dissensus { epsilon: 2.0 }, true),
        ("spectral", Attack::Spectral { scale: 1.0 }, true),
        ("directed deviation", Attack::DirectedDeviation { factor: -5.0 }, false),
        ("topology liar", Attack::TopologyLiar { factor: -5.0 }, false),
        ("label flip", Attack::LabelFlip, false),
        ("replay", Attack::Replay, false),
        ("stale", Attack::Stale, false),
        ("free rider", Attack::FreeRider, false),
        ("gene poison", Attack::GenePoison, false),
        ("false entropy", Attack::FalseEntropy { noise: 20.0 }, false),
        ("vote spoofing", Attack::VoteSpoof, false),
        ("on-off", Attack::OnOff { farm_rounds: 30, burst_rounds: 10, scale: 1.0 }, false),
        ("slander", Attack::Slander, false),
        ("audit prediction", Attack::AuditPrediction { every_rounds: 50, bias: 0.5 }, false),
        ("float cheater", Attack::FloatCheater { bits: 11 }, false),
        ("cartel within 1.5 sigma", Attack::Cartel { sigmas: 1.5, ramp_rounds: 50 }, true),
    ]
}

/// The six attacks that meet every rule.
pub(super) const AGAINST_ALL: [&str; 6] = [
    "sign flip",
    "Gaussian noise",
    "inner product, searched",
    "a little is enough, searched",
    "min-max",
    "dissensus",
];

/// The attacks that speak in others' names, and so meet signatures too.
pub(super) const IN_OTHERS_NAMES: [&str; 2] = ["topology liar", "slander"];

/// The attacks that come closest to the gate: they meet a mesh that judges by themselves only too.
pub(super) const CLOSEST: [&str; 4] = [
    "constant bias 0.1",
    "constant bias 0.2",
    "a little is enough, z 3",
    "a little is enough, searched",
];

/// The attacks that meet our defence on every graph.
pub(super) const ON_GRAPHS: [&str; 4] =
    ["constant bias", "a little is enough, searched", "dissensus", "spectral"];

/// Rules that merge alone, told how many of the neighbours on this ground lie at 30 %.
pub(super) fn rules(ground: Ground) -> Vec<Defence> {
    let faulty = ground.liars_near();
    // Bulyan wants four voices for each liar and three more.
    let few = faulty.min(ground.degree().saturating_sub(2) / 4);
    let plain = |name, rule| (name, Preparation::Nothing, rule);
    let all = [
        plain("mean", Aggregation::Mean),
        plain("trimmed mean", Aggregation::TrimmedMean),
        plain("median", Aggregation::Median),
        plain("Meamed", Aggregation::Meamed { faulty }),
        plain("Krum", Aggregation::Krum { faulty }),
        plain("Multi-Krum", Aggregation::MultiKrum { faulty, select: 0 }),
        plain("Bulyan", Aggregation::Bulyan { faulty: few }),
        plain("geometric median", Aggregation::GeometricMedian { smoothing: 0.1, steps: 8 }),
        plain("centred clipping", Aggregation::CentredClipping { radius: 0.1, steps: 3 }),
        ("NNM, trimmed mean", Preparation::Nnm { faulty }, Aggregation::TrimmedMean),
        plain("ClippedGossip", Aggregation::ClippedGossip { faulty }),
        plain("CS+", Aggregation::CsPlus { faulty }),
        plain("NNA", Aggregation::Nna { faulty }),
        plain("BALANCE", BALANCE),
        plain("UBAR", Aggregation::Ubar { keep: 0.4, own_share: 0.5 }),
    ];
    let defence = |(name, preparation, rule)| Defence {
        name,
        alone: Some(Alone { preparation, rule, trim_per_tail: faulty }),
        with: With::Nothing,
    };
    all.map(defence).into()
}

const BALANCE: Aggregation =
    Aggregation::Balance { reach: 2.0, decay: 1.0, horizon_rounds: 1_000, own_share: 0.5 };
