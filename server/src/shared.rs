//! What all connections of one server share.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    address::Origin,
    admission::Admission,
    clock::Clock,
    hub::Hub,
    limits::Limits,
    metrics::Metrics,
    rate::{Buckets, Rate},
    store::Store,
};

/// How far along its life a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Serving.
    Open,
    /// No new sockets; the open ones are asked to come back later.
    Draining,
    /// Everything ends.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) store: Store,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) admission: Arc<Admission>,
    /// Places for those who are turned away, so that they can be told why.
    pub(crate) turned_away: Arc<Admission>,
    pub(crate) rates: Rates,
    /// Host names a log-in may be signed over.
    pub(crate) names: Vec<String>,
    pub(crate) behind_proxy: bool,
    /// The proxies that are believed; empty for those on private networks.
    pub(crate) proxies: Vec<IpAddr>,
    pub(crate) stun_port: Option<u16>,
    pub(crate) phase: watch::Receiver<Phase>,
    /// Open WebSockets, for whoever waits until they are gone.
    pub(crate) sockets: watch::Sender<usize>,
}

impl Shared {
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// When a client of a stopping server should come back: spread, so that they do not come all at once.
    pub(crate) fn return_after(&self, origin: Origin) -> Duration {
        let within = if origin.is_spared() {
            self.limits.return_within.0.min(Duration::from_secs(1))
        } else {
            self.limits.return_within.0
        };
        let share = getrandom::u32().unwrap_or_default();
        within.mul_f64(f64::from(share) / f64::from(u32::MAX))
    }
}

/// Waits until the server stops. A server whose handle is gone counts as stopped.
pub(crate) async fn draining(phase: &mut watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase != Phase::Open).await;
}

/// Waits until everything ends.
pub(crate) async fn closed(phase: &mut watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase == Phase::Closed).await;
}

/// Limits by address and target. Who is spared does not come here.
#[derive(Debug)]
pub(crate) struct Rates {
    logins: Buckets,
    registrations: Buckets,
    site_registrations: Buckets,
    deposits: Pair,
    fetches: Pair,
}

/// A limit for one address towards one person, and one for the address towards all.
#[derive(Debug)]
struct Pair {
    one: Buckets,
    all: Buckets,
}

impl Pair {
    fn new(one: Rate, all: Rate) -> Self {
        Self {
            one: Buckets::new(one),
            all: Buckets::new(all),
        }
    }

    fn take(&self, origin: Origin, target: &orrery_protocol::PeerId, now_ms: u64) -> Result<(), Duration> {
        self.all.take(origin, now_ms)?;
        self.one.take((origin, target), now_ms)
    }
}

impl Rates {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            logins: Buckets::new(limits.login_rate),
            registrations: Buckets::new(limits.registration_rate),
            site_registrations: Buckets::new(limits.registration_rate_site),
            deposits: Pair::new(limits.deposit_rate, limits.deposit_rate_all),
            fetches: Pair::new(limits.fetch_rate, limits.fetch_rate_all),
        }
    }

    pub(crate) fn login(&self, origin: Origin, now_ms: u64) -> Result<(), Duration> {
        if origin.is_spared() {
            Ok(())
        } else {
            self.logins.take(origin, now_ms)
        }
    }

    pub(crate) fn registration(&self, origin: Origin, now_ms: u64) -> Result<(), Duration> {
        if origin.is_spared() {
            return Ok(());
        }
        self.registrations.take(origin, now_ms)?;
        origin
            .site()
            .map_or(Ok(()), |site| self.site_registrations.take(site, now_ms))
    }

    pub(crate) fn deposit(&self, origin: Origin, to: &orrery_protocol::PeerId, now_ms: u64) -> Result<(), Duration> {
        if origin.is_spared() {
            Ok(())
        } else {
            self.deposits.take(origin, to, now_ms)
        }
    }

    pub(crate) fn fetch(&self, origin: Origin, of: &orrery_protocol::PeerId, now_ms: u64) -> Result<(), Duration> {
        if origin.is_spared() {
            Ok(())
        } else {
            self.fetches.take(origin, of, now_ms)
        }
    }
}
