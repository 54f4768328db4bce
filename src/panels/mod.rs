//! Controls and readings around the scene: docked panels, the transport bar, the legend, and
//! sheets that open over it.
//!
//! Panels read the stage and send wishes; they never touch the mesh and never draw in 3D.

mod attacks;
mod boards;
mod browser;
mod card;
mod chapters;
pub mod dock;
mod figures;
mod finder;
mod ghosts;
mod hands;
mod help;
mod icons;
mod inspector;
mod journal;
pub mod kept;
mod keys;
mod legend;
mod lineage;
mod names;
mod open;
pub mod overlay;
mod overview;
mod performance;
mod pictures;
mod plot;
mod settings;
mod span;
#[cfg(test)]
mod tests;
pub mod theme;
mod timeline;
mod tour;
mod transport;
mod troubles;
mod whatif;
mod widgets;

use crate::pace::Intent;
use crate::view::actions::{Action, Do, Entry};
use crate::view::crowd::Crowd;
use crate::view::fleet::Plug;
use crate::view::space::Space;
use crate::view::stage::{Ask, Go, Insets, Load, Look, Marks, Opening, OverScene, Stage};
use crate::view::tools::Sketch;
use bevy::prelude::*;
use bevy_egui::egui::{self, Rect, Response, pos2, vec2};
use bevy_egui::{EguiContexts, EguiPrimaryContextPass};
use dock::{Dock, Pane};

/// In a lower scene the line of keys would take too much of it.
const ROOMY_HEIGHT: f32 = 250.0;

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
    /// Things to be done.
    pub actions: Vec<Action>,
    /// Another node to select, or none.
    pub select: Option<Option<u32>>,
    /// Another scenario to run.
    pub load: Option<String>,
    /// Wishes for boards.
    pub plugs: Vec<Plug>,
    /// The list of ports is on show.
    pub looks_for_ports: bool,
    /// Something to tell the user.
    pub notice: Option<String>,
    /// What was told has been read.
    pub read: bool,
}

/// What panels remember from frame to frame.
#[derive(Resource, Default)]
pub struct Panels {
    /// Where they stand.
    pub dock: Dock,
    rooms: Rooms,
    transport: transport::Transport,
    /// There was a second world in the last frame.
    double: bool,
    /// Two nodes were compared.
    compared: bool,
    /// There were boards, or some were waited for.
    boarded: bool,
    sheets: overlay::Sheets,
}

/// What the panels themselves remember.
#[derive(Default)]
struct Rooms {
    boards: boards::Boards,
    frames: performance::Frames,
    browser: browser::Browser,
    hands: hands::Hands,
    journal: journal::Journal,
    lineage: lineage::Lineage,
    lanes: timeline::Cache,
    span: span::Span,
    /// What is typed to select nodes by.
    selector: String,
}

