//! A whole node: its tick, its digest, and the merge that ends a round. The parts that it is made
//! of have benches of their own. Run with `cargo bench -p qres-core --bench tick`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

mod lived;

use std::collections::VecDeque;

use divan::{Bencher, Divan, black_box};
use lived::{LIVED, Quiet, SELF, busy, node, sample, updates};
use qres_core::config::NodeConfig;
use qres_core::id::Tick;
use qres_core::inbox::Inbox;
use qres_core::node::Node;
use qres_core::packet::{Message, Update};
use qres_core::phase::{Adoption, Merger, merge};
use qres_core::q16::Q16;
use qres_core::radio::Heard;
use qres_core::regime::Regime;
use qres_core::responder::Route;
use qres_core::wake::Role;

fn main() {
    // So many calls a sample: divan would settle on one where the first of all is interrupted.
    Divan::from_args().sample_size(64).main();
}

/// Tick after tick in which nothing is heard; most of them in sleep, as in the default mesh.
fn alone(bencher: Bencher<'_, '_>, config: &NodeConfig, role: Role) {
    let mut node = node(config, role);
    let samples: Vec<Q16> = (0..1_000).map(|n| sample(0, n)).collect();
    let mut samples = samples.iter().cycle();
    let mut now = LIVED;
    bencher.bench_local(|| {
        now += 1;
        // What is spent is not the bench's matter: an empty battery would end it.
        node.energy.refill(&config.energy, config.energy.capacity_uj);
        node.tick(config, Tick(now), black_box(samples.next().copied()), &mut Quiet::default())
    });
}

#[divan::bench]
fn calm(bencher: Bencher<'_, '_>) {
    alone(bencher, &NodeConfig::default(), Role::Scheduled);
}

#[divan::bench]
fn sentinel(bencher: Bencher<'_, '_>) {
    alone(bencher, &NodeConfig::default(), Role::Sentinel);
}

/// A radio that brings each of these from its origin.
fn bringing(config: &NodeConfig, updates: &[Update]) -> Quiet {
    let mut heard = VecDeque::new();
    for (update, at_us) in updates.iter().zip((1_000..).step_by(1_000)) {
        let message = Message::Update(*update);
        config.air.frames(update.origin, update.round, &message, &[], |frame| {
            heard.push_back(Heard { frame: frame.iter().copied().collect(), at_us });
        });
    }
    Quiet(heard)
}

/// The same tick again and again, of a node that ends a round in it.
fn hearing(bencher: Bencher<'_, '_>, config: &NodeConfig, node: &Node<16>, radio: &Quiet) {
    let offered = node.clone().tick(config, Tick(LIVED), None, &mut radio.clone()).merge;
    assert_eq!(offered.map(|merge| (merge.offered, merge.merged)), Some((8, 8)));
    let now = sample(0, LIVED);
    bencher.with_inputs(|| (node.clone(), radio.clone())).bench_local_refs(|(node, radio)| {
        node.tick(config, Tick(LIVED), Some(black_box(now)), radio)
    });
}

/// Eight models are read, judged on the node's own samples, and merged.
#[divan::bench]
fn with_eight_offers(bencher: Bencher<'_, '_>) {
    let config = busy();
    let node = node(&config, Role::Scheduled);
    let radio = bringing(&config, &updates(&node, 9, false));
    hearing(bencher, &config, &node, &radio);
}

/// A sentinel that hears eight clients, each of which asks for what the others have said.
#[divan::bench]
fn sentinel_with_eight_polls(bencher: Bencher<'_, '_>) {
    let config = busy();
    let mut node = node(&config, Role::Sentinel);
    for (place, origin) in node.clients.clone().into_iter().enumerate() {
        node.routes.push(Route::new(origin, 0xFF & !(1 << place))).expect("room");
    }
    let radio = bringing(&config, &updates(&node, 9, true));
    hearing(bencher, &config, &node, &radio);
}

/// The merge of eight offers alone, by each way of taking it on.
#[divan::bench(args = [Adoption::Tested, Adoption::Screened, Adoption::Blind])]
fn merge_of_eight(bencher: Bencher<'_, '_>, adoption: Adoption) {
    let config = NodeConfig { adoption, ..busy() };
    let node = node(&config, Role::Scheduled);
    let mut inbox = Inbox::default();
    for update in updates(&node, 9, false) {
        assert!(!inbox.push(&update), "there is room");
    }
    let merger = Merger { id: SELF, round: 9, regime: Regime::Calm, now: Tick(LIVED) };
    let input = || (node.neuron, node.neighbours.clone(), inbox.clone());
    bencher.with_inputs(input).bench_local_refs(|(neuron, neighbours, inbox)| {
        merge(&config, merger, None, neuron, &node.residual, neighbours, None, inbox)
    });
}

/// What a mesh compares nodes by: all their state, encoded and hashed.
#[divan::bench]
fn digest(bencher: Bencher<'_, '_>) {
    let node = node(&busy(), Role::Scheduled);
    bencher.bench_local(|| black_box(&node).digest());
}

/// All their state from bytes, as after a power cut.
#[divan::bench]
fn state_read(bencher: Bencher<'_, '_>) {
    let config = busy();
    let node = node(&config, Role::Scheduled);
    let mut bytes = heapless::Vec::<u8, 8_192>::new();
    node.encode_to(&mut bytes);
    assert!(Node::<16>::from_bytes(&config, &bytes).is_some());
    bencher.bench_local(|| Node::<16>::from_bytes(&config, black_box(&bytes)));
}
