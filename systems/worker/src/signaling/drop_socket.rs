//! The task behind one server of [`super::Drops`]. Requests are sent as they come, without waiting for the answers of
//! those before.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use orrery_core::io::DropFailure;
use orrery_protocol::{
    frame::{DropReply, DropRequest, RefusalCode},
    limits::SERVER_PROTOCOL_VERSION,
};
use serde_bytes::ByteBuf;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{
    Dialer, DropResult, Outcome, Reach, ServerAddress,
    drops::{JOB_CAPACITY, Job, Task},
    wire::{ConnectError, Incoming, Wire, WireError},
};

/// How long an answer may take, from the request, with connecting.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long a socket without requests stays open.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// The wait when a server asks for one without saying how long.
const LATER_MS: u64 = 5_000;

fn failure(code: RefusalCode, retry_after_ms: Option<u64>) -> DropFailure {
    match code {
        RefusalCode::NotAccepted => DropFailure::NotAccepted,
        RefusalCode::MailboxFull => DropFailure::MailboxFull,
        RefusalCode::TooLarge => DropFailure::TooLarge,
        RefusalCode::RateLimited | RefusalCode::Unavailable => DropFailure::Later {
            retry_ms: retry_after_ms.unwrap_or(LATER_MS),
        },
        // A server that cannot read what we send speaks another version, whatever it calls it.
        _ => DropFailure::Version,
    }
}

