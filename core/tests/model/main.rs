//! The node's state machines, explored exhaustively within stated bounds by a model checker: the
//! code itself, not a copy of it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

mod audit;
mod ban;
mod quorum;
mod regime;
mod wake;

use std::hash::{Hash, Hasher};

use qres_core::canonical::Canonical;
use stateright::{Checker, HasDiscoveries, Model};

/// A part of a node as a model's state: two are one when their canonical encodings are.
#[derive(Clone, Debug)]
struct Part<T>(T);

impl<T: Canonical> Part<T> {
    fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        self.0.encode(&mut hasher);
        *hasher.finalize().as_bytes()
    }
}

impl<T: Canonical> PartialEq for Part<T> {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl<T: Canonical> Hash for Part<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest().hash(hasher);
    }
}

/// Explores all of `model`, all that `steps` actions can reach where they are given, and asserts
/// its properties there and that at least `least` states were seen; returns their number.
fn explore<M>(model: M, steps: Option<usize>, least: usize) -> usize
where
    M: Model + Send + Sync + 'static,
    M::State: std::fmt::Debug + Hash + Send + Sync + Clone + PartialEq,
    M::Action: std::fmt::Debug + Send + Sync + Clone + PartialEq,
{
    let mut checker = model.checker().finish_when(HasDiscoveries::AnyFailures);
    if let Some(steps) = steps {
        // The checker counts the start as one, and leaves out states at the depth that it is given.
        checker = checker.target_max_depth(steps + 2);
    }
    let checker = checker.spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    assert!(states >= least, "only {states} states");
    states
}
