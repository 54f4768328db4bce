//! What the camera goes along with: a node, or a packet from hop to hop. It says where that is now;
//! it does not move the camera.

use super::crowd::Crowd;
use super::stage::Stage;
use super::traffic;
use crate::mesh::publish::{PacketKind, PacketView};
use bevy::prelude::*;

/// How long the camera waits for a packet to go on, in seconds.
const WAIT: f32 = 4.0;

/// A wish to go along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// With this node.
    Node(u32),
    /// With the packet under way that is nearest to this node, or with its next one.
    PacketOf(u32),
}

/// What is being followed.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub enum Trail {
    /// Nothing.
    #[default]
    Free,
    /// A node.
    Node(u32),
    /// A packet of the tick on show.
    Packet(PacketView, u64),
    /// At a node, for what it sends next.
    Waiting {
        /// The node.
        at: u32,
        /// What came, if anything did: the same kind is preferred.
        kind: Option<PacketKind>,
        /// The tick on show when it came, and when in that tick.
        since: (u64, f32),
        /// Seconds waited.
        seconds: f32,
    },
}

impl Trail {
    /// Starts to follow.
    #[must_use]
    pub fn start(wish: Follow, stage: &Stage, crowd: &Crowd) -> Self {
        match wish {
            Follow::Node(id) => Self::Node(id),
            Follow::PacketOf(id) => nearest(id, stage, crowd).map_or_else(
                || Self::waiting(id, None, (stage.generation, stage.status.tick_progress)),
                |packet| Self::Packet(packet, stage.generation),
            ),
        }
    }

    fn waiting(at: u32, kind: Option<PacketKind>, since: (u64, f32)) -> Self {
        Self::Waiting { at, kind, since, seconds: 0.0 }
    }

    /// Goes on by some seconds and says where the followed thing is; `None` when there is none.
    pub fn step(&mut self, stage: &Stage, crowd: &Crowd, seconds: f32) -> Option<Vec3> {
        self.turn(stage, seconds);
        match *self {
            Self::Free => None,
            Self::Node(id) | Self::Waiting { at: id, .. } => crowd.place(id),
            Self::Packet(packet, _) => place(&packet, stage, crowd),
        }
    }

    /// What comes next.
    fn turn(&mut self, stage: &Stage, seconds: f32) {
        match *self {
            Self::Packet(packet, generation) => {
                let last = traffic::last(&packet);
                let seen = stage.generation == generation;
                let progress = stage.status.tick_progress;
                let landed =
                    !seen || traffic::way(&packet, stage.published.tick_ms, progress) >= last;
                if landed && last < 1.0 {
                    // Lost: there is no next hop.
                    *self = Self::Free;
                } else if landed {
                    let since = (generation, if seen { progress } else { 1.0 });
                    *self = Self::waiting(packet.receiver, Some(packet.kind), since);
                }
            }
            Self::Waiting { at, kind, since, seconds: waited } => {
                let after = if since.0 == stage.generation { since.1 } else { 0.0 };
                if let Some(packet) = next_hop(stage, at, kind, after) {
                    *self = Self::Packet(packet, stage.generation);
                } else if !stage.status.paused {
                    let seconds = waited + seconds;
                    *self = if seconds > WAIT {
                        Self::Free
                    } else {
                        Self::Waiting { at, kind, since, seconds }
                    };
                }
            }
            Self::Free | Self::Node(_) => {}
        }
    }
}

fn place(packet: &PacketView, stage: &Stage, crowd: &Crowd) -> Option<Vec3> {
    let way = traffic::way(packet, stage.published.tick_ms, stage.status.tick_progress);
    Some(crowd.place(packet.sender)?.lerp(crowd.place(packet.receiver)?, way))
}

/// The packet under way, from or to a node, that is nearest to it.
fn nearest(id: u32, stage: &Stage, crowd: &Crowd) -> Option<PacketView> {
    let from = crowd.place(id)?;
    let (tick_ms, progress) = (stage.published.tick_ms, stage.status.tick_progress);
    let flies = |packet: &&PacketView| {
        let way = traffic::way(packet, tick_ms, progress);
        (packet.sender == id || packet.receiver == id) && way > 0.0 && way < traffic::last(packet)
    };
    let far =
        |packet: &PacketView| place(packet, stage, crowd).map_or(f32::MAX, |at| at.distance(from));
    let packets = stage.published.packets.iter().filter(flies);
    packets.min_by(|a, b| far(a).total_cmp(&far(b)).then(a.cmp(b))).copied()
}

