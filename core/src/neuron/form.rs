//! What a model is, apart from its weights: kind, lags and hyper-parameters. A gene carries it.

use crate::draw::below;
use crate::neuron::{LAG_MAX, LAG_MIN, TAPS};

/// How a model computes and learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A linear filter trained by normalised least mean squares.
    #[default]
    Linear = 0,
    /// A linear filter followed by sign-sign least mean squares: see [`crate::neuron::cascade`].
    Cascade = 1,
    /// A population of leaky integrate-and-fire units: see [`crate::neuron::spiking`].
    Spiking = 2,
}
crate::canonical!(
    enum Kind {
        Linear = 0,
        Cascade = 1,
        Spiking = 2,
    }
);

impl Kind {
    /// All kinds, by number.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Cascade, Self::Spiking];

    /// The kind with a number, or `None`.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Linear),
            1 => Some(Self::Cascade),
            2 => Some(Self::Spiking),
            _ => None,
        }
    }

    /// In a word, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Cascade => "cascade",
            Self::Spiking => "spiking",
        }
    }
}

/// Inputs are kept within 2^this deviations, at least and at most.
pub const LIMIT_LOG2: core::ops::RangeInclusive<u8> = 2..=6;
/// The error that a model learns from is cut at this many halves of the usual |residual|, at most.
pub const CLIP_HALVES_MAX: u8 = 64;

/// The structure of a model: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// How it computes and learns.
    pub kind: Kind,
    /// Taps in use, 1 to [`TAPS`].
    pub taps: u8,
    /// Inputs are kept within 2^this deviations, in [`LIMIT_LOG2`], so that one spike cannot ruin
    /// many forecasts.
    pub limit_log2: u8,
    /// The error that is learned from is cut at this many halves of the usual |residual|, 0
    /// (never) to [`CLIP_HALVES_MAX`], which moves least squares towards least absolute error on
    /// heavy-tailed sensors.
    pub clip_halves: u8,
    /// Hyper-parameters of the kind, see there; zero for a linear model.
    pub hyper: [u8; 4],
    /// How many samples back each tap looks, [`LAG_MIN`] to [`LAG_MAX`]; 0 beyond `taps`.
    pub lags: [u8; TAPS],
}
crate::canonical!(struct Form { kind, taps, limit_log2, clip_halves, hyper, lags });

impl Default for Form {
    fn default() -> Self {
        Self {
            kind: Kind::Linear,
            taps: 4,
            limit_log2: 3,
            clip_halves: 4,
            hyper: [0; 4],
            lags: [2, 3, 4, 8, 0, 0, 0, 0],
        }
    }
}

impl Form {
    /// The lags in use.
    #[must_use]
    pub fn active(&self) -> &[u8] {
        self.lags.get(..usize::from(self.taps)).unwrap_or(&self.lags)
    }

