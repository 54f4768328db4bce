//! `qres sweep`: one scenario for every combination of some values of its fields. What the runs are
//! is [`Sweep`]'s, what becomes of their rows is [`crate::record::sweep`]'s; here they run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value};

use super::load;
use super::output::{self, Failure};
use super::run::RunReport;
use super::stop::Stop;
use crate::evidence::drift;
use crate::mesh::Mesh;
use crate::mesh::snapshot::RULES_VERSION;
use crate::record::sweep::{Log, Manifest, Merged, Shard, merge};
use crate::scenario::Sweep;
use crate::world::dataset;

/// Combinations that are tried without a word.
const TRIED_SILENTLY: usize = 8_192;

/// Runs that fail before a sweep gives up.
const FAILURES_MAX: usize = 10;

/// Options of `sweep`.
#[derive(Args, Debug, Clone)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct SweepArgs {
    #[command(subcommand)]
    command: Option<SweepCommand>,
    /// The sweep's file
    #[arg(value_name = "SWEEP", required = true)]
    sweep: Option<PathBuf>,
    /// Folder for the rows; runs that are done there are not run again
    #[arg(long, value_name = "DIR", required_unless_present = "list")]
    out: Option<PathBuf>,
    /// Do only the runs whose number is I modulo N; I counts from 0
    #[arg(long, value_name = "I/N", value_parser = Shard::parse, default_value = "0/1")]
    shard: Shard,
    /// Runs that go on at once
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Folder with the data sets that the scenario names
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Check every run of the shard and list them, without running any
    #[arg(long)]
    list: bool,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
}

