//! Recordings of a run that is being driven: one that is always on, and one when it is asked for.
//! What goes wrong is told in the status; the run goes on. It must not decide where files lie.

use std::io;
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
    pub told: Option<(u64, Arc<str>)>,
    /// The number of the look at the mesh that goes on now. Ticks wait as long as it is the same
    /// one: for a moment, or for a disk that has stalled.
    pub look: Option<u64>,
}

/// Notes that wait for the mesh to be shown; more than that are lost.
const NOTES_WAITING: usize = 1_024;
/// Notes that a recording which begins later is told, at most.
const NOTES_KEPT: usize = 512;

/// A handle to the recordings of a run, for any thread. But for [`Deck::finish`] nothing that it is
/// asked waits for a disk: what a frame may want to know is kept apart from what is written.
#[derive(Clone)]
#[cfg_attr(feature = "view", derive(bevy::ecs::resource::Resource))]
pub struct Deck {
    face: Arc<Mutex<Face>>,
    /// Held by whoever has the mesh for as long as the disk takes, and by nobody else.
    inside: Arc<Mutex<Inside>>,
    /// Beside the locks: a note waits for nobody.
    notes: Sender<Note>,
}

/// What a deck is asked for; it is done when the mesh is shown next.
enum Wish {
    Begin(PathBuf),
    Stop,
}

/// How a recorder comes by its file.
pub(crate) type Make = Box<dyn Fn(&Path, Header, &mut Mesh) -> io::Result<Recorder> + Send>;

/// What everybody may look at: its lock is held for a moment only.
#[derive(Default)]
struct Face {
    wish: Option<Wish>,
    watches: [Option<Watch>; 2],
    told: Option<(u64, Arc<str>)>,
    /// Looks at the mesh that have begun and ended: odd while there is one.
    looks: u64,
    /// The run has gone another way: nothing more is recorded.
    over: bool,
}

impl Face {
    fn tell(&mut self, text: &str) {
        let number = self.told.as_ref().map_or(1, |(number, _)| number + 1);
        self.told = Some((number, text.into()));
    }
}

/// What writes.
struct Inside {
    face: Arc<Mutex<Face>>,
    options: RecorderOptions,
    notes: Receiver<Note>,
    /// What still holds of what was noted.
    noted: Vec<Note>,
    rolls: Option<Rolling>,
    /// It is to begin a file.
    rolls_next: bool,
    asked: Option<Recorder>,
    rolling: Option<Recorder>,
    make: Make,
}

/// Places of a deck's recordings among its watches.
const ASKED: usize = 0;
const ROLLING: usize = 1;

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Deck {
    /// A deck for a run, and who is to be shown its mesh. `rolls` is where the recording that is
    /// always on goes, if anywhere.
    #[must_use]
    pub fn new(options: RecorderOptions, rolls: Option<Rolling>) -> (Self, Observer) {
        Self::with(options, rolls, Box::new(Recorder::create))
    }

    /// The same, with another way to a file.
    pub(crate) fn with(
        options: RecorderOptions,
        rolls: Option<Rolling>,
        make: Make,
    ) -> (Self, Observer) {
        let (sender, notes) = crossbeam_channel::bounded(NOTES_WAITING);
        let face = Arc::new(Mutex::new(Face::default()));
        let inside = Inside {
            face: Arc::clone(&face),
            options,
            notes,
            noted: Vec::new(),
            rolls,
            rolls_next: true,
            asked: None,
            rolling: None,
            make,
        };
        let deck = Self { face, inside: Arc::new(Mutex::new(inside)), notes: sender };
        let observer = deck.shown(Inside::look);
        (deck, observer)
    }

    /// Records into this new file, from the next time on that the mesh is shown. It is a recording
    /// of the whole run, whenever it begins.
    pub fn begin(&self, path: PathBuf) {
        let mut face = locked(&self.face);
        if face.over {
            face.tell("nothing is recorded here: this world did not begin with the run");
        } else {
            face.wish = Some(Wish::Begin(path));
        }
    }

    /// Notes how the run is watched, when the mesh is shown next. No part of the run.
    pub fn note(&self, note: Note) {
        let _ = self.notes.try_send(note);
    }

    /// Ends the recording that was asked for, when the mesh is shown next.
    pub fn stop(&self) {
        locked(&self.face).wish = Some(Wish::Stop);
    }

    /// Whether one that was asked for runs, or is about to.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        let face = locked(&self.face);
        match face.wish {
            Some(Wish::Begin(_)) => true,
            Some(Wish::Stop) => false,
            None => face.watches[ASKED].is_some(),
        }
    }

    /// Who is to be shown a world that takes the place of the recorded one. All recordings are left
    /// as they are then, without an end, and others begin: what led to that world can be done again
    /// like any run.
    #[must_use]
    pub fn keeper(&self) -> Observer {
        self.shown(Inside::turn)
    }

    /// Somebody who is shown a mesh, with what is done then: for as long as the disk takes.
    fn shown(&self, done: fn(&mut Inside, &mut Mesh)) -> Observer {
        let deck = self.clone();
        Box::new(move |mesh| {
            let mut inside = locked(&deck.inside);
            locked(&deck.face).looks += 1;
            done(&mut inside, mesh);
            locked(&deck.face).looks += 1;
        })
    }

    /// Ends all recordings, of a mesh that runs no more, and waits until they are written.
    pub fn finish(&self, mesh: &mut Mesh) {
        let mut inside = locked(&self.inside);
        let mut face = locked(&self.face);
        if std::mem::replace(&mut face.over, true) {
            return;
        }
        (face.wish, face.watches) = (None, [None, None]);
        drop(face);
        inside.take_notes();
        let both = [inside.asked.take(), inside.rolling.take()];
        both.into_iter().flatten().for_each(|recorder| drop(recorder.finish(mesh)));
    }

    /// How they do.
    #[must_use]
    pub fn status(&self) -> DeckStatus {
        let face = locked(&self.face);
        let [asked, rolling] = &face.watches;
        let status = |watch: &Option<Watch>| watch.as_ref().map(Watch::status);
        DeckStatus {
            asked: status(asked),
            rolling: status(rolling),
            told: face.told.clone(),
            look: (face.looks % 2 == 1).then_some(face.looks),
        }
    }
}

