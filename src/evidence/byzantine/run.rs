//! One run of one arm beside its silent controls, which arms that differ only in the lie share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use qres_core::id::NodeId;
use qres_core::neuron::SwarmNeuron;

use super::arms::{Arm, Trouble};
use super::compose::{self, ATTACK_TICK, Stage};
use super::surroundings::Surroundings;
use crate::evidence::drift::{self, Distance};
use crate::evidence::statistics::percentile;
use crate::mesh::Mesh;
use crate::mesh::components::{Identity, Tally, Trust};
use crate::mesh::malice::Exposure;

/// Drift above the floor that a defence may let through.
pub(super) const GATE: f64 = 0.05;
/// Honest nodes that must count before a run can hold.
const COUNTED_LEAST: usize = 5;
/// Ticks from one look at bans to the next.
const LOOK_EVERY: u64 = 20;
/// Controls that are kept for other arms.
const KEPT_MOST: usize = 256;

/// What came of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    /// 95th percentile of drift over the honest nodes that count; `None` where none does.
    pub drift: Option<f64>,
    /// The same between two silent runs.
    pub floor: Option<f64>,
    /// Honest nodes that count, and those that are captured.
    pub counted: f64,
    pub captured: f64,
    /// 95th percentile of drift over the captured ones.
    pub captured_drift: Option<f64>,
    /// Honest nodes that some honest neighbour bans at the end.
    pub banned_honest: f64,
    /// Attackers that some honest neighbour bans at the end, as a share; `None` without attackers.
    pub detected: Option<f64>,
    /// From the first attack to the first ban of an attacker, in ticks and in rounds of a node.
    pub first_ban_ticks: Option<f64>,
    pub first_ban_rounds: Option<f64>,
    /// Rounds from the first attack until half of the attackers are banned at once.
    pub half_banned_rounds: Option<f64>,
    pub bytes: f64,
    pub energy_mj: f64,
    /// Algebraic connectivity of the graph, and of its largest honest part.
    pub connectivity: [f64; 2],
}

impl Outcome {
    /// Of a run in which nobody was and nothing was seen.
    #[cfg(test)]
    pub const BLANK: Self = Self {
        drift: None,
        floor: None,
        counted: 0.0,
        captured: 0.0,
        captured_drift: None,
        banned_honest: 0.0,
        detected: None,
        first_ban_ticks: None,
        first_ban_rounds: None,
        half_banned_rounds: None,
        bytes: 0.0,
        energy_mj: 0.0,
        connectivity: [0.0; 2],
    };

    /// Whether drift stays within the gate.
    pub fn holds(&self) -> bool {
        !self.is_sparse() && self.excess().is_some_and(|excess| excess <= GATE)
    }

    /// Whether too few honest nodes count for the run to hold.
    pub fn is_sparse(&self) -> bool {
        self.counted < COUNTED_LEAST as f64
    }

    /// Drift above the floor.
    pub fn excess(&self) -> Option<f64> {
        Some(self.drift? - self.floor?)
    }
}

/// Two silent runs, and what lies around their nodes.
struct Control {
    silent: Vec<SwarmNeuron>,
    floor: Vec<Distance>,
    connectivity: [f64; 2],
}

type Slot = Arc<OnceLock<Result<Control, String>>>;

/// Controls by what they are controls of: the newest are kept.
#[derive(Default)]
pub(super) struct Controls {
    kept: Mutex<(BTreeMap<String, Slot>, VecDeque<String>)>,
}

impl Controls {
    fn slot(&self, key: String) -> Slot {
        // A thread that broke off leaves whole slots behind.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (slots, order) = &mut *kept;
        if let Some(slot) = slots.get(&key) {
            return slot.clone();
        }
        if order.len() >= KEPT_MOST
            && let Some(oldest) = order.pop_front()
        {
            slots.remove(&oldest);
        }
        order.push_back(key.clone());
        slots.entry(key).or_default().clone()
    }
}

/// What two arms must share to have one control.
fn key(arm: &Arm, seed: u64) -> String {
    let kind = match arm.trouble {
        Trouble::Lies { .. } | Trouble::Eclipse { .. } => "silent",
        Trouble::Jamming => "calm",
        Trouble::Sybils { .. } => "sybils",
    };
    let Arm { defence, share_percent, storm, nodes, ground, end_tick, .. } = arm;
    format!("{kind} {defence:?} {share_percent} {storm} {nodes} {ground:?} {end_tick} {seed}")
}

