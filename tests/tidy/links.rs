//! Links in the documentation: a relative link leads to a file that is there, and an anchor to a
//! heading of it. Links to the outside are not followed.

use std::collections::BTreeMap;

use crate::tree::{File, has_extension};
use crate::{Finding, note};

/// Every relative link of every page leads somewhere.
pub fn links(files: &[File], found: &mut Vec<Finding>) {
    let texts: BTreeMap<_, _> = files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
    for file in files.iter().filter(|file| has_extension(&file.path, "md")) {
        for (line, target) in targets(&file.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if path.is_empty() { file.path.clone() } else { join(&file.path, path) };
            let folder = format!("{}/", path.trim_end_matches('/'));
            let text = texts.get(path.as_str());
            if text.is_none() && !texts.keys().any(|other| other.starts_with(&folder)) {
                let what = format!("`{target}` leads nowhere");
                note(found, &file.path, line, &what, "a relative link leads to a tracked file");
            } else if has_extension(&path, "md")
                && !anchor.is_empty()
                && !text.is_some_and(|text| anchors(text).iter().any(|other| other == anchor))
            {
                let what = format!("`{target}`: no such heading");
                note(found, &file.path, line, &what, "an anchor names a heading");
            }
        }
    }
}

/// `path` as seen from the page `from`.
fn join(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                // A link out of the tree keeps its dots, and so leads nowhere.
                if parts.last().is_none_or(|last| *last == "..") {
                    parts.push("..");
                } else {
                    parts.pop();
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The lines of a page that are prose, without its code spans; fenced blocks are left out.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = ["```", "~~~"].iter().any(|mark| line.trim_start().starts_with(mark));
        fenced ^= fence;
        (!fence && !fenced).then(|| (index + 1, line.to_owned()))
    })
}

/// The targets of the links of a page, with their lines.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((number, target.trim_matches(['<', '>']).to_owned()));
        }
        // A definition, `[name]: target`.
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        if let Some((_, target)) = definition.filter(|(name, _)| !name.starts_with('^')) {
            let target = target.split(' ').next().unwrap_or_default();
            found.push((number, target.trim_matches(['<', '>']).to_owned()));
        }
        for quote in ["href=\"", "src=\""] {
            for (at, _) in line.match_indices(quote) {
                let rest = &line[at + quote.len()..];
                found.push((number, rest.split('"').next().unwrap_or_default().to_owned()));
            }
        }
    }
    found
}

/// The anchors that a page offers, as readers of Markdown name them.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut seen = BTreeMap::new();
    for (_, line) in prose(text) {
        for quote in ["id=\"", "name=\""] {
            for (at, _) in line.match_indices(quote) {
                let rest = &line[at + quote.len()..];
                found.push(rest.split('"').next().unwrap_or_default().to_owned());
            }
        }
        let title = line.trim_start_matches('#');
        let level = line.len() - title.len();
        if !(1..=6).contains(&level) || !title.starts_with(' ') {
            continue;
        }
        let name = anchor(title.trim());
        let count = seen.entry(name.clone()).or_insert(0_usize);
        // The second heading of a name is reached by a number.
        found.push(if *count == 0 { name } else { format!("{name}-{count}") });
        *count += 1;
    }
    found
}

/// The anchor of one heading: small letters, blanks as hyphens, punctuation gone.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The lines of `docs/a.md` with links that lead nowhere.
fn broken(text: &str) -> Vec<usize> {
    let other =
        "# B\n## The `code`, and more!\n## B\n```\n# no heading\n```\n<a id=\"here\"></a>\n";
    let files = [
        File::new("docs/a.md", text),
        File::new("docs/b.md", other),
        File::new("README.md", "# Top"),
        File::new("src/lib.rs", ""),
    ];
    let mut found = Vec::new();
    links(&files, &mut found);
    found.iter().map(|finding| finding.line).collect()
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let text = "# A\n[x](c.md)\n![x](../b.png) [y](b.md)\n[x](#b)\n[x](b.md#a)\n[x]: ../../b.md\n\
                <img src=\"x.png\">\n[x](b.md#no-heading)\n[x](../docs/c.md \"t\")";
    assert_eq!(broken(text), [2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn links_that_lead_somewhere_are_fine() {
    let text = "# A\n[x](b.md) [y](b.md#b) [z](b.md#b-1)\n[x](#a)\n[x](../README.md#top)\n\
                [x](../src) [x](b.md#the-code-and-more) [y](b.md#here)\n\
                `[x](c.md)`\n```\n[x](c.md)\n```\n\
                [x](https://c.md) <mailto:a@b>\n[^1]: note\n[x]: b.md#b";
    assert_eq!(broken(text), []);
}
