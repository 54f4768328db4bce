//! What the inspector plots of a node, to be kept: every tick as a row of CSV, or the plots as SVG
//! on white, for print.

use crate::mesh::publish::{MomentView, NodeDetail, Regime};
use crate::panels::figures::escaped;
use crate::panels::widgets;
use crate::view::stage::Stage;
use std::fmt::Write as _;

/// Width of the picture, and height of a plot with its title, in points.
const WIDE: f32 = 720.0;
const HIGH: f32 = 150.0;
/// Room for the scale on the left, and for titles above.
const GUTTER: f32 = 60.0;
const HEAD: f32 = 26.0;
/// Ink of the first line, of the second one, and of thresholds.
const INKS: [&str; 3] = ["#1f5fd0", "#c26a00", "#888888"];

/// Writes the plots of a node into the current folder; says what came of it.
pub fn save(stage: &Stage, detail: &NodeDetail, ending: &str) -> String {
    let path = format!("qres-node-{}-tick-{}.{ending}", detail.id, stage.published.tick);
    let text = if ending == "csv" {
        csv(&detail.history)
    } else {
        let limits = [detail.thresholds.storm, detail.thresholds.calm];
        let unit = widgets::unit(&detail.unit);
        svg((&stage.label(detail.id), unit), limits, &detail.history)
    };
    match std::fs::write(&path, text) {
        Ok(()) => format!("saved {path}"),
        Err(error) => format!("{path}: {error}"),
    }
}

/// A row for each tick; units as in [`MomentView`], energy from 0 to 1.
fn csv(history: &[MomentView]) -> String {
    let mut text = String::from(
        "tick,sampled,signal,prediction,residual,entropy,entropy_smoothed,regime,energy,awake,\
         spent_uj,gathered_uj\n",
    );
    for at in history {
        let regime = match at.regime {
            Regime::Calm => "calm",
            Regime::PreStorm => "prestorm",
            Regime::Storm => "storm",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{regime},{},{},{},{}",
            at.tick,
            u8::from(at.sampled),
            at.raw,
            at.prediction,
            at.residual,
            at.entropy,
            at.smoothed,
            at.energy,
            u8::from(at.awake),
            at.spent_uj,
            at.gathered_uj,
        );
    }
    text
}

/// What one plot shows: title, lines with their names, thresholds.
struct Plot<'a> {
    title: String,
    lines: &'a [(&'a str, fn(&MomentView) -> f32)],
    limits: &'a [f32],
    /// Only ticks with a sample.
    sampled: bool,
}

/// The plots of a node below each other; `limits` are the entropies at which a storm may begin and
/// end.
fn svg((label, unit): (&str, &str), limits: [f32; 2], history: &[MomentView]) -> String {
    let plots = [
        Plot {
            title: format!("signal and prediction, {unit}"),
            lines: &[("signal", |at| at.raw), ("prediction", |at| at.prediction)],
            limits: &[],
            sampled: true,
        },
        Plot {
            title: "recent |residual|, deviations".to_owned(),
            lines: &[("residual", |at| at.residual)],
            limits: &[],
            sampled: false,
        },
        Plot {
            title: "entropy of the residual, with both thresholds of a storm".to_owned(),
            lines: &[("smoothed", |at| at.smoothed), ("entropy", |at| at.entropy)],
            limits: &limits,
            sampled: false,
        },
    ];
    let height = HIGH * plots.len() as f32 + 40.0;
    let (first, last) = span(history);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDE}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{GUTTER}\" y=\"22\" font-size=\"14\">{}, tick {first} to {last}</text>\n",
        escaped(label),
    );
    for (place, plot) in plots.iter().enumerate() {
        plot.print(&mut text, history, 40.0 + HIGH * place as f32);
    }
    text.push_str("</svg>\n");
    text
}

fn span(history: &[MomentView]) -> (u64, u64) {
    let tick = |at: Option<&MomentView>| at.map_or(0, |at| at.tick);
    (tick(history.first()), tick(history.last()))
}

