//! The light that nodes gather: day arcs, hours of sun, records and clouds, in whole microwatts.
//!
//! Light is a function of (scenario, seed, node, time) and has no state: a snapshot need not hold
//! it, and a board can be told the same. It knows nothing of batteries.

use std::sync::Arc;

use qres_core::draw::{Purpose, below, draw};

use super::dataset::Loaded;
use super::{layout, sine};
use crate::scenario::{self, Layout, Scenario};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
/// The most power that a record can give, in microwatts.
const MOST_UW: i64 = 100_000_000;
/// Hours that a cloud is looked for at most: beyond, the chance is below 2^-48 even for the longest
/// spells.
const MEMORY_HOURS: u64 = 4_096;

/// The sun of a mesh.
#[derive(Clone, Debug)]
pub struct Sun {
    light: Light,
    clouds: Option<Clouds>,
}

#[derive(Clone, Debug)]
enum Light {
    /// A half-sine of this height and these milliseconds of the day.
    Arc { peak_uw: u32, rise_ms: u64, length_ms: u64 },
    /// Full power in these milliseconds of the day.
    Block { power_uw: u32, from_ms: u64, length_ms: u64 },
    /// A record for each place in microwatts, the nodes of a place, and the time from row to row.
    Record { places: Vec<Arc<[u32]>>, kinds: u32, period_ms: u64 },
}

#[derive(Clone, Debug)]
struct Clouds {
    /// Share of the light that comes through, in percent.
    through_percent: u64,
    cloudy_hours: u64,
    clear_hours: u64,
    region_mm: i32,
}

impl Sun {
    /// The sun of a checked scenario; `None` where there is no light. `loaded` holds its record.
    #[must_use]
    pub fn new(scenario: &Scenario, loaded: &Loaded) -> Option<Self> {
        let light = match &scenario.energy.sun {
            scenario::Sun::Never => return None,
            scenario::Sun::Day { peak_uw, day_minutes } => {
                let length_ms = u64::from(*day_minutes) * MINUTE_MS;
                Light::Arc { peak_uw: *peak_uw, rise_ms: (DAY_MS - length_ms) / 2, length_ms }
            }
            scenario::Sun::Hours { power_uw, from_hour, hours } => Light::Block {
                power_uw: *power_uw,
                from_ms: u64::from(*from_hour) * HOUR_MS,
                length_ms: u64::from(*hours) * HOUR_MS,
            },
            scenario::Sun::Recorded(record) => Light::Record {
                places: places(scenario, loaded, scenario::fixed(record.uw_per_unit)),
                kinds: scenario.signals.len().max(1) as u32,
                period_ms: u64::from(record.period_minutes) * MINUTE_MS,
            },
        };
        let clouds = &scenario.energy.clouds;
        let clouds = (clouds.dim_percent > 0).then(|| Clouds {
            through_percent: 100 - u64::from(clouds.dim_percent.min(100)),
            cloudy_hours: u64::from(clouds.cloudy_hours.max(2)),
            clear_hours: u64::from(clouds.clear_hours.max(2)),
            region_mm: clouds.region_mm.min(i32::MAX as u32) as i32,
        });
        Some(Self { light, clouds })
    }

    /// Power that `node` at `position_mm` gathers at `at_ms` after the start, in microwatts.
    #[must_use]
    pub fn power_uw(&self, seed: u64, node: u32, position_mm: [i32; 3], at_ms: u64) -> u32 {
        let clear_uw = self.light.clear_uw(node, at_ms);
        match &self.clouds {
            Some(clouds) if clear_uw > 0 && clouds.cover(seed, position_mm, at_ms / HOUR_MS) => {
                (u64::from(clear_uw) * clouds.through_percent / 100) as u32
            }
            _ => clear_uw,
        }
    }
}

impl Light {
    fn clear_uw(&self, node: u32, at_ms: u64) -> u32 {
        match self {
            Self::Arc { peak_uw, rise_ms, length_ms } => {
                let since_ms = (at_ms % DAY_MS).checked_sub(*rise_ms);
                let Some(since_ms) = since_ms.filter(|since| since < length_ms) else { return 0 };
                // Half a turn from sunrise to sunset.
                let phase = ((since_ms << 31) / length_ms) as u32;
                ((u64::from(*peak_uw) * u64::from(sine(phase).max(0) as u32)) >> 16) as u32
            }
            Self::Block { power_uw, from_ms, length_ms } => {
                let since_ms = (at_ms % DAY_MS + DAY_MS - from_ms) % DAY_MS;
                if since_ms < *length_ms { *power_uw } else { 0 }
            }
            Self::Record { places, kinds, period_ms } => {
                let place = if places.len() > 1 { (node / kinds) as usize } else { 0 };
                let row = usize::try_from(at_ms / period_ms).unwrap_or(usize::MAX);
                places.get(place).and_then(|rows| rows.get(row)).copied().unwrap_or(0)
            }
        }
    }
}

