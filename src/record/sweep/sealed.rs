//! A row with a check of its bytes at its end, so that one that was changed by hand or by a disk is
//! not taken for what a run gave.

/// Between a row and its check.
const MARK: &str = ",\"check\":\"";
/// Hexadecimal digits of a check.
const DIGITS: usize = 16;

/// The row, a JSON object, with the check as its last field.
pub(super) fn closed(row: &str) -> String {
    match row.strip_suffix('}') {
        Some(open) => format!("{open}{MARK}{}\"}}", check(row)),
        None => row.to_owned(),
    }
}

/// The row without its check; `None` where it is not as it was written.
pub(super) fn opened(line: &str) -> Option<String> {
    let (open, rest) = line.rsplit_once(MARK)?;
    let row = format!("{open}}}");
    let given = rest.strip_suffix("\"}").filter(|given| given.len() == DIGITS)?;
    (given == check(&row)).then_some(row)
}

/// The first 8 bytes of the row's BLAKE3.
fn check(row: &str) -> String {
    let hash = blake3::hash(row.as_bytes()).to_hex();
    hash.chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_only_as_it_was() {
        let row = r#"{"run":1,"note":",\"check\":\"","x":2.5}"#;
        let line = closed(row);
        assert_eq!(opened(&line).as_deref(), Some(row));
        for (from, to) in [("2.5", "2.6"), ("\"}", "}"), ("check", "chick"), ("run", "Run")] {
            assert_eq!(opened(&line.replace(from, to)), None, "{from}");
        }
        assert_eq!(opened(row), None);
        assert_eq!(opened(""), None);
    }
}
