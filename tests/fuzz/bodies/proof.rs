//! Norm proofs, keys and signatures.

use std::sync::LazyLock;

use qres_core::id::{GroupId, NodeId};
use qres_core::integrity::commitment::commit_weights;
use qres_core::integrity::identity::PublicIdentity;
use qres_core::integrity::norm::{Claim, ProofError, proof_bytes, verify};
use qres_core::packet::{Update, Wire};
use qres_core::q16::Q16;
use qres_core::regime::Regime;

/// The claim that the seed of the corpus proves.
pub const CLAIM: Claim = Claim { mesh: 1, origin: NodeId(2), round: 3, nonce: [4; 32], bound: 16 };
/// The weights that it is about, and the seed of their commitments.
pub const WEIGHTS: [Q16; 1] = [Q16::from_bits(16)];
/// See [`WEIGHTS`].
pub const SEED: [u8; 32] = [5; 32];

static COMMITMENTS: LazyLock<Vec<[u8; 32]>> =
    LazyLock::new(|| commit_weights(&WEIGHTS, &SEED).to_vec());

/// A proof of one claim; and its first bytes as a key with a signature behind it.
pub fn proof(data: &[u8]) -> bool {
    key(data);
    let verdict = verify(&CLAIM, &COMMITMENTS, data);
    let fits = data.len() == proof_bytes(1, CLAIM.bound);
    assert_eq!(fits, verdict != Err(ProofError::Length));
    verdict.is_ok()
}

fn key(data: &[u8]) {
    let Some((key, rest)) = data.split_first_chunk::<32>() else { return };
    let Ok(public) = PublicIdentity::from_bytes(key) else { return };
    assert_eq!(&public.to_bytes(), key);
    let Some(signature) = rest.first_chunk::<64>() else { return };
    let update = Update {
        origin: NodeId(1),
        round: 1,
        group: GroupId(0),
        regime: Regime::Calm,
        polls: false,
        wire: Wire::Q16,
        taps: 1,
        gene: qres_core::gene::GeneId(0),
        weights: [Q16::ZERO; 8],
    };
    assert!(public.verify(1, &update, signature).is_err(), "nobody has signed this");
}
