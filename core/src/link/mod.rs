//! The link between a host and a board: what is said, and how it is framed on a serial line.
//!
//! [`message`] has the one list of messages that both ends share; [`frame`] puts them on a line
//! that may lose, damage or invent bytes, and takes them off again. docs/link.md says the same byte
//! by byte, with the rules of a conversation. Nothing here reads a clock, owns a port or decides
//! what to say next: that is the firmware's and the host's.
//!
//! A frame carries at most [`message::MESSAGE_MAX`] bytes of one message, so a board needs one
//! small buffer. What is longer travels in parts: radio frames one by one before the tick that they
//! belong to, configurations and snapshots in pieces of [`message::PIECE_MAX`] bytes.
//!
//! Flow control is a window of one tick: a host sends the frames of tick n and `Tick`, and then
//! nothing of tick n + 1 before `Ticked` for n. A board answers what it has answered before in the
//! same words, so that a host asks again whenever an answer is late.

pub mod frame;
pub mod message;

#[cfg(test)]
mod tests;

/// The version that this code speaks, as a greeting states it.
pub const LINK_VERSION: u16 = 1;
