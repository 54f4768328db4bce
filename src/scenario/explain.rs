//! Turns the parser's errors into words about fields: which one, what it got, what it accepts.
//! Must not judge values; the parser has already refused the text.

use std::ops::Range;

use ron::error::{Error, Position, SpannedError};

use super::{
    FIELDS, Problem,
    check::accepted,
    combine::meant,
    fields::Field,
    lex::{Kind, Lexer, Token},
    locate::{path_at, pattern},
    problem::{clip, nearest},
};

/// What a kind of file is made of, as far as its errors speak of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Language {
    /// What such a file is, with its article.
    pub what: &'static str,
    /// The type of the whole.
    pub whole: &'static str,
    /// How one begins, for a text that is none.
    pub smallest: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

/// Scenarios.
pub(super) const SCENARIO: Language = Language {
    what: "a scenario",
    whole: "Scenario",
    smallest: "a scenario starts as `(title: \"..\", watch_for: \"..\", nodes: (), \
               signals: [(modality: \"temperature\")])`",
    fields: FIELDS,
};

impl Language {
    /// The whole, without an article.
    fn name(&self) -> &'static str {
        self.what.split_once(' ').map_or(self.what, |(_, name)| name)
    }

    /// The entry for a path; elements of a list without one are their list's.
    pub(super) fn entry(&self, path: &str) -> Option<&'static Field> {
        let pattern = pattern(path);
        let field = |pattern: &str| self.fields.iter().find(|field| field.path == pattern);
        field(&pattern).or_else(|| field(pattern.trim_end_matches("[]")))
    }
}

/// The problem that the parser found in `text`.
pub(super) fn explain(
    language: &Language,
    name: &str,
    text: &str,
    error: &SpannedError,
) -> Problem {
    let span = byte_at(text, error.span.start)..byte_at(text, error.span.end);
    match &error.code {
        Error::NoSuchStructField { expected, found, outer } => {
            let outer = outer.as_deref().unwrap_or(language.whole);
            let hint = nearest(found, expected.iter().copied());
            let hint = hint.map_or_else(|| elsewhere(language, found), |near| meant(Some(near)));
            let found = format!("unknown field `{}`{hint} in {outer}", clip(found, 60));
            Problem::at(name, text, span, found, fields_of(expected))
        }
        Error::NoSuchEnumVariant { expected, found, .. } => {
            let (path, _) = path_at(text, span.start);
            let hint = meant(nearest(found, expected.iter().copied()));
            let found = format!("`{path}` is `{}`{hint}", clip(found, 60));
            let words = language
                .entry(&path)
                .map_or_else(|| format!("accepted: {}", expected.join(", ")), accepted);
            Problem::at(name, text, span, found, words)
        }
        Error::MissingStructField { field, outer } => {
            let outer = outer.as_deref().unwrap_or(language.whole);
            lacking(language, (name, text), span.end, field, outer)
        }
        Error::DuplicateStructField { field, outer } => {
            let outer = outer.as_deref().unwrap_or(language.whole);
            let found = format!("field `{field}` is there twice in {outer}");
            Problem::at(name, text, span, found, "give it once")
        }
        Error::IntegerOutOfBounds => wrong_value(language, name, text, span.start, &error.code),
        _ => explain_form(language, name, text, span, &error.code),
    }
}

/// A struct that closes at `at` lacks a field that has no default.
fn lacking(
    language: &Language,
    (name, text): (&str, &str),
    at: usize,
    field: &str,
    outer: &str,
) -> Problem {
    let (path, here) = path_at(text, at);
    if path.is_empty() && Lexer::new(text, at).nth(1).is_some() {
        let found = format!("the {} is closed here, without its field `{field}`", language.name());
        return syntax(name, text, at, found + ", and more follows");
    }
    let full = match path.as_str() {
        "" => field.to_owned(),
        path => format!("{path}.{field}"),
    };
    let words = language.entry(&full).map_or_else(String::new, accepted);
    let found = format!("{outer} lacks its field `{field}`");
    Problem::at(name, text, here, found, words)
}

/// The problem where brackets, commas and quotes are not as they should be.
fn explain_form(
    language: &Language,
    name: &str,
    text: &str,
    span: Range<usize>,
    code: &Error,
) -> Problem {
    match code {
        Error::ExpectedComma | Error::Eof if text.get(span.end..).is_none_or(is_over) => {
            unclosed(name, text)
        }
        Error::ExpectedComma if !inside_scalar(text, span.end) => comma(name, text, span.end),
        Error::TrailingCharacters => {
            let found = format!("the {} ends before this", language.name());
            syntax(name, text, span.end, found)
        }
        Error::ExpectedMapColon => {
            let found = "a colon is missing before this".to_owned();
            syntax(name, text, span.end, found)
        }
        Error::ExpectedDifferentStructName { .. } => {
            wrong_value(language, name, text, span.start, code)
        }
        Error::ExpectedStringEnd => {
            let found = "a text is not closed with `\"`".to_owned();
            syntax(name, text, span.start.saturating_sub(1), found)
        }
        Error::UnclosedBlockComment => {
            let rest = Lexer::new(text, 0).last().map_or(0, |token| token.end);
            let comment = text.get(rest..).and_then(|rest| rest.find("/*")).unwrap_or_default();
            let at = rest + comment;
            Problem::at(name, text, at..at + 2, "a comment is not closed", "close it with `*/`")
        }
        Error::InvalidEscape(_) | Error::NoSuchExtension(_) | Error::Utf8Error(_) => {
            syntax(name, text, span.start, code.to_string())
        }
        _ => wrong_value(language, name, text, span.end, code),
    }
}

