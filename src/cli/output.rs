//! What the command line says: results to standard output, the rest to standard error, and
//! failures with their exit code.

use std::io::Write as _;
use std::path::Path;

use crate::record::recording::is_same;

/// How a command tells what came of it.
#[derive(clap::Args, Debug, Clone, Default)]
pub(super) struct Says {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors (and JSON, if asked for)
    #[arg(long)]
    pub quiet: bool,
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// Bad usage or input: exit code 2.
    Input(String),
    /// What was checked does not hold: exit code 1.
    Fails(String),
    /// Somebody has stopped it: exit code 130.
    Stopped(String),
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Fails(_) => 1,
            Self::Stopped(_) => super::stop::STOPPED,
        }
    }

    /// Bad input, in the words of an error.
    pub fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// What to tell the user.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Input(message) | Self::Fails(message) | Self::Stopped(message) => message,
        }
    }
}

/// Whether two paths lead to one file, by whatever names.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().ok();
    let about = one.metadata().ok().zip(other.metadata().ok());
    let linked = cfg!(unix) && about.is_some_and(|(one, other)| is_same(&one, &other));
    linked || place(one).is_some_and(|one| place(other) == Some(one))
}

/// Whether what is at `path` is a pipe. Writing into one waits until somebody reads, so that is
/// said; and opening one to try it would be its end for who reads.
pub(super) fn is_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    let is = {
        use std::os::unix::fs::FileTypeExt as _;
        path.metadata().is_ok_and(|about| about.file_type().is_fifo())
    };
    #[cfg(not(unix))]
    let is = false;
    if is {
        let advice = "a pipe: this waits until a program reads it, such as `cat`";
        note(&format!("{}: {advice}", path.display()));
    }
    is
}

/// Prints a failure.
pub(super) fn complain(failure: &Failure) {
    note(&format!("error: {}", failure.message()));
}

/// Prints a line to standard error.
pub(super) fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", masked(line));
}

/// Text from a file may not steer the terminal: control and direction characters are shown as
/// replacement marks.
fn masked(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Prints a result to standard output. A reader that has gone away is no failure of ours; a disk
/// that is full is.
pub(super) fn result(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", masked(text)).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Input(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
