//! Combinations of adversaries and commands: which nodes there are, and what their rules need.

use super::{clip, each, fewest};
use crate::scenario::{Command, Fault, Scenario, attacks::listed};

/// Checks what must hold between adversaries, commands and the rest.
pub(super) fn check(scenario: &Scenario) -> Result<(), Fault> {
    let nodes = scenario.node_count();
    each("adversaries", &scenario.adversaries, |at, adversary| {
        if adversary.to_tick <= adversary.from_tick {
            return Err(Fault::at(
                format!("{at}.to_tick"),
                format!(
                    "`{at}.to_tick` {} is not after `from_tick` {}",
                    adversary.to_tick, adversary.from_tick
                ),
                "accepted: a later tick than `from_tick`",
            ));
        }
        named(&format!("{at}.nodes"), &adversary.nodes, nodes).map(|_| ())
    })?;
    each("commands", &scenario.commands, |at, order| {
        command(&format!("{at}.command"), &order.command, nodes, fewest(scenario))
    })
}

/// Checks a command, which stands at `at`, to a mesh of `nodes` nodes, `fewest` of one modality.
pub(in crate::scenario) fn command(
    at: &str,
    command: &Command,
    nodes: u64,
    fewest: u64,
) -> Result<(), Fault> {
    match command {
        Command::SetAttack { nodes: list, .. } => {
            let path = format!("{at}.nodes");
            if named(&path, list, nodes)? {
                return Ok(());
            }
            Err(Fault::at(
                path.clone(),
                format!("`{path}` names no node"),
                "accepted: at least one id",
            ))
        }
        Command::SetDefence { aggregation, trim_per_tail, .. } => {
            let needed = aggregation.voices_needed(*trim_per_tail);
            if needed <= fewest {
                return Ok(());
            }
            let path = format!("{at}.aggregation");
            Err(Fault::at(
                path.clone(),
                format!("`{path}` needs {needed} nodes of a modality, and there are {fewest}"),
                "lower its `faulty` or `trim_per_tail`, or add nodes",
            ))
        }
    }
}

/// Whether a list names any node; a fault when it names one that is not there.
fn named(path: &str, list: &str, nodes: u64) -> Result<bool, Fault> {
    match listed(list, nodes) {
        Ok(ids) => Ok(!ids.is_empty()),
        Err(word) => Err(Fault::at(
            path,
            format!("`{path}` has \"{}\"", clip(&word, 60)),
            format!("accepted: ids and rising ranges from 0 to {}", nodes.saturating_sub(1)),
        )),
    }
}
