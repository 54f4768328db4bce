//! `qres replay`: does a recorded run again, and holds it against its checkpoints.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::load::{self, Loaded, Means};
use super::output::{self, Failure, Says};
use super::run;
use super::seek::{self, Leap};
use super::stop::Stop;
use crate::record::Recording;
use crate::record::recording::Difference;

/// Options of `replay`.
#[derive(Args, Debug, Clone)]
pub(super) struct ReplayArgs {
    /// The recording: a file, or the name of one inside the binary (see `qres scenarios`)
    #[arg(value_name = "RECORDING")]
    file: PathBuf,
    /// Without a window: say whether all checkpoints agree, and fail with exit code 1 if not
    #[arg(long)]
    verify: bool,
    /// Without a window: do the run again and print its figures
    #[arg(long)]
    headless: bool,
    /// Go to this tick only; by the index beside the recording, where there is one
    #[arg(long, value_name = "TICK", value_parser = load::tick_number)]
    seek: Option<u64>,
    /// Make the index first, or what is missing of it
    #[arg(long, requires = "seek", conflicts_with = "verify")]
    index: bool,
    #[command(flatten)]
    means: Means,
    #[command(flatten)]
    says: Says,
}

/// What `--json` prints of a replay.
#[derive(Serialize)]
struct Report {
    recording: String,
    scenario: String,
    seed: u64,
    ticks: u64,
    /// Checkpoints that agreed.
    checkpoints: u64,
    same: bool,
    /// The recording has an end, and it was reached.
    complete: bool,
    digest: String,
    difference: Option<Found>,
    /// How a tick was gone to; null without --seek.
    seek: Option<Leap>,
}

/// A difference.
#[derive(Serialize)]
struct Found {
    /// The last checkpoint that agreed.
    after: Option<u64>,
    tick: u64,
    sections: Vec<&'static str>,
    /// First and last id of each group of nodes that differs.
    nodes: Vec<(u32, u32)>,
    text: String,
}

impl Found {
    fn new(difference: &Difference) -> Self {
        Self {
            after: difference.after,
            tick: difference.tick,
            sections: difference.apart.parts.clone(),
            nodes: difference.apart.nodes.clone(),
            text: difference.to_string(),
        }
    }
}

/// Replays.
pub(super) fn replay(args: &ReplayArgs) -> Result<(), Failure> {
    let recording = load::recording(&args.file)?;
    let known = recording.ticks();
    if let Some(tick) = args.seek.filter(|tick| *tick > known) {
        return Err(Failure::Input(format!(
            "--seek {tick}: {} ends at tick {known}",
            recording.file
        )));
    }
    #[cfg(feature = "view")]
    if !(args.verify || args.headless || args.index || args.says.json || args.says.quiet)
        && crate::view::display_available()
    {
        return super::view::view(&super::ViewArgs {
            scenario: args.file.display().to_string(),
            seed: None,
            threads: args.means.threads,
            data: args.means.data.clone(),
            ticks: None,
            exit: false,
            record: None,
            seek: args.seek,
            json: false,
            boards: None,
        });
    }
    let ticks = args.seek.unwrap_or(known);
    let mut loaded =
        load::recorded(recording.clone(), args.means.threads, args.means.data.as_deref())?;
    let stop = Stop::listen();
    let leap = args
        .seek
        .filter(|_| !args.verify)
        .map(|tick| seek::leap(&args.file, &recording, &mut loaded, (tick, args.index), &stop));
    let (mut leap, unindexed) = leap.map_or((None, None), |(leap, why)| (Some(leap), why));
    let (outcome, wall_s) = drive(&mut loaded, &recording, ticks, args.says.quiet, &stop);
    stopped(&recording.file, &outcome, (loaded.mesh.ticks(), ticks), &stop)?;
    for (tick, text) in &loaded.mesh.orders().notices {
        output::note(&format!("tick {tick}: {text}"));
    }
    if let Some(leap) = &mut leap {
        leap.seek_ms += wall_s * 1e3;
    }
    let (checkpoints, difference) = match outcome {
        Ok(checkpoints) => (checkpoints, None),
        Err((checkpoints, difference)) => (checkpoints, Some(difference)),
    };
    let report = Report {
        recording: recording.file.clone(),
        scenario: loaded.name.clone(),
        seed: loaded.seed,
        ticks: loaded.mesh.ticks(),
        checkpoints,
        same: difference.is_none(),
        complete: recording.end.as_ref().is_some_and(|end| end.tick == loaded.mesh.ticks()),
        digest: loaded.mesh.digest().to_string(),
        difference: difference.as_deref().map(Found::new),
        seek: leap,
    };
    tell(args, &report, &mut loaded, wall_s)?;
    if let Some(difference) = difference {
        return Err(Failure::Fails(difference.to_string()));
    }
    if args.verify && report.checkpoints == 0 {
        let said = "nothing could be verified: no checkpoint was met";
        return Err(Failure::Fails(format!("{}: {said}", report.recording)));
    }
    unindexed.map_or(Ok(()), |why| Err(Failure::Input(why)))
}

