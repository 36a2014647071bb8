//! The evil server's own hand on the honest one.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use orrery_protocol::frame::{DropReply, DropRequest};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{Door, Frame, Way};

/// Makes requests one after the other, as a stranger who logs in nowhere; their answers.
pub(crate) async fn ask(honest: SocketAddr, requests: Vec<DropRequest>) -> Vec<DropReply> {
    let stream = TcpStream::connect(honest).await.expect("the honest server");
    let url = format!("ws://{honest}{}", Door::Drop.path());
    let (mut socket, _) = client_async(url, stream).await.expect("its door");
    let hello = next(&mut socket).await;
    assert!(matches!(hello, DropReply::Hello { .. }), "{hello:?}");
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        socket.send(Frame::Want(request).message()).await.expect("a request");
        answers.push(next(&mut socket).await);
    }
    answers
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> DropReply {
    loop {
        if let Message::Binary(bytes) = socket.next().await.expect("an answer").expect("an answer") {
            match Frame::read(Door::Drop, Way::Down, &bytes) {
                Frame::Answer(reply) => return reply,
                other => panic!("{other:?}"),
            }
        }
    }
}
