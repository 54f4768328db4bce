//! Bytes as text and back, each in one way only: multibase, did:key, multihash, decimals. Reading
//! refuses whatever writing would not have written.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::VerifyingKey;
use qres_core::q16::Q16;

/// Multicodec of an Ed25519 public key.
const ED25519_PUBLIC: [u8; 2] = [0xED, 0x01];
/// Multihash code of BLAKE3, and the length of its digest.
const BLAKE3_256: [u8; 2] = [0x1E, 32];
/// Longest text in base 58 that is read: reading it takes time in the square of its length.
const BASE58_CHARS_MAX: usize = 100;

/// Multibase `z`: base 58 (Bitcoin's letters).
pub fn base58(bytes: &[u8]) -> String {
    format!("z{}", bs58::encode(bytes).into_string())
}

/// Reads exactly `N` bytes of multibase `z`.
pub fn read_base58<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix('z').filter(|digits| digits.len() <= BASE58_CHARS_MAX)?;
    bs58::decode(digits).into_vec().ok()?.try_into().ok()
}

/// Multibase `u`: base 64 for URLs, without padding (RFC 4648, section 5).
pub fn base64url(bytes: &[u8]) -> String {
    format!("u{}", BASE64URL_NOPAD.encode(bytes))
}

/// Reads multibase `u`; bits that belong to no byte must be zero.
pub fn read_base64url(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.strip_prefix('u')?.as_bytes()).ok()
}

/// A key as `z6Mk...`: multibase of multicodec.
pub fn multikey(key: &VerifyingKey) -> String {
    let mut bytes = ED25519_PUBLIC.to_vec();
    bytes.extend_from_slice(key.as_bytes());
    base58(&bytes)
}

/// `did:key:z6Mk...` (W3C Credentials Community Group, "The did:key Method v0.9").
pub fn did(key: &VerifyingKey) -> String {
    format!("did:key:{}", multikey(key))
}

/// Name of the one key in a did:key document: the identifier, `#`, the key again.
pub fn method(key: &VerifyingKey) -> String {
    format!("{}#{}", did(key), multikey(key))
}

/// The key that a did:key is.
pub fn read_did(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 34] = read_base58(text.strip_prefix("did:key:")?)?;
    let (codec, key) = bytes.split_first_chunk::<2>()?;
    let key = key.first_chunk::<32>()?;
    (*codec == ED25519_PUBLIC).then(|| VerifyingKey::from_bytes(key).ok())?
}

/// BLAKE3 of `bytes` as a multihash in multibase `u`.
pub fn digest(bytes: &[u8]) -> String {
    let mut multihash = BLAKE3_256.to_vec();
    multihash.extend_from_slice(blake3::hash(bytes).as_bytes());
    base64url(&multihash)
}

/// Whether a text is a BLAKE3 multihash.
pub fn is_digest(text: &str) -> bool {
    read_base64url(text).is_some_and(|bytes| bytes.len() == 34 && bytes.starts_with(&BLAKE3_256))
}

/// A number that is not negative, with four decimals, rounded half up.
pub fn decimal(value: Q16) -> String {
    let scaled = (i64::from(value.to_bits().max(0)) * 10_000 + 0x8000) >> 16;
    format!("{}.{:04}", scaled / 10_000, scaled % 10_000)
}

/// Ten-thousandths of a decimal as [`decimal`] writes it.
pub fn read_decimal(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = whole == "0" || !whole.starts_with('0');
    if part.len() != 4 || !(1..=5).contains(&whole.len()) {
        return None;
    }
    if !canonical || !digits(whole) || !digits(part) {
        return None;
    }
    Some(whole.parse::<u32>().ok()? * 10_000 + part.parse::<u32>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_and_read_in_one_form_only() {
        let table = [
            (0, "0.0000"),
            (65_536, "1.0000"),
            (32_768, "0.5000"),
            (3, "0.0000"),
            (4, "0.0001"),
            (-65_536, "0.0000"),
            (i32::MAX, "32768.0000"),
            (65_536 * 12 + 13_107, "12.2000"),
        ];
        for (bits, text) in table {
            assert_eq!(decimal(Q16::from_bits(bits)), text);
            assert!(read_decimal(text).is_some(), "{text}");
        }
        assert_eq!(read_decimal("12.0345"), Some(120_345));
        let wrong = [
            "",
            "1",
            "1.",
            ".0000",
            "01.0000",
            "1.000",
            "1.00000",
            "+1.0000",
            "1.0 00",
            "-1.0000",
            "1e4.0000",
            "123456.0000",
            "00.0000",
            "\u{0661}.0000",
        ];
        for text in wrong {
            assert_eq!(read_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_named_as_the_method_says() {
        // The public key of RFC 8032, section 7.1, test 1.
        let bytes = data_encoding::HEXLOWER
            .decode(b"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
            .expect("hex");
        let key = VerifyingKey::from_bytes(bytes.as_slice().try_into().expect("32")).expect("key");
        let name = did(&key);
        assert_eq!(name, "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
        assert_eq!(read_did(&name), Some(key));
        let wrong = [
            "did:key:",
            "did:key:z",
            "did:key:z6Mk",
            "did:web:example.org",
            "did:key:zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
            // An X25519 key.
            "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        ];
        for text in wrong {
            assert_eq!(read_did(text), None, "{text}");
        }
        assert_eq!(read_did(&format!("{name}1")), None);
    }

    #[test]
    fn base64url_has_one_form() {
        assert_eq!(base64url(&[0xFB, 0xFF, 0xBF]), "u-_-_");
        assert_eq!(read_base64url("u-_-_"), Some(vec![0xFB, 0xFF, 0xBF]));
        for wrong in ["", "-_-_", "m-_-_", "u-_-_=", "u+/+/", "uAB", "uA", "u AA"] {
            assert_eq!(read_base64url(wrong), None, "{wrong}");
        }
        // BLAKE3 of nothing, from its published test vectors.
        assert_eq!(digest(b""), "uHiCvE0m59fmhpqBATeo23MlJm8slya3BErfMmpPK5B8yYg");
        assert!(is_digest(&digest(b"")));
        assert!(!is_digest("uEiCv"));
    }
}
