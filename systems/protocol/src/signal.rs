//! Notes that set up connections and calls. SDP and candidates exist only here, inside ratchet messages.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

use crate::{
    CallId, ConnectionId, PeerId, Token, debug_only,
    limits::{MAX_CALL_MEMBERS, MAX_CANDIDATE, MAX_CANDIDATES, MAX_NAME, MAX_SDP, MAX_VIA},
    note::NoteError,
};

/// Which side of a connection speaks. In every pair the lower peer id offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Makes the offer.
    Offerer,
    /// Answers it.
    Answerer,
}

impl Role {
    /// The role of `own` towards `other`.
    #[must_use]
    pub fn of(own: &PeerId, other: &PeerId) -> Self {
        if own < other { Self::Offerer } else { Self::Answerer }
    }

    /// The byte that stands for it in the binding MAC.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Offerer => 1,
            Self::Answerer => 2,
        }
    }
}

/// Why a connection is wanted; decides whether the other side's settings allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A conversation is open.
    Conversation,
    /// A call that both sides have accepted.
    Call(CallId),
}

/// One step of setting up a peer connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSignal {
    /// The connection; chosen by whoever speaks of it first.
    pub connection: ConnectionId,
    /// The sender's count within this connection, from 0. Signals may overtake each other; the same one twice is a replay.
    pub seq: u32,
    /// The sender's role.
    pub role: Role,
    /// Who says so; must be the session's peer.
    pub from: PeerId,
    /// To whom; must be the reader.
    pub to: PeerId,
    /// When it was said, by the sender's clock corrected by its server's, ms since the Unix epoch.
    pub issued_ms: u64,
    /// When it stops being true; at most [`crate::limits::SIGNAL_LIFETIME`] after `issued_ms`.
    pub expires_ms: u64,
    /// What is said.
    pub step: ConnectionStep,
}

/// The steps of a connection, in the order in which they happen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ConnectionStep {
    /// The answering side asks the offering side to offer.
    Want {
        /// Why.
        purpose: Purpose,
    },
    /// The offer.
    Offer {
        /// Why.
        purpose: Purpose,
        /// SDP, at most [`MAX_SDP`] bytes.
        sdp: String,
        /// Half of the binding key.
        random: ByteArray<32>,
    },
    /// The answer.
    Answer {
        /// SDP, at most [`MAX_SDP`] bytes.
        sdp: String,
        /// The other half of the binding key.
        random: ByteArray<32>,
    },
    /// ICE candidates, batched.
    Candidates {
        /// `RTCIceCandidateInit` as JSON, each at most [`MAX_CANDIDATE`] bytes.
        lines: Vec<String>,
    },
    /// The binding MAC, once DTLS is up.
    Bind {
        /// HMAC-SHA256 under the binding key.
        mac: ByteArray<32>,
    },
    /// The connection is over, or was never wanted.
    Close,
}

debug_only!(enum ConnectionStep { Want { purpose }, Offer { purpose }, Answer {}, Candidates {}, Bind {}, Close {} });

/// One step of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallSignal {
    /// The call.
    pub call: CallId,
    /// The sender's count within this call, from 0. Signals may overtake each other; the same one twice is a replay.
    pub seq: u32,
    /// Who says so; must be the session's peer.
    pub from: PeerId,
    /// To whom; must be the reader.
    pub to: PeerId,
    /// When it was said, ms since the Unix epoch.
    pub issued_ms: u64,
    /// When it stops being true: 45 s later for a ring, at most 60 s for the rest.
    pub expires_ms: u64,
    /// What is said.
    pub step: CallStep,
}

