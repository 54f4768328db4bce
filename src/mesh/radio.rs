//! Radio: frames go out, every receiver takes what reaches it, sentinels answer sleepers.
//!
//! Receivers are worked on in parallel; each changes only its own components and reads the frames
//! of the senders it can hear. Answers are a second pass within the same tick.

mod arrival;
mod summing;

use bevy::ecs::prelude::*;
use bevy::utils::Parallel;
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::inbox::Inbox;
use qres_core::packet::{Header, Kind, Message, SumPart, SumStep};
use qres_core::phase::{self, Genetics, Listener};
use qres_core::radio::{AirConfig, Heard, Outgoing};
use qres_core::regime::Regime;
use qres_core::signature::{SignatureBytes, concerns, signed, split};
use qres_core::wake::Role;

use super::archive::Archive;
use super::auditing::{self, Auditing};
use super::boards::Boards;
use super::components::{
    Battery, Detector, Doing, Genome, Heritage, Identity, Memory, Neuron, Schedule, Tally, Trust,
    Tuning,
};
use super::condition::{Condition, is_off};
use super::for_nodes;
use super::guard::{Guard, Keys};
use super::orders::Orders;
use super::overheard::Overheard;
use super::plan::Plan;
use super::resources::{Air, Clock, Pages, Queued, Setup, Signed, Tap};
use super::sums::{Collecting, Summing};
use super::trusting::Dossier;
use crate::world::air::{Receiver, Traffic};
use crate::world::attack;
use crate::world::keyring::Keyring;

/// Taps count the frames of the second pass from here.
const SECOND_PASS: u32 = 1 << 16;
/// Pause of a sentinel before an answer, in microseconds.
const SERVICE_GAP_US: u64 = 50;
/// Messages from outside follow those of the sender's own.
const INJECTED: u32 = 1 << 16;

/// Puts what nodes have queued on the air, in order of (sender, order).
pub fn transmit(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    mut overheard: ResMut<Overheard>,
    mut air: ResMut<Air>,
    mut boards: ResMut<Boards>,
) {
    let air = &mut *air;
    air.seen.iter_mut().for_each(Vec::clear);
    air.outcomes.iter_mut().for_each(Vec::clear);
    if overheard.is_on() {
        // One update a node and tick, so the order in which they come does not matter.
        for (sender, _, outgoing) in air.queue.iter_mut().flat_map(|queue| queue.iter()) {
            overheard.note(&setup.0, &orders, clock.now, *sender, &outgoing.message);
        }
    }
    let (signatures, boards) = (&mut air.signatures, Some(&mut *boards));
    let injected = air.injected.drain(..);
    fill(&setup.0, &mut air.queue, signatures, injected, boards, &mut air.broadcast);
}

/// The same for the answers of sentinels.
pub fn answer(setup: Res<Setup>, mut air: ResMut<Air>) {
    let air = &mut *air;
    fill(&setup.0, &mut air.answers, &mut air.signatures, [].into_iter(), None, &mut air.service);
}

fn fill(
    plan: &Plan,
    queue: &mut Parallel<Vec<Queued>>,
    signatures: &mut Parallel<Vec<Signed>>,
    injected: impl Iterator<Item = (NodeId, Outgoing, Option<SignatureBytes>)>,
    boards: Option<&mut Boards>,
    traffic: &mut Traffic,
) {
    let mut queued: Vec<Queued> = Vec::new();
    queue.drain_into(&mut queued);
    let mut signed: Vec<Signed> = Vec::new();
    signatures.drain_into(&mut signed);
    for (order, (sender, outgoing, signature)) in (INJECTED..).zip(injected) {
        queued.push((sender, order, outgoing));
        signed.extend(signature.map(|signature| (sender, order, signature)));
    }
    queued.sort_unstable_by_key(|(sender, order, _)| (*sender, *order));
    if let Some(boards) = boards {
        boards.speak(&mut queued);
    }
    signed.sort_unstable_by_key(|(sender, order, _)| (*sender, *order));
    let mut signed = signed.iter().peekable();
    traffic.clear(plan.nodes.len());
    for (sender, order, outgoing) in &queued {
        let is_its = |of: &&Signed| (of.0, of.1) == (*sender, *order);
        let signature = signed.next_if(is_its).map_or(&[][..], |of| &of.2);
        traffic.send(&plan.config.air, *sender, outgoing, signature);
    }
}

