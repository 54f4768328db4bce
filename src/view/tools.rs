//! Tools in the hand: a storm is dropped or dragged, a line is drawn through the mesh, nodes are
//! moved or set down. Each ends in one command; until then only a sketch is drawn.

use super::actions::{Action, Do};
use super::arrange::Layout;
use super::camera::Rig;
use super::crowd::Crowd;
use super::lens::FOV;
use super::picking::{Probe, pick};
use super::space::Space;
use super::stage::{Ask, Look, OverScene, Stage};
use crate::pace::Intent;
use crate::scenario::{Command, FaultKind, Links, Post, Spectrum, Who};
use bevy::prelude::*;
use bevy::window::PrimaryWindow;

/// What the mouse holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Nothing: it orbits and selects.
    #[default]
    Nothing,
    /// Press where a storm begins, drag to its rim.
    DropStorm,
    /// Press inside a storm and take it elsewhere.
    DragStorm,
    /// Press where a jammer stands, drag to the rim of what it drowns.
    DropJammer,
    /// Draw a line; links across it are cut.
    DrawLine,
    /// Drag the picked nodes, or click where they are to stand.
    MoveNodes,
    /// Press where a node joins.
    AddNodes,
}

impl Tool {
    /// All that can be held.
    pub const ALL: [Self; 6] = [
        Self::DropStorm,
        Self::DragStorm,
        Self::DropJammer,
        Self::DrawLine,
        Self::MoveNodes,
        Self::AddNodes,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::DropStorm => "drop a storm",
            Self::DragStorm => "drag a storm",
            Self::DropJammer => "drop a jammer",
            Self::DrawLine => "cut along a line",
            Self::MoveNodes => "move nodes",
            Self::AddNodes => "add nodes",
        }
    }

    /// How it is used.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::DropStorm => "Press where it begins and drag to its rim",
            Self::DragStorm => "Press inside a storm and take it elsewhere",
            Self::DropJammer => "Press where it stands and drag to the rim of what it drowns",
            Self::DrawLine => "Draw a line: links across it are cut. Restore links to heal it",
            Self::MoveNodes => "Drag a node, all that are picked come along; or click where to",
            Self::AddNodes => "Click where another node joins",
        }
    }
}

/// What is being drawn, on the ground of the mesh.
#[derive(Resource, Default)]
pub struct Sketch {
    /// What the mouse holds.
    pub tool: Tool,
    /// Places passed with the button down, in scene units.
    pub trail: Vec<Vec3>,
    /// The world whose ground it is drawn on.
    pub world: usize,
    /// The storm that is dragged.
    storm: Option<u32>,
    /// Centre and radius of a storm to be, in scene units.
    pub circle: Option<(Vec3, f32)>,
    /// Whether chosen nodes were taken hold of.
    grabbed: bool,
    /// By how much the chosen nodes are being dragged, in scene units.
    pub shift: Option<Vec3>,
}

impl Sketch {
    /// A fresh one with this in the hand.
    #[must_use]
    pub fn with(tool: Tool) -> Self {
        Self { tool, ..Self::default() }
    }

    /// Forgets what was drawn, and keeps the tool.
    fn drop_it(&mut self) {
        self.trail.clear();
        self.circle = None;
        self.storm = None;
        self.grabbed = false;
        self.shift = None;
    }

    /// Whether the left button is the tool's.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.tool != Tool::Nothing
    }
}

/// What is said where nothing can be done to places.
const UNREAL: &str = "positions are not real in this layout: press L first";
/// Longest line that is sent, in corners.
const CORNERS: usize = 256;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Sketch>();
}

/// Where the pointer meets the ground that the mesh stands on, and the same in millimetres east
/// and south.
fn ground(
    window: &Window,
    camera: &Camera,
    at: &GlobalTransform,
    space: &Space,
    crowd: &Crowd,
) -> Option<(Vec3, [i64; 2], usize)> {
    let ray = camera.viewport_to_world(at, window.cursor_position()?).ok()?;
    let level = Vec3::new(0.0, -space.half.y, 0.0);
    let place = ray.plane_intersection_point(level, InfinitePlane3d::new(Vec3::Y))?;
    let (place, world) = first_of(place, crowd);
    let [x, _, z] = space.mm_of(place);
    Some((place, [x, z], world))
}

