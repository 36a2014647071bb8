//! What an operator decides, and whether it is safe together.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
};

use orrery_protocol::{limits::MAX_FRAME, login::canonical_host};

use crate::{
    clock::{Clock, SystemClock},
    limits::{Limits, MAX_NAMES},
};

/// The port when none is given.
pub const DEFAULT_PORT: u16 = 7670;

/// Everything [`crate::Server::start`] needs.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Host names under which clients dial this server; a log-in is signed over one of them.
    pub names: Vec<String>,
    /// Folder of the database; created when missing.
    pub data: PathBuf,
    /// Certificate and key, when the server speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// A reverse proxy on the way terminates TLS and says in `X-Forwarded-For` whom it speaks for.
    pub behind_proxy: bool,
    /// The proxies' addresses; empty trusts those on this machine and its private networks.
    pub proxies: Vec<IpAddr>,
    /// Where STUN is answered.
    pub stun: Stun,
    /// Where counts are served over plain HTTP; loopback only.
    pub metrics: Option<SocketAddr>,
    /// All limits.
    pub limits: Limits,
    /// Wall time; another than the machine's only in tests.
    pub clock: Arc<dyn Clock>,
}

/// PEM files for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Where STUN is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stun {
    /// On UDP at the address and port on which TCP listens.
    #[default]
    SamePort,
    /// On UDP at this address; port 0 takes a free one.
    At(SocketAddr),
    /// Nowhere.
    Off,
}

impl FromStr for Stun {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "same" => Ok(Self::SamePort),
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::At),
        }
    }
}

impl fmt::Display for Stun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SamePort => f.write_str("same"),
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

/// A configuration that will not be served, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Reachable by others, but log-ins would not be bound to a name.
    #[error(
        "{0} can be reached by others, so clients must know under which name they dial this server: add --name HOST \
         (the host name of its address, as in --name orrery.example.org), or listen on 127.0.0.1"
    )]
    NameMissing(SocketAddr),
    /// A proxy speaks for a name nobody gave.
    #[error("behind a proxy, clients dial the proxy's name: add --name HOST, as in --name orrery.example.org")]
    ProxyNameMissing,
    /// Reachable by others without TLS.
    #[error(
        "{0} can be reached by others, so the way to it must be encrypted: add --cert FILE --key FILE, or, when a \
         reverse proxy does TLS in front of it, --behind-proxy; to try it on this machine alone, listen on 127.0.0.1"
    )]
    Unencrypted(SocketAddr),
    /// A name that cannot be one.
    #[error("{0:?} is not a host name: give it without scheme, port and path, as in orrery.example.org")]
    Name(String),
    /// More names than a log-in can be checked against.
    #[error("at most {MAX_NAMES} names")]
    TooManyNames,
    /// Counts reachable by others.
    #[error("--metrics {0} can be reached by others; the counts are meant for this machine: use 127.0.0.1:PORT")]
    MetricsPublic(SocketAddr),
    /// A limit under which nothing would work.
    #[error("--{flag} {reason}")]
    Limit {
        /// The flag.
        flag: &'static str,
        /// What it must be.
        reason: &'static str,
    },
}

impl ServerConfig {
    /// A server for this machine alone: loopback, a free port, STUN beside it.
    #[must_use]
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            names: Vec::new(),
            data: data.into(),
            tls: None,
            behind_proxy: false,
            proxies: Vec::new(),
            stun: Stun::SamePort,
            metrics: None,
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Checks that what was decided is safe together.
    ///
    /// # Errors
    /// [`ConfigError`] with what to change.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let loopback = self.listen.ip().to_canonical().is_loopback();
        if self.names.is_empty() {
            if !loopback {
                return Err(ConfigError::NameMissing(self.listen));
            }
            if self.behind_proxy {
                return Err(ConfigError::ProxyNameMissing);
            }
        }
        if !loopback && self.tls.is_none() && !self.behind_proxy {
            return Err(ConfigError::Unencrypted(self.listen));
        }
        if let Some(name) = self.names.iter().find(|name| !is_host(&canonical_host(name))) {
            return Err(ConfigError::Name(name.clone()));
        }
        if self.names.len() > MAX_NAMES {
            return Err(ConfigError::TooManyNames);
        }
        if let Some(metrics) = self
            .metrics
            .filter(|metrics| !metrics.ip().to_canonical().is_loopback())
        {
            return Err(ConfigError::MetricsPublic(metrics));
        }
        if (self.limits.byte_rate.burst as usize) < MAX_FRAME {
            return Err(ConfigError::Limit {
                flag: "byte-rate",
                reason: "must let one frame of 64 KiB through at once",
            });
        }
        if self.limits.silence_timeout <= self.limits.ping_interval {
            return Err(ConfigError::Limit {
                flag: "silence-timeout",
                reason: "must be longer than --ping-interval",
            });
        }
        if self.limits.ping_interval.0.is_zero() {
            return Err(ConfigError::Limit {
                flag: "ping-interval",
                reason: "must not be zero",
            });
        }
        Ok(())
    }

    /// The names a log-in may be signed over, in canonical form. Whoever comes through a proxy dialled the proxy's name:
    /// a log-in signed for loopback there is one that was made for somebody else's server.
    pub(crate) fn answers_to(&self) -> Vec<String> {
        let mut names: Vec<String> = self.names.iter().map(|name| canonical_host(name)).collect();
        if self.listen.ip().to_canonical().is_loopback() && !self.behind_proxy {
            names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
            names.push(self.listen.ip().to_string());
        }
        names.sort();
        names.dedup();
        names
    }
}

fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public() -> ServerConfig {
        ServerConfig {
            listen: "0.0.0.0:7670".parse().unwrap(),
            ..ServerConfig::local("x")
        }
    }

    fn tls() -> Option<TlsFiles> {
        Some(TlsFiles {
            cert: "c".into(),
            key: "k".into(),
        })
    }

    #[test]
    fn loopback_needs_nothing() {
        assert_eq!(ServerConfig::local("x").validate(), Ok(()));
        let v6 = ServerConfig {
            listen: "[::1]:0".parse().unwrap(),
            ..ServerConfig::local("x")
        };
        assert_eq!(v6.validate(), Ok(()));
    }

    #[test]
    fn whatever_others_can_reach_wants_a_name_and_encryption_and_says_so() {
        let error = public().validate().unwrap_err();
        assert!(error.to_string().contains("--name HOST"), "{error}");
        let named = ServerConfig {
            names: vec!["orrery.example.org".into()],
            ..public()
        };
        let error = named.validate().unwrap_err();
        assert!(error.to_string().contains("--cert FILE --key FILE"), "{error}");
        assert!(error.to_string().contains("--behind-proxy"), "{error}");
        assert_eq!(
            ServerConfig {
                tls: tls(),
                ..named.clone()
            }
            .validate(),
            Ok(())
        );
        assert_eq!(
            ServerConfig {
                behind_proxy: true,
                ..named
            }
            .validate(),
            Ok(())
        );
        assert!(ServerConfig { tls: tls(), ..public() }.validate().is_err());
        let proxied = ServerConfig {
            behind_proxy: true,
            ..ServerConfig::local("x")
        };
        assert_eq!(proxied.validate(), Err(ConfigError::ProxyNameMissing));
    }

    #[test]
    fn names_are_host_names_and_metrics_stay_here() {
        for name in ["https://a.example", "a.example:443", "a.example/x", "", "a..b", "a b"] {
            let config = ServerConfig {
                names: vec![name.into()],
                ..ServerConfig::local("x")
            };
            assert_eq!(config.validate(), Err(ConfigError::Name(name.into())));
        }
        for name in [
            "A.Example.",
            "xn--bcher-kva.example",
            "192.0.2.1",
            "[2001:db8::1]",
            "box",
        ] {
            let config = ServerConfig {
                names: vec![name.into()],
                ..ServerConfig::local("x")
            };
            assert_eq!(config.validate(), Ok(()), "{name}");
        }
        let config = ServerConfig {
            metrics: "0.0.0.0:9".parse().ok(),
            ..ServerConfig::local("x")
        };
        assert!(matches!(config.validate(), Err(ConfigError::MetricsPublic(_))));
    }

    #[test]
    fn loopback_names_count_only_on_loopback_and_not_behind_a_proxy() {
        let config = ServerConfig {
            names: vec!["[2001:DB8::1]".into()],
            ..public()
        };
        assert_eq!(config.answers_to(), ["2001:db8::1"]);
        assert_eq!(ServerConfig::local("x").answers_to(), ["127.0.0.1", "::1", "localhost"]);
        let proxied = ServerConfig {
            behind_proxy: true,
            names: vec!["orrery.example.org".into()],
            ..ServerConfig::local("x")
        };
        assert_eq!(proxied.answers_to(), ["orrery.example.org"]);
    }
}
