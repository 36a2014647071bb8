//! A session as it is stored.

use orrery_protocol::{PeerId, record::SecretBytes};

use super::{Opening, Session};
use crate::{error::StateError, ratchet::Ratchet, wire};

const VERSION: u8 = 1;

/// version ‖ id ‖ generation ‖ peer ‖ initiator ‖ opening flag [‖ opening] ‖ ratchet ‖ checksum.
pub(super) fn encode(session: &Session) -> SecretBytes {
    let room = 32 + 4 + 32 + 1 + 1 + Opening::LEN + session.ratchet.stored_len();
    let mut state = wire::begin(VERSION, room);
    state.0.extend_from_slice(&session.id);
    state.0.extend_from_slice(&session.generation.to_be_bytes());
    state.0.extend_from_slice(session.peer.as_bytes());
    state.0.push(u8::from(session.initiator));
    state.0.push(u8::from(session.opening.is_some()));
    if let Some(opening) = &session.opening {
        state.0.extend_from_slice(opening.as_bytes());
    }
    session.ratchet.write(&mut state);
    wire::finish(state)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Session, StateError> {
    let mut reader = wire::open(bytes, VERSION)?;
    let id = reader.array()?;
    let generation = reader.u32()?;
    let peer = PeerId(reader.array()?);
    let initiator = flag(reader.u8()?)?;
    let opening = if flag(reader.u8()?)? {
        Some(Opening::from_bytes(reader.array()?))
    } else {
        None
    };
    let ratchet = Ratchet::read(&mut reader)?;
    if !reader.is_empty() {
        return Err(StateError::Malformed);
    }
    Ok(Session {
        id,
        generation,
        peer,
        initiator,
        opening,
        ratchet,
    })
}

fn flag(byte: u8) -> Result<bool, StateError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(StateError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        VerifiedBundle,
        testing::{Person, rng},
    };

    #[test]
    fn a_whole_state_with_bytes_or_flags_out_of_place_is_refused() {
        let (a, b) = (Person::new(1), Person::new(2));
        let bundle = VerifiedBundle::verify(&a.identity.peer_id(), &b.identity.peer_id(), &b.bundle(true)).unwrap();
        let session = Session::start(&a.identity, &bundle, 0, &mut rng(3)).unwrap();
        let body = {
            let mut bytes = encode(&session).0.clone();
            bytes.truncate(bytes.len() - 8);
            bytes
        };
        let read = |body: Vec<u8>| decode(&wire::finish(SecretBytes(body)).0).map(drop);
        assert_eq!(read(body.clone()), Ok(()));
        assert_eq!(read([body.as_slice(), &[0]].concat()), Err(StateError::Malformed));
        assert_eq!(read(body[..body.len() - 1].to_vec()), Err(StateError::Malformed));
        // The two flags, and the count of skipped keys at the end.
        for at in [1 + 68, 1 + 69, body.len() - 2] {
            let mut bad = body.clone();
            bad[at] = 0xff;
            assert_eq!(read(bad), Err(StateError::Malformed), "byte {at}");
        }
    }
}
