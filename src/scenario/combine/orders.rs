//! Combinations of commands: which nodes, storms and modalities there are, and what a command
//! needs of the mesh that it is given to.

use super::{clip, meant, nearest, quoted};
use crate::scenario::commands::{FAULTS_MAX, NODES_MAX, STORMS_MAX};
use crate::scenario::{
    Aggregation, Command, Fault, FaultKind, Links, Realm, Selector, SelectorError, Who, faults,
    live,
};

/// Checks a command, which stands at `at`, to a mesh.
pub(in crate::scenario) fn command(
    at: &str,
    command: &Command,
    realm: &Realm,
) -> Result<(), Fault> {
    for (field, text) in command.selectors() {
        let path = format!("{at}.{field}");
        selector(&path, text, realm)?;
    }
    match command {
        Command::SetDefence { aggregation, trim_per_tail, .. } => {
            let needed = aggregation.voices_needed(*trim_per_tail);
            if needed <= realm.fewest {
                return Ok(());
            }
            let path = format!("{at}.aggregation");
            let fewest = realm.fewest;
            Err(Fault::at(
                path.clone(),
                format!("`{path}` needs {needed} nodes of a modality, and there are {fewest}"),
                "lower its `faulty` or `trim_per_tail`, or add nodes",
            ))
        }
        Command::SetProtocol { field, value } => parameter(at, field, *value, realm),
        Command::StartStorm { .. } if realm.storms >= STORMS_MAX => {
            let found = format!("`{at}` is one storm more than {STORMS_MAX}");
            Err(Fault::at(at, found, "move a storm that is there: MoveStorm(..), SetStorm(..)"))
        }
        Command::MoveStorm { storm, .. }
        | Command::SetStorm { storm, .. }
        | Command::EndStorm { storm } => {
            numbered(at, "storm", *storm, realm.storms, "StartStorm(..)")
        }
        Command::Revive { memory: false, .. } => without_memory(at, realm),
        Command::Cut { links } | Command::Degrade { links, .. } | Command::Restore { links } => {
            pairs(at, links, realm)
        }
        Command::MoveNodes { .. } => fixed(at, "nodes that move", realm),
        Command::AddNodes { count, modality, .. } => {
            fixed(at, "nodes that are added", realm)?;
            modality_known(&format!("{at}.modality"), modality, realm)?;
            room(at, "count", *count, realm)
        }
        Command::StartFault { kind, whom, nodes, .. } => begun(at, kind, (whom, nodes), realm),
        Command::EndFault { fault } => {
            numbered(at, "fault", *fault, realm.faults, "StartFault(..)")
        }
        _ => Ok(()),
    }
}

/// Checks a selector; one that can only ever mean nobody is refused.
fn selector(path: &str, text: &str, realm: &Realm) -> Result<(), Fault> {
    let last = realm.nodes.saturating_sub(1);
    let accepted = || format!("accepted: ids and rising ranges from 0 to {last}, and properties");
    let read = Selector::parse(text).map_err(|error| {
        let words = error.accepted();
        let SelectorError { word, at, why } = error;
        let found = format!("`{path}` has \"{}\" at character {at}", clip(&word, 60));
        // Where the reason says what is accepted, that is enough.
        let found = if why == words { found } else { format!("{found}: {why}") };
        Fault::at(path, found, words)
    })?;
    if let Some(word) = read.beyond(realm.nodes) {
        return Err(Fault::at(path, format!("`{path}` has \"{}\"", clip(&word, 60)), accepted()));
    }
    for name in read.groups() {
        modality_known(path, name, realm)?;
    }
    if read.is_empty() {
        let found = format!("`{path}` names no node");
        return Err(Fault::at(path, found, "accepted: at least one id or property"));
    }
    Ok(())
}

fn modality_known(path: &str, name: &str, realm: &Realm) -> Result<(), Fault> {
    let known = || realm.modalities.iter().map(String::as_str);
    if name.is_empty() || known().any(|known| known == name) {
        return Ok(());
    }
    let hint = meant(nearest(name, known()));
    Err(Fault::at(
        path,
        format!("no signal has the modality `{}`{hint}", clip(name, 60)),
        format!("accepted: {}", quoted(known())),
    ))
}

/// The number of a storm or a fault, of which there are so many.
fn numbered(at: &str, name: &str, number: u32, there: u64, start: &str) -> Result<(), Fault> {
    if u64::from(number) < there {
        return Ok(());
    }
    let path = format!("{at}.{name}");
    let accepted = match there {
        0 => format!("there is no {name}; start one with {start}"),
        there => format!("accepted: 0 to {}", there - 1),
    };
    Err(Fault::at(path.clone(), format!("`{path}` is {number}"), accepted))
}

