//! The phases of a tick as functions over a node's parts, in the order in which they run.
//!
//! [`crate::node::Node`] and the simulator call the same functions; nothing else may decide what a
//! node does.

use crate::carry::Carry;
use crate::config::NodeConfig;
use crate::draw::{Purpose, below, draw};
use crate::energy::EnergyPool;
use crate::evolution::rumour::Word;
use crate::evolution::{self, Evolution, EvolutionConfig, Pending, TRIAL_STEPS, TrialConfig};
use crate::fusion::Fused;
use crate::gene::GeneId;
use crate::handover::{self, Handover};
use crate::id::{GroupId, NodeId, Tick};
use crate::inbox::Inbox;
use crate::neuron::{SwarmNeuron, TAPS};
use crate::packet::{Message, Update, Wire};
use crate::privacy::release::Publisher;
use crate::q16::Q16;
use crate::radio::Outgoing;
use crate::regime::{Regime, RegimeDetector};
use crate::residual::Residual;
use crate::responder::{self, Route};
use crate::silence::{Circumstances, Silence, Voice};
use crate::trust::{Conduct, Evidence, Neighbour, OwnTrust, find, is_emergency, opinion, weigh};
use crate::tuner::{Policy, Tuner};
use crate::wake::{Role, Wake, Window};

pub use crate::merge::{Adoption, MergeReport, Merger, merge, merge_noted};

/// Samples between checkpoints of healthy weights.
const CHECKPOINT_EVERY: u32 = 64;
/// Messages that a node may start in one tick of its own accord.
pub const OUTBOX: usize = 3;
/// Pause between a poll and its answer, and between answers, in microseconds.
pub(crate) const ANSWER_GAP_US: u64 = 50;

/// Messages that a node starts in one tick.
pub type Outbox = heapless::Vec<Outgoing, OUTBOX>;

/// Predict: forecast the sample, learn from it at the regime's rate, estimate entropy, and go back
/// to healthy weights when the model has run away. With companions it is the fused forecast's error
/// that counts; what the neuron itself learns, shares and evolves by stays as it is without them.
pub fn predict(
    config: &NodeConfig,
    neuron: &mut SwarmNeuron,
    residual: &mut Residual,
    detector: &RegimeDetector,
    evolution: Option<&mut Evolution>,
    energy_critical: bool,
    sample: Q16,
    mut fused: Option<Fused<'_>>,
) {
    // What is usual is not learned while the signal is disturbed, even by a node that is too short
    // of energy to act on it.
    let frozen = detector.regime() != Regime::Calm;
    neuron.freeze_scale(frozen);
    let regime = detector.effective(energy_critical);
    let rate = config.regime.learning_rate[regime as usize];
    let scale = neuron.scale();
    let own = neuron.forecast_and_adapt(&config.neuron, sample, rate, residual.usual());
    let error = match &mut fused {
        Some(fused) => fused.correct(&config.fusion, neuron, sample, own, scale, frozen),
        None => own,
    };
    if neuron.samples() < 2 {
        return;
    }
    residual.observe(error, neuron.persistence_error(), frozen);
    if let Some(evolution) = evolution {
        evolution.observe(sample, own);
    }
    if residual.has_diverged() {
        neuron.restore();
        if let Some(fused) = fused {
            fused.fusion.forget();
        }
    } else if neuron.samples().is_multiple_of(CHECKPOINT_EVERY) && residual.is_healthy() {
        neuron.checkpoint();
    }
}

/// Wake: the radio's window of this tick. Until it is commissioned a node keeps storm cadence.
pub fn plan(
    config: &NodeConfig,
    id: NodeId,
    now: Tick,
    regime: Regime,
    trust: &OwnTrust,
    wake: &mut Wake,
) -> Window {
    let cadence = if trust.is_commissioned() { regime } else { Regime::Storm };
    wake.plan(&config.wake, id, now, cadence)
}

/// What [`speak`] looks at.
#[derive(Debug)]
pub struct Speaker<'a> {
    /// Who speaks.
    pub id: NodeId,
    /// Its modality.
    pub group: GroupId,
    /// Its model.
    pub neuron: &'a SwarmNeuron,
    /// Its entropy.
    pub residual: &'a Residual,
    /// Its regime.
    pub detector: &'a RegimeDetector,
    /// Its battery.
    pub energy: &'a EnergyPool,
    /// Its schedule.
    pub wake: &'a Wake,
    /// Its standing.
    pub trust: &'a OwnTrust,
    /// What it thinks of its neighbours.
    pub neighbours: &'a [Neighbour],
    /// Where it would have the tuned parameters; `None` where nobody tunes.
    pub policy: Option<Policy>,
}

