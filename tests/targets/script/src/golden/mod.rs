//! The golden script: every part of the core, fed with numbers drawn by counter, and every answer
//! hashed. Two targets that print the same report compute the same, bit for bit.
//!
//! A section is a name and a function. It draws its inputs from [`draws::Draws`], puts all answers
//! into the hasher in a fixed order, and must not look at floating point, addresses or time. A
//! further part of the core is a further row of [`SECTIONS`]: the digests of the others stay.

mod air;
mod arithmetic;
mod conduct;
mod draws;
#[cfg(feature = "alloc")]
mod files;
mod keeping;
mod learning;
mod line;
pub mod mesh;
mod optional;
mod paired;
#[cfg(feature = "crypto")]
mod pledges;
mod power;
#[cfg(feature = "crypto")]
mod secrets;
mod series;
mod standing;
mod whole;

use core::fmt::{self, Write};

use blake3::Hasher;

/// Ticks of the script whose report is kept in `tests/golden/core-digest.txt`.
pub const TICKS: u64 = 10_000;

/// A part of the core: its name in the report, and what runs it.
type Section = (&'static str, fn(u64, &mut Hasher));

/// All of them, in the order of the report.
const SECTIONS: &[Section] = &[
    ("q16", arithmetic::q16),
    ("draw", arithmetic::draw),
    ("neuron", learning::neuron),
    ("gene", learning::gene),
    ("regime", learning::regime),
    ("silence", learning::silence),
    ("energy", power::energy),
    ("wake", power::wake),
    ("radio", air::radio),
    ("packet", air::packet),
    ("fragment", air::fragment),
    ("responder", air::responder),
    ("inbox", standing::inbox),
    ("aggregate", standing::aggregate),
    ("block_float", standing::block_float),
    ("trust", standing::trust),
    ("canonical", standing::canonical),
    ("fusion", series::fusion),
    ("packets", series::packets),
    #[cfg(feature = "alloc")]
    ("files", files::files),
    ("store", keeping::store),
    ("conduct", conduct::conduct),
    ("tuner", optional::tuner),
    ("stream", optional::stream),
    ("summary", optional::summary),
    #[cfg(feature = "crypto")]
    ("signatures", secrets::signatures),
    #[cfg(feature = "crypto")]
    ("masks", secrets::masks),
    #[cfg(feature = "crypto")]
    ("aggregation", secrets::aggregation),
    #[cfg(feature = "crypto")]
    ("sums", secrets::sums),
    #[cfg(feature = "crypto")]
    ("noise", secrets::noise),
    #[cfg(feature = "crypto")]
    ("proofs", secrets::proofs),
    #[cfg(feature = "crypto")]
    ("pledges", pledges::pledges),
    ("audits", paired::audits),
    ("handover", paired::handover),
    ("mesh", mesh::run),
    ("link", line::link),
    ("release", whole::release),
    ("fused", whole::fused),
    ("long_mesh", mesh::long),
];

/// Runs every section for `ticks`; `each` gets the name and digest of one after another. The
/// answer is BLAKE3 over all names and digests.
pub fn run(ticks: u64, mut each: impl FnMut(&str, &[u8; 32])) -> [u8; 32] {
    let mut total = Hasher::new();
    for (name, section) in SECTIONS {
        let mut hasher = Hasher::new();
        section(ticks, &mut hasher);
        let digest = *hasher.finalize().as_bytes();
        total.update(name.as_bytes());
        total.update(&digest);
        each(name, &digest);
    }
    *total.finalize().as_bytes()
}

/// Writes a line for each section and one, `core`, for all of them.
///
/// # Errors
/// When `out` refuses the text.
pub fn report(ticks: u64, out: &mut impl Write) -> fmt::Result {
    let mut written = Ok(());
    let mut line = |name: &str, digest: &[u8; 32]| {
        written = written.and_then(|()| write!(out, "{name:<12}"));
        for byte in digest {
            written = written.and_then(|()| write!(out, "{byte:02x}"));
        }
        written = written.and_then(|()| out.write_char('\n'));
    };
    let total = run(ticks, &mut line);
    line("core", &total);
    written
}
