//! Storms: disturbances of signals that move over the ground. A storm tells nobody that it is
//! there; all it does is to change what sensors read.

use qres_core::draw::{Purpose, draw};

use super::signal::{normal, scaled};
use super::sine::sine;
use crate::scenario::{self, Spectrum};

/// The square root of two, Q16.16: a sine of this height has a deviation of one.
const ROOT_TWO: i32 = 92_682;
/// Draws for the second phase of a narrow band are counted from here.
const QUADRATURE: u32 = 1 << 12;

/// A storm ready to be asked where it is.
#[derive(Clone, Debug)]
pub struct StormTrack {
    from_tick: u64,
    to_tick: u64,
    /// (tick, x, z), millimetres, ticks rising.
    path: Vec<(u64, i64, i64)>,
    /// Millimetres that it moves on in each tick after the last of the path.
    drift_mm: (i64, i64),
    radius_mm: Ramp,
    /// Multiples of a signal's deviation, Q16.16.
    intensity: Ramp,
    spectrum: Spectrum,
}

/// A figure that goes evenly from one value to another, and on by so much a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ramp {
    from: (u64, i64),
    to: (u64, i64),
    growth: i64,
}

impl Ramp {
    const fn still(value: i64) -> Self {
        Self { from: (0, value), to: (0, value), growth: 0 }
    }

    fn at(&self, tick: u64) -> i64 {
        if tick >= self.to.0 {
            let after = i64::try_from(tick - self.to.0).unwrap_or(i64::MAX);
            return self.to.1.saturating_add(self.growth.saturating_mul(after));
        }
        way(self.from, self.to, tick)
    }

    /// From what it is at `now` to `value` within `over` ticks.
    fn turn(&mut self, now: u64, over: u64, value: i64) {
        (self.from, self.to) = ((now, self.at(now)), (now.saturating_add(over), value));
    }

    /// Another growth, from `now` on.
    fn grow(&mut self, now: u64, growth: i64) {
        if now >= self.to.0 {
            let value = self.at(now);
            (self.from, self.to) = ((now, value), (now, value));
        }
        self.growth = growth;
    }
}

/// Between two moments in a straight line; rests before the first and after the second.
fn way(from: (u64, i64), to: (u64, i64), tick: u64) -> i64 {
    let span = to.0.saturating_sub(from.0) as i64;
    let gone = tick.saturating_sub(from.0) as i64;
    from.1 + if span == 0 { 0 } else { (to.1 - from.1) * gone.min(span) / span }
}

/// The largest radius that a storm grows to, in millimetres.
const RADIUS_MAX_MM: i64 = 1_000_000_000;

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
            drift_mm: (0, 0),
            radius_mm: Ramp::still(storm.radius_mm.into()),
            intensity: Ramp::still(scenario::q16(storm.intensity).unwrap_or(0).into()),
            spectrum: storm.spectrum,
        }
    }

    /// How strong it is meant to be, in Q16.16 multiples of a signal's deviation.
    #[must_use]
    pub fn intensity(&self) -> i32 {
        let greatest = self.intensity.from.1.max(self.intensity.to.1);
        greatest.clamp(0, i32::MAX.into()) as i32
    }

    /// The tick in which it is over.
    #[must_use]
    pub const fn to_tick(&self) -> u64 {
        self.to_tick
    }

    /// The storm at `tick`, if it is blowing then.
    #[must_use]
    pub fn at(&self, index: u32, tick: u64) -> Option<ActiveStorm> {
        if !(self.from_tick..self.to_tick).contains(&tick) {
            return None;
        }
        let (x, z) = self.centre_mm(tick)?;
        let axis = |mm: i64| mm.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        Some(ActiveStorm {
            index,
            centre_mm: [axis(x), 0, axis(z)],
            radius_mm: self.radius_mm.at(tick).clamp(1, RADIUS_MAX_MM) as u32,
            intensity: self.intensity.at(tick).clamp(0, i32::MAX.into()) as i32,
            spectrum: self.spectrum,
        })
    }

    fn centre_mm(&self, tick: u64) -> Option<(i64, i64)> {
        let next = self.path.partition_point(|(at, ..)| *at <= tick);
        let before = self.path.get(next.saturating_sub(1))?;
        let after = self.path.get(next).unwrap_or(before);
        let adrift = match next {
            next if next < self.path.len() => 0,
            _ => i64::try_from(tick.saturating_sub(before.0)).unwrap_or(i64::MAX),
        };
        let axis = |from: i64, to: i64, drift: i64| {
            let there = way((before.0, from), (after.0, to), tick);
            there.saturating_add(drift.saturating_mul(adrift))
        };
        let (drift_x, drift_z) = self.drift_mm;
        Some((axis(before.1, after.1, drift_x), axis(before.2, after.2, drift_z)))
    }
}

