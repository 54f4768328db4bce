//! Who a node is, in a way that others can check: Ed25519 keys and signatures over updates.
//!
//! A signature covers the mesh, the origin and every field of the update but `polls`, which is
//! between a sleeper and its sentinel and is not kept in a relay. So a sentinel hands on what it
//! cannot make. Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security signatures",
//! 2011; RFC 8032. Replays are not refused here: the round is signed, and receivers take each
//! round of an origin once.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use crate::id::NodeId;
use crate::link::message::greeting_bytes;
use crate::packet::{MESSAGE_MAX, Message, Update};
use crate::signature::SignatureBytes;
use crate::stream::derive;

/// Before everything that is signed, so that a signature over an update is one over nothing else.
const DOMAIN: &[u8; 16] = b"qres-update-v1\0\0";

/// What is signed, as bytes.
pub type SignedBytes = heapless::Vec<u8, { 28 + MESSAGE_MAX }>;

/// The bytes that stand for an update of `mesh`: the domain (16 bytes), the mesh (8), the origin
/// (4), then the update as it travels, with `polls` off. Little-endian.
#[must_use]
pub fn signed_bytes(mesh: u64, update: &Update) -> SignedBytes {
    let body = Message::Update(Update { polls: false, ..*update }).to_bytes();
    let mut bytes = SignedBytes::new();
    // They fit: the capacity is the sum of the largest.
    let _ = bytes.extend_from_slice(DOMAIN);
    let _ = bytes.extend_from_slice(&mesh.to_le_bytes());
    let _ = bytes.extend_from_slice(&update.origin.0.to_le_bytes());
    let _ = bytes.extend_from_slice(&body);
    bytes
}

/// Why a key or a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// The bytes are no point of the curve, or one of small order.
    Key,
    /// The signature does not belong to this key and this update.
    Signature,
}

impl core::fmt::Display for IdentityError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Key => "not a public key: ask the node for it again",
            Self::Signature => "the signature fits neither key nor content: drop the update",
        })
    }
}

impl core::error::Error for IdentityError {}

/// A node's secret key, wiped when dropped.
#[derive(Debug)]
pub struct Identity(SigningKey);

impl Identity {
    /// The identity that belongs to a secret seed, which a board reads from its own storage.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The identity of a simulated node: BLAKE3 of the scenario's seed and the node's id. Whoever
    /// knows the scenario knows the key, so this is for simulations only.
    #[must_use]
    pub fn simulated(seed: u64, node: NodeId) -> Self {
        let parts: [&[u8]; 2] = [&seed.to_le_bytes(), &node.0.to_le_bytes()];
        Self::from_seed(&derive("qres 2026 simulated node identity v1", &parts))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicIdentity {
        PublicIdentity(self.0.verifying_key())
    }

    /// Signs an update for `mesh`; deterministic, as RFC 8032 has it.
    #[must_use]
    pub fn sign(&self, mesh: u64, update: &Update) -> SignatureBytes {
        self.0.sign(&signed_bytes(mesh, update)).to_bytes()
    }

    /// Signs a board's greeting: that whoever greets now has this key.
    #[must_use]
    pub fn greet(&self, nonce: u64) -> SignatureBytes {
        self.0.sign(&greeting_bytes(nonce)).to_bytes()
    }
}

/// A node's public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicIdentity(VerifyingKey);

impl PublicIdentity {
    /// Reads a public key.
    ///
    /// # Errors
    /// [`IdentityError::Key`] when the bytes are no point, or one of small order, for which
    /// signatures fit several messages.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, IdentityError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| IdentityError::Key)?;
        if key.is_weak() { Err(IdentityError::Key) } else { Ok(Self(key)) }
    }

