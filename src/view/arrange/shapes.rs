//! Layouts that need no search: a plain grid and a sphere. Nodes that stand near each other stay
//! near each other, so that links stay short.

use bevy::math::{Vec3, vec3};
use std::f32::consts::{PI, TAU};

/// Rows of nodes on the ground, one unit apart, in the order in which they really stand.
#[must_use]
pub fn grid(real: &[Vec3]) -> Vec<Vec3> {
    let columns = (real.len() as f32).sqrt().ceil().max(1.0) as usize;
    let rows = real.len().div_ceil(columns);
    let middle = vec3(columns as f32 - 1.0, 0.0, rows as f32 - 1.0) * 0.5;
    let mut places = vec![Vec3::ZERO; real.len()];
    for (row, ids) in bands(real, std::iter::repeat(columns)).into_iter().enumerate() {
        for (column, id) in ids.into_iter().enumerate() {
            if let Some(place) = places.get_mut(id as usize) {
                *place = vec3(column as f32, 0.0, row as f32) - middle;
            }
        }
    }
    places
}

/// Nodes on a sphere, evenly: Álvaro González, "Measurement of Areas on a Sphere Using Fibonacci
/// and Latitude-Longitude Lattices", Mathematical Geosciences 42, 2010. North stays north.
#[must_use]
pub fn sphere(real: &[Vec3]) -> Vec<Vec3> {
    let count = real.len();
    // About one unit from node to node.
    let radius = (count as f32 / (4.0 * PI)).sqrt().max(1.0);
    let lattice: Vec<(f32, Vec3)> = (0..count)
        .map(|index| {
            let height = 1.0 - 2.0 * (index as f32 + 0.5) / count as f32;
            let ring = (1.0 - height * height).max(0.0).sqrt();
            // A whole turn over the square of the golden ratio, in double precision: the index is
            // large.
            let turn = (index as f64 * 0.381_966_011_250_105_2).fract() as f32 * TAU;
            (turn, vec3(ring * turn.sin(), height, ring * turn.cos()) * radius)
        })
        .collect();
    // Rings of latitude as broad as nodes are apart.
    let rings = (PI * radius).round().max(1.0) as usize;
    let edge = |ring: usize| {
        let height = (PI * ring as f32 / rings as f32).cos();
        ((1.0 - height) * 0.5 * count as f32).round() as usize
    };
    let sizes = (0..rings).map(|ring| edge(ring + 1) - edge(ring));
    let mut places = vec![Vec3::ZERO; count];
    let mut start = 0;
    for ids in bands(real, sizes) {
        let mut ring: Vec<_> = lattice.iter().skip(start).take(ids.len()).copied().collect();
        start += ids.len();
        ring.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (id, (_, at)) in ids.into_iter().zip(ring) {
            if let Some(place) = places.get_mut(id as usize) {
                *place = at;
            }
        }
    }
    places
}

/// Ids in bands of the given sizes from north to south, each from west to east.
fn bands(real: &[Vec3], sizes: impl Iterator<Item = usize>) -> Vec<Vec<u32>> {
    let at = |id: &u32| real.get(*id as usize).copied().unwrap_or_default();
    let mut ids: Vec<u32> = (0..real.len() as u32).collect();
    ids.sort_by(|a, b| {
        at(a).z.total_cmp(&at(b).z).then(at(a).x.total_cmp(&at(b).x)).then(a.cmp(b))
    });
    let mut bands = Vec::new();
    let mut rest = ids.as_slice();
    for size in sizes {
        if rest.is_empty() {
            break;
        }
        let (band, later) = rest.split_at(size.min(rest.len()));
        rest = later;
        let mut band = band.to_vec();
        band.sort_by(|a, b| at(a).x.total_cmp(&at(b).x).then(a.cmp(b)));
        bands.push(band);
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(side: u32) -> Vec<Vec3> {
        (0..side * side).map(|id| vec3((id % side) as f32, 0.0, (id / side) as f32)).collect()
    }

    fn nearest(places: &[Vec3]) -> f32 {
        let pairs = (0..places.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        pairs.map(|(a, b)| places[a].distance(places[b])).fold(f32::MAX, f32::min)
    }

    #[test]
    fn a_grid_of_a_grid_is_the_same_grid() {
        let real = field(6);
        let places = grid(&real);
        for (place, real) in places.iter().zip(&real) {
            assert!((*place + vec3(2.5, 0.0, 2.5)).distance(*real) < 1e-5);
        }
        assert!(grid(&[]).is_empty());
        assert_eq!(grid(&[Vec3::ONE]), [Vec3::ZERO]);
    }

    #[test]
    fn on_the_sphere_nodes_are_apart_and_neighbours_are_near() {
        for side in [2, 3, 10, 23] {
            let places = sphere(&field(side));
            let radius = places[0].length();
            assert!(places.iter().all(|place| (place.length() - radius).abs() < 1e-3 * radius));
            assert!(nearest(&places) > 0.6, "{side}: {}", nearest(&places));
        }
        let places = sphere(&field(23));
        let beside = (0..23 * 23).filter(|id| id % 23 < 22);
        let mean = beside.clone().map(|id| places[id].distance(places[id + 1])).sum::<f32>()
            / beside.count() as f32;
        assert!(mean < 3.0, "{mean}");
    }

    #[test]
    fn everyone_has_a_place_of_its_own_even_where_they_stood_together() {
        for places in [grid(&[Vec3::ZERO; 37]), sphere(&[Vec3::ZERO; 37])] {
            assert!(nearest(&places) > 0.6);
        }
    }
}
