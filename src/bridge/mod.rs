//! Live boards: serial ports, the conversation on each, and the loop that gives a mesh what boards
//! bring in and holds them against their twins. Must not block whoever steps a mesh for longer than
//! a tick's deadline, and never blocks a frame.

pub mod clock;
pub mod count;
pub mod hub;
pub mod mirror;
pub mod news;
pub mod pacing;
pub mod places;
pub mod port;
pub mod ports;
pub mod scout;
pub mod session;
mod status;

pub use status::Lamp;
