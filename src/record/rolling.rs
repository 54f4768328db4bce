//! Recordings that are always on: the newest few in a folder of their own, the oldest deleted with
//! their indexes. Must not delete what it did not name, what is no recording, or what is being
//! written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::index;
use super::recording::is_recording;

/// Files that are kept, unless told otherwise.
pub const FILES_MAX: usize = 16;
/// Bytes that are kept, unless told otherwise.
pub const BYTES_MAX: u64 = 256 << 20;
/// Bytes of all their indexes together that are kept: as many as a single one may have.
pub const INDEXES_BYTES_MAX: u64 = index::INDEX_BYTES;

/// Before the number of a file, and after its name.
const AROUND: (&str, &str) = ("run-", ".ron");
/// Digits of a number, at least.
const DIGITS: usize = 6;
/// Characters of a scenario's name in that of a file.
const NAME_MAX: usize = 48;

/// The folder for such recordings in the system's place for files that can be lost: `runs`.
/// `QRES_SETTINGS` names another place for it, and an empty one keeps nothing.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    if let Some(place) = std::env::var_os("QRES_SETTINGS") {
        return (!place.is_empty()).then(|| Path::new(&place).join("runs"));
    }
    #[cfg(feature = "view")]
    return directories::ProjectDirs::from("", "", "qres")
        .map(|dirs| dirs.cache_dir().join("runs"));
    #[cfg(not(feature = "view"))]
    None
}

/// A folder of recordings, and how much of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rolling {
    folder: PathBuf,
    files_max: usize,
    bytes_max: u64,
    indexes_bytes_max: u64,
}

/// A recording in such a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rolled {
    /// Its number: later ones have greater ones.
    pub number: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes of it.
    pub bytes: u64,
}

impl Rolling {
    /// Keeps at most so many files and bytes in `folder`, and the newest file in any case; besides
    /// them, [`INDEXES_BYTES_MAX`] bytes of their indexes.
    #[must_use]
    pub const fn new(folder: PathBuf, files_max: usize, bytes_max: u64) -> Self {
        Self { folder, files_max, bytes_max, indexes_bytes_max: INDEXES_BYTES_MAX }
    }

    /// The recordings that are there, the newest first. Other files are none of them.
    ///
    /// # Errors
    /// When the folder cannot be listed; one that is not there is empty.
    pub fn list(&self) -> io::Result<Vec<Rolled>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let (name, path) = (entry.file_name(), entry.path());
            let Some(number) = name.to_str().and_then(number) else { continue };
            // A link leads to what somebody else has put elsewhere.
            let Ok(about) = entry.metadata() else { continue };
            if about.is_file() && (about.len() == 0 || is_recording(&path)) {
                found.push(Rolled { number, path, bytes: about.len() });
            }
        }
        found.sort_unstable_by(|one, other| {
            (other.number, &other.path).cmp(&(one.number, &one.path))
        });
        Ok(found)
    }

    /// Makes room, and a new empty file for a recording of the scenario of that path or name. Makes
    /// the folder where it is missing.
    ///
    /// # Errors
    /// When the folder or the file cannot be made.
    pub fn next(&self, scenario: &str) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        let there = self.list()?;
        let last = there.first().map_or(0, |newest| newest.number);
        let name = plain(scenario);
        for number in last.saturating_add(1).. {
            let (before, after) = AROUND;
            let path = self.folder.join(format!("{before}{number:0DIGITS$}-{name}{after}"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                // Another window was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    self.prune()?;
                    return Ok(path);
                }
            }
        }
        Err(io::Error::other("there are no numbers left"))
    }

    /// Deletes the oldest recordings that are too many, and returns them; then the indexes of the
    /// oldest that are left, where those are too large together: they can be made again. What is
    /// being written, or cannot be deleted, stays.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn prune(&self) -> io::Result<Vec<PathBuf>> {
        let (mut files, mut bytes) = (0, 0_u64);
        let mut deleted = Vec::new();
        for kept in self.list()? {
            files += 1;
            bytes = bytes.saturating_add(kept.bytes);
            let fits = files <= self.files_max && bytes <= self.bytes_max;
            if fits || files == 1 || is_locked(&kept.path) {
                continue;
            }
            if fs::remove_file(&kept.path).is_ok() {
                index::forget(&kept.path);
                files -= 1;
                bytes -= kept.bytes;
                deleted.push(kept.path);
            }
        }
        self.prune_indexes()?;
        Ok(deleted)
    }

    fn prune_indexes(&self) -> io::Result<()> {
        let mut bytes = 0_u64;
        for kept in self.list()? {
            let Some((size, is_open)) = index::found(&kept.path) else { continue };
            if is_open || bytes.saturating_add(size) <= self.indexes_bytes_max {
                bytes = bytes.saturating_add(size);
            } else {
                index::forget(&kept.path);
            }
        }
        Ok(())
    }
}

/// The number in the name of a file of ours.
fn number(name: &str) -> Option<u64> {
    let (before, after) = AROUND;
    let middle = name.strip_prefix(before)?.strip_suffix(after)?;
    let (digits, scenario) = middle.split_once('-')?;
    let named = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    (named && plain(scenario) == scenario).then(|| digits.parse().ok())?
}

