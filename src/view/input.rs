//! Mouse and keys: they move the camera's goal, change the look, or ask the mesh. Nothing else.

use super::camera::Rig;
use super::choose::{self, ctrl, shift};
use super::crowd::Crowd;
use super::follow::{Follow, Trail};
use super::lens::FOV;
use super::picking::{Probe, pick};
use super::space::Space;
use super::stage::{Ask, ColourBy, Go, Look, Marks, Stage};
use crate::pace::Intent;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::input::mouse::{AccumulatedMouseScroll, MouseScrollUnit};
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use bevy::window::{CursorMoved, PrimaryWindow};
use bevy_egui::input::{EguiWantsInput, egui_wants_any_keyboard_input};

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
        (
            grab,
            drag,
            wheel,
            click,
            choose::rectangle,
            hover,
            keys.run_if(not(egui_wants_any_keyboard_input)),
        )
            .chain()
            .in_set(super::ViewSystems::Input),
    );
}

/// A drag that began over the scene stays the scene's, wherever it goes.
fn grab(
    buttons: Res<ButtonInput<MouseButton>>,
    keys: Res<ButtonInput<KeyCode>>,
    wants: Res<EguiWantsInput>,
    mut gesture: ResMut<Gesture>,
) {
    let free = !wants.wants_any_pointer_input();
    if buttons.just_pressed(MouseButton::Left) && free {
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
        let back = rig.goal.back();
        let right = Vec3::Y.cross(back).normalize_or(Vec3::X);
        let up = back.cross(right);
        rig.goal.target += (up * delta.y - right * delta.x) * per_pixel;
        rig.touched = true;
        *trail = Trail::Free;
    }
}

fn wheel(
    scroll: Res<AccumulatedMouseScroll>,
    wants: Res<EguiWantsInput>,
    space: Res<Space>,
    mut rig: ResMut<Rig>,
    window: Single<&Window, With<PrimaryWindow>>,
    camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
) {
    if scroll.delta.y == 0.0 || wants.wants_any_pointer_input() {
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
    if ctrl(&keys) || gesture.still {
        if let Some(id) = found {
            choose::toggle(&mut stage.picked, id);
        }
        return;
    }
    stage.picked.clear();
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

/// Names the node under a resting pointer.
fn hover(
    gesture: Res<Gesture>,
    wants: Res<EguiWantsInput>,
    look: Res<Look>,
    crowd: Res<Crowd>,
    space: Res<Space>,
    window: Single<&Window, With<PrimaryWindow>>,
    camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
    mut marks: ResMut<Marks>,
) {
    let busy = gesture.orbit || gesture.pan || wants.wants_any_pointer_input();
    let (camera, at) = *camera;
    marks.hovered = probe(&window, camera, at, &look).filter(|_| !busy).and_then(|probe| {
        let id = pick(&probe, &crowd, &space)?;
        let place = crowd.place(id)?;
        Some((id, camera.world_to_viewport(at, place).ok()?))
    });
}

fn keys(
    mut pressed: MessageReader<KeyboardInput>,
    mut rig: ResMut<Rig>,
    mut look: ResMut<Look>,
    mut stage: ResMut<Stage>,
    marks: Res<Marks>,
    mut asks: MessageWriter<Ask>,
    mut go: MessageWriter<Go>,
    mut commands: Commands,
) {
    for key in pressed.read().filter(|key| key.state.is_pressed()) {
        let step = matches!(&key.logical_key, Key::Character(text) if text == ".");
        if key.repeat && !step {
            continue;
        }
        match &key.logical_key {
            Key::Space => rig.spin = !rig.spin,
            Key::Escape => {
                stage.selected = None;
                stage.picked.clear();
                asks.write(Ask(Intent::Select(None)));
            }
            Key::F12 => {
                let path = format!("qres-tick-{}.png", stage.published.tick);
                commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path));
            }
            Key::Character(text) => match text.to_lowercase().as_str() {
                "p" => drop(asks.write(Ask(Intent::TogglePause))),
                "." => drop(asks.write(Ask(Intent::Step))),
                "+" | "=" => drop(asks.write(Ask(Intent::SpeedUp))),
                "-" | "_" => drop(asks.write(Ask(Intent::SpeedDown))),
                "r" => drop(go.write(Go::Home)),
                "f" => {
                    if let Some(id) = stage.selected {
                        go.write(Go::Node(id));
                    }
                }
                "g" => {
                    if let Some(id) = stage.selected {
                        go.write(Go::Follow(Follow::Node(id)));
                    }
                }
                "j" => {
                    if let Some(id) = marks.hovered.map(|(id, _)| id).or(stage.selected) {
                        go.write(Go::Follow(Follow::PacketOf(id)));
                    }
                }
                other => adjust(&mut look, other),
            },
            _ => {}
        }
    }
}

/// Keys that only change how the stage is looked at.
fn adjust(look: &mut Look, key: &str) {
    match key {
        "h" => look.panels = !look.panels,
        "c" => look.cut = !look.cut,
        "l" => look.layout = look.layout.next(),
        "q" => look.quality = look.quality.next(),
        "m" => look.calm_motion = !look.calm_motion,
        "v" => look.palette = look.palette.toggled(),
        "?" | "/" => look.help = !look.help,
        digit => {
            let chosen = digit.parse::<usize>().ok().and_then(|digit| digit.checked_sub(1));
            if let Some(mode) = chosen.and_then(|index| ColourBy::ALL.get(index)) {
                look.colour_by = *mode;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_choose_what_colour_says() {
        let mut look = Look::default();
        adjust(&mut look, "3");
        assert_eq!(look.colour_by, ColourBy::Reputation);
        adjust(&mut look, "9");
        assert_eq!(look.colour_by, ColourBy::Reputation);
        adjust(&mut look, "c");
        assert!(look.cut);
    }
}
