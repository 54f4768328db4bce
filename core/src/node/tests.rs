//! Two nodes in earshot, noise, and the size of the hot state.

use super::*;
use crate::privacy::release::PrivacyConfig;
use crate::radio::{Heard, MockRadio};
use crate::silence::Voice;

fn wave(tick: u64) -> Q16 {
    Q16::from_bits(20 * 65_536 + ((tick % 40) as i32 - 20).abs() * 4_000)
}

/// Two nodes in earshot with a perfect medium, always awake.
fn pair(ticks: u64) -> (Node<4>, Node<4>) {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.wake.jitter_percent = 0;
    let mut a = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(1)]);
    let mut b = Node::new(NodeId(1), Role::Scheduled, &config, &[NodeId(0)]);
    let mut air: [MockRadio; 2] = Default::default();
    for tick in 0..ticks {
        a.tick(&config, Tick(tick), Some(wave(tick)), &mut air[0]);
        b.tick(&config, Tick(tick), Some(wave(tick + 9)), &mut air[1]);
        let [first, second] = &mut air;
        cross(&config, NodeId(0), first, second);
        cross(&config, NodeId(1), second, first);
    }
    (a, b)
}

fn cross(config: &NodeConfig, sender: NodeId, from: &mut MockRadio, to: &mut MockRadio) {
    for outgoing in &from.sent {
        config.air.frames(sender, outgoing.round, &outgoing.message, &[], |frame| {
            let frame = heapless::Vec::from_slice(frame).expect("fits");
            to.incoming.push_back(Heard { frame, at_us: outgoing.at_us }).expect("room");
        });
    }
    from.sent.clear();
}

#[test]
fn neighbours_earn_each_others_trust() {
    let (a, b) = pair(1_000);
    assert!(a.neighbours[0].reputation > crate::q16::HALF, "{:?}", a.neighbours);
    assert!(a.trust.is_commissioned() && b.trust.is_commissioned());
    assert!(a.energy.spending.transmit_nj > 0);
}

#[test]
fn equal_inputs_give_equal_digests_and_other_inputs_do_not() {
    assert_eq!(pair(100).0.digest(), pair(100).0.digest());
    assert_ne!(pair(100).0.digest(), pair(101).0.digest());
}

#[test]
fn a_private_node_says_no_more_than_its_budget_covers() {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    let hundredths = [10, 500, 800].map(crate::q16::percent);
    let [clip, noise, epsilon] = hundredths;
    let privacy = PrivacyConfig::new(clip, noise, epsilon, 5).expect("in range");
    config.privacy = Some(privacy);
    let run = |publishes: bool| {
        let mut node: Node<4> = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(1)]);
        node.publisher = node.publisher.filter(|_| publishes);
        let mut radio = MockRadio::default();
        let mut updates = 0;
        for tick in 0..300 {
            node.tick(&config, Tick(tick), Some(wave(tick)), &mut radio);
            for outgoing in &radio.sent {
                if let Message::Update(update) = outgoing.message {
                    assert_ne!(&update.weights, node.neuron.weights(), "tick {tick}");
                    updates += 1;
                }
            }
            radio.sent.clear();
        }
        (updates, node.silence.voice())
    };
    assert_eq!(run(true), (privacy.releases(), Voice::PrivacySpent));
    assert_eq!(privacy.releases(), 13, "1.04914 / 0.08");
    assert_eq!(run(false).0, 0, "nothing leaves it where nothing makes it private");
}

#[test]
fn noise_on_the_air_is_ignored() {
    let config = NodeConfig::default();
    let mut node: Node<4> = Node::new(NodeId(0), Role::Sentinel, &config, &[NodeId(1)]);
    let mut radio = MockRadio::default();
    for tick in 0..200_u64 {
        let noise: [u8; 40] = core::array::from_fn(|i| (tick as usize * 31 + i * 7) as u8);
        let frame = heapless::Vec::from_slice(&noise).expect("fits");
        radio.incoming.push_back(Heard { frame, at_us: 5 }).expect("room");
        node.tick(&config, Tick(tick), Some(wave(tick)), &mut radio);
        radio.sent.clear();
    }
    assert_eq!(node.neighbours[0].heard_tick, Neighbour::NEVER);
}

