//! Streams of PulseAudio's protocol, which PipeWire speaks too, each on a connection and a thread of its own.
//!
//! cpal finds the devices, but its streams ask the service for the time with every callback and clear a megabyte for every message: at
//! the short periods that a call wants, a microphone alone took 15 % of a core in a build for development. Here a thread sleeps in `read`,
//! and what it reads is moved at once. Stream and service agree on 48 kHz, float, one channel of a microphone and two of a speaker; the
//! service converts to and from whatever the device has.

use std::ffi::CString;
use std::io::{BufReader, Cursor, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    AuthParams, AuthReply, ChannelMap, Command, CommandReply, CreatePlaybackStreamReply, CreateRecordStreamReply,
    DESCRIPTOR_SIZE, Descriptor, DescriptorFlags, MAX_VERSION, PlaybackStreamParams, Prop, Props, ProtocolError,
    PulseError, RecordStreamParams, SampleFormat, SampleSpec, SetClientNameReply, encode_descriptor, read_descriptor,
    read_reply_message, write_command_message,
};

use super::open::{Ear, Mouth, PATIENCE, ring};
use super::{InputEnd, LostFlag, OutputEnd, PortShared};
use crate::priority::promote_this_thread_soon;
use crate::{SAMPLE_RATE, VoiceError};

/// Bytes of a sample.
const SAMPLE: usize = size_of::<f32>();
/// Channels of a speaker.
const EARS: u8 = 2;
/// Bytes of a sample for both ears.
const FRAME: usize = SAMPLE * EARS as usize;
/// The longest message that is believed, bytes: more than a second of sound.
const LONGEST: usize = 256 * 1024;
/// The most that is played in one message, samples: what a ring holds.
const MOST: usize = SAMPLE_RATE as usize / 5;
/// Periods that the service keeps of a microphone nobody reads, before it drops them.
const KEPT: u32 = 40;

