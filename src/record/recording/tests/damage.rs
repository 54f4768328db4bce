//! A file that is not as it was written: cut, flipped, mixed up, edited.

use super::*;
use crate::record::recording::text::format::Hash256;

/// A short recording with a command, a note and an end.
fn small() -> Vec<u8> {
    let mut mesh = mesh_of(SMALL, None);
    let (mut recorder, file) = recorder(SMALL, &mut mesh, 3);
    for tick in 0..8 {
        if tick == 4 {
            mesh.command(drain(1)).expect("taken");
            let camera = crate::scenario::Camera {
                name: String::new(),
                eye_mm: [1, 2, 3],
                target_mm: [-4, 5, 6],
            };
            for note in [
                Note::Text("here".to_owned()),
                Note::Mark(2, "there".to_owned()),
                Note::Unmark(1),
                Note::Camera(camera),
                Note::Home,
                Note::Layout("grid".to_owned()),
                Note::Speed(500),
                Note::Paused(true),
            ] {
                recorder.note(note);
            }
        }
        mesh.step();
        recorder.tick(&mut mesh);
    }
    recorder.finish(&mut mesh);
    file.bytes()
}

/// Whether one is a beginning of the other.
fn begins(part: &Recording, whole: &Recording) -> bool {
    part.header == whole.header
        && whole.commands.starts_with(&part.commands)
        && whole.checkpoints.starts_with(&part.checkpoints)
        && whole.notes.starts_with(&part.notes)
        && (part.end.is_none() || part.end == whole.end)
}

#[test]
fn cut_at_any_byte_a_beginning_is_left() {
    let bytes = small();
    let whole = decoded(&bytes).expect("in order");
    let starts: Vec<usize> = std::iter::once(0)
        .chain(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1))
        .collect();
    for length in 0..bytes.len() {
        let left = &bytes[..length];
        match decoded(left) {
            Err(why) => {
                assert!(length < starts[1] - 1, "{length}: {why}");
                let what = if length == 0 { "is empty" } else { "inside its header" };
                assert!(why.to_string().contains(what), "{length}: {why}");
            }
            Ok(part) => {
                assert!(begins(&part, &whole), "{length}");
                // The last line is there as soon as its last digit is.
                let lines = starts.iter().skip(1).filter(|start| **start - 1 <= length).count();
                assert_eq!(part.lines, lines as u64, "{length}");
                let cut = starts.contains(&length) || starts.contains(&(length + 1));
                assert_eq!(part.cut.is_none(), cut, "{length}");
                assert_eq!(part.warning().is_none(), length == bytes.len() - 1, "{length}");
            }
        }
    }
    // What is left can be replayed: here, all before the end.
    let part = decoded(&bytes[..starts[starts.len() - 2]]).expect("a beginning");
    assert_eq!((part.end.as_ref(), part.ticks()), (None, 8));
    assert_eq!(replayed(&part, 1), Ok(4));
    assert_eq!(replayed(&whole, 1), Ok(4));
}

#[test]
fn no_flipped_bit_goes_unseen() {
    let bytes = small();
    let whole = decoded(&bytes).expect("in order");
    let line_of = |at: usize| 1 + lines_in(&bytes[..at]) as u64;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[at] ^= 1 << bit;
            match decoded(&other) {
                Err(why) => {
                    let told = why.line == line_of(at) || (why.line == 0 && line_of(at) == 1);
                    assert!(told, "byte {at}, bit {bit}: {why}");
                }
                // The last line break is no longer one: the end is left out, and that is told.
                Ok(part) => {
                    assert_eq!(at, bytes.len() - 1, "bit {bit}");
                    assert!(begins(&part, &whole) && part.end.is_none() && part.cut.is_some());
                }
            }
        }
    }
}

