//! An envelope as RDF: JSON-LD expansion with the built-in context, then N-Quads in canonical form.
//! Fetches nothing: a context by any other name is refused.

use oxjsonld::{JsonLdParser, JsonLdRemoteDocument};
use oxrdf::Dataset;
use oxrdf::dataset::{CanonicalizationAlgorithm, CanonicalizationHashAlgorithm};

use super::{CONTEXT, CONTEXT_NAME, Envelope, EnvelopeError};

/// Canonical N-Quads of an envelope, sorted; blank nodes are named by RDFC-1.0, so the same
/// envelope always gives the same text. (W3C, "RDF Dataset Canonicalization", 2024.)
///
/// # Errors
/// Never for an envelope that was sealed or read; the libraries could.
pub fn to_nquads(envelope: &Envelope) -> Result<String, EnvelopeError> {
    let bytes = envelope.to_bytes()?;
    let mut dataset = expand(&bytes)?;
    dataset.canonicalize(CanonicalizationAlgorithm::Rdfc10 {
        hash_algorithm: CanonicalizationHashAlgorithm::Sha256,
    });
    let mut lines: Vec<String> = dataset.iter().map(|quad| format!("{quad} .\n")).collect();
    lines.sort_unstable();
    Ok(lines.concat())
}

/// What a JSON-LD document says, as quads.
pub(super) fn expand(bytes: &[u8]) -> Result<Dataset, EnvelopeError> {
    let parser = JsonLdParser::new().for_slice(bytes).with_load_document_callback(|name, _| {
        if name != CONTEXT_NAME {
            return Err(format!("the context {name} is not built in").into());
        }
        Ok(JsonLdRemoteDocument { document: CONTEXT.into(), document_url: CONTEXT_NAME.into() })
    });
    parser.collect::<Result<Dataset, _>>().map_err(|why| EnvelopeError::Rdf(why.to_string()))
}
