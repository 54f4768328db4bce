//! Replays the corpus of the simulator's fuzz targets, with the bodies that cargo-fuzz runs. What a
//! campaign found stays found. The core's targets are replayed by its own test of this name.

#![expect(clippy::expect_used, reason = "a seed that cannot be made should say why and stop")]

#[path = "../fuzz/meshes/mod.rs"]
mod meshes;
#[path = "../fuzz/simulator/mod.rs"]
mod simulator;

mod replay;

use std::fs;
use std::path::{Path, PathBuf};

use qres::envelope::{Envelope, Regime, Statement, simulation_key};
use qres_core::gene::{Gene, GeneId, Lineage};
use qres_core::id::{GroupId, NodeId};
use qres_core::neuron::{Form, TAPS};
use qres_core::q16::{HALF, Q16};

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name)
}

/// Bytes with a name.
type Seed = (String, Vec<u8>);

fn seeds(target: &str) -> Vec<Seed> {
    match target {
        "envelope" => envelopes(),
        "index" => indexes(),
        "models" => models(),
        "recording" => recordings(),
        "scenario" => scenarios(),
        "snapshot" => snapshots(),
        _ => Vec::new(),
    }
}

/// A linear model over four lags that has learned a little.
fn gene() -> Vec<u8> {
    let mut weights = [Q16::ZERO; TAPS];
    weights.iter_mut().zip(1..5).for_each(|(weight, tap)| *weight = Q16::from_bits(tap << 14));
    let lineage = Lineage { origin: NodeId(7), generation: 0, parent: GeneId(0) };
    Gene { group: GroupId(0), form: Form::default(), lineage, weights }.to_bytes().to_vec()
}

fn envelopes() -> Vec<Seed> {
    let regimes =
        [("calm", Regime::Calm), ("prestorm", Regime::PreStorm), ("storm", Regime::Storm)];
    let seal = |(name, regime): (&str, Regime)| {
        let statement = Statement {
            node: 7,
            modality: "wind \"speed\", m/s",
            regime,
            reputation: HALF,
            residual: Q16::ONE,
            scenario: "storm-front",
            seed: u64::MAX,
            tick: 2_000,
            swarm_size: 100,
            gene: &gene(),
        };
        let sealed = Envelope::seal(&statement, &simulation_key(1, 7)).expect("in range");
        (name.to_owned(), sealed.to_bytes().expect("JSON"))
    };
    regimes.map(seal).into()
}

fn models() -> Vec<Seed> {
    let list = |genes: &[(u32, Vec<u8>)]| {
        let mut bytes = [&[7; 32], &(genes.len() as u32).to_le_bytes()[..]].concat();
        for (id, gene) in genes {
            bytes.extend_from_slice(&id.to_le_bytes());
            bytes.extend_from_slice(&(gene.len() as u16).to_le_bytes());
            bytes.extend_from_slice(gene);
        }
        bytes
    };
    vec![
        ("none".to_owned(), list(&[])),
        ("one".to_owned(), list(&[(3, gene())])),
        ("three".to_owned(), list(&[(0, gene()), (4, Vec::new()), (1 << 30, gene())])),
    ]
}

/// Short recordings with every kind of line.
fn recordings() -> Vec<Seed> {
    let scenario = "(title: \\\"t\\\", watch_for: \\\"w\\\",\\n signals: [(modality: \\\"m\\\")])";
    let digest = "0123456789abcdef".repeat(4);
    let header = format!(
        "Header(format:1,build:\"qres 0.1.0\",rules:6,name:\"n\",seed:3,tick_ms:1000,\
         checkpoint_every:4,plan:\"0123456789abcdef\",data:[(\"a.csv\",\"{digest}\")],\
         genes:[(3,\"AQI=\")],scenario:\"{scenario}\")"
    );
    let check = |tick: u64| {
        let hashes = ["commands", "world", "radio", "nodes", "trust", "energy"];
        let hashes = hashes.map(|name| format!("{name}:\"00112233445566{tick:02x}\""));
        format!("Checkpoint(tick:{tick},{},joined:2,lanes:\"AQIDBAUG\")", hashes.join(","))
    };
    let end = format!("End(tick:5,digest:\"{digest}\")");
    let notes = [
        "Note(tick:2,note:Reached)",
        "Note(tick:2,note:Paused(true))",
        "Note(tick:2,note:Speed(4000))",
        "Note(tick:3,note:Camera(name:\"c\",eye_mm:(1,2,3),target_mm:(4,-5,6)))",
        "Note(tick:3,note:Bookmark(\"b // 1\"))",
        "Board(tick:4,node:1,bytes:\"00ff\")",
    ];
    let commands = [
        "Command(tick:0,command:Kill(nodes:\"1\"))",
        "Command(tick:2,command:Cut(links:Across([(1,2),(-3,4)])))",
        "Command(tick:2,command:SetAttack(nodes:\"0-1\",attack:Some(SignFlip(scale:3.0)),\
         collude:true,claim_storm:false))",
    ];
    let (start, last) = (check(0), check(4));
    let table: [(&str, Vec<&str>); 4] = [
        ("header", vec![&header]),
        ("plain", vec![&header, &start, &last, &end]),
        ("commands", [&[&*header, &start], &commands[..], &[&*last, &end]].concat()),
        ("notes", [&[&*header, &start], &notes[..], &[&*last, &end]].concat()),
    ];
    let seed = |(name, lines): (&str, Vec<&str>)| {
        (name.to_owned(), qres::record::recording::seal(&lines.join("\n")).into_bytes())
    };
    table.map(seed).into()
}

