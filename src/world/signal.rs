//! What a sensor would read if nothing disturbed it: computed waves or recorded series.
//!
//! A signal is a function of (seed, node, sample number) and the little state that a wandering
//! level needs. It knows nothing of storms, regimes or neighbours.

use std::sync::Arc;

use qres_core::draw::{Purpose, draw};

use super::sine::sine;

/// A signal ready to be sampled; figures in Q16.16 of the sensor's unit.
#[derive(Clone, Debug)]
pub enum Signal {
    /// Waves, noise and a wandering level.
    Waves {
        /// Mean.
        level: i32,
        /// Turns of 2^32 per sample, and height.
        waves: Vec<(u32, i32)>,
        /// Standard deviation of white noise.
        noise: i32,
        /// Standard deviation of the wandering level.
        wander: i32,
    },
    /// One value for each sample; [`GAP`] where there is none.
    Series(Arc<[i32]>),
}

/// Stands for a missing value in a series.
pub const GAP: i32 = i32::MIN;

/// What a node's sensor remembers: 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SensorState {
    /// Its lead over the shared phase, in turns of 2^32.
    pub phase: u32,
    /// The wandering level, Q16.16.
    pub wander: i32,
}
qres_core::canonical!(struct SensorState { phase, wander });

impl Signal {
    /// The mean level, Q16.16: of a series, over the values that there are.
    #[must_use]
    pub fn level(&self) -> i64 {
        match self {
            Self::Waves { level, .. } => i64::from(*level),
            Self::Series(values) => {
                let known = values.iter().filter(|value| **value != GAP);
                let (sum, count) =
                    known.fold((0_i64, 0_i64), |(sum, n), v| (sum + i64::from(*v), n + 1));
                sum.checked_div(count).unwrap_or(0)
            }
        }
    }

    /// Sample number `index` of `node`; `None` in a gap or after the end of a series.
    pub fn sample(&self, seed: u64, node: u32, index: u64, state: &mut SensorState) -> Option<i32> {
        match self {
            Self::Series(values) => {
                let value = *values.get(usize::try_from(index).ok()?)?;
                (value != GAP).then_some(value)
            }
            Self::Waves { level, waves, noise, wander } => {
                let mut value = i64::from(*level);
                for (turn, height) in waves {
                    let phase = turn.wrapping_mul(index as u32).wrapping_add(state.phase);
                    value += (i64::from(sine(phase)) * i64::from(*height)) >> 16;
                }
                if *noise != 0 {
                    value += scaled(normal(draw(seed, Purpose::Noise, node, index, 0)), *noise);
                }
                if *wander != 0 {
                    let step = normal(draw(seed, Purpose::Wander, node, index, 0));
                    // First-order autoregression 63/64; 0.1763 keeps its deviation at `wander`.
                    let kept = i64::from(state.wander) - i64::from(state.wander) / 64;
                    let next = kept + scaled(scaled(step, 11_554) as i32, *wander);
                    state.wander = clamp(next);
                    value += i64::from(state.wander);
                }
                Some(clamp(value))
            }
        }
    }
}

/// A nearly normal number of mean 0 and deviation 1 in Q16.16: four uniforms, summed.
#[must_use]
pub fn normal(bits: u64) -> i32 {
    let sum: i64 = (0..4).map(|i| (bits >> (16 * i) & 0xFFFF) as i64).sum();
    (((sum - 131_070) * 113_512) >> 16) as i32
}

/// The product of two Q16.16 numbers.
#[must_use]
pub fn scaled(left: i32, right: i32) -> i64 {
    (i64::from(left) * i64::from(right)) >> 16
}

/// Within the range of a sample, which leaves [`GAP`] free.
#[must_use]
pub fn clamp(value: i64) -> i32 {
    value.clamp(i64::from(GAP) + 1, i64::from(i32::MAX)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_has_its_moments() {
        let (mut sum, mut square) = (0_i64, 0_i64);
        for n in 0..20_000 {
            let z = i64::from(normal(draw(3, Purpose::Noise, 1, n, 0)));
            sum += z;
            square += z * z / 65_536;
        }
        assert!((sum / 20_000).abs() < 1_500, "mean {}", sum / 20_000);
        assert!((square / 20_000 - 65_536).abs() < 2_000, "variance {}", square / 20_000);
    }

    #[test]
    fn wander_keeps_its_deviation() {
        let signal = Signal::Waves { level: 0, waves: vec![], noise: 0, wander: 65_536 };
        let mut state = SensorState::default();
        let mut square = 0_i64;
        for n in 0..100_000 {
            let value = signal.sample(5, 1, n, &mut state).map_or(0, i64::from);
            square += value * value / 65_536 / 100;
        }
        assert!((square - 65_536_000).abs() < 10_000_000, "variance {}", square / 1_000);
    }

    #[test]
    fn series_have_gaps_and_an_end() {
        let signal = Signal::Series(Arc::from([7, GAP, 9]));
        let mut state = SensorState::default();
        let seen: Vec<_> = (0..4).map(|n| signal.sample(1, 0, n, &mut state)).collect();
        assert_eq!(seen, [Some(7), None, Some(9), None]);
    }
}
