//! Tests of the norm proof: what holds, what a forger may try, and what bytes may do.

use super::*;
use crate::integrity::commitment::{Commitments, commit_weights};
use crate::stream::Stream;

const SEED: [u8; 32] = [7; 32];

fn claim(bound: u32) -> Claim {
    Claim { mesh: 1, origin: NodeId(2), round: 3, nonce: [4; 32], bound }
}

fn weights(steps: &[i32]) -> heapless::Vec<Q16, TAPS> {
    steps.iter().map(|step| Q16::from_bits(step * commitment::GRID)).collect()
}

type Proof = heapless::Vec<u8, PROOF_MAX>;

fn proved(claim: &Claim, steps: &[i32]) -> Result<(Commitments, Proof), ProveError> {
    let mut proof = Proof::new();
    proof.resize(PROOF_MAX, 0).expect("fits");
    let length = prove(claim, &weights(steps), &SEED, &[9; 32], &mut proof)?;
    proof.truncate(length);
    Ok((commit_weights(&weights(steps), &SEED), proof))
}

#[test]
fn honest_proofs_pass_up_to_the_bound() {
    let table: [(&[i32], u32); 6] = [
        (&[0], 1),
        (&[1], 1),
        (&[-1, 1, 0], 2),
        (&[3, -4], 25),
        (&[256, 0, 0, 0, 0, 0, 0, 0], 65_536),
        (&[-1_024, 1_024, 7], 2_097_201),
    ];
    for (steps, bound) in table {
        let (commitments, proof) = proved(&claim(bound), steps).expect("within the bound");
        assert_eq!(proof.len(), proof_bytes(steps.len(), bound));
        assert_eq!(verify(&claim(bound), &commitments, &proof), Ok(()), "{steps:?}");
    }
}

#[test]
fn claims_out_of_range_are_refused() {
    let table: [(&[i32], u32, ProveError); 5] = [
        (&[3, -4], 24, ProveError::Norm),
        (&[1_024; 8], BOUND_MAX - 1, ProveError::Norm),
        (&[], 1, ProveError::Claim),
        (&[0], 0, ProveError::Claim),
        (&[0], BOUND_MAX + 1, ProveError::Claim),
    ];
    for (steps, bound, error) in table {
        assert_eq!(proved(&claim(bound), steps).err(), Some(error), "{steps:?} under {bound}");
        let commitments = commit_weights(&weights(steps), &SEED);
        assert!(verify(&claim(bound), &commitments, &[]).is_err());
    }
    let short = prove(&claim(1), &weights(&[1]), &SEED, &[0; 32], &mut [0; 99]);
    assert_eq!(short, Err(ProveError::Room));
}

/// A prover that does not look whether its claim is true.
fn forged(claim: &Claim, steps: &[i32]) -> (Commitments, Proof) {
    let weights = weights(steps);
    let commitments = commit_weights(&weights, &SEED);
    let mut transcript = open(claim, &commitments, None);
    let prover = Prover {
        generator: commitment::value_generator(),
        nonces: Nonces(Zeroizing::new([1; 32])),
        blindings: (0..steps.len()).map(|place| commitment::blinding(&SEED, place)).collect(),
        values: commitment::values(&weights),
        link: None,
        bound: claim.bound,
    };
    let points: heapless::Vec<RistrettoPoint, TAPS> =
        commitments.iter().filter_map(commitment::point).collect();
    let mut proof = Proof::new();
    proof.resize(proof_bytes(steps.len(), claim.bound), 0).expect("fits");
    let (head, tail) = proof.split_at_mut(point_bytes(steps.len(), claim.bound));
    prover.announce(&points, &mut transcript, &mut Writer::new(head)).expect("room");
    prover.respond(transcript.challenge("c"), &mut Writer::new(tail)).expect("room");
    (commitments, proof)
}

#[test]
fn a_forger_fails_beyond_the_bound_and_beyond_the_range() {
    // The forger's own code is right: a true claim passes.
    let (commitments, proof) = forged(&claim(25), &[3, -4]);
    assert_eq!(verify(&claim(25), &commitments, &proof), Ok(()));
    // One beyond; far beyond; and values outside of the range of their bits.
    for (steps, bound) in [([3, -4], 24), ([100, 0], 25), ([0, -1_024], 1)] {
        let (commitments, proof) = forged(&claim(bound), &steps);
        let refused = Err(ProofError::Mismatch);
        assert_eq!(verify(&claim(bound), &commitments, &proof), refused, "{steps:?}");
    }
}

