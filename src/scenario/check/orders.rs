//! Ranges of commands. What must hold between them and the rest is `combine`'s.

use super::hostile::attack;
use super::{aggregation, preparation, real_as, whole_as};
use crate::scenario::{Command, Fault, Links, Order, Spectrum};

/// Where the ranges of a command's fields are.
const KNOWN: &str = "commands[].command";
/// Farthest place along an axis, millimetres.
const FAR_MM: i64 = 1_000_000_000;
/// Fastest drift along an axis, millimetres a tick.
const DRIFT_MM: i32 = 1_000_000;
/// Places of a drawn line.
const PLACES: std::ops::RangeInclusive<usize> = 2..=256;
/// Links that a command may name one by one.
const PAIRS_MAX: usize = 1_000_000;

pub(super) fn order(at: &str, order: &Order) -> Result<(), Fault> {
    super::whole(&format!("{at}.at_tick"), order.at_tick)?;
    command(&format!("{at}.command"), &order.command)
}

/// Checks a command, which stands at `at`.
pub(in crate::scenario) fn command(at: &str, command: &Command) -> Result<(), Fault> {
    match command {
        Command::SetAttack { attack: None, .. }
        | Command::Heal { .. }
        | Command::Kill { .. }
        | Command::Revive { .. } => Ok(()),
        Command::SetAttack { attack: Some(kind), .. } => attack(&format!("{at}.attack"), kind),
        Command::SetDefence { aggregation: rule, preparation: before, trim_per_tail, .. } => {
            aggregation(&format!("{at}.aggregation"), rule)?;
            preparation(&format!("{at}.preparation"), before)?;
            let path = format!("{at}.trim_per_tail");
            whole_as(&path, "protocol.trim_per_tail", *trim_per_tail)
        }
        Command::SetProtocol { field, value } => parameter(at, field, *value),
        Command::SetEnergy { percent, .. }
        | Command::Drain { percent, .. }
        | Command::Charge { percent, .. } => count(at, "percent", *percent),
        Command::Cut { links: chosen } | Command::Restore { links: chosen } => links(at, chosen),
        Command::Degrade { links: chosen, percent } => {
            links(at, chosen)?;
            count(at, "percent", *percent)
        }
        Command::MoveNodes { x_mm, z_mm, .. } => place(at, *x_mm, *z_mm),
        Command::AddNodes { count: nodes, x_mm, z_mm, spread_mm, .. } => {
            count(at, "count", *nodes)?;
            place(at, *x_mm, *z_mm)?;
            count(at, "spread_mm", *spread_mm)
        }
        Command::StartFault { kind, whom, ticks, .. } => {
            crate::scenario::faults::begun(at, kind, whom)?;
            count(at, "ticks", *ticks)
        }
        other => storm(at, other),
    }
}

fn storm(at: &str, command: &Command) -> Result<(), Fault> {
    let strength =
        |value: f64| real_as(&format!("{at}.intensity"), &format!("{KNOWN}.intensity"), value);
    match command {
        Command::StartStorm {
            x_mm,
            z_mm,
            radius_mm,
            intensity,
            spectrum,
            drift_mm,
            growth_mm,
            ticks,
        } => {
            place(at, *x_mm, *z_mm)?;
            count(at, "radius_mm", *radius_mm)?;
            strength(*intensity)?;
            character(at, *spectrum)?;
            drift(at, *drift_mm)?;
            count(at, "growth_mm", *growth_mm)?;
            count(at, "ticks", *ticks)
        }
        Command::MoveStorm { x_mm, z_mm, over_ticks, .. } => {
            place(at, *x_mm, *z_mm)?;
            count(at, "over_ticks", *over_ticks)
        }
        Command::SetStorm { radius_mm, intensity, drift_mm, growth_mm, over_ticks, .. } => {
            radius_mm.map_or(Ok(()), |radius| count(at, "radius_mm", radius))?;
            intensity.map_or(Ok(()), strength)?;
            drift_mm.map_or(Ok(()), |way| drift(at, way))?;
            growth_mm.map_or(Ok(()), |growth| count(at, "growth_mm", growth))?;
            count(at, "over_ticks", *over_ticks)
        }
        _ => Ok(()),
    }
}

