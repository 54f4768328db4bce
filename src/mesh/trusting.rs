//! Trust beyond reputations in the mesh: what a scenario asks for, the page that nodes then keep on
//! their neighbours' conduct, its review at the end of a round, and what a run says of it.
//!
//! The page exists only in meshes that ask for it, so that all others weigh and hash as they did.

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source, encode_slice};
use qres_core::id::Tick;
use qres_core::q16::Q16;
use qres_core::trust::{
    BanConfig, Bucket, Conduct, Entry, Ledger, Neighbour, Status, TrustConfig, WatchdogConfig,
    verdict,
};
use serde::Serialize;

use super::auditing::{self, Auditing};
use super::components::{Carried, Detector, Entropy, Neuron, Schedule, Trust};
use super::for_nodes;
use super::resources::{Clock, Setup};
use crate::scenario::{self, Bans, Scenario, Watchdog};

/// What a node keeps of its neighbours' conduct.
#[derive(Component, Clone, Debug, Default)]
pub struct Dossier {
    /// In the order of [`Trust`].
    pub entries: Box<[Entry]>,
    /// Of the node itself.
    pub ledger: Ledger,
}

impl Dossier {
    /// A blank page on `count` neighbours.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { entries: vec![Entry::default(); count].into(), ledger: Ledger::default() }
    }

    /// What the core works on.
    pub fn view(&mut self) -> Conduct<'_> {
        Conduct { entries: &mut self.entries, ledger: &mut self.ledger }
    }

    /// Appends its canonical bytes, as the core's page has them.
    pub fn encode(&self, sink: &mut impl Sink) {
        encode_slice(&self.entries, sink);
        self.ledger.encode(sink);
    }

    /// Reads it back into a page on as many neighbours.
    pub fn decode(&mut self, source: &mut Source<'_>) -> Option<()> {
        super::snapshot::decode_slice(&mut self.entries, source)?;
        self.ledger = Canonical::decode(source)?;
        Some(())
    }
}

/// What a scenario says of trust, in the node's terms.
pub(super) fn config(scenario: &Scenario) -> TrustConfig {
    let q16 = |value| Q16::from_bits(scenario::fixed(value));
    let protocol = &scenario.protocol;
    let (said, commissioning) = (&protocol.trust, &protocol.commissioning);
    let storm_round_ticks = u64::from(scenario.twt.storm_ms.div_ceil(scenario.tick_ms.max(1)));
    TrustConfig {
        initial: q16(protocol.initial_reputation),
        commission_neighbours: commissioning.neighbours,
        commission_reputation: q16(commissioning.reputation),
        commission_ticks: commissioning.limit_ticks,
        quorum: protocol.quorum,
        quorum_percent: said.quorum_percent,
        vote_ticks: u64::from(protocol.votes_age_rounds) * storm_round_ticks.max(1),
        swarm_size: said.swarm_size,
        is_bounded: said.bounded_influence,
        distance_mads: said.distance_mads,
        leaves_one_out: said.leave_one_out,
        bans: match said.bans {
            Bans::ByReputation => None,
            Bans::On { first_ticks, longest_ticks, audit_failures, probation_good } => {
                Some(BanConfig {
                    first_ticks,
                    longest_ticks,
                    audit_failures,
                    probation_good,
                    ..BanConfig::default()
                })
            }
        },
        opinions: said.opinions,
        gini_alarm: q16(said.gini_alarm),
        watchdog: match said.watchdog {
            Watchdog::Off => None,
            Watchdog::On { straggler_rounds, straggler_percent, limit_rounds } => {
                Some(WatchdogConfig { straggler_rounds, straggler_percent, limit_rounds })
            }
        },
        ..TrustConfig::default()
    }
}

/// At the end of a round: bans run out, influence is measured, the watchdog looks around.
pub(super) fn review(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        (&Schedule, &Entropy, &Detector, Option<&Carried>),
        (&mut Trust, &mut Neuron, &mut Dossier, Option<&mut Auditing>),
    )>,
) {
    let config = &setup.0.config;
    let now = clock.now;
    for_nodes!(nodes, clock.parallel, |(
        (schedule, entropy, detector, carried),
        (mut trust, mut neuron, mut dossier, auditing),
    )| {
        if !schedule.0.window().closes {
            return;
        }
        let (neighbours, mut conduct) = (&mut trust.0, dossier.view());
        let (rules, wake) = (&config.trust, &config.wake);
        if qres_core::trust::review(rules, wake, neighbours, &mut conduct, now).is_some() {
            neuron.0.restore();
            if let Some(mut auditing) = auditing {
                auditing.0.restored(auditing::mind(&neuron, entropy, detector, carried));
            }
        }
    });
}

