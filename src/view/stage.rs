//! What is on stage: the app's own copy of the published mesh, and how the user looks at it.
//!
//! Everything drawn is written from here. Nothing here is ever read by the mesh; wishes leave as
//! [`Ask`] messages.

pub use super::events::Events;

use super::arrange::Layout;
use super::fleet::Fleet;
use super::follow::Follow;
use super::quality::Quality;
use super::space::Space;
use super::theme::Palette;
use crate::mesh::chronicle::GeneTree;
use crate::mesh::publish::{NodeDetail, Published, Scene};
use crate::pace::history::Snapshot;
use crate::pace::{Choice, Intent, Other, PaceStatus, Pointed, Sought, Travel};
use crate::panels::overlay::Overlay;
use crate::record::deck::DeckStatus;
use crate::record::recording::Remark;
use bevy::prelude::*;
use std::sync::Arc;

/// The published mesh as this frame shows it.
#[derive(Resource)]
pub struct Stage {
    /// What does not change during a run.
    pub scene: Arc<Scene>,
    /// The tick on show.
    pub published: Arc<Published>,
    /// The tick before it, to move from.
    pub previous: Option<Arc<Published>>,
    /// Everything about the selected node.
    pub detail: Option<Arc<NodeDetail>>,
    /// The node that the selected one is compared with.
    pub compared: Option<Arc<NodeDetail>>,
    /// The node under the pointer, with why it is silent.
    pub pointed: Option<Arc<Pointed>>,
    /// Whom the log's selector meant when it was asked.
    pub meant: Option<Arc<Choice>>,
    /// What parameters are now, in the order of [`crate::scenario::LIVE`].
    pub parameters: Arc<[Option<f64>]>,
    /// The swarm's figures over the run.
    pub history: Snapshot,
    /// Those of the second world.
    pub other_history: Snapshot,
    /// What has happened.
    pub events: Events,
    /// The genes that were in service.
    pub genes: Arc<GeneTree>,
    /// Where the clock stands.
    pub status: PaceStatus,
    /// What is rare among the nodes on show, and there.
    pub present: Present,
    /// The name or path that the run came by.
    pub name: String,
    /// A recording is done again.
    pub is_replay: bool,
    /// The boards of the run.
    pub fleet: Fleet,
    /// What was noted when it was recorded, in order of tick.
    pub notes: Arc<[Remark]>,
    /// How recordings of the run do.
    pub tape: DeckStatus,
    /// Ticks wait for a disk that takes their recording slowly, or not at all.
    pub disk_is_slow: bool,
    /// Where in its time the run is.
    pub travel: Travel,
    /// The second world, at the same tick.
    pub other: Option<Other>,
    /// The second world a tick before, to move from.
    pub other_previous: Option<Arc<Published>>,
    /// The selected node.
    pub selected: Option<u32>,
    /// Several nodes picked at once, in order of id.
    pub picked: Vec<u32>,
    /// Drawn by the processor instead of a graphics card: worth a warning.
    pub software: bool,
    /// How far the first picture is; `None` once it has been drawn.
    pub opening: Option<Opening>,
    /// How long the first picture took from the start of the command, in milliseconds.
    pub first_picture_ms: Option<u64>,
    /// Something to tell the user.
    pub notice: Option<String>,
    /// Grows by one whenever another tick is put on show.
    pub generation: u64,
}

impl Stage {
    /// A stage showing one state.
    #[must_use]
    pub fn new(scene: Arc<Scene>, published: Arc<Published>) -> Self {
        Self {
            present: Present::of(&published),
            scene,
            published,
            previous: None,
            detail: None,
            compared: None,
            pointed: None,
            meant: None,
            parameters: Arc::default(),
            history: Snapshot::default(),
            other_history: Snapshot::default(),
            events: Events::default(),
            genes: Arc::default(),
            status: PaceStatus {
                paused: false,
                speed_milli: 1000,
                achieved_milli: 1000,
                tick_progress: 1.0,
                ..PaceStatus::default()
            },
            name: String::new(),
            is_replay: false,
            fleet: Fleet::default(),
            notes: Arc::default(),
            tape: DeckStatus::default(),
            disk_is_slow: false,
            travel: Travel::default(),
            other: None,
            other_previous: None,
            selected: None,
            picked: Vec::new(),
            software: false,
            opening: None,
            first_picture_ms: None,
            notice: None,
            generation: 1,
        }
    }

