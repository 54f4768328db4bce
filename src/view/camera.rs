//! The orbit camera: it chases a goal smoothly and at the same pace whatever the frame rate.
//!
//! Only this file moves the camera; others change the goal.

use super::arrange::{Arrangement, Layout};
use super::crowd::Crowd;
use super::follow::Trail;
use super::framing::{self, Safe};
use super::lens::FOV;
use super::space::Space;
use super::stage::{Go, Insets, Look, Marks, Stage};
use super::steer::{Drive, Steering};
use bevy::camera::SubCameraView;
use bevy::prelude::*;
use std::f32::consts::{FRAC_PI_2, PI, TAU};

/// How quickly the camera follows its goal, per second.
const CHASE: f32 = 11.0;
/// The same where motion is unwanted: nearly at once.
const CALM_CHASE: f32 = 45.0;
/// Auto-rotation, radians per second.
const SPIN: f32 = 0.11;
/// Where a scene is first looked at from.
const HOME: (f32, f32) = (0.62, 0.5);
/// From which side two worlds are first looked at.
const BESIDE: f32 = 0.16;
/// The steepest pitch.
const PITCH_MAX: f32 = FRAC_PI_2 - 0.02;

/// Where the camera is and looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// What it turns around.
    pub target: Vec3,
    /// Turn around the vertical.
    pub yaw: f32,
    /// Height above the horizon.
    pub pitch: f32,
    /// Distance to the target.
    pub distance: f32,
}

impl Pose {
    /// From the target to the eye.
    #[must_use]
    pub fn back(&self) -> Vec3 {
        let (sin_yaw, cos_yaw) = self.yaw.sin_cos();
        let (sin_pitch, cos_pitch) = self.pitch.sin_cos();
        Vec3::new(sin_yaw * cos_pitch, sin_pitch, cos_yaw * cos_pitch)
    }

    /// Where the eye is.
    #[must_use]
    pub fn eye(&self) -> Vec3 {
        self.target + self.back() * self.distance
    }

    fn transform(&self) -> Transform {
        Transform::from_translation(self.eye()).looking_at(self.target, Vec3::Y)
    }

    /// The pose of an eye that looks at a target.
    #[must_use]
    pub fn towards(eye: Vec3, target: Vec3) -> Self {
        let away = eye - target;
        let distance = away.length().max(0.01);
        let pitch = (away.y / distance).clamp(-1.0, 1.0).asin().clamp(-PITCH_MAX, PITCH_MAX);
        Self { target, yaw: away.x.atan2(away.z), pitch, distance }
    }
}

/// The camera's goal and where it has got to.
#[expect(clippy::struct_excessive_bools, reason = "four facts that hold or do not")]
#[derive(Resource)]
pub struct Rig {
    /// Where it is going.
    pub goal: Pose,
    /// Where it is.
    pub seen: Pose,
    /// It turns by itself.
    pub spin: bool,
    /// The user has moved it, so it is no longer framed automatically.
    pub touched: bool,
    /// How much of the near half is hidden, 0 to 1.
    pub cut: f32,
    placed: bool,
    shift: Vec2,
    framed_for: Option<(Vec2, Insets, bool, Layout, i32)>,
    layout: Layout,
    /// Two worlds are on show.
    double: bool,
    /// Where the goal was at the start of the frame, as far as it moves evenly.
    left: Pose,
    /// Keys that move it.
    pub(super) steering: Steering,
    bookmark: Option<String>,
}

impl Default for Rig {
    fn default() -> Self {
        let pose = Pose { target: Vec3::ZERO, yaw: HOME.0, pitch: HOME.1, distance: 10.0 };
        Self {
            goal: pose,
            seen: pose,
            spin: false,
            touched: false,
            cut: 0.0,
            placed: false,
            shift: Vec2::ZERO,
            framed_for: None,
            layout: Layout::Placed,
            double: false,
            left: pose,
            steering: Steering::default(),
            bookmark: None,
        }
    }
}

impl Rig {
    /// A rig that starts at a bookmark.
    #[must_use]
    pub fn at_bookmark(name: Option<String>) -> Self {
        Self { bookmark: name, ..default() }
    }

