//! `qres view`: a scenario in the window.

use super::ViewArgs;
use super::load::{Loaded, load};
use super::output::{self, Failure};
use super::run::{self, RunReport};
use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
use crate::pace::{self, SPEED_MAX_MILLI};
use crate::scenario::Scenario;
use crate::view::{self, Loader, Show, WindowFigures, WindowOptions};
use serde::Serialize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

/// Real seconds that a scenario takes at the speed it starts with.
const SHOW_SECONDS: u64 = 240;

/// Opens the window; with `--exit`, prints what `run` prints when it closes.
#[expect(clippy::disallowed_methods, reason = "measures how long a run took, from outside")]
pub(super) fn view(args: &ViewArgs) -> Result<(), Failure> {
    let begun = Instant::now();
    if !view::display_available() {
        return Err(Failure::Input(
            "no display can be reached: see DISPLAY and WAYLAND_DISPLAY; use `qres run` for a run \
             without a window, or `qres shot` for a picture"
                .to_owned(),
        ));
    }
    view::adapter_available().map_err(Failure::input)?;
    let loaded = load(&args.scenario, args.seed, args.threads, args.data.as_deref(), None)?;
    let start = Instant::now();
    let Loaded { name, scenario, seed, recalled, text, mesh } = loaded;
    let (show, thread) = begin(mesh, &scenario, &name, args)?;
    let options = WindowOptions {
        begun,
        exit_at_tick: args.ticks.filter(|_| args.exit),
        title: show.title,
        name: name.clone(),
        loader: (!args.exit).then(|| loader(args.clone())),
    };
    let window = view::run_window(show.pace, options).map_err(Failure::input)?;
    let mesh =
        thread.join().map_err(|_| Failure::Input("the mesh's thread broke off".to_owned()))?;
    if !args.exit {
        return Ok(());
    }
    let mut loaded = Loaded { name, scenario, seed, recalled, text, mesh };
    let summary = loaded.mesh.summary();
    let wall_s = start.elapsed().as_secs_f64();
    if args.json {
        let Loaded { name, seed, mesh, .. } = &mut loaded;
        let run = RunReport::new(name, *seed, mesh, &summary, wall_s);
        let text = serde_json::to_string(&ViewReport { run, window }).map_err(Failure::input)?;
        return output::result(&text);
    }
    run::report(&mut loaded, &summary, wall_s, false, false)?;
    output::result(&said(&window))
}

/// What `--json` prints.
#[derive(Serialize)]
struct ViewReport<'a> {
    #[serde(flatten)]
    run: RunReport<'a>,
    window: WindowFigures,
}

/// What a window has cost, in words.
fn said(window: &WindowFigures) -> String {
    let first = window.first_picture_ms.map_or_else(
        || "closed before its first picture".to_owned(),
        |ms| format!("first picture after {:.1} s", ms as f64 / 1e3),
    );
    let held = match (window.memory_kib.first(), window.memory_kib.last()) {
        (Some((_, first)), Some((_, last))) => {
            format!("; {} MiB held at first, {} MiB at the end", first / 1024, last / 1024)
        }
        _ => String::new(),
    };
    let frames = window.frames as f32 / window.seconds.max(0.001);
    format!("  window     {first}; {frames:.0} frames a second{held}")
}

/// Sets a mesh going on a thread of its own, at a speed that shows all of it in a few minutes.
fn begin(
    mesh: Mesh,
    scenario: &Scenario,
    name: &str,
    args: &ViewArgs,
) -> Result<(Show, JoinHandle<Mesh>), Failure> {
    let scene = Scene::new(scenario, mesh.plan());
    let units = scenario.signals.iter().map(|signal| signal.unit.clone()).collect();
    let length_ms = scenario.ticks.saturating_mul(u64::from(scenario.tick_ms));
    let speed = if args.exit { u64::from(SPEED_MAX_MILLI) } else { length_ms / SHOW_SECONDS };
    let speed_milli = speed.clamp(1_000, u64::from(SPEED_MAX_MILLI)) as u32;
    let title = format!("{} - QRES", scenario.title);
    let (pace, thread) =
        pace::start(mesh, scene, units, speed_milli, args.ticks).map_err(Failure::input)?;
    Ok((Show { pace, title, name: name.to_owned() }, thread))
}

/// How the window gets another scenario: with the options it was opened with, but for the seed,
/// which is the other scenario's own.
fn loader(args: ViewArgs) -> Loader {
    Arc::new(move |name| {
        let seed = args.seed.filter(|_| name == args.scenario);
        let loaded = load(name, seed, args.threads, args.data.as_deref(), None);
        let Loaded { mesh, scenario, name, .. } =
            loaded.map_err(|failure| failure.message().to_owned())?;
        let begun = begin(mesh, &scenario, &name, &args);
        let begun = begun.map_err(|failure| failure.message().to_owned())?;
        Ok(begun.0)
    })
}
