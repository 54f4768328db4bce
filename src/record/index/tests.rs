//! Any tick of a recording by its index, whatever happened to the file.

use std::fs;
use std::sync::Arc;

use super::*;
use crate::mesh::plan::Plan;
use crate::mesh::snapshot::Digest;
use crate::pace::Start;
use crate::record::recording::{self, Header, Recorder, RecorderOptions};
use crate::scenario::{Command, Scenario};

const TEXT: &str = r#"(title: "t", watch_for: "w", nodes: (count: 6), signals: [(modality: "a")],
    twt: (calm_ms: 4000, prestorm_ms: 3000, storm_ms: 2000, storm_window_ms: 1000))"#;
const TICKS: u64 = 60;

/// A recording on disk, what its ticks were, and the place of its index.
struct Kept {
    folder: PathBuf,
    file: PathBuf,
    path: PathBuf,
    recording: Arc<Recording>,
    digests: Vec<Digest>,
}

impl Kept {
    fn new(name: &str, killed: u32) -> Self {
        let folder = std::env::temp_dir().join(format!("qres-index-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("run.ron");
        let scenario =
            Scenario::parse("t.ron", TEXT).unwrap_or_else(|problem| panic!("{problem:#}"));
        let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
        let mut mesh = Mesh::new(plan, 1);
        let options = RecorderOptions {
            name: "t".to_owned(),
            scenario: TEXT.to_owned(),
            data: Vec::new(),
            checkpoint_every: 20,
        };
        let header = Header::new(options, &mesh);
        let _ = fs::remove_file(&file);
        let mut recorder = Recorder::create(&file, header, &mut mesh).expect("begun");
        let mut digests = vec![mesh.digest()];
        for tick in 0..TICKS {
            if tick == 25 {
                mesh.command(Command::Kill { nodes: killed.to_string() }).expect("a command");
            }
            mesh.step();
            recorder.tick(&mut mesh);
            digests.push(mesh.digest());
        }
        assert_eq!(recorder.finish(&mut mesh).status.trouble, None);
        let recording = Arc::new(recording::read(&file).expect("a recording"));
        Self { path: path_of(&file), folder, file, recording, digests }
    }

    fn mesh(&self) -> Mesh {
        let scenario = self.recording.scenario().expect("a scenario");
        Mesh::new(self.recording.plan(&scenario, Path::new(".")).expect("a plan"), 1)
    }

    /// The index with a snapshot every ten ticks.
    fn open(&self, bytes_max: u64) -> Index {
        let (recording, mesh) = (Arc::clone(&self.recording), self.mesh());
        let index = Index::open(&self.path, &self.file, recording, &mesh, bytes_max);
        index.0.status.lock().expect("no panic").spacing_ticks = 10;
        index
    }

    fn built(&self) -> Index {
        let index = self.open(INDEX_BYTES);
        index.build_here(self.mesh(), |_| ());
        index
    }

    /// The snapshots that an index gives; each is of the run.
    fn given(&self, index: &Index) -> Vec<u64> {
        let (mut lent, like) = (index.shelf(), self.mesh());
        let mut given = Vec::new();
        for tick in 0..=TICKS {
            if lent.nearest(tick) == Some(tick)
                && let Some(mut mesh) = lent.mesh(tick, &like)
            {
                assert_eq!(mesh.digest(), self.digests[tick as usize], "{tick}");
                given.push(tick);
            }
        }
        given
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn an_index_is_built_once_and_found_again() {
    let kept = Kept::new("built", 2);
    let index = kept.open(INDEX_BYTES);
    assert_eq!(index.status().note, None);
    let thread = index.build(kept.mesh()).expect("a thread");
    thread.join().expect("it ends");
    let status = index.status();
    assert_eq!((status.trouble.as_deref(), status.is_complete), (None, true));
    assert_eq!((status.ticks, status.snapshots), (TICKS, 6));
    assert_eq!(status.bytes, fs::metadata(&kept.path).expect("a file").len());
    assert_eq!(kept.given(&index), [10, 20, 30, 40, 50, 60]);
    // Nobody else can write to it meanwhile.
    let second = kept.open(INDEX_BYTES).status();
    assert!(second.trouble.is_some_and(|why| why.ends_with("somebody else has it open")));
    drop(index);
    let index = kept.open(INDEX_BYTES);
    assert!(index.status().is_complete && index.status().note.is_none());
    // A driver leaps with it.
    let mut start = Start::new(kept.mesh(), crate::mesh::publish::Scene::default());
    start.shelf = Some(index.shelf());
    start.ticks = Some(TICKS);
    let (pace, thread) = pace::begin(start).expect("a thread");
    pace.send(pace::Intent::Pause(true));
    pace.send(pace::Intent::Seek(57));
    while pace.travel().now != 57 {
        std::thread::yield_now();
    }
    assert_eq!(
        (pace.travel().indexed, pace.latest().orders.killed.clone()),
        (Some((60, 60)), vec![2])
    );
    drop(pace);
    assert!(thread.join().expect("it ends").ticks() < 57);
}

#[test]
fn what_is_of_another_run_is_made_anew() {
    let kept = Kept::new("stale", 2);
    kept.built();
    let other = Kept::new("stale-other", 3);
    fs::copy(&kept.path, &other.path).expect("copied");
    let index = other.open(INDEX_BYTES);
    assert!(index.status().note.is_some_and(|note| note.ends_with("as it was before: made anew")));
    assert_eq!(other.given(&index), [0; 0]);
    index.build_here(other.mesh(), |_| ());
    assert_eq!(other.given(&index).len(), 6);
    // What is no index is not touched.
    for text in ["no index", "something that is longer than the head of an index would be"] {
        drop(fs::write(&kept.path, text));
        let trouble = kept.open(INDEX_BYTES).status().trouble.expect("no index");
        assert!(trouble.contains("no index: it is no index; move it away"), "{trouble}");
        assert_eq!(fs::read(&kept.path).expect("there"), text.as_bytes());
    }
}

#[test]
fn a_cut_index_goes_on_from_what_is_whole() {
    let kept = Kept::new("cut", 2);
    kept.built();
    let whole = fs::read(&kept.path).expect("an index");
    for length in (36..whole.len()).step_by(whole.len() / 17) {
        fs::write(&kept.path, &whole[..length]).expect("written");
        let index = kept.open(INDEX_BYTES);
        let first = kept.given(&index);
        assert!(
            first.len() < 6
                && first.iter().enumerate().all(|(n, tick)| *tick == n as u64 * 10 + 10)
        );
    }
    let index = kept.open(INDEX_BYTES);
    let mut ran = 0;
    index.build_here(kept.mesh(), |_| ran += 1);
    assert!(ran <= 20, "only what was missing is run: {ran}");
    assert_eq!(kept.given(&index).len(), 6);
    drop(index);
    assert_eq!(fs::read(&kept.path).expect("an index"), whole);
}

#[test]
fn nothing_damaged_is_believed() {
    let kept = Kept::new("damage", 2);
    kept.built();
    let whole = fs::read(&kept.path).expect("an index");
    for place in (0..whole.len()).step_by(whole.len() / 31) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&kept.path, &damaged).expect("written");
        let index = kept.open(INDEX_BYTES);
        let (given, told) = (kept.given(&index), index.status());
        let is_told = told.note.is_some() || told.trouble.is_some();
        assert!(given.len() < 6, "{place}");
        // What only shows when it is read ends the file: the next one makes it anew.
        assert!(is_told || !kept.path.exists(), "{place}");
    }
}

#[test]
fn a_state_that_the_recording_did_not_have_is_refused() {
    let kept = Kept::new("forged", 2);
    let print = fingerprint(&kept.file, &kept.mesh()).expect("a file");
    let (mut store, found) = Store::open(&kept.path, print, TICKS, true).expect("a file");
    assert_eq!(found, Found::Nothing);
    // A snapshot of the same plan, with a right checksum, in which something else was done.
    let mut mesh = kept.mesh();
    mesh.command(Command::Kill { nodes: "4".to_owned() }).expect("a command");
    (0..40).for_each(|_| mesh.step());
    let bytes = mesh.snapshot();
    store.append(40, &lz4_flex::block::compress(&bytes), bytes.len()).expect("written");
    drop(store);
    let index = kept.open(INDEX_BYTES);
    assert_eq!(index.status().snapshots, 1);
    assert_eq!(kept.given(&index), [0; 0]);
}

#[test]
fn the_disk_is_bounded_and_work_can_be_given_up() {
    let kept = Kept::new("bounds", 2);
    let all = kept.built().status().bytes;
    fs::remove_file(&kept.path).expect("there");
    let bytes_max = all * 3 / 5;
    let index = kept.open(bytes_max);
    index.build_here(kept.mesh(), |_| ());
    let status = index.status();
    assert!(status.bytes <= bytes_max && status.spacing_ticks == 20, "{status:?}");
    assert_eq!(status.bytes, fs::metadata(&kept.path).expect("a file").len());
    assert_eq!(kept.given(&index), [20, 40, 60]);
    drop(index);
    fs::remove_file(&kept.path).expect("there");
    let index = kept.open(200);
    index.build_here(kept.mesh(), |_| ());
    let trouble = index.status().trouble.expect("no room");
    assert!(trouble.ends_with("a single snapshot is more than the index may hold"), "{trouble}");
    drop(index);
    let index = kept.open(INDEX_BYTES);
    index.build_here(kept.mesh(), |tick| {
        if tick == 35 {
            index.abandon();
        }
    });
    assert_eq!((index.status().ticks, index.status().is_complete), (30, false));
}

#[test]
fn no_seek_runs_more_than_a_spacing_again() {
    for (nodes, expected) in
        [(1, 65_536), (100, 512), (1_000, 128), (10_000, 128), (100_000, 16), (10_000_000, 8)]
    {
        assert_eq!(spacing(nodes), expected, "{nodes}");
        assert!(expected == SPACING_TICKS_MIN || expected * nodes as u64 <= SEEK_NODE_TICKS_MAX);
    }
    let kept = Kept::new("work", 2);
    let all = kept.built().status().bytes;
    for bytes_max in [INDEX_BYTES, all * 3 / 5, all / 3] {
        fs::remove_file(&kept.path).expect("there");
        let index = kept.open(bytes_max);
        index.build_here(kept.mesh(), |_| ());
        let (spacing, lent) = (index.status().spacing_ticks, index.shelf());
        for tick in 0..=TICKS {
            let again = tick - lent.nearest(tick).unwrap_or(0);
            assert!(again < spacing, "tick {tick} of an index at every {spacing}: {again}");
        }
    }
}
