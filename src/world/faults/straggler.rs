//! Stragglers: nodes that take part in fewer rounds and handle late what they hear. What they send
//! is right.

use crate::scenario::FaultKind;

/// How many times as long a round takes.
pub(super) fn pace(kind: &FaultKind) -> u64 {
    match kind {
        FaultKind::Straggler { factor } => u64::from(*factor),
        _ => 1,
    }
}

/// Ticks by which it handles late what it hears: one less than its pace, and so what a sentinel
/// answers comes when its sleeper is likely asleep again.
pub(super) fn late_ticks(kind: &FaultKind) -> u32 {
    pace(kind) as u32 - 1
}
