//! The tables of docs/canonical.md: what stands where in the bytes of a configuration and of a
//! node. Made from what is encoded, so that they cannot say anything else.

extern crate std;

use std::fmt::Write as _;
use std::format;
use std::prelude::v1::*;
use std::vec;

use super::tests::full;
use super::*;
use crate::canonical::encode_slice;
use crate::id::{NodeId, Tick};
use crate::node::Node;
use crate::packet::{Header, Kind};
use crate::radio::{Frame, Heard, MockRadio};
use crate::wake::Role;

/// A field with bytes of its own.
struct Row {
    path: String,
    kind: String,
    pieces: Vec<Vec<u8>>,
}

/// Takes bytes with the names of the fields that they belong to.
#[derive(Default)]
struct Trace {
    path: Vec<(&'static str, &'static str)>,
    rows: Vec<Row>,
    choices: Option<String>,
    bytes: Vec<u8>,
}

impl Sink for Trace {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let names: Vec<&str> = self.path.iter().map(|(name, _)| *name).collect();
        let (path, piece) = (names.join("."), bytes.to_vec());
        let kind = self.path.last().map_or_else(String::new, |(_, kind)| short(kind));
        let kind = self.choices.take().unwrap_or_else(|| format!("`{kind}`"));
        match self.rows.last_mut().filter(|row| row.path == path) {
            Some(row) => row.pieces.push(piece),
            None => self.rows.push(Row { path, kind, pieces: vec![piece] }),
        }
    }

    fn field(&mut self, name: &'static str, kind: &'static str) {
        self.path.push((name, kind));
    }

    fn end(&mut self) {
        self.path.pop();
    }

    fn choice(&mut self, all: &'static [(&'static str, u8)]) {
        let all: Vec<String> =
            all.iter().map(|(name, number)| format!("{number} {name}")).collect();
        self.choices = Some(all.join(", "));
    }
}

/// A type without the modules that it stands in.
fn short(kind: &str) -> String {
    let split = |c: char| !(c.is_alphanumeric() || c == ':' || c == '_');
    let kind = kind.replace(core::any::type_name::<Q16>(), "Q16");
    // A list with its room.
    if let Some(item) = kind.split("VecInner<").nth(1).and_then(|rest| rest.split(',').next()) {
        return format!("list of {}", short(item));
    }
    let parts = kind.split_inclusive(split);
    parts.map(|part| part.rsplit("::").next().unwrap_or(part)).collect()
}

impl Row {
    /// Bytes: how many pieces of how many.
    fn sizes(&self) -> String {
        let mut groups: Vec<(usize, usize)> = Vec::new();
        for piece in &self.pieces {
            match groups.last_mut().filter(|(_, size)| *size == piece.len()) {
                Some((count, _)) => *count += 1,
                None => groups.push((1, piece.len())),
            }
        }
        let text = |(count, size): &(usize, usize)| match count {
            1 => size.to_string(),
            _ => format!("{count} x {size}"),
        };
        groups.iter().map(text).collect::<Vec<_>>().join(" + ")
    }

    /// The first values as numbers.
    fn values(&self) -> String {
        let signed = self.kind.contains('i') || self.kind.contains("Q16");
        let value = |piece: &Vec<u8>| {
            let negative = signed && piece.last().is_some_and(|byte| *byte > 127);
            let mut bytes = [if negative { 0xFF } else { 0 }; 16];
            bytes.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
            i128::from_le_bytes(bytes).to_string()
        };
        let all: Vec<String> = self.pieces.iter().map(value).collect();
        let alike = all.iter().all(|one| Some(one) == all.first());
        match all.first() {
            Some(first) if alike && self.pieces.len() > 1 => format!("each {first}"),
            _ => all.join(", "),
        }
    }
}

