//! What sets two worlds apart: what was done otherwise, since when they differ, and their figures
//! side by side. It must not compare nodes itself.

use super::names::NAMES;
use super::widgets::{bytes, grouped, section};
use super::{Outcome, theme};
use crate::mesh::publish::Published;
use crate::pace::Forked;
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{Look, Stage};
use bevy_egui::egui::{Align, Grid, Layout, Response, RichText, ScrollArea, Ui};

/// Draws it.
pub fn show(ui: &mut Ui, stage: &Stage, look: &Look, outcome: &mut Outcome) {
    let Some(other) = &stage.other else {
        let said =
            "There is one world. Fork it at the tick on show, or go back and give a command.";
        ui.label(theme::text(said));
        return;
    };
    let forked = stage.travel.forked.clone().unwrap_or_default();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let colour = theme::difference(look.palette);
        ui.label(RichText::new(format!("from tick {}", grouped(forked.tick))).size(14.0));
        if forked.changes.is_empty() {
            let said = "Nothing is done otherwise yet. Give a command: it goes to this world only.";
            ui.label(theme::text(said));
        }
        for change in forked.changes.iter().rev().take(8).rev() {
            ui.label(RichText::new(format!("+ {change}")).size(12.0).color(theme::INK));
        }
        // What both worlds refuse was asked for before they parted.
        let refused = other.published.orders.notices.iter().filter(|notice| {
            notice.0 >= forked.tick && !stage.published.orders.notices.contains(notice)
        });
        for (tick, why) in refused.rev().take(2) {
            let said = format!("tick {}: {why}", grouped(*tick));
            ui.label(RichText::new(said).size(11.0).color(theme::WARN));
        }
        ui.add_space(3.0);
        let (said, apart) = parted(stage, &forked);
        ui.label(RichText::new(said).size(12.0).color(if apart { colour } else { theme::TEXT }));
        section(ui, "figures");
        table(ui, &stage.published, &other.published);
        section(ui, "nodes");
        let (differing, of) = (other.difference.differing, stage.published.nodes.len() as u64);
        let differing = grouped(u64::from(differing));
        let hint = "Nodes whose state is not, bit for bit, that of the first world";
        ui.label(theme::text(format!("{differing} of {} differ at this tick", grouped(of))))
            .on_hover_text(hint);
        most(ui, stage, outcome);
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            for (text, action) in [("keep", Action::Keep), ("drop", Action::Unfork)] {
                if super::explained(ui.button(text), entry_of(action)).clicked() {
                    outcome.actions.push(action);
                }
            }
        });
    });
}

/// Since when they differ, in words, and whether they do at the tick on show.
fn parted(stage: &Stage, forked: &Forked) -> (String, bool) {
    match forked.parted {
        Some(parted) => {
            let (tick, label) = (grouped(parted.tick), stage.label(parted.node));
            let section = parted.section;
            (format!("apart since tick {tick}: first in {section}, {label}"), true)
        }
        None => (format!("the same up to tick {}", grouped(forked.same_up_to)), false),
    }
}

/// A figure that is compared: its name, and how it is read and said.
struct Figure {
    name: &'static str,
    hint: &'static str,
    read: fn(&Published) -> f64,
    say: fn(f64) -> String,
}

