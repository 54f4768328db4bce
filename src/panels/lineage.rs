//! The descent of genes: when each arose, from which, and how far it came. Scrubbed by the
//! timeline's cursor.

use super::span::Span;
use super::theme;
use super::widgets::grouped;
use crate::mesh::chronicle::{GeneTree, GeneView};
use crate::view::stage::{Look, Stage};
use bevy_egui::egui::{
    Align2, Color32, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, Ui, pos2, vec2,
};
use std::collections::BTreeMap;

/// Height of a gene's line.
const LINE: f32 = 20.0;
/// Genes that are drawn; the smallest ones are left out, and that is said.
const DRAWN: usize = 160;
/// Room for names on the right.
const NAMES: f32 = 116.0;

/// Draws it.
pub fn show(ui: &mut Ui, stage: &Stage, look: &Look, span: &mut Span) {
    let until = span.cursor.map_or(u64::MAX, |tick| tick.max(0.0) as u64);
    let (rows, left_out) = rows(&stage.genes);
    if rows.len() < 2 {
        let said = "All nodes still run their first gene. In a storm, models mutate where the \
                    scenario lets them; what works spreads, and stands here.";
        ui.label(theme::label(said));
        return;
    }
    let known = stage.genes.genes.len() as u64;
    let mut said = format!("{} genes were in service", grouped(known));
    if left_out > 0 {
        said = format!("{said}; the {} that came least far are left out", grouped(left_out as u64));
    }
    ui.label(theme::label(said));
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let size = vec2(ui.available_width(), LINE * rows.len() as f32 + 8.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let strip = rect.with_max_x(rect.right() - NAMES).with_min_x(rect.left() + 10.0);
        span.steer(ui, strip, &response);
        let places: BTreeMap<u32, Pos2> = rows
            .iter()
            .enumerate()
            .map(|(row, (gene, _))| {
                let x = span.x(gene.first_tick as f64, strip.x_range());
                let x = x.clamp(strip.left(), strip.right());
                (gene.id, pos2(x, rect.top() + LINE * (row as f32 + 0.5)))
            })
            .collect();
        let most = rows.iter().map(|(gene, _)| gene.peak).max().unwrap_or(1).max(1) as f32;
        for (gene, _) in &rows {
            let Some(at) = places.get(&gene.id) else { continue };
            let faded = if gene.first_tick > until { 0.18 } else { 1.0 };
            let colour = theme::lineage(look.palette, gene.hue).gamma_multiply(faded);
            let parent = places.get(&gene.parent).map(|from| (*from, faded));
            draw_gene(ui, gene, *at, strip, parent, most, colour);
        }
        super::timeline::cursor(ui.painter(), strip.with_max_y(rect.bottom()), span);
        let pointed = response
            .hover_pos()
            .and_then(|at| rows.get(((at.y - rect.top()) / LINE) as usize).map(|(gene, _)| *gene));
        if let Some(gene) = pointed {
            response.on_hover_ui_at_pointer(|ui| card(ui, &gene, stage));
        }
    });
}

fn draw_gene(
    ui: &Ui,
    gene: &GeneView,
    at: Pos2,
    strip: Rect,
    parent: Option<(Pos2, f32)>,
    most: f32,
    colour: Color32,
) {
    let paint = ui.painter();
    if let Some((from, faded)) = parent {
        let elbow = pos2(at.x, from.y);
        let stroke = Stroke::new(1.0, theme::FAINT.gamma_multiply(0.5 * faded));
        paint.add(Shape::line(vec![from, elbow, at], stroke));
    }
    // Thickness is how far it came, and the line goes on while it serves anyone.
    let thick = 1.5 + 5.0 * (gene.peak as f32 / most).sqrt();
    let end = if gene.nodes > 0 { strip.right() } else { (at.x + 24.0).min(strip.right()) };
    paint.hline(at.x..=end, at.y, Stroke::new(thick, colour.gamma_multiply(0.55)));
    paint.circle_filled(at, 3.0 + thick * 0.5, colour);
    let text = format!("{}  {}", gene.name(), gene.nodes);
    let name = pos2(strip.right() + 8.0, at.y);
    paint.text(name, Align2::LEFT_CENTER, text, theme::small_font(), theme::TEXT);
}

fn card(ui: &mut Ui, gene: &GeneView, stage: &Stage) {
    ui.label(theme::value(format!("gene {}", gene.name())));
    let origin = gene.origin.map_or_else(
        || "what nodes are born with".to_owned(),
        |node| format!("arose in {} at tick {}", stage.label(node), grouped(gene.first_tick)),
    );
    ui.label(theme::label(origin));
    ui.label(theme::label(format!(
        "{:?}, {} taps, generation {}",
        gene.kind, gene.taps, gene.generation
    )));
    ui.label(theme::label(format!("serves {} nodes, at most {}", gene.nodes, gene.peak)));
}

/// Genes in the order of a family tree, each with its depth, and how many are left out.
fn rows(tree: &GeneTree) -> (Vec<(GeneView, u16)>, usize) {
    let mut kept: Vec<&GeneView> = tree.genes.iter().collect();
    kept.sort_by_key(|gene| (std::cmp::Reverse(gene.peak), gene.first_tick, gene.id));
    let left_out = kept.len().saturating_sub(DRAWN);
    kept.truncate(DRAWN);
    kept.sort_by_key(|gene| (gene.first_tick, gene.id));
    let known = |id: u32| kept.iter().any(|gene| gene.id == id);
    let mut children: BTreeMap<u32, Vec<&GeneView>> = BTreeMap::new();
    let mut roots: Vec<&GeneView> = Vec::new();
    for gene in &kept {
        let parent = tree.get(gene.parent).filter(|parent| parent.generation < gene.generation);
        match parent.filter(|parent| known(parent.id)) {
            Some(parent) => children.entry(parent.id).or_default().push(gene),
            None => roots.push(gene),
        }
    }
    let mut rows = Vec::new();
    let mut stack: Vec<(&GeneView, u16)> = roots.into_iter().rev().map(|gene| (gene, 0)).collect();
    while let Some((gene, depth)) = stack.pop() {
        rows.push((*gene, depth));
        let own = children.get(&gene.id).into_iter().flatten().rev();
        stack.extend(own.map(|child| (*child, depth + 1)));
    }
    (rows, left_out)
}