/// Speak: at the start of a round, decide whether the model is worth sending; a sleeper asks its
/// sentinel for what was kept; a sentinel keeps its own update for its sleepers, and says so in its
/// beacon when it knows of an emergency. In a private mesh an update carries what the publisher
/// makes of the weights, as does every copy of it, and none is made that the budget does not cover.
pub fn speak(
    config: &NodeConfig,
    now: Tick,
    node: &Speaker<'_>,
    silence: &mut Silence,
    routes: &mut [Route],
    evolution: Option<&mut Evolution>,
    carry: Option<&mut Carry>,
    publisher: Option<&mut Publisher>,
    outbox: &mut Outbox,
) {
    let window = node.wake.window();
    if !window.is_awake() {
        return;
    }
    if !config.gossip {
        silence.mute();
        return;
    }
    let is_sentinel = node.wake.role == Role::Sentinel;
    if is_sentinel && is_emergency(&config.trust, node.neighbours, now) {
        queue(config, now, node, Message::Beacon { emergency: true }, outbox);
    }
    if !window.opens {
        return;
    }
    let energy = node.energy.share(&config.energy);
    let regime = node.detector.effective(node.energy.is_critical(&config.energy));
    let voice = silence.decide(
        &config.silence,
        &Circumstances {
            regime,
            age_samples: node.detector.age_samples(),
            entropy: node.residual.entropy(),
            standing: node.wake.standing,
            energy,
            commissioning: !node.trust.is_commissioned(),
            trained: node.neuron.is_trained(),
        },
    );
    let has_sentinel = !is_sentinel && node.wake.sentinel != NodeId::NONE;
    let shared = disclose(config, node, voice, silence, publisher);
    if let Some(shared) = &shared {
        let residue = carry.as_ref().map(|carry| carry.residue).unwrap_or_default();
        let (weights, residue) = match config.wire {
            Wire::Q16 => (*shared, residue),
            Wire::Bfp16 => residue.quantise(shared),
        };
        let update = Update {
            origin: node.id,
            round: node.wake.rounds(),
            group: node.group,
            regime,
            polls: has_sentinel,
            wire: config.wire,
            taps: node.neuron.form().taps,
            gene: node.neuron.gene(),
            weights,
        };
        responder::keep(routes, &update);
        let queued = queue(config, now, node, Message::Update(update), outbox);
        // What was not sent took nothing from the weights.
        if let Some(carry) = carry.filter(|_| queued) {
            carry.residue = residue;
        }
    } else if has_sentinel {
        queue(config, now, node, Message::Poll { to: node.wake.sentinel }, outbox);
    }
    if let (Some(settings), Some(evolution)) = (&config.evolution, evolution)
        && energy >= settings.energy_floor
        && node.neuron.is_trained()
    {
        speak_of_genes(config, settings, now, node, evolution, shared.is_some(), outbox);
    }
}

/// The weights that may leave a node which has decided to speak: in a private mesh never its own.
fn disclose(
    config: &NodeConfig,
    node: &Speaker<'_>,
    voice: Voice,
    silence: &mut Silence,
    publisher: Option<&mut Publisher>,
) -> Option<[Q16; TAPS]> {
    let own = node.neuron.weights();
    let Some(privacy) = &config.privacy else { return voice.speaks().then_some(*own) };
    // Without a publisher a private mesh says nothing, rather than too much.
    let publisher = publisher?;
    let released = if voice.speaks() {
        publisher.release(privacy, node.wake.rounds(), node.neuron.form().taps, own).ok()
    } else {
        None
    };
    if released.is_none() && !publisher.covers(privacy) {
        silence.withhold();
    }
    released
}

/// Pushes, asks for, or names genes.
fn speak_of_genes(
    config: &NodeConfig,
    settings: &EvolutionConfig,
    now: Tick,
    node: &Speaker<'_>,
    evolution: &mut Evolution,
    spoke: bool,
    outbox: &mut Outbox,
) {
    let evolved = node.neuron.lineage().generation > 0;
    let message = match evolution.rumour.word(spoke, evolved, settings.digest_rounds) {
        Word::None => return,
        Word::Offer { to, gain_percent } => {
            Message::Offer { to, gain_percent, gene: node.neuron.to_gene(node.group) }
        }
        Word::Request { to, gene } => Message::Request { to, gene },
        Word::Digest => Message::Digest { gene: node.neuron.gene() },
    };
    queue(config, now, node, message, outbox);
}