impl Rooms {
    /// Draws the contents of a panel.
    fn show(
        &mut self,
        ui: &mut egui::Ui,
        pane: Pane,
        (stage, look, sketch): (&Stage, &Look, &Sketch),
        outcome: &mut Outcome,
    ) {
        let span = &mut self.span;
        match pane {
            Pane::Scene => {}
            Pane::Overview => overview::show(ui, stage, look, &mut self.selector, outcome),
            Pane::Scenarios => self.browser.show(ui, stage, outcome),
            Pane::Hands => self.hands.show(ui, stage, sketch, outcome),
            Pane::Timeline => timeline::show(ui, stage, look, (span, &mut self.lanes), outcome),
            Pane::Figures => figures::show(ui, stage, look, span, outcome),
            Pane::Journal => self.journal.show(ui, stage, outcome),
            Pane::Lineage => self.lineage.show(ui, stage, look, span),
            Pane::Inspector => {
                if let Some(detail) = stage.detail.as_deref() {
                    inspector::show(ui, stage, look, detail, outcome);
                }
            }
            Pane::Whatif => whatif::show(ui, stage, look, outcome),
            Pane::Boards => self.boards.show(ui, stage, look, outcome),
            Pane::Performance => self.frames.show(ui, stage),
            Pane::Settings => settings::show(ui, stage, look, outcome),
        }
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<Panels>()
        .add_message::<Load>()
        .add_message::<Plug>()
        .add_systems(Update, rearrange.in_set(crate::view::ViewSystems::Follow))
        .add_systems(EguiPrimaryContextPass, draw.in_set(PanelSystems));
}

/// Does the actions that are about panels.
fn rearrange(mut wanted: MessageReader<Do>, mut panels: ResMut<Panels>, mut look: ResMut<Look>) {
    for Do(action) in wanted.read() {
        match action {
            Action::Panel(pane) => {
                panels.dock.toggle(*pane);
                look.panels = true;
            }
            Action::ResetPanels => panels.dock = Dock::default(),
            _ => {}
        }
    }
}

fn draw(
    mut contexts: EguiContexts,
    mut styled: Local<bool>,
    time: Res<Time<Real>>,
    (mut stage, mut panels): (ResMut<Stage>, ResMut<Panels>),
    (look, sketch): (Res<Look>, Res<Sketch>),
    (space, crowd): (Option<Res<Space>>, Res<Crowd>),
    (marks, camera): (Res<Marks>, Query<(&Camera, &GlobalTransform), With<Camera3d>>),
    (mut insets, mut over): (ResMut<Insets>, ResMut<OverScene>),
    mut asks: MessageWriter<Ask>,
    mut go: MessageWriter<Go>,
    (mut actions, mut load): (MessageWriter<Do>, MessageWriter<Load>),
    mut plugs: MessageWriter<Plug>,
) {
    panels.rooms.frames.push(time.delta_secs());
    // A picture without panels has no context to draw them in.
    let (Ok(context), Some(space)) = (contexts.ctx_mut(), space) else {
        return;
    };
    if !std::mem::replace(&mut *styled, true) {
        theme::install(context);
        context.options_mut(|options| options.zoom_with_keyboard = false);
    }
    let points = f32::from(look.text_percent) / 100.0;
    context.set_zoom_factor(points);
    names::show(context, &stage, &marks, points);
    if let Ok(eye) = camera.single() {
        in_scene(context, eye, &stage, (&look, &sketch), (&space, &crowd));
    }
    let (outcome, scene) = show(context, &mut panels, &stage, &look, (&space, &sketch));
    card::show(context, &stage, &look, &marks, (scene, points));
    let free = insets_of(context.viewport_rect(), scene, points);
    if *insets != free {
        *insets = free;
    }
    over.0 = is_over(context, scene) && look.overlay.is_none_or(|o| o == overlay::Overlay::Tour);
    if let Some(selected) = outcome.select {
        stage.selected = selected;
        asks.write(Ask(Intent::Select(selected)));
    }
    if outcome.read {
        stage.notice = None;
    }
    if outcome.notice.is_some() {
        stage.notice = outcome.notice;
    }
    asks.write_batch(outcome.asks);
    go.write_batch(outcome.go);
    actions.write_batch(outcome.actions.into_iter().map(Do));
    load.write_batch(outcome.load.map(Load));
    plugs.write_batch(outcome.plugs);
    if outcome.looks_for_ports {
        plugs.write(Plug::Look);
    }
}

/// What is written and drawn over the scene, where things are in it.
fn in_scene(
    context: &egui::Context,
    (camera, at): (&Camera, &GlobalTransform),
    stage: &Stage,
    (look, sketch): (&Look, &Sketch),
    (space, crowd): (&Space, &Crowd),
) {
    let points = f32::from(look.text_percent) / 100.0;
    let seen = |place| {
        let seen = camera.world_to_viewport(at, place).ok()?;
        Some(pos2(seen.x, seen.y) / points)
    };
    if stage.other.is_some() {
        let fronts = [crowd.front(0), crowd.front(1)].map(&seen);
        names::worlds(context, fronts, look.palette);
    }
    let up = at.up() * space.node_radius;
    let place = |id| {
        let place = crowd.place(id)?;
        let (here, above) = (seen(place)?, seen(place + up)?);
        Some((here, here.distance(above)))
    };
    names::boards(context, stage, look.palette, &place);
    let alone = stage.selected.filter(|_| stage.picked.is_empty());
    let chosen = stage.picked.iter().copied().chain(alone);
    let chosen = chosen.filter_map(|id| crowd.place(id));
    let drawn = |place| seen(place + crowd.apart(sketch.world));
    names::sketch(context, sketch, (chosen, space.node_radius), &drawn);
    ghosts::show(context, stage, (space, crowd), look.layout.is_real(), &seen);
}

/// What panels leave free, in the window's logical pixels.
fn insets_of(screen: Rect, scene: Rect, points: f32) -> Insets {
    Insets {
        left: (scene.left() - screen.left()) * points,
        right: (screen.right() - scene.right()) * points,
        top: (scene.top() - screen.top()) * points,
        bottom: (screen.bottom() - scene.bottom()) * points,
    }
}

/// Whether the pointer is the scene's: over its tile, with no sheet, menu or drag in between.
fn is_over(context: &egui::Context, scene: Rect) -> bool {
    let Some(at) = context.input(|input| input.pointer.interact_pos()) else { return false };
    let layer = context.layer_id_at(at);
    let open = layer.is_none_or(|layer| layer.order == egui::Order::Background);
    scene.contains(at) && open && !context.egui_is_using_pointer()
}

/// Draws all panels for one state. Everything the user did comes back in the outcome, with what
/// is left to the scene.
pub fn show(
    context: &egui::Context,
    panels: &mut Panels,
    stage: &Stage,
    look: &Look,
    (space, sketch): (&Space, &Sketch),
) -> (Outcome, Rect) {
    let mut outcome = Outcome::default();
    let screen = context.viewport_rect();
    let mut scene = screen;
    let roomy = screen.width() >= 420.0 && screen.height() >= 240.0;
    if look.panels && roomy {
        let around = screen.shrink(theme::EDGE * 0.6);
        scene = docked(context, panels, stage, look, sketch, around, &mut outcome);
        let bar = panels.transport.show(context, (stage, look), scene, &mut outcome);
        scene.max.y -= caption(context, stage, look, space, scene);
        scene.min.y += bar;
    }
    if stage.software && !look.still {
        warning(context, scene);
    }
    if let Some(opening) = stage.opening {
        waiting(context, opening, &stage.scene.title, scene);
    }
    if let Some(notice) = &stage.notice {
        told(context, notice, scene, &mut outcome);
    }
    panels.sheets.show(context, stage, look, scene, &mut outcome);
    (outcome, scene)
}

/// The tiles around the scene.
fn docked(
    context: &egui::Context,
    panels: &mut Panels,
    stage: &Stage,
    look: &Look,
    sketch: &Sketch,
    around: Rect,
    outcome: &mut Outcome,
) -> Rect {
    let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(around);
    let mut ui = egui::Ui::new(context.clone(), "dock".into(), builder);
    let Panels { dock, rooms, double, boarded, compared, .. } = panels;
    // Two nodes need the room of two, and leave the scene half of it.
    let compares = inspector::compared(stage).is_some();
    if std::mem::replace(compared, compares) != compares {
        let width = inspector::WIDE.min(around.width() * 0.45);
        dock.widen(Pane::Inspector, compares.then_some(width));
    }
    // A second world has figures of its own: they come to the front with it.
    if std::mem::replace(double, stage.other.is_some()) != stage.other.is_some() {
        dock.offer(Pane::Whatif, stage.other.is_some());
    }
    // So have boards, when the first is connected, or is waited for.
    let status = &stage.fleet.status;
    let any = !status.boards.is_empty() || status.takes_all;
    if !std::mem::replace(boarded, any) && any {
        dock.offer(Pane::Boards, true);
    }
    rooms.span.begin(stage.newest(), stage.scene.ticks);
    let mut inside =
        |ui: &mut egui::Ui, pane: Pane| rooms.show(ui, pane, (stage, look, sketch), outcome);
    let wanted = |pane: Pane| match pane {
        Pane::Inspector => stage.detail.is_some(),
        Pane::Whatif => stage.other.is_some(),
        _ => true,
    };
    dock.show(&mut ui, around, &wanted, &mut inside)
}

/// Along the bottom of the scene: the legend and the keys. Says how much height they take.
fn caption(context: &egui::Context, stage: &Stage, look: &Look, space: &Space, scene: Rect) -> f32 {
    let room = scene.width() - 2.0 * f32::from(theme::CAPTION_PADDING);
    if room < 300.0 {
        return 0.0;
    }
    let area = egui::Area::new("caption".into())
        .pivot(egui::Align2::LEFT_BOTTOM)
        .fixed_pos(pos2(scene.left(), scene.bottom()))
        .default_size(vec2(scene.width(), 200.0))
        .interactable(false)
        .show(context, |ui| {
            theme::caption().show(ui, |ui| {
                ui.set_max_width(room);
                legend::lines(ui, stage, look, space);
                if look.help && scene.height() >= ROOMY_HEIGHT {
                    ui.add_space(1.0);
                    keys::line(ui, room, stage);
                }
            });
        });
    area.response.rect.height() + theme::EDGE
}

/// Drawn even with the panels hidden: it explains why things are slow.
fn warning(context: &egui::Context, scene: Rect) {
    egui::Area::new("software".into())
        .pivot(egui::Align2::LEFT_TOP)
        .fixed_pos(scene.left_top())
        .interactable(false)
        .show(context, |ui| {
            theme::chip().show(ui, |ui| {
                let said = "Software rendering: no graphics card is in use";
                ui.label(egui::RichText::new(said).size(11.5).color(theme::WARN));
            });
        });
}

/// In place of the first picture: how far its shaders are.
fn waiting(context: &egui::Context, opening: Opening, title: &str, scene: Rect) {
    let width = 240.0_f32.min(scene.width() * 0.8);
    egui::Area::new("opening".into())
        .pivot(egui::Align2::CENTER_CENTER)
        .fixed_pos(scene.center())
        .default_size(vec2(width, 70.0))
        .interactable(false)
        .show(context, |ui| {
            ui.set_width(width);
            ui.vertical_centered(|ui| {
                ui.label(egui::RichText::new(title).size(17.0).color(theme::INK));
                let share = opening.made as f32 / opening.asked.max(1) as f32;
                widgets::bar(ui, share, width, theme::ACCENT);
                let said =
                    format!("preparing the picture: {} of {} shaders", opening.made, opening.asked);
                ui.label(theme::label(said));
            });
        });
}

/// Something to tell the user, until it is closed.
fn told(context: &egui::Context, notice: &str, scene: Rect, outcome: &mut Outcome) {
    egui::Area::new("notice".into())
        .pivot(egui::Align2::CENTER_TOP)
        .fixed_pos(scene.center_top())
        .order(egui::Order::Foreground)
        .show(context, |ui| {
            theme::sheet().show(ui, |ui| {
                ui.set_max_width(scene.width() * 0.8);
                ui.horizontal(|ui| {
                    ui.add(egui::Label::new(theme::text(notice)).wrap());
                    outcome.read |= ui.small_button("close").clicked();
                });
            });
        });
}

/// A widget that says on hover what it does, and by which key.
fn explained(response: Response, entry: Option<&Entry>) -> Response {
    let Some(entry) = entry else { return response };
    let key = entry.keys.first().map(|key| format!("  [{key}]")).unwrap_or_default();
    response.on_hover_text(format!("{}{key}\n{}", entry.name, entry.hint))
}
