//! What the window itself costs: the time to its first picture, frames, and memory over time. It
//! reads clocks and the system's books, and nothing that it finds is read by a mesh.

use super::stage::{Opening, Stage};
use bevy::prelude::*;
use bevy::render::render_resource::{CachedPipelineState, PipelineCache, PipelineDescriptor};
use bevy::render::{Render, RenderApp, RenderSystems};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Seconds between two looks at memory, at first; twice as long whenever the list is full.
const LOOK_SECONDS: f32 = 1.0;
/// Looks that are kept.
const LOOKS: usize = 64;
/// Layers of the scene, one pipeline each.
const LAYERS: u32 = 7;

/// What a window has cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WindowFigures {
    /// From the start of the command to the first whole picture, in milliseconds; `None`: it ended
    /// before.
    pub first_picture_ms: Option<u64>,
    /// How long it was open, in seconds.
    pub seconds: f32,
    /// Frames drawn.
    pub frames: u64,
    /// (seconds since it opened, KiB of memory held), evenly spaced.
    pub memory_kib: Vec<(f32, u64)>,
}

/// Pipelines that are made, and that were asked for: the renderer writes, the app reads.
#[derive(Resource, Clone, Default)]
struct Shaders(Arc<Counts>);

#[derive(Default)]
struct Counts {
    made: AtomicU32,
    asked: AtomicU32,
    layers: AtomicU32,
}

/// The figures so far.
#[derive(Resource)]
pub(super) struct Gauge {
    begun: Instant,
    /// The next look at memory, and the time between two.
    next: f32,
    every: f32,
    pub(super) figures: WindowFigures,
}

pub(super) fn plugin(app: &mut App, begun: Instant) {
    let shaders = Shaders::default();
    app.insert_resource(shaders.clone())
        .insert_resource(Gauge {
            begun,
            next: 0.0,
            every: LOOK_SECONDS,
            figures: WindowFigures::default(),
        })
        .add_systems(First, opening)
        .add_systems(Last, measure);
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.insert_resource(shaders).add_systems(Render, count.in_set(RenderSystems::Cleanup));
    }
}

fn count(pipelines: Res<PipelineCache>, shaders: Res<Shaders>) {
    if shaders.0.layers.load(Ordering::Relaxed) >= LAYERS {
        return;
    }
    let (mut made, mut asked, mut layers) = (0, 0, 0);
    for pipeline in pipelines.pipelines() {
        let is_made = matches!(pipeline.state, CachedPipelineState::Ok(_));
        let label = match &pipeline.descriptor {
            PipelineDescriptor::RenderPipelineDescriptor(render) => render.label.as_deref(),
            PipelineDescriptor::ComputePipelineDescriptor(_) => None,
        };
        let is_layer = label.is_some_and(|label| label.starts_with("layer_"));
        made += u32::from(is_made);
        asked += 1;
        layers += u32::from(is_made && is_layer);
    }
    shaders.0.made.store(made, Ordering::Relaxed);
    shaders.0.asked.store(asked, Ordering::Relaxed);
    shaders.0.layers.store(layers, Ordering::Relaxed);
}

/// Says how far the first picture is, until it has been drawn.
#[expect(clippy::disallowed_methods, reason = "measures the window, from outside")]
fn opening(shaders: Res<Shaders>, mut stage: ResMut<Stage>, mut gauge: ResMut<Gauge>) {
    if gauge.figures.first_picture_ms.is_some() {
        stage.opening = None;
        return;
    }
    let counts = &shaders.0;
    if counts.layers.load(Ordering::Relaxed) >= LAYERS {
        let passed = Instant::now().duration_since(gauge.begun).as_millis();
        gauge.figures.first_picture_ms = Some(passed as u64);
        stage.first_picture_ms = Some(passed as u64);
        stage.opening = None;
    } else {
        let (made, asked) = (&counts.made, &counts.asked);
        let (made, asked) = (made.load(Ordering::Relaxed), asked.load(Ordering::Relaxed));
        stage.opening = Some(Opening { made, asked });
    }
}

fn measure(time: Res<Time<Real>>, mut gauge: ResMut<Gauge>) {
    let now = time.elapsed_secs();
    gauge.figures.seconds = now;
    gauge.figures.frames += 1;
    if now < gauge.next {
        return;
    }
    let Some(held) = memory_kib() else { return };
    gauge.figures.memory_kib.push((now, held));
    if gauge.figures.memory_kib.len() >= LOOKS {
        let mut place = 0;
        gauge.figures.memory_kib.retain(|_| {
            place += 1;
            place % 2 == 1
        });
        gauge.every *= 2.0;
    }
    gauge.next = now + gauge.every;
}

/// Memory that this process holds now, as Linux tells it.
fn memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