/// Every receiver takes what other nodes sent of their own accord.
pub fn receive(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    air: Res<Air>,
    pages: Res<Pages>,
    tap: Res<Tap>,
    mut nodes: Query<(
        (&Identity, &Battery, &Detector, &Neuron),
        &mut Schedule,
        &mut Trust,
        &mut Memory,
        &mut Genome,
        &mut Doing,
        &mut Tally,
        Option<&mut Guard>,
        Option<&mut Tuning>,
        (Option<&mut Archive>, Option<&mut Collecting>, Option<&mut Condition>),
        (Option<&mut Heritage>, Option<&mut Auditing>),
        Option<&mut Dossier>,
    )>,
    keys: Res<Keys>,
) {
    let (plan, now) = (&*setup.0, clock.now);
    let emergencies = air.broadcast.frames().iter().any(|frame| frame.kind == Kind::Beacon);
    for_nodes!(nodes, clock.parallel, |(
        mind,
        mut schedule,
        mut trust,
        mut memory,
        mut genome,
        mut doing,
        mut tally,
        guard,
        mut tuning,
        (mut archive, mut collecting, mut condition),
        (mut heritage, mut auditing),
        mut dossier,
    )| {
        let (identity, battery, ..) = mind;
        let off = is_off(condition.as_deref());
        let hears_beacons = plan.listens && emergencies && !battery.0.is_browned_out() && !off;
        if !schedule.0.window().is_awake() && !hears_beacons {
            return;
        }
        let receiver = receiver(plan, now, identity, &schedule, hears_beacons);
        let mut ear = Ear {
            plan,
            now,
            identity,
            pages: &pages,
            tap: &tap,
            air: &air,
            battery,
            schedule: &mut schedule,
            trust: &mut trust,
            memory: &mut memory,
            genome: &mut genome,
            mind,
            tally: &mut tally,
            guard: guard.map(Mut::into_inner),
            keys: keys.0.as_ref(),
            tuning: tuning.as_deref_mut(),
            dossier: dossier.as_deref_mut(),
            archive: archive.as_deref_mut(),
            heritage: heritage.as_deref_mut(),
            collecting: collecting.as_deref_mut(),
            summing: None,
            auditing: auditing.as_deref_mut(),
            orders: &orders,
            condition: condition.as_deref_mut(),
            heard: 0,
            busy_us: 0,
        };
        ear.open();
        let mut answers = 0;
        let mut answer = |mut outgoing: Outgoing, signature: Option<SignatureBytes>| {
            if let Some(attack) = orders.attack(plan, identity.id, now) {
                attack::answer(attack, &mut outgoing.message);
            }
            doing.0.transmit_us += airtime(&plan.config.air, &outgoing);
            air.answers.scope(|queue| queue.push((identity.id, answers, outgoing)));
            let signed = signature.map(|signature| (identity.id, answers, signature));
            air.signatures.scope(|signatures| signatures.extend(signed));
            answers += 1;
        };
        ear.catch_up(&mut answer);
        receiver.listen(&air.broadcast, |frame, fate| {
            ear.take(&air.broadcast, frame, fate, &mut answer);
        });
        ear.attend(&mut answer);
        ear.close();
    });
}

/// Every client takes what its sentinel answered.
pub fn collect(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    air: Res<Air>,
    pages: Res<Pages>,
    tap: Res<Tap>,
    mut nodes: Query<(
        (&Identity, &Battery, &Detector, &Neuron),
        &mut Schedule,
        &mut Trust,
        &mut Memory,
        &mut Genome,
        &mut Tally,
        Option<&mut Guard>,
        (Option<&mut Tuning>, Option<&mut Condition>),
        Option<&mut Heritage>,
        (Option<&mut Summing>, Option<&mut Auditing>),
        Option<&mut Dossier>,
    )>,
    keys: Res<Keys>,
) {
    if air.service.frames().is_empty() {
        return;
    }
    let plan = &*setup.0;
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(
        mind,
        mut schedule,
        mut trust,
        mut memory,
        mut genome,
        mut tally,
        guard,
        (mut tuning, mut condition),
        mut heritage,
        (mut summing, mut auditing),
        mut dossier,
    )| {
        let (identity, battery, ..) = mind;
        for outgoing in air.service.of(identity.id) {
            tally.frames_sent += 1;
            tally.bytes_sent += air.service.bytes(outgoing).len() as u64;
        }
        if schedule.0.role == Role::Sentinel || !schedule.0.window().is_awake() {
            return;
        }
        let receiver = receiver(plan, now, identity, &schedule, false);
        let sentinel = schedule.0.sentinel;
        let mut ear = Ear {
            plan,
            now,
            identity,
            pages: &pages,
            tap: &tap,
            air: &air,
            battery,
            schedule: &mut schedule,
            trust: &mut trust,
            memory: &mut memory,
            genome: &mut genome,
            mind,
            tally: &mut tally,
            guard: guard.map(Mut::into_inner),
            keys: keys.0.as_ref(),
            tuning: tuning.as_deref_mut(),
            dossier: dossier.as_deref_mut(),
            archive: None,
            heritage: heritage.as_deref_mut(),
            collecting: None,
            summing: summing.as_deref_mut(),
            auditing: auditing.as_deref_mut(),
            orders: &orders,
            condition: condition.as_deref_mut(),
            heard: SECOND_PASS,
            busy_us: 0,
        };
        receiver.attend(sentinel, &air.service, |frame, fate| {
            ear.take(&air.service, frame, fate, |_, _| ());
        });
        // Questions of an audit may come from any sentinel.
        for other in auditing::askers(plan, identity.id, sentinel) {
            receiver.attend(other, &air.service, |frame, fate| {
                if frame.kind == Kind::Audit {
                    ear.take(&air.service, frame, fate, |_, _| ());
                }
            });
        }
        ear.close();
    });
}

