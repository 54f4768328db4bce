//! Everything that happened, line by line, with filters.

use super::timeline::visit;
use super::widgets::{clock, grouped};
use super::{Outcome, theme};
use crate::mesh::chronicle::{Event, Lane};
use crate::pace::Intent;
use crate::view::stage::{Ask, Events, Stage};
use bevy_egui::egui::{RichText, ScrollArea, TextEdit, Ui};

/// Height of a line.
const LINE: f32 = 17.0;

/// What is filtered out.
#[derive(Default)]
pub struct Journal {
    hidden: Vec<Lane>,
    typed: String,
    minor: bool,
    /// Numbers of the events that are shown, in order.
    shown: Vec<u64>,
    /// What they were chosen by, and up to which number.
    chosen: Option<(String, Vec<Lane>, bool, u64)>,
    next: u64,
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
        self.choose(&stage.events);
        if self.shown.is_empty() {
            ui.label(theme::label("Nothing yet. What happens to the mesh is written here."));
            return;
        }
        let tick_ms = u64::from(stage.published.tick_ms);
        let list = ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true);
        list.show_rows(ui, LINE, self.shown.len(), |ui, rows| {
            for number in self.shown.get(rows).unwrap_or_default() {
                if let Some(event) = stage.events.get(*number) {
                    line(ui, event, tick_ms, outcome);
                }
            }
        });
    }

    /// Takes what is new into the list; begins again where something else is wanted, or older
    /// events were forgotten.
    fn choose(&mut self, events: &Events) {
        let same = self.chosen.as_ref().is_some_and(|(typed, hidden, minor, epoch)| {
            *typed == self.typed
                && *hidden == self.hidden
                && *minor == self.minor
                && *epoch == events.epoch()
        });
        if !same {
            let (typed, hidden) = (self.typed.clone(), self.hidden.clone());
            self.chosen = Some((typed, hidden, self.minor, events.epoch()));
            self.shown.clear();
            self.next = 0;
        }
        let fresh = events.since(self.next);
        if fresh.is_empty() {
            return;
        }
        let wanted = self.typed.trim().to_lowercase();
        let fits = fresh.iter().filter(|event| self.fits(event, &wanted));
        let numbers: Vec<u64> = fits.map(|event| event.number).collect();
        self.shown.extend(numbers);
        self.next = events.next();
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
        let time = RichText::new(time).size(11.0).monospace().color(theme::FAINT);
        if ui.link(time).on_hover_text("Go to this tick").clicked() {
            // What happens in a tick shows after it.
            outcome.asks.push(Ask(Intent::Seek(event.tick + 1)));
        }
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
    use crate::pace::News;

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

    #[test]
    fn the_list_grows_with_the_events_and_follows_the_filters() {
        let event = |number: u64, is_major| Event {
            number,
            tick: number,
            is_major,
            what: What::Banned { node: number as u32, judge: 4 },
        };
        let mut events = Events::default();
        let mut journal = Journal::default();
        let news = |numbers: std::ops::Range<u64>| News {
            events: numbers.clone().map(|n| event(n, n % 2 == 0)).collect(),
            next: numbers.end,
            rewinds: 0,
        };
        for (numbers, shown) in [(0..4, 2), (4..10, 5)] {
            events.take(news(numbers));
            journal.choose(&events);
            assert_eq!(journal.shown.len(), shown);
        }
        journal.minor = true;
        journal.choose(&events);
        assert_eq!(journal.shown.len(), 10);
        journal.typed = "node 7".to_owned();
        journal.choose(&events);
        assert_eq!(journal.shown, [7]);
        events.take(News { events: Vec::new(), next: 0, rewinds: 1 });
        journal.choose(&events);
        assert!(journal.shown.is_empty());
    }
}
