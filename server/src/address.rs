//! Where somebody comes from, as far as limits need it. Lives in memory only and cannot be printed.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use axum::http::HeaderMap;

/// An IPv4 address, or the /64 of an IPv6 address, since one household or machine owns a whole /64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    key: u64,
    v6: bool,
    /// Not limited: the same machine, and no proxy in between that could be anybody.
    spared: bool,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin(hidden)")
    }
}

impl Origin {
    /// The peer of a socket that no proxy stands in front of.
    pub(crate) fn direct(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            spared: address.is_loopback(),
            ..Self::key(address)
        }
    }

    /// The peer of a socket on a server that stands behind a proxy, but that is not the proxy.
    pub(crate) fn counted(address: IpAddr) -> Self {
        Self::key(address.to_canonical())
    }

    /// What the proxy says about whom it speaks for: the last `X-Forwarded-For` entry is the one it added itself. A
    /// request without one counts as the proxy's own.
    pub(crate) fn forwarded(proxy: IpAddr, headers: &HeaderMap) -> Self {
        let last = headers.get_all("x-forwarded-for").iter().next_back();
        let entry = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        Self::counted(entry.and_then(|entry| parse(entry.trim())).unwrap_or(proxy))
    }

    /// The /48 of an IPv6 address: as much as one customer is commonly given.
    pub(crate) fn site(self) -> Option<Self> {
        self.v6.then_some(Self {
            key: self.key >> 16,
            ..self
        })
    }

    /// Whether limits per address and per connection are lifted.
    pub(crate) fn is_spared(self) -> bool {
        self.spared
    }

    fn key(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self {
                key: u64::from(v4.to_bits()),
                v6: false,
                spared: false,
            },
            IpAddr::V6(v6) => Self {
                key: prefix(v6),
                v6: true,
                spared: false,
            },
        }
    }
}

/// Whether a peer is believed when it says whom it speaks for: one of the `listed` proxies, or, when none are listed,
/// anything on this machine or its private networks, where proxies stand.
pub(crate) fn is_proxy(peer: IpAddr, listed: &[IpAddr]) -> bool {
    let peer = peer.to_canonical();
    if !listed.is_empty() {
        return listed.iter().any(|proxy| proxy.to_canonical() == peer);
    }
    match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn prefix(v6: Ipv6Addr) -> u64 {
    u64::try_from(v6.to_bits() >> 64).unwrap_or_default()
}

/// Proxies write an address bare, in brackets, or with a port.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(entry);
    bare.parse()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn forwarded(values: &[&str]) -> Origin {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        Origin::forwarded(PROXY, &headers)
    }

    fn key(address: &str) -> Origin {
        Origin::key(address.parse().unwrap())
    }

    #[test]
    fn only_the_entry_that_the_proxy_added_counts() {
        assert_eq!(forwarded(&["203.0.113.9"]), key("203.0.113.9"));
        assert_eq!(forwarded(&["10.0.0.1, 127.0.0.1,203.0.113.9"]), key("203.0.113.9"));
        assert_eq!(forwarded(&["198.51.100.1", "203.0.113.9"]), key("203.0.113.9"));
        assert_eq!(forwarded(&["203.0.113.9:4711"]), key("203.0.113.9"));
        assert_eq!(forwarded(&["[2001:db8::1]:4711"]), key("2001:db8::2"));
        assert_eq!(forwarded(&["[2001:db8::1]"]), key("2001:db8::2"));
    }

    #[test]
    fn without_a_readable_entry_the_proxy_itself_is_counted_and_never_spared() {
        for values in [&[][..], &["unknown"], &["203.0.113.9, "]] {
            assert_eq!(forwarded(values), key("127.0.0.1"));
            assert!(!forwarded(values).is_spared());
        }
        assert!(!forwarded(&["127.0.0.1"]).is_spared());
    }

    #[test]
    fn only_a_proxy_is_believed() {
        let listed = ["203.0.113.1".parse().unwrap()];
        for (peer, unlisted, with_list) in [
            ("127.0.0.1", true, false),
            ("172.17.0.2", true, false),
            ("fd00::2", true, false),
            ("203.0.113.1", false, true),
            ("::ffff:203.0.113.1", false, true),
            ("203.0.113.2", false, false),
            ("2001:db8::1", false, false),
        ] {
            let peer = peer.parse().unwrap();
            assert_eq!(
                (is_proxy(peer, &[]), is_proxy(peer, &listed)),
                (unlisted, with_list),
                "{peer}"
            );
        }
        assert!(!Origin::counted(PROXY).is_spared());
    }

    #[test]
    fn loopback_is_spared_and_nothing_else_is() {
        for (address, spared) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
        ] {
            assert_eq!(Origin::direct(address.parse().unwrap()).is_spared(), spared);
        }
        for address in ["192.168.0.1", "10.0.0.1", "fe80::1", "0.0.0.0", "2001:db8::1"] {
            assert!(!Origin::direct(address.parse().unwrap()).is_spared(), "{address}");
        }
    }

    #[test]
    fn one_v6_network_is_one_origin_and_two_are_two() {
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("::1"), key("0.0.0.0"));
        assert_eq!(
            Origin::direct("::ffff:203.0.113.9".parse().unwrap()),
            key("203.0.113.9")
        );
    }

    #[test]
    fn the_networks_of_one_v6_site_share_it_and_v4_has_none() {
        assert_eq!(key("2001:db8:1:2::1").site(), key("2001:db8:1:ffff::9").site());
        assert_ne!(key("2001:db8:1:2::1").site(), key("2001:db8:2:2::1").site());
        assert_eq!(key("203.0.113.9").site(), None);
    }

    #[test]
    fn an_origin_does_not_print_its_address() {
        assert_eq!(format!("{:?}", key("203.0.113.9")), "Origin(hidden)");
    }
}
