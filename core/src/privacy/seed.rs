//! Seeds of masks, and their shares: t of n holders can rebuild a seed, fewer learn nothing.
//!
//! Shamir, "How to share a secret", 1979, over the scalar field of the curve (about 2^252), of
//! which dalek has the arithmetic, in constant time.

use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroize;

use crate::stream::{Stream, derive};

/// A secret that a mask is grown from; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Scalar);

impl core::fmt::Debug for Seed {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("Seed")
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Seed {
    /// A seed that depends on every part.
    #[must_use]
    pub fn derive(context: &str, parts: &[&[u8]]) -> Self {
        Self(Stream::new(context, parts).scalar())
    }

    /// Adds the mask to a vector, or takes it away, modulo 2^32.
    pub fn mask(&self, add: bool, vector: &mut [i32]) {
        let mut stream = Stream::new("qres 2026 mask v1", &[self.0.as_bytes()]);
        for slot in vector {
            let mask = stream.next_u32() as i32;
            *slot = if add { slot.wrapping_add(mask) } else { slot.wrapping_sub(mask) };
        }
    }

    /// The seed itself, as a mask of a scalar.
    pub(super) const fn scalar(&self) -> &Scalar {
        &self.0
    }

    /// A public digest by which a rebuilt seed is known to be this one.
    #[must_use]
    pub fn seal(&self) -> [u8; 32] {
        derive("qres 2026 seed seal v1", &[self.0.as_bytes()])
    }

    /// The share of `holder` (1 to 255) among those of which `threshold` rebuild the seed. The
    /// polynomial is a function of seed and entropy, so shares can be dealt one at a time.
    #[must_use]
    pub fn share(&self, threshold: u8, holder: u8, entropy: &[u8; 32]) -> Share {
        let place = Scalar::from(holder);
        let mut stream =
            Stream::new("qres 2026 share polynomial v1", &[self.0.as_bytes(), entropy]);
        let higher = (1..threshold).fold(Scalar::ZERO, |sum, _| (sum + stream.scalar()) * place);
        Share { holder, value: self.0 + higher }
    }

    /// Rebuilds a seed from the first `threshold` shares; `None` when there are fewer, or two of
    /// one holder. Wrong shares give a wrong seed: see [`Seed::seal`].
    #[must_use]
    pub fn rebuild(shares: &[Share], threshold: u8) -> Option<Self> {
        let shares = shares.get(..usize::from(threshold))?;
        let mut secret = Scalar::ZERO;
        for (place, share) in shares.iter().enumerate() {
            let (mut over, mut under) = (Scalar::ONE, Scalar::ONE);
            for (_, other) in shares.iter().enumerate().filter(|(index, _)| *index != place) {
                if other.holder == share.holder {
                    return None;
                }
                over *= Scalar::from(other.holder);
                under *= Scalar::from(other.holder) - Scalar::from(share.holder);
            }
            secret += share.value * over * under.invert();
        }
        Some(Self(secret))
    }
}

/// One holder's share of a seed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Who holds it, from 1.
    pub holder: u8,
    value: Scalar,
}

impl core::fmt::Debug for Share {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Share({})", self.holder)
    }
}

impl Share {
    /// The share's value, as it travels.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.value.to_bytes()
    }

    /// Reads what travelled; `None` unless it is a scalar in canonical form.
    #[must_use]
    pub fn from_bytes(holder: u8, bytes: [u8; 32]) -> Option<Self> {
        let value = Scalar::from_canonical_bytes(bytes).into_option()?;
        Some(Self { holder, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deal(seed: &Seed, threshold: u8) -> [Share; 6] {
        core::array::from_fn(|i| seed.share(threshold, i as u8 + 1, &[3; 32]))
    }

    #[test]
    fn any_four_of_six_rebuild_and_three_do_not() {
        let seed = Seed::derive("qres test", &[b"a"]);
        let shares = deal(&seed, 4);
        for chosen in 0_u8..64 {
            let some: heapless::Vec<Share, 6> =
                shares.iter().copied().filter(|s| chosen >> (s.holder - 1) & 1 == 1).collect();
            let rebuilt = Seed::rebuild(&some, 4);
            assert_eq!(rebuilt == Some(seed.clone()), some.len() >= 4, "{chosen:06b}");
            // Three shares fit a polynomial of their own, through another seed.
            assert_ne!(Seed::rebuild(&some, 3), Some(seed.clone()));
        }
    }

    /// With fewer shares every secret is equally possible: for any wanted one there is a last share
    /// that gives it.
    #[test]
    fn too_few_shares_fit_every_secret() {
        let (seed, wanted) = (Seed::derive("qres test", &[b"a"]), Scalar::from(42_u8));
        let [first, second, ..] = deal(&seed, 3);
        // Interpolation is linear in the last value: solve for it from two trials.
        let with = |value| {
            let last = Share { holder: 3, value };
            Seed::rebuild(&[first, second, last], 3).expect("three holders").0
        };
        let slope = with(Scalar::ONE) - with(Scalar::ZERO);
        let value = (wanted - with(Scalar::ZERO)) * slope.invert();
        assert_eq!(with(value), wanted);
    }

    #[test]
    fn repeated_and_damaged_shares_are_noticed() {
        let seed = Seed::derive("qres test", &[b"a"]);
        let [a, b, c, ..] = deal(&seed, 3);
        assert_eq!(Seed::rebuild(&[a, b, a], 3), None);
        let bent = Share { value: c.value + Scalar::ONE, ..c };
        let wrong = Seed::rebuild(&[a, b, bent], 3).expect("three holders");
        assert_ne!(wrong.seal(), seed.seal());
        assert_eq!(Share::from_bytes(3, c.to_bytes()), Some(c));
        assert_eq!(Share::from_bytes(3, [0xff; 32]), None);
    }

    #[test]
    fn a_mask_comes_off_again() {
        let seed = Seed::derive("qres test", &[b"a"]);
        let mut vector = [i32::MAX, 0, -5];
        seed.mask(true, &mut vector);
        assert_ne!(vector, [i32::MAX, 0, -5]);
        seed.mask(false, &mut vector);
        assert_eq!(vector, [i32::MAX, 0, -5]);
    }
}
