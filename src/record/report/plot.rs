//! Line plots as inline SVG: axes with round numbers, several curves told apart by colour and dash,
//! bands around them, spans of time behind them. Must not know what is plotted.

use std::fmt::Write as _;

use super::html::{escaped, shown};

/// Size in units of the drawing.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
/// Room for numbers: left, right, top, below.
const ROOM: [f64; 4] = [60.0, 10.0, 10.0, 40.0];
/// Curves that have a colour of their own.
const COLOURS: usize = 6;

/// A curve.
#[derive(Debug, Clone, Default)]
pub(super) struct Curve {
    pub name: String,
    /// Rising in x.
    pub points: Vec<(f64, f64)>,
    /// Lowest and highest at each point; empty for none.
    pub band: Vec<(f64, f64)>,
    /// Whether single points are marked.
    pub is_dotted: bool,
}

/// A plot.
#[derive(Debug, Clone, Default)]
pub(super) struct Plot {
    pub title: String,
    /// What it means, with its unit.
    pub meaning: String,
    pub x_name: String,
    pub curves: Vec<Curve>,
    /// Spans of x behind the curves, and what they are.
    pub spans: Vec<(f64, f64)>,
    pub span_name: &'static str,
    /// The top of the axis, where it is known beforehand.
    pub y_most: Option<f64>,
}

/// From values to places in the drawing.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    fn x(&self, value: f64) -> f64 {
        let inside = WIDTH - ROOM[0] - ROOM[1];
        ROOM[0] + (value - self.x.0) / (self.x.1 - self.x.0) * inside
    }

    fn y(&self, value: f64) -> f64 {
        let inside = HEIGHT - ROOM[2] - ROOM[3];
        ROOM[2] + (self.y.1 - value) / (self.y.1 - self.y.0) * inside
    }
}

impl Plot {
    /// The plot as a figure of a page; empty where there is nothing to draw.
    pub fn draw(&self) -> String {
        let Some(scale) = self.scale() else { return String::new() };
        let mut out = String::new();
        let (title, meaning) = (escaped(&self.title), escaped(&self.meaning));
        let _ = writeln!(out, "<figure><figcaption>{title}<small>{meaning}</small></figcaption>");
        let _ = writeln!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">"
        );
        self.spans(&scale, &mut out);
        axes(&scale, &self.x_name, &mut out);
        for (place, curve) in self.curves.iter().enumerate() {
            draw(curve, place % COLOURS, &scale, &mut out);
        }
        out.push_str("</svg>\n");
        self.key(&mut out);
        out.push_str("</figure>\n");
        out
    }

    fn scale(&self) -> Option<Scale> {
        let points = self.curves.iter().flat_map(|curve| &curve.points);
        let finite = |(x, y): &&(f64, f64)| x.is_finite() && y.is_finite();
        let (mut x, mut y) = ((f64::MAX, f64::MIN), (0.0_f64, self.y_most.unwrap_or(0.0)));
        for (at, value) in points.filter(finite) {
            x = (x.0.min(*at), x.1.max(*at));
            y = (y.0.min(*value), y.1.max(*value));
        }
        for (low, high) in self.curves.iter().flat_map(|curve| &curve.band) {
            y = (y.0.min(*low), y.1.max(*high));
        }
        if x.0 > x.1 {
            return None;
        }
        if x.0 == x.1 {
            x = (x.0 - 0.5, x.1 + 0.5);
        }
        if y.0 >= y.1 {
            y.1 = y.0 + 1.0;
        }
        let step = step(y.1 - y.0);
        Some(Scale { x, y: ((y.0 / step).floor() * step, (y.1 / step).ceil() * step) })
    }

    fn spans(&self, scale: &Scale, out: &mut String) {
        let (top, bottom) = (ROOM[2], HEIGHT - ROOM[3]);
        for (from, to) in &self.spans {
            let (from, to) = (from.max(scale.x.0), to.min(scale.x.1));
            if from < to {
                let (left, right) = (scale.x(from), scale.x(to));
                let (width, height) = (right - left, bottom - top);
                let _ = writeln!(
                    out,
                    "<rect class=\"span\" x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" \
                     height=\"{height}\"/>"
                );
            }
        }
    }

    fn key(&self, out: &mut String) {
        if self.curves.len() < 2 && self.spans.is_empty() {
            return;
        }
        out.push_str("<div class=\"key\">");
        for (place, curve) in self.curves.iter().enumerate() {
            let (colour, name) = (place % COLOURS, escaped(&curve.name));
            let _ = write!(
                out,
                "<span><svg viewBox=\"0 0 32 14\"><path class=\"curve c{colour} dash{colour}\" \
                 d=\"M0 7H32\"/></svg>{name}</span>"
            );
        }
        if !self.spans.is_empty() {
            let _ = write!(
                out,
                "<span><svg viewBox=\"0 0 32 14\"><rect class=\"span\" width=\"32\" \
                 height=\"14\"/></svg>{}</span>",
                escaped(self.span_name)
            );
        }
        out.push_str("</div>\n");
    }
}

