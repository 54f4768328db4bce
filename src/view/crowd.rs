//! Nodes as light: one buffer written when a tick comes or a layout changes, and the order to paint
//! them in.
//!
//! A tick's change is not jumped to but blended to in the shader, from what was on show when it
//! came. Nothing is allocated in a frame that brings no more nodes than the last.

use super::camera::Rig;
use super::layers::Layers;
use super::space::Space;
use super::stage::{Look, Stage};
use super::upload::{Stream, Uploads};
use crate::mesh::publish::{NodeView, Regime, Role};
use bevy::prelude::*;
use bevy::render::render_resource::ShaderType;

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
    /// Where a layout shows it, and how much of its real place is added to that.
    lay: Vec4,
    flags: UVec4,
}

impl NodeData {
    fn real(&self, blend: f32) -> Vec3 {
        self.from_at.lerp(self.to_at, blend).truncate()
    }

    fn place(&self, blend: f32) -> Vec3 {
        self.lay.truncate() + self.real(blend) * self.lay.w
    }

    fn role(&self) -> u32 {
        self.flags.x & ROLE_BITS
    }
}

/// Bits of the flags that hold the role.
const ROLE_BITS: u32 = 0xff;
/// Flag: one of several that the user has picked.
const PICKED: u32 = 1 << 8;
/// Flag: a real board.
const HARDWARE: u32 = 1 << 9;
/// Flag: nobody listens to it.
const BANNED: u32 = 1 << 10;
/// Flag: without power.
const DEAD: u32 = 1 << 11;
/// Flag: a real board that is not as its twin.
const PARTED: u32 = 1 << 12;
/// The bit from which on eight say how far a node is from itself in the other world.
const DIFFERS_BIT: u32 = 16;

/// The nodes on show. Those of a second world come after those of the first, and are shown apart.
#[derive(Resource, Default)]
pub struct Crowd {
    nodes: Vec<NodeData>,
    /// How many of them are of the first world.
    split: usize,
    /// From where a node of the first world is shown to where the same of the second one is.
    apart: Vec3,
    /// In front of the first world, on the ground.
    front: Vec3,
    generation: u64,
    elapsed: f32,
    duration: f32,
    /// Something is not yet on its way to the GPU.
    dirty: bool,
    /// Grows by one whenever places have changed.
    moves: u64,
    picked: Vec<u32>,
    parted: Vec<u32>,
    sorted_for: Option<(Vec3, u64)>,
    keyed: Vec<(f32, u32)>,
    order: Vec<u32>,
}

impl Crowd {
    /// How far the last tick's change has been seen, 0 to 1.
    #[must_use]
    pub fn blend(&self) -> f32 {
        let t = if self.duration > 0.0 { (self.elapsed / self.duration).min(1.0) } else { 1.0 };
        t * t * (3.0 - 2.0 * t)
    }

    /// How many there are, in both worlds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// How many there are in the first world.
    #[must_use]
    pub const fn split(&self) -> usize {
        self.split
    }

    /// Whether there are two worlds.
    #[must_use]
    pub fn is_double(&self) -> bool {
        self.nodes.len() > self.split
    }

    /// The world and the id of the node at a place of the list.
    #[must_use]
    pub const fn seat(&self, index: usize) -> (usize, usize) {
        if index < self.split { (0, index) } else { (1, index - self.split) }
    }

    /// From where a node of the first world is shown to where the same of a world is.
    #[must_use]
    pub fn apart(&self, world: usize) -> Vec3 {
        if world == 0 { Vec3::ZERO } else { self.apart }
    }

    /// In front of a world, on the ground.
    #[must_use]
    pub fn front(&self, world: usize) -> Vec3 {
        self.front + self.apart(world)
    }

    /// Sets where worlds stand.
    pub(super) fn stand(&mut self, apart: Vec3, front: Vec3) {
        (self.apart, self.front) = (apart, front);
    }

    /// Where the node at a place of the list is seen now.
    #[must_use]
    pub fn seen(&self, index: usize) -> Option<Vec3> {
        let blend = self.blend();
        self.nodes.get(index).map(|node| node.place(blend))
    }

