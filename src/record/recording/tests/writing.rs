//! What happens to a run while its recording is in trouble: nothing.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

fn digest_without() -> String {
    let mut mesh = mesh_of(SMALL, None);
    (0..700).for_each(|_| mesh.step());
    mesh.digest().to_string()
}

/// Runs 700 ticks with a checkpoint after each; returns what became of the recording.
fn run(mut recorder: Recorder, mut mesh: Mesh) -> RecorderStatus {
    for _ in 0..700 {
        mesh.step();
        recorder.tick(&mut mesh);
    }
    let finished = recorder.finish(&mut mesh);
    assert_eq!(mesh.digest().to_string(), digest_without(), "the run does not notice");
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
    for room in [0, 300, 40_000] {
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

/// A disk on which every write waits for a permit.
struct Slow(Receiver<()>, Shared);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        self.1.write(bytes)
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
    let (permits, gate): (Sender<()>, _) = channel();
    let file = Shared::default();
    let mut mesh = mesh_of(SMALL, None);
    let header = header_of(SMALL, &mesh, 1);
    let store = Slow(gate, file.clone());
    let path = Path::new("slow.ron");
    let begun = Recorder::begin(path, store, header, &mut mesh, NEVER).expect("begun");
    let (ended, end) = channel();
    let running = std::thread::spawn(move || {
        let status = run(begun, mesh);
        ended.send(()).expect("heard");
        status
    });
    // Many entries more than fit: without a permit the run cannot have ended.
    assert!(end.try_recv().is_err());
    drop(permits);
    assert_eq!(running.join().expect("ended").trouble, None);
    let recording = decoded(&file.bytes()).expect("in order");
    assert_eq!((recording.checkpoints.len(), recording.ticks()), (701, 700));
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
