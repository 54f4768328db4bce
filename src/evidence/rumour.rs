//! How a gene that everybody can use spreads: rounds until nearly all have it, and how often those
//! that have it are offered it again, with feedback and digests and without.

use qres_core::gene::{GeneId, Lineage};
use qres_core::id::NodeId;
use qres_core::neuron::Form;
use qres_core::neuron::kernel::State;
use qres_core::packet::Kind;
use qres_core::q16::Q16;
use serde_json::{Value, json};

use super::statistics::{Estimate, estimate};
use super::{Context, Table};
use crate::mesh::Mesh;
use crate::mesh::components::{Genome, Neuron, Schedule};
use crate::mesh::plan::Plan;
use crate::mesh::publish::Fate;
use crate::scenario::{self, Evolution, Scenario};

/// Tick at which the storm begins over all nodes.
const ONSET: u64 = 400;
/// Tick at which one node gets the gene.
const PLANTED: u64 = 500;
/// Ticks over which its spreading is followed.
const LASTS: u64 = 600;
/// Runs of each arm.
const SEEDS: u64 = 5;
/// The node that gets the gene: a corner, as far from most as a node can be.
const FIRST: NodeId = NodeId(0);
/// What a rumour is told by, switched off.
const NEVER: u8 = u8::MAX;

/// What tells and what stops a rumour.
struct Arm {
    name: &'static str,
    feedback: bool,
    digests: bool,
}

const ARMS: [Arm; 4] = [
    Arm { name: "feedback and digests", feedback: true, digests: true },
    Arm { name: "without feedback", feedback: false, digests: true },
    Arm { name: "without digests", feedback: true, digests: false },
    Arm { name: "without either", feedback: false, digests: false },
];

/// What came of one run.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    /// Share of the nodes that have the gene at the end.
    covered: f64,
    /// Ticks, and rounds that a node has begun on the mean, until 99 in 100 had it.
    reached: Option<(u64, f64)>,
    /// Offers that a node heard, and those that it heard when it had the gene.
    heard: f64,
    duplicates: f64,
}

/// The table `rumour`.
pub(super) fn table(_: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "A tone covers all 144 nodes of `mutation-cascade`, whose models may not mutate. At tick \
         500 one node in a corner gets a gene that predicts the tone. rounds: those that a node \
         has begun, on the mean, until 99 % of the nodes have the gene; ticks: the median; \
         reached: runs in which that came about within 600 ticks. covered: share of the nodes that \
         have it then. offers: frames with an offer that a node heard; duplicates: the same, heard \
         when it had the gene already. Means over five seeds, with 95 % intervals.",
        &["arm", "reached", "ticks", "rounds", "covered", "offers", "duplicates"],
    );
    let scenario = compose(144, 12)?;
    for arm in &ARMS {
        let outcomes: Vec<Outcome> =
            (1..=SEEDS).map(|seed| run(&scenario, arm, seed, LASTS)).collect::<Result<_, _>>()?;
        table.row(row(arm, &outcomes));
    }
    Ok(table)
}

fn row(arm: &Arm, outcomes: &[Outcome]) -> [Value; 7] {
    let interval = |figures: &[f64], digits: usize| {
        let Estimate { mean, half_width, .. } = estimate(figures);
        json!(format!("{mean:.digits$} +- {half_width:.digits$}"))
    };
    let all = |of: fn(&Outcome) -> f64| outcomes.iter().map(of).collect::<Vec<f64>>();
    let mut reached: Vec<(u64, f64)> = outcomes.iter().filter_map(|run| run.reached).collect();
    reached.sort_unstable_by_key(|(ticks, _)| *ticks);
    let rounds: Vec<f64> = reached.iter().map(|(_, rounds)| *rounds).collect();
    [
        json!(arm.name),
        json!(format!("{} of {}", reached.len(), outcomes.len())),
        json!(reached.get(reached.len() / 2).map(|(ticks, _)| *ticks)),
        if rounds.is_empty() { Value::Null } else { interval(&rounds, 1) },
        interval(&all(|run| run.covered), 3),
        interval(&all(|run| run.heard), 1),
        interval(&all(|run| run.duplicates), 1),
    ]
}

