//! From a fake worker's events to what is shown, and from what is done to the commands it gets. No window.

use clap::Parser;
use orrery_link::{
    CallPhase as Stage, CallView as Running, ChannelView, Code, Command, ContactView, DirectState, Event,
    MessageView as Message, ParticipantPhase, ParticipantView, ProfileView, Reference, Request, ServerPhase, Settings,
    WorkerEnd, pair,
};
use orrery_protocol::record::{CallOutcome, ContactState, Delivery as Way, MessageKind, OrderKey};
use orrery_protocol::{CallId, MessageId, PeerId};
use orrery_ui::view::{BannerButton, CallPhase, ChannelKey, ConversationView, EndReason, HomeView, MainPane, Notice};
use orrery_ui::{Passphrase, UiAction};

use super::*;
use crate::cli::Args;
use crate::decide;
use crate::notify::Notifier;
use crate::redraw::Hidden;

mod calls;
mod lanes;
mod likeness;
mod people;
mod talking;
mod telling;
mod trust;
mod voice;

/// The window's inside without a window, and the worker's end of the link.
struct Bed {
    app: App,
    worker: WorkerEnd,
    /// Of the page of history that was asked for last.
    page: Option<Reference>,
}

const ME: PeerId = PeerId([1; 32]);
const RHEA: PeerId = PeerId([2; 32]);

impl Bed {
    fn new() -> Self {
        let (end, worker) = pair();
        let mut app = App::new();
        app.add_plugins(orrery_ecs::EcsPlugin::new(end))
            .insert_resource(Session::new(
                &Args::parse_from(["orrery", "--profile", "/nowhere"]),
                None,
            ))
            .init_resource::<Desk>()
            .init_resource::<Kept>()
            .init_resource::<Shown>()
            .init_resource::<Actions>()
            .init_resource::<Wishes>()
            .init_resource::<Hidden>()
            .init_resource::<Notifier>()
            .add_plugins(decide::plugin)
            .add_systems(
                PostUpdate,
                (refresh.run_if(something_changed), name_window).before(EguiPostUpdateSet::EndPass),
            );
        app.world_mut().resource_mut::<Desk>().entrance = Entrance::Chosen;
        let page = None;
        Self { app, worker, page }
    }

    /// Unlocked, online, with one contact.
    fn home() -> Self {
        let mut bed = Self::new();
        bed.tell([
            Event::ProfileChanged {
                profile: ProfilePhase::Open(profile()),
            },
            Event::ServerChanged {
                server: ServerPhase::Online,
            },
            Event::ContactChanged {
                contact: contact(RHEA, ContactState::Contact),
            },
        ]);
        bed.commands();
        bed
    }

    fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.worker.send(event).unwrap();
        }
        self.app.update();
        // What a fact led to (a turned pane) is shown with the next frame.
        self.app.update();
    }

    fn act(&mut self, action: UiAction) -> Vec<Command> {
        self.app.world_mut().resource_mut::<Actions>().0.push(action);
        self.app.update();
        self.app.update();
        self.commands()
    }

    fn commands(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        while let Some(Request { reference, command }) = self.worker.try_command() {
            if matches!(command, Command::LoadHistory { .. } | Command::LoadAround { .. }) {
                self.page = reference;
            }
            commands.push(command);
        }
        commands
    }

    /// Answers the page of history that was asked for last.
    fn load(&mut self, messages: Vec<Message>) {
        self.load_part(messages, false, false);
    }

    fn load_part(&mut self, messages: Vec<Message>, has_older: bool, has_newer: bool) {
        let reference = self.page.take();
        assert!(reference.is_some(), "no page was asked for");
        self.tell([Event::HistoryLoaded {
            reference,
            channel: RHEA.into(),
            messages,
            has_older,
            has_newer,
        }]);
    }

    /// Somebody looks at the window, or not.
    fn look(&mut self, focused: bool) {
        let world = self.app.world_mut();
        let mut windows = world.query_filtered::<&mut Window, With<PrimaryWindow>>();
        match windows.single_mut(world) {
            Ok(mut window) => window.focused = focused,
            Err(_) => {
                let window = Window {
                    focused,
                    ..Window::default()
                };
                world.spawn((window, PrimaryWindow));
            }
        }
    }

    /// Does it, and fails the command it led to.
    fn fail(&mut self, action: UiAction, code: Code) {
        self.app.world_mut().resource_mut::<Actions>().0.push(action);
        self.app.update();
        let request = self.worker.try_command().expect("a command");
        self.tell([Event::Failed {
            reference: request.reference,
            code,
        }]);
    }

    fn screen(&self) -> &ScreenView {
        &self.app.world().resource::<Shown>().screen
    }

    fn home_view(&self) -> &HomeView {
        let ScreenView::Home(home) = self.screen() else {
            panic!("{:?}", self.screen())
        };
        home
    }

    fn talk_view(&self) -> &ConversationView {
        let MainPane::Conversation(view) = &self.home_view().main else {
            panic!("{:?}", self.home_view().main)
        };
        view
    }

    fn toasts(&self) -> Vec<Notice> {
        self.app
            .world()
            .resource::<Desk>()
            .toasts()
            .map(|toast| toast.notice.clone())
            .collect()
    }
}

