//! What arrives: an envelope or a direct message is opened, read on a copy of the session, checked, and given to the
//! noun it concerns. Whatever a stranger sends, nothing is stored but a contact request.

use orrery_crypto::{SealKind, seal};
use orrery_protocol::{
    ConnectionId, PeerId, decode,
    limits::PEER_PROTOCOL_VERSION,
    note::{Body, Note, NoteVersion},
    record::{ContactRecord, ContactState},
};

use crate::{
    error::Result,
    io::{Fact, Output},
    sessions::{Opened, Reading},
    turn::Turn,
};

/// Notes kept from people whom the roster of the running call may yet introduce; more are dropped and said again.
const MAX_EARLY: usize = 16;
/// The largest such note kept.
const MAX_EARLY_SIZE: usize = 24 * 1024;

/// A note of somebody not introduced yet.
#[derive(Clone)]
pub(crate) struct Early {
    peer: PeerId,
    message: Vec<u8>,
}

/// An item of somebody we asked: it has said yes, and that is still on its way. An item is one ciphertext however often
/// it is sent: read now and dropped, it could never be read again.
fn overtakes_answer(contact: Option<&ContactRecord>, body: &Body) -> bool {
    let asked = contact.is_some_and(|row| row.state == ContactState::RequestedByUs);
    asked && matches!(body, Body::Item(_))
}

/// The path on which a message came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    Server,
    Direct,
}

