//! Along the bottom: what each light in the picture means, as a caption.

use super::theme;
use super::widgets::{Glyph, glyph, lamp_sign, parted_sign};
use crate::bridge::Lamp;
use crate::mesh::publish::{PacketKind, Regime};
use crate::view::space::{Space, say_length};
use crate::view::stage::{ColourBy, Look, Stage};
use crate::view::theme as scene;
use bevy_egui::egui::{self, Color32, Rect, Sense, Ui, vec2};

/// Width that colours and shapes take side by side.
const ONE_LINE: f32 = 760.0;
/// Width of a ramp of colours.
const RAMP: f32 = 76.0;
/// Width of a mark and of the space after it, at most.
const MARK: f32 = 23.0;

/// Draws its lines.
pub fn lines(ui: &mut Ui, stage: &Stage, look: &Look, space: &Space) {
    ui.spacing_mut().item_spacing = vec2(12.0, 4.0);
    // Marks are never parted from their names, so a narrow caption is broken here.
    if ui.available_width() < ONE_LINE {
        line(ui, |ui| colours(ui, stage, look));
        line(ui, |ui| nodes(ui, stage, look));
    } else {
        line(ui, |ui| {
            colours(ui, stage, look);
            nodes(ui, stage, look);
        });
    }
    line(ui, |ui| {
        packets(ui, look);
        if look.layout.is_real() {
            let step = say_length(space.grid_step_mm);
            let hint = "The side of a square of the ground, in the mesh's own length";
            entry(ui, &format!("= {step}"), hint, square);
        }
    });
    if stage.present.hardware || !stage.fleet.marks.is_empty() {
        line(ui, |ui| boards(ui, stage, look));
    }
    if !look.layout.is_real() {
        line(ui, |ui| unreal(ui, stage, look));
    }
}

/// What a layout that is not real means.
fn unreal(ui: &mut Ui, stage: &Stage, look: &Look) {
    let said = format!("layout: {} (positions are not real)", look.layout.name());
    ui.label(egui::RichText::new(said).size(11.0).color(theme::WARN));
    if !stage.published.storms.is_empty() {
        let base = theme::regime(look.palette, Regime::Calm);
        let hint = "It is inside a storm, whatever it believes itself";
        entry(ui, "stands in a storm", hint, |ui| glyph(ui, Glyph::Stormy, base));
    }
}

fn line(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.horizontal_wrapped(add);
}

/// A mark and its name, never parted by a line's end; what it means where the pointer rests on it.
fn entry(ui: &mut Ui, name: &str, hint: &str, mark: impl FnOnce(&mut Ui)) {
    break_before(ui, MARK + width_of(ui, name));
    let line = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        mark(ui);
        ui.label(theme::text(name).size(11.0));
    });
    explain(ui, line.response.rect, hint);
}

/// Begins another line where the rest of this one is shorter than `width`: what is put together out
/// of parts would run on.
fn break_before(ui: &mut Ui, width: f32) {
    if ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
}

fn width_of(ui: &Ui, text: &str) -> f32 {
    let font = egui::FontId::proportional(11.0);
    ui.painter().layout_no_wrap(text.to_owned(), font, theme::TEXT).size().x
}

/// The caption leaves the mouse to the scene, so where the pointer is has to be asked here.
fn explain(ui: &Ui, rect: Rect, hint: &str) {
    let (at, pressed) = ui.input(|input| (input.pointer.hover_pos(), input.pointer.any_down()));
    let Some(at) = at.filter(|at| rect.contains(*at) && !pressed) else { return };
    let above = ui.ctx().layer_id_at(at);
    if above.is_none_or(|layer| layer.order == egui::Order::Background) {
        let (context, id) = (ui.ctx().clone(), egui::Id::new(hint));
        let mut tip = egui::Tooltip::always_open(context, ui.layer_id(), id, rect);
        // Below it are other entries.
        tip.popup = tip.popup.align(egui::RectAlign::TOP_START);
        tip.show(|ui| ui.label(hint));
    }
}

