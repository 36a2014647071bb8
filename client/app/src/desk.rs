//! What belongs to the window alone: which pane is open, what is being waited for, what was just said.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bevy::prelude::Resource;
use orrery_link::{Code, Reference};
use orrery_protocol::{CallId, ChannelId, MessageRef, PeerId};
use orrery_ui::view::{Busy, ErrorView, LinkCheck, MessageKey, Notice, ToastView};

/// What the main pane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// An invitation to choose or add someone.
    #[default]
    Nothing,
    /// The conversation that is open in the entities.
    Conversation,
    /// The running or ended call.
    Call,
    /// Settings.
    Settings,
    /// Adding someone.
    AddContact,
}

/// Which screen stands before home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Entrance {
    /// Several profiles, none chosen.
    #[default]
    Choosing,
    /// A profile is chosen: its phase says whether it is made or unlocked.
    Chosen,
}

/// What a command was sent for, so that its answer can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Making or opening the profile.
    Open,
    /// A contact request to this name.
    Request(String),
    /// A setting.
    Setting,
    /// The search in a conversation.
    Search,
    /// Own invite link.
    Invite,
    /// A call to somebody.
    StartCall,
    /// Anything whose failure is worth a toast and whose success is seen by itself.
    Plain,
    /// Anything of which nothing needs to be said (typing, drafts, read marks).
    Quiet,
}

/// How long a toast stays.
const TOAST_TIME: Duration = Duration::from_secs(6);
/// Toasts on screen; an older one goes when another comes.
const MAX_TOASTS: usize = 4;
/// Answers awaited; beyond it the oldest are no longer told. Far more than the command lane holds.
const MAX_ASKED: usize = 4096;

/// State of the window.
#[derive(Resource, Debug, Default)]
pub struct Desk {
    /// Screen before home.
    pub entrance: Entrance,
    /// What the main pane shows.
    pub pane: Pane,
    /// Work in progress before home.
    pub busy: Option<Busy>,
    /// What went wrong before home.
    pub error: Option<ErrorView>,
    /// What the pasted link is.
    pub check: LinkCheck,
    /// First message unread when the conversation was opened.
    pub first_unread: Option<MessageKey>,
    /// The open conversation's first unread place, until its message is loaded.
    pub unread_at: Option<orrery_protocol::record::OrderKey>,
    /// Message to scroll to, and how often one was asked for.
    pub focus: (Option<MessageKey>, u64),
    /// A jump whose message is not loaded yet.
    pub jumping: Option<MessageRef>,
    /// Text looked for in the open conversation, and whether the answer is still due.
    pub search: Option<(String, bool)>,
    /// The draft of the open conversation as it was when it was opened, and a counter of openings.
    pub draft: (String, u64),
    /// Microphone closed.
    pub muted: bool,
    /// Ears closed.
    pub deafened: bool,
    /// The microphone is being tested.
    pub mic_test: bool,
    /// Until when the test tone plays.
    pub test_tone: Option<Instant>,
    /// We are telling that we write here, until then.
    pub typing: Option<(ChannelId, Instant)>,
    /// The call that was left by us.
    pub left: Option<CallId>,
    /// Somebody is being called; the pane turns to the call when it is there.
    pub calling: bool,
    /// The ringing call last seen, and since when it rings, Unix ms.
    pub ringing: Option<(CallId, i64)>,
    /// Since when our own call rings out, Unix ms.
    pub ringing_out: Option<(CallId, i64)>,
    /// People whose addresses a call shows, and ours to them.
    pub strangers: Option<(CallId, Vec<PeerId>)>,
    /// When the server is tried again, Unix ms.
    pub retry_at_ms: Option<i64>,
    /// The server has been reached once since unlocking.
    pub was_online: bool,
    /// The clock differs from the server's by so many seconds.
    pub skew_s: Option<i64>,
    toasts: Vec<(ToastView, Instant)>,
    toast_count: u64,
    asked: HashMap<Reference, Asked>,
    asked_order: std::collections::VecDeque<Reference>,
}

impl Desk {
    /// Says something shortly.
    pub fn toast(&mut self, notice: Notice, channel: Option<ChannelId>, peer: Option<PeerId>) {
        self.toast_count += 1;
        let toast = ToastView {
            id: self.toast_count,
            notice,
            channel: channel.map(|id| orrery_ui::view::ChannelKey(id.0)),
            peer: peer.map(|id| orrery_ui::view::PeerKey(id.0)),
        };
        self.toasts.push((toast, Instant::now() + TOAST_TIME));
        if self.toasts.len() > MAX_TOASTS {
            self.toasts.remove(0);
        }
    }

