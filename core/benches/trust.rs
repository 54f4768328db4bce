//! What a node makes of its neighbours: reputations, bans, opinions, and the parameters that they
//! agree on. Run with `cargo bench -p qres-core --bench trust`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

mod lived;

use divan::{Bencher, Divan, black_box};
use lived::{LIVED, PEERS, busy, node, updates};
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::node::Node;
use qres_core::q16::{HALF, Q16};
use qres_core::regime::Regime;
use qres_core::trust::opinion::{hear, opinions};
use qres_core::trust::{
    BanConfig, Case, Dossier, Event, Evidence, Neighbour, Opinions, Record, Share, WatchdogConfig,
    bound, gini, review, transition, verdict,
};
use qres_core::tuner::{Policy, Surroundings, Tuner};
use qres_core::wake::Role;

fn main() {
    // So many calls a sample: divan would settle on one where the first of all is interrupted.
    Divan::from_args().sample_size(64).main();
}

/// A neighbour's case moves by what a model did, and by a ban's time.
#[divan::bench]
fn ban_transition(bencher: Bencher<'_, '_>) {
    let (config, bans) = (NodeConfig::default().trust, BanConfig::default());
    let events = [
        Event::Evidence(Evidence::Good),
        Event::Evidence(Evidence::Harmful),
        Event::Evidence(Evidence::AuditFailed),
        Event::Time,
    ];
    let mut case = Case { reputation: HALF, record: Record::default() };
    let mut events = events.iter().cycle();
    let mut ticks = 0..;
    bencher.bench_local(|| {
        let event = events.next().copied().unwrap_or(Event::Time);
        case = transition(&config, &bans, case, black_box(event), ticks.next().unwrap_or(0));
        case
    });
}

/// Shares of sixteen voices, none above its share of reputation.
#[divan::bench]
fn influence_bounded_16(bencher: Bencher<'_, '_>) {
    let shares: Vec<Share> = (0..16)
        .map(|n| Share { weight: Q16::from_bits(n * 3_000), reputation: Q16::from_bits(n * 4_000) })
        .collect();
    bencher.with_inputs(|| shares.clone()).bench_local_refs(|shares| bound(HALF, shares));
}

#[divan::bench]
fn gini_of_16(bencher: Bencher<'_, '_>) {
    let values: Vec<Q16> = (0..16).map(|n| Q16::from_bits(n * 7_919 % 65_536)).collect();
    bencher.bench_local(|| gini(black_box(&values).iter().copied()));
}

/// A node that knows eight neighbours, and what it thinks of them.
fn known() -> (NodeConfig, Node<16>) {
    let mut config = busy();
    config.trust.bans = Some(BanConfig::default());
    config.trust.watchdog = Some(WatchdogConfig::default());
    let mut node = node(&config, Role::Scheduled);
    let updates = updates(&node, 3, false);
    for (peer, update) in node.neighbours.iter_mut().zip(&updates) {
        peer.hear(Tick(LIVED - 5), update.round, update.regime);
        peer.reputation = Q16::from_bits(30_000 + update.origin.0 as i32 * 4_000);
    }
    (config, node)
}

/// The end of a round: bans run out, influence is measured, the watchdog looks around.
#[divan::bench]
fn neighbours_reviewed(bencher: Bencher<'_, '_>) {
    let (config, node) = known();
    let mut neighbours: Vec<Neighbour> = node.neighbours.to_vec();
    let mut dossier: Dossier<16> = node.conduct.expect("a mesh that bans");
    bencher.bench_local(|| {
        review(&config.trust, &config.wake, &mut neighbours, &mut dossier.view(), Tick(LIVED))
    });
}

/// What a neighbour says of all others.
fn said(node: &Node<16>) -> Opinions {
    opinions(&node.neighbours, 0)
}

/// The page on conduct after each neighbour but the last has said what it thinks of all others.
fn talked() -> (NodeConfig, Node<16>, Dossier<16>) {
    let (mut config, node) = known();
    config.trust.opinions = true;
    let mut dossier = node.conduct.clone().expect("a mesh that bans");
    for peer in node.neighbours.iter().take(PEERS as usize - 1) {
        hear(&config.trust, &node.neighbours, &mut dossier.view(), peer.id, &said(&node));
    }
    (config, node, dossier)
}

/// The last neighbour says it too: each of its words is held against what the others have said.
#[divan::bench]
fn opinions_heard(bencher: Bencher<'_, '_>) {
    let (config, node, dossier) = talked();
    let (said, last) = (said(&node), NodeId(PEERS - 1));
    assert_eq!(said.said().len(), PEERS as usize);
    bencher.with_inputs(|| dossier.clone()).bench_local_refs(|dossier| {
        hear(&config.trust, &node.neighbours, &mut dossier.view(), last, black_box(&said));
    });
}

/// What all say of one neighbour, weighed by who says it.
#[divan::bench]
fn opinions_weighed(bencher: Bencher<'_, '_>) {
    let (_, node, mut dossier) = talked();
    let entry = dossier.view().entries[3];
    assert!(verdict(&node.neighbours, 3, &entry).is_some(), "enough have spoken");
    bencher.bench_local(|| verdict(black_box(&node.neighbours), 3, black_box(&entry)));
}

/// A round of the tuner, which has heard eight neighbours; and the parameters in place.
#[divan::bench]
fn policy_step(bencher: Bencher<'_, '_>) {
    let (config, node) = known();
    let mut tuner = Tuner::default();
    (0..PEERS).for_each(|peer| tuner.hear(NodeId(peer), &Policy::default()));
    bencher.bench_local(|| {
        tuner.review(&Surroundings {
            neighbours: black_box(&node.neighbours),
            weights: node.neuron.weights(),
            regime: Regime::Calm,
            energy: HALF,
        });
        tuner.apply(&config).trust.reward
    });
}
