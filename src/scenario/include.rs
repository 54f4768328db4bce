//! A scenario that includes another: one text of both, in which the fields of the first replace
//! those of the second, and the way back from a place in it to the file that it came from. Works on
//! text, so that what files leave to their defaults stays left to them.

use std::path::{Path, PathBuf};

use ron::value::RawValue;

use super::explain::SCENARIO;
use super::lex::{Kind, Lexer};
use super::library::{self, is_embedded};
use super::locate::{fields, find};
use super::problem::clip;
use super::read::{guard, read, typed, without_mark};
use super::{Problem, Scenario};

/// The field that names another scenario.
const FIELD: &str = "include";
/// Scenarios that one may stand on.
const DEPTH_MAX: usize = 8;
/// What the field takes.
const ACCEPTED: &str = "accepted: the name of an embedded scenario, or the path of a file beside \
                        this one, in quotes";

/// A scenario's text with everything that it includes.
pub(super) struct Whole {
    /// One text that needs no other.
    pub text: String,
    files: Vec<Source>,
    pieces: Vec<Piece>,
}

/// A file that the text is made of.
struct Source {
    name: String,
    text: String,
    /// Where its own files are looked for; none for what is inside the binary.
    folder: Option<PathBuf>,
    /// What tells it from others.
    key: PathBuf,
}

/// Bytes of the whole that are bytes of a file.
struct Piece {
    at: usize,
    length: usize,
    file: usize,
    from: usize,
}

/// The files that the scenario at `path` is made of besides itself; none where it cannot be read.
#[must_use]
pub fn included_by(path: &Path) -> Vec<PathBuf> {
    let name = path.display().to_string();
    let Ok(text) = read(&SCENARIO, path, &name) else { return Vec::new() };
    let folder = path.parent().unwrap_or(Path::new(""));
    let whole = whole(&name, without_mark(&text), Some(folder));
    let files = whole.map(|whole| whole.files).unwrap_or_default();
    let beside = files.into_iter().skip(1).filter(|file| file.folder.is_some());
    beside.map(|file| file.key).collect()
}

/// The whole text of a scenario called `name`, whose files are looked for in `folder`, or among
/// those inside the binary only.
///
/// # Errors
/// What is wrong with a file that is included, at its place in that file, or why it cannot be.
pub(super) fn whole(name: &str, text: &str, folder: Option<&Path>) -> Result<Whole, Problem> {
    let first = Source {
        name: name.to_owned(),
        text: text.to_owned(),
        folder: folder.map(Path::to_path_buf),
        key: Path::new(name).canonicalize().unwrap_or_else(|_| PathBuf::from(name)),
    };
    let mut files = vec![first];
    while let Some(last) = files.last()
        && find(&last.text, FIELD).1
    {
        once(last)?;
        let next = included(last)?;
        if files.iter().any(|file| file.key == next.key) {
            return Err(cycle(&files, &next.name));
        }
        if files.len() > DEPTH_MAX {
            let found = format!("this stands on more than {DEPTH_MAX} scenarios");
            return Err(at_field(last, found, "include one that has taken them in already"));
        }
        guard(&SCENARIO, &next.name, &next.text)?;
        files.push(next);
    }
    if files.len() == 1 {
        return Ok(Whole { text: text.to_owned(), files, pieces: Vec::new() });
    }
    // What is included is a scenario by itself: whatever is wrong with it is told of it alone.
    for depth in (1..files.len()).rev() {
        let part = joined(&files, depth);
        typed::<Scenario>(&SCENARIO, &part.0, &part.1)
            .map_err(|problem| place(&files, &part.2, &part.1, problem))?;
    }
    let (_, text, pieces) = joined(&files, 0);
    Ok(Whole { text, files, pieces })
}

impl Whole {
    /// A problem with the whole text, put where the file says what is wrong.
    pub fn placed(&self, problem: Problem) -> Problem {
        place(&self.files, &self.pieces, &self.text, problem)
    }
}

/// The scenario that a file includes.
fn included(file: &Source) -> Result<Source, Problem> {
    // Brackets that do not close would show in the wrong file.
    typed::<Box<RawValue>>(&SCENARIO, &file.name, &file.text)?;
    let (span, _) = find(&file.text, FIELD);
    let said = file.text.get(span.clone()).unwrap_or_default();
    let Ok(name) = ron::from_str::<String>(said) else {
        let found = format!("`{FIELD}` is {}", clip(said, 40));
        return Err(at_field(file, found, ACCEPTED));
    };
    let beside = file.folder.as_ref().map(|folder| folder.join(&name));
    if let Some(path) = beside.filter(|path| path.is_file()) {
        let shown = path.display().to_string();
        let text = read(&SCENARIO, &path, &shown)?;
        let folder = path.parent().map(Path::to_path_buf);
        let key = path.canonicalize().unwrap_or(path);
        return Ok(Source { name: shown, text: without_mark(&text).to_owned(), folder, key });
    }
    let short = name.strip_suffix(".ron").unwrap_or(&name);
    if is_embedded(short) {
        let known = library::embedded().iter().find(|(known, _)| *known == short);
        let text = known.map_or("", |(_, text)| *text).to_owned();
        let key = PathBuf::from(format!("embedded {short}"));
        return Ok(Source { name: format!("{short}.ron"), text, folder: None, key });
    }
    let names: Vec<&str> = library::embedded().iter().map(|(name, _)| *name).collect();
    let hint = super::combine::meant(super::problem::nearest(short, names.iter().copied()));
    let found = format!(
        "`{FIELD}` names `{}`, and there is no such file beside this one, nor an embedded scenario \
         of that name{hint}",
        clip(&name, 100)
    );
    Err(at_field(file, found, ACCEPTED))
}