fn receiver<'a>(
    plan: &'a Plan,
    now: Tick,
    identity: &Identity,
    schedule: &Schedule,
    hears_beacons: bool,
) -> Receiver<'a> {
    Receiver {
        id: identity.id,
        window: schedule.0.window(),
        hears_beacons,
        graph: &plan.graph,
        seed: plan.seed,
        now,
        collisions: plan.collisions,
        faults: &plan.faults,
    }
}

fn airtime(air: &AirConfig, outgoing: &Outgoing) -> u64 {
    air.airtime_us(&outgoing.message)
}

/// What a node needs to follow talk of genes.
fn genetics<'a>(
    config: &NodeConfig,
    genome: &'a mut Genome,
    (_, battery, detector, neuron): (&Identity, &Battery, &Detector, &Neuron),
) -> Option<Genetics<'a>> {
    let evolution = genome.0.as_deref_mut()?;
    let regime = detector.0.effective(battery.0.is_critical(&config.energy));
    let (own, in_trouble) = (neuron.0.gene(), regime != Regime::Calm);
    Some(Genetics { evolution, own, in_trouble })
}

/// One node's receiving side during one pass.
struct Ear<'a> {
    plan: &'a Plan,
    now: Tick,
    identity: &'a Identity,
    pages: &'a Pages,
    tap: &'a Tap,
    air: &'a Air,
    battery: &'a Battery,
    schedule: &'a mut Schedule,
    trust: &'a mut Trust,
    memory: &'a mut Memory,
    genome: &'a mut Genome,
    mind: (&'a Identity, &'a Battery, &'a Detector, &'a Neuron),
    tally: &'a mut Tally,
    guard: Option<&'a mut Guard>,
    keys: Option<&'a Keyring>,
    tuning: Option<&'a mut Tuning>,
    dossier: Option<&'a mut Dossier>,
    archive: Option<&'a mut Archive>,
    heritage: Option<&'a mut Heritage>,
    collecting: Option<&'a mut Collecting>,
    summing: Option<&'a mut Summing>,
    auditing: Option<&'a mut Auditing>,
    orders: &'a Orders,
    condition: Option<&'a mut Condition>,
    /// Order of the next frame that a tap keeps.
    heard: u32,
    /// When the transmitter is free again, in microseconds from the tick's start.
    busy_us: u64,
}

