//! Graphs for experiments without a radio, and how well they are connected. Floating point is
//! allowed: nothing here is part of a run.

mod slowest;

use qres_core::draw::{Purpose, draw};

/// Places up to which all eigenvalues are computed; beyond, only the one that is asked for.
const DENSE_MOST: usize = 64;

/// An undirected graph: the neighbours of each place, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    near: Vec<Vec<usize>>,
}

impl Graph {
    fn from_edges(count: usize, is_edge: impl Fn(usize, usize) -> bool) -> Self {
        let near = |one: usize| {
            let joined = |other: &usize| *other != one && is_edge(one.min(*other), one.max(*other));
            (0..count).filter(joined).collect()
        };
        Self { near: (0..count).map(near).collect() }
    }

    /// A ring in which each place knows the `reach` next on either side.
    #[must_use]
    pub fn ring(count: usize, reach: usize) -> Self {
        Self::from_edges(count, |one, other| {
            let apart = other - one;
            apart.min(count - apart) <= reach
        })
    }

    /// A grid in which each place knows the ones beside, above and below.
    #[must_use]
    pub fn grid(width: usize, height: usize) -> Self {
        Self::from_edges(width * height, |one, other| {
            other - one == width || (other - one == 1 && other % width != 0)
        })
    }

    /// A graph of `count` places with these edges; edges to places beyond are left out.
    #[must_use]
    pub fn from_links(count: usize, links: &[[u32; 2]]) -> Self {
        let mut near = vec![Vec::new(); count];
        for [one, other] in links.iter().map(|link| link.map(|place| place as usize)) {
            if one != other && one < count && other < count {
                near[one].push(other);
                near[other].push(one);
            }
        }
        for row in &mut near {
            row.sort_unstable();
            row.dedup();
        }
        Self { near }
    }

    /// The places of the largest part that hangs together among those that are `kept`, sorted; of
    /// parts of one size, the one with the least place.
    #[must_use]
    pub fn largest_part(&self, kept: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut seen = vec![false; self.len()];
        let mut largest = Vec::new();
        for start in 0..self.len() {
            let mut part = Vec::new();
            let mut open = vec![start];
            while let Some(place) = open.pop() {
                if kept(place) && !std::mem::replace(&mut seen[place], true) {
                    part.push(place);
                    open.extend(&self.near[place]);
                }
            }
            if part.len() > largest.len() {
                largest = part;
            }
        }
        largest.sort_unstable();
        largest
    }

    /// The graph of these places alone, sorted and each once: the first becomes place 0.
    #[must_use]
    pub fn part(&self, places: &[usize]) -> Self {
        let new = |old: &usize| places.binary_search(old).ok();
        let row = |old: &usize| self.near(*old).iter().filter_map(new).collect();
        Self { near: places.iter().map(row).collect() }
    }

    /// Places drawn evenly in a square, joined within the radius that gives `mean_degree`; drawn
    /// anew until all hang together, `None` where a thousand draws do not.
    #[must_use]
    pub fn geometric(count: usize, mean_degree: f64, seed: u64) -> Option<Self> {
        (0..1_000)
            .map(|attempt| Self::scattered(count, mean_degree, seed, attempt))
            .find(Self::is_connected)
    }

    fn scattered(count: usize, mean_degree: f64, seed: u64, attempt: u64) -> Self {
        let unit = |place: usize, axis: u32| {
            let bits = draw(seed, Purpose::Phase, place as u32, attempt, axis);
            (bits >> 11) as f64 / (1_u64 << 53) as f64
        };
        let at: Vec<[f64; 2]> =
            (0..count).map(|place| [0, 1].map(|axis| unit(place, axis))).collect();
        let squared = |one: usize, other: usize| {
            let [x, y] = [0, 1].map(|axis| at[one][axis] - at[other][axis]);
            x * x + y * y
        };
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        let mut lengths: Vec<f64> = pairs.map(|(one, other)| squared(one, other)).collect();
        lengths.sort_unstable_by(f64::total_cmp);
        let wanted = (count as f64 * mean_degree / 2.0).round() as usize;
        let longest = lengths.get(wanted.max(1) - 1).copied().unwrap_or(2.0);
        Self::from_edges(count, |one, other| squared(one, other) <= longest)
    }

