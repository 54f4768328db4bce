//! Combinations: values that are each in range but cannot stand together.
//! Assumes that `check` has passed the ranges; must not look at files.

mod hostile;
mod orders;
pub(super) use orders::command;

use qres_core::audit::log::FULL_BYTES;

use super::{
    AIR_HEADER_BYTES, Adoption, Aggregation, Audit, Bans, Evolution, Fault, FaultEntry, FaultKind,
    Layout, Privacy, Protocol, Scenario, Sentinels, Signal, Source, Station, Storm, Sun,
    check::each,
    library,
    problem::{clip, nearest},
};

/// Checks what must hold between values.
pub(super) fn check(scenario: &Scenario) -> Result<(), Fault> {
    nodes(scenario)?;
    radio(scenario)?;
    twt(scenario)?;
    energy(scenario)?;
    protocol(scenario)?;
    audit(scenario)?;
    signals(scenario)?;
    each("storms", &scenario.storms, storm)?;
    hostile::check(scenario)?;
    super::faults::combine(scenario)?;
    cameras(scenario)
}

fn nodes(scenario: &Scenario) -> Result<(), Fault> {
    let Layout::Stations(stations) = &scenario.nodes.layout else {
        return match &scenario.nodes.sentinels {
            Sentinels::PerStation(_) => Err(Fault::at(
                "nodes.sentinels",
                "`nodes.sentinels` is PerStation(..), but the layout has no stations",
                "accepted here: Cover or Every(n)",
            )),
            _ => Ok(()),
        };
    };
    if let Some(count) = scenario.nodes.count {
        return Err(Fault::at(
            "nodes.count",
            format!("`nodes.count` is {count}, but stations count themselves"),
            "leave it out: there is one node for each station and signal",
        ));
    }
    each("nodes.layout", stations, named)?;
    unique("nodes.layout", "name", stations.iter().map(|station| station.name.as_str()))?;
    if let Sentinels::PerStation(modality) = &scenario.nodes.sentinels {
        let known = || scenario.signals.iter().map(|signal| signal.modality.as_str());
        if !known().any(|name| name == modality) {
            let hint = meant(nearest(modality, known()));
            return Err(Fault::at(
                "nodes.sentinels",
                format!("no signal has the modality `{}`{hint}", clip(modality, 60)),
                format!("accepted: PerStation of {}", quoted(known())),
            ));
        }
    }
    if scenario.node_count() > 1_000_000 {
        return Err(Fault::at(
            "nodes.layout",
            format!("stations times signals make {} nodes", scenario.node_count()),
            "accepted: at most 1000000 nodes",
        ));
    }
    Ok(())
}

/// What is audited must be what can be computed again, and fit what a node keeps for that.
fn audit(scenario: &Scenario) -> Result<(), Fault> {
    let protocol = &scenario.protocol;
    let every = "protocol.audit.every_rounds";
    if protocol.audit.every_rounds == 0 {
        let plain = Audit::default();
        let idle = [
            (protocol.audit.rate_percent.to_bits() != plain.rate_percent.to_bits(), "rate_percent"),
            (protocol.audit.outliers, "outliers"),
        ];
        let Some((_, name)) = idle.into_iter().find(|(is_said, _)| *is_said) else {
            return Ok(());
        };
        let path = format!("protocol.audit.{name}");
        let said = format!("`{path}` is given, but `{every}` is 0, and nobody audits");
        return Err(Fault::at(path, said, format!("give `{every}`, or leave it out")));
    }
    let companions = scenario.signals.iter().any(|signal| !signal.companions.is_empty());
    let is_summed = protocol.secure_aggregation.members > 0;
    let falters = |entry: &FaultEntry| {
        matches!(entry.kind, FaultKind::PowerLoss { .. } | FaultKind::Churn { .. })
    };
    let restarts = scenario.faults.iter().any(falters);
    let clashes = [
        (protocol.evolution != Evolution::Off, "protocol.evolution", "models that evolve"),
        (companions, "signals", "forecasts that hear companions"),
        (scenario.nodes.on_demand_percent > 0, "nodes.on_demand_percent", "rounds without end"),
        (!protocol.gossip, "protocol.gossip", "nodes that send nothing"),
        (protocol.privacy.is_on(), "protocol.privacy", "updates with noise"),
        (protocol.summary.asks > 0, "protocol.summary.asks", "models that are handed over"),
        (is_summed, "protocol.secure_aggregation.members", "sums in which no part shows"),
        (restarts, "faults", "nodes that restart without their memory"),
    ];
    if let Some((_, other, what)) = clashes.into_iter().find(|(clashes, ..)| *clashes) {
        return Err(Fault::at(
            every,
            format!(
                "`{every}` is {}, but audits cannot follow {what}",
                protocol.audit.every_rounds
            ),
            format!("accepted with this `{other}`: 0"),
        )
        .or_at(&[other]));
    }
    let period_ms = u64::from(scenario.tick_ms) * u64::from(scenario.sample_every);
    let round_ms = u64::from(scenario.twt.calm_ms) * (100 + u64::from(scenario.twt.jitter_percent));
    let samples = round_ms / (100 * period_ms.max(1)) + 2;
    let most = (FULL_BYTES as u64 - 1_024) / 5;
    if samples > most {
        return Err(Fault::at(
            every,
            format!(
                "a round of `twt.calm_ms` has {samples} samples; a node keeps {most} for audits"
            ),
            "lower `twt.calm_ms`, raise `sample_every`, or leave audits out",
        )
        .or_at(&["twt.calm_ms", "sample_every", "tick_ms"]));
    }
    Ok(())
}

