//! Whole nodes with a part that not every node has: one whose companions have a say, and releases
//! of a private one.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::config::NodeConfig;
use qres_core::fusion::{Fused, NodeFusion};
use qres_core::id::{NodeId, Tick};
use qres_core::node::Node;
use qres_core::privacy::release::{PrivacyConfig, Publisher, simulated_key};
use qres_core::q16::{Q16, percent};
use qres_core::radio::MockRadio;
use qres_core::wake::Role;

use super::draws::{Draws, sample};

/// A node that fuses: one companion runs ahead of it, one is stuck at times, and either is absent
/// now and then, as the sensor is.
pub fn fused(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(41);
    let mut config = NodeConfig::default();
    config.wake.interval_us = [5_000_000, 3_000_000, 1_000_000];
    let mut node: Node<2> = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(1)]);
    let mut fusion = NodeFusion::default();
    let mut radio = MockRadio::default();
    for tick in 0..ticks / 2 {
        let own = (!draws.once_in(40)).then(|| sample(0, tick));
        let ahead = (!draws.once_in(5)).then(|| sample(0, tick + 1));
        let stuck = if tick % 300 < 200 { sample(3, tick) } else { Q16::ONE };
        let companions = [ahead, Some(stuck)];
        let fused = own.is_some().then_some(Fused { fusion: &mut fusion, companions: &companions });
        let report = node.tick_fused(&config, Tick(tick), own, fused, &mut radio);
        report.activity.samples.encode(out);
        fusion.prediction().encode(out);
        for outgoing in &radio.sent {
            outgoing.at_us.encode(out);
            config.air.frames(node.id, outgoing.round, &outgoing.message, &[], |frame| {
                out.update(frame);
            });
        }
        radio.sent.clear();
        if tick % 200 == 199 {
            node.encode_to(out);
            fusion.encode(out);
        }
    }
}

/// Releases of weights that wander, within and beyond the norm, until the budget is spent.
pub fn release(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(42);
    for turn in 0..ticks / 500 {
        let clip = percent(1 + draws.below(100) as i32);
        let multiplier = percent(50 + draws.below(800) as i32);
        let epsilon = percent(100 + draws.below(6_000) as i32);
        let Ok(config) = PrivacyConfig::new(clip, multiplier, epsilon, 6) else { continue };
        config.encode(out);
        let mut publisher = Publisher::new(&config, simulated_key(turn, NodeId(7)));
        for round in 0..40 {
            let taps = 1 + draws.below(8) as u8;
            let weights = core::array::from_fn(|_| draws.within(4 << 16));
            publisher.covers(&config).encode(out);
            publisher.release(&config, round, taps, &weights).ok().encode(out);
            publisher.disclosed.encode(out);
        }
    }
}
