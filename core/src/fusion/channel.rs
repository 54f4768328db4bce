//! What a node remembers of one of its sensors, and how it turns that into inputs. A channel has a
//! cursor of its own, so that one sensor's gap never shifts another's past. Must not learn weights.

use super::moments::Moments;
use crate::q16::{Q16, magnitude, shrink};

/// Samples that a channel remembers; a power of two.
pub const HISTORY: usize = 64;
/// Missing samples in a row after which a source is left out.
pub const MISSING_MAX: u8 = 6;
/// Unchanged samples in a row after which a source counts as stuck and is left out.
pub const STILL_MAX: u8 = 24;

/// Inputs stay within this many deviations.
const INPUT_LIMIT: i64 = 8 << 16;
/// Level and deviation settle over 2^14 samples.
const LEVEL_SHIFT: u32 = 14;
/// The mean |span| settles over 2^12 samples.
const SPAN_SHIFT: u32 = 12;
/// Surprise settles over 2^10 samples.
const SURPRISE_SHIFT: u32 = 10;
/// The smallest deviation a sensor is given: 2^-10 of its unit.
const SCALE_FLOOR: i64 = 1 << 6;

/// A sensor's recent past, with the level and the scales that bring it to deviations.
///
/// A *span* is the change between two neighbouring lags: with the lags 1, 6 and 24 the spans are
/// `x[0] - x[1]`, `x[1] - x[6]` and `x[6] - x[24]`. Spans overlap nowhere, so they are far less
/// alike than the lags themselves, and least mean squares converges the faster for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel<const SPANS: usize> {
    ring: [Q16; HISTORY],
    cursor: u8,
    /// Bit k: the sample k steps ago was measured.
    known: u64,
    /// Bit k: k steps ago the channel was worth listening to.
    fresh: u64,
    missing: u8,
    still: u8,
    samples: u32,
    level: Moments,
    /// Running mean |span|, times 2^12.
    spans: [i64; SPANS],
    surprise: Moments,
}

impl<const SPANS: usize> Default for Channel<SPANS> {
    fn default() -> Self {
        Self {
            ring: [Q16::ZERO; HISTORY],
            cursor: 0,
            known: 0,
            fresh: 0,
            missing: 0,
            still: 0,
            samples: 0,
            level: Moments::default(),
            spans: [0; SPANS],
            surprise: Moments::default(),
        }
    }
}

/// What brings a channel's past to deviations: computed once for each sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scales<const SPANS: usize> {
    mean: Q16,
    inverse_level: i64,
    inverse_spans: [i64; SPANS],
}

impl<const SPANS: usize> Channel<SPANS> {
    /// Takes the next sample, or holds the last one where there is none; `frozen` keeps level and
    /// scales where they are.
    pub(super) fn push(&mut self, sample: Option<Q16>, lags: &[u8; SPANS], frozen: bool) {
        let newest = self.back(0);
        let value = sample.unwrap_or(newest);
        if self.samples == 0 && sample.is_some() {
            self.ring = [value; HISTORY];
        }
        self.missing = if sample.is_none() { self.missing.saturating_add(1) } else { 0 };
        self.still = if value == newest { self.still.saturating_add(1) } else { 0 };
        self.cursor = self.cursor.wrapping_add(1);
        if let Some(slot) = self.ring.get_mut(usize::from(self.cursor) % HISTORY) {
            *slot = value;
        }
        self.samples = self.samples.saturating_add(u32::from(sample.is_some()));
        let fresh = self.samples > 0 && self.missing <= MISSING_MAX && self.still <= STILL_MAX;
        self.known = self.known << 1 | u64::from(sample.is_some());
        self.fresh = self.fresh << 1 | u64::from(fresh);
        if sample.is_some() && !frozen {
            self.settle(value, lags);
        }
    }

    fn settle(&mut self, value: Q16, lags: &[u8; SPANS]) {
        self.level.add(value, LEVEL_SHIFT);
        let mut newer = value;
        for (index, lag) in lags.iter().enumerate() {
            let older = self.back(*lag);
            let size = i64::from(newer.to_bits().abs_diff(older.to_bits()));
            if let Some(wide) = self.spans.get_mut(index) {
                *wide += shrink((size << SPAN_SHIFT) - *wide, self.samples, SPAN_SHIFT);
            }
            newer = older;
        }
    }

