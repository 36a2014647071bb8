//! A ratchet message on the wire, laid out as the parent module says.

use sha2::{Digest, Sha256};

use crate::{
    error::DecryptError,
    handshake::{self, Offer, SUITE},
    prekey::KEM_CIPHERTEXT,
    ratchet::Header,
    wire::{Reader, Short},
};

/// Version of this layout.
const VERSION: u8 = 1;
const INITIAL: u8 = 1;
const NORMAL: u8 = 2;
/// In front of a normal message.
const NORMAL_PREFIX: [u8; 2] = [VERSION, NORMAL];
/// In front of an initial message: version, kind and opening.
const OPENING: usize = 2 + 1 + 32 + 4 + 4 + 1 + 4 + 4 + KEM_CIPHERTEXT;
/// At most what encryption adds beside the prefix: header, inner frame, tag.
pub(super) const OVERHEAD: usize = Header::LEN + 33 + crate::aead::TAG;

/// What the opening of a first message says in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitialInfo {
    /// Id of the session it belongs to.
    pub session: [u8; 32],
    /// The reader's signed prekey it was made for.
    pub signed_prekey: u32,
    /// The reader's KEM prekey it was made for.
    pub kem_prekey: u32,
    /// The reader's one-time prekey it was made for.
    pub one_time_prekey: Option<u32>,
    /// Heal generation of the session.
    pub generation: u32,
}

/// What can be told of a message without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peek {
    /// Starts a session, or belongs to one whose other side does not yet know that it was started.
    Initial(InitialInfo),
    /// Belongs to a session that both sides know.
    Normal {
        /// The sender's ratchet key; see [`super::Session::knows`].
        ratchet_key: [u8; 32],
    },
}

/// Looks at a message without reading it.
///
/// # Errors
/// [`DecryptError::Malformed`] or [`DecryptError::Version`].
pub fn peek(bytes: &[u8]) -> Result<Peek, DecryptError> {
    Ok(match Message::parse(bytes)? {
        Message::Initial { info, .. } => Peek::Initial(info),
        Message::Normal { header, .. } => Peek::Normal {
            ratchet_key: header.ratchet_key,
        },
    })
}

/// Under which key of its session a message is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The sender's ratchet key.
    pub ratchet_key: [u8; 32],
    /// N: the message's number in its chain.
    pub number: u32,
}

/// The place of a message, without reading it. No two messages of an honest sender have the same one.
///
/// # Errors
/// [`DecryptError::Malformed`] or [`DecryptError::Version`].
pub fn place(bytes: &[u8]) -> Result<Place, DecryptError> {
    let (Message::Initial { header, .. } | Message::Normal { header, .. }) = Message::parse(bytes)?;
    Ok(Place {
        ratchet_key: header.ratchet_key,
        number: header.number,
    })
}

/// Version, kind and opening, kept to be sent again.
pub(super) struct Opening(Box<[u8; OPENING]>);

/// The keys of an opening.
pub(super) struct OfferRef<'a> {
    pub(super) ephemeral: &'a [u8; 32],
    pub(super) kem_ciphertext: &'a [u8; KEM_CIPHERTEXT],
}

/// A message taken apart.
pub(super) enum Message<'a> {
    Initial {
        info: InitialInfo,
        offer: OfferRef<'a>,
        /// As [`Opening`].
        opening: &'a [u8],
        header: Header,
        ciphertext: &'a [u8],
    },
    Normal {
        header: Header,
        ciphertext: &'a [u8],
    },
}

impl From<Short> for DecryptError {
    fn from(_: Short) -> Self {
        Self::Malformed
    }
}

impl Opening {
    pub(super) const LEN: usize = OPENING;

    pub(super) fn new(info: &InitialInfo, offer: &Offer) -> Self {
        let fields: [&[u8]; 8] = [
            &[VERSION, INITIAL, SUITE],
            &offer.ephemeral,
            &info.signed_prekey.to_be_bytes(),
            &info.kem_prekey.to_be_bytes(),
            &[u8::from(info.one_time_prekey.is_some())],
            &info.one_time_prekey.unwrap_or(0).to_be_bytes(),
            &info.generation.to_be_bytes(),
            &offer.kem_ciphertext,
        ];
        let mut bytes = Box::new([0; OPENING]);
        bytes
            .iter_mut()
            .zip(fields.into_iter().flatten())
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    pub(super) fn from_bytes(bytes: [u8; OPENING]) -> Self {
        Self(Box::new(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl<'a> Message<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, DecryptError> {
        let mut reader = Reader(bytes);
        if reader.u8()? != VERSION {
            return Err(DecryptError::Version);
        }
        let opening = match reader.u8()? {
            INITIAL => Some(parse_opening(&mut reader)?),
            NORMAL => None,
            _ => return Err(DecryptError::Malformed),
        };
        let header = Header::from_bytes(&reader.array()?);
        let ciphertext = reader.0;
        if ciphertext.len() < crate::aead::TAG {
            return Err(DecryptError::Malformed);
        }
        Ok(match opening {
            Some((info, offer)) => {
                let opening = bytes.get(..OPENING).ok_or(DecryptError::Malformed)?;
                Self::Initial {
                    info,
                    offer,
                    opening,
                    header,
                    ciphertext,
                }
            }
            None => Self::Normal { header, ciphertext },
        })
    }
}

fn parse_opening<'a>(reader: &mut Reader<'a>) -> Result<(InitialInfo, OfferRef<'a>), DecryptError> {
    if reader.u8()? != SUITE {
        return Err(DecryptError::Version);
    }
    let ephemeral = reader.array_ref()?;
    let (signed_prekey, kem_prekey) = (reader.u32()?, reader.u32()?);
    let one_time_prekey = match (reader.u8()?, reader.u32()?) {
        (0, 0) => None,
        (1, id) => Some(id),
        _ => return Err(DecryptError::Malformed),
    };
    let generation = reader.u32()?;
    let info = InitialInfo {
        session: handshake::session_id(ephemeral),
        signed_prekey,
        kem_prekey,
        one_time_prekey,
        generation,
    };
    Ok((
        info,
        OfferRef {
            ephemeral,
            kem_ciphertext: reader.array_ref()?,
        },
    ))
}

/// What ties the inside of a message to its outside.
pub(super) enum Inner<'a> {
    /// With the bytes of the opening in front.
    Initial(&'a [u8]),
    Normal,
}

impl<'a> Inner<'a> {
    /// What stands in front of the ratchet header.
    pub(super) fn outer(&self) -> &'a [u8] {
        match self {
            Self::Initial(opening) => opening,
            Self::Normal => &NORMAL_PREFIX,
        }
    }

    /// What stands in front of the payload, under encryption.
    pub(super) fn frame(&self) -> Vec<u8> {
        let mut frame = Vec::with_capacity(33);
        match self {
            Self::Initial(opening) => {
                frame.push(INITIAL);
                frame.extend_from_slice(&Sha256::digest(opening));
            }
            Self::Normal => frame.push(NORMAL),
        }
        frame
    }

    /// Takes the frame off a payload.
    pub(super) fn strip<'p>(&self, framed: &'p [u8]) -> Result<&'p [u8], DecryptError> {
        framed
            .strip_prefix(self.frame().as_slice())
            .ok_or(DecryptError::Authentication)
    }
}
