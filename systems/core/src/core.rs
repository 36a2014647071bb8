//! The entry: one profile's state machines behind one function.

use orrery_crypto::Identity;
use orrery_protocol::{PeerId, archive::Archive};
use rand_core::CryptoRng;

use crate::{
    error::Result,
    io::{Fact, Input, Now, Output, Policy},
    live::Live,
    profile,
    turn::{Turn, contact_fact},
};

/// The state machines of one open profile.
///
/// Durable state lives in the [`Archive`] alone. Whoever drives the core lends it one transaction per input, commits, and
/// only then carries out the outputs, in order. When the commit fails it calls [`Core::rollback`] and throws them away.
pub struct Core {
    identity: Identity,
    own: PeerId,
    live: Live,
    /// The live state before the last input, for a commit that fails.
    before: Option<Box<Live>>,
}

impl Core {
    /// Writes a new profile: identity, name, server, tokens, first prekeys.
    ///
    /// # Errors
    /// [`crate::Refusal::ProfileExists`] when there is one, [`crate::Refusal::BadName`], [`crate::Refusal::BadServer`], or
    /// what the archive says.
    pub fn create(
        archive: &mut dyn Archive,
        name: &str,
        server: &str,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<()> {
        profile::create(archive, name, server, now, rng)
    }

    /// Opens a profile. The outputs hold everything a window needs (as [`Self::snapshot`]) and what was cut short by the
    /// last stop: calls that were open become rows of history. Sending begins with [`Input::ServerOnline`] or a wake.
    ///
    /// # Errors
    /// What the archive says; [`orrery_protocol::archive::ArchiveError::Damaged`] when there is no readable profile.
    pub fn open(
        archive: &mut dyn Archive,
        policy: Policy,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Vec<Output>)> {
        let (identity, stored) = profile::load(archive)?;
        let own = identity.peer_id();
        let mut live = Live::new(stored.name, stored.server, policy);
        let mut turn = Turn::new(&identity, own, &mut live, archive, rng, now);
        turn.load_lanes()?;
        turn.load_receipts()?;
        turn.close_open_calls()?;
        turn.retry_all_unread()?;
        let mut outputs = turn.settle()?;
        let mut core = Self {
            identity,
            own,
            live,
            before: None,
        };
        let mut first: Vec<Output> = core.snapshot(archive)?.into_iter().map(Output::Fact).collect();
        first.append(&mut outputs);
        core.before = None;
        Ok((core, first))
    }

    /// Takes one input. The outputs are carried out in order, after the archive's transaction has been committed.
    ///
    /// # Errors
    /// Why nothing happened; the live state is as before, and the transaction must be rolled back.
    pub fn handle(
        &mut self,
        archive: &mut dyn Archive,
        input: Input,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Output>> {
        let before = self.live.clone();
        let turn = Turn::new(&self.identity, self.own, &mut self.live, archive, rng, now);
        match turn.run(input) {
            Ok(outputs) => {
                self.before = Some(Box::new(before));
                Ok(outputs)
            }
            Err(error) => {
                self.live = before;
                self.before = None;
                Err(error)
            }
        }
    }

    /// Goes back to before the last [`Self::handle`]: its commit failed, so nothing of it has happened.
    pub fn rollback(&mut self) {
        if let Some(before) = self.before.take() {
            self.live = *before;
        }
    }

    /// When to feed [`Input::Wake`], on the monotonic clock of [`Now`]; `None` while nothing is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        self.live.next_wake()
    }

    /// How many envelopes of this run were dropped unopened: not sealed for us, changed on the way, or holding nothing
    /// that could be a message. The server takes what anybody deposits, and whoever drives the core may want to say so.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.live.ignored
    }

    /// Who this is.
    #[must_use]
    pub fn own(&self) -> PeerId {
        self.own
    }

    /// Display name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.live.name
    }

    /// Home server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.live.server
    }

    /// Signs a log-in at the server dialled as `host`, answering its challenge.
    #[must_use]
    pub fn sign_login(&self, host: &str, nonce: &[u8; 32], time_ms: u64) -> [u8; 64] {
        orrery_crypto::login::sign(&self.identity, host, nonce, time_ms)
    }

    /// Everything a window needs to begin anew: profile, contacts, the running call.
    ///
    /// # Errors
    /// What the archive says.
    pub fn snapshot(&self, archive: &mut dyn Archive) -> Result<Vec<Fact>> {
        let mut facts = vec![Fact::Profile {
            name: self.live.name.clone(),
            server: self.live.server.clone(),
        }];
        for record in archive.contacts()? {
            facts.push(contact_fact(&self.live, record));
        }
        facts.extend(self.live.typing_facts());
        facts.extend(self.live.call_fact());
        Ok(facts)
    }
}

/// A driver may move it between threads.
const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<Core>();
};

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("own", &self.own).finish_non_exhaustive()
    }
}
