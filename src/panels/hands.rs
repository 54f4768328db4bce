//! Hands in the world: which nodes, and what is done to them; storms, links and parameters. Every
//! button is one command, taken at the start of the next tick.

use super::widgets::section;
use super::{Outcome, theme};
use crate::pace::Intent;
use crate::scenario::{Accepts, Attack, Command, LIVE, Links, Live, Needs, Selector};
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{Ask, Stage};
use crate::view::tools::{Sketch, Tool, chosen};
use bevy_egui::egui::{
    Button, CollapsingHeader, ComboBox, DragValue, RichText, ScrollArea, Slider, TextEdit, Ui,
};

/// Attacks to choose from, as a scenario writes them.
const ATTACKS: &[&str] = &[
    "SignFlip()",
    "Bias()",
    "Gaussian()",
    "Saturate",
    "InnerProduct()",
    "LittleIsEnough()",
    "MinMax()",
    "MinSum()",
    "Mimic",
    "Dissensus()",
    "Spectral()",
    "DirectedDeviation()",
    "TopologyLiar()",
    "LabelFlip",
    "Replay",
    "Stale",
    "FreeRider",
    "FalseEntropy()",
    "VoteSpoof",
    "OnOff()",
    "Slander",
];

/// What is typed and set, and not yet done.
pub struct Hands {
    nodes: String,
    attack: usize,
    percent: u8,
    field: usize,
    value: f64,
    memory: bool,
}

impl Default for Hands {
    fn default() -> Self {
        Self { nodes: String::new(), attack: 0, percent: 50, field: 0, value: 0.0, memory: true }
    }
}

impl Hands {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, stage: &Stage, sketch: &Sketch, outcome: &mut Outcome) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            waiting(ui, stage, outcome);
            tools(ui, sketch, outcome);
            self.nodes(ui, stage, outcome);
            storms(ui, stage, outcome);
            self.parameters(ui, outcome);
        });
    }

    fn nodes(&mut self, ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
        section(ui, "nodes");
        let line = TextEdit::singleline(&mut self.nodes)
            .hint_text("3 5 10-20 all regime=storm")
            .desired_width(f32::INFINITY);
        ui.add(line).on_hover_text(
            "Which nodes: ids and ranges, all, role=sentinel, regime=storm, group=NAME, \
             energy<20, banned, asleep, near=3:50m, share=30%; & for both, ! for not. \
             Left empty: the picked nodes, or the selected one",
        );
        let named = if self.nodes.trim().is_empty() {
            chosen(stage).ok_or_else(|| "select a node, pick several, or say which".to_owned())
        } else {
            let parsed = Selector::parse(&self.nodes);
            parsed.map(|_| self.nodes.clone()).map_err(|error| error.to_string())
        };
        match &named {
            Ok(nodes) => drop(ui.label(theme::label(said(nodes)).size(11.0))),
            Err(why) => drop(ui.label(RichText::new(why).size(11.0).color(theme::WARN))),
        }
        let nodes = named.unwrap_or_default();
        ui.add_enabled_ui(!nodes.is_empty(), |ui| self.deeds(ui, &nodes, outcome));
    }

    fn deeds(&mut self, ui: &mut Ui, nodes: &str, outcome: &mut Outcome) {
        let own = || nodes.to_owned();
        ui.horizontal(|ui| {
            let shown = ATTACKS.get(self.attack).map_or("", |text| text.trim_end_matches("()"));
            ComboBox::from_id_salt("attack").selected_text(shown).width(130.0).show_ui(ui, |ui| {
                for (place, text) in ATTACKS.iter().enumerate() {
                    ui.selectable_value(&mut self.attack, place, text.trim_end_matches("()"));
                }
            });
            if ui.button("attack").on_hover_text("They do this from now on").clicked() {
                outcome.asks.extend(self.set_attack(own()));
            }
        });
        ui.horizontal_wrapped(|ui| {
            for (name, hint, command) in [
                ("heal", "They are honest from now on", Command::Heal { nodes: own() }),
                ("kill", "They lose their power", Command::Kill { nodes: own() }),
                (
                    "revive",
                    "Those without power get it back",
                    Command::Revive { nodes: own(), memory: self.memory },
                ),
            ] {
                if ui.button(name).on_hover_text(hint).clicked() {
                    outcome.asks.push(ask(command));
                }
            }
            ui.checkbox(&mut self.memory, "remembering")
                .on_hover_text("Revived nodes remember what they knew");
        });
        ui.horizontal_wrapped(|ui| {
            ui.add(DragValue::new(&mut self.percent).range(0..=100).suffix(" %"))
                .on_hover_text("Percent for the buttons beside");
            let percent = self.percent;
            let of = |nodes: String| Links::Of(nodes);
            for (name, hint, command) in [
                ("drain", "Of their capacity", Command::Drain { nodes: own(), percent }),
                ("charge", "Of their capacity", Command::Charge { nodes: own(), percent }),
                (
                    "degrade links",
                    "So many frames are lost on their links",
                    Command::Degrade { links: of(own()), percent },
                ),
                ("cut links", "Nothing passes their links", Command::Cut { links: of(own()) }),
                (
                    "restore links",
                    "Their links are as they were",
                    Command::Restore { links: of(own()) },
                ),
            ] {
                if ui.button(name).on_hover_text(hint).clicked() {
                    outcome.asks.push(ask(command));
                }
            }
        });
    }

    fn set_attack(&self, nodes: String) -> Option<Ask> {
        let text = ATTACKS.get(self.attack)?;
        let attack: Attack = ron::from_str(text).ok()?;
        let (collude, claim_storm) = (false, false);
        Some(ask(Command::SetAttack { nodes, attack: Some(attack), collude, claim_storm }))
    }

    /// One parameter of all nodes.
    fn parameters(&mut self, ui: &mut Ui, outcome: &mut Outcome) {
        let title = RichText::new("protocol").size(12.0).color(theme::TEXT);
        CollapsingHeader::new(title).show(ui, |ui| {
            let Some(live) = LIVE.get(self.field) else { return };
            ComboBox::from_id_salt("parameter").selected_text(short(live)).width(200.0).show_ui(
                ui,
                |ui| {
                    for (place, other) in LIVE.iter().enumerate() {
                        ui.selectable_value(&mut self.field, place, short(other))
                            .on_hover_text(other.means());
                    }
                },
            );
            ui.label(theme::label(live.means()).size(11.0));
            if live.needs != Needs::Nothing {
                let said = format!("only with {}", live.needs.words());
                ui.label(theme::label(said).size(11.0));
            }
            ui.horizontal(|ui| {
                match live.accepts() {
                    Accepts::Whole { low, high, unit } => {
                        self.value = self.value.round().clamp(low as f64, high as f64);
                        let range = low as f64..=high as f64;
                        let slider = Slider::new(&mut self.value, range).integer();
                        ui.add(slider.suffix(format!(" {unit}")));
                    }
                    Accepts::Real { low, high, unit } => {
                        self.value = self.value.clamp(low, high);
                        let slider = Slider::new(&mut self.value, low..=high);
                        ui.add(slider.suffix(format!(" {unit}")));
                    }
                    _ => {}
                }
                if ui.button("set").clicked() {
                    let (field, value) = (live.field.to_owned(), self.value);
                    outcome.asks.push(ask(Command::SetProtocol { field, value }));
                }
            });
        });
    }
}

