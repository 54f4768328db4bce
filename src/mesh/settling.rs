//! Aggregate, Trust, Energy and Observe: rounds end, and everything is paid for and counted.

use bevy::ecs::prelude::*;
use qres_core::audit::learner::Blend;
use qres_core::handover::{self, Reviewer};
use qres_core::inbox::Inbox;
use qres_core::phase::{self, Circumstance, Merger};
use qres_core::tuner::Surroundings;
use qres_core::wake::Role;

use super::auditing::{self, Auditing};
use super::components::{
    Battery, Carried, Detector, Doing, Entropy, Genome, Heritage, Identity, Memory, Neuron,
    Schedule, Sensor, Standing, Tally, Trust, Tuning,
};
use super::condition::{Condition, is_off};
use super::for_nodes;
use super::guard::Guard;
use super::orders::Orders;
use super::resources::{Cascades, Clock, Pages, Roster, Setup};
use super::sums::{Collecting, Summing};

/// At the end of a round: sum up what was heard, where a mesh hands over.
pub fn sum_up(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    mut nodes: Query<(
        (&Identity, &Schedule, &Entropy, &Neuron, &Trust, &Memory),
        Option<&Tuning>,
        &mut Heritage,
    )>,
) {
    let config = &orders.config(&setup.0);
    for_nodes!(nodes, clock.parallel, |(node, tuning, mut heritage)| {
        let (identity, schedule, entropy, neuron, trust, memory) = node;
        if !schedule.0.window().closes {
            return;
        }
        let tuned = tuning.map(|tuning| tuning.0.apply(config));
        let config = tuned.as_ref().unwrap_or(config);
        let none = Inbox::default();
        let inbox = memory.inbox.as_deref().unwrap_or(&none);
        let (who, round) = ((identity.id, identity.group), schedule.0.rounds());
        let (neuron, entropy) = (&neuron.0, &entropy.0);
        handover::sum_up(config, who, round, neuron, entropy, &trust.0, inbox, &mut heritage.0);
    });
}
use super::trusting::Dossier;

/// At the end of a round: judge what was heard and adopt the robust mean.
pub fn merge(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    pages: Res<Pages>,
    mut nodes: Query<(
        &Identity,
        &Schedule,
        &Entropy,
        &Detector,
        Option<&mut Carried>,
        (Option<&Tuning>, Option<&mut Auditing>),
        Option<&mut Dossier>,
        &mut Neuron,
        &mut Trust,
        &mut Memory,
        &mut Tally,
    )>,
) {
    let config = &orders.config(&setup.0);
    for_nodes!(nodes, clock.parallel, |(
        identity,
        schedule,
        entropy,
        detector,
        mut carried,
        (tuning, mut auditing),
        mut dossier,
        mut neuron,
        mut trust,
        mut memory,
        mut tally,
    )| {
        if !schedule.0.window().closes {
            return;
        }
        let now = [tally.frames_sent, tally.frames_heard];
        let exchanged = now.iter().zip(&tally.marks).all(|(now, mark)| now > mark);
        tally.exchanges += u32::from(exchanged);
        tally.marks = now;
        let tuned = tuning.map(|tuning| tuning.0.apply(config));
        let config = tuned.as_ref().unwrap_or(config);
        let Some(mut inbox) = memory.inbox.take() else {
            if let Some(auditing) = &mut auditing {
                let conduct = dossier.as_deref_mut().map(Dossier::view);
                auditing.0.review(&config.trust, &mut trust.0, conduct, clock.now);
            }
            return;
        };
        let neighbours = &mut trust.0;
        let (round, regime) = (schedule.0.rounds(), detector.0.regime());
        let merger = Merger { id: identity.id, round, regime, now: clock.now };
        let carry = carried.as_deref_mut().map(|carried| &mut carried.0);
        let (model, residual) = (&mut neuron.0, &entropy.0);
        let conduct = dossier.as_deref_mut().map(Dossier::view);
        let mut noted = false;
        let note = |blend: &Blend| {
            noted = true;
            if let Some(auditing) = &mut auditing {
                auditing.0.merging(config, blend);
            }
        };
        let report = phase::merge_noted(
            config, merger, carry, model, residual, neighbours, conduct, &mut inbox, note,
        );
        if let Some(mut auditing) = auditing {
            if noted {
                auditing.0.merged(auditing::mind(&neuron, entropy, detector, carried.as_deref()));
            }
            let conduct = dossier.as_deref_mut().map(Dossier::view);
            auditing.0.review(&config.trust, &mut trust.0, conduct, clock.now);
        }
        tally.merges += u32::from(noted);
        tally.declined += u32::from(report.declined);
        pages.return_inbox(inbox);
    });
}

/// At the end of a round: is the node known well enough to sleep like the others?
pub fn review(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(&Schedule, &Trust, &mut Standing)>,
) {
    let config = &setup.0.config.trust;
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(schedule, trust, mut standing)| {
        if schedule.0.window().closes {
            standing.0.review(config, &trust.0, now);
        }
    });
}

