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
use qres_core::privacy::aggregation::{Member, Reveal, Seals, unmask};
use qres_core::privacy::exchange::{Exchange, ExchangeKey};
use qres_core::privacy::gaussian::{Variance, sample};
use qres_core::privacy::release::{PrivacyConfig, Publisher};
use qres_core::privacy::roster::{Members, Roster};
use qres_core::privacy::sums::{SumGroup, Ties};
use qres_core::q16::{Q16, percent};
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

const NODES: [NodeId; 8] = {
    let mut nodes = [NodeId(0); 8];
    let mut node = 0;
    while node < 8 {
        nodes[node] = NodeId(node as u32);
        node += 1;
    }
    nodes
};

fn roster() -> Roster {
    Roster::new(1, 1, &NODES, 6).expect("a group")
}

fn exchange(node: usize) -> Exchange {
    Exchange::from_seed(&[node as u8; 32])
}

fn member(node: usize) -> Member {
    let keys: [ExchangeKey; 8] = core::array::from_fn(|node| exchange(node).public());
    Member::new(&roster(), NODES[node], &exchange(node), &keys, &[3; 32]).expect("good keys")
}

/// A member of a group of eight: seven exchanges, and its hands to the others.
#[divan::bench]
fn join_group_of_eight(bencher: Bencher) {
    let keys: [ExchangeKey; 8] = core::array::from_fn(|node| exchange(node).public());
    let (roster, own) = (roster(), exchange(0));
    bencher.bench(|| {
        let member = Member::new(&roster, NODES[0], &own, &keys, &[3; 32]).expect("good keys");
        Members::all(8).places().filter_map(|to| member.deal(to)).count()
    });
}

/// Masks off a sum of eight, one of whom has dropped out: what six of the others have revealed.
#[divan::bench]
fn unmask_group_of_eight(bencher: Bencher) {
    let mut members: [Member; 8] = core::array::from_fn(member);
    for (from, to) in (0..8).flat_map(|from| (0..8).map(move |to| (from, to))) {
        if from != to {
            let hand = members[from].deal(to).expect("in the group");
            members[to].take(from, &hand).expect("opens");
        }
    }
    let (present, survivors) = (Members::all(8), Members::all(8).without(7));
    let mut masked = [0_i32; 8];
    for (place, member) in members.iter_mut().enumerate() {
        let mut vector = weights().map(Q16::to_bits);
        member.mask(present, &mut vector).expect("all have dealt");
        if survivors.has(place) {
            masked.iter_mut().zip(vector).for_each(|(sum, part)| *sum = sum.wrapping_add(part));
        }
    }
    let seals: Vec<Seals> = members.iter().map(Member::seals).collect();
    let reveals: Vec<Reveal> =
        members.iter_mut().take(6).map(|member| member.reveal(survivors).expect("once")).collect();
    let open = |sum: &mut [i32; 8]| unmask(&roster(), present, survivors, &reveals, &seals, sum);
    let mut sum = masked;
    assert_eq!(open(&mut sum), Ok(()));
    assert_eq!(sum, weights().map(|weight| 7 * weight.to_bits()));
    bencher.with_inputs(|| masked).bench_local_refs(open);
}

/// The vector of an epoch under eight masks.
#[divan::bench]
fn sum_masked(bencher: Bencher) {
    let group = SumGroup::new(1, NodeId(9), &NODES).expect("a group");
    let ties = Ties::simulated(&group, NODES[0]).expect("a member");
    let (mut vector, mut epochs) = (weights().map(Q16::to_bits), 1..);
    bencher.bench_local(|| ties.vector(&group, epochs.next().unwrap_or(1), &mut vector));
}

/// What a member says when one of eight has dropped out.
#[divan::bench]
fn sum_corrected(bencher: Bencher) {
    let group = SumGroup::new(1, NodeId(9), &NODES).expect("a group");
    let ties = Ties::simulated(&group, NODES[0]).expect("a member");
    let (survivors, mut epochs) = (Members::all(8).without(7), 1..);
    bencher.bench_local(|| ties.correction(&group, epochs.next().unwrap_or(1), survivors, 8));
}

/// Eight weights clipped, noised and paid for.
#[divan::bench]
fn private_release(bencher: Bencher) {
    let config = PrivacyConfig::new(percent(20), Q16::from_num(4), Q16::from_num(8), 5);
    let config = config.expect("in range");
    let (publisher, weights) = (Publisher::new(&config, [7; 32]), weights());
    let mut rounds = 1..;
    bencher.with_inputs(|| publisher).bench_local_refs(|publisher| {
        publisher.release(&config, rounds.next().unwrap_or(1), 8, black_box(&weights))
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
