//! Frames, ticks, and who draws.

use super::theme;
use super::widgets::{grouped, row, section, times};
use crate::view::stage::Stage;
use bevy_egui::egui::{Align2, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};
use std::collections::VecDeque;

/// Frames that are remembered.
const FRAMES: usize = 240;
/// What a frame may take for 60 a second, in milliseconds.
const SMOOTH_MS: f32 = 1000.0 / 60.0;

/// How long the last frames took.
#[derive(Default)]
pub struct Frames(VecDeque<f32>);

impl Frames {
    /// Takes the length of another frame, in seconds.
    pub fn push(&mut self, seconds: f32) {
        if self.0.len() == FRAMES {
            self.0.pop_front();
        }
        self.0.push_back(seconds * 1000.0);
    }

    /// The frame that a share of all did not exceed, in milliseconds.
    fn quantile(&self, share: f32) -> f32 {
        let mut sorted: Vec<f32> = self.0.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let place = (share * sorted.len().saturating_sub(1) as f32).round() as usize;
        sorted.get(place).copied().unwrap_or_default()
    }

    /// Draws it.
    pub fn show(&self, ui: &mut Ui, stage: &Stage) {
        if stage.software {
            let said = "No graphics card is in use: the processor draws, and shares its time \
                        with the mesh. Small windows are quicker.";
            ui.label(RichText::new(said).size(12.0).color(theme::WARN));
        }
        section(ui, "frames");
        self.graph(ui);
        let typical = self.quantile(0.5);
        let said = format!("{typical:.1} ms, {:.0} a second", 1000.0 / typical.max(0.1));
        let hint = "Median of the last 240 frames, in milliseconds from one to the next";
        row(ui, "typical", said, hint);
        let hint = "One frame in 20 took longer, of the last 240";
        row(ui, "slowest of 20", format!("{:.1} ms", self.quantile(0.95)), hint);
        if let Some(first) = stage.first_picture_ms {
            let hint = "Seconds from the start of the command to the first picture of the mesh";
            row(ui, "first picture after", format!("{:.1} s", first as f64 / 1000.0), hint);
        }
        section(ui, "ticks");
        let hint = "Simulated seconds in a second, as the speed is set";
        row(ui, "asked for", times(stage.status.speed_milli), hint);
        let hint = "Simulated seconds in a second, as the machine does them now";
        row(ui, "reached", times(stage.status.achieved_milli), hint);
        let ticks =
            u64::from(stage.status.achieved_milli) / u64::from(stage.published.tick_ms.max(1));
        let hint = format!(
            "Ticks done in a second of real time; one is {} simulated ms",
            grouped(u64::from(stage.published.tick_ms))
        );
        row(ui, "ticks a second", grouped(ticks), &hint);
        let nodes = stage.published.nodes.len() as u64;
        let hint = "Ticks a second times the number of nodes";
        row(ui, "node-ticks a second", grouped(ticks * nodes), hint);
    }

    fn graph(&self, ui: &mut Ui) {
        let size = vec2(ui.available_width(), 54.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.on_hover_text("Milliseconds of the last 240 frames; below the line all is smooth");
        let paint = ui.painter_at(rect);
        paint.rect_filled(rect, 4.0, theme::WELL.gamma_multiply(0.7));
        let top = self.quantile(1.0).max(2.0 * SMOOTH_MS);
        let height = |ms: f32| rect.bottom() - rect.height() * (ms / top).clamp(0.0, 1.0);
        let step = rect.width() / FRAMES as f32;
        for (place, ms) in self.0.iter().enumerate() {
            let x = rect.left() + step * place as f32;
            let bar = Rect::from_min_max(pos2(x, height(*ms)), pos2(x + step, rect.bottom()));
            let late = *ms > 1.5 * SMOOTH_MS;
            paint.rect_filled(bar, 0.0, if late { theme::WARN } else { theme::ACCENT });
        }
        paint.hline(rect.x_range(), height(SMOOTH_MS), Stroke::new(1.0, theme::FAINT));
        let at = pos2(rect.right() - 4.0, height(SMOOTH_MS) - 2.0);
        paint.text(at, Align2::RIGHT_BOTTOM, "60 a second", theme::small_font(), theme::FAINT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_come_from_the_last_frames_only() {
        let mut frames = Frames::default();
        assert!(frames.quantile(0.5) < 1e-6);
        (0..1000).for_each(|_| frames.push(1.0));
        (0..FRAMES).for_each(|n| frames.push(n as f32 / 1000.0));
        assert!(frames.quantile(0.0) < 1e-6);
        assert!((frames.quantile(1.0) - 239.0).abs() < 1e-3);
        assert!((frames.quantile(0.5) - 120.0).abs() < 1.5);
    }
}
