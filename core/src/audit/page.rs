//! A node's part in audits, both sides: a page beside the node, which only meshes that audit have.
//! It is called where the tick's phases are, by the core's node and by the simulator alike; it
//! decides nothing else that a node does.

use super::auditor::{AuditCounts, CASES, Case, Hearsay, PEERS};
use super::beacon::{Beacon, private};
use super::grubbs;
use super::learner::{Blend, Mind, print_of};
use super::log::{Log, Sealed, Sent};
use super::peer::{Due, Heed, Missing, Peer, chance};
use super::queue::{AuditOut, Queue, weight};
use super::reveal::{parts, show};
use super::verify::{Known, verify};
use super::wire::{Ask, AuditMessage, Commit, Part, ROUNDS, UPDATES};
use super::{AuditConfig, Verdict};
use crate::config::NodeConfig;
use crate::energy::EnergyPool;
use crate::id::{NodeId, Tick};
use crate::neuron::SwarmNeuron;
use crate::packet::{Message, Update};
use crate::phase::{ANSWER_GAP_US, Outbox, Speaker};
use crate::q16::Q16;
use crate::radio::Outgoing;
use crate::trust::Neighbour;
use crate::wake::{Role, Wake};

/// Questions that a node has still to answer, at most.
const OWED: usize = 4;
/// Nodes that may see a stretch of one epoch, at most.
const SEEN_BY: usize = PEERS;
/// Times that a node must have been asked in vain for a new epoch to look like a way out.
const FEW: u8 = 6;
/// Updates after which an epoch ends, unless an answer is owed.
const BATCH: u32 = 16;

/// A question that waits for the node's next words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    pub to: NodeId,
    pub epoch: u32,
    pub ask: Ask,
    pub have: u32,
}
crate::canonical!(struct Owed { to, epoch, ask, have });

/// Who has asked for what of the sealed epoch, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub to: NodeId,
    pub ask: Ask,
    pub times: u8,
}
crate::canonical!(struct Answered { to, ask, times });

/// All that a node needs to be audited and to audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    log: Log,
    pub(super) sealed: Option<Sealed>,
    pub(super) commit_due: bool,
    pub(super) owed: heapless::Vec<Owed, OWED>,
    pub(super) answered: heapless::Vec<Answered, SEEN_BY>,
    pub(super) peers: heapless::Vec<Peer, PEERS>,
    cases: heapless::Vec<Case, CASES>,
    hearsay: Hearsay,
    /// Samples computed again, not paid for yet.
    pub(super) work: u32,
    /// What has happened so far.
    pub counts: AuditCounts,
}
crate::canonical!(struct AuditPage {
    log, sealed, commit_due, owed, answered, peers, cases, hearsay, work, counts,
});

/// What [`AuditPage::hear`] looks at.
#[derive(Debug)]
pub struct AuditEar<'a> {
    /// Who listens.
    pub id: NodeId,
    /// Its schedule.
    pub wake: &'a Wake,
    /// Its battery.
    pub energy: &'a EnergyPool,
    /// Its predictor.
    pub neuron: &'a SwarmNeuron,
    /// What it thinks of its neighbours.
    pub neighbours: &'a [Neighbour],
    /// A sentinel's clients, sorted by id.
    pub clients: &'a [NodeId],
}

impl AuditEar<'_> {
    pub(super) fn serves(&self, node: NodeId) -> bool {
        self.wake.role == Role::Sentinel && self.clients.binary_search(&node).is_ok()
    }

    /// Whether `node` may ask: a stranger may not. Whoever is banned here may, or a ban by mistake
    /// would bring about another.
    fn answers(&self, node: NodeId) -> bool {
        let known = self.neighbours.binary_search_by_key(&node, |neighbour| neighbour.id).is_ok();
        known || node == self.wake.sentinel || self.serves(node)
    }
}

