//! Views of every screen and state, filled with people and words. Shared by the tests and by `examples/shots.rs`.

use egui::{Rect, pos2};
use orrery_ui::layout::orrery_layout;
use orrery_ui::view::*;

// By their paths: the files stand beside this one for the tests and for the example, which comes here by a path itself.
#[path = "conversations.rs"]
mod conversations;
#[path = "scenes.rs"]
mod scenes;

pub use conversations::*;
pub use scenes::scenes;

/// 2026-03-03 18:40:00 UTC.
pub const NOW: i64 = 1_772_563_200_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

pub fn peer(n: u8) -> PeerKey {
    PeerKey([n.wrapping_mul(37).wrapping_add(11); 32])
}

pub fn channel(n: u8) -> ChannelKey {
    ChannelKey(peer(n).0)
}

pub fn key(author: u8, n: u8) -> MessageKey {
    MessageKey::new(peer(author).0, [n; 16])
}

pub fn call_key() -> CallKey {
    CallKey([7; 16])
}

pub fn error(code: &str) -> ErrorView {
    ErrorView::code(code)
}

const ME: u8 = 0;

pub fn me() -> MeView {
    MeView {
        peer: peer(ME),
        name: "Tethys".into(),
        connection: Connection::Online { rtt_ms: Some(18) },
        muted: false,
        deafened: false,
    }
}

pub fn contact(n: u8, name: &str, last: Option<(&str, bool, i64)>) -> ContactRow {
    ContactRow {
        channel: channel(n),
        peer: peer(n),
        name: name.into(),
        presence: Presence::Unknown,
        verified: false,
        namesake: None,
        blocked: false,
        last: last.map(|(text, mine, at_ms)| LastLine {
            text: text.into(),
            mine,
            at_ms,
            delivery: None,
        }),
        unread: 0,
        typing: false,
        draft: false,
    }
}

pub fn contacts() -> Vec<ContactRow> {
    let rhea = contact(
        1,
        "Rhea",
        Some((
            "Call at seven? Callisto wants to show the telescope pictures.",
            false,
            NOW - 20_000,
        )),
    );
    let callisto = contact(
        2,
        "Callisto",
        Some(("The mirror arrived in one piece", false, NOW - 12 * MINUTE)),
    );
    let dione = contact(3, "Dione", Some(("see you then", true, NOW - 2 * HOUR)));
    let echo = contact(4, "Echo", Some(("You said: hello", false, NOW - DAY)));
    vec![
        ContactRow {
            presence: Presence::Here,
            verified: true,
            typing: true,
            ..rhea
        },
        ContactRow {
            presence: Presence::Here,
            unread: 3,
            ..callisto
        },
        ContactRow {
            presence: Presence::Gone {
                seen_ms: Some(NOW - HOUR),
            },
            ..dione
        },
        echo,
    ]
}

pub fn home(main: MainPane) -> HomeView {
    HomeView {
        me: me(),
        contacts: contacts(),
        unread: 3,
        requests_in: vec![RequestIn {
            peer: peer(9),
            name: "Ariel".into(),
            doubt: None,
            at_ms: NOW - 5 * MINUTE,
        }],
        requests_out: Vec::new(),
        main,
        call: None,
        welcome: None,
        keys: keys(),
    }
}

pub fn settings() -> SettingsView {
    let device = |id: &str, name: &str| DeviceView {
        id: id.into(),
        name: name.into(),
    };
    SettingsView {
        peer: peer(ME),
        id_text: "k5zq7m2xw4a6n3vhr2d8tq0c9y1jb5pf7s3ge6ulwxo4mntzya2q".into(),
        name: "Tethys".into(),
        server: "wss://orrery.example.org".into(),
        connection: Connection::Online { rtt_ms: Some(18) },
        devices_listed: true,
        inputs: vec![device("a", "Built-in Microphone"), device("b", "USB Headset Mono")],
        input: None,
        outputs: vec![device("c", "Built-in Speakers"), device("d", "USB Headset Stereo")],
        output: Some("d".into()),
        input_volume: 1.0,
        output_volume: 0.8,
        voice: voice(),
        mic_test: false,
        reduced_motion: false,
        direct: DirectPolicy::ConversationsAndCalls,
        read_receipts: true,
        typing: true,
        presence: false,
        blocked: vec![BlockedView {
            peer: peer(12),
            name: "Hyperion".into(),
        }],
        notifications: true,
        notification_text: true,
        sounds: true,
        profile_folder: "/home/io/.local/share/orrery/profiles/io".into(),
        log_folder: "/home/io/.local/state/orrery/log".into(),
        security: SecurityView::default(),
        version: "0.1.0".into(),
    }
}

