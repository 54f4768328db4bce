//! Where results may go. One rule for all of them: a file gives way to a result of its own kind
//! only, as it begins; and no folder is made for a file.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::Path;

use qres_core::codec;

use super::output::{self, Failure};
use crate::record::export::Exporter;
use crate::record::report;

/// What is to be written, told by how it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// What it is called in messages.
    what: &'static str,
    begins: &'static [u8],
}

/// A page of `qres report`.
pub(super) const PAGE: Kind = Kind { what: "page of qres report", begins: report::BEGINS };
/// A file of the codec.
pub(super) const PACKED: Kind = Kind { what: "compressed file", begins: &codec::MAGIC };
/// A picture.
#[cfg(feature = "view")]
pub(super) const PICTURE: Kind = Kind { what: "PNG file", begins: b"\x89PNG\r\n\x1a\n" };

impl Kind {
    /// What an exporter writes.
    pub(super) const fn of<E: Exporter>() -> Self {
        Self { what: E::WHAT, begins: E::BEGINS }
    }
}

/// Whether a result may take the place of what is at `path`: of nothing, of an empty file, and of
/// one of its kind.
pub(super) fn replaceable(path: &Path, kind: Kind) -> Result<(), Failure> {
    let is_file = path.metadata().is_ok_and(|about| about.is_file() && about.len() > 0);
    if !is_file || begins(path, kind.begins) {
        return Ok(());
    }
    Err(kept(path, &format!("is no {}", kind.what)))
}

/// What is at `path` stays, and why.
pub(super) fn kept(path: &Path, why: &str) -> Failure {
    Failure::Input(format!(
        "{}: is there already, and {why}; it is left as it is: name another file, or move it away",
        path.display()
    ))
}

fn begins(path: &Path, bytes: &[u8]) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).map(|file| file.take(bytes.len() as u64).read_to_end(&mut head));
    matches!(read, Ok(Ok(_))) && head == bytes
}

/// Whether a file can be written there. What it holds is left as it is, and no new one stays.
pub(super) fn writable(path: &Path) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::Input(format!("{}: {why}", path.display())));
    if path.is_dir() {
        return refused("cannot write: is a folder; name a file in it");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.exists()) {
        return refused(&format!("cannot write: no folder {}; make it first", folder.display()));
    }
    if output::is_pipe(path) {
        return Ok(());
    }
    // Of a link that leads nowhere yet the link stays.
    let is_new = !(path.exists() || path.is_symlink());
    match OpenOptions::new().append(true).create(true).open(path) {
        Err(why) => return refused(&format!("cannot write: {why}")),
        Ok(_) if is_new => drop(std::fs::remove_file(path)),
        Ok(_) => {}
    }
    Ok(())
}
