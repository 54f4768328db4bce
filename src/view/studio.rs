//! Pictures without a window: the scene drawn off screen, one state after another.

use super::arrange::Layout;
use super::camera::Rig;
use super::probe::renderer_settings;
use super::quality::Quality;
use super::stage::{ColourBy, Look, Stage};
use super::theme::Palette;
use super::{ViewError, engine, lens, scene_plugin};
use crate::mesh::publish::Scene;
use bevy::app::{PluginsState, SubApps};
use bevy::asset::RenderAssetUsages;
use bevy::camera::{ImageRenderTarget, RenderTarget};
use bevy::image::ImageFormat;
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
use bevy_egui::PrimaryEguiContext;
use std::io::Cursor;
use std::time::Duration;

/// Frames before the first picture: panels settle their sizes, buffers reach the device.
const WARM_FRAMES: usize = 8;
/// Frames to wait for a picture to come back.
const WAIT_FRAMES: usize = 60;

/// How pictures are framed.
#[derive(Clone, Debug)]
pub struct Framing {
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
    /// What colour says.
    pub colour_by: ColourBy,
}

impl Default for Framing {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            camera: None,
            panels: true,
            layout: Layout::default(),
            quality: Quality::High,
            palette: Palette::default(),
            colour_by: ColourBy::default(),
        }
    }
}

impl Framing {
    /// Finds out before the work whether such pictures of `scene` can be drawn.
    ///
    /// # Errors
    /// When the size is out of range or the bookmark is unknown.
    pub fn check(&self, scene: &Scene) -> Result<(), ViewError> {
        let sides = 16..=8192;
        if !sides.contains(&self.width) || !sides.contains(&self.height) {
            return Err(ViewError::Size(self.width, self.height));
        }
        let Some(name) = &self.camera else { return Ok(()) };
        if scene.cameras.iter().any(|mark| mark.name == *name) {
            return Ok(());
        }
        let known = scene.cameras.iter().map(|mark| mark.name.clone()).collect();
        Err(ViewError::UnknownCamera(name.clone(), known))
    }
}

/// The picture, once it is back from the device.
#[derive(Resource, Default)]
struct Taken(Option<Image>);

/// A scene that stands still until the next picture. The same states give the same pictures.
pub struct Studio {
    apps: SubApps,
    target: RenderTarget,
}

impl Studio {
    /// Sets up a scene.
    ///
    /// # Errors
    /// When there is no graphics adapter, or [`Framing::check`] fails.
    pub fn new(stage: Stage, framing: &Framing) -> Result<Self, ViewError> {
        Self::with(stage, framing, |_| {})
    }

    /// The same, with more in the app.
    pub(super) fn with(
        mut stage: Stage,
        framing: &Framing,
        more: impl FnOnce(&mut App),
    ) -> Result<Self, ViewError> {
        framing.check(&stage.scene)?;
        let settings = renderer_settings()?;
        // A picture stands still, and says so.
        stage.status.paused = true;
        let mut apps = assemble(stage, framing, settings, more);
        let world = apps.main.world_mut();
        // The screenshot finds its camera by an equal target, scale included.
        let target = RenderTarget::Image(ImageRenderTarget {
            handle: world
                .resource_mut::<Assets<Image>>()
                .add(canvas(framing.width, framing.height)),
            scale_factor: points(framing.height),
        });
        let mut camera = world.spawn((lens::bundle(), target.clone()));
        if framing.panels {
            camera.insert(PrimaryEguiContext);
        }
        for _ in 0..WARM_FRAMES {
            update(&mut apps);
        }
        Ok(Self { apps, target })
    }

    /// Changes what is on stage, before the next picture.
    pub fn set(&mut self, change: impl FnOnce(&mut Stage)) {
        change(&mut self.apps.main.world_mut().resource_mut::<Stage>());
    }

    /// Turns the camera around the scene, in radians.
    pub fn turn(&mut self, yaw: f32) {
        let mut rig = self.apps.main.world_mut().resource_mut::<Rig>();
        rig.goal.yaw += yaw;
        rig.seen.yaw += yaw;
    }

    /// Lets a time pass for what moves by itself, and takes a picture: an RGB PNG file.
    ///
    /// # Errors
    /// When the device gives no picture, or it cannot be encoded.
    pub fn picture(&mut self, passed: Duration) -> Result<Vec<u8>, ViewError> {
        self.pass(passed);
        update(&mut self.apps);
        self.pass(Duration::ZERO);
        self.apps.main.world_mut().spawn(Screenshot(self.target.clone())).observe(keep);
        for _ in 0..WAIT_FRAMES {
            update(&mut self.apps);
            if let Some(image) = self.apps.main.world_mut().resource_mut::<Taken>().0.take() {
                return encode(image);
            }
        }
        Err(ViewError::NoPicture)
    }

    /// The app's world.
    #[cfg(test)]
    pub(super) fn world(&mut self) -> &mut World {
        self.apps.main.world_mut()
    }

    /// Draws a frame and gives it to nobody.
    pub fn frame(&mut self, passed: Duration) {
        self.pass(passed);
        update(&mut self.apps);
    }

    fn pass(&mut self, time: Duration) {
        self.apps.main.insert_resource(TimeUpdateStrategy::ManualDuration(time));
    }
}

/// Pixels per point: panels keep their share of the picture, and stay legible in a small one.
fn points(height: u32) -> f32 {
    (height as f32 / 720.0).clamp(0.7, 4.0)
}

fn keep(captured: On<ScreenshotCaptured>, mut taken: ResMut<Taken>) {
    taken.0 = Some(captured.image.clone());
}

fn assemble(
    stage: Stage,
    framing: &Framing,
    settings: WgpuSettings,
    more: impl FnOnce(&mut App),
) -> SubApps {
    let mut app = App::new();
    let window =
        WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() };
    let render = RenderPlugin {
        render_creation: settings.into(),
        synchronous_pipeline_compilation: true,
        ..default()
    };
    let plugins = engine::plugins(window, render)
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>();
    app.insert_resource(stage)
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)))
        .insert_resource(Rig::at_bookmark(framing.camera.clone()))
        .insert_resource(Look {
            panels: framing.panels,
            still: true,
            layout: framing.layout,
            quality: framing.quality,
            palette: framing.palette,
            colour_by: framing.colour_by,
            ..default()
        })
        .init_resource::<Taken>()
        .add_plugins((plugins, engine::plugin, scene_plugin));
    more(&mut app);
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
