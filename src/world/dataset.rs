//! Signals from CSV and TSV files: raw sensor values in Q16.16, with gaps as gaps.
//! Must not fill a gap, normalise a value or guess what a text might mean.

mod problem;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Component, Path},
    sync::Arc,
};

use csv::ByteRecord;

use crate::scenario::{self, DatasetSpec, Delimiter, Layout, SampleSpec, Scenario, Source, Sun};

pub use problem::{DatasetFault, DatasetProblem};

/// The largest data file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// The largest raw value, either way; what Q16.16 holds with room to add.
pub const MAX_RAW: f64 = 32_767.0;

/// A column as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// One raw sensor value for each row, Q16.16 in the sensor's unit; `None` is a gap.
    pub values: Vec<Option<i32>>,
    /// What is missing.
    pub report: GapReport,
}

/// What is missing in a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GapReport {
    /// Rows under the header.
    pub rows: usize,
    /// Rows without a value.
    pub gaps: usize,
    /// Most rows without a value one after the other.
    pub longest_gap: usize,
    /// Lines, counted from 1 for the header, of up to five first gaps (not of each row in them).
    pub first_gap_lines: Vec<u64>,
}

/// A column to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its name in the first line.
    pub name: &'a str,
    /// The texts that stand for a missing value.
    pub missing: &'a [String],
}

/// A file that a scenario needs and the binary does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededFile {
    /// Below the data folder, with `/` between folders.
    pub path: String,
    /// The columns that are read.
    pub columns: Vec<String>,
    /// Where the set is published; may be empty.
    pub source: String,
}

/// One series for each place (stations, or one place otherwise) and each signal; `None` where the
/// signal is computed. Where the sun is recorded, its series stands behind those of the signals.
/// Places that read the same file share the series.
pub type Loaded = Vec<Vec<Option<Arc<Series>>>>;

/// Reads one column of a data set; `station` stands in for `{station}` in its path.
///
/// # Errors
///
/// That the file is not there or is unreadable, or the first line that is wrong.
pub fn load(dir: &Path, spec: &DatasetSpec, station: &str) -> Result<Series, DatasetProblem> {
    let needed = Wanted::of_signal(spec).file(station);
    if !dir.join(&needed.path).is_file() {
        return Err(DatasetProblem::missing(dir, &[needed]));
    }
    let column = Column { name: &spec.column, missing: &spec.missing };
    let series = load_columns(dir, &needed.path, spec.delimiter, &[column])?;
    Ok(series.into_iter().next().unwrap_or_default())
}

/// Reads several columns of the file `path` below `dir`, in the order asked for, in one pass.
///
/// # Errors
///
/// Why the file is unreadable, or the first line that is wrong.
pub fn load_columns(
    dir: &Path,
    path: &str,
    delimiter: Delimiter,
    columns: &[Column<'_>],
) -> Result<Vec<Series>, DatasetProblem> {
    let unreadable = |why: String| DatasetProblem::new(DatasetFault::Unreadable, path, None, why);
    let relative = Path::new(path);
    // The check of a scenario says so too, but not every caller comes from there.
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(unreadable("leaves the data folder".to_owned()));
    }
    let file = File::open(dir.join(relative));
    let file = file.map_err(|error| unreadable(format!("cannot be opened: {error}")))?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(unreadable(format!("is larger than {} MiB", MAX_FILE_BYTES >> 20)));
    }
    read_columns(path, &bytes, delimiter, columns)
}

/// Reads a column of a sample inside the binary.
///
/// # Errors
///
/// That there is no such sample or column.
pub fn load_sample(spec: &SampleSpec) -> Result<Series, DatasetProblem> {
    let Some(text) = scenario::sample(&spec.file) else {
        let why = "is no embedded sample".to_owned();
        return Err(DatasetProblem::new(DatasetFault::Missing, &spec.file, None, why));
    };
    let column = Column { name: &spec.column, missing: &spec.missing };
    let series = read_columns(&spec.file, text.as_bytes(), spec.delimiter, &[column])?;
    Ok(series.into_iter().next().unwrap_or_default())
}

/// The data files that a scenario reads, each once, in order of path.
#[must_use]
pub fn needed(scenario: &Scenario) -> Vec<NeededFile> {
    let mut files: BTreeMap<String, NeededFile> = BTreeMap::new();
    for station in places(scenario) {
        for (_, wanted) in wanted(scenario) {
            let file = wanted.file(station);
            let known = files
                .entry(file.path.clone())
                .or_insert_with(|| NeededFile { columns: Vec::new(), ..file });
            if !known.columns.iter().any(|column| column == wanted.column.name) {
                known.columns.push(wanted.column.name.to_owned());
            }
        }
    }
    files.into_values().collect()
}

