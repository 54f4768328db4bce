//! The swarm in figures over the run: least, mean and greatest of every stretch, so that no spike
//! is lost, with the timeline's cursor in all of them. They can be saved as CSV and as SVG.

use super::names::NAMES;
use super::span::Span;
use super::timeline;
use super::{Outcome, theme};
use crate::mesh::publish::Regime;
use crate::pace::history::{Band, Point, Series, Snapshot};
use crate::view::stage::{Look, Stage};
use bevy_egui::egui::{
    Align2, Color32, Mesh, Painter, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, Ui, pos2, vec2,
};
use std::fmt::Write as _;

/// Height of a chart.
const HEIGHT: f32 = 84.0;
/// Least width of a chart.
const WIDTH: f32 = 250.0;
/// Room for the numbers on the left.
const GUTTER: f32 = 40.0;

/// A chart: what it is called, what it counts in, and its series.
struct Chart {
    title: &'static str,
    unit: &'static str,
    hint: &'static str,
    series: &'static [Series],
}

const CHARTS: &[Chart] = &[
    Chart {
        title: "regimes",
        unit: "nodes",
        hint: "Nodes that believe in a storm, or that one is near",
        series: &[Series::PreStorm, Series::Storm],
    },
    Chart {
        title: "energy",
        unit: "of full",
        hint: "Energy left: mean of all nodes, and the node that has least",
        series: &[Series::EnergyMean, Series::EnergyLeast],
    },
    Chart {
        title: "on the air",
        unit: "bytes a tick",
        hint: "Bytes sent, and what federated averaging would have sent for as many updates",
        series: &[Series::Bytes, Series::FederatedBytes],
    },
    Chart {
        title: "models",
        unit: "weights",
        hint: "How far shared models are apart, and how far they have moved",
        series: &[Series::Spread, Series::Drift],
    },
    Chart {
        title: "residual",
        unit: "deviations",
        hint: "Mean recent |residual| of all nodes",
        series: &[Series::Residual],
    },
    Chart {
        title: "trust",
        unit: "nodes",
        hint: "Nodes that a neighbour bans, and adversaries that an honest node has found out",
        series: &[Series::Banned, Series::Detected],
    },
    Chart {
        title: "radios",
        unit: "nodes",
        hint: "Nodes asleep through the tick, and nodes with power",
        series: &[Series::Asleep, Series::Alive],
    },
    Chart {
        title: "work",
        unit: "a tick",
        hint: "Frames lost, and merges that changed a model",
        series: &[Series::Lost, Series::Merges],
    },
];

/// Draws them, as many side by side as fit.
pub fn show(ui: &mut Ui, stage: &Stage, look: &Look, span: &mut Span, outcome: &mut Outcome) {
    let mut world = World::First;
    ui.horizontal(|ui| {
        world = World::choose(ui, stage);
        for (name, ending) in [("save as CSV", "csv"), ("save as SVG", "svg")] {
            if ui.small_button(name).clicked() {
                outcome.notice = Some(save(stage, look, world, ending));
            }
        }
        ui.label(theme::label("wheel: zoom   drag: move   double click: all"));
    });
    let history = world.history(stage);
    let columns = ((ui.available_width() / WIDTH) as usize).clamp(1, CHARTS.len());
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for row in CHARTS.chunks(columns) {
            ui.columns(columns, |columns| {
                for (ui, chart) in columns.iter_mut().zip(row) {
                    chart.show(ui, history, look, span);
                }
            });
        }
    });
}

/// Whose figures are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum World {
    #[default]
    First,
    Second,
}

impl World {
    /// Lets the user choose while there are two; alone, it is the first one.
    fn choose(ui: &mut Ui, stage: &Stage) -> Self {
        let id = ui.id().with("world");
        if stage.other.is_none() {
            return Self::First;
        }
        let mut chosen: Self = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        for (world, name) in [(Self::First, NAMES[0]), (Self::Second, NAMES[1])] {
            ui.selectable_value(&mut chosen, world, name)
                .on_hover_text("Whose figures are shown, and saved");
        }
        ui.add_space(8.0);
        ui.data_mut(|data| data.insert_temp(id, chosen));
        chosen
    }

    const fn history(self, stage: &Stage) -> &Snapshot {
        match self {
            Self::First => &stage.history,
            Self::Second => &stage.other_history,
        }
    }

    /// What a file of its figures is called by, beside the tick.
    const fn suffix(self) -> &'static str {
        match self {
            Self::First => "",
            Self::Second => "-what-if",
        }
    }
}

