//! The view as people use it: mouse and key messages go in at one end, and what they do to the
//! camera, the stage and the mesh comes out at the other. Drawn off screen by whatever there is.

use super::actions::Do;
use super::camera::Rig;
use super::input;
use super::stage::{Ask, Look, OverScene, Stage};
use super::studio::{Framing, Studio};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::mesh::publish::Scene;
use crate::pace::Intent;
use crate::scenario::{self, Command};
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::input::mouse::{MouseButtonInput, MouseScrollUnit, MouseWheel};
use bevy::prelude::*;
use bevy::window::{CursorMoved, PrimaryWindow, WindowResolution};
use std::sync::Arc;

/// A window that nobody sees, over a scene that is really drawn.
struct Desk {
    studio: Studio,
    window: Entity,
    asked: Vec<Intent>,
}

impl Desk {
    fn new() -> Self {
        let scenario = scenario::resolve("storm-front").expect("embedded").scenario;
        let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
        let mut mesh = Mesh::new(plan, 1);
        let scene = Arc::new(Scene::new(&scenario, mesh.plan()));
        let stage = Stage::new(scene, Arc::new(mesh.publish()));
        let framing = Framing { width: 640, height: 360, panels: false, ..Framing::default() };
        let mut studio = Studio::with(stage, &framing, input::plugin).expect("an adapter");
        let world = studio.world();
        world.resource_mut::<Look>().still = false;
        // The picture has half a pixel a point, as small ones have; the window is as large.
        let mut resolution = WindowResolution::new(640, 360);
        resolution.set_scale_factor_override(Some(0.7));
        let window = Window { resolution, ..default() };
        let window = world.spawn((window, PrimaryWindow)).id();
        let mut desk = Self { studio, window, asked: Vec::new() };
        desk.rest();
        desk
    }

    /// Some frames in which nothing is done.
    fn rest(&mut self) {
        for _ in 0..3 {
            // No panel is in the way.
            self.studio.world().insert_resource(OverScene(true));
            self.studio.frame(std::time::Duration::from_millis(50));
            let world = self.studio.world();
            let mut asks = world.resource_mut::<Messages<Ask>>();
            let fresh: Vec<Intent> = asks.drain().map(|Ask(intent)| intent).collect();
            self.asked.extend(fresh);
        }
    }

    fn point(&mut self, to: Vec2) {
        let entity = self.window;
        let world = self.studio.world();
        let mut window = world.get_mut::<Window>(entity).expect("a window");
        let before = window.cursor_position();
        window.set_cursor_position(Some(to));
        let delta = before.map(|before| to - before);
        world.write_message(CursorMoved { window: entity, position: to, delta });
        self.rest();
    }

    fn button(&mut self, state: ButtonState) {
        let window = self.window;
        let button = MouseButton::Left;
        self.studio.world().write_message(MouseButtonInput { button, state, window });
        self.rest();
    }

    fn click(&mut self, at: Vec2) {
        self.point(at);
        self.button(ButtonState::Pressed);
        self.button(ButtonState::Released);
    }

    fn key(&mut self, text: &str) {
        let window = self.window;
        for state in [ButtonState::Pressed, ButtonState::Released] {
            self.studio.world().write_message(KeyboardInput {
                key_code: KeyCode::KeyA,
                logical_key: Key::Character(text.into()),
                state,
                text: None,
                repeat: false,
                window,
            });
        }
        self.rest();
    }

    /// Where a node is seen, in points.
    fn seen(&mut self, node: u32) -> Vec2 {
        let world = self.studio.world();
        let place = world.resource::<super::crowd::Crowd>().place(node).expect("a place");
        let mut cameras = world.query_filtered::<(&Camera, &GlobalTransform), With<Camera3d>>();
        let (camera, at) = cameras.single(world).expect("one camera");
        camera.world_to_viewport(at, place).expect("in view")
    }

    fn rig(&mut self) -> (f32, f32) {
        let rig = self.studio.world().resource::<Rig>();
        (rig.goal.yaw, rig.goal.distance)
    }
}

#[test]
fn mouse_and_keys_do_what_the_help_says() {
    let mut desk = Desk::new();
    let middle = Vec2::new(450.0, 250.0);

    let (yaw, distance) = desk.rig();
    desk.point(middle);
    desk.button(ButtonState::Pressed);
    desk.point(middle + Vec2::new(80.0, 0.0));
    desk.button(ButtonState::Released);
    let (turned, _) = desk.rig();
    assert!((turned - yaw).abs() > 0.1, "a drag orbits: {yaw} {turned}");

    let window = desk.window;
    let (unit, x, y) = (MouseScrollUnit::Line, 0.0, 3.0);
    let phase = bevy::input::touch::TouchPhase::Moved;
    desk.studio.world().write_message(MouseWheel { unit, x, y, window, phase });
    desk.rest();
    let (_, nearer) = desk.rig();
    assert!(nearer < distance * 0.9, "the wheel zooms: {distance} {nearer}");
    desk.key("r");
    (0..20).for_each(|_| desk.rest());

    let at = desk.seen(45);
    desk.click(at);
    assert_eq!(desk.studio.world().resource::<Stage>().selected, Some(45));
    assert!(desk.asked.contains(&Intent::Select(Some(45))), "{:?}", desk.asked);

    desk.key(".");
    assert!(desk.asked.contains(&Intent::Step), "{:?}", desk.asked);
    desk.key("3");
    let by = desk.studio.world().resource::<Look>().colour_by;
    assert_eq!(by, super::stage::ColourBy::Reputation);
    let done = desk.studio.world().resource::<Messages<Do>>().len();
    desk.key("\u{e9}");
    assert_eq!(desk.studio.world().resource::<Messages<Do>>().len().max(done), done);

    // A storm: from node 33, with its rim at node 36.
    desk.key("s");
    let (from, to) = (desk.seen(33), desk.seen(36));
    desk.point(from);
    desk.button(ButtonState::Pressed);
    desk.point(to);
    desk.button(ButtonState::Released);
    let storm = desk.asked.iter().find_map(|intent| match intent {
        Intent::Command(command) => Some((**command).clone()),
        _ => None,
    });
    let Some(Command::StartStorm { x_mm, z_mm, radius_mm, .. }) = storm else {
        panic!("no storm was asked for: {:?}", desk.asked)
    };
    let stage = desk.studio.world().resource::<Stage>();
    let place = |node: usize| stage.published.nodes[node].position_mm.map(f64::from);
    let [x, _, z] = place(33);
    let away = (x_mm as f64 - x).hypot(z_mm as f64 - z);
    let [rim_x, _, rim_z] = place(36);
    let wanted = (rim_x - x).hypot(rim_z - z);
    assert!(away < 0.1 * wanted, "{away} mm from node 33");
    assert!((f64::from(radius_mm) / wanted - 1.0).abs() < 0.15, "{radius_mm} of {wanted} mm");
}
