//! Everything a person can do to the window with one key or one click, as one table: the keyboard,
//! the command palette, the help and the buttons all read it, so none can disagree with another.

use super::camera::Rig;
use super::follow::Follow;
use super::stage::{Ask, ColourBy, Go, Look, Marks, Stage};
use super::tools::{Sketch, Tool};
use crate::pace::Intent;
use crate::panels::dock::Pane;
use crate::panels::overlay::Overlay;
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stop the clock, or let it go on.
    TogglePause,
    /// Run one tick.
    Step,
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

/// What an action belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The clock.
    Time,
    /// The camera.
    Camera,
    /// Colours and light.
    Picture,
    /// What is done to the mesh.
    Hands,
    /// The window's panels.
    Panels,
}

impl Topic {
    /// All, in the order of the help.
    pub const ALL: [Self; 5] = [Self::Time, Self::Camera, Self::Picture, Self::Hands, Self::Panels];

    /// The heading in the help.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Camera => "Camera",
            Self::Picture => "Picture",
            Self::Hands => "Hands",
            Self::Panels => "Panels",
        }
    }
}

/// An action as people find it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is done.
    pub action: Action,
    /// What it is called.
    pub name: &'static str,
    /// Keys that do it; the first is shown.
    pub keys: &'static [&'static str],
    /// Where it stands in the help.
    pub topic: Topic,
    /// One sentence more.
    pub hint: &'static str,
}

const fn entry(
    topic: Topic,
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    hint: &'static str,
) -> Entry {
    Entry { action, name, keys, topic, hint }
}

/// All of them.
pub const ALL: &[Entry] = &[
    entry(Topic::Time, Action::TogglePause, "Pause or run", &["P"], "The mesh stands still"),
    entry(Topic::Time, Action::Step, "One tick", &["."], "Runs a single tick and pauses"),
    entry(Topic::Time, Action::Faster, "Twice as fast", &["+", "="], "Up to all the machine has"),
    entry(Topic::Time, Action::Slower, "Half as fast", &["-", "_"], "Down to a hundredth"),
    entry(Topic::Time, Action::RealTime, "Real time", &[], "One simulated second a second"),
    entry(Topic::Time, Action::FullSpeed, "As fast as possible", &[], "Ticks without a pause"),
    entry(Topic::Time, Action::Restart, "Start again", &["Ctrl+R"], "From the first tick"),
    entry(Topic::Camera, Action::Home, "Whole scene", &["R"], "Also after panels have moved"),
    entry(Topic::Camera, Action::Focus, "Go to the selected node", &["F"], "Or double click it"),
    entry(Topic::Camera, Action::Spin, "Turn by itself", &["Space"], "A slow round trip"),
    entry(Topic::Camera, Action::GoAlong, "Go along with the node", &["G"], "Until you move"),
    entry(
        Topic::Camera,
        Action::GoWithPacket,
        "Go along with a packet",
        &["J"],
        "Of the node under the pointer, or of the selected one",
    ),
    entry(Topic::Camera, Action::CutAway, "Cut away the near half", &["C"], "To look inside"),
    entry(
        Topic::Picture,
        Action::Colour(ColourBy::Regime),
        "Colour by regime",
        &["1"],
        "Calm, pre-storm or storm; evolved nodes take the hue of their gene",
    ),
    entry(
        Topic::Picture,
        Action::Colour(ColourBy::Energy),
        "Colour by energy",
        &["2"],
        "What is left in the store",
    ),
    entry(
        Topic::Picture,
        Action::Colour(ColourBy::Reputation),
        "Colour by reputation",
        &["3"],
        "The mean of what its neighbours hold of a node",
    ),
    entry(
        Topic::Picture,
        Action::Colour(ColourBy::Group),
        "Colour by modality and gene",
        &["4"],
        "Which sensor, and once it has evolved, which gene",
    ),
    entry(
        Topic::Picture,
        Action::Colour(ColourBy::Sleep),
        "Colour by sleep",
        &["5"],
        "Whose radio is awake",
    ),
    entry(
        Topic::Picture,
        Action::Colour(ColourBy::Residual),
        "Colour by residual",
        &["6"],
        "How far the last sample was from its prediction, in deviations",
    ),
    entry(
        Topic::Picture,
        Action::Palette,
        "Next palette",
        &["V"],
        "One is safe for colour-blind eyes",
    ),
    entry(
        Topic::Picture,
        Action::Picture,
        "Save a picture",
        &["F12"],
        "qres-tick-N.png in the current folder",
    ),
    entry(
        Topic::Panels,
        Action::Open(Overlay::Finder),
        "Find an action",
        &["Ctrl+P"],
        "Every action by name",
    ),
    entry(Topic::Panels, Action::Open(Overlay::Help), "Help", &["?", "F1"], "Every key"),
    entry(Topic::Panels, Action::Open(Overlay::Tour), "Tour", &[], "One minute through the window"),
    entry(Topic::Panels, Action::HidePanels, "Hide all panels", &["H"], "And bring them back"),
    entry(Topic::Panels, Action::ResetPanels, "Panels as at first", &[], "Where they came from"),
    entry(Topic::Panels, Action::KeyLine, "Line of keys", &["K"], "At the bottom of the scene"),
    entry(Topic::Panels, Action::LargerText, "Larger text", &["Ctrl++", "Ctrl+="], "Up to double"),
    entry(Topic::Panels, Action::SmallerText, "Smaller text", &["Ctrl+-"], "Down to 70 percent"),
    entry(Topic::Panels, Action::Panel(Pane::Overview), "Overview", &["O"], "How the mesh does"),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Scenarios),
        "Scenarios",
        &["Ctrl+O"],
        "What else there is to see",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Inspector),
        "Inspector",
        &["I"],
        "Everything about the selected node",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Performance),
        "Performance",
        &["F3"],
        "Frames, ticks, and who draws",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Settings),
        "Settings",
        &["Ctrl+,"],
        "Colours, text and motion",
    ),
    entry(Topic::Panels, Action::Escape, "Close or deselect", &["Esc"], "One thing at a time"),
];

/// The action of a key, by the name that the table uses: `P`, `Ctrl+P`, `F12`, `Space`.
#[must_use]
pub fn of_key(key: &str) -> Option<Action> {
    ALL.iter().find(|entry| entry.keys.contains(&key)).map(|entry| entry.action)
}

/// The table's entry for an action.
#[must_use]
pub fn entry_of(action: Action) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.action == action)
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
            Action::Picture => {
                let path = format!("qres-tick-{}.png", stage.published.tick);
                commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path));
            }
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
                asks.write(Ask(Intent::Select(None)));
            }
            // Only the window that can load another mesh does this; see `loading`.
            Action::Restart => {}
            other => adjust(&mut look, *other),
        }
    }
}

/// What only changes how the stage is looked at.
fn adjust(look: &mut Look, action: Action) {
    match action {
        Action::CutAway => look.cut = !look.cut,
        Action::Colour(by) => look.colour_by = by,
        Action::Layout => look.layout = look.layout.next(),
        Action::Quality => look.quality = look.quality.next(),
        Action::CalmMotion => look.calm_motion = !look.calm_motion,
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
