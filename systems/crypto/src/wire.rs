//! Reading and writing fixed binary layouts: big-endian numbers, arrays, nothing optional that is not said.

use orrery_protocol::record::SecretBytes;
use sha2::{Digest, Sha256};

use crate::error::StateError;

/// Fewer bytes than the layout needs.
#[derive(Debug)]
pub(crate) struct Short;

impl From<Short> for StateError {
    fn from(_: Short) -> Self {
        Self::Malformed
    }
}

/// Takes a layout apart from its front.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn slice(&mut self, len: usize) -> Result<&'a [u8], Short> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array_ref<const N: usize>(&mut self) -> Result<&'a [u8; N], Short> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        self.array_ref().copied()
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Short> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Length of the checksum at the end of stored state.
const CHECKSUM: usize = 8;

/// Starts stored state: room for everything at once, because a growing vector leaves copies of secrets behind.
pub(crate) fn begin(version: u8, room: usize) -> SecretBytes {
    let mut bytes = Vec::with_capacity(1 + room + CHECKSUM);
    bytes.push(version);
    SecretBytes(bytes)
}

/// Ends stored state with its checksum. The database authenticates its pages; this catches what passes by it, such as
/// a row written for something else.
pub(crate) fn finish(mut state: SecretBytes) -> SecretBytes {
    let sum: [u8; 32] = Sha256::digest(&state.0).into();
    state
        .0
        .extend_from_slice(sum.first_chunk::<CHECKSUM>().unwrap_or(&[0; CHECKSUM]));
    state
}

/// Checks version and checksum of stored state and gives what stands between.
pub(crate) fn open(bytes: &[u8], version: u8) -> Result<Reader<'_>, StateError> {
    match bytes.first() {
        None => return Err(StateError::Malformed),
        Some(found) if *found != version => return Err(StateError::Version),
        Some(_) => {}
    }
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(StateError::Malformed)?;
    let expected: [u8; 32] = Sha256::digest(body).into();
    if expected.first_chunk::<CHECKSUM>() != Some(sum) {
        return Err(StateError::Damaged);
    }
    Ok(Reader(body.get(1..).ok_or(StateError::Malformed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_that_was_changed_cut_or_extended_does_not_open() {
        let mut state = begin(1, 2);
        state.0.extend_from_slice(&[7, 9]);
        let state = finish(state);
        assert_eq!(open(&state.0, 1).unwrap().0, [7, 9]);
        for at in 1..state.0.len() {
            let mut bad = state.0.clone();
            bad[at] ^= 1;
            assert!(matches!(open(&bad, 1), Err(StateError::Damaged)), "byte {at}");
        }
        for len in 0..state.0.len() {
            assert!(open(&state.0[..len], 1).is_err());
        }
        let mut longer = state.0.clone();
        longer.push(0);
        assert!(matches!(open(&longer, 1), Err(StateError::Damaged)));
        assert!(matches!(open(&state.0, 2), Err(StateError::Version)));
    }
}