/// Adds a message at a random moment of the window's first half, if it can be paid for; says
/// whether it did.
fn queue(
    config: &NodeConfig,
    now: Tick,
    node: &Speaker<'_>,
    message: Message,
    outbox: &mut Outbox,
) -> bool {
    let airtime_us = config.air.airtime_us(&message);
    if !node.energy.affords(&config.energy, airtime_us) {
        return false;
    }
    let window = node.wake.window();
    let room = (window.length_us() / 2).saturating_sub(airtime_us).max(1);
    let n = outbox.len() as u32;
    let bits = draw(config.wake.seed, Purpose::Backoff, node.id.0, now.0, n);
    let at_us = window.from_us + below(bits, room);
    // A node starts at most OUTBOX messages a tick: a beacon, an update or poll, a policy, a word
    // on genes, and a burst of its stream.
    outbox.push(Outgoing { message, round: node.wake.rounds(), at_us }).is_ok()
}

/// What [`hear`] may change.
#[derive(Debug)]
pub struct Listener<'a> {
    /// Who listens.
    pub id: NodeId,
    /// Its modality.
    pub group: GroupId,
    /// Its battery.
    pub energy: &'a EnergyPool,
    /// Its schedule.
    pub wake: &'a mut Wake,
    /// What it thinks of its neighbours.
    pub neighbours: &'a mut [Neighbour],
    /// Its page on their conduct, where there is one.
    pub conduct: Option<Conduct<'a>>,
    /// The round's offers.
    pub inbox: &'a mut Inbox,
    /// A sentinel's clients, sorted by id.
    pub clients: &'a [NodeId],
    /// A sentinel's routes, sorted by origin.
    pub routes: &'a mut [Route],
    /// Its tuner; `None` where nobody tunes.
    pub tuner: Option<&'a mut Tuner>,
    /// When its transmitter is free again, in microseconds from the tick's start.
    pub busy_us: &'a mut u64,
    /// Its evolution, in a mesh that has it.
    pub evolution: Option<Genetics<'a>>,
    /// Its part in handing over, in a mesh that does.
    pub handover: Option<&'a mut Handover>,
}

/// What a listener needs to follow talk of genes.
#[derive(Debug)]
pub struct Genetics<'a> {
    /// Its evolution.
    pub evolution: &'a mut Evolution,
    /// The gene of the model in service.
    pub own: GeneId,
    /// Whether it is in a storm, or fears one.
    pub in_trouble: bool,
}

/// Radio, receiving side: takes a message that ended at `at_us`; answers go to `answer`.
pub fn hear(
    config: &NodeConfig,
    now: Tick,
    node: &mut Listener<'_>,
    sender: NodeId,
    message: &Message,
    at_us: u64,
    mut answer: impl FnMut(Outgoing),
) {
    match message {
        Message::Update(update) => {
            responder::keep(node.routes, update);
            take_offer(now, node, update);
            notice(config, node, update.group, sender, update.gene);
            if update.polls {
                serve(config, now, node, sender, at_us, &mut answer);
            }
        }
        Message::Poll { to } if *to == node.id => {
            serve(config, now, node, sender, at_us, &mut answer);
        }
        // Only the sentinel that a node is associated with may speak for others or wake it.
        Message::Relay { to, update } if *to == node.id && sender == node.wake.sentinel => {
            take_offer(now, node, update);
        }
        Message::Grant { to, standing, emergency }
            if *to == node.id && sender == node.wake.sentinel =>
        {
            node.wake.standing = *standing;
            if *emergency {
                node.wake.hasten(&config.wake, now);
            }
        }
        Message::Policy(policy) => {
            // Strangers have no voice, and no place in the list to push others out of.
            if let Some(tuner) = &mut node.tuner
                && find(node.neighbours, sender).is_some()
            {
                tuner.hear(sender, policy);
            }
        }
        Message::Opinions(opinions) => {
            if let Some(conduct) = &mut node.conduct {
                opinion::hear(&config.trust, node.neighbours, conduct, sender, opinions);
            }
        }
        Message::Beacon { emergency: true } if sender == node.wake.sentinel => {
            node.wake.hasten(&config.wake, now);
        }
        Message::Offer { to, gain_percent, gene } if *to == node.id || *to == NodeId::NONE => {
            let pending = Pending { from: sender, gain_percent: *gain_percent, gene: *gene };
            take_gene(config, node, pending);
        }
        Message::Request { to, gene } if *to == node.id => {
            if let Some(Genetics { evolution, own, .. }) = &mut node.evolution {
                evolution.rumour.ask(sender, *gene, *own);
            }
        }
        Message::SummaryRequest { to } if *to == node.id => {
            handover::asked(config, now, node, sender, at_us, &mut answer);
        }
        Message::Summary { to, gene, summary } if *to == node.id => {
            handover::offered(node, sender, *gene, summary);
        }
        Message::Digest { gene } => notice(config, node, node.group, sender, *gene),
        _ => {}
    }
}