impl Plot<'_> {
    /// Appends the plot, whose top is at `top`.
    fn print(&self, text: &mut String, history: &[MomentView], top: f32) {
        let moments = || history.iter().filter(|at| at.sampled || !self.sampled);
        let values = self.lines.iter().flat_map(|(_, value)| moments().map(value));
        let values = values.chain(self.limits.iter().copied()).filter(|value| value.is_finite());
        let (low, high) =
            values.fold((f32::MAX, f32::MIN), |(low, high), at| (low.min(at), high.max(at)));
        let (upper, lower) = (top + HEAD, top + HIGH - 14.0);
        let title = escaped(&self.title);
        let _ = writeln!(text, "<text x=\"{GUTTER}\" y=\"{}\">{title}</text>", top + 18.0);
        if low > high {
            return;
        }
        let (low, high) = if high - low < 1e-6 { (low - 0.5, high + 0.5) } else { (low, high) };
        let (from, to) = span(history);
        let x = |tick: u64| {
            let share = (tick - from) as f32 / to.saturating_sub(from).max(1) as f32;
            GUTTER + (WIDE - GUTTER - 20.0) * share
        };
        let y = |value: f32| lower - (lower - upper) * (value - low) / (high - low);
        for value in [low, high] {
            let _ = writeln!(
                text,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.2}</text>",
                GUTTER - 6.0,
                y(value) + 4.0
            );
        }
        for value in self.limits {
            let (y, right) = (y(*value), WIDE - 20.0);
            let _ = writeln!(
                text,
                "<path d=\"M{GUTTER} {y:.1}H{right}\" stroke=\"{}\" stroke-dasharray=\"4 3\"/>",
                INKS[2]
            );
        }
        for (place, (name, value)) in self.lines.iter().enumerate().rev() {
            let ink = INKS[place.min(1)];
            let finite = moments().filter(|at| value(at).is_finite());
            let points: Vec<String> =
                finite.map(|at| format!("{:.1},{:.1}", x(at.tick), y(value(at)))).collect();
            let _ = writeln!(
                text,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.2\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{ink}\" text-anchor=\"end\">{name}</text>",
                points.join(" "),
                WIDE - 20.0 - 76.0 * place as f32,
                top + 18.0
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(tick: u64, raw: f32) -> MomentView {
        MomentView {
            tick,
            sampled: !tick.is_multiple_of(2),
            raw,
            prediction: raw + 0.5,
            residual: 1.0,
            entropy: 0.2,
            smoothed: 0.3,
            regime: Regime::PreStorm,
            energy: 0.5,
            awake: true,
            spent_uj: 12.5,
            gathered_uj: 0.0,
        }
    }

    #[test]
    fn a_row_for_each_tick() {
        let text = csv(&[moment(7, 21.5), moment(8, f32::NAN)]);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert!(rows.iter().all(|row| row.len() == 12), "{text}");
        assert_eq!(rows[1][..4], ["7", "1", "21.5", "22"]);
        assert_eq!((rows[1][7], rows[2][1], rows[2][10]), ("prestorm", "0", "12.5"));
    }

    #[test]
    fn a_picture_has_every_line_and_no_gap_breaks_it() {
        let history = vec![moment(7, 21.5), moment(8, 0.0), moment(9, f32::NAN), moment(11, 24.0)];
        let text = svg(("node \"3\" & co", "<K>"), [0.5, 0.4], &history);
        assert_eq!(text.matches("<polyline").count(), 5);
        assert!(text.contains("tick 7 to 11") && text.contains("&amp; co"), "{text}");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        // A tick without a sample is no point of the signal.
        let signal = text.lines().rfind(|line| line.contains("polyline") && line.contains(INKS[0]));
        assert!(signal.is_some());
        let none = svg(("nobody", ""), [0.5, 0.4], &[]);
        assert!(none.ends_with("</svg>\n") && !none.contains("NaN"), "{none}");
    }
}
