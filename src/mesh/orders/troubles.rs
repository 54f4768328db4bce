//! Faults that begin and end in mid-run: the plan with one more, or with one that is over. A Sybil
//! brings nodes with it.

use std::sync::Arc;

use qres_core::id::Tick;

use super::replan::Change;
use super::{places, refusal};
use crate::mesh::plan::Plan;
use crate::mesh::sybils;
use crate::scenario::{FAULTS_MAX, Fault, FaultEntry, FaultKind, Who};

/// The plan with a fault more.
pub(super) fn begun(
    plan: &Plan,
    now: Tick,
    (kind, whom): (&FaultKind, Who),
    ticks: u64,
) -> Result<Change, Fault> {
    there(plan, kind, &whom)?;
    if plan.faults.count() as u64 >= FAULTS_MAX {
        let found = format!("there have been {FAULTS_MAX} faults");
        return Err(refusal(found, "begin the run again"));
    }
    let to_tick = if ticks == 0 { u64::MAX } else { now.0.saturating_add(ticks) };
    let fault = FaultEntry { kind: kind.clone(), from_tick: now.0, to_tick, nodes: whom };
    let mut change = match fault.kind {
        FaultKind::Sybil { .. } => places::invented(plan, &fault)?,
        _ => Change { plan: Some(plan.clone()), ..Change::default() },
    };
    if let Some(plan) = &mut change.plan {
        let places: Vec<[i32; 3]> = plan.nodes.iter().map(|node| node.position_mm).collect();
        // Adversaries are a list by now.
        let faults = Arc::make_mut(&mut plan.faults);
        faults.begin(&fault, &places, &[]);
        if let Some(why) = faults.why_idle(places.len()) {
            return Err(refusal(why.to_owned(), "choose others, or begin it when they are there"));
        }
    }
    Ok(change)
}

/// The plan with a fault that is over.
pub(super) fn ended(plan: &Plan, now: Tick, fault: u32) -> Result<Plan, Fault> {
    let place = fault as usize;
    let Some((name, from, to)) = plan.faults.spans().nth(place) else {
        let found = format!("there is no fault {fault}; {} have begun", plan.faults.count());
        return Err(refusal(found, "faults are counted from 0, those of the scenario first"));
    };
    if to <= now.0 {
        let found = format!("fault {fault}, {name}, is over since tick {to}");
        return Err(refusal(found, "start another"));
    }
    if from > now.0 {
        let found = format!("fault {fault}, {name}, begins in tick {from}");
        return Err(refusal(found, "end it once it has begun"));
    }
    let mut plan = plan.clone();
    Arc::make_mut(&mut plan.faults).end(place, now);
    if let Some(before) = plan.faults.sybil(place) {
        let nodes: &mut Vec<_> = Arc::make_mut(&mut plan.nodes);
        sybils::retire(nodes, before, now);
    }
    Ok(plan)
}

/// Refuses ids beyond the nodes that there are: what is added later would be struck by chance.
fn there(plan: &Plan, kind: &FaultKind, whom: &Who) -> Result<(), Fault> {
    let about = match kind {
        FaultKind::Eclipse { victim: node } | FaultKind::Sybil { host: node, .. } => Some(*node),
        _ => None,
    };
    let most = match whom {
        Who::List(ids) => ids.iter().max().copied(),
        Who::Links(links) => links.iter().map(|(one, other)| *one.max(other)).max(),
        _ => None,
    };
    let last = plan.nodes.len().saturating_sub(1);
    match about.max(most) {
        Some(named) if named as usize > last => {
            let found = format!("{named} is no node; the last one is {last}");
            Err(refusal(found, "give the command again once it has joined"))
        }
        _ => Ok(()),
    }
}
