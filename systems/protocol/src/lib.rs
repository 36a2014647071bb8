//! What Orrery's programs say to each other, and the words they share: ids, wire types, codec, limits.
//!
//! - [`id`]: peers, messages, calls and connections by their stable ids.
//! - [`frame`]: what a client and a signaling server exchange, as CBOR over two WebSockets.
//! - [`login`]: the bytes a log-in signs.
//! - [`note`]: what two peers say to each other inside a ratchet message; the server never sees it.
//! - [`signal`]: the part of a note that sets up connections and calls.
//! - [`invite`]: links that introduce a person.
//! - [`record`], [`archive`]: the durable rows a client keeps and the port through which they are read and written.
//! - [`limits`]: every size and count that both sides of a wire must agree on.
//!
//! No IO, no clock, no randomness. The shapes on the wire are written down for strangers in `docs/PROTOCOL.md`.

pub mod archive;
pub mod codec;
pub mod frame;
mod hidden;
pub mod id;
pub mod invite;
pub mod limits;
pub mod login;
pub mod note;
pub mod prekey;
pub mod record;
pub mod signal;
pub mod token;

pub use codec::{CodecError, decode, encode};
pub use id::{CallId, ChannelId, ConnectionId, IdError, MessageId, MessageRef, PeerId};
pub use token::{Token, TokenHash};
