//! What the shaders know about the whole frame, written once per frame into one small buffer.

use super::arrange::Arrangement;
use super::camera::Rig;
use super::crowd::Crowd;
use super::layers::Layers;
use super::quality::Rendering;
use super::space::Space;
use super::stage::{ColourBy, Look, Stage};
use super::theme;
use super::upload::{Stream, Uploads};
use super::weather::{STORMS_MAX, Weather};
use bevy::prelude::*;
use bevy::render::render_resource::ShaderType;

/// A storm as the shaders read it.
#[derive(ShaderType, Clone, Copy, Debug, Default, PartialEq)]
pub struct StormData {
    /// Centre and radius.
    pub at: Vec4,
    /// Intensity, height over radius, seed, world.
    pub form: Vec4,
}

/// The frame as the shaders read it; the fields mirror `assets/shaders/common.wgsl`.
#[derive(ShaderType, Clone, Debug)]
pub struct FrameData {
    clock: Vec4,
    screen: Vec4,
    cut: Vec4,
    shape: Vec4,
    look: Vec4,
    grid: Vec4,
    chosen: UVec4,
    count: UVec4,
    twin: Vec4,
    worlds: UVec4,
    tints: [Vec4; theme::SLOTS],
    storms: [StormData; STORMS_MAX],
}

/// Seconds that only decide how noise and shimmer look.
#[derive(Resource, Default)]
pub struct Moment(pub f32);

/// A tick shorter than this, in seconds, is too short for a packet's journey.
const RUSH_BELOW: f32 = 0.22;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Moment>()
        .add_systems(PostUpdate, (advance, write_frame).chain().in_set(super::ViewSystems::Write));
}

fn advance(mut moment: ResMut<Moment>, time: Res<Time>, look: Res<Look>, stage: Res<Stage>) {
    moment.0 = if look.still {
        // A picture depends on the tick alone, not on when it was taken.
        (stage.published.sim_ms % 3_600_000) as f32 / 1000.0
    } else {
        (moment.0 + time.delta_secs()) % 3600.0
    };
}

/// How much a tick flies by: 0 a journey can be followed, 1 it cannot.
fn rush(tick_seconds: f32) -> f32 {
    ((RUSH_BELOW - tick_seconds) / (RUSH_BELOW * 0.5)).clamp(0.0, 1.0)
}

fn write_frame(
    stage: Res<Stage>,
    look: Res<Look>,
    space: Res<Space>,
    rig: Res<Rig>,
    crowd: Res<Crowd>,
    weather: Res<Weather>,
    moment: Res<Moment>,
    layers: Res<Layers>,
    (arrangement, rendering): (Res<Arrangement>, Res<Rendering>),
    camera: Query<(&Camera, &GlobalTransform, &Projection), With<Camera3d>>,
    mut uploads: ResMut<Uploads>,
) -> Result {
    let (camera, at, projection) = camera.single()?;
    let size = camera.physical_viewport_size().unwrap_or(UVec2::ONE).as_vec2();
    let points = camera.target_scaling_factor().unwrap_or(1.0);
    let fov = match projection {
        Projection::Perspective(perspective) => perspective.fov,
        _ => std::f32::consts::FRAC_PI_4,
    };
    let focal = size.y * 0.5 / (fov * 0.5).tan();
    let towards = at.back();
    let nodes = layers.nodes;
    let mode = ColourBy::ALL.iter().position(|mode| *mode == look.colour_by).unwrap_or(0);
    let links = layers.links;
    let form = arrangement.form(&space);
    let moves = if look.calm_motion { 0.0 } else { 1.0 };
    let data = FrameData {
        clock: Vec4::new(
            moment.0,
            crowd.blend(),
            stage.status.tick_progress,
            rush(stage.tick_seconds()),
        ),
        screen: Vec4::new(size.x, size.y, focal, points),
        cut: towards.extend(0.0),
        shape: Vec4::new(
            space.node_radius,
            form.ground,
            space.grid_step,
            form.radius + arrangement.apart().length() * 0.5,
        ),
        look: Vec4::new(rig.cut, link_strength(nodes, links), 0.045, form.flatness),
        grid: Vec4::new(space.grid_phase.x, space.grid_phase.y, form.real, moves),
        chosen: UVec4::new(stage.selected.unwrap_or(u32::MAX), mode as u32, layers.storms, links),
        count: UVec4::new(
            nodes,
            layers.packets,
            rendering.storm_steps,
            rendering.link_stride(links),
        ),
        twin: arrangement.apart().extend(if stage.other.is_some() { 1.0 } else { 0.0 }),
        worlds: UVec4::new(crowd.split() as u32, 0, 0, 0),
        tints: theme::table(look.palette),
        storms: weather.shown(),
    };
    uploads.put(Stream::Frame, &data);
    Ok(())
}

/// Few links may be seen one by one; many must melt into a haze.
fn link_strength(nodes: u32, links: u32) -> f32 {
    let each = links as f32 / nodes.max(1) as f32;
    let crowd = (nodes as f32 / 100.0).max(1.0).powf(-0.28);
    (0.3 * crowd / (each / 4.0).max(1.0).sqrt()).clamp(0.02, 0.32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rush_starts_below_a_followable_tick() {
        assert!(rush(1.0) < 1e-6);
        assert!(rush(0.05) > 1.0 - 1e-6);
    }

    #[test]
    fn more_links_are_fainter() {
        assert!(link_strength(10_000, 40_000) < link_strength(100, 400));
    }
}
