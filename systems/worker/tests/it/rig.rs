//! A server, and people with a worker each.

use std::{net::SocketAddr, path::Path, time::Duration};

use orrery_link::{AppEnd, Code, Command, Event, Passphrase, ProfilePhase, Request, ServerPhase};
use orrery_protocol::{ChannelId, MessageId, PeerId};
use orrery_server::{RunningServer, Server, ServerConfig};
use orrery_worker::{SoundConfig, VaultParams, Worker, WorkerConfig, WorkerHandle};
use tempfile::TempDir;
use tokio::{net::TcpSocket, time::timeout};

/// Ten times what anything here should take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const PASSPHRASE: &str = "a horse that is correct";

/// A server on a free port, in a folder that outlives it.
pub(crate) struct Host {
    pub(crate) folder: TempDir,
    pub(crate) running: Option<RunningServer>,
    pub(crate) url: String,
    address: SocketAddr,
}

impl Host {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = Server::start(ServerConfig::local(folder.path())).await.unwrap();
        Self {
            url: running.url(),
            address: running.local_addr(),
            running: Some(running),
            folder,
        }
    }

    pub(crate) async fn stop(&mut self) {
        self.running.take().unwrap().shutdown().await;
    }

    /// Again, where it was and with what it had.
    pub(crate) async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same, with something changed.
    pub(crate) async fn restart_with(&mut self, change: impl FnOnce(&mut ServerConfig)) {
        let mut config = ServerConfig {
            listen: self.address,
            ..ServerConfig::local(self.folder.path())
        };
        change(&mut config);
        self.running = Some(Server::start(config).await.unwrap());
    }
}

/// A configuration that costs little.
pub(crate) fn config(folder: &Path, server: &str) -> WorkerConfig {
    WorkerConfig {
        bind: Some("127.0.0.1:0".into()),
        argon: VaultParams::FLOOR,
        ..WorkerConfig::new(folder.to_owned(), server.to_owned())
    }
}

/// Somebody with a worker.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) app: AppEnd,
    handle: Option<WorkerHandle>,
    /// Everything told so far, and how far `wait` has looked.
    log: Vec<Event>,
    looked: usize,
    references: u32,
}

impl Person {
    /// Starts a worker; the profile is not open yet.
    pub(crate) async fn start(name: &str, config: WorkerConfig) -> Self {
        let (app, end) = orrery_link::pair();
        let handle = Worker::spawn(config, end).unwrap();
        let mut person = Self {
            name: name.to_owned(),
            app,
            handle: Some(handle),
            log: Vec::new(),
            looked: 0,
            references: 0,
        };
        assert!(matches!(
            person.next().await,
            Event::Ready {
                version: orrery_link::VERSION
            }
        ));
        person
    }

    /// Somebody new, logged in.
    pub(crate) async fn create(name: &str, folder: &Path, server: &str) -> Self {
        Self::create_with(name, config(folder, server)).await
    }

    pub(crate) async fn create_with(name: &str, config: WorkerConfig) -> Self {
        let mut person = Self::create_offline(name, config).await;
        person.online().await;
        person
    }

    /// Somebody new whose server may be anything.
    pub(crate) async fn create_offline(name: &str, config: WorkerConfig) -> Self {
        let mut person = Self::start(name, config).await;
        let create = Command::CreateProfile {
            name: name.into(),
            passphrase: Passphrase::new(PASSPHRASE.into()),
            server: None,
        };
        person.ask(create).await.unwrap();
        person
    }

    /// Somebody who was here before.
    pub(crate) async fn unlock(name: &str, config: WorkerConfig) -> Self {
        let mut person = Self::start(name, config).await;
        person
            .ask(Command::Unlock {
                passphrase: Passphrase::new(PASSPHRASE.into()),
                remember: false,
            })
            .await
            .unwrap();
        person
    }

    pub(crate) async fn online(&mut self) {
        self.wait("online", |event| {
            matches!(
                event,
                Event::ServerChanged {
                    server: ServerPhase::Online
                }
            )
            .then_some(())
        })
        .await;
    }

    /// Who this is.
    pub(crate) fn id(&self) -> PeerId {
        let open = self.log.iter().rev().find_map(|event| match event {
            Event::ProfileChanged {
                profile: ProfilePhase::Open(view),
            } => Some(view.peer),
            _ => None,
        });
        open.expect("open")
    }

    /// Everything told so far.
    pub(crate) fn log(&self) -> &[Event] {
        &self.log
    }

    async fn next(&mut self) -> Event {
        let event = timeout(DEADLINE, self.app.next_event()).await;
        let Ok(event) = event else {
            panic!("{} heard nothing; so far: {:#?}", self.name, self.tail())
        };
        let event = event.expect("the worker has ended");
        self.log.push(event.clone());
        event
    }

    fn tail(&self) -> &[Event] {
        &self.log[self.log.len().saturating_sub(30)..]
    }

