//! `qres evidence index`: going to a tick of a recording by its index, as `replay --seek` and the
//! window do it, and what the index takes up. Must not leave anything behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use super::load::{self, Loaded};
use super::output::Failure;
use crate::evidence::{Context, Table};
use crate::mesh::Mesh;
use crate::record::index::{INDEX_BYTES, Index, IndexStatus, path_of};
use crate::record::recording::{self, Header, Recorder, RecorderOptions, Recording};

/// What is recorded: scenario, ticks, and the milliseconds that a seek may take.
const RUNS: [(&str, u64, f64); 2] = [("calm-24h", 86_400, 200.0), ("city-10k", 1_200, 2_000.0)];
/// Ticks of a row that are drawn at random, besides the one farthest from a snapshot.
const DRAWN: u64 = 32;
const MIB: f64 = 1_048_576.0;

/// The table `index`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        &format!(
            "A recorded run, its index made from nothing, then {} ticks gone to: {DRAWN} drawn at \
             random and the farthest from a snapshot. Each time the index is opened anew, and the \
             mesh stands at the start; what is timed is from there until the tick is there, \
             checked and published, one thread, the file in the system's cache. `cpu` is what that \
             took of a processor, where the system tells (Linux). `day` is what 24 hours would \
             take, with snapshots as large as these, within the {} MiB that an index may have.",
            DRAWN + 1,
            INDEX_BYTES >> 20
        ),
        &[
            "scenario",
            "nodes",
            "ticks",
            "build_s",
            "snapshots",
            "spacing_ticks",
            "index_mib",
            "snapshot_mib",
            "day_mib",
            "day_spacing_ticks",
            "again_ticks_max",
            "median_ms",
            "worst_ms",
            "median_cpu_ms",
            "worst_cpu_ms",
            "limit_ms",
        ],
    );
    for (done, (name, ticks, limit_ms)) in RUNS.into_iter().enumerate() {
        let folder = Scratch::new()?;
        let run = Recorded::new(name, ticks, &folder.0, context)?;
        let (status, build_s) = run.build()?;
        let leaps = run.leaps(&status)?;
        let [median, worst] = places(&leaps, |leap| Some(leap.wall_ms));
        let [median_cpu, worst_cpu] = places(&leaps, |leap| leap.cpu_ms);
        let day = Day::of(&status, run.tick_ms);
        if let Some(took) = worst_cpu.or(worst).filter(|took| *took > limit_ms) {
            table.missed.push(format!("{name}: a seek took {took:.0} ms, more than {limit_ms:.0}"));
        }
        table.row([
            name.into(),
            run.start.plan().nodes.len().into(),
            ticks.into(),
            json!(build_s),
            status.snapshots.into(),
            status.spacing_ticks.into(),
            json!(status.bytes as f64 / MIB),
            json!(run.state.len() as f64 / MIB),
            json!(day.bytes as f64 / MIB),
            day.spacing_ticks.into(),
            leaps.iter().map(|leap| leap.again_ticks).max().into(),
            json!(median),
            json!(worst),
            json!(median_cpu),
            json!(worst_cpu),
            json!(limit_ms),
        ]);
        context.progress.tell(done as u64 + 1, RUNS.len() as u64);
    }
    Ok(table)
}

/// What an index of a day would be.
struct Day {
    bytes: u64,
    spacing_ticks: u64,
}

impl Day {
    fn of(status: &IndexStatus, tick_ms: u64) -> Self {
        let ticks = 86_400_000 / tick_ms.max(1);
        let each = status.bytes / (status.snapshots as u64).max(1);
        let mut spacing_ticks = status.spacing_ticks.max(1);
        let bytes = |spacing: u64| each.saturating_mul(ticks / spacing);
        while bytes(spacing_ticks) > INDEX_BYTES {
            spacing_ticks *= 2;
        }
        Self { bytes: bytes(spacing_ticks), spacing_ticks }
    }
}

/// The median and the worst of what there is.
fn places(leaps: &[Leap], of: impl Fn(&Leap) -> Option<f64>) -> [Option<f64>; 2] {
    let mut all: Vec<f64> = leaps.iter().filter_map(of).collect();
    all.sort_by(f64::total_cmp);
    [all.get(all.len() / 2).copied(), all.last().copied()]
}