/// Tries genes, and puts those that work into service.
pub fn evolve(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        (&Identity, &Sensor, &Battery, &Detector, &Entropy, Option<&Condition>),
        (&mut Neuron, &mut Trust, &mut Genome, &mut Doing, Option<&mut Dossier>),
    )>,
) {
    let config = &setup.0.config;
    if config.evolution.is_none() {
        return;
    }
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(node, mind)| {
        let (mut neuron, mut trust, mut genome, mut doing, mut dossier) = mind;
        let (identity, sensor, battery, detector, entropy, condition) = node;
        let Some(evolution) = genome.0.as_deref_mut() else { return };
        if battery.0.is_browned_out() || is_off(condition) {
            return;
        }
        let circumstance = Circumstance {
            regime: detector.0.effective(battery.0.is_critical(&config.energy)),
            energy: battery.0.share(&config.energy),
            sampled: sensor.sample.is_some(),
        };
        let report = phase::evolve(
            config,
            identity.id,
            identity.group,
            now,
            &circumstance,
            &mut neuron.0,
            &entropy.0,
            &mut trust.0,
            dossier.as_deref_mut().map(Dossier::view),
            evolution,
        );
        doing.0.samples += report.steps();
    });
}

/// Judges a summary that came, and blends it in if it serves.
pub fn take_over(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        (&Identity, &Sensor, &Battery, &Detector, &Entropy),
        (&mut Neuron, &mut Trust, &mut Heritage, &mut Doing, Option<&mut Dossier>),
    )>,
) {
    let config = &setup.0.config;
    for_nodes!(nodes, clock.parallel, |(
        node,
        (mut neuron, mut trust, mut heritage, mut doing, mut dossier),
    )| {
        let (identity, sensor, battery, detector, entropy) = node;
        if battery.0.is_browned_out() {
            return;
        }
        let regime = detector.0.effective(battery.0.is_critical(&config.energy));
        let sampled = sensor.sample.is_some();
        let node = Reviewer { group: identity.group, regime, sampled, now: clock.now };
        let (neuron, neighbours) = (&mut neuron.0, &mut trust.0);
        let handover = &mut heritage.0;
        let conduct = dossier.as_deref_mut().map(Dossier::view);
        let steps =
            handover::review(config, node, neuron, &entropy.0, neighbours, conduct, handover);
        doing.0.samples += steps;
    });
}

/// Counts how far each gene has spread.
pub fn trace(
    clock: Res<Clock>,
    setup: Res<Setup>,
    roster: Res<Roster>,
    mut cascades: ResMut<Cascades>,
    nodes: Query<(&Neuron, &Genome)>,
) {
    if setup.0.config.evolution.is_none() {
        return;
    }
    for (neuron, genome) in nodes.iter_many(&roster.0) {
        if genome.0.as_ref().is_some_and(|evolution| evolution.changed_at(clock.now)) {
            cascades.count(neuron.0.gene());
        }
    }
}

/// At the end of a round: tunes, where a mesh tunes.
pub fn tune(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(&Schedule, &Trust, &Neuron, &Detector, &Battery, &mut Tuning)>,
) {
    let config = &setup.0.config.energy;
    for_nodes!(nodes, clock.parallel, |(
        schedule,
        trust,
        neuron,
        detector,
        battery,
        mut tuning,
    )| {
        if schedule.0.window().closes {
            tuning.0.review(&Surroundings {
                neighbours: &trust.0,
                weights: neuron.0.weights(),
                regime: detector.0.effective(battery.0.is_critical(config)),
                energy: battery.0.share(config),
            });
        }
    });
}

/// Pays for the tick.
pub fn pay(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        (&Identity, &Schedule, Option<&Condition>),
        (&mut Doing, &mut Battery),
        (Option<&mut Guard>, Option<&mut Summing>, Option<&mut Collecting>),
    )>,
) {
    let plan = &setup.0;
    let config = &plan.config;
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(node, (mut doing, mut battery), secrets)| {
        let ((identity, schedule, condition), (guard, summing, collecting)) = (node, secrets);
        // Cut off from its battery and its panel, a node spends and gathers nothing.
        if is_off(condition) {
            return;
        }
        let window = schedule.0.window();
        let activity = &mut doing.0;
        activity.awake_us = window.length_us();
        activity.harvest_uw = plan.light_uw(identity.id, identity.position_mm, now);
        if schedule.0.role != Role::Sentinel {
            activity.ramps = u32::from(window.opens);
        } else if window.is_awake() {
            activity.transmit_us += config.air.beacons_us(now, config.wake.tick_us);
        }
        if let Some(mut guard) = guard {
            activity.signature_us = std::mem::take(&mut guard.busy_us);
        }
        if let Some(mut summing) = summing {
            activity.signature_us += std::mem::take(&mut summing.busy_us);
        }
        if let Some(mut collecting) = collecting {
            activity.signature_us += std::mem::take(&mut collecting.busy_us);
        }
        battery.0.settle(&config.energy, activity);
    });
}

/// Counts what the tick was.
pub fn count(clock: Res<Clock>, mut nodes: Query<(&Doing, &Detector, &mut Tally)>) {
    for_nodes!(nodes, clock.parallel, |(doing, detector, mut tally)| {
        tally.awake_us += doing.0.awake_us;
        tally.storms = detector.0.storms();
        tally.ticks += 1;
    });
}
