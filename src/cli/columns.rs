//! Takes columns of decimal numbers out of a CSV text as integers, and puts them back byte for
//! byte. A cell that would not come back as it was stays in the text.

use qres_core::codec::{Column, DECIMALS_MAX, Table};

/// Before a cell of a chosen column that stays in the text.
const KEPT: u8 = 1;

/// What `split` is asked for.
pub(super) struct Wanted<'a> {
    /// Columns by name.
    pub names: &'a [String],
    /// Decimals of every column; by its cells where none are given.
    pub decimals: Option<u8>,
    /// Largest error, in units of the quantity as text; none for lossless.
    pub max_error: Option<&'a str>,
}

/// A line of text: its cells, and where each begins and ends.
type Cells = Vec<(usize, usize)>;

/// Splits a CSV text into integer columns and the text around them.
///
/// # Errors
/// Says which column is missing or holds no numbers.
pub(super) fn split(text: &[u8], wanted: &Wanted<'_>) -> Result<Table, String> {
    let (header, body) = first_line(text);
    let separator = separator(header);
    let mut columns = Vec::new();
    for name in wanted.names {
        let place = place(header, separator, name)?;
        columns.push((place, describe(body, separator, place, name, wanted)?));
    }
    let mut rest = header.to_vec();
    for line in lines(body) {
        let cells = cells(line, separator);
        let mut gone: Vec<(usize, usize, bool)> = Vec::new();
        for (place, column) in &mut columns {
            let before = column.samples.last().copied().unwrap_or(0);
            let cell = cells.get(*place).copied();
            let number = cell.and_then(|(from, to)| exact(&line[from..to], column));
            column.samples.push(number.unwrap_or(before));
            gone.extend(cell.map(|(from, to)| (from, to, number.is_some())));
        }
        gone.sort_unstable();
        gone.dedup();
        let mut at = 0;
        for (from, to, is_number) in gone {
            rest.extend_from_slice(&line[at..from]);
            if !is_number {
                rest.push(KEPT);
                rest.extend_from_slice(&line[from..to]);
            }
            at = to;
        }
        rest.extend_from_slice(&line[at..]);
    }
    Ok(Table { columns: columns.into_iter().map(|(_, column)| column).collect(), rest })
}

/// Puts the numbers back into the text.
///
/// # Errors
/// When the text lacks a column.
pub(super) fn join(table: &Table) -> Result<Vec<u8>, String> {
    let (header, body) = first_line(&table.rest);
    let separator = separator(header);
    let mut places = Vec::new();
    for column in &table.columns {
        places.push((place(header, separator, &column.name)?, column));
    }
    places.sort_by_key(|(place, _)| *place);
    places.dedup_by_key(|(place, _)| *place);
    let mut text = header.to_vec();
    for (row, line) in lines(body).enumerate() {
        let cells = cells(line, separator);
        let mut at = 0;
        for (place, column) in &places {
            let Some((from, to)) = cells.get(*place).copied() else { continue };
            text.extend_from_slice(&line[at..from]);
            if let Some(kept) = line[from..to].strip_prefix(&[KEPT]) {
                text.extend_from_slice(kept);
            } else {
                let sample = column.samples.get(row).copied().unwrap_or(0);
                text.extend_from_slice(decimal(sample, column).as_bytes());
            }
            at = to;
        }
        text.extend_from_slice(&line[at..]);
    }
    Ok(text)
}

/// Decimals of a column and how its cells are written.
fn describe(
    body: &[u8],
    separator: u8,
    place: usize,
    name: &str,
    wanted: &Wanted<'_>,
) -> Result<Column, String> {
    let mut seen = [0_usize; DECIMALS_MAX as usize + 1];
    for line in lines(body) {
        let cell =
            cells(line, separator).get(place).map_or(&[][..], |(from, to)| &line[*from..*to]);
        if let Some(slot) = parse(cell).and_then(|(_, decimals)| seen.get_mut(decimals)) {
            *slot += 1;
        }
    }
    let some = |number: &usize| *number > 0;
    let Some(most) = seen.iter().rposition(some) else {
        return Err(format!("column `{name}` holds no decimal number with at most 9 decimals"));
    };
    let decimals = wanted.decimals.map_or(most, usize::from);
    let mut column =
        Column { name: name.to_owned(), decimals: decimals as u8, ..Column::default() };
    // Zeros at the end are written down to the fewest decimals seen: 97.0, but 1013.
    let fewest = seen.iter().position(some).unwrap_or(0);
    column.decimals_min = fewest.min(decimals) as u8;
    if let Some(text) = wanted.max_error {
        column.max_error = max_error(text, &column)?;
    }
    Ok(column)
}

/// A largest error, in samples: less than a step of the column is none.
///
/// # Errors
/// Says which numbers are accepted, and that they have no exponent.
fn max_error(text: &str, column: &Column) -> Result<u16, String> {
    let (name, decimals) = (&column.name, usize::from(column.decimals));
    let most = decimal(i32::from(u16::MAX), column);
    let accepted = format!("accepted for column `{name}`: 0 to {most}");
    let Some((digits, places)) = parse(text.as_bytes()) else {
        let what = "not a plain decimal number, such as 0.001 without an exponent";
        return Err(format!("--max-error {text}: {what}; {accepted}"));
    };
    let samples = scaled(digits, places, decimals, true).and_then(|wide| u16::try_from(wide).ok());
    samples.ok_or_else(|| format!("--max-error {text}: {accepted}"))
}

/// The sample that a cell stands for, if writing it gives the same bytes.
fn exact(cell: &[u8], column: &Column) -> Option<i32> {
    let (digits, places) = parse(cell)?;
    let sample = scaled(digits, places, usize::from(column.decimals), false)?;
    let sample = i32::try_from(sample).ok()?;
    (decimal(sample, column).as_bytes() == cell).then_some(sample)
}

