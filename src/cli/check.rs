//! `qres check`: are these scenarios, sweeps and recordings in order, do these envelopes hold?

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::envelopes;
use super::output::{self, Failure};
use crate::mesh::plan::Plan;
use crate::mesh::snapshot::RULES_VERSION;
use crate::record::recording::{self, ReplayError, is_recording};
use crate::scenario::{MAX_FILE_BYTES, Scenario, Sweep};

/// Checks every file; complains of each that is wrong. A file that is not what it should be weighs
/// more than an envelope that does not hold.
pub(super) fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let (mut wrong, mut failing) = (0, 0);
    for file in files {
        let is_envelope = file.extension().is_some_and(|ending| ending == "jsonld");
        let checked = if is_envelope {
            envelopes::verify(file)
        } else if is_recording(file) {
            recording(file)
        } else {
            scenario(file)
        };
        match checked {
            Ok(line) => output::result(&line)?,
            Err(failure) => {
                output::complain(&failure);
                match failure {
                    Failure::Fails(_) => failing += 1,
                    Failure::Input(_) | Failure::Stopped(_) => wrong += 1,
                }
            }
        }
    }
    let all = files.len();
    match (wrong, failing) {
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::Fails(format!("{failing} of {all} files do not hold"))),
        _ => Err(Failure::Input(format!("{} of {all} files are not in order", wrong + failing))),
    }
}

/// Reads a sweep, tries each of its values and plans its first run; says in a line what it is.
fn sweep(file: &Path) -> Result<String, Failure> {
    let wrong = |problem| Failure::Input(format!("{problem:#}"));
    let sweep = Sweep::load(file).map_err(wrong)?;
    let first = sweep.scenario(0).map_err(wrong)?;
    Plan::new(&first, first.seed, &Vec::new())
        .map_err(|error| Failure::Input(format!("{}: {error}", file.display())))?;
    let (runs, of) = (sweep.runs(), &sweep.scenario);
    Ok(format!("{}: in order (a sweep of {runs} runs over {of})", file.display()))
}

/// Reads and plans a scenario; says in a line what it is.
fn scenario(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let opened = std::fs::File::open(file).map(|file| file.take(MAX_FILE_BYTES as u64));
    if opened.is_ok_and(|mut file| file.read_to_string(&mut text).is_ok()) && Sweep::is_meant(&text)
    {
        return sweep(file);
    }
    let (scenario, _) =
        Scenario::load(file).map_err(|problem| Failure::Input(format!("{problem:#}")))?;
    Plan::new(&scenario, scenario.seed, &Vec::new())
        .map_err(|error| Failure::Input(format!("{}: {error}", file.display())))?;
    Ok(format!("{}: in order ({})", file.display(), scenario.title))
}

/// Reads a recording and the scenario in it; says in a line what it holds.
fn recording(file: &Path) -> Result<String, Failure> {
    let read = recording::read(file).map_err(Failure::input)?;
    let refused = |why: ReplayError| Failure::Input(format!("{}: {why}", file.display()));
    // First: a scenario of other rules may have other fields.
    if read.header.rules != RULES_VERSION {
        return Err(refused(ReplayError::Rules(read.header.rules, read.header.build.clone())));
    }
    let scenario = read.scenario();
    let scenario = scenario.map_err(|problem| Failure::Input(format!("{problem:#}")))?;
    read.check(&scenario).map_err(refused)?;
    if let Some(warning) = read.warning() {
        output::note(&format!("warning: {warning}"));
    }
    let number = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        several => format!("{several} {what}s"),
    };
    Ok(format!(
        "{}: in order (a recording of {}, seed {}: \"{}\"; {} lines, {} ticks, {}, {}, {}{})",
        file.display(),
        read.header.name,
        read.header.seed,
        scenario.title,
        read.lines,
        read.ticks(),
        number(read.commands.len(), "command"),
        number(read.checkpoints.len(), "checkpoint"),
        number(read.notes.len(), "note"),
        if read.end.is_some() { "" } else { ", without an end" },
    ))
}
