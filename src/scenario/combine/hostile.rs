//! Combinations of adversaries: which nodes there are; and of commands, as `orders` has them.

use super::{clip, each, orders};
use crate::scenario::attacks::{default_share, listed};
use crate::scenario::{Adversary, Attack, Command, Fault, FaultKind, Order, Realm, Scenario};

/// Checks what must hold between adversaries, commands and the rest.
pub(super) fn check(scenario: &Scenario) -> Result<(), Fault> {
    let nodes = scenario.node_count();
    let mut realm = Realm::of(scenario);
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
        let is_named = named(&format!("{at}.nodes"), &adversary.nodes, nodes)?;
        idle(at, adversary, is_named, realm.audits)?;
        vain(&format!("{at}.kind"), &adversary.kind, realm.audits, realm.evolves)?;
        if is_named { Ok(()) } else { somebody(at, adversary.share_percent, nodes) }
    })?;
    let (all_storms, mut storms) = (realm.storms, scenario.storms.len() as u64);
    let (all_faults, mut faults) = (realm.faults, scenario.faults.len() as u64);
    each("commands", &scenario.commands, |at, order| {
        in_time(at, order, scenario.ticks)?;
        // The one storm or fault too many is the last of them, not the first.
        let blows = matches!(order.command, Command::StartStorm { .. });
        realm.storms = if blows { storms } else { all_storms };
        storms += u64::from(blows);
        let fails = matches!(order.command, Command::StartFault { .. });
        realm.faults = if fails { faults } else { all_faults };
        faults += u64::from(fails);
        let at = format!("{at}.command");
        orders::command(&at, &order.command, &realm)?;
        order.command.has_effect(&at, realm.audits, realm.evolves)
    })
}

/// What is said of an adversary must make a difference.
fn idle(at: &str, adversary: &Adversary, is_named: bool, audits: bool) -> Result<(), Fault> {
    let share = adversary.share_percent;
    if is_named && share != default_share() {
        let path = format!("{at}.share_percent");
        let said = format!("`{path}` is {share}, but `nodes` names them");
        return Err(Fault::at(path, said, "leave one of the two out"));
    }
    if adversary.cover_up && !audits { Err(uncovered(at)) } else { Ok(()) }
}

fn uncovered(at: &str) -> Fault {
    let path = format!("{at}.cover_up");
    let said = format!("`{path}` is true, but nobody audits, and there is nothing to cover");
    Fault::at(path, said, "give `protocol.audit.every_rounds`, or leave it out")
}

/// A share of the nodes, rounded down, must be somebody.
fn somebody(at: &str, share_percent: u8, nodes: u64) -> Result<(), Fault> {
    if nodes * u64::from(share_percent) >= 100 {
        return Ok(());
    }
    let path = format!("{at}.share_percent");
    let least = 100_u64.div_ceil(nodes.max(1));
    Err(Fault::at(
        path.clone(),
        format!("`{path}` {share_percent} of {nodes} nodes is less than one node"),
        match least {
            ..=90 => format!("accepted here: {least} or more, or name nodes in `{at}.nodes`"),
            _ => format!("add nodes, or name some in `{at}.nodes`"),
        },
    )
    .or_at(&["nodes.count"]))
}

/// An attack must have something to attack, in a mesh that audits, or whose models evolve, or not.
fn vain(path: &str, attack: &Attack, audits: bool, evolves: bool) -> Result<(), Fault> {
    let (name, why, mend) = match attack {
        Attack::GenePoison if !evolves => {
            ("GenePoison", "no model evolves", "accepted with `protocol.evolution` On")
        }
        Attack::AuditPrediction { .. } if !audits => (
            "AuditPrediction",
            "nobody audits",
            "accepted with `protocol.audit.every_rounds` above 0; Bias does without",
        ),
        _ => return Ok(()),
    };
    Err(Fault::at(path, format!("`{path}` is {name}, but {why}"), mend))
}

/// A command must come while the scenario runs.
fn in_time(at: &str, order: &Order, ticks: u64) -> Result<(), Fault> {
    if order.at_tick < ticks {
        return Ok(());
    }
    let path = format!("{at}.at_tick");
    Err(Fault::at(
        path.clone(),
        format!("`{path}` is {}, and the run ends with tick {ticks}", order.at_tick),
        "accepted: ticks below `ticks`; raise that, or leave the command out",
    )
    .or_at(&["ticks"]))
}

impl Command {
    /// Checks that a command makes a difference in a mesh that audits, or whose models evolve, or
    /// not.
    ///
    /// # Errors
    /// What would have no effect, and what it lacks.
    pub fn has_effect(&self, at: &str, audits: bool, evolves: bool) -> Result<(), Fault> {
        if let Self::StartFault { kind: FaultKind::Sybil { attack, .. }, .. } = self {
            return vain(&format!("{at}.kind.attack"), attack, audits, evolves);
        }
        let Self::SetAttack { attack: Some(attack), cover_up, .. } = self else { return Ok(()) };
        if *cover_up && !audits {
            return Err(uncovered(at));
        }
        vain(&format!("{at}.attack"), attack, audits, evolves)
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