impl AuditPage {
    /// The page of a node that is in the state `mind` and has these neighbours, sorted by id. It
    /// keeps an eye on the first [`PEERS`] of them.
    #[must_use]
    pub fn new(mind: Mind<'_>, neighbours: impl Iterator<Item = NodeId>) -> Self {
        let peer = |id| Peer { id, ..Peer::default() };
        Self {
            log: Log::new(mind),
            sealed: None,
            commit_due: false,
            owed: heapless::Vec::new(),
            answered: heapless::Vec::new(),
            peers: neighbours.take(PEERS).map(peer).collect(),
            cases: heapless::Vec::new(),
            hearsay: Hearsay::default(),
            work: 0,
            counts: AuditCounts::default(),
        }
    }

    /// All nodes have agreed on something else to compute by, `mind` is the state of now: what was
    /// computed so far can be neither asked for nor shown any more.
    pub fn renew(&mut self, mind: Mind<'_>) {
        self.log.renew(mind);
        (self.sealed, self.commit_due) = (None, false);
        self.owed.clear();
        self.answered.clear();
        self.cases.clear();
        self.peers.iter_mut().for_each(Peer::renew);
    }

    /// What the node remembers of its neighbours, sorted by id.
    #[must_use]
    pub fn peers(&self) -> &[Peer] {
        &self.peers
    }

    /// The audits that run.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The epoch that can be asked for.
    #[must_use]
    pub const fn sealed(&self) -> Option<&Sealed> {
        self.sealed.as_ref()
    }

    /// Samples computed again since the last call, to be paid for like the sensor's.
    pub const fn take_work(&mut self) -> u32 {
        core::mem::replace(&mut self.work, 0)
    }

    /// Regime: a sample was learned from, and the detector has seen it; `mind` is the state after.
    pub fn sensed(&mut self, critical: bool, value: Q16, mind: Mind<'_>) {
        self.log.sample(critical, value, mind);
    }

    /// Aggregate: these models are about to be merged.
    pub fn merging(&mut self, config: &NodeConfig, blend: &Blend) {
        self.log.merging(blend);
        if config.audit.is_some_and(|settings| settings.outliers) {
            grubbs::suspects(blend, |origin| self.stood_out(origin));
        }
    }

    /// Aggregate: they were; `mind` is the state after.
    pub fn merged(&mut self, mind: Mind<'_>) {
        self.log.cut(mind);
    }

    /// Trust: the node has gone back to its last healthy model; `mind` is the state after.
    pub fn restored(&mut self, mind: Mind<'_>) {
        self.log.restored(mind);
    }

    /// Speak: the node has decided what to send. Notes its update, and seals the epoch when its
    /// time has come.
    pub fn spoke(
        &mut self,
        config: &NodeConfig,
        node: &Speaker<'_>,
        sent: Option<Sent>,
        mind: Mind<'_>,
    ) {
        let Some(settings) = &config.audit else { return };
        let round = node.wake.rounds();
        if let Some(sent) = sent {
            let critical = node.energy.is_critical(&config.energy);
            self.log.sent(critical, sent, round, mind);
        }
        let lasted = round.wrapping_sub(self.log.first_round).wrapping_add(1);
        // What is owed is of the epoch that the next one would take the place of.
        let updates = self.log.updates();
        let waits = !self.owed.is_empty() && lasted < u32::from(ROUNDS) && updates < UPDATES;
        let lasts = lasted < u32::from(settings.every_rounds) && updates < BATCH;
        let full = !(lasts || waits) || self.log.is_filling();
        if !node.wake.window().opens || !full || lasted == 0 {
            return;
        }
        let sealed = self.log.seal(node.id, round, mind, self.sealed.as_ref());
        self.counts.gaps += u32::from(sealed.is_none());
        self.commit_due = sealed.is_some();
        self.counts.commits += u32::from(sealed.is_some());
        self.sealed = sealed;
        self.answered.clear();
        self.owed.clear();
    }

