//! Every screen but the calls.

use bevy_egui::egui;
use orrery_ui::view::{
    AddContactView, BannerButton, BannerView, BlockedView, Body, BrokenView, Busy, CallChance, CallNote, Connection,
    ConversationView, Delivery, DeviceView, DirectPolicy, ErrorView, FirstStartView, HomeView, IncomingCallView,
    KeyReach, KeyUse, Level, LinkCheck, MainPane, Meters, Noise, Notice, Presence, ProfileEntry, ProfilesView,
    RankedView, ReturnedText, ScreenView, SearchHit, SearchView, SecurityView, SettingsView, ToastView, Transmit,
    UnlockView, VoiceView,
};

use super::hand::Act;
use super::likeness;
use super::people::{ago, channel, home, key, me, message, message_key, name, talk};
use super::poses::Pose;
use super::trust;

pub(super) fn screen(main: MainPane) -> ScreenView {
    ScreenView::Home(Box::new(home(main)))
}

pub(super) fn conversation(n: usize) -> ConversationView {
    ConversationView {
        channel: channel(n),
        peer: key(n),
        name: name(n).into(),
        presence: Presence::Here,
        verified: n < 3,
        namesake: None,
        blocked: false,
        call: CallChance::Ready,
        messages: talk(),
        has_older: false,
        has_newer: false,
        loading: false,
        first_unread: None,
        typing: false,
        draft: String::new(),
        draft_rev: 1,
        returned: Vec::new(),
        focus: None,
        focus_rev: 0,
        search: None,
    }
}

fn talking(view: ConversationView) -> ScreenView {
    screen(MainPane::Conversation(Box::new(view)))
}

fn in_room(name: &str, screen: ScreenView) -> Pose {
    Pose {
        room: Some(key(1).0),
        ..Pose::new(name, screen)
    }
}

fn entrance() -> Vec<Pose> {
    let folder = "/home/you/.local/share/orrery/profiles/profile-1";
    let first = FirstStartView {
        folder: folder.into(),
        server: "wss://talk.example.org".into(),
        ..FirstStartView::default()
    };
    let unlock = UnlockView {
        name: "Home".into(),
        can_go_back: true,
        ..UnlockView::default()
    };
    let entry = |id: &str, name: &str, minutes: i64, in_use: bool| ProfileEntry {
        id: id.into(),
        name: name.into(),
        last_used_ms: Some(ago(minutes)),
        in_use,
    };
    let wrong = Some(ErrorView::code("wrong_passphrase"));
    let others = trust::ways_in(&first, &unlock);
    let mut poses = vec![
        Pose::new("first-start", ScreenView::FirstStart(first.clone())),
        Pose::new(
            "first-start-working",
            ScreenView::FirstStart(FirstStartView {
                busy: Some(Busy::DerivingKey),
                ..first
            }),
        ),
        Pose::new("unlock", ScreenView::Unlock(unlock.clone())),
        Pose::new(
            "unlock-wrong",
            ScreenView::Unlock(UnlockView { error: wrong, ..unlock }),
        ),
        Pose::new(
            "profiles",
            ScreenView::Profiles(ProfilesView {
                profiles: vec![
                    entry("profile-1", "Home", 30, false),
                    entry("profile-2", "Observatory", 60 * 50, true),
                    entry("profile-3", "Trying things", 60 * 24 * 40, false),
                ],
                folder: "/home/you/.local/share/orrery/profiles".into(),
                error: None,
            }),
        ),
        Pose::new(
            "broken",
            ScreenView::Broken(BrokenView {
                error: ErrorView::code("vault_damaged"),
                log_folder: format!("{folder}/logs"),
                can_go_back: true,
            }),
        ),
    ];
    poses.extend(others);
    poses
}

