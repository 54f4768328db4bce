//! What the fuzz targets that need the whole simulator do with their bytes: snapshots of meshes,
//! and the file of an index beside a recording. For cargo-fuzz and for the plain test that replays
//! the corpus, `tests/fuzz_corpus/main.rs`. The rules are those of `bodies`.

#![expect(clippy::expect_used, reason = "what fails here is a finding")]

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use qres::mesh::Mesh;
use qres::mesh::plan::Plan;
use qres::record::index::{Index, path_of};
use qres::record::recording::{self, Recording};
use qres::scenario::Scenario;

/// All of them. A name is also a file of `fuzz_targets` and a folder of `corpus`.
pub const TARGETS: &[(&str, fn(&[u8]) -> bool)] = &[("snapshot", snapshot), ("index", index)];

/// Runs the target of that name.
pub fn run(name: &str, data: &[u8]) -> bool {
    TARGETS.iter().any(|(other, body)| *other == name && body(data))
}

/// Meshes that between them have every part of a node that a snapshot can hold.
pub const MESHES: [(&str, &str); 4] = [
    ("rough", include_str!("rough.ron")),
    ("trust", include_str!("trust.ron")),
    ("sums", include_str!("sums.ron")),
    ("streams", include_str!("streams.ron")),
];

/// Where a snapshot says what it is of: 32 bytes behind its name and its tick.
const IDENTITY: std::ops::Range<usize> = 12..44;

/// A mesh of [`MESHES`] at its start.
pub fn mesh(place: usize) -> Mesh {
    let (name, text) = MESHES[place % MESHES.len()];
    let scenario = Scenario::parse(name, text).expect("a scenario");
    Mesh::new(Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan"), 1)
}

/// A byte that chooses a mesh, and a snapshot: as it is, and with the name of that mesh in it. What
/// is taken is written back the same.
fn snapshot(data: &[u8]) -> bool {
    thread_local! {
        static KEPT: [OnceCell<Mesh>; MESHES.len()] =
            const { [const { OnceCell::new() }; MESHES.len()] };
    }
    let Some((choice, bytes)) = data.split_first() else { return false };
    let place = usize::from(*choice) % MESHES.len();
    KEPT.with(|kept| {
        let like = kept[place].get_or_init(|| mesh(place));
        let as_it_is = taken(like, bytes);
        let mut named = bytes.to_vec();
        let Some(name) = named.get_mut(IDENTITY) else { return as_it_is };
        name.copy_from_slice(&like.identity());
        taken(like, &named) && as_it_is
    })
}

fn taken(like: &Mesh, bytes: &[u8]) -> bool {
    match like.another(bytes) {
        Ok(mut copy) => {
            assert!(copy.snapshot() == bytes, "taken as something else");
            true
        }
        Err(why) => {
            assert!(!why.to_string().is_empty());
            false
        }
    }
}

/// A recording, and the folder in which it lies.
struct Recorded {
    folder: PathBuf,
    file: PathBuf,
    recording: Arc<Recording>,
    mesh: Mesh,
    /// The first bytes of its index.
    head: Vec<u8>,
}

impl Recorded {
    fn new() -> Self {
        let mesh = mesh(0);
        let text = format!(
            "Header(format:1,build:\"qres\",rules:{},name:\"n\",seed:1,tick_ms:1000,\
             checkpoint_every:512,plan:\"0123456789abcdef\",data:[],genes:[],scenario:\"\")\n\
             Note(tick:1000,note:Reached)",
            qres::mesh::snapshot::RULES_VERSION
        );
        let thread = std::thread::current().id();
        let name = format!("qres-fuzz-{}-{thread:?}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("run.ron");
        fs::write(&file, recording::seal(&text)).expect("a recording");
        let recording = Arc::new(recording::read(&file).expect("a recording"));
        drop(Index::open(&path_of(&file), &file, Arc::clone(&recording), &mesh, u64::MAX));
        let head = fs::read(path_of(&file)).expect("an empty index");
        Self { folder, file, recording, mesh, head }
    }

    /// Whether the newest snapshot of an index can be had.
    fn reads(&self, bytes: &[u8]) -> bool {
        let path = path_of(&self.file);
        fs::write(&path, bytes).expect("a file");
        let index = Index::read(&path, &self.file, Arc::clone(&self.recording), &self.mesh);
        let mut states = index.shelf();
        let Some(newest) = states.nearest(u64::MAX) else { return false };
        assert!(newest <= self.recording.ticks(), "{newest}");
        let found = states.mesh(newest, &self.mesh);
        if let Some(mesh) = &found {
            assert_eq!(mesh.ticks(), newest);
        } else {
            // What has proved to be damaged is not offered again.
            assert_ne!(states.nearest(u64::MAX), Some(newest));
        }
        assert!(fs::read(&path).expect("the file") == bytes, "it was only to be read");
        found.is_some()
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The entries of an index: as they are, and with right checksums. And an index as a whole.
fn index(data: &[u8]) -> bool {
    thread_local! {
        static RECORDED: Recorded = Recorded::new();
    }
    RECORDED.with(|recorded| {
        recorded.reads(data);
        let mended = recorded.reads(&[&recorded.head, &sealed(data)[..]].concat());
        recorded.reads(&[&recorded.head, data].concat()) && mended
    })
}

/// The same entries with right checksums.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut sealed = data.to_vec();
    let mut rest = &mut sealed[..];
    while let Some((head, behind)) = rest.split_at_mut_checked(48) {
        let size = u32::from_le_bytes(head[12..16].try_into().expect("four bytes")) as usize;
        let Some((packed, behind)) = behind.split_at_mut_checked(size) else { break };
        let sum = *blake3::Hasher::new().update(&head[..16]).update(packed).finalize().as_bytes();
        head[16..].copy_from_slice(&sum);
        rest = behind;
    }
    sealed
}
