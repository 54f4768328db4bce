//! Recordings of a run that is being driven: one that is always on, and one when it is asked for.
//! What goes wrong is told in the status; the run goes on. It must not decide where files lie.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender};

use super::recording::{Header, Note, Recorder, RecorderOptions, RecorderStatus, Watch};
use super::rolling::Rolling;
use crate::mesh::Mesh;
use crate::pace::Observer;

/// How the recordings of a run are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeckStatus {
    /// The one that was asked for, while it runs.
    pub asked: Option<RecorderStatus>,
    /// The one that is always on.
    pub rolling: Option<RecorderStatus>,
    /// The newest thing that went wrong or came to an end, with a number that rises with each.
    pub told: Option<(u64, String)>,
}

/// Notes that wait for the mesh to be shown; more than that are lost.
const NOTES_WAITING: usize = 1_024;
/// Notes that a recording which begins later is told, at most.
const NOTES_KEPT: usize = 512;

/// A handle to the recordings of a run, for any thread.
#[derive(Clone)]
#[cfg_attr(feature = "view", derive(bevy::ecs::resource::Resource))]
pub struct Deck {
    inside: Arc<Mutex<Inside>>,
    /// Beside the lock: a note waits for nobody.
    notes: Sender<Note>,
}

/// What a deck is asked for; it is done when the mesh is shown next.
enum Wish {
    Begin(PathBuf),
    Stop,
}

struct Inside {
    options: RecorderOptions,
    notes: Receiver<Note>,
    /// What still holds of what was noted.
    noted: Vec<Note>,
    wish: Option<Wish>,
    rolls: Option<Rolling>,
    /// It is to begin a file.
    rolls_next: bool,
    asked: Option<Recorder>,
    rolling: Option<Recorder>,
    /// For the status, which may not wait for the recorders.
    watches: [Option<Watch>; 2],
    told: Option<(u64, String)>,
    /// The run has gone another way: nothing more is recorded.
    over: bool,
}

impl Deck {
    /// A deck for a run, and who is to be shown its mesh. `rolls` is where the recording that is
    /// always on goes, if anywhere.
    #[must_use]
    pub fn new(options: RecorderOptions, rolls: Option<Rolling>) -> (Self, Observer) {
        let (sender, notes) = crossbeam_channel::bounded(NOTES_WAITING);
        let inside = Inside {
            options,
            notes,
            noted: Vec::new(),
            wish: None,
            rolls,
            rolls_next: true,
            asked: None,
            rolling: None,
            watches: [None, None],
            told: None,
            over: false,
        };
        let deck = Self { inside: Arc::new(Mutex::new(inside)), notes: sender };
        let shown = deck.clone();
        (deck, Box::new(move |mesh| shown.lock().look(mesh)))
    }

    /// Records into this new file, from the next time on that the mesh is shown. It is a recording
    /// of the whole run, whenever it begins.
    pub fn begin(&self, path: PathBuf) {
        let mut inside = self.lock();
        if inside.over {
            inside.tell("nothing is recorded here: this world did not begin with the run".into());
        } else {
            inside.wish = Some(Wish::Begin(path));
        }
    }

    /// Notes how the run is watched, when the mesh is shown next. No part of the run.
    pub fn note(&self, note: Note) {
        let _ = self.notes.try_send(note);
    }

    /// Ends the recording that was asked for, when the mesh is shown next.
    pub fn stop(&self) {
        self.lock().wish = Some(Wish::Stop);
    }

