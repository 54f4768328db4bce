//! Secrets that two nodes share without having met: X25519 (Bernstein, "Curve25519: new
//! Diffie-Hellman speed records", 2006; RFC 7748).
//!
//! The shared secret itself is never used as a key: everything goes through a derivation that names
//! its purpose, its round and both nodes.

use x25519_dalek::{PublicKey, StaticSecret};

use crate::id::NodeId;
use crate::stream::derive;

/// Why a peer's key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeError {
    /// The point has small order: the "secret" would be one that everybody knows.
    LowOrder,
}

impl core::fmt::Display for ExchangeError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("the peer's key has small order: exclude the peer")
    }
}

impl core::error::Error for ExchangeError {}

/// A node's secret key for exchanges, wiped when dropped.
pub struct Exchange {
    secret: StaticSecret,
    public: ExchangeKey,
}

/// A node's public key for exchanges.
pub type ExchangeKey = [u8; 32];

impl core::fmt::Debug for Exchange {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("Exchange")
    }
}

impl Exchange {
    /// The key that belongs to a secret seed. One seed may serve here and for an identity: each
    /// derives a key of its own.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = StaticSecret::from(derive("qres 2026 exchange key v1", &[seed]));
        let public = PublicKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    /// The key of a simulated node, a function of the scenario's seed: no secret.
    #[must_use]
    pub fn simulated(seed: u64, node: NodeId) -> Self {
        let parts: [&[u8]; 2] = [&seed.to_le_bytes(), &node.0.to_le_bytes()];
        Self::from_seed(&derive("qres 2026 simulated exchange key v1", &parts))
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> ExchangeKey {
        self.public
    }

    /// Bytes that only this node knows, for one purpose and occasion, hedged with `entropy`.
    pub(super) fn own_key(&self, context: &str, occasion: &[u8], entropy: &[u8; 32]) -> [u8; 32] {
        derive(context, &[self.secret.as_bytes(), occasion, entropy])
    }

    /// The secret shared with a peer. Both sides get the same.
    ///
    /// # Errors
    /// [`ExchangeError::LowOrder`] when the peer's key makes it a constant.
    pub fn agree(&self, peer: &ExchangeKey) -> Result<PairSecret, ExchangeError> {
        let shared = self.secret.diffie_hellman(&PublicKey::from(*peer));
        if !shared.was_contributory() {
            return Err(ExchangeError::LowOrder);
        }
        let (low, high) = (self.public.min(*peer), self.public.max(*peer));
        let parts: [&[u8]; 3] = [shared.as_bytes(), &low, &high];
        Ok(PairSecret(zeroize::Zeroizing::new(derive("qres 2026 pair secret v1", &parts))))
    }
}

/// What two nodes know and nobody else does.
#[derive(Clone)]
pub struct PairSecret(zeroize::Zeroizing<[u8; 32]>);

impl core::fmt::Debug for PairSecret {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("PairSecret")
    }
}

impl PairSecret {
    /// A stand-in for the secret of two simulated nodes, without curve arithmetic: a function of
    /// the scenario's seed, and no secret.
    #[must_use]
    pub fn simulated(seed: u64, pair: (NodeId, NodeId)) -> Self {
        let (low, high) = (pair.0.min(pair.1), pair.0.max(pair.1));
        let parts: [&[u8]; 3] = [&seed.to_le_bytes(), &low.0.to_le_bytes(), &high.0.to_le_bytes()];
        Self(zeroize::Zeroizing::new(derive("qres 2026 simulated pair secret v1", &parts)))
    }

    /// Bytes for one purpose, one occasion (a round, say) and this pair, in whatever order.
    pub(super) fn key(&self, context: &str, occasion: &[u8], pair: (NodeId, NodeId)) -> [u8; 32] {
        let (low, high) = (pair.0.min(pair.1), pair.0.max(pair.1));
        self.key_towards(context, occasion, (low, high))
    }

    /// The same for one direction: from the first node to the second.
    pub(super) fn key_towards(
        &self,
        context: &str,
        occasion: &[u8],
        way: (NodeId, NodeId),
    ) -> [u8; 32] {
        let (from, to) = (way.0.0.to_le_bytes(), way.1.0.to_le_bytes());
        derive(context, &[&self.0[..], occasion, &from, &to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> Exchange {
        Exchange::from_seed(&[number; 32])
    }

    #[test]
    fn both_sides_agree_and_a_third_does_not() {
        let (a, b, c) = (node(1), node(2), node(3));
        let pair = (NodeId(1), NodeId(2));
        let key = |mine: &Exchange, theirs: &Exchange, round: u8, pair| {
            mine.agree(&theirs.public()).expect("good key").key("qres test", &[round], pair)
        };
        let ours = key(&a, &b, 0, pair);
        assert_eq!(ours, key(&b, &a, 0, (pair.1, pair.0)));
        let others = [
            key(&a, &c, 0, pair),
            key(&b, &c, 0, pair),
            key(&a, &b, 1, pair),
            key(&a, &b, 0, (NodeId(1), NodeId(3))),
        ];
        assert!(others.iter().all(|other| *other != ours));
        let secret = a.agree(&b.public()).expect("good key");
        let way = |way| secret.key_towards("qres test", &[0], way);
        assert_ne!(way(pair), way((pair.1, pair.0)), "a direction is a purpose");
    }

    /// The points of small order of Curve25519 and of its twist, canonical ones: 0, 1, -1, and the
    /// two of order 8.
    #[test]
    fn points_of_small_order_are_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        let mut minus_one = [0xff; 32];
        (minus_one[0], minus_one[31]) = (0xec, 0x7f);
        let mut prime = minus_one;
        prime[0] = 0xed;
        let hex = |text: &str| *blake3::Hash::from_hex(text).expect("64 digits").as_bytes();
        let eighth = [
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        ];
        for peer in [[0; 32], one, minus_one, prime, hex(eighth[0]), hex(eighth[1])] {
            assert_eq!(node(1).agree(&peer).err(), Some(ExchangeError::LowOrder), "{peer:x?}");
        }
    }
}
