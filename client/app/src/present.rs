//! From entities to panels: each screen has a presenter that reads the world and fills the structs that `orrery-ui` draws.
//!
//! What changes rarely ([`Shown::screen`]) is made anew only when something it depends on changed; what changes every
//! frame (plates, meters) is made every frame. The pass itself may run twice a frame and therefore changes nothing.

mod add_contact;
mod banner;
mod call;
mod conversation;
mod entrance;
mod home;
mod incoming;
mod names;
mod plates;
mod quality;
mod security;
mod settings;

use std::time::{SystemTime, UNIX_EPOCH};

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_egui::{EguiContexts, EguiPostUpdateSet, EguiPrimaryContextPass};
use orrery_ecs::call::{Call, Connected, Connecting, LastCall, Participant};
use orrery_ecs::channel::{Channel, Found, OpenChannel, Typing};
use orrery_ecs::chat::Window as ChatWindow;
use orrery_ecs::derive::Attention;
use orrery_ecs::link::WorkerState;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::{OwnInvite, OwnVoice, Profile, SafetyNumber, Server, SoundDevices, Transfer};
use orrery_link::{Code, ProfilePhase};
use orrery_ui::view::{
    BannerView, Clock, IncomingCallView, Meters, PlateView, QualityView, RootView, ScreenView, ToastView,
};
use orrery_ui::{UiAction, UiState, strings};

use crate::cosmos::AvatarStore;
use crate::desk::{Desk, Entrance};
use crate::keys::{OwnKeys, TalkKey};
use crate::prefs::Kept;
use crate::quality::Quality;
use crate::redraw::Wishes;
use crate::session::Session;

/// What the panels show.
#[derive(Resource, Debug)]
pub struct Shown {
    /// The screen.
    pub screen: ScreenView,
    /// A call that rings here.
    pub incoming: Option<IncomingCallView>,
    /// A standing condition.
    pub banner: Option<BannerView>,
    /// Short notices.
    pub toasts: Vec<ToastView>,
    /// Plates under the planets.
    pub plates: Vec<PlateView>,
    /// The microphone's figures.
    pub meters: Meters,
    /// How well those in the call hear each other.
    pub quality: QualityView,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            screen: ScreenView::Starting,
            incoming: None,
            banner: None,
            toasts: Vec::new(),
            plates: Vec::new(),
            meters: Meters::default(),
            quality: QualityView::default(),
        }
    }
}

/// What the panels remember of themselves.
#[derive(Resource, Default)]
pub struct Panels(pub UiState);

/// What the person did in this frame, until it is decided upon.
#[derive(Resource, Debug, Default)]
pub struct Actions(pub Vec<UiAction>);

/// Wall time and zone for the panels.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct WallClock(pub Clock);

/// Set where sample data is shown: the presenters then keep their hands off [`Shown`].
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posing(pub bool);

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis().min(i64::MAX as u128) as i64)
}

fn read_clock(mut clock: ResMut<WallClock>) {
    use chrono::Offset as _;
    let now = chrono::Local::now();
    clock.0 = Clock {
        now_ms: now.timestamp_millis(),
        utc_offset_s: now.offset().fix().local_minus_utc(),
    };
}