impl Inside {
    /// The mesh after a tick, or between two.
    fn look(&mut self, mesh: &mut Mesh) {
        let mut face = locked(&self.face);
        if face.over {
            return;
        }
        let wish = face.wish.take();
        drop(face);
        self.roll(mesh);
        match wish {
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
        // The file is there already, and empty.
        let made = rolls.next(&self.options.name).and_then(|path| self.record(&path, mesh));
        match made {
            Ok(recorder) => {
                self.watched(ROLLING, Some(recorder.watch()));
                self.rolling = Some(recorder);
            }
            Err(why) => self.tell(&format!("this run is not recorded: {why}")),
        }
    }

    /// Another world has taken the place of the recorded one.
    fn turn(&mut self, mesh: &mut Mesh) {
        if locked(&self.face).over {
            return;
        }
        self.take_notes();
        let asked = self.asked.take().map(|recorder| recorder.watch().status().path);
        self.rolling = None;
        locked(&self.face).watches = [None, None];
        self.rolls_next = true;
        if let Some(path) = asked {
            let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
            let fresh = free_path(&folder, &self.options.name);
            self.begin(&fresh, mesh);
            if self.asked.is_some() {
                let (path, fresh) = (path.display(), fresh.display());
                self.tell(&format!(
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
        match self.record(path, mesh) {
            Ok(recorder) => {
                self.watched(ASKED, Some(recorder.watch()));
                self.asked = Some(recorder);
            }
            Err(why) => self.tell(&format!("{}: cannot record: {why}", path.display())),
        }
    }

    /// Begins a recording with what still holds of what was noted.
    fn record(&self, path: &Path, mesh: &mut Mesh) -> io::Result<Recorder> {
        let mut recorder = (self.make)(path, Header::new(self.options.clone(), mesh), mesh)?;
        self.noted.iter().for_each(|note| recorder.note(note.clone()));
        Ok(recorder)
    }

    fn stop(&mut self, mesh: &mut Mesh) {
        let Some(recorder) = self.asked.take() else { return };
        let status = recorder.finish(mesh).status;
        self.watched(ASKED, None);
        let done = || format!("recorded: {}; replay it any time", status.path.display()).into();
        self.tell(&status.trouble.unwrap_or_else(done));
    }

    /// Tells once what is wrong with a recording; it is given up.
    fn warn(&mut self) {
        let trouble = |recorder: &Option<Recorder>| recorder.as_ref()?.watch().trouble();
        if let Some(why) = trouble(&self.asked) {
            self.asked = None;
            self.watched(ASKED, None);
            self.tell(&why);
        }
        if let Some(why) = trouble(&self.rolling) {
            self.rolling = None;
            self.watched(ROLLING, None);
            self.tell(&why);
        }
    }

    fn watched(&self, place: usize, watch: Option<Watch>) {
        if let Some(slot) = locked(&self.face).watches.get_mut(place) {
            *slot = watch;
        }
    }

    fn tell(&self, text: &str) {
        locked(&self.face).tell(text);
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
mod tests;