/// The bundled cascade with its first storm over everybody, and neither mutants nor adversaries.
fn compose(nodes: u32, columns: u32) -> Result<Scenario, String> {
    let resolved = scenario::resolve("mutation-cascade").map_err(|problem| problem.to_string())?;
    let mut scenario = resolved.scenario;
    scenario.protocol.evolution =
        Evolution::On { mutation: false, mutate_every_samples: 200, gain_percent: 5 };
    scenario.nodes.count = Some(nodes);
    scenario.nodes.layout = scenario::Layout::Grid { columns, spacing_mm: 10_000 };
    scenario.adversaries.clear();
    scenario.storms.truncate(1);
    for storm in &mut scenario.storms {
        (storm.from_tick, storm.to_tick) = (ONSET, PLANTED + LASTS + 100);
        storm.radius_mm = 1_000_000;
    }
    scenario.validate().map_err(|fault| fault.to_string())?;
    Ok(scenario)
}

fn run(scenario: &Scenario, arm: &Arm, seed: u64, lasts: u64) -> Result<Outcome, String> {
    let mut plan = Plan::new(scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    if let Some(settings) = &mut plan.config.evolution {
        settings.interest = if arm.feedback { settings.interest } else { NEVER };
        settings.digest_rounds = if arm.digests { settings.digest_rounds } else { NEVER };
    }
    let mut mesh = Mesh::new(plan, 1);
    while mesh.ticks() < PLANTED {
        mesh.step();
    }
    let gene = plant(&mut mesh).ok_or("no node to begin with")?;
    let before = rounds(&mut mesh);
    mesh.watch(true);
    let mut has = carriers(&mut mesh, gene);
    let (mut heard, mut duplicates, mut reached) = (0_u32, 0_u32, None);
    for tick in 1..=lasts {
        mesh.step();
        for packet in mesh.publish().packets {
            if packet.kind == Kind::Offer && packet.fate == Fate::Delivered {
                heard += 1;
                duplicates += u32::from(has.get(packet.receiver as usize) == Some(&true));
            }
        }
        has = carriers(&mut mesh, gene);
        let count = has.iter().filter(|has| **has).count();
        if reached.is_none() && count * 100 >= has.len() * 99 {
            reached = Some((tick, rounds(&mut mesh) - before));
        }
    }
    let nodes = has.len().max(1) as f64;
    Ok(Outcome {
        covered: has.iter().filter(|has| **has).count() as f64 / nodes,
        reached,
        heard: f64::from(heard) / nodes,
        duplicates: f64::from(duplicates) / nodes,
    })
}

/// Gives the first node a model that repeats what was five samples ago, and lets it spread that.
fn plant(mesh: &mut Mesh) -> Option<GeneId> {
    let world = mesh.world();
    let mut query = world.query::<(&crate::mesh::components::Identity, &mut Neuron, &mut Genome)>();
    let (_, mut neuron, mut genome) =
        query.iter_mut(world).find(|(identity, ..)| identity.id == FIRST)?;
    let form = Form { taps: 1, lags: [5, 0, 0, 0, 0, 0, 0, 0], ..Form::default() };
    let lineage = Lineage { origin: FIRST, generation: 1, parent: neuron.0.gene() };
    let mut state = State::default();
    state.shared[0] = Q16::ONE;
    neuron.0.evolve(form, lineage, state);
    let gene = neuron.0.gene();
    let pushes = qres_core::evolution::EvolutionConfig::default().pushes;
    genome.0.as_deref_mut()?.rumour.spread(gene, 90, pushes);
    Some(gene)
}

/// Which nodes have the gene in service, by id.
fn carriers(mesh: &mut Mesh, gene: GeneId) -> Vec<bool> {
    mesh.neurons().iter().map(|(_, neuron)| neuron.gene() == gene).collect()
}

/// Rounds begun by a node, on the mean.
fn rounds(mesh: &mut Mesh) -> f64 {
    let world = mesh.world();
    let mut query = world.query::<&Schedule>();
    let all: Vec<f64> = query.iter(world).map(|wake| f64::from(wake.0.rounds())).collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_all_hear_of_a_gene_and_feedback_spares_them_the_rest() {
        let scenario = compose(36, 6).expect("composes");
        let of = |arm: usize| run(&scenario, &ARMS[arm], 2, 300).expect("runs");
        let (both, no_feedback, no_digests) = (of(0), of(1), of(2));
        let (ticks, rounds) = both.reached.expect("99 in 100 nodes have it");
        assert!(ticks > 5 && rounds > 1.0 && both.covered >= 0.99, "{both:?}");
        assert!(no_feedback.duplicates > both.duplicates * 1.2, "{no_feedback:?} {both:?}");
        assert!(both.duplicates < both.heard && both.duplicates > 0.0, "{both:?}");
        assert!(no_digests.covered > 0.5, "most is done by pushes: {no_digests:?}");
    }
}