    /// Where a node of the first world is seen now.
    #[must_use]
    pub fn place(&self, id: u32) -> Option<Vec3> {
        self.seen(id as usize).filter(|_| (id as usize) < self.split)
    }

    /// Where all nodes are seen now, with their sizes over an ordinary awake node's.
    pub fn places(&self) -> impl Iterator<Item = (Vec3, f32)> + Clone + '_ {
        let blend = self.blend();
        self.nodes
            .iter()
            .map(move |node| (node.place(blend), if node.role() == 0 { 1.22 } else { 1.0 }))
    }

    /// Where all nodes really stand, in both worlds.
    pub fn real_places(&self) -> impl Iterator<Item = Vec3> + Clone + '_ {
        let blend = self.blend();
        self.nodes.iter().map(move |node| node.real(blend))
    }

    /// Shows a node elsewhere: at a place, to which a share of its real place is added.
    pub fn lay(&mut self, id: usize, lay: Vec4) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.lay = lay;
        }
        self.touch();
    }

    /// Where a layout shows them, to be changed.
    pub fn lays(&mut self) -> impl Iterator<Item = &mut Vec4> + '_ {
        self.touch();
        self.nodes.iter_mut().map(|node| &mut node.lay)
    }

    fn touch(&mut self) {
        self.dirty = true;
        self.moves += 1;
    }

    /// Takes a tick. What is on show now is where the change starts from.
    pub(super) fn take(&mut self, stage: &Stage, space: &Space) {
        let blend = self.blend();
        // Nodes that join the first world go before those of the second.
        let joined = stage.published.nodes.len();
        let theirs = self.nodes.split_off(self.split.min(self.nodes.len()));
        let older = stage.previous.as_ref().map(|previous| previous.nodes.as_slice());
        self.nodes.truncate(joined);
        self.take_world((0, &stage.published.nodes), older, &[], (space, blend));
        self.split = joined;
        if let Some(other) = &stage.other {
            let nodes = &other.published.nodes;
            let older = stage.other_previous.as_ref().map(|previous| previous.nodes.as_slice());
            let stay = theirs.len().min(nodes.len());
            self.nodes.extend(theirs.into_iter().take(stay));
            self.take_world((joined, nodes), older, &other.difference.nodes, (space, blend));
        }
        let (short, long) = BLEND_SECONDS;
        self.duration = (stage.tick_seconds() * 0.8).clamp(short, long);
        self.elapsed = 0.0;
        self.mark(PICKED, &stage.picked);
        self.part(stage);
        self.touch();
    }

    /// Takes a world's nodes, from a place of the list on.
    fn take_world(
        &mut self,
        (from, views): (usize, &[NodeView]),
        older: Option<&[NodeView]>,
        differs: &[u8],
        (space, blend): (&Space, f32),
    ) {
        let first = self.nodes.len() == from && (from == 0 || self.split > 0);
        for (id, node) in views.iter().enumerate() {
            let (to_at, to_state) = measure(node, space);
            let differs = differs.get(id).copied().unwrap_or_default();
            let flags = UVec4::new(
                flags(node) | u32::from(differs) << DIFFERS_BIT,
                u32::from(node.group),
                seed(id),
                u32::from(node.lineage) | u32::from(node.fresh) << 16,
            );
            if let Some(seen) = self.nodes.get_mut(from + id) {
                let (from_at, from_state) = (
                    seen.from_at.lerp(seen.to_at, blend),
                    seen.from_state.lerp(seen.to_state, blend),
                );
                *seen = NodeData { from_at, to_at, from_state, to_state, lay: seen.lay, flags };
                continue;
            }
            // A world that parts from another one comes out of it.
            let twin = self.nodes.get(id).filter(|_| from > 0);
            let lay = twin.map_or(Vec4::W, |twin| twin.lay);
            let (from_at, from_state) = match older.and_then(|nodes| nodes.get(id)) {
                Some(older) => measure(older, space),
                // A newcomer lights up from nothing.
                None if first => (to_at, to_state),
                None => (to_at, to_state.with_x(0.0).with_w(0.0)),
            };
            self.nodes.push(NodeData { from_at, to_at, from_state, to_state, lay, flags });
        }
    }

    /// Sets a flag for some nodes. It is gone for all others after the next tick, or when it is
    /// cleared first.
    fn mark(&mut self, flag: u32, ids: &[u32]) {
        for id in ids.iter().map(|id| *id as usize) {
            let twin = self.split + id;
            for index in [Some(id).filter(|id| *id < self.split), Some(twin)] {
                if let Some(node) = index.and_then(|index| self.nodes.get_mut(index)) {
                    node.flags.x |= flag;
                }
            }
        }
    }

    /// Takes which boards are not as their twins. A second world has none: only their recordings.
    fn part(&mut self, stage: &Stage) {
        self.parted.clear();
        self.parted.extend(stage.fleet.parted(stage.published.tick));
        let first = self.nodes.get_mut(..self.split).unwrap_or_default();
        for node in &mut *first {
            node.flags.x &= !PARTED;
        }
        for id in &self.parted {
            if let Some(node) = first.get_mut(*id as usize) {
                node.flags.x |= PARTED;
            }
        }
        self.dirty = true;
    }

    /// Takes another choice of picked nodes.
    fn pick(&mut self, picked: &[u32]) {
        self.picked.clear();
        self.picked.extend_from_slice(picked);
        for node in &mut self.nodes {
            node.flags.x &= !PICKED;
        }
        self.mark(PICKED, picked);
        self.dirty = true;
    }
}

