//! Short recordings inside the binary, one for each of the best moments of the scenarios, with
//! bookmarks on what happens. They are files like any other; `scenarios/recordings` has them too.

use std::io::Cursor;
use std::path::Path;

use super::recording::{self, Recording, RecordingError};

/// A recording in the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its name, as `qres replay` takes it.
    pub name: &'static str,
    /// The scenario of which it is a part.
    pub scenario: &'static str,
    /// The file.
    pub text: &'static str,
}

const fn moment(name: &'static str, scenario: &'static str, text: &'static str) -> Moment {
    Moment { name, scenario, text }
}

/// All of them, by name.
pub const ALL: [Moment; 7] = [
    moment("cartel-caught", "cartel", include_str!("../../scenarios/recordings/cartel-caught.ron")),
    moment(
        "false-cure-refused",
        "false-cure",
        include_str!("../../scenarios/recordings/false-cure-refused.ron"),
    ),
    moment(
        "mutation-cascade-wave",
        "mutation-cascade",
        include_str!("../../scenarios/recordings/mutation-cascade-wave.ron"),
    ),
    moment(
        "partition-heals",
        "partition",
        include_str!("../../scenarios/recordings/partition-heals.ron"),
    ),
    moment(
        "siege-of-sleep",
        "energy-siege",
        include_str!("../../scenarios/recordings/siege-of-sleep.ron"),
    ),
    moment(
        "storm-front-crosses",
        "storm-front",
        include_str!("../../scenarios/recordings/storm-front-crosses.ron"),
    ),
    moment("sybils-banned", "sybil", include_str!("../../scenarios/recordings/sybils-banned.ron")),
];

impl Moment {
    /// Reads it.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn read(&self) -> Result<Recording, RecordingError> {
        recording::decode(&format!("{}.ron", self.name), &mut Cursor::new(self.text))
    }

    /// What it is called: its title, or its name.
    #[must_use]
    pub fn title(&self) -> String {
        let read = self.read().ok();
        let title = read.as_ref().and_then(Recording::title);
        title.unwrap_or(self.name).to_owned()
    }
}

/// The recording that an argument names, with or without `.ron`. A file of that name goes first.
#[must_use]
pub fn find(argument: &str) -> Option<&'static Moment> {
    let name = argument.strip_suffix(".ron").unwrap_or(argument);
    ALL.iter().find(|moment| moment.name == name).filter(|_| !Path::new(argument).is_file())
}

/// Whether an argument names a recording: a file that begins like one, or one in the binary.
#[must_use]
pub fn is_recording(argument: &str) -> bool {
    find(argument).is_some() || recording::is_recording(Path::new(argument))
}

