//! Wake and Speak: when radios are on, and what nodes have to say.

use bevy::ecs::prelude::*;
use qres_core::energy::Activity;
use qres_core::handover::send_handover;
use qres_core::id::{NodeId, Tick};
use qres_core::packet::{Message, SumStep, Update};
use qres_core::phase::{self, Outbox, Speaker};
use qres_core::radio::Outgoing;
use qres_core::residual_stream::{Extras, send_stream};
use qres_core::responder::{self, Route};
use qres_core::signature::own_round;
use qres_core::tuner::send_policy;

use super::archive::Streaming;
use super::components::{
    Battery, Carried, Detector, Doing, Entropy, Genome, Heritage, Identity, Memory, Neuron,
    Private, Quiet, Schedule, Sensor, Standing, Tally, Trust, Tuning,
};
use super::for_nodes;
use super::guard::{Guard, Keys};
use super::malice::Malice;
use super::orders::Orders;
use super::overheard::{Notes, Overheard};
use super::plan::Plan;
use super::resources::{Air, Clock, Setup};
use super::sums::{self, Summing};
use crate::world::attack;

/// Plans each radio's window of this tick.
pub fn wake(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        &Identity,
        &Sensor,
        &Battery,
        &Detector,
        &Standing,
        &mut Schedule,
        &mut Doing,
    )>,
) {
    let config = &setup.0.config;
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(
        identity,
        sensor,
        battery,
        detector,
        standing,
        mut schedule,
        mut doing,
    )| {
        doing.0 = Activity {
            tick_us: config.wake.tick_us,
            samples: u32::from(sensor.sample.is_some()),
            ..Activity::default()
        };
        if battery.0.is_browned_out() {
            schedule.0.power_off(now, config.wake.tick_us);
            return;
        }
        let regime = detector.0.effective(battery.0.is_critical(&config.energy));
        phase::plan(config, identity.id, now, regime, &standing.0, &mut schedule.0);
    });
}

/// Lets each node that is awake decide what to send.
pub fn speak(
    clock: Res<Clock>,
    setup: Res<Setup>,
    air: Res<Air>,
    keys: Res<Keys>,
    orders: Res<Orders>,
    overheard: Res<Overheard>,
    mut nodes: Query<(
        (
            (&Identity, &Neuron, &Entropy, &Detector, &Battery, &Schedule, &Standing, &Trust),
            Option<&Tuning>,
        ),
        (&mut Quiet, &mut Memory, &mut Genome, &mut Doing, &mut Tally),
        (
            (Option<&mut Carried>, Option<&mut Private>, Option<&mut Guard>),
            (Option<&mut Streaming>, Option<&mut Heritage>, Option<&mut Summing>),
        ),
    )>,
) {
    let plan = &*setup.0;
    let config = &plan.config;
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(node, saying, pages)| {
        let (mut quiet, mut memory, mut genome, mut doing, mut tally) = saying;
        let ((mut carried, mut private, mut guard), pages) = pages;
        let (streaming, heritage, mut summing) = pages;
        let (node, tuning) = node;
        let (identity, neuron, entropy, detector, battery, schedule, standing, trust) = node;
        let malice = orders.malice(plan, identity.id);
        if !schedule.0.window().is_awake() || malice.is_some_and(|malice| malice.muted) {
            return;
        }
        let speaker = Speaker {
            id: identity.id,
            group: identity.group,
            neuron: &neuron.0,
            residual: &entropy.0,
            detector: &detector.0,
            energy: &battery.0,
            wake: &schedule.0,
            trust: &standing.0,
            neighbours: &trust.0,
            policy: tuning.map(|tuning| *tuning.0.proposal()),
        };
        let mut outbox = Outbox::new();
        let routes = memory.service.as_mut().map_or(&mut [][..], |service| &mut service.routes);
        let evolution = genome.0.as_deref_mut();
        let carry = carried.as_deref_mut().map(|carried| &mut carried.0);
        let kept = guard.as_ref().map_or(0, |_| own_round(identity.id, routes));
        let hostile = malice.filter(|malice| malice.now(now).is_some());
        // What an adversary's node would keep for sleepers is kept once the attack has seen it.
        let honest = if hostile.is_some() { &mut [] } else { &mut *routes };
        let (private, out) = (private.as_deref_mut().map(|private| &mut private.0), &mut outbox);
        phase::speak(config, now, &speaker, &mut quiet.0, honest, evolution, carry, private, out);
        if let Some(malice) = hostile {
            mislead(plan, &orders, &overheard, now, &malice, &speaker, routes, &mut outbox);
        }
        // A liar sums lies.
        if let Some(sums) = &plan.sums {
            sums::speak(plan, sums, now, &speaker, summing.as_deref_mut(), &mut outbox);
        }
        // Last, so that a liar signs its lies: with its own key, for its own name only.
        if let (Some(guard), Some(keys)) = (&mut guard, &keys.0) {
            let news = own_news(identity.id, kept, routes, &outbox);
            if let Some((order, update)) = news {
                let signature = guard.sign(config.signature, keys, &update);
                let signed = order.map(|order| (identity.id, order, signature));
                air.signatures.scope(|signatures| signatures.extend(signed));
            }
        }
        let mut extras = Extras::new();
        send_policy(config, now, &speaker, &outbox, &mut extras);
        if let Some(mut heritage) = heritage {
            send_handover(config, now, &speaker, &mut heritage.0, &outbox, &mut extras);
        }
        if let Some(mut streaming) = streaming {
            send_stream(config, now, &speaker, &mut streaming.feed, &outbox, &mut extras);
            streaming.bytes += streamed(&extras);
        }
        for (order, outgoing) in outbox.iter().chain(&extras).enumerate() {
            let payload = config.air.payload_bytes(&outgoing.message);
            doing.0.transmit_us += config.air.message_us(payload);
            tally.send(&config.air, payload);
            tally.updates_sent += u32::from(is_model(&outgoing.message));
            air.queue.scope(|queue| queue.push((identity.id, order as u32, *outgoing)));
        }
    });
}