    /// Two cliques of `size`; each place also knows `cross` places of the other clique.
    #[must_use]
    pub fn two_worlds(size: usize, cross: usize) -> Self {
        Self::from_edges(2 * size, |one, other| {
            let same = (one < size) == (other < size);
            same || (other - size + size - one) % size < cross
        })
    }

    /// Places.
    #[must_use]
    pub fn len(&self) -> usize {
        self.near.len()
    }

    /// The neighbours of a place, sorted.
    #[must_use]
    pub fn near(&self, place: usize) -> &[usize] {
        self.near.get(place).map_or(&[], Vec::as_slice)
    }

    /// The mean number of neighbours.
    #[must_use]
    pub fn mean_degree(&self) -> f64 {
        self.near.iter().map(Vec::len).sum::<usize>() as f64 / self.len().max(1) as f64
    }

    /// Whether every place can be reached from every other.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let mut seen = vec![false; self.len()];
        let mut open = vec![0];
        while let Some(place) = open.pop() {
            if !std::mem::replace(&mut seen[place], true) {
                open.extend(&self.near[place]);
            }
        }
        seen.iter().all(|seen| *seen)
    }

    /// Algebraic connectivity: the second smallest eigenvalue of the Laplacian (Fiedler,
    /// "Algebraic connectivity of graphs", 1973).
    #[must_use]
    pub fn connectivity(&self) -> f64 {
        if self.len() > DENSE_MOST {
            return slowest::connectivity(self);
        }
        let laplacian = self.matrix(|_, _| -1.0, |place| self.near[place].len() as f64);
        eigenvalues(laplacian).get(1).copied().unwrap_or(0.0)
    }

    /// The second largest eigenvalue in size of the weights 1 / (1 + degree) that each place gives
    /// its neighbours and itself: the factor by which plain gossip, all voices alike, brings
    /// disagreement down in a round in the long run (Xiao and Boyd, "Fast linear iterations for
    /// distributed averaging", 2004). Those weights are no symmetric matrix; the one with
    /// 1 / sqrt((1 + one degree) (1 + the other)) is, and has the same eigenvalues.
    #[must_use]
    pub fn contraction(&self) -> f64 {
        let voices = |place: usize| (1 + self.near[place].len()) as f64;
        let weight = |one: usize, other: usize| 1.0 / libm::sqrt(voices(one) * voices(other));
        let kept = |one: usize| 1.0 / voices(one);
        let mut sizes: Vec<f64> =
            eigenvalues(self.matrix(weight, kept)).into_iter().map(f64::abs).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        sizes.iter().rev().nth(1).copied().unwrap_or(0.0)
    }

    fn matrix(
        &self,
        edge: impl Fn(usize, usize) -> f64,
        own: impl Fn(usize) -> f64,
    ) -> Vec<Vec<f64>> {
        let row = |one: usize| {
            let mut row = vec![0.0; self.len()];
            row[one] = own(one);
            self.near[one].iter().for_each(|other| row[*other] = edge(one, *other));
            row
        };
        (0..self.len()).map(row).collect()
    }
}

