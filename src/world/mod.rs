//! What surrounds the nodes: signals, storms, places, and the air between them. Knows nothing of
//! entities, schedules or screens.

pub mod air;
pub mod attack;
pub mod dataset;
pub mod faults;
pub mod graph;
pub mod keyring;
pub mod layout;
pub mod sentinels;
pub mod signal;
mod sine;
pub mod solar;
pub mod storm;

pub use sine::sine;
