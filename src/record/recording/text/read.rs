//! From a file to a recording: line by line, within limits, and never trusting a byte of it. What
//! is cut off at the end is left out and told of; what is damaged inside is refused by its line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use super::format::{Board, Checkpoint, End, FORMAT, Header, Record, Remark};
use super::line::{self, Fault, Sum};
use super::problem::Trouble;
use super::{Cut, LinesOf, Recording, RecordingError};
use crate::scenario::Order;

/// The largest recording that is read or written, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 30;
/// The longest line, in bytes: a scenario, or a command that names a million nodes.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// The last tick of the longest run.
const TICKS_MAX: u64 = 1_000_000_000;
/// How a recording begins.
const BEGINNING: &[u8] = b"Header(";
/// What some editors put before a text. It says nothing.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Whether a file begins like a recording.
#[must_use]
pub fn is_recording(path: &Path) -> bool {
    let mut start = Vec::new();
    let most = BYTE_ORDER_MARK.len() + BEGINNING.len();
    let file = File::open(path).map(|file| file.take(most as u64));
    let read = file.and_then(|mut file| file.read_to_end(&mut start));
    read.is_ok() && unmarked(&start).starts_with(BEGINNING)
}

/// A beginning without the mark that some editors put before it.
fn unmarked(start: &[u8]) -> &[u8] {
    start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start)
}

/// Reads the recording at `path`.
///
/// # Errors
/// Why the file cannot be read, or the first line that is wrong.
pub fn read(path: &Path) -> Result<Recording, RecordingError> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        RecordingError::of_file(&name, Trouble::Unreadable(error.to_string()))
    };
    let file = File::open(path).map_err(unreadable)?;
    decode(&name, &mut BufReader::new(file))
}

/// Reads a recording; messages call it `name`. Line breaks of Windows and a byte order mark, as
/// mail programs and editors put them in, are taken as what was there before: checksums are those
/// of the text without them.
///
/// # Errors
/// Why the bytes cannot be read, or the first line that is wrong.
pub fn decode(name: &str, bytes: &mut impl BufRead) -> Result<Recording, RecordingError> {
    let mut reader =
        Reader { name, sum: Sum::default(), line: 0, bytes: 0, tick: 0, commands: Vec::new() };
    let mut recording = None;
    let mut text = Vec::new();
    let mut cut = None;
    loop {
        reader.fetch(bytes, &mut text)?;
        if text.is_empty() {
            break;
        }
        let whole = text.strip_suffix(b"\n");
        let line = whole.map_or(&*text, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let line = if reader.line == 1 { unmarked(line) } else { line };
        // What editors and shells put at the end of a file is no damage.
        if recording.is_some() && line.iter().all(u8::is_ascii_whitespace) {
            if whole.is_none() {
                break;
            }
            continue;
        }
        match (line::read(line, &mut reader.sum), whole, &mut recording) {
            (Ok(record), _, None) => recording = Some(reader.begin(record)?),
            (Ok(record), _, Some(recording)) => reader.take(recording, record)?,
            (Err(fault), Some(_), open) => return Err(reader.fault(fault, open.is_some(), line)),
            // Only the last line can be without a line break.
            (Err(_), None, Some(_)) => {
                cut = Some(Cut { line: reader.line, bytes: text.len() as u64 });
                reader.line -= 1;
            }
            (Err(_), None, None) => return Err(reader.no_header(line)),
        }
        if whole.is_none() {
            break;
        }
    }
    let mut recording = recording.ok_or_else(|| RecordingError::of_file(name, Trouble::Empty))?;
    (recording.lines, recording.cut) = (reader.line, cut);
    recording.commands = reader.commands.into();
    Ok(recording)
}

/// Where reading stands.
struct Reader<'a> {
    name: &'a str,
    sum: Sum,
    line: u64,
    bytes: u64,
    tick: u64,
    commands: Vec<Order>,
}

