//! Top left: what runs, where it stands, and how the mesh is doing.

use super::theme;
use super::widgets::{bar, bytes, clock, dot, grouped, row, split_bar, times};
use super::{Outcome, widgets};
use crate::mesh::publish::Regime;
use crate::pace::{Intent, PaceStatus};
use crate::view::stage::{Ask, Go, Look, Stage};
use bevy_egui::egui::{self, Align, Align2, Area, Layout, RichText, ScrollArea, Ui, vec2};

/// Draws it.
pub fn show(context: &egui::Context, stage: &Stage, look: &Look, outcome: &mut Outcome) {
    Area::new("hud".into())
        .anchor(Align2::LEFT_TOP, vec2(theme::EDGE, theme::EDGE))
        .default_size(vec2(theme::LEFT_WIDTH, context.viewport_rect().height()))
        .show(context, |ui| {
            theme::card().show(ui, |ui| {
                ui.set_width(theme::LEFT_WIDTH - 2.0 * f32::from(theme::PADDING));
                title(ui, stage, outcome);
                regimes(ui, stage, look);
                readings(ui, stage);
                words(ui, stage, outcome);
            });
        });
}

fn title(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    ui.label(RichText::new(&stage.scene.title).size(17.0).color(theme::INK));
    ui.add_space(1.0);
    ui.horizontal(|ui| {
        let said = RichText::new(clock(stage.published.sim_ms)).size(15.0).color(theme::INK);
        ui.label(said);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::label(format!("tick {}", grouped(stage.published.tick))));
        });
    });
    ui.horizontal(|ui| {
        let (words, warns) = pace_words(&stage.status, stage.is_behind());
        let colour = if warns { theme::WARN } else { theme::ACCENT };
        dot(ui, colour);
        ui.label(RichText::new(words).size(12.0).color(if warns { colour } else { theme::TEXT }));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let pause = if stage.status.paused { "run" } else { "pause" };
            for (text, intent) in [
                ("+", Intent::SpeedUp),
                ("\u{2212}", Intent::SpeedDown),
                (pause, Intent::TogglePause),
            ] {
                if ui.small_button(text).clicked() {
                    outcome.asks.push(Ask(intent));
                }
            }
        });
    });
}

/// What the clock does, and whether that deserves attention.
fn pace_words(status: &PaceStatus, behind: bool) -> (String, bool) {
    if status.finished {
        ("finished".into(), false)
    } else if status.paused {
        ("paused".into(), true)
    } else if behind {
        (format!("running at {}", times(status.achieved_milli)), true)
    } else {
        (format!("running {}", times(status.speed_milli)), false)
    }
}

fn regimes(ui: &mut Ui, stage: &Stage, look: &Look) {
    widgets::section(ui, "nodes");
    let counts = stage.published.summary.regimes;
    let names = [(Regime::Calm, "calm"), (Regime::PreStorm, "pre-storm"), (Regime::Storm, "storm")];
    let parts: Vec<_> = names
        .iter()
        .zip(counts)
        .map(|((regime, _), count)| (count, theme::regime(look.palette, *regime)))
        .collect();
    split_bar(ui, &parts);
    ui.columns(3, |columns| {
        for (ui, ((_, name), (count, colour))) in columns.iter_mut().zip(names.iter().zip(parts)) {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                dot(ui, colour);
                ui.label(theme::value(grouped(u64::from(count))));
            });
            ui.add_space(-3.0);
            ui.label(theme::label(*name).size(11.0));
        }
    });
}

fn readings(ui: &mut Ui, stage: &Stage) {
    let summary = &stage.published.summary;
    widgets::section(ui, "mesh");
    ui.horizontal(|ui| {
        ui.label(theme::label("energy"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::value(format!("{:.0} %", summary.energy_mean * 100.0)));
            bar(ui, summary.energy_mean, 84.0, theme::ACCENT);
        });
    });
    let nodes = stage.published.nodes.len() as u64;
    let asleep = u64::from(summary.asleep);
    row(ui, "asleep", format!("{} of {}", grouped(asleep), grouped(nodes)));
    row(ui, "packets in flight", grouped(u64::from(summary.packets_in_flight)));
    row(ui, "sent", format!("{} in {} frames", bytes(summary.bytes_sent), grouped(summary.frames)));
    row(ui, "spread of weights", spread(summary.spread));
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
    let bottom = ui.ctx().viewport_rect().bottom() - theme::EDGE - f32::from(theme::PADDING);
    let marks = if scene.cameras.is_empty() { 0.0 } else { 26.0 };
    let room = (bottom - ui.cursor().top() - marks).max(44.0);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_behind_is_said_openly() {
        let mut status =
            PaceStatus { speed_milli: 1000, achieved_milli: 600, ..PaceStatus::default() };
        assert_eq!(pace_words(&status, true), ("running at 0.6x".to_owned(), true));
        status.achieved_milli = 990;
        assert_eq!(pace_words(&status, false), ("running 1x".to_owned(), false));
        status.paused = true;
        assert_eq!(pace_words(&status, false).0, "paused");
    }
}
