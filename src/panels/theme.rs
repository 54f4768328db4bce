//! How panels look: their colours, type and spacing, in one place.
//!
//! Colours that mean something in the scene come from `view::theme`; here are only the surfaces
//! and the ink. Nothing outside the two theme files may write a colour as a literal.

use crate::bridge::Lamp;
use crate::mesh::publish::{PacketKind, Regime};
use crate::view::theme::{self as scene, Palette, Tint};
use bevy_egui::egui::epaint::Shadow;
use bevy_egui::egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Frame, Margin, RichText, Stroke, TextStyle,
    Visuals, vec2,
};

/// Panel surface.
pub const SURFACE: Color32 = Color32::from_rgba_premultiplied(9, 13, 22, 238);
/// Sheet over the scene.
pub const SHEET: Color32 = Color32::from_rgb(10, 14, 23);
/// A raised or inset part of a panel.
pub const WELL: Color32 = Color32::from_rgb(22, 29, 44);
/// Panel outline.
pub const OUTLINE: Color32 = Color32::from_rgb(34, 45, 66);
/// What is to be read first.
pub const INK: Color32 = Color32::from_rgb(232, 239, 250);
/// Ordinary text.
pub const TEXT: Color32 = Color32::from_rgb(190, 203, 224);
/// Labels.
pub const FAINT: Color32 = Color32::from_rgb(136, 151, 179);
/// Interactive and measured things.
pub const ACCENT: Color32 = Color32::from_rgb(112, 176, 255);
/// Something to know about.
pub const WARN: Color32 = Color32::from_rgb(255, 190, 92);
/// The prediction beside the signal.
pub const PREDICTION: Color32 = Color32::from_rgb(255, 176, 84);
/// Parts of a whole that have no meaning in the scene.
pub const PARTS: [Color32; 5] = [
    Color32::from_rgb(112, 176, 255),
    Color32::from_rgb(255, 176, 84),
    Color32::from_rgb(86, 100, 134),
    Color32::from_rgb(124, 226, 180),
    Color32::from_rgb(206, 150, 255),
];
/// Behind a warning.
pub const WARN_WELL: Color32 = Color32::from_rgb(56, 41, 18);

/// Behind the tabs of panels.
pub const TAB_BAR: Color32 = Color32::from_rgba_premultiplied(6, 9, 15, 226);
/// Over what lies after the tick on show.
pub const FUTURE: Color32 = Color32::from_rgba_premultiplied(5, 7, 12, 150);
/// Over everything but the sheet that asks for attention.
pub const VEIL: Color32 = Color32::from_rgba_premultiplied(0, 0, 0, 130);

/// Width of panels on the left.
pub const LEFT_WIDTH: f32 = 258.0;
/// Width of panels on the right.
pub const RIGHT_WIDTH: f32 = 300.0;
/// Height of panels below the scene.
pub const BOTTOM_HEIGHT: f32 = 190.0;
/// Distance from the window's edge.
pub const EDGE: f32 = 14.0;
/// Padding inside a panel.
pub const PADDING: i8 = 13;
/// Padding beside the legend.
pub const CAPTION_PADDING: i8 = 10;

/// A scene colour as panels write it.
#[must_use]
pub fn colour(tint: Tint) -> Color32 {
    Color32::from_rgb(tint.0, tint.1, tint.2)
}

/// A colour between two scene colours.
#[must_use]
pub fn between(low: Tint, high: Tint, share: f32) -> Color32 {
    colour(low).lerp_to_gamma(colour(high), share.clamp(0.0, 1.0))
}

/// The colour of a regime.
#[must_use]
pub fn regime(palette: Palette, regime: Regime) -> Color32 {
    let [calm, pre, storm] = palette.regimes();
    colour(match regime {
        Regime::Calm => calm,
        Regime::PreStorm => pre,
        Regime::Storm => storm,
    })
}

/// The colour of a kind of packet.
#[must_use]
pub fn packet(palette: Palette, kind: PacketKind) -> Color32 {
    let [update, poll, beacon, grant, relay, gene] = palette.packets();
    colour(match kind {
        PacketKind::Update | PacketKind::Policy | PacketKind::Sum | PacketKind::Opinions => update,
        PacketKind::Poll => poll,
        PacketKind::Beacon => beacon,
        PacketKind::Grant | PacketKind::Call | PacketKind::Audit => grant,
        PacketKind::Offer
        | PacketKind::Request
        | PacketKind::Digest
        | PacketKind::Summary
        | PacketKind::SummaryRequest => gene,
        PacketKind::Relay | PacketKind::Stream => relay,
    })
}

/// The colour of a gene's line, by its hue: a full turn at 65536; 0 is the first gene.
#[must_use]
pub fn lineage(palette: Palette, hue: u16) -> Color32 {
    let [low, middle, high] = palette.lineage();
    match f32::from(hue) / 65_536.0 {
        turn if turn <= 0.0 => colour(palette.regimes()[0]),
        turn if turn < 0.5 => between(low, middle, turn * 2.0),
        turn => between(middle, high, turn * 2.0 - 1.0),
    }
}

/// The colour of the reputation ring.
#[must_use]
pub fn ring() -> Color32 {
    colour(scene::RING)
}

/// The colour of a recording that runs.
#[must_use]
pub fn recording() -> Color32 {
    colour(scene::RECORDING)
}