#[test]
fn lines_out_of_their_order_are_named() {
    let bytes = small();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let file = |places: &[usize]| places.iter().flat_map(|at| lines[*at].to_vec()).collect();
    let order: Vec<usize> = (0..lines.len()).collect();
    let mut tried = 0;
    for (one, other) in order.iter().flat_map(|one| order.iter().map(move |other| (*one, *other))) {
        let mut swapped = order.clone();
        swapped.swap(one, other);
        let mut doubled = order.clone();
        doubled.insert(other, one);
        let mut dropped = order.clone();
        dropped.remove(one);
        for places in [swapped, doubled, dropped] {
            let first = order.iter().zip(&places).position(|(wanted, there)| wanted != there);
            let bytes: Vec<u8> = file(&places);
            let Some(first) = first else {
                // The whole file, its last line twice, or all but its last line.
                let found = decoded(&bytes).map(|found| found.lines);
                assert!(found == Ok(places.len() as u64) || places.len() > lines.len());
                continue;
            };
            tried += 1;
            let why = decoded(&bytes).expect_err("out of order");
            let expected = if first == 0 { 0 } else { first as u64 + 1 };
            assert_eq!(why.line, expected, "{places:?}: {why}");
        }
    }
    assert!(tried > 100);
}

/// What the reader says of records whose checksums are right.
fn refusal(records: &[Record]) -> String {
    decoded(&sealed(records)).expect_err("refused").to_string()
}

#[test]
fn right_checksums_do_not_make_sense_of_it() {
    let records = opened(&small());
    let at =
        |records: &[Record], is: fn(&Record) -> bool| records.iter().position(is).expect("one");
    let end = at(&records, |record| matches!(record, Record::End(_)));
    let check = at(&records, |record| matches!(record, Record::Checkpoint(_)));
    let mut table: Vec<(Vec<Record>, &str)> = Vec::new();
    let edited = |change: &dyn Fn(&mut Vec<Record>)| {
        let mut records = records.clone();
        change(&mut records);
        records
    };
    table.push((edited(&|records| records.push(records[0].clone())), "a second header"));
    table.push((edited(&|records| records.push(records[end].clone())), "after the end"));
    table.push((edited(&|records| records.swap(check, end - 1)), "after tick"));
    table.push((
        edited(&|records| records.insert(check, records[check].clone())),
        "a second checkpoint of tick 0",
    ));
    table.push((
        edited(&|records| {
            if let Record::Checkpoint(checkpoint) = &mut records[check] {
                checkpoint.lanes.0.pop();
            }
        }),
        "too few lanes",
    ));
    let late = |records: &mut Vec<Record>| {
        if let Record::End(end) = &mut records[end] {
            end.tick = 1_000_000_001;
        }
    };
    table.push((edited(&late), "a run has at most 1000000000"));
    let far = |records: &mut Vec<Record>| {
        if let Record::End(end) = &mut records[end] {
            end.tick = 1_000_000_000;
        }
    };
    table.push((edited(&far), "tick 1000000000, and the checkpoint before it is of tick 8"));
    let bare = |records: &mut Vec<Record>| {
        records.retain(|record| !matches!(record, Record::Checkpoint(_)));
    };
    table.push((edited(&bare), "an end, and no checkpoint before it"));
    let gap = |records: &mut Vec<Record>| {
        let inner = |checkpoint: &Checkpoint| [3, 6].contains(&checkpoint.tick);
        records.retain(|record| !matches!(record, Record::Checkpoint(at) if inner(at)));
    };
    table.push((edited(&gap), "there is one every 3 ticks, so either lines are missing"));
    for (records, expected) in table {
        let said = refusal(&records);
        assert!(said.contains(expected), "no `{expected}` in: {said}");
    }
    let mut foreign = records.clone();
    if let Record::Header(header) = &mut foreign[0] {
        (header.format, header.build) = (2, "qres 9.1.4".to_owned());
    }
    let said = refusal(&foreign);
    assert!(said.contains("of format 2") && said.contains("replay it with qres 9.1.4"), "{said}");
}

