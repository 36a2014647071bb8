//! A WebSocket by hand, to send what no library would and to leave unanswered what every library answers.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::soon;

const BINARY: u8 = 2;
const CLOSE: u8 = 8;

pub(crate) struct Raw {
    stream: TcpStream,
    /// Binary messages that came so far.
    pub(crate) heard: usize,
}

impl Raw {
    pub(crate) async fn dial(address: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(stream.read_u8()).await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        Self { stream, heard: 0 }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    /// Reads frames until the server's close frame; its code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            let opcode = soon(self.stream.read_u8()).await.unwrap() & 0x0f;
            let length = match soon(self.stream.read_u8()).await.unwrap() {
                126 => usize::from(soon(self.stream.read_u16()).await.unwrap()),
                length => usize::from(length),
            };
            let mut payload = vec![0; length];
            soon(self.stream.read_exact(&mut payload)).await.unwrap();
            self.heard += usize::from(opcode == BINARY);
            if opcode == CLOSE {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }
}
