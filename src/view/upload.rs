//! Bytes on their way to the GPU. Each stream has one buffer there and two here, one for each side
//! of the renderer, which change sides: once they are large enough, a frame allocates nothing.
//!
//! What the bytes mean is told by whoever writes them.

use bevy::prelude::*;
use bevy::render::render_resource::encase::{StorageBuffer, internal::WriteInto};
use bevy::render::render_resource::{Buffer, BufferDescriptor, BufferUsages, ShaderType};
use bevy::render::renderer::{RenderDevice, RenderQueue};
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
    /// Links.
    Links,
}

impl Stream {
    /// How many there are.
    const COUNT: usize = 5;

    /// What its buffer is called in the tools of graphics people.
    const NAMES: [&str; Self::COUNT] = ["frame", "nodes", "order", "packets", "links"];
}

/// Bytes of a buffer at first: the largest entry of any list fits.
const ROOM: u64 = 256;

#[derive(Default)]
struct Slot {
    bytes: Vec<u8>,
    /// Not yet taken to the other side, or not yet written.
    fresh: bool,
}

/// What the scene has written in this frame.
#[derive(Resource, Default)]
pub struct Uploads([Slot; Stream::COUNT]);

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
pub(super) struct Inbox {
    slots: [Slot; Stream::COUNT],
    buffers: [Option<Buffer>; Stream::COUNT],
}

impl Inbox {
    /// Where a stream is kept, once it was written.
    pub fn buffer(&self, stream: Stream) -> Option<&Buffer> {
        self.buffers.get(stream as usize)?.as_ref()
    }
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
    let Some(mut uploads) = main.get_resource_mut::<Uploads>() else { return };
    for (ours, theirs) in inbox.slots.iter_mut().zip(&mut uploads.0) {
        if theirs.fresh {
            std::mem::swap(ours, theirs);
            theirs.fresh = false;
        }
    }
}

/// A buffer that has become too small is made anew, at least twice as large. Lists that are empty
/// have one as well: a layer cannot be bound without.
fn write(mut inbox: ResMut<Inbox>, queue: Res<RenderQueue>, device: Res<RenderDevice>) {
    let Inbox { slots, buffers } = &mut *inbox;
    for ((slot, buffer), name) in slots.iter_mut().zip(buffers).zip(Stream::NAMES) {
        let needed = ROOM.max(slot.bytes.len() as u64);
        let gpu = match buffer {
            Some(gpu) if gpu.size() >= needed => gpu,
            _ => buffer.insert(device.create_buffer(&BufferDescriptor {
                label: Some(name),
                size: needed.next_power_of_two(),
                usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })),
        };
        if std::mem::take(&mut slot.fresh) {
            queue.write_buffer(gpu, 0, &slot.bytes);
        }
    }
}
