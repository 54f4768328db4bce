//! The history of a swarm: a series for each figure of a tick, thinned out so that a whole run is
//! always there. It must not touch a mesh.
//!
//! A point stands for one or more ticks, as many for each point, and keeps least, greatest and mean
//! of them, so that no spike is lost. When there is no room for more points, every two become one.
//! Points lie in blocks that never change once they are full; a copy shares them.

use std::sync::Arc;

use qres_core::boundary::f64_from_q16;

use crate::mesh::chronicle::Pulse;

/// Points of a history, at most.
pub const POINTS: usize = 4_096;
/// Points of a block.
const BLOCK: usize = 256;

/// A figure that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// Nodes in Calm.
    Calm,
    /// Nodes in `PreStorm`.
    PreStorm,
    /// Nodes in Storm.
    Storm,
    /// Mean energy left, 0 to 1.
    EnergyMean,
    /// Energy left in the node that has least, 0 to 1.
    EnergyLeast,
    /// Bytes sent in a tick.
    Bytes,
    /// Bytes that federated averaging would have sent: [`Pulse::federated_bytes`].
    FederatedBytes,
    /// How far models have moved: [`Pulse::drift`].
    Drift,
    /// How far models are apart: [`Pulse::spread`].
    Spread,
    /// Mean recent |residual|, in deviations.
    Residual,
    /// Adversaries that an honest node bans.
    Detected,
    /// Nodes that somebody bans.
    Banned,
    /// Nodes whose radio slept through the tick.
    Asleep,
    /// Nodes with power and energy.
    Alive,
    /// Frames lost in a tick.
    Lost,
    /// Merges in a tick that changed a model.
    Merges,
    /// Storms that blow.
    Storms,
    /// Updates sent in a tick.
    Updates,
}

/// How many series there are.
pub const SERIES: usize = 18;

impl Series {
    /// All of them, in the order of [`Point::of`].
    pub const ALL: [Self; SERIES] = [
        Self::Calm,
        Self::PreStorm,
        Self::Storm,
        Self::EnergyMean,
        Self::EnergyLeast,
        Self::Bytes,
        Self::FederatedBytes,
        Self::Drift,
        Self::Spread,
        Self::Residual,
        Self::Detected,
        Self::Banned,
        Self::Asleep,
        Self::Alive,
        Self::Lost,
        Self::Merges,
        Self::Storms,
        Self::Updates,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::PreStorm => "pre-storm",
            Self::Storm => "storm",
            Self::EnergyMean => "mean energy",
            Self::EnergyLeast => "least energy",
            Self::Bytes => "bytes",
            Self::FederatedBytes => "bytes, federated",
            Self::Drift => "drift of weights",
            Self::Spread => "spread of weights",
            Self::Residual => "mean residual",
            Self::Detected => "detected",
            Self::Banned => "banned",
            Self::Asleep => "asleep",
            Self::Alive => "alive",
            Self::Lost => "frames lost",
            Self::Merges => "merges",
            Self::Storms => "storms",
            Self::Updates => "updates",
        }
    }
}

/// A figure over the ticks of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Band {
    /// Least.
    pub least: f32,
    /// Greatest.
    pub greatest: f32,
    /// Mean over the ticks.
    pub mean: f32,
}

impl Band {
    /// The same over more ticks; the mean of both, as if they were equally long.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self {
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
            mean: f32::midpoint(self.mean, other.mean),
        }
    }
}

/// Some ticks in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The first of them.
    pub tick: u64,
    /// How many.
    pub ticks: u32,
    bands: [Band; SERIES],
}

