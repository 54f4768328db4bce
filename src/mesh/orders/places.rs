//! Where nodes stand, moved and added in mid-run: the plan with other places, links and posts. Who
//! serves whom changes only where somebody has lost or has no sentinel.

use std::collections::BTreeSet;
use std::sync::Arc;

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::responder::CLIENTS_MAX;
use qres_core::wake::Role;

use super::refusal;
use super::replan::Change;
use crate::mesh::plan::{NodePlan, Plan};
use crate::mesh::sybils;
use crate::scenario::{Command, Fault, FaultEntry, NODES_MAX, Post};
use crate::world::graph::{Graph, LINKS_MAX, distance_square};
use crate::world::layout::REACH_MM;

/// The plan with some nodes elsewhere: their middle is at `to_mm`, east and south.
pub(super) fn moved(plan: &Plan, ids: &[u32], to_mm: (i64, i64)) -> Result<Change, Fault> {
    let places: Vec<[i32; 3]> =
        ids.iter().filter_map(|id| Some(plan.nodes.get(*id as usize)?.position_mm)).collect();
    let middle = |axis: usize| {
        let sum: i64 = places.iter().filter_map(|at| at.get(axis)).map(|mm| i64::from(*mm)).sum();
        sum.div_euclid((places.len() as i64).max(1))
    };
    let by_mm = [to_mm.0 - middle(0), 0, to_mm.1 - middle(2)];
    let mut nodes = plan.nodes.to_vec();
    for id in ids {
        let Some(node) = nodes.get_mut(*id as usize) else { continue };
        let [x, y, z] = node.position_mm;
        node.position_mm = [ground(i64::from(x) + by_mm[0])?, y, ground(i64::from(z) + by_mm[2])?];
    }
    let mut touched: BTreeSet<NodeId> = BTreeSet::new();
    for id in ids.iter().map(|id| NodeId(*id)) {
        touched.insert(id);
        touched.extend(plan.graph.neighbours(id).iter().map(|other| NodeId(*other)));
    }
    placed(plan, nodes, ids, touched)
}

/// The plan with more nodes behind all others.
pub(super) fn added(plan: &Plan, now: Tick, command: &Command) -> Result<Change, Fault> {
    let Command::AddNodes { count, x_mm, z_mm, spread_mm, modality, role } = command else {
        return Ok(Change::default());
    };
    let first = plan.nodes.len();
    if first as u64 + u64::from(*count) > NODES_MAX {
        let found = format!("{count} more would make more than {NODES_MAX} nodes");
        return Err(refusal(found, "add fewer"));
    }
    let names = &plan.site.modalities;
    let group = names.iter().position(|name| name == modality).unwrap_or(0);
    let group = GroupId(group as u8);
    let kin = model(plan, group, (*x_mm, *z_mm))?;
    let mut nodes = plan.nodes.to_vec();
    for id in (first as u32..).take(*count as usize) {
        let spread = |n: u32| {
            let bits = draw(plan.seed, Purpose::Start, id, 0, n);
            below(bits, 2 * u64::from(*spread_mm) + 1) as i64 - i64::from(*spread_mm)
        };
        let place = [ground(x_mm + spread(2))?, kin.position_mm[1], ground(z_mm + spread(3))?];
        let wait_us =
            below(draw(plan.seed, Purpose::Start, id, 0, 0), plan.config.wake.interval_us[2]);
        let now_us = now.0.saturating_mul(plan.config.wake.tick_us);
        nodes.push(NodePlan {
            position_mm: place,
            group,
            role: if *role == Post::OnDemand { Role::OnDemand } else { Role::Scheduled },
            sentinel: NodeId::NONE,
            join: now,
            first_us: now_us.saturating_add(wait_us),
            signal: kin.signal,
            phase: plan.site.phase(plan.seed, id, group.0.into(), place),
            malice: None,
        });
    }
    let ids: Vec<u32> = (first as u32..nodes.len() as u32).collect();
    appoint(plan, &mut nodes, &ids, *role)?;
    placed(plan, nodes, &ids, BTreeSet::new())
}

/// The plan with the identities of one more Sybil behind all other nodes.
pub(super) fn invented(plan: &Plan, fault: &FaultEntry) -> Result<Change, Fault> {
    let nodes = sybils::joined(plan, fault);
    if nodes.len() as u64 > NODES_MAX {
        let found = format!("they would make more than {NODES_MAX} nodes");
        return Err(refusal(found, "let it invent fewer"));
    }
    let ids: Vec<u32> = (plan.nodes.len() as u32..nodes.len() as u32).collect();
    let change = placed(plan, nodes, &ids, BTreeSet::new())?;
    let plan = change.plan.map(|plan| Plan { hostile: true, ..plan });
    Ok(Change { plan, ..change })
}

/// The node of a modality that is nearest to a place: what a newcomer there senses is like what it
/// senses.
fn model(plan: &Plan, group: GroupId, (x_mm, z_mm): (i64, i64)) -> Result<NodePlan, Fault> {
    let at = [ground(x_mm)?, 0, ground(z_mm)?];
    let kin = plan.nodes.iter().zip(0_u32..).filter(|(node, _)| node.group == group);
    let away = |node: &NodePlan| {
        let [x, _, z] = node.position_mm;
        distance_square([x, 0, z], at)
    };
    let nearest = kin.min_by_key(|(node, id)| (away(node), *id)).map(|(node, _)| node.clone());
    nearest.ok_or_else(|| refusal("no node has this modality".to_owned(), "choose another"))
}

