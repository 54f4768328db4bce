//! A recording that is being written: the stepping thread hands over plain values, a thread of its
//! own makes lines of them. When that falls behind, ticks wait; when it cannot write, the run goes
//! on and the status says so. Must not change the mesh, nor keep the run from going on.

mod thread;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use qres_core::id::NodeId;

use super::created_by;
use super::text::format::{
    Base64, Board, Checkpoint, End, FORMAT, Hash, Hash256, Header, Hex, Note, Record, Remark,
};
use crate::mesh::boards::{BoardInput, BoardTick};
use crate::mesh::snapshot::{Digest, RULES_VERSION};
use crate::mesh::survey::Survey;
use crate::mesh::{CHECKPOINT_TICKS, Mesh};
use crate::scenario::Command;

/// Ticks between checkpoints, unless told otherwise: where the mesh computes a digest anyway.
pub const CHECKPOINT_EVERY: u64 = CHECKPOINT_TICKS;
/// Entries that wait for the thread before ticks wait for it.
const WAITING_MAX: usize = 256;
/// Real time between flushes.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// What a recording goes into.
pub trait Store: Write + Send {
    /// Makes sure that what was written outlives a crash, and is still where it was.
    ///
    /// # Errors
    /// When it does not, or is not.
    fn keep(&mut self) -> io::Result<()>;
}

/// What is recorded, besides what the mesh says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecorderOptions {
    /// The path or name of the scenario.
    pub name: String,
    /// The text of its file.
    pub scenario: String,
    /// Data files that it names, with the BLAKE3 of each: see [`super::data_digests`].
    pub data: Vec<(String, Hash256)>,
    /// Ticks between checkpoints; 0: [`CHECKPOINT_EVERY`].
    pub checkpoint_every: u64,
}

impl Header {
    /// The header of a recording of `mesh`.
    #[must_use]
    pub fn new(options: RecorderOptions, mesh: &Mesh) -> Self {
        let plan = mesh.founding();
        let gene =
            |(id, gene): (&NodeId, &qres_core::gene::GeneBytes)| (id.0, Base64(gene.to_vec()));
        Self {
            format: FORMAT,
            build: created_by().to_owned(),
            rules: RULES_VERSION,
            name: options.name,
            seed: plan.seed,
            tick_ms: (plan.config.wake.tick_us / 1_000) as u32,
            checkpoint_every: match options.checkpoint_every {
                0 => CHECKPOINT_EVERY,
                every => every,
            },
            plan: Hash::of(mesh.identity()),
            data: options.data,
            genes: plan.memory.iter().map(gene).collect(),
            scenario: options.scenario,
        }
    }
}

/// What is handed to the thread.
enum Entry {
    Header(Box<Header>),
    Command(u64, Command),
    Survey(Survey),
    Board(Board),
    Note(u64, Note),
    End(u64, Digest),
}

impl Entry {
    fn tick(&self) -> u64 {
        match self {
            Self::Header(_) => 0,
            Self::Command(tick, _) | Self::Note(tick, _) | Self::End(tick, _) => *tick,
            Self::Survey(survey) => survey.tick.0,
            Self::Board(board) => board.tick,
        }
    }

    fn record(self) -> Record {
        match self {
            Self::Header(header) => Record::Header(*header),
            Self::Command(tick, command) => Record::Command { tick, command },
            Self::Survey(survey) => Record::Checkpoint(Checkpoint::of(&survey)),
            Self::Board(board) => Record::Board(board),
            Self::Note(tick, note) => Record::Note(Remark { tick, note }),
            Self::End(tick, digest) => Record::End(End { tick, digest: Hash256(digest.0) }),
        }
    }
}

/// How a recording is doing. A copy costs no memory of its own, so that frames can have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecorderStatus {
    /// The file.
    pub path: Arc<Path>,
    /// Lines written.
    pub lines: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Why nothing more is written: what went wrong, and what that means.
    pub trouble: Option<Arc<str>>,
}

/// What the threads share.
struct Shared {
    status: Mutex<RecorderStatus>,
    /// Ticks run.
    reached: AtomicU64,
}

impl Shared {
    fn new(path: &Path) -> Self {
        let status = RecorderStatus { path: path.into(), lines: 0, bytes: 0, trouble: None };
        Self { status: Mutex::new(status), reached: AtomicU64::new(0) }
    }

