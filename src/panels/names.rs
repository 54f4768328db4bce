//! In the scene: the name of the selected node, the rectangle that picks several, and what a tool
//! draws.

use super::ghosts::rim;
use super::theme;
use super::widgets::lamp;
use crate::bridge::Lamp;
use crate::view::fleet::Fleet;
use crate::view::stage::{Marks, Stage};
use crate::view::theme::Palette;
use crate::view::tools::{Sketch, Tool};
use bevy::math::Vec3;
use bevy_egui::egui::{
    Color32, Context, CornerRadius, LayerId, Order, Pos2, Rect, Shape, Stroke, StrokeKind, pos2,
    vec2,
};

/// Nodes that are shown where they are dragged to, at most.
const SHIFTED: usize = 256;

/// Paints them behind all panels. A panel point is `points` logical pixels.
pub fn show(context: &Context, stage: &Stage, marks: &Marks, points: f32) {
    if let Some([a, b]) = marks.rectangle {
        let area = Rect::from_two_pos(pos2(a.x, a.y) / points, pos2(b.x, b.y) / points);
        let painter = context.layer_painter(LayerId::new(Order::Background, "rectangle".into()));
        painter.rect_filled(area, CornerRadius::same(2), theme::ACCENT.gamma_multiply(0.1));
        let outline = Stroke::new(1.0, theme::ACCENT);
        painter.rect_stroke(area, CornerRadius::same(2), outline, StrokeKind::Inside);
        let said = format!("{} picked", stage.picked.len());
        tag(context, area.right_bottom(), 0.0, &said, theme::INK);
    }
    // Under the pointer it has a card, which says its name too.
    let hovered = marks.hovered.map(|(id, _)| id);
    // Boards have theirs in any case.
    let unnamed = |id: &u32| {
        let Fleet { marks, recorded, .. } = &stage.fleet;
        hovered != Some(*id) && !recorded.contains(id) && !marks.iter().any(|mark| mark.node == *id)
    };
    if let (Some(id), Some(at)) = (stage.selected.filter(unnamed), marks.selected) {
        tag(
            context,
            pos2(at.x, at.y) / points,
            marks.radius * 2.5 / points,
            &stage.label(id),
            theme::INK,
        );
    }
}

/// What a tool is drawing on the ground, in the window. `chosen` is where the nodes are that it is
/// about, and how large they are.
pub fn sketch(
    context: &Context,
    sketch: &Sketch,
    (chosen, radius): (impl Iterator<Item = Vec3>, f32),
    seen: &dyn Fn(Vec3) -> Option<Pos2>,
) {
    let painter = context.layer_painter(LayerId::new(Order::Background, "sketch".into()));
    let colour = theme::ACCENT;
    if let Some((centre, radius_of)) = sketch.circle {
        let rim = rim(centre, radius_of, seen);
        painter.add(Shape::line(rim, Stroke::new(2.0, colour)));
    } else if let Some(shift) = sketch.shift {
        for place in chosen.take(SHIFTED) {
            let rim = rim(place + shift, radius * 1.3, seen);
            painter.add(Shape::line(rim, Stroke::new(1.6, colour)));
        }
    } else if sketch.tool == Tool::DrawLine {
        let line: Vec<Pos2> = sketch.trail.iter().filter_map(|place| seen(*place)).collect();
        painter.add(Shape::line(line, Stroke::new(2.5, theme::WARN)));
    }
}

/// The names of two worlds, in front of each.
pub fn worlds(context: &Context, fronts: [Option<Pos2>; 2], palette: Palette) {
    let inks = [theme::TEXT, theme::difference(palette)];
    for ((at, said), ink) in fronts.into_iter().zip(NAMES).zip(inks) {
        if let Some(at) = at {
            tag(context, at - vec2(24.0, 0.0), 0.0, said, ink);
        }
    }
}

/// The names of boards with the lamps of their links, beside their nodes. `place` is where a node
/// is in the window, and how large.
pub fn boards(
    context: &Context,
    stage: &Stage,
    palette: Palette,
    place: &dyn Fn(u32) -> Option<(Pos2, f32)>,
) {
    let Fleet { marks, recorded, .. } = &stage.fleet;
    let tick = stage.published.tick;
    let live = marks.iter().map(|mark| {
        let parted = mark.parted.is_some_and(|at| at < tick);
        let ink = if parted { theme::parted(palette) } else { theme::INK };
        (mark.node, mark.name.as_str(), ink, Some(mark.lamp))
    });
    let others = recorded.iter().map(|id| (*id, "recorded board", theme::TEXT, None));
    // Names of boards that are seen beside each other stand below each other.
    let mut taken = [Rect::NOTHING; CLEAR];
    for (number, (node, name, ink, lit)) in live.chain(others).enumerate() {
        let Some((mut at, radius)) = place(node) else { continue };
        for _ in 0..CLEAR {
            let own = Rect::from_min_size(at - vec2(0.0, 9.0), vec2(NAME_WIDTH, 18.0));
            let Some(other) = taken.iter().find(|other| other.intersects(own)) else { break };
            at.y = other.bottom() + 9.5;
        }
        if let Some(place) = taken.get_mut(number) {
            *place = Rect::from_min_size(at - vec2(0.0, 9.0), vec2(NAME_WIDTH, 18.0));
        }
        lit_tag(context, at, radius * 2.1, name, (ink, lit));
    }
}

/// Names of boards that are kept apart from each other, at most.
const CLEAR: usize = 16;
/// Width that is kept for one of them.
const NAME_WIDTH: f32 = 190.0;

/// What the two worlds of a fork are called.
pub const NAMES: [&str; 2] = ["unchanged", "what if"];

/// A name beside a node, clear of its ring.
fn tag(context: &Context, at: Pos2, clear: f32, name: &str, ink: Color32) {
    lit_tag(context, at, clear, name, (ink, None));
}

/// The same with a lamp in front.
fn lit_tag(
    context: &Context,
    at: Pos2,
    clear: f32,
    name: &str,
    (ink, lit): (Color32, Option<Lamp>),
) {
    let painter = context.layer_painter(LayerId::new(Order::Background, "names".into()));
    let galley = painter.layout_no_wrap(name.to_owned(), theme::tag_font(), ink);
    let from = pos2(at.x + clear.max(9.0) + 3.0, at.y - galley.size().y * 0.5);
    let lamp_width = if lit.is_some() { 16.0 } else { 0.0 };
    let size = galley.size() + vec2(lamp_width, 0.0);
    let behind = Rect::from_min_size(from, size).expand2(vec2(5.0, 2.0));
    painter.rect_filled(behind, CornerRadius::same(5), theme::SURFACE);
    let outline = Stroke::new(1.0, theme::OUTLINE);
    painter.rect_stroke(behind, CornerRadius::same(5), outline, StrokeKind::Inside);
    if let Some(lit) = lit {
        lamp(&painter, pos2(from.x + 5.0, behind.center().y), lit);
    }
    painter.galley(from + vec2(lamp_width, 0.0), galley, ink);
}