#[test]
fn hot_state_is_small() {
    let hot = size_of::<SwarmNeuron>()
        + size_of::<Residual>()
        + size_of::<RegimeDetector>()
        + size_of::<Silence>()
        + size_of::<EnergyPool>()
        + size_of::<Wake>()
        + size_of::<OwnTrust>();
    assert!(hot <= 512, "{hot} bytes");
}

/// Everything that a node can carry, on a medium that fragments.
fn laden() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.air.mtu_bytes = 40;
    config.trust.bans = Some(crate::trust::BanConfig::default());
    config.wire = crate::packet::Wire::Bfp16;
    config.evolution = Some(crate::evolution::EvolutionConfig::default());
    config.tuner = true;
    config.stream = Some(crate::residual_stream::StreamConfig::default());
    config.handover = Some(handover::HandoverConfig::default());
    let [clip, noise, epsilon] = [10, 500, 800].map(crate::q16::percent);
    config.privacy = PrivacyConfig::new(clip, noise, epsilon, 5).ok();
    config
}

#[test]
fn a_node_comes_back_from_its_bytes_and_lives_on_the_same() {
    for (role, config) in [
        (Role::Scheduled, NodeConfig::default()),
        (Role::Scheduled, laden()),
        (Role::Sentinel, laden()),
    ] {
        let peers = [NodeId(1), NodeId(2)];
        let mut node: Node<4> = Node::new(NodeId(0), role, &config, &peers);
        let mut radio = MockRadio::default();
        for tick in 0..200 {
            node.tick(&config, Tick(tick), Some(wave(tick)), &mut radio);
            radio.sent.clear();
            if tick % 50 != 49 {
                continue;
            }
            let mut bytes: heapless::Vec<u8, 8192> = heapless::Vec::new();
            node.encode_to(&mut bytes);
            let back = Node::<4>::from_bytes(&config, &bytes).expect("its own bytes");
            assert_eq!(back.digest(), node.digest());
            assert_eq!(back.sections(), node.sections());
            let end = bytes.len() - 1;
            assert!(Node::<4>::from_bytes(&config, &bytes[..end]).is_none(), "tick {tick}");
            assert!(Node::<1>::from_bytes(&config, &bytes).is_none(), "two neighbours");
            node = back;
        }
        let mut whole: Node<4> = Node::new(NodeId(0), role, &config, &peers);
        for tick in 0..200 {
            whole.tick(&config, Tick(tick), Some(wave(tick)), &mut radio);
            radio.sent.clear();
        }
        assert_eq!(whole.digest(), node.digest());
    }
}

#[test]
fn the_digest_of_a_part_changes_with_that_part_alone() {
    let config = laden();
    let node: Node<4> = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(1)]);
    let changes: [fn(&mut Node<4>); 6] = [
        |node| {
            node.detector = {
                let mut other = node.detector;
                other.take(
                    &crate::regime::RegimeConfig::default(),
                    &crate::regime::Signs::default(),
                );
                other
            }
        },
        |node| node.wake.shift(1),
        |node| node.energy.refill(&crate::energy::EnergyConfig::default(), 1_000_000),
        |node| node.neighbours[0].reputation = Q16::ONE,
        |node| node.clients.push(NodeId(9)).expect("room"),
        |node| node.tuner = None,
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut other = node.clone();
        change(&mut other);
        for (section, (a, b)) in node.sections().iter().zip(other.sections()).enumerate() {
            assert_eq!(*a != b, section == place, "change {place}, section {section}");
        }
    }
}