/// The colour of what two worlds differ in.
#[must_use]
pub fn difference(palette: Palette) -> Color32 {
    colour(palette.difference())
}

/// The colour of a board that is not as its twin.
#[must_use]
pub fn parted(palette: Palette) -> Color32 {
    colour(palette.parted())
}

/// The colour of a lamp.
#[must_use]
pub fn lamp(lamp: Lamp) -> Color32 {
    match lamp {
        Lamp::Connected => colour(scene::LINK_UP),
        Lamp::Waiting => WARN,
        Lamp::Silent => FAINT,
        Lamp::Lost => colour(scene::LOST),
    }
}

/// The colour of a storm's body.
#[must_use]
pub fn storm() -> Color32 {
    colour(scene::STORM_BODY)
}

/// The colour of what is lost on the way.
#[must_use]
pub fn lost() -> Color32 {
    colour(scene::LOST)
}

/// The colour of what is off.
#[must_use]
pub fn asleep() -> Color32 {
    colour(scene::ASLEEP)
}

/// A panel's frame.
pub fn card() -> Frame {
    Frame::new()
        .fill(SURFACE)
        .stroke(Stroke::new(1.0, OUTLINE))
        .corner_radius(CornerRadius::same(10))
        .inner_margin(Margin::same(PADDING))
}

/// What is around the contents of a docked panel.
pub fn pane() -> Frame {
    Frame::new().inner_margin(Margin::symmetric(11, 8))
}

/// The frame behind the legend: just enough to keep it readable.
pub fn caption() -> Frame {
    Frame::new()
        .fill(SURFACE.gamma_multiply(0.92))
        .corner_radius(CornerRadius::same(10))
        .inner_margin(Margin::symmetric(CAPTION_PADDING, 7))
}

/// The frame of a sheet: nothing shines through what is to be read at length.
pub fn sheet() -> Frame {
    card().fill(SHEET)
}

/// The frame of a card beside a node: opaque, whatever glows behind it.
pub fn hover_card() -> Frame {
    card().fill(SHEET).corner_radius(CornerRadius::same(8)).inner_margin(Margin::symmetric(11, 8))
}

/// A small warning's frame.
pub fn chip() -> Frame {
    Frame::new()
        .fill(WARN_WELL)
        .stroke(Stroke::new(1.0, WARN.gamma_multiply(0.55)))
        .corner_radius(CornerRadius::same(9))
        .inner_margin(Margin::symmetric(10, 5))
}

/// A heading inside a panel.
#[must_use]
pub fn heading(text: &str) -> RichText {
    RichText::new(text).size(10.5).color(FAINT)
}

/// A label.
#[must_use]
pub fn label(text: impl Into<String>) -> RichText {
    RichText::new(text).size(12.0).color(FAINT)
}

/// Ordinary text.
#[must_use]
pub fn text(text: impl Into<String>) -> RichText {
    RichText::new(text).size(12.0).color(TEXT)
}

/// A number to be read.
#[must_use]
pub fn value(text: impl Into<String>) -> RichText {
    RichText::new(text).size(12.5).color(INK)
}

/// The font of plots and painted marks.
#[must_use]
pub fn small_font() -> FontId {
    FontId::new(10.5, FontFamily::Proportional)
}

/// The font of names in the scene.
#[must_use]
pub fn tag_font() -> FontId {
    FontId::new(12.5, FontFamily::Proportional)
}

/// Makes a context look like this.
pub fn install(context: &Context) {
    let mut visuals = Visuals::dark();
    visuals.override_text_color = Some(TEXT);
    visuals.panel_fill = SURFACE;
    visuals.window_fill = SURFACE;
    visuals.extreme_bg_color = WELL;
    visuals.faint_bg_color = WELL;
    visuals.window_stroke = Stroke::new(1.0, OUTLINE);
    visuals.window_shadow = Shadow::NONE;
    visuals.popup_shadow = Shadow::NONE;
    visuals.selection.bg_fill = ACCENT.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(1.0, ACCENT);
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, OUTLINE);
    for (widget, strength) in [
        (&mut visuals.widgets.inactive, 0.0),
        (&mut visuals.widgets.open, 0.0),
        (&mut visuals.widgets.hovered, 0.16),
        (&mut visuals.widgets.active, 0.3),
    ] {
        widget.bg_fill = WELL;
        widget.weak_bg_fill = WELL.lerp_to_gamma(ACCENT, strength);
        widget.bg_stroke = Stroke::new(1.0, OUTLINE);
        widget.corner_radius = CornerRadius::same(6);
        widget.fg_stroke = Stroke::new(1.0, TEXT);
    }
    context.set_theme(bevy_egui::egui::Theme::Dark);
    context.set_visuals(visuals);
    context.all_styles_mut(|style| {
        style.spacing.item_spacing = vec2(8.0, 5.0);
        style.spacing.button_padding = vec2(7.0, 2.0);
        style.spacing.interact_size.y = 15.0;
        style.spacing.scroll.bar_width = 5.0;
        style.animation_time = 0.0;
        style.interaction.selectable_labels = false;
        for (kind, size) in [
            (TextStyle::Body, 12.5),
            (TextStyle::Button, 12.0),
            (TextStyle::Small, 10.5),
            (TextStyle::Heading, 16.0),
        ] {
            style.text_styles.insert(kind, FontId::new(size, FontFamily::Proportional));
        }
    });
}
