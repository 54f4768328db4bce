//! Above the scene: the clock and what moves it.

use super::widgets::{clock, dot, grouped, times};
use super::{Outcome, theme};
use crate::pace::{Intent, PaceStatus, SPEED_MAX_MILLI, SPEED_MIN_MILLI};
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{Ask, Stage};
use bevy_egui::egui::{
    Align2, Area, Button, Context, Rect, RichText, Slider, SliderClamping, Ui, vec2,
};

/// Below this width of the scene the slider is left out.
const ROOMY: f32 = 620.0;

/// Draws it over the top of `scene`; says how much height it takes.
pub fn show(context: &Context, stage: &Stage, scene: Rect, outcome: &mut Outcome) -> f32 {
    let area = Area::new("transport".into())
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(scene.center_top())
        .default_size(vec2(scene.width(), 34.0))
        .show(context, |ui| {
            theme::caption().show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    buttons(ui, &stage.status, outcome);
                    if scene.width() > ROOMY {
                        speed(ui, &stage.status, outcome);
                    }
                    said(ui, stage);
                });
            });
        });
    area.response.rect.height() + 8.0
}

fn buttons(ui: &mut Ui, status: &PaceStatus, outcome: &mut Outcome) {
    let pause = if status.paused { "\u{25b6}" } else { "\u{23f8}" };
    for (text, action) in [
        ("\u{23ee}", Action::Restart),
        (pause, Action::TogglePause),
        ("\u{23ed}", Action::Step),
        ("\u{2212}", Action::Slower),
        ("+", Action::Faster),
    ] {
        let button = Button::new(RichText::new(text).size(14.0)).min_size(vec2(26.0, 22.0));
        if super::explained(ui.add(button), entry_of(action)).clicked() {
            outcome.actions.push(action);
        }
    }
}

/// A slider over all speeds, a step to the right being a factor.
fn speed(ui: &mut Ui, status: &PaceStatus, outcome: &mut Outcome) {
    let mut milli = status.speed_milli;
    ui.spacing_mut().slider_width = 110.0;
    let slider = Slider::new(&mut milli, SPEED_MIN_MILLI..=SPEED_MAX_MILLI)
        .logarithmic(true)
        .clamping(SliderClamping::Always)
        .show_value(false);
    let hint = "Speed: simulated seconds in one real second, 0.01x to as fast as possible";
    if ui.add(slider).on_hover_text(hint).changed() {
        outcome.asks.push(Ask(Intent::Speed(milli)));
    }
}

fn said(ui: &mut Ui, stage: &Stage) {
    let (words, warns) = pace_words(&stage.status, stage.is_behind());
    let colour = if warns { theme::WARN } else { theme::ACCENT };
    dot(ui, colour);
    ui.label(RichText::new(words).size(12.0).color(if warns { colour } else { theme::TEXT }));
    ui.separator();
    ui.label(RichText::new(clock(stage.published.sim_ms)).size(15.0).color(theme::INK))
        .on_hover_text("Simulated time since the start");
    ui.label(theme::label(format!("tick {}", grouped(stage.published.tick))))
        .on_hover_text(format!("A tick is {} ms of simulated time", stage.published.tick_ms));
}

/// What the clock does, and whether that deserves attention.
fn pace_words(status: &PaceStatus, behind: bool) -> (String, bool) {
    if status.finished {
        ("finished".into(), false)
    } else if status.paused {
        ("paused".into(), true)
    } else if status.speed_milli == SPEED_MAX_MILLI {
        (format!("full speed, {}", times(status.achieved_milli)), false)
    } else if behind {
        (format!("running at {}", times(status.achieved_milli)), true)
    } else {
        (format!("running {}", times(status.speed_milli)), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_behind_is_said_openly() {
        let mut status =
            PaceStatus { speed_milli: 1000, achieved_milli: 600, ..PaceStatus::default() };
        assert_eq!(pace_words(&status, true), ("running at 0.6x".to_owned(), true));
        status.achieved_milli = 990;
        assert_eq!(pace_words(&status, false), ("running 1x".to_owned(), false));
        status.paused = true;
        assert_eq!(pace_words(&status, false).0, "paused");
    }
}
