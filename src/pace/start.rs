//! What a driven run begins with. It knows no files: what comes from one is handed over as values.

use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
use crate::scenario::Command;

use super::past::PAST_BYTES;
use super::verify::Verifier;

/// Snapshots of a run that somebody else keeps, such as the index of a recording.
pub trait Shelf: Send {
    /// The newest tick at or before `tick` of which there is a snapshot that can be had.
    fn nearest(&self, tick: u64) -> Option<u64>;

    /// A mesh at exactly this tick, of the plan of `like`. A snapshot that does not give one, or
    /// one in another state than the run had, is not offered again.
    fn mesh(&mut self, tick: u64, like: &Mesh) -> Option<Mesh>;

    /// Ticks that are indexed, and ticks that are to be.
    fn progress(&self) -> (u64, u64);
}

/// Somebody who is shown the mesh after every new tick, on the mesh's thread: a recorder. It is not
/// shown ticks that are run again, nor the second world; when a second world takes the place of the
/// first one, it sees no more.
pub type Observer = Box<dyn FnMut(&mut Mesh) + Send>;

/// A run that is about to begin.
pub struct Start {
    /// The mesh, at any tick: no tick before that one can be gone back to.
    pub mesh: Mesh,
    /// What is fixed for the run.
    pub scene: Scene,
    /// The units of the signals, by modality.
    pub units: Vec<String>,
    /// Speed in thousandths of real time.
    pub speed_milli: u32,
    /// The last tick; `None`: it never ends.
    pub ticks: Option<u64>,
    /// Commands from outside by the tick at whose start they take effect, in order of effect, where
    /// the mesh does not know them itself (see [`Mesh::replay`]).
    pub script: Vec<(u64, Command)>,
    /// Who holds the run against what was kept of it.
    pub verifier: Option<Verifier>,
    /// What happened is not to be changed: a command begins a second world.
    pub is_replay: bool,
    /// The newest mesh goes ahead to the last tick, while one looks at another one.
    pub reads_ahead: bool,
    /// Snapshots that somebody else keeps.
    pub shelf: Option<Box<dyn Shelf>>,
    /// Who is shown every new tick.
    pub observer: Option<Observer>,
    /// Bytes of snapshots in memory, at most, for each world.
    pub past_bytes: usize,
}

impl Start {
    /// A run in real time that never ends, with nothing known beforehand.
    #[must_use]
    pub fn new(mesh: Mesh, scene: Scene) -> Self {
        Self {
            mesh,
            scene,
            units: Vec::new(),
            speed_milli: 1_000,
            ticks: None,
            script: Vec::new(),
            verifier: None,
            is_replay: false,
            reads_ahead: false,
            shelf: None,
            observer: None,
            past_bytes: PAST_BYTES,
        }
    }
}
