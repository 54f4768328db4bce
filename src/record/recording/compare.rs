//! Where two recordings part: first by what they say, then, where this build can do both runs
//! again, to the very tick. Must not judge which of them is right.

use qres_core::id::NodeId;

use super::{Apart, Checkpoint, Recording};
use crate::mesh::Mesh;
use crate::mesh::snapshot::SECTIONS;

/// What the files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// What of the headers differs, in words.
    pub headers: Vec<&'static str>,
    /// The tick of the first command from outside that only one of them has there.
    pub command: Option<u64>,
    /// The last checkpoint that both have alike.
    pub alike: Option<u64>,
    /// The first that they do not, and what differs.
    pub apart: Option<(u64, Apart)>,
    /// Ticks that both have.
    pub ticks: u64,
}

impl Recorded {
    /// Whether they are of one run, as far as both go: the same was run, and the same came of it.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.headers.is_empty() && self.command.is_none() && self.apart.is_none()
    }
}

/// Compares what two recordings say.
#[must_use]
pub fn recorded(one: &Recording, other: &Recording) -> Recorded {
    let ticks = one.ticks().min(other.ticks());
    let mut found = Recorded { headers: headers(one, other), ticks, ..Recorded::default() };
    let common =
        one.checkpoints.iter().filter_map(|mine| Some((mine, other.checkpoint(mine.tick)?)));
    for (mine, theirs) in common {
        if let Some(apart) = mine.apart(theirs) {
            found.apart = Some((mine.tick, apart));
            break;
        }
        found.alike = Some(mine.tick);
    }
    if let (None, Some(mine), Some(theirs)) = (&found.apart, &one.end, &other.end)
        && mine.tick == theirs.tick
        && mine.digest != theirs.digest
    {
        found.apart = Some((mine.tick, Apart::default()));
    }
    let mut pairs = one.commands.iter().zip(other.commands.iter());
    let differing = pairs.find(|(mine, theirs)| mine != theirs);
    let differing = differing.map(|(mine, theirs)| mine.at_tick.min(theirs.at_tick));
    let shorter = one.commands.len().min(other.commands.len());
    let longer = one.commands.get(shorter).or(other.commands.get(shorter));
    let first = differing.or(longer.map(|order| order.at_tick));
    found.command = first.filter(|tick| *tick < ticks);
    found
}

/// What of the headers matters to a run and differs.
fn headers(one: &Recording, other: &Recording) -> Vec<&'static str> {
    let (mine, theirs) = (&one.header, &other.header);
    let table = [
        (mine.rules != theirs.rules, "the rules version"),
        (mine.scenario != theirs.scenario, "the scenario's text"),
        (mine.seed != theirs.seed, "the seed"),
        (mine.data != theirs.data, "the data files"),
        (mine.genes != theirs.genes, "the models that nodes were born with"),
    ];
    table.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what).collect()
}

/// Runs both meshes from their start to tick `to`, and looks at each tick from `from` on: the first
/// number of ticks after which they differ, and how. `told` hears of each tick.
pub fn stepped(
    meshes: &mut [Mesh; 2],
    from: u64,
    to: u64,
    mut told: impl FnMut(u64),
) -> Option<(u64, Apart)> {
    let [one, other] = meshes;
    loop {
        let tick = one.ticks();
        told(tick);
        if tick >= from {
            let mine = Checkpoint::of(&one.survey());
            if let Some(apart) = mine.apart(&Checkpoint::of(&other.survey())) {
                return Some((tick, apart));
            }
        }
        if tick >= to {
            return None;
        }
        one.step();
        other.step();
    }
}

/// How a node differs between two meshes, in words; `None` where it does not.
#[must_use]
pub fn node(meshes: &mut [Mesh; 2], id: u32) -> Option<String> {
    let [one, other] = meshes;
    let (mine, theirs) = (one.node_sections(NodeId(id)), other.node_sections(NodeId(id)));
    let (Some(mine), Some(theirs)) = (&mine, &theirs) else {
        return (mine != theirs).then(|| format!("node {id}: has joined in one only"));
    };
    let pairs = SECTIONS.iter().zip(mine.iter().zip(theirs));
    let parts: Vec<&str> =
        pairs.filter(|(_, (mine, theirs))| mine != theirs).map(|(name, _)| *name).collect();
    if parts.is_empty() {
        return None;
    }
    let (mine, theirs) = (one.publish(), other.publish());
    let mut words = vec![parts.join(", ")];
    if let (Some(mine), Some(theirs)) = (mine.nodes.get(id as usize), theirs.nodes.get(id as usize))
    {
        let percent = |share: u16| format!("{:.2} %", 100.0 * f64::from(share) / 65_535.0);
        let rows = [
            ("regime", format!("{:?}", mine.regime), format!("{:?}", theirs.regime)),
            ("energy", percent(mine.energy), percent(theirs.energy)),
            ("reputation", percent(mine.reputation), percent(theirs.reputation)),
            ("awake", mine.awake.to_string(), theirs.awake.to_string()),
            ("without power", mine.dead.to_string(), theirs.dead.to_string()),
        ];
        let rows = rows.into_iter().filter(|(_, mine, theirs)| mine != theirs);
        words.extend(rows.map(|(name, mine, theirs)| format!("{name} {mine} and {theirs}")));
    }
    Some(format!("node {id}: {}", words.join("; ")))
}
