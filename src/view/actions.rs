//! Everything a person can do to the window with one key or one click, as one table: the keyboard,
//! the command palette, the help and the buttons all read it, so none can disagree with another.

mod table;

pub use table::{ALL, Entry, Topic, entry_of, of_key};

use super::camera::Rig;
use super::follow::Follow;
use super::stage::{Ask, ColourBy, Go, Look, Marks, Stage};
use super::steer::Steer;
use super::tools::{Sketch, Tool};
use crate::pace::{Intent, Sought, Travel};
use crate::panels::dock::Pane;
use crate::panels::overlay::Overlay;
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use std::fs::File;
use std::io::ErrorKind;

/// How far ahead an event is looked for, in ticks.
pub const LOOK_AHEAD_TICKS: u64 = 100_000;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stop the clock, or let it go on.
    TogglePause,
    /// Run one tick.
    Step,
    /// Go one tick back.
    StepBack,
    /// Play backwards, or forwards again.
    Reverse,
    /// Show the newest tick.
    Latest,
    /// Show the first tick.
    First,
    /// Run to the next event of the chosen sort.
    NextEvent,
    /// Go back to the last one before.
    PreviousEvent,
    /// Choose that sort.
    LookFor(Sought),
    /// Keep a name for the tick on show, or forget it.
    Mark,
    /// To the bookmark after the tick on show.
    NextMark,
    /// To the bookmark before it.
    PreviousMark,
    /// Begin a second world at the tick on show.
    Fork,
    /// The second world takes the place of the first.
    Keep,
    /// Give the second world up.
    Unfork,
    /// Record the run, or stop that.
    Record,
    /// The camera goes where it was when the run was recorded, or no more.
    AsWatched,
    /// Speed and pauses are as when the run was recorded, or no more.
    PaceAsWatched,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// At the speed of the simulated clock.
    RealTime,
    /// As fast as the machine can.
    FullSpeed,
    /// Run the scenario from its first tick.
    Restart,
    /// The whole scene again.
    Home,
    /// To the selected node.
    Focus,
    /// The camera turns by itself, or stops.
    Spin,
    /// The camera moves a little, or as long as a key is held.
    Steer(Steer),
    /// The near half goes away, or comes back.
    CutAway,
    /// What colour says.
    Colour(ColourBy),
    /// The next set of colours.
    Palette,
    /// The next way to arrange nodes.
    Layout,
    /// More or less light to compute.
    Quality,
    /// Things that move by themselves stand still, or move again.
    CalmMotion,
    /// The camera goes along with the selected node.
    GoAlong,
    /// The camera goes along with a packet of the node under the pointer, or the selected one.
    GoWithPacket,
    /// Letters and panels grow.
    LargerText,
    /// Letters and panels shrink.
    SmallerText,
    /// All panels go away, or come back.
    HidePanels,
    /// The line of keys at the bottom.
    KeyLine,
    /// Takes back the newest command that still waits.
    Undo,
    /// Gives again what was taken back.
    Redo,
    /// The mouse holds a tool, or lets it go.
    Hold(Tool),
    /// The tool in the hand does its work without the mouse.
    SetDown,
    /// A panel opens, or closes.
    Panel(Pane),
    /// All panels where they were at first.
    ResetPanels,
    /// A sheet over everything opens, or closes.
    Open(Overlay),
    /// The window as a PNG file.
    Picture,
    /// What is open over the scene closes; else nothing stays selected.
    Escape,
}

/// Something to be done now.
#[derive(Message, Clone, Copy, Debug)]
pub struct Do(pub Action);

pub(super) fn plugin(app: &mut App) {
    app.add_message::<Do>().add_systems(Update, perform.in_set(super::ViewSystems::Input));
}

