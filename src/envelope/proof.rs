//! The proof: what is hashed, signed and verified (cryptosuite `eddsa-jcs-2022`). Works on any JSON
//! document with a proof, so that it can be held to the published test vector.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::EnvelopeError;
use super::encoding::base58;

/// The signing key of a simulated node: BLAKE3 key derivation from the run's seed and the node's
/// number. Whoever knows the scenario knows the key; it says which node spoke, and proves nothing
/// to anyone who does not trust the simulation.
#[must_use]
pub fn simulation_key(seed: u64, node: u32) -> SigningKey {
    let mut material = [0; 12];
    material[..8].copy_from_slice(&seed.to_le_bytes());
    material[8..].copy_from_slice(&node.to_le_bytes());
    let secret = blake3::derive_key("qres simulation node signing key 1", &material);
    SigningKey::from_bytes(&secret)
}

/// A proof value of the right form that proves nothing.
pub(super) fn blank() -> String {
    base58(&[0; 64])
}

/// Signs a document that has a proof; whatever value the proof has is left out.
pub(super) fn sign(document: &impl Serialize, key: &SigningKey) -> Result<String, EnvelopeError> {
    Ok(base58(&key.sign(&hash_data(document)?).to_bytes()))
}

/// Verifies the signature of a document that has a proof. The strict check (RFC 8032, and no key
/// of small order) gives everyone the same answer.
pub(super) fn verify(
    document: &impl Serialize,
    key: &VerifyingKey,
    signature: &[u8; 64],
) -> Result<(), EnvelopeError> {
    key.verify_strict(&hash_data(document)?, &Signature::from_bytes(signature))
        .map_err(|_| EnvelopeError::Signature)
}

/// SHA-256 of the proof without its value, then SHA-256 of the document without its proof, both in
/// canonical JSON.
pub(super) fn hash_data(document: &impl Serialize) -> Result<[u8; 64], EnvelopeError> {
    let json = |why: serde_json::Error| EnvelopeError::Json(why.to_string());
    let mut document = serde_json::to_value(document).map_err(json)?;
    let mut options =
        document.as_object_mut().and_then(|members| members.remove("proof")).unwrap_or_default();
    if let Some(members) = options.as_object_mut() {
        members.remove("proofValue");
    }
    let hash = |value: &Value| -> Result<[u8; 32], EnvelopeError> {
        Ok(Sha256::digest(serde_json_canonicalizer::to_vec(value).map_err(json)?).into())
    };
    let mut data = [0; 64];
    data[..32].copy_from_slice(&hash(&options)?);
    data[32..].copy_from_slice(&hash(&document)?);
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::encoding::{read_base58, read_did};

    /// The example of "Data Integrity EdDSA Cryptosuites v1.0", appendix B.2.
    fn published() -> Value {
        let contexts = [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2",
        ];
        let key = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
        serde_json::json!({
            "@context": contexts,
            "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
            "type": ["VerifiableCredential", "AlumniCredential"],
            "name": "Alumni Credential",
            "description": "A minimum viable example of an Alumni Credential.",
            "issuer": "https://vc.example/issuers/5678",
            "validFrom": "2023-01-01T00:00:00Z",
            "credentialSubject": {
                "id": "did:example:abcdefgh",
                "alumniOf": "The School of Examples"
            },
            "proof": {
                "type": "DataIntegrityProof",
                "cryptosuite": "eddsa-jcs-2022",
                "created": "2023-02-24T23:36:38Z",
                "verificationMethod": format!("did:key:{key}#{key}"),
                "proofPurpose": "assertionMethod",
                "@context": contexts,
                "proofValue": concat!(
                    "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDM",
                    "WS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
                )
            }
        })
    }

    #[test]
    fn the_published_vector_is_reproduced() {
        let document = published();
        let hashes = data_encoding::HEXLOWER.encode(&hash_data(&document).expect("JSON"));
        assert_eq!(
            hashes,
            "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db\
             59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
        );
        let text = |name: &str| document["proof"][name].as_str().expect("text").to_owned();
        let method = text("verificationMethod");
        let key = read_did(method.split('#').next().expect("split")).expect("a key");
        let signature = read_base58(&text("proofValue")).expect("a signature");
        assert_eq!(verify(&document, &key, &signature), Ok(()));
        let mut changed = document.clone();
        changed["name"] = "Alumna Credential".into();
        assert_eq!(verify(&changed, &key, &signature), Err(EnvelopeError::Signature));
    }

    #[test]
    fn nodes_and_runs_have_keys_of_their_own() {
        let public = |seed, node| simulation_key(seed, node).verifying_key().to_bytes();
        assert_eq!(public(1, 2), public(1, 2));
        assert_ne!(public(1, 2), public(2, 1));
        assert_ne!(public(1, 2), public(1, 3));
        assert_ne!(public(1, 2), public(1 | 2 << 32, 0));
    }
}
