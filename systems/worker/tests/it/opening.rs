//! Creating and opening a profile, and everything that can be wrong with it.

use orrery_link::{Code, Command, Event, Passphrase, ProfilePhase, Request, Settings};

use crate::rig::{DEADLINE, Host, PASSPHRASE, Person, config, nobody};

fn unlock(passphrase: &str) -> Command {
    Command::Unlock {
        passphrase: Passphrase::new(passphrase.into()),
        remember: false,
    }
}

fn create(name: &str, server: Option<&str>) -> Command {
    Command::CreateProfile {
        name: name.into(),
        passphrase: Passphrase::new(PASSPHRASE.into()),
        server: server.map(Into::into),
    }
}

async fn phase(person: &mut Person) -> ProfilePhase {
    person
        .wait("a phase", |event| match event {
            Event::ProfileChanged { profile } => Some(profile.clone()),
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_passphrase_opens_and_a_wrong_one_harms_nothing() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut ada = Person::start("Ada", config(folder.path(), &host.url)).await;
    assert_eq!(phase(&mut ada).await, ProfilePhase::Empty);
    assert_eq!(ada.ask(unlock(PASSPHRASE)).await, Err(Code::NoProfile));
    assert_eq!(ada.ask(Command::CreateInvite {}).await, Err(Code::Locked));
    assert_eq!(ada.ask(create("", None)).await, Err(Code::BadName));
    assert_eq!(ada.ask(create("Ada", Some("garbage"))).await, Err(Code::BadServer));
    assert_eq!(ada.ask(create("Ada", None)).await, Ok(()));
    assert_eq!(phase(&mut ada).await, ProfilePhase::Opening);
    let ProfilePhase::Open(first) = phase(&mut ada).await else {
        panic!("open")
    };
    assert_eq!((first.name.as_str(), first.server.as_str()), ("Ada", host.url.as_str()));
    assert_eq!(ada.ask(create("Ada", None)).await, Err(Code::ProfileExists));
    let settings = Settings {
        presence: false,
        output_volume: 0.5,
        ..Settings::default()
    };
    assert_eq!(
        ada.ask(Command::SetSettings {
            settings: settings.clone()
        })
        .await,
        Ok(())
    );
    assert_eq!(ada.ask(Command::SetName { name: "Ada L.".into() }).await, Ok(()));
    ada.leave().await;

    let mut ada = Person::start("Ada", config(folder.path(), &host.url)).await;
    assert_eq!(
        phase(&mut ada).await,
        ProfilePhase::Locked {
            remembered: false,
            recovery: false
        }
    );
    assert_eq!(ada.ask(unlock("wrong")).await, Err(Code::WrongPassphrase));
    assert_eq!(ada.ask(unlock("")).await, Err(Code::BadPassphrase));
    assert_eq!(ada.ask(create("Eve", None)).await, Err(Code::ProfileExists));
    assert_eq!(ada.ask(unlock(PASSPHRASE)).await, Ok(()));
    ada.forget();
    ada.ask(Command::Resync {}).await.unwrap();
    let ProfilePhase::Open(again) = phase(&mut ada).await else {
        panic!("open")
    };
    assert_eq!(
        (again.peer, again.name.as_str(), &again.settings),
        (first.peer, "Ada L.", &settings)
    );
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_worker_on_one_profile_says_so_and_may_try_again_later() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = Person::create("Ada", folder.path(), &host.url).await;
    let mut second = Person::start("Ada again", config(folder.path(), &host.url)).await;
    assert_eq!(
        phase(&mut second).await,
        ProfilePhase::Unusable {
            code: Code::ProfileInUse
        }
    );
    assert_eq!(second.ask(unlock(PASSPHRASE)).await, Err(Code::ProfileInUse));
    first.leave().await;
    assert_eq!(second.ask(unlock(PASSPHRASE)).await, Ok(()));
    second.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_a_file_and_a_vault_of_garbage_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let mut ada = Person::start("Ada", config(&file, "ws://127.0.0.1:1")).await;
    assert_eq!(phase(&mut ada).await, ProfilePhase::Unusable { code: Code::ReadOnly });
    ada.leave().await;

    let profile = folder.path().join("profile");
    let mut ada = Person::start("Ada", config(&profile, "ws://127.0.0.1:1")).await;
    ada.ask(create("Ada", None)).await.unwrap();
    ada.leave().await;
    std::fs::write(profile.join("vault"), "garbage").unwrap();
    let mut ada = Person::start("Ada", config(&profile, "ws://127.0.0.1:1")).await;
    assert_eq!(ada.ask(unlock(PASSPHRASE)).await, Err(Code::VaultDamaged));
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_window_is_gone_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (app, end) = orrery_link::pair();
    let handle = orrery_worker::Worker::spawn(config(folder.path(), "ws://127.0.0.1:1"), end).unwrap();
    drop(app);
    tokio::task::spawn_blocking(move || handle.join(crate::rig::DEADLINE))
        .await
        .unwrap()
        .expect("ends");
}

/// What is told until the worker ends, of these commands sent in one go.
async fn last_words(person: &Person, commands: Vec<(&str, Command)>) -> Vec<Event> {
    for (reference, command) in commands {
        let reference = Some(reference.to_owned());
        person.app.send(Request { reference, command }).unwrap();
    }
    let told = async {
        let mut told = Vec::new();
        while let Some(event) = person.app.next_event().await {
            told.push(event);
        }
        told
    };
    tokio::time::timeout(DEADLINE, told).await.expect("it ends in time")
}

fn answers(told: &[Event], reference: &str) -> Vec<Result<(), Code>> {
    told.iter()
        .filter_map(|event| match event {
            Event::Done { reference: r } if r == reference => Some(Ok(())),
            Event::Failed {
                reference: Some(r),
                code,
            } if r == reference => Some(Err(*code)),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_when_the_end_comes_is_answered_once() {
    let (_kept, url) = nobody();
    let folder = tempfile::tempdir().unwrap();
    let end = || ("end", Command::Shutdown {});
    let ada = Person::start("Ada", config(folder.path(), &url)).await;
    let told = last_words(
        &ada,
        vec![("make", create("Ada", None)), ("list", Command::ListDevices {}), end()],
    )
    .await;
    for reference in ["make", "list", "end"] {
        assert_eq!(answers(&told, reference), [Ok(())], "{reference}");
    }
    ada.leave().await;

    let ada = Person::start("Ada", config(folder.path(), &url)).await;
    let told = last_words(
        &ada,
        vec![("open", unlock("wrong")), end(), ("late", Command::ListDevices {})],
    )
    .await;
    assert_eq!(answers(&told, "open"), [Err(Code::WrongPassphrase)]);
    assert_eq!(answers(&told, "end"), [Ok(())]);
    assert_eq!(answers(&told, "late"), [Err(Code::Locked)]);
    ada.leave().await;

    let mut ada = Person::start("Ada", config(folder.path(), &url)).await;
    assert_eq!(
        ada.ask(unlock(PASSPHRASE)).await,
        Ok(()),
        "what was made in the last moment is there"
    );
    ada.leave().await;
}