    /// Puts another tick on show.
    pub fn put(&mut self, published: Arc<Published>) {
        self.present = Present::of(&published);
        if self.present.hardware || !self.fleet.recorded.is_empty() {
            self.fleet.follow(&published);
        }
        let before = std::mem::replace(&mut self.published, published);
        self.previous = Some(before);
        self.generation += 1;
    }

    /// Puts another state of the second world on show, or none.
    pub fn put_other(&mut self, other: Option<Other>) {
        let before = std::mem::replace(&mut self.other, other);
        self.other_previous = before.map(|before| before.published);
        self.generation += 1;
    }

    /// Both worlds, the first one first.
    pub fn worlds(&self) -> impl Iterator<Item = &Arc<Published>> + Clone {
        std::iter::once(&self.published).chain(self.other.iter().map(|other| &other.published))
    }

    /// The newest tick that was reached.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.travel.newest.max(self.published.tick)
    }

    /// How long one tick lasts for the viewer, in seconds.
    #[must_use]
    pub fn tick_seconds(&self) -> f32 {
        let status = &self.status;
        let speed = if self.is_behind() { status.achieved_milli } else { status.speed_milli };
        self.published.tick_ms as f32 / speed.max(1) as f32
    }

    /// Whether ticks run more slowly than was asked for. What was reached is known to a tick a
    /// second only, so one tick short is not behind; and at first nothing is known.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        let status = &self.status;
        let reached = u64::from(status.achieved_milli) + u64::from(self.published.tick_ms);
        !status.paused
            && status.achieved_milli > 0
            && reached * 100 < u64::from(status.speed_milli) * 95
    }

    /// The name of a node as people call it.
    #[must_use]
    pub fn label(&self, id: u32) -> String {
        self.scene
            .node_labels
            .get(id as usize)
            .filter(|label| !label.is_empty())
            .cloned()
            .unwrap_or_else(|| format!("node {id}"))
    }
}

/// Which rare things there are in a tick, found out once: the legend explains these only.
#[expect(clippy::struct_excessive_bools, reason = "four facts that hold or do not")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// A banned node.
    pub banned: bool,
    /// A node without power.
    pub dead: bool,
    /// A real board.
    pub hardware: bool,
    /// A node with another than its first gene.
    pub evolved: bool,
    /// Links that were cut by hand.
    pub cut: u32,
    /// Links that faults cut.
    pub severed: u32,
    /// Links that were degraded.
    pub degraded: u32,
}

impl Present {
    /// Of a tick.
    #[must_use]
    pub fn of(published: &Published) -> Self {
        let mut present = Self::default();
        for node in &published.nodes {
            present.banned |= node.banned;
            present.dead |= node.dead;
            present.hardware |= node.hardware;
            present.evolved |= node.lineage != 0;
        }
        for link in &published.orders.struck {
            present.cut += u32::from(link.cut);
            present.degraded += u32::from(!link.cut);
        }
        present.severed = published.severed.len() as u32;
        present
    }
}

/// How far the first picture is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Shaders that are ready.
    pub made: u32,
    /// Shaders that were asked for.
    pub asked: u32,
}

/// What colour says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourBy {
    /// Calm, `PreStorm`, Storm.
    #[default]
    Regime,
    /// Stored energy.
    Energy,
    /// Reputation held by the neighbours.
    Reputation,
    /// Modality group.
    Group,
    /// Awake or asleep.
    Sleep,
    /// Surprise: residual in deviations.
    Residual,
}

impl ColourBy {
    /// Key 1 to 6, in order.
    pub const ALL: [Self; 6] =
        [Self::Regime, Self::Energy, Self::Reputation, Self::Group, Self::Sleep, Self::Residual];

