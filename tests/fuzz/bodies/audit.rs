//! What an audited node shows, and what an auditor does with it.

use qres_core::audit::Verdict;
use qres_core::audit::learner::Events;
use qres_core::audit::reveal::Reveal;
use qres_core::audit::verify::{Claim, Known, verify};
use qres_core::audit::wire::{Ask, Commit};
use qres_core::config::NodeConfig;
use qres_core::id::NodeId;

/// An answer, taken apart and computed again from whatever state it shows; and judged against a
/// commitment that holds nothing.
pub fn reveal(data: &[u8]) -> bool {
    let config = NodeConfig::default();
    let node = NodeId(1);
    let commit = Commit { rounds: 1, stretches: 9, ..Commit::default() };
    let (ask, claim) = (Ask::Round(1), Claim::default());
    let known = Known { node, commit: &commit, before: None, rival: None, ask, claim };
    assert_eq!(verify(&config, &known, data, |_, _, _| None).0, Verdict::BadProof);
    let Some(reveal) = Reveal::read(&config, data) else { return false };
    assert_eq!(reveal.to_bytes(&config), data);
    let mut learner = reveal.before;
    let mut events = Events::new(reveal.events);
    while let Ok(Some((event, _))) = events.advance() {
        let _ = learner.step(&config, node, &event);
    }
    assert!(learner.is_sound());
    true
}