const LOCKED: ProfilePhase = ProfilePhase::Locked {
    remembered: false,
    recovery: false,
};

fn profile() -> ProfileView {
    ProfileView {
        peer: ME,
        name: "Callisto".into(),
        server: "ws://127.0.0.1:1".into(),
        folder: "/nowhere".into(),
        log_folder: "/nowhere/logs".into(),
        remembered: false,
        recovery: false,
        settings: Settings::default(),
    }
}

fn contact(peer: PeerId, state: ContactState) -> ContactView {
    ContactView {
        peer,
        state,
        name: "Rhea".into(),
        alias: None,
        blocked: false,
        verified: false,
        volume: 100,
        silenced: false,
        via: "ws://127.0.0.1:1".into(),
        here: true,
        last_seen_ms: 0,
        direct: DirectState::None,
        asked_ms: 0,
        sending: false,
    }
}

fn message(author: PeerId, seq: u64, text: &str) -> Message {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&seq.to_be_bytes());
    Message {
        channel: RHEA.into(),
        author,
        id: MessageId(id),
        order: OrderKey {
            lamport: seq,
            author,
            seq,
        },
        sent_ms: 1000 * seq,
        content: MessageKind::Text { text: text.into() },
        reply_to: None,
        quoted: None,
        edited: false,
        deleted: false,
        delivery: Way::Delivered,
        reactions: Vec::new(),
    }
}

/// The line of Rhea's conversation in the list, with so many unread.
fn line(unread: u32, first_unread: Option<OrderKey>, last: Option<Message>, draft: &str) -> Event {
    Event::ChannelChanged {
        channel: ChannelView {
            channel: RHEA.into(),
            unread,
            first_unread,
            last,
            draft: draft.into(),
        },
    }
}

fn running(phase: Stage) -> Running {
    Running {
        call: CallId([9; 16]),
        channel: RHEA.into(),
        caller: RHEA,
        phase,
        active_since_ms: if phase == Stage::Active { 5 } else { 0 },
        participants: vec![ParticipantView {
            peer: RHEA,
            name: "Rhea".into(),
            phase: ParticipantPhase::Connected,
            muted: false,
            deafened: false,
            contact: true,
            misses: vec![],
        }],
        muted: false,
        deafened: false,
    }
}

fn talk() -> ChannelKey {
    ChannelKey(RHEA.0)
}

#[test]
fn a_new_folder_asks_for_a_profile_and_an_old_one_for_its_passphrase() {
    let mut bed = Bed::new();
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Empty,
    }]);
    assert!(matches!(bed.screen(), ScreenView::FirstStart(_)));
    bed.tell([Event::ProfileChanged { profile: LOCKED }]);
    assert!(matches!(bed.screen(), ScreenView::Unlock(_)));
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Unusable {
            code: Code::ProfileInUse,
        },
    }]);
    let ScreenView::Broken(broken) = bed.screen() else {
        panic!("{:?}", bed.screen())
    };
    assert_eq!(broken.error.code, "profile_in_use");
}

#[test]
fn a_wrong_passphrase_is_said_on_the_form_and_the_form_is_free_again() {
    let mut bed = Bed::new();
    bed.tell([Event::ProfileChanged { profile: LOCKED }]);
    bed.fail(
        UiAction::Unlock {
            passphrase: Passphrase::new("no".into()),
            remember: false,
        },
        Code::WrongPassphrase,
    );
    let ScreenView::Unlock(unlock) = bed.screen() else {
        panic!("{:?}", bed.screen())
    };
    assert_eq!(
        unlock.error.as_ref().map(|error| error.code.as_str()),
        Some("wrong_passphrase")
    );
    assert_eq!(unlock.busy, None);
}

