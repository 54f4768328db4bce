//! The composed node: all parts and the tick that runs them. This is what firmware runs; the
//! simulator runs the same phases over components.

use crate::audit::AuditPage;
use crate::audit::learner::Mind;
use crate::audit::page::AuditEar;
use crate::audit::queue::{self, AuditOut};
use crate::carry::Carry;
use crate::config::NodeConfig;
use crate::energy::{Activity, EnergyPool};
use crate::evolution::Evolution;
use crate::fragment::Reassembly;
use crate::fusion::Fused;
use crate::handover::{self, Handover, Reviewer, send_handover, sum_up};
use crate::id::{GroupId, NodeId, Tick};
use crate::inbox::Inbox;
use crate::neuron::SwarmNeuron;
use crate::packet::{Header, Message};
use crate::phase::{
    self, Circumstance, EvolveReport, Genetics, Listener, MergeReport, Merger, Outbox, Speaker,
};
use crate::privacy::release::{Publisher, simulated_key};
use crate::q16::Q16;
use crate::radio::{Outgoing, Radio};
use crate::regime::{Regime, RegimeDetector};
use crate::residual::Residual;
use crate::residual_stream::{Extras, StreamFeed, send_stream};
use crate::responder::Route;
use crate::signature::{concerns, own_round, signed, split};
use crate::silence::Silence;
use crate::trust::{Dossier, Neighbour, OwnTrust, review, send_opinions};
use crate::tuner::{Surroundings, Tuner, send_policy};
use crate::wake::{Role, Wake, Window};

/// A whole node with room for `N` neighbours (and, as a sentinel, `N` routes and clients).
#[derive(Clone, Debug)]
pub struct Node<const N: usize> {
    /// Who it is.
    pub id: NodeId,
    /// Its modality.
    pub group: GroupId,
    /// Its predictor.
    pub neuron: SwarmNeuron,
    /// Its entropy estimate.
    pub residual: Residual,
    /// Its regime detector.
    pub detector: RegimeDetector,
    /// Its strategic silence.
    pub silence: Silence,
    /// Its battery.
    pub energy: EnergyPool,
    /// Its wake schedule.
    pub wake: Wake,
    /// Its standing.
    pub trust: OwnTrust,
    /// What it thinks of its neighbours, sorted by id.
    pub neighbours: heapless::Vec<Neighbour, N>,
    /// Its page on their conduct; `None` where the mesh asks for none.
    pub conduct: Option<Dossier<N>>,
    /// The offers of this round.
    pub inbox: Inbox,
    /// Fragments that wait for the rest.
    pub reassembly: Reassembly,
    /// A sentinel's clients, sorted by id.
    pub clients: heapless::Vec<NodeId, N>,
    /// A sentinel's routes, sorted by origin.
    pub routes: heapless::Vec<Route, N>,
    /// Its evolution, in a mesh that has it.
    pub evolution: Option<Evolution>,
    /// What an option of the mesh asks it to carry; absent otherwise.
    pub carry: Option<Carry>,
    /// Its tuner; `None` where nobody tunes.
    pub tuner: Option<Tuner>,
    /// Its residual stream; `None` where nobody streams, and on a sentinel.
    pub stream: Option<StreamFeed>,
    /// What makes its updates private; `None` where they are not. Built with the key of a simulated
    /// node: on hardware put one with a secret key, and the disclosure kept in flash, in its place.
    pub publisher: Option<Publisher>,
    /// Its part in handing over; `None` where nobody does.
    pub handover: Option<Handover>,
    /// Power that the world gives in the next tick, in microwatts, on top of the constant one of
    /// the configuration: an input like the sample, set before each tick, and no state.
    pub harvest_uw: u32,
}

/// What happened in a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// The radio's window.
    pub window: Window,
    /// What radio and processor did.
    pub activity: Activity,
    /// What a merge did, if the round ended.
    pub merge: Option<MergeReport>,
    /// What evolution did.
    pub evolve: EvolveReport,
}

/// What speaking looks at in a node. A macro and no method, as it borrows these fields alone: the
/// others are changed meanwhile.
macro_rules! speaker {
    ($node:expr) => {
        Speaker {
            id: $node.id,
            group: $node.group,
            neuron: &$node.neuron,
            residual: &$node.residual,
            detector: &$node.detector,
            energy: &$node.energy,
            wake: &$node.wake,
            trust: &$node.trust,
            neighbours: &$node.neighbours,
            policy: $node.tuner.as_ref().map(|tuner| *tuner.proposal()),
        }
    };
}

