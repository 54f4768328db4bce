//! The rows of a sweep in a folder: a manifest, one file of rows for each shard, and the merged
//! results. Knows rows as JSON objects and must not know what was run.
//!
//! A row is one line, written at once and flushed to the disk before it counts. A line that was cut
//! off is no row; its run is done again.

mod log;
mod merge;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::scenario::RUNS_MAX;

pub use log::Log;
pub use merge::{Merged, merge};

/// Format of manifest and rows.
const FORMAT: u32 = 1;
/// The manifest's file.
const MANIFEST: &str = "sweep.json";
/// The merged rows, and the same as a table.
const RESULTS: [&str; 2] = ["results.jsonl", "results.csv"];
/// What every row begins with besides its run's own fields.
const RUN: &str = "run";
const SWEEP: &str = "sweep";
/// Fields that say how fast a machine was. They differ from run to run.
const TIMES: [&str; 3] = ["wall_s", "node_ticks_per_s", "peak_memory_kib"];

/// What a folder of rows belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Hexadecimal digits that tell this sweep from others.
    pub sweep: String,
    /// Its name; may be empty.
    pub title: String,
    /// The scenario that is varied, as the sweep names it.
    pub scenario: String,
    /// How many runs it has.
    pub runs: u64,
    /// The fields that are varied, in order.
    pub parameters: Vec<String>,
}

impl Manifest {
    /// The manifest of a sweep with this identity.
    #[must_use]
    pub fn new(
        identity: &[u8; 32],
        title: &str,
        scenario: &str,
        runs: u64,
        parameters: Vec<String>,
    ) -> Self {
        let sweep = data_encoding::HEXLOWER.encode(identity.first_chunk::<8>().unwrap_or(&[0; 8]));
        let (title, scenario) = (title.to_owned(), scenario.to_owned());
        Self { format: FORMAT, sweep, title, scenario, runs, parameters }
    }

    /// Reads the manifest of a folder; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read or is none.
    pub fn read(folder: &Path) -> Result<Option<Self>, SweepError> {
        let path = folder.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| SweepError::file(&path, "cannot be read", &error))?,
        };
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| SweepError::file(&path, "is no manifest of a sweep", &error))?;
        if manifest.runs > RUNS_MAX {
            let why = format!("{} runs, and {RUNS_MAX} at most", manifest.runs);
            Err(SweepError::File { path, what: "is no manifest of a sweep", why })
        } else if manifest.format == FORMAT {
            Ok(Some(manifest))
        } else {
            let why = format!("format {}; this program writes {FORMAT}", manifest.format);
            Err(SweepError::File { path, what: "has another format", why })
        }
    }

    /// Makes the folder a folder of this sweep.
    ///
    /// # Errors
    /// When it is one of another sweep, or cannot be written to.
    pub fn claim(&self, folder: &Path) -> Result<(), SweepError> {
        fs::create_dir_all(folder)
            .map_err(|error| SweepError::file(folder, "cannot be made", &error))?;
        match Self::read(folder)? {
            Some(there) if (&there.sweep, there.runs) == (&self.sweep, self.runs) => Ok(()),
            Some(there) => Err(SweepError::Foreign {
                path: folder.join(MANIFEST),
                line: 0,
                found: there.sweep,
                expected: self.sweep.clone(),
            }),
            None => {
                let text = serde_json::to_string(self).unwrap_or_default();
                replace(&folder.join(MANIFEST), |file| writeln!(file, "{text}"))
            }
        }
    }
}

/// Which runs one process does: those whose number is `index` modulo `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// All runs.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Reads `2/8`: the third of eight.
    ///
    /// # Errors
    /// When it is not that; says what is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not I/N, with I from 0 to N - 1 and N to 100000, such as 0/4");
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u32>().ok().filter(|_| plain).ok_or_else(wrong)
        };
        let shard = Self { index: number(index)?, count: number(count)? };
        if shard.index < shard.count && shard.count <= 100_000 { Ok(shard) } else { Err(wrong()) }
    }

    /// Whether it is the only one.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.count == 1
    }

    /// Its runs of `all`, rising.
    pub fn runs(self, all: u64) -> impl Iterator<Item = u64> {
        (u64::from(self.index)..all).step_by(self.count as usize)
    }

    fn file_name(self) -> String {
        format!("shard-{}-of-{}.jsonl", self.index, self.count)
    }
}

