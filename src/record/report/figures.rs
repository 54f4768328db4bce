//! What the figures of a run mean, with their units. Must say what docs and code say.

/// A figure of `qres run --json`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figure {
    /// Its path in the JSON object.
    pub path: &'static str,
    /// In a few words.
    pub name: &'static str,
    /// What it means, with its unit.
    pub meaning: &'static str,
    /// Whether sweeps are compared by it.
    pub compared: bool,
}

const fn figure(path: &'static str, name: &'static str, meaning: &'static str) -> Figure {
    Figure { path, name, meaning, compared: false }
}

const fn compared(path: &'static str, name: &'static str, meaning: &'static str) -> Figure {
    Figure { path, name, meaning, compared: true }
}

/// All that are explained, in the order in which they are shown.
pub(super) const FIGURES: &[Figure] = &[
    figure("nodes", "nodes", "nodes that have joined"),
    figure("ticks", "ticks", "ticks run"),
    compared("regimes.ever_storm", "ever in storm", "nodes that were in Storm at any time"),
    figure("regimes.calm", "calm", "nodes in Calm at the end"),
    figure("regimes.prestorm", "pre-storm", "nodes in PreStorm at the end"),
    figure("regimes.storm", "storm", "nodes in Storm at the end"),
    compared("energy.left_mean", "energy left", "of its capacity, mean over nodes, 0 to 1"),
    compared(
        "energy.left_least",
        "least energy left",
        "of its capacity, of the poorest node, 0 to 1",
    ),
    compared("energy.brownouts", "brownouts", "times that a node ran out of energy"),
    figure("energy.off", "off", "nodes without energy at the end"),
    figure("energy.harvested_j", "harvested", "mean taken in per node, in joules"),
    compared("energy.all.asleep_percent", "asleep", "share of time asleep, in percent"),
    compared(
        "energy.all.saved_percent",
        "energy saved",
        "against an always-on radio with the same traffic, in percent",
    ),
    figure("energy.all.spent_j", "energy spent", "mean per node, in joules"),
    figure(
        "energy.ceiling_percent",
        "most that can be saved",
        "what the power figures of the profile let anyone save, in percent",
    ),
    compared("bytes_per_node_day", "bytes", "sent per node and day of simulated time"),
    figure("frames", "frames", "sent, ordinary beacons not counted"),
    figure("bytes_sent", "bytes sent", "in those frames, headers included"),
    figure("updates", "updates", "that nodes sent of their own"),
    figure(
        "exchanges.least",
        "least exchanges",
        "rounds in which a node both sent and received, of the node with fewest",
    ),
    figure("exchanges.mean", "exchanges", "the same, mean over nodes"),
    compared(
        "prediction.better_than_persistence_percent",
        "beat persistence",
        "nodes that forecast better than \"as it was\", in percent",
    ),
    compared("prediction.ratio_mean", "error", "mean |residual| as a share of persistence's"),
    figure("aggregations", "merges", "merges that were taken on"),
    figure("declined", "declined", "merges that would have served a node worse than its own model"),
    compared("consensus.spread", "spread", "largest distance between shared weights of a modality"),
    compared(
        "consensus.drift.p95",
        "drift",
        "95th percentile, against a run in which adversaries are silent, in deviations",
    ),
    figure("consensus.drift.median", "median drift", "the same, of the node in the middle"),
    figure("consensus.drift.floor", "drift floor", "what two honest runs differ by"),
    compared("adversaries.detected", "found out", "adversaries banned by honest neighbours"),
    figure("adversaries.count", "adversaries", "nodes that attack"),
    compared(
        "adversaries.false_positives",
        "wrongly banned",
        "honest nodes banned by honest neighbours",
    ),
    figure(
        "adversaries.first_detection_tick",
        "first found out",
        "tick of the first ban of an adversary",
    ),
    figure("genes.mutations", "mutations", "models that arose by mutation"),
    compared("genes.adoptions", "adoptions", "times that a node put another's gene into service"),
    figure(
        "genes.largest_cascade",
        "largest cascade",
        "times that one gene went into service, at most",
    ),
    figure("digest", "digest", "BLAKE3 of the whole state: equal for equal runs"),
    figure("wall_s", "wall time", "seconds that the run took; differs from machine to machine"),
    figure("node_ticks_per_s", "speed", "node-ticks per second; differs from machine to machine"),
    figure("peak_memory_kib", "memory", "most that the process has held, in KiB"),
];

/// What is known of a path.
pub(super) fn of(path: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.path == path)
}
