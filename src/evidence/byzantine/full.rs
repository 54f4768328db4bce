//! The whole table in pieces: which shard has which rows, and how they are worked through. Knows
//! rows by their ids and groups, not what they measure.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::store::{Row, Store};
use crate::evidence::Progress;

/// One part of a table that is shared out, counted from 0: 0 of 1 is all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u16,
    of: u16,
}

impl Shard {
    /// All rows.
    pub const ALL: Self = Self { index: 0, of: 1 };

    /// Whether it is all of the table.
    #[must_use]
    pub const fn is_all(self) -> bool {
        self.of == 1
    }

    /// Whether it has the rows of this group.
    #[must_use]
    pub(super) fn has(self, group: usize) -> bool {
        group % usize::from(self.of) == usize::from(self.index)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.index, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// Reads `I/N`, one of N shards, counted from 0.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, of)| Some((index.parse::<u16>().ok()?, of.parse::<u16>().ok()?)));
        match numbers {
            Some((index, of)) if index < of => Ok(Self { index, of }),
            _ => Err(format!("`{text}` is no shard: give I/N with I from 0 to N - 1, such as 0/8")),
        }
    }
}

/// A row to be computed.
#[derive(Clone, Debug)]
pub(super) struct Task<J> {
    pub id: String,
    pub group: usize,
    pub weight: u64,
    pub job: J,
}

/// Computes the rows of a shard that the store lacks, each on one of `threads` threads, and keeps
/// each when it is finished. Returns how many were computed.
///
/// # Errors
/// The first that befalls any row; rows finished by then are kept.
pub(super) fn complete<J: Sync>(
    tasks: &[Task<J>],
    shard: Shard,
    store: &Store,
    threads: usize,
    progress: &Progress,
    compute: &(dyn Fn(&J) -> Result<Row, String> + Sync),
) -> Result<usize, String> {
    let mut open = Vec::new();
    for task in tasks.iter().filter(|task| shard.has(task.group)) {
        if store.row(&task.id)?.is_none() {
            open.push(task);
        }
    }
    let computed = |task: &&Task<J>| store.keep(&task.id, &compute(&task.job)?);
    share_out(&open, threads, |task| task.weight, progress, &computed).map(|done| done.len())
}

/// Does all of `work`, in order and on `threads` threads; results are in the order of the work.
///
/// # Errors
/// The first that befalls any piece; none is begun after it.
pub(super) fn share_out<W: Sync, R: Send>(
    work: &[W],
    threads: usize,
    weight: impl Fn(&W) -> u64,
    progress: &Progress,
    one: &(dyn Fn(&W) -> Result<R, String> + Sync),
) -> Result<Vec<R>, String> {
    let weights: Vec<u64> = work.iter().map(weight).collect();
    let total: u64 = weights.iter().sum();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(0_u64);
    progress.tell(0, total);
    let worker = || {
        let mut results = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let (Some(piece), Some(weight)) = (work.get(place), weights.get(place)) else { break };
            let result = one(piece);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            results.push((place, result?));
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            *done += weight;
            progress.tell(*done, total);
        }
        Ok::<_, String>(results)
    };
    let mut results = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        let results = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err("a run of the table broke off".to_owned()))
        });
        results.collect::<Result<Vec<_>, _>>()
    })?
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    results.sort_by_key(|(place, _)| *place);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
