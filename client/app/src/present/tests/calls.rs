//! Mute and deafen, what calls and settings say, sound devices, errors in their own words.

use std::time::Duration;

use orrery_link::{DeviceView, Notice as Told};
use orrery_ui::Setting;
use orrery_ui::view::{BannerView, CallView, ErrorView, Level, SettingsView};

use super::*;

impl Bed {
    /// Unlocked and in a call with Rhea, which is on screen.
    fn in_call() -> Self {
        let mut bed = Self::home();
        bed.act(UiAction::StartCall(talk()));
        bed.tell([Event::CallChanged {
            call: running(Stage::Active),
        }]);
        bed.commands();
        bed
    }

    fn call(&self) -> &CallView {
        let MainPane::Call(view) = &self.home_view().main else {
            panic!("{:?}", self.home_view().main)
        };
        view
    }

    fn settings(&self) -> &SettingsView {
        let MainPane::Settings(view) = &self.home_view().main else {
            panic!("{:?}", self.home_view().main)
        };
        view
    }

    fn banner(&self) -> Option<&BannerView> {
        self.app.world().resource::<Shown>().banner.as_ref()
    }

    /// Muted and deafened, as the own bar shows it.
    fn steered(&self) -> (bool, bool) {
        let me = &self.home_view().me;
        (me.muted, me.deafened)
    }

    /// Answers every command that has come.
    fn answer(&mut self, result: Result<(), Code>) {
        let asked: Vec<_> = std::iter::from_fn(|| self.worker.try_command()).collect();
        let answers = asked.into_iter().map(|request| match result {
            Ok(()) => Event::Done {
                reference: request.reference.expect("a name"),
            },
            Err(code) => Event::Failed {
                reference: request.reference,
                code,
            },
        });
        self.tell(answers.collect::<Vec<_>>());
    }

    fn push(&mut self, action: UiAction) {
        self.app.world_mut().resource_mut::<Actions>().0.push(action);
        self.app.update();
        self.app.update();
    }
}

fn with(muted: bool, deafened: bool) -> Event {
    let call = Running {
        muted,
        deafened,
        ..running(Stage::Active)
    };
    Event::CallChanged { call }
}

fn devices(inputs: usize, outputs: usize) -> Event {
    let some = |count| {
        let device = DeviceView {
            id: "a".into(),
            name: "Built-in audio".into(),
            is_default: true,
        };
        vec![device; count]
    };
    Event::Devices {
        reference: None,
        inputs: some(inputs),
        outputs: some(outputs),
        input_problem: None,
        output_problem: None,
    }
}

#[test]
fn unmuting_while_deafened_opens_ears_and_microphone() {
    for muted in [false, true] {
        let mut bed = Bed::in_call();
        bed.tell([with(muted, true)]);
        assert_eq!(bed.steered(), (muted, true));
        let sent = bed.act(UiAction::SetMuted(false));
        assert!(
            matches!(
                sent[..],
                [
                    Command::SetDeafened { deafened: false },
                    Command::SetMuted { muted: false }
                ]
            ),
            "{sent:?}"
        );
        assert_eq!(bed.steered(), (false, false));
    }
}

#[test]
fn every_word_of_the_worker_on_mute_and_deafen_is_followed() {
    let mut bed = Bed::in_call();
    for (muted, deafened) in [(true, false), (true, true), (false, true), (false, false)] {
        bed.tell([with(muted, deafened)]);
        assert_eq!(bed.steered(), (muted, deafened));
        assert_eq!((bed.call().muted, bed.call().deafened), (muted, deafened));
    }
}

#[test]
fn a_press_is_shown_at_once_and_news_that_crossed_it_does_not_undo_it() {
    let mut bed = Bed::in_call();
    bed.push(UiAction::SetMuted(true));
    // Somebody else came or went; the worker does not know of the press yet.
    bed.tell([with(false, false)]);
    assert_eq!(bed.steered(), (true, false));
    bed.tell([with(true, false)]);
    bed.answer(Ok(()));
    assert_eq!(bed.steered(), (true, false));
    bed.tell([with(false, false)]);
    assert_eq!(bed.steered(), (false, false), "from then on the worker's word counts");
}

#[test]
fn mute_and_deafen_that_were_refused_are_undone_in_a_call_and_without_one() {
    for mut bed in [Bed::in_call(), Bed::home()] {
        bed.push(UiAction::SetMuted(true));
        bed.push(UiAction::SetDeafened(true));
        assert_eq!(bed.steered(), (true, true));
        bed.answer(Err(Code::Internal));
        assert_eq!(bed.steered(), (false, false));
        assert!(matches!(&bed.toasts()[..], [Notice::Error(_), ..]));
    }
}