fn homes() -> Vec<Pose> {
    let empty = HomeView {
        contacts: Vec::new(),
        unread: 0,
        requests_in: Vec::new(),
        requests_out: Vec::new(),
        ..home(MainPane::Empty)
    };
    let welcome = HomeView {
        welcome: Some("Echo".into()),
        ..empty.clone()
    };
    let lost = HomeView {
        me: orrery_ui::view::MeView {
            connection: Connection::Offline {
                retry_at_ms: Some(ago(0) + 14_000),
                error: ErrorView::code("server_unreachable"),
            },
            ..me()
        },
        ..home(MainPane::Conversation(Box::new(waiting())))
    };
    let banner = BannerView {
        error: ErrorView::code("server_unreachable"),
        level: Level::Warn,
        retry_at_ms: Some(ago(0) + 14_000),
        button: Some(BannerButton::Retry),
        closes: false,
    };
    let no_sound = BannerView {
        error: ErrorView::code("no_sound"),
        level: Level::Warn,
        retry_at_ms: None,
        button: Some(BannerButton::Settings),
        closes: true,
    };
    let replaced = BannerView {
        error: ErrorView::code("replaced"),
        level: Level::Warn,
        retry_at_ms: None,
        button: Some(BannerButton::ConnectHere),
        closes: false,
    };
    vec![
        Pose::new("home-empty", ScreenView::Home(Box::new(empty))),
        Pose::new("home-welcome", ScreenView::Home(Box::new(welcome))),
        Pose::new("home", screen(MainPane::Empty)),
        Pose {
            banner: Some(no_sound),
            ..Pose::new("home-no-sound", screen(MainPane::Empty))
        },
        Pose {
            banner: Some(replaced),
            ..Pose::new("home-replaced", screen(MainPane::Empty))
        },
        Pose {
            banner: Some(banner),
            ..in_room("lost-connection", ScreenView::Home(Box::new(lost)))
        },
    ]
}

/// What was written while the server was away.
fn waiting() -> ConversationView {
    let mut view = conversation(1);
    let with = |delivery, id, text| orrery_ui::view::MessageView {
        delivery: Some(delivery),
        ..message(id, 0, 1, text)
    };
    view.messages
        .push(with(Delivery::Sending, 20, "Are you there already?"));
    view.messages
        .push(with(Delivery::Waiting, 21, "I left the lamp on for you."));
    let failed = Delivery::Failed(ErrorView::code("not_taken"));
    view.messages
        .push(with(failed, 22, "The key is under the third stone."));
    view
}

fn conversations() -> Vec<Pose> {
    let mut unread = conversation(1);
    unread.first_unread = Some(message_key(7, 1));
    unread.typing = true;

    let mut many = conversation(2);
    many.messages = vec![
        message(
            1,
            2,
            300,
            "日本語も、العربية も, and an emoji 🔭 or two 🌙✨: nothing is a box.",
        ),
        message(2, 0, 298, "Wie schön! Ça marche, ещё как."),
        orrery_ui::view::MessageView {
            body: Body::Deleted,
            ..message(3, 2, 296, "")
        },
        orrery_ui::view::MessageView {
            body: Body::Call(CallNote::Held { seconds: 754 }),
            delivery: None,
            ..message(4, 2, 200, "")
        },
        orrery_ui::view::MessageView {
            body: Body::Call(CallNote::Missed),
            delivery: None,
            ..message(5, 2, 100, "")
        },
        message(
            6,
            2,
            60,
            "A long one, to see how lines break: the first night with the new mirror was cloudy until two, then the wind \
             turned and for forty minutes everything stood perfectly still. I have never seen the division in the rings \
             so clearly, and I forgot to press the button for half of it.\n\nPictures follow when they are stacked.",
        ),
        message(
            7,
            0,
            12,
            "Averyveryverylongwordwithoutanyspaceatallthatmustnotpushtheconversationoutofitscolumnwhateverhappensandgoesonandonandonandon",
        ),
    ];
    let mut renamed = home(MainPane::Conversation(Box::new(ConversationView {
        name: "Professor Callisto Featherstonehaugh-Montgomery of the Northern Observatory".into(),
        ..many
    })));
    if let Some(row) = renamed.contacts.get_mut(1) {
        row.name = "Professor Callisto Featherstonehaugh-Montgomery of the Northern Observatory".into();
    }

    let mut search = conversation(1);
    let hit = |id: u8, n: usize, minutes: i64, text: &str, word: &str| SearchHit {
        channel: channel(1),
        key: message_key(id, n),
        author: key(n),
        author_name: name(n).into(),
        at_ms: ago(minutes),
        text: text.into(),
        marks: text.find(word).map(|at| at..at + word.len()).into_iter().collect(),
    };
    search.search = Some(SearchView {
        query: "relay".into(),
        busy: false,
        hits: vec![
            hit(
                6,
                0,
                46,
                "Notes on how it is set up: https://example.org/relay",
                "relay",
            ),
            hit(
                4,
                1,
                49,
                "The relay on the old laptop has been up for forty days now.",
                "relay",
            ),
            hit(
                30,
                1,
                60 * 24 * 12,
                "Could you look after the relay while I am away?",
                "relay",
            ),
        ],
        more: false,
    });
    let mut nothing = conversation(1);
    nothing.search = Some(SearchView {
        query: "zeppelin".into(),
        ..SearchView::default()
    });
    let mut returned = conversation(5);
    returned.returned = [
        "Can you bring the long cable?",
        "And the small tripod, if it is not too much.",
    ]
    .into_iter()
    .enumerate()
    .map(|(n, text)| ReturnedText {
        number: n as u64 + 1,
        text: text.into(),
        reply_to: None,
        edits: None,
    })
    .collect();
    let mut fresh = conversation(3);
    fresh.messages = Vec::new();
    let mut blocked = conversation(3);
    blocked.blocked = true;
    blocked.call = CallChance::No(ErrorView::code("blocked"));
    vec![
        in_room("conversation", talking(conversation(1))),
        in_room("conversation-unread", talking(unread)),
        in_room(
            "conversation-scripts-and-long-names",
            ScreenView::Home(Box::new(renamed)),
        ),
        in_room("conversation-new", talking(fresh)),
        in_room("conversation-returned", talking(returned)),
        in_room("conversation-blocked", talking(blocked)),
        in_room("search", talking(search)),
        in_room("search-nothing", talking(nothing)),
    ]
}

