//! Ratchet sessions with peers, several at a time as in Sesame: the active one has the highest heal generation, then the
//! lowest id; a message is read in whichever session it belongs to. When one cannot be read, a fresh session heals.

use std::cmp::Ordering;

use orrery_crypto::{
    AcceptError, DecryptError, KemPrekeyPair, OneTimePrekeyPair, ResponderKeys, Session, SignedPrekeyPair,
    VerifiedBundle,
    session::{InitialInfo, Peek, peek, select_active},
};
use orrery_protocol::{
    MessageId, PeerId,
    note::Body,
    prekey::PrekeyBundle,
    record::{PrekeyKind, SecretBytes, SessionRecord},
};

use crate::{
    error::Result,
    io::Fact,
    outbox::{Post, Renewal},
    turn::Turn,
};

/// Sessions kept per peer; beyond it those that would become active last go, and their initial messages stay remembered.
const MAX_SESSIONS: usize = 8;
/// A session the other side never answered is not written to after this: its prekeys are gone by then.
const UNANSWERED_MS: u64 = 14 * 24 * 3600 * 1000;
/// A session nobody used for so long is deleted when a new one is made.
const UNUSED_MS: u64 = 30 * 24 * 3600 * 1000;
/// At most one fresh session a minute and peer, however many messages cannot be read.
const HEAL_EVERY_MS: u64 = 60 * 1000;
/// No honest pair heals so often; a higher claim is garbage.
const MAX_GENERATION: u32 = 1 << 24;
/// How far a message that nobody could read, and so anybody may have written, lifts the next generation. Were it taken
/// at its word, one forged message would use up all generations, and no fresh session would outrank a lost one.
const MAX_CLAIM: u32 = 16;

/// What a ratchet message turned out to be. Nothing has been written yet.
pub(crate) enum Opened {
    Read(Box<Reading>),
    /// Read before.
    Duplicate,
    /// No session of ours reads it; the highest generation it speaks of.
    Unreadable(u32),
    /// Of a newer version.
    Newer,
    /// Never was a message.
    Garbage,
}

/// A decrypted message with the session as it stands after it.
pub(crate) struct Reading {
    pub(crate) plaintext: SecretBytes,
    session: Session,
    created_ms: u64,
    /// The session is new, made by this message, which used this one-time prekey.
    fresh: Option<Option<u32>>,
}

impl Reading {
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh.is_some()
    }

    pub(crate) fn generation(&self) -> u32 {
        self.session.generation()
    }
}

fn active_first(a: &SessionRecord, b: &SessionRecord) -> Ordering {
    b.generation.cmp(&a.generation).then(a.id.cmp(&b.id))
}

