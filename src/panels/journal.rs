//! Everything that happened, line by line, with filters.

use super::timeline::visit;
use super::widgets::{clock, grouped};
use super::{Outcome, theme};
use crate::mesh::chronicle::{Event, Lane};
use crate::view::stage::Stage;
use bevy_egui::egui::{RichText, ScrollArea, TextEdit, Ui};

/// Height of a line.
const LINE: f32 = 17.0;

/// What is filtered out.
#[derive(Default)]
pub struct Journal {
    hidden: Vec<Lane>,
    typed: String,
    minor: bool,
}

impl Journal {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
        ui.horizontal_wrapped(|ui| {
            let line = TextEdit::singleline(&mut self.typed).hint_text("search");
            ui.add(line.desired_width(120.0));
            for lane in Lane::ALL {
                let shown = !self.hidden.contains(&lane);
                if ui.selectable_label(shown, lane.name()).clicked() {
                    self.hidden.retain(|other| *other != lane);
                    if shown {
                        self.hidden.push(lane);
                    }
                }
            }
            ui.checkbox(&mut self.minor, "single nodes")
                .on_hover_text("Also what happened to one node only");
        });
        let wanted = self.typed.trim().to_lowercase();
        let events: Vec<&Event> =
            stage.events.all().filter(|event| self.fits(event, &wanted)).collect();
        if events.is_empty() {
            ui.label(theme::label("Nothing yet. What happens to the mesh is written here."));
            return;
        }
        let tick_ms = u64::from(stage.published.tick_ms);
        let list = ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true);
        list.show_rows(ui, LINE, events.len(), |ui, rows| {
            for event in events.get(rows).unwrap_or_default() {
                line(ui, event, tick_ms, outcome);
            }
        });
    }

    fn fits(&self, event: &Event, wanted: &str) -> bool {
        (event.is_major || self.minor)
            && !self.hidden.contains(&event.what.lane())
            && (wanted.is_empty() || event.what.title().to_lowercase().contains(wanted))
    }
}

fn line(ui: &mut Ui, event: &Event, tick_ms: u64, outcome: &mut Outcome) {
    let row = ui.horizontal(|ui| {
        ui.set_height(LINE);
        let time = clock(event.tick.saturating_mul(tick_ms));
        ui.label(RichText::new(time).size(11.0).monospace().color(theme::FAINT));
        let lane = format!("{:<9}", event.what.lane().name());
        ui.label(RichText::new(lane).size(11.0).monospace().color(theme::FAINT));
        if ui.link(RichText::new(event.what.title()).size(12.0).color(theme::INK)).clicked() {
            visit(event, outcome);
        }
        ui.label(RichText::new(event.what.detail()).size(11.5).color(theme::FAINT));
    });
    row.response.on_hover_text(format!("tick {}", grouped(event.tick)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::chronicle::What;

    #[test]
    fn lanes_words_and_single_nodes_are_filtered() {
        let event =
            Event { number: 0, tick: 7, is_major: false, what: What::Banned { node: 3, judge: 4 } };
        let mut journal = Journal::default();
        assert!(!journal.fits(&event, ""));
        journal.minor = true;
        assert!(journal.fits(&event, "") && journal.fits(&event, "node 3"));
        assert!(!journal.fits(&event, "storm"));
        journal.hidden.push(Lane::Bans);
        assert!(!journal.fits(&event, ""));
    }
}
