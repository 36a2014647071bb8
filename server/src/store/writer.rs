//! The thread that owns the database. It takes what waits in its queue, runs it in one transaction, commits, and only
//! then answers, job by job in their order.

use std::{fs::File, thread};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Answer, StoreError};
use crate::limits::{STORE_BATCH, STORE_QUEUE};

/// Sends jobs to the thread.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
    ended: watch::Receiver<bool>,
}

enum Message {
    Job(Box<dyn Job>),
    Close,
}

/// A job in two halves: inside the transaction, and after its end.
trait Job: Send {
    /// Runs inside the transaction.
    fn run(&mut self, db: &Connection) -> rusqlite::Result<()>;
    /// Answers. `committed` is whether what [`Job::run`] did is on the disk.
    fn finish(self: Box<Self>, committed: bool);
}

struct Task<T, U, J, A> {
    job: Option<J>,
    after: A,
    result: Option<T>,
    answer: oneshot::Sender<Result<U, StoreError>>,
}

impl<T, U, J, A> Job for Task<T, U, J, A>
where
    T: Send,
    U: Send,
    J: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    A: FnOnce(T) -> U + Send,
{
    fn run(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if let Some(job) = self.job.take() {
            self.result = Some(job(db)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, committed: bool) {
        let this = *self;
        let answer = match this.result {
            Some(result) if committed => Ok((this.after)(result)),
            _ => Err(StoreError::Unwritten),
        };
        // Whoever asked may have gone; what was committed stays committed.
        let _ = this.answer.send(answer);
    }
}

impl Writer {
    /// Starts the thread, which holds `lock` until it has closed the database.
    pub(super) fn start(connection: Connection, lock: File) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(STORE_QUEUE);
        let (end, ended) = watch::channel(false);
        thread::Builder::new().name("store".into()).spawn(move || {
            work(connection, queue);
            drop(lock);
            end.send_replace(true);
        })?;
        Ok(Self { jobs, ended })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Puts a job into the queue, waiting while it is full. `after` makes the answer from the job's result; it runs on
    /// the writer thread once the job is on the disk, in the order of commits, and must not block.
    pub(super) async fn enqueue<T, U, J, A>(&self, job: J, after: A) -> Answer<U>
    where
        T: Send + 'static,
        U: Send + 'static,
        J: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        A: FnOnce(T) -> U + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let task = Task {
            job: Some(job),
            after,
            result: None,
            answer,
        };
        // A closed queue drops the task and with it `answer`, which the receiver reports.
        let _ = self.jobs.send(Message::Job(Box::new(task))).await;
        receiver
    }

    /// Finishes what is in the queue and waits for the thread to end.
    pub(super) async fn close(&self) {
        let _ = self.jobs.send(Message::Close).await;
        let mut ended = self.ended.clone();
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

fn work(mut connection: Connection, mut queue: mpsc::Receiver<Message>) {
    let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(STORE_BATCH);
    let mut open = true;
    while open {
        let Some(first) = queue.blocking_recv() else { break };
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Job(job) => batch.push(job),
                Message::Close => {
                    // What was asked for before closing is still done, what comes later is refused.
                    queue.close();
                    open = false;
                }
            }
            next = if batch.len() < STORE_BATCH {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        run_batch(&mut connection, &mut batch);
    }
    while let Ok(message) = queue.try_recv() {
        if let Message::Job(job) = message {
            batch.push(job);
        }
    }
    run_batch(&mut connection, &mut batch);
    // Closing writes the log back; left over, it would be read at the next start, so this only keeps the folder tidy.
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the database was not closed cleanly; nothing is lost");
    }
}

fn run_batch(connection: &mut Connection, batch: &mut Vec<Box<dyn Job>>) {
    if batch.is_empty() {
        return;
    }
    let done = commit(connection, batch).unwrap_or_else(|error| {
        tracing::error!(%error, jobs = batch.len(), "the database could not write; nothing of this was taken");
        Vec::new()
    });
    let mut done = done.into_iter();
    for job in batch.drain(..) {
        job.finish(done.next().unwrap_or(false));
    }
}

/// Runs the batch in one transaction; whether each job is in it. A job that fails is undone alone.
fn commit(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<Vec<bool>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut done = Vec::with_capacity(batch.len());
    for job in batch.iter_mut() {
        let savepoint = transaction.savepoint()?;
        match job.run(&savepoint) {
            Ok(()) => {
                savepoint.commit()?;
                done.push(true);
            }
            Err(error) => {
                tracing::error!(%error, "a job failed in the database; nothing of it was taken");
                savepoint.finish()?;
                done.push(false);
            }
        }
    }
    transaction.commit()?;
    Ok(done)
}