#[test]
fn line_breaks_of_windows_and_a_byte_order_mark_change_nothing() {
    let bytes = small();
    let whole = decoded(&bytes).expect("in order");
    let text = String::from_utf8(bytes).expect("text");
    let sent = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(decoded(sent.as_bytes()), Ok(whole.clone()));
    let path = std::env::temp_dir().join(format!("qres-marked-{}.ron", std::process::id()));
    std::fs::write(&path, &sent).expect("written");
    assert!(is_recording(&path));
    std::fs::remove_file(&path).expect("gone");
    // Cut and damaged ones are told as they would be without.
    let part = decoded(&sent.as_bytes()[..sent.len() - 1]).expect("a beginning");
    assert!(part.end.is_none() && part.cut.is_some());
    let why = decoded(sent.replacen("tick:3", "tick:2", 1).as_bytes()).expect_err("edited");
    assert!(matches!(why.what, Trouble::Sum(..)) && why.line > 1, "{why}");
    let said = decoded("\u{feff}Header(".as_bytes()).expect_err("cut").to_string();
    assert!(said.contains("inside its header"), "{said}");
}

#[test]
fn a_later_format_is_named_whatever_its_header_holds() {
    let text = "Header(format:7,build:\"qres 3.0.0\",since:[1,2],rules:\"many\")";
    let mut sum = Sum::default();
    sum.add(text.as_bytes());
    let file = format!("{text} // {}\n", sum.digits());
    let said = decoded(file.as_bytes()).expect_err("refused").to_string();
    assert!(said.contains("of format 7, written by qres 3.0.0"), "{said}");
    let said = decoded(b"(title: \"a scenario\")\n").expect_err("refused").to_string();
    assert!(said.contains("is no recording"), "{said}");
}

#[test]
fn an_edited_header_shows_at_the_first_checkpoint() {
    type Change = fn(&mut Header);
    let table: [(&str, Change); 3] = [
        ("another seed", |header| header.seed += 1),
        ("another node", |header| {
            header.scenario = header.scenario.replace("count: 6", "count: 7");
        }),
        ("another command", |header| {
            header.scenario = header.scenario.replace("percent: 10", "percent: 11");
        }),
    ];
    for (name, change) in table {
        let mut records = opened(&small());
        let Record::Header(header) = &mut records[0] else { panic!("a header") };
        change(header);
        let recording = decoded(&sealed(&records)).expect("in order");
        assert!(!recording.is_of(&again(&recording, 1)), "{name}");
        let difference = replayed(&recording, 1).expect_err(name);
        assert!(difference.edited && difference.tick <= 6, "{name}: {difference}");
        assert!(difference.to_string().contains("are not those that were recorded"));
    }
}

#[test]
fn without_a_checkpoint_nothing_far_or_foreign_is_believed() {
    let header = opened(&small()).swap_remove(0);
    let scenario = Scenario::parse("t", SMALL).expect("a scenario");
    let said = |tick: u64, other_seed: bool, command: bool| {
        let mut records = vec![header.clone()];
        if let Record::Header(header) = &mut records[0] {
            header.seed += u64::from(other_seed);
        }
        records.push(if command {
            Record::Command { tick, command: drain(1) }
        } else {
            Record::Note(Remark { tick, note: Note::Reached })
        });
        let recording = decoded(&sealed(&records)).expect("in order");
        let plan = recording.plan(&scenario, Path::new("."));
        let vouched = plan.and_then(|plan| recording.vouch(&Mesh::new(plan, 1)));
        vouched.err().map(|why| why.to_string()).unwrap_or_default()
    };
    let (last, far) = (scenario.ticks, 1_000_000_000);
    for (tick, other_seed, expected) in [
        (0, false, ""),
        (last, false, ""),
        (last + 1, false, "and has no checkpoint"),
        (far, false, "it tells of tick 1000000000 and has no checkpoint"),
        (0, true, "its scenario, seed or data are not those that were recorded"),
    ] {
        for command in [false, true] {
            let said = said(tick, other_seed, command);
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        }
    }
    // With one, that is what decides.
    let mut records = opened(&small());
    if let Record::Header(header) = &mut records[0] {
        header.seed += 1;
    }
    let recording = decoded(&sealed(&records)).expect("in order");
    assert_eq!(recording.vouch(&again(&recording, 1)), Ok(()));
    assert!(replayed(&recording, 1).is_err());
}

