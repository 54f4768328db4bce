//! Ranges: every value against the field table. What must hold between values is `combine`.
//! Stops at the first fault, in the order of the file.

mod hostile;
mod orders;
pub(super) use hostile::attack;
pub(super) use orders::command;

use super::{
    Accepts, Aggregation, Bans, Camera, Evolution, Fault, Layout, Listen, Normalise, Preparation,
    Scenario, Sentinels, Signal, Source, Spectrum, Storm, Sun, Trust, Watchdog, combine,
    fields::{Field, field},
    locate::pattern,
};

impl Scenario {
    /// Checks every range and every combination.
    ///
    /// # Errors
    ///
    /// The first value that a scenario may not have, in the order of the file.
    pub fn validate(&self) -> Result<(), Fault> {
        text("title", &self.title)?;
        text("watch_for", &self.watch_for)?;
        text("note", &self.note)?;
        whole("tick_ms", self.tick_ms)?;
        whole("sample_every", self.sample_every)?;
        whole("ticks", self.ticks)?;
        self.nodes()?;
        self.radio()?;
        self.twt()?;
        self.energy()?;
        self.protocol()?;
        list("signals", &self.signals)?;
        each("signals", &self.signals, signal)?;
        list("storms", &self.storms)?;
        each("storms", &self.storms, storm)?;
        list("adversaries", &self.adversaries)?;
        each("adversaries", &self.adversaries, hostile::adversary)?;
        list("commands", &self.commands)?;
        each("commands", &self.commands, orders::order)?;
        super::faults::ranges(&self.faults)?;
        list("camera", &self.camera)?;
        each("camera", &self.camera, camera)?;
        combine::check(self)
    }

    fn nodes(&self) -> Result<(), Fault> {
        if let Some(count) = self.nodes.count {
            whole("nodes.count", count)?;
        }
        match &self.nodes.layout {
            Layout::Grid { columns, spacing_mm } => {
                whole("nodes.layout.columns", *columns)?;
                whole("nodes.layout.spacing_mm", *spacing_mm)?;
            }
            Layout::Sphere { radius_mm } => whole("nodes.layout.radius_mm", *radius_mm)?,
            Layout::RandomGeometric { mean_degree } => {
                whole("nodes.layout.mean_degree", *mean_degree)?;
            }
            Layout::Stations(stations) => {
                if !(1..=10_000).contains(&stations.len()) {
                    return Err(said("nodes.layout", &format!("{} stations", stations.len())));
                }
                each("nodes.layout", stations, |at, station| {
                    text(&format!("{at}.name"), &station.name)?;
                    real(&format!("{at}.latitude"), station.latitude)?;
                    real(&format!("{at}.longitude"), station.longitude)?;
                    whole(&format!("{at}.join_tick"), station.join_tick)
                })?;
            }
        }
        if let Sentinels::Every(n @ (0 | 1001..)) = self.nodes.sentinels {
            return Err(said("nodes.sentinels", &format!("Every({n})")));
        }
        whole("nodes.on_demand_percent", self.nodes.on_demand_percent)
    }

    fn radio(&self) -> Result<(), Fault> {
        let radio = &self.radio;
        whole("radio.range_mm", radio.range_mm)?;
        whole("radio.bitrate_bps", radio.bitrate_bps)?;
        whole("radio.preamble_us", radio.preamble_us)?;
        whole("radio.mtu_bytes", radio.mtu_bytes)?;
        whole("radio.loss_at_range_percent", radio.loss_at_range_percent)?;
        whole("radio.loss_floor_percent", radio.loss_floor_percent)?;
        whole("radio.beacon_interval_us", radio.beacon_interval_us)
    }

