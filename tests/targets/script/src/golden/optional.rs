//! What a mesh may ask for on top: tuned parameters, residual streams and summaries.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::config::NodeConfig;
use qres_core::id::{GroupId, NodeId};
use qres_core::neuron::{NeuronConfig, SwarmNeuron, WEIGHT_LIMIT};
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::residual_stream::{StreamConfig, StreamFeed, StreamReceiver};
use qres_core::summary::{SummaryGene, extend_history};
use qres_core::trust::{Neighbour, TrustConfig};
use qres_core::tuner::{POLICY_BYTES, Policy, Surroundings, Tuner};

use super::air::update;
use super::draws::{Draws, sample};
use super::standing::voice;

/// A policy that somebody could send.
pub fn policy(draws: &mut Draws) -> Policy {
    let mut bytes = [0; POLICY_BYTES];
    draws.fill(&mut bytes);
    Policy::from_bytes(bytes).unwrap_or_default()
}

/// A tuner among neighbours that rise, fall, are banned and say what they like.
pub fn tuner(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(30);
    let config = NodeConfig::default();
    let fresh = |id| Neighbour::new(&TrustConfig::default(), NodeId(id));
    let mut neighbours: [Neighbour; 12] = core::array::from_fn(|id| fresh(id as u32));
    let mut tuner = Tuner::default();
    for tick in 0..ticks / 4 {
        let place = draws.below(12) as usize;
        neighbours[place].reputation = draws.share();
        neighbours[place].banned = tick % 500 > 300 && !draws.once_in(3);
        let mut heard = policy(&mut draws);
        heard.gamma = draws.share();
        tuner.hear(NodeId(draws.below(20) as u32), &heard.clamped());
        tuner.review(&Surroundings {
            neighbours: &neighbours,
            weights: &core::array::from_fn(|_| draws.within(1 << 13)),
            regime: Regime::ALL[draws.below(12) as usize / 5],
            energy: draws.share(),
        });
        out.update(&tuner.proposal().to_bytes());
        let applied = tuner.apply(&config);
        [applied.trust.reward, applied.trust.penalty].encode(out);
        applied.regime.learning_rate.encode(out);
        if tick % 64 == 63 {
            tuner.encode(out);
        }
    }
}

/// A residual stream through an air that loses, damages and repeats.
pub fn stream(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(31);
    let config = StreamConfig::default();
    let mut feed = StreamFeed::new(&config);
    let mut receiver = StreamReceiver::new(&config);
    for tick in 0..ticks {
        let sample = if draws.once_in(400) { draws.any() } else { sample(2, tick) };
        feed.sense(&config, sample).encode(out);
        let Some(part) = feed.next() else { continue };
        feed.sent();
        let mut bytes: heapless::Vec<u8, 64> = part.frame().iter().copied().collect();
        out.update(&bytes);
        match draws.below(20) {
            0 => continue,
            1 => draws.damage(&mut bytes),
            _ => {}
        }
        for _ in 0..=u64::from(draws.once_in(20)) {
            let taken = receiver.take(&config, &bytes, |number, reading| {
                number.encode(out);
                reading.encode(out);
            });
            taken.map_or_else(|why| why as u8, |()| u8::MAX).encode(out);
        }
    }
    [feed.samples(), feed.dropped(), receiver.received(), receiver.lost()].encode(out);
    feed.encode(out);
    receiver.encode(out);
}

/// Summaries of crowds, out, in and damaged, and joiners that begin with them.
pub fn summary(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(32);
    let mut history = [0; 32];
    for tick in 0..ticks / 8 {
        let spread = [3, 1 << 10, WEIGHT_LIMIT][draws.below(3) as usize];
        let influential = !draws.once_in(8);
        let voices: heapless::Vec<_, 9> = (0..=draws.below(9) as u32)
            .take(9)
            .map(|id| voice(&mut draws, NodeId(id), spread, influential))
            .collect();
        history = extend_history(&history, &update(&mut draws, 3));
        let taps = draws.below(8) as u8 + 1;
        let trim = draws.below(4) as u8;
        let made = SummaryGene::of(tick as u32, GroupId(1), taps, history, &voices, trim);
        let Some(summary) = made else { continue };
        let mut bytes = summary.to_bytes();
        out.update(&bytes);
        if draws.once_in(3) {
            draws.damage(&mut bytes);
        }
        match SummaryGene::from_bytes(&bytes) {
            Ok(summary) => joined(&mut draws, &summary, out),
            Err(why) => (why as u8).encode(out),
        }
    }
}

fn joined(draws: &mut Draws, summary: &SummaryGene, out: &mut Hasher) {
    summary.variance().encode(out);
    let mut neuron = SwarmNeuron::new(&NeuronConfig::default());
    match summary.install(GroupId(1), &mut neuron) {
        Ok(onboarding) => {
            let own: [Q16; 8] = core::array::from_fn(|_| draws.within(WEIGHT_LIMIT));
            onboarding.blend(&own, draws.next() as u32 >> draws.below(32)).encode(out);
            neuron.weights().encode(out);
        }
        Err(why) => (why as u8).encode(out),
    }
}
