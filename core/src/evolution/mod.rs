//! Evolution: how a node in a storm looks for a model that predicts better there, and how a model
//! that works spreads from node to node. See [`rumour`] for the spreading.
//!
//! Nothing is taken on trust: a mutant or a gene that a neighbour offers replays the node's own
//! recent window, learning as it goes, and replaces the model in service only if its error there is
//! lower than the error that the node really made, by the margin that the mesh asks for.

use crate::draw::{Purpose, draw};
use crate::gene::{Gene, Lineage};
use crate::id::{NodeId, Tick};
use crate::neuron::form::Stale;
use crate::neuron::kernel::{self, Lesson, State};
use crate::neuron::{Form, LAG_MAX, NeuronConfig, SwarmNeuron};
use crate::neuron::{clip, inputs, step};
use crate::q16::{Q16, magnitude, percent};
use crate::regime::Regime;

pub mod rumour;

use rumour::Rumour;

/// Samples that a node keeps to try genes on.
pub const WINDOW: usize = 64;
/// The newest of them, on which a gene is judged; it warms up on those before.
pub const JUDGED: usize = 24;
/// Samples that one trial predicts; each is paid for like a sample of the sensor's.
pub const TRIAL_STEPS: u32 = WINDOW as u32 - LAG_MAX as u32;
/// Offered genes that wait for a trial.
pub const PENDING: usize = 2;

/// How a mesh's models evolve and spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvolutionConfig {
    /// Whether models mutate in a storm; without, genes can only spread.
    pub mutation: bool,
    /// Samples in Storm from one mutant to the next, at least 1.
    pub mutate_every: u16,
    /// A gene is adopted when its error is at most this share of the node's own.
    pub adopt_below: Q16,
    /// A gene that claims to help and errs more than this many times the worse of the node's own
    /// error and persistence is a lie.
    pub lie_above: Q16,
    /// A node loses interest in spreading a gene after this many neighbours that had it already.
    pub interest: u8,
    /// It offers a gene of its own accord this often at most.
    pub pushes: u8,
    /// Rounds without another word after which a node names the genes it has.
    pub digest_rounds: u8,
    /// Below this share of its energy a node neither mutates nor tries nor spreads genes.
    pub energy_floor: Q16,
}

impl Default for EvolutionConfig {
    fn default() -> Self {
        Self {
            mutation: true,
            mutate_every: 4,
            adopt_below: percent(95),
            lie_above: percent(200),
            interest: 3,
            pushes: 8,
            digest_rounds: 8,
            energy_floor: percent(15),
        }
    }
}

impl EvolutionConfig {
    /// The gain that an offer must claim to be tried, in percent: what the mesh asks of a gene.
    #[must_use]
    pub fn least_gain_percent(&self) -> u8 {
        let share = i64::from((Q16::ONE - self.adopt_below.clamp(Q16::ZERO, Q16::ONE)).to_bits());
        ((share * 100) >> 16) as u8
    }
}

/// A gene that waits for its trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Who offered it.
    pub from: NodeId,
    /// By how much it claims to help, in percent.
    pub gain_percent: u8,
    /// The gene.
    pub gene: Gene,
}
crate::canonical!(struct Pending { from, gain_percent, gene });

/// What a node's evolution has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvolutionCounts {
    /// Mutants tried.
    pub mutants: u32,
    /// Mutants that replaced the model in service.
    pub mutations: u32,
    /// Neighbours' genes that replaced it.
    pub adoptions: u32,
    /// Neighbours' genes that failed their trial.
    pub refusals: u32,
    /// Of these, the ones that were lies.
    pub lies: u32,
}
crate::canonical!(struct EvolutionCounts { mutants, mutations, adoptions, refusals, lies });