/// What a person does to a storm. All of it holds from `now` on.
impl StormTrack {
    /// A storm that begins at `now`, at a place on the ground in millimetres.
    #[must_use]
    pub fn begun(now: u64, at_mm: (i64, i64), radius_mm: u32, intensity: i32) -> Self {
        Self {
            from_tick: now,
            to_tick: u64::MAX,
            path: vec![(now, at_mm.0, at_mm.1)],
            drift_mm: (0, 0),
            radius_mm: Ramp::still(radius_mm.into()),
            intensity: Ramp::still(intensity.into()),
            spectrum: Spectrum::White,
        }
    }

    /// With another character.
    pub const fn sound(&mut self, spectrum: Spectrum) {
        self.spectrum = spectrum;
    }

    /// It is over at `tick`.
    pub const fn end(&mut self, tick: u64) {
        self.to_tick = tick;
    }

    /// It goes to a place within `over` ticks; what the path still held is forgotten.
    pub fn go(&mut self, now: u64, over: u64, to_mm: (i64, i64)) {
        let here = self.centre_mm(now).unwrap_or(to_mm);
        let arrives = now.saturating_add(over);
        self.path = if over == 0 { Vec::new() } else { vec![(now, here.0, here.1)] };
        self.path.push((arrives, to_mm.0, to_mm.1));
    }

    /// It moves on by so much in each tick, once it has been where its path ends.
    pub fn drift(&mut self, now: u64, drift_mm: (i64, i64)) {
        if self.path.last().is_some_and(|(last, ..)| *last <= now)
            && let Some((x, z)) = self.centre_mm(now)
        {
            self.path = vec![(now, x, z)];
        }
        self.drift_mm = drift_mm;
    }

    /// Its radius goes to this within `over` ticks.
    pub fn widen(&mut self, now: u64, over: u64, radius_mm: u32) {
        self.radius_mm.turn(now, over, radius_mm.into());
    }

    /// Its radius grows by so much in each tick, once it is what it was to become.
    pub fn grow(&mut self, now: u64, growth_mm: i64) {
        self.radius_mm.grow(now, growth_mm);
    }

    /// Its intensity goes to this within `over` ticks.
    pub fn strengthen(&mut self, now: u64, over: u64, intensity: i32) {
        self.intensity.turn(now, over, intensity.into());
    }
}

impl ActiveStorm {
    /// What the storm adds to sample `index` of `node` at `position_mm`, in Q16.16 of the sensor's
    /// unit. Falls off with the square of the distance and is zero outside.
    #[must_use]
    pub fn disturb(&self, seed: u64, node: u32, position_mm: [i32; 3], at: &Reading) -> i64 {
        let falloff = self.falloff(position_mm);
        if falloff == 0 {
            return 0;
        }
        let strength = scaled(self.intensity, falloff) as i32;
        if self.spectrum == Spectrum::Gain {
            let away = at.value - at.level;
            return (away.saturating_mul(i64::from(strength))) >> 16;
        }
        let noise = self.noise(seed, node, at.index);
        scaled(scaled(noise, strength) as i32, at.deviation)
    }

    /// How strong it is at a place, in Q16.16 multiples of a signal's deviation.
    #[must_use]
    pub fn strength(&self, position_mm: [i32; 3]) -> i64 {
        scaled(self.intensity, self.falloff(position_mm))
    }

    /// From 1 at the centre to 0 at the rim and beyond, Q16.16.
    fn falloff(&self, position_mm: [i32; 3]) -> i32 {
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
        ((i128::from((limit - square).max(0)) << 16) / i128::from(limit)) as i32
    }

    /// A disturbance of deviation one, Q16.16.
    fn noise(&self, seed: u64, node: u32, index: u64) -> i32 {
        let fresh = |moment, n| normal(draw(seed, Purpose::Storm, node, moment, self.index + n));
        match self.spectrum {
            Spectrum::White | Spectrum::Gain => fresh(index, 0),
            // Gusts hold their value for a few samples.
            Spectrum::Gust => fresh((index + u64::from(node) % 5) / 5, 0),
            Spectrum::Tone { period_samples } => {
                let start = draw(seed, Purpose::Storm, node, 0, self.index) as u32;
                let wave = sine(turns(period_samples, index).wrapping_add(start));
                scaled(wave, ROOT_TWO) as i32
            }
            Spectrum::Coloured { period_samples, coherence_samples } => {
                // A narrow band: a cosine and a sine whose heights wander slowly (Rice,
                // "Mathematical analysis of random noise", 1944).
                let span = u64::from(coherence_samples.max(1));
                let (knot, way) = (index / span, index % span);
                let height = |n| {
                    let (from, to) = (i64::from(fresh(knot, n)), i64::from(fresh(knot + 1, n)));
                    (from + (to - from) * way as i64 / span as i64) as i32
                };
                let phase = turns(period_samples, index);
                let first = scaled(sine(phase.wrapping_add(1 << 30)), height(0));
                let second = scaled(sine(phase), height(QUADRATURE));
                (first + second) as i32
            }
        }
    }
}

/// The phase of a wave at a sample, in turns of 2^32.
fn turns(period_samples: u16, index: u64) -> u32 {
    let turn = (1_u64 << 32) / u64::from(period_samples.max(1));
    (turn as u32).wrapping_mul(index as u32)
}

