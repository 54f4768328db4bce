//! The figures of a run, computed from what nodes did: never from what they should have done.

use std::collections::{BTreeMap, BTreeSet};

use bevy::ecs::prelude::*;
use qres_core::boundary::f64_from_q16;
use qres_core::energy::EnergyPool;
use qres_core::id::{GroupId, NodeId};
use qres_core::neuron::TAPS;
use qres_core::privacy::account::Rho;
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::tuner::Policy;
use qres_core::wake::Role;
use serde::Serialize;

use super::Mesh;
use super::archive::{self, StreamSummary};
use super::auditing::{self, AuditSummary};
use super::components::{
    Battery, Detector, Genome, Heritage, Identity, Neuron, Private, Schedule, Score, Tally, Trust,
    Tuning,
};
use super::condition::{self, FaultSummary};
use super::guard::{self, IntegritySummary};
use super::malice::Exposure;
use super::orders::Orders;
use super::resources::{Cascades, Clock, Setup};
use super::sums::{self, SumsSummary};
use super::trusting::{self, TrustSummary};

/// The figures of a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    /// Nodes that have joined.
    pub nodes: u64,
    /// Ticks run.
    pub ticks: u64,
    /// Frames sent, ordinary beacons not counted.
    pub frames: u64,
    /// Updates that nodes sent of their own; copies by sentinels not counted.
    pub updates: u64,
    /// Merges that were taken on.
    pub aggregations: u64,
    /// Merges that would have served a node worse than its own model, and were left.
    pub declined: u64,
    /// Bytes sent in those frames, headers included.
    pub bytes_sent: u64,
    /// The same per node and day of simulated time.
    pub bytes_per_node_day: f64,
    /// Rounds in which a node both sent and received, of the node with fewest, and the mean.
    pub exchanges: Exchanges,
    /// Nodes by regime at the end, and how many were ever in Storm.
    pub regimes: Regimes,
    /// Where the energy went.
    pub energy: EnergySummary,
    /// How well nodes predicted.
    pub prediction: Prediction,
    /// Agreement of models.
    pub consensus: Consensus,
    /// Signatures.
    pub integrity: IntegritySummary,
    /// Adversaries, and who was banned.
    pub adversaries: Adversaries,
    /// Evolution of models.
    pub genes: Genes,
    /// Where the tuned parameters are; null where nobody tunes.
    pub tuner: Option<Tuned>,
    /// What became of residual streams; null where nobody streams.
    pub stream: Option<StreamSummary>,
    /// What came of audits; null where nobody audits.
    pub audit: Option<AuditSummary>,
    /// What faults did; null in a scenario without.
    pub faults: Option<FaultSummary>,
    /// What private updates have given away; null where they carry the weights themselves.
    pub privacy: Option<PrivacySummary>,
    /// What newcomers have taken over; null where nobody asks.
    pub handover: Option<HandoverSummary>,
    /// Sums in which no part shows; null where updates travel in the clear.
    pub secure_aggregation: Option<SumsSummary>,
    /// Bans, opinions and the watchdog; null where nodes keep no records of each other.
    pub trust: Option<TrustSummary>,
}

/// Summaries asked for, answered and judged, over all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HandoverSummary {
    /// Requests sent.
    pub requests: u32,
    /// Summaries sent.
    pub answers: u32,
    /// Bytes of both on the air, headers included.
    pub bytes: u64,
    /// Summaries that reached whoever had asked.
    pub received: u32,
    /// Of these, the ones that went into a model.
    pub adoptions: u32,
    /// The ones that forecast worse than the newcomer's own model.
    pub refusals: u32,
    /// Of these, the ones judged lies.
    pub lies: u32,
    /// The ones of another modality or form.
    pub foreign: u32,
}

/// Tuned parameters: least, median and greatest over nodes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Tuned {
    /// Trust step.
    pub gamma: [f64; 3],
    /// Decay of the learning rate.
    pub decay: [f64; 3],
    /// Rounds between audits, where nodes audit.
    pub audit_interval: [u8; 3],
    /// Values dropped at each end of a merge.
    pub trim: [u8; 3],
    /// Exponent of influence, in halves.
    pub exponent_halves: [u8; 3],
    /// Failed audits and refused proofs that a ban wants, where bans run out.
    pub confirmations: [u8; 3],
}

