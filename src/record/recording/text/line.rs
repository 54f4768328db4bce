//! A record as a line of text and back: RON, then a comment with a checksum over everything that
//! stands before it in the file. A line that was changed, moved, added or taken away shows.

use ron::Options;
use ron::extensions::Extensions;
use serde::Deserialize;

use super::format::Record;

/// Between a record and its checksum.
const BETWEEN: &str = " // ";
/// Digits of a checksum.
const DIGITS: usize = 8;

/// The checksum of all bytes so far: BLAKE3, cut to 32 bits.
#[derive(Clone, Default)]
pub(crate) struct Sum(blake3::Hasher);

impl Sum {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn digits(&self) -> String {
        let hash = self.0.finalize();
        hash.to_hex().chars().take(DIGITS).collect()
    }
}

fn options() -> Options {
    Options::default().with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// The line of a record, with its line break; `sum` takes it in.
pub(crate) fn write(record: &Record, sum: &mut Sum) -> Result<String, String> {
    let mut line = options().to_string(record).map_err(|error| error.to_string())?;
    sum.add(line.as_bytes());
    let digits = sum.digits();
    let rest = [BETWEEN, &digits, "\n"].concat();
    sum.add(rest.as_bytes());
    line.push_str(&rest);
    Ok(line)
}

/// Why a line is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not end with a checksum.
    NoSum,
    /// It has this checksum and should have that.
    Sum(String, String),
    /// The checksum is right and the text means nothing: why.
    Record(String),
    /// A header of this format, by this build.
    Format(u32, String),
}

/// The record of a line without its line break; `sum` takes both in.
pub(crate) fn read(line: &[u8], sum: &mut Sum) -> Result<Record, Fault> {
    let (text, rest) = split(line).ok_or(Fault::NoSum)?;
    sum.add(text);
    let digits = sum.digits();
    if rest != [BETWEEN, &digits].concat().as_bytes() {
        let found = rest.get(BETWEEN.len()..).unwrap_or_default();
        return Err(Fault::Sum(String::from_utf8_lossy(found).into_owned(), digits));
    }
    sum.add(rest);
    sum.add(b"\n");
    let text = std::str::from_utf8(text).map_err(|error| Fault::Record(error.to_string()))?;
    options().from_str(text).map_err(|error| match opening(text) {
        Some((format, build)) if format != super::FORMAT => Fault::Format(format, build),
        _ => Fault::Record(error.to_string()),
    })
}

/// A line before its checksum, and the rest of it.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.len().checked_sub(BETWEEN.len() + DIGITS)?;
    let (text, rest) = line.split_at(at);
    let digits = rest.strip_prefix(BETWEEN.as_bytes())?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some((text, rest))
}

/// What every version of a header says.
#[derive(Deserialize)]
enum Opening {
    Header { format: u32, build: String },
}

/// Format and build of a header of whatever version.
fn opening(text: &str) -> Option<(u32, String)> {
    let Opening::Header { format, build } = options().from_str(text).ok()?;
    Some((format, build))
}
