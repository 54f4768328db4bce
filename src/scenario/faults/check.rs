//! What faults may say: each value in its range, and what must hold between values. Must not know
//! what a fault does.

use super::super::check::{attack, each, list, said_as, whole, whole_as};
use super::super::{Fault, Layout, Realm, Scenario};
use super::{FaultEntry, FaultKind, Who};

/// Where the ranges of a fault's fields are.
const KNOWN: &str = "faults[]";
/// Entries that a list of nodes or links may have.
const CHOSEN_MAX: usize = 10_000;

/// Ranges of all faults.
pub(in crate::scenario) fn ranges(faults: &[FaultEntry]) -> Result<(), Fault> {
    list("faults", faults)?;
    each("faults", faults, |at, entry| {
        kind(&format!("{at}.kind"), &entry.kind)?;
        whole(&format!("{at}.from_tick"), entry.from_tick)?;
        whole(&format!("{at}.to_tick"), entry.to_tick)?;
        who(&format!("{at}.nodes"), &entry.nodes)
    })
}

/// Ranges of a fault that a command at `at` begins.
pub(in crate::scenario) fn begun(at: &str, begun: &FaultKind, whom: &Who) -> Result<(), Fault> {
    kind(&format!("{at}.kind"), begun)?;
    who(&format!("{at}.whom"), whom)
}

fn kind(at: &str, kind: &FaultKind) -> Result<(), Fault> {
    let number = |name: &str, value: u64| {
        whole_as(&format!("{at}.{name}"), &format!("{KNOWN}.kind.{name}"), value)
    };
    match kind {
        FaultKind::Partition => Ok(()),
        FaultKind::Loss { percent } | FaultKind::Duplication { percent } => {
            number("percent", u64::from(*percent))
        }
        FaultKind::Bursts { enter_per_mille, leave_per_mille, good_percent, bad_percent } => {
            number("enter_per_mille", u64::from(*enter_per_mille))?;
            number("leave_per_mille", u64::from(*leave_per_mille))?;
            number("good_percent", u64::from(*good_percent))?;
            number("bad_percent", u64::from(*bad_percent))
        }
        FaultKind::Reordering { percent, up_to_ticks } => {
            number("percent", u64::from(*percent))?;
            number("up_to_ticks", u64::from(*up_to_ticks))
        }
        FaultKind::Corruption { percent, bits, .. } => {
            number("percent", u64::from(*percent))?;
            number("bits", u64::from(*bits))
        }
        FaultKind::ClockSkew { ppm } => number("ppm", u64::from(*ppm)),
        FaultKind::Straggler { factor } => number("factor", u64::from(*factor)),
        FaultKind::PowerLoss { every_ticks, off_ticks, save_every_ticks, torn_percent } => {
            number("every_ticks", *every_ticks)?;
            number("off_ticks", *off_ticks)?;
            number("save_every_ticks", *save_every_ticks)?;
            number("torn_percent", u64::from(*torn_percent))
        }
        FaultKind::Churn { stay_ticks, away_ticks } => {
            number("stay_ticks", *stay_ticks)?;
            number("away_ticks", *away_ticks)
        }
        FaultKind::Jamming { duty_percent, period_us, strength_percent } => {
            number("duty_percent", u64::from(*duty_percent))?;
            number("period_us", u64::from(*period_us))?;
            number("strength_percent", u64::from(*strength_percent))
        }
        FaultKind::Eclipse { victim } => number("victim", u64::from(*victim)),
        FaultKind::Sybil { host, identities, attack: harm } => {
            number("host", u64::from(*host))?;
            number("identities", u64::from(*identities))?;
            attack(&format!("{at}.attack"), harm)
        }
    }
}

fn who(at: &str, who: &Who) -> Result<(), Fault> {
    let counted = |count: usize, of: &str| {
        let fits = (1..=CHOSEN_MAX).contains(&count);
        let found = || format!("a list of {count} {of}");
        if fits { Ok(()) } else { Err(said_as(at, &format!("{KNOWN}.nodes"), &found())) }
    };
    let number = |name: &str, value: i128| {
        whole_as(&format!("{at}.{name}"), &format!("{KNOWN}.nodes.{name}"), value)
    };
    match who {
        Who::All | Who::Adversaries => Ok(()),
        Who::Share { percent } => number("percent", (*percent).into()),
        Who::List(ids) => counted(ids.len(), "nodes"),
        Who::Links(links) => counted(links.len(), "links"),
        Who::Area { x_mm, z_mm, radius_mm } => {
            number("x_mm", (*x_mm).into())?;
            number("z_mm", (*z_mm).into())?;
            number("radius_mm", (*radius_mm).into())
        }
        Who::Side { x_mm, z_mm, to_x_mm, to_z_mm } => {
            number("x_mm", (*x_mm).into())?;
            number("z_mm", (*z_mm).into())?;
            number("to_x_mm", (*to_x_mm).into())?;
            number("to_z_mm", (*to_z_mm).into())
        }
    }
}

/// What must hold between values of faults and of the rest of the scenario.
pub(in crate::scenario) fn combine(scenario: &Scenario) -> Result<(), Fault> {
    each("faults", &scenario.faults, |at, entry| {
        if entry.to_tick <= entry.from_tick {
            return Err(Fault::at(
                format!("{at}.to_tick"),
                format!(
                    "`{at}.to_tick` {} is not after `from_tick` {}",
                    entry.to_tick, entry.from_tick
                ),
                "accepted: a later tick than `from_tick`",
            ));
        }
        let (kind, nodes) = (format!("{at}.kind"), format!("{at}.nodes"));
        chosen(&nodes, &entry.kind, &entry.nodes)?;
        known(scenario.node_count(), (&kind, &entry.kind), (&nodes, &entry.nodes))?;
        alone(&kind, &entry.kind, scenario.protocol.stream.step > 0.0)?;
        joins(scenario, at, entry)
    })?;
    room(scenario)
}

