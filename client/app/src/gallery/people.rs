//! The people of the gallery, and what they have said.

use orrery_ui::view::{
    Body, ChannelKey, Connection, ContactRow, Delivery, HomeView, KeyReach, KeysView, LastLine, MainPane, MeView,
    MessageKey, MessageView, PeerKey, Presence, QuoteView, ReactionView, RequestIn, RequestOut, RequestState,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Names in the order of their keys.
pub(super) const NAMES: [&str; 16] = [
    "You", "Rhea", "Callisto", "Dione", "Echo", "Ariel", "Titania", "Mimas", "Iapetus", "Oberon", "Europa", "Thebe",
    "Larissa", "Proteus", "Amalthea", "Himalia",
];

/// Planets worth a look, chosen by eye: one number each.
const SEEDS: [u8; 16] = [
    63, 47, 124, 182, 222, 29, 114, 184, 144, 120, 152, 237, 229, 110, 84, 183,
];

/// The key of the n-th person.
pub(super) fn key(n: usize) -> PeerKey {
    let seed = SEEDS.get(n % SEEDS.len()).copied().unwrap_or_default();
    let mut bytes = [seed; 32];
    if let Some(first) = bytes.first_mut() {
        *first = seed.wrapping_mul(7).wrapping_add(n as u8);
    }
    PeerKey(bytes)
}

/// The name of the n-th person.
pub(super) fn name(n: usize) -> &'static str {
    NAMES.get(n % NAMES.len()).copied().unwrap_or_default()
}

/// The conversation with the n-th person.
pub(super) fn channel(n: usize) -> ChannelKey {
    ChannelKey(key(n).0)
}

/// Wall time for the samples: now, so that "12 m" is twelve minutes ago.
pub(super) fn ago(minutes: i64) -> i64 {
    crate::present::unix_ms() - minutes * MINUTE
}

fn row(n: usize, presence: Presence, minutes: i64, text: &str, mine: bool) -> ContactRow {
    ContactRow {
        channel: channel(n),
        peer: key(n),
        name: name(n).into(),
        presence,
        verified: n < 3,
        namesake: None,
        blocked: false,
        last: Some(LastLine {
            text: text.into(),
            mine,
            at_ms: ago(minutes),
            delivery: mine.then_some(Delivery::Read),
        }),
        unread: 0,
        typing: false,
        draft: false,
    }
}

/// The people list.
pub(super) fn contacts() -> Vec<ContactRow> {
    let gone = |hours: i64| Presence::Gone {
        seen_ms: Some(ago(hours * HOUR / MINUTE)),
    };
    vec![
        row(
            1,
            Presence::Here,
            0,
            "Call at seven? Callisto wants to show the telescope pictures.",
            false,
        ),
        ContactRow {
            unread: 3,
            ..row(2, Presence::Here, 12, "Saturn came out well this time", false)
        },
        row(3, gone(2), 130, "The path along the ridge is open again", true),
        row(4, Presence::Here, 300, "Say something and I say it back", false),
        ContactRow {
            draft: true,
            ..row(6, gone(20), 60 * 26, "Thank you for the seeds!", false)
        },
        row(
            8,
            Presence::Unknown,
            60 * 24 * 6,
            "See you at the observatory on Friday",
            true,
        ),
    ]
}

/// Own bar.
pub(super) fn me() -> MeView {
    MeView {
        peer: key(0),
        name: "You".into(),
        connection: Connection::Online { rtt_ms: Some(18) },
        muted: false,
        deafened: false,
    }
}

/// Home with people, requests and this in the main pane.
pub(super) fn home(main: MainPane) -> HomeView {
    HomeView {
        me: me(),
        unread: contacts().iter().map(|row| row.unread).sum(),
        contacts: contacts(),
        requests_in: vec![RequestIn {
            peer: key(5),
            name: name(5).into(),
            doubt: None,
            at_ms: ago(4),
        }],
        requests_out: vec![RequestOut {
            peer: key(7),
            name: name(7).into(),
            at_ms: ago(40),
            state: RequestState::Waiting,
        }],
        main,
        call: None,
        welcome: None,
        keys: keys(),
    }
}

/// One's own keys, on a desktop that lends them.
pub(super) fn keys() -> KeysView {
    KeysView {
        talk: Some("F8".into()),
        mute: Some("Ctrl+Alt+M".into()),
        deafen: None,
        talks: false,
        reach: KeyReach::Everywhere,
        taken: Vec::new(),
    }
}

/// A message of the n-th person, so many minutes ago.
pub(super) fn message(id: u8, n: usize, minutes: i64, text: &str) -> MessageView {
    MessageView {
        key: message_key(id, n),
        author: key(n),
        author_name: name(n).into(),
        mine: n == 0,
        at_ms: ago(minutes),
        body: Body::Text(text.into()),
        edited: false,
        delivery: (n == 0).then_some(Delivery::Read),
        reply: None,
        reactions: Vec::new(),
    }
}

pub(super) fn message_key(id: u8, n: usize) -> MessageKey {
    MessageKey::new(key(n).0, [id; 16])
}

/// A conversation with everything that can hang on a message.
pub(super) fn talk() -> Vec<MessageView> {
    let relay = "The relay on the old laptop has been up for forty days now. I had forgotten it was there.";
    vec![
        message(1, 1, 60 * 25, "Did the new mirror arrive?"),
        message(
            2,
            0,
            60 * 25 - 2,
            "This morning. It is heavier than I thought, and the box is a wardrobe.",
        ),
        message(3, 1, 60 * 25 - 3, "Keep the box. You will move house one day."),
        message(4, 1, 49, relay),
        MessageView {
            reply: Some(QuoteView {
                key: message_key(4, 1),
                author_name: "Rhea".into(),
                text: Some(relay.into()),
            }),
            reactions: vec![
                ReactionView {
                    emoji: "✨".into(),
                    count: 1,
                    mine: false,
                    names: vec!["Rhea".into()],
                },
                ReactionView {
                    emoji: "👍".into(),
                    count: 2,
                    mine: true,
                    names: vec!["You".into(), "Rhea".into()],
                },
            ],
            ..message(5, 0, 47, "That is the best thing anyone can say about a server.")
        },
        message(6, 0, 46, "Notes on how it is set up: https://example.org/relay"),
        MessageView {
            edited: true,
            ..message(
                7,
                1,
                20,
                "Call at seven? Callisto wants to show the telescope pictures.",
            )
        },
    ]
}
