//! A force-directed layout: links pull, all nodes push each other apart, and the nodes give way
//! until they rest. The model is that of Yifan Hu, "Efficient, High-Quality Force-Directed Graph
//! Drawing", The Mathematica Journal 10(1), 2005, with the push falling with the square of the
//! distance, and his adaptive cooling.
//!
//! It knows nothing of the mesh but its links: equal links give equal layouts, bit for bit on one
//! machine, whatever runs beside it.

use super::octree::Octree;
use super::pivots;
use bevy::math::Vec3;

/// Strength of the push between two nodes one unit apart, over the pull of a link of that length.
const PUSH: f32 = 1.0;
/// Nodes nearer than this push each other no harder.
const SOFT: f32 = 0.25;
/// Pull towards the middle of what hangs on no large part.
const GRAVITY: f32 = 0.7;
/// The longest way in the first step.
const STEP: f32 = 1.0;
/// How a step shrinks when things got worse, and grows when they got better five times.
const COOLING: f32 = 0.92;
/// A step as short as this is rest.
const REST: f32 = 0.02;
/// And so is this many steps.
const STEPS_MAX: u32 = 240;

/// A number for a node in the ball of radius one, the same for ever.
#[must_use]
pub fn scatter(salt: u32, id: u32) -> Vec3 {
    let mut state = (u64::from(salt) << 32 | u64::from(id)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut part = || {
        // Guy Steele and others' SplitMix64 output function.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    loop {
        let at = Vec3::new(part(), part(), part());
        if at.length_squared() <= 1.0 {
            return at;
        }
    }
}

/// Who is linked with whom, both ways.
#[derive(Clone, Debug)]
pub struct Graph {
    starts: Vec<u32>,
    peers: Vec<u32>,
}

impl Graph {
    /// From pairs. Pairs of a node with itself, or with one beyond `count`, are left out.
    #[must_use]
    pub fn new(count: usize, links: &[[u32; 2]]) -> Self {
        let fits = |[a, b]: &&[u32; 2]| a != b && (*a.max(b) as usize) < count;
        let mut both: Vec<[u32; 2]> =
            links.iter().filter(fits).flat_map(|[a, b]| [[*a, *b], [*b, *a]]).collect();
        both.sort_unstable();
        both.dedup();
        let start = |id: usize| both.partition_point(|[from, _]| (*from as usize) < id) as u32;
        let starts = (0..=count).map(start).collect();
        Self { starts, peers: both.into_iter().map(|[_, to]| to).collect() }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whom a node is linked with.
    #[must_use]
    pub fn peers(&self, id: u32) -> &[u32] {
        let at = |id: usize| self.starts.get(id).copied().unwrap_or(0) as usize;
        self.peers.get(at(id as usize)..at(id as usize + 1)).unwrap_or_default()
    }

    /// Nodes that are linked with each other, the largest part first.
    fn parts(&self) -> Vec<Vec<u32>> {
        let mut seen = vec![false; self.len()];
        let mut parts = Vec::new();
        for first in 0..self.len() as u32 {
            let mut part = Vec::new();
            let mut waiting = vec![first];
            while let Some(id) = waiting.pop() {
                if seen.get_mut(id as usize).is_some_and(|seen| !std::mem::replace(seen, true)) {
                    part.push(id);
                    waiting.extend(self.peers(id));
                }
            }
            if !part.is_empty() {
                part.sort_unstable();
                parts.push(part);
            }
        }
        parts.sort_by_key(|part| (std::cmp::Reverse(part.len()), part.first().copied()));
        parts
    }
}

/// A layout on its way to rest.
pub struct Force {
    graph: Graph,
    places: Vec<Vec3>,
    moves: Vec<Vec3>,
    /// What hangs on no large part is drawn to the middle.
    loose: Vec<bool>,
    tree: Octree,
    step: f32,
    steps: u32,
    better: u32,
    energy: f32,
}

impl Force {
    /// The start for a graph.
    #[must_use]
    pub fn new(graph: Graph, salt: u32) -> Self {
        let count = graph.len();
        let mut places: Vec<Vec3> = (0..count as u32).map(|id| scatter(salt, id) * 0.3).collect();
        let mut loose = vec![true; count];
        let parts = graph.parts();
        let mut reach = (count as f32).cbrt();
        for (number, part) in (0_u32..).zip(&parts) {
            let unfolded = if part.len() > 2 { pivots::unfold(&graph, part) } else { Vec::new() };
            let size = unfolded.iter().map(|place| place.length()).fold(0.5, f32::max);
            // The first part is in the middle, the others around it.
            let around = scatter(salt ^ 0x5eed, number).normalize_or(Vec3::X);
            let middle = if number == 0 { Vec3::ZERO } else { around * (reach + size) };
            reach = if number == 0 { size.max(reach * 0.5) } else { reach };
            for (index, id) in part.iter().enumerate() {
                let from = unfolded.get(index).copied().unwrap_or_default();
                if let Some(place) = places.get_mut(*id as usize) {
                    *place += middle + from;
                }
                if let Some(loose) = loose.get_mut(*id as usize) {
                    *loose = number > 0 || part.len() * 2 < count;
                }
            }
        }
        let moves = vec![Vec3::ZERO; count];
        let tree = Octree::default();
        let energy = f32::MAX;
        Self { graph, places, moves, loose, tree, step: STEP, steps: 0, better: 0, energy }
    }

    /// Where the nodes are now.
    #[must_use]
    pub fn places(&self) -> &[Vec3] {
        &self.places
    }

    /// Whether it has come to rest.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.step <= REST || self.steps >= STEPS_MAX || self.places.len() < 2
    }

    /// Moves all nodes once, against the strain on each, and says the energy that there was before.
    pub fn relax(&mut self) -> f32 {
        self.tree.fill(&self.places);
        let mut energy = 0.0;
        for id in self.tree.order() {
            let at = self.places.get(id as usize).copied().unwrap_or_default();
            let (push, potential) = self.tree.push(at, SOFT);
            let mut strain = push * PUSH;
            energy += f64::from(potential * PUSH) * 0.5;
            let peers = self.graph.peers(id);
            for peer in peers {
                let to = self.places.get(*peer as usize).copied().unwrap_or_default() - at;
                let length = to.length();
                strain += to * length;
                energy += f64::from(length * length * length) / 6.0;
            }
            if self.loose.get(id as usize).copied().unwrap_or(false) {
                strain -= at.normalize_or_zero() * GRAVITY;
                energy += f64::from(at.length() * GRAVITY);
            }
            // A node on many links is held more stiffly, and moves less.
            let way = strain / (1.0 + peers.len() as f32);
            if let Some(slot) = self.moves.get_mut(id as usize) {
                *slot = way.clamp_length_max(self.step);
            }
        }
        for (place, way) in self.places.iter_mut().zip(&self.moves) {
            *place += *way;
        }
        let middle = self.places.iter().sum::<Vec3>() / self.places.len().max(1) as f32;
        self.places.iter_mut().for_each(|place| *place -= middle);
        self.cool(energy as f32);
        energy as f32
    }

    fn cool(&mut self, energy: f32) {
        self.steps += 1;
        if energy < self.energy {
            self.better += 1;
            if self.better >= 5 {
                self.better = 0;
                self.step = (self.step / COOLING).min(STEP);
            }
        } else {
            self.better = 0;
            self.step *= COOLING;
        }
        // However it goes, it ends.
        self.step *= 0.985;
        self.energy = energy;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sheet of side × side nodes, each linked with its four neighbours.
    fn sheet(side: u32) -> Vec<[u32; 2]> {
        let at = |x: u32, y: u32| y * side + x;
        (0..side * side)
            .flat_map(|id| {
                let (x, y) = (id % side, id / side);
                let right = (x + 1 < side).then(|| [id, at(x + 1, y)]);
                let down = (y + 1 < side).then(|| [id, at(x, y + 1)]);
                right.into_iter().chain(down)
            })
            .collect()
    }

    fn settled(count: usize, links: &[[u32; 2]], salt: u32) -> (Vec<Vec3>, Vec<f32>) {
        let mut force = Force::new(Graph::new(count, links), salt);
        let mut energies = Vec::new();
        while !force.rests() {
            energies.push(force.relax());
        }
        (force.places().to_vec(), energies)
    }

    #[test]
    fn links_are_short_and_nodes_apart() {
        let links = sheet(12);
        let (places, energies) = settled(144, &links, 1);
        assert!(places.iter().all(|place| place.is_finite()));
        let length = |a: u32, b: u32| places[a as usize].distance(places[b as usize]);
        let linked = links.iter().map(|[a, b]| length(*a, *b)).sum::<f32>() / links.len() as f32;
        let pairs = (0..144_u32).flat_map(|a| (0..a).map(move |b| (a, b)));
        let whole =
            pairs.clone().map(|(a, b)| length(a, b)).sum::<f32>() / pairs.clone().count() as f32;
        assert!(linked < 0.4 * whole, "{linked} {whole}");
        // A node's radius is 0.17: bodies never meet.
        let nearest = pairs.map(|(a, b)| length(a, b)).fold(f32::MAX, f32::min);
        assert!(nearest > 0.4, "{nearest}");
        let (first, last) = (energies[0], energies[energies.len() - 1]);
        assert!(last < first, "{first} {last}");
        let risen = energies.windows(2).filter(|pair| pair[1] > pair[0] * 1.001).count();
        assert!(risen * 5 < energies.len(), "{risen} of {}", energies.len());
    }

    #[test]
    fn the_same_start_gives_the_same_layout() {
        let links = sheet(7);
        assert_eq!(settled(49, &links, 3).0, settled(49, &links, 3).0);
        assert_ne!(settled(49, &links, 3).0, settled(49, &links, 4).0);
    }

    #[test]
    fn odd_graphs_are_laid_out_too() {
        let cases: [(usize, &[[u32; 2]]); 6] = [
            (0, &[]),
            (1, &[]),
            (2, &[[0, 1]]),
            (40, &[]),
            (5, &[[0, 0], [1, 2], [2, 1], [4, 99]]),
            (9, &[[0, 1], [1, 2], [0, 2], [3, 4], [4, 5], [6, 7]]),
        ];
        for (count, links) in cases {
            let (places, _) = settled(count, links, 1);
            assert_eq!(places.len(), count);
            for (place, other) in places.iter().zip(places.iter().skip(1)) {
                assert!(place.is_finite() && place.distance(*other) > 0.3, "{count} {places:?}");
            }
            let reach = places.iter().map(|place| place.length()).fold(0.0, f32::max);
            assert!(reach < 12.0, "{count}: {reach}");
        }
    }
}
