//! Everything about the selected node.

use super::theme;
use super::widgets::{self, bar, energy, grouped, row};
use super::{Outcome, plot};
use crate::mesh::publish::{NodeDetail, Regime, Role};
use crate::view::stage::{Go, Look, Stage};
use bevy_egui::egui::{
    self, Align, CornerRadius, Layout, Rect, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2,
};

/// Draws it.
pub fn show(ui: &mut Ui, stage: &Stage, look: &Look, detail: &NodeDetail, outcome: &mut Outcome) {
    ui.spacing_mut().item_spacing.y = 4.0;
    header(ui, stage, look, detail, outcome);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        state(ui, stage, detail);
        samples(ui, detail);
        weights(ui, detail);
        traffic(ui, detail);
        neighbours(ui, stage, detail, outcome);
        remarks(ui, stage, detail);
    });
}

fn header(ui: &mut Ui, stage: &Stage, look: &Look, detail: &NodeDetail, outcome: &mut Outcome) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(stage.label(detail.id)).size(17.0).color(theme::INK));
        let name = match detail.regime {
            Regime::Calm => "calm",
            Regime::PreStorm => "pre-storm",
            Regime::Storm => "storm",
        };
        widgets::dot(ui, theme::regime(look.palette, detail.regime));
        ui.label(theme::text(name));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.small_button("close").clicked() {
                outcome.select = Some(None);
            }
            if ui.small_button("focus").clicked() {
                outcome.go.push(Go::Node(detail.id));
            }
        });
    });
    let role = match detail.role {
        Role::Sentinel => "sentinel",
        Role::Scheduled => "scheduled",
        Role::OnDemand => "on demand",
    };
    let group = stage
        .scene
        .group_names
        .get(usize::from(detail.group))
        .cloned()
        .unwrap_or_else(|| format!("group {}", detail.group));
    let known = if detail.commissioned { "commissioned" } else { "not yet commissioned" };
    ui.label(theme::label(format!("{role} \u{b7} {group} \u{b7} {known}")));
}

fn state(ui: &mut Ui, stage: &Stage, detail: &NodeDetail) {
    if !detail.silence.is_empty() {
        ui.add_space(2.0);
        ui.label(RichText::new(detail.silence).size(12.0).color(theme::INK));
    }
    widgets::section(ui, "energy");
    let share = detail.energy_uj as f32 / detail.capacity_uj.max(1) as f32;
    let width = ui.available_width();
    bar(ui, share, width, theme::ACCENT);
    let stored = format!("{} of {}", energy(detail.energy_uj), energy(detail.capacity_uj));
    row(ui, "stored", stored);
    let wake = match (detail.awake, detail.next_wake_ms) {
        (true, _) => "awake".to_owned(),
        (false, u64::MAX) => "asleep until called".to_owned(),
        (false, at) => {
            let left = at.saturating_sub(stage.published.sim_ms);
            format!("asleep, wakes in {}", duration(left))
        }
    };
    row(ui, "radio", wake);
}

fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..10_000 => format!("{:.1} s", milliseconds as f64 / 1000.0),
        10_000..120_000 => format!("{} s", milliseconds / 1000),
        _ => format!("{} min", milliseconds / 60_000),
    }
}

fn samples(ui: &mut Ui, detail: &NodeDetail) {
    widgets::section(ui, "signal");
    let pairs: Vec<_> = detail.history.iter().map(|at| (at.raw, at.prediction)).collect();
    plot::signal(ui, &pairs);
    plot::names(ui, detail.raw, detail.prediction, widgets::unit(&detail.unit));
    ui.horizontal(|ui| {
        ui.label(theme::label("entropy"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::value(format!("{:.2}", detail.entropy)));
            bar(ui, detail.entropy, 130.0, theme::PREDICTION);
        });
    });
}

