//! A file read back by a small reader of the specification, which knows nothing of the writer.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::*;
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

const TICKS: u64 = 200;

fn mesh() -> Mesh {
    let text = r#"(title: "t", watch_for: "w", nodes: (count: 30), signals: [(modality: "a")],
        twt: (calm_ms: 4000, prestorm_ms: 3000, storm_ms: 2000, storm_window_ms: 1000),
        storms: [(from_tick: 60, to_tick: 160, path: [(tick: 60, x_mm: 0, z_mm: 0)],
        radius_mm: 60000)], commands: [(at_tick: 20, command: Kill(nodes: "3"))])"#;
    let scenario = Scenario::parse("t", text).unwrap_or_else(|problem| panic!("{problem:#}"));
    Mesh::new(Plan::new(&scenario, 3, &Vec::new()).expect("a plan"), 1)
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file of a run with a state each so many ticks.
fn file(every: u64) -> Vec<u8> {
    let (file, mut mesh) = (Shared::default(), mesh());
    mesh.watch(true);
    let rhythm = Rhythm::each(every, TICKS);
    let mut mcap = Mcap::new(file.clone(), rhythm, vec!["a".to_owned()]).expect("begun");
    for _ in 0..TICKS {
        mesh.step();
        mcap.tick(&mut mesh).expect("written");
    }
    mcap.finish().expect("written");
    Arc::try_unwrap(file.0).expect("alone").into_inner().expect("whole")
}

/// Bytes that are taken from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(length);
        self.0 = rest;
        front
    }

    fn number(&mut self, length: usize) -> u64 {
        self.take(length).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn text(&mut self) -> &'a str {
        let length = self.number(4) as usize;
        std::str::from_utf8(self.take(length)).expect("text")
    }

    /// A list or map, as a reader of its bytes.
    fn group(&mut self) -> Reader<'a> {
        let length = self.number(4) as usize;
        Reader(self.take(length))
    }

    fn record(&mut self) -> (u8, Reader<'a>) {
        let opcode = self.number(1) as u8;
        let length = self.number(8) as usize;
        (opcode, Reader(self.take(length)))
    }
}

/// Bit by bit, not by the table that wrote the file.
fn crc32(bytes: &[u8]) -> u64 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    u64::from(!crc)
}

#[derive(Default)]
struct Seen {
    schemas: BTreeMap<u64, String>,
    topics: BTreeMap<u64, (u64, String)>,
    /// Time and content by channel.
    messages: BTreeMap<u64, Vec<(u64, Value)>>,
    /// Where chunks start, and what their indexes must say.
    chunks: Vec<(u64, [u64; 2], u64)>,
    places: Vec<BTreeMap<u64, Vec<(u64, u64)>>>,
}

impl Seen {
    fn declared(&mut self, opcode: u8, record: &mut Reader<'_>) {
        let id = record.number(2);
        if opcode == 3 {
            let name = record.text().to_owned();
            assert_eq!(record.text(), "jsonschema");
            let schema: Value = serde_json::from_str(record.text()).expect("JSON");
            assert_eq!(schema["title"], name.as_str());
            assert_eq!(*self.schemas.entry(id).or_insert_with(|| name.clone()), name);
            return;
        }
        let topic = (record.number(2), record.text().to_owned());
        assert!(self.schemas.contains_key(&topic.0));
        assert_eq!((record.text(), record.group().0.len()), ("json", 0));
        assert_eq!(*self.topics.entry(id).or_insert_with(|| topic.clone()), topic);
    }

