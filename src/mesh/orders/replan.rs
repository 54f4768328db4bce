//! What a command makes of the plan: a function of plan, tick and command, so that the same log
//! gives the same mesh again. Nothing here looks at nodes as they are.

use std::sync::Arc;

use qres_core::aggregate::Recipe;
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::phase::Adoption;

use super::{live, places, refusal, troubles};
use crate::mesh::plan::Plan;
use crate::scenario::{self, Command, Fault, Links, STORMS_MAX, Who};
use crate::world::faults::Struck;
use crate::world::graph::Graph;
use crate::world::storm::StormTrack;

/// Links that one command may touch.
const LINKS_MAX: usize = 1_000_000;

/// What a command changes for good.
#[derive(Default)]
pub(super) struct Change {
    /// Another plan; `None`: the same.
    pub plan: Option<Plan>,
    /// Another rule to merge by.
    pub recipe: Option<(Recipe, Adoption)>,
    /// Nodes whose tables of others may not be right any more, sorted.
    pub touched: Vec<NodeId>,
}

/// What `command`, whose choices are resolved, changes of `plan` at `now`; `agreed` is what all
/// nodes run by.
///
/// # Errors
/// When it cannot be done to this mesh as it stands.
pub(super) fn change(
    plan: &Plan,
    agreed: &NodeConfig,
    now: Tick,
    command: &Command,
) -> Result<Change, Fault> {
    let planned = |plan: Plan| Change { plan: Some(plan), ..Change::default() };
    match command {
        Command::StartStorm { .. }
        | Command::MoveStorm { .. }
        | Command::SetStorm { .. }
        | Command::EndStorm { .. } => storms(plan, now, command).map(planned),
        Command::Kill { .. } | Command::Revive { .. } if !plan.faults.on_power() => {
            let mut faults = (*plan.faults).clone();
            faults.let_power_go();
            Ok(planned(Plan { faults: Arc::new(faults), ..plan.clone() }))
        }
        Command::Cut { links } => links_of(plan, links, false, |link| link.cut = true).map(planned),
        Command::Degrade { links, percent } => {
            links_of(plan, links, false, |link| link.loss_percent = *percent).map(planned)
        }
        Command::Restore { links } => {
            links_of(plan, links, true, |link| *link = Struck::default()).map(planned)
        }
        Command::MoveNodes { nodes, x_mm, z_mm } => {
            places::moved(plan, &super::choose::ids(nodes, plan), (*x_mm, *z_mm))
        }
        Command::AddNodes { .. } => places::added(plan, now, command),
        Command::StartFault { kind, whom, nodes, ticks } => {
            let listed = || Who::List(super::choose::ids(nodes, plan));
            let whom = if nodes.is_empty() { whom.clone() } else { listed() };
            troubles::begun(plan, now, (kind, whom), *ticks)
        }
        Command::EndFault { fault } => troubles::ended(plan, now, *fault).map(planned),
        Command::SetProtocol { .. } => parameter(plan, agreed, command),
        _ => Ok(Change::default()),
    }
}

fn parameter(plan: &Plan, agreed: &NodeConfig, command: &Command) -> Result<Change, Fault> {
    let Some((field, setting)) = live::setting(command) else { return Ok(Change::default()) };
    let changed = live::set(agreed, field, setting)?;
    let rules = (changed.recipe, changed.adoption);
    let recipe = (rules != (agreed.recipe, agreed.adoption)).then_some(rules);
    let (rule, adoption) = (plan.config.recipe, plan.config.adoption);
    let config = NodeConfig { recipe: rule, adoption, ..changed };
    Ok(Change { plan: Some(Plan { config, ..plan.clone() }), recipe, touched: Vec::new() })
}

fn storms(plan: &Plan, now: Tick, command: &Command) -> Result<Plan, Fault> {
    let mut storms = plan.storms.to_vec();
    if let Command::StartStorm { .. } = command {
        if storms.len() as u64 >= STORMS_MAX {
            let found = format!("there have been {STORMS_MAX} storms");
            return Err(refusal(found, "move a storm that is there"));
        }
        storms.extend(begun(now, command));
        return Ok(Plan { storms: storms.into(), ..plan.clone() });
    }
    let (Command::MoveStorm { storm, .. }
    | Command::SetStorm { storm, .. }
    | Command::EndStorm { storm }) = command
    else {
        return Ok(plan.clone());
    };
    let there = storms.len();
    let Some(track) = storms.get_mut(*storm as usize) else {
        let found = format!("there is no storm {storm}, only {there}");
        return Err(refusal(found, "storms are counted from 0, those of the scenario first"));
    };
    if track.to_tick() <= now.0 {
        let found = format!("storm {storm} is over since tick {}", track.to_tick());
        return Err(refusal(found, "start another"));
    }
    turn(track, now.0, command);
    Ok(Plan { storms: storms.into(), ..plan.clone() })
}

fn begun(now: Tick, command: &Command) -> Option<StormTrack> {
    let Command::StartStorm {
        x_mm,
        z_mm,
        radius_mm,
        intensity,
        spectrum,
        drift_mm,
        growth_mm,
        ticks,
    } = command
    else {
        return None;
    };
    let strength = scenario::fixed(*intensity);
    let mut track = StormTrack::begun(now.0, (*x_mm, *z_mm), *radius_mm, strength);
    track.sound(*spectrum);
    track.drift(now.0, (drift_mm.0.into(), drift_mm.1.into()));
    track.grow(now.0, (*growth_mm).into());
    if *ticks > 0 {
        track.end(now.0.saturating_add(*ticks));
    }
    Some(track)
}