/// A station's name becomes part of a file's path.
fn named(at: &str, station: &Station) -> Result<(), Fault> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    if station.name.chars().all(plain) && station.name.trim() == station.name {
        return Ok(());
    }
    Err(Fault::at(
        format!("{at}.name"),
        format!("`{at}.name` is \"{}\"", clip(&station.name, 60)),
        "accepted: letters, digits, `-`, `_`, and spaces between them",
    ))
}

fn radio(scenario: &Scenario) -> Result<(), Fault> {
    let radio = &scenario.radio;
    if radio.mtu_bytes <= AIR_HEADER_BYTES {
        return Err(Fault::at(
            "radio.mtu_bytes",
            format!("`radio.mtu_bytes` is {}, which the header fills", radio.mtu_bytes),
            format!("accepted: more than the {AIR_HEADER_BYTES} bytes of the header"),
        ));
    }
    if radio.loss_floor_percent > radio.loss_at_range_percent {
        return Err(Fault::at(
            "radio.loss_floor_percent",
            format!(
                "`radio.loss_floor_percent` {} is above `radio.loss_at_range_percent` {}",
                radio.loss_floor_percent, radio.loss_at_range_percent
            ),
            "accepted: at most as much loss near as at full range",
        )
        .or_at(&["radio.loss_at_range_percent"]));
    }
    let (airtime, window) = (radio.full_airtime_us(), u64::from(scenario.twt.window_ms) * 1000);
    if airtime > window {
        return Err(Fault::at(
            "radio.bitrate_bps",
            format!(
                "a full fragment of {} bytes is {airtime} us on the air, longer than the window \
                 of {window} us",
                radio.mtu_bytes
            ),
            "raise `radio.bitrate_bps` or `twt.window_ms`, or lower `radio.mtu_bytes`",
        )
        .or_at(&["radio.mtu_bytes", "twt.window_ms", "radio.preamble_us"]));
    }
    Ok(())
}

fn twt(scenario: &Scenario) -> Result<(), Fault> {
    let twt = &scenario.twt;
    let least_first = [
        ("twt.prestorm_ms", twt.prestorm_ms, "twt.calm_ms", twt.calm_ms),
        ("twt.storm_ms", twt.storm_ms, "twt.prestorm_ms", twt.prestorm_ms),
        ("twt.window_ms", twt.window_ms, "twt.prestorm_ms", twt.prestorm_ms),
        ("twt.storm_window_ms", twt.storm_window_ms, "twt.storm_ms", twt.storm_ms),
    ];
    for (less, value, more, limit) in least_first {
        if value > limit {
            return Err(Fault::at(
                less,
                format!("`{less}` {value} is above `{more}` {limit}"),
                format!("accepted: at most `{more}`"),
            )
            .or_at(&[more]));
        }
    }
    if twt.storm_ms < scenario.tick_ms {
        return Err(Fault::at(
            "twt.storm_ms",
            format!("`twt.storm_ms` {} is below `tick_ms` {}", twt.storm_ms, scenario.tick_ms),
            "accepted: at least one tick, since a node wakes at most once in a tick",
        )
        .or_at(&["tick_ms"]));
    }
    Ok(())
}

