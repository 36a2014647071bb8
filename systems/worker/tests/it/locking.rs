//! Locking while something is under way: every answer is true.

use orrery_link::{Code, Command, Event, Passphrase, Request};

use crate::rig::{Person, config, nobody};

fn secret(text: &str) -> Passphrase {
    Passphrase::new(text.into())
}

fn unlock(passphrase: &str) -> Command {
    Command::Unlock {
        passphrase: secret(passphrase),
        remember: false,
    }
}

fn change(old: &str, new: &str) -> Command {
    Command::ChangePassphrase {
        old: secret(old),
        new: secret(new),
    }
}

/// Sends something without waiting for its answer.
fn begin(person: &Person, reference: &str, command: Command) {
    let reference = Some(reference.to_owned());
    person.app.send(Request { reference, command }).unwrap();
}

/// The one answer to it; `None` when there was none.
fn answer(person: &Person, reference: &str) -> Option<Result<(), Code>> {
    let mut answers = person.log().iter().filter_map(|event| match event {
        Event::Done { reference: r } if r == reference => Some(Ok(())),
        Event::Failed {
            reference: Some(r),
            code,
        } if r == reference => Some(Err(*code)),
        _ => None,
    });
    let answer = answers.next();
    assert_eq!(answers.next(), None, "{reference} is answered once");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_passphrases_come_one_after_the_other_in_the_order_of_asking() {
    let (_kept, url) = nobody();
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::create_offline("Ada", config(folder.path(), &url)).await;
    let mut now = crate::rig::PASSPHRASE.to_owned();
    for n in 0..4 {
        let next = n.to_string();
        begin(&ada, &format!("job {n}"), change(&now, &next));
        now = next;
    }
    // The loop goes on meanwhile.
    ada.ask(Command::Resync {}).await.unwrap();
    ada.ask(change(&now, "last")).await.unwrap();
    for n in 0..4 {
        assert_eq!(answer(&ada, &format!("job {n}")), Some(Ok(())), "{n}");
    }
    ada.ask(Command::Lock {}).await.unwrap();
    ada.ask(unlock("last")).await.unwrap();
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passphrase_that_was_being_changed_is_the_one_the_answer_says() {
    let (_kept, url) = nobody();
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::create_offline("Ada", config(folder.path(), &url)).await;
    let mut now = crate::rig::PASSPHRASE.to_owned();
    for round in ["a", "b"] {
        let names = [format!("{round}1"), format!("{round}2"), format!("{round}3")];
        let mut last = now.clone();
        for name in &names {
            begin(&ada, name, change(&last, name));
            last.clone_from(name);
        }
        ada.ask(Command::Lock {}).await.unwrap();
        for name in &names {
            match answer(&ada, name).unwrap() {
                Ok(()) => now.clone_from(name),
                Err(code) => assert_eq!(code, Code::Locked),
            }
        }
        assert_ne!(now, names[2], "the last one had not even begun");
        ada.ask(unlock(&now)).await.unwrap();
    }
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_cut_short_leaves_no_file_and_says_so() {
    let (_kept, url) = nobody();
    let folder = tempfile::tempdir().unwrap();
    let (home, exports) = (folder.path().join("ada"), folder.path().join("exports"));
    std::fs::create_dir(&exports).unwrap();
    let mut ada = Person::create_offline("Ada", config(&home, &url)).await;
    for round in 0..4 {
        let file = exports.join(format!("{round}"));
        let path = file.to_str().unwrap().to_owned();
        begin(&ada, &format!("export {round}"), Command::ExportProfile { path });
        ada.ask(Command::Lock {}).await.unwrap();
        match answer(&ada, &format!("export {round}")).unwrap() {
            Ok(()) => {
                assert!(file.exists());
                std::fs::remove_file(file).unwrap();
            }
            Err(code) => assert_eq!(code, Code::Locked),
        }
        let left: Vec<_> = std::fs::read_dir(&exports).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        ada.ask(unlock(crate::rig::PASSPHRASE)).await.unwrap();
    }
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_comes_while_the_profile_is_being_opened_or_is_not_open_is_answered() {
    let (_kept, url) = nobody();
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::start("Ada", config(folder.path(), &url)).await;
    ada.ask(Command::Lock {}).await.unwrap();
    begin(
        &ada,
        "create",
        Command::CreateProfile {
            name: "Ada".into(),
            passphrase: secret(crate::rig::PASSPHRASE),
            server: None,
        },
    );
    assert_eq!(ada.ask(Command::Lock {}).await, Err(Code::ProfileInUse));
    ada.wait("the profile", |event| match event {
        Event::Done { reference } => (reference == "create").then_some(()),
        _ => None,
    })
    .await;
    ada.ask(Command::Lock {}).await.unwrap();
    ada.ask(unlock(crate::rig::PASSPHRASE)).await.unwrap();
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_long_jobs_than_anybody_needs_are_refused_and_the_others_done() {
    let (_kept, url) = nobody();
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::create_offline("Ada", config(folder.path(), &url)).await;
    for n in 0..40 {
        begin(&ada, &format!("job {n}"), change("not it", "new"));
    }
    ada.ask(Command::Lock {}).await.unwrap();
    let answers: Vec<_> = (0..40).filter_map(|n| answer(&ada, &format!("job {n}"))).collect();
    let refused = answers
        .iter()
        .filter(|answer| **answer == Err(Code::Overloaded))
        .count();
    assert_eq!(answers.len(), 40);
    assert!((1..=8).contains(&refused), "{answers:?}");
    ada.ask(unlock(crate::rig::PASSPHRASE)).await.unwrap();
    ada.leave().await;
}
