//! Small drawn signs on buttons: one hand for all of them, whatever letters a font has. It knows
//! shapes and nothing of what they do.

use super::theme;
use bevy_egui::egui::{
    Color32, CornerRadius, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui,
    pos2, vec2,
};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Back to the first tick of another run.
    Restart,
    /// One tick back.
    Back,
    /// Play backwards.
    Reverse,
    /// Play.
    Play,
    /// Stand still.
    Pause,
    /// One tick.
    Step,
    /// To the newest tick.
    Latest,
    /// Half as fast.
    Slower,
    /// Twice as fast.
    Faster,
    /// A way that parts in two.
    Fork,
    /// A recording.
    Record,
    /// A bookmark.
    Mark,
    /// The event before.
    Previous,
    /// The event after.
    Next,
}

/// A button with a sign; `lit` while what it does is on.
pub fn button(ui: &mut Ui, icon: Icon, lit: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(26.0, 22.0), Sense::click());
    let visuals = ui.style().interact_selectable(&response, lit);
    let round = CornerRadius::same(6);
    ui.painter().rect_filled(rect, round, visuals.weak_bg_fill);
    ui.painter().rect_stroke(rect, round, visuals.bg_stroke, StrokeKind::Inside);
    let ink = match (ui.is_enabled(), icon) {
        (false, _) => theme::FAINT.gamma_multiply(0.5),
        (true, Icon::Record) => theme::recording(),
        (true, _) if lit => theme::INK,
        (true, _) => theme::TEXT,
    };
    draw(ui.painter(), rect.center(), icon, ink);
    response.widget_info(|| {
        let name = format!("{icon:?}");
        bevy_egui::egui::WidgetInfo::labeled(bevy_egui::egui::WidgetType::Button, true, name)
    });
    response
}

/// The sign alone, about twelve points wide.
pub fn draw(paint: &Painter, at: Pos2, icon: Icon, ink: Color32) {
    let stroke = Stroke::new(1.6, ink);
    match icon {
        Icon::Play => triangle(paint, at + vec2(1.0, 0.0), 5.5, ink),
        Icon::Reverse => triangle(paint, at - vec2(1.0, 0.0), -5.5, ink),
        Icon::Pause => {
            bar(paint, at - vec2(2.6, 0.0), ink);
            bar(paint, at + vec2(2.6, 0.0), ink);
        }
        Icon::Step => {
            bar(paint, at - vec2(4.4, 0.0), ink);
            triangle(paint, at + vec2(2.4, 0.0), 4.6, ink);
        }
        Icon::Back => {
            triangle(paint, at - vec2(2.4, 0.0), -4.6, ink);
            bar(paint, at + vec2(4.4, 0.0), ink);
        }
        Icon::Latest => {
            triangle(paint, at - vec2(3.6, 0.0), 3.6, ink);
            triangle(paint, at + vec2(1.4, 0.0), 3.6, ink);
            bar(paint, at + vec2(5.6, 0.0), ink);
        }
        Icon::Restart => {
            let turn = |step: u8| {
                let angle = -0.5 + f32::from(step) / 20.0 * 5.2;
                at + vec2(angle.cos(), angle.sin()) * 4.8
            };
            paint.add(Shape::line((0..=20).map(turn).collect(), stroke));
            let tip = turn(0);
            let head = vec![tip + vec2(-3.6, -0.6), tip + vec2(2.2, -3.4), tip + vec2(1.4, 2.6)];
            paint.add(Shape::convex_polygon(head, ink, Stroke::NONE));
        }
        Icon::Slower => drop(paint.hline(at.x - 4.0..=at.x + 4.0, at.y, stroke)),
        Icon::Faster => {
            paint.hline(at.x - 4.0..=at.x + 4.0, at.y, stroke);
            paint.vline(at.x, at.y - 4.0..=at.y + 4.0, stroke);
        }
        Icon::Fork => {
            let knot = at - vec2(1.5, 0.0);
            paint.line_segment([at - vec2(5.5, 0.0), knot], stroke);
            for side in [-3.6, 3.6] {
                paint.line_segment([knot, at + vec2(2.0, side)], stroke);
                paint.circle_filled(at + vec2(4.0, side), 2.0, ink);
            }
        }
        Icon::Record => drop(paint.circle_filled(at, 4.6, ink)),
        Icon::Mark => flag(paint, at, ink),
        Icon::Previous => {
            paint.circle_filled(at - vec2(4.6, 0.0), 2.0, ink);
            triangle(paint, at + vec2(1.6, 0.0), -3.8, ink);
        }
        Icon::Next => {
            triangle(paint, at - vec2(1.6, 0.0), 3.8, ink);
            paint.circle_filled(at + vec2(4.6, 0.0), 2.0, ink);
        }
    }
}

/// A ribbon with a notch, as between the pages of a book.
pub fn flag(paint: &Painter, at: Pos2, ink: Color32) {
    let points = [(-3.2, -5.0), (3.2, -5.0), (3.2, 5.0), (0.0, 2.0), (-3.2, 5.0)];
    // Notched shapes are not convex: two parts that are.
    for part in [[0, 1, 2, 3].as_slice(), &[0, 3, 4]] {
        let corners = part.iter().filter_map(|corner| points.get(*corner));
        let corners = corners.map(|(x, y)| at + vec2(*x, *y)).collect();
        paint.add(Shape::convex_polygon(corners, ink, Stroke::NONE));
    }
}

/// Points to the right; to the left where `size` is below zero.
fn triangle(paint: &Painter, at: Pos2, size: f32, ink: Color32) {
    let tall = size.abs();
    let points = vec![
        pos2(at.x - size * 0.75, at.y - tall),
        pos2(at.x + size * 0.85, at.y),
        pos2(at.x - size * 0.75, at.y + tall),
    ];
    paint.add(Shape::convex_polygon(points, ink, Stroke::NONE));
}

fn bar(paint: &Painter, at: Pos2, ink: Color32) {
    paint.rect_filled(Rect::from_center_size(at, vec2(2.4, 10.0)), CornerRadius::ZERO, ink);
}
