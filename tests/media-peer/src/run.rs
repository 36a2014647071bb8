//! The program: lines in, a call, lines out.

use std::io::{self, BufRead, Write};

use orrery_worker::media_peer::{MediaPeer, NETWORK_THREADS, News};
use serde_json::Value;
use tokio::{runtime, sync::mpsc};

use crate::{
    args::Args,
    lines::{self, BadLine, In},
    plain,
};

/// Lines that were read and not yet carried out. When full, the reading waits.
const LINES: usize = 64;

/// Why there was no call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeerError {
    /// A file of sound, or the thread for it.
    #[error("the sound cannot be opened: {0}")]
    Sound(String),
    /// Something came that cannot be meant.
    #[error("{0}")]
    Line(#[from] BadLine),
    /// Standard input cannot be read.
    #[error("the input cannot be read: {0}")]
    Input(io::Error),
    /// Nobody reads the output.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    /// The system gives no runtime.
    #[error("no runtime: {0}")]
    Runtime(io::Error),
    /// The other end is somebody else.
    #[error("the other side showed another certificate than it had described")]
    Impostor,
    /// It never came to a call.
    #[error("no connection was made: a description that is not understood, or nobody at its candidates")]
    NoConnection,
}

/// Runs a call until the input ends or the connection does.
///
/// # Errors
/// [`PeerError`].
pub(crate) fn run(args: &Args, output: impl Write) -> Result<(), PeerError> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(NETWORK_THREADS)
        .enable_all()
        .build()
        .map_err(PeerError::Runtime)?;
    let result = runtime.block_on(call(args, output));
    // The thread that reads cannot be woken; the process ends without it.
    runtime.shutdown_background();
    result
}

async fn call(args: &Args, output: impl Write) -> Result<(), PeerError> {
    let mut input = read_input().map_err(PeerError::Input)?;
    let peer = MediaPeer::open(args.config(), runtime::Handle::current());
    let mut side = Side {
        peer: peer.map_err(|error| PeerError::Sound(error.to_string()))?,
        offers: args.offers(),
        described: false,
        connected: false,
        impostor: false,
        output,
    };
    if side.offers {
        side.peer.offer();
    }
    let mut result = side.talk(&mut input).await;
    let figures = side.peer.figures();
    if result.is_ok() {
        result = side
            .write(&lines::stats(&figures))
            .and_then(|()| side.write(&lines::state("closed")));
    }
    side.peer.close().await;
    result
}

struct Side<W> {
    peer: MediaPeer,
    offers: bool,
    /// The other side's description came.
    described: bool,
    connected: bool,
    impostor: bool,
    output: W,
}

impl<W: Write> Side<W> {
    async fn talk(&mut self, input: &mut mpsc::Receiver<io::Result<String>>) -> Result<(), PeerError> {
        loop {
            tokio::select! {
                line = input.recv() => match line {
                    Some(Ok(line)) if line.trim().is_empty() => {}
                    Some(Ok(line)) => self.carry_out(lines::read(&line)?),
                    Some(Err(error)) => return Err(PeerError::Input(error)),
                    None => return Ok(()),
                },
                news = self.peer.news() => match news {
                    News::Ended if self.connected => return Ok(()),
                    News::Ended if self.impostor => return Err(PeerError::Impostor),
                    News::Ended => return Err(PeerError::NoConnection),
                    news => self.tell(news)?,
                },
            }
        }
    }

    fn carry_out(&mut self, line: In) {
        match line {
            // There is no second negotiation.
            In::Sdp(_) if self.described => {}
            In::Sdp(sdp) => {
                self.described = true;
                let plain = plain::read(&sdp);
                if self.offers {
                    self.peer.take_answer(plain.sdp);
                } else {
                    self.peer.answer(plain.sdp);
                }
                for candidate in plain.candidates {
                    self.peer.add_candidate(candidate);
                }
            }
            In::Candidate(line) => self.peer.add_candidate(line),
            In::NoMoreCandidates => {}
            In::Say(text) => self.peer.say(text.into_bytes()),
        }
    }

    fn tell(&mut self, news: News) -> Result<(), PeerError> {
        let line = match news {
            News::Described(sdp) => lines::description(self.offers, &sdp),
            // As the dictionary that it already is.
            News::Candidate(line) => serde_json::from_str(&line).unwrap_or(Value::Null),
            News::Connected => {
                self.connected = true;
                lines::state("connected")
            }
            News::Open => lines::state("open"),
            News::Interrupted => lines::state("interrupted"),
            News::Resumed => lines::state("resumed"),
            News::Received(message) => lines::heard(&String::from_utf8_lossy(&message)),
            News::Impostor => {
                self.impostor = true;
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.write(&line)
    }

    fn write(&mut self, line: &Value) -> Result<(), PeerError> {
        writeln!(self.output, "{line}")?;
        self.output.flush()?;
        Ok(())
    }
}

/// Reads lines on a thread of its own: nothing else can wait for standard input without holding up the rest.
fn read_input() -> io::Result<mpsc::Receiver<io::Result<String>>> {
    let (lane, lines) = mpsc::channel(LINES);
    let reader = move || {
        for line in io::stdin().lock().lines() {
            let failed = line.is_err();
            if lane.blocking_send(line).is_err() || failed {
                return;
            }
        }
    };
    std::thread::Builder::new().name("stdin".into()).spawn(reader)?;
    Ok(lines)
}