    /// The key as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Checks a signature strictly: one encoding, no points of small order, no cofactor.
    ///
    /// # Errors
    /// [`IdentityError::Signature`] when it does not fit.
    pub fn verify(
        &self,
        mesh: u64,
        update: &Update,
        signature: &SignatureBytes,
    ) -> Result<(), IdentityError> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.0
            .verify_strict(&signed_bytes(mesh, update), &signature)
            .map_err(|_| IdentityError::Signature)
    }

    /// Checks the signature of a greeting, as strictly.
    ///
    /// # Errors
    /// [`IdentityError::Signature`] when it does not fit.
    pub fn verify_greeting(&self, nonce: u64, proof: &[u8]) -> Result<(), IdentityError> {
        let proof = proof.try_into().map_err(|_| IdentityError::Signature)?;
        let signature = ed25519_dalek::Signature::from_bytes(proof);
        self.0
            .verify_strict(&greeting_bytes(nonce), &signature)
            .map_err(|_| IdentityError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gene::GeneId;
    use crate::id::GroupId;
    use crate::packet::Wire;
    use crate::q16::Q16;
    use crate::regime::Regime;
    use crate::signature::SIGNATURE_BYTES;

    fn update() -> Update {
        Update {
            origin: NodeId(7),
            round: 300,
            group: GroupId(2),
            regime: Regime::Storm,
            polls: true,
            wire: Wire::Q16,
            taps: 8,
            gene: GeneId(9),
            weights: core::array::from_fn(|i| Q16::from_bits(i as i32 * 1_000 - 3_000)),
        }
    }

    #[test]
    fn a_signature_covers_every_field_but_the_poll() {
        let key = Identity::simulated(1, NodeId(7));
        let signature = key.sign(5, &update());
        let public = key.public();
        assert_eq!(public.verify(5, &update(), &signature), Ok(()));
        assert_eq!(public.verify(5, &Update { polls: false, ..update() }, &signature), Ok(()));
        let mut bent = update().weights;
        bent[7] = Q16::ZERO;
        let others = [
            Update { origin: NodeId(8), ..update() },
            Update { round: 301, ..update() },
            Update { group: GroupId(1), ..update() },
            Update { regime: Regime::Calm, ..update() },
            Update { taps: 7, ..update() },
            Update { gene: GeneId(8), ..update() },
            Update { wire: Wire::Bfp16, ..update() },
            Update { weights: bent, ..update() },
        ];
        for other in others {
            let refused = Err(IdentityError::Signature);
            assert_eq!(public.verify(5, &other, &signature), refused, "{other:?}");
        }
        assert_eq!(public.verify(6, &update(), &signature), Err(IdentityError::Signature));
        for stranger in [Identity::simulated(1, NodeId(8)), Identity::simulated(2, NodeId(7))] {
            assert!(stranger.public().verify(5, &update(), &signature).is_err());
        }
    }

    #[test]
    fn a_greeting_is_signed_for_one_nonce_by_one_key() {
        let key = Identity::simulated(1, NodeId(7));
        let proof = key.greet(5);
        assert_eq!(key.public().verify_greeting(5, &proof), Ok(()));
        let refused = Err(IdentityError::Signature);
        assert_eq!(key.public().verify_greeting(6, &proof), refused);
        assert_eq!(key.public().verify_greeting(5, &proof[..63]), refused);
        let stranger = Identity::simulated(1, NodeId(8)).public();
        assert_eq!(stranger.verify_greeting(5, &proof), refused);
    }

    #[test]
    fn every_changed_byte_of_a_signature_is_refused() {
        let key = Identity::simulated(1, NodeId(7));
        let signature = key.sign(5, &update());
        for place in 0..SIGNATURE_BYTES {
            let mut damaged = signature;
            damaged[place] ^= 1 << (place % 8);
            assert!(key.public().verify(5, &update(), &damaged).is_err(), "byte {place}");
        }
    }

    /// The neutral point as key and as R, with s = 0, passes a lax check of any message.
    #[test]
    fn points_of_small_order_are_no_keys_and_no_signatures() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(PublicIdentity::from_bytes(&neutral), Err(IdentityError::Key));
        let mut forged = [0; SIGNATURE_BYTES];
        forged[0] = 1;
        let weak = PublicIdentity(VerifyingKey::from_bytes(&neutral).expect("a point"));
        assert_eq!(weak.verify(5, &update(), &forged), Err(IdentityError::Signature));
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(PublicIdentity::from_bytes(&no_point), Err(IdentityError::Key));
    }

    /// RFC 8032, section 7.1, test 1: the key, and so the arithmetic below, is the common one.
    #[test]
    fn the_key_of_a_seed_is_that_of_rfc_8032() {
        let bytes = |hex: &str| *blake3::Hash::from_hex(hex).expect("64 digits").as_bytes();
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(Identity::from_seed(&bytes(seed)).public().to_bytes(), bytes(public));
    }
}
