//! What of the engine this program uses: a frame runs each system of each plugin, whether there is
//! anything for it to do or not.

use bevy::anti_alias::AntiAliasPlugin;
use bevy::anti_alias::smaa::SmaaPlugin;
use bevy::app::PluginGroupBuilder;
use bevy::diagnostic::DiagnosticsPlugin;
use bevy::ecs::schedule::{Schedules, SingleThreadedExecutor};
use bevy::gizmos::GizmoPlugin;
use bevy::gizmos_render::GizmoRenderPlugin;
use bevy::light::LightPlugin;
use bevy::log::{Level, LogPlugin};
use bevy::pbr::PbrPlugin;
use bevy::post_process::PostProcessPlugin;
use bevy::post_process::bloom::BloomPlugin;
use bevy::prelude::*;
use bevy::render::{RenderApp, RenderPlugin};
use bevy_egui::{EguiGlobalSettings, EguiPlugin};
use std::sync::atomic::{AtomicBool, Ordering};

/// The engine's plugins, for a window or for none.
pub(super) fn plugins(window: WindowPlugin, render: RenderPlugin) -> PluginGroupBuilder {
    let plugins = DefaultPlugins
        .set(window)
        .set(render)
        .set(log_plugin())
        .disable::<DiagnosticsPlugin>()
        .disable::<LightPlugin>()
        .disable::<PbrPlugin>()
        .disable::<GizmoPlugin>()
        .disable::<GizmoRenderPlugin>()
        .disable::<PostProcessPlugin>()
        .disable::<AntiAliasPlugin>();
    if first_log() { plugins } else { plugins.disable::<LogPlugin>() }
}

/// A logger can be set only once in a process; whoever comes first does.
fn first_log() -> bool {
    static SET: AtomicBool = AtomicBool::new(false);
    !SET.swap(true, Ordering::Relaxed)
}

/// Warnings only: what the program has to say goes through its own channels.
fn log_plugin() -> LogPlugin {
    LogPlugin {
        level: Level::WARN,
        filter:
            "wgpu=error,naga=error,bevy_render=error,bevy_egui=error,bevy_winit=error,winit=error"
                .into(),
        ..default()
    }
}

/// What comes after them: of the effects those that are used, and the panels' library.
pub(super) fn plugin(app: &mut App) {
    app.add_plugins((BloomPlugin, SmaaPlugin, EguiPlugin::default(), OneThread))
        .add_systems(PreStartup, |mut egui: ResMut<EguiGlobalSettings>| {
            egui.auto_create_primary_context = false;
        })
        .set_error_handler(bevy::ecs::error::error);
}

/// Systems of a schedule run one after the other. Each does so little that handing it to another
/// thread costs more than it does itself.
struct OneThread;

impl Plugin for OneThread {
    fn build(&self, _: &mut App) {}

    fn finish(&self, app: &mut App) {
        alone(app.world_mut());
        // Where windows may be touched by the first thread only, the renderer must be able to ask
        // for it.
        if !cfg!(any(target_os = "macos", target_os = "ios"))
            && let Some(renderer) = app.get_sub_app_mut(RenderApp)
        {
            alone(renderer.world_mut());
        }
    }
}

fn alone(world: &mut World) {
    for (_, schedule) in world.resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}
