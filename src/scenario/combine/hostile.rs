//! Combinations of adversaries: which nodes there are; and of commands, as `orders` has them.

use super::{clip, each, orders};
use crate::scenario::{Fault, Realm, Scenario, attacks::listed};

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
        named(&format!("{at}.nodes"), &adversary.nodes, nodes)
    })?;
    let realm = Realm::of(scenario);
    each("commands", &scenario.commands, |at, order| {
        orders::command(&format!("{at}.command"), &order.command, &realm)
    })
}

/// A fault when a list names a node that is not there.
fn named(path: &str, list: &str, nodes: u64) -> Result<(), Fault> {
    match listed(list, nodes) {
        Ok(_) => Ok(()),
        Err(word) => Err(Fault::at(
            path,
            format!("`{path}` has \"{}\"", clip(&word, 60)),
            format!("accepted: ids and rising ranges from 0 to {}", nodes.saturating_sub(1)),
        )),
    }
}
