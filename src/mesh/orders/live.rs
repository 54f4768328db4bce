//! What the names of parameters stand for in a node's configuration, and what must hold between
//! them. Which names there are, and their ranges, is the scenario's table.

use qres_core::aggregate::Rule;
use qres_core::config::NodeConfig;
use qres_core::q16::{Q16, percent};

use super::refusal;
use crate::scenario::{self, Fault, Setting};

/// A place for a parameter.
enum Slot<'a> {
    Byte(&'a mut u8),
    Short(&'a mut u16),
    Word(&'a mut u32),
    Long(&'a mut u64),
    Yes(&'a mut bool),
    /// A number as it is.
    Number(&'a mut Q16),
    /// Hundredths.
    Percent(&'a mut Q16),
    /// What is missing to one, in hundredths.
    Less(&'a mut Q16),
    /// Milliseconds, kept in microseconds.
    Millis(&'a mut u64),
    /// The same in two places.
    Both(&'a mut u64, &'a mut u64),
}

/// Gives a parameter another value, which is in its range.
///
/// # Errors
/// When the mesh has no such parameter, or the value does not go with the others.
pub(super) fn set(config: &NodeConfig, field: &str, setting: Setting) -> Result<NodeConfig, Fault> {
    let mut changed = *config;
    let Some(slot) = slot(&mut changed, field) else {
        let found = format!("{field} means nothing in this mesh");
        return Err(refusal(found, "accepted where the scenario has what it is about"));
    };
    let (whole, bits) = (setting.whole, setting.bits);
    match slot {
        Slot::Byte(place) => *place = whole.min(u8::MAX.into()) as u8,
        Slot::Short(place) => *place = whole.min(u16::MAX.into()) as u16,
        Slot::Word(place) => *place = whole.min(u32::MAX.into()) as u32,
        Slot::Long(place) => *place = whole,
        Slot::Yes(place) => *place = whole > 0,
        Slot::Number(place) => *place = Q16::from_bits(bits),
        Slot::Percent(place) => *place = percent(whole.min(100) as i32),
        Slot::Less(place) => *place = percent(100 - whole.min(100) as i32),
        Slot::Millis(place) => *place = whole.saturating_mul(1_000),
        Slot::Both(one, other) => {
            *one = whole.saturating_mul(1_000);
            *other = *one;
        }
    }
    coherent(&changed, field).map(|()| changed)
}

/// What a parameter is now; `None` where the mesh has none of this name.
pub(super) fn get(config: &NodeConfig, field: &str) -> Option<Setting> {
    let mut copy = *config;
    let hundredths = |value: Q16| ((i64::from(value.to_bits()) * 100 + (1 << 15)) >> 16) as u64;
    Some(match slot(&mut copy, field)? {
        Slot::Byte(place) => Setting::of_whole((*place).into()),
        Slot::Short(place) => Setting::of_whole((*place).into()),
        Slot::Word(place) => Setting::of_whole((*place).into()),
        Slot::Long(place) => Setting::of_whole(*place),
        Slot::Yes(place) => Setting::of_whole((*place).into()),
        Slot::Number(place) => Setting::of_bits(place.to_bits()),
        Slot::Percent(place) => Setting::of_whole(hundredths(*place)),
        Slot::Less(place) => Setting::of_whole(100 - hundredths(*place).min(100)),
        Slot::Millis(place) | Slot::Both(place, _) => Setting::of_whole(*place / 1_000),
    })
}

fn slot<'a>(config: &'a mut NodeConfig, field: &str) -> Option<Slot<'a>> {
    if let Some(rest) = field.strip_prefix("twt.") {
        return rhythm(config, rest);
    }
    let field = field.strip_prefix("protocol.")?;
    if let Some(rest) = field.strip_prefix("trust.") {
        return trust(config, rest);
    }
    let rate = |config: &'a mut NodeConfig, regime: usize| {
        config.regime.learning_rate.get_mut(regime).map(Slot::Number)
    };
    Some(match field {
        "storm_entropy" => Slot::Number(&mut config.regime.storm_entropy),
        "calm_entropy" => Slot::Number(&mut config.regime.calm_entropy),
        "prestorm_derivative" => Slot::Number(&mut config.regime.prestorm_derivative),
        "dwell_samples" => Slot::Short(&mut config.regime.dwell_samples),
        "confirm_prestorm" => Slot::Byte(&mut config.regime.confirm_prestorm),
        "confirm_storm" => Slot::Byte(&mut config.regime.confirm_storm),
        "confirm_calm" => Slot::Byte(&mut config.regime.confirm_calm),
        "learning_rate.calm" => return rate(config, 0),
        "learning_rate.prestorm" => return rate(config, 1),
        "learning_rate.storm" => return rate(config, 2),
        "trim_per_tail" => match &mut config.recipe.rule {
            Rule::TrimmedMean { trim } => Slot::Byte(trim),
            _ => return None,
        },
        "weigh_by_reputation" => Slot::Yes(&mut config.recipe.weighted),
        "gossip" => Slot::Yes(&mut config.gossip),
        "silence.gossip_cost" => Slot::Number(&mut config.silence.gossip_cost),
        "silence.surplus_every" => Slot::Byte(&mut config.silence.surplus_every),
        "silence.heartbeat_every" => Slot::Byte(&mut config.silence.heartbeat_every),
        "silence.deep_after_samples" => Slot::Word(&mut config.silence.deep_after_samples),
        "evolution.mutation" => Slot::Yes(&mut config.evolution.as_mut()?.mutation),
        "evolution.mutate_every_samples" => {
            Slot::Short(&mut config.evolution.as_mut()?.mutate_every)
        }
        "evolution.gain_percent" => Slot::Less(&mut config.evolution.as_mut()?.adopt_below),
        field => return reputation(config, field),
    })
}

fn reputation<'a>(config: &'a mut NodeConfig, field: &str) -> Option<Slot<'a>> {
    let trust = &mut config.trust;
    Some(match field {
        "quorum" => Slot::Byte(&mut trust.quorum),
        "vote_reputation" => Slot::Number(&mut trust.vote_reputation),
        "initial_reputation" => Slot::Number(&mut trust.initial),
        "reputation_reward" => Slot::Number(&mut trust.reward),
        "reputation_penalty" => Slot::Number(&mut trust.penalty),
        "audit_penalty" => Slot::Number(&mut trust.audit_penalty),
        "good_factor" => Slot::Number(&mut trust.good_factor),
        "harm_factor" => Slot::Number(&mut trust.harm_factor),
        "ban_below" => Slot::Number(&mut trust.ban_below),
        "readmit_at" => Slot::Number(&mut trust.readmit_at),
        "commissioning.neighbours" => Slot::Byte(&mut trust.commission_neighbours),
        "commissioning.reputation" => Slot::Number(&mut trust.commission_reputation),
        "commissioning.limit_ticks" => Slot::Long(&mut trust.commission_ticks),
        _ => return None,
    })
}

fn trust<'a>(config: &'a mut NodeConfig, field: &str) -> Option<Slot<'a>> {
    let trust = &mut config.trust;
    let (bans, watchdog) = (trust.bans.as_mut(), trust.watchdog.as_mut());
    Some(match field {
        "distance_mads" => Slot::Byte(&mut trust.distance_mads),
        "leave_one_out" => Slot::Yes(&mut trust.leaves_one_out),
        "bounded_influence" => Slot::Yes(&mut trust.is_bounded),
        "swarm_size" => Slot::Word(&mut trust.swarm_size),
        "quorum_percent" => Slot::Byte(&mut trust.quorum_percent),
        "gini_alarm" => Slot::Number(&mut trust.gini_alarm),
        "bans.first_ticks" => Slot::Word(&mut bans?.first_ticks),
        "bans.longest_ticks" => Slot::Word(&mut bans?.longest_ticks),
        "bans.audit_failures" => Slot::Byte(&mut bans?.audit_failures),
        "bans.probation_good" => Slot::Byte(&mut bans?.probation_good),
        "watchdog.straggler_rounds" => Slot::Short(&mut watchdog?.straggler_rounds),
        "watchdog.straggler_percent" => Slot::Byte(&mut watchdog?.straggler_percent),
        "watchdog.limit_rounds" => Slot::Short(&mut watchdog?.limit_rounds),
        _ => return None,
    })
}

fn rhythm<'a>(config: &'a mut NodeConfig, field: &str) -> Option<Slot<'a>> {
    let wake = &mut config.wake;
    let [calm, prestorm, storm] = &mut wake.interval_us;
    let [calm_window, prestorm_window, storm_window] = &mut wake.window_us;
    Some(match field {
        "calm_ms" => Slot::Millis(calm),
        "prestorm_ms" => Slot::Millis(prestorm),
        "storm_ms" => Slot::Millis(storm),
        "window_ms" => Slot::Both(calm_window, prestorm_window),
        "storm_window_ms" => Slot::Millis(storm_window),
        "jitter_percent" => Slot::Word(&mut wake.jitter_percent),
        "weight_floor_percent" => Slot::Percent(&mut wake.weight_floor),
        "buffer_frames" => Slot::Byte(&mut config.service_frames),
        _ => return None,
    })
}

