//! One record as bytes, wherever it is kept. Knows nothing of slots.
//!
//! Magic `QST`, version, generation (u32), length of the payload (u32), payload, CRC-32 (IEEE) of
//! everything before it; numbers are little-endian.

use crate::crc::CRC32;

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 12;
/// Bytes of a record beside its payload.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + 4;
/// Longest payload, in bytes: 256 MiB.
pub const LENGTH_MAX: usize = 256 << 20;
/// What may follow a record in its slot: erased flash.
pub const FILLER: u8 = 0xFF;

const MAGIC: [u8; 3] = *b"QST";
const VERSION: u8 = 1;

/// Why bytes are not a whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// Shorter than a record, or than the length it states.
    Short,
    /// Does not begin with `QST`.
    Magic,
    /// Another version of the format.
    Version,
    /// States a payload of more than [`LENGTH_MAX`].
    Length,
    /// The checksum does not match.
    Crc,
    /// Something other than erased flash follows it.
    Trailing,
}

impl core::fmt::Display for RecordError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Short => "shorter than it says: it was cut off",
            Self::Magic => "not a record: it does not begin with QST",
            Self::Version => "another version of the record format",
            Self::Length => "states an impossible length",
            Self::Crc => "checksum does not match: the bytes are damaged",
            Self::Trailing => "something follows the record",
        })
    }
}

impl core::error::Error for RecordError {}

/// A whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Counts records; see [`is_newer`].
    pub generation: u32,
    /// What was stored.
    pub payload: &'a [u8],
}

/// The head of a record: what it says of itself before any of it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub generation: u32,
    pub length: usize,
}

impl Header {
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [q, s, t] = MAGIC;
        let [g0, g1, g2, g3] = self.generation.to_le_bytes();
        let [l0, l1, l2, l3] = (self.length as u32).to_le_bytes();
        [q, s, t, VERSION, g0, g1, g2, g3, l0, l1, l2, l3]
    }

    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, RecordError> {
        let [q, s, t, version, g0, g1, g2, g3, l0, l1, l2, l3] = *bytes;
        if [q, s, t] != MAGIC {
            return Err(RecordError::Magic);
        }
        if version != VERSION {
            return Err(RecordError::Version);
        }
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > LENGTH_MAX {
            return Err(RecordError::Length);
        }
        Ok(Self { generation: u32::from_le_bytes([g0, g1, g2, g3]), length })
    }
}

/// The running checksum of a record.
pub(super) struct Checksum(crc::Digest<'static, u32, crc::Table<16>>);

impl Checksum {
    pub fn new() -> Self {
        Self(CRC32.digest())
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> [u8; 4] {
        self.0.finalize().to_le_bytes()
    }
}

/// Whether generation `a` was written after generation `b`.
///
/// Numbers wrap, so they are compared by the sign of their difference modulo 2^32: true while the
/// two are less than 2^31 writes apart. Slots of one store are never further apart than their
/// number. (R. Elz and R. Bush, "Serial Number Arithmetic", RFC 1982, 1996.)
#[must_use]
pub const fn is_newer(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

/// Hands the record to `put` in pieces; together they are [`OVERHEAD_BYTES`] longer than the
/// payload.
///
/// # Errors
/// [`RecordError::Length`] for a payload above [`LENGTH_MAX`]; nothing is handed out then.
pub fn encode(
    generation: u32,
    payload: &[u8],
    mut put: impl FnMut(&[u8]),
) -> Result<(), RecordError> {
    if payload.len() > LENGTH_MAX {
        return Err(RecordError::Length);
    }
    let header = Header { generation, length: payload.len() }.to_bytes();
    let mut checksum = Checksum::new();
    checksum.update(&header);
    checksum.update(payload);
    put(&header);
    put(payload);
    put(&checksum.finish());
    Ok(())
}

/// Reads the record that fills a slot or a file; after it only [`FILLER`] may follow.
///
/// # Errors
/// Says why the bytes are not a whole record. Never panics, whatever they are.
pub fn decode(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    let (head, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(RecordError::Short)?;
    let header = Header::parse(head)?;
    let (payload, rest) = rest.split_at_checked(header.length).ok_or(RecordError::Short)?;
    let (crc, rest) = rest.split_first_chunk::<4>().ok_or(RecordError::Short)?;
    let mut checksum = Checksum::new();
    checksum.update(head);
    checksum.update(payload);
    if checksum.finish() != *crc {
        return Err(RecordError::Crc);
    }
    if rest.iter().any(|byte| *byte != FILLER) {
        return Err(RecordError::Trailing);
    }
    Ok(Record { generation: header.generation, payload })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Bytes = heapless::Vec<u8, 128>;

    fn record(generation: u32, payload: &[u8]) -> Bytes {
        let mut bytes = Bytes::new();
        encode(generation, payload, |piece| bytes.extend_from_slice(piece).expect("room"))
            .expect("short");
        bytes
    }

    #[test]
    fn the_bytes_are_the_documented_ones() {
        // CRC-32 (IEEE) of the 15 bytes before it, computed with zlib.
        let expected = [b'Q', b'S', b'T', 1, 4, 3, 2, 1, 3, 0, 0, 0, 0xA0, 0xA1, 0xA2];
        let bytes = record(0x0102_0304, &[0xA0, 0xA1, 0xA2]);
        assert_eq!(bytes[..15], expected);
        assert_eq!(bytes[15..], 0x37AB_2BFB_u32.to_le_bytes());
        assert_eq!(bytes.len(), 3 + OVERHEAD_BYTES);
    }

    #[test]
    fn newer_survives_the_wrap() {
        let table = [
            (1, 0, true),
            (0, 1, false),
            (5, 5, false),
            (0, u32::MAX, true),
            (u32::MAX, 0, false),
            (3, u32::MAX - 3, true),
            (0x7FFF_FFFF, 0, true),
            (0x8000_0001, 0, false),
        ];
        for (a, b, newer) in table {
            assert_eq!(is_newer(a, b), newer, "{a} after {b}");
        }
    }

    #[test]
    fn damage_is_named() {
        let whole = record(7, b"payload");
        let changed = |at: usize, value: u8| {
            let mut bytes = whole.clone();
            bytes[at] = value;
            bytes
        };
        let mut longer = whole.clone();
        longer.extend_from_slice(&[FILLER; 9]).expect("room");
        assert_eq!(decode(&longer), Ok(Record { generation: 7, payload: b"payload" }));
        longer.push(0).expect("room");
        let table: [(&[u8], RecordError); 8] = [
            (&[], RecordError::Short),
            (&whole[..11], RecordError::Short),
            (&whole[..whole.len() - 1], RecordError::Short),
            (&changed(0, b'X'), RecordError::Magic),
            (&changed(3, 2), RecordError::Version),
            (&changed(11, 0x80), RecordError::Length),
            (&changed(12, b'P'), RecordError::Crc),
            (&longer, RecordError::Trailing),
        ];
        for (bytes, error) in table {
            assert_eq!(decode(bytes), Err(error));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = record(41, b"the weights of a model");
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            generation: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let bytes = record(generation, &payload);
            prop_assert_eq!(decode(&bytes), Ok(Record { generation, payload: &payload }));
        }

        #[test]
        fn arbitrary_bytes_never_panic(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..64),
            headed: bool,
        ) {
            if headed && bytes.len() >= 4 {
                bytes[..4].copy_from_slice(b"QST\x01");
            }
            if let Ok(record) = decode(&bytes) {
                prop_assert!(record.payload.len() + OVERHEAD_BYTES <= bytes.len());
            }
        }
    }
}
