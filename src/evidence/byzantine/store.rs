//! A folder of finished rows: one file each, written whole or not at all, so that a run that is
//! broken off goes on where it was. A manifest names what the rows are rows of; nothing of another
//! table, or of a mesh that behaves otherwise, is taken for a row.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::full::Shard;

/// The file that says what the folder holds.
const MANIFEST: &str = "manifest.json";
/// Missing rows that an error names.
const NAMED_MOST: usize = 3;

/// A row by column.
pub(super) type Row = Map<String, Value>;

/// A folder of finished rows.
#[derive(Clone, Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// Makes the folder of rows of the table that `fingerprint` names where there is none, and
    /// opens it.
    ///
    /// # Errors
    /// When it cannot be written, or holds rows of something else.
    pub fn create(folder: &Path, fingerprint: &str) -> Result<Self, String> {
        if folder.is_file() {
            return Err(format!("{}: is a file; rows need a folder", folder.display()));
        }
        fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        let store = Self { folder: folder.to_path_buf() };
        if !folder.join(MANIFEST).exists() {
            store.write(MANIFEST, &json!({ "table": "byzantine", "fingerprint": fingerprint }))?;
        }
        Self::open(folder, fingerprint)
    }

    /// Opens a folder of such rows.
    ///
    /// # Errors
    /// When there is none, or it holds rows of something else.
    pub fn open(folder: &Path, fingerprint: &str) -> Result<Self, String> {
        let store = Self { folder: folder.to_path_buf() };
        let path = folder.join(MANIFEST);
        if !path.exists() {
            return Err(format!(
                "{}: no `{MANIFEST}`: not a folder of rows; `qres evidence byzantine --out {0}` \
                 makes one",
                folder.display()
            ));
        }
        let damaged = |_| format!("{}: is damaged; name another folder", path.display());
        let manifest = read(&path).map_err(damaged)?;
        if manifest.get("fingerprint").and_then(Value::as_str) == Some(fingerprint) {
            return Ok(store);
        }
        Err(format!(
            "{}: its rows are of another version, of another list (`--full` or not), or of a mesh \
             that behaves otherwise; name another folder",
            folder.display()
        ))
    }

    /// Takes the rows of a shard for this process, until what is returned goes: that of all rows
    /// alone, or one of many beside other ones.
    ///
    /// # Errors
    /// When another process has them, or the folder cannot be written.
    pub fn hold(&self, shard: Shard) -> Result<[File; 2], String> {
        let lock = |name: &str, alone: bool| {
            let path = self.folder.join(name);
            let told = |why: std::io::Error| format!("{}: {why}", path.display());
            let file = File::options().create(true).append(true).open(&path).map_err(told)?;
            let locked = if alone { file.try_lock() } else { file.try_lock_shared() };
            match locked {
                Err(TryLockError::WouldBlock) => Err(format!(
                    "{}: another process computes rows here that shard {shard} has too; wait for \
                     it, or choose another shard",
                    self.folder.display()
                )),
                // Some network file systems have no locks; a row computed twice is the same row.
                Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
                    Err(told(error))
                }
                _ => Ok(file),
            }
        };
        let all = lock("rows.lock", shard.is_all())?;
        Ok([all, lock(&format!("shard-{}.lock", shard.to_string().replace('/', "-of-")), true)?])
    }

    /// The row of this id, if it is finished.
    ///
    /// # Errors
    /// When its file is no row: says which, and how to mend it.
    pub fn row(&self, id: &str) -> Result<Option<Row>, String> {
        let path = self.folder.join(file_name(id));
        if !path.exists() {
            return Ok(None);
        }
        let mut content = read(&path)?;
        match (content.get("id").and_then(Value::as_str) == Some(id), content.remove("row")) {
            (true, Some(Value::Object(row))) => Ok(Some(row)),
            _ => Err(not_a_row(&path)),
        }
    }

    /// Keeps a finished row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, id: &str, row: &Row) -> Result<(), String> {
        self.write(&file_name(id), &json!({ "id": id, "row": row }))
    }

    /// All rows of these ids, in their order.
    ///
    /// # Errors
    /// When any is missing: says how many, and names some.
    pub fn merge<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        let mut missing = Vec::new();
        for id in ids {
            match self.row(id)? {
                Some(row) => rows.push(row),
                None => missing.push(id),
            }
        }
        if missing.is_empty() {
            return Ok(rows);
        }
        let some = missing.iter().take(NAMED_MOST).map(|id| format!("`{id}`"));
        Err(format!(
            "{}: {} of {} rows are missing, such as {}; run the shards that lack them again with \
             the same folder",
            self.folder.display(),
            missing.len(),
            missing.len() + rows.len(),
            some.collect::<Vec<_>>().join(", ")
        ))
    }

    /// Writes a file beside its place, then moves it there: a reader sees all of it or nothing.
    fn write(&self, name: &str, content: &Value) -> Result<(), String> {
        let path = self.folder.join(name);
        let part = self.folder.join(format!("{name}.{}.part", std::process::id()));
        let written = File::create(&part).and_then(|mut file| {
            writeln!(file, "{content}")?;
            file.sync_all()?;
            fs::rename(&part, &path)
        });
        written.map_err(|why| format!("{}: {why}", path.display()))
    }
}

fn read(path: &Path) -> Result<Row, String> {
    let text = fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(content)) => Ok(content),
        _ => Err(not_a_row(path)),
    }
}

fn not_a_row(path: &Path) -> String {
    format!("{}: is not as it was written; remove it to have it made again", path.display())
}

/// The file of a row: its id in small letters and digits.
pub(super) fn file_name(id: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let mut name: String = id.chars().map(letter).collect();
    while name.contains("--") {
        name = name.replace("--", "-");
    }
    name + ".json"
}
