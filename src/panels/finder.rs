//! The command palette: a few letters of what one wants, and Enter. It finds actions and panels,
//! scenarios, bookmarks, nodes by id or name, and whoever a selector means.

use super::widgets::{grouped, keycap};
use super::{Outcome, theme};
use crate::pace::Intent;
use crate::record::moments;
use crate::scenario::{self, Scenario, Selector};
use crate::view::actions::{self, Action, Entry};
use crate::view::stage::{Ask, Go, Stage};
use bevy_egui::egui::{
    Align, Align2, Area, Context, Key, Layout, Order, RichText, ScrollArea, Sense, TextEdit, Ui,
    vec2,
};

/// Width of the sheet.
const WIDTH: f32 = 480.0;
/// Nodes found by a part of their name, at most.
const NODES: usize = 8;

/// What was typed, what it finds, and which hit is chosen.
#[derive(Default)]
pub struct Finder {
    typed: String,
    chosen: usize,
    /// What was searched for last, and in which scene.
    found_for: Option<(String, usize)>,
    hits: Vec<Hit>,
    /// Name and title of each scenario and recording in the binary; read when the finder is first
    /// opened.
    scenarios: Vec<(&'static str, String)>,
}

/// Something that can be had.
#[derive(Clone, Debug, PartialEq)]
enum Thing {
    Do(Action),
    Scenario(&'static str),
    Bookmark(String),
    Node(u32),
    Nodes(String),
}

/// A line of the list.
#[derive(Clone, Debug)]
struct Hit {
    thing: Thing,
    name: String,
    hint: String,
    /// A key that does it, or what kind of thing it is.
    key: Option<&'static str>,
    kind: &'static str,
}

impl Finder {
    /// Forgets what was typed.
    pub fn close(&mut self) {
        self.typed.clear();
        self.hits.clear();
        (self.chosen, self.found_for) = (0, None);
    }

    /// Draws it.
    pub fn show(&mut self, context: &Context, stage: &Stage, outcome: &mut Outcome) {
        if self.scenarios.is_empty() {
            self.scenarios = scenarios();
        }
        let room = context.viewport_rect().size();
        let width = WIDTH.min(room.x - 40.0);
        let top = 90.0_f32.min(room.y * 0.12);
        let area = Area::new("finder".into())
            .order(Order::Foreground)
            .anchor(Align2::CENTER_TOP, vec2(0.0, top))
            .default_size(vec2(width, 400.0));
        let response = area.show(context, |ui| {
            theme::sheet().show(ui, |ui| {
                ui.set_width(width);
                self.sheet(ui, stage, (room.y - top - 90.0).clamp(80.0, 330.0), outcome);
            });
        });
        if response.response.clicked_elsewhere() {
            outcome.actions.push(Action::Escape);
        }
    }

    fn sheet(&mut self, ui: &mut Ui, stage: &Stage, height: f32, outcome: &mut Outcome) {
        let line = TextEdit::singleline(&mut self.typed)
            .hint_text("an action, a panel, a scenario, a bookmark, 12, or regime=storm")
            .desired_width(f32::INFINITY)
            .id_salt("finder line");
        let line = ui.add(line);
        line.request_focus();
        self.search(stage);
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
            self.chosen = (self.chosen + 1).min(self.hits.len().saturating_sub(1));
        }
        if up {
            self.chosen = self.chosen.saturating_sub(1);
        }
        ui.add_space(4.0);
        if self.hits.is_empty() {
            ui.label(theme::label("Nothing is called that. Try a shorter word."));
        }
        let mut picked = self.hits.get(self.chosen).filter(|_| enter).map(|hit| hit.thing.clone());
        ScrollArea::vertical().max_height(height).show(ui, |ui| {
            for (place, hit) in self.hits.iter().enumerate() {
                if row(ui, hit, place == self.chosen, up || down) {
                    picked = Some(hit.thing.clone());
                }
            }
        });
        if picked.is_some() || escape {
            outcome.actions.push(Action::Escape);
        }
        if let Some(thing) = picked {
            give(thing, outcome);
        }
    }

