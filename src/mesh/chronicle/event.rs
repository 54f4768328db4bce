//! What can happen to a mesh, as plain values; words are made only when somebody reads. Must not
//! look at a mesh.

use std::fmt;
use std::sync::Arc;

use qres_core::regime::Regime;
use qres_core::trust::Fallback;

/// A line of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Storms and where they blow.
    Storms,
    /// What nodes believe of their weather.
    Regimes,
    /// Bans, detections, convictions and the watchdog.
    Bans,
    /// Genes and how far they come.
    Cascades,
    /// What was ordered in mid-run.
    Commands,
    /// Brownouts, power cuts and revivals.
    Power,
    /// Partitions and other faults.
    Faults,
    /// Hardware.
    Board,
}

impl Lane {
    /// All lanes, from top to bottom.
    pub const ALL: [Self; 8] = [
        Self::Storms,
        Self::Regimes,
        Self::Bans,
        Self::Cascades,
        Self::Commands,
        Self::Power,
        Self::Faults,
        Self::Board,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storms => "storms",
            Self::Regimes => "regimes",
            Self::Bans => "bans",
            Self::Cascades => "cascades",
            Self::Commands => "commands",
            Self::Power => "power",
            Self::Faults => "faults",
            Self::Board => "boards",
        }
    }
}

/// Something that happened, with its number: numbers rise by one and are never used twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// From 0 on.
    pub number: u64,
    /// The tick in which it happened.
    pub tick: u64,
    /// Whether it belongs on a timeline of the whole run; minor events are forgotten sooner.
    pub is_major: bool,
    /// What happened.
    pub what: What,
}

