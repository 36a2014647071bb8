//! One input on its way through: what it may read and write, and what it asks for. The nouns add their own methods.

use std::collections::BTreeSet;

use orrery_crypto::Identity;
use orrery_protocol::{
    ChannelId, PeerId,
    archive::Archive,
    record::{ContactRecord, ContactState, MessageRecord},
};
use rand_core::CryptoRng;

use crate::{
    error::{CoreError, Refusal, Result},
    io::{Change, Fact, Input, Link, Now, Output},
    live::Live,
    outbox::Lane,
};

pub(crate) struct Turn<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) own: PeerId,
    pub(crate) live: &'a mut Live,
    pub(crate) archive: &'a mut (dyn Archive + 'a),
    pub(crate) rng: &'a mut (dyn CryptoRng + 'a),
    pub(crate) now: Now,
    out: Vec<Output>,
    /// Conversations whose line in the list must be read anew.
    channels: BTreeSet<ChannelId>,
    /// Lanes with something to do.
    pub(crate) lanes: BTreeSet<PeerId>,
    /// The call must be told anew.
    pub(crate) call_changed: bool,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(
        identity: &'a Identity,
        own: PeerId,
        live: &'a mut Live,
        archive: &'a mut (dyn Archive + 'a),
        rng: &'a mut (dyn CryptoRng + 'a),
        now: Now,
    ) -> Self {
        Self {
            identity,
            own,
            live,
            archive,
            rng,
            now,
            out: Vec::new(),
            channels: BTreeSet::new(),
            lanes: BTreeSet::new(),
            call_changed: false,
        }
    }

    /// Handles one input to the end: first what it says, then what has become due, then what follows from both.
    pub(crate) fn run(mut self, input: Input) -> Result<Vec<Output>> {
        self.take(input)?;
        self.tick()?;
        self.settle()
    }

    fn take(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Act(act) => self.act(act),
            Input::ServerOnline {
                one_time_left,
                has_prekeys,
                time_ms,
            } => {
                self.live.online = true;
                self.live.publishing = None;
                self.set_clock(time_ms)?;
                self.look_after_prekeys(Some((one_time_left, has_prekeys)))?;
                self.set_tokens()?;
                self.tell_profile()?;
                self.ask_anew()?;
                self.announce_presence()?;
                self.release_lanes();
                Ok(())
            }
            Input::ServerOffline => {
                self.live.online = false;
                self.live.publishing = None;
                Ok(())
            }
            Input::PrekeysLow { one_time_left } => self.look_after_prekeys(Some((one_time_left, true))),
            Input::PrekeysStored => self.prekeys_stored(),
            Input::Delivered { id, envelope } => self.delivered(id, &envelope),
            Input::Deposited { ticket, result } => self.deposited(ticket, result),
            Input::Fetched { ticket, result } => self.fetched(ticket, result),
            Input::Described { connection, sdp } => self.described(connection, sdp),
            Input::Gathered { connection, lines } => self.gathered(connection, lines),
            Input::Secured {
                connection,
                local_fingerprint,
                remote_fingerprint,
            } => self.secured(connection, local_fingerprint, remote_fingerprint),
            Input::Impostor { connection } => self.impostor(connection),
            Input::DirectOpen { connection } => self.direct_opened(connection),
            Input::DirectReceived { connection, message } => self.direct_received(connection, message),
            Input::Interrupted { connection } => self.interrupted(connection),
            Input::Resumed { connection } => self.resumed(connection),
            Input::Broken { connection } => self.broken(connection),
            Input::Gone { connection } => self.gone(connection),
            Input::NetworkChanged { lost } => self.network_changed(lost),
            Input::Wake => Ok(()),
        }
    }

    /// Carries out what follows: connections wanted and unwanted, notes to send, facts that are told once.
    pub(crate) fn settle(mut self) -> Result<Vec<Output>> {
        self.settle_connections()?;
        if self.call_changed {
            self.tell_unheard()?;
        }
        // Sending may start handshakes and drop rows, but wakes no other lane than its own.
        while let Some(peer) = self.lanes.pop_first() {
            self.pump(&peer)?;
        }
        if self.call_changed {
            self.tell_call();
        }
        for channel in std::mem::take(&mut self.channels) {
            self.fact(Fact::Channel { channel });
        }
        Ok(self.out)
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.out.push(output);
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.out.push(Output::Fact(fact));
    }

    pub(crate) fn channel_changed(&mut self, channel: ChannelId) {
        self.channels.insert(channel);
    }

    pub(crate) fn message_fact(&mut self, record: MessageRecord, change: Change) {
        self.channels.insert(record.channel);
        self.fact(Fact::Message {
            record: Box::new(record),
            change,
        });
    }

    /// A contact row; `None` for somebody never heard of.
    pub(crate) fn contact(&mut self, peer: &PeerId) -> Result<Option<ContactRecord>> {
        Ok(self.archive.contact(peer)?)
    }

    /// Changes a contact row. Rows are never held across calls that may change them too.
    pub(crate) fn edit_contact<T>(
        &mut self,
        peer: &PeerId,
        edit: impl FnOnce(&mut ContactRecord) -> T,
    ) -> Result<Option<T>> {
        let Some(mut row) = self.archive.contact(peer)? else {
            return Ok(None);
        };
        let value = edit(&mut row);
        self.archive.put_contact(&row)?;
        Ok(Some(value))
    }

    /// The row of somebody both sides accepted and nobody blocked.
    pub(crate) fn writable(&mut self, peer: &PeerId, missing: Refusal) -> Result<ContactRecord> {
        match self.contact(peer)? {
            Some(row) if row.state == ContactState::Contact && row.blocked => Err(Refusal::Blocked.into()),
            Some(row) if row.state == ContactState::Contact => Ok(row),
            _ => Err(CoreError::Refused(missing)),
        }
    }

    pub(crate) fn is_contact(&mut self, peer: &PeerId) -> Result<bool> {
        Ok(self
            .contact(peer)?
            .is_some_and(|row| row.state == ContactState::Contact && !row.blocked))
    }

    /// Tells a contact's row, presence and connection.
    pub(crate) fn tell_contact(&mut self, peer: &PeerId) -> Result<()> {
        if let Some(record) = self.contact(peer)? {
            let fact = contact_fact(self.live, record);
            self.fact(fact);
        }
        Ok(())
    }

    /// A random number below `bound` (0 for a bound of 0), even enough for jitter.
    pub(crate) fn random_below(&mut self, bound: u64) -> u64 {
        let bytes = orrery_crypto::random::bytes::<8>(self.rng);
        u64::from_be_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }

    /// Full jitter with a floor: somewhere between a quarter of and the whole doubled delay.
    pub(crate) fn backoff(&mut self, failures: u32, base_ms: u64, most_ms: u64) -> u64 {
        let span = base_ms.saturating_mul(1 << failures.min(20)).min(most_ms);
        let floor = span / 4;
        floor.saturating_add(self.random_below(span.saturating_sub(floor).max(1)))
    }
}

/// A contact as a fact.
pub(crate) fn contact_fact(live: &Live, record: ContactRecord) -> Fact {
    let direct = live
        .connections
        .get(&record.peer)
        .map_or(Link::None, |connection| connection.link());
    let waits = |lane: &Lane| !lane.queue.is_empty();
    Fact::Contact {
        here: live.presence.is_here(&record.peer),
        direct,
        sending: record.state == ContactState::RequestedByUs && live.lanes.get(&record.peer).is_some_and(waits),
        record: Box::new(record),
    }
}
