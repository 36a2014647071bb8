//! Prekeys: what a person leaves on a server so that others can write first.
//!
//! Encodings are PQXDH's `EncodeEC` and `EncodeKEM` (revision 3, §2.5) with our type bytes: `0x05 ‖ x25519`,
//! `0x0A ‖ ml-kem-1024`. Signatures are Ed25519 over the encoded key. The private halves encode themselves for storage.

use std::fmt;

use ml_kem::{
    DecapsulationKey1024, KeyExport, Seed,
    kem::Decapsulate,
    ml_kem_1024::{Ciphertext, DecapsulationKey},
};
use orrery_protocol::{
    prekey::{KemPrekey, OneTimePrekey, SignedPrekey},
    record::SecretBytes,
};
use rand_core::CryptoRng;
use serde_bytes::{ByteArray, ByteBuf};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

mod bundle;

pub use bundle::VerifiedBundle;

use crate::{
    Identity, curve,
    error::StateError,
    kdf::Key,
    wire::{self, Reader},
};

const VERSION: u8 = 1;
/// Bytes of an ML-KEM-1024 encapsulation key.
pub const KEM_KEY: usize = 1568;
/// Bytes of an ML-KEM-1024 ciphertext.
pub const KEM_CIPHERTEXT: usize = 1568;

/// What a stored private half is, so that one kind can never be read as another.
#[derive(Clone, Copy)]
enum Kind {
    Signed = 1,
    Kem = 2,
    OneTime = 3,
}

/// The private half of a signed prekey.
pub struct SignedPrekeyPair {
    id: u32,
    secret: StaticSecret,
    signature: [u8; 64],
}

/// The private half of a KEM prekey.
pub struct KemPrekeyPair {
    id: u32,
    /// Expanded from its 64-byte seed: 12 KiB, hence on the heap.
    secret: Box<DecapsulationKey>,
    signature: [u8; 64],
}

/// The private half of a one-time prekey.
pub struct OneTimePrekeyPair {
    id: u32,
    secret: StaticSecret,
}

macro_rules! debug_by_id {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("id", &self.id).finish_non_exhaustive()
            }
        }
    )*};
}
debug_by_id!(SignedPrekeyPair KemPrekeyPair OneTimePrekeyPair);

impl SignedPrekeyPair {
    /// Makes and signs one. `id` is the owner's number for it, never used twice.
    #[must_use]
    pub fn generate(identity: &Identity, id: u32, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let secret = StaticSecret::random_from_rng(rng);
        let signature = identity.sign(&curve::encode_key(curve::X25519, &curve::public_of(&secret)));
        Self { id, secret, signature }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What is published.
    #[must_use]
    pub fn public(&self) -> SignedPrekey {
        SignedPrekey {
            id: self.id,
            key: ByteArray::new(curve::public_of(&self.secret)),
            signature: ByteArray::new(self.signature),
        }
    }

    /// For storage.
    #[must_use]
    pub fn encode(&self) -> SecretBytes {
        encode(Kind::Signed, self.id, &[self.secret.as_bytes(), &self.signature])
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`StateError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        decode(Kind::Signed, bytes, |id, reader| {
            let secret = StaticSecret::from(*Zeroizing::new(reader.array::<32>()?));
            Ok(Self {
                id,
                secret,
                signature: reader.array()?,
            })
        })
    }

    pub(crate) const fn secret(&self) -> &StaticSecret {
        &self.secret
    }
}

impl KemPrekeyPair {
    /// Makes and signs one. `id` is the owner's number for it, never used twice.
    #[must_use]
    pub fn generate(identity: &Identity, id: u32, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut seed = Zeroizing::new([0; 64]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(identity, id, &seed)
    }

    /// From a given seed (FIPS 203: d ‖ z).
    pub(crate) fn from_seed(identity: &Identity, id: u32, seed: &[u8; 64]) -> Self {
        let secret = expand(seed);
        let signature = identity.sign(&encode_kem(&encapsulation_key(&secret)));
        Self { id, secret, signature }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What is published.
    #[must_use]
    pub fn public(&self) -> KemPrekey {
        KemPrekey {
            id: self.id,
            key: ByteBuf::from(encapsulation_key(&self.secret)),
            signature: ByteArray::new(self.signature),
        }
    }

    /// For storage: the seed, from which FIPS 203 expands the key.
    #[must_use]
    pub fn encode(&self) -> SecretBytes {
        let seed = Zeroizing::new(self.secret.to_bytes());
        encode(Kind::Kem, self.id, &[seed.as_slice(), &self.signature])
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`StateError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        decode(Kind::Kem, bytes, |id, reader| {
            let secret = expand(&Zeroizing::new(reader.array::<64>()?));
            Ok(Self {
                id,
                secret,
                signature: reader.array()?,
            })
        })
    }

    /// The public half, encoded with its type byte.
    pub(crate) fn encoded_public(&self) -> Vec<u8> {
        encode_kem(&encapsulation_key(&self.secret))
    }

    /// The shared secret of a ciphertext. A wrong ciphertext gives a secret nobody knows (FIPS 203 §6.3, implicit
    /// rejection): the first message then fails to authenticate.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; KEM_CIPHERTEXT]) -> Key {
        let ciphertext: &Ciphertext = ciphertext.into();
        Zeroizing::new(self.secret.decapsulate(ciphertext).into())
    }
}

