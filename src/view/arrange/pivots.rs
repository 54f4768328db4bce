//! Where a force-directed layout starts: far along the links is far in space. Ulrik Brandes and
//! Christian Pich, "Eigensolver Methods for Progressive Multidimensional Scaling of Large Data",
//! Graph Drawing 2006.
//!
//! A few nodes are pivots; hop counts to them, squared and centred twice, are projected to their
//! three main axes.

use super::force::Graph;
use bevy::math::{DVec3, Vec3};
use std::collections::VecDeque;

/// Pivots; more would hardly change the picture.
const PIVOTS: usize = 24;
/// Rounds of power iteration for an axis.
const ROUNDS: usize = 60;

type Row = [f64; PIVOTS];

/// Hops from one node to all others; `u32::MAX` where no links lead.
#[must_use]
pub fn hops(graph: &Graph, from: u32) -> Vec<u32> {
    let mut hops = vec![u32::MAX; graph.len()];
    let mut waiting = VecDeque::from([from]);
    if let Some(first) = hops.get_mut(from as usize) {
        *first = 0;
    }
    while let Some(node) = waiting.pop_front() {
        let next = hops.get(node as usize).map_or(0, |hop| hop + 1);
        for peer in graph.peers(node) {
            if let Some(hop) = hops.get_mut(*peer as usize).filter(|hop| **hop == u32::MAX) {
                *hop = next;
                waiting.push_back(*peer);
            }
        }
    }
    hops
}

/// A place for each of `members`, one unit a hop or so; they must be linked with each other.
#[must_use]
pub fn unfold(graph: &Graph, members: &[u32]) -> Vec<Vec3> {
    let mut rows: Vec<Row> = vec![[0.0; PIVOTS]; members.len()];
    let mut nearest = vec![u32::MAX; members.len()];
    let mut pivot = members.first().copied().unwrap_or(0);
    for column in 0..PIVOTS {
        let hops = hops(graph, pivot);
        let mut farthest = (0, pivot);
        for ((row, near), node) in rows.iter_mut().zip(&mut nearest).zip(members) {
            let hop = hops.get(*node as usize).copied().unwrap_or(0);
            if let Some(cell) = row.get_mut(column) {
                *cell = f64::from(hop) * f64::from(hop);
            }
            *near = (*near).min(hop);
            if *near > farthest.0 {
                farthest = (*near, *node);
            }
        }
        pivot = farthest.1;
    }
    centre(&mut rows);
    let axes = main_axes(&rows);
    let project = |row: &Row| DVec3::from_array(axes.map(|axis| dot(row, &axis)));
    let count = rows.len().max(1) as f64;
    let places: Vec<DVec3> = rows.iter().map(project).collect();
    let reach = (places.iter().map(|place| place.length_squared()).sum::<f64>() / count).sqrt();
    let hops = spread(&rows);
    places.iter().map(|place| (*place / reach.max(1e-9) * hops).as_vec3()).collect()
}

/// About how far from the middle nodes are, in hops: a centred row holds products of such ways.
fn spread(rows: &[Row]) -> f64 {
    let count = (rows.len().max(1) * PIVOTS) as f64;
    let sum: f64 = rows.iter().flatten().map(|cell| cell.abs()).sum();
    (sum / count).sqrt()
}

/// Rows and columns sum to nothing; distances become products.
fn centre(rows: &mut [Row]) {
    let count = rows.len().max(1) as f64;
    let mut columns = [0.0; PIVOTS];
    for row in rows.iter() {
        for (column, cell) in columns.iter_mut().zip(row) {
            *column += cell / count;
        }
    }
    let whole = columns.iter().sum::<f64>() / PIVOTS as f64;
    for row in rows {
        let own = row.iter().sum::<f64>() / PIVOTS as f64;
        for (cell, column) in row.iter_mut().zip(&columns) {
            *cell = -0.5 * (*cell - own - column + whole);
        }
    }
}

fn dot(a: &Row, b: &Row) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The three main axes of the rows, by power iteration with deflation.
fn main_axes(rows: &[Row]) -> [Row; 3] {
    let mut square = [[0.0; PIVOTS]; PIVOTS];
    for row in rows {
        for (line, a) in square.iter_mut().zip(row) {
            for (cell, b) in line.iter_mut().zip(row) {
                *cell += a * b;
            }
        }
    }
    let mut found = [[0.0; PIVOTS]; 3];
    for place in 0..3 {
        let mut axis: Row = std::array::from_fn(|k| if k % 3 == place { 1.0 } else { 0.31 });
        for _ in 0..ROUNDS {
            let mut turned: Row =
                std::array::from_fn(|k| square.get(k).map_or(0.0, |line| dot(line, &axis)));
            for earlier in found.iter().take(place) {
                let share = dot(&turned, earlier);
                turned.iter_mut().zip(earlier).for_each(|(cell, part)| *cell -= share * part);
            }
            let length = dot(&turned, &turned).sqrt();
            if length < 1e-12 {
                axis = [0.0; PIVOTS];
                break;
            }
            axis = turned.map(|cell| cell / length);
        }
        if let Some(slot) = found.get_mut(place) {
            *slot = axis;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_laid_out_in_its_order() {
        let links: Vec<[u32; 2]> = (0..29).map(|id| [id, id + 1]).collect();
        let graph = Graph::new(30, &links);
        assert_eq!(hops(&graph, 0)[29], 29);
        let members: Vec<u32> = (0..30).collect();
        let places = unfold(&graph, &members);
        let up = places[29].x > places[0].x;
        assert!(places.windows(2).all(|pair| (pair[1].x > pair[0].x) == up), "{places:?}");
        let length = places[0].distance(places[29]);
        assert!((14.0..60.0).contains(&length), "{length}");
    }
}
