//! Mouse and keys: they move the camera's goal, change the look, or ask the mesh. Nothing else.

use super::actions::{self, Action, Do};
use super::camera::Rig;
use super::choose::{self, ctrl, shift};
use super::crowd::Crowd;
use super::follow::Trail;
use super::lens::FOV;
use super::picking::{Probe, pick, seat};
use super::space::Space;
use super::stage::{Ask, Go, Look, Marks, OverScene, Stage};
use super::steer;
use super::tools::{self, Sketch};
use crate::pace::Intent;
use crate::panels::overlay::Overlay;
use bevy::input::keyboard::{Key, KeyboardFocusLost, KeyboardInput};
use bevy::input::mouse::{AccumulatedMouseScroll, MouseScrollUnit};
use bevy::prelude::*;
use bevy::window::{CursorMoved, PrimaryWindow};
use bevy_egui::EguiContexts;

/// Radians per pixel dragged.
const ORBIT: f32 = 0.0062;
/// A press that moved further than this is a drag, not a click.
const CLICK_PIXELS: f32 = 5.0;
/// Two clicks within this time are one double click.
const DOUBLE_SECONDS: f32 = 0.38;

/// What the mouse is in the middle of.
#[derive(Resource, Default)]
struct Gesture {
    orbit: bool,
    pan: bool,
    /// A drag does not turn the scene.
    still: bool,
    travelled: f32,
    last_click: Option<(f32, Option<u32>)>,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Gesture>().add_systems(
        Update,
        (grab, drag, wheel, click, choose::rectangle, tools::work, hover, keys)
            .chain()
            .before(actions::perform)
            .in_set(super::ViewSystems::Input),
    );
    let after = (tools::set_down, steer::tap).after(actions::perform);
    app.add_systems(Update, after.in_set(super::ViewSystems::Input));
}

/// A drag that began over the scene stays the scene's, wherever it goes.
fn grab(
    buttons: Res<ButtonInput<MouseButton>>,
    over: Res<OverScene>,
    keys: Res<ButtonInput<KeyCode>>,
    sketch: Res<Sketch>,
    mut gesture: ResMut<Gesture>,
) {
    let free = over.0;
    if buttons.just_pressed(MouseButton::Left) && free && !sketch.holds() {
        // With Shift it draws a rectangle instead, though a mere click is one all the same.
        gesture.orbit = true;
        gesture.still = shift(&keys);
        gesture.travelled = 0.0;
    }
    let pan = [MouseButton::Right, MouseButton::Middle];
    if buttons.any_just_pressed(pan) && free {
        gesture.pan = true;
    }
    if !buttons.any_pressed(pan) {
        gesture.pan = false;
    }
}

fn drag(
    mut moved: MessageReader<CursorMoved>,
    buttons: Res<ButtonInput<MouseButton>>,
    mut gesture: ResMut<Gesture>,
    mut rig: ResMut<Rig>,
    mut trail: ResMut<Trail>,
    window: Single<&Window, With<PrimaryWindow>>,
) {
    let delta: Vec2 = moved.read().filter_map(|moved| moved.delta).sum();
    // In a slow frame the pointer may have moved before the button went down; that was no drag.
    let fresh = buttons.get_just_pressed().next().is_some();
    if fresh || delta == Vec2::ZERO {
        return;
    }
    if gesture.orbit {
        gesture.travelled += delta.length();
        if gesture.travelled > CLICK_PIXELS && !gesture.still {
            rig.turn(-delta.x * ORBIT, delta.y * ORBIT);
        }
    }
    if gesture.pan {
        let per_pixel = rig.goal.distance * 2.0 * (FOV * 0.5).tan() / window.height().max(1.0);
        rig.pan(Vec2::new(-delta.x, delta.y) * per_pixel);
        *trail = Trail::Free;
    }
}