    /// Searches again where something else was typed, or the scene is another one.
    fn search(&mut self, stage: &Stage) {
        let scene = std::sync::Arc::as_ptr(&stage.scene) as usize;
        let fresh = self.found_for.as_ref();
        if fresh.is_some_and(|(typed, of)| *typed == self.typed && *of == scene) {
            return;
        }
        self.hits = find(&self.typed, &self.scenarios, stage);
        self.found_for = Some((self.typed.clone(), scene));
        self.chosen = 0;
    }
}

/// Has it done.
fn give(thing: Thing, outcome: &mut Outcome) {
    match thing {
        Thing::Do(action) => outcome.actions.push(action),
        Thing::Scenario(name) => outcome.load = Some(name.to_owned()),
        Thing::Bookmark(name) => outcome.go.push(Go::Bookmark(name)),
        Thing::Node(id) => {
            outcome.select = Some(Some(id));
            outcome.go.push(Go::Node(id));
        }
        Thing::Nodes(text) => outcome.asks.push(Ask(Intent::Choose(text))),
    }
}

fn scenarios() -> Vec<(&'static str, String)> {
    let title = |name: &str, text: &str| {
        let scenario = Scenario::parse(&format!("{name}.ron"), text).ok()?;
        Some(scenario.title)
    };
    let known = scenario::embedded().iter();
    let known = known.filter_map(|(name, text)| Some((*name, title(name, text)?)));
    known.chain(moments::ALL.iter().map(|moment| (moment.name, moment.title()))).collect()
}

/// One hit; true when it was clicked.
fn row(ui: &mut Ui, hit: &Hit, chosen: bool, moved: bool) -> bool {
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
            .layout(Layout::right_to_left(Align::Center)),
    );
    match hit.key {
        Some(key) => keycap(&mut inside, key),
        None => drop(inside.label(RichText::new(hit.kind).size(10.5).color(theme::FAINT))),
    }
    inside.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.label(RichText::new(&hit.name).size(13.0).color(theme::INK));
        let more = RichText::new(&hit.hint).size(11.0).color(theme::FAINT);
        ui.add(bevy_egui::egui::Label::new(more).truncate());
    });
    response.clicked()
}

