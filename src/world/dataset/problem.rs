//! What can be wrong with a data file, and the words for it: which file, line and column, what
//! was found, and where to get what is missing. Must not read anything.

use std::{fmt, path::Path};

use super::{Column, MAX_RAW, NeededFile};

/// Width of the wrapped list of files, in columns.
const WIDTH: usize = 78;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetFault {
    /// Files are not there.
    Missing,
    /// A file cannot be read.
    Unreadable,
    /// A file has no rows, or a column no values.
    Empty,
    /// A column is not there, or is there twice.
    Column,
    /// A row has more or fewer fields than the header.
    Uneven,
    /// A field is neither a number nor a marker for a missing one.
    NotANumber,
    /// A number is too large for Q16.16.
    OutOfRange,
}

/// Why a data set was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetProblem {
    /// The kind of fault.
    pub fault: DatasetFault,
    /// The file, below the data folder; empty when several are missing.
    pub file: String,
    /// Line in it, counted from 1.
    pub line: Option<u64>,
    /// What was found and what is accepted.
    pub message: String,
}

impl DatasetProblem {
    pub(super) fn new(fault: DatasetFault, file: &str, line: Option<u64>, message: String) -> Self {
        Self { fault, file: file.to_owned(), line, message }
    }

    /// One message for all the files that are not below `dir`.
    pub(super) fn missing(dir: &Path, files: &[NeededFile]) -> Self {
        let mut message = match files.len() {
            1 => "a data file is not there".to_owned(),
            n => format!("{n} data files are not there"),
        };
        section(&mut message, "looked in:", [dir.display().to_string()]);
        let mut groups: Vec<(&NeededFile, Vec<String>)> = Vec::new();
        for file in files {
            let alike =
                |known: &NeededFile| known.columns == file.columns && known.source == file.source;
            match groups.iter_mut().find(|(known, _)| alike(known)) {
                Some((_, paths)) => paths.push(file.path.clone()),
                None => groups.push((file, vec![file.path.clone()])),
            }
        }
        for (file, paths) in groups {
            section(&mut message, "needed:", paths);
            section(&mut message, "columns:", file.columns.iter().cloned());
            if !file.source.is_empty() {
                section(&mut message, "published:", [file.source.clone()]);
            }
        }
        let advice = "put them in a folder under these paths and pass `--data DIR`";
        section(&mut message, "then:", [advice.to_owned()]);
        Self::new(DatasetFault::Missing, "", None, message)
    }
}

/// Adds a heading and its words, wrapped.
fn section(out: &mut String, heading: &str, items: impl IntoIterator<Item = String>) {
    let mut column = WIDTH;
    let mut lead = format!("\n  {heading:<11}");
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let comma = if items.peek().is_some() { "," } else { "" };
        let item = shown(&item);
        for (at, word) in item.split_whitespace().enumerate() {
            let last = at + 1 == item.split_whitespace().count();
            let tail = if last { comma } else { "" };
            let needs = word.chars().count() + tail.len() + 1;
            if column + needs > WIDTH {
                out.push_str(&lead);
                lead = format!("\n  {:<11}", "");
                column = 13;
            } else {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            out.push_str(tail);
            column += needs - 1;
        }
    }
}

/// Where the column `name` is in a row.
pub(super) fn find_column(
    file: &str,
    header: &[String],
    name: &str,
) -> Result<usize, DatasetProblem> {
    let fault = |message| DatasetProblem::new(DatasetFault::Column, file, Some(1), message);
    let mut places = header.iter().enumerate().filter(|(_, known)| *known == name);
    match (places.next(), places.next()) {
        (Some((at, _)), None) => Ok(at),
        (Some(_), Some(_)) => Err(fault(format!("column `{}` is there twice", shown(name)))),
        (None, _) => {
            let near = header.iter().map(|known| {
                let (a, b) = (known.to_lowercase(), name.to_lowercase());
                // The distance costs the product of the lengths.
                let close = if a.len() > 64 { usize::MAX } else { strsim::levenshtein(&a, &b) };
                (close, known)
            });
            let near = near.min_by_key(|(close, _)| *close);
            let near = near.filter(|(close, _)| *close <= 1 + name.chars().count() / 3);
            let hint = near.map_or_else(String::new, |(_, known)| {
                format!(" (did you mean `{}`?)", shown(known))
            });
            let there: Vec<_> = header.iter().take(60).map(|known| shown(known)).collect();
            let there = there.join(", ");
            Err(fault(format!("no column `{}`{hint}; there are: {there}", shown(name))))
        }
    }
}

/// A row with nothing in it.
pub(super) fn blank(file: &str, line: u64) -> DatasetProblem {
    let message = "the row is blank; write a gap as NA, or as \"\" in a file of one column";
    DatasetProblem::new(DatasetFault::Uneven, file, Some(line), message.to_owned())
}

/// A row whose length is not the header's.
pub(super) fn uneven(file: &str, line: u64, found: usize, wanted: usize) -> DatasetProblem {
    let message = format!("the row has {found} fields, the header {wanted}");
    DatasetProblem::new(DatasetFault::Uneven, file, Some(line), message)
}

/// A field that is no value.
pub(super) fn bad_value(
    file: &str,
    line: u64,
    column: &Column<'_>,
    field: &[u8],
    fault: DatasetFault,
) -> DatasetProblem {
    let found = shown(&String::from_utf8_lossy(field));
    let name = shown(column.name);
    let message = if fault == DatasetFault::OutOfRange {
        format!("column `{name}` is {found}; accepted: numbers from -{MAX_RAW} to {MAX_RAW}")
    } else {
        let markers: Vec<_> = column.missing.iter().map(|m| format!("\"{}\"", shown(m))).collect();
        let markers = if markers.is_empty() { "nothing".to_owned() } else { markers.join(", ") };
        format!("column `{name}` is \"{found}\"; accepted: a number, or {markers} for a gap")
    };
    DatasetProblem::new(fault, file, Some(line), message)
}

/// A piece of a file as it may be shown.
fn shown(text: &str) -> String {
    let limit = 200;
    let tame = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut shown: String = tame.take(limit).collect();
    if text.chars().nth(limit).is_some() {
        shown.push_str("...");
    }
    shown
}

impl fmt::Display for DatasetProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", shown(&self.file))?;
        }
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        let space = if self.file.is_empty() { "" } else { " " };
        write!(f, "{space}{}", self.message)
    }
}

impl std::error::Error for DatasetProblem {}

impl miette::Diagnostic for DatasetProblem {}
