//! The canonical encoding: the bytes that digests hash and snapshots store.
//!
//! Little-endian, fixed width, no padding, lists behind a `u32` count. What encodes also decodes,
//! so a digest covers exactly what a snapshot restores.

use crate::id::{GroupId, NodeId, Tick};
use crate::privacy::account::Rho;
use crate::q16::Q16;

/// Where canonical bytes go.
pub trait Sink {
    /// Takes the next bytes.
    fn put(&mut self, bytes: &[u8]);
    /// The bytes up to [`Sink::end`] are a field of this name and type: for whoever writes down
    /// what stands where. Others take no notice.
    #[inline]
    fn field(&mut self, _name: &'static str, _kind: &'static str) {}
    /// The field is over.
    #[inline]
    fn end(&mut self) {}
    /// The next byte is one of these: names and numbers.
    #[inline]
    fn choice(&mut self, _all: &'static [(&'static str, u8)]) {}
}

impl Sink for blake3::Hasher {
    fn put(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl<const N: usize> Sink for heapless::Vec<u8, N> {
    /// Bytes beyond the capacity are dropped; size the buffer for what it holds.
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let _ = self.push(*byte);
        }
    }
}

/// Reads canonical bytes from a slice; every read can run out.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    rest: &'a [u8],
}

impl<'a> Source<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `count` bytes, or `None` when fewer are left.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        self.rest = tail;
        Some(head)
    }

    /// Bytes not read yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }
}

/// A value with one canonical byte form.
pub trait Canonical: Sized {
    /// Appends the value's bytes.
    fn encode(&self, sink: &mut impl Sink);
    /// Reads a value back; `None` when bytes are missing or mean nothing.
    fn decode(source: &mut Source<'_>) -> Option<Self>;
}

macro_rules! canonical_int {
    ($($int:ty),*) => {$(
        impl Canonical for $int {
            fn encode(&self, sink: &mut impl Sink) {
                sink.put(&self.to_le_bytes());
            }
            fn decode(source: &mut Source<'_>) -> Option<Self> {
                let bytes = source.take(size_of::<Self>())?;
                Some(Self::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    )*};
}
canonical_int!(i8, u8, u16, u32, u64, u128, i16, i32, i64, i128);

impl Canonical for bool {
    fn encode(&self, sink: &mut impl Sink) {
        u8::from(*self).encode(sink);
    }
    fn decode(source: &mut Source<'_>) -> Option<Self> {
        match u8::decode(source)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Canonical for Q16 {
    fn encode(&self, sink: &mut impl Sink) {
        self.to_bits().encode(sink);
    }
    fn decode(source: &mut Source<'_>) -> Option<Self> {
        i32::decode(source).map(Self::from_bits)
    }
}

macro_rules! canonical_newtype {
    ($($name:ident),*) => {$(
        impl Canonical for $name {
            fn encode(&self, sink: &mut impl Sink) {
                self.0.encode(sink);
            }
            fn decode(source: &mut Source<'_>) -> Option<Self> {
                Canonical::decode(source).map(Self)
            }
        }
    )*};
}
canonical_newtype!(NodeId, GroupId, Tick, Rho);

impl<T: Canonical + Copy + Default, const N: usize> Canonical for [T; N] {
    fn encode(&self, sink: &mut impl Sink) {
        for item in self {
            item.encode(sink);
        }
    }
    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let mut array = [T::default(); N];
        for slot in &mut array {
            *slot = T::decode(source)?;
        }
        Some(array)
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn encode(&self, sink: &mut impl Sink) {
        self.is_some().encode(sink);
        if let Some(value) = self {
            value.encode(sink);
        }
    }
    fn decode(source: &mut Source<'_>) -> Option<Self> {
        if bool::decode(source)? { T::decode(source).map(Some) } else { Some(None) }
    }
}

impl<T: Canonical, const N: usize> Canonical for heapless::Vec<T, N> {
    fn encode(&self, sink: &mut impl Sink) {
        encode_slice(self, sink);
    }
    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let count = u32::decode(source)?;
        let mut list = Self::new();
        for _ in 0..count {
            list.push(T::decode(source)?).ok()?;
        }
        Some(list)
    }
}

/// Writes a list: a `u32` count, then each item.
pub fn encode_slice<T: Canonical>(items: &[T], sink: &mut impl Sink) {
    (items.len() as u32).encode(sink);
    for item in items {
        item.encode(sink);
    }
}

/// Implements [`Canonical`] for a struct, field by field in the order given, or for a fieldless
/// enum by number.
#[macro_export]
macro_rules! canonical {
    (struct $name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::canonical::Canonical for $name {
            fn encode(&self, sink: &mut impl $crate::canonical::Sink) {
                $(
                    let kind = core::any::type_name_of_val(&self.$field);
                    $crate::canonical::Sink::field(sink, stringify!($field), kind);
                    $crate::canonical::Canonical::encode(&self.$field, sink);
                    $crate::canonical::Sink::end(sink);
                )*
            }
            fn decode(source: &mut $crate::canonical::Source<'_>) -> Option<Self> {
                Some(Self { $($field: $crate::canonical::Canonical::decode(source)?,)* })
            }
        }
    };
    (enum $name:ident { $($variant:ident = $number:literal),* $(,)? }) => {
        impl $crate::canonical::Canonical for $name {
            fn encode(&self, sink: &mut impl $crate::canonical::Sink) {
                let number: u8 = match self { $(Self::$variant => $number,)* };
                $crate::canonical::Sink::choice(sink, &[$((stringify!($variant), $number)),*]);
                $crate::canonical::Canonical::encode(&number, sink);
            }
            fn decode(source: &mut $crate::canonical::Source<'_>) -> Option<Self> {
                match <u8 as $crate::canonical::Canonical>::decode(source)? {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        id: NodeId,
        value: Option<Q16>,
        marks: [u16; 2],
    }
    canonical!(struct Sample { id, value, marks });

    #[test]
    fn bytes_are_little_endian_and_come_back() {
        let sample = Sample { id: NodeId(0x0102), value: Some(Q16::ONE), marks: [7, 8] };
        let mut bytes: heapless::Vec<u8, 32> = heapless::Vec::new();
        sample.encode(&mut bytes);
        assert_eq!(&bytes[..], [2, 1, 0, 0, 1, 0, 0, 1, 0, 7, 0, 8, 0]);
        assert_eq!(Sample::decode(&mut Source::new(&bytes)), Some(sample));
    }

    #[test]
    fn short_and_meaningless_input_is_refused() {
        assert_eq!(u32::decode(&mut Source::new(&[1, 2, 3])), None);
        assert_eq!(bool::decode(&mut Source::new(&[2])), None);
        let overfull = [9, 0, 0, 0, 1, 2];
        assert_eq!(heapless::Vec::<u8, 2>::decode(&mut Source::new(&overfull)), None);
    }
}
