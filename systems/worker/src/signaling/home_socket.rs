//! The task behind [`super::Home`]: connects, logs in, listens, and starts over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use orrery_link::Code;
use orrery_protocol::{
    frame::{SocketReply, SocketRequest},
    limits::SERVER_PROTOCOL_VERSION,
};
use serde_bytes::ByteArray;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use super::{
    Dialer, HomeEvent, HomeOrder, Reach, ServerAddress,
    acks::Acks,
    backoff::Backoff,
    end::{End, LONG_WAIT},
    wire::{Incoming, Wire, WireError},
};

/// How often the connection is probed.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Silence after which it is dead: three probes.
const DEAD_AFTER: Duration = Duration::from_secs(60);
/// How long a doubted connection has to show that it lives.
const DOUBT: Duration = Duration::from_secs(2);
/// A connection that held this long was a good one.
const HELD: Duration = Duration::from_secs(10);
/// Nudges closer than this to the last try are not taken.
const NUDGE_EVERY: Duration = Duration::from_secs(2);

/// Runs until the orders are closed.
pub(crate) async fn run(
    address: ServerAddress,
    dialer: Dialer,
    mut orders: mpsc::Receiver<HomeOrder>,
    events: mpsc::Sender<HomeEvent>,
    rtt_ms: Arc<AtomicU32>,
) {
    let mut backoff = Backoff::default();
    loop {
        if events.send(HomeEvent::Connecting).await.is_err() {
            return;
        }
        let began = Instant::now();
        let end = Socket {
            address: &address,
            events: &events,
            rtt_ms: &rtt_ms,
        }
        .session(&dialer, &mut orders)
        .await;
        rtt_ms.store(0, Ordering::Relaxed);
        if began.elapsed() > HELD {
            backoff.reset();
        }
        let (code, wait) = match end {
            End::Told => return,
            End::Again => {
                backoff.reset();
                continue;
            }
            End::Replaced => (Some(Code::Replaced), None),
            End::Failed(code, least) => {
                // A server that asks for nothing, or for next to nothing, is not hammered either.
                let wait = backoff.next(rand::random()).max(least.unwrap_or_default());
                (code, Some(wait))
            }
        };
        let retry_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        if events.send(HomeEvent::Offline { code, retry_ms }).await.is_err() {
            return;
        }
        if !pause(wait, &mut orders, &mut backoff).await {
            return;
        }
    }
}

/// Waits until the next try; `false` when the handle is gone. Without a wait there is none until a person asks for it.
async fn pause(wait: Option<Duration>, orders: &mut mpsc::Receiver<HomeOrder>, backoff: &mut Backoff) -> bool {
    let began = Instant::now();
    let mut due = wait.map(|wait| began + wait);
    loop {
        tokio::select! {
            () = until(due) => return true,
            order = orders.recv() => match order {
                None => return false,
                Some(HomeOrder::Reconnect { asked }) if asked || due.is_some() => {
                    backoff.reset();
                    return true;
                }
                Some(HomeOrder::Nudge | HomeOrder::Doubt) => {
                    let soonest = (began + NUDGE_EVERY).max(Instant::now());
                    due = due.map(|due| due.min(soonest));
                }
                // Not logged in: the core says it again when we are.
                Some(_) => {}
            },
        }
    }
}

struct Socket<'a> {
    address: &'a ServerAddress,
    events: &'a mpsc::Sender<HomeEvent>,
    rtt_ms: &'a AtomicU32,
}