fn control(arm: &Arm, seed: u64) -> Result<Control, String> {
    let Stage { plan, around } = compose::silent(arm, seed)?;
    let (silent, other) = drift::controls(&plan, arm.end_tick, 1);
    let floor = drift::by_node(&plan, arm.end_tick, &other, &silent);
    Ok(Control { silent, floor, connectivity: around.connectivity() })
}

/// Runs an arm under one seed.
///
/// # Errors
/// When its scenario makes no mesh: says why.
pub(super) fn run(arm: &Arm, seed: u64, controls: &Controls) -> Result<Outcome, String> {
    let slot = controls.slot(key(arm, seed));
    let control = slot.get_or_init(|| control(arm, seed)).as_ref().map_err(Clone::clone)?;
    let Stage { plan, around } = compose::troubled(arm, seed)?;
    let mut mesh = Mesh::new(plan.clone(), 1);
    let watched = watch(&mut mesh, &around, arm.end_tick);
    let neurons: Vec<SwarmNeuron> = mesh.neurons().into_iter().map(|(_, n)| n).collect();
    let all = drift::by_node(&plan, arm.end_tick, &neurons, &control.silent);
    let summary = mesh.summary();
    let adversaries = &summary.adversaries;
    let nodes = plan.nodes.len() as f64;
    let [counted, captured] = around.counts();
    let caught = f64::from(adversaries.detected) / f64::from(adversaries.count.max(1));
    let first = adversaries.first_detection_tick;
    Ok(Outcome {
        drift: p95(&all, &around, false),
        floor: p95(&control.floor, &around, false),
        counted: counted as f64,
        captured: captured as f64,
        captured_drift: p95(&all, &around, true),
        banned_honest: f64::from(adversaries.false_positives),
        detected: (adversaries.count > 0).then_some(caught),
        first_ban_ticks: first.map(|tick| tick.saturating_sub(ATTACK_TICK) as f64),
        first_ban_rounds: watched.first,
        half_banned_rounds: watched.half,
        bytes: summary.bytes_sent as f64 / nodes,
        energy_mj: summary.energy.all.spent_j * 1_000.0 / nodes,
        connectivity: control.connectivity,
    })
}

fn p95(distances: &[Distance], around: &Surroundings, captured: bool) -> Option<f64> {
    let counts = |distance: &&Distance| {
        !around.is_hostile(distance.node) && around.is_captured(distance.node) == captured
    };
    let mut values: Vec<f64> =
        distances.iter().filter(counts).map(|distance| distance.drift).collect();
    values.sort_unstable_by(f64::total_cmp);
    (!values.is_empty()).then(|| percentile(&values, 0.95))
}

/// Rounds that passed since the attack until bans were seen.
#[derive(Default)]
struct Watched {
    first: Option<f64>,
    half: Option<f64>,
}

/// Runs a mesh to its end and looks at bans on the way.
fn watch(mesh: &mut Mesh, around: &Surroundings, end_tick: u64) -> Watched {
    let mut watched = Watched::default();
    let mut before = 0.0;
    for tick in 1..=end_tick {
        mesh.step();
        if tick == ATTACK_TICK {
            before = rounds(mesh);
        }
        if watched.first.is_none() && mesh.world().resource::<Exposure>().first.is_some() {
            watched.first = Some((rounds(mesh) - before).max(0.0));
        }
        let is_due = tick.is_multiple_of(LOOK_EVERY) && watched.first.is_some();
        if is_due && watched.half.is_none() && 2 * caught(mesh, around) >= around.attackers().max(1)
        {
            watched.half = Some((rounds(mesh) - before).max(0.0));
        }
    }
    watched
}

/// Rounds in which a node both sent and received, mean over nodes.
fn rounds(mesh: &mut Mesh) -> f64 {
    let world = mesh.world();
    let mut query = world.query::<&Tally>();
    let (sum, count) = query
        .iter(world)
        .fold((0_u64, 0_u64), |(sum, count), tally| (sum + u64::from(tally.exchanges), count + 1));
    sum as f64 / count.max(1) as f64
}

/// Attackers that some honest neighbour bans now.
fn caught(mesh: &mut Mesh, around: &Surroundings) -> usize {
    let world = mesh.world();
    let mut query = world.query::<(&Identity, &Trust)>();
    let honest = query.iter(world).filter(|(judge, _)| !around.is_hostile(judge.id.index()));
    let banned: BTreeSet<NodeId> = honest
        .flat_map(|(_, trust)| trust.0.iter())
        .filter(|neighbour| neighbour.banned && around.is_hostile(neighbour.id.index()))
        .map(|neighbour| neighbour.id)
        .collect();
    banned.len()
}
