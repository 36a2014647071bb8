//! What belongs to the window alone: which pane is open, what is being waited for, what was just said.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bevy::prelude::Resource;
use orrery_ecs::link::number;
use orrery_link::{Code, Reference, Settings};
use orrery_protocol::{CallId, ChannelId, MessageRef, PeerId};
use orrery_ui::view::{Busy, ErrorView, LinkCheck, MessageKey, Notice, Outcome, ReturnedText, ToastView, Work};
use orrery_worker::RecoveryPhrase;

use crate::notify::Texts;

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
    /// Comparing safety numbers with somebody.
    Compare(PeerId),
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
    /// A setting of which it is said that it was kept.
    Setting,
    /// All settings of the worker.
    Settings,
    /// The microphone closed or opened by the person.
    Muted(bool),
    /// The ears closed or opened by the person.
    Deafened(bool),
    /// How loud somebody is heard, or whether.
    Heard(PeerId),
    /// The list of sound devices.
    Devices,
    /// The search in a conversation.
    Search,
    /// Own invite link.
    Invite,
    /// A call to somebody.
    StartCall,
    /// A text, or the new words of one.
    Text(Unsent),
    /// Comparing a safety number with this person.
    Compare(PeerId),
    /// Something done to what protects the profile.
    Secret(Work),
    /// Anything whose failure is worth a toast and whose success is seen by itself.
    Plain,
    /// Anything of which nothing needs to be said (typing, drafts, read marks).
    Quiet,
}

/// A text on its way to the worker. Who wrote it gets it back when it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Where.
    pub channel: ChannelId,
    /// What was written.
    pub text: String,
    /// What it answers.
    pub reply_to: Option<MessageRef>,
    /// The own message it changes; `None` for a new one.
    pub edits: Option<MessageRef>,
}

/// How long a toast stays.
const TOAST_TIME: Duration = Duration::from_secs(6);
/// Toasts on screen; an older one goes when another comes.
const MAX_TOASTS: usize = 4;
/// An answer about mute and deafen that takes longer was lost; what the worker says of the call counts again.
const STEER_TIME: Duration = Duration::from_secs(3);
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
    /// This profile was seen locked or open since it was chosen: it no longer opens by itself.
    pub was_asked: bool,
    /// What went wrong before home.
    pub error: Option<ErrorView>,
    /// What the pasted link is.
    pub check: LinkCheck,
    /// First message unread when the conversation was opened, or that came while nobody looked at it.
    pub first_unread: Option<MessageKey>,
    /// What is unread in the open conversation has not been on screen yet.
    pub unseen: bool,
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
    /// Texts that were refused and not yet put anywhere.
    pub refused: Vec<Unsent>,
    /// Those that go back into the composer of the open conversation, and a counter of them.
    pub returned: (Vec<ReturnedText>, u64),
    /// Microphone closed.
    pub muted: bool,
    /// Ears closed.
    pub deafened: bool,
    /// Both of these as the worker has them.
    pub steered: (bool, bool),
    /// When one of both was last changed here.
    steered_at: Option<Instant>,
    /// The microphone is being tested.
    pub mic_test: bool,
    /// … and played back.
    pub mic_hear: bool,
    /// How loud people are heard, as it was chosen here.
    pub heard: crate::heard::Heard,
    /// Sound devices are being looked at.
    pub watches_devices: bool,
    /// When the sound devices are listed again.
    pub list_at: Option<Instant>,
    /// The sound devices were asked for since unlocking.
    pub listed_once: bool,
    /// The worker's settings as they were chosen and may not be kept yet: shown until it has answered.
    pub settings: Option<Settings>,
    /// When they go to the worker: a slider is being dragged.
    pub settings_at: Option<Instant>,
    /// When they last went.
    pub settings_sent: Option<Instant>,
    /// What came of comparing the safety number that is shown.
    pub outcome: Outcome,
    /// What is done to what protects the profile.
    pub secrets: Secrets,
    /// Banners that were closed, by code.
    pub closed: Vec<String>,
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
    /// Whose connection could not be proven, since a call was last made or taken.
    pub unproven: Option<PeerId>,
    /// When the server is tried again, Unix ms.
    pub retry_at_ms: Option<i64>,
    /// The server has been reached once since unlocking.
    pub was_online: bool,
    /// The clock differs from the server's by so many seconds.
    pub skew_s: Option<i64>,
    /// With when each goes; `None`: once it was closed.
    toasts: Vec<(ToastView, Option<Instant>)>,
    toast_count: u64,
    asked: HashMap<Reference, Asked>,
    asked_order: std::collections::VecDeque<Reference>,
}