fn axes(scale: &Scale, x_name: &str, out: &mut String) {
    let (left, right) = (ROOM[0], WIDTH - ROOM[1]);
    for value in ticks(scale.y) {
        let y = scale.y(value);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text>",
            left - 6.0,
            y + 5.0,
            shown(value)
        );
    }
    let below = HEIGHT - ROOM[3] + 18.0;
    for value in ticks(scale.x) {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{below}\" text-anchor=\"middle\">{}</text>",
            scale.x(value),
            shown(value)
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        HEIGHT - 3.0,
        escaped(x_name)
    );
}

fn draw(curve: &Curve, colour: usize, scale: &Scale, out: &mut String) {
    let place = |(x, y): (f64, f64)| format!("{:.1} {:.1}", scale.x(x), scale.y(y));
    if !curve.band.is_empty() && curve.points.len() > 1 {
        let x = curve.points.iter().map(|(x, _)| *x);
        let low = x.clone().zip(curve.band.iter().map(|(low, _)| *low));
        let high = x.zip(curve.band.iter().map(|(_, high)| *high));
        let back: Vec<_> = high.collect();
        let outline: Vec<String> = low.chain(back.into_iter().rev()).map(place).collect();
        let _ = writeln!(out, "<path class=\"band f{colour}\" d=\"M{}Z\"/>", outline.join("L"));
    }
    let mut path = String::new();
    let mut is_open = false;
    for (x, y) in &curve.points {
        if x.is_finite() && y.is_finite() {
            path.push(if is_open { 'L' } else { 'M' });
            path.push_str(&place((*x, *y)));
        }
        is_open = x.is_finite() && y.is_finite();
    }
    let _ = writeln!(out, "<path class=\"curve c{colour} dash{colour}\" d=\"{path}\"/>");
    if curve.is_dotted || curve.points.len() == 1 {
        for (x, y) in curve.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let (x, y) = (scale.x(*x), scale.y(*y));
            let _ = writeln!(
                out,
                "<circle class=\"dot f{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
            );
        }
    }
}

/// The distance between two numbers on an axis of this length: 1, 2 or 5 times a power of ten.
fn step(length: f64) -> f64 {
    let raw = length / 4.0;
    let power = 10.0_f64.powf(raw.log10().floor());
    let of = |times: f64| times * power;
    [1.0, 2.0, 5.0].map(of).into_iter().find(|step| *step >= raw * 0.999).unwrap_or(of(10.0))
}

fn ticks((from, to): (f64, f64)) -> impl Iterator<Item = f64> {
    let step = step(to - from);
    let first = (from / step - 1e-9).ceil() as i64;
    let last = (to / step + 1e-9).floor() as i64;
    (first..=last.min(first + 12)).map(move |at| at as f64 * step)
}
