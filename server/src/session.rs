//! `/v1/socket`: somebody logs in and is served their own mailbox, prekeys and tokens.

mod login;

use std::sync::Arc;

use axum::extract::ws::WebSocket;
use orrery_protocol::{
    PeerId,
    frame::{RefusalCode, SocketReply, SocketRequest},
    limits::{MAX_EXTRA_TOKENS, ONE_TIME_PREKEYS},
};
use serde_bytes::ByteBuf;

use crate::{
    address::Origin,
    connection::{Connection, End, Received},
    hub::{Hub, Lane, Mail, Next},
    metrics::FrameKind,
    shared::{Shared, draining},
    store::{Published, StoreError, Tokens, Upload},
};

/// Length of an ML-KEM-1024 encapsulation key (FIPS 203, table 3).
const KEM_KEY: usize = 1568;

/// Serves one connection to its end.
pub(crate) async fn run(shared: Arc<Shared>, socket: WebSocket, origin: Origin) {
    let mut connection = Connection::new(socket, origin, shared.clone(), None);
    let end = match serve(&shared, &mut connection).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    connection.finish(end).await;
}

enum Never {}

async fn serve(shared: &Arc<Shared>, connection: &mut Connection) -> Result<Never, End> {
    let mut phase = shared.phase.clone();
    let peer = tokio::select! {
        peer = login::log_in(shared, connection) => peer?,
        () = draining(&mut phase) => return Err(End::Draining),
    };
    let mut session = Session::enter(shared, connection, peer).await?;
    loop {
        tokio::select! {
            received = session.connection.receive() => match received {
                Received::Frame(frame) => session.take(&frame).await?,
                Received::PingDue => session.connection.ping().await?,
                Received::Nothing => {}
                Received::End(end) => return Err(end),
            },
            next = session.seat.lane.next() => session.write(next).await?,
            () = draining(&mut phase) => return Err(session.say_goodbye().await),
        }
    }
}

/// A place in the hub, given up on drop.
struct Seat {
    hub: Arc<Hub>,
    peer: PeerId,
    lane: Arc<Lane>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(self.peer, &self.lane);
    }
}

/// Somebody who is logged in.
struct Session<'a> {
    shared: &'a Arc<Shared>,
    connection: &'a mut Connection,
    seat: Seat,
    /// The highest number written to this connection.
    written: u64,
    /// Whether there is a mailbox already; making one is limited.
    known: bool,
}

impl<'a> Session<'a> {
    async fn enter(shared: &'a Arc<Shared>, connection: &'a mut Connection, peer: PeerId) -> Result<Self, End> {
        let lane = Arc::new(Lane::default());
        shared.hub.enter(peer, lane.clone());
        let seat = Seat {
            hub: shared.hub.clone(),
            peer,
            lane,
        };
        let standing = match shared.store.standing(peer).await {
            Ok(standing) => standing,
            Err(_) => return Err(refuse_and_end(connection, RefusalCode::Unavailable, End::Later).await),
        };
        let welcome = SocketReply::Welcome {
            time_ms: shared.clock.now_ms(),
            one_time_left: standing.one_time_left,
            has_prekeys: standing.has_prekeys,
            stun_port: shared.stun_port,
        };
        connection.send(&welcome).await?;
        Ok(Self {
            shared,
            connection,
            seat,
            written: 0,
            known: standing.known,
        })
    }

    async fn take(&mut self, frame: &[u8]) -> Result<(), End> {
        self.connection.slow_down(frame.len());
        let Ok(request) = orrery_protocol::decode::<SocketRequest>(frame) else {
            self.shared.metrics.frame(FrameKind::Malformed);
            return self.refuse(RefusalCode::Malformed, None).await;
        };
        match request {
            SocketRequest::Login { .. } => {
                self.shared.metrics.frame(FrameKind::Login);
                self.refuse(RefusalCode::Malformed, None).await
            }
            SocketRequest::PublishPrekeys {
                signed,
                kem,
                one_time,
                replace,
            } => {
                self.shared.metrics.frame(FrameKind::PublishPrekeys);
                self.publish(Upload {
                    signed,
                    kem,
                    one_time,
                    replace,
                })
                .await
            }
            SocketRequest::SetTokens {
                delivery,
                revoked,
                requests,
                calls,
            } => {
                self.shared.metrics.frame(FrameKind::SetTokens);
                self.set_tokens(Tokens {
                    delivery,
                    revoked,
                    requests,
                    calls,
                })
                .await
            }
            SocketRequest::Ack { ids } => {
                self.shared.metrics.frame(FrameKind::Ack);
                if ids.len() > self.shared.limits.mailbox_envelopes as usize {
                    return self.refuse(RefusalCode::TooLarge, None).await;
                }
                // Nobody waits for it: an acknowledgement that is lost is made up for by a repeated delivery.
                drop(self.shared.store.acknowledge(self.seat.peer, ids).await);
                Ok(())
            }
        }
    }

