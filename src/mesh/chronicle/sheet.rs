//! The pass over all nodes at the end of a watched tick: sums, and what has changed since the last
//! one. Nodes are looked at in any order, on several threads where the mesh is large; what is found
//! is sorted by id before it is told.

use std::sync::Arc;

use bevy::ecs::batching::BatchingStrategy;
use bevy::ecs::prelude::*;
use bevy::utils::Parallel;
use qres_core::neuron::SwarmNeuron;
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::trust::Fallback;

use super::bans::Verdicts;
use super::event::What;
use super::pulse::{Pulse, Totals};
use super::{Chronicle, hostile};
use crate::mesh::auditing::Auditing;
use crate::mesh::components::{
    Battery, Detector, Doing, Entropy, Identity, Neuron, Schedule, Tally, Trust,
};
use crate::mesh::condition::{Condition, is_off};
use crate::mesh::orders::Orders;
use crate::mesh::plan::Plan;
use crate::mesh::resources::{Clock, Setup, Weather};
use crate::mesh::trusting::Dossier;

/// What sums are made of.
pub(super) type Watched = (
    &'static Detector,
    &'static Battery,
    &'static Schedule,
    &'static Entropy,
    &'static Tally,
    Option<&'static Condition>,
);

/// The same as a query gives it.
type Seen<'w> =
    (&'w Detector, &'w Battery, &'w Schedule, &'w Entropy, &'w Tally, Option<&'w Condition>);

/// What is only looked at where something may have happened.
type Pages = (
    &'static Identity,
    &'static Doing,
    &'static Trust,
    &'static Neuron,
    Option<&'static Dossier>,
    Option<&'static Auditing>,
);

/// In meshes of more nodes than this, spread and drift are looked at in every
/// [`CLIMATE_TICKS`]-th tick only.
const CLIMATE_NODES: usize = 1_000;
/// See there.
const CLIMATE_TICKS: u64 = 32;
/// A power event of fewer nodes than one in so many is a small one.
const FEW: u32 = 100;

const BROWNED_OUT: u8 = 1 << 2;
const OFF: u8 = 1 << 3;

/// Regime and power in a byte.
pub(super) fn state((detector, battery, .., condition): &Seen<'_>) -> u8 {
    let out = if battery.0.is_browned_out() { BROWNED_OUT } else { 0 };
    let off = if is_off(*condition) { OFF } else { 0 };
    detector.0.regime() as u8 | out | off
}

/// The regime in such a byte.
fn regime(state: u8) -> Regime {
    Regime::from_number(state & 3).unwrap_or_default()
}

/// Whether such a byte is of a node in Storm.
pub(super) fn is_stormy(state: u8) -> bool {
    regime(state) == Regime::Storm
}

/// What one thread has found.
#[derive(Debug, Default)]
struct Sheet {
    nodes: u32,
    regimes: [u32; 3],
    level_uj: u64,
    /// Least level, counted down from the greatest number.
    thirst_uj: u64,
    residual: u64,
    asleep: u32,
    alive: u32,
    totals: Totals,
    /// (node, state before, state now); no state before for those that have just joined.
    turns: Vec<(u32, Option<u8>, u8)>,
    verdicts: Vec<Verdicts>,
    models: Vec<(u32, u8, SwarmNeuron)>,
    fallbacks: Vec<(u32, [u32; 2])>,
    convictions: Vec<(u32, Vec<(u32, u8)>)>,
}

impl Sheet {
    fn sum(&mut self, seen: &Seen<'_>) {
        let (detector, battery, schedule, entropy, tally, condition) = seen;
        let level_uj = battery.0.level_uj();
        self.nodes += 1;
        self.regimes[detector.0.regime() as usize] += 1;
        self.level_uj += level_uj;
        self.thirst_uj = self.thirst_uj.max(u64::MAX - level_uj);
        self.residual += entropy.0.recent().to_bits().max(0) as u64;
        self.asleep += u32::from(!schedule.0.window().is_awake());
        self.alive += u32::from(!battery.0.is_browned_out() && !is_off(*condition));
        self.totals.add(tally);
    }

