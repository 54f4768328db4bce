//! What adversaries know: what was sent last, by whom, and which of them work together. Read by
//! attacks, one tick old; written by nobody but the transmitter. Empty where no attack looks at it.

use std::collections::{BTreeMap, BTreeSet};

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::gene::GeneId;
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::neuron::TAPS;
use qres_core::packet::{Message, Update};
use qres_core::phase::{Adoption, Speaker};
use qres_core::q16::Q16;

use super::malice::Malice;
use super::orders::Orders;
use super::plan::Plan;
use crate::world::attack::Sight;
use crate::world::attack::view::{Row, SIGHT, Screen, Vector, View, vector};

/// An update as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said {
    round: u32,
    gene: GeneId,
    weights: [Q16; TAPS],
}
qres_core::canonical!(struct Said { round, gene, weights });

impl Said {
    fn new(update: &Update) -> Self {
        Self { round: update.round, gene: update.gene, weights: update.weights }
    }
}

/// What the transmitter has noted for adversaries.
#[derive(Resource, Clone, Debug, Default)]
pub struct Overheard {
    /// Whether any attack looks at models.
    models: bool,
    /// Adversaries that remember what they sent first.
    keepers: BTreeSet<NodeId>,
    /// The last update of each node.
    sent: BTreeMap<NodeId, Said>,
    /// What each keeper sent first.
    kept: BTreeMap<NodeId, Said>,
    /// What the members of each cartel and modality hear together.
    eyes: BTreeMap<(u32, GroupId), BTreeSet<NodeId>>,
}

/// The room that a view needs.
#[derive(Debug, Default)]
pub struct Notes {
    rows: Vec<Row>,
    links: Vec<u64>,
}

