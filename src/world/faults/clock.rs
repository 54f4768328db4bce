//! Clock skew: a node's clock runs fast or slow by a rate of its own, so that its rounds creep
//! against everybody else's. Moves the wake schedule; samples and ticks stay where they are.

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};

/// How far the clock of `node` falls behind in tick `now`, in microseconds: its rate is uniform
/// over -ppm to ppm, and what it has fallen behind after t ticks is
/// `floor(rate * t * tick_us / 1,000,000)`, so that nothing is lost to rounding.
pub(super) fn slip_us(ppm: u32, seed: u64, node: NodeId, now: Tick, tick_us: u64) -> i64 {
    let reach = i128::from(ppm);
    let bits = draw(seed, Purpose::FaultClock, node.0, 0, 0);
    let rate = i128::from(below(bits, 2 * u64::from(ppm) + 1)) - reach;
    let behind = |tick: u64| (rate * i128::from(tick) * i128::from(tick_us)).div_euclid(1_000_000);
    (behind(now.0.saturating_add(1)) - behind(now.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_add_up_to_the_rate() {
        let total = |node, ticks| -> i64 {
            (0..ticks).map(|t| slip_us(150, 4, NodeId(node), Tick(t), 333_333)).sum()
        };
        let mut least = 0;
        let mut most = 0;
        for node in 0..200 {
            // A million times a third of a second, a third of a million ppm-microseconds.
            let third = slip_us(150, 4, NodeId(node), Tick(0), 1_000_000_000_000) / 1_000_000;
            assert_eq!(total(node, 3_000), (third * 999_999).div_euclid(1_000));
            (least, most) = (third.min(least), third.max(most));
        }
        assert!((-150..-135).contains(&least) && (136..=150).contains(&most), "{least} {most}");
    }
}
