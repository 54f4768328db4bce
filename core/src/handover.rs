//! How a newcomer takes over what a mesh has learned: it asks for a [summary](crate::summary),
//! holds it against its own model on its own samples, and blends it in if it is no worse.
//!
//! Nothing is taken on trust. A summary counts only from a node that was asked, for the newcomer's
//! own modality and form, and after it has forecast [`JUDGED`] samples of the newcomer's own sensor
//! at least as well as the model in service did. A holder answers its neighbours only, seldom, and
//! with energy to spare.

use crate::aggregate::{VOICES, Voice};
use crate::config::NodeConfig;
use crate::draw::{Purpose, below, draw};
use crate::gene::GeneId;
use crate::id::{GroupId, NodeId, Tick};
use crate::inbox::Inbox;
use crate::neuron::SwarmNeuron;
use crate::packet::{Message, Update};
use crate::phase::{ANSWER_GAP_US, Listener, OUTBOX, Outbox, Speaker};
use crate::q16::{Q16, percent};
use crate::radio::Outgoing;
use crate::regime::Regime;
use crate::residual::Residual;
use crate::residual_stream::Extras;
use crate::summary::{SummaryGene, extend_history};
use crate::trust::{Conduct, Evidence, Neighbour, TrustConfig, find, judge, weigh};

/// Own samples on which a newcomer judges a summary.
pub const JUDGED: u8 = 24;
/// Samples that a newcomer must have seen before: its scale is a guess until then.
const SETTLING: u32 = 8;
/// Values that a summary leaves out at each end, where enough are left.
const TRIM: u8 = 1;
/// Requests that a newcomer remembers.
const ASKED: usize = 4;
/// Draws that are taken by the other things that a node says.
const DRAW: u32 = OUTBOX as u32 + 2;

/// How a mesh hands over what it has learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandoverConfig {
    /// Requests that a newcomer sends at most, one a round.
    pub asks: u8,
    /// Ticks from one answer of a holder to its next, at least.
    pub answer_every_ticks: u32,
    /// Below this share of its energy a node neither asks nor answers.
    pub energy_floor: Q16,
}

impl Default for HandoverConfig {
    fn default() -> Self {
        Self { asks: 8, answer_every_ticks: 10, energy_floor: percent(15) }
    }
}

/// What a node's part in handing over has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandoverCounts {
    /// Requests sent.
    pub requests: u32,
    /// Summaries sent.
    pub answers: u32,
    /// Bytes of both on the air, headers included.
    pub bytes: u32,
    /// Summaries that came, from the node that was asked.
    pub received: u32,
    /// Of these, the ones that went into the model.
    pub adoptions: u32,
    /// The ones that forecast worse than the own model.
    pub refusals: u32,
    /// Of these, the ones that did great harm.
    pub lies: u32,
    /// The ones of another modality, form or number of weights.
    pub foreign: u32,
}
crate::canonical!(struct HandoverCounts {
    requests, answers, bytes, received, adoptions, refusals, lies, foreign,
});

/// A summary as it travels: with the gene that its weights belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    gene: GeneId,
    summary: SummaryGene,
}
crate::canonical!(struct Held { gene, summary });

/// A summary that is being judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    from: NodeId,
    held: Held,
    samples: u8,
    /// Sums of |error|, in 2^-16 deviations.
    own: i64,
    offered: i64,
}
crate::canonical!(struct Candidate { from, held, samples, own, offered });

/// A node's part in handing over, as newcomer and as holder: only in a mesh that asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    asks_left: u8,
    /// Rounds to wait before it asks again.
    pause: u8,
    /// Whom it has asked lately, and who has not answered.
    asked: heapless::Vec<NodeId, ASKED>,
    candidate: Option<Candidate>,
    /// What peers have said last, the newest of each.
    peers: Inbox,
    held: Option<Held>,
    history: [u8; 32],
    /// Who is to be answered in the next round.
    waiting: Option<NodeId>,
    answered: Option<Tick>,
    /// What has happened so far.
    pub counts: HandoverCounts,
}
crate::canonical!(struct Handover {
    asks_left, pause, asked, candidate, peers, held, history, waiting, answered, counts,
});

impl Handover {
    /// Of a node that has just joined.
    #[must_use]
    pub fn new(config: &HandoverConfig) -> Self {
        Self {
            asks_left: config.asks,
            pause: 0,
            asked: heapless::Vec::new(),
            candidate: None,
            peers: Inbox::default(),
            held: None,
            history: [0; 32],
            waiting: None,
            answered: None,
            counts: HandoverCounts::default(),
        }
    }

