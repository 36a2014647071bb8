//! What the window shows, as plain data.
//!
//! A presenter (outside this crate) fills these structs from its own world; the panels read them and answer with
//! [`UiAction`](crate::UiAction)s. Nothing here knows where the data comes from. What changes rarely stands in owned
//! structs that a presenter may keep between frames ([`ScreenView`]); what changes every frame (meters, plates, clock)
//! stands beside them in [`RootView`].

mod call;
mod contacts;
mod conversation;
mod ids;
mod likeness;
mod notices;
mod profile;
mod quality;
mod security;
mod settings;
mod voice;

pub use call::{
    CallPhase, CallView, ContactPick, EndReason, IncomingCallView, PlateStatus, PlateView, RunningCall, Stranger,
};
pub use contacts::{
    AddContactView, ContactRow, LastLine, LinkCheck, MeView, Presence, RequestIn, RequestOut, RequestState,
};
pub use conversation::{
    Body, CallChance, CallNote, ConversationView, Delivery, MessageView, QuoteView, ReactionView, ReturnedText,
    SearchHit, SearchView,
};
pub use ids::{CallKey, ChannelKey, MessageKey, PeerKey};
pub use likeness::{NameDoubt, Namesake};
pub use notices::{BannerButton, BannerView, Connection, ErrorView, Level, Notice, ToastView};
pub use profile::{BrokenView, Busy, FirstStartView, ProfileEntry, ProfilesView, UnlockView};
pub use quality::{CodecView, DeafPair, LinkPhase, LinkView, QualityView, Route, Trouble, Verdict};
pub use security::{CompareView, NumberView, Outcome, SecurityView, Words, Work};
pub use settings::{BlockedView, DeviceView, DirectPolicy, SettingsView};
pub use voice::{KeyReach, KeyUse, KeysView, Noise, RankedView, TalkKeyView, Transmit, VoiceView};

/// Wall time and zone, given to the panels so that they never ask the system themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Now, milliseconds since the Unix epoch, UTC.
    pub now_ms: i64,
    /// Seconds to add to UTC for local time.
    pub utc_offset_s: i32,
}

/// Microphone figures, renewed every frame from the gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meters {
    /// Level of the microphone, even in decibels: 0 is −60 dBFS or less, 1 full scale. Already smoothed.
    pub mic: f32,
    /// The voice gate is open: what is heard now would be sent.
    pub mic_open: bool,
    /// Level at which the gate opens now, on the scale of `mic`; 0 where there is no gate.
    pub gate: f32,
    /// The talk key is held, by whatever hand.
    pub talk_held: bool,
}

/// Where the picture of a person's planet is, if it has been drawn into a texture.
pub trait Avatars {
    /// Texture and the part of it holding the planet of `peer` (a square whose inscribed circle is the planet's disc,
    /// transparent outside). `None`: the panels paint a simple shaded disc of the key's hue instead.
    fn planet(&self, peer: PeerKey) -> Option<(egui::TextureId, egui::Rect)>;
}

/// No planet pictures at all: every avatar is the painted disc.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAvatars;

impl Avatars for NoAvatars {
    fn planet(&self, _peer: PeerKey) -> Option<(egui::TextureId, egui::Rect)> {
        None
    }
}

/// Everything one frame shows.
pub struct RootView<'a> {
    /// Wall time and zone.
    pub clock: Clock,
    /// Nothing moves that need not: no fades, no drift.
    pub reduced_motion: bool,
    /// The screen underneath every overlay.
    pub screen: &'a ScreenView,
    /// A call that rings here, drawn over any screen.
    pub incoming: Option<&'a IncomingCallView>,
    /// A standing condition in words (connection lost, no microphone …), drawn above the main pane.
    pub banner: Option<&'a BannerView>,
    /// Short notices, newest last. The app adds and removes them; the panels ask for removal with `DismissToast`.
    pub toasts: &'a [ToastView],
    /// Name plates under the planets; only read while the main pane is a call.
    pub plates: &'a [PlateView],
    /// Microphone figures.
    pub meters: Meters,
    /// How well people hear each other; only read while the main pane is a call.
    pub quality: &'a QualityView,
    /// Planet pictures.
    pub avatars: &'a dyn Avatars,
}

/// The screen underneath every overlay.
#[derive(Clone, Debug, PartialEq)]
pub enum ScreenView {
    /// The program is still finding its profiles. Only the sky and one quiet line.
    Starting,
    /// Several profiles: choose one.
    Profiles(ProfilesView),
    /// No profile yet, or another one is being made.
    FirstStart(FirstStartView),
    /// A profile is chosen and locked.
    Unlock(UnlockView),
    /// Unlocked.
    Home(Box<HomeView>),
    /// The program cannot go on (profile damaged, worker gone …): what happened and what to do.
    Broken(BrokenView),
}

/// The home screen: rail, people, own bar and the main pane.
#[derive(Clone, Debug, PartialEq)]
pub struct HomeView {
    /// Own name and state, lower left.
    pub me: MeView,
    /// People, in the order in which they are to be listed.
    pub contacts: Vec<ContactRow>,
    /// Messages not read yet, of everybody who is not blocked.
    pub unread: u32,
    /// Requests that wait for an answer here.
    pub requests_in: Vec<RequestIn>,
    /// Requests sent from here that wait for an answer there.
    pub requests_out: Vec<RequestOut>,
    /// What the main pane shows.
    pub main: MainPane,
    /// A call that runs or rings out, wherever the main pane is: the way back to it.
    pub call: Option<RunningCall>,
    /// Name of the contact that a first start offers as one button (`--welcome`). `None` once added or dismissed.
    pub welcome: Option<String>,
    /// One's own keys.
    pub keys: KeysView,
}

/// What the main pane of the home screen shows.
#[derive(Clone, Debug, PartialEq)]
pub enum MainPane {
    /// Nothing chosen: an invitation to choose or add someone.
    Empty,
    /// A conversation.
    Conversation(Box<ConversationView>),
    /// The orrery.
    Call(Box<CallView>),
    /// Settings.
    Settings(Box<SettingsView>),
    /// Adding someone; requests in and out.
    AddContact(Box<AddContactView>),
    /// Comparing safety numbers.
    Compare(Box<CompareView>),
}
