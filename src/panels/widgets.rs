//! Small painted pieces that several panels share: bars, dots, rows, numbers as people say them.

use super::theme;
use crate::bridge::Lamp;
use bevy_egui::egui::{
    Align, Align2, Color32, CornerRadius, Layout, Painter, Pos2, Rect, Response, Sense, Shape,
    Stroke, Ui, pos2, vec2,
};

/// A label on the left and a value on the right, and on hover what the value means, with its unit.
pub fn row(ui: &mut Ui, label: &str, value: impl Into<String>, hint: &str) {
    let line = ui.horizontal(|ui| {
        ui.label(theme::label(label));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::value(value));
        });
    });
    line.response.on_hover_text(hint);
}

/// A heading with a hairline after it.
pub fn section(ui: &mut Ui, title: &str) {
    ui.add_space(5.0);
    ui.horizontal(|ui| {
        ui.label(theme::heading(&title.to_uppercase()));
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
        ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, theme::OUTLINE));
    });
}

/// A bar filled to a share.
pub fn bar(ui: &mut Ui, share: f32, width: f32, colour: Color32) -> Rect {
    let (rect, _) = ui.allocate_exact_size(vec2(width, 6.0), Sense::hover());
    let round = CornerRadius::same(3);
    ui.painter().rect_filled(rect, round, theme::WELL);
    let filled = rect.with_max_x(rect.left() + rect.width() * share.clamp(0.0, 1.0));
    if filled.width() > 0.5 {
        ui.painter().rect_filled(filled, round, colour);
    }
    rect
}

/// A bar split among counts.
pub fn split_bar(ui: &mut Ui, parts: &[(u32, Color32)]) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    let round = CornerRadius::same(4);
    ui.painter().rect_filled(rect, round, theme::WELL);
    let total: u32 = parts.iter().map(|(count, _)| count).sum();
    let mut left = rect.left();
    for (count, colour) in parts.iter().filter(|(count, _)| *count > 0) {
        // Even a single node among thousands is a mark that can be seen.
        let width = (rect.width() * *count as f32 / total.max(1) as f32).max(3.0);
        let right = (left + width).min(rect.right());
        let part = Rect::from_x_y_ranges(left..=right, rect.y_range());
        ui.painter().rect_filled(part.shrink2(vec2(0.5, 0.0)), CornerRadius::same(2), *colour);
        left = right;
    }
}

/// A bar split among shares of a whole.
pub fn split_shares(ui: &mut Ui, parts: &[(f64, Color32)]) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(4), theme::WELL);
    let total: f64 = parts.iter().map(|(part, _)| part).sum();
    let mut left = rect.left();
    for (part, colour) in parts.iter().filter(|(part, _)| *part > 0.0) {
        let right = (left + rect.width() * (part / total) as f32).min(rect.right());
        let area = Rect::from_x_y_ranges(left..=right, rect.y_range());
        ui.painter().rect_filled(area, CornerRadius::same(1), *colour);
        left = right;
    }
}

/// A filled dot the size of a letter.
pub fn dot(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(9.0, 12.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, colour);
}

/// The lamp of a board's link: each state has a colour and a form of its own.
pub fn lamp(paint: &Painter, at: Pos2, lamp: Lamp) {
    let colour = theme::lamp(lamp);
    let stroke = Stroke::new(1.7, colour);
    match lamp {
        // A full light.
        Lamp::Connected => {
            paint.circle_filled(at, 6.5, colour.gamma_multiply(0.22));
            paint.circle_filled(at, 4.2, colour);
        }
        // Half of it.
        Lamp::Waiting => {
            let half = (0..=12_u8).map(|step| {
                let turn = std::f32::consts::PI * (0.5 + f32::from(step) / 12.0);
                at + vec2(4.2 * turn.cos(), 4.2 * turn.sin())
            });
            paint.add(Shape::convex_polygon(half.collect(), colour, Stroke::NONE));
            paint.circle_stroke(at, 4.2, Stroke::new(1.3, colour));
        }
        // None: what is left is its rim.
        Lamp::Silent => drop(paint.circle_stroke(at, 4.2, stroke)),
        // Crossed out.
        Lamp::Lost => {
            for side in [-1.0, 1.0] {
                let arm = vec2(3.8, 3.8 * side);
                paint.line_segment([at - arm, at + arm], stroke);
            }
        }
    }
}

