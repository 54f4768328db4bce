//! Proofs as bytes: points and scalars in their one canonical form, never beyond the end.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;

/// Writes into a buffer of fixed size, front to back.
pub struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { rest: buffer }
    }

    /// Writes; `None` when the buffer is full.
    pub fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let (head, tail) = core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        head.copy_from_slice(bytes);
        self.rest = tail;
        Some(())
    }
}

/// Reads front to back.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.rest.split_first_chunk::<N>()?;
        self.rest = tail;
        Some(*head)
    }

    /// The next point; `None` when the bytes are not the canonical form of one.
    pub fn point(&mut self) -> Option<RistrettoPoint> {
        CompressedRistretto(self.take()?).decompress()
    }

    /// The next scalar; `None` unless it is below the group's order.
    pub fn scalar(&mut self) -> Option<Scalar> {
        Scalar::from_canonical_bytes(self.take()?).into_option()
    }

    /// The next 128 bits.
    pub fn number(&mut self) -> Option<u128> {
        self.take().map(u128::from_le_bytes)
    }

    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_forms_are_read() {
        // The group's order, little-endian: 0 in another form.
        let order: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        assert_eq!(Reader::new(&order).scalar(), None);
        let mut below = order;
        below[0] -= 1;
        assert_eq!(Reader::new(&below).scalar(), Some(-Scalar::ONE));
        // The field's prime: the neutral point in another form; and a negative field element.
        let mut prime = [0xff; 32];
        (prime[0], prime[31]) = (0xed, 0x7f);
        assert!(Reader::new(&prime).point().is_none());
        let mut odd = [0; 32];
        odd[0] = 1;
        assert!(Reader::new(&odd).point().is_none());
        assert!(Reader::new(&[0; 32]).point().is_some(), "the neutral point");
        assert!(Reader::new(&[0; 31]).point().is_none(), "too short");
    }

    #[test]
    fn a_full_buffer_takes_no_more() {
        let mut buffer = [0; 5];
        let mut writer = Writer::new(&mut buffer);
        assert_eq!(writer.put(&[1, 2, 3]), Some(()));
        assert_eq!(writer.put(&[4, 5, 6]), None);
        assert_eq!(buffer, [1, 2, 3, 0, 0]);
    }
}
