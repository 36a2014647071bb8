//! Who says nothing is let go, and who says something is not.

use orrery_protocol::{
    encode,
    frame::{SocketReply, SocketRequest},
    limits::MAX_ENVELOPE,
};
use orrery_server::limits::Span;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Person, Place, Socket, deposit, soon},
    raw::Raw,
};

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

#[tokio::test]
async fn who_falls_silent_in_the_middle_of_a_frame_is_let_go() {
    let place = Place::with(|config| {
        config.limits.ping_interval = span("50ms");
        config.limits.silence_timeout = span("200ms");
    })
    .await;
    for path in ["/v1/socket", "/v1/drop"] {
        let mut raw = Raw::dial(place.address(), path).await;
        raw.send(&[0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3]).await;
        assert_eq!(raw.close_code().await, 1001);
    }
}

#[tokio::test]
async fn who_answers_pings_stays() {
    let place = Place::with(|config| {
        config.limits.ping_interval = span("20ms");
        config.limits.silence_timeout = span("10s");
    })
    .await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    let mut pings = 0;
    while pings < 5 {
        use futures_util::StreamExt;
        if matches!(soon(socket.stream.next()).await, Some(Ok(Message::Ping(_)))) {
            pings += 1;
        }
    }
    socket.send(&alice.tokens()).await;
    assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
}

#[tokio::test]
async fn a_depositing_connection_without_requests_is_closed() {
    let place = Place::with(|config| config.limits.drop_idle_timeout = span("100ms")).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    assert_eq!(drop_box.close_code().await, Some(1000));
}

/// Half of the readers would be lost to a server that looks at its clock before it looks at what they said.
#[tokio::test]
async fn who_reads_a_long_mailbox_slowly_is_heard_all_the_same() {
    let place = Place::with(|config| {
        config.limits.ping_interval = span("100ms");
        config.limits.silence_timeout = span("2s");
        config.limits.write_timeout = span("60s");
    })
    .await;
    // More than all buffers on the way hold, so that the server has to wait for the reader.
    let count = 80;
    let mut readers = Vec::new();
    for seed in 1..=8 {
        let person = Person::new(seed);
        person.move_in(place.address()).await.close().await;
        let mut drop_box = Socket::drop_box(place.address()).await;
        for request in 0..count {
            drop_box.deposit(request, &person, vec![0; MAX_ENVELOPE]).await;
        }
        let small = TcpSocket::new_v4().unwrap();
        small.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = small.connect(place.address()).await.unwrap();
        let socket = Socket::dial_over(stream, place.address(), "/v1/socket", None).await;
        let mut socket = person.answer_challenge(socket.unwrap()).await;
        socket.send(&person.tokens()).await;
        readers.push((person, socket));
    }
    // Somebody who really is silent tells when the time is over; until then nobody reads.
    let mut silent = Raw::dial(place.address(), "/v1/socket").await;
    assert_eq!(silent.close_code().await, 1001);
    for (person, mut socket) in readers {
        let (mut mail, mut stored) = (0, false);
        while mail < u64::from(count) || !stored {
            match socket.receive().await {
                SocketReply::Deliver { id, .. } => {
                    mail += 1;
                    assert_eq!(id, Some(mail));
                    socket.send(&SocketRequest::Ack { ids: vec![mail] }).await;
                }
                SocketReply::TokensStored => stored = true,
                other => panic!("{other:?}"),
            }
        }
        socket.send(&person.tokens()).await;
        assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
        socket.close().await;
        let mut again = person.connect(place.address()).await;
        again.send(&person.tokens()).await;
        assert_eq!(
            again.receive::<SocketReply>().await,
            SocketReply::TokensStored,
            "every acknowledgement was heard"
        );
    }
}

#[tokio::test]
async fn parts_of_a_message_that_does_not_end_run_into_the_rate_too() {
    let place = Place::strict(|limits| {
        limits.byte_rate = "65536+1/1h".parse().unwrap();
        limits.silence_timeout = span("2s");
        limits.ping_interval = span("1s");
    })
    .await;
    let frame = encode(&deposit(1, &Person::new(1), vec![7; 40])).unwrap();
    let (first, last) = frame.split_at(100);
    let part = |opcode: u8, data: &[u8]| [&[opcode, 0x80 | data.len() as u8, 0, 0, 0, 0][..], data].concat();
    // Empty parts between the two halves, six bytes each: together more than may come at once.
    let bytes = [part(0x02, first), part(0x00, &[]).repeat(60_000), part(0x80, last)].concat();
    let mut raw = Raw::dial(place.address(), "/v1/drop").await;
    raw.send(&bytes).await;
    assert_eq!(raw.close_code().await, 1001);
    assert_eq!(raw.heard, 1, "the greeting, and no answer to what was not read");
}