#[derive(Subcommand, Debug, Clone)]
enum SweepCommand {
    /// Bring the rows of all shards in a folder together
    Merge {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// A line of the rows.
#[derive(Serialize)]
struct Row<'a> {
    sweep: &'a str,
    run: u64,
    parameters: &'a Map<String, Value>,
    #[serde(flatten)]
    report: RunReport<'a>,
}

/// Runs a sweep, or merges one.
pub(super) fn sweep(args: &SweepArgs) -> Result<(), Failure> {
    match (&args.command, &args.sweep) {
        (Some(SweepCommand::Merge { folder }), _) => {
            tell(&merge(folder).map_err(Failure::input)?, args.quiet)
        }
        (None, Some(file)) => run_all(args, file),
        (None, None) => Err(Failure::Input("no sweep is named".to_owned())),
    }
}

fn run_all(args: &SweepArgs, file: &Path) -> Result<(), Failure> {
    let sweep = Sweep::load(file).map_err(|problem| Failure::Input(format!("{problem:#}")))?;
    let runs: Vec<u64> = args.shard.runs(sweep.runs()).collect();
    if args.list {
        return list(&sweep, &runs);
    }
    let Some(folder) = &args.out else { return Ok(()) };
    try_all(&sweep, &runs, args.quiet)?;
    let manifest = manifest(&sweep, args.data.as_deref())?;
    manifest.claim(folder).map_err(Failure::input)?;
    let mut log = Log::open(folder, &manifest, args.shard).map_err(Failure::input)?;
    if let Some(said) = log.dropped().filter(|_| !args.quiet) {
        output::note(&said);
    }
    let open: Vec<u64> = runs.iter().copied().filter(|run| !log.has(*run)).collect();
    if !args.quiet && open.len() < runs.len() {
        let done = runs.len() - open.len();
        output::note(&format!("{done} of {} runs are done already", runs.len()));
    }
    let stop = Stop::listen();
    let job = Job { sweep: &sweep, manifest: &manifest, data: args.data.as_deref(), stop };
    let quiet = args.quiet || !std::io::stderr().is_terminal();
    work(&job, &open, load::threads(args.threads), quiet, &mut log)?;
    let done = runs.iter().filter(|run| log.has(**run)).count();
    if done < runs.len() {
        return Err(Failure::Stopped(format!(
            "stopped: {done} of {} runs are done, their rows are in {}; the same command does the \
             others",
            runs.len(),
            folder.display()
        )));
    }
    if args.shard.is_whole() {
        return tell(&merge(folder).map_err(Failure::input)?, args.quiet);
    }
    if !args.quiet {
        output::result(&format!("{} runs done in {}", runs.len(), folder.display()))?;
    }
    Ok(())
}

fn tell(merged: &Merged, quiet: bool) -> Result<(), Failure> {
    if quiet {
        return Ok(());
    }
    for path in &merged.mended {
        let what = "was cut off; it is made again from the rows of the shards";
        output::note(&format!("{}: {what}", path.display()));
    }
    let [lines, table] = merged.files.each_ref().map(|file| file.display());
    output::result(&format!("{} runs: {lines}, {table}\n  digest {}", merged.runs, merged.digest))
}

/// Makes the scenario of every run, so that nobody waits an hour to hear of the last.
fn try_all(sweep: &Sweep, runs: &[u64], quiet: bool) -> Result<(), Failure> {
    let many = !quiet && runs.len() > TRIED_SILENTLY;
    let bar = if many && std::io::stderr().is_terminal() {
        ProgressBar::new(runs.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} tried, {eta} left") {
        bar.set_style(style);
    }
    if many {
        output::note(&format!("trying {} combinations before the first run", runs.len()));
    }
    for (done, run) in runs.iter().enumerate() {
        sweep.scenario(*run).map_err(|problem| Failure::Input(format!("{problem:#}")))?;
        if done.is_multiple_of(TRIED_SILENTLY / 8) {
            bar.set_position(done as u64);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// One line for each run: its number, and what is varied. Each is tried before it is told, and told
/// before the next is tried.
fn list(sweep: &Sweep, runs: &[u64]) -> Result<(), Failure> {
    for run in runs {
        sweep.scenario(*run).map_err(|problem| Failure::Input(format!("{problem:#}")))?;
        let parameters = sweep.parameters(*run);
        let parts: Vec<String> =
            parameters.iter().map(|(field, value)| format!("{field} = {value}")).collect();
        output::result(&format!("{run}: {}", parts.join(", ")))?;
    }
    Ok(())
}

/// What the folder belongs to: the runs, the rules they run by, and the data they read.
fn manifest(sweep: &Sweep, data: Option<&Path>) -> Result<Manifest, Failure> {
    let scenario = sweep.scenario(0).map_err(|problem| Failure::Input(format!("{problem:#}")))?;
    let plan = load::plan(&scenario, scenario.seed, data)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&sweep.identity()).update(&RULES_VERSION.to_le_bytes());
    // A snapshot of a mesh that has not run yet begins with a fingerprint of all it is made from.
    hasher.update(&Mesh::new(plan, 1).snapshot());
    for (path, content) in data_of(sweep, data)? {
        hasher.update(path.as_bytes()).update(&[0]).update(&content);
    }
    let parameters = sweep.axes.iter().map(|axis| axis.field.clone()).collect();
    let identity = hasher.finalize();
    let (title, scenario) = (&sweep.title, &sweep.scenario);
    Ok(Manifest::new(identity.as_bytes(), title, scenario, sweep.runs(), parameters))
}

/// The data files that any of the runs reads, with a hash of each.
fn data_of(sweep: &Sweep, data: Option<&Path>) -> Result<BTreeMap<String, [u8; 32]>, Failure> {
    let folder = data.unwrap_or(Path::new("."));
    let mut files = BTreeMap::new();
    for run in sweep.readers() {
        // A combination that cannot stand is told where all are tried.
        let Ok(scenario) = sweep.scenario(run) else { continue };
        for needed in dataset::needed(&scenario) {
            if files.contains_key(&needed.path) {
                continue;
            }
            let path = folder.join(&needed.path);
            let mut hasher = blake3::Hasher::new();
            let read = File::open(&path).and_then(|file| hasher.update_reader(file).map(|_| ()));
            if let Err(why) = read {
                let told = format!(
                    "{}: {why}; run {run} reads it: name its folder with --data",
                    path.display()
                );
                return Err(Failure::Input(told));
            }
            files.insert(needed.path, *hasher.finalize().as_bytes());
        }
    }
    Ok(files)
}

/// What all runs have in common.
struct Job<'a> {
    sweep: &'a Sweep,
    manifest: &'a Manifest,
    data: Option<&'a Path>,
    stop: Stop,
}

/// Does the runs, `threads` at once, each on one thread. A run that fails does not keep others from
/// being done, but a row that cannot be written ends it all.
fn work(
    job: &Job<'_>,
    runs: &[u64],
    threads: usize,
    quiet: bool,
    log: &mut Log,
) -> Result<(), Failure> {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(runs.len() as u64) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left") {
        bar.set_style(style);
    }
    let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (rows, taken) = crossbeam_channel::bounded(threads);
    let mut failures: Vec<(u64, String)> = Vec::new();
    let written = std::thread::scope(|scope| {
        for _ in 0..threads.min(runs.len()) {
            let (rows, next, over) = (rows.clone(), &next, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed)
                    && let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed))
                    && rows.send((*run, job.run(*run))).is_ok()
                {}
            });
        }
        drop(rows);
        let mut written = Ok(());
        for (run, row) in &taken {
            bar.inc(1);
            match row {
                Ok(row) if written.is_ok() => written = log.add(run, &row),
                Ok(_) => {}
                Err(_) if job.stop.is_wanted() => {}
                Err(why) => failures.push((run, why)),
            }
            let stops = job.stop.is_wanted() || failures.len() >= FAILURES_MAX;
            over.fetch_or(written.is_err() || stops, Ordering::Relaxed);
        }
        written
    });
    bar.finish_and_clear();
    written.map_err(Failure::input)?;
    if failures.is_empty() {
        return Ok(());
    }
    failures.sort();
    let told: Vec<String> = failures.into_iter().map(|(run, why)| job.told(run, &why)).collect();
    Err(Failure::Input(told.join("\nerror: ")))
}

