//! Faults in the panel of hands: those that are on, and new ones for the chosen nodes. What each
//! does is docs/faults.md.

use super::hands::ask;
use super::widgets::section;
use super::{Outcome, theme};
use crate::scenario::{Attack, Command, FaultKind, Who};
use crate::view::stage::Stage;
use bevy_egui::egui::{Align, Button, ComboBox, Layout, RichText, Ui};

/// A fault to choose: what it is called and what it does.
struct Choice {
    name: &'static str,
    hint: &'static str,
    /// Given the percentage, the first of the chosen nodes and the chosen attack.
    make: fn(u8, u32, Attack) -> FaultKind,
    /// One node is what it is about, and whom it strikes stands elsewhere.
    single: bool,
}

const fn of_all(
    name: &'static str,
    hint: &'static str,
    make: fn(u8, u32, Attack) -> FaultKind,
) -> Choice {
    Choice { name, hint, make, single: false }
}

const fn of_one(
    name: &'static str,
    hint: &'static str,
    make: fn(u8, u32, Attack) -> FaultKind,
) -> Choice {
    Choice { single: true, ..of_all(name, hint, make) }
}

const CHOICES: [Choice; 11] = [
    of_all("frames lost", "So many percent of what they send and hear", |percent, _, _| {
        FaultKind::Loss { percent: percent.max(1) }
    }),
    of_all("frames twice", "So many percent of what they send and hear", |percent, _, _| {
        FaultKind::Duplication { percent: percent.max(1) }
    }),
    of_all("frames late", "So many percent, by up to 3 ticks", |percent, _, _| {
        FaultKind::Reordering { percent: percent.max(1), up_to_ticks: 3 }
    }),
    of_all("frames damaged", "A bit flips in so many percent", |percent, _, _| {
        FaultKind::Corruption { percent: percent.max(1), bits: 1, mends_crc: false }
    }),
    of_all("cut off", "Nothing passes between them and the others", |_, _, _| FaultKind::Partition),
    of_all("clocks wrong", "By up to 1 %, either way", |_, _, _| FaultKind::ClockSkew {
        ppm: 10_000,
    }),
    of_all("slow", "A round takes four times as long", |_, _, _| FaultKind::Straggler {
        factor: 4,
    }),
    of_all("power cuts", "Every 200 ticks or so, for 10, with a save every 50", |_, _, _| {
        FaultKind::PowerLoss {
            every_ticks: 200,
            off_ticks: 10,
            save_every_ticks: 50,
            torn_percent: 50,
        }
    }),
    of_all("come and go", "Without a word; they come back as newcomers", |_, _, _| {
        FaultKind::Churn { stay_ticks: 500, away_ticks: 100 }
    }),
    of_one("eclipsed", "One node hears and reaches those who attack now only", |_, victim, _| {
        FaultKind::Eclipse { victim }
    }),
    of_one(
        "invents",
        "A Sybil: one node invents ten that do the attack above",
        |_, host, attack| FaultKind::Sybil { host, identities: 10, attack },
    ),
];

/// Begins a fault for the nodes that are meant.
pub(super) fn begin(
    ui: &mut Ui,
    (chosen, percent): (&mut usize, u8),
    (nodes, attack): (&str, Option<Attack>),
    outcome: &mut Outcome,
) {
    let Some(choice) = CHOICES.get(*chosen) else { return };
    ui.horizontal(|ui| {
        let width = ui.available_width() - 66.0;
        ComboBox::from_id_salt("trouble").selected_text(choice.name).width(width).show_ui(
            ui,
            |ui| {
                for (place, other) in CHOICES.iter().enumerate() {
                    ui.selectable_value(chosen, place, other.name).on_hover_text(other.hint);
                }
            },
        );
        let single = nodes.trim().parse::<u32>();
        let able = attack.filter(|_| !choice.single || single.is_ok());
        let button = ui.add_enabled(able.is_some(), Button::new("begin"));
        let button = button.on_hover_text(choice.hint);
        let button = button.on_disabled_hover_text("Choose one node for this");
        if let Some(attack) = able.filter(|_| button.clicked()) {
            let kind = (choice.make)(percent, single.unwrap_or(0), attack);
            outcome.asks.push(ask(command(kind, nodes)));
        }
    });
}

fn command(kind: FaultKind, nodes: &str) -> Command {
    let (whom, nodes) = match kind {
        FaultKind::Eclipse { .. } => (Who::Adversaries, String::new()),
        FaultKind::Sybil { .. } => (Who::All, String::new()),
        _ => (Who::All, nodes.to_owned()),
    };
    Command::StartFault { kind, whom, nodes, ticks: 0 }
}

/// Every fault that is on, with a way to end it.
pub(super) fn running(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    section(ui, "faults");
    let troubles = &stage.published.troubles;
    if troubles.is_empty() {
        ui.label(theme::label("None is on. Begin one for the nodes above.").size(11.0));
    }
    for trouble in troubles {
        let fault = trouble.number;
        ui.horizontal(|ui| {
            ui.label(theme::value(format!("{fault}"))).on_hover_text("Its number");
            ui.label(RichText::new(trouble.name).size(11.5).color(theme::WARN));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let end = ui.add(Button::new("end").small());
                if end.on_hover_text("It is over from the next tick on").clicked() {
                    outcome.asks.push(ask(Command::EndFault { fault }));
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{self, Realm};

    #[test]
    fn every_choice_is_a_command_that_a_mesh_takes() {
        let scenario = scenario::resolve("storm-front").expect("embedded").scenario;
        let realm = Realm::of(&scenario);
        let mut names = std::collections::BTreeSet::new();
        for choice in &CHOICES {
            for percent in [0, 100] {
                let kind = (choice.make)(percent, 7, Attack::Mimic);
                let given = command(kind, if choice.single { "7" } else { "regime=storm" });
                assert_eq!(given.validate(&realm), Ok(()), "{}", choice.name);
                names.insert(given.describe());
            }
        }
        // Those that use the percentage differ by it in nothing that is said.
        assert_eq!(names.len(), CHOICES.len());
    }
}