    async fn publish(&mut self, upload: Upload) -> Result<(), End> {
        if upload.kem.key.len() != KEM_KEY {
            return self.refuse(RefusalCode::Malformed, None).await;
        }
        if upload.one_time.len() > ONE_TIME_PREKEYS {
            return self.refuse(RefusalCode::TooLarge, None).await;
        }
        if !self.may_register().await? {
            return Ok(());
        }
        match self.shared.store.publish(self.seat.peer, upload).await {
            Ok(Published::Stored { one_time_left }) => {
                self.known = true;
                self.connection
                    .send(&SocketReply::PrekeysStored { one_time_left })
                    .await
            }
            Ok(Published::TooMany) => self.refuse(RefusalCode::TooLarge, None).await,
            Ok(Published::NobodyNew) | Err(_) => self.refuse(RefusalCode::Unavailable, None).await,
        }
    }

    async fn set_tokens(&mut self, tokens: Tokens) -> Result<(), End> {
        let extra = tokens.requests.len().saturating_add(tokens.calls.len());
        if extra > MAX_EXTRA_TOKENS || tokens.revoked.len() > MAX_EXTRA_TOKENS {
            return self.refuse(RefusalCode::TooLarge, None).await;
        }
        if !self.may_register().await? {
            return Ok(());
        }
        match self.shared.store.set_tokens(self.seat.peer, tokens).await {
            Ok(true) => {
                self.known = true;
                self.connection.send(&SocketReply::TokensStored).await
            }
            Ok(false) | Err(StoreError::Closed | StoreError::Unwritten) => {
                self.refuse(RefusalCode::Unavailable, None).await
            }
            Err(_) => Err(End::Gone),
        }
    }

    /// Whether somebody who has no mailbox yet may get one now; if not, they have been told.
    async fn may_register(&mut self) -> Result<bool, End> {
        if self.known {
            return Ok(true);
        }
        let now_ms = self.shared.clock.now_ms();
        match self.shared.rates.registration(self.connection.origin(), now_ms) {
            Ok(()) => Ok(true),
            Err(wait) => {
                self.shared.metrics.rate_limited();
                self.refuse(RefusalCode::RateLimited, Some(millis(wait))).await?;
                Ok(false)
            }
        }
    }

    async fn write(&mut self, next: Next) -> Result<(), End> {
        match next {
            Next::Mail(mail) => self.deliver(mail).await,
            Next::PrekeysLow(one_time_left) => self.connection.send(&SocketReply::PrekeysLow { one_time_left }).await,
            Next::CatchUp => self.catch_up().await,
            Next::Replaced => Err(refuse_and_end(self.connection, RefusalCode::Replaced, End::Replaced).await),
        }
    }

    /// Writes the next page of what waits in the mailbox. Between two pages the other side is heard: it acknowledges,
    /// it lives, or a newer connection took its place.
    async fn catch_up(&mut self) -> Result<(), End> {
        let page = self
            .shared
            .store
            .page(self.seat.peer, self.written, self.seat.lane.clone())
            .await;
        let Ok(page) = page else {
            return Err(refuse_and_end(self.connection, RefusalCode::Unavailable, End::Later).await);
        };
        for mail in page.mail {
            self.deliver(mail).await?;
        }
        if !page.complete {
            self.seat.lane.read_on();
        }
        Ok(())
    }

    async fn deliver(&mut self, mail: Mail) -> Result<(), End> {
        if let Some(id) = mail.id {
            if id <= self.written {
                return Ok(());
            }
            self.written = id;
        }
        let frame = SocketReply::Deliver {
            id: mail.id,
            envelope: ByteBuf::from(mail.envelope),
            taken_ms: mail.taken_ms,
        };
        self.connection.send(&frame).await?;
        self.shared.metrics.delivered();
        Ok(())
    }

    async fn refuse(&mut self, code: RefusalCode, retry_after_ms: Option<u64>) -> Result<(), End> {
        self.connection
            .send(&SocketReply::Refused { code, retry_after_ms })
            .await
    }

    async fn say_goodbye(&mut self) -> End {
        let retry = millis(self.shared.return_after(self.connection.origin()));
        self.refuse(RefusalCode::Unavailable, Some(retry))
            .await
            .err()
            .unwrap_or(End::Draining)
    }
}

/// Sends a refusal; the end that follows from it.
async fn refuse_and_end(connection: &mut Connection, code: RefusalCode, end: End) -> End {
    connection
        .send(&SocketReply::Refused {
            code,
            retry_after_ms: None,
        })
        .await
        .err()
        .unwrap_or(end)
}

fn millis(wait: std::time::Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
}