    fn change(&self, change: impl FnOnce(&mut RecorderStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Keeps the first thing that went wrong; `what` comes behind the path.
    fn fail(&self, what: &str) {
        self.change(|status| {
            if status.trouble.is_none() {
                status.trouble = Some(format!("{}: {what}", status.path.display()).into());
            }
        });
    }
}

/// Looks at a recording from any thread.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

impl Watch {
    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> RecorderStatus {
        self.0.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has gone wrong with it.
    #[must_use]
    pub fn trouble(&self) -> Option<Arc<str>> {
        self.0.status.lock().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }
}

/// A recording that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it did.
    pub status: RecorderStatus,
}

/// A recording that is being written. One that is dropped has no end, but all lines so far.
pub struct Recorder {
    entries: Option<Sender<Entry>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    every: u64,
    /// Commands from outside that were handed over.
    commands: usize,
    /// What boards brought in and the mesh has kept that was handed over.
    boards: usize,
    /// The tick after which the recorder was last called.
    tick: u64,
    /// The tick of the last checkpoint.
    checked: Option<u64>,
    /// The mesh was put back: what it does now is another run.
    over: bool,
}

impl Recorder {
    /// Begins a recording of `mesh` in a new file. Also in mid-run: it is a recording of the whole
    /// run then too, but for checkpoints before this tick.
    ///
    /// # Errors
    /// When the file is there and not empty, or cannot be made or locked; or there is no thread.
    pub fn create(path: &Path, header: Header, mesh: &mut Mesh) -> io::Result<Self> {
        let file = Kept::create(path)?;
        Self::begin(path, file, header, mesh, FLUSH_EVERY)
    }

    /// The same into any store, flushed after each `flush_every` of real time.
    ///
    /// # Errors
    /// When the system has no thread to spare.
    pub fn begin(
        path: &Path,
        store: impl Store + 'static,
        header: Header,
        mesh: &mut Mesh,
        flush_every: Duration,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(path));
        let (entries, inbox) = crossbeam_channel::bounded(WAITING_MAX);
        let every = header.checkpoint_every.max(1);
        let scribe = thread::Scribe::new(Box::new(store), Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("recorder".to_owned());
        let thread = thread.spawn(move || scribe.run(&inbox, flush_every))?;
        let mut recorder = Self {
            entries: Some(entries),
            thread: Some(thread),
            shared,
            every,
            commands: 0,
            boards: 0,
            tick: mesh.ticks(),
            checked: None,
            over: false,
        };
        recorder.hand(Entry::Header(Box::new(header)));
        recorder.take_inputs(mesh);
        recorder.check(mesh);
        Ok(recorder)
    }

    /// Takes what there is after a tick: to be called after each step. Where the mesh was put back
    /// to an earlier tick, the recording ends, without an end, and says so.
    pub fn tick(&mut self, mesh: &mut Mesh) {
        let tick = mesh.ticks();
        if self.over {
            return;
        }
        if tick < self.tick {
            self.over = true;
            self.shared.fail(&format!(
                "the run was put back to tick {tick}: the recording ends before that"
            ));
            return;
        }
        self.tick = tick;
        self.take_inputs(mesh);
        if tick.is_multiple_of(self.every) {
            self.check(mesh);
        }
        self.shared.reached.store(tick, Ordering::Release);
    }

    /// What a board brought into tick `tick`, to be told before [`Recorder::tick`] after it where
    /// the mesh does not keep it (see [`Mesh::keep_boards`]).
    pub fn board(&mut self, tick: u64, node: NodeId, input: &BoardInput) {
        if !self.over {
            let bytes = Hex(input.to_bytes());
            self.hand(Entry::Board(Board { tick, node: node.0, bytes }));
        }
    }

    /// Notes something; it is no part of the run.
    pub fn note(&mut self, note: Note) {
        if !self.over {
            self.hand(Entry::Note(self.tick, note));
        }
    }

    /// How it is doing, for any thread.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.shared))
    }

    /// Ends the recording, and waits until it is written.
    pub fn finish(mut self, mesh: &mut Mesh) -> Finished {
        if !self.over && mesh.ticks() >= self.tick {
            self.take_inputs(mesh);
            self.tick = mesh.ticks();
            self.check(mesh);
            // What waits never took effect.
            self.hand(Entry::End(self.tick, mesh.survey().digest));
        }
        self.close();
        Finished { status: Watch(Arc::clone(&self.shared)).status() }
    }

    /// Hands over what is new of commands and, where the mesh keeps it, of boards, by tick.
    fn take_inputs(&mut self, mesh: &Mesh) {
        let commands: Vec<_> = mesh.commands_from_outside(self.commands).collect();
        let boards = mesh.brought(self.boards);
        self.commands += commands.len();
        self.boards += boards.len();
        let mut commands = commands.into_iter().peekable();
        for BoardTick { tick, node, input } in &boards {
            while let Some((at, command)) = commands.next_if(|(at, _)| at.0 <= *tick) {
                self.hand(Entry::Command(at.0, command.clone()));
            }
            self.board(*tick, *node, input);
        }
        for (at, command) in commands {
            self.hand(Entry::Command(at.0, command.clone()));
        }
    }

    fn check(&mut self, mesh: &mut Mesh) {
        if self.checked != Some(self.tick) {
            self.checked = Some(self.tick);
            self.hand(Entry::Survey(mesh.survey()));
        }
    }

    /// Waits while the thread has too much to do.
    fn hand(&self, entry: Entry) {
        if let Some(entries) = &self.entries {
            // A thread that is gone has said why in the status.
            let _ = entries.send(entry);
        }
    }

    fn close(&mut self) {
        self.entries = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

/// A file that is ours alone as long as it is open.
struct Kept {
    path: PathBuf,
    file: File,
    /// Bytes that were written into it.
    bytes: u64,
}

impl Kept {
    fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let about = file.metadata()?;
        if about.is_file() && about.len() > 0 {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "is there already"));
        }
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(io::Error::other("another process writes it"));
            }
            // Some file systems have no locks.
            Err(std::fs::TryLockError::Error(_)) | Ok(()) => {}
        }
        Ok(Self { path: path.to_path_buf(), file, bytes: 0 })
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Store for Kept {
    fn keep(&mut self) -> io::Result<()> {
        match self.file.sync_data() {
            // What is no file on a disk, a pipe for instance, cannot be kept.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
            other => other?,
        }
        let ours = self.file.metadata()?;
        let (there, written) = (ours.len(), self.bytes);
        if ours.is_file() && there != written {
            return Err(io::Error::other(format!(
                "another program has changed it: it has {there} bytes, and {written} were written"
            )));
        }
        match std::fs::metadata(&self.path) {
            Ok(there) if is_same(&ours, &there) => Ok(()),
            Ok(_) => Err(io::Error::other("another file has taken its place")),
            Err(error) => Err(error),
        }
    }
}

/// Whether two descriptions are of one file, as far as the system tells.
#[cfg(unix)]
pub(crate) fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
pub(crate) fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    one.len() == other.len()
}
