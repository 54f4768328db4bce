//! Tests of kept models: what a crash, a flipped bit and a foreign file do to them.

use std::fs;

use proptest::prelude::*;

use super::genes::encode as encode_genes;
use super::*;
use crate::scenario::{Layout, Scenario};

const WHO: Identity = [7; 32];

/// A folder of this test's own, not there yet.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("qres-memory-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    path
}

fn genes(number: u8) -> Vec<(NodeId, Vec<u8>)> {
    (0..5_u8).map(|id| (NodeId(u32::from(id) * 3), vec![number; usize::from(id) + 1])).collect()
}

fn save(memory: &Memory, number: u8) -> Result<u32, MemoryError> {
    let genes = genes(number);
    memory.save(genes.iter().map(|(id, gene)| (*id, gene.as_slice())))
}

fn load(memory: &Memory) -> Kept {
    memory.load().expect("one whole slot")
}

#[test]
fn slots_take_turns_and_the_newest_loads() {
    let folder = folder("turns").join("deep");
    let memory = Memory::new(&folder, "scenarios/storm.ron", WHO);
    assert_eq!(load(&memory), Kept::default(), "the folder is made");
    for number in 1..=5 {
        assert_eq!(save(&memory, number), Ok(u32::from(number)));
        let kept = load(&memory);
        assert_eq!((kept.generation, kept.genes), (u32::from(number), genes(number)));
    }
    let mut names: Vec<_> =
        fs::read_dir(&folder).expect("made").map(|f| f.expect("listed").file_name()).collect();
    names.sort();
    assert_eq!(names, ["storm-0707070707070707.a.qgene", "storm-0707070707070707.b.qgene"]);
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn damage_at_any_byte_falls_back_and_is_told() {
    let folder = folder("damage");
    let memory = Memory::new(&folder, "x", WHO);
    load(&memory);
    save(&memory, 1).expect("written");
    save(&memory, 2).expect("written");
    let newest = &memory.slots[1];
    let whole = fs::read(newest).expect("there");
    for cut in 0..whole.len() {
        fs::write(newest, &whole[..cut]).expect("written");
        let kept = load(&memory);
        assert_eq!((kept.generation, &kept.genes), (1, &genes(1)), "cut at {cut}");
        assert_eq!(kept.damaged.map(|(path, _)| path).as_ref(), Some(newest));
        let mut flipped = whole.clone();
        flipped[cut] ^= 0x10;
        fs::write(newest, &flipped).expect("written");
        assert_eq!(load(&memory).genes, genes(1), "flipped at {cut}");
    }
    // The damaged slot is the one that the next save takes.
    assert_eq!(save(&memory, 3), Ok(2));
    assert_eq!(load(&memory).damaged, None);
    assert_eq!(load(&memory).genes, genes(3));
    for path in &memory.slots {
        fs::write(path, b"QST").expect("written");
    }
    let error = memory.load().expect_err("nothing is whole").to_string();
    for part in [".a.qgene", ".b.qgene", "cut off", "remove them to start afresh"] {
        assert!(error.contains(part), "{error}");
    }
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_crash_before_the_rename_changes_nothing() {
    let folder = folder("crash");
    let memory = Memory::new(&folder, "x", WHO);
    load(&memory);
    save(&memory, 1).expect("written");
    fs::write(memory.slots[1].with_extension("new"), b"QST\x01half").expect("written");
    assert_eq!(load(&memory).genes, genes(1));
    assert_eq!(save(&memory, 2), Ok(2));
    assert_eq!(load(&memory).genes, genes(2));
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn folders_and_slots_that_cannot_be_are_told() {
    let folder = folder("blocked");
    fs::write(&folder, b"a file").expect("written");
    let memory = Memory::new(&folder, "x", WHO);
    assert!(matches!(memory.load(), Err(MemoryError::Folder(..))));
    assert!(matches!(save(&memory, 1), Err(MemoryError::Write(..))));
    fs::remove_file(&folder).expect("removed");
    load(&memory);
    fs::create_dir(&memory.slots[0]).expect("made");
    let error = memory.load().expect_err("no slot").to_string();
    assert!(error.contains("a.qgene: is not a file") || error.contains("directory"), "{error}");
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn one_run_at_a_time_has_the_slots() {
    let folder = folder("lock");
    let memory = Memory::new(&folder, "x", WHO);
    let first = memory.lock().expect("free");
    let error = memory.lock().expect_err("taken").to_string();
    assert!(error.contains(".lock: another run keeps its models here"), "{error}");
    assert!(Memory::new(&folder, "x", [8; 32]).lock().is_ok(), "of another scenario");
    drop(first);
    assert!(memory.lock().is_ok());
    fs::remove_file(&memory.lock).expect("removed");
    fs::create_dir(&memory.lock).expect("made");
    assert!(matches!(memory.lock(), Err(MemoryError::Folder(..))));
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn models_of_another_scenario_are_not_taken() {
    let folder = folder("other");
    let ours = Memory::new(&folder, "x", WHO);
    load(&ours);
    save(&ours, 1).expect("written");
    let theirs = Memory::new(&folder, "x", [8; 32]);
    assert_eq!(load(&theirs), Kept::default());
    fs::copy(&ours.slots[0], &theirs.slots[0]).expect("copied");
    let error = theirs.load().expect_err("foreign").to_string();
    assert!(error.contains("another title, layout or modalities"), "{error}");
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn identity_is_title_layout_and_modalities() {
    let scenario =
        || -> Scenario { crate::scenario::resolve("storm-front").expect("embedded").scenario };
    let own = identity(&scenario());
    let changed = |change: fn(&mut Scenario)| {
        let mut scenario = scenario();
        change(&mut scenario);
        identity(&scenario)
    };
    assert_eq!(changed(|s| s.seed += 1), own);
    assert_eq!(changed(|s| s.storms.clear()), own);
    assert_ne!(changed(|s| s.title.push('x')), own);
    assert_ne!(changed(|s| s.nodes.count = Some(64)), own);
    assert_ne!(changed(|s| s.nodes.layout = Layout::Sphere { radius_mm: 9 }), own);
    assert_ne!(changed(|s| s.signals[0].modality.push('x')), own);
}

#[test]
fn genes_are_ordered_and_bounded() {
    let id = NodeId;
    let encode = |list: &[(NodeId, &[u8])]| encode_genes(&WHO, list.iter().copied());
    assert_eq!(encode(&[(id(2), b"a"), (id(2), b"b")]), Err(GenesError::Order));
    assert_eq!(encode(&[(id(2), &[0; 1025])]), Err(GenesError::TooLong));
    let bytes = encode(&[(id(2), b"ab"), (id(9), b"")]).expect("in order");
    let expected =
        [[7; 32].as_slice(), &[2, 0, 0, 0, 2, 0, 0, 0, 2, 0, b'a', b'b', 9, 0, 0, 0, 0, 0]];
    assert_eq!(bytes, expected.concat());
    assert_eq!(decode(&WHO, &bytes), Ok(vec![(id(2), &b"ab"[..]), (id(9), &b""[..])]));
    assert_eq!(decode(&[0; 32], &bytes), Err(GenesError::OtherScenario));
    for cut in 0..bytes.len() {
        assert_eq!(decode(&WHO, &bytes[..cut]), Err(GenesError::Length), "{cut}");
    }
}

proptest! {
    #[test]
    fn arbitrary_lists_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let bytes = [WHO.as_slice(), &bytes].concat();
        let _ = decode(&WHO, &bytes);
    }
}
