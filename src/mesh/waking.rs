//! Wake and Speak: when radios are on, and what nodes have to say.

use bevy::ecs::prelude::*;
use qres_core::audit::learner::Mind;
use qres_core::audit::queue::{AuditOut, sent};
use qres_core::config::NodeConfig;
use qres_core::energy::Activity;
use qres_core::handover::send_handover;
use qres_core::id::{NodeId, Tick};
use qres_core::packet::{Message, SumStep, Update};
use qres_core::phase::{self, Outbox, Speaker};
use qres_core::residual_stream::Extras;
use qres_core::responder::{self, Route};
use qres_core::signature::{SignatureBytes, own_round};
use qres_core::trust::send_opinions;
use qres_core::tuner::send_policy;
use qres_core::wake::Wake;

use super::archive::Streaming;
use super::auditing::{self, Auditing};
use super::boards::Boards;
use super::components::{
    Battery, Carried, Detector, Doing, Entropy, Genome, Heritage, Identity, Memory, Neuron,
    Private, Quiet, Schedule, Sensor, Standing, Tally, Trust, Tuning,
};
use super::condition::{Condition, is_off};
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
        Option<&Condition>,
        &mut Schedule,
        &mut Doing,
    )>,
) {
    let plan = &*setup.0;
    let config = &plan.config;
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(
        identity,
        sensor,
        battery,
        detector,
        standing,
        condition,
        mut schedule,
        mut doing,
    )| {
        doing.0 = Activity {
            tick_us: config.wake.tick_us,
            samples: u32::from(sensor.sample.is_some()),
            ..Activity::default()
        };
        if battery.0.is_browned_out() || is_off(condition) {
            schedule.0.power_off(now, config.wake.tick_us);
            return;
        }
        let regime = detector.0.effective(battery.0.is_critical(&config.energy));
        let rounds = schedule.0.rounds();
        phase::plan(config, identity.id, now, regime, &standing.0, &mut schedule.0);
        if plan.faults.on_clock() {
            bend(plan, identity.id, now, rounds, &mut schedule.0);
        }
    });
}

/// Moves the next round of a node whose clock is wrong or that does not keep up. `rounds` is how
/// many it had begun before this tick.
fn bend(plan: &Plan, id: NodeId, now: Tick, rounds: u32, wake: &mut Wake) {
    let tick_us = plan.config.wake.tick_us;
    let mut by_us = plan.faults.slip_us(id, now, tick_us);
    if wake.rounds() > rounds {
        let interval_us = wake.next_us().saturating_sub(now.0.saturating_mul(tick_us));
        let late_us = interval_us.saturating_mul(plan.faults.pace(id, now) - 1);
        by_us = by_us.saturating_add_unsigned(late_us);
    }
    wake.shift(by_us);
}

/// Notes what a node has computed to say; the round that its own update was kept for sleepers in,
/// if it is not an adversary's.
fn log(
    auditing: &mut Auditing,
    config: &NodeConfig,
    speaker: &Speaker<'_>,
    kept: Option<u32>,
    routes: &[Route],
    said: &Outbox,
    mind: Mind<'_>,
) {
    let sent = sent(speaker.id, kept.unwrap_or(u32::MAX), routes, said);
    auditing.0.spoke(config, speaker, sent, mind);
}

/// What a node audits by: what all agree on, with what it has tuned.
fn rules(plan: &Plan, orders: &Orders, tuning: Option<&Tuning>) -> NodeConfig {
    let agreed = orders.config(plan);
    tuning.map_or(agreed, |tuning| tuning.0.apply(&agreed))
}

