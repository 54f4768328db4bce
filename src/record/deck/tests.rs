//! Recordings of a driven run: in mid-run, of another world, and into places that are none.

use std::io::Write;
use std::time::Duration;

use super::*;
use crate::mesh::plan::Plan;
use crate::record::recording;
use crate::scenario::{Command, Scenario};

const TEXT: &str = r#"(title: "t", watch_for: "w", nodes: (count: 9), signals: [(modality: "a")])"#;

fn mesh() -> Mesh {
    let scenario = Scenario::parse("t.ron", TEXT).expect("a scenario");
    Mesh::new(Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan"), 1)
}

fn options() -> RecorderOptions {
    RecorderOptions { name: "t".into(), scenario: TEXT.into(), ..RecorderOptions::default() }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("qres-deck-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn what_is_recorded_in_mid_run_is_a_recording_of_the_whole() {
    let folder = folder("mid");
    let path = free_path(&folder, "scenarios/t.ron");
    assert_eq!(path.file_name().and_then(|name| name.to_str()), Some("qres-t-1.ron"));
    let (deck, mut observer) = Deck::new(options(), Some(Rolling::new(folder.clone(), 4, 1 << 20)));
    let mut mesh = mesh();
    mesh.command(Command::Kill { nodes: "4".into() }).expect("a command");
    for tick in 0..40 {
        if tick == 8 {
            for note in [
                Note::Mark(3, "gone".into()),
                Note::Mark(5, "old".into()),
                Note::Speed(10),
                Note::Unmark(3),
                Note::Mark(5, "new".into()),
                Note::Speed(20),
            ] {
                deck.note(note);
            }
        }
        if tick == 20 {
            deck.begin(path.clone());
            assert!(deck.is_asked());
        }
        mesh.step();
        observer(&mut mesh);
    }
    let status = deck.status();
    assert_eq!(status.asked.map(|status| status.path.to_path_buf()), Some(path.clone()));
    let rolled = status.rolling.expect("always on").path.to_path_buf();
    deck.stop();
    observer(&mut mesh);
    assert!(!deck.is_asked() && deck.status().asked.is_none());
    deck.finish(&mut mesh);
    assert_ne!(free_path(&folder, "t"), path, "what is there stays");
    for (file, noted) in [(path, 2), (rolled, 6)] {
        let recording = recording::read(&file).expect("reads");
        let noted_here = recording.notes.iter().filter(|remark| remark.note != Note::Reached);
        assert_eq!(noted_here.count(), noted, "what still holds when one begins");
        assert_eq!(recording.bookmarks().into_iter().collect::<Vec<_>>(), [(5, "new")]);
        assert_eq!((recording.ticks(), recording.commands.len()), (40, 1));
        assert!(recording.end.is_some());
    }
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_world_that_was_kept_is_recorded_from_its_beginning() {
    let folder = folder("kept");
    let (deck, mut observer) = Deck::new(options(), Some(Rolling::new(folder.clone(), 4, 1 << 20)));
    let mut keeper = deck.keeper();
    let (first, mut run) = (folder.join("first.ron"), mesh());
    deck.begin(first.clone());
    for _ in 0..20 {
        run.step();
        observer(&mut run);
    }
    // Another world that parts from it at tick 10.
    let mut other = mesh();
    for tick in 0..15 {
        if tick == 10 {
            other.command(Command::Kill { nodes: "4".into() }).expect("a command");
        }
        other.step();
    }
    let snapshot = other.snapshot();
    let mut other = run.another(&snapshot).expect("of one plan");
    keeper(&mut other);
    let told = deck.status().told.expect("told").1;
    assert!(told.contains("first.ron ends here"), "{told}");
    for _ in 0..15 {
        other.step();
        observer(&mut other);
    }
    let status = deck.status();
    let files = [status.asked, status.rolling].map(|status| status.expect("runs").path);
    deck.finish(&mut other);
    assert!(recording::read(&first).expect("reads").end.is_none());
    for file in files {
        let read = recording::read(&file).expect("reads");
        assert_eq!((read.ticks(), read.commands.len()), (30, 1));
        // The whole of it can be done again, from the first tick.
        let scenario = read.scenario().expect("a scenario");
        let plan = read.plan(&scenario, Path::new(".")).expect("a plan");
        let mut again = Mesh::new(plan, 1);
        while again.ticks() < 30 {
            again.step();
            assert!(read.verify(&mut again).is_ok());
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_lost_folder_is_told_and_the_run_goes_on() {
    let gone = folder("gone").join("not there");
    let (deck, mut observer) = Deck::new(options(), None);
    let mut mesh = mesh();
    deck.begin(gone.join("f.ron"));
    mesh.step();
    observer(&mut mesh);
    let told = deck.status().told.expect("a warning").1;
    assert!(told.contains("cannot record"), "{told}");
    mesh.step();
    observer(&mut mesh);
    assert_eq!(mesh.ticks(), 2);
    assert!(!deck.is_asked());
}

/// A disk that takes nothing until it is let.
struct Stuck {
    gate: Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // It opens for good when the other end is gone.
        let _ = self.gate.recv();
        locked(&self.written).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl recording::Store for Stuck {
    fn keep(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A deck whose recordings go to one disk that is stuck, and who opens that.
fn stuck() -> (Deck, Observer, Sender<()>, Arc<Mutex<Vec<u8>>>) {
    let (opens, gate) = crossbeam_channel::bounded::<()>(0);
    let written = Arc::<Mutex<Vec<u8>>>::default();
    let disk = Arc::clone(&written);
    let make = move |path: &Path, header: Header, mesh: &mut Mesh| {
        let store = Stuck { gate: gate.clone(), written: Arc::clone(&disk) };
        Recorder::begin(path, store, header, mesh, Duration::from_millis(1))
    };
    let options = RecorderOptions { checkpoint_every: 1, ..options() };
    let (deck, observer) = Deck::with(options, None, Box::new(make));
    (deck, observer, opens, written)
}

/// Ticks of a run: many more than entries can wait.
const TICKS: u64 = 1_000;

#[test]
fn a_disk_that_is_stuck_holds_ticks_and_no_frame() {
    let (deck, mut observer, opens, written) = stuck();
    deck.begin("f.ron".into());
    let run = std::thread::spawn(move || {
        let mut mesh = mesh();
        for _ in 0..TICKS {
            mesh.step();
            observer(&mut mesh);
        }
        mesh
    });
    // The same look at the mesh, for as long as anybody cares to ask.
    let (mut look, mut same) = (None, 0);
    while same < 1_000 || !deck.is_asked() {
        std::thread::yield_now();
        deck.note(Note::Speed(20));
        let now = deck.status().look;
        same = if now.is_some() && now == look { same + 1 } else { 0 };
        look = now;
    }
    assert!(deck.is_asked() && !run.is_finished());
    let status = deck.status();
    assert!(status.told.is_none() && status.asked.is_some_and(|status| status.trouble.is_none()));
    drop(opens);
    let mut mesh = run.join().expect("runs on");
    assert_eq!(deck.status().look, None);
    deck.finish(&mut mesh);
    let file = locked(&written).clone();
    let recorded = recording::decode("f.ron", &mut &*file).expect("reads");
    assert_eq!((recorded.ticks(), recorded.checkpoints.len()), (TICKS, TICKS as usize));
    assert!(recorded.end.is_some(), "nothing is lost");
}

#[test]
fn a_recording_that_cannot_end_holds_no_frame() {
    let (deck, mut observer, opens, _) = stuck();
    let mut mesh = mesh();
    deck.begin("f.ron".into());
    mesh.step();
    observer(&mut mesh);
    deck.stop();
    assert!(!deck.is_asked());
    let ends = std::thread::spawn(move || observer(&mut mesh));
    // The wish is taken, and the recording does not end.
    while !deck.is_asked() {
        std::thread::yield_now();
    }
    assert!(deck.status().look.is_some() && !ends.is_finished());
    drop(opens);
    ends.join().expect("ends");
    let told = deck.status().told.expect("told").1;
    assert!(told.contains("recorded: f.ron"), "{told}");
}
