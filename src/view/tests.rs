//! The view as people use it: mouse and key messages go in at one end, and what they do to the
//! camera, the stage and the mesh comes out at the other. Drawn off screen by whatever there is.

use super::actions::Do;
use super::camera::{Pose, Rig};
use super::crowd::Crowd;
use super::fleet::Mark;
use super::stage::{Ask, Look, OverScene, Stage};
use super::studio::{Framing, Studio};
use super::{input, tape, window};
use crate::bridge::Lamp;
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::mesh::publish::Scene;
use crate::pace::{self, Intent, Sought, Start};
use crate::panels::Panels;
use crate::panels::dock::Pane;
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

/// The mesh that is on show.
fn storm_front() -> (Mesh, Scene) {
    let scenario = scenario::resolve("storm-front").expect("embedded").scenario;
    let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
    let mesh = Mesh::new(plan, 1);
    let scene = Scene::new(&scenario, mesh.plan());
    (mesh, scene)
}

impl Desk {
    /// Over a mesh that stands still: what is asked of it is only written down.
    fn new() -> Self {
        let (mut mesh, scene) = storm_front();
        Self::over(Stage::new(Arc::new(scene), Arc::new(mesh.publish())), |_| {})
    }

    /// Over a mesh on its own thread, that does what it is asked.
    fn live(start: Start) -> Self {
        let (pace, _) = pace::begin(start).expect("a thread");
        let mut stage = Stage::new(pace.scene(), pace.latest());
        stage.is_replay = true;
        Self::over(stage, |app| {
            app.insert_resource(pace)
                .add_systems(PreUpdate, window::mirror)
                .add_systems(Last, window::forward);
        })
    }

