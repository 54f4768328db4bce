//! Which node is under the cursor: one ray against all spheres, no colliders.

use super::crowd::Crowd;
use super::space::Space;
use bevy::prelude::*;

/// A click this many pixels beside a node still means it.
const SLACK_PIXELS: f32 = 9.0;

/// What the ray is asked with.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// From the eye through the cursor.
    pub ray: Ray3d,
    /// Size of a pixel at distance one.
    pub pixel: f32,
    /// With the cut-away on, what is nearer to the camera than this plane through the middle is
    /// hidden and cannot be picked.
    pub hidden: Option<Vec3>,
}

/// The node under the ray: the nearest that it meets, else the one it misses by least.
#[must_use]
pub fn pick(probe: &Probe, crowd: &Crowd, space: &Space) -> Option<u32> {
    let nodes =
        crowd.places().zip(0_u32..).map(|((at, size), id)| (id, at, space.node_radius * size));
    pick_among(probe, nodes)
}

fn pick_among(probe: &Probe, nodes: impl Iterator<Item = (u32, Vec3, f32)>) -> Option<u32> {
    let mut hit: Option<(f32, u32)> = None;
    let mut near: Option<(f32, u32)> = None;
    for (id, at, radius) in nodes {
        if probe.hidden.is_some_and(|back| at.dot(back) > 0.0) {
            continue;
        }
        let from = at - probe.ray.origin;
        let along = from.dot(*probe.ray.direction);
        if along <= 0.0 {
            continue;
        }
        let beside = (from - *probe.ray.direction * along).length();
        if beside <= radius {
            if hit.is_none_or(|(best, _)| along < best) {
                hit = Some((along, id));
            }
        } else if beside <= radius + SLACK_PIXELS * probe.pixel * along {
            let pixels = beside / along;
            if near.is_none_or(|(best, _)| pixels < best) {
                near = Some((pixels, id));
            }
        }
    }
    hit.or(near).map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe() -> Probe {
        Probe { ray: Ray3d::new(Vec3::ZERO, Dir3::X), pixel: 0.001, hidden: None }
    }

    #[test]
    fn the_nearest_hit_wins_and_a_near_miss_counts() {
        let nodes = [
            (0, Vec3::new(9.0, 0.0, 0.0), 0.2),
            (1, Vec3::new(5.0, 0.1, 0.0), 0.2),
            (2, Vec3::new(-3.0, 0.0, 0.0), 0.2),
        ];
        assert_eq!(pick_among(&probe(), nodes.into_iter()), Some(1));
        let beside = [(7, Vec3::new(10.0, 0.25, 0.0), 0.2)];
        assert_eq!(pick_among(&probe(), beside.into_iter()), Some(7));
        let far = [(7, Vec3::new(10.0, 1.0, 0.0), 0.2)];
        assert_eq!(pick_among(&probe(), far.into_iter()), None);
    }

    #[test]
    fn what_is_cut_away_cannot_be_picked() {
        let nodes = [(0, Vec3::new(5.0, 0.0, 0.0), 0.2), (1, Vec3::new(9.0, 0.0, 0.0), 0.2)];
        let cut = Probe { hidden: Some(Vec3::new(1.0, 0.0, 0.0)), ..probe() };
        assert_eq!(pick_among(&cut, nodes.into_iter()), None);
    }
}