#[test]
fn mute_without_a_call_holds_once_the_worker_has_it() {
    let mut bed = Bed::home();
    bed.push(UiAction::SetDeafened(true));
    bed.answer(Ok(()));
    bed.push(UiAction::SetMuted(true));
    bed.answer(Err(Code::Internal));
    assert_eq!(bed.steered(), (false, true));
}

#[test]
fn a_connection_that_is_not_theirs_is_said_by_name_and_is_why_the_call_failed() {
    let mut bed = Bed::in_call();
    bed.tell([
        Event::Notice(Told::BindingFailed { peer: RHEA }),
        Event::CallEnded {
            call: CallId([9; 16]),
            channel: RHEA.into(),
            outcome: CallOutcome::Failed,
            duration_ms: 0,
        },
    ]);
    assert!(matches!(&bed.toasts()[..], [Notice::BindingFailed { name }] if name == "Rhea"));
    let CallPhase::Ended {
        reason: EndReason::Failed(why),
        ..
    } = &bed.call().phase
    else {
        panic!("{:?}", bed.call().phase)
    };
    assert!(
        orrery_ui::strings::error(why).contains("between you and Rhea"),
        "{why:?}"
    );
}

#[test]
fn a_call_that_fails_for_another_reason_frightens_nobody() {
    let mut bed = Bed::in_call();
    let stranger = PeerId([7; 32]);
    bed.tell([Event::Notice(Told::BindingFailed { peer: stranger })]);
    bed.tell([Event::CallEnded {
        call: CallId([9; 16]),
        channel: RHEA.into(),
        outcome: CallOutcome::Failed,
        duration_ms: 0,
    }]);
    let failed = CallPhase::Ended {
        reason: EndReason::Failed(ErrorView::code("call_failed")),
        seconds: 0,
    };
    assert_eq!(bed.call().phase, failed);
}

#[test]
fn a_request_that_failed_and_a_program_too_old_are_said_by_name() {
    let mut bed = Bed::home();
    let ariel = PeerId([4; 32]);
    let asked = ContactView {
        name: "Ariel".into(),
        ..contact(ariel, ContactState::RequestedByUs)
    };
    bed.tell([
        Event::ContactChanged { contact: asked },
        Event::Notice(Told::RequestFailed {
            peer: ariel,
            code: Code::BadPrekeys,
        }),
        Event::ContactRemoved { peer: ariel },
        Event::Notice(Told::VersionMismatch { peer: RHEA }),
    ]);
    let toasts = bed.toasts();
    assert!(
        matches!(
            &toasts[..],
            [
                Notice::RequestFailed { name, error },
                Notice::VersionMismatch { name: other }
            ] if name == "Ariel" && error.code == "bad_prekeys" && other == "Rhea"
        ),
        "{toasts:?}"
    );
}

#[test]
fn a_server_that_is_not_to_be_trusted_is_said_in_those_words() {
    let mut bed = Bed::home();
    for (code, name) in [
        (Code::ServerCertificate, "server_certificate"),
        (Code::ServerBusy, "server_busy"),
    ] {
        bed.tell([Event::ServerChanged {
            server: ServerPhase::Offline {
                code: Some(code),
                retry_ms: 4000,
            },
        }]);
        assert_eq!(bed.banner().unwrap().error.code, name);
    }
}

#[test]
fn who_is_connected_elsewhere_stays_away_until_told_to_connect_here() {
    let mut bed = Bed::home();
    bed.tell([Event::ServerChanged {
        server: ServerPhase::Offline {
            code: Some(Code::Replaced),
            retry_ms: 4000,
        },
    }]);
    let expected = BannerView {
        error: ErrorView::code("replaced"),
        level: Level::Warn,
        retry_at_ms: None,
        button: Some(BannerButton::ConnectHere),
        closes: false,
    };
    assert_eq!(bed.banner(), Some(&expected));
    assert_eq!(bed.app.world().resource::<Desk>().retry_at_ms, None);
    assert!(matches!(
        bed.act(UiAction::RetryConnection)[..],
        [Command::Reconnect {}]
    ));
}

#[test]
fn a_call_is_taken_by_one_command() {
    let mut bed = Bed::in_call();
    let call = CallId([8; 16]);
    let ringing = Running {
        call,
        ..running(Stage::Incoming)
    };
    bed.tell([Event::CallChanged { call: ringing }]);
    let key = bed.app.world().resource::<Shown>().incoming.clone().unwrap().call;
    assert_eq!(bed.act(UiAction::AcceptCall(key)), [Command::AcceptCall { call }]);
}

