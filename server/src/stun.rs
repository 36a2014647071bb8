//! The STUN responder (RFC 8489): tells whoever asks from which address the question came. Binding requests only.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rtc_stun::{
    attributes::ATTR_FINGERPRINT,
    fingerprint::FINGERPRINT,
    message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter},
    xoraddr::XorMappedAddress,
};
use tokio::{net::UdpSocket, time::sleep};

use crate::{
    address::Origin,
    rate::Buckets,
    shared::{Shared, closed},
};

/// A binding request is 20 bytes, with all that ICE adds below 200.
const MAX_REQUEST: usize = 548;
/// Rest after an error of the socket itself, so that a broken one does not burn a core.
const ERROR_REST: Duration = Duration::from_millis(100);

/// Answers until the server ends.
pub(crate) async fn serve(socket: UdpSocket, shared: Arc<Shared>) {
    let rate = Buckets::new(shared.limits.stun_rate);
    let mut phase = shared.phase.clone();
    let mut buffer = [0; MAX_REQUEST];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = closed(&mut phase) => return,
        };
        let Ok((length, from)) = received else {
            sleep(ERROR_REST).await;
            continue;
        };
        let Some(reply) = buffer.get(..length).and_then(|request| answer(request, from)) else {
            continue;
        };
        let origin = Origin::direct(from.ip());
        if !origin.is_spared() && rate.take(origin, shared.clock.now_ms()).is_err() {
            continue;
        }
        // The best effort that UDP is: a lost answer is asked for again.
        if socket.try_send_to(&reply, from).is_ok() {
            shared.metrics.stun_answered();
        }
    }
}

/// The answer to one datagram, if it deserves one: at most 52 bytes, so that a forged source address gains nothing.
fn answer(request: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let mut message = Message::new();
    message.unmarshal_binary(request).ok()?;
    if message.typ != BINDING_REQUEST
        || request.len() != message.length as usize + rtc_stun::message::MESSAGE_HEADER_SIZE
    {
        return None;
    }
    let has_fingerprint = message.contains(ATTR_FINGERPRINT);
    if has_fingerprint && FINGERPRINT.check(&message).is_err() {
        return None;
    }
    let mut setters: Vec<Box<dyn Setter>> = vec![
        Box::new(message.transaction_id),
        Box::new(BINDING_SUCCESS),
        Box::new(XorMappedAddress {
            ip: from.ip().to_canonical(),
            port: from.port(),
        }),
    ];
    if has_fingerprint {
        setters.push(Box::new(FINGERPRINT));
    }
    let mut reply = Message::new();
    reply.build(&setters).ok()?;
    Some(reply.raw)
}

#[cfg(test)]
mod tests {
    use rtc_stun::message::{BINDING_ERROR, Getter, TransactionId};

    use super::*;

    fn request(with_fingerprint: bool) -> Message {
        let mut setters: Vec<Box<dyn Setter>> = vec![Box::new(TransactionId([9; 12])), Box::new(BINDING_REQUEST)];
        if with_fingerprint {
            setters.push(Box::new(FINGERPRINT));
        }
        let mut message = Message::new();
        message.build(&setters).unwrap();
        message
    }

    #[test]
    fn the_address_comes_back_under_the_same_transaction_in_few_bytes() {
        for (from, size) in [("203.0.113.9:4711", 32), ("[2001:db8::9]:4711", 44)] {
            let from: SocketAddr = from.parse().unwrap();
            for with_fingerprint in [false, true] {
                let raw = answer(&request(with_fingerprint).raw, from).unwrap();
                assert_eq!(raw.len(), size + if with_fingerprint { 8 } else { 0 });
                let mut reply = Message::new();
                reply.unmarshal_binary(&raw).unwrap();
                assert_eq!(
                    (reply.typ, reply.transaction_id),
                    (BINDING_SUCCESS, TransactionId([9; 12]))
                );
                let mut mapped = XorMappedAddress::default();
                mapped.get_from(&reply).unwrap();
                assert_eq!((mapped.ip, mapped.port), (from.ip(), from.port()));
                assert!(!with_fingerprint || FINGERPRINT.check(&reply).is_ok());
            }
        }
    }

    #[test]
    fn nothing_else_gets_an_answer() {
        let from: SocketAddr = "203.0.113.9:4711".parse().unwrap();
        let good = request(true).raw;
        for cut in 0..good.len() {
            assert_eq!(answer(&good[..cut], from), None, "{cut}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert_eq!(answer(&longer, from), None);
        let mut wrong_fingerprint = good.clone();
        *wrong_fingerprint.last_mut().unwrap() ^= 1;
        assert_eq!(answer(&wrong_fingerprint, from), None);
        for kind in [BINDING_SUCCESS, BINDING_ERROR] {
            let mut message = Message::new();
            let setters: [Box<dyn Setter>; 2] = [Box::new(TransactionId([9; 12])), Box::new(kind)];
            message.build(&setters).unwrap();
            assert_eq!(
                answer(&message.raw, from),
                None,
                "answering answers would make two servers talk for ever"
            );
        }
        assert_eq!(answer(&[0xff; 200], from), None);
    }
}
