//! `qres film`: some ticks as moving pictures.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Input;
use super::load::{self, load};
use super::output::{self, Failure};
use super::shot::{PictureArgs, forewarn, parse_size};
use crate::mesh::publish::Scene;
use crate::view::{self, FilmOptions, Observer};

/// A longer film is made of several.
const FRAMES_MAX: u64 = 20_000;

/// Options of `film`.
#[derive(Args, Debug, Clone)]
pub(super) struct FilmArgs {
    #[command(flatten)]
    input: Input,
    /// The first tick
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = load::tick_number)]
    from: u64,
    /// The last tick
    #[arg(long, value_name = "N", value_parser = load::tick_number)]
    to: u64,
    /// Folder for the pictures and films: a new one, or an empty one
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Pictures a second
    #[arg(long, value_name = "F", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=60))]
    fps: u32,
    /// Simulated seconds in one second of the film
    #[arg(long, value_name = "X", default_value_t = 10.0, value_parser = speed)]
    speed: f64,
    /// Turns of the camera around the scene
    #[arg(long, value_name = "T", default_value_t = 0.0, allow_negative_numbers = true)]
    turns: f32,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "960x540", value_parser = parse_size)]
    size: (u32, u32),
    /// A node to show in the inspector
    #[arg(long, value_name = "ID")]
    select: Option<u32>,
    #[command(flatten)]
    picture: PictureArgs,
}

/// Reads how many simulated seconds pass in one of the film.
fn speed(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.001..=1e7).contains(seconds));
    let accepted = "accepted: 0.001 to 10000000 simulated seconds in a second of the film";
    seconds.ok_or_else(|| accepted.to_owned())
}

/// Films.
pub(super) fn film(args: &FilmArgs) -> Result<(), Failure> {
    if args.to <= args.from {
        return Err(Failure::Input(format!(
            "a film from tick {} to tick {}: --to must be the later one",
            args.from, args.to
        )));
    }
    if !args.turns.is_finite() {
        let accepted = "accepted: a number of turns, such as 0.5, or -1 for the other way";
        return Err(Failure::Input(format!("--turns {}; {accepted}", args.turns)));
    }
    let busy = std::fs::read_dir(&args.out).is_ok_and(|mut entries| entries.next().is_some());
    if busy {
        return Err(Failure::Input(format!(
            "{}: not empty; name another folder, so that nothing in it is lost",
            args.out.display()
        )));
    }
    forewarn();
    view::adapter_available().map_err(Failure::input)?;
    let input = &args.input;
    let (threads, data) = (input.means.threads, input.means.data.as_deref());
    let mut loaded = load(&input.scenario, input.seed, threads, data, None)?;
    let scene = Scene::new(&loaded.scenario, loaded.mesh.plan());
    let options = FilmOptions {
        framing: args.picture.framing(args.size),
        from: args.from,
        to: args.to,
        frames_per_second: args.fps,
        speed: args.speed,
        turns: args.turns,
        folder: args.out.clone(),
    };
    let frames = options.frames(loaded.scenario.tick_ms);
    if frames > FRAMES_MAX {
        return Err(Failure::Input(format!(
            "a film of {frames} pictures; at most {FRAMES_MAX}: raise --speed, lower --fps, or \
             film fewer ticks"
        )));
    }
    let bar = progress(frames);
    let units = loaded.scenario.signals.iter().map(|signal| signal.unit.clone()).collect();
    options.framing.check(&scene).map_err(Failure::input)?;
    let mesh = &mut loaded.mesh;
    let count = mesh.plan().nodes.len();
    if let Some(id) = args.select.filter(|id| *id as usize >= count) {
        return Err(Failure::Input(format!("no node {id}; there are {count}")));
    }
    let followed: Vec<u32> = args.select.into_iter().collect();
    let observer = Observer::new(mesh, scene, units, &followed);
    let filmed = view::film(mesh, observer, &options, &mut |done| bar.set_position(done));
    bar.finish_and_clear();
    let filmed = filmed.map_err(Failure::input)?;
    output::note(&format!("{} pictures in {}", filmed.frames, args.out.display()));
    output::note(&filmed.gif.display().to_string());
    match filmed.mp4 {
        Ok(path) => output::note(&path.display().to_string()),
        Err(why) => output::note(&format!("no MP4: {why}")),
    }
    Ok(())
}

fn progress(frames: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(frames), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos} of {len} pictures, {eta}") {
        bar.set_style(style);
    }
    bar
}