#[test]
fn everybody_who_is_blocked_is_listed_contact_or_not() {
    let mut bed = Bed::home();
    let blocked = |n: u8, name: &str, state| Event::ContactChanged {
        contact: ContactView {
            name: name.into(),
            blocked: true,
            ..contact(PeerId([n; 32]), state)
        },
    };
    bed.act(UiAction::OpenSettings);
    bed.tell([
        blocked(5, "Triton", ContactState::Removed),
        blocked(6, "Ariel", ContactState::Contact),
        blocked(7, "Dione", ContactState::Contact),
        Event::ContactRemoved { peer: PeerId([7; 32]) },
    ]);
    let names: Vec<_> = bed.settings().blocked.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Ariel", "Dione", "Triton"]);
    assert_eq!(bed.home_view().contacts.len(), 2, "Rhea and Ariel");
    let key = bed.settings().blocked[2].peer;
    assert!(matches!(
        bed.act(UiAction::UnblockContact(key))[..],
        [Command::UnblockContact { peer }] if peer == PeerId([5; 32])
    ));
}

#[test]
fn a_setting_that_could_not_be_kept_is_no_longer_shown() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    bed.push(UiAction::Set(Setting::Typing(false)));
    bed.push(UiAction::Set(Setting::ReadReceipts(false)));
    let shown = |bed: &Bed| (bed.settings().typing, bed.settings().read_receipts);
    assert_eq!(shown(&bed), (false, false), "shown at once");
    bed.answer(Err(Code::DiskFull));
    assert_eq!(shown(&bed), (true, true));
    assert!(bed.toasts().contains(&Notice::Error(ErrorView::code("disk_full"))));

    bed.push(UiAction::Set(Setting::Typing(false)));
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Open(ProfileView {
            settings: Settings {
                typing: false,
                ..Settings::default()
            },
            ..profile()
        }),
    }]);
    bed.answer(Ok(()));
    assert_eq!(shown(&bed), (false, true));
}

#[test]
fn a_dragged_slider_tells_the_worker_now_and_then_and_at_last_where_it_rests() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenSettings);
    let mut told = Vec::new();
    let begun = std::time::Instant::now();
    for percent in 1..=40_u8 {
        let volume = f32::from(percent) / 100.0;
        told.extend(bed.act(UiAction::Set(Setting::InputVolume(volume))));
        assert_eq!(bed.settings().input_volume, volume, "shown at once");
    }
    let most = 2 + begun.elapsed().as_millis() / 200;
    assert!(told.len() as u128 <= most, "{} of 40 moves", told.len());
    std::thread::sleep(Duration::from_millis(250));
    bed.app.update();
    bed.app.update();
    told.extend(bed.commands());
    assert!(
        matches!(told.last(), Some(Command::SetSettings { settings }) if settings.input_volume == 0.4),
        "{told:?}"
    );
}

#[test]
fn a_switch_flipped_after_a_slider_takes_both_along() {
    let mut bed = Bed::home();
    bed.act(UiAction::Set(Setting::InputVolume(0.5)));
    assert!(bed.act(UiAction::Set(Setting::InputVolume(0.6))).is_empty());
    let sent = bed.act(UiAction::Set(Setting::Sounds(false)));
    assert!(
        matches!(&sent[..], [Command::SetSettings { settings }] if settings.input_volume == 0.6 && !settings.sounds),
        "{sent:?}"
    );
}

#[test]
fn a_name_that_was_refused_does_not_name_the_profile() {
    let mut bed = Bed::home();
    bed.fail(UiAction::Set(Setting::Name("Nova".into())), Code::DiskFull);
    assert_ne!(bed.app.world().resource::<Kept>().get().label, "Nova");
}

#[test]
fn devices_are_asked_for_after_unlocking_and_their_absence_is_said() {
    let mut bed = Bed::new();
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Open(profile()),
    }]);
    let lists = |sent: &[Command]| sent.iter().filter(|c| matches!(c, Command::ListDevices {})).count();
    assert_eq!(lists(&bed.commands()), 1, "once");
    assert_eq!(bed.banner(), None, "nothing is known yet");
    for (inputs, outputs, code) in [
        (0, 0, Some("no_sound")),
        (0, 1, Some("no_input_device")),
        (1, 0, Some("no_output_device")),
        (1, 1, None),
    ] {
        bed.tell([devices(inputs, outputs)]);
        assert_eq!(bed.banner().map(|banner| banner.error.code.as_str()), code);
    }
    bed.tell([devices(0, 1)]);
    assert!(bed.banner().is_some_and(|banner| banner.closes));
    bed.act(UiAction::DismissBanner("no_input_device".into()));
    assert_eq!(bed.banner(), None);
    bed.tell([devices(0, 1)]);
    assert_eq!(bed.banner(), None, "it was read");
    bed.tell([devices(1, 1)]);
    bed.tell([devices(0, 1)]);
    assert!(bed.banner().is_some(), "lost again is news");
}

