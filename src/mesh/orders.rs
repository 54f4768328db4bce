//! Commands: what is ordered in mid-run, by the scenario or from outside, and what came of it. They
//! are the only way into a running mesh; they take effect at the start of a tick and are kept with
//! it, so that a recording can give them again.
//!
//! What a command changes for good is a function of the plan and the log (`replan`); what it does
//! once to nodes is for `rewire`.

pub(super) mod choose;
mod live;
mod places;
mod replan;
mod rewire;
mod troubles;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
use super::guard::Keys;
use super::malice::{COMMANDED, Malice};
use super::overheard::Overheard;
use super::plan::Plan;
use super::recipe;
use super::resources::{Clock, Founding, Roster, Setup};
use crate::scenario::{Command, Fault, Order, Protocol, Realm, Setting};
use crate::world::attack::Attack;
use replan::Change;
use view::Desk;
pub(in crate::mesh) use view::links;
pub use view::{OrdersView, StruckLink};

/// What was ordered, and what holds because of it.
#[derive(Resource, Clone, Debug, Default)]
pub struct Orders {
    /// Commands that took effect, with their tick, in order.
    log: Vec<(Tick, Command)>,
    /// The places in the log of those that came from outside, ascending.
    outside: Vec<u32>,
    /// Commands for the next tick, with the numbers by which the outside knows them.
    pending: Vec<(u64, Command)>,
    /// Commands that have ever been given from outside.
    given: u64,
    /// What commands made of nodes.
    parts: BTreeMap<NodeId, Option<Malice>>,
    /// What commands made of the rule to merge by.
    recipe: Option<(Recipe, Adoption)>,
    /// What nodes carry because of a rule that held at some time.
    carry: Option<Carry>,
    /// What the outside sees of it.
    desk: Desk,
}

