//! The scene's entities: seven layers, made once; their buffers grow when the mesh does.

use super::crowd::NodeData;
use super::frame::FrameData;
use super::layer::{self, Kind, Layer};
use super::quality::Rendering;
use super::stage::Stage;
use super::traffic::PacketData;
use super::upload::{Stream, room};
use super::weather::STORMS_MAX;
use crate::mesh::publish::{Published, StruckLink};
use bevy::prelude::*;
use bevy::render::render_resource::ShaderType;
use bevy::render::storage::ShaderBuffer;

/// Frames during which materials are bound anew after a buffer has grown: the new buffer may
/// reach the GPU a frame later than the material.
const REBIND_FRAMES: u8 = 3;
/// Room for packets from the start.
const PACKET_ROOM: usize = 1024;

/// Handles to what the other files of the view write.
#[derive(Resource)]
pub struct Layers {
    /// What is written again and again, in the order of [`Stream::ALL`].
    pub buffers: [Handle<ShaderBuffer>; 4],
    /// How many nodes fit.
    pub node_room: usize,
    /// How many packets fit.
    packet_room: usize,
    /// How many links there are.
    pub links: usize,
    /// How many packets are drawn in this tick.
    pub packets: usize,
    link_items: Handle<ShaderBuffer>,
    link_mesh: Handle<Mesh>,
    node_mesh: Handle<Mesh>,
    packet_mesh: Handle<Mesh>,
    grown: u8,
}

impl Layers {
    /// The number of nodes the buffers must hold from now on.
    pub fn room_for_nodes(&mut self, count: usize) {
        if count > self.node_room {
            self.node_room = count.next_power_of_two();
            self.grown = REBIND_FRAMES;
        }
    }

    /// The number of packets the buffer must hold from now on.
    pub fn room_for_packets(&mut self, count: usize) {
        if count > self.packet_room {
            self.packet_room = count.next_power_of_two();
            self.grown = REBIND_FRAMES;
        }
    }
}

/// Bytes of each stream.
fn sizes(nodes: usize, packets: usize) -> [u64; 4] {
    Stream::ALL.map(|stream| match stream {
        Stream::Frame => FrameData::min_size().get(),
        Stream::Nodes => nodes as u64 * NodeData::min_size().get(),
        Stream::Order => 4 * nodes as u64,
        Stream::Packets => packets as u64 * PacketData::min_size().get(),
    })
}

/// Which layer an entity is.
#[derive(Component, Clone, Copy, Debug)]
struct Drawn(Kind);

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PreStartup, spawn)
        .add_systems(Update, relink.in_set(super::ViewSystems::Follow))
        .add_systems(Update, leave_out.run_if(resource_changed::<Rendering>))
        .add_systems(PostUpdate, rebind.in_set(super::ViewSystems::Write));
}

/// Hides layers that the quality does without.
fn leave_out(rendering: Res<Rendering>, mut drawn: Query<(&Drawn, &mut Visibility)>) {
    for (Drawn(kind), mut visibility) in &mut drawn {
        let hidden = *kind == Kind::Pool && !rendering.pools;
        let wanted = if hidden { Visibility::Hidden } else { Visibility::Inherited };
        visibility.set_if_neq(wanted);
    }
}

/// The bit of an item's first end from which on its state is kept: percent lost, or [`CUT`].
const STATE_BIT: u32 = 24;
/// The state of a link that is cut.
const CUT: u32 = 255;

/// A link as the shader reads it; `struck` is in order of ends.
fn item(ends: [u32; 2], struck: &[StruckLink]) -> UVec2 {
    let place = struck.binary_search_by(|link| link.ends.cmp(&ends));
    let state = place
        .ok()
        .and_then(|place| struck.get(place))
        .map_or(0, |link| if link.cut { CUT } else { u32::from(link.loss_percent.min(100)) });
    let [a, b] = ends;
    UVec2::new(a | state << STATE_BIT, b)
}

/// What the links of a world were drawn from.
#[derive(Default)]
struct Drawing {
    whose: usize,
    struck: Vec<StruckLink>,
    nodes: usize,
}

/// Where a world's own links are kept; 0 where it has those of the scene.
fn whose(world: &Published) -> usize {
    world.orders.links.as_ref().map_or(0, |links| links.as_ptr() as usize)
}

