//! One's own name, home server and identity, and telling contacts when they change.

use orrery_crypto::Identity;
use orrery_protocol::{
    archive::{Archive, ArchiveError},
    decode, encode,
    invite::check_via,
    note::{Body, Introduction, check_name},
    record::{ContactState, SecretBytes},
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::{CoreError, Refusal, Result},
    io::{Fact, Now, Output},
    outbox::Post,
    prekeys, tokens,
    turn::Turn,
};

const IDENTITY: &str = "identity";
const PROFILE: &str = "profile";

/// The row under [`PROFILE`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredProfile {
    pub(crate) name: String,
    pub(crate) server: String,
}

/// Reads a named value; `None` when it was never written.
pub(crate) fn read_value<T: DeserializeOwned>(archive: &mut dyn Archive, key: &str) -> Result<Option<T>> {
    match archive.value(key)? {
        None => Ok(None),
        Some(bytes) => decode(&bytes.0).map(Some).map_err(|_| ArchiveError::Damaged.into()),
    }
}

/// Writes a named value.
pub(crate) fn write_value<T: Serialize>(archive: &mut dyn Archive, key: &str, value: &T) -> Result<()> {
    let bytes = encode(value).map_err(|_| Refusal::Internal)?;
    Ok(archive.put_value(key, &SecretBytes(bytes))?)
}

pub(crate) fn create(
    archive: &mut dyn Archive,
    name: &str,
    server: &str,
    now: Now,
    rng: &mut dyn CryptoRng,
) -> Result<()> {
    if archive.value(IDENTITY)?.is_some() {
        return Err(Refusal::ProfileExists.into());
    }
    check_name(name).map_err(|_| Refusal::BadName)?;
    check_via(server).map_err(|_| Refusal::BadServer)?;
    let identity = Identity::generate(rng);
    archive.put_value(IDENTITY, &identity.to_bytes())?;
    let profile = StoredProfile {
        name: name.to_owned(),
        server: server.to_owned(),
    };
    write_value(archive, PROFILE, &profile)?;
    tokens::create(archive, rng)?;
    prekeys::create(archive, &identity, now.wall_ms, rng)
}

pub(crate) fn load(archive: &mut dyn Archive) -> Result<(Identity, StoredProfile)> {
    let damaged = CoreError::Archive(ArchiveError::Damaged);
    let bytes = archive.value(IDENTITY)?.ok_or(damaged)?;
    let identity = Identity::from_bytes(&bytes.0).map_err(|_| damaged)?;
    let profile = read_value(archive, PROFILE)?.ok_or(damaged)?;
    Ok((identity, profile))
}

impl Turn<'_> {
    /// What others need in order to write to us.
    pub(crate) fn introduction(&mut self) -> Result<Introduction> {
        Ok(Introduction {
            name: self.live.name.clone(),
            via: self.live.server.clone(),
            token: self.tokens()?.delivery,
        })
    }

    pub(crate) fn set_name(&mut self, name: String) -> Result<()> {
        check_name(&name).map_err(|_| Refusal::BadName)?;
        self.live.name = name;
        self.profile_changed()
    }

    pub(crate) fn set_server(&mut self, server: String) -> Result<()> {
        check_via(&server).map_err(|_| Refusal::BadServer)?;
        if server == self.live.server {
            return Ok(());
        }
        self.live.server.clone_from(&server);
        // Contacts are told once the new server knows us; until then the old mailbox is the one that opens.
        self.live.online = false;
        self.live.publishing = None;
        self.ask_anew_later()?;
        self.profile_changed()?;
        self.push(Output::MoveTo { server });
        Ok(())
    }

    fn profile_changed(&mut self) -> Result<()> {
        let profile = StoredProfile {
            name: self.live.name.clone(),
            server: self.live.server.clone(),
        };
        write_value(self.archive, PROFILE, &profile)?;
        self.profile_due()?;
        self.fact(Fact::Profile {
            name: profile.name,
            server: profile.server,
        });
        if self.live.online {
            self.tell_profile()?;
        }
        Ok(())
    }

    /// Notes that every contact, and who becomes one, is owed our introduction.
    pub(crate) fn profile_due(&mut self) -> Result<()> {
        for mut row in self.archive.contacts()? {
            // Who was asked holds it too, and is told when the answer comes. After a move no answer would come: it is asked
            // anew instead.
            let holds = matches!(row.state, ContactState::Contact | ContactState::RequestedByUs);
            if holds && !row.profile_due {
                row.profile_due = true;
                self.archive.put_contact(&row)?;
            }
        }
        Ok(())
    }

    /// Tells contacts who are owed it. Only while online: a new token or server must be known to our own server first.
    pub(crate) fn tell_profile(&mut self) -> Result<()> {
        for mut row in self.archive.contacts()? {
            if row.state == ContactState::Contact && row.profile_due && !row.blocked {
                row.profile_due = false;
                self.archive.put_contact(&row)?;
                let answers = self.drop_introductions(&row.peer)?;
                let introduction = self.introduction()?;
                let body = if answers {
                    Body::Accept(introduction)
                } else {
                    Body::Profile(introduction)
                };
                self.post(&row.peer, body, Post::KEPT)?;
            }
        }
        Ok(())
    }
}
