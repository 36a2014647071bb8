//! Vaults, whose keys cost a second each: here they claim the least that is taken.

use orrery_crypto::{RecoveryPhrase, VaultError, vault as vaults};

use super::with_checksum;
use crate::cursor::Cursor;

/// Where the first wrap begins, how long each is, and where in it memory, passes and lanes stand.
const FIRST: usize = 10;
const WRAP: usize = 89;
const COSTS: std::ops::Range<usize> = 1..13;
/// The cheapest: eight KiB, one pass, one lane.
const CHEAP: [u8; 12] = [0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1];

/// A vault file, with its checksum as it came and set right.
pub fn vault(data: &[u8]) {
    let mut cursor = Cursor(data);
    let how = cursor.u8();
    let body = [&b"orrvault"[..], cursor.0].concat();
    let bytes = match how % 3 {
        0 => cursor.0.to_vec(),
        1 => with_checksum(cursor.0),
        _ => with_checksum(&body),
    };
    let has_phrase = vaults::has_phrase(&bytes);
    match (&has_phrase, vaults::without_phrase(&bytes)) {
        (Ok(has_phrase), Ok(without)) => {
            // Whatever was taken asks for bearable work, in each of its wraps.
            for wrap in bytes[FIRST..bytes.len() - 8].chunks(WRAP) {
                let number = |at: usize| u32::from_be_bytes(wrap[at..at + 4].try_into().unwrap());
                let (memory, passes, lanes) = (number(1), number(5), number(9));
                assert!(memory <= 2 << 20 && (1..=16).contains(&passes) && (1..=16).contains(&lanes));
            }
            assert_eq!(vaults::has_phrase(&without), Ok(false));
            assert_eq!(vaults::without_phrase(&without).as_ref(), Ok(&without));
            assert_eq!(*has_phrase, without != bytes);
        }
        (Err(said), Err(again)) => assert_eq!(*said, again),
        _ => panic!("taken by one and refused by the other"),
    }
    if has_phrase.is_err() {
        assert!(vaults::unwrap(&bytes, "pass").is_err_and(|error| error != VaultError::WrongPassphrase));
        return;
    }
    let mut cheap = bytes[..bytes.len() - 8].to_vec();
    for wrap in cheap[FIRST..].chunks_mut(WRAP) {
        wrap[COSTS].copy_from_slice(&CHEAP);
    }
    let cheap = with_checksum(&cheap);
    assert_eq!(vaults::unwrap(&cheap, "pass").err(), Some(VaultError::WrongPassphrase));
    let phrase = RecoveryPhrase::parse("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong").unwrap();
    let expected = if has_phrase == Ok(true) {
        VaultError::WrongPhrase
    } else {
        VaultError::NoPhrase
    };
    assert_eq!(vaults::unwrap_by_phrase(&cheap, &phrase).err(), Some(expected));
}
