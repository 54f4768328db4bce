//! The index of a recording: snapshots in a file beside it, so that any tick can be had at once. It
//! can be thrown away at any time, and is thrown away when it is of another run or damaged. It must
//! not change the recording, and no state that it gives is believed unchecked.
//!
//! A thread of its own does the run again with a mesh of its own, and writes a snapshot every so
//! many ticks: as many as a seek may take, and fewer when the file has no room for more. What is
//! read is checked three times: by its checksum, by the plan that it must be of, and by the
//! recording's checkpoint of that tick, where there is one.

mod store;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

pub use store::Found;
use store::Store;

use super::recording::Recording;
use crate::mesh::Mesh;
use crate::pace::{self, Shelf};

/// Bytes that an index may take on disk, unless it is told otherwise: 4 GiB.
pub const INDEX_BYTES: u64 = 4 << 30;

/// The index that belongs to a recording: its name and `.index`.
#[must_use]
pub fn path_of(recording: &Path) -> PathBuf {
    let mut name = recording.as_os_str().to_owned();
    name.push(".index");
    PathBuf::from(name)
}

/// Bytes of the index that belongs to a recording, and whether somebody has it open; `None` where
/// there is none.
pub(super) fn found(recording: &Path) -> Option<(u64, bool)> {
    let path = path_of(recording);
    let bytes = std::fs::metadata(&path).ok().filter(|_| store::is_index(&path))?.len();
    Some((bytes, super::rolling::is_locked(&path)))
}

/// Deletes the index that belongs to a recording; a file of that name that is none stays.
pub fn forget(recording: &Path) {
    let path = path_of(recording);
    if store::is_index(&path) {
        let _ = std::fs::remove_file(&path);
    }
}

/// Ticks of all nodes together that a seek has to run again at most, as long as the index has room:
/// about two seconds of one processor of today.
pub const SEEK_NODE_TICKS_MAX: u64 = 1 << 21;
/// The least ticks between snapshots: one takes as long as some ticks.
const SPACING_TICKS_MIN: u64 = 8;

/// Ticks between snapshots of an index, while there is room: half of what a driver keeps in memory,
/// since nobody waits for the thread that makes them, and no more than [`SEEK_NODE_TICKS_MAX`]
/// allows. A power of two.
#[must_use]
pub fn spacing(nodes: usize) -> u64 {
    let most = (SEEK_NODE_TICKS_MAX / (nodes as u64).max(1)).max(SPACING_TICKS_MIN);
    (pace::spacing(nodes) / 2).clamp(1, 1 << most.ilog2())
}

/// How an index is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexStatus {
    /// Ticks that it reaches.
    pub ticks: u64,
    /// Ticks of the recording.
    pub ticks_all: u64,
    /// Ticks between snapshots.
    pub spacing_ticks: u64,
    /// How many snapshots there are.
    pub snapshots: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes that it may take there.
    pub bytes_max: u64,
    /// It reaches the end.
    pub is_complete: bool,
    /// What was there before, where it could not be used as it was.
    pub note: Option<String>,
    /// Why there is none, or no more of it.
    pub trouble: Option<String>,
}

struct Shared {
    recording: Arc<Recording>,
    store: Mutex<Option<Store>>,
    status: Mutex<IndexStatus>,
    abandoned: AtomicBool,
}

/// The index of a recording. When it is dropped, whoever builds it stops; what is there stays.
pub struct Index(Arc<Shared>);

impl Index {
    /// Looks at the index in `path`, of the recording in `file`; `mesh` is any mesh of it. Nothing
    /// is built yet. Where none can be had, the status says why. One of another run is emptied.
    #[must_use]
    pub fn open(
        path: &Path,
        file: &Path,
        recording: Arc<Recording>,
        mesh: &Mesh,
        bytes_max: u64,
    ) -> Self {
        Self::look_at(path, file, recording, mesh, Some(bytes_max))
    }

    /// The same, of an index that is only read: the file stays as it is, whatever is in it.
    #[must_use]
    pub fn read(path: &Path, file: &Path, recording: Arc<Recording>, mesh: &Mesh) -> Self {
        Self::look_at(path, file, recording, mesh, None)
    }

    fn look_at(
        path: &Path,
        file: &Path,
        recording: Arc<Recording>,
        mesh: &Mesh,
        bytes_max: Option<u64>,
    ) -> Self {
        let writable = bytes_max.is_some();
        let mut status = IndexStatus {
            ticks_all: recording.ticks(),
            spacing_ticks: spacing(mesh.plan().nodes.len()),
            bytes_max: bytes_max.unwrap_or_default(),
            ..IndexStatus::default()
        };
        let ticks = status.ticks_all;
        let store = fingerprint(file, mesh);
        let store = store.and_then(|print| Store::open(path, print, ticks, writable));
        let store = match store {
            Ok((store, found)) => {
                status.note = note(path, found, writable);
                Some(store)
            }
            Err(error) => {
                status.trouble = Some(format!("{}: no index: {error}", path.display()));
                None
            }
        };
        let shared = Shared {
            recording,
            store: Mutex::new(store),
            status: Mutex::new(status),
            abandoned: AtomicBool::new(false),
        };
        shared.look(false);
        Self(Arc::new(shared))
    }

    /// Builds what is missing, on a thread of its own; `mesh` is the recording's, at its start.
    ///
    /// # Errors
    /// When the system has no thread to spare.
    pub fn build(&self, mesh: Mesh) -> io::Result<JoinHandle<()>> {
        let shared = Arc::clone(&self.0);
        let thread = std::thread::Builder::new().name("index".to_owned());
        thread.spawn(move || shared.build(mesh, |_| ()))
    }

