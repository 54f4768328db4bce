//! What an attack may look at, and the vectors that it computes with. Read only: an attack changes
//! nothing but what its node sends.
//!
//! Vectors are Q16.16 in 64 bits, so that no sum or product on the way wraps; [`settle`] brings
//! them back to what a node may send.

use qres_core::aggregate::Recipe;
use qres_core::draw::{Purpose, draw};
use qres_core::id::NodeId;
use qres_core::neuron::{Exam, TAPS, WEIGHT_LIMIT};
use qres_core::q16::Q16;
use qres_core::trust::{Evidence, TrustConfig, judge};

/// Honest models that an attack looks at, at most: one bit each in a mask.
pub const SIGHT: usize = 64;

/// A model or a difference of models, Q16.16.
pub type Vector = [i64; TAPS];

/// What an honest node sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub node: NodeId,
    /// Its weights.
    pub at: Vector,
}

/// What receivers test offers by, as an adversary may know it: the rule is everybody's, and its
/// own recent samples stand in for theirs.
#[derive(Clone, Debug)]
pub struct Screen<'a> {
    /// The adversary's own recent samples.
    pub exam: Exam<'a>,
    /// Its own usual error, in deviations.
    pub usual: Q16,
    /// What the mesh judges by.
    pub trust: TrustConfig,
}

impl Screen<'_> {
    /// Whether a receiver with the model `own` would find that `lie` does harm.
    #[must_use]
    pub fn would_catch(&self, lie: &Vector, own: &Vector) -> bool {
        let error = |model: &Vector| self.exam.error(&settle(model));
        judge(&self.trust, error(lie), error(own), self.usual) == Evidence::Harmful
    }
}

/// What an attack may look at.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// What the node would send if it were honest.
    pub own: Vector,
    /// Weights in use.
    pub taps: usize,
    /// What honest nodes sent last, at most [`SIGHT`], sorted by node. While nobody has spoken,
    /// the own model stands in.
    pub rows: &'a [Row],
    /// Rows of nodes that hear this one, as bits; 0 counts as all.
    pub earshot: u64,
    /// For each row the rows that hear it, as bits; empty unless the attack asks for it.
    pub links: &'a [u64],
    /// Nodes that send the same to the same neighbours, this one included; at least 1.
    pub accomplices: usize,
    /// How honest nodes merge.
    pub recipe: Recipe,
    /// How they test what they are offered; `None` where nobody does, or the attack does not ask,
    /// or the adversary has too few samples yet.
    pub screen: Option<Screen<'a>>,
    /// The node's round, from 1.
    pub round: u32,
    /// Rounds since the attack began.
    pub rounds_on: u32,
    /// What the node sent when the attack began.
    pub kept: Option<Vector>,
    /// Of every draw.
    pub seed: u64,
    /// Who draws: the node, or all of a cartel as one.
    pub dice: u32,
}

impl View<'_> {
    /// 64 uniform bits, new in each round.
    #[must_use]
    pub fn bits(&self, n: u32) -> u64 {
        draw(self.seed, Purpose::Attack, self.dice, u64::from(self.round), n)
    }

    /// 64 uniform bits, the same in all rounds.
    #[must_use]
    pub fn fixed_bits(&self, n: u32) -> u64 {
        draw(self.seed, Purpose::Attack, self.dice, u64::MAX - 1, n)
    }

    /// The mean of the rows, rounded to nearest.
    #[must_use]
    pub fn mean(&self) -> Vector {
        let count = self.rows.len().max(1) as i64;
        let mut sums = [0; TAPS];
        for row in self.rows {
            sums.iter_mut().zip(&row.at).for_each(|(sum, x)| *sum += x);
        }
        sums.map(|sum| divide(sum, count))
    }

    /// The standard deviation of each coordinate over the rows, as of the whole population,
    /// truncated.
    #[must_use]
    pub fn deviation(&self) -> Vector {
        let mean = self.mean();
        let mut squares = [0_u128; TAPS];
        for row in self.rows {
            for ((square, x), mean) in squares.iter_mut().zip(&row.at).zip(&mean) {
                *square += u128::from(x.abs_diff(*mean)).pow(2);
            }
        }
        squares.map(|square| (square / self.rows.len().max(1) as u128).isqrt() as i64)
    }

    /// The place of the row whose node is this round's target: those in earshot, in turn.
    #[must_use]
    pub fn target(&self) -> usize {
        let all = u64::MAX >> (64 - self.rows.len().clamp(1, SIGHT));
        let near = match self.earshot & all {
            0 => all,
            near => near,
        };
        let skip = self.round % near.count_ones().max(1);
        (0..SIGHT).filter(|place| near >> place & 1 == 1).nth(skip as usize).unwrap_or(0)
    }

    /// The target's model; the own one while there are no rows.
    #[must_use]
    pub fn target_at(&self) -> Vector {
        self.rows.get(self.target()).map_or(self.own, |row| row.at)
    }

    /// Keeps the weights in use.
    #[must_use]
    pub fn trimmed(&self, mut vector: Vector) -> Vector {
        vector.iter_mut().skip(self.taps).for_each(|x| *x = 0);
        vector
    }
}