/// A place as one of the first world, and the world that it was in.
fn first_of(place: Vec3, crowd: &Crowd) -> (Vec3, usize) {
    // Over a second world, the same place of the first is meant.
    let apart = crowd.apart(1);
    let beyond = apart.length_squared() > 0.0 && (place - apart * 0.5).dot(apart) > 0.0;
    (if beyond { place - apart } else { place }, usize::from(beyond))
}

/// Follows the pointer with what is held, and sends the command at the end.
pub(super) fn work(
    buttons: Res<ButtonInput<MouseButton>>,
    over: Res<OverScene>,
    (space, look, crowd): (Res<Space>, Res<Look>, Res<Crowd>),
    window: Single<&Window, With<PrimaryWindow>>,
    camera: Single<(&Camera, &GlobalTransform), With<Camera3d>>,
    mut sketch: ResMut<Sketch>,
    mut stage: ResMut<Stage>,
    mut asks: MessageWriter<Ask>,
) {
    if !sketch.holds() {
        return;
    }
    let (camera, at) = *camera;
    let Some((place, mm, world)) = ground(&window, camera, at, &space, &crowd) else {
        if !buttons.pressed(MouseButton::Left) {
            sketch.drop_it();
        }
        return;
    };
    sketch.world = world;
    if buttons.just_pressed(MouseButton::Left) && over.0 {
        if look.layout != Layout::Placed {
            stage.notice = Some(UNREAL.to_owned());
            return;
        }
        sketch.trail = vec![place];
        sketch.storm = storm_at(&stage, mm);
        if sketch.tool == Tool::MoveNodes {
            let probe = window.cursor_position().and_then(|cursor| {
                let ray = camera.viewport_to_world(at, cursor).ok()?;
                let pixel = 2.0 * (FOV * 0.5).tan() / window.height().max(1.0);
                Some(Probe { ray, pixel, hidden: None })
            });
            let under = probe.and_then(|probe| pick(&probe, &crowd, &space));
            sketch.grabbed = under.is_some();
            if let Some(id) = under.filter(|id| !is_chosen(&stage, *id)) {
                stage.picked.clear();
                stage.selected = Some(id);
                asks.write(Ask(Intent::Select(Some(id))));
            }
        }
    }
    if sketch.trail.is_empty() {
        return;
    }
    let step = space.node_radius;
    if sketch.trail.last().is_some_and(|last| last.distance(place) > step) {
        sketch.trail.push(place);
    }
    let start = sketch.trail[0];
    sketch.circle = circle(&sketch, &stage, &space, start, place);
    let far = start.distance(place) > step;
    sketch.shift = (sketch.grabbed && far).then(|| place - start);
    // A mere click on a node takes hold of it and moves nothing.
    if sketch.grabbed && !far && !buttons.pressed(MouseButton::Left) {
        sketch.drop_it();
        return;
    }
    if buttons.pressed(MouseButton::Left) {
        return;
    }
    let place = dragged_to(&sketch, &stage, &crowd).unwrap_or(place);
    let command = command(&sketch, &stage, &space, place);
    sketch.drop_it();
    // Let go over a panel, it was not meant.
    if !over.0 {
        return;
    }
    match command {
        Ok(command) => drop(asks.write(Ask(Intent::Command(Box::new(command))))),
        Err(why) => stage.notice = Some(why.to_owned()),
    }
}

/// Whether a node is one of those that tools are about.
fn is_chosen(stage: &Stage, id: u32) -> bool {
    if stage.picked.is_empty() { stage.selected == Some(id) } else { stage.picked.contains(&id) }
}

/// Where the middle of the chosen nodes is dragged to.
fn dragged_to(sketch: &Sketch, stage: &Stage, crowd: &Crowd) -> Option<Vec3> {
    let shift = sketch.shift?;
    middle(stage, crowd).map(|place| place + shift)
}

/// The middle of the chosen nodes.
fn middle(stage: &Stage, crowd: &Crowd) -> Option<Vec3> {
    let alone = stage.selected.filter(|_| stage.picked.is_empty());
    let ids = stage.picked.iter().copied().chain(alone);
    let places: Vec<Vec3> = ids.filter_map(|id| crowd.place(id)).collect();
    let sum: Vec3 = places.iter().sum();
    (!places.is_empty()).then(|| sum / places.len() as f32)
}