    /// Whether every field is in its range and nothing is set beyond the taps.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let taps = usize::from(self.taps);
        let is_lag = |(place, lag): (usize, &u8)| {
            if place < taps { (LAG_MIN..=LAG_MAX).contains(lag) } else { *lag == 0 }
        };
        (1..=TAPS).contains(&taps)
            && LIMIT_LOG2.contains(&self.limit_log2)
            && self.clip_halves <= CLIP_HALVES_MAX
            && self.lags.iter().enumerate().all(is_lag)
            && super::kernel::in_range(self.kind, &self.hyper)
    }

    /// 16 bits that tell structures apart: only models of one structure can be averaged.
    #[must_use]
    pub fn tag(&self) -> u16 {
        let mut hasher = blake3::Hasher::new();
        crate::canonical::Canonical::encode(self, &mut hasher);
        let [low, high, ..] = *hasher.finalize().as_bytes();
        u16::from_le_bytes([low, high])
    }

    /// A form that differs in one respect, by what `bits` (64 uniform ones) say; the second value
    /// tells which weight has lost its meaning, or that all have.
    #[must_use]
    pub fn mutate(&self, bits: u64) -> (Self, Stale) {
        let mut form = *self;
        let pick = |shift: u32, bound: u64| below(bits.rotate_left(shift), bound);
        let tap = pick(7, u64::from(self.taps.max(1))) as usize;
        let span = u64::from(LAG_MAX - LAG_MIN) + 1;
        let lag = LAG_MIN + pick(19, span) as u8;
        match pick(0, 16) {
            0..8 => {
                if let Some(slot) = form.lags.get_mut(tap) {
                    *slot = lag;
                }
                (form, Stale::One(tap))
            }
            8..11 if usize::from(form.taps) < TAPS => {
                let tap = usize::from(form.taps);
                if let Some(slot) = form.lags.get_mut(tap) {
                    *slot = lag;
                }
                form.taps += 1;
                (form, Stale::One(tap))
            }
            11 if form.taps > 1 => {
                form.taps -= 1;
                if let Some(slot) = form.lags.get_mut(usize::from(form.taps)) {
                    *slot = 0;
                }
                (form, Stale::One(usize::from(form.taps)))
            }
            12 => {
                let up = pick(31, 2) == 1;
                let next = if up { form.limit_log2 + 1 } else { form.limit_log2.wrapping_sub(1) };
                form.limit_log2 = next.clamp(*LIMIT_LOG2.start(), *LIMIT_LOG2.end());
                (form, Stale::None)
            }
            13 => {
                let halves = [0, 2, 4, 8, 16, 32, 64];
                let place = pick(37, halves.len() as u64) as usize;
                form.clip_halves = halves.get(place).copied().unwrap_or(0);
                (form, Stale::None)
            }
            14 => {
                form.hyper = super::kernel::mutate(form.kind, &form.hyper, bits.rotate_left(43));
                (form, Stale::None)
            }
            _ => {
                let others = Kind::ALL.len() as u8 - 1;
                let step = 1 + pick(53, u64::from(others)) as u8;
                let number = (form.kind as u8 + step) % (others + 1);
                form.kind = Kind::from_number(number).unwrap_or_default();
                form.hyper = super::kernel::default_hyper(form.kind);
                (form, Stale::All)
            }
        }
    }
}

/// Which weights a change of form has made meaningless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// None: the weights mean what they meant.
    None,
    /// The weight of one tap.
    One(usize),
    /// All of them.
    All,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Purpose, draw};

    #[test]
    fn mutants_are_valid_and_reach_every_lag_and_kind() {
        let mut form = Form::default();
        let mut lags = [false; LAG_MAX as usize + 1];
        let mut kinds = [false; 3];
        let mut taps = [false; TAPS + 1];
        for n in 0..6_000 {
            let (next, stale) = form.mutate(draw(1, Purpose::Mutation, 0, n, 0));
            assert!(next.is_valid(), "{form:?} became {next:?}");
            if let Stale::One(tap) = stale {
                assert!(tap < TAPS);
            }
            form = next;
            form.active().iter().for_each(|lag| lags[usize::from(*lag)] = true);
            kinds[form.kind as usize] = true;
            taps[usize::from(form.taps)] = true;
        }
        assert!(lags[2..].iter().all(|seen| *seen), "{lags:?}");
        assert!(kinds.iter().all(|seen| *seen));
        assert!(taps[1..].iter().all(|seen| *seen), "{taps:?}");
    }

    #[test]
    fn what_is_out_of_range_is_not_a_form() {
        let good = Form::default();
        assert!(good.is_valid());
        let bad = [
            Form { taps: 0, ..good },
            Form { taps: 9, ..good },
            Form { limit_log2: 1, ..good },
            Form { limit_log2: 7, ..good },
            Form { clip_halves: 65, ..good },
            Form { hyper: [1, 0, 0, 0], ..good },
            Form { lags: [1, 3, 4, 8, 0, 0, 0, 0], ..good },
            Form { lags: [2, 3, 4, 26, 0, 0, 0, 0], ..good },
            Form { lags: [2, 3, 4, 8, 9, 0, 0, 0], ..good },
        ];
        for form in bad {
            assert!(!form.is_valid(), "{form:?}");
        }
    }

    #[test]
    fn tags_tell_forms_apart() {
        let form = Form::default();
        let other = Form { lags: [2, 3, 4, 9, 0, 0, 0, 0], ..form };
        assert_ne!(form.tag(), other.tag());
        assert_ne!(form.tag(), Form { kind: Kind::Spiking, ..form }.tag());
    }
}
