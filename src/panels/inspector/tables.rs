//! What the selected node has heard and sent, its gene's line, and its neighbours both ways.

use super::super::widgets::{bar, bytes, grouped, row};
use super::super::{Outcome, theme};
use crate::mesh::publish::{AuditView, NodeDetail, PeerView};
use crate::view::stage::{Look, Stage};
use bevy_egui::egui::{Align, Layout, RichText, Ui};

/// Neighbours, one line each; the rest on hover.
pub fn peers(ui: &mut Ui, stage: &Stage, detail: &NodeDetail, outcome: &mut Outcome) {
    for peer in &detail.peers {
        let line = ui.horizontal(|ui| {
            if ui.small_button(stage.label(peer.id)).clicked() {
                outcome.select = Some(Some(peer.id));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let back = peer.reputation_back.map_or("  -  ".to_owned(), |b| format!("{b:.2}"));
                ui.label(theme::label(back));
                ui.label(theme::value(format!("{:.2}", peer.reputation)));
                bar(ui, peer.reputation, 48.0, theme::ring());
                let (word, colour) = standing(peer);
                ui.label(RichText::new(word).size(11.0).color(colour));
            });
        });
        line.response.on_hover_ui(|ui| card(ui, stage, peer));
    }
}

/// What stands against a neighbour, if anything.
fn standing(peer: &PeerView) -> (&'static str, bevy_egui::egui::Color32) {
    match peer {
        peer if peer.banned => ("banned", theme::WARN),
        peer if peer.banned_back => ("bans it", theme::WARN),
        peer if peer.on_probation => ("probation", theme::FAINT),
        peer if peer.heard_tick.is_none() => ("not heard", theme::FAINT),
        _ => ("", theme::FAINT),
    }
}

fn card(ui: &mut Ui, stage: &Stage, peer: &PeerView) {
    ui.label(theme::value(stage.label(peer.id)));
    let ago = |tick: Option<u64>| match tick {
        None => "never".to_owned(),
        Some(tick) => format!("{} ticks ago", stage.published.tick.saturating_sub(tick)),
    };
    let hint = "What it counts when this node merges models, 0 to 1";
    row(ui, "its voice weighs", format!("{:.2}", peer.influence), hint);
    row(ui, "heard", ago(peer.heard_tick), "When this node last had an update of it");
    row(
        ui,
        "it heard this node",
        ago(peer.heard_back_tick),
        "When it last had an update of this node",
    );
    let models = format!("{} / {}", peer.models[0], peer.models[1]);
    row(ui, "models judged good / harmful", models, "Models of it that this node has judged");
    row(ui, "distance", format!("{:.0} m", peer.distance_m), "In a straight line, in metres");
    let hint = "Of frames of 64 bytes from it to this node, in percent";
    row(ui, "frames that get through", format!("{:.0} %", peer.link * 100.0), hint);
    if peer.strikes > 0 {
        let said = format!("{:.2} of 3", f32::from(peer.strikes) / 8.0);
        row(ui, "strikes", said, "What stands against it; at 3 it is banned");
    }
    if let Some(until) = peer.banned_until {
        row(ui, "banned until tick", grouped(until), "The tick at which the ban ends");
    }
}

/// The gene and its ancestors, youngest first.
pub fn lineage(ui: &mut Ui, stage: &Stage, look: &Look, detail: &NodeDetail) {
    for gene in &detail.lineage {
        ui.horizontal(|ui| {
            super::widgets::dot(ui, theme::lineage(look.palette, gene.hue));
            ui.label(theme::value(gene.name()));
            let origin = gene.origin.map_or_else(
                || "what nodes are born with".to_owned(),
                |node| format!("from {}, tick {}", stage.label(node), grouped(gene.first_tick)),
            );
            ui.label(theme::label(origin).size(11.0));
        });
        let said = format!("{:?}, {} taps, serves {} nodes", gene.kind, gene.taps, gene.nodes);
        ui.label(theme::label(said).size(11.0));
    }
}

/// Offers that were judged, the newest first.
pub fn inbox(ui: &mut Ui, stage: &Stage, detail: &NodeDetail) {
    for heard in detail.inbox.iter().rev().take(16) {
        let error = heard.error.map_or(String::new(), |error| format!(", errs {error:.2}"));
        ui.horizontal_wrapped(|ui| {
            ui.label(theme::label(grouped(heard.offer.tick)).size(11.0));
            ui.label(theme::value(stage.label(heard.offer.origin)).size(11.5));
            ui.label(theme::label(format!("{}{error}", heard.verdict)).size(11.0));
        });
    }
}

/// Messages that were sent, the newest first.
pub fn outbox(ui: &mut Ui, stage: &Stage, detail: &NodeDetail) {
    for sent in detail.outbox.iter().rev() {
        let to = sent.to.map_or_else(|| "all".to_owned(), |node| stage.label(node));
        ui.horizontal_wrapped(|ui| {
            ui.label(theme::label(grouped(sent.tick)).size(11.0));
            ui.label(theme::value(format!("{:?} to {to}", sent.kind).to_lowercase()).size(11.5));
            let size = bytes(u64::from(sent.bytes));
            let fate = format!("{size}, heard by {}, lost by {}", sent.heard, sent.lost);
            ui.label(theme::label(fate).size(11.0));
        });
    }
}

/// Its part in audits.
pub fn audits(ui: &mut Ui, audits: &AuditView) {
    let [passed, failed, unclear, silent] = audits.outcomes;
    let hint = "Commitments that it made: what it said, to be held to";
    row(ui, "commitments", grouped(u64::from(audits.commits)), hint);
    let hint = "Audits that it began";
    row(ui, "asked others", grouped(u64::from(audits.asked)), hint);
    let hint = "Of these, how many were passed, and how many found false";
    row(ui, "passed / false", format!("{passed} / {failed}"), hint);
    let hint = "Of these, how many proved nothing, and how many were not answered";
    row(ui, "unclear / no answer", format!("{unclear} / {silent}"), hint);
    let hint = "Times that it was asked and showed something";
    row(ui, "showed when asked", grouped(u64::from(audits.revealed)), hint);
    for (name, nodes, hint) in [
        ("auditing", &audits.pending, "Nodes that it is auditing, by id"),
        ("has convicted", &audits.convicted, "Nodes that it has convicted, by id"),
        ("convicted by", &audits.convicted_by, "Neighbours that have convicted it, by id"),
    ] {
        if !nodes.is_empty() {
            let list: Vec<String> = nodes.iter().map(u32::to_string).collect();
            row(ui, name, list.join(" "), hint);
        }
    }
}
