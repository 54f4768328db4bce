//! Puts a value into the text of a scenario, in place of what stands there or as a new field.
//! Works on text, so that what the file leaves to its defaults stays left to them.

use super::super::fields::field;
use super::super::lex::{Kind, Lexer};
use super::super::locate::{find, pattern};
use super::super::problem::clip;

/// Why a value cannot be put there.
pub(super) struct Unplaced {
    /// What was found.
    pub found: String,
    /// How to mend it.
    pub accepted: String,
}

/// `text` with `value` at `path`.
pub(super) fn put(text: &str, path: &str, value: &str) -> Result<String, Unplaced> {
    let ends = ends(path);
    for (at, end) in ends.iter().enumerate().rev() {
        let there = path.get(..*end).unwrap_or_default();
        let (span, is_exact) = find(text, there);
        if !is_exact {
            continue;
        }
        let mut out = text.to_owned();
        if *end == path.len() {
            out.replace_range(span, value);
            return Ok(out);
        }
        let written = written(path, ends.get(at..).unwrap_or_default(), value)?;
        let mut inside = Lexer::new(text, span.start).take_while(|token| token.start < span.end);
        let open = inside.find(|token| token.kind == Kind::Open);
        let Some(open) = open.filter(|open| text.get(open.start..open.end) == Some("(")) else {
            return Err(unplaced(path, there, text.get(span).unwrap_or_default()));
        };
        out.insert_str(open.end, &format!("{written}, "));
        return Ok(out);
    }
    Err(Unplaced { found: format!("`{path}` has no place"), accepted: String::new() })
}

/// The ends of the leading parts of a path: of `a.b[0].c` those of nothing, `a`, `a.b`, `a.b[0]`
/// and the whole.
fn ends(path: &str) -> Vec<usize> {
    let cuts = path.match_indices(['.', '[']).map(|(at, _)| at);
    let mut ends: Vec<usize> = std::iter::once(0).chain(cuts).collect();
    ends.push(path.len());
    ends
}

/// The missing fields from one end to the last, each in its default's brackets.
fn written(path: &str, ends: &[usize], value: &str) -> Result<String, Unplaced> {
    let mut out = value.to_owned();
    for pair in ends.windows(2).rev() {
        let [from, to] = pair else { break };
        let (whole, step) = (path.get(..*to), path.get(*from..*to));
        let (whole, step) = (whole.unwrap_or_default(), step.unwrap_or_default());
        if step.starts_with('[') {
            return Err(Unplaced {
                found: format!("`{path}` has no place: there is no `{whole}` in the scenario"),
                accepted: "name an element that is there, counted from 0".to_owned(),
            });
        }
        if *to < path.len() {
            // A default such as `Grid()` says which variant it is that has the field.
            let default = field(&pattern(whole)).map_or("", |row| row.default);
            let Some(variant) = default.strip_suffix("()") else {
                return Err(unplaced(path, whole, default));
            };
            out = format!("{variant}({out})");
        }
        out = format!("{}: {out}", step.trim_start_matches('.'));
    }
    Ok(out)
}

fn unplaced(path: &str, outer: &str, now: &str) -> Unplaced {
    Unplaced {
        found: format!("`{path}` has no place: `{outer}` is {}", clip(now, 40)),
        accepted: format!("give `{outer}` the fields in the scenario, or vary it before this"),
    }
}

/// A value without its comments, in one line.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::new();
    let mut before = 0;
    for token in Lexer::new(text, 0) {
        if !out.is_empty() && token.start > before && !out.ends_with(['(', '[', '{']) {
            let closes = matches!(token.kind, Kind::Close | Kind::Comma | Kind::Colon);
            if !closes {
                out.push(' ');
            }
        }
        out.push_str(text.get(token.start..token.end.min(text.len())).unwrap_or_default());
        before = token.end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "(title: \"a\", nodes: (), radio: (range_mm: 9 /* m */), storms: [(to: 1)], \
                        twt: (listen: Dtim(3)), evolution: Off)";

    #[test]
    fn values_find_their_place() {
        let cases = [
            ("radio.range_mm", "7", "radio: (range_mm: 7 /* m */)"),
            ("storms[0].to", "2", "storms: [(to: 2)]"),
            ("storms", "[]", "storms: []"),
            ("seed", "5", "(seed: 5, title: \"a\""),
            ("nodes.count", "3", "nodes: (count: 3, )"),
            ("nodes.layout.columns", "3", "nodes: (layout: Grid(columns: 3), )"),
            ("protocol.trust.gini_alarm", "0.1", "(protocol: (trust: (gini_alarm: 0.1)), title"),
            ("storms[0].radius_mm", "8", "storms: [(radius_mm: 8, to: 1)]"),
        ];
        for (path, value, expected) in cases {
            let text = put(TEXT, path, value).unwrap_or_else(|why| panic!("{}", why.found));
            assert!(text.contains(expected), "{path}: {text}");
        }
    }

    #[test]
    fn what_has_no_place_is_told() {
        let cases = [
            ("storms[1].to", "no `storms[1]` in the scenario"),
            ("evolution.mutation", "`evolution` is Off"),
            ("camera[0].name", "no `camera[0]` in the scenario"),
            ("protocol.aggregation.faulty", "`protocol.aggregation` is TrimmedMean"),
        ];
        for (path, expected) in cases {
            let why = put(TEXT, path, "1").err().map(|why| why.found).unwrap_or_default();
            assert!(why.contains(expected), "{path}: {why}");
        }
    }

    #[test]
    fn values_become_one_line() {
        let cases = [
            ("Krum(\n    faulty: 2, // two\n)", "Krum(faulty: 2,)"),
            ("\"a  b\"", "\"a  b\""),
            ("[1,2,\n3]", "[1,2, 3]"),
            ("-0.5", "-0.5"),
        ];
        for (text, expected) in cases {
            assert_eq!(one_line(text), expected);
        }
    }
}
