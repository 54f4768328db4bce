//! Plain decimal numbers, exactly: a range in steps of 0.1 ends where it says. Must not round.

/// Most digits of a number.
const DIGITS_MAX: usize = 18;

/// A decimal number: `digits` over 10 to the power of `places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    places: u32,
}

/// The step that is left out.
pub(super) const ONE: Decimal = Decimal { digits: 1, places: 0 };

/// Reads a number such as `-12` or `0.05`; no exponent, at most 18 digits.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (is_negative, size) = match text.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, text),
    };
    let (whole, part) = size.split_once('.').unwrap_or((size, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let sound = !whole.is_empty() && whole.len() + part.len() <= DIGITS_MAX;
    if !sound || !plain(whole) || !plain(part) {
        return None;
    }
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let digits = if is_negative { -digits } else { digits };
    Some(Decimal { digits, places: part.len() as u32 })
}

/// The numbers from `from` in steps of `step` that are not beyond `to`, with as many decimals as
/// the most exact of them.
pub(super) fn steps(
    from: Decimal,
    to: Decimal,
    step: Decimal,
    most: usize,
) -> Result<Vec<String>, String> {
    let places = from.places.max(to.places).max(step.places);
    let wide = |number: Decimal| number.digits * 10_i128.pow(places - number.places);
    let (first, last, step_wide) = (wide(from), wide(to), wide(step));
    if step_wide <= 0 {
        return Err("has a step that leads nowhere".to_owned());
    }
    if last < first {
        return Err("ends before it begins".to_owned());
    }
    let count = (last - first) / step_wide + 1;
    if count > most as i128 {
        return Err(format!("has {count} values"));
    }
    let shown = from.places.max(step.places);
    let unit = 10_i128.pow(places - shown);
    Ok((0..count).map(|n| text((first + n * step_wide) / unit, shown)).collect())
}

fn text(digits: i128, places: u32) -> String {
    let places = places as usize;
    let sign = if digits < 0 { "-" } else { "" };
    let all = format!("{:0width$}", digits.unsigned_abs(), width = places + 1);
    match all.split_at_checked(all.len() - places) {
        Some((whole, part)) if places > 0 => format!("{sign}{whole}.{part}"),
        _ => format!("{sign}{all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_exact() {
        let cases: [(&str, &str, &str, &[&str]); 7] = [
            ("1", "4", "1", &["1", "2", "3", "4"]),
            ("0.1", "0.3", "0.1", &["0.1", "0.2", "0.3"]),
            ("0", "1", "0.4", &["0.0", "0.4", "0.8"]),
            ("-1", "1", "0.75", &["-1.00", "-0.25", "0.50"]),
            ("5", "5.5", "1", &["5"]),
            ("2", "2", "3", &["2"]),
            ("0.05", "0.05", "1", &["0.05"]),
        ];
        for (from, to, step, expected) in cases {
            let [from, to, step] = [from, to, step].map(|text| parse(text).expect("a number"));
            assert_eq!(steps(from, to, step, 99).expect("a range"), expected);
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let none = ["", "-", ".5", "1e3", "1_0", "0x1", "1.2.3", "a", "1234567890123456789"];
        for text in none {
            assert_eq!(parse(text), None, "{text}");
        }
        let range = |from, to, step| {
            let number = |digits| Decimal { digits, places: 0 };
            steps(number(from), number(to), number(step), 99)
        };
        for (from, to, step) in [(1, 0, 1), (0, 1, 0), (0, 1, -1), (0, 99, 1)] {
            assert!(range(from, to, step).is_err(), "{from} {to} {step}");
        }
        assert_eq!(range(0, 98, 1).map(|values| values.len()), Ok(99));
    }
}