/// `sum / count` to nearest, halves upwards; the count is positive.
#[must_use]
pub const fn divide(sum: i64, count: i64) -> i64 {
    (2 * sum + count).div_euclid(2 * count)
}

/// `value * factor`, the factor in Q16.16, to nearest, halves upwards; saturating.
#[must_use]
pub fn times(value: i64, factor: i64) -> i64 {
    let product = (i128::from(value) * i128::from(factor) + (1 << 15)) >> 16;
    product.clamp(i128::from(i64::MIN >> 8), i128::from(i64::MAX >> 8)) as i64
}

/// A vector times a factor in Q16.16.
#[must_use]
pub fn stretched(vector: &Vector, factor: i64) -> Vector {
    vector.map(|x| times(x, factor))
}

/// The sum of two vectors.
#[must_use]
pub fn plus(mut a: Vector, b: &Vector) -> Vector {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = a.saturating_add(*b));
    a
}

/// The squared distance in 2^-32, exact for what [`times`] gives.
#[must_use]
pub fn squared(a: &Vector, b: &Vector) -> u128 {
    let square = |(a, b): (&i64, &i64)| u128::from(a.abs_diff(*b)).pow(2);
    a.iter().zip(b).map(square).fold(0, u128::saturating_add)
}

/// Weights as a vector.
#[must_use]
pub fn vector(weights: &[Q16; TAPS]) -> Vector {
    weights.map(|weight| i64::from(weight.to_bits()))
}

/// A vector as weights that a node may send: cut to the limit of weights.
#[must_use]
pub fn settle(vector: &Vector) -> [Q16; TAPS] {
    let limit = i64::from(WEIGHT_LIMIT);
    vector.map(|x| Q16::from_bits(x.clamp(-limit, limit) as i32))
}

#[cfg(test)]
pub(super) mod rig {
    //! Views for the tests of attacks: whole numbers in, whole numbers out.

    use super::*;

    /// One half.
    pub const HALF: i64 = 1 << 15;

    /// A vector of whole numbers in its first coordinates.
    pub fn of(values: &[i64]) -> Vector {
        let mut vector = [0; TAPS];
        vector.iter_mut().zip(values).for_each(|(slot, value)| *slot = value << 16);
        vector
    }

    /// Rows of whole numbers, of nodes 1, 2, ...
    pub fn rows(values: &[&[i64]]) -> Vec<Row> {
        let row =
            |(place, at): (usize, &&[i64])| Row { node: NodeId(place as u32 + 1), at: of(at) };
        values.iter().enumerate().map(row).collect()
    }

    /// A view of rows with two weights in use, in round 1.
    pub fn view<'a>(own: &[i64], rows: &'a [Row]) -> View<'a> {
        View {
            own: of(own),
            taps: 2,
            rows,
            earshot: 0,
            links: &[],
            accomplices: 1,
            recipe: Recipe::default(),
            screen: None,
            round: 1,
            rounds_on: 0,
            kept: None,
            seed: 7,
            dice: 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rig::{HALF, of, rows, view};
    use super::*;

    #[test]
    fn moments_are_those_by_hand() {
        let rows = rows(&[&[1, 0], &[3, 0], &[5, 3]]);
        let view = view(&[0, 0], &rows);
        assert_eq!(view.mean(), of(&[3, 1]));
        // Variances 8/3 and 2: roots 1.632993 and 1.414214.
        assert_eq!(view.deviation()[..3], [107_019, 92_681, 0]);
    }

    #[test]
    fn targets_are_those_in_earshot_in_turn() {
        let rows = rows(&[&[1], &[2], &[3], &[4]]);
        let mut view = view(&[0], &rows);
        let targets = |view: &mut View<'_>| {
            (0..4).map(|round| View { round, ..view.clone() }.target()).collect::<Vec<_>>()
        };
        assert_eq!(targets(&mut view), [0, 1, 2, 3]);
        view.earshot = 0b1010;
        assert_eq!(targets(&mut view), [1, 3, 1, 3]);
    }

    #[test]
    fn products_round_and_saturate() {
        assert_eq!(times(3, HALF), 2);
        assert_eq!(times(-3, HALF), -1);
        assert_eq!(times(i64::MAX, i64::MAX), i64::MAX >> 8);
        assert_eq!(settle(&of(&[9, -9, 1])).map(Q16::to_bits)[..3], [4 << 16, -4 << 16, 1 << 16]);
    }
}