/// What a screen depends on, as one parameter: whether any of it changed since the screen was made.
#[derive(bevy::ecs::system::SystemParam)]
struct Changes<'w, 's> {
    desk: Res<'w, Desk>,
    kept: Res<'w, Kept>,
    session: Res<'w, Session>,
    worker: Res<'w, WorkerState>,
    profile: Res<'w, Profile>,
    server: Res<'w, Server>,
    invite: Res<'w, OwnInvite>,
    safety: Res<'w, SafetyNumber>,
    transfer: Res<'w, Transfer>,
    devices: Res<'w, SoundDevices>,
    open: Res<'w, OpenChannel>,
    found: Res<'w, Found>,
    last_call: Res<'w, LastCall>,
    attention: Res<'w, Attention>,
    current: Res<'w, orrery_ecs::derive::CurrentCall>,
    keys: Res<'w, OwnKeys>,
    people: Query<'w, 's, (), Or<(Changed<Peer>, Changed<Channel>, Changed<Typing>, Changed<ChatWindow>)>>,
    calls: Query<
        'w,
        's,
        (),
        Or<(
            Changed<Call>,
            Changed<Participant>,
            Changed<Connected>,
            Changed<Connecting>,
        )>,
    >,
    gone_people: RemovedComponents<'w, 's, Peer>,
    gone_channels: RemovedComponents<'w, 's, Channel>,
    gone_typing: RemovedComponents<'w, 's, Typing>,
    gone_calls: RemovedComponents<'w, 's, Call>,
}

fn something_changed(mut c: Changes) -> bool {
    let gone = c.gone_people.read().count()
        + c.gone_channels.read().count()
        + c.gone_typing.read().count()
        + c.gone_calls.read().count();
    gone > 0
        || c.desk.is_changed()
        || c.kept.is_changed()
        || c.session.is_changed()
        || c.worker.is_changed()
        || c.profile.is_changed()
        || c.server.is_changed()
        || c.invite.is_changed()
        || c.safety.is_changed()
        || c.transfer.is_changed()
        || c.devices.is_changed()
        || c.open.is_changed()
        || c.found.is_changed()
        || c.last_call.is_changed()
        || c.attention.is_changed()
        || c.current.is_changed()
        || c.keys.is_changed()
        || !c.people.is_empty()
        || !c.calls.is_empty()
}

/// Makes the screen anew.
fn refresh(world: &mut World) {
    let screen = screen(world);
    let home = matches!(screen, ScreenView::Home(_));
    let incoming = home.then(|| incoming::view(world)).flatten();
    let banner = home.then(|| banner::view(world)).flatten();
    let toasts = world.resource::<Desk>().toasts().cloned().collect();
    let mut shown = world.resource_mut::<Shown>();
    shown.screen = screen;
    shown.incoming = incoming;
    shown.banner = banner;
    shown.toasts = toasts;
}

fn screen(world: &World) -> ScreenView {
    let session = world.resource::<Session>();
    let desk = world.resource::<Desk>();
    if desk.entrance == Entrance::Choosing {
        return entrance::profiles(world);
    }
    if session.has_ended(*world.resource::<WorkerState>()) {
        return entrance::worker_gone(world);
    }
    match &world.resource::<Profile>().0 {
        None => ScreenView::Starting,
        Some(ProfilePhase::Empty) => entrance::first_start(world),
        Some(ProfilePhase::Locked { .. }) => entrance::unlock(world),
        Some(ProfilePhase::Opening) if session.is_new() => entrance::first_start(world),
        Some(ProfilePhase::Opening) => entrance::unlock(world),
        Some(ProfilePhase::Unusable { code }) => entrance::unusable(world, *code),
        Some(ProfilePhase::Open(profile)) => ScreenView::Home(Box::new(home::view(world, profile))),
    }
}

/// What waits to be read is said where the desktop shows it too.
fn name_window(attention: Res<Attention>, mut windows: Query<&mut Window, With<PrimaryWindow>>) {
    if attention.is_changed()
        && let Ok(mut window) = windows.single_mut()
    {
        window.title = strings::title(attention.unread);
    }
}

/// Toasts go by themselves.
fn expire_toasts(mut desk: ResMut<Desk>, wishes: Res<Wishes>) {
    let now = std::time::Instant::now();
    if desk.has_expired(now) {
        desk.expire(now);
    }
    if desk.has_passing_toast() {
        wishes.note(std::time::Duration::from_millis(500));
    }
}

/// What is missing to be heard and to hear, as far as is known.
pub(crate) fn sound_problems(devices: &SoundDevices) -> [Option<Code>; 2] {
    let none = |all: &[orrery_link::DeviceView], code| (devices.listed && all.is_empty()).then_some(code);
    [
        devices.input_problem.or(none(&devices.inputs, Code::NoInputDevice)),
        devices.output_problem.or(none(&devices.outputs, Code::NoOutputDevice)),
    ]
}

