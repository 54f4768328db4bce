//! The scenarios in the binary, each with its title, what to watch for, and a picture.

use super::icons::{self, Icon};
use super::overlay::Overlay;
use super::{Outcome, theme};
use crate::record::moments;
use crate::scenario::{self, Scenario};
use crate::view::actions::{Action, entry_of};
use crate::view::stage::Stage;
use bevy_egui::egui::{
    Button, ColorImage, Context, Frame, Margin, RichText, ScrollArea, Sense, TextEdit,
    TextureHandle, TextureOptions, Ui, vec2,
};

/// A scenario as the list shows it.
struct Card {
    name: &'static str,
    title: String,
    words: String,
    nodes: u64,
    picture: Option<TextureHandle>,
    /// Name and title of the recordings of its best moments.
    moments: Vec<(&'static str, String)>,
}

/// The list. Made when it is first looked at.
#[derive(Default)]
pub struct Browser {
    cards: Vec<Card>,
    typed: String,
}

impl Browser {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, stage: &Stage, outcome: &mut Outcome) {
        if self.cards.is_empty() {
            self.cards = cards(ui.ctx());
        }
        ui.horizontal(|ui| {
            let open = Action::Open(Overlay::File);
            if super::explained(ui.button("Open..."), entry_of(open)).clicked() {
                outcome.actions.push(open);
            }
            let line = TextEdit::singleline(&mut self.typed).hint_text("search");
            ui.add(line.desired_width(f32::INFINITY));
        });
        ui.add_space(4.0);
        let wanted = self.typed.trim().to_lowercase();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for card in &self.cards {
                let named = card.moments.iter().flat_map(|(name, title)| [*name, title.as_str()]);
                let named: String = named.flat_map(|part| [" ", part]).collect();
                let text = format!("{} {} {}{named}", card.name, card.title, card.words);
                if !text.to_lowercase().contains(&wanted) {
                    continue;
                }
                if card.show(ui, !stage.is_replay && stage.scene.title == card.title) {
                    outcome.load = Some(card.name.to_owned());
                }
                for (name, title) in &card.moments {
                    if recording(ui, name, title, stage.is_replay && stage.name == *name) {
                        outcome.load = Some((*name).to_owned());
                    }
                }
            }
        });
    }
}

impl Card {
    /// Draws it; true when it was clicked.
    fn show(&self, ui: &mut Ui, runs: bool) -> bool {
        let frame = Frame::new()
            .fill(if runs { theme::WELL } else { theme::SURFACE })
            .corner_radius(6.0)
            .inner_margin(Margin::same(7));
        let inner = frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            if let Some(picture) = &self.picture {
                let width = ui.available_width();
                let size = vec2(width, width * picture.size_vec2().y / picture.size_vec2().x);
                ui.image((picture.id(), size));
            }
            let title = RichText::new(&self.title).size(13.5).color(theme::INK);
            ui.label(title);
            ui.label(RichText::new(&self.words).size(11.5).color(theme::FAINT));
            let nodes = super::widgets::grouped(self.nodes);
            let state = if runs { " \u{b7} on stage" } else { "" };
            ui.label(
                RichText::new(format!("{nodes} nodes{state}")).size(11.0).color(theme::ACCENT),
            );
        });
        let response = inner.response.interact(Sense::click());
        if response.hovered() {
            let rect = response.rect;
            ui.painter().rect_stroke(
                rect,
                6.0,
                bevy_egui::egui::Stroke::new(1.0, theme::ACCENT),
                bevy_egui::egui::StrokeKind::Inside,
            );
        }
        response.on_hover_text(format!("qres view {}", self.name)).clicked()
    }
}

/// A recording of a moment; true when it was clicked.
fn recording(ui: &mut Ui, name: &str, title: &str, runs: bool) -> bool {
    let state = if runs { " \u{b7} on stage" } else { "" };
    let words = RichText::new(format!("{title}{state}")).size(11.5);
    let inner = ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
        icons::draw(ui.painter(), rect.center(), Icon::Record, theme::recording());
        ui.add(Button::new(words.color(theme::TEXT)).wrap().frame(false))
    });
    inner.inner.on_hover_text(format!("A recording\nqres replay {name}")).clicked()
}

fn cards(context: &Context) -> Vec<Card> {
    let known = scenario::embedded().iter();
    known
        .filter_map(|(name, text)| {
            let scenario = Scenario::parse(&format!("{name}.ron"), text).ok()?;
            let words: Vec<&str> = scenario.watch_for.split_whitespace().collect();
            Some(Card {
                name,
                title: scenario.title.clone(),
                words: words.join(" "),
                nodes: scenario.node_count(),
                picture: picture(context, name),
                moments: moments::ALL
                    .iter()
                    .filter(|moment| moment.scenario == *name)
                    .map(|moment| (moment.name, moment.title()))
                    .collect(),
            })
        })
        .collect()
}

/// The picture of a scenario, if the binary has one.
fn picture(context: &Context, name: &str) -> Option<TextureHandle> {
    let bytes = super::pictures::of(name)?;
    let reader = bevy::image::Image::from_buffer(
        bytes,
        bevy::image::ImageType::Extension("png"),
        bevy::image::CompressedImageFormats::NONE,
        true,
        bevy::image::ImageSampler::Default,
        bevy::asset::RenderAssetUsages::MAIN_WORLD,
    );
    let rgb = reader.ok()?.try_into_dynamic().ok()?.to_rgb8();
    let size = [rgb.width() as usize, rgb.height() as usize];
    let image = ColorImage::from_rgb(size, rgb.as_raw());
    Some(context.load_texture(format!("picture of {name}"), image, TextureOptions::LINEAR))
}
