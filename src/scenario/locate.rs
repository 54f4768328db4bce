//! Finds the place of a field path in RON text, and the path of a place. Works on text that does
//! not parse, as far as its brackets go; must not recurse, for the nesting is the file's.

use std::ops::Range;

use super::lex::{Kind, Lexer, Token, name_of};

/// A field or an element inside brackets.
struct Entry<'a> {
    name: Option<&'a str>,
    name_span: Range<usize>,
    value: Range<usize>,
}

/// The inside of a pair of brackets.
struct Inside<'a> {
    entries: Vec<Entry<'a>>,
    /// A name stands before the bracket, as in `Grid(..)`.
    named: bool,
    list: bool,
}

/// Where `path` stands: the bytes of its value and true, or those of the nearest enclosing value
/// that is there and false.
pub(super) fn find(text: &str, path: &str) -> (Range<usize>, bool) {
    let mut here = document(text);
    for step in steps(path) {
        match child(text, &here, step) {
            Some(value) => here = value,
            None => return (here, false),
        }
    }
    (here, true)
}

/// The path of the innermost value around byte `at`, and the bytes of that value.
pub(super) fn path_at(text: &str, at: usize) -> (String, Range<usize>) {
    let mut path = String::new();
    let mut here = document(text);
    while let Some(inside) = inside(text, &here) {
        let single = inside.named && inside.entries.len() == 1;
        let holds = |entry: &Entry<'_>| (entry.name_span.start..entry.value.end).contains(&at);
        let Some((index, entry)) =
            inside.entries.into_iter().enumerate().find(|(_, entry)| holds(entry))
        else {
            break;
        };
        match entry.name {
            Some(name) if path.is_empty() => path.push_str(name),
            Some(name) => path.extend([".", name]),
            None if single => {}
            None => path.extend(["[", &index.to_string(), "]"]),
        }
        here = entry.value;
    }
    (path, here)
}

/// The fields of the whole, each by name with the bytes of name and value, and the byte at which
/// its bracket closes.
pub(super) fn fields<'a>(text: &'a str) -> (Vec<(&'a str, Range<usize>)>, usize) {
    let whole = document(text);
    let close = whole.end.saturating_sub(1).max(whole.start);
    let entries = inside(text, &whole).map(|inside| inside.entries).unwrap_or_default();
    let field = |entry: Entry<'a>| Some((entry.name?, entry.name_span.start..entry.value.end));
    (entries.into_iter().filter_map(field).collect(), close)
}

/// `path` without its indexes, as the field table spells it.
pub(super) fn pattern(path: &str) -> String {
    let mut in_index = false;
    let keep = |c: &char| {
        in_index = if in_index { *c != ']' } else { *c == '[' };
        !in_index || *c == '['
    };
    path.chars().filter(keep).collect()
}

/// From a value to one inside it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let parts = path.split(['.', '[']).filter(|part| !part.is_empty());
    parts.map(|part| match part.strip_suffix(']').map(str::parse) {
        Some(Ok(index)) => Step::Index(index),
        _ => Step::Field(part),
    })
}

/// The bytes of the whole value, after any `#![enable(..)]`.
fn document(text: &str) -> Range<usize> {
    let mut tokens = Lexer::new(text, 0).peekable();
    while tokens.next_if(|token| text.get(token.start..token.end) == Some("#")).is_some() {
        let mut depth = 0_usize;
        for token in tokens.by_ref() {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && token.kind == Kind::Close {
                break;
            }
        }
    }
    let start = tokens.peek().map_or(text.len(), |token| token.start);
    start..tokens.last().map_or(start, |token| token.end)
}

/// The value one step below `here`, looking through the brackets of a variant around one value.
fn child(text: &str, here: &Range<usize>, step: Step<'_>) -> Option<Range<usize>> {
    let inside = unwrapped(text, here.clone())?;
    match step {
        Step::Field(name) => {
            let mut entries = inside.entries.into_iter();
            entries.find(|entry| entry.name == Some(name)).map(|entry| entry.value)
        }
        Step::Index(index) => inside.entries.into_iter().nth(index).map(|entry| entry.value),
    }
}

/// The first brackets in `value` that hold more than one bare value: `Stations([a])` is its list.
fn unwrapped(text: &str, value: Range<usize>) -> Option<Inside<'_>> {
    let mut here = value;
    loop {
        let found = inside(text, &here)?;
        let below = match found.entries.as_slice() {
            [only] if only.name.is_none() && found.named && !found.list => only.value.clone(),
            _ => return Some(found),
        };
        if inside(text, &below).is_none() {
            return Some(found);
        }
        here = below;
    }
}

