//! Recordings that decode, done again: a few ticks of a few nodes. It needs a mesh, which the
//! workspace of cargo-fuzz leaves out, so it has a loop of its own: nothing may hang or panic.

use std::fs;
use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qres::mesh::Mesh;
use qres::mesh::boards::BoardInput;
use qres::mesh::plan::Plan;
use qres::record::recording::text::format::Hash;
use qres::record::recording::{
    Header, Note, Recorder, RecorderOptions, Recording, Store, decode, seal,
};
use qres::scenario::{Command, Realm, Scenario};
use qres::world::dataset;
use qres_core::id::NodeId;

use super::{Seed, corpus};

/// Nodes of a run that is done again.
const NODES_MAX: u64 = 24;
/// Ticks of it.
const TICKS_MAX: u64 = 16;
/// Damaged recordings that are tried, unless the environment asks for more.
const CASES: u64 = 160;

/// Does a recording again that is no larger than can be; says whether it is as it was.
fn replay(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(read) = decode("fuzz.ron", &mut Cursor::new(seal(text))) else { return false };
    let Ok(scenario) = read.scenario() else { return false };
    let mut all = scenario.clone();
    all.commands.extend(read.commands.iter().cloned());
    if Realm::of(&all).nodes > NODES_MAX || !dataset::needed(&scenario).is_empty() {
        return false;
    }
    let (one, two) = (run(&read, &scenario, 1), run(&read, &scenario, 2));
    assert_eq!(one, two, "threads decide nothing");
    one.is_ok_and(|(checked, _)| checked > 0)
}

/// Checkpoints that agreed and the digest, or why it is not done, or is another run.
fn run(read: &Recording, scenario: &Scenario, threads: usize) -> Result<(u64, String), String> {
    let plan = read.plan(scenario, Path::new(".")).map_err(|why| why.to_string())?;
    let mut mesh = Mesh::new(plan, threads);
    read.vouch(&mesh).map_err(|why| why.to_string())?;
    let mut checked = 0;
    loop {
        checked += u64::from(read.verify(&mut mesh).map_err(|why| why.to_string())?);
        if mesh.ticks() >= read.ticks().min(TICKS_MAX) {
            return Ok((checked, mesh.digest().to_string()));
        }
        mesh.step();
    }
}

/// Where a seed is written.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Store for Memory {
    fn keep(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Short runs with commands, a board and late nodes. Their digests are those of these rules.
pub fn seeds() -> Vec<Seed> {
    let text = |rest: &str| {
        format!("(title: \"t\", watch_for: \"w\", signals: [(modality: \"m\")], {rest})")
    };
    let kill = |nodes: &str| Command::Kill { nodes: nodes.to_owned() };
    let drain = Command::Drain { nodes: "0-5".to_owned(), percent: 40 };
    let rows: [(&str, String, Vec<(u64, Command)>, bool); 3] = [
        ("plain", text("nodes: (count: 6)"), Vec::new(), false),
        ("commands", text("nodes: (count: 9)"), vec![(3, kill("4")), (5, drain)], false),
        ("board", text("nodes: (count: 5)"), vec![(2, kill("1"))], true),
    ];
    let made = |(name, text, commands, board): (&str, String, Vec<(u64, Command)>, bool)| {
        (name.to_owned(), recorded(&text, &commands, board))
    };
    rows.map(made).into()
}

fn recorded(text: &str, commands: &[(u64, Command)], board: bool) -> Vec<u8> {
    let scenario = Scenario::parse("t.ron", text).expect("a scenario");
    let plan = Plan::new(&scenario, 7, &Vec::new()).expect("a plan");
    let mut mesh = Mesh::new(plan, 1);
    let options =
        RecorderOptions { scenario: text.to_owned(), checkpoint_every: 4, ..Default::default() };
    // What differs from build to build is no part of a seed.
    let header = Header {
        build: "qres 0.1.0".to_owned(),
        plan: Hash([0; 8]),
        ..Header::new(options, &mesh)
    };
    let (memory, never) = (Memory::default(), Duration::from_secs(1 << 20));
    let begun = Recorder::begin(Path::new("t.ron"), memory.clone(), header, &mut mesh, never);
    let mut recorder = begun.expect("begun");
    recorder.note(Note::Mark(2, "here".to_owned()));
    mesh.keep_boards();
    for tick in 0..12 {
        for (_, command) in commands.iter().filter(|(at, _)| *at == tick) {
            mesh.command(command.clone()).expect("taken");
        }
        if board && tick == 6 {
            mesh.board(NodeId(3), &BoardInput::Missed).expect("taken");
        }
        mesh.step();
        recorder.tick(&mut mesh);
    }
    assert_eq!(recorder.finish(&mut mesh).status.trouble, None);
    let written = memory.0.lock().expect("no panic");
    written.clone()
}

#[test]
fn what_was_recorded_is_done_again() {
    for (seed, bytes) in seeds() {
        let path = corpus("replay").join(format!("seed-{seed}"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a corpus");
            fs::write(&path, &bytes).expect("seed written");
        }
        let there = fs::read(&path).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&there), String::from_utf8_lossy(&bytes), "{seed}");
        assert!(replay(&bytes), "{seed}");
    }
    for target in ["replay", "recording"] {
        for file in fs::read_dir(corpus(target)).expect("a corpus") {
            let path = file.expect("an entry").path();
            println!("{}", path.display());
            replay(&fs::read(&path).expect("a readable file"));
        }
    }
}