/// Short texts with most kinds of value: numbers, names, lists, variants with and without fields.
fn scenarios() -> Vec<Seed> {
    let some = "nodes: (count: 16), signals: [(modality: \"m\")]";
    let text = |rest: &str| format!("(title: \"t\", watch_for: \"w\", {some}, {rest})");
    let texts = [
        ("smallest", text("")),
        ("parts", text("radio: (profile: LongRange), energy: (sun: Day())")),
        ("rules", text("protocol: (lags: [2, 9], aggregation: Krum(faulty: 1), wire: Bfp16)")),
        (
            "storm",
            text(
                "storms: [(from_tick: 1, to_tick: 9, path: [(tick: 1, x_mm: -2, z_mm: 3)], \
                 radius_mm: 4, spectrum: Tone(period_samples: 5))] /* a remark */",
            ),
        ),
    ];
    texts.map(|(name, text)| (name.to_owned(), text.into_bytes())).into()
}

/// Each mesh in mid-run, behind the byte that chooses it.
fn snapshots() -> Vec<Seed> {
    let seed = |(place, (name, _)): (usize, &(&str, &str))| {
        let mut mesh = meshes::mesh(place);
        while mesh.ticks() < 130 {
            mesh.step();
        }
        ((*name).to_owned(), [&[place as u8], &mesh.snapshot()[..]].concat())
    };
    meshes::MESHES.iter().enumerate().map(seed).collect()
}

/// The entries of an index: none, one, and three.
fn indexes() -> Vec<Seed> {
    let entries = |ticks: &[u64]| {
        let mut mesh = meshes::mesh(0);
        let mut bytes = Vec::new();
        for tick in ticks {
            while mesh.ticks() < *tick {
                mesh.step();
            }
            let whole = mesh.snapshot();
            let packed = lz4_flex::block::compress(&whole);
            let sizes = [whole.len() as u32, packed.len() as u32].map(u32::to_le_bytes).concat();
            let head = [&tick.to_le_bytes()[..], &sizes].concat();
            let sum = *blake3::Hasher::new().update(&head).update(&packed).finalize().as_bytes();
            bytes.extend([&head[..], &sum, &packed].concat());
        }
        bytes
    };
    vec![("one".to_owned(), entries(&[60])), ("three".to_owned(), entries(&[1, 2, 3]))]
}

/// All targets.
fn targets() -> impl Iterator<Item = &'static simulator::Target> {
    simulator::TARGETS.iter().chain(meshes::TARGETS)
}

/// `UPDATE_GOLDEN=1` writes the seeds anew, which an intended change of a format needs.
#[test]
fn the_corpus_has_the_seeds_of_today() {
    for (name, body) in targets() {
        for (seed, bytes) in seeds(name) {
            let path = corpus(name).join(format!("seed-{seed}"));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::create_dir_all(path.parent().expect("a folder")).expect("a corpus");
                fs::write(&path, &bytes).expect("seed written");
            }
            assert!(fs::read(&path).is_ok_and(|there| there == bytes), "{}", path.display());
            assert!(body(&bytes), "{name} refuses its seed {seed}");
        }
    }
}

#[test]
fn the_corpus_holds() {
    for (name, _) in targets() {
        let mut verdicts = [0_u32; 2];
        for file in fs::read_dir(corpus(name)).expect("a corpus") {
            let path = file.expect("an entry").path();
            let data = fs::read(&path).expect("a readable file");
            // Shown only when the test fails: the last one named is the one.
            println!("{}", path.display());
            let accepted = simulator::run(name, &data) || meshes::run(name, &data);
            verdicts[usize::from(accepted)] += 1;
        }
        assert!(verdicts.iter().all(|count| *count > 0), "{name}: refused, accepted {verdicts:?}");
    }
}
