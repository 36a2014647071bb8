//! How servers are dialled.

use std::time::Duration;

use super::Tls;

/// The same for every socket. A clone shares the TLS settings.
#[derive(Clone)]
pub(crate) struct Dialer {
    /// Which certificates are believed.
    pub(crate) tls: Tls,
    /// How long connecting may take, from the name look-up to the end of the WebSocket handshake, and again the log-in.
    pub(crate) patience: Duration,
}
