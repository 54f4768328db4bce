//! The page of a report: one file that needs nothing else. All text goes through [`escaped`]; must
//! not hold a reference to anything outside the page.

use std::fmt::Write as _;

/// What every page looks like.
const STYLE: &str = include_str!("page.css");

/// What every page begins with.
const HEAD: &str = concat!(
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; ",
    "style-src &#39;unsafe-inline&#39;\">\n<title>",
);
/// The same, as bytes of a file.
pub const BEGINS: &[u8] = HEAD.as_bytes();

/// Text as it stands in a page, between tags or in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            // What no page may hold, and what would turn round the text after it.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => out.push('\u{FFFD}'),
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A page that grows from top to bottom.
pub(super) struct Page {
    title: String,
    body: String,
}

impl Page {
    /// A page with its title and a line under it.
    pub fn new(title: &str, under: &str) -> Self {
        let title = escaped(title);
        let body = format!("<h1>{title}</h1>\n<p class=\"soft\">{}</p>\n", escaped(under));
        Self { title, body }
    }

    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escaped(text));
    }

    pub fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(self.body, "<p>{}</p>", escaped(text));
        }
    }

    /// Figures that stand out: what each is, and its value.
    pub fn tiles(&mut self, tiles: &[(String, String)]) {
        self.body.push_str("<div class=\"tiles\">\n");
        for (what, value) in tiles {
            let (what, value) = (escaped(what), escaped(value));
            let _ =
                writeln!(self.body, "<div class=\"tile\"><b>{value}</b><span>{what}</span></div>");
        }
        self.body.push_str("</div>\n");
    }

    /// Plots side by side, as [`super::plot`] draws them.
    pub fn plots(&mut self, plots: &[String]) {
        if !plots.is_empty() {
            let _ = writeln!(self.body, "<div class=\"plots\">\n{}</div>", plots.concat());
        }
    }

    /// A table; a page may be narrower than it.
    pub fn table(&mut self, table: &Table) {
        self.body.push_str("<div class=\"wide\"><table>\n<thead><tr>");
        for (name, kind) in &table.columns {
            let _ = write!(self.body, "<th{}>{}</th>", kind.class(), escaped(name));
        }
        self.body.push_str("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.body.push_str("<tr>");
            for (cell, (_, kind)) in row.iter().zip(&table.columns) {
                let _ = write!(self.body, "<td{}>{}", kind.class(), escaped(&cell.text));
                if let Some(part) = cell.part {
                    let part = part.clamp(0.0, 1.0);
                    let _ = write!(
                        self.body,
                        "<meter min=\"0\" max=\"1\" value=\"{part:.3}\"></meter>"
                    );
                }
                self.body.push_str("</td>");
            }
            self.body.push_str("</tr>\n");
        }
        self.body.push_str("</tbody></table></div>\n");
    }

    /// Lines to copy.
    pub fn lines(&mut self, text: &str) {
        let _ = writeln!(self.body, "<pre>{}</pre>", escaped(text));
    }

    /// The same behind a line that opens it.
    pub fn folded(&mut self, summary: &str, text: &str) {
        let (summary, text) = (escaped(summary), escaped(text));
        let _ = writeln!(
            self.body,
            "<details><summary>{summary}</summary>\n<pre>{text}</pre></details>"
        );
    }

    /// The whole file.
    pub fn finish(self) -> String {
        let Self { title, body } = self;
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "{HEAD}{title}</title>\n\
             <style>\n{STYLE}</style>\n\
             </head>\n<body>\n<main>\n{body}<footer>Made by qres {version}. This page needs \
             no other file and no network.</footer>\n</main>\n</body>\n</html>\n"
        )
    }
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Remark,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Number => " class=\"n\"",
            Self::Remark => " class=\"m\"",
        }
    }
}

/// A cell, and how much of its column's largest it is, where that is drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub text: String,
    pub part: Option<f64>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, part: None }
    }
}

/// A table.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub columns: Vec<(String, Kind)>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[(&str, Kind)]) -> Self {
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(Cell::from).collect());
    }
}

/// A number as people read it: four digits that count, thousands apart.
pub(super) fn shown(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let size = value.abs();
    let decimals = match size {
        _ if value.fract() == 0.0 || size >= 1_000.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ if size >= 0.1 => 3,
        _ if size >= 0.0001 => 5,
        _ => return format!("{value:.2e}"),
    };
    let text = format!("{value:.decimals$}");
    let text = text.strip_prefix('-').unwrap_or(&text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let mut out = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push('\u{202F}');
        }
        out.push(digit);
    }
    let part = part.trim_end_matches('0');
    if !part.is_empty() {
        out.extend([".", part]);
    }
    out
}
