//! A look at Rust text that is just deep enough for the rules: what is code and what is a comment
//! or a literal, which lines are tests, where attributes and functions begin and end. It is no
//! parser: text that does not compile gets an answer, not an error.

use std::ops::Range;

/// One Rust file.
pub struct Source {
    /// The text with comments, strings and characters blanked, byte for byte as long.
    pub code: String,
    starts: Vec<usize>,
    tests: Vec<Range<usize>>,
}

/// A function with a body.
pub struct Function {
    pub name: String,
    pub line: usize,
    /// Lines between its braces.
    pub body_lines: usize,
}

impl Source {
    pub fn new(text: &str) -> Self {
        let code = blank(text);
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut source = Self { starts: starts.collect(), tests: Vec::new(), code };
        source.tests = source.test_ranges();
        source
    }

    /// The line, from 1, of the byte `at`.
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Whether the byte `at` is compiled for tests only.
    pub fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// Where `needle` stands in the code as whole words.
    pub fn find<'a>(&'a self, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
        let ends_in_word = needle.ends_with(is_word);
        let starts_with_word = needle.starts_with(is_word);
        self.code.match_indices(needle).map(|(at, _)| at).filter(move |at| {
            let before = self.code[..*at].ends_with(is_word);
            let after = self.code[at + needle.len()..].starts_with(is_word);
            !(before && starts_with_word || after && ends_in_word)
        })
    }

    /// The words of the code with their places.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            at += self.code[at..].find(is_word)?;
            let word = word_at(&self.code, at);
            at += word.len();
            Some((at - word.len(), word))
        })
    }

    /// What stands between the brackets of each attribute, with the place of its `#`.
    pub fn attributes(&self) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices('#') {
            let rest = &self.code[at + 1..];
            let open = at + 1 + usize::from(rest.starts_with('!'));
            if self.code[open..].starts_with('[') {
                let end = self.closing(open);
                found.push((at, &self.code[open + 1..end]));
            }
        }
        found
    }

    /// The functions that have a body, nested ones included.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for at in self.find("fn") {
            let name_at = self.skip_space(at + 2);
            let name = word_at(&self.code, name_at);
            let Some(open) = self.body(name_at) else { continue };
            if !name.is_empty() {
                let between = self.line(self.closing(open)) - self.line(open);
                let body_lines = between.saturating_sub(1);
                found.push(Function { name: name.to_owned(), line: self.line(at), body_lines });
            }
        }
        found
    }

    /// Names of modules that are declared for tests only and live in files of their own.
    pub fn test_modules(&self) -> Vec<String> {
        let modules = self.find("mod").filter(|at| self.is_test(*at));
        let names = modules.filter_map(|at| {
            let name_at = self.skip_space(at + 3);
            let name = word_at(&self.code, name_at);
            let rest = &self.code[name_at + name.len()..];
            (!name.is_empty() && rest.trim_start().starts_with(';')).then(|| name.to_owned())
        });
        names.collect()
    }

    fn test_ranges(&self) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (at, inside) in self.attributes() {
            if !is_test_attribute(inside) {
                continue;
            }
            if self.code[at + 1..].starts_with('!') {
                ranges.push(0..self.code.len());
                continue;
            }
            let end = self.item_end(at);
            ranges.push(at..end);
        }
        ranges
    }

    /// Where the item whose first attribute stands at `at` ends.
    fn item_end(&self, mut at: usize) -> usize {
        while self.code[at..].starts_with("#[") {
            at = self.skip_space(self.closing(at + 1) + 1);
        }
        match self.stop(at) {
            Some(open) if self.code[open..].starts_with('{') => self.closing(open) + 1,
            Some(end) => end + 1,
            None => self.code.len(),
        }
    }

    /// The brace that opens the body of the function whose name stands at `at`.
    fn body(&self, at: usize) -> Option<usize> {
        self.stop(at).filter(|open| self.code[*open..].starts_with('{'))
    }

    /// Where what starts at `at` gets its block or ends without one.
    fn stop(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (offset, byte) in self.code[at..].bytes().enumerate() {
            match byte {
                b'(' | b'[' => depth += 1,
                b'{' if depth > 0 || self.code[..at + offset].ends_with('<') => depth += 1,
                b'}' | b')' | b']' if depth > 0 => depth -= 1,
                b'{' | b'}' | b')' | b']' | b';' if depth == 0 => return Some(at + offset),
                _ => {}
            }
        }
        None
    }

    /// The bracket that closes the one at `open`; the last byte when none does.
    pub fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (offset, byte) in self.code[open..].bytes().enumerate() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return open + offset;
                    }
                }
                _ => {}
            }
        }
        self.code.len().saturating_sub(1)
    }

    fn skip_space(&self, at: usize) -> usize {
        self.code.len() - self.code[at..].trim_start().len()
    }
}

