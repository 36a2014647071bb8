//! The database key under a passphrase, and if wished under a recovery phrase as well.
//!
//! ```text
//! vault  "orrvault" ‖ version 1 ‖ number of wraps (1 or 2) ‖ wraps ‖ SHA-256 of all before, first 8 bytes
//! wrap   kind (1 passphrase, 2 recovery phrase) ‖ memory KiB ‖ passes ‖ lanes ‖ salt 16 ‖ nonce 12
//!        ‖ AES-256-GCM(database key)                                               (numbers u32be)
//!        key = Argon2id(NFC passphrase, or the words joined by blanks; salt);  AAD = "orrvault" ‖ version ‖ kind … nonce
//! ```
//! The passphrase comes first. Each wrap is sealed by itself, so one can be renewed without the other's secret. The
//! checksum tells damage from a wrong passphrase before any work.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    RecoveryPhrase, aead,
    error::VaultError,
    kdf::{AeadKey, Key},
    wire::{Reader, Short},
};

const MAGIC: [u8; 8] = *b"orrvault";
const VERSION: u8 = 1;
const PASSPHRASE: u8 = 1;
const PHRASE: u8 = 2;
/// Kind, costs, salt and nonce of a wrap.
const HEADER: usize = 1 + 3 * 4 + 16 + 12;
/// A whole wrap.
const WRAP: usize = HEADER + 32 + aead::TAG;
const CHECKSUM: usize = 8;
/// The longest passphrase, in bytes of UTF-8 after normalisation.
pub const MAX_PASSPHRASE: usize = 1024;

/// The 256-bit key of the database. Wiped on drop, hidden in `Debug`.
pub struct DatabaseKey(Key);

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(hidden)")
    }
}

impl DatabaseKey {
    /// A new one.
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut key = Key::default();
        rng.fill_bytes(key.as_mut_slice());
        Self(key)
    }

    /// One that was kept elsewhere, such as in the system's keyring.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut key = Key::default();
        *key = *bytes;
        Self(key)
    }

    /// The raw key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// How much work a guess at the passphrase costs (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    /// Memory in KiB.
    pub m_kib: u32,
    /// Passes over it.
    pub t: u32,
    /// Lanes.
    pub p: u32,
}

impl KdfParams {
    /// What a new vault uses: 256 MiB, three passes, four lanes.
    pub const STANDARD: Self = Self {
        m_kib: 256 * 1024,
        t: 3,
        p: 4,
    };
    /// The least that [`wrap`] takes, for machines with little memory: 64 MiB.
    pub const FLOOR: Self = Self {
        m_kib: 64 * 1024,
        t: 3,
        p: 4,
    };
    /// The most that [`unwrap`] will do: a hostile vault must not fill the memory or run for hours.
    pub const CEILING: Self = Self {
        m_kib: 2 * 1024 * 1024,
        t: 16,
        p: 16,
    };

    fn is_bearable(self) -> bool {
        let Self { m_kib, t, p } = Self::CEILING;
        self.m_kib <= m_kib && (1..=t).contains(&self.t) && (1..=p).contains(&self.p) && self.m_kib >= 8 * self.p
    }

    fn is_enough(self) -> bool {
        self.m_kib >= Self::FLOOR.m_kib && self.t >= Self::FLOOR.t
    }
}

impl From<Short> for VaultError {
    fn from(_: Short) -> Self {
        Self::Damaged
    }
}

/// Checks a passphrase as [`wrap`] and [`unwrap`] do.
///
/// # Errors
/// [`VaultError::PassphraseEmpty`] or [`VaultError::PassphraseTooLong`].
pub fn check_passphrase(passphrase: &str) -> Result<(), VaultError> {
    normalise(passphrase).map(drop)
}