/// The name of a scenario as a part of a file's.
fn plain(scenario: &str) -> String {
    let stem = Path::new(scenario).file_stem().unwrap_or_default().to_string_lossy();
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(fits).take(NAME_MAX).collect();
    if name.is_empty() { "scenario".to_owned() } else { name }
}

/// Whether somebody has locked the file: a recorder, or whoever uses an index.
pub(super) fn is_locked(path: &Path) -> bool {
    let lock = File::open(path).map(|file| file.try_lock());
    matches!(lock, Ok(Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("qres-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn names(rolling: &Rolling) -> Vec<String> {
        let name = |kept: Rolled| kept.path.file_name().unwrap().to_string_lossy().into_owned();
        rolling.list().expect("listed").into_iter().map(name).collect()
    }

    #[test]
    fn the_newest_stay_and_foreign_files_too() {
        let folder = fresh("rolling");
        let rolling = Rolling::new(folder.clone(), 3, 100);
        assert_eq!(rolling.list().expect("no folder yet"), []);
        let mut made = Vec::new();
        for scenario in ["storm-front", "a/b c.ron", "", "calm.ron"] {
            let path = rolling.next(scenario).expect("made");
            fs::write(&path, "Header(").expect("written");
            // An index goes with its recording; what only has the name of one stays.
            let magic = if made.is_empty() { "mine" } else { "QIX1" };
            fs::write(index::path_of(&path), magic).expect("written");
            made.push(path);
        }
        let last = ["run-000004-calm.ron", "run-000003-scenario.ron", "run-000002-b-c.ron"];
        assert_eq!(names(&rolling), last);
        let indexed = |path: &PathBuf| index::path_of(path).exists();
        assert!(!made[0].exists() && indexed(&made[0]) && indexed(&made[1]));
        // Not ours: by their names, or by what is in them.
        let foreign = [
            ("notes.txt", "Header("),
            ("run-1-calm.ron", "Header("),
            ("run-00000x-calm.ron", "Header("),
            ("run-000000-my file.ron", "Header("),
            ("run-000000-mine.ron", "(title: \"mine\")"),
        ];
        for (name, text) in foreign {
            fs::write(folder.join(name), text).expect("written");
        }
        // 7 bytes each, and 90: the newest stays though it is too long with the others.
        let path = rolling.next("long").expect("made");
        fs::write(&path, format!("Header({}", "x".repeat(83))).expect("written");
        assert_eq!(rolling.prune().expect("pruned"), [made.remove(2)]);
        assert_eq!(names(&rolling), ["run-000005-long.ron", "run-000004-calm.ron"]);
        fs::write(&path, format!("Header({}", "x".repeat(200))).expect("written");
        assert_eq!(rolling.prune().expect("pruned"), [made.remove(2)]);
        assert_eq!(names(&rolling), ["run-000005-long.ron"]);
        assert!(!folder.join("run-000004-calm.ron.index").exists());
        for (name, _) in foreign {
            assert!(folder.join(name).is_file(), "{name}");
        }
        fs::remove_dir_all(&folder).expect("gone");
    }

    #[test]
    fn indexes_have_a_bound_of_their_own() {
        let folder = fresh("rolling-indexes");
        let rolling = Rolling { indexes_bytes_max: 20, ..Rolling::new(folder.clone(), 9, 1 << 20) };
        let made: Vec<PathBuf> = (0..4)
            .map(|_| {
                let path = rolling.next("calm").expect("made");
                fs::write(&path, "Header(").expect("written");
                path
            })
            .collect();
        for path in &made {
            fs::write(index::path_of(path), "QIX1 14 bytes.").expect("written");
        }
        let indexed = || [0, 1, 2, 3].map(|place: usize| index::path_of(&made[place]).exists());
        // One fits, and one that is in use counts but stays.
        let used = File::options().write(true).open(index::path_of(&made[1])).expect("open");
        used.lock().expect("locked");
        assert_eq!(rolling.prune().expect("pruned"), Vec::<PathBuf>::new());
        assert_eq!(indexed(), [false, true, false, true]);
        drop(used);
        assert_eq!(rolling.prune().expect("pruned"), Vec::<PathBuf>::new());
        assert_eq!(indexed(), [false, false, false, true]);
        assert_eq!(names(&rolling).len(), 4, "no recording goes for an index");
        fs::remove_dir_all(&folder).expect("gone");
    }

    #[test]
    fn what_is_being_written_stays() {
        let folder = fresh("rolling-busy");
        let rolling = Rolling::new(folder.clone(), 1, 100);
        let first = rolling.next("one").expect("made");
        let held = File::options().append(true).open(&first).expect("open");
        held.lock().expect("locked");
        let second = rolling.next("two").expect("made");
        assert_eq!(names(&rolling).len(), 2);
        drop(held);
        assert_eq!(rolling.prune().expect("pruned"), [first]);
        assert!(second.is_file());
        fs::remove_dir_all(&folder).expect("gone");
    }
}
