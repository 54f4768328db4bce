//! A node's model as a signed document that says whose it is and how it came about: JSON-LD, with
//! PROV-O for the history and a W3C Data Integrity proof. Does no input or output, knows no mesh,
//! and takes the model as opaque bytes.
//!
//! The proof is the cryptosuite `eddsa-jcs-2022`: Ed25519 (RFC 8032) over SHA-256 of the proof's
//! options and of the document, each in the JSON canonicalization scheme (RFC 8785). (W3C, "Data
//! Integrity EdDSA Cryptosuites v1.0", 2025.)

mod document;
mod encoding;
mod proof;
mod rdf;
#[cfg(test)]
mod tests;

pub use document::{Envelope, Regime, decode};
pub use proof::simulation_key;
pub use rdf::to_nquads;

use qres_core::packet::PAYLOAD_MAX;
use qres_core::q16::Q16;

/// Longest envelope that is read, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 4096;
/// Longest model in an envelope, in bytes.
pub const GENE_BYTES_MAX: usize = 1024;
/// Longest name of a modality or a scenario, in characters.
pub const NAME_CHARS_MAX: usize = 64;
/// Payload of one frame on the air, in bytes: what an envelope should fit.
pub const FRAGMENT_BYTES: usize = PAYLOAD_MAX;

/// The context that gives the terms their meaning.
pub const CONTEXT: &str = include_str!("../../assets/envelope/context.jsonld");
/// The terms that are this project's own, with their meaning.
pub const VOCABULARY: &str = include_str!("../../assets/envelope/vocabulary.ttl");
/// Name of [`CONTEXT`], by its content: SHA-256 as in RFC 6920. Nobody has to host it, and whoever
/// holds a copy can tell that it is the right one.
pub const CONTEXT_NAME: &str = "ni:///sha-256;4HSe0yIX7L_qCRGyydBDcivMpln2nrPweckpQcW3JV4";

/// What an envelope says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The node.
    pub node: u32,
    /// What it senses: 1 to [`NAME_CHARS_MAX`] characters, none of them a control character.
    pub modality: &'a str,
    /// The regime that it believes in.
    pub regime: Regime,
    /// Mean of what its neighbours think of it, 0 to 1.
    pub reputation: Q16,
    /// Recent mean of the absolute residual, in standard deviations; not negative.
    pub residual: Q16,
    /// The run: its scenario, 1 to [`NAME_CHARS_MAX`] characters.
    pub scenario: &'a str,
    /// The run: its seed.
    pub seed: u64,
    /// The run: ticks so far, below 2^53.
    pub tick: u64,
    /// The run: nodes in the mesh.
    pub swarm_size: u32,
    /// The model, up to [`GENE_BYTES_MAX`] bytes.
    pub gene: &'a [u8],
}

/// Why bytes are no envelope, or an envelope does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// More than [`ENVELOPE_BYTES_MAX`].
    TooLong(usize),
    /// Not JSON, a member too few or too many, or a value of another type.
    Json(String),
    /// A member (named first) is not what it may be (said second).
    Member(&'static str, &'static str),
    /// RDF could not be made of it.
    Rdf(String),
    /// The length or digest that it states is not that of its model.
    Digest,
    /// The key that signed is not the creator's.
    Key,
    /// The signature is not that of this document by this key.
    Signature,
}

impl EnvelopeError {
    /// Whether it is an envelope that does not hold, rather than no envelope.
    #[must_use]
    pub const fn is_envelope(&self) -> bool {
        matches!(self, Self::Digest | Self::Key | Self::Signature)
    }
}

impl std::fmt::Display for EnvelopeError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong(bytes) => {
                write!(out, "{bytes} bytes; an envelope has at most {ENVELOPE_BYTES_MAX}")
            }
            Self::Json(why) => write!(out, "not an envelope: {why}"),
            Self::Member(name, accepted) => write!(out, "`{name}` must be {accepted}"),
            Self::Rdf(why) => write!(out, "no RDF can be made of it: {why}"),
            Self::Digest => out.write_str("length and digest are not those of the model"),
            Self::Key => out.write_str("signed with another key than the creator's"),
            Self::Signature => out.write_str("the signature does not hold: it was changed"),
        }
    }
}

impl std::error::Error for EnvelopeError {}
