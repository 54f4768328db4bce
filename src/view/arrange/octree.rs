//! An octree over places, for sums over all pairs in n log n: Josh Barnes and Piet Hut, "A
//! hierarchical O(N log N) force-calculation algorithm", Nature 324, 1986.
//!
//! It knows no graph. The same places give the same tree and the same sums, bit for bit.

use bevy::math::Vec3;

/// Bodies in a leaf.
const LEAF: usize = 8;
/// Levels below the root; also the bits of a coordinate in a key.
const DEPTH: u32 = 20;
/// A cell looks like one body when its side is less than this share of its distance.
const OPENING: f32 = 0.9;

/// A cell; its descendants follow it, up to `next`.
struct Cell {
    centre: Vec3,
    mass: f32,
    /// Squared distance from which it is as good as one body.
    far2: f32,
    next: u32,
    /// Its bodies when it is a leaf, else nothing.
    bodies: (u32, u32),
}

/// A tree that is filled again and again; its memory stays.
#[derive(Default)]
pub struct Octree {
    cells: Vec<Cell>,
    keyed: Vec<(u64, u32)>,
    sorted: Vec<Vec3>,
}

impl Octree {
    /// Takes places. They must be finite.
    pub fn fill(&mut self, places: &[Vec3]) {
        let low = places.iter().copied().reduce(Vec3::min).unwrap_or_default();
        let high = places.iter().copied().reduce(Vec3::max).unwrap_or_default();
        let side = (high - low).max_element().max(1e-6);
        let scale = ((1_u32 << DEPTH) - 1) as f32 / side;
        self.keyed.clear();
        self.keyed.extend(places.iter().zip(0_u32..).map(|(place, id)| {
            let at = (*place - low) * scale;
            (
                interleave(at.x as u32) << 2
                    | interleave(at.y as u32) << 1
                    | interleave(at.z as u32),
                id,
            )
        }));
        self.keyed.sort_unstable();
        self.sorted.clear();
        let of = |(_, id): &(u64, u32)| places.get(*id as usize).copied().unwrap_or_default();
        self.sorted.extend(self.keyed.iter().map(of));
        self.cells.clear();
        self.grow((0, self.keyed.len()), DEPTH, side);
    }

    /// Adds the cell of a range of bodies that share all key bits above `level`.
    fn grow(&mut self, (from, to): (usize, usize), level: u32, side: f32) {
        let bodies = self.sorted.get(from..to).unwrap_or_default();
        if bodies.is_empty() {
            return;
        }
        let mass = bodies.len() as f32;
        let centre = bodies.iter().sum::<Vec3>() / mass;
        let reach = side / OPENING;
        let leaf = bodies.len() <= LEAF || level == 0;
        let this = self.cells.len();
        let bodies = if leaf { (from as u32, to as u32) } else { (0, 0) };
        self.cells.push(Cell { centre, mass, far2: reach * reach, next: 0, bodies });
        if !leaf {
            let shift = 3 * (level - 1);
            let mut start = from;
            for octant in 0..8 {
                let rest = self.keyed.get(start..to).unwrap_or_default();
                let end = start + rest.partition_point(|(key, _)| key >> shift & 7 <= octant);
                self.grow((start, end), level - 1, side * 0.5);
                start = end;
            }
        }
        let next = self.cells.len() as u32;
        if let Some(cell) = self.cells.get_mut(this) {
            cell.next = next;
        }
    }

    /// The ids of all bodies, those near each other together.
    pub fn order(&self) -> impl Iterator<Item = u32> + '_ {
        self.keyed.iter().map(|(_, id)| *id)
    }

    /// The sum over all bodies b of (at - b) / |at - b|³, and of 1 / |at - b|: push and potential
    /// of unit charges. Bodies nearer than `soft` push as if they were that far; one at the place
    /// itself does not.
    #[must_use]
    pub fn push(&self, at: Vec3, soft: f32) -> (Vec3, f32) {
        let soft2 = soft * soft;
        let (mut push, mut potential) = (Vec3::ZERO, 0.0);
        let mut add = |from: Vec3, mass: f32, d2: f32| {
            let inverse = 1.0 / d2.max(soft2).sqrt();
            push += from * (mass * inverse * inverse * inverse);
            potential += mass * inverse;
        };
        let mut place = 0;
        while let Some(cell) = self.cells.get(place) {
            let from = at - cell.centre;
            let d2 = from.length_squared();
            if d2 > cell.far2 {
                add(from, cell.mass, d2);
                place = cell.next as usize;
                continue;
            }
            let (start, end) = (cell.bodies.0 as usize, cell.bodies.1 as usize);
            for body in self.sorted.get(start..end).unwrap_or_default() {
                let from = at - *body;
                let d2 = from.length_squared();
                if d2 > 0.0 {
                    add(from, 1.0, d2);
                }
            }
            place = if end > start { cell.next as usize } else { place + 1 };
        }
        (push, potential)
    }
}

/// Bits 0, 1, 2.. of a number at 0, 3, 6..
fn interleave(number: u32) -> u64 {
    let mut bits = u64::from(number) & 0x1f_ffff;
    for (shift, mask) in [
        (32, 0x1f_0000_0000_ffff),
        (16, 0x1f_0000_ff00_00ff),
        (8, 0x100f_00f0_0f00_f00f),
        (4, 0x10c3_0c30_c30c_30c3),
        (2, 0x1249_2492_4924_9249),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::arrange::force::scatter;

    #[test]
    fn bits_are_spread_by_three() {
        assert_eq!(interleave(0b1011), 0b001_000_001_001);
        assert_eq!(interleave(0xf_ffff).count_ones(), 20);
    }

    #[test]
    fn sums_are_near_those_over_all_pairs() {
        let places: Vec<Vec3> = (0..700).map(|id| scatter(5, id) * 9.0).collect();
        let mut tree = Octree::default();
        tree.fill(&places);
        assert_eq!(tree.order().count(), 700);
        let (mut wrong, mut whole) = (0.0, 0.0);
        for at in &places {
            let others = places.iter().filter(|other| *other != at);
            let exact: Vec3 = others.map(|b| (*at - *b) / (*at - *b).length().powi(3)).sum();
            wrong += tree.push(*at, 1e-6).0.distance(exact);
            whole += exact.length();
        }
        assert!(wrong / whole < 0.03, "{}", wrong / whole);
    }

    #[test]
    fn places_that_coincide_do_not_push_each_other() {
        let mut tree = Octree::default();
        tree.fill(&[Vec3::ONE; 40]);
        assert_eq!(tree.push(Vec3::ONE, 0.1), (Vec3::ZERO, 0.0));
        tree.fill(&[]);
        assert_eq!(tree.push(Vec3::ONE, 0.1), (Vec3::ZERO, 0.0));
    }
}