    fn twt(&self) -> Result<(), Fault> {
        let twt = &self.twt;
        whole("twt.calm_ms", twt.calm_ms)?;
        whole("twt.prestorm_ms", twt.prestorm_ms)?;
        whole("twt.storm_ms", twt.storm_ms)?;
        whole("twt.window_ms", twt.window_ms)?;
        whole("twt.storm_window_ms", twt.storm_window_ms)?;
        whole("twt.jitter_percent", twt.jitter_percent)?;
        whole("twt.buffer_frames", twt.buffer_frames)?;
        whole("twt.weight_floor_percent", twt.weight_floor_percent)?;
        match twt.listen {
            Listen::Never | Listen::Dtim(1 | 3 | 10) => Ok(()),
            Listen::Dtim(n) => Err(said("twt.listen", &format!("Dtim({n})"))),
        }
    }

    fn energy(&self) -> Result<(), Fault> {
        let energy = &self.energy;
        whole("energy.battery_mj", energy.battery_mj)?;
        whole("energy.start_percent", energy.start_percent)?;
        whole("energy.harvest_uw", energy.harvest_uw)?;
        match &energy.sun {
            Sun::Never => {}
            Sun::Day { peak_uw, day_minutes } => {
                whole("energy.sun.peak_uw", *peak_uw)?;
                whole("energy.sun.day_minutes", *day_minutes)?;
            }
            Sun::Hours { power_uw, from_hour, hours } => {
                whole("energy.sun.power_uw", *power_uw)?;
                whole("energy.sun.from_hour", *from_hour)?;
                whole("energy.sun.hours", *hours)?;
            }
            Sun::Recorded(record) => {
                text("energy.sun.path", &record.path)?;
                text("energy.sun.column", &record.column)?;
                real("energy.sun.uw_per_unit", record.uw_per_unit)?;
                whole("energy.sun.period_minutes", record.period_minutes)?;
                list("energy.sun.missing", &record.missing)?;
                text("energy.sun.source", &record.source)?;
            }
        }
        whole("energy.clouds.dim_percent", energy.clouds.dim_percent)?;
        whole("energy.clouds.cloudy_hours", energy.clouds.cloudy_hours)?;
        whole("energy.clouds.clear_hours", energy.clouds.clear_hours)?;
        whole("energy.clouds.region_mm", energy.clouds.region_mm)?;
        whole("energy.brownout_percent", energy.brownout_percent)?;
        whole("energy.recover_percent", energy.recover_percent)
    }

    fn protocol(&self) -> Result<(), Fault> {
        let protocol = &self.protocol;
        let lags = &protocol.lags;
        if !(1..=8).contains(&lags.len()) || lags.iter().any(|lag| !(2..=25).contains(lag)) {
            return Err(said("protocol.lags", &super::problem::clip(&format!("{lags:?}"), 60)));
        }
        if let Evolution::On { mutate_every_samples, gain_percent, .. } = protocol.evolution {
            whole("protocol.evolution.mutate_every_samples", mutate_every_samples)?;
            whole("protocol.evolution.gain_percent", gain_percent)?;
        }
        real("protocol.learning_rate.calm", protocol.learning_rate.calm)?;
        real("protocol.learning_rate.prestorm", protocol.learning_rate.prestorm)?;
        real("protocol.learning_rate.storm", protocol.learning_rate.storm)?;
        real("protocol.storm_entropy", protocol.storm_entropy)?;
        real("protocol.calm_entropy", protocol.calm_entropy)?;
        real("protocol.prestorm_derivative", protocol.prestorm_derivative)?;
        whole("protocol.dwell_samples", protocol.dwell_samples)?;
        whole("protocol.trim_per_tail", protocol.trim_per_tail)?;
        aggregation("protocol.aggregation", &protocol.aggregation)?;
        preparation("protocol.preparation", &protocol.preparation)?;
        let sums = &protocol.secure_aggregation;
        whole("protocol.secure_aggregation.members", sums.members)?;
        whole("protocol.secure_aggregation.patience_rounds", sums.patience_rounds)?;
        real("protocol.secure_aggregation.norm_bound", sums.norm_bound)?;
        real("protocol.secure_aggregation.proof_share", sums.proof_share)?;
        real("protocol.stream.step", protocol.stream.step)?;
        whole("protocol.stream.frame_samples", protocol.stream.frame_samples)?;
        whole("protocol.stream.key_every_frames", protocol.stream.key_every_frames)?;
        whole("protocol.stream.check_every_frames", protocol.stream.check_every_frames)?;
        real("protocol.privacy.clip", protocol.privacy.clip)?;
        real("protocol.privacy.noise_multiplier", protocol.privacy.noise_multiplier)?;
        real("protocol.privacy.budget.epsilon", protocol.privacy.budget.epsilon)?;
        if protocol.privacy.budget.digits().is_none() {
            let delta = format!("{:?}", protocol.privacy.budget.delta);
            return Err(said("protocol.privacy.budget.delta", &delta));
        }
        whole("protocol.summary.asks", protocol.summary.asks)?;
        whole("protocol.summary.answer_every_ticks", protocol.summary.answer_every_ticks)?;
        whole("protocol.summary.energy_floor_percent", protocol.summary.energy_floor_percent)?;
        whole("protocol.audit.every_rounds", protocol.audit.every_rounds)?;
        real("protocol.audit.rate_percent", protocol.audit.rate_percent)?;
        whole("protocol.commissioning.neighbours", protocol.commissioning.neighbours)?;
        real("protocol.commissioning.reputation", protocol.commissioning.reputation)?;
        whole("protocol.commissioning.limit_ticks", protocol.commissioning.limit_ticks)?;
        whole("protocol.quorum", protocol.quorum)?;
        real("protocol.initial_reputation", protocol.initial_reputation)?;
        whole("protocol.votes_age_rounds", protocol.votes_age_rounds)?;
        trust(&protocol.trust)
    }
}

