//! Followed nodes: what is kept of them fits what they did.

use crate::common::{THICKET, embedded, mesh, parsed};
use qres::mesh::Mesh;
use qres::mesh::components::Tally;
use qres::mesh::follow::{FOLLOWED, MOMENTS, OfferFate, WINDOWS, WakeKind};
use qres::mesh::resources::Roster;
use qres::scenario::Scenario;
use qres_core::id::NodeId;
use qres_core::wake::Role;

/// A watched mesh in which these nodes are followed from the start.
fn followed(scenario: &Scenario, nodes: &[u32]) -> Mesh {
    let mut mesh = mesh(scenario, 1);
    mesh.watch(true);
    let nodes: Vec<NodeId> = nodes.iter().copied().map(NodeId).collect();
    mesh.follow(&nodes);
    mesh
}

fn tally(mesh: &mut Mesh, node: u32) -> Tally {
    let world = mesh.world();
    let entity = world.resource::<Roster>().0[node as usize];
    *world.get::<Tally>(entity).expect("a node")
}

#[test]
fn offers_and_messages_are_those_of_the_node() {
    let nodes = [0, 7, 14, 21, 35];
    for scenario in [parsed(THICKET), embedded("storm-front")] {
        let mut thicket = followed(&scenario, &nodes);
        let mut merged = [0; 5];
        let mut refused = 0;
        let mut bytes = [0; 5];
        let (mut heard, mut overflows) = (0, [false; 5]);
        for tick in 0..300 {
            thicket.step();
            for (place, node) in nodes.iter().enumerate() {
                let track = thicket.track(NodeId(*node)).expect("it is followed");
                let now = || track.inbox.iter().filter(|offered| offered.tick == tick);
                let accepted =
                    now().filter(|offered| matches!(offered.fate, OfferFate::Merged { .. }));
                merged[place] += u32::from(accepted.count() > 0);
                refused += now().filter(|o| matches!(o.fate, OfferFate::Refused(_))).count();
                assert!(now().all(|offered| offered.came_tick <= tick));
                let sent = || track.outbox.iter().filter(|sent| sent.tick == tick);
                bytes[place] += sent().map(|sent| u64::from(sent.bytes)).sum::<u64>();
                // A sentinel can have more to say in a tick than is kept.
                overflows[place] |= sent().count() == 16;
                heard += sent().map(|sent| u32::from(sent.heard)).sum::<u32>();
            }
        }
        for (place, node) in nodes.iter().enumerate() {
            let tally = tally(&mut thicket, *node);
            assert_eq!(merged[place], tally.merges, "{}: node {node}", scenario.title);
            if overflows[place] {
                assert!(bytes[place] < tally.bytes_sent);
            } else {
                assert_eq!(bytes[place], tally.bytes_sent, "{}: node {node}", scenario.title);
            }
        }
        assert!(overflows.iter().filter(|over| **over).count() < 3);
        assert!(merged.iter().sum::<u32>() > 0 && refused > 0 && heard > 0, "{}", scenario.title);
    }
}

#[test]
fn energy_adds_up_and_nothing_is_kept_for_ever() {
    let nodes: Vec<u32> = (0..12).collect();
    let mut thicket = followed(&parsed(THICKET), &nodes);
    for _ in 0..600 {
        thicket.step();
    }
    let plan = thicket.plan().clone();
    for node in 0..FOLLOWED as u32 {
        let detail = thicket.detail(NodeId(node), "degC").expect("a node");
        assert_eq!(detail.since, Some(0));
        assert_eq!(detail.history.len(), MOMENTS);
        assert_eq!(detail.history.last().map(|moment| moment.tick), Some(599));
        assert!(detail.windows.len() <= WINDOWS && detail.outbox.len() <= 16);
        let (total, ever) = (detail.flow.total, detail.flow.ever);
        assert_eq!(total.spent_nj(), ever.spent_nj(), "followed from the start");
        let start_uj = plan.config.energy.capacity_uj as i64;
        let balance_uj = start_uj + (total.gathered_nj as i64 - total.spent_nj() as i64) / 1_000;
        // Each tick is known to a microjoule.
        assert!((balance_uj - detail.energy_uj as i64).abs() <= 600, "node {node}");
        let newest = detail.history.last().expect("a moment");
        assert_eq!((newest.raw, newest.entropy), (detail.raw, detail.entropy));
        assert_eq!((newest.regime, newest.awake), (detail.regime, detail.awake));
    }
    assert!(thicket.track(NodeId(FOLLOWED as u32)).is_none(), "eight at a time");
    // Who is followed on keeps its past; who is not loses it.
    thicket.follow(&[NodeId(3), NodeId(30)]);
    assert_eq!(thicket.track(NodeId(3)).map(|track| track.moments.len()), Some(MOMENTS));
    assert_eq!(thicket.track(NodeId(30)).map(|track| track.moments.len()), Some(0));
    assert!(thicket.track(NodeId(4)).is_none());
}

