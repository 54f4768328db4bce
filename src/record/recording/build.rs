//! Which build this is, in the words that a recording keeps and a refusal repeats. It must not ask
//! the system or a repository: the same sources make the same build.

use std::sync::OnceLock;

use crate::mesh::snapshot::RULES_VERSION;

/// Its version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built of, where whoever built it said so. Cargo looks at the variable,
/// and compiles this crate anew only where it has changed.
const COMMIT: Option<&str> = option_env!("QRES_COMMIT");

/// Name, version, rules and, where that is known, commit of this build: `qres 0.1.0 (rules 6)`, or
/// `qres 0.1.0 (rules 6, commit 0a1b2c3)`.
#[must_use]
pub fn created_by() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| name(COMMIT))
}

fn name(commit: Option<&str>) -> String {
    let commit = commit.map(str::trim).filter(|commit| !commit.is_empty());
    let commit = commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
    format!("qres {VERSION} (rules {RULES_VERSION}{commit})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_known_by_its_rules_and_its_commit() {
        let rules = format!("(rules {RULES_VERSION}");
        for (commit, end) in [(None, ")"), (Some(""), ")"), (Some(" 0a1b "), ", commit 0a1b)")] {
            let said = name(commit);
            assert_eq!(said, format!("qres {VERSION} {rules}{end}"));
        }
        assert!(created_by().starts_with(&format!("qres {VERSION} {rules}")));
    }
}
