//! QRES: a simulator of resource-starved, hostile sensor meshes.
//!
//! Floors, each knowing only those below it: `cli`; `view` and `panels`; `evidence`; `pace`;
//! `mesh`; `world`; `scenario`; and the crate [`qres_core`], which is the node itself.

pub mod cli;
pub mod evidence;
pub mod mesh;
pub mod pace;
#[cfg(feature = "view")]
pub mod panels;
pub mod scenario;
#[cfg(feature = "view")]
pub mod view;
pub mod world;
