//! Two versions of the same work in turns, ours and plain floats, so that whoever else uses the
//! machine slows both alike; and in each round a fixed piece of integer work, which tells how fast
//! the machine is just then. Must not judge: `tests/bench` holds the figures to the budgets.

use std::hint::black_box;
use std::time::Instant;

/// Rounds; odd, so that a median is one of them.
const ROUNDS: usize = 2_001;
/// Least time of a batch, in nanoseconds: long for a clock, short for a scheduler.
const BATCH_NS: u64 = 20_000;
/// Numbers that the fixed work goes through.
const FIXED: usize = 64;

/// Whether the command line asks for pairs, in place of what divan runs.
pub fn asked() -> bool {
    std::env::args().any(|argument| argument == "--pairs")
}

/// Times a pair whose name holds what the command line says, and prints a line of medians in
/// nanoseconds: `pair NAME OURS FLOATS RATIO FIXED`. The ratio is the median over rounds.
pub fn pair(name: &str, mut ours: impl FnMut(), mut floats: impl FnMut()) {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if filter.is_some_and(|filter| !name.contains(&filter)) {
        return;
    }
    let mut numbers: [i32; FIXED] = std::array::from_fn(|n| n as i32 * 7_919);
    let mut fixed = || {
        black_box(fixed_work(&mut numbers));
    };
    let calls = [calls(&mut ours), calls(&mut floats), calls(&mut fixed)];
    let (mut all, mut ratios) = ([const { Vec::new() }; 3], Vec::new());
    for round in 0..ROUNDS {
        // Whoever comes first finds other caches: they change places.
        let (own_ns, float_ns) = if round % 2 == 0 {
            let first = batch_ns(calls[0], &mut ours);
            (first, batch_ns(calls[1], &mut floats))
        } else {
            let first = batch_ns(calls[1], &mut floats);
            (batch_ns(calls[0], &mut ours), first)
        };
        let fixed_ns = batch_ns(calls[2], &mut fixed);
        ratios.push(own_ns / float_ns);
        all.iter_mut().zip([own_ns, float_ns, fixed_ns]).for_each(|(all, ns)| all.push(ns));
    }
    let [own_ns, float_ns, fixed_ns] = all.map(median);
    println!("pair {name} {own_ns:.2} {float_ns:.2} {:.3} {fixed_ns:.2}", median(ratios));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Calls that take a batch's time.
fn calls(work: &mut impl FnMut()) -> u32 {
    let mut calls = 1;
    while batch_ns(calls, work) * f64::from(calls) < BATCH_NS as f64 {
        calls *= 2;
    }
    calls
}

/// Nanoseconds of a call, over so many.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn batch_ns(calls: u32, work: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| work());
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// Work of the kind that the kernels do, each step on the one before: a product, a shift, a bound.
fn fixed_work(numbers: &mut [i32; FIXED]) -> i64 {
    numbers.iter_mut().fold(1, |sum, number| {
        *number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (sum + ((i64::from(*number) * (sum | 1)) >> 16)).clamp(-(1 << 31), 1 << 31)
    })
}