/// A lamp as a part of a line.
pub fn lamp_sign(ui: &mut Ui, lit: Lamp) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(15.0, 14.0), Sense::hover());
    lamp(ui.painter(), rect.center(), lit);
    response
}

/// A node with the broken ring of a board that has parted from its twin.
pub fn parted_sign(ui: &mut Ui, base: Color32, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(19.0, 16.0), Sense::hover());
    let (at, paint) = (rect.center(), ui.painter());
    paint.circle_filled(at, 3.4, base);
    for dash in 0..6_u8 {
        let part = (0..=4_u8).map(|step| {
            let turn = std::f32::consts::TAU * (f32::from(dash) + f32::from(step) * 0.16) / 6.0;
            at + vec2(7.0 * turn.cos(), 7.0 * turn.sin())
        });
        paint.add(Shape::line(part.collect(), Stroke::new(1.7, colour)));
    }
}

/// A key as on a keyboard.
pub fn keycap(ui: &mut Ui, key: &str) {
    let galley = ui.painter().layout_no_wrap(key.to_owned(), theme::small_font(), theme::INK);
    let size = vec2(galley.size().x.max(8.0) + 9.0, 17.0);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(4), theme::WELL);
    ui.painter().rect_stroke(
        rect,
        CornerRadius::same(4),
        Stroke::new(1.0, theme::OUTLINE),
        bevy_egui::egui::StrokeKind::Inside,
    );
    let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min;
    ui.painter().galley(at, galley, theme::INK);
}

/// The outline of a node as the scene draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// A sentinel.
    Diamond,
    /// A scheduled node.
    Ball,
    /// A node that answers on demand.
    Hollow,
    /// A sleeping node.
    Small,
    /// The reputation ring.
    Ring,
    /// Brightness.
    Bright,
    /// A plain colour.
    Dot,
    /// A banned node.
    Struck,
    /// A node without power.
    Dark,
    /// A real board.
    Hexagon,
    /// A node in a storm that is not shown.
    Stormy,
    /// A link that was cut.
    Cut,
    /// A link on which frames are lost by order.
    Degraded,
}

/// A node's shape in the legend.
pub fn glyph(ui: &mut Ui, glyph: Glyph, colour: Color32) {
    let width = if glyph == Glyph::Dot { 9.0 } else { 17.0 };
    let (rect, _) = ui.allocate_exact_size(vec2(width, 16.0), Sense::hover());
    let at = rect.center();
    let paint = ui.painter();
    match glyph {
        Glyph::Diamond => {
            let r = 6.5;
            let corners = [(0.0, -r), (r, 0.0), (0.0, r), (-r, 0.0)];
            let points = corners.map(|(x, y)| pos2(at.x + x, at.y + y)).to_vec();
            paint.add(Shape::convex_polygon(points, colour, Stroke::NONE));
        }
        Glyph::Struck
        | Glyph::Dark
        | Glyph::Hexagon
        | Glyph::Stormy
        | Glyph::Cut
        | Glyph::Degraded => {
            rare(paint, at, glyph, colour);
        }
        Glyph::Dot => drop(paint.circle_filled(at, 4.0, colour)),
        Glyph::Ball => drop(paint.circle_filled(at, 5.0, colour)),
        Glyph::Hollow => drop(paint.circle_stroke(at, 4.0, Stroke::new(2.4, colour))),
        Glyph::Small => drop(paint.circle_filled(at, 3.0, colour.gamma_multiply(0.45))),
        Glyph::Ring => {
            paint.circle_filled(at, 2.6, colour.gamma_multiply(0.6));
            paint.circle_stroke(at, 6.6, Stroke::new(1.2, theme::ring().gamma_multiply(0.2)));
            paint.add(Shape::line(arc(at, 6.6, 0.7), Stroke::new(1.3, theme::ring())));
        }
        Glyph::Bright => {
            for (step, share) in [(-5.5, 0.25), (0.0, 0.55), (5.5, 1.0)] {
                paint.circle_filled(pos2(at.x + step, at.y), 2.4, colour.gamma_multiply(share));
            }
        }
    }
}

