//! Nobody is told a token that the server does not know yet, and what is told keeps its order.

use orrery_link::{Command, Event, Request};
use orrery_protocol::frame::{SocketReply, SocketRequest};

use crate::{
    fake::Fake,
    rig::{Person, config},
};

/// The first link makes a token, the second tells the same one: it waits behind a barrier that it did not raise itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_comes_before_its_done_also_when_it_made_no_token() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::create_offline("Ada", config(folder.path(), &fake.url)).await;
    let mut guest = fake.guest().await;
    guest.let_in().await;
    ada.online().await;
    for reference in ["first", "second"] {
        let request = Request {
            reference: Some(reference.into()),
            command: Command::CreateInvite {},
        };
        ada.app.send(request).unwrap();
    }
    // Answered without waiting for the server, and after the two were taken.
    ada.ask(Command::Resync {}).await.unwrap();
    let mut sets = 0;
    while sets < 2 {
        if let SocketRequest::SetTokens { .. } = guest.hear().await.unwrap() {
            sets += 1;
            guest.say(&SocketReply::TokensStored).await;
        }
    }
    ada.wait("the second link", |event| {
        matches!(event, Event::InviteCreated { reference: Some(r), .. } if r == "second").then_some(())
    })
    .await;
    ada.ask(Command::Resync {}).await.unwrap();
    let order: Vec<(&str, &str)> = ada
        .log()
        .iter()
        .filter_map(|event| match event {
            Event::InviteCreated { reference: Some(r), .. } => Some(("link", r.as_str())),
            Event::Done { reference: r } if r == "first" || r == "second" => Some(("done", r.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        order,
        [
            ("link", "first"),
            ("done", "first"),
            ("link", "second"),
            ("done", "second")
        ]
    );
    ada.leave().await;
}
