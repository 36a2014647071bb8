//! Somebody between two peers who passes their packets on as they are, and keeps a copy.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock},
};

use tokio::net::UdpSocket;

/// Two sockets: what one side takes for the other's address, and the other way round.
pub(super) struct Relay {
    /// The address to be given to the second side as the first one's.
    pub(super) as_first: SocketAddr,
    /// The address to be given to the first side as the second one's.
    pub(super) as_second: SocketAddr,
    first: Arc<OnceLock<SocketAddr>>,
    second: Arc<OnceLock<SocketAddr>>,
    to_second: Arc<UdpSocket>,
    /// What passed on its way to the second side, and to the first.
    pub(super) seen: [Arc<Mutex<Vec<Vec<u8>>>>; 2],
}

async fn pass(
    from: Arc<UdpSocket>,
    out: Arc<UdpSocket>,
    to: Arc<OnceLock<SocketAddr>>,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let mut buffer = [0; 4096];
    loop {
        let Ok((length, _)) = from.recv_from(&mut buffer).await else {
            continue;
        };
        let packet = &buffer[..length];
        seen.lock().unwrap().push(packet.to_vec());
        if let Some(to) = to.get() {
            let _ = out.send_to(packet, to).await;
        }
    }
}

impl Relay {
    pub(super) async fn start() -> Self {
        let bind = || UdpSocket::bind("127.0.0.1:0");
        let (facing_second, facing_first) = (Arc::new(bind().await.unwrap()), Arc::new(bind().await.unwrap()));
        let (first, second) = (Arc::<OnceLock<_>>::default(), Arc::<OnceLock<_>>::default());
        let seen = [Arc::<Mutex<_>>::default(), Arc::<Mutex<_>>::default()];
        tokio::spawn(pass(
            Arc::clone(&facing_first),
            Arc::clone(&facing_second),
            Arc::clone(&second),
            Arc::clone(&seen[0]),
        ));
        tokio::spawn(pass(
            Arc::clone(&facing_second),
            Arc::clone(&facing_first),
            Arc::clone(&first),
            Arc::clone(&seen[1]),
        ));
        Self {
            as_first: facing_second.local_addr().unwrap(),
            as_second: facing_first.local_addr().unwrap(),
            first,
            second,
            to_second: facing_second,
            seen,
        }
    }

    /// Where the first side really is, and the second.
    pub(super) fn learn(&self, is_first: bool, address: SocketAddr) {
        let _ = if is_first { &self.first } else { &self.second }.set(address);
    }

    /// Sends to the second side a packet that it got before.
    pub(super) async fn again(&self, packet: &[u8]) {
        let _ = self.to_second.send_to(packet, self.second.get().unwrap()).await;
    }
}