#[test]
fn windows_follow_each_other_and_say_why() {
    let nodes = [0, 11, 22, 33, 44, 45, 54, 55];
    let mut front = followed(&embedded("storm-front"), &nodes);
    let mut kinds = [0; 3];
    for _ in 0..700 {
        front.step();
    }
    let tick_us = front.plan().config.wake.tick_us;
    for node in nodes {
        let detail = front.detail(NodeId(node), "").expect("a node");
        assert!(!detail.windows.is_empty(), "node {node}");
        assert!(detail.windows.iter().all(|window| window.from_us < window.to_us));
        if detail.role != Role::Sentinel {
            assert!(detail.windows.is_sorted_by(|one, next| one.to_us <= next.from_us));
            // It was awake in just these ticks.
            let first_us = detail.windows.first().map_or(0, |window| window.from_us);
            for moment in detail.history.iter().filter(|m| m.tick * tick_us > first_us) {
                let (from_us, to_us) = (moment.tick * tick_us, (moment.tick + 1) * tick_us);
                let within = |w: &&_| {
                    let window: &qres::mesh::follow::WakeWindow = w;
                    window.from_us < to_us && window.to_us > from_us
                };
                let awake = detail.windows.iter().any(|window| within(&window));
                assert_eq!(awake, moment.awake, "node {node}, tick {}", moment.tick);
            }
        }
        for window in &detail.windows {
            kinds[window.kind as usize] += 1;
        }
    }
    let [scheduled, emergency, service] = kinds;
    assert!(scheduled > 0 && emergency > 0 && service > 0, "{kinds:?}");
    assert_eq!(WakeKind::Emergency as usize, 1);
}

#[test]
fn neighbours_are_shown_both_ways() {
    let mut front = followed(&embedded("storm-front"), &[0]);
    for _ in 0..300 {
        front.step();
    }
    let all: Vec<_> =
        (0..100).map(|node| front.detail(NodeId(node), "").expect("a node")).collect();
    for detail in &all {
        for peer in &detail.peers {
            let other = &all[peer.id as usize];
            let back = other.peers.iter().find(|back| back.id == detail.id).expect("mutual");
            assert_eq!(peer.reputation_back, Some(back.reputation));
            assert_eq!((peer.banned_back, peer.heard_back_tick), (back.banned, back.heard_tick));
            assert!((peer.distance_m - back.distance_m).abs() < 1e-3);
            // A grid of 10 m: beside or across, and no link loses everything.
            assert!(peer.distance_m > 9.9 && peer.distance_m < 14.2 && peer.link > 0.5);
        }
        assert_eq!(detail.peers.len(), detail.neighbours.len());
        assert_eq!(detail.taps.len(), detail.weights.len());
        // Who is silent says why, and who is asleep says so.
        let says = |word: &str| detail.reasons.iter().any(|reason| reason.contains(word));
        assert_eq!(says("asleep"), !detail.awake);
        assert_eq!(says("silent"), detail.silence.starts_with("silent"), "{:?}", detail.reasons);
        assert_eq!(says("not commissioned"), !detail.commissioned);
    }
}
