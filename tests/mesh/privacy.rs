//! Private updates in the mesh: what leaves a node is paid for and noised, wherever it is heard;
//! no budget is passed, and merging still keeps a liar out.

use std::collections::BTreeMap;

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::scenario::{Budget, Scenario};
use qres_core::id::NodeId;
use qres_core::neuron::TAPS;
use qres_core::packet::{Header, Message, Update};
use qres_core::q16::Q16;
use qres_core::radio::{Heard, Outgoing};

const NODES: u32 = 36;

/// A thicket of whole frames, with noise of deviation 0.8 and a budget for eight updates a node.
fn private() -> Scenario {
    let mut scenario = parsed(THICKET);
    scenario.radio.mtu_bytes = 1024;
    scenario.energy.battery_mj = 1_000_000;
    let privacy = &mut scenario.protocol.privacy;
    (privacy.clip, privacy.noise_multiplier) = (0.2, 4.0);
    scenario
}

/// The update in a frame, and whether its origin sent it.
fn opened(heard: &Heard) -> Option<(Update, bool)> {
    let (header, part) = Header::read(&heard.frame).ok()?;
    match Message::from_bytes(header.kind, header.sender, part).ok()? {
        Message::Update(update) => Some((update, true)),
        Message::Relay { update, .. } => Some((update, false)),
        _ => None,
    }
}

/// Runs to a tick and keeps what was heard of each origin and round; counts copies by others.
fn overhear(
    mesh: &mut Mesh,
    tick: u64,
    seen: &mut BTreeMap<(NodeId, u32), [Q16; TAPS]>,
) -> (usize, usize) {
    let (mut own, mut copies) = (0, 0);
    while mesh.ticks() < tick {
        mesh.step();
        for (update, is_own) in mesh.tapped().iter().filter_map(|(_, heard)| opened(heard)) {
            *(if is_own { &mut own } else { &mut copies }) += 1;
            let weights = seen.entry((update.origin, update.round)).or_insert(update.weights);
            assert_eq!(*weights, update.weights, "{} says two things in a round", update.origin.0);
        }
    }
    (own, copies)
}

fn silence(mesh: &mut Mesh, node: u32) -> &'static str {
    mesh.detail(NodeId(node), "").expect("joined").silence
}

#[test]
fn no_budget_is_passed_and_silence_comes_with_its_reason() {
    let mut mesh = mesh(&private(), 1);
    mesh.tap((0..NODES).map(NodeId));
    let mut seen = BTreeMap::new();
    let (mut own, mut copies) = (0, 0);
    for tick in (20..=500).step_by(20) {
        let heard = overhear(&mut mesh, tick, &mut seen);
        (own, copies) = (own + heard.0, copies + heard.1);
        let privacy = mesh.summary().privacy.expect("a private mesh");
        assert!(privacy.epsilon_worst <= privacy.epsilon_budget && privacy.epsilon_budget <= 8.0);
    }
    assert!(own > 500 && copies > 100, "{own} and {copies}: the test must see both");
    let privacy = mesh.summary().privacy.expect("a private mesh");
    assert_eq!((privacy.updates_covered, privacy.silent), (8, NODES), "{privacy:?}");
    assert!(privacy.epsilon_median > 7.4 && privacy.refused > 100, "{privacy:?}");
    for node in 0..NODES {
        let made = seen.keys().filter(|(origin, _)| origin.0 == node).count();
        assert!((1..=8).contains(&made), "node {node}: {made} updates");
    }
    // Ask while it is awake enough to have had a round since.
    assert_eq!(silence(&mut mesh, 0), "silent: privacy budget spent");
    let before = seen.len();
    let (own, _) = overhear(&mut mesh, 600, &mut seen);
    assert_eq!((own, seen.len()), (0, before), "nothing new after that");
}

