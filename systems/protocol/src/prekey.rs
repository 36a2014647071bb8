//! Prekeys as they are published and handed out. The DH half follows X3DH, the KEM half PQXDH (revision 3); key
//! encodings and signatures are checked by `orrery-crypto`.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};

use crate::PeerId;

/// An X25519 prekey signed by the identity, renewed weekly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPrekey {
    /// The owner's number for it.
    pub id: u32,
    /// X25519 public key.
    pub key: ByteArray<32>,
    /// Ed25519 over `0x05 ‖ key`.
    pub signature: ByteArray<64>,
}

/// An ML-KEM-1024 prekey signed by the identity, renewed weekly; used by everyone until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KemPrekey {
    /// The owner's number for it.
    pub id: u32,
    /// Encapsulation key, 1568 bytes.
    pub key: ByteBuf,
    /// Ed25519 over `0x0A ‖ key`.
    pub signature: ByteArray<64>,
}

/// An X25519 prekey that is handed out once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneTimePrekey {
    /// The owner's number for it.
    pub id: u32,
    /// X25519 public key.
    pub key: ByteArray<32>,
}

/// What a server hands to someone who wants to write to `peer` for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrekeyBundle {
    /// Whose keys these claim to be; the signatures decide.
    pub peer: PeerId,
    /// Always present.
    pub signed: SignedPrekey,
    /// Always present: there is no suite without the KEM.
    pub kem: KemPrekey,
    /// Only for who showed the delivery token, while there are any.
    pub one_time: Option<OneTimePrekey>,
}
