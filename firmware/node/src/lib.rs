//! The main loop of a QRES board: core's node behind the link, whatever the board is.
//!
//! A board implements [`Board`]; [`Firmware::step`] does the rest: it greets, becomes the node that
//! a host asks for, does the host's ticks and answers with what the node said and its digest, and
//! runs on its own clock, sensor and radio once it is released or the host falls silent. Nothing is
//! allocated: all memory is in [`Memory`] and [`Firmware`], which belong into statics.
//!
//! The conversation is the one of docs/link.md. What a node computes stands in `qres-core` and not
//! here; a test holds this loop to the same digests.
#![no_std]
#![forbid(unsafe_code)]

mod answer;
mod board;
mod keep;
mod machine;
mod mail;
mod tick;

pub use board::{Activity, Board, Light};
pub use machine::{Firmware, Memory, NEIGHBOURS, STATE_MAX};
pub use mail::{HEARD_MAX, SAID_MAX};

use qres_core::link::frame::{FrameBytes, FrameWriter};
use qres_core::link::message::{Level, LinkMessage};

/// Longest text of a [`LinkMessage::Log`], in bytes.
pub const LOG_MAX: usize = 200;

/// The frame with which a board says that it is about to start anew, for panic handlers: they have
/// no more than the text.
#[must_use]
pub fn last_words(text: &str) -> FrameBytes {
    let end = (0..=LOG_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    let text = text.get(..end.unwrap_or(0)).unwrap_or_default();
    let message = LinkMessage::Log { level: Level::Fatal, text };
    FrameWriter::default().write(&message).unwrap_or_default()
}
