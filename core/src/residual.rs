//! The entropy estimate: how unusual a node's recent errors are, from 0 (as ever) to 1.
//!
//! `H = clamp((short / long - 1) / 4, 0, 1)` over |residual| with exponential averages over 8 and
//! 512 samples. The long one is frozen outside Calm, so that nobody gets used to a storm.

use crate::canonical::{Canonical, Sink, Source};
use crate::q16::{Q16, shrink};
use crate::varint;

const SHORT_SHIFT: u32 = 3;
const MEDIUM_SHIFT: u32 = 6;
const LONG_SHIFT: u32 = 9;
/// Samples before the estimate says anything.
const WARM_UP: u32 = 64;
/// Residuals are kept below 60 deviations so that the long accumulator fits.
const CEILING: i32 = 60 << 16;

/// Running averages of |residual| and of the persistence forecast's |error|, in deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residual {
    /// Average over about 8 samples, times 8.
    short: u32,
    /// Average over about 512 samples, times 512.
    long: u32,
    /// The persistence forecast's, over about 64 samples, times 64.
    persistence: u32,
    /// The model's, over about 64 samples, times 64.
    medium: u32,
    samples: u32,
    recent: [Q16; 3],
    smooth: Q16,
    derivative: Q16,
    bad_streak: u8,
}

crate::canonical!(struct Residual {
    short, long, persistence, medium, samples, recent, smooth, derivative, bad_streak,
});

impl Residual {
    /// Takes |residual| and the persistence forecast's |error|, both in deviations.
    pub fn observe(&mut self, residual: Q16, persistence: Q16, frozen: bool) {
        let value = residual.to_bits().clamp(0, CEILING) as u32;
        let naive = persistence.to_bits().clamp(0, CEILING) as u32;
        self.samples = self.samples.saturating_add(1);
        average(&mut self.short, value, SHORT_SHIFT, self.samples);
        average(&mut self.medium, value, MEDIUM_SHIFT, self.samples);
        average(&mut self.persistence, naive, MEDIUM_SHIFT, self.samples);
        if !frozen {
            average(&mut self.long, value, LONG_SHIFT, self.samples);
        }
        let entropy = self.level();
        self.recent.rotate_right(1);
        self.recent[0] = entropy;
        let sum: i64 = self.recent.iter().map(|h| i64::from(h.to_bits())).sum();
        let smooth = Q16::from_bits((sum / 3) as i32);
        self.derivative = smooth.saturating_sub(self.smooth);
        self.smooth = smooth;
    }

    /// H of the newest sample, 0 to 1.
    #[must_use]
    pub const fn entropy(&self) -> Q16 {
        self.recent[0]
    }

    /// Mean of the last three H.
    #[must_use]
    pub const fn smoothed(&self) -> Q16 {
        self.smooth
    }

    /// Change of the smoothed H since the sample before.
    #[must_use]
    pub const fn derivative(&self) -> Q16 {
        self.derivative
    }

    /// The usual |residual|, in deviations: the long average.
    #[must_use]
    pub const fn usual(&self) -> Q16 {
        Q16::from_bits((self.long >> LONG_SHIFT) as i32)
    }

    /// The recent |residual|, in deviations: the short average.
    #[must_use]
    pub const fn recent(&self) -> Q16 {
        Q16::from_bits((self.short >> SHORT_SHIFT) as i32)
    }

