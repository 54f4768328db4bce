//! What keeps a node's own values its own: sums of groups in which nobody's part shows, and noise
//! with an account of how much has been given away.
//!
//! The two need each other and something else. A sum hides its parts but not itself; noise hides
//! a node from whoever sees the sum. Neither makes anybody honest: a masked value cannot be judged,
//! so robustness moves from nodes to groups; see [`aggregation`].

pub mod account;
pub mod aggregation;
pub mod clip;
pub mod exchange;
pub mod gaussian;
pub mod roster;
pub mod seed;
pub mod sums;