impl Chart {
    fn show(&self, ui: &mut Ui, history: &Snapshot, look: &Look, span: &mut Span) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(theme::value(self.title)).on_hover_text(self.hint);
            for (place, series) in self.series.iter().enumerate() {
                let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                let y = dot.center().y;
                ui.painter().hline(
                    dot.x_range(),
                    y,
                    Stroke::new(2.0, colour(*series, place, look)),
                );
                ui.label(theme::label(series.name()).size(11.0));
            }
        });
        let size = vec2(ui.available_width(), HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let inner = rect.shrink2(vec2(3.0, 6.0)).with_min_x(rect.left() + GUTTER);
        span.steer(ui, inner, &response);
        if response.double_clicked() {
            span.show_all();
        }
        let paint = ui.painter_at(rect);
        paint.rect_filled(rect, 4.0, theme::WELL.gamma_multiply(0.6));
        let top = self.top(history, span);
        for share in [0.0, 0.5, 1.0] {
            let y = inner.bottom() - inner.height() * share;
            paint.hline(inner.x_range(), y, Stroke::new(1.0, theme::OUTLINE.gamma_multiply(0.5)));
            let at = pos2(inner.left() - 4.0, y);
            let text = short(top * share);
            paint.text(at, Align2::RIGHT_CENTER, text, theme::small_font(), theme::FAINT);
        }
        let clipped = paint.with_clip_rect(inner.expand(1.0));
        for (place, series) in self.series.iter().enumerate().rev() {
            line(&clipped, inner, history, *series, top, span, colour(*series, place, look));
        }
        timeline::cursor(&paint, inner, span);
        self.values(&paint, inner, history, span);
    }

    /// Writes it as SVG, into this rectangle.
    fn print(&self, text: &mut String, history: &Snapshot, look: &Look, inner: Rect, span: &Span) {
        let top = self.top(history, span);
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\">{} ({})</text>\n<rect x=\"{}\" y=\"{}\" width=\"{}\" \
             height=\"{}\" fill=\"none\" stroke=\"#bbb\"/>",
            inner.left(),
            inner.top() - 5.0,
            self.title,
            self.unit,
            inner.left(),
            inner.top(),
            inner.width(),
            inner.height()
        );
        for share in [0.0, 1.0] {
            let y = inner.bottom() - inner.height() * share;
            let _ = writeln!(
                text,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                inner.left() - 5.0,
                y + 4.0,
                short(top * share)
            );
        }
        for (place, series) in self.series.iter().enumerate() {
            let [r, g, b, _] = colour(*series, place, look).to_array();
            let points: Vec<String> = history
                .points()
                .map(|point| {
                    let x = span.x(point.tick as f64, inner.x_range());
                    let share = (point.of(*series).mean / top).clamp(0.0, 1.0);
                    format!("{x:.1},{:.1}", inner.bottom() - inner.height() * share)
                })
                .collect();
            let _ = writeln!(
                text,
                "<polyline fill=\"none\" stroke=\"rgb({},{},{})\" stroke-width=\"1.3\" \
                 points=\"{}\"/>\n<text x=\"{}\" y=\"{}\" fill=\"rgb({},{},{})\">{}</text>",
                r / 4 * 3,
                g / 4 * 3,
                b / 4 * 3,
                points.join(" "),
                inner.left() + 180.0 + 140.0 * place as f32,
                inner.top() - 5.0,
                r / 4 * 3,
                g / 4 * 3,
                b / 4 * 3,
                series.name()
            );
        }
    }

    /// The largest value on show, never nothing.
    fn top(&self, history: &Snapshot, span: &Span) -> f32 {
        let (from, to) = span.range();
        let on_show = history.points().filter(|point| {
            (point.tick + u64::from(point.ticks)) as f64 >= from && point.tick as f64 <= to
        });
        let greatest = |point: &Point| {
            self.series.iter().map(|series| point.of(*series).greatest).fold(0.0, f32::max)
        };
        on_show.map(greatest).filter(|value| value.is_finite()).fold(1e-3, f32::max)
    }

    /// What the series are at the cursor.
    fn values(&self, paint: &Painter, inner: Rect, history: &Snapshot, span: &Span) {
        let Some(tick) = span.cursor else { return };
        let at = |point: &&Point| {
            (point.tick as f64..(point.tick + u64::from(point.ticks)) as f64).contains(&tick)
        };
        let Some(here) = history.points().find(at) else { return };
        let values: Vec<String> =
            self.series.iter().map(|series| short(here.of(*series).mean)).collect();
        let text = format!("{} {}", values.join(" / "), self.unit);
        let corner = pos2(inner.right() - 2.0, inner.top());
        let galley = paint.layout_no_wrap(text, theme::small_font(), theme::INK);
        let rect = Align2::RIGHT_TOP.anchor_size(corner, galley.size());
        paint.rect_filled(rect.expand(2.0), 2.0, theme::SURFACE);
        paint.galley(rect.min, galley, theme::INK);
    }
}

/// Regimes have their own colours; others are told apart by place.
fn colour(series: Series, place: usize, look: &Look) -> Color32 {
    match series {
        Series::Storm => theme::regime(look.palette, Regime::Storm),
        Series::PreStorm => theme::regime(look.palette, Regime::PreStorm),
        _ if place == 0 => theme::ACCENT,
        _ => theme::PREDICTION,
    }
}