/// Why rows cannot be written, read or merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweepError {
    /// A file is not as it should be.
    File {
        /// Which.
        path: PathBuf,
        /// What is the matter.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// Another process writes the same rows.
    Busy(PathBuf),
    /// A manifest or row is of another sweep.
    Foreign {
        /// Where.
        path: PathBuf,
        /// The line, counted from 1; 0 for the file as a whole.
        line: usize,
        /// The sweep it is of.
        found: String,
        /// The sweep it should be of.
        expected: String,
    },
    /// A line is no row.
    NoRow {
        /// Where.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why not.
        why: String,
    },
    /// A run is there twice.
    Twice {
        /// Which.
        run: u64,
        /// Where, both times.
        places: [(PathBuf, usize); 2],
    },
    /// Runs are missing.
    Missing {
        /// How many there should be.
        all: u64,
        /// Those that are missing.
        runs: Vec<u64>,
    },
    /// The folder is no folder of a sweep.
    NoSweep(PathBuf),
}

impl SweepError {
    fn file(path: &Path, what: &'static str, why: &impl fmt::Display) -> Self {
        Self::File { path: path.to_path_buf(), what, why: why.to_string() }
    }
}

impl fmt::Display for SweepError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, what, why } => write!(out, "{}: {what}: {why}", path.display()),
            Self::Busy(path) => write!(
                out,
                "{}: another process does these runs; wait for it, or choose another shard",
                path.display()
            ),
            Self::Foreign { path, line: 0, found, expected } => write!(
                out,
                "{}: the folder holds sweep {found}, and this one is {expected}; name another \
                 folder, or remove it",
                path.display()
            ),
            Self::Foreign { path, line, found, expected } => write!(
                out,
                "{}:{line}: a row of sweep {found}, and this one is {expected}; take the file out",
                path.display()
            ),
            Self::NoRow { path, line, why } => write!(
                out,
                "{}:{line}: not a row: {why}; remove the line, and its run is done again",
                path.display()
            ),
            Self::Twice { run, places: [(first, at), (second, again)] } => write!(
                out,
                "run {run} is there twice: {}:{at} and {}:{again}; remove one of the two",
                first.display(),
                second.display()
            ),
            Self::Missing { all, runs } => write!(
                out,
                "{} of {all} runs are missing: {}; run the sweep again, and it does these",
                runs.len(),
                spans(runs)
            ),
            Self::NoSweep(path) => {
                write!(out, "{}: no `{MANIFEST}`: not a folder of a sweep", path.display())
            }
        }
    }
}

impl std::error::Error for SweepError {}

/// Rising numbers as spans, `1, 4-7`, the first ten of them.
fn spans(runs: &[u64]) -> String {
    const SHOWN: usize = 10;
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for run in runs {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == *run => *last = *run,
            _ => spans.push((*run, *run)),
        }
    }
    let text = |(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let shown: Vec<String> = spans.iter().take(SHOWN).map(text).collect();
    let more = if spans.len() > SHOWN { ", .." } else { "" };
    shown.join(", ") + more
}

/// Writes a file beside `path` and renames it, so that it is there as a whole or not at all.
fn replace(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), SweepError> {
    let mut fresh = path.as_os_str().to_owned();
    // Shards that start together must not write into each other's file.
    fresh.push(format!(".{}.new", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let put = || {
        let mut file = std::io::BufWriter::new(File::create(&fresh)?);
        write(&mut file)?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&fresh, path)
    };
    put().map_err(|error: std::io::Error| {
        let _ = fs::remove_file(&fresh);
        SweepError::file(path, "cannot be written", &error)
    })
}