fn rows(trace: &Trace, usual: Option<&Trace>) -> String {
    let mut text = String::from("| field | type | bytes |");
    text.push_str(if usual.is_some() {
        " default |\n|---|---|---|---|\n"
    } else {
        "\n|---|---|---|\n"
    });
    for (place, row) in trace.rows.iter().enumerate() {
        write!(text, "| `{}` | {} | {} |", row.path, row.kind, row.sizes()).expect("a text");
        if let Some(usual) = usual {
            let same = |other: &&Row| other.path == row.path;
            let earlier = trace.rows.iter().take(place).filter(same).count();
            let same = usual.rows.iter().filter(same).nth(earlier);
            text.push_str(
                &same.map_or_else(|| " |".to_owned(), |row| format!(" {} |", row.values())),
            );
        }
        text.push('\n');
    }
    text
}

fn traced(config: &NodeConfig) -> Trace {
    let mut trace = Trace::default();
    config.encode(&mut trace);
    assert_eq!(trace.bytes, config.to_bytes()[..], "all of it, in order");
    trace
}

/// A node that has heard a part of a message.
fn node() -> Node<4> {
    let mut config = NodeConfig::default();
    config.wake.window_us = [config.wake.tick_us; 3];
    config.air.mtu_bytes = 40;
    let mut node = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(1)]);
    let mut radio = MockRadio::default();
    for tick in 0..2 {
        let header = Header { kind: Kind::Update, round: 9, index: 0, count: 2, sender: NodeId(1) };
        let mut frame = Frame::new();
        header.write(&[1; 28], &mut frame).expect("it fits");
        let _ = radio.incoming.push_back(Heard { frame, at_us: 2 });
        node.tick(&config, Tick(tick), Some(Q16::ONE), &mut radio);
    }
    node
}

/// The parts of a node in their order, as `Node::encode_to` has them.
fn traced_node(node: &Node<4>) -> Trace {
    let mut trace = Trace::default();
    field(&mut trace, "id", &node.id);
    field(&mut trace, "group", &node.group);
    field(&mut trace, "neuron", &node.neuron);
    field(&mut trace, "residual", &node.residual);
    field(&mut trace, "detector", &node.detector);
    field(&mut trace, "silence", &node.silence);
    field(&mut trace, "energy", &node.energy);
    field(&mut trace, "wake", &node.wake);
    field(&mut trace, "trust", &node.trust);
    trace.field("neighbours", "list of Neighbour");
    encode_slice(&node.neighbours, &mut trace);
    trace.end();
    field(&mut trace, "inbox", &node.inbox);
    field(&mut trace, "reassembly", &node.reassembly);
    trace.field("clients", "list of NodeId");
    encode_slice(&node.clients, &mut trace);
    trace.end();
    trace.field("routes", "list of Route");
    encode_slice(&node.routes, &mut trace);
    trace.end();
    field(&mut trace, "evolution", &node.evolution);
    let mut whole: heapless::Vec<u8, 8192> = heapless::Vec::new();
    node.encode_to(&mut whole);
    assert_eq!(trace.bytes, whole[..], "all of it, in order");
    trace
}

/// The page with a table in the place of the one that it has behind this mark.
fn renewed(page: &str, mark: &str, table: &str) -> String {
    let begin = format!("<!-- {mark} -->\n");
    let (head, rest) = page.split_once(&begin).expect("a mark");
    let (_, tail) = rest.split_once("<!-- end -->").expect("an end");
    format!("{head}{begin}\n{table}\n<!-- end -->{tail}")
}

/// `UPDATE_GOLDEN=1` writes the tables anew.
#[test]
fn the_page_says_where_each_byte_stands() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/canonical.md");
    let page = std::fs::read_to_string(path).expect("the page");
    // Of rules there are many, and the page has them all.
    let full = NodeConfig { recipe: Recipe::default(), ..full() };
    let (every, usual) = (traced(&full), traced(&NodeConfig::default()));
    let told = renewed(&page, "configuration", &rows(&every, Some(&usual)));
    let told = renewed(&told, "node", &rows(&traced_node(&node()), None));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &told).expect("the page is written");
    }
    let page = std::fs::read_to_string(path).expect("the page");
    assert!(page == told, "docs/canonical.md is out of date: UPDATE_GOLDEN=1 writes its tables");
    let whole: usize = usual.bytes.len();
    assert!(page.contains(&format!("{whole} bytes")), "the length of the default: {whole}");
}
