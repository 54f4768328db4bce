//! The folder of a sweep: its files are put there whole, and nothing is overwritten that this
//! program did not make.

use std::fs::{self, File};
use std::io::{BufRead as _, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Manifest, RESULTS, RUN, SWEEP, SweepError, log};

/// Bytes of a file that are looked at to find out whose it is.
const LOOKED_AT: u64 = 1 << 20;

/// Refuses what stands where the files of a sweep would and is not of it: links, which lead
/// elsewhere, and results that somebody else made.
pub(super) fn is_free(folder: &Path, manifest: &Manifest) -> Result<(), SweepError> {
    for path in RESULTS.map(|name| folder.join(name)) {
        not_a_link(&path)?;
        if path.exists() && !is_result(&path, manifest) {
            let what = "was not made by this sweep";
            return Err(SweepError::NotOurs { path, what });
        }
    }
    let logs = log::files(folder)?;
    // After the look at the folder: a shard of this sweep that began meanwhile put it there first.
    let is_begun = folder.join(super::MANIFEST).exists();
    for path in logs {
        not_a_link(&path)?;
        if !is_begun && !is_result(&path, manifest) {
            let what = "was not made by this sweep";
            return Err(SweepError::NotOurs { path, what });
        }
    }
    not_a_link(&folder.join(super::MANIFEST))
}

/// Refuses a symbolic link.
pub(super) fn not_a_link(path: &Path) -> Result<(), SweepError> {
    if path.is_symlink() {
        let what = "is a symbolic link";
        return Err(SweepError::NotOurs { path: path.to_path_buf(), what });
    }
    Ok(())
}

/// The results in a folder that were cut off, by a disk that was full or by hand: they end within a
/// line.
pub(super) fn cut(folder: &Path) -> Vec<PathBuf> {
    let is_cut = |path: &PathBuf| {
        let mut last = [0];
        let read = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)
        });
        read.is_ok() && last != *b"\n"
    };
    RESULTS.map(|name| folder.join(name)).into_iter().filter(is_cut).collect()
}

/// Whether a file begins as results of this sweep do, as far as it goes: with what each row of it
/// begins with, or with the columns that its table begins with.
fn is_result(path: &Path, manifest: &Manifest) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut line = String::new();
    if std::io::BufReader::new(file.take(LOOKED_AT)).read_line(&mut line).is_err() {
        return false;
    }
    if path.extension().is_some_and(|end| end == "csv") {
        let columns = super::table::ordered(manifest, std::collections::BTreeSet::new());
        let first = super::table::header(&columns);
        return alike(&line, first.trim_end());
    }
    alike(&line, &format!("{{\"{SWEEP}\":\"{}\",\"{RUN}\":", manifest.sweep))
}

/// Whether one of the two begins with the other.
fn alike(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Puts a manifest where none is yet; another process may do the same at this moment, and then one
/// of the two is there as a whole.
pub(super) fn put_first(path: &Path, text: &str) -> Result<(), SweepError> {
    let fresh = beside(path);
    let put = || {
        let mut file = File::create(&fresh)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        // A link is made only where no file is, which a renamed file is not asked for.
        match fs::hard_link(&fresh, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            // Some file systems have no links; there the later one wins.
            Err(_) => fs::rename(&fresh, path),
            Ok(()) => Ok(()),
        }
    };
    let put = put().map_err(|error| SweepError::file(path, "cannot be written", &error));
    let _ = fs::remove_file(&fresh);
    put
}

/// A file of this process alone; shards that start together must not write into each other's.
fn beside(path: &Path) -> PathBuf {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}.new", std::process::id()));
    PathBuf::from(fresh)
}

/// Writes a file beside `path` and renames it, so that it is there as a whole or not at all.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), SweepError> {
    not_a_link(path)?;
    let fresh = beside(path);
    let put = || {
        let mut file = std::io::BufWriter::new(File::create(&fresh)?);
        write(&mut file)?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&fresh, path)
    };
    put().map_err(|error: std::io::Error| {
        let _ = fs::remove_file(&fresh);
        SweepError::file(path, "cannot be written", &error)
    })
}
