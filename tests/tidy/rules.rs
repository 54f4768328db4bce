//! The rules that look at one file at a time. Each takes a file and adds what it finds; none has
//! an exception for a single file beyond the places that its own message names.

use crate::source::{Source, is_word, word_at};
use crate::tree::File;
use crate::{Finding, note};

const FILE_LINES: usize = 600;
const BODY_LINES: usize = 70;
const LINE_CHARS: usize = 100;
const TRACKED_BYTES: u64 = 2 << 20;

/// Written in two parts, so that this file keeps its own rule.
const BESIDE: &str = concat!("..", "/shared");
const MAKER: &str = concat!("help", "er");

/// What the root holds beside dot-files and licences.
const TOP: &str = "Cargo.toml Cargo.lock README.md src core assets docs firmware scenarios tests";

/// A rule about one file.
pub type Rule = fn(&File, &mut Vec<Finding>);

/// All of them.
pub const RULES: [Rule; 10] =
    [opening, lengths, bodies, floats, attributes, panics, colours, words, top_level, sizes];

/// Every Rust file says first what it is.
fn opening(file: &File, found: &mut Vec<Finding>) {
    if file.source.is_some() && !file.text.starts_with("//!") {
        note(found, &file.path, 1, "does not open with `//!`", "a file says first what it is");
    }
}

