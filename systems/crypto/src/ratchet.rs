//! The Double Ratchet (Signal, revision 3, §3) as `docs/PROTOCOL.md` pins it.
//!
//! ```text
//! root    HKDF-SHA256(salt root key, DH, ROOT label, 64) → root key ‖ chain key
//! chain   HMAC-SHA256(chain key, 02) → next chain key,  HMAC-SHA256(chain key, 01) → message key
//! message HKDF-SHA256(salt 32×00, message key, AEAD label, 44) → AES-256-GCM key ‖ nonce
//! AAD     u32be(len AD) ‖ AD ‖ header,  header = ratchet key ‖ u32be PN ‖ u32be N
//! ```
//! The initiator draws its first ratchet key at once and starts from the responder's signed prekey; the responder's
//! first ratchet key is that signed prekey. A new ratchet key is drawn when a message with a new one has
//! authenticated, so a forged message costs no randomness.
//!
//! Nothing is changed before a message has authenticated: [`Ratchet::decrypt`] works out what would change, tries the
//! key, and only then writes. A message key is used once: **store the advanced state before a ciphertext leaves**.

use std::{collections::VecDeque, fmt};

use rand_core::CryptoRng;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

mod chain;
mod header;
mod skipped;
mod state;
#[cfg(test)]
mod work;

pub use header::Header;
#[cfg(feature = "vectors")]
pub use state::Dump;

use self::{
    chain::{Advanced, Chain, Passed},
    skipped::SkippedKeys,
};
use crate::{
    aead, curve,
    error::{DecryptError, EncryptError, HandshakeError},
    kdf::{self, AeadKey, Key},
};

/// The most messages one jump may leap over, within a chain; a message further ahead is refused.
pub const MAX_SKIP: u32 = 1000;
/// Keys kept for messages leapt over; when full the oldest goes, and its message can never be read.
pub const MAX_SKIPPED_KEPT: usize = 2000;
/// How long such a key is kept, in milliseconds: 30 days.
pub const SKIPPED_LIFETIME_MS: u64 = 30 * 24 * 3600 * 1000;
/// Finished receiving chains remembered, without their keys, so that a late repeat is called one.
pub const OLD_CHAINS: usize = 5;

/// One side of a double ratchet. No `Clone`: two copies that both encrypt would use a nonce twice.
pub struct Ratchet(Box<State>);

/// On the heap, so that moving a ratchet leaves no copies of its secrets behind.
struct State {
    /// `u32be(len AD) ‖ AD`: what every AAD starts with.
    aad_prefix: Vec<u8>,
    root: Key,
    own: StaticSecret,
    own_public: [u8; 32],
    /// Their current ratchet key (the signed prekey at first, for the initiator).
    remote: [u8; 32],
    sending: Chain,
    /// `None` until the initiator's first answer.
    receiving: Option<Chain>,
    /// Length of the sending chain before this one: PN.
    previous: u32,
    /// Newest last.
    old: VecDeque<OldChain>,
    skipped: SkippedKeys,
}

/// A receiving chain that was left: every N below `len` was read or has a skipped key (or had one).
#[derive(Clone, Copy, PartialEq, Eq)]
struct OldChain {
    key: [u8; 32],
    len: u32,
}

/// What an authenticated message changes.
enum Change {
    /// A skipped key, by its place, is used up.
    Skipped(usize),
    /// The receiving chain moves on past the keys of skipped messages.
    Advance { chain: Chain, passed: Passed },
    /// A new ratchet key: the old chain ends at `previous`, a new one starts.
    Turn { turn: Turn, previous: u32 },
}

/// A receiving half-step: their new ratchet key with our current one.
struct Turn {
    remote: [u8; 32],
    root: Key,
    chain: Chain,
    passed: Passed,
}

/// A message that authenticated, and what it will change once it is committed.
pub(crate) struct Opened {
    pub(crate) plaintext: Zeroizing<Vec<u8>>,
    change: Change,
}

impl fmt::Debug for Ratchet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ratchet")
            .field("sent", &self.0.sending.n())
            .field("received", &self.0.receiving.as_ref().map(Chain::n))
            .field("previous", &self.0.previous)
            .field("old_chains", &self.0.old.len())
            .field("skipped", &self.0.skipped.len())
            .finish_non_exhaustive()
    }
}

fn aad_prefix(associated_data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(associated_data.len()).unwrap_or(u32::MAX);
    [&len.to_be_bytes()[..], associated_data].concat()
}

impl From<HandshakeError> for DecryptError {
    fn from(_: HandshakeError) -> Self {
        Self::BadKey
    }
}