/// Reads every series of a scenario, each file once; `dir` is the data folder.
///
/// # Errors
///
/// All the files that are not there, in one message; or the first file that is wrong, and where.
pub fn load_all(dir: &Path, scenario: &Scenario) -> Result<Loaded, DatasetProblem> {
    let mut absent = needed(scenario);
    absent.retain(|file| !dir.join(&file.path).is_file());
    if !absent.is_empty() {
        return Err(DatasetProblem::missing(dir, &absent));
    }
    let signals = &scenario.signals;
    let suns = usize::from(matches!(scenario.energy.sun, Sun::Recorded(_)));
    let mut computed = vec![None; signals.len() + suns];
    for (slot, signal) in computed.iter_mut().zip(signals) {
        if let Source::Sample(spec) = &signal.source {
            *slot = Some(Arc::new(load_sample(spec)?));
        }
    }
    let mut shared: BTreeMap<(String, usize), Arc<Series>> = BTreeMap::new();
    let mut loaded = Loaded::new();
    for station in places(scenario) {
        let mut row = computed.clone();
        for (group, positions) in groups(scenario, station) {
            let missing_first = positions.first().map(|(at, _)| (group.0.clone(), *at));
            if missing_first.is_some_and(|key| !shared.contains_key(&key)) {
                let columns: Vec<_> = positions.iter().map(|(_, column)| *column).collect();
                let read = load_columns(dir, &group.0, group.1, &columns)?;
                for ((at, _), series) in positions.iter().zip(read) {
                    shared.insert((group.0.clone(), *at), Arc::new(series));
                }
            }
            for (at, _) in positions {
                if let Some(slot) = row.get_mut(at) {
                    *slot = shared.get(&(group.0.clone(), at)).cloned();
                }
            }
        }
        loaded.push(row);
    }
    Ok(loaded)
}

/// A file and what separates its fields.
type Group = (String, Delimiter);

/// What a place reads from each file, with the index of the signal.
fn groups<'a>(scenario: &'a Scenario, station: &str) -> Vec<(Group, Vec<(usize, Column<'a>)>)> {
    let mut groups: Vec<(Group, Vec<(usize, Column<'a>)>)> = Vec::new();
    for (at, wanted) in wanted(scenario) {
        let group = (wanted.file(station).path, wanted.delimiter);
        let column = (at, wanted.column);
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, columns)) => columns.push(column),
            None => groups.push((group, vec![column])),
        }
    }
    groups
}

fn places(scenario: &Scenario) -> Vec<&str> {
    match &scenario.nodes.layout {
        Layout::Stations(stations) => stations.iter().map(|place| place.name.as_str()).collect(),
        _ => vec![""],
    }
}

/// A column of a file that a scenario names.
struct Wanted<'a> {
    path: &'a str,
    delimiter: Delimiter,
    column: Column<'a>,
    source: &'a str,
}

impl<'a> Wanted<'a> {
    fn of_signal(spec: &'a DatasetSpec) -> Self {
        let column = Column { name: &spec.column, missing: &spec.missing };
        Self { path: &spec.path, delimiter: spec.delimiter, column, source: &spec.source }
    }

    fn file(&self, station: &str) -> NeededFile {
        NeededFile {
            path: self.path.replace("{station}", station),
            columns: vec![self.column.name.to_owned()],
            source: self.source.to_owned(),
        }
    }
}

/// What a scenario reads, with its place in a row of [`Loaded`].
fn wanted(scenario: &Scenario) -> Vec<(usize, Wanted<'_>)> {
    let mut all = Vec::new();
    for (at, signal) in scenario.signals.iter().enumerate() {
        if let Source::Dataset(spec) = &signal.source {
            all.push((at, Wanted::of_signal(spec)));
        }
    }
    if let Sun::Recorded(sun) = &scenario.energy.sun {
        let column = Column { name: &sun.column, missing: &sun.missing };
        let (path, delimiter, source) = (&sun.path, sun.delimiter, &sun.source);
        all.push((scenario.signals.len(), Wanted { path, delimiter, column, source }));
    }
    all
}

/// A column on its way: where it is in a row, and how long the gap is that the last row was in.
struct Reading<'a> {
    column: Column<'a>,
    markers: Vec<&'a [u8]>,
    at: usize,
    open_gap: usize,
    series: Series,
    gap_starts: Vec<u64>,
}