fn energy(scenario: &Scenario) -> Result<(), Fault> {
    let energy = &scenario.energy;
    if energy.recover_percent < 2 * energy.brownout_percent {
        return Err(Fault::at(
            "energy.recover_percent",
            format!(
                "`energy.recover_percent` {} is below twice `energy.brownout_percent` {}",
                energy.recover_percent, energy.brownout_percent
            ),
            "accepted: at least twice as much, or nodes would flutter",
        )
        .or_at(&["energy.brownout_percent"]));
    }
    let Sun::Recorded(record) = &energy.sun else { return Ok(()) };
    if energy.clouds.dim_percent > 0 {
        return Err(Fault::at(
            "energy.clouds.dim_percent",
            format!("`energy.clouds.dim_percent` is {}", energy.clouds.dim_percent),
            "accepted with a recorded sun: 0, since its clouds are in the record",
        )
        .or_at(&["energy.sun"]));
    }
    let stations = matches!(scenario.nodes.layout, Layout::Stations(_));
    file_path("energy.sun.path", &record.path, stations)
}

fn bans(bans: &Bans) -> Result<(), Fault> {
    let Bans::On { first_ticks, longest_ticks, .. } = bans else { return Ok(()) };
    if first_ticks <= longest_ticks {
        return Ok(());
    }
    Err(Fault::at(
        "protocol.trust.bans.longest_ticks",
        format!(
            "`protocol.trust.bans.longest_ticks` {longest_ticks} is below \
             `protocol.trust.bans.first_ticks` {first_ticks}"
        ),
        "accepted: at least `protocol.trust.bans.first_ticks`",
    )
    .or_at(&["protocol.trust.bans.first_ticks"]))
}

fn protocol(scenario: &Scenario) -> Result<(), Fault> {
    let protocol = &scenario.protocol;
    let lags = &protocol.lags;
    let repeated =
        lags.iter().enumerate().find(|(at, lag)| lags.iter().take(*at).any(|l| l == *lag));
    if let Some((at, lag)) = repeated {
        return Err(Fault::at(
            format!("protocol.lags[{at}]"),
            format!("`protocol.lags` has {lag} twice"),
            "accepted: 1 to 8 different lags",
        ));
    }
    if protocol.calm_entropy >= protocol.storm_entropy {
        return Err(Fault::at(
            "protocol.calm_entropy",
            format!(
                "`protocol.calm_entropy` {} is not below `protocol.storm_entropy` {}",
                protocol.calm_entropy, protocol.storm_entropy
            ),
            "accepted: a Storm must end at a lower entropy than it starts at",
        )
        .or_at(&["protocol.storm_entropy"]));
    }
    secure_aggregation(protocol)?;
    bans(&protocol.trust.bans)?;
    adoption(protocol)?;
    voices(scenario)?;
    if protocol.initial_reputation > 0.5
        && !scenario.watch_for.to_lowercase().contains("reputation")
    {
        return Err(Fault::at(
            "protocol.initial_reputation",
            format!(
                "`protocol.initial_reputation` is {}, trust that nobody earned",
                protocol.initial_reputation
            ),
            "accepted: at most 0.5, or say in `watch_for` what reputation nodes start with",
        ));
    }
    privacy(scenario)
}

/// What nodes take on must not be said where they hear nothing.
fn adoption(protocol: &Protocol) -> Result<(), Fault> {
    if protocol.gossip || protocol.adoption == Adoption::default() {
        return Ok(());
    }
    let at = "protocol.adoption";
    let said =
        format!("`{at}` is {:?}, but with `gossip: false` nothing is merged", protocol.adoption);
    Err(Fault::at(at, said, "leave one of the two out").or_at(&["protocol.gossip"]))
}

/// Noise must be there if anything is said of it, fit its numbers, and not be gone round.
fn privacy(scenario: &Scenario) -> Result<(), Fault> {
    let protocol = &scenario.protocol;
    let privacy = &protocol.privacy;
    let noise = privacy.noise_multiplier;
    let plain = Privacy::default();
    if !privacy.is_on() {
        // Whoever names a budget must not run without noise by an oversight.
        let named =
            privacy.clip.to_bits() != plain.clip.to_bits() || privacy.budget != plain.budget;
        return if named {
            Err(Fault::at(
                "protocol.privacy",
                "`protocol.privacy` names a clip or a budget, but no noise",
                "give `noise_multiplier`, or leave both out",
            ))
        } else {
            Ok(())
        };
    }
    if noise < 0.01 || noise * privacy.clip > 64.0 {
        return Err(Fault::at(
            "protocol.privacy.noise_multiplier",
            format!(
                "`protocol.privacy.noise_multiplier` is {noise}, with a clip of {}",
                privacy.clip
            ),
            "accepted: 0, or from 0.01 to where its product with `clip` is 64",
        )
        .or_at(&["protocol.privacy.clip"]));
    }
    let leaks = [
        ("protocol.evolution", protocol.evolution != Evolution::Off, "genes carry weights"),
        ("protocol.stream", protocol.stream.step > 0.0, "a stream carries the readings"),
    ];
    for (path, is_on, why) in leaks {
        if is_on {
            return Err(Fault::at(
                path,
                format!("`{path}` is on beside `protocol.privacy`, but {why} without noise"),
                "leave one of the two out",
            )
            .or_at(&["protocol.privacy"]));
        }
    }
    Ok(())
}

