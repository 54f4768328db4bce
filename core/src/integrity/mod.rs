//! What lets others check a node: signatures over its updates, and proofs that an update is small
//! without a look at it.
//!
//! All curve arithmetic is that of the dalek crates. Nothing here draws randomness, keeps a
//! secret longer than its owner does, or panics on bytes from outside.

pub mod commitment;
pub mod identity;
pub mod norm;
pub mod transcript;
pub mod vector;

mod bits;
mod wire;
