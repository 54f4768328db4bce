//! The lattice on which samples lie: sensors that report in steps of 5 or of 10, at times or
//! always. Finds the step from the samples alone, and numbers the values on and off it.

/// Samples between two looks at the common divisor.
const WINDOW: u8 = 16;
/// Changes of value that a window needs to say anything.
const CHANGES_MIN: u8 = 8;
/// A probability of 2^-16 units moves by this power of two at each flag.
const FLAG_RATE: u32 = 4;
/// A flag is never surer than this.
const FLAG_MARGIN: u16 = 32;

/// What is known of the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lattice {
    /// The step in force; 1 for none.
    step: u32,
    /// Common divisor of the window before.
    last: u32,
    /// Common divisor of this window so far.
    divisor: u32,
    samples: u8,
    changes: u8,
    /// The last two samples: bit 0 set if the newest lay on the lattice.
    context: u8,
    /// Probability of lying on it, in each context.
    flags: [u16; 4],
}

/// A numbering of the values that a sample can still have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// All integers.
    All,
    /// Multiples of the step.
    On(i64),
    /// Integers that are not multiples of the step.
    Off(i64),
}

impl Lattice {
    pub(super) const fn new() -> Self {
        Self {
            step: 1,
            last: 0,
            divisor: 0,
            samples: 0,
            changes: 0,
            context: 3,
            flags: [1 << 15; 4],
        }
    }

    /// The chance that the next sample lies on the lattice, in units of 2^-16, or `None` while
    /// there is no lattice.
    pub(super) fn chance(&self) -> Option<u16> {
        (self.step > 1).then(|| self.flags.get(usize::from(self.context)).copied().unwrap_or(1))
    }

    /// Whether `value` lies on the lattice.
    pub(super) fn holds(&self, value: i32) -> bool {
        value.unsigned_abs().is_multiple_of(self.step)
    }

    /// The numbering of values given the flag.
    pub(super) fn numbering(&self, on: bool) -> Numbering {
        match (self.step, on) {
            (0 | 1, _) => Numbering::All,
            (step, true) => Numbering::On(i64::from(step)),
            (step, false) => Numbering::Off(i64::from(step)),
        }
    }

    /// Learns a sample and the one before it.
    pub(super) fn learn(&mut self, value: i32, before: i32) {
        if self.step > 1 {
            let on = self.holds(value);
            if let Some(flag) = self.flags.get_mut(usize::from(self.context)) {
                if on {
                    *flag += (u16::MAX - FLAG_MARGIN - *flag) >> FLAG_RATE;
                } else {
                    *flag -= (*flag - FLAG_MARGIN) >> FLAG_RATE;
                }
            }
            self.context = (self.context << 1 | u8::from(on)) & 3;
        }
        self.divisor = common_divisor(self.divisor, value.unsigned_abs());
        self.changes += u8::from(value != before);
        self.samples += 1;
        if self.samples < WINDOW {
            return;
        }
        let divisor = self.divisor;
        if self.changes >= CHANGES_MIN {
            // A finer step is believed at once, a coarser one at its second window.
            let finer = self.step == 1 || self.step.is_multiple_of(divisor.max(1));
            if divisor > 1 && (finer || self.last == divisor) {
                self.step = divisor;
            }
            self.last = divisor;
        }
        (self.samples, self.changes, self.divisor) = (0, 0, 0);
    }
}

impl Numbering {
    /// The number of a value that the numbering holds; for others, that of a neighbour.
    pub(super) const fn number(self, value: i64) -> i64 {
        match self {
            Self::All => value,
            Self::On(step) => value.div_euclid(step),
            Self::Off(step) => {
                let place = value.rem_euclid(step);
                let place = if place > 0 { place - 1 } else { 0 };
                value.div_euclid(step) * (step - 1) + place
            }
        }
    }

    /// The value with this number.
    pub(super) const fn value(self, number: i64) -> i64 {
        match self {
            Self::All => number,
            Self::On(step) => number.saturating_mul(step),
            Self::Off(step) => number.div_euclid(step - 1) * step + number.rem_euclid(step - 1) + 1,
        }
    }

    /// The border below the value with this number, in units of 2^-8.
    pub(super) const fn border(self, number: i64) -> i64 {
        let half = if let Self::On(step) = self { step << 7 } else { 1 << 7 };
        (self.value(number) << 8).saturating_sub(half)
    }

    /// Distance of neighbouring values.
    pub(super) const fn unit(self) -> i64 {
        if let Self::On(step) = self { step } else { 1 }
    }
}

const fn common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
