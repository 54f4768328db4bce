//! `qres run`: a scenario without a window.

use std::io::IsTerminal as _;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::exports::Files;
use super::load::{self, Loaded, load};
use super::output::{self, Failure};
use super::stop::Stop;
use super::{RunArgs, envelopes, exports, memory};
use crate::evidence::drift;
use crate::mesh::Mesh;
use crate::mesh::condition::FaultSummary;
use crate::mesh::summary::RunSummary;

/// Ticks between movements of the progress bar.
pub(super) const PROGRESS_EVERY: u64 = 64;

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct RunReport<'a> {
    scenario: &'a str,
    seed: u64,
    digest: String,
    wall_s: f64,
    node_ticks_per_s: f64,
    /// Most memory that the process has held; null where the system does not say.
    peak_memory_kib: Option<u64>,
    #[serde(flatten)]
    summary: &'a RunSummary,
}

impl<'a> RunReport<'a> {
    /// The figures of a mesh that has run for `wall_s` seconds.
    pub(super) fn new(
        scenario: &'a str,
        seed: u64,
        mesh: &mut Mesh,
        summary: &'a RunSummary,
        wall_s: f64,
    ) -> Self {
        let node_ticks_per_s = mesh.node_ticks() as f64 / wall_s.max(1e-9);
        let (digest, peak_memory_kib) = (mesh.digest().to_string(), peak_memory_kib());
        Self { scenario, seed, digest, wall_s, node_ticks_per_s, peak_memory_kib, summary }
    }
}

/// Runs a scenario and prints its figures.
pub(super) fn run(args: &RunArgs) -> Result<(), Failure> {
    let input = &args.input;
    let (means, kept) = (&input.means, args.memory.as_deref());
    let mut loaded = load(&input.scenario, input.seed, means.threads, means.data.as_deref(), kept)?;
    if !args.says.quiet {
        loaded.recalled.tell();
    }
    let ticks = load::ticks(&loaded.scenario, args.ticks, args.span)?;
    let folder = means.folder();
    args.envelopes.as_deref().map_or(Ok(()), |folder| envelopes::free(folder, &loaded.name))?;
    let mut files = exports::begin(&args.files, &input.scenario, folder, ticks, &mut loaded)?;
    let stop = Stop::listen();
    let wall_s = drive(&mut loaded.mesh, ticks, args.says.quiet, &mut files, &stop);
    let reached = loaded.mesh.ticks();
    // A command that could not be done is told whatever else is quiet.
    for (tick, text) in &loaded.mesh.orders().notices {
        output::note(&format!("tick {tick}: {text}"));
    }
    // What could not be written is told at the end, when nothing else can be lost by it.
    let unwritten = files.finish(&mut loaded.mesh);
    if let Some(folder) = &args.memory {
        memory::keep(&mut loaded.mesh, folder, &loaded.name, &loaded.scenario)?;
    }
    if let Some(folder) = &args.envelopes {
        let written = envelopes::write(&mut loaded.mesh, folder, &loaded.name, &loaded.scenario)?;
        if !args.says.quiet {
            written.tell();
        }
    }
    let mut summary = loaded.mesh.summary();
    if args.control && reached == ticks {
        let plan = loaded.mesh.founding().clone();
        let threads = load::threads(means.threads);
        summary.consensus.drift = drift::against_control(&mut loaded.mesh, &plan, ticks, threads);
    }
    report(&mut loaded, &summary, wall_s, args.says.json, args.says.quiet)?;
    exports::verdict(&unwritten)?;
    stop.verdict(reached, ticks)
}

/// Prints the outcome of a run.
pub(super) fn report(
    loaded: &mut Loaded,
    summary: &RunSummary,
    wall_s: f64,
    json: bool,
    quiet: bool,
) -> Result<(), Failure> {
    let Loaded { name, seed, scenario, mesh, .. } = loaded;
    let report = RunReport::new(name, *seed, mesh, summary, wall_s);
    if json {
        output::result(&serde_json::to_string(&report).map_err(Failure::input)?)?;
    } else if !quiet {
        output::result(&text(&scenario.title, &report))?;
    }
    Ok(())
}

/// The high-water mark of this process's memory, as Linux tells it.
fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Runs `ticks` ticks; returns the seconds they took.
#[expect(clippy::disallowed_methods, reason = "measures how long a run took, from outside")]
fn drive(mesh: &mut Mesh, ticks: u64, quiet: bool, files: &mut Files, stop: &Stop) -> f64 {
    let shown = !quiet && std::io::stderr().is_terminal();
    let bar = if shown { ProgressBar::new(ticks) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} ticks, {eta} left") {
        bar.set_style(style);
    }
    let start = Instant::now();
    for tick in 0..ticks {
        let stops = stop.is_wanted();
        if stops {
            files.end_at(tick + 1);
        }
        mesh.step();
        files.tick(mesh);
        if stops {
            break;
        }
        if tick.is_multiple_of(PROGRESS_EVERY) {
            files.warn();
            bar.set_position(tick);
        }
    }
    let wall_s = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    wall_s
}