/// What fits what was typed, best first; every action when nothing was.
fn find(typed: &str, scenarios: &[(&'static str, String)], stage: &Stage) -> Vec<Hit> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mut hits: Vec<(u32, Hit)> = Vec::new();
    let mut offer = |worse: u32, hit: Hit, keys: &[&str]| {
        let is_key = |word: &str| keys.iter().any(|key| key.to_lowercase() == word);
        let costs = words
            .iter()
            .map(|word| if is_key(word) { Some(0) } else { cost(&hit.name, &hit.hint, word) });
        if let Some(sum) = costs.sum::<Option<u32>>() {
            hits.push((2 * sum + worse, hit));
        }
    };
    for entry in actions::ALL.iter().filter(|entry| entry.action != Action::Escape) {
        offer(0, of_action(entry), entry.keys);
    }
    if !words.is_empty() {
        for (name, title) in scenarios {
            let (kind, verb) = match moments::find(name) {
                Some(_) => ("recording", "replay"),
                None => ("scenario", "view"),
            };
            let (thing, hint) = (Thing::Scenario(name), format!("qres {verb} {name}"));
            offer(1, Hit { thing, name: title.clone(), hint, key: None, kind }, &[]);
        }
        for mark in &stage.scene.cameras {
            let (name, thing) = (mark.name.clone(), Thing::Bookmark(mark.name.clone()));
            let hint = "A view of this scenario".to_owned();
            offer(1, Hit { thing, name, hint, key: None, kind: "bookmark" }, &[]);
        }
    }
    hits.sort_by_key(|(cost, _)| *cost);
    let mut all = nodes(typed.trim(), stage);
    all.extend(hits.into_iter().map(|(_, hit)| hit));
    all
}

fn of_action(entry: &Entry) -> Hit {
    let kind = if matches!(entry.action, Action::Panel(_)) { "panel" } else { "action" };
    Hit {
        thing: Thing::Do(entry.action),
        name: entry.name.to_owned(),
        hint: entry.hint.to_owned(),
        key: entry.keys.first().copied(),
        kind,
    }
}

/// Nodes by id, by a part of their name, or by what a selector says of them.
fn nodes(typed: &str, stage: &Stage) -> Vec<Hit> {
    let count = stage.published.nodes.len();
    let node = |id: u32| {
        let hint = "Select it and go there".to_owned();
        Hit { thing: Thing::Node(id), name: stage.label(id), hint, key: None, kind: "node" }
    };
    let number = typed.strip_prefix("node ").unwrap_or(typed).trim();
    if let Ok(id) = number.parse::<u32>() {
        return if (id as usize) < count { vec![node(id)] } else { Vec::new() };
    }
    let mut hits = Vec::new();
    let wanted = typed.to_lowercase();
    if wanted.chars().count() >= 2 && !"node ".starts_with(&wanted) {
        let named = stage.scene.node_labels.iter().take(count).zip(0..);
        let named = named.filter(|(label, _)| label.to_lowercase().contains(&wanted));
        hits.extend(named.take(NODES).map(|(_, id)| node(id)));
    }
    if !typed.is_empty() && Selector::parse(typed).is_ok() {
        let of = grouped(count as u64);
        hits.push(Hit {
            thing: Thing::Nodes(typed.to_owned()),
            name: format!("Pick {typed}"),
            hint: format!("Whoever of {of} nodes that is now"),
            key: None,
            kind: "nodes",
        });
    }
    hits
}

/// How badly one typed word fits: at the start of a word of the name, inside it, in the hint, or as
/// letters in order; `None`: not at all.
fn cost(name: &str, hint: &str, word: &str) -> Option<u32> {
    let name = name.to_lowercase();
    if name.split_whitespace().any(|part| part.starts_with(word)) {
        Some(0)
    } else if name.contains(word) {
        Some(1)
    } else if hint.to_lowercase().contains(word) {
        Some(3)
    } else {
        let mut letters = name.chars();
        word.chars().all(|letter| letters.any(|other| other == letter)).then_some(6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::publish::{CameraMark, Published, Scene};
    use crate::view::space::tests::node;
    use std::sync::Arc;

    fn stage() -> Stage {
        let mark = |name: &str| CameraMark {
            name: name.to_owned(),
            eye_mm: [0, 1, 2],
            target_mm: [0, 0, 0],
        };
        let scene = Scene { cameras: vec![mark("west edge")], ..Scene::default() };
        let nodes = (0..20).map(|id| node([id, 0, 0])).collect();
        Stage::new(Arc::new(scene), Arc::new(Published { nodes, ..Published::default() }))
    }

    fn first(typed: &str) -> Option<Thing> {
        let scenarios = [("storm-front", "Storm front".to_owned())];
        find(typed, &scenarios, &stage()).first().map(|hit| hit.thing.clone())
    }

    #[test]
    fn everything_that_can_be_had_is_found() {
        use crate::panels::dock::Pane;
        use crate::panels::overlay::Overlay;
        use crate::view::stage::ColourBy;
        for (typed, thing) in [
            ("pau", Some(Thing::Do(Action::TogglePause))),
            ("repu", Some(Thing::Do(Action::Colour(ColourBy::Reputation)))),
            ("colour energy", Some(Thing::Do(Action::Colour(ColourBy::Energy)))),
            ("ctrl+o", Some(Thing::Do(Action::Open(Overlay::File)))),
            ("f1", Some(Thing::Do(Action::Open(Overlay::Help)))),
            ("lineage", Some(Thing::Do(Action::Panel(Pane::Lineage)))),
            ("storm fr", Some(Thing::Scenario("storm-front"))),
            ("west", Some(Thing::Bookmark("west edge".to_owned()))),
            ("12", Some(Thing::Node(12))),
            ("node 3", Some(Thing::Node(3))),
            ("20", None),
            ("regime=storm", Some(Thing::Nodes("regime=storm".to_owned()))),
            ("3-7 & !5", Some(Thing::Nodes("3-7 & !5".to_owned()))),
            ("qqqq", None),
        ] {
            assert_eq!(first(typed), thing, "{typed}");
        }
    }

    #[test]
    fn nothing_typed_shows_every_action_and_nothing_else() {
        for typed in ["", "  "] {
            assert_eq!(find(typed, &[], &stage()).len(), actions::ALL.len() - 1);
        }
    }

    #[test]
    fn what_is_found_is_given() {
        let mut outcome = Outcome::default();
        give(Thing::Node(4), &mut outcome);
        give(Thing::Scenario("sybil"), &mut outcome);
        give(Thing::Nodes("all".to_owned()), &mut outcome);
        assert_eq!(outcome.select, Some(Some(4)));
        assert_eq!(outcome.load.as_deref(), Some("sybil"));
        assert!(matches!(&outcome.asks[..], [Ask(Intent::Choose(text))] if text == "all"));
    }
}
