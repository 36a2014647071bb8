//! From a fake worker's events to what is shown, and from what is done to the commands it gets. No window.

use clap::Parser;
use orrery_link::{
    CallPhase as Stage, CallView as Running, ChannelView, Code, Command, ContactView, DirectState, Event,
    MessageView as Message, ParticipantPhase, ParticipantView, ProfileView, ServerPhase, Settings, WorkerEnd, pair,
};
use orrery_protocol::invite::Invite;
use orrery_protocol::record::{CallOutcome, ContactState, Delivery as Way, MessageKind, OrderKey, Reaction};
use orrery_protocol::{CallId, ChannelId, MessageId, PeerId, Token};
use orrery_ui::view::{
    Body, CallChance, CallPhase, ChannelKey, Delivery, EndReason, HomeView, LinkCheck, MainPane, Notice,
};
use orrery_ui::{Passphrase, UiAction};

use super::*;
use crate::cli::Args;
use crate::decide;
use crate::notify::Notifier;
use crate::redraw::Hidden;

/// The window's inside without a window, and the worker's end of the link.
struct Bed {
    app: App,
    worker: WorkerEnd,
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
                refresh.run_if(something_changed).before(EguiPostUpdateSet::EndPass),
            );
        app.world_mut().resource_mut::<Desk>().entrance = Entrance::Chosen;
        Self { app, worker }
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
        std::iter::from_fn(|| self.worker.try_command())
            .map(|request| request.command)
            .collect()
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

    fn toasts(&self) -> Vec<Notice> {
        self.app
            .world()
            .resource::<Desk>()
            .toasts()
            .map(|toast| toast.notice.clone())
            .collect()
    }
}

fn profile() -> ProfileView {
    ProfileView {
        peer: ME,
        name: "Callisto".into(),
        server: "ws://127.0.0.1:1".into(),
        folder: "/nowhere".into(),
        log_folder: "/nowhere/logs".into(),
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
        via: "ws://127.0.0.1:1".into(),
        here: true,
        last_seen_ms: 0,
        direct: DirectState::None,
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
        edited: false,
        deleted: false,
        delivery: Way::Delivered,
        reactions: Vec::new(),
    }
}

fn loaded(messages: Vec<Message>) -> Event {
    Event::HistoryLoaded {
        reference: None,
        channel: RHEA.into(),
        messages,
        has_older: false,
        has_newer: false,
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
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Locked,
    }]);
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
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Locked,
    }]);
    bed.fail(
        UiAction::Unlock {
            passphrase: Passphrase::new("no".into()),
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
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Locked,
    }]);
    let sent = bed.act(UiAction::Unlock {
        passphrase: Passphrase::new("yes".into()),
    });
    assert!(matches!(sent.as_slice(), [Command::Unlock { passphrase }] if passphrase.reveal() == "yes"));
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Opening,
    }]);
    let ScreenView::Unlock(unlock) = bed.screen() else {
        panic!("{:?}", bed.screen())
    };
    assert!(unlock.busy.is_some());
}

#[test]
fn requests_and_contacts_stand_where_they_belong() {
    let mut bed = Bed::home();
    bed.tell([
        Event::ContactChanged {
            contact: contact(PeerId([3; 32]), ContactState::RequestedByThem),
        },
        Event::ContactChanged {
            contact: contact(PeerId([4; 32]), ContactState::RequestedByUs),
        },
        Event::ContactChanged {
            contact: contact(PeerId([5; 32]), ContactState::Removed),
        },
    ]);
    let home = bed.home_view();
    assert_eq!(
        (home.contacts.len(), home.requests_in.len(), home.requests_out.len()),
        (1, 1, 1)
    );
    assert_eq!(home.me.name, "Callisto");
}

#[test]
fn who_wrote_last_stands_first() {
    let mut bed = Bed::home();
    let late = PeerId([7; 32]);
    let line = |peer: PeerId, at: u64| Event::ChannelChanged {
        channel: ChannelView {
            channel: peer.into(),
            unread: 0,
            first_unread: None,
            last: Some(Message {
                channel: peer.into(),
                ..message(peer, at, "x")
            }),
            draft: String::new(),
        },
    };
    bed.tell([
        Event::ContactChanged {
            contact: contact(late, ContactState::Contact),
        },
        line(RHEA, 5),
        line(late, 9),
    ]);
    let order: Vec<_> = bed.home_view().contacts.iter().map(|row| row.peer.0[0]).collect();
    assert_eq!(order, [7, 2]);
}