/// What is done to what protects the profile, and came of it.
#[derive(Debug, Default)]
pub struct Secrets {
    /// Under way.
    pub work: Option<Work>,
    /// Done last.
    pub done: Option<Work>,
    /// Not done last, and why.
    pub failed: Option<(Work, ErrorView)>,
    /// Words that are shown to be written down.
    pub words: Option<RecoveryPhrase>,
    /// The file that is being written, or was.
    pub file: Option<String>,
    /// Counts what was done.
    pub count: u64,
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
        // Nobody must miss that somebody may have listened, or put back an older copy.
        let stays = match &toast.notice {
            Notice::BindingFailed { .. } => true,
            Notice::Error(error) => error.code == "rolled_back",
            _ => false,
        };
        self.toasts.push((toast, (!stays).then(|| Instant::now() + TOAST_TIME)));
        if self.toasts.len() > MAX_TOASTS {
            let oldest = self.toasts.iter().position(|(_, until)| until.is_some());
            self.toasts.remove(oldest.unwrap_or_default());
        }
    }

    /// Says that somebody wrote. What is already said of the same conversation is counted, not said twice.
    pub fn toast_texts(&mut self, texts: Texts) {
        let channel = orrery_ui::view::ChannelKey(texts.channel.0);
        let mut count = texts.count;
        self.toasts.retain(|(toast, _)| {
            let before = match toast.notice {
                Notice::Message { .. } => 1,
                Notice::Messages { count, .. } => count,
                _ => 0,
            };
            let same = before > 0 && toast.channel == Some(channel);
            if same {
                count = count.saturating_add(before);
            }
            !same
        });
        let (channel, author) = (texts.channel, texts.author);
        self.toast(Texts { count, ..texts }.notice(), Some(channel), Some(author));
    }

    /// Says that something went wrong.
    pub fn complain(&mut self, error: ErrorView) {
        self.toast(Notice::Error(error), None, None);
    }

    /// The toasts on screen, oldest first.
    pub fn toasts(&self) -> impl Iterator<Item = &ToastView> {
        self.toasts.iter().map(|(toast, _)| toast)
    }

    /// Something came into the open conversation while nobody looked: the first of it gets the divider.
    pub fn came_unseen(&mut self, first: MessageKey) {
        if !std::mem::replace(&mut self.unseen, true) {
            self.first_unread = Some(first);
        }
    }

    /// Takes a toast away.
    pub fn dismiss(&mut self, id: u64) {
        self.toasts.retain(|(toast, _)| toast.id != id);
    }

    /// Takes away what has been on screen long enough. The time until the next one has.
    pub fn expire(&mut self, now: Instant) -> Option<Duration> {
        self.toasts.retain(|(_, until)| until.is_none_or(|until| until > now));
        self.toasts
            .iter()
            .filter_map(|(_, until)| *until)
            .map(|until| until.saturating_duration_since(now))
            .min()
    }

    /// Whether a toast is due to go.
    #[must_use]
    pub fn has_expired(&self, now: Instant) -> bool {
        self.toasts
            .iter()
            .any(|(_, until)| until.is_some_and(|until| until <= now))
    }

    /// Whether a toast goes by itself.
    #[must_use]
    pub fn has_passing_toast(&self) -> bool {
        self.toasts.iter().any(|(_, until)| until.is_some())
    }

    /// Remembers what a command was for. `None`: the outbox refused it, which is said.
    pub fn ask(&mut self, reference: Option<Reference>, asked: Asked) {
        let Some(reference) = reference else {
            if asked != Asked::Quiet {
                self.complain(error(Code::Overloaded));
            }
            self.settle(&asked, false);
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

    /// What was asked before a command and has no answer yet, oldest first. From now on none is awaited.
    pub fn asked_before(&mut self, reference: &str) -> Vec<(Reference, Asked)> {
        let Some(limit) = number(reference) else {
            return Vec::new();
        };
        let before = |other: &&Reference| number(other).is_some_and(|number| number < limit);
        let count = self.asked_order.iter().take_while(before).count();
        let references: Vec<Reference> = self.asked_order.drain(..count).collect();
        references
            .into_iter()
            .filter_map(|reference| self.asked.remove_entry(&reference))
            .collect()
    }

    /// Shows what the worker has, once it has answered everything that would change it: what it refused is undone.
    pub fn settle(&mut self, asked: &Asked, done: bool) {
        match *asked {
            Asked::Muted(muted) if done => self.steered.0 = muted,
            Asked::Deafened(deafened) if done => self.steered.1 = deafened,
            Asked::Text(ref unsent) if !done => self.refused.push(unsent.clone()),
            Asked::Heard(peer) => self.heard.answered(peer, done),
            Asked::Settings if self.settings_at.is_none() && !self.awaits(|other| *other == Asked::Settings) => {
                self.settings = None;
            }
            _ => {}
        }
        if matches!(asked, Asked::Muted(_) | Asked::Deafened(_)) && !self.awaits(Self::steers) {
            self.steered_at = None;
            (self.muted, self.deafened) = self.steered;
        }
    }

    /// The person closes or opens something now; shown at once.
    pub fn steer(&mut self) {
        self.steered_at = Some(Instant::now());
    }

    /// Whether the worker still has to answer what the person last closed or opened.
    #[must_use]
    pub fn is_steering(&self) -> bool {
        self.steered_at.is_some_and(|at| at.elapsed() < STEER_TIME)
    }

    fn steers(asked: &Asked) -> bool {
        matches!(asked, Asked::Muted(_) | Asked::Deafened(_))
    }

    fn awaits(&self, kind: impl Fn(&Asked) -> bool) -> bool {
        self.asked.values().any(kind)
    }

    /// Forgets everything of the profile that was locked; it stays the chosen one.
    pub fn lock(&mut self) {
        self.leave_profile();
        self.entrance = Entrance::Chosen;
        self.was_asked = true;
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

/// A code as the catalogue of words knows it: `wrong_passphrase`. Each has words of its own.
#[must_use]
pub fn error(code: Code) -> ErrorView {
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

    /// Every code there is, by the name it has on the link: serde lists them all when it is shown one that is not.
    fn codes() -> Vec<String> {
        let refusal = serde_json::from_str::<Code>("\"no such code\"")
            .unwrap_err()
            .to_string();
        let mut names: Vec<String> = refusal.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(names.remove(0), "no such code", "{refusal}");
        names
    }

    #[test]
    fn every_code_of_the_link_has_words_of_its_own() {
        let codes = codes();
        assert!(
            codes.len() > 30 && codes.contains(&"server_certificate".to_owned()),
            "{codes:?}"
        );
        let mut said = HashMap::new();
        for name in &codes {
            let code: Code = serde_json::from_str(&format!("\"{name}\"")).unwrap();
            let view = error(code);
            assert_eq!(view.code, *name);
            assert!(
                orrery_ui::strings::ERROR_CODES.contains(&name.as_str()),
                "no words for {name}"
            );
            let words = orrery_ui::strings::error(&view);
            if let Some(other) = said.insert(words, name) {
                panic!("{name} and {other} are said in the same words");
            }
        }
    }

    #[test]
    fn a_name_has_the_room_that_the_link_gives_it() {
        assert_eq!(orrery_ui::NAME_MAX, orrery_protocol::limits::MAX_NAME);
        assert_eq!(orrery_ui::TEXT_MAX, orrery_protocol::limits::MAX_TEXT);
    }

    #[test]
    fn a_warning_that_somebody_may_have_listened_stays_until_it_is_closed() {
        let mut desk = Desk::default();
        desk.toast(Notice::BindingFailed { name: "Rhea".into() }, None, None);
        for _ in 0..10 {
            desk.complain(error(Code::Internal));
        }
        assert_eq!(desk.toasts().count(), MAX_TOASTS);
        assert_eq!(desk.expire(Instant::now() + 10 * TOAST_TIME), None);
        let left: Vec<u64> = desk.toasts().map(|toast| toast.id).collect();
        assert_eq!(left, [1]);
        assert!(!desk.has_passing_toast(), "and asks for no frames");
        desk.dismiss(1);
        assert_eq!(desk.toasts().count(), 0);
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
    fn what_was_asked_before_a_command_is_told_apart_from_what_came_after_it() {
        let mut desk = Desk::default();
        for (reference, asked) in [("c:8", Asked::Search), ("c:9", Asked::Plain), ("c:11", Asked::Invite)] {
            desk.ask(Some(reference.into()), asked);
        }
        desk.answered("c:9");
        assert_eq!(desk.asked_before("resync:10"), [("c:8".to_owned(), Asked::Search)]);
        assert!(desk.asked_before("resync:10").is_empty());
        assert_eq!(desk.answered("c:11"), Some(Asked::Invite));
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
