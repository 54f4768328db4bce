//! What a field of a file is and accepts, in words that messages and tables share. Checks nothing.

use std::fmt;

/// What a field accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accepts {
    /// A whole number, both ends included.
    Whole {
        /// Least.
        low: i64,
        /// Greatest.
        high: i64,
        /// Unit; may be empty.
        unit: &'static str,
    },
    /// A finite number, both ends included.
    Real {
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
        /// Unit; may be empty.
        unit: &'static str,
    },
    /// A text of so many characters.
    Text {
        /// Fewest characters.
        low: usize,
        /// Most characters.
        high: usize,
    },
    /// A list of so many elements.
    List {
        /// Fewest elements.
        low: usize,
        /// Most elements.
        high: usize,
    },
    /// Whatever these words say.
    Said(&'static str),
}

/// A field of a scenario file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its path; `[]` stands for any element of a list.
    pub path: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// What it is when left out, or `required`.
    pub default: &'static str,
    /// What it means.
    pub means: &'static str,
}

impl fmt::Display for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spaced = |unit: &'static str| {
            if unit.is_empty() { ("", "") } else { (" ", unit) }
        };
        match *self {
            Self::Whole { low, high, unit } => {
                let (space, unit) = spaced(unit);
                write!(f, "a whole number from {low} to {high}{space}{unit}")
            }
            Self::Real { low, high, unit } => {
                let (space, unit) = spaced(unit);
                write!(f, "a number from {low} to {high}{space}{unit}")
            }
            Self::Text { low: 0, high } => write!(f, "a text of at most {high} characters"),
            Self::Text { low, high } => write!(f, "a text of {low} to {high} characters"),
            Self::List { low: 0, high } => write!(f, "a list of at most {high}"),
            Self::List { low, high } => write!(f, "a list of {low} to {high}"),
            Self::Said(words) => f.write_str(words),
        }
    }
}