/// The steps of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CallStep {
    /// "Will you join?" Holds no SDP and no address.
    Ring {
        /// Who is in the call already, the ringing peer left out; empty for a call of two.
        members: Vec<Member>,
        /// Opens the ringing peer's mailbox for the time of the call to members who are no contacts of it.
        token: Option<Token>,
    },
    /// The ring reached a person's device.
    Ringing,
    /// "I join."
    Accept {
        /// Opens the joining peer's mailbox for the time of the call to members who are no contacts of it.
        token: Option<Token>,
    },
    /// "No."
    Decline,
    /// "In another call."
    Busy,
    /// The ringing side gave up.
    Cancel,
    /// The sender leaves; the call goes on for the others.
    Leave,
    /// The inviter tells everybody whom it brought in.
    Roster {
        /// Everybody in the call but the sender and the reader.
        members: Vec<Member>,
    },
    /// What the sender's own controls say.
    State {
        /// Microphone closed.
        muted: bool,
        /// Speaker closed.
        deafened: bool,
    },
    /// From whom in the call no sound reaches the sender. Who was named before and is not now is heard again.
    Unheard {
        /// Those.
        peers: Vec<PeerId>,
    },
}

/// A participant as an inviter introduces it to those who may not know it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Who.
    pub peer: PeerId,
    /// The name the inviter knows it by.
    pub name: String,
    /// Its home server.
    pub via: String,
    /// Opens its mailbox for the time of the call.
    pub token: Option<Token>,
}

debug_only!(Member { peer });

fn check_members(members: &[Member]) -> Result<(), NoteError> {
    if members.len() > MAX_CALL_MEMBERS {
        return Err(NoteError::Range);
    }
    if members.iter().any(|m| m.name.len() > MAX_NAME || m.via.len() > MAX_VIA) {
        return Err(NoteError::TooLong);
    }
    Ok(())
}

impl ConnectionSignal {
    /// Checks sizes.
    ///
    /// # Errors
    /// [`NoteError::TooLong`] or [`NoteError::Range`].
    pub fn check(&self) -> Result<(), NoteError> {
        match &self.step {
            ConnectionStep::Offer { sdp, .. } | ConnectionStep::Answer { sdp, .. } if sdp.len() > MAX_SDP => {
                Err(NoteError::TooLong)
            }
            ConnectionStep::Candidates { lines } if lines.len() > MAX_CANDIDATES => Err(NoteError::Range),
            ConnectionStep::Candidates { lines } if lines.iter().any(|line| line.len() > MAX_CANDIDATE) => {
                Err(NoteError::TooLong)
            }
            _ => Ok(()),
        }
    }
}

impl CallSignal {
    /// Checks sizes.
    ///
    /// # Errors
    /// [`NoteError::TooLong`] or [`NoteError::Range`].
    pub fn check(&self) -> Result<(), NoteError> {
        match &self.step {
            CallStep::Ring { members, .. } | CallStep::Roster { members } => check_members(members),
            CallStep::Unheard { peers } if peers.len() > MAX_CALL_MEMBERS => Err(NoteError::Range),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_sdp_no_candidate_no_key_and_no_name() {
        let words = || "Zenobia".to_owned();
        let secret = ByteArray::new([237; 32]);
        let purpose = Purpose::Conversation;
        let steps = [
            ConnectionStep::Offer {
                purpose,
                sdp: words(),
                random: secret,
            },
            ConnectionStep::Answer {
                sdp: words(),
                random: secret,
            },
            ConnectionStep::Candidates { lines: vec![words()] },
            ConnectionStep::Bind { mac: secret },
        ];
        let members = vec![Member {
            peer: PeerId([1; 32]),
            name: words(),
            via: words(),
            token: None,
        }];
        let ring = CallStep::Ring { members, token: None };
        let shown = steps
            .iter()
            .map(|step| format!("{step:#?}"))
            .chain([format!("{ring:#?}")]);
        for shown in shown {
            assert!(!shown.contains("Zenobia") && !shown.contains("237"), "{shown}");
            assert!(shown.contains(".."), "says that something is hidden: {shown}");
        }
        assert_eq!(
            format!("{:?}", ConnectionStep::Want { purpose }),
            "Want { purpose: Conversation, .. }"
        );
    }
}
