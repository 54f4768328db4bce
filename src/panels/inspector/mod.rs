//! Everything about the selected node: what it senses, believes, spends, hears and says, and what
//! it and its neighbours think of each other. With a second node beside it, both.

mod export;
mod graphs;
mod tables;

use super::names::NAMES;
use super::widgets::{self, bar, energy, grouped, row, section};
use super::{Outcome, theme};
use crate::mesh::follow::Flow;
use crate::mesh::publish::{NodeDetail, Regime, Role};
use crate::pace::Intent;
use crate::view::stage::{Ask, Go, Look, Stage};
use bevy_egui::egui::{
    Align, CollapsingHeader, Color32, CornerRadius, FontId, Layout, Rect, Response, RichText,
    ScrollArea, Sense, Stroke, Ui, pos2, vec2,
};

/// Below this width two nodes stand below each other.
const BESIDE: f32 = 480.0;
/// Width of a panel that shows two, in points.
pub const WIDE: f32 = 560.0;

/// Draws it.
pub fn show(ui: &mut Ui, stage: &Stage, look: &Look, detail: &NodeDetail, outcome: &mut Outcome) {
    ui.spacing_mut().item_spacing.y = 4.0;
    let Some(other) = compared(stage) else {
        header(ui, stage, look, detail, false, outcome);
        let said = "Shift-click another node to compare.";
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            body(ui, stage, look, detail, outcome);
            ui.label(theme::label(said).size(11.0));
        });
        return;
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        if ui.available_width() > BESIDE {
            ui.columns(2, |columns| {
                for ((ui, node), second) in
                    columns.iter_mut().zip([detail, other]).zip([false, true])
                {
                    ui.push_id(second, |ui| {
                        header(ui, stage, look, node, second, outcome);
                        body(ui, stage, look, node, outcome);
                    });
                }
            });
        } else {
            for (node, second) in [(detail, false), (other, true)] {
                ui.push_id(second, |ui| {
                    header(ui, stage, look, node, second, outcome);
                    brief(ui, stage, look, node);
                });
                ui.add_space(8.0);
            }
            ui.label(theme::label("Drag this panel wider to see all of both.").size(11.0));
        }
    });
}

/// The node beside the selected one.
pub fn compared(stage: &Stage) -> Option<&NodeDetail> {
    let detail = stage.detail.as_deref()?;
    stage.compared.as_deref().filter(|other| other.id != detail.id)
}

/// What fits when two nodes share a narrow panel.
fn brief(ui: &mut Ui, stage: &Stage, look: &Look, detail: &NodeDetail) {
    state(ui, stage, detail);
    graphs::signal(ui, detail);
    graphs::belief(ui, look, detail);
    weights(ui, detail);
    traffic(ui, detail);
}

fn body(ui: &mut Ui, stage: &Stage, look: &Look, detail: &NodeDetail, outcome: &mut Outcome) {
    ui.set_max_width(ui.available_width());
    state(ui, stage, detail);
    graphs::signal(ui, detail);
    graphs::belief(ui, look, detail);
    ui.horizontal(|ui| {
        for (name, ending) in [("save as CSV", "csv"), ("save as SVG", "svg")] {
            if ui.small_button(name).on_hover_text("What is plotted above").clicked() {
                outcome.notice = Some(export::save(stage, detail, ending));
            }
        }
    });
    weights(ui, detail);
    graphs::windows(ui, stage, detail);
    flow(ui, detail);
    traffic(ui, detail);
    let folded = |ui: &mut Ui, title: String, open: bool, add: &mut dyn FnMut(&mut Ui)| {
        let title = RichText::new(title).size(12.0).color(theme::TEXT);
        CollapsingHeader::new(title).default_open(open).show(ui, |ui| add(ui));
    };
    if !detail.lineage.is_empty() {
        let title = format!("gene, generation {}", detail.lineage[0].generation);
        folded(ui, title, false, &mut |ui| tables::lineage(ui, stage, look, detail));
    }
    let title = format!("{} neighbours", detail.peers.len());
    folded(ui, title, true, &mut |ui| tables::peers(ui, stage, detail, outcome));
    if !detail.inbox.is_empty() {
        let title = format!("last {} offers heard", detail.inbox.len());
        folded(ui, title, false, &mut |ui| tables::inbox(ui, stage, detail));
    }
    if !detail.outbox.is_empty() {
        let title = format!("last {} messages sent", detail.outbox.len());
        folded(ui, title, false, &mut |ui| tables::outbox(ui, stage, detail));
    }
    if let Some(audits) = &detail.audits {
        folded(ui, "audits".to_owned(), false, &mut |ui| tables::audits(ui, audits));
    }
    remarks(ui, stage, detail);
}

