//! Writing, changing, reacting, reading.

use orrery_core::{
    Act, CoreError, Fact, Refusal,
    io::{Change, Cue, Policy},
};
use orrery_protocol::{MessageRef, limits::MAX_TEXT, record::Delivery};

use crate::sim::{ROUGH, World};

#[test]
fn a_text_is_sent_delivered_and_read() {
    let mut w = World::friends(20, 2);
    w.send(0, 1, "hello");
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Sending);
    w.until("sent", |w| w.delivery(0, 1, "hello") == Delivery::Sent);
    w.until("delivered", |w| w.delivery(0, 1, "hello") == Delivery::Delivered);
    let up_to = w.message(1, 0, "hello").order();
    let channel = w.channel(0);
    w.act(1, Act::MarkRead { channel, up_to }).unwrap();
    w.until("read", |w| w.delivery(0, 1, "hello") == Delivery::Read);
    assert_eq!(w.shown(1, "hello"), 1);
    assert_eq!(w.cues(1, Cue::Message), 1);
    assert_eq!(w.nodes[0].archive.outbox_len(), 0, "nothing is kept that has arrived");
    w.assert_same(0, 1);
}

#[test]
fn what_is_written_to_who_is_away_comes_when_it_is_back() {
    let mut w = World::friends(21, 2);
    w.kill(1);
    for n in 0..20 {
        w.send(0, 1, &format!("m{n}"));
    }
    w.run_for(3_600_000);
    assert!(w.history(0, 1).iter().all(|message| message.delivery == Delivery::Sent));
    w.start(1);
    w.connect(1);
    w.run_for(5000);
    assert_eq!(w.texts(1, 0), (0..20).map(|n| format!("m{n}")).collect::<Vec<_>>());
    assert!(
        w.history(0, 1)
            .iter()
            .all(|message| message.delivery == Delivery::Delivered)
    );
}

#[test]
fn what_is_written_while_offline_goes_later() {
    let mut w = World::friends(22, 2);
    w.servers[0].down = true;
    w.disconnect(0);
    w.send(0, 1, "later");
    w.run_for(600_000);
    assert_eq!(w.delivery(0, 1, "later"), Delivery::Sending);
    w.restart(0);
    w.run_for(60_000);
    w.servers[0].down = false;
    w.connect(0);
    w.run_for(1000);
    assert_eq!(w.texts(1, 0), ["later"]);
}

#[test]
fn a_receipt_tells_of_many_at_once() {
    let mut w = World::friends(23, 2);
    let before = w.servers[0].seen.len();
    for n in 0..8 {
        w.send(0, 1, &n.to_string());
    }
    w.run_for(5000);
    assert!(
        w.history(0, 1)
            .iter()
            .all(|message| message.delivery == Delivery::Delivered)
    );
    assert_eq!(w.servers[0].seen.len() - before, 9, "eight messages and one receipt");
}

#[test]
fn without_read_receipts_nobody_learns_that_a_message_was_read() {
    let mut w = World::friends(24, 2);
    let policy = Policy {
        read_receipts: false,
        ..Policy::default()
    };
    w.act(1, Act::SetPolicy(policy)).unwrap();
    w.send(0, 1, "hello");
    w.run_for(3000);
    let (channel, up_to) = (w.channel(0), w.message(1, 0, "hello").order());
    w.act(1, Act::MarkRead { channel, up_to }).unwrap();
    w.run_for(60_000);
    assert_eq!(w.delivery(0, 1, "hello"), Delivery::Delivered);
    assert_eq!(w.contact(1, 0).unwrap().read_by_us, 1, "our own unread count knows");
}

#[test]
fn reading_up_to_ones_own_message_reads_what_stands_before_it() {
    let mut w = World::friends(25, 2);
    w.send(0, 1, "one");
    w.run_for(2000);
    w.send(1, 0, "two");
    w.run_for(2000);
    w.send(0, 1, "three");
    w.run_for(2000);
    let (channel, up_to) = (w.channel(0), w.message(1, 0, "two").order());
    w.act(1, Act::MarkRead { channel, up_to }).unwrap();
    w.run_for(2000);
    assert_eq!(w.delivery(0, 1, "one"), Delivery::Read);
    assert_eq!(w.delivery(0, 1, "three"), Delivery::Delivered);
}

