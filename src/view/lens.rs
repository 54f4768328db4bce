//! What the scene's camera is made of: lens, bloom and tone. Where it stands is not decided here.

use bevy::camera::Hdr;
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::post_process::bloom::{Bloom, BloomCompositeMode, BloomPrefilter};
use bevy::prelude::*;

/// Vertical field of view.
pub const FOV: f32 = 0.66;

/// The camera, wherever it draws to. Shapes smooth their edges themselves; a smoothing pass comes
/// with the quality, so it needs no multisampling.
#[must_use]
pub fn bundle() -> impl Bundle {
    (
        Camera3d::default(),
        Hdr,
        Msaa::Off,
        Tonemapping::TonyMcMapface,
        DebandDither::Enabled,
        bloom(),
        Projection::Perspective(PerspectiveProjection {
            fov: FOV,
            near: 0.02,
            far: 10_000.0,
            ..default()
        }),
        Transform::default(),
    )
}

/// The light around bright things.
#[must_use]
pub fn bloom() -> Bloom {
    Bloom {
        intensity: 0.26,
        low_frequency_boost: 0.55,
        low_frequency_boost_curvature: 0.9,
        high_pass_frequency: 1.0,
        prefilter: BloomPrefilter { threshold: 0.0, threshold_softness: 0.0 },
        composite_mode: BloomCompositeMode::EnergyConserving,
        ..Bloom::NATURAL
    }
}