const FIGURES: [Figure; 9] = [
    Figure {
        name: "calm",
        hint: "Nodes that believe all is calm",
        read: |world| f64::from(world.summary.regimes[0]),
        say: count,
    },
    Figure {
        name: "pre-storm",
        hint: "Nodes that see signs of a storm",
        read: |world| f64::from(world.summary.regimes[1]),
        say: count,
    },
    Figure {
        name: "storm",
        hint: "Nodes that believe they are in a storm",
        read: |world| f64::from(world.summary.regimes[2]),
        say: count,
    },
    Figure {
        name: "asleep",
        hint: "Nodes whose radio slept through this tick, those without power among them",
        read: |world| f64::from(world.summary.asleep),
        say: count,
    },
    Figure {
        name: "banned",
        hint: "Nodes that a sixth or more of those who judge them do not heed",
        read: |world| nodes(world, |node| node.banned),
        say: count,
    },
    Figure {
        name: "without power",
        hint: "Nodes that ran out of energy or were killed",
        read: |world| nodes(world, |node| node.dead),
        say: count,
    },
    Figure {
        name: "energy",
        hint: "What nodes have left, in percent of what they can store: the mean of all",
        read: |world| f64::from(world.summary.energy_mean) * 100.0,
        say: |percent| format!("{percent:.1} %"),
    },
    Figure {
        name: "spread",
        hint: "Largest distance between weights of two nodes of one modality, 0 is agreement",
        read: |world| f64::from(world.summary.spread),
        say: |spread| format!("{spread:.4}"),
    },
    Figure {
        name: "sent",
        hint: "Bytes sent by all nodes since the first tick",
        read: |world| world.summary.bytes_sent as f64,
        say: |sent| bytes(sent as u64),
    },
];

fn count(number: f64) -> String {
    grouped(number as u64)
}

fn nodes(world: &Published, holds: fn(&crate::mesh::publish::NodeView) -> bool) -> f64 {
    world.nodes.iter().filter(|node| holds(node)).count() as f64
}

/// How a figure of the second world differs, with its sign; nothing where it does not.
fn change(figure: &Figure, one: f64, other: f64) -> String {
    let said = (figure.say)((other - one).abs());
    if said == (figure.say)(0.0) {
        return String::new();
    }
    format!("{}{said}", if other > one { "+" } else { "\u{2212}" })
}

fn table(ui: &mut Ui, one: &Published, other: &Published) {
    Grid::new("figures of both").num_columns(4).spacing([10.0, 3.0]).show(ui, |ui| {
        ui.label("");
        for head in [NAMES[0], NAMES[1], ""] {
            let _ = right(ui, theme::label(head).size(11.0));
        }
        ui.end_row();
        for figure in &FIGURES {
            let (before, after) = ((figure.read)(one), (figure.read)(other));
            ui.label(theme::label(figure.name)).on_hover_text(figure.hint);
            let change = theme::text(change(figure, before, after));
            for text in [(figure.say)(before), (figure.say)(after)].map(theme::value) {
                right(ui, text).on_hover_text(figure.hint);
            }
            right(ui, change).on_hover_text("The second world less the first");
            ui.end_row();
        }
    });
}

fn right(ui: &mut Ui, text: RichText) -> Response {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(text)).inner
}

/// The nodes that are farthest from themselves; a click selects one.
fn most(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    let Some(other) = &stage.other else { return };
    let distances = other.difference.nodes.iter().copied().zip(0_u32..);
    let mut far: Vec<(u8, u32)> = distances.filter(|(distance, _)| *distance > 0).collect();
    far.sort_unstable_by_key(|(distance, id)| (std::cmp::Reverse(*distance), *id));
    ui.horizontal_wrapped(|ui| {
        for (_, id) in far.into_iter().take(8) {
            if ui.link(theme::text(stage.label(id))).clicked() {
                outcome.select = Some(Some(id));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::space::tests::node;

    #[test]
    fn figures_say_how_they_differ() {
        let mut banned = node([0, 0, 0]);
        banned.banned = true;
        let mut one = Published { nodes: vec![node([0, 0, 0]), banned], ..Published::default() };
        one.summary.regimes = [2, 0, 0];
        one.summary.energy_mean = 0.5;
        let mut other = one.clone();
        other.nodes[1].banned = false;
        other.summary.regimes = [0, 0, 2];
        other.summary.energy_mean = 0.500_01;
        let said = |name: &str| {
            let figure = FIGURES.iter().find(|figure| figure.name == name).expect("there");
            change(figure, (figure.read)(&one), (figure.read)(&other))
        };
        assert_eq!(said("calm"), "\u{2212}2");
        assert_eq!(said("storm"), "+2");
        assert_eq!(said("banned"), "\u{2212}1");
        assert_eq!(said("energy"), "", "less than is said is no difference");
        assert_eq!(said("asleep"), "");
    }
}