    /// A node that has lost its model is a newcomer again, and has nothing to hand over.
    pub fn restart(&mut self, config: &HandoverConfig) {
        *self = Self { counts: self.counts, ..Self::new(config) };
    }

    /// The summary that it would hand over.
    #[must_use]
    pub fn held(&self) -> Option<&SummaryGene> {
        self.held.as_ref().map(|held| &held.summary)
    }

    /// Whether it waits for an answer, or judges one.
    #[must_use]
    pub const fn is_newcomer(&self) -> bool {
        self.asks_left > 0 || self.candidate.is_some()
    }

    fn message(&self, to: NodeId) -> Option<Message> {
        self.held.map(|Held { gene, summary }| Message::Summary { to, gene, summary })
    }

    fn note_asked(&mut self, node: NodeId) {
        self.asked.retain(|asked| *asked != node);
        if self.asked.is_full() {
            self.asked.remove(0);
        }
        // There is room: one was removed if the list was full.
        let _ = self.asked.push(node);
    }

    fn count(&mut self, config: &NodeConfig, now: Tick, message: &Message) {
        let counts = &mut self.counts;
        if matches!(message, Message::Summary { .. }) {
            counts.answers = counts.answers.saturating_add(1);
            self.answered = Some(now);
        } else {
            counts.requests = counts.requests.saturating_add(1);
        }
        let bytes = config.air.message_bytes(message.length()) as u32;
        counts.bytes = counts.bytes.saturating_add(bytes);
    }

    /// Whether the last answer is long enough ago.
    fn is_rested(&self, settings: &HandoverConfig, now: Tick) -> bool {
        let every = u64::from(settings.answer_every_ticks);
        self.answered.is_none_or(|last| now.0.saturating_sub(last.0) >= every)
    }
}

/// Aggregate, at the end of a round and before its merge: sums up for newcomers to come what peers
/// have said last, this round's offers in `inbox` included, and what the node itself has learned.
/// Voices that a merge would leave out (of strangers, of banned nodes, of another form, or that
/// [`Adoption`](crate::phase::Adoption) does not admit) stay out here too; with fewer than two
/// peers there is no summary.
pub fn sum_up(
    config: &NodeConfig,
    (id, group): (NodeId, GroupId),
    round: u32,
    neuron: &SwarmNeuron,
    residual: &Residual,
    neighbours: &[Neighbour],
    inbox: &Inbox,
    handover: &mut Handover,
) {
    let known = |peer: NodeId| {
        let place = neighbours.binary_search_by_key(&peer, |neighbour| neighbour.id).ok()?;
        neighbours.get(place).filter(|neighbour| !neighbour.banned)
    };
    let taps = neuron.form().taps;
    for offer in inbox.offers().iter().filter(|offer| offer.gene.is_akin(neuron.gene())) {
        let Some(neighbour) = known(offer.origin) else { continue };
        let update = Update {
            origin: offer.origin,
            round: neighbour.round,
            group,
            regime: offer.regime,
            polls: false,
            wire: config.wire,
            taps,
            gene: offer.gene,
            weights: offer.weights,
        };
        handover.history = extend_history(&handover.history, &update);
        handover.peers.push(&update);
    }
    let exam = neuron.exam();
    let own = exam.as_ref().map(|exam| exam.error(neuron.weights()));
    let count = neighbours.len();
    let mut voices: heapless::Vec<Voice, VOICES> = heapless::Vec::new();
    for offer in handover.peers.offers() {
        let offered = exam.as_ref().map(|exam| exam.error(&offer.weights));
        let evidence = own
            .zip(offered)
            .map(|(own, offered)| judge(&config.trust, offered, own, residual.usual()));
        let admitted = config.adoption.admits(evidence, offer.regime);
        let neighbour = known(offer.origin).filter(|_| admitted);
        if let Some(neighbour) = neighbour.filter(|_| offer.gene.is_akin(neuron.gene())) {
            let influence = config.trust.influence(neighbour.reputation, count);
            let (node, weights) = (offer.origin, offer.weights);
            // VOICES holds a full inbox and the own voice.
            let _ = voices.push(Voice { node, influence, loss: None, weights });
        }
    }
    handover.held = None;
    if voices.len() < 2 {
        return;
    }
    let influence = config.trust.influence(Q16::ONE, count);
    let _ = voices.push(Voice { node: id, influence, loss: None, weights: *neuron.weights() });
    let summary = SummaryGene::of(round, group, taps, handover.history, &voices, TRIM);
    handover.held = summary.map(|summary| Held { gene: neuron.gene(), summary });
}

