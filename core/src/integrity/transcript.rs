//! The transcript of a proof: what both sides have said, framed, and the challenge that follows
//! from all of it (Fiat and Shamir, "How to prove yourself", 1986, in the strong form: the whole
//! statement goes in first).
//!
//! Each item is a label and data, both behind their length, under a domain that names the proof;
//! so no two different conversations have the same bytes.

/// What has been said so far.
#[derive(Clone, Debug)]
pub struct Transcript(blake3::Hasher);

impl Transcript {
    /// An empty transcript for the proof that `domain`, a constant of the code, names.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        Self(blake3::Hasher::new_derive_key(domain))
    }

    /// Adds an item.
    pub fn append(&mut self, label: &str, data: &[u8]) {
        for part in [label.as_bytes(), data] {
            self.0.update(&(part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    /// 128 bits that nobody can choose: the challenge of a proof. Closes the transcript.
    #[must_use]
    pub fn challenge(mut self, label: &str) -> u128 {
        self.append(label, &[]);
        let mut bytes = [0; 16];
        self.0.finalize_xof().fill(&mut bytes);
        u128::from_le_bytes(bytes)
    }

    /// A digest of what has been said so far.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(domain: &str, items: &[(&str, &[u8])], last: &str) -> u128 {
        let mut transcript = Transcript::new(domain);
        for (label, data) in items {
            transcript.append(label, data);
        }
        transcript.challenge(last)
    }

    #[test]
    fn every_cut_of_the_same_bytes_is_another_conversation() {
        let all = [
            challenge("a", &[("x", b"12"), ("y", b"3")], "c"),
            challenge("a", &[("x", b"1"), ("y", b"23")], "c"),
            challenge("a", &[("x1", b"2"), ("y", b"3")], "c"),
            challenge("a", &[("x", b"12y3")], "c"),
            challenge("a", &[("x", b"12"), ("y", b"3"), ("", b"")], "c"),
            challenge("a", &[("y", b"3"), ("x", b"12")], "c"),
            challenge("b", &[("x", b"12"), ("y", b"3")], "c"),
            challenge("a", &[("x", b"12"), ("y", b"3")], "d"),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other != one), "{place}");
        }
        assert_eq!(all[0], challenge("a", &[("x", b"12"), ("y", b"3")], "c"));
    }
}
