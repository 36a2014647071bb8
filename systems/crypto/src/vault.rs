//! The database key under a passphrase.
//!
//! ```text
//! vault  "orrvault" ‖ version 1 ‖ wraps 1 ‖ wrap ‖ SHA-256 of all before, first 8 bytes
//! wrap   kind 1 (passphrase) ‖ memory KiB ‖ passes ‖ lanes ‖ salt 16 ‖ nonce 12 ‖ AES-256-GCM(database key)
//!        key = Argon2id(NFC passphrase, salt);  AAD = "orrvault" ‖ version ‖ kind … nonce     (numbers u32be)
//! ```
//! The count leaves room for a second wrap of the same key, such as a recovery phrase; each is sealed by itself, so
//! one can be renewed without the other's secret. The checksum tells damage from a wrong passphrase before any work.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    aead,
    error::VaultError,
    kdf::{AeadKey, Key},
    wire::{Reader, Short},
};

const MAGIC: [u8; 8] = *b"orrvault";
const VERSION: u8 = 1;
const PASSPHRASE: u8 = 1;
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

/// Wraps the database key. Takes a second of one core and `params.m_kib` of memory: not for a thread that must answer.
///
/// # Errors
/// [`VaultError::Cost`] below the floor or above the ceiling; the passphrase's and memory's own errors.
pub fn wrap(
    key: &DatabaseKey,
    passphrase: &str,
    params: KdfParams,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, VaultError> {
    if params.is_enough() {
        wrap_with(key, passphrase, params, rng)
    } else {
        Err(VaultError::Cost)
    }
}

fn wrap_with(
    key: &DatabaseKey,
    passphrase: &str,
    params: KdfParams,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, VaultError> {
    if !params.is_bearable() {
        return Err(VaultError::Cost);
    }
    let passphrase = normalise(passphrase)?;
    let (salt, nonce) = (crate::random::bytes::<16>(rng), crate::random::bytes::<12>(rng));
    let mut header = vec![PASSPHRASE];
    for number in [params.m_kib, params.t, params.p] {
        header.extend_from_slice(&number.to_be_bytes());
    }
    header.extend_from_slice(&salt);
    header.extend_from_slice(&nonce);
    let wrapping = AeadKey {
        key: derive(&passphrase, &salt, params)?,
        nonce,
    };

    let mut vault = Vec::with_capacity(160);
    vault.extend_from_slice(&MAGIC);
    vault.extend_from_slice(&[VERSION, 1]);
    vault.extend_from_slice(&header);
    let start = vault.len();
    vault.extend_from_slice(key.as_bytes());
    aead::encrypt_tail(&wrapping, &aad(&header), &mut vault, start).map_err(|_| VaultError::Cost)?;
    let sum: [u8; 32] = Sha256::digest(&vault).into();
    vault.extend_from_slice(sum.first_chunk::<CHECKSUM>().unwrap_or(&[0; CHECKSUM]));
    Ok(vault)
}

/// Unwraps the database key. As expensive as [`wrap`] was; what is damaged or unreasonable is refused before that.
///
/// # Errors
/// [`VaultError`], of which only [`VaultError::WrongPassphrase`] means that another passphrase may help.
pub fn unwrap(vault: &[u8], passphrase: &str) -> Result<DatabaseKey, VaultError> {
    let passphrase = normalise(passphrase)?;
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
    if (reader.u8()?, reader.u8()?) != (VERSION, 1) {
        return Err(VaultError::Version);
    }
    let rest = reader.0;
    if reader.u8()? != PASSPHRASE {
        return Err(VaultError::Version);
    }
    let params = KdfParams {
        m_kib: reader.u32()?,
        t: reader.u32()?,
        p: reader.u32()?,
    };
    let (salt, nonce) = (reader.array::<16>()?, reader.array()?);
    let sealed = reader.0;
    if sealed.len() != 32 + aead::TAG {
        return Err(VaultError::Damaged);
    }
    if !params.is_bearable() {
        return Err(VaultError::Cost);
    }
    let header = rest.get(..rest.len() - sealed.len()).ok_or(VaultError::Damaged)?;
    let wrapping = AeadKey {
        key: derive(&passphrase, &salt, params)?,
        nonce,
    };
    let plain = aead::decrypt(&wrapping, &aad(header), sealed).map_err(|_| VaultError::WrongPassphrase)?;
    let plain = Zeroizing::new(plain);
    let mut key = Key::default();
    *key = plain.as_slice().try_into().map_err(|_| VaultError::Damaged)?;
    Ok(DatabaseKey(key))
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
mod tests {
    use super::*;
    use crate::testing::rng;

    /// Far below the floor, so that the laws below run in milliseconds.
    const CHEAP: KdfParams = KdfParams { m_kib: 64, t: 1, p: 1 };

    fn cheap(passphrase: &str) -> (DatabaseKey, Vec<u8>) {
        let key = DatabaseKey::generate(&mut rng(1));
        let vault = wrap_with(&key, passphrase, CHEAP, &mut rng(2)).unwrap();
        (key, vault)
    }

    /// A vault with a right checksum whatever else it says.
    fn resummed(mut vault: Vec<u8>) -> Vec<u8> {
        vault.truncate(vault.len() - CHECKSUM);
        let sum = Sha256::digest(&vault);
        vault.extend_from_slice(&sum[..CHECKSUM]);
        vault
    }

    #[test]
    fn the_right_passphrase_opens_and_no_other() {
        let (key, vault) = cheap("correct horse");
        assert_eq!(unwrap(&vault, "correct horse").unwrap().as_bytes(), key.as_bytes());
        assert_eq!(
            unwrap(&vault, "correct horsf").unwrap_err(),
            VaultError::WrongPassphrase
        );
        assert_eq!(unwrap(&vault, "").unwrap_err(), VaultError::PassphraseEmpty);
    }

    #[test]
    fn a_vault_at_the_floor_opens() {
        let key = DatabaseKey::generate(&mut rng(1));
        let vault = wrap(&key, "pass", KdfParams::FLOOR, &mut rng(2)).unwrap();
        assert_eq!(unwrap(&vault, "pass").unwrap().as_bytes(), key.as_bytes());
    }

    #[test]
    fn less_than_the_floor_is_not_made() {
        let key = DatabaseKey::generate(&mut rng(1));
        for params in [
            CHEAP,
            KdfParams {
                t: 2,
                ..KdfParams::FLOOR
            },
            KdfParams {
                m_kib: 65535,
                ..KdfParams::FLOOR
            },
        ] {
            assert_eq!(wrap(&key, "pass", params, &mut rng(2)).unwrap_err(), VaultError::Cost);
        }
    }

    #[test]
    fn a_passphrase_is_the_same_however_it_was_typed() {
        let (key, vault) = cheap("caf\u{e9}");
        assert_eq!(unwrap(&vault, "cafe\u{301}").unwrap().as_bytes(), key.as_bytes());
    }

    #[test]
    fn a_passphrase_has_an_end() {
        assert_eq!(check_passphrase(&"x".repeat(MAX_PASSPHRASE)), Ok(()));
        assert_eq!(
            check_passphrase(&"x".repeat(MAX_PASSPHRASE + 1)),
            Err(VaultError::PassphraseTooLong)
        );
        assert_eq!(
            check_passphrase(&"x".repeat(1 << 20)),
            Err(VaultError::PassphraseTooLong)
        );
        // Decomposed it is longer than the bound, composed it is not.
        assert_eq!(check_passphrase(&"e\u{301}".repeat(MAX_PASSPHRASE / 2)), Ok(()));
    }

    #[test]
    fn damage_is_told_from_a_wrong_passphrase() {
        let (_, vault) = cheap("pass");
        for bit in 0..vault.len() * 8 {
            let mut bad = vault.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unwrap(&bad, "pass").unwrap_err(), VaultError::Damaged, "bit {bit}");
        }
        for len in 0..vault.len() {
            assert_eq!(unwrap(&vault[..len], "pass").unwrap_err(), VaultError::Damaged);
        }
        assert_eq!(
            unwrap(&[vault, vec![0]].concat(), "pass").unwrap_err(),
            VaultError::Damaged
        );
    }

    #[test]
    fn a_hostile_vault_is_refused_before_any_work() {
        let (_, vault) = cheap("pass");
        let with = |at: usize, number: u32| {
            let mut bad = vault.clone();
            bad[at..at + 4].copy_from_slice(&number.to_be_bytes());
            unwrap(&resummed(bad), "pass").unwrap_err()
        };
        let (m, t, p) = (11, 15, 19);
        for number in [0, 7, 2 * 1024 * 1024 + 1, u32::MAX] {
            assert_eq!(with(m, number), VaultError::Cost);
        }
        for number in [0, 17, u32::MAX] {
            assert_eq!(with(t, number), VaultError::Cost);
            assert_eq!(with(p, number), VaultError::Cost);
        }
        // Nine lanes need 72 KiB.
        assert_eq!(with(p, 9), VaultError::Cost);
        // Bearable but not what was sealed: the header is authenticated.
        assert_eq!(with(m, 65), VaultError::WrongPassphrase);
        assert_eq!(with(t, 2), VaultError::WrongPassphrase);
    }

    #[test]
    fn a_swapped_salt_or_a_newer_version_is_refused() {
        let (_, vault) = cheap("pass");
        let mut swapped = vault.clone();
        swapped[23] ^= 1;
        assert_eq!(
            unwrap(&resummed(swapped), "pass").unwrap_err(),
            VaultError::WrongPassphrase
        );
        for at in [8, 9, 10] {
            let mut newer = vault.clone();
            newer[at] += 1;
            assert_eq!(unwrap(&resummed(newer), "pass").unwrap_err(), VaultError::Version);
        }
    }

    #[test]
    fn a_new_wrap_shares_nothing_with_the_old_one() {
        let key = DatabaseKey::generate(&mut rng(1));
        let mut rng = rng(2);
        let first = wrap_with(&key, "pass", CHEAP, &mut rng).unwrap();
        let second = wrap_with(&key, "pass", CHEAP, &mut rng).unwrap();
        assert_ne!(first[23..51], second[23..51]);
        assert_ne!(first[51..83], second[51..83]);
    }

    #[test]
    fn the_key_hides() {
        insta::assert_snapshot!(format!("{:?}", cheap("pass").0), @"DatabaseKey(hidden)");
    }
}
