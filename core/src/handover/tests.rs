//! A newcomer beside a scripted neighbour: whom it asks, what it takes and what it refuses.

use super::*;
use crate::id::Tick;
use crate::node::Node;
use crate::packet::Message;
use crate::radio::{Heard, MockRadio};
use crate::wake::Role;

extern crate std;
use std::vec::Vec;

const TEACHER: NodeId = NodeId(1);
const NEWCOMER: NodeId = NodeId(0);

fn config() -> NodeConfig {
    let mut config =
        NodeConfig { handover: Some(HandoverConfig::default()), ..NodeConfig::default() };
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.wake.jitter_percent = 0;
    config
}

/// A triangle: two steps back says where it goes.
fn wave(tick: u64) -> Q16 {
    Q16::from_bits((20 << 16) + ((tick % 40) as i32 - 20).abs() * 4_000)
}

fn node(config: &NodeConfig) -> Node<4> {
    Node::new(NEWCOMER, Role::Sentinel, config, &[TEACHER, NodeId(2)])
}

/// The weights that a node has learned after `samples`.
fn learned(config: &NodeConfig, samples: u64) -> [Q16; crate::neuron::TAPS] {
    let mut neuron = SwarmNeuron::new(&config.neuron);
    for tick in 0..samples {
        neuron.forecast_and_adapt(&config.neuron, wave(tick), percent(20), Q16::ONE);
    }
    *neuron.weights()
}

fn summary(group: u8, weights: [Q16; crate::neuron::TAPS]) -> SummaryGene {
    let voice = |node| Voice { node: NodeId(node), influence: Q16::ONE, loss: None, weights };
    SummaryGene::of(9, GroupId(group), 4, [3; 32], &[voice(1), voice(2)], 0).expect("voices")
}

/// Feeds a newcomer for `ticks`; `say` answers each message that it sends to whoever it names.
fn live(
    config: &NodeConfig,
    ticks: u64,
    mut say: impl FnMut(&Message) -> Vec<(NodeId, Message)>,
) -> Node<4> {
    let mut node = node(config);
    let mut radio = MockRadio::default();
    for tick in 0..ticks {
        node.tick(config, Tick(tick), Some(wave(tick)), &mut radio);
        let sent: Vec<Message> = radio.sent.iter().map(|outgoing| outgoing.message).collect();
        radio.sent.clear();
        for (sender, message) in sent.iter().flat_map(&mut say) {
            config.air.frames(sender, tick as u32, &message, &[], |frame| {
                let frame = heapless::Vec::from_slice(frame).expect("fits");
                radio.incoming.push_back(Heard { frame, at_us: 9 }).expect("room");
            });
        }
    }
    node
}

/// Answers each request with a summary of `group` and `weights`.
fn teach(
    config: &NodeConfig,
    group: u8,
    weights: [Q16; crate::neuron::TAPS],
) -> impl FnMut(&Message) -> Vec<(NodeId, Message)> {
    let gene = SwarmNeuron::new(&config.neuron).gene();
    move |message| match message {
        Message::SummaryRequest { to } => {
            let summary = summary(group, weights);
            [(*to, Message::Summary { to: NEWCOMER, gene, summary })].into()
        }
        _ => Vec::new(),
    }
}

fn handover(node: &Node<4>) -> &Handover {
    node.handover.as_ref().expect("a mesh that hands over")
}

#[test]
fn a_newcomer_asks_until_it_has_asked_enough() {
    let config = config();
    let mut asked = Vec::new();
    let node = live(&config, 60, |message| {
        if let Message::SummaryRequest { to } = message {
            asked.push(*to);
        }
        Vec::new()
    });
    assert_eq!(asked.len(), 8);
    assert!(asked.contains(&TEACHER) && asked.contains(&NodeId(2)), "{asked:?}");
    let counts = handover(&node).counts;
    assert_eq!((counts.requests, counts.bytes), (8, 8 * 16));
    let silent = NodeConfig { gossip: false, ..config };
    assert_eq!(handover(&live(&silent, 60, |_| Vec::new())).counts.requests, 0);
}

#[test]
fn what_the_mesh_has_learned_serves_from_the_first_samples() {
    let config = config();
    let weights = learned(&config, 2_000);
    let taught = live(&config, 40, teach(&config, 0, weights));
    let counts = handover(&taught).counts;
    assert_eq!((counts.received, counts.adoptions, counts.requests), (1, 1, 1));
    assert_eq!(taught.neuron.samples(), 40);
    let away = |node: &Node<4>| -> u32 {
        let pairs = node.neuron.weights().iter().zip(&weights);
        pairs.map(|(own, taught)| own.to_bits().abs_diff(taught.to_bits())).sum()
    };
    let alone = live(&config, 40, |_| Vec::new());
    assert!(away(&taught) * 4 < away(&alone), "{} and {}", away(&taught), away(&alone));
}

#[test]
fn a_lie_is_refused_and_costs_its_sender_reputation() {
    let config = config();
    let lie = core::array::from_fn(|tap| Q16::from_bits(if tap < 4 { 4 << 16 } else { 0 }));
    let node = live(&config, 400, teach(&config, 0, lie));
    let alone = live(&config, 400, |_| Vec::new());
    let counts = handover(&node).counts;
    assert_eq!(counts.adoptions, 0);
    assert_eq!((counts.received, counts.refusals, counts.lies), (8, 8, 8), "{counts:?}");
    assert_eq!(node.neuron.weights(), alone.neuron.weights(), "it has learned as if alone");
    let worst = node.neighbours.iter().map(|neighbour| neighbour.reputation).min();
    assert!(worst < Some(config.trust.initial), "{worst:?}");
}

