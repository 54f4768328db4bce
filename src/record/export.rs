//! Several files that are written while a mesh runs. One that cannot be written, on a full disk for
//! instance, is given up and told of at the end; the run and the other files go on.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::mesh::Mesh;

/// Rows of a table over time, about.
const ROWS: u64 = 2_000;

/// The ticks of a run that are written down: each `every`-th, and the last. Copies share which one
/// is the last.
#[derive(Debug, Clone)]
pub struct Rhythm {
    every: u64,
    last: Arc<AtomicU64>,
}

impl Rhythm {
    /// About two thousand of a run of `ticks`.
    #[must_use]
    pub fn of(ticks: u64) -> Self {
        Self::each(ticks.div_ceil(ROWS), ticks)
    }

    /// Each `every`-th of a run of `ticks`; 0 counts as 1.
    #[must_use]
    pub fn each(every: u64, ticks: u64) -> Self {
        Self { every: every.max(1), last: Arc::new(AtomicU64::new(ticks)) }
    }

    /// Whether what there is after `ticks` ticks is written.
    #[must_use]
    pub fn has(&self, ticks: u64) -> bool {
        ticks.is_multiple_of(self.every) || ticks == self.last.load(Ordering::Relaxed)
    }

    /// The run is to end sooner: after so many ticks.
    pub fn end_at(&self, ticks: u64) {
        self.last.store(ticks, Ordering::Relaxed);
    }
}

/// A kind of file.
pub trait Exporter {
    /// What it is called in messages.
    const WHAT: &'static str;
    /// What each file of the kind begins with, and hardly any other.
    const BEGINS: &'static [u8];

    /// Takes what there is after a tick.
    ///
    /// # Errors
    /// When it cannot be written.
    fn tick(&mut self, mesh: &mut Mesh) -> io::Result<()>;

    /// Writes what is left.
    ///
    /// # Errors
    /// When it cannot be written.
    fn finish(self) -> io::Result<()>;
}

/// A file that could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportError {
    path: PathBuf,
    what: &'static str,
    why: String,
}

impl ExportError {
    fn new(path: &Path, what: &'static str, why: &io::Error) -> Self {
        Self { path: path.to_path_buf(), what, why: why.to_string() }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: cannot write the {}: {}", self.path.display(), self.what, self.why)
    }
}

impl std::error::Error for ExportError {}

/// An exporter with its file, whatever kind it is.
trait Writing {
    fn tick(&mut self, mesh: &mut Mesh) -> Result<(), ExportError>;
    fn finish(self: Box<Self>) -> Result<(), ExportError>;
}

struct Named<E> {
    path: PathBuf,
    exporter: E,
}

impl<E: Exporter> Writing for Named<E> {
    fn tick(&mut self, mesh: &mut Mesh) -> Result<(), ExportError> {
        self.exporter.tick(mesh).map_err(|why| ExportError::new(&self.path, E::WHAT, &why))
    }

    fn finish(self: Box<Self>) -> Result<(), ExportError> {
        self.exporter.finish().map_err(|why| ExportError::new(&self.path, E::WHAT, &why))
    }
}

/// The files of a run.
#[derive(Default)]
pub struct Exports {
    open: Vec<Box<dyn Writing>>,
    failed: Vec<ExportError>,
}

impl Exports {
    /// Creates the file at `path` and lets `make` begin it.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn add<E: Exporter + 'static>(
        &mut self,
        path: &Path,
        make: impl FnOnce(BufWriter<File>) -> io::Result<E>,
    ) -> Result<(), ExportError> {
        let begun = File::create(path).and_then(|file| make(BufWriter::new(file)));
        let exporter = begun.map_err(|why| ExportError::new(path, E::WHAT, &why))?;
        self.open.push(Box::new(Named { path: path.to_path_buf(), exporter }));
        Ok(())
    }

    /// Lets every file take what there is after a tick. One that fails is given up.
    pub fn tick(&mut self, mesh: &mut Mesh) {
        let failed = &mut self.failed;
        self.open.retain_mut(|file| match file.tick(mesh) {
            Ok(()) => true,
            Err(error) => {
                failed.push(error);
                false
            }
        });
    }

    /// Finishes every file; returns what could not be written, by then or before.
    #[must_use]
    pub fn finish(mut self) -> Vec<ExportError> {
        for file in self.open {
            self.failed.extend(file.finish().err());
        }
        self.failed
    }
}
