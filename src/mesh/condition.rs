//! The condition that faults leave a node in: without power, with frames still to be handed over,
//! with flash that keeps its model. Only in meshes whose scenario has such faults.

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::carry::Carry;
use qres_core::draw::below;
use qres_core::fusion::NodeFusion;
use qres_core::gene::GENE_MAX;
use qres_core::handover::Handover;
use qres_core::id::Tick;
use qres_core::store::OVERHEAD_BYTES;
use serde::Serialize;

use super::build::newborn;
use super::components::{
    Carried, Detector, Entropy, Genome, Heritage, Identity, Memory, Neuron, Quiet, Schedule,
    Standing, Trust, Tuning,
};
use super::for_nodes;
use super::fusing::Fusing;
use super::guard::Guard;
use super::orders::Orders;
use super::plan::Plan;
use super::resources::{Clock, Setup};
use super::trusting::Dossier;
use crate::world::air::Fate;
use crate::world::faults::{Faults, Flash, Strike};

/// Frames that can wait inside a node; when one more comes, the one that came first goes.
const WAITING_MAX: usize = 32;

/// What faults have done to a node.
#[derive(Component, Clone, Debug, Default)]
pub struct Condition {
    /// The node is without power before this tick; it restarts in it.
    off_until: Option<Tick>,
    /// Frames that were received and are not yet handed over, in order of reception.
    waiting: Vec<Waiting>,
    /// Where it keeps its model; only nodes that have storage.
    flash: Option<Flash>,
    /// What was counted, by the simulation.
    pub counts: FaultCounts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    due: Tick,
    bytes: Vec<u8>,
}

/// What faults did, counted at the node to which they did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultCounts {
    /// Frames that a partition or an eclipse kept away.
    pub cut: u32,
    /// Frames drowned by a jammer.
    pub jammed: u32,
    /// Frames lost to `Loss` and `Bursts`.
    pub dropped: u32,
    /// Frames that came with flipped bits.
    pub corrupted: u32,
    /// Of these, frames whose checksum held all the same.
    pub undetected: u32,
    /// Frames that came once more.
    pub repeated: u32,
    /// Frames that came late.
    pub delayed: u32,
    /// Late frames that found no room to wait.
    pub overflowed: u32,
    /// Times that power went.
    pub outages: u32,
    /// Of these, cuts into the writing of a save.
    pub torn: u32,
    /// Restarts with a model from storage.
    pub restored: u32,
    /// Restarts as a newcomer.
    pub reborn: u32,
}
qres_core::canonical!(struct FaultCounts {
    cut, jammed, dropped, corrupted, undetected, repeated, delayed, overflowed, outages, torn,
    restored, reborn,
});

impl Condition {
    /// The condition of a node as it joins; `None` where no fault could change it.
    #[must_use]
    pub fn of(faults: &Faults, identity: &Identity) -> Option<Self> {
        let flash = faults.stores(identity.id).then(Flash::default);
        (faults.on_air() || faults.on_power()).then(|| Self { flash, ..Self::default() })
    }

    /// Gives the node storage, if some fault is now one of nodes with storage.
    pub(super) fn equip(&mut self, faults: &Faults, identity: &Identity) {
        if self.flash.is_none() && faults.stores(identity.id) {
            self.flash = Some(Flash::default());
        }
    }