impl Socket<'_> {
    async fn session(&self, dialer: &Dialer, orders: &mut mpsc::Receiver<HomeOrder>) -> End {
        let connecting = async {
            let mut wire = Wire::connect(self.address, "/v1/socket", dialer, Reach::Anywhere).await?;
            match timeout(dialer.patience, self.log_in(&mut wire)).await {
                Ok(Ok(())) => Ok(wire),
                Ok(Err(end)) => Err(end),
                Err(_) => Err(End::UNREACHABLE),
            }
        };
        tokio::pin!(connecting);
        let mut wire = loop {
            tokio::select! {
                result = &mut connecting => match result {
                    Ok(wire) => break wire,
                    Err(end) => return end,
                },
                order = orders.recv() => match order {
                    None => return End::Told,
                    Some(HomeOrder::Reconnect { .. }) => return End::Again,
                    Some(_) => {}
                },
            }
        };
        let end = self.stay(&mut wire, orders).await;
        match end {
            End::Told => wire.close().await,
            // Where the network is another one nobody answers the farewell: the next try must not wait for it.
            End::Again => drop(tokio::spawn(wire.close())),
            End::Replaced | End::Failed(..) => {}
        }
        end
    }

    async fn log_in(&self, wire: &mut Wire) -> Result<(), End> {
        let (nonce, time_ms) = match frame(wire).await? {
            SocketReply::Challenge { version, .. } if version != SERVER_PROTOCOL_VERSION => {
                return Err(End::Failed(Some(Code::VersionMismatch), Some(LONG_WAIT)));
            }
            SocketReply::Challenge { nonce, time_ms, .. } => (nonce.into_array(), time_ms),
            SocketReply::Refused { code, retry_after_ms } => return Err(End::refused(code, retry_after_ms)),
            _ => return Err(WireError::Malformed.into()),
        };
        let (answer, proof) = oneshot::channel();
        let host = self.address.host().to_owned();
        self.tell(HomeEvent::Challenge {
            host,
            nonce,
            time_ms,
            answer,
        })
        .await?;
        let proof = proof.await.map_err(|_| End::Told)?;
        wire.send(&SocketRequest::Login {
            version: SERVER_PROTOCOL_VERSION,
            peer: proof.peer,
            signature: ByteArray::new(proof.signature),
        })
        .await?;
        match frame(wire).await? {
            SocketReply::Welcome {
                time_ms,
                one_time_left,
                has_prekeys,
                stun_port,
            } => {
                self.tell(HomeEvent::Online {
                    time_ms,
                    one_time_left,
                    has_prekeys,
                    stun_port,
                })
                .await
            }
            SocketReply::Refused { code, retry_after_ms } => Err(End::refused(code, retry_after_ms)),
            _ => Err(WireError::Malformed.into()),
        }
    }

    async fn stay(&self, wire: &mut Wire, orders: &mut mpsc::Receiver<HomeOrder>) -> End {
        let mut probe = tokio::time::interval(PING_EVERY);
        let mut heard = Instant::now();
        let mut pings = 0u64;
        let mut pinged = Instant::now();
        let mut acks = Acks::default();
        let mut doubted: Option<Instant> = None;
        loop {
            let step = tokio::select! {
                // What we have to say first: the lane for it must not fill while the server pours out a mailbox.
                biased;
                _ = probe.tick() => {
                    if heard.elapsed() > DEAD_AFTER {
                        Err(End::UNREACHABLE)
                    } else {
                        pings += 1;
                        pinged = Instant::now();
                        wire.ping(pings).await.map_err(End::from)
                    }
                }
                order = orders.recv() => match order {
                    None => self.acknowledge(wire, &mut acks).await.and(Err(End::Told)),
                    Some(HomeOrder::Reconnect { .. }) => Err(End::Again),
                    Some(HomeOrder::Doubt) => {
                        doubted.get_or_insert(Instant::now() + DOUBT);
                        pings += 1;
                        pinged = Instant::now();
                        wire.ping(pings).await.map_err(End::from)
                    }
                    Some(HomeOrder::Ack(ids)) => {
                        acks.add(&ids, Instant::now());
                        Ok(())
                    }
                    Some(order) => self.say(wire, order).await,
                },
                () = until(acks.due()) => self.acknowledge(wire, &mut acks).await,
                incoming = wire.next::<SocketReply>() => {
                    heard = Instant::now();
                    doubted = None;
                    match incoming {
                        Ok(Incoming::Frame(frame)) => self.take(frame).await,
                        Ok(Incoming::Pong(number)) => {
                            if number == pings {
                                let ms = u32::try_from(pinged.elapsed().as_millis()).unwrap_or(u32::MAX);
                                self.rtt_ms.store(ms.max(1), Ordering::Relaxed);
                            }
                            Ok(())
                        }
                        Ok(Incoming::Life) => Ok(()),
                        Err(error) => Err(error.into()),
                    }
                }
                // Last: what has come in says that it lives.
                () = until(doubted) => Err(End::Again),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Says which envelopes are stored, all of them.
    async fn acknowledge(&self, wire: &mut Wire, acks: &mut Acks) -> Result<(), End> {
        while let Some(ids) = acks.take() {
            wire.send(&SocketRequest::Ack { ids }).await?;
        }
        Ok(())
    }

    async fn say(&self, wire: &mut Wire, order: HomeOrder) -> Result<(), End> {
        let request = match order {
            HomeOrder::Publish {
                signed,
                kem,
                one_time,
                replace,
            } => SocketRequest::PublishPrekeys {
                signed,
                kem,
                one_time,
                replace,
            },
            HomeOrder::SetTokens {
                delivery,
                revoked,
                requests,
                calls,
            } => SocketRequest::SetTokens {
                delivery,
                revoked,
                requests,
                calls,
            },
            // Taken care of where orders come in.
            HomeOrder::Ack(_) | HomeOrder::Nudge | HomeOrder::Doubt | HomeOrder::Reconnect { .. } => return Ok(()),
        };
        Ok(wire.send(&request).await?)
    }

    async fn take(&self, reply: SocketReply) -> Result<(), End> {
        match reply {
            SocketReply::PrekeysStored { .. } => self.tell(HomeEvent::PrekeysStored).await,
            SocketReply::PrekeysLow { one_time_left } => self.tell(HomeEvent::PrekeysLow { one_time_left }).await,
            SocketReply::Deliver { id, envelope, .. } => {
                self.tell(HomeEvent::Delivered {
                    id,
                    envelope: envelope.into_vec(),
                })
                .await
            }
            SocketReply::TokensStored => self.tell(HomeEvent::TokensStored).await,
            // What was refused is said again after the next log-in.
            SocketReply::Refused { code, retry_after_ms } => Err(End::refused(code, retry_after_ms)),
            SocketReply::Challenge { .. } | SocketReply::Welcome { .. } => Err(WireError::Malformed.into()),
        }
    }

    async fn tell(&self, event: HomeEvent) -> Result<(), End> {
        self.events.send(event).await.map_err(|_| End::Told)
    }
}

/// The next frame, passing over signs of life.
async fn frame(wire: &mut Wire) -> Result<SocketReply, WireError> {
    loop {
        if let Incoming::Frame(frame) = wire.next().await? {
            return Ok(frame);
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
