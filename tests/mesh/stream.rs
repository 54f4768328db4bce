//! Residual streams in the mesh: sentinels rebuild exactly what nodes sensed, or know what is lost.

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::scenario::Scenario;

fn streaming() -> Scenario {
    let mut scenario = parsed(THICKET);
    let stream = &mut scenario.protocol.stream;
    stream.step = 0.01;
    stream.frame_samples = 16;
    stream.key_every_frames = 4;
    stream.check_every_frames = 2;
    scenario
}

#[test]
fn what_is_rebuilt_is_exact_and_what_is_lost_is_known() {
    // Fragments of 20 bytes with up to 30 % loss each, batteries that run out, and a storm.
    let mut mesh = mesh(&streaming(), 1);
    run_to(&mut mesh, 600);
    let stream = mesh.summary().stream.expect("a mesh that streams");
    assert_eq!(stream.wrong, 0, "{stream:?}");
    assert!(stream.exact > 1_000 && stream.lost > 100, "{stream:?}");
    assert_eq!(stream.exact + stream.lost + stream.waiting, stream.sensed, "{stream:?}");
}

#[test]
fn a_lost_frame_costs_the_readings_up_to_the_next_keyframe() {
    let arrived = |key_every_frames: u8| {
        let mut scenario = streaming();
        scenario.protocol.stream.key_every_frames = key_every_frames;
        let mut mesh = mesh(&scenario, 1);
        run_to(&mut mesh, 600);
        mesh.summary().stream.expect("a mesh that streams")
    };
    let (often, seldom) = (arrived(2), arrived(32));
    assert!(2 * often.exact > 3 * seldom.exact, "{often:?} beside {seldom:?}");
    // What a keyframe has not told of yet is neither there nor known to be lost.
    assert!(often.waiting < seldom.waiting, "{often:?} beside {seldom:?}");
}

#[test]
fn on_a_clean_channel_nothing_is_lost() {
    let mut scenario = streaming();
    scenario.radio.mtu_bytes = 1024;
    scenario.radio.loss_at_range_percent = 0;
    scenario.radio.loss_floor_percent = 0;
    scenario.radio.collisions = false;
    scenario.nodes.on_demand_percent = 0;
    scenario.energy.battery_mj = 1_000_000_000;
    let mut mesh = mesh(&scenario, 1);
    run_to(&mut mesh, 400);
    let stream = mesh.summary().stream.expect("a mesh that streams");
    assert_eq!((stream.wrong, stream.lost, stream.dropped_frames), (0, 0, 0), "{stream:?}");
    assert!(stream.exact * 10 > stream.sensed * 8, "{stream:?}");
    assert_eq!(stream.exact + stream.waiting, stream.sensed, "{stream:?}");
}

#[test]
fn a_restored_mesh_streams_on() {
    let scenario = streaming();
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 130);
    let bytes = straight.snapshot();
    let mut copy = mesh(&scenario, 1);
    copy.restore(&bytes).expect("its own snapshot");
    run_to(&mut copy, 260);
    run_to(&mut straight, 260);
    assert_eq!(copy.sections(), straight.sections());
    let figures = |mesh: &mut qres::mesh::Mesh| mesh.summary().stream.map(|s| (s.exact, s.lost));
    assert_eq!(figures(&mut copy), figures(&mut straight));
}

#[test]
fn without_a_step_nothing_is_streamed() {
    let mut mesh = mesh(&parsed(THICKET), 1);
    run_to(&mut mesh, 20);
    assert!(mesh.summary().stream.is_none());
}