#[test]
fn other_modalities_and_forms_and_uninvited_summaries_change_nothing() {
    let config = config();
    let weights = learned(&config, 2_000);
    let node = live(&config, 60, teach(&config, 1, weights));
    let counts = handover(&node).counts;
    assert_eq!((counts.received, counts.foreign, counts.adoptions), (8, 8, 0));
    let mut other = config;
    other.neuron.form.lags = [2, 3, 4, 5, 0, 0, 0, 0];
    let node = live(&config, 60, teach(&other, 0, weights));
    let counts = handover(&node).counts;
    assert_eq!((counts.received, counts.foreign, counts.adoptions), (8, 8, 0));
    // From somebody that was not asked.
    let settings = HandoverConfig { asks: 1, ..HandoverConfig::default() };
    let config = NodeConfig { handover: Some(settings), ..config };
    let mut honest = teach(&config, 0, weights);
    let node = live(&config, 60, |message| {
        let mut said = honest(message);
        for (from, _) in &mut said {
            *from = NodeId(3 - from.0);
        }
        said
    });
    assert_eq!(handover(&node).counts.received, 0);
}

fn offer(origin: u32, gene: GeneId, weights: [Q16; crate::neuron::TAPS]) -> Update {
    Update {
        origin: NodeId(origin),
        round: 7,
        group: GroupId(0),
        regime: Regime::Calm,
        polls: false,
        wire: crate::packet::Wire::Q16,
        taps: 4,
        gene,
        weights,
    }
}

/// A holder that has heard two peers, and what it answers to `requests` at (tick, sender).
fn holder(config: &NodeConfig, requests: &[(u64, u32)]) -> Vec<(u64, NodeId)> {
    let mut node = node(config);
    let gene = node.neuron.gene();
    for peer in [1, 2] {
        let said = offer(peer, gene, learned(config, 100));
        node.handover.as_mut().expect("hands over").peers.push(&said);
    }
    let mut radio = MockRadio::default();
    let mut answers = Vec::new();
    for tick in 0..60 {
        for (_, sender) in requests.iter().filter(|(at, _)| *at == tick) {
            let request = Message::SummaryRequest { to: NEWCOMER };
            config.air.frames(NodeId(*sender), tick as u32, &request, &[], |frame| {
                let frame = heapless::Vec::from_slice(frame).expect("fits");
                radio.incoming.push_back(Heard { frame, at_us: 5 }).expect("room");
            });
        }
        node.tick(config, Tick(tick), Some(wave(tick)), &mut radio);
        answers.extend(radio.sent.iter().filter_map(|outgoing| match outgoing.message {
            Message::Summary { to, .. } => Some((tick, to)),
            _ => None,
        }));
        radio.sent.clear();
    }
    answers
}

#[test]
fn a_holder_answers_neighbours_only_seldom_and_not_when_it_is_low() {
    let config = config();
    let peers = [TEACHER, NodeId(2)];
    assert_eq!(holder(&config, &[(5, 1)]), [(6, peers[0])], "in its next round");
    assert_eq!(holder(&config, &[(5, 3)]), [], "a stranger");
    let often = [(5, 1), (6, 2), (8, 2), (15, 1), (16, 2)];
    assert_eq!(holder(&config, &often), [(6, peers[0]), (17, peers[1])], "ten ticks apart");
    let mut low = config;
    low.energy.start = percent(10);
    assert_eq!(holder(&low, &[(5, 1)]), []);
}

#[test]
fn a_sum_needs_two_peers_and_leaves_out_whom_the_merge_leaves_out() {
    let config = config();
    let weights = learned(&config, 2_000);
    let mut node = node(&config);
    let mut radio = MockRadio::default();
    for tick in 0..60 {
        node.tick(&config, Tick(tick), Some(wave(tick)), &mut radio);
        radio.sent.clear();
    }
    let gene = node.neuron.gene();
    let sum = |node: &mut Node<4>, offers: &[Update]| {
        let mut inbox = Inbox::default();
        for offer in offers {
            inbox.push(offer);
        }
        let mut handover = Handover::new(&HandoverConfig::default());
        sum_up(
            &config,
            (NEWCOMER, GroupId(0)),
            4,
            &node.neuron,
            &node.residual,
            &node.neighbours,
            &inbox,
            &mut handover,
        );
        (handover.held().map(|held| (held.round, held.consensus())), handover.history)
    };
    let (one, two) = (offer(1, gene, weights), offer(2, gene, weights));
    assert_eq!(sum(&mut node, &[one]).0, None);
    let foreign = offer(2, GeneId(7), weights);
    let stranger = offer(3, gene, weights);
    let wild = offer(2, gene, [Q16::from_bits(-4 << 16); crate::neuron::TAPS]);
    for other in [foreign, stranger, wild] {
        assert_eq!(sum(&mut node, &[one, other]).0, None, "{other:?}");
    }
    let (held, history) = sum(&mut node, &[one, two]);
    let (round, consensus) = held.expect("two peers");
    assert_eq!(round, 4);
    // Of three values the middle one is left: the peers'.
    let far = consensus.iter().zip(&weights).map(|(a, b)| a.to_bits().abs_diff(b.to_bits())).max();
    assert!(far <= Some(4), "{far:?}");
    assert_ne!(history, sum(&mut node, &[two, one]).1, "the chain knows the order");
    node.neighbours[1].banned = true;
    assert_eq!(sum(&mut node, &[one, two]).0, None);
}

#[test]
fn a_node_that_has_lost_its_model_asks_again() {
    let config = config();
    let mut node = live(&config, 60, |_| Vec::new());
    let settings = HandoverConfig::default();
    let handover = node.handover.as_mut().expect("hands over");
    assert!(!handover.is_newcomer());
    handover.restart(&settings);
    assert!(handover.is_newcomer() && handover.counts.requests == 8);
}