    /// Says that something went wrong.
    pub fn complain(&mut self, error: ErrorView) {
        self.toast(Notice::Error(error), None, None);
    }

    /// The toasts on screen, oldest first.
    pub fn toasts(&self) -> impl Iterator<Item = &ToastView> {
        self.toasts.iter().map(|(toast, _)| toast)
    }

    /// Takes a toast away.
    pub fn dismiss(&mut self, id: u64) {
        self.toasts.retain(|(toast, _)| toast.id != id);
    }

    /// Takes away what has been on screen long enough. The time until the next one has.
    pub fn expire(&mut self, now: Instant) -> Option<Duration> {
        self.toasts.retain(|(_, until)| *until > now);
        self.toasts
            .iter()
            .map(|(_, until)| until.saturating_duration_since(now))
            .min()
    }

    /// Whether a toast is due to go.
    #[must_use]
    pub fn has_expired(&self, now: Instant) -> bool {
        self.toasts.iter().any(|(_, until)| *until <= now)
    }

    /// Remembers what a command was for. `None`: the outbox refused it, which is said.
    pub fn ask(&mut self, reference: Option<Reference>, asked: Asked) {
        let Some(reference) = reference else {
            if asked != Asked::Quiet {
                self.complain(error(Code::Overloaded));
            }
            return;
        };
        if asked == Asked::Quiet {
            return;
        }
        self.asked_order.push_back(reference.clone());
        self.asked.insert(reference, asked);
        if self.asked_order.len() > MAX_ASKED
            && let Some(oldest) = self.asked_order.pop_front()
        {
            self.asked.remove(&oldest);
        }
    }

    /// What the answered command was for.
    pub fn answered(&mut self, reference: &str) -> Option<Asked> {
        let asked = self.asked.remove(reference);
        if asked.is_some() {
            self.asked_order.retain(|other| other != reference);
        }
        asked
    }

    /// Forgets everything that belonged to a profile.
    pub fn leave_profile(&mut self) {
        *self = Self {
            toast_count: self.toast_count,
            focus: (None, self.focus.1),
            ..Self::default()
        };
    }
}

/// A code as the catalogue of words knows it: `wrong_passphrase`. Where two reasons call for the same words, they get them.
#[must_use]
pub fn error(code: Code) -> ErrorView {
    let same_words = match code {
        Code::NotAccepted => "unknown_peer",
        Code::NoSuchChannel => "no_such_contact",
        Code::BadName => "name_too_long",
        Code::Overloaded => "rate_limited",
        Code::NewerProfile => "version_mismatch",
        Code::ServerCertificate => "server_refused",
        Code::ServerBusy => "server_unreachable",
        Code::CallFull => "call_full",
        Code::BadPrekeys | Code::Locked | Code::NoProfile | Code::BadReaction | Code::BadCommand => "internal",
        _ => "",
    };
    if !same_words.is_empty() {
        return ErrorView::code(same_words);
    }
    let name = serde_json::to_value(code)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned));
    ErrorView::code(name.unwrap_or_else(|| "internal".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_as_the_catalogue_names_it() {
        assert_eq!(error(Code::WrongPassphrase), ErrorView::code("wrong_passphrase"));
    }

    #[test]
    fn toasts_go_by_themselves_and_never_pile_up() {
        let mut desk = Desk::default();
        for _ in 0..10 {
            desk.complain(error(Code::Internal));
        }
        assert_eq!(desk.toasts().count(), MAX_TOASTS);
        assert!(desk.expire(Instant::now()).is_some());
        assert_eq!(desk.expire(Instant::now() + TOAST_TIME), None);
        assert_eq!(desk.toasts().count(), 0);
    }

    #[test]
    fn an_answer_is_told_once() {
        let mut desk = Desk::default();
        desk.ask(Some("c:1".into()), Asked::Plain);
        assert_eq!(desk.answered("c:1"), Some(Asked::Plain));
        assert_eq!(desk.answered("c:1"), None);
    }

    #[test]
    fn a_refused_command_is_said() {
        let mut desk = Desk::default();
        desk.ask(None, Asked::Quiet);
        assert_eq!(desk.toasts().count(), 0);
        desk.ask(None, Asked::Plain);
        assert_eq!(desk.toasts().count(), 1);
    }
}
