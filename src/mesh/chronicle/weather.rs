//! Storms as they come, go and are moved, and the waves of alarm that run through nodes. Must not
//! tell a node anything.

use crate::world::storm::{ActiveStorm, StormTrack};

use super::event::What;

/// Ticks without a node in Storm after which a wave is over: nodes that flicker are one wave.
const QUIET_TICKS: u64 = 10;
/// A storm that is off its path by this much more than before was moved, in millimetres.
const MOVED_MM: i64 = 1_000;

/// A storm as it was seen last.
#[derive(Clone, Copy, Debug)]
struct Seen {
    storm: ActiveStorm,
    /// How far it is from where its path has it, in millimetres east and south; `None` where no
    /// path is known.
    off_mm: Option<[i64; 2]>,
}

/// A wave that runs.
#[derive(Clone, Copy, Debug)]
struct Wave {
    began: u64,
    /// The last tick with a node in Storm.
    latest: u64,
    peak: u32,
    /// Nodes that entered Storm.
    nodes: u32,
}

/// The keeper of storms and waves.
#[derive(Clone, Debug, Default)]
pub(super) struct Skies {
    seen: Vec<Seen>,
    wave: Option<Wave>,
}

impl Skies {
    /// Looks at the storms that blow in `tick`.
    pub(super) fn look(
        &mut self,
        tick: u64,
        tracks: &[StormTrack],
        storms: &[ActiveStorm],
        mut tell: impl FnMut(bool, What),
    ) {
        let is_on = |index: u32| storms.iter().any(|storm| storm.index == index);
        for Seen { storm, .. } in self.seen.iter().filter(|seen| !is_on(seen.storm.index)) {
            tell(true, What::StormEnds { storm: storm.index, centre_mm: storm.centre_mm });
        }
        let mut seen = Vec::with_capacity(storms.len());
        for storm in storms {
            let now = Seen { storm: *storm, off_mm: off(tick, tracks, storm) };
            let ActiveStorm { index, centre_mm, radius_mm, .. } = *storm;
            match self.seen.iter().find(|before| before.storm.index == index) {
                None => tell(true, What::StormBegins { storm: index, centre_mm, radius_mm }),
                Some(before) if before.is_moved(&now) => {
                    let from_mm = before.storm.centre_mm;
                    let to_mm = centre_mm;
                    tell(true, What::StormMoved { storm: index, from_mm, to_mm, radius_mm });
                }
                Some(_) => {}
            }
            seen.push(now);
        }
        self.seen = seen;
    }

    /// Looks at how many nodes believe in a storm, `fresh` of them since this tick, the first of
    /// which is `first`.
    pub(super) fn feel(
        &mut self,
        tick: u64,
        in_storm: u32,
        (fresh, first): (u32, Option<u32>),
        mut tell: impl FnMut(bool, What),
    ) {
        if let Some(wave) = &mut self.wave {
            wave.peak = wave.peak.max(in_storm);
            wave.nodes += fresh;
            if in_storm > 0 {
                wave.latest = tick;
            } else if tick >= wave.latest + QUIET_TICKS {
                let Wave { began, peak, nodes, .. } = *wave;
                tell(true, What::WaveEnds { began, peak, nodes });
                self.wave = None;
            }
        } else if in_storm > 0 {
            self.wave = Some(Wave { began: tick, latest: tick, peak: in_storm, nodes: fresh });
            if let Some(node) = first {
                tell(true, What::WaveBegins { node });
            }
        }
    }
}

impl Seen {
    fn is_moved(&self, now: &Self) -> bool {
        // What grows or moves little by little is on its way, and no event.
        let (one, two) = (self.storm.radius_mm, now.storm.radius_mm);
        let same =
            one.abs_diff(two) <= one.max(two) / 4 && self.storm.spectrum == now.storm.spectrum;
        let jumps = if let (Some(before), Some(after)) = (self.off_mm, now.off_mm) {
            before.iter().zip(&after).any(|(one, two)| (one - two).abs() > MOVED_MM)
        } else {
            // Without a path only a leap tells a move from a drift.
            let leap = i64::from(now.storm.radius_mm / 4);
            let mut way = self.storm.centre_mm.iter().zip(&now.storm.centre_mm);
            way.any(|(one, two)| (i64::from(*one) - i64::from(*two)).abs() > leap)
        };
        !same || jumps
    }
}

/// How far a storm is from where its path has it.
fn off(tick: u64, tracks: &[StormTrack], storm: &ActiveStorm) -> Option<[i64; 2]> {
    let planned = tracks.get(storm.index as usize)?.at(storm.index, tick)?;
    let [x, _, z] = planned.centre_mm;
    let [at_x, _, at_z] = storm.centre_mm;
    Some([i64::from(at_x) - i64::from(x), i64::from(at_z) - i64::from(z)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Spectrum, Storm, Waypoint};

    fn track() -> StormTrack {
        let stop = |tick, x_mm| Waypoint { tick, x_mm, z_mm: 0 };
        StormTrack::new(&Storm {
            from_tick: 10,
            to_tick: 30,
            path: vec![stop(10, 0), stop(30, 200_000)],
            radius_mm: 40_000,
            intensity: 8.0,
            spectrum: Spectrum::White,
        })
    }

    #[test]
    fn a_storm_that_keeps_to_its_path_is_never_moved() {
        let (tracks, mut skies) = ([track()], Skies::default());
        let mut told = Vec::new();
        for tick in 0..40 {
            let mut storms: Vec<_> = tracks[0].at(0, tick).into_iter().collect();
            // Somebody pushes it south, and it goes on from there.
            storms.iter_mut().filter(|_| tick >= 20).for_each(|storm| storm.centre_mm[2] += 9_000);
            skies.look(tick, &tracks, &storms, |_, what| told.push((tick, what)));
        }
        let at = |x, z| [x, 0, z];
        let expected = [
            (10, What::StormBegins { storm: 0, centre_mm: at(0, 0), radius_mm: 40_000 }),
            (
                20,
                What::StormMoved {
                    storm: 0,
                    from_mm: at(90_000, 0),
                    to_mm: at(100_000, 9_000),
                    radius_mm: 40_000,
                },
            ),
            (30, What::StormEnds { storm: 0, centre_mm: at(190_000, 9_000) }),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn nodes_that_flicker_are_one_wave() {
        let mut skies = Skies::default();
        let mut told = Vec::new();
        // (tick, in Storm, of these since now)
        let course = [(5, 1, 1), (6, 3, 2), (7, 0, 0), (12, 2, 2), (13, 0, 0), (22, 0, 0)];
        for (tick, in_storm, fresh) in course {
            let first = (fresh > 0).then_some(7);
            skies.feel(tick, in_storm, (fresh, first), |_, what| told.push((tick, what)));
        }
        let end = What::WaveEnds { began: 5, peak: 3, nodes: 5 };
        assert_eq!(told, [(5, What::WaveBegins { node: 7 }), (22, end)]);
    }
}