/// Does what a click would do with the tool in the hand, without the mouse: a storm at the chosen
/// nodes, everything else where the camera looks.
pub(super) fn set_down(
    mut wanted: MessageReader<Do>,
    (space, look, crowd): (Res<Space>, Res<Look>, Res<Crowd>),
    (rig, sketch): (Res<Rig>, Res<Sketch>),
    mut stage: ResMut<Stage>,
    mut asks: MessageWriter<Ask>,
) {
    if wanted.read().filter(|Do(action)| *action == Action::SetDown).count() == 0 {
        return;
    }
    let (focus, _) = first_of(rig.goal.target, &crowd);
    let command = match sketch.tool {
        _ if look.layout != Layout::Placed => Err(UNREAL),
        Tool::Nothing => Err("no tool is held: S takes a storm, A a node, W what is picked"),
        Tool::DrawLine => Err("a line is drawn with the mouse: press and drag"),
        tool => by_keys(tool, &stage, &space, (middle(&stage, &crowd), focus)),
    };
    match command {
        Ok(command) => drop(asks.write(Ask(Intent::Command(Box::new(command))))),
        Err(why) => stage.notice = Some(why.to_owned()),
    }
}

/// What a tool asks for where nobody points: at the middle of the chosen nodes, or at the focus.
fn by_keys(
    tool: Tool,
    stage: &Stage,
    space: &Space,
    (chosen, focus): (Option<Vec3>, Vec3),
) -> Result<Command, &'static str> {
    let mut sketch = Sketch::with(tool);
    let place = chosen.unwrap_or(focus);
    match tool {
        Tool::DropStorm | Tool::DropJammer => sketch.circle = Some((place, 0.0)),
        Tool::DragStorm => {
            let far = |centre: [i32; 3]| space.place(centre).with_y(place.y).distance(place);
            let storms = stage.published.storms.iter();
            let near = storms.min_by(|a, b| far(a.centre_mm).total_cmp(&far(b.centre_mm)));
            sketch.storm = Some(near.ok_or("no storm blows")?.number);
            sketch.circle = Some((place, 0.0));
        }
        _ => {}
    }
    command(&sketch, stage, space, focus)
}

/// The number of the storm that blows at a place; the smallest one where several do.
fn storm_at(stage: &Stage, [x, z]: [i64; 2]) -> Option<u32> {
    let inside = stage.published.storms.iter().filter(|storm| {
        let [dx, dz] = [x - i64::from(storm.centre_mm[0]), z - i64::from(storm.centre_mm[2])];
        let radius = i128::from(storm.radius_mm);
        i128::from(dx).pow(2) + i128::from(dz).pow(2) <= radius.pow(2)
    });
    inside.min_by_key(|storm| storm.radius_mm).map(|storm| storm.number)
}

fn circle(
    sketch: &Sketch,
    stage: &Stage,
    space: &Space,
    start: Vec3,
    place: Vec3,
) -> Option<(Vec3, f32)> {
    match sketch.tool {
        Tool::DropStorm | Tool::DropJammer => {
            Some((start, start.distance(place).max(space.node_radius)))
        }
        Tool::DragStorm => {
            let number = sketch.storm?;
            let storm = stage.published.storms.iter().find(|storm| storm.number == number)?;
            let radius = (f64::from(storm.radius_mm) / space.mm_per_unit) as f32;
            Some((space.place(storm.centre_mm).with_y(place.y) + place - start, radius))
        }
        _ => None,
    }
}

