//! The averaging task: honest nodes in two worlds, or a field of sensors, want the mean of where
//! they began, and each hears some liars. What each rule can do by itself, without trust.

use qres_core::aggregate::{Preparation, Recipe, Rule};
use qres_core::q16::{HALF, Q16};
use serde_json::{Value, json};

use super::lab::graph::Graph;
use super::lab::{Lab, from_floats, normal};
use super::statistics::estimate;
use super::{Context, Table};
use crate::world::attack::Attack;
use crate::world::attack::view::Vector;

/// Rounds of each run.
const ROUNDS: u32 = 100;
/// Runs of each cell.
const SEEDS: u64 = 5;
/// Half of the distance between two worlds, and the deviation within one: as 5 to 1, scaled so
/// that all fits into what a node may send.
const OFFSET: f64 = 1.5;
const DEVIATION: f64 = 0.3;

/// A rule as it is told that `liars` may lie.
struct Contender {
    name: &'static str,
    recipe: fn(liars: u8) -> Recipe,
}

fn plain(rule: Rule) -> Recipe {
    Recipe { preparation: Preparation::None, rule, weighted: false }
}

const CONTENDERS: [Contender; 13] = [
    Contender { name: "mean", recipe: |_| plain(Rule::Mean) },
    Contender { name: "trimmed mean", recipe: |f| plain(Rule::TrimmedMean { trim: f }) },
    Contender { name: "median", recipe: |_| plain(Rule::Median) },
    Contender { name: "Meamed", recipe: |f| plain(Rule::Meamed { faulty: f }) },
    Contender { name: "Krum", recipe: |f| plain(Rule::Krum { faulty: f }) },
    Contender { name: "Multi-Krum", recipe: |f| plain(Rule::MultiKrum { faulty: f, select: 0 }) },
    Contender {
        name: "geometric median",
        recipe: |_| plain(Rule::GeometricMedian { smoothing: HALF, steps: 8 }),
    },
    Contender {
        name: "centred clipping",
        recipe: |_| plain(Rule::CentredClipping { radius: HALF, steps: 1 }),
    },
    Contender {
        name: "NNM, trimmed mean",
        recipe: |f| Recipe {
            preparation: Preparation::Nnm { faulty: f },
            rule: Rule::TrimmedMean { trim: f },
            weighted: false,
        },
    },
    Contender { name: "ClippedGossip", recipe: |f| plain(Rule::ClippedGossip { faulty: f }) },
    Contender { name: "CS+", recipe: |f| plain(Rule::CsPlus { faulty: f }) },
    Contender { name: "NNA", recipe: |f| plain(Rule::Nna { faulty: f }) },
    Contender { name: "adaptive", recipe: |f| plain(Rule::adaptive(f)) },
];

/// Attacks, each with its name; the fall of empires is inner-product manipulation with a search.
fn attacks() -> [(&'static str, Attack); 4] {
    let q = Q16::from_num::<i32>;
    [
        ("a little is enough", Attack::LittleIsEnough { z: q(4), search: true }),
        ("fall of empires", Attack::InnerProduct { epsilon: q(4), search: true }),
        ("dissensus", Attack::Dissensus { epsilon: q(2) }),
        ("spectral", Attack::Spectral { scale: q(2) }),
    ]
}

/// A graph and how many liars each node hears.
struct World {
    name: &'static str,
    liars: u8,
    graph: fn(seed: u64) -> Option<Graph>,
    split: bool,
}

fn worlds() -> Vec<World> {
    let two = |liars| World {
        name: "two worlds",
        liars,
        graph: |_| Some(Graph::two_worlds(13, 8)),
        split: true,
    };
    let field = |liars| World {
        name: "field of sensors",
        liars,
        graph: |seed| Graph::geometric(40, 11.6, seed),
        split: false,
    };
    vec![two(1), two(3), field(1), field(2)]
}

/// The table `averaging`.
pub(super) fn table(_: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "Honest nodes in two cliques of 13 with 8 cross links each, or 40 in a field (random \
         geometric, mean degree 11.6), want the mean of where they began; two worlds begin 10 \
         deviations apart. Each hears the same number of liars, who see everything and tell each \
         node what harms it most. Mean squared distance to the honest mean after 100 rounds over \
         the first one, mean of 5 seeds with a 95 % interval; 0 is best, 1 is no better than not \
         to speak. Rules are told how many may lie. No trust, no radio: see `byzantine` for a \
         whole mesh.",
        &["world", "connectivity", "liars", "attack", "rule", "error", "half_width"],
    );
    for world in worlds() {
        for (attack_name, attack) in attacks() {
            for contender in &CONTENDERS {
                let recipe = (contender.recipe)(world.liars);
                let mut errors = Vec::new();
                let mut connectivity = 0.0;
                for seed in 1..=SEEDS {
                    let graph = (world.graph)(seed).ok_or("no field hangs together")?;
                    connectivity += graph.connectivity() / SEEDS as f64;
                    errors.push(error(&world, graph, attack, recipe, seed));
                }
                let all = estimate(&errors);
                table.row([
                    json!(world.name),
                    rounded(connectivity),
                    json!(world.liars),
                    json!(attack_name),
                    json!(contender.name),
                    rounded(all.mean),
                    rounded(all.half_width),
                ]);
            }
        }
    }
    Ok(table)
}

/// To four decimals.
fn rounded(value: f64) -> Value {
    json!((value * 10_000.0).round() / 10_000.0)
}

/// What is left of the first error.
fn error(world: &World, graph: Graph, attack: Attack, recipe: Recipe, seed: u64) -> f64 {
    let half = graph.len() / 2;
    let at: Vec<Vector> = (0..graph.len())
        .map(|node| {
            let side = if node < half { OFFSET } else { -OFFSET };
            let side = if world.split { side } else { 0.0 };
            from_floats(|tap| side + DEVIATION * normal(seed, node as u32, tap))
        })
        .collect();
    let mut lab = Lab::new(graph, &at, recipe, seed);
    let centre = lab.mean();
    let start = lab.error(&centre);
    for _ in 0..ROUNDS {
        lab.step(Some(attack), usize::from(world.liars));
    }
    lab.error(&centre) / start
}