fn header(
    ui: &mut Ui,
    stage: &Stage,
    look: &Look,
    detail: &NodeDetail,
    second: bool,
    outcome: &mut Outcome,
) {
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
                if second {
                    outcome.asks.push(Ask(Intent::Compare(None)));
                } else {
                    outcome.select = Some(None);
                }
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
    if stage.other.is_some() {
        let said = format!("as in \u{201c}{}\u{201d}, the first of the two worlds", NAMES[0]);
        ui.label(RichText::new(said).size(11.5).color(theme::WARN))
            .on_hover_text("What differs in the second one is in the panel What if");
    }
}

fn state(ui: &mut Ui, stage: &Stage, detail: &NodeDetail) {
    let voice = if detail.silence.is_empty() { "has not spoken yet" } else { detail.silence };
    ui.label(RichText::new(voice).size(12.0).color(theme::INK))
        .on_hover_text("Why it spoke in its last round, or did not");
    for reason in detail.reasons.iter().filter(|reason| *reason != voice) {
        ui.label(RichText::new(format!("\u{2022} {reason}")).size(11.5).color(theme::WARN));
    }
    section(ui, "energy");
    let share = detail.energy_uj as f32 / detail.capacity_uj.max(1) as f32;
    let width = ui.available_width();
    bar(ui, share, width, theme::ACCENT);
    let stored = format!("{} of {}", energy(detail.energy_uj), energy(detail.capacity_uj));
    row(ui, "stored", stored, "Energy left, and how much it can store, in joules");
    let wake = match (detail.awake, detail.next_wake_ms) {
        (true, _) => "awake".to_owned(),
        (false, u64::MAX) => "asleep until called".to_owned(),
        (false, at) => {
            let left = at.saturating_sub(stage.published.sim_ms);
            format!("asleep, wakes in {}", duration(left))
        }
    };
    let hint = "Whether it can hear now; else the simulated time until it wakes by its plan";
    row(ui, "radio", wake, hint);
}

fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..10_000 => format!("{:.1} s", milliseconds as f64 / 1000.0),
        10_000..120_000 => format!("{} s", milliseconds / 1000),
        _ => format!("{} min", milliseconds / 60_000),
    }
}

