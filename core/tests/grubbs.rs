//! The critical values and the decision of the outlier test, against floating point.

use qres_core::audit::grubbs::{SIZES, critical, outlier};

/// P(T > t) for an even or odd number `v` of degrees of freedom, by the finite sums of Abramowitz
/// and Stegun, "Handbook of mathematical functions", 1964, 26.7.3 and 26.7.4.
fn upper_tail(t: f64, v: usize) -> f64 {
    let tangent = t / (v as f64).sqrt();
    let angle = tangent.atan();
    let cos = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sin = tangent * cos;
    let mut term = if v % 2 == 1 { cos } else { 1.0 };
    let mut sum = if v == 1 { 0.0 } else { term };
    let mut k = if v % 2 == 1 { 3 } else { 2 };
    while k < v {
        term *= cos * cos * (k - 1) as f64 / k as f64;
        sum += term;
        k += 2;
    }
    let within =
        if v % 2 == 1 { (angle + sin * sum) * std::f64::consts::FRAC_2_PI } else { sin * sum };
    (1.0 - within) / 2.0
}

fn exact(count: usize) -> f64 {
    let (v, tail) = (count - 2, 0.01 / (2.0 * count as f64));
    let (mut low, mut high) = (0.0, 1_000.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle, v) > tail { low = middle } else { high = middle }
    }
    let t = low;
    let n = count as f64;
    (n - 1.0) / n.sqrt() * (t * t / (n - 2.0 + t * t)).sqrt()
}

#[test]
fn the_table_is_that_of_students_distribution() {
    for count in SIZES {
        let entry = f64::from(critical(count).expect("in the table")) / 65_536.0;
        assert!((entry - exact(count)).abs() < 1.5 / 65_536.0, "{count}: {entry}");
    }
    assert_eq!((critical(2), critical(129)), (None, None));
    // Printed in tables of the test, two-sided at 1 %.
    for (count, printed) in [(4, 1.496), (7, 2.139), (10, 2.482), (20, 3.001)] {
        assert!((exact(count) - printed).abs() < 0.001, "{count}: {}", exact(count));
    }
}

/// One value `far` among `count` - 1 that are -1 and 1 in turn: by hand G^2 = f^2 (n - 1) / (n (n
/// (n - 1 + f^2) - f^2)) with f = n far - far for an even number of others.
#[test]
fn the_least_far_value_that_stands_out_is_the_exact_one() {
    for count in [5_usize, 9, 17, 65, 127] {
        let n = count as f64;
        let statistic = |far: i32| {
            let f = f64::from(far);
            let away = n * f - f;
            let spread = n * (n - 1.0 + f * f) - f * f;
            (away * away * (n - 1.0) / (n * spread)).sqrt()
        };
        let limit = f64::from(critical(count).expect("in the table")) / 65_536.0;
        for far in 1..40 {
            let mut values = [1; 127];
            values.iter_mut().step_by(2).for_each(|value| *value = -1);
            values[count - 1] = far;
            let expected = (statistic(far) > limit).then_some(count - 1);
            assert_eq!(outlier(&values[..count]), expected, "{far} among {count}");
        }
    }
}
