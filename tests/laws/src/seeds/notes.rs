//! One note of every kind.

use orrery_protocol::{
    CallId, ConnectionId, MessageId, MessageRef, PeerId, Token,
    note::{Body, Introduction, Item, ItemKind, Note, Receipt},
    signal::{CallSignal, CallStep, ConnectionSignal, ConnectionStep, Member, Purpose, Role},
};
use serde_bytes::ByteArray;

use crate::{core::base, people::NOW_MS};

fn item(seq: u64, kind: ItemKind) -> Body {
    Body::Item(Item {
        id: MessageId([seq as u8; 16]),
        seq,
        lamport: 10 + seq,
        kind,
    })
}

/// One note of every kind, as Alice would write them to Bob of the base.
pub(super) fn notes() -> Vec<Note> {
    let base = base();
    let bobs = base
        .bob
        .history(&base.alice_id.into())
        .into_iter()
        .find(|row| row.author == base.bob_id);
    let target = bobs.map(|row| row.reference()).unwrap();
    let introduction = || Introduction {
        name: "Alice".into(),
        via: "wss://orrery.example".into(),
        token: Token([4; 32]),
    };
    let (call, connection) = (CallId([1; 16]), ConnectionId([2; 16]));
    let member = || Member {
        peer: base.mallory_id,
        name: "Mallory".into(),
        via: "wss://orrery.example".into(),
        token: Some(Token([5; 32])),
    };
    let signal = |seq, step| {
        Body::Call(CallSignal {
            call,
            seq,
            from: base.alice_id,
            to: base.bob_id,
            issued_ms: NOW_MS + 10_000,
            expires_ms: NOW_MS + 50_000,
            step,
        })
    };
    let connect = |seq, step| {
        Body::Connection(ConnectionSignal {
            connection,
            seq,
            role: Role::of(&base.alice_id, &base.bob_id),
            from: base.alice_id,
            to: base.bob_id,
            issued_ms: NOW_MS + 10_000,
            expires_ms: NOW_MS + 60_000,
            step,
        })
    };
    let random = ByteArray::new([9; 32]);
    let text = ItemKind::Text {
        text: "words".into(),
        reply_to: Some(target),
    };
    let own = MessageRef {
        author: base.alice_id,
        id: MessageId([3; 16]),
    };
    let bodies = [
        Body::Request(introduction()),
        Body::Accept(introduction()),
        Body::Profile(introduction()),
        item(3, text),
        item(
            4,
            ItemKind::Edit {
                target: MessageId([3; 16]),
                text: "other words".into(),
            },
        ),
        item(
            5,
            ItemKind::React {
                target,
                emoji: "👍".into(),
                on: true,
            },
        ),
        item(
            6,
            ItemKind::React {
                target: own,
                emoji: "👍".into(),
                on: false,
            },
        ),
        item(
            7,
            ItemKind::Delete {
                target: MessageId([3; 16]),
            },
        ),
        Body::Receipt(Receipt {
            delivered: 2,
            beyond: vec![4, 6],
            read: 2,
        }),
        Body::Typing { on: true },
        Body::Presence { here: true, ask: true },
        connect(
            0,
            ConnectionStep::Want {
                purpose: Purpose::Conversation,
            },
        ),
        connect(
            1,
            ConnectionStep::Offer {
                purpose: Purpose::Conversation,
                sdp: "v=0\r\n".into(),
                random,
            },
        ),
        connect(
            2,
            ConnectionStep::Answer {
                sdp: "v=0\r\n".into(),
                random,
            },
        ),
        connect(
            3,
            ConnectionStep::Candidates {
                lines: vec!["{}".into()],
            },
        ),
        connect(4, ConnectionStep::Bind { mac: random }),
        connect(5, ConnectionStep::Close),
        signal(
            0,
            CallStep::Ring {
                members: vec![],
                token: None,
            },
        ),
        signal(
            1,
            CallStep::Roster {
                members: vec![member()],
            },
        ),
        signal(
            2,
            CallStep::Accept {
                token: Some(Token([5; 32])),
            },
        ),
        signal(
            3,
            CallStep::State {
                muted: true,
                deafened: false,
            },
        ),
        signal(4, CallStep::Leave),
        signal(5, CallStep::Cancel),
        signal(
            6,
            CallStep::Unheard {
                peers: vec![PeerId([3; 32]), PeerId([4; 32])],
            },
        ),
        Body::Heal,
    ];
    bodies.map(|body| Note::new(NOW_MS + 10_000, body)).to_vec()
}
