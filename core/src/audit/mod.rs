//! Stochastic audits that bind: a node commits to everything that its updates were computed from,
//! and must show any stretch of it that a neighbour draws afterwards; whoever draws it computes it
//! again with the same code, and asks for equality of every bit.
//!
//! 1. *Commit.* The node logs each sample, each merge and each update that it sends. A stretch ends
//!    with an update, a merge or its 32nd sample. A commitment names the rounds that ended in an
//!    update and sums up what these said, so an update that is none of them, or another one,
//!    convicts whoever sent it without a question. Leaf `i` of a Merkle tree (Merkle, "A digital
//!    signature based on a conventional encryption function", 1987) is the hash of the state before
//!    stretch `i` and of what happened in it. One root stands for several rounds: [`wire::Commit`].
//! 2. *Beacon.* A neighbour that can reach the node draws from all commitments that it has heard
//!    and from its own state of now, which nobody knew when they committed: [`beacon`].
//! 3. *Reveal.* The node shows one stretch, the state before it, and that the tree holds both it
//!    and the state after it: [`reveal`].
//! 4. *Verify.* The neighbour recomputes: [`verify`].
//!
//! What a recomputation cannot catch: samples that are false, a first state that was chosen, and a
//! merge of models that the neighbour never heard of. Nothing here allocates, reads a clock or
//! bans; a [`Verdict`] is evidence.

mod answer;
pub mod auditor;
pub mod beacon;
pub mod grubbs;
pub mod learner;
pub mod log;
pub mod page;
pub mod peer;
pub mod queue;
pub mod reveal;
mod sentence;
pub mod tree;
pub mod verify;
pub mod wire;

pub use page::AuditPage;

/// Bytes of a hash: the first 20 of BLAKE3, so that two openings of one root cost 2^80 trials.
pub const HASH_BYTES: usize = 20;

/// A hash in a commitment.
pub type Hash = [u8; HASH_BYTES];

/// How a mesh audits; the same for all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditConfig {
    /// Rounds that one commitment stands for, 1 to 64, unless a log is half full before.
    pub every_rounds: u8,
    /// Share of the updates of a node that speaks in every round that is drawn for an audit, in
    /// 1/10,000, 1 to 10,000: see [`peer::chance`].
    pub rate_basis_points: u16,
    /// Whether models that stand out draw an audit: see [`grubbs`].
    pub outliers: bool,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { every_rounds: 16, rate_basis_points: 200, outliers: false }
    }
}

/// What came of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The stretch was computed as committed, and what was sent is what came of it.
    Honest,
    /// What was committed or sent is not what the samples give: one is enough to convict.
    Mismatch,
    /// What was shown is not what was committed, or is no stretch at all; on an unsigned link
    /// somebody else may have sent it.
    BadProof,
    /// Nothing came, or not all of it, however often it was asked for; or nothing was committed.
    NoAnswer,
}

/// The hash of `parts` for one purpose; each part is framed by its length.
#[must_use]
pub(crate) fn hash(purpose: &str, parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key(purpose);
    for part in parts {
        hasher.update(&(part.len() as u32).to_le_bytes()).update(part);
    }
    shorten(&hasher)
}

/// The first bytes of a finished hash.
pub(crate) fn shorten(hasher: &blake3::Hasher) -> Hash {
    let mut short = [0; HASH_BYTES];
    hasher.finalize_xof().fill(&mut short);
    short
}

/// The first 64 bits of a finished hash.
pub(crate) fn word(hasher: &blake3::Hasher) -> u64 {
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests;
