//! Where the nodes of a mesh stand, and so who hears whom: a random field, or one of three graphs
//! that positions alone make exact. Moves the nodes of a plan; never lets them act.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use qres_core::id::GroupId;
use qres_core::wake::Role;

use crate::mesh::plan::Plan;
use crate::scenario::{Scenario, Storm, Waypoint};
use crate::world::graph::{Graph, LossLaw};
use crate::world::sentinels::{Field, cover};

/// A graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// At random in a square, 12 others in range of a node away from the edge.
    Field,
    /// A ring in which each hears the two next on either side.
    Ring,
    /// Rows of ten in which each hears the four around it.
    Grid,
    /// Two cliques of one size, each node in range of the eight nearest of the other clique: at 26
    /// nodes the two worlds of Gaucher, Dieuleveut and Hendrikx, "Unified breakdown analysis for
    /// Byzantine robust gossip", 2025.
    TwoWorlds,
}

/// Neighbours farther than this share of the range do not hear each other; nearer than 1 they do.
const NEAR: f64 = 0.8;
/// Width of each of two worlds, and how far apart they are, in ranges: eight of thirteen places of
/// the other ring are in range, and all of the own.
const WORLD_WIDTH: f64 = 0.95;
const WORLDS_APART: f64 = 0.6245;
/// Width of the grid.
const COLUMNS: usize = 10;

impl Ground {
    /// Its name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field => "random geometric",
            Self::Ring => "ring",
            Self::Grid => "grid",
            Self::TwoWorlds => "two worlds",
        }
    }

    /// Others that a node hears, away from edges.
    pub const fn degree(self) -> u8 {
        match self {
            Self::Field => 12,
            Self::Ring | Self::Grid => 4,
            Self::TwoWorlds => 20,
        }
    }

    /// Liars that a node hears when three in ten lie, rounded to the nearest.
    pub const fn liars_near(self) -> u8 {
        (self.degree() * 3 + 5) / 10
    }

    /// Puts the nodes of a plan where this ground has them, with sentinels that cover them anew.
    ///
    /// # Errors
    /// When there are more links than a mesh may have.
    pub fn seat(self, scenario: &Scenario, plan: &mut Plan) -> Result<(), String> {
        let radio = &scenario.radio;
        let range = f64::from(radio.range_mm);
        let Some(positions) = self.places(plan.nodes.len(), range) else { return Ok(()) };
        let law = LossLaw {
            range_mm: radio.range_mm,
            at_range_percent: radio.loss_at_range_percent,
            floor_percent: radio.loss_floor_percent,
        };
        let graph = Graph::build(&positions, &law).ok_or("the graph has too many links")?;
        let groups: Vec<GroupId> = plan.nodes.iter().map(|node| node.group).collect();
        let posts = cover(&Field { graph: &graph, positions: &positions, groups: &groups });
        let posted = posts.awake.iter().zip(&posts.serving);
        for ((node, position), (awake, serving)) in
            Arc::make_mut(&mut plan.nodes).iter_mut().zip(&positions).zip(posted)
        {
            node.position_mm = *position;
            node.role = if *awake { Role::Sentinel } else { Role::Scheduled };
            node.sentinel = *serving;
        }
        plan.graph = Arc::new(graph);
        Ok(())
    }

    /// Where its nodes stand, in millimetres; `None` where the seed has them.
    fn places(self, count: usize, range: f64) -> Option<Vec<[i32; 3]>> {
        let turn = TAU / count.max(1) as f64;
        let place: Box<dyn Fn(usize) -> [f64; 3]> = match self {
            Self::Field => return None,
            Self::Ring => {
                let radius = ring_radius(count, range);
                Box::new(move |node| on_circle(radius, turn * node as f64))
            }
            Self::Grid => {
                let middle = (COLUMNS - 1) as f64 / 2.0;
                let spacing = NEAR * range;
                let at = move |index: usize| (index as f64 - middle) * spacing;
                Box::new(move |node| [at(node % COLUMNS), 0.0, at(node / COLUMNS)])
            }
            Self::TwoWorlds => {
                let (half, radius) = (count / 2, WORLD_WIDTH * range / 2.0);
                let step = TAU / half.max(1) as f64;
                Box::new(move |node| {
                    let east = node >= half;
                    // Turned by half a step, so that an even number of the others is in range.
                    let angle = step * ((node % half.max(1)) as f64 + if east { 0.5 } else { 0.0 });
                    let [z, _, y] = on_circle(radius, angle);
                    let side = if east { 0.5 } else { -0.5 };
                    [side * WORLDS_APART * range, y, z]
                })
            }
        };
        let round = |value: f64| libm::rint(value) as i32;
        Some((0..count).map(|node| place(node).map(round)).collect())
    }

    /// Where the storm blows and how wide: over the middle of a field or grid, one half of a ring,
    /// one of two worlds.
    pub fn storm(self, storm: &Storm, count: usize, range: f64, from: u64, to: u64) -> Storm {
        let (x, radius) = match self {
            Self::Field => (0.0, 0.8 * half_side(count, range)),
            Self::Grid => (0.0, 0.8 * NEAR * range * COLUMNS as f64 / 2.0),
            Self::Ring => {
                let ring = ring_radius(count, range);
                (ring, ring * libm::sqrt(2.0))
            }
            Self::TwoWorlds => (0.5 * WORLDS_APART * range, 0.55 * range),
        };
        Storm {
            from_tick: from,
            to_tick: to,
            path: vec![Waypoint { tick: from, x_mm: x as i64, z_mm: 0 }],
            radius_mm: radius as u32,
            ..storm.clone()
        }
    }
}

/// Half the side of the square in which nodes at random have twelve others in range.
pub(super) fn half_side(count: usize, range: f64) -> f64 {
    let area = count as f64 * PI * range * range / 12.0;
    area.sqrt() / 2.0
}

/// The radius at which places two apart hear each other, and places three apart do not.
fn ring_radius(count: usize, range: f64) -> f64 {
    NEAR * range / (2.0 * libm::sin(TAU / count.max(5) as f64))
}

fn on_circle(radius: f64, angle: f64) -> [f64; 3] {
    [radius * libm::cos(angle), 0.0, radius * libm::sin(angle)]
}