    /// Speak: draws audits, and adds to what is sent: a commitment, questions, and what is owed.
    /// `before` is what the node sends in this tick anyway.
    pub fn speak(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        node: &Speaker<'_>,
        mind: Mind<'_>,
        clients: &[NodeId],
        before: &Outbox,
        out: &mut AuditOut,
    ) {
        let Some(settings) = &config.audit else { return };
        if !node.wake.window().is_awake() {
            return;
        }
        if node.wake.window().opens {
            self.draw(*settings, node, mind, clients);
        }
        let mut queue = Queue::new(config, now, node, before, out);
        if let Some(sealed) = self.sealed.as_ref().filter(|_| self.commit_due) {
            self.commit_due =
                !queue.push(AuditMessage::Commit { to: NodeId::NONE, commit: sealed.commit });
        }
        let mut silent: heapless::Vec<usize, CASES> = heapless::Vec::new();
        for (place, case) in self.cases.iter_mut().enumerate() {
            let met = if node.wake.role == Role::Sentinel {
                let peer = self.peers.iter().find(|peer| peer.id == case.target);
                // Another sentinel is awake, if it was in the last tick. Sleepers are asked when
                // they have polled.
                let last = (now.0 as u32).wrapping_sub(1);
                peer.is_some_and(|peer| !peer.polls && peer.heard_tick == last)
            } else {
                node.wake.window().opens
            };
            if met && case.asks(now) {
                let Case { target: to, epoch, ask, have, .. } = *case;
                let _ = queue.push(AuditMessage::Challenge { to, epoch, ask, have });
            } else if met {
                // A place for each case.
                let _ = silent.push(place);
            }
        }
        self.pay_back(config, node.id, &mut queue);
        self.counts.bytes += queue.bytes;
        for place in silent.into_iter().rev() {
            self.conclude(place, Verdict::NoAnswer, Missing::Whole);
        }
    }

    /// Draws from the beacon which neighbours are audited now.
    fn draw(
        &mut self,
        settings: AuditConfig,
        node: &Speaker<'_>,
        mind: Mind<'_>,
        clients: &[NodeId],
    ) {
        if self.peers.iter().all(|peer| peer.due == Due::Nothing && !peer.is_late(settings)) {
            return;
        }
        let commits = self.peers.iter().filter_map(|peer| Some((peer.id, peer.commit.as_ref()?)));
        let beacon = Beacon::new(node.id, mind, commits);
        let is_sentinel = node.wake.role == Role::Sentinel;
        let others = self.peers.len();
        // Whoever does not poll is always awake, and audits all in range as this node does.
        let sentinels = 1 + self.peers.iter().filter(|peer| !peer.polls).count();
        for peer in &mut self.peers {
            if self.cases.is_full() {
                return;
            }
            let is_client = is_sentinel && clients.binary_search(&peer.id).is_ok();
            let is_own = is_client || peer.id == node.wake.sentinel;
            if !is_sentinel && !is_own || peer.convicted {
                peer.due = Due::Nothing;
                continue;
            }
            if self.cases.iter().any(|case| case.target == peer.id) {
                continue;
            }
            let auditors = if is_sentinel { sentinels } else { others };
            let chance = peer.commit.map_or(0, |commit| chance(&settings, &commit, auditors));
            let drawn = peer.drawn(&beacon, chance);
            let late = peer.is_late(settings);
            let Some(ask) = drawn.or_else(|| late.then_some(Ask::Commit)) else { continue };
            let epoch = peer.commit.map_or(0, |commit| commit.epoch);
            self.counts.challenges += u32::from(ask != Ask::Commit);
            // There is room: looked at above.
            let _ = self.cases.push(Case::new(peer.id, epoch, ask));
        }
    }

    /// Shows what was asked for, as much as fits.
    fn pay_back(&mut self, config: &NodeConfig, id: NodeId, queue: &mut Queue<'_>) {
        let Some(sealed) = &self.sealed else { return };
        for owed in core::mem::take(&mut self.owed) {
            let (shown, samples) = show(config, id, sealed, owed.ask);
            self.work += samples;
            self.counts.replayed += samples;
            self.counts.reveals += 1;
            let Owed { to, epoch, have, .. } = owed;
            parts(&shown.unwrap_or_default(), have, |part| {
                queue.push(AuditMessage::Part { to, epoch, part })
            });
        }
    }