/// Digits without the point, and how many stand behind it.
fn parse(cell: &[u8]) -> Option<(i64, usize)> {
    let text = std::str::from_utf8(cell).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let size = whole.strip_prefix('-').unwrap_or(whole);
    let sound = !size.is_empty() && size.len() + part.len() < 18 && plain(size) && plain(part);
    sound
        .then(|| format!("{whole}{part}").parse().ok())
        .flatten()
        .map(|digits| (digits, part.len()))
}

/// A number with `places` decimals as one with `decimals`; rounded down if `may_round`.
fn scaled(digits: i64, places: usize, decimals: usize, may_round: bool) -> Option<i64> {
    let power = |count: usize| 10_i64.checked_pow(count as u32);
    if places <= decimals {
        return digits.checked_mul(power(decimals - places)?);
    }
    let unit = power(places - decimals)?;
    (may_round || digits % unit == 0).then_some(digits / unit)
}

/// A sample as text: zeros at the end are left out down to the fewest decimals.
fn decimal(sample: i32, column: &Column) -> String {
    let decimals = usize::from(column.decimals);
    let mut digits = format!("{:0width$}", sample.unsigned_abs(), width = decimals + 1);
    digits.insert(digits.len() - decimals, '.');
    let mut keep = digits.len();
    while keep > digits.len() - decimals + usize::from(column.decimals_min)
        && digits.as_bytes().get(keep - 1) == Some(&b'0')
    {
        keep -= 1;
    }
    digits.truncate(keep);
    let sign = if sample < 0 { "-" } else { "" };
    format!("{sign}{}", digits.trim_end_matches('.'))
}

/// The first line with its end, and what follows.
fn first_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    text.split_at(end)
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split_inclusive(|byte| *byte == b'\n')
}

/// The separator that cuts the header into most cells.
fn separator(header: &[u8]) -> u8 {
    let most = [b'\t', b';', b','].into_iter().max_by_key(|byte| cells(header, *byte).len());
    most.unwrap_or(b',')
}

/// Where the cells of a line begin and end, without the line's end.
fn cells(line: &[u8], separator: u8) -> Cells {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (mut cells, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, byte) in line.iter().enumerate() {
        quoted ^= *byte == b'"';
        if *byte == separator && !quoted {
            cells.push((from, at));
            from = at + 1;
        }
    }
    cells.push((from, line.len()));
    cells
}

/// The place of a column in the header.
fn place(header: &[u8], separator: u8, name: &str) -> Result<usize, String> {
    let text = |(from, to): (usize, usize)| {
        let cell = String::from_utf8_lossy(header.get(from..to).unwrap_or_default());
        // A byte order mark is no part of a name.
        cell.trim_start_matches('\u{feff}').trim_matches('"').to_owned()
    };
    let names: Vec<String> = cells(header, separator).into_iter().map(text).collect();
    let mut places = names.iter().enumerate().filter(|(_, there)| *there == name);
    match (places.next(), places.next()) {
        (Some((place, _)), None) => Ok(place),
        (Some(_), Some(_)) => {
            Err(format!("line 1 has several columns `{name}`; give each a name of its own"))
        }
        (None, _) => Err(format!("line 1 has no column `{name}`; there are: {}", listed(&names))),
    }
}

/// The first names, as far as a line holds them.
fn listed(names: &[String]) -> String {
    const LINE: usize = 300;
    let all = names.join(", ");
    match all.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}.. ({} in all)", &all[..end], names.len()),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_text(text: &str, names: &[&str]) -> Result<Table, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        split(text.as_bytes(), &Wanted { names: &names, decimals: None, max_error: None })
    }

    #[test]
    fn numbers_leave_the_text_and_come_back() {
        let texts = [
            "t,a,b\n0,1.5,7\n1,-0.05,8\n2,NA,9\n",
            "t;a;b\r\n0;97.0;7\r\n1;6.12;8\r\n\r\n2;6.1;9",
            "\"t\",\"a\",\"b\"\n\"x,y\",1,2\n3\n4,-0,5\n5,007,\n",
            "a,b\n1.50,1\n2,99999999999\n\u{1}3,\u{1}\n",
        ];
        for text in texts {
            let table = split_text(text, &["b", "a"]).unwrap();
            assert_eq!(join(&table).unwrap(), text.as_bytes(), "{text:?}: {table:?}");
        }
        let table = split_text(texts[0], &["a"]).unwrap();
        assert_eq!(table.columns[0].samples, [150, -5, -5]);
        assert_eq!(table.rest, b"t,a,b\n0,,7\n1,,8\n2,\x01NA,9\n");
    }

    #[test]
    fn samples_are_written_as_cells_were() {
        let column =
            |decimals, decimals_min| Column { decimals, decimals_min, ..Column::default() };
        let cases = [
            (0, 2, 0, "0"),
            (0, 2, 1, "0.0"),
            (-5, 2, 0, "-0.05"),
            (9700, 2, 1, "97.0"),
            (1_023, 0, 0, "1023"),
            (i32::MIN, 9, 0, "-2.147483648"),
            (120, 2, 2, "1.20"),
        ];
        for (sample, decimals, least, text) in cases {
            assert_eq!(decimal(sample, &column(decimals, least)), text);
        }
    }

    #[test]
    fn missing_columns_are_named() {
        let error = split_text("a,b\n1,x\n", &["c"]).unwrap_err();
        assert!(error.contains("`c`") && error.contains("a, b"), "{error}");
        assert!(split_text("a,b\n1,x\n", &["b"]).unwrap_err().contains("`b`"));
    }
}
