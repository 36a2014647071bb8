//! Every limit of the server, its default and its flag. Limits per address spare loopback unless the server stands
//! behind a proxy. What both ends of the wire must agree on is in [`orrery_protocol::limits`] and cannot be set.

mod span;

use std::time::Duration;

pub use span::{Span, SpanError};

use crate::rate::Rate;

/// What may come in, how much is kept, and how long things take. Each field is a flag and an environment variable.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Connections the server holds at once; more are answered 503.
    #[arg(long, env = "ORRERY_MAX_CONNECTIONS", default_value_t = DEFAULT.max_connections, value_name = "N")]
    pub max_connections: usize,
    /// Connections from one address (IPv6: from one /64); more are answered 429.
    #[arg(long, env = "ORRERY_CONNECTIONS_PER_ADDRESS", default_value_t = DEFAULT.connections_per_address, value_name = "N")]
    pub connections_per_address: u32,
    /// Frames on one connection.
    #[arg(long, env = "ORRERY_FRAME_RATE", default_value_t = DEFAULT.frame_rate, value_name = "RATE")]
    pub frame_rate: Rate,
    /// Bytes on one connection.
    #[arg(long, env = "ORRERY_BYTE_RATE", default_value_t = DEFAULT.byte_rate, value_name = "RATE")]
    pub byte_rate: Rate,
    /// Log-ins from one address.
    #[arg(long, env = "ORRERY_LOGIN_RATE", default_value_t = DEFAULT.login_rate, value_name = "RATE")]
    pub login_rate: Rate,
    /// People from one address that this server did not know yet.
    #[arg(long, env = "ORRERY_REGISTRATION_RATE", default_value_t = DEFAULT.registration_rate, value_name = "RATE")]
    pub registration_rate: Rate,
    /// The same from one IPv6 /48, of which one customer may own every /64.
    #[arg(long, env = "ORRERY_REGISTRATION_RATE_SITE", default_value_t = DEFAULT.registration_rate_site, value_name = "RATE")]
    pub registration_rate_site: Rate,
    /// Envelopes from one address to one mailbox.
    #[arg(long, env = "ORRERY_DEPOSIT_RATE", default_value_t = DEFAULT.deposit_rate, value_name = "RATE")]
    pub deposit_rate: Rate,
    /// Envelopes from one address to all mailboxes together.
    #[arg(long, env = "ORRERY_DEPOSIT_RATE_ALL", default_value_t = DEFAULT.deposit_rate_all, value_name = "RATE")]
    pub deposit_rate_all: Rate,
    /// Prekey bundles from one address of one person.
    #[arg(long, env = "ORRERY_FETCH_RATE", default_value_t = DEFAULT.fetch_rate, value_name = "RATE")]
    pub fetch_rate: Rate,
    /// Prekey bundles from one address of all people together.
    #[arg(long, env = "ORRERY_FETCH_RATE_ALL", default_value_t = DEFAULT.fetch_rate_all, value_name = "RATE")]
    pub fetch_rate_all: Rate,
    /// STUN answers to one address.
    #[arg(long, env = "ORRERY_STUN_RATE", default_value_t = DEFAULT.stun_rate, value_name = "RATE")]
    pub stun_rate: Rate,

    /// Envelopes a mailbox holds.
    #[arg(long, env = "ORRERY_MAILBOX_ENVELOPES", default_value_t = DEFAULT.mailbox_envelopes, value_name = "N")]
    pub mailbox_envelopes: u32,
    /// Bytes a mailbox holds.
    #[arg(long, env = "ORRERY_MAILBOX_BYTES", default_value_t = DEFAULT.mailbox_bytes, value_name = "BYTES")]
    pub mailbox_bytes: u64,
    /// How long an envelope is kept for somebody who does not come.
    #[arg(long, env = "ORRERY_ENVELOPE_LIFETIME", default_value_t = DEFAULT.envelope_lifetime, value_name = "TIME")]
    pub envelope_lifetime: Span,
    /// How long an empty mailbox is kept for somebody who does not log in, in whole days.
    #[arg(long, env = "ORRERY_MAILBOX_LIFETIME", default_value_t = DEFAULT.mailbox_lifetime, value_name = "TIME")]
    pub mailbox_lifetime: Span,
    /// Bytes of all mailboxes together.
    #[arg(long, env = "ORRERY_STORED_BYTES", default_value_t = DEFAULT.stored_bytes, value_name = "BYTES")]
    pub stored_bytes: u64,
    /// People this server keeps a mailbox for.
    #[arg(long, env = "ORRERY_MAX_PEOPLE", default_value_t = DEFAULT.max_people, value_name = "N")]
    pub max_people: u64,

    /// The headers of an HTTP request must have come within this time.
    #[arg(long, env = "ORRERY_HEADER_TIMEOUT", default_value_t = DEFAULT.header_timeout, value_name = "TIME")]
    pub header_timeout: Span,
    /// TLS, headers and upgrade together must be done within this time.
    #[arg(long, env = "ORRERY_UPGRADE_TIMEOUT", default_value_t = DEFAULT.upgrade_timeout, value_name = "TIME")]
    pub upgrade_timeout: Span,
    /// A log-in must have come within this time after the challenge.
    #[arg(long, env = "ORRERY_LOGIN_TIMEOUT", default_value_t = DEFAULT.login_timeout, value_name = "TIME")]
    pub login_timeout: Span,
    /// A connection is pinged this often.
    #[arg(long, env = "ORRERY_PING_INTERVAL", default_value_t = DEFAULT.ping_interval, value_name = "TIME")]
    pub ping_interval: Span,
    /// A connection from which no whole message came for this long is closed.
    #[arg(long, env = "ORRERY_SILENCE_TIMEOUT", default_value_t = DEFAULT.silence_timeout, value_name = "TIME")]
    pub silence_timeout: Span,
    /// A depositing connection that asked for nothing in this time is closed.
    #[arg(long, env = "ORRERY_DROP_IDLE_TIMEOUT", default_value_t = DEFAULT.drop_idle_timeout, value_name = "TIME")]
    pub drop_idle_timeout: Span,
    /// A connection that takes nothing of what is written to it for this long is dropped.
    #[arg(long, env = "ORRERY_WRITE_TIMEOUT", default_value_t = DEFAULT.write_timeout, value_name = "TIME")]
    pub write_timeout: Span,
    /// How long a stopping server waits for its connections.
    #[arg(long, env = "ORRERY_DRAIN_TIMEOUT", default_value_t = DEFAULT.drain_timeout, value_name = "TIME")]
    pub drain_timeout: Span,
    /// A stopping server asks each client to come back after a random time up to this one.
    #[arg(long, env = "ORRERY_RETURN_WITHIN", default_value_t = DEFAULT.return_within, value_name = "TIME")]
    pub return_within: Span,
}