/// Differential privacy over a run: of everything that a node ever sensed, against whoever sees all
/// its updates.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PrivacySummary {
    /// Epsilon that the node in the middle has spent.
    pub epsilon_median: f64,
    /// Epsilon that the node which has spent most has spent.
    pub epsilon_worst: f64,
    /// Epsilon that each may spend.
    pub epsilon_budget: f64,
    /// The delta at which these hold.
    pub delta: f64,
    /// Deviation of the noise in each weight.
    pub sigma: f64,
    /// Updates that the budget covers, of each node.
    pub updates_covered: u64,
    /// Nodes whose budget covers no further update: they keep silent.
    pub silent: u32,
    /// Updates that were refused for it.
    pub refused: u64,
}

/// Rounds in which a node both sent and received.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Exchanges {
    /// Of the node with fewest.
    pub least: u32,
    /// Mean over all nodes.
    pub mean: f64,
}

/// Nodes by regime.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Regimes {
    /// In Calm at the end.
    pub calm: u32,
    /// In PreStorm at the end.
    pub prestorm: u32,
    /// In Storm at the end.
    pub storm: u32,
    /// Nodes that were in Storm at any time.
    pub ever_storm: u32,
}

/// Energy over the run.
#[derive(Clone, Debug, Serialize)]
pub struct EnergySummary {
    /// Mean energy left, 0 to 1.
    pub left_mean: f64,
    /// Least energy left, 0 to 1.
    pub left_least: f64,
    /// Times that a node ran out.
    pub brownouts: u32,
    /// Nodes that are off at the end.
    pub off: u32,
    /// Mean taken in per node, in joules; what a full battery had no room for is not counted.
    pub harvested_j: f64,
    /// Over all roles: spent, always-on with the same traffic, saved.
    pub all: EnergyRow,
    /// Each role that there is.
    pub roles: Vec<EnergyRow>,
    /// The most that the profile's power figures let anyone save, in percent.
    pub ceiling_percent: f64,
}

/// Energy of the nodes of one role.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EnergyRow {
    /// The role.
    pub role: &'static str,
    /// How many.
    pub nodes: u32,
    /// Mean spent per node, in joules.
    pub spent_j: f64,
    /// Of that: transmitting, listening, asleep, computing, waking up.
    pub parts_j: [f64; 5],
    /// Mean that an always-on radio would have spent with the same traffic, in joules.
    pub always_on_j: f64,
    /// Saved against that, in percent.
    pub saved_percent: f64,
    /// Share of time asleep, in percent.
    pub asleep_percent: f64,
}

/// Prediction against persistence.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Prediction {
    /// Nodes that made predictions.
    pub nodes: u32,
    /// Of those, nodes whose mean |residual| is below the persistence forecast's, in percent.
    pub better_than_persistence_percent: f64,
    /// Mean over nodes of (mean |residual|) / (persistence's).
    pub ratio_mean: f64,
}

/// Agreement of models.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Consensus {
    /// Largest distance between shared weights of two nodes of a group.
    pub spread: f64,
    /// Drift against the control run; null unless it was run.
    pub drift: Option<DriftSummary>,
}

/// Drift of predictions against a control run, over the probe's deviation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DriftSummary {
    /// Median over nodes.
    pub median: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Worst node.
    pub worst: f64,
    /// The 95th percentile between two honest controls that differ in noise only.
    pub floor: f64,
}

/// Bans. An adversary is a node that the scenario or a command has given an attack at any time,
/// also one that is over or has not begun.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Adversaries {
    /// Adversaries.
    pub count: u32,
    /// Adversaries that at least one honest neighbour has banned and not readmitted.
    pub detected: u32,
    /// Honest nodes that at least one honest neighbour has banned and not readmitted.
    pub false_positives: u32,
    /// The first tick in which an honest node banned an adversary; null if none ever did.
    pub first_detection_tick: Option<u64>,
}

