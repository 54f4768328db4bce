//! How long signatures, exchanges, masks, noise and norm proofs take on the machine at hand:
//! `cargo bench -p qres-core --bench crypto`. Sizes are printed first.

#![expect(clippy::expect_used, reason = "a bench that cannot start should say why and stop")]

use divan::{Bencher, black_box};
use qres_core::gene::GeneId;
use qres_core::id::{GroupId, NodeId};
use qres_core::integrity::commitment::commit_weights;
use qres_core::integrity::identity::Identity;
use qres_core::integrity::norm::{Claim, PROOF_MAX, proof_bytes, prove, verify};
use qres_core::packet::{Update, Wire};
use qres_core::privacy::aggregation::Member;
use qres_core::privacy::exchange::{Exchange, ExchangeKey};
use qres_core::privacy::gaussian::{Variance, sample};
use qres_core::privacy::roster::{Members, Roster};
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::stream::Stream;

fn main() {
    for (weights, bound) in [(1, 65_536), (4, 65_536), (8, 256), (8, 65_536), (8, 1 << 20)] {
        println!(
            "norm proof, {weights} weights, bound {bound}: {} bytes",
            proof_bytes(weights, bound)
        );
    }
    divan::main();
}

fn weights() -> [Q16; 8] {
    core::array::from_fn(|tap| Q16::from_bits(tap as i32 * 5_000 - 17_000))
}

fn update() -> Update {
    Update {
        origin: NodeId(1),
        round: 9,
        group: GroupId(0),
        regime: Regime::Calm,
        polls: false,
        wire: Wire::Q16,
        taps: 8,
        gene: GeneId(9),
        weights: weights(),
    }
}

fn claim() -> Claim {
    Claim { mesh: 1, origin: NodeId(1), round: 9, nonce: [2; 32], bound: 65_536 }
}

#[divan::bench]
fn sign(bencher: Bencher) {
    let key = Identity::simulated(1, NodeId(1));
    bencher.bench(|| key.sign(1, black_box(&update())));
}

#[divan::bench]
fn verify_signature(bencher: Bencher) {
    let key = Identity::simulated(1, NodeId(1));
    let (public, signature) = (key.public(), key.sign(1, &update()));
    bencher.bench(|| public.verify(1, black_box(&update()), &signature));
}

#[divan::bench]
fn agree(bencher: Bencher) {
    let (own, peer) = (Exchange::from_seed(&[1; 32]), Exchange::from_seed(&[2; 32]).public());
    bencher.bench(|| own.agree(black_box(&peer)));
}

/// A member of a group of eight: seven exchanges, and its hands to the others.
#[divan::bench]
fn join_group_of_eight(bencher: Bencher) {
    let nodes: [NodeId; 8] = core::array::from_fn(|node| NodeId(node as u32));
    let roster = Roster::new(1, 1, &nodes, 6).expect("a group");
    let exchange = |node: usize| Exchange::from_seed(&[node as u8; 32]);
    let keys: [ExchangeKey; 8] = core::array::from_fn(|node| exchange(node).public());
    let own = exchange(0);
    bencher.bench(|| {
        let member = Member::new(&roster, NodeId(0), &own, &keys, &[3; 32]).expect("good keys");
        Members::all(8).places().filter_map(|to| member.deal(to)).count()
    });
}

#[divan::bench(args = [1 << 4, 1 << 20, 1 << 40])]
fn noise(bencher: Bencher, variance: u64) {
    let variance = Variance::new(variance, 1).expect("in range");
    let mut stream = Stream::new("qres bench", &[]);
    bencher.bench_local(|| sample(variance, &mut stream));
}

#[divan::bench]
fn prove_norm(bencher: Bencher) {
    let mut proof = [0; PROOF_MAX];
    bencher.bench_local(|| prove(&claim(), &weights(), &[1; 32], &[2; 32], &mut proof));
}

#[divan::bench]
fn verify_norm(bencher: Bencher) {
    let mut proof = [0; PROOF_MAX];
    let length = prove(&claim(), &weights(), &[1; 32], &[2; 32], &mut proof).expect("small");
    let commitments = commit_weights(&weights(), &[1; 32]);
    assert_eq!(verify(&claim(), &commitments, &proof[..length]), Ok(()));
    bencher.bench(|| verify(&claim(), black_box(&commitments), &proof[..length]));
}
