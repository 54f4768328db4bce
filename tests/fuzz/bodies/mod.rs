//! What each fuzz target does with its bytes, for cargo-fuzz and for the plain test that replays
//! the corpus, `core/tests/fuzz_corpus.rs`.
//!
//! A body must fail (by a panic) when a decoder accepts what it would not write itself, and must
//! not fail otherwise. It says whether anything was accepted, so that the corpus can be held to
//! reach both sides. What stands behind a checksum is tried twice: as it came, and sealed anew,
//! because chance does not find checksums.

mod audit;
mod gene;
pub mod group;
mod kept;
mod link;
mod packet;
pub mod proof;
mod state;
mod streams;

/// A fuzz target: its name and its body.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All of them. A name is also a file of `fuzz_targets` and a folder of `corpus`.
pub const TARGETS: &[Target] = &[
    ("header", packet::header),
    ("message", packet::message),
    ("fragment", packet::fragment),
    ("gene", gene::gene),
    ("block", gene::block),
    ("record", kept::record),
    ("file", kept::file),
    ("packets", kept::packets),
    ("proof", proof::proof),
    ("aggregation", group::aggregation),
    ("stream", streams::stream),
    ("summary", streams::summary),
    ("reveal", audit::reveal),
    ("link", link::link),
    ("canonical", state::canonical),
];

/// Runs the target of that name.
pub fn run(name: &str, data: &[u8]) -> bool {
    TARGETS.iter().any(|(other, body)| *other == name && body(data))
}

/// CRC-32 (IEEE), as frames and genes carry it.
fn crc32(parts: &[&[u8]]) -> [u8; 4] {
    const CRC: crc::Crc<u32, crc::Table<16>> = crc::Crc::<u32, _>::new(&crc::CRC_32_ISO_HDLC);
    let mut digest = CRC.digest();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().to_le_bytes()
}
