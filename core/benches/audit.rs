//! What audits cost: the test that finds outliers, commitments, and both sides of an audit. Run
//! with `cargo bench -p qres-core --bench audit`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

mod lived;

use divan::{Bencher, black_box};
use lived::{LIVED, SELF, busy, node, sample, updates};
use qres_core::audit::grubbs::{outlier, suspects};
use qres_core::audit::learner::{Blend, Event, Heard, Learner, Mind};
use qres_core::audit::log::{Log, Sealed};
use qres_core::audit::reveal::show;
use qres_core::audit::tree::{LEAVES, Tree, join, pair, prove};
use qres_core::audit::verify::{Claim, Known, verify};
use qres_core::audit::wire::Ask;
use qres_core::audit::{HASH_BYTES, Hash, Verdict};
use qres_core::config::NodeConfig;
use qres_core::id::NodeId;
use qres_core::neuron::TAPS;
use qres_core::node::Node;
use qres_core::packet::Update;
use qres_core::q16::HALF;
use qres_core::regime::Regime;
use qres_core::wake::Role;

fn main() {
    divan::main();
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

#[divan::bench(sample_size = 64)]
fn grubbs_of_16(bencher: Bencher<'_, '_>) {
    let values: Vec<i32> = (0..16).map(|n| n * 7_919 % 65_536).collect();
    bencher.bench_local(|| outlier(black_box(&values)));
}

/// The test on each weight and on the norm.
#[divan::bench(sample_size = 64)]
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

#[divan::bench(sample_size = 64)]
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
#[divan::bench(sample_size = 64)]
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
        let event = Event::Sample { critical: false, value };
        learner.step(config, SELF, &event).expect("an honest step");
        log.sample(false, value, learner.mind());
    }
    (log, learner)
}

fn sealed_epoch(config: &NodeConfig) -> Sealed {
    let (mut log, learner) = epoch(config);
    log.seal(SELF, 16, learner.mind(), None).expect("an epoch that fits")
}

/// What audits cost a node with each sample; a stretch of 32 ends now and then, and is hashed.
#[divan::bench(sample_size = 64)]
fn sample_noted(bencher: Bencher<'_, '_>) {
    let config = NodeConfig::default();
    let (log, learner) = epoch(&config);
    bencher
        .with_inputs(|| log.clone())
        .bench_local_refs(|log| log.sample(false, black_box(HALF), learner.mind()));
}

/// The end of an epoch: root, proofs and commitment.
#[divan::bench]
fn sealed(bencher: Bencher<'_, '_>) {
    let (log, learner) = epoch(&NodeConfig::default());
    bencher
        .with_inputs(|| log.clone())
        .bench_local_refs(|log| log.seal(SELF, 16, learner.mind(), None));
}

/// The audited node computes its epoch again, and shows a stretch.
#[divan::bench]
fn shown(bencher: Bencher<'_, '_>) {
    let config = NodeConfig::default();
    let sealed = sealed_epoch(&config);
    bencher.bench_local(|| show(&config, SELF, black_box(&sealed), Ask::Stretch(1)));
}

/// The auditor checks the proofs, and computes the stretch of 32 samples again.
#[divan::bench]
fn verified(bencher: Bencher<'_, '_>) {
    let config = NodeConfig::default();
    let sealed = sealed_epoch(&config);
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