/// Numbers drawn one after the other: the generator of Steele, Lea and Flood (2014), with theirs.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % (end.max(1) as u64)) as usize
    }
}

/// What numbers become.
const NUMBERS: [&str; 12] =
    ["0", "1", "2", "3", "5", "7", "16", "24", "255", "1000000000", "18446744073709551615", "-1"];

/// A line with one of its numbers changed, or a hexadecimal digit of it.
fn changed(line: &str, draw: &mut Draw) -> String {
    let is_digit = |at: &usize| line.as_bytes()[*at].is_ascii_digit();
    let places: Vec<usize> = (0..line.len()).filter(is_digit).collect();
    let Some(start) = places.get(draw.below(places.len())).copied() else {
        return line.to_owned();
    };
    let digits = line[start..].bytes().take_while(u8::is_ascii_digit).count();
    let number = NUMBERS[draw.below(NUMBERS.len())];
    [&line[..start], number, &line[start + digits..]].concat()
}

#[test]
fn what_was_edited_is_refused_or_done_and_never_panics() {
    let sources: Vec<Vec<String>> = ["replay", "recording"]
        .into_iter()
        .flat_map(|target| {
            let mut files: Vec<_> =
                fs::read_dir(corpus(target)).expect("a corpus").flatten().collect();
            files.sort_by_key(fs::DirEntry::file_name);
            files
        })
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .map(|text| text.lines().map(str::to_owned).collect())
        .filter(|lines: &Vec<String>| !lines.is_empty())
        .collect();
    let cases = std::env::var("QRES_FUZZ_CASES").ok().and_then(|text| text.parse().ok());
    let mut verdicts = [0_u32; 2];
    for case in 0..cases.unwrap_or(CASES) {
        let mut draw = Draw(case << 32);
        // Most begin with one that can be done again.
        let mut lines = sources[draw.below(sources.len()).min(draw.below(sources.len()))].clone();
        for _ in 0..=draw.below(3) {
            let at = draw.below(lines.len());
            let from = &sources[draw.below(sources.len())];
            let line = from[draw.below(from.len())].clone();
            match draw.below(5) {
                0 | 1 if !lines.is_empty() => lines[at] = changed(&lines[at], &mut draw),
                2 if lines.len() > 1 => drop(lines.remove(at)),
                3 if !lines.is_empty() => lines.insert(at, lines[at].clone()),
                _ => lines.insert(at, line),
            }
        }
        let text = lines.join("\n");
        // Shown only when the test fails: the last one is the one.
        println!("case {case}:\n{text}");
        verdicts[usize::from(replay(text.as_bytes()))] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 0), "refused, accepted {verdicts:?}");
}
