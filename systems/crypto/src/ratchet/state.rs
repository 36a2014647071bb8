//! A ratchet as it is stored, within a session's state.

use std::collections::VecDeque;

use orrery_protocol::record::SecretBytes;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::{
    MAX_SKIPPED_KEPT, OLD_CHAINS, OldChain, Ratchet, State, chain::Chain, skipped::SkippedKey, skipped::SkippedKeys,
};
use crate::{curve, error::StateError, kdf::Key, wire::Reader};

/// A skipped key: chain, number, stamp, key.
const SKIPPED: usize = 32 + 4 + 8 + 32;

impl Ratchet {
    /// How many bytes [`Self::write`] appends.
    pub(crate) fn stored_len(&self) -> usize {
        let state = &*self.0;
        state.aad_prefix.len() + 4 * 32 + 36 + 1 + 36 + 4 + 1 + state.old.len() * 36 + 2 + state.skipped.len() * SKIPPED
    }

    /// Appends the state. The caller has made room, so that no half-written copy stays behind.
    pub(crate) fn write(&self, out: &mut SecretBytes) {
        let state = &*self.0;
        let out = &mut out.0;
        out.extend_from_slice(&state.aad_prefix);
        out.extend_from_slice(state.root.as_slice());
        out.extend_from_slice(state.own.as_bytes());
        out.extend_from_slice(&state.own_public);
        out.extend_from_slice(&state.remote);
        write_chain(&state.sending, out);
        out.push(u8::from(state.receiving.is_some()));
        if let Some(chain) = &state.receiving {
            write_chain(chain, out);
        }
        out.extend_from_slice(&state.previous.to_be_bytes());
        // Both counts are bounded by constants that fit.
        out.push(u8::try_from(state.old.len()).unwrap_or(u8::MAX));
        for old in &state.old {
            out.extend_from_slice(&old.key);
            out.extend_from_slice(&old.len.to_be_bytes());
        }
        out.extend_from_slice(&u16::try_from(state.skipped.len()).unwrap_or(u16::MAX).to_be_bytes());
        for skipped in state.skipped.iter() {
            out.extend_from_slice(&skipped.chain);
            out.extend_from_slice(&skipped.number.to_be_bytes());
            out.extend_from_slice(&skipped.stamp_ms.to_be_bytes());
            out.extend_from_slice(skipped.key.as_slice());
        }
    }

    /// Reads what [`Self::write`] wrote, leaving the reader behind it.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, StateError> {
        let len = reader.u32()?;
        let ad = reader.slice(usize::try_from(len).map_err(|_| StateError::Malformed)?)?;
        let aad_prefix = super::aad_prefix(ad);
        let root = key(reader)?;
        let own = StaticSecret::from(*Zeroizing::new(reader.array::<32>()?));
        let own_public = reader.array()?;
        let remote = reader.array()?;
        if !curve::is_sound_x25519(&remote) {
            return Err(StateError::Malformed);
        }
        let sending = read_chain(reader)?;
        let receiving = match reader.u8()? {
            0 => None,
            1 => Some(read_chain(reader)?),
            _ => return Err(StateError::Malformed),
        };
        let previous = reader.u32()?;
        let count = usize::from(reader.u8()?);
        if count > OLD_CHAINS {
            return Err(StateError::Malformed);
        }
        let mut old = VecDeque::with_capacity(OLD_CHAINS);
        for _ in 0..count {
            old.push_back(OldChain {
                key: reader.array()?,
                len: reader.u32()?,
            });
        }
        let count = usize::from(reader.u16()?);
        if count > MAX_SKIPPED_KEPT {
            return Err(StateError::Malformed);
        }
        let mut skipped = SkippedKeys::default();
        for _ in 0..count {
            let (chain, number, stamp_ms) = (reader.array()?, reader.u32()?, reader.u64()?);
            skipped.push(SkippedKey {
                chain,
                number,
                stamp_ms,
                key: Box::new(key(reader)?),
            });
        }
        Ok(Self(Box::new(State {
            aad_prefix,
            root,
            own,
            own_public,
            remote,
            sending,
            receiving,
            previous,
            old,
            skipped,
        })))
    }
}

fn key(reader: &mut Reader<'_>) -> Result<Key, StateError> {
    Ok(Zeroizing::new(reader.array()?))
}

fn write_chain(chain: &Chain, out: &mut Vec<u8>) {
    out.extend_from_slice(chain.key());
    out.extend_from_slice(&chain.n().to_be_bytes());
}

fn read_chain(reader: &mut Reader<'_>) -> Result<Chain, StateError> {
    Ok(Chain::at(key(reader)?, reader.u32()?))
}

/// A ratchet laid open.
#[cfg(feature = "vectors")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// Own ratchet secret as drawn, before clamping.
    pub own: [u8; 32],
    /// Their ratchet key.
    pub remote: [u8; 32],
    /// Root key.
    pub root: [u8; 32],
    /// Sending chain: key, length.
    pub sending: ([u8; 32], u32),
    /// Receiving chain: key, length.
    pub receiving: Option<([u8; 32], u32)>,
    /// PN.
    pub previous: u32,
    /// Skipped keys: ratchet key, number, message key.
    pub skipped: Vec<([u8; 32], u32, [u8; 32])>,
}

#[cfg(feature = "vectors")]
impl Ratchet {
    /// Lays the state open.
    #[must_use]
    pub fn dump(&self) -> Dump {
        let state = &*self.0;
        let chain = |chain: &Chain| (*chain.key(), chain.n());
        Dump {
            own: state.own.to_bytes(),
            remote: state.remote,
            root: *state.root,
            sending: chain(&state.sending),
            receiving: state.receiving.as_ref().map(chain),
            previous: state.previous,
            skipped: state
                .skipped
                .iter()
                .map(|key| (key.chain, key.number, **key.key))
                .collect(),
        }
    }

    /// Exchanges the associated data for another, giving the old one.
    pub fn swap_associated_data(&mut self, associated_data: &[u8]) -> Vec<u8> {
        let old = std::mem::replace(&mut self.0.aad_prefix, super::aad_prefix(associated_data));
        old.get(4..).unwrap_or_default().to_vec()
    }

    /// Moves the counter of the sending chain, to reach its end within a test's patience.
    pub fn set_sending_number(&mut self, n: u32) {
        self.0.sending = Chain::at(self.0.sending.key().to_owned().into(), n);
    }
}
