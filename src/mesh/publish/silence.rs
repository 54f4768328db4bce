//! Why a node does not speak, or why its word does not count: all that holds at once, for people.
//! Asks; decides nothing.

use bevy::ecs::prelude::*;
use qres_core::boundary::f64_from_q16;
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::packet::{Message, Update};
use qres_core::silence::Voice;

use super::detail::PeerView;
use crate::mesh::components::{Battery, Detector, Identity, Neuron, Quiet, Schedule, Standing};
use crate::mesh::condition::Condition;
use crate::mesh::follow::Followed;
use crate::mesh::orders::Orders;
use crate::mesh::plan::Plan;

/// Ticks for which it is said that the divergence guard has struck.
const GUARDED_TICKS: u64 = 64;

/// The reasons, the most final one first; none for a node that speaks in its rounds and is heard.
pub(super) fn reasons(
    world: &World,
    plan: &Plan,
    now: Tick,
    entity: Entity,
    peers: &[PeerView],
) -> Vec<String> {
    let Ok(node) = world.get_entity(entity) else { return Vec::new() };
    let parts = (node.get::<Identity>(), node.get::<Neuron>(), node.get::<Schedule>());
    let (Some(identity), Some(neuron), Some(schedule)) = parts else { return Vec::new() };
    let (Some(battery), Some(quiet)) = (node.get::<Battery>(), node.get::<Quiet>()) else {
        return Vec::new();
    };
    let mut reasons = Vec::new();
    if node.get::<Condition>().is_some_and(Condition::is_off) {
        reasons.push("without power".to_owned());
    }
    let energy = &plan.config.energy;
    let left_percent = 100.0 * f64_from_q16(battery.0.share(energy));
    if battery.0.is_browned_out() {
        let back = energy.recover_percent;
        reasons.push(format!("out of energy: {left_percent:.0} % left, back on at {back} %"));
    }
    let malice = world.resource::<Orders>().malice(plan, identity.id);
    if malice.is_some_and(|malice| malice.muted) {
        reasons.push("an adversary that is kept silent".to_owned());
    }
    if !schedule.0.window().is_awake() {
        reasons.push(asleep(plan, now, schedule));
    }
    let voice = quiet.0.voice();
    if !voice.speaks() {
        reasons.push(voice.reason().to_owned());
    }
    if battery.0.is_critical(energy) && voice != Voice::Exhausted {
        reasons.push(format!("low energy: {left_percent:.0} % left, so that it acts calm"));
    }
    let update = update(plan, identity.id, identity.group, neuron, node.get::<Detector>());
    if !battery.0.is_browned_out()
        && !battery.0.affords(energy, plan.config.air.airtime_us(&update))
    {
        reasons.push("cannot pay for a frame".to_owned());
    }
    let banned_by = peers.iter().filter(|peer| peer.banned_back).count();
    if banned_by > 0 {
        let of = peers.len();
        reasons.push(format!("banned by {banned_by} of {of} neighbours: heard, and not merged"));
    }
    if plan.sums.as_ref().is_some_and(|sums| sums.group_of(identity.id).is_some()) {
        reasons.push("speaks as a part of a sum only".to_owned());
    }
    let guarded = node.get::<Followed>().and_then(|followed| followed.0.guarded);
    if let Some(tick) = guarded.filter(|tick| now.0.saturating_sub(*tick) <= GUARDED_TICKS) {
        reasons.push(format!("the guard put its last healthy model back at tick {tick}"));
    }
    if node.get::<Standing>().is_some_and(|standing| !standing.0.is_commissioned()) {
        reasons.push("not commissioned: its neighbours do not know it yet".to_owned());
    }
    reasons
}

fn asleep(plan: &Plan, now: Tick, schedule: &Schedule) -> String {
    match schedule.0.next_us() {
        u64::MAX => "asleep until called".to_owned(),
        next_us => {
            let now_us = now.0.saturating_mul(plan.config.wake.tick_us);
            let left = next_us.saturating_sub(now_us) as f64 / 1e6;
            format!("asleep for {left:.1} s more")
        }
    }
}

/// An update such as the node would send.
fn update(
    plan: &Plan,
    origin: NodeId,
    group: GroupId,
    neuron: &Neuron,
    detector: Option<&Detector>,
) -> Message {
    Message::Update(Update {
        origin,
        round: 0,
        group,
        regime: detector.map(|detector| detector.0.regime()).unwrap_or_default(),
        polls: false,
        wire: plan.config.wire,
        taps: neuron.0.form().taps,
        gene: neuron.0.gene(),
        weights: *neuron.0.weights(),
    })
}
