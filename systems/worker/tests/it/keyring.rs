//! The system's keyring: what it spares a person, and that nothing depends on it.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use orrery_link::{Code, Command, Event, Notice, Passphrase, ProfilePhase, Request};
use orrery_worker::{Keyring, SecretStore, Unavailable, WorkerConfig};
use zeroize::Zeroizing;

use crate::rig::{Host, PASSPHRASE, Person, befriend, config, nobody};

/// A keyring in memory, that may be away, or hang.
#[derive(Default)]
struct Shelf {
    secrets: Mutex<BTreeMap<String, Vec<u8>>>,
    away: Mutex<bool>,
    hangs: Mutex<bool>,
    goes_on: Condvar,
}

impl Shelf {
    fn keyring(self: &Arc<Self>) -> Keyring {
        Keyring::new(Arc::clone(self) as Arc<dyn SecretStore>)
    }

    fn away(&self, away: bool) {
        *self.away.lock().unwrap() = away;
    }

    fn hang(&self, hang: bool) {
        *self.hangs.lock().unwrap() = hang;
        self.goes_on.notify_all();
    }

    fn pass(&self) -> Result<(), Unavailable> {
        let hangs = self.hangs.lock().unwrap();
        drop(self.goes_on.wait_while(hangs, |hangs| *hangs).unwrap());
        if *self.away.lock().unwrap() {
            Err(Unavailable)
        } else {
            Ok(())
        }
    }

    /// Everything that is kept, by name.
    fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        self.secrets.lock().unwrap().clone()
    }
}

impl SecretStore for Shelf {
    fn reach(&self) -> Result<(), Unavailable> {
        self.pass()
    }

    fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Unavailable> {
        self.pass()?;
        Ok(self.kept().get(name).cloned().map(Zeroizing::new))
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), Unavailable> {
        self.pass()?;
        self.secrets.lock().unwrap().insert(name.to_owned(), secret.to_vec());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Unavailable> {
        self.pass()?;
        self.secrets.lock().unwrap().remove(name);
        Ok(())
    }
}

fn with_shelf(folder: &Path, server: &str, shelf: &Arc<Shelf>) -> WorkerConfig {
    WorkerConfig {
        keyring: shelf.keyring(),
        ..config(folder, server)
    }
}

fn unlock(remember: bool) -> Command {
    Command::Unlock {
        passphrase: Passphrase::new(PASSPHRASE.into()),
        remember,
    }
}

fn remembered(person: &Person) -> bool {
    let told = person.log().iter().rev().find_map(|event| match event {
        Event::ProfileChanged { profile } => match profile {
            ProfilePhase::Open(view) => Some(view.remembered),
            ProfilePhase::Locked { remembered, .. } => Some(*remembered),
            _ => None,
        },
        _ => None,
    });
    told.unwrap()
}

fn notices(person: &Person, notice: &Notice) -> usize {
    let told = |event: &&Event| matches!(event, Event::Notice(told) if told == notice);
    person.log().iter().filter(told).count()
}

fn unavailable() -> Notice {
    Notice::Problem {
        code: Code::KeyringUnavailable,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_profile_opens_without_its_passphrase_until_it_is_forgotten() {
    let (_kept, url) = nobody();
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(Shelf::default()));
    let at = || with_shelf(folder.path(), &url, &shelf);
    let mut ada = Person::create_offline("Ada", at()).await;
    assert!(!remembered(&ada));
    assert_eq!(shelf.kept().len(), 0, "nobody asked for it");
    ada.ask(Command::Lock {}).await.unwrap();
    assert_eq!(ada.ask(Command::UnlockRemembered {}).await, Err(Code::NotRemembered));
    ada.ask(unlock(true)).await.unwrap();
    assert!(remembered(&ada));
    for name in shelf.kept().keys() {
        assert!(!name.contains("Ada"), "{name}");
        assert!(!folder.path().to_str().unwrap().contains(name.as_str()), "{name}");
    }
    ada.leave().await;

    let mut ada = Person::start("Ada", at()).await;
    ada.ask(Command::UnlockRemembered {}).await.unwrap();
    // The passphrase opens it as ever, and a new one changes nothing of this.
    ada.ask(Command::ChangePassphrase {
        old: Passphrase::new(PASSPHRASE.into()),
        new: Passphrase::new("another".into()),
    })
    .await
    .unwrap();
    ada.ask(Command::Lock {}).await.unwrap();
    assert!(remembered(&ada));
    ada.ask(Command::UnlockRemembered {}).await.unwrap();
    ada.ask(Command::SetRemembered { on: false }).await.unwrap();
    assert!(!remembered(&ada));
    assert_eq!(shelf.kept().len(), 0);
    ada.ask(Command::Lock {}).await.unwrap();
    assert!(!remembered(&ada));
    assert_eq!(ada.ask(Command::UnlockRemembered {}).await, Err(Code::NotRemembered));
    assert_eq!(ada.ask(Command::SetRemembered { on: true }).await, Err(Code::Locked));
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_gone_is_claimed_no_more_and_one_that_opens_nothing_may_open_something_tomorrow() {
    let (_kept, url) = nobody();
    for stale in [true, false] {
        let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(Shelf::default()));
        let mut ada = Person::create_offline("Ada", with_shelf(folder.path(), &url, &shelf)).await;
        ada.ask(Command::SetRemembered { on: true }).await.unwrap();
        ada.ask(Command::Lock {}).await.unwrap();
        assert!(remembered(&ada));
        if stale {
            for (name, secret) in shelf.secrets.lock().unwrap().iter_mut() {
                if !name.ends_with(".count") {
                    *secret = vec![1; 32];
                }
            }
        } else {
            shelf.secrets.lock().unwrap().clear();
        }
        assert_eq!(ada.ask(Command::UnlockRemembered {}).await, Err(Code::NotRemembered));
        // The database may be damaged and a backup be put back: how far it had come must be known then.
        assert_eq!(
            (remembered(&ada), shelf.kept().len()),
            if stale { (true, 2) } else { (false, 0) }
        );
        ada.ask(unlock(false)).await.unwrap();
        assert_eq!(remembered(&ada), stale);
        ada.ask(Command::SetRemembered { on: true }).await.unwrap();
        ada.ask(Command::Lock {}).await.unwrap();
        ada.ask(Command::UnlockRemembered {}).await.unwrap();
        ada.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyring_that_is_away_keeps_nobody_out() {
    let (_kept, url) = nobody();
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(Shelf::default()));
    let mut ada = Person::create_offline("Ada", with_shelf(folder.path(), &url, &shelf)).await;
    ada.ask(Command::Lock {}).await.unwrap();
    shelf.away(true);
    ada.ask(unlock(true)).await.unwrap();
    assert_eq!((remembered(&ada), notices(&ada, &unavailable())), (false, 1));
    let set = |on| Command::SetRemembered { on };
    assert_eq!(ada.ask(set(true)).await, Err(Code::KeyringUnavailable));
    assert_eq!(ada.ask(set(false)).await, Ok(()), "nothing is kept");
    shelf.away(false);
    ada.ask(set(true)).await.unwrap();
    ada.ask(Command::Lock {}).await.unwrap();

    shelf.away(true);
    assert_eq!(
        ada.ask(Command::UnlockRemembered {}).await,
        Err(Code::KeyringUnavailable)
    );
    assert!(remembered(&ada), "it may be back");
    ada.ask(unlock(false)).await.unwrap();
    assert_eq!(
        ada.ask(set(false)).await,
        Err(Code::KeyringUnavailable),
        "it has the key still"
    );
    assert!(remembered(&ada));
    ada.ask(Command::Lock {}).await.unwrap();
    shelf.away(false);
    ada.ask(Command::UnlockRemembered {}).await.unwrap();
    ada.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyring_that_hangs_keeps_neither_the_loop_nor_the_lock_waiting() {
    let (_kept, url) = nobody();
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(Shelf::default()));
    let patient = WorkerConfig {
        keyring: shelf.keyring().with_patience(Duration::MAX / 4),
        ..config(folder.path(), &url)
    };
    let mut ada = Person::create_offline("Ada", patient).await;
    shelf.hang(true);
    let remember = Request {
        reference: Some("remember".into()),
        command: Command::SetRemembered { on: true },
    };
    ada.app.send(remember).unwrap();
    ada.ask(Command::Resync {}).await.unwrap();
    ada.ask(Command::Lock {}).await.unwrap();
    let answer = ada.log().iter().find_map(|event| match event {
        Event::Failed {
            reference: Some(reference),
            code,
        } if reference == "remember" => Some(*code),
        _ => None,
    });
    assert_eq!(
        answer,
        Some(Code::KeyringUnavailable),
        "it was told to give up, and did"
    );
    assert!(!remembered(&ada));
    shelf.hang(false);
    ada.ask(unlock(false)).await.unwrap();
    ada.ask(Command::SetRemembered { on: true }).await.unwrap();
    assert!(remembered(&ada));
    ada.leave().await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn exchange(ada: &mut Person, bob: &mut Person, round: &str) {
    let (from_ada, from_bob) = (format!("Ada {round}"), format!("Bob {round}"));
    ada.say(bob, &from_ada).await;
    bob.hear(&from_ada).await;
    bob.say(ada, &from_bob).await;
    ada.hear(&from_bob).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_folder_put_back_is_noticed_where_a_keyring_knows_of_it() {
    for command in [unlock(false), Command::UnlockRemembered {}] {
        let host = Host::start().await;
        let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(Shelf::default()));
        let (home, kept) = (folder.path().join("ada"), folder.path().join("kept"));
        let at = || with_shelf(&home, &host.url, &shelf);
        let mut ada = Person::create_with("Ada", at()).await;
        let mut bob = Person::create("Bob", &folder.path().join("bob"), &host.url).await;
        befriend(&mut ada, &mut bob).await;
        ada.ask(Command::SetRemembered { on: true }).await.unwrap();
        exchange(&mut ada, &mut bob, "before").await;
        ada.leave().await;
        copy(&home, &kept);
        for honest in ["once", "twice"] {
            let mut ada = Person::start("Ada", at()).await;
            ada.ask(command.clone()).await.unwrap();
            assert_eq!(notices(&ada, &Notice::RolledBack {}), 0, "{honest}");
            exchange(&mut ada, &mut bob, honest).await;
            ada.leave().await;
        }
        std::fs::remove_dir_all(&home).unwrap();
        copy(&kept, &home);
        let mut ada = Person::start("Ada", at()).await;
        ada.ask(command.clone()).await.unwrap();
        assert_eq!(notices(&ada, &Notice::RolledBack {}), 1);
        exchange(&mut ada, &mut bob, "put back").await;
        ada.leave().await;
        let mut ada = Person::start("Ada", at()).await;
        ada.ask(command).await.unwrap();
        assert_eq!(notices(&ada, &Notice::RolledBack {}), 0, "said once");
        exchange(&mut ada, &mut bob, "after").await;
        ada.leave().await;
        bob.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_profile_is_not_remembered_whatever_lies_in_the_folder() {
    let (_kept, url) = nobody();
    let (folder, shelf) = (tempfile::tempdir().unwrap(), Arc::new(Shelf::default()));
    let (home, file) = (folder.path().join("ada"), folder.path().join("ada.orrery"));
    let mut ada = Person::create_offline("Ada", with_shelf(&home, &url, &shelf)).await;
    ada.ask(Command::SetRemembered { on: true }).await.unwrap();
    let path = file.to_str().unwrap().to_owned();
    ada.ask(Command::ExportProfile { path: path.clone() }).await.unwrap();
    ada.leave().await;
    for name in ["vault", "orrery.db", "counter"] {
        std::fs::remove_file(home.join(name)).unwrap();
    }
    let mut ada = Person::start("Ada", with_shelf(&home, &url, &shelf)).await;
    ada.ask(Command::RestoreProfile {
        path,
        secret: Passphrase::new(PASSPHRASE.into()),
    })
    .await
    .unwrap();
    assert!(!remembered(&ada));
    ada.leave().await;
}

/// The keyrings of this machine, from inside this test binary as a process of its own.
#[cfg(target_os = "linux")]
mod system {
    use std::process::{Command as Process, Output, Stdio};

    use super::*;

    const FOLDER: &str = "ORRERY_KEYRING_FOLDER";
    /// What the keyring of the test is unlocked with.
    const KEYRING_PASSWORD: &str = "seven";

    fn there(program: &str) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }

    /// This binary again, running one of the tests below in surroundings of its own.
    fn child(mut around: Process, task: &str, folder: &Path) -> Output {
        let runtime = folder.join("run");
        std::fs::create_dir_all(&runtime).unwrap();
        around
            .args(["--ignored", "--exact", "--nocapture", "--test-threads=1", task])
            .env(FOLDER, folder)
            .env("HOME", folder)
            .env("XDG_DATA_HOME", folder.join("data"))
            .env("XDG_RUNTIME_DIR", &runtime)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn succeeded(output: &Output) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
        assert!(out.contains("1 passed"), "{out}\n{err}");
    }

    fn person() -> WorkerConfig {
        let folder = std::env::var_os(FOLDER).unwrap();
        config(&Path::new(&folder).join("ada"), "ws://127.0.0.1:9")
    }

    /// Begins a keyring on the bus of this process, in the place of the one before.
    fn begin_keyring() {
        let mut daemon = Process::new("gnome-keyring-daemon")
            .args(["--replace", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = daemon.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, KEYRING_PASSWORD.as_bytes()).unwrap();
        drop(input);
        // It goes on in the background, and ends with its bus.
        assert!(daemon.wait().unwrap().success());
    }

    #[test]
    fn the_secret_service_keeps_the_key_and_forgets_it() {
        for program in ["dbus-run-session", "gnome-keyring-daemon"] {
            if !there(program) {
                crate::here::skipped(
                    "keyring::system::the_secret_service_keeps_the_key_and_forgets_it",
                    &format!("{program} is not installed"),
                );
                return;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut session = Process::new("dbus-run-session");
        session.arg("--").arg(std::env::current_exe().unwrap());
        succeeded(&child(session, "keyring::system::in_a_session", folder.path()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "run by `the_secret_service_keeps_the_key_and_forgets_it`, in a session of its own"]
    async fn in_a_session() {
        begin_keyring();
        let mut ada = Person::create_offline("Ada", person()).await;
        ada.ask(Command::SetRemembered { on: true }).await.unwrap();
        assert!(remembered(&ada));
        ada.leave().await;
        let mut ada = Person::start("Ada", person()).await;
        ada.ask(Command::UnlockRemembered {}).await.unwrap();
        assert_eq!(notices(&ada, &Notice::RolledBack {}), 0);
        ada.ask(Command::Lock {}).await.unwrap();
        // A keyring that began anew is another one on the bus.
        begin_keyring();
        ada.ask(Command::UnlockRemembered {}).await.unwrap();
        ada.ask(Command::SetRemembered { on: false }).await.unwrap();
        assert!(!remembered(&ada));
        ada.ask(Command::SetRemembered { on: true }).await.unwrap();
        ada.ask(Command::SetRemembered { on: false }).await.unwrap();
        ada.ask(Command::Lock {}).await.unwrap();
        assert_eq!(ada.ask(Command::UnlockRemembered {}).await, Err(Code::NotRemembered));
        ada.leave().await;
    }

    #[test]
    fn without_a_bus_and_with_one_that_never_answers_the_passphrase_does() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        let hanging = folder.path().join("hanging");
        let _listener = std::os::unix::net::UnixListener::bind(&hanging).unwrap();
        for (n, bus) in [hanging, folder.path().join("nobody")].into_iter().enumerate() {
            let mut process = Process::new(&own);
            process.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", bus.display()));
            let home = folder.path().join(n.to_string());
            succeeded(&child(process, "keyring::system::without_a_keyring", &home));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "run by `without_a_bus_and_with_one_that_never_answers_the_passphrase_does`, with a bus that is none"]
    async fn without_a_keyring() {
        let mut ada = Person::create_offline("Ada", person()).await;
        ada.ask(Command::Lock {}).await.unwrap();
        ada.ask(unlock(true)).await.unwrap();
        assert_eq!((remembered(&ada), notices(&ada, &unavailable())), (false, 1));
        ada.leave().await;
    }
}
