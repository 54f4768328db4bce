//! The boards of the run: how each link does, whether each board is as its twin, and which ports
//! there are to connect.

use super::widgets::{grouped, lamp_sign, section};
use super::{Outcome, theme};
use crate::bridge::Lamp;
use crate::bridge::mirror::BoardStatus;
use crate::bridge::ports::{Looks, PortInfo};
use crate::pace::Intent;
use crate::view::fleet::{Fleet, Plug, short};
use crate::view::stage::{Ask, Go, Look, Stage};
use bevy_egui::egui::{Color32, Grid, Label, RichText, ScrollArea, TextEdit, Ui};

/// Letters of a cell.
const SIZE: f32 = 11.5;
/// Width from which on a line says who the board is.
const WIDE: f32 = 860.0;
/// Characters of a cell, at most.
const CELL: usize = 15;

/// Heads of the columns, and what they mean.
const HEADS: [(&str, &str); 12] = [
    ("port", "Where the board is, with the lamp of its link"),
    ("node", "The node whose part it takes; click to see it"),
    ("link", "unplugged, silent, garbled, greeted, loading, live or refused"),
    ("ms", "How long it takes to answer, on average, in milliseconds"),
    ("ppm", "What its clock gains on this machine's, in microseconds a second"),
    ("B/s", "Bytes a second on the line, both ways together"),
    ("missed", "Ticks that went on without it: in these its node sensed and said nothing"),
    ("crc", "Stretches of bytes that were no frame: noise, or a checksum that does not hold"),
    ("gaps", "Frames that are missing between those that arrived"),
    ("resync", "Times that it was given its twin's state again"),
    ("as its twin", "The last tick after which its digest was its twin's, or where they parted"),
    ("", ""),
];

/// What is typed.
#[derive(Default)]
pub struct Boards {
    port: String,
}

impl Boards {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, stage: &Stage, look: &Look, outcome: &mut Outcome) {
        let fleet = &stage.fleet;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if !fleet.is_open {
                ui.add(Label::new(theme::label(closed(stage))).wrap());
                return;
            }
            if fleet.status.boards.is_empty() {
                ui.add(Label::new(theme::text(EMPTY)).wrap());
            } else {
                table(ui, stage, theme::parted(look.palette), outcome);
            }
            self.ports(ui, stage, outcome);
        });
        outcome.looks_for_ports |= fleet.is_open;
    }

    /// The ports without a board of this run.
    fn ports(&mut self, ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
        let status = &stage.fleet.status;
        section(ui, "ports");
        ui.horizontal_wrapped(|ui| {
            let mut takes_all = status.takes_all;
            let said = "connect boards as they are plugged in";
            let hint = "Every port that is an Espressif board's own becomes the next free node";
            if ui.checkbox(&mut takes_all, said).on_hover_text(hint).changed() {
                outcome.plugs.push(Plug::TakeAll(takes_all));
            }
            let line = TextEdit::singleline(&mut self.port).hint_text("/dev/ttyACM0");
            let typed = ui.add(line.desired_width(120.0));
            typed.on_hover_text("A port by its name, such as that of an emulated board");
            let name = self.port.trim();
            if !name.is_empty() && connect(ui, stage, name, outcome) {
                self.port.clear();
            }
        });
        let taken = |port: &&PortInfo| !status.boards.iter().any(|board| board.port == port.path);
        let mut free = status.ports.iter().filter(taken).peekable();
        if free.peek().is_none() {
            ui.label(theme::label("No other serial port is there now. The list renews itself."));
        }
        for port in free {
            ui.horizontal(|ui| {
                connect(ui, stage, &port.path, outcome);
                ui.label(theme::text(cut(short(&port.path)))).on_hover_text(&port.path);
                let looks = match port.looks {
                    Looks::Board => "looks like a board",
                    Looks::Converter => "a converter: perhaps a board is behind it",
                    Looks::Other => "",
                };
                for said in [cut_to(&port.about, 40), looks.to_owned()] {
                    if !said.is_empty() {
                        ui.label(theme::label(said));
                    }
                }
            });
        }
    }
}

/// What there is to say without boards.
const EMPTY: &str = "No board is connected. Plug in an ESP32-C6 with this program's firmware and \
    connect its port below: it takes the part of a node, among the simulated ones. Without one, \
    tests/firmware/run --board emulates it and says where its port is.";

/// Why boards cannot be connected here.
fn closed(stage: &Stage) -> &'static str {
    if stage.is_replay {
        "This is a recording: boards in it do again what they did then, with no board there."
    } else {
        "Boards are connected in the window of `qres view` or `qres mirror`."
    }
}

/// The button that connects a port; true when it was pressed.
fn connect(ui: &mut Ui, stage: &Stage, port: &str, outcome: &mut Outcome) -> bool {
    let taken = |node: u32| stage.fleet.status.on(node).is_some();
    let node = stage.selected.filter(|node| !taken(*node));
    let hint = match node {
        Some(node) => format!("{port} becomes the selected node, {}", stage.label(node)),
        None => format!("{port} becomes the first free node; select one to choose"),
    };
    let pressed = ui.small_button("connect").on_hover_text(hint).clicked();
    if pressed {
        outcome.plugs.push(Plug::Connect(port.to_owned(), node));
    }
    pressed
}

