//! The stretch of a run that timeline and figures show, and the tick under the pointer: one for
//! all of them, so that a spike in one can be looked up in another.

use bevy_egui::egui::{Rangef, Rect, Response, Ui};

/// The fewest ticks that can be looked at.
const LEAST_TICKS: f64 = 20.0;

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    /// First and last tick on show; `None`: the whole run.
    chosen: Option<(f64, f64)>,
    /// The length of the whole run, in ticks.
    whole: f64,
    /// The tick under the pointer, in this frame and in the last one.
    pub cursor: Option<f64>,
    /// The tick that was last asked for.
    pub chosen_tick: Option<u64>,
    pointed: Option<f64>,
}

impl Span {
    /// Begins a frame of a run that has come to `tick` of `planned`.
    pub fn begin(&mut self, tick: u64, planned: u64) {
        self.whole = tick.max(planned).max(1) as f64;
        self.cursor = self.pointed.take();
        // Another run may be shorter than what was looked at.
        self.chosen = self.chosen.filter(|(_, to)| *to <= self.whole);
        self.chosen_tick = self.chosen_tick.filter(|tick| *tick as f64 <= self.whole);
    }

    /// First and last tick on show.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        self.chosen.unwrap_or((0.0, self.whole))
    }

    /// Where a tick is, across a strip.
    #[must_use]
    pub fn x(&self, tick: f64, across: Rangef) -> f32 {
        let (from, to) = self.range();
        across.min + across.span() * ((tick - from) / (to - from)) as f32
    }

    /// The tick at a place across a strip.
    #[must_use]
    pub fn tick(&self, x: f32, across: Rangef) -> f64 {
        let (from, to) = self.range();
        from + (to - from) * f64::from((x - across.min) / across.span().max(1.0))
    }

    /// Lets a strip be pointed at, zoomed by the wheel, and dragged.
    pub fn steer(&mut self, ui: &Ui, strip: Rect, response: &Response) {
        let across = strip.x_range();
        if let Some(at) = response.hover_pos().filter(|at| across.contains(at.x)) {
            let tick = self.tick(at.x, across);
            self.pointed = Some(tick);
            // Nothing below scrolls by the same turn of the wheel.
            let wheel = ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.y));
            if wheel != 0.0 {
                self.zoom(tick, f64::from((-wheel * 0.004).exp()));
            }
        }
        let dragged = response.drag_delta().x;
        if dragged != 0.0 && self.chosen.is_some() {
            let (from, to) = self.range();
            let by = f64::from(dragged / across.span().max(1.0)) * (to - from);
            let by = by.clamp(to - self.whole, from);
            self.chosen = Some((from - by, to - by));
        }
    }

    /// Shows the whole run.
    pub fn show_all(&mut self) {
        (self.chosen, self.chosen_tick) = (None, None);
    }

    /// Whether only a part of the run is on show.
    #[must_use]
    pub const fn is_zoomed(&self) -> bool {
        self.chosen.is_some()
    }

    fn zoom(&mut self, at: f64, factor: f64) {
        let (from, to) = self.range();
        let length = ((to - from) * factor).clamp(LEAST_TICKS.min(self.whole), self.whole);
        let before = (at - from) / (to - from).max(1e-9);
        let from = (at - before * length).clamp(0.0, self.whole - length);
        self.chosen = (length < self.whole * 0.999).then_some((from, from + length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_tick_under_the_pointer() {
        let mut span = Span::default();
        span.begin(400, 1_000);
        let across = Rangef::new(100.0, 300.0);
        let before = span.x(250.0, across);
        span.zoom(250.0, 0.5);
        assert!((span.x(250.0, across) - before).abs() < 1e-3);
        assert!((span.tick(before, across) - 250.0).abs() < 1e-3);
        span.zoom(250.0, 1e6);
        span.zoom(900.0, 0.2);
        span.begin(10, 50);
        assert_eq!(span.chosen, None, "a shorter run is shown in whole");
        span.begin(400, 1_000);
        assert_eq!(span.chosen, None);
        span.zoom(0.0, 1e-9);
        let (from, to) = span.range();
        assert!(from.abs() < 1e-9 && (to - LEAST_TICKS).abs() < 1e-9);
    }
}