/// Files and lines stay readable.
fn lengths(file: &File, found: &mut Vec<Finding>) {
    if file.source.is_none() {
        return;
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES {
        let what = format!("{lines} lines");
        note(found, &file.path, lines, &what, "a file has at most 600 lines");
    }
    for (index, line) in file.text.lines().enumerate() {
        let chars = line.chars().count();
        if chars > LINE_CHARS {
            let what = format!("{chars} characters");
            note(found, &file.path, index + 1, &what, "a line has at most 100 characters");
        }
    }
}

/// Functions fit on a screen, those of tests too.
fn bodies(file: &File, found: &mut Vec<Finding>) {
    for function in file.source.iter().flat_map(Source::functions) {
        if function.body_lines > BODY_LINES {
            let what = format!("`fn {}` has {} lines", function.name, function.body_lines);
            note(found, &file.path, function.line, &what, "a body has at most 70 lines");
        }
    }
}

/// Consensus is integer only.
fn floats(file: &File, found: &mut Vec<Finding>) {
    let core = file.path.starts_with("core/src/") && file.path != "core/src/boundary.rs";
    let figures = ["src/mesh/publish.rs", "src/mesh/publish/", "src/mesh/summary.rs"];
    let mesh = file.path.starts_with("src/mesh/")
        && !figures.iter().any(|place| file.path.starts_with(place));
    let rule = if core {
        "core has floats in core/src/boundary.rs only"
    } else {
        "mesh has floats in publish and summary.rs only"
    };
    let Some(source) = file.source.as_ref().filter(|_| core || mesh) else { return };
    for (at, word) in source.words().filter(|(_, word)| names_float(word)) {
        note(found, &file.path, source.line(at), &format!("`{word}`"), rule);
    }
}

/// Whether a word is a float type, carries one as a suffix or converts to or from one.
fn names_float(word: &str) -> bool {
    word.split('_').any(|part| {
        let number = part.strip_suffix("f32").or_else(|| part.strip_suffix("f64"));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Lints are expected with a reason, and every test runs.
fn attributes(file: &File, found: &mut Vec<Finding>) {
    let Some(source) = &file.source else { return };
    for (at, inside) in source.attributes() {
        let line = source.line(at);
        let has = |word: &str| inside.split(|c| !is_word(c)).any(|w| w == word);
        if inside.contains("allow(") && has("allow") {
            note(found, &file.path, line, "`allow`", "a lint is let go by `expect` with a reason");
        }
        if inside.contains("expect(") && has("expect") && !has("reason") {
            note(
                found,
                &file.path,
                line,
                "`expect` without `reason`",
                "a let-go lint has a reason",
            );
        }
        if inside.starts_with("ignore") || has("cfg_attr") && has("ignore") {
            note(found, &file.path, line, "`ignore`", "no test is left out");
        }
    }
}

/// What a file or a flag can reach never panics.
fn panics(file: &File, found: &mut Vec<Finding>) {
    let Some(source) = &file.source else { return };
    for needle in [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!"] {
        for at in source.find(needle).filter(|at| !file.is_test(*at)) {
            let what = format!("`{needle}`");
            note(found, &file.path, source.line(at), &what, "only tests may panic");
        }
    }
}

/// Colours live in the theme.
fn colours(file: &File, found: &mut Vec<Finding>) {
    const SPACES: [&str; 14] = [
        "Color",
        "Color32",
        "LinearRgba",
        "Srgba",
        "Rgba",
        "Hsla",
        "Hsva",
        "Hwba",
        "Laba",
        "Lcha",
        "Oklaba",
        "Oklcha",
        "Xyza",
        "HsvaGamma",
    ];
    let Some(source) = file.source.as_ref().filter(|_| file.name() != "theme.rs") else { return };
    for (at, space) in source.words().filter(|(_, word)| SPACES.contains(word)) {
        let Some(rest) = source.code[at + space.len()..].strip_prefix("::") else { continue };
        let maker = word_at(rest, 0);
        if makes_colour(maker) {
            let what = format!("`{space}::{maker}`");
            note(found, &file.path, source.line(at), &what, "a colour is made in a theme.rs only");
        }
    }
}

/// Whether an associated name gives a colour that the text itself chose. The absence of colour
/// (`NONE`, `TRANSPARENT`) and plain conversions (`from`) do not.
fn makes_colour(name: &str) -> bool {
    const MAKERS: [&str; 15] = [
        "new", "rgb", "rgba", "srgb", "srgba", "linear", "hex", "hsl", "hsv", "hwb", "lab", "lch",
        "oklab", "oklch", "xyz",
    ];
    let constant = name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let first = name.trim_start_matches("from_").split('_').next().unwrap_or_default();
    let made =
        MAKERS.iter().any(|maker| first.trim_end_matches('a') == maker.trim_end_matches('a'));
    made || matches!(first, "gray" | "black" | "white") && name.starts_with("from_")
        || constant && name != "NONE" && name != "TRANSPARENT"
}

/// The tree speaks of itself, not of how it came to be nor of folders beside it.
fn words(file: &File, found: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        let lower = line.to_lowercase();
        if line.contains(BESIDE) {
            let what = format!("`{BESIDE}`");
            note(found, &file.path, index + 1, &what, "no file names a folder outside the tree");
        }
        let rule = "the text says what is, not how it came";
        if lower.contains(MAKER) {
            note(found, &file.path, index + 1, &format!("`{MAKER}`"), rule);
        }
        if cites_issue(&lower) {
            note(found, &file.path, index + 1, "the number of an issue", rule);
        }
    }
}

/// Whether a line in small letters names an issue by its number.
fn cites_issue(line: &str) -> bool {
    let mut after = line.match_indices("issue").map(|(at, word)| &line[at + word.len()..]);
    after.any(|rest| {
        let number = rest.trim_start_matches([' ', '#']);
        number.len() < rest.len() && number.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// The root holds what the design planned.
fn top_level(file: &File, found: &mut Vec<Finding>) {
    let top = file.path.split('/').next().unwrap_or_default();
    let planned = TOP.split(' ').any(|entry| entry == top);
    if !planned && !top.starts_with('.') && !top.starts_with("LICENSE-") {
        let what = format!("`{top}` at the top");
        note(found, &file.path, 1, &what, "the root holds planned entries and dot-files only");
    }
}

/// A clone stays small.
fn sizes(file: &File, found: &mut Vec<Finding>) {
    if file.bytes > TRACKED_BYTES {
        let what = format!("{} bytes", file.bytes);
        note(found, &file.path, 1, &what, "a tracked file has at most 2 MiB");
    }
}

/// The lines on which `rule` finds something in a made-up file.
fn lines(rule: Rule, path: &str, text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    rule(&File::new(path, text), &mut found);
    found.iter().map(|finding| finding.line).collect()
}

#[test]
fn a_file_without_its_sentence_is_found() {
    assert_eq!(lines(opening, "src/a.rs", "use x;"), [1]);
    assert_eq!(lines(opening, "src/a.rs", "//! A.\nuse x;"), []);
    assert_eq!(lines(opening, "a.toml", "[x]"), []);
}

#[test]
fn long_files_and_lines_are_found() {
    assert_eq!(lines(lengths, "a.rs", &"\n".repeat(600)), []);
    assert_eq!(lines(lengths, "a.rs", &"\n".repeat(601)), [601]);
    assert_eq!(lines(lengths, "a.rs", &format!("\n{}\n", "\u{e9}".repeat(100))), []);
    assert_eq!(lines(lengths, "a.rs", &format!("\n{}\n", "a".repeat(101))), [2]);
    assert_eq!(lines(lengths, "a.ron", &"a".repeat(101)), []);
}

#[test]
fn long_bodies_are_found_in_tests_too() {
    let of = |count: usize| format!("#[test]\nfn a() {{\n{}}}\n", "x;\n".repeat(count));
    assert_eq!(lines(bodies, "tests/a.rs", &of(70)), []);
    assert_eq!(lines(bodies, "tests/a.rs", &of(71)), [2]);
}

#[test]
fn floats_are_found_where_consensus_is() {
    let text =
        "// f64\nlet a: f32;\nlet b = 1f64;\nlet c = 1.0_f32;\nas_secs_f64();\nlet of64 = elf32;";
    for path in ["core/src/a.rs", "src/mesh/a.rs"] {
        assert_eq!(lines(floats, path, text), [2, 3, 4, 5], "{path}");
    }
    for path in
        ["core/src/boundary.rs", "src/mesh/publish.rs", "src/mesh/summary.rs", "src/pace/a.rs"]
    {
        assert_eq!(lines(floats, path, text), [], "{path}");
    }
    assert_eq!(lines(floats, "core/src/a.rs", "#[cfg(test)]\nmod t {\n    const A: f64;\n}"), [3]);
}

#[test]
fn allowed_lints_and_ignored_tests_are_found() {
    let text = "#![allow(x)]\n#[allow(x, reason = \"\")]\n#[expect(x)]\n\
                #[expect(x, reason = \"y\")]\n\
                #[ignore = \"x\"]\n#[cfg_attr(a, ignore)]\n#[cfg_attr(a, allow(x))]\n\
                // #[allow(x)]\n#[derive(A)]\nlet a = [allow(x)];";
    assert_eq!(lines(attributes, "src/a.rs", text), [1, 2, 3, 5, 6, 7]);
}

#[test]
fn panics_are_found_outside_tests() {
    let text = "//! x.unwrap()\nx.unwrap();\nx.expect(\"y\");\ncore::panic!();\ntodo!();\n\
                unimplemented!();\nx.unwrap_or(y); my_panic!(); \"panic!\";\n\
                #[cfg(test)]\nmod tests { fn a() { x.unwrap(); panic!() } }\nx.unwrap();";
    let mut at = lines(panics, "src/a.rs", text);
    at.sort_unstable();
    assert_eq!(at, [2, 3, 4, 5, 6, 10]);
    assert_eq!(lines(panics, "tests/a.rs", text), []);
}

#[test]
fn colours_are_found_outside_themes() {
    let text = "Color::srgb(a)\nColor::srgb_u8(a)\nColor32::from_rgb(a)\nLinearRgba::new(a)\n\
                LinearRgba::rgb(a)\nColor32::from_gray(1)\nColor32::from_rgba_premultiplied(a)\n\
                Srgba::hex(\"a\")\nColor::WHITE\nColor::oklcha(a)\nLinearRgba::from(a)\n\
                Color32::A\nLinearRgba::NONE\nColor32::TRANSPARENT\n\
                MyColor::srgb(a)\nColor::mix(a)\n// Color::WHITE";
    assert_eq!(lines(colours, "src/view/a.rs", text), (1..=10).collect::<Vec<_>>());
    assert_eq!(lines(colours, "src/view/theme.rs", text), []);
}

#[test]
fn foreign_words_are_found_in_any_text() {
    let issue = concat!("Iss", "ue");
    let text = format!("ok\nsee {BESIDE}/x\n{MAKER}s do\n{issue} #3\nas {issue} 12");
    assert_eq!(lines(words, "docs/a.md", &text), [2, 3, 4, 5]);
    assert_eq!(lines(words, "docs/a.md", "help, an issue, issues/3, shared/x, tissue#"), []);
}

#[test]
fn unplanned_entries_are_found() {
    for path in ["Cargo.toml", "src/a.rs", ".ci/run", "LICENSE-MIT", "docs/a.md", ".gitignore"] {
        assert_eq!(lines(top_level, path, ""), [], "{path}");
    }
    for path in ["notes.md", "examples/a.rs", "LICENSE", "srcs/a.rs"] {
        assert_eq!(lines(top_level, path, ""), [1], "{path}");
    }
}

#[test]
fn large_files_are_found() {
    let of = |bytes: u64| {
        let mut found = Vec::new();
        sizes(&File { bytes, ..File::new("a.png", "") }, &mut found);
        found.len()
    };
    assert_eq!([of(2 << 20), of((2 << 20) + 1)], [0, 1]);
}
