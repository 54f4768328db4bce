//! The one shape of every error of a scenario file: where, what was found, what is accepted.
//! Must not decide what is wrong; it only says it, and never lets a file speak to the terminal.

use std::{fmt, ops::Range};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

/// Columns of a source line that are shown around the place in question.
const SHOWN_COLUMNS: usize = 90;

/// A place in a text, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// Why a scenario was refused.
///
/// `{}` is one line with file, line, column and all words; `{:#}` (and `{:?}`) adds the source
/// line with a mark under the place. As a `miette` diagnostic it brings text, label and help.
#[derive(Clone)]
pub struct Problem(Box<Parts>);

#[derive(Clone)]
struct Parts {
    file: String,
    found: String,
    accepted: String,
    place: Option<Place>,
}

#[derive(Clone)]
struct Place {
    at: Position,
    line: String,
    marked: Range<usize>,
    source: NamedSource<String>,
}

impl Problem {
    /// A problem with the file as a whole, or with finding it.
    pub(super) fn of_file(
        file: impl Into<String>,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        let (found, accepted) = (found.into(), accepted.into());
        Self(Box::new(Parts { file: file.into(), found, accepted, place: None }))
    }

    /// A problem at the bytes `span` of `text`.
    pub(super) fn at(
        file: &str,
        text: &str,
        span: Range<usize>,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        let mut problem = Self::of_file(file, found, accepted);
        problem.0.place = Some(Place::new(file, text, span));
        problem
    }

    /// The same at byte `from` of another text, marked as far as before.
    pub(super) fn elsewhere(&self, file: &str, text: &str, from: usize) -> Self {
        let marked = self.0.place.as_ref().map_or(1, |place| place.marked.len());
        let rest = text.get(from..).unwrap_or_default();
        let length = rest.char_indices().nth(marked).map_or(rest.len(), |(byte, _)| byte);
        let (found, accepted) = (self.found(), self.accepted());
        Self::at(file, text, from..from + length, found, accepted)
    }

    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// Where in the file; `None` when the file could not be read at all.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.0.place.as_ref().map(|place| place.at)
    }

    /// What was found, with the nearest name where one is near.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.0.found
    }

    /// What is accepted instead; may be empty.
    #[must_use]
    pub fn accepted(&self) -> &str {
        &self.0.accepted
    }

    /// The message drawn with the source line, in colour or without.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
        let mut out = String::new();
        match GraphicalReportHandler::new_themed(theme).render_report(&mut out, self) {
            Ok(()) => out,
            Err(fmt::Error) => format!("{self:#}"),
        }
    }
}

impl Place {
    fn new(file: &str, text: &str, span: Range<usize>) -> Self {
        let start = floor_boundary(text, span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        let lead = text.get(line_start..start).unwrap_or_default().chars().count();
        let end = floor_boundary(text, span.end).max(start);
        let marked = text.get(start..end).unwrap_or_default();
        let marked = marked.split(['\n', '\r']).next().unwrap_or_default().chars().count();
        let at = Position { line: before.matches('\n').count() + 1, column: lead + 1 };
        // One screenful around the place: a line may be megabytes long.
        let skip = (lead + 1).saturating_sub(SHOWN_COLUMNS * 2 / 3);
        let shown: String = line.chars().skip(skip).take(SHOWN_COLUMNS).map(printable).collect();
        let from = lead.saturating_sub(skip);
        let room = shown.chars().count().saturating_sub(from).max(1);
        let marked = from..from + marked.clamp(1, room);
        let source = NamedSource::new(format!("{file}:{}:{}", at.line, at.column), shown.clone());
        Self { at, line: shown, marked, source }
    }

    fn label(&self, text: &str) -> LabeledSpan {
        let bytes = |column| {
            let end = self.line.char_indices().nth(column);
            end.map_or(self.line.len(), |(byte, _)| byte)
        };
        let (start, end) = (bytes(self.marked.start), bytes(self.marked.end));
        LabeledSpan::at(start..end, clip(text, 60))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { file, found, accepted, place } = &*self.0;
        let file: String = file.chars().map(printable).collect();
        write!(f, "{file}:")?;
        if let Some(Position { line, column }) = self.position() {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {found}")?;
        if !accepted.is_empty() {
            write!(f, "; {accepted}")?;
        }
        let (true, Some(place)) = (f.alternate(), place) else {
            return Ok(());
        };
        let number = place.at.line.to_string();
        let Range { start, end } = place.marked;
        write!(f, "\n {number} | {}\n", place.line)?;
        write!(f, " {:1$} | ", "", number.len())?;
        write!(f, "{:start$}{:^<2$}", "", "", end - start)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.place.as_ref().map(|place| &place.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.0.place.as_ref()?;
        Some(Box::new(std::iter::once(place.label("here"))))
    }
}

/// A piece of a file as it may be shown: at most `limit` characters, none of which controls the
/// terminal.
pub(super) fn clip(text: &str, limit: usize) -> String {
    let mut shown: String = text.chars().take(limit).map(printable).collect();
    if text.chars().nth(limit).is_some() {
        shown.push_str("...");
    }
    shown
}

/// The name nearest to `found`, if one is near enough to be meant.
pub(super) fn nearest<'a>(
    found: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A long text is no slip of the finger, and the distance costs its length squared.
    if found.chars().nth(64).is_some() {
        return None;
    }
    let lower = found.to_lowercase();
    let scored = names.into_iter().map(|name| {
        let close = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
        (close, name)
    });
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + found.chars().count() / 3).then_some(name)
}

fn printable(c: char) -> char {
    // Direction marks reorder what is shown, so they count as controls too.
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if c == '\t' {
        ' '
    } else if c.is_control() || hidden {
        '\u{fffd}'
    } else {
        c
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_and_marks_it() {
        let text = "(\n  title: \"é\", seed: -4,\n)";
        let start = text.find("-4").unwrap_or_default();
        let problem = Problem::at("a.ron", text, start..start + 2, "`seed` is -4", "not below 0");
        assert_eq!(problem.to_string(), "a.ron:2:21: `seed` is -4; not below 0");
        let expected = concat!(
            "a.ron:2:21: `seed` is -4; not below 0\n",
            " 2 |   title: \"é\", seed: -4,\n",
            "   |                     ^^"
        );
        assert_eq!(format!("{problem:#}"), expected);
        assert!(problem.render(false).contains("title: \"é\", seed: -4,"));
    }

    #[test]
    fn survives_places_that_are_none() {
        for (text, span) in [("", 0..0), ("", 5..9), ("é", 1..1), ("a\r\nb", 1..3), ("a\n", 2..2)]
        {
            let problem = Problem::at("a", text, span, "x", "");
            assert!(problem.position().is_some());
            assert!(!format!("{problem:#}{}", problem.render(true)).is_empty());
        }
    }

    #[test]
    fn long_lines_and_controls_are_tamed() {
        let text = format!("{}\u{1b}[31mBAD{}", "x".repeat(5000), "y".repeat(5000));
        let problem = Problem::at("a", &text, 5000..5008, "x", "");
        let shown = format!("{problem:#}");
        assert!(shown.chars().count() < 300 && shown.contains("BAD") && !shown.contains('\u{1b}'));
    }

    #[test]
    fn nearest_is_near() {
        let names = ["nodes", "radio", "storms"];
        let cases = [
            ("nodez", Some("nodes")),
            ("ndoes", Some("nodes")),
            ("Storms", Some("storms")),
            ("zzzzzz", None),
            ("", None),
        ];
        for (found, expected) in cases {
            assert_eq!(nearest(found, names), expected, "{found}");
        }
    }
}
