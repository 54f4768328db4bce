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
    if plan.faults.spans().count() as u64 >= FAULTS_MAX {
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
        Arc::make_mut(&mut plan.faults).begin(&fault, &places, &[]);
    }
    Ok(change)
}

/// The plan with a fault that is over.
pub(super) fn ended(plan: &Plan, now: Tick, fault: u32) -> Result<Plan, Fault> {
    let place = fault as usize;
    let Some((name, _, to)) = plan.faults.spans().nth(place) else {
        let found = format!("there is no fault {fault}, only {}", plan.faults.spans().count());
        return Err(refusal(found, "faults are counted from 0, those of the scenario first"));
    };
    if to <= now.0 {
        let found = format!("fault {fault}, {name}, is over since tick {to}");
        return Err(refusal(found, "start another"));
    }
    let mut plan = plan.clone();
    Arc::make_mut(&mut plan.faults).end(place, now);
    let mut nodes = plan.nodes.to_vec();
    sybils::retire(&plan, &mut nodes, place, now);
    plan.nodes = Arc::new(nodes);
    Ok(plan)
}