/// A node's evolution: its window, what waits for trial, and what it spreads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evolution {
    samples: [Q16; WINDOW],
    /// |error| in deviations that the model in service made on the newest samples.
    errors: [Q16; JUDGED],
    /// Samples taken, as far as the window needs them.
    filled: u8,
    /// Samples since the last mutant.
    since_mutant: u16,
    pending: heapless::Vec<Pending, PENDING>,
    regime: Regime,
    /// What the node spreads and asks for.
    pub rumour: Rumour,
    /// When the model in service was adopted.
    pub adopted: Tick,
    /// What has happened so far.
    pub counts: EvolutionCounts,
}
crate::canonical!(struct Evolution {
    samples, errors, filled, since_mutant, pending, regime, rumour, adopted, counts,
});

impl Default for Evolution {
    fn default() -> Self {
        Self {
            samples: [Q16::ZERO; WINDOW],
            errors: [Q16::ZERO; JUDGED],
            filled: 0,
            since_mutant: 0,
            pending: heapless::Vec::new(),
            regime: Regime::Calm,
            rumour: Rumour::default(),
            adopted: Tick::default(),
            counts: EvolutionCounts::default(),
        }
    }
}

/// How a gene did on the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Mean |error| over the judged samples, in deviations.
    pub error: Q16,
    /// What the persistence forecast's was.
    pub persistence: Q16,
    /// The model as the replay has trained it.
    pub trained: State,
    errors: [Q16; JUDGED],
}

/// What a trial runs under.
#[derive(Clone, Copy, Debug)]
pub struct TrialConfig<'a> {
    /// The mesh's learning.
    pub neuron: &'a NeuronConfig,
    /// The rate that the node learns at.
    pub rate: Q16,
    /// Its usual |residual|, in deviations.
    pub usual: Q16,
    /// 1 / scale of its sensor, see [`SwarmNeuron`].
    pub inverse_scale: i64,
}

impl Evolution {
    /// Takes a sample and the |error| (deviations) that the model in service made on it.
    pub fn observe(&mut self, sample: Q16, error: Q16) {
        self.samples.rotate_left(1);
        self.samples[WINDOW - 1] = sample;
        self.errors.rotate_left(1);
        self.errors[JUDGED - 1] = error;
        self.filled = self.filled.saturating_add(1).min(WINDOW as u8);
        self.since_mutant = self.since_mutant.saturating_add(1);
    }

    /// Notes the regime: what failed in one may serve in another, so what was tried is forgotten.
    pub fn weather(&mut self, regime: Regime) {
        if regime != self.regime {
            self.regime = regime;
            self.rumour.forget();
        }
    }

    /// Whether another gene went into service in tick `now`.
    #[must_use]
    pub fn changed_at(&self, now: Tick) -> bool {
        self.adopted == now && self.counts.mutations + self.counts.adoptions > 0
    }