/// Commands cut links, move nodes and add some: then the links are drawn anew.
fn relink(
    stage: Res<Stage>,
    mut layers: ResMut<Layers>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut drawn: Local<Vec<Drawing>>,
) {
    let same = |seen: &Drawing, world: &Published| {
        seen.whose == whose(world)
            && seen.nodes == world.nodes.len()
            && seen.struck == world.orders.struck
    };
    // From the start there is one world, with the links of the scene.
    let fresh = drawn.is_empty() && stage.other.is_none() && {
        let orders = &stage.published.orders;
        orders.links.is_none() && orders.struck.is_empty()
    };
    let count = stage.worlds().count();
    let alike = drawn.iter().zip(stage.worlds()).all(|(seen, world)| same(seen, world));
    if fresh || (alike && drawn.len() == count) {
        return;
    }
    drawn.clear();
    let mut pairs: Vec<UVec2> = Vec::new();
    let mut first = 0;
    for world in stage.worlds() {
        let orders = &world.orders;
        let all = orders.links.as_deref().unwrap_or(&stage.scene.links);
        let shift = UVec2::splat(first);
        pairs.extend(all.iter().map(|link| item(*link, &orders.struck) + shift));
        first += world.nodes.len() as u32;
        let (struck, nodes) = (orders.struck.clone(), world.nodes.len());
        drawn.push(Drawing { whose: whose(world), struck, nodes });
    }
    layers.links = pairs.len();
    layers.grown = REBIND_FRAMES;
    let mesh = layer::quads(pairs.len().max(1));
    let items = if pairs.is_empty() { room(0) } else { ShaderBuffer::from(pairs) };
    let put = meshes.insert(layers.link_mesh.id(), mesh).map_err(|error| error.to_string());
    let fed = buffers.insert(layers.link_items.id(), items).map_err(|error| error.to_string());
    if let Err(error) = put.and(fed) {
        warn!("links could not be drawn anew: {error}");
    }
}

/// Sets the scene for what is on stage.
pub(super) fn spawn(
    mut commands: Commands,
    stage: Res<Stage>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut materials: ResMut<Assets<Layer>>,
) {
    let nodes = stage.published.nodes.len().max(1);
    let pairs: Vec<UVec2> = stage.scene.links.iter().map(|[a, b]| UVec2::new(*a, *b)).collect();
    let links = pairs.len();
    let link_items =
        buffers.add(if pairs.is_empty() { room(0) } else { ShaderBuffer::from(pairs) });
    let streams = sizes(nodes, PACKET_ROOM).map(|bytes| buffers.add(room(bytes)));
    let [frame, node_items, order, packet_items] = streams.clone();
    let one = meshes.add(layer::quads(1));
    let node_mesh = meshes.add(layer::quads(nodes));
    let packet_mesh = meshes.add(layer::quads(2 * PACKET_ROOM));
    let link_mesh = meshes.add(layer::quads(links.max(1)));
    let storm_mesh = meshes.add(layer::cubes(STORMS_MAX));
    let drawn = [
        (Kind::Sky, one.clone(), order.clone()),
        (Kind::Ground, one, order.clone()),
        (Kind::Pool, node_mesh.clone(), order.clone()),
        (Kind::Link, link_mesh.clone(), link_items.clone()),
        (Kind::Storm, storm_mesh, order.clone()),
        (Kind::Node, node_mesh.clone(), order),
        (Kind::Packet, packet_mesh.clone(), packet_items),
    ];
    for (kind, mesh, items) in drawn {
        let layer = Layer { frame: frame.clone(), nodes: node_items.clone(), items, kind };
        commands.spawn((layer::bundle(mesh, materials.add(layer)), Drawn(kind)));
    }
    commands.insert_resource(Layers {
        buffers: streams,
        node_room: nodes,
        packet_room: PACKET_ROOM,
        links,
        packets: 0,
        link_items,
        link_mesh,
        node_mesh,
        packet_mesh,
        grown: REBIND_FRAMES,
    });
}

/// After growth: larger meshes and buffers once, and materials that look at the new buffers.
fn rebind(
    mut layers: ResMut<Layers>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut materials: ResMut<Assets<Layer>>,
    mut made: Local<(usize, usize)>,
) {
    if layers.grown == 0 {
        return;
    }
    layers.grown -= 1;
    let wanted = (layers.node_room, layers.packet_room);
    if *made != wanted {
        *made = wanted;
        for (handle, bytes) in layers.buffers.iter().zip(sizes(wanted.0, wanted.1)) {
            if let Some(mut buffer) = buffers.get_mut(handle)
                && buffer.buffer_description.size != bytes
            {
                buffer.resize(bytes);
            }
        }
        for (handle, count) in [(&layers.node_mesh, wanted.0), (&layers.packet_mesh, 2 * wanted.1)]
        {
            if let Err(error) = meshes.insert(handle.id(), layer::quads(count)) {
                warn!("a layer could not grow: {error}");
            }
        }
    }
    // Visiting them mutably is what makes the renderer bind them anew.
    materials.iter_mut().for_each(drop);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_to_a_link_goes_with_it() {
        let struck = |ends, cut, loss_percent| StruckLink { ends, cut, loss_percent };
        let struck = [struck([0, 4], true, 0), struck([1, 2], false, 40)];
        for (ends, state) in [([0, 3], 0), ([0, 4], CUT), ([1, 2], 40), ([2, 3], 0)] {
            let item = item(ends, &struck);
            assert_eq!(
                (item.x >> STATE_BIT, item.x & 0xff_ffff, item.y),
                (state, ends[0], ends[1])
            );
        }
    }
}