fn table(ui: &mut Ui, stage: &Stage, parted: Color32, outcome: &mut Outcome) {
    let Fleet { status, .. } = &stage.fleet;
    let wide = ui.available_width() >= WIDE;
    let gap = if wide { 13.0 } else { 5.0 };
    Grid::new("boards").num_columns(HEADS.len() + 2).spacing([gap, 4.0]).show(ui, |ui| {
        for (place, (head, meaning)) in HEADS.into_iter().enumerate() {
            if place == 2 && wide {
                ui.label(theme::heading("BOARD")).on_hover_text("Its kind and its firmware");
                ui.label(theme::heading("KEY")).on_hover_text("The start of its public key");
            }
            let said = ui.label(theme::heading(&head.to_uppercase()));
            if !meaning.is_empty() {
                said.on_hover_text(meaning);
            }
        }
        ui.end_row();
        for board in &status.boards {
            row(ui, stage, board, (wide, parted), outcome);
            ui.end_row();
        }
    });
}

fn row(
    ui: &mut Ui,
    stage: &Stage,
    board: &BoardStatus,
    (wide, parted): (bool, Color32),
    outcome: &mut Outcome,
) {
    let cell = |text: String| RichText::new(text).size(SIZE).color(theme::INK);
    let key = if board.is_proven == Some(false) { "not proved to be its own" } else { "" };
    let who = || format!("{}\n{}\nkey {} {key}", board.port, board.build, board.key);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let lamp = board.lamp();
        lamp_sign(ui, lamp).on_hover_text(lamp.name());
        ui.label(cell(cut(short(&board.port)))).on_hover_text(who());
    });
    let node = RichText::new(cut(&stage.label(board.node))).size(SIZE);
    if ui.link(node).on_hover_text("Select it and go there").clicked() {
        outcome.select = Some(Some(board.node));
        outcome.go.push(Go::Node(board.node));
    }
    if wide {
        ui.label(cell(cut_to(&board.build, 24))).on_hover_text(who());
        let ink = if board.is_proven == Some(false) { theme::WARN } else { theme::INK };
        ui.label(cell(board.identity().to_owned()).color(ink)).on_hover_text(who());
    }
    let ink = if board.lamp() == Lamp::Connected { theme::TEXT } else { theme::WARN };
    let said = ui.label(RichText::new(board.state).size(SIZE).color(ink));
    if !board.why.is_empty() {
        said.on_hover_text(&board.why);
    }
    let counts = &board.counts;
    let ms = |us: u64| format!("{:.1}", us as f64 / 1e3);
    let latency =
        format!("at most {} ms, of {} answers", ms(board.latency.max_us), board.latency.answers);
    ui.label(cell(ms(board.latency.mean_us))).on_hover_text(latency);
    clock(ui, board);
    let bytes = format!("{} bytes in, {} out", counts.bytes_in, counts.bytes_out);
    ui.label(cell(grouped(board.bytes_per_s))).on_hover_text(bytes);
    let missed = format!("It has done {} ticks", grouped(counts.ticks));
    ui.label(cell(grouped(counts.missed))).on_hover_text(missed);
    for count in [counts.crc_errors, counts.gaps, counts.resyncs] {
        ui.label(cell(grouped(count)));
    }
    twin(ui, board, (wide, parted), outcome);
    let hint = "The board is let go, and its node simulated again";
    if ui.small_button("let go").on_hover_text(hint).clicked() {
        outcome.plugs.push(Plug::Disconnect(board.port.clone()));
    }
}

/// What a board's clock gains.
fn clock(ui: &mut Ui, board: &BoardStatus) {
    let known = board.clock.as_ref();
    let said = match known.and_then(|clock| clock.drift_ppm) {
        Some(ppm) => format!("{ppm:+}"),
        None => "\u{2013}".to_owned(),
    };
    let hint = known.map_or_else(
        || "Its clock is not known before it has answered a ping".to_owned(),
        |clock| {
            let ms = |us: f64| us / 1e3;
            let (offset, bound) = (ms(clock.offset_us as f64), ms(clock.bound_us as f64));
            let drift = clock.drift_bound_ppm.map_or_else(
                || "drift not known yet".to_owned(),
                |bound| format!("drift within {bound} ppm"),
            );
            format!("Its clock is {offset:.1} ms ahead, within {bound:.1} ms; {drift}")
        },
    );
    ui.label(RichText::new(said).size(SIZE).color(theme::INK)).on_hover_text(hint);
}

/// Whether a board is as its twin.
fn twin(ui: &mut Ui, board: &BoardStatus, (wide, parted): (bool, Color32), outcome: &mut Outcome) {
    if let Some(found) = &board.divergence {
        let first = found.sections.first().copied().unwrap_or("identity");
        let said = match found.sections.len() {
            _ if !wide => format!("tick {}", found.tick),
            0 | 1 => format!("tick {}: {first}", found.tick),
            parts => format!("tick {}: {first} +{}", found.tick, parts - 1),
        };
        let link = ui.link(RichText::new(said).size(SIZE).color(parted));
        if link.on_hover_text(format!("It {found}. Go to that tick")).clicked() {
            outcome.asks.push(Ask(Intent::Seek(found.tick + 1)));
        }
        return;
    }
    let said = match board.agreed_tick {
        Some(tick) => format!("up to {}", grouped(tick)),
        None => "not yet".to_owned(),
    };
    let hint = match board.agreed_tick {
        Some(tick) => format!(
            "After tick {tick} both had the digest {}...; {} ticks behind now",
            board.agreed_digest, board.behind
        ),
        None => "It has done no tick".to_owned(),
    };
    ui.label(RichText::new(said).size(SIZE).color(theme::INK)).on_hover_text(hint);
}

/// As much of a text as a cell has room for.
fn cut(text: &str) -> String {
    cut_to(text, CELL)
}

fn cut_to(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}\u{2026}", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
