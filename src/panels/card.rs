//! Beside the node under the pointer: what it believes, what it has left, what it is worth to
//! others, and why it is silent. Follows the pointer and never lies over the node itself.

use super::theme;
use super::widgets::dot;
use crate::mesh::publish::{NodeView, Regime, Role};
use crate::view::fleet::short;
use crate::view::stage::{Look, Marks, Stage};
use bevy_egui::egui::{
    Align, Align2, Area, Context, FontId, Id, Layout, Order, Pos2, Rect, RichText, Sense, Ui, Vec2,
    pos2, vec2,
};

/// Width of what is written.
const WIDTH: f32 = 196.0;
/// Between the card and the ring of the node.
const GAP: f32 = 12.0;
/// Reasons for silence that are told.
const REASONS: usize = 3;
/// A card that was never drawn is about as high.
const USUAL: Vec2 = vec2(WIDTH + 22.0, 132.0);

/// Draws it where a node is under the pointer. A panel point is `points` logical pixels.
pub fn show(
    context: &Context,
    stage: &Stage,
    look: &Look,
    marks: &Marks,
    (scene, points): (Rect, f32),
) {
    let Some((id, at)) = marks.hovered else { return };
    let Some(node) = stage.published.nodes.get(id as usize) else { return };
    let at = pos2(at.x, at.y) / points;
    let pointer = context.input(|input| input.pointer.hover_pos()).unwrap_or(at);
    let clear = (marks.hovered_radius * 1.9 / points).max(9.0);
    let name = Id::new("hover card");
    let size = context.memory(|memory| memory.area_rect(name)).map_or(USUAL, |rect| rect.size());
    let corner = place(Rect::from_center_size(at, Vec2::splat(2.0 * clear)), pointer, size, scene);
    Area::new(name)
        .order(Order::Tooltip)
        .interactable(false)
        .constrain(false)
        .fixed_pos(corner)
        .default_size(size)
        .show(context, |ui| {
            theme::hover_card().show(ui, |ui| {
                ui.set_width(WIDTH);
                ui.spacing_mut().item_spacing = vec2(6.0, 2.0);
                facts(ui, stage, look, id, node);
            });
        });
}

/// Where the card's corner goes: beside the node on the right, else on the left, else above or
/// below it, as high as the pointer; inside `free` wherever it fits there.
fn place(node: Rect, pointer: Pos2, size: Vec2, free: Rect) -> Pos2 {
    let inside = |at: f32, length: f32, low: f32, high: f32| at.min(high - length).max(low);
    let y = inside(pointer.y - 0.35 * size.y, size.y, free.top(), free.bottom());
    let right = node.right().max(pointer.x) + GAP;
    if right + size.x <= free.right() {
        return pos2(right, y);
    }
    let left = node.left().min(pointer.x) - GAP - size.x;
    if left >= free.left() {
        return pos2(left, y);
    }
    let x = inside(pointer.x - 0.5 * size.x, size.x, free.left(), free.right());
    let above = node.top().min(pointer.y) - GAP - size.y;
    if above >= free.top() { pos2(x, above) } else { pos2(x, node.bottom().max(pointer.y) + GAP) }
}

fn facts(ui: &mut Ui, stage: &Stage, look: &Look, id: u32, node: &NodeView) {
    let (regime, word) = (theme::regime(look.palette, node.regime), regime_word(node.regime));
    ui.horizontal(|ui| {
        ui.label(RichText::new(stage.label(id)).size(13.5).color(theme::INK));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::label(role_word(node.role)).size(11.0));
        });
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        dot(ui, regime);
        ui.label(theme::text(word));
        let rest = if node.dead {
            "without power"
        } else if node.awake {
            "awake"
        } else {
            "asleep"
        };
        ui.label(theme::label(format!("\u{b7} {rest}")));
        if node.banned {
            ui.label(RichText::new("\u{b7} banned").size(12.0).color(theme::WARN));
        }
    });
    measure(ui, "energy left", node.energy);
    measure(ui, "mean reputation", node.reputation);
    line(ui, "gene", &gene(stage, node));
    if stage.scene.group_names.len() > 1 {
        let name = stage.scene.group_names.get(usize::from(node.group));
        line(ui, "modality", name.map_or("", String::as_str));
    }
    if let Some(board) = stage.fleet.status.on(id) {
        line(ui, "board", &format!("{}, {}", short(&board.port), board.lamp().name()));
    } else if node.hardware {
        line(ui, "board", "recorded");
    }
    ui.add_space(2.0);
    silence(ui, stage, id);
}

