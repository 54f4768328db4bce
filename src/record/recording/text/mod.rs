//! The file of a recording: what a line says, lines to bytes and back, and how two states differ by
//! what is said of them. Knows no mesh, so that reading can be tried without one, and never panics
//! whatever the bytes.

mod difference;
pub mod format;
pub(crate) mod line;
mod problem;
mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use difference::{Apart, Difference};
pub use format::{Board, Checkpoint, End, FORMAT, Header, Note, Remark};
pub use line::seal;
pub use problem::{RecordingError, Trouble};
pub use read::{FILE_BYTES_MAX, decode, is_recording, read};

pub(crate) use problem::shown;

use crate::scenario::{Order, Problem, Scenario};

/// A recording, read and in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The file as messages call it.
    pub file: String,
    /// What was run.
    pub header: Header,
    /// What came from outside, in the order in which it took effect.
    pub commands: Arc<[Order]>,
    /// What the state was told by, in rising order of tick; the first is that of the start.
    pub checkpoints: Vec<Checkpoint>,
    /// What serial boards brought into ticks, in order.
    pub boards: Vec<Board>,
    /// Where these stand in the file.
    pub lines_of: LinesOf,
    /// What was noted besides, in order. No part of the run.
    pub notes: Vec<Remark>,
    /// The end. `None`: the recording was cut off.
    pub end: Option<End>,
    /// A last line that was cut short, and left out.
    pub cut: Option<Cut>,
    /// Lines that were read.
    pub lines: u64,
}

/// The lines, from 1, of what a message may be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinesOf {
    /// Of each command.
    pub commands: Vec<u64>,
    /// Of what boards brought in, each time.
    pub boards: Vec<u64>,
}

/// A line that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its number, from 1.
    pub line: u64,
    /// The bytes of it that are there.
    pub bytes: u64,
}

impl Recording {
    /// The last tick that it tells of: a replay runs so many ticks.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        let end = self.end.as_ref().map(|end| end.tick);
        let checked = self.checkpoints.last().map(|checkpoint| checkpoint.tick);
        let ordered = self.commands.last().map(|order| order.at_tick);
        let noted = self.notes.last().map(|remark| remark.tick);
        let board = self.boards.last().map(|board| board.tick);
        end.unwrap_or_else(|| {
            [checked, ordered, noted, board].into_iter().flatten().max().unwrap_or(0)
        })
    }

    /// The scenario inside.
    ///
    /// # Errors
    /// The first thing wrong in it; lines and columns are those of its own text.
    pub fn scenario(&self) -> Result<Scenario, Problem> {
        Scenario::parse(&format!("{} (the scenario inside)", self.file), &self.header.scenario)
    }

    /// The checkpoint of a tick.
    #[must_use]
    pub fn checkpoint(&self, tick: u64) -> Option<&Checkpoint> {
        let place = self.checkpoints.binary_search_by_key(&tick, |checkpoint| checkpoint.tick);
        place.ok().and_then(|place| self.checkpoints.get(place))
    }

    /// The bookmarks that were there at the end: tick and name.
    #[must_use]
    pub fn bookmarks(&self) -> BTreeMap<u64, &str> {
        let mut marks = BTreeMap::new();
        for Remark { tick, note } in &self.notes {
            match note {
                Note::Bookmark(name) => drop(marks.insert(*tick, name.as_str())),
                // No tick after the one at which it was made can have been meant.
                Note::Mark(of, name) if of <= tick => drop(marks.insert(*of, name.as_str())),
                Note::Unmark(of) => drop(marks.remove(of)),
                _ => {}
            }
        }
        marks
    }

    /// What it is called: the first text that was noted at its start, if there is one.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.notes.iter().take_while(|remark| remark.tick == 0).find_map(|remark| {
            match &remark.note {
                Note::Text(text) => Some(text.as_str()),
                _ => None,
            }
        })
    }

    /// What to warn of before it is used: that it was cut off, and where.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let Self { file, end, cut, .. } = self;
        match (cut, end) {
            (None, Some(_)) => None,
            (Some(Cut { line, bytes }), _) => Some(format!(
                "{file}:{line}: the recording was cut off inside this line, of which {bytes} bytes \
                 are left; the run is known up to tick {}",
                self.ticks()
            )),
            (None, None) => Some(format!(
                "{file}: the recording has no end: it was cut off, or is still being written; the \
                 run is known up to tick {}",
                self.ticks()
            )),
        }
    }
}
