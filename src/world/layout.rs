//! Where nodes stand, in millimetres, centred on the origin; y is up. A function of the scenario
//! and the seed; transcendental functions come from `libm`, so every machine places them alike.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::scenario::{Layout, Scenario, Station};

/// Mean radius of the Earth in millimetres (IUGG).
const EARTH_RADIUS_MM: f64 = 6_371_008_800.0;

/// The farthest that a node may stand from the origin, in millimetres: positions and distances
/// then fit their types with room for storms.
pub const REACH_MM: i64 = 2_000_000_000;

/// Half the width of the square, cube or ring that a scenario's nodes take, in millimetres.
#[must_use]
pub fn half_width_mm(scenario: &Scenario) -> i64 {
    let count = scenario.node_count() as i64;
    match &scenario.nodes.layout {
        Layout::Grid { columns, spacing_mm } => {
            let columns = i64::from(*columns).clamp(1, count.max(1));
            columns.max(count.div_euclid(columns) + 1) * i64::from(*spacing_mm) / 2
        }
        Layout::Sphere { radius_mm } => i64::from(*radius_mm),
        Layout::RandomGeometric { mean_degree } => {
            side_mm(count as usize, scenario.radio.range_mm, *mean_degree) as i64 / 2
        }
        Layout::Stations(_) => 0,
    }
}

/// The position of every node, by id. With stations, node `s * signals + g` is signal `g` of the
/// `s`-th station in order of joining.
#[must_use]
pub fn place(scenario: &Scenario, seed: u64) -> Vec<[i32; 3]> {
    let count = scenario.node_count() as usize;
    match &scenario.nodes.layout {
        Layout::Grid { columns, spacing_mm } => grid(count, *columns, *spacing_mm),
        Layout::Sphere { radius_mm } => sphere(count, f64::from(*radius_mm)),
        Layout::RandomGeometric { mean_degree } => {
            scatter(count, scenario.radio.range_mm, *mean_degree, seed)
        }
        Layout::Stations(stations) => {
            let ordered = by_joining(stations);
            let places = project(&ordered);
            let spread = separation(scenario.radio.range_mm);
            let each = scenario.signals.len();
            places
                .iter()
                .flat_map(|place| (0..each).map(move |g| ring(*place, g, each, spread)))
                .collect()
        }
    }
}

/// Stations in order of joining, then as the file has them: the order in which nodes get ids.
#[must_use]
pub fn by_joining(stations: &[Station]) -> Vec<&Station> {
    let mut ordered: Vec<&Station> = stations.iter().collect();
    ordered.sort_by_key(|station| station.join_tick);
    ordered
}

fn grid(count: usize, columns: u32, spacing_mm: u32) -> Vec<[i32; 3]> {
    let columns = i64::from(columns.max(1)).min(count.max(1) as i64);
    let rows = (count as i64 + columns - 1) / columns;
    let spacing = i64::from(spacing_mm);
    let at = |index: i64, size: i64| clamp(((2 * index - (size - 1)) * spacing) / 2);
    (0..count as i64).map(|n| [at(n % columns, columns), 0, at(n / columns, rows)]).collect()
}

/// Points on a Fibonacci spiral over the sphere.
fn sphere(count: usize, radius: f64) -> Vec<[i32; 3]> {
    let golden = core::f64::consts::PI * (3.0 - libm::sqrt(5.0));
    (0..count)
        .map(|n| {
            let y = 1.0 - 2.0 * (n as f64 + 0.5) / count as f64;
            let ring = libm::sqrt(1.0 - y * y);
            let angle = golden * n as f64;
            [ring * libm::cos(angle), y, ring * libm::sin(angle)].map(|v| round(v * radius))
        })
        .collect()
}

/// Side of the square in which a node away from its edge has `mean_degree` others in range.
fn side_mm(count: usize, range_mm: u32, mean_degree: u32) -> u64 {
    let range = f64::from(range_mm);
    let area = count as f64 * core::f64::consts::PI * range * range / f64::from(mean_degree.max(1));
    libm::rint(libm::sqrt(area)) as u64
}

/// Uniform in a square so large that a node away from its edge has `mean_degree` others in range.
fn scatter(count: usize, range_mm: u32, mean_degree: u32, seed: u64) -> Vec<[i32; 3]> {
    let side = side_mm(count, range_mm, mean_degree);
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    let mut at = || clamp(stream.random_range(0..side.max(1)) as i64 - (side / 2) as i64);
    (0..count).map(|_| [at(), 0, at()]).collect()
}

/// Equirectangular projection about the stations' mean.
fn project(stations: &[&Station]) -> Vec<[i32; 3]> {
    let count = stations.len().max(1) as f64;
    let north = stations.iter().map(|s| s.latitude).sum::<f64>() / count;
    let east = stations.iter().map(|s| s.longitude).sum::<f64>() / count;
    let radians = core::f64::consts::PI / 180.0;
    let narrow = libm::cos(north * radians);
    stations
        .iter()
        .map(|station| {
            let x = (station.longitude - east) * radians * narrow * EARTH_RADIUS_MM;
            let z = (north - station.latitude) * radians * EARTH_RADIUS_MM;
            [round(x), 0, round(z)]
        })
        .collect()
}

/// Sensors of one station stand on a small ring so that they can be told apart: 2 % of the range.
fn separation(range_mm: u32) -> f64 {
    f64::from(range_mm) * 0.02
}

fn ring(place: [i32; 3], index: usize, count: usize, radius: f64) -> [i32; 3] {
    let angle = core::f64::consts::TAU * index as f64 / count.max(1) as f64;
    let [x, y, z] = place;
    let add = |base: i32, way: f64| clamp(i64::from(base) + i64::from(round(way * radius)));
    [add(x, libm::cos(angle)), y, add(z, libm::sin(angle))]
}

fn round(value: f64) -> i32 {
    libm::rint(value).clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i32
}

fn clamp(value: i64) -> i32 {
    value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_centred() {
        assert_eq!(grid(4, 2, 10), [[-5, 0, -5], [5, 0, -5], [-5, 0, 5], [5, 0, 5]]);
        assert_eq!(grid(1, 10, 10), [[0, 0, 0]]);
    }

    #[test]
    fn a_sphere_has_its_radius() {
        for [x, y, z] in sphere(50, 1_000_000.0) {
            let length = [x, y, z].iter().map(|v| i64::from(*v).pow(2)).sum::<i64>().isqrt();
            assert!((length - 1_000_000).abs() < 3);
        }
    }

    #[test]
    fn one_degree_north_is_111_km() {
        let at =
            |latitude| Station { name: String::new(), latitude, longitude: 116.0, join_tick: 0 };
        let (south, north) = (at(40.0), at(41.0));
        let places = project(&[&south, &north]);
        let away = i64::from(places[0][2]) - i64::from(places[1][2]);
        assert!((away - 111_195_000).abs() < 2_000, "{away}");
    }
}