impl Ear<'_> {
    /// Gives up fragments that have waited too long.
    fn open(&mut self) {
        if let Some(table) = &mut self.memory.reassembly
            && self.schedule.0.window().is_awake()
        {
            table.expire(self.now);
        }
    }

    /// Gives back memory that is not needed any more.
    fn close(&mut self) {
        if let Some(table) = self.memory.reassembly.take_if(|table| table.is_empty()) {
            self.pages.return_reassembly(table);
        }
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        at_us: u64,
        mut answer: impl FnMut(Outgoing, Option<SignatureBytes>),
    ) {
        let id = self.identity.id;
        if self.tap.nodes.contains(&id) {
            let frame = heapless::Vec::from_slice(bytes).unwrap_or_default();
            self.tap.heard.scope(|heard| heard.push((id, self.heard, Heard { frame, at_us })));
            self.heard += 1;
        }
        let config = &self.plan.config;
        let Ok((header, part)) = Header::read(bytes) else { return };
        let mtu = usize::from(config.air.mtu_bytes);
        let payload = if header.count == 1 {
            heapless::Vec::from_slice(part).ok()
        } else {
            let table = self.memory.reassembly.get_or_insert_with(|| self.pages.reassembly());
            table.insert(&header, part, mtu, self.now)
        };
        let Some(payload) = payload else { return };
        let length = usize::from(config.air.signature_bytes);
        let Ok((body, trailer)) = split(length, header.kind, &payload) else { return };
        let Ok(message) = Message::from_bytes(header.kind, header.sender, body) else { return };
        if !self.admits(&message, trailer) {
            return;
        }
        // What a sentinel's host makes of a stream is no part of the node.
        if let (Message::Stream { to, part }, Some(archive)) = (&message, &mut self.archive)
            && *to == id
            && let Some(stream) = &config.stream
        {
            archive.take(stream, header.sender, part);
        }
        if self.plan.sums.is_some() {
            self.sum(header.sender, &message, at_us, &mut answer);
        }
        // A vector polls as well.
        let poll;
        let message = match &message {
            Message::Sum(SumPart { to, step: SumStep::Vector(_), .. }) => {
                poll = Message::Poll { to: *to };
                &poll
            }
            other => other,
        };
        self.pass(header.sender, message, at_us, &mut answer);
        self.audit(header.sender, message, at_us, |outgoing| answer(outgoing, None));
    }

    /// Hands a message to the core.
    fn pass(
        &mut self,
        sender: NodeId,
        message: &Message,
        at_us: u64,
        mut answer: impl FnMut(Outgoing, Option<SignatureBytes>),
    ) {
        let id = self.identity.id;
        let config = &self.plan.config;
        let memory = &mut *self.memory;
        // Only a model needs a page to wait on.
        let mut none = Inbox::default();
        let inbox = match message {
            Message::Update(_) | Message::Relay { .. } => {
                &mut **memory.inbox.get_or_insert_with(|| self.pages.inbox())
            }
            _ => &mut none,
        };
        let (clients, routes) = match &mut memory.service {
            Some(service) => (&service.clients[..], &mut service.routes[..]),
            None => (&[][..], &mut [][..]),
        };
        let mut listener = Listener {
            id,
            group: self.identity.group,
            energy: &self.battery.0,
            wake: &mut self.schedule.0,
            neighbours: &mut self.trust.0,
            conduct: self.dossier.as_deref_mut().map(Dossier::view),
            inbox,
            clients,
            routes,
            tuner: self.tuning.as_deref_mut().map(|tuning| &mut *tuning.0),
            busy_us: &mut self.busy_us,
            evolution: genetics(config, self.genome, self.mind),
            handover: self.heritage.as_deref_mut().map(|heritage| &mut *heritage.0),
        };
        let guard = self.guard.as_deref();
        let relay = |outgoing: Outgoing| {
            let signature = match &outgoing.message {
                Message::Relay { update, .. } => guard.and_then(|guard| guard.kept(update.origin)),
                _ => None,
            };
            answer(outgoing, signature);
        };
        phase::hear(config, self.now, &mut listener, sender, message, at_us, relay);
    }

    /// What audits make of a message.
    fn audit(
        &mut self,
        sender: NodeId,
        message: &Message,
        at_us: u64,
        answer: impl FnMut(Outgoing),
    ) {
        let Some(page) = self.auditing.as_deref_mut() else { return };
        let (id, neuron) = (self.identity.id, self.mind.3);
        let ear = auditing::ear(id, self.schedule, self.battery, neuron, self.trust, self.memory);
        let config = &self.orders.config(self.plan);
        page.0.hear(config, self.now, &ear, sender, message, at_us, &mut self.busy_us, answer);
    }

    /// At the end of what was heard: asks those that can be asked.
    fn attend(&mut self, mut answer: impl FnMut(Outgoing, Option<SignatureBytes>)) {
        let Some(page) = self.auditing.as_deref_mut() else { return };
        let (id, neuron) = (self.identity.id, self.mind.3);
        let ear = auditing::ear(id, self.schedule, self.battery, neuron, self.trust, self.memory);
        page.0.attend(&self.plan.config, self.now, &ear, &mut self.busy_us, |outgoing| {
            answer(outgoing, None);
        });
    }

    /// Checks the signature of an update that this node would use, and keeps it with the update.
    fn admits(&mut self, message: &Message, trailer: &[u8]) -> bool {
        let (Some(guard), Some(keys)) = (self.guard.as_deref_mut(), self.keys) else { return true };
        let Some(update) = signed(message) else { return true };
        let service = self.memory.service.as_deref();
        let routes = service.map_or(&[][..], |service| &service.routes);
        if !concerns(update, &self.trust.0, routes) {
            return true;
        }
        let good = guard.admits(self.plan.config.signature, keys, update, trailer);
        if good && matches!(message, Message::Update(_)) {
            guard.keep(update, trailer);
        }
        good
    }
}