    fn over(stage: Stage, more: impl FnOnce(&mut App)) -> Self {
        let framing = Framing { width: 640, height: 360, panels: false, ..Framing::default() };
        let more = |app: &mut App| {
            app.add_plugins((input::plugin, tape::plugin));
            more(app);
        };
        let mut studio = Studio::with(stage, &framing, more).expect("an adapter");
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

    fn turn(&mut self, logical_key: &Key, state: ButtonState) {
        let (window, logical_key) = (self.window, logical_key.clone());
        let key_code = KeyCode::KeyA;
        let (text, repeat) = (None, false);
        let input = KeyboardInput { key_code, logical_key, state, text, repeat, window };
        self.studio.world().write_message(input);
    }

    fn press(&mut self, key: &Key) {
        self.turn(key, ButtonState::Pressed);
        self.turn(key, ButtonState::Released);
        self.rest();
    }

    fn key(&mut self, text: &str) {
        self.press(&Key::Character(text.into()));
    }

    fn ctrl(&mut self, text: &str) {
        self.turn(&Key::Control, ButtonState::Pressed);
        self.turn(&Key::Character(text.into()), ButtonState::Pressed);
        self.turn(&Key::Control, ButtonState::Released);
        self.rest();
    }

    fn stage(&mut self) -> &Stage {
        self.studio.world().resource::<Stage>()
    }

    /// Draws until the mesh has come to where it is wanted.
    fn until(&mut self, what: &str, holds: impl Fn(&Stage) -> bool) {
        for _ in 0..1_000 {
            if holds(self.stage()) {
                return;
            }
            self.rest();
        }
        panic!("{what} was waited for in vain, at tick {}", self.stage().published.tick);
    }

    fn drag(&mut self, from: Vec2, to: Vec2) {
        self.point(from);
        self.button(ButtonState::Pressed);
        self.point(to);
        self.button(ButtonState::Released);
    }

    /// Where a node is seen, in points.
    fn seen(&mut self, node: u32) -> Vec2 {
        let world = self.studio.world();
        let place = world.resource::<Crowd>().place(node).expect("a place");
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
    desk.drag(middle, middle + Vec2::new(80.0, 0.0));
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
    desk.drag(from, to);
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

#[test]
fn mouse_and_keys_of_time_ask_for_what_they_say() {
    let mut desk = Desk::new();
    let run_to =
        |backwards, ticks_max| Intent::RunTo { sought: Sought::Major, backwards, ticks_max };
    let (tick, name) = (Some(0), "tick 0".to_owned());
    let fork = Intent::Fork { tick: None, of_other: false, changes: Vec::new() };
    let letter = |text: &str| Key::Character(text.into());
    for (key, ctrl, wanted) in [
        (letter(","), false, Intent::StepBack),
        (letter("u"), false, Intent::Reverse(true)),
        (letter("["), false, run_to(true, u64::MAX)),
        (letter("]"), false, run_to(false, super::actions::LOOK_AHEAD_TICKS)),
        (Key::Home, false, Intent::Seek(0)),
        (Key::End, false, Intent::Latest),
        (letter("b"), true, Intent::Bookmark { tick, name }),
        (letter("f"), true, fork),
    ] {
        desk.asked.clear();
        match &key {
            Key::Character(text) if ctrl => desk.ctrl(text),
            _ => desk.press(&key),
        }
        assert!(desk.asked.contains(&wanted), "{key:?}: {:?}", desk.asked);
    }
    let open = |desk: &mut Desk| {
        let panels = desk.studio.world().resource::<Panels>();
        panels.dock.is_open(Pane::Whatif)
    };
    let before = open(&mut desk);
    desk.key("z");
    assert_ne!(open(&mut desk), before, "Z opens what sets two worlds apart");
    assert_eq!(desk.stage().notice, None);
    desk.press(&Key::F2);
    let told = desk.stage().notice.clone().unwrap_or_default();
    assert!(told.contains("replay"), "without files nothing is recorded: {told}");
}

#[test]
fn mouse_and_keys_travel_through_a_replay_and_fork_it() {
    let (mesh, scene) = storm_front();
    let opening = Start { is_replay: true, ticks: Some(40), ..Start::new(mesh, scene) };
    let mut desk = Desk::live(opening);
    if !desk.stage().status.paused {
        desk.key("p");
    }
    desk.until("a stop", |stage| stage.status.paused);
    let begun = desk.stage().published.tick;
    for step in 1..=3 {
        desk.key(".");
        desk.until("a tick", |stage| stage.published.tick == begun + step);
    }
    desk.key(",");
    desk.until("a tick back", |stage| stage.published.tick == begun + 2);
    desk.ctrl("b");
    desk.until("a bookmark", |stage| stage.travel.bookmarks.len() == 1);
    desk.press(&Key::Home);
    desk.until("the first tick", |stage| stage.published.tick == 0);
    desk.key("}");
    desk.until("the bookmark", |stage| stage.published.tick == begun + 2);
    desk.press(&Key::End);
    desk.until("the newest tick", |stage| stage.published.tick == begun + 3);
    desk.key("u");
    desk.until("the first tick, backwards", |stage| stage.published.tick == 0);
    assert!(desk.stage().other.is_none());

    // What has happened is not changed: a storm that is drawn into it begins a second world.
    desk.key("s");
    let (from, to) = (desk.seen(33), desk.seen(36));
    desk.drag(from, to);
    desk.until("a second world", |stage| stage.other.is_some());
    let changes = desk.stage().travel.forked.as_ref().map(|forked| forked.changes.len());
    assert_eq!(changes, Some(1));
}

/// Whether a storm was asked for, and where.
fn storm(desk: &Desk) -> Option<[f64; 2]> {
    desk.asked.iter().rev().find_map(|intent| match intent {
        Intent::Command(command) => match **command {
            Command::StartStorm { x_mm, z_mm, .. } => Some([x_mm as f64, z_mm as f64]),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn camera_and_storms_need_no_mouse() {
    let mut desk = Desk::new();
    let goal = |desk: &mut Desk| desk.studio.world().resource::<Rig>().goal;
    let begun = goal(&mut desk);
    desk.press(&Key::ArrowRight);
    desk.rest();
    let tapped = goal(&mut desk);
    assert!((0.1..0.3).contains(&(tapped.yaw - begun.yaw)), "a tap turns a little: {tapped:?}");
    desk.turn(&Key::ArrowLeft, ButtonState::Pressed);
    (0..4).for_each(|_| desk.rest());
    desk.turn(&Key::ArrowLeft, ButtonState::Released);
    desk.rest();
    let held = goal(&mut desk);
    assert!(held.yaw < tapped.yaw - 0.5, "it turns as long as a key is held: {held:?}");
    desk.rest();
    assert_eq!(goal(&mut desk), held, "and no longer");

    desk.turn(&Key::Shift, ButtonState::Pressed);
    desk.press(&Key::ArrowUp);
    desk.turn(&Key::Shift, ButtonState::Released);
    desk.rest();
    let panned = goal(&mut desk);
    assert_eq!((panned.yaw, panned.pitch), (held.yaw, held.pitch));
    assert!(panned.target.distance(held.target) > 0.01 * held.distance, "{panned:?}");
    desk.press(&Key::PageUp);
    desk.rest();
    let near = goal(&mut desk);
    assert!(near.distance < panned.distance * 0.95 && near.target == panned.target, "{near:?}");

    // Without a tool in the hand nothing is done, and the way to one is told.
    desk.press(&Key::Enter);
    assert_eq!(storm(&desk), None);
    assert!(desk.stage().notice.as_ref().is_some_and(|told| told.contains("S takes a storm")));
    desk.key("s");
    desk.press(&Key::Enter);
    let world = desk.studio.world();
    let [x, _, z] = world.resource::<super::space::Space>().mm_of(near.target);
    assert_eq!(storm(&desk), Some([x as f64, z as f64]), "where the camera looks");
    desk.studio.world().resource_mut::<Stage>().selected = Some(45);
    desk.press(&Key::Enter);
    let [x, _, z] = desk.stage().published.nodes[45].position_mm.map(f64::from);
    let [storm_x, storm_z] = storm(&desk).expect("a storm");
    let away = (storm_x - x).hypot(storm_z - z);
    assert!(away < 1_000.0, "{away} mm from the selected node");
}

/// A picture of the middle of the field, with node 44 a board or not.
fn of_a_board(hardware: bool, parted: Option<u64>) -> Vec<[u8; 3]> {
    let (mut mesh, scene) = storm_front();
    (0..20).for_each(|_| mesh.step());
    let mut published = mesh.publish();
    published.nodes[44].hardware = hardware;
    let mut stage = Stage::new(Arc::new(scene), Arc::new(published));
    if hardware {
        let name = "44".to_owned();
        stage.fleet.marks = vec![Mark { node: 44, lamp: Lamp::Connected, name, parted }];
    }
    let framing = Framing { width: 480, height: 270, panels: false, ..Framing::default() };
    let mut studio = Studio::new(stage, &framing).expect("an adapter");
    let place = studio.world().resource::<Crowd>().place(44).expect("a place");
    let mut rig = studio.world().resource_mut::<Rig>();
    rig.goal = Pose { target: place, distance: 0.2 * rig.goal.distance, ..rig.goal };
    rig.seen = rig.goal;
    rig.touched = true;
    let bytes = studio.picture(std::time::Duration::ZERO).expect("a picture");
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("an image");
    let step = pixels.len() / (info.width * info.height) as usize;
    pixels.chunks(step).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

#[test]
fn a_board_has_a_shape_of_its_own_and_a_magenta_ring_once_it_has_parted() {
    let [node, board, parted] =
        [(false, None), (true, None), (true, Some(3))].map(|(hard, at)| of_a_board(hard, at));
    let differ = |one: &[[u8; 3]], other: &[[u8; 3]]| {
        let far = |(a, b): (&[u8; 3], &[u8; 3])| (0..3).any(|k| a[k].abs_diff(b[k]) > 25);
        one.iter().zip(other).filter(|pair| far(*pair)).count()
    };
    let magenta = |picture: &[[u8; 3]]| {
        let is = |[r, g, b]: [u8; 3]| r > 130 && b > 90 && i32::from(g) < i32::from(r.min(b)) - 50;
        picture.iter().filter(|pixel| is(**pixel)).count()
    };
    assert!(differ(&node, &board) > 30, "another shape: {}", differ(&node, &board));
    // The rest of the picture is as it was.
    assert!(differ(&node, &board) < node.len() / 20, "{}", differ(&node, &board));
    assert_eq!((magenta(&node), magenta(&board)), (0, 0));
    assert!(magenta(&parted) > 20, "a magenta ring: {}", magenta(&parted));
}