/// Whether a file includes only one other.
fn once(file: &Source) -> Result<(), Problem> {
    let (fields, _) = fields(&file.text);
    let Some((_, span)) = fields.into_iter().filter(|(name, _)| *name == FIELD).nth(1) else {
        return Ok(());
    };
    let found = format!("a second `{FIELD}`, and a scenario includes one other");
    let accepted = "include one of the two, and let that one include the other";
    Err(Problem::at(&file.name, &file.text, span, found, accepted))
}

fn at_field(file: &Source, found: String, accepted: &str) -> Problem {
    Problem::at(&file.name, &file.text, find(&file.text, FIELD).0, found, accepted)
}

fn cycle(files: &[Source], again: &str) -> Problem {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).chain([again]).collect();
    let (found, advice) = if files.len() == 1 {
        ("this scenario includes itself".to_owned(), "name another, or take `include` out")
    } else {
        let circle = names.join(" -> ");
        (format!("scenarios include each other in a circle: {circle}"), "take one `include` out")
    };
    match files.last() {
        Some(last) => at_field(last, found, advice),
        None => Problem::of_file(again, found, ""),
    }
}

/// The text of the file at `depth` with what it lacks and a file after it has; its name, and where
/// everything came from.
fn joined(files: &[Source], depth: usize) -> (String, String, Vec<Piece>) {
    let (mut text, mut pieces) = (String::new(), Vec::new());
    let Some(own) = files.get(depth) else { return (String::new(), text, pieces) };
    let mut taken: Vec<&str> = vec![FIELD];
    let (own_fields, close) = fields(&own.text);
    taken.extend(own_fields.iter().map(|(name, _)| *name));
    let mut base = own.text.clone();
    if let Some((_, span)) = own_fields.iter().find(|(name, _)| *name == FIELD) {
        let comma = Lexer::new(&base, span.end).next().filter(|token| token.kind == Kind::Comma);
        blank(&mut base, span.start, comma.map_or(span.end, |token| token.end));
    }
    let before = base.get(..close).unwrap_or_default();
    let last = Lexer::new(before, 0).last().map(|token| token.kind);
    let mut open = !matches!(last, None | Some(Kind::Comma | Kind::Open));
    text.push_str(before);
    pieces.push(Piece { at: 0, length: close, file: depth, from: 0 });
    for (number, file) in files.iter().enumerate().skip(depth + 1) {
        let (fields, _) = fields(&file.text);
        let fresh: Vec<_> = fields.into_iter().filter(|(name, _)| !taken.contains(name)).collect();
        text.extend(["\n    // From ", &clip(&file.name, 200), ":\n"]);
        for (name, span) in fresh {
            text.push_str(if open { "    , " } else { "    " });
            let (at, length) = (text.len(), span.len());
            text.push_str(file.text.get(span.clone()).unwrap_or_default());
            text.push('\n');
            pieces.push(Piece { at, length, file: number, from: span.start });
            taken.push(name);
            open = true;
        }
    }
    let rest = base.get(close..).unwrap_or_default();
    pieces.push(Piece { at: text.len(), length: rest.len() + 1, file: depth, from: close });
    text.push_str(rest);
    (own.name.clone(), text, pieces)
}

/// Spaces in place of a part of a text; its lines stay.
fn blank(text: &mut String, from: usize, to: usize) {
    let spaces = |c: char| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) };
    let part: String = text.get(from..to).unwrap_or_default().chars().map(spaces).collect();
    if part.len() == to.saturating_sub(from) {
        text.replace_range(from..to, &part);
    }
}

/// A problem with a joined text, put where it is in the files.
fn place(files: &[Source], pieces: &[Piece], text: &str, problem: Problem) -> Problem {
    let Some(position) = problem.position().filter(|_| !pieces.is_empty()) else { return problem };
    let lines = text.split_inclusive('\n').take(position.line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let column = rest.char_indices().nth(position.column.saturating_sub(1));
    let at = start + column.map_or(rest.len(), |(byte, _)| byte);
    let near = pieces.iter().rfind(|piece| piece.at <= at).or(pieces.first());
    let found = near.and_then(|piece| Some((piece, files.get(piece.file)?)));
    let Some((piece, file)) = found else { return problem };
    let from = piece.from + (at.saturating_sub(piece.at)).min(piece.length);
    problem.elsewhere(&file.name, &file.text, from)
}