impl<const N: usize> Node<N> {
    /// A node with a full battery that knows nothing; its first round begins with its first tick.
    /// Neighbours beyond `N` are left out.
    #[must_use]
    pub fn new(id: NodeId, role: Role, config: &NodeConfig, neighbours: &[NodeId]) -> Self {
        let mut table: heapless::Vec<Neighbour, N> =
            neighbours.iter().take(N).map(|peer| Neighbour::new(&config.trust, *peer)).collect();
        table.sort_unstable_by_key(|neighbour| neighbour.id);
        Self {
            id,
            group: GroupId::default(),
            neuron: SwarmNeuron::new(&config.neuron),
            residual: Residual::default(),
            detector: RegimeDetector::default(),
            silence: Silence::default(),
            energy: EnergyPool::new(&config.energy),
            wake: Wake::new(role, NodeId::NONE, 0, config.trust.initial),
            trust: OwnTrust::default(),
            conduct: Dossier::of(&config.trust, table.len()),
            neighbours: table,
            inbox: Inbox::default(),
            reassembly: Reassembly::default(),
            clients: heapless::Vec::new(),
            routes: heapless::Vec::new(),
            evolution: config.evolution.map(|_| Evolution::default()),
            carry: Carry::of(config),
            tuner: config.tuner.then(Tuner::default),
            stream: config.stream.filter(|_| role != Role::Sentinel).as_ref().map(StreamFeed::new),
            publisher: config
                .privacy
                .as_ref()
                .map(|privacy| Publisher::new(privacy, simulated_key(config.wake.seed, id))),
            handover: config.handover.as_ref().map(Handover::new),
            harvest_uw: 0,
        }
    }

    /// Runs one tick: the phases in their order, with `sample` (`None`: the sensor gave none) and
    /// whatever the radio brings. Never panics and never allocates.
    pub fn tick(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        sample: Option<Q16>,
        radio: &mut impl Radio,
    ) -> TickReport {
        self.tick_fused(config, now, sample, None, radio)
    }

    /// [`Node::tick`] on a node whose companions have a say in its forecasts. What fusion has
    /// learned stands beside the node, as not every node fuses: it is not in [`Node::digest`].
    pub fn tick_fused(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        sample: Option<Q16>,
        fused: Option<Fused<'_>>,
        radio: &mut impl Radio,
    ) -> TickReport {
        self.tick_audited(config, now, sample, fused, None, radio)
    }

    /// The page that this node needs to take part in audits, in the state in which it is now.
    #[must_use]
    pub fn audit_page(&self) -> AuditPage {
        AuditPage::new(self.mind(), self.neighbours.iter().map(|neighbour| neighbour.id))
    }

    /// [`Node::tick_fused`] on a node that takes part in audits. Its page stands beside the node,
    /// from before the first tick on, and is not in [`Node::digest`].
    pub fn tick_audited(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        sample: Option<Q16>,
        fused: Option<Fused<'_>>,
        mut audit: Option<&mut AuditPage>,
        radio: &mut impl Radio,
    ) -> TickReport {
        if self.energy.is_browned_out() {
            return self.recover(config, now);
        }
        let tuned = self.tuner.as_ref().map(|tuner| tuner.apply(config));
        let tuned = tuned.as_ref().unwrap_or(config);
        let mut report = TickReport::default();
        report.activity.tick_us = config.wake.tick_us;
        report.activity.harvest_uw = self.harvest_uw;
        if let Some(sample) = sample {
            let critical = self.energy.is_critical(&config.energy);
            let (neuron, residual) = (&mut self.neuron, &mut self.residual);
            let evolution = self.evolution.as_mut();
            let detector = &self.detector;
            phase::predict(tuned, neuron, residual, detector, evolution, critical, sample, fused);
            self.detector.update(&config.regime, &self.residual);
            report.activity.samples = 1;
            if let Some(audit) = audit.as_deref_mut() {
                audit.sensed(critical, sample, self.mind());
            }
            if let (Some(feed), Some(stream)) = (&mut self.stream, &config.stream) {
                feed.sense(stream, sample);
            }
        }
        let regime = self.effective(config);
        report.window = phase::plan(config, self.id, now, regime, &self.trust, &mut self.wake);
        let mut outbox = Outbox::new();
        let kept = own_round(self.id, &self.routes);
        let extras = self.speak(config, now, &mut outbox);
        // Asleep it neither speaks nor pays: what it has computed again waits for its next window.
        let awake = audit.as_deref_mut().filter(|_| report.window.is_awake());
        let asked = awake.map(|audit| self.answer(tuned, now, kept, &outbox, audit));
        let speaks = outbox.iter().any(|outgoing| signed(&outgoing.message).is_some());
        if config.air.signature_bytes > 0 && (speaks || own_round(self.id, &self.routes) > kept) {
            report.activity.signature_us += u64::from(config.signature.sign_us);
        }
        let did = &mut report.activity;
        let (asked, work) = asked.unwrap_or_default();
        did.samples += work;
        for outgoing in outbox.iter().chain(&extras).chain(&asked) {
            did.transmit_us += airtime(config, outgoing);
            radio.transmit(now, outgoing);
        }
        self.listen(config, now, audit.as_deref_mut(), radio, did);
        if report.window.closes {
            report.merge = Some(self.merge(tuned, now, audit.as_deref_mut()));
            self.trust.review(&config.trust, &self.neighbours, now);
            self.review(config, now, audit);
            self.tune(config);
        }
        report.evolve = self.evolve(config, now, regime, sample.is_some());
        report.activity.samples += report.evolve.steps();
        report.activity.samples += self.take_over(config, now, sample.is_some());
        self.settle(config, now, &mut report);
        report
    }

