//! The logistic distribution and the binary logarithm as tables, made in integers when the crate
//! is compiled. No floating point, so every target has the same bits.

use super::range::{TOTAL, TOTAL_BITS};

/// Table steps for each unit of the logistic argument, as a power of two.
const STEP_BITS: u32 = 4;
/// Largest argument; beyond it the distribution is taken as 0 or 1.
pub(super) const REACH: i64 = 16;
/// Fractional bits of the logistic argument.
pub(super) const ARGUMENT_BITS: u32 = 20;
/// Fractional bits of logarithms.
pub(super) const LOG_BITS: u32 = 20;
const LOG_STEPS: usize = 64;
const LOGISTIC_STEPS: usize = (REACH as usize) << STEP_BITS;

static LOGISTIC: [u32; LOGISTIC_STEPS + 1] = logistic_table();
static LOG: [u32; LOG_STEPS + 1] = log_table();

/// `1 / (1 + e^-z)` for `z` = 0, 1/16, .., 16 in units of 1/[`TOTAL`].
const fn logistic_table() -> [u32; LOGISTIC_STEPS + 1] {
    // e^(-1/16) in units of 2^-63.
    const DECAY: u128 = 8_664_556_174_609_911_609;
    let mut table = [0; LOGISTIC_STEPS + 1];
    let mut power: u128 = 1 << 63;
    let mut step = 0;
    while step <= LOGISTIC_STEPS {
        table[step] = (((TOTAL as u128) << 63) / ((1 << 63) + power)) as u32;
        power = (power * DECAY) >> 63;
        step += 1;
    }
    table
}

/// `log2(1 + n/64)` in units of 2^-20, by repeated squaring.
const fn log_table() -> [u32; LOG_STEPS + 1] {
    let mut table = [0; LOG_STEPS + 1];
    let mut step = 0;
    while step < LOG_STEPS {
        let mut mantissa = ((LOG_STEPS + step) as u128) << 56;
        let mut bit = 0;
        while bit < LOG_BITS {
            mantissa = (mantissa * mantissa) >> 62;
            table[step] <<= 1;
            if mantissa >= 1 << 63 {
                mantissa >>= 1;
                table[step] |= 1;
            }
            bit += 1;
        }
        step += 1;
    }
    table[LOG_STEPS] = 1 << LOG_BITS;
    table
}

/// The logistic distribution function at `argument` (units of 2^-20) times [`TOTAL`].
/// It never falls as the argument grows.
pub(super) fn logistic(argument: i64) -> u32 {
    let size = argument.unsigned_abs();
    let index = (size >> (ARGUMENT_BITS - STEP_BITS)) as usize;
    let above = match (LOGISTIC.get(index), LOGISTIC.get(index + 1)) {
        (Some(from), Some(to)) => {
            let part = size & ((1 << (ARGUMENT_BITS - STEP_BITS)) - 1);
            from + ((u64::from(to - from) * part) >> (ARGUMENT_BITS - STEP_BITS)) as u32
        }
        _ => TOTAL,
    };
    if argument < 0 { TOTAL - above } else { above }
}

/// `log2(value)` in units of 2^-20; 0 for a value of 0. Linear between 64 steps an octave.
pub(super) const fn log2(value: u64) -> i64 {
    let Some(octave) = value.checked_ilog2() else { return 0 };
    let mantissa = (value << (63 - octave)) << 1;
    let index = (mantissa >> 58) as usize;
    let part = (mantissa << 6) >> 32;
    // Six bits: always one of 64 steps.
    let (from, to) = (LOG[index], LOG[index + 1]);
    let inside = from as u64 + (((to - from) as u64 * part) >> 32);
    ((octave as i64) << LOG_BITS) + inside as i64
}

const _: () = assert!(TOTAL_BITS <= 31 && STEP_BITS <= ARGUMENT_BITS);
