//! The connections: one from a client, one to the honest server for it, and the world in between.

use std::{future::pending, sync::Arc};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
};
use tokio_tungstenite::{
    accept_hdr_async, client_async,
    tungstenite::{
        Error, Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};

use crate::{
    Door, Way,
    tee::Tee,
    world::{LANE, Shared},
};

/// Takes connections until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(line(stream, Arc::clone(&shared)));
        }
    }
}

async fn line(stream: TcpStream, shared: Arc<Shared>) {
    // Frames are small and answers are waited for.
    let _ = stream.set_nodelay(true);
    let (number, notes) = shared.lock().number();
    let mut door = None;
    #[allow(clippy::result_large_err, reason = "the library's signature")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        door = Door::of(request.uri().path());
        Ok(response)
    };
    let Ok(client) = accept_hdr_async(Tee { stream, notes }, look).await else {
        return;
    };
    let Some(door) = door else { return };
    let address = {
        let world = shared.lock();
        match door {
            Door::Socket => world.logins_to.unwrap_or(world.honest),
            Door::Drop => world.honest,
        }
    };
    let Ok(stream) = TcpStream::connect(address).await else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let Ok((server, _)) = client_async(format!("ws://{address}{}", door.path()), stream).await else {
        return;
    };
    let (to_client, from_client) = client.split();
    let (to_server, from_server) = server.split();
    let (up, up_lane) = mpsc::channel(LANE);
    let (down, down_lane) = mpsc::channel(LANE);
    let end = Arc::new(Notify::new());
    shared.lock().open(number, door, up, down, Arc::clone(&end));
    tokio::select! {
        () = read(from_client, number, Way::Up, &shared) => {}
        () = read_server(from_server, number, &shared) => {}
        () = write(to_client, down_lane) => {}
        () = async {
            write(to_server, up_lane).await;
            // How it ended is heard on the way down.
            pending::<()>().await;
        } => {}
        () = end.notified() => {}
    }
    shared.lock().lines.remove(&number);
    shared.changed.notify_all();
}

/// Until this end closes or is gone.
async fn read(mut from: impl Stream<Item = Result<Message, Error>> + Unpin, number: u64, way: Way, shared: &Shared) {
    while let Some(Ok(message)) = from.next().await {
        match message {
            Message::Binary(bytes) => {
                shared.lock().pass(number, way, bytes.to_vec());
                shared.changed.notify_all();
            }
            Message::Close(frame) => return shared.lock().closed(number, way, frame.map(|frame| frame.code.into())),
            _ => {}
        }
    }
    shared.lock().closed(number, way, None);
}

/// What the server said before it closed is on its way, and the close after it: whoever writes it ends the connection.
async fn read_server(from: impl Stream<Item = Result<Message, Error>> + Unpin, number: u64, shared: &Shared) {
    read(from, number, Way::Down, shared).await;
    pending().await
}

/// Until it is closed or broken.
async fn write(mut to: impl Sink<Message> + Unpin, mut lane: mpsc::Receiver<Message>) {
    while let Some(message) = lane.recv().await {
        let last = message.is_close();
        if to.send(message).await.is_err() || last {
            return;
        }
    }
}
