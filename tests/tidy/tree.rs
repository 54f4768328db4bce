//! The files that the rules look at: what git tracks, or what lies there when git cannot say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::source::Source;

/// A file of the tree.
pub struct File {
    /// From the root, with forward slashes.
    pub path: String,
    pub bytes: u64,
    /// Empty for a binary.
    pub text: String,
    /// For `.rs` files.
    pub source: Option<Source>,
    /// Compiled for tests only, as a whole.
    pub test: bool,
}

impl File {
    /// A file with a made-up or a real text.
    pub fn new(path: &str, text: &str) -> Self {
        let source = has_extension(path, "rs").then(|| Source::new(text));
        let in_tests = path.split('/').any(|part| part == "tests" || part == "benches")
            && !path.starts_with("src/")
            && !path.contains("/src/");
        Self {
            path: path.to_owned(),
            bytes: text.len() as u64,
            text: text.to_owned(),
            source,
            test: in_tests,
        }
    }

    /// Whether the byte `at` of its code is compiled for tests only.
    pub fn is_test(&self, at: usize) -> bool {
        self.test || self.source.as_ref().is_some_and(|source| source.is_test(at))
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Whether the name at the end of `path` has this extension.
pub fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|other| other == extension)
}

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(option_env!("CARGO_MANIFEST_DIR").unwrap_or("."))
}

/// Every file of the repository, in the order of their paths.
pub fn files(root: &Path) -> Vec<File> {
    let paths = tracked(root).unwrap_or_else(|| lying(root));
    let mut files: Vec<File> = paths.iter().filter_map(|path| read(root, path)).collect();
    mark_test_modules(&mut files);
    files
}

/// Marks the files of modules that are declared for tests only.
pub fn mark_test_modules(files: &mut [File]) {
    let mut roots = BTreeSet::new();
    for file in files.iter() {
        let Some(source) = &file.source else { continue };
        let folder = module_folder(&file.path);
        roots.extend(source.test_modules().iter().map(|name| format!("{folder}/{name}")));
    }
    for file in files {
        let stem = file.path.trim_end_matches(".rs");
        let mut ancestors = stem.match_indices('/').map(|(at, _)| &stem[..at]);
        file.test |= roots.contains(stem) || ancestors.any(|folder| roots.contains(folder));
    }
}

/// Where the modules lie that the file at `path` declares.
fn module_folder(path: &str) -> &str {
    let stem = path.trim_end_matches(".rs");
    match stem.rsplit_once('/') {
        Some((folder, "mod" | "lib" | "main")) => folder,
        _ => stem,
    }
}

fn read(root: &Path, path: &str) -> Option<File> {
    // A file that is tracked but deleted here is no longer ours to judge.
    let bytes = fs::read(root.join(path)).ok()?;
    let size = bytes.len() as u64;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    Some(File { bytes: size, ..File::new(path, &text.unwrap_or_default()) })
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output().ok()?;
    let list = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let paths: BTreeSet<_> = list.split('\0').filter(|path| !path.is_empty()).collect();
    (!paths.is_empty()).then(|| paths.into_iter().map(str::to_owned).collect())
}

fn lying(root: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let skipped = [".git", "target"].iter().any(|name| entry.file_name() == *name);
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.is_file() {
                let relative = path.strip_prefix(root).unwrap_or(&path);
                paths.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    paths.sort();
    paths
}

#[test]
fn test_files_are_known_by_place_and_by_declaration() {
    let mut files = [
        File::new("src/a/mod.rs", "#[cfg(test)]\nmod said;\nmod real;"),
        File::new("src/a/said.rs", ""),
        File::new("src/a/said/deeper.rs", ""),
        File::new("src/a/real.rs", "#[cfg(test)] mod tests;"),
        File::new("src/a/real/tests.rs", ""),
        File::new("src/a/tests.rs", ""),
        File::new("core/tests/x.rs", ""),
        File::new("core/src/lib.rs", "#[cfg(test)] mod shared;"),
        File::new("core/src/shared.rs", ""),
    ];
    mark_test_modules(&mut files);
    let tests: Vec<_> = files.iter().map(|file| file.test).collect();
    assert_eq!(tests, [false, true, true, false, true, false, true, false, true]);
}

#[test]
fn git_and_a_walk_see_this_file() {
    let this = "tests/tidy/tree.rs";
    assert!(lying(&root()).iter().any(|path| path == this));
    let Some(paths) = tracked(&root()) else { return };
    assert!(paths.is_sorted() && paths.iter().any(|path| path == "Cargo.toml"));
}
