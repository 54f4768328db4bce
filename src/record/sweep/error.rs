//! Why rows cannot be written, read or merged, and how to mend it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::MANIFEST;

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
    /// A manifest is damaged, or of another format.
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is the matter.
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
    /// A file stands where one of ours would, and this program did not make it.
    NotOurs {
        /// Which.
        path: PathBuf,
        /// What it is.
        what: &'static str,
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
    pub(super) fn file(path: &Path, what: &'static str, why: &impl fmt::Display) -> Self {
        Self::File { path: path.to_path_buf(), what, why: why.to_string() }
    }
}

impl fmt::Display for SweepError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, what, why } => write!(out, "{}: {what}: {why}", path.display()),
            Self::Manifest { path, why } => write!(
                out,
                "{}: is no manifest of a sweep: {why}; remove it and run the sweep again: rows \
                 that are done stay",
                path.display()
            ),
            Self::NotOurs { path, what } => write!(
                out,
                "{}: {what}, and would be overwritten; name another folder, or move it away",
                path.display()
            ),
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
                write!(
                    out,
                    "{}: no `{MANIFEST}`: not a folder of a sweep; `qres sweep SWEEP --out DIR` \
                     makes one",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for SweepError {}

/// Rising numbers as spans, `1, 4-7`, the first ten of them.
pub(super) fn spans(runs: &[u64]) -> String {
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
