//! The second smallest eigenvalue of a large graph's Laplacian, without the others: inverse
//! iteration, each step solved by conjugate gradients (Hestenes and Stiefel, "Methods of conjugate
//! gradients for solving linear systems", 1952). Nothing here keeps a matrix.

use qres_core::draw::{Purpose, draw};

use super::Graph;

/// Steps of inverse iteration at most.
const STEPS_MOST: usize = 300;
/// The eigenvalue has settled when a step changes it by less than this share.
const SETTLED: f64 = 1e-9;
/// A system is solved when the residual is this small beside the right side.
const SOLVED: f64 = 1e-8;

/// Algebraic connectivity; 0 where the graph falls apart.
pub(super) fn connectivity(graph: &Graph) -> f64 {
    if graph.len() < 2 || !graph.is_connected() {
        return 0.0;
    }
    let start = |place: usize| draw(1, Purpose::Start, place as u32, 0, 0) as f64 / 2_f64.powi(64);
    let mut vector = unit((0..graph.len()).map(start).collect());
    let mut value = f64::INFINITY;
    for _ in 0..STEPS_MOST {
        vector = unit(solve(graph, &vector));
        let next = dot(&vector, &times(graph, &vector));
        if (next - value).abs() <= SETTLED * next {
            return next;
        }
        value = next;
    }
    value
}

/// The Laplacian times a vector.
fn times(graph: &Graph, vector: &[f64]) -> Vec<f64> {
    let row = |place: usize| {
        let near = graph.near(place);
        let pull: f64 = near.iter().map(|other| vector[*other]).sum();
        near.len() as f64 * vector[place] - pull
    };
    (0..graph.len()).map(row).collect()
}

/// The vector of mean zero that the Laplacian takes to `right`, itself of mean zero.
fn solve(graph: &Graph, right: &[f64]) -> Vec<f64> {
    let mut found = vec![0.0; right.len()];
    let mut residual = right.to_vec();
    let mut way = residual.clone();
    let mut square = dot(&residual, &residual);
    let enough = SOLVED * SOLVED * square;
    for _ in 0..10 * right.len() {
        if square <= enough {
            break;
        }
        let image = times(graph, &way);
        let step = square / dot(&way, &image);
        add(&mut found, step, &way);
        add(&mut residual, -step, &image);
        let next = dot(&residual, &residual);
        let kept = next / square;
        way.iter_mut().zip(&residual).for_each(|(way, rest)| *way = rest + kept * *way);
        square = next;
    }
    found
}

fn add(to: &mut [f64], factor: f64, of: &[f64]) {
    to.iter_mut().zip(of).for_each(|(to, of)| *to += factor * of);
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The same at mean zero and length one.
fn unit(mut vector: Vec<f64>) -> Vec<f64> {
    let mean = vector.iter().sum::<f64>() / vector.len() as f64;
    for value in &mut vector {
        *value -= mean;
    }
    let length = dot(&vector, &vector).sqrt();
    for value in &mut vector {
        *value /= length;
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_what_is_known_and_with_all_eigenvalues() {
        // The ring of n: 2 - 2 cos(2 pi / n), twice.
        let turn = std::f64::consts::TAU;
        let ring = connectivity(&Graph::ring(200, 1));
        assert!((ring - (2.0 - 2.0 * libm::cos(turn / 200.0))).abs() < 1e-9, "{ring}");
        for seed in 1..=3 {
            let field = Graph::geometric(50, 12.0, seed).expect("hangs together");
            let (quick, slow) = (connectivity(&field), field.connectivity());
            assert!((quick - slow).abs() < 1e-6 * slow, "{quick} {slow}");
        }
        assert!(connectivity(&Graph::two_worlds(40, 0)).abs() < 1e-12);
        assert!((connectivity(&Graph::two_worlds(40, 8)) - 16.0).abs() < 1e-6);
    }
}
