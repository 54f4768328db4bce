//! The window and the pictures: what the mesh published, as light.
//!
//! The view reads published state and sends intents; it never changes the mesh, and nothing the
//! mesh does may depend on it.

pub mod actions;
pub mod arrange;
mod bench;
mod camera;
mod choose;
pub mod crowd;
mod engine;
mod error;
pub mod events;
mod film;
pub mod fleet;
pub mod follow;
mod frame;
mod framing;
mod gauge;
mod input;
mod layer;
mod layers;
mod lens;
mod loading;
mod notes;
mod observer;
mod picking;
mod probe;
pub mod quality;
mod shot;
pub mod space;
pub mod stage;
pub mod steer;
mod studio;
mod tape;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod tools;
mod traffic;
mod upload;
#[cfg(test)]
mod vision;
mod weather;
mod window;

pub use bench::{FrameTimes, frame_times, painter};
pub use error::ViewError;
pub use film::{FilmOptions, Filmed, film};
pub use gauge::WindowFigures;
pub use loading::{Loader, Show};
pub use observer::{Observer, Twin};
pub use probe::{AdapterKind, adapter_available, display_available};
pub use shot::{ShotOptions, shoot};
pub use studio::Framing;
pub use window::{WindowOptions, run_window};

use bevy::asset::AssetEventSystems;
use bevy::prelude::*;
use bevy_egui::EguiPostUpdateSet;

/// When the view does what, each frame.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub enum ViewSystems {
    /// What the user did.
    Input,
    /// What the mesh published is put on show.
    Follow,
    /// Nodes glide to where the layout shows them.
    Arrange,
    /// The camera moves.
    Camera,
    /// Buffers are written.
    Write,
}

/// The scene without a window: the same for the window and for pictures.
fn scene_plugin(app: &mut App) {
    app.configure_sets(
        Update,
        (ViewSystems::Input, ViewSystems::Follow, ViewSystems::Arrange, ViewSystems::Camera)
            .chain(),
    )
    .configure_sets(
        PostUpdate,
        ViewSystems::Write.after(TransformSystems::Propagate).before(AssetEventSystems),
    )
    // Letters that appear for the first time must reach the renderer in the same frame.
    .configure_sets(PostUpdate, EguiPostUpdateSet::PostProcessOutput.before(AssetEventSystems))
    .insert_resource(ClearColor(theme::clear()))
    .add_plugins((
        (actions::plugin, tools::plugin),
        layer::plugin,
        layers::plugin,
        upload::plugin,
        quality::plugin,
        stage::plugin,
        crowd::plugin,
        arrange::plugin,
        traffic::plugin,
        weather::plugin,
        frame::plugin,
        camera::plugin,
        crate::panels::plugin,
    ));
}
