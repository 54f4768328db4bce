//! `qres view`: a scenario in the window.

use super::load::load;
use super::output::Failure;
use super::{ViewArgs, run};
use crate::mesh::publish::Scene;
use crate::pace::{self, SPEED_MAX_MILLI};
use crate::view::{self, WindowOptions};

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
    let scenario = &loaded.scenario;
    let scene = Scene::new(scenario, loaded.mesh.plan());
    let units = scenario.signals.iter().map(|signal| signal.unit.clone()).collect();
    let length_ms = scenario.ticks.saturating_mul(u64::from(scenario.tick_ms));
    let speed = if args.exit { u64::from(SPEED_MAX_MILLI) } else { length_ms / SHOW_SECONDS };
    let speed_milli = speed.clamp(1_000, u64::from(SPEED_MAX_MILLI)) as u32;
    let title = format!("{} - QRES", scenario.title);
    let start = std::time::Instant::now();
    let (pace, thread) =
        pace::start(loaded.mesh, scene, units, speed_milli, args.ticks).map_err(Failure::input)?;
    let options = WindowOptions { exit_at_tick: args.ticks.filter(|_| args.exit), title };
    view::run_window(pace, options).map_err(Failure::input)?;
    let mesh =
        thread.join().map_err(|_| Failure::Input("the mesh's thread broke off".to_owned()))?;
    if !args.exit {
        return Ok(());
    }
    let mut loaded = super::load::Loaded { mesh, ..loaded };
    let summary = loaded.mesh.summary();
    run::report(&mut loaded, &summary, start.elapsed().as_secs_f64(), args.json, false)
}