#[test]
fn edits_deletes_and_reactions_reach_the_other_side() {
    let mut w = World::friends(26, 2);
    w.send(0, 1, "helo");
    w.send(0, 1, "oops");
    w.run_for(2000);
    let (there, here) = (w.channel(1), w.channel(0));
    let first = w.message(0, 1, "helo");
    let second = w.message(0, 1, "oops");
    w.act(
        0,
        Act::EditText {
            channel: there,
            id: first.id,
            text: "hello".into(),
        },
    )
    .unwrap();
    w.act(
        0,
        Act::DeleteMessage {
            channel: there,
            id: second.id,
        },
    )
    .unwrap();
    let target = first.reference();
    w.act(
        1,
        Act::React {
            channel: here,
            target,
            emoji: "👍".into(),
            on: true,
        },
    )
    .unwrap();
    w.act(
        1,
        Act::React {
            channel: here,
            target,
            emoji: "🎉".into(),
            on: true,
        },
    )
    .unwrap();
    w.act(
        1,
        Act::React {
            channel: here,
            target,
            emoji: "👍".into(),
            on: false,
        },
    )
    .unwrap();
    w.act(
        1,
        Act::SendText {
            channel: here,
            text: "hi".into(),
            reply_to: Some(target),
        },
    )
    .unwrap();
    w.run_for(3000);
    w.assert_same(0, 1);
    let row = w.message(1, 0, "hello");
    assert!(row.edited);
    assert_eq!(
        row.reactions.iter().map(|r| r.emoji.as_str()).collect::<Vec<_>>(),
        ["🎉"]
    );
    assert_eq!(w.message(0, 1, "hi").reply_to, Some(target));
    assert_eq!(w.texts(1, 0), ["hello", "hi"]);
    assert_eq!(w.nodes[0].archive.outbox_len(), 0);
    assert_eq!(w.nodes[1].archive.outbox_len(), 0);
}

#[test]
fn only_its_author_changes_a_message() {
    let mut w = World::friends(27, 2);
    w.send(0, 1, "mine");
    w.run_for(2000);
    let id = w.message(1, 0, "mine").id;
    let channel = w.channel(0);
    let not_yours = Err(CoreError::Refused(Refusal::NotYours));
    assert_eq!(
        w.act(
            1,
            Act::EditText {
                channel,
                id,
                text: "x".into()
            }
        ),
        not_yours
    );
    assert_eq!(w.act(1, Act::DeleteMessage { channel, id }), not_yours);
    let channel = w.channel(1);
    w.act(0, Act::DeleteMessage { channel, id }).unwrap();
    let gone = Err(CoreError::Refused(Refusal::NoSuchMessage));
    assert_eq!(
        w.act(
            0,
            Act::EditText {
                channel,
                id,
                text: "x".into()
            }
        ),
        gone
    );
    assert_eq!(w.act(0, Act::DeleteMessage { channel, id }), gone);
}

#[test]
fn a_text_of_16_kib_goes_and_one_byte_more_is_refused() {
    let mut w = World::friends(28, 2);
    let channel = w.channel(1);
    let text = "x".repeat(MAX_TEXT);
    w.send(0, 1, &text);
    w.run_for(3000);
    assert_eq!(w.texts(1, 0), std::slice::from_ref(&text));
    let act = |text: String| Act::SendText {
        channel,
        text,
        reply_to: None,
    };
    assert_eq!(w.act(0, act(text + "x")), Err(CoreError::Refused(Refusal::TextTooLong)));
    assert_eq!(w.act(0, act(" \n".into())), Err(CoreError::Refused(Refusal::TextEmpty)));
    assert_eq!(w.contact(0, 1).unwrap().own_seq, 1, "what is refused is not counted");
}