fn trust(trust: &Trust) -> Result<(), Fault> {
    if let Bans::On { first_ticks, longest_ticks, audit_failures, probation_good } = trust.bans {
        whole("protocol.trust.bans.first_ticks", first_ticks)?;
        whole("protocol.trust.bans.longest_ticks", longest_ticks)?;
        whole("protocol.trust.bans.audit_failures", audit_failures)?;
        whole("protocol.trust.bans.probation_good", probation_good)?;
    }
    whole("protocol.trust.distance_mads", trust.distance_mads)?;
    whole("protocol.trust.swarm_size", trust.swarm_size)?;
    whole("protocol.trust.quorum_percent", trust.quorum_percent)?;
    real("protocol.trust.gini_alarm", trust.gini_alarm)?;
    match trust.watchdog {
        Watchdog::Off => Ok(()),
        Watchdog::On { straggler_rounds, straggler_percent, limit_rounds } => {
            whole("protocol.trust.watchdog.straggler_rounds", straggler_rounds)?;
            whole("protocol.trust.watchdog.straggler_percent", straggler_percent)?;
            whole("protocol.trust.watchdog.limit_rounds", limit_rounds)
        }
    }
}

/// Checks a rule at `at`, whose fields have the ranges of `protocol.aggregation`.
fn aggregation(at: &str, rule: &Aggregation) -> Result<(), Fault> {
    const KNOWN: &str = "protocol.aggregation";
    let count = |name: &str, value: u8| {
        whole_as(&format!("{at}.{name}"), &format!("{KNOWN}.{name}"), value)
    };
    let number = |name: &str, value: f64| {
        real_as(&format!("{at}.{name}"), &format!("{KNOWN}.{name}"), value)
    };
    match rule {
        Aggregation::Mean | Aggregation::TrimmedMean | Aggregation::Median => Ok(()),
        Aggregation::Meamed { faulty }
        | Aggregation::Krum { faulty }
        | Aggregation::Bulyan { faulty }
        | Aggregation::ClippedGossip { faulty }
        | Aggregation::CsPlus { faulty }
        | Aggregation::Nna { faulty } => count("faulty", *faulty),
        Aggregation::MultiKrum { faulty, select } => {
            count("faulty", *faulty)?;
            count("select", *select)
        }
        Aggregation::GeometricMedian { smoothing, steps } => {
            number("smoothing", *smoothing)?;
            count("steps", *steps)
        }
        Aggregation::CentredClipping { radius, steps } => {
            number("radius", *radius)?;
            count("steps", *steps)
        }
        Aggregation::Balance { reach, decay, horizon_rounds, own_share } => {
            number("reach", *reach)?;
            number("decay", *decay)?;
            let known = format!("{KNOWN}.horizon_rounds");
            whole_as(&format!("{at}.horizon_rounds"), &known, *horizon_rounds)?;
            number("own_share", *own_share)
        }
        Aggregation::Ubar { keep, own_share } => {
            number("keep", *keep)?;
            number("own_share", *own_share)
        }
        Aggregation::Adaptive { faulty, calm_rounds, quiet_share, alarm_share } => {
            count("faulty", *faulty)?;
            count("calm_rounds", *calm_rounds)?;
            number("quiet_share", *quiet_share)?;
            number("alarm_share", *alarm_share)
        }
    }
}

