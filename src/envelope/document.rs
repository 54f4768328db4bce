//! The members of an envelope, each with what it may be. Reading refuses what it does not know, so
//! nothing is signed that nobody checks.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use super::encoding::{
    base64url, decimal, did, digest, is_digest, method, read_base58, read_base64url, read_decimal,
    read_did,
};
use super::{
    CONTEXT_NAME, ENVELOPE_BYTES_MAX, EnvelopeError, GENE_BYTES_MAX, NAME_CHARS_MAX, Statement,
    proof,
};

/// Largest integer that every reader of JSON keeps exactly (RFC 8785, section 3.2.2.3).
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// The regimes, by the names that they have in the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Regime {
    /// Nothing unusual.
    Calm,
    /// Something may be coming.
    PreStorm,
    /// The sensor no longer does what it did.
    Storm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum EnvelopeType {
    GeneUpdate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum CreatorType {
    Sensor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum RunType {
    Activity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ProofType {
    DataIntegrityProof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Cryptosuite {
    #[serde(rename = "eddsa-jcs-2022")]
    EddsaJcs2022,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Purpose {
    #[serde(rename = "assertionMethod")]
    AssertionMethod,
}

/// A signed envelope. [`decode`] and [`Envelope::seal`] are the ways to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "type")]
    kind: EnvelopeType,
    creator: Creator,
    gene: Gene,
    regime: Regime,
    reputation: String,
    residual: String,
    #[serde(rename = "wasGeneratedBy")]
    run: Run,
    proof: Proof,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Creator {
    id: String,
    node: u32,
    observes: Observed,
    #[serde(rename = "type")]
    kind: CreatorType,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Observed {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gene {
    data: String,
    digest: String,
    length: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    name: String,
    /// Text, since a seed may be above what JSON keeps.
    seed: String,
    #[serde(rename = "swarmSize")]
    swarm_size: u32,
    tick: u64,
    #[serde(rename = "type")]
    kind: RunType,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    #[serde(rename = "@context")]
    context: String,
    cryptosuite: Cryptosuite,
    #[serde(rename = "proofPurpose")]
    purpose: Purpose,
    #[serde(rename = "proofValue")]
    value: String,
    #[serde(rename = "type")]
    kind: ProofType,
    #[serde(rename = "verificationMethod")]
    method: String,
}

impl Envelope {
    /// Puts a statement into an envelope and signs it.
    ///
    /// # Errors
    /// When a part of the statement is out of its range.
    pub fn seal(statement: &Statement<'_>, key: &SigningKey) -> Result<Self, EnvelopeError> {
        let public = key.verifying_key();
        let mut envelope = Self {
            context: CONTEXT_NAME.to_owned(),
            kind: EnvelopeType::GeneUpdate,
            creator: Creator {
                id: did(&public),
                node: statement.node,
                observes: Observed { name: statement.modality.to_owned() },
                kind: CreatorType::Sensor,
            },
            gene: Gene {
                data: base64url(statement.gene),
                digest: digest(statement.gene),
                length: u32::try_from(statement.gene.len()).unwrap_or(u32::MAX),
            },
            regime: statement.regime,
            reputation: decimal(statement.reputation),
            residual: decimal(statement.residual),
            run: Run {
                name: statement.scenario.to_owned(),
                seed: statement.seed.to_string(),
                swarm_size: statement.swarm_size,
                tick: statement.tick,
                kind: RunType::Activity,
            },
            proof: Proof {
                context: CONTEXT_NAME.to_owned(),
                cryptosuite: Cryptosuite::EddsaJcs2022,
                purpose: Purpose::AssertionMethod,
                value: proof::blank(),
                kind: ProofType::DataIntegrityProof,
                method: method(&public),
            },
        };
        envelope.check()?;
        envelope.proof.value = proof::sign(&envelope, key)?;
        Ok(envelope)
    }

    /// The envelope as canonical JSON (RFC 8785): one line, members in order.
    ///
    /// # Errors
    /// Never for an envelope that was sealed or read; the JSON library could.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        serde_json_canonicalizer::to_vec(self).map_err(|why| EnvelopeError::Json(why.to_string()))
    }

    /// The model.
    #[must_use]
    pub fn gene(&self) -> Vec<u8> {
        read_base64url(&self.gene.data).unwrap_or_default()
    }

    /// The node that made it.
    #[must_use]
    pub fn node(&self) -> u32 {
        self.creator.node
    }

    /// The identity of its creator, a did:key.
    #[must_use]
    pub fn creator(&self) -> &str {
        &self.creator.id
    }

    /// What its creator senses.
    #[must_use]
    pub fn modality(&self) -> &str {
        &self.creator.observes.name
    }

    /// The regime that its creator believed in.
    #[must_use]
    pub fn regime(&self) -> Regime {
        self.regime
    }

    /// Whether what it says is so, as far as it can be told from itself: the digest and length are
    /// those of the model, and its creator's key signed the whole. Whether that creator is to be
    /// believed it does not say.
    ///
    /// # Errors
    /// Says what does not hold.
    pub fn verify(&self) -> Result<(), EnvelopeError> {
        let gene = self.gene();
        if self.gene.digest != digest(&gene) || self.gene.length as usize != gene.len() {
            return Err(EnvelopeError::Digest);
        }
        let key = read_did(&self.creator.id).ok_or(EnvelopeError::Key)?;
        if self.proof.method != method(&key) {
            return Err(EnvelopeError::Key);
        }
        let signature = read_base58(&self.proof.value).ok_or(EnvelopeError::Signature)?;
        proof::verify(self, &key, &signature)
    }

    /// Whether every member is in its range.
    fn check(&self) -> Result<(), EnvelopeError> {
        let named = |name: &str| {
            (1..=NAME_CHARS_MAX).contains(&name.chars().count())
                && !name.chars().any(char::is_control)
        };
        let gene = read_base64url(&self.gene.data);
        let key_of_method = self.proof.method.split_once('#').and_then(|(id, _)| read_did(id));
        let seed = self.run.seed.parse::<u64>().map(|seed| seed.to_string());
        let table = [
            (self.context == CONTEXT_NAME, "@context", "the name of the context of envelopes"),
            (self.proof.context == CONTEXT_NAME, "proof.@context", "that of the document"),
            (read_did(&self.creator.id).is_some(), "creator.id", "a did:key of Ed25519"),
            (named(self.modality()), "creator.observes.name", "1 to 64 printable characters"),
            (
                gene.is_some_and(|gene| gene.len() <= GENE_BYTES_MAX),
                "gene.data",
                "at most 1024 bytes in multibase base64url",
            ),
            (is_digest(&self.gene.digest), "gene.digest", "a BLAKE3 multihash in base64url"),
            (
                read_decimal(&self.reputation).is_some_and(|value| value <= 10_000),
                "reputation",
                "0.0000 to 1.0000, with four decimals",
            ),
            (
                read_decimal(&self.residual).is_some_and(|value| value <= 327_680_000),
                "residual",
                "0.0000 to 32768.0000, with four decimals",
            ),
            (named(&self.run.name), "wasGeneratedBy.name", "1 to 64 printable characters"),
            (
                seed.is_ok_and(|seed| seed == self.run.seed),
                "wasGeneratedBy.seed",
                "a 64-bit number as text",
            ),
            (self.run.tick <= INTEGER_MAX, "wasGeneratedBy.tick", "below 2^53"),
            (
                read_base58::<64>(&self.proof.value).is_some(),
                "proof.proofValue",
                "64 bytes in multibase base58",
            ),
            (key_of_method.is_some(), "proof.verificationMethod", "the key of a did:key"),
        ];
        match table.iter().find(|(right, _, _)| !right) {
            Some((_, member, accepted)) => Err(EnvelopeError::Member(member, accepted)),
            None => Ok(()),
        }
    }
}

/// Reads an envelope: strictly, within [`ENVELOPE_BYTES_MAX`], and no deeper than its members go.
/// [`Envelope::verify`] says whether it holds.
///
/// # Errors
/// Says what is wrong with the bytes. Never panics, whatever they are.
pub fn decode(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
    if bytes.len() > ENVELOPE_BYTES_MAX {
        return Err(EnvelopeError::TooLong(bytes.len()));
    }
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|why| EnvelopeError::Json(why.to_string()))?;
    envelope.check()?;
    Ok(envelope)
}