    fn join(&mut self, other: &mut Self) {
        self.nodes += other.nodes;
        self.regimes.iter_mut().zip(other.regimes).for_each(|(sum, part)| *sum += part);
        self.level_uj += other.level_uj;
        self.thirst_uj = self.thirst_uj.max(other.thirst_uj);
        self.residual += other.residual;
        self.asleep += other.asleep;
        self.alive += other.alive;
        self.totals.join(&other.totals);
        self.turns.append(&mut other.turns);
        self.verdicts.append(&mut other.verdicts);
        self.models.append(&mut other.models);
        self.fallbacks.append(&mut other.fallbacks);
        self.convictions.append(&mut other.convictions);
    }

    fn sort(&mut self) {
        self.turns.sort_unstable();
        self.verdicts.sort_unstable_by_key(|found| found.judge);
        self.models.sort_unstable_by_key(|(node, ..)| *node);
        self.fallbacks.sort_unstable();
        self.convictions.sort_unstable();
    }
}

/// Looks at a node.
fn look(plan: &Plan, known: &Chronicle, sheet: &mut Sheet, seen: &Seen<'_>, pages: &Page<'_>) {
    sheet.sum(seen);
    let (identity, doing, trust, neuron, dossier, auditing) = *pages;
    let id = identity.id.0;
    let now = state(seen);
    let before = known.states.get(identity.id.index()).copied();
    let turned = before != Some(now);
    if turned {
        sheet.turns.push((id, before, now));
    }
    // Models are judged at the end of a round, after a trial, or when a part of a sum comes; and a
    // restart forgets.
    let window = seen.2.0.window();
    let sums = plan.sums.is_some() && window.is_awake();
    // What is not read is not fetched: in a large mesh that is what a pass costs.
    let config = &plan.config;
    let evolves = config.evolution.is_some();
    let tries = evolves || config.handover.is_some() || config.audit.is_some();
    if window.closes || (tries && doing.0.samples > 1) || sums || turned {
        sheet.verdicts.extend(known.bans.look(id, &trust.0));
        let fallbacks = dossier.map_or([0; 2], |dossier| dossier.ledger.fallbacks);
        if fallbacks != known.fallbacks.get(&id).copied().unwrap_or_default() {
            sheet.fallbacks.push((id, fallbacks));
        }
        if let Some(auditing) = auditing {
            let convicted = convicted(auditing);
            if known.convictions.get(&id).map_or(&[][..], Vec::as_slice) != convicted {
                sheet.convictions.push((id, convicted));
            }
        }
    }
    if (evolves || turned) && known.pedigree.of(id) != Some(neuron.0.gene().0) {
        sheet.models.push((id, identity.group.0, neuron.0));
    }
}

type Page<'w> =
    (&'w Identity, &'w Doing, &'w Trust, &'w Neuron, Option<&'w Dossier>, Option<&'w Auditing>);

/// Whom a node has convicted, and how often.
fn convicted(auditing: &Auditing) -> Vec<(u32, u8)> {
    let peers = auditing.0.peers().iter().filter(|peer| peer.convictions > 0);
    peers.map(|peer| (peer.id.0, peer.convictions)).collect()
}

/// Takes over what counts are in the world already.
pub(super) fn remember(world: &mut World, chronicle: &mut Chronicle) {
    let mut query = world.query::<Pages>();
    for (identity, .., dossier, auditing) in query.iter(world) {
        let fallbacks = dossier.map_or([0; 2], |dossier| dossier.ledger.fallbacks);
        if fallbacks != [0; 2] {
            chronicle.fallbacks.insert(identity.id.0, fallbacks);
        }
        let convicted = auditing.map(convicted).unwrap_or_default();
        if !convicted.is_empty() {
            chronicle.convictions.insert(identity.id.0, convicted);
        }
    }
}

