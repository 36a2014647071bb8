//! What holds of Bob, whatever he is sent.

use orrery_core::{Act, Fact, Input, Output, io::DropFailure};
use orrery_crypto::{SealKind, seal};
use orrery_protocol::{
    CallId, ChannelId, ConnectionId,
    archive::{Archive, ArchiveResult},
    decode,
    limits::{MAX_NAME, MAX_TEXT},
    prekey::PrekeyBundle,
    record::{ContactState, MessageKind, MessageRecord, SessionRecord},
};

use super::{Bed, base};
use crate::{
    cursor::Cursor,
    people::{NOW_MS, rng},
};

/// What is drawn on Bob's screen: anything but that something is being mended.
fn shown(outputs: &[Output]) -> usize {
    let quiet = |fact: &Fact| matches!(fact, Fact::VersionMismatch { .. } | Fact::SessionHealed { .. });
    let facts = outputs
        .iter()
        .filter(|output| matches!(output, Output::Fact(fact) if !quiet(fact)));
    facts.count()
}

/// What is asked for has sense: nothing goes to anybody whom Bob does not know.
fn only_for_alice(outputs: &[Output]) {
    for output in outputs {
        match output {
            Output::Deposit { to, .. } => assert_eq!(*to, base().alice_id, "nothing is sent to strangers"),
            Output::Fetch { peer, .. } => assert_eq!(*peer, base().alice_id, "nobody else is asked for"),
            Output::MakeOffer { peer, .. } | Output::MakeAnswer { peer, .. } | Output::StartSound { peer, .. } => {
                assert_eq!(*peer, base().alice_id, "nobody else is connected to");
            }
            _ => {}
        }
    }
}

/// Envelopes and direct messages that nobody wrote in a session of his: nothing is shown, and no session, contact or
/// message is another.
pub fn envelope(data: &[u8]) {
    let base = base();
    let mut bed = Bed::new();
    let mut cursor = Cursor(data);
    for step in 0..4 {
        if cursor.is_empty() {
            break;
        }
        let how = cursor.u8();
        let stranger = how & 8 != 0;
        let envelope = match how & 7 {
            // Sealed for Bob under somebody's name, with anything inside.
            0..=2 => {
                let from = if stranger { base.mallory_id } else { base.alice_id };
                let message = cursor.chunk();
                seal::seal(&from, &base.bob_id, SealKind::Ratchet, message, &mut rng(step)).unwrap_or_default()
            }
            // A genuine message with bits of it changed, sealed anew.
            3 | 4 => {
                let from = if stranger { base.mallory_id } else { base.alice_id };
                let genuine = bed.says(stranger, b"genuine").unwrap();
                let bob = bob();
                let mut message = seal::open(&bob, &genuine).unwrap().message;
                let before = message.clone();
                cursor.patch(&mut message);
                if message == before {
                    continue;
                }
                seal::seal(&from, &base.bob_id, SealKind::Ratchet, &message, &mut rng(step)).unwrap_or_default()
            }
            5 => {
                let connection = ConnectionId([cursor.u8(); 16]);
                let message = cursor.chunk().to_vec();
                bed.feed(Input::DirectReceived { connection, message });
                continue;
            }
            _ => cursor.chunk().to_vec(),
        };
        bed.feed(Input::Delivered {
            id: Some(step),
            envelope,
        });
    }
    assert_eq!(shown(&bed.outputs), 0, "nothing is shown");
    only_for_alice(&bed.outputs);
    let mut before = base.bob.clone();
    let channel = base.alice_id.into();
    assert_eq!(bed.archive.history(&channel), before.history(&channel));
    assert_eq!(bed.archive.contacts(), before.contacts(), "no contact is another");
    // Not by their states: Bob writes receipts of his own meanwhile. What a message does to a state, `decrypt` holds.
    let names = |sessions: ArchiveResult<Vec<SessionRecord>>| -> Vec<([u8; 32], u32)> {
        let sessions = sessions.expect("read");
        sessions.iter().map(|row| (row.id, row.generation)).collect()
    };
    assert_eq!(
        names(bed.archive.sessions(&base.alice_id)),
        names(before.sessions(&base.alice_id)),
        "no session is another"
    );
    assert_eq!(bed.archive.session_count(&base.mallory_id), 0);
    assert_eq!(
        bed.archive.prekey_count(orrery_protocol::record::PrekeyKind::OneTime),
        before.prekey_count(orrery_protocol::record::PrekeyKind::OneTime)
    );
    assert!(
        bed.archive.unread_ciphertexts(&base.mallory_id).unwrap().is_empty(),
        "nothing of a stranger's is kept"
    );
    // And on it goes.
    let note = orrery_protocol::note::Note::new(NOW_MS, orrery_protocol::note::Body::Item(item()));
    let envelope = bed.says(false, &orrery_protocol::encode(&note).unwrap()).unwrap();
    bed.feed(Input::Delivered { id: None, envelope });
    assert_eq!(
        bed.archive.history(&channel).len(),
        before.history(&channel).len() + 1,
        "the next genuine one is read"
    );
}

