//! What keeps a node's own values its own: sums of groups in which nobody's part shows, and noise
//! with an account of how much has been given away.
//!
//! The two need each other and something else. A sum hides its parts but not itself; noise hides
//! a node from whoever sees the sum. Neither makes anybody honest: a masked value cannot be judged,
//! so robustness moves from nodes to groups (module `aggregation`). Noise and its account need no
//! curve: [`release`] is there without the feature `crypto` too.

pub mod account;
#[cfg(feature = "crypto")]
pub mod aggregation;
pub mod clip;
#[cfg(feature = "crypto")]
pub mod exchange;
pub mod gaussian;
pub mod release;
#[cfg(feature = "crypto")]
pub mod roster;
#[cfg(feature = "crypto")]
pub mod seed;
pub mod sums;
