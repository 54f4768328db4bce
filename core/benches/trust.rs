//! What a node makes of its neighbours: reputations, bans, opinions, outliers, audits with their
//! commitments, and the parameters that neighbours agree on. Run with
//! `cargo bench -p qres-core --bench trust`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

mod lived;

use divan::{Bencher, black_box};
use lived::{LIVED, PEERS, SELF, busy, node, sample, updates};
use qres_core::audit::grubbs::{outlier, suspects};
use qres_core::audit::learner::{Blend, Heard, Learner, Mind};
use qres_core::audit::log::{Log, Sealed};
use qres_core::audit::reveal::show;
use qres_core::audit::tree::{LEAVES, Tree, join, pair, prove};
use qres_core::audit::verify::{Claim, Known, verify};
use qres_core::audit::wire::Ask;
use qres_core::audit::{HASH_BYTES, Hash, Verdict};
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::TAPS;
use qres_core::node::Node;
use qres_core::packet::Update;
use qres_core::q16::{HALF, Q16};
use qres_core::regime::Regime;
use qres_core::trust::{
    BanConfig, Case, Dossier, Event, Evidence, Neighbour, Record, Share, WatchdogConfig, bound,
    gini, review, transition, verdict,
};
use qres_core::tuner::{Policy, Surroundings, Tuner};
use qres_core::wake::Role;

fn main() {
    divan::main();
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
    for (place, peer) in node.neighbours.iter_mut().enumerate() {
        peer.hear(Tick(LIVED - 5), 3, Regime::Calm);
        peer.reputation = Q16::from_bits(30_000 + place as i32 * 4_000);
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

/// What all say of one neighbour, weighed by who says it.
#[divan::bench]
fn opinions_weighed(bencher: Bencher<'_, '_>) {
    let (_, node) = known();
    let mut dossier = node.conduct.expect("a mesh that bans");
    let entry = dossier.view().entries[3];
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

/// Sixteen models of a round, the last of which stands out.
fn blend(node: &Node<16>) -> Blend {
    let heard = |(update, origin): (Update, u32)| Heard {
        origin: NodeId(origin),
        round: 9,
        regime: Regime::Calm,
        influence: HALF,
        weights: update.weights.map(|weight| if origin == 15 { -weight } else { weight }),
    };
    let twice = [updates(node, 9, false), updates(node, 10, false)].concat();
    let voices = twice.into_iter().zip(0..).map(heard).collect();
    Blend { round: 9, own_influence: HALF, banned: false, taps: TAPS as u8, voices }
}

#[divan::bench]
fn grubbs_of_16(bencher: Bencher<'_, '_>) {
    let values: Vec<i32> = (0..16).map(|n| n * 7_919 % 65_536).collect();
    bencher.bench_local(|| outlier(black_box(&values)));
}

/// The test on each weight and on the norm.
#[divan::bench]
fn outlying_models_of_16(bencher: Bencher<'_, '_>) {
    let blend = blend(&node(&busy(), Role::Scheduled));
    let mut found = 0;
    suspects(&blend, |_| found += 1);
    assert_eq!(found, 1);
    bencher.bench_local(|| {
        suspects(black_box(&blend), |origin| {
            black_box(origin);
        });
    });
}

fn leaves() -> [Hash; LEAVES] {
    core::array::from_fn(|n| [n as u8; HASH_BYTES])
}

#[divan::bench]
fn tree_join(bencher: Bencher<'_, '_>) {
    let [one, other, ..] = leaves();
    bencher.bench_local(|| join(black_box(&one), black_box(&other)));
}

/// A commitment: sixteen leaves and the root.
#[divan::bench]
fn tree_of_16(bencher: Bencher<'_, '_>) {
    let leaves = leaves();
    bencher.bench_local(|| {
        let mut tree = Tree::default();
        for leaf in leaves.iter().take(15) {
            tree.push(*leaf);
        }
        tree.close(black_box(&leaves[15]))
    });
}

/// That a tree of sixteen holds two leaves.
#[divan::bench]
fn tree_proof_checked(bencher: Bencher<'_, '_>) {
    let leaves = leaves();
    let proof = prove(&mut leaves.clone(), 16, 5).expect("a leaf");
    bencher.bench_local(|| pair(5, 16, [black_box(&leaves[5]), &leaves[6]], black_box(&proof)));
}

/// An epoch of a node that senses and does nothing else, as it is sealed; the state at its start.
fn epoch(config: &NodeConfig) -> (Log, Learner) {
    let node = node(config, Role::Scheduled);
    let mut learner = Mind {
        neuron: &node.neuron,
        residual: &node.residual,
        detector: &node.detector,
        carry: None,
    }
    .copy();
    let mut log = Log::new(learner.mind());
    for n in LIVED..LIVED + 100 {
        let value = sample(0, n);
        let event = qres_core::audit::learner::Event::Sample { critical: false, value };
        learner.step(config, SELF, &event).expect("an honest step");
        log.sample(false, value, learner.mind());
    }
    (log, learner)
}

fn sealed(config: &NodeConfig) -> Sealed {
    let (mut log, learner) = epoch(config);
    log.seal(SELF, 16, learner.mind(), None).expect("an epoch that fits")
}

/// What audits cost a node with each sample; a stretch of 32 ends now and then, and is hashed.
#[divan::bench]
fn audit_sample_noted(bencher: Bencher<'_, '_>) {
    let config = NodeConfig::default();
    let (log, learner) = epoch(&config);
    bencher
        .with_inputs(|| log.clone())
        .bench_local_refs(|log| log.sample(false, black_box(HALF), learner.mind()));
}

/// The end of an epoch: root, proofs and commitment.
#[divan::bench]
fn audit_sealed(bencher: Bencher<'_, '_>) {
    let (log, learner) = epoch(&NodeConfig::default());
    bencher
        .with_inputs(|| log.clone())
        .bench_local_refs(|log| log.seal(SELF, 16, learner.mind(), None));
}

/// The audited node computes its epoch again, and shows a stretch.
#[divan::bench]
fn audit_shown(bencher: Bencher<'_, '_>) {
    let config = NodeConfig::default();
    let sealed = sealed(&config);
    bencher.bench_local(|| show(&config, SELF, black_box(&sealed), Ask::Stretch(1)));
}

/// The auditor checks the proofs, and computes the stretch of 32 samples again.
#[divan::bench]
fn audit_verified(bencher: Bencher<'_, '_>) {
    let config = NodeConfig::default();
    let sealed = sealed(&config);
    let ask = Ask::Stretch(1);
    let shown = show(&config, SELF, &sealed, ask).0.expect("such a stretch");
    let known = Known {
        node: SELF,
        commit: &sealed.commit,
        before: None,
        rival: None,
        ask,
        claim: Claim::default(),
    };
    assert_eq!(verify(&config, &known, &shown, |_, _, _| None), (Verdict::Honest, 32));
    bencher.bench_local(|| verify(&config, black_box(&known), black_box(&shown), |_, _, _| None));
}
