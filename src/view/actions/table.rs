//! The table of actions: name, keys and a sentence for each.

use super::Action;
use crate::panels::dock::Pane;
use crate::panels::overlay::Overlay;
use crate::view::stage::ColourBy;
use crate::view::steer::{Steer, Way};
use crate::view::tools::Tool;

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

const fn steer(
    way: Steer,
    name: &'static str,
    keys: &'static [&'static str],
    hint: &'static str,
) -> Entry {
    entry(Topic::Camera, Action::Steer(way), name, keys, hint)
}

/// All of them.
pub const ALL: &[Entry] = &[
    entry(Topic::Time, Action::TogglePause, "Pause or run", &["P"], "The mesh stands still"),
    entry(Topic::Time, Action::Step, "One tick", &["."], "Runs a single tick and pauses"),
    entry(Topic::Time, Action::StepBack, "One tick back", &[","], "What was is shown again"),
    entry(Topic::Time, Action::Reverse, "Play backwards", &["U"], "At the same speed; or forwards"),
    entry(Topic::Time, Action::First, "To the first tick", &["Home"], "It stays in memory"),
    entry(Topic::Time, Action::Latest, "Back to now", &["End"], "To the newest tick, and on"),
    entry(
        Topic::Time,
        Action::NextEvent,
        "Run to the next event",
        &["]"],
        "Of the kind that the timeline names; then the clock stops",
    ),
    entry(
        Topic::Time,
        Action::PreviousEvent,
        "Back to the event before",
        &["["],
        "Of the kind that the timeline names",
    ),
    entry(
        Topic::Time,
        Action::Mark,
        "Bookmark this tick",
        &["Ctrl+B"],
        "Or forget its bookmark; names are given in the timeline",
    ),
    entry(Topic::Time, Action::NextMark, "To the next bookmark", &["}"], "Of a tick"),
    entry(Topic::Time, Action::PreviousMark, "To the bookmark before", &["{"], "Of a tick"),
    entry(
        Topic::Time,
        Action::Fork,
        "Fork here",
        &["Ctrl+F"],
        "A second world begins at this tick; commands go to it, and both are shown",
    ),
    entry(
        Topic::Time,
        Action::Record,
        "Record",
        &["F2"],
        "The whole run, from its first tick, into a new file in the current folder; or stop that",
    ),
    entry(
        Topic::Time,
        Action::AsWatched,
        "Camera as recorded",
        &[],
        "In a replay, camera and layout go where they were, until you move the camera",
    ),
    entry(
        Topic::Time,
        Action::PaceAsWatched,
        "Speed and pauses as recorded",
        &[],
        "In a replay; a pause lasts until you let it run",
    ),
    entry(Topic::Time, Action::Keep, "Keep the fork", &[], "It takes the place of the first world"),
    entry(Topic::Time, Action::Unfork, "Drop the fork", &[], "The first world stays"),
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
    steer(
        Steer::Orbit(Way::Left),
        "Orbit left",
        &["Left"],
        "Around the scene, as long as the key is held",
    ),
    steer(
        Steer::Orbit(Way::Right),
        "Orbit right",
        &["Right"],
        "Around the scene, as long as the key is held",
    ),
    steer(
        Steer::Orbit(Way::Up),
        "Orbit up",
        &["Up"],
        "Around the scene, as long as the key is held",
    ),
    steer(
        Steer::Orbit(Way::Down),
        "Orbit down",
        &["Down"],
        "Around the scene, as long as the key is held",
    ),
    steer(
        Steer::Pan(Way::Left),
        "Pan left",
        &["Shift+Left"],
        "Along the picture, as long as the key is held",
    ),
    steer(
        Steer::Pan(Way::Right),
        "Pan right",
        &["Shift+Right"],
        "Along the picture, as long as the key is held",
    ),
    steer(
        Steer::Pan(Way::Up),
        "Pan up",
        &["Shift+Up"],
        "Along the picture, as long as the key is held",
    ),
    steer(
        Steer::Pan(Way::Down),
        "Pan down",
        &["Shift+Down"],
        "Along the picture, as long as the key is held",
    ),
    steer(Steer::Nearer, "Zoom in", &["PageUp"], "Nearer, as long as the key is held"),
    steer(Steer::Farther, "Zoom out", &["PageDown"], "Away, as long as the key is held"),
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
        Action::Layout,
        "Next layout",
        &["L"],
        "As placed, grid, sphere, force-directed: it moves the picture, never the radio",
    ),
    entry(
        Topic::Picture,
        Action::Quality,
        "Next quality",
        &["Q"],
        "Low, medium, high, or by frame time",
    ),
    entry(
        Topic::Picture,
        Action::CalmMotion,
        "Calm motion",
        &["M"],
        "Nothing shimmers, flows or turns by itself",
    ),
    entry(
        Topic::Picture,
        Action::Picture,
        "Save a picture",
        &["F12"],
        "qres-tick-N.png in the current folder",
    ),
    entry(
        Topic::Hands,
        Action::Hold(Tool::DropStorm),
        "Drop a storm",
        &["S"],
        Tool::DropStorm.hint(),
    ),
    entry(
        Topic::Hands,
        Action::Hold(Tool::DragStorm),
        "Drag a storm",
        &["D"],
        Tool::DragStorm.hint(),
    ),
    entry(
        Topic::Hands,
        Action::Hold(Tool::DropJammer),
        "Drop a jammer",
        &["Ctrl+J"],
        Tool::DropJammer.hint(),
    ),
    entry(
        Topic::Hands,
        Action::Hold(Tool::DrawLine),
        "Cut along a line",
        &["X"],
        Tool::DrawLine.hint(),
    ),
    entry(
        Topic::Hands,
        Action::Hold(Tool::MoveNodes),
        "Move nodes",
        &["W"],
        Tool::MoveNodes.hint(),
    ),
    entry(Topic::Hands, Action::Hold(Tool::AddNodes), "Add nodes", &["A"], Tool::AddNodes.hint()),
    entry(
        Topic::Hands,
        Action::SetDown,
        "Use the tool here",
        &["Enter"],
        "A storm at what is selected, else where the camera looks; other tools there too",
    ),
    entry(
        Topic::Hands,
        Action::Undo,
        "Undo",
        &["Ctrl+Z"],
        "Takes back the newest command that waits for the next tick",
    ),
    entry(Topic::Hands, Action::Redo, "Redo", &["Ctrl+Y"], "Gives it again"),
    entry(
        Topic::Hands,
        Action::Panel(Pane::Hands),
        "Hands",
        &["E"],
        "What can be done to nodes, storms, links and parameters",
    ),
    entry(
        Topic::Panels,
        Action::Open(Overlay::File),
        "Open...",
        &["Ctrl+O"],
        "A scenario or a recording, from a file",
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
        &["Ctrl+L"],
        "What else there is to see",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Timeline),
        "Timeline",
        &["T"],
        "Storms, regimes, bans, cascades and commands over the run",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Figures),
        "Figures",
        &["B"],
        "The swarm over the run; save as CSV or SVG",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Journal),
        "Log",
        &["N"],
        "What happened, line by line",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Lineage),
        "Lineage",
        &["Y"],
        "Which gene arose from which, and how far it came",
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
        Action::Panel(Pane::Whatif),
        "What if",
        &["Z"],
        "The figures of a fork beside those of the first world",
    ),
    entry(
        Topic::Panels,
        Action::Panel(Pane::Boards),
        "Boards",
        &["F4"],
        "Real boards as nodes: their links, and whether each is as its twin; connect one here",
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
