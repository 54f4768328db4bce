//! A laboratory for gossip alone: synchronous rounds on a graph, with the core's aggregation and
//! the attackers of a mesh, but without radio, sensors or trust. What a rule can do by itself.

pub mod graph;

use qres_core::aggregate::{Context, Preparation, Recipe, Rule, VOICES, Voice, aggregate};
use qres_core::draw::{Purpose, draw};
use qres_core::id::NodeId;
use qres_core::q16::Q16;
use qres_core::regime::Regime;

use crate::world::attack::view::{Row, SIGHT, Vector, View, settle, vector};
use crate::world::attack::{Attack, forge};
use graph::Graph;

/// Coordinates of each vector.
pub const TAPS: u8 = 5;

/// Honest places that average, and liars whom each of them hears.
#[derive(Clone, Debug)]
pub struct Lab {
    graph: Graph,
    /// Who hears whom, as bits.
    links: Vec<u64>,
    recipe: Recipe,
    seed: u64,
    round: u32,
    rows: Vec<Row>,
}

impl Lab {
    /// Honest places of `graph`, at most [`SIGHT`], that start at `at` and merge by `recipe`.
    #[must_use]
    pub fn new(graph: Graph, at: &[Vector], recipe: Recipe, seed: u64) -> Self {
        let bits =
            |place: usize| graph.near(place).iter().fold(0, |bits, near| bits | 1_u64 << near);
        let links = (0..graph.len().min(SIGHT)).map(bits).collect();
        let row = |(place, at): (usize, &Vector)| Row { node: NodeId(place as u32), at: *at };
        let rows = at.iter().take(SIGHT).enumerate().map(row).collect();
        Self { graph, links, recipe, seed, round: 0, rows }
    }

    /// A round: each of `liars` tells every honest place what does it most harm; then all merge.
    pub fn step(&mut self, attack: Option<Attack>, liars: usize) {
        self.round += 1;
        let next = (0..self.rows.len()).map(|place| self.merged(place, attack, liars)).collect();
        self.rows = next;
    }

    fn merged(&self, place: usize, attack: Option<Attack>, liars: usize) -> Row {
        let row = self.rows[place];
        let voice = |node: NodeId, at: &Vector| Voice {
            node,
            influence: Q16::ONE,
            loss: None,
            weights: settle(at),
        };
        let mut peers: heapless::Vec<Voice, VOICES> = heapless::Vec::new();
        // Liars first: where there are more voices than a node hears, honest ones are left out.
        if let Some(attack) = attack.filter(|_| liars > 0) {
            let lie = forge(attack, &self.view(place, liars)).unwrap_or(row.at);
            for liar in 0..liars as u32 {
                let _ = peers.push(voice(NodeId(u32::MAX - 1 - liar), &lie));
            }
        }
        for near in self.graph.near(place) {
            let _ = peers.push(voice(self.rows[*near].node, &self.rows[*near].at));
        }
        let own = voice(row.node, &row.at);
        let mut context = Context {
            seed: self.seed,
            round: self.round,
            regime: Regime::Calm,
            banned: false,
            calm: None,
            keeps_shares: false,
        };
        let merged = aggregate(&self.recipe, &own, &peers, TAPS, &mut context);
        Row { at: merged.map_or(row.at, |merged| vector(&merged)), ..row }
    }

