//! A small plot: two lines over a common past, with their range.

use super::theme;
use bevy_egui::egui::{
    Align2, Color32, CornerRadius, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2,
};

/// Height of the plot.
const HEIGHT: f32 = 84.0;
/// Room for the scale's numbers on the left.
const GUTTER: f32 = 38.0;

/// Draws the signal and what was predicted, oldest on the left.
pub fn signal(ui: &mut Ui, history: &[(f32, f32)]) {
    let size = vec2(ui.available_width(), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.on_hover_text("Samples and what was predicted of them, in the unit of its modality");
    let paint = ui.painter_at(rect);
    paint.rect_filled(rect, CornerRadius::same(6), theme::WELL.gamma_multiply(0.7));
    let inner = rect.shrink2(vec2(8.0, 9.0)).with_min_x(rect.left() + GUTTER);
    let Some((low, high)) = range(history) else {
        let font = theme::small_font();
        paint.text(rect.center(), Align2::CENTER_CENTER, "no samples yet", font, theme::FAINT);
        return;
    };
    for share in [0.0, 0.5, 1.0] {
        let y = inner.top() + inner.height() * share;
        paint.hline(inner.x_range(), y, Stroke::new(1.0, theme::OUTLINE.gamma_multiply(0.6)));
    }
    let predicted = line(history, |pair| pair.1, inner, (low, high));
    let sampled = line(history, |pair| pair.0, inner, (low, high));
    paint.add(Shape::line(predicted, Stroke::new(1.2, theme::PREDICTION.gamma_multiply(0.85))));
    paint.add(Shape::line(sampled.clone(), Stroke::new(1.5, theme::ACCENT)));
    if let Some(last) = sampled.last() {
        paint.circle_filled(*last, 2.4, theme::INK);
    }
    for value in [low, f32::midpoint(low, high), high] {
        let y = inner.bottom() - inner.height() * (value - low) / (high - low);
        let at = pos2(inner.left() - 5.0, y);
        paint.text(at, Align2::RIGHT_CENTER, scale(value), theme::small_font(), theme::FAINT);
    }
}

/// A number short enough for the gutter.
fn scale(value: f32) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The names of the two lines, in their colours.
pub fn names(ui: &mut Ui, raw: f32, prediction: f32, unit: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        let sample = "The last sample, in the unit of its modality";
        let said = "What its model had said before it was taken, in the same unit";
        for (name, value, colour, hint) in [
            ("signal", raw, theme::ACCENT, sample),
            ("prediction", prediction, theme::PREDICTION, said),
        ] {
            swatch(ui, colour);
            ui.label(theme::label(name));
            ui.label(theme::value(format!("{value:.2} {unit}"))).on_hover_text(hint);
            ui.add_space(4.0);
        }
    });
}

fn swatch(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(11.0, 12.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(2.0, colour));
}

/// The least and greatest of both lines, never the same.
fn range(history: &[(f32, f32)]) -> Option<(f32, f32)> {
    let all = history.iter().flat_map(|pair| [pair.0, pair.1]).filter(|value| value.is_finite());
    let (low, high) =
        all.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)));
    (low <= high).then(|| {
        let half = ((high - low) * 0.5).max(1e-3);
        let middle = f32::midpoint(low, high);
        (middle - half, middle + half)
    })
}

fn line(
    history: &[(f32, f32)],
    value: impl Fn(&(f32, f32)) -> f32,
    rect: Rect,
    (low, high): (f32, f32),
) -> Vec<Pos2> {
    let steps = history.len().saturating_sub(1).max(1) as f32;
    history
        .iter()
        .enumerate()
        .filter(|(_, pair)| value(pair).is_finite())
        .map(|(step, pair)| {
            let share = (value(pair) - low) / (high - low);
            let x = rect.left() + rect.width() * step as f32 / steps;
            pos2(x, rect.bottom() - rect.height() * share)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_line_and_a_broken_one_have_a_range() {
        assert_eq!(range(&[]), None);
        assert_eq!(range(&[(f32::NAN, f32::INFINITY)]), None);
        let (low, high) = range(&[(2.0, 2.0)]).unwrap_or_default();
        assert!(low < 2.0 && high > 2.0);
    }

    #[test]
    fn the_line_spans_the_rectangle() {
        let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(10.0, 10.0));
        let points = line(&[(0.0, 0.0), (1.0, 0.0)], |pair| pair.0, rect, (0.0, 1.0));
        assert_eq!(points, vec![pos2(0.0, 10.0), pos2(10.0, 0.0)]);
    }
}
