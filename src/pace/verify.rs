//! Holding a run against what was kept of it before. It must not look at how that is stored.

use std::sync::Arc;

use crate::mesh::Mesh;

/// Somebody who holds the mesh against what was kept of the run, after every new tick, on the
/// mesh's thread: whether there was anything to hold it against.
///
/// An error says what differs, and ends it.
pub type Verifier = Box<dyn FnMut(&mut Mesh) -> Result<bool, String> + Send>;

/// Where a run first differs from what was kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The tick at which it shows: what sets the two apart came between [`Verified::up_to`] and
    /// this one.
    pub tick: u64,
    /// What differs, in words.
    pub text: Arc<str>,
}

/// How far a run was held against what was kept of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How often it was, and held.
    pub held: u64,
    /// The tick up to which all is as it was.
    pub up_to: u64,
    /// The first difference; nothing after it is looked at.
    pub mismatch: Option<Mismatch>,
}

/// Who looks, and what came of it.
#[derive(Default)]
pub(super) struct Checks {
    verifier: Option<Verifier>,
    pub(super) verified: Verified,
}

impl Checks {
    pub(super) fn new(verifier: Option<Verifier>) -> Self {
        Self { verifier, verified: Verified::default() }
    }

    /// Looks at the mesh after a tick that it had not run before.
    pub(super) fn look(&mut self, mesh: &mut Mesh) {
        let Some(verifier) = &mut self.verifier else { return };
        let tick = mesh.ticks();
        match verifier(mesh) {
            Ok(false) => {}
            Ok(true) => {
                self.verified.held += 1;
                self.verified.up_to = tick;
            }
            Err(text) => {
                self.verified.mismatch = Some(Mismatch { tick, text: text.into() });
                self.verifier = None;
            }
        }
    }
}
