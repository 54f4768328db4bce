//! The run as lanes: storms, what nodes believe, bans, cascades, commands, power. What happened to
//! single nodes only is in the log.

use super::span::Span;
use super::widgets::{clock, grouped};
use super::{Outcome, chapters, icons, theme};
use crate::mesh::chronicle::{Event, Lane, Subject, What};
use crate::mesh::publish::Regime;
use crate::pace::Intent;
use crate::pace::history::Series;
use crate::view::stage::{Ask, Go, Look, Stage};
use crate::view::theme::Palette;
use bevy_egui::egui::{
    Align2, Color32, CursorIcon, Mesh, Painter, Pos2, Rangef, Rect, Sense, Shape, Stroke, Ui, pos2,
    vec2,
};
use std::sync::Arc;

/// Room for the lanes' names.
const GUTTER: f32 = 74.0;
/// Room for the clock below.
const FOOT: f32 = 18.0;
/// Lowest and highest lane.
const LANE: Rangef = Rangef { min: 13.0, max: 26.0 };
/// Half the width of the play head's handle, and a little, in points.
const HEAD: f32 = 7.0;
/// How near to the play head it can be taken hold of, in points.
const GRIP: f32 = 4.0;
/// How near an event must be to the pointer to be named, in points.
const NEAR: f32 = 5.0;

/// Events near the pointer that are looked at, at most.
const NAMED: usize = 512;
/// Storms that blow at once and are told apart, at most.
const STORM_ROWS: u8 = 4;

/// Draws it.
pub fn show(
    ui: &mut Ui,
    stage: &Stage,
    look: &Look,
    (span, cache): (&mut Span, &mut Cache),
    outcome: &mut Outcome,
) {
    if chapters::head(ui, stage, look, span.is_zoomed(), outcome) {
        span.show_all();
    }
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    let strip = Rect::from_min_max(
        pos2(rect.left() + GUTTER, rect.top()),
        pos2(rect.right() - 4.0, rect.bottom() - FOOT),
    );
    let scrubbed = playhead(ui, rect, strip, stage, span, outcome);
    if response.double_clicked() {
        span.show_all();
    }
    if !scrubbed {
        span.steer(ui, strip, &response);
    }
    let paint = ui.painter_at(rect);
    let rows = rows(stage, strip);
    for (lane, row) in rows.iter().flatten() {
        paint.rect_filled(*row, 3.0, theme::WELL.gamma_multiply(0.6));
        let at = pos2(strip.left() - 8.0, row.center().y);
        paint.text(at, Align2::RIGHT_CENTER, lane.name(), theme::small_font(), theme::FAINT);
        let inside = paint.with_clip_rect(row.expand2(vec2(1.0, 0.0)).intersect(rect));
        draw_lane(&inside, *row, *lane, (stage, look), span, cache);
    }
    axis(&paint, rect, strip, stage, span);
    marks(&paint, strip, stage, look, span);
    heads(&paint, rect, strip, stage, span);
    cursor(&paint, strip, span);
    let hovered = response.hover_pos().filter(|at| strip.contains(*at) && !scrubbed);
    let Some(at) = hovered else { return };
    let lane = rows.iter().flatten().find(|(_, row)| row.y_range().contains(at.y));
    let near = lane.map(|(lane, _)| nearest(stage, *lane, span, strip, at)).unwrap_or_default();
    // The second click of a double one asks for no tick of its own.
    if response.clicked() && !response.double_clicked() {
        match near.first() {
            Some(event) => {
                visit(event, outcome);
                // What happens in a tick shows after it.
                go_to(event.tick + 1, span, outcome);
            }
            None => go_to(span.tick(at.x, strip.x_range()).max(0.0) as u64, span, outcome),
        }
    }
    if !near.is_empty() {
        response.on_hover_ui_at_pointer(|ui| {
            for event in near.iter().take(6) {
                ui.label(theme::value(event.what.title()));
                let tick = grouped(event.tick);
                ui.label(theme::label(format!("tick {tick}. {}", event.what.detail())));
            }
            if near.len() > 6 {
                ui.label(theme::label(format!("and {} more", near.len() - 6)));
            }
        });
    }
}

/// Asks for a tick to be shown again, and marks it: the only way from a panel to another time.
pub fn go_to(tick: u64, span: &mut Span, outcome: &mut Outcome) {
    span.chosen_tick = Some(tick);
    outcome.asks.push(Ask(Intent::Seek(tick)));
}