/// Checks a preparation at `at`, whose fields have the ranges of `protocol.preparation`.
fn preparation(at: &str, preparation: &Preparation) -> Result<(), Fault> {
    let count = |name: &str, value: u8| {
        whole_as(&format!("{at}.{name}"), &format!("protocol.preparation.{name}"), value)
    };
    match preparation {
        Preparation::Nothing => Ok(()),
        Preparation::Nnm { faulty } | Preparation::Arc { faulty } => count("faulty", *faulty),
        Preparation::Bucketing { size } => count("size", *size),
    }
}

fn signal(at: &str, signal: &Signal) -> Result<(), Fault> {
    text(&format!("{at}.modality"), &signal.modality)?;
    text(&format!("{at}.unit"), &signal.unit)?;
    list(&format!("{at}.companions"), &signal.companions)?;
    let at = format!("{at}.source");
    match &signal.source {
        Source::Synthetic(synthetic) => {
            real(&format!("{at}.level"), synthetic.level)?;
            list(&format!("{at}.waves"), &synthetic.waves)?;
            each(&format!("{at}.waves"), &synthetic.waves, |at, wave| {
                whole(&format!("{at}.period_samples"), wave.period_samples)?;
                real(&format!("{at}.amplitude"), wave.amplitude)
            })?;
            real(&format!("{at}.noise"), synthetic.noise)?;
            real(&format!("{at}.wander"), synthetic.wander)
        }
        Source::Dataset(spec) => {
            text(&format!("{at}.path"), &spec.path)?;
            column(&at, &spec.column, &spec.missing, &spec.normalise)?;
            text(&format!("{at}.source"), &spec.source)
        }
        Source::Sample(spec) => column(&at, &spec.column, &spec.missing, &spec.normalise),
    }
}

fn column(at: &str, column: &str, missing: &[String], normalise: &Normalise) -> Result<(), Fault> {
    text(&format!("{at}.column"), column)?;
    list(&format!("{at}.missing"), missing)?;
    let Normalise::Affine { offset, scale } = normalise;
    real(&format!("{at}.normalise.offset"), *offset)?;
    real(&format!("{at}.normalise.scale"), *scale)
}

fn storm(at: &str, storm: &Storm) -> Result<(), Fault> {
    whole(&format!("{at}.from_tick"), storm.from_tick)?;
    whole(&format!("{at}.to_tick"), storm.to_tick)?;
    list(&format!("{at}.path"), &storm.path)?;
    each(&format!("{at}.path"), &storm.path, |at, waypoint| {
        whole(&format!("{at}.tick"), waypoint.tick)?;
        whole(&format!("{at}.x_mm"), waypoint.x_mm)?;
        whole(&format!("{at}.z_mm"), waypoint.z_mm)
    })?;
    whole(&format!("{at}.radius_mm"), storm.radius_mm)?;
    real(&format!("{at}.intensity"), storm.intensity)?;
    let at = format!("{at}.spectrum");
    match storm.spectrum {
        Spectrum::White | Spectrum::Gust | Spectrum::Gain => Ok(()),
        Spectrum::Tone { period_samples } => whole(&format!("{at}.period_samples"), period_samples),
        Spectrum::Coloured { period_samples, coherence_samples } => {
            whole(&format!("{at}.period_samples"), period_samples)?;
            whole(&format!("{at}.coherence_samples"), coherence_samples)
        }
    }
}

