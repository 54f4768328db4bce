//! Nodes as light: one buffer written once per tick, and the order to paint them in.
//!
//! A tick's change is not jumped to but blended to in the shader, from what was on show when it
//! came.

use super::camera::Rig;
use super::layers::Layers;
use super::space::Space;
use super::stage::{Look, Stage};
use crate::mesh::publish::{NodeView, Regime, Role};
use bevy::prelude::*;
use bevy::render::render_resource::ShaderType;
use bevy::render::storage::ShaderBuffer;

/// Deviations at which `residual` counts 1.0.
const RESIDUAL_ONE: f32 = 8192.0;
/// The longest and shortest time a change takes to be seen, in seconds.
const BLEND_SECONDS: (f32, f32) = (0.06, 0.55);

/// A node as the shaders read it; the fields mirror `assets/shaders/common.wgsl`.
#[derive(ShaderType, Clone, Copy, Debug, Default, PartialEq)]
pub struct NodeData {
    from_at: Vec4,
    to_at: Vec4,
    from_state: Vec4,
    to_state: Vec4,
    flags: UVec4,
}

/// The nodes on show.
#[derive(Resource, Default)]
pub struct Crowd {
    nodes: Vec<NodeData>,
    generation: u64,
    elapsed: f32,
    duration: f32,
    sorted_for: Option<(Vec3, u64)>,
}

impl Crowd {
    /// How far the last tick's change has been seen, 0 to 1.
    #[must_use]
    pub fn blend(&self) -> f32 {
        let t = if self.duration > 0.0 { (self.elapsed / self.duration).min(1.0) } else { 1.0 };
        t * t * (3.0 - 2.0 * t)
    }

    /// Where a node is seen now.
    #[must_use]
    pub fn place(&self, id: u32) -> Option<Vec3> {
        let blend = self.blend();
        self.nodes.get(id as usize).map(|node| node.from_at.lerp(node.to_at, blend).truncate())
    }

    /// Where all nodes are seen now, with their sizes over an ordinary awake node's.
    pub fn places(&self) -> impl Iterator<Item = (Vec3, f32)> + Clone + '_ {
        let blend = self.blend();
        self.nodes.iter().map(move |node| {
            let at = node.from_at.lerp(node.to_at, blend).truncate();
            (at, if node.flags.x == 0 { 1.22 } else { 1.0 })
        })
    }

    fn take(&mut self, stage: &Stage, space: &Space) {
        let blend = self.blend();
        let before = std::mem::take(&mut self.nodes);
        let older = stage.previous.as_ref().map(|previous| &previous.nodes);
        self.nodes = stage
            .published
            .nodes
            .iter()
            .enumerate()
            .map(|(id, node)| {
                let (to_at, to_state) = measure(node, space);
                let from = match (before.get(id), older.and_then(|nodes| nodes.get(id))) {
                    (Some(seen), _) => (
                        seen.from_at.lerp(seen.to_at, blend),
                        seen.from_state.lerp(seen.to_state, blend),
                    ),
                    (None, Some(older)) => measure(older, space),
                    // A newcomer lights up from nothing.
                    (None, None) if before.is_empty() => (to_at, to_state),
                    (None, None) => (to_at, to_state.with_x(0.0).with_w(0.0)),
                };
                NodeData {
                    from_at: from.0,
                    to_at,
                    from_state: from.1,
                    to_state,
                    flags: UVec4::new(
                        role(node.role),
                        u32::from(node.group),
                        seed(id),
                        u32::from(node.lineage) | u32::from(node.fresh) << 16,
                    ),
                }
            })
            .collect();
        let (short, long) = BLEND_SECONDS;
        self.duration = (stage.tick_seconds() * 0.8).clamp(short, long);
        self.elapsed = 0.0;
    }
}

fn role(role: Role) -> u32 {
    match role {
        Role::Sentinel => 0,
        Role::Scheduled => 1,
        Role::OnDemand => 2,
    }
}

/// A fixed number for each node, so that not all shimmer together.
fn seed(id: usize) -> u32 {
    (id as u32).wrapping_mul(2_654_435_761) >> 16
}

fn measure(node: &NodeView, space: &Space) -> (Vec4, Vec4) {
    let share = |value: u16| f32::from(value) / 65535.0;
    let regime = match node.regime {
        Regime::Calm => 0.0,
        Regime::PreStorm => 1.0,
        Regime::Storm => 2.0,
    };
    let at = space.place(node.position_mm).extend(f32::from(node.residual) / RESIDUAL_ONE);
    let awake = f32::from(u8::from(node.awake));
    (at, Vec4::new(share(node.energy), share(node.reputation), regime, awake))
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Crowd>()
        .add_systems(Update, follow.in_set(super::ViewSystems::Follow))
        .add_systems(PostUpdate, sort.in_set(super::ViewSystems::Write));
}

/// Takes a newly published tick, once.
fn follow(
    stage: Res<Stage>,
    space: Res<Space>,
    look: Res<Look>,
    time: Res<Time>,
    mut crowd: ResMut<Crowd>,
    mut layers: ResMut<Layers>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
) {
    if crowd.generation == stage.generation {
        crowd.elapsed += time.delta_secs();
    } else {
        crowd.generation = stage.generation;
        crowd.take(&stage, &space);
        let room = layers.room_for_nodes(crowd.nodes.len());
        let mut data = crowd.nodes.clone();
        data.resize(room, NodeData::default());
        if let Some(mut buffer) = buffers.get_mut(&layers.nodes) {
            buffer.set_data(data);
        }
    }
    if look.still {
        crowd.elapsed = crowd.duration;
    }
}

/// Far nodes are painted first. Sorted again only when the camera or the tick has changed.
fn sort(
    rig: Res<Rig>,
    mut crowd: ResMut<Crowd>,
    layers: Res<Layers>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
) {
    let forward = rig.forward();
    let generation = crowd.generation;
    let fresh = crowd
        .sorted_for
        .is_some_and(|(seen, from)| from == generation && seen.distance_squared(forward) < 1e-7);
    if fresh {
        return;
    }
    crowd.sorted_for = Some((forward, generation));
    let mut keyed: Vec<(f32, u32)> = crowd
        .nodes
        .iter()
        .zip(0_u32..)
        .map(|(node, id)| (node.to_at.truncate().dot(forward), id))
        .collect();
    keyed.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut order: Vec<u32> = keyed.into_iter().map(|(_, id)| id).collect();
    order.resize(layers.node_room.max(1), 0);
    if let Some(mut buffer) = buffers.get_mut(&layers.order) {
        buffer.set_data(order);
    }
}
