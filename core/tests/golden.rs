//! The golden script on this machine: what it computes is what every target has computed. The
//! other targets run the same module, see `tests/targets/run`.

#![cfg(all(feature = "alloc", feature = "crypto"))]

#[path = "../../tests/targets/script/src/golden/mod.rs"]
mod golden;

/// Ticks of the meshes alone: a storm, a liar and an empty battery lie within.
const MESH_TICKS: u64 = 6_000;

#[test]
fn the_report_is_the_golden_one() {
    let mut report = String::new();
    golden::report(golden::TICKS, &mut report).expect("a string takes all");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/core-digest.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &report).expect("golden file written");
    }
    let golden = std::fs::read_to_string(path).expect("golden file");
    assert_eq!(report, golden, "an intended change is renewed with UPDATE_GOLDEN=1");
}

#[test]
fn the_meshes_see_all_that_can_happen() {
    let mut hasher = blake3::Hasher::new();
    let seen = golden::mesh::watch(MESH_TICKS, &mut hasher);
    let counts = [seen.merged, seen.harmful, seen.stormy, seen.powerless, seen.banning];
    assert!(counts.iter().all(|count| *count > 10), "{seen:?}");
    assert!(seen.fragments > 10 && seen.evolved > 3, "{seen:?}");
}
