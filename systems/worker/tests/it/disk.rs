//! A disk that is full.

use std::{fs, io::Write, path::Path};

use orrery_link::{Code, Command, Event, Notice};
use orrery_protocol::ChannelId;

use crate::{
    here::on_a_small_disk,
    rig::{Host, Person, befriend, config},
};

#[test]
fn a_full_disk_is_said_in_words_and_loses_nothing() {
    on_a_small_disk("disk::a_full_disk_is_said_in_words_and_loses_nothing", |disk| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(fill(disk));
    });
}

async fn fill(disk: &Path) {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let profile = tempfile::tempdir_in(disk).unwrap();
    let mut ada = Person::create_with("Ada", config(profile.path(), &host.url)).await;
    let mut bob = Person::create("Bob", &folder.path().join("bob"), &host.url).await;
    befriend(&mut ada, &mut bob).await;
    bob.say(&ada, "before").await;
    ada.hear("before").await;

    let filler = disk.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    for size in [65_536, 4_096, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    // What is left of the log's own room is used up first.
    let channel = ChannelId::from(bob.id());
    let refused = loop {
        let text = "x".repeat(8_000);
        if let Err(code) = ada
            .ask(Command::SendText {
                channel,
                text,
                reply_to: None,
            })
            .await
        {
            break code;
        }
    };
    assert_eq!(refused, Code::DiskFull);
    bob.say(&ada, "into a full disk").await;
    ada.wait("the notice", |event| {
        matches!(event, Event::Notice(Notice::Problem { code: Code::DiskFull })).then_some(())
    })
    .await;
    assert!(!ada.log().iter().any(
        |event| matches!(event, Event::MessageReceived { message } if crate::rig::text_of(message) == Some("into a full disk"))
    ));
    drop(file);
    fs::remove_file(&filler).unwrap();
    ada.hear("into a full disk").await;
    let id = ada.say(&bob, "there is room again").await;
    bob.hear("there is room again").await;
    ada.wait("its receipt", |event| match event {
        Event::MessageChanged { message } if message.id == id => Some(()),
        _ => None,
    })
    .await;
    ada.leave().await;
    bob.leave().await;
}