/// The square root of -1 makes a sum of squares small that is not; the ranges stop it.
#[test]
fn the_sum_of_squares_cannot_wrap_around_the_order() {
    // The order is 5 modulo 8, so 2 is no square and 2^((order - 1) / 4) is a root of -1.
    let order_less_one_by_four = (-Scalar::ONE) * Scalar::from(4_u8).invert();
    let mut root = Scalar::ONE;
    for bit in order_less_one_by_four
        .to_bytes()
        .iter()
        .rev()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
    {
        root *= root;
        if bit == 1 {
            root += root;
        }
    }
    assert_eq!(root * root, -Scalar::ONE);
    // Its lowest bits, shown as if they were all of it.
    let (generator, blinding) = (commitment::value_generator(), Scalar::from(5_u8));
    let target = commitment::commit(&generator, &root, &blinding);
    let nonces = Nonces(Zeroizing::new([1; 32]));
    let value = u64::from(root.to_bytes()[0]);
    let range = Range { nonces: &nonces, part: 1, bits: 8, value, blinding };
    let (mut points, mut scalars) = ([0; 7 * 32], [0; 8 * BIT_BYTES]);
    let mut said = Transcript::new("qres test");
    range.announce(&generator, &mut said, &mut Writer::new(&mut points)).expect("room");
    let challenge = said.challenge("c");
    range.respond(challenge, &mut Writer::new(&mut scalars)).expect("room");
    let retraced = |target| {
        let mut said = Transcript::new("qres test");
        let (mut points, mut scalars) = (Reader::new(&points), Reader::new(&scalars));
        retrace(&generator, target, 8, challenge, &mut said, &mut points, &mut scalars)?;
        Some(said.challenge("c") == challenge)
    };
    assert_eq!(retraced(target), Some(false));
    let honest = commitment::commit(&generator, &Scalar::from(value), &blinding);
    assert_eq!(retraced(honest), Some(true), "the same bytes pass for what they show");
}

#[test]
fn a_proof_fits_no_other_claim_and_no_other_commitments() {
    let here = claim(25);
    let (commitments, proof) = proved(&here, &[3, -4]).expect("within the bound");
    let others = [
        Claim { mesh: 2, ..here },
        Claim { origin: NodeId(3), ..here },
        Claim { round: 4, ..here },
        Claim { nonce: [5; 32], ..here },
        Claim { bound: 26, ..here },
        Claim { bound: 24, ..here },
    ];
    for other in others {
        assert_eq!(verify(&other, &commitments, &proof), Err(ProofError::Mismatch), "{other:?}");
    }
    let swapped = [commitments[1], commitments[0]];
    assert_eq!(verify(&here, &swapped, &proof), Err(ProofError::Mismatch));
    let same_value = commit_weights(&weights(&[3, -4]), &[8; 32]);
    assert_eq!(verify(&here, &same_value, &proof), Err(ProofError::Mismatch));
    assert_eq!(verify(&here, &commitments[..1], &proof), Err(ProofError::Length));
    let no_point = [[0xff; 32], commitments[1]];
    assert_eq!(verify(&here, &no_point, &proof), Err(ProofError::Encoding));
}

#[test]
fn every_changed_byte_is_refused() {
    let here = claim(1);
    let (commitments, proof) = proved(&here, &[-1]).expect("within the bound");
    for place in 0..proof.len() {
        let mut damaged = proof.clone();
        damaged[place] ^= 1 << (place % 8);
        assert!(verify(&here, &commitments, &damaged).is_err(), "byte {place}");
    }
    for place in 0..32 {
        let mut damaged = commitments.clone();
        damaged[0][place] ^= 1 << (place % 8);
        assert!(verify(&here, &damaged, &proof).is_err(), "byte {place} of the commitment");
    }
}

#[test]
fn arbitrary_bytes_are_refused_at_any_length() {
    let commitments = commit_weights(&weights(&[1]), &SEED);
    let mut noise = [0; PROOF_MAX];
    Stream::new("qres test", &[b"noise"]).fill(&mut noise);
    let right = proof_bytes(1, 1);
    for length in (0..right + 40).step_by(7).chain([right, PROOF_MAX]) {
        assert!(verify(&claim(1), &commitments, &noise[..length]).is_err(), "{length} bytes");
        assert!(verify(&claim(1), &commitments, &[0; PROOF_MAX][..length]).is_err());
    }
}

#[test]
fn proofs_of_one_claim_share_nothing_but_what_they_must() {
    let prove_with = |steps: &[i32], entropy: u8| {
        let mut proof = Proof::new();
        proof.resize(proof_bytes(2, 25), 0).expect("fits");
        prove(&claim(25), &weights(steps), &SEED, &[entropy; 32], &mut proof).expect("true");
        proof
    };
    let first = prove_with(&[3, 4], 0);
    // Other entropy, then other values under stuck entropy: every 32 bytes differ.
    for (steps, entropy) in [([3, 4], 1), ([3, -4], 0)] {
        let second = prove_with(&steps, entropy);
        assert!(first.chunks_exact(32).zip(second.chunks_exact(32)).all(|(a, b)| a != b));
    }
    assert_eq!(prove_with(&[3, 4], 0), first, "and it is a function of its inputs");
    let digest = blake3::hash(&first).to_hex();
    let golden = "b8e291fa3f9b266f592c92fb61fbbe6c785d9d618b3bcb54e352a126640b167b";
    assert_eq!(digest.as_str(), golden, "the same bytes on every target");
}
