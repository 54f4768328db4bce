//! The composed node: all parts and the tick that runs them. This is what firmware runs; the
//! simulator runs the same phases over components.

use crate::canonical::{Canonical, Sink, encode_slice};
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
            if let (Some(feed), Some(stream)) = (&mut self.stream, &config.stream) {
                feed.sense(stream, sample);
            }
        }
        let regime = self.effective(config);
        report.window = phase::plan(config, self.id, now, regime, &self.trust, &mut self.wake);
        let mut outbox = Outbox::new();
        let kept = own_round(self.id, &self.routes);
        let extras = self.speak(config, now, &mut outbox);
        let speaks = outbox.iter().any(|outgoing| signed(&outgoing.message).is_some());
        if config.air.signature_bytes > 0 && (speaks || own_round(self.id, &self.routes) > kept) {
            report.activity.signature_us += u64::from(config.signature.sign_us);
        }
        let did = &mut report.activity;
        for outgoing in outbox.iter().chain(&extras) {
            did.transmit_us += airtime(config, outgoing);
            radio.transmit(now, outgoing);
        }
        self.listen(config, now, radio, did);
        if report.window.closes {
            report.merge = Some(self.merge(tuned, now));
            self.trust.review(&config.trust, &self.neighbours, now);
            self.review(config, now);
            self.tune(config);
        }
        report.evolve = self.evolve(config, now, regime, sample.is_some());
        report.activity.samples += report.evolve.steps();
        report.activity.samples += self.take_over(config, now, sample.is_some());
        self.settle(config, now, &mut report);
        report
    }

    /// The digest of all state that consensus rests on: BLAKE3 of the canonical encoding.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        self.encode_to(&mut hasher);
        *hasher.finalize().as_bytes()
    }

    /// The canonical encoding, part by part.
    pub fn encode_to(&self, sink: &mut impl Sink) {
        self.id.encode(sink);
        self.group.encode(sink);
        self.neuron.encode(sink);
        self.residual.encode(sink);
        self.detector.encode(sink);
        self.silence.encode(sink);
        self.energy.encode(sink);
        self.wake.encode(sink);
        self.trust.encode(sink);
        encode_slice(&self.neighbours, sink);
        self.inbox.encode(sink);
        self.reassembly.encode(sink);
        encode_slice(&self.clients, sink);
        encode_slice(&self.routes, sink);
        self.evolution.encode(sink);
        if let Some(carry) = &self.carry {
            carry.encode(sink);
        }
        if let Some(tuner) = &self.tuner {
            tuner.encode(sink);
        }
        if let Some(feed) = &self.stream {
            feed.encode(sink);
        }
        if let Some(publisher) = &self.publisher {
            publisher.disclosed.encode(sink);
        }
        if let Some(handover) = &self.handover {
            handover.encode(sink);
        }
        if let Some(conduct) = &self.conduct {
            conduct.encode(sink);
        }
    }

    fn effective(&self, config: &NodeConfig) -> Regime {
        self.detector.effective(self.energy.is_critical(&config.energy))
    }

    fn speak(&mut self, config: &NodeConfig, now: Tick, outbox: &mut Outbox) -> Extras {
        let speaker = Speaker {
            id: self.id,
            group: self.group,
            neuron: &self.neuron,
            residual: &self.residual,
            detector: &self.detector,
            energy: &self.energy,
            wake: &self.wake,
            trust: &self.trust,
            neighbours: &self.neighbours,
            policy: self.tuner.as_ref().map(|tuner| *tuner.proposal()),
        };
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
        }
    }

    fn merge(&mut self, config: &NodeConfig, now: Tick) -> MergeReport {
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
        let (round, regime) = (self.wake.rounds(), self.detector.regime());
        phase::merge(
            config,
            Merger { id: self.id, round, regime, now },
            self.carry.as_mut(),
            &mut self.neuron,
            &self.residual,
            &mut self.neighbours,
            self.conduct.as_mut().map(Dossier::view),
            &mut self.inbox,
        )
    }

    fn review(&mut self, config: &NodeConfig, now: Tick) {
        let Some(conduct) = &mut self.conduct else { return };
        let neighbours = &mut self.neighbours;
        let fallback = review(&config.trust, &config.wake, neighbours, &mut conduct.view(), now);
        if fallback.is_some() {
            self.neuron.restore();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::release::PrivacyConfig;
    use crate::radio::{Heard, MockRadio};
    use crate::silence::Voice;

    fn wave(tick: u64) -> Q16 {
        Q16::from_bits(20 * 65_536 + ((tick % 40) as i32 - 20).abs() * 4_000)
    }

    /// Two nodes in earshot with a perfect medium, always awake.
    fn pair(ticks: u64) -> (Node<4>, Node<4>) {
        let mut config = NodeConfig::default();
        config.wake.interval_us = [1_000_000; 3];
        config.wake.window_us = [1_000_000; 3];
        config.wake.jitter_percent = 0;
        let mut a = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(1)]);
        let mut b = Node::new(NodeId(1), Role::Scheduled, &config, &[NodeId(0)]);
        let mut air: [MockRadio; 2] = Default::default();
        for tick in 0..ticks {
            a.tick(&config, Tick(tick), Some(wave(tick)), &mut air[0]);
            b.tick(&config, Tick(tick), Some(wave(tick + 9)), &mut air[1]);
            let [first, second] = &mut air;
            cross(&config, NodeId(0), first, second);
            cross(&config, NodeId(1), second, first);
        }
        (a, b)
    }

    fn cross(config: &NodeConfig, sender: NodeId, from: &mut MockRadio, to: &mut MockRadio) {
        for outgoing in &from.sent {
            config.air.frames(sender, outgoing.round, &outgoing.message, &[], |frame| {
                let frame = heapless::Vec::from_slice(frame).expect("fits");
                to.incoming.push_back(Heard { frame, at_us: outgoing.at_us }).expect("room");
            });
        }
        from.sent.clear();
    }

    #[test]
    fn neighbours_earn_each_others_trust() {
        let (a, b) = pair(400);
        assert!(a.neighbours[0].reputation > crate::q16::HALF, "{:?}", a.neighbours);
        assert!(a.trust.is_commissioned() && b.trust.is_commissioned());
        assert!(a.energy.spending.transmit_nj > 0);
    }

    #[test]
    fn equal_inputs_give_equal_digests_and_other_inputs_do_not() {
        assert_eq!(pair(100).0.digest(), pair(100).0.digest());
        assert_ne!(pair(100).0.digest(), pair(101).0.digest());
    }

    #[test]
    fn a_private_node_says_no_more_than_its_budget_covers() {
        let mut config = NodeConfig::default();
        config.wake.interval_us = [1_000_000; 3];
        config.wake.window_us = [1_000_000; 3];
        let hundredths = [10, 500, 800].map(crate::q16::percent);
        let [clip, noise, epsilon] = hundredths;
        let privacy = PrivacyConfig::new(clip, noise, epsilon, 5).expect("in range");
        config.privacy = Some(privacy);
        let run = |publishes: bool| {
            let mut node: Node<4> = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(1)]);
            node.publisher = node.publisher.filter(|_| publishes);
            let mut radio = MockRadio::default();
            let mut updates = 0;
            for tick in 0..300 {
                node.tick(&config, Tick(tick), Some(wave(tick)), &mut radio);
                for outgoing in &radio.sent {
                    if let Message::Update(update) = outgoing.message {
                        assert_ne!(&update.weights, node.neuron.weights(), "tick {tick}");
                        updates += 1;
                    }
                }
                radio.sent.clear();
            }
            (updates, node.silence.voice())
        };
        assert_eq!(run(true), (privacy.releases(), Voice::PrivacySpent));
        assert_eq!(privacy.releases(), 13, "1.04914 / 0.08");
        assert_eq!(run(false).0, 0, "nothing leaves it where nothing makes it private");
    }

    #[test]
    fn noise_on_the_air_is_ignored() {
        let config = NodeConfig::default();
        let mut node: Node<4> = Node::new(NodeId(0), Role::Sentinel, &config, &[NodeId(1)]);
        let mut radio = MockRadio::default();
        for tick in 0..200_u64 {
            let noise: [u8; 40] = core::array::from_fn(|i| (tick as usize * 31 + i * 7) as u8);
            let frame = heapless::Vec::from_slice(&noise).expect("fits");
            radio.incoming.push_back(Heard { frame, at_us: 5 }).expect("room");
            node.tick(&config, Tick(tick), Some(wave(tick)), &mut radio);
            radio.sent.clear();
        }
        assert_eq!(node.neighbours[0].heard_tick, Neighbour::NEVER);
    }

    #[test]
    fn hot_state_is_small() {
        let hot = size_of::<SwarmNeuron>()
            + size_of::<Residual>()
            + size_of::<RegimeDetector>()
            + size_of::<Silence>()
            + size_of::<EnergyPool>()
            + size_of::<Wake>()
            + size_of::<OwnTrust>();
        assert!(hot <= 512, "{hot} bytes");
    }
}