    /// Whether the model predicts at least as well as repeating the last sample does.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        self.samples >= WARM_UP && self.medium <= self.persistence
    }

    /// Whether the model has been more than four times worse than persistence for 16 samples in a
    /// row; asking restarts the count when it has.
    pub const fn has_diverged(&mut self) -> bool {
        let floor = (1 << 6) << 10;
        let bad = self.samples >= WARM_UP && self.medium / 4 > self.persistence + floor;
        self.bad_streak = if bad { self.bad_streak.saturating_add(1) } else { 0 };
        let diverged = self.bad_streak >= 16;
        if diverged {
            self.bad_streak = 0;
            self.medium = self.persistence;
        }
        diverged
    }

    /// Appends the state with numbers as long as they need; [`Residual::unpack`] reads it back.
    pub(crate) fn pack(&self, sink: &mut impl Sink) {
        for sum in [self.short, self.long, self.persistence, self.medium, self.samples] {
            varint::put(sink, u64::from(sum));
        }
        for level in self.recent.iter().chain([&self.smooth, &self.derivative]) {
            varint::put_signed(sink, i64::from(level.to_bits()));
        }
        self.bad_streak.encode(sink);
    }

    /// Reads it back; `None` when bytes are missing or a number is too great.
    pub(crate) fn unpack(source: &mut Source<'_>) -> Option<Self> {
        let mut state = Self::default();
        let sums = [
            &mut state.short,
            &mut state.long,
            &mut state.persistence,
            &mut state.medium,
            &mut state.samples,
        ];
        for sum in sums {
            *sum = u32::try_from(varint::take(source)?).ok()?;
        }
        let levels = state.recent.iter_mut().chain([&mut state.smooth, &mut state.derivative]);
        for level in levels {
            *level = i32::try_from(varint::take_signed(source)?).ok().map(Q16::from_bits)?;
        }
        state.bad_streak = u8::decode(source)?;
        Some(state)
    }

    /// Whether a state from outside keeps to the ranges that observing keeps to.
    #[must_use]
    pub(crate) fn is_sound(&self) -> bool {
        let top = CEILING as u32;
        let unit = Q16::ZERO..=Q16::ONE;
        self.short <= top << SHORT_SHIFT
            && self.medium <= top << MEDIUM_SHIFT
            && self.persistence <= top << MEDIUM_SHIFT
            && self.long <= top << LONG_SHIFT
            && self.recent.iter().chain([&self.smooth]).all(|level| unit.contains(level))
    }

    fn level(&self) -> Q16 {
        if self.samples < WARM_UP {
            return Q16::ZERO;
        }
        let long = (self.long >> LONG_SHIFT).max(64);
        let excess = (self.short >> SHORT_SHIFT).saturating_sub(long);
        // Nothing above the usual, which is nearly always, needs no division.
        match excess {
            0 => Q16::ZERO,
            _ if excess >= 4 * long => Q16::ONE,
            _ => Q16::from_bits(((u64::from(excess) << 16) / (4 * u64::from(long))) as i32),
        }
    }
}

/// Moves `sum` (an average times 2^`shift`) towards `value`, the `count`-th one.
fn average(sum: &mut u32, value: u32, shift: u32, count: u32) {
    let gap = (i64::from(value) << shift) - i64::from(*sum);
    let next = i64::from(*sum) + shrink(gap, count, shift);
    *sum = next.clamp(0, i64::from(u32::MAX)) as u32;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(values: &[(i32, usize)], frozen_after: usize) -> Residual {
        let mut residual = Residual::default();
        let mut fed = 0;
        for (bits, count) in values {
            for _ in 0..*count {
                residual.observe(Q16::from_bits(*bits), Q16::ONE, fed >= frozen_after);
                fed += 1;
            }
        }
        residual
    }

    #[test]
    fn steady_errors_have_no_entropy() {
        assert_eq!(fed(&[(6_554, 600)], usize::MAX).entropy(), Q16::ZERO);
    }

    #[test]
    fn fivefold_errors_saturate_and_do_not_fade_while_frozen() {
        let storm = fed(&[(6_554, 600), (40_000, 2_000)], 600);
        assert_eq!(storm.entropy(), Q16::ONE, "a storm is never got used to");
        let got_used = fed(&[(6_554, 600), (40_000, 4_000)], usize::MAX);
        assert!(got_used.entropy() < Q16::from_bits(6_554), "unfrozen, the long average follows");
    }

    #[test]
    fn threefold_errors_give_half() {
        let half = fed(&[(6_554, 600), (19_661, 200)], 600).entropy().to_bits();
        assert!((half - 32_768).abs() < 400, "{half}");
    }

    #[test]
    fn divergence_needs_a_streak() {
        let mut residual = fed(&[(20 << 16, 200)], usize::MAX);
        let verdicts: [bool; 17] = core::array::from_fn(|_| residual.has_diverged());
        assert_eq!(verdicts.iter().position(|bad| *bad), Some(15));
        assert!(!verdicts[16], "the guard re-arms");
    }
}
