//! Pairs of whole nodes with what needs somebody to answer: audits, and handing over to a newcomer.

use blake3::Hasher;
use qres_core::audit::{AuditConfig, AuditPage};
use qres_core::canonical::Canonical;
use qres_core::config::NodeConfig;
use qres_core::handover::HandoverConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::node::Node;
use qres_core::packet::Message;
use qres_core::q16::Q16;
use qres_core::radio::{Frame, Heard, MockRadio, Outgoing};
use qres_core::wake::{Role, Wake};

use super::draws::{Draws, sample};

const NODES: usize = 3;

/// Everybody is awake, and has a round in each tick.
fn config() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.wake.jitter_percent = 0;
    config
}

/// Nodes that audit each other. The last one sends what it has not computed for a while.
pub fn audits(ticks: u64, out: &mut Hasher) {
    let audit = AuditConfig { every_rounds: 8, rate_basis_points: 10_000, outliers: true };
    let config = NodeConfig { audit: Some(audit), ..config() };
    let ticks = ticks / 16;
    run(36, ticks, &config, |now| now > ticks / 2 && now < ticks / 2 + 60, out);
}

/// Nodes of which the last begins when the others have learned, and asks them.
pub fn handover(ticks: u64, out: &mut Hasher) {
    let config = NodeConfig { handover: Some(HandoverConfig::default()), ..config() };
    run(37, ticks / 8, &config, |_| false, out);
}

struct Side {
    node: Node<NODES>,
    page: Option<AuditPage>,
    radio: MockRadio,
}

fn side(config: &NodeConfig, place: usize) -> Side {
    let id = NodeId(place as u32);
    let role = if place == 0 { Role::Sentinel } else { Role::Scheduled };
    let all: [NodeId; NODES] = core::array::from_fn(|id| NodeId(id as u32));
    let peers: heapless::Vec<NodeId, NODES> = all.into_iter().filter(|peer| *peer != id).collect();
    let mut node = Node::new(id, role, config, &peers);
    if place == 0 {
        node.clients = peers.iter().copied().collect();
    } else {
        node.wake = Wake::new(role, all[0], 0, config.trust.initial);
    }
    let page = config.audit.is_some().then(|| node.audit_page());
    Side { node, page, radio: MockRadio::default() }
}

/// Runs all; the last node joins after a third, and `lies` says when it turns signs.
fn run(lane: u32, ticks: u64, config: &NodeConfig, lies: impl Fn(u64) -> bool, out: &mut Hasher) {
    let mut draws = Draws::new(lane);
    let mut sides: [Side; NODES] = core::array::from_fn(|place| side(config, place));
    for tick in 0..ticks {
        let present = if tick < ticks / 3 { NODES - 1 } else { NODES };
        for (place, side) in sides.iter_mut().take(present).enumerate() {
            let Side { node, page, radio } = side;
            let sample = Some(sample(place as u32, tick)).filter(|_| !draws.once_in(40));
            let report = node.tick_audited(config, Tick(tick), sample, None, page.as_mut(), radio);
            [report.activity.transmit_us, u64::from(report.activity.samples)].encode(out);
            if tick % 64 == 63 {
                node.encode_to(out);
                page.as_ref().map(|page| page.counts).encode(out);
            }
        }
        if lies(tick) {
            sides[NODES - 1].radio.sent.iter_mut().for_each(lie);
        }
        for sender in 0..NODES {
            deliver(config, &mut draws, &mut sides, sender, out);
        }
    }
    for side in &sides {
        side.page.encode(out);
    }
}

fn lie(outgoing: &mut Outgoing) {
    if let Message::Update(update) = &mut outgoing.message {
        update.weights = update.weights.map(|weight| Q16::ZERO - weight);
    }
}

/// What one node has sent, to all others, over an air that loses a little.
fn deliver(
    config: &NodeConfig,
    draws: &mut Draws,
    sides: &mut [Side; NODES],
    sender: usize,
    out: &mut Hasher,
) {
    let sent = core::mem::take(&mut sides[sender].radio.sent);
    for outgoing in &sent {
        let from = NodeId(sender as u32);
        config.air.frames(from, outgoing.round, &outgoing.message, &[], |frame| {
            out.update(frame);
            let others = sides.iter_mut().enumerate().filter(|(place, _)| *place != sender);
            for (_, side) in others {
                let lost = draws.once_in(25);
                if let Ok(frame) = Frame::from_slice(frame)
                    && !lost
                {
                    let heard = Heard { frame, at_us: outgoing.at_us };
                    let _ = side.radio.incoming.push_back(heard);
                }
            }
        });
    }
}