const SECOND: Duration = Duration::from_secs(1);
const fn seconds(seconds: u64) -> Span {
    Span(Duration::from_secs(seconds))
}

const DEFAULT: Limits = Limits {
    max_connections: 50_000,
    connections_per_address: 32,
    frame_rate: Rate::new(60, 10, SECOND),
    byte_rate: Rate::new(256 * 1024, 64 * 1024, SECOND),
    login_rate: Rate::new(30, 1, Duration::from_secs(2)),
    registration_rate: Rate::new(20, 1, Duration::from_secs(600)),
    registration_rate_site: Rate::new(100, 1, Duration::from_secs(120)),
    deposit_rate: Rate::new(120, 2, SECOND),
    deposit_rate_all: Rate::new(600, 20, SECOND),
    fetch_rate: Rate::new(6, 1, Duration::from_secs(600)),
    fetch_rate_all: Rate::new(60, 1, Duration::from_secs(10)),
    stun_rate: Rate::new(30, 10, SECOND),
    mailbox_envelopes: 1000,
    mailbox_bytes: 10 * 1024 * 1024,
    envelope_lifetime: seconds(30 * 24 * 3600),
    mailbox_lifetime: seconds(365 * 24 * 3600),
    stored_bytes: 10 * 1024 * 1024 * 1024,
    max_people: 100_000,
    header_timeout: seconds(5),
    upgrade_timeout: seconds(10),
    login_timeout: seconds(10),
    ping_interval: seconds(25),
    silence_timeout: seconds(60),
    drop_idle_timeout: seconds(300),
    write_timeout: seconds(10),
    drain_timeout: seconds(10),
    return_within: seconds(30),
};

impl Default for Limits {
    fn default() -> Self {
        DEFAULT
    }
}

/// HTTP headers of one request; ours need about ten.
pub(crate) const MAX_HEADERS: usize = 64;
/// Bytes read ahead on one HTTP connection; also the bound on all headers together.
pub(crate) const HTTP_BUFFER: usize = 16 * 1024;
/// Read buffer of one WebSocket. The library's 128 KiB would be paid by every idle connection.
pub(crate) const READ_BUFFER: usize = 4096;
/// A WebSocket writes as soon as this much waits.
pub(crate) const WRITE_BUFFER: usize = 1024;
/// A WebSocket whose peer does not read holds at most this much before writes fail.
pub(crate) const MAX_WRITE_BUFFER: usize = 256 * 1024;
/// Kernel send buffer of one connection: what a peer that never reads can cost beside [`MAX_WRITE_BUFFER`].
pub(crate) const SOCKET_SEND_BUFFER: u32 = 256 * 1024;
/// What may come in on one connection before anything is made of it, as a multiple of its byte rate: messages are
/// limited by that rate, with an answer; this is for what never becomes one, such as fragments without an end.
pub(crate) const RAW_BYTES: u32 = 4;
/// Things waiting to be written to one connection. When full, kept mail is read from the store later, what is not kept
/// is dropped.
pub(crate) const LANE: usize = 64;
/// Bytes waiting to be written to one connection; same consequence as [`LANE`].
pub(crate) const LANE_BYTES: usize = 256 * 1024;
/// Requests of one depositing connection that wait for their answer. When full, the connection is not read.
pub(crate) const PIPELINE: usize = 32;
/// Refusals for flooding in a row after which a depositing connection is closed.
pub(crate) const FLOOD_PATIENCE: u32 = 60;
/// Jobs waiting for the store's writer. When full, whoever asks waits, and so reads no further from its connection.
pub(crate) const STORE_QUEUE: usize = 1024;
/// Jobs committed in one transaction.
pub(crate) const STORE_BATCH: usize = 256;
/// Envelopes read from a mailbox at once.
pub(crate) const PAGE: usize = 16;
/// Bytes read from a mailbox at once.
pub(crate) const PAGE_BYTES: usize = 256 * 1024;
/// One-time prekeys stored for one person: a full set beside what was left of the last one.
pub(crate) const ONE_TIME_STORED: usize = 2 * orrery_protocol::limits::ONE_TIME_PREKEYS;
/// Numbers of handed-out one-time prekeys that are remembered, so that a repeated upload does not bring one back.
pub(crate) const USED_REMEMBERED: usize = 1000;
/// Replaced delivery tokens that are valid at once.
pub(crate) const OLD_TOKENS: usize = 16;
/// A call token lives no longer than this.
pub(crate) const CALL_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// What has expired is deleted this often.
pub(crate) const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// Names one server answers to; each costs a signature check at a log-in that fails.
pub(crate) const MAX_NAMES: usize = 8;
