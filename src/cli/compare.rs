//! `qres compare`: the first tick, section and node at which two recordings part.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::load::{self, Means};
use super::output::{self, Failure, Says};
use super::stop;
use crate::mesh::Mesh;
use crate::record::Recording;
use crate::record::recording::Apart;
use crate::record::recording::compare::{self, Recorded};

/// Nodes of which is told how they differ.
const NODES_TOLD: usize = 4;

/// Options of `compare`.
#[derive(Args, Debug, Clone)]
pub(super) struct CompareArgs {
    /// A recording
    #[arg(value_name = "A")]
    one: PathBuf,
    /// Another
    #[arg(value_name = "B")]
    other: PathBuf,
    #[command(flatten)]
    means: Means,
    #[command(flatten)]
    says: Says,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    same: bool,
    /// Ticks that both have.
    ticks: u64,
    /// What of the headers differs.
    headers: Vec<&'static str>,
    /// The tick of the first command that only one has there.
    command: Option<u64>,
    /// Ticks run when the states first differ; null where they do not.
    tick: Option<u64>,
    /// Whether they agree one tick earlier; else they agree at `alike`, if anywhere.
    exact: bool,
    /// The last recorded checkpoint that agrees.
    alike: Option<u64>,
    sections: Vec<&'static str>,
    /// First and last id of each group of nodes that differs.
    nodes: Vec<(u32, u32)>,
    text: String,
}

/// Compares.
pub(super) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let pair = [load::recording(&args.one)?, load::recording(&args.other)?];
    if let Some(empty) = pair.iter().find(|recording| recording.ticks() == 0) {
        return Err(Failure::Input(format!(
            "{}: a recording of 0 ticks: there is nothing to compare",
            empty.file
        )));
    }
    for warning in pair.iter().filter_map(Recording::warning) {
        output::note(&format!("warning: {warning}"));
    }
    stop::ends("stopped; nothing is found yet");
    let [one, other] = &pair;
    let recorded = compare::recorded(one, other);
    let found = if recorded.is_same() { None } else { Some(search(args, &pair, &recorded)) };
    let report = report(&pair, &recorded, found);
    if args.says.json {
        output::result(&serde_json::to_string(&report).map_err(Failure::input)?)?;
    } else if !args.says.quiet {
        output::result(&report.text)?;
    }
    if report.same {
        return Ok(());
    }
    Err(Failure::Fails(format!("{} and {} part", one.file, other.file)))
}

/// What doing both runs again has shown.
enum Search {
    /// It cannot be done here: why.
    Impossible(String),
    /// They never differ.
    Nowhere,
    /// After so many ticks, and how; and nodes in words.
    Found(u64, Apart, Vec<String>),
}

fn search(args: &CompareArgs, pair: &[Recording; 2], recorded: &Recorded) -> Search {
    let [one, other] = pair;
    let mut meshes = match (mesh(args, one), mesh(args, other)) {
        (Ok(one), Ok(other)) => [one, other],
        (Err(why), _) | (_, Err(why)) => return Search::Impossible(why),
    };
    let from = recorded.alike.unwrap_or(0);
    let to = recorded.apart.as_ref().map_or(recorded.ticks, |(tick, _)| *tick);
    let shown = !args.says.quiet && std::io::stderr().is_terminal();
    let bar = if shown { ProgressBar::new(to) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} ticks, {eta} left") {
        bar.set_style(style);
    }
    let found = compare::stepped(&mut meshes, from, to, |tick| bar.set_position(tick));
    bar.finish_and_clear();
    let Some((tick, apart)) = found else { return Search::Nowhere };
    let ids = apart.nodes.iter().flat_map(|(first, last)| *first..=*last);
    let words = ids.filter_map(|id| compare::node(&mut meshes, id)).take(NODES_TOLD).collect();
    Search::Found(tick, apart, words)
}

fn mesh(args: &CompareArgs, recording: &Recording) -> Result<Mesh, String> {
    let scenario = recording.scenario().map_err(|problem| problem.to_string())?;
    let plan = recording.plan(&scenario, args.means.folder());
    let plan = plan.map_err(|why| format!("{}: {why}", recording.file))?;
    Ok(Mesh::new(plan, load::threads(args.means.threads)))
}

fn report([one, other]: &[Recording; 2], recorded: &Recorded, found: Option<Search>) -> Report {
    let names = format!("{} and {}", one.file, other.file);
    let ticks = recorded.ticks;
    let mut report = Report {
        same: true,
        ticks,
        headers: recorded.headers.clone(),
        command: recorded.command,
        tick: None,
        exact: false,
        alike: recorded.alike,
        sections: Vec::new(),
        nodes: Vec::new(),
        text: String::new(),
    };
    let mut lines = Vec::new();
    let mut part = |tick: u64, apart: &Apart, exact: bool| {
        report.same = false;
        (report.tick, report.exact) = (Some(tick), exact);
        (report.sections, report.nodes) = (apart.parts.clone(), apart.nodes.clone());
    };
    match (found, &recorded.apart) {
        (None, _) => lines.push(format!("{names} do not part in the {ticks} ticks that both have")),
        (Some(Search::Found(tick, apart, words)), _) => {
            part(tick, &apart, true);
            lines.push(match tick.checked_sub(1) {
                None => format!("{names} part before the first tick, {apart}"),
                Some(last) => {
                    format!("{names} part in tick {last}: after it, they differ {apart}")
                }
            });
            lines.extend(words.iter().map(|words| format!("  {words}")));
        }
        (Some(search), Some((tick, apart))) => {
            part(*tick, apart, false);
            let after = recorded
                .alike
                .map_or_else(|| "before".to_owned(), |alike| format!("between tick {alike} and"));
            lines.push(format!("{names} part {after} tick {tick}: there, they differ {apart}"));
            lines.push(match search {
                Search::Impossible(why) => format!("  the very tick cannot be found: {why}"),
                _ => "  run again by this build they do not part: one of them was recorded by \
                      another build, or on a machine that computes otherwise"
                    .to_owned(),
            });
        }
        (Some(Search::Impossible(why)), None) => {
            // What was run differs, and nobody knows whether what came of it does.
            report.same = recorded.alike.is_some() && recorded.command.is_none();
            lines.push(format!("{names} do not part at any checkpoint that both have"));
            lines.push(format!("  more cannot be found out: {why}"));
        }
        (Some(_), None) => {
            lines.push(format!("{names} do not part in the {ticks} ticks that both have"));
        }
    }
    if !recorded.headers.is_empty() {
        lines.push(format!("  of what was run, these differ: {}", recorded.headers.join(", ")));
    }
    if let Some(tick) = recorded.command {
        lines.push(format!("  the first command that only one of them has is that of tick {tick}"));
    }
    report.text = lines.join("\n");
    report
}
