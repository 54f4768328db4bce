//! The descent of genes: when each arose, from which, and how far it came. Scrubbed by the
//! timeline's cursor.

use super::span::Span;
use super::theme;
use super::widgets::grouped;
use crate::mesh::chronicle::{GeneTree, GeneView};
use crate::view::stage::{Look, Stage};
use bevy_egui::egui::{
    Align2, Color32, Pos2, Rangef, Rect, ScrollArea, Sense, Stroke, Ui, pos2, vec2,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Height of a gene's line.
const LINE: f32 = 20.0;
/// Genes that are drawn; the smallest ones are left out, and that is said.
const DRAWN: usize = 160;
/// Room for names on the right.
const NAMES: f32 = 116.0;

/// A gene's line.
struct Row {
    gene: GeneView,
    /// The line of its parent.
    parent: Option<usize>,
    /// What stands beside it.
    said: String,
}

/// The tree as it was last sorted: again only when there is another one.
#[derive(Default)]
pub struct Lineage {
    of: Option<Arc<GeneTree>>,
    rows: Vec<Row>,
    left_out: usize,
    most: f32,
}

impl Lineage {
    fn sort(&mut self, genes: &Arc<GeneTree>) {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, genes)) {
            return;
        }
        let (sorted, left_out) = rows(genes);
        self.most = sorted.iter().map(|gene| gene.peak).max().unwrap_or(1).max(1) as f32;
        let places: BTreeMap<u32, usize> =
            sorted.iter().enumerate().map(|(place, gene)| (gene.id, place)).collect();
        let row = |gene: GeneView| Row {
            parent: places.get(&gene.parent).copied(),
            said: format!("{}  {}", gene.name(), gene.nodes),
            gene,
        };
        self.rows = sorted.into_iter().map(row).collect();
        self.left_out = left_out;
        self.of = Some(Arc::clone(genes));
    }

    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, stage: &Stage, look: &Look, span: &mut Span) {
        self.sort(&stage.genes);
        if self.rows.len() < 2 {
            let said = "All nodes still run their first gene. In a storm, models mutate where the \
                        scenario lets them; what works spreads, and stands here.";
            ui.label(theme::label(said));
            return;
        }
        let known = stage.genes.genes.len() as u64;
        let mut said = format!("{} genes were in service", grouped(known));
        if self.left_out > 0 {
            let left_out = grouped(self.left_out as u64);
            said = format!("{said}; the {left_out} that came least far are left out");
        }
        ui.label(theme::label(said));
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.tree(ui, stage, look, span));
    }

    fn tree(&self, ui: &mut Ui, stage: &Stage, look: &Look, span: &mut Span) {
        let until = span.cursor.map_or(u64::MAX, |tick| tick.max(0.0) as u64);
        let size = vec2(ui.available_width(), LINE * self.rows.len() as f32 + 8.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let strip = rect.with_max_x(rect.right() - NAMES).with_min_x(rect.left() + 10.0);
        span.steer(ui, strip, &response);
        if response.double_clicked() {
            span.show_all();
        }
        let place = |row: usize| {
            let gene = &self.rows.get(row)?.gene;
            let x = span.x(gene.first_tick as f64, strip.x_range());
            let x = x.min(strip.right()).max(strip.left());
            Some(pos2(x, rect.top() + LINE * (row as f32 + 0.5)))
        };
        for (number, row) in self.rows.iter().enumerate() {
            let Some(at) = place(number) else { continue };
            let parent = row.parent.and_then(place);
            // What is scrolled out of sight is not drawn, nor is the way to it.
            let way = at.y.min(parent.map_or(at.y, |from| from.y))..=at.y + LINE;
            if !ui.clip_rect().y_range().intersects(Rangef::new(*way.start(), *way.end())) {
                continue;
            }
            let faded = if row.gene.first_tick > until { 0.18 } else { 1.0 };
            let colour = theme::lineage(look.palette, row.gene.hue).gamma_multiply(faded);
            let parent = parent.map(|from| (from, faded));
            draw_gene(ui, row, at, strip, parent, self.most, colour);
        }
        super::timeline::cursor(ui.painter(), strip.with_max_y(rect.bottom()), span);
        let pointed = response
            .hover_pos()
            .and_then(|at| self.rows.get(((at.y - rect.top()) / LINE).max(0.0) as usize));
        if let Some(row) = pointed {
            response.on_hover_ui_at_pointer(|ui| card(ui, &row.gene, stage));
        }
    }
}

fn draw_gene(
    ui: &Ui,
    row: &Row,
    at: Pos2,
    strip: Rect,
    parent: Option<(Pos2, f32)>,
    most: f32,
    colour: Color32,
) {
    let (paint, gene) = (ui.painter(), &row.gene);
    if let Some((from, faded)) = parent {
        let stroke = Stroke::new(1.0, theme::FAINT.gamma_multiply(0.5 * faded));
        paint.hline(from.x..=at.x, from.y, stroke);
        paint.vline(at.x, from.y..=at.y, stroke);
    }
    // Thickness is how far it came, and the line goes on while it serves anyone.
    let thick = 1.5 + 5.0 * (gene.peak as f32 / most).sqrt();
    let end = if gene.nodes > 0 { strip.right() } else { (at.x + 24.0).min(strip.right()) };
    paint.hline(at.x..=end, at.y, Stroke::new(thick, colour.gamma_multiply(0.55)));
    paint.circle_filled(at, 3.0 + thick * 0.5, colour);
    let name = pos2(strip.right() + 8.0, at.y);
    paint.text(name, Align2::LEFT_CENTER, &row.said, theme::small_font(), theme::TEXT);
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

/// Genes in the order of a family tree, and how many are left out.
fn rows(tree: &GeneTree) -> (Vec<GeneView>, usize) {
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
    let mut stack: Vec<&GeneView> = roots.into_iter().rev().collect();
    while let Some(gene) = stack.pop() {
        rows.push(*gene);
        stack.extend(children.get(&gene.id).into_iter().flatten().rev());
    }
    (rows, left_out)
}
