//! Hands in the world: which nodes, and what is done to them; storms, links and parameters. Every
//! button is one command, taken at the start of the next tick. What comes and goes has a place of
//! its own, so that nothing jumps under the pointer.

use super::widgets::section;
use super::{Outcome, theme};
use super::{attacks, troubles};
use crate::pace::Intent;
use crate::scenario::{Accepts, Attack, Command, LIVE, Links, Live, Needs, Selector};
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{Ask, Stage};
use crate::view::tools::{Sketch, Tool, chosen};
use bevy_egui::egui::{
    Align, Button, CollapsingHeader, ComboBox, DragValue, Key, Label, Layout, RichText, ScrollArea,
    Slider, TextEdit, Ui, vec2,
};

/// Room for what waits and what was refused.
const WAITING: f32 = 62.0;
/// Room for two lines of small text.
const TWO_LINES: f32 = 29.0;

/// What is typed and set, and not yet done.
pub struct Hands {
    nodes: String,
    named: Named,
    attack: usize,
    strengths: [Option<f64>; attacks::ALL.len()],
    collude: bool,
    claim_storm: bool,
    percent: u8,
    trouble: usize,
    field: usize,
    /// What the slider was moved to; `None`: it stands at what holds now.
    value: Option<f64>,
    memory: bool,
}

/// The nodes that are meant, and what they were found by.
struct Named {
    done: bool,
    typed: String,
    selected: Option<u32>,
    picked: Vec<u32>,
    nodes: Result<String, String>,
}

impl Default for Named {
    fn default() -> Self {
        let (typed, picked) = (String::new(), Vec::new());
        Self { done: false, typed, selected: None, picked, nodes: Ok(String::new()) }
    }
}

impl Default for Hands {
    fn default() -> Self {
        Self {
            nodes: String::new(),
            named: Named::default(),
            attack: 1,
            strengths: [None; attacks::ALL.len()],
            collude: false,
            claim_storm: false,
            percent: 50,
            trouble: 0,
            field: 0,
            value: None,
            memory: true,
        }
    }
}