/// Rules need so many nodes of a modality.
fn voices(scenario: &Scenario) -> Result<(), Fault> {
    let protocol = &scenario.protocol;
    let fewest = fewest(scenario);
    let rule = &protocol.aggregation;
    let needed = rule.voices_needed(protocol.trim_per_tail);
    if protocol.gossip && fewest == 0 {
        let (signals, nodes) = (scenario.signals.len(), scenario.node_count());
        return Err(Fault::at(
            "signals",
            format!(
                "`signals` has {signals}, and there are {nodes} nodes: each senses one of them"
            ),
            "leave some signals out, or add nodes",
        )
        .or_at(&["nodes.count", "nodes.layout"]));
    }
    if protocol.gossip && fewest < needed && *rule != Aggregation::TrimmedMean {
        let name = format!("{rule:?}");
        let name = name.split(' ').next().unwrap_or_default();
        return Err(Fault::at(
            "protocol.aggregation",
            format!(
                "`protocol.aggregation` {name} with so many faulty needs {needed} nodes of a \
                 modality, and there are {fewest}"
            ),
            "lower its `faulty`, add nodes, or say `gossip: false`",
        )
        .or_at(&["nodes.count", "nodes.layout", "signals"]));
    }
    if protocol.gossip && fewest < needed {
        return Err(Fault::at(
            "protocol.trim_per_tail",
            format!(
                "`protocol.trim_per_tail` {} needs {needed} nodes of a modality, and there are \
                 {fewest}",
                protocol.trim_per_tail
            ),
            "lower it, add nodes, or say `gossip: false`",
        )
        .or_at(&["nodes.count", "nodes.layout", "signals"]));
    }
    Ok(())
}

/// Nodes of the modality that has fewest: nodes take their signals in turn, so the last one.
pub(super) fn fewest(scenario: &Scenario) -> u64 {
    scenario.node_count() / (scenario.signals.len() as u64).max(1)
}

/// Sums are of models of one form, and of no use where readings travel as they are.
fn secure_aggregation(protocol: &Protocol) -> Result<(), Fault> {
    let at = "protocol.secure_aggregation.members";
    let members = protocol.secure_aggregation.members;
    let bound = protocol.secure_aggregation.norm_bound;
    if bound > 0.0 && (members == 0 || bound < 0.01) {
        let at = "protocol.secure_aggregation.norm_bound";
        let mend = if bound < 0.01 {
            "accepted: 0.01 to 11, or 0 for no proofs"
        } else {
            "accepted without `members`: 0, as only parts of sums are proven"
        };
        return Err(Fault::at(at, format!("`{at}` is {bound}"), mend));
    }
    if members == 0 {
        return Ok(());
    }
    let said = format!("`{at}` is {members}");
    if members < 4 {
        return Err(Fault::at(at, said, "accepted: 4 to 8, or 0 for none"));
    }
    if protocol.evolution != Evolution::Off {
        let said = format!("{said}, but models evolve, and forms that differ have no sum");
        return Err(
            Fault::at(at, said, "accepted with `evolution` On: 0").or_at(&["protocol.evolution"])
        );
    }
    if protocol.summary.asks > 0 {
        let said = format!("{said}, but neighbours hand their models over to newcomers");
        return Err(Fault::at(at, said, "accepted with `summary.asks`: 0")
            .or_at(&["protocol.summary.asks"]));
    }
    if protocol.stream.step > 0.0 {
        let said = format!("{said}, but each node streams its readings to its sentinel");
        return Err(Fault::at(at, said, "accepted with a `stream.step`: 0")
            .or_at(&["protocol.stream.step"]));
    }
    Ok(())
}

