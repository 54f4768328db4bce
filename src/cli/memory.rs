//! `--memory`: models that outlive a run, one text file for each scenario: a line
//! `node ID HEX` for each node, the hex being a gene with its checksum.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use qres_core::id::NodeId;

use super::output::Failure;
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;

/// Longest file of models: a million nodes' worth.
const BYTES_MAX: u64 = 256 << 20;

/// Lets the plan's nodes be born with the models kept for this scenario, if there are any; returns
/// how many.
pub(super) fn recall(plan: &mut Plan, folder: &Path, scenario: &str) -> Result<usize, Failure> {
    let path = place(folder, scenario);
    let wrong =
        |why: &str| Failure::Input(format!("{}: {why}; remove it to start afresh", path.display()));
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(wrong(&error.to_string())),
        Ok(about) if !about.is_file() => return Err(wrong("is not a file")),
        Ok(about) if about.len() > BYTES_MAX => return Err(wrong("is too large for models")),
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error.to_string()))?;
    let mut count = 0;
    for (number, line) in text.lines().enumerate() {
        let at = |why: String| {
            let line = number + 1;
            Failure::Input(format!(
                "{}:{line}: {why}; mend the line, or remove the file to start afresh",
                path.display()
            ))
        };
        let (id, gene) = parse(line).ok_or_else(|| at("not a line `node ID HEX`".to_owned()))?;
        plan.remember(id, &gene).map_err(at)?;
        count += 1;
    }
    Ok(count)
}

/// Keeps every node's model; the old file stays whole until the new one is.
pub(super) fn keep(mesh: &mut Mesh, folder: &Path, scenario: &str) -> Result<(), Failure> {
    let path = place(folder, scenario);
    let trouble = |error: std::io::Error| {
        Failure::Input(format!("{}: cannot keep the models: {error}", path.display()))
    };
    let mut text = String::new();
    for (id, gene) in mesh.export_genes() {
        let _ = write!(text, "node {} ", id.0);
        gene.iter().for_each(|byte| {
            let _ = write!(text, "{byte:02x}");
        });
        text.push('\n');
    }
    std::fs::create_dir_all(folder).map_err(trouble)?;
    let fresh = path.with_extension("genes.new");
    std::fs::write(&fresh, text).map_err(trouble)?;
    std::fs::rename(&fresh, &path).map_err(trouble)
}

/// The file for a scenario: its name without folder or ending.
fn place(folder: &Path, scenario: &str) -> PathBuf {
    let stem = Path::new(scenario).file_stem().unwrap_or_default();
    folder.join(stem).with_extension("genes")
}

fn parse(line: &str) -> Option<(NodeId, Vec<u8>)> {
    let (id, hex) = line.strip_prefix("node ")?.split_once(' ')?;
    let digits = hex.as_bytes();
    if digits.len() % 2 != 0 {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    Some((NodeId(id.parse().ok()?), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_strict() {
        assert_eq!(parse("node 7 00ff"), Some((NodeId(7), vec![0, 255])));
        for wrong in ["", "node", "node 7", "node x 00", "node 7 0", "node 7 zz", "nodes 7 00"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
