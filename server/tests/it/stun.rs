use rtc_stun::{
    fingerprint::FINGERPRINT,
    message::{BINDING_REQUEST, BINDING_SUCCESS, Getter, Message, Setter, TransactionId},
    xoraddr::XorMappedAddress,
};
use tokio::net::UdpSocket;

use crate::client::{Place, soon};

#[tokio::test]
async fn a_binding_request_is_told_where_it_came_from() {
    let place = Place::new().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(place.server.stun_addr().unwrap()).await.unwrap();
    let mut request = Message::new();
    let setters: [Box<dyn Setter>; 3] = [
        Box::new(TransactionId([5; 12])),
        Box::new(BINDING_REQUEST),
        Box::new(FINGERPRINT),
    ];
    request.build(&setters).unwrap();
    // Rubbish in between neither stops it nor gets an answer.
    for rubbish in [&[][..], &[0; 20], &[0xff; 1500], &request.raw[..19]] {
        socket.send(rubbish).await.unwrap();
    }
    socket.send(&request.raw).await.unwrap();
    let mut buffer = [0; 1500];
    let length = soon(socket.recv(&mut buffer)).await.unwrap();
    let mut reply = Message::new();
    reply.unmarshal_binary(&buffer[..length]).unwrap();
    assert_eq!(
        (reply.typ, reply.transaction_id),
        (BINDING_SUCCESS, TransactionId([5; 12]))
    );
    let mut mapped = XorMappedAddress::default();
    mapped.get_from(&reply).unwrap();
    let local = socket.local_addr().unwrap();
    assert_eq!((mapped.ip, mapped.port), (local.ip(), local.port()));
}

#[tokio::test]
async fn stun_can_have_its_own_address_or_be_off() {
    let place = Place::with(|config| config.stun = "127.0.0.1:0".parse().unwrap()).await;
    assert!(place.server.stun_addr().is_some());
    let place = Place::with(|config| config.stun = orrery_server::Stun::Off).await;
    assert!(place.server.stun_addr().is_none());
}
