//! What is recorded comes back, whatever happens to the file is told of, and nothing that happens
//! to the disk stops a run.

mod damage;
mod rerun;
mod writing;

use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::text::format::{Hex, Record};
use super::text::line::{self, Sum};
use super::*;
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::record::tests::Shared;
use crate::scenario::{Command, Scenario};

/// Lines of a file.
fn lines_in(bytes: &[u8]) -> usize {
    String::from_utf8_lossy(bytes).matches('\n').count()
}

impl Store for Shared {
    fn keep(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// So rarely that a test never sees it.
const NEVER: Duration = Duration::from_secs(1 << 20);

/// A few nodes, with a comment in the text, and a command of the scenario's own.
const SMALL: &str = r#"// A remark; "quoted", é.
(title: "t", watch_for: "w", seed: 3, nodes: (count: 6), signals: [(modality: "a")],
 twt: (calm_ms: 4000, prestorm_ms: 3000, storm_ms: 2000, storm_window_ms: 1000),
 commands: [(at_tick: 5, command: Drain(nodes: "2", percent: 10))])"#;

fn mesh_of(text: &str, seed: Option<u64>) -> Mesh {
    let scenario = Scenario::parse("t", text).unwrap_or_else(|problem| panic!("{problem:#}"));
    let seed = seed.unwrap_or(scenario.seed);
    Mesh::new(Plan::new(&scenario, seed, &Vec::new()).expect("a plan"), 1)
}

fn header_of(text: &str, mesh: &Mesh, every: u64) -> Header {
    let options = RecorderOptions {
        name: "t".to_owned(),
        scenario: text.to_owned(),
        data: Vec::new(),
        checkpoint_every: every,
    };
    Header::new(options, mesh)
}

fn recorder(text: &str, mesh: &mut Mesh, every: u64) -> (Recorder, Shared) {
    let (file, header) = (Shared::default(), header_of(text, mesh, every));
    let begun = Recorder::begin(Path::new("t.ron"), file.clone(), header, mesh, NEVER);
    (begun.expect("begun"), file)
}

/// A recording of so many ticks; `given` acts before each.
fn record(text: &str, ticks: u64, every: u64, mut given: impl FnMut(u64, &mut Mesh)) -> Vec<u8> {
    let mut mesh = mesh_of(text, None);
    let (mut recorder, file) = recorder(text, &mut mesh, every);
    for tick in 0..ticks {
        given(tick, &mut mesh);
        mesh.step();
        recorder.tick(&mut mesh);
    }
    let finished = recorder.finish(&mut mesh);
    assert_eq!(finished.status.trouble, None);
    assert_eq!(finished.status.bytes, file.bytes().len() as u64);
    file.bytes()
}

fn decoded(bytes: &[u8]) -> Result<Recording, RecordingError> {
    decode("t.ron", &mut Cursor::new(bytes))
}

/// The mesh that does it again, at its start.
fn again(recording: &Recording, threads: usize) -> Mesh {
    let scenario = recording.scenario().expect("a scenario");
    Mesh::new(recording.plan(&scenario, Path::new(".")).expect("a plan"), threads)
}

/// Runs it again; returns the checkpoints that agreed.
fn replayed(recording: &Recording, threads: usize) -> Result<u64, Box<Difference>> {
    let mut mesh = again(recording, threads);
    let mut agreed = u64::from(recording.verify(&mut mesh)?);
    while mesh.ticks() < recording.ticks() {
        mesh.step();
        agreed += u64::from(recording.verify(&mut mesh)?);
    }
    Ok(agreed)
}

fn drain(node: u32) -> Command {
    Command::Drain { nodes: node.to_string(), percent: 3 }
}

/// Lines from records, with right checksums.
fn sealed(records: &[Record]) -> Vec<u8> {
    let mut sum = Sum::default();
    let lines = records.iter().map(|record| line::write(record, &mut sum).expect("written"));
    lines.collect::<String>().into_bytes()
}

/// The records of a file, with right checksums.
fn opened(bytes: &[u8]) -> Vec<Record> {
    let mut sum = Sum::default();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let line = |line: &[u8]| line::read(line.strip_suffix(b"\n").expect("whole"), &mut sum);
    lines.map(line).collect::<Result<_, _>>().expect("in order")
}

#[test]
fn every_kind_of_line_comes_back() {
    let bytes = record(SMALL, 9, 4, |tick, mesh| {
        if tick == 3 {
            mesh.command(drain(1)).expect("taken");
        }
    });
    let mut records = opened(&bytes);
    let camera = crate::scenario::Camera {
        name: "a \"b\"\n// c".to_owned(),
        eye_mm: [-1, i64::MIN, 3],
        target_mm: [4, 5, i64::MAX],
    };
    let notes = [
        Note::Reached,
        Note::Paused(true),
        Note::Speed(u32::MAX),
        Note::Camera(camera),
        Note::Bookmark("\u{feff}\u{2028}\r\n\t\\ // 12345678".to_owned()),
        Note::Text(String::new()),
        Note::Home,
        Note::Layout("as placed".to_owned()),
        Note::Mark(3, "before".to_owned()),
        Note::Mark(12, "after all of it".to_owned()),
        Note::Unmark(4),
    ];
    let end = records.pop().expect("an end");
    for note in notes {
        records.push(Record::Note(Remark { tick: 9, note }));
    }
    records.push(Record::Board(Board { tick: 9, node: 4, bytes: Hex(vec![0, 255, 16]) }));
    records.push(end);
    let file = sealed(&records);
    assert_eq!(opened(&file), records);
    let recording = decoded(&file).expect("in order");
    assert_eq!((recording.notes.len(), recording.boards.len()), (11, 1));
    assert_eq!(recording.lines, records.len() as u64);
    assert_eq!(recording.header.scenario, SMALL);
    let marks: Vec<u64> = recording.bookmarks().into_keys().collect();
    assert_eq!((marks, recording.title()), (vec![3, 9], None));
    assert_eq!(recording.warning(), None);
    // One line for each, and each of them text that RON knows.
    let text = String::from_utf8(file).expect("text");
    assert_eq!(text.lines().count(), records.len());
    let scenario = recording.scenario().expect("a scenario");
    let why = recording.plan(&scenario, Path::new(".")).expect_err("boards");
    let line = records.len() as u64 - 1;
    assert_eq!(why, ReplayError::Boards(line, 9, 4));
}

#[test]
fn what_a_file_of_format_1_looks_like() {
    let bytes = record(SMALL, 5, 2, |tick, mesh| {
        if tick == 3 {
            mesh.command(drain(1)).expect("taken");
        }
    });
    let text = String::from_utf8(bytes).expect("text");
    let heads: Vec<&str> = text.lines().map(|line| &line[..line.len().min(19)]).collect();
    let expected = [
        "Header(format:1,bui",
        "Checkpoint(tick:0,c",
        "Checkpoint(tick:2,c",
        "Command(tick:3,comm",
        "Checkpoint(tick:4,c",
        "Checkpoint(tick:5,c",
        "End(tick:5,digest:\"",
    ];
    assert_eq!(heads, expected);
    let command = text.lines().nth(3).expect("a command");
    let (record, sum) = command.split_at(command.len() - 12);
    assert_eq!(record, "Command(tick:3,command:Drain(nodes:\"1\",percent:3))");
    assert!(sum.starts_with(" // "));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn any_text_comes_back(text in "\\PC*|[\\x00-\\x7f]*", more in proptest::char::any()) {
        let text = format!("{text}{more}");
        let note = Record::Note(Remark { tick: 1, note: Note::Text(text) });
        let file = sealed(std::slice::from_ref(&note));
        proptest::prop_assert_eq!(lines_in(&file), 1);
        proptest::prop_assert_eq!(opened(&file), [note]);
    }

    #[test]
    fn any_bytes_are_no_reason_to_panic(bytes in proptest::collection::vec(0_u8.., 0..300)) {
        let header = b"Header(".iter().chain(&bytes).copied().collect::<Vec<u8>>();
        for bytes in [bytes, header] {
            let refused = decoded(&bytes).expect_err("no recording");
            proptest::prop_assert!(refused.to_string().len() > 10);
        }
    }
}
