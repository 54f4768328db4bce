//! The scene's entities: seven layers, made once; their buffers grow when the mesh does.

use super::layer::{self, Kind, Layer};
use super::stage::Stage;
use super::weather::STORMS_MAX;
use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;

/// Frames during which materials are bound anew after a buffer has grown: the new buffer may
/// reach the GPU a frame later than the material.
const REBIND_FRAMES: u8 = 3;
/// Room for packets from the start.
const PACKET_ROOM: usize = 1024;

/// Handles to what the other files of the view write.
#[derive(Resource)]
pub struct Layers {
    /// Whole-frame data.
    pub frame: Handle<ShaderBuffer>,
    /// Nodes.
    pub nodes: Handle<ShaderBuffer>,
    /// Painting order of nodes.
    pub order: Handle<ShaderBuffer>,
    /// Packets.
    pub packet_items: Handle<ShaderBuffer>,
    /// How many nodes fit.
    pub node_room: usize,
    /// How many packets fit.
    packet_room: usize,
    /// How many links there are.
    pub links: usize,
    /// How many packets are drawn in this tick.
    pub packets: usize,
    node_mesh: Handle<Mesh>,
    packet_mesh: Handle<Mesh>,
    grown: u8,
}

impl Layers {
    /// The number of nodes the buffers must hold from now on.
    pub fn room_for_nodes(&mut self, count: usize) -> usize {
        if count > self.node_room {
            self.node_room = count.next_power_of_two();
            self.grown = REBIND_FRAMES;
        }
        self.node_room
    }

    /// The number of packets the buffer must hold from now on.
    pub fn room_for_packets(&mut self, count: usize) -> usize {
        if count > self.packet_room {
            self.packet_room = count.next_power_of_two();
            self.grown = REBIND_FRAMES;
        }
        self.packet_room
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PreStartup, spawn)
        .add_systems(PostUpdate, rebind.in_set(super::ViewSystems::Write));
}

fn empty(buffers: &mut Assets<ShaderBuffer>) -> Handle<ShaderBuffer> {
    buffers.add(ShaderBuffer::new(&[0; 16], RenderAssetUsages::RENDER_WORLD))
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
        if pairs.is_empty() { empty(&mut buffers) } else { buffers.add(ShaderBuffer::from(pairs)) };
    let (frame, node_items) = (empty(&mut buffers), empty(&mut buffers));
    let (order, packet_items) = (empty(&mut buffers), empty(&mut buffers));
    let one = meshes.add(layer::quads(1));
    let node_mesh = meshes.add(layer::quads(nodes));
    let packet_mesh = meshes.add(layer::quads(2 * PACKET_ROOM));
    let link_mesh = meshes.add(layer::quads(links.max(1)));
    let storm_mesh = meshes.add(layer::cubes(STORMS_MAX));
    let drawn = [
        (Kind::Sky, one.clone(), order.clone()),
        (Kind::Ground, one, order.clone()),
        (Kind::Pool, node_mesh.clone(), order.clone()),
        (Kind::Link, link_mesh, link_items),
        (Kind::Storm, storm_mesh, order.clone()),
        (Kind::Node, node_mesh.clone(), order.clone()),
        (Kind::Packet, packet_mesh.clone(), packet_items.clone()),
    ];
    for (kind, mesh, items) in drawn {
        let layer = Layer { frame: frame.clone(), nodes: node_items.clone(), items, kind };
        commands.spawn(layer::bundle(mesh, materials.add(layer)));
    }
    commands.insert_resource(Layers {
        frame,
        nodes: node_items,
        order,
        packet_items,
        node_room: nodes,
        packet_room: PACKET_ROOM,
        links,
        packets: 0,
        node_mesh,
        packet_mesh,
        grown: REBIND_FRAMES,
    });
}

/// After growth: larger meshes once, and materials that look at the new buffers.
fn rebind(
    mut layers: ResMut<Layers>,
    mut meshes: ResMut<Assets<Mesh>>,
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
