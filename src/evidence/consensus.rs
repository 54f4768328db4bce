//! How many rounds vectors need to agree: push-pull with random peers, and plain gossip on graphs
//! beside what their spectrum allows. Vectors that merge as nodes do, not a mesh: there is no
//! radio, no sleep and no sensor here.

use qres_core::aggregate::{Preparation, Recipe, Rule};
use qres_core::draw::{Purpose, below, draw};
use serde_json::{Value, json};

use super::lab::graph::Graph;
use super::lab::{Lab, TAPS, from_floats, mean, normal};
use super::statistics::estimate;
use super::{Context, Table};
use crate::world::attack::view::Vector;

/// Runs of each row.
const SEEDS: u64 = 20;
/// Consensus: the spread is at most this share of the first.
pub(super) const SHARE: f64 = 0.01;
/// Rounds after which a run is given up.
pub(super) const MOST_ROUNDS: u32 = 10_000;
/// Peers that a node exchanges with in a round of push-pull.
const FAN_OUT: u32 = 6;
/// One exchange in ten is lost.
const LOSS_PERCENT: u64 = 10;

/// The table `consensus`.
pub(super) fn table(_: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "Rounds until the largest distance between two nodes' vectors is at most 1 % of the first, \
         mean of 20 seeds with a 95 % interval. Vectors and not a mesh: each round is merged by \
         the core's mean in Q16.16, without radio, sleep or sensors. `bound` is ln(1/0.01) / \
         -ln(lambda) with lambda the second eigenvalue in size of the weights that are run, 1 / (1 \
         + degree) for each neighbour and the node itself: what they do in the long run, mean over \
         the graphs of the seeds. Push-pull draws 6 peers anew in each round and loses one \
         exchange in ten.",
        &["mesh", "nodes", "mean_degree", "connectivity", "rounds", "half_width", "most", "bound"],
    );
    let seeds = 1..=SEEDS;
    let rounds: Vec<f64> =
        seeds.clone().map(|seed| f64::from(push_pull(100, seed, |_, _| false))).collect();
    table.row(row("push-pull, random peers", 100, &[], &rounds));
    let graphs: [(&str, fn(u64) -> Option<Graph>); 4] = [
        ("two worlds", |_| Some(Graph::two_worlds(13, 8))),
        ("field of sensors", |seed| Graph::geometric(64, 12.0, seed)),
        ("grid", |_| Some(Graph::grid(8, 8))),
        ("ring, 4 neighbours", |_| Some(Graph::ring(64, 2))),
    ];
    for (name, make) in graphs {
        let (mut rounds, mut graphs) = (Vec::new(), Vec::new());
        for seed in seeds.clone() {
            let graph = make(seed).ok_or("no field hangs together")?;
            rounds.push(f64::from(gossip(graph.clone(), seed)));
            // One that is the same for all seeds counts once.
            if graphs.last() != Some(&graph) {
                graphs.push(graph);
            }
        }
        let nodes = graphs.first().map_or(0, Graph::len);
        table.row(row(name, nodes, &graphs, &rounds));
    }
    Ok(table)
}

fn row(name: &str, nodes: usize, graphs: &[Graph], rounds: &[f64]) -> [Value; 8] {
    let tenth = |value: f64| json!((value * 10.0).round() / 10.0);
    let all = estimate(rounds);
    let bound = |graph: &Graph| libm::log(1.0 / SHARE) / -libm::log(graph.contraction());
    let mean = |figure: &dyn Fn(&Graph) -> f64| {
        let values: Vec<f64> = graphs.iter().map(figure).collect();
        (!values.is_empty()).then(|| estimate(&values).mean)
    };
    let thousandth = |value: f64| json!((value * 1e3).round() / 1e3);
    [
        json!(name),
        json!(nodes),
        mean(&Graph::mean_degree).map_or(json!(FAN_OUT), tenth),
        mean(&Graph::connectivity).map_or(Value::Null, thousandth),
        tenth(all.mean),
        tenth(all.half_width),
        tenth(rounds.iter().copied().fold(0.0, f64::max)),
        mean(&bound).map_or(Value::Null, tenth),
    ]
}

pub(super) fn start(nodes: usize, seed: u64) -> Vec<Vector> {
    (0..nodes as u32).map(|node| from_floats(|tap| normal(seed, node, tap) / 2.0)).collect()
}

/// Rounds of plain gossip on `graph`, all neighbours and the own model counting alike.
fn gossip(graph: Graph, seed: u64) -> u32 {
    let recipe = Recipe { preparation: Preparation::None, rule: Rule::Mean, weighted: false };
    let at = start(graph.len(), seed);
    let mut lab = Lab::new(graph, &at, recipe, seed);
    let goal = lab.spread() * SHARE;
    let ended = (1..=MOST_ROUNDS).find(|_| {
        lab.step(None, 0);
        lab.spread() <= goal
    });
    ended.unwrap_or(MOST_ROUNDS)
}

/// Rounds of push-pull among `nodes` nodes: each in turn takes the mean with [`FAN_OUT`] others,
/// one after the other, as both ends hold it then (Demers and others, "Epidemic algorithms for
/// replicated database maintenance", 1987). With a node that is `silent` in a round nobody
/// exchanges anything in it.
pub(super) fn push_pull(nodes: usize, seed: u64, silent: impl Fn(usize, u32) -> bool) -> u32 {
    let mut at = start(nodes, seed);
    let goal = spread(&at) * SHARE;
    for round in 1..=MOST_ROUNDS {
        for node in 0..nodes {
            for turn in 0..FAN_OUT {
                let bits = draw(seed, Purpose::Bucket, node as u32, u64::from(round), turn);
                let other = (node + 1 + below(bits, nodes as u64 - 1) as usize) % nodes;
                let lost = draw(seed, Purpose::Loss, node as u32, u64::from(round), turn);
                let is_silent = silent(node, round) || silent(other, round);
                if is_silent || below(lost, 100) < LOSS_PERCENT {
                    continue;
                }
                let middle = mean(&at[node], &[at[other]]);
                (at[node], at[other]) = (middle, middle);
            }
        }
        if spread(&at) <= goal {
            return round;
        }
    }
    MOST_ROUNDS
}

/// The largest distance between two vectors in any coordinate, in 2^-16.
pub(super) fn spread(at: &[Vector]) -> f64 {
    let span = |tap: usize| {
        let values = at.iter().map(|at| at[tap]);
        values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
    };
    (0..usize::from(TAPS)).map(span).max().unwrap_or(0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_peers_agree_in_few_rounds_and_a_ring_in_many() {
        let quick = push_pull(100, 3, |_, _| false);
        assert!((2..30).contains(&quick), "{quick}");
        let slow = gossip(Graph::ring(40, 2), 3);
        assert!(slow > 3 * quick, "{slow} against {quick}");
    }
}