/// Shapes that are seen only where there is such a node.
fn rare(paint: &Painter, at: Pos2, glyph: Glyph, colour: Color32) {
    match glyph {
        Glyph::Struck => {
            let stroke = Stroke::new(1.4, colour);
            paint.circle_stroke(at, 5.0, stroke);
            paint.line_segment([at + vec2(-3.4, 3.4), at + vec2(3.4, -3.4)], stroke);
        }
        Glyph::Dark => {
            paint.circle_filled(at, 5.0, theme::WELL);
            paint.circle_stroke(at, 5.0, Stroke::new(1.0, theme::asleep()));
        }
        Glyph::Hexagon => {
            let corner = |step: u8| {
                let turn = std::f32::consts::TAU * f32::from(step) / 6.0;
                at + vec2(6.0 * turn.cos(), 6.0 * turn.sin())
            };
            let points = (0..6).map(corner).collect();
            paint.add(Shape::convex_polygon(points, colour, Stroke::NONE));
        }
        Glyph::Cut => {
            let stroke = Stroke::new(1.4, theme::lost());
            for side in [-1.0, 1.0] {
                let gap = at + vec2(2.5 * side, 0.0);
                paint.line_segment([at + vec2(8.0 * side, 0.0), gap], stroke);
                paint.line_segment([gap - vec2(0.0, 3.5), gap + vec2(0.0, 3.5)], stroke);
            }
        }
        Glyph::Degraded => {
            let (from, to) = (at - vec2(8.0, 0.0), at + vec2(8.0, 0.0));
            let stroke = Stroke::new(1.4, theme::lost());
            paint.extend(Shape::dashed_line(&[from, to], stroke, 3.0, 3.0));
        }
        _ => {
            paint.circle_filled(at, 7.5, theme::storm().gamma_multiply(0.35));
            paint.circle_filled(at, 6.0, theme::storm().gamma_multiply(0.55));
            paint.circle_filled(at, 3.6, colour);
        }
    }
}

/// Part of a circle, from the top, clockwise.
fn arc(at: Pos2, radius: f32, share: f32) -> Vec<Pos2> {
    (0..=24)
        .map(|step| {
            let turn = share * std::f32::consts::TAU * step as f32 / 24.0;
            pos2(at.x + radius * turn.sin(), at.y - radius * turn.cos())
        })
        .collect()
}

/// A whole number with its thousands apart.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes.
#[must_use]
pub fn bytes(count: u64) -> String {
    scaled(count as f64, "B", &["kB", "MB", "GB", "TB"])
}

/// An energy given in microjoules.
#[must_use]
pub fn energy(microjoules: u64) -> String {
    scaled(microjoules as f64, "µJ", &["mJ", "J", "kJ", "MJ"])
}

fn scaled(mut number: f64, plain: &str, units: &[&str]) -> String {
    let mut unit = plain;
    for larger in units {
        if number < 1000.0 {
            break;
        }
        number /= 1000.0;
        unit = larger;
    }
    let places = usize::from(unit != plain && number < 100.0);
    format!("{number:.places$} {unit}")
}

/// A simulated time as a clock shows it.
#[must_use]
pub fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let time = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if days > 0 { format!("{days} d {time}") } else { time }
}

/// A unit as people write it.
#[must_use]
pub fn unit(name: &str) -> &str {
    match name {
        "degC" => "°C",
        "percent" => "%",
        "ug/m3" => "µg/m³",
        other => other,
    }
}

/// A speed given in thousandths.
#[must_use]
pub fn times(milli: u32) -> String {
    let speed = f64::from(milli) / 1000.0;
    if speed >= 10.0 {
        format!("{}x", grouped(u64::from(milli) / 1000))
    } else {
        let text = format!("{speed:.2}");
        format!("{}x", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(31_720), "31.7 kB");
        assert_eq!(energy(7_412_000), "7.4 J");
        assert_eq!(clock(90_061_000), "1 d 01:01:01");
        assert_eq!(times(600), "0.6x");
        assert_eq!(times(16_000), "16x");
        assert_eq!(times(250), "0.25x");
    }

    #[test]
    fn an_arc_starts_at_the_top() {
        let points = arc(pos2(0.0, 0.0), 1.0, 0.25);
        assert!((points[0].y + 1.0).abs() < 1e-5);
        assert!((points[24].x - 1.0).abs() < 1e-5);
    }
}
