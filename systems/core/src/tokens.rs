//! The tokens that open one's own mailbox: one for contacts, one per valid invite link, and one for the running call.

use orrery_crypto::token;
use orrery_protocol::{
    Token,
    archive::{Archive, ArchiveError},
    frame::CallToken,
    invite::Invite,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    io::{Fact, Output},
    profile::{read_value, write_value},
    turn::Turn,
};

const TOKENS: &str = "tokens";

/// The row under [`TOKENS`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Tokens {
    /// Opens the mailbox to contacts.
    pub(crate) delivery: Token,
    /// Those of invite links that are not revoked; one at a time, since the newest link is given out again.
    pub(crate) requests: Vec<Token>,
}

pub(crate) fn create(archive: &mut dyn Archive, rng: &mut dyn CryptoRng) -> Result<()> {
    let tokens = Tokens {
        delivery: token::random(rng),
        requests: Vec::new(),
    };
    write_value(archive, TOKENS, &tokens)
}

impl Turn<'_> {
    pub(crate) fn tokens(&mut self) -> Result<Tokens> {
        Ok(read_value(self.archive, TOKENS)?.ok_or(ArchiveError::Damaged)?)
    }

    /// Tells the home server which tokens open the mailbox; while offline the next log-in does.
    pub(crate) fn set_tokens(&mut self) -> Result<()> {
        if !self.live.online {
            return Ok(());
        }
        let tokens = self.tokens()?;
        let calls = self
            .live
            .call
            .as_ref()
            .and_then(|call| call.published_token())
            .map(|(call_token, expires_ms)| CallToken {
                hash: token::hash(call_token),
                expires_ms,
            })
            .into_iter()
            .collect();
        self.push(Output::SetTokens {
            delivery: token::hash(&tokens.delivery),
            revoked: Vec::new(),
            requests: tokens.requests.iter().map(token::hash).collect(),
            calls,
        });
        Ok(())
    }

    pub(crate) fn create_invite(&mut self) -> Result<()> {
        let mut tokens = self.tokens()?;
        let request = match tokens.requests.last() {
            Some(latest) => latest.clone(),
            None => {
                let fresh = token::random(self.rng);
                tokens.requests.push(fresh.clone());
                write_value(self.archive, TOKENS, &tokens)?;
                self.set_tokens()?;
                fresh
            }
        };
        let invite = Invite {
            peer: self.own,
            via: self.live.server.clone(),
            name: self.live.name.clone(),
            token: request,
        };
        self.fact(Fact::Invited(invite));
        Ok(())
    }

    pub(crate) fn revoke_invites(&mut self) -> Result<()> {
        let mut tokens = self.tokens()?;
        tokens.requests.clear();
        write_value(self.archive, TOKENS, &tokens)?;
        self.set_tokens()
    }

    /// Makes the delivery token worthless for who must not write any more; the others are told the new one.
    pub(crate) fn rotate_delivery_token(&mut self) -> Result<()> {
        let mut tokens = self.tokens()?;
        tokens.delivery = token::random(self.rng);
        write_value(self.archive, TOKENS, &tokens)?;
        self.profile_due()?;
        self.set_tokens()?;
        if self.live.online {
            self.tell_profile()?;
        }
        Ok(())
    }
}