#[test]
fn a_conversation_shows_its_messages_with_everything_that_hangs_on_them() {
    let mut bed = Bed::home();
    let sent = bed.act(UiAction::OpenChannel(talk()));
    assert!(
        sent.iter()
            .any(|command| matches!(command, Command::LoadHistory { .. }))
    );
    let first = message(RHEA, 1, "first");
    let answer = Message {
        reply_to: Some(first.reference()),
        reactions: vec![
            Reaction {
                by: ME,
                emoji: "✨".into(),
            },
            Reaction {
                by: RHEA,
                emoji: "✨".into(),
            },
        ],
        delivery: Way::Failed,
        ..message(ME, 2, "second")
    };
    let gone = Message {
        deleted: true,
        ..message(RHEA, 3, "")
    };
    bed.tell([loaded(vec![first, answer, gone])]);
    let MainPane::Conversation(view) = &bed.home_view().main else {
        panic!("no conversation")
    };
    let bodies: Vec<_> = view.messages.iter().map(|m| &m.body).collect();
    assert_eq!(
        bodies,
        [
            &Body::Text("first".into()),
            &Body::Text("second".into()),
            &Body::Deleted
        ]
    );
    let second = &view.messages[1];
    assert!(matches!(second.delivery, Some(Delivery::Failed(_))));
    assert_eq!(
        second.reply.as_ref().and_then(|quote| quote.text.as_deref()),
        Some("first")
    );
    assert_eq!((second.reactions[0].count, second.reactions[0].mine), (2, true));
    assert_eq!(view.call, CallChance::Ready);
}

#[test]
fn the_new_divider_stands_where_reading_stopped() {
    let mut bed = Bed::home();
    let unread = message(RHEA, 2, "unread");
    bed.tell([Event::ChannelChanged {
        channel: ChannelView {
            channel: RHEA.into(),
            unread: 1,
            first_unread: Some(unread.order),
            last: Some(unread.clone()),
            draft: "half a".into(),
        },
    }]);
    bed.act(UiAction::OpenChannel(talk()));
    let key = conversation_key(unread.reference());
    bed.tell([loaded(vec![message(RHEA, 1, "read"), unread])]);
    let MainPane::Conversation(view) = &bed.home_view().main else {
        panic!("no conversation")
    };
    assert_eq!(view.first_unread, Some(key));
    assert_eq!(view.draft, "half a");
}

#[test]
fn what_cannot_be_sent_is_said_and_nothing_else_happens() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    bed.fail(
        UiAction::SendText {
            channel: talk(),
            text: "x".into(),
            reply_to: None,
        },
        Code::TextTooLong,
    );
    assert!(matches!(&bed.toasts()[..], [Notice::Error(error)] if error.code == "text_too_long"));
    assert!(matches!(bed.home_view().main, MainPane::Conversation(_)));
}

#[test]
fn a_jump_to_what_is_not_loaded_loads_it_and_then_shows_it() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    bed.tell([loaded(vec![message(RHEA, 50, "now")])]);
    let old = message(RHEA, 3, "then");
    let key = conversation_key(old.reference());
    let sent = bed.act(UiAction::JumpTo {
        channel: talk(),
        message: key,
    });
    assert!(matches!(sent.as_slice(), [Command::LoadAround { .. }]), "{sent:?}");
    bed.tell([loaded(vec![old])]);
    let MainPane::Conversation(view) = &bed.home_view().main else {
        panic!("no conversation")
    };
    assert_eq!((view.focus, view.focus_rev), (Some(key), 1));
}

#[test]
fn a_link_is_looked_at_before_it_can_be_sent() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenAddContact);
    let link = |peer| Invite {
        peer,
        via: "ws://127.0.0.1:1".into(),
        name: "Dione".into(),
        token: Token([3; 32]),
    };
    let mut check = |text: String| {
        bed.act(UiAction::LinkEdited(text));
        let MainPane::AddContact(view) = &bed.home_view().main else {
            panic!("no pane")
        };
        view.check.clone()
    };
    let code = |check: LinkCheck| match check {
        LinkCheck::Bad(error) => error.code,
        other => format!("{other:?}"),
    };
    assert_eq!(check(String::new()), LinkCheck::Empty);
    assert_eq!(code(check("garbage".into())), "bad_link");
    assert_eq!(code(check(link(ME).to_string())), "own_link");
    assert_eq!(code(check(link(RHEA).to_string())), "already_contact");
    assert!(matches!(check(link(PeerId([8; 32])).to_string()), LinkCheck::Good { name, .. } if name == "Dione"));
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
    bed.tell([Event::ServerChanged {
        server: ServerPhase::Online,
    }]);
    assert_eq!(bed.app.world().resource::<Shown>().banner, None);
}

#[test]
fn a_message_elsewhere_is_told_and_one_on_screen_is_not() {
    let mut bed = Bed::home();
    bed.app.world_mut().spawn((
        Window {
            focused: true,
            ..Window::default()
        },
        bevy::window::PrimaryWindow,
    ));
    bed.tell([Event::MessageReceived {
        message: message(RHEA, 1, "hello"),
    }]);
    assert!(matches!(&bed.toasts()[..], [Notice::Message { text, .. }] if text == "hello"));
    bed.act(UiAction::OpenChannel(ChannelKey(ChannelId::from(RHEA).0)));
    bed.tell([
        loaded(Vec::new()),
        Event::MessageReceived {
            message: message(RHEA, 2, "again"),
        },
    ]);
    assert_eq!(bed.toasts().len(), 1);
}

#[test]
fn a_worker_that_is_gone_is_said() {
    let mut bed = Bed::home();
    bed.app
        .world_mut()
        .resource_mut::<Session>()
        .pretend_open("/nowhere".into());
    let Bed { mut app, worker } = bed;
    drop(worker);
    app.update();
    app.update();
    let ScreenView::Broken(broken) = &app.world().resource::<Shown>().screen else {
        panic!("not said")
    };
    assert_eq!(broken.error.code, "worker_gone");
}
