//! The one material of the scene: a layer is one mesh of quads, one draw, fed by storage buffers.
//!
//! Layers are painted back to front in the order of [`Kind`]; each has its own shader. Nothing
//! here knows what a node or a packet is.

use bevy::asset::{RenderAssetUsages, uuid_handle};
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::{Indices, MeshVertexBufferLayoutRef, PrimitiveTopology};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, Face, RenderPipelineDescriptor, SpecializedMeshPipelineError,
};
use bevy::render::storage::ShaderBuffer;
use bevy::shader::Shader;

const COMMON: Handle<Shader> = uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c01");

/// What a layer draws, in painting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Background.
    Sky,
    /// Ground grid and the storms' glow on it.
    Ground,
    /// Light that nodes cast on the ground.
    Pool,
    /// Radio links.
    Link,
    /// Storm volumes.
    Storm,
    /// Nodes.
    Node,
    /// Packets.
    Packet,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Sky, Self::Ground, Self::Pool, Self::Link, Self::Storm, Self::Node, Self::Packet];

    fn shader(self) -> Handle<Shader> {
        match self {
            Self::Sky => uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c02"),
            Self::Ground => uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c03"),
            Self::Pool => uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c04"),
            Self::Link => uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c05"),
            Self::Storm => uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c06"),
            Self::Node => uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c07"),
            Self::Packet => uuid_handle!("7c0a8c43-1d3e-4ad2-9a06-2f1f6a3f4c08"),
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::Sky => include_str!("../../assets/shaders/sky.wgsl"),
            Self::Ground => include_str!("../../assets/shaders/ground.wgsl"),
            Self::Pool => include_str!("../../assets/shaders/pool.wgsl"),
            Self::Link => include_str!("../../assets/shaders/link.wgsl"),
            Self::Storm => include_str!("../../assets/shaders/storm.wgsl"),
            Self::Node => include_str!("../../assets/shaders/node.wgsl"),
            Self::Packet => include_str!("../../assets/shaders/packet.wgsl"),
        }
    }

    /// A depth bias that keeps the painting order whatever the camera sees.
    fn order(self) -> f32 {
        let place = Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default();
        1.0e6 * (place as f32 + 1.0)
    }
}

/// A layer's bindings.
#[derive(Asset, TypePath, AsBindGroup, Debug, Clone)]
#[bind_group_data(LayerKey)]
pub struct Layer {
    /// What is true for the whole frame.
    #[storage(0, read_only)]
    pub frame: Handle<ShaderBuffer>,
    /// The nodes.
    #[storage(1, read_only)]
    pub nodes: Handle<ShaderBuffer>,
    /// What this layer draws, one entry per quad.
    #[storage(2, read_only)]
    pub items: Handle<ShaderBuffer>,
    /// What it is.
    pub kind: Kind,
}

/// What tells one layer's pipeline from another's.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerKey {
    kind: Kind,
}

impl From<&Layer> for LayerKey {
    fn from(layer: &Layer) -> Self {
        Self { kind: layer.kind }
    }
}

impl Material for Layer {
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Premultiplied
    }

    fn depth_bias(&self) -> f32 {
        self.kind.order()
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _layout: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        let kind = key.bind_group_data.kind;
        descriptor.label = Some(format!("layer_{kind:?}").into());
        descriptor.vertex.shader = kind.shader();
        if let Some(fragment) = descriptor.fragment.as_mut() {
            fragment.shader = kind.shader();
        }
        descriptor.primitive.cull_mode = (kind == Kind::Storm).then_some(Face::Front);
        if let Some(depth) = descriptor.depth_stencil.as_mut() {
            // The bias only orders the layers; it must not move their depth.
            depth.bias = default();
            depth.depth_write_enabled = Some(kind == Kind::Node);
            depth.depth_compare = Some(if kind == Kind::Packet {
                CompareFunction::GreaterEqual
            } else {
                CompareFunction::Always
            });
        }
        Ok(())
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(MaterialPlugin::<Layer>::default());
    let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
    let common = include_str!("../../assets/shaders/common.wgsl");
    let mut add = |handle: Handle<Shader>, source: &'static str, name: String| {
        if let Err(error) = shaders.insert(handle.id(), Shader::from_wgsl(source, name)) {
            error!("shader not registered: {error}");
        }
    };
    add(COMMON, common, "qres/common.wgsl".into());
    for kind in Kind::ALL {
        add(kind.shader(), kind.source(), format!("qres/{kind:?}.wgsl"));
    }
}

/// A mesh of `count` quads: x and y are the corner, z is the quad's number.
#[must_use]
pub fn quads(count: usize) -> Mesh {
    const CORNERS: [[f32; 2]; 4] = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let positions: Vec<[f32; 3]> =
        (0..count).flat_map(|quad| CORNERS.map(|[x, y]| [x, y, quad as f32])).collect();
    let indices: Vec<u32> = (0..count as u32)
        .flat_map(|quad| [0, 1, 2, 0, 2, 3].map(|corner| 4 * quad + corner))
        .collect();
    mesh(positions, indices)
}

/// Cubes from -1 to 1; ten is added to x for each cube's number.
#[must_use]
pub fn cubes(count: usize) -> Mesh {
    const FACES: [[u32; 4]; 6] =
        [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];
    let side = |corner: u32, bit: u32| if corner >> bit & 1 == 1 { 1.0 } else { -1.0 };
    let positions = (0..count)
        .flat_map(|cube| {
            (0..8).map(move |corner| {
                [side(corner, 0) + 10.0 * cube as f32, side(corner, 1), side(corner, 2)]
            })
        })
        .collect();
    let indices = (0..count as u32)
        .flat_map(|cube| {
            FACES
                .into_iter()
                .flat_map(move |[a, b, c, d]| [a, b, c, a, c, d].map(|corner| 8 * cube + corner))
        })
        .collect();
    mesh(positions, indices)
}

fn mesh(positions: Vec<[f32; 3]>, indices: Vec<u32>) -> Mesh {
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_indices(Indices::U32(indices))
}

/// What every layer entity needs.
#[must_use]
pub fn bundle(mesh: Handle<Mesh>, layer: Handle<Layer>) -> impl Bundle {
    (Mesh3d(mesh), MeshMaterial3d(layer), Transform::IDENTITY, NoFrustumCulling)
}
