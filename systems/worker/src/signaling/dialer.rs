//! How servers are dialled.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{ServerAddress, Tls};

/// The longest that one of several addresses of a server may take before the next is tried. A name often has one of a
/// kind that this network does not carry (IPv6, mostly), and its silence must not use up the patience for all.
const SHARE: Duration = Duration::from_secs(2);

/// The same for every socket. A clone shares the TLS settings.
#[derive(Clone)]
pub(crate) struct Dialer {
    /// Which certificates are believed.
    pub(crate) tls: Tls,
    /// How long connecting may take, from the name look-up to the end of the WebSocket handshake, and again the log-in.
    pub(crate) patience: Duration,
}

/// Where a server may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anywhere: it is our own, or our own is on this machine as well.
    Anywhere,
    /// Not on this machine: somebody else named it, and must not make us knock on the doors in here.
    Elsewhere,
}

impl Reach {
    fn allows(self, address: &SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        // The unspecified address leads to this machine, too.
        self == Self::Anywhere || !(ip.is_loopback() || ip.is_unspecified())
    }
}

impl Dialer {
    /// Connects to a server, at the first of its addresses that answers. They are judged here, where a name has become
    /// addresses: any name may stand for this machine.
    pub(crate) async fn dial(&self, server: &ServerAddress, reach: Reach) -> Option<TcpStream> {
        let resolved = lookup_host((server.host(), server.port())).await.ok()?;
        let addresses: Vec<SocketAddr> = resolved.filter(|address| reach.allows(address)).collect();
        let share = share(self.patience, addresses.len());
        first_that_connects(addresses, share, TcpStream::connect::<SocketAddr>).await
    }
}

/// What each of so many addresses gets, at most.
fn share(patience: Duration, addresses: usize) -> Duration {
    let fair = patience.checked_div(u32::try_from(addresses).unwrap_or(u32::MAX));
    fair.map_or(SHARE, |fair| fair.min(SHARE))
}

/// The first address that connects, in the order given. The last one is waited for as long as the caller likes.
async fn first_that_connects<S, F>(
    addresses: Vec<SocketAddr>,
    share: Duration,
    connect: impl Fn(SocketAddr) -> F,
) -> Option<S>
where
    F: Future<Output = io::Result<S>>,
{
    let mut left = addresses.len();
    for address in addresses {
        left = left.saturating_sub(1);
        let trying = connect(address);
        let tried = if left == 0 {
            Ok(trying.await)
        } else {
            timeout(share, trying).await
        };
        if let Ok(Ok(stream)) = tried {
            return Some(stream);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// Ten times what anything here should take.
    const DEADLINE: Duration = Duration::from_secs(60);

    fn port(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[tokio::test]
    async fn an_address_that_is_silent_takes_its_share_and_no_more() {
        let (silent, good) = (port(1), port(2));
        let connect = move |address: SocketAddr| async move {
            if address == silent {
                pending::<()>().await;
            }
            Ok::<_, io::Error>(address)
        };
        let found = first_that_connects(vec![silent, good], Duration::from_millis(20), connect);
        assert_eq!(timeout(DEADLINE, found).await.expect("in time"), Some(good));
    }

    #[tokio::test]
    async fn the_last_address_is_waited_for() {
        let slow = |address: SocketAddr| async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok::<_, io::Error>(address)
        };
        let found = first_that_connects(vec![port(1), port(2)], Duration::from_millis(5), slow);
        assert_eq!(found.await, Some(port(2)));
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over() {
        // Bound and never listening: who comes is refused.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(port(0)).unwrap();
        let refusing = socket.local_addr().unwrap();
        let listener = TcpListener::bind(port(0)).await.unwrap();
        let good = listener.local_addr().unwrap();
        let connect = TcpStream::connect::<SocketAddr>;
        let found = first_that_connects(vec![refusing, good], SHARE, connect).await;
        assert_eq!(found.unwrap().peer_addr().unwrap(), good);
        assert!(first_that_connects(vec![refusing], SHARE, connect).await.is_none());
        assert!(first_that_connects(Vec::new(), SHARE, connect).await.is_none());
    }

    #[test]
    fn a_name_with_many_addresses_gives_each_of_them_less() {
        let shares = [0, 1, 2, 5, 20].map(|addresses| share(Duration::from_secs(10), addresses).as_millis());
        assert_eq!(shares, [2_000, 2_000, 2_000, 2_000, 500]);
    }

    #[test]
    fn this_machine_is_known_by_all_its_addresses() {
        for near in [
            "127.0.0.1:1",
            "127.9.9.9:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
            "0.0.0.0:1",
            "[::]:1",
        ] {
            let address = near.parse().unwrap();
            assert!(!Reach::Elsewhere.allows(&address), "{near}");
            assert!(Reach::Anywhere.allows(&address), "{near}");
        }
        for far in ["192.0.2.1:1", "[2001:db8::1]:1"] {
            assert!(Reach::Elsewhere.allows(&far.parse().unwrap()), "{far}");
        }
    }
}
