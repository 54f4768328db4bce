//! Commands: what is ordered in mid-run, by the scenario or from outside, and what came of it. They
//! are the only way into a running mesh; they take effect at the start of a tick and are kept with
//! it, so that a recording can give them again.

use std::collections::{BTreeMap, BTreeSet};

use bevy::ecs::prelude::*;
use qres_core::aggregate::Recipe;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::carry::Carry;
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::phase::Adoption;

use super::Mesh;
use super::auditing;
use super::components::Carried;
use super::malice::Malice;
use super::overheard::Overheard;
use super::plan::Plan;
use super::recipe;
use super::resources::{Clock, Roster, Setup};
use crate::scenario::{Command, Fault, Protocol, listed};
use crate::world::attack::Attack;

/// Numbers of cartels that commands found begin here; those of the scenario are below.
const COMMANDED: u32 = 1 << 16;

/// What was ordered, and what holds because of it.
#[derive(Resource, Clone, Debug, Default)]
pub struct Orders {
    /// Commands that took effect, with their tick, in order.
    log: Vec<(Tick, Command)>,
    /// Commands for the next tick.
    pending: Vec<Command>,
    /// What commands made of nodes.
    parts: BTreeMap<NodeId, Option<Malice>>,
    /// What commands made of the rule to merge by.
    recipe: Option<(Recipe, Adoption)>,
}

impl Orders {
    /// Whether nothing was ever ordered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.log.is_empty() && self.pending.is_empty()
    }

    /// The part of a node as an adversary, if it has one.
    #[must_use]
    pub fn malice(&self, plan: &Plan, id: NodeId) -> Option<Malice> {
        match self.parts.get(&id) {
            Some(part) => *part,
            None => plan.nodes.get(id.index()).and_then(|node| node.malice),
        }
    }

    /// Whether any node has a part as an adversary.
    #[must_use]
    pub fn has_adversaries(&self, plan: &Plan) -> bool {
        plan.hostile || !self.parts.is_empty()
    }

    /// What a node does now as an adversary.
    #[must_use]
    pub fn attack(&self, plan: &Plan, id: NodeId, now: Tick) -> Option<Attack> {
        self.malice(plan, id).and_then(|malice| malice.now(now))
    }

    /// What all nodes agree on now.
    #[must_use]
    pub fn config(&self, plan: &Plan) -> NodeConfig {
        let planned = (plan.config.recipe, plan.config.adoption);
        let (recipe, adoption) = self.recipe.unwrap_or(planned);
        NodeConfig { recipe, adoption, ..plan.config }
    }

    /// All nodes that are or were adversaries.
    #[must_use]
    pub fn adversaries(&self, plan: &Plan) -> BTreeSet<NodeId> {
        let planned = plan.nodes.iter().zip(0..).filter(|(node, _)| node.malice.is_some());
        let mut all: BTreeSet<NodeId> = planned.map(|(_, id)| NodeId(id)).collect();
        for (_, command) in &self.log {
            if let Command::SetAttack { nodes, attack: Some(_), .. } = command {
                let ids = listed(nodes, plan.nodes.len() as u64).unwrap_or_default();
                all.extend(ids.into_iter().map(NodeId));
            }
        }
        all
    }

    /// The nodes that commands have made something else of.
    pub fn parts(&self) -> impl Iterator<Item = (NodeId, Option<Malice>)> {
        self.parts.iter().map(|(id, part)| (*id, *part))
    }

    fn take(&mut self, plan: &Plan, now: Tick, command: &Command) {
        match command {
            Command::SetAttack { nodes, attack, collude, claim_storm } => {
                let cartel = COMMANDED + self.log.len() as u32;
                let part = attack.as_ref().map(|attack| Malice {
                    attack: Attack::new(attack),
                    from: now,
                    to: Tick(u64::MAX),
                    cartel: collude.then_some(cartel),
                    claims_storm: *claim_storm,
                    covers_up: false,
                    muted: false,
                });
                let ids = listed(nodes, plan.nodes.len() as u64).unwrap_or_default();
                self.parts.extend(ids.into_iter().map(|id| (NodeId(id), part)));
            }
            Command::SetDefence {
                aggregation,
                preparation,
                trim_per_tail,
                weigh_by_reputation,
                adoption,
            } => {
                let recipe = recipe::recipe(&Protocol {
                    aggregation: aggregation.clone(),
                    preparation: preparation.clone(),
                    trim_per_tail: *trim_per_tail,
                    weigh_by_reputation: *weigh_by_reputation,
                    ..Protocol::default()
                });
                let adoption = adoption.map_or(self.config(plan).adoption, recipe::adoption);
                self.recipe = Some((recipe, adoption));
            }
        }
        self.log.push((now, command.clone()));
    }
}