/// A vault with one wrap. Takes a second of one core and `params.m_kib` of memory: not for a thread that must answer.
///
/// # Errors
/// [`VaultError::Cost`] below the floor or above the ceiling; the passphrase's and memory's own errors.
pub fn wrap(
    key: &DatabaseKey,
    passphrase: &str,
    params: KdfParams,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, VaultError> {
    Ok(assemble(&[&seal(key, Secret::Passphrase(passphrase), params, rng)?]))
}

/// The same vault under a new passphrase; a recovery phrase stays what it was. As expensive as [`wrap`].
///
/// # Errors
/// As [`wrap`], and [`VaultError::Damaged`] or [`VaultError::Version`] for the old vault.
pub fn rewrap(
    vault: &[u8],
    key: &DatabaseKey,
    passphrase: &str,
    params: KdfParams,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, VaultError> {
    let old = Wraps::parse(vault)?;
    let new = seal(key, Secret::Passphrase(passphrase), params, rng)?;
    Ok(match old.phrase {
        Some(phrase) => assemble(&[&new, phrase.bytes]),
        None => assemble(&[&new]),
    })
}

/// The same vault with a recovery phrase, in the place of an earlier one. As expensive as [`wrap`].
///
/// # Errors
/// As [`rewrap`].
pub fn with_phrase(
    vault: &[u8],
    key: &DatabaseKey,
    phrase: &RecoveryPhrase,
    params: KdfParams,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, VaultError> {
    let old = Wraps::parse(vault)?;
    let new = seal(key, Secret::Phrase(phrase), params, rng)?;
    Ok(assemble(&[old.passphrase.bytes, &new]))
}

/// The same vault without a recovery phrase.
///
/// # Errors
/// [`VaultError::Damaged`] or [`VaultError::Version`].
pub fn without_phrase(vault: &[u8]) -> Result<Vec<u8>, VaultError> {
    Ok(assemble(&[Wraps::parse(vault)?.passphrase.bytes]))
}

/// Whether a recovery phrase opens it.
///
/// # Errors
/// [`VaultError::Damaged`] or [`VaultError::Version`].
pub fn has_phrase(vault: &[u8]) -> Result<bool, VaultError> {
    Ok(Wraps::parse(vault)?.phrase.is_some())
}

/// Unwraps the database key. As expensive as [`wrap`] was; what is damaged or unreasonable is refused before that.
///
/// # Errors
/// [`VaultError`], of which only [`VaultError::WrongPassphrase`] means that another passphrase may help.
pub fn unwrap(vault: &[u8], passphrase: &str) -> Result<DatabaseKey, VaultError> {
    let secret = Secret::Passphrase(passphrase);
    secret.normalise()?;
    Wraps::parse(vault)?.passphrase.open(secret)
}

/// Unwraps the database key with the recovery phrase. As expensive as [`wrap`] was.
///
/// # Errors
/// [`VaultError::NoPhrase`] where there is none, [`VaultError::WrongPhrase`] for another one, or what is wrong with the
/// vault.
pub fn unwrap_by_phrase(vault: &[u8], phrase: &RecoveryPhrase) -> Result<DatabaseKey, VaultError> {
    let wrap = Wraps::parse(vault)?.phrase.ok_or(VaultError::NoPhrase)?;
    wrap.open(Secret::Phrase(phrase))
}

/// What a key is derived from.
#[derive(Clone, Copy)]
enum Secret<'a> {
    Passphrase(&'a str),
    Phrase(&'a RecoveryPhrase),
}

impl Secret<'_> {
    const fn kind(self) -> u8 {
        match self {
            Self::Passphrase(_) => PASSPHRASE,
            Self::Phrase(_) => PHRASE,
        }
    }

    const fn wrong(self) -> VaultError {
        match self {
            Self::Passphrase(_) => VaultError::WrongPassphrase,
            Self::Phrase(_) => VaultError::WrongPhrase,
        }
    }

    fn normalise(self) -> Result<Zeroizing<String>, VaultError> {
        match self {
            Self::Passphrase(text) => normalise(text),
            Self::Phrase(phrase) => Ok(Zeroizing::new(phrase.as_str().to_owned())),
        }
    }
}

/// One wrap as it lies in a vault.
struct Wrap<'a> {
    params: KdfParams,
    salt: [u8; 16],
    nonce: [u8; 12],
    /// From the kind to the end.
    bytes: &'a [u8],
}

impl Wrap<'_> {
    fn open(&self, secret: Secret<'_>) -> Result<DatabaseKey, VaultError> {
        let (header, sealed) = self.bytes.split_at_checked(HEADER).ok_or(VaultError::Damaged)?;
        let wrapping = AeadKey {
            key: derive(&secret.normalise()?, &self.salt, self.params)?,
            nonce: self.nonce,
        };
        let plain = aead::decrypt(&wrapping, &aad(header), sealed).map_err(|_| secret.wrong())?;
        let plain = Zeroizing::new(plain);
        let mut key = Key::default();
        *key = plain.as_slice().try_into().map_err(|_| VaultError::Damaged)?;
        Ok(DatabaseKey(key))
    }
}

/// A vault taken apart; everything that can be wrong without a secret has been looked at.
struct Wraps<'a> {
    passphrase: Wrap<'a>,
    phrase: Option<Wrap<'a>>,
}

impl<'a> Wraps<'a> {
    fn parse(vault: &'a [u8]) -> Result<Self, VaultError> {
        let (body, sum) = vault.split_last_chunk::<CHECKSUM>().ok_or(VaultError::Damaged)?;
        let mut reader = Reader(body);
        if reader.array()? != MAGIC {
            return Err(VaultError::Damaged);
        }
        let expected: [u8; 32] = Sha256::digest(body).into();
        if expected.first_chunk::<CHECKSUM>() != Some(sum) {
            // Every version ends with this checksum; a newer one that is whole is told apart below.
            return Err(VaultError::Damaged);
        }
        let (version, count) = (reader.u8()?, reader.u8()?);
        if version != VERSION || !(1..=2).contains(&count) {
            return Err(VaultError::Version);
        }
        let passphrase = Self::wrap(&mut reader, PASSPHRASE)?;
        let phrase = if count == 2 {
            Some(Self::wrap(&mut reader, PHRASE)?)
        } else {
            None
        };
        if !reader.0.is_empty() {
            return Err(VaultError::Damaged);
        }
        Ok(Self { passphrase, phrase })
    }