/// Lets each node that is awake decide what to send.
pub fn speak(
    clock: Res<Clock>,
    setup: Res<Setup>,
    air: Res<Air>,
    keys: Res<Keys>,
    orders: Res<Orders>,
    overheard: Res<Overheard>,
    boards: Res<Boards>,
    mut nodes: Query<(
        (
            (&Identity, &Neuron, &Entropy, &Detector, &Battery, &Schedule, &Standing, &Trust),
            Option<&Tuning>,
        ),
        (&mut Quiet, &mut Memory, &mut Genome, &mut Doing, &mut Tally),
        (
            (Option<&mut Carried>, Option<&mut Private>, Option<&mut Guard>),
            (Option<&mut Streaming>, Option<&mut Heritage>, Option<&mut Summing>),
            Option<&mut Auditing>,
        ),
    )>,
) {
    let (plan, now) = (&*setup.0, clock.now);
    let config = &plan.config;
    for_nodes!(nodes, clock.parallel, |((node, tuning), saying, pages)| {
        let (mut quiet, mut memory, mut genome, mut doing, mut tally) = saying;
        let ((mut carried, mut private, mut guard), pages, mut auditing) = pages;
        let (streaming, heritage, mut summing) = pages;
        let (identity, neuron, entropy, detector, battery, schedule, standing, trust) = node;
        let malice = orders.malice(plan, identity.id).filter(|_| !boards.has(identity.id));
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
        let counts = guard.is_some() || auditing.is_some();
        let kept = if counts { own_round(identity.id, routes) } else { 0 };
        let hostile = malice.filter(|malice| malice.now(now).is_some());
        // What an adversary's node would keep for sleepers is kept once the attack has seen it.
        let honest = if hostile.is_some() { &mut [] } else { &mut *routes };
        let (private, out) = (private.as_deref_mut().map(|private| &mut private.0), &mut outbox);
        phase::speak(config, now, &speaker, &mut quiet.0, honest, evolution, carry, private, out);
        let mind = auditing::mind(neuron, entropy, detector, carried.as_deref());
        // A liar's node logs what it computed, unless the liar sees to that too.
        let computed = hostile.filter(|malice| !malice.covers_up).map(|_| outbox.clone());
        if let Some(malice) = hostile {
            mislead((plan, &*orders, &*overheard), now, &malice, &speaker, routes, &mut outbox);
        }
        if let Some(auditing) = &mut auditing {
            let (said, own) = (computed.as_ref().unwrap_or(&outbox), hostile.is_none());
            log(auditing, config, &speaker, own.then_some(kept), routes, said, mind);
        }
        let lies = hostile.is_some();
        let also = sums::speak(plan, now, &speaker, summing.as_deref_mut(), lies, &mut outbox);
        // Last, so that a liar signs its lies: with its own key, for its own name only.
        if let (Some(guard), Some(keys)) = (&mut guard, &keys.0)
            && let Some((order, update)) = own_news(identity.id, kept, routes, &outbox)
        {
            note_signature(&air, identity.id, order, guard.sign(config.signature, keys, &update));
        }
        let (heritage, streaming) = (heritage.map(Mut::into_inner), streaming.map(Mut::into_inner));
        let mut extras = extras(config, now, &speaker, &outbox, heritage, streaming);
        if let Some(malice) = hostile {
            extras.iter_mut().for_each(|said| attack::answer(malice.attack, &mut said.message));
        }
        let mut asked = AuditOut::new();
        if let Some(mut page) = auditing {
            let rules = rules(plan, &orders, tuning);
            doing.0.samples += page.ask(&rules, now, &speaker, mind, &memory, &outbox, &mut asked);
        }
        // Who has something to send before its outbox signs nothing: it is a member of a sum.
        let first = also.before.iter().chain(&outbox);
        let all = first.chain(&extras).chain(&asked).chain(&also.after);
        for (order, outgoing) in all.enumerate() {
            doing.0.transmit_us += tally.say(&config.air, &outgoing.message);
            air.queue.scope(|queue| queue.push((identity.id, order as u32, *outgoing)));
        }
    });
}

/// What an adversary does to what its node would send and keep.
fn mislead(
    (plan, orders, overheard): (&Plan, &Orders, &Overheard),
    now: Tick,
    malice: &Malice,
    node: &Speaker<'_>,
    routes: &mut [Route],
    outbox: &mut Outbox,
) {
    if node.wake.window().opens {
        let mut page = Notes::default();
        let view = overheard.view(plan, orders, now, malice, node, &mut page);
        let (config, claims_storm) = (&plan.config, malice.claims_storm);
        let scene = attack::Scene { config, seed: plan.seed, now, claims_storm, view };
        attack::speak(malice.attack, &scene, node, routes, outbox);
    }
    keep_own(node.id, routes, outbox);
}

/// Puts a signature beside the message that it is of, if that is sent.
fn note_signature(air: &Air, id: NodeId, order: Option<u32>, signature: SignatureBytes) {
    let signed = order.map(|order| (id, order, signature));
    air.signatures.scope(|signatures| signatures.extend(signed));
}

/// Keeps the update that an adversary sends for its sleepers too.
fn keep_own(id: NodeId, routes: &mut [Route], outbox: &Outbox) {
    for outgoing in outbox {
        if let Message::Update(update) = &outgoing.message
            && update.origin == id
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

/// What optional channels add to what a node sends.
fn extras(
    config: &NodeConfig,
    now: Tick,
    speaker: &Speaker<'_>,
    outbox: &Outbox,
    heritage: Option<&mut Heritage>,
    streaming: Option<&mut Streaming>,
) -> Extras {
    let mut extras = Extras::new();
    send_policy(config, now, speaker, outbox, &mut extras);
    if let Some(heritage) = heritage {
        send_handover(config, now, speaker, &mut heritage.0, outbox, &mut extras);
    }
    send_opinions(config, now, speaker, outbox, &mut extras);
    if let Some(streaming) = streaming {
        streaming.send(config, now, speaker, outbox, &mut extras);
    }
    extras
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
    /// Counts a message; gives its time on the air, in microseconds.
    fn say(&mut self, air: &qres_core::radio::AirConfig, message: &Message) -> u64 {
        let payload = air.payload_bytes(message);
        self.send(air, payload);
        self.updates_sent += u32::from(is_model(message));
        air.message_us(payload)
    }

    /// Counts a message of `payload` bytes.
    pub(super) fn send(&mut self, air: &qres_core::radio::AirConfig, payload: usize) {
        self.bytes_sent += air.message_bytes(payload) as u64;
        self.frames_sent += air.message_frames(payload) as u32;
    }
}
