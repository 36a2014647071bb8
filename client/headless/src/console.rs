//! Lines in, lines out.

use std::{
    io::{self, BufRead, Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use orrery_link::{Command, Event, Gauges, ProfilePhase, Request, gauges::GaugeBoard, json, lane::CommandSender};
use orrery_worker::{MicSource, SoundConfig, SpeakerSink, VaultParams, Worker, WorkerConfig};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    args::{Args, Mic, Speaker},
    echo, passphrase, signals,
};

/// How long the worker may take to say goodbye to its peers and close the database.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// Why the console could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeadlessError {
    /// The passphrase file cannot be used.
    #[error("the passphrase file cannot be used: {0}")]
    Passphrase(io::Error),
    /// Devices are asked for.
    #[error("this program was built without sound devices (the feature `device`)")]
    NoDevices,
    /// The system gives no signals.
    #[error("signals cannot be listened to: {0}")]
    Signals(io::Error),
    /// The worker did not start.
    #[error("the worker did not start: {0}")]
    Start(String),
    /// Nobody reads the events any more.
    #[error("the events cannot be written: {0}")]
    Output(io::Error),
    /// The worker did not end in time.
    #[error("the worker did not end in time")]
    Stuck,
}

/// Runs until the input ends, `shutdown` was carried out, or the output is gone.
///
/// # Errors
/// See [`HeadlessError`].
pub fn run<R, W>(args: Args, input: R, output: W) -> Result<(), HeadlessError>
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    run_with(args, input, output, |_| Ok(()))
}

/// The same for a program of its own: SIGTERM and Ctrl+C end it as `shutdown` does. A second one of the same kind ends it
/// at once. They are taken over from the whole process.
///
/// # Errors
/// See [`HeadlessError`].
pub fn run_program<R, W>(args: Args, input: R, output: W) -> Result<(), HeadlessError>
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    run_with(args, input, output, signals::listen)
}

fn run_with<R, W>(
    args: Args,
    input: R,
    output: W,
    listen: impl FnOnce(CommandSender) -> io::Result<()>,
) -> Result<(), HeadlessError>
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    let mut opening = match &args.passphrase_file {
        Some(path) => Some(passphrase::read(path).map_err(HeadlessError::Passphrase)?),
        None => None,
    };
    let (app, end) = orrery_link::pair();
    listen(app.command_sender()).map_err(HeadlessError::Signals)?;
    let worker = Worker::spawn(config(&args)?, end).map_err(|error| HeadlessError::Start(error.to_string()))?;
    let output = Arc::new(Mutex::new(output));
    let ended = Arc::new(AtomicBool::new(false));

    read_commands(input, app.command_sender(), Arc::clone(&output));
    if args.gauges > 0 {
        write_gauges(args.gauges, app.gauge_board(), Arc::clone(&output), Arc::clone(&ended));
    }

    let mut result = Ok(());
    while let Some(event) = app.next_event_blocking() {
        if let Err(error) = write_event(&output, &event) {
            result = Err(HeadlessError::Output(error));
            break;
        }
        let mut follow_up = Vec::new();
        if let Event::ProfileChanged { profile } = &event {
            follow_up.extend(open_profile(profile, &args, &mut opening));
        }
        if args.echo {
            follow_up.extend(echo::answer(&event));
        }
        for command in follow_up {
            // The lane takes 256 commands and the worker never waits for us, so this wait is short.
            if app.command_sender().send_blocking(command).is_err() {
                break;
            }
        }
    }
    ended.store(true, Ordering::Release);
    // Also when the output broke: say goodbye to the peers and close the database.
    let _ = app.send(Command::Shutdown {});
    drop(app);
    worker.join(SHUTDOWN_DEADLINE).map_err(|_| HeadlessError::Stuck)?;
    result
}

#[cfg(feature = "device")]
fn devices() -> Result<SoundConfig, HeadlessError> {
    Ok(SoundConfig::Devices)
}

#[cfg(not(feature = "device"))]
fn devices() -> Result<SoundConfig, HeadlessError> {
    Err(HeadlessError::NoDevices)
}