    /// The direction it looks in.
    #[must_use]
    pub fn forward(&self) -> Vec3 {
        -self.seen.back()
    }

    /// Turns by an angle; never over the top.
    pub fn turn(&mut self, yaw: f32, pitch: f32) {
        self.goal.yaw += yaw;
        self.goal.pitch = (self.goal.pitch + pitch).clamp(-PITCH_MAX, PITCH_MAX);
        self.touched = true;
    }

    /// Moves along the picture, to the right and up, in scene units.
    pub fn pan(&mut self, by: Vec2) {
        let back = self.goal.back();
        let right = Vec3::Y.cross(back).normalize_or(Vec3::X);
        let up = back.cross(right);
        self.goal.target += right * by.x + up * by.y;
        self.touched = true;
    }

    /// Does what keys ask for; true where it goes elsewhere.
    fn drive(&mut self, drive: Drive, space: &Space) -> bool {
        self.turn(drive.orbit.x, drive.orbit.y);
        self.zoom(drive.zoom.exp(), self.goal.target, space);
        self.pan(drive.pan * self.goal.distance);
        drive.pan != Vec2::ZERO
    }

    /// Comes nearer by a factor, towards a place.
    pub fn zoom(&mut self, factor: f32, place: Vec3, space: &Space) {
        let before = self.goal.distance;
        self.goal.distance =
            (before * factor).clamp(space.node_radius * 6.0, space.radius * 10.0 + 10.0);
        let real = self.goal.distance / before;
        self.goal.target += (place - self.goal.target) * (1.0 - real);
        self.touched = true;
    }

    /// Moves what is seen towards the goal by some seconds. The goal may have moved evenly since
    /// it was left; the way is the same at every frame rate. `rate` is how quickly, per second;
    /// `None` is at once.
    fn advance(&mut self, seconds: f32, rate: Option<f32>) {
        let Some(rate) = rate.filter(|_| seconds > 0.0) else {
            if rate.is_none() {
                self.seen = self.goal;
            }
            return;
        };
        let fade = (-rate * seconds).exp();
        let (seen, left, goal) = (&mut self.seen, &self.left, &self.goal);
        let lag = (goal.target - left.target) / (rate * seconds);
        seen.target = goal.target - lag + (seen.target - left.target + lag) * fade;
        let followed = |seen: f32, left: f32, goal: f32| {
            let lag = (goal - left) / (rate * seconds);
            goal - lag + (seen - left + lag) * fade
        };
        seen.yaw = followed(seen.yaw, left.yaw, goal.yaw);
        seen.pitch = followed(seen.pitch, left.pitch, goal.pitch);
        // Nearer by a factor each second is an even pace.
        let [near, from, to] = [seen.distance, left.distance, goal.distance].map(f32::ln);
        seen.distance = followed(near, from, to).exp();
    }

    /// Goes to where an eye was that looked at a target.
    pub fn look_from(&mut self, eye: Vec3, target: Vec3) {
        self.go(Pose::towards(eye, target));
        self.touched = true;
    }

