//! Conversations: what is shown of them, what is done in them, and what becomes of it.

use orrery_protocol::record::Reaction;
use orrery_protocol::{ChannelId, MessageRef};
use orrery_ui::view::{Body, CallChance, Delivery, MessageKey, ReturnedText};

use super::*;

fn key(message: &Message) -> MessageKey {
    conversation_key(message.reference())
}

impl Bed {
    /// Rhea's conversation, open and with these messages.
    fn talking(messages: Vec<Message>) -> Self {
        let mut bed = Self::home();
        bed.act(UiAction::OpenChannel(talk()));
        bed.load(messages);
        bed
    }

    /// What the action leads to, which is one command.
    fn one(&mut self, action: UiAction) -> Command {
        let mut sent = self.act(action);
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }
}

fn send(text: &str) -> UiAction {
    UiAction::SendText {
        channel: talk(),
        text: text.into(),
        reply_to: None,
    }
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
        reply_to: answer.reply_to,
        reactions: answer.reactions.clone(),
        ..message(RHEA, 3, "")
    };
    bed.load(vec![first, answer, gone]);
    let view = bed.talk_view();
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
    let gone = &view.messages[2];
    assert!(gone.reply.is_none() && gone.reactions.is_empty(), "{gone:?}");
    assert_eq!(view.call, CallChance::Ready);
}

#[test]
fn the_new_divider_stands_where_reading_stopped() {
    let mut bed = Bed::home();
    let unread = message(RHEA, 2, "unread");
    bed.tell([line(1, Some(unread.order), Some(unread.clone()), "half a")]);
    bed.act(UiAction::OpenChannel(talk()));
    let key = conversation_key(unread.reference());
    bed.load(vec![message(RHEA, 1, "read"), unread]);
    let view = bed.talk_view();
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
    bed.load(vec![message(RHEA, 50, "now")]);
    let old = message(RHEA, 3, "then");
    let key = conversation_key(old.reference());
    let sent = bed.act(UiAction::JumpTo {
        channel: talk(),
        message: key,
    });
    assert!(matches!(sent.as_slice(), [Command::LoadAround { .. }]), "{sent:?}");
    bed.load(vec![old]);
    let view = bed.talk_view();
    assert_eq!((view.focus, view.focus_rev), (Some(key), 1));
}

#[test]
fn what_is_written_goes_to_the_worker_as_it_is() {
    let theirs = message(RHEA, 1, "theirs");
    let mut bed = Bed::talking(vec![theirs.clone()]);
    let sent = bed.one(UiAction::SendText {
        channel: talk(),
        text: "answer".into(),
        reply_to: Some(key(&theirs)),
    });
    let expected = Command::SendText {
        channel: RHEA.into(),
        text: "answer".into(),
        reply_to: Some(theirs.reference()),
    };
    assert_eq!(sent, expected);
    bed.tell([Event::MessageSent {
        message: message(ME, 2, "answer"),
    }]);
    assert_eq!(bed.talk_view().messages.len(), 2);
}

#[test]
fn ones_own_message_is_edited_deleted_tried_again_and_given_up_by_its_id() {
    let mine = Message {
        delivery: Way::Failed,
        ..message(ME, 1, "mine")
    };
    let mut bed = Bed::talking(vec![mine.clone()]);
    let (channel, message) = (talk(), key(&mine));
    let (rhea, id) = (ChannelId::from(RHEA), mine.id);
    let text = || "new".to_owned();
    let edit = UiAction::EditText {
        channel,
        message,
        text: text(),
    };
    let expected = Command::EditText {
        channel: rhea,
        id,
        text: text(),
    };
    assert_eq!(bed.one(edit), expected);
    let expected = Command::RetryMessage { channel: rhea, id };
    assert_eq!(bed.one(UiAction::RetryMessage { channel, message }), expected);
    let expected = Command::DeleteMessage { channel: rhea, id };
    assert_eq!(bed.one(UiAction::DeleteMessage { channel, message }), expected);
    let expected = Command::CancelMessage { channel: rhea, id };
    assert_eq!(bed.one(UiAction::CancelMessage { channel, message }), expected);
    bed.tell([Event::MessageRemoved {
        channel: rhea,
        message: mine.reference(),
    }]);
    assert!(bed.talk_view().messages.is_empty());
}

