//! What attacks do to a whole mesh: drift of honest models under each attack, in calm and in a
//! storm, on several graphs, with our defence and with the classical rules alone.

mod arms;
mod breakdown;
mod compose;
mod full;
mod ground;
mod jobs;
mod row;
mod run;
mod store;
mod surroundings;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use full::Shard;
use full::{Task, complete, share_out};
use jobs::Job;
use run::Controls;
use store::Store;

use super::{Context, Table};
use crate::mesh::Mesh;

/// What the table is, for whoever reads it.
const NOTE: &str = "\
    A mesh with an update every few seconds; a share of it attacks from tick 300 on, in calm or \
    under a storm of white noise that begins at tick 900; judged at tick 2,400. Drift: RMS \
    difference of one-step predictions from a run in which the attackers keep silent, over the \
    probe's standard deviation; `drift_p95` is its 95th percentile over the honest nodes that \
    count: with less than a third of attackers among their neighbours, in the largest part of \
    honest nodes that hangs together. The others are `captured`. `floor` is the same between two \
    silent runs under other noise, `excess` is drift above it. Figures are means over seeds 1 to \
    `seeds` with 95 % intervals (`half_width` that of `drift_p95`). `gated`: the row is held to \
    the gate, a mean excess of at most 0.05; `holds`: it is within it, whether held to it or not; \
    `crosses`: the interval of the excess reaches over the gate, to either side. \
    `banned_honest` are honest nodes that some honest neighbour bans at the end; `detected` is \
    the share of attackers that are; `rounds_to_detect` is from the first attack to the first ban \
    of an attacker, in rounds in which a node both sent and received, mean over the \
    `seeds_detected` seeds in which there was one. `breakdown`: the largest share at which a run \
    is within the gate, bisected in steps of 2 % up to half of the nodes for each seed, with the \
    nodes that count there; `ended_by_gate` and `ended_by_few` count the seeds in which the next \
    share is beyond the gate or leaves too few nodes that count; the others end with the search. \
    `connectivity` is the second smallest eigenvalue of the Laplacian of the graph of all nodes, \
    `connectivity_honest` of the largest honest part. `qres` is the default of a mesh and is not \
    told how many attack; `signed`, `audited` and `evolving` name what a mesh does on top, `by \
    itself` that it leaves out the effect on the aggregate. Rules alone are told what three in \
    ten make of a node's neighbours.";

/// Ticks of the run that tells one behaviour from another.
const PROBE_TICKS: u64 = 1_000;

/// The table `byzantine`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let (jobs, controls) = (jobs::usual(), Controls::default());
    let one = |job: &Job| row::compute(job, &controls);
    let mut table = Table::new(NOTE, &row::COLUMNS);
    table.rows = share_out(&jobs, context.threads, Job::weight, &context.progress, &one)?;
    table.missed = row::failures(&table.rows);
    Ok(table)
}

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that are printed without further asking: some minutes.
    Usual,
    /// All, with more seeds: hours.
    Full,
}

/// Computes the rows of a shard that `folder` lacks, and keeps them there. Returns how many were
/// computed.
///
/// # Errors
/// When the folder cannot be used: says why.
pub fn extend(
    context: &Context,
    extent: Extent,
    folder: &Path,
    shard: Shard,
) -> Result<usize, String> {
    let (tasks, controls) = (tasks(extent), Controls::default());
    let store = Store::create(folder, &fingerprint(&tasks)?)?;
    let _held = store.hold(shard)?;
    let one = |job: &Job| row::compute(job, &controls);
    complete(&tasks, shard, &store, context.threads, &context.progress, &one)
}

/// The table from the rows in `folder`.
///
/// # Errors
/// When a row is missing, or the folder holds something else: says which.
pub fn merge(extent: Extent, folder: &Path) -> Result<Table, String> {
    let tasks = tasks(extent);
    let store = Store::open(folder, &fingerprint(&tasks)?)?;
    let mut table = Table::new(NOTE, &row::COLUMNS);
    table.rows = store.merge(tasks.iter().map(|task| task.id.as_str()))?;
    table.missed = row::failures(&table.rows);
    Ok(table)
}

fn tasks(extent: Extent) -> Vec<Task<Job>> {
    let task = |job: Job| Task { id: job.id(), group: job.group, weight: job.weight(), job };
    let jobs = match extent {
        Extent::Usual => jobs::usual(),
        Extent::Full => jobs::all(),
    };
    jobs.into_iter().map(task).collect()
}

/// Names the table: its rows, their columns, and how a mesh under attack behaves.
fn fingerprint(tasks: &[Task<Job>]) -> Result<String, String> {
    let mut hasher = blake3::Hasher::new();
    let names = tasks.iter().map(|task| task.id.as_str()).chain(row::COLUMNS);
    for name in std::iter::once(env!("CARGO_PKG_VERSION")).chain(names) {
        hasher.update(name.as_bytes()).update(b"\n");
    }
    let stormy = tasks.iter().map(|task| &task.job.arm).find(|arm| arm.storm && arm.nodes == 100);
    let arm = stormy.ok_or("the table has no row in a storm")?;
    let mut mesh = Mesh::new(compose::troubled(arm, 1)?.plan, 1);
    (0..PROBE_TICKS).for_each(|_| mesh.step());
    hasher.update(mesh.digest().to_string().as_bytes());
    Ok(hasher.finalize().to_string())
}
