//! What stands between a connection's sockets and the stack. The stack keeps something for every sender of sound that a
//! packet names before it knows whether the packet is genuine, keeps the parts of a message that never ends, asks every
//! address it is told of as often as it likes, and would open TCP connections to them. Here all of that has bounds:
//!
//! * Out: an address that has not answered gets nothing but STUN, at a pace; nothing goes over TCP.
//! * Out, too: the one packet is noticed by which our side refuses a certificate, because the stack tells nobody.
//! * In: from an address that we never spoke to only STUN is looked at; sound only of senders that the description named;
//!   and only so many bytes of DTLS that never become a message.
//!
//! Kinds of packets are told apart by their first byte (RFC 7983 §7).

use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

mod gone;
mod sockets;

pub(crate) use gone::is_gone;
pub(crate) use sockets::Sockets;

/// Paths (a socket of ours and an address) that are remembered. Beyond it nothing more is sent to new ones.
const MAX_PATHS: usize = 1024;
/// STUN packets that a path gets without a pause, …
const FREE_CHECKS: u32 = 10;
/// … and the pause between further ones while it does not answer.
const CHECK_PAUSE: Duration = Duration::from_millis(200);
/// STUN packets to all paths together that did not answer: at once, …
const CHECKS_AT_ONCE: u32 = 400;
/// … and one more after each of these. 200 packets a second are 20 kB.
const CHECK_EVERY: Duration = Duration::from_millis(5);
/// Senders of RTCP that are listened to.
const MAX_REPORTERS: usize = 8;
/// What the other side may send over DTLS without a message coming of it, in bytes, each packet counted with
/// [`EACH_PACKET`]. The stack gathers the parts of a message that does not end (rtc-sctp 0.21 takes the next part even when
/// its window is full), and keeps something for every stream and association that a packet begins, so this is what a
/// peer can have us keep. Messages that nobody has read yet stand for at most 256 KiB in the window and 600 KiB in lanes.
pub(crate) const UNFINISHED: u64 = 3 * 512 * 1024;
/// What a packet counts beside its bytes: small ones cost memory, too.
const EACH_PACKET: u64 = 192;
/// What is given back for a message beside its own bytes: its packet, and what DTLS, SCTP and padding added.
const AROUND_A_MESSAGE: u64 = EACH_PACKET + 128;
/// What is given for a piece of ours, which will be acknowledged.
const ACKNOWLEDGEMENT: u64 = EACH_PACKET + 128;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
    Unknown,
}

/// RFC 7983 §7 and RFC 5761 §4.
fn kind(packet: &[u8]) -> Kind {
    match packet {
        [0..=3, ..] => Kind::Stun,
        [20..=63, ..] => Kind::Dtls,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Unknown,
    }
}

/// Whether this is our `bad_certificate` alert (RFC 6347 §4.1, RFC 5246 §7.2.2), sent in the clear because no handshake was
/// finished: the other end showed a certificate that its description does not name.
fn refuses_certificate(packet: &[u8]) -> bool {
    const ALERT: u8 = 21;
    const FATAL: u8 = 2;
    const BAD_CERTIFICATE: u8 = 42;
    // Type, version, epoch 0, sequence number, length.
    matches!(
        packet,
        [ALERT, _, _, 0, 0, _, _, _, _, _, _, 0, 2, FATAL, BAD_CERTIFICATE, ..]
    )
}

/// Whether the system says that nobody listens at an address that something was sent to.
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}

fn number(packet: &[u8], at: usize) -> Option<u32> {
    packet.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// A socket of ours and an address that something was sent to.
struct Path {
    sent: u32,
    next: Instant,
    /// Something came back.
    answered: bool,
}

struct Rules {
    paths: HashMap<(usize, SocketAddr), Path>,
    checks: u32,
    refilled: Instant,
    sources: Vec<u32>,
    reporters: Vec<u32>,
    credit: u64,
    /// Where the last packet of a path that answers came from, and when.
    heard: Option<Heard>,
}

/// A sign of life of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// On which of our sockets.
    socket: usize,
    pub from: SocketAddr,
    pub at: Instant,
}

impl Rules {
    fn new(now: Instant) -> Self {
        Self {
            paths: HashMap::new(),
            checks: CHECKS_AT_ONCE,
            refilled: now,
            sources: Vec::new(),
            reporters: Vec::new(),
            credit: UNFINISHED,
            heard: None,
        }
    }