#[test]
fn what_cannot_be_replayed_says_why() {
    type Change = fn(&mut Vec<Record>);
    let header = |records: &mut Vec<Record>, change: fn(&mut Header)| {
        if let Record::Header(header) = &mut records[0] {
            change(header);
        }
    };
    let table: [(Change, &str); 6] = [
        (
            |records| {
                let kill = Command::Kill { nodes: "6".to_owned() };
                records.insert(2, Record::Command { tick: 0, command: kill });
            },
            "line 3: the command of tick 0 is none that this scenario takes",
        ),
        (
            |records| {
                let bytes = Hex(vec![0]);
                records.insert(2, Record::Board(Board { tick: 0, node: 4_000_000, bytes }));
            },
            "line 3: the board is node 4000000, and the scenario never has more than 6",
        ),
        (|_| {}, "under rules version 3 by qres 0.0.9"),
        (|_| {}, "node 9 cannot be born"),
        (|_| {}, "the scenario inside"),
        (|_| {}, ""),
    ];
    let headers: [fn(&mut Header); 6] = [
        |_| {},
        |_| {},
        |header| (header.rules, header.build) = (3, "qres 0.0.9".to_owned()),
        |header| header.genes = vec![(9, format::Base64(vec![1, 2]))],
        |header| header.scenario = header.scenario.replace("count: 6", "cuont: 6"),
        |_| {},
    ];
    for ((change, expected), edit) in table.into_iter().zip(headers) {
        let mut records = opened(&small());
        change(&mut records);
        header(&mut records, edit);
        let recording = decoded(&sealed(&records)).expect("in order");
        let said = match recording.scenario() {
            Err(problem) => format!("{problem}"),
            Ok(scenario) => match recording.plan(&scenario, Path::new(".")) {
                Err(why) => why.to_string(),
                Ok(_) => String::new(),
            },
        };
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
    }
}

#[test]
fn a_data_file_that_is_gone_or_another_is_named() {
    let folder = std::env::temp_dir().join(format!("qres-recorded-data-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let rows: Vec<String> = (0..40).map(|row| format!("{row},{}", row % 7)).collect();
    let table = format!("t,x\n{}\n", rows.join("\n"));
    std::fs::write(folder.join("a.csv"), &table).expect("written");
    let text = r#"(title: "t", watch_for: "w", nodes: (count: 4), signals: [(modality: "a",
        source: Dataset(path: "a.csv", column: "x"))])"#;
    let scenario = Scenario::parse("t", text).unwrap_or_else(|problem| panic!("{problem:#}"));
    let series = crate::world::dataset::load_all(&folder, &scenario).expect("loaded");
    let mut mesh = Mesh::new(Plan::new(&scenario, 1, &series).expect("a plan"), 1);
    let mut header = header_of(text, &mesh, 2);
    header.data = data_digests(&scenario, &folder).expect("hashed");
    let file = Shared::default();
    let path = Path::new("t.ron");
    let recorder = Recorder::begin(path, file.clone(), header, &mut mesh, NEVER).expect("begun");
    recorder.finish(&mut mesh);
    let recording = decoded(&file.bytes()).expect("in order");
    let Hash256(hash) = recording.header.data[0].1;
    assert_eq!(hash, *blake3::hash(table.as_bytes()).as_bytes());
    let plan = |folder: &Path| recording.plan(&scenario, folder).map(|_| ());
    assert_eq!(plan(&folder), Ok(()));
    std::fs::write(folder.join("a.csv"), format!("{table}40,1\n")).expect("written");
    assert_eq!(plan(&folder), Err(ReplayError::OtherData("a.csv".to_owned())));
    std::fs::remove_dir_all(&folder).expect("gone");
    let said = plan(&folder).expect_err("gone").to_string();
    assert!(said.contains("a.csv") && said.contains("--data"), "{said}");
}
