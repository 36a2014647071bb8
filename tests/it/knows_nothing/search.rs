//! Looking for something in bytes, in every way in which it could be written there.

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use orrery_protocol::PeerId;

/// Something that must not stand anywhere.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    pub(super) what: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Needle {
    pub(super) fn text(what: &'static str, text: &str) -> Self {
        Self::bytes(what, text.as_bytes())
    }

    pub(super) fn bytes(what: &'static str, bytes: &[u8]) -> Self {
        Self {
            what,
            bytes: bytes.to_vec(),
        }
    }
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first);
    starts.map(|(at, _)| &bytes[at..]).any(|rest| rest.starts_with(needle))
}

/// What stands in these bytes.
pub(super) fn found(bytes: &[u8], needles: &[Needle]) -> Vec<&'static str> {
    let there = needles.iter().filter(|needle| holds(bytes, &needle.bytes));
    there.map(|needle| needle.what).collect()
}

/// An id in all its spellings.
pub(super) fn encodings(id: &PeerId) -> Vec<Vec<u8>> {
    let bytes = id.as_bytes();
    vec![
        bytes.to_vec(),
        id.to_string().into_bytes(),
        BASE32_NOPAD.encode(bytes).into_bytes(),
        HEXLOWER.encode(bytes).into_bytes(),
        HEXUPPER.encode(bytes).into_bytes(),
        BASE64_NOPAD.encode(bytes).into_bytes(),
        BASE64URL_NOPAD.encode(bytes).into_bytes(),
        // As `Debug` shows the beginning of one.
        id.to_string().as_bytes()[..8].to_vec(),
    ]
}

/// Which of these people are named in these bytes.
pub(super) fn ids_in(bytes: &[u8], ids: &[PeerId]) -> Vec<PeerId> {
    let named = ids
        .iter()
        .filter(|id| encodings(id).iter().any(|encoded| holds(bytes, encoded)));
    named.copied().collect()
}

#[test]
fn what_stands_in_the_middle_at_the_ends_or_nowhere() {
    let needles = [Needle::text("a", "marker"), Needle::bytes("b", &[0, 1])];
    assert_eq!(found(b"marker", &needles), ["a"]);
    assert_eq!(found(b"a mmarker\0\x01", &needles), ["a", "b"]);
    assert_eq!(found(b"marke\x01\0", &needles), Vec::<&str>::new());
    let (one, other) = (PeerId([7; 32]), PeerId([9; 32]));
    for encoded in encodings(&one) {
        let bytes = [b"before", encoded.as_slice(), b"after"].concat();
        assert_eq!(ids_in(&bytes, &[other, one]), [one]);
    }
}
