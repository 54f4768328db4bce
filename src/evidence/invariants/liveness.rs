//! Stragglers: how soon vectors agree in spite of them, and what becomes of a mesh when there are
//! too many. Agreement is what the table `consensus` calls so, of vectors and not in a mesh;
//! nothing here waits for anybody, but for the arm that shows what waiting would cost.

use super::super::consensus::{MOST_ROUNDS, SHARE, push_pull, spread, start};
use super::super::lab;
use super::super::lab::graph::Graph;
use super::{Invariant, Reading, Scale, Wanted};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::{Scenario, Watchdog};
use crate::world::attack::view::Vector;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "liveness",
    hypothesis: "With a fifth of the nodes ten times as slow all nodes agree within 150 rounds; \
                 with a fifth silent nobody falls back, with a quarter everybody does once and \
                 goes on.",
    seeds: 20,
    run,
};

const LIMIT: Wanted = Wanted::AtMost(150.0);
/// A straggler takes part in one round of so many.
const SLOW: u32 = 10;

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let mut readings = agreement(seed, scale)?;
    for (arm, watches) in [("defence", true), ("without", false)] {
        let fifth = fallen(seed, scale, 20, watches)?;
        let quarter = fallen(seed, scale, 25, watches)?;
        let reading = |measure, value, wanted| Reading { arm, measure, value, wanted };
        readings.extend([
            reading("fallbacks a node, a fifth silent", fifth.fallbacks, Wanted::AtMost(0.0)),
            reading("fallbacks a node, a quarter silent", quarter.fallbacks, Wanted::AtLeast(1.0)),
            reading("merges a node after that", quarter.merges, Wanted::AtLeast(1.0)),
        ]);
    }
    Ok(readings)
}

/// Rounds until all agree, a fifth of them stragglers.
fn agreement(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let (nodes, places) = if scale == Scale::Full { (100, 64) } else { (50, 36) };
    // Every fifth is slow, each at its own time.
    let late = |node: usize, round: u32| {
        node.is_multiple_of(5) && !(round + node as u32 / 5).is_multiple_of(SLOW)
    };
    // Who waits has a round whenever the slowest is through with one.
    let waiting = |_: usize, round: u32| !round.is_multiple_of(SLOW);
    let field = Graph::geometric(places, 12.0, seed).ok_or("no field hangs together")?;
    let rounds =
        |arm, measure, value: u32| Reading { arm, measure, value: f64::from(value), wanted: LIMIT };
    let (random, near) = ("rounds, random peers", "rounds, field of sensors");
    Ok(vec![
        rounds("defence", random, push_pull(nodes, seed, late)),
        rounds("defence", near, gossip(&field, seed, late)),
        rounds("without: all wait", random, push_pull(nodes, seed, waiting)),
        rounds("without: all wait", near, gossip(&field, seed, waiting)),
    ])
}

/// Rounds of plain gossip of vectors until all agree: whoever is not silent takes the core's mean
/// of its own vector and those of its neighbours that are not silent either. No radio, no sensors:
/// what stragglers do to the merging alone.
fn gossip(graph: &Graph, seed: u64, silent: impl Fn(usize, u32) -> bool) -> u32 {
    let mut at = start(graph.len(), seed);
    let goal = spread(&at) * SHARE;
    for round in 1..=MOST_ROUNDS {
        let next = |place: usize| -> Vector {
            if silent(place, round) {
                return at[place];
            }
            let near = graph.near(place).iter().filter(|other| !silent(**other, round));
            let heard: Vec<Vector> = near.map(|other| at[*other]).collect();
            lab::mean(&at[place], &heard)
        };
        at = (0..graph.len()).map(next).collect();
        if spread(&at) <= goal {
            return round;
        }
    }
    MOST_ROUNDS
}

struct Fallen {
    /// Fallbacks of a node that is still there.
    fallbacks: f64,
    /// Its merges after the first of them could have been.
    merges: f64,
}

/// A crowd that all hear each other, of whom `percent` lose power for good.
fn fallen(seed: u64, scale: Scale, percent: u8, watches: bool) -> Result<Fallen, String> {
    // One more than a round number: of the others, a fifth is a fifth.
    let count = if scale == Scale::Full { 41_u32 } else { 21 };
    let text = format!(
        r#"(title: "Crowd", watch_for: "Silence.",
        nodes: (count: {count}, layout: Grid(columns: 10, spacing_mm: 1000), sentinels: Every(1),
            start: Together),
        radio: (range_mm: 40000, collisions: false, loss_at_range_percent: 0,
            loss_floor_percent: 0),
        twt: (calm_ms: 8000, prestorm_ms: 8000, storm_ms: 8000, window_ms: 6000,
            storm_window_ms: 6000, jitter_percent: 0),
        protocol: (commissioning: (neighbours: 64, reputation: 1.0, limit_ticks: 100000),
            trust: (watchdog: On(straggler_rounds: 3))),
        signals: [(modality: "heat", source: Synthetic(noise: 0.4, wander: 0.3, phase: ByNode))],
        faults: [(kind: PowerLoss(off_ticks: 1000000), from_tick: 200,
            nodes: Share(percent: {percent}))])"#
    );
    let mut scenario =
        Scenario::parse("crowd.ron", &text).map_err(|problem| problem.to_string())?;
    if !watches {
        scenario.protocol.trust.watchdog = Watchdog::Off;
    }
    let plan = Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let mut mesh = Mesh::new(plan, 1);
    let run_to = |mesh: &mut Mesh, tick| {
        while mesh.ticks() < tick {
            mesh.step();
        }
    };
    run_to(&mut mesh, 260);
    let before = mesh.summary().aggregations;
    run_to(&mut mesh, 400);
    let summary = mesh.summary();
    let there = f64::from(count - count * u32::from(percent) / 100);
    let fallbacks = summary.trust.map_or(0, |trust| trust.fallbacks_stragglers);
    Ok(Fallen {
        fallbacks: fallbacks as f64 / there,
        merges: (summary.aggregations - before) as f64 / there,
    })
}