/// A sensor's reading before any storm, and what a storm needs to know of the sensor; Q16.16 of
/// the sensor's unit.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Number of the sample.
    pub index: u64,
    /// What the sensor would read.
    pub value: i64,
    /// Its mean level.
    pub level: i64,
    /// The deviation that storms multiply.
    pub deviation: i32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Waypoint;

    const AT: Reading = Reading { index: 0, value: 0, level: 0, deviation: 65_536 };

    fn track() -> StormTrack {
        of(Spectrum::White)
    }

    fn of(spectrum: Spectrum) -> StormTrack {
        let stop = |tick, x_mm, z_mm| Waypoint { tick, x_mm, z_mm };
        StormTrack::new(&scenario::Storm {
            from_tick: 10,
            to_tick: 100,
            path: vec![stop(20, 0, 0), stop(40, 1_000, -2_000)],
            radius_mm: 500,
            intensity: 4.0,
            spectrum,
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
    fn goes_drifts_and_grows_as_it_is_told() {
        let mut storm = StormTrack::begun(10, (0, 0), 100, 65_536);
        let at = |storm: &StormTrack, tick| {
            let storm = storm.at(3, tick).expect("blowing");
            (storm.centre_mm[0], storm.centre_mm[2], storm.radius_mm, storm.intensity)
        };
        assert_eq!(storm.at(3, 9), None);
        storm.drift(10, (5, -1));
        storm.grow(10, 7);
        assert_eq!(at(&storm, 14), (20, -4, 128, 65_536));
        storm.go(14, 10, (120, 96));
        storm.widen(14, 4, 228);
        storm.strengthen(14, 2, 131_072);
        assert_eq!(at(&storm, 14), (20, -4, 128, 65_536));
        assert_eq!(at(&storm, 15), (30, 6, 153, 98_304));
        // It is there, and drifts and grows on as before.
        assert_eq!(at(&storm, 26), (130, 94, 284, 131_072));
        storm.go(26, 0, (0, 0));
        storm.drift(27, (0, 0));
        storm.grow(27, -1_000);
        assert_eq!(at(&storm, 40), (5, -1, 1, 131_072));
        storm.end(41);
        assert_eq!((storm.at(3, 41), storm.to_tick()), (None, 41));
        assert_eq!(storm.intensity(), 131_072);
    }

    #[test]
    fn disturbs_inside_only_and_most_at_the_centre() {
        let storm = track().at(0, 20).expect("blowing");
        let power = |x: i32| -> i64 {
            let at = |index| Reading { index, ..AT };
            (0..200).map(|n| storm.disturb(1, 7, [x, 0, 0], &at(n)).abs()).sum()
        };
        assert!(power(0) > power(400));
        assert!(power(400) > 0);
        assert_eq!(power(500), 0);
    }

    /// The disturbance at the centre, sample by sample, in 1/65536 of a deviation.
    fn series(spectrum: Spectrum, samples: u64) -> Vec<i64> {
        let storm = of(spectrum).at(0, 20).expect("blowing");
        let at = |index| Reading { index, ..AT };
        (0..samples).map(|n| storm.disturb(3, 7, [0, 0, 0], &at(n))).collect()
    }

    #[test]
    fn every_spectrum_has_the_stated_deviation() {
        let spectra = [
            (Spectrum::White, 262_144),
            (Spectrum::Gust, 262_144),
            (Spectrum::Tone { period_samples: 8 }, 262_144),
            // Interpolation between knots takes a sixth off.
            (Spectrum::Coloured { period_samples: 8, coherence_samples: 16 }, 214_040),
        ];
        for (spectrum, expected) in spectra {
            let values = series(spectrum, 40_000);
            let square: i128 = values.iter().map(|v| i128::from(v * v)).sum();
            let deviation = (square / 40_000).isqrt() as i64;
            assert!((deviation - expected).abs() < expected / 20, "{spectrum:?}: {deviation}");
        }
    }

    #[test]
    fn a_tone_repeats_and_a_narrow_band_nearly_does() {
        let tone = series(Spectrum::Tone { period_samples: 8 }, 64);
        assert!((8..64).all(|n| (tone[n] - tone[n - 8]).abs() < 64), "{tone:?}");
        let spectrum = Spectrum::Coloured { period_samples: 8, coherence_samples: 64 };
        let band = series(spectrum, 4_096);
        let change: i64 = (8..4_096).map(|n| (band[n] - band[n - 8]).abs()).sum();
        let height: i64 = band.iter().map(|v| v.abs()).sum();
        assert!(change * 3 < height && change > 0, "{change} of {height}");
    }

    #[test]
    fn a_change_of_gain_leaves_the_level_alone() {
        let storm = of(Spectrum::Gain).at(0, 20).expect("blowing");
        let at = |value| Reading { value, level: 1_000, ..AT };
        let change = [1_000, 1_010, 900].map(|v| storm.disturb(1, 7, [0, 0, 0], &at(v)));
        assert_eq!(change, [0, 40, -400]);
    }
}