    /// Whether the node is without power.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.off_until.is_some()
    }

    /// The power goes, until somebody gives it back.
    pub(super) fn kill(&mut self) {
        self.counts.outages += u32::from(self.off_until.is_none());
        self.off_until = Some(Tick(u64::MAX));
        self.waiting.clear();
    }

    /// The power comes back: with `memory` the node goes on, else it restarts at once.
    pub(super) const fn revive(&mut self, now: Tick, memory: bool) {
        if self.is_off() {
            self.off_until = if memory { None } else { Some(now) };
        }
    }

    /// Counts what became of a frame.
    pub(super) const fn note(&mut self, fate: Fate) {
        let counts = &mut self.counts;
        match fate {
            Fate::Cut => counts.cut += 1,
            Fate::Jammed => counts.jammed += 1,
            Fate::Dropped => counts.dropped += 1,
            Fate::Corrupted => counts.corrupted += 1,
            Fate::Repeated => counts.repeated += 1,
            Fate::Delayed => counts.delayed += 1,
            Fate::Delivered | Fate::Faded | Fate::Collided | Fate::Asleep => {}
        }
    }

    /// Lets a frame wait until `due`.
    pub(super) fn keep(&mut self, due: Tick, bytes: &[u8]) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.remove(0);
            self.counts.overflowed += 1;
        }
        self.waiting.push(Waiting { due, bytes: bytes.to_vec() });
    }

    /// The frame that is due and came first.
    pub(super) fn hand_over(&mut self, now: Tick) -> Option<Vec<u8>> {
        let place = self.waiting.iter().position(|frame| frame.due <= now)?;
        Some(self.waiting.remove(place).bytes)
    }
}

/// Whether a node that may have a condition is without power.
pub(super) fn is_off(condition: Option<&Condition>) -> bool {
    condition.is_some_and(Condition::is_off)
}

/// Power comes back, models are saved, power goes: in this order, before anything else in the tick.
pub(super) fn strike(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    mut nodes: Query<(
        &Identity,
        &mut Condition,
        (&mut Neuron, &mut Entropy, &mut Detector, &mut Quiet, &mut Genome),
        (&mut Schedule, &mut Standing, &mut Trust, &mut Memory),
        (
            Option<&mut Carried>,
            Option<&mut Tuning>,
            Option<&mut Guard>,
            Option<&mut Fusing>,
            Option<&mut Heritage>,
            Option<&mut Dossier>,
        ),
    )>,
) {
    let plan = &*setup.0;
    if !plan.faults.on_power() {
        return;
    }
    let now = clock.now;
    let carry = Carry::of(&orders.config(plan));
    for_nodes!(nodes, clock.parallel, |(identity, mut condition, mind, radio, options)| {
        let (mut neuron, mut entropy, mut detector, mut quiet, mut genome) = mind;
        if condition.off_until.is_some_and(|back| back <= now) {
            let (mut schedule, mut standing, mut trust, mut memory) = radio;
            let fresh = Fresh::new(plan, identity, now, &mut condition);
            (*neuron, *entropy, *detector, *quiet, *genome) = fresh.mind;
            (*schedule, *standing, *trust, *memory) = fresh.radio;
            let (carried, tuning, guard, fusing, heritage, dossier) = options;
            if let (Some(mut carried), Some(carry)) = (carried, carry) {
                carried.0 = carry;
            }
            if let Some(mut tuning) = tuning {
                *tuning = Tuning::default();
            }
            if let Some(mut guard) = guard {
                guard.forget();
            }
            if let Some(mut fusing) = fusing {
                fusing.fusion = NodeFusion::default();
            }
            if let Some(mut dossier) = dossier {
                *dossier = Dossier::new(trust.0.len());
            }
            if let (Some(mut heritage), Some(settings)) = (heritage, &plan.config.handover) {
                // The counts are the simulation's.
                let counts = heritage.0.counts;
                *heritage.0 = Handover::new(settings);
                heritage.0.counts = counts;
            }
        }
        if condition.is_off() {
            return;
        }
        if plan.faults.saves(identity.id, now)
            && let Some(flash) = &mut condition.flash
        {
            flash.save(&neuron.0.export_gene(identity.group), None);
        }
        if let Some(strike) = plan.faults.strike(identity.id, now) {
            condition.cut(&strike, now, &neuron.0.export_gene(identity.group));
        }
    });
}

impl Condition {
    /// The power goes, perhaps while `gene` is written.
    fn cut(&mut self, strike: &Strike, now: Tick, gene: &[u8]) {
        self.off_until = Some(Tick(now.0.saturating_add(strike.off_ticks)));
        self.waiting.clear();
        self.counts.outages += 1;
        if let (Some(lot), Some(flash)) = (strike.torn, &mut self.flash) {
            let reached = below(lot, u64::from(Flash::effort(gene.len())));
            flash.save(gene, Some(reached as u32));
            self.counts.torn += 1;
        }
    }
}

