//! QRES: a simulator of resource-starved, hostile sensor meshes.
//!
//! Floors, each knowing only those below it: `cli`; `view` and `panels`; `record`, `bridge` and
//! `evidence`;
//! `pace`; `mesh`; `world`; `scenario`; and the crate [`qres_core`], which is the node itself.
//! `memory` and `envelope` stand beside the mesh and never see it: models on disk, and models as
//! signed documents.

pub mod bridge;
pub mod cli;
pub mod envelope;
pub mod evidence;
pub mod memory;
pub mod mesh;
pub mod pace;
#[cfg(feature = "view")]
pub mod panels;
pub mod record;
pub mod scenario;
#[cfg(feature = "view")]
pub mod view;
pub mod world;