#[test]
fn a_reaction_is_given_and_taken_back() {
    let theirs = message(RHEA, 1, "theirs");
    let mut bed = Bed::talking(vec![theirs.clone()]);
    for on in [true, false] {
        let sent = bed.one(UiAction::React {
            channel: talk(),
            message: key(&theirs),
            emoji: "✨".into(),
            on,
        });
        let expected = Command::React {
            channel: RHEA.into(),
            target: theirs.reference(),
            emoji: "✨".into(),
            on,
        };
        assert_eq!(sent, expected);
    }
}

#[test]
fn a_draft_is_kept_and_stands_there_when_the_conversation_is_opened_again() {
    let mut bed = Bed::talking(Vec::new());
    let sent = bed.one(UiAction::DraftChanged {
        channel: talk(),
        text: "half a".into(),
    });
    let expected = Command::SetDraft {
        channel: RHEA.into(),
        text: "half a".into(),
    };
    assert_eq!(sent, expected);
    bed.tell([line(0, None, None, "half a")]);
    let before = bed.talk_view().draft_rev;
    bed.act(UiAction::CloseMain);
    assert!(bed.home_view().contacts[0].draft);
    bed.act(UiAction::OpenChannel(talk()));
    let view = bed.talk_view();
    assert_eq!(view.draft, "half a");
    assert!(view.draft_rev > before, "the composer is to take it");
}

#[test]
fn a_draft_stands_there_even_before_the_worker_has_kept_it() {
    let mut bed = Bed::home();
    bed.tell([line(0, None, None, "old")]);
    bed.act(UiAction::OpenChannel(talk()));
    bed.act(UiAction::DraftChanged {
        channel: talk(),
        text: "new".into(),
    });
    bed.act(UiAction::CloseMain);
    bed.act(UiAction::OpenChannel(talk()));
    assert_eq!(bed.talk_view().draft, "new");
}

#[test]
fn a_refused_text_comes_back_with_what_it_answered() {
    let theirs = message(RHEA, 1, "theirs");
    let mut bed = Bed::talking(vec![theirs.clone()]);
    let reply_to = Some(key(&theirs));
    let action = UiAction::SendText {
        channel: talk(),
        text: "lost?".into(),
        reply_to,
    };
    bed.fail(action, Code::DiskFull);
    let expected = ReturnedText {
        number: 1,
        text: "lost?".into(),
        reply_to,
        edits: None,
    };
    assert_eq!(bed.talk_view().returned, [expected]);
    assert!(matches!(&bed.toasts()[..], [Notice::Error(error)] if error.code == "disk_full"));
}

#[test]
fn a_refused_change_comes_back_as_one() {
    let mine = message(ME, 1, "mine");
    let mut bed = Bed::talking(vec![mine.clone()]);
    let action = UiAction::EditText {
        channel: talk(),
        message: key(&mine),
        text: "better".into(),
    };
    bed.fail(action, Code::Blocked);
    let returned = &bed.talk_view().returned[0];
    assert_eq!((returned.text.as_str(), returned.edits), ("better", Some(key(&mine))));
}

#[test]
fn a_text_that_is_refused_after_the_conversation_was_left_becomes_its_draft() {
    let mut bed = Bed::talking(Vec::new());
    bed.tell([line(0, None, None, "")]);
    bed.app.world_mut().resource_mut::<Actions>().0.push(send("lost?"));
    bed.app.update();
    let reference = bed.worker.try_command().unwrap().reference;
    bed.act(UiAction::DraftChanged {
        channel: talk(),
        text: "meanwhile".into(),
    });
    bed.act(UiAction::OpenSettings);
    bed.tell([Event::Failed {
        reference,
        code: Code::DiskFull,
    }]);
    let expected = Command::SetDraft {
        channel: RHEA.into(),
        text: "lost?\nmeanwhile".into(),
    };
    let sent = bed.commands();
    assert!(sent.contains(&expected), "{sent:?}");
}