/// The first packet that a node sends after some share of the tick, of the same kind if there is
/// one.
fn next_hop(stage: &Stage, from: u32, kind: Option<PacketKind>, after: f32) -> Option<PacketView> {
    let tick_ms = stage.published.tick_ms;
    let sent = |packet: &PacketView| traffic::sent_at(packet, tick_ms);
    let later = |packet: &&PacketView| packet.sender == from && sent(packet) >= after;
    let other = |packet: &PacketView| kind.is_some_and(|kind| kind != packet.kind);
    let order = |a: &&PacketView, b: &&PacketView| {
        other(a).cmp(&other(b)).then(sent(a).total_cmp(&sent(b))).then(a.cmp(b))
    };
    stage.published.packets.iter().filter(later).min_by(order).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::publish::{Fate, Published, Scene};
    use crate::view::space::{Space, tests::node};
    use std::sync::Arc;

    fn packet(sender: u32, receiver: u32, sent_ms: u32, fate: Fate) -> PacketView {
        let kind = PacketKind::Update;
        let (start_us, airtime_us) = (sent_ms * 1000, 300_000);
        PacketView { sender, receiver, kind, start_us, airtime_us, fragments: 1, fate }
    }

    fn stage(packets: Vec<PacketView>) -> (Stage, Crowd) {
        let nodes = (0..4).map(|id| node([id * 1000, 0, 0])).collect();
        let published = Published { nodes, packets, tick_ms: 1000, ..default() };
        let stage = Stage::new(Arc::new(Scene::default()), Arc::new(published));
        let mut crowd = Crowd::default();
        crowd.take(&stage, &Space::of(&stage.scene, &stage.published));
        (stage, crowd)
    }

    #[test]
    fn a_packet_is_followed_from_hop_to_hop() {
        let hop = packet(1, 2, 600, Fate::Delivered);
        let first = packet(0, 1, 0, Fate::Delivered);
        let (mut stage, crowd) = stage(vec![first, packet(3, 2, 0, Fate::Delivered), hop]);
        stage.status.tick_progress = 0.15;
        let mut trail = Trail::start(Follow::PacketOf(0), &stage, &crowd);
        let from = crowd.place(0).unwrap();
        let way = trail.step(&stage, &crowd, 0.1).unwrap().distance(from);
        assert!((way - 0.5).abs() < 1e-4, "half way after half its airtime: {way}");
        stage.status.tick_progress = 0.35;
        assert_eq!(trail.step(&stage, &crowd, 0.1), crowd.place(1), "it has landed");
        trail.step(&stage, &crowd, 0.1);
        assert_eq!(trail, Trail::Packet(hop, stage.generation));
        // The next tick has nothing for node 2 to send on: after a while the camera is free.
        stage.put(Arc::new(Published { packets: Vec::new(), ..(*stage.published).clone() }));
        assert_eq!(trail.step(&stage, &crowd, 0.1), crowd.place(2));
        for _ in 0..50 {
            trail.step(&stage, &crowd, 0.1);
        }
        assert_eq!(trail, Trail::Free);
    }

    #[test]
    fn a_lost_packet_leads_nowhere_and_a_silent_node_is_waited_at() {
        let (mut stage, crowd) = stage(vec![packet(0, 1, 0, Fate::Faded)]);
        stage.status.tick_progress = 0.1;
        let mut trail = Trail::start(Follow::PacketOf(0), &stage, &crowd);
        assert!(matches!(trail, Trail::Packet(..)));
        stage.status.tick_progress = 0.9;
        assert_eq!(trail.step(&stage, &crowd, 0.1), None);
        stage.status.paused = true;
        let mut trail = Trail::start(Follow::PacketOf(3), &stage, &crowd);
        for _ in 0..90 {
            assert_eq!(trail.step(&stage, &crowd, 0.1), crowd.place(3), "paused, it waits");
        }
    }
}
