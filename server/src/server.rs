//! Starting and stopping a server.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use tokio::{
    net::{TcpListener, TcpSocket, UdpSocket},
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    admission::Admission,
    config::{ConfigError, ServerConfig, Stun},
    http,
    hub::Hub,
    limits::{SOCKET_SEND_BUFFER, SWEEP_INTERVAL},
    metrics::Metrics,
    shared::{Phase, Rates, Shared, closed},
    store::{Store, StoreError, Surroundings},
    stun,
    tls::{Tls, TlsError},
};

/// Connections waiting to be accepted; the system turns more away.
const BACKLOG: u32 = 1024;
/// Places for those who are told that there is no place.
const TURNED_AWAY: usize = 64;
/// With port 0, TCP and UDP must find a port that is free for both.
const PORT_TRIES: usize = 16;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is not safe or makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificate or the key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({protocol}): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// `TCP` or `UDP`.
        protocol: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

/// The signaling server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a server on the current tokio runtime. When this returns, it listens.
    ///
    /// # Errors
    /// [`StartError`], with nothing left behind but the data folder.
    pub async fn start(config: ServerConfig) -> Result<RunningServer, StartError> {
        config.validate()?;
        let tls = config.tls.clone().map(Tls::load).transpose()?;
        let limits = Arc::new(config.limits.clone());
        let (hub, metrics) = (Arc::new(Hub::default()), Arc::new(Metrics::default()));
        let (tcp, udp) = bind(config.listen, config.stun).await?;
        let counts = match config.metrics {
            Some(address) => Some(listen(address)?),
            None => None,
        };
        let local_addr = tcp.local_addr().map_err(failed(config.listen, "TCP"))?;
        let stun_addr = udp.as_ref().and_then(|udp| udp.local_addr().ok());
        let metrics_addr = counts.as_ref().and_then(|counts| counts.local_addr().ok());

        let around = Surroundings {
            limits: limits.clone(),
            clock: config.clock.clone(),
            hub: hub.clone(),
            metrics: metrics.clone(),
        };
        if config.behind_proxy && stun_addr.is_some_and(|address| address.ip().is_loopback()) {
            tracing::warn!("STUN is answered on loopback only, where nobody beyond the proxy can ask: set --stun");
        }
        let store = Store::open(&config.data, around)?;
        let (phase, watched) = watch::channel(Phase::Open);
        let (sockets, _) = watch::channel(0);
        let shared = Arc::new(Shared {
            hub,
            metrics,
            store: store.clone(),
            clock: config.clock.clone(),
            admission: Admission::new(limits.max_connections, limits.connections_per_address),
            turned_away: Admission::new(TURNED_AWAY, 0),
            rates: Rates::new(&limits),
            names: config.answers_to(),
            behind_proxy: config.behind_proxy,
            proxies: config.proxies.clone(),
            stun_port: stun_addr.map(|address| address.port()),
            phase: watched,
            sockets: sockets.clone(),
            limits,
        });

        let mut tasks = vec![
            tokio::spawn(http::accept(tcp, shared.clone(), tls.clone())),
            tokio::spawn(sweep(shared.clone())),
        ];
        tasks.extend(udp.map(|udp| tokio::spawn(stun::serve(udp, shared.clone()))));
        tasks.extend(counts.map(|counts| tokio::spawn(http::serve_metrics(counts, shared.clone()))));
        Ok(RunningServer {
            local_addr,
            stun_addr,
            metrics_addr,
            tls,
            phase,
            sockets,
            store,
            shared,
            tasks,
        })
    }
}

/// A server that listens. Dropping it ends it at once; [`RunningServer::shutdown`] ends it well.
pub struct RunningServer {
    local_addr: SocketAddr,
    stun_addr: Option<SocketAddr>,
    metrics_addr: Option<SocketAddr>,
    tls: Option<Tls>,
    phase: watch::Sender<Phase>,
    sockets: watch::Sender<usize>,
    store: Store,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl RunningServer {
    /// Where TCP listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where STUN is answered, when it is.
    #[must_use]
    pub const fn stun_addr(&self) -> Option<SocketAddr> {
        self.stun_addr
    }

    /// Where counts are served, when they are.
    #[must_use]
    pub const fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// The address as a client on this machine dials it: `ws://127.0.0.1:7670`, or `wss://` with a certificate.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let ip = match self.local_addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("{scheme}://{}", SocketAddr::new(ip, self.local_addr.port()))
    }

    /// Reads certificate and key again; open connections keep the old one. `false` when there is none to read, as behind
    /// a proxy.
    ///
    /// # Errors
    /// [`TlsError`]; the old certificate then stays in force.
    pub fn reload_certificate(&self) -> Result<bool, TlsError> {
        match &self.tls {
            Some(tls) => tls.reload().map(|()| true),
            None => Ok(false),
        }
    }

    /// Takes no new sockets, asks the open ones to come back later, answers what was asked, and closes the database.
    /// Nothing that was acknowledged is lost, however long a client takes: after the drain timeout it is left behind.
    pub async fn shutdown(mut self) {
        self.phase.send_replace(Phase::Draining);
        let mut sockets = self.sockets.subscribe();
        let gone = async { sockets.wait_for(|open| *open == 0).await.is_ok() };
        if timeout(self.shared.limits.drain_timeout.0, gone).await.is_err() {
            tracing::warn!("some clients did not close in time and are left behind");
        }
        self.phase.send_replace(Phase::Closed);
        for task in self.tasks.drain(..) {
            // A task that failed has nothing left to finish.
            let _ = task.await;
        }
        self.store.close().await;
    }
}

impl std::fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningServer")
            .field("local_addr", &self.local_addr)
            .finish_non_exhaustive()
    }
}

async fn sweep(shared: Arc<Shared>) {
    let mut ticks = interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut phase = shared.phase.clone();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = closed(&mut phase) => return,
        }
        // An error has been logged where it happened, and the next sweep makes up for it.
        let _ = shared.store.sweep().await;
    }
}

/// TCP and, where wanted, UDP. With port 0 and STUN on the same port, tries until one port is free for both.
async fn bind(address: SocketAddr, stun: Stun) -> Result<(TcpListener, Option<UdpSocket>), StartError> {
    let mut tries = if address.port() == 0 && stun == Stun::SamePort {
        PORT_TRIES
    } else {
        1
    };
    loop {
        tries -= 1;
        let tcp = listen(address)?;
        let stun_address = match stun {
            Stun::Off => return Ok((tcp, None)),
            Stun::At(address) => address,
            Stun::SamePort => tcp.local_addr().map_err(failed(address, "TCP"))?,
        };
        match UdpSocket::bind(stun_address).await {
            Ok(udp) => return Ok((tcp, Some(udp))),
            Err(_) if tries > 0 => {}
            Err(source) => return Err(failed(stun_address, "UDP")(source)),
        }
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A restart must not wait for the old connections to time out. On Windows the option means something else.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        // Accepted sockets inherit it.
        socket.set_send_buffer_size(SOCKET_SEND_BUFFER)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(failed(address, "TCP"))
}

fn failed(address: SocketAddr, protocol: &'static str) -> impl Fn(io::Error) -> StartError {
    move |source| StartError::Listen {
        address,
        protocol,
        source,
    }
}