/// A neighbour of the node's own modality has named a gene.
fn notice(
    config: &NodeConfig,
    node: &mut Listener<'_>,
    group: GroupId,
    from: NodeId,
    gene: GeneId,
) {
    let Some(settings) = &config.evolution else { return };
    let Some(Genetics { evolution, own, in_trouble }) = &mut node.evolution else { return };
    let known = find(node.neighbours, from).is_some_and(|neighbour| !neighbour.banned);
    if known && group == node.group {
        evolution.rumour.notice(from, gene, *own, *in_trouble, settings.interest);
    }
}

/// A gene for this node's modality, from a neighbour that is not banned, waits for its trial.
fn take_gene(config: &NodeConfig, node: &mut Listener<'_>, offered: Pending) {
    let Some(settings) = &config.evolution else { return };
    let Some(Genetics { evolution, own, in_trouble }) = &mut node.evolution else { return };
    let known = find(node.neighbours, offered.from).is_some_and(|neighbour| !neighbour.banned);
    // Who does not claim what the mesh asks of a gene is not worth a trial; who does, and lies,
    // pays for it.
    let claims = offered.gain_percent >= settings.least_gain_percent();
    if !known || !claims || offered.gene.group != node.group {
        return;
    }
    let id = offered.gene.id();
    if id == *own {
        evolution.rumour.notice(offered.from, id, *own, *in_trouble, settings.interest);
    } else {
        evolution.offer(offered);
    }
}

fn take_offer(now: Tick, node: &mut Listener<'_>, update: &Update) {
    if update.group == node.group
        && let Some(neighbour) = find(node.neighbours, update.origin)
        && neighbour.hear(now, update.round, update.regime)
    {
        node.inbox.push(update);
    }
}

/// A sentinel's answer to a client: its standing, then what was kept for it.
fn serve(
    config: &NodeConfig,
    now: Tick,
    node: &mut Listener<'_>,
    client: NodeId,
    at_us: u64,
    answer: &mut impl FnMut(Outgoing),
) {
    let Ok(place) = node.clients.binary_search(&client) else { return };
    let emergency = is_emergency(&config.trust, node.neighbours, now);
    let standing = find(node.neighbours, client).map_or(config.trust.initial, |n| n.reputation);
    let longest_us = config.air.longest_us();
    let most = u64::from(config.service_frames) + 1 + u64::from(config.tuner);
    if !node.energy.affords(&config.energy, most * longest_us) {
        return;
    }
    let round = node.wake.rounds();
    let mut next_us = at_us.max(*node.busy_us) + ANSWER_GAP_US;
    let mut send = |message: Message| {
        let at_us = next_us;
        next_us += config.air.airtime_us(&message) + ANSWER_GAP_US;
        // Answers of one tick start at different moments, which tells them apart in reassembly.
        answer(Outgoing { message, round: round.wrapping_add(at_us as u32), at_us });
    };
    send(Message::Grant { to: client, standing, emergency });
    if let Some(tuner) = &node.tuner {
        send(Message::Policy(*tuner.agreed()));
    }
    // What would not end in this tick stays kept for the next service period.
    let room_us = config.wake.tick_us.saturating_sub(at_us.max(*node.busy_us));
    let before = 1 + u64::from(node.tuner.is_some());
    let fit = (room_us / (longest_us + ANSWER_GAP_US)).saturating_sub(before) as usize;
    responder::serve(node.routes, place, fit.min(usize::from(config.service_frames)), |update| {
        send(Message::Relay { to: client, update: Update { wire: config.wire, ..update } });
    });
    *node.busy_us = next_us;
}