    /// Whether one that was asked for runs, or is about to.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        let inside = self.lock();
        match inside.wish {
            Some(Wish::Begin(_)) => true,
            Some(Wish::Stop) => false,
            None => inside.asked.is_some(),
        }
    }

    /// Who is to be shown a world that takes the place of the recorded one. All recordings are left
    /// as they are then, without an end, and others begin: what led to that world can be done again
    /// like any run.
    #[must_use]
    pub fn keeper(&self) -> Observer {
        let shown = self.clone();
        Box::new(move |mesh| shown.lock().turn(mesh))
    }

    /// Ends all recordings, of a mesh that runs no more.
    pub fn finish(&self, mesh: &mut Mesh) {
        let mut inside = self.lock();
        if inside.over {
            return;
        }
        inside.wish = None;
        inside.take_notes();
        let both = [inside.asked.take(), inside.rolling.take()];
        both.into_iter().flatten().for_each(|recorder| drop(recorder.finish(mesh)));
        inside.watches = [None, None];
        inside.over = true;
    }

    /// How they do.
    #[must_use]
    pub fn status(&self) -> DeckStatus {
        let inside = self.lock();
        let [asked, rolling] = &inside.watches;
        let status = |watch: &Option<Watch>| watch.as_ref().map(Watch::status);
        let told = inside.told.clone();
        DeckStatus { asked: status(asked), rolling: status(rolling), told }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// The mesh after a tick, or between two.
    fn look(&mut self, mesh: &mut Mesh) {
        if self.over {
            return;
        }
        self.roll(mesh);
        match self.wish.take() {
            Some(Wish::Begin(path)) => self.begin(&path, mesh),
            Some(Wish::Stop) => self.stop(mesh),
            None => {}
        }
        for recorder in [&mut self.asked, &mut self.rolling].into_iter().flatten() {
            recorder.tick(mesh);
        }
        self.take_notes();
        self.warn();
    }

    /// Begins the recording that is always on, where that has not been done.
    fn roll(&mut self, mesh: &mut Mesh) {
        if !std::mem::take(&mut self.rolls_next) {
            return;
        }
        let Some(rolls) = &self.rolls else { return };
        let made = rolls.next(&self.options.name).and_then(|path| {
            // The file is there already, and empty.
            Recorder::create(&path, Header::new(self.options.clone(), mesh), mesh)
        });
        match made {
            Ok(mut recorder) => {
                self.noted.iter().for_each(|note| recorder.note(note.clone()));
                self.watches[1] = Some(recorder.watch());
                self.rolling = Some(recorder);
            }
            Err(why) => self.tell(format!("this run is not recorded: {why}")),
        }
    }

    /// Another world has taken the place of the recorded one.
    fn turn(&mut self, mesh: &mut Mesh) {
        if self.over {
            return;
        }
        self.take_notes();
        let asked = self.asked.take().map(|recorder| recorder.watch().status().path);
        (self.rolling, self.watches) = (None, [None, None]);
        self.rolls_next = true;
        if let Some(path) = asked {
            let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
            let fresh = free_path(&folder, &self.options.name);
            self.begin(&fresh, mesh);
            if self.asked.is_some() {
                let (path, fresh) = (path.display(), fresh.display());
                self.tell(format!(
                    "{path} ends here: it is of the world that was given up; the one that was kept \
                     is recorded into {fresh}"
                ));
            }
        }
        self.look(mesh);
    }

    /// Hands notes to the recordings that run, and remembers what still holds of them.
    fn take_notes(&mut self) {
        for note in self.notes.try_iter().take(NOTES_WAITING) {
            for recorder in [&mut self.asked, &mut self.rolling].into_iter().flatten() {
                recorder.note(note.clone());
            }
            self.noted.retain(|earlier| !replaces(&note, earlier));
            let holds = !matches!(note, Note::Unmark(_) | Note::Home);
            if holds && self.noted.len() < NOTES_KEPT {
                self.noted.push(note);
            }
        }
    }

    fn begin(&mut self, path: &Path, mesh: &mut Mesh) {
        match Recorder::create(path, Header::new(self.options.clone(), mesh), mesh) {
            Ok(mut recorder) => {
                self.noted.iter().for_each(|note| recorder.note(note.clone()));
                self.watches[0] = Some(recorder.watch());
                self.asked = Some(recorder);
            }
            Err(why) => self.tell(format!("{}: cannot record: {why}", path.display())),
        }
    }

    fn stop(&mut self, mesh: &mut Mesh) {
        let Some(recorder) = self.asked.take() else { return };
        let status = recorder.finish(mesh).status;
        self.watches[0] = None;
        let path = status.path.display();
        self.tell(status.trouble.unwrap_or(format!("recorded: {path}; replay it any time")));
    }

    /// Tells once what is wrong with a recording; it is given up.
    fn warn(&mut self) {
        let trouble = |recorder: &Option<Recorder>| recorder.as_ref()?.watch().status().trouble;
        if let Some(why) = trouble(&self.asked) {
            (self.asked, self.watches[0]) = (None, None);
            self.tell(why);
        }
        if let Some(why) = trouble(&self.rolling) {
            (self.rolling, self.watches[1]) = (None, None);
            self.tell(why);
        }
    }

    fn tell(&mut self, text: String) {
        let number = self.told.as_ref().map_or(1, |(number, _)| number + 1);
        self.told = Some((number, text));
    }
}

/// Whether a note says anew what an earlier one said.
fn replaces(note: &Note, earlier: &Note) -> bool {
    let camera = |note: &Note| matches!(note, Note::Camera(_) | Note::Home);
    match (note, earlier) {
        (Note::Mark(tick, _) | Note::Unmark(tick), Note::Mark(other, _)) => tick == other,
        (Note::Paused(_), Note::Paused(_))
        | (Note::Speed(_), Note::Speed(_))
        | (Note::Layout(_), Note::Layout(_)) => true,
        _ => camera(note) && camera(earlier),
    }
}

/// A file in `folder` that is not there yet, for a recording of the scenario of that path or name.
#[must_use]
pub fn free_path(folder: &Path, scenario: &str) -> PathBuf {
    let stem = Path::new(scenario).file_stem().unwrap_or_default().to_string_lossy();
    let stem = if stem.is_empty() { "run".into() } else { stem };
    let paths = (1_u32..).map(|number| folder.join(format!("qres-{stem}-{number}.ron")));
    let mut free = paths.filter(|path| !path.exists());
    free.next().unwrap_or_else(|| folder.join("qres-run.ron"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::plan::Plan;
    use crate::record::recording;
    use crate::scenario::{Command, Scenario};

    const TEXT: &str =
        r#"(title: "t", watch_for: "w", nodes: (count: 9), signals: [(modality: "a")])"#;

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
        let (deck, mut observer) =
            Deck::new(options(), Some(Rolling::new(folder.clone(), 4, 1 << 20)));
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
        assert_eq!(status.asked.map(|status| status.path), Some(path.clone()));
        let rolled = status.rolling.expect("always on").path;
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
        let (deck, mut observer) =
            Deck::new(options(), Some(Rolling::new(folder.clone(), 4, 1 << 20)));
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
}