/// The word that starts at `at`; empty when none does.
pub fn word_at(code: &str, at: usize) -> &str {
    let rest = &code[at..];
    &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
}

/// Whether `c` can be part of a name or a number.
pub fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn is_test_attribute(inside: &str) -> bool {
    let words = inside.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    words.first() == Some(&"cfg")
        && words.contains(&"test")
        && !words.contains(&"not")
        && !words.contains(&"any")
}

/// Blanks comments and literals; line ends stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_comment(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment(bytes, at),
            b'"' => quoted(bytes, at),
            b'\'' => character(text, at),
            b'r' | b'b' | b'c' if !follows_word(bytes, at) => prefixed(bytes, at),
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    // Blanks replace whole characters only, so this holds; a slip would show as an empty file.
    String::from_utf8(out).unwrap_or_default()
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1] == b'_' || bytes[at - 1].is_ascii_alphanumeric())
}

fn line_comment(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |offset| at + offset)
}

fn block_comment(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut here = at;
    while here < bytes.len() {
        if bytes[here..].starts_with(b"/*") {
            depth += 1;
            here += 2;
        } else if bytes[here..].starts_with(b"*/") {
            depth -= 1;
            here += 2;
            if depth == 0 {
                return here;
            }
        } else {
            here += 1;
        }
    }
    bytes.len()
}

/// The end of the string whose first quote stands at `at`.
fn quoted(bytes: &[u8], at: usize) -> usize {
    let mut here = at + 1;
    while here < bytes.len() {
        match bytes[here] {
            b'\\' => here += 2,
            b'"' => return here + 1,
            _ => here += 1,
        }
    }
    bytes.len()
}

/// The end of the character at `at`, or `at` itself when a lifetime stands there.
fn character(text: &str, at: usize) -> usize {
    let mut rest = text[at + 1..].char_indices();
    match rest.next() {
        Some((_, '\\')) => {
            rest.next();
            rest.find(|(_, c)| *c == '\'').map_or(text.len(), |(offset, _)| at + 2 + offset)
        }
        Some(_) => match rest.next() {
            Some((offset, '\'')) => at + 2 + offset,
            _ => at,
        },
        None => at,
    }
}

/// The end of a literal with a prefix (`r"`, `b'`, `br#"`, `c"`), or `at` when it is a word.
fn prefixed(bytes: &[u8], at: usize) -> usize {
    let letters = bytes[at..].iter().take_while(|byte| b"rbc".contains(byte)).count();
    let raw = bytes[at..at + letters].contains(&b'r');
    let rest = &bytes[at + letters..];
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    match rest.get(hashes) {
        Some(b'"') if raw && letters <= 2 => {
            let close: Vec<u8> = [b'"'].into_iter().chain(vec![b'#'; hashes]).collect();
            let from = at + letters + hashes + 1;
            let end = bytes[from..].windows(close.len()).position(|w| w == close);
            end.map_or(bytes.len(), |offset| from + offset + close.len())
        }
        Some(b'"') if letters == 1 && hashes == 0 => quoted(bytes, at + 1),
        Some(b'\'') if bytes[at] == b'b' && letters == 1 && hashes == 0 => {
            let escaped = usize::from(rest.get(1) == Some(&b'\\'));
            let from = at + 3 + escaped;
            let end = bytes.iter().skip(from).position(|byte| *byte == b'\'');
            end.map_or(bytes.len(), |offset| from + offset + 1)
        }
        _ => at,
    }
}

