//! Replays the corpus of every fuzz target, with the bodies that cargo-fuzz runs, on the compiler
//! that is there. What a campaign found stays found.

#![cfg(all(feature = "alloc", feature = "crypto"))]

#[path = "../../../tests/fuzz/bodies/mod.rs"]
mod bodies;
mod seeds;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Targets of the simulator: their bodies stand in `tests/fuzz/simulator` and `tests/fuzz/meshes`,
/// and its own test of this name replays their corpus.
const SIMULATOR: [&str; 6] = ["envelope", "index", "models", "recording", "scenario", "snapshot"];

fn fuzz_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz").join(name)
}

/// The names in a folder, without extension.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect()
}

#[test]
fn every_target_has_a_corpus_and_a_door() {
    let own = bodies::TARGETS.iter().map(|(name, _)| *name);
    let targets: BTreeSet<String> = own.chain(SIMULATOR).map(str::to_owned).collect();
    // `replay` has recordings that a test edits and does again; no fuzzer writes there.
    let folders: BTreeSet<String> = targets.iter().cloned().chain(["replay".to_owned()]).collect();
    assert_eq!(names(&fuzz_folder("corpus")), folders, "folders of tests/fuzz/corpus");
    assert_eq!(names(&fuzz_folder("fuzz_targets")), targets, "files of tests/fuzz/fuzz_targets");
}

/// `UPDATE_GOLDEN=1` writes the seeds anew, which an intended change of a format needs.
#[test]
fn the_corpus_has_the_seeds_of_today() {
    for (name, body) in bodies::TARGETS {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for (seed, bytes) in seeds {
            let path = fuzz_folder("corpus").join(name).join(format!("seed-{seed}"));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::create_dir_all(path.parent().expect("a folder")).expect("a corpus");
                fs::write(&path, &bytes).expect("seed written");
            }
            assert_eq!(fs::read(&path).ok(), Some(bytes.clone()), "{}", path.display());
            assert!(body(&bytes), "{name} refuses its seed {seed}");
        }
    }
}

#[test]
fn the_corpus_holds() {
    for (name, _) in bodies::TARGETS {
        let folder = fuzz_folder("corpus").join(name);
        let mut verdicts = [0_u32; 2];
        for file in fs::read_dir(&folder).expect("a corpus") {
            let path = file.expect("an entry").path();
            let data = fs::read(&path).expect("a readable file");
            // Shown only when the test fails: the last one named is the one.
            println!("{}", path.display());
            verdicts[usize::from(bodies::run(name, &data))] += 1;
        }
        assert!(verdicts.iter().all(|count| *count > 0), "{name}: refused, accepted {verdicts:?}");
    }
}
