//! The keys, in one quiet line.

use super::overlay::Overlay;
use super::theme;
use super::widgets::keycap;
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{ColourBy, Stage};
use bevy_egui::egui::{RichText, Ui};

/// What is named in the line: by the mouse, or by the keys of these actions.
enum By {
    Mouse(&'static str),
    Keys(&'static [Action]),
}

/// Most useful first: a narrow window shows as many as fit. Words are shorter here than the names
/// of the actions.
static LINE: [(By, &str); 21] = [
    (By::Mouse("drag"), "orbit"),
    (By::Mouse("right drag"), "pan"),
    (By::Mouse("wheel"), "zoom"),
    (By::Keys(&[Action::TogglePause]), "pause"),
    (By::Keys(&[Action::StepBack, Action::Step]), "step"),
    (By::Keys(&[Action::Faster, Action::Slower]), "speed"),
    (By::Keys(&[Action::Fork]), "fork"),
    (By::Keys(&[Action::Spin]), "rotate"),
    (By::Keys(&[Action::Layout]), "layout"),
    (By::Keys(&[Action::CutAway]), "cut away"),
    (By::Keys(&[FIRST_COLOUR, LAST_COLOUR]), "colour"),
    (By::Keys(&[Action::Home]), "reset"),
    (By::Keys(&[Action::HidePanels]), "hide"),
    (By::Keys(&[Action::Palette]), "palette"),
    (By::Mouse("Shift drag"), "pick"),
    (By::Keys(&[Action::Record]), "record"),
    (By::Keys(&[Action::Quality]), "quality"),
    (By::Keys(&[Action::CalmMotion]), "calm motion"),
    (By::Keys(&[Action::Picture]), "picture"),
    (By::Keys(&[FINDER]), "find"),
    (By::Keys(&[HELP]), "help"),
];
const FIRST_COLOUR: Action = Action::Colour(ColourBy::ALL[0]);
const LAST_COLOUR: Action = Action::Colour(ColourBy::ALL[ColourBy::ALL.len() - 1]);
const FINDER: Action = Action::Open(Overlay::Finder);
const HELP: Action = Action::Open(Overlay::Help);
/// With a node selected.
static FOCUS: [(By, &str); 3] = [
    (By::Keys(&[Action::Focus]), "focus"),
    (By::Keys(&[Action::GoAlong]), "go along"),
    (By::Keys(&[Action::GoWithPacket]), "with its packet"),
];

impl By {
    fn keys(&self) -> impl Iterator<Item = &'static str> + Clone {
        let (mouse, actions) = match *self {
            Self::Mouse(mouse) => (Some(mouse), &[][..]),
            Self::Keys(actions) => (None, actions),
        };
        let keys = actions.iter().filter_map(|action| entry_of(*action)?.keys.first().copied());
        mouse.into_iter().chain(keys)
    }
}

/// Draws as many as fit into `room`.
pub fn line(ui: &mut Ui, room: f32, stage: &Stage) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        let mut used = 0.0;
        let first = FOCUS.iter().filter(|_| stage.selected.is_some());
        for (by, what) in first.chain(&LINE) {
            // A generous guess of the width spares a second pass.
            let caps: f32 = by.keys().map(|key| 12.0 + 6.2 * key.len() as f32).sum();
            used += caps + 14.0 + 6.2 * what.len() as f32;
            if used > room {
                break;
            }
            by.keys().for_each(|key| keycap(ui, key));
            ui.label(RichText::new(*what).size(11.0).color(theme::FAINT));
            ui.add_space(4.0);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::help::MOUSE;

    #[test]
    fn the_line_says_what_help_says() {
        for (by, what) in LINE.iter().chain(&FOCUS) {
            match by {
                By::Mouse(mouse) => {
                    assert!(MOUSE.iter().any(|(said, _)| said == mouse), "{mouse}");
                }
                By::Keys(actions) => assert_eq!(by.keys().count(), actions.len(), "{what}"),
            }
        }
    }
}