impl Turn<'_> {
    /// The session to write in; `None` when there is none that the other side could still answer.
    fn active_session(&mut self, peer: &PeerId) -> Result<Option<(SessionRecord, Session)>> {
        let now_ms = self.wall_ms();
        let sessions = self.sound_sessions(peer)?;
        let active = select_active(sessions.iter().map(|(row, _)| (row.generation, row.id)));
        Ok(sessions
            .into_iter()
            .find(|(row, _)| Some(row.id) == active)
            .filter(|(row, session)| session.is_confirmed() || now_ms.saturating_sub(row.created_ms) <= UNANSWERED_MS))
    }

    /// The sessions with a peer. A row that is damaged or of another version can neither read nor write: it goes, and what
    /// the other side still writes in it is healed, at once with a contact.
    fn sound_sessions(&mut self, peer: &PeerId) -> Result<Vec<(SessionRecord, Session)>> {
        let mut sound = Vec::new();
        let mut lost = None;
        for row in self.archive.sessions(peer)? {
            // What it says of itself must be what the row was stored as, or it is another session's state.
            match Session::decode(&row.state.0) {
                Ok(session) if session.id() == row.id && session.peer() == *peer => sound.push((row, session)),
                _ => {
                    self.archive.delete_session(peer, &row.id)?;
                    lost = lost.max(Some(row.generation));
                }
            }
        }
        if let Some(generation) = lost
            && self.is_contact(peer)?
        {
            self.heal(peer, generation);
        }
        Ok(sound)
    }

    pub(crate) fn has_session(&mut self, peer: &PeerId) -> Result<bool> {
        Ok(self.active_session(peer)?.is_some())
    }

    /// Encrypts in the active session and stores its advanced state; `None` when there is no session to write in.
    pub(crate) fn encrypt(&mut self, peer: &PeerId, plaintext: &[u8]) -> Result<Option<(Vec<u8>, [u8; 32])>> {
        let Some((mut row, mut session)) = self.active_session(peer)? else {
            return Ok(None);
        };
        let Ok(message) = session.encrypt(plaintext) else {
            return Ok(None);
        };
        row.state = session.encode();
        row.used_ms = self.wall_ms();
        self.archive.put_session(peer, &row)?;
        Ok(Some((message, row.id)))
    }

    /// Decrypts without writing what came of it.
    pub(crate) fn decrypt(&mut self, peer: &PeerId, message: &[u8]) -> Result<Opened> {
        let mut sessions = self.sound_sessions(peer)?;
        sessions.sort_by(|(a, _), (b, _)| active_first(a, b));
        match peek(message) {
            Err(DecryptError::Version) => Ok(Opened::Newer),
            Err(_) => Ok(Opened::Garbage),
            Ok(Peek::Initial(info)) if info.generation > MAX_GENERATION => Ok(Opened::Garbage),
            Ok(Peek::Initial(info)) => {
                if let Some(known) = sessions.into_iter().find(|(row, _)| row.id == info.session) {
                    return Ok(self.decrypt_in(vec![known], message, info.generation));
                }
                self.accept(peer, &info, message)
            }
            Ok(Peek::Normal { ratchet_key }) => {
                let generation = sessions.first().map_or(0, |(row, _)| row.generation);
                let (mut first, rest): (Vec<_>, Vec<_>) = sessions
                    .into_iter()
                    .partition(|(_, session)| session.knows(&ratchet_key));
                first.extend(rest);
                Ok(self.decrypt_in(first, message, generation))
            }
        }
    }

    fn decrypt_in(&mut self, sessions: Vec<(SessionRecord, Session)>, message: &[u8], generation: u32) -> Opened {
        let now_ms = self.wall_ms();
        for (row, mut session) in sessions {
            match session.decrypt(message, now_ms, self.rng) {
                Ok(plaintext) => {
                    return Opened::Read(Box::new(Reading {
                        plaintext: SecretBytes(plaintext),
                        session,
                        created_ms: row.created_ms,
                        fresh: None,
                    }));
                }
                Err(DecryptError::Duplicate) => return Opened::Duplicate,
                Err(DecryptError::Version) => return Opened::Newer,
                Err(_) => {}
            }
        }
        Opened::Unreadable(generation)
    }

    /// Opens the first message of a session that somebody else began.
    fn accept(&mut self, peer: &PeerId, info: &InitialInfo, message: &[u8]) -> Result<Opened> {
        let unreadable = Opened::Unreadable(info.generation);
        let now_ms = self.wall_ms();
        let (Some(signed), Some(kem)) = (
            self.archive.prekey(PrekeyKind::Signed, info.signed_prekey)?,
            self.archive.prekey(PrekeyKind::Kem, info.kem_prekey)?,
        ) else {
            return Ok(unreadable);
        };
        let (Ok(signed), Ok(kem)) = (
            SignedPrekeyPair::decode(&signed.secret.0),
            KemPrekeyPair::decode(&kem.secret.0),
        ) else {
            return Ok(unreadable);
        };
        let one_time = match info.one_time_prekey {
            None => None,
            Some(id) => match self.archive.prekey(PrekeyKind::OneTime, id)? {
                None => return Ok(unreadable),
                Some(row) => match OneTimePrekeyPair::decode(&row.secret.0) {
                    Err(_) => return Ok(unreadable),
                    Ok(pair) => Some(pair),
                },
            },
        };
        let keys = ResponderKeys {
            signed: &signed,
            kem: &kem,
            one_time: one_time.as_ref(),
        };
        match Session::accept(self.identity, &keys, peer, message, now_ms, self.rng) {
            Ok((session, plaintext)) => Ok(Opened::Read(Box::new(Reading {
                plaintext: SecretBytes(plaintext),
                session,
                created_ms: now_ms,
                fresh: Some(info.one_time_prekey),
            }))),
            Err(AcceptError::OwnMessage) => Ok(Opened::Garbage),
            Err(AcceptError::Decrypt(DecryptError::Version)) => Ok(Opened::Newer),
            Err(_) => Ok(unreadable),
        }
    }

    /// Stores the session as it stands after a reading. `false` when the message is a replay whose session is gone: then
    /// nothing is stored and the message must be dropped.
    pub(crate) fn commit_reading(&mut self, peer: &PeerId, reading: &Reading) -> Result<bool> {
        let session = &reading.session;
        if let Some(one_time) = reading.fresh {
            let id = session.id();
            let mut short = [0; 16];
            short.iter_mut().zip(id).for_each(|(to, from)| *to = from);
            // Without a one-time prekey nothing else would stop an old first message from opening a session again.
            if self.archive.remember_item(peer, &MessageId(short))? {
                return Ok(false);
            }
            if let Some(one_time) = one_time {
                self.archive.delete_prekey(PrekeyKind::OneTime, one_time)?;
            }
        }
        self.put_session(peer, session, reading.created_ms)?;
        Ok(true)
    }

    fn put_session(&mut self, peer: &PeerId, session: &Session, created_ms: u64) -> Result<()> {
        let used_ms = self.wall_ms();
        let row = SessionRecord {
            id: session.id(),
            generation: session.generation(),
            state: session.encode(),
            created_ms,
            used_ms,
        };
        self.archive.put_session(peer, &row)?;
        let mut all = self.archive.sessions(peer)?;
        all.sort_by(active_first);
        for (place, old) in all.iter().enumerate().skip(1) {
            let unused = used_ms.saturating_sub(old.used_ms) > UNUSED_MS;
            if old.id != row.id && (unused || place >= MAX_SESSIONS) {
                self.archive.delete_session(peer, &old.id)?;
            }
        }
        Ok(())
    }

    /// Begins a session from a bundle that is checked here; `false` when its keys are not that peer's.
    pub(crate) fn start_session(
        &mut self,
        peer: &PeerId,
        bundle: &PrekeyBundle,
        least_generation: u32,
    ) -> Result<bool> {
        let Ok(bundle) = VerifiedBundle::verify(&self.own, peer, bundle) else {
            return Ok(false);
        };
        let sessions = self.archive.sessions(peer)?;
        let next = sessions
            .iter()
            .map(|row| row.generation.saturating_add(1))
            .max()
            .unwrap_or(0);
        let claimed = least_generation.min(next.saturating_add(MAX_CLAIM));
        let generation = next.max(claimed).min(MAX_GENERATION);
        let Ok(session) = Session::start(self.identity, &bundle, generation, self.rng) else {
            return Ok(false);
        };
        let now_ms = self.wall_ms();
        self.put_session(peer, &session, now_ms)?;
        Ok(true)
    }

    /// A message of a contact could not be read: asks for a fresh session, at most once a minute.
    pub(crate) fn heal(&mut self, peer: &PeerId, generation: u32) {
        let now = self.mono_ms();
        let soon = self
            .live
            .heals
            .get(peer)
            .is_some_and(|last| now.saturating_sub(*last) < HEAL_EVERY_MS);
        if soon {
            return;
        }
        self.live.heals.insert(*peer, now);
        self.lane(peer).renewal = Some(Renewal::Heal {
            generation: generation.saturating_add(1),
        });
    }

    /// The other side has begun anew below a session that we have, so it has lost that one, and what we write still goes
    /// there. Which generation is above it only we know: we begin one, instead of being asked anew every minute.
    pub(crate) fn outrank(&mut self, peer: &PeerId, generation: u32) -> Result<()> {
        let highest = self.archive.sessions(peer)?.iter().map(|row| row.generation).max();
        if let Some(highest) = highest.filter(|highest| *highest > generation) {
            self.heal(peer, highest);
        }
        Ok(())
    }

    /// The fresh session is there: says so in it, and everything that is not known to have arrived goes again.
    pub(crate) fn healed(&mut self, peer: &PeerId) -> Result<()> {
        self.encrypt_anew(peer)?;
        self.post(peer, Body::Heal, Post::KEPT)?;
        self.fact(Fact::SessionHealed { peer: *peer });
        Ok(())
    }

    /// Everything of an ended acquaintance that only a ratchet needs.
    pub(crate) fn forget_sessions(&mut self, peer: &PeerId) -> Result<()> {
        for row in self.archive.sessions(peer)? {
            self.archive.delete_session(peer, &row.id)?;
        }
        Ok(())
    }
}
