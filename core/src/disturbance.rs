//! What storms and attacks do to a sensor, in a form that a host can send to a board before either
//! knows the reading. Host and board bend readings with the same integers, so they agree bit for
//! bit.

use crate::q16::Q16;

/// A change of a reading x, all in Q16.16 bits of the sensor's unit:
/// x + offset + (x - pivot) * gain. Noise only has an offset; a storm that amplifies and a sensor
/// that is mirrored have a gain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disturbance {
    /// Added to every reading.
    pub offset: i32,
    /// How much of the distance to the pivot is added, Q16.16; -2.0 mirrors.
    pub gain: i32,
    /// The reading that a gain leaves alone.
    pub pivot: i32,
}
crate::canonical!(struct Disturbance { offset, gain, pivot });

impl Disturbance {
    /// Whether readings stay what they are.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.offset == 0 && self.gain == 0
    }

    /// What a node takes as its sample where its sensor read `raw`: computed in 64 bits, the
    /// product rounded towards minus infinity, the result held in the range of samples,
    /// -(2^31 - 1) to 2^31 - 1 bits.
    #[must_use]
    pub fn bend(&self, raw: Q16) -> Q16 {
        let raw = i64::from(raw.to_bits());
        let away = raw - i64::from(self.pivot);
        // 33 bits times 32 bits: 64 hold it, but for one corner that saturates.
        let bent = raw + i64::from(self.offset) + (away.saturating_mul(i64::from(self.gain)) >> 16);
        Q16::from_bits(bent.clamp(-i64::from(i32::MAX), i64::from(i32::MAX)) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Canonical, Source};

    const ONE: i32 = 1 << 16;

    #[test]
    fn readings_are_moved_amplified_and_mirrored() {
        let table = [
            ((0, 0, 0), 5 * ONE, 5 * ONE),
            ((ONE, 0, 0), 5 * ONE, 6 * ONE),
            ((0, ONE, 3 * ONE), 5 * ONE, 7 * ONE),
            ((0, -2 * ONE, 3 * ONE), 5 * ONE, ONE),
            ((0, 1, 0), -1, -2),
            ((i32::MAX, 0, 0), i32::MAX, i32::MAX),
            ((i32::MIN, i32::MIN, 0), i32::MIN, i32::MAX),
            ((i32::MIN, 0, 0), -1, -i32::MAX),
        ];
        for ((offset, gain, pivot), raw, bent) in table {
            let disturbance = Disturbance { offset, gain, pivot };
            assert_eq!(disturbance.bend(Q16::from_bits(raw)).to_bits(), bent, "{disturbance:?}");
        }
    }

    #[test]
    fn bytes_come_back() {
        let disturbance = Disturbance { offset: -1, gain: 2, pivot: 3 };
        let mut bytes: heapless::Vec<u8, 16> = heapless::Vec::new();
        disturbance.encode(&mut bytes);
        assert_eq!(Disturbance::decode(&mut Source::new(&bytes)), Some(disturbance));
    }
}
