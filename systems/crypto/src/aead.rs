//! AES-256-GCM with a key that is used once.

use aes_gcm::{
    Aes256Gcm,
    aead::{AeadInOut, KeyInit},
};

use crate::kdf::AeadKey;

/// Bytes that authentication adds.
pub(crate) const TAG: usize = 16;

/// More plaintext than AES-GCM takes (64 GiB), or a tag that does not match.
#[derive(Debug)]
pub(crate) struct AeadError;

/// Encrypts the bytes of `buffer` from `start` on in place and appends the tag.
pub(crate) fn encrypt_tail(key: &AeadKey, aad: &[u8], buffer: &mut Vec<u8>, start: usize) -> Result<(), AeadError> {
    let cipher = Aes256Gcm::new((&*key.key).into());
    let tail = buffer.get_mut(start..).ok_or(AeadError)?;
    let tag = cipher
        .encrypt_inout_detached(&key.nonce.into(), aad, tail.into())
        .map_err(|_| AeadError)?;
    buffer.extend_from_slice(&tag);
    Ok(())
}

/// Decrypts `ciphertext ‖ tag`.
pub(crate) fn decrypt(key: &AeadKey, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, AeadError> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(AeadError)?;
    let cipher = Aes256Gcm::new((&*key.key).into());
    let mut plaintext = ciphertext.to_vec();
    // The tag is checked before a byte is decrypted: on failure the buffer still holds ciphertext.
    cipher
        .decrypt_inout_detached(&key.nonce.into(), aad, plaintext.as_mut_slice().into(), tag.into())
        .map_err(|_| AeadError)?;
    Ok(plaintext)
}
