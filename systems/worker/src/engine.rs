//! Core and store together: one input, one transaction, and outputs only after the commit.

use orrery_core::{Core, CoreError, Input, Now, Output};
use orrery_link::{ChannelView, Code};
use orrery_protocol::{ChannelId, PeerId, archive::Archive, record::ContactState};
use orrery_store::{Store, StoreError};

use crate::map::{self, view};

/// Why an input led to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The core refused.
    Refused(Code),
    /// The disk did not take it; it may later.
    Disk(Code),
    /// The database is of no use for it.
    Broken(Code),
}

impl Failure {
    /// For programs.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Refused(code) | Self::Disk(code) | Self::Broken(code) => *code,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = map::of_store(&error);
        match error {
            StoreError::Full | StoreError::ReadOnly => Self::Disk(code),
            _ => Self::Broken(code),
        }
    }
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        match error {
            CoreError::Refused(refusal) => Self::Refused(map::of_refusal(refusal)),
            CoreError::Archive(error) => StoreError::from(error).into(),
        }
    }
}

/// An open profile's state machines and their rows.
pub(crate) struct Engine {
    core: Core,
    store: Store,
    /// What the next input comes to, instead of what it should.
    #[cfg(test)]
    pub(crate) failing: Option<Failure>,
}

impl Engine {
    pub(crate) fn new(core: Core, store: Store) -> Self {
        Self {
            core,
            store,
            #[cfg(test)]
            failing: None,
        }
    }

    /// Everything but rows that are asked for.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// The store, for reading.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The store, for what is none of the core's.
    pub(crate) fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Takes an input. What comes out may be carried out: everything it rests on is durable.
    ///
    /// # Errors
    /// [`Failure`]; nothing has happened.
    pub(crate) fn feed(&mut self, input: Input, now: Now) -> Result<Vec<Output>, Failure> {
        self.feed_with(input, now, |_| Ok(()))
    }

    /// Takes an input, and writes something more in the same transaction.
    ///
    /// # Errors
    /// [`Failure`]; nothing has happened.
    pub(crate) fn feed_with(
        &mut self,
        input: Input,
        now: Now,
        more: impl FnOnce(&mut dyn Archive) -> Result<(), Failure>,
    ) -> Result<Vec<Output>, Failure> {
        #[cfg(test)]
        if let Some(failure) = self.failing.take() {
            return Err(failure);
        }
        let core = &mut self.core;
        let mut handled = false;
        let result = self.store.transact(|archive| -> Result<Vec<Output>, Failure> {
            more(archive)?;
            let outputs = core.handle(archive, input, now, &mut rand::rng())?;
            handled = true;
            Ok(outputs)
        });
        if result.is_err() && handled {
            core.rollback();
        }
        result
    }

    /// The facts a window needs to begin anew.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) fn snapshot(&mut self) -> Result<Vec<orrery_core::Fact>, Failure> {
        let core = &self.core;
        self.store.transact(|archive| Ok(core.snapshot(archive)?))
    }

    /// A conversation's line in the list; `None` for somebody never heard of.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) fn channel(&mut self, channel: ChannelId) -> Result<Option<ChannelView>, Failure> {
        let contact = self.store.transact(|archive| -> Result<_, Failure> {
            archive
                .contact(&PeerId::from(channel))
                .map_err(|error| StoreError::from(error).into())
        })?;
        let Some(contact) = contact else { return Ok(None) };
        let history = self.store.history();
        let unread = history.unread(&channel)?;
        let last = history.newest(&channel, 1)?.messages.pop();
        Ok(Some(ChannelView {
            channel,
            unread: u32::try_from(unread.count).unwrap_or(u32::MAX),
            first_unread: unread.first,
            last: last.map(|last| view::message(last, history)),
            draft: contact.draft.clone(),
        }))
    }

    /// Every conversation's line in the list: those with rows, newest activity first, then contacts without any.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) fn channels(&mut self) -> Result<Vec<ChannelView>, Failure> {
        let mut ids: Vec<ChannelId> = self
            .store
            .history()
            .channels()?
            .into_iter()
            .map(|line| line.channel)
            .collect();
        let contacts = self.store.transact(|archive| -> Result<_, Failure> {
            archive.contacts().map_err(|error| StoreError::from(error).into())
        })?;
        for contact in contacts
            .into_iter()
            .filter(|contact| contact.state == ContactState::Contact)
        {
            let id = ChannelId::from(contact.peer);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids.into_iter().filter_map(|id| self.channel(id).transpose()).collect()
    }

    /// Closes the database.
    pub(crate) fn close(self) {
        if let Err(error) = self.store.close() {
            tracing::warn!(%error, "the database could not be closed cleanly; nothing stored is lost");
        }
    }
}
