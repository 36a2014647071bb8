//! What a server must survive (hostile frames, readers and writers), each with the close code that says why.

use std::time::Duration;

use orrery_protocol::{
    encode,
    frame::{DropReply, RefusalCode},
    limits::{MAX_ENVELOPE, MAX_FRAME},
};
use orrery_server::limits::Span;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::{
    client::{Person, Place, Socket, deposit, get, soon},
    raw::Raw,
};

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_text_message_is_refused() {
    let place = Place::new().await;
    for path in ["/v1/socket", "/v1/drop"] {
        let mut socket = Socket::dial(place.address(), path).await;
        socket.send_raw(Message::text("{}")).await;
        assert_eq!(socket.close_code().await, Some(1003));
    }
}

#[tokio::test]
async fn a_message_one_byte_too_long_is_refused_whole_or_in_parts() {
    let place = Place::new().await;
    let mut socket = Socket::drop_box(place.address()).await;
    socket.send_raw(Message::Binary(vec![0; MAX_FRAME + 1].into())).await;
    assert_eq!(socket.close_code().await, Some(1009));

    let mut socket = Socket::drop_box(place.address()).await;
    let part = |opcode, last| Message::Frame(Frame::message(vec![0; 16 * 1024], OpCode::Data(opcode), last));
    socket.send_raw(part(Data::Binary, false)).await;
    for _ in 0..4 {
        socket.send_raw(part(Data::Continue, false)).await;
    }
    assert_eq!(socket.close_code().await, Some(1009));
}

#[tokio::test]
async fn a_message_in_many_parts_is_one_message() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let _socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    let frame = encode(&deposit(3, &alice, vec![7; 1000])).unwrap();
    for (index, byte) in frame.iter().enumerate() {
        let opcode = OpCode::Data(if index == 0 { Data::Binary } else { Data::Continue });
        let part = Frame::message(vec![*byte], opcode, index + 1 == frame.len());
        drop_box.send_raw(Message::Frame(part)).await;
    }
    assert_eq!(
        drop_box.receive::<DropReply>().await,
        DropReply::Deposited { request: 3 }
    );
}

#[tokio::test]
async fn broken_framing_is_refused_with_the_code_that_says_why() {
    let place = Place::new().await;
    let cases: [(&str, &[u8], u16); 6] = [
        ("not masked", &[0x82, 0x01, 0x00], 1002),
        ("reserved bits", &[0xf2, 0x81, 0, 0, 0, 0, 0], 1002),
        ("unknown opcode", &[0x83, 0x80, 0, 0, 0, 0], 1002),
        (
            "a close that claims 2 GB",
            &[0x88, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0],
            1009,
        ),
        (
            "a message that claims 2^62 bytes",
            &[0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            1009,
        ),
        ("text that is not UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
    ];
    for (what, bytes, code) in cases {
        for path in ["/v1/socket", "/v1/drop"] {
            let mut raw = Raw::dial(place.address(), path).await;
            raw.send(bytes).await;
            assert_eq!(raw.close_code().await, code, "{what}");
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_frame_are_refused_and_the_connection_lives_on() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    let mut good = encode(&deposit(1, &alice, vec![1; 40])).unwrap();
    let mut bad: Vec<Vec<u8>> = (0..good.len()).map(|cut| good[..cut].to_vec()).collect();
    bad.extend([
        vec![0xff; 10],
        vec![0x81; 5000],
        encode(&"deposit").unwrap(),
        vec![0xa1, 0x60, 0x60],
    ]);
    good.push(0);
    bad.push(good);
    for bytes in bad {
        drop_box.send_raw(Message::Binary(bytes.clone().into())).await;
        let malformed = DropReply::Refused {
            request: None,
            code: RefusalCode::Malformed,
            retry_after_ms: None,
        };
        assert_eq!(drop_box.receive::<DropReply>().await, malformed);
        socket.send_raw(Message::Binary(bytes.into())).await;
        assert_eq!(socket.refused().await, RefusalCode::Malformed);
    }
    assert_eq!(
        drop_box.deposit(9, &alice, vec![9]).await,
        DropReply::Deposited { request: 9 }
    );
    assert_eq!(
        socket.delivery().await,
        (Some(1), vec![9]),
        "nothing of the rest was taken"
    );
}

#[tokio::test]
async fn who_never_reads_is_dropped_and_finds_everything_later() {
    let place = Place::with(|config| {
        config.limits.write_timeout = span("300ms");
        config.metrics = "127.0.0.1:0".parse().ok();
    })
    .await;
    let alice = Person::new(1);
    alice.move_in(place.address()).await.close().await;
    let small = TcpSocket::new_v4().unwrap();
    small.set_recv_buffer_size(16 * 1024).unwrap();
    let stream = small.connect(place.address()).await.unwrap();
    let socket = Socket::dial_over(stream, place.address(), "/v1/socket", None)
        .await
        .unwrap();
    let _deaf = alice.answer_challenge(socket).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    let count = 400;
    for request in 0..count {
        let reply = drop_box.deposit(request, &alice, vec![0; MAX_ENVELOPE]).await;
        assert_eq!(reply, DropReply::Deposited { request });
    }
    let dropped = "orrery_dropped_total{reason=\"slow_reader\"} 1\n";
    soon(async {
        while !get(place.server.metrics_addr().unwrap(), "/metrics")
            .await
            .unwrap()
            .1
            .contains(dropped)
        {}
    })
    .await;
    let mut socket = alice.connect(place.address()).await;
    for id in 1..=u64::from(count) {
        assert_eq!(socket.delivery().await.0, Some(id));
    }
}

/// Each of the two times alone lets half-open connections go, also when they fill the server.
#[tokio::test]
async fn half_open_connections_are_closed_and_do_not_keep_others_out() {
    for (header, upgrade) in [("200ms", "1h"), ("1h", "200ms")] {
        let place = Place::with(|config| {
            config.limits.header_timeout = span(header);
            config.limits.upgrade_timeout = span(upgrade);
            config.limits.max_connections = 100;
        })
        .await;
        let mut half_open = Vec::new();
        for _ in 0..100 {
            let mut stream = TcpStream::connect(place.address()).await.unwrap();
            // Told that there is no room, or let go already: gone either way.
            let _ = stream.write_all(b"GET /v1/drop HTT").await;
            half_open.push(stream);
        }
        let closed = async {
            for mut stream in half_open {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        };
        // Sooner than the HTTP library by itself would, after 30 seconds.
        timeout(Duration::from_secs(10), closed).await.expect("still open");
        // A place is free as soon as the server has seen the end.
        let free = async { while Socket::dial_from(place.address(), "/v1/drop", None).await.is_err() {} };
        soon(free).await;
    }
}
