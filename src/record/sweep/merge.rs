//! All rows of a sweep in the order of its runs, once each: as JSON lines and as a table. Holds
//! places of rows in memory, not rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::folder::{cut, is_free, replace};
use super::log::{each_row, files};
use super::{Manifest, RESULTS, SWEEP, SweepError, TIMES, sealed, table};

/// What was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Rows.
    pub runs: u64,
    /// BLAKE3 of the rows without how long they took: the same for any number of shards, threads
    /// and interruptions.
    pub digest: String,
    /// The files written.
    pub files: [PathBuf; 2],
    /// Those of them that had been cut off.
    pub mended: Vec<PathBuf>,
}

/// Where a row stands.
#[derive(Clone, Copy)]
struct Place {
    file: usize,
    line: usize,
    start: u64,
    length: usize,
}

/// Merges the rows of a folder into `results.jsonl` and `results.csv`.
///
/// # Errors
/// When the folder is none of a sweep, a row is of another one or not as it was written, a run is
/// there twice or missing, or a file cannot be read or written.
pub fn merge(folder: &Path) -> Result<Merged, SweepError> {
    let manifest = Manifest::read(folder)?;
    let manifest = manifest.ok_or_else(|| SweepError::NoSweep(folder.to_path_buf()))?;
    is_free(folder, &manifest)?;
    let paths = files(folder)?;
    let mut places: BTreeMap<u64, Place> = BTreeMap::new();
    let mut columns: BTreeSet<String> = BTreeSet::new();
    for (file, path) in paths.iter().enumerate() {
        each_row(path, &manifest, |row| {
            let place = Place { file, line: row.line, start: row.start, length: row.text.len() };
            if let Some(there) = places.insert(row.run, place) {
                let at =
                    |place: Place| (paths.get(place.file).cloned().unwrap_or_default(), place.line);
                return Err(SweepError::Twice { run: row.run, places: [at(there), at(place)] });
            }
            table::cells(row.value, &mut |name, _| {
                if !columns.contains(name) {
                    columns.insert(name.to_owned());
                }
            });
            Ok(())
        })?;
    }
    let missing: Vec<u64> = (0..manifest.runs).filter(|run| !places.contains_key(run)).collect();
    if !missing.is_empty() {
        return Err(SweepError::Missing { all: manifest.runs, runs: missing });
    }
    let mended = cut(folder);
    let mut rows = Rows::open(&paths)?;
    let [lines, cells] = RESULTS.map(|name| folder.join(name));
    let mut hasher = blake3::Hasher::new();
    write(&lines, &mut rows, &places, |file, text, value| {
        hasher.update(lasting(value).as_bytes());
        writeln!(file, "{text}")
    })?;
    let columns = table::ordered(&manifest, columns);
    let mut header = Some(table::header(&columns));
    write(&cells, &mut rows, &places, |file, _, value| {
        if let Some(header) = header.take() {
            file.write_all(header.as_bytes())?;
        }
        file.write_all(table::record(&columns, value).as_bytes())
    })?;
    let digest = hasher.finalize().to_hex().to_string();
    Ok(Merged { runs: manifest.runs, digest, files: [lines, cells], mended })
}

/// Calls `each` with every row of a folder that has been merged, by run.
///
/// # Errors
/// When the folder is none of a sweep, or its results are not as they were written.
pub fn each_result(folder: &Path, mut each: impl FnMut(&Value)) -> Result<(), SweepError> {
    let manifest = Manifest::read(folder)?;
    let manifest = manifest.ok_or_else(|| SweepError::NoSweep(folder.to_path_buf()))?;
    let [lines, _] = RESULTS.map(|name| folder.join(name));
    each_row(&lines, &manifest, |row| {
        each(row.value);
        Ok(())
    })
}

/// Writes a file with something for each row in order.
fn write(
    path: &Path,
    rows: &mut Rows,
    places: &BTreeMap<u64, Place>,
    mut each: impl FnMut(&mut std::io::BufWriter<File>, &str, &Value) -> std::io::Result<()>,
) -> Result<(), SweepError> {
    replace(path, |file| {
        for place in places.values() {
            let (text, value) = rows.read(place)?;
            each(file, &text, &value)?;
        }
        Ok(())
    })
}

/// A row without how long it took, as text in a fixed order of fields.
fn lasting(value: &Value) -> String {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        for name in TIMES.into_iter().chain([SWEEP]) {
            fields.remove(name);
        }
    }
    serde_json_canonicalizer::to_string(&value).unwrap_or_default()
}

/// The files of rows, open for reading.
struct Rows(Vec<File>);

impl Rows {
    fn open(paths: &[PathBuf]) -> Result<Self, SweepError> {
        let open = |path: &PathBuf| {
            File::open(path).map_err(|error| SweepError::file(path, "cannot be read", &error))
        };
        paths.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    fn read(&mut self, place: &Place) -> std::io::Result<(String, Value)> {
        let gone = || std::io::Error::other("a file of rows has changed meanwhile");
        let file = self.0.get_mut(place.file).ok_or_else(gone)?;
        let mut bytes = vec![0; place.length];
        file.seek(SeekFrom::Start(place.start))?;
        file.read_exact(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|_| gone())?;
        let row = sealed::opened(&text).ok_or_else(gone)?;
        let value = serde_json::from_str(&row).map_err(|_| gone())?;
        Ok((text, value))
    }
}