fn turn(track: &mut StormTrack, now: u64, command: &Command) {
    match command {
        Command::MoveStorm { x_mm, z_mm, over_ticks, .. } => {
            track.go(now, *over_ticks, (*x_mm, *z_mm));
        }
        Command::SetStorm { radius_mm, intensity, drift_mm, growth_mm, over_ticks, .. } => {
            if let Some(radius_mm) = radius_mm {
                track.widen(now, *over_ticks, *radius_mm);
            }
            if let Some(intensity) = intensity {
                track.strengthen(now, *over_ticks, scenario::fixed(*intensity));
            }
            if let Some((x, z)) = drift_mm {
                track.drift(now, ((*x).into(), (*z).into()));
            }
            if let Some(growth_mm) = growth_mm {
                track.grow(now, (*growth_mm).into());
            }
        }
        _ => track.end(now),
    }
}

fn links_of(
    plan: &Plan,
    links: &Links,
    mends: bool,
    change: impl Fn(&mut Struck),
) -> Result<Plan, Fault> {
    let chosen = chosen(plan, links, mends)?;
    let mut faults = (*plan.faults).clone();
    faults.strike_links(|hands| {
        for ends in &chosen {
            hands.change(*ends, &change);
        }
    });
    Ok(Plan { faults: Arc::new(faults), ..plan.clone() })
}

/// The links that are meant, by their ends, the lesser first: of those to which something was done,
/// and, unless they are to be mended, of those that the graph has.
fn chosen(plan: &Plan, links: &Links, mends: bool) -> Result<Vec<(u32, u32)>, Fault> {
    let hands = plan.faults.hands();
    let linked = |(a, b): (u32, u32)| !mends && plan.graph.are_linked(NodeId(a), NodeId(b));
    if let Links::Pairs(pairs) = links {
        let ordered = pairs.iter().map(|(a, b)| (*a.min(b), *a.max(b)));
        let known = ordered.filter(|ends| linked(*ends) || hands.has(*ends));
        return bounded(known.collect(), mends);
    }
    let ids = |text: &str| super::choose::ids(text, plan);
    let sets = match links {
        Links::Of(nodes) => Some((ids(nodes), None)),
        Links::Between(one, other) => Some((ids(one), Some(ids(other)))),
        _ => None,
    };
    let has = |set: &[u32], id: u32| set.binary_search(&id).is_ok();
    let place = |id: u32| plan.nodes.get(id as usize).map(|node| node.position_mm);
    let meant = |(a, b): (u32, u32)| match (&sets, links) {
        (Some((one, None)), _) => has(one, a) || has(one, b),
        (Some((one, Some(other))), _) => {
            has(one, a) && has(other, b) || has(one, b) && has(other, a)
        }
        (None, Links::Across(line)) => match (place(a), place(b)) {
            (Some(a), Some(b)) => line.windows(2).any(|part| crosses(part, a, b)),
            _ => false,
        },
        (None, _) => true,
    };
    let graph = (!mends).then(|| pairs(&plan.graph)).into_iter().flatten();
    let struck = hands.all().map(|(ends, _)| ends).filter(|ends| !linked(*ends));
    let all = graph.chain(struck).filter(|ends| meant(*ends));
    bounded(all.take(LINKS_MAX + 1).collect(), mends)
}

fn bounded(chosen: Vec<(u32, u32)>, mends: bool) -> Result<Vec<(u32, u32)>, Fault> {
    match chosen.len() {
        0 if mends => {
            let found = "nothing was done to these links".to_owned();
            Err(refusal(found, "choose links that are cut or degraded"))
        }
        0 => Err(refusal("no link is meant".to_owned(), "choose links between nodes in range")),
        1..=LINKS_MAX => Ok(chosen),
        _ => Err(refusal(format!("more than {LINKS_MAX} links are meant"), "choose fewer")),
    }
}

/// Each link of a graph once, the lesser end first.
fn pairs(graph: &Graph) -> impl Iterator<Item = (u32, u32)> {
    (0..graph.len() as u32).flat_map(|node| {
        let near = graph.neighbours(NodeId(node)).iter();
        near.filter(move |other| **other > node).map(move |other| (node, *other))
    })
}

/// Whether the way between two nodes crosses a stroke on the ground. What touches it from the right
/// does not; so strokes that meet miss nothing and count nothing twice.
fn crosses(stroke: &[(i64, i64)], a: [i32; 3], b: [i32; 3]) -> bool {
    let [from, to] = stroke else { return false };
    let [from, to] = [from, to].map(|(x, z)| [i128::from(*x), i128::from(*z)]);
    let [a, b] = [a, b].map(|[x, _, z]| [i128::from(x), i128::from(z)]);
    let left = |from: [i128; 2], to: [i128; 2], at: [i128; 2]| {
        (to[0] - from[0]) * (at[1] - from[1]) - (to[1] - from[1]) * (at[0] - from[0]) < 0
    };
    left(from, to, a) != left(from, to, b) && left(a, b, from) != left(a, b, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_cross_what_lies_on_both_sides() {
        let (west, east) = ([-5, 0, 0], [5, 0, 0]);
        let cases = [
            (vec![(0, -9), (0, 9)], true),
            (vec![(0, 9), (0, -9)], true),
            (vec![(0, 1), (0, 9)], false),
            (vec![(6, -9), (6, 9)], false),
            // Through an end of it, and along it.
            (vec![(-9, 0), (9, 0)], false),
            (vec![(3, -1), (-3, 1)], true),
        ];
        for (line, expected) in cases {
            assert_eq!(crosses(&line, west, east), expected, "{line:?}");
            assert_eq!(crosses(&line, east, west), expected, "{line:?}");
        }
        // Strokes that meet on the link cross it once.
        let line = [(0, -9), (0, 0), (0, 9)];
        let met = line.windows(2).filter(|part| crosses(part, west, east)).count();
        assert_eq!(met, 1);
    }
}
