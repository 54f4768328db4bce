//! Tests of vector commitments: they add, they open to one sum, and what is shown of one fits no
//! other.

use super::*;
use crate::id::NodeId;

const SCHEMES: [Scheme; 2] = [Scheme::Curve, Scheme::Counted];

fn claim(bound: u32) -> Claim {
    Claim { mesh: 1, origin: NodeId(2), round: 3, nonce: [4; 32], bound }
}

fn weights(steps: &[i32]) -> heapless::Vec<Q16, TAPS> {
    steps.iter().map(|step| Q16::from_bits(step * commitment::GRID)).collect()
}

fn blinding(number: u8) -> Scalar {
    Stream::new("qres test", &[&[number]]).scalar()
}

type Shown = heapless::Vec<u8, SHOWN_MAX>;

fn shown(
    scheme: Scheme,
    claim: &Claim,
    steps: &[i32],
    blinding: &Scalar,
) -> Result<Shown, ProveError> {
    let mut out = Shown::new();
    out.resize(SHOWN_MAX, 0).expect("fits");
    let length = show(scheme, claim, &weights(steps), blinding, &[7; 32], &mut out)?;
    out.truncate(length);
    Ok(out)
}

#[test]
fn commitments_add_and_open_to_one_sum() {
    for scheme in SCHEMES {
        let parts: [&[i32]; 3] = [&[3, -4, 0], &[-9, 1_024, 1], &[5, 5, -1_024]];
        let made: heapless::Vec<VectorCommitment, 3> = parts
            .iter()
            .zip(1..)
            .map(|(part, number)| commit(scheme, &weights(part), &blinding(number)))
            .collect();
        let total = [-1, 1_025, -1_023];
        let blind = blinding(1) + blinding(2) + blinding(3);
        let opens = |made: &[VectorCommitment], total: &[i32], blind: &Scalar| {
            sum_opens(scheme, made.iter(), total, blind)
        };
        assert!(opens(&made, &total, &blind), "{scheme:?}");
        for wrong in [[0, 1_025, -1_023], [1_025, -1, -1_023], [-1, 1_025, 1_023]] {
            assert!(!opens(&made, &wrong, &blind), "{scheme:?} {wrong:?}");
        }
        assert!(!opens(&made, &total, &(blind + Scalar::ONE)), "{scheme:?}");
        assert!(!opens(&made[..2], &total, &blind), "{scheme:?}");
        let bent = [made[0], made[1], [0xff; 32]];
        assert!(!opens(&bent, &total, &blind), "{scheme:?}: no commitment at all");
    }
}

#[test]
fn what_is_shown_holds_for_its_vector_alone() {
    for scheme in SCHEMES {
        let (here, blind) = (claim(25), blinding(1));
        let good = shown(scheme, &here, &[3, -4], &blind).expect("within the bound");
        assert_eq!(good.len(), shown_bytes(2, 25));
        let vector = commit(scheme, &weights(&[3, -4]), &blind);
        assert_eq!(check(scheme, &here, 2, &vector, &good), Ok(()), "{scheme:?}");
        let others = [
            commit(scheme, &weights(&[3, -4]), &blinding(2)),
            commit(scheme, &weights(&[4, 3]), &blind),
            commit(scheme, &weights(&[3, -4, 0]), &(blind + Scalar::ONE)),
        ];
        for other in others {
            let refused = check(scheme, &here, 2, &other, &good);
            assert_eq!(refused, Err(ProofError::Mismatch), "{scheme:?}");
        }
        let other = Claim { round: 4, ..here };
        assert_eq!(check(scheme, &other, 2, &vector, &good), Err(ProofError::Mismatch));
        let length = Err(ProofError::Length);
        assert_eq!(check(scheme, &here, 2, &vector, &good[1..]), length);
        assert_eq!(check(scheme, &here, 1, &vector, &good), length);
        assert_eq!(check(scheme, &claim(0), 2, &vector, &good), Err(ProofError::Claim));
        for place in (0..good.len()).step_by(31).chain([good.len() - 1]) {
            let mut damaged = good.clone();
            damaged[place] ^= 1 << (place % 8);
            assert!(check(scheme, &here, 2, &vector, &damaged).is_err(), "{scheme:?} {place}");
        }
        let false_claim = shown(scheme, &claim(24), &[3, -4], &blind);
        assert_eq!(false_claim, Err(ProveError::Norm), "{scheme:?}");
        assert!(check(scheme, &here, 2, &vector, &[0; SHOWN_MAX][..good.len()]).is_err());
    }
}

/// A liar that proves small values while its vector holds large ones: the same bytes but for the
/// link, which it cannot make.
#[test]
fn a_proof_about_other_values_is_not_linked() {
    let (here, blind) = (claim(25), blinding(1));
    let large = commit(Scheme::Curve, &weights(&[300, -400]), &blind);
    let small = weights(&[3, -4]);
    let mut proof = Shown::new();
    proof.resize(shown_bytes(2, 25), 0).expect("fits");
    let (head, tail) = proof.split_at_mut(64);
    let singles = commitment::commit_weights(&small, &[7; 32]);
    head.copy_from_slice(singles.as_flattened());
    let link = Link { vector: large, blinding: blind };
    norm::prove_linked(&here, &small, &[7; 32], &[0; 32], Some(&link), tail).expect("made");
    let refused = check(Scheme::Curve, &here, 2, &large, &proof);
    assert_eq!(refused, Err(ProofError::Mismatch));
    // The same code with the vector that fits is believed.
    let fits = commit(Scheme::Curve, &small, &blind);
    let link = Link { vector: fits, blinding: blind };
    let (_, tail) = proof.split_at_mut(64);
    norm::prove_linked(&here, &small, &[7; 32], &[0; 32], Some(&link), tail).expect("made");
    assert_eq!(check(Scheme::Curve, &here, 2, &fits, &proof), Ok(()));
}

#[test]
fn the_generators_of_all_places_differ() {
    let places: heapless::Vec<RistrettoPoint, { TAPS + 1 }> =
        (0..TAPS).map(generator).chain([commitment::value_generator()]).collect();
    for (place, one) in places.iter().enumerate() {
        assert!(places[..place].iter().all(|other| other != one && *other != -one), "{place}");
    }
}
