//! What is wrong with a scenario, named by field path. Knows no text and no position: a scenario
//! that was edited on screen has neither.

use std::fmt;

/// One value that a scenario may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `storms[2].radius_mm`; empty for the scenario as a whole.
    pub path: String,
    /// Other fields that it comes from, for when `path` itself is left to its default.
    pub related: Vec<&'static str>,
    /// What was found, as a sentence without a full stop.
    pub found: String,
    /// What is accepted instead, in the same form.
    pub accepted: String,
}

impl Fault {
    /// A fault at `path`.
    pub(super) fn at(
        path: impl Into<String>,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        let (path, found, accepted) = (path.into(), found.into(), accepted.into());
        Self { path, related: Vec::new(), found, accepted }
    }

    /// Names the other fields that the fault comes from.
    pub(super) fn or_at(mut self, related: &[&'static str]) -> Self {
        self.related = related.to_vec();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.found, self.accepted)
    }
}

impl std::error::Error for Fault {}
