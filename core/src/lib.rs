//! A QRES mesh node, complete and alone: it predicts its sensor, notices storms, gossips model
//! updates, merges what it hears, keeps a reputation of each neighbour, sleeps its radio and pays
//! for all of it.
//!
//! The crate does no input or output, reads no clock and draws no random number that is not a
//! function of its arguments. Time, samples and frames are passed in; see [`node::Node::tick`].
//! All state is Q16.16 or plain integers, so it is bit-identical on every target. Floating point
//! exists in [`boundary`] only, for configuration and display.
//!
//! ```
//! use qres_core::prelude::*;
//!
//! let config = NodeConfig::default();
//! let mut node: Node<8> = Node::new(NodeId(1), Role::Scheduled, &config, &[]);
//! let mut radio = MockRadio::default();
//! for tick in 0..100 {
//!     let sample = Q16::from_num(20) + Q16::from_bits((tick as i32 % 7) * 1000);
//!     node.tick(&config, Tick(tick), Some(sample), &mut radio);
//! }
//! assert_eq!(node.neuron.samples(), 100);
//! ```
//!
//! With the feature `alloc` (on by default) the crate compresses bytes and tables of samples too;
//! without it, [`codec::packet`] compresses a sensor's samples in less than 1 KiB.
//!
#![cfg_attr(feature = "alloc", doc = "```")]
#![cfg_attr(not(feature = "alloc"), doc = "```text")]
//! for text in [
//!     "Hello, QRES! Deterministic compression via model gossip.",
//!     "Sensor readings: 23.5C, 45% humidity, 1013 hPa",
//! ] {
//!     let file = qres_core::compress(text.as_bytes());
//!     assert!(file.len() < text.len());
//!     assert_eq!(qres_core::decompress(&file)?, text.as_bytes());
//! }
//! # Ok::<(), qres_core::codec::CodecError>(())
//! ```
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod aggregate;
pub mod audit;
pub mod block_float;
pub mod boundary;
pub mod canonical;
pub mod carry;
pub mod codec;
pub mod config;
mod config_bytes;
mod crc;
pub mod disturbance;
pub mod draw;
pub mod energy;
pub mod evolution;
pub mod fragment;
pub mod fusion;
pub mod gene;
pub mod handover;
pub mod id;
pub mod inbox;
#[cfg(feature = "crypto")]
pub mod integrity;
pub mod link;
mod merge;
pub mod neuron;
pub mod node;
pub mod packet;
pub mod phase;
pub mod privacy;
pub mod profile;
pub mod q16;
pub mod radio;
pub mod regime;
pub mod residual;
pub mod residual_stream;
pub mod responder;
pub mod signature;
pub mod silence;
pub mod store;
pub mod stream;
pub mod summary;
pub mod tally;
pub mod trust;
pub mod tuner;
mod varint;
pub mod wake;

#[cfg(feature = "alloc")]
pub use codec::{compress, decompress};

/// The names that almost every user of the crate needs.
pub mod prelude {
    pub use crate::config::NodeConfig;
    pub use crate::id::{GroupId, NodeId, Tick};
    pub use crate::neuron::SwarmNeuron;
    pub use crate::node::Node;
    pub use crate::q16::Q16;
    pub use crate::radio::{MockRadio, Radio};
    pub use crate::regime::Regime;
    pub use crate::wake::Role;
}
