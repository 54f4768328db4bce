//! Models that outlive a run, on disk: two slots for each scenario, of which the newest whole one
//! counts. A gene is bytes here; whether a node can live with it is for the mesh to say.
//!
//! A slot is a file that holds one [record](qres_core::store) and nothing else. A save goes to the
//! slot that is not the newest: written beside it, flushed to the disk, renamed over it, read back.

mod disk;
mod genes;

use std::fs::File;
use std::path::{Path, PathBuf};

use qres_core::id::NodeId;
use qres_core::store::is_newer;

pub use genes::{GENE_BYTES_MAX, GenesError, decode};

use crate::scenario::Scenario;

/// What the models of a mesh belong to.
pub type Identity = [u8; 32];

/// The identity of a scenario: BLAKE3 of its title, the number and layout of its nodes, and its
/// modalities in order. Seed, weather and protocol may change without orphaning its models.
#[must_use]
pub fn identity(scenario: &Scenario) -> Identity {
    let mut hasher = blake3::Hasher::new_derive_key("qres kept models identity 1");
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    part(scenario.title.as_bytes());
    part(&scenario.node_count().to_le_bytes());
    // Plain data with text for keys: there is no way for this to fail.
    part(&serde_json::to_vec(&scenario.nodes.layout).unwrap_or_default());
    scenario.signals.iter().for_each(|signal| part(signal.modality.as_bytes()));
    *hasher.finalize().as_bytes()
}

/// Why models can be neither read nor kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryError {
    /// The folder is not there and cannot be made.
    Folder(PathBuf, String),
    /// Another run keeps its models in these slots.
    Busy(PathBuf),
    /// There are slots, and none of them is whole.
    Damaged(Vec<(PathBuf, String)>),
    /// A slot could not be written; the other one is as it was.
    Write(PathBuf, String),
}

impl std::fmt::Display for MemoryError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(path, why) => {
                write!(out, "{}: cannot be a folder for models: {why}", path.display())
            }
            Self::Busy(path) => {
                write!(out, "{}: another run keeps its models here; ", path.display())?;
                write!(out, "wait until it ends, or name another folder")
            }
            Self::Damaged(slots) => {
                write!(out, "no slot of kept models is whole")?;
                for (path, why) in slots {
                    write!(out, "; {}: {why}", path.display())?;
                }
                write!(out, "; put a good copy back, or remove them to start afresh")
            }
            Self::Write(path, why) => {
                write!(out, "{}: cannot keep the models: {why}; ", path.display())?;
                write!(out, "those of the run before are still there")
            }
        }
    }
}

impl std::error::Error for MemoryError {}

/// Models of an earlier run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many saves led to them; 0 if there are none.
    pub generation: u32,
    /// A gene for each node, by id.
    pub genes: Vec<(NodeId, Vec<u8>)>,
    /// A slot that could not be used, and why.
    pub damaged: Option<(PathBuf, String)>,
}

/// Slots that no other run may write while this is there.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The two slots of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    folder: PathBuf,
    slots: [PathBuf; 2],
    lock: PathBuf,
    identity: Identity,
}

impl Memory {
    /// The slots in `folder` for the scenario that goes by `name`:
    /// `NAME-HASH.a.qgene` and `NAME-HASH.b.qgene`, HASH being the first 16 digits of its identity.
    #[must_use]
    pub fn new(folder: &Path, name: &str, identity: Identity) -> Self {
        let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
        let hash = blake3::Hash::from_bytes(identity).to_hex();
        let hash = hash.get(..16).unwrap_or_default();
        let slot = |letter: char| folder.join(format!("{stem}-{hash}.{letter}.qgene"));
        let lock = folder.join(format!("{stem}-{hash}.lock"));
        Self { folder: folder.to_path_buf(), slots: [slot('a'), slot('b')], lock, identity }
    }

    /// Takes the slots for this run alone, by a lock on `NAME-HASH.lock`. Makes the folder where it
    /// is missing; a folder that cannot be written to is found out here, not when the run is over.
    ///
    /// # Errors
    /// When another run has them, or no file can be made in the folder.
    pub fn lock(&self) -> Result<Lock, MemoryError> {
        let unusable = |why| MemoryError::Folder(self.folder.clone(), why);
        disk::folder(&self.folder).map_err(unusable)?;
        let file = disk::lock(&self.lock).map_err(unusable)?;
        file.map(|file| Lock { _file: file }).ok_or_else(|| MemoryError::Busy(self.lock.clone()))
    }

    /// The newest whole slot; nothing if there is no slot yet. Makes the folder where it is
    /// missing, so that a run that cannot keep its models says so before it starts.
    ///
    /// # Errors
    /// When there is no folder, or slots but no whole one.
    pub fn load(&self) -> Result<Kept, MemoryError> {
        disk::folder(&self.folder).map_err(|why| MemoryError::Folder(self.folder.clone(), why))?;
        let mut kept = Kept::default();
        let mut wrong = Vec::new();
        let mut whole = false;
        for path in &self.slots {
            match self.slot(path) {
                Ok(None) => {}
                Ok(Some((generation, genes))) => {
                    if !whole || is_newer(generation, kept.generation) {
                        (kept.generation, kept.genes) = (generation, genes);
                    }
                    whole = true;
                }
                Err(why) => wrong.push((path.clone(), why)),
            }
        }
        if !whole && !wrong.is_empty() {
            return Err(MemoryError::Damaged(wrong));
        }
        kept.damaged = wrong.pop();
        Ok(kept)
    }

    /// Keeps genes, in rising order of id, as the newest; returns their generation.
    ///
    /// # Errors
    /// When they cannot be written; what was kept before then still is.
    pub fn save<'a>(
        &self,
        genes: impl IntoIterator<Item = (NodeId, &'a [u8])>,
    ) -> Result<u32, MemoryError> {
        let [a, b] = &self.slots;
        let generation = |path: &Path| self.slot(path).ok().flatten().map(|(number, _)| number);
        let (slot, last) = match (generation(a), generation(b)) {
            (None, None) => (a, 0),
            (None, Some(last)) => (a, last),
            (Some(first), Some(last)) if is_newer(last, first) => (a, last),
            (Some(last), _) => (b, last),
        };
        let next = last.wrapping_add(1);
        let payload = genes::encode(&self.identity, genes);
        let written = payload.map_err(|why| why.to_string()).and_then(|payload| {
            disk::write(&self.folder, slot, next, &payload)?;
            let found = disk::read(slot)?.ok_or("it is gone again")?;
            let same = qres_core::store::decode(&found)
                .is_ok_and(|record| record.generation == next && record.payload == payload);
            if same { Ok(next) } else { Err("it does not read back as written".to_owned()) }
        });
        written.map_err(|why| MemoryError::Write(slot.clone(), why))
    }

    /// What a slot holds; `None` if there is no such file.
    fn slot(&self, path: &Path) -> Result<Option<(u32, Vec<(NodeId, Vec<u8>)>)>, String> {
        let Some(bytes) = disk::read(path)? else { return Ok(None) };
        let record = qres_core::store::decode(&bytes).map_err(|why| why.to_string())?;
        let genes = decode(&self.identity, record.payload).map_err(|why| why.to_string())?;
        let owned = genes.into_iter().map(|(id, gene)| (id, gene.to_vec())).collect();
        Ok(Some((record.generation, owned)))
    }
}

#[cfg(test)]
mod tests;