    /// What the liars see when they aim at `place`.
    fn view(&self, place: usize, liars: usize) -> View<'_> {
        View {
            own: self.rows[place].at,
            taps: usize::from(TAPS),
            rows: &self.rows,
            earshot: 1 << place,
            links: &self.links,
            accomplices: liars,
            recipe: self.recipe,
            screen: None,
            round: self.round,
            rounds_on: self.round - 1,
            kept: None,
            seed: self.seed,
            dice: 0,
        }
    }

    /// Mean squared distance of the honest places from `centre`, per coordinate.
    #[must_use]
    pub fn error(&self, centre: &[f64; TAPS as usize]) -> f64 {
        let square = |row: &Row| {
            let away = |(x, centre): (&i64, &f64)| (*x as f64 / 65_536.0 - centre).powi(2);
            row.at.iter().zip(centre).map(away).sum::<f64>()
        };
        self.rows.iter().map(square).sum::<f64>() / (self.rows.len() * usize::from(TAPS)) as f64
    }

    /// The mean of the honest places.
    #[must_use]
    pub fn mean(&self) -> [f64; TAPS as usize] {
        core::array::from_fn(|tap| {
            let sum: i64 = self.rows.iter().map(|row| row.at[tap]).sum();
            sum as f64 / 65_536.0 / self.rows.len().max(1) as f64
        })
    }

    /// The largest distance between two honest places in any coordinate.
    #[must_use]
    pub fn spread(&self) -> f64 {
        let span = |tap: usize| {
            let values = self.rows.iter().map(|row| row.at[tap]);
            values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
        };
        (0..usize::from(TAPS)).map(span).max().unwrap_or(0) as f64 / 65_536.0
    }
}

/// What the core's mean makes of a vector and others, all voices alike; of others at most as many
/// as a node merges. Vectors are cut to the limit of weights.
#[must_use]
pub fn mean(own: &Vector, others: &[Vector]) -> Vector {
    let voice = |(node, at): (u32, &Vector)| Voice {
        node: NodeId(node),
        influence: Q16::ONE,
        loss: None,
        weights: settle(at),
    };
    let peers: heapless::Vec<Voice, VOICES> =
        (1..).zip(others).map(voice).take(VOICES - 1).collect();
    let recipe = Recipe { preparation: Preparation::None, rule: Rule::Mean, weighted: false };
    let mut context = Context {
        seed: 0,
        round: 0,
        regime: Regime::Calm,
        banned: false,
        calm: None,
        keeps_shares: false,
    };
    let merged = aggregate(&recipe, &voice((0, own)), &peers, TAPS, &mut context);
    merged.map_or(*own, |merged| vector(&merged))
}

/// A normal deviate of unit variance, for node and coordinate: twelve uniform ones less six.
#[must_use]
pub fn normal(seed: u64, node: u32, tap: u32) -> f64 {
    let unit = |n: u32| draw(seed, Purpose::Noise, node, u64::from(tap), n) as f64 / 2_f64.powi(64);
    (0..12).map(unit).sum::<f64>() - 6.0
}

/// A vector of [`TAPS`] coordinates from floats.
#[must_use]
pub fn from_floats(values: impl Fn(u32) -> f64) -> Vector {
    let mut at = Vector::default();
    for (slot, tap) in at.iter_mut().take(usize::from(TAPS)).zip(0..) {
        *slot = (values(tap) * 65_536.0).round() as i64;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::aggregate::{Preparation, Rule};

    fn lab(rule: Rule) -> Lab {
        let at: Vec<Vector> = (0..26)
            .map(|node| {
                let side = if node < 13 { 1.5 } else { -1.5 };
                from_floats(|tap| side + 0.3 * normal(5, node, tap))
            })
            .collect();
        let recipe = Recipe { preparation: Preparation::None, rule, weighted: false };
        Lab::new(Graph::two_worlds(13, 8), &at, recipe, 5)
    }

    #[test]
    fn without_liars_the_mean_finds_the_mean() {
        let mut lab = lab(Rule::Mean);
        let (centre, start) = (lab.mean(), lab.spread());
        (0..60).for_each(|_| lab.step(None, 0));
        assert!(lab.spread() < start / 1_000.0 && lab.error(&centre) < 1e-5, "{}", lab.spread());
    }

    #[test]
    fn one_liar_takes_the_plain_mean_and_not_the_trimmed_one() {
        let attack = Attack::SignFlip { scale: Q16::from_num(4) };
        let end = |rule: Rule| {
            let mut lab = lab(rule);
            let centre = lab.mean();
            (0..60).for_each(|_| lab.step(Some(attack), 1));
            lab.error(&centre)
        };
        let (mean, trimmed) = (end(Rule::Mean), end(Rule::TrimmedMean { trim: 1 }));
        assert!(trimmed < 0.05 && mean > trimmed, "{mean} against {trimmed}");
    }
}
