//! Signed updates on the air: where the signature lies in a message, what signing costs, and which
//! updates a node looks at. No arithmetic: whoever holds keys signs and verifies, see
//! [`crate::radio::Radio::admits`].
//!
//! In a mesh with signatures each update, and each relay of one, is followed by 64 bytes that are
//! no part of the message: in a relay those of the origin. All other messages are as they were.

use crate::id::NodeId;
use crate::packet::{Kind, Message, PacketError, Update};
use crate::responder::Route;
use crate::trust::Neighbour;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A signature as bytes.
pub type SignatureBytes = [u8; SIGNATURE_BYTES];

/// Processor time of signatures, charged at the profile's `cpu_uw` on top of all else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignatureCost {
    /// To sign an update, in microseconds.
    pub sign_us: u32,
    /// To verify one.
    pub verify_us: u32,
}

impl SignatureCost {
    /// Ed25519 in portable code on a RISC-V core of 32 bits at 160 MHz.
    ///
    /// An assumption, not a measurement: 4 million cycles to sign and 10 million to verify. Fujii
    /// and Aranha, "Curve25519 for the Cortex-M4 and beyond", 2017, need about an eighth of that in
    /// hand-written assembly on a core with a 64-bit multiply-accumulate, which this one lacks. At
    /// the 89.1 mW of an ESP32-C6 that is 2,228 uJ to sign and 5,569 uJ to verify.
    pub const ED25519_RV32: Self = Self { sign_us: 25_000, verify_us: 62_500 };
}

/// The update that a message carries, if it is one that is signed.
#[must_use]
pub const fn signed(message: &Message) -> Option<&Update> {
    match message {
        Message::Update(update) | Message::Relay { update, .. } => Some(update),
        _ => None,
    }
}

/// Splits a payload of a mesh whose signatures have `length` bytes into message and signature,
/// which is empty where there is none.
///
/// # Errors
/// [`PacketError::Length`] when an update is shorter than a signature.
pub const fn split(
    length: usize,
    kind: Kind,
    payload: &[u8],
) -> Result<(&[u8], &[u8]), PacketError> {
    let trailer = if matches!(kind, Kind::Update | Kind::Relay) { length } else { 0 };
    match payload.len().checked_sub(trailer) {
        Some(middle) => Ok(payload.split_at(middle)),
        None => Err(PacketError::Length),
    }
}

/// Whether a node would use an update at all: it knows the origin as a neighbour, or keeps its
/// updates for sleepers. All others are dropped unread, and cost no verification.
#[must_use]
pub fn concerns(update: &Update, neighbours: &[Neighbour], routes: &[Route]) -> bool {
    neighbours.binary_search_by_key(&update.origin, |neighbour| neighbour.id).is_ok()
        || routes.binary_search_by_key(&update.origin, |route| route.origin).is_ok()
}

/// Round of the node's own update that it keeps for sleepers; 0 when there is none. Rises when the
/// node speaks, even where it can then not afford to transmit.
#[must_use]
pub fn own_round(id: NodeId, routes: &[Route]) -> u32 {
    let place = routes.binary_search_by_key(&id, |route| route.origin);
    place.ok().and_then(|place| routes.get(place)).map_or(0, Route::round)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_updates_have_a_signature_behind_them() {
        let bytes = [7; 70];
        let table = [
            (64, Kind::Update, Ok((6, 64))),
            (64, Kind::Relay, Ok((6, 64))),
            (0, Kind::Update, Ok((70, 0))),
            (64, Kind::Poll, Ok((70, 0))),
            (71, Kind::Update, Err(PacketError::Length)),
        ];
        for (length, kind, expected) in table {
            let parts = split(length, kind, &bytes).map(|(head, tail)| (head.len(), tail.len()));
            assert_eq!(parts, expected, "{kind:?}");
        }
    }
}