    fn chunk(&mut self, start: u64, record: &mut Reader<'_>) {
        let span = [record.number(8), record.number(8)];
        let (size, crc) = (record.number(8), record.number(4));
        assert_eq!((record.text(), record.number(8)), ("", size));
        assert_eq!(crc32(record.0), crc);
        let mut inside = Reader(record.0);
        let (mut places, mut before) = (BTreeMap::new(), span[0]);
        while !inside.0.is_empty() {
            let at = size - inside.0.len() as u64;
            let (opcode, mut message) = inside.record();
            assert_eq!(opcode, 5);
            let [channel, sequence] = [message.number(2), message.number(4)];
            let [logged, published] = [message.number(8), message.number(8)];
            assert!(logged == published && (before..=span[1]).contains(&logged));
            before = logged;
            places.entry(channel).or_insert_with(Vec::new).push((logged, at));
            let content = serde_json::from_slice(message.0).expect("JSON");
            let messages = self.messages.entry(channel).or_default();
            assert_eq!(sequence, messages.len() as u64);
            messages.push((logged, content));
        }
        self.chunks.push((start, span, size));
        self.places.push(places);
    }

    fn index(&mut self, record: &mut Reader<'_>) {
        let channel = record.number(2);
        let mut entries = record.group();
        let mut found = Vec::new();
        while !entries.0.is_empty() {
            found.push((entries.number(8), entries.number(8)));
        }
        let expected = self.places.last_mut().expect("a chunk").remove(&channel);
        assert_eq!(Some(found), expected);
    }

    fn summed(&self, opcode: u8, record: &mut Reader<'_>, file: &[u8]) {
        if opcode == 0x0B {
            let all: usize = self.messages.values().map(Vec::len).sum();
            let counts = [8, 2, 4, 4, 4, 4].map(|length| record.number(length));
            assert_eq!(counts, [all as u64, 5, 5, 0, 0, self.chunks.len() as u64]);
            let span = [record.number(8), record.number(8)];
            assert_eq!(span, [self.chunks[0].1[0], self.chunks[self.chunks.len() - 1].1[1]]);
            let mut counts = record.group();
            while !counts.0.is_empty() {
                let messages = self.messages.get(&counts.number(2)).map_or(0, Vec::len);
                assert_eq!(counts.number(8), messages as u64);
            }
            return;
        }
        let span = [record.number(8), record.number(8)];
        let [start, length] = [record.number(8), record.number(8)];
        let place = self.chunks.iter().find(|(at, ..)| *at == start).expect("a chunk");
        assert_eq!((place.1, file[start as usize]), (span, 6));
        let mut indexes = record.group();
        let mut at = start + length;
        while !indexes.0.is_empty() {
            let channel = indexes.number(2);
            assert_eq!(indexes.number(8), at);
            let (opcode, mut index) = Reader(&file[at as usize..]).record();
            assert_eq!((opcode, index.number(2)), (7, channel));
            at += 9 + 2 + index.0.len() as u64;
        }
        assert_eq!(record.number(8), at - start - length);
        assert_eq!((record.text(), record.number(8), record.number(8)), ("", place.2, place.2));
    }
}

/// Reads a whole file, with every promise that it makes about itself.
fn read(file: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let body = file.strip_prefix(&container::MAGIC).expect("magic");
    let mut reader = Reader(body.strip_suffix(&container::MAGIC).expect("magic"));
    let (opcode, mut header) = reader.record();
    assert_eq!((opcode, header.text()), (1, ""));
    assert!(header.text().starts_with("qres "));
    let (mut summary, mut groups) = (None, Vec::new());
    while !reader.0.is_empty() {
        let start = (file.len() - container::MAGIC.len() - reader.0.len()) as u64;
        let (opcode, mut record) = reader.record();
        groups.push((u64::from(opcode), start));
        match opcode {
            3 | 4 => seen.declared(opcode, &mut record),
            6 => seen.chunk(start, &mut record),
            7 => seen.index(&mut record),
            8 | 0x0B => seen.summed(opcode, &mut record, file),
            0x0F => {
                assert_eq!(record.number(4), crc32(&file[..start as usize]));
                summary = Some(start + 13);
            }
            0x0E => {
                let [kind, at] = [record.number(1), record.number(8)];
                let is_here = |(of, start): &&(u64, u64)| *of == kind && Some(*start) >= summary;
                let first = groups.iter().find(is_here);
                assert_eq!(first, Some(&(kind, at)));
            }
            2 => {
                assert_eq!(Some(record.number(8)), summary);
                assert_eq!(file[record.number(8) as usize], 0x0E);
                let covered = &file[summary.expect("data ended") as usize..start as usize + 25];
                assert_eq!(record.number(4), crc32(covered));
            }
            _ => panic!("opcode {opcode}"),
        }
    }
    assert!(seen.places.iter().all(BTreeMap::is_empty), "a message without an index");
    seen
}

