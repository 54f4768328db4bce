//! Keys and random streams out of BLAKE3, framed so that no two inputs mean the same bytes.
//!
//! Nothing here makes randomness: a stream is a function of its inputs, and as secret as they are.

#[cfg(feature = "crypto")]
use curve25519_dalek::scalar::Scalar;
#[cfg(feature = "crypto")]
use zeroize::Zeroize;

/// A hasher for one purpose: `context` is a constant of the code and names it; see BLAKE3's key
/// derivation (O'Connor, Aumasson, Neves and Wilcox-O'Hearn, "BLAKE3", 2020). Each part goes in
/// behind its length, 8 bytes little-endian, so `["ab", "c"]` and `["a", "bc"]` differ.
fn absorb(context: &str, parts: &[&[u8]]) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher
}

/// 32 bytes that depend on the context and on every part.
#[must_use]
pub fn derive(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    *absorb(context, parts).finalize().as_bytes()
}

/// An endless stream of uniform bytes; with the feature `crypto` it is wiped when dropped.
#[derive(Clone, Debug)]
pub struct Stream(blake3::OutputReader);

impl Stream {
    /// The stream for a purpose and its inputs; the same inputs give the same stream.
    #[must_use]
    pub fn new(context: &str, parts: &[&[u8]]) -> Self {
        Self(absorb(context, parts).finalize_xof())
    }

    /// The next bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// A uniform number in `0..bound`, exactly: what falls into the odd end is drawn again. 0 when
    /// the bound is 0.
    pub fn below(&mut self, bound: u128) -> u128 {
        let Some(last) = bound.checked_sub(1) else { return 0 };
        let idle = last.leading_zeros();
        let used = (128 - idle).div_ceil(8) as usize;
        loop {
            let mut bytes = [0; 16];
            self.fill(bytes.get_mut(..used).unwrap_or_default());
            let mask = if idle == 128 { 0 } else { u128::MAX >> idle };
            let number = u128::from_le_bytes(bytes) & mask;
            if number <= last {
                return number;
            }
        }
    }

    /// A scalar of the curve's group, uniform but for 2^-250.
    #[cfg(feature = "crypto")]
    pub fn scalar(&mut self) -> Scalar {
        let mut wide = [0; 64];
        self.fill(&mut wide);
        let scalar = Scalar::from_bytes_mod_order_wide(&wide);
        wide.zeroize();
        scalar
    }
}

#[cfg(feature = "crypto")]
impl Drop for Stream {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_parts_apart() {
        let joined = [
            derive("qres test", &[b"ab", b"c"]),
            derive("qres test", &[b"a", b"bc"]),
            derive("qres test", &[b"abc"]),
            derive("qres test", &[b"abc", b""]),
            derive("qres test 2", &[b"abc"]),
        ];
        for (place, one) in joined.iter().enumerate() {
            assert!(joined[..place].iter().all(|other| other != one), "{place}");
        }
    }

    #[test]
    fn below_is_uniform_and_stays_below() {
        let mut stream = Stream::new("qres test", &[b"below"]);
        assert_eq!([stream.below(0), stream.below(1)], [0, 0]);
        let mut seen = [0_u32; 5];
        for _ in 0..5_000 {
            seen[stream.below(5) as usize] += 1;
        }
        // 1000 expected of each, 28 is one standard deviation.
        assert!(seen.iter().all(|count| (860..1_140).contains(count)), "{seen:?}");
        assert!((0..99).all(|_| stream.below(u128::MAX) < u128::MAX));
        let high = (0..99).map(|_| stream.below(1 << 100)).max();
        assert!(high > Some(1 << 95), "all bits are used");
    }
}