    /// Whether there are enough samples to try a gene on.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.filled as usize >= WINDOW
    }

    /// Mean |error| that the model in service made on the judged samples, in deviations.
    #[must_use]
    pub fn own_error(&self) -> Q16 {
        mean(&self.errors)
    }

    /// Keeps an offered gene for its trial: one of each neighbour, the oldest makes room.
    pub fn offer(&mut self, offered: Pending) {
        self.pending.retain(|kept| kept.from != offered.from);
        if self.pending.is_full() {
            self.pending.remove(0);
        }
        // There is room: one was removed if the list was full.
        let _ = self.pending.push(offered);
    }

    /// The next gene that waits.
    pub fn next_pending(&mut self) -> Option<Pending> {
        if self.pending.is_empty() { None } else { Some(self.pending.remove(0)) }
    }

    /// Whether a mutant is due; asking restarts the wait when one is.
    pub const fn is_mutant_due(&mut self, every: u16) -> bool {
        let due = self.is_ready() && self.since_mutant >= every;
        if due {
            self.since_mutant = 0;
        }
        due
    }

    /// Replays the window with a model of `form` that starts from `state`.
    #[must_use]
    pub fn replay(&self, config: &TrialConfig<'_>, form: &Form, mut state: State) -> Verdict {
        let inverse = config.inverse_scale;
        let mut errors = [Q16::ZERO; JUDGED];
        let mut naive = [Q16::ZERO; JUDGED];
        for now in usize::from(LAG_MAX)..WINDOW {
            let sample = self.sample(now);
            let level = self.sample(now - 1);
            let seen =
                inputs(form, level, inverse, |lag| self.sample(now.wrapping_sub(usize::from(lag))));
            let came = step(sample, level, inverse);
            let error = came.saturating_sub(kernel::estimate(form, &state, &seen));
            if let Some(judged) = (now + JUDGED).checked_sub(WINDOW) {
                let slots = errors.get_mut(judged).zip(naive.get_mut(judged));
                if let Some((error_slot, naive_slot)) = slots {
                    *error_slot = magnitude(error);
                    *naive_slot = magnitude(came);
                }
            }
            let heard = clip(form, error, config.usual);
            let shared_step = config.neuron.shared_step;
            let lesson = Lesson { step: came, error: heard, rate: config.rate, shared_step };
            kernel::learn(form, &mut state, &seen, &lesson);
        }
        Verdict { error: mean(&errors), persistence: mean(&naive), trained: state, errors }
    }

    /// Puts a gene that passed its trial into service.
    pub fn install(
        &mut self,
        neuron: &mut SwarmNeuron,
        gene: &Gene,
        verdict: &Verdict,
        now: Tick,
        config: &EvolutionConfig,
    ) {
        let gain = gain_percent(verdict.error, self.own_error());
        neuron.evolve(gene.form, gene.lineage, verdict.trained);
        self.errors = verdict.errors;
        self.adopted = now;
        self.rumour.spread(neuron.gene(), gain, config.pushes);
    }

    fn sample(&self, place: usize) -> Q16 {
        self.samples.get(place).copied().unwrap_or(Q16::ZERO)
    }
}

/// A mutant of the model in service, and the state in which it starts.
#[must_use]
pub fn mutant(
    seed: u64,
    node: NodeId,
    now: Tick,
    neuron: &SwarmNeuron,
    group: crate::id::GroupId,
) -> (Gene, State) {
    let bits = draw(seed, Purpose::Mutation, node.0, now.0, 0);
    let (form, stale) = neuron.form().mutate(bits);
    let mut start = *neuron.state();
    match stale {
        Stale::None => {}
        Stale::One(tap) => {
            for array in [&mut start.shared, &mut start.own] {
                if let Some(slot) = array.get_mut(tap) {
                    *slot = Q16::ZERO;
                }
            }
        }
        Stale::All => start = State::default(),
    }
    let lineage = Lineage {
        origin: node,
        generation: neuron.lineage().generation.saturating_add(1),
        parent: neuron.gene(),
    };
    (Gene { group, form, lineage, weights: start.shared }, start)
}

/// Whether `error` is low enough beside the node's own.
#[must_use]
pub fn is_better(config: &EvolutionConfig, error: Q16, own: Q16) -> bool {
    let limit = i64::from(own.to_bits()) * i64::from(config.adopt_below.to_bits());
    i64::from(error.to_bits()) << 16 <= limit && error < own
}

/// Whether a gene that claims to help did such harm that the claim was a lie.
#[must_use]
pub fn is_lie(config: &EvolutionConfig, verdict: &Verdict, own: Q16) -> bool {
    let worst = own.max(verdict.persistence).max(percent(1));
    verdict.error > worst.saturating_mul(config.lie_above)
}

/// By how many percent `error` is below `before`, 0 to 100, truncated.
fn gain_percent(error: Q16, before: Q16) -> u8 {
    let before = i64::from(before.to_bits());
    if before <= 0 {
        return 0;
    }
    ((before - i64::from(error.to_bits())) * 100 / before).clamp(0, 100) as u8
}

fn mean(errors: &[Q16; JUDGED]) -> Q16 {
    let sum: i64 = errors.iter().map(|error| i64::from(error.to_bits())).sum();
    Q16::from_bits((sum / JUDGED as i64).min(i64::from(i32::MAX)) as i32)
}

#[cfg(test)]
mod tests;