fn silence(ui: &mut Ui, stage: &Stage, id: u32) {
    let told = stage.pointed.as_ref().filter(|pointed| pointed.id == id);
    let Some(told) = told else {
        ui.label(theme::label(" ").size(11.0));
        return;
    };
    if told.reasons.is_empty() {
        ui.label(theme::label("speaks in its rounds, and is heard").size(11.0));
    }
    for reason in told.reasons.iter().take(REASONS) {
        ui.label(RichText::new(reason).size(11.0).color(theme::WARN));
    }
    if told.reasons.len() > REASONS {
        let more = told.reasons.len() - REASONS;
        ui.label(theme::label(format!("and {more} more")).size(11.0));
    }
}

/// A share of 65535 as a bar and in percent.
fn measure(ui: &mut Ui, name: &str, value: u16) {
    let share = f32::from(value) / 65_535.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 15.0), Sense::hover());
    let (paint, y) = (ui.painter(), rect.center().y);
    let font = FontId::proportional(12.0);
    paint.text(rect.left_center(), Align2::LEFT_CENTER, name, font.clone(), theme::FAINT);
    let said = format!("{:.0} %", share * 100.0);
    paint.text(rect.right_center(), Align2::RIGHT_CENTER, said, font, theme::INK);
    let whole =
        Rect::from_x_y_ranges(rect.right() - 100.0..=rect.right() - 44.0, y - 3.0..=y + 3.0);
    paint.rect_filled(whole, 3.0, theme::WELL);
    let filled = whole.with_max_x(whole.left() + whole.width() * share);
    paint.rect_filled(filled, 3.0, theme::ACCENT);
}

fn line(ui: &mut Ui, name: &str, said: &str) {
    ui.horizontal(|ui| {
        ui.label(theme::label(name));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::value(said));
        });
    });
}

/// What its gene is called: of several of one line the one that serves most nodes.
fn gene(stage: &Stage, node: &NodeView) -> String {
    if node.lineage == 0 {
        return "its first".to_owned();
    }
    let line = stage.genes.genes.iter().filter(|gene| gene.hue == node.lineage);
    line.max_by_key(|gene| (gene.nodes, std::cmp::Reverse(gene.id))).map_or_else(
        || "evolved".to_owned(),
        |gene| format!("{}, generation {}", gene.name(), gene.generation),
    )
}

/// A regime as people say it.
#[must_use]
pub const fn regime_word(regime: Regime) -> &'static str {
    match regime {
        Regime::Calm => "calm",
        Regime::PreStorm => "pre-storm",
        Regime::Storm => "storm",
    }
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Sentinel => "sentinel",
        Role::Scheduled => "scheduled",
        Role::OnDemand => "on demand",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_never_lies_over_its_node_and_stays_where_it_can_be_seen() {
        let size = vec2(218.0, 140.0);
        for free in [
            Rect::from_min_size(pos2(0.0, 0.0), vec2(900.0, 500.0)),
            Rect::from_min_size(pos2(270.0, 40.0), vec2(480.0, 330.0)),
            Rect::from_min_size(pos2(100.0, 50.0), vec2(260.0, 420.0)),
        ] {
            for step in 0..400_u16 {
                let share = |part: u16| f32::from(part) / 19.0;
                let at = free.lerp_inside(vec2(share(step % 20), share(step / 20)));
                let radius = 6.0 + f32::from(step % 7) * 5.0;
                let node = Rect::from_center_size(at, Vec2::splat(2.0 * radius));
                let pointer = at + vec2(radius * 0.6, -radius * 0.7);
                let card = Rect::from_min_size(place(node, pointer, size, free), size);
                assert!(!card.intersects(node), "{card:?} over {node:?}");
                assert!(!card.contains(pointer), "{card:?} under {pointer:?}");
                if free.width() > 700.0 {
                    assert!(free.contains_rect(card), "{card:?} leaves {free:?}");
                }
            }
        }
    }
}