fn config(args: &Args) -> Result<WorkerConfig, HeadlessError> {
    let sound = if args.devices {
        devices()?
    } else if args.echo {
        SoundConfig::Echo {
            delay_ms: echo::DELAY_MS,
        }
    } else {
        let mic = match &args.mic {
            Mic::Silence => MicSource::Silence,
            Mic::File(path) => MicSource::Wav {
                path: path.clone(),
                repeat: false,
            },
        };
        let speaker = match &args.speaker {
            Speaker::Null => SpeakerSink::Null,
            Speaker::File(path) => SpeakerSink::Wav(path.clone()),
        };
        if args.process {
            SoundConfig::ProcessedFiles { mic, speaker }
        } else {
            SoundConfig::Files { mic, speaker }
        }
    };
    let mut config = WorkerConfig::new(args.profile.clone(), args.server.clone());
    config.bind.clone_from(&args.bind);
    config.sound = sound;
    if args.low_memory {
        config.argon = VaultParams::FLOOR;
    }
    Ok(config)
}

/// With a passphrase at hand, a profile that is not there is created and one that is locked is unlocked, once.
fn open_profile(
    phase: &ProfilePhase,
    args: &Args,
    passphrase: &mut Option<orrery_link::Passphrase>,
) -> Option<Command> {
    match phase {
        ProfilePhase::Empty => {
            let passphrase = passphrase.take()?;
            Some(Command::CreateProfile {
                name: args.name.clone(),
                passphrase,
                server: Some(args.server.clone()),
            })
        }
        ProfilePhase::Locked { .. } => Some(Command::Unlock {
            passphrase: passphrase.take()?,
            remember: false,
        }),
        _ => None,
    }
}

fn write_event<W: Write>(output: &Mutex<W>, event: &Event) -> io::Result<()> {
    let line = json::write_event(event).map_err(io::Error::other)?;
    write_line(output, &line)
}

fn write_line<W: Write>(output: &Mutex<W>, line: &str) -> io::Result<()> {
    let mut output = output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    output.write_all(line.as_bytes())?;
    output.write_all(b"\n")?;
    output.flush()
}

/// Reads lines on a thread of its own, so that waiting for input never holds events back. The thread ends with the
/// input; when that never ends it ends with the process.
fn read_commands<R, W>(mut input: R, commands: CommandSender, output: Arc<Mutex<W>>)
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    let reader = move || {
        let limit = json::MAX_LINE as u64 + 1;
        // A line may hold a passphrase: the buffer never moves, so that no copy of one is left behind.
        let mut line = Zeroizing::new(Vec::with_capacity(json::MAX_LINE + 1));
        loop {
            line.as_mut_slice().zeroize();
            line.clear();
            match input.by_ref().take(limit).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            if line.len() as u64 == limit && line.last() != Some(&b'\n') {
                // Pass over the rest of a line that is too long to be a command.
                let _ = skip_line(&mut input);
            }
            // What is not UTF-8 is no command, and is not copied to find out.
            let text = std::str::from_utf8(&line).map_or("?", str::trim);
            if text.is_empty() {
                continue;
            }
            match json::read_command(text) {
                Ok(request) => {
                    if commands.send_blocking(request).is_err() {
                        return;
                    }
                }
                Err(bad) => {
                    if write_event(&output, &bad.event()).is_err() {
                        break;
                    }
                }
            }
        }
        // Whoever drove us is gone.
        let _ = commands.send_blocking(Request::from(Command::Shutdown {}));
    };
    // Without the thread there would be no input; the process then ends as if it had ended.
    let _ = thread::Builder::new().name("orrery-stdin".into()).spawn(reader);
}

fn skip_line<R: BufRead>(input: &mut R) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Writes the gauges as lines of their own, on a thread of its own.
fn write_gauges<W: Write + Send + 'static>(
    hertz: u32,
    board: GaugeBoard,
    output: Arc<Mutex<W>>,
    ended: Arc<AtomicBool>,
) {
    let period = Duration::from_secs(1) / hertz.max(1);
    let writer = move || {
        let mut count = 0;
        while !ended.load(Ordering::Acquire) {
            thread::sleep(period);
            let gauges = board.latest();
            if gauges.count == count {
                continue;
            }
            count = gauges.count;
            let Ok(line) = gauges_line(&gauges) else { continue };
            if write_line(&output, &line).is_err() {
                return;
            }
        }
    };
    let _ = thread::Builder::new().name("orrery-gauges".into()).spawn(writer);
}

fn gauges_line(gauges: &Gauges) -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(gauges)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("type".into(), "gauges".into());
    }
    serde_json::to_string(&value)
}
