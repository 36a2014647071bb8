//! Passphrases, the recovery phrase, locking, and whole profiles in one file.

use std::path::Path;

use orrery_link::{Code, Command, Event, Notice, Passphrase, ProfilePhase};
use orrery_worker::RecoveryPhrase;

use crate::rig::{Host, PASSPHRASE, Person, befriend, config};

fn secret(text: &str) -> Passphrase {
    Passphrase::new(text.into())
}

fn unlock(text: &str) -> Command {
    Command::Unlock {
        passphrase: secret(text),
        remember: false,
    }
}

/// As the window hears it last.
fn phase(person: &Person) -> ProfilePhase {
    let told = person.log().iter().rev().find_map(|event| match event {
        Event::ProfileChanged { profile } => Some(profile.clone()),
        _ => None,
    });
    told.unwrap()
}

fn has_recovery(person: &Person) -> bool {
    match phase(person) {
        ProfilePhase::Locked { recovery, .. } => recovery,
        ProfilePhase::Open(view) => view.recovery,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_profile_shows_nothing_and_what_came_meanwhile_is_there_afterwards() {
    let host = Host::start().await;
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut ada = Person::create("Ada", one.path(), &host.url).await;
    let mut bob = Person::create("Bob", two.path(), &host.url).await;
    befriend(&mut ada, &mut bob).await;
    ada.say(&bob, "before").await;
    bob.hear("before").await;

    bob.forget();
    bob.ask(Command::Lock {}).await.unwrap();
    assert!(matches!(phase(&bob), ProfilePhase::Locked { .. }));
    assert_eq!(bob.ask(Command::CreateInvite {}).await, Err(Code::Locked));
    assert_eq!(bob.ask(Command::Lock {}).await, Ok(()), "locked it is");
    ada.say(&bob, "meanwhile").await;

    assert_eq!(bob.ask(unlock("not it")).await, Err(Code::WrongPassphrase));
    bob.ask(unlock(PASSPHRASE)).await.unwrap();
    bob.hear("meanwhile").await;
    bob.say(&ada, "after").await;
    ada.hear("after").await;
    bob.leave().await;
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locking_leaves_the_call() {
    let host = Host::start().await;
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut ada = Person::create("Ada", one.path(), &host.url).await;
    let mut bob = Person::create("Bob", two.path(), &host.url).await;
    befriend(&mut ada, &mut bob).await;
    ada.ask(Command::StartCall { peer: bob.id() }).await.unwrap();
    let call = bob
        .wait("the ring", |event| match event {
            Event::CallChanged { call } => Some(call.call),
            _ => None,
        })
        .await;
    bob.ask(Command::AcceptCall { call }).await.unwrap();
    bob.wait("the call", |event| match event {
        Event::CallChanged { call } => (call.phase == orrery_link::CallPhase::Active).then_some(()),
        _ => None,
    })
    .await;
    bob.ask(Command::Lock {}).await.unwrap();
    ada.wait("the end of the call", |event| {
        matches!(event, Event::CallEnded { .. }).then_some(())
    })
    .await;
    bob.ask(unlock(PASSPHRASE)).await.unwrap();
    bob.leave().await;
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_passphrase_and_a_recovery_phrase_open_and_what_they_replaced_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::create_offline("Ada", config(folder.path(), "ws://127.0.0.1:9")).await;
    let phrase = RecoveryPhrase::generate(&mut rand::rng()).unwrap();
    let set = |passphrase: &str, words: &str| Command::SetRecoveryPhrase {
        passphrase: secret(passphrase),
        phrase: secret(words),
    };
    assert!(!has_recovery(&ada));
    let typo = "zoo ".repeat(12);
    assert_eq!(ada.ask(set(PASSPHRASE, &typo)).await, Err(Code::BadRecoveryPhrase));
    assert_eq!(
        ada.ask(set("not it", phrase.as_str())).await,
        Err(Code::WrongPassphrase)
    );
    ada.ask(set(PASSPHRASE, phrase.as_str())).await.unwrap();
    assert!(has_recovery(&ada));
    let change = |old: &str, new: &str| Command::ChangePassphrase {
        old: secret(old),
        new: secret(new),
    };
    assert_eq!(ada.ask(change("not it", "new")).await, Err(Code::WrongPassphrase));
    assert_eq!(ada.ask(change(PASSPHRASE, "")).await, Err(Code::BadPassphrase));
    ada.ask(change(PASSPHRASE, "new")).await.unwrap();
    ada.ask(Command::Lock {}).await.unwrap();
    assert!(has_recovery(&ada), "a locked profile says that there is another way in");
    assert_eq!(ada.ask(change("new", "newer")).await, Err(Code::Locked));
    assert_eq!(ada.ask(unlock(PASSPHRASE)).await, Err(Code::WrongPassphrase));

    let recover = |words: &str| Command::Recover {
        phrase: secret(words),
        passphrase: secret("found again"),
    };
    assert_eq!(ada.ask(recover("three words only")).await, Err(Code::BadRecoveryPhrase));
    let other = RecoveryPhrase::generate(&mut rand::rng()).unwrap();
    assert_eq!(ada.ask(recover(other.as_str())).await, Err(Code::WrongRecoveryPhrase));
    ada.ask(recover(&phrase.as_str().to_uppercase())).await.unwrap();
    ada.ask(Command::Lock {}).await.unwrap();
    assert_eq!(ada.ask(unlock("new")).await, Err(Code::WrongPassphrase));
    ada.ask(unlock("found again")).await.unwrap();
    ada.ask(Command::RemoveRecoveryPhrase {
        passphrase: secret("found again"),
    })
    .await
    .unwrap();
    assert!(!has_recovery(&ada));
    ada.ask(Command::Lock {}).await.unwrap();
    assert_eq!(ada.ask(recover(phrase.as_str())).await, Err(Code::NoRecoveryPhrase));
    ada.leave().await;
}

fn export(path: &Path) -> Command {
    Command::ExportProfile {
        path: path.to_str().unwrap().into(),
    }
}

fn restore(path: &Path, text: &str) -> Command {
    Command::RestoreProfile {
        path: path.to_str().unwrap().into(),
        secret: secret(text),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_restores_a_profile_has_contacts_and_history_and_writes_both_ways_again() {
    let host = Host::start().await;
    let (one, two, three) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let file = three.path().join("ada.orrery");
    let mut ada = Person::create("Ada", one.path(), &host.url).await;
    let mut bob = Person::create("Bob", two.path(), &host.url).await;
    befriend(&mut ada, &mut bob).await;
    bob.say(&ada, "kept").await;
    ada.hear("kept").await;
    ada.say(&bob, "kept too").await;
    bob.hear("kept too").await;
    ada.ask(Command::SetVerified {
        peer: bob.id(),
        verified: true,
    })
    .await
    .unwrap();
    let peer = bob.id();
    ada.ask(Command::SetPeerVolume { peer, percent: 140 }).await.unwrap();
    ada.ask(Command::SilencePeer { peer, silenced: true }).await.unwrap();
    assert_eq!(ada.ask(export(Path::new("ada.orrery"))).await, Err(Code::NoSuchFile));
    ada.ask(export(&file)).await.unwrap();
    assert_eq!(ada.ask(export(&file)).await, Err(Code::FileExists));
    let progress = |person: &Person| {
        person.log().iter().rev().find_map(|event| match event {
            Event::TransferProgress { done, total, .. } => Some((*done, *total)),
            _ => None,
        })
    };
    assert!(progress(&ada).is_some_and(|(done, total)| done == total && total > 0));
    // The computer is lost after more was said.
    ada.say(&bob, "said after the export").await;
    bob.hear("said after the export").await;
    let id = ada.id();
    ada.leave().await;

    let new = tempfile::tempdir().unwrap();
    let mut again = Person::start("Ada", config(new.path(), &host.url)).await;
    assert_eq!(again.ask(restore(&file, "not it")).await, Err(Code::WrongPassphrase));
    assert_eq!(
        again.ask(restore(&three.path().join("none"), PASSPHRASE)).await,
        Err(Code::NoSuchFile)
    );
    again.ask(restore(&file, PASSPHRASE)).await.unwrap();
    assert!(progress(&again).is_some_and(|(done, total)| done == total && total > 0));
    assert_eq!(again.ask(restore(&file, PASSPHRASE)).await, Err(Code::ProfileExists));
    assert_eq!(again.id(), id, "the same person");
    let kept = again.log().iter().any(|event| {
        matches!(event, Event::ContactChanged { contact } if contact.peer == bob.id() && contact.verified
            && (contact.volume, contact.silenced) == (140, true))
    });
    assert!(kept);
    assert!(
        !again
            .log()
            .iter()
            .any(|event| matches!(event, Event::Notice(Notice::RolledBack {}))),
        "a restored profile begins anew on purpose"
    );
    again.online().await;
    again.say(&bob, "from the new computer").await;
    bob.hear("from the new computer").await;
    bob.say(&again, "welcome back").await;
    again.hear("welcome back").await;
    bob.leave().await;
    again.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_meets_the_restored_one_under_new_prekeys() {
    let host = Host::start().await;
    let (one, two, three) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let file = three.path().join("ada.orrery");
    let mut ada = Person::create("Ada", one.path(), &host.url).await;
    ada.ask(export(&file)).await.unwrap();
    ada.leave().await;
    let new = tempfile::tempdir().unwrap();
    let mut again = Person::start("Ada", config(new.path(), &host.url)).await;
    again.ask(restore(&file, PASSPHRASE)).await.unwrap();
    again.online().await;
    let mut bob = Person::create("Bob", two.path(), &host.url).await;
    befriend(&mut again, &mut bob).await;
    bob.say(&again, "hello").await;
    again.hear("hello").await;
    bob.leave().await;
    again.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_see_one_safety_number_and_whoever_compared_it_says_so() {
    let host = Host::start().await;
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut ada = Person::create("Ada", one.path(), &host.url).await;
    let mut bob = Person::create("Bob", two.path(), &host.url).await;
    let load = |peer| Command::LoadSafetyNumber { peer };
    assert_eq!(ada.ask(load(bob.id())).await, Err(Code::NoSuchContact));
    befriend(&mut ada, &mut bob).await;
    ada.ask(load(bob.id())).await.unwrap();
    bob.ask(load(ada.id())).await.unwrap();
    let shown = |person: &Person| {
        let told = person.log().iter().rev().find_map(|event| match event {
            Event::SafetyNumberLoaded { digits, code, .. } => Some((digits.clone(), code.clone())),
            _ => None,
        });
        told.unwrap()
    };
    let (mine, theirs) = (shown(&ada), shown(&bob));
    assert_eq!(mine.0, theirs.0);
    assert_eq!(mine.0.len(), 60);
    assert_ne!(mine.1, theirs.1, "each side shows its own view of the pair");
    let compare = |peer, code: &str| Command::CompareSafetyNumber {
        peer,
        code: code.to_owned(),
    };
    ada.ask(compare(bob.id(), &theirs.0)).await.unwrap();
    ada.ask(compare(bob.id(), &theirs.1)).await.unwrap();
    assert_eq!(
        ada.ask(compare(bob.id(), &mine.1)).await,
        Err(Code::SafetyNumberDiffers)
    );
    assert_eq!(ada.ask(compare(bob.id(), "123")).await, Err(Code::BadSafetyNumber));
    let bobs = bob.id();
    let mark = |verified| Command::SetVerified { peer: bobs, verified };
    let marked = |person: &Person| {
        person.log().iter().rev().find_map(|event| match event {
            Event::ContactChanged { contact } if contact.peer == bobs => Some(contact.verified),
            _ => None,
        })
    };
    ada.ask(mark(true)).await.unwrap();
    assert_eq!(marked(&ada), Some(true));
    // A new name changes nothing: the id is the key.
    ada.forget();
    bob.ask(Command::SetName { name: "Robert".into() }).await.unwrap();
    ada.wait("the new name", |event| match event {
        Event::ContactChanged { contact } => (contact.name == "Robert").then_some(()),
        _ => None,
    })
    .await;
    assert_eq!(marked(&ada), Some(true));
    ada.ask(Command::Lock {}).await.unwrap();
    ada.ask(unlock(PASSPHRASE)).await.unwrap();
    assert_eq!(marked(&ada), Some(true));
    ada.ask(mark(false)).await.unwrap();
    assert_eq!(marked(&ada), Some(false));
    bob.leave().await;
    ada.leave().await;
}
