//! What can be wrong with input to the codec, and how to mend it.

use core::fmt;

/// Why bytes are no compressed data, or samples cannot be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The input does not begin as a `.qres` file does.
    Magic,
    /// The input is of another version of the format.
    Version,
    /// The input ends before what its header promises.
    Truncated,
    /// A checksum does not match, or coded data decode to nothing.
    Damaged,
    /// A length or option in the header is outside its range.
    Range,
    /// The input holds bytes where samples are asked for, or samples where bytes are.
    Kind,
    /// No such block or column.
    Missing,
    /// A packet takes 1 to 64 samples.
    Count,
    /// The buffer is too small for the result.
    Room,
    /// Packets before this one are missing; decoding goes on at the next keyframe.
    Gap,
}

impl fmt::Display for CodecError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Magic => "not compressed by QRES: it does not begin with `QRES`",
            Self::Version => {
                "another version of the format: decompress it with the program it is of"
            }
            Self::Truncated => "the end is missing: copy the file again",
            Self::Damaged => "a checksum does not match, the content is damaged: copy it again",
            Self::Range => "a length or option in the header is out of range: the file is damaged",
            Self::Kind => "bytes where samples are expected, or samples where bytes are",
            Self::Missing => "no such block or column",
            Self::Count => "a packet takes 1 to 64 samples, each column the same number of them",
            Self::Room => "the buffer is too small: give a larger one",
            Self::Gap => "packets before this one are missing: wait for the next keyframe",
        })
    }
}

impl core::error::Error for CodecError {}
