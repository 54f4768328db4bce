//! What can be wrong with a recording as a file, in words: where, what, and what to do.

use std::fmt;

/// Why a file is no recording that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 where it is the file as a whole.
    pub line: u64,
    /// What was found there.
    pub what: Trouble,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be opened or read: why.
    Unreadable(String),
    /// There is nothing in it.
    Empty,
    /// Its first line is no header.
    NoRecording,
    /// Its first line is cut short.
    HeaderCut,
    /// Its format, and who wrote it.
    Format(u32, String),
    /// It is longer than this many bytes.
    Long(u64),
    /// A line is longer than this many bytes.
    LongLine(u64),
    /// A line does not end with a checksum.
    NoSum,
    /// The checksum that a line has, and the one that it should have.
    Sum(String, String),
    /// A line whose checksum is right says what no recording says.
    Record(String),
}

impl RecordingError {
    pub(super) fn of_file(file: &str, what: Trouble) -> Self {
        Self { file: file.to_owned(), line: 0, what }
    }

    /// How to go on with what is whole.
    fn keep(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line.saturating_sub(1) {
            0 => write!(out, "restore the file from a copy"),
            whole => {
                let lines = if whole == 1 { "line before it is" } else { "lines before it are" };
                write!(
                    out,
                    "restore the file from a copy, or go on with what is whole: the {whole} "
                )?;
                write!(out, "{lines} (head -n {whole} {} > part.ron)", self.file)
            }
        }
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: ", self.file)?,
            line => write!(out, "{}:{line}: ", self.file)?,
        }
        match &self.what {
            Trouble::Unreadable(why) => write!(out, "cannot be read: {why}"),
            Trouble::Empty => {
                write!(out, "the file is empty; a recording begins with a line `Header(..)`")
            }
            Trouble::NoRecording => {
                write!(out, "is no recording; a recording begins with a line `Header(..)`, as ")?;
                write!(out, "`qres run SCENARIO --record FILE` writes it")
            }
            Trouble::HeaderCut => {
                write!(out, "the recording is cut off inside its header, which holds the ")?;
                write!(out, "scenario: nothing of the run can be replayed")
            }
            Trouble::Format(format, build) => {
                let (ours, who) = (super::FORMAT, shown(build));
                write!(out, "a recording of format {format}, written by {who}; this build reads ")?;
                write!(out, "format {ours}: replay it with {who}")
            }
            Trouble::Long(most) => {
                write!(out, "longer than {} MiB, the most that is read", most >> 20)
            }
            Trouble::LongLine(most) => {
                write!(out, "a line of more than {} MiB, the most that is read; ", most >> 20)?;
                self.keep(out)
            }
            Trouble::NoSum => {
                write!(
                    out,
                    "the line does not end with ` // ` and a checksum of 8 digits: it was "
                )?;
                write!(out, "changed or torn; ")?;
                self.keep(out)
            }
            Trouble::Sum(found, wanted) => {
                write!(out, "the checksum of the file up to here is {wanted}, and the line says ")?;
                write!(out, "{found}: it was changed or moved, or one before it is missing; ")?;
                self.keep(out)
            }
            Trouble::Record(why) => {
                write!(out, "the checksum is right, but the line means nothing: {}; ", shown(why))?;
                self.keep(out)
            }
        }
    }
}

impl std::error::Error for RecordingError {}

/// A piece of a file as it may be shown.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(200).collect();
    if text.chars().nth(200).is_some() {
        shown.push_str("...");
    }
    shown.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
