//! The rows of one shard as they come, and the runs that are done already. Only ever appends;
//! what other shards have written it reads and leaves alone.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::folder::not_a_link;
use super::{Manifest, RUN, SWEEP, Shard, SweepError, sealed};

/// The file of a shard's rows, held for this process alone.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    done: BTreeSet<u64>,
    /// Bytes of a last line that was cut off.
    cut_bytes: u64,
    /// Why nothing more can be written.
    broken: bool,
}

impl Log {
    /// Opens the rows of `shard` in the folder, which must be one of this sweep, and finds out what
    /// is done. A line that was cut off is taken away.
    ///
    /// # Errors
    /// When another process has the file, it cannot be written to, or rows are of another sweep.
    pub fn open(folder: &Path, manifest: &Manifest, shard: Shard) -> Result<Self, SweepError> {
        let path = folder.join(shard.file_name());
        not_a_link(&path)?;
        let trouble = |error: std::io::Error| SweepError::file(&path, "cannot be used", &error);
        let file = File::options().create(true).read(true).append(true).open(&path);
        let mut file = file.map_err(trouble)?;
        lock(&file, &path)?;
        // Other divisions of the same sweep may have runs of this one in hand.
        for other in files(folder)?.into_iter().filter(|other| *other != path) {
            let name = other.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if Shard::of_file(name).is_some_and(|of| of.meets(shard)) {
                let trouble = |error| SweepError::file(&other, "cannot be used", &error);
                lock(&File::open(&other).map_err(trouble)?, &other)?;
            }
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(trouble)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let cut_bytes = (bytes.len() - whole) as u64;
        if cut_bytes > 0 {
            file.set_len(whole as u64).map_err(trouble)?;
            file.seek(SeekFrom::End(0)).map_err(trouble)?;
        }
        let mut done = BTreeSet::new();
        for path in files(folder)? {
            each_row(&path, manifest, |row| {
                done.insert(row.run);
                Ok(())
            })?;
        }
        Ok(Self { path, file, done, cut_bytes, broken: false })
    }

    /// What was taken away when it was opened, in words.
    #[must_use]
    pub fn dropped(&self) -> Option<String> {
        let (path, bytes) = (self.path.display(), self.cut_bytes);
        let said = format!(
            "{path}: the last line was cut off, and its {bytes} bytes are taken away; all rows \
             before it are kept, and its run is done again"
        );
        (bytes > 0).then_some(said)
    }

    /// Whether a run is done.
    #[must_use]
    pub fn has(&self, run: u64) -> bool {
        self.done.contains(&run)
    }

    /// Adds the row of a run: a line of JSON without a line break.
    ///
    /// # Errors
    /// When it cannot be written or flushed to the disk. The rows before it are safe.
    pub fn add(&mut self, run: u64, row: &str) -> Result<(), SweepError> {
        let trouble = |error| SweepError::file(&self.path, "cannot be written", &error);
        if self.broken {
            let why = std::io::Error::other("an earlier row could not be");
            return Err(trouble(why));
        }
        let line = sealed::closed(row) + "\n";
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        // What stands behind half a line would be lost with it.
        self.broken = written.is_err();
        written.map_err(trouble)?;
        self.done.insert(run);
        Ok(())
    }
}

/// Takes a file of rows for this process until it is closed.
fn lock(file: &File, path: &Path) -> Result<(), SweepError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(SweepError::Busy(path.to_path_buf())),
        // Some network file systems have no locks; two runs would be noticed by the merge.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(SweepError::file(path, "cannot be locked", &error)),
        Ok(()) => Ok(()),
    }
}

/// A row, and where it stands.
pub(super) struct Row<'a> {
    /// The run.
    pub run: u64,
    /// The line, counted from 1.
    pub line: usize,
    /// Its first byte in the file.
    pub start: u64,
    /// The row as JSON text, with its check.
    pub text: &'a str,
    /// And as a value, without it.
    pub value: &'a Value,
}

/// The files of rows in a folder, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, SweepError> {
    let trouble = |error| SweepError::file(folder, "cannot be listed", &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("shard-") && path.extension().is_some_and(|end| end == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Calls `each` with every whole row of a file.
pub(super) fn each_row(
    path: &Path,
    manifest: &Manifest,
    mut each: impl FnMut(&Row<'_>) -> Result<(), SweepError>,
) -> Result<(), SweepError> {
    use std::io::BufRead as _;
    let trouble = |error: std::io::Error| SweepError::file(path, "cannot be read", &error);
    let mut file = std::io::BufReader::new(File::open(path).map_err(trouble)?);
    let (mut line, mut start, mut text) = (0, 0, Vec::new());
    loop {
        text.clear();
        let length = file.read_until(b'\n', &mut text).map_err(trouble)?;
        line += 1;
        let Some(bytes) = text.strip_suffix(b"\n") else { return Ok(()) };
        let no_row = |why: String| SweepError::NoRow { path: path.to_path_buf(), line, why };
        let text = std::str::from_utf8(bytes).map_err(|error| no_row(error.to_string()))?;
        let row = sealed::opened(text);
        let row = row.ok_or_else(|| no_row("it is not as it was written".to_owned()))?;
        let value: Value = serde_json::from_str(&row).map_err(|error| no_row(error.to_string()))?;
        let sweep = value.get(SWEEP).and_then(Value::as_str);
        let sweep = sweep.ok_or_else(|| no_row(format!("no field `{SWEEP}`")))?;
        if sweep != manifest.sweep {
            return Err(SweepError::Foreign {
                path: path.to_path_buf(),
                line,
                found: sweep.chars().filter(char::is_ascii_hexdigit).take(16).collect(),
                expected: manifest.sweep.clone(),
            });
        }
        let run = value.get(RUN).and_then(Value::as_u64).filter(|run| *run < manifest.runs);
        let run = run.ok_or_else(|| {
            no_row(format!("`{RUN}` is not a whole number below {}", manifest.runs))
        })?;
        each(&Row { run, line, start, text, value: &value })?;
        start += length as u64;
    }
}
