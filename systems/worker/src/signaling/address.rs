//! Where a signaling server is.

use orrery_protocol::{
    invite::{check_via, is_loopback},
    login::canonical_host,
};

/// Text that is no server address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a server address is wss://host[:port], or ws://host[:port] on this machine")]
pub(crate) struct BadAddress;

/// `wss://host[:port]`, or `ws://host[:port]` on this machine, taken apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServerAddress {
    secure: bool,
    host: String,
    port: u16,
}

// Where somebody's server is belongs into no log.
impl std::fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerAddress(hidden)")
    }
}

impl ServerAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// [`BadAddress`] for everything that the invite rules refuse too.
    pub(crate) fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        check_via(text).map_err(|_| BadAddress)?;
        let url = url::Url::parse(text).map_err(|_| BadAddress)?;
        let host = canonical_host(url.host_str().ok_or(BadAddress)?);
        if host.is_empty() {
            return Err(BadAddress);
        }
        let port = url
            .port_or_known_default()
            .filter(|port| *port != 0)
            .ok_or(BadAddress)?;
        Ok(Self {
            secure: url.scheme() == "wss",
            host,
            port,
        })
    }

    /// The host as it is signed: lower-case, no brackets, no trailing dot.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of one of its sockets.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}:{}{path}", self.bracketed(), self.port)
    }

    /// `stun:host:port`.
    pub(crate) fn stun(&self, port: u16) -> String {
        format!("stun:{}:{port}", self.bracketed())
    }

    /// The server is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_put_together() {
        let address = ServerAddress::parse(" wss://Orrery.Example ").unwrap();
        assert_eq!((address.host(), address.port()), ("orrery.example", 443));
        assert_eq!(address.url("/v1/socket"), "wss://orrery.example:443/v1/socket");
        assert!(!address.is_loopback());
        let address = ServerAddress::parse("ws://[::1]:7000").unwrap();
        assert_eq!(address.url("/v1/drop"), "ws://[::1]:7000/v1/drop");
        assert_eq!(address.stun(3478), "stun:[::1]:3478");
        assert!(address.is_loopback());
        assert!(ServerAddress::parse("ws://localhost").unwrap().is_loopback());
        assert!(ServerAddress::parse("ws://127.0.0.1:80").unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "hello",
            "http://a",
            "wss://",
            "wss://a/path",
            "wss://u@a",
            "wss://a?x=1",
            "wss://a:0",
            "wss://a:99999",
        ] {
            assert_eq!(ServerAddress::parse(bad), Err(BadAddress), "{bad}");
        }
    }

    #[test]
    fn without_encryption_only_this_machine_is_dialled() {
        for good in ["ws://localhost:7670", "ws://127.0.0.2", "ws://[::1]:7670"] {
            assert!(ServerAddress::parse(good).unwrap().is_loopback(), "{good}");
        }
        for bad in [
            "ws://orrery.example",
            "ws://192.168.0.7:7670",
            "ws://[2001:db8::1]",
            "ws://0.0.0.0",
        ] {
            assert_eq!(ServerAddress::parse(bad), Err(BadAddress), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_host() {
        assert!(!format!("{:?}", ServerAddress::parse("wss://secret.example").unwrap()).contains("secret"));
    }
}