impl OneTimePrekeyPair {
    /// Makes one. `id` is the owner's number for it, never used twice.
    #[must_use]
    pub fn generate(id: u32, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self {
            id,
            secret: StaticSecret::random_from_rng(rng),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What is published.
    #[must_use]
    pub fn public(&self) -> OneTimePrekey {
        OneTimePrekey {
            id: self.id,
            key: ByteArray::new(curve::public_of(&self.secret)),
        }
    }

    /// For storage.
    #[must_use]
    pub fn encode(&self) -> SecretBytes {
        encode(Kind::OneTime, self.id, &[self.secret.as_bytes()])
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`StateError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        decode(Kind::OneTime, bytes, |id, reader| {
            Ok(Self {
                id,
                secret: StaticSecret::from(*Zeroizing::new(reader.array::<32>()?)),
            })
        })
    }

    pub(crate) const fn secret(&self) -> &StaticSecret {
        &self.secret
    }
}

fn expand(seed: &[u8; 64]) -> Box<DecapsulationKey> {
    let seed: &Seed = seed.into();
    Box::new(DecapsulationKey1024::from_seed(*seed))
}

fn encapsulation_key(secret: &DecapsulationKey) -> Vec<u8> {
    secret.encapsulation_key().to_bytes().to_vec()
}

/// `EncodeKEM`.
pub(crate) fn encode_kem(key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + key.len());
    bytes.push(curve::ML_KEM_1024);
    bytes.extend_from_slice(key);
    bytes
}

fn encode(kind: Kind, id: u32, parts: &[&[u8]]) -> SecretBytes {
    let mut state = wire::begin(VERSION, 5 + parts.iter().map(|part| part.len()).sum::<usize>());
    state.0.push(kind as u8);
    state.0.extend_from_slice(&id.to_be_bytes());
    for part in parts {
        state.0.extend_from_slice(part);
    }
    wire::finish(state)
}

fn decode<T>(
    kind: Kind,
    bytes: &[u8],
    read: impl FnOnce(u32, &mut Reader<'_>) -> Result<T, StateError>,
) -> Result<T, StateError> {
    let mut reader = wire::open(bytes, VERSION)?;
    if reader.u8()? != kind as u8 {
        return Err(StateError::Malformed);
    }
    let id = reader.u32()?;
    let pair = read(id, &mut reader)?;
    if reader.is_empty() {
        Ok(pair)
    } else {
        Err(StateError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rng;

    #[test]
    fn every_kind_survives_storage_and_is_no_other_kind() {
        let mut rng = rng(1);
        let identity = Identity::generate(&mut rng);
        let signed = SignedPrekeyPair::generate(&identity, 1, &mut rng);
        let kem = KemPrekeyPair::generate(&identity, 2, &mut rng);
        let once = OneTimePrekeyPair::generate(3, &mut rng);
        let stored = [signed.encode(), kem.encode(), once.encode()];
        assert_eq!(
            SignedPrekeyPair::decode(&stored[0].0).unwrap().public(),
            signed.public()
        );
        assert_eq!(KemPrekeyPair::decode(&stored[1].0).unwrap().public(), kem.public());
        assert_eq!(OneTimePrekeyPair::decode(&stored[2].0).unwrap().public(), once.public());
        for (kind, bytes) in stored.iter().enumerate() {
            assert_eq!(SignedPrekeyPair::decode(&bytes.0).is_ok(), kind == 0);
            assert_eq!(KemPrekeyPair::decode(&bytes.0).is_ok(), kind == 1);
            assert_eq!(OneTimePrekeyPair::decode(&bytes.0).is_ok(), kind == 2);
        }
    }

    #[test]
    fn private_halves_hide() {
        let mut rng = rng(2);
        let identity = Identity::generate(&mut rng);
        let signed = SignedPrekeyPair::generate(&identity, 1, &mut rng);
        let kem = KemPrekeyPair::generate(&identity, 2, &mut rng);
        let once = OneTimePrekeyPair::generate(3, &mut rng);
        insta::assert_snapshot!(format!("{signed:?}\n{kem:?}\n{once:?}\n{:?}", once.encode()), @r"
        SignedPrekeyPair { id: 1, .. }
        KemPrekeyPair { id: 2, .. }
        OneTimePrekeyPair { id: 3, .. }
        SecretBytes(hidden)
        ");
    }

    #[test]
    fn the_secret_of_every_kind_is_wiped() {
        use crate::testing::{Person, wiped};
        let person = Person::new(2);
        let SignedPrekeyPair {
            secret,
            id: _,
            signature: _,
        } = &person.signed;
        wiped(secret);
        let KemPrekeyPair {
            secret,
            id: _,
            signature: _,
        } = &person.kem;
        wiped(&**secret);
        let OneTimePrekeyPair { secret, id: _ } = &person.one_time;
        wiped(secret);
        wiped(&person.one_time.encode());
    }
}
