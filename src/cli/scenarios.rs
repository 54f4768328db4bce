//! `qres scenarios`: what there is inside the binary.

use std::path::Path;

use super::output::{self, Failure};
use crate::record::moments;
use crate::scenario::{self, Scenario};

/// Lists the embedded scenarios, or writes them into `folder`. A file that is there already is
/// left alone.
pub(super) fn scenarios(folder: Option<&Path>) -> Result<(), Failure> {
    for (name, text) in scenario::embedded() {
        let moments = moments::ALL.iter().filter(|moment| moment.scenario == *name);
        if let Some(folder) = folder {
            export(folder, name, text)?;
            for moment in moments {
                export(&folder.join("recordings"), moment.name, moment.text)?;
            }
            continue;
        }
        let read = Scenario::parse(name, text)
            .map_err(|problem| Failure::Input(format!("{problem:#}")))?;
        output::result(&describe(name, &read))?;
        for moment in moments {
            output::result(&format!("    qres replay {}: {}", moment.name, moment.title()))?;
        }
    }
    Ok(())
}

fn export(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.ron"));
    let trouble = |error| Failure::Input(format!("{}: {error}", path.display()));
    if folder.is_file() {
        return Err(Failure::Input(format!(
            "{}: is a file: name a folder for the scenarios",
            folder.display()
        )));
    }
    if path.exists() {
        output::note(&format!("{}: is there already, left as it is", path.display()));
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(trouble)?;
    std::fs::write(&path, text).map_err(trouble)?;
    output::result(&path.display().to_string())?;
    Ok(())
}

/// Name and title, then the paragraph, folded.
fn describe(name: &str, scenario: &Scenario) -> String {
    let mut out = format!("{name}: {} ({} nodes)", scenario.title, scenario.node_count());
    let mut length = usize::MAX;
    for word in scenario.watch_for.split(' ') {
        if length.saturating_add(word.len()) > 76 {
            out.push_str("\n   ");
            length = 3;
        }
        out.push(' ');
        out.push_str(word);
        length += word.len() + 1;
    }
    out.extend(["\n    docs/scenarios/", name, ".md"]);
    out
}