pub fn add_contact(check: LinkCheck) -> AddContactView {
    AddContactView {
        own_link:
            "orrery:k5zq7m2xw4a6n3vhr2d8tq0c9y1jb5pf7s3ge6ulwxo4mntzya2q?via=wss%3A%2F%2Forrery.example.org&name=Io"
                .into(),
        own_here: false,
        check,
    }
}

pub fn call(phase: CallPhase) -> CallView {
    CallView {
        call: call_key(),
        phase,
        names: vec!["Rhea".into(), "Callisto".into(), "Dione".into()],
        all_verified: true,
        muted: false,
        deafened: false,
        addable: vec![ContactPick {
            peer: peer(4),
            name: "Echo".into(),
            presence: Presence::Here,
            namesake: None,
        }],
        strangers: Vec::new(),
        trouble: Vec::new(),
        talk: None,
        channel: Some(channel(1)),
    }
}

pub fn stranger(n: u8, name: &str) -> Stranger {
    Stranger {
        peer: peer(n),
        name: name.into(),
    }
}

pub fn active() -> CallPhase {
    CallPhase::Active {
        since_ms: NOW - 761_000,
    }
}

/// Plates for `people` on a stage, in every state in turn.
pub fn plates(stage: Rect, people: usize) -> Vec<PlateView> {
    let names = [
        "Tethys",
        "Rhea",
        "Callisto",
        "Dione",
        "Echo",
        "Ariel",
        "Bartholomew the Longwinded of Ganymede",
        "Umbriel",
    ];
    orrery_layout(stage, people, 3.0, true)
        .into_iter()
        .enumerate()
        .map(|(at, place)| PlateView {
            peer: peer(at as u8),
            me: at == 0,
            name: names[at % names.len()].into(),
            verified: at % 8 == 1,
            namesake: (at % 8 == 2).then(namesake),
            center: place.center,
            radius: place.radius,
            speaking: at % 8 == 1,
            muted: at % 8 == 3,
            deafened: at % 8 == 6,
            volume: if at % 8 == 5 { 60 } else { 100 },
            silenced: at % 8 == 7,
            echo: false,
            status: match at % 8 {
                0 => PlateStatus::None,
                4 => PlateStatus::Connecting,
                5 => PlateStatus::BadLink {
                    rtt_ms: 340,
                    loss_percent: 12,
                },
                7 => PlateStatus::Ringing,
                _ => PlateStatus::Direct { rtt_ms: 18 },
            },
        })
        .collect()
}

pub fn keys() -> KeysView {
    KeysView {
        talk: Some("F8".into()),
        mute: Some("Ctrl+Alt+M".into()),
        deafen: None,
        talks: false,
        reach: KeyReach::Everywhere,
        taken: Vec::new(),
    }
}

pub fn voice() -> VoiceView {
    VoiceView {
        transmit: Transmit::Voice,
        gate_db: None,
        gate_attack_ms: 50,
        gate_hold_ms: 250,
        echo_cancellation: true,
        noise: Noise::Low,
        auto_gain: true,
        constant_bitrate: false,
        positional: false,
        hear: false,
        inputs: Vec::new(),
        outputs: Vec::new(),
    }
}

/// A pair in good order; `n` is who.
pub fn link(n: u8, name: &str) -> LinkView {
    LinkView {
        peer: peer(n),
        name: name.into(),
        namesake: None,
        phase: LinkPhase::Up,
        rtt_ms: 18,
        loss_in: 0.004,
        loss_out: 0.0,
        jitter_ms: 3,
        buffer_ms: 40,
        concealed: 0.0,
        recovered: 0.004,
        frame_ms: 20,
        route: Route::Direct,
        echo: false,
    }
}

