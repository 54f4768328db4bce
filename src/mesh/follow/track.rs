//! The page of a followed node, and what is added to it at the end of a tick. Reads; never decides.

use std::collections::{BTreeMap, VecDeque};

use bevy::ecs::prelude::*;
use qres_core::energy::Spending;
use qres_core::id::Tick;
use qres_core::neuron::TAPS;
use qres_core::packet::Kind;
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::wake::Role;

use super::Followed;
use super::offers::Offered;
use crate::mesh::components::{Battery, Detector, Entropy, Identity, Neuron, Schedule, Sensor};
use crate::mesh::plan::Plan;
use crate::mesh::publish::PacketView;
use crate::mesh::resources::{Air, Clock, Setup};
use crate::world::air::{Fate, Traffic, Transmission};

/// Ticks that are kept.
pub const MOMENTS: usize = 512;
/// Wake windows that are kept.
pub const WINDOWS: usize = 64;
/// Offers that are kept.
const OFFERS: usize = 64;
/// Messages that are kept.
const SENT: usize = 16;

/// What a tick was for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The tick.
    pub tick: u64,
    /// Whether there was a sample; if not, sample and prediction are the last ones.
    pub sampled: bool,
    /// The sample, in the sensor's unit.
    pub sample: Q16,
    /// What the neuron had predicted for it.
    pub prediction: Q16,
    /// Recent |residual|, in deviations.
    pub residual: Q16,
    /// Entropy, 0 to 1.
    pub entropy: Q16,
    /// Mean of the last three entropies.
    pub smoothed: Q16,
    /// What it believes.
    pub regime: Regime,
    /// Energy left, 0 to 1.
    pub energy: Q16,
    /// Whether its radio was awake at any moment.
    pub awake: bool,
    /// What it has spent, in nanojoules.
    pub spent_nj: u64,
    /// What it has gathered and had room for, in nanojoules.
    pub gathered_nj: u64,
}

/// Why a radio was awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeKind {
    /// Its time had come.
    Scheduled,
    /// Before its time: its own signal or an emergency called.
    Emergency,
    /// A sleeper only fetched what was kept for it; a sentinel served sleepers.
    Service,
}

/// A window of a radio; of a sentinel, which is always awake, the time from one round to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WakeWindow {
    /// Its start, in microseconds of simulated time.
    pub from_us: u64,
    /// Its end.
    pub to_us: u64,
    /// Why.
    pub kind: WakeKind,
    /// Whether the node said something of its own in it.
    pub spoke: bool,
}

/// Energy, in nanojoules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Transmission.
    pub transmit_nj: u64,
    /// Listening and receiving.
    pub listen_nj: u64,
    /// Sleep.
    pub sleep_nj: u64,
    /// Processor.
    pub cpu_nj: u64,
    /// Wake ramps.
    pub ramp_nj: u64,
    /// Gathered, as far as there was room for it; exact to a microjoule.
    pub gathered_nj: u64,
}

impl Flow {
    /// All that was spent.
    #[must_use]
    pub const fn spent_nj(&self) -> u64 {
        self.transmit_nj + self.listen_nj + self.sleep_nj + self.cpu_nj + self.ramp_nj
    }

    fn between(before: &Spending, after: &Spending, gathered_nj: u64) -> Self {
        Self {
            transmit_nj: after.transmit_nj.saturating_sub(before.transmit_nj),
            listen_nj: after.listen_nj.saturating_sub(before.listen_nj),
            sleep_nj: after.sleep_nj.saturating_sub(before.sleep_nj),
            cpu_nj: after.cpu_nj.saturating_sub(before.cpu_nj),
            ramp_nj: after.ramp_nj.saturating_sub(before.ramp_nj),
            gathered_nj,
        }
    }

    const fn add(&mut self, more: &Self) {
        self.transmit_nj += more.transmit_nj;
        self.listen_nj += more.listen_nj;
        self.sleep_nj += more.sleep_nj;
        self.cpu_nj += more.cpu_nj;
        self.ramp_nj += more.ramp_nj;
        self.gathered_nj += more.gathered_nj;
    }
}

/// A message that a node sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub tick: u64,
    /// What it was.
    pub kind: Kind,
    /// To whom; `None`: to all.
    pub to: Option<u32>,
    /// Bytes of its frames, headers included.
    pub bytes: u32,
    /// Nodes that received all of it.
    pub heard: u16,
    /// Nodes that listened and lost a part of it, or all.
    pub lost: u16,
}