#[test]
fn devices_are_listed_again_only_while_somebody_looks() {
    let mut bed = Bed::home();
    assert!(matches!(bed.act(UiAction::OpenSettings)[..], [Command::ListDevices {}]));
    assert!(!bed.settings().devices_listed);
    bed.push(UiAction::WatchDevices(true));
    bed.tell([devices(1, 1)]);
    assert!(bed.settings().devices_listed);
    bed.answer(Ok(()));
    let due = |bed: &Bed| bed.app.world().resource::<Desk>().list_at;
    let at = due(&bed).expect("another look is due");
    assert!(at > std::time::Instant::now());
    // As if the time had come.
    bed.app.world_mut().resource_mut::<Desk>().list_at = Some(std::time::Instant::now());
    bed.app.update();
    bed.app.update();
    assert!(matches!(bed.commands()[..], [Command::ListDevices {}]));
    bed.push(UiAction::WatchDevices(false));
    bed.answer(Ok(()));
    assert_eq!(due(&bed), None);
}

#[test]
fn both_problems_with_sound_are_said_in_a_call() {
    let mut bed = Bed::in_call();
    let mut news = devices(0, 0);
    if let Event::Devices { input_problem, .. } = &mut news {
        *input_problem = Some(Code::NoInputDevice);
    }
    bed.tell([news]);
    let codes: Vec<_> = bed.call().trouble.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["no_input_device", "no_output_device"]);
    assert_eq!(bed.banner(), None, "the stage says it");
}

/// A click on the test tone says why nothing is heard, also to somebody who has closed the banner about it.
#[test]
fn a_test_tone_that_nobody_can_hear_says_so() {
    let mut bed = Bed::home();
    bed.tell([devices(1, 0)]);
    bed.act(UiAction::DismissBanner("no_output_device".into()));
    assert_eq!(bed.banner(), None);
    bed.act(UiAction::TestTone);
    assert_eq!(bed.toasts(), [Notice::Error(ErrorView::code("no_output_device"))]);
    bed.tell([devices(1, 1)]);
    bed.act(UiAction::TestTone);
    assert_eq!(bed.toasts().len(), 1, "nothing is wrong any more");
}

#[test]
fn a_call_with_nobody_in_it_is_not_called_verified() {
    let mut bed = Bed::in_call();
    bed.tell([Event::CallChanged {
        call: Running {
            participants: Vec::new(),
            ..running(Stage::Active)
        },
    }]);
    assert!(!bed.call().all_verified);
}

#[test]
fn strangers_who_come_one_after_the_other_are_all_named() {
    let mut bed = Bed::in_call();
    let shown = |n: u8| {
        Event::Notice(Told::AddressesShown {
            call: CallId([9; 16]),
            peers: vec![PeerId([n; 32])],
        })
    };
    bed.tell([shown(4), shown(5), shown(4)]);
    let peers: Vec<_> = bed.call().strangers.iter().map(|one| one.peer.0[0]).collect();
    assert_eq!(peers.len(), 2);
    assert!(peers.contains(&4) && peers.contains(&5));
}

#[test]
fn a_clock_that_is_off_is_said_until_it_is_read_or_right() {
    let mut bed = Bed::home();
    let skew = |seconds| Event::Notice(Told::ClockSkew { seconds });
    bed.tell([skew(94)]);
    assert_eq!(bed.banner().unwrap().error.detail.as_deref(), Some("94"));
    bed.act(UiAction::DismissBanner("clock_skew".into()));
    assert_eq!(bed.banner(), None);
    bed.tell([skew(-200)]);
    assert!(bed.banner().is_some(), "it has changed");
    bed.tell([skew(3)]);
    assert_eq!(bed.banner(), None, "it is right");
}

#[test]
fn an_empty_server_address_is_not_replaced_by_another() {
    let mut bed = Bed::new();
    bed.tell([Event::ProfileChanged {
        profile: ProfilePhase::Empty,
    }]);
    let sent = bed.act(UiAction::CreateProfile {
        name: "Rhea".into(),
        passphrase: Passphrase::new("seven quiet moons".into()),
        server: String::new(),
    });
    assert!(
        matches!(&sent[..], [Command::CreateProfile { server: Some(server), .. }] if server.is_empty()),
        "{sent:?}"
    );
}