    /// Radio, receiving side: takes a message that ended at `at_us`; answers go to `answer`, which
    /// says what they weigh in bytes.
    pub fn hear(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        node: &AuditEar<'_>,
        sender: NodeId,
        message: &Message,
        at_us: u64,
        busy_us: &mut u64,
        answer: impl FnMut(Outgoing),
    ) {
        match message {
            Message::Update(update) => {
                self.note(now, node, sender, update);
                if update.polls {
                    self.meet(node, sender, at_us);
                }
            }
            Message::Relay { to, update } if *to == node.id && sender == node.wake.sentinel => {
                self.note(now, node, sender, update);
            }
            Message::Poll { .. } => self.meet(node, sender, at_us),
            Message::Audit(AuditMessage::Commit { commit, .. }) => {
                self.take_commit(config, sender, commit);
            }
            Message::Audit(AuditMessage::Challenge { to, epoch, ask, have })
                if *to == node.id && node.answers(sender) =>
            {
                let owed = Owed { to: sender, epoch: *epoch, ask: *ask, have: *have };
                self.take_challenge(config, node, owed, at_us, busy_us, answer);
            }
            Message::Audit(AuditMessage::Part { to, epoch, part }) if *to == node.id => {
                self.take_part(config, sender, *epoch, part);
            }
            _ => {}
        }
    }

    /// Remembers an update.
    fn note(&mut self, now: Tick, node: &AuditEar<'_>, sender: NodeId, update: &Update) {
        let print = print_of(update);
        self.hearsay.note(update.origin, update.round, print);
        if sender != update.origin {
            return;
        }
        let Some(place) = self.peers.iter().position(|peer| peer.id == sender) else { return };
        let Some(peer) = self.peers.get_mut(place) else { return };
        let fits = peer.remember(update.round, print, private(node.neuron, sender, update.round));
        peer.heard_tick = now.0 as u32;
        if !fits {
            self.contradicted(place);
        }
    }