/// Reads the recording at a path, or the one of that name in the binary.
///
/// # Errors
/// Why the file cannot be read, or the first line that is wrong.
pub fn open(argument: &Path) -> Result<Recording, RecordingError> {
    match argument.to_str().and_then(find) {
        Some(moment) => moment.read(),
        None => recording::read(argument),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{self, Write};
    use std::time::Duration;

    use super::*;
    use crate::mesh::Mesh;
    use crate::mesh::plan::Plan;
    use crate::record::recording::{Header, Note, Recorder, RecorderOptions, Store};
    use crate::scenario;

    /// Bytes of one, at most.
    const BYTES_MAX: usize = 16 << 10;

    /// Name, title, ticks, and bookmarks.
    type Row = (&'static str, &'static str, u64, &'static [(u64, &'static str)]);

    /// How they are made; docs/scenarios tells of the same ticks.
    const MADE: [Row; 7] = [
        (
            "cartel-caught",
            "A lie that only an audit can see",
            640,
            &[(400, "the cartel begins"), (595, "the first of seven is banned")],
        ),
        (
            "false-cure-refused",
            "False cures are refused",
            520,
            &[
                (300, "28 liars begin to offer"),
                (417, "54 nodes are red"),
                (420, "the first liar is banned"),
                (450, "the true cure has run through"),
            ],
        ),
        (
            "mutation-cascade-wave",
            "A better model runs through the mesh",
            660,
            &[(400, "the hum settles"), (424, "57 nodes are red"), (610, "a wave of calm")],
        ),
        (
            "partition-heals",
            "Two halves become one again",
            980,
            &[(300, "the cut"), (795, "models are farthest apart"), (900, "the cut heals")],
        ),
        (
            "siege-of-sleep",
            "Liars that cost sleep, and no belief",
            760,
            &[(600, "16 nodes cry storm"), (700, "colour by sleep: key 5")],
        ),
        (
            "storm-front-crosses",
            "A front wakes the field",
            820,
            &[(160, "the front enters"), (183, "the first node believes"), (726, "23 at once")],
        ),
        (
            "sybils-banned",
            "Twenty identities, twenty bans",
            720,
            &[
                (600, "twenty radios appear"),
                (625, "the first is banned"),
                (641, "all twenty are"),
                (700, "models have come together again"),
            ],
        ),
    ];

    /// A file that is not looked after.
    struct Plain(File);

    impl Write for Plain {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl Store for Plain {
        fn keep(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Does the run of a row once more and records it; holds it against `known` on the way.
    fn made(row: &Row, scenario: &str, known: Option<&Recording>) -> String {
        let (name, title, ticks, marks) = row;
        let resolved = scenario::resolve(scenario).expect("embedded");
        let of = &resolved.scenario;
        let mut mesh = Mesh::new(Plan::new(of, of.seed, &Vec::new()).expect("a plan"), 1);
        let (name_of, text) = (resolved.name.clone(), resolved.text.clone());
        let options =
            RecorderOptions { name: name_of, scenario: text, ..RecorderOptions::default() };
        let file = format!("qres-moment-{name}-{}.ron", std::process::id());
        let path = std::env::temp_dir().join(file);
        let store = Plain(File::create(&path).expect("a file"));
        // The build that made the first of them; who makes them anew is no part of them.
        let header = Header { build: "qres 0.1.0".to_owned(), ..Header::new(options, &mesh) };
        // So rarely that no mark of time gets in.
        let never = Duration::from_secs(1 << 20);
        let mut recorder = Recorder::begin(&path, store, header, &mut mesh, never).expect("begun");
        recorder.note(Note::Text((*title).to_owned()));
        for tick in 1..=*ticks {
            mesh.step();
            recorder.tick(&mut mesh);
            if let Some((_, mark)) = marks.iter().find(|(at, _)| *at == tick) {
                recorder.note(Note::Bookmark((*mark).to_owned()));
            }
            if let Some(known) = known {
                known.verify(&mut mesh).unwrap_or_else(|difference| panic!("{difference}"));
            }
        }
        assert_eq!(recorder.finish(&mut mesh).status.trouble, None);
        let text = fs::read_to_string(&path).expect("written");
        fs::remove_file(&path).expect("gone");
        text
    }

    /// One of them is what its scenario does today, to the byte. `UPDATE_GOLDEN=1` writes it anew.
    fn holds(place: usize) {
        let (moment, row) = (&ALL[place], &MADE[place]);
        assert_eq!(moment.name, row.0);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = format!("scenarios/recordings/{}.ron", moment.name);
            fs::write(path, made(row, moment.scenario, None)).expect("written");
            return;
        }
        let read = moment.read().expect("in order");
        assert_eq!((read.title(), read.ticks(), read.warning()), (Some(row.1), row.2, None));
        let marks: Vec<(u64, &str)> = read.bookmarks().into_iter().collect();
        assert_eq!(marks, row.3);
        assert!(moment.text.len() <= BYTES_MAX, "{} bytes", moment.text.len());
        let text = made(row, moment.scenario, Some(&read));
        let same = text == moment.text;
        assert!(same, "{}: UPDATE_GOLDEN=1 records it anew: look at it then", moment.name);
    }

    #[test]
    fn the_cartel_is_caught() {
        holds(0);
    }

    #[test]
    fn false_cures_are_refused() {
        holds(1);
    }

    #[test]
    fn a_cascade_runs_through() {
        holds(2);
    }

    #[test]
    fn a_partition_heals() {
        holds(3);
    }

    #[test]
    fn a_siege_costs_sleep() {
        holds(4);
    }

    #[test]
    fn a_storm_front_crosses() {
        holds(5);
    }

    #[test]
    fn sybils_are_banned() {
        holds(6);
    }

    #[test]
    fn names_lead_to_them_and_files_go_first() {
        for moment in &ALL {
            assert_eq!(find(&format!("{}.ron", moment.name)), Some(moment));
            assert!(is_recording(moment.name));
            assert!(scenario::embedded().iter().any(|(name, _)| *name == moment.scenario));
        }
        assert!(find("storm-front").is_none() && !is_recording("scenarios/storm-front.ron"));
        assert!(is_recording("scenarios/recordings/partition-heals.ron"));
        assert!(open(Path::new("no such moment")).is_err());
        assert_eq!(open(Path::new("sybils-banned")).map(|read| read.ticks()), Ok(720));
    }
}
