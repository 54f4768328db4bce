//! How far away to stand so that everything is seen, and nothing hides behind a panel.

use super::camera::Pose;
use super::stage::Insets;
use bevy::prelude::*;

/// Share of the free space that the scene fills.
const FILL: f32 = 0.9;

/// The free space of a window: half its width and height over half the window's height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Safe {
    half: Vec2,
}

impl Safe {
    /// What panels leave free.
    #[must_use]
    pub fn of(size: Vec2, insets: &Insets) -> Self {
        let taken = Vec2::new(insets.left + insets.right, insets.top + insets.bottom);
        // Where panels take nearly all, the scene goes behind them.
        let free = (size - taken).max(size * 0.45);
        Self { half: free / size.y.max(1.0) }
    }
}

/// Moves a pose so that all places fill the free space.
#[must_use]
pub fn fit(
    aim: Pose,
    places: impl Iterator<Item = Vec3> + Clone,
    margin: f32,
    safe: Safe,
    fov: f32,
) -> Pose {
    let mut pose = aim;
    let slope = (fov * 0.5).tan();
    let free = safe.half * slope * FILL;
    for _ in 0..6 {
        let back = pose.back();
        let right = Vec3::Y.cross(back).normalize_or(Vec3::X);
        let up = back.cross(right);
        let (mut low, mut high) = (Vec2::splat(f32::MAX), Vec2::splat(f32::MIN));
        for place in places.clone() {
            let from = place - pose.target;
            let depth = (pose.distance - from.dot(back)).max(0.05);
            let at = Vec2::new(from.dot(right), from.dot(up)) / depth;
            let grown = Vec2::splat(margin / depth);
            low = low.min(at - grown);
            high = high.max(at + grown);
        }
        if low.x > high.x {
            return pose;
        }
        let middle = (low + high) * 0.5;
        pose.target += (right * middle.x + up * middle.y) * pose.distance;
        let wanted = ((high - low) * 0.5 / free).max_element();
        pose.distance = (pose.distance * wanted).clamp(1.0, 1.0e5);
    }
    pose
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_places_end_up_inside_the_free_space() {
        let places: Vec<Vec3> =
            (0..100).map(|i| Vec3::new((i % 10) as f32, 0.0, (i / 10) as f32)).collect();
        let aim = Pose { target: Vec3::ZERO, yaw: 0.6, pitch: 0.5, distance: 30.0 };
        let insets = Insets { left: 300.0, right: 0.0, top: 0.0, bottom: 60.0 };
        let size = Vec2::new(1280.0, 720.0);
        let fov = 0.7;
        let pose = fit(aim, places.iter().copied(), 0.2, Safe::of(size, &insets), fov);
        let back = pose.back();
        let right = Vec3::Y.cross(back).normalize();
        let up = back.cross(right);
        let limit = Vec2::new(980.0, 660.0) / 720.0 * (fov * 0.5_f32).tan();
        for place in places {
            let from = place - pose.target;
            let depth = pose.distance - from.dot(back);
            let at = Vec2::new(from.dot(right), from.dot(up)).abs() / depth;
            assert!(at.x < limit.x && at.y < limit.y, "{at} {limit}");
        }
    }

    #[test]
    fn nothing_to_see_changes_nothing() {
        let aim = Pose { target: Vec3::ZERO, yaw: 0.0, pitch: 0.3, distance: 5.0 };
        let safe = Safe::of(Vec2::new(100.0, 100.0), &Insets::default());
        assert_eq!(fit(aim, std::iter::empty(), 0.1, safe, 0.7), aim);
    }
}
