//! What is on stage: the app's own copy of the published mesh, and how the user looks at it.
//!
//! Everything drawn is written from here. Nothing here is ever read by the mesh; wishes leave as
//! [`Ask`] messages.

use super::space::Space;
use super::theme::Palette;
use crate::mesh::publish::{NodeDetail, Published, Scene};
use crate::pace::{Intent, PaceStatus};
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
    /// Where the clock stands.
    pub status: PaceStatus,
    /// The selected node.
    pub selected: Option<u32>,
    /// Drawn by the processor instead of a graphics card: worth a warning.
    pub software: bool,
    /// Grows by one whenever another tick is put on show.
    pub generation: u64,
}

impl Stage {
    /// A stage showing one state.
    #[must_use]
    pub fn new(scene: Arc<Scene>, published: Arc<Published>) -> Self {
        Self {
            scene,
            published,
            previous: None,
            detail: None,
            status: PaceStatus {
                paused: false,
                speed_milli: 1000,
                achieved_milli: 1000,
                tick_progress: 1.0,
                ..PaceStatus::default()
            },
            selected: None,
            software: false,
            generation: 1,
        }
    }

    /// Puts another tick on show.
    pub fn put(&mut self, published: Arc<Published>) {
        let before = std::mem::replace(&mut self.published, published);
        self.previous = Some(before);
        self.generation += 1;
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
#[expect(clippy::struct_excessive_bools, reason = "four switches that a person flips")]
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

/// Where nodes that carry a name are in the window, in logical pixels.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Marks {
    /// The selected node, when it can be seen.
    pub selected: Option<Vec2>,
    /// The node under the pointer.
    pub hovered: Option<(u32, Vec2)>,
    /// How large the selected node is seen.
    pub radius: f32,
}

/// A wish for the mesh. The only thing that leaves the view.
#[derive(Message, Clone, Debug)]
pub struct Ask(pub Intent);

/// A wish for the camera.
#[derive(Message, Clone, Debug)]
pub enum Go {
    /// To the bookmark of this name.
    Bookmark(String),
    /// To this node.
    Node(u32),
    /// Back to the whole.
    Home,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Look>()
        .init_resource::<Insets>()
        .init_resource::<Marks>()
        .add_message::<Ask>()
        .add_message::<Go>()
        .add_systems(First, remember_space.run_if(not(resource_exists::<Space>)));
}

/// The mapping from millimetres to the scene is made once, from the first state.
fn remember_space(mut commands: Commands, stage: Res<Stage>) {
    commands.insert_resource(Space::of(&stage.scene, &stage.published));
}
