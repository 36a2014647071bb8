use bevy_ecs::message::Messages;
use orrery_ecs::{
    channel::{self, PAGE},
    chat::{ChatMessage, MAX_WINDOW, Window},
    index::Index,
    notice::Happened,
};
use orrery_link::{ChannelView, Code, Command, Event};
use orrery_protocol::{ChannelId, MessageRef, record::MessageKind};

use crate::bed::{Bed, message, peer};

fn opened() -> (Bed, ChannelId) {
    let mut bed = Bed::new();
    let channel = ChannelId::from(peer(1));
    channel::open(bed.app.world_mut(), channel);
    bed.app.update();
    (bed, channel)
}

fn window(bed: &Bed, channel: ChannelId) -> Window {
    bed.app
        .world()
        .get::<Window>(bed.channel_entity(channel))
        .unwrap()
        .clone()
}

#[test]
fn opening_a_conversation_asks_for_its_newest_page() {
    let (mut bed, channel) = opened();
    let expected = Command::LoadHistory {
        channel,
        before: None,
        after: None,
        around: None,
        limit: PAGE,
    };
    assert_eq!(bed.commands(), [Command::OpenChannel { channel }, expected]);
    assert!(window(&bed, channel).loading);
}

#[test]
fn a_conversation_with_unread_messages_opens_around_the_first_of_them() {
    let mut bed = Bed::new();
    let channel = ChannelId::from(peer(1));
    let first = message(1, 1, 40).order;
    bed.tell([Event::ChannelChanged {
        channel: ChannelView {
            channel,
            unread: 300,
            first_unread: Some(first),
            last: Some(message(1, 1, 340)),
            draft: String::new(),
        },
    }]);
    channel::open(bed.app.world_mut(), channel);
    bed.app.update();
    let sent = bed.commands();
    let around = |command: &Command| matches!(command, Command::LoadHistory { around, .. } if *around == Some(first));
    assert!(sent.iter().any(around), "{sent:?}");
}

#[test]
fn a_page_of_a_window_that_is_no_more_leaves_no_hole() {
    let (mut bed, channel) = opened();
    bed.answer_history((100..160).map(|n| message(1, 1, n)).collect(), true, false);
    channel::load_older(bed.app.world_mut());
    bed.app.update();
    let late = bed.worker.try_command().unwrap().reference;
    // Before it comes, the reader goes far into the past.
    channel::jump(bed.app.world_mut(), Some(message(1, 1, 5).reference()));
    bed.app.update();
    assert!(window(&bed, channel).loading);
    bed.answer_history(vec![message(1, 1, 4), message(1, 1, 5)], true, true);
    bed.tell([Event::HistoryLoaded {
        reference: late,
        channel,
        messages: (40..100).map(|n| message(1, 1, n)).collect(),
        has_older: true,
        has_newer: true,
    }]);
    assert_eq!(bed.texts(channel), ["1.4", "1.5"]);
}

#[test]
fn while_a_jump_is_under_way_no_other_page_is_asked_for() {
    let (mut bed, _) = opened();
    bed.answer_history(vec![message(1, 1, 100)], true, false);
    channel::jump(bed.app.world_mut(), Some(message(1, 1, 5).reference()));
    channel::load_older(bed.app.world_mut());
    bed.app.update();
    assert!(matches!(bed.commands()[..], [Command::LoadAround { .. }]));
}

#[test]
fn a_page_that_cannot_be_loaded_is_said_and_can_be_asked_for_again() {
    let (mut bed, channel) = opened();
    bed.answer_history(vec![message(1, 1, 100)], true, false);
    channel::load_older(bed.app.world_mut());
    bed.app.update();
    let reference = bed.worker.try_command().unwrap().reference;
    let code = Code::DatabaseDamaged;
    bed.tell([Event::Failed { reference, code }]);
    assert!(!window(&bed, channel).loading);
    assert_eq!(bed.texts(channel), ["1.100"]);
    let told = bed
        .resource::<Messages<Happened>>()
        .iter_current_update_messages()
        .next();
    assert_eq!(told, Some(&Happened::HistoryFailed { code }));
    channel::load_older(bed.app.world_mut());
    bed.app.update();
    assert!(matches!(bed.commands()[..], [Command::LoadHistory { .. }]));
}

#[test]
fn an_answer_quotes_what_its_message_says_now_though_that_is_not_loaded() {
    let (mut bed, channel) = opened();
    let far = message(1, 1, 3);
    let mut answer = message(1, 2, 90);
    answer.reply_to = Some(far.reference());
    answer.quoted = Some("1.3".into());
    bed.answer_history(vec![answer.clone()], true, false);
    let quoted = |bed: &Bed| {
        let entity = bed.resource::<Index<MessageRef>>().get(&answer.reference()).unwrap();
        let answer = bed.app.world().get::<ChatMessage>(entity).unwrap();
        answer.0.quoted.clone()
    };
    let mut edited = far.clone();
    edited.content = MessageKind::Text { text: "new".into() };
    bed.tell([Event::MessageChanged { message: edited }]);
    assert_eq!(quoted(&bed).as_deref(), Some("new"));
    let before = window(&bed, channel).revision;
    bed.tell([Event::MessageChanged {
        message: orrery_link::MessageView { deleted: true, ..far },
    }]);
    assert_eq!(quoted(&bed), None);
    assert!(window(&bed, channel).revision > before);
}

