//! Tests of the noise against exact probabilities, on fixed streams.

use super::*;

/// Probabilities of 0, 1, .. in units of 10^-9, the last for all from there on; normalised over the
/// integers with 50 digits.
const EXACT: [(u64, u32, &[i64]); 3] = [
    (1, 3, &[689_075_130, 153_753_444, 1_708_991]),
    (9, 4, &[265_961_520, 212_965_337, 109_340_050, 35_993_978, 7_597_324, 1_122_551]),
    (
        40,
        1,
        &[
            63_078_313, 62_294_742, 60_001_947, 56_366_613, 51_644_155, 46_149_080, 40_220_508,
            34_188_079, 28_342_913, 22_916_955, 18_072_239, 13_899_836, 10_426_775, 7_628_392,
            5_443_254, 3_788_147, 7_077_209,
        ],
    ),
];

fn stream(name: &[u8]) -> Stream {
    Stream::new("qres test", &[name])
}

fn variance(numerator: u64, denominator: u32) -> Variance {
    Variance::new(numerator, denominator).expect("in range")
}

/// Pearson's statistic in thousandths, of counts against probabilities in units of 10^-9.
fn chi_square(counts: &[i64], exact: &[i64]) -> i64 {
    let draws: i64 = counts.iter().sum();
    let cell = |(count, exact): (&i64, &i64)| {
        let gap = i128::from(count * 1_000_000_000 - draws * exact);
        (gap * gap / 1_000_000 / i128::from(draws * exact)) as i64
    };
    counts.iter().zip(exact).map(cell).sum()
}

#[test]
fn draws_have_the_exact_distribution() {
    // 99.9 % points for 4, 10 and 32 degrees of freedom.
    for ((numerator, denominator, exact), limit) in EXACT.iter().zip([18_467, 29_588, 62_487]) {
        let variance = variance(*numerator, *denominator);
        let mut stream = stream(b"exact");
        let last = exact.len() as i64 - 1;
        let mut counts = [0_i64; 33];
        for _ in 0..20_000 {
            let draw = sample(variance, &mut stream).clamp(-last, last);
            counts[(draw + last) as usize] += 1;
        }
        let mut both = [0_i64; 33];
        for (place, slot) in both.iter_mut().enumerate().take(2 * exact.len() - 1) {
            *slot = exact[(place as i64 - last).unsigned_abs() as usize];
        }
        let cells = 2 * exact.len() - 1;
        let total: i64 = both[..cells].iter().sum();
        assert!((total - 1_000_000_000).abs() <= 20, "the table is normalised: {total}");
        let seen = chi_square(&counts[..cells], &both[..cells]);
        assert!(seen < limit, "{numerator}/{denominator}: {seen}");
        // The test can tell: a variance one seventh larger would fail it.
        let other = Variance::new(numerator * 8, denominator * 7).expect("in range");
        let mut wrong = [0_i64; 33];
        for _ in 0..20_000 {
            let draw = sample(other, &mut stream).clamp(-last, last);
            wrong[(draw + last) as usize] += 1;
        }
        assert!(chi_square(&wrong[..cells], &both[..cells]) > limit);
    }
}

#[test]
fn chances_are_powers_of_e() {
    // e^-(over / under) in units of 10^-9.
    let table = [
        (0, 1, 1_000_000_000),
        (1, 2, 606_530_660),
        (1, 1, 367_879_441),
        (5, 2, 82_084_999),
        (1 << 90, (1 << 92) + 1, 778_800_783_i64),
    ];
    for (over, under, exact) in table {
        let mut stream = stream(b"chance");
        let hits = (0..20_000).filter(|_| bernoulli_exp(over, under, &mut stream)).count() as i64;
        // 20000 coins: one standard deviation is at most 71; five of them here.
        assert!((hits - exact / 50_000).abs() <= 355, "{over}/{under}: {hits}");
    }
}

#[test]
fn large_variances_are_right_too() {
    for (numerator, denominator) in [(1 << 40, 1), (1 << 44, 65_535), (3 << 30, 7)] {
        let mut stream = stream(b"large");
        let squares: i128 = (0..2_000)
            .map(|_| i128::from(sample(variance(numerator, denominator), &mut stream)))
            .map(|draw| draw * draw)
            .sum();
        let share = squares * i128::from(denominator) * 100 / (2_000 * i128::from(numerator));
        // The mean square of 2000 Gaussians: one standard deviation is 3.2 %; five of them here.
        assert!((84..=116).contains(&share), "{numerator}/{denominator}: {share} %");
    }
}

#[test]
fn draws_are_the_same_everywhere() {
    let mut stream = stream(b"golden");
    let draws: [i64; 8] = core::array::from_fn(|_| sample(variance(1_000_000, 3), &mut stream));
    assert_eq!(draws, [-789, 569, 88, -247, 174, -794, -117, 294]);
}

#[test]
fn fractions_out_of_range_are_refused() {
    let table = [
        (0, 1, false),
        (1, 0, false),
        (NUMERATOR_MAX + 1, 1, false),
        (1, DENOMINATOR_MAX + 1, false),
        (NUMERATOR_MAX, DENOMINATOR_MAX, true),
        (1, DENOMINATOR_MAX, true),
    ];
    for (numerator, denominator, fits) in table {
        assert_eq!(
            Variance::new(numerator, denominator).is_ok(),
            fits,
            "{numerator}/{denominator}"
        );
    }
    let smallest = variance(1, DENOMINATOR_MAX);
    assert_eq!(sample(smallest, &mut stream(b"small")), 0, "all but surely");
    assert_eq!(variance(5, 3).split(4), Ok(variance(5, 12)));
    assert_eq!(smallest.split(2), Err(VarianceError));
    assert_eq!(variance(1, 1).split(0), Err(VarianceError));
}

#[test]
fn noise_saturates_and_says_so() {
    let mut values = [i32::MAX, i32::MIN, 0];
    let mut stream = stream(b"noise");
    let fits = (0..8).all(|_| add_noise(variance(1 << 40, 1), &mut stream, &mut values));
    assert!(!fits, "one of 16 draws points outwards");
    assert_ne!(values[2], 0);
}
