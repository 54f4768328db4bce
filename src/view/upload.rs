//! Bytes on their way to the GPU. Each stream has one buffer there and two here, one for each side
//! of the renderer, which change sides: once they are large enough, a frame allocates nothing.
//!
//! What the bytes mean is told by whoever writes them.

use super::layers::Layers;
use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::ShaderType;
use bevy::render::render_resource::encase::{StorageBuffer, internal::WriteInto};
use bevy::render::renderer::RenderQueue;
use bevy::render::storage::{GpuShaderBuffer, ShaderBuffer};
use bevy::render::{ExtractSchedule, MainWorld, Render, RenderApp, RenderSystems};

/// What is written again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Whole-frame data.
    Frame,
    /// Nodes.
    Nodes,
    /// Painting order of nodes.
    Order,
    /// Packets.
    Packets,
}

impl Stream {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Frame, Self::Nodes, Self::Order, Self::Packets];
}

#[derive(Default)]
struct Slot {
    bytes: Vec<u8>,
    /// Not yet taken to the other side, or not yet written.
    fresh: bool,
}

/// What the scene has written in this frame.
#[derive(Resource, Default)]
pub struct Uploads([Slot; Stream::ALL.len()]);

impl Uploads {
    /// Writes a stream, from its start.
    pub fn put<T: ShaderType + WriteInto + ?Sized>(&mut self, stream: Stream, value: &T) {
        let Some(slot) = self.0.get_mut(stream as usize) else { return };
        slot.bytes.clear();
        match StorageBuffer::new(&mut slot.bytes).write(value) {
            Ok(()) => slot.fresh = true,
            Err(error) => warn!("{stream:?} not written: {error}"),
        }
    }
}

/// The renderer's side.
#[derive(Resource, Default)]
struct Inbox {
    slots: [Slot; Stream::ALL.len()],
    buffers: Option<[Handle<ShaderBuffer>; Stream::ALL.len()]>,
}

/// A buffer with room for so many bytes, for [`Uploads`] to fill.
#[must_use]
pub fn room(bytes: u64) -> ShaderBuffer {
    ShaderBuffer::with_size(bytes.max(16) as usize, RenderAssetUsages::RENDER_WORLD)
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Uploads>();
    if let Some(renderer) = app.get_sub_app_mut(RenderApp) {
        renderer
            .init_resource::<Inbox>()
            .add_systems(ExtractSchedule, take)
            .add_systems(Render, write.in_set(RenderSystems::PrepareResources));
    }
}

fn take(mut main: ResMut<MainWorld>, mut inbox: ResMut<Inbox>) {
    // Another scenario brings other buffers.
    if let Some(layers) = main.get_resource::<Layers>()
        && inbox.buffers.as_ref() != Some(&layers.buffers)
    {
        inbox.buffers = Some(layers.buffers.clone());
    }
    let Some(mut uploads) = main.get_resource_mut::<Uploads>() else { return };
    for (ours, theirs) in inbox.slots.iter_mut().zip(&mut uploads.0) {
        if theirs.fresh {
            std::mem::swap(ours, theirs);
            theirs.fresh = false;
        }
    }
}

/// A buffer that does not exist yet, or is still too small, is written a frame later.
fn write(
    mut inbox: ResMut<Inbox>,
    queue: Res<RenderQueue>,
    buffers: Res<RenderAssets<GpuShaderBuffer>>,
) {
    let Inbox { slots, buffers: handles } = &mut *inbox;
    for (slot, handle) in slots.iter_mut().zip(handles.iter().flatten()) {
        let room = buffers.get(handle).filter(|gpu| gpu.buffer.size() >= slot.bytes.len() as u64);
        if let Some(gpu) = room.filter(|_| slot.fresh) {
            queue.write_buffer(&gpu.buffer, 0, &slot.bytes);
            slot.fresh = false;
        }
    }
}
