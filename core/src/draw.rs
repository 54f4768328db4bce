//! Random numbers by counter: a draw is a function of what it is for, never of what was drawn
//! before, so that one more node or one more draw shifts nobody else's numbers.

/// What a draw is for. Each purpose has its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Length of a sleep interval.
    Jitter = 1,
    /// Moment of a transmission inside its window.
    Backoff = 2,
    /// Whether a frame survives the air.
    Loss = 3,
    /// Sensor noise.
    Noise = 4,
    /// Slow wander of a signal.
    Wander = 5,
    /// Disturbance by a storm.
    Storm = 6,
    /// Phase of a synthetic signal.
    Phase = 7,
    /// First wake-up after the start.
    Start = 8,
    /// Whether a sentinel's answer survives the air.
    ServiceLoss = 9,
    /// How a model changes.
    Mutation = 10,
    /// Who is an adversary, and what it sends.
    Attack = 11,
    /// Which models are grouped before they are merged.
    Bucket = 32,
    /// Whether a region is cloudy in an hour.
    Cloud = 40,
    /// Whom a fault strikes.
    FaultMember = 64,
    /// Whether a fault takes a frame.
    FaultLoss = 65,
    /// Whether a link's burst of losses begins or ends.
    FaultBurst = 66,
    /// Whether a frame comes twice.
    FaultRepeat = 67,
    /// How late a frame comes.
    FaultDelay = 68,
    /// Which bits of a frame flip.
    FaultFlip = 69,
    /// How fast a clock runs.
    FaultClock = 70,
    /// When a node's power goes.
    FaultPower = 71,
    /// When a node leaves, and for how long.
    FaultChurn = 72,
    /// When a jammer is on.
    FaultJam = 73,
    /// Where invented identities stand.
    FaultSybil = 74,
}

/// 64 uniform bits for the `n`-th draw of `node` at `tick` for `purpose` under `seed`.
///
/// Two rounds of the SplitMix64 finaliser (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014) over the mixed counter words.
#[must_use]
pub const fn draw(seed: u64, purpose: Purpose, node: u32, tick: u64, n: u32) -> u64 {
    let lane = ((node as u64) << 32) | ((purpose as u64) << 24) | (n as u64 & 0x00FF_FFFF);
    let mixed = finalise(seed ^ finalise(lane.wrapping_add(0x9E37_79B9_7F4A_7C15)));
    finalise(mixed ^ tick.wrapping_mul(0xD1B5_4A32_D192_ED03))
}

/// A uniform number in `0..bound` from 64 uniform bits (multiply-shift; bias below `bound`/2^64).
#[must_use]
pub const fn below(bits: u64, bound: u64) -> u64 {
    ((bits as u128 * bound as u128) >> 64) as u64
}

const fn finalise(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_argument_matters() {
        let base = draw(1, Purpose::Noise, 2, 3, 4);
        let others = [
            draw(2, Purpose::Noise, 2, 3, 4),
            draw(1, Purpose::Loss, 2, 3, 4),
            draw(1, Purpose::Noise, 3, 3, 4),
            draw(1, Purpose::Noise, 2, 4, 4),
            draw(1, Purpose::Noise, 2, 3, 5),
        ];
        assert!(others.iter().all(|other| *other != base));
        assert_eq!(base, draw(1, Purpose::Noise, 2, 3, 4));
    }

    #[test]
    fn bits_are_balanced_over_ticks_and_nodes() {
        for bit in 0..64 {
            let ones = |word: u64| word >> bit & 1;
            let by_tick: u64 = (0..4096).map(|t| ones(draw(9, Purpose::Loss, 5, t, 0))).sum();
            let by_node: u64 = (0..4096).map(|n| ones(draw(9, Purpose::Loss, n, 7, 0))).sum();
            // 4096 fair coins: 2048 +- 32 is one standard deviation; six of them here.
            assert!((1856..2240).contains(&by_tick), "bit {bit}: {by_tick}");
            assert!((1856..2240).contains(&by_node), "bit {bit}: {by_node}");
        }
    }

    #[test]
    fn below_stays_below() {
        assert_eq!(below(0, 10), 0);
        assert_eq!(below(u64::MAX, 10), 9);
        assert_eq!(below(u64::MAX, 0), 0);
    }
}