impl Job<'_> {
    /// Does a run; returns its row.
    #[expect(clippy::disallowed_methods, reason = "measures how long a run took, from outside")]
    fn run(&self, run: u64) -> Result<String, String> {
        let said = |failure: Failure| match failure {
            Failure::Input(why) | Failure::Fails(why) | Failure::Stopped(why) => why,
        };
        let scenario = self.sweep.scenario(run).map_err(|problem| format!("{problem:#}"))?;
        let seed = scenario.seed;
        let plan = load::plan(&scenario, seed, self.data).map_err(said)?;
        let pair = self.sweep.control.then(|| plan.clone());
        let mut mesh = Mesh::new(plan, 1);
        let start = Instant::now();
        for _ in 0..scenario.ticks {
            if self.stop.is_wanted() {
                return Err("stopped".to_owned());
            }
            mesh.step();
        }
        let wall_s = start.elapsed().as_secs_f64();
        let mut summary = mesh.summary();
        if let Some(plan) = pair {
            let drift = drift::against_control(&mut mesh, &plan, scenario.ticks, 1);
            summary.consensus.drift = drift;
        }
        let report = RunReport::new(&self.sweep.scenario, seed, &mut mesh, &summary, wall_s);
        let parameters = self.sweep.parameters(run);
        let parameters: Map<String, Value> = parameters
            .into_iter()
            .map(|(field, value)| (field.to_owned(), json_of(value)))
            .collect();
        let row = Row { sweep: &self.manifest.sweep, run, parameters: &parameters, report };
        serde_json::to_string(&row).map_err(|error| error.to_string())
    }

    /// What is wrong with a run, with what makes it that run.
    fn told(&self, run: u64, why: &str) -> String {
        let parameters = self.sweep.parameters(run);
        let parts: Vec<String> =
            parameters.iter().map(|(field, value)| format!("{field} = {value}")).collect();
        format!("run {run} ({}): {why}", parts.join(", "))
    }
}

/// A value as JSON: numbers, truth values and texts as such, all else as it is written.
fn json_of(value: &str) -> Value {
    if let Ok(number) = value.parse::<i64>() {
        return number.into();
    }
    if let Ok(number) = value.parse::<u64>() {
        return number.into();
    }
    if let Some(number) = value.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
        return Value::Number(number);
    }
    match value {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => Value::String(ron::from_str(text).unwrap_or_else(|_| text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_json() {
        let cases = [
            ("7", "7"),
            ("-7", "-7"),
            ("18446744073709551615", "18446744073709551615"),
            ("0.50", "0.5"),
            ("true", "true"),
            ("\"a b\"", "\"a b\""),
            ("Median", "\"Median\""),
            ("Krum(faulty: 2)", "\"Krum(faulty: 2)\""),
            ("inf", "\"inf\""),
        ];
        for (text, expected) in cases {
            assert_eq!(json_of(text).to_string(), expected, "{text}");
        }
    }
}