/// All that is kept of a followed node.
#[derive(Clone, Debug)]
pub struct Track {
    /// The first tick that is looked at.
    pub since: Tick,
    /// Oldest first.
    pub moments: VecDeque<Moment>,
    /// Oldest first; the last one may still run.
    pub windows: VecDeque<WakeWindow>,
    /// Oldest first.
    pub inbox: VecDeque<Offered>,
    /// Oldest first.
    pub outbox: VecDeque<Sent>,
    /// The last tick's energy.
    pub flow: Flow,
    /// All of it since `since`.
    pub total: Flow,
    /// When each weight last changed, and by how much.
    pub changes: [(u64, Q16); TAPS],
    /// When the divergence guard last put healthy weights back, as far as can be seen from outside:
    /// all personal parts went to zero at once, and the gene stayed.
    pub guarded: Option<u64>,
    before: Before,
}

/// What the last tick left.
#[derive(Clone, Debug)]
struct Before {
    spending: Spending,
    level_uj: u64,
    next_us: u64,
    regime: Option<Regime>,
    /// Called before its time, since its last window.
    hastened: bool,
    gene: u32,
    weights: [Q16; TAPS],
    own: [Q16; TAPS],
}

/// Adds to a list that holds at most `room`; the oldest makes room.
fn keep<T>(list: &mut VecDeque<T>, room: usize, item: T) {
    if list.len() == room {
        list.pop_front();
    }
    list.push_back(item);
}

impl Track {
    /// A blank page on a node as it is.
    pub(super) fn new(now: Tick, neuron: &Neuron, battery: &Battery, schedule: &Schedule) -> Self {
        Self {
            since: now,
            moments: VecDeque::new(),
            windows: VecDeque::new(),
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            flow: Flow::default(),
            total: Flow::default(),
            changes: [(0, Q16::ZERO); TAPS],
            guarded: None,
            before: Before {
                spending: battery.0.spending,
                level_uj: battery.0.level_uj(),
                next_us: schedule.0.next_us(),
                regime: None,
                hastened: false,
                gene: neuron.0.gene().0,
                weights: *neuron.0.weights(),
                own: neuron.0.state().own,
            },
        }
    }

    pub(super) fn offered(&mut self, offered: Offered) {
        keep(&mut self.inbox, OFFERS, offered);
    }

    fn learn(&mut self, now: u64, neuron: &Neuron) {
        let (weights, own) = (neuron.0.weights(), neuron.0.state().own);
        let gene = neuron.0.gene().0;
        let pairs = self.changes.iter_mut().zip(weights).zip(&self.before.weights);
        for ((change, weight), before) in pairs.filter(|((_, weight), before)| weight != before) {
            *change = (now, weight.saturating_sub(*before));
        }
        let is_blank = |own: &[Q16; TAPS]| own.iter().all(|part| *part == Q16::ZERO);
        if gene == self.before.gene && is_blank(&own) && !is_blank(&self.before.own) {
            self.guarded = Some(now);
        }
        (self.before.weights, self.before.own, self.before.gene) = (*weights, own, gene);
    }

    fn pay(&mut self, battery: &Battery) {
        let (spending, level_uj) = (battery.0.spending, battery.0.level_uj());
        let mut flow = Flow::between(&self.before.spending, &spending, 0);
        let after_nj = level_uj.saturating_mul(1_000).saturating_add(flow.spent_nj());
        flow.gathered_nj = after_nj.saturating_sub(self.before.level_uj.saturating_mul(1_000));
        // The level is known to a microjoule: what is less than that is rounding.
        if flow.gathered_nj < 1_000 {
            flow.gathered_nj = 0;
        }
        self.total.add(&flow);
        self.flow = flow;
        (self.before.spending, self.before.level_uj) = (spending, level_uj);
    }