/// The eigenvalues of a symmetric matrix, smallest first, by Jacobi's rotations (1846).
fn eigenvalues(mut matrix: Vec<Vec<f64>>) -> Vec<f64> {
    let count = matrix.len();
    for _ in 0..30 {
        let mut rest = 0.0;
        for p in 0..count {
            for q in p + 1..count {
                let off = matrix[p][q];
                rest += off * off;
                if off.abs() > 1e-14 {
                    rotate(&mut matrix, p, q);
                }
            }
        }
        if rest < 1e-20 {
            break;
        }
    }
    let mut values: Vec<f64> = (0..count).map(|place| matrix[place][place]).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The rotation of the plane (p, q) that makes the entry there zero.
fn rotate(matrix: &mut [Vec<f64>], p: usize, q: usize) {
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = theta.signum() / (theta.abs() + libm::sqrt(theta * theta + 1.0));
    let cosine = 1.0 / libm::sqrt(tangent * tangent + 1.0);
    let sine = tangent * cosine;
    for row in matrix.iter_mut() {
        let (a, b) = (row[p], row[q]);
        row[p] = cosine * a - sine * b;
        row[q] = sine * a + cosine * b;
    }
    let (upper, lower) = matrix.split_at_mut(q);
    let (Some(row_p), Some(row_q)) = (upper.get_mut(p), lower.first_mut()) else { return };
    for (a, b) in row_p.iter_mut().zip(row_q) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectivities_that_are_known() {
        // The ring of n: 2 - 2 cos(2 pi / n); the path of n: 2 - 2 cos(pi / n); the clique: n.
        let near = |value: f64, wanted: f64| assert!((value - wanted).abs() < 1e-9, "{value}");
        let turn = std::f64::consts::TAU;
        near(Graph::ring(10, 1).connectivity(), 2.0 - 2.0 * libm::cos(turn / 10.0));
        near(Graph::grid(7, 1).connectivity(), 2.0 - 2.0 * libm::cos(turn / 14.0));
        near(Graph::two_worlds(5, 5).connectivity(), 10.0);
        near(Graph::ring(10, 1).contraction(), (1.0 + 2.0 * libm::cos(turn / 10.0)) / 3.0);
        // A path of three: rows (1/2, 1/2, 0), (1/3, 1/3, 1/3), (0, 1/2, 1/2), eigenvalues 1, 1/2
        // and -1/6.
        near(Graph::grid(3, 1).contraction(), 0.5);
        // Two cliques with c cross edges a place: the cut's mode has 2 c.
        near(Graph::two_worlds(13, 8).connectivity(), 16.0);
    }

    #[test]
    fn degrees_are_as_asked() {
        let degree = |graph: Graph| graph.mean_degree();
        assert!((degree(Graph::ring(20, 2)) - 4.0).abs() < 1e-12);
        assert!((degree(Graph::two_worlds(13, 8)) - 20.0).abs() < 1e-12);
        assert!((degree(Graph::grid(10, 10)) - 3.6).abs() < 1e-12);
        let sensors = Graph::geometric(100, 12.0, 3).expect("hangs together");
        assert!(sensors.is_connected() && (sensors.mean_degree() - 12.0).abs() < 0.05);
        assert_eq!(Some(sensors), Graph::geometric(100, 12.0, 3));
    }

    #[test]
    fn parts_of_a_graph() {
        // 0-1-2 and 3-4 and 5 alone; without 1, the pair is the largest.
        let graph = Graph::from_links(6, &[[1, 0], [1, 2], [4, 3], [3, 4], [9, 0], [5, 5]]);
        assert_eq!(graph.near(1), [0, 2]);
        assert_eq!(graph.near(3), [4]);
        assert_eq!(graph.largest_part(|_| true), [0, 1, 2]);
        assert_eq!(graph.largest_part(|place| place != 1), [3, 4]);
        assert_eq!(graph.largest_part(|_| false), [0_usize; 0]);
        let path = graph.part(&[0, 1, 2]);
        assert_eq!((path.len(), path.near(1)), (3, &[0, 2][..]));
        assert!((path.connectivity() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_falls_apart_is_not_connected() {
        assert!(!Graph::two_worlds(4, 0).is_connected());
        assert!(Graph::two_worlds(4, 0).connectivity().abs() < 1e-9);
    }
}