/// Speak, for handing over: at the start of a round a holder answers whoever has asked it since the
/// last one, else a newcomer asks. `before` is what the node sends in this tick anyway.
pub fn send_handover(
    config: &NodeConfig,
    now: Tick,
    node: &Speaker<'_>,
    handover: &mut Handover,
    before: &Outbox,
    extras: &mut Extras,
) {
    let Some(settings) = config.handover.filter(|_| config.gossip) else { return };
    let window = node.wake.window();
    if !window.opens || node.energy.share(&config.energy) < settings.energy_floor {
        return;
    }
    let waiting = handover.waiting.take().filter(|_| handover.is_rested(&settings, now));
    let answer = waiting.and_then(|to| handover.message(to));
    let pauses = handover.pause > 0;
    handover.pause = handover.pause.saturating_sub(1);
    let Some(message) =
        answer.or_else(|| if pauses { None } else { request(config, now, node, handover) })
    else {
        return;
    };
    let said =
        before.iter().chain(&*extras).map(|outgoing| config.air.airtime_us(&outgoing.message));
    let airtime_us = config.air.airtime_us(&message);
    if !node.energy.affords(&config.energy, said.sum::<u64>() + airtime_us) {
        return;
    }
    let room_us = (window.length_us() / 2).saturating_sub(airtime_us).max(1);
    let at_us = window.from_us
        + below(draw(config.wake.seed, Purpose::Backoff, node.id.0, now.0, DRAW), room_us);
    let round = node.wake.rounds();
    if extras.push(Outgoing { message, round, at_us }).is_ok() {
        handover.count(config, now, &message);
        if let Message::SummaryRequest { to } = message {
            handover.asks_left = handover.asks_left.saturating_sub(1);
            // A neighbour answers in its next round, the own sentinel at once.
            handover.pause = u8::from(to != node.wake.sentinel);
            handover.note_asked(to);
        }
    }
}

/// What a newcomer asks, and whom: first its sentinel if that is of its own modality, then by turns
/// a neighbour by lot and the sentinel again.
fn request(
    config: &NodeConfig,
    now: Tick,
    node: &Speaker<'_>,
    handover: &Handover,
) -> Option<Message> {
    if handover.asks_left == 0 || handover.candidate.is_some() {
        return None;
    }
    let knows = |id: NodeId| {
        let place = node.neighbours.binary_search_by_key(&id, |neighbour| neighbour.id).ok()?;
        node.neighbours.get(place).filter(|neighbour| !neighbour.banned)
    };
    let sentinel = knows(node.wake.sentinel);
    if let Some(sentinel) = sentinel.filter(|_| handover.counts.requests.is_multiple_of(2)) {
        return Some(Message::SummaryRequest { to: sentinel.id });
    }
    let bits = draw(config.wake.seed, Purpose::Backoff, node.id.0, now.0, DRAW + 1);
    let place = below(bits, node.neighbours.len() as u64) as usize;
    let neighbour = node.neighbours.get(place).filter(|neighbour| !neighbour.banned);
    neighbour.or(sentinel).map(|neighbour| Message::SummaryRequest { to: neighbour.id })
}

/// Radio: a neighbour asks for a summary. A sentinel answers its clients at once, in the window in
/// which they asked; whoever else asks is answered in the next round.
pub(crate) fn asked(
    config: &NodeConfig,
    now: Tick,
    node: &mut Listener<'_>,
    by: NodeId,
    at_us: u64,
    answer: &mut impl FnMut(Outgoing),
) {
    let Some(settings) = &config.handover else { return };
    let knows = find(node.neighbours, by).is_some_and(|neighbour| !neighbour.banned);
    let is_client = node.clients.binary_search(&by).is_ok();
    let Some(handover) = node.handover.as_deref_mut() else { return };
    let Some(message) = handover.message(by).filter(|_| knows) else { return };
    if node.energy.share(&config.energy) < settings.energy_floor
        || !handover.is_rested(settings, now)
    {
        return;
    }
    if !is_client {
        handover.waiting = Some(by);
        return;
    }
    let airtime_us = config.air.airtime_us(&message);
    let at_us = at_us.max(*node.busy_us) + ANSWER_GAP_US;
    let ends_us = at_us + airtime_us;
    if ends_us > config.wake.tick_us || !node.energy.affords(&config.energy, airtime_us) {
        return;
    }
    handover.count(config, now, &message);
    *node.busy_us = ends_us + ANSWER_GAP_US;
    // The moment tells answers of one round apart in reassembly.
    answer(Outgoing { message, round: node.wake.rounds().wrapping_add(at_us as u32), at_us });
}

