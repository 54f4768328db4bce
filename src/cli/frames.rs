//! `qres evidence frame`: what a frame costs. Processor time of the program's own threads at three
//! sizes of mesh, one tick a frame, the tick apart.

use crate::evidence::{Context, Table};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::mesh::publish::Scene;
use crate::scenario::{self, Scenario};
use crate::view::{Framing, frame_times, painter};

/// Frames that are not counted, and frames that are.
const FRAMES: (usize, usize) = (30, 200);
/// A frame at 10,000 nodes may take this much processor time, in milliseconds.
const LIMIT_MS: f64 = 8.0;

/// The table `frame`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let drawn_by = painter().map_err(|error| error.to_string())?;
    let mut table = Table::new(
        &format!(
            "Processor time of a frame in milliseconds: 1280 x 720, high quality, panels, one \
             tick a frame of city-10k or a smaller one like it, {} frames; waiting and the \
             driver's own threads are left out. Drawn by {drawn_by}.",
            FRAMES.1
        ),
        &["nodes", "frame, median", "frame, 95 %", "limit", "tick, median", "tick, 95 %"],
    );
    let resolved = scenario::resolve("city-10k").map_err(|problem| format!("{problem:#}"))?;
    for nodes in [100, 1_000, 10_000] {
        let mut scenario: Scenario = resolved.scenario.clone();
        scenario.nodes.count = Some(nodes);
        let plan =
            Plan::new(&scenario, scenario.seed, &Vec::new()).map_err(|fault| fault.to_string())?;
        let mut mesh = Mesh::new(plan, context.threads);
        let scene = Scene::new(&scenario, mesh.plan());
        let mut times = frame_times(&mut mesh, scene, &Framing::default(), FRAMES)
            .map_err(|error| error.to_string())?;
        let limit = (nodes == 10_000).then_some(LIMIT_MS);
        table.row([
            nodes.into(),
            quantile(&mut times.frames, 0.5).into(),
            quantile(&mut times.frames, 0.95).into(),
            limit.map_or(serde_json::Value::Null, Into::into),
            quantile(&mut times.ticks, 0.5).into(),
            quantile(&mut times.ticks, 0.95).into(),
        ]);
    }
    Ok(table)
}

/// To a hundredth.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (share * values.len().saturating_sub(1) as f64).round() as usize;
    (values.get(place).copied().unwrap_or_default() * 100.0).round() / 100.0
}
