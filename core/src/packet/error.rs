//! Why bytes are refused.

/// Why bytes are not a frame or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Fewer bytes than the header or the message needs, or more.
    Length,
    /// Another protocol version.
    Version,
    /// No such kind of message.
    Kind,
    /// The checksum does not match: the frame was damaged.
    Crc,
    /// Fragment index not below the count, or a count of zero.
    Fragment,
    /// A field is out of its range.
    Value,
}

impl core::fmt::Display for PacketError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Length => "wrong length",
            Self::Version => "another protocol version",
            Self::Kind => "unknown kind of message",
            Self::Crc => "checksum does not match",
            Self::Fragment => "fragment index and count do not fit",
            Self::Value => "a field is out of range",
        })
    }
}

impl core::error::Error for PacketError {}
