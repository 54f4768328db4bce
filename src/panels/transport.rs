//! Above the scene: the clock and what moves it; below that, what is special about the tick on
//! show: that it is past, that another one is on its way.

use super::icons::{self, Icon};
use super::widgets::{bar, bytes, clock, dot, grouped, times};
use super::{Outcome, theme};
use crate::pace::{Intent, PaceStatus, SPEED_MAX_MILLI, SPEED_MIN_MILLI, Travel, Work};
use crate::record::recording::Note;
use crate::view::actions::{Action, entry_of};
use crate::view::stage::{Ask, Look, Stage};
use bevy_egui::egui::{Align2, Area, Context, Rect, RichText, Slider, SliderClamping, Ui, vec2};

/// Below this width of the scene the slider is left out.
const ROOMY: f32 = 640.0;
/// Below this width the clock stands under the buttons.
const ONE_LINE: f32 = 500.0;
/// Work that takes less than this is not worth a word, in seconds.
const BLINK: f64 = 0.3;

/// What the bar remembers.
#[derive(Default)]
pub struct Transport {
    /// When the work in hand was first seen.
    since: Option<f64>,
}

impl Transport {
    /// Draws it over the top of `scene`; says how much height it takes.
    pub fn show(
        &mut self,
        context: &Context,
        (stage, look): (&Stage, &Look),
        scene: Rect,
        outcome: &mut Outcome,
    ) -> f32 {
        let now = context.input(|input| input.time);
        self.since = stage.travel.work.map(|_| self.since.unwrap_or(now));
        let slow = self.since.is_some_and(|since| now - since > BLINK);
        let area = Area::new("transport".into())
            .pivot(Align2::CENTER_TOP)
            .fixed_pos(scene.center_top())
            .default_size(vec2(scene.width(), 34.0))
            .show(context, |ui| {
                theme::caption().show(ui, |ui| {
                    ui.horizontal(|ui| {
                        ui.spacing_mut().item_spacing.x = 5.0;
                        buttons(ui, stage, outcome);
                        if scene.width() > ROOMY {
                            speed(ui, &stage.status, outcome);
                        }
                        if scene.width() > ONE_LINE {
                            said(ui, stage);
                        }
                    });
                    if scene.width() <= ONE_LINE {
                        ui.horizontal(|ui| {
                            ui.spacing_mut().item_spacing.x = 5.0;
                            said(ui, stage);
                        });
                    }
                    match stage.travel.work.filter(|_| slow) {
                        Some(work) => working(ui, work, outcome),
                        None if stage.travel.is_past => past(ui, &stage.travel, outcome),
                        None => {}
                    }
                    lamps(ui, stage, look, outcome);
                    if let Some((done, of)) = stage.travel.indexed.filter(|(done, of)| done < of) {
                        indexing(ui, done, of);
                    }
                });
            });
        area.response.rect.height() + 8.0
    }
}

fn buttons(ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
    let reversed = stage.travel.is_reversed;
    let pause = if stage.status.paused { Icon::Play } else { Icon::Pause };
    for (icon, action) in [
        (Icon::Restart, Action::Restart),
        (Icon::Back, Action::StepBack),
        (Icon::Reverse, Action::Reverse),
        (pause, Action::TogglePause),
        (Icon::Step, Action::Step),
        (Icon::Slower, Action::Slower),
        (Icon::Faster, Action::Faster),
        (Icon::Record, Action::Record),
    ] {
        let lit = match action {
            Action::Reverse => reversed,
            Action::Record => stage.tape.asked.is_some(),
            _ => false,
        };
        if super::explained(icons::button(ui, icon, lit), entry_of(action)).clicked() {
            outcome.actions.push(action);
        }
    }
}

/// A slider over all speeds, a step to the right being a factor.
fn speed(ui: &mut Ui, status: &PaceStatus, outcome: &mut Outcome) {
    let mut milli = status.speed_milli;
    ui.spacing_mut().slider_width = 100.0;
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
    let (words, warns) = pace_words(&stage.status, &stage.travel, stage.is_behind());
    let colour = if warns { theme::WARN } else { theme::ACCENT };
    dot(ui, colour);
    ui.label(RichText::new(words).size(12.0).color(if warns { colour } else { theme::TEXT }));
    ui.separator();
    ui.label(RichText::new(clock(stage.published.sim_ms)).size(15.0).color(theme::INK))
        .on_hover_text("Simulated time since the start");
    ui.label(theme::label(format!("tick {}", grouped(stage.published.tick))))
        .on_hover_text(format!("A tick is {} ms of simulated time", stage.published.tick_ms));
}

