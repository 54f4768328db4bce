//! One line for each field: what it accepts, its default and what it means. The checks, the
//! error messages and the table in the documentation all read it, so that none can differ.

use std::fmt::{self, Write as _};

/// What a field accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accepts {
    /// A whole number, both ends included.
    Whole {
        /// Least.
        low: i64,
        /// Greatest.
        high: i64,
        /// Unit; may be empty.
        unit: &'static str,
    },
    /// A finite number, both ends included.
    Real {
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
        /// Unit; may be empty.
        unit: &'static str,
    },
    /// A text of so many characters.
    Text {
        /// Fewest characters.
        low: usize,
        /// Most characters.
        high: usize,
    },
    /// A list of so many elements.
    List {
        /// Fewest elements.
        low: usize,
        /// Most elements.
        high: usize,
    },
    /// Whatever these words say.
    Said(&'static str),
}

/// A field of a scenario file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its path; `[]` stands for any element of a list.
    pub path: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// What it is when left out, or `required`.
    pub default: &'static str,
    /// What it means.
    pub means: &'static str,
}

impl fmt::Display for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spaced = |unit: &'static str| {
            if unit.is_empty() { ("", "") } else { (" ", unit) }
        };
        match *self {
            Self::Whole { low, high, unit } => {
                let (space, unit) = spaced(unit);
                write!(f, "a whole number from {low} to {high}{space}{unit}")
            }
            Self::Real { low, high, unit } => {
                let (space, unit) = spaced(unit);
                write!(f, "a number from {low} to {high}{space}{unit}")
            }
            Self::Text { low: 0, high } => write!(f, "a text of at most {high} characters"),
            Self::Text { low, high } => write!(f, "a text of {low} to {high} characters"),
            Self::List { low: 0, high } => write!(f, "a list of at most {high}"),
            Self::List { low, high } => write!(f, "a list of {low} to {high}"),
            Self::Said(words) => f.write_str(words),
        }
    }
}

/// The entry of the field with this pattern, such as `storms[].radius_mm`.
pub(super) fn field(pattern: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.path == pattern)
}