/// A parameter's name without the word that all share.
fn short(live: &Live) -> &'static str {
    live.field.strip_prefix("protocol.").unwrap_or(live.field)
}

/// Which nodes, no longer than a line or two.
fn said(nodes: &str) -> String {
    let mut text: String = nodes.chars().take(72).collect();
    if text.len() < nodes.len() {
        text.push_str(" ...");
    }
    format!("on: {text}")
}

fn ask(command: Command) -> Ask {
    Ask(Intent::Command(Box::new(command)))
}

/// What waits for the next tick, and what was refused.
fn waiting(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    let orders = &stage.published.orders;
    ui.horizontal(|ui| {
        for (action, there) in
            [(Action::Undo, stage.status.pending > 0), (Action::Redo, stage.status.undone > 0)]
        {
            let entry = entry_of(action);
            let name = entry.map_or("", |entry| entry.name);
            let button = ui.add_enabled(there, Button::new(name));
            if super::explained(button, entry).clicked() {
                outcome.actions.push(action);
            }
        }
    });
    for (_, text) in &orders.pending {
        ui.label(RichText::new(format!("next tick: {text}")).size(11.5).color(theme::ACCENT));
    }
    for (tick, text) in orders.notices.iter().rev().take(3) {
        let said = format!("tick {tick}: {text}");
        ui.label(RichText::new(said).size(11.0).color(theme::WARN));
    }
    if !orders.struck.is_empty() {
        let cut = orders.struck.iter().filter(|link| link.cut).count();
        let said = format!("{cut} links cut, {} degraded", orders.struck.len() - cut);
        ui.horizontal(|ui| {
            ui.label(theme::label(said));
            if ui.small_button("restore all").clicked() {
                outcome.asks.push(ask(Command::Restore { links: Links::All }));
            }
        });
    }
}

fn tools(ui: &mut Ui, sketch: &Sketch, outcome: &mut Outcome) {
    section(ui, "tools for the mouse");
    ui.horizontal_wrapped(|ui| {
        for tool in Tool::ALL {
            let action = Action::Hold(tool);
            let chosen = ui.selectable_label(sketch.tool == tool, tool.name());
            if super::explained(chosen, entry_of(action)).clicked() {
                outcome.actions.push(action);
            }
        }
    });
    if sketch.holds() {
        let said = format!("{}. Esc lets go.", sketch.tool.hint());
        ui.label(RichText::new(said).size(11.5).color(theme::ACCENT));
    }
}

/// Every storm that blows, with what can be done to it.
fn storms(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    section(ui, "storms");
    if stage.published.storms.is_empty() {
        ui.label(theme::label("None blows. Drop one with the tool above.").size(11.0));
    }
    for storm in &stage.published.storms {
        let number = storm.number;
        let resized = |factor: f64| {
            let radius = (f64::from(storm.radius_mm) * factor).clamp(1.0, 1e9) as u32;
            Command::SetStorm {
                storm: number,
                radius_mm: Some(radius),
                intensity: None,
                drift_mm: None,
                growth_mm: None,
                over_ticks: 4,
            }
        };
        ui.horizontal(|ui| {
            let size = f64::from(storm.radius_mm) / 1000.0;
            ui.label(theme::value(format!("{number}"))).on_hover_text("Its number");
            ui.label(theme::label(format!("{size:.0} m")));
            for (name, command) in [
                ("grow", resized(1.25)),
                ("shrink", resized(0.8)),
                ("end", Command::EndStorm { storm: number }),
            ] {
                if ui.small_button(name).clicked() {
                    outcome.asks.push(ask(command));
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_to_choose_is_one() {
        for (place, text) in ATTACKS.iter().enumerate() {
            let hands = Hands { attack: place, ..Hands::default() };
            assert!(hands.set_attack("1".to_owned()).is_some(), "{text}");
        }
    }
}