impl Point {
    fn new(pulse: &Pulse) -> Self {
        let [calm, prestorm, storm] = pulse.regimes.map(f64::from);
        let values = [
            calm,
            prestorm,
            storm,
            f64_from_q16(pulse.energy_mean),
            f64_from_q16(pulse.energy_least),
            pulse.bytes as f64,
            pulse.federated_bytes as f64,
            f64_from_q16(pulse.drift),
            f64_from_q16(pulse.spread),
            f64_from_q16(pulse.residual_mean),
            f64::from(pulse.detected),
            f64::from(pulse.banned),
            f64::from(pulse.asleep),
            f64::from(pulse.alive),
            pulse.lost as f64,
            pulse.merges as f64,
            f64::from(pulse.storms),
            pulse.updates as f64,
        ];
        let band = |value: f64| {
            let value = value as f32;
            Band { least: value, greatest: value, mean: value }
        };
        Self { tick: pulse.tick, ticks: 1, bands: values.map(band) }
    }

    /// A figure.
    #[must_use]
    pub fn of(&self, series: Series) -> Band {
        self.bands.get(series as usize).copied().unwrap_or_default()
    }

    /// Takes on the ticks of `later`, which follow.
    fn join(&mut self, later: &Self) {
        let (own, other) = (self.ticks as f32, later.ticks as f32);
        for (band, more) in self.bands.iter_mut().zip(&later.bands) {
            band.least = band.least.min(more.least);
            band.greatest = band.greatest.max(more.greatest);
            band.mean += (more.mean - band.mean) * (other / (own + other));
        }
        self.ticks += later.ticks;
    }
}

/// A history as it was at some moment; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    blocks: Vec<Arc<Vec<Point>>>,
    /// Ticks of a full point.
    ticks: u32,
    /// Moves on whenever earlier points have changed: what was drawn of them is out of date.
    version: u32,
}

impl Snapshot {
    /// All points, oldest first; the last one may still grow.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    /// Points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.iter().all(|block| block.is_empty())
    }

    /// Ticks that a full point stands for.
    #[must_use]
    pub const fn ticks_per_point(&self) -> u32 {
        self.ticks
    }

    /// A number that changes when points before the last one have changed.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }
}

/// A history that grows.
#[derive(Clone, Debug)]
pub struct History {
    /// Full but for the last.
    blocks: Vec<Arc<Vec<Point>>>,
    ticks: u32,
    version: u32,
}

impl Default for History {
    fn default() -> Self {
        Self { blocks: Vec::new(), ticks: 1, version: 0 }
    }
}

