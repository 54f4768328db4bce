//! One minute through the window: what each light means and where the handles are. It goes on by
//! itself, at the reader's pace when they take over, and can be left at any moment.

use super::{Outcome, theme};
use crate::view::actions::Action;
use crate::view::stage::Look;
use bevy_egui::egui::{
    Align, Align2, Area, Context, CornerRadius, Layout, Order, Rect, RichText, Sense, Ui, vec2,
};

/// Seconds that a station is shown for.
const STATION_SECONDS: f32 = 7.5;
/// Width of the card.
const WIDTH: f32 = 430.0;

/// What is said, station by station.
const STATIONS: &[(&str, &str)] = &[
    (
        "A mesh of small nodes",
        "Each light is a node with a sensor, a radio and a small store of energy. It predicts its \
         own signal, and tells its neighbours what it has learned: never what it has measured.",
    ),
    (
        "Colour is what a node believes",
        "Blue is calm, amber a storm in the air, red a storm. The hue of an evolved node is that \
         of its gene. Keys 1 to 6 let colour say something else; V is a safe palette.",
    ),
    (
        "Light is energy, the ring is trust",
        "A full store shines, a spent one glows. The thin ring counts a node's reputation. Small \
         and dim is asleep: radios wake for moments only.",
    ),
    (
        "Streaks are frames on the air",
        "Coloured by kind, slowed down so that the eye can follow; a lost one fizzles out. \
         The legend below names the colours.",
    ),
    (
        "Turn it, go near, pick one",
        "Drag to orbit, drag with the right button to pan, zoom with the wheel. Click a node to \
         read its mind; double click to go there.",
    ),
    (
        "Time is yours",
        "P stops the clock; comma and full stop go a tick back and on; plus and minus change the \
         speed. Drag the head of the timeline, and any tick that was is shown again.",
    ),
    (
        "Lay hands on it",
        "E opens the hands: storms, attacks, power, links, parameters. Ctrl+F begins a second \
         world beside the first, to see what a change changes. F2 records the run to replay it.",
    ),
    (
        "Ask for anything",
        "Ctrl+P finds every action by name and ? shows every key. Panels can be dragged by their \
         tabs; H hides them all. This tour is there again under the name Tour.",
    ),
];

/// Where the tour stands.
#[derive(Default)]
pub struct Tour {
    station: usize,
    seconds: f32,
    by_hand: bool,
}

impl Tour {
    /// Draws the station of now.
    pub fn show(&mut self, context: &Context, look: &Look, scene: Rect, outcome: &mut Outcome) {
        if !self.by_hand && !look.still && !look.calm_motion {
            self.seconds += context.input(|input| input.stable_dt).min(0.1);
        }
        if self.seconds >= STATION_SECONDS {
            self.turn(1, outcome);
        }
        let Some((title, text)) = STATIONS.get(self.station) else { return };
        let width = WIDTH.min(scene.width() - 40.0).max(220.0);
        Area::new("tour".into())
            .order(Order::Foreground)
            .pivot(Align2::CENTER_BOTTOM)
            .fixed_pos(scene.center_bottom() - vec2(0.0, 96.0))
            .default_size(vec2(width, 140.0))
            .show(context, |ui| {
                theme::sheet().show(ui, |ui| {
                    ui.set_width(width);
                    ui.label(RichText::new(*title).size(17.0).color(theme::INK));
                    ui.add_space(2.0);
                    ui.label(RichText::new(*text).size(13.0).color(theme::TEXT));
                    ui.add_space(6.0);
                    self.footer(ui, outcome);
                });
            });
    }

    fn footer(&mut self, ui: &mut Ui, outcome: &mut Outcome) {
        ui.horizontal(|ui| {
            for station in 0..STATIONS.len() {
                let (rect, _) = ui.allocate_exact_size(vec2(26.0, 4.0), Sense::hover());
                let round = CornerRadius::same(2);
                ui.painter().rect_filled(rect, round, theme::WELL);
                let share = match station.cmp(&self.station) {
                    std::cmp::Ordering::Less => 1.0,
                    std::cmp::Ordering::Equal if self.by_hand => 1.0,
                    std::cmp::Ordering::Equal => self.seconds / STATION_SECONDS,
                    std::cmp::Ordering::Greater => 0.0,
                };
                let done = rect.with_max_x(rect.left() + rect.width() * share.min(1.0));
                ui.painter().rect_filled(done, round, theme::ACCENT);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let last = self.station + 1 == STATIONS.len();
                if ui.button(if last { "done" } else { "next" }).clicked() {
                    self.by_hand = true;
                    self.turn(1, outcome);
                }
                if ui.add_enabled(self.station > 0, small("back")).clicked() {
                    self.by_hand = true;
                    self.turn(-1, outcome);
                }
                if !last && ui.add(small("skip")).clicked() {
                    outcome.actions.push(Action::Escape);
                }
            });
        });
    }

    fn turn(&mut self, by: isize, outcome: &mut Outcome) {
        self.seconds = 0.0;
        self.station = self.station.saturating_add_signed(by);
        if self.station >= STATIONS.len() {
            outcome.actions.push(Action::Escape);
        }
    }
}

fn small(text: &str) -> bevy_egui::egui::Button<'_> {
    bevy_egui::egui::Button::new(RichText::new(text).size(12.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_takes_a_minute_and_ends() {
        let seconds = STATION_SECONDS * STATIONS.len() as f32;
        assert!((50.0..=66.0).contains(&seconds));
        let mut tour = Tour::default();
        let mut outcome = Outcome::default();
        tour.turn(-1, &mut outcome);
        assert_eq!(tour.station, 0);
        for _ in STATIONS {
            tour.turn(1, &mut outcome);
        }
        assert_eq!(outcome.actions, [Action::Escape]);
    }
}