/// An open stream; closes when dropped, without waiting for the service.
pub(super) struct Stream {
    socket: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Ends the thread's read or write at once, whatever the service does.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens the microphone of this name, with callbacks of `period` samples.
pub(super) fn input(
    name: &str,
    period: u32,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<(Stream, InputEnd), VoiceError> {
    let mut connection = Connection::open()?;
    let bytes = bytes_of(period, SAMPLE);
    let made: CreateRecordStreamReply = connection.ask(&Command::CreateRecordStream(RecordStreamParams {
        sample_spec: spec(1),
        channel_map: ChannelMap::mono(),
        source_name: Some(device(name)?),
        buffer_attr: BufferAttr {
            max_length: bytes.saturating_mul(KEPT),
            fragment_size: bytes,
            ..Default::default()
        },
        flags: flags(),
        props: title(),
        ..Default::default()
    }))?;
    let (producer, consumer) = ring(SAMPLE_RATE);
    let mut ear = Ear::new(producer, shared);
    let mut samples = Vec::with_capacity(LONGEST / SAMPLE);
    let stream = connection.run(lost, move |connection, message| {
        if let Message::Sound(channel) = message
            && channel == made.channel
        {
            let bytes = connection.payload().chunks_exact(SAMPLE);
            samples.clear();
            samples.extend(bytes.filter_map(|bytes| Some(f32::from_ne_bytes(bytes.try_into().ok()?))));
            ear.take(&samples, 1);
        }
        Ok(())
    })?;
    let end = InputEnd {
        ring: consumer,
        rate: SAMPLE_RATE,
    };
    Ok((stream, end))
}

/// Opens the speaker of this name, with callbacks of `period` samples, of which the service holds two.
pub(super) fn output(
    name: &str,
    period: u32,
    shared: &Arc<PortShared>,
    lost: &LostFlag,
) -> Result<(Stream, OutputEnd), VoiceError> {
    let mut connection = Connection::open()?;
    let bytes = bytes_of(period, FRAME);
    let made: CreatePlaybackStreamReply = connection.ask(&Command::CreatePlaybackStream(PlaybackStreamParams {
        sample_spec: spec(EARS),
        channel_map: ChannelMap::stereo(),
        sink_name: Some(device(name)?),
        buffer_attr: BufferAttr {
            // Else the service would keep more for itself.
            max_length: bytes.saturating_mul(2),
            target_length: bytes.saturating_mul(2),
            // Half a period, and half of what is left of the target, half a period too, is for the device. With whole periods nothing would be
            // left for it: then it works in the shortest blocks that it knows, of half a millisecond, and so does every
            // microphone on the same clock.
            minimum_request_length: bytes / 2,
            // Plays on after it ran dry, rather than wait until it is full.
            pre_buffering: 0,
            ..Default::default()
        },
        flags: flags(),
        props: title(),
        ..Default::default()
    }))?;
    let (producer, consumer) = ring(SAMPLE_RATE);
    let mut mouth = Mouth::new(consumer, shared, period, SAMPLE_RATE);
    let (mut samples, mut out) = (
        vec![0.0_f32; MOST * usize::from(EARS)],
        Vec::with_capacity(DESCRIPTOR_SIZE + MOST * FRAME),
    );
    let mut fill = move |connection: &mut Connection, bytes: u32| {
        let mut left = bytes as usize / FRAME;
        while left > 0 {
            let count = left.min(MOST);
            let block = samples.get_mut(..count * usize::from(EARS)).unwrap_or_default();
            mouth.fill(block, usize::from(EARS));
            out.clear();
            out.extend(header(made.channel, count));
            out.extend(block.iter().flat_map(|sample| sample.to_ne_bytes()));
            connection.reader.get_mut().write_all(&out)?;
            left -= count;
        }
        mouth.wake();
        Ok(())
    };
    fill(&mut connection, made.requested_bytes)
        .map_err(|error: std::io::Error| VoiceError::Device(error.to_string()))?;
    let counters = Arc::clone(shared);
    let stream = connection.run(lost, move |connection, message| {
        match message {
            Message::Wants(channel, bytes) if channel == made.channel => return fill(connection, bytes),
            Message::Dry => drop(counters.late.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
        Ok(())
    })?;
    let end = OutputEnd {
        ring: producer,
        rate: SAMPLE_RATE,
        period,
    };
    Ok((stream, end))
}

/// What the service says once a stream runs.
enum Message {
    /// The sound of a stream is in the buffer.
    Sound(u32),
    /// A stream wants so many bytes.
    Wants(u32, u32),
    /// A speaker ran dry.
    Dry,
    /// The stream is over.
    Killed,
    /// Something that this does not know, or need.
    Other,
}

struct Connection {
    reader: BufReader<UnixStream>,
    version: u16,
    sequence: u32,
    /// The last message, with its header.
    message: Vec<u8>,
}

impl Connection {
    /// Says hello.
    fn open() -> Result<Self, VoiceError> {
        let path = pulseaudio::socket_path_from_env();
        let path = path.ok_or_else(|| VoiceError::NoSoundService("it has no socket".into()))?;
        let refused = |error: std::io::Error| VoiceError::NoSoundService(error.to_string());
        let socket = UnixStream::connect(path).map_err(refused)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(refused)?;
        socket.set_write_timeout(Some(PATIENCE)).map_err(refused)?;
        let mut connection = Self {
            reader: BufReader::with_capacity(LONGEST, socket),
            version: MAX_VERSION,
            sequence: 0,
            message: Vec::with_capacity(LONGEST),
        };
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let auth: AuthReply = connection.ask(&Command::Auth(AuthParams {
            version: MAX_VERSION,
            supports_shm: false,
            supports_memfd: false,
            cookie: cookie.unwrap_or_default(),
        }))?;
        connection.version = auth.version.min(MAX_VERSION);
        let mut name = Props::new();
        name.set(Prop::ApplicationName, c"Orrery");
        let _: SetClientNameReply = connection.ask(&Command::SetClientName(name))?;
        Ok(connection)
    }

    fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, VoiceError> {
        self.sequence += 1;
        write_command_message(self.reader.get_mut(), self.sequence, command, self.version).map_err(refused)?;
        loop {
            let descriptor = self
                .read()
                .map_err(|error| VoiceError::NoSoundService(error.to_string()))?;
            if descriptor.channel != u32::MAX {
                continue;
            }
            match read_reply_message::<R>(&mut Cursor::new(&self.message), self.version) {
                Ok((sequence, reply)) if sequence == self.sequence => return Ok(reply),
                // News, not an answer.
                Ok(_) | Err(ProtocolError::UnexpectedCommand(_)) => {}
                Err(error) => return Err(refused(error)),
            }
        }
    }

    /// Reads one message.
    fn read(&mut self) -> std::io::Result<Descriptor> {
        self.message.resize(DESCRIPTOR_SIZE, 0);
        self.reader.read_exact(&mut self.message)?;
        let descriptor = read_descriptor(&mut self.message.as_slice()).map_err(std::io::Error::other)?;
        let length = descriptor.length as usize;
        if length > LONGEST - DESCRIPTOR_SIZE {
            return Err(std::io::Error::other("a message too long to be one"));
        }
        self.message.resize(DESCRIPTOR_SIZE + length, 0);
        self.reader
            .read_exact(self.message.get_mut(DESCRIPTOR_SIZE..).unwrap_or_default())?;
        Ok(descriptor)
    }

    fn payload(&self) -> &[u8] {
        self.message.get(DESCRIPTOR_SIZE..).unwrap_or_default()
    }

    fn next(&mut self) -> std::io::Result<Message> {
        let descriptor = self.read()?;
        if descriptor.channel != u32::MAX {
            return Ok(Message::Sound(descriptor.channel));
        }
        let command = Command::read_tag_prefixed(&mut Cursor::new(self.payload()), self.version);
        Ok(match command {
            Ok((_, Command::Request(request))) => Message::Wants(request.channel, request.length),
            Ok((_, Command::Underflow(_))) => Message::Dry,
            Ok((_, Command::PlaybackStreamKilled(_) | Command::RecordStreamKilled(_))) => Message::Killed,
            _ => Message::Other,
        })
    }

    /// Serves the stream on a thread of its own, until it is dropped or the service ends it.
    fn run(
        mut self,
        lost: &LostFlag,
        mut serve: impl FnMut(&mut Self, Message) -> std::io::Result<()> + Send + 'static,
    ) -> Result<Stream, VoiceError> {
        let socket = self.reader.get_ref();
        let failed = |error: std::io::Error| VoiceError::Device(error.to_string());
        socket.set_read_timeout(None::<Duration>).map_err(failed)?;
        let handle = socket.try_clone().map_err(failed)?;
        let lost = Arc::clone(lost);
        let thread = std::thread::Builder::new().name("orrery-stream".into()).spawn(move || {
            promote_this_thread_soon();
            loop {
                let message = match self.next() {
                    Ok(Message::Killed) | Err(_) => break,
                    Ok(message) => message,
                };
                if serve(&mut self, message).is_err() {
                    break;
                }
            }
            lost.store(true, Ordering::Release);
        });
        Ok(Stream {
            socket: handle,
            thread: Some(thread.map_err(VoiceError::Thread)?),
        })
    }
}

fn refused(error: ProtocolError) -> VoiceError {
    match error {
        ProtocolError::ServerError(PulseError::AccessDenied | PulseError::AuthKey) => VoiceError::Denied,
        error => VoiceError::Device(error.to_string()),
    }
}

fn bytes_of(samples: u32, each: usize) -> u32 {
    samples.saturating_mul(each as u32)
}

fn spec(channels: u8) -> SampleSpec {
    SampleSpec {
        format: if cfg!(target_endian = "little") {
            SampleFormat::Float32Le
        } else {
            SampleFormat::Float32Be
        },
        channels,
        sample_rate: SAMPLE_RATE,
    }
}

/// The service tunes the device to what is asked of the stream, and does not move it elsewhere by itself: when another default is named
/// or the device goes, the keeper knows better where to.
fn flags() -> StreamFlags {
    StreamFlags {
        no_move: true,
        adjust_latency: true,
        ..Default::default()
    }
}

/// What a mixer shows.
fn title() -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaName, c"Orrery");
    props
}

fn device(name: &str) -> Result<CString, VoiceError> {
    CString::new(name).map_err(|_| VoiceError::Device("no device has such a name".into()))
}

/// The header of so many samples, each for both ears, for a stream.
fn header(channel: u32, samples: usize) -> [u8; DESCRIPTOR_SIZE] {
    let mut header = [0; DESCRIPTOR_SIZE];
    let descriptor = Descriptor {
        length: bytes_of(u32::try_from(samples).unwrap_or(0), FRAME),
        channel,
        offset: 0,
        flags: DescriptorFlags::empty(),
    };
    encode_descriptor(&mut header, &descriptor);
    header
}
