//! One run of one row, beside its two silent controls.

use qres_core::id::NodeId;
use qres_core::neuron::SwarmNeuron;
use qres_core::wake::Role;

use super::super::drift;
use super::super::statistics::percentile;
use super::arms::Arm;
use crate::mesh::Mesh;
use crate::mesh::auditing::Auditing;
use crate::mesh::components::{Identity, Schedule, Trust};
use crate::mesh::plan::Plan;
use crate::scenario::{self, Adversary, Scenario};

/// When members begin, and when all is judged.
const ATTACK_TICK: u64 = 400;
const END_TICK: u64 = 2_400;
/// How long members that cover up are watched for their convictions, unless all have theirs.
const LAST_TICK: u64 = 10_000;
/// Share of the nodes that lie.
const SHARE_PERCENT: u8 = 15;

/// What came of one run.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub members: f64,
    /// Members that have neither an honest sentinel in range nor an honest client.
    pub unwatched: f64,
    /// Own rounds from the first lie to the first conviction, of each member convicted.
    pub rounds: Vec<f64>,
    /// Share of audits in all bytes.
    pub bytes: f64,
    /// Bytes of audits per node and round.
    pub bytes_node_round: f64,
    pub honest_banned: f64,
    pub drift: f64,
    pub floor: f64,
}

/// The scenario of a row.
fn compose(arm: &Arm) -> Result<Scenario, String> {
    let resolved = scenario::resolve("cartel").map_err(|problem| problem.to_string())?;
    let mut scenario = resolved.scenario;
    scenario.ticks = if arm.covers_up { LAST_TICK } else { END_TICK };
    scenario.protocol.audit.every_rounds = arm.every_rounds;
    scenario.protocol.audit.rate_percent = arm.rate_percent;
    scenario.adversaries = arm
        .attack
        .map(|attack| Adversary {
            collude: true,
            cover_up: arm.covers_up,
            ..Adversary::drawn(attack, SHARE_PERCENT, ATTACK_TICK)
        })
        .into_iter()
        .collect();
    scenario.validate().map_err(|fault| fault.to_string())?;
    Ok(scenario)
}

pub(super) fn run(arm: &Arm, seed: u64) -> Result<Outcome, String> {
    let scenario = compose(arm)?;
    let plan = Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let hostile: Vec<bool> = plan.nodes.iter().map(|node| node.malice.is_some()).collect();
    let (control, other) = drift::controls(&plan, END_TICK, 1);
    let mut mesh = Mesh::new(plan.clone(), 1);
    let mut watch = Watch::new(&hostile);
    while mesh.ticks() < END_TICK {
        mesh.step();
        if mesh.ticks() >= ATTACK_TICK {
            watch.look(&mut mesh);
        }
    }
    let models: Vec<SwarmNeuron> = mesh.neurons().into_iter().map(|(_, n)| n).collect();
    let summary = mesh.summary();
    let audit = summary.audit.unwrap_or_default();
    let rounds = rounds(&mut mesh).iter().map(|(_, rounds)| u64::from(*rounds)).sum::<u64>();
    let members = hostile.iter().filter(|hostile| **hostile).count();
    while mesh.ticks() < scenario.ticks && watch.convicted() < members {
        mesh.step();
        watch.look(&mut mesh);
    }
    let p95 = |models: &[SwarmNeuron]| {
        let all = drift::by_node(&plan, END_TICK, models, &control);
        let honest = all.into_iter().filter(|distance| !hostile[distance.node]);
        let mut values: Vec<f64> = honest.map(|distance| distance.drift).collect();
        values.sort_unstable_by(f64::total_cmp);
        percentile(&values, 0.95)
    };
    Ok(Outcome {
        members: members as f64,
        unwatched: (0..hostile.len()).filter(|node| !is_watched(&plan, &hostile, *node)).count()
            as f64,
        rounds: watch.taken.iter().flatten().map(|rounds| f64::from(*rounds)).collect(),
        bytes: audit.bytes as f64 / summary.bytes_sent.max(1) as f64,
        bytes_node_round: audit.bytes as f64 / rounds.max(1) as f64,
        honest_banned: watch.honest.iter().filter(|banned| **banned).count() as f64,
        drift: p95(&models),
        floor: p95(&other),
    })
}

/// Whether an honest node can audit `node`, or it is honest itself.
fn is_watched(plan: &Plan, hostile: &[bool], node: usize) -> bool {
    let id = NodeId(node as u32);
    let audits = |other: &&u32| {
        let place = **other as usize;
        let honest = hostile.get(place) == Some(&false);
        let near = plan.nodes.get(place).filter(|_| honest);
        near.is_some_and(|near| near.role == Role::Sentinel || near.sentinel == id)
    };
    hostile.get(node) != Some(&true) || plan.graph.neighbours(id).iter().any(|near| audits(&near))
}

/// Rounds that each node has begun, by id.
fn rounds(mesh: &mut Mesh) -> Vec<(NodeId, u32)> {
    let world = mesh.world();
    let mut nodes = world.query::<(&Identity, &Schedule)>();
    let rounds = nodes.iter(world).map(|(node, schedule)| (node.id, schedule.0.rounds()));
    let mut all: Vec<_> = rounds.collect();
    all.sort_unstable();
    all
}

/// Watches who is convicted, and when.
struct Watch<'a> {
    hostile: &'a [bool],
    /// Rounds of each node when the lies began.
    began: Vec<u32>,
    /// Rounds that each member took to be convicted.
    taken: Vec<Option<u32>>,
    /// Honest nodes that were ever banned or convicted.
    honest: Vec<bool>,
}

impl<'a> Watch<'a> {
    fn new(hostile: &'a [bool]) -> Self {
        let count = hostile.len();
        Self { hostile, began: Vec::new(), taken: vec![None; count], honest: vec![false; count] }
    }

    /// Members that an honest node has convicted.
    fn convicted(&self) -> usize {
        self.taken.iter().flatten().count()
    }

    fn look(&mut self, mesh: &mut Mesh) {
        let now = rounds(mesh);
        if self.began.is_empty() {
            self.began = now.iter().map(|(_, rounds)| *rounds).collect();
        }
        let hostile = |id: NodeId| self.hostile.get(id.index()).copied().unwrap_or(false);
        let world = mesh.world();
        let mut nodes = world.query::<(&Identity, &Trust, Option<&Auditing>)>();
        let honest = |(judge, ..): &(&Identity, &Trust, Option<&Auditing>)| !hostile(judge.id);
        for (_, trust, page) in nodes.iter(world).filter(honest) {
            let peers = page.map_or(&[][..], |page| page.0.peers());
            for peer in peers.iter().filter(|peer| peer.convictions > 0) {
                let place = peer.id.index();
                if !hostile(peer.id) {
                    self.honest[place] = true;
                } else if self.taken[place].is_none() {
                    let taken = now[place].1.saturating_sub(self.began[place]);
                    self.taken[place] = Some(taken);
                }
            }
            for banned in trust.0.iter().filter(|peer| peer.banned && !hostile(peer.id)) {
                self.honest[banned.id.index()] = true;
            }
        }
    }
}
