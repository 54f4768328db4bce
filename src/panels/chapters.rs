//! The head of the timeline: from event to event, and from bookmark to bookmark.

use super::icons::{self, Icon};
use super::widgets::grouped;
use super::{Outcome, theme};
use crate::mesh::chronicle::{Kind, Lane};
use crate::pace::{Intent, Sought};
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{Ask, Look, Stage};
use bevy_egui::egui::{ComboBox, Label, RichText, ScrollArea, TextEdit, Ui};

/// Draws it as one line, or as two where one is too short.
pub fn head(ui: &mut Ui, stage: &Stage, look: &Look, zoomed: bool, outcome: &mut Outcome) -> bool {
    let mut whole = false;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        act(ui, Icon::Previous, Action::PreviousEvent, false, outcome);
        kinds(ui, look, outcome);
        act(ui, Icon::Next, Action::NextEvent, false, outcome);
        ui.add_space(8.0);
        let here = stage.travel.bookmarks.iter().any(|mark| mark.tick == stage.published.tick);
        act(ui, Icon::Mark, Action::Mark, here, outcome);
        bookmarks(ui, stage, outcome);
        ui.add_space(8.0);
        if stage.other.is_none() {
            let fork = icons::button(ui, Icon::Fork, false);
            let fork = super::explained(fork, entry_of(Action::Fork));
            if fork.clicked() {
                outcome.actions.push(Action::Fork);
            }
            ui.add(Label::new(theme::label("fork here").size(11.0)).extend());
        }
        whole = zoomed && ui.button("whole run").clicked();
    });
    whole
}

fn act(ui: &mut Ui, icon: Icon, action: Action, lit: bool, outcome: &mut Outcome) {
    if super::explained(icons::button(ui, icon, lit), entry_of(action)).clicked() {
        outcome.actions.push(action);
    }
}

/// What a sort of events is called in the menu.
fn name(sought: Sought) -> String {
    match sought {
        Sought::Major => "any great event".to_owned(),
        Sought::Lane(lane) => format!("anything in {}", lane.name()),
        Sought::Kind(kind) => kind.name().to_owned(),
    }
}

/// The menu of sorts of events.
fn kinds(ui: &mut Ui, look: &Look, outcome: &mut Outcome) {
    let menu = ComboBox::from_id_salt("sought")
        .selected_text(RichText::new(name(look.sought)).size(12.0))
        .width(172.0)
        .height(260.0);
    let inner = menu.show_ui(ui, |ui| {
        let all = std::iter::once(Sought::Major)
            .chain(Lane::ALL.map(Sought::Lane))
            .chain(Kind::ALL.map(Sought::Kind));
        for sought in all {
            if ui.selectable_label(look.sought == sought, name(sought)).clicked() {
                outcome.actions.push(Action::LookFor(sought));
            }
        }
    });
    inner.response.on_hover_text("What the buttons beside it go to");
}

/// The list of bookmarks: go to one, give it a name, forget it.
fn bookmarks(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    let marks = &stage.travel.bookmarks;
    let said = match marks.len() {
        0 => "bookmarks".to_owned(),
        1 => "1 bookmark".to_owned(),
        many => format!("{many} bookmarks"),
    };
    ui.menu_button(RichText::new(said).size(12.0), |ui| {
        ui.set_min_width(280.0);
        if marks.is_empty() {
            ui.label(theme::label("None yet. Ctrl+B keeps the tick on show."));
        }
        ScrollArea::vertical().max_height(240.0).show(ui, |ui| {
            for mark in marks.iter() {
                ui.horizontal(|ui| {
                    let tick = format!("{:>9}", grouped(mark.tick));
                    let tick = RichText::new(tick).monospace().size(11.5);
                    if ui.button(tick).on_hover_text("Go to this tick").clicked() {
                        outcome.asks.push(Ask(Intent::Seek(mark.tick)));
                    }
                    let mut name = mark.name.clone();
                    let line = TextEdit::singleline(&mut name)
                        .id_salt(("mark", mark.tick))
                        .desired_width(140.0);
                    if ui.add(line).changed() {
                        let tick = Some(mark.tick);
                        outcome.asks.push(Ask(Intent::Bookmark { tick, name }));
                    }
                    if ui.button("remove").clicked() {
                        outcome.asks.push(Ask(Intent::Unmark(mark.tick)));
                    }
                });
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_sort_has_a_line_of_its_own_in_the_menu() {
        let lanes = Lane::ALL.map(|lane| name(Sought::Lane(lane)));
        let kinds = Kind::ALL.map(|kind| name(Sought::Kind(kind)));
        let all: BTreeSet<String> = lanes.into_iter().chain(kinds).collect();
        assert_eq!(all.len(), Lane::ALL.len() + Kind::ALL.len());
    }
}
