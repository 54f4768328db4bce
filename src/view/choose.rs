//! Picking several nodes: a rectangle drawn with Shift, or one node after the other with
//! Ctrl. It changes what is picked and nothing else.

use super::camera::Rig;
use super::crowd::Crowd;
use super::stage::{Look, Marks, OverScene, Stage};
use super::tools::Sketch;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;

/// A rectangle smaller than this is a click.
const CLICK_PIXELS: f32 = 5.0;

/// Whether Shift is held.
#[must_use]
pub fn shift(keys: &ButtonInput<KeyCode>) -> bool {
    keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight])
}

/// Whether the key of macOS that others call Super stands for Ctrl here.
pub const SUPER_IS_CTRL: bool = cfg!(target_os = "macos");

/// Whether Ctrl is held, or what stands for it.
#[must_use]
pub fn ctrl(keys: &ButtonInput<KeyCode>) -> bool {
    use KeyCode::{ControlLeft, ControlRight, SuperLeft, SuperRight};
    keys.any_pressed([ControlLeft, ControlRight])
        || SUPER_IS_CTRL && keys.any_pressed([SuperLeft, SuperRight])
}

/// Picks a node, or lets it go when it was picked.
pub fn toggle(picked: &mut Vec<u32>, id: u32) {
    match picked.binary_search(&id) {
        Ok(place) => drop(picked.remove(place)),
        Err(place) => picked.insert(place, id),
    }
}

/// The rectangle being drawn.
#[derive(Default)]
pub(super) struct Drawing {
    start: Option<Vec2>,
    /// What was picked before, and stays.
    kept: Vec<u32>,
    found: Vec<u32>,
}

/// Draws the rectangle and picks what it holds, while the button is down.
pub(super) fn rectangle(
    buttons: Res<ButtonInput<MouseButton>>,
    keys: Res<ButtonInput<KeyCode>>,
    (over, sketch): (Res<OverScene>, Res<Sketch>),
    (look, rig, crowd): (Res<Look>, Res<Rig>, Res<Crowd>),
    window: Single<&Window, With<PrimaryWindow>>,
    camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
    mut drawing: Local<Drawing>,
    mut stage: ResMut<Stage>,
    mut marks: ResMut<Marks>,
) {
    let cursor = window.cursor_position();
    if buttons.just_pressed(MouseButton::Left) && shift(&keys) && over.0 && !sketch.holds() {
        drawing.start = cursor;
        drawing.kept.clear();
        if ctrl(&keys) {
            drawing.kept.extend_from_slice(&stage.picked);
        }
    }
    let Some((start, end)) = drawing.start.zip(cursor) else { return };
    let drawn = marks.rectangle.is_some() || start.distance(end) > CLICK_PIXELS;
    marks.rectangle = drawn.then_some([start, end]);
    let (camera, at) = *camera;
    if let Some(size) = camera.logical_viewport_size().filter(|_| drawn) {
        let Drawing { kept, found, .. } = &mut *drawing;
        let to_clip = camera.clip_from_view() * at.to_matrix().inverse();
        let cut = look.cut.then(|| rig.seen.back());
        let shown = crowd.places().map(|(place, _)| place);
        found.clear();
        found.extend_from_slice(kept);
        let seen = inside(shown, [start, end], to_clip, size, cut);
        found.extend(seen.map(|index| crowd.seat(index as usize).1 as u32));
        found.sort_unstable();
        found.dedup();
        if stage.picked != *found {
            stage.picked.clone_from(found);
        }
    }
    if !buttons.pressed(MouseButton::Left) {
        drawing.start = None;
        marks.rectangle = None;
    }
}

/// The nodes whose middle is seen inside a rectangle.
fn inside(
    places: impl Iterator<Item = Vec3>,
    corners: [Vec2; 2],
    to_clip: Mat4,
    size: Vec2,
    cut: Option<Vec3>,
) -> impl Iterator<Item = u32> {
    let [a, b] = corners;
    let area = Rect::from_corners(a, b);
    places.zip(0_u32..).filter_map(move |(place, id)| {
        let clip = to_clip * place.extend(1.0);
        let hidden = clip.w <= 0.0 || cut.is_some_and(|back| place.dot(back) > 0.0);
        let seen = Vec2::new(clip.x / clip.w + 1.0, 1.0 - clip.y / clip.w) * 0.5 * size;
        (!hidden && area.contains(seen)).then_some(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_picked_and_let_go() {
        let mut picked = Vec::new();
        for id in [4, 9, 2, 9] {
            toggle(&mut picked, id);
        }
        assert_eq!(picked, [2, 4]);
    }

    #[test]
    fn a_rectangle_holds_what_is_seen_in_it() {
        // The eye at the origin looks along -z with a right angle of view.
        let to_clip = Mat4::perspective_infinite_reverse_rh(std::f32::consts::FRAC_PI_2, 1.0, 0.1);
        let places = [
            Vec3::new(0.0, 0.0, -5.0),
            Vec3::new(4.0, 0.0, -5.0),
            Vec3::new(-4.0, 4.0, -5.0),
            Vec3::new(0.0, 0.0, 5.0),
        ];
        let size = Vec2::splat(100.0);
        let held = |a: Vec2, b: Vec2, cut| -> Vec<u32> {
            inside(places.into_iter(), [a, b], to_clip, size, cut).collect()
        };
        assert_eq!(held(Vec2::new(60.0, 60.0), Vec2::new(40.0, 40.0), None), [0]);
        assert_eq!(held(Vec2::new(40.0, 40.0), Vec2::new(95.0, 60.0), None), [0, 1]);
        assert_eq!(held(Vec2::ZERO, Vec2::new(20.0, 20.0), None), [2]);
        assert_eq!(held(Vec2::ZERO, size, Some(Vec3::X)), [0, 2], "what is cut away is not held");
    }
}
