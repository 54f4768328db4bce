//! The models of a mesh as one payload: whose they are, how many, and each with its node.
//!
//! Identity (32 bytes), count (u32), then for each gene node id (u32), length (u16) and bytes, in
//! rising order of id; numbers are little-endian. Knows no file and no slot.

use qres_core::id::NodeId;

use super::Identity;

/// Longest gene, in bytes.
pub const GENE_BYTES_MAX: usize = 1024;

/// Why bytes are not the models of this scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenesError {
    /// They end before they should, or go on after.
    Length,
    /// They are those of another scenario, or of another layout of it.
    OtherScenario,
    /// Ids do not rise.
    Order,
    /// A gene is longer than [`GENE_BYTES_MAX`].
    TooLong,
}

impl std::fmt::Display for GenesError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Length => "the list of models has another length than it says",
            Self::OtherScenario => {
                "holds models of a scenario with another title, layout or modalities"
            }
            Self::Order => "the models are not in order of their nodes",
            Self::TooLong => "a model is longer than 1024 bytes",
        })
    }
}

impl std::error::Error for GenesError {}

/// Writes genes, which must come in rising order of id.
///
/// # Errors
/// When they do not, or one is too long.
pub(super) fn encode<'a>(
    identity: &Identity,
    genes: impl IntoIterator<Item = (NodeId, &'a [u8])>,
) -> Result<Vec<u8>, GenesError> {
    let mut bytes = identity.to_vec();
    let count_at = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    let mut count = 0_u32;
    let mut last = None;
    for (id, gene) in genes {
        if last.replace(id).is_some_and(|before| before >= id) {
            return Err(GenesError::Order);
        }
        if gene.len() > GENE_BYTES_MAX {
            return Err(GenesError::TooLong);
        }
        bytes.extend_from_slice(&id.0.to_le_bytes());
        bytes.extend_from_slice(&(gene.len() as u16).to_le_bytes());
        bytes.extend_from_slice(gene);
        count += 1;
    }
    bytes.splice(count_at..count_at + 4, count.to_le_bytes());
    Ok(bytes)
}

/// Reads genes back.
///
/// # Errors
/// Says why the bytes are not the models of the scenario with this identity. Never panics.
pub fn decode<'a>(
    identity: &Identity,
    bytes: &'a [u8],
) -> Result<Vec<(NodeId, &'a [u8])>, GenesError> {
    let (whose, rest) = bytes.split_first_chunk::<32>().ok_or(GenesError::Length)?;
    if whose != identity {
        return Err(GenesError::OtherScenario);
    }
    let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(GenesError::Length)?;
    let mut genes: Vec<(NodeId, &[u8])> = Vec::new();
    for _ in 0..u32::from_le_bytes(*count) {
        let (id, tail) = rest.split_first_chunk::<4>().ok_or(GenesError::Length)?;
        let (length, tail) = tail.split_first_chunk::<2>().ok_or(GenesError::Length)?;
        let length = usize::from(u16::from_le_bytes(*length));
        if length > GENE_BYTES_MAX {
            return Err(GenesError::TooLong);
        }
        let (gene, tail) = tail.split_at_checked(length).ok_or(GenesError::Length)?;
        let id = NodeId(u32::from_le_bytes(*id));
        if genes.last().is_some_and(|(before, _)| *before >= id) {
            return Err(GenesError::Order);
        }
        genes.push((id, gene));
        rest = tail;
    }
    if rest.is_empty() { Ok(genes) } else { Err(GenesError::Length) }
}
