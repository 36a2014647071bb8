//! What reads bytes of strangers in here, opened for the laws in `tests/laws`. Only with the feature `fuzzing`, which tests
//! switch on and programs never do.

use orrery_crypto::SafetyNumber;

use crate::{
    driver,
    rtc::{candidates, fingerprint, pieces, sdp},
    signaling::ServerAddress,
};

/// What pieces of a data channel give, in their order, until one of them breaks the protocol.
#[must_use]
pub fn put_together<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let mut assembler = pieces::Assembler::default();
    let mut whole = Vec::new();
    for piece in pieces {
        match assembler.take(piece) {
            Ok(message) => whole.extend(message),
            Err(pieces::BadPiece) => return (whole, false),
        }
    }
    (whole, true)
}

/// A message in pieces; `None` when it may not travel.
#[must_use]
pub fn cut(message: &[u8]) -> Option<Vec<Vec<u8>>> {
    pieces::cut(message)
}

/// The text of a peer's candidate when it is taken.
#[must_use]
pub fn candidate(line: &str, loopback: bool) -> Option<String> {
    candidates::read(line, loopback).map(|candidate| candidate.candidate)
}

/// A description as it would be given to the stack, when it is taken at all.
#[must_use]
pub fn description(sdp: &str) -> Option<String> {
    sdp::read(sdp).ok().map(|description| description.text)
}

/// The bytes of a certificate's fingerprint.
#[must_use]
pub fn fingerprint(text: &str) -> Option<[u8; 32]> {
    fingerprint::parse(text)
}

/// Host and port that are dialled for a server's address, and the URL of a socket there.
#[must_use]
pub fn server_address(text: &str) -> Option<(String, u16, String)> {
    let address = ServerAddress::parse(text).ok()?;
    Some((address.host().to_owned(), address.port(), address.url("/v1/socket")))
}

/// Whether what was typed or scanned is taken for this safety number; `None` when it is none at all.
#[must_use]
pub fn same_safety_number(number: &SafetyNumber, typed: &str) -> Option<bool> {
    match driver::compare(number, typed) {
        Ok(()) => Some(true),
        Err(orrery_link::Code::SafetyNumberDiffers) => Some(false),
        Err(_) => None,
    }
}