fn nodes(ui: &mut Ui, stage: &Stage, look: &Look) {
    let base = theme::regime(look.palette, Regime::Calm);
    for (shape, name, hint) in [
        (Glyph::Ball, "scheduled", "A node that wakes by a plan"),
        (Glyph::Diamond, "sentinel", "A node whose radio stays awake"),
        (Glyph::Hollow, "on demand", "A node that sleeps until it is called"),
        (Glyph::Small, "asleep", "Its radio is off now"),
        (Glyph::Bright, "light: energy", "The brighter, the more it has left, from empty to full"),
        (
            Glyph::Ring,
            "ring: reputation",
            "The longer the arc, the higher: the mean of what its \
          neighbours hold of it, from 0 to 1 all around",
        ),
    ] {
        entry(ui, name, hint, |ui| glyph(ui, shape, base));
    }
    if stage.other.is_some() {
        let hint = "A node of the second world that is not as in the first: the longer, the more";
        let ink = theme::difference(look.palette);
        entry(ui, "rays: unlike unchanged", hint, |ui| rays(ui, ink, base));
    }
    // What is rare is explained when it is there.
    let there = &stage.present;
    let banned = "A sixth or more of those that judge it do not heed it";
    let lossy = "Frames are lost on it by order: the shorter the dashes, the more";
    let severed = "No frame passes, by order or by a fault";
    for (shape, name, hint, seen) in [
        (Glyph::Struck, "banned", banned, there.banned),
        (Glyph::Dark, "without power", "It ran out of energy or was killed", there.dead),
        (Glyph::Cut, "cut link", severed, there.cut + there.severed > 0),
        (Glyph::Degraded, "lossy link", lossy, there.degraded > 0),
    ] {
        if seen {
            entry(ui, name, hint, |ui| glyph(ui, shape, base));
        }
    }
}

/// What is seen of real boards, while there are any.
fn boards(ui: &mut Ui, stage: &Stage, look: &Look) {
    let base = theme::regime(look.palette, Regime::Calm);
    let fleet = &stage.fleet;
    if stage.present.hardware {
        entry(ui, "board", "A real board in the place of a simulated node", |ui| {
            glyph(ui, Glyph::Hexagon, base);
        });
    }
    for lamp in Lamp::ALL {
        if fleet.marks.iter().any(|mark| mark.lamp == lamp) {
            let hint = "The link to a board, as the lamp beside its name shows it";
            entry(ui, lamp.name(), hint, |ui| drop(lamp_sign(ui, lamp)));
        }
    }
    if fleet.parted(stage.published.tick).next().is_some() {
        let ink = theme::parted(look.palette);
        let hint = "A board whose state is not that of the same node simulated";
        entry(ui, "unlike its twin", hint, |ui| parted_sign(ui, base, ink));
    }
}

/// What the colours themselves say, under the chosen way to colour.
fn colours(ui: &mut Ui, stage: &Stage, look: &Look) {
    let palette = look.palette;
    let plain = |ui: &mut Ui, colour: Color32, name: &str, hint: &str| {
        entry(ui, name, hint, |ui| glyph(ui, Glyph::Dot, colour));
    };
    match look.colour_by {
        ColourBy::Regime => {
            for (regime, name, hint) in [
                (Regime::Calm, "calm", "It believes all is calm"),
                (Regime::PreStorm, "pre-storm", "It sees signs of a storm"),
                (Regime::Storm, "storm", "It believes it is in a storm"),
            ] {
                plain(ui, theme::regime(palette, regime), name, hint);
            }
            evolved(ui, stage, look);
        }
        ColourBy::Sleep => {
            plain(ui, theme::colour(scene::RAMP_HIGH), "awake", "Its radio is on now");
            plain(ui, theme::colour(scene::ASLEEP), "asleep", "Its radio is off now");
        }
        ColourBy::Group => {
            for (name, tint) in stage.scene.group_names.iter().zip(palette.groups()) {
                plain(ui, theme::colour(tint), name, "What it measures: its modality");
            }
            evolved(ui, stage, look);
        }
        ColourBy::Energy => {
            ramp(ui, ("energy: empty", "full"), "Energy left, of what a node can store");
        }
        ColourBy::Reputation => {
            let hint = "The mean of what its neighbours hold of a node, from 0 to 1";
            ramp(ui, ("reputation: none", "full"), hint);
        }
        ColourBy::Residual => {
            let hint = "How far the last sample was from its prediction, in standard deviations";
            ramp(ui, ("as predicted", "4 deviations off"), hint);
        }
    }
}

