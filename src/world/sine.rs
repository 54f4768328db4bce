//! The sine of a turn in Q16.16: a table from `libm`, which gives the same bits everywhere, and
//! straight lines between its entries. No platform float function may be used here.

use std::sync::LazyLock;

const STEPS: usize = 1024;

static TABLE: LazyLock<[i32; STEPS + 1]> = LazyLock::new(|| {
    core::array::from_fn(|i| {
        let angle = i as f64 / STEPS as f64 * core::f64::consts::TAU;
        libm::rint(libm::sin(angle) * 65_536.0) as i32
    })
});

/// Sine of `phase` (a whole turn is 2^32) in Q16.16; within 2 steps of 2^-16 of the true value.
#[must_use]
pub fn sine(phase: u32) -> i32 {
    let index = (phase >> 22) as usize;
    let rest = i64::from(phase & 0x003F_FFFF);
    let low = i64::from(TABLE.get(index).copied().unwrap_or(0));
    let high = i64::from(TABLE.get(index + 1).copied().unwrap_or(0));
    (low + (((high - low) * rest) >> 22)) as i32
}

#[cfg(test)]
mod tests {
    use super::sine;

    #[test]
    fn quarters_are_exact_and_the_rest_is_close() {
        assert_eq!([0_u32, 1 << 30, 1 << 31, 3 << 30].map(sine), [0, 65_536, 0, -65_536]);
        for n in 0..10_000_u32 {
            let phase = n.wrapping_mul(429_497);
            let angle = f64::from(phase) / 4_294_967_296.0 * core::f64::consts::TAU;
            let exact = libm::sin(angle) * 65_536.0;
            assert!((f64::from(sine(phase)) - exact).abs() < 2.0, "{phase}");
        }
    }
}