    fn go(&mut self, pose: Pose) {
        // The short way round.
        let turn = (pose.yaw - self.goal.yaw + PI).rem_euclid(TAU) - PI;
        self.goal = Pose { yaw: self.goal.yaw + turn, ..pose };
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Rig>().init_resource::<Trail>().add_systems(
        Update,
        (obey, frame_home, chase, place, mark).chain().in_set(super::ViewSystems::Camera),
    );
}

fn obey(
    mut wishes: MessageReader<Go>,
    mut rig: ResMut<Rig>,
    mut trail: ResMut<Trail>,
    mut look: ResMut<Look>,
    stage: Res<Stage>,
    space: Res<Space>,
    crowd: Res<Crowd>,
) {
    for wish in wishes.read() {
        *trail = Trail::Free;
        match wish {
            Go::Home => {
                rig.touched = false;
                rig.framed_for = None;
                rig.bookmark = None;
                rig.spin = false;
            }
            Go::Node(id) => {
                if let Some(target) = crowd.place(*id) {
                    let distance = rig.goal.distance.min(7.0);
                    let pose = Pose { target, distance, ..rig.goal };
                    rig.go(pose);
                    rig.touched = true;
                }
            }
            Go::Follow(wish) => {
                *trail = Trail::start(*wish, &stage, &crowd);
                rig.goal.distance = rig.goal.distance.min(7.0);
            }
            Go::Bookmark(name) => {
                // It is a view of real places.
                look.layout = Layout::Placed;
                rig.layout = Layout::Placed;
                if let Some(pose) = bookmark(&stage, &space, name) {
                    rig.go(pose);
                    rig.touched = true;
                }
            }
        }
    }
}

fn bookmark(stage: &Stage, space: &Space, name: &str) -> Option<Pose> {
    let mark = stage.scene.cameras.iter().find(|mark| mark.name == name)?;
    Some(Pose::towards(space.far_place(mark.eye_mm), space.far_place(mark.target_mm)))
}

/// Until the user takes over, everything stays in the part of the window that panels leave free.
fn frame_home(
    mut rig: ResMut<Rig>,
    stage: Res<Stage>,
    space: Res<Space>,
    crowd: Res<Crowd>,
    arrangement: Res<Arrangement>,
    trail: Res<Trail>,
    insets: Res<Insets>,
    camera: Query<&Camera>,
) {
    let Some(size) = camera.iter().find_map(Camera::logical_viewport_size) else {
        return;
    };
    let layout = arrangement.layout();
    if std::mem::replace(&mut rig.layout, layout) != layout && *trail == Trail::Free {
        rig.touched = false;
    }
    let double = arrangement.is_double();
    if std::mem::replace(&mut rig.double, double) != double && *trail == Trail::Free {
        rig.touched = false;
        rig.goal.yaw = if double { BESIDE } else { HOME.0 };
    }
    // A node that joins later moves nothing: the user may be aiming.
    let key = (size, *insets, crowd.count() > 0, layout, arrangement.size_class());
    if rig.touched || rig.framed_for == Some(key) {
        return;
    }
    let first = rig.framed_for.is_none();
    rig.framed_for = Some(key);
    let marked = rig.bookmark.clone().filter(|_| layout.is_real());
    let marked = marked.and_then(|name| bookmark(&stage, &space, &name));
    let pose = marked.unwrap_or_else(|| {
        let home = if double { (BESIDE, HOME.1) } else { HOME };
        let (yaw, pitch) = if first { home } else { (rig.goal.yaw, rig.goal.pitch) };
        let aim = Pose { target: Vec3::ZERO, yaw, pitch, distance: space.radius * 3.0 };
        let margin = space.node_radius * 1.6;
        framing::fit(aim, arrangement.ends(&crowd), margin, Safe::of(size, &insets), FOV)
    });
    rig.go(pose);
    if !std::mem::replace(&mut rig.placed, true) {
        rig.seen = rig.goal;
    }
}

fn chase(
    mut rig: ResMut<Rig>,
    mut trail: ResMut<Trail>,
    (stage, crowd): (Res<Stage>, Res<Crowd>),
    (look, space): (Res<Look>, Res<Space>),
    insets: Res<Insets>,
    time: Res<Time>,
) {
    // A hitch must not throw the camera.
    let seconds = time.delta_secs().min(0.25);
    rig.left = rig.goal;
    if rig.spin && !look.calm_motion {
        rig.goal.yaw += SPIN * seconds;
    }
    if let Some(drive) = rig.steering.pass(seconds)
        && rig.drive(drive, &space)
    {
        *trail = Trail::Free;
    }
    if let Some(target) = trail.step(&stage, &crowd, seconds) {
        rig.goal.target = target;
        rig.touched = true;
    }
    let quick = if look.calm_motion { CALM_CHASE } else { CHASE };
    rig.advance(seconds, (!look.still).then_some(quick));
    let step = if look.still { 1.0 } else { 1.0 - (-quick * seconds).exp() };
    let wanted = f32::from(u8::from(look.cut));
    let slow = if look.calm_motion { CALM_CHASE } else { 5.0 };
    let gentle = if look.still { 1.0 } else { 1.0 - (-slow * seconds).exp() };
    rig.cut += (wanted - rig.cut) * gentle;
    let shift = Vec2::new(insets.left - insets.right, insets.top - insets.bottom) * 0.5;
    rig.shift = rig.shift.lerp(shift, if rig.touched { gentle } else { step });
}

fn place(rig: Res<Rig>, mut camera: Single<(&mut Camera, &mut Transform), With<Camera3d>>) {
    let (camera, transform) = &mut *camera;
    **transform = rig.seen.transform();
    if let Some(size) = camera.logical_viewport_size() {
        // An off-centre crop of the picture moves its middle to where panels leave room.
        let whole = size.max(Vec2::ONE).as_uvec2();
        let offset = (-rig.shift).round();
        camera.sub_camera_view = (offset != Vec2::ZERO).then_some(SubCameraView {
            full_size: whole,
            offset,
            size: whole,
        });
    }
}

/// Says where the selected node is in the window, for its name.
fn mark(
    stage: Res<Stage>,
    crowd: Res<Crowd>,
    rig: Res<Rig>,
    space: Res<Space>,
    mut marks: ResMut<Marks>,
    camera: Single<(&Camera, &Transform), With<Camera3d>>,
) {
    let (camera, transform) = *camera;
    let place = stage.selected.and_then(|id| crowd.place(id));
    // What the cut-away hides has no name either.
    let hidden = place.is_some_and(|place| rig.cut > 0.5 && place.dot(rig.seen.back()) > 0.0);
    let seen = place.filter(|_| !hidden);
    let at = GlobalTransform::from(*transform);
    marks.selected = seen.and_then(|place| camera.world_to_viewport(&at, place).ok());
    let height = camera.logical_viewport_size().map_or(1.0, |size| size.y);
    let depth = place.map_or(1.0, |place| place.distance(transform.translation)).max(0.1);
    marks.radius = space.node_radius * height * 0.5 / ((FOV * 0.5).tan() * depth);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pose_made_from_an_eye_leads_back_to_it() {
        let (eye, target) = (Vec3::new(3.0, 4.0, -5.0), Vec3::new(1.0, 0.5, 2.0));
        let pose = Pose::towards(eye, target);
        assert!((pose.transform().translation - eye).length() < 1e-4);
    }

    /// Where the camera is after a second in which the scene turns and the followed thing flies.
    fn after_a_second(frames: u32) -> Pose {
        let goal = Pose { target: Vec3::new(3.0, 1.0, -2.0), yaw: 1.9, pitch: -0.2, distance: 2.5 };
        let mut rig = Rig { goal, ..default() };
        let seconds = 1.0 / frames as f32;
        for _ in 0..frames {
            rig.left = rig.goal;
            rig.goal.yaw += SPIN * seconds;
            rig.goal.target += Vec3::new(0.7, 0.0, 1.3) * seconds;
            rig.goal.pitch += 0.4 * seconds;
            rig.goal.distance *= (-1.1 * seconds).exp();
            rig.advance(seconds, Some(CHASE));
        }
        rig.seen
    }

    #[test]
    fn the_camera_is_in_the_same_place_at_every_frame_rate() {
        let (slow, quick) = (after_a_second(30), after_a_second(144));
        assert!(slow.target.distance(quick.target) < 1e-4, "{slow:?} {quick:?}");
        for (a, b) in
            [(slow.yaw, quick.yaw), (slow.pitch, quick.pitch), (slow.distance, quick.distance)]
        {
            assert!((a - b).abs() < 1e-4, "{slow:?} {quick:?}");
        }
        assert!(slow.target.distance(Vec3::new(3.7, 1.0, -0.7)) < 0.2, "it is nearly there");
    }

    #[test]
    fn the_short_way_round_is_taken() {
        let mut rig = Rig::default();
        rig.goal.yaw = 3.0;
        rig.go(Pose { yaw: -3.0, ..rig.goal });
        assert!((rig.goal.yaw - (TAU - 3.0)).abs() < 1e-5);
    }

    #[test]
    fn zooming_towards_a_place_keeps_it_in_line() {
        let published = crate::mesh::publish::Published::default();
        let space = Space::of(&crate::mesh::publish::Scene::default(), &published);
        let mut rig = Rig::default();
        let place = Vec3::new(2.0, 0.0, 1.0);
        rig.zoom(0.5, place, &space);
        assert!((rig.goal.target - place * 0.5).length() < 1e-5);
    }
}
