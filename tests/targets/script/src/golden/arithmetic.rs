//! The kernels of Q16.16 and the draws themselves, corners included.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::draw::{Purpose, below, draw as draw_bits};
use qres_core::q16::{
    HALF, Q16, dot, exp2_neg, isqrt, log2, magnitude, percent, round_q32, shrink, sqrt,
};

use super::draws::Draws;

pub fn q16(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(1);
    HALF.encode(out);
    for _ in 0..ticks {
        let (a, b) = (draws.any(), draws.any());
        let wide = (draws.next() as i64) >> draws.below(64);
        let left: [Q16; 8] = core::array::from_fn(|_| draws.any());
        let right: [Q16; 8] = core::array::from_fn(|_| draws.any());
        let count = draws.next() as u32 >> draws.below(32);
        a.saturating_add(b).encode(out);
        a.saturating_sub(b).encode(out);
        a.saturating_mul(b).encode(out);
        a.checked_div(b).encode(out);
        round_q32(wide).encode(out);
        dot(&left, &right).encode(out);
        shrink(wide >> 1, count, 9).encode(out);
        magnitude(a).encode(out);
        isqrt(wide as u64).encode(out);
        sqrt(a).encode(out);
        log2(wide as u64).encode(out);
        exp2_neg(a).encode(out);
        exp2_neg(Q16::from_bits(a.to_bits() >> 10)).encode(out);
        percent(b.to_bits() >> 12).encode(out);
    }
}

pub fn draw(ticks: u64, out: &mut Hasher) {
    let purposes = [
        Purpose::Jitter,
        Purpose::Backoff,
        Purpose::Loss,
        Purpose::Noise,
        Purpose::Wander,
        Purpose::Storm,
        Purpose::Phase,
        Purpose::Start,
        Purpose::ServiceLoss,
    ];
    for tick in 0..ticks {
        for (node, purpose) in (0..).zip(purposes) {
            let bits = draw_bits(tick ^ 0xABCD, purpose, node, tick, tick as u32 % 5);
            below(bits, tick * tick + 1).encode(out);
        }
    }
}
