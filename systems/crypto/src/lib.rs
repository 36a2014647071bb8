//! Who somebody is and how nobody else can listen: identity, PQXDH, Double Ratchet, sealed sender, safety number,
//! call binding, vault.
//!
//! - [`identity`]: a person's Ed25519 key; X25519 for Diffie-Hellman comes from the same key.
//! - [`prekey`]: the keys a person leaves on a server so that others can write first.
//! - [`session`]: one ratchet with one peer, and the complete message on the wire. What a program uses day to day.
//! - [`handshake`], [`ratchet`]: the two protocols under a session, byte for byte as `docs/PROTOCOL.md` pins them.
//! - [`seal`]: the sealed-sender envelope; all that a server sees of a message.
//! - [`safety`]: the safety number two people compare.
//! - [`bind`]: ties a peer connection's DTLS certificates to the identities of both ends.
//! - [`vault`], [`recovery`]: the database key under a passphrase, and under twelve words.
//! - [`export`]: what makes one whole of an exported profile.
//! - [`login`], [`token`], [`random`]: small things that need a key or randomness.
//!
//! No IO and no clock; randomness and the time are inputs. Nothing here panics on any input, every error leaves what
//! it was called on as it was, and no error or `Debug` output carries a secret.

#![forbid(unsafe_code)]

mod aead;
pub mod bind;
mod curve;
mod error;
pub mod export;
pub mod handshake;
pub mod identity;
mod kdf;
pub mod login;
pub mod prekey;
pub mod random;
pub mod ratchet;
pub mod recovery;
pub mod safety;
pub mod seal;
pub mod session;
#[cfg(test)]
mod testing;
pub mod token;
pub mod vault;
#[cfg(feature = "vectors")]
pub mod vectors;
mod wire;

pub use bind::{Binding, BindingKey};
pub use error::{
    AcceptError, BundleError, DecryptError, EncryptError, HandshakeError, KeyError, RecoveryError, SafetyError,
    SealError, StateError, VaultError,
};
pub use export::ExportMac;
pub use identity::Identity;
pub use prekey::{KemPrekeyPair, OneTimePrekeyPair, SignedPrekeyPair, VerifiedBundle};
pub use recovery::RecoveryPhrase;
pub use safety::SafetyNumber;
pub use seal::{SealKind, Sealed};
pub use session::{InitialInfo, Peek, ResponderKeys, Session};
pub use vault::{DatabaseKey, KdfParams};