    fn wrap(reader: &mut Reader<'a>, kind: u8) -> Result<Wrap<'a>, VaultError> {
        let (bytes, rest) = reader.0.split_at_checked(WRAP).ok_or(VaultError::Damaged)?;
        reader.0 = rest;
        let mut inner = Reader(bytes);
        if inner.u8()? != kind {
            return Err(VaultError::Version);
        }
        let params = KdfParams {
            m_kib: inner.u32()?,
            t: inner.u32()?,
            p: inner.u32()?,
        };
        if !params.is_bearable() {
            return Err(VaultError::Cost);
        }
        Ok(Wrap {
            params,
            salt: inner.array()?,
            nonce: inner.array()?,
            bytes,
        })
    }
}

/// One wrap of the key.
fn seal(
    key: &DatabaseKey,
    secret: Secret<'_>,
    params: KdfParams,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, VaultError> {
    if params.is_enough() {
        seal_with(key, secret, params, rng)
    } else {
        Err(VaultError::Cost)
    }
}

fn seal_with(
    key: &DatabaseKey,
    secret: Secret<'_>,
    params: KdfParams,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, VaultError> {
    if !params.is_bearable() {
        return Err(VaultError::Cost);
    }
    let text = secret.normalise()?;
    let (salt, nonce) = (crate::random::bytes::<16>(rng), crate::random::bytes::<12>(rng));
    let mut wrap = Vec::with_capacity(WRAP);
    wrap.push(secret.kind());
    for number in [params.m_kib, params.t, params.p] {
        wrap.extend_from_slice(&number.to_be_bytes());
    }
    wrap.extend_from_slice(&salt);
    wrap.extend_from_slice(&nonce);
    let wrapping = AeadKey {
        key: derive(&text, &salt, params)?,
        nonce,
    };
    let aad = aad(&wrap);
    wrap.extend_from_slice(key.as_bytes());
    aead::encrypt_tail(&wrapping, &aad, &mut wrap, HEADER).map_err(|_| VaultError::Cost)?;
    Ok(wrap)
}

/// A vault of these wraps.
fn assemble(wraps: &[&[u8]]) -> Vec<u8> {
    let mut vault = Vec::with_capacity(MAGIC.len() + 2 + wraps.len() * WRAP + CHECKSUM);
    vault.extend_from_slice(&MAGIC);
    vault.push(VERSION);
    vault.push(u8::try_from(wraps.len()).unwrap_or(u8::MAX));
    for wrap in wraps {
        vault.extend_from_slice(wrap);
    }
    let sum: [u8; 32] = Sha256::digest(&vault).into();
    vault.extend_from_slice(sum.first_chunk::<CHECKSUM>().unwrap_or(&[0; CHECKSUM]));
    vault
}

fn aad(header: &[u8]) -> Vec<u8> {
    [&MAGIC[..], &[VERSION], header].concat()
}

/// NFC, because one keyboard's "é" is two code points on another; the bound is checked before and after.
fn normalise(passphrase: &str) -> Result<Zeroizing<String>, VaultError> {
    if passphrase.is_empty() {
        return Err(VaultError::PassphraseEmpty);
    }
    // NFC never makes a text four times shorter than its decomposed forms; beyond that no work is done at all.
    if passphrase.len() > 4 * MAX_PASSPHRASE {
        return Err(VaultError::PassphraseTooLong);
    }
    // Room for the longest result, so that growing leaves no copy behind.
    let mut normal = Zeroizing::new(String::with_capacity(3 * passphrase.len()));
    normal.extend(passphrase.nfc());
    if normal.len() > MAX_PASSPHRASE {
        Err(VaultError::PassphraseTooLong)
    } else {
        Ok(normal)
    }
}

fn derive(passphrase: &str, salt: &[u8; 16], params: KdfParams) -> Result<Key, VaultError> {
    let argon = Params::new(params.m_kib, params.t, params.p, Some(32)).map_err(|_| VaultError::Cost)?;
    let count = argon.block_count();
    let mut blocks: Vec<Block> = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| VaultError::OutOfMemory)?;
    blocks.resize(count, Block::new());
    let mut key = Key::default();
    let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, argon).hash_password_into_with_memory(
        passphrase.as_bytes(),
        salt,
        key.as_mut_slice(),
        blocks.as_mut_slice(),
    );
    blocks.iter_mut().for_each(Zeroize::zeroize);
    done.map_err(|_| VaultError::Cost)?;
    Ok(key)
}

#[cfg(test)]
mod pinned;
#[cfg(test)]
mod tests;