fn item() -> orrery_protocol::note::Item {
    orrery_protocol::note::Item {
        id: orrery_protocol::MessageId([0xee; 16]),
        seq: 3,
        lamport: 50,
        kind: orrery_protocol::note::ItemKind::Text {
            text: "and on it goes".into(),
            reply_to: None,
        },
    }
}

fn bob() -> orrery_crypto::Identity {
    // As `Core` makes it in the base: the identity stands in the archive under this name.
    let stored = base().bob.clone().value("identity").unwrap().unwrap();
    orrery_crypto::Identity::from_bytes(&stored.0).unwrap()
}

/// Notes that Alice or Mallory really wrote, with anything in them; and what Bob may do meanwhile.
pub fn notes(data: &[u8]) {
    let base = base();
    let mut bed = Bed::new();
    let mut cursor = Cursor(data);
    let mut joined = false;
    for _ in 0..16 {
        if cursor.is_empty() {
            break;
        }
        let how = cursor.u8();
        let Some(envelope) = bed.says(how & 1 != 0, cursor.chunk()) else {
            continue;
        };
        let from = bed.outputs.len();
        bed.feed(Input::Delivered { id: None, envelope });
        answer_stack(&mut bed, from);
        if let Some(call) = ringing(&bed.outputs)
            && how & 2 != 0
        {
            joined = true;
            bed.feed(Input::Act(Act::AcceptCall(call)));
        }
        if how & 4 != 0 {
            bed.wait(u64::from(cursor.u16()));
        }
        if how & 8 != 0 {
            bed.feed(Input::Act(Act::OpenChannel(base.alice_id.into())));
        }
    }
    bed.wait(3000);
    if !joined {
        only_for_alice(&bed.outputs);
    }
    holds(&mut bed);
}

/// Plays the stack of peer connections: everything asked for comes about, with nonsense in it.
fn answer_stack(bed: &mut Bed, from: usize) {
    let asked: Vec<ConnectionId> = bed.outputs[from..]
        .iter()
        .filter_map(|output| match output {
            Output::MakeOffer { connection, .. } | Output::MakeAnswer { connection, .. } => Some(*connection),
            _ => None,
        })
        .collect();
    for connection in asked {
        bed.feed(Input::Described {
            connection,
            sdp: "v=0".into(),
        });
        bed.feed(Input::Secured {
            connection,
            local_fingerprint: [1; 32],
            remote_fingerprint: [2; 32],
        });
        bed.feed(Input::DirectOpen { connection });
    }
}

fn ringing(outputs: &[Output]) -> Option<CallId> {
    outputs.iter().rev().find_map(|output| match output {
        Output::Fact(Fact::Call(state)) => Some(state.call),
        _ => None,
    })
}

