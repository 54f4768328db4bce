//! Colours of what a 3D viewer shows of a file, as red, green, blue and opacity.

use crate::mesh::publish::{NodeView, Regime};

/// A node: by its regime, darker while it sleeps, grey without power.
pub(super) const fn node(node: &NodeView) -> [u8; 4] {
    let bright = match node.regime {
        Regime::Calm => [86, 140, 255, 255],
        Regime::PreStorm => [255, 190, 60, 255],
        Regime::Storm => [255, 70, 60, 255],
    };
    let [red, green, blue, _] = bright;
    match (node.dead, node.awake) {
        (true, _) => [90, 90, 90, 255],
        (false, true) => bright,
        (false, false) => [red / 2, green / 2, blue / 2, 255],
    }
}

/// A storm, from 0 to 1 each.
pub(super) const STORM: [f64; 4] = [0.9, 0.3, 0.3, 0.18];