    /// What was heard of a neighbour is not what it has committed to.
    fn contradicted(&mut self, place: usize) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        if peer.convicted {
            return;
        }
        self.counts.contradictions += 1;
        self.counts.convictions += u32::from(peer.judged(Verdict::Mismatch, Missing::Whole));
        let id = peer.id;
        self.cases.retain(|case| case.target != id);
    }

    /// A sleeper has polled its sentinel, this one or another: it is awake, and can be asked.
    fn meet(&mut self, node: &AuditEar<'_>, sender: NodeId, at_us: u64) {
        if node.wake.role != Role::Sentinel {
            return;
        }
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == sender) {
            peer.polls = true;
        }
        if let Some(case) = self.cases.iter_mut().find(|case| case.target == sender) {
            case.polled_us = Some(at_us);
        }
    }

    fn take_commit(&mut self, config: &NodeConfig, sender: NodeId, commit: &Commit) {
        let Some(at) = self.peers.iter().position(|peer| peer.id == sender) else { return };
        let Some(peer) = self.peers.get_mut(at) else { return };
        let running = self.cases.iter().position(|case| case.target == sender);
        if peer.disputes(commit) {
            self.counts.disputes += 1;
            return;
        }
        match peer.commits(*commit) {
            Heed::Stale => return,
            Heed::Contradicted => return self.contradicted(at),
            Heed::Skips => {
                self.counts.skips += 1;
                let convicts = peer.judged(Verdict::NoAnswer, Missing::Whole);
                self.counts.convictions += u32::from(convicts);
            }
            Heed::Fits => {}
        }
        let Some(place) = running else { return };
        let asked = self.cases.get(place).map_or(0, |case| case.asked);
        let every = config.audit.map_or(0, |settings| settings.every_rounds);
        // A node that is asked for the first time when its epoch ends did nothing to evade, unless
        // it ended that before its time.
        let in_time = commit.rounds >= every || commit.named.count_ones() >= BATCH;
        let excused = asked < FEW && in_time;
        let is_answer = self.cases.get(place).is_some_and(|case| case.ask == Ask::Commit);
        if is_answer || excused {
            peer.watched |= !is_answer;
            self.counts.cut_short += u32::from(!is_answer && asked > 0);
            self.cases.swap_remove(place);
        } else {
            let missing = if asked < FEW { Missing::Time } else { Missing::Parts };
            self.counts.cut_short += 1;
            self.conclude(place, Verdict::NoAnswer, missing);
        }
    }

    fn take_part(&mut self, config: &NodeConfig, sender: NodeId, epoch: u32, part: &Part) {
        let is_its = |case: &Case| case.target == sender && case.epoch == epoch;
        let Some(place) = self.cases.iter().position(is_its) else { return };
        let Some(peer) = self.peers.iter().find(|peer| peer.id == sender) else { return };
        let (Some(commit), Some(case)) = (&peer.commit, self.cases.get_mut(place)) else { return };
        if case.asked == 0 {
            return;
        }
        let (ask, claim) = (case.ask, peer.held);
        let Some(shown) = case.take(part) else { return };
        let (before, rival) = (peer.before.as_ref(), peer.rival.as_ref());
        let known = Known { node: sender, commit, before, rival, ask, claim };
        let hearsay = &self.hearsay;
        let vouch = |origin, round, print| hearsay.vouch(origin, round, print);
        let (verdict, samples) = verify(config, &known, shown, vouch);
        self.work += samples;
        self.counts.replayed += samples;
        self.conclude(place, verdict, Missing::Whole);
    }

    /// Ends an audit.
    fn conclude(&mut self, place: usize, verdict: Verdict, missing: Missing) {
        if place >= self.cases.len() {
            return;
        }
        let case = self.cases.swap_remove(place);
        let counts = &mut self.counts;
        match verdict {
            Verdict::Honest => counts.passes += 1,
            Verdict::Mismatch => counts.mismatches += 1,
            Verdict::BadProof => counts.bad_proofs += 1,
            Verdict::NoAnswer => counts.unanswered += u32::from(missing == Missing::Whole),
        }
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == case.target) {
            let some_came = verdict == Verdict::NoAnswer && case.most > 0;
            let missing =
                if some_came && missing == Missing::Whole { Missing::Parts } else { missing };
            counts.convictions += u32::from(peer.judged(verdict, missing));
            if case.ask == Ask::Commit {
                // Asked for once in a while, not in every round.
                peer.covered = peer.newest;
            }
        }
    }

    /// Radio, at the end of what was heard: a sentinel asks those sleepers that polled.
    pub fn attend(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        node: &AuditEar<'_>,
        busy_us: &mut u64,
        mut answer: impl FnMut(Outgoing),
    ) {
        let mut silent: heapless::Vec<usize, CASES> = heapless::Vec::new();
        for (place, case) in self.cases.iter_mut().enumerate() {
            let Some(polled_us) = case.polled_us.take() else { continue };
            let Case { target: to, epoch, ask, have, .. } = *case;
            let message = Message::Audit(AuditMessage::Challenge { to, epoch, ask, have });
            let airtime_us = config.air.airtime_us(&message);
            let at_us = polled_us.max(*busy_us) + ANSWER_GAP_US;
            let fits = at_us + airtime_us <= config.wake.tick_us;
            if !fits || !node.energy.affords(&config.energy, airtime_us) {
                continue;
            }
            if !case.asks(now) {
                // A place for each case.
                let _ = silent.push(place);
                continue;
            }
            let round = node.wake.rounds().wrapping_add(at_us as u32);
            answer(Outgoing { message, round, at_us });
            self.counts.bytes += weight(config, &message);
            *busy_us = at_us + airtime_us;
        }
        for place in silent.into_iter().rev() {
            self.conclude(place, Verdict::NoAnswer, Missing::Whole);
        }
    }

    /// A model of `origin` stood out among those of a round: its next commitment is audited.
    fn stood_out(&mut self, origin: NodeId) {
        self.counts.outliers += 1;
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == origin) {
            peer.watched = true;
        }
    }
}
