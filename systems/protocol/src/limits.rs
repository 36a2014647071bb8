//! Sizes and counts that both ends of a wire agree on. Sizes are bytes unless the name says otherwise.

use std::time::Duration;

/// Version of the frames between client and server; a mismatch is a message to update.
pub const SERVER_PROTOCOL_VERSION: u16 = 1;
/// Version of the notes between peers.
pub const PEER_PROTOCOL_VERSION: u8 = 1;

/// The longest text of one message, in bytes of UTF-8.
pub const MAX_TEXT: usize = 16 * 1024;
/// The longest display name, in bytes of UTF-8.
pub const MAX_NAME: usize = 64;
/// The longest server address in an invite or a note.
pub const MAX_VIA: usize = 256;
/// The longest reaction, in bytes of UTF-8 (one emoji with joiners).
pub const MAX_REACTION: usize = 32;
/// The largest sealed envelope a server takes.
pub const MAX_ENVELOPE: usize = 24 * 1024;
/// The largest frame either side of a server socket takes.
pub const MAX_FRAME: usize = 64 * 1024;
/// The plaintext of an envelope is padded up to one of these, so that its size says little.
pub const PADDED_SIZES: [usize; 3] = [512, 4 * 1024, 20 * 1024];
/// The largest envelope that may be deposited with a request token: the second padded size plus the seal.
pub const MAX_REQUEST_ENVELOPE: usize = 4 * 1024 + 256;
/// Pending requests a mailbox holds.
pub const MAX_PENDING_REQUESTS: usize = 20;

/// One-time prekeys a client keeps on its server.
pub const ONE_TIME_PREKEYS: usize = 100;
/// Below this many the server says so and the client refills.
pub const ONE_TIME_PREKEYS_LOW: usize = 25;
/// Extra deposit tokens (request and call tokens) a server keeps for one person.
pub const MAX_EXTRA_TOKENS: usize = 64;
/// How long a replaced delivery token still opens the mailbox.
pub const OLD_TOKEN_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// The longest SDP taken from a peer.
pub const MAX_SDP: usize = 32 * 1024;
/// SDP that fits beside a PQXDH header in the largest padded size; what we send stays below.
pub const MAX_SDP_SENT: usize = 12 * 1024;
/// ICE candidates taken for one connection.
pub const MAX_CANDIDATES: usize = 64;
/// The longest single candidate line.
pub const MAX_CANDIDATE: usize = 512;
/// How long a connection or call signal is valid after it was issued.
pub const SIGNAL_LIFETIME: Duration = Duration::from_secs(60);
/// How long a call rings.
pub const RING_LIFETIME: Duration = Duration::from_secs(45);
/// The most people in one call.
pub const MAX_CALL_MEMBERS: usize = 16;
/// A clock further off than this is said in words.
pub const CLOCK_SKEW_SAID: Duration = Duration::from_secs(30);
/// The largest message on a direct data channel; one ratchet message with its framing.
pub const MAX_DIRECT_MESSAGE: usize = 24 * 1024;