/// What was heard is far from what the origin has, by about the deviation of the noise.
#[test]
fn what_is_heard_is_not_what_the_node_has() {
    let mut scenario = private();
    scenario.protocol.privacy.budget = Budget { epsilon: 30_000.0, delta: 1e-5 };
    // A step that is never cut, so that only noise is between the two.
    (scenario.protocol.privacy.clip, scenario.protocol.privacy.noise_multiplier) = (4.0, 0.1);
    let mut mesh = mesh(&scenario, 1);
    mesh.tap((0..NODES).map(NodeId));
    let (mut squares, mut count) = (0_i64, 0_i64);
    for _ in 0..150 {
        let own: BTreeMap<NodeId, [Q16; TAPS]> =
            mesh.neurons().into_iter().map(|(id, neuron)| (id, *neuron.weights())).collect();
        mesh.step();
        let tapped = mesh.tapped();
        let heard = tapped.iter().filter_map(|(_, heard)| opened(heard));
        let sent: BTreeMap<NodeId, Update> =
            heard.filter(|(_, own)| *own).map(|(update, _)| (update.origin, update)).collect();
        for update in sent.values() {
            let own = own[&update.origin];
            for (sent, own) in update.weights.iter().zip(own).take(4) {
                squares += i64::from(sent.to_bits() - own.to_bits()).pow(2);
                count += 1;
            }
        }
    }
    assert!(count > 2_000, "{count}");
    // 0.4 in 1/65536; between tick and update the node learns a sample, which is little.
    let deviation = (squares / count).isqrt();
    assert!((25_000..27_500).contains(&deviation), "{deviation}, not about 26,214");
}

/// Always awake; node 5 claims weights of 4 in every tick.
const OPEN: &str = r#"(
    title: "Open", watch_for: "A liar among private nodes.", seed: 5,
    nodes: (count: 12, layout: Grid(columns: 4, spacing_mm: 8000), sentinels: Every(1)),
    radio: (range_mm: 30000, collisions: false, loss_at_range_percent: 0, loss_floor_percent: 0),
    twt: (calm_ms: 4000, prestorm_ms: 4000, storm_ms: 2000, window_ms: 600, storm_window_ms: 600),
    protocol: (privacy: (clip: 0.1, noise_multiplier: 0.5,
        budget: (epsilon: 30000.0, delta: 1e-5))),
    signals: [(modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode))],
)"#;

#[test]
fn merging_still_keeps_a_liar_out() {
    let run = |lies: bool| {
        let mut mesh = mesh(&parsed(OPEN), 1);
        while mesh.ticks() < 400 {
            mesh.step();
            let round = 1_000 + mesh.ticks() as u32;
            let template = Update {
                origin: NodeId(5),
                round,
                group: qres_core::id::GroupId(0),
                regime: qres_core::regime::Regime::Calm,
                polls: false,
                wire: qres_core::packet::Wire::Q16,
                taps: 4,
                gene: mesh.neurons()[0].1.gene(),
                weights: [Q16::from_bits(4 << 16); TAPS],
            };
            if lies {
                let message = Message::Update(template);
                mesh.inject(NodeId(5), Outgoing { message, round, at_us: 900_000 }, None);
            }
        }
        let summary = mesh.summary();
        let (merged, declined) = (summary.aggregations, summary.declined);
        assert!(merged > 0 && merged + declined > 200, "{merged} {declined}");
        (summary.prediction.ratio_mean, summary.consensus.spread)
    };
    let (honest, attacked) = (run(false), run(true));
    assert!((attacked.0 / honest.0 - 1.0).abs() < 0.05, "{attacked:?} and {honest:?}");
    assert!(attacked.1 < honest.1 + 0.5, "{attacked:?} and {honest:?}");
}

#[test]
fn a_restored_mesh_does_not_start_a_second_budget() {
    let scenario = private();
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 60);
    let bytes = straight.snapshot();
    let mut copy = mesh(&scenario, 1);
    copy.restore(&bytes).expect("its own snapshot");
    assert!(copy.summary().privacy.is_some_and(|privacy| privacy.epsilon_worst > 1.0));
    run_to(&mut copy, 260);
    run_to(&mut straight, 260);
    assert_eq!(copy.sections(), straight.sections());
}

#[test]
fn without_noise_there_is_no_account() {
    let mut mesh = mesh(&parsed(THICKET), 1);
    run_to(&mut mesh, 20);
    assert!(mesh.summary().privacy.is_none());
}
