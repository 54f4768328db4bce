//! What outlives a loss of power: the board's secret, and the node that ran free. Two slots in turn,
//! of which the newest whole one counts. Must not know what a node is beyond its bytes.
//!
//! A record: the secret (32 bytes), then, if there is a node, its next tick (8), the length of its
//! configuration (2), the configuration and the state; little-endian.

use embedded_storage::nor_flash::NorFlash;
use qres_core::canonical::{Canonical, Source};
use qres_core::config::NodeConfig;
use qres_core::node::Node;
use qres_core::store::Store;

use crate::machine::{NEIGHBOURS, Scratch};

const SECRET_BYTES: usize = 32;
const SLOTS: u32 = 2;

/// A node that was kept.
pub type Kept = (NodeConfig, Node<NEIGHBOURS>, u64);

/// Reads the newest record into `scratch`; its secret, if there is one.
pub fn load<F: NorFlash>(flash: &mut F, scratch: &mut Scratch) -> Option<[u8; SECRET_BYTES]> {
    scratch.clear();
    let capacity = scratch.capacity();
    scratch.resize(capacity, 0).ok()?;
    let length = Store::new(flash, SLOTS).ok()?.load(scratch).ok()??.len();
    scratch.truncate(length);
    scratch.first_chunk().copied()
}

/// The node in a record that [`load`] has read.
pub fn node(record: &[u8]) -> Option<Kept> {
    let mut source = Source::new(record.get(SECRET_BYTES..)?);
    let next = u64::decode(&mut source)?;
    let length = u16::decode(&mut source)?;
    let config = NodeConfig::from_bytes(source.take(usize::from(length))?)?;
    let node = Node::from_bytes(&config, source.take(source.remaining())?)?;
    Some((config, node, next))
}

/// Writes a record; whether it is there. `scratch` is overwritten.
pub fn save<F: NorFlash>(
    flash: &mut F,
    scratch: &mut Scratch,
    secret: &[u8; SECRET_BYTES],
    node: Option<(&NodeConfig, &Node<NEIGHBOURS>, u64)>,
) -> bool {
    scratch.clear();
    let mut fits = scratch.extend_from_slice(secret).is_ok();
    if let Some((config, node, next)) = node {
        let config = config.to_bytes();
        let length = config.len() as u16;
        fits &= scratch.extend_from_slice(&next.to_le_bytes()).is_ok();
        fits &= scratch.extend_from_slice(&length.to_le_bytes()).is_ok();
        fits &= scratch.extend_from_slice(&config).is_ok();
        node.encode_to(scratch);
        // A state that does not fit is cut, and fills all there is.
        fits &= !scratch.is_full();
    }
    fits && Store::new(flash, SLOTS).is_ok_and(|mut store| store.save(scratch).is_ok())
}