fn count(at: &str, name: &str, value: impl Into<i128>) -> Result<(), Fault> {
    whole_as(&format!("{at}.{name}"), &format!("{KNOWN}.{name}"), value)
}

fn place(at: &str, x_mm: i64, z_mm: i64) -> Result<(), Fault> {
    count(at, "x_mm", x_mm)?;
    count(at, "z_mm", z_mm)
}

fn drift(at: &str, (x, z): (i32, i32)) -> Result<(), Fault> {
    if x.abs_diff(0) <= DRIFT_MM.unsigned_abs() && z.abs_diff(0) <= DRIFT_MM.unsigned_abs() {
        return Ok(());
    }
    Err(super::said_as(
        &format!("{at}.drift_mm"),
        "commands[].command.drift_mm",
        &format!("({x}, {z})"),
    ))
}

fn character(at: &str, spectrum: Spectrum) -> Result<(), Fault> {
    let samples = |name: &str, value: u16| {
        let known = format!("storms[].spectrum.{name}");
        whole_as(&format!("{at}.spectrum.{name}"), &known, value)
    };
    match spectrum {
        Spectrum::White | Spectrum::Gust | Spectrum::Gain => Ok(()),
        Spectrum::Tone { period_samples } => samples("period_samples", period_samples),
        Spectrum::Coloured { period_samples, coherence_samples } => {
            samples("period_samples", period_samples)?;
            samples("coherence_samples", coherence_samples)
        }
    }
}

fn links(at: &str, links: &Links) -> Result<(), Fault> {
    let path = format!("{at}.links");
    let refused = |found: String, accepted: &str| {
        Err(Fault::at(path.clone(), format!("`{path}` {found}"), accepted))
    };
    match links {
        Links::Across(line) if !PLACES.contains(&line.len()) => refused(
            format!("is a line of {} places", line.len()),
            "accepted: Across of 2 to 256 places",
        ),
        Links::Across(line) => {
            let far = |mm: &i64| !(-FAR_MM..=FAR_MM).contains(mm);
            match line.iter().find(|(x, z)| far(x) || far(z)) {
                Some((x, z)) => refused(
                    format!("has the place ({x}, {z})"),
                    "accepted: places from -1000000000 to 1000000000 mm",
                ),
                None if line.windows(2).all(|pair| matches!(pair, [a, b] if a == b)) => refused(
                    "is a line of no length".to_owned(),
                    "accepted: Across of places that are not all the same",
                ),
                None => Ok(()),
            }
        }
        Links::Pairs(pairs) if pairs.is_empty() || pairs.len() > PAIRS_MAX => {
            refused(format!("has {} pairs", pairs.len()), "accepted: 1 to 1000000 pairs")
        }
        _ => Ok(()),
    }
}

fn parameter(at: &str, field: &str, value: f64) -> Result<(), Fault> {
    use crate::scenario::problem::{clip, nearest};
    use crate::scenario::{LIVE, live};
    let Some(known) = live(field) else {
        let names = || LIVE.iter().map(|live| live.field);
        let hint = super::super::combine::meant(nearest(field, names()));
        let path = format!("{at}.field");
        return Err(Fault::at(
            path.clone(),
            format!("`{path}` is \"{}\"{hint}, which cannot change in mid-run", clip(field, 60)),
            "accepted: a field listed in docs/commands.md under parameters",
        ));
    };
    if known.takes(value) {
        return Ok(());
    }
    let path = format!("{at}.value");
    let accepted = format!("accepted for {field}: {}", known.accepts());
    Err(Fault::at(path.clone(), format!("`{path}` is {value:?}"), accepted))
}