impl Ratchet {
    /// The side that writes first. `remote` is the responder's signed prekey.
    ///
    /// # Errors
    /// [`HandshakeError::BadKey`] for an unsound `remote`.
    pub fn initiate(
        secret: &[u8; 32],
        associated_data: &[u8],
        remote: [u8; 32],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, HandshakeError> {
        let own = StaticSecret::random_from_rng(rng);
        let (root, chain) = kdf::root_step(secret, curve::dh(&own, &remote)?.as_bytes());
        Ok(Self(Box::new(State {
            aad_prefix: aad_prefix(associated_data),
            root,
            own_public: curve::public_of(&own),
            own,
            remote,
            sending: Chain::new(chain),
            receiving: None,
            previous: 0,
            old: VecDeque::new(),
            skipped: SkippedKeys::default(),
        })))
    }

    /// The side that is written to, made by the first message it reads. `own` is the secret of its signed prekey.
    ///
    /// # Errors
    /// [`DecryptError`] as [`Self::decrypt`]; there is no ratchet then.
    pub fn respond(
        secret: &[u8; 32],
        associated_data: &[u8],
        own: &StaticSecret,
        header: &Header,
        ciphertext: &[u8],
        now_ms: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<(Self, Zeroizing<Vec<u8>>), DecryptError> {
        let (turn, key) = Turn::take(secret, own, header)?;
        let aad_prefix = aad_prefix(associated_data);
        let plaintext = open(&aad_prefix, &key, header, ciphertext)?;
        let (own, root, sending) = turn.answer(rng)?;
        let mut state = State {
            aad_prefix,
            root,
            own_public: curve::public_of(&own),
            own,
            remote: turn.remote,
            sending,
            receiving: Some(turn.chain),
            previous: 0,
            old: VecDeque::new(),
            skipped: SkippedKeys::default(),
        };
        state.skipped.add(turn.remote, turn.passed, now_ms);
        Ok((Self(Box::new(state)), plaintext))
    }

    /// Encrypts the concatenation of `parts` and appends `header ‖ ciphertext ‖ tag` to `out`.
    ///
    /// # Errors
    /// [`EncryptError::Exhausted`] at the end of the counter; nothing is changed then.
    pub(crate) fn encrypt_into(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) -> Result<(), EncryptError> {
        let state = &mut *self.0;
        let (next, key) = state.sending.step().ok_or(EncryptError::Exhausted)?;
        let header = Header {
            ratchet_key: state.own_public,
            previous: state.previous,
            number: state.sending.n(),
        }
        .to_bytes();
        let before = out.len();
        out.reserve(header.len() + parts.iter().map(|part| part.len()).sum::<usize>() + aead::TAG);
        out.extend_from_slice(&header);
        let start = out.len();
        for part in parts {
            out.extend_from_slice(part);
        }
        let aad = with_header(&state.aad_prefix, &header);
        if aead::encrypt_tail(&AeadKey::of_message(&key), &aad, out, start).is_err() {
            // More than AES-GCM takes under one key; nothing of the plaintext may stay in a buffer meant for the wire.
            out.truncate(before);
            return Err(EncryptError::Exhausted);
        }
        state.sending = next;
        Ok(())
    }

    /// Encrypts one message.
    ///
    /// # Errors
    /// [`EncryptError::Exhausted`] after 2³² messages without an answer; nothing is changed then.
    pub fn encrypt(&mut self, plaintext: &[u8]) -> Result<(Header, Vec<u8>), EncryptError> {
        let mut out = Vec::new();
        self.encrypt_into(&[plaintext], &mut out)?;
        let ciphertext = out.split_off(Header::LEN);
        let header = Header::from_bytes(out.first_chunk().unwrap_or(&[0; Header::LEN]));
        Ok((header, ciphertext))
    }

    /// Decrypts one message. `now_ms` stamps and expires the keys of messages that are still missing.
    ///
    /// # Errors
    /// [`DecryptError`]; nothing is changed then.
    pub fn decrypt(
        &mut self,
        header: &Header,
        ciphertext: &[u8],
        now_ms: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let opened = self.open(header, ciphertext, now_ms)?;
        self.commit(opened, now_ms, rng)
    }

    /// Whether a ratchet key is that of a chain this side has read from.
    #[must_use]
    pub fn knows(&self, ratchet_key: &[u8; 32]) -> bool {
        let state = &*self.0;
        (state.receiving.is_some() && state.remote == *ratchet_key)
            || state.old.iter().any(|old| old.key == *ratchet_key)
            || state.skipped.has_chain(ratchet_key)
    }

    /// Reads a message without changing anything.
    pub(crate) fn open(&self, header: &Header, ciphertext: &[u8], now_ms: u64) -> Result<Opened, DecryptError> {
        let (key, change) = self.0.locate(header, now_ms)?;
        let plaintext = open(&self.0.aad_prefix, &key, header, ciphertext)?;
        Ok(Opened { plaintext, change })
    }

    /// Writes what an opened message changes. Only its own `open` may have come before, with nothing between.
    pub(crate) fn commit(
        &mut self,
        opened: Opened,
        now_ms: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        self.0.apply(opened.change, now_ms, rng)?;
        Ok(opened.plaintext)
    }
}

impl State {
    /// Finds the key of a message and what using it would change.
    fn locate(&self, header: &Header, now_ms: u64) -> Result<(Key, Change), DecryptError> {
        let current = self.receiving.as_ref().filter(|_| header.ratchet_key == self.remote);
        if let Some(chain) = current.filter(|chain| header.number >= chain.n()) {
            let Advanced { chain, passed, key } = chain.advance(header.number)?;
            return Ok((key, Change::Advance { chain, passed }));
        }
        if let Some((place, key)) = self.skipped.find(&header.ratchet_key, header.number, now_ms) {
            return Ok((key, Change::Skipped(place)));
        }
        if current.is_some() {
            return Err(DecryptError::Duplicate);
        }
        if let Some(old) = self.old.iter().find(|old| old.key == header.ratchet_key) {
            // Beyond its known end an old chain has no key any more: such a message cannot be told from a forgery.
            return Err(if header.number < old.len {
                DecryptError::Duplicate
            } else {
                DecryptError::Authentication
            });
        }
        let (turn, key) = Turn::take(&self.root, &self.own, header)?;
        let previous = header.previous;
        Ok((key, Change::Turn { turn, previous }))
    }

    /// The end of the receiving chain at `previous` (their PN), and the keys still missing of it. When more are missing
    /// than one jump allows, they are given up and the ratchet goes on: heavy loss must not stop it for good.
    fn end_receiving(&self, previous: u32) -> Result<Option<(OldChain, Passed)>, DecryptError> {
        let Some(chain) = &self.receiving else { return Ok(None) };
        let missing = previous.saturating_sub(chain.n());
        let (len, passed) = if missing == 0 || missing > MAX_SKIP {
            (chain.n(), Passed::new())
        } else {
            let (end, passed) = chain.skip_to(previous)?;
            (end.n(), passed)
        };
        let key = self.remote;
        Ok(Some((OldChain { key, len }, passed)))
    }

    fn apply(&mut self, change: Change, now_ms: u64, rng: &mut (impl CryptoRng + ?Sized)) -> Result<(), DecryptError> {
        match change {
            Change::Skipped(place) => self.skipped.remove(place),
            Change::Advance { chain, passed } => {
                self.receiving = Some(chain);
                self.skipped.add(self.remote, passed, now_ms);
            }
            Change::Turn { turn, previous } => {
                // Whatever can fail comes before the first change.
                let left = self.end_receiving(previous)?;
                let (own, root, sending) = turn.answer(rng)?;
                if let Some((left, passed)) = left {
                    self.skipped.add(left.key, passed, now_ms);
                    if self.old.len() == OLD_CHAINS {
                        self.old.pop_front();
                    }
                    self.old.push_back(left);
                }
                self.skipped.add(turn.remote, turn.passed, now_ms);
                self.previous = self.sending.n();
                self.own_public = curve::public_of(&own);
                self.own = own;
                self.root = root;
                self.remote = turn.remote;
                self.receiving = Some(turn.chain);
                self.sending = sending;
            }
        }
        self.skipped.expire(now_ms);
        Ok(())
    }
}

impl Turn {
    /// The half-step that reads the first message of a new chain, and that message's key.
    fn take(root: &[u8; 32], own: &StaticSecret, header: &Header) -> Result<(Self, Key), DecryptError> {
        // Before the Diffie-Hellman: a counter out of range must cost nothing.
        if header.number > MAX_SKIP {
            return Err(DecryptError::TooFarAhead);
        }
        #[cfg(test)]
        work::count_agreement();
        let (root, chain) = kdf::root_step(root, curve::dh(own, &header.ratchet_key)?.as_bytes());
        let Advanced { chain, passed, key } = Chain::new(chain).advance(header.number)?;
        Ok((
            Self {
                remote: header.ratchet_key,
                root,
                chain,
                passed,
            },
            key,
        ))
    }

    /// The other half-step: a fresh ratchet key of our own and the sending chain it starts.
    fn answer(&self, rng: &mut (impl CryptoRng + ?Sized)) -> Result<(StaticSecret, Key, Chain), DecryptError> {
        let own = StaticSecret::random_from_rng(rng);
        let (root, chain) = kdf::root_step(&self.root, curve::dh(&own, &self.remote)?.as_bytes());
        Ok((own, root, Chain::new(chain)))
    }
}

fn with_header(prefix: &[u8], header: &[u8; Header::LEN]) -> Vec<u8> {
    [prefix, header].concat()
}

fn open(prefix: &[u8], key: &Key, header: &Header, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let aad = with_header(prefix, &header.to_bytes());
    aead::decrypt(&AeadKey::of_message(key), &aad, ciphertext)
        .map(Zeroizing::new)
        .map_err(|_| DecryptError::Authentication)
}

#[cfg(test)]
mod tests {
    use orrery_protocol::record::SecretBytes;

    use super::*;
    use crate::testing::{rng, wiped};

    #[test]
    fn every_secret_of_a_ratchet_is_wiped() {
        let remote = curve::public_of(&StaticSecret::from([7; 32]));
        let ratchet = Ratchet::initiate(&[1; 32], b"ad", remote, &mut rng(1)).unwrap();
        // The chains and the skipped keys have their own laws beside them.
        let State {
            aad_prefix: _,
            root,
            own,
            own_public: _,
            remote: _,
            sending: _,
            receiving: _,
            previous: _,
            old: _,
            skipped: _,
        } = &*ratchet.0;
        wiped(root);
        wiped(own);
        let mut written = SecretBytes(Vec::with_capacity(ratchet.stored_len()));
        ratchet.write(&mut written);
        wiped(&written);
    }

    #[test]
    fn an_opened_message_and_a_half_turned_ratchet_are_wiped() {
        let own = StaticSecret::from([7; 32]);
        let mut from = Ratchet::initiate(&[1; 32], b"ad", curve::public_of(&own), &mut rng(1)).unwrap();
        let (header, ciphertext) = from.encrypt(b"words").unwrap();
        let (turn, key) = Turn::take(&[1; 32], &own, &header).unwrap();
        wiped(&key);
        let Turn {
            remote: _,
            root,
            chain: _,
            passed: _,
        } = &turn;
        wiped(root);
        let (to, first) = Ratchet::respond(&[1; 32], b"ad", &own, &header, &ciphertext, 0, &mut rng(2)).unwrap();
        wiped(&first);
        let (header, ciphertext) = from.encrypt(b"more").unwrap();
        let Opened { plaintext, change: _ } = to.open(&header, &ciphertext, 0).unwrap();
        wiped(&plaintext);
    }

    #[test]
    fn a_stored_ratchet_gets_its_room_at_once() {
        let stored = |ratchet: &Ratchet| {
            let mut written = SecretBytes(Vec::with_capacity(ratchet.stored_len()));
            ratchet.write(&mut written);
            written.0.len()
        };
        let own = StaticSecret::from([7; 32]);
        let mut a = Ratchet::initiate(&[1; 32], b"ad", curve::public_of(&own), &mut rng(1)).unwrap();
        assert_eq!(stored(&a), a.stored_len() - 36, "its receiving chain is still to come");
        let [first, _, third] = [b"1", b"2", b"3"].map(|text| a.encrypt(text).unwrap());
        let (mut b, _) = Ratchet::respond(&[1; 32], b"ad", &own, &first.0, &first.1, 0, &mut rng(2)).unwrap();
        b.decrypt(&third.0, &third.1, 0, &mut rng(3)).unwrap();
        assert_eq!((b.0.skipped.len(), stored(&b)), (1, b.stored_len()));
        for turn in 0..3 {
            let (header, text) = b.encrypt(b"back").unwrap();
            a.decrypt(&header, &text, 0, &mut rng(10 + turn)).unwrap();
            let (header, text) = a.encrypt(b"forth").unwrap();
            b.decrypt(&header, &text, 0, &mut rng(20 + turn)).unwrap();
        }
        assert_eq!((b.0.old.len(), stored(&b)), (3, b.stored_len()));
        assert_eq!(stored(&a), a.stored_len());
    }

    #[test]
    fn a_message_gets_its_room_at_once() {
        // A buffer that grows leaves the words it held behind.
        let own = StaticSecret::from([7; 32]);
        let mut ratchet = Ratchet::initiate(&[1; 32], b"ad", curve::public_of(&own), &mut rng(1)).unwrap();
        for words in [&b""[..], b"words", &[7; 500]] {
            let mut out = Vec::new();
            ratchet.encrypt_into(&[b"frame", words], &mut out).unwrap();
            assert_eq!(out.capacity(), out.len());
        }
    }
}