fn camera(at: &str, camera: &Camera) -> Result<(), Fault> {
    text(&format!("{at}.name"), &camera.name)?;
    for (name, place) in [("eye_mm", camera.eye_mm), ("target_mm", camera.target_mm)] {
        let far = place.iter().find(|value| !(-1_000_000_000..=1_000_000_000).contains(*value));
        if let Some(far) = far {
            return Err(said(&format!("{at}.{name}"), &far.to_string()));
        }
    }
    Ok(())
}

/// Checks each element of a list, giving its path.
pub(super) fn each<T>(
    path: &str,
    elements: &[T],
    mut check: impl FnMut(&str, &T) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut numbered = elements.iter().enumerate();
    numbered.try_for_each(|(index, element)| check(&format!("{path}[{index}]"), element))
}

pub(super) fn whole(path: &str, value: impl Into<i128>) -> Result<(), Fault> {
    whole_as(path, path, value)
}

/// [`whole`] with the range of another field.
pub(super) fn whole_as(path: &str, known: &str, value: impl Into<i128>) -> Result<(), Fault> {
    let value = value.into();
    let holds = |accepts| match accepts {
        Accepts::Whole { low, high, .. } => (i128::from(low)..=i128::from(high)).contains(&value),
        _ => false,
    };
    within(path, known, holds, || value.to_string())
}

fn real(path: &str, value: f64) -> Result<(), Fault> {
    real_as(path, path, value)
}

/// [`real`] with the range of another field.
fn real_as(path: &str, known: &str, value: f64) -> Result<(), Fault> {
    let holds = |accepts| match accepts {
        Accepts::Real { low, high, .. } => (low..=high).contains(&value),
        _ => false,
    };
    within(path, known, holds, || format!("{value:?}"))
}

fn text(path: &str, value: &str) -> Result<(), Fault> {
    let length = value.trim().chars().count();
    let holds = |accepts| match accepts {
        Accepts::Text { low, high } => (low..=high).contains(&length),
        _ => false,
    };
    let found = || {
        if length == 0 { "empty".to_owned() } else { format!("{length} characters") }
    };
    within(path, path, holds, found)
}

pub(super) fn list<T>(path: &str, value: &[T]) -> Result<(), Fault> {
    let holds = |accepts| match accepts {
        Accepts::List { low, high } => (low..=high).contains(&value.len()),
        _ => false,
    };
    within(path, path, holds, || format!("a list of {}", value.len()))
}

fn within(
    path: &str,
    known: &str,
    holds: impl Fn(Accepts) -> bool,
    found: impl Fn() -> String,
) -> Result<(), Fault> {
    match field(&pattern(known)) {
        Some(Field { accepts, .. }) if holds(*accepts) => Ok(()),
        _ => Err(said_as(path, known, &found())),
    }
}

/// A fault whose accepted values the field table knows.
pub(super) fn said(path: &str, found: &str) -> Fault {
    said_as(path, path, found)
}

/// [`said`] with what another field accepts.
pub(super) fn said_as(path: &str, known: &str, found: &str) -> Fault {
    let accepted = field(&pattern(known)).map_or_else(String::new, accepted);
    Fault::at(path, format!("`{path}` is {found}"), accepted)
}

/// The words for what `field` accepts.
pub(super) fn accepted(field: &Field) -> String {
    match field.default {
        "required" => format!("accepted: {}", field.accepts),
        default => format!("accepted: {} (default {default})", field.accepts),
    }
}