impl Overheard {
    /// Whether anything is noted at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.models || !self.keepers.is_empty()
    }

    /// Finds out anew who looks at what, and with whom.
    pub fn refresh(&mut self, plan: &Plan, orders: &Orders) {
        let changed: BTreeMap<NodeId, Option<Malice>> = orders.parts().collect();
        let planned = plan.nodes.iter().zip(0..).filter_map(|(node, id)| {
            let id = NodeId(id);
            Some((id, node.malice.filter(|_| !changed.contains_key(&id))?))
        });
        let ordered = changed.iter().filter_map(|(id, part)| Some((*id, (*part)?)));
        let parts: Vec<(NodeId, Malice)> = planned.chain(ordered).collect();
        self.models = parts.iter().any(|(_, part)| part.attack.sight() > Sight::Blind);
        let remembers = |(id, part): &(NodeId, Malice)| part.attack.remembers().then_some(*id);
        self.keepers = parts.iter().filter_map(remembers).collect();
        self.eyes.clear();
        for (id, part) in &parts {
            let (Some(cartel), Some(node)) = (part.cartel, plan.nodes.get(id.index())) else {
                continue;
            };
            let eyes = self.eyes.entry((cartel, node.group)).or_default();
            eyes.extend(super::build::peers(plan, *id));
        }
    }

    /// Forgets what a node sent first: its next attack begins anew.
    pub fn forget(&mut self, id: NodeId) {
        self.kept.remove(&id);
    }

    /// Notes what a node sends.
    pub fn note(&mut self, plan: &Plan, orders: &Orders, now: Tick, id: NodeId, sent: &Message) {
        let Message::Update(update) = sent else { return };
        if self.models {
            self.sent.insert(id, Said::new(update));
        }
        if self.keepers.contains(&id) && orders.attack(plan, id, now).is_some() {
            self.kept.entry(id).or_insert(Said::new(update));
        }
    }

    /// What the adversary that speaks may look at.
    pub fn view<'a>(
        &self,
        plan: &Plan,
        orders: &Orders,
        now: Tick,
        malice: &Malice,
        node: &Speaker<'a>,
        notes: &'a mut Notes,
    ) -> View<'a> {
        let own = vector(node.neuron.weights());
        let (mut earshot, mut accomplices) = (0, 1);
        if malice.attack.sight() > Sight::Blind {
            let near = super::build::peers(plan, node.id);
            self.gather(plan, orders, now, malice, node, &near, &mut notes.rows);
            let bit = |(place, row): (usize, &Row)| {
                u64::from(near.binary_search(&row.node).is_ok()) << place
            };
            earshot = notes.rows.iter().enumerate().map(bit).sum();
            let with = |peer: &&NodeId| {
                let part = orders.malice(plan, **peer);
                malice.cartel.is_some() && part.is_some_and(|part| part.cartel == malice.cartel)
            };
            accomplices += near.iter().filter(with).count();
        }
        if notes.rows.is_empty() {
            notes.rows.push(Row { node: node.id, at: own });
        }
        if malice.attack.sight() == Sight::Links {
            let Notes { rows, links } = notes;
            let place = |id: &u32| rows.binary_search_by_key(id, |row| row.node.0).ok();
            links.extend(rows.iter().map(|one| {
                let near = plan.graph.neighbours(one.node).iter();
                near.filter_map(place).fold(0_u64, |bits, place| bits | 1 << place)
            }));
        }
        let kept = self.kept.get(&node.id);
        let round = node.wake.rounds();
        let config = orders.config(plan);
        let tests = malice.attack.searches() && config.adoption != Adoption::Blind;
        let exam = if tests { node.neuron.exam() } else { None };
        let usual = node.residual.usual();
        let screen = exam.map(|exam| Screen { exam, usual, trust: config.trust });
        View {
            own,
            taps: usize::from(node.neuron.form().taps),
            rows: &notes.rows,
            earshot,
            links: &notes.links,
            accomplices,
            recipe: config.recipe,
            screen,
            round,
            rounds_on: kept.map_or(0, |kept| round.saturating_sub(kept.round)),
            kept: kept.map(|kept| vector(&kept.weights)),
            seed: plan.seed,
            dice: malice.cartel.map_or(node.id.0, |cartel| u32::MAX - 1 - cartel),
        }
    }

    /// What honest nodes sent last, of models that are akin to the own one: first those that the
    /// adversary hears itself, then those that its cartel hears, at most [`SIGHT`], by node.
    fn gather(
        &self,
        plan: &Plan,
        orders: &Orders,
        now: Tick,
        malice: &Malice,
        node: &Speaker<'_>,
        near: &[NodeId],
        rows: &mut Vec<Row>,
    ) {
        let row = |id: &NodeId| -> Option<Row> {
            let said = self.sent.get(id)?;
            let honest = orders.attack(plan, *id, now).is_none();
            let at: Vector = vector(&said.weights);
            (honest && said.gene.is_akin(node.neuron.gene())).then_some(Row { node: *id, at })
        };
        rows.extend(near.iter().filter_map(row).take(SIGHT));
        let eyes = malice.cartel.and_then(|cartel| self.eyes.get(&(cartel, node.group)));
        let far = eyes.into_iter().flatten().filter(|id| near.binary_search(id).is_err());
        let room = SIGHT - rows.len();
        rows.extend(far.filter_map(row).take(room));
        rows.sort_unstable_by_key(|row| row.node);
    }
}

/// Appends what was noted.
pub(super) fn encode(overheard: &Overheard, sink: &mut impl Sink) {
    for table in [&overheard.sent, &overheard.kept] {
        (table.len() as u32).encode(sink);
        for (id, said) in table {
            id.encode(sink);
            said.encode(sink);
        }
    }
}

/// Reads it back.
pub(super) fn decode(overheard: &mut Overheard, source: &mut Source<'_>) -> Option<()> {
    for table in [&mut overheard.sent, &mut overheard.kept] {
        table.clear();
        for _ in 0..u32::decode(source)? {
            let id = NodeId::decode(source)?;
            if table.last_key_value().is_some_and(|(last, _)| *last >= id) {
                return None;
            }
            table.insert(id, Said::decode(source)?);
        }
    }
    Some(())
}