fn flags(node: &NodeView) -> u32 {
    let flag = |holds: bool, flag: u32| if holds { flag } else { 0 };
    role(node.role)
        | flag(node.hardware, HARDWARE)
        | flag(node.banned, BANNED)
        | flag(node.dead, DEAD)
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
        .add_systems(PostUpdate, (write, sort).in_set(super::ViewSystems::Write));
}

/// Takes a newly published tick, once.
fn follow(
    stage: Res<Stage>,
    space: Res<Space>,
    look: Res<Look>,
    time: Res<Time>,
    mut crowd: ResMut<Crowd>,
    mut layers: ResMut<Layers>,
) {
    // The last frame showed the change as far as this: where the next one starts from. Ticks that
    // come with every frame would otherwise never be seen.
    crowd.elapsed += time.delta_secs();
    if crowd.generation != stage.generation {
        crowd.generation = stage.generation;
        crowd.take(&stage, &space);
        layers.nodes = crowd.nodes.len() as u32;
    }
    if crowd.picked != stage.picked {
        crowd.pick(&stage.picked);
    }
    if !stage.fleet.parted(stage.published.tick).eq(crowd.parted.iter().copied()) {
        crowd.part(&stage);
    }
    if look.still {
        crowd.elapsed = crowd.duration;
    }
}

fn write(mut crowd: ResMut<Crowd>, mut uploads: ResMut<Uploads>) {
    if std::mem::take(&mut crowd.dirty) && !crowd.nodes.is_empty() {
        uploads.put(Stream::Nodes, crowd.nodes.as_slice());
    }
}

