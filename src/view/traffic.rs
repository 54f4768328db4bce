//! Packets as light: one buffer written once per tick, animated in the shader by where real time
//! stands inside the tick.

use super::layers::Layers;
use super::stage::Stage;
use crate::mesh::publish::{Fate, PacketKind, PacketView};
use bevy::prelude::*;
use bevy::render::render_resource::ShaderType;
use bevy::render::storage::ShaderBuffer;

/// More packets in a tick than this are not drawn one by one.
const PACKETS_MAX: usize = 16_384;
/// A journey shorter than this share of a tick could not be followed.
const JOURNEY_MIN: f32 = 0.26;

/// A packet as the shaders read it; the fields mirror `assets/shaders/packet.wgsl`.
#[derive(ShaderType, Clone, Copy, Debug, Default, PartialEq)]
pub struct PacketData {
    ends: UVec2,
    start: f32,
    airtime: f32,
    kind: u32,
    fate: u32,
    fragments: u32,
    seed: f32,
}

/// Stretches an airtime until it can be followed, and keeps its end inside the tick.
fn journey(packet: &PacketView, tick_ms: u32) -> (f32, f32) {
    let whole = (tick_ms.max(1) as f32) * 1000.0;
    let airtime = (packet.airtime_us as f32 / whole).clamp(JOURNEY_MIN, 1.0);
    let start = (packet.start_us as f32 / whole).clamp(0.0, 1.0);
    // What is stretched is also pulled back, in proportion, so that late packets arrive too; the
    // afterglow takes its share.
    (start * (1.0 - airtime * 1.2).max(0.0), airtime)
}

fn measure(packet: &PacketView, number: u32, tick_ms: u32) -> PacketData {
    let (start, airtime) = journey(packet, tick_ms);
    PacketData {
        ends: UVec2::new(packet.sender, packet.receiver),
        start,
        airtime,
        kind: match packet.kind {
            PacketKind::Update | PacketKind::Policy | PacketKind::Sum | PacketKind::Opinions => 0,
            PacketKind::Poll => 1,
            PacketKind::Beacon => 2,
            PacketKind::Grant | PacketKind::Call | PacketKind::Audit => 3,
            PacketKind::Offer
            | PacketKind::Request
            | PacketKind::Digest
            | PacketKind::Summary
            | PacketKind::SummaryRequest => 5,
            PacketKind::Relay | PacketKind::Stream => 4,
        },
        fate: match packet.fate {
            Fate::Delivered | Fate::Repeated | Fate::Delayed => 0,
            Fate::Faded | Fate::Cut | Fate::Dropped | Fate::Corrupted => 1,
            Fate::Collided | Fate::Jammed => 2,
            Fate::Asleep => 3,
        },
        fragments: u32::from(packet.fragments.clamp(1, 6)),
        seed: (number % 1021) as f32 / 1021.0,
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, follow.in_set(super::ViewSystems::Follow));
}

fn follow(
    stage: Res<Stage>,
    mut seen: Local<u64>,
    mut layers: ResMut<Layers>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
) {
    if *seen == stage.generation {
        return;
    }
    *seen = stage.generation;
    let packets = &stage.published.packets;
    // Of too many, every n-th is drawn: an even sample says more than the first ones.
    let stride = packets.len().div_ceil(PACKETS_MAX).max(1);
    let mut data: Vec<PacketData> = packets
        .iter()
        .step_by(stride)
        .zip(0_u32..)
        .map(|(packet, number)| measure(packet, number, stage.published.tick_ms))
        .collect();
    layers.packets = data.len();
    let room = layers.room_for_packets(data.len());
    data.resize(room, PacketData::default());
    if let Some(mut buffer) = buffers.get_mut(&layers.packet_items) {
        buffer.set_data(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journey_ends_inside_its_tick() {
        for start_us in [0, 400_000, 999_999] {
            for airtime_us in [1, 20_000, 600_000, 2_000_000] {
                let packet = PacketView {
                    sender: 0,
                    receiver: 1,
                    kind: PacketKind::Update,
                    start_us,
                    airtime_us,
                    fragments: 1,
                    fate: Fate::Delivered,
                };
                let (start, airtime) = journey(&packet, 1000);
                assert!(start >= 0.0 && start + airtime <= 1.0 + 1e-6, "{start} {airtime}");
                assert!(airtime >= JOURNEY_MIN);
            }
        }
    }
}