/// Evolution.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Genes {
    /// Mutants that went into service in the node in which they arose.
    pub mutations: u32,
    /// Neighbours' genes that went into service.
    pub adoptions: u32,
    /// Times that one gene went into service, at most: a node that comes back to it counts again.
    pub largest_cascade: u32,
    /// Mutants tried.
    pub mutants_tried: u32,
    /// Neighbours' genes that failed their trial.
    pub refusals: u32,
    /// Of these, the ones judged lies.
    pub lies: u32,
    /// Nodes whose gene is not the first one.
    pub evolved: u32,
    /// The oldest line: most mutations from the first gene to one in service.
    pub generations: u16,
}

impl Mesh {
    /// The figures of the run so far.
    pub fn summary(&mut self) -> RunSummary {
        let world = self.world();
        let plan = world.resource::<Setup>().0.clone();
        let ticks = world.resource::<Clock>().now.0;
        let mut query = world.query::<&Tally>();
        let tallies: Vec<Tally> = query.iter(world).copied().collect();
        let total = |part: fn(&Tally) -> u64| tallies.iter().map(part).sum::<u64>();
        let nodes = tallies.len() as u64;
        let lived_us = total(|tally| tally.ticks) as f64 * plan.config.wake.tick_us as f64;
        let bytes_sent = total(|tally| tally.bytes_sent);
        RunSummary {
            nodes,
            ticks,
            frames: total(|tally| u64::from(tally.frames_sent)),
            updates: total(|tally| u64::from(tally.updates_sent)),
            aggregations: total(|tally| u64::from(tally.merges)),
            declined: total(|tally| u64::from(tally.declined)),
            bytes_sent,
            bytes_per_node_day: bytes_sent as f64 * 86_400e6 / lived_us.max(1.0),
            exchanges: Exchanges {
                least: tallies.iter().map(|tally| tally.exchanges).min().unwrap_or(0),
                mean: total(|tally| u64::from(tally.exchanges)) as f64 / nodes.max(1) as f64,
            },
            regimes: regimes(world),
            energy: energy(world),
            prediction: prediction(world),
            consensus: Consensus { spread: f64_from_q16(spread(world)), drift: None },
            integrity: guard::summary(world, plan.integrity),
            adversaries: adversaries(world),
            genes: genes(world),
            tuner: tuned(world),
            stream: archive::totals(world),
            privacy: privacy(world),
            handover: handover(world),
            secure_aggregation: sums::summary(world),
            audit: auditing::totals(world),
            trust: trusting::summary(world),
            faults: condition::summary(world),
        }
    }
}

/// The totals of handing over; `None` where nobody asks.
fn handover(world: &mut World) -> Option<HandoverSummary> {
    let mut query = world.query::<&Heritage>();
    query.iter(world).map(|heritage| heritage.0.counts).fold(None, |sum, counts| {
        let sum = sum.unwrap_or(HandoverSummary::default());
        Some(HandoverSummary {
            requests: sum.requests + counts.requests,
            answers: sum.answers + counts.answers,
            bytes: sum.bytes + u64::from(counts.bytes),
            received: sum.received + counts.received,
            adoptions: sum.adoptions + counts.adoptions,
            refusals: sum.refusals + counts.refusals,
            lies: sum.lies + counts.lies,
            foreign: sum.foreign + counts.foreign,
        })
    })
}

/// Least, median and greatest of each tuned parameter; `None` where nobody tunes.
fn tuned(world: &mut World) -> Option<Tuned> {
    let mut query = world.query::<&Tuning>();
    let policies: Vec<Policy> = query.iter(world).map(|tuning| *tuning.0.agreed()).collect();
    if policies.is_empty() {
        return None;
    }
    let float = |value: Q16| f64_from_q16(value);
    Some(Tuned {
        gamma: three(&policies, |policy| policy.gamma)?.map(float),
        decay: three(&policies, |policy| policy.decay)?.map(float),
        audit_interval: three(&policies, |policy| policy.audit_interval)?,
        trim: three(&policies, |policy| policy.trim)?,
        exponent_halves: three(&policies, |policy| policy.exponent_halves)?,
        confirmations: three(&policies, |policy| policy.confirmations)?,
    })
}

