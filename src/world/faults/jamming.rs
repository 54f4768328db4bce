//! Jamming: a transmitter in the middle of an area that is on for a part of each period. Reaches
//! receivers inside its area only; must not know who talks.
//!
//! Field strength falls with the distance, so a frame is drowned where
//! `strength * distance to the sender > distance to the jammer`: capture by the stronger signal.

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::Tick;

use super::select::Members;
use crate::scenario::FaultKind;
use crate::world::graph::distance_square;

/// A jammer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jammer {
    /// Millimetres, on the ground.
    place_mm: [i32; 3],
    duty_percent: u8,
    period_us: u64,
    strength_percent: u32,
}

impl Jammer {
    /// The jammer of a fault, if it is one.
    pub fn new(kind: &FaultKind, members: &Members) -> Option<Self> {
        let (
            FaultKind::Jamming { duty_percent, period_us, strength_percent },
            Members::Around(_, [x, z], _),
        ) = (kind, members)
        else {
            return None;
        };
        let place_mm = [*x, 0, *z].map(|mm| mm.clamp(i64::from(i32::MIN), i64::from(i32::MAX)));
        Some(Self {
            place_mm: place_mm.map(|mm| mm as i32),
            duty_percent: *duty_percent,
            period_us: u64::from(*period_us).max(1),
            strength_percent: *strength_percent,
        })
    }

    /// Whether it would drown, at `to`, what somebody at `from` sends.
    pub fn drowns(&self, from: [i32; 3], to: [i32; 3]) -> bool {
        let sender = i128::from(distance_square(from, to));
        let jammer = i128::from(distance_square(self.place_mm, to));
        sender * i128::from(self.strength_percent).pow(2) > jammer * 10_000
    }

    /// Whether it is on at any moment of `span_us` in tick `now`: in each tick its periods begin at
    /// a moment of their own, and it is on for the first `duty_percent` of each.
    pub fn is_on(&self, seed: u64, now: Tick, (start_us, end_us): (u64, u64)) -> bool {
        let on_us = (self.period_us * u64::from(self.duty_percent)).div_ceil(100);
        let offset_us = below(draw(seed, Purpose::FaultJam, 0, now.0, 0), self.period_us);
        let into = (start_us + offset_us) % self.period_us;
        into < on_us || into + end_us.saturating_sub(start_us) > self.period_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jammer(duty_percent: u8, strength_percent: u32) -> Jammer {
        let kind = FaultKind::Jamming { duty_percent, period_us: 1_000, strength_percent };
        Jammer::new(&kind, &Members::Around(Vec::new(), [0, 0], 1)).expect("a jammer")
    }

    #[test]
    fn the_nearer_is_heard_and_strength_is_nearness() {
        // The receiver is 10 m from the jammer.
        let heard = |sender_mm: i32, strength| {
            !jammer(50, strength).drowns([10_000 + sender_mm, 0, 0], [10_000, 0, 0])
        };
        assert!(heard(10_000, 100) && !heard(10_001, 100));
        assert!(heard(1_000, 1_000) && !heard(1_001, 1_000));
        assert!(heard(100_000, 10) && !heard(100_001, 10));
    }

    #[test]
    fn it_is_on_for_its_share_of_time() {
        let jammer = jammer(30, 100);
        let hits = |length: u64| {
            let on = |tick: &u64| jammer.is_on(5, Tick(*tick), (400, 400 + length));
            (0..10_000).filter(on).count()
        };
        // A frame of 200 us in a period of 1000 with 300 on misses it in half of its places.
        assert!((2_800..3_200).contains(&hits(1)), "{}", hits(1));
        assert!((4_800..5_200).contains(&hits(200)), "{}", hits(200));
        assert_eq!(hits(701), 10_000);
    }
}