fn wheel(
    scroll: Res<AccumulatedMouseScroll>,
    over: Res<OverScene>,
    space: Res<Space>,
    mut rig: ResMut<Rig>,
    window: Single<&Window, With<PrimaryWindow>>,
    camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
) {
    if scroll.delta.y == 0.0 || !over.0 {
        return;
    }
    let notches = match scroll.unit {
        MouseScrollUnit::Line => scroll.delta.y,
        MouseScrollUnit::Pixel => scroll.delta.y / 60.0,
    };
    let (camera, at) = *camera;
    // The place under the cursor, on the plane through the target that faces the camera.
    let target = rig.goal.target;
    let under = window
        .cursor_position()
        .and_then(|cursor| camera.viewport_to_world(at, cursor).ok())
        .and_then(|ray| ray.plane_intersection_point(target, InfinitePlane3d::new(at.back())))
        .unwrap_or(target);
    rig.zoom((-0.13 * notches.clamp(-6.0, 6.0)).exp(), under, &space);
}

/// What the pointer asks about: a ray through it, if it is over the scene.
fn probe(window: &Window, camera: &Camera, at: &GlobalTransform, look: &Look) -> Option<Probe> {
    let cursor = window.cursor_position()?;
    let ray = camera.viewport_to_world(at, cursor).ok()?;
    let pixel = 2.0 * (FOV * 0.5).tan() / window.height().max(1.0);
    Some(Probe { ray, pixel, hidden: look.cut.then(|| *at.back()) })
}

fn click(
    buttons: Res<ButtonInput<MouseButton>>,
    (keys, time): (Res<ButtonInput<KeyCode>>, Res<Time<Real>>),
    mut gesture: ResMut<Gesture>,
    mut stage: ResMut<Stage>,
    look: Res<Look>,
    crowd: Res<Crowd>,
    space: Res<Space>,
    window: Single<&Window, With<PrimaryWindow>>,
    camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
    mut asks: MessageWriter<Ask>,
    mut go: MessageWriter<Go>,
) {
    if !buttons.just_released(MouseButton::Left) || !std::mem::take(&mut gesture.orbit) {
        return;
    }
    if gesture.travelled > CLICK_PIXELS {
        return;
    }
    let (camera, at) = *camera;
    let found = probe(&window, camera, at, &look).and_then(|probe| pick(&probe, &crowd, &space));
    if ctrl(&keys) {
        if let Some(id) = found {
            choose::toggle(&mut stage.picked, id);
        }
        return;
    }
    if gesture.still && stage.selected.is_some() {
        let other = found.filter(|id| stage.selected != Some(*id));
        asks.write(Ask(Intent::Compare(other)));
        return;
    }
    stage.picked.clear();
    if stage.compared.is_some() {
        asks.write(Ask(Intent::Compare(None)));
    }
    let now = time.elapsed_secs();
    let double =
        gesture.last_click.is_some_and(|(when, what)| now - when < DOUBLE_SECONDS && what == found);
    gesture.last_click = Some((now, found));
    if found != stage.selected {
        stage.selected = found;
        asks.write(Ask(Intent::Select(found)));
    }
    if let (true, Some(id)) = (double, found) {
        go.write(Go::Node(id));
        gesture.last_click = None;
    }
}

/// Finds the node under a resting pointer, and asks why it is silent.
fn hover(
    gesture: Res<Gesture>,
    over: Res<OverScene>,
    look: Res<Look>,
    crowd: Res<Crowd>,
    space: Res<Space>,
    window: Single<&Window, With<PrimaryWindow>>,
    camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
    (mut marks, mut asks): (ResMut<Marks>, MessageWriter<Ask>),
) {
    let busy = gesture.orbit || gesture.pan || !over.0;
    let (camera, at) = *camera;
    let before = marks.hovered.map(|(id, _)| id);
    marks.hovered = probe(&window, camera, at, &look).filter(|_| !busy).and_then(|probe| {
        let seat = seat(&probe, &crowd, &space)? as usize;
        let (id, place) = (crowd.seat(seat).1 as u32, crowd.seen(seat)?);
        let depth = place.distance(at.translation()).max(0.1);
        let radius = space.node_radius / (probe.pixel * depth);
        let seen = camera.world_to_viewport(at, place).ok()?;
        marks.hovered_radius = radius;
        Some((id, seen))
    });
    let hovered = marks.hovered.map(|(id, _)| id);
    if hovered != before {
        asks.write(Ask(Intent::Point(hovered)));
    }
}

