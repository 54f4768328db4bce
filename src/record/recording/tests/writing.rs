//! What happens to a run while its recording is in trouble: nothing.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// Ticks of a run: more than entries can wait.
const TICKS: u64 = 320;

/// Runs with a checkpoint after each tick; returns what became of the recording.
fn run(mut recorder: Recorder, mut mesh: Mesh) -> RecorderStatus {
    let mut alone = mesh_of(SMALL, None);
    for _ in 0..TICKS {
        mesh.step();
        alone.step();
        recorder.tick(&mut mesh);
    }
    let finished = recorder.finish(&mut mesh);
    assert_eq!(mesh.digest(), alone.digest(), "the run does not notice");
    finished.status
}

/// A disk that takes a number of bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Store for Full {
    fn keep(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_and_the_run_goes_on() {
    let path = Path::new("full.ron");
    for room in [0, 20_000] {
        let mut mesh = mesh_of(SMALL, None);
        let header = header_of(SMALL, &mesh, 1);
        let begun = Recorder::begin(path, Full(room), header, &mut mesh, NEVER).expect("begun");
        let watch = begun.watch();
        let trouble = run(begun, mesh).trouble.expect("told");
        assert!(trouble.contains("full.ron: the recording cannot be written any further"));
        assert!(trouble.ends_with("the run goes on without it"), "{trouble}");
        assert_eq!(watch.status().trouble, Some(trouble));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_system_s_full_disk_is_one() {
    let mut mesh = mesh_of(SMALL, None);
    let header = header_of(SMALL, &mesh, 1);
    let begun = Recorder::create(Path::new("/dev/full"), header, &mut mesh).expect("begun");
    assert!(run(begun, mesh).trouble.is_some_and(|trouble| trouble.contains("No space left")));
}

#[test]
fn a_file_that_is_lost_is_told_of() {
    let folder = std::env::temp_dir().join(format!("qres-lost-{}", std::process::id()));
    let path = folder.join("a.ron");
    for replaced in [false, true] {
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut mesh = mesh_of(SMALL, None);
        let header = header_of(SMALL, &mesh, 512);
        let begun = Recorder::create(&path, header, &mut mesh).expect("begun");
        std::fs::remove_dir_all(&folder).expect("gone");
        if replaced {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, "mine").expect("written");
        }
        assert!(run(begun, mesh).trouble.is_some(), "replaced: {replaced}");
        if replaced {
            assert_eq!(std::fs::read(&path).expect("there"), b"mine");
            std::fs::remove_dir_all(&folder).expect("gone");
        }
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let path = std::env::temp_dir().join(format!("qres-taken-{}.ron", std::process::id()));
    std::fs::write(&path, "mine").expect("written");
    let mut mesh = mesh_of(SMALL, None);
    let header = header_of(SMALL, &mesh, 512);
    let refused = Recorder::create(&path, header.clone(), &mut mesh).err().expect("refused");
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).expect("there"), b"mine");
    std::fs::write(&path, "").expect("written");
    let begun = Recorder::create(&path, header.clone(), &mut mesh).expect("an empty file is none");
    // Nobody else writes it meanwhile, though it may still be empty.
    assert!(Recorder::create(&path, header, &mut mesh).is_err());
    begun.finish(&mut mesh);
    assert!(is_recording(&path) && read(&path).is_ok());
    std::fs::remove_file(&path).expect("gone");
}

/// A disk so slow that the run is always as far ahead of it as it can be.
struct Slow {
    file: Shared,
    ticks: Arc<AtomicU64>,
    all: u64,
}

/// How far a run may be ahead of the disk: what waits, what is buffered, and a few.
const AHEAD_MAX: u64 = 256 + 8_192 / 100 + 8;

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let there = self.file.bytes();
        let written = lines_in(&there) as u64;
        while self.ticks.load(Ordering::Acquire) < self.all.min(written + 250) {
            std::thread::yield_now();
        }
        let ahead = self.ticks.load(Ordering::Acquire).saturating_sub(written);
        if ahead > AHEAD_MAX {
            return Err(io::Error::other(format!("{ahead} ticks ahead of the disk")));
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Store for Slow {
    fn keep(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn ticks_wait_for_a_slow_disk_and_nothing_is_lost() {
    let all = 900;
    let (file, ticks) = (Shared::default(), Arc::new(AtomicU64::new(0)));
    let store = Slow { file: file.clone(), ticks: Arc::clone(&ticks), all };
    let mut mesh = mesh_of(SMALL, None);
    let header = header_of(SMALL, &mesh, 1);
    let path = Path::new("slow.ron");
    let mut recorder = Recorder::begin(path, store, header, &mut mesh, NEVER).expect("begun");
    for _ in 0..all {
        mesh.step();
        recorder.tick(&mut mesh);
        ticks.fetch_add(1, Ordering::Release);
    }
    assert_eq!(recorder.finish(&mut mesh).status.trouble, None);
    let recording = decoded(&file.bytes()).expect("in order");
    assert_eq!((recording.checkpoints.len() as u64, recording.ticks()), (all + 1, all));
    assert!(recording.end.is_some());
}

#[test]
fn a_recorder_that_is_dropped_leaves_all_but_an_end() {
    let mut mesh = mesh_of(SMALL, None);
    let (mut recorder, file) = recorder(SMALL, &mut mesh, 4);
    for _ in 0..9 {
        mesh.step();
        recorder.tick(&mut mesh);
    }
    drop(recorder);
    let recording = decoded(&file.bytes()).expect("in order");
    assert_eq!((recording.end.as_ref(), recording.cut, recording.ticks()), (None, None, 8));
    assert!(recording.warning().expect("a warning").contains("up to tick 8"));
}

#[test]
fn a_mesh_that_is_put_back_ends_it() {
    let mut mesh = mesh_of(SMALL, None);
    let start = mesh.snapshot();
    let (mut recorder, file) = recorder(SMALL, &mut mesh, 4);
    for _ in 0..9 {
        mesh.step();
        recorder.tick(&mut mesh);
    }
    mesh.restore(&start).expect("its own");
    mesh.step();
    recorder.tick(&mut mesh);
    let trouble = recorder.finish(&mut mesh).status.trouble.expect("told");
    assert!(trouble.contains("put back to tick 1"), "{trouble}");
    let recording = decoded(&file.bytes()).expect("in order");
    assert_eq!((recording.end, recording.checkpoints.len()), (None, 3));
}

#[test]
fn a_file_that_another_program_cuts_short_is_told_of() {
    let path = std::env::temp_dir().join(format!("qres-shortened-{}.ron", std::process::id()));
    let mut mesh = mesh_of(SMALL, None);
    let header = header_of(SMALL, &mesh, 1);
    let mut recorder = Recorder::create(&path, header, &mut mesh).expect("begun");
    let length = || std::fs::metadata(&path).expect("there").len();
    while length() < 2_000 {
        mesh.step();
        recorder.tick(&mut mesh);
    }
    let file = File::options().write(true).open(&path).expect("open");
    file.set_len(1_000).expect("shorter");
    let trouble = recorder.finish(&mut mesh).status.trouble.expect("told");
    assert!(trouble.contains("another program has changed it: it has"), "{trouble}");
    std::fs::remove_file(&path).expect("gone");
}
