//! `qres view`: a scenario in the window.

use super::load::{Loaded, load};
use super::output::Failure;
use super::{ViewArgs, run};
use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
use crate::pace::{self, SPEED_MAX_MILLI};
use crate::scenario::Scenario;
use crate::view::{self, Loader, Show, WindowOptions};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Real seconds that a scenario takes at the speed it starts with.
const SHOW_SECONDS: u64 = 240;

/// Opens the window; with `--exit`, prints what `run` prints when it closes.
#[expect(clippy::disallowed_methods, reason = "measures how long a run took, from outside")]
pub(super) fn view(args: &ViewArgs) -> Result<(), Failure> {
    if !view::display_available() {
        return Err(Failure::Input(
            "no display can be reached: see DISPLAY and WAYLAND_DISPLAY; use `qres run` for a run \
             without a window, or `qres shot` for a picture"
                .to_owned(),
        ));
    }
    view::adapter_available().map_err(Failure::input)?;
    let loaded = load(&args.scenario, args.seed, args.threads, args.data.as_deref(), None)?;
    let start = std::time::Instant::now();
    let Loaded { name, scenario, seed, recalled, text, mesh } = loaded;
    let (show, thread) = begin(mesh, &scenario, &name, args)?;
    let options = WindowOptions {
        exit_at_tick: args.ticks.filter(|_| args.exit),
        title: show.title,
        name: name.clone(),
        loader: (!args.exit).then(|| loader(args.clone())),
    };
    view::run_window(show.pace, options).map_err(Failure::input)?;
    let mesh =
        thread.join().map_err(|_| Failure::Input("the mesh's thread broke off".to_owned()))?;
    if !args.exit {
        return Ok(());
    }
    let mut loaded = Loaded { name, scenario, seed, recalled, text, mesh };
    let summary = loaded.mesh.summary();
    run::report(&mut loaded, &summary, start.elapsed().as_secs_f64(), args.json, false)
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