/// What happened. Nodes, judges and storms are numbers as elsewhere; a gene is its id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of an event are named for what they are")]
pub enum What {
    /// A storm begins to blow.
    StormBegins { storm: u32, centre_mm: [i32; 3], radius_mm: u32 },
    /// A storm is over.
    StormEnds { storm: u32, centre_mm: [i32; 3] },
    /// A storm is not where its path would have it, or has grown, since this tick.
    StormMoved { storm: u32, from_mm: [i32; 3], to_mm: [i32; 3], radius_mm: u32 },
    /// The first node believes in a storm: a wave of alarm begins.
    WaveBegins { node: u32 },
    /// Nobody has believed in one for some ticks: the wave of alarm is over.
    WaveEnds { began: u64, peak: u32, nodes: u32 },
    /// A node believes in another regime.
    Regime { node: u32, from: Regime, to: Regime },
    /// The first neighbour bans a node.
    Banned { node: u32, judge: u32 },
    /// So many neighbours have banned it now.
    BansSpread { node: u32, judges: u32 },
    /// Nobody bans it any more.
    Released { node: u32, judges: u32, since: u64 },
    /// For the first time an honest node bans this adversary.
    Detected { node: u32, judge: u32 },
    /// For the first time an honest node bans this honest one.
    FalsePositive { node: u32, judge: u32 },
    /// An audit convicts a node.
    Convicted { node: u32, judge: u32 },
    /// Nodes put their last healthy model back for want of news.
    FellBack { nodes: u32, first: u32, reason: Fallback },
    /// A mutant went into service where it arose.
    Mutated { gene: u32, parent: u32, node: u32 },
    /// For the first time another node puts a mutant into service.
    Adopted { gene: u32, origin: u32, node: u32 },
    /// A gene serves this share of the nodes of its modality for the first time.
    Cascade { gene: u32, origin: u32, percent: u8, nodes: u32, of: u32 },
    /// Nodes ran out of energy.
    BrownedOut { nodes: u32, first: u32 },
    /// Nodes lost their power.
    PowerLost { nodes: u32, first: u32 },
    /// Nodes came back.
    Revived { nodes: u32, first: u32 },
    /// A command took effect.
    Command { text: Arc<str> },
    /// A fault of the scenario begins.
    FaultBegins { fault: &'static str, place: u32 },
    /// It is over.
    FaultEnds { fault: &'static str, place: u32 },
    /// Something about hardware, in the words of whoever reports it.
    Board { node: Option<u32>, text: Arc<str> },
}

/// What an event is about, to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The mesh as a whole.
    Mesh,
    /// A node.
    Node(u32),
    /// A storm.
    Storm(u32),
    /// A gene.
    Gene(u32),
}

impl What {
    /// The line of the timeline that it belongs to.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::StormBegins { .. } | Self::StormEnds { .. } | Self::StormMoved { .. } => {
                Lane::Storms
            }
            Self::WaveBegins { .. } | Self::WaveEnds { .. } | Self::Regime { .. } => Lane::Regimes,
            Self::Banned { .. }
            | Self::BansSpread { .. }
            | Self::Released { .. }
            | Self::Detected { .. }
            | Self::FalsePositive { .. }
            | Self::Convicted { .. }
            | Self::FellBack { .. } => Lane::Bans,
            Self::Mutated { .. } | Self::Adopted { .. } | Self::Cascade { .. } => Lane::Cascades,
            Self::Command { .. } => Lane::Commands,
            Self::BrownedOut { .. } | Self::PowerLost { .. } | Self::Revived { .. } => Lane::Power,
            Self::FaultBegins { .. } | Self::FaultEnds { .. } => Lane::Faults,
            Self::Board { .. } => Lane::Board,
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match *self {
            Self::StormBegins { storm, .. }
            | Self::StormEnds { storm, .. }
            | Self::StormMoved { storm, .. } => Subject::Storm(storm),
            Self::WaveBegins { node }
            | Self::Regime { node, .. }
            | Self::Banned { node, .. }
            | Self::BansSpread { node, .. }
            | Self::Released { node, .. }
            | Self::Detected { node, .. }
            | Self::FalsePositive { node, .. }
            | Self::Convicted { node, .. }
            | Self::FellBack { first: node, .. }
            | Self::BrownedOut { first: node, .. }
            | Self::PowerLost { first: node, .. }
            | Self::Revived { first: node, .. }
            | Self::Board { node: Some(node), .. } => Subject::Node(node),
            Self::Mutated { gene, .. }
            | Self::Adopted { gene, .. }
            | Self::Cascade { gene, .. } => Subject::Gene(gene),
            Self::WaveEnds { .. }
            | Self::Command { .. }
            | Self::FaultBegins { .. }
            | Self::FaultEnds { .. }
            | Self::Board { node: None, .. } => Subject::Mesh,
        }
    }

    /// Whether it names a node that is meant: the one that it is about, a judge of that one, or
    /// where a gene arose.
    pub fn concerns(&self, meant: impl Fn(u32) -> bool) -> bool {
        let beside = match *self {
            Self::Banned { judge, .. }
            | Self::Detected { judge, .. }
            | Self::FalsePositive { judge, .. }
            | Self::Convicted { judge, .. } => Some(judge),
            Self::Mutated { node, .. } => Some(node),
            Self::Adopted { origin, node, .. } if !meant(origin) => Some(node),
            Self::Adopted { origin, .. } | Self::Cascade { origin, .. } => Some(origin),
            _ => None,
        };
        matches!(self.subject(), Subject::Node(node) if meant(node)) || beside.is_some_and(meant)
    }

    /// What happened in a few words.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::StormBegins { storm, .. } => format!("storm {storm} begins"),
            Self::StormEnds { storm, .. } => format!("storm {storm} ends"),
            Self::StormMoved { storm, .. } => format!("storm {storm} is moved"),
            Self::WaveBegins { node } => format!("node {node} notices a storm"),
            Self::WaveEnds { .. } => "all calm again".to_owned(),
            Self::Regime { node, to, .. } => format!("node {node}: {}", regime(*to)),
            Self::Banned { node, .. } => format!("node {node} is banned"),
            Self::BansSpread { node, judges } => format!("{judges} nodes ban node {node}"),
            Self::Released { node, .. } => format!("node {node} is released"),
            Self::Detected { node, .. } => format!("adversary {node} is found out"),
            Self::FalsePositive { node, .. } => format!("honest node {node} is banned"),
            Self::Convicted { node, .. } => format!("an audit convicts node {node}"),
            Self::FellBack { nodes, .. } => format!("{} back", counted(*nodes, "falls", "fall")),
            Self::Mutated { gene, .. } => format!("gene {} arises", name(*gene)),
            Self::Adopted { gene, .. } => format!("gene {} is adopted", name(*gene)),
            Self::Cascade { gene, percent, .. } => {
                format!("gene {} passes {percent} %", name(*gene))
            }
            Self::BrownedOut { nodes, .. } => format!("{} out", counted(*nodes, "browns", "brown")),
            Self::PowerLost { nodes, .. } => {
                format!("{} power", counted(*nodes, "loses", "lose"))
            }
            Self::Revived { nodes, .. } => format!("{} back", counted(*nodes, "comes", "come")),
            Self::Command { text } | Self::Board { text, .. } => text.to_string(),
            Self::FaultBegins { fault, .. } => format!("{} begins", words(fault)),
            Self::FaultEnds { fault: "Partition", .. } => "partition heals".to_owned(),
            Self::FaultEnds { fault, .. } => format!("{} ends", words(fault)),
        }
    }

    /// More about it, in a sentence; empty where the title says all.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::StormBegins { centre_mm, radius_mm, .. } => {
                format!("{}, {} m in radius", Place(*centre_mm), radius_mm / 1_000)
            }
            Self::StormEnds { centre_mm, .. } => format!("{}", Place(*centre_mm)),
            Self::StormMoved { from_mm, to_mm, radius_mm, .. } => {
                let radius_m = radius_mm / 1_000;
                format!("from {} to {}, {radius_m} m in radius", Place(*from_mm), Place(*to_mm))
            }
            Self::WaveBegins { .. } => "the first one to do so in a calm mesh".to_owned(),
            Self::WaveEnds { began, peak, nodes } => format!(
                "since tick {began}, {nodes} nodes believed in a storm, {peak} of them at once"
            ),
            Self::Regime { from, to, .. } => {
                format!("{} before, {} now", regime(*from), regime(*to))
            }
            Self::Banned { judge, .. } => format!("node {judge} is the first to ban it"),
            Self::Released { judges, since, .. } => {
                format!("banned since tick {since} by up to {judges} nodes, by none any more")
            }
            Self::Detected { judge, .. } => format!("honest node {judge} bans it"),
            Self::FalsePositive { judge, .. } => format!("by node {judge}, which is honest too"),
            Self::Convicted { judge, .. } => format!("node {judge} has the proof"),
            Self::FellBack { first, reason, .. } => {
                let why = match reason {
                    Fallback::Stragglers => "too many neighbours have fallen silent",
                    Fallback::Stall => "nothing was worth taking for too long",
                };
                format!("node {first} first: {why}")
            }
            Self::Mutated { parent, node, .. } => {
                format!("in node {node}, out of gene {}", name(*parent))
            }
            Self::Adopted { origin, node, .. } => {
                format!("it arose in node {origin}; node {node} is the first other one to use it")
            }
            Self::Cascade { origin, nodes, of, .. } => {
                format!("it arose in node {origin} and serves {nodes} of {of} nodes")
            }
            Self::BrownedOut { first, .. }
            | Self::PowerLost { first, .. }
            | Self::Revived { first, .. } => format!("node {first} first"),
            Self::FaultBegins { place, .. } | Self::FaultEnds { place, .. } => {
                format!("fault {place} of the scenario")
            }
            Self::BansSpread { .. } | Self::Command { .. } | Self::Board { .. } => String::new(),
        }
    }
}

