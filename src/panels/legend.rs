//! Along the bottom: what each light in the picture means, as a caption.

use super::theme;
use super::widgets::{Glyph, glyph, lamp_sign, parted_sign};
use crate::bridge::Lamp;
use crate::mesh::publish::{PacketKind, Regime};
use crate::view::space::{Space, say_length};
use crate::view::stage::{ColourBy, Look, Stage};
use crate::view::theme as scene;
use bevy_egui::egui::{self, Color32, Sense, Ui, vec2};

/// Width that colours and shapes take side by side.
const ONE_LINE: f32 = 760.0;

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
            entry(ui, &format!("= {step}"), square);
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
        entry(ui, "stands in a storm", |ui| glyph(ui, Glyph::Stormy, base));
    }
}

fn line(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.horizontal_wrapped(add);
}

/// A mark and its meaning, never parted by a line's end.
fn entry(ui: &mut Ui, name: &str, mark: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        mark(ui);
        ui.label(theme::text(name).size(11.0));
    });
}

fn nodes(ui: &mut Ui, stage: &Stage, look: &Look) {
    let base = theme::regime(look.palette, Regime::Calm);
    for (shape, name) in [
        (Glyph::Ball, "scheduled"),
        (Glyph::Diamond, "sentinel"),
        (Glyph::Hollow, "on demand"),
        (Glyph::Small, "asleep"),
        (Glyph::Bright, "light: energy"),
        (Glyph::Ring, "ring: reputation"),
    ] {
        entry(ui, name, |ui| glyph(ui, shape, base));
    }
    if stage.other.is_some() {
        entry(ui, "rays: unlike unchanged", |ui| rays(ui, theme::difference(look.palette), base));
    }
    // What is rare is explained when it is there.
    let there = &stage.present;
    for (shape, name, seen) in [
        (Glyph::Struck, "banned", there.banned),
        (Glyph::Dark, "without power", there.dead),
        (Glyph::Cut, "cut link", there.cut > 0),
        (Glyph::Degraded, "lossy link", there.degraded > 0),
    ] {
        if seen {
            entry(ui, name, |ui| glyph(ui, shape, base));
        }
    }
}

/// What is seen of real boards, while there are any.
fn boards(ui: &mut Ui, stage: &Stage, look: &Look) {
    let base = theme::regime(look.palette, Regime::Calm);
    let fleet = &stage.fleet;
    if stage.present.hardware {
        entry(ui, "board", |ui| glyph(ui, Glyph::Hexagon, base));
    }
    for lamp in Lamp::ALL {
        if fleet.marks.iter().any(|mark| mark.lamp == lamp) {
            entry(ui, lamp.name(), |ui| drop(lamp_sign(ui, lamp)));
        }
    }
    if fleet.parted(stage.published.tick).next().is_some() {
        let ink = theme::parted(look.palette);
        entry(ui, "unlike its twin", |ui| parted_sign(ui, base, ink));
    }
}

/// What the colours themselves say, under the chosen way to colour.
fn colours(ui: &mut Ui, stage: &Stage, look: &Look) {
    let palette = look.palette;
    let plain = |ui: &mut Ui, colour: Color32, name: &str| {
        entry(ui, name, |ui| glyph(ui, Glyph::Dot, colour));
    };
    match look.colour_by {
        ColourBy::Regime => {
            for (regime, name) in
                [(Regime::Calm, "calm"), (Regime::PreStorm, "pre-storm"), (Regime::Storm, "storm")]
            {
                plain(ui, theme::regime(palette, regime), name);
            }
            evolved(ui, stage, look);
        }
        ColourBy::Sleep => {
            plain(ui, theme::colour(scene::RAMP_HIGH), "awake");
            plain(ui, theme::colour(scene::ASLEEP), "asleep");
        }
        ColourBy::Group => {
            for (name, tint) in stage.scene.group_names.iter().zip(palette.groups()) {
                plain(ui, theme::colour(tint), name);
            }
            evolved(ui, stage, look);
        }
        ColourBy::Energy => ramp(ui, "energy: empty", "full"),
        ColourBy::Reputation => ramp(ui, "reputation: none", "full"),
        ColourBy::Residual => ramp(ui, "as predicted", "4 deviations off"),
    }
}

/// Lines of genes, once there are any.
fn evolved(ui: &mut Ui, stage: &Stage, look: &Look) {
    if !stage.present.evolved {
        return;
    }
    entry(ui, "evolved, by gene", |ui| {
        for tint in look.palette.lineage() {
            glyph(ui, Glyph::Dot, theme::colour(tint));
        }
    });
}

fn ramp(ui: &mut Ui, low: &str, high: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.label(theme::text(low).size(11.0));
        let (rect, _) = ui.allocate_exact_size(vec2(76.0, 8.0), Sense::hover());
        for step in 0..19_u8 {
            let share = f32::from(step) / 18.0;
            let left = rect.left() + 4.0 * f32::from(step);
            let part = egui::Rect::from_x_y_ranges(left..=left + 4.0, rect.y_range());
            let colour = theme::between(scene::RAMP_LOW, scene::RAMP_HIGH, share);
            ui.painter().rect_filled(part, 0.0, colour);
        }
        ui.label(theme::text(high).size(11.0));
    });
}

fn packets(ui: &mut Ui, look: &Look) {
    for (kind, name) in [
        (PacketKind::Update, "update"),
        (PacketKind::Poll, "poll"),
        (PacketKind::Beacon, "beacon"),
        (PacketKind::Grant, "grant"),
        (PacketKind::Relay, "relay"),
        (PacketKind::Offer, "gene"),
    ] {
        let colour = theme::packet(look.palette, kind);
        entry(ui, name, |ui| streak(ui, colour));
    }
    entry(ui, "lost", |ui| streak(ui, theme::colour(scene::LOST)));
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
    let rect = egui::Rect::from_center_size(rect.center(), vec2(12.0, 12.0));
    let line = egui::Stroke::new(1.0, theme::colour(scene::GRID));
    ui.painter().rect_stroke(rect.shrink(1.0), 0.0, line, egui::StrokeKind::Inside);
}