/// The lanes that there are and where they lie; that of storms has room for several at once.
fn rows(stage: &Stage, strip: Rect) -> [Option<(Lane, Rect)>; Lane::ALL.len()] {
    let shown = |lane: Lane| always(lane) || !stage.events.lane(lane).is_empty();
    let weight = |lane: Lane| {
        let storms = stage.events.rows().clamp(1, STORM_ROWS);
        if lane == Lane::Storms { 0.4 + 0.6 * f32::from(storms) } else { 1.0 }
    };
    let all: f32 = Lane::ALL.into_iter().filter(|lane| shown(*lane)).map(weight).sum();
    let height = LANE.clamp(strip.height() / all.max(1.0));
    let mut top = strip.top();
    Lane::ALL.map(|lane| {
        shown(lane).then(|| {
            let bottom = top + height * weight(lane);
            let row = Rect::from_x_y_ranges(strip.x_range(), top..=bottom - 2.0);
            top = bottom;
            (lane, row)
        })
    })
}

/// The stack of regimes as it was last drawn.
#[derive(Default)]
pub struct Cache {
    key: Option<RegimesKey>,
    mesh: Arc<Mesh>,
}

/// What the stack of regimes depends on.
#[derive(Clone, PartialEq)]
struct RegimesKey {
    row: Rect,
    range: (f64, f64),
    palette: Palette,
    nodes: usize,
    /// Version, points, and the ticks of the last point.
    history: (u32, usize, u32),
}

const fn always(lane: Lane) -> bool {
    matches!(lane, Lane::Storms | Lane::Regimes | Lane::Bans | Lane::Cascades)
}

/// Selects what an event is about, and goes there.
pub fn visit(event: &Event, outcome: &mut Outcome) {
    if let Subject::Node(node) = event.what.subject() {
        outcome.select = Some(Some(node));
        outcome.go.push(Go::Node(node));
    }
}

fn draw_lane(
    paint: &Painter,
    row: Rect,
    lane: Lane,
    (stage, look): (&Stage, &Look),
    span: &Span,
    cache: &mut Cache,
) {
    match lane {
        Lane::Storms => storms(paint, row, stage, look, span),
        Lane::Regimes => {
            let history = &stage.history;
            let last = history.points().last().map_or(0, |point| point.ticks);
            let key = RegimesKey {
                row,
                range: span.range(),
                palette: look.palette,
                nodes: stage.published.nodes.len(),
                history: (history.version(), history.len(), last),
            };
            if cache.key.as_ref() != Some(&key) {
                cache.mesh = Arc::new(regimes(row, stage, look, span));
                cache.key = Some(key);
            }
            paint.add(Shape::mesh(Arc::clone(&cache.mesh)));
        }
        _ => {
            let marks = stage.events.lane(lane);
            let mut x = row.left() - 6.0;
            // One mark a pixel and none outside: each is looked up, so that the number of events
            // does not matter.
            while x <= row.right() + 6.0 {
                let from = span.tick(x, row.x_range()).ceil().max(0.0) as u64;
                let Some(next) = marks.get(marks.partition_point(|mark| mark.tick < from)) else {
                    break;
                };
                let at = span.x(next.tick as f64, row.x_range());
                if at > row.right() + 6.0 {
                    break;
                }
                if let Some(event) = stage.events.get(next.number) {
                    mark(paint, pos2(at, row.center().y), &event.what, stage, look);
                }
                x = at.max(x) + 1.0;
            }
        }
    }
}

/// A storm is a bar from its first to its last tick; those that overlap lie below each other.
fn storms(paint: &Painter, row: Rect, stage: &Stage, look: &Look, span: &Span) {
    let colour = theme::regime(look.palette, Regime::Storm);
    let rows = stage.events.rows().clamp(1, STORM_ROWS);
    let height = row.height() / f32::from(rows);
    for bar in stage.events.bars() {
        let left = span.x(bar.from as f64, row.x_range());
        let to = bar.to.unwrap_or(stage.newest());
        let right = span.x(to as f64, row.x_range()).max(left + 2.0);
        if left > row.right() || right < row.left() {
            continue;
        }
        let top = row.top() + height * f32::from(bar.row % rows);
        let across = left.max(row.left() - 4.0)..=right.min(row.right() + 4.0);
        let rect = Rect::from_x_y_ranges(across, top..=top + height).shrink2(vec2(0.0, 1.5));
        paint.rect_filled(rect, 3.0, colour.gamma_multiply(0.55));
        paint.vline(left, rect.y_range(), Stroke::new(1.5, colour));
    }
}