#[test]
fn messages_stand_in_order_whatever_order_they_came_in() {
    let (mut bed, channel) = opened();
    bed.answer_history(vec![message(1, 1, 5), message(1, 2, 5), message(1, 1, 7)], false, false);
    bed.tell([
        Event::MessageReceived {
            message: message(1, 2, 6),
        },
        Event::MessageSent {
            message: message(1, 1, 8),
        },
        Event::MessageReceived {
            message: message(1, 2, 6),
        },
    ]);
    assert_eq!(bed.texts(channel), ["1.5", "2.5", "2.6", "1.7", "1.8"]);
}

#[test]
fn a_message_for_another_conversation_makes_no_entity() {
    let (mut bed, channel) = opened();
    bed.answer_history(vec![], false, false);
    bed.tell([Event::MessageReceived {
        message: message(9, 9, 1),
    }]);
    assert!(bed.resource::<Index<MessageRef>>().is_empty());
    assert!(bed.texts(channel).is_empty());
}

#[test]
fn older_pages_are_asked_for_once_and_join_the_window() {
    let (mut bed, channel) = opened();
    bed.answer_history((100..160).map(|n| message(1, 1, n)).collect(), true, false);
    channel::load_older(bed.app.world_mut());
    channel::load_older(bed.app.world_mut());
    bed.app.update();
    let commands = bed.commands();
    let before = Some(message(1, 1, 100).order);
    assert_eq!(
        commands,
        [Command::LoadHistory {
            channel,
            before,
            after: None,
            around: None,
            limit: PAGE
        }]
    );
}

#[test]
fn an_older_page_leaves_the_newer_end_as_it_was() {
    let (mut bed, channel) = opened();
    bed.answer_history((100..160).map(|n| message(1, 1, n)).collect(), true, false);
    channel::load_older(bed.app.world_mut());
    bed.app.update();
    bed.answer_history((40..100).map(|n| message(1, 1, n)).collect(), false, true);
    let window = window(&bed, channel);
    assert!(!window.has_older && !window.has_newer && !window.loading);
    assert_eq!(bed.texts(channel).len(), 120);
}

#[test]
fn the_window_never_grows_beyond_its_size() {
    let (mut bed, channel) = opened();
    bed.answer_history(vec![message(1, 1, 1)], false, false);
    for n in 2..(MAX_WINDOW as u64 + 50) {
        bed.tell([Event::MessageReceived {
            message: message(1, 1, n),
        }]);
    }
    assert_eq!(bed.texts(channel).len(), MAX_WINDOW);
    assert!(window(&bed, channel).has_older);
    assert_eq!(bed.resource::<Index<MessageRef>>().len(), MAX_WINDOW);
}

#[test]
fn what_arrives_while_looking_at_the_past_waits_for_the_way_back() {
    let (mut bed, channel) = opened();
    bed.answer_history(vec![message(1, 1, 5)], true, true);
    bed.tell([Event::MessageReceived {
        message: message(1, 2, 900),
    }]);
    assert_eq!(bed.texts(channel), ["1.5"]);
    channel::jump(bed.app.world_mut(), None);
    bed.app.update();
    bed.answer_history(vec![message(1, 2, 899), message(1, 2, 900)], true, false);
    assert_eq!(bed.texts(channel), ["2.899", "2.900"]);
}

#[test]
fn a_cancelled_message_is_gone_and_a_changed_one_stays_one() {
    let (mut bed, channel) = opened();
    bed.answer_history(vec![message(1, 1, 1), message(1, 1, 2)], false, false);
    let before = window(&bed, channel).revision;
    let mut edited = message(1, 1, 1);
    edited.content = MessageKind::Text { text: "new".into() };
    bed.tell([
        Event::MessageChanged { message: edited },
        Event::MessageRemoved {
            channel,
            message: message(1, 1, 2).reference(),
        },
    ]);
    assert_eq!(bed.texts(channel), ["new"]);
    assert!(window(&bed, channel).revision > before);
}

#[test]
fn closing_a_conversation_despawns_its_messages() {
    let (mut bed, _) = opened();
    bed.answer_history(vec![message(1, 1, 1)], false, false);
    channel::close(bed.app.world_mut());
    bed.app.update();
    assert!(bed.resource::<Index<MessageRef>>().is_empty());
    assert!(bed.commands().contains(&Command::CloseChannel {
        channel: ChannelId::from(peer(1))
    }));
}
