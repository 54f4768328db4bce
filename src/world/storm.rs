//! Storms: disturbances of signals that move over the ground. A storm tells nobody that it is
//! there; all it does is to change what sensors read.

use qres_core::draw::{Purpose, draw};

use super::signal::{normal, scaled};
use crate::scenario::{self, Spectrum};

/// A storm ready to be asked where it is.
#[derive(Clone, Debug)]
pub struct StormTrack {
    from_tick: u64,
    to_tick: u64,
    /// (tick, x, z), millimetres, ticks rising.
    path: Vec<(u64, i64, i64)>,
    radius_mm: u32,
    /// Multiples of a signal's deviation, Q16.16.
    intensity: i32,
    spectrum: Spectrum,
}

/// A storm as it is in one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveStorm {
    /// Its place among the scenario's storms.
    pub index: u32,
    /// Centre, millimetres.
    pub centre_mm: [i32; 3],
    /// Radius, millimetres.
    pub radius_mm: u32,
    /// Multiples of a signal's deviation, Q16.16.
    pub intensity: i32,
    /// What the disturbance is like.
    pub spectrum: Spectrum,
}

impl StormTrack {
    /// Takes a storm from a checked scenario.
    #[must_use]
    pub fn new(storm: &scenario::Storm) -> Self {
        Self {
            from_tick: storm.from_tick,
            to_tick: storm.to_tick,
            path: storm.path.iter().map(|p| (p.tick, p.x_mm, p.z_mm)).collect(),
            radius_mm: storm.radius_mm,
            intensity: scenario::q16(storm.intensity).unwrap_or(0),
            spectrum: storm.spectrum,
        }
    }

    /// How strong it is, in Q16.16 multiples of a signal's deviation.
    #[must_use]
    pub const fn intensity(&self) -> i32 {
        self.intensity
    }

    /// The storm at `tick`, if it is blowing then.
    #[must_use]
    pub fn at(&self, index: u32, tick: u64) -> Option<ActiveStorm> {
        if !(self.from_tick..self.to_tick).contains(&tick) {
            return None;
        }
        let next = self.path.partition_point(|(at, ..)| *at <= tick);
        let before = self.path.get(next.saturating_sub(1))?;
        let after = self.path.get(next).unwrap_or(before);
        let span = after.0.saturating_sub(before.0) as i64;
        let gone = tick.saturating_sub(before.0) as i64;
        let between = |from: i64, to: i64| {
            let way = if span == 0 { 0 } else { (to - from) * gone.min(span) / span };
            (from + way).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
        };
        Some(ActiveStorm {
            index,
            centre_mm: [between(before.1, after.1), 0, between(before.2, after.2)],
            radius_mm: self.radius_mm,
            intensity: self.intensity,
            spectrum: self.spectrum,
        })
    }
}

impl ActiveStorm {
    /// What the storm adds to sample `index` of `node` at `position_mm`, in Q16.16 of the sensor's
    /// unit, for a signal of the given deviation. Falls off with the square of the distance and is
    /// zero outside.
    #[must_use]
    pub fn disturb(
        &self,
        seed: u64,
        node: u32,
        position_mm: [i32; 3],
        index: u64,
        deviation: i32,
    ) -> i64 {
        let reach = i64::from(self.radius_mm);
        let mut square = 0_i64;
        for (a, b) in position_mm.iter().zip(&self.centre_mm) {
            let away = i64::from(*a) - i64::from(*b);
            if away.abs() >= reach {
                return 0;
            }
            square += away * away;
        }
        let limit = reach * reach;
        if square >= limit {
            return 0;
        }
        let falloff = ((i128::from(limit - square) << 16) / i128::from(limit)) as i32;
        // Gusts hold their value for a few samples; white noise is fresh each time.
        let moment = match self.spectrum {
            Spectrum::White => index,
            Spectrum::Gust => (index + u64::from(node) % 5) / 5,
        };
        let noise = normal(draw(seed, Purpose::Storm, node, moment, self.index));
        scaled(scaled(scaled(noise, self.intensity) as i32, falloff) as i32, deviation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Waypoint;

    fn track() -> StormTrack {
        let stop = |tick, x_mm, z_mm| Waypoint { tick, x_mm, z_mm };
        StormTrack::new(&scenario::Storm {
            from_tick: 10,
            to_tick: 100,
            path: vec![stop(20, 0, 0), stop(40, 1_000, -2_000)],
            radius_mm: 500,
            intensity: 4.0,
            spectrum: Spectrum::White,
        })
    }

    #[test]
    fn moves_in_straight_lines_and_rests_at_the_ends() {
        let centre = |tick| track().at(0, tick).map(|storm| storm.centre_mm);
        assert_eq!(centre(9), None);
        assert_eq!(centre(10), Some([0, 0, 0]));
        assert_eq!(centre(30), Some([500, 0, -1_000]));
        assert_eq!(centre(99), Some([1_000, 0, -2_000]));
        assert_eq!(centre(100), None);
    }

    #[test]
    fn disturbs_inside_only_and_most_at_the_centre() {
        let storm = track().at(0, 20).expect("blowing");
        let power = |x: i32| -> i64 {
            (0..200).map(|n| storm.disturb(1, 7, [x, 0, 0], n, 65_536).abs()).sum()
        };
        assert!(power(0) > power(400));
        assert!(power(400) > 0);
        assert_eq!(power(500), 0);
    }
}