/// What a finished sketch asks for.
fn command(
    sketch: &Sketch,
    stage: &Stage,
    space: &Space,
    place: Vec3,
) -> Result<Command, &'static str> {
    let mm = |place: Vec3| {
        let [x, _, z] = space.mm_of(place);
        (x, z)
    };
    let (x_mm, z_mm) = mm(place);
    match sketch.tool {
        Tool::Nothing => Err("nothing is held"),
        Tool::DropStorm => {
            let (centre, radius_mm) = drawn(sketch, space)?;
            let (x_mm, z_mm) = mm(centre);
            Ok(Command::StartStorm {
                x_mm,
                z_mm,
                radius_mm,
                intensity: 8.0,
                spectrum: Spectrum::default(),
                drift_mm: (0, 0),
                growth_mm: 0,
                ticks: 0,
            })
        }
        Tool::DropJammer => {
            let (centre, radius_mm) = drawn(sketch, space)?;
            let (x_mm, z_mm) = mm(centre);
            Ok(Command::StartFault {
                kind: FaultKind::Jamming {
                    duty_percent: 50,
                    period_us: 10_000,
                    strength_percent: 1_000,
                },
                whom: Who::Area { x_mm, z_mm, radius_mm },
                nodes: String::new(),
                ticks: 0,
            })
        }
        Tool::DragStorm => {
            let storm = sketch.storm.ok_or("no storm blows there")?;
            let (centre, _) = sketch.circle.ok_or("this storm is over")?;
            let (x_mm, z_mm) = mm(centre);
            Ok(Command::MoveStorm { storm, x_mm, z_mm, over_ticks: 0 })
        }
        Tool::DrawLine => {
            let corners: Vec<(i64, i64)> = thinned(&sketch.trail).map(mm).collect();
            if corners.len() < 2 {
                return Err("a line needs two ends: press and drag");
            }
            Ok(Command::Cut { links: Links::Across(corners) })
        }
        Tool::MoveNodes => {
            let nodes = chosen(stage).ok_or("select a node, or pick several, first")?;
            Ok(Command::MoveNodes { nodes, x_mm, z_mm })
        }
        Tool::AddNodes => Ok(Command::AddNodes {
            count: 1,
            x_mm,
            z_mm,
            spread_mm: 0,
            modality: String::new(),
            role: Post::Fitting,
        }),
    }
}

/// The circle that was drawn: its centre, and its radius in millimetres. A mere click means about
/// as wide as a few nodes are apart.
fn drawn(sketch: &Sketch, space: &Space) -> Result<(Vec3, u32), &'static str> {
    let (centre, radius) = sketch.circle.ok_or("nothing was drawn")?;
    let radius = if radius < 0.5 { 2.0 } else { radius };
    Ok((centre, (f64::from(radius) * space.mm_per_unit).clamp(1.0, 1e9) as u32))
}

/// At most as many corners as a command takes, both ends among them.
fn thinned(trail: &[Vec3]) -> impl Iterator<Item = Vec3> {
    let step = trail.len().div_ceil(CORNERS - 1).max(1);
    let last = trail.len().saturating_sub(1);
    let kept = trail.iter().enumerate().filter(move |(n, _)| n % step == 0 || *n == last);
    kept.map(|(_, place)| *place)
}

/// The picked nodes, or the selected one, as a selector.
#[must_use]
pub fn chosen(stage: &Stage) -> Option<String> {
    if stage.picked.is_empty() {
        return stage.selected.map(|id| id.to_string());
    }
    // Runs of ids are short to say.
    let runs = stage.picked.chunk_by(|a, b| a + 1 == *b);
    let said = runs.filter_map(|run| match (run.first()?, run.last()?) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}-{last}")),
    });
    Some(said.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::publish::{Published, Scene};
    use std::sync::Arc;

    #[test]
    fn picked_nodes_are_said_in_runs() {
        let mut stage = Stage::new(Arc::new(Scene::default()), Arc::new(Published::default()));
        assert_eq!(chosen(&stage), None);
        stage.selected = Some(4);
        assert_eq!(chosen(&stage).as_deref(), Some("4"));
        stage.picked = vec![1, 2, 3, 7, 9, 10];
        assert_eq!(chosen(&stage).as_deref(), Some("1-3 7 9-10"));
    }

    #[test]
    fn a_long_line_keeps_its_ends() {
        let trail: Vec<Vec3> = (0..1_000).map(|n| Vec3::splat(n as f32)).collect();
        let kept: Vec<Vec3> = thinned(&trail).collect();
        assert!(kept.len() <= CORNERS);
        assert_eq!((kept.first(), kept.last()), (trail.first(), trail.last()));
        assert_eq!(thinned(&[]).count(), 0);
    }
}
