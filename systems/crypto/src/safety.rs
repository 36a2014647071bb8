//! The safety number: what two people compare to know that nobody stands between them.
//!
//! Signal's numeric fingerprint, version 0: each side's identity is hashed 5200 times with SHA-512 over
//! `version u16be ‖ key ‖ id ‖ key`, then `hash ‖ key`; 30 bytes of it make six groups of five digits. Here the id is
//! the 32 raw bytes of the peer id and the key is `0xED ‖` the same bytes. The QR form is Signal's
//! `CombinedFingerprints` message, with 32 bytes of each side's hash.

use std::fmt;

use orrery_protocol::PeerId;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use crate::{curve, error::SafetyError};

/// Rounds of SHA-512.
const ROUNDS: usize = 5200;
/// Version of the algorithm and of the QR form.
const VERSION: u8 = 0;
/// `CombinedFingerprints` in protobuf, cut at the two contents: field 1 the version, 2 and 3 a message each that has
/// the content as its field 1.
const QR_HEAD: [u8; 6] = [0x08, VERSION, 0x12, 0x22, 0x0a, 0x20];
const QR_MIDDLE: [u8; 4] = [0x1a, 0x22, 0x0a, 0x20];
/// Length of the QR form.
const QR_LEN: usize = QR_HEAD.len() + 32 + QR_MIDDLE.len() + 32;

/// The safety number of two people; both compute the same digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SafetyNumber {
    own: [u8; 32],
    theirs: [u8; 32],
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SafetyNumber(hidden)")
    }
}

impl SafetyNumber {
    /// Computes it: 10 400 hashes, a few milliseconds.
    #[must_use]
    pub fn of(own: &PeerId, theirs: &PeerId) -> Self {
        let hash = |peer: &PeerId| fingerprint(peer.as_bytes(), &curve::encode_key(curve::ED25519, peer.as_bytes()));
        Self {
            own: hash(own),
            theirs: hash(theirs),
        }
    }

    /// Twelve groups of five digits, the same on both sides.
    #[must_use]
    pub fn groups(&self) -> [String; 12] {
        let (own, theirs) = (half(&self.own), half(&self.theirs));
        let (first, second) = if own < theirs { (own, theirs) } else { (theirs, own) };
        let mut groups = first.into_iter().chain(second);
        std::array::from_fn(|_| groups.next().unwrap_or_default())
    }

    /// All sixty digits.
    #[must_use]
    pub fn digits(&self) -> String {
        self.groups().concat()
    }

    /// The bytes of the QR code that the other side scans.
    #[must_use]
    pub fn qr(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(QR_LEN);
        bytes.extend_from_slice(&QR_HEAD);
        bytes.extend_from_slice(&self.own);
        bytes.extend_from_slice(&QR_MIDDLE);
        bytes.extend_from_slice(&self.theirs);
        bytes
    }

    /// Whether a code scanned from the other side's screen is its view of this same pair. In constant time.
    ///
    /// # Errors
    /// [`SafetyError::Malformed`] for a code that is no safety number, [`SafetyError::Version`] for another version.
    pub fn matches(&self, scanned: &[u8]) -> Result<bool, SafetyError> {
        let (head, rest) = scanned.split_first_chunk::<6>().ok_or(SafetyError::Malformed)?;
        let [tag, version, tail @ ..] = head;
        let [expected_tag, _, expected_tail @ ..] = &QR_HEAD;
        if tag != expected_tag || tail != expected_tail {
            return Err(SafetyError::Malformed);
        }
        if *version != VERSION {
            return Err(SafetyError::Version);
        }
        let (local, rest) = rest.split_first_chunk::<32>().ok_or(SafetyError::Malformed)?;
        let remote = rest.strip_prefix(&QR_MIDDLE).ok_or(SafetyError::Malformed)?;
        let remote: &[u8; 32] = remote.try_into().map_err(|_| SafetyError::Malformed)?;
        Ok((local.ct_eq(&self.theirs) & remote.ct_eq(&self.own)).into())
    }
}

/// One side's hash; Signal's algorithm for any id and encoded key.
fn fingerprint(id: &[u8], key: &[u8]) -> [u8; 32] {
    let mut hash = Sha512::new()
        .chain_update([0, VERSION])
        .chain_update(key)
        .chain_update(id)
        .chain_update(key)
        .finalize();
    for _ in 1..ROUNDS {
        hash = Sha512::new().chain_update(hash).chain_update(key).finalize();
    }
    hash.first_chunk().copied().unwrap_or_default()
}

/// Six groups of five digits: each from five bytes, big-endian, modulo 100 000.
fn half(hash: &[u8; 32]) -> Vec<String> {
    hash.chunks_exact(5)
        .take(6)
        .map(|chunk| {
            let number = chunk.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            format!("{:05}", number % 100_000)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    /// The published vector of Signal's own libraries: two keys, two phone numbers, 5200 rounds.
    #[test]
    fn signals_own_vector_gives_signals_digits() {
        let alice = hex("0506863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868");
        let bob = hex("05f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b");
        let number = SafetyNumber {
            own: fingerprint(b"+14152222222", &alice),
            theirs: fingerprint(b"+14153333333", &bob),
        };
        assert_eq!(
            number.digits(),
            "300354477692869396892869876765458257569162576843440918079131"
        );
        // The published code is of version 1; all but that byte is the same.
        let mut published = hex(concat!(
            "080112220a201e301a0353dce3dbe7684cb8336e85136cdc0ee96219494ada305d62a7bd61df",
            "1a220a20d62cbf73a11592015b6b9f1682ac306fea3aaf3885b84d12bca631e9d4fb3a4d"
        ));
        published[1] = VERSION;
        assert_eq!(number.qr(), published);
    }

    #[test]
    fn both_sides_see_the_same_digits_and_each_others_code() {
        let (a, b) = (PeerId([1; 32]), PeerId([2; 32]));
        let (at_a, at_b) = (SafetyNumber::of(&a, &b), SafetyNumber::of(&b, &a));
        assert_eq!(at_a.digits(), at_b.digits());
        assert_eq!(at_a.digits().len(), 60);
        assert_eq!(at_a.matches(&at_b.qr()), Ok(true));
        assert_eq!(at_b.matches(&at_a.qr()), Ok(true));
        // One's own code, and somebody else's.
        assert_eq!(at_a.matches(&at_a.qr()), Ok(false));
        let other = SafetyNumber::of(&b, &PeerId([3; 32]));
        assert_ne!(other.digits(), at_a.digits());
        assert_eq!(at_a.matches(&other.qr()), Ok(false));
    }

    #[test]
    fn a_changed_code_never_matches() {
        let (a, b) = (PeerId([1; 32]), PeerId([2; 32]));
        let (at_a, code) = (SafetyNumber::of(&a, &b), SafetyNumber::of(&b, &a).qr());
        for bit in 0..code.len() * 8 {
            let mut bad = code.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(at_a.matches(&bad), Ok(true), "bit {bit}");
        }
        for len in 0..code.len() {
            assert_eq!(at_a.matches(&code[..len]), Err(SafetyError::Malformed));
        }
        let mut newer = code.clone();
        newer[1] = 2;
        assert_eq!(at_a.matches(&newer), Err(SafetyError::Version));
        assert_eq!(at_a.matches(&[code, vec![0]].concat()), Err(SafetyError::Malformed));
    }
}