#[test]
fn changes_that_overtake_their_message_are_kept_for_it() {
    // Wide delays reorder everything; the end is the same.
    for seed in 0..20 {
        let mut w = World::friends(2900 + seed, 2);
        w.net.delay = (5, 3000);
        w.send(0, 1, "first");
        let there = w.channel(1);
        let target = w.message(0, 1, "first").reference();
        w.act(
            0,
            Act::EditText {
                channel: there,
                id: target.id,
                text: "second".into(),
            },
        )
        .unwrap();
        w.act(
            0,
            Act::EditText {
                channel: there,
                id: target.id,
                text: "third".into(),
            },
        )
        .unwrap();
        w.act(
            0,
            Act::React {
                channel: there,
                target,
                emoji: "✨".into(),
                on: true,
            },
        )
        .unwrap();
        w.send(0, 1, "doomed");
        let doomed = w.message(0, 1, "doomed").id;
        w.act(
            0,
            Act::DeleteMessage {
                channel: there,
                id: doomed,
            },
        )
        .unwrap();
        w.run_for(60_000);
        w.assert_same(0, 1);
        assert_eq!(w.texts(1, 0), ["third"]);
        assert_eq!(w.message(1, 0, "third").reactions.len(), 1);
    }
}

#[test]
fn a_conversation_survives_a_restart_after_every_step() {
    let mut w = World::friends(30, 2);
    for n in 0..12u64 {
        w.send(0, 1, &format!("a{n}"));
        w.run_for(n * 3);
        w.restart(0);
        w.send(1, 0, &format!("b{n}"));
        w.run_for(n * 2);
        w.restart(1);
    }
    w.run_for(60_000);
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 24);
    for n in 0..12 {
        assert_eq!(
            w.history(1, 0).iter().filter(|m| m.author == w.id(0)).count(),
            12,
            "{n}"
        );
    }
    assert!(
        w.history(0, 1)
            .iter()
            .filter(|m| m.author == w.id(0))
            .all(|m| m.delivery == Delivery::Delivered)
    );
}

#[test]
fn a_commit_that_fails_changes_nothing_and_loses_nothing() {
    let mut w = World::friends(31, 2);
    for n in 0..10 {
        w.nodes[0].failing_commits = 2;
        w.nodes[1].failing_commits = 2;
        w.send(0, 1, &format!("a{n}"));
        w.send(1, 0, &format!("b{n}"));
        w.run_for(700);
    }
    w.run_for(200_000);
    w.assert_same(0, 1);
    assert_eq!(w.texts(0, 1).len(), 20);
    for n in 0..10 {
        assert_eq!(w.shown(1, &format!("a{n}")), 1);
        assert_eq!(w.shown(0, &format!("b{n}")), 1);
    }
}

#[test]
fn a_full_disk_refuses_and_leaves_the_core_as_it_was() {
    let mut w = World::friends(32, 2);
    w.nodes[0].archive.refuse = Some(orrery_protocol::archive::ArchiveError::Full);
    let channel = w.channel(1);
    let before = w.nodes[0].core.as_ref().unwrap().next_wake();
    let mut copy = w.nodes[0].archive.clone();
    let now = orrery_core::Now {
        wall_ms: w.wall(),
        mono_ms: w.now,
    };
    let act = Act::SendText {
        channel,
        text: "x".into(),
        reply_to: None,
    };
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
    let result = w.nodes[0]
        .core
        .as_mut()
        .unwrap()
        .handle(&mut copy, orrery_core::Input::Act(act), now, &mut rng);
    assert!(matches!(
        result,
        Err(CoreError::Archive(orrery_protocol::archive::ArchiveError::Full))
    ));
    assert_eq!(w.nodes[0].core.as_ref().unwrap().next_wake(), before);
    w.nodes[0].archive.refuse = None;
    w.send(0, 1, "now");
    w.run_for(2000);
    assert_eq!(w.texts(1, 0), ["now"]);
}

