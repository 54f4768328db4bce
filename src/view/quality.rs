//! How much light is computed for a frame, chosen by the user or by how long frames take.
//!
//! Quality changes how a frame looks, never what it says. Edges of single shapes are smoothed in the
//! shaders at every level; what is left where shapes meet, SMAA smooths at the higher ones. A picture of one tick is always drawn
//! at the highest level unless another is asked for.

use super::lens;
use super::stage::{Look, Stage};
use bevy::anti_alias::smaa::{Smaa, SmaaPreset};
use bevy::post_process::bloom::Bloom;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quality {
    /// For software rendering and old graphics.
    Low,
    /// For small graphics cards.
    Medium,
    /// Everything.
    High,
    /// As high as frames stay quick.
    #[default]
    Auto,
}

impl Quality {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Auto];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Auto => "auto",
        }
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High => Self::Auto,
            Self::Auto => Self::Low,
        }
    }
}

/// A level that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Neither bloom nor pools of light, coarse storms, few links.
    Low,
    /// Bloom and pools, fewer steps through storms, many links.
    Medium,
    /// Everything.
    High,
}

/// How much edges are smoothed where shapes meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Smoothing {
    Not,
    Some,
    All,
}

impl Smoothing {
    const fn preset(self) -> Option<SmaaPreset> {
        match self {
            Self::Not => None,
            Self::Some => Some(SmaaPreset::Low),
            Self::All => Some(SmaaPreset::High),
        }
    }
}

/// What a level comes to.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// The level on show.
    pub level: Level,
    /// Light around bright things.
    pub bloom: bool,
    /// Light on the ground below nodes.
    pub pools: bool,
    /// Steps through a storm.
    pub storm_steps: u32,
    /// How much edges are smoothed in the finished picture.
    smoothing: Smoothing,
    links_max: u32,
}

impl Rendering {
    /// Of a level.
    #[must_use]
    pub const fn of(level: Level) -> Self {
        let (bloom, pools, storm_steps, links_max) = match level {
            Level::Low => (false, false, 9, 6_000),
            Level::Medium => (true, true, 15, 30_000),
            Level::High => (true, true, 22, u32::MAX),
        };
        let smoothing = match level {
            Level::Low => Smoothing::Not,
            Level::Medium => Smoothing::Some,
            Level::High => Smoothing::All,
        };
        Self { level, bloom, pools, storm_steps, smoothing, links_max }
    }

    /// Of so many links one in how many is drawn; those of the selected node always are.
    #[must_use]
    pub const fn link_stride(&self, links: u32) -> u32 {
        let stride = links.div_ceil(self.links_max);
        if stride == 0 { 1 } else { stride }
    }
}

/// Seconds over which frames are measured.
const WINDOW: f32 = 2.0;
/// Frames longer than this on average are too slow, in seconds.
const SLOW: f32 = 0.030;
/// Frames shorter than this leave room for more.
const QUICK: f32 = 0.0185;
/// Quick windows before the next level is tried.
const PATIENCE: u32 = 3;
/// The longest patience, after levels were tried in vain.
const PATIENCE_MAX: u32 = 96;

/// Chooses a level by how long frames take: down at once, up after a while, and after longer each
/// time that going up was in vain.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Governor {
    level: Level,
    seconds: f32,
    frames: u32,
    quick: u32,
    patience: u32,
    /// Windows since the level was last raised.
    raised: Option<u32>,
}

impl Default for Governor {
    fn default() -> Self {
        Self::new(Level::High)
    }
}

impl Governor {
    /// One that starts at a level.
    #[must_use]
    pub const fn new(level: Level) -> Self {
        Self { level, seconds: 0.0, frames: 0, quick: 0, patience: PATIENCE, raised: None }
    }

    /// Takes the time of a frame, and says the level from now on.
    pub fn measure(&mut self, seconds: f32) -> Level {
        self.seconds += seconds;
        self.frames += 1;
        if self.seconds >= WINDOW && self.frames >= 2 {
            let mean = self.seconds / self.frames as f32;
            (self.seconds, self.frames) = (0.0, 0);
            self.judge(mean);
        }
        self.level
    }

