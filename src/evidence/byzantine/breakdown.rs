//! The breakdown fraction: the largest share of attackers at which a defence holds, by bisection,
//! and what ended it. Takes for granted that what fails at one share fails at all larger ones.

use std::collections::BTreeMap;

use super::arms::Arm;
use super::run::{Controls, Outcome, run};

/// Percent from one share to the next.
pub(super) const STEP_PERCENT: u8 = 2;
/// The largest share that is looked at, in steps: half of all nodes.
const MOST_STEPS: u8 = 25;

/// What a bisection under one seed found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    /// The largest share, in percent, at which drift stays within the gate: 0 where it does at
    /// none.
    pub percent: u8,
    /// Honest nodes that count at that share; `None` at 0.
    pub counted: Option<f64>,
    /// Why it is no larger.
    pub end: End,
}

/// Why a share is the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the next one drift is beyond the gate.
    Gate,
    /// At the next one too few honest nodes count for a run to hold.
    Few,
    /// It is the largest that is looked at.
    Search,
}

/// The breakdown of an arm under one seed.
pub(super) fn breakdown(arm: &Arm, seed: u64, controls: &Controls) -> Result<Limit, String> {
    let mut outcomes = BTreeMap::new();
    let steps = largest(MOST_STEPS, |steps| {
        let arm = Arm { share_percent: steps * STEP_PERCENT, ..arm.clone() };
        let outcome = run(&arm, seed, controls)?;
        outcomes.insert(steps, outcome);
        Ok(outcome.holds())
    })?;
    Ok(limit(steps, &outcomes))
}

/// What the outcomes of a bisection that ended at `steps` say.
fn limit(steps: u8, outcomes: &BTreeMap<u8, Outcome>) -> Limit {
    let end = match outcomes.get(&(steps + 1)) {
        None => End::Search,
        Some(next) if next.is_sparse() => End::Few,
        Some(_) => End::Gate,
    };
    let counted = outcomes.get(&steps).map(|outcome| outcome.counted);
    Limit { percent: steps * STEP_PERCENT, counted, end }
}

/// The largest of 1 to `most` for which `holds`, which is asked as often as `most + 1` can be
/// halved; 0 where none does.
fn largest(most: u8, mut holds: impl FnMut(u8) -> Result<bool, String>) -> Result<u8, String> {
    let (mut good, mut bad) = (0, most + 1);
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        if holds(middle)? {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bisection_finds_every_edge_in_five_looks() {
        for edge in 0..=MOST_STEPS {
            let mut looks = 0;
            let found = largest(MOST_STEPS, |steps| {
                looks += 1;
                assert!((1..=MOST_STEPS).contains(&steps), "{steps}");
                Ok(steps <= edge)
            });
            assert_eq!(found, Ok(edge));
            assert!(looks <= 5, "{looks} looks for {edge}");
        }
        assert_eq!(largest(9, |_| Err("no mesh".to_owned())), Err("no mesh".to_owned()));
    }

    #[test]
    fn a_limit_says_what_ended_it() {
        let seen = |outcomes: &[(u8, f64, f64)]| {
            let outcome = |(steps, counted, drift): &(u8, f64, f64)| {
                let outcome = Outcome { counted: *counted, drift: Some(*drift), ..Outcome::BLANK };
                (*steps, Outcome { floor: Some(0.0), ..outcome })
            };
            outcomes.iter().map(outcome).collect()
        };
        let cases = [
            (seen(&[(3, 9.0, 0.01), (4, 8.0, 0.09)]), 3, Some(9.0), End::Gate),
            (seen(&[(3, 9.0, 0.01), (4, 4.0, 0.01)]), 3, Some(9.0), End::Few),
            (seen(&[(1, 9.0, 0.09)]), 0, None, End::Gate),
            (seen(&[(MOST_STEPS, 5.0, 0.01)]), MOST_STEPS, Some(5.0), End::Search),
        ];
        for (seen, steps, counted, end) in cases {
            let percent = steps * STEP_PERCENT;
            assert_eq!(limit(steps, &seen), Limit { percent, counted, end });
        }
    }
}
