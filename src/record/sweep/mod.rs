//! The rows of a sweep in a folder: a manifest, one file of rows for each shard, and the merged
//! results. Knows rows as JSON objects and must not know what was run.
//!
//! A row is one line with a check of its bytes, written at once and flushed to the disk before it
//! counts. A line that was cut off is no row; its run is done again.

mod error;
mod folder;
mod log;
mod merge;
mod sealed;
mod table;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::scenario::RUNS_MAX;

pub use error::SweepError;
pub use log::Log;
pub use merge::{Merged, each_result, merge};
pub(super) use table::cells as each_cell;

/// Format of manifest and rows.
const FORMAT: u32 = 2;
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
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
            text => text.map_err(|error| SweepError::file(&path, "cannot be read", &error))?,
        };
        let damaged = |why: String| SweepError::Manifest { path: path.clone(), why };
        let manifest: Self = serde_json::from_str(&text).map_err(|why| damaged(why.to_string()))?;
        if manifest.runs > RUNS_MAX {
            Err(damaged(format!("{} runs, and {RUNS_MAX} at most", manifest.runs)))
        } else if manifest.format == FORMAT {
            Ok(Some(manifest))
        } else {
            let why =
                format!("{}; this program writes {FORMAT}: name another folder", manifest.format);
            Err(SweepError::File { path, what: "has another format", why })
        }
    }

    /// Makes the folder a folder of this sweep.
    ///
    /// # Errors
    /// When it is one of another sweep, holds something that would be overwritten, or cannot be
    /// written to.
    pub fn claim(&self, folder: &Path) -> Result<(), SweepError> {
        if folder.is_file() {
            let why = "name a folder for the rows";
            return Err(SweepError::file(folder, "is a file", &why));
        }
        fs::create_dir_all(folder)
            .map_err(|error| SweepError::file(folder, "cannot be made", &error))?;
        folder::not_a_link(&folder.join(MANIFEST))?;
        if !self.is_of(folder)? {
            folder::is_free(folder, self)?;
            let text = serde_json::to_string(self).unwrap_or_default();
            folder::put_first(&folder.join(MANIFEST), &text)?;
            // Two sweeps may have been given one folder at once.
            self.is_of(folder)?;
        }
        folder::is_free(folder, self)
    }

    /// Whether the folder has this manifest; false where it has none.
    fn is_of(&self, folder: &Path) -> Result<bool, SweepError> {
        match Self::read(folder)? {
            Some(there) if (&there.sweep, there.runs) == (&self.sweep, self.runs) => Ok(true),
            Some(there) => Err(SweepError::Foreign {
                path: folder.join(MANIFEST),
                line: 0,
                found: there.sweep,
                expected: self.sweep.clone(),
            }),
            None => Ok(false),
        }
    }
}

/// Which runs one process does: those whose number is `index` modulo `count`, counted from 0, as
/// cluster schedulers count the tasks of an array.
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

    /// The shard whose rows a file of this name holds.
    fn of_file(name: &str) -> Option<Self> {
        let (index, count) =
            name.strip_prefix("shard-")?.strip_suffix(".jsonl")?.split_once("-of-")?;
        Self::parse(&format!("{index}/{count}")).ok()
    }

    /// Whether both have a run in common.
    fn meets(self, other: Self) -> bool {
        let (mut a, mut b) = (self.count, other.count);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        self.index % a.max(1) == other.index % a.max(1)
    }

    fn file_name(self) -> String {
        format!("shard-{}-of-{}.jsonl", self.index, self.count)
    }
}
