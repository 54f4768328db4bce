//! The mesh on which liars are tried: a hundred nodes at random that are always on, and what their
//! models and reputations come to.

use qres_core::id::NodeId;
use qres_core::neuron::SwarmNeuron;
use qres_core::q16::Q16;
use qres_core::trust::{INFLUENCE_MAX, Neighbour, Share, bound};

use super::Scale;
use crate::mesh::Mesh;
use crate::mesh::components::{Identity, Trust};
use crate::mesh::plan::Plan;
use crate::scenario::{Adoption, Adversary, Aggregation, FaultEntry, Scenario};

/// When liars begin.
pub(super) const ATTACK_TICK: u64 = 300;

/// Ticks of a run.
pub(super) const fn end(scale: Scale) -> u64 {
    match scale {
        Scale::Full => 1_500,
        Scale::Small => 500,
    }
}

/// Nodes of a run.
pub(super) const fn nodes(scale: Scale) -> u32 {
    match scale {
        Scale::Full => 100,
        Scale::Small => 36,
    }
}

/// A quiet field in which every node has a round every four ticks and hears twelve others.
pub(super) fn quiet(scale: Scale) -> Result<Scenario, String> {
    let text = format!(
        r#"(title: "Field", watch_for: "Liars.",
        nodes: (count: {}, layout: RandomGeometric(mean_degree: 12), sentinels: Every(1)),
        radio: (range_mm: 15000, collisions: false),
        twt: (calm_ms: 4000, prestorm_ms: 4000, storm_ms: 4000, window_ms: 3000,
            storm_window_ms: 3000),
        protocol: (commissioning: (limit_ticks: 120),
            trust: (bounded_influence: true, distance_mads: 6)),
        signals: [(modality: "heat", source: Synthetic(level: 20.0, noise: 0.2, waves: [
            (period_samples: 300, amplitude: 4.0), (period_samples: 47, amplitude: 0.6)]))])"#,
        nodes(scale)
    );
    Scenario::parse("field.ron", &text).map_err(|problem| problem.to_string())
}

/// Liars and faults of a run, and whether nodes defend themselves.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub adversaries: Vec<Adversary>,
    pub faults: Vec<FaultEntry>,
    pub is_defended: bool,
}

/// The plan of a trial. Without the defence all voices count alike, their mean is taken, and
/// nobody judges what comes.
pub(super) fn plan(trial: &Trial, seed: u64, scale: Scale) -> Result<Plan, String> {
    let mut scenario = quiet(scale)?;
    scenario.adversaries.clone_from(&trial.adversaries);
    scenario.faults.clone_from(&trial.faults);
    if !trial.is_defended {
        scenario.protocol.aggregation = Aggregation::Mean;
        scenario.protocol.weigh_by_reputation = false;
        scenario.protocol.adoption = Adoption::Blind;
        scenario.protocol.trust.distance_mads = 0;
    }
    scenario.validate().map_err(|fault| fault.to_string())?;
    Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())
}

/// What a plan's run comes to, looked at every hundred ticks.
pub(super) struct Course {
    plan: Plan,
    mesh: Mesh,
}

impl Course {
    pub fn new(plan: Plan) -> Self {
        Self { mesh: Mesh::new(plan.clone(), 1), plan }
    }

    /// Runs to a tick.
    pub fn to(&mut self, tick: u64) {
        while self.mesh.ticks() < tick {
            self.mesh.step();
        }
    }

    /// The models of all nodes.
    pub fn models(&mut self) -> Vec<SwarmNeuron> {
        self.mesh.neurons().into_iter().map(|(_, neuron)| neuron).collect()
    }

    fn is_hostile(&self, id: NodeId) -> bool {
        self.plan.nodes.get(id.index()).is_some_and(|node| node.malice.is_some())
    }

    /// Over honest nodes, the mean of what `each` says of a node's neighbours, of whom the second
    /// part says which lie.
    pub fn mean_of_honest(&mut self, each: impl Fn(&[Neighbour], &[bool]) -> f64) -> f64 {
        let hostile: Vec<bool> = self.plan.nodes.iter().map(|n| n.malice.is_some()).collect();
        let world = self.mesh.world();
        let mut query = world.query::<(&Identity, &Trust)>();
        let (mut sum, mut count) = (0.0, 0.0);
        for (node, trust) in query.iter(world) {
            if hostile[node.id.index()] {
                continue;
            }
            let lies: Vec<bool> = trust.0.iter().map(|peer| hostile[peer.id.index()]).collect();
            sum += each(&trust.0, &lies);
            count += 1.0;
        }
        sum / f64::max(count, 1.0)
    }

    /// The root mean square, over honest nodes and weights, of how far models are from `others`.
    pub fn displacement(&mut self, others: &[SwarmNeuron]) -> f64 {
        let models = self.models();
        let (mut square, mut count) = (0.0, 0.0);
        for ((node, one), other) in models.iter().enumerate().zip(others) {
            if self.is_hostile(NodeId(node as u32)) {
                continue;
            }
            let taps = usize::from(one.form().taps);
            for (a, b) in one.weights().iter().zip(other.weights()).take(taps) {
                square += (f64::from(a.to_bits() - b.to_bits()) / 65_536.0).powi(2);
                count += 1.0;
            }
        }
        f64::sqrt(square / f64::max(count, 1.0))
    }
}

/// The models of the run in which the liars of `plan` keep silent, at each of `ticks`.
pub(super) fn controls(plan: &Plan, ticks: &[u64]) -> Vec<Vec<SwarmNeuron>> {
    let mut silent = plan.clone();
    silent.mute_adversaries();
    let mut course = Course::new(silent);
    let at = |tick: &u64| {
        course.to(*tick);
        course.models()
    };
    ticks.iter().map(at).collect()
}

/// The shares that a node's next average gives its neighbours, were all of them heard: as the core
/// has them with the defence, all alike without.
pub(super) fn shares(plan: &Plan, neighbours: &[Neighbour]) -> Vec<f64> {
    let trust = &plan.config.trust;
    if !plan.config.recipe.weighted {
        return vec![1.0 / (neighbours.len() + 1) as f64; neighbours.len()];
    }
    let influence = |peer: &Neighbour| {
        if peer.banned { Q16::ZERO } else { trust.influence(peer.reputation, neighbours.len()) }
    };
    let share = |peer: &Neighbour| Share { weight: influence(peer), reputation: peer.reputation };
    let mut shares: Vec<Share> = neighbours.iter().map(share).collect();
    bound(INFLUENCE_MAX, &mut shares);
    shares.iter().map(|share| f64::from(share.weight.to_bits()) / 65_536.0).collect()
}
