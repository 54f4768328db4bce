//! How the scene is drawn: one pass, in which a layer is one draw of quads that are made by its
//! shader from what the buffers say.
//!
//! Layers are painted back to front in the order of [`Kind`]; each has its own shader. Nothing
//! here knows what a node or a packet is, and nothing is made for a frame: buffers, and what binds
//! them, stay until one has to grow.

use super::layers::Layers;
use super::upload::{Inbox, Stream};
use bevy::asset::uuid_handle;
use bevy::core_pipeline::core_3d::{CORE_3D_DEPTH_FORMAT, main_transparent_pass_3d};
use bevy::core_pipeline::{Core3d, Core3dSystems};
use bevy::prelude::*;
use bevy::render::camera::ExtractedCamera;
use bevy::render::extract_resource::{ExtractResource, ExtractResourcePlugin};
use bevy::render::render_resource::binding_types::{
    storage_buffer_read_only_sized, uniform_buffer,
};
use bevy::render::render_resource::{
    BindGroup, BindGroupEntries, BindGroupLayoutDescriptor, BindGroupLayoutEntries, BlendState,
    Buffer, BufferId, BufferInitDescriptor, BufferUsages, CachedRenderPipelineId, ColorTargetState,
    ColorWrites, CompareFunction, DepthStencilState, Face, FragmentState, IndexFormat,
    PipelineCache, PrimitiveState, RenderPassDescriptor, RenderPipelineDescriptor, ShaderStages,
    StoreOp, TextureFormat, VertexState,
};
use bevy::render::renderer::{RenderContext, RenderDevice, ViewQuery};
use bevy::render::view::{
    ViewDepthTexture, ViewTarget, ViewUniform, ViewUniformOffset, ViewUniforms,
};
use bevy::render::{Render, RenderApp, RenderStartup, RenderSystems};
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

    /// What its quads are made from, beside the frame and the nodes.
    const fn items(self) -> Stream {
        match self {
            Self::Link => Stream::Links,
            Self::Packet => Stream::Packets,
            _ => Stream::Order,
        }
    }

    /// How many quads it has now.
    const fn quads(self, layers: &Layers) -> u32 {
        match self {
            Self::Sky | Self::Ground => 1,
            Self::Pool if !layers.pools => 0,
            Self::Pool | Self::Node => layers.nodes,
            Self::Link => layers.links,
            // A box around each.
            Self::Storm => 6 * layers.storms,
            // The streak, and the flash at its end.
            Self::Packet => 2 * layers.packets,
        }
    }

    fn pipeline(self, layout: BindGroupLayoutDescriptor) -> RenderPipelineDescriptor {
        RenderPipelineDescriptor {
            label: Some(format!("layer_{self:?}").into()),
            layout: vec![layout],
            vertex: VertexState { shader: self.shader(), ..default() },
            primitive: PrimitiveState {
                cull_mode: (self == Self::Storm).then_some(Face::Front),
                ..default()
            },
            depth_stencil: Some(DepthStencilState {
                format: CORE_3D_DEPTH_FORMAT,
                depth_write_enabled: Some(self == Self::Node),
                depth_compare: Some(if self == Self::Packet {
                    CompareFunction::GreaterEqual
                } else {
                    CompareFunction::Always
                }),
                stencil: default(),
                bias: default(),
            }),
            fragment: Some(FragmentState {
                shader: self.shader(),
                targets: vec![Some(ColorTargetState {
                    format: TextureFormat::Rgba16Float,
                    blend: Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: ColorWrites::ALL,
                })],
                ..default()
            }),
            ..default()
        }
    }
}

/// The pipelines, and what binds the streams to them.
#[derive(Resource)]
struct Easel {
    layout: BindGroupLayoutDescriptor,
    pipelines: [CachedRenderPipelineId; Kind::ALL.len()],
    /// Corners of so many quads.
    indices: Option<(u32, Buffer)>,
    /// The buffers that are bound, and a group for each layer.
    bound: Option<([BufferId; 6], [BindGroup; Kind::ALL.len()])>,
}

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(ExtractResourcePlugin::<Layers>::default());
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
    if let Some(renderer) = app.get_sub_app_mut(RenderApp) {
        renderer
            .add_systems(RenderStartup, prepare)
            .add_systems(Render, bind.in_set(RenderSystems::PrepareBindGroups))
            .add_systems(
                Core3d,
                paint.after(main_transparent_pass_3d).in_set(Core3dSystems::MainPass),
            );
    }
}