/// A gene's short name.
#[must_use]
pub fn name(gene: u32) -> String {
    format!("{gene:08x}")
}

const fn regime(regime: Regime) -> &'static str {
    match regime {
        Regime::Calm => "calm",
        Regime::PreStorm => "pre-storm",
        Regime::Storm => "storm",
    }
}

fn counted(nodes: u32, one: &str, many: &str) -> String {
    match nodes {
        1 => format!("1 node {one}"),
        _ => format!("{nodes} nodes {many}"),
    }
}

/// `PowerLoss` as `power loss`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// A place on the ground, in metres.
struct Place([i32; 3]);

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x_mm, _, z_mm] = self.0;
        write!(out, "x {} m, z {} m", x_mm / 1_000, z_mm / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_say_what_happened() {
        let table = [
            (
                What::StormMoved {
                    storm: 1,
                    from_mm: [1_000, 0, -2_500],
                    to_mm: [0; 3],
                    radius_mm: 30_000,
                },
                Lane::Storms,
                "storm 1 is moved",
                "from x 1 m, z -2 m to x 0 m, z 0 m, 30 m in radius",
            ),
            (
                What::BrownedOut { nodes: 1, first: 4 },
                Lane::Power,
                "1 node browns out",
                "node 4 first",
            ),
            (
                What::Revived { nodes: 3, first: 0 },
                Lane::Power,
                "3 nodes come back",
                "node 0 first",
            ),
            (
                What::Cascade { gene: 0x1a2b, origin: 7, percent: 25, nodes: 36, of: 144 },
                Lane::Cascades,
                "gene 00001a2b passes 25 %",
                "it arose in node 7 and serves 36 of 144 nodes",
            ),
            (
                What::FaultEnds { fault: "Partition", place: 0 },
                Lane::Faults,
                "partition heals",
                "fault 0 of the scenario",
            ),
            (
                What::FaultBegins { fault: "PowerLoss", place: 2 },
                Lane::Faults,
                "power loss begins",
                "fault 2 of the scenario",
            ),
        ];
        for (what, lane, title, detail) in table {
            assert_eq!((what.lane(), &*what.title(), &*what.detail()), (lane, title, detail));
        }
    }

    #[test]
    fn events_concern_whom_they_name() {
        let table: [(What, &[u32]); 5] = [
            (What::Banned { node: 3, judge: 4 }, &[3, 4]),
            (What::Adopted { gene: 1, origin: 7, node: 8 }, &[7, 8]),
            (What::Cascade { gene: 1, origin: 7, percent: 25, nodes: 3, of: 9 }, &[7]),
            (What::BrownedOut { nodes: 5, first: 2 }, &[2]),
            (What::StormEnds { storm: 1, centre_mm: [0; 3] }, &[]),
        ];
        for (what, named) in table {
            let found: Vec<u32> = (0..10).filter(|id| what.concerns(|node| node == *id)).collect();
            assert_eq!(found, named, "{what:?}");
        }
    }

    #[test]
    fn every_lane_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Lane::ALL.map(Lane::name).into();
        assert_eq!(names.len(), Lane::ALL.len());
    }
}
