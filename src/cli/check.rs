//! `qres check`: are these scenarios in order?

use std::path::PathBuf;

use super::output::{self, Failure};
use crate::scenario::Scenario;

/// Checks every file; complains of each that is wrong.
pub(super) fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let mut wrong = 0;
    for file in files {
        match Scenario::load(file) {
            Ok((scenario, _)) => {
                output::result(&format!("{}: in order ({})", file.display(), scenario.title));
            }
            Err(problem) => {
                output::note(&format!("error: {problem:#}"));
                wrong += 1;
            }
        }
    }
    match wrong {
        0 => Ok(()),
        _ => Err(Failure::Input(format!("{wrong} of {} files are not in order", files.len()))),
    }
}
