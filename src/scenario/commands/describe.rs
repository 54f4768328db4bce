//! A short text for each command, for people: timelines, logs and notices. Nothing reads it back.

use std::fmt::Write as _;

use super::{Command, Links, Post};
use crate::scenario::problem::clip;
use crate::scenario::{FaultKind, Who, list_of};

/// Longest that a list of nodes is in a text.
const NODES: usize = 40;

impl Command {
    /// What it does, such as `storm 2 moved to (120, 40) m`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::SetAttack { nodes, attack: None, .. } | Self::Heal { nodes } => {
                format!("{} healed", of(nodes))
            }
            Self::SetAttack { nodes, attack: Some(attack), collude, .. } => {
                let together = if *collude { ", together" } else { "" };
                format!("{} attack: {}{together}", of(nodes), kind(&format!("{attack:?}")))
            }
            Self::SetDefence { aggregation, .. } => {
                format!("defence: {}", kind(&format!("{aggregation:?}")))
            }
            Self::SetProtocol { field, value } => format!("{} is {value}", clip(field, 60)),
            Self::Kill { nodes } => format!("{} killed", of(nodes)),
            Self::Revive { nodes, memory } => {
                let how = if *memory { "" } else { " without memory" };
                format!("{} revived{how}", of(nodes))
            }
            Self::SetEnergy { nodes, percent } => format!("{} at {percent} % energy", of(nodes)),
            Self::Drain { nodes, percent } => format!("{} drained by {percent} %", of(nodes)),
            Self::Charge { nodes, percent } => format!("{} charged by {percent} %", of(nodes)),
            Self::Cut { links } => format!("links cut {}", which(links)),
            Self::Degrade { links, percent } => {
                format!("links {} lose {percent} %", which(links))
            }
            Self::Restore { links } => format!("links restored {}", which(links)),
            Self::MoveNodes { nodes, x_mm, z_mm } => {
                format!("{} moved to {}", of(nodes), place(*x_mm, *z_mm))
            }
            Self::AddNodes { count, x_mm, z_mm, role, .. } => {
                let what = match (role, count) {
                    (Post::Sentinel, 1) => "sentinel",
                    (Post::Sentinel, _) => "sentinels",
                    (_, 1) => "node",
                    _ => "nodes",
                };
                format!("{count} {what} added at {}", place(*x_mm, *z_mm))
            }
            Self::StartFault { kind, whom, nodes, ticks } => {
                let long = if *ticks > 0 { format!(" for {ticks} ticks") } else { String::new() };
                let whom = match nodes.as_str() {
                    "" => struck(whom),
                    nodes => format!("for {}", of(nodes)),
                };
                format!("{}{long}", fault(kind, &whom))
            }
            Self::EndFault { fault } => format!("fault {fault} ended"),
            storm => self::storm(storm),
        }
    }
}

/// What goes wrong, and for whom.
fn fault(kind: &FaultKind, whom: &str) -> String {
    let name = kind.name();
    match kind {
        FaultKind::Eclipse { victim } => {
            let by = whom.strip_prefix("for ").unwrap_or(whom);
            format!("{name} of node {victim} by {by}")
        }
        FaultKind::Sybil { host, identities, .. } => {
            format!("{name}: node {host} invents {identities} identities")
        }
        _ => format!("{name} {whom}"),
    }
}

fn struck(whom: &Who) -> String {
    match whom {
        Who::All => "for all nodes".to_owned(),
        Who::Share { percent } => format!("for {percent} % of the nodes"),
        Who::List(ids) => format!("for {}", of(&list_of(ids))),
        Who::Links(links) if links.len() == 1 => "for 1 link".to_owned(),
        Who::Links(links) => format!("for {} links", links.len()),
        Who::Area { x_mm, z_mm, radius_mm } => {
            format!("within {} m of {}", metres((*radius_mm).into()), place(*x_mm, *z_mm))
        }
        Who::Side { x_mm, z_mm, to_x_mm, to_z_mm } => format!(
            "for nodes left of the line from {} to {}",
            place(*x_mm, *z_mm),
            place(*to_x_mm, *to_z_mm)
        ),
        Who::Adversaries => "for adversaries".to_owned(),
    }
}

fn storm(command: &Command) -> String {
    match command {
        Command::StartStorm { x_mm, z_mm, radius_mm, intensity, .. } => {
            let (at, wide) = (place(*x_mm, *z_mm), metres((*radius_mm).into()));
            format!("storm started at {at}, radius {wide} m, intensity {intensity}")
        }
        Command::MoveStorm { storm, x_mm, z_mm, over_ticks } => {
            format!("storm {storm} moved to {}{}", place(*x_mm, *z_mm), over(*over_ticks))
        }
        Command::SetStorm { storm, radius_mm, intensity, drift_mm, growth_mm, over_ticks } => {
            let mut text = format!("storm {storm}");
            // Writing to a string cannot fail.
            if let Some(radius) = radius_mm {
                let _ = write!(text, ", radius {} m", metres((*radius).into()));
            }
            if let Some(intensity) = intensity {
                let _ = write!(text, ", intensity {intensity}");
            }
            if let Some((x, z)) = drift_mm {
                let _ = write!(text, ", drift {} a tick", place((*x).into(), (*z).into()));
            }
            if let Some(growth) = growth_mm {
                let _ = write!(text, ", growth {} m a tick", metres((*growth).into()));
            }
            text + &over(*over_ticks)
        }
        Command::EndStorm { storm } => format!("storm {storm} ended"),
        _ => String::new(),
    }
}

fn of(nodes: &str) -> String {
    let single = nodes.trim().parse::<u32>().is_ok();
    format!("{} {}", if single { "node" } else { "nodes" }, clip(nodes, NODES))
}

fn over(ticks: u64) -> String {
    if ticks == 0 { String::new() } else { format!(" over {ticks} ticks") }
}

/// The name of a variant from how it is debugged.
fn kind(debugged: &str) -> &str {
    debugged.split([' ', '(', '{']).next().unwrap_or(debugged)
}

fn place(x_mm: i64, z_mm: i64) -> String {
    format!("({}, {}) m", metres(x_mm), metres(z_mm))
}

/// Millimetres as metres, without zeros at the end.
fn metres(mm: i64) -> String {
    let (sign, mm) = (if mm < 0 { "-" } else { "" }, mm.unsigned_abs());
    let text = format!("{sign}{}.{:03}", mm / 1_000, mm % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn which(links: &Links) -> String {
    match links {
        Links::All => "everywhere".to_owned(),
        Links::Of(nodes) => format!("of {}", of(nodes)),
        Links::Between(one, other) => format!("between {} and {}", of(one), of(other)),
        Links::Across(line) => {
            let from = line.first().map_or_else(String::new, |(x, z)| place(*x, *z));
            let to = line.last().map_or_else(String::new, |(x, z)| place(*x, *z));
            format!("across the line from {from} to {to}")
        }
        Links::Pairs(pairs) => match pairs.as_slice() {
            [(one, other)] => format!("between {one} and {other}"),
            pairs => format!("between {} pairs of nodes", pairs.len()),
        },
    }
}