/// A tick that was gone to.
struct Leap {
    again_ticks: u64,
    wall_ms: f64,
    cpu_ms: Option<f64>,
}

/// A run that was recorded, and its mesh at the start.
struct Recorded {
    file: PathBuf,
    recording: Arc<Recording>,
    start: Mesh,
    /// The same as bytes.
    state: Vec<u8>,
    tick_ms: u64,
}

impl Recorded {
    fn new(name: &str, ticks: u64, folder: &Path, context: &Context) -> Result<Self, String> {
        let told = |failure: Failure| failure.message().to_owned();
        let data = context.data.as_deref();
        let Loaded { mut mesh, text, .. } =
            load::load(name, None, Some(1), data, None).map_err(told)?;
        let file = folder.join("run.ron");
        let options =
            RecorderOptions { name: name.to_owned(), scenario: text, ..RecorderOptions::default() };
        let header = Header::new(options, &mesh);
        let tick_ms = u64::from(header.tick_ms);
        let begun = Recorder::create(&file, header, &mut mesh);
        let mut recorder = begun.map_err(|why| format!("{}: {why}", file.display()))?;
        for _ in 0..ticks {
            mesh.step();
            recorder.tick(&mut mesh);
        }
        if let Some(trouble) = recorder.finish(&mut mesh).status.trouble {
            return Err(trouble.to_string());
        }
        let recording = recording::read(&file).map_err(|why| why.to_string())?;
        let mut start = load::recorded(recording.clone(), Some(1), data).map_err(told)?.mesh;
        let state = start.snapshot();
        Ok(Self { file, recording: Arc::new(recording), start, state, tick_ms })
    }

    /// Makes the index; how it is, and the seconds that it took.
    #[expect(clippy::disallowed_methods, reason = "measures how long it took, from outside")]
    fn build(&self) -> Result<(IndexStatus, f64), String> {
        let (path, recording) = (path_of(&self.file), Arc::clone(&self.recording));
        let index = Index::open(&path, &self.file, recording, &self.start, INDEX_BYTES);
        let mesh = self.start.another(&self.state).map_err(|why| why.to_string())?;
        let begun = Instant::now();
        index.build_here(mesh, |_| ());
        let status = index.status();
        let trouble = status.trouble.clone();
        trouble.map_or(Ok((status, begun.elapsed().as_secs_f64())), Err)
    }

    fn leaps(&self, status: &IndexStatus) -> Result<Vec<Leap>, String> {
        let ticks = self.recording.ticks();
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let drawn = (0..DRAWN).map(|_| {
            // Xorshift of Marsaglia (2003), with his numbers.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % ticks.max(1)
        });
        let farthest = (ticks / 2).next_multiple_of(status.spacing_ticks.max(1)).min(ticks);
        drawn.chain([farthest.saturating_sub(1)]).map(|tick| self.leap(tick)).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "measures how long it took, from outside")]
    fn leap(&self, tick: u64) -> Result<Leap, String> {
        let recording = Arc::clone(&self.recording);
        let index = Index::read(&path_of(&self.file), &self.file, recording, &self.start);
        let mut lent = index.shelf();
        let (begun, spent) = (Instant::now(), cpu_ms());
        let at = lent.nearest(tick);
        let mesh = match at {
            Some(at) => lent.mesh(at, &self.start),
            None => self.start.another(&self.state).ok(),
        };
        let mut mesh = mesh.ok_or_else(|| format!("no state before tick {tick}"))?;
        let from = mesh.ticks();
        while mesh.ticks() < tick {
            mesh.step();
        }
        drop(mesh.publish());
        let wall_ms = begun.elapsed().as_secs_f64() * 1e3;
        let cpu_ms = cpu_ms().zip(spent).map(|(now, before)| now - before);
        Ok(Leap { again_ticks: tick - from, wall_ms, cpu_ms })
    }
}

/// Milliseconds of processor time that this thread has had, where the system tells.
fn cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e6)
}

/// A folder that is gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let name = format!("qres-evidence-index-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