/// Three people: one well, one who misses much of what is said, one who is gone for the moment.
pub fn quality() -> QualityView {
    QualityView {
        own: CodecView {
            frame_ms: 20,
            bitrate: 32_000,
            fec: true,
            dred_ms: 200,
        },
        links: vec![
            link(1, "Rhea"),
            LinkView {
                loss_out: 0.18,
                rtt_ms: 340,
                route: Route::Relayed,
                ..link(2, "Bartholomew the Longwinded of Ganymede")
            },
            LinkView {
                phase: LinkPhase::Lost,
                ..link(3, "Dione")
            },
        ],
        deaf: vec![
            DeafPair {
                hearer: "Rhea".into(),
                speaker: "Dione".into(),
                both: true,
            },
            DeafPair {
                hearer: "Dione".into(),
                speaker: "Bartholomew the Longwinded of Ganymede".into(),
                both: false,
            },
        ],
    }
}

pub fn namesake() -> Namesake {
    Namesake {
        id: "qm5x2yb7".into(),
        doubtful: true,
    }
}

pub fn incoming() -> IncomingCallView {
    IncomingCallView {
        call: call_key(),
        from: peer(1),
        name: "Rhea".into(),
        verified: true,
        namesake: None,
        others: Vec::new(),
        strangers: Vec::new(),
        since_ms: NOW - 1_300,
    }
}

pub fn offline() -> BannerView {
    BannerView {
        error: error("server_unreachable"),
        level: Level::Warn,
        retry_at_ms: Some(NOW + 7_200),
        button: Some(BannerButton::Retry),
        closes: false,
    }
}

pub fn toasts() -> Vec<ToastView> {
    vec![
        ToastView {
            id: 1,
            notice: Notice::Error(error("disk_full")),
            channel: None,
            peer: None,
        },
        ToastView {
            id: 2,
            notice: Notice::Message {
                name: "Callisto".into(),
                text: "The mirror arrived in one piece. Come and look!".into(),
            },
            channel: Some(channel(2)),
            peer: Some(peer(2)),
        },
    ]
}

/// A screen with everything around it.
pub struct Scene {
    pub name: &'static str,
    pub screen: ScreenView,
    pub incoming: Option<IncomingCallView>,
    pub banner: Option<BannerView>,
    pub toasts: Vec<ToastView>,
    pub people: usize,
    pub meters: Meters,
    pub quality: QualityView,
    /// From whom one's own voice comes back, by their place.
    pub echo: Option<usize>,
    /// Whose volume was changed, and to how much.
    pub volume: Option<(usize, u16)>,
    /// Who is not heard.
    pub silenced: Option<usize>,
}

impl Scene {
    pub fn new(name: &'static str, screen: ScreenView) -> Self {
        Self {
            name,
            screen,
            incoming: None,
            banner: None,
            toasts: Vec::new(),
            people: 4,
            meters: Meters::default(),
            quality: quality(),
            echo: None,
            volume: None,
            silenced: None,
        }
    }

    pub fn home(name: &'static str, home: HomeView) -> Self {
        Self::new(name, ScreenView::Home(Box::new(home)))
    }

    pub fn pane(name: &'static str, main: MainPane) -> Self {
        Self::home(name, home(main))
    }

    pub fn talk(name: &'static str, talk: ConversationView) -> Self {
        Self::pane(name, MainPane::Conversation(Box::new(talk)))
    }

    pub fn call(name: &'static str, call: CallView, people: usize) -> Self {
        let running = RunningCall {
            call: call.call,
            names: call.names.clone(),
            phase: call.phase.clone(),
        };
        let mut home = home(MainPane::Call(Box::new(call)));
        home.call = Some(running);
        Self {
            people,
            ..Self::home(name, home)
        }
    }

    /// Everybody's plate on a stage, with what this scene says of them.
    pub fn plates(&self, stage: Rect) -> Vec<PlateView> {
        let mut plates = plates(stage, self.people);
        for (at, plate) in plates.iter_mut().enumerate() {
            plate.echo |= self.echo == Some(at);
            plate.silenced |= self.silenced == Some(at);
            if let Some((_, volume)) = self.volume.filter(|(who, _)| *who == at) {
                plate.volume = volume;
            }
        }
        plates
    }

    pub fn stage(window: Rect) -> Rect {
        let main = orrery_ui::layout::columns(window, true).main.unwrap_or(window);
        Rect::from_min_max(pos2(main.left(), main.top() + 56.0), main.max)
    }
}