/// At the end of a watched tick: what it was, and what happened in it.
pub fn observe(
    clock: Res<Clock>,
    setup: Res<Setup>,
    weather: Res<Weather>,
    orders: Res<Orders>,
    chronicle: Option<ResMut<Chronicle>>,
    nodes: Query<(Watched, Pages)>,
) {
    let Some(chronicle) = chronicle else { return };
    let chronicle = chronicle.into_inner();
    let (plan, tick) = (&*setup.0, clock.now.0);
    let mut sheet = Sheet::default();
    if clock.parallel {
        let mut sheets: Parallel<Sheet> = Parallel::default();
        let known = &*chronicle;
        nodes
            .par_iter()
            .batching_strategy(BatchingStrategy::new().batches_per_thread(4))
            .for_each_init(
                || sheets.borrow_local_mut(),
                |sheet, (seen, pages)| look(plan, known, sheet, &seen, &pages),
            );
        sheets.iter_mut().for_each(|part| sheet.join(part));
    } else {
        nodes.iter().for_each(|(seen, pages)| look(plan, chronicle, &mut sheet, &seen, &pages));
    }
    sheet.sort();
    let orders = &*orders;
    chronicle.hear_orders(tick, plan, orders);
    let mut log = std::mem::take(&mut chronicle.log);
    let mut tell = |is_major: bool, what: What| log.push(tick, is_major, what);
    chronicle.skies.look(tick, &plan.storms, &weather.0, &mut tell);
    chronicle.turn(tick, &sheet, &mut tell);
    for verdicts in sheet.verdicts.drain(..) {
        chronicle.bans.take(tick, verdicts, &mut tell);
    }
    chronicle.convict(&mut sheet, &mut tell);
    chronicle.fall_back(&sheet, &mut tell);
    for (id, group, neuron) in &sheet.models {
        if chronicle.pedigree.of(*id).is_some() {
            chronicle.pedigree.change(tick, *id, *group, neuron, &mut tell);
        } else {
            chronicle.pedigree.begin(tick, *id, *group, neuron);
        }
    }
    chronicle.log = log;
    let before = chronicle.pulse;
    chronicle.measure(plan, tick, &sheet);
    chronicle.pulse.storms = weather.0.len() as u32;
    [chronicle.pulse.spread, chronicle.pulse.drift] = [before.spread, before.drift];
    if chronicle.states.len() <= CLIMATE_NODES || tick.is_multiple_of(CLIMATE_TICKS) {
        let models =
            nodes.iter().map(|(_, (identity, _, _, neuron, ..))| (identity.group, &neuron.0));
        [chronicle.pulse.spread, chronicle.pulse.drift] = chronicle.climate.look(models);
    }
}

impl Chronicle {
    /// Commands that took effect, and faults whose time has come or is over.
    fn hear_orders(&mut self, tick: u64, plan: &Plan, orders: &Orders) {
        let fresh = orders.log().get(self.commands..).unwrap_or_default();
        for (_, command) in fresh {
            self.log.push(tick, true, What::Command { text: Arc::from(command.describe()) });
        }
        if !fresh.is_empty() {
            self.commands = orders.log().len();
            self.faults = plan.faults.spans().collect();
            self.bans.expose(hostile(plan, orders));
        }
        for ((fault, from, to), place) in self.faults.iter().zip(0..) {
            if *from == tick {
                self.log.push(tick, true, What::FaultBegins { fault, place });
            }
            if *to == tick {
                self.log.push(tick, true, What::FaultEnds { fault, place });
            }
        }
    }

