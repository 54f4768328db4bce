//! Holds the tree to the rules of the house: who may know whom, no floats where consensus is, sizes
//! that a reader can hold, no panic that input can reach, links that lead somewhere. Looks at text
//! only; what the compiler and its lints can say is theirs. There are no lists of exceptions.

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/links.rs"]
mod links;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tree.rs"]
mod tree;

use std::fmt;

/// A place that breaks a rule.
struct Finding {
    path: String,
    line: usize,
    what: String,
    rule: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} ({})", self.path, self.line, self.what, self.rule)
    }
}

/// Adds a place that breaks `rule`.
fn note(found: &mut Vec<Finding>, path: &str, line: usize, what: &str, rule: &str) {
    let (path, what, rule) = (path.to_owned(), what.to_owned(), rule.to_owned());
    found.push(Finding { path, line, what, rule });
}

/// Fails with all that was found, one place a line.
#[track_caller]
fn assert_none(found: &[Finding]) {
    let list: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{} places break a rule:\n{}\n", found.len(), list.join("\n"));
}

#[test]
fn the_tree_keeps_the_rules() {
    let files = tree::files(&tree::root());
    assert!(files.iter().any(|file| file.path == "core/src/lib.rs"), "the tree was not found");
    let mut found = Vec::new();
    for file in &files {
        floors::floors(file, &mut found);
        for rule in rules::RULES {
            rule(file, &mut found);
        }
    }
    assert_none(&found);
}

#[test]
fn every_link_leads_somewhere() {
    let mut found = Vec::new();
    links::links(&tree::files(&tree::root()), &mut found);
    assert_none(&found);
}

#[test]
fn a_finding_names_its_place_and_its_rule() {
    let mut found = Vec::new();
    note(&mut found, "src/a.rs", 3, "`x`", "no x");
    assert_eq!(found[0].to_string(), "src/a.rs:3: `x` (no x)");
}