impl Hands {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, stage: &Stage, sketch: &Sketch, outcome: &mut Outcome) {
        waiting(ui, stage, outcome);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            tools(ui, sketch, outcome);
            self.nodes(ui, stage, outcome);
            storms(ui, stage, outcome);
            links(ui, stage, outcome);
            troubles::running(ui, stage, outcome);
            self.parameters(ui, stage, outcome);
        });
    }

    fn nodes(&mut self, ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
        section(ui, "nodes");
        ui.horizontal(|ui| {
            let line = TextEdit::singleline(&mut self.nodes)
                .hint_text("3 5 10-20 all regime=storm")
                .desired_width(ui.available_width() - 48.0);
            let line = ui.add(line).on_hover_text(SELECTORS);
            let entered = line.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let there = !self.nodes.trim().is_empty();
            let pick = ui.add_enabled(there, Button::new("pick"));
            let pick = pick.on_hover_text("Picks them in the scene, as they are now");
            if there && (entered || pick.clicked()) {
                outcome.asks.push(Ask(Intent::Choose(self.nodes.clone())));
            }
        });
        self.name(stage);
        let named = std::mem::take(&mut self.named);
        let (text, colour) = match &named.nodes {
            Ok(nodes) => (said(nodes), theme::FAINT),
            Err(why) => (shortened(why, 90), theme::WARN),
        };
        fixed(ui, TWO_LINES, |ui| {
            ui.label(RichText::new(text).size(11.0).color(colour));
        });
        let nodes = named.nodes.as_deref().unwrap_or_default();
        ui.add_enabled_ui(!nodes.is_empty(), |ui| {
            self.harm(ui, nodes, outcome);
            self.deeds(ui, nodes, outcome);
            let attack = self.attack_now();
            troubles::begin(ui, (&mut self.trouble, self.percent), (nodes, attack), outcome);
        });
        self.named = named;
    }

    /// Finds out which nodes are meant, where that may have changed.
    fn name(&mut self, stage: &Stage) {
        let named = &mut self.named;
        if named.done
            && named.typed == self.nodes
            && named.selected == stage.selected
            && named.picked == stage.picked
        {
            return;
        }
        named.nodes = if self.nodes.trim().is_empty() {
            chosen(stage).ok_or_else(|| "select a node, pick several, or say which".to_owned())
        } else {
            let parsed = Selector::parse(&self.nodes);
            parsed.map(|_| self.nodes.clone()).map_err(|error| error.to_string())
        };
        named.done = true;
        named.typed.clone_from(&self.nodes);
        named.selected = stage.selected;
        named.picked.clone_from(&stage.picked);
    }

    /// An attack, how strong it is, and how it goes about it.
    fn harm(&mut self, ui: &mut Ui, nodes: &str, outcome: &mut Outcome) {
        let Some(choice) = attacks::ALL.get(self.attack) else { return };
        ui.horizontal(|ui| {
            let width = ui.available_width() - 66.0;
            ComboBox::from_id_salt("attack").selected_text(choice.name).width(width).show_ui(
                ui,
                |ui| {
                    for (place, other) in attacks::ALL.iter().enumerate() {
                        ui.selectable_value(&mut self.attack, place, other.name);
                    }
                },
            );
            if ui.button("attack").on_hover_text("They do this from now on").clicked() {
                outcome.asks.push(self.set_attack(nodes.to_owned()));
            }
        });
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 5.0;
            let slot = self.strengths.get_mut(self.attack);
            if let (Some(strength), Some(slot)) = (choice.strength, slot) {
                let (low, high) = strength.range;
                let mut value = slot.unwrap_or(strength.usual);
                let places = if strength.is_whole { 0 } else { 2 };
                let drag = DragValue::new(&mut value)
                    .range(low..=high)
                    .speed(if strength.is_whole { 0.1 } else { (high - low).min(20.0) / 400.0 })
                    .max_decimals(places)
                    .prefix(format!("{} ", strength.name));
                let hint = format!("How strong: {low} to {high}; usually {}", strength.usual);
                if ui.add_sized(vec2(96.0, 18.0), drag).on_hover_text(hint).changed() {
                    *slot = Some(value);
                }
            } else {
                ui.add_enabled(false, Button::new("no strength").min_size(vec2(96.0, 18.0)));
            }
            ui.checkbox(&mut self.collude, "collude")
                .on_hover_text("They share what they hear and act as one");
            ui.checkbox(&mut self.claim_storm, "cry")
                .on_hover_text("Their updates claim a storm, which nobody is blamed for");
        });
    }

    fn deeds(&mut self, ui: &mut Ui, nodes: &str, outcome: &mut Outcome) {
        let own = || nodes.to_owned();
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

    /// The attack that is chosen, as strong as is set.
    fn attack_now(&self) -> Option<Attack> {
        let strength = self.strengths.get(self.attack).copied().flatten();
        attacks::ALL.get(self.attack).map(|choice| choice.attack(strength))
    }

    fn set_attack(&self, nodes: String) -> Ask {
        let attack = self.attack_now();
        let (collude, claim_storm) = (self.collude, self.claim_storm);
        ask(Command::SetAttack { nodes, attack, collude, claim_storm, cover_up: false })
    }

    /// One parameter of all nodes.
    fn parameters(&mut self, ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
        let title = RichText::new("protocol").size(12.0).color(theme::TEXT);
        CollapsingHeader::new(title).show(ui, |ui| {
            let before = self.field;
            let shown = LIVE.get(self.field).map_or("", short);
            ComboBox::from_id_salt("parameter").selected_text(shown).width(200.0).show_ui(
                ui,
                |ui| {
                    for (place, other) in LIVE.iter().enumerate() {
                        ui.selectable_value(&mut self.field, place, short(other))
                            .on_hover_text(other.means());
                    }
                },
            );
            if self.field != before {
                self.value = None;
            }
            let Some(live) = LIVE.get(self.field) else { return };
            let now = stage.parameters.get(self.field).copied().flatten();
            fixed(ui, 2.0 * TWO_LINES, |ui| {
                ui.label(theme::label(live.means()).size(11.0));
                match now {
                    Some(now) => {
                        let said = format!("now {} {}", number(now), unit(live));
                        ui.label(theme::value(said.trim_end()).size(11.5));
                    }
                    None if live.needs != Needs::Nothing => {
                        let said = format!("only with {}", live.needs.words());
                        ui.label(RichText::new(said).size(11.0).color(theme::WARN));
                    }
                    None => drop(ui.label(theme::label("this mesh has none").size(11.0))),
                }
            });
            ui.add_enabled_ui(now.is_some(), |ui| self.slide(ui, live, now, outcome));
        });
    }

    /// The slider of a parameter, which stands at what holds now until it is moved.
    fn slide(&mut self, ui: &mut Ui, live: &Live, now: Option<f64>, outcome: &mut Outcome) {
        if self.value == now {
            self.value = None;
        }
        let (low, high, whole) = match live.accepts() {
            Accepts::Whole { low, high, .. } => (low as f64, high as f64, true),
            Accepts::Real { low, high, .. } => (low, high, false),
            _ => return,
        };
        let mut value = self.value.or(now).unwrap_or(low).clamp(low, high);
        ui.horizontal(|ui| {
            ui.spacing_mut().slider_width = (ui.available_width() - 118.0).clamp(40.0, 140.0);
            let slider = Slider::new(&mut value, low..=high).logarithmic(high - low > 1_000.0);
            let slider = if whole { slider.integer() } else { slider };
            if ui.add(slider).changed() {
                self.value = Some(value);
            }
            if ui.button("set").clicked() {
                let field = live.field.to_owned();
                outcome.asks.push(ask(Command::SetProtocol { field, value }));
            }
        });
    }
}