    /// The name shown in the legend.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Regime => "regime",
            Self::Energy => "energy",
            Self::Reputation => "reputation",
            Self::Group => "modality",
            Self::Sleep => "sleep",
            Self::Residual => "residual",
        }
    }
}

/// How the user looks at the stage.
#[expect(clippy::struct_excessive_bools, reason = "seven switches that a person flips")]
#[derive(Resource)]
pub struct Look {
    /// Panels are shown.
    pub panels: bool,
    /// The key legend is shown.
    pub help: bool,
    /// The half of the nodes nearest the camera is hidden.
    pub cut: bool,
    /// Which colours.
    pub palette: Palette,
    /// What colour says.
    pub colour_by: ColourBy,
    /// Nothing moves by itself: one picture is being taken.
    pub still: bool,
    /// How nodes are arranged.
    pub layout: Layout,
    /// How much light is computed.
    pub quality: Quality,
    /// Nothing shimmers, flows or turns by itself, and the camera hardly glides.
    pub calm_motion: bool,
    /// The sheet that is open over the scene.
    pub overlay: Option<Overlay>,
    /// Size of letters and panels, in percent.
    pub text_percent: u16,
    /// The sort of event that is gone to.
    pub sought: Sought,
    /// Camera and layout are those with which a recording was made.
    pub as_watched: bool,
    /// Speed and pauses are.
    pub pace_as_watched: bool,
}

impl Look {
    /// Makes letters and panels a step larger or smaller: 70 to 200 percent.
    pub fn scale_text(&mut self, steps: i16) {
        self.text_percent = self.text_percent.saturating_add_signed(10 * steps).clamp(70, 200);
    }
}

impl Default for Look {
    fn default() -> Self {
        Self {
            panels: true,
            help: true,
            cut: false,
            palette: Palette::default(),
            colour_by: ColourBy::default(),
            still: false,
            overlay: None,
            text_percent: 100,
            sought: Sought::Major,
            layout: Layout::default(),
            quality: Quality::default(),
            calm_motion: false,
            as_watched: true,
            pace_as_watched: false,
        }
    }
}

/// How much of the window the panels take from each side, in logical pixels.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Insets {
    /// From the left.
    pub left: f32,
    /// From the right.
    pub right: f32,
    /// From the top.
    pub top: f32,
    /// From the bottom.
    pub bottom: f32,
}

/// Whether the pointer is over the free scene, as of the last frame: not over a panel or a sheet,
/// and not dragging one of them.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct OverScene(pub bool);

/// Where nodes that carry a name are in the window, in logical pixels.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Marks {
    /// The selected node, when it can be seen.
    pub selected: Option<Vec2>,
    /// The node under the pointer.
    pub hovered: Option<(u32, Vec2)>,
    /// How large the selected node is seen.
    pub radius: f32,
    /// How large the node under the pointer is seen.
    pub hovered_radius: f32,
    /// Two corners of the rectangle that the user draws.
    pub rectangle: Option<[Vec2; 2]>,
}

/// A wish for the mesh. The only thing that leaves the view.
#[derive(Message, Clone, Debug)]
pub struct Ask(pub Intent);

/// A wish for another scenario, by name or path.
#[derive(Message, Clone, Debug)]
pub struct Load(pub String);

/// A wish for the camera.
#[derive(Message, Clone, Debug)]
pub enum Go {
    /// To the bookmark of this name.
    Bookmark(String),
    /// To this node.
    Node(u32),
    /// Along with something that moves, until told otherwise.
    Follow(Follow),
    /// Back to the whole.
    Home,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Look>()
        .init_resource::<Insets>()
        .init_resource::<Marks>()
        .init_resource::<OverScene>()
        .add_message::<Ask>()
        .add_message::<Go>()
        .add_systems(First, remember_space.run_if(not(resource_exists::<Space>)));
}

/// The mapping from millimetres to the scene is made once, from the first state.
fn remember_space(mut commands: Commands, stage: Res<Stage>) {
    commands.insert_resource(Space::of(&stage.scene, &stage.published));
}
