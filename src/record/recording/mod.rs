//! Recordings: a run as a small text file that can be replayed bit for bit. `text` is the file,
//! `write` makes it while a mesh runs, `replay` makes a mesh of it and holds that against its
//! checkpoints, `compare` finds where two part. Must not change a mesh that it records.

mod build;
pub mod compare;
mod replay;
#[cfg(test)]
mod tests;
pub mod text;
mod write;

pub use build::created_by;
pub use replay::{ReplayError, data_digests};
pub use text::{
    Apart, Board, Checkpoint, Cut, Difference, End, FILE_BYTES_MAX, FORMAT, Header, Note,
    Recording, RecordingError, Remark, Trouble, decode, format, is_recording, read, seal,
};
pub(crate) use write::is_same;
pub use write::{
    CHECKPOINT_EVERY, Finished, Recorder, RecorderOptions, RecorderStatus, Store, Watch,
};