/// Lines of genes, once there are any.
fn evolved(ui: &mut Ui, stage: &Stage, look: &Look) {
    if !stage.present.evolved {
        return;
    }
    let hint = "A node in whose service is a mutant: each line of genes has a hue";
    entry(ui, "evolved, by gene", hint, |ui| {
        for tint in look.palette.lineage() {
            glyph(ui, Glyph::Dot, theme::colour(tint));
        }
    });
}

fn ramp(ui: &mut Ui, (low, high): (&str, &str), hint: &str) {
    break_before(ui, RAMP + 10.0 + width_of(ui, low) + width_of(ui, high));
    let line = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.label(theme::text(low).size(11.0));
        let (rect, _) = ui.allocate_exact_size(vec2(RAMP, 8.0), Sense::hover());
        for step in 0..19_u8 {
            let share = f32::from(step) / 18.0;
            let left = rect.left() + 4.0 * f32::from(step);
            let part = Rect::from_x_y_ranges(left..=left + 4.0, rect.y_range());
            let colour = theme::between(scene::RAMP_LOW, scene::RAMP_HIGH, share);
            ui.painter().rect_filled(part, 0.0, colour);
        }
        ui.label(theme::text(high).size(11.0));
    });
    explain(ui, line.response.rect, hint);
}

fn packets(ui: &mut Ui, look: &Look) {
    for (kind, name, hint) in [
        (PacketKind::Update, "update", "A model, and the regime believed in, to all neighbours"),
        (PacketKind::Poll, "poll", "A sleeper that has woken asks its sentinel for what was kept"),
        (PacketKind::Beacon, "beacon", "A sentinel's call, which sleepers listen for"),
        (PacketKind::Grant, "grant", "A sentinel's answer to a poll"),
        (PacketKind::Relay, "relay", "An update that a sentinel kept for a sleeper"),
        (PacketKind::Offer, "gene", "A gene, whole, for a neighbour to try"),
    ] {
        let colour = theme::packet(look.palette, kind);
        entry(ui, name, hint, |ui| streak(ui, colour));
    }
    let lost = "A packet that did not reach its receiver";
    entry(ui, "lost", lost, |ui| streak(ui, theme::colour(scene::LOST)));
}

/// A packet in small: a tail and a head.
fn streak(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(17.0, 16.0), Sense::hover());
    let y = rect.center().y;
    for step in 0..8_u8 {
        let x = rect.left() + 1.5 * f32::from(step);
        let faded = colour.gamma_multiply(f32::from(step) / 9.0);
        ui.painter().circle_filled(egui::pos2(x, y), 1.3, faded);
    }
    ui.painter().circle_filled(egui::pos2(rect.right() - 3.5, y), 3.0, colour);
}

/// A node with rays around it.
fn rays(ui: &mut Ui, colour: Color32, base: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(19.0, 16.0), Sense::hover());
    let at = rect.center();
    ui.painter().circle_filled(at, 3.0, base);
    for step in 0..12_u8 {
        let turn = f32::from(step) / 12.0 * std::f32::consts::TAU;
        let way = vec2(turn.cos(), turn.sin());
        let stroke = egui::Stroke::new(1.3, colour);
        ui.painter().line_segment([at + way * 5.0, at + way * 8.0], stroke);
    }
}

/// A square of the ground grid.
fn square(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, 16.0), Sense::hover());
    let rect = Rect::from_center_size(rect.center(), vec2(12.0, 12.0));
    let line = egui::Stroke::new(1.0, theme::colour(scene::GRID));
    ui.painter().rect_stroke(rect.shrink(1.0), 0.0, line, egui::StrokeKind::Inside);
}
