//! From the mesh's millimetres to the scene's units, and the sizes that follow from spacing.
//!
//! One unit is the typical distance between neighbours, so that ten nodes in a room and ten
//! thousand on a plain look alike up close.

use crate::mesh::publish::{Published, Scene};
use bevy::math::DVec3;
use bevy::prelude::*;

/// How many nodes are asked for their nearest neighbour.
const SAMPLE: usize = 400;
/// Node radius over spacing.
const NODE_RADIUS: f32 = 0.17;

/// The mapping, fixed for a run.
#[derive(Resource, Clone, Debug)]
pub struct Space {
    origin_mm: [f64; 3],
    /// Millimetres in one unit.
    pub mm_per_unit: f64,
    /// Half the extent.
    pub half: Vec3,
    /// Radius of an ordinary node.
    pub node_radius: f32,
    /// Radius of a sphere around everything.
    pub radius: f32,
    /// Height of the ground.
    pub ground: f32,
    /// Distance between lines of the ground grid.
    pub grid_step: f32,
    /// The same in millimetres.
    pub grid_step_mm: f64,
    /// Where the grid's lines pass, so that they fall on whole millimetre steps.
    pub grid_phase: Vec2,
    /// 1 for a sheet of nodes, 0 for a ball of them.
    pub flatness: f32,
}

impl Space {
    /// Measures a scene.
    #[must_use]
    pub fn of(scene: &Scene, published: &Published) -> Self {
        let extent = extent_of(scene, published);
        let size: [f64; 3] =
            std::array::from_fn(|k| f64::from(extent[1][k]) - f64::from(extent[0][k]));
        let origin_mm: [f64; 3] = std::array::from_fn(|k| {
            f64::midpoint(f64::from(extent[0][k]), f64::from(extent[1][k]))
        });
        let mm_per_unit = spacing_mm(published).max(1.0);
        let mut space = Self {
            origin_mm,
            mm_per_unit,
            half: Vec3::ZERO,
            node_radius: NODE_RADIUS,
            radius: 1.0,
            ground: 0.0,
            grid_step: 1.0,
            grid_step_mm: mm_per_unit,
            grid_phase: Vec2::ZERO,
            flatness: 0.0,
        };
        space.half = (DVec3::from_array(size) / (2.0 * mm_per_unit)).as_vec3();
        space.radius = space.half.length().max(1.5);
        let level = (space.half.y / space.half.x.max(space.half.z).max(0.001)).clamp(0.0, 1.0);
        space.flatness = 1.0 - level;
        space.ground = -space.half.y - 0.42 - 0.6 * level;
        space.grid_step_mm =
            nice_step(mm_per_unit.max(f64::from(space.radius) * mm_per_unit / 7.0));
        space.grid_step = (space.grid_step_mm / mm_per_unit) as f32;
        let zero = -DVec3::from_array(origin_mm) / mm_per_unit;
        space.grid_phase = zero.as_vec3().xz().rem_euclid(Vec2::splat(space.grid_step));
        space
    }

    /// A place of the scene as a place of the mesh, in millimetres.
    #[must_use]
    pub fn mm_of(&self, place: Vec3) -> [i64; 3] {
        let mm = place.as_dvec3() * self.mm_per_unit + DVec3::from_array(self.origin_mm);
        mm.to_array().map(|axis| axis.round() as i64)
    }

    /// A place of the mesh as a place of the scene. In both, y is up.
    #[must_use]
    pub fn place(&self, mm: [i32; 3]) -> Vec3 {
        self.far_place(mm.map(i64::from))
    }

    /// The same for places that may be far away.
    #[must_use]
    pub fn far_place(&self, [x, y, z]: [i64; 3]) -> Vec3 {
        let mm = DVec3::new(x as f64, y as f64, z as f64);
        ((mm - DVec3::from_array(self.origin_mm)) / self.mm_per_unit).as_vec3()
    }

    /// A length of the mesh as a length of the scene.
    #[must_use]
    pub fn length(&self, mm: u32) -> f32 {
        (f64::from(mm) / self.mm_per_unit) as f32
    }
}

