//! From bytes to a checked scenario and back. The only place that opens a scenario file, and it
//! gives the parser nothing that could exhaust the stack or the memory.

use std::{fs::File, io::Read as _, path::Path};

use ron::{Options, extensions::Extensions, ser::PrettyConfig};

use serde::de::DeserializeOwned;

use super::{
    Problem, Scenario,
    explain::{self, Language, SCENARIO},
    include,
    lex::{Kind, Lexer},
    locate,
};

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// Brackets inside brackets; a scenario needs about eight.
const MAX_DEPTH: usize = 32;

impl Scenario {
    /// Reads a scenario from `text`; `name` is the file as messages shall call it. It can include
    /// the scenarios inside the binary.
    ///
    /// # Errors
    ///
    /// The first thing wrong, with its line and column.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        Self::parse_whole(name, text, None).map(|(scenario, _)| scenario)
    }

    /// Reads the scenario file at `path`, and returns its text too: with everything that it
    /// includes, so that the text is the same scenario without any other file.
    ///
    /// # Errors
    ///
    /// Why a file cannot be read, or the first thing wrong in it, with its line and column.
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, String), Problem> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = read(&SCENARIO, path, &name)?;
        Self::parse_whole(&name, &text, Some(path.parent().unwrap_or(Path::new(""))))
    }

    /// Reads a scenario from `text`, and returns the text with everything that it includes. Files
    /// are looked for in `folder`; without one, only the scenarios inside the binary are there.
    ///
    /// # Errors
    ///
    /// The first thing wrong, with its line and column in the file that says it.
    pub fn parse_whole(
        name: &str,
        text: &str,
        folder: Option<&Path>,
    ) -> Result<(Self, String), Problem> {
        let text = without_mark(text);
        guard(&SCENARIO, name, text)?;
        let whole = include::whole(name, text, folder)?;
        let scenario = Self::parse_flat(name, &whole.text);
        let scenario = scenario.map_err(|problem| whole.placed(problem))?;
        Ok((scenario, whole.text))
    }

    fn parse_flat(name: &str, text: &str) -> Result<Self, Problem> {
        let scenario: Self = typed(&SCENARIO, name, text)?;
        scenario.validate().map_err(|fault| {
            let named = std::iter::once(fault.path.as_str()).chain(fault.related);
            let mut places = named.map(|path| locate::find(text, path)).filter(|place| place.1);
            let (span, _) = places.next().unwrap_or_else(|| locate::find(text, &fault.path));
            Problem::at(name, text, span, fault.found, fault.accepted)
        })?;
        Ok(scenario)
    }

    /// Reads one command, as it stands in a scenario after `command:`.
    ///
    /// # Errors
    ///
    /// The first thing wrong, with its line and column.
    pub fn parse_command(name: &str, text: &str) -> Result<super::Command, Problem> {
        typed(&SCENARIO, name, text)
    }

    /// The scenario as a file, with every field.
    ///
    /// For a scenario that was read from a file, reading it back gives the same.
    #[must_use]
    pub fn to_ron(&self) -> String {
        let pretty = PrettyConfig::new().indentor("    ").escape_strings(true).compact_arrays(true);
        let written = options().to_string_pretty(self, pretty);
        // Plain data into a string: there is nothing that can fail.
        written.map_or_else(|_| String::new(), |text| text + "\n")
    }
}

/// The text without the byte order mark that some editors put first.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// What a text says, before anybody has looked at its values.
pub(super) fn typed<T: DeserializeOwned>(
    language: &Language,
    name: &str,
    text: &str,
) -> Result<T, Problem> {
    guard(language, name, text)?;
    // `intensity: 5` is as clear as `intensity: Some(5)`.
    let options = options().with_default_extension(Extensions::IMPLICIT_SOME);
    options.from_str(text).map_err(|error| explain::explain(language, name, text, &error))
}

/// Variants that hold one struct are written with one pair of brackets, `Dataset(path: ..)`.
fn options() -> Options {
    Options::default().with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// The text of the file at `path`, called `name` in messages.
pub(super) fn read(language: &Language, path: &Path, name: &str) -> Result<String, Problem> {
    if path.is_dir() {
        let file = format!("{} is a .ron file", language.what);
        return Err(Problem::of_file(name, "this is a folder", file));
    }
    let unreadable = |error: std::io::Error| {
        Problem::of_file(name, format!("cannot be read: {error}"), "give a .ron file")
    };
    let mut bytes = Vec::new();
    let limit = MAX_FILE_BYTES as u64 + 1;
    let file = File::open(path).map_err(unreadable)?;
    file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(too_big(language, name));
    }
    decode(name, bytes)
}

pub(super) fn decode(name: &str, bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        let byte = error.as_bytes().get(good).copied().unwrap_or_default();
        let found = format!("byte 0x{byte:02x} is not UTF-8");
        Problem::at(name, &text, good..good + 1, found, "save the file as UTF-8 text")
    })
}

fn too_big(language: &Language, name: &str) -> Problem {
    let limit = MAX_FILE_BYTES >> 20;
    Problem::of_file(
        name,
        format!("the file is larger than {limit} MiB"),
        format!("is it {}?", language.what),
    )
}

/// Refuses what the parser should not see.
pub(super) fn guard(language: &Language, name: &str, text: &str) -> Result<(), Problem> {
    if text.len() > MAX_FILE_BYTES {
        return Err(too_big(language, name));
    }
    if let Some(at) = text.find('\0') {
        let found = "a NUL byte: this is not a text file";
        return Err(Problem::at(name, text, at..at + 1, found, "save the file as UTF-8 text"));
    }
    let mut depth = 0_usize;
    let mut empty = true;
    for token in Lexer::new(text, 0) {
        empty = false;
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let found = format!("brackets are nested more than {MAX_DEPTH} deep");
            return Err(Problem::at(name, text, token.start..token.end, found, language.smallest));
        }
    }
    if empty {
        return Err(Problem::at(name, text, 0..0, "the file is empty", language.smallest));
    }
    Ok(())
}