#[test]
fn a_file_keeps_every_promise_of_the_format() {
    let bytes = file(1);
    let seen = read(&bytes);
    assert!(seen.chunks.len() > 1, "one chunk would not show much");
    let count = |topic: &str| {
        let id = seen.topics.iter().find(|(_, (_, name))| name == topic).map(|(id, _)| *id);
        seen.messages.get(&id.expect("a topic")).map_or(0, Vec::len)
    };
    for topic in ["/nodes", "/swarm", "/points", "/storms"] {
        assert_eq!(count(topic), TICKS as usize, "{topic}");
    }
    assert!(count("/events") > 3, "{}", count("/events"));
    assert_eq!(bytes, file(1), "the same run makes the same bytes");
}

#[test]
fn messages_say_what_the_mesh_publishes() {
    let seen = read(&file(7));
    let nodes = &seen.messages[&u64::from(topic::NODES)];
    assert_eq!(nodes.len(), 200 / 7 + 1, "each seventh tick and the last");
    let mut mesh = mesh();
    (0..TICKS).for_each(|_| mesh.step());
    let (now, genes) = (mesh.publish(), genes(&mut mesh));
    let (time, last) = nodes.last().expect("the last tick");
    assert_eq!((*time, &last["tick"]), (200_000_000_000, &200.into()));
    for (id, node) in now.nodes.iter().enumerate() {
        let told = &last["nodes"][id];
        assert_eq!(told["id"], id);
        assert_eq!(told["regime"], regime(node.regime));
        assert_eq!(told["gene"], format!("{:08x}", genes[id]));
        assert_eq!((&told["dead"], &told["asleep"]), (&node.dead.into(), &(!node.awake).into()));
        let energy = told["energy"].as_f64().expect("a number") * 65_535.0;
        assert!((energy - f64::from(node.energy)).abs() < 4.0);
        assert_eq!(told["y"].as_f64(), Some(-f64::from(node.position_mm[2]) / 1_000.0));
    }
    assert_eq!(last["nodes"][3]["dead"], true, "killed by the command");
    let (_, swarm) = seen.messages[&u64::from(topic::SWARM)].last().expect("figures");
    assert_eq!(swarm["bytes_sent"], now.summary.bytes_sent);
    let (_, points) = &seen.messages[&u64::from(topic::POINTS)][0];
    let data = BASE64.decode(points["data"].as_str().expect("text").as_bytes()).expect("base64");
    assert_eq!(data.len(), 30 * now.nodes.len());
    let storms = &seen.messages[&u64::from(topic::STORMS)];
    let blowing = |at: usize| storms[at].1["entities"].as_array().map_or(0, Vec::len);
    assert_eq!((blowing(2), blowing(14), blowing(28)), (0, 1, 0));
    let events = &seen.messages[&u64::from(topic::EVENTS)];
    assert!(events.iter().any(|(_, event)| {
        event["message"].as_str().is_some_and(|text| text.contains("killed"))
    }));
}

#[test]
fn states_are_bounded() {
    let rows = |nodes, ticks: u64| {
        let rhythm = rhythm(nodes, ticks);
        (1..=ticks).filter(|tick| rhythm.has(*tick)).count()
    };
    assert_eq!(rows(100, 400), 400);
    assert_eq!(rows(100, 20_000), 2_000);
    assert_eq!(rows(10_000, 2_000), 25);
    assert_eq!(rows(1_000_000, 500), 1);
}