/// One column for each tap, up or down from the middle; a thin mark adds the personal part.
fn weights(ui: &mut Ui, detail: &NodeDetail) {
    if detail.taps.is_empty() {
        return;
    }
    section(ui, "weights: shared, and with its own part");
    let size = vec2(ui.available_width(), 64.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let paint = ui.painter_at(rect);
    let middle = rect.center().y - 6.0;
    paint.hline(rect.x_range(), middle, Stroke::new(1.0, theme::OUTLINE));
    let sizes = detail.taps.iter().map(|tap| tap.weight.abs().max((tap.weight + tap.own).abs()));
    let largest = sizes.filter(|value| value.is_finite()).fold(1e-3_f32, f32::max);
    let step = rect.width() / detail.taps.len() as f32;
    let thick = (step * 0.62).clamp(1.0, 18.0);
    let height = |value: f32| middle - (value / largest).clamp(-1.0, 1.0) * 23.0;
    for (index, tap) in detail.taps.iter().enumerate() {
        let x = rect.left() + step * (index as f32 + 0.5);
        let column = Rect::from_two_pos(
            pos2(x - thick * 0.5, middle),
            pos2(x + thick * 0.5, height(tap.weight)),
        );
        paint.rect_filled(column, CornerRadius::same(2), theme::ACCENT.gamma_multiply(0.75));
        let y = height(tap.weight + tap.own);
        let mark = Stroke::new(1.6, theme::PREDICTION);
        paint.hline(x - thick * 0.5 - 1.0..=x + thick * 0.5 + 1.0, y, mark);
        let at = pos2(x, rect.bottom());
        let lag = format!("-{}", tap.lag);
        let bottom = bevy_egui::egui::Align2::CENTER_BOTTOM;
        paint.text(at, bottom, lag, theme::small_font(), theme::FAINT);
    }
    let pointed = response.hover_pos().map(|at| ((at.x - rect.left()) / step) as usize);
    if let Some(tap) = pointed.and_then(|place| detail.taps.get(place)) {
        let changed = tap.changed_tick.map_or_else(
            || "not changed while it was followed".to_owned(),
            |tick| format!("last changed by {:+.4} at tick {}", tap.change, grouped(tick)),
        );
        response.on_hover_text(format!(
            "the sample {} before: weight {:.4}, own part {:+.4}\n{changed}",
            tap.lag, tap.weight, tap.own
        ));
    }
}

/// Where energy went since the node is followed, as one bar and its parts.
fn flow(ui: &mut Ui, detail: &NodeDetail) {
    let total = &detail.flow.total;
    if total.spent_nj() == 0 {
        return;
    }
    section(ui, "where energy goes, while followed");
    let parts = parts(total);
    widgets::split_shares(ui, &parts.map(|(_, spent, colour)| (spent as f64, colour)));
    ui.horizontal_wrapped(|ui| {
        for (name, spent, colour) in parts.into_iter().filter(|(_, spent, _)| *spent > 0) {
            let percent = spent as f64 / total.spent_nj() as f64 * 100.0;
            part(ui, colour, format!("{name} {percent:.0} %")).on_hover_text(energy(spent / 1_000));
        }
    });
    if total.gathered_nj > 0 {
        let hint = "Energy taken in from its surroundings since it is followed, in joules";
        row(ui, "gathered", energy(total.gathered_nj / 1_000), hint);
    }
    let hint = "Energy spent since it is followed, in joules: the bar above is its parts";
    row(ui, "spent", energy(total.spent_nj() / 1_000), hint);
}

/// A dot and a name as one piece, so that a line ends before both.
fn part(ui: &mut Ui, colour: Color32, name: String) -> Response {
    let font = FontId::proportional(11.0);
    let text = ui.painter().layout_no_wrap(name, font, theme::FAINT);
    let size = vec2(text.size().x + 13.0, 14.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().circle_filled(rect.left_center() + vec2(4.5, 0.0), 4.0, colour);
    let at = rect.left_center() + vec2(13.0, -0.5 * text.size().y);
    ui.painter().galley(at, text, theme::FAINT);
    response
}

fn parts(flow: &Flow) -> [(&'static str, u64, Color32); 5] {
    let [transmit, listen, sleep, processor, ramps] = theme::PARTS;
    [
        ("transmit", flow.transmit_nj, transmit),
        ("listen", flow.listen_nj, listen),
        ("sleep", flow.sleep_nj, sleep),
        ("processor", flow.cpu_nj, processor),
        ("wake ramps", flow.ramp_nj, ramps),
    ]
}

fn traffic(ui: &mut Ui, detail: &NodeDetail) {
    section(ui, "traffic");
    let hint = "Rounds that it began since the first tick";
    row(ui, "rounds", grouped(u64::from(detail.rounds)), hint);
    let both =
        format!("{} / {}", grouped(u64::from(detail.sent)), grouped(u64::from(detail.received)));
    row(ui, "sent / received", both, "Frames since the first tick");
}

/// What there is to say of neighbours' conduct, and why.
fn remarks(ui: &mut Ui, stage: &Stage, detail: &NodeDetail) {
    if detail.remarks.is_empty() {
        return;
    }
    section(ui, "conduct");
    for (id, remark) in &detail.remarks {
        let said = format!("{}: {remark}", stage.label(*id));
        ui.add(bevy_egui::egui::Label::new(theme::label(said)).wrap());
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
}