    /// Follows the radio. `cadence` is the regime that the node acts on.
    fn wake(&mut self, plan: &Plan, now: Tick, schedule: &Schedule, cadence: Regime, said: Said) {
        let tick_us = plan.config.wake.tick_us;
        let start_us = now.0.saturating_mul(tick_us);
        let window = schedule.0.window();
        let next_us = schedule.0.next_us();
        let before_us = self.before.next_us;
        if window.opens {
            let opened_us = start_us + window.from_us;
            // It was planned for a later tick, or somebody has called since it was planned.
            let is_early = before_us >= start_us.saturating_add(tick_us);
            let urgent = schedule.0.role != Role::Sentinel && (is_early || self.before.hastened);
            let kind = if urgent { WakeKind::Emergency } else { WakeKind::Scheduled };
            let fresh = WakeWindow { from_us: opened_us, to_us: opened_us, kind, spoke: false };
            keep(&mut self.windows, WINDOWS, fresh);
            self.before.hastened = false;
        } else if !window.is_awake() {
            let is_sooner = next_us.saturating_add(tick_us) < before_us;
            self.before.hastened |= is_sooner && self.before.regime == Some(cadence);
        }
        if let Some(last) = self.windows.back_mut().filter(|_| window.is_awake()) {
            last.to_us = start_us + window.to_us;
            last.spoke |= said.spoke;
            if last.kind != WakeKind::Emergency && !last.spoke && said.serves {
                last.kind = WakeKind::Service;
            } else if last.kind == WakeKind::Service
                && last.spoke
                && schedule.0.role != Role::Sentinel
            {
                last.kind = WakeKind::Scheduled;
            }
        }
        (self.before.next_us, self.before.regime) = (next_us, Some(cadence));
    }
}

/// What a node's frames of a tick say of its window.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    spoke: bool,
    serves: bool,
}

/// At the end of a tick: adds it to the pages of followed nodes.
pub fn note(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut air: ResMut<Air>,
    mut nodes: Query<(
        (&Identity, &Sensor, &Neuron, &Entropy, &Detector, &Battery, &Schedule),
        &mut Followed,
    )>,
) {
    if nodes.is_empty() {
        return;
    }
    let (plan, now) = (&*setup.0, clock.now);
    let energy = &plan.config.energy;
    let air = &mut *air;
    for ((identity, sensor, neuron, entropy, detector, battery, schedule), mut page) in &mut nodes {
        let track = &mut *page.0;
        let mine = |view: &&PacketView| view.sender == identity.id.0;
        let seen: Vec<PacketView> =
            air.seen.iter_mut().flat_map(|seen| seen.iter().filter(mine).copied()).collect();
        let mut said = Said::default();
        for traffic in [&air.broadcast, &air.service] {
            for sent in messages(now, traffic, traffic.of(identity.id), &seen) {
                said.spoke |= !matches!(sent.kind, Kind::Poll | Kind::Grant | Kind::Relay);
                said.serves |= matches!(sent.kind, Kind::Poll | Kind::Grant | Kind::Relay);
                keep(&mut track.outbox, SENT, sent);
            }
        }
        track.learn(now.0, neuron);
        track.pay(battery);
        let cadence = detector.0.effective(battery.0.is_critical(energy));
        track.wake(plan, now, schedule, cadence, said);
        let moment = Moment {
            tick: now.0,
            sampled: sensor.sample.is_some(),
            sample: neuron.0.last_sample(),
            prediction: neuron.0.prediction(),
            residual: entropy.0.recent(),
            entropy: entropy.0.entropy(),
            smoothed: entropy.0.smoothed(),
            regime: detector.0.regime(),
            energy: battery.0.share(energy),
            awake: schedule.0.window().is_awake(),
            spent_nj: track.flow.spent_nj(),
            gathered_nj: track.flow.gathered_nj,
        };
        keep(&mut track.moments, MOMENTS, moment);
    }
}

/// The messages that a node's frames of a tick make, and what became of them.
fn messages(
    now: Tick,
    traffic: &Traffic,
    frames: &[Transmission],
    seen: &[PacketView],
) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut rest = frames;
    while let Some(first) = rest.first() {
        let count = usize::from(first.fragments.0).clamp(1, rest.len());
        let (own, later) = rest.split_at(count);
        rest = later;
        let starts: Vec<u64> = own.iter().map(|frame| frame.span_us.0).collect();
        // Frames of each receiver: received, and lost.
        let mut receivers: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for view in seen.iter().filter(|view| view.kind == first.kind) {
            if !starts.contains(&u64::from(view.start_us)) {
                continue;
            }
            let (heard, lost) = receivers.entry(view.receiver).or_default();
            match view.fate {
                Fate::Delivered | Fate::Delayed => *heard += 1,
                Fate::Asleep | Fate::Repeated => {}
                _ => *lost += 1,
            }
        }
        let count_of = |is: fn(&(usize, usize), usize) -> bool| {
            receivers.values().filter(|fates| is(fates, count)).count() as u16
        };
        sent.push(Sent {
            tick: now.0,
            kind: first.kind,
            to: first.destination.map(|to| to.0),
            bytes: own.iter().map(|frame| traffic.bytes(frame).len() as u32).sum(),
            heard: count_of(|(heard, _), count| *heard >= count),
            lost: count_of(|(heard, lost), count| *heard < count && *lost > 0),
        });
    }
    sent
}
