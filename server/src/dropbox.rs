//! `/v1/drop`: somebody who does not say who they are deposits envelopes for others and fetches their prekeys.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::extract::ws::WebSocket;
use orrery_protocol::{
    frame::{DepositToken, DropReply, DropRequest, RefusalCode},
    limits::{MAX_ENVELOPE, MAX_REQUEST_ENVELOPE, SERVER_PROTOCOL_VERSION},
};

use crate::{
    address::Origin,
    connection::{Connection, End, Received},
    limits::{FLOOD_PATIENCE, PIPELINE},
    metrics::FrameKind,
    shared::{Shared, draining},
    store::{Answer, Deposit, Deposited, Fetched},
};

/// Serves one connection to its end.
pub(crate) async fn run(shared: Arc<Shared>, socket: WebSocket, origin: Origin) {
    let mut dropbox = Dropbox {
        connection: Connection::new(socket, origin, shared.clone(), Some(shared.limits.drop_idle_timeout.0)),
        shared,
        pending: VecDeque::new(),
        refused_in_a_row: 0,
    };
    let end = match dropbox.serve().await {
        Ok(()) => End::Draining,
        Err(end) => end,
    };
    dropbox.connection.finish(end).await;
}

/// A request that the store works on.
struct Pending {
    request: u32,
    answer: Work,
}

enum Work {
    Deposit(Answer<Deposited>),
    Fetch(Answer<Fetched>),
}

struct Dropbox {
    connection: Connection,
    shared: Arc<Shared>,
    /// In the order of their requests, which is the order in which the store answers.
    pending: VecDeque<Pending>,
    refused_in_a_row: u32,
}

impl Dropbox {
    /// Serves until the server stops; then everything that was asked has been answered.
    async fn serve(&mut self) -> Result<(), End> {
        let hello = DropReply::Hello {
            version: SERVER_PROTOCOL_VERSION,
            time_ms: self.shared.clock.now_ms(),
        };
        self.connection.send(&hello).await?;
        let mut phase = self.shared.phase.clone();
        loop {
            tokio::select! {
                reply = first_answer(&mut self.pending) => self.answer(reply).await?,
                received = self.connection.receive(), if self.pending.len() < PIPELINE => match received {
                    Received::Frame(frame) => self.take(&frame).await?,
                    Received::PingDue => self.connection.ping().await?,
                    Received::Nothing => {}
                    Received::End(end) => return Err(end),
                },
                () = draining(&mut phase) => break,
            }
        }
        while !self.pending.is_empty() {
            let reply = first_answer(&mut self.pending).await;
            self.answer(reply).await?;
        }
        let retry = self.shared.return_after(self.connection.origin());
        self.refuse(None, RefusalCode::Unavailable, Some(retry)).await
    }

    async fn take(&mut self, frame: &[u8]) -> Result<(), End> {
        let admitted = self.connection.admit(frame.len());
        let Ok(request) = orrery_protocol::decode::<DropRequest>(frame) else {
            self.shared.metrics.frame(FrameKind::Malformed);
            if let Err(wait) = admitted {
                return self.refuse_flood(None, wait).await;
            }
            return self.refuse(None, RefusalCode::Malformed, None).await;
        };
        match request {
            DropRequest::Deposit {
                request,
                to,
                token,
                envelope,
                keep,
            } => {
                self.shared.metrics.frame(FrameKind::Deposit);
                if let Err(wait) = admitted {
                    return self.refuse_flood(Some(request), wait).await;
                }
                self.refused_in_a_row = 0;
                let deposit = Deposit {
                    to,
                    token,
                    envelope: envelope.into_vec(),
                    keep,
                };
                self.deposit(request, deposit).await
            }
            DropRequest::Fetch { request, peer, token } => {
                self.shared.metrics.frame(FrameKind::Fetch);
                if let Err(wait) = admitted {
                    return self.refuse_flood(Some(request), wait).await;
                }
                self.refused_in_a_row = 0;
                if let Err(wait) = self
                    .shared
                    .rates
                    .fetch(self.connection.origin(), &peer, self.shared.clock.now_ms())
                {
                    return self.refuse_rate(request, wait).await;
                }
                let answer = Work::Fetch(self.shared.store.fetch(peer, token).await);
                self.pending.push_back(Pending { request, answer });
                Ok(())
            }
        }
    }

