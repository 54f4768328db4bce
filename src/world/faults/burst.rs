//! Bursts of loss: the two-state chain of E. N. Gilbert, "Capacity of a Burst-Noise Channel"
//! (1960), with losses in both states after E. O. Elliott, "Estimates of Error Rates for Codes on
//! Burst-Noise Channels" (1963). One step a tick, one chain for each direction of a link.
//!
//! The chain keeps no state between ticks. With enter rate p, leave rate r and p + r <= 1, a draw
//! below p makes either state bad, one at or above 1 - r makes either state good, and any other
//! leaves it: so the newest draw that decides is the state. Looking back for it takes 1 / (p + r)
//! draws in the mean. (J. Propp and D. Wilson, "Exact Sampling with Coupled Markov Chains", 1996.)

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::Tick;

use super::{Link, happens};
use crate::scenario::FaultKind;

/// Draws of the chain are told from those of the frame by this place.
const CHAIN: u32 = 1 << 23;

/// Whether the frame is lost on a link whose chain began, good, before tick `from`.
pub(super) fn loses(kind: &FaultKind, from: u64, seed: u64, link: &Link) -> bool {
    let FaultKind::Bursts { enter_per_mille, leave_per_mille, good_percent, bad_percent } = *kind
    else {
        return false;
    };
    let bits = link.lot(seed, Purpose::FaultBurst, 0);
    let rates = [enter_per_mille, leave_per_mille];
    // Nothing is drawn for the state where it does not matter.
    let percent = if good_percent == bad_percent || !is_bad(rates, from, seed, link) {
        good_percent
    } else {
        bad_percent
    };
    happens(percent, bits)
}

fn is_bad([enter, leave]: [u16; 2], from: u64, seed: u64, link: &Link) -> bool {
    let step = |tick: u64| {
        let bits = draw(link.seed(seed), Purpose::FaultBurst, link.receiver.0, tick, CHAIN);
        match below(bits, 1000) {
            low if low < u64::from(enter) => Some(true),
            high if high >= 1000_u64.saturating_sub(u64::from(leave)) => Some(false),
            _ => None,
        }
    };
    let Tick(now) = link.now;
    (from..=now).rev().find_map(step).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::id::NodeId;

    fn link(now: u64) -> Link {
        let (sender, receiver) = (NodeId(3), NodeId(4));
        Link { sender, receiver, now: Tick(now), sequence: 0, service: false }
    }

    #[test]
    fn looking_back_is_the_chain_run_forward() {
        let rates = [30, 120];
        let mut state = false;
        let mut times_bad = 0;
        let mut turns = 0;
        for now in 5..20_005 {
            let bits = draw(link(now).seed(9), Purpose::FaultBurst, 4, now, CHAIN);
            let lot = below(bits, 1000);
            let next = if state { lot < 880 } else { lot < 30 };
            turns += u32::from(next && !state);
            state = next;
            times_bad += u32::from(state);
            assert_eq!(is_bad(rates, 5, 9, &link(now)), state, "{now}");
        }
        // Bad for p / (p + r) = a fifth of the time, in bursts of 1 / r = 8.3 ticks.
        assert!((3_400..4_600).contains(&times_bad), "{times_bad}");
        assert!((72..96).contains(&(times_bad * 10 / turns)), "{times_bad} {turns}");
    }

    #[test]
    fn losses_follow_the_state() {
        let kind = FaultKind::Bursts {
            enter_per_mille: 100,
            leave_per_mille: 100,
            good_percent: 0,
            bad_percent: 100,
        };
        for now in 0..500 {
            let bad = is_bad([100, 100], 0, 2, &link(now));
            assert_eq!(loses(&kind, 0, 2, &link(now)), bad);
        }
    }
}