/// Why there is no connection, as the core knows it.
fn turned_away(error: ConnectError) -> DropFailure {
    match error {
        ConnectError::Busy(wait) => DropFailure::Later {
            retry_ms: wait.map_or(LATER_MS, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        },
        ConnectError::Unreachable | ConnectError::Certificate | ConnectError::NotAServer => DropFailure::Unreachable,
    }
}

/// A request that was sent.
struct Asked {
    job: Job,
    due: Instant,
}

/// Runs until it is idle, its handle is gone and everything is answered, or the socket breaks. Every job it took is
/// answered.
pub(crate) async fn run(
    address: ServerAddress,
    reach: Reach,
    dialer: Dialer,
    mut jobs: mpsc::Receiver<Job>,
    results: mpsc::Sender<DropResult>,
) {
    let mut socket = Socket {
        results,
        asked: HashMap::new(),
        order: VecDeque::new(),
        next: 0,
    };
    let failure = socket.work(&address, reach, &dialer, &mut jobs).await;
    // Nothing more comes in from here on; what is there is answered.
    jobs.close();
    for (_, asked) in socket.asked.drain() {
        let _ = socket.results.send(asked.job.failed(failure)).await;
    }
    while let Some(job) = jobs.recv().await {
        let _ = socket.results.send(job.failed(failure)).await;
    }
}

struct Socket {
    results: mpsc::Sender<DropResult>,
    asked: HashMap<u32, Asked>,
    /// Requests by age, so that the next to be late is at the front; answered ones are passed over.
    order: VecDeque<u32>,
    next: u32,
}

impl Socket {
    /// Says with what everything unanswered failed.
    async fn work(
        &mut self,
        address: &ServerAddress,
        reach: Reach,
        dialer: &Dialer,
        jobs: &mut mpsc::Receiver<Job>,
    ) -> DropFailure {
        let due = Instant::now() + ANSWER_TIME;
        let opening = async {
            let mut wire = Wire::connect(address, "/v1/drop", dialer, reach)
                .await
                .map_err(turned_away)?;
            greet(&mut wire).await?;
            Ok(wire)
        };
        let mut wire = match timeout_at(due, opening).await {
            Ok(Ok(wire)) => wire,
            Ok(Err(failure)) => return failure,
            Err(_) => return DropFailure::Unreachable,
        };
        loop {
            let deadline = self.next_due().unwrap_or_else(|| Instant::now() + IDLE_TIME);
            // The lane keeps what does not fit the pipeline.
            let room = self.asked.len() < JOB_CAPACITY;
            tokio::select! {
                job = jobs.recv(), if room => match job {
                    Some(job) => {
                        if self.ask(&mut wire, job).await.is_err() {
                            return DropFailure::Unreachable;
                        }
                    }
                    None if self.asked.is_empty() => {
                        wire.close().await;
                        return DropFailure::Unreachable;
                    }
                    None => return self.finish(&mut wire).await,
                },
                incoming = wire.next::<DropReply>() => match self.take(incoming).await {
                    Ok(()) => {}
                    Err(failure) => return failure,
                },
                () = tokio::time::sleep_until(deadline) => {
                    if self.asked.is_empty() {
                        wire.close().await;
                    }
                    return DropFailure::Unreachable;
                }
            }
        }
    }

    /// The handle is gone: waits for the answers that are still to come.
    async fn finish(&mut self, wire: &mut Wire) -> DropFailure {
        while let Some(due) = self.next_due() {
            match timeout_at(due, wire.next::<DropReply>()).await {
                Ok(incoming) => {
                    if let Err(failure) = self.take(incoming).await {
                        return failure;
                    }
                }
                Err(_) => break,
            }
        }
        DropFailure::Unreachable
    }

    fn next_due(&mut self) -> Option<Instant> {
        while let Some(request) = self.order.front() {
            if let Some(asked) = self.asked.get(request) {
                return Some(asked.due);
            }
            self.order.pop_front();
        }
        None
    }

    async fn ask(&mut self, wire: &mut Wire, mut job: Job) -> Result<(), WireError> {
        let request = self.next;
        self.next = self.next.wrapping_add(1);
        let frame = match &mut job.task {
            Task::Deposit {
                to,
                token,
                envelope,
                keep,
            } => DropRequest::Deposit {
                request,
                to: *to,
                token: token.clone(),
                envelope: ByteBuf::from(std::mem::take(envelope)),
                keep: *keep,
            },
            Task::Fetch { peer, token } => DropRequest::Fetch {
                request,
                peer: *peer,
                token: token.clone(),
            },
        };
        self.asked.insert(
            request,
            Asked {
                job,
                due: Instant::now() + ANSWER_TIME,
            },
        );
        self.order.push_back(request);
        wire.send(&frame).await
    }

    async fn take(&mut self, incoming: Result<Incoming<DropReply>, WireError>) -> Result<(), DropFailure> {
        let reply = match incoming {
            Ok(Incoming::Frame(reply)) => reply,
            Ok(Incoming::Pong(_) | Incoming::Life) => return Ok(()),
            Err(WireError::Closed) => return Err(DropFailure::Unreachable),
            Err(WireError::Malformed) => return Err(DropFailure::Version),
        };
        let result = match reply {
            DropReply::Deposited { request } => self.answer(request, |job| match job.task {
                Task::Deposit { .. } => Some(Outcome::Deposited(Ok(()))),
                Task::Fetch { .. } => None,
            })?,
            DropReply::Bundle { request, bundle } => self.answer(request, |job| match job.task {
                Task::Fetch { .. } => Some(Outcome::Fetched(Ok(Box::new(bundle)))),
                Task::Deposit { .. } => None,
            })?,
            DropReply::Refused {
                request: Some(request),
                code,
                retry_after_ms,
            } => {
                let failure = failure(code, retry_after_ms);
                self.answer(request, |job| Some(job.failed(failure).outcome))?
            }
            // Not one request was refused, but the connection.
            DropReply::Refused {
                request: None,
                code,
                retry_after_ms,
            } => return Err(failure(code, retry_after_ms)),
            DropReply::Hello { .. } => return Err(DropFailure::Version),
        };
        // Closed when the worker ends: nobody is left to tell.
        let _ = self.results.send(result).await;
        Ok(())
    }

    /// The result for a request; an answer to what was never asked, or of the wrong kind, ends the connection.
    fn answer(
        &mut self,
        request: u32,
        outcome: impl FnOnce(&Job) -> Option<Outcome>,
    ) -> Result<DropResult, DropFailure> {
        let asked = self.asked.remove(&request).ok_or(DropFailure::Version)?;
        match outcome(&asked.job) {
            Some(outcome) => Ok(DropResult {
                ticket: asked.job.ticket,
                outcome,
            }),
            None => {
                self.asked.insert(request, asked);
                Err(DropFailure::Version)
            }
        }
    }
}

async fn greet(wire: &mut Wire) -> Result<(), DropFailure> {
    loop {
        match wire.next::<DropReply>().await {
            Ok(Incoming::Frame(DropReply::Hello { version, .. })) if version == SERVER_PROTOCOL_VERSION => {
                return Ok(());
            }
            Ok(Incoming::Frame(DropReply::Refused {
                code, retry_after_ms, ..
            })) => {
                return Err(failure(code, retry_after_ms));
            }
            Ok(Incoming::Frame(_)) | Err(WireError::Malformed) => return Err(DropFailure::Version),
            Ok(Incoming::Pong(_) | Incoming::Life) => {}
            Err(WireError::Closed) => return Err(DropFailure::Unreachable),
        }
    }
}