/// All that a restart begins anew.
struct Fresh {
    mind: (Neuron, Entropy, Detector, Quiet, Genome),
    radio: (Schedule, Standing, Trust, Memory),
}

impl Fresh {
    /// A node that restarts at `now`: a newcomer but for its battery and what its flash holds.
    fn new(plan: &Plan, identity: &Identity, now: Tick, condition: &mut Condition) -> Self {
        let (_, mind, _, _, trust, memory, ..) = newborn(plan, identity.id);
        let (mut neuron, entropy, detector, quiet, _, genome) = mind;
        let mut buffer = [0; GENE_MAX + OVERHEAD_BYTES];
        let kept = condition.flash.as_ref().and_then(|flash| flash.load(&mut buffer));
        let restored = kept.is_some_and(|gene| neuron.0.install_gene(identity.group, gene).is_ok());
        condition.counts.restored += u32::from(restored);
        condition.counts.reborn += u32::from(!restored);
        condition.off_until = None;
        Self {
            mind: (neuron, entropy, detector, quiet, genome),
            radio: (restart(plan, identity, now), Standing::new(now), trust, memory),
        }
    }
}

/// A schedule whose first round is now.
fn restart(plan: &Plan, identity: &Identity, now: Tick) -> Schedule {
    let config = &plan.config;
    let (role, sentinel) = plan
        .nodes
        .get(identity.id.index())
        .map_or_else(Default::default, |node| (node.role, node.sentinel));
    let now_us = now.0.saturating_mul(config.wake.tick_us);
    let wake = qres_core::wake::Wake::new(role, sentinel, now_us, config.trust.initial);
    // A node that has lost its count goes by the time of its sentinel's beacons.
    Schedule(wake.counting_from(now.0.min(u64::from(u32::MAX)) as u32))
}

/// What faults did in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultSummary {
    /// Sums over all nodes.
    #[serde(flatten)]
    pub counts: FaultCounts,
    /// Nodes without power at the end.
    pub off: u32,
}

/// The figures of faults; `None` where nothing can go wrong.
pub(super) fn summary(world: &mut World) -> Option<FaultSummary> {
    if world.resource::<Setup>().0.faults.is_empty() {
        return None;
    }
    let mut sum = FaultSummary::default();
    let mut query = world.query::<&Condition>();
    for condition in query.iter(world) {
        sum.counts += condition.counts;
        sum.off += u32::from(condition.is_off());
    }
    Some(sum)
}

impl std::ops::AddAssign for FaultCounts {
    fn add_assign(&mut self, more: Self) {
        self.cut += more.cut;
        self.jammed += more.jammed;
        self.dropped += more.dropped;
        self.corrupted += more.corrupted;
        self.undetected += more.undetected;
        self.repeated += more.repeated;
        self.delayed += more.delayed;
        self.overflowed += more.overflowed;
        self.outages += more.outages;
        self.torn += more.torn;
        self.restored += more.restored;
        self.reborn += more.reborn;
    }
}

impl Canonical for Condition {
    fn encode(&self, sink: &mut impl Sink) {
        self.off_until.encode(sink);
        (self.waiting.len() as u32).encode(sink);
        for frame in &self.waiting {
            frame.due.encode(sink);
            (frame.bytes.len() as u32).encode(sink);
            sink.put(&frame.bytes);
        }
        self.flash.encode(sink);
        self.counts.encode(sink);
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let off_until = Canonical::decode(source)?;
        let count = u32::decode(source)? as usize;
        if count > WAITING_MAX {
            return None;
        }
        let mut waiting = Vec::with_capacity(count);
        for _ in 0..count {
            let due = Tick::decode(source)?;
            let length = u32::decode(source)? as usize;
            waiting.push(Waiting { due, bytes: source.take(length)?.to_vec() });
        }
        let flash = Canonical::decode(source)?;
        Some(Self { off_until, waiting, flash, counts: Canonical::decode(source)? })
    }
}