/// The same in one code of the catalogue.
pub(crate) fn sound_problem(devices: &SoundDevices) -> Option<&'static str> {
    match sound_problems(devices) {
        [None, None] => None,
        [Some(_), None] => Some("no_input_device"),
        [None, Some(_)] => Some("no_output_device"),
        [Some(_), Some(_)] => Some("no_sound"),
    }
}

fn meters(voice: Res<OwnVoice>, talk: Res<TalkKey>, desk: Res<Desk>, mut shown: ResMut<Shown>, wishes: Res<Wishes>) {
    let meters = Meters {
        mic: voice.level,
        mic_open: voice.speaking,
        gate: voice.gate,
        talk_held: talk.is_held(),
    };
    if shown.meters != meters {
        shown.meters = meters;
    }
    if desk.mic_test {
        // The meter follows the microphone while it is being tested.
        wishes.note(std::time::Duration::ZERO);
    }
}

/// The pass: one call into the panels.
#[expect(clippy::too_many_arguments, reason = "the pass brings everything together")]
fn show(
    mut contexts: EguiContexts,
    mut panels: ResMut<Panels>,
    mut actions: ResMut<Actions>,
    mut installed: Local<bool>,
    mut caret: Local<Option<bool>>,
    shown: Res<Shown>,
    clock: Res<WallClock>,
    avatars: Res<AvatarStore>,
    scene: Res<crate::cosmos::SceneInput>,
    quality: Res<Quality>,
) -> Result {
    let ctx = contexts.ctx_mut()?;
    if !*installed {
        // Fonts set in a pass are there from the next one on: nothing is drawn with the wrong ones.
        orrery_ui::install(ctx);
        *installed = true;
        ctx.request_repaint();
        return Ok(());
    }
    let still = scene.reduced_motion || *quality == Quality::Low;
    if *caret != Some(!still) {
        // Two frames a second for a caret are a lot where nothing else moves.
        ctx.all_styles_mut(|style| style.visuals.text_cursor.blink = !still);
        *caret = Some(!still);
    }
    let view = RootView {
        clock: clock.0,
        // Where a processor draws, a fade is a handful of whole frames that nobody asked for.
        reduced_motion: still,
        screen: &shown.screen,
        incoming: shown.incoming.as_ref(),
        banner: shown.banner.as_ref(),
        toasts: &shown.toasts,
        plates: &shown.plates,
        meters: shown.meters,
        quality: &shown.quality,
        avatars: &*avatars,
    };
    orrery_ui::show(ctx, &mut panels.0, &view, &mut actions.0);
    Ok(())
}

fn presents(posing: Res<Posing>) -> bool {
    !posing.0
}

/// Adds the pass alone, for sample data.
pub(crate) fn panels(app: &mut App) {
    app.init_resource::<Shown>()
        .init_resource::<Panels>()
        .init_resource::<Actions>()
        .init_resource::<WallClock>()
        .init_resource::<Posing>()
        .add_systems(PreUpdate, read_clock)
        .add_systems(EguiPrimaryContextPass, show);
}

/// Adds the presenters.
pub(crate) fn plugin(app: &mut App) {
    app.add_plugins(panels)
        .init_resource::<quality::EchoWatch>()
        .add_systems(
            PostUpdate,
            (
                expire_toasts,
                refresh.run_if(something_changed),
                quality::watch_echo,
                plates::place,
                quality::refresh,
                meters,
                name_window,
            )
                .chain()
                .run_if(presents)
                .before(EguiPostUpdateSet::EndPass),
        );
}

pub(crate) use conversation::key as conversation_key;
pub(crate) use names::of as name_of;
pub(crate) use plates::panes as panes_of;

#[cfg(test)]
mod tests;
