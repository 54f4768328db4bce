//! Cuts RON into tokens, so that a place in the text can be named. Accepts anything: what is not
//! RON becomes tokens too, and the real parser says what is wrong with it.

/// What a token is, as far as finding fields needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// `:`.
    Colon,
    /// `,`.
    Comma,
    /// A name.
    Word,
    /// A number, a string, or anything else.
    Other,
}

/// A token and the bytes it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// The tokens of a text from a byte on; comments and white space are left out.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// Starts at byte `at` of `text`.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches(is_blank).len();
            let rest = rest.get(blank..).unwrap_or_default();
            let comment = match rest.as_bytes() {
                [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
                [b'/', b'*', ..] => block_comment(rest.as_bytes()),
                _ => 0,
            };
            self.at += blank + comment;
            if comment == 0 {
                return;
            }
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blank();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '(' | '[' | '{' => (Kind::Open, 1),
            ')' | ']' | '}' => (Kind::Close, 1),
            ':' => (Kind::Colon, 1),
            ',' => (Kind::Comma, 1),
            '"' => (Kind::Other, quoted(rest.as_bytes())),
            '\'' => (Kind::Other, character(rest)),
            '0'..='9' | '+' | '-' | '.' => (Kind::Other, run_of(rest, is_in_number)),
            _ if first == '_' || first.is_alphabetic() => word_or_text(rest),
            _ => (Kind::Other, first.len_utf8()),
        };
        let start = self.at;
        self.at += length.max(1);
        Some(Token { kind, start, end: self.at })
    }
}

/// The name that a word token is, without the mark of a raw name.
pub(super) fn name_of(text: &str, token: Token) -> &str {
    let word = text.get(token.start..token.end).unwrap_or_default();
    word.strip_prefix("r#").unwrap_or(word)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}')
}

fn is_in_number(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '-')
}

fn is_in_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn run_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Length of a block comment, which may hold others.
fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match bytes.get(at..) {
            Some([b'/', b'*', ..]) => (depth, at) = (depth + 1, at + 2),
            Some([b'*', b'/', ..]) => (depth, at) = (depth.saturating_sub(1), at + 2),
            Some([_, ..]) => at += 1,
            _ => return at,
        }
        if depth == 0 {
            return at;
        }
    }
}

/// Length of a quoted string, to the end of the text where it is not closed.
fn quoted(bytes: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') => return at + 1,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

/// Length of a character literal, or of the quote alone.
fn character(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1).take(12) {
        match c {
            '\'' if !escaped && at > 1 => return at + 1,
            '\n' => break,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    1
}

/// A name, or a string that starts with letters (`r"..."`, `b"..."`, `br##"..."##`).
fn word_or_text(text: &str) -> (Kind, usize) {
    let letters = run_of(text, is_in_word);
    let (prefix, rest) = text.split_at(letters);
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let opens = rest.as_bytes().get(hashes) == Some(&b'"');
    match prefix {
        "b" if opens && hashes == 0 => (Kind::Other, letters + quoted(rest.as_bytes())),
        "r" | "br" if opens => {
            let body = letters + hashes + 1;
            let closing = format!("\"{}", "#".repeat(hashes));
            let end = text.get(body..).and_then(|body| body.find(&closing));
            (Kind::Other, end.map_or(text.len(), |end| body + end + closing.len()))
        }
        "r" if hashes == 1 => {
            let name = rest.get(1..).map_or(0, |name| run_of(name, is_in_word));
            (Kind::Word, letters + 1 + name)
        }
        _ => (Kind::Word, letters),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_tokens() {
        let cases: [(&str, &[&str]); 12] = [
            ("(a: 1.5e-3,)", &["(", "a", ":", "1.5e-3", ",", ")"]),
            (r#"a: "x, \" (", b"#, &["a", ":", r#""x, \" (""#, ",", "b"]),
            (r##"r#"a"b"# x"##, &[r##"r#"a"b"#"##, "x"]),
            ("// (\n/* ( /* */ ( */ z", &["z"]),
            ("/* open", &[]),
            ("'(' ',' '\\''", &["'('", "','", "'\\''"]),
            ("'", &["'"]),
            ("r#type: b\"(\"", &["r#type", ":", "b\"(\""]),
            ("\"open (", &["\"open ("]),
            ("Grid(-5)", &["Grid", "(", "-5", ")"]),
            ("é\u{2028}ü", &["é", "ü"]),
            ("\"ends in \\", &["\"ends in \\"]),
        ];
        for (text, expected) in cases {
            let tokens: Vec<_> = Lexer::new(text, 0)
                .map(|token| text.get(token.start..token.end.min(text.len())).unwrap_or("?"))
                .collect();
            assert_eq!(tokens, expected, "{text}");
        }
    }
}
