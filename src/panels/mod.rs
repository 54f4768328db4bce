//! Controls and readings beside the scene: HUD, legend, keys, inspector.
//!
//! Panels read the stage and send wishes; they never touch the mesh and never draw in 3D.

mod hud;
mod inspector;
mod keys;
mod legend;
mod names;
mod plot;
pub mod theme;
mod widgets;

use crate::view::space::Space;
use crate::view::stage::{Ask, Go, Insets, Look, Marks, Stage};
use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiPrimaryContextPass, egui};

/// When panels are drawn.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct PanelSystems;

/// What one pass over the panels led to.
#[derive(Default)]
pub struct Outcome {
    /// Wishes for the mesh.
    pub asks: Vec<Ask>,
    /// Wishes for the camera.
    pub go: Vec<Go>,
    /// Another node to select, or none.
    pub select: Option<Option<u32>>,
    /// What the panels take of the window.
    pub insets: Insets,
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(EguiPrimaryContextPass, draw.in_set(PanelSystems));
}

fn draw(
    mut contexts: EguiContexts,
    mut styled: Local<bool>,
    mut stage: ResMut<Stage>,
    look: Res<Look>,
    space: Option<Res<Space>>,
    marks: Res<Marks>,
    mut insets: ResMut<Insets>,
    mut asks: MessageWriter<Ask>,
    mut go: MessageWriter<Go>,
) {
    // A picture without panels has no context to draw them in.
    let (Ok(context), Some(space)) = (contexts.ctx_mut(), space) else {
        return;
    };
    if !std::mem::replace(&mut *styled, true) {
        theme::install(context);
    }
    names::show(context, &stage, &marks);
    let outcome = show(context, &stage, &look, &space);
    if *insets != outcome.insets {
        *insets = outcome.insets;
    }
    if let Some(selected) = outcome.select {
        stage.selected = selected;
        asks.write(Ask(crate::pace::Intent::Select(selected)));
    }
    asks.write_batch(outcome.asks);
    go.write_batch(outcome.go);
}

/// Draws all panels for one state. Everything the user did comes back in the outcome.
#[must_use]
pub fn show(context: &egui::Context, stage: &Stage, look: &Look, space: &Space) -> Outcome {
    let mut outcome = Outcome::default();
    let screen = context.viewport_rect();
    if stage.software {
        warning(context, look);
    }
    if !look.panels || screen.width() < 420.0 || screen.height() < 240.0 {
        return outcome;
    }
    hud::show(context, stage, look, &mut outcome);
    outcome.insets.left = theme::LEFT_WIDTH + 2.0 * theme::EDGE;
    if let Some(detail) = stage.detail.as_deref() {
        inspector::show(context, stage, look, detail, &mut outcome);
        outcome.insets.right = theme::RIGHT_WIDTH + 2.0 * theme::EDGE;
    }
    outcome.insets.bottom = caption(context, stage, look, space, &outcome.insets);
    outcome
}

/// Along the bottom: the legend and the keys. Says how much height they take.
fn caption(
    context: &egui::Context,
    stage: &Stage,
    look: &Look,
    space: &Space,
    insets: &Insets,
) -> f32 {
    let sides = 2.0 * f32::from(theme::CAPTION_PADDING);
    let width = context.viewport_rect().width() - insets.left - insets.right.max(theme::EDGE);
    let room = width - sides;
    if room < 300.0 {
        return 0.0;
    }
    let area = egui::Area::new("caption".into())
        .anchor(egui::Align2::LEFT_BOTTOM, egui::vec2(insets.left, -theme::EDGE))
        .default_size(egui::vec2(width, 200.0))
        .interactable(false)
        .show(context, |ui| {
            theme::caption().show(ui, |ui| {
                ui.set_max_width(room);
                legend::lines(ui, stage, look, space);
                if look.help {
                    ui.add_space(1.0);
                    keys::line(ui, room, stage);
                }
            });
        });
    area.response.rect.height() + 2.0 * theme::EDGE
}

/// Drawn even with the panels hidden: it explains why things are slow.
fn warning(context: &egui::Context, look: &Look) {
    let shift = if look.panels { theme::LEFT_WIDTH + 2.0 * theme::EDGE } else { theme::EDGE };
    egui::Area::new("software".into())
        .anchor(egui::Align2::LEFT_TOP, egui::vec2(shift, theme::EDGE))
        .interactable(false)
        .show(context, |ui| {
            theme::chip().show(ui, |ui| {
                let said = "Software rendering: no graphics card is in use";
                ui.label(egui::RichText::new(said).size(11.5).color(theme::WARN));
            });
        });
}
