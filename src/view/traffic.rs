//! Packets as light: one buffer written once per tick, animated in the shader by where real time
//! stands inside the tick.

use super::layers::Layers;
use super::stage::Stage;
use super::upload::{Stream, Uploads};
use crate::mesh::publish::{Fate, PacketKind, PacketView};
use bevy::prelude::*;
use bevy::render::render_resource::ShaderType;

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

/// Where packets that are lost stop on their way.
const LOST_AT: f32 = 0.55;

/// How far a packet has got at some share of the tick: 0 not yet sent, 1 arrived; a lost one stops
/// on its way. The shader moves its light alike.
#[must_use]
pub fn way(packet: &PacketView, tick_ms: u32, progress: f32) -> f32 {
    let (start, airtime) = journey(packet, tick_ms);
    ((progress - start) / airtime).clamp(0.0, last(packet))
}

/// Where on its way a packet ends.
#[must_use]
pub fn last(packet: &PacketView) -> f32 {
    if is_lost(packet.fate) { LOST_AT } else { 1.0 }
}

fn is_lost(fate: Fate) -> bool {
    !matches!(fate, Fate::Delivered | Fate::Repeated | Fate::Delayed | Fate::Asleep)
}

/// When a packet is sent, as a share of the tick, as it is shown.
#[must_use]
pub fn sent_at(packet: &PacketView, tick_ms: u32) -> f32 {
    journey(packet, tick_ms).0
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
    mut data: Local<Vec<PacketData>>,
    mut layers: ResMut<Layers>,
    mut uploads: ResMut<Uploads>,
) {
    if *seen == stage.generation {
        return;
    }
    *seen = stage.generation;
    let all: usize = stage.worlds().map(|world| world.packets.len()).sum();
    // Of too many, every n-th is drawn: an even sample says more than the first ones.
    let stride = all.div_ceil(PACKETS_MAX).max(1);
    data.clear();
    // Nodes of a second world come after those of the first.
    let mut first = 0;
    for world in stage.worlds() {
        let drawn = world.packets.iter().step_by(stride).zip(0_u32..);
        data.extend(drawn.map(|(packet, number)| {
            let mut data = measure(packet, number, world.tick_ms);
            data.ends += UVec2::splat(first);
            data
        }));
        first += world.nodes.len() as u32;
    }
    layers.packets = data.len() as u32;
    if !data.is_empty() {
        uploads.put(Stream::Packets, data.as_slice());
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
