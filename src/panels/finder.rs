//! The command palette: a few letters of what one wants, and Enter.

use super::widgets::keycap;
use super::{Outcome, theme};
use crate::view::actions::{self, Action, Entry};
use bevy_egui::egui::{
    Align, Align2, Area, Context, Key, Layout, Order, RichText, ScrollArea, Sense, TextEdit, Ui,
    vec2,
};

/// Width of the sheet.
const WIDTH: f32 = 460.0;

/// What was typed, and which hit is chosen.
#[derive(Default)]
pub struct Finder {
    typed: String,
    chosen: usize,
}

impl Finder {
    /// Draws it.
    pub fn show(&mut self, context: &Context, outcome: &mut Outcome) {
        let area = Area::new("finder".into())
            .order(Order::Foreground)
            .anchor(Align2::CENTER_TOP, vec2(0.0, 90.0))
            .default_size(vec2(WIDTH, 400.0));
        let response = area.show(context, |ui| {
            theme::sheet().show(ui, |ui| {
                ui.set_width(WIDTH);
                self.sheet(ui, outcome);
            });
        });
        if response.response.clicked_elsewhere() {
            outcome.actions.push(Action::Escape);
        }
    }

    fn sheet(&mut self, ui: &mut Ui, outcome: &mut Outcome) {
        let line = TextEdit::singleline(&mut self.typed)
            .hint_text("What do you want to do?")
            .desired_width(f32::INFINITY)
            .id_salt("finder line");
        let line = ui.add(line);
        line.request_focus();
        if line.changed() {
            self.chosen = 0;
        }
        let hits = find(&self.typed);
        let (up, down, enter, escape) = ui.input(|input| {
            let pressed = |key| input.key_pressed(key);
            (
                pressed(Key::ArrowUp),
                pressed(Key::ArrowDown),
                pressed(Key::Enter),
                pressed(Key::Escape),
            )
        });
        if down {
            self.chosen = (self.chosen + 1).min(hits.len().saturating_sub(1));
        }
        if up {
            self.chosen = self.chosen.saturating_sub(1);
        }
        ui.add_space(4.0);
        if hits.is_empty() {
            ui.label(theme::label("Nothing is called that. Try a shorter word."));
        }
        let mut picked = hits.get(self.chosen).filter(|_| enter).map(|entry| entry.action);
        ScrollArea::vertical().max_height(330.0).show(ui, |ui| {
            for (place, entry) in hits.iter().enumerate() {
                if row(ui, entry, place == self.chosen, up || down) {
                    picked = Some(entry.action);
                }
            }
        });
        if picked.is_some() || escape {
            outcome.actions.push(Action::Escape);
        }
        outcome.actions.extend(picked);
    }
}

/// One hit; true when it was clicked.
fn row(ui: &mut Ui, entry: &Entry, chosen: bool, moved: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::click());
    if chosen && moved {
        response.scroll_to_me(None);
    }
    if chosen || response.hovered() {
        let strength = if chosen { 0.24 } else { 0.12 };
        ui.painter().rect_filled(rect, 5.0, theme::ACCENT.gamma_multiply(strength));
    }
    let mut inside = ui.new_child(
        bevy_egui::egui::UiBuilder::new()
            .max_rect(rect.shrink2(vec2(8.0, 2.0)))
            .layout(Layout::left_to_right(Align::Center)),
    );
    inside.label(RichText::new(entry.name).size(13.0).color(theme::INK));
    inside.label(RichText::new(entry.hint).size(11.0).color(theme::FAINT));
    inside.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if let Some(key) = entry.keys.first() {
            keycap(ui, key);
        }
    });
    response.clicked()
}

/// Actions that fit what was typed, best first; all of them when nothing was.
fn find(typed: &str) -> Vec<&'static Entry> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mut hits: Vec<(u32, &Entry)> = actions::ALL
        .iter()
        .filter(|entry| entry.action != Action::Escape)
        .filter_map(|entry| {
            let cost = words.iter().map(|word| cost(entry, word)).sum::<Option<u32>>()?;
            Some((cost, entry))
        })
        .collect();
    hits.sort_by_key(|(cost, _)| *cost);
    hits.into_iter().map(|(_, entry)| entry).collect()
}

/// How badly one typed word fits an action: at the start of a word of its name, inside it, in its
/// hint, or as letters in order; `None`: not at all.
fn cost(entry: &Entry, word: &str) -> Option<u32> {
    let name = entry.name.to_lowercase();
    if name.split_whitespace().any(|part| part.starts_with(word)) {
        Some(0)
    } else if name.contains(word) {
        Some(1)
    } else if entry.hint.to_lowercase().contains(word) {
        Some(3)
    } else {
        let mut letters = name.chars();
        word.chars().all(|letter| letters.any(|other| other == letter)).then_some(6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_word_comes_first() {
        let first = |typed: &str| find(typed).first().map(|entry| entry.name);
        assert_eq!(first("pau"), Some("Pause or run"));
        assert_eq!(first("repu"), Some("Colour by reputation"));
        assert_eq!(first("colour energy"), Some("Colour by energy"));
        assert_eq!(first("qqqq"), None);
    }

    #[test]
    fn nothing_typed_shows_everything() {
        assert_eq!(find("").len(), actions::ALL.len() - 1);
        assert_eq!(find("  ").len(), actions::ALL.len() - 1);
    }
}
