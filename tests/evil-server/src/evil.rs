//! An evil server as a test holds it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use orrery_protocol::{
    PeerId,
    frame::{DropReply, DropRequest},
};
use orrery_server::{RunningServer, Server, ServerConfig};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    Mischief, Plan, Stranger,
    book::Book,
    deposit, relay,
    tee::Wire,
    world::{Shared, World},
};

/// Ten times what anything waited for should take on a slow machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// How an evil server is started.
#[derive(Clone, Debug)]
pub struct EvilOptions {
    /// Folder of the honest server behind it.
    pub data: PathBuf,
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Of all its draws.
    pub seed: u64,
    /// Whether it keeps everything that it sees, for looking back.
    pub keeps_all: bool,
}

impl EvilOptions {
    /// On loopback at any port, keeping everything.
    #[must_use]
    pub fn local(data: impl Into<PathBuf>, seed: u64) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed,
            keeps_all: true,
        }
    }
}

/// A running evil server before an honest one, in threads of this process. It is honest until it is told otherwise.
pub struct Evil {
    runtime: Option<Runtime>,
    shared: Arc<Shared>,
    honest: Option<RunningServer>,
    metrics: SocketAddr,
    address: SocketAddr,
}

impl std::fmt::Debug for Evil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evil")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Evil {
    /// Starts one.
    ///
    /// # Panics
    /// When it cannot listen, or the honest server does not start.
    #[must_use]
    pub fn start(options: &EvilOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let config = ServerConfig {
            metrics: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            ..ServerConfig::local(&options.data)
        };
        let (honest, listener) = runtime.block_on(async {
            let honest = Server::start(config).await.expect("an honest server");
            let listener = TcpListener::bind(options.listen).await.expect("a port");
            (honest, listener)
        });
        let address = listener.local_addr().expect("an address");
        let world = World::new(
            runtime.handle().clone(),
            options.seed,
            honest.local_addr(),
            options.keeps_all,
        );
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            changed: Condvar::new(),
        });
        runtime.spawn(relay::serve(listener, Arc::clone(&shared)));
        Self {
            runtime: Some(runtime),
            shared,
            metrics: honest.metrics_addr().expect("counts were asked for"),
            honest: Some(honest),
            address,
        }
    }

    /// The address that clients dial.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Where the honest server shows its counts.
    #[must_use]
    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// Does these from now on, and nothing else. Connections stay.
    pub fn plan(&self, plans: impl IntoIterator<Item = impl Into<Plan>>) {
        self.shared.lock().plans = plans.into_iter().map(Into::into).collect();
    }

    /// Does nothing evil from now on. What was kept back stays where it is; see [`Evil::turn_honest`].
    pub fn behave(&self) {
        self.shared.lock().plans.clear();
    }

    /// Cuts every connection, so that clients log in anew.
    pub fn cut(&self) {
        self.shared.lock().cut_all();
    }

    /// Turns honest: nothing is changed any more, what was kept back is put into the mailboxes, and everybody has to log
    /// in anew. Returns how many envelopes had been kept back.
    ///
    /// # Panics
    /// When the honest server does not answer.
    pub fn turn_honest(&self) -> usize {
        let (withheld, honest) = {
            let mut world = self.shared.lock();
            world.plans.clear();
            world.logins_to = None;
            world.book.unacknowledged.clear();
            (std::mem::take(&mut world.book.withheld), world.honest)
        };
        let count = withheld.len();
        if count > 0 {
            self.runtime().block_on(deposit::ask(honest, withheld));
        }
        self.cut();
        count
    }

    /// Throws away for good what was kept back.
    pub fn lose_withheld(&self) -> usize {
        std::mem::take(&mut self.shared.lock().book.withheld).len()
    }

    /// Passes log-ins on to another server from now on, as if the client had dialled that one.
    pub fn send_logins_to(&self, other: SocketAddr) {
        self.shared.lock().logins_to = Some(other);
    }

    /// How often a mischief struck.
    #[must_use]
    pub fn struck(&self, mischief: Mischief) -> u64 {
        self.shared.lock().book.struck.get(&mischief).copied().unwrap_or(0)
    }

    /// All strikes.
    #[must_use]
    pub fn strikes(&self) -> BTreeMap<Mischief, u64> {
        self.shared.lock().book.struck.clone()
    }

    /// Looks into what it remembers.
    pub fn look<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.shared.lock().book)
    }

    /// Waits until what it remembers is as wanted.
    ///
    /// # Panics
    /// When that does not happen.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Book) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        let mut world = self.shared.lock();
        loop {
            if let Some(found) = look(&world.book) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the evil server waited for {what}, which never came");
            let waited = self.shared.changed.wait_timeout(world, left);
            world = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Envelopes that came in for somebody so far.
    #[must_use]
    pub fn mail(&self, to: &PeerId) -> Vec<Vec<u8>> {
        self.look(|book| book.mail.get(to).cloned().unwrap_or_default())
    }

    /// Delivers an envelope to everybody who is logged in as this person; to how many connections.
    pub fn deliver(&self, to: &PeerId, envelope: &[u8]) -> usize {
        self.shared.lock().deliver(to, envelope)
    }

    /// Lets the server's own person make something.
    pub fn forge<T>(&self, forge: impl FnOnce(&mut Stranger) -> T) -> T {
        forge(&mut self.shared.lock().stranger)
    }

    /// Asks the honest server something at `/v1/drop`, as a stranger.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn ask(&self, requests: Vec<DropRequest>) -> Vec<DropReply> {
        let honest = self.shared.lock().honest;
        self.runtime().block_on(deposit::ask(honest, requests))
    }

    /// Every byte of every TCP connection so far, by the connection's number.
    #[must_use]
    pub fn wires(&self) -> BTreeMap<u64, Wire> {
        let wires = self.shared.lock().wires.clone();
        let copy = |wire: Arc<Mutex<Wire>>| wire.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wires.into_iter().map(|(number, wire)| (number, copy(wire))).collect()
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it runs until it is dropped")
    }
}

impl Drop for Evil {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            if let Some(honest) = self.honest.take() {
                self.cut();
                runtime.block_on(honest.shutdown());
            }
            runtime.shutdown_background();
        }
    }
}
