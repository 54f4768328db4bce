//! Audit prediction: a constant bias, but for the rounds in which the node expects to be audited.
//!
//! Against audits by a timetable: with `every_rounds` p, rounds whose number p divides are honest,
//! all others send x + b. Against audits that nobody can foresee it is caught like any liar.
//! Parameters: p and `bias` b, -8 to 8. It looks at nothing. Source: Avenhaus, von Stengel and
//! Zamir, "Inspection games", 2002.

use super::bias;
use super::view::{Vector, View};

/// The own model moved by `bias`, Q16.16; `None` for honesty.
#[must_use]
pub fn forge(view: &View<'_>, every: u32, bias: i64) -> Option<Vector> {
    (!view.round.is_multiple_of(every.max(1))).then(|| bias::forge(view, bias))
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::view::rig::{of, view};

    #[test]
    fn it_is_honest_when_it_expects_an_audit() {
        let base = view(&[1, 2], &[]);
        let forged = |round| super::forge(&View { round, ..base.clone() }, 5, 1 << 16);
        assert_eq!(forged(10), None);
        assert_eq!(forged(11), Some(of(&[2, 3])));
    }
}