/// Keys that the focused panel does not need for itself.
fn keys(
    mut pressed: MessageReader<KeyboardInput>,
    mut lost: MessageReader<KeyboardFocusLost>,
    (mut ctrl, mut shift): (Local<bool>, Local<bool>),
    mut typing: EguiContexts,
    look: Res<Look>,
    mut rig: ResMut<Rig>,
    mut wanted: MessageWriter<Do>,
) {
    let (text, focused) = typing.ctx_mut().map_or((false, false), |context| {
        (context.text_edit_focused(), context.memory(|memory| memory.focused().is_some()))
    });
    if lost.read().count() > 0 {
        (*ctrl, *shift) = (false, false);
        rig.steering.release_all();
    }
    for key in pressed.read() {
        // In order: within one slow frame a key may go down and up again.
        if key.logical_key == Key::Control || choose::SUPER_IS_CTRL && key.logical_key == Key::Super
        {
            *ctrl = key.state.is_pressed();
        }
        if key.logical_key == Key::Shift {
            *shift = key.state.is_pressed();
        }
        if !key.state.is_pressed() {
            rig.steering.release(&key.logical_key);
            continue;
        }
        let Some(name) = key_name(&key.logical_key, *ctrl, *shift) else { continue };
        // A line of text takes letters; a focused button takes what presses it, and what goes on
        // to the next one.
        let writes = name.starts_with("Ctrl") || name.chars().count() == 1;
        let pushes = matches!(key.logical_key, Key::Space | Key::Enter | Key::Escape);
        let taken = (text && writes && name != "Ctrl+P")
            || (focused && (pushes || is_arrow(&key.logical_key)));
        let Some(action) = actions::of_key(&name).filter(|_| !taken) else { continue };
        // The file dialog has keys of its own.
        let closes = matches!(action, Action::Open(_) | Action::Escape);
        if look.overlay == Some(Overlay::File) && !closes {
            continue;
        }
        if let Action::Steer(way) = action {
            rig.steering.hold(&key.logical_key, way);
        }
        if !key.repeat || matches!(action, Action::Step | Action::StepBack) {
            wanted.write(Do(action));
        }
    }
}

/// A key as the table of actions names it.
fn key_name(key: &Key, ctrl: bool, shift: bool) -> Option<String> {
    let plain = match key {
        Key::Space => "Space".to_owned(),
        Key::Escape => "Esc".to_owned(),
        Key::Character(text) => text.to_uppercase(),
        Key::F1 => "F1".to_owned(),
        Key::F3 => "F3".to_owned(),
        Key::F4 => "F4".to_owned(),
        Key::F2 => "F2".to_owned(),
        Key::Home => "Home".to_owned(),
        Key::End => "End".to_owned(),
        Key::F12 => "F12".to_owned(),
        Key::Enter => "Enter".to_owned(),
        Key::PageUp => "PageUp".to_owned(),
        Key::PageDown => "PageDown".to_owned(),
        Key::ArrowLeft => "Left".to_owned(),
        Key::ArrowRight => "Right".to_owned(),
        Key::ArrowUp => "Up".to_owned(),
        Key::ArrowDown => "Down".to_owned(),
        _ => return None,
    };
    // Of a letter Shift makes another sign; with keys that write nothing it counts for itself.
    let plain = if shift && is_arrow(key) { format!("Shift+{plain}") } else { plain };
    Some(if ctrl { format!("Ctrl+{plain}") } else { plain })
}

const fn is_arrow(key: &Key) -> bool {
    matches!(key, Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_names_of_the_table() {
        let letter = |text: &str| Key::Character(text.into());
        for (key, ctrl, shift, name) in [
            (letter("p"), false, false, Some("P")),
            (letter("p"), true, false, Some("Ctrl+P")),
            (letter("+"), true, true, Some("Ctrl++")),
            (Key::F12, false, true, Some("F12")),
            (Key::ArrowUp, false, false, Some("Up")),
            (Key::ArrowUp, false, true, Some("Shift+Up")),
            (Key::Shift, false, true, None),
        ] {
            assert_eq!(key_name(&key, ctrl, shift).as_deref(), name, "{key:?}");
        }
    }
}