#[test]
fn a_text_that_the_full_outbox_refuses_comes_back_too() {
    let mut bed = Bed::talking(Vec::new());
    let mut outbox = bed.app.world_mut().resource_mut::<orrery_ecs::link::Outbox>();
    while outbox.send(Command::Resync {}).is_some() {}
    let mut actions = bed.app.world_mut().resource_mut::<Actions>();
    actions.0.push(send("lost?"));
    bed.app.update();
    bed.app.update();
    assert_eq!(bed.talk_view().returned[0].text, "lost?");
}

#[test]
fn what_was_seen_is_marked_read_up_to_its_place() {
    let unread = message(RHEA, 7, "unread");
    let mut bed = Bed::talking(vec![unread.clone()]);
    let sent = bed.one(UiAction::MarkRead {
        channel: talk(),
        message: key(&unread),
    });
    let expected = Command::MarkRead {
        channel: RHEA.into(),
        up_to: unread.order,
    };
    assert_eq!(sent, expected);
}

#[test]
fn a_search_is_busy_until_it_was_answered_and_closing_it_ends_it() {
    let mut bed = Bed::talking(Vec::new());
    let sent = bed.one(UiAction::Search {
        channel: talk(),
        query: "telescope".into(),
    });
    assert!(matches!(sent, Command::Search { query, channel: Some(_), .. } if query == "telescope"));
    assert!(bed.talk_view().search.as_ref().unwrap().busy);
    let found = |query: &str, text: &str| Event::SearchFound {
        reference: None,
        query: query.into(),
        hits: vec![orrery_link::SearchHit {
            message: message(RHEA, 1, text),
            matches: vec![(4, 13)],
        }],
        more: true,
    };
    bed.tell([found("another", "not this")]);
    assert!(bed.talk_view().search.as_ref().unwrap().busy, "that was another search");
    bed.tell([found("telescope", "the telescope")]);
    let search = bed.talk_view().search.clone().unwrap();
    assert_eq!((search.busy, search.more, search.hits.len()), (false, true, 1));
    assert_eq!(search.hits[0].text, "the telescope");
    bed.act(UiAction::CloseSearch(talk()));
    assert_eq!(bed.talk_view().search, None);
}

#[test]
fn older_messages_come_in_before_the_others() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    let newest = message(RHEA, 50, "newest");
    bed.load_part(vec![newest.clone()], true, false);
    assert!(bed.talk_view().has_older);
    let sent = bed.one(UiAction::LoadOlder(talk()));
    assert!(matches!(sent, Command::LoadHistory { before: Some(place), .. } if place == newest.order));
    assert!(bed.talk_view().loading);
    bed.load(vec![message(RHEA, 49, "older")]);
    let view = bed.talk_view();
    let texts: Vec<_> = view.messages.iter().map(|message| &message.body).collect();
    assert_eq!(texts, [&Body::Text("older".into()), &Body::Text("newest".into())]);
    assert!(!view.has_older && !view.loading);
}

#[test]
fn a_page_that_does_not_come_is_said_and_can_be_asked_for_again() {
    let mut bed = Bed::home();
    bed.act(UiAction::OpenChannel(talk()));
    bed.load_part(vec![message(RHEA, 50, "newest")], true, false);
    bed.fail(UiAction::LoadOlder(talk()), Code::DatabaseDamaged);
    assert!(matches!(&bed.toasts()[..], [Notice::Error(error)] if error.code == "database_damaged"));
    assert!(!bed.talk_view().loading);
    assert!(matches!(
        bed.one(UiAction::LoadOlder(talk())),
        Command::LoadHistory { .. }
    ));
}

