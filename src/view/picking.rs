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
    seat(probe, crowd, space).map(|index| crowd.seat(index as usize).1 as u32)
}

/// The same as a place of the crowd's list, which tells worlds apart.
#[must_use]
pub fn seat(probe: &Probe, crowd: &Crowd, space: &Space) -> Option<u32> {
    let nodes =
        crowd.places().zip(0_u32..).map(|((at, size), id)| (id, at, space.node_radius * size));
    let kept = nodes.filter(|(index, at, _)| {
        let home = *at - crowd.apart(crowd.seat(*index as usize).0);
        probe.hidden.is_none_or(|back| home.dot(back) <= 0.0)
    });
    pick_among(probe, kept)
}

fn pick_among(probe: &Probe, nodes: impl Iterator<Item = (u32, Vec3, f32)>) -> Option<u32> {
    let mut hit: Option<(f32, u32)> = None;
    let mut near: Option<(f32, u32)> = None;
    for (id, at, radius) in nodes {
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
    use crate::mesh::publish::{Published, Scene};
    use crate::pace::Other;
    use crate::view::space::tests::node;
    use crate::view::stage::Stage;
    use std::sync::Arc;

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
    fn what_is_cut_away_cannot_be_picked_in_any_world() {
        let nodes = [[5_000, 0, 0], [-5_000, 0, 0]].map(node).to_vec();
        let published = Arc::new(Published { nodes, ..default() });
        let mut stage = Stage::new(Arc::new(Scene::default()), published.clone());
        stage.other = Some(Other { published, difference: Arc::default() });
        let space = Space::of(&stage.scene, &stage.published);
        let mut crowd = Crowd::default();
        crowd.take(&stage, &space);
        let apart = Vec3::Z * 9.0;
        crowd.stand(apart, Vec3::ZERO);
        (2..4).for_each(|index| crowd.lay(index, apart.extend(1.0)));
        let at = crowd.seen(3).unwrap();
        let from = at + Vec3::Y * 5.0;
        let mut probe = Probe { ray: Ray3d::new(from, Dir3::NEG_Y), ..probe() };
        assert_eq!(seat(&probe, &crowd, &space), Some(3));
        assert_eq!(pick(&probe, &crowd, &space), Some(1));
        probe.hidden = Some(-Vec3::X);
        assert_eq!(pick(&probe, &crowd, &space), None);
    }
}
