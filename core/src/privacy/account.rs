//! How much privacy has been given away: an account that only grows.
//!
//! In zero-concentrated differential privacy (Bun and Steinke, "Concentrated differential privacy:
//! simplifications, extensions, and lower bounds", 2016) a release with discrete Gaussian noise
//! costs `rho = D^2 / (2 sigma^2)`, D being the largest Euclidean distance between the values of
//! two neighbouring data sets, and costs of releases add up. What is spent is spent: it neither
//! decays nor is refunded. All roundings are upwards, so the account never flatters.

use super::gaussian::Variance;

/// Rho in units of 2^-32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rho(pub u64);

/// ln 10 in units of 2^-32, rounded up: 2.302585093.
const LN_10: u128 = 9_889_527_671;

impl Rho {
    /// The cost of one release whose value moves by at most the root of `squared_distance` between
    /// neighbours, with noise of `variance` in each coordinate; rounded up. `None` beyond 2^32.
    ///
    /// A node that publishes weights clipped to a norm C, and is to be hidden whatever its data
    /// were, moves them by up to 2 C: `squared_distance` is `4 C^2`.
    #[must_use]
    pub fn of(squared_distance: u64, variance: Variance) -> Option<Self> {
        let over = u128::from(squared_distance) * u128::from(variance.denominator());
        // Below 2^80 before the shift.
        let rho = (over << 32).div_ceil(2 * u128::from(variance.numerator()));
        u64::try_from(rho).ok().map(Self)
    }

    /// The epsilon, in units of 2^-32 and rounded up, at which this rho implies
    /// (epsilon, 10^-`digits`)-differential privacy: `rho + 2 sqrt(rho ln(10^digits))`
    /// (proposition 1.3 of the source).
    #[must_use]
    pub fn epsilon(self, digits: u8) -> u128 {
        let rho = u128::from(self.0);
        let squared = rho * LN_10 * u128::from(digits);
        let root = squared.isqrt();
        let root = root + u128::from(root * root < squared);
        rho + 2 * root
    }

    /// The largest rho whose [`Rho::epsilon`] is at most `epsilon`, in units of 2^-32.
    #[must_use]
    pub fn for_epsilon(epsilon: u64, digits: u8) -> Self {
        // Epsilon grows with rho and is never below it.
        let (mut fits, mut beyond) = (0, u128::from(epsilon) + 1);
        while beyond - fits > 1 {
            let middle = u128::midpoint(fits, beyond);
            if Self(middle as u64).epsilon(digits) <= u128::from(epsilon) {
                fits = middle;
            } else {
                beyond = middle;
            }
        }
        Self(fits as u64)
    }
}

/// A budget and what is left of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// In units of 2^-32, as `spent`.
    budget: u64,
    spent: u64,
    refused: u32,
}
crate::canonical!(struct Account { budget, spent, refused });

/// The budget does not cover a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl core::fmt::Display for Exhausted {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("the privacy budget does not cover this release: publish nothing more")
    }
}

impl core::error::Error for Exhausted {}

impl Account {
    /// A fresh account.
    #[must_use]
    pub const fn new(budget: Rho) -> Self {
        Self { budget: budget.0, spent: 0, refused: 0 }
    }

    /// Pays for one release, before it happens.
    ///
    /// # Errors
    /// [`Exhausted`] when the budget does not cover it; the release must then not happen. Nothing
    /// is spent, so a cheaper one may still fit.
    pub fn spend(&mut self, cost: Rho) -> Result<(), Exhausted> {
        match self.spent.checked_add(cost.0) {
            Some(spent) if spent <= self.budget => {
                self.spent = spent;
                Ok(())
            }
            _ => {
                self.refused = self.refused.saturating_add(1);
                Err(Exhausted)
            }
        }
    }

    /// What has been spent.
    #[must_use]
    pub const fn spent(&self) -> Rho {
        Rho(self.spent)
    }

    /// The budget.
    #[must_use]
    pub const fn budget(&self) -> Rho {
        Rho(self.budget)
    }

    /// Releases that were refused.
    #[must_use]
    pub const fn refused(&self) -> u32 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: u64 = 1 << 32;

    fn variance(numerator: u64, denominator: u32) -> Variance {
        Variance::new(numerator, denominator).expect("in range")
    }

    #[test]
    fn costs_are_exact_and_round_up() {
        assert_eq!(Rho::of(1, variance(1, 2)), Some(Rho(ONE)), "1 / (2 / 2)");
        assert_eq!(Rho::of(9, variance(9, 1)), Some(Rho(ONE / 2)));
        assert_eq!(Rho::of(1, variance(3, 1)), Some(Rho(715_827_883)), "2^32 / 6 = ..882.7");
        assert_eq!(Rho::of(1, variance(1 << 44, 1)), Some(Rho(1)), "never nothing");
        assert_eq!(Rho::of(u64::MAX, variance(1, 1)), None);
    }

    /// Worked by hand: rho 1/2 at 10^-5 is 0.5 + 2 sqrt(0.5 * 11.512925465) = 5.298519...
    #[test]
    fn epsilon_is_that_of_the_formula_rounded_up() {
        let millionths = |epsilon: u128| (epsilon * 1_000_000).div_ceil(1 << 32);
        let table = [
            (ONE / 2, 5, 5_298_526_u128),
            (ONE, 5, 7_786_141),
            (ONE / 8, 5, 2_524_263),
            (ONE / 100, 6, 753_385),
        ];
        for (rho, digits, expected) in table {
            let epsilon = millionths(Rho(rho).epsilon(digits));
            assert!(epsilon.abs_diff(expected) <= 1, "{rho} {digits}: {epsilon}");
        }
        assert_eq!(Rho(0).epsilon(5), 0);
        assert!(Rho(u64::MAX).epsilon(255) > u128::from(u64::MAX), "does not overflow");
    }

    #[test]
    fn a_spent_budget_stays_spent() {
        let mut account = Account::new(Rho(10));
        let mut spent = Rho(0);
        let steps = [(4, true), (7, false), (6, true), (1, false), (0, true), (u64::MAX, false)];
        for (cost, fits) in steps {
            assert_eq!(account.spend(Rho(cost)).is_ok(), fits, "{cost}");
            assert!(account.spent() >= spent, "never less");
            spent = account.spent();
        }
        assert_eq!((account.spent(), account.refused()), (Rho(10), 3));
    }

    proptest! {
        #[test]
        fn the_budget_of_an_epsilon_is_the_largest_that_keeps_it(
            epsilon in 0..1_u64 << 40,
            digits in 1..30_u8,
        ) {
            let rho = Rho::for_epsilon(epsilon, digits);
            prop_assert!(rho.epsilon(digits) <= u128::from(epsilon));
            prop_assert!(Rho(rho.0 + 1).epsilon(digits) > u128::from(epsilon));
        }
    }
}