    /// Whether a packet may go out.
    fn may_go(&mut self, socket: usize, to: SocketAddr, packet: &[u8], now: Instant) -> bool {
        let known = self.paths.len();
        let path = self.paths.get_mut(&(socket, to));
        if path.as_ref().is_some_and(|path| path.answered) {
            return true;
        }
        let early = path
            .as_ref()
            .is_some_and(|path| path.sent >= FREE_CHECKS && now < path.next);
        if kind(packet) != Kind::Stun || early || (path.is_none() && known >= MAX_PATHS) {
            return false;
        }
        let passed = now.saturating_duration_since(self.refilled).as_millis() / CHECK_EVERY.as_millis();
        if let Ok(fresh @ 1..) = u32::try_from(passed) {
            self.checks = self.checks.saturating_add(fresh).min(CHECKS_AT_ONCE);
            self.refilled = now;
        }
        let Some(left) = self.checks.checked_sub(1) else {
            return false;
        };
        self.checks = left;
        let path = self.paths.entry((socket, to)).or_insert(Path {
            sent: 0,
            next: now,
            answered: false,
        });
        path.sent = path.sent.saturating_add(1);
        path.next = now + CHECK_PAUSE;
        true
    }

    /// Whether a packet may come in.
    fn may_come(&mut self, socket: usize, from: SocketAddr, packet: &[u8], now: Instant) -> bool {
        let path = self.paths.get_mut(&(socket, from));
        let spoken_to = path.is_some();
        if let Some(path) = path {
            path.answered = true;
            self.heard = Some(Heard { socket, from, at: now });
        }
        match kind(packet) {
            Kind::Stun => true,
            _ if !spoken_to => false,
            Kind::Dtls => {
                let left = self.credit.checked_sub(EACH_PACKET.saturating_add(packet.len() as u64));
                self.credit = left.unwrap_or(0);
                left.is_some()
            }
            Kind::Rtp => number(packet, 8).is_some_and(|source| self.sources.contains(&source)),
            Kind::Rtcp => number(packet, 4).is_some_and(|reporter| {
                if !self.reporters.contains(&reporter) && self.reporters.len() < MAX_REPORTERS {
                    self.reporters.push(reporter);
                }
                self.reporters.contains(&reporter)
            }),
            Kind::Unknown => false,
        }
    }

    fn give(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_add(bytes).min(UNFINISHED);
    }
}

/// The rules of one connection, shared by its sockets and its task.
pub(crate) struct Guard {
    rules: Mutex<Rules>,
    /// Second handles on the sockets, by their numbers.
    handles: Mutex<HashMap<usize, UdpSocket>>,
    /// How often the system said that nobody listens where something was sent.
    refusals: AtomicU32,
    spent: Notify,
    refused: Notify,
}

// Holds addresses.
impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard(hidden)")
    }
}

impl Guard {
    /// For a connection that begins now.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            rules: Mutex::new(Rules::new(Instant::now())),
            handles: Mutex::default(),
            refusals: AtomicU32::new(0),
            spent: Notify::new(),
            refused: Notify::new(),
        })
    }

    /// Sound may come of these senders and of no others.
    pub(crate) fn expect_sources(&self, sources: Vec<u32>) {
        self.rules().sources = sources;
    }

    /// A message of so many bytes came of what the other side sent.
    pub(crate) fn message_came(&self, length: usize) {
        self.rules().give(AROUND_A_MESSAGE.saturating_add(length as u64));
    }

    /// We sent a piece, which will be acknowledged.
    pub(crate) fn piece_went(&self) {
        self.rules().give(ACKNOWLEDGEMENT);
    }

    /// Waits until the other side has sent more than it may without a message coming of it.
    pub(crate) async fn spent(&self) {
        self.spent.notified().await;
    }

    /// Waits until our side has refused the certificate that the other end showed.
    pub(crate) async fn refused(&self) {
        self.refused.notified().await;
    }

    /// The last sign of life of the other side.
    pub(crate) fn heard(&self) -> Option<Heard> {
        self.rules().heard
    }

    /// A socket of this connection.
    fn enter(&self, number: usize, socket: &UdpSocket) {
        if let Some(handle) = gone::handle(socket) {
            let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
            handles.insert(number, handle);
        }
    }

    fn with_handle(&self, number: usize, make: impl FnOnce(&UdpSocket) -> bool) -> bool {
        let handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.get(&number).is_some_and(make)
    }

    fn refusals(&self) -> u32 {
        self.refusals.load(Ordering::Relaxed)
    }

    fn refusal_came(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    fn may_go(&self, socket: usize, to: SocketAddr, packet: &[u8]) -> bool {
        if refuses_certificate(packet) {
            self.refused.notify_one();
        }
        self.rules().may_go(socket, to, packet, Instant::now())
    }

    fn may_come(&self, socket: usize, from: SocketAddr, packet: &[u8]) -> bool {
        let mut rules = self.rules();
        let may = rules.may_come(socket, from, packet, Instant::now());
        if rules.credit == 0 {
            self.spent.notify_one();
        }
        may
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