impl ExtractResource for Layers {
    type Source = Self;

    fn extract_resource(source: &Self) -> Self {
        *source
    }
}

/// Asks for the pipelines; they are made beside the frames.
fn prepare(mut commands: Commands, cache: Res<PipelineCache>) {
    let list = || storage_buffer_read_only_sized(false, None);
    let layout = BindGroupLayoutDescriptor::new(
        "layer",
        &BindGroupLayoutEntries::sequential(
            ShaderStages::VERTEX_FRAGMENT,
            (uniform_buffer::<ViewUniform>(true), list(), list(), list()),
        ),
    );
    let pipelines =
        Kind::ALL.map(|kind| cache.queue_render_pipeline(kind.pipeline(layout.clone())));
    commands.insert_resource(Easel { layout, pipelines, indices: None, bound: None });
}

/// Makes the corners of as many quads as the largest layer has, and binds buffers that are new.
fn bind(
    mut easel: ResMut<Easel>,
    (inbox, views, layers): (Res<Inbox>, Res<ViewUniforms>, Res<Layers>),
    (device, cache): (Res<RenderDevice>, Res<PipelineCache>),
) {
    let quads = Kind::ALL.map(|kind| kind.quads(&layers)).into_iter().max().unwrap_or_default();
    if easel.indices.as_ref().is_none_or(|(room, _)| *room < quads) {
        let room = quads.next_power_of_two();
        let indices: Vec<u8> = (0..room)
            .flat_map(|quad| [0, 1, 2, 0, 2, 3].map(|corner| 4 * quad + corner))
            .flat_map(u32::to_le_bytes)
            .collect();
        let buffer = device.create_buffer_with_data(&BufferInitDescriptor {
            label: Some("quads"),
            contents: &indices,
            usage: BufferUsages::INDEX,
        });
        easel.indices = Some((room, buffer));
    }
    let stream = |stream| inbox.buffer(stream);
    let (Some(view), Some(eye), Some(frame), Some(nodes), Some(order)) = (
        views.uniforms.buffer(),
        views.uniforms.binding(),
        stream(Stream::Frame),
        stream(Stream::Nodes),
        stream(Stream::Order),
    ) else {
        return;
    };
    let (Some(links), Some(packets)) = (stream(Stream::Links), stream(Stream::Packets)) else {
        return;
    };
    let ids = [view, frame, nodes, order, links, packets].map(Buffer::id);
    if easel.bound.as_ref().is_some_and(|(bound, _)| *bound == ids) {
        return;
    }
    let layout = cache.get_bind_group_layout(&easel.layout);
    let groups = Kind::ALL.map(|kind| {
        let items = stream(kind.items()).unwrap_or(order);
        let entries = BindGroupEntries::sequential((
            eye.clone(),
            frame.as_entire_binding(),
            nodes.as_entire_binding(),
            items.as_entire_binding(),
        ));
        device.create_bind_group("layer", &layout, &entries)
    });
    easel.bound = Some((ids, groups));
}

/// Paints all layers, over what the passes before have cleared.
fn paint(
    view: ViewQuery<(&ExtractedCamera, &ViewTarget, &ViewDepthTexture, &ViewUniformOffset)>,
    (easel, layers, cache): (Res<Easel>, Res<Layers>, Res<PipelineCache>),
    mut context: RenderContext,
) {
    let (Some((_, groups)), Some((_, indices))) = (&easel.bound, &easel.indices) else { return };
    let (camera, target, depth, offset) = view.into_inner();
    let mut pass = context.begin_tracked_render_pass(RenderPassDescriptor {
        label: Some("layers"),
        color_attachments: &[Some(target.get_color_attachment())],
        depth_stencil_attachment: Some(depth.get_attachment(StoreOp::Store)),
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    });
    if let Some(viewport) = &camera.viewport {
        pass.set_camera_viewport(viewport);
    }
    pass.set_index_buffer(indices.slice(..), IndexFormat::Uint32);
    for ((kind, group), id) in Kind::ALL.into_iter().zip(groups).zip(easel.pipelines) {
        let quads = kind.quads(&layers);
        let Some(pipeline) = cache.get_render_pipeline(id).filter(|_| quads > 0) else { continue };
        pass.set_render_pipeline(pipeline);
        pass.set_bind_group(0, group, &[offset.offset]);
        pass.draw_indexed(0..6 * quads, 0, 0..1);
    }
}