/// How many nodes believe in what, as a stack: one mesh, so that columns leave no seams.
fn regimes(row: Rect, stage: &Stage, look: &Look, span: &Span) -> Mesh {
    let nodes = stage.published.nodes.len().max(1) as f32;
    let mut mesh = Mesh::default();
    let mut column: Option<(f32, [f32; 2])> = None;
    let mut draw = |left: f32, right: f32, shares: [f32; 2]| {
        let mut bottom = row.bottom();
        for (share, regime) in shares.into_iter().zip([Regime::Storm, Regime::PreStorm]) {
            if share > 0.0 {
                let top = (bottom - (row.height() * share).max(1.0)).max(row.top());
                let area = Rect::from_x_y_ranges(left..=right, top..=bottom);
                mesh.add_colored_rect(area, theme::regime(look.palette, regime));
                bottom = top;
            }
        }
    };
    for point in stage.history.points() {
        let end = (point.tick + u64::from(point.ticks)) as f64;
        let right = span.x(end, row.x_range());
        if right < row.left() {
            continue;
        }
        let left = span.x(point.tick as f64, row.x_range());
        if left > row.right() {
            break;
        }
        // What is narrower than a pixel is part of the same column, at its highest.
        let (start, mut shares) = column.take().unwrap_or((left, [0.0; 2]));
        for (share, series) in shares.iter_mut().zip([Series::Storm, Series::PreStorm]) {
            *share = share.max(point.of(series).greatest / nodes);
        }
        if right - start < 1.0 {
            column = Some((start, shares));
        } else {
            draw(start, right, shares);
        }
    }
    if let Some((start, shares)) = column {
        draw(start, start + 1.0, shares);
    }
    mesh
}

/// One event, by shape: shape tells what the colour tells too.
fn mark(paint: &Painter, at: Pos2, what: &What, stage: &Stage, look: &Look) {
    match what {
        What::FalsePositive { .. } => cross(paint, at, theme::WARN),
        What::Banned { .. } | What::Convicted { .. } | What::Detected { .. } => {
            paint.circle_stroke(at, 3.4, Stroke::new(1.6, theme::INK));
        }
        What::Cascade { gene, .. } | What::Adopted { gene, .. } | What::Mutated { gene, .. } => {
            let hue = stage.genes.get(*gene).map_or(0, |gene| gene.hue);
            let size = if matches!(what, What::Cascade { .. }) { 4.6 } else { 2.6 };
            diamond(paint, at, size, theme::lineage(look.palette, hue));
        }
        What::Command { .. } => triangle(paint, at, theme::ACCENT),
        What::Revived { .. } | What::Released { .. } => {
            paint.circle_stroke(at, 2.6, Stroke::new(1.2, theme::FAINT));
        }
        _ => drop(paint.circle_filled(at, 3.0, theme::TEXT)),
    }
}

fn cross(paint: &Painter, at: Pos2, colour: Color32) {
    let stroke = Stroke::new(1.8, colour);
    paint.line_segment([at - vec2(3.0, 3.0), at + vec2(3.0, 3.0)], stroke);
    paint.line_segment([at - vec2(3.0, -3.0), at + vec2(3.0, -3.0)], stroke);
}