/// Radio: a summary came. It counts only from a node that was asked.
pub(crate) fn offered(node: &mut Listener<'_>, from: NodeId, gene: GeneId, summary: &SummaryGene) {
    let group = node.group;
    let Some(handover) = node.handover.as_deref_mut() else { return };
    let place = handover.asked.iter().position(|asked| *asked == from);
    let Some(place) = place.filter(|_| handover.candidate.is_none()) else { return };
    handover.asked.remove(place);
    handover.counts.received = handover.counts.received.saturating_add(1);
    if summary.group != group {
        handover.counts.foreign = handover.counts.foreign.saturating_add(1);
        return;
    }
    let held = Held { gene, summary: *summary };
    handover.candidate = Some(Candidate { from, held, samples: 0, own: 0, offered: 0 });
}

/// What [`review`] looks at.
#[derive(Clone, Copy, Debug)]
pub struct Reviewer {
    /// Modality of the node.
    pub group: GroupId,
    /// The regime that it acts on.
    pub regime: Regime,
    /// Whether there was a sample in this tick.
    pub sampled: bool,
    /// The tick.
    pub now: Tick,
}

/// Evolve: holds a summary that came against the model in service, sample by sample, and decides
/// after [`JUDGED`] of them. No worse on average: the model becomes what
/// [`Onboarding::blend`](crate::summary::Onboarding::blend) says, and the sender's reputation
/// rises. So much worse that a peer's update would count as harmful: a lie, which costs the sender
/// reputation unless the node itself is disturbed. Returns the forecasts made, each paid for like a
/// sample.
pub fn review(
    config: &NodeConfig,
    node: Reviewer,
    neuron: &mut SwarmNeuron,
    residual: &Residual,
    neighbours: &mut [Neighbour],
    mut conduct: Option<Conduct<'_>>,
    handover: &mut Handover,
) -> u32 {
    let Some(candidate) = &mut handover.candidate else { return 0 };
    let Held { gene, summary } = candidate.held;
    let counts = &mut handover.counts;
    if !gene.is_akin(neuron.gene()) || summary.taps != neuron.form().taps {
        counts.foreign = counts.foreign.saturating_add(1);
        handover.candidate = None;
        return 0;
    }
    if !node.sampled || neuron.samples() <= SETTLING {
        return 0;
    }
    let [own, offered] = neuron.newest_errors(&summary.consensus());
    candidate.own += i64::from(own.to_bits());
    candidate.offered += i64::from(offered.to_bits());
    candidate.samples += 1;
    if candidate.samples < JUDGED {
        return 1;
    }
    let candidate = *candidate;
    handover.candidate = None;
    let evidence = verdict(&config.trust, &candidate, residual.usual());
    let before = *neuron.weights();
    if candidate.offered <= candidate.own
        && let Ok(onboarding) = summary.install(node.group, neuron)
    {
        neuron.adopt(&onboarding.blend(&before, neuron.samples()));
        neuron.checkpoint();
        handover.asks_left = 0;
        counts.adoptions = counts.adoptions.saturating_add(1);
    } else {
        counts.refusals = counts.refusals.saturating_add(1);
        counts.lies = counts.lies.saturating_add(u32::from(evidence == Evidence::Harmful));
    }
    // An honest summary may do harm where the weather has changed.
    let blames = evidence != Evidence::Harmful || node.regime == Regime::Calm;
    if blames {
        weigh(&config.trust, neighbours, conduct.as_mut(), candidate.from, evidence, node.now);
    }
    1
}

fn verdict(config: &TrustConfig, candidate: &Candidate, usual: Q16) -> Evidence {
    let most = i64::from(i32::MAX);
    let mean = |sum: i64| Q16::from_bits((sum / i64::from(JUDGED)).min(most) as i32);
    judge(config, mean(candidate.offered), mean(candidate.own), usual)
}

#[cfg(test)]
mod tests;