    fn mind(&self) -> Mind<'_> {
        Mind {
            neuron: &self.neuron,
            residual: &self.residual,
            detector: &self.detector,
            carry: self.carry.as_ref(),
        }
    }

    /// What audits add to what is sent, and the samples that were computed again for them.
    fn answer(
        &self,
        config: &NodeConfig,
        now: Tick,
        kept: u32,
        outbox: &Outbox,
        audit: &mut AuditPage,
    ) -> (AuditOut, u32) {
        let speaker = speaker!(self);
        let sent = queue::sent(self.id, kept, &self.routes, outbox);
        audit.spoke(config, &speaker, sent, self.mind());
        let mut out = AuditOut::new();
        audit.speak(config, now, &speaker, self.mind(), &self.clients, outbox, &mut out);
        (out, audit.take_work())
    }

    fn effective(&self, config: &NodeConfig) -> Regime {
        self.detector.effective(self.energy.is_critical(&config.energy))
    }

    fn speak(&mut self, config: &NodeConfig, now: Tick, outbox: &mut Outbox) -> Extras {
        let speaker = speaker!(self);
        let (silence, routes) = (&mut self.silence, &mut self.routes);
        let (evolution, carry) = (self.evolution.as_mut(), self.carry.as_mut());
        let publisher = self.publisher.as_mut();
        phase::speak(config, now, &speaker, silence, routes, evolution, carry, publisher, outbox);
        let mut extras = Extras::new();
        send_policy(config, now, &speaker, outbox, &mut extras);
        if let Some(handover) = &mut self.handover {
            send_handover(config, now, &speaker, handover, outbox, &mut extras);
        }
        send_opinions(config, now, &speaker, outbox, &mut extras);
        if let Some(feed) = &mut self.stream {
            send_stream(config, now, &speaker, feed, outbox, &mut extras);
        }
        extras
    }

    fn listen(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        mut audit: Option<&mut AuditPage>,
        radio: &mut impl Radio,
        did: &mut Activity,
    ) {
        if self.wake.window().is_awake() {
            self.reassembly.expire(now);
        }
        let mut busy_us = 0;
        let in_trouble = self.effective(config) != Regime::Calm;
        let own = self.neuron.gene();
        while let Some(heard) = radio.receive() {
            let Ok((header, part)) = Header::read(&heard.frame) else { continue };
            let mtu = usize::from(config.air.mtu_bytes);
            let Some(payload) = self.reassembly.insert(&header, part, mtu, now) else { continue };
            let length = usize::from(config.air.signature_bytes);
            let Ok((body, trailer)) = split(length, header.kind, &payload) else { continue };
            let Ok(message) = Message::from_bytes(header.kind, header.sender, body) else {
                continue;
            };
            if let Some(update) = signed(&message).filter(|_| length > 0)
                && concerns(update, &self.neighbours, &self.routes)
            {
                did.signature_us += u64::from(config.signature.verify_us);
                if !radio.admits(update, trailer) {
                    continue;
                }
            }
            let mut listener = Listener {
                id: self.id,
                group: self.group,
                energy: &self.energy,
                wake: &mut self.wake,
                neighbours: &mut self.neighbours,
                conduct: self.conduct.as_mut().map(Dossier::view),
                inbox: &mut self.inbox,
                clients: &self.clients,
                routes: &mut self.routes,
                tuner: self.tuner.as_mut(),
                busy_us: &mut busy_us,
                evolution: self.evolution.as_mut().map(|evolution| Genetics {
                    evolution,
                    own,
                    in_trouble,
                }),
                handover: self.handover.as_mut(),
            };
            let answer = |outgoing: Outgoing| {
                did.transmit_us += airtime(config, &outgoing);
                radio.transmit(now, &outgoing);
            };
            phase::hear(config, now, &mut listener, header.sender, &message, heard.at_us, answer);
            if let Some(audit) = audit.as_deref_mut() {
                let (ear, busy_us) = (self.audit_ear(), &mut busy_us);
                let answer = |outgoing: Outgoing| {
                    did.transmit_us += airtime(config, &outgoing);
                    radio.transmit(now, &outgoing);
                };
                let (from, at_us) = (header.sender, heard.at_us);
                audit.hear(config, now, &ear, from, &message, at_us, busy_us, answer);
            }
        }
        if let Some(audit) = audit {
            audit.attend(config, now, &self.audit_ear(), &mut busy_us, |outgoing| {
                did.transmit_us += airtime(config, &outgoing);
                radio.transmit(now, &outgoing);
            });
        }
    }

    fn audit_ear(&self) -> AuditEar<'_> {
        AuditEar {
            id: self.id,
            wake: &self.wake,
            energy: &self.energy,
            neuron: &self.neuron,
            neighbours: &self.neighbours,
            clients: &self.clients,
        }
    }

    fn merge(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        mut audit: Option<&mut AuditPage>,
    ) -> MergeReport {
        if let Some(handover) = &mut self.handover {
            let round = self.wake.rounds();
            sum_up(
                config,
                (self.id, self.group),
                round,
                &self.neuron,
                &self.residual,
                &self.neighbours,
                &self.inbox,
                handover,
            );
        }
        let mut noted = false;
        let (round, regime) = (self.wake.rounds(), self.detector.regime());
        let report = phase::merge_noted(
            config,
            Merger { id: self.id, round, regime, now },
            self.carry.as_mut(),
            &mut self.neuron,
            &self.residual,
            &mut self.neighbours,
            self.conduct.as_mut().map(Dossier::view),
            &mut self.inbox,
            |blend| {
                noted = true;
                if let Some(audit) = audit.as_deref_mut() {
                    audit.merging(config, blend);
                }
            },
        );
        if let Some(audit) = audit {
            if noted {
                audit.merged(self.mind());
            }
            let conduct = self.conduct.as_mut().map(Dossier::view);
            audit.review(&config.trust, &mut self.neighbours, conduct, now);
        }
        report
    }

    fn review(&mut self, config: &NodeConfig, now: Tick, audit: Option<&mut AuditPage>) {
        let Some(conduct) = &mut self.conduct else { return };
        let neighbours = &mut self.neighbours;
        let fallback = review(&config.trust, &config.wake, neighbours, &mut conduct.view(), now);
        if fallback.is_some() {
            self.neuron.restore();
            if let Some(audit) = audit {
                audit.restored(self.mind());
            }
        }
    }

    fn evolve(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        regime: Regime,
        sampled: bool,
    ) -> EvolveReport {
        let Some(evolution) = &mut self.evolution else { return EvolveReport::default() };
        let energy = self.energy.share(&config.energy);
        let circumstance = Circumstance { regime, energy, sampled };
        phase::evolve(
            config,
            self.id,
            self.group,
            now,
            &circumstance,
            &mut self.neuron,
            &self.residual,
            &mut self.neighbours,
            self.conduct.as_mut().map(Dossier::view),
            evolution,
        )
    }

    fn take_over(&mut self, config: &NodeConfig, now: Tick, sampled: bool) -> u32 {
        let regime = self.effective(config);
        let Some(handover) = &mut self.handover else { return 0 };
        let node = Reviewer { group: self.group, regime, sampled, now };
        let conduct = self.conduct.as_mut().map(Dossier::view);
        let (neuron, neighbours) = (&mut self.neuron, &mut self.neighbours);
        handover::review(config, node, neuron, &self.residual, neighbours, conduct, handover)
    }

    fn tune(&mut self, config: &NodeConfig) {
        let regime = self.effective(config);
        let Some(tuner) = &mut self.tuner else { return };
        tuner.review(&Surroundings {
            neighbours: &self.neighbours,
            weights: self.neuron.weights(),
            regime,
            energy: self.energy.share(&config.energy),
        });
    }

    fn settle(&mut self, config: &NodeConfig, now: Tick, report: &mut TickReport) {
        let activity = &mut report.activity;
        activity.awake_us = report.window.length_us();
        if self.wake.role == Role::Sentinel {
            activity.transmit_us += config.air.beacons_us(now, config.wake.tick_us);
        } else {
            activity.ramps = u32::from(report.window.opens);
        }
        self.energy.settle(&config.energy, activity);
    }

    /// Without power a node does nothing but wait for the sun.
    fn recover(&mut self, config: &NodeConfig, now: Tick) -> TickReport {
        self.wake.power_off(now, config.wake.tick_us);
        let tick_us = config.wake.tick_us;
        let activity = Activity { tick_us, harvest_uw: self.harvest_uw, ..Activity::default() };
        self.energy.settle(&config.energy, &activity);
        TickReport { activity, ..TickReport::default() }
    }
}

fn airtime(config: &NodeConfig, outgoing: &Outgoing) -> u64 {
    config.air.airtime_us(&outgoing.message)
}

mod state;
#[cfg(test)]
mod tests;
