//! The window: an app around the scene that mirrors the mesh each frame and forwards wishes.

use super::gauge::{self, Gauge, WindowFigures};
use super::probe::renderer_settings;
use super::stage::{Ask, Go, Stage};
use super::{
    Loader, ViewError, display_available, engine, fleet, input, lens, loading, notes, scene_plugin,
    tape,
};
use crate::bridge::hub::Hub;
use crate::pace::{Choice, Intent, Other, Pace};
use crate::record::deck::Deck;
use crate::record::recording::Remark;
use bevy::app::AppExit;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::window::{PresentMode, WindowResolution};
use bevy_egui::PrimaryEguiContext;
use crossbeam_channel::Sender;
use std::sync::Arc;
use wgpu::DeviceType;

/// How to open the window.
#[derive(Clone)]
pub struct WindowOptions {
    /// When the command began.
    pub begun: std::time::Instant,
    /// Close it when this tick has been shown.
    pub exit_at_tick: Option<u64>,
    /// What its title bar says.
    pub title: String,
    /// The scenario's name or path.
    pub name: String,
    /// What records it, if anything does.
    pub deck: Option<Deck>,
    /// What connects boards to it, if anything does.
    pub hub: Option<Hub>,
    /// A recording is done again.
    pub is_replay: bool,
    /// What was noted when it was made.
    pub notes: Arc<[Remark]>,
    /// How another scenario is loaded; without one the window shows one only.
    pub loader: Option<Loader>,
}

/// The tick at which to close.
#[derive(Resource)]
struct Until(u64);

/// Opens the window and returns when it is closed, or when the wanted tick has been shown, with
/// what it has cost.
///
/// # Errors
/// When there is no display, no graphics adapter, or the window ends abnormally.
pub fn run_window(pace: Pace, options: WindowOptions) -> Result<WindowFigures, ViewError> {
    if !display_available() {
        return Err(ViewError::NoDisplay);
    }
    let settings = renderer_settings()?;
    let mut app = App::new();
    let window = Window {
        title: options.title,
        resolution: WindowResolution::new(1280, 720),
        present_mode: PresentMode::AutoVsync,
        ..default()
    };
    let window = WindowPlugin { primary_window: Some(window), ..default() };
    let render = RenderPlugin { render_creation: settings.into(), ..default() };
    let mut stage = Stage::new(pace.scene(), pace.latest());
    stage.name.clone_from(&options.name);
    stage.is_replay = options.is_replay;
    stage.notes = options.notes;
    if let Some(deck) = options.deck {
        app.insert_resource(deck);
    }
    if let Some(hub) = options.hub {
        app.insert_resource(hub);
    }
    app.insert_resource(stage)
        .insert_resource(pace)
        .add_plugins((engine::plugins(window, render), engine::plugin))
        .add_plugins((
            scene_plugin,
            input::plugin,
            tape::plugin,
            notes::plugin,
            fleet::plugin,
            crate::panels::kept::plugin,
        ))
        .add_systems(PreStartup, spawn_camera)
        .add_systems(Startup, look_at_adapter)
        .add_systems(PreUpdate, (mirror, take_choice).chain())
        .add_systems(Last, (forward, end.run_if(resource_exists::<Until>)));
    if let Some(loader) = options.loader {
        loading::plugin(&mut app, loader, options.name);
    }
    if let Some(tick) = options.exit_at_tick {
        app.insert_resource(Until(tick));
    }
    gauge::plugin(&mut app, options.begun);
    let (sender, figures) = crossbeam_channel::bounded(1);
    app.add_systems(Last, hand_out(sender).after(end));
    match app.run() {
        AppExit::Success => Ok(figures.try_recv().unwrap_or_default()),
        AppExit::Error(code) => Err(ViewError::Window(code.get())),
    }
}

fn spawn_camera(mut commands: Commands) {
    commands.spawn((lens::bundle(), PrimaryEguiContext));
}

fn look_at_adapter(adapter: Option<Res<RenderAdapterInfo>>, mut stage: ResMut<Stage>) {
    stage.software = adapter.is_some_and(|adapter| adapter.device_type == DeviceType::Cpu);
}

/// Takes what the mesh has published since the last frame.
pub(super) fn mirror(pace: Res<Pace>, mut stage: ResMut<Stage>) {
    stage.status = pace.status();
    let (latest, other) = pace.both();
    let seen = |other: &Option<Other>| other.as_ref().map(|o| Arc::as_ptr(&o.published));
    if seen(&other) != seen(&stage.other) {
        stage.put_other(other);
    }
    let fresh = !Arc::ptr_eq(&latest, &stage.published);
    if fresh {
        stage.put(latest);
    }
    let travel = pace.travel();
    // A job may go ahead of what is shown; what it finds out belongs on the timeline. So does what
    // boards do while the clock stands.
    let (then, now) = (&stage.travel, &travel);
    if fresh || (now.newest, now.events_next) != (then.newest, then.events_next) {
        stage.history = pace.history();
        stage.other_history = pace.other_history();
        stage.genes = pace.genes();
        let news = pace.news(stage.events.next());
        if !stage.events.take(news) {
            let all = pace.news(0);
            stage.events.take(all);
        }
    }
    if let Some((number, text)) = &travel.message
        && stage.travel.message.as_ref().is_none_or(|(seen, _)| seen != number)
    {
        stage.notice = Some(text.to_string());
    }
    stage.travel = travel;
    let detail = pace.detail();
    stage.detail = detail.filter(|detail| Some(detail.id) == stage.selected);
    stage.compared = pace.compared();
    stage.pointed = pace.pointed();
    stage.meant = pace.meant();
    stage.parameters = pace.parameters();
}

/// Takes what a selector meant: one node is selected and gone to, several are picked.
fn take_choice(
    pace: Res<Pace>,
    mut stage: ResMut<Stage>,
    mut taken: Local<Option<Arc<Choice>>>,
    mut asks: MessageWriter<Ask>,
    mut go: MessageWriter<Go>,
) {
    let Some(choice) = pace.choice() else { return };
    if taken.as_ref().is_some_and(|taken| Arc::ptr_eq(taken, &choice)) {
        return;
    }
    match &choice.nodes {
        Ok(nodes) => {
            stage.picked.clone_from(nodes);
            if let [one] = nodes.as_slice() {
                stage.picked.clear();
                stage.selected = Some(*one);
                asks.write(Ask(Intent::Select(Some(*one))));
                go.write(Go::Node(*one));
            }
        }
        Err(why) => stage.notice = Some(why.clone()),
    }
    *taken = Some(choice);
}

pub(super) fn forward(mut asks: MessageReader<Ask>, pace: Res<Pace>) {
    for Ask(intent) in asks.read() {
        pace.send(intent.clone());
    }
}

/// The app is gone when its run is over, so its figures are handed out at the end of it.
fn hand_out(
    sender: Sender<WindowFigures>,
) -> impl FnMut(MessageReader<AppExit>, Res<Gauge>) + Send + Sync + 'static {
    move |mut exits, gauge| {
        if exits.read().count() > 0 {
            let _ = sender.try_send(gauge.figures.clone());
        }
    }
}

fn end(until: Res<Until>, stage: Res<Stage>, mut exits: MessageWriter<AppExit>) {
    if stage.published.tick >= until.0 || stage.status.finished {
        exits.write(AppExit::Success);
    }
}