/// What a selector can say.
pub const SELECTORS: &str = "\
Which nodes: ids and ranges, all, role=sentinel, regime=storm, group=NAME, energy<20, banned, \
asleep, near=3:50m, share=30%; & for both, ! for not. Left empty: the picked nodes, or the \
selected one";

/// A parameter's name without the word that all share.
fn short(live: &Live) -> &'static str {
    live.field.strip_prefix("protocol.").unwrap_or(live.field)
}

fn unit(live: &Live) -> &'static str {
    match live.accepts() {
        Accepts::Whole { unit, .. } | Accepts::Real { unit, .. } => unit,
        _ => "",
    }
}

/// A number with no more places than it has.
fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Something in a place that is as high with it as without.
fn fixed(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui)) {
    let size = vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
        ui.set_min_height(height);
        ui.set_max_height(height);
        ui.spacing_mut().item_spacing.y = 2.0;
        add(ui);
    });
}

/// Which nodes, no longer than a line or two.
fn said(nodes: &str) -> String {
    format!("on: {}", shortened(nodes, 66))
}

fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push_str(" ...");
    }
    short
}

pub(super) fn ask(command: Command) -> Ask {
    Ask(Intent::Command(Box::new(command)))
}

/// What waits for the next tick, each to be taken back, and what was refused.
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
        let count = orders.pending.len();
        if count > 0 {
            ui.label(RichText::new(format!("{count} wait")).size(11.5).color(theme::ACCENT));
        }
    });
    fixed(ui, WAITING, |ui| {
        ScrollArea::vertical().id_salt("waiting").max_height(WAITING).auto_shrink(false).show(
            ui,
            |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                for (id, text) in &orders.pending {
                    ui.horizontal(|ui| {
                        let back = ui.small_button("undo");
                        if back.on_hover_text("Takes back this one").clicked() {
                            outcome.asks.push(Ask(Intent::TakeBack(*id)));
                        }
                        let said = RichText::new(text).size(11.5).color(theme::ACCENT);
                        ui.add(Label::new(said).truncate()).on_hover_text(text);
                    });
                }
                for (tick, text) in orders.notices.iter().rev().take(3) {
                    let said = format!("tick {tick}: {text}");
                    ui.label(RichText::new(said).size(11.0).color(theme::WARN));
                }
                if orders.pending.is_empty() && orders.notices.is_empty() {
                    let said = "What you ask for is done at the start of the next tick. Pause \
                                first, and it waits here.";
                    ui.label(theme::label(said).size(11.0));
                }
            },
        );
    });
}

fn tools(ui: &mut Ui, sketch: &Sketch, outcome: &mut Outcome) {
    section(ui, "tools for the mouse");
    ui.horizontal_wrapped(|ui| {
        for tool in Tool::ALL {
            let action = Action::Hold(tool);
            let button = Button::new(tool.name()).selected(sketch.tool == tool);
            let chosen = ui.add(button);
            if super::explained(chosen, entry_of(action)).clicked() {
                outcome.actions.push(action);
            }
        }
    });
    let (said, colour) = if sketch.holds() {
        (format!("{}. Esc lets go.", sketch.tool.hint()), theme::ACCENT)
    } else {
        ("Nothing is held: the mouse turns the scene and selects.".to_owned(), theme::FAINT)
    };
    fixed(ui, TWO_LINES, |ui| {
        ui.label(RichText::new(said).size(11.0).color(colour));
    });
}

/// Links to which something was done.
fn links(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    section(ui, "links");
    let (cut, degraded) = (stage.present.cut, stage.present.degraded);
    let severed = stage.present.severed;
    ui.horizontal(|ui| {
        let said = match (cut, degraded) {
            (0, 0) => "all as they were".to_owned(),
            (cut, 0) => format!("{cut} cut"),
            (cut, degraded) => format!("{cut} cut, {degraded} degraded"),
        };
        let said = match (severed, cut + degraded) {
            (0, _) => said,
            (severed, 0) => format!("{severed} cut by faults"),
            (severed, _) => format!("{said}, {severed} by faults"),
        };
        ui.label(theme::label(said));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let restore = ui.add_enabled(cut + degraded > 0, Button::new("restore all").small());
            if restore.clicked() {
                outcome.asks.push(ask(Command::Restore { links: Links::All }));
            }
        });
    });
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
    fn an_attack_goes_out_as_it_was_set() {
        let mut hands = Hands { attack: 0, collude: true, claim_storm: true, ..Hands::default() };
        hands.strengths[0] = Some(-2.0);
        let Ask(Intent::Command(command)) = hands.set_attack("1-3".to_owned()) else {
            panic!("no command")
        };
        let attack = Some(Attack::Bias { bias: -2.0 });
        let nodes = "1-3".to_owned();
        let (collude, claim_storm, cover_up) = (true, true, false);
        assert_eq!(*command, Command::SetAttack { nodes, attack, collude, claim_storm, cover_up });
    }

    #[test]
    fn numbers_have_no_more_places_than_they_need() {
        assert_eq!(number(3.0), "3");
        assert_eq!(number(0.150_001), "0.15");
    }
}