    /// The sample `steps` ago; 0 is the newest.
    #[must_use]
    pub fn back(&self, steps: u8) -> Q16 {
        let index = usize::from(self.cursor.wrapping_sub(steps)) % HISTORY;
        self.ring.get(index).copied().unwrap_or(Q16::ZERO)
    }

    /// Samples measured so far.
    #[must_use]
    pub const fn samples(&self) -> u32 {
        self.samples
    }

    /// Whether the sample `steps` ago was measured.
    #[must_use]
    pub const fn was_known(&self, steps: u8) -> bool {
        (self.known >> (steps % HISTORY as u8)) & 1 == 1
    }

    /// Whether the channel was worth listening to `steps` ago: neither silent nor stuck.
    #[must_use]
    pub const fn was_fresh(&self, steps: u8) -> bool {
        (self.fresh >> (steps % HISTORY as u8)) & 1 == 1
    }

    pub(super) fn scales(&self) -> Scales<SPANS> {
        let deviation = i64::from(self.level.deviation().to_bits());
        // A sensor that hardly ever changes must not make a wild input of its first change.
        let floor = (deviation >> 7).max(SCALE_FLOOR);
        Scales {
            mean: self.level.mean(),
            inverse_level: (1 << 32) / deviation.max(SCALE_FLOOR),
            inverse_spans: self.spans.map(|wide| (1 << 32) / (wide >> SPAN_SHIFT).max(floor)),
        }
    }

    /// The level `steps` ago over its long mean, in deviations.
    pub(super) fn level(&self, scales: &Scales<SPANS>, steps: u8) -> Q16 {
        deviations(self.back(steps), scales.mean, scales.inverse_level, INPUT_LIMIT)
    }

    /// The spans as they were `steps` ago, each in units of its usual size.
    pub(super) fn spans(
        &self,
        scales: &Scales<SPANS>,
        lags: &[u8; SPANS],
        steps: u8,
    ) -> [Q16; SPANS] {
        let mut spans = [Q16::ZERO; SPANS];
        let mut newer = self.back(steps);
        for ((span, lag), inverse) in spans.iter_mut().zip(lags).zip(&scales.inverse_spans) {
            let older = self.back(steps.wrapping_add(*lag));
            *span = deviations(newer, older, *inverse, INPUT_LIMIT);
            newer = older;
        }
        spans
    }

    /// Remembers how surprising the newest sample was.
    pub(super) fn note_surprise(&mut self, spans: &[Q16; SPANS]) {
        self.surprise.add(surprise(spans), SURPRISE_SHIFT);
    }

    /// Whether a surprise is above its mean by `sigmas` of its deviations; always before 2^6.
    pub(super) fn is_spike(&self, spans: &[Q16; SPANS], sigmas: Q16) -> bool {
        let margin = sigmas.saturating_mul(self.surprise.deviation());
        self.surprise.count() >> 6 == 0
            || surprise(spans) > self.surprise.mean().saturating_add(margin)
    }
}

/// The largest |span|: how much a source has to tell.
fn surprise(spans: &[Q16]) -> Q16 {
    spans.iter().copied().map(magnitude).fold(Q16::ZERO, Q16::max)
}

/// (`sample` - `level`) times `inverse` (2^-16 per unit), within +-`limit`.
pub(super) fn deviations(sample: Q16, level: Q16, inverse: i64, limit: i64) -> Q16 {
    let away = i64::from(sample.to_bits()) - i64::from(level.to_bits());
    Q16::from_bits((away.saturating_mul(inverse) >> 16).clamp(-limit, limit) as i32)
}

impl<const SPANS: usize> crate::canonical::Canonical for Channel<SPANS> {
    fn encode(&self, sink: &mut impl crate::canonical::Sink) {
        self.ring.encode(sink);
        self.cursor.encode(sink);
        self.known.encode(sink);
        self.fresh.encode(sink);
        self.missing.encode(sink);
        self.still.encode(sink);
        self.samples.encode(sink);
        self.level.encode(sink);
        self.spans.encode(sink);
        self.surprise.encode(sink);
    }