/// The mean as a line over the band from least to greatest. One step a pixel is enough.
fn line(
    paint: &Painter,
    inner: Rect,
    history: &Snapshot,
    series: Series,
    top: f32,
    span: &Span,
    colour: Color32,
) {
    let y = |value: f32| inner.bottom() - inner.height() * (value / top).clamp(0.0, 1.0);
    let mut means: Vec<Pos2> = Vec::new();
    let mut band = Mesh::default();
    let fill = colour.gamma_multiply(0.22);
    // What is narrower than a pixel is one step, from its least to its greatest.
    let mut column: Option<(f32, Band)> = None;
    let mut step = |x: f32, value: Band| {
        let count = band.vertices.len() as u32;
        band.colored_vertex(pos2(x, y(value.greatest)), fill);
        band.colored_vertex(pos2(x, y(value.least)), fill);
        if count >= 2 {
            band.add_triangle(count - 2, count - 1, count);
            band.add_triangle(count - 1, count, count + 1);
        }
        means.push(pos2(x, y(value.mean)));
    };
    for point in history.points() {
        let middle = point.tick as f64 + f64::from(point.ticks) * 0.5;
        let x = span.x(middle, inner.x_range());
        let value = point.of(series);
        if x < inner.left() - 4.0 || x > inner.right() + 4.0 || !value.mean.is_finite() {
            continue;
        }
        column = match column {
            Some((start, open)) if x - start < 1.0 => Some((start, open.with(&value))),
            Some((start, whole)) => {
                step(start, whole);
                Some((x, value))
            }
            None => Some((x, value)),
        };
    }
    if let Some((start, last)) = column {
        step(start, last);
    }
    paint.add(Shape::mesh(band));
    paint.add(Shape::line(means, Stroke::new(1.4, colour)));
}

/// A number short enough for the gutter.
fn short(value: f32) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{:.1}M", value / 1e6),
        size if size >= 1e4 => format!("{:.0}k", value / 1e3),
        size if size >= 1e3 => format!("{:.1}k", value / 1e3),
        size if size >= 10.0 || value == 0.0 => format!("{value:.0}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Writes the figures into the current folder; says what came of it.
fn save(stage: &Stage, look: &Look, world: World, ending: &str) -> String {
    let (tick, suffix) = (stage.published.tick, world.suffix());
    let path = format!("qres-figures-tick-{tick}{suffix}.{ending}");
    let text = match ending {
        "csv" => csv(world.history(stage)),
        _ => svg(stage, look, world),
    };
    match std::fs::write(&path, text) {
        Ok(()) => format!("saved {path}"),
        Err(error) => format!("{path}: {error}"),
    }
}

/// A row for each point: its first tick, how many ticks it stands for, and of every series the
/// least, mean and greatest.
#[must_use]
pub fn csv(history: &Snapshot) -> String {
    let mut text = String::from("tick,ticks");
    for series in Series::ALL {
        let name = series.name().replace(", ", "_").replace([' ', '-'], "_");
        let _ = write!(text, ",{name}_least,{name}_mean,{name}_greatest");
    }
    text.push('\n');
    for point in history.points() {
        let _ = write!(text, "{},{}", point.tick, point.ticks);
        for series in Series::ALL {
            let band = point.of(series);
            let _ = write!(text, ",{},{},{}", band.least, band.mean, band.greatest);
        }
        text.push('\n');
    }
    text
}

/// All charts below each other, on white, for print.
fn svg(stage: &Stage, look: &Look, world: World) -> String {
    const WIDE: f32 = 720.0;
    const HIGH: f32 = 130.0;
    let mut span = Span::default();
    span.begin(stage.newest(), stage.newest());
    let height = HIGH * CHARTS.len() as f32 + 40.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDE}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"60\" y=\"20\" font-size=\"14\">{}{}, tick 0 to {}</text>\n",
        escaped(&stage.scene.title),
        if world == World::Second { ", what if" } else { "" },
        stage.published.tick
    );
    for (place, chart) in CHARTS.iter().enumerate() {
        let corner = pos2(60.0, 50.0 + HIGH * place as f32);
        let inner = Rect::from_min_size(corner, vec2(WIDE - 80.0, HIGH - 36.0));
        chart.print(&mut text, world.history(stage), look, inner, &span);
    }
    text.push_str("</svg>\n");
    text
}

/// A text as XML has it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::chronicle::Pulse;
    use crate::pace::history::History;

    #[test]
    fn a_row_for_each_point_and_a_column_for_each_figure() {
        let mut history = History::default();
        for tick in 0..3 {
            history.push(&Pulse { tick, bytes: 10 * tick, ..Pulse::default() });
        }
        let text = csv(&history.snapshot());
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().all(|row| row.len() == 2 + 3 * Series::ALL.len()));
        let bytes = rows[0].iter().position(|name| *name == "bytes_mean");
        assert_eq!(bytes.map(|place| rows[3][place]), Some("20"));
    }

    #[test]
    fn numbers_fit_the_gutter() {
        for (value, text) in
            [(0.0, "0"), (0.004, "0.004"), (0.5, "0.50"), (42.0, "42"), (1234.0, "1.2k")]
        {
            assert_eq!(short(value), text);
        }
        assert_eq!(short(3.2e7), "32.0M");
        assert_eq!(escaped("a < b & c"), "a &lt; b &amp; c");
    }
}
