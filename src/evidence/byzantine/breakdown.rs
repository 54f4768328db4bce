//! The breakdown fraction: the largest share of attackers at which a defence holds, by bisection.
//! Takes for granted that what fails at one share fails at all larger ones.

use super::arms::Arm;
use super::run::{Controls, run};

/// Percent from one share to the next.
pub(super) const STEP_PERCENT: u8 = 2;
/// The largest share that is looked at, in steps: half of all nodes.
const MOST_STEPS: u8 = 25;

/// The largest share, in percent, at which drift stays within the gate under one seed: 0 where it
/// does at none.
pub(super) fn breakdown(arm: &Arm, seed: u64, controls: &Controls) -> Result<u8, String> {
    let holds = |steps: u8| {
        let arm = Arm { share_percent: steps * STEP_PERCENT, ..arm.clone() };
        Ok(run(&arm, seed, controls)?.holds())
    };
    Ok(largest(MOST_STEPS, holds)? * STEP_PERCENT)
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
}