impl Turn<'_> {
    pub(crate) fn delivered(&mut self, id: Option<u64>, envelope: &[u8]) -> Result<()> {
        match seal::open(self.identity, envelope) {
            Ok(sealed) if sealed.kind == SealKind::Ratchet => {
                self.receive(&sealed.sender, &sealed.message, Path::Server)?;
            }
            _ => self.live.ignored = self.live.ignored.saturating_add(1),
        }
        // Also for what was dropped: it would be no better the next time.
        if let Some(id) = id {
            self.push(Output::Ack(vec![id]));
        }
        Ok(())
    }

    /// A ratchet message from a peer, as far as the seal or the connection tells.
    pub(crate) fn receive(&mut self, sender: &PeerId, message: &[u8], path: Path) -> Result<()> {
        let contact = self.contact(sender)?;
        if *sender == self.own || contact.as_ref().is_some_and(|row| row.blocked) {
            return Ok(());
        }
        let is_contact = contact.as_ref().is_some_and(|row| row.state == ContactState::Contact);
        match self.decrypt(sender, message)? {
            Opened::Garbage => {
                self.live.ignored = self.live.ignored.saturating_add(1);
                Ok(())
            }
            Opened::Read(reading) => self.read(sender, contact.as_ref(), &reading, message, path),
            Opened::Duplicate if is_contact && self.is_forked(sender, message) => {
                // Its key is gone. Whoever wrote it encrypts it again in a fresh session.
                self.heal(sender, 0);
                Ok(())
            }
            Opened::Duplicate if is_contact => self.receipt_due(sender, path),
            Opened::Newer if contact.is_some() => self.newer(sender, is_contact, message),
            Opened::Unreadable(generation) if is_contact => {
                self.archive.put_unread_ciphertext(sender, message)?;
                self.heal(sender, generation);
                Ok(())
            }
            Opened::Unreadable(generation) if self.is_call_member(sender) => {
                self.heal(sender, generation);
                Ok(())
            }
            Opened::Duplicate | Opened::Newer | Opened::Unreadable(_) => {
                self.keep_early(sender, message);
                Ok(())
            }
        }
    }

    /// A newer version: kept as it is, so that it can be read after an update.
    fn newer(&mut self, sender: &PeerId, is_contact: bool, message: &[u8]) -> Result<()> {
        if is_contact {
            self.archive.put_unread_ciphertext(sender, message)?;
        }
        if self.live.versions_said.insert(*sender) {
            self.fact(Fact::VersionMismatch { peer: *sender });
        }
        Ok(())
    }

    fn read(
        &mut self,
        sender: &PeerId,
        contact: Option<&ContactRecord>,
        reading: &Reading,
        message: &[u8],
        path: Path,
    ) -> Result<()> {
        let version = decode::<NoteVersion>(&reading.plaintext.0).map(|note| note.version);
        if version.is_ok_and(|version| version > PEER_PROTOCOL_VERSION) && contact.is_some() {
            // The session stays as it was: this message's key is wanted again.
            let is_contact = contact.is_some_and(|row| row.state == ContactState::Contact);
            return self.newer(sender, is_contact, message);
        }
        let note = decode::<Note>(&reading.plaintext.0)
            .ok()
            .filter(|note| note.check().is_ok());
        if note.as_ref().is_some_and(|note| overtakes_answer(contact, &note.body)) {
            // Here too the key is wanted again: after the answer.
            self.archive.put_unread_ciphertext(sender, message)?;
            return Ok(());
        }
        let Some(note) = note.filter(|note| self.permitted(sender, contact, &note.body, path)) else {
            if self.keep_early(sender, message) {
                return Ok(());
            }
            // Nothing of a stranger is stored; a known peer's ratchet goes on without the note.
            if contact.is_some() && !reading.is_fresh() {
                self.commit_reading(sender, reading)?;
            }
            return Ok(());
        };
        if !self.commit_reading(sender, reading)? {
            if contact.is_some_and(|row| row.state == ContactState::Contact) {
                // A replay, or something new in a session that we have lost and the other side goes on with.
                self.heal(sender, reading.generation());
            }
            return Ok(());
        }
        self.remember_read(sender, message);
        let now = self.mono_ms();
        self.live.heard.insert(*sender, now);
        let begins_anew = matches!(note.body, Body::Heal);
        self.dispatch(sender, note, path)?;
        if begins_anew {
            self.outrank(sender, reading.generation())?;
        }
        if reading.is_fresh() {
            self.retry_unread(sender)?;
        }
        Ok(())
    }

    /// Whether this peer may say this at all.
    fn permitted(&self, sender: &PeerId, contact: Option<&ContactRecord>, body: &Body, path: Path) -> bool {
        let state = contact.map(|row| row.state);
        match (state, body) {
            (Some(ContactState::Contact), Body::Typing { .. }) => path == Path::Direct,
            (Some(ContactState::Contact), _) => true,
            (_, Body::Request(_)) => path == Path::Server,
            (Some(ContactState::RequestedByUs), Body::Accept(_)) => true,
            (_, Body::Connection(_) | Body::Call(_) | Body::Heal) => self.is_call_member(sender),
            _ => false,
        }
    }

    fn dispatch(&mut self, sender: &PeerId, note: Note, path: Path) -> Result<()> {
        let sent_ms = note.sent_ms;
        match note.body {
            Body::Request(introduction) => self.request_received(sender, introduction),
            Body::Accept(introduction) => self.accept_received(sender, introduction),
            Body::Profile(introduction) => self.profile_received(sender, introduction),
            Body::Item(item) => self.item_received(sender, sent_ms, item, path),
            Body::Receipt(receipt) => self.receipt_received(sender, &receipt),
            Body::Typing { on } => self.typing_received(sender, on),
            Body::Presence { here, ask } => self.presence_received(sender, here, ask),
            Body::Connection(signal) => self.connection_signal(sender, signal),
            Body::Call(signal) => self.call_signal(sender, signal),
            Body::Heal => {
                self.encrypt_anew(sender)?;
                self.receipt_due(sender, Path::Server)
            }
        }
    }

    /// Keeps a stranger's note while a call is running whose roster may name that stranger any moment.
    fn keep_early(&mut self, sender: &PeerId, message: &[u8]) -> bool {
        let may_come = self.call_is_open() && !self.is_call_member(sender);
        let room = self.live.early.len() < MAX_EARLY && message.len() <= MAX_EARLY_SIZE;
        let wanted = may_come && room;
        if wanted {
            self.live.early.push(Early {
                peer: *sender,
                message: message.to_vec(),
            });
        }
        wanted
    }

    /// Somebody has been introduced: what it said too early is heard now.
    pub(crate) fn hear_early(&mut self, peer: &PeerId) -> Result<()> {
        let (now, later) = std::mem::take(&mut self.live.early)
            .into_iter()
            .partition::<Vec<_>, _>(|early| early.peer == *peer);
        self.live.early = later;
        for early in now {
            self.receive(peer, &early.message, Path::Server)?;
        }
        Ok(())
    }

    /// A fresh session may read what none could before, and a new contact may say what it could not.
    pub(crate) fn retry_unread(&mut self, peer: &PeerId) -> Result<()> {
        for (number, message) in self.archive.unread_ciphertexts(peer)? {
            match self.decrypt(peer, &message)? {
                Opened::Read(reading) => {
                    let version = decode::<NoteVersion>(&reading.plaintext.0).map(|note| note.version);
                    if version.is_ok_and(|version| version > PEER_PROTOCOL_VERSION) {
                        continue;
                    }
                    self.archive.delete_unread_ciphertext(number)?;
                    let contact = self.contact(peer)?;
                    self.read(peer, contact.as_ref(), &reading, &message, Path::Server)?;
                }
                Opened::Duplicate | Opened::Garbage => self.archive.delete_unread_ciphertext(number)?,
                Opened::Newer | Opened::Unreadable(_) => {}
            }
        }
        Ok(())
    }

    /// After an update a newer version's notes may have become readable.
    pub(crate) fn retry_all_unread(&mut self) -> Result<()> {
        for row in self.archive.contacts()? {
            if row.state == ContactState::Contact && !row.blocked {
                self.retry_unread(&row.peer)?;
            }
        }
        Ok(())
    }

    /// A message over the direct connection. Before the binding is verified it waits.
    pub(crate) fn direct_received(&mut self, connection: ConnectionId, message: Vec<u8>) -> Result<()> {
        match self.direct_peer(connection, message) {
            Some((peer, message)) => self.receive(&peer, &message, Path::Direct),
            None => Ok(()),
        }
    }
}