fn signals(scenario: &Scenario) -> Result<(), Fault> {
    let signals = &scenario.signals;
    unique("signals", "modality", signals.iter().map(|signal| signal.modality.as_str()))?;
    each("signals", signals, |at, signal| companions(at, signal, signals))?;
    let stations = matches!(scenario.nodes.layout, Layout::Stations(_));
    each("signals", signals, |at, signal| match &signal.source {
        Source::Synthetic(_) => Ok(()),
        Source::Dataset(spec) => file_path(&format!("{at}.source.path"), &spec.path, stations),
        Source::Sample(spec) if library::sample(&spec.file).is_some() => Ok(()),
        Source::Sample(spec) => {
            let hint = meant(nearest(&spec.file, library::sample_names()));
            Err(Fault::at(
                format!("{at}.source.file"),
                format!("there is no embedded sample `{}`{hint}", clip(&spec.file, 60)),
                format!("accepted: {}", quoted(library::sample_names())),
            ))
        }
    })
}

/// Companions are other signals, each named once.
fn companions(at: &str, signal: &Signal, signals: &[Signal]) -> Result<(), Fault> {
    let others = || {
        let names = signals.iter().map(|other| other.modality.as_str());
        names.filter(|name| *name != signal.modality)
    };
    for (place, name) in signal.companions.iter().enumerate() {
        let path = format!("{at}.companions[{place}]");
        let accepted = match others().next() {
            None => "accepted: none, as there is no other signal".to_owned(),
            Some(_) => format!("accepted: different ones of {}", quoted(others())),
        };
        if signal.companions.iter().take(place).any(|known| known == name) {
            let what = format!("`{path}` is \"{}\" again", clip(name, 60));
            return Err(Fault::at(path, what, accepted));
        }
        if !others().any(|known| known == name) {
            let hint = meant(nearest(name, others()));
            let what =
                format!("`{path}` is \"{}\", no other signal's modality{hint}", clip(name, 60));
            return Err(Fault::at(path, what, accepted));
        }
    }
    Ok(())
}

fn file_path(at: &str, path: &str, stations: bool) -> Result<(), Fault> {
    let fault = |why: &str| {
        Err(Fault::at(
            at,
            format!("`{at}` is \"{}\", {why}", clip(path, 60)),
            "accepted: a file below the data folder, such as \"air/{station}.csv\"",
        ))
    };
    let bare = path.replace("{station}", "");
    if path.starts_with('/') || path.contains([':', '\\']) {
        return fault("which is not a path below a folder on every system");
    }
    if path.split('/').any(|part| matches!(part, ".." | "." | "")) {
        return fault("which leaves the data folder or has an empty part");
    }
    if bare.contains(['{', '}']) || bare.contains(char::is_control) {
        return fault("which has a placeholder other than {station}, or a control character");
    }
    if bare.len() < path.len() && !stations {
        return fault("but the layout has no stations");
    }
    Ok(())
}

fn storm(at: &str, storm: &Storm) -> Result<(), Fault> {
    if storm.to_tick <= storm.from_tick {
        return Err(Fault::at(
            format!("{at}.to_tick"),
            format!(
                "`{at}.to_tick` {} is not after `from_tick` {}",
                storm.to_tick, storm.from_tick
            ),
            "accepted: a later tick than `from_tick`",
        ));
    }
    let mut before: Option<u64> = None;
    each(&format!("{at}.path"), &storm.path, |at, waypoint| match before.replace(waypoint.tick) {
        Some(last) if waypoint.tick <= last => Err(Fault::at(
            format!("{at}.tick"),
            format!("`{at}.tick` {} is not after {last}", waypoint.tick),
            "accepted: ticks that rise along the path",
        )),
        _ => Ok(()),
    })
}

fn cameras(scenario: &Scenario) -> Result<(), Fault> {
    unique("camera", "name", scenario.camera.iter().map(|camera| camera.name.as_str()))?;
    each("camera", &scenario.camera, |at, camera| {
        if camera.eye_mm != camera.target_mm {
            return Ok(());
        }
        Err(Fault::at(
            format!("{at}.target_mm"),
            format!("`{at}` looks at the place where it stands"),
            "accepted: a `target_mm` other than `eye_mm`",
        ))
    })
}

fn unique<'a>(list: &str, field: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
    let mut seen = std::collections::BTreeMap::new();
    for (at, name) in names.enumerate() {
        if let Some(first) = seen.insert(name, at) {
            return Err(Fault::at(
                format!("{list}[{at}].{field}"),
                format!("`{list}[{at}].{field}` is \"{}\" as in `{list}[{first}]`", clip(name, 60)),
                "accepted: a name that no other has",
            ));
        }
    }
    Ok(())
}

/// The words that offer a name which may have been meant.
pub(super) fn meant(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{}`", clip(name, 60))).collect::<Vec<_>>().join(", ")
}
