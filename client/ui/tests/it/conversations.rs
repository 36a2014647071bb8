//! Conversations and searches, for [`super`].

use super::*;

pub fn message(author: u8, n: u8, at_ms: i64, text: &str) -> MessageView {
    let names = ["Tethys", "Rhea", "Callisto", "Dione", "Echo"];
    MessageView {
        key: key(author, n),
        author: peer(author),
        author_name: names.get(usize::from(author)).copied().unwrap_or("Someone").into(),
        mine: author == ME,
        at_ms,
        body: Body::Text(text.into()),
        edited: false,
        delivery: (author == ME).then_some(Delivery::Read),
        reply: None,
        reactions: Vec::new(),
    }
}

pub fn conversation() -> ConversationView {
    let first = message(
        1,
        1,
        NOW - 38 * MINUTE,
        "The relay on the old laptop has been up for forty days now. I had forgotten it was there.",
    );
    let second = MessageView {
        reply: Some(QuoteView {
            key: first.key,
            author_name: "Rhea".into(),
            text: Some("The relay on the old laptop has been up for forty days now.".into()),
        }),
        reactions: vec![ReactionView {
            emoji: "✨".into(),
            count: 1,
            mine: false,
            names: vec!["Rhea".into()],
        }],
        ..message(
            ME,
            2,
            NOW - 36 * MINUTE,
            "That is the best thing anyone can say about a server.",
        )
    };
    let third = MessageView {
        edited: true,
        ..message(
            1,
            3,
            NOW - 9 * MINUTE,
            "Call at seven? Callisto wants to show the telescope pictures.",
        )
    };
    ConversationView {
        channel: channel(1),
        peer: peer(1),
        name: "Rhea".into(),
        presence: Presence::Here,
        verified: true,
        namesake: None,
        blocked: false,
        call: CallChance::Ready,
        first_unread: Some(third.key),
        messages: vec![first, second, third],
        has_older: false,
        has_newer: false,
        loading: false,
        typing: true,
        draft: String::new(),
        draft_rev: 0,
        returned: Vec::new(),
        focus: None,
        focus_rev: 0,
        search: None,
    }
}

/// Every kind of message and state there is.
pub fn busy_conversation() -> ConversationView {
    let mut talk = conversation();
    let mut n = 20_u8;
    let mut next = |author: u8, minutes: i64, text: &str| {
        n += 1;
        message(author, n, NOW - minutes * MINUTE, text)
    };
    let mut messages = vec![
        next(
            1,
            60 * 26,
            "Yesterday was clear for once. Jupiter through the small one: https://example.org/jupiter.png, worth the cold.",
        ),
        next(
            1,
            60 * 26 - 1,
            "Four moons, and the shadow of one of them on the bands. 日本語も、العربية, Ελληνικά и кириллица.",
        ),
        next(ME, 60 * 25, "I saw it!"),
    ];
    messages.push(MessageView {
        body: Body::Call(CallNote::Held { seconds: 761 }),
        delivery: None,
        ..next(ME, 60 * 24, "")
    });
    messages.push(MessageView {
        body: Body::Deleted,
        ..next(1, 300, "")
    });
    messages.push(next(
        2,
        240,
        "A longer one, to see how lines run: the wall of the dome has to come off in spring, the hinges are stiff and the \
         motor draws twice what it should. If two of you can hold the north side for ten minutes I can do the rest alone.\n\n\
         And a second paragraph, because people write those too.",
    ));
    messages.push(MessageView {
        reactions: vec![
            ReactionView {
                emoji: "👍".into(),
                count: 2,
                mine: true,
                names: vec!["Tethys".into(), "Rhea".into()],
            },
            ReactionView {
                emoji: "🔥".into(),
                count: 1,
                mine: false,
                names: vec!["Rhea".into()],
            },
            ReactionView {
                emoji: "🎉".into(),
                count: 12,
                mine: false,
                names: vec![],
            },
        ],
        ..next(ME, 239, "Saturday works.")
    });
    messages.push(MessageView {
        body: Body::Call(CallNote::Missed),
        delivery: None,
        ..next(1, 120, "")
    });
    for (minutes, delivery, text) in [
        (20, Delivery::Read, "Read by now"),
        (19, Delivery::Delivered, "Delivered, not looked at"),
        (18, Delivery::Sent, "With their server"),
        (17, Delivery::Waiting, "Their mailbox was full"),
        (16, Delivery::Failed(error("server_refused")), "This one did not go"),
        (0, Delivery::Sending, "On its way 🚀"),
    ] {
        messages.push(MessageView {
            delivery: Some(delivery),
            ..next(ME, minutes, text)
        });
    }
    talk.messages = messages;
    talk.first_unread = None;
    talk.verified = false;
    talk
}

pub fn long_conversation(count: u8) -> ConversationView {
    let mut talk = conversation();
    talk.messages = (0..count)
        .map(|n| {
            let author = u8::from(n % 3 == 0);
            let at = NOW - i64::from(count - n) * 3 * MINUTE;
            message(
                author,
                n,
                at,
                &format!("Message number {n}, with a little text behind it so that it is a line."),
            )
        })
        .collect();
    talk.first_unread = None;
    talk.typing = false;
    talk.has_older = true;
    talk
}

pub fn search() -> SearchView {
    let text = "Callisto wants to show the telescope pictures.";
    SearchView {
        query: "telescope".into(),
        busy: false,
        hits: vec![
            SearchHit {
                channel: channel(1),
                key: key(1, 3),
                author: peer(1),
                author_name: "Rhea".into(),
                at_ms: NOW - 9 * MINUTE,
                text: text.into(),
                marks: vec![27..36, 500..501],
            },
            SearchHit {
                channel: channel(1),
                key: key(0, 2),
                author: peer(0),
                author_name: "Tethys".into(),
                at_ms: NOW - 3 * DAY,
                text: "Is the telescope still at your place? I would like to try the new eyepiece on it before the weekend.".into(),
                marks: std::iter::once(7..16).collect(),
            },
        ],
        more: false,
    }
}