/// The tick on show is not the newest one.
fn past(ui: &mut Ui, travel: &Travel, outcome: &mut Outcome) {
    ui.horizontal(|ui| {
        let (now, newest) = (grouped(travel.now), grouped(travel.newest));
        let said = format!("in the past: tick {now} of {newest}");
        ui.label(RichText::new(said).size(12.0).color(theme::WARN));
        let back = icons::button(ui, Icon::Latest, false);
        if super::explained(back, entry_of(Action::Latest)).clicked() {
            outcome.actions.push(Action::Latest);
        }
        ui.label(theme::text("back to now"));
        ui.label(theme::label("a command given here begins a second world").size(11.0));
    });
}

/// Another tick is on its way.
fn working(ui: &mut Ui, work: Work, outcome: &mut Outcome) {
    ui.horizontal(|ui| {
        bar(ui, share(work), 120.0, theme::ACCENT);
        let (at, to) = (grouped(work.at), grouped(work.to));
        ui.label(theme::text(format!("at tick {at} on the way to {to}")));
        if ui.button("stop here").on_hover_text("Stays at the tick that it has come to").clicked() {
            outcome.asks.push(Ask(Intent::Seek(work.at)));
        }
    });
}

/// What is being recorded, and how far a replay is as it was.
fn lamps(ui: &mut Ui, stage: &Stage, look: &Look, outcome: &mut Outcome) {
    if let Some(status) = &stage.tape.asked {
        ui.horizontal(|ui| {
            dot(ui, theme::recording());
            let name = status.path.file_name().unwrap_or_default().to_string_lossy();
            ui.label(theme::text(format!("recording {name}, {}", bytes(status.bytes))))
                .on_hover_text(format!("{} lines. F2 ends it", grouped(status.lines)));
        });
    }
    if stage.disk_is_slow {
        ui.horizontal(|ui| {
            dot(ui, theme::WARN);
            let said = "the disk is slow: the run waits for its recording";
            ui.label(RichText::new(said).size(12.0).color(theme::WARN))
                .on_hover_text("Nothing is lost. It goes on once the disk has taken what waits");
        });
    }
    if !stage.is_replay {
        return;
    }
    let verified = &stage.travel.verified;
    ui.horizontal(|ui| {
        if let Some(mismatch) = &verified.mismatch {
            dot(ui, theme::WARN);
            let said = format!("replay: another state than was recorded; {}", mismatch.text);
            ui.label(RichText::new(said).size(12.0).color(theme::WARN));
        } else {
            dot(ui, theme::PARTS[3]);
            let said = format!("replay: verified up to tick {}", grouped(verified.up_to));
            ui.label(theme::text(said))
                .on_hover_text(format!("{} checkpoints of the recording hold", verified.held));
        }
    });
    if stage.notes.iter().any(|remark| remark.note != Note::Reached) {
        as_watched(ui, look, outcome);
    }
}

/// Whether a replay is shown as it was watched.
fn as_watched(ui: &mut Ui, look: &Look, outcome: &mut Outcome) {
    ui.horizontal(|ui| {
        ui.label(theme::label("as recorded:"));
        for (action, mut on, said) in [
            (Action::AsWatched, look.as_watched, "camera"),
            (Action::PaceAsWatched, look.pace_as_watched, "speed and pauses"),
        ] {
            let box_ = ui.checkbox(&mut on, theme::text(said));
            if super::explained(box_, entry_of(action)).changed() {
                outcome.actions.push(action);
            }
        }
    });
}

/// A recording is being read ahead.
fn indexing(ui: &mut Ui, done: u64, of: u64) {
    ui.horizontal(|ui| {
        bar(ui, done as f32 / of.max(1) as f32, 120.0, theme::FAINT);
        let said = format!("indexing: {} of {} ticks", grouped(done), grouped(of));
        ui.label(theme::label(said)).on_hover_text("Until then, far ticks take longer to reach");
    });
}

/// How much of the way is done.
fn share(work: Work) -> f32 {
    let way = work.to.saturating_sub(work.from).max(1);
    work.at.saturating_sub(work.from) as f32 / way as f32
}

/// What the clock does, and whether that deserves attention.
fn pace_words(status: &PaceStatus, travel: &Travel, behind: bool) -> (String, bool) {
    if status.finished {
        ("finished".into(), false)
    } else if status.paused {
        ("paused".into(), true)
    } else if travel.is_reversed {
        (format!("backwards {}", times(status.speed_milli)), false)
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
        let mut travel = Travel::default();
        assert_eq!(pace_words(&status, &travel, true), ("running at 0.6x".to_owned(), true));
        status.achieved_milli = 990;
        assert_eq!(pace_words(&status, &travel, false), ("running 1x".to_owned(), false));
        travel.is_reversed = true;
        assert_eq!(pace_words(&status, &travel, true).0, "backwards 1x");
        status.paused = true;
        assert_eq!(pace_words(&status, &travel, false).0, "paused");
    }

    #[test]
    fn the_way_to_a_tick_is_told_as_a_share() {
        assert!((share(Work { from: 100, at: 150, to: 300 }) - 0.25).abs() < 1e-6);
        assert!(share(Work { from: 5, at: 5, to: 5 }).abs() < 1e-6);
    }
}