/// One column for each weight, up or down from the middle; a thin mark adds the personal delta.
fn weights(ui: &mut Ui, detail: &NodeDetail) {
    if detail.weights.is_empty() {
        return;
    }
    widgets::section(ui, "shared weights and own delta");
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 52.0), Sense::hover());
    let paint = ui.painter_at(rect);
    let middle = rect.center().y;
    paint.hline(rect.x_range(), middle, Stroke::new(1.0, theme::OUTLINE));
    let own = |index: usize| detail.delta.get(index).copied().unwrap_or_default();
    let largest = detail
        .weights
        .iter()
        .enumerate()
        .map(|(index, weight)| weight.abs().max((weight + own(index)).abs()))
        .filter(|value| value.is_finite())
        .fold(1e-3_f32, f32::max);
    let step = rect.width() / detail.weights.len() as f32;
    let thick = (step * 0.62).clamp(1.0, 18.0);
    let height = |value: f32| middle - (value / largest).clamp(-1.0, 1.0) * 23.0;
    for (index, weight) in detail.weights.iter().enumerate() {
        let x = rect.left() + step * (index as f32 + 0.5);
        let column = Rect::from_two_pos(
            pos2(x - thick * 0.5, middle),
            pos2(x + thick * 0.5, height(*weight)),
        );
        paint.rect_filled(column, CornerRadius::same(2), theme::ACCENT.gamma_multiply(0.75));
        let y = height(weight + own(index));
        let mark = Stroke::new(1.6, theme::PREDICTION);
        paint.hline(x - thick * 0.5 - 1.0..=x + thick * 0.5 + 1.0, y, mark);
    }
}

fn traffic(ui: &mut Ui, detail: &NodeDetail) {
    widgets::section(ui, "traffic");
    row(ui, "rounds", grouped(u64::from(detail.rounds)));
    let both =
        format!("{} / {}", grouped(u64::from(detail.sent)), grouped(u64::from(detail.received)));
    row(ui, "sent / received", both);
}

fn neighbours(ui: &mut Ui, stage: &Stage, detail: &NodeDetail, outcome: &mut Outcome) {
    if detail.neighbours.is_empty() {
        return;
    }
    widgets::section(ui, &format!("{} neighbours", detail.neighbours.len()));
    for (id, reputation, heard) in &detail.neighbours {
        ui.horizontal(|ui| {
            if ui.small_button(stage.label(*id)).clicked() {
                outcome.select = Some(Some(*id));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let said = heard_ago(stage.published.tick, *heard);
                ui.add_sized(vec2(78.0, 14.0), egui::Label::new(theme::label(said)));
                ui.label(theme::value(format!("{reputation:.2}")));
                bar(ui, *reputation, 56.0, theme::ring());
            });
        });
    }
}

/// What there is to say of neighbours' conduct, and why.
fn remarks(ui: &mut Ui, stage: &Stage, detail: &NodeDetail) {
    if detail.remarks.is_empty() {
        return;
    }
    widgets::section(ui, "conduct");
    for (id, remark) in &detail.remarks {
        let said = format!("{}: {remark}", stage.label(*id));
        ui.add(egui::Label::new(theme::label(said)).wrap());
    }
}

/// How long ago a neighbour was heard.
fn heard_ago(tick: u64, heard: u64) -> String {
    if heard == u64::MAX {
        return "never heard".to_owned();
    }
    match tick.saturating_sub(heard) {
        0 => "heard now".to_owned(),
        1 => "1 tick ago".to_owned(),
        ago => format!("{} ticks ago", grouped(ago)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_said_in_fitting_units() {
        assert_eq!(duration(4_200), "4.2 s");
        assert_eq!(duration(60_000), "60 s");
        assert_eq!(duration(600_000), "10 min");
    }

    #[test]
    fn a_neighbour_may_never_have_been_heard() {
        assert_eq!(heard_ago(9, u64::MAX), "never heard");
        assert_eq!(heard_ago(9, 9), "heard now");
        assert_eq!(heard_ago(9, 7), "2 ticks ago");
    }
}