impl Clouds {
    /// Whether it is cloudy at a place in an hour: a two-state Markov chain over the hours of a
    /// region, with geometric spells of the given means.
    ///
    /// In an hour the chain forgets its past with probability `1/cloudy + 1/clear` and is then
    /// cloudy with its long-run share; otherwise it stays as it was. That has the transition
    /// probabilities `1/cloudy` and `1/clear`, and can be asked for any hour without the ones
    /// before: only back to where it last forgot.
    fn cover(&self, seed: u64, position_mm: [i32; 3], hour: u64) -> bool {
        let [x, _, z] = position_mm.map(|mm| mm.div_euclid(self.region_mm.max(1)) as u32);
        let region = x.wrapping_mul(0x9E37_79B1) ^ z;
        let spells = self.cloudy_hours + self.clear_hours;
        let product = self.cloudy_hours * self.clear_hours;
        let lot = |hour: u64, n: u32, bound: u64| {
            below(draw(seed, Purpose::Cloud, region, hour, n), bound)
        };
        let oldest = hour.saturating_sub(MEMORY_HOURS);
        let forgets = |hour: &u64| *hour == oldest || lot(*hour, 0, product) < spells;
        let since = (oldest..=hour).rev().find(forgets).unwrap_or(oldest);
        lot(since, 1, spells) < self.cloudy_hours
    }
}

/// The records of all places in microwatts, in the order in which places join.
fn places(scenario: &Scenario, loaded: &Loaded, uw_per_unit: i32) -> Vec<Arc<[u32]>> {
    let record = |row: usize| -> Arc<[u32]> {
        let series = loaded.get(row).and_then(|row| row.get(scenario.signals.len())?.as_ref());
        let values = series.map_or(&[][..], |series| &series.values);
        let power = |value: &Option<i32>| {
            let wide = i64::from(value.unwrap_or(0)) * i64::from(uw_per_unit);
            (wide >> 32).clamp(0, MOST_UW) as u32
        };
        values.iter().map(power).collect()
    };
    match &scenario.nodes.layout {
        Layout::Stations(stations) => {
            let original = |name: &str| stations.iter().position(|station| station.name == name);
            let ordered = layout::by_joining(stations);
            ordered.iter().map(|station| record(original(&station.name).unwrap_or(0))).collect()
        }
        _ => vec![record(0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: [i32; 3] = [0; 3];

    fn sun(energy: &str) -> Sun {
        let text = format!(
            "(title: \"t\", watch_for: \"w\", nodes: (), signals: [(modality: \"a\")], \
             energy: ({energy}))"
        );
        let scenario = Scenario::parse("x", &text).unwrap_or_else(|p| panic!("{p:#}"));
        Sun::new(&scenario, &Vec::new()).expect("a sun")
    }

    fn at(sun: &Sun, minutes: u64) -> u32 {
        sun.power_uw(1, 0, ORIGIN, minutes * MINUTE_MS)
    }

    #[test]
    fn a_day_is_a_half_sine_around_noon() {
        let sun = sun("sun: Day(peak_uw: 1000000, day_minutes: 480)");
        let day = [479, 480, 600, 720, 840, 959, 960].map(|minute| at(&sun, minute));
        // sin(45 degrees) is 0.70711; the last minute is sin(0.375 degrees).
        assert_eq!([day[0], day[1], day[3], day[6]], [0, 0, 1_000_000, 0]);
        assert!(day[2].abs_diff(707_107) < 40 && day[4].abs_diff(707_107) < 40, "{day:?}");
        assert!(day[5].abs_diff(6_545) < 60, "{day:?}");
        assert_eq!(at(&sun, 720 + 3 * 1440), 1_000_000, "every day is alike");
        // The mean of a half-sine is 2/pi of its height.
        let sum: u64 = (0..1440).map(|minute| u64::from(at(&sun, minute))).sum();
        assert!((sum / 480).abs_diff(636_620) < 100, "{}", sum / 480);
    }

    #[test]
    fn polar_night_and_polar_day_have_their_lengths() {
        let night = sun("sun: Day(day_minutes: 0)");
        assert!((0..1440).all(|minute| at(&night, minute) == 0));
        let day = sun("sun: Day(day_minutes: 1440)");
        assert!((1..1440).all(|minute| at(&day, minute) > 0));
    }

    #[test]
    fn hours_of_sun_may_pass_midnight() {
        let sun = sun("sun: Hours(power_uw: 7, from_hour: 22, hours: 6)");
        let lit: Vec<u64> = (0..24).filter(|hour| at(&sun, hour * 60) == 7).collect();
        assert_eq!(lit, [0, 1, 2, 3, 22, 23]);
    }

    #[test]
    fn spells_have_their_means_and_regions_their_own_sky() {
        let sun = sun("sun: Hours(power_uw: 100, from_hour: 0, hours: 24), \
             clouds: (dim_percent: 80, cloudy_hours: 4, clear_hours: 12, region_mm: 1000)");
        let sky = |x: i32, hour: u64| sun.power_uw(9, 0, [x, 0, 0], hour * HOUR_MS) < 100;
        let hours = 20_000;
        let cloudy = (0..hours).filter(|hour| sky(0, *hour)).count();
        let starts = (1..hours).filter(|hour| sky(0, *hour) && !sky(0, hour - 1)).count();
        // A quarter of the time, in spells of four hours: 1,250 of them.
        assert!(cloudy.abs_diff(5_000) < 350, "{cloudy}");
        assert!(starts.abs_diff(1_250) < 90, "{starts}");
        assert!((0..hours).all(|hour| sky(0, hour) == sky(999, hour)), "one region, one sky");
        let same = (0..hours).filter(|hour| sky(0, *hour) == sky(1_000, *hour)).count();
        // Independent skies agree with probability 1/16 + 9/16.
        assert!(same.abs_diff(12_500) < 500, "{same}");
        assert_eq!((0..50).map(|h| sun.power_uw(9, 0, ORIGIN, h * HOUR_MS)).min(), Some(20));
    }
}
