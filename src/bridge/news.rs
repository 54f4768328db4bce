//! What happens to boards, in a line each: for a log, a terminal, or a message in the window. Must
//! not change anything; what it is shown is all that it knows.

use super::mirror::{BoardStatus, Move};
use super::status::Lamp;

/// A board that answers again within this time was never silent, in microseconds.
const SILENT_US: u64 = 1_000_000;

/// Something that happened to a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its node.
    pub node: u32,
    /// What it was.
    pub text: String,
    /// Not as it should be.
    pub is_bad: bool,
}

/// What was told of each board last.
#[derive(Clone, Debug, Default)]
pub struct News(Vec<Told>);

#[derive(Clone, Debug)]
struct Told {
    port: String,
    lamp: Lamp,
    why: String,
    /// Since when its lamp shows something else.
    since_us: Option<u64>,
    resyncs: u64,
    parted: bool,
}

impl News {
    /// What is new since the last call. Boards that have moved to other ports are named first.
    pub fn take(&mut self, boards: &[BoardStatus], moves: &[Move], now_us: u64) -> Vec<Line> {
        let mut lines = Vec::new();
        for Move { node, from, to } in moves {
            for told in &mut self.0 {
                if told.port == *from {
                    told.port.clone_from(to);
                } else if told.port == *to {
                    told.port.clone_from(from);
                }
            }
            let text = format!("the board of node {} is on {to} now; it was on {from}", node.0);
            lines.push(Line { node: node.0, text, is_bad: false });
        }
        self.0.retain(|told| boards.iter().any(|board| board.port == told.port));
        for board in boards {
            let place = self.0.iter().position(|told| told.port == board.port);
            let place = place.unwrap_or_else(|| {
                self.0.push(Told::new(board));
                self.0.len() - 1
            });
            let Some(told) = self.0.get_mut(place) else { continue };
            let is_bad = board.lamp() != Lamp::Connected || board.divergence.is_some();
            let news = told.take(board, now_us).into_iter();
            lines.extend(news.map(|text| Line { node: board.node, text, is_bad }));
        }
        lines
    }
}

impl Told {
    fn new(board: &BoardStatus) -> Self {
        Self {
            port: board.port.clone(),
            lamp: Lamp::Waiting,
            why: String::new(),
            since_us: None,
            resyncs: 0,
            parted: false,
        }
    }

    /// What is new about a board, in words.
    fn take(&mut self, board: &BoardStatus, now_us: u64) -> Vec<String> {
        let mut news = Vec::new();
        let BoardStatus { port, node, .. } = board;
        let lamp = board.lamp();
        // Another reason is news, as when the board that was plugged in is the wrong one.
        let same = lamp == self.lamp && (lamp != Lamp::Lost || board.why == self.why);
        if same || lamp == Lamp::Waiting {
            self.since_us = None;
        } else {
            let since_us = *self.since_us.get_or_insert(now_us);
            if lamp != Lamp::Silent || now_us >= since_us + SILENT_US {
                news.push(match lamp {
                    Lamp::Connected if self.lamp == Lamp::Waiting => {
                        let unproven = board.is_proven == Some(false);
                        let but = if unproven { ", and does not prove its key" } else { "" };
                        format!("{port} is node {node} now: {}{but}", board.build)
                    }
                    Lamp::Connected => format!("{port} (node {node}) is back"),
                    Lamp::Silent => format!("{port} (node {node}) does not answer"),
                    _ => format!("{port} (node {node}) is {}: {}", board.state, board.why),
                });
                (self.lamp, self.since_us) = (lamp, None);
                self.why.clone_from(&board.why);
            }
        }
        if board.counts.resyncs > self.resyncs {
            self.resyncs = board.counts.resyncs;
            news.push(format!("{port} (node {node}) was given its twin's state again"));
        }
        if let Some(found) = board.divergence.as_ref().filter(|_| !self.parted) {
            self.parted = true;
            news.push(format!("{port} (node {node}) {found}"));
        }
        news
    }
}
