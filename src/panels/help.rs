//! The help: every key and what the mouse does, searchable.

use super::widgets::{keycap, section};
use super::{Outcome, theme};
use crate::view::actions::{self, Action, Topic};
use bevy_egui::egui::{
    Align, Align2, Area, Context, Key, Layout, Order, RichText, ScrollArea, TextEdit, Ui, vec2,
};

/// What the mouse does over the scene.
pub const MOUSE: &[(&str, &str)] = &[
    ("drag", "orbit"),
    ("right drag", "pan"),
    ("wheel", "zoom to what is under the pointer"),
    ("click", "select a node"),
    ("double click", "select it and go there"),
    ("Shift click", "compare it with the selected node"),
    ("Ctrl click", "pick one more, or let one go"),
    ("Shift drag", "pick all in a rectangle; with Ctrl, more"),
    ("rest", "what a node is, and why it is silent"),
];

/// What is searched for.
#[derive(Default)]
pub struct Help {
    typed: String,
    /// Nothing was drawn since it was closed: what is typed first is a search.
    is_fresh: bool,
}

impl Help {
    /// Forgets what was searched for.
    pub fn close(&mut self) {
        self.typed.clear();
        self.is_fresh = true;
    }

    /// Draws it.
    pub fn show(&mut self, context: &Context, outcome: &mut Outcome) {
        let screen = context.viewport_rect().size();
        let size = vec2(640.0_f32.min(screen.x - 40.0), 480.0_f32.min(screen.y - 60.0));
        let area = Area::new("help".into())
            .order(Order::Foreground)
            .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
            .default_size(size);
        let response = area.show(context, |ui| {
            theme::sheet().show(ui, |ui| {
                ui.set_width(size.x);
                self.sheet(ui, size.y, outcome);
            });
        });
        if response.response.clicked_elsewhere() {
            outcome.actions.push(Action::Escape);
        }
    }

    fn sheet(&mut self, ui: &mut Ui, height: f32, outcome: &mut Outcome) {
        let mut typing = false;
        ui.horizontal(|ui| {
            ui.label(RichText::new("Keys and mouse").size(17.0).color(theme::INK));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.small_button("close").clicked() {
                    outcome.actions.push(Action::Escape);
                }
                let line = TextEdit::singleline(&mut self.typed).hint_text("search: zoom, ctrl+o");
                let line = ui.add(line.desired_width(150.0));
                if std::mem::take(&mut self.is_fresh) {
                    line.request_focus();
                }
                typing = line.has_focus() || line.lost_focus();
            });
        });
        // The line has the keys then, and nobody else hears this one.
        if typing && ui.input(|input| input.key_pressed(Key::Escape)) {
            outcome.actions.push(Action::Escape);
        }
        let wanted = self.typed.trim().to_lowercase();
        let fits = |text: &str| wanted.is_empty() || text.to_lowercase().contains(&wanted);
        ScrollArea::vertical().max_height(height - 40.0).show(ui, |ui| {
            ui.columns(2, |columns| {
                for topic in Topic::ALL {
                    let column = usize::from(matches!(topic, Topic::Panels | Topic::Hands));
                    let Some(ui) = columns.get_mut(column) else { continue };
                    let all = actions::ALL.iter().filter(|entry| entry.topic == topic);
                    let hits: Vec<_> = all
                        .filter(|entry| !entry.keys.is_empty())
                        .filter(|entry| {
                            let said = [entry.name, entry.hint];
                            said.iter().chain(entry.keys).any(|text| fits(text))
                        })
                        .collect();
                    if !hits.is_empty() {
                        section(ui, topic.name());
                    }
                    for entry in hits {
                        line(ui, entry.keys, entry.name, entry.hint);
                    }
                }
                if let Some(ui) = columns.get_mut(1) {
                    let hits = || MOUSE.iter().filter(|(a, b)| fits(a) || fits(b));
                    if hits().next().is_some() {
                        section(ui, "Mouse");
                    }
                    for (what, does) in hits() {
                        line(ui, &[what], does, "");
                    }
                }
            });
        });
    }
}

/// Room for the keys of a line: two with Ctrl are the most.
const KEYS: f32 = 102.0;

fn line(ui: &mut Ui, keys: &[&str], name: &str, hint: &str) {
    let row = ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(vec2(KEYS, 18.0), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(KEYS);
            ui.spacing_mut().item_spacing.x = 3.0;
            for key in keys {
                keycap(ui, key);
            }
        });
        ui.label(theme::text(name));
    });
    if !hint.is_empty() {
        row.response.on_hover_text(hint);
    }
}