/// What must hold between a fault that a command at `at` begins and the mesh that it is given to;
/// whom it strikes stands in its field `name`.
pub(in crate::scenario) fn given(
    at: &str,
    kind: &FaultKind,
    (name, whom): (&str, &Who),
    realm: &Realm,
) -> Result<(), Fault> {
    let (kind_at, whom_at) = (format!("{at}.kind"), format!("{at}.{name}"));
    chosen(&whom_at, kind, whom)?;
    known(realm.nodes, (&kind_at, kind), (&whom_at, whom))?;
    alone(&kind_at, kind, realm.streams)
}

/// The choice must make sense for the kind.
fn chosen(at: &str, kind: &FaultKind, who: &Who) -> Result<(), Fault> {
    let refused = |why: &str, accepted: &str| Err(Fault::at(at, format!("`{at}` {why}"), accepted));
    match (kind, who) {
        (FaultKind::Jamming { .. }, Who::Area { .. }) | (FaultKind::Sybil { .. }, Who::All) => {
            Ok(())
        }
        (FaultKind::Jamming { .. }, _) => refused(
            "is no Area, but a jammer stands somewhere",
            "accepted for Jamming: Area(x_mm: .., z_mm: .., radius_mm: ..)",
        ),
        (FaultKind::Sybil { .. }, _) => {
            refused("chooses nodes, but a Sybil is its host's", "leave it out and set `host`")
        }
        (FaultKind::Partition | FaultKind::Eclipse { .. }, Who::All) => refused(
            "is All, and with everybody chosen nothing is cut",
            "accepted here: Share(..), List([..]), Area(..), Side(..) or Adversaries",
        ),
        (kind, Who::Links(_)) if !kind.is_of_links() => refused(
            &format!("chooses links, but {} strikes nodes", kind.name()),
            "accepted here: All, Share(..), List([..]), Area(..), Side(..) or Adversaries",
        ),
        (_, Who::Side { x_mm, z_mm, to_x_mm, to_z_mm }) if (x_mm, z_mm) == (to_x_mm, to_z_mm) => {
            refused("is a line from a place to the same place", "accepted: two different places")
        }
        _ => Ok(()),
    }
}

/// Ids must be those of nodes.
fn known(
    count: u64,
    (kind_at, kind): (&str, &FaultKind),
    (who_at, who): (&str, &Who),
) -> Result<(), Fault> {
    let check = |path: String, id: u32| {
        if u64::from(id) < count {
            return Ok(());
        }
        Err(Fault::at(
            path.clone(),
            format!("`{path}` is {id}, and there are {count} nodes"),
            format!("accepted: 0 to {}", count.saturating_sub(1)),
        ))
    };
    match kind {
        FaultKind::Eclipse { victim } => check(format!("{kind_at}.victim"), *victim)?,
        FaultKind::Sybil { host, .. } => check(format!("{kind_at}.host"), *host)?,
        _ => {}
    }
    match who {
        Who::List(ids) => ids.iter().try_for_each(|id| check(who_at.to_owned(), *id)),
        Who::Links(links) => links.iter().try_for_each(|(one, other)| {
            check(who_at.to_owned(), *one)?;
            check(who_at.to_owned(), *other)
        }),
        _ => Ok(()),
    }
}

/// Settings that a fault cannot live with.
fn alone(path: &str, kind: &FaultKind, streams: bool) -> Result<(), Fault> {
    match kind {
        FaultKind::Bursts { enter_per_mille, leave_per_mille, .. }
            if enter_per_mille + leave_per_mille > 1000 =>
        {
            Err(Fault::at(
                format!("{path}.leave_per_mille"),
                format!(
                    "`{path}.leave_per_mille` {leave_per_mille} and `enter_per_mille` \
                     {enter_per_mille} make more than 1000"
                ),
                "accepted: at most 1000 together, or bursts would be shorter than by chance",
            ))
        }
        FaultKind::PowerLoss { .. } | FaultKind::Churn { .. } if streams => Err(Fault::at(
            path,
            format!("`{path}` is {}, and nodes stream their readings", kind.name()),
            "accepted with `protocol.stream`: no PowerLoss and no Churn, since a stream does \
             not yet survive a restart of its sender",
        )
        .or_at(&["protocol.stream.step"])),
        _ => Ok(()),
    }
}

/// Invented identities come after all stations.
fn joins(scenario: &Scenario, at: &str, entry: &FaultEntry) -> Result<(), Fault> {
    let (FaultKind::Sybil { .. }, Layout::Stations(stations)) =
        (&entry.kind, &scenario.nodes.layout)
    else {
        return Ok(());
    };
    let last = stations.iter().map(|station| station.join_tick).max().unwrap_or(0);
    if entry.from_tick >= last {
        return Ok(());
    }
    Err(Fault::at(
        format!("{at}.from_tick"),
        format!("`{at}.from_tick` {} is before stations join", entry.from_tick),
        format!("accepted for a Sybil: {last} or later, when the last one has joined"),
    ))
}

/// Nodes and invented identities together must stay within what a mesh can hold.
fn room(scenario: &Scenario) -> Result<(), Fault> {
    let invented: u64 = scenario.faults.iter().map(|entry| entry.kind.newcomers()).sum();
    let all = invented + scenario.node_count();
    if all <= 1_000_000 {
        return Ok(());
    }
    Err(Fault::at(
        "faults",
        format!("nodes and the identities of Sybils are {all} together"),
        "accepted: at most 1000000",
    ))
}
