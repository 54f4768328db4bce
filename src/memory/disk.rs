//! One slot as a file: read with a limit, written so that a crash leaves the old or the new.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use qres_core::store::{LENGTH_MAX, OVERHEAD_BYTES, encode};

/// Makes a folder where it is missing.
pub(super) fn folder(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|error| error.to_string())
}

/// The bytes of a file, or `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| error.to_string())?,
    };
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("is not a file".to_owned());
    }
    let limit = (LENGTH_MAX + OVERHEAD_BYTES) as u64;
    let mut bytes = Vec::new();
    // One more than the limit, so that a file that grows while it is read is noticed too.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        Err("is too large for models".to_owned())
    } else {
        Ok(Some(bytes))
    }
}

/// Opens the file at `path`, made where it is missing, and locks it until it is dropped; `None`
/// when another process holds the lock. The lock is the system's: it ends with its process.
pub(super) fn lock(path: &Path) -> Result<Option<File>, String> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(|error| error.to_string())?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.to_string()),
    }
}

/// Writes a record over `path` at once: beside it, to the disk, then by renaming.
pub(super) fn write(
    folder: &Path,
    path: &Path,
    generation: u32,
    payload: &[u8],
) -> Result<(), String> {
    let mut bytes = Vec::with_capacity(payload.len() + OVERHEAD_BYTES);
    encode(generation, payload, |piece| bytes.extend_from_slice(piece))
        .map_err(|why| why.to_string())?;
    let fresh = path.with_extension("new");
    let put = || {
        let mut file = File::create(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&fresh, path)?;
        // A rename is in the folder, which is flushed apart; where folders cannot be opened
        // (Windows) the rename itself is what there is.
        if let Ok(folder) = File::open(folder) {
            folder.sync_all()?;
        }
        Ok(())
    };
    put().map_err(|error: std::io::Error| {
        let _ = fs::remove_file(&fresh);
        error.to_string()
    })
}