/// Bans, opinions and the watchdog over a run. A ban counts once for each node that imposed it.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct TrustSummary {
    /// Bans for low reputation.
    pub bans_low_reputation: u64,
    /// Bans for failed audits and refused proofs.
    pub bans_failed_audits: u64,
    /// Bans for a recomputation that differs.
    pub bans_mismatch: u64,
    /// Honest nodes that some neighbour has banned at any time.
    pub honest_ever_banned: u32,
    /// Adversaries that some neighbour has banned at any time.
    pub adversaries_ever_banned: u32,
    /// Bans that ended in probation.
    pub probations: u64,
    /// Probations that ended in trust.
    pub returns: u64,
    /// Adversaries that some neighbour has marked for slander.
    pub slander_flags: u32,
    /// Honest nodes that some neighbour has marked for slander.
    pub slander_flags_honest: u32,
    /// Times that a node's neighbours' influence became too uneven.
    pub gini_alarms: u64,
    /// The greatest Gini coefficient of influence at the end over nodes, in thousandths.
    pub gini_greatest_permille: u32,
    /// Times that a node went back to its last healthy model because neighbours had fallen silent.
    pub fallbacks_stragglers: u64,
    /// Times that it did because nothing was worth taking.
    pub fallbacks_stall: u64,
}

/// The figures of the run so far; `None` where nodes keep no page.
pub(super) fn summary(world: &mut World) -> Option<TrustSummary> {
    let plan = world.resource::<Setup>().0.clone();
    if !plan.config.trust.keeps_conduct() {
        return None;
    }
    let mut sum = TrustSummary::default();
    let (mut banned, mut marked) = (vec![false; plan.nodes.len()], vec![false; plan.nodes.len()]);
    let mut gini = Q16::ZERO;
    let mut query = world.query::<(&Trust, &Dossier)>();
    for (trust, Dossier { entries, ledger }) in query.iter(world) {
        let [low, audits, mismatch] = ledger.bans.map(u64::from);
        sum.bans_low_reputation += low;
        sum.bans_failed_audits += audits;
        sum.bans_mismatch += mismatch;
        sum.probations += u64::from(ledger.probations);
        sum.returns += u64::from(ledger.returns);
        sum.gini_alarms += u64::from(ledger.gini_alarms);
        let [stragglers, stall] = ledger.fallbacks.map(u64::from);
        sum.fallbacks_stragglers += stragglers;
        sum.fallbacks_stall += stall;
        gini = gini.max(ledger.gini);
        for (neighbour, entry) in trust.0.iter().zip(entries) {
            let place = neighbour.id.index();
            if let (Some(banned), Some(marked)) = (banned.get_mut(place), marked.get_mut(place)) {
                *banned |= entry.record.bans > 0;
                *marked |= entry.is_slanderer;
            }
        }
    }
    sum.gini_greatest_permille = (gini.to_bits().max(0) as u32 * 1_000) >> 16;
    for ((node, banned), marked) in plan.nodes.iter().zip(banned).zip(marked) {
        let hostile = node.malice.is_some();
        sum.adversaries_ever_banned += u32::from(hostile && banned);
        sum.honest_ever_banned += u32::from(!hostile && banned);
        sum.slander_flags += u32::from(hostile && marked);
        sum.slander_flags_honest += u32::from(!hostile && marked);
    }
    Some(sum)
}

/// What a node's page says for people: (neighbour, remark), of each of whom there is something to
/// say.
pub(super) fn remarks(
    config: &TrustConfig,
    neighbours: &[Neighbour],
    dossier: &Dossier,
    now: Tick,
) -> Vec<(u32, String)> {
    let remark = |(place, (peer, entry)): (usize, (&Neighbour, &Entry))| {
        let record = &entry.record;
        let mut parts = Vec::new();
        if record.bans > 0 {
            parts.push(record.to_string());
        }
        if let (Status::Banned, Some(bans)) = (record.status, &config.bans) {
            let passed = (now.0 as u32).wrapping_sub(record.banned_tick);
            let left = bans.length_ticks(record.bans).saturating_sub(passed);
            parts.push(format!("{left} ticks left"));
        }
        if entry.is_slanderer {
            parts.push("speaks ill of whom all others trust".to_owned());
        }
        if entry.is_lost {
            parts.push("written off: silent for too long".to_owned());
        }
        let said = verdict(neighbours, place, entry).map(Bucket::name);
        parts.extend(said.map(|name| format!("the neighbourhood says: {name}")));
        (!parts.is_empty()).then(|| (peer.id.0, parts.join("; ")))
    };
    neighbours.iter().zip(&dossier.entries).enumerate().filter_map(remark).collect()
}

/// Gives newcomers their page, where the mesh asks for it.
pub(super) fn equip(world: &mut World, newcomers: &[Entity]) {
    if !world.resource::<Setup>().0.config.trust.keeps_conduct() {
        return;
    }
    for entity in newcomers {
        let count = world.get::<Trust>(*entity).map_or(0, |trust| trust.0.len());
        world.entity_mut(*entity).insert(Dossier::new(count));
    }
}
