//! A database that is older than it should be.

use orrery_link::{Event, Notice};
use orrery_protocol::{MessageId, record::Delivery};

use crate::rig::{Host, Person, config, friends};

async fn delivered(person: &mut Person, id: MessageId) {
    person
        .wait("the receipt", |event| match event {
            Event::MessageChanged { message } if message.id == id && message.delivery >= Delivery::Delivered => {
                Some(())
            }
            _ => None,
        })
        .await;
}

fn is_told(person: &Person) -> bool {
    let mut log = person.log().iter();
    log.any(|event| matches!(event, Event::Notice(Notice::RolledBack {})))
}

/// Each says something that the other hears.
async fn exchange(ada: &mut Person, bob: &mut Person, round: &str) {
    let (from_ada, from_bob) = (format!("Ada {round}"), format!("Bob {round}"));
    let id = ada.say(bob, &from_ada).await;
    bob.hear(&from_ada).await;
    delivered(ada, id).await;
    let id = bob.say(ada, &from_bob).await;
    ada.hear(&from_bob).await;
    delivered(bob, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_puts_back_an_older_database_writes_both_ways_again() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    let home = folder.path().join("ada");
    exchange(&mut ada, &mut bob, "before").await;
    ada.leave().await;
    let (file, kept) = (home.join("orrery.db"), folder.path().join("kept"));
    std::fs::copy(&file, &kept).unwrap();

    let mut ada = Person::unlock("Ada", config(&home, &host.url)).await;
    for round in ["once", "twice", "thrice"] {
        exchange(&mut ada, &mut bob, round).await;
    }
    ada.leave().await;
    // A clean stop leaves everything in the one file.
    assert!(!home.join("orrery.db-wal").exists());
    std::fs::copy(&kept, &file).unwrap();

    let mut ada = Person::unlock("Ada", config(&home, &host.url)).await;
    assert!(is_told(&ada), "the person hears of it");
    for round in ["after", "long after"] {
        exchange(&mut ada, &mut bob, round).await;
    }
    ada.leave().await;
    // And who knows nothing of it has the first word this time.
    let mut ada = Person::unlock("Ada", config(&home, &host.url)).await;
    assert!(!is_told(&ada), "once");
    let id = bob.say(&ada, "and still").await;
    ada.hear("and still").await;
    delivered(&mut bob, id).await;
    ada.leave().await;
    bob.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_to_somebody_whose_database_fell_back_arrives_once_it_is_open() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (ada, mut bob) = friends(&host, folder.path()).await;
    let home = folder.path().join("ada");
    ada.leave().await;
    let (file, kept) = (home.join("orrery.db"), folder.path().join("kept"));
    std::fs::copy(&file, &kept).unwrap();
    let mut ada = Person::unlock("Ada", config(&home, &host.url)).await;
    exchange(&mut ada, &mut bob, "before").await;
    let to = ada.id();
    ada.leave().await;
    std::fs::copy(&kept, &file).unwrap();

    // Encrypted for a session that Ada no longer has.
    let id = bob.write(to, "into the past").await;
    let mut ada = Person::unlock("Ada", config(&home, &host.url)).await;
    ada.hear("into the past").await;
    delivered(&mut bob, id).await;
    ada.leave().await;
    bob.leave().await;
}