#[test]
fn a_jump_to_what_is_gone_is_said() {
    let mut bed = Bed::talking(vec![message(RHEA, 50, "now")]);
    let gone = MessageRef {
        author: RHEA,
        id: MessageId([9; 16]),
    };
    let message = conversation_key(gone);
    let channel = talk();
    bed.fail(UiAction::JumpTo { channel, message }, Code::NoSuchMessage);
    assert!(matches!(&bed.toasts()[..], [Notice::Error(error)] if error.code == "no_such_message"));
    assert_eq!(bed.talk_view().messages.len(), 1, "what was shown stays");
}

#[test]
fn an_answer_quotes_what_is_not_loaded_and_says_what_is_gone() {
    let far = MessageRef {
        author: RHEA,
        id: MessageId([9; 16]),
    };
    let answer = |seq, quoted: Option<&str>| Message {
        reply_to: Some(far),
        quoted: quoted.map(str::to_owned),
        ..message(ME, seq, "answer")
    };
    let bed = Bed::talking(vec![answer(1, Some("far away")), answer(2, None)]);
    let quotes: Vec<_> = bed
        .talk_view()
        .messages
        .iter()
        .map(|m| m.reply.clone().unwrap())
        .collect();
    assert_eq!(quotes[0].text.as_deref(), Some("far away"));
    assert_eq!(quotes[0].author_name, "Rhea");
    assert_eq!(quotes[1].text, None);
}

#[test]
fn the_new_divider_waits_until_the_place_where_reading_stopped_is_loaded() {
    let mut bed = Bed::home();
    let place = message(RHEA, 10, "").order;
    bed.tell([line(300, Some(place), None, "")]);
    let sent = bed.act(UiAction::OpenChannel(talk()));
    let around = |command: &Command| matches!(command, Command::LoadHistory { around, .. } if *around == Some(place));
    assert!(sent.iter().any(around), "{sent:?}");
    // Events were lost meanwhile, so the newest page comes, far behind that place.
    bed.tell([Event::Resync]);
    bed.tell([Event::ContactChanged {
        contact: contact(RHEA, ContactState::Contact),
    }]);
    bed.commands();
    bed.load_part(
        vec![message(RHEA, 290, "late"), message(RHEA, 291, "later")],
        true,
        false,
    );
    assert_eq!(bed.talk_view().first_unread, None);
    bed.act(UiAction::LoadOlder(talk()));
    bed.load_part(
        vec![message(RHEA, 9, "read"), message(RHEA, 10, "unread")],
        false,
        false,
    );
    assert_eq!(bed.talk_view().first_unread, Some(key(&message(RHEA, 10, ""))));
}

#[test]
fn what_comes_while_nobody_looks_gets_the_divider_until_it_was_seen() {
    let mut bed = Bed::talking(vec![message(RHEA, 1, "read")]);
    let came = |bed: &mut Bed, seq| {
        bed.tell([Event::MessageReceived {
            message: message(RHEA, seq, "new"),
        }]);
    };
    let divider = |bed: &Bed| bed.talk_view().first_unread;
    let at = |seq| Some(key(&message(RHEA, seq, "")));
    bed.look(true);
    came(&mut bed, 2);
    assert_eq!(divider(&bed), None, "it is seen as it comes");
    bed.look(false);
    came(&mut bed, 3);
    came(&mut bed, 4);
    assert_eq!(divider(&bed), at(3));
    bed.look(true);
    bed.act(UiAction::MarkRead {
        channel: talk(),
        message: key(&message(RHEA, 4, "")),
    });
    assert_eq!(divider(&bed), at(3), "it stays while one reads");
    bed.look(false);
    came(&mut bed, 5);
    assert_eq!(divider(&bed), at(5));
}

#[test]
fn what_a_server_does_not_take_is_said_without_guessing_why() {
    let way = |delivery, seq| Message {
        delivery,
        ..message(ME, seq, "mine")
    };
    let bed = Bed::talking(vec![way(Way::Waiting, 1), way(Way::Failed, 2)]);
    let view = bed.talk_view();
    assert_eq!(view.messages[0].delivery, Some(Delivery::Waiting));
    assert!(matches!(&view.messages[1].delivery, Some(Delivery::Failed(why)) if why.code == "not_taken"));
}