/// Bytes of residual streams among what is sent.
fn streamed(extras: &Extras) -> u64 {
    let part = |outgoing: &Outgoing| match &outgoing.message {
        Message::Stream { part, .. } => part.frame().len() as u64,
        _ => 0,
    };
    extras.iter().map(part).sum()
}

/// Lets an adversary make what it likes of what its node would send, and keeps its update for its
/// sleepers too.
fn mislead(
    plan: &Plan,
    orders: &Orders,
    overheard: &Overheard,
    now: Tick,
    malice: &Malice,
    node: &Speaker<'_>,
    routes: &mut [Route],
    outbox: &mut Outbox,
) {
    if node.wake.window().opens {
        let mut notes = Notes::default();
        let scene = attack::Scene {
            config: &plan.config,
            seed: plan.seed,
            now,
            claims_storm: malice.claims_storm,
            view: overheard.view(plan, orders, now, malice, node, &mut notes),
        };
        attack::speak(malice.attack, &scene, node, routes, outbox);
    }
    for outgoing in outbox.iter() {
        if let Message::Update(update) = &outgoing.message
            && update.origin == node.id
        {
            responder::keep(routes, update);
        }
    }
}

/// Whether a message carries its sender's model, in the clear or under masks.
const fn is_model(message: &Message) -> bool {
    match message {
        Message::Update(_) => true,
        Message::Sum(part) => !matches!(part.step, SumStep::Correction),
        _ => false,
    }
}

/// The update that a node has made in this tick, to be signed: its place among what is sent, if it
/// is sent, else the one that is only kept for sleepers.
fn own_news(
    id: NodeId,
    kept: u32,
    routes: &[Route],
    outbox: &Outbox,
) -> Option<(Option<u32>, Update)> {
    let sent = outbox.iter().zip(0..).find_map(|(outgoing, order)| match outgoing.message {
        Message::Update(update) if update.origin == id => Some((Some(order), update)),
        _ => None,
    });
    let newer = |route: &&Route| route.origin == id && route.round() > kept;
    sent.or_else(|| routes.iter().find(newer).map(|route| (None, route.update())))
}

impl Tally {
    /// Counts a message of `payload` bytes.
    pub(super) fn send(&mut self, air: &qres_core::radio::AirConfig, payload: usize) {
        self.bytes_sent += air.message_bytes(payload) as u64;
        self.frames_sent += air.message_frames(payload) as u32;
    }
}
