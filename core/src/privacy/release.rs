//! What a node says of its weights in a private mesh, and what saying it has cost so far.
//!
//! The query: how far the weights are from those that the node released last, which whoever listens
//! knows, cut to a norm C. A release is the last one, plus that step, plus a discrete Gaussian of
//! deviation sigma in each weight (after Geyer, Klein and Nabi, "Differentially private federated
//! learning: a client level perspective", 2017: bounded steps of a model instead of the model).
//!
//! The relation: two records of everything that one node ever sensed, however different. Whatever
//! they are, the steps that they lead to lie in one ball of radius C around a known point, so
//! they are at most D = 2 C apart, and a release costs `rho = D^2 / (2 sigma^2)`. The costs of all
//! releases add up, though each rests on those before it (adaptive composition: Bun and Steinke,
//! "Concentrated differential privacy: simplifications, extensions, and lower bounds", 2016). What
//! is made of a release, such as a relayed copy or a block of fewer bits, costs nothing more.
//!
//! Must not touch the node's own weights, and must not let any out unpaid.

use super::account::{Account, Exhausted, Rho};
use super::clip::clip;
use super::gaussian::{Variance, sample};
use crate::id::NodeId;
use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;
use crate::stream::{Stream, derive};

/// Largest product of clipping norm and noise multiplier: the deviation of the noise, 64.
pub const DEVIATION_MAX: Q16 = Q16::from_bits(64 << 16);

/// Noise and budget that a mesh agrees on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivacyConfig {
    clip: u32,
    variance: Variance,
    cost: Rho,
    budget: Rho,
    digits: u8,
}
crate::canonical!(struct PrivacyConfig { clip, variance, cost, budget, digits });

/// Why numbers are no configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivacyError {
    /// The norm is not above 0 and at most 4.
    Clip,
    /// The deviation is not above 1/65536 and at most 64.
    Noise,
    /// Epsilon is not above 0, or delta is not 10^-1 to 10^-30.
    Budget,
}

impl core::fmt::Display for PrivacyError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Clip => "the clipping norm must be above 0 and at most 4, as weights are",
            Self::Noise => "clipping norm times noise multiplier must be from 1/65536 to 64",
            Self::Budget => "epsilon must be above 0, and delta from 10^-30 to 10^-1",
        })
    }
}

impl core::error::Error for PrivacyError {}

impl PrivacyConfig {
    /// Steps of norm at most `clip` (above 0, at most 4), noise of deviation `clip * multiplier` in
    /// each weight, and releases until they would cost more than (`epsilon`, 10^-`digits`).
    ///
    /// The variance is rounded down to a whole number of 2^-32, and the cost of a release is
    /// that of the rounded one, rounded up.
    ///
    /// # Errors
    /// [`PrivacyError`] when a number is out of range: says which.
    pub fn new(clip: Q16, multiplier: Q16, epsilon: Q16, digits: u8) -> Result<Self, PrivacyError> {
        let norm = u32::try_from(clip.to_bits()).map_err(|_| PrivacyError::Clip)?;
        if norm == 0 || norm > WEIGHT_LIMIT.unsigned_abs() {
            return Err(PrivacyError::Clip);
        }
        let multiplier = u64::try_from(multiplier.to_bits()).map_err(|_| PrivacyError::Noise)?;
        // In units of 2^-32: below 2^51, so its square fits.
        let deviation = u128::from(u64::from(norm) * multiplier);
        let variance = u64::try_from((deviation * deviation) >> 32);
        let variance = variance.map_err(|_| PrivacyError::Noise)?;
        let variance = Variance::new(variance, 1).map_err(|_| PrivacyError::Noise)?;
        let distance = 2 * u64::from(norm);
        let cost = Rho::of(distance * distance, variance).ok_or(PrivacyError::Noise)?;
        let epsilon = u64::try_from(epsilon.to_bits()).map_err(|_| PrivacyError::Budget)?;
        if epsilon == 0 || !(1..=30).contains(&digits) {
            return Err(PrivacyError::Budget);
        }
        let budget = Rho::for_epsilon(epsilon << 16, digits);
        Ok(Self { clip: norm, variance, cost, budget, digits })
    }