impl History {
    /// Adds a tick. One that is not after the last one takes back all that came later: the mesh was
    /// put into an earlier state.
    pub fn push(&mut self, pulse: &Pulse) {
        if self.last().is_some_and(|last| last.tick + u64::from(last.ticks) > pulse.tick) {
            self.rewind(pulse.tick);
        }
        let point = Point::new(pulse);
        let room = self.ticks;
        if let Some(last) = self.last_block()
            && let Some(open) = last.last_mut().filter(|open| open.ticks < room)
        {
            open.join(&point);
            return;
        }
        if self.count() == POINTS {
            self.halve();
            // A point has room for twice the ticks now.
            return self.push(pulse);
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Arc::new(Vec::with_capacity(BLOCK)));
        }
        if let Some(block) = self.last_block() {
            block.push(point);
        }
    }

    /// A copy that shares what will not change any more: at most one block is copied later.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Self { blocks, ticks, version } = self;
        Snapshot { blocks: blocks.clone(), ticks: *ticks, version: *version }
    }

    fn last(&self) -> Option<&Point> {
        self.blocks.last().and_then(|block| block.last())
    }

    fn last_block(&mut self) -> Option<&mut Vec<Point>> {
        self.blocks.last_mut().map(Arc::make_mut)
    }

    fn count(&self) -> usize {
        let full = self.blocks.len().saturating_sub(1) * BLOCK;
        full + self.blocks.last().map_or(0, |block| block.len())
    }

    /// Every two points become one.
    fn halve(&mut self) {
        let points: Vec<Point> =
            self.blocks.iter().flat_map(|block| block.iter().copied()).collect();
        let joined: Vec<Point> = points
            .chunks(2)
            .filter_map(|pair| {
                let (first, rest) = pair.split_first()?;
                let mut point = *first;
                for later in rest {
                    point.join(later);
                }
                Some(point)
            })
            .collect();
        self.put(&joined);
        self.ticks *= 2;
    }

    /// Forgets `tick` and later ones, and whatever shares a point with them.
    pub fn rewind(&mut self, tick: u64) {
        let kept: Vec<Point> = self
            .blocks
            .iter()
            .flat_map(|block| block.iter().copied())
            .filter(|point| point.tick + u64::from(point.ticks) <= tick)
            .collect();
        self.put(&kept);
    }

    fn put(&mut self, points: &[Point]) {
        self.blocks = points.chunks(BLOCK).map(|block| Arc::new(block.to_vec())).collect();
        self.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(ticks: u64, bytes: impl Fn(u64) -> u64) -> History {
        let mut history = History::default();
        for tick in 0..ticks {
            history.push(&Pulse { tick, bytes: bytes(tick), ..Pulse::default() });
        }
        history
    }

    #[test]
    fn a_whole_run_is_always_there_and_no_spike_is_lost() {
        // (ticks, points, ticks of a point)
        for (ticks, points, each) in [
            (1, 1, 1),
            (4_096, 4_096, 1),
            (4_097, 2_049, 2),
            (8_193, 2_049, 4),
            (100_000, 3_125, 32),
        ] {
            let history = grown(ticks, |tick| if tick == ticks / 2 { 9_000 } else { 10 });
            let shown = history.snapshot();
            assert_eq!((shown.len(), shown.ticks_per_point()), (points, each), "{ticks}");
            let mut next = 0;
            for point in shown.points() {
                assert_eq!(point.tick, next, "no gap and no overlap");
                next += u64::from(point.ticks);
            }
            assert_eq!(next, ticks);
            let bytes = || shown.points().map(|point| point.of(Series::Bytes));
            let peaks = bytes().filter(|band| band.greatest > 8_999.0).count();
            assert_eq!(peaks, 1, "the spike is in one point");
            let sum: f64 = shown
                .points()
                .map(|point| f64::from(point.of(Series::Bytes).mean) * f64::from(point.ticks))
                .sum();
            let expected = 9_000.0 + 10.0 * (ticks - 1) as f64;
            assert!((sum / expected - 1.0).abs() < 1e-4, "{ticks}: {sum} for {expected}");
        }
    }

    #[test]
    fn a_snapshot_shares_what_is_full() {
        let mut history = grown(1_000, |tick| tick);
        let before = history.snapshot();
        history.push(&Pulse { tick: 1_000, ..Pulse::default() });
        let after = history.snapshot();
        assert_eq!((before.len(), after.len()), (1_000, 1_001));
        assert_eq!(before.version(), after.version());
        let shared = before.blocks.iter().zip(&after.blocks);
        assert_eq!(shared.filter(|(old, new)| Arc::ptr_eq(old, new)).count(), 3);
    }

    #[test]
    fn a_mesh_that_is_put_back_takes_its_history_along() {
        let mut history = grown(5_000, |_| 1);
        let version = history.snapshot().version();
        history.push(&Pulse { tick: 1_001, ..Pulse::default() });
        let shown = history.snapshot();
        let ticks: u64 = shown.points().map(|point| u64::from(point.ticks)).sum();
        // Two ticks share a point: tick 1,000 went with tick 1,001.
        assert_eq!(ticks, 1_001);
        assert_ne!(shown.version(), version);
        assert_eq!(shown.points().last().map(|point| point.tick), Some(1_001));
    }

    #[test]
    fn every_series_has_its_own_place_and_name() {
        let names: std::collections::BTreeSet<_> = Series::ALL.map(Series::name).into();
        assert_eq!(names.len(), SERIES);
        for (place, series) in Series::ALL.into_iter().enumerate() {
            assert_eq!(series as usize, place);
        }
        let pulse = Pulse { storms: 3, regimes: [5, 6, 7], lost: 8, ..Pulse::default() };
        let point = Point::new(&pulse);
        let shown = [Series::Calm, Series::Storm, Series::Lost, Series::Storms]
            .map(|series| point.of(series).mean as u32);
        assert_eq!(shown, [5, 7, 8, 3]);
    }
}
