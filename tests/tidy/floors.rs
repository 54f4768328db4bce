//! Who may know whom: the floors of the house. Looks at paths in code that is not for tests.

use crate::source::{Source, word_at};
use crate::tree::File;
use crate::{Finding, note};

/// Each floor of `src/` with the floors it may know.
const FLOORS: [(&str, &[&str]); 12] = [
    ("scenario", &[]),
    ("envelope", &[]),
    ("memory", &["scenario"]),
    ("world", &["scenario"]),
    ("mesh", &["scenario", "world"]),
    ("pace", &["scenario", "world", "mesh"]),
    ("record", &["scenario", "world", "mesh", "pace"]),
    ("bridge", &["scenario", "world", "mesh", "pace"]),
    ("evidence", &["scenario", "world", "mesh", "pace"]),
    ("view", &["scenario", "world", "mesh", "pace", "record", "bridge", "evidence", "panels"]),
    ("panels", &["scenario", "world", "mesh", "pace", "record", "bridge", "evidence", "view"]),
    (
        "cli",
        &[
            "scenario", "envelope", "memory", "world", "mesh", "pace", "record", "bridge",
            "evidence", "view", "panels",
        ],
    ),
];

/// An arrow the other way is a defect.
pub fn floors(file: &File, found: &mut Vec<Finding>) {
    let Some(source) = &file.source else { return };
    if file.path.starts_with("core/src/") {
        return core(file, source, found);
    }
    let Some(inside) = file.path.strip_prefix("src/") else { return };
    let floor = inside.split(['/', '.']).next().unwrap_or_default();
    if matches!(inside, "lib.rs" | "main.rs") || file.test {
        return;
    }
    let Some((_, known)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
        let what = format!("`{floor}` is no floor");
        return note(found, &file.path, 1, &what, "src holds the floors of the house only");
    };
    for (at, other) in paths_from_root(source, depth(inside)) {
        if other == floor || known.contains(&other) || file.is_test(at) {
            continue;
        }
        let below = if known.is_empty() { "core alone".to_owned() } else { known.join(", ") };
        let rule = if FLOORS.iter().any(|(name, _)| *name == other) {
            format!("{floor} may know {below}")
        } else {
            "a path from the root starts with a floor".to_owned()
        };
        note(found, &file.path, source.line(at), &format!("knows `{other}`"), &rule);
    }
}

/// Core stands alone.
fn core(file: &File, source: &Source, found: &mut Vec<Finding>) {
    for name in ["qres", "bevy", "std"] {
        let path = format!("{name}::");
        for at in source.find(&path).filter(|at| !file.is_test(*at)) {
            let what = format!("knows `{name}`");
            note(
                found,
                &file.path,
                source.line(at),
                &what,
                "core knows neither std nor a simulator",
            );
        }
    }
}

/// How many `super` lead from the file to the root of the crate.
fn depth(inside: &str) -> usize {
    let parts = inside.split('/').count();
    if inside.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The first names of the paths that start at the root of the crate, with their places.
fn paths_from_root(source: &Source, depth: usize) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for root in ["crate::", "qres::"] {
        for at in source.find(root).map(|at| at + root.len()) {
            first_names(source, at, &mut found);
        }
    }
    for at in source.find("super::").filter(|at| !source.code[..*at].ends_with("super::")) {
        let rest = &source.code[at..];
        let names = rest.trim_start_matches("super::");
        let supers = (rest.len() - names.len()) / "super::".len();
        let mut reached = Vec::new();
        first_names(source, at + rest.len() - names.len(), &mut reached);
        // Inside an inline module one `super` more is needed; a floor's name settles it.
        let is_floor = |name: &str| FLOORS.iter().any(|(floor, _)| *floor == name);
        found.extend(reached.into_iter().filter(|(_, name)| supers >= depth && is_floor(name)));
    }
    // `in crate::a`, as a visibility, names a module too, and is held to the same rule.
    found.sort_unstable();
    found.dedup();
    found
}

/// The name at `at`, or the first name of each branch of the group there.
fn first_names<'a>(source: &'a Source, at: usize, found: &mut Vec<(usize, &'a str)>) {
    let code = &source.code;
    if !code[at..].starts_with('{') {
        let name = word_at(code, at);
        if !name.is_empty() {
            found.push((at, name));
        }
        return;
    }
    let end = source.closing(at);
    let mut depth = 0_usize;
    let mut fresh = true;
    for (offset, c) in code[at + 1..end].char_indices() {
        let here = at + 1 + offset;
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => fresh = true,
            c if c.is_whitespace() => {}
            _ if fresh && depth == 0 => {
                fresh = false;
                found.push((here, word_at(code, here)));
            }
            _ => {}
        }
    }
}

/// What is found in a made-up file.
fn seen(path: &str, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    floors(&File::new(path, text), &mut found);
    found.into_iter().map(|finding| (finding.line, finding.what)).collect()
}

#[test]
fn an_arrow_up_is_found() {
    let table = [
        ("src/mesh/a.rs", "use crate::view::x;", "knows `view`"),
        ("src/mesh/a.rs", "use crate::{world::{a, view}, pace::b};", "knows `pace`"),
        ("src/scenario/mod.rs", "let x = crate::world::y();", "knows `world`"),
        ("src/scenario/a.rs", "use super::super::{mesh, x};", "knows `mesh`"),
        ("src/scenario/mod.rs", "use super::mesh;", "knows `mesh`"),
        ("src/evidence/a.rs", "use crate::view::x;", "knows `view`"),
        ("src/record/a.rs", "pub use crate::bridge::x;", "knows `bridge`"),
        ("src/view/a.rs", "use qres::cli::x;", "knows `cli`"),
        ("src/pace.rs", "use crate::evidence;", "knows `evidence`"),
        ("src/view/a.rs", "use crate::Mesh;", "knows `Mesh`"),
        ("src/memory/a.rs", "use crate::mesh::x;", "knows `mesh`"),
        ("src/mesh/a.rs", "use crate::memory::x;", "knows `memory`"),
        ("src/envelope/a.rs", "use crate::scenario::x;", "knows `scenario`"),
        ("src/extras/a.rs", "", "`extras` is no floor"),
        ("core/src/a.rs", "use std::vec::Vec;", "knows `std`"),
    ];
    for (path, text, what) in table {
        assert_eq!(seen(path, text), [(1, what.to_owned())], "{path}: {text}");
    }
}

#[test]
fn an_arrow_down_and_tests_are_fine() {
    let table = [
        ("src/mesh/a.rs", "use crate::world::{air, graph}; use crate::mesh::b; use super::view;"),
        ("src/mesh/a.rs", "// crate::view\nlet a = \"crate::view\"; use other_crate::view;"),
        ("src/mesh/a.rs", "#[cfg(test)]\nmod tests {\n use crate::view;\n}"),
        ("src/view/a.rs", "use crate::panels::x; use crate::record::y;"),
        ("src/panels/a.rs", "use crate::view::theme; use crate::mesh::Mesh;"),
        ("src/main.rs", "use qres::cli;"),
        ("core/src/a.rs", "use crate::view; use core::fmt; #[cfg(test)] mod t { use std::vec; }"),
        ("tests/a.rs", "use qres::view;"),
    ];
    for (path, text) in table {
        assert_eq!(seen(path, text), [], "{path}: {text}");
    }
}
