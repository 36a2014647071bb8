//! This computer's own networks: whether they are others than before, and whether an address lies in one of them.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Addresses that packets can leave from, with their masks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interfaces(BTreeSet<(IpAddr, Option<IpAddr>)>);

/// How the networks differ from those of a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// An address is gone, so that connections over it may be dead.
    Lost,
    /// There are only more than before.
    More,
}

impl Interfaces {
    /// As they are now; none where the system does not say. Loopback and link-local addresses are left out, as no
    /// connection leaves from them.
    pub(crate) fn now() -> Self {
        let Ok(interfaces) = rtc::shared::ifaces::ifaces() else {
            return Self::default();
        };
        let addresses = interfaces.into_iter().filter_map(|interface| {
            let address = interface.addr?.ip().to_canonical();
            let near = match address {
                IpAddr::V4(v4) => v4.is_link_local(),
                IpAddr::V6(v6) => v6.is_unicast_link_local(),
            };
            let usable = !near && !address.is_loopback() && !address.is_unspecified();
            usable.then_some((address, interface.mask.map(|mask| mask.ip())))
        });
        Self(addresses.collect())
    }

    /// What is different from `before`, if anything.
    pub(crate) fn since(&self, before: &Self) -> Option<Change> {
        if before.0.iter().any(|address| !self.0.contains(address)) {
            Some(Change::Lost)
        } else if self != before {
            Some(Change::More)
        } else {
            None
        }
    }

    /// Whether an address is one of this computer's own networks, or of its own.
    pub(crate) fn reaches(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let near = match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        near || address.is_loopback()
            || self.0.iter().any(|(own, mask)| match (own, mask, address) {
                (IpAddr::V4(own), Some(IpAddr::V4(mask)), IpAddr::V4(other)) => {
                    masked_v4(*own, *mask) == masked_v4(other, *mask)
                }
                (IpAddr::V6(own), Some(IpAddr::V6(mask)), IpAddr::V6(other)) => {
                    masked_v6(*own, *mask) == masked_v6(other, *mask)
                }
                _ => *own == address,
            })
    }
}

fn masked_v4(address: Ipv4Addr, mask: Ipv4Addr) -> u32 {
    address.to_bits() & mask.to_bits()
}

fn masked_v6(address: Ipv6Addr, mask: Ipv6Addr) -> u128 {
    address.to_bits() & mask.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[(&str, &str)]) -> Interfaces {
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        Interfaces(list.iter().map(|(own, mask)| (parse(own), Some(parse(mask)))).collect())
    }

    #[test]
    fn an_address_that_is_gone_is_a_loss_and_one_more_is_not() {
        let home = of(&[("192.168.1.7", "255.255.255.0")]);
        let both = of(&[("192.168.1.7", "255.255.255.0"), ("10.0.0.2", "255.0.0.0")]);
        let away = of(&[("10.0.0.2", "255.0.0.0")]);
        assert_eq!(home.since(&home), None);
        assert_eq!(both.since(&home), Some(Change::More));
        assert_eq!(home.since(&both), Some(Change::Lost));
        assert_eq!(away.since(&home), Some(Change::Lost), "one gone and one new");
        assert_eq!(Interfaces::default().since(&home), Some(Change::Lost));
    }

    #[test]
    fn a_neighbour_is_in_our_network_and_the_internet_is_not() {
        let own = of(&[
            ("192.168.1.7", "255.255.255.0"),
            ("2001:db8:1:2::7", "ffff:ffff:ffff:ffff::"),
        ]);
        for near in [
            "192.168.1.200",
            "2001:db8:1:2::1",
            "127.0.0.1",
            "::1",
            "fe80::1",
            "169.254.3.4",
            "::ffff:192.168.1.9",
        ] {
            assert!(own.reaches(near.parse().unwrap()), "{near}");
        }
        for far in ["192.168.2.1", "8.8.8.8", "2001:db8:1:3::1", "10.0.0.1"] {
            assert!(!own.reaches(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn this_computer_has_no_loopback_among_them() {
        let now = Interfaces::now();
        assert!(now.0.iter().all(|(address, _)| !address.is_loopback()));
        assert_eq!(Interfaces::now().since(&now), None);
    }
}