    async fn deposit(&mut self, request: u32, deposit: Deposit) -> Result<(), End> {
        // What is checked here depends on the sender alone, so its answer says nothing about the recipient.
        let by_request = matches!(deposit.token, DepositToken::Request(_));
        let largest = if by_request { MAX_REQUEST_ENVELOPE } else { MAX_ENVELOPE };
        if deposit.envelope.len() > largest {
            return self.refuse(Some(request), RefusalCode::TooLarge, None).await;
        }
        if deposit.envelope.is_empty() || (by_request && !deposit.keep) {
            return self.refuse(Some(request), RefusalCode::Malformed, None).await;
        }
        if let Err(wait) = self
            .shared
            .rates
            .deposit(self.connection.origin(), &deposit.to, self.shared.clock.now_ms())
        {
            return self.refuse_rate(request, wait).await;
        }
        let answer = Work::Deposit(self.shared.store.deposit(deposit).await);
        self.pending.push_back(Pending { request, answer });
        Ok(())
    }

    async fn answer(&mut self, reply: DropReply) -> Result<(), End> {
        self.connection.send(&reply).await
    }

    async fn refuse(&mut self, request: Option<u32>, code: RefusalCode, wait: Option<Duration>) -> Result<(), End> {
        self.connection.send(&refused(request, code, wait)).await
    }

    async fn refuse_rate(&mut self, request: u32, wait: Duration) -> Result<(), End> {
        self.shared.metrics.rate_limited();
        self.refuse(Some(request), RefusalCode::RateLimited, Some(wait)).await
    }

    async fn refuse_flood(&mut self, request: Option<u32>, wait: Duration) -> Result<(), End> {
        self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
        if self.refused_in_a_row > FLOOD_PATIENCE {
            return Err(End::Flood);
        }
        self.shared.metrics.rate_limited();
        self.refuse(request, RefusalCode::RateLimited, Some(wait)).await
    }
}

fn refused(request: Option<u32>, code: RefusalCode, wait: Option<Duration>) -> DropReply {
    let retry_after_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
    DropReply::Refused {
        request,
        code,
        retry_after_ms,
    }
}

/// The answer to the oldest request; waits for ever when there is none. Nothing is lost when the future is dropped.
async fn first_answer(pending: &mut VecDeque<Pending>) -> DropReply {
    let Some(Pending { request, answer }) = pending.front_mut() else {
        return std::future::pending().await;
    };
    let request = *request;
    let reply = match answer {
        Work::Deposit(answer) => match answer.await {
            Ok(Ok(Deposited::Taken)) => DropReply::Deposited { request },
            Ok(Ok(Deposited::NotAccepted)) => refused(Some(request), RefusalCode::NotAccepted, None),
            Ok(Ok(Deposited::MailboxFull)) => refused(Some(request), RefusalCode::MailboxFull, None),
            Ok(Ok(Deposited::StoreFull)) | Ok(Err(_)) | Err(_) => {
                refused(Some(request), RefusalCode::Unavailable, None)
            }
        },
        Work::Fetch(answer) => match answer.await {
            Ok(Ok(Fetched::Bundle(bundle))) => DropReply::Bundle {
                request,
                bundle: *bundle,
            },
            Ok(Ok(Fetched::NotAccepted)) => refused(Some(request), RefusalCode::NotAccepted, None),
            Ok(Err(_)) | Err(_) => refused(Some(request), RefusalCode::Unavailable, None),
        },
    };
    pending.pop_front();
    if pending.is_empty() {
        // An idle connection keeps no buffer.
        *pending = VecDeque::new();
    }
    reply
}