/// What [`evolve`] looks at.
#[derive(Clone, Copy, Debug)]
pub struct Circumstance {
    /// The regime that the node acts on.
    pub regime: Regime,
    /// Its energy, 0 to 1.
    pub energy: Q16,
    /// Whether there was a sample in this tick.
    pub sampled: bool,
}

/// What the evolution of a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvolveReport {
    /// Genes tried.
    pub trials: u8,
    /// Whether another gene is in service now.
    pub changed: bool,
}

impl EvolveReport {
    /// Samples that the trials predicted.
    #[must_use]
    pub const fn steps(&self) -> u32 {
        self.trials as u32 * TRIAL_STEPS
    }
}

/// Evolve: try one gene that a neighbour offered, and in a storm a mutant of the own one; whichever
/// predicts the node's own recent window better by the margin goes into service and is spread. An
/// offer that claims to help and does great harm in a storm costs its sender reputation.
pub fn evolve(
    config: &NodeConfig,
    id: NodeId,
    group: GroupId,
    now: Tick,
    state: &Circumstance,
    neuron: &mut SwarmNeuron,
    residual: &Residual,
    neighbours: &mut [Neighbour],
    conduct: Option<Conduct<'_>>,
    evolution: &mut Evolution,
) -> EvolveReport {
    let mut report = EvolveReport::default();
    let Some(settings) = &config.evolution else { return report };
    evolution.weather(state.regime);
    if state.energy < settings.energy_floor || !evolution.is_ready() {
        return report;
    }
    let trial = TrialConfig {
        neuron: &config.neuron,
        rate: config.regime.learning_rate[Regime::Storm as usize],
        usual: residual.usual(),
        inverse_scale: neuron.inverse_scale(),
    };
    if let Some(pending) = evolution.next_pending()
        && !evolution.rumour.has_tried(pending.gene.id())
    {
        report.trials += 1;
        report.changed |= try_offer(
            &config.trust,
            settings,
            &trial,
            now,
            state.regime,
            neuron,
            neighbours,
            conduct,
            evolution,
            &pending,
        );
    }
    let stormy = state.regime == Regime::Storm && state.sampled && settings.mutation;
    if stormy && evolution.is_mutant_due(settings.mutate_every) {
        report.trials += 1;
        report.changed |= try_mutant(config, settings, &trial, id, group, now, neuron, evolution);
    }
    report
}

fn try_offer(
    trust: &crate::trust::TrustConfig,
    settings: &EvolutionConfig,
    trial: &TrialConfig<'_>,
    now: Tick,
    regime: Regime,
    neuron: &mut SwarmNeuron,
    neighbours: &mut [Neighbour],
    mut conduct: Option<Conduct<'_>>,
    evolution: &mut Evolution,
    pending: &Pending,
) -> bool {
    let own = evolution.own_error();
    let state = crate::neuron::kernel::State::with(pending.gene.weights);
    let verdict = evolution.replay(trial, &pending.gene.form, state);
    evolution.rumour.remember(pending.gene.id());
    let better = evolution::is_better(settings, verdict.error, own);
    let lie = !better && regime == Regime::Storm && evolution::is_lie(settings, &verdict, own);
    if better || lie {
        let evidence = if better { Evidence::Good } else { Evidence::Harmful };
        weigh(trust, neighbours, conduct.as_mut(), pending.from, evidence, now);
    }
    if better {
        evolution.counts.adoptions += 1;
        evolution.install(neuron, &pending.gene, &verdict, now, settings);
    } else {
        evolution.counts.refusals += 1;
        evolution.counts.lies += u32::from(lie);
    }
    better
}

fn try_mutant(
    config: &NodeConfig,
    settings: &EvolutionConfig,
    trial: &TrialConfig<'_>,
    id: NodeId,
    group: GroupId,
    now: Tick,
    neuron: &mut SwarmNeuron,
    evolution: &mut Evolution,
) -> bool {
    let (gene, state) = evolution::mutant(config.wake.seed, id, now, neuron, group);
    // Some changes come to nothing, such as one of a linear model's hyper-parameters.
    if gene.form == *neuron.form() {
        return false;
    }
    evolution.counts.mutants += 1;
    let verdict = evolution.replay(trial, &gene.form, state);
    let better = evolution::is_better(settings, verdict.error, evolution.own_error());
    if better {
        evolution.counts.mutations += 1;
        evolution.install(neuron, &gene, &verdict, now, settings);
    }
    better
}
