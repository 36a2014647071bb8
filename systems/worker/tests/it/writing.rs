//! People who write to each other.

use std::time::Duration;

use orrery_link::{Code, Command, DirectState, Event};
use orrery_protocol::{ChannelId, MessageId, MessageRef, limits::MAX_TEXT, record::Delivery};

use crate::rig::{DEADLINE, Host, Person, config, friends, invite, text_of};

async fn state(person: &mut Person, id: MessageId, wanted: Delivery) {
    person
        .wait(&format!("{wanted:?}"), |event| match event {
            Event::MessageChanged { message } | Event::MessageSent { message }
                if message.id == id && message.delivery >= wanted =>
            {
                Some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_write_both_ways_and_see_how_far_their_words_have_come() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    let first = ada.say(&bob, "hello Bob").await;
    bob.hear("hello Bob").await;
    state(&mut ada, first, Delivery::Delivered).await;
    let second = bob.say(&ada, "hello Ada").await;
    ada.hear("hello Ada").await;
    state(&mut bob, second, Delivery::Delivered).await;

    let order = bob
        .log()
        .iter()
        .find_map(|event| match event {
            Event::MessageReceived { message } if message.id == first => Some(message.order),
            _ => None,
        })
        .unwrap();
    bob.ask(Command::MarkRead {
        channel: ChannelId::from(ada.id()),
        up_to: order,
    })
    .await
    .unwrap();
    state(&mut ada, first, Delivery::Read).await;

    let channel = ChannelId::from(bob.id());
    ada.ask(Command::EditText {
        channel,
        id: first,
        text: "hello dear Bob".into(),
    })
    .await
    .unwrap();
    bob.wait("the edit", |event| match event {
        Event::MessageChanged { message } if message.edited => {
            assert_eq!(text_of(message), Some("hello dear Bob"));
            Some(())
        }
        _ => None,
    })
    .await;

    bob.ask(Command::Search {
        query: "dear".into(),
        channel: None,
        limit: 10,
    })
    .await
    .unwrap();
    bob.wait("the search", |event| match event {
        Event::SearchFound { hits, more: false, .. } => {
            assert_eq!(hits.len(), 1);
            assert_eq!(hits[0].matches, [(6, 10)]);
            Some(())
        }
        _ => None,
    })
    .await;
    let channel = ChannelId::from(ada.id());
    bob.ask(Command::LoadHistory {
        channel,
        before: None,
        after: None,
        around: None,
        limit: 50,
    })
    .await
    .unwrap();
    bob.wait("the history", |event| match event {
        Event::HistoryLoaded {
            messages,
            has_older: false,
            has_newer: false,
            ..
        } => {
            let texts: Vec<_> = messages.iter().filter_map(text_of).collect();
            assert_eq!(texts, ["hello dear Bob", "hello Ada"]);
            Some(())
        }
        _ => None,
    })
    .await;
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_brings_along_what_it_answers_and_a_page_may_begin_anywhere() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    let first = ada.say(&bob, "shall we look at Jupiter?").await;
    bob.hear("shall we look at Jupiter?").await;
    let channel = ChannelId::from(ada.id());
    let reply_to = MessageRef {
        author: ada.id(),
        id: first,
    };
    bob.ask(Command::SendText {
        channel,
        text: "yes".into(),
        reply_to: Some(reply_to),
    })
    .await
    .unwrap();
    let quoted = Some("shall we look at Jupiter?");
    let place = ada
        .wait("the answer", |event| match event {
            Event::MessageReceived { message } if message.reply_to == Some(reply_to) => {
                assert_eq!(message.quoted.as_deref(), quoted);
                Some(message.order)
            }
            _ => None,
        })
        .await;
    bob.ask(Command::LoadHistory {
        channel,
        before: None,
        after: None,
        around: Some(place),
        limit: 1,
    })
    .await
    .unwrap();
    bob.wait("the page", |event| match event {
        Event::HistoryLoaded {
            messages, has_older, ..
        } => {
            // The answer alone: what it answers is not on the page, and is quoted all the same.
            assert_eq!(messages.iter().filter_map(text_of).collect::<Vec<_>>(), ["yes"]);
            assert_eq!((messages[0].quoted.as_deref(), *has_older), (quoted, true));
            Some(())
        }
        _ => None,
    })
    .await;
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_gets_everything_once_and_in_order() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, bob) = friends(&host, folder.path()).await;
    let id = bob.id();
    bob.leave().await;
    let texts: Vec<String> = (0..10).map(|i| format!("number {i}")).collect();
    let mut last = None;
    for text in &texts {
        let channel = ChannelId::from(id);
        ada.ask(Command::SendText {
            channel,
            text: text.clone(),
            reply_to: None,
        })
        .await
        .unwrap();
        last = ada.log().iter().rev().find_map(|event| match event {
            Event::MessageSent { message } => Some(message.id),
            _ => None,
        });
    }
    state(&mut ada, last.unwrap(), Delivery::Sent).await;
    let mut bob = Person::unlock("Bob", config(&folder.path().join("bob"), &host.url)).await;
    bob.hear(texts.last().unwrap()).await;
    state(&mut ada, last.unwrap(), Delivery::Delivered).await;
    let heard: Vec<_> = bob
        .log()
        .iter()
        .filter_map(|event| match event {
            Event::MessageReceived { message } => text_of(message).map(str::to_owned),
            _ => None,
        })
        .collect();
    assert_eq!(heard, texts);
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_conversation_makes_a_direct_connection_that_carries_words() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    let (to_bob, to_ada) = (ChannelId::from(bob.id()), ChannelId::from(ada.id()));
    ada.ask(Command::OpenChannel { channel: to_bob }).await.unwrap();
    bob.ask(Command::OpenChannel { channel: to_ada }).await.unwrap();
    for person in [&mut ada, &mut bob] {
        person
            .wait("the direct connection", |event| match event {
                Event::ContactChanged { contact } if contact.direct == DirectState::Connected => Some(()),
                _ => None,
            })
            .await;
    }
    // Typing goes only that way, and is lost while the channel is not open yet: a window says it again with each key.
    let typed = async {
        let mut key = tokio::time::interval(Duration::from_millis(100));
        loop {
            let seen = bob.wait("typing", |event| {
                matches!(event, Event::TypingChanged { on: true, .. }).then_some(())
            });
            tokio::select! {
                () = seen => break,
                _ = key.tick() => ada.ask(Command::SetTyping { channel: to_bob, on: true }).await.unwrap(),
            }
        }
    };
    tokio::time::timeout(DEADLINE, typed).await.expect("in time");
    let long = "x".repeat(MAX_TEXT);
    let id = ada.say(&bob, &long).await;
    bob.hear(&long).await;
    state(&mut ada, id, Delivery::Delivered).await;
    ada.leave().await;
    bob.hear_gone().await;
    bob.leave().await;
}

impl Person {
    async fn hear_gone(&mut self) {
        self.wait("the end of the direct connection", |event| match event {
            Event::ContactChanged { contact } if contact.direct == DirectState::None => Some(()),
            _ => None,
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_says_why() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, bob) = friends(&host, folder.path()).await;
    let channel = ChannelId::from(bob.id());
    let send = |text: String| Command::SendText {
        channel,
        text,
        reply_to: None,
    };
    assert_eq!(ada.ask(send("x".repeat(MAX_TEXT + 1))).await, Err(Code::TextTooLong));
    assert_eq!(ada.ask(send(String::new())).await, Err(Code::TextEmpty));
    let nobody = ChannelId([9; 32]);
    let lost = Command::SendText {
        channel: nobody,
        text: "x".into(),
        reply_to: None,
    };
    assert_eq!(ada.ask(lost).await, Err(Code::NoSuchChannel));
    let own = invite(&mut ada).await;
    assert_eq!(ada.ask(Command::AddContact { link: own }).await, Err(Code::OwnLink));
    assert_eq!(
        ada.ask(Command::AddContact { link: "garbage".into() }).await,
        Err(Code::BadLink)
    );
    assert_eq!(
        ada.ask(Command::SetName { name: "x".repeat(65) }).await,
        Err(Code::BadName)
    );
    assert_eq!(
        ada.ask(Command::StartCall { peer: ada_s_stranger() }).await,
        Err(Code::NoSuchContact)
    );
    ada.leave().await;
    bob.leave().await;
}

fn ada_s_stranger() -> orrery_protocol::PeerId {
    orrery_protocol::PeerId([9; 32])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_lost_events_gets_everything_anew() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    ada.say(&bob, "hello").await;
    bob.hear("hello").await;
    bob.forget();
    bob.ask(Command::Resync {}).await.unwrap();
    let id = ada.id();
    bob.wait("the contact", |event| match event {
        Event::ContactChanged { contact } if contact.peer == id => {
            assert_eq!(contact.name, "Ada");
            Some(())
        }
        _ => None,
    })
    .await;
    bob.wait("the conversation", |event| match event {
        Event::ChannelChanged { channel } if channel.channel == ChannelId::from(id) => {
            assert_eq!(channel.unread, 1);
            assert_eq!(channel.last.as_ref().and_then(text_of), Some("hello"));
            Some(())
        }
        _ => None,
    })
    .await;
    ada.leave().await;
    bob.leave().await;
}