/// Does what was asked. Panels see to what is theirs.
pub(super) fn perform(
    mut wanted: MessageReader<Do>,
    mut rig: ResMut<Rig>,
    mut look: ResMut<Look>,
    mut stage: ResMut<Stage>,
    marks: Res<Marks>,
    mut sketch: ResMut<Sketch>,
    mut asks: MessageWriter<Ask>,
    mut go: MessageWriter<Go>,
    mut commands: Commands,
) {
    for Do(action) in wanted.read() {
        match action {
            Action::TogglePause => drop(asks.write(Ask(Intent::TogglePause))),
            Action::Step => drop(asks.write(Ask(Intent::Step))),
            Action::StepBack => drop(asks.write(Ask(Intent::StepBack))),
            Action::Reverse => {
                asks.write(Ask(Intent::Reverse(!stage.travel.is_reversed)));
                asks.write_batch(stage.status.paused.then_some(Ask(Intent::Pause(false))));
            }
            Action::Latest => drop(asks.write(Ask(Intent::Latest))),
            Action::First => drop(asks.write(Ask(Intent::Seek(stage.travel.floor)))),
            Action::NextEvent | Action::PreviousEvent => {
                asks.write(Ask(run_to(look.sought, *action == Action::PreviousEvent)));
            }
            Action::Mark => drop(asks.write(Ask(mark(&stage)))),
            Action::NextMark | Action::PreviousMark => {
                let next = beside(&stage.travel, *action == Action::NextMark);
                asks.write_batch(next.map(|tick| Ask(Intent::Seek(tick))));
            }
            Action::Fork => {
                asks.write(Ask(Intent::Fork { tick: None, of_other: false, changes: Vec::new() }));
            }
            Action::Keep => drop(asks.write(Ask(Intent::Keep))),
            Action::Unfork => drop(asks.write(Ask(Intent::Unfork))),
            Action::Faster => drop(asks.write(Ask(Intent::SpeedUp))),
            Action::Slower => drop(asks.write(Ask(Intent::SpeedDown))),
            Action::RealTime => drop(asks.write(Ask(Intent::Speed(1_000)))),
            Action::FullSpeed => drop(asks.write(Ask(Intent::Speed(crate::pace::SPEED_MAX_MILLI)))),
            Action::Home => drop(go.write(Go::Home)),
            Action::Focus => {
                if let Some(id) = stage.selected {
                    go.write(Go::Node(id));
                }
            }
            Action::GoAlong => {
                go.write_batch(stage.selected.map(|id| Go::Follow(Follow::Node(id))));
            }
            Action::GoWithPacket => {
                let near = marks.hovered.map(|(id, _)| id).or(stage.selected);
                go.write_batch(near.map(|id| Go::Follow(Follow::PacketOf(id))));
            }
            Action::Spin => rig.spin = !rig.spin,
            Action::Picture => match free_picture(stage.published.tick) {
                Ok(path) => {
                    commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path));
                }
                Err(why) => stage.notice = Some(why),
            },
            Action::Undo => drop(asks.write(Ask(Intent::Undo))),
            Action::Redo => drop(asks.write(Ask(Intent::Redo))),
            Action::Hold(tool) => {
                let held = if sketch.tool == *tool { Tool::Nothing } else { *tool };
                *sketch = Sketch::with(held);
            }
            Action::Escape if sketch.holds() && look.overlay.is_none() => {
                *sketch = Sketch::default();
            }
            Action::Escape if look.overlay.is_some() => look.overlay = None,
            Action::Escape => {
                stage.selected = None;
                stage.picked.clear();
                asks.write(Ask(Intent::Compare(None)));
                asks.write(Ask(Intent::Select(None)));
            }
            // Only a window with files does these; see `loading` and `tape`.
            Action::Restart | Action::Record => {}
            other => adjust(&mut look, *other),
        }
    }
}

/// A file of its own for a picture of this tick, in the current folder. It is made at once: the
/// picture comes some frames later, and another may be asked for before.
fn free_picture(tick: u64) -> Result<String, String> {
    for number in 1_u32.. {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let path = format!("qres-tick-{tick}{suffix}.png");
        match File::create_new(&path) {
            Ok(_) => return Ok(path),
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            Err(why) => return Err(format!("{path} cannot be written: {why}")),
        }
    }
    Err(format!("qres-tick-{tick}.png and all its numbers are taken"))
}

