//! One picture of one state, drawn off screen: no window, no display, no clock.

use super::arrange::Layout;
use super::camera::Rig;
use super::probe::renderer_settings;
use super::quality::Quality;
use super::stage::{Look, Stage};
use super::theme::Palette;
use super::window::{first_log, log_plugin};
use super::{ViewError, lens, scene_plugin};
use crate::mesh::publish::{NodeDetail, Published, Scene};
use bevy::app::{PluginsState, SubApps};
use bevy::asset::RenderAssetUsages;
use bevy::camera::{ImageRenderTarget, RenderTarget};
use bevy::image::ImageFormat;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{
    Extent3d, PollType, TextureDimension, TextureFormat, TextureUsages,
};
use bevy::render::renderer::RenderDevice;
use bevy::render::settings::WgpuSettings;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::time::TimeUpdateStrategy;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_egui::{EguiGlobalSettings, EguiPlugin, PrimaryEguiContext};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Frames before the picture: panels settle their sizes, buffers reach the device.
const WARM_FRAMES: usize = 8;
/// Frames to wait for the picture to come back.
const WAIT_FRAMES: usize = 60;
/// Where in the tick packets are caught.
const PROGRESS: f32 = 0.46;

/// What picture to take.
#[derive(Clone, Debug)]
pub struct ShotOptions {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// A bookmark of the scene; the whole scene otherwise.
    pub camera: Option<String>,
    /// Panels are part of the picture.
    pub panels: bool,
    /// How nodes are arranged.
    pub layout: Layout,
    /// How much light is computed.
    pub quality: Quality,
    /// Which colours.
    pub palette: Palette,
    /// The PNG file to write.
    pub path: PathBuf,
}

/// The picture, once it is back from the device.
#[derive(Resource, Default)]
struct Taken(Option<Image>);

/// Draws one state and writes it to a PNG file. The same inputs give the same picture.
///
/// # Errors
/// When there is no graphics adapter, the bookmark is unknown, the size is out of range, or the
/// file cannot be written.
pub fn shoot(
    scene: &Scene,
    published: &Published,
    previous: Option<&Published>,
    detail: Option<&NodeDetail>,
    shot: ShotOptions,
) -> Result<(), ViewError> {
    let sides = 16..=8192;
    if !sides.contains(&shot.width) || !sides.contains(&shot.height) {
        return Err(ViewError::Size(shot.width, shot.height));
    }
    if let Some(name) = &shot.camera
        && !scene.cameras.iter().any(|mark| mark.name == *name)
    {
        let known = scene.cameras.iter().map(|mark| mark.name.clone()).collect();
        return Err(ViewError::UnknownCamera(name.clone(), known));
    }
    touch(&shot.path)?;
    let settings = renderer_settings()?;
    let mut stage = Stage::new(Arc::new(scene.clone()), Arc::new(published.clone()));
    stage.previous = previous.map(|previous| Arc::new(previous.clone()));
    stage.detail = detail.map(|detail| Arc::new(detail.clone()));
    stage.selected = detail.map(|detail| detail.id);
    stage.status.tick_progress = PROGRESS;
    // A picture stands still, and says so.
    stage.status.paused = true;
    let image = draw(stage, &shot, settings)?;
    let png = encode(image)?;
    std::fs::write(&shot.path, png).map_err(|reason| ViewError::Write(shot.path.clone(), reason))
}

/// Finds out before the work, not after it, that a file cannot be written.
fn touch(path: &Path) -> Result<(), ViewError> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
        .map_err(|reason| ViewError::Write(path.to_owned(), reason))
}

fn draw(stage: Stage, shot: &ShotOptions, settings: WgpuSettings) -> Result<Image, ViewError> {
    let mut apps = assemble(stage, shot, settings);
    let world = apps.main.world_mut();
    // The screenshot finds its camera by an equal target, scale included.
    let target = RenderTarget::Image(ImageRenderTarget {
        handle: world.resource_mut::<Assets<Image>>().add(canvas(shot.width, shot.height)),
        scale_factor: points(shot.height),
    });
    let mut camera = world.spawn((lens::bundle(), target.clone()));
    if shot.panels {
        camera.insert(PrimaryEguiContext);
    }
    for _ in 0..WARM_FRAMES {
        update(&mut apps);
    }
    apps.main.world_mut().spawn(Screenshot(target)).observe(keep);
    for _ in 0..WAIT_FRAMES {
        update(&mut apps);
        if let Some(image) = apps.main.world_mut().resource_mut::<Taken>().0.take() {
            return Ok(image);
        }
    }
    Err(ViewError::NoPicture)
}

/// Pixels per point: panels keep their share of the picture, and stay legible in a small one.
fn points(height: u32) -> f32 {
    (height as f32 / 720.0).clamp(0.7, 4.0)
}

fn keep(captured: On<ScreenshotCaptured>, mut taken: ResMut<Taken>) {
    taken.0 = Some(captured.image.clone());
}

fn assemble(stage: Stage, shot: &ShotOptions, settings: WgpuSettings) -> SubApps {
    let mut app = App::new();
    let mut plugins = DefaultPlugins
        .set(WindowPlugin {
            primary_window: None,
            exit_condition: ExitCondition::DontExit,
            ..default()
        })
        .set(RenderPlugin {
            render_creation: settings.into(),
            synchronous_pipeline_compilation: true,
            ..default()
        })
        .set(log_plugin())
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>();
    if !first_log() {
        plugins = plugins.disable::<LogPlugin>();
    }
    app.insert_resource(stage)
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)))
        .insert_resource(Rig::at_bookmark(shot.camera.clone()))
        .insert_resource(Look {
            panels: shot.panels,
            still: true,
            layout: shot.layout,
            quality: shot.quality,
            palette: shot.palette,
            ..default()
        })
        .init_resource::<Taken>()
        .add_plugins(plugins)
        .add_plugins(EguiPlugin::default())
        .add_plugins(scene_plugin)
        .add_systems(PreStartup, |mut egui: ResMut<EguiGlobalSettings>| {
            egui.auto_create_primary_context = false;
        })
        .set_error_handler(bevy::ecs::error::error);
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    std::mem::take(app.sub_apps_mut())
}

/// One frame, waited for until the device has drawn it.
fn update(apps: &mut SubApps) {
    apps.update();
    if let Some(device) = apps.main.world().get_resource::<RenderDevice>() {
        let wait = PollType::Wait { submission_index: None, timeout: None };
        if let Err(error) = device.wgpu_device().poll(wait) {
            warn!("the device was not waited for: {error}");
        }
    }
}

fn canvas(width: u32, height: u32) -> Image {
    let size = Extent3d { width, height, depth_or_array_layers: 1 };
    let mut image = Image::new_uninit(
        size,
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT;
    image
}

fn encode(image: Image) -> Result<Vec<u8>, ViewError> {
    let failed = |reason: String| ViewError::Encode(reason);
    // The alpha of an HDR picture holds brightness, so only the colours are kept.
    let rgb = image.try_into_dynamic().map_err(|e| failed(e.to_string()))?.to_rgb8();
    let format = ImageFormat::Png
        .as_image_crate_format()
        .ok_or_else(|| failed("built without PNG".into()))?;
    let mut bytes = Cursor::new(Vec::new());
    rgb.write_to(&mut bytes, format).map_err(|e| failed(e.to_string()))?;
    Ok(bytes.into_inner())
}