fn parameter(at: &str, field: &str, value: f64, realm: &Realm) -> Result<(), Fault> {
    let path = format!("{at}.field");
    let needs = live(field).map_or(super::super::Needs::Nothing, |live| live.needs);
    if !realm.has(needs) {
        let accepted = format!("accepted where the scenario says `{}`", needs.words());
        return Err(Fault::at(path.clone(), format!("`{path}` is \"{field}\""), accepted));
    }
    if field == "protocol.gossip" && value == 0.0 && realm.audits {
        return Err(audited(at, "nodes that send nothing"));
    }
    let needed = Aggregation::TrimmedMean.voices_needed(u8::from(value > 0.0));
    if field == "protocol.trim_per_tail" && realm.fewest < needed {
        let value_at = format!("{at}.value");
        let fewest = realm.fewest;
        let found = format!(
            "`{value_at}` {value} needs {needed} nodes of a modality, and there are {fewest}"
        );
        return Err(Fault::at(value_at, found, "accepted there: 0"));
    }
    Ok(())
}

/// A fault that is begun.
fn begun(
    at: &str,
    kind: &FaultKind,
    (whom, nodes): (&Who, &str),
    realm: &Realm,
) -> Result<(), Fault> {
    if realm.faults >= FAULTS_MAX {
        let found = format!("`{at}` is one fault more than {FAULTS_MAX}");
        return Err(Fault::at(at, found, "leave it out"));
    }
    if !nodes.is_empty() && *whom != Who::All {
        let path = format!("{at}.whom");
        let found = format!("`{path}` is given, but `nodes` says whom");
        return Err(Fault::at(path, found, "leave one of the two out"));
    }
    // Nodes that a selector means are a list by the time that it begins.
    let listed = Who::List(Vec::new());
    let (name, whom) = if nodes.is_empty() { ("whom", whom) } else { ("nodes", &listed) };
    faults::given(at, kind, (name, whom), realm)?;
    match kind {
        FaultKind::PowerLoss { .. } | FaultKind::Churn { .. } if realm.audits => {
            Err(audited(&format!("{at}.kind"), "nodes that restart without their memory"))
        }
        FaultKind::Sybil { identities, .. } => {
            fixed(at, "nodes that are added", realm)?;
            room(&format!("{at}.kind"), "identities", (*identities).into(), realm)
        }
        _ => Ok(()),
    }
}

fn without_memory(at: &str, realm: &Realm) -> Result<(), Fault> {
    let path = format!("{at}.memory");
    if realm.audits {
        return Err(audited(&path, "nodes that restart without their memory"));
    }
    if realm.streams {
        return Err(Fault::at(
            path.clone(),
            format!("`{path}` is false, and nodes stream their readings"),
            "accepted with `protocol.stream`: true, since a stream does not survive a restart",
        ));
    }
    Ok(())
}

/// Sums and audits are agreed on by who stands where at the start.
fn fixed(at: &str, what: &str, realm: &Realm) -> Result<(), Fault> {
    if realm.sums {
        return Err(Fault::at(
            at,
            format!("`{at}` has {what}, but the groups that sum are made at the start"),
            "leave out `protocol.secure_aggregation.members`",
        ));
    }
    if realm.audits { Err(audited(at, what)) } else { Ok(()) }
}

fn audited(at: &str, what: &str) -> Fault {
    Fault::at(
        at,
        format!("`{at}` has {what}, which audits cannot follow"),
        "leave out `protocol.audit.every_rounds`",
    )
}

fn pairs(at: &str, links: &Links, realm: &Realm) -> Result<(), Fault> {
    let Links::Pairs(pairs) = links else { return Ok(()) };
    let beyond = |id: u32| u64::from(id) >= realm.nodes;
    let Some((one, other)) = pairs.iter().find(|(a, b)| a == b || beyond(*a) || beyond(*b)) else {
        return Ok(());
    };
    let path = format!("{at}.links");
    let last = realm.nodes.saturating_sub(1);
    Err(Fault::at(
        path.clone(),
        format!("`{path}` has ({one}, {other})"),
        format!("accepted: two different ids from 0 to {last}"),
    ))
}

fn room(at: &str, name: &str, count: u32, realm: &Realm) -> Result<(), Fault> {
    // A scenario's own realm counts what its commands add already.
    let is_own = at.starts_with("commands[");
    let all = realm.nodes.saturating_add(if is_own { 0 } else { count.into() });
    if all <= NODES_MAX {
        return Ok(());
    }
    let path = format!("{at}.{name}");
    Err(Fault::at(
        path.clone(),
        format!("`{path}` makes {all} nodes together"),
        format!("accepted: at most {NODES_MAX} nodes in a mesh"),
    ))
}