fn adding() -> Vec<Pose> {
    let own_link =
        "orrery:ytcznaqqm5ngr3yxi2x5hxsw7w2oi6e6aq6o3dkehyxkq5o3n5uq?via=wss%3A%2F%2Ftalk.example.org&name=You&t=k4w2";
    let add = |check| {
        MainPane::AddContact(Box::new(AddContactView {
            own_link: own_link.into(),
            own_here: false,
            check,
        }))
    };
    let here = MainPane::AddContact(Box::new(AddContactView {
        own_link: own_link.replace("wss%3A%2F%2Ftalk.example.org", "ws%3A%2F%2F127.0.0.1%3A7670"),
        own_here: true,
        check: LinkCheck::Empty,
    }));
    let good = LinkCheck::Good {
        peer: key(10),
        name: name(10).into(),
        doubt: None,
        server: "wss://talk.example.org".into(),
    };
    // What is written stays in the field: the empty one comes first, and each next begins with the end of the one before.
    vec![
        Pose::new("add-contact", screen(add(LinkCheck::Empty))),
        Pose::new("add-contact-this-computer", screen(here)),
        Pose::new("add-contact-new-link", screen(add(LinkCheck::Empty))).after(&[Act::Press("add.new_link")]),
        Pose::new(
            "add-contact-bad",
            screen(add(LinkCheck::Bad(ErrorView::code("bad_link")))),
        )
        .after(&[Act::Press("dialog.no"), Act::Press("add.link"), Act::Write("orrery:")]),
        Pose::new("add-contact-good", screen(add(good)))
            .after(&[Act::Press("add.link"), Act::Write("qm5x2yb7tfrk3nqz6hvd4gu1w8s2ne5c")]),
    ]
}

