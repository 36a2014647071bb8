use orrery_ecs::{
    channel::{self, PAGE},
    chat::{MAX_WINDOW, Window},
    index::Index,
};
use orrery_link::{Command, Event};
use orrery_protocol::{ChannelId, MessageRef};

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
        limit: PAGE,
    };
    assert_eq!(bed.commands(), [Command::OpenChannel { channel }, expected]);
    assert!(window(&bed, channel).loading);
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
    edited.content = orrery_protocol::record::MessageKind::Text { text: "new".into() };
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
