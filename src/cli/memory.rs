//! `--memory`: models that outlive a run. What is kept and how is [`crate::memory`]'s; here plans
//! take models in, meshes give them out, and people hear what could not be used.

use std::path::Path;

use super::output::{self, Failure};
use crate::memory::{Lock, Memory, identity};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

/// Models of an earlier run, as far as nodes could be born with them.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    /// Keeps other runs away from the slots until this one has kept its models.
    _lock: Option<Lock>,
    /// Nodes that are born with one.
    pub taken: usize,
    /// Models that no node can live with.
    pub skipped: usize,
    /// Why the first of those was skipped.
    pub reason: Option<String>,
}

impl Recalled {
    /// Says what became of the models.
    pub fn tell(&self) {
        if self.taken > 0 {
            output::note(&format!("{} models recalled", self.taken));
        }
        if let Some(reason) = &self.reason {
            output::note(&format!(
                "warning: {} kept models skipped, their nodes start afresh; the first: {reason}",
                self.skipped
            ));
        }
    }
}

/// Lets the plan's nodes be born with the models kept for this scenario, if there are any.
///
/// # Errors
/// When the folder cannot be made or written to, another run has the slots, or slots are there and
/// none of them is whole.
pub(super) fn recall(
    plan: &mut Plan,
    folder: &Path,
    name: &str,
    scenario: &Scenario,
) -> Result<Recalled, Failure> {
    let memory = Memory::new(folder, name, identity(scenario));
    let lock = memory.lock().map_err(Failure::input)?;
    let kept = memory.load().map_err(Failure::input)?;
    if let Some((path, why)) = &kept.damaged {
        output::note(&format!(
            "warning: {}: {why}; generation {} in the other slot is used",
            path.display(),
            kept.generation
        ));
    }
    let mut recalled = Recalled { _lock: Some(lock), ..Recalled::default() };
    for (id, gene) in &kept.genes {
        match plan.remember(*id, gene) {
            Ok(()) => recalled.taken += 1,
            Err(why) => {
                recalled.skipped += 1;
                recalled.reason.get_or_insert_with(|| format!("node {}: {why}", id.0));
            }
        }
    }
    Ok(recalled)
}

/// Keeps every node's model, beside those of the run before.
///
/// # Errors
/// When they cannot be written.
pub(super) fn keep(
    mesh: &mut Mesh,
    folder: &Path,
    name: &str,
    scenario: &Scenario,
) -> Result<(), Failure> {
    let genes = mesh.export_genes();
    let genes = genes.iter().map(|(id, gene)| (*id, gene.as_slice()));
    let memory = Memory::new(folder, name, identity(scenario));
    memory.save(genes).map(|_| ()).map_err(Failure::input)
}