fn settings() -> Vec<Pose> {
    let device = |id: &str, name: &str| DeviceView {
        id: id.into(),
        name: name.into(),
    };
    let view = SettingsView {
        peer: key(0),
        id_text: "ytcznaqqm5ngr3yxi2x5hxsw7w2oi6e6aq6o3dkehyxkq5o3n5uq".into(),
        name: "You".into(),
        server: "wss://talk.example.org".into(),
        connection: Connection::Online { rtt_ms: Some(18) },
        devices_listed: true,
        inputs: vec![device("a", "USB microphone"), device("b", "Built-in audio")],
        input: Some("a".into()),
        outputs: vec![device("b", "Built-in audio")],
        output: None,
        input_volume: 1.0,
        output_volume: 0.8,
        voice: voice(),
        mic_test: true,
        reduced_motion: false,
        direct: DirectPolicy::ConversationsAndCalls,
        read_receipts: true,
        typing: true,
        presence: true,
        blocked: [(11, "Hyperion"), (12, "Somebody who would not stop writing")]
            .map(|(n, name)| BlockedView {
                peer: key(n),
                name: name.into(),
            })
            .into(),
        notifications: true,
        notification_text: true,
        sounds: true,
        profile_folder: "/home/you/.local/share/orrery/profiles/profile-1".into(),
        log_folder: "/home/you/.local/share/orrery/profiles/profile-1/logs".into(),
        security: SecurityView::default(),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let mut poses: Vec<Pose> = [
        ("settings", "settings.tab.profile"),
        ("settings-sound", "settings.tab.sound"),
        ("settings-privacy", "settings.tab.privacy"),
        ("settings-notices", "settings.tab.notices"),
        ("settings-keys", "settings.tab.keys"),
        ("settings-about", "settings.tab.about"),
    ]
    .map(|(name, tab)| Pose {
        meters: Meters {
            mic: 0.62,
            mic_open: true,
            gate: 0.37,
            talk_held: false,
        },
        ..Pose::new(name, screen(MainPane::Settings(Box::new(view.clone())))).after(&[Act::Press(tab)])
    })
    .into();
    poses.extend(trust::security(&view));
    poses.extend(voices(&view));
    poses
}

fn voice() -> VoiceView {
    let ranked = |id: &str, name: &str, here| RankedView {
        id: id.into(),
        name: name.into(),
        here,
    };
    VoiceView {
        transmit: Transmit::Voice,
        gate_db: Some(-38.0),
        gate_attack_ms: 50,
        gate_hold_ms: 250,
        echo_cancellation: true,
        noise: Noise::Low,
        auto_gain: true,
        constant_bitrate: false,
        positional: false,
        hear: false,
        inputs: vec![
            ranked("b", "Built-in audio", true),
            ranked("x", "The good microphone in the study upstairs", false),
        ],
        outputs: Vec::new(),
    }
}

/// The rest of the sound section, and what it says where the desktop lends no keys.
fn voices(view: &SettingsView) -> Vec<Pose> {
    let mut pushing = view.clone();
    pushing.mic_test = false;
    pushing.voice = VoiceView {
        transmit: Transmit::PushToTalk,
        noise: Noise::Strong,
        constant_bitrate: true,
        inputs: Vec::new(),
        ..voice()
    };
    let mut home = home(MainPane::Settings(Box::new(pushing.clone())));
    home.keys.reach = KeyReach::Here;
    home.keys.taken = vec![KeyUse::Mute];
    let pushing = ScreenView::Home(Box::new(home));
    let following = SettingsView {
        voice: VoiceView {
            gate_db: None,
            ..voice()
        },
        ..view.clone()
    };
    let loud = Meters {
        mic: 0.62,
        mic_open: true,
        gate: 0.31,
        talk_held: false,
    };
    let tab = Act::Press("settings.tab.sound");
    // A place that was scrolled to is kept from one picture to the next.
    let (top, foot) = (Act::Scroll(9000.0), Act::Scroll(-9000.0));
    let posing = |name: &str, screen: ScreenView, acts: &[Act]| Pose {
        meters: loud,
        ..Pose::new(name, screen).after(acts)
    };
    let plain = screen(MainPane::Settings(Box::new(following)));
    vec![
        posing("settings-sound-middle", plain.clone(), &[top, tab, Act::Scroll(-430.0)]),
        posing("settings-sound-foot", plain, &[top, tab, foot, foot]),
        posing(
            "settings-push-to-talk",
            pushing.clone(),
            &[top, tab, Act::Scroll(-330.0)],
        ),
        posing(
            "settings-key-waits",
            pushing.clone(),
            &[top, tab, Act::Press("settings.key.talk"), Act::Key(egui::Key::V)],
        ),
        posing(
            "settings-keys-taken",
            pushing,
            &[Act::Key(egui::Key::Escape), top, Act::Press("settings.tab.keys")],
        ),
    ]
}

fn overlays() -> Vec<Pose> {
    let incoming = IncomingCallView {
        call: orrery_ui::view::CallKey([1; 16]),
        from: key(1),
        name: name(1).into(),
        verified: true,
        namesake: None,
        others: vec![name(2).into()],
        strangers: Vec::new(),
        since_ms: ago(0),
    };
    let toast = |id, notice, n: Option<usize>| ToastView {
        id,
        notice,
        channel: n.map(channel),
        peer: n.map(key),
    };
    let toasts = vec![
        toast(
            1,
            Notice::Message {
                name: name(2).into(),
                text: "Saturn came out well this time".into(),
            },
            Some(2),
        ),
        toast(2, Notice::Accepted { name: name(7).into() }, Some(7)),
        toast(3, Notice::Error(ErrorView::code("call_failed")), None),
        toast(4, Notice::Copied, None),
    ];
    vec![
        Pose {
            incoming: Some(incoming),
            ..in_room("incoming-call", talking(conversation(3)))
        },
        Pose {
            toasts,
            ..in_room("toasts", talking(conversation(1)))
        },
    ]
}

/// All of them, in the order in which a newcomer meets them.
pub(super) fn all() -> Vec<Pose> {
    let mut poses = entrance();
    poses.extend(homes());
    poses.extend(conversations());
    poses.extend(trust::comparing());
    poses.extend(adding());
    poses.extend(likeness::all());
    poses.extend(settings());
    poses.extend(overlays());
    poses
}
