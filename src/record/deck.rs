//! Recordings of a run that is being driven: one that is always on, and one when it is asked for.
//! What goes wrong is told in the status; the run goes on. It must not decide where files lie.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::recording::{Header, Recorder, RecorderOptions, RecorderStatus, Watch};
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

/// A handle to the recordings of a run, for any thread.
#[derive(Clone)]
#[cfg_attr(feature = "view", derive(bevy::ecs::resource::Resource))]
pub struct Deck(Arc<Mutex<Inside>>);

/// What a deck is asked for; it is done when the mesh is shown next.
enum Wish {
    Begin(PathBuf),
    Stop,
}

#[derive(Default)]
struct Inside {
    options: RecorderOptions,
    wish: Option<Wish>,
    rolls: Option<Rolling>,
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
        let deck = Self(Arc::new(Mutex::new(Inside { options, rolls, ..Inside::default() })));
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

    /// The run goes another way than it was recorded: all recordings are left as they are, without
    /// an end.
    pub fn let_go(&self) {
        let mut inside = self.lock();
        inside.over = true;
        if inside.asked.take().is_some() {
            inside.tell("the recording ends here: it is of the world that was given up".into());
        }
        inside.rolling = None;
        inside.watches = [None, None];
    }

    /// Ends all recordings, of a mesh that runs no more.
    pub fn finish(&self, mesh: &mut Mesh) {
        let mut inside = self.lock();
        if inside.over {
            return;
        }
        inside.wish = None;
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// The mesh after a tick, or between two.
    fn look(&mut self, mesh: &mut Mesh) {
        if self.over {
            return;
        }
        if self.rolling.is_none()
            && let Some(rolls) = self.rolls.take()
        {
            let path = rolls.next(&self.options.name);
            let made = path.and_then(|path| {
                // The file is there already, and empty.
                Recorder::create(&path, Header::new(self.options.clone(), mesh), mesh)
            });
            match made {
                Ok(recorder) => {
                    self.watches[1] = Some(recorder.watch());
                    self.rolling = Some(recorder);
                }
                Err(why) => self.tell(format!("this run is not recorded: {why}")),
            }
        }
        match self.wish.take() {
            Some(Wish::Begin(path)) => self.begin(&path, mesh),
            Some(Wish::Stop) => self.stop(mesh),
            None => {}
        }
        for recorder in [&mut self.asked, &mut self.rolling].into_iter().flatten() {
            recorder.tick(mesh);
        }
        self.warn();
    }

    fn begin(&mut self, path: &Path, mesh: &mut Mesh) {
        match Recorder::create(path, Header::new(self.options.clone(), mesh), mesh) {
            Ok(recorder) => {
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
        for file in [path, rolled] {
            let recording = recording::read(&file).expect("reads");
            assert_eq!((recording.ticks(), recording.commands.len()), (40, 1));
            assert!(recording.end.is_some());
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
