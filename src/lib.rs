//! QRES: a simulator of resource-starved, hostile sensor meshes.
//!
//! Floors, each knowing only those below it: `cli`; `view` and `panels`; `evidence`; `pace`;
//! `mesh`; `world`; `scenario`; and the crate `qres_core`, which is the node itself.

pub mod mesh;
pub mod scenario;
pub mod world;
