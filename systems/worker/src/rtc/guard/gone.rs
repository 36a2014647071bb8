//! Whether anything listens where the other side was. A computer whose program was killed says so itself: it answers a
//! packet to the closed port with "port unreachable" (RFC 1122 §3.2.2.1), which a connected socket is told as a refusal.
//!
//! The question goes from the very socket that the connection uses. From another port it would meet firewalls and address
//! translators that know nothing of the connection, and some of them refuse in the other side's name. Anybody may forge
//! such an answer, so it only counts while the other side itself is silent.

use std::{net::UdpSocket, time::Duration};

use super::{Guard, is_refusal};

/// How long one answer is waited for, and how often it is looked for meanwhile: the stack, which sends over the same
/// socket, may be told of a refusal in our place and keep it to itself.
const WAIT: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_millis(25);
/// So many refusals are believed, …
const REFUSALS: usize = 2;
/// … out of so many questions, for the same reason.
const QUESTIONS: usize = 4;
/// A binding indication (RFC 8489 §5): nobody answers it, and everybody may be sent one.
const INDICATION: [u8; 20] = [
    0x00, 0x11, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
];

/// A second handle on a socket, to ask with; none where a socket that was connected could not be used any more for what it
/// was there for (macOS refuses to send from it to an address).
pub(super) fn handle(socket: &UdpSocket) -> Option<UdpSocket> {
    if cfg!(any(target_os = "linux", target_os = "windows")) {
        socket.try_clone().ok()
    } else {
        None
    }
}

/// Asks the address that was heard last whether somebody still listens there; `false` when that cannot be told, or when
/// the other side is heard meanwhile. Only for a connection that is interrupted: from then on its socket hears that
/// address alone.
pub(crate) async fn is_gone(guard: &Guard) -> bool {
    let Some(heard) = guard.heard() else {
        return false;
    };
    if !guard.with_handle(heard.socket, |socket| socket.connect(heard.from).is_ok()) {
        return false;
    }
    let mut refusals = 0;
    for question in 1..=QUESTIONS {
        refusals += usize::from(is_refused(guard, heard.socket).await);
        if refusals == REFUSALS {
            break;
        }
        if question == REFUSALS && refusals == 0 {
            return false;
        }
    }
    refusals == REFUSALS && guard.heard() == Some(heard)
}

async fn is_refused(guard: &Guard, socket: usize) -> bool {
    let before = guard.refusals();
    let refused = guard.with_handle(socket, |socket| {
        socket.send(&INDICATION).is_err_and(|error| is_refusal(&error))
    });
    let mut waited = Duration::ZERO;
    while !refused && waited < WAIT {
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
        let told = |socket: &UdpSocket| {
            socket
                .take_error()
                .is_ok_and(|error| error.is_some_and(|e| is_refusal(&e)))
        };
        if guard.with_handle(socket, told) || guard.refusals() != before {
            return true;
        }
    }
    refused
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{io::IoSliceMut, sync::Arc};

    use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Runtime, Transmit};

    use super::*;
    use crate::rtc::guard::Sockets;

    /// A socket of ours whose packets the stack would take.
    fn ours(guard: &Arc<Guard>, any: &str) -> Option<Arc<dyn AsyncUdpSocket>> {
        let socket = UdpSocket::bind(any).ok()?;
        socket.set_nonblocking(true).unwrap();
        let socket = Sockets::new(Arc::clone(guard)).wrap_udp_socket(socket).unwrap();
        let listening = Arc::clone(&socket);
        tokio::spawn(async move {
            let mut buffer = [0; 64];
            loop {
                let mut meta = [RecvMeta::default()];
                let _ = std::future::poll_fn(|context| {
                    listening.poll_recv(context, &mut [IoSliceMut::new(&mut buffer)], &mut meta)
                })
                .await;
            }
        });
        Some(socket)
    }

    #[tokio::test]
    async fn a_closed_port_refuses_and_an_open_one_is_silent() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let guard = Guard::new();
            let Some(socket) = ours(&guard, any) else {
                continue;
            };
            assert!(!is_gone(&guard).await, "nobody was heard yet");
            let other = tokio::net::UdpSocket::bind(any).await.unwrap();
            let there = other.local_addr().unwrap();
            let transmit = Transmit {
                destination: there,
                ecn: None,
                contents: &INDICATION,
                segment_size: None,
                src_ip: None,
            };
            std::future::poll_fn(|context| socket.poll_send(context, &transmit))
                .await
                .unwrap();
            other.send_to(&INDICATION, socket.local_addr().unwrap()).await.unwrap();
            while guard.heard().is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(!is_gone(&guard).await, "{any} is open");
            drop(other);
            assert!(is_gone(&guard).await, "{any} is closed");
        }
    }
}