/// All fields as a Markdown table.
#[must_use]
pub fn field_table() -> String {
    let mut table = "| field | accepts | default | meaning |\n|---|---|---|---|\n".to_owned();
    for Field { path, accepts, default, means } in FIELDS {
        let default = match *default {
            "required" => "required".to_owned(),
            default => format!("`{default}`"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| `{path}` | {accepts} | {default} | {means} |");
    }
    table
}

pub(super) const fn whole(low: i64, high: i64, unit: &'static str) -> Accepts {
    Accepts::Whole { low, high, unit }
}

const fn real(low: f64, high: f64, unit: &'static str) -> Accepts {
    Accepts::Real { low, high, unit }
}

pub(super) const fn text(low: usize, high: usize) -> Accepts {
    Accepts::Text { low, high }
}

pub(super) const fn list(low: usize, high: usize) -> Accepts {
    Accepts::List { low, high }
}

pub(super) const fn row(
    path: &'static str,
    accepts: Accepts,
    default: &'static str,
    means: &'static str,
) -> Field {
    Field { path, accepts, default, means }
}

const YES_NO: Accepts = Accepts::Said("true or false");
const PERCENT: Accepts = whole(0, 100, "%");
const TICK: Accepts = whole(0, 1_000_000_000, "ticks");
const PLACE: Accepts = whole(-1_000_000_000, 1_000_000_000, "mm");
const LENGTH: Accepts = whole(1, 1_000_000_000, "mm");
const SHARE: Accepts = real(0.0, 1.0, "");
const POWER: Accepts = whole(1, 100_000_000, "uW");
const LEVEL: Accepts = real(-32_000.0, 32_000.0, "of the sensor's unit");
const DEVIATION: Accepts = real(0.0, 16_000.0, "of the sensor's unit");
const SCALE: Accepts = real(0.001, 32_000.0, "of the sensor's unit");
const DELIMITER: Accepts = Accepts::Said("Comma or Tab");
const PERIOD: Accepts = whole(1, 604_800_000, "ms");
const WINDOW: Accepts = whole(1, 3_600_000, "ms");

const ROUNDS: Accepts = whole(1, 1_000_000, "rounds");
const NODES: &str = "ids and ranges such as \"3 5 10-20\"";
const ATTACKS: &str = "Bias(..), SignFlip(..), Gaussian(..), Saturate, InnerProduct(..), \
    LittleIsEnough(..), MinMax(..), MinSum(..), Mimic, Dissensus(..), Spectral(..), \
    DirectedDeviation(..), TopologyLiar(..), LabelFlip, Replay, Stale, FreeRider, GenePoison, \
    FalseEntropy(..), VoteSpoof, OnOff(..), Slander, AuditPrediction(..), FloatCheater(..) or \
    Cartel(..)";

/// Every field that a scenario file may hold, in the order of the file.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    row("title", text(1, 200), "required", "name shown in lists"),
    row("watch_for", text(1, 4000), "required", "what to look at and what should happen"),
    row("note", text(0, 4000), "\"\"", "a remark kept on screen"),
    row("seed", Accepts::Said("a whole number from 0 to 18446744073709551615"), "1",
        "seed of every draw"),
    row("tick_ms", whole(1, 86_400_000, "ms"), "1000", "protocol time in a tick"),
    row("sample_every", whole(1, 1_000_000, "ticks"), "1", "the sensor's period"),
    row("ticks", whole(1, 1_000_000_000, "ticks"), "2000", "length of a run"),
    row("nodes", Accepts::Said("Nodes(..)"), "required", "who there is"),
    row("nodes.count", whole(1, 1_000_000, "nodes"), "100", "how many; not with Stations"),
    row("nodes.layout", Accepts::Said("Grid(..), Sphere(..), RandomGeometric(..) or \
        Stations([..]) with 1 to 10000 stations"), "Grid()", "where they stand"),
    row("nodes.layout.columns", whole(1, 10_000, "nodes"), "10", "Grid: nodes in a row"),
    row("nodes.layout.spacing_mm", whole(1, 100_000_000, "mm"), "10000",
        "Grid: distance between neighbours"),
    row("nodes.layout.radius_mm", LENGTH, "50000", "Sphere: radius"),
    row("nodes.layout.mean_degree", whole(2, 64, "nodes"), "12",
        "RandomGeometric: mean number of nodes in range; the area follows"),
    row("nodes.layout[].name", text(1, 64), "required",
        "Stations: letters, digits, spaces, `-`, `_`; each its own"),
    row("nodes.layout[].latitude", real(-90.0, 90.0, "degrees"), "required", "Stations: north"),
    row("nodes.layout[].longitude", real(-180.0, 180.0, "degrees"), "required", "Stations: east"),
    row("nodes.layout[].join_tick", TICK, "0", "Stations: when its nodes join"),
    row("nodes.sentinels", Accepts::Said("Cover, Every(n) with n from 1 to 1000, or \
        PerStation(\"modality\")"), "Cover", "which nodes never sleep"),
    row("nodes.on_demand_percent", PERCENT, "0", "share of sleepers that wake only when called"),
    row("nodes.start", Accepts::Said("Staggered or Together"), "Staggered",
        "how first wakes are spread"),
    row("radio", Accepts::Said("Radio(..)"), "()", "how nodes talk"),
    row("radio.profile", Accepts::Said("Wifi6 or LongRange"), "Wifi6",
        "where the other defaults come from"),
    row("radio.range_mm", LENGTH, "30000 or 1000000", "nothing is heard beyond"),
    row("radio.bitrate_bps", whole(1000, 1_000_000_000, "bit/s"), "8600000 or 5470",
        "speed on the air"),
    row("radio.preamble_us", whole(0, 100_000, "us"), "44 or 12544", "before the first bit"),
    row("radio.mtu_bytes", whole(32, 1024, "bytes"), "1024 or 222",
        "largest fragment with its header"),
    row("radio.loss_at_range_percent", PERCENT, "20 or 30", "fragments lost at full range"),
    row("radio.loss_floor_percent", PERCENT, "1 or 2",
        "fragments lost at no distance; at most the loss at range"),
    row("radio.collisions", YES_NO, "true", "frames that overlap destroy each other"),
    row("radio.beacon_interval_us", whole(1024, 67_107_840, "us"), "102400 or 1024000",
        "between a sentinel's beacons"),
    row("twt", Accepts::Said("Twt(..)"), "()", "when nodes wake"),
    row("twt.calm_ms", PERIOD, "14400000", "between wakes in Calm"),
    row("twt.prestorm_ms", PERIOD, "600000", "the same in PreStorm; at most calm_ms"),
    row("twt.storm_ms", PERIOD, "30000", "the same in Storm; at most prestorm_ms"),
    row("twt.window_ms", WINDOW, "500", "awake at each wake; at most prestorm_ms"),
    row("twt.storm_window_ms", WINDOW, "5000", "the same in Storm; at most storm_ms"),
    row("twt.jitter_percent", whole(0, 50, "%"), "10", "how far an interval varies either way"),
    row("twt.listen", Accepts::Said("Never, Dtim(1), Dtim(3) or Dtim(10)"), "Never",
        "which beacons a sleeper wakes for"),
    row("twt.buffer_frames", whole(1, 32, "frames"), "16",
        "handed to a sleeper in a service period"),
    row("twt.weight_floor_percent", whole(1, 100, "%"), "20",
        "share of the interval that a node of no reputation sleeps"),
    row("energy", Accepts::Said("Energy(..)"), "()", "what nodes live on"),
    row("energy.profile", Accepts::Said("Published, Esp32C6, Esp32C6LongRange, RaspberryPiZero2W \
        or SpikingCore"), "Published", "whose power figures"),
    row("energy.battery_mj", whole(1, 1_000_000_000, "mJ"), "23760000", "full battery"),
    row("energy.start_percent", PERCENT, "100", "charge at the start"),
    row("energy.harvest_uw", whole(0, 100_000_000, "uW"), "0",
        "power gathered at all times"),
    row("energy.sun", Accepts::Said("Never, Day(..), Hours(..) or Recorded(..)"), "Never",
        "light gathered on top; the run starts at midnight"),
    row("energy.sun.peak_uw", POWER, "100000", "Day: at noon, under a clear sky"),
    row("energy.sun.day_minutes", whole(0, 1440, "min"), "720", "Day: from sunrise to sunset"),
    row("energy.sun.power_uw", POWER, "100000", "Hours: while there is sun"),
    row("energy.sun.from_hour", whole(0, 23, "h"), "9", "Hours: hour of the day it starts"),
    row("energy.sun.hours", whole(1, 24, "h"), "6", "Hours: how long"),
    row("energy.sun.path", text(1, 255), "required",
        "Recorded: file below the data folder; `{station}` is the station's name"),
    row("energy.sun.column", text(1, 255), "required",
        "Recorded: column by the name in the first line"),
    row("energy.sun.uw_per_unit", real(0.001, 32_000.0, "uW"), "1",
        "Recorded: gathered for each unit of the column"),
    row("energy.sun.period_minutes", whole(1, 10_080, "min"), "60", "Recorded: from row to row"),
    row("energy.sun.delimiter", DELIMITER, "Comma", "Recorded: between fields"),
    row("energy.sun.missing", list(0, 16), "[\"NA\", \"\"]",
        "Recorded: what stands for a missing value, which is dark"),
    row("energy.sun.source", text(0, 1000), "\"\"", "Recorded: where the set is published"),
    row("energy.clouds", Accepts::Said("Clouds(..)"), "()", "what takes light away"),
    row("energy.clouds.dim_percent", PERCENT, "0", "light that a cloud takes; 0: no clouds"),
    row("energy.clouds.cloudy_hours", whole(2, 240, "h"), "6", "mean cloudy spell"),
    row("energy.clouds.clear_hours", whole(2, 240, "h"), "12", "mean clear spell"),
    row("energy.clouds.region_mm", LENGTH, "1000000", "edge of what is under one sky"),
    row("energy.brownout_percent", whole(0, 9, "%"), "0", "charge at which a node goes off"),
    row("energy.recover_percent", whole(1, 50, "%"), "5",
        "charge at which it comes back; at least twice brownout_percent"),
    row("protocol", Accepts::Said("Protocol(..)"), "()", "what nodes run by"),
    row("protocol.lags", Accepts::Said("a list of 1 to 8 different whole numbers from 2 to 25"),
        "[2, 3, 4, 8]", "past samples that the predictor sees"),
    row("protocol.kind", Accepts::Said("Linear, Cascade or Spiking"), "Linear",
        "how the first model computes"),
    row("protocol.evolution", Accepts::Said("Off or On(..)"), "Off",
        "nodes try genes on their own samples and spread what they adopt"),
    row("protocol.evolution.mutation", YES_NO, "true", "On: models mutate in a storm"),
    row("protocol.evolution.mutate_every_samples", whole(1, 1000, "samples"), "4",
        "On: from one mutant to the next; only in Storm"),
    row("protocol.evolution.gain_percent", whole(0, 90, "%"), "5",
        "On: a gene is adopted when it lowers the error by this much"),
    row("protocol.learning_rate", Accepts::Said("LearningRate(..)"), "()",
        "how fast the predictor learns"),
    row("protocol.learning_rate.calm", SHARE, "0.01", "in Calm"),
    row("protocol.learning_rate.prestorm", SHARE, "0.05", "in PreStorm"),
    row("protocol.learning_rate.storm", SHARE, "0.2", "in Storm"),
    row("protocol.storm_entropy", SHARE, "0.45", "Storm is indicated above"),
    row("protocol.calm_entropy", SHARE, "0.3", "Storm may end below; under storm_entropy"),
    row("protocol.prestorm_derivative", SHARE, "0.15",
        "rise in a sample that indicates PreStorm"),
    row("protocol.dwell_samples", whole(1, 1000, "samples"), "5", "a Storm lasts at least"),
    row("protocol.trim_per_tail", whole(0, 8, "values"), "1",
        "dropped at each end before averaging; a modality needs more than twice as many nodes"),
    row("protocol.aggregation", Accepts::Said("Mean, TrimmedMean, Median, Meamed(..), Krum(..), \
        MultiKrum(..), Bulyan(..), GeometricMedian(..), CentredClipping(..), ClippedGossip(..), \
        CsPlus(..), Nna(..), Balance(..), Ubar(..) or Adaptive(..)"), "TrimmedMean",
        "how what is heard becomes the node's own"),
    row("protocol.aggregation.faulty", whole(0, 8, "voices"), "1",
        "that may lie, of every rule that counts them"),
    row("protocol.aggregation.select", whole(0, 24, "models"), "0",
        "MultiKrum: that are averaged; 0 for all but the faulty"),
    row("protocol.aggregation.smoothing", real(0.001, 16.0, ""), "0.1",
        "GeometricMedian: distances count at least as this"),
    row("protocol.aggregation.steps", whole(1, 32, "steps"), "8 or 3",
        "GeometricMedian and CentredClipping"),
    row("protocol.aggregation.radius", real(0.0, 16.0, ""), "0.1",
        "CentredClipping: differences are cut to it"),
    row("protocol.aggregation.reach", real(0.0, 16.0, "norms of the own model"), "2",
        "Balance: how far a peer may be at first"),
    row("protocol.aggregation.decay", real(0.0, 16.0, ""), "1",
        "Balance: how often reach shrinks by e over the horizon"),
    row("protocol.aggregation.horizon_rounds", whole(1, 1_000_000_000, "rounds"), "1000",
        "Balance: over which reach shrinks"),
    row("protocol.aggregation.own_share", SHARE, "0.5",
        "Balance and Ubar: of the own model in the mix"),
    row("protocol.aggregation.keep", SHARE, "0.4", "Ubar: of the peers, those nearest"),
    row("protocol.aggregation.calm_rounds", whole(1, 255, "rounds"), "8",
        "Adaptive: quiet ones before the mean is trusted; 255 means never"),
    row("protocol.aggregation.quiet_share", SHARE, "0",
        "Adaptive: of outliers, up to which a round is quiet"),
    row("protocol.aggregation.alarm_share", SHARE, "0.1",
        "Adaptive: of outliers, above which a round is an alarm"),
    row("protocol.preparation", Accepts::Said("Nothing, Nnm(..), Arc(..) or Bucketing(..)"),
        "Nothing", "what is done to models before the rule"),
    row("protocol.preparation.faulty", whole(0, 8, "voices"), "1", "Nnm and Arc: that may lie"),
    row("protocol.preparation.size", whole(1, 8, "models"), "2", "Bucketing: in a group"),
    row("protocol.weigh_by_reputation", YES_NO, "true", "reputation weighs in averages"),
    row("protocol.adoption", Accepts::Said("Tested, Screened or Blind"), "Tested",
        "what a node takes on: what is no worse on its own samples, what does no harm, or all"),
    row("protocol.wire", Accepts::Said("Q16 or Bfp16"), "Q16",
        "weights in updates: 4 bytes each, or 2 each and one for all"),
    row("protocol.gossip", YES_NO, "true", "nodes exchange what they learn"),
    row("protocol.integrity", Accepts::Said("Off, Accounted or Full"), "Off",
        "updates are signed: not, in effect, or with real arithmetic"),
    row("protocol.secure_aggregation", Accepts::Said("SecureAggregation(..)"), "()",
        "sleepers share sums of groups, not weights of their own"),
    row("protocol.secure_aggregation.members", whole(0, 8, "nodes"), "0",
        "of a group, 4 to 8; 0: updates travel in the clear"),
    row("protocol.secure_aggregation.patience_rounds", whole(1, 1000, "rounds"), "3",
        "of its sentinel that a group waits for late members"),
    row("protocol.secure_aggregation.norm_bound", real(0.0, 11.0, ""), "0",
        "largest norm of a member's part, pledged and proven; at least 0.01, or 0: no proofs"),
    row("protocol.secure_aggregation.proof_share", SHARE, "0.1",
        "chance that a sum is followed by the demand of a proof"),
    row("protocol.tuner", YES_NO, "false", "nodes tune some of these parameters together"),
    row("protocol.stream", Accepts::Said("Stream(..)"), "()",
        "readings sent to the sentinel: raw data in effect"),
    row("protocol.stream.step", DEVIATION, "0", "the sensor's step; 0: nothing is streamed"),
    row("protocol.stream.frame_samples", whole(1, 255, "readings"), "64", "in a full frame"),
    row("protocol.stream.key_every_frames", whole(1, 255, "frames"), "32", "to the next keyframe"),
    row("protocol.stream.check_every_frames", whole(1, 255, "frames"), "4",
        "to the next checksum"),
    row("protocol.privacy", Accepts::Said("Privacy(..)"), "()",
        "what others may learn of a node's data from its updates"),
    row("protocol.privacy.clip", real(0.001, 4.0, ""), "0.1",
        "norm to which the step from one update to the next is cut"),
    row("protocol.privacy.noise_multiplier", real(0.0, 1000.0, ""), "0",
        "deviation of the noise over clip, at least 0.01; 0: updates carry the weights themselves"),
    row("protocol.privacy.budget", Accepts::Said("Budget(..)"), "()",
        "what all updates of a node may give away; after that it sends none"),
    row("protocol.privacy.budget.epsilon", real(0.001, 32_000.0, ""), "8",
        "how much likelier any outcome may become by other data, as a power of e"),
    row("protocol.privacy.budget.delta", Accepts::Said("a power of ten from 1e-12 to 0.1"),
        "0.00001", "chance with which that may not hold"),
    row("protocol.summary", Accepts::Said("Summary(..)"), "()",
        "how newcomers take over what the mesh has learned"),
    row("protocol.summary.asks", whole(0, 255, "requests"), "0", "of a newcomer; 0: nobody asks"),
    row("protocol.summary.answer_every_ticks", whole(0, 1_000_000, "ticks"), "10",
        "from one answer of a node to its next"),
    row("protocol.summary.energy_floor_percent", PERCENT, "15",
        "below this a node neither asks nor answers"),
    row("protocol.audit", Accepts::Said("Audit(..)"), "()",
        "nodes commit to what they compute, and show what a neighbour draws of it"),
    row("protocol.audit.every_rounds", whole(0, 64, "rounds"), "0",
        "that a commitment stands for; 0: nobody audits"),
    row("protocol.audit.rate_percent", real(0.01, 100.0, "percent"), "2",
        "of the updates of a node that speaks in every round, drawn"),
    row("protocol.audit.outliers", YES_NO, "false", "models that stand out draw an audit"),
    row("protocol.commissioning", Accepts::Said("Commissioning(..)"), "()",
        "when a new node counts as settled"),
    row("protocol.commissioning.neighbours", whole(0, 64, "nodes"), "3",
        "that a new node must trust"),
    row("protocol.commissioning.reputation", SHARE, "0.8", "that counts as trust"),
    row("protocol.commissioning.limit_ticks", TICK, "3600", "settled in any case after"),
    row("protocol.quorum", whole(1, 64, "votes"), "3", "that make a sentinel sound an emergency"),
    row("protocol.initial_reputation", SHARE, "0.5",
        "of a node nobody knows; above 0.5 only if watch_for speaks of reputation"),
    row("protocol.votes_age_rounds", whole(1, 1000, "rounds"), "10", "for which a vote counts"),
    row("protocol.trust", Accepts::Said("Trust(..)"), "()",
        "bans, opinions and the watchdog"),
    row("protocol.trust.bans", Accepts::Said("ByReputation or On(..)"), "ByReputation",
        "while the reputation is low, or for a time that doubles and then on probation"),
    row("protocol.trust.bans.first_ticks", whole(1, 1_000_000_000, "ticks"), "3600",
        "On: a first ban lasts"),
    row("protocol.trust.bans.longest_ticks", whole(1, 1_000_000_000, "ticks"), "86400",
        "On: the longest ban; at least first_ticks"),
    row("protocol.trust.bans.audit_failures", whole(1, 100, "audits"), "2",
        "On: failed ones that ban"),
    row("protocol.trust.bans.probation_good", whole(1, 100, "models"), "10",
        "On: good ones in a row that end probation"),
    row("protocol.trust.distance_mads", whole(0, 100, "deviations"), "0",
        "a model that is not good and farther from the aggregate is outlying; 0: never"),
    row("protocol.trust.leave_one_out", YES_NO, "false",
        "models neither good nor harmful are judged by their effect on the aggregate"),
    row("protocol.trust.bounded_influence", YES_NO, "false",
        "no voice has more than its share of the reputation in a round"),
    row("protocol.trust.swarm_size", whole(0, 1_000_000, "voices"), "0",
        "that the exponent of influence goes by; 0: the neighbours"),
    row("protocol.trust.quorum_percent", PERCENT, "0",
        "share of neighbours not banned that an emergency takes, on top of quorum"),
    row("protocol.trust.opinions", YES_NO, "false", "nodes say what they think of each other"),
    row("protocol.trust.gini_alarm", SHARE, "0.7",
        "unevenness of influence that raises an alarm, where nodes keep records"),
    row("protocol.trust.watchdog", Accepts::Said("Off or On(..)"), "Off",
        "nodes go back to their last healthy model when nothing moves any more"),
    row("protocol.trust.watchdog.straggler_rounds", whole(1, 10_000, "rounds"), "150",
        "On: of Calm, without a sign of life, that make a straggler"),
    row("protocol.trust.watchdog.straggler_percent", PERCENT, "20",
        "On: share of known neighbours that may straggle"),
    row("protocol.trust.watchdog.limit_rounds", whole(1, 10_000, "rounds"), "150",
        "On: that may pass without an update worth taking"),
    row("signals", list(1, 16), "required", "what nodes sense"),
    row("signals[].modality", text(1, 64), "required", "what is sensed; each its own"),
    row("signals[].unit", text(0, 16), "\"\"", "unit as shown"),
    row("signals[].source", Accepts::Said("Synthetic(..), Dataset(..) or Sample(..)"),
        "Synthetic()", "where samples come from"),
    row("signals[].companions", list(0, 4), "[]",
        "modalities of other signals that the same node senses and fuses, but never sends"),
    row("signals[].source.level", LEVEL, "20", "Synthetic: mean"),
    row("signals[].source.waves", list(0, 6),
        "[(period_samples: 300, amplitude: 4.0)]", "Synthetic: sine waves on top"),
    row("signals[].source.waves[].period_samples", whole(2, 10_000_000, "samples"), "required",
        "Synthetic: period"),
    row("signals[].source.waves[].amplitude", DEVIATION, "required", "Synthetic: height"),
    row("signals[].source.noise", DEVIATION, "0.2", "Synthetic: deviation of white noise"),
    row("signals[].source.wander", DEVIATION, "0", "Synthetic: deviation of a slow wandering"),
    row("signals[].source.phase", Accepts::Said("Shared, ByNode or ByPosition"), "Shared",
        "Synthetic: whose waves are in step"),
    row("signals[].source.path", text(1, 255), "required",
        "Dataset: file below the data folder; `{station}` is the station's name"),
    row("signals[].source.file", Accepts::Said("the name of an embedded sample"), "required",
        "Sample: which"),
    row("signals[].source.column", text(1, 255), "required",
        "Dataset, Sample: column by the name in the first line"),
    row("signals[].source.delimiter", DELIMITER, "Comma", "Dataset, Sample: between fields"),
    row("signals[].source.missing", list(0, 16), "[\"NA\", \"\"]",
        "Dataset, Sample: what stands for a missing value"),
    row("signals[].source.source", text(0, 1000), "\"\"", "Dataset: where the set is published"),
    row("signals[].source.normalise", Accepts::Said("Affine(..)"), "Affine()",
        "Dataset, Sample: (raw - offset) / scale"),
    row("signals[].source.normalise.offset", LEVEL, "0", "Affine: taken off"),
    row("signals[].source.normalise.scale", SCALE, "1", "Affine: divided by"),
    row("storms", list(0, 64), "[]", "what disturbs the signals"),
    row("storms[].from_tick", TICK, "required", "first tick"),
    row("storms[].to_tick", TICK, "required", "over at; after from_tick"),
    row("storms[].path", list(1, 1024), "required",
        "waypoints of its centre, straight lines between"),
    row("storms[].path[].tick", TICK, "required", "when; rising along the path"),
    row("storms[].path[].x_mm", PLACE, "required", "east of the origin"),
    row("storms[].path[].z_mm", PLACE, "required", "south of the origin"),
    row("storms[].radius_mm", LENGTH, "required", "from the centre to where it ends"),
    row("storms[].intensity", real(0.0, 1000.0, "times the noise"), "8",
        "deviation of the disturbance at the centre; Gain: added to a gain of one"),
    row("storms[].spectrum", Accepts::Said("White, Gust, Tone(..), Coloured(..) or Gain"),
        "White", "its character"),
    row("storms[].spectrum.period_samples", whole(2, 1000, "samples"), "required",
        "Tone, Coloured: the period"),
    row("storms[].spectrum.coherence_samples", whole(2, 10_000, "samples"), "required",
        "Coloured: over which height and phase keep roughly"),
    row("adversaries", list(0, 16), "[]", "nodes that do harm"),
    row("adversaries[].kind", Accepts::Said(ATTACKS), "required", "what they do"),
    row("adversaries[].kind.bias", real(-8.0, 8.0, ""), "0.5",
        "Bias, AuditPrediction: added to every weight"),
    row("adversaries[].kind.scale", real(0.0, 1000.0, ""), "1",
        "SignFlip, Spectral, OnOff: stretched by"),
    row("adversaries[].kind.deviation", real(0.0, 1000.0, ""), "1", "Gaussian: of the noise"),
    row("adversaries[].kind.epsilon", real(0.0, 64.0, ""), "2",
        "InnerProduct: stretched by; Dissensus: how much of the pull is undone"),
    row("adversaries[].kind.z", real(0.0, 64.0, "deviations"), "1.5",
        "LittleIsEnough: beside the mean; 0: as many as the numbers of voices allow"),
    row("adversaries[].kind.search", YES_NO, "false",
        "InnerProduct, LittleIsEnough: looks for what does most harm"),
    row("adversaries[].kind.direction", Accepts::Said("Deviation, Sign or Unit"), "Deviation",
        "MinMax, MinSum: which way from the mean"),
    row("adversaries[].kind.factor", real(-1000.0, 1000.0, ""), "-5",
        "DirectedDeviation, TopologyLiar: times the model"),
    row("adversaries[].kind.noise", real(0.0, 1000.0, "times the noise"), "20",
        "FalseEntropy: deviation of what is added to the sensor"),
    row("adversaries[].kind.farm_rounds", ROUNDS, "30", "OnOff: honest"),
    row("adversaries[].kind.burst_rounds", ROUNDS, "10", "OnOff: not honest"),
    row("adversaries[].kind.every_rounds", ROUNDS, "50",
        "AuditPrediction: from one expected audit to the next"),
    row("adversaries[].kind.bits", whole(1, 16, "bits"), "11",
        "FloatCheater: left of each weight"),
    row("adversaries[].kind.sigmas", real(0.0, 64.0, "deviations"), "1.5",
        "Cartel: beside the mean in the end"),
    row("adversaries[].kind.ramp_rounds", ROUNDS, "50", "Cartel: until it is there"),
    row("adversaries[].share_percent", whole(1, 90, "%"), "10",
        "share of all nodes, drawn by the seed; not where `nodes` names them"),
    row("adversaries[].nodes", Accepts::Said(NODES), "\"\"", "which nodes; empty: drawn"),
    row("adversaries[].from_tick", TICK, "0", "first tick"),
    row("adversaries[].to_tick", TICK, "1000000000", "over at; after from_tick"),
    row("adversaries[].collude", YES_NO, "false", "they share what they hear and act as one"),
    row("adversaries[].claim_storm", YES_NO, "false",
        "their updates claim Storm, which nobody is blamed for"),
    row("adversaries[].cover_up", YES_NO, "false",
        "their commitments to an audit name what they send"),
    row("commands", list(0, 1024), "[]", "what is ordered in mid-run"),
    row("commands[].at_tick", TICK, "required", "the tick that begins with it"),
    row("commands[].command", Accepts::Said("SetAttack(..) or SetDefence(..)"), "required",
        "what is done"),
    row("commands[].command.nodes", Accepts::Said(NODES), "required", "SetAttack: which nodes"),
    row("commands[].command.attack",
        Accepts::Said("None or Some(..) of a kind as in `adversaries`"), "None",
        "SetAttack: what they do from now on"),
    row("commands[].command.collude", YES_NO, "false", "SetAttack: as in `adversaries`"),
    row("commands[].command.claim_storm", YES_NO, "false", "SetAttack: as in `adversaries`"),
    row("commands[].command.aggregation", Accepts::Said("a rule as in `protocol.aggregation`"),
        "TrimmedMean", "SetDefence: how all nodes merge from now on"),
    row("commands[].command.preparation",
        Accepts::Said("a preparation as in `protocol.preparation`"), "Nothing",
        "SetDefence: what is done before"),
    row("commands[].command.trim_per_tail", whole(0, 8, "values"), "1",
        "SetDefence: as `protocol.trim_per_tail`"),
    row("commands[].command.weigh_by_reputation", YES_NO, "true",
        "SetDefence: as `protocol.weigh_by_reputation`"),
    row("commands[].command.adoption",
        Accepts::Said("None or Some(..) of Tested, Screened or Blind"), "None",
        "SetDefence: as `protocol.adoption`; None: stays as it is"),
    row("faults", list(0, 32), "[]", "what goes wrong with nodes and links"),
    row("faults[].kind", Accepts::Said("Loss(..), Bursts(..), Duplication(..), Reordering(..), \
        Corruption(..), Partition, ClockSkew(..), Straggler(..), PowerLoss(..), Churn(..), \
        Jamming(..), Eclipse(..) or Sybil(..)"), "required", "what"),
    row("faults[].kind.percent", whole(1, 100, "%"), "10",
        "Loss, Duplication, Reordering, Corruption: of frames"),
    row("faults[].kind.enter_per_mille", whole(1, 999, "in 1000"), "10",
        "Bursts: chance in a tick that a good link turns bad"),
    row("faults[].kind.leave_per_mille", whole(1, 999, "in 1000"), "100",
        "Bursts: chance in a tick that a bad link turns good; at most 1000 with enter_per_mille"),
    row("faults[].kind.good_percent", PERCENT, "0", "Bursts: lost on a good link"),
    row("faults[].kind.bad_percent", PERCENT, "90", "Bursts: lost on a bad link"),
    row("faults[].kind.up_to_ticks", whole(1, 1000, "ticks"), "3", "Reordering: at most so late"),
    row("faults[].kind.bits", whole(1, 64, "bits"), "1", "Corruption: that flip in a frame"),
    row("faults[].kind.mends_crc", YES_NO, "false",
        "Corruption: the checksum is made to fit the damage"),
    row("faults[].kind.ppm", whole(1, 100_000, "ppm"), "100",
        "ClockSkew: at most, either way; each node has its own"),
    row("faults[].kind.factor", whole(2, 1000, "times"), "4",
        "Straggler: as long as it should take, a round takes"),
    row("faults[].kind.every_ticks", TICK, "0",
        "PowerLoss: mean time between cuts; 0: once, at from_tick"),
    row("faults[].kind.off_ticks", whole(1, 1_000_000, "ticks"), "10",
        "PowerLoss: how long power is away"),
    row("faults[].kind.save_every_ticks", TICK, "0",
        "PowerLoss: between saves of the model; 0: no storage"),
    row("faults[].kind.torn_percent", PERCENT, "50",
        "PowerLoss: cuts that fall into the writing of a save"),
    row("faults[].kind.stay_ticks", whole(1, 1_000_000, "ticks"), "500", "Churn: mean stay"),
    row("faults[].kind.away_ticks", whole(1, 1_000_000, "ticks"), "100", "Churn: mean absence"),
    row("faults[].kind.duty_percent", whole(1, 100, "%"), "50", "Jamming: time that it is on"),
    row("faults[].kind.period_us", whole(100, 10_000_000, "us"), "10000",
        "Jamming: from one burst to the next"),
    row("faults[].kind.strength_percent", whole(1, 100_000, "%"), "1000",
        "Jamming: field strength against a node's at the same distance"),
    row("faults[].kind.victim", whole(0, 999_999, ""), "required", "Eclipse: id of the node"),
    row("faults[].kind.host", whole(0, 999_999, ""), "required",
        "Sybil: id of the node that invents them"),
    row("faults[].kind.identities", whole(1, 1000, "nodes"), "10", "Sybil: how many"),
    row("faults[].kind.attack", Accepts::Said("a kind of `adversaries`"), "required",
        "Sybil: what they do"),
    row("faults[].from_tick", TICK, "0", "first tick; Sybil: when they join"),
    row("faults[].to_tick", TICK, "1000000000", "over at; after from_tick"),
    row("faults[].nodes", Accepts::Said("All, Share(..), List([..]), Links([..]), Area(..), \
        Side(..) or Adversaries; lists have 1 to 10000 entries"), "All", "whom it strikes"),
    row("faults[].nodes.percent", whole(1, 100, "%"), "20", "Share: of nodes, drawn by the seed"),
    row("faults[].nodes.x_mm", PLACE, "required", "Area, Side: east of the origin"),
    row("faults[].nodes.z_mm", PLACE, "required", "Area, Side: south of the origin"),
    row("faults[].nodes.radius_mm", LENGTH, "required", "Area: radius on the ground"),
    row("faults[].nodes.to_x_mm", PLACE, "required",
        "Side: those to the left on the way to here are chosen"),
    row("faults[].nodes.to_z_mm", PLACE, "required", "Side: the same, south"),
    row("camera", list(0, 64), "[]", "bookmarked views"),
    row("camera[].name", text(1, 64), "required", "each its own"),
    row("camera[].eye_mm", Accepts::Said("three whole numbers (x, y, z) from -1000000000 to \
        1000000000 mm"), "required", "where the camera is; y is up"),
    row("camera[].target_mm", Accepts::Said("three whole numbers (x, y, z) from -1000000000 to \
        1000000000 mm"), "required", "what it looks at; not the eye's place"),
];
