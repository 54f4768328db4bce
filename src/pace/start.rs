//! What a driven run begins with, and its beginning. It knows no files: what comes from one is
//! handed over as values.
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
use crate::scenario::Command;

use super::Pace;
use super::driver::Driver;
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
/// first one, it sees no more, unless there is somebody who hears of that: see [`Start::keeper`].
pub type Observer = Box<dyn FnMut(&mut Mesh) + Send>;

/// Whoever brings something real into every new tick of the first world, on the mesh's thread: live
/// boards. It never sees a mesh of a past tick, nor one of a second world.
pub trait Live: Send {
    /// Lets time pass: called every few milliseconds, whether ticks run or not.
    fn pump(&mut self, mesh: &mut Mesh);

    /// Whether the next tick can run, which takes `tick_us` of real time. What it needs is asked
    /// for at the first call; it never waits.
    fn is_ready(&mut self, mesh: &mut Mesh, tick_us: u64) -> bool;

    /// Brings in what belongs to the next tick, right before it runs.
    fn give(&mut self, mesh: &mut Mesh);

    /// The tick has run.
    fn after(&mut self, mesh: &mut Mesh);

    /// Whether anything is connected: then the first world cannot be given up for another one.
    fn is_attached(&self) -> bool;
}

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
    /// Who brings something real into each new tick.
    pub live: Option<Box<dyn Live>>,
    /// Who is shown the newest tick of a second world that takes the place of the first one; after
    /// that the observer sees every new tick of that one.
    pub keeper: Option<Observer>,
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
            live: None,
            keeper: None,
            past_bytes: PAST_BYTES,
        }
    }
}

/// Starts a thread that drives `mesh` at `speed_milli` thousandths of real time until `ticks` are
/// done (`None`: for ever) or every handle is gone; joining it gives the mesh back, at the newest
/// tick that it has reached.
///
/// # Errors
/// When the system has no thread to spare.
pub fn start(
    mesh: Mesh,
    scene: Scene,
    units: Vec<String>,
    speed_milli: u32,
    ticks: Option<u64>,
) -> std::io::Result<(Pace, JoinHandle<Mesh>)> {
    begin(Start { units, speed_milli, ticks, ..Start::new(mesh, scene) })
}

/// Starts a thread that drives a run: see [`start`] and [`Start`].
///
/// # Errors
/// When the system has no thread to spare.
pub fn begin(start: Start) -> std::io::Result<(Pace, JoinHandle<Mesh>)> {
    let (intents, inbox) = crossbeam_channel::unbounded();
    let driver = Driver::new(start, inbox);
    let shared = Arc::clone(&driver.shared);
    let thread = std::thread::Builder::new().name("mesh".to_owned()).spawn(|| driver.run())?;
    Ok((Pace { shared, intents }, thread))
}