/// The code of a made-up text, its blanks squeezed.
fn squeezed(text: &str) -> String {
    let code = blank(text);
    assert_eq!(code.len(), text.len(), "{text}");
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn comments_and_literals_are_no_code() {
    let table = [
        ("a // b\nc", "a c"),
        ("a /* x /* y */ z */ b", "a b"),
        ("f(\"{\\\"}\", 'a', \"//\") // \"", "f( , , )"),
        ("r#\"a\"b\"# + r\"\\\" + x", "+ + x"),
        ("b'\\'' b'{' '\\'' '}' '\\u{7d}' '\"' x", "x"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ("br\"{\" c\"{\" b\"{\" bar br##\"\"#{\"## y", "bar y"),
        ("'\u{e9}' r#fn \"\u{e9}\" y", "r#fn y"),
        ("x \"open {", "x"),
        ("x /* open", "x"),
    ];
    for (text, expected) in table {
        assert_eq!(squeezed(text), expected, "{text}");
    }
}

#[test]
fn lines_count_from_one() {
    let source = Source::new("a\nb c\n\nd");
    let lines: Vec<_> = source.words().map(|(at, word)| (source.line(at), word)).collect();
    assert_eq!(lines, [(1, "a"), (2, "b"), (2, "c"), (4, "d")]);
}

#[test]
fn needles_are_whole_words() {
    let source = Source::new("fn fnord my_fn fn( x.fn fn2");
    assert_eq!(source.find("fn").collect::<Vec<_>>(), [0, 15, 21]);
}

#[test]
fn tests_reach_to_the_end_of_their_item() {
    let table = [
        ("a #[cfg(test)] #[x(y)] mod t { b { c } } d", "b c", "a d"),
        ("a #[cfg(test)] const B: [u8; 2] = c; d", "B c", "a d"),
        ("a #[cfg(all(test, unix))] use b::{c}; d", "b c", "a d"),
        ("a #[cfg(not(test))] fn d() {}", "", "a d"),
        ("#![cfg(test)] a b", "a b", ""),
        ("#[cfg(any(test, unix))] mod a { d }", "", "a d"),
    ];
    for (text, tests, others) in table {
        let source = Source::new(text);
        let inside = |word: &str| source.find(word).all(|at| source.is_test(at));
        assert!(tests.split_whitespace().all(inside), "{text}");
        assert!(!others.split_whitespace().any(inside), "{text}");
    }
}

#[test]
fn modules_for_tests_are_named() {
    let text = "#[cfg(test)]\nmod a;\nmod b;\n#[cfg(test)] mod c { mod d; fn e() {} }";
    assert_eq!(Source::new(text).test_modules(), ["a", "d"]);
}

#[test]
fn bodies_are_measured_between_their_braces() {
    let text = "fn a() {}\ntrait T { fn b(&self); }\nfn c<F: Fn(u8) -> [u8; 2]>(f: F)\nwhere\n    \
                F: X,\n{\n    let s = \"}\";\n    fn d() -> [u8; { 1 }] {\n        1\n    }\n}\n\
                type P = fn(u8);\nfn e() -> A<{ 1 }> {\n}\n";
    let functions = Source::new(text).functions();
    let found = functions.iter().map(|f| (f.name.as_str(), f.line, f.body_lines));
    assert_eq!(found.collect::<Vec<_>>(), [("a", 1, 0), ("c", 3, 4), ("d", 8, 1), ("e", 13, 0)]);
}