/// The figures in words.
fn text(title: &str, report: &RunReport<'_>) -> String {
    let summary = report.summary;
    let mut lines = vec![
        format!("{title} ({}, seed {})", report.scenario, report.seed),
        format!(
            "  {} nodes, {} ticks in {:.2} s: {:.2} million node-ticks/s",
            summary.nodes,
            summary.ticks,
            report.wall_s,
            report.node_ticks_per_s / 1e6
        ),
        format!(
            "  regimes    calm {}, prestorm {}, storm {} at the end; {} nodes were ever in storm",
            summary.regimes.calm,
            summary.regimes.prestorm,
            summary.regimes.storm,
            summary.regimes.ever_storm
        ),
        format!(
            "  radio      {} frames, {} bytes, {:.0} bytes per node and day; {:.1} exchanges a \
             node, at least {}",
            summary.frames,
            summary.bytes_sent,
            summary.bytes_per_node_day,
            summary.exchanges.mean,
            summary.exchanges.least
        ),
        prediction_line(summary),
        format!(
            "  models     {} merges, {} declined, spread {:.4}",
            summary.aggregations, summary.declined, summary.consensus.spread
        ),
    ];
    if let Some(drift) = &summary.consensus.drift {
        lines.push(format!(
            "  drift      median {:.4}, p95 {:.4}, worst {:.4}; floor {:.4}",
            drift.median, drift.p95, drift.worst, drift.floor
        ));
    }
    if let Some(privacy) = &summary.privacy {
        lines.push(format!(
            "  privacy    epsilon {:.3} (median), {:.3} (worst) of {:.3} spent at delta {:e}; {} \
             nodes silent for it",
            privacy.epsilon_median,
            privacy.epsilon_worst,
            privacy.epsilon_budget,
            privacy.delta,
            privacy.silent
        ));
    }
    lines.extend(adversaries_line(summary));
    lines.extend(summary.faults.as_ref().map(faults_line));
    lines.extend(energy_lines(summary));
    lines.push(format!("  digest     {}", report.digest));
    lines.join("\n")
}

fn faults_line(faults: &FaultSummary) -> String {
    let counts = &faults.counts;
    format!(
        "  faults     {} frames cut, {} jammed, {} dropped, {} corrupted ({} unnoticed), \
         {} repeated, {} late; {} outages, {} restored, {} reborn, {} off",
        counts.cut,
        counts.jammed,
        counts.dropped,
        counts.corrupted,
        counts.undetected,
        counts.repeated,
        counts.delayed,
        counts.outages,
        counts.restored,
        counts.reborn,
        faults.off
    )
}

fn prediction_line(summary: &RunSummary) -> String {
    let prediction = &summary.prediction;
    match prediction.nodes {
        0 => "  prediction nothing to predict: no sensor has moved".to_owned(),
        nodes => format!(
            "  prediction {:.1} % of {nodes} nodes beat persistence; mean |residual| is {:.3} of \
             its",
            prediction.better_than_persistence_percent, prediction.ratio_mean
        ),
    }
}

/// Who was found out; nothing where nobody attacks.
fn adversaries_line(summary: &RunSummary) -> Option<String> {
    let seen = &summary.adversaries;
    let first = seen
        .first_detection_tick
        .map_or_else(String::new, |tick| format!(", first in tick {tick}"));
    (seen.count > 0).then(|| {
        format!(
            "  attackers  {}; {} banned by honest neighbours{first}; {} honest nodes banned",
            seen.count, seen.detected, seen.false_positives
        )
    })
}

fn energy_lines(summary: &RunSummary) -> Vec<String> {
    let energy = &summary.energy;
    let mut lines = vec![format!(
        "  energy     {:.1} % left on average, {:.1} % at least, {} brownouts, {} off",
        100.0 * energy.left_mean,
        100.0 * energy.left_least,
        energy.brownouts,
        energy.off
    )];
    for row in energy.roles.iter().chain([&energy.all]) {
        lines.push(format!(
            "    {:9} {:6} nodes, {:10.3} J each, {:5.1} % asleep, {:5.2} % below always-on",
            row.role, row.nodes, row.spent_j, row.asleep_percent, row.saved_percent
        ));
    }
    lines.push(format!(
        "    the most that these power figures let anyone save: {:.2} %",
        energy.ceiling_percent
    ));
    lines
}