    /// Builds what is missing, here; `told` hears of every tick.
    pub fn build_here(&self, mesh: Mesh, told: impl FnMut(u64)) {
        self.0.build(mesh, told);
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> IndexStatus {
        self.0.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whoever builds it stops.
    pub fn abandon(&self) {
        self.0.abandoned.store(true, Ordering::Relaxed);
    }

    /// The snapshots, for a driver; it can be asked while more are built.
    #[must_use]
    pub fn shelf(&self) -> Box<dyn Shelf> {
        Box::new(Lent(Arc::clone(&self.0)))
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// What a run is known by: every byte of its recording, and what its mesh is built from.
fn fingerprint(file: &Path, mesh: &Mesh) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 1 << 16];
    let mut file = File::open(file)?;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
    Ok(*hasher.update(&mesh.identity()).finalize().as_bytes())
}

fn note(path: &Path, found: Found, writable: bool) -> Option<String> {
    let what = match found {
        Found::Good => return None,
        Found::Nothing if writable => return None,
        Found::Nothing => "it is empty",
        Found::Stale => "of another run, or of this recording as it was before",
        Found::Torn => "cut off after its first bytes",
        Found::Cut => "its end was cut off or damaged",
    };
    let done = match (writable, found) {
        (true, Found::Cut) => "made anew from there",
        (true, _) => "made anew",
        (false, Found::Cut) => "used up to there; --index completes it",
        (false, _) => "not used; --index makes it anew",
    };
    Some(format!("{}: {what}: {done}", path.display()))
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Option<Store>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how things stand.
    fn look(&self, is_complete: bool) {
        let store = self.store();
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            status.snapshots = store.len();
            status.bytes = store.bytes();
            status.ticks = if is_complete { status.ticks_all } else { store.last().unwrap_or(0) };
        }
        // Ticks after the last snapshot that could be are none that an index would help with.
        status.is_complete = is_complete
            || status.ticks_all.saturating_sub(status.ticks) < status.spacing_ticks
                && status.snapshots > 0;
    }

    fn fail(&self, trouble: String) {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).trouble = Some(trouble);
    }

    fn spacing(&self) -> u64 {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).spacing_ticks.max(1)
    }

    fn build(&self, mut mesh: Mesh, mut told: impl FnMut(u64)) {
        let last = self.store().as_ref().and_then(Store::last);
        if let Some(further) = last.and_then(|tick| self.mesh(tick, &mesh)) {
            mesh = further;
        }
        let ticks = self.recording.ticks();
        while mesh.ticks() < ticks {
            if self.abandoned.load(Ordering::Relaxed) || self.store().is_none() {
                return;
            }
            mesh.step();
            if let Err(difference) = self.recording.verify(&mut mesh) {
                return self.fail(format!("indexed no further: {difference}"));
            }
            let tick = mesh.ticks();
            told(tick);
            if tick.is_multiple_of(self.spacing()) {
                if let Err(trouble) = self.add(&mut mesh) {
                    return self.fail(format!("indexed no further: {trouble}"));
                }
                self.look(false);
            }
        }
        self.look(true);
    }

    /// Adds a snapshot, and makes room for it where there is none.
    fn add(&self, mesh: &mut Mesh) -> io::Result<()> {
        let (tick, bytes) = (mesh.ticks(), mesh.snapshot());
        let packed = lz4_flex::block::compress(&bytes);
        let bytes_max = self.status.lock().unwrap_or_else(PoisonError::into_inner).bytes_max;
        loop {
            let spacing = self.spacing();
            let mut store = self.store();
            let Some(store) = &mut *store else { return Ok(()) };
            if !tick.is_multiple_of(spacing) || store.last().is_some_and(|last| last >= tick) {
                return Ok(());
            }
            if store.bytes() + packed.len() as u64 + 64 <= bytes_max {
                return store.append(tick, &packed, bytes.len());
            }
            if store.len() == 0 {
                return Err(io::Error::other("a single snapshot is more than the index may hold"));
            }
            store.thin(spacing * 2)?;
            let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            status.spacing_ticks = spacing * 2;
        }
    }

    /// A mesh at a tick, checked.
    fn mesh(&self, tick: u64, like: &Mesh) -> Option<Mesh> {
        let bytes = self.store().as_mut()?.read(tick);
        let mesh = bytes.and_then(|bytes| like.another(&bytes).ok());
        let mesh = mesh.and_then(|mut mesh| {
            let holds = mesh.ticks() == tick && self.recording.verify(&mut mesh).is_ok();
            holds.then_some(mesh)
        });
        if mesh.is_none()
            && let Some(store) = &mut *self.store()
        {
            store.reject(tick);
        }
        mesh
    }
}

/// The snapshots of an index.
struct Lent(Arc<Shared>);

impl Shelf for Lent {
    fn nearest(&self, tick: u64) -> Option<u64> {
        self.0.store().as_ref()?.nearest(tick)
    }

    fn mesh(&mut self, tick: u64, like: &Mesh) -> Option<Mesh> {
        self.0.mesh(tick, like)
    }

    fn progress(&self) -> (u64, u64) {
        let status = self.0.status.lock().unwrap_or_else(PoisonError::into_inner);
        (status.ticks, status.ticks_all)
    }
}