    fn judge(&mut self, mean: f32) {
        self.raised = self.raised.map(|windows| windows + 1);
        self.quick = if mean < QUICK { self.quick + 1 } else { 0 };
        if mean > SLOW {
            let lower = match self.level {
                Level::High => Level::Medium,
                Level::Medium | Level::Low => Level::Low,
            };
            if lower != self.level && self.raised.take().is_some_and(|windows| windows <= 2) {
                self.patience = (self.patience * 2).min(PATIENCE_MAX);
            }
            self.level = lower;
        } else if self.quick >= self.patience && self.level < Level::High {
            self.level = if self.level == Level::Low { Level::Medium } else { Level::High };
            self.quick = 0;
            self.raised = Some(0);
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Governor>()
        .insert_resource(Rendering::of(Level::High))
        .add_systems(PostStartup, start)
        .add_systems(First, (choose, glow).chain());
}

/// The processor draws slowly: it starts low and may rise.
fn start(stage: Res<Stage>, mut governor: ResMut<Governor>) {
    if stage.software {
        *governor = Governor::new(Level::Low);
    }
}

fn choose(
    look: Res<Look>,
    time: Res<Time<Real>>,
    mut governor: ResMut<Governor>,
    mut rendering: ResMut<Rendering>,
) {
    let level = match look.quality {
        Quality::Low => Level::Low,
        Quality::Medium => Level::Medium,
        Quality::High => Level::High,
        // A picture does not depend on how long it took.
        Quality::Auto if look.still => Level::High,
        Quality::Auto => governor.measure(time.delta_secs()),
    };
    rendering.set_if_neq(Rendering::of(level));
}

fn glow(
    rendering: Res<Rendering>,
    cameras: Query<(Entity, Has<Bloom>, Option<&Smaa>), With<Camera3d>>,
    mut commands: Commands,
) {
    for (camera, glows, smooth) in &cameras {
        let wanted = rendering.smoothing.preset();
        if smooth.map(|smooth| smooth.preset) != wanted {
            match wanted {
                Some(preset) => drop(commands.entity(camera).insert(Smaa { preset })),
                None => drop(commands.entity(camera).remove::<Smaa>()),
            }
        }
        if rendering.bloom && !glows {
            commands.entity(camera).insert(lens::bloom());
        } else if !rendering.bloom && glows {
            commands.entity(camera).remove::<Bloom>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(governor: &mut Governor, frame: f32, seconds: f32) -> Level {
        let mut level = governor.level;
        for _ in 0..(seconds / frame).round() as u32 {
            level = governor.measure(frame);
        }
        level
    }

    #[test]
    fn slow_frames_step_down_and_quick_ones_up_again() {
        let mut governor = Governor::default();
        assert_eq!(run(&mut governor, 0.016, 60.0), Level::High);
        assert_eq!(run(&mut governor, 0.050, 2.1), Level::Medium);
        assert_eq!(run(&mut governor, 0.050, 2.1), Level::Low);
        assert_eq!(run(&mut governor, 0.050, 60.0), Level::Low);
        // Neither slow nor quick: it stays.
        assert_eq!(run(&mut governor, 0.024, 60.0), Level::Low);
        assert_eq!(run(&mut governor, 0.016, 7.0), Level::Medium);
        assert_eq!(run(&mut governor, 0.016, 7.0), Level::High);
    }

    #[test]
    fn a_level_that_proves_too_much_is_tried_ever_more_rarely() {
        let mut governor = Governor::new(Level::Low);
        let mut changes = Vec::new();
        let mut second = 0.0;
        let mut last = Level::Low;
        while second < 300.0 {
            let frame = if governor.level == Level::Low { 0.016 } else { 0.040 };
            second += frame;
            let level = governor.measure(frame);
            if level != last {
                changes.push(second);
                last = level;
            }
        }
        assert!(changes.len() <= 12, "{changes:?}");
        let rests: Vec<f32> = changes.chunks(2).filter_map(|pair| pair.first().copied()).collect();
        assert!(rests.windows(3).all(|w| w[2] - w[1] > (w[1] - w[0]) * 1.2), "{rests:?}");
    }

    #[test]
    fn links_are_thinned_evenly_to_what_a_level_draws() {
        let low = Rendering::of(Level::Low);
        assert_eq!((low.link_stride(0), low.link_stride(6_000), low.link_stride(6_001)), (1, 1, 2));
        assert_eq!(Rendering::of(Level::High).link_stride(5_000_000), 1);
    }
}