    /// Regimes and power of the nodes that have changed.
    fn turn(&mut self, tick: u64, sheet: &Sheet, tell: &mut impl FnMut(bool, What)) {
        // Nodes, and the first of them: out of energy, out of power, back.
        let mut power = [(0_u32, 0_u32); 3];
        let mut alarmed: (u32, Option<u32>) = (0, None);
        for (node, before, now) in &sheet.turns {
            let place = *node as usize;
            if self.states.len() <= place {
                self.states.resize(place + 1, 0);
            }
            if let Some(slot) = self.states.get_mut(place) {
                *slot = *now;
            }
            let before = before.unwrap_or_default();
            let (from, to) = (regime(before), regime(*now));
            if from != to {
                tell(false, What::Regime { node: *node, from, to });
            }
            if to == Regime::Storm && from != to {
                alarmed.0 += 1;
                alarmed.1 = alarmed.1.or(Some(*node));
            }
            let rises = |bit: u8| before & bit == 0 && now & bit != 0;
            let back = before & (BROWNED_OUT | OFF) != 0 && now & (BROWNED_OUT | OFF) == 0;
            for (holds, (count, first)) in
                [rises(BROWNED_OUT), rises(OFF), back].into_iter().zip(&mut power)
            {
                if holds && *count == 0 {
                    *first = *node;
                }
                *count += u32::from(holds);
            }
        }
        let [_, _, in_storm] = sheet.regimes;
        self.skies.feel(tick, in_storm, alarmed, &mut *tell);
        let [(out, out_first), (cut, cut_first), (back, back_first)] = power;
        let is_major = |nodes: u32| nodes > 1 && nodes * FEW >= sheet.nodes;
        if out > 0 {
            tell(is_major(out), What::BrownedOut { nodes: out, first: out_first });
        }
        if cut > 0 {
            tell(is_major(cut), What::PowerLost { nodes: cut, first: cut_first });
        }
        if back > 0 {
            tell(is_major(back), What::Revived { nodes: back, first: back_first });
        }
    }

    fn convict(&mut self, sheet: &mut Sheet, tell: &mut impl FnMut(bool, What)) {
        for (judge, now) in sheet.convictions.drain(..) {
            let before = self.convictions.insert(judge, now.clone()).unwrap_or_default();
            for (node, times) in now {
                let known = before.iter().find(|(other, _)| *other == node);
                if known.is_none_or(|(_, told)| *told < times) {
                    tell(true, What::Convicted { node, judge });
                }
            }
        }
    }

    fn fall_back(&mut self, sheet: &Sheet, tell: &mut impl FnMut(bool, What)) {
        for (place, reason) in [Fallback::Stragglers, Fallback::Stall].into_iter().enumerate() {
            let more = |(node, now): &(u32, [u32; 2])| {
                let before = self.fallbacks.get(node).copied().unwrap_or_default();
                (now.get(place) > before.get(place)).then_some(*node)
            };
            let mut fallen = sheet.fallbacks.iter().filter_map(more);
            if let Some(first) = fallen.next() {
                let nodes = 1 + fallen.count() as u32;
                tell(true, What::FellBack { nodes, first, reason });
            }
        }
        self.fallbacks.extend(sheet.fallbacks.iter().copied());
    }

    fn measure(&mut self, plan: &Plan, tick: u64, sheet: &Sheet) {
        let capacity_uj = u128::from(plan.config.energy.capacity_uj.max(1));
        let nodes = u64::from(sheet.nodes.max(1));
        let share =
            |uj: u64, of: u128| Q16::from_bits(((u128::from(uj) << 16) / of).min(1 << 16) as i32);
        let done = sheet.totals.since(&self.totals);
        self.totals = sheet.totals;
        self.pulse = Pulse {
            tick,
            nodes: sheet.nodes,
            regimes: sheet.regimes,
            energy_mean: share(sheet.level_uj, capacity_uj * u128::from(nodes)),
            energy_least: share(u64::MAX - sheet.thirst_uj, capacity_uj),
            bytes: done.bytes,
            updates: done.updates,
            federated_bytes: done.updates * self.federated_bytes,
            residual_mean: Q16::from_bits((sheet.residual / nodes).min(i32::MAX as u64) as i32),
            detected: self.bans.detected(),
            banned: self.bans.banned(),
            asleep: sheet.asleep,
            alive: sheet.alive,
            lost: done.lost,
            merges: done.merges,
            ..Pulse::default()
        };
    }
}
