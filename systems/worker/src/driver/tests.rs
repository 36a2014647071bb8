//! The loop step by step, against a home server that says what a test wants it to say.

#[allow(dead_code, reason = "not every test wants everything of it")]
#[path = "../../tests/it/fake.rs"]
mod fake;
mod middle;

use std::time::Duration;

use orrery_link::{AppEnd, Command, Passphrase};
use orrery_protocol::frame::SocketRequest;
use orrery_store::VaultParams;

use super::*;
use crate::{engine::Failure, signaling::Tls};
use fake::Fake;

/// Ten times what anything here should take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A loop that is about to make a profile.
fn beginning(folder: &std::path::Path, server: &str) -> (AppEnd, Driver) {
    let silence = crate::SoundConfig::Files {
        mic: crate::MicSource::Silence,
        speaker: crate::SpeakerSink::Null,
    };
    beginning_with(folder, server, &silence)
}

/// The same with sound.
fn beginning_with(folder: &std::path::Path, server: &str, sound: &crate::SoundConfig) -> (AppEnd, Driver) {
    let (app, end) = orrery_link::pair();
    let mut config = WorkerConfig::new(folder.to_owned(), server.to_owned());
    config.argon = VaultParams::FLOOR;
    config.bind = Some("127.0.0.1:0".into());
    config.sound = sound.clone();
    let runtime = runtime::Handle::current();
    let fanout = Fanout::default();
    let sound = Sound::open(&config.sound, fanout.clone(), &runtime).unwrap();
    let dialer = Dialer {
        tls: Tls::new(None).unwrap(),
        patience: config.patience,
    };
    app.send(Command::CreateProfile {
        name: "Ada".into(),
        passphrase: Passphrase::new("a horse that is correct".into()),
        server: None,
    })
    .unwrap();
    (app, Driver::new(config, end, dialer, sound, fanout, runtime))
}

/// Runs the loop; the first mail meets a database that is of no use.
async fn drive(driver: &mut Driver) {
    let mut timers = Timers::new();
    let mut failing = Some(Failure::Broken(Code::Internal));
    loop {
        let wake = driver.wait(&mut timers).await;
        if let (Wake::Home(HomeEvent::Delivered { .. }), Place::Inside(session)) = (&wake, &mut driver.place)
            && let Some(failure) = failing.take()
        {
            session.engine.failing = Some(failure);
        }
        if driver.step(wake) == Flow::Stop {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_the_database_could_not_take_is_asked_for_again_and_said() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (app, mut driver) = beginning(folder.path(), &fake.url);
    let server = async {
        let mut guest = fake.guest().await;
        guest.let_in().await;
        guest.deliver(1).await;
        // Not acknowledged, so that it comes again; and the connection ends, so that it does.
        while let Some(request) = guest.hear().await {
            assert!(!matches!(request, SocketRequest::Ack { .. }));
        }
        let mut guest = fake.guest().await;
        guest.let_in().await;
        guest.deliver(1).await;
        assert_eq!(guest.acknowledged(1).await, [[1]]);
    };
    let both = async {
        tokio::select! {
            () = drive(&mut driver) => panic!("the loop ended"),
            () = server => {}
        }
    };
    tokio::time::timeout(DEADLINE, both).await.expect("in time");
    let told = std::iter::from_fn(|| app.try_event());
    let problems: Vec<Event> = told
        .filter(|event| matches!(event, Event::Notice(Notice::Problem { .. })))
        .collect();
    assert_eq!(problems, [Event::Notice(Notice::Problem { code: Code::Internal })]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_either_when_a_peer_falls_silent_is_dialled_anew() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (_app, mut driver) = beginning(folder.path(), &fake.url);
    let server = async {
        let mut guest = fake.guest().await;
        guest.let_in().await;
        // From here on it is as if nothing came through any more.
        fake.guest().await.let_in().await;
        drop(guest);
    };
    let falling_silent = async {
        let mut timers = Timers::new();
        loop {
            let wake = driver.wait(&mut timers).await;
            let online = matches!(wake, Wake::Home(HomeEvent::Online { .. }));
            if driver.step(wake) == Flow::Stop {
                return;
            }
            if online {
                let connection = orrery_protocol::ConnectionId([1; 16]);
                driver.step(Wake::Peer(PeerEvent::Interrupted { connection }));
            }
        }
    };
    let both = async {
        tokio::select! {
            () = falling_silent => panic!("the loop ended"),
            () = server => {}
        }
    };
    // Without a doubt it would take three probes of twenty seconds.
    tokio::time::timeout(Duration::from_secs(30), both)
        .await
        .expect("in time");
}