/// The line of the first blank row that has rows after it. The reader would pass it over, and every
/// later sample would come too early.
fn blank_row(bytes: &[u8]) -> Option<u64> {
    let (mut inside_quotes, mut blank) = (false, None);
    for (number, line) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        let is_blank = matches!(line, b"" | b"\r") && !inside_quotes;
        if is_blank {
            blank = blank.or(Some(number));
        } else if blank.is_some() {
            return blank;
        }
        inside_quotes = line.iter().fold(inside_quotes, |inside, byte| inside ^ (*byte == b'"'));
    }
    None
}

fn read_columns(
    file: &str,
    bytes: &[u8],
    delimiter: Delimiter,
    columns: &[Column<'_>],
) -> Result<Vec<Series>, DatasetProblem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(delimiter.byte()).has_headers(false).flexible(true);
    let mut reader = reader.from_reader(bytes);
    let broken = |error: csv::Error| {
        DatasetProblem::new(DatasetFault::Unreadable, file, None, format!("{error}"))
    };
    let empty = |why: String| DatasetProblem::new(DatasetFault::Empty, file, None, why);
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(broken)? {
        return Err(empty("is empty".to_owned()));
    }
    if let Some(line) = blank_row(bytes) {
        return Err(problem::blank(file, line));
    }
    let header = record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned());
    let header: Vec<String> = header.collect();
    let begin = columns.iter().map(|column| Reading::new(file, &header, *column));
    let mut readings = begin.collect::<Result<Vec<_>, _>>()?;
    while reader.read_byte_record(&mut record).map_err(broken)? {
        let start = record.position().map_or(0, csv::Position::byte);
        if record.len() != header.len() {
            let line = line_at(bytes, start);
            return Err(problem::uneven(file, line, record.len(), header.len()));
        }
        for reading in &mut readings {
            let field = record.get(reading.at).unwrap_or_default();
            reading.take(field.trim_ascii(), start).map_err(|fault| {
                problem::bad_value(file, line_at(bytes, start), &reading.column, field, fault)
            })?;
        }
    }
    let finished: Vec<_> = readings.into_iter().map(|reading| reading.finish(bytes)).collect();
    for (series, column) in finished.iter().zip(columns) {
        if series.report.rows == series.report.gaps {
            let rows = series.report.rows;
            return Err(empty(format!("column `{}` has no value in {rows} rows", column.name)));
        }
    }
    Ok(finished)
}

impl<'a> Reading<'a> {
    fn new(file: &str, header: &[String], column: Column<'a>) -> Result<Self, DatasetProblem> {
        let at = problem::find_column(file, header, column.name)?;
        let markers = column.missing.iter().map(|marker| marker.trim().as_bytes()).collect();
        let (series, gap_starts) = (Series::default(), Vec::new());
        Ok(Self { column, markers, at, open_gap: 0, series, gap_starts })
    }

    fn take(&mut self, field: &[u8], start: u64) -> Result<(), DatasetFault> {
        let report = &mut self.series.report;
        report.rows += 1;
        if self.markers.contains(&field) {
            if self.open_gap == 0 && self.gap_starts.len() < 5 {
                self.gap_starts.push(start);
            }
            self.open_gap += 1;
            report.gaps += 1;
            report.longest_gap = report.longest_gap.max(self.open_gap);
            self.series.values.push(None);
            return Ok(());
        }
        self.open_gap = 0;
        let number = str::from_utf8(field).ok().and_then(|text| text.parse::<f64>().ok());
        let raw = number.filter(|raw| raw.is_finite()).ok_or(DatasetFault::NotANumber)?;
        let fixed = scenario::q16(raw).filter(|_| raw.abs() <= MAX_RAW);
        self.series.values.push(Some(fixed.ok_or(DatasetFault::OutOfRange)?));
        Ok(())
    }

    fn finish(mut self, bytes: &[u8]) -> Series {
        let lines = self.gap_starts.iter().map(|start| line_at(bytes, *start));
        self.series.report.first_gap_lines = lines.collect();
        self.series
    }
}

/// The line of the row whose reading began at byte `start`: the reader begins a row at what is
/// left of the line end before it, so its own count is one short after `\r\n`.
fn line_at(bytes: &[u8], start: u64) -> u64 {
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    let (before, after) = bytes.split_at(start);
    let blank = after.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let newlines = before.iter().chain(blank).filter(|byte| **byte == b'\n').count();
    newlines as u64 + 1
}
