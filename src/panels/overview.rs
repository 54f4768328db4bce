//! What runs, and how the mesh is doing.

use super::theme;
use super::widgets::{bar, bytes, dot, grouped, row, split_bar};
use super::{Outcome, widgets};
use crate::mesh::publish::Regime;
use crate::pace::Intent;
use crate::view::stage::{Ask, Go, Look, Stage};
use bevy_egui::egui::{Align, Color32, Key, Layout, RichText, ScrollArea, TextEdit, Ui};

/// Draws it.
pub fn show(ui: &mut Ui, stage: &Stage, look: &Look, selector: &mut String, outcome: &mut Outcome) {
    ui.label(RichText::new(&stage.scene.title).size(17.0).color(theme::INK));
    regimes(ui, stage, look);
    select(ui, selector, stage.picked.len(), outcome);
    readings(ui, stage);
    words(ui, stage, outcome);
}

/// What is counted of nodes.
const REGIMES: [&str; 4] = [
    "Nodes that believe all is calm",
    "Nodes that see signs of a storm",
    "Nodes that believe they are in a storm",
    "Nodes that ran out of energy or were killed. They believe nothing",
];

fn regimes(ui: &mut Ui, stage: &Stage, look: &Look) {
    widgets::section(ui, "nodes");
    let summary = &stage.published.summary;
    let names = [(Regime::Calm, "calm"), (Regime::PreStorm, "pre-storm"), (Regime::Storm, "storm")];
    let alive = summary.regimes.iter().zip(summary.dead).map(|(all, dead)| all - dead.min(*all));
    let mut parts: Vec<(u32, Color32, &str)> = names
        .iter()
        .zip(alive)
        .map(|((regime, name), count)| (count, theme::regime(look.palette, *regime), *name))
        .collect();
    // Nobody believes anything without power: these count for themselves.
    parts.push((summary.dead.iter().sum(), theme::asleep(), "no power"));
    let bar: Vec<(u32, Color32)> = parts.iter().map(|(count, tint, _)| (*count, *tint)).collect();
    split_bar(ui, &bar);
    ui.columns(4, |columns| {
        for ((ui, (count, colour, name)), hint) in columns.iter_mut().zip(parts).zip(REGIMES) {
            let line = ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                dot(ui, colour);
                ui.label(theme::value(grouped(u64::from(count))));
            });
            line.response.on_hover_text(hint);
            ui.add_space(-3.0);
            ui.label(theme::label(name).size(11.0)).on_hover_text(hint);
        }
    });
}

/// A line that picks nodes by what is said of them.
fn select(ui: &mut Ui, selector: &mut String, picked: usize, outcome: &mut Outcome) {
    ui.horizontal(|ui| {
        let line = TextEdit::singleline(selector)
            .hint_text("select: 12, 3-9, regime=storm")
            .desired_width(ui.available_width() - 70.0);
        let line = ui.add(line).on_hover_text(super::hands::SELECTORS);
        let entered = line.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if entered && !selector.trim().is_empty() {
            outcome.asks.push(Ask(Intent::Choose(selector.trim().to_owned())));
        }
        let hint = "Nodes that are picked: what the buttons of Hands are about";
        let said = theme::label(format!("{} picked", grouped(picked as u64))).size(11.0);
        ui.label(said).on_hover_text(hint);
    });
}

fn readings(ui: &mut Ui, stage: &Stage) {
    let summary = &stage.published.summary;
    widgets::section(ui, "mesh");
    let line = ui.horizontal(|ui| {
        ui.label(theme::label("energy"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::value(format!("{:.0} %", summary.energy_mean * 100.0)));
            bar(ui, summary.energy_mean, 84.0, theme::ACCENT);
        });
    });
    let hint = "What nodes have left, in percent of what they can store: the mean of all";
    line.response.on_hover_text(hint);
    let nodes = stage.published.nodes.len() as u64;
    let asleep = u64::from(summary.asleep.saturating_sub(summary.dead.iter().sum()));
    let said = format!("{} of {}", grouped(asleep), grouped(nodes));
    row(
        ui,
        "asleep",
        said,
        "Nodes whose radio slept through this tick, none without power among them",
    );
    let hint = "Frames on the air in this tick";
    row(ui, "packets in flight", grouped(u64::from(summary.packets_in_flight)), hint);
    let said = format!("{} in {} frames", bytes(summary.bytes_sent), grouped(summary.frames));
    row(ui, "sent", said, "By all nodes since the first tick");
    let hint =
        "Largest distance between weights of two nodes of one modality, no unit: 0 is agreement";
    row(ui, "spread of weights", spread(summary.spread), hint);
}

fn spread(spread: f32) -> String {
    if spread >= 0.001 || spread == 0.0 { format!("{spread:.4}") } else { format!("{spread:.1e}") }
}

/// The scenario's own words; very long ones scroll.
fn words(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    let scene = &stage.scene;
    if !scene.watch_for.is_empty() {
        widgets::section(ui, "watch for");
    }
    let marks = if scene.cameras.is_empty() { 0.0 } else { 26.0 };
    let room = (ui.available_height() - marks).max(44.0);
    ScrollArea::vertical().max_height(room).min_scrolled_height(room).show(ui, |ui| {
        if !scene.watch_for.is_empty() {
            ui.label(theme::text(one_line(&scene.watch_for)));
        }
        if !scene.note.is_empty() {
            ui.add_space(2.0);
            ui.label(RichText::new(one_line(&scene.note)).size(11.0).color(theme::FAINT));
        }
    });
    if scene.cameras.is_empty() {
        return;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for mark in scene.cameras.iter().take(6) {
            if ui.small_button(&mark.name).clicked() {
                outcome.go.push(Go::Bookmark(mark.name.clone()));
            }
        }
    });
}

/// Text from a file without its line breaks and indents.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