fn extent_of(scene: &Scene, published: &Published) -> [[i32; 3]; 2] {
    let given = scene.extent_mm;
    if (0..3).any(|k| given[1][k] > given[0][k]) {
        return given;
    }
    let mut extent = [[i32::MAX; 3], [i32::MIN; 3]];
    for node in &published.nodes {
        let at = node.position_mm;
        extent = [0, 1].map(|end| {
            std::array::from_fn(|k| {
                if end == 0 { extent[0][k].min(at[k]) } else { extent[1][k].max(at[k]) }
            })
        });
    }
    if published.nodes.is_empty() { [[0; 3], [1; 3]] } else { extent }
}

/// The median distance to the nearest neighbour, over a sample.
fn spacing_mm(published: &Published) -> f64 {
    let nodes = &published.nodes;
    let stride = nodes.len().div_ceil(SAMPLE).max(1);
    let mut nearest: Vec<f64> = nodes
        .iter()
        .step_by(stride)
        .filter_map(|a| {
            nodes
                .iter()
                .map(|b| squared(a.position_mm, b.position_mm))
                .filter(|d| *d > 0.0)
                .min_by(f64::total_cmp)
        })
        .collect();
    nearest.sort_by(f64::total_cmp);
    nearest.get(nearest.len() / 2).map_or(1000.0, |d| d.sqrt())
}

fn squared(a: [i32; 3], b: [i32; 3]) -> f64 {
    a.into_iter().zip(b).map(|(a, b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
}

/// The next 1, 2 or 5 times a power of ten.
fn nice_step(mm: f64) -> f64 {
    let mut power = 1.0;
    loop {
        for step in [power, 2.0 * power, 5.0 * power] {
            if mm <= step * 1.001 || step > 1.0e15 {
                return step;
            }
        }
        power *= 10.0;
    }
}

/// A length as people say it.
#[must_use]
pub fn say_length(mm: f64) -> String {
    if mm >= 1_000_000.0 {
        format!("{} km", trim(mm / 1_000_000.0))
    } else if mm >= 1000.0 {
        format!("{} m", trim(mm / 1000.0))
    } else {
        format!("{} mm", trim(mm))
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::mesh::publish::{NodeView, Regime, Role};

    /// An ordinary node at a place.
    pub(crate) fn node(position_mm: [i32; 3]) -> NodeView {
        NodeView {
            position_mm,
            regime: Regime::Calm,
            energy: 0,
            reputation: 0,
            residual: 0,
            entropy: 0,
            awake: true,
            role: Role::Scheduled,
            group: 0,
            lineage: 0,
            fresh: 0,
            hardware: false,
            banned: false,
            dead: false,
        }
    }

    fn grid(side: i32, step: i32) -> Published {
        let nodes = (0..side * side).map(|i| node([i % side * step, 7, i / side * step])).collect();
        Published { nodes, ..Default::default() }
    }

    #[test]
    fn neighbours_are_one_unit_apart_and_a_sheet_lies_flat() {
        let published = grid(10, 12_000);
        let space = Space::of(&Scene::default(), &published);
        let a = space.place([0, 7, 0]);
        let b = space.place([12_000, 7, 0]);
        assert!((a.distance(b) - 1.0).abs() < 1e-5);
        assert!(space.half.y.abs() < 1e-5);
        assert!(space.ground < 0.0);
    }

    #[test]
    fn steps_are_nice() {
        for (mm, step) in [(900.0, 1000.0), (1000.0, 1000.0), (1400.0, 2000.0), (4100.0, 5000.0)] {
            assert!((nice_step(mm) - step).abs() < 1e-6, "{mm}");
        }
        assert_eq!(say_length(20_000.0), "20 m");
        assert_eq!(say_length(2_500.0), "2.5 m");
    }

    #[test]
    fn an_empty_mesh_still_has_a_space() {
        let space = Space::of(&Scene::default(), &Published::default());
        assert!(space.radius.is_finite() && space.mm_per_unit > 0.0);
    }
}