fn three<T: Ord + Copy>(policies: &[Policy], part: fn(&Policy) -> T) -> Option<[T; 3]> {
    let mut column: Vec<T> = policies.iter().map(part).collect();
    column.sort_unstable();
    Some([*column.first()?, *column.get(column.len() / 2)?, *column.last()?])
}

/// The largest distance between shared weights of two nodes of a group whose models have one form,
/// in any coordinate.
pub(super) fn spread(world: &mut World) -> Q16 {
    let mut ranges: BTreeMap<(GroupId, u16), [(Q16, Q16); TAPS]> = BTreeMap::new();
    let mut query = world.query::<(&Identity, &Neuron)>();
    for (identity, neuron) in query.iter(world) {
        let form = neuron.0.gene().form_tag();
        let range = ranges.entry((identity.group, form)).or_insert([(Q16::MAX, Q16::MIN); TAPS]);
        for ((low, high), weight) in range.iter_mut().zip(neuron.0.weights()) {
            *low = (*weight).min(*low);
            *high = (*weight).max(*high);
        }
    }
    let width = |(low, high): &(Q16, Q16)| high.saturating_sub(*low);
    ranges.values().flatten().filter(|(low, high)| low <= high).map(width).max().unwrap_or_default()
}

fn regimes(world: &mut World) -> Regimes {
    let mut regimes = Regimes::default();
    let mut query = world.query::<&Detector>();
    for detector in query.iter(world) {
        match detector.0.regime() {
            Regime::Calm => regimes.calm += 1,
            Regime::PreStorm => regimes.prestorm += 1,
            Regime::Storm => regimes.storm += 1,
        }
        regimes.ever_storm += u32::from(detector.0.storms() > 0);
    }
    regimes
}

/// The name of a role in tables.
const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Scheduled => "scheduled",
        Role::OnDemand => "on demand",
        Role::Sentinel => "sentinel",
    }
}

fn energy(world: &mut World) -> EnergySummary {
    let config = world.resource::<Setup>().0.config;
    let (mut left, mut least, mut brownouts, mut off) = (0.0, f64::INFINITY, 0, 0);
    let start_uj = EnergyPool::new(&config.energy).level_uj() as i64;
    let mut harvested_uj = 0;
    let mut query = world.query::<&Battery>();
    for battery in query.iter(world) {
        let share = f64_from_q16(battery.0.share(&config.energy));
        left += share;
        least = share.min(least);
        brownouts += u32::from(battery.0.brownouts());
        off += u32::from(battery.0.is_browned_out());
        let spent_uj = (battery.0.spending.total_nj() / 1_000) as i64;
        // Spending is rounded down to whole microjoules: without the sun a node is short of one.
        harvested_uj += (battery.0.level_uj() as i64 + spent_uj - start_uj).max(0);
    }
    let all = row(world, "all", None);
    let each = [Role::Sentinel, Role::Scheduled, Role::OnDemand];
    let roles = each.map(|role| row(world, role_name(role), Some(role)));
    EnergySummary {
        left_mean: left / f64::from(all.nodes.max(1)),
        left_least: if least.is_finite() { least } else { 0.0 },
        brownouts,
        off,
        harvested_j: harvested_uj as f64 / 1e6 / f64::from(all.nodes.max(1)),
        all,
        roles: roles.into_iter().filter(|row| row.nodes > 0).collect(),
        ceiling_percent: f64::from(config.energy.ceiling_basis_points()) / 100.0,
    }
}

fn row(world: &mut World, name: &'static str, role: Option<Role>) -> EnergyRow {
    let tick_us = world.resource::<Setup>().0.config.wake.tick_us;
    let mut row = EnergyRow { role: name, ..EnergyRow::default() };
    let (mut awake_us, mut lived_us) = (0_u64, 0_u64);
    let mut query = world.query::<(&Battery, &Schedule, &Tally)>();
    for (battery, schedule, tally) in query.iter(world) {
        if role.is_some_and(|role| role != schedule.0.role) {
            continue;
        }
        let spent = &battery.0.spending;
        let parts =
            [spent.transmit_nj, spent.listen_nj, spent.sleep_nj, spent.cpu_nj, spent.ramp_nj];
        row.nodes += 1;
        row.spent_j += spent.total_nj() as f64 / 1e9;
        row.always_on_j += spent.always_on_nj as f64 / 1e9;
        row.parts_j.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part as f64 / 1e9);
        awake_us += tally.awake_us;
        lived_us += tally.ticks * tick_us;
    }
    let count = f64::from(row.nodes.max(1));
    row.spent_j /= count;
    row.always_on_j /= count;
    row.parts_j.iter_mut().for_each(|part| *part /= count);
    if row.always_on_j > 0.0 {
        row.saved_percent = 100.0 * (1.0 - row.spent_j / row.always_on_j);
    }
    row.asleep_percent = 100.0 * (1.0 - awake_us as f64 / lived_us.max(1) as f64);
    row
}