/// Lets a command take effect.
fn carry_out(world: &mut World, now: Tick, command: &Command) {
    let plan = world.resource::<Setup>().0.clone();
    world.resource_mut::<Orders>().take(&plan, now, command);
    let orders = world.resource::<Orders>().clone();
    match command {
        Command::SetAttack { nodes, .. } => {
            let ids = listed(nodes, plan.nodes.len() as u64).unwrap_or_default();
            let mut overheard = world.resource_mut::<Overheard>();
            for id in ids {
                overheard.forget(NodeId(id));
            }
            overheard.refresh(&plan, &orders);
        }
        Command::SetDefence { .. } => {
            // Some rules remember; nodes that had nothing to carry so far begin now.
            let carry = Carry::of(&orders.config(&plan));
            let roster = world.resource::<Roster>().0.clone();
            for entity in roster {
                let mut node = world.entity_mut(entity);
                if let Some(carry) = carry.filter(|_| !node.contains::<Carried>()) {
                    node.insert(Carried(carry));
                }
            }
            auditing::renew(world);
        }
    }
}

/// Commands whose time has come take effect: the scenario's first, each in its order.
pub fn obey(world: &mut World) {
    let now = world.resource::<Clock>().now;
    let plan = world.resource::<Setup>().0.clone();
    let due = plan.commands.iter().filter(|order| order.at_tick == now.0);
    let due: Vec<Command> = due.map(|order| order.command.clone()).collect();
    let pending = std::mem::take(&mut world.resource_mut::<Orders>().pending);
    due.iter().chain(&pending).for_each(|command| carry_out(world, now, command));
}

impl Mesh {
    /// Takes a command, which takes effect at the start of the next tick; returns that tick.
    ///
    /// # Errors
    /// What the command may not ask of this mesh; nothing is changed then.
    pub fn command(&mut self, command: Command) -> Result<Tick, Fault> {
        let plan = self.plan();
        let mut groups: BTreeMap<u8, u64> = BTreeMap::new();
        plan.nodes.iter().for_each(|node| *groups.entry(node.group.0).or_default() += 1);
        let fewest = groups.values().copied().min().unwrap_or(0);
        command.validate(plan.nodes.len() as u64, fewest)?;
        let (audits, evolves) = (plan.config.audit.is_some(), plan.config.evolution.is_some());
        command.has_effect("command", audits, evolves)?;
        self.world().resource_mut::<Orders>().pending.push(command);
        Ok(Tick(self.ticks()))
    }

    /// The commands that have taken effect, with their ticks: what a recording has to give again.
    #[must_use]
    pub fn commands(&self) -> &[(Tick, Command)] {
        &self.world.resource::<Orders>().log
    }
}

fn encode_command(command: &Command, sink: &mut impl Sink) {
    // Plain data into a string: there is nothing that can fail.
    let text = ron::to_string(command).unwrap_or_default();
    (text.len() as u32).encode(sink);
    sink.put(text.as_bytes());
}

fn decode_command(source: &mut Source<'_>) -> Option<Command> {
    let length = u32::decode(source)? as usize;
    let text = core::str::from_utf8(source.take(length)?).ok()?;
    ron::from_str(text).ok()
}

/// Appends what was ordered.
pub(super) fn encode(orders: &Orders, sink: &mut impl Sink) {
    (orders.log.len() as u32).encode(sink);
    for (tick, command) in &orders.log {
        tick.encode(sink);
        encode_command(command, sink);
    }
    (orders.pending.len() as u32).encode(sink);
    orders.pending.iter().for_each(|command| encode_command(command, sink));
}

/// Reads it back into a world that has obeyed no command yet.
pub(super) fn decode(world: &mut World, source: &mut Source<'_>) -> Option<()> {
    for _ in 0..u32::decode(source)? {
        let now = Tick::decode(source)?;
        let command = decode_command(source)?;
        carry_out(world, now, &command);
    }
    for _ in 0..u32::decode(source)? {
        let command = decode_command(source)?;
        world.resource_mut::<Orders>().pending.push(command);
    }
    Some(())
}