/// Which parameter of a rule to change before `field`: the one of the two that it is not.
fn other_first(rule: &str, field: &str) -> String {
    let names = |word: &&str| word.contains('_');
    let short = |word: &str| word.rsplit('.').next().unwrap_or(word).to_owned();
    let own = short(field);
    match rule.split(' ').filter(names).find(|word| short(word) != own) {
        Some(other) => format!("change {other} first"),
        None => "lengthen the windows first".to_owned(),
    }
}

/// What must hold between parameters, as a scenario's must.
fn coherent(config: &NodeConfig, field: &str) -> Result<(), Fault> {
    let (regime, trust, wake) = (&config.regime, &config.trust, &config.wake);
    let [calm, prestorm, storm] = wake.interval_us;
    let [window, _, storm_window] = wake.window_us;
    let round_us = 2 * config.air.longest_us();
    let bans = trust.bans.map_or((0, 0), |bans| (bans.first_ticks, bans.longest_ticks));
    let rules = [
        (regime.calm_entropy < regime.storm_entropy, "calm_entropy must stay under storm_entropy"),
        (trust.ban_below <= trust.readmit_at, "ban_below must be at most readmit_at"),
        (trust.good_factor <= trust.harm_factor, "good_factor must be at most harm_factor"),
        (prestorm <= calm, "twt.prestorm_ms must be at most twt.calm_ms"),
        (storm <= prestorm, "twt.storm_ms must be at most twt.prestorm_ms"),
        (storm >= wake.tick_us, "twt.storm_ms must be at least tick_ms"),
        (window <= prestorm, "twt.window_ms must be at most twt.prestorm_ms"),
        (storm_window <= storm, "twt.storm_window_ms must be at most twt.storm_ms"),
        (
            round_us <= window.min(storm_window).min(wake.tick_us),
            "a window must have room for an update and its answer",
        ),
        (bans.0 <= bans.1, "bans.first_ticks must be at most bans.longest_ticks"),
    ];
    match rules.iter().find(|(holds, _)| !holds) {
        None => Ok(()),
        Some((_, why)) => Err(refusal((*why).to_owned(), other_first(why, field))),
    }
}

/// A value of the command as the mesh counts.
pub(super) fn setting(command: &scenario::Command) -> Option<(&str, Setting)> {
    match command {
        scenario::Command::SetProtocol { field, value } => {
            Some((field.as_str(), Setting::of(*value)))
        }
        _ => None,
    }
}
