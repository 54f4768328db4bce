//! The keys, in one quiet line.

use super::theme;
use super::widgets::keycap;
use crate::view::stage::Stage;
use bevy_egui::egui::{RichText, Ui};

/// Most useful first: a narrow window shows as many as fit.
const KEYS: [(&str, &str); 19] = [
    ("drag", "orbit"),
    ("right", "pan"),
    ("wheel", "zoom"),
    ("P", "pause"),
    (".", "step"),
    ("+ \u{2212}", "speed"),
    ("Space", "rotate"),
    ("L", "layout"),
    ("C", "cut away"),
    ("1-6", "colour"),
    ("R", "reset"),
    ("H", "hide"),
    ("V", "palette"),
    ("Shift drag", "pick"),
    ("Q", "quality"),
    ("M", "calm motion"),
    ("F12", "picture"),
    ("Ctrl+P", "find"),
    ("?", "help"),
];
/// With a node selected.
const FOCUS: [(&str, &str); 3] = [("F", "focus"), ("G", "go along"), ("J", "with its packet")];

/// Draws as many as fit into `room`.
pub fn line(ui: &mut Ui, room: f32, stage: &Stage) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        let mut used = 0.0;
        let first = stage.selected.map(|_| FOCUS).into_iter().flatten();
        for (key, what) in first.chain(KEYS) {
            // A generous guess of the width spares a second pass.
            used += 26.0 + 6.2 * (key.len() + what.len()) as f32;
            if used > room {
                break;
            }
            keycap(ui, key);
            ui.label(RichText::new(what).size(11.0).color(theme::FAINT));
            ui.add_space(4.0);
        }
    });
}