    /// The first event, after the one that was waited for before, of which something can be made.
    pub(crate) async fn wait<T>(&mut self, what: &str, mut find: impl FnMut(&Event) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            while let Some(event) = self.log.get(self.looked) {
                self.looked += 1;
                if let Some(found) = find(event) {
                    return found;
                }
            }
            let Ok(event) = tokio::time::timeout_at(deadline, self.app.next_event()).await else {
                panic!("{} waited in vain for: {what}; so far: {:#?}", self.name, self.tail())
            };
            let event = event.expect("the worker has ended");
            self.log.push(event);
        }
    }

    /// Does something and waits for the answer.
    pub(crate) async fn ask(&mut self, command: Command) -> Result<(), Code> {
        self.references += 1;
        let reference = format!("{}", self.references);
        self.app
            .send(Request {
                reference: Some(reference.clone()),
                command,
            })
            .unwrap();
        let answers = |event: &Event| match event {
            Event::Done { reference: r } if *r == reference => Some(Ok(())),
            Event::Failed {
                reference: Some(r),
                code,
            } if *r == reference => Some(Err(*code)),
            _ => None,
        };
        loop {
            let event = self.next().await;
            if let Some(answer) = answers(&event) {
                return answer;
            }
        }
    }

    /// Forgets what was told up to here.
    pub(crate) fn forget(&mut self) {
        self.looked = self.log.len();
    }

    pub(crate) async fn say(&mut self, to: &Self, text: &str) -> MessageId {
        self.write(to.id(), text).await
    }

    /// The same to somebody who is not there.
    pub(crate) async fn write(&mut self, to: PeerId, text: &str) -> MessageId {
        let channel = ChannelId::from(to);
        self.ask(Command::SendText {
            channel,
            text: text.into(),
            reply_to: None,
        })
        .await
        .unwrap();
        let own = self.id();
        let sent = self.log.iter().rev().find_map(|event| match event {
            Event::MessageSent { message } if message.author == own => Some(message.id),
            _ => None,
        });
        sent.expect("sent")
    }

    pub(crate) async fn hear(&mut self, text: &str) {
        self.wait(&format!("the text {text:?}"), |event| match event {
            Event::MessageReceived { message } if text_of(message) == Some(text) => Some(()),
            _ => None,
        })
        .await;
    }

    /// Ends the worker.
    pub(crate) async fn leave(mut self) {
        let _ = self.app.send(Command::Shutdown {});
        let handle = self.handle.take().unwrap();
        tokio::task::spawn_blocking(move || handle.join(DEADLINE))
            .await
            .unwrap()
            .expect("ends in time");
    }
}

pub(crate) fn text_of(message: &orrery_link::MessageView) -> Option<&str> {
    match &message.content {
        orrery_protocol::record::MessageKind::Text { text } => Some(text),
        orrery_protocol::record::MessageKind::Call { .. } => None,
    }
}

/// Makes contacts of two people.
pub(crate) async fn befriend(a: &mut Person, b: &mut Person) {
    let link = invite(a).await;
    b.ask(Command::AddContact { link }).await.unwrap();
    let id = b.id();
    a.wait("the request", |event| {
        matches!(event, Event::RequestReceived { peer, .. } if *peer == id).then_some(())
    })
    .await;
    a.ask(Command::AcceptRequest { peer: id }).await.unwrap();
    let id = a.id();
    b.wait("the acceptance", |event| {
        matches!(event, Event::RequestAccepted { peer } if *peer == id).then_some(())
    })
    .await;
}

pub(crate) async fn invite(person: &mut Person) -> String {
    person.ask(Command::CreateInvite {}).await.unwrap();
    let link = person.log.iter().rev().find_map(|event| match event {
        Event::InviteCreated { link, .. } => Some(link.clone()),
        _ => None,
    });
    link.expect("a link")
}

/// Two people who know each other.
pub(crate) async fn friends(host: &Host, folder: &Path) -> (Person, Person) {
    let mut ada = Person::create("Ada", &folder.join("ada"), &host.url).await;
    let mut bob = Person::create("Bob", &folder.join("bob"), &host.url).await;
    befriend(&mut ada, &mut bob).await;
    (ada, bob)
}

/// Waits until somebody's server is gone; why.
pub(crate) async fn offline(person: &mut Person) -> Option<Code> {
    person
        .wait("offline", |event| match event {
            Event::ServerChanged {
                server: ServerPhase::Offline { code, .. },
            } => Some(*code),
            _ => None,
        })
        .await
}

/// An address where nobody answers, and nobody else can begin to while this is kept.
pub(crate) fn nobody() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("ws://{}", socket.local_addr().unwrap());
    (socket, url)
}

/// With sound from and to files.
pub(crate) fn with_sound(mut config: WorkerConfig, sound: SoundConfig) -> WorkerConfig {
    config.sound = sound;
    config
}
