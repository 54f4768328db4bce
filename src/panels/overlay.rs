//! Sheets over the scene, one at a time: the finder, the help, the tour, the file dialog.

use super::{Outcome, finder, help, open, tour};
use crate::view::stage::{Look, Stage};
use bevy_egui::egui::{Context, Rect};

/// A sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// Every action by name.
    Finder,
    /// Every key.
    Help,
    /// One minute through the window.
    Tour,
    /// A scenario or a recording from a file.
    File,
}

/// What sheets remember while they are open.
#[derive(Default)]
pub struct Sheets {
    finder: finder::Finder,
    help: help::Help,
    tour: tour::Tour,
    file: open::Opener,
}

impl Sheets {
    /// Draws the open one. `scene` is where the mesh can be seen.
    pub fn show(
        &mut self,
        context: &Context,
        stage: &Stage,
        look: &Look,
        scene: Rect,
        outcome: &mut Outcome,
    ) {
        if look.overlay != Some(Overlay::Finder) {
            self.finder.close();
        }
        if look.overlay != Some(Overlay::Help) {
            self.help.close();
        }
        if look.overlay != Some(Overlay::Tour) {
            self.tour = tour::Tour::default();
        }
        if look.overlay != Some(Overlay::File) {
            self.file.close();
        }
        match look.overlay {
            Some(Overlay::Finder) => self.finder.show(context, stage, outcome),
            Some(Overlay::Help) => self.help.show(context, outcome),
            Some(Overlay::Tour) => self.tour.show(context, look, scene, outcome),
            Some(Overlay::File) => self.file.show(context, stage, outcome),
            None => {}
        }
    }
}