#[test]
fn a_rough_network_shows_each_message_once_and_in_one_order() {
    for seed in 0..6 {
        let mut w = World::friends(3300 + seed, 2);
        w.net = ROUGH;
        for n in 0..25 {
            w.send(0, 1, &format!("a{n}"));
            if n % 3 == 0 {
                w.send(1, 0, &format!("b{n}"));
            }
            w.run_for(400);
        }
        w.run_for(900_000);
        w.assert_same(0, 1);
        assert_eq!(w.texts(0, 1).len(), 34);
        for n in 0..25 {
            assert_eq!(w.shown(1, &format!("a{n}")), 1);
        }
        assert!(
            w.history(0, 1)
                .iter()
                .filter(|m| m.author == w.id(0))
                .all(|m| m.delivery == Delivery::Delivered)
        );
    }
}

#[test]
fn a_draft_is_kept_and_forgotten() {
    let mut w = World::friends(34, 2);
    let channel = w.channel(1);
    w.act(
        0,
        Act::SetDraft {
            channel,
            text: "I was about to".into(),
        },
    )
    .unwrap();
    w.restart(0);
    assert_eq!(w.contact(0, 1).unwrap().draft, "I was about to");
    w.act(
        0,
        Act::SetDraft {
            channel,
            text: "  ".into(),
        },
    )
    .unwrap();
    assert_eq!(w.contact(0, 1).unwrap().draft, "");
}

#[test]
fn a_text_that_was_sent_does_not_come_back_as_a_draft() {
    let mut w = World::friends(36, 2);
    let channel = w.channel(1);
    let text = "I was about to".to_owned();
    w.act(0, Act::SetDraft { channel, text }).unwrap();
    w.send(0, 1, "I was about to, and did");
    assert_eq!(w.contact(0, 1).unwrap().draft, "");
    w.restart(0);
    assert_eq!(w.contact(0, 1).unwrap().draft, "");
}

#[test]
fn what_does_not_exist_is_refused_by_name() {
    let mut w = World::friends(35, 3);
    w.send(0, 1, "to one");
    w.run_for(1000);
    let stranger = orrery_protocol::ChannelId([7; 32]);
    let refused = |refusal| Err(CoreError::Refused(refusal));
    assert_eq!(w.act(0, Act::OpenChannel(stranger)), refused(Refusal::NoSuchChannel));
    let act = Act::SendText {
        channel: stranger,
        text: "x".into(),
        reply_to: None,
    };
    assert_eq!(w.act(0, act), refused(Refusal::NoSuchChannel));
    // A message of one conversation cannot be answered or reacted to in another.
    let (elsewhere, target) = (w.channel(2), w.message(0, 1, "to one").reference());
    let act = Act::SendText {
        channel: elsewhere,
        text: "x".into(),
        reply_to: Some(target),
    };
    assert_eq!(w.act(0, act), refused(Refusal::NoSuchMessage));
    let act = Act::React {
        channel: elsewhere,
        target,
        emoji: "👍".into(),
        on: true,
    };
    assert_eq!(w.act(0, act), refused(Refusal::NoSuchMessage));
    let unknown = MessageRef {
        author: target.author,
        id: orrery_protocol::MessageId([1; 16]),
    };
    let channel = w.channel(1);
    let act = Act::React {
        channel,
        target: unknown,
        emoji: "👍".into(),
        on: true,
    };
    assert_eq!(w.act(0, act), refused(Refusal::NoSuchMessage));
    let act = Act::React {
        channel,
        target,
        emoji: "x".repeat(33),
        on: true,
    };
    assert_eq!(w.act(0, act), refused(Refusal::BadReaction));
    assert_eq!(
        w.act(0, Act::CancelMessage { channel, id: target.id }),
        refused(Refusal::NoSuchMessage)
    );
    assert_eq!(
        w.act(0, Act::RetryMessage { channel, id: target.id }),
        refused(Refusal::NoSuchMessage)
    );
}

#[test]
fn facts_tell_a_new_message_once_and_then_only_changes() {
    let mut w = World::friends(36, 2);
    w.send(0, 1, "hello");
    w.run_for(3000);
    let sent = |fact: &Fact| {
        matches!(
            fact,
            Fact::Message {
                change: Change::Sent,
                ..
            }
        )
    };
    let changed = |fact: &Fact| {
        matches!(
            fact,
            Fact::Message {
                change: Change::Changed,
                ..
            }
        )
    };
    assert_eq!((w.count(0, sent), w.count(0, changed)), (1, 2));
}
