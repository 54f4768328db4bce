//! Everything that happened, line by line, with filters.

use super::timeline::visit;
use super::widgets::{clock, grouped};
use super::{Outcome, theme};
use crate::mesh::chronicle::{Event, Lane};
use crate::pace::{Choice, Intent};
use crate::scenario::Selector;
use crate::view::stage::{Ask, Events, Stage};
use bevy_egui::egui::{RichText, ScrollArea, TextEdit, Ui};
use std::sync::Arc;

/// What the line at the top takes.
const SEARCH: &str = "A word of what happened, or which nodes: 3 5 10-20 role=byzantine shows all \
    that concerns them, single nodes too. Whom it means is found out when it is typed";
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
    chosen: Option<Wanted>,
    next: u64,
    /// The selector that the mesh was asked about.
    asked: String,
}

/// What is to be shown.
#[derive(Clone, PartialEq)]
struct Wanted {
    typed: String,
    /// Whom a selector meant; nobody while that is not known.
    meant: Option<Arc<Choice>>,
    hidden: Vec<Lane>,
    minor: bool,
    epoch: u64,
}

/// Whether what is typed says which nodes: a number first, or an operator. A bare word is looked
/// for in what happened, though it may be a selector too.
fn is_selector(typed: &str) -> bool {
    let first = typed.starts_with(|letter: char| letter.is_ascii_digit());
    (first || typed.contains(['=', '&', '!'])) && Selector::parse(typed).is_ok()
}

impl Journal {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
        ui.horizontal_wrapped(|ui| {
            let line = TextEdit::singleline(&mut self.typed).hint_text("search, or nodes: 3 5-9");
            ui.add(line.desired_width(150.0)).on_hover_text(SEARCH);
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
        let typed = self.typed.trim();
        if is_selector(typed) && self.asked != typed {
            self.asked = typed.to_owned();
            outcome.asks.push(Ask(Intent::Mean(self.asked.clone())));
        }
        self.choose(&stage.events, stage.meant.as_ref());
        let wrong = self.chosen.as_ref().and_then(|wanted| wanted.meant.as_ref());
        if let Some(Err(why)) = wrong.map(|meant| &meant.nodes) {
            ui.label(RichText::new(why).size(11.5).color(theme::WARN));
            return;
        }
        if self.shown.is_empty() && !self.typed.is_empty() {
            ui.label(theme::label("Nothing that fits what is searched for."));
            return;
        }
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
    fn choose(&mut self, events: &Events, answer: Option<&Arc<Choice>>) {
        let answer = answer.filter(|answer| answer.text == self.typed.trim());
        let same = self.chosen.as_ref().is_some_and(|wanted| {
            wanted.typed == self.typed
                && wanted.meant.as_ref().map(Arc::as_ptr) == answer.map(Arc::as_ptr)
                && wanted.hidden == self.hidden
                && wanted.minor == self.minor
                && wanted.epoch == events.epoch()
        });
        if !same {
            self.chosen = Some(Wanted {
                typed: self.typed.clone(),
                meant: answer.cloned(),
                hidden: self.hidden.clone(),
                minor: self.minor,
                epoch: events.epoch(),
            });
            self.shown.clear();
            self.next = 0;
        }
        let fresh = events.since(self.next);
        if fresh.is_empty() {
            return;
        }
        let typed = self.typed.trim();
        let nodes = is_selector(typed).then(|| {
            let meant = answer.and_then(|answer| answer.nodes.as_ref().ok());
            meant.map_or(&[][..], Vec::as_slice)
        });
        let wanted = typed.to_lowercase();
        let fits = fresh.iter().filter(|event| self.fits(event, &wanted, nodes));
        let numbers: Vec<u64> = fits.map(|event| event.number).collect();
        self.shown.extend(numbers);
        self.next = events.next();
    }

    /// Whether an event is to be shown, by word or by the nodes that a selector means, ascending.
    fn fits(&self, event: &Event, wanted: &str, nodes: Option<&[u32]>) -> bool {
        if self.hidden.contains(&event.what.lane()) {
            return false;
        }
        if let Some(nodes) = nodes {
            return event.what.concerns(|node| nodes.binary_search(&node).is_ok());
        }
        (event.is_major || self.minor)
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
        assert!(!journal.fits(&event, "", None));
        assert!(journal.fits(&event, "4", Some(&[2, 4])) && journal.fits(&event, "3", Some(&[3])));
        assert!(!journal.fits(&event, "5", Some(&[5])) && !journal.fits(&event, "5", Some(&[])));
        journal.minor = true;
        assert!(journal.fits(&event, "", None) && journal.fits(&event, "node 3", None));
        assert!(!journal.fits(&event, "storm", None));
        journal.hidden.push(Lane::Bans);
        assert!(!journal.fits(&event, "", None) && !journal.fits(&event, "3", Some(&[3])));
    }

    #[test]
    fn a_selector_is_told_from_a_word() {
        for typed in ["3", "3 5 10-20 role=byzantine", "!4", "regime=storm & 1-9"] {
            assert!(is_selector(typed), "{typed}");
        }
        for typed in ["", "banned", "node 3", "storm", "role=nobody", "25 %"] {
            assert!(!is_selector(typed), "{typed}");
        }
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
            journal.choose(&events, None);
            assert_eq!(journal.shown.len(), shown);
        }
        journal.minor = true;
        journal.choose(&events, None);
        assert_eq!(journal.shown.len(), 10);
        journal.typed = "node 7".to_owned();
        journal.choose(&events, None);
        assert_eq!(journal.shown, [7]);
        journal.typed = "2-3 8".to_owned();
        journal.choose(&events, None);
        assert!(journal.shown.is_empty(), "until it is known whom that means");
        let answer = Choice { text: journal.typed.clone(), nodes: Ok(vec![2, 3, 8]) };
        journal.choose(&events, Some(&Arc::new(answer)));
        assert_eq!(journal.shown, [2, 3, 8]);
        events.take(News { events: Vec::new(), next: 0, rewinds: 1 });
        journal.choose(&events, None);
        assert!(journal.shown.is_empty());
    }
}
