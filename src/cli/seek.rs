//! Going to a tick: by the index of a recording, and how long it takes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use super::load::{Loaded, load};
use super::output::{self, Failure};
use super::stop::Stop;
use crate::evidence::{Context, Table};
use crate::mesh::publish::Scene;
use crate::pace::{self, Intent, PAST_BYTES, Pace, SPEED_MAX_MILLI, Start, Travel};
use crate::record::Recording;
use crate::record::index::{INDEX_BYTES, Index, path_of};

/// What `replay --seek --json` says of the way.
#[derive(Serialize)]
pub(super) struct Leap {
    /// The tick of the snapshot that it began with; 0 where there was none.
    pub from_tick: u64,
    /// Milliseconds from there to the tick, with the snapshot.
    pub seek_ms: f64,
    /// Snapshots in the index.
    pub snapshots: usize,
    /// Bytes of the index.
    pub index_bytes: u64,
    /// Ticks between snapshots.
    pub spacing_ticks: u64,
}

/// Puts the mesh as near before `tick` as the recording's index allows; makes the index first where
/// that is asked for, and leaves it as it is else. Also says why an index that was asked for could
/// not be made; one that was not cannot be missed.
#[expect(clippy::disallowed_methods, reason = "measures how long it took, from outside")]
pub(super) fn leap(
    file: &Path,
    recording: &Recording,
    loaded: &mut Loaded,
    (tick, make): (u64, bool),
    stop: &Stop,
) -> (Leap, Option<String>) {
    let path = path_of(file);
    let mut leap =
        Leap { from_tick: 0, seek_ms: 0.0, snapshots: 0, index_bytes: 0, spacing_ticks: 0 };
    if !make && !path.exists() {
        return (leap, None);
    }
    let recording = Arc::new(recording.clone());
    let index = if make {
        Index::open(&path, file, recording, &loaded.mesh, INDEX_BYTES)
    } else {
        Index::read(&path, file, recording, &loaded.mesh)
    };
    let state = loaded.mesh.snapshot();
    if make && let Ok(mesh) = loaded.mesh.another(&state) {
        let look = |_| {
            if stop.is_wanted() {
                index.abandon();
            }
        };
        index.build_here(mesh, look);
    }
    let status = index.status();
    let trouble = status.trouble;
    let told = trouble.clone().filter(|_| !make);
    for text in [status.note, told].into_iter().flatten() {
        output::note(&text);
    }
    (leap.snapshots, leap.index_bytes) = (status.snapshots, status.bytes);
    leap.spacing_ticks = status.spacing_ticks;
    let begun = Instant::now();
    let mut shelf = index.shelf();
    while let Some(at) = shelf.nearest(tick) {
        if let Some(mesh) = shelf.mesh(at, &loaded.mesh) {
            loaded.mesh = mesh;
            leap.from_tick = at;
            break;
        }
    }
    leap.seek_ms = begun.elapsed().as_secs_f64() * 1e3;
    (leap, trouble.filter(|_| make))
}

/// What is gone through: scenario, and ticks in place of its own.
const RUNS: [(&str, Option<u64>); 3] =
    [("calm-24h", None), ("under-the-hammer", None), ("city-10k", None)];
/// Seeks of a row with snapshots.
const SEEKS: u64 = 24;
/// Seeks of a row without.
const SEEKS_BEFORE: u64 = 3;

/// The table `seek`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "A driven run, watched and published as in a window, twice: with one snapshot, of its \
         start, and with those that are kept in memory. Then seeks to ticks drawn at random, from \
         wherever the one before led, in milliseconds until the tick is shown. `cost_percent` is \
         what the second run took longer.",
        &[
            "scenario",
            "nodes",
            "ticks",
            "run_s",
            "cost_percent",
            "snapshots",
            "spacing_ticks",
            "kept_mib",
            "before_median_ms",
            "median_ms",
            "p95_ms",
            "worst_ms",
        ],
    );
    for (done, (name, ticks)) in RUNS.into_iter().enumerate() {
        let plain = Driven::run(name, ticks, 1, context)?;
        let mut before = plain.seeks(SEEKS_BEFORE);
        let kept = Driven::run(name, ticks, PAST_BYTES, context)?;
        let travel = kept.pace.travel();
        let mut after = kept.seeks(SEEKS);
        before.sort_by(f64::total_cmp);
        after.sort_by(f64::total_cmp);
        let part = |all: &[f64], percent: usize| {
            all.get((all.len().saturating_sub(1) * percent).div_ceil(100)).copied()
        };
        table.row([
            name.into(),
            kept.nodes.into(),
            travel.newest.into(),
            json!(kept.run_s),
            json!(100.0 * (kept.run_s / plain.run_s.max(1e-9) - 1.0)),
            travel.kept.snapshots.into(),
            travel.kept.spacing_ticks.into(),
            json!(travel.kept.bytes as f64 / 1_048_576.0),
            json!(part(&before, 50)),
            json!(part(&after, 50)),
            json!(part(&after, 95)),
            json!(after.last()),
        ]);
        context.progress.tell(done as u64 + 1, RUNS.len() as u64);
    }
    Ok(table)
}

/// A run that is over, and can be gone back into.
struct Driven {
    pace: Pace,
    nodes: usize,
    run_s: f64,
}

impl Driven {
    #[expect(clippy::disallowed_methods, reason = "measures how long it took, from outside")]
    fn run(
        name: &str,
        ticks: Option<u64>,
        past_bytes: usize,
        context: &Context,
    ) -> Result<Self, String> {
        let told = |failure: Failure| failure.message().to_owned();
        let threads = u16::try_from(context.threads).ok();
        let loaded = load(name, None, threads, context.data.as_deref(), None).map_err(told)?;
        let Loaded { scenario, mesh, .. } = loaded;
        let ticks = ticks.unwrap_or(scenario.ticks);
        let (scene, nodes) = (Scene::new(&scenario, mesh.plan()), mesh.plan().nodes.len());
        let start = Start {
            speed_milli: SPEED_MAX_MILLI,
            ticks: Some(ticks),
            past_bytes,
            ..Start::new(mesh, scene)
        };
        let begun = Instant::now();
        // The thread ends when its last handle is gone.
        let (pace, _) = pace::begin(start).map_err(|error| error.to_string())?;
        let driven = Self { pace, nodes, run_s: 0.0 };
        driven.wait(|travel| travel.newest == ticks);
        driven.pace.send(Intent::Pause(true));
        Ok(Self { run_s: begun.elapsed().as_secs_f64(), ..driven })
    }

    fn wait(&self, done: impl Fn(&Travel) -> bool) {
        while !done(&self.pace.travel()) {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Milliseconds of seeks to ticks drawn at random.
    #[expect(clippy::disallowed_methods, reason = "measures how long it took, from outside")]
    fn seeks(&self, count: u64) -> Vec<f64> {
        let newest = self.pace.travel().newest;
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut draw = || {
            // Xorshift of Marsaglia (2003), with his numbers.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % newest.max(1)
        };
        let one = |tick| {
            let begun = Instant::now();
            self.pace.send(Intent::Seek(tick));
            self.wait(|travel| travel.now == tick && travel.work.is_none());
            begun.elapsed().as_secs_f64() * 1e3
        };
        (0..count).map(|_| one(draw())).collect()
    }
}