/// Gives newcomers their posts: each serves the later ones.
fn appoint(
    plan: &Plan,
    nodes: &mut [NodePlan],
    newcomers: &[u32],
    post: Post,
) -> Result<(), Fault> {
    let graph = graph(plan, nodes)?;
    let mut load = load(nodes);
    for id in newcomers {
        let found = match post {
            Post::Sentinel => None,
            _ => sentinel(nodes, &graph, &load, *id),
        };
        let own_kind = |other: &NodeId| {
            let group = |id: usize| nodes.get(id).map(|node| node.group);
            group(other.index()) == group(*id as usize)
        };
        let found = found.filter(|other| post != Post::Fitting || own_kind(other));
        let Some(node) = nodes.get_mut(*id as usize) else { continue };
        match found {
            Some(sentinel) => {
                node.sentinel = sentinel;
                count(&mut load, sentinel);
            }
            None if matches!(post, Post::Sentinel | Post::Fitting) => node.role = Role::Sentinel,
            None => {
                let found = format!("node {id} would sleep, and no sentinel in range has room");
                return Err(refusal(
                    found,
                    "add a sentinel there first, or nodes that are Fitting",
                ));
            }
        }
    }
    Ok(())
}

/// The plan with these nodes, whose places or posts are new: its graph, and who serves whom.
fn placed(
    plan: &Plan,
    mut nodes: Vec<NodePlan>,
    changed: &[u32],
    mut touched: BTreeSet<NodeId>,
) -> Result<Change, Fault> {
    let graph = graph(plan, &nodes)?;
    for id in changed.iter().map(|id| NodeId(*id)) {
        touched.insert(id);
        touched.extend(graph.neighbours(id).iter().map(|other| NodeId(*other)));
    }
    let mut load = load(&nodes);
    for id in 0..nodes.len() as u32 {
        let Some(node) = nodes.get(id as usize) else { break };
        let held = node.sentinel;
        if node.role == Role::Sentinel || graph.are_linked(NodeId(id), held) {
            continue;
        }
        let found = sentinel(&nodes, &graph, &load, id).unwrap_or(NodeId::NONE);
        if found == held {
            continue;
        }
        count(&mut load, found);
        if let Some(slot) = load.get_mut(held.index()) {
            *slot = slot.saturating_sub(1);
        }
        if let Some(node) = nodes.get_mut(id as usize) {
            node.sentinel = found;
        }
        touched.extend([NodeId(id), held, found]);
    }
    let positions: Vec<[i32; 3]> = nodes.iter().map(|node| node.position_mm).collect();
    let mut faults = (*plan.faults).clone();
    faults.moved(&positions);
    let (graph, faults) = (Arc::new(graph), Arc::new(faults));
    let plan = Plan { nodes: Arc::new(nodes), graph, faults, ..plan.clone() };
    let touched = touched.into_iter().filter(|id| id.index() < plan.nodes.len()).collect();
    Ok(Change { plan: Some(plan), recipe: None, touched })
}

fn graph(plan: &Plan, nodes: &[NodePlan]) -> Result<Graph, Fault> {
    let positions: Vec<[i32; 3]> = nodes.iter().map(|node| node.position_mm).collect();
    let crowded = || refusal(format!("this makes more than {LINKS_MAX} links"), "spread nodes out");
    Graph::build(&positions, &plan.site.law).ok_or_else(crowded)
}

/// The nearest sentinel in range with room, of the node's own modality if there is one.
fn sentinel(nodes: &[NodePlan], graph: &Graph, load: &[usize], id: u32) -> Option<NodeId> {
    let node = nodes.get(id as usize)?;
    let open = |other: &&u32| {
        let place = **other as usize;
        // What a Sybil invents serves nobody.
        let serves = |other: &NodePlan| other.role == Role::Sentinel && !sybils::is_invented(other);
        nodes.get(place).is_some_and(serves)
            && load.get(place).is_some_and(|load| *load < CLIENTS_MAX)
    };
    let far = |other: &&u32| {
        let (away, strange) = nodes.get(**other as usize).map_or((i64::MAX, true), |other| {
            (distance_square(node.position_mm, other.position_mm), other.group != node.group)
        });
        (strange, away, **other)
    };
    graph.neighbours(NodeId(id)).iter().filter(open).min_by_key(far).map(|id| NodeId(*id))
}

/// Clients of each node.
fn load(nodes: &[NodePlan]) -> Vec<usize> {
    let mut load = vec![0; nodes.len()];
    for node in nodes {
        count(&mut load, node.sentinel);
    }
    load
}

fn count(load: &mut [usize], sentinel: NodeId) {
    if let Some(slot) = load.get_mut(sentinel.index()) {
        *slot += 1;
    }
}

/// A place along an axis, which must be one that a mesh can have.
fn ground(mm: i64) -> Result<i32, Fault> {
    let fits = (-REACH_MM..=REACH_MM).contains(&mm);
    let refused = || {
        let found = format!("a node would stand at {mm} mm");
        refusal(found, "choose a place nearer to the origin")
    };
    i32::try_from(mm).ok().filter(|_| fits).ok_or_else(refused)
}