fn prediction(world: &mut World) -> Prediction {
    let (mut nodes, mut better, mut ratios) = (0_u32, 0_u32, 0.0);
    let mut query = world.query::<&Score>();
    for score in query.iter(world).filter(|score| score.persistence > 0) {
        nodes += 1;
        better += u32::from(score.residual < score.persistence);
        ratios += score.residual as f64 / score.persistence as f64;
    }
    // Nothing over nothing is no number, which JSON writes as null.
    let count = f64::from(nodes);
    Prediction {
        nodes,
        better_than_persistence_percent: 100.0 * f64::from(better) / count,
        ratio_mean: ratios / count,
    }
}

fn genes(world: &mut World) -> Genes {
    let mut genes =
        Genes { largest_cascade: world.resource::<Cascades>().largest(), ..Genes::default() };
    let mut query = world.query::<(&Neuron, &Genome)>();
    for (neuron, genome) in query.iter(world) {
        let generation = neuron.0.lineage().generation;
        genes.evolved += u32::from(generation > 0);
        genes.generations = genes.generations.max(generation);
        let Some(counts) = genome.0.as_ref().map(|evolution| evolution.counts) else { continue };
        genes.mutations += counts.mutations;
        genes.adoptions += counts.adoptions;
        genes.mutants_tried += counts.mutants;
        genes.refusals += counts.refusals;
        genes.lies += counts.lies;
    }
    genes
}

/// What private updates have given away; `None` where updates carry the weights themselves.
fn privacy(world: &mut World) -> Option<PrivacySummary> {
    let config = world.resource::<Setup>().0.config.privacy?;
    let digits = config.digits();
    let (mut silent, mut refused) = (0, 0);
    let mut spent = Vec::new();
    let mut query = world.query::<&Private>();
    for Private(publisher) in query.iter(world) {
        let account = &publisher.disclosed.account;
        spent.push(account.spent());
        refused += u64::from(account.refused());
        silent += u32::from(!publisher.covers(&config));
    }
    spent.sort_unstable();
    let epsilon = |rho: Rho| rho.epsilon(digits) as f64 / 2_f64.powi(32);
    let worst = spent.last().copied().unwrap_or_default();
    Some(PrivacySummary {
        epsilon_median: epsilon(spent.get(spent.len() / 2).copied().unwrap_or_default()),
        epsilon_worst: epsilon(worst),
        epsilon_budget: epsilon(config.budget()),
        delta: 10_f64.powi(-i32::from(digits)),
        sigma: (config.variance().numerator() as f64).sqrt() / 65_536.0,
        updates_covered: config.releases(),
        silent,
        refused,
    })
}

fn adversaries(world: &mut World) -> Adversaries {
    let plan = world.resource::<Setup>().0.clone();
    let hostile = world.resource::<Orders>().adversaries(&plan);
    let mut query = world.query::<(&Identity, &Trust)>();
    let honest = query.iter(world).filter(|(judge, _)| !hostile.contains(&judge.id));
    let judged = honest.flat_map(|(_, trust)| trust.0.iter());
    let banned: BTreeSet<NodeId> =
        judged.filter(|neighbour| neighbour.banned).map(|neighbour| neighbour.id).collect();
    Adversaries {
        count: hostile.len() as u32,
        detected: banned.intersection(&hostile).count() as u32,
        false_positives: banned.difference(&hostile).count() as u32,
        first_detection_tick: world.resource::<Exposure>().first.map(|tick| tick.0),
    }
}