/// The entries of the brackets that `value` is; `None` where it is none.
fn inside<'a>(text: &'a str, value: &Range<usize>) -> Option<Inside<'a>> {
    let mut tokens = Lexer::new(text, value.start).take_while(|token| token.start < value.end);
    let mut named = false;
    let open = loop {
        let token = tokens.next()?;
        match token.kind {
            Kind::Word => named = true,
            Kind::Open => break token,
            _ => return None,
        }
    };
    let list = text.get(open.start..open.end) == Some("[");
    let mut entries = Vec::new();
    let mut current: Vec<Token> = Vec::new();
    let mut end = 0;
    let mut depth = 0_usize;
    for token in tokens {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth == 0 => break,
            Kind::Close => depth -= 1,
            Kind::Comma if depth == 0 => {
                entries.extend(entry(text, &current, end));
                current.clear();
                continue;
            }
            _ => {}
        }
        end = token.end;
        // Name, colon and the first token of the value are all that is ever looked at.
        if current.len() < 3 {
            current.push(token);
        }
    }
    entries.extend(entry(text, &current, end));
    Some(Inside { entries, named, list })
}

/// The entry whose first tokens are `tokens` and whose last byte is before `end`.
fn entry<'a>(text: &'a str, tokens: &[Token], end: usize) -> Option<Entry<'a>> {
    match tokens {
        [name, colon, rest @ ..] if name.kind == Kind::Word && colon.kind == Kind::Colon => {
            let start = rest.first().map_or(colon.end, |token| token.start);
            Some(Entry {
                name: Some(name_of(text, *name)),
                name_span: name.start..name.end,
                value: start..end.max(start),
            })
        }
        [first, ..] => Some(Entry {
            name: None,
            name_span: first.start..first.start,
            value: first.start..end.max(first.start),
        }),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"#![enable(implicit_some)]
// nodes: (count: 1)
Scenario(
    title: "nodes: (count: 2), [", /* nodes: (count: 3) */
    note: r#"a " nodes: ("#,
    nodes: Nodes(count: 4, layout: Stations([(name: "A"), (name: "B", latitude: 9.5),])),
    storms: [(radius_mm: 1), (path: [(tick: 0), (tick: 7)], radius_mm: 20)],
    signals: [(source: Synthetic(waves: [(amplitude: 1.5)]))],
    camera: [(eye_mm: (1, 2, 33))], quoted: Dtim(3),
)"##;

    #[test]
    fn finds_values_and_names_them_back() {
        let cases = [
            ("title", r#""nodes: (count: 2), [""#),
            ("nodes.count", "4"),
            ("nodes.layout[1].latitude", "9.5"),
            ("nodes.layout[0].name", "\"A\""),
            ("storms[0].radius_mm", "1"),
            ("storms[1].radius_mm", "20"),
            ("storms[1].path[1].tick", "7"),
            ("signals[0].source.waves[0].amplitude", "1.5"),
            ("camera[0].eye_mm[2]", "33"),
            ("quoted", "Dtim(3)"),
        ];
        for (path, expected) in cases {
            let (span, exact) = find(TEXT, path);
            assert!(exact, "{path}");
            assert_eq!(TEXT.get(span.clone()), Some(expected), "{path}");
            assert_eq!(path_at(TEXT, span.start).0, path);
        }
    }

    #[test]
    fn falls_back_to_what_encloses() {
        let (span, exact) = find(TEXT, "storms[1].intensity");
        assert!(!exact);
        assert!(TEXT.get(span).is_some_and(|text| text.starts_with("(path:")));
        let (span, exact) = find(TEXT, "radio.mtu_bytes");
        assert!(!exact && TEXT.get(span).is_some_and(|text| text.starts_with("Scenario(")));
        for text in ["", "(", "#", "#![", "# ) ]", "(((", "a: b", "(a:", ")]}", "'", "(a: (b"] {
            let (span, _) = find(text, "a.b[0].c");
            assert!(span.start <= span.end && span.end <= text.len(), "{text}");
            let (_, span) = path_at(text, 1);
            assert!(span.start <= span.end && span.end <= text.len(), "{text}");
        }
    }

    #[test]
    fn indexes_are_not_part_of_a_pattern() {
        assert_eq!(pattern("storms[12].path[3].x_mm"), "storms[].path[].x_mm");
        assert_eq!(pattern("a1.b"), "a1.b");
    }
}