/// The laws of Bob's rows.
fn holds(bed: &mut Bed) {
    let base = base();
    for row in bed.archive.contacts().unwrap() {
        assert!(
            row.peer == base.alice_id || row.state != ContactState::Contact,
            "nobody becomes a contact by itself"
        );
        assert!(row.name.len() <= MAX_NAME && row.alias.is_none());
        assert!(
            row.their_beyond.len() <= 4096,
            "what is remembered beyond a gap is bounded"
        );
    }
    let channel: ChannelId = base.alice_id.into();
    let (before, after) = (base.bob.history(&channel), bed.archive.history(&channel));
    let own = |rows: &[MessageRecord]| -> Vec<MessageRecord> {
        let own = rows.iter().filter(|row| row.author == base.bob_id && row.seq > 0);
        own.map(|row| MessageRecord {
            delivery: orrery_protocol::record::Delivery::Sent,
            reactions: Vec::new(),
            ..row.clone()
        })
        .collect()
    };
    assert_eq!(own(&before), own(&after), "nobody changes Bob's words");
    for row in after.iter().filter(|row| row.seq > 0) {
        assert!(
            row.author == base.alice_id || row.author == base.bob_id,
            "nobody else writes here"
        );
        if let MessageKind::Text { text } = &row.kind {
            assert!(text.len() <= MAX_TEXT && (row.deleted || !text.trim().is_empty()));
        }
        assert!(row.reactions.len() <= 1000 && row.lamport <= 1 << 48 && row.seq <= 1 << 48);
    }
    let strangers = bed.archive.history(&base.mallory_id.into());
    assert!(strangers.iter().all(|row| row.seq == 0), "no words of a stranger's");
    assert!(bed.archive.outbox_len() <= 64, "nobody fills the outbox");
    assert!(bed.archive.session_count(&base.alice_id) <= 9 && bed.archive.session_count(&base.mallory_id) <= 9);
    assert!(bed.archive.unread_ciphertexts(&base.alice_id).unwrap().len() <= 64);
    assert_eq!(
        bed.archive.value("identity").unwrap(),
        base.bob.clone().value("identity").unwrap(),
        "who Bob is stays as it is"
    );
}

/// A server that answers what nobody asked, and hands out any keys.
pub fn server(data: &[u8]) {
    let base = base();
    let mut bed = Bed::new();
    let mut cursor = Cursor(data);
    for _ in 0..24 {
        if cursor.is_empty() {
            break;
        }
        let (how, ticket) = (cursor.u8(), u64::from(cursor.u8()));
        let failure = match how >> 4 {
            0..=7 => None,
            8 => Some(DropFailure::Unreachable),
            9 => Some(DropFailure::NotAccepted),
            10 => Some(DropFailure::MailboxFull),
            11 => Some(DropFailure::TooLarge),
            12 => Some(DropFailure::Version),
            _ => Some(DropFailure::Later {
                retry_ms: u64::from(cursor.u32()) << (how & 0x1f),
            }),
        };
        let outstanding = bed.outputs.iter().rev().find_map(|output| match output {
            Output::Deposit { ticket, .. } | Output::Fetch { ticket, .. } => Some(*ticket),
            _ => None,
        });
        let ticket = if ticket & 1 == 0 {
            outstanding.unwrap_or(ticket)
        } else {
            ticket
        };
        let input = match how & 7 {
            0 => Input::Deposited {
                ticket,
                result: failure.map_or(Ok(()), Err),
            },
            1 => {
                let bundle = decode::<PrekeyBundle>(cursor.chunk()).ok();
                let result = match (failure, bundle) {
                    (None, Some(bundle)) => Ok(Box::new(bundle)),
                    (failure, _) => Err(failure.unwrap_or(DropFailure::NotAccepted)),
                };
                Input::Fetched { ticket, result }
            }
            2 => Input::ServerOnline {
                one_time_left: cursor.u32(),
                has_prekeys: how & 8 != 0,
                time_ms: u64::from(cursor.u32()) << (how >> 3),
            },
            3 => Input::ServerOffline,
            4 => Input::PrekeysLow {
                one_time_left: cursor.u32(),
            },
            5 => Input::PrekeysStored,
            6 => {
                let send = Act::SendText {
                    channel: base.alice_id.into(),
                    text: "words".into(),
                    reply_to: None,
                };
                Input::Act(if how & 8 == 0 {
                    send
                } else {
                    Act::StartCall(base.alice_id)
                })
            }
            _ => {
                bed.wait(u64::from(cursor.u16()));
                Input::Wake
            }
        };
        bed.feed(input);
    }
    only_for_alice(&bed.outputs);
    let contacts = bed.archive.contacts().unwrap();
    assert!(
        contacts.iter().all(|row| row.peer == base.alice_id),
        "a server makes no acquaintances"
    );
    let history = bed.archive.history(&base.alice_id.into());
    assert!(
        history.iter().all(|row| row.author == base.bob_id || row.seq <= 2),
        "a server writes no words"
    );
}
