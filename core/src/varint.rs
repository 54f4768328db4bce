//! Numbers in as many bytes as they need: seven bits each, the lowest first, the highest bit says
//! that more follow. It must not know what they count.

use crate::canonical::{Canonical, Sink, Source};

/// Bytes of a number.
#[must_use]
pub(crate) const fn length_of(number: u32) -> usize {
    let bits = u32::BITS - number.leading_zeros();
    if bits == 0 { 1 } else { (bits as usize).div_ceil(7) }
}

/// Appends a number.
pub(crate) fn put(sink: &mut impl Sink, mut number: u64) {
    while number > 0x7F {
        (number as u8 | 0x80).encode(sink);
        number >>= 7;
    }
    (number as u8).encode(sink);
}

/// Reads a number; `None` when bytes are missing, beyond 64 bits, or more than it needs.
pub(crate) fn take(source: &mut Source<'_>) -> Option<u64> {
    let mut number = 0;
    for place in 0..10_u32 {
        let byte = u8::decode(source)?;
        let bits = u64::from(byte & 0x7F);
        if place == 9 && bits > 1 {
            return None;
        }
        number |= bits << (7 * place);
        if byte & 0x80 == 0 {
            let is_short = byte != 0 || place == 0;
            return is_short.then_some(number);
        }
    }
    None
}

/// Appends a number with a sign, small ones of either sign in few bytes.
pub(crate) fn put_signed(sink: &mut impl Sink, number: i64) {
    put(sink, ((number << 1) ^ (number >> 63)) as u64);
}

/// Reads it back.
pub(crate) fn take_signed(source: &mut Source<'_>) -> Option<i64> {
    let number = take(source)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_in_one_form_only() {
        let table: [(u64, usize); 7] =
            [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (1 << 32, 5), (u64::MAX, 10)];
        for (number, length) in table {
            let mut bytes: heapless::Vec<u8, 16> = heapless::Vec::new();
            put(&mut bytes, number);
            assert_eq!((bytes.len(), take(&mut Source::new(&bytes))), (length, Some(number)));
            if let Ok(small) = u32::try_from(number) {
                assert_eq!(length_of(small), length);
            }
            bytes.pop();
            assert_eq!(take(&mut Source::new(&bytes)), None, "cut off");
        }
        for number in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN] {
            let mut bytes: heapless::Vec<u8, 16> = heapless::Vec::new();
            put_signed(&mut bytes, number);
            assert_eq!(take_signed(&mut Source::new(&bytes)), Some(number));
        }
        let wrong: [&[u8]; 3] = [&[0x80, 0], &[0xFF; 10], &[0x80; 12]];
        assert!(wrong.iter().all(|bytes| take(&mut Source::new(bytes)).is_none()));
    }
}
