//! `qres check`: are these scenarios in order?

use std::path::PathBuf;

use super::output::{self, Failure};
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

/// Checks every file; complains of each that is wrong.
pub(super) fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let mut wrong = 0;
    for file in files {
        match Scenario::load(file) {
            Ok((scenario, _)) => match Plan::new(&scenario, scenario.seed, &Vec::new()) {
                Ok(_) => {
                    output::result(&format!("{}: in order ({})", file.display(), scenario.title))?;
                }
                Err(error) => {
                    output::note(&format!("error: {}: {error}", file.display()));
                    wrong += 1;
                }
            },
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