/// To the next event of a sort, or to the one before.
fn run_to(sought: Sought, backwards: bool) -> Intent {
    let ticks_max = if backwards { u64::MAX } else { LOOK_AHEAD_TICKS };
    Intent::RunTo { sought, backwards, ticks_max }
}

/// Forgets the bookmark of the tick on show, or makes one that is named after it.
fn mark(stage: &Stage) -> Intent {
    let tick = stage.published.tick;
    if stage.travel.bookmarks.iter().any(|mark| mark.tick == tick) {
        return Intent::Unmark(tick);
    }
    Intent::Bookmark { tick: Some(tick), name: format!("tick {tick}") }
}

/// The tick of the bookmark after the tick on show, or of the one before it.
fn beside(travel: &Travel, after: bool) -> Option<u64> {
    let mut ticks = travel.bookmarks.iter().map(|mark| mark.tick);
    if after {
        ticks.find(|tick| *tick > travel.now)
    } else {
        ticks.rev().find(|tick| *tick < travel.now)
    }
}

/// What only changes how the stage is looked at.
fn adjust(look: &mut Look, action: Action) {
    match action {
        Action::CutAway => look.cut = !look.cut,
        Action::LookFor(sought) => look.sought = sought,
        Action::Colour(by) => look.colour_by = by,
        Action::Layout => look.layout = look.layout.next(),
        Action::Quality => look.quality = look.quality.next(),
        Action::CalmMotion => look.calm_motion = !look.calm_motion,
        Action::AsWatched => look.as_watched = !look.as_watched,
        Action::PaceAsWatched => look.pace_as_watched = !look.pace_as_watched,
        Action::Palette => look.palette = look.palette.toggled(),
        Action::LargerText => look.scale_text(1),
        Action::SmallerText => look.scale_text(-1),
        Action::HidePanels => look.panels = !look.panels,
        Action::KeyLine => look.help = !look.help,
        Action::Open(overlay) => {
            look.overlay = (look.overlay != Some(overlay)).then_some(overlay);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_key_does_two_things_and_no_name_stands_twice() {
        let mut keys = BTreeSet::new();
        let mut names = BTreeSet::new();
        for entry in ALL {
            assert!(names.insert(entry.name), "{}", entry.name);
            assert!(!entry.hint.ends_with('.'), "{}", entry.hint);
            for key in entry.keys {
                assert!(keys.insert(*key), "{key}");
            }
        }
    }

    #[test]
    fn two_pictures_of_a_tick_have_two_files() {
        // No run comes to this tick.
        let tick = u64::MAX - u64::from(std::process::id());
        let paths = [free_picture(tick), free_picture(tick)];
        for path in paths.iter().flatten() {
            std::fs::remove_file(path).expect("it was made");
        }
        let named = |suffix: &str| Ok(format!("qres-tick-{tick}{suffix}.png"));
        assert_eq!(paths, [named(""), named("-2")]);
    }

    #[test]
    fn keys_lead_to_what_they_say() {
        assert_eq!(of_key("3"), Some(Action::Colour(ColourBy::Reputation)));
        assert_eq!(of_key("Ctrl+P"), Some(Action::Open(Overlay::Finder)));
        assert_eq!(of_key("9"), None);
        let mut look = Look::default();
        adjust(&mut look, Action::CutAway);
        assert!(look.cut);
        adjust(&mut look, Action::Open(Overlay::Help));
        adjust(&mut look, Action::Open(Overlay::Help));
        assert_eq!(look.overlay, None);
    }

    #[test]
    fn every_panel_can_be_opened() {
        for pane in Pane::ALL {
            assert!(entry_of(Action::Panel(pane)).is_some(), "{pane:?}");
        }
    }
}