impl Orders {
    /// Whether nothing was ever ordered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.log.is_empty() && self.pending.is_empty()
    }

    /// The commands that have taken effect, with their ticks.
    #[must_use]
    pub fn log(&self) -> &[(Tick, Command)] {
        &self.log
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

    /// What a node that joins now carries.
    #[must_use]
    pub fn carry(&self, plan: &Plan) -> Option<Carry> {
        Carry::of(&self.config(plan)).or(self.carry)
    }

    /// What the outside sees of commands.
    #[must_use]
    pub fn view(&self) -> Arc<OrdersView> {
        self.desk.view()
    }

    /// All nodes that are or were adversaries.
    #[must_use]
    pub fn adversaries(&self, plan: &Plan) -> BTreeSet<NodeId> {
        let planned = plan.nodes.iter().zip(0..).filter(|(node, _)| node.malice.is_some());
        let mut all: BTreeSet<NodeId> = planned.map(|(_, id)| NodeId(id)).collect();
        for (_, command) in &self.log {
            if let Command::SetAttack { nodes, attack: Some(_), .. } = command {
                all.extend(choose::ids(nodes, plan).into_iter().map(NodeId));
            }
        }
        all
    }

    /// The nodes that commands have made something else of.
    pub fn parts(&self) -> impl Iterator<Item = (NodeId, Option<Malice>)> {
        self.parts.iter().map(|(id, part)| (*id, *part))
    }

    /// Takes a resolved command into the log, and what holds because of it.
    fn take(&mut self, plan: &Plan, now: Tick, command: &Command, change: &Change) {
        match command {
            Command::SetAttack { nodes, attack, collude, claim_storm, cover_up } => {
                let cartel = COMMANDED + self.log.len() as u32;
                let part = attack.as_ref().map(|attack| Malice {
                    attack: Attack::new(attack),
                    from: now,
                    to: Tick(u64::MAX),
                    cartel: collude.then_some(cartel),
                    claims_storm: *claim_storm,
                    covers_up: *cover_up,
                    muted: plan.muted,
                });
                let ids = choose::ids(nodes, plan);
                self.parts.extend(ids.into_iter().map(|id| (NodeId(id), part)));
            }
            Command::Heal { nodes } => {
                let ids = choose::ids(nodes, plan);
                self.parts.extend(ids.into_iter().map(|id| (NodeId(id), None)));
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
            _ => {}
        }
        self.recipe = change.recipe.or(self.recipe);
        // Some rules remember; nodes that had nothing to carry so far begin now.
        self.carry = Carry::of(&self.config(plan)).or(self.carry);
        self.desk.taken(now, command, plan);
        self.log.push((now, command.clone()));
    }
}

/// A command that cannot be done to the mesh as it stands.
fn refusal(found: String, accepted: impl Into<String>) -> Fault {
    Fault { path: String::new(), related: Vec::new(), found, accepted: accepted.into() }
}

/// What a resolved command changes for good: the plan, and what the log makes of it.
fn establish(world: &mut World, now: Tick, command: &Command) -> Result<Change, Fault> {
    let plan = Arc::clone(&world.resource::<Setup>().0);
    let agreed = world.resource::<Orders>().config(&plan);
    let mut change = replan::change(&plan, &agreed, now, command)?;
    let plan = change.plan.take().map_or(plan, Arc::new);
    let joined = world.resource::<Setup>().0.nodes.len();
    world.insert_resource(Setup(Arc::clone(&plan)));
    if plan.nodes.len() > joined {
        world.insert_resource(Keys::new(&plan));
    }
    world.resource_mut::<Orders>().take(&plan, now, command, &change);
    Ok(change)
}

/// Lets a command take effect; `outside`: it is none of the scenario's own.
fn carry_out(world: &mut World, now: Tick, command: &Command, outside: bool) -> Result<(), Fault> {
    let command = &choose::resolve(world, command)?;
    let before = Arc::clone(&world.resource::<Setup>().0);
    let change = establish(world, now, command)?;
    if outside {
        let mut orders = world.resource_mut::<Orders>();
        let place = orders.log.len().saturating_sub(1) as u32;
        orders.outside.push(place);
    }
    let plan = Arc::clone(&world.resource::<Setup>().0);
    let could = |plan: &Plan| (plan.faults.on_air(), plan.faults.on_power());
    let begins = matches!(command, Command::StartFault { .. });
    if begins || could(&plan) != could(&before) {
        rewire::condition(world);
    }
    rewire::rewire(world, &change.touched);
    rewire::act(world, now, command);
    match command {
        Command::SetAttack { nodes, .. } | Command::Heal { nodes } => {
            let mut overheard = world.resource_mut::<Overheard>();
            for id in choose::ids(nodes, &plan) {
                overheard.forget(NodeId(id));
            }
            look(world);
        }
        Command::MoveNodes { .. }
        | Command::AddNodes { .. }
        | Command::StartFault { .. }
        | Command::EndFault { .. } => look(world),
        Command::SetDefence { .. } | Command::SetProtocol { .. } => {
            if let Some(carry) = world.resource::<Orders>().carry(&plan) {
                equip(world, carry);
            }
            auditing::renew(world);
        }
        _ => {}
    }
    Ok(())
}

/// Finds out anew what adversaries look at.
fn look(world: &mut World) {
    let plan = Arc::clone(&world.resource::<Setup>().0);
    let orders = world.resource::<Orders>().clone();
    world.resource_mut::<Overheard>().refresh(&plan, &orders);
}

/// Gives nodes that had nothing to carry so far what a rule needs.
fn equip(world: &mut World, carry: Carry) {
    for entity in world.resource::<Roster>().0.clone() {
        let mut node = world.entity_mut(entity);
        if !node.contains::<Carried>() {
            node.insert(Carried(carry));
        }
    }
}

/// Commands whose time has come take effect: the scenario's first, then those of an earlier run,
/// then those that wait, each in its order. What cannot be done is noted, and nothing of it is.
pub fn obey(world: &mut World) {
    let now = world.resource::<Clock>().now;
    let plan = world.resource::<Founding>().0.clone();
    let due = plan.commands.iter().filter(|order| order.at_tick == now.0);
    let from = plan.replayed.partition_point(|order| order.at_tick < now.0);
    let again = plan.replayed.iter().skip(from).take_while(|order| order.at_tick == now.0);
    let pending = std::mem::take(&mut world.resource_mut::<Orders>().pending);
    let commands: Vec<(Command, bool)> = due
        .map(|order| (order.command.clone(), false))
        .chain(again.map(|order| (order.command.clone(), true)))
        .chain(pending.into_iter().map(|(_, command)| (command, true)))
        .collect();
    if commands.is_empty() {
        return;
    }
    for (command, outside) in &commands {
        if let Err(fault) = carry_out(world, now, command, *outside) {
            let text = format!("not done ({}): {fault}", command.describe());
            world.resource_mut::<Orders>().desk.notice(now, text);
        }
    }
    show(world);
}

fn show(world: &mut World) {
    let plan = Arc::clone(&world.resource::<Setup>().0);
    world.resource_mut::<Orders>().show(&plan);
}

impl Mesh {
    /// Takes a command, which takes effect at the start of the next tick; returns that tick.
    ///
    /// What depends on the state of then, such as whether a selector means anybody, is found out
    /// then: see [`OrdersView::notices`].
    ///
    /// # Errors
    /// What the command may not ask of this mesh; nothing is changed then.
    pub fn command(&mut self, command: Command) -> Result<Tick, Fault> {
        let realm = self.realm();
        command.validate(&realm)?;
        command.has_effect("command", realm.audits, realm.evolves)?;
        let mut orders = self.world.resource_mut::<Orders>();
        orders.given += 1;
        let id = orders.given;
        orders.pending.push((id, command));
        show(&mut self.world);
        Ok(Tick(self.ticks()))
    }

    /// Takes back the newest command that still waits; `None` when none does.
    pub fn take_back(&mut self) -> Option<Command> {
        let (_, command) = self.world.resource_mut::<Orders>().pending.pop()?;
        show(&mut self.world);
        Some(command)
    }

    /// Takes back one command that still waits, by its number in [`OrdersView::pending`]; `None`
    /// when it does not wait.
    pub fn take_back_one(&mut self, id: u64) -> Option<Command> {
        let pending = &mut self.world.resource_mut::<Orders>().pending;
        let place = pending.iter().position(|(other, _)| *other == id)?;
        let (_, command) = pending.remove(place);
        show(&mut self.world);
        Some(command)
    }

    /// The nodes that a selector means now, by id; nothing is changed.
    ///
    /// # Errors
    /// When it cannot be read, names a node that is not there, or means nobody.
    pub fn choose(&mut self, text: &str) -> Result<Vec<u32>, Fault> {
        choose::now(&mut self.world, text)
    }

    /// Adds to what the outside is told: a command that was refused before it could wait.
    pub fn notice(&mut self, text: String) {
        let now = Tick(self.ticks());
        self.world.resource_mut::<Orders>().desk.notice(now, text);
        show(&mut self.world);
    }

    /// What the outside sees of commands.
    #[must_use]
    pub fn orders(&self) -> Arc<OrdersView> {
        self.world.resource::<Orders>().view()
    }

    /// What a parameter of [`crate::scenario::LIVE`] is now; `None` where the mesh has none.
    #[must_use]
    pub fn parameter(&self, field: &str) -> Option<Setting> {
        live::get(&self.world.resource::<Orders>().config(self.plan()), field)
    }

    /// The commands that have taken effect, with their ticks and their choices of nodes as ids:
    /// what a recording has to give again.
    #[must_use]
    pub fn commands(&self) -> &[(Tick, Command)] {
        &self.world.resource::<Orders>().log
    }

    /// Those of [`Mesh::commands`] that came from outside of the scenario, from number `from` on.
    pub fn commands_from_outside(&self, from: usize) -> impl Iterator<Item = (Tick, &Command)> {
        let orders = self.world.resource::<Orders>();
        let places = orders.outside.iter().skip(from);
        let entry = |place: &u32| orders.log.get(*place as usize);
        places.filter_map(entry).map(|(tick, command)| (*tick, command))
    }

    /// The commands that wait for the next tick, in order.
    pub fn waiting(&self) -> impl Iterator<Item = &Command> {
        self.world.resource::<Orders>().pending.iter().map(|(_, command)| command)
    }

    /// Gives these commands of an earlier run again at their ticks, in the place of those that the
    /// plan has; what has taken effect by now stays. They must be in rising order of tick.
    pub fn replay(&mut self, commands: Arc<[Order]>) {
        let mut founding = self.world.resource_mut::<Founding>();
        Arc::make_mut(&mut founding.0).replayed = commands;
    }

    /// What commands are held against: the mesh as it is, with what waits taken to be done.
    fn realm(&self) -> Realm {
        let plan = self.plan();
        let mut groups: BTreeMap<u8, u64> = BTreeMap::new();
        plan.nodes.iter().for_each(|node| *groups.entry(node.group.0).or_default() += 1);
        let config = &plan.config;
        let mut realm = Realm {
            nodes: plan.nodes.len() as u64,
            storms: plan.storms.len() as u64,
            faults: plan.faults.count() as u64,
            fewest: groups.values().copied().min().unwrap_or(0),
            modalities: plan.site.modalities.clone(),
            audits: config.audit.is_some(),
            sums: plan.sums.is_some(),
            streams: config.stream.is_some(),
            evolves: config.evolution.is_some(),
            bans: config.trust.bans.is_some(),
            watches: config.trust.watchdog.is_some(),
        };
        for (_, command) in &self.world.resource::<Orders>().pending {
            realm.take(command);
        }
        realm
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
    let command: Command = ron::from_str(text).ok()?;
    // A text has other forms that say the same, and ranges that only a scenario is held to.
    let is_own = ron::to_string(&command).is_ok_and(|own| own == text);
    (is_own && command.in_range().is_ok()).then_some(command)
}

/// Appends what was ordered.
pub(super) fn encode(orders: &Orders, sink: &mut impl Sink) {
    (orders.log.len() as u32).encode(sink);
    for (tick, command) in &orders.log {
        tick.encode(sink);
        encode_command(command, sink);
    }
    (orders.pending.len() as u32).encode(sink);
    orders.pending.iter().for_each(|(_, command)| encode_command(command, sink));
}

/// What was ordered, as it was encoded: what took effect and when, and what waits.
pub(super) struct Ordered {
    log: Vec<(Tick, Command)>,
    pending: Vec<Command>,
}

/// Reads it back.
pub(super) fn decode(source: &mut Source<'_>) -> Option<Ordered> {
    let mut ordered = Ordered { log: Vec::new(), pending: Vec::new() };
    for _ in 0..u32::decode(source)? {
        let now = Tick::decode(source)?;
        ordered.log.push((now, decode_command(source)?));
    }
    for _ in 0..u32::decode(source)? {
        ordered.pending.push(decode_command(source)?);
    }
    Some(ordered)
}

/// Appends which of the commands in the log came from outside: for snapshots, no part of the state.
pub(super) fn encode_outside(orders: &Orders, sink: &mut impl Sink) {
    (orders.outside.len() as u32).encode(sink);
    orders.outside.iter().for_each(|place| place.encode(sink));
}

/// Reads that back into a world whose log has been repeated.
pub(super) fn decode_outside(world: &mut World, source: &mut Source<'_>) -> Option<()> {
    let mut orders = world.resource_mut::<Orders>();
    let mut next = 0;
    for _ in 0..u32::decode(source)? {
        let place = u32::decode(source)?;
        if place < next || place as usize >= orders.log.len() {
            return None;
        }
        next = place + 1;
        orders.outside.push(place);
    }
    Some(())
}

/// Takes away what waits; gives it back with [`put_back`].
pub(super) fn set_aside(world: &mut World) -> Vec<(u64, Command)> {
    std::mem::take(&mut world.resource_mut::<Orders>().pending)
}

/// Puts back what was set aside.
pub(super) fn put_back(world: &mut World, pending: Vec<(u64, Command)>) {
    world.resource_mut::<Orders>().pending = pending;
}

/// Makes of a world without nodes what these orders made of it until `now`, when so many nodes had
/// joined.
pub(super) fn repeat(world: &mut World, ordered: Ordered, now: Tick, joined: usize) -> Option<()> {
    let in_order = ordered.log.is_sorted_by_key(|(tick, _)| *tick);
    let is_past = ordered.log.last().is_none_or(|(tick, _)| *tick < now);
    if !in_order || !is_past || !ordered.fits(&world.resource::<Setup>().0, now, joined) {
        return None;
    }
    for (now, command) in &ordered.log {
        establish(world, *now, command).ok()?;
    }
    let mut orders = world.resource_mut::<Orders>();
    orders.given = ordered.pending.len() as u64;
    orders.pending = (1..).zip(ordered.pending).collect();
    look(world);
    if !ordered.log.is_empty() || !world.resource::<Orders>().pending.is_empty() {
        show(world);
    }
    Some(())
}

impl Ordered {
    /// Whether no more nodes were added than have joined. Nodes join in order of id, so those that
    /// were added wait where one of the plan's own is still to come: then the plan's limits hold.
    fn fits(&self, plan: &Plan, now: Tick, joined: usize) -> bool {
        let added = |(_, command): &(Tick, Command)| command.newcomers();
        let all = self.log.iter().map(added).fold(plan.nodes.len() as u64, u64::saturating_add);
        let waits = plan.nodes.iter().any(|node| node.join.0 > 0 && node.join >= now);
        waits || all <= joined as u64
    }
}
