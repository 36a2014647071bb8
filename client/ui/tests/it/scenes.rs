//! Every screen and state, put together from the samples.

use orrery_ui::view::*;

use super::*;

/// Devices in order of preference, one of them not there; the threshold set by hand.
fn ranked_settings() -> SettingsView {
    let ranked = |id: &str, name: &str, here| RankedView {
        id: id.into(),
        name: name.into(),
        here,
    };
    let mut view = settings();
    view.voice.gate_db = Some(-38.0);
    view.voice.inputs = vec![
        ranked("b", "USB Headset Mono", true),
        ranked(
            "x",
            "The good microphone with the long name in the study upstairs",
            false,
        ),
    ];
    view
}

/// Push to talk on a desktop that lends no keys.
fn pushing_settings() -> HomeView {
    let mut view = settings();
    view.voice.transmit = Transmit::PushToTalk;
    view.voice.noise = Noise::Strong;
    let mut pushing = home(MainPane::Settings(Box::new(view)));
    pushing.keys.reach = KeyReach::Here;
    pushing.keys.taken = vec![KeyUse::Mute];
    pushing
}

/// Every screen and state.
pub fn scenes() -> Vec<Scene> {
    let folder = "/home/io/.local/share/orrery/profiles".to_owned();
    let first = FirstStartView {
        folder: folder.clone(),
        server: "ws://127.0.0.1:8787".into(),
        ..Default::default()
    };
    let unlock = UnlockView {
        name: "Home profile".into(),
        can_go_back: true,
        ..Default::default()
    };
    let profile = |id: &str, name: &str, n: Option<u8>, in_use| ProfileEntry {
        id: id.into(),
        name: name.into(),
        last_used_ms: n.map(|n| NOW - i64::from(n) * DAY),
        in_use,
    };
    let mut alone = home(MainPane::Empty);
    alone.contacts.clear();
    alone.requests_in.clear();
    alone.welcome = Some("Echo".into());
    let mut in_call = home(MainPane::Conversation(Box::new(conversation())));
    in_call.call = Some(RunningCall {
        call: call_key(),
        names: vec!["Callisto".into(), "Dione".into()],
        phase: active(),
    });
    in_call.me.muted = true;
    let mut offline_home = home(MainPane::Conversation(Box::new(busy_conversation())));
    offline_home.me.connection = Connection::Offline {
        retry_at_ms: Some(NOW + 7_200),
        error: error("server_unreachable"),
    };
    let mut adding = home(MainPane::AddContact(Box::new(add_contact(LinkCheck::Good {
        peer: peer(6),
        name: "Titania".into(),
        doubt: None,
        server: "wss://moons.example.org".into(),
    }))));
    adding.requests_out = vec![
        RequestOut {
            peer: peer(7),
            name: "Umbriel".into(),
            at_ms: NOW - 3 * HOUR,
            state: RequestState::Waiting,
        },
        RequestOut {
            peer: peer(8),
            name: "Oberon".into(),
            at_ms: NOW,
            state: RequestState::Failed(error("server_unreachable")),
        },
    ];
    let searching = ConversationView {
        search: Some(search()),
        ..conversation()
    };
    let empty_talk = ConversationView {
        messages: Vec::new(),
        first_unread: None,
        typing: false,
        ..conversation()
    };
    let blocked = ConversationView {
        blocked: true,
        typing: false,
        call: CallChance::No(error("blocked")),
        ..conversation()
    };
    let mut ringing = call(CallPhase::RingingOut { since_ms: NOW - 4_000 });
    ringing.names.truncate(1);
    let mut crowded = call(active());
    crowded.names = (0..15).map(|n| format!("Moon number {n}")).collect();
    crowded.all_verified = false;
    crowded.muted = true;
    crowded.strangers = vec![stranger(9, "Ariel"), stranger(7, "Umbriel")];
    crowded.trouble = vec![error("no_input_device"), error("no_output_device")];
    let pushing = CallView {
        talk: Some(TalkKeyView {
            mutes: false,
            key: Some("Ctrl+Shift+Space".into()),
        }),
        ..call(active())
    };
    let failed = call(CallPhase::Ended {
        reason: EndReason::Failed(error("call_failed")),
        seconds: 0,
    });

    vec![
        Scene::new("starting", ScreenView::Starting),
        Scene::new("first-start", ScreenView::FirstStart(first.clone())),
        Scene::new(
            "first-start-error",
            ScreenView::FirstStart(FirstStartView {
                error: Some(error("disk_full")),
                can_go_back: true,
                ..first.clone()
            }),
        ),
        Scene::new(
            "first-start-busy",
            ScreenView::FirstStart(FirstStartView {
                busy: Some(Busy::DerivingKey),
                ..first
            }),
        ),
        Scene::new("unlock", ScreenView::Unlock(unlock.clone())),
        Scene::new(
            "unlock-wrong",
            ScreenView::Unlock(UnlockView {
                error: Some(error("wrong_passphrase")),
                ..unlock.clone()
            }),
        ),
        Scene::new(
            "unlock-keyring",
            ScreenView::Unlock(UnlockView {
                remembered: true,
                ..unlock.clone()
            }),
        ),
        Scene::new(
            "unlock-busy",
            ScreenView::Unlock(UnlockView {
                busy: Some(Busy::DerivingKey),
                ..unlock
            }),
        ),
        Scene::new(
            "profiles",
            ScreenView::Profiles(ProfilesView {
                profiles: vec![
                    profile("io", "Tethys", Some(0), false),
                    profile("work", "Work", Some(5), false),
                    profile(
                        "old",
                        "A very long name of a profile that nobody would choose",
                        None,
                        true,
                    ),
                ],
                folder,
                error: None,
            }),
        ),
        Scene::new(
            "broken",
            ScreenView::Broken(BrokenView {
                error: error("vault_damaged"),
                log_folder: "/home/io/.local/state/orrery/log".into(),
                can_go_back: true,
            }),
        ),
        Scene::home("home-alone", alone),
        Scene::pane("home", MainPane::Empty),
        Scene::talk("talk", conversation()),
        Scene::talk("talk-busy", busy_conversation()),
        Scene::talk("talk-long", long_conversation(120)),
        Scene::talk("talk-empty", empty_talk),
        Scene::talk("talk-blocked", blocked),
        Scene::talk("talk-search", searching),
        Scene::home("talk-in-call", in_call),
        Scene {
            banner: Some(offline()),
            toasts: toasts(),
            ..Scene::home("talk-offline", offline_home)
        },
        Scene::home("add-contact", adding),
        Scene::pane(
            "add-contact-bad",
            MainPane::AddContact(Box::new(add_contact(LinkCheck::Bad(error("bad_link"))))),
        ),
        Scene {
            meters: Meters {
                mic: 0.18,
                mic_open: true,
                gate: 0.3,
                talk_held: false,
            },
            ..Scene::pane("settings", MainPane::Settings(Box::new(settings())))
        },
        Scene {
            meters: Meters {
                mic: 0.55,
                mic_open: true,
                gate: 0.3,
                talk_held: false,
            },
            ..Scene::pane("settings-voice", MainPane::Settings(Box::new(ranked_settings())))
        },
        Scene::home("settings-push", pushing_settings()),
        Scene::call(
            "call-1",
            CallView {
                names: Vec::new(),
                ..call(active())
            },
            1,
        ),
        Scene::call(
            "call-2",
            CallView {
                names: vec!["Rhea".into()],
                ..call(active())
            },
            2,
        ),
        Scene::call("call-4", call(active()), 4),
        Scene::call("call-8", call(active()), 8),
        Scene::call("call-16", crowded, 16),
        Scene::call("call-push", pushing, 4),
        Scene {
            echo: Some(1),
            volume: Some((2, 140)),
            silenced: Some(3),
            ..Scene::call("call-heard", call(active()), 4)
        },
        Scene::call("call-ringing", ringing, 2),
        Scene::call("call-ended", failed, 0),
        Scene {
            incoming: Some(incoming()),
            ..Scene::talk("incoming", conversation())
        },
        Scene {
            incoming: Some(IncomingCallView {
                verified: false,
                namesake: None,
                others: vec!["Callisto".into()],
                strangers: vec!["Ariel".into()],
                ..incoming()
            }),
            ..Scene::pane("incoming-strangers", MainPane::Empty)
        },
    ]
}
