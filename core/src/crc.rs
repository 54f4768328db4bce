//! The checksum of frames, messages, genes, summaries, records and files: CRC-32/ISO-HDLC, in one
//! table for all. It notices damage and mixtures; it is no signature.

/// Polynomial 04C11DB7, reflected, initial value and final XOR FFFFFFFF: of the text `123456789` it
/// is CBF43926. Sixteen lanes, 16 KiB: a static, so that a program holds them once.
pub(crate) static CRC32: crc::Crc<u32, crc::Table<16>> =
    crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISO_HDLC);

/// Bytes of a [`CRC32`].
pub(crate) const CRC_BYTES: usize = 4;

/// [`CRC32`] of `bytes`, little-endian.
pub(crate) fn crc32(bytes: &[u8]) -> [u8; CRC_BYTES] {
    CRC32.checksum(bytes).to_le_bytes()
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_the_digits_it_is_what_the_catalogue_says() {
        assert_eq!(super::crc32(b"123456789"), [0x26, 0x39, 0xF4, 0xCB]);
    }
}