impl Reader<'_> {
    fn error(&self, what: Trouble) -> RecordingError {
        RecordingError { file: self.name.to_owned(), line: self.line, what }
    }

    /// Gets the next line; nothing at the end.
    fn fetch(&mut self, from: &mut impl BufRead, text: &mut Vec<u8>) -> Result<(), RecordingError> {
        text.clear();
        self.line += 1;
        let read = (&mut *from).take(LINE_BYTES_MAX + 1).read_until(b'\n', text);
        let unreadable = |why: std::io::Error| self.error(Trouble::Unreadable(why.to_string()));
        let length = read.map_err(unreadable)? as u64;
        self.bytes += length;
        if length > LINE_BYTES_MAX {
            return Err(self.error(Trouble::LongLine(LINE_BYTES_MAX)));
        }
        if self.bytes > FILE_BYTES_MAX {
            return Err(RecordingError::of_file(self.name, Trouble::Long(FILE_BYTES_MAX)));
        }
        if length == 0 {
            self.line -= 1;
        }
        Ok(())
    }

    /// A line with its line break that is none.
    fn fault(&self, fault: Fault, begun: bool, line: &[u8]) -> RecordingError {
        if !begun && !line.starts_with(BEGINNING) {
            return RecordingError::of_file(self.name, Trouble::NoRecording);
        }
        self.error(match fault {
            Fault::NoSum => Trouble::NoSum,
            Fault::Sum(found, wanted) => Trouble::Sum(found, wanted),
            Fault::Record(why) => Trouble::Record(why),
            Fault::Format(format, build) => Trouble::Format(format, build),
        })
    }

    /// A first line without a line break that is no header.
    fn no_header(&self, text: &[u8]) -> RecordingError {
        let alike = text.iter().zip(BEGINNING).all(|(byte, wanted)| byte == wanted);
        let what = if alike { Trouble::HeaderCut } else { Trouble::NoRecording };
        RecordingError::of_file(self.name, what)
    }

    /// The recording that begins with a record.
    fn begin(&self, record: Record) -> Result<Recording, RecordingError> {
        let Record::Header(header) = record else {
            return Err(RecordingError::of_file(self.name, Trouble::NoRecording));
        };
        self.in_order(&header)?;
        Ok(Recording {
            file: self.name.to_owned(),
            header,
            commands: std::sync::Arc::default(),
            checkpoints: Vec::new(),
            boards: Vec::new(),
            lines_of: LinesOf::default(),
            notes: Vec::new(),
            end: None,
            cut: None,
            lines: 0,
        })
    }

    fn in_order(&self, header: &Header) -> Result<(), RecordingError> {
        if header.format != FORMAT {
            return Err(self.error(Trouble::Format(header.format, header.build.clone())));
        }
        if header.tick_ms == 0 || header.checkpoint_every == 0 {
            let why = "`tick_ms` and `checkpoint_every` are at least 1".to_owned();
            return Err(self.error(Trouble::Record(why)));
        }
        Ok(())
    }

    /// A line after the first.
    fn take(&mut self, recording: &mut Recording, record: Record) -> Result<(), RecordingError> {
        let tick = match &record {
            Record::Header(_) => return Err(self.wrong("a second header")),
            Record::Command { tick, .. }
            | Record::Checkpoint(Checkpoint { tick, .. })
            | Record::Board(Board { tick, .. })
            | Record::Note(Remark { tick, .. })
            | Record::End(End { tick, .. }) => *tick,
        };
        if recording.end.is_some() {
            return Err(self.wrong("a line after the end"));
        }
        if tick < self.tick {
            return Err(self.wrong(&format!("tick {tick} after tick {}", self.tick)));
        }
        if tick > TICKS_MAX {
            return Err(self.wrong(&format!("tick {tick}; a run has at most {TICKS_MAX}")));
        }
        self.in_rhythm(recording, tick, matches!(record, Record::End(_)))?;
        self.tick = tick;
        match record {
            Record::Header(_) => {}
            Record::Command { tick, command } => {
                self.commands.push(Order { at_tick: tick, command });
                recording.lines_of.commands.push(self.line);
            }
            Record::Checkpoint(checkpoint) => {
                if !checkpoint.is_whole() {
                    return Err(self.wrong("a checkpoint with too few lanes, or too many"));
                }
                if recording.checkpoints.last().is_some_and(|last| last.tick == tick) {
                    return Err(self.wrong(&format!("a second checkpoint of tick {tick}")));
                }
                recording.checkpoints.push(checkpoint);
            }
            Record::Board(board) => {
                recording.boards.push(board);
                recording.lines_of.boards.push(self.line);
            }
            Record::Note(remark) => recording.notes.push(remark),
            Record::End(end) => recording.end = Some(end),
        }
        Ok(())
    }

    /// Checkpoints come so regularly that nothing is further from the last than the next would be:
    /// else a replay would run on for as long as a wrong tick says.
    fn in_rhythm(&self, of: &Recording, tick: u64, ends: bool) -> Result<(), RecordingError> {
        let every = of.header.checkpoint_every;
        match of.checkpoints.last() {
            None if ends => Err(self.wrong("an end, and no checkpoint before it")),
            Some(last) if tick > last.tick.saturating_add(every) => Err(self.wrong(&format!(
                "tick {tick}, and the checkpoint before it is of tick {}: there is one every \
                 {every} ticks, so either lines are missing or the tick is wrong",
                last.tick
            ))),
            _ => Ok(()),
        }
    }

    fn wrong(&self, what: &str) -> RecordingError {
        self.error(Trouble::Record(what.to_owned()))
    }
}