/// Far nodes are painted first. Sorted again only when the camera or a place has changed.
fn sort(rig: Res<Rig>, mut crowd: ResMut<Crowd>, mut uploads: ResMut<Uploads>) {
    let forward = rig.forward();
    let Crowd { nodes, moves, sorted_for, keyed, order, .. } = &mut *crowd;
    let fresh =
        sorted_for.is_some_and(|(seen, of)| of == *moves && seen.distance_squared(forward) < 1e-7);
    if fresh || nodes.is_empty() {
        return;
    }
    *sorted_for = Some((forward, *moves));
    keyed.clear();
    keyed.extend(nodes.iter().zip(0_u32..).map(|(node, id)| (node.place(1.0).dot(forward), id)));
    keyed.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.clear();
    order.extend(keyed.iter().map(|(_, id)| *id));
    uploads.put(Stream::Order, order.as_slice());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::Lamp;
    use crate::mesh::publish::{Published, Scene};
    use crate::pace::Other;
    use crate::view::fleet::Mark;
    use crate::view::space::tests::node;
    use std::sync::Arc;

    fn stage(count: i32) -> Stage {
        let nodes = (0..count).map(|id| node([id * 1000, 0, 0])).collect();
        Stage::new(Arc::new(Scene::default()), Arc::new(Published { nodes, ..default() }))
    }

    #[test]
    fn flags_survive_a_tick_and_newcomers_are_dark_first() {
        let mut stage = stage(3);
        let space = Space::of(&stage.scene, &stage.published);
        let mut crowd = Crowd::default();
        crowd.take(&stage, &space);
        stage.picked = vec![1, 7];
        crowd.pick(&stage.picked);
        crowd.lay(2, Vec4::new(5.0, 6.0, 7.0, 0.0));
        crowd.elapsed = crowd.duration;
        let mut nodes: Vec<_> = (0..4).map(|id| node([id * 1000, 500, 0])).collect();
        (nodes[0].banned, nodes[0].dead, nodes[2].hardware) = (true, true, true);
        stage.put(Arc::new(Published { nodes, ..default() }));
        crowd.take(&stage, &space);
        let flags: Vec<u32> = crowd.nodes.iter().map(|node| node.flags.x & !ROLE_BITS).collect();
        assert_eq!(flags, [BANNED | DEAD, PICKED, HARDWARE, 0]);
        assert_eq!(crowd.place(2), Some(Vec3::new(5.0, 6.0, 7.0)));
        assert!(
            crowd.place(0).unwrap().distance(space.place([0, 0, 0])) < 1e-5,
            "blends from there"
        );
        assert!(crowd.nodes[0].from_state.w > 0.5 && crowd.nodes[3].from_state.w < 0.5);
    }

    #[test]
    fn a_board_that_has_parted_is_marked_from_the_next_tick_on_in_its_own_world() {
        let mut stage = stage(3);
        let space = Space::of(&stage.scene, &stage.published);
        let mut crowd = Crowd::default();
        let name = "node 1".to_owned();
        let mark = Mark { node: 1, lamp: Lamp::Connected, name, parted: Some(4) };
        stage.fleet.marks = vec![mark];
        for (tick, expected) in [(4, 0), (5, PARTED), (4, 0), (9, PARTED)] {
            let nodes = stage.published.nodes.clone();
            stage.put(Arc::new(Published { tick, nodes, ..default() }));
            let published = stage.published.clone();
            stage.put_other(Some(Other { published, difference: Arc::default() }));
            crowd.take(&stage, &space);
            let flags: Vec<u32> = crowd.nodes.iter().map(|node| node.flags.x & PARTED).collect();
            assert_eq!(flags, [0, expected, 0, 0, 0, 0], "tick {tick}");
        }
    }

    #[test]
    fn ticks_that_come_with_every_frame_are_seen() {
        let mut stage = stage(1);
        let space = Space::of(&stage.scene, &stage.published);
        let mut crowd = Crowd::default();
        for tick in 0..4 {
            crowd.elapsed += 1.0;
            let nodes = vec![node([tick * 1000, 0, 0])];
            stage.put(Arc::new(Published { nodes, tick_ms: 1000, ..default() }));
            crowd.take(&stage, &space);
        }
        assert!(crowd.place(0).unwrap().distance(space.place([2000, 0, 0])) < 1e-5);
    }

    #[test]
    fn a_tick_and_a_turn_of_the_camera_need_no_new_memory() {
        let mut stage = stage(500);
        let space = Space::of(&stage.scene, &stage.published);
        let mut crowd = Crowd::default();
        crowd.take(&stage, &space);
        let before = (crowd.nodes.as_ptr(), crowd.nodes.capacity());
        stage.put(stage.published.clone());
        crowd.take(&stage, &space);
        assert_eq!((crowd.nodes.as_ptr(), crowd.nodes.capacity()), before);
    }
}