/// Prints the outcome, and the figures of the run unless only a verdict was asked for.
fn tell(
    args: &ReplayArgs,
    report: &Report,
    loaded: &mut Loaded,
    wall_s: f64,
) -> Result<(), Failure> {
    if args.says.json && args.verify {
        return output::result(&serde_json::to_string(report).map_err(Failure::input)?);
    }
    let figures = (!args.verify && report.same).then(|| loaded.mesh.summary());
    if args.says.json {
        let run = figures.as_ref().map(|summary| {
            run::RunReport::new(&report.scenario, report.seed, &mut loaded.mesh, summary, wall_s)
        });
        let both = serde_json::json!({ "replay": report, "run": run });
        return output::result(&both.to_string());
    }
    let is_empty = args.verify && report.checkpoints == 0;
    if args.says.quiet || !report.same || is_empty {
        return Ok(());
    }
    if let Some(summary) = figures {
        run::report(loaded, &summary, wall_s, false, false)?;
    }
    if let Some(leap) = report.seek.as_ref().filter(|leap| leap.from_tick > 0) {
        return output::result(&format!(
            "{}: tick {} in {:.0} ms, from the snapshot of tick {}; from there on {}; digest {}",
            report.recording,
            report.ticks,
            leap.seek_ms,
            leap.from_tick,
            agreement(report.checkpoints),
            report.digest
        ));
    }
    output::result(&format!(
        "{}: replayed for {} ticks; {}; digest {}",
        report.recording,
        report.ticks,
        agreement(report.checkpoints),
        report.digest
    ))
}

/// What there is to tell of a replay that came to `reached` of `ticks` because somebody stopped it.
fn stopped(
    file: &str,
    outcome: &Outcome,
    (reached, ticks): (u64, u64),
    stop: &Stop,
) -> Result<(), Failure> {
    match outcome {
        Ok(agreed) if stop.is_wanted() && reached < ticks => Err(Failure::Stopped(format!(
            "{file}: stopped at tick {reached} of {ticks}; up to there {}",
            agreement(*agreed)
        ))),
        _ => Ok(()),
    }
}

/// What a replay has met, in words.
fn agreement(checkpoints: u64) -> String {
    match checkpoints {
        0 => "there is no checkpoint to hold it against".to_owned(),
        1 => "it agrees with the one checkpoint".to_owned(),
        count => format!("it agrees with all {count} checkpoints"),
    }
}

/// Checkpoints that agreed, and the difference that was found after them.
type Outcome = Result<u64, (u64, Box<Difference>)>;

/// Runs `ticks` ticks as far as they agree with the recording; also returns the seconds they took.
#[expect(clippy::disallowed_methods, reason = "measures how long a run took, from outside")]
fn drive(
    loaded: &mut Loaded,
    recording: &Recording,
    ticks: u64,
    quiet: bool,
    stop: &Stop,
) -> (Outcome, f64) {
    let shown = !quiet && std::io::stderr().is_terminal();
    let bar = if shown { ProgressBar::new(ticks) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} ticks, {eta} left") {
        bar.set_style(style);
    }
    let start = Instant::now();
    let mut agreed = 0;
    let outcome = loop {
        match recording.verify(&mut loaded.mesh) {
            Ok(checked) => agreed += u64::from(checked),
            Err(difference) => break Err((agreed, difference)),
        }
        let tick = loaded.mesh.ticks();
        if tick >= ticks || stop.is_wanted() {
            break Ok(agreed);
        }
        loaded.mesh.step();
        if tick.is_multiple_of(run::PROGRESS_EVERY) {
            bar.set_position(tick);
        }
    };
    let wall_s = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    (outcome, wall_s)
}
