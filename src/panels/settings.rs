//! What a person likes: colours, size of text, motion.

use super::widgets::section;
use super::{Outcome, theme};
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{ColourBy, Look, Stage};
use bevy_egui::egui::{Label, ScrollArea, Ui};

/// Draws it.
pub fn show(ui: &mut Ui, stage: &Stage, look: &Look, outcome: &mut Outcome) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        section(ui, "colour says");
        ui.horizontal_wrapped(|ui| {
            for by in ColourBy::ALL {
                let chosen = ui.selectable_label(look.colour_by == by, by.name());
                let action = Action::Colour(by);
                if super::explained(chosen, entry_of(action)).clicked() {
                    outcome.actions.push(action);
                }
            }
        });
        section(ui, "palette");
        ui.horizontal(|ui| {
            ui.label(theme::value(look.palette.name()));
            if ui.button("next").clicked() {
                outcome.actions.push(Action::Palette);
            }
        });
        section(ui, "scene");
        for (said, action) in [
            (format!("layout: {}", look.layout.name()), Action::Layout),
            (format!("quality: {}", look.quality.name()), Action::Quality),
        ] {
            if super::explained(ui.button(said), entry_of(action)).clicked() {
                outcome.actions.push(action);
            }
        }
        let mut calm = look.calm_motion;
        let calm = ui.checkbox(&mut calm, "calm motion");
        if super::explained(calm, entry_of(Action::CalmMotion)).clicked() {
            outcome.actions.push(Action::CalmMotion);
        }
        section(ui, "text");
        ui.horizontal(|ui| {
            ui.label(theme::value(format!("{} %", look.text_percent)));
            for (text, action) in [("smaller", Action::SmallerText), ("larger", Action::LargerText)]
            {
                if super::explained(ui.button(text), entry_of(action)).clicked() {
                    outcome.actions.push(action);
                }
            }
        });
        section(ui, "recordings");
        match &stage.tape.rolling {
            Some(status) => {
                ui.label(theme::text("This run is recorded into"));
                let path = status.path.display().to_string();
                ui.add(Label::new(theme::value(path).size(11.0)).wrap().selectable(true));
            }
            None => drop(ui.label(theme::text("This run is not recorded by itself."))),
        }
        section(ui, "window");
        for (text, action) in [
            ("show the tour", Action::Open(super::overlay::Overlay::Tour)),
            ("all keys", Action::Open(super::overlay::Overlay::Help)),
            ("panels as at first", Action::ResetPanels),
        ] {
            if ui.button(text).clicked() {
                outcome.actions.push(action);
            }
        }
    });
}