#[test]
fn while_the_key_is_derived_the_form_stays_and_says_so() {
    let mut bed = Bed::new();
    bed.tell([Event::ProfileChanged { profile: LOCKED }]);
    let sent = bed.act(UiAction::Unlock {
        passphrase: Passphrase::new("yes".into()),
        remember: false,
    });
    assert!(matches!(sent.as_slice(), [Command::Unlock { passphrase, .. }] if passphrase.reveal() == "yes"));
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Opening,
    }]);
    let ScreenView::Unlock(unlock) = bed.screen() else {
        panic!("{:?}", bed.screen())
    };
    assert!(unlock.busy.is_some());
}

#[test]
fn a_call_we_made_takes_the_stage_and_one_we_left_gives_it_back() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    assert!(matches!(bed.act(UiAction::StartCall(talk())).as_slice(), [Command::StartCall { peer }] if *peer == RHEA));
    bed.tell([Event::CallChanged {
        call: running(Stage::Outgoing),
    }]);
    let MainPane::Call(view) = &bed.home_view().main else {
        panic!("{:?}", bed.home_view().main)
    };
    assert!(matches!(view.phase, CallPhase::RingingOut { .. }));
    bed.tell([Event::CallChanged {
        call: running(Stage::Active),
    }]);
    let MainPane::Call(view) = &bed.home_view().main else {
        panic!("no stage")
    };
    assert_eq!(view.phase, CallPhase::Active { since_ms: 5 });
    bed.act(UiAction::LeaveCall(view.call));
    let call = CallId([9; 16]);
    bed.tell([Event::CallEnded {
        call,
        channel: RHEA.into(),
        outcome: CallOutcome::Answered,
        duration_ms: 9000,
    }]);
    assert!(
        matches!(bed.home_view().main, MainPane::Conversation(_)),
        "{:?}",
        bed.home_view().main
    );
}

#[test]
fn a_call_that_ends_by_itself_says_why() {
    let mut bed = Bed::home();
    bed.act(UiAction::StartCall(talk()));
    bed.tell([Event::CallChanged {
        call: running(Stage::Outgoing),
    }]);
    let call = CallId([9; 16]);
    bed.tell([Event::CallEnded {
        call,
        channel: RHEA.into(),
        outcome: CallOutcome::Busy,
        duration_ms: 0,
    }]);
    let MainPane::Call(view) = &bed.home_view().main else {
        panic!("{:?}", bed.home_view().main)
    };
    assert_eq!(
        view.phase,
        CallPhase::Ended {
            reason: EndReason::Busy,
            seconds: 0
        }
    );
    bed.act(UiAction::CloseCall(view.call));
    assert!(matches!(bed.home_view().main, MainPane::Conversation(_)));
}

#[test]
fn a_ringing_call_lies_over_every_pane_and_a_missed_one_leaves_a_notice() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    bed.tell([Event::CallChanged {
        call: running(Stage::Incoming),
    }]);
    let incoming = bed.app.world().resource::<Shown>().incoming.clone().unwrap();
    assert_eq!(incoming.name, "Rhea");
    assert!(matches!(bed.home_view().main, MainPane::Settings(_)));
    let call = CallId([9; 16]);
    bed.tell([Event::CallEnded {
        call,
        channel: RHEA.into(),
        outcome: CallOutcome::Missed,
        duration_ms: 0,
    }]);
    assert_eq!(bed.app.world().resource::<Shown>().incoming, None);
    assert!(matches!(&bed.toasts()[..], [Notice::MissedCall { name }] if name == "Rhea"));
}

#[test]
fn a_lost_server_is_said_until_it_is_back() {
    let mut bed = Bed::home();
    let code = Some(Code::ServerUnreachable);
    bed.tell([Event::ServerChanged {
        server: ServerPhase::Offline { code, retry_ms: 4000 },
    }]);
    let banner = bed.app.world().resource::<Shown>().banner.clone().unwrap();
    assert_eq!(banner.error.code, "server_unreachable");
    assert!(banner.retry_at_ms.is_some_and(|at| at > unix_ms()));
    assert_eq!(banner.button, Some(BannerButton::Retry));
    assert!(matches!(
        bed.act(UiAction::RetryConnection)[..],
        [Command::Reconnect {}]
    ));
    bed.tell([Event::ServerChanged {
        server: ServerPhase::Online,
    }]);
    assert_eq!(bed.app.world().resource::<Shown>().banner, None);
}

#[test]
fn a_worker_that_is_gone_is_said() {
    let mut bed = Bed::home();
    bed.app
        .world_mut()
        .resource_mut::<Session>()
        .pretend_open("/nowhere".into());
    let Bed { mut app, worker, .. } = bed;
    drop(worker);
    app.update();
    app.update();
    let ScreenView::Broken(broken) = &app.world().resource::<Shown>().screen else {
        panic!("not said")
    };
    assert_eq!(broken.error.code, "worker_gone");
}
