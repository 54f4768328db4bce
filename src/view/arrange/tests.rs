//! Tests of layouts on show.

use super::*;
use crate::mesh::publish::{Published, Scene};
use std::sync::Arc;

fn after(rate: f32, frames: u32) -> (Vec4, Vec4) {
    let (mut shown, mut speed) = (Vec4::new(4.0, -2.0, 0.5, 1.0), Vec4::X);
    for _ in 0..frames {
        glide(&mut shown, &mut speed, Vec4::Y, Some(rate), 1.0 / frames as f32);
    }
    (shown, speed)
}

#[test]
fn a_glide_is_the_same_at_every_frame_rate() {
    let (slow, quick) = (after(GLIDE, 30), after(GLIDE, 144));
    assert!(slow.0.distance(quick.0) < 1e-4 && slow.1.distance(quick.1) < 1e-3);
    assert!(slow.0.distance(Vec4::Y) < 0.05, "nearly there after a second");
}

/// A crowd of nine nodes in a row, a metre apart, linked in a chain.
fn row() -> (Stage, Space, Crowd) {
    let nodes: Vec<_> =
        (0..9).map(|id| crate::view::space::tests::node([id * 1000, 0, 0])).collect();
    let links = (0..8).map(|id| [id, id + 1]).collect();
    let scene = Scene { links, ..Default::default() };
    let published = Published { nodes, tick_ms: 1000, ..Default::default() };
    let space = Space::of(&scene, &published);
    let stage = Stage::new(Arc::new(scene), Arc::new(published));
    let mut crowd = Crowd::default();
    crowd.take(&stage, &space);
    (stage, space, crowd)
}

#[test]
fn every_layout_is_reached_and_left_without_a_trace() {
    let (stage, space, mut crowd) = row();
    let mut arrangement = Arrangement::default();
    let before: Vec<Vec3> = crowd.places().map(|(at, _)| at).collect();
    assert_eq!(arrangement.form(&space), Form::of_space(&space));
    for layout in [Layout::Grid, Layout::Sphere, Layout::Force, Layout::Placed] {
        arrangement.change(layout, &crowd, &stage, &space, true);
        for _ in 0..240 {
            arrangement.advance(&mut crowd, Some(GLIDE), 1.0 / 120.0);
        }
        assert!(!arrangement.moving, "{layout:?} is reached in two seconds");
        let ends: Vec<Vec3> = arrangement.ends(&crowd).collect();
        let shown: Vec<Vec3> = crowd.places().map(|(at, _)| at).collect();
        assert_eq!(ends, shown);
        assert_eq!(arrangement.form(&space).real > 0.5, layout.is_real());
        assert_eq!(shown == before, layout.is_real());
    }
    assert_eq!(arrangement.form(&space), Form::of_space(&space));
}

#[test]
fn the_key_goes_through_all_layouts() {
    let mut seen = vec![Layout::Placed];
    for _ in 0..3 {
        seen.push(seen[seen.len() - 1].next());
    }
    assert_eq!(seen, Layout::ALL);
    assert_eq!(seen[3].next(), Layout::Placed);
}
