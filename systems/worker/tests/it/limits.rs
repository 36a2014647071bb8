//! A server that limits what comes in from one address, as any does that is not on this machine.

use orrery_link::{Command, Event, ServerPhase};
use orrery_protocol::{ChannelId, record::Delivery};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    fake::Fake,
    rig::{Host, Person, config, friends, text_of},
};

/// More than the frames that are read at once, and than those of the next ten seconds.
const WAITING: usize = 300;

/// One of the counts that the server keeps for its operator.
async fn count(host: &Host, name: &str) -> u64 {
    let address = host.running.as_ref().unwrap().metrics_addr().unwrap();
    let mut page = TcpStream::connect(address).await.unwrap();
    page.write_all(b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut text = String::new();
    page.read_to_string(&mut text).await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_long_away_gets_all_mail_and_acknowledges_it_within_the_limits() {
    let mut host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, bob) = friends(&host, folder.path()).await;
    let channel = ChannelId::from(bob.id());
    bob.leave().await;
    let texts: Vec<String> = (0..WAITING).map(|n| format!("number {n}")).collect();
    for text in &texts {
        ada.ask(Command::SendText {
            channel,
            text: text.clone(),
            reply_to: None,
        })
        .await
        .unwrap();
    }
    let last = texts.last().unwrap();
    ada.wait("the last one taken", |event| match event {
        Event::MessageChanged { message } if text_of(message) == Some(last) => {
            (message.delivery >= Delivery::Sent).then_some(())
        }
        _ => None,
    })
    .await;
    ada.leave().await;
    host.stop().await;
    host.restart_with(|config| {
        config.behind_proxy = true;
        config.names = vec!["127.0.0.1".into()];
        config.metrics = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;

    let mut bob = Person::unlock("Bob", config(&folder.path().join("bob"), &host.url)).await;
    bob.online().await;
    let online = bob.log().len();
    bob.hear(last).await;
    let heard: Vec<_> = bob
        .log()
        .iter()
        .filter_map(|event| match event {
            Event::MessageReceived { message } => text_of(message),
            _ => None,
        })
        .collect();
    assert_eq!(heard, texts);
    let lost = |event: &Event| matches!(event, Event::ServerChanged { server } if *server != ServerPhase::Online);
    assert!(
        !bob.log()[online..].iter().any(lost),
        "the server closed the connection"
    );
    bob.leave().await;
    let frames = count(&host, "orrery_frames_total{kind=\"ack\"}").await;
    assert!(
        frames as usize <= WAITING / 2,
        "{frames} frames to acknowledge {WAITING} envelopes"
    );
    host.stop().await;
    // What waits is counted when a server starts.
    host.restart_with(|config| config.metrics = Some("127.0.0.1:0".parse().unwrap()))
        .await;
    // Bob's receipts wait for Ada: a few, for hundreds.
    let waiting = count(&host, "orrery_mailbox_envelopes").await;
    assert!(waiting < 50, "{waiting} envelopes wait");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_comes_in_one_go_is_acknowledged_in_few_frames() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let ada = Person::create_offline("Ada", config(folder.path(), &fake.url)).await;
    let mut guest = fake.guest().await;
    guest.let_in().await;
    for id in 1..=250 {
        guest.deliver(id).await;
    }
    let frames = guest.acknowledged(250).await;
    assert!(frames.len() <= 50, "{} frames", frames.len());
    let ids: Vec<u64> = frames.concat();
    assert_eq!(ids, (1..=250).collect::<Vec<_>>());
    ada.leave().await;
}
