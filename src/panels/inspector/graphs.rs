//! The selected node over its last ticks: signal and prediction, what it believes and why, and when
//! its radio was awake.

use super::super::widgets::{self, section};
use super::super::{plot, theme};
use crate::mesh::follow::WakeKind;
use crate::mesh::publish::{MomentView, NodeDetail};
use crate::view::stage::{Look, Stage};
use bevy_egui::egui::{Align2, Color32, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

/// Height of the strips below the signal.
const STRIP: f32 = 34.0;
/// As wide as the signal's scale.
const GUTTER: f32 = 38.0;

/// Signal and prediction, and the residual below them.
pub fn signal(ui: &mut Ui, detail: &NodeDetail) {
    section(ui, "signal");
    let sampled = detail.history.iter().filter(|moment| moment.sampled);
    let pairs: Vec<(f32, f32)> = sampled.map(|at| (at.raw, at.prediction)).collect();
    plot::signal(ui, &pairs);
    plot::names(ui, detail.raw, detail.prediction, widgets::unit(&detail.unit));
    strip(ui, "residual", "Recent |residual|, in deviations", |paint, rect| {
        let top = detail.history.iter().map(|at| at.residual).fold(2.0_f32, f32::max);
        curve(paint, rect, &detail.history, top, theme::PREDICTION, |at| at.residual);
        label(paint, rect, &format!("{top:.1}"));
    });
}

/// Entropy with the thresholds that it is held against, and the regime that came of it.
pub fn belief(ui: &mut Ui, look: &Look, detail: &NodeDetail) {
    let hint = "Entropy of the residual, 0 to 1, thin; the mean of three, thick. Above the upper \
                line is a storm; below the lower one it can end";
    let limits = &detail.thresholds;
    let highest = detail.history.iter().map(|at| at.entropy).fold(limits.storm, f32::max);
    strip(ui, "entropy", hint, |paint, rect| {
        let top = (highest * 1.15).clamp(0.05, 1.0);
        let y = |value: f32| rect.bottom() - rect.height() * (value / top).clamp(0.0, 1.0);
        for (value, colour) in [(limits.storm, theme::WARN), (limits.calm, theme::ACCENT)] {
            paint.extend(Shape::dashed_line(
                &[pos2(rect.left(), y(value)), pos2(rect.right(), y(value))],
                Stroke::new(1.0, colour.gamma_multiply(0.8)),
                4.0,
                3.0,
            ));
        }
        curve(paint, rect, &detail.history, top, theme::FAINT, |at| at.entropy);
        curve(paint, rect, &detail.history, top, theme::INK, |at| at.smoothed);
        label(paint, rect, &format!("{top:.2}"));
    });
    thin(ui, "regime", "What it believed, tick by tick", &detail.history, |at| {
        theme::regime(look.palette, at.regime)
    });
    thin(ui, "energy", "Energy left, from empty to full", &detail.history, |at| {
        theme::ACCENT.gamma_multiply(0.15 + 0.85 * at.energy.clamp(0.0, 1.0))
    });
}

/// The last wake windows on the clock, and the next one.
pub fn windows(ui: &mut Ui, stage: &Stage, detail: &NodeDetail) {
    let now_us = stage.published.sim_ms.saturating_mul(1_000);
    let next_us = detail.next_wake_ms.checked_mul(1_000).filter(|at| *at >= now_us);
    let Some(first) = detail.windows.first() else { return };
    let last = detail.windows.last().map_or(now_us, |window| window.to_us);
    let end = next_us.map_or(now_us, |next| next + (next - now_us) / 8).max(now_us).max(last);
    let from = first.from_us.max(end.saturating_sub((end - now_us).max(1) * 12));
    let hint = "Wake windows: blue by schedule, amber in an emergency, grey in service; tall ones \
                spoke. White: now. Outlined: the next one";
    section(ui, "target wake time");
    strip(ui, "radio", hint, |paint, rect| {
        let span = (end - from).max(1) as f32;
        let x = |us: u64| rect.left() + rect.width() * us.saturating_sub(from) as f32 / span;
        for window in detail.windows.iter().filter(|window| window.to_us >= from) {
            let colour = match window.kind {
                WakeKind::Scheduled => theme::ACCENT,
                WakeKind::Emergency => theme::WARN,
                WakeKind::Service => theme::FAINT,
            };
            let left = x(window.from_us.max(from));
            let right = x(window.to_us).max(left + 1.5);
            let top = if window.spoke { rect.top() + 3.0 } else { rect.center().y };
            let bar = Rect::from_min_max(pos2(left, top), pos2(right, rect.bottom() - 3.0));
            paint.rect_filled(bar, 1.0, colour);
        }
        if let Some(next) = next_us {
            let bar = Rect::from_min_max(
                pos2(x(next), rect.top() + 3.0),
                pos2(x(next) + 4.0, rect.bottom() - 3.0),
            );
            let line = Stroke::new(1.0, theme::ACCENT);
            paint.rect_stroke(bar, 1.0, line, bevy_egui::egui::StrokeKind::Inside);
        }
        paint.vline(x(now_us), rect.y_range(), Stroke::new(1.0, theme::INK));
        let seconds = (end - from) as f64 / 1e6;
        label(paint, rect, &format!("{seconds:.0} s"));
    });
}

/// A named strip with a dark ground.
fn strip(ui: &mut Ui, name: &str, hint: &str, draw: impl FnOnce(&Painter, Rect)) {
    let size = vec2(ui.available_width(), STRIP);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let inner = rect.with_min_x(rect.left() + GUTTER);
    let paint = ui.painter_at(rect);
    paint.rect_filled(inner, 3.0, theme::WELL.gamma_multiply(0.7));
    let at = pos2(rect.left(), rect.bottom() - 2.0);
    paint.text(at, Align2::LEFT_BOTTOM, name, theme::small_font(), theme::FAINT);
    draw(&paint, inner);
    response.on_hover_text(hint);
}

/// A strip of colours, one for each tick.
fn thin(
    ui: &mut Ui,
    name: &str,
    hint: &str,
    history: &[MomentView],
    colour: impl Fn(&MomentView) -> Color32,
) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
    let inner = rect.with_min_x(rect.left() + GUTTER);
    let paint = ui.painter_at(rect);
    let at = pos2(rect.left(), rect.center().y);
    paint.text(at, Align2::LEFT_CENTER, name, theme::small_font(), theme::FAINT);
    let step = inner.width() / history.len().max(1) as f32;
    let mut place = 0;
    // Ticks of one colour are one rectangle.
    for run in history.chunk_by(|a, b| colour(a) == colour(b)) {
        let left = inner.left() + step * place as f32;
        place += run.len();
        let right = inner.left() + step * place as f32;
        if let Some(first) = run.first() {
            let bar = Rect::from_x_y_ranges(left..=right, inner.y_range());
            paint.rect_filled(bar.shrink2(vec2(0.0, 1.0)), 0.0, colour(first));
        }
    }
    response.on_hover_text(hint);
}

/// The largest value, in the upper left corner.
fn label(paint: &Painter, rect: Rect, text: &str) {
    let at = pos2(rect.left() - 4.0, rect.top());
    paint.text(at, Align2::RIGHT_TOP, text, theme::small_font(), theme::FAINT);
}

fn curve(
    paint: &Painter,
    rect: Rect,
    history: &[MomentView],
    top: f32,
    colour: Color32,
    value: impl Fn(&MomentView) -> f32,
) {
    let step = rect.width() / history.len().saturating_sub(1).max(1) as f32;
    let points: Vec<Pos2> = history
        .iter()
        .enumerate()
        .filter(|(_, at)| value(at).is_finite())
        .map(|(place, at)| {
            let share = (value(at) / top).clamp(0.0, 1.0);
            pos2(rect.left() + step * place as f32, rect.bottom() - rect.height() * share)
        })
        .collect();
    paint.add(Shape::line(points, Stroke::new(1.2, colour)));
}