    /// The largest step of a release, in 1/65536.
    #[must_use]
    pub const fn clip(&self) -> u32 {
        self.clip
    }

    /// The variance of the noise in each weight, in units of 2^-32.
    #[must_use]
    pub const fn variance(&self) -> Variance {
        self.variance
    }

    /// What one release costs.
    #[must_use]
    pub const fn cost(&self) -> Rho {
        self.cost
    }

    /// What all releases of a node may cost.
    #[must_use]
    pub const fn budget(&self) -> Rho {
        self.budget
    }

    /// Delta is 10 to the power of minus this.
    #[must_use]
    pub const fn digits(&self) -> u8 {
        self.digits
    }

    /// Releases that the budget covers.
    #[must_use]
    pub const fn releases(&self) -> u64 {
        // A release never costs nothing.
        match self.budget.0.checked_div(self.cost.0) {
            Some(releases) => releases,
            None => 0,
        }
    }
}

/// What a node has given away: the state of a [`Publisher`], 56 bytes.
///
/// It has to outlive a restart. A node that forgets it starts a second budget, and both together
/// say more than either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disclosed {
    /// What it has cost.
    pub account: Account,
    /// The newest release; zeros before the first.
    pub known: [Q16; TAPS],
}
crate::canonical!(struct Disclosed { account, known });

/// What makes a node's updates private.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Publisher {
    /// What has been given away.
    pub disclosed: Disclosed,
    key: [u8; 32],
}

impl core::fmt::Debug for Publisher {
    /// Without the key.
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Publisher").field("disclosed", &self.disclosed).finish_non_exhaustive()
    }
}

impl Publisher {
    /// A node that has released nothing yet. Its noise follows from `key` and the round: whoever
    /// knows the key can take the noise away, and a key that serves twice for one round gives the
    /// difference of the weights away. So a real node needs a fresh secret at each start.
    #[must_use]
    pub const fn new(config: &PrivacyConfig, key: [u8; 32]) -> Self {
        let account = Account::new(config.budget);
        Self { disclosed: Disclosed { account, known: [Q16::ZERO; TAPS] }, key }
    }

    /// Whether the budget covers one more release.
    #[must_use]
    pub fn covers(&self, config: &PrivacyConfig) -> bool {
        let mut account = self.disclosed.account;
        account.spend(config.cost).is_ok()
    }

    /// Pays for a release of the first `taps` weights in `round`, and makes it. Results beyond the
    /// limit of weights are cut to it, so that receivers take them.
    ///
    /// # Errors
    /// [`Exhausted`] when the budget does not cover it; nothing may leave the node then.
    pub fn release(
        &mut self,
        config: &PrivacyConfig,
        round: u32,
        taps: u8,
        own: &[Q16; TAPS],
    ) -> Result<[Q16; TAPS], Exhausted> {
        self.disclosed.account.spend(config.cost)?;
        let step = step(config, &self.disclosed.known, own);
        let parts: [&[u8]; 2] = [&self.key, &round.to_le_bytes()];
        let mut stream = Stream::new("qres 2026 update noise v1", &parts);
        let places = self.disclosed.known.iter_mut().zip(step).take(usize::from(taps));
        for (known, step) in places {
            let noise = sample(config.variance, &mut stream);
            let bits = i64::from(known.to_bits()) + i64::from(step.to_bits());
            let limit = i64::from(WEIGHT_LIMIT);
            *known = Q16::from_bits(bits.saturating_add(noise).clamp(-limit, limit) as i32);
        }
        Ok(self.disclosed.known)
    }
}

/// The sensitive query: from what is known towards the own weights, by at most the clipping norm.
fn step(config: &PrivacyConfig, known: &[Q16; TAPS], own: &[Q16; TAPS]) -> [Q16; TAPS] {
    let mut step = *own;
    step.iter_mut().zip(known).for_each(|(own, known)| *own = own.saturating_sub(*known));
    clip(&mut step, config.clip);
    step
}

/// The key of a simulated node: a function of the mesh's seed, and so no secret.
#[must_use]
pub fn simulated_key(seed: u64, node: NodeId) -> [u8; 32] {
    derive("qres 2026 simulated noise key v1", &[&seed.to_le_bytes(), &node.0.to_le_bytes()])
}

#[cfg(test)]
mod tests;
