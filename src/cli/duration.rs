//! Spans of simulated time as people write them: `90s`, `30m`, `24h`, `7d`.

/// Reads a span in milliseconds.
///
/// # Errors
/// Says what was found and what is accepted.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let accepted = "a whole number with ms, s, m, h or d, such as 24h";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is not {accepted}"))?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("`{text}` has no unit that is known; accepted: {accepted}")),
    };
    number.checked_mul(factor).ok_or_else(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_units_and_refuses_the_rest() {
        assert_eq!(parse("24h"), Ok(86_400_000));
        assert_eq!(parse("90s"), Ok(90_000));
        assert_eq!(parse("5ms"), Ok(5));
        for wrong in ["", "h", "24", "1.5h", "24 h", "-1s", "99999999999999999999d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
