//! Sense, Predict and Regime: a node and its own signal, nobody else.

use bevy::ecs::prelude::*;
use qres_core::phase;
use qres_core::q16::Q16;

use super::archive::Streaming;
use super::boards::Boards;
use super::components::{
    Battery, Detector, Entropy, FIRST_SAMPLES, Genome, Identity, Neuron, Score, Sensor, Tuning,
};
use super::condition::{Condition, is_off};
use super::for_nodes;
use super::fusing::Fusing;
use super::orders::Orders;
use super::resources::{Clock, Setup, Weather};
use crate::world::attack;
use crate::world::signal::clamp;
use crate::world::storm::{ActiveStorm, Reading};

/// Reads every sensor that is due: its signal, and whatever storms do to it.
pub fn sense(
    clock: Res<Clock>,
    setup: Res<Setup>,
    weather: Res<Weather>,
    orders: Res<Orders>,
    boards: Res<Boards>,
    mut nodes: Query<(&Identity, &Battery, Option<&Condition>, &mut Sensor)>,
) {
    let plan = &*setup.0;
    let due = clock.now.0.is_multiple_of(plan.sample_every);
    let index = clock.now.0 / plan.sample_every;
    for_nodes!(nodes, clock.parallel, |(identity, battery, condition, mut sensor)| {
        sensor.sample = None;
        let Some(source) = plan.signals.get(identity.signal as usize).filter(|_| due) else {
            return;
        };
        let id = identity.id.0;
        let reading = source.signal.sample(plan.seed, id, index, &mut sensor.state);
        // A board brings its own reading, with what disturbs it.
        let senses = !battery.0.is_browned_out() && !is_off(condition);
        if boards.sense(identity.id, senses, &mut sensor.sample) {
            return;
        }
        let Some(clear) = reading.map(i64::from) else { return };
        let (level, deviation) = (source.level, source.deviation);
        let at = Reading { index, value: clear, level, deviation };
        let blown = |storm: &ActiveStorm| storm.disturb(plan.seed, id, identity.position_mm, &at);
        let mut value = clear + weather.0.iter().map(blown).sum::<i64>();
        if let Some(attack) = orders.attack(plan, identity.id, clock.now) {
            let reading = attack::Reading { value, level, deviation: deviation.into(), index };
            value = attack::sense(attack, &reading, plan.seed, id);
        }
        if senses {
            sensor.sample = Some(Q16::from_bits(clamp(value)));
        }
    });
}

/// Predicts each sample before learning from it, and keeps the score.
pub fn predict(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        (&Sensor, &Battery, &Detector, Option<&Tuning>),
        (&mut Neuron, &mut Entropy, &mut Genome, &mut Score),
        (Option<&mut Fusing>, Option<&mut Streaming>),
    )>,
) {
    let config = &setup.0.config;
    for_nodes!(nodes, clock.parallel, |(
        (sensor, battery, detector, tuning),
        (mut neuron, mut entropy, mut genome, mut score),
        (mut fusing, streaming),
    )| {
        let Some(sample) = sensor.sample else { return };
        let tuned = tuning.map(|tuning| tuning.0.apply(config));
        let config = tuned.as_ref().unwrap_or(config);
        let critical = battery.0.is_critical(&config.energy);
        if let (Some(mut streaming), Some(stream)) = (streaming, &config.stream) {
            streaming.sense(stream, sample);
        }
        let last = neuron.0.last_sample();
        let known = neuron.0.samples() > 0;
        let (model, residual) = (&mut neuron.0, &mut entropy.0);
        let evolution = genome.0.as_deref_mut();
        let fused = fusing.as_deref_mut().map(Fusing::fused);
        phase::predict(config, model, residual, &detector.0, evolution, critical, sample, fused);
        if known {
            let own = model.prediction();
            score.add(sample, fusing.map_or(own, |fusing| fusing.fusion.prediction()), last);
        }
    });
}

impl Score {
    fn add(&mut self, sample: Q16, prediction: Q16, last: Q16) {
        let away = |other: Q16| u64::from(sample.to_bits().abs_diff(other.to_bits()));
        self.residual += away(prediction);
        self.persistence += away(last);
        if self.samples < FIRST_SAMPLES {
            self.first_residual += away(prediction);
        }
        self.samples += 1;
    }
}

/// Lets each detector decide, where there was a sample.
pub fn detect(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(&Sensor, &Entropy, &mut Detector)>,
) {
    let config = &setup.0.config.regime;
    for_nodes!(nodes, clock.parallel, |(sensor, entropy, mut detector)| {
        if sensor.sample.is_some() {
            detector.0.update(config, &entropy.0);
        }
    });
}