    fn decode(source: &mut crate::canonical::Source<'_>) -> Option<Self> {
        use crate::canonical::Canonical;
        Some(Self {
            ring: Canonical::decode(source)?,
            cursor: Canonical::decode(source)?,
            known: Canonical::decode(source)?,
            fresh: Canonical::decode(source)?,
            missing: Canonical::decode(source)?,
            still: Canonical::decode(source)?,
            samples: Canonical::decode(source)?,
            level: Canonical::decode(source)?,
            spans: Canonical::decode(source)?,
            surprise: Canonical::decode(source)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAGS: [u8; 3] = [1, 3, 4];

    fn fed(values: &[Option<i32>]) -> Channel<3> {
        let mut channel = Channel::default();
        for value in values {
            channel.push(value.map(Q16::from_num), &LAGS, false);
        }
        channel
    }

    #[test]
    fn a_gap_keeps_its_place() {
        let channel = fed(&[Some(1), Some(2), None, Some(4)]);
        let seen: [i32; 5] = core::array::from_fn(|k| channel.back(k as u8).to_num());
        assert_eq!(seen, [4, 2, 2, 1, 1], "held in the gap, and filled before the first");
        let known: [bool; 4] = core::array::from_fn(|k| channel.was_known(k as u8));
        assert_eq!(known, [true, false, true, true]);
    }

    #[test]
    fn spans_by_hand() {
        let channel = fed(&[Some(1), Some(2), Some(4), Some(8), Some(16)]);
        let ones =
            Scales { mean: Q16::from_num(4), inverse_level: 1 << 16, inverse_spans: [1 << 16; 3] };
        let spans = channel.spans(&ones, &LAGS, 0).map(|span| span.to_num::<i32>());
        // 16 - 8, 8 - 2, 2 - 1.
        assert_eq!(spans, [8, 6, 1]);
        assert_eq!(channel.spans(&ones, &LAGS, 1).map(|span| span.to_num::<i32>()), [4, 3, 0]);
        assert_eq!(channel.level(&ones, 1).to_num::<i32>(), 4);
    }

    #[test]
    fn silence_and_standstill_are_noticed_and_forgiven() {
        let mut values = [Some(5); 30];
        values.iter_mut().enumerate().take(10).for_each(|(n, value)| *value = Some(n as i32));
        let mut channel = fed(&values);
        // The fives begin at place 10, so place 11 is the first that repeats: 19 repeats.
        assert!(channel.was_fresh(0));
        (0..6).for_each(|_| channel.push(Some(Q16::from_num(5)), &LAGS, false));
        assert!(!channel.was_fresh(0) && channel.was_fresh(1), "the 25th repeat is one too many");
        channel.push(Some(Q16::from_num(6)), &LAGS, false);
        assert!(channel.was_fresh(0));
        (0..6).for_each(|_| channel.push(None, &LAGS, false));
        assert!(channel.was_fresh(0));
        channel.push(None, &LAGS, false);
        assert!(!channel.was_fresh(0), "seven missing");
    }

    #[test]
    fn frozen_scales_stand_still() {
        let mut channel = fed(&[Some(1), Some(3), Some(1), Some(3)]);
        let before = (channel.level, channel.spans);
        channel.push(Some(Q16::from_num(900)), &LAGS, true);
        assert_eq!((channel.level, channel.spans), before);
        assert_eq!(channel.back(0), Q16::from_num(900));
    }

    #[test]
    fn a_spike_is_above_mean_and_deviation() {
        let mut channel: Channel<3> = Channel::default();
        let calm = [Q16::ONE, Q16::ZERO, Q16::ZERO];
        assert!(channel.is_spike(&calm, Q16::ZERO), "until enough is known, all is news");
        for n in 0..64 {
            let size = if n % 2 == 0 { 1 } else { 3 };
            channel.note_surprise(&[Q16::ZERO, -Q16::from_num(size), Q16::ZERO]);
        }
        // Mean 2, deviation 1.
        let of = |size: i32| [Q16::ZERO, -Q16::from_bits(size), Q16::ZERO];
        assert!(channel.is_spike(&of((3 << 16) + 9), Q16::ONE));
        assert!(!channel.is_spike(&of((3 << 16) - 9), Q16::ONE));
        assert!(channel.is_spike(&of((2 << 16) + 9), Q16::ZERO));
        assert!(!channel.is_spike(&of((2 << 16) - 9), Q16::ZERO));
    }
}