/// The value around `at` is not of the kind that its field takes.
fn wrong_value(language: &Language, name: &str, text: &str, at: usize, code: &Error) -> Problem {
    let (path, value) = match code {
        Error::ExpectedDifferentLength { .. } => path_at(text, at),
        _ => path_of_value(text, at),
    };
    if path.starts_with('[') {
        let found = "a field's name is missing before this".to_owned();
        return syntax(name, text, at, found);
    }
    if path.is_empty() {
        let first = Lexer::new(text, value.start).next();
        return if first.is_none_or(|token| at <= token.start) {
            // Recordings have the same ending, and one is easily given for a scenario.
            let is_recording = text.get(value.start..).is_some_and(|at| at.starts_with("Header("));
            let instead =
                if is_recording { ", but a recording: `qres replay` takes it" } else { "" };
            let found = format!("this is not {}{instead}", language.what);
            Problem::at(name, text, value, found, language.smallest)
        } else {
            syntax(name, text, at, code.to_string())
        };
    }
    let words: Vec<_> = text.get(value.clone()).unwrap_or_default().split_whitespace().collect();
    let shown = clip(&words.join(" "), 40);
    let found = format!("`{path}` is {}", or(&shown, "nothing"));
    let words = if path.ends_with(']') { fields_below(language, &path) } else { None };
    let words = words.or_else(|| language.entry(&path).map(accepted));
    Problem::at(name, text, value, found, words.unwrap_or_else(|| code.to_string()))
}

/// What an element of a list accepts, if it is a struct.
fn fields_below(language: &Language, path: &str) -> Option<String> {
    let prefix = pattern(path) + ".";
    let below = language.fields.iter().filter_map(|field| field.path.strip_prefix(&prefix));
    let names: Vec<_> = below.filter(|name| !name.contains(['.', '['])).collect();
    (!names.is_empty()).then(|| format!("accepted: (..) with the fields {}", names.join(", ")))
}

/// A comma is missing at `at`; perhaps because a text before it was not closed on its line.
fn comma(name: &str, text: &str, at: usize) -> Problem {
    let before = Lexer::new(text, 0).take_while(|token| token.start < at).last();
    let last = before.map(|token| token.start..token.end).unwrap_or_default();
    let words = text.get(last.clone()).unwrap_or_default();
    if words.starts_with('"') && words.contains('\n') {
        let found = "no comma follows this text, which runs over several lines";
        return Problem::at(name, text, last, found, "is its closing `\"` missing?");
    }
    let found = "a comma or a closing bracket is missing before this".to_owned();
    syntax(name, text, at, found)
}

/// The path of the value at `at`, or of the one that ends there when nothing else stands there.
fn path_of_value(text: &str, at: usize) -> (String, Range<usize>) {
    let here = Lexer::new(text, at).next();
    if here.is_some_and(|token| matches!(token.kind, Kind::Close | Kind::Comma)) {
        let before = Lexer::new(text, 0).take_while(|token| token.start < at).last();
        return path_at(text, before.map_or(at, |token| token.start));
    }
    path_at(text, at)
}

fn syntax(name: &str, text: &str, at: usize, found: String) -> Problem {
    let token = Lexer::new(text, at).next();
    let span = token.map_or(at..at, |token| token.start..token.end);
    Problem::at(name, text, span, found, "see how fields are written: `name: value,`")
}

/// The text ends inside brackets; points at the innermost that is still open.
fn unclosed(name: &str, text: &str) -> Problem {
    let mut open: Vec<Token> = Vec::new();
    for token in Lexer::new(text, 0) {
        match token.kind {
            Kind::Open => open.push(token),
            Kind::Close => drop(open.pop()),
            _ => {}
        }
    }
    let at = open.last().map_or(text.len()..text.len(), |token| token.start..token.end);
    let found = "the file ends before this bracket is closed";
    Problem::at(name, text, at, found, "close it, or is the file cut off?")
}

/// Whether nothing but space and comments is left.
fn is_over(rest: &str) -> bool {
    Lexer::new(rest, 0).next().is_none()
}

/// Whether `at` cuts a number or name in two, as in `1.5` where a whole number was read.
fn inside_scalar(text: &str, at: usize) -> bool {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
    let (before, after) = (text.get(..at), text.get(at..));
    before.is_some_and(|text| text.ends_with(belongs))
        && after.is_some_and(|text| text.starts_with(belongs))
}

/// Where a field of this name does belong.
fn elsewhere(language: &Language, found: &str) -> String {
    let ends_so = |field: &&Field| field.path.rsplit('.').next() == Some(found);
    let place = language.fields.iter().find(ends_so).map(|field| field.path);
    place.map_or_else(String::new, |path| format!(" (there is `{path}`)"))
}

fn fields_of(expected: &[&str]) -> String {
    format!("accepted: {}", expected.join(", "))
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// The byte of a line and column that the parser gave.
fn byte_at(text: &str, at: Position) -> usize {
    let mut lines = text.split_inclusive('\n');
    let skipped: usize = lines.by_ref().take(at.line.saturating_sub(1)).map(str::len).sum();
    let line = lines.next().unwrap_or_default();
    let column = line.char_indices().nth(at.col.saturating_sub(1));
    skipped + column.map_or(line.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_become_bytes() {
        let text = "é(\nbc\n";
        let cases: [(usize, usize, Range<usize>); 6] =
            [(1, 1, 0..2), (1, 2, 2..3), (2, 2, 5..6), (3, 1, 7..7), (9, 9, 7..7), (2, 99, 7..7)];
        for (line, col, expected) in cases {
            assert_eq!(byte_at(text, Position { line, col }), expected.start, "{line}:{col}");
        }
    }
}