fn diamond(paint: &Painter, at: Pos2, r: f32, colour: Color32) {
    let corners = [vec2(0.0, -r), vec2(r, 0.0), vec2(0.0, r), vec2(-r, 0.0)];
    let points = corners.map(|corner| at + corner).to_vec();
    paint.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

fn triangle(paint: &Painter, at: Pos2, colour: Color32) {
    let points = vec![at + vec2(-3.5, -4.0), at + vec2(4.0, 0.0), at + vec2(-3.5, 4.0)];
    paint.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

/// Lets the play head be dragged by its handle, and the clock below the lanes be pressed anywhere.
/// It goes as far as the newest tick; true while it is held.
fn playhead(
    ui: &mut Ui,
    rect: Rect,
    strip: Rect,
    stage: &Stage,
    span: &Span,
    outcome: &mut Outcome,
) -> bool {
    let across = strip.x_range();
    let foot = Rect::from_x_y_ranges(across, strip.bottom()..=rect.bottom());
    let x = span.x(stage.published.tick as f64, across);
    let line = Rect::from_x_y_ranges(x - GRIP..=x + GRIP, strip.y_range()).intersect(strip);
    let ruler = ui.interact(foot, ui.id().with("ruler"), Sense::click_and_drag());
    let mut held = ruler.is_pointer_button_down_on() || ruler.clicked();
    let mut wanted = ruler.interact_pointer_pos().filter(|_| held);
    if line.is_positive() {
        let handle = ui.interact(line, ui.id().with("play head"), Sense::drag());
        held |= handle.dragged();
        wanted = wanted.or(handle.interact_pointer_pos().filter(|_| handle.dragged()));
        handle.on_hover_cursor(CursorIcon::ResizeHorizontal);
    }
    ruler.on_hover_cursor(CursorIcon::PointingHand);
    if let Some(at) = wanted {
        let tick = span.tick(at.x.min(across.max).max(across.min), across).round().max(0.0) as u64;
        let tick = tick.clamp(stage.travel.floor, stage.newest());
        // The same wish in every frame would only begin the same work anew.
        let going = stage.travel.work.map_or(stage.published.tick, |work| work.to);
        if tick != going {
            outcome.asks.push(Ask(Intent::Seek(tick)));
        }
    }
    held
}

/// What has a place in the run: bookmarks, and where a second world begins and parts.
fn marks(paint: &Painter, strip: Rect, stage: &Stage, look: &Look, span: &Span) {
    let across = strip.x_range();
    for mark in stage.travel.bookmarks.iter() {
        let x = span.x(mark.tick as f64, across);
        if across.contains(x) {
            paint.vline(x, strip.y_range(), Stroke::new(1.0, theme::WARN.gamma_multiply(0.5)));
            icons::flag(paint, pos2(x, strip.top() + 5.0), theme::WARN);
            let at = pos2(x + 6.0, strip.top() + 5.0);
            let font = theme::small_font();
            paint.text(at, Align2::LEFT_CENTER, &mark.name, font, theme::WARN);
        }
    }
    let Some(forked) = &stage.travel.forked else { return };
    let colour = theme::difference(look.palette);
    let parted = forked.parted.map(|parted| (parted.tick, "part"));
    for (tick, said) in std::iter::once((forked.tick, "fork")).chain(parted) {
        let x = span.x(tick as f64, across);
        if across.contains(x) {
            let dashes = [pos2(x, strip.top()), pos2(x, strip.bottom())];
            paint.extend(Shape::dashed_line(&dashes, Stroke::new(1.2, colour), 4.0, 3.0));
            let (at, align) = if said == "fork" {
                (pos2(x - 4.0, strip.bottom() - 7.0), Align2::RIGHT_CENTER)
            } else {
                (pos2(x + 4.0, strip.bottom() - 7.0), Align2::LEFT_CENTER)
            };
            paint.text(at, align, said, theme::small_font(), colour);
        }
    }
}

/// The tick on show with its handle, and what lies after it, dimmed.
fn heads(paint: &Painter, rect: Rect, strip: Rect, stage: &Stage, span: &Span) {
    let across = strip.x_range();
    let now = span.x(stage.published.tick as f64, across);
    let newest = span.x(stage.newest() as f64, across);
    if newest > now + 0.5 {
        let ahead = Rect::from_x_y_ranges(now..=newest, strip.y_range()).intersect(strip);
        paint.rect_filled(ahead, 0.0, theme::FUTURE);
        paint.vline(newest, strip.y_range(), Stroke::new(1.0, theme::FAINT));
    }
    if !across.contains(now) {
        return;
    }
    paint.vline(now, strip.y_range(), Stroke::new(1.5, theme::INK));
    let top = strip.bottom() + 1.0;
    let handle = vec![
        pos2(now, top),
        pos2(now + 5.0, top + 5.0),
        pos2(now + 5.0, rect.bottom() - 3.0),
        pos2(now - 5.0, rect.bottom() - 3.0),
        pos2(now - 5.0, top + 5.0),
    ];
    paint.add(Shape::convex_polygon(handle, theme::INK, Stroke::NONE));
}

/// Simulated time below the lanes.
fn axis(paint: &Painter, rect: Rect, strip: Rect, stage: &Stage, span: &Span) {
    let tick_ms = f64::from(stage.published.tick_ms.max(1));
    let (from, to) = span.range();
    let wanted = f64::from(strip.width() / 110.0).max(1.0);
    let step = nice_ms((to - from) * tick_ms / wanted) / tick_ms;
    let mut tick = (from / step).ceil() * step;
    let mut free = rect.left();
    let head = span.x(stage.published.tick as f64, strip.x_range());
    while tick <= to {
        let x = span.x(tick, strip.x_range());
        paint.vline(x, strip.y_range(), Stroke::new(1.0, theme::OUTLINE.gamma_multiply(0.5)));
        let text = clock((tick * tick_ms) as u64);
        let galley = paint.layout_no_wrap(text, theme::small_font(), theme::FAINT);
        let width = galley.size().x;
        let left = label_left(x, width, rect.x_range());
        // A label that would run into the last one, or lie below the play head, is left out; its
        // line stays.
        let hidden = left - HEAD < head && head < left + width + HEAD;
        if left >= free && !hidden {
            let at = pos2(left, rect.bottom() - 3.0 - galley.size().y);
            paint.galley(at, galley, theme::FAINT);
            free = left + width + 10.0;
        }
        tick += step;
    }
}

/// Where a label begins that is to be in the middle of `x`, and inside.
fn label_left(x: f32, width: f32, inside: Rangef) -> f32 {
    (x - width * 0.5).min(inside.max - width).max(inside.min)
}

/// The next length of time that people count in, in milliseconds.
fn nice_ms(least: f64) -> f64 {
    const NICE: [f64; 17] = [
        1.0,
        2.0,
        5.0,
        10.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        1_800.0,
        3_600.0,
        7_200.0,
        21_600.0,
        43_200.0,
        86_400.0,
        604_800.0,
        2_592_000.0,
    ];
    let seconds = least / 1_000.0;
    let nice = NICE.into_iter().find(|nice| *nice >= seconds);
    1_000.0 * nice.unwrap_or_else(|| (seconds / 2_592_000.0).ceil() * 2_592_000.0)
}

/// The tick under the pointer, wherever the pointer is.
pub fn cursor(paint: &Painter, strip: Rect, span: &Span) {
    if let Some(tick) = span.cursor {
        let x = span.x(tick, strip.x_range());
        paint.vline(x, strip.y_range(), Stroke::new(1.0, theme::ACCENT.gamma_multiply(0.8)));
    }
    if let Some(tick) = span.chosen_tick {
        let x = span.x(tick as f64, strip.x_range());
        if strip.x_range().contains(x) {
            paint.vline(x, strip.y_range(), Stroke::new(1.0, theme::WARN.gamma_multiply(0.8)));
            let points = vec![
                pos2(x - 4.0, strip.top()),
                pos2(x + 4.0, strip.top()),
                pos2(x, strip.top() + 6.0),
            ];
            paint.add(Shape::convex_polygon(points, theme::WARN, Stroke::NONE));
        }
    }
}

/// Events of a lane that are as near to the pointer as can be told apart, nearest first.
fn nearest<'a>(stage: &'a Stage, lane: Lane, span: &Span, strip: Rect, at: Pos2) -> Vec<&'a Event> {
    let away = |event: &Event| (span.x(event.tick as f64, strip.x_range()) - at.x).abs();
    let marks = stage.events.lane(lane);
    let from = span.tick(at.x - NEAR, strip.x_range()).floor().max(0.0) as u64;
    let first = marks.partition_point(|mark| mark.tick < from);
    let near = marks.iter().skip(first).take(NAMED);
    let near = near.filter_map(|mark| stage.events.get(mark.number));
    let mut near: Vec<&Event> = near.take_while(|event| away(event) <= NEAR).collect();
    near.sort_by(|a, b| away(a).total_cmp(&away(b)));
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_inside() {
        let inside = Rangef::new(10.0, 200.0);
        for (x, left) in [(100.0, 80.0), (199.0, 160.0), (12.0, 10.0)] {
            assert!((label_left(x, 40.0, inside) - left).abs() < 1e-3, "{x}");
        }
    }

    #[test]
    fn a_tick_is_asked_for_and_marked() {
        let (mut span, mut outcome) = (Span::default(), Outcome::default());
        go_to(480, &mut span, &mut outcome);
        assert_eq!(span.chosen_tick, Some(480));
        assert!(matches!(&outcome.asks[..], [Ask(Intent::Seek(480))]));
    }

    #[test]
    fn the_clock_is_cut_where_people_cut_it() {
        for (least, nice) in [
            (800.0, 1_000.0),
            (61_000.0, 120_000.0),
            (50_000_000.0, 86_400_000.0),
            (3e9, 5_184_000_000.0),
        ] {
            assert!((nice_ms(least) - nice).abs() < 1.0, "{least}");
        }
    }
}
