//! `qres report`: one HTML page of a run, a recording, a sweep's folder, evidence or a table of
//! totals.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::exports;
use super::load::{self, Loaded, Means, load};
use super::output::{self, Failure};
use super::place;
use super::run::{PROGRESS_EVERY, RunReport};
use super::stop;
use crate::record::Recording;
use crate::record::recording;
use crate::record::report::{self, About, Course};
use crate::scenario;

/// Largest file of figures that is read, in bytes.
const JSON_BYTES_MAX: u64 = 64 << 20;

/// Options of `report`.
#[derive(Args, Debug, Clone)]
pub(super) struct ReportArgs {
    /// A scenario to run, by path or name; a recording; a folder of a sweep; a `.json` file of
    /// `evidence --json` or `run --json`; or a `.csv` file of `run --csv`
    #[arg(value_name = "INPUT")]
    input: String,
    /// The HTML file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Ticks to run, in place of the scenario's
    #[arg(long, value_name = "N", value_parser = load::ticks_asked)]
    ticks: Option<u64>,
    /// Seed in place of the scenario's
    #[arg(long, value_name = "S", value_parser = load::seed)]
    seed: Option<u64>,
    #[command(flatten)]
    means: Means,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
}

/// Writes the page.
pub(super) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let path = Path::new(&args.input);
    let ends = |ending: &str| path.is_file() && path.extension().is_some_and(|end| end == ending);
    let recorded = if path.is_file() && recording::is_recording(path) {
        Some(recording::read(path).map_err(Failure::input)?)
    } else {
        None
    };
    let is_run = !(recorded.is_some() || path.is_dir() || ends("json") || ends("csv"));
    if !is_run && (args.ticks.is_some() || args.seed.is_some()) {
        let what = "--ticks and --seed go with a scenario, and this is none";
        return Err(Failure::Input(format!("{}: {what}", args.input)));
    }
    let mut inputs = vec![path.to_path_buf()];
    if is_run && let Ok(resolved) = scenario::resolve(&args.input) {
        let files = exports::inputs(&args.input, &resolved.scenario, args.means.folder());
        inputs.extend(files.into_iter().map(|(file, _)| file));
    }
    // Before any work, so that nobody waits for a run whose page has no place.
    writable(&args.out, &inputs)?;
    stop::ends("stopped; no page was written");
    let page = if path.is_dir() {
        report::sweep(path).map_err(Failure::Input)?
    } else if ends("json") {
        evidence(path)?
    } else if ends("csv") {
        let file = File::open(path).map_err(|why| told(path, &why))?;
        report::totals(&args.input, file).map_err(Failure::Input)?
    } else {
        run(args, recorded)?
    };
    let written = File::create(&args.out).and_then(|mut file| {
        file.write_all(page.as_bytes())?;
        file.flush()
    });
    written.map_err(|why| told(&args.out, &why))?;
    if args.quiet {
        return Ok(());
    }
    output::result(&format!("{}: {} KiB", args.out.display(), page.len().div_ceil(1024)))
}

fn told(path: &Path, why: &std::io::Error) -> Failure {
    Failure::Input(format!("{}: {why}", path.display()))
}

/// Whether the page can be written; what stands there is left until it is.
fn writable(out: &Path, inputs: &[PathBuf]) -> Result<(), Failure> {
    if inputs.iter().any(|input| output::is_same_file(input, out)) {
        let what = "is read for the page too; name another file";
        return Err(Failure::Input(format!("{}: {what}", out.display())));
    }
    place::replaceable(out, place::PAGE)?;
    let place = out.canonicalize().ok();
    let holds = |input: &PathBuf| {
        let folder = input.canonicalize().ok().filter(|input| input.is_dir());
        folder.zip(place.as_ref()).is_some_and(|(folder, place)| place.starts_with(folder))
    };
    if out.exists() && inputs.iter().any(holds) {
        let what = "is a file of the folder that is read; name another file";
        return Err(Failure::Input(format!("{}: {what}", out.display())));
    }
    place::writable(out)
}

fn evidence(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|why| told(path, &why))?;
    file.take(JSON_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|why| told(path, &why))?;
    if bytes.len() as u64 > JSON_BYTES_MAX {
        let what = format!("is larger than {} MiB", JSON_BYTES_MAX >> 20);
        return Err(Failure::Input(format!("{}: {what}", path.display())));
    }
    let value = serde_json::from_slice(&bytes)
        .map_err(|why| Failure::Input(format!("{}: is not JSON: {why}", path.display())))?;
    report::evidence(&path.display().to_string(), &value).map_err(Failure::Input)
}

/// Runs a scenario or a recording and makes its page.
fn run(args: &ReportArgs, recorded: Option<Recording>) -> Result<String, Failure> {
    let data = args.means.data.as_deref();
    let (mut loaded, ticks) = if let Some(recording) = &recorded {
        (load::recorded(recording.clone(), args.means.threads, data)?, recording.ticks())
    } else {
        let loaded = load(&args.input, args.seed, args.means.threads, data, None)?;
        let ticks = load::ticks(&loaded.scenario, args.ticks, None)?;
        (loaded, ticks)
    };
    let course = drive(&mut loaded, ticks, recorded.as_ref(), args.quiet)?;
    let summary = loaded.mesh.summary();
    let Loaded { name, seed, scenario, text, mut mesh, .. } = loaded;
    let figures = RunReport::new(&name, seed, &mut mesh, &summary, 0.0);
    let mut figures = serde_json::to_value(&figures).map_err(Failure::input)?;
    // The same run makes the same page: how fast this machine was has no place in it.
    if let Some(fields) = figures.as_object_mut() {
        for name in ["wall_s", "node_ticks_per_s", "peak_memory_kib"] {
            fields.remove(name);
        }
    }
    let command = match &recorded {
        Some(_) => format!("qres replay {} --headless", args.input),
        None => format!("qres run {} --seed {seed} --ticks {ticks}", args.input),
    };
    let (title, watch_for, note) = (scenario.title, scenario.watch_for, scenario.note);
    let about = About { title, watch_for, note, name, text, seed, command };
    Ok(course.page(&about, &mesh, &figures))
}

/// Runs to the end; a recording must agree with each of its checkpoints.
fn drive(
    loaded: &mut Loaded,
    ticks: u64,
    recorded: Option<&Recording>,
    quiet: bool,
) -> Result<Course, Failure> {
    let shown = !quiet && std::io::stderr().is_terminal();
    let bar = if shown { ProgressBar::new(ticks) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} ticks, {eta} left") {
        bar.set_style(style);
    }
    loaded.mesh.watch(true);
    let mut course = Course::new(ticks);
    for tick in 0..ticks {
        loaded.mesh.step();
        course.tick(&loaded.mesh);
        if let Some(recording) = recorded {
            let agreed = recording.verify(&mut loaded.mesh);
            agreed.map_err(|difference| Failure::Fails(difference.to_string()))?;
        }
        if tick.is_multiple_of(PROGRESS_EVERY) {
            bar.set_position(tick);
        }
    }
    bar.finish_and_clear();
    Ok(course)
}
