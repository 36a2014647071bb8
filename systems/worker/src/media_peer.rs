//! The connection and the sound of a call, without the people: no identity, no sealed note, no server, and nobody proved
//! to be anybody. `tests/media-peer` stands on it to speak with other WebRTC programs. Only with the feature `media-peer`, which
//! that test program switches on and shipped programs never do.
//!
//! Everything is what a call has, from the stack's settings to the jitter buffer; here alone stands who says when. In a call the
//! core has sound begin when both sides have proved that the certificates are theirs; here it begins when DTLS is up, which
//! proves no more than that the other end has the certificate that its description names.

use std::{net::SocketAddr, time::Duration};

use orrery_link::Settings;
use orrery_protocol::{ConnectionId, PeerId};
use orrery_voice::{JitterStats, VoiceError};
use tokio::{
    runtime,
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval, timeout},
};

use crate::{
    MicSource, SoundConfig, SpeakerSink,
    rtc::{Fanout, Network, PEER_EVENT_CAPACITY, PeerEvent, Transport, WebRtc, talk::Talk},
    sound::Sound,
};

/// Threads for the network, as a call has them.
pub const NETWORK_THREADS: usize = crate::worker::NETWORK_THREADS;
/// The one connection.
const LINE: ConnectionId = ConnectionId([0; 16]);
/// Whoever is at the other end of it.
const SOMEBODY: PeerId = PeerId([0; 32]);
/// How often the audio thread is looked at and told of losses, as in a call.
const GAUGE_EVERY: Duration = Duration::from_millis(20);
/// How long saying goodbye to the other side may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a media peer is made with.
#[derive(Clone, Debug)]
pub struct MediaPeerConfig {
    /// The one address that is bound.
    pub bind: SocketAddr,
    /// What is said, from when the call begins.
    pub mic: MicSource,
    /// Where what is heard goes.
    pub speaker: SpeakerSink,
    /// Whose words are spoken on the data channel.
    pub channel: ChannelKind,
}

/// The data channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// As most programs do it: the side that offers opens it, and each message is a text.
    Text,
    /// As in a call of ours: number 0, known of beforehand, with messages in pieces (`docs/PROTOCOL.md`).
    Pieces,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// Our description is ready: an SDP without candidates.
    Described(String),
    /// A candidate of ours: `RTCIceCandidateInit` as JSON.
    Candidate(String),
    /// DTLS is up with the certificate that was described, and sound flows.
    Connected,
    /// The data channel is open.
    Open,
    /// A message came over it.
    Received(Vec<u8>),
    /// The other side is silent.
    Interrupted,
    /// It is heard again.
    Resumed,
    /// It showed another certificate than the one described. [`News::Ended`] follows.
    Impostor,
    /// The connection could not be made, broke, or was closed by the other side. Nothing follows.
    Ended,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// From the first description until [`News::Connected`], milliseconds; `None` before.
    pub setup_ms: Option<u32>,
    /// Round trip, milliseconds; 0 when unknown.
    pub rtt_ms: u32,
    /// Share of our packets that the other side says it did not get.
    pub sent_loss: f32,
    /// How what came fared in the jitter buffer.
    pub jitter: JitterStats,
    /// The jitter buffer's delay, mean over the time in which it played, ms.
    pub buffer_ms: f32,
}

/// One side of a call. Must be made and used within a tokio runtime.
pub struct MediaPeer {
    transport: WebRtc,
    events: mpsc::Receiver<PeerEvent>,
    sound: Sound,
    runtime: runtime::Handle,
    channel: ChannelKind,
    gauge: Interval,
    since: Instant,
    setup_ms: Option<u32>,
    figures: Figures,
    /// Sum of the delays seen, ms, and how many there were.
    delays: (f32, f32),
    /// Candidates of one note that were not told yet.
    lines: Vec<String>,
}

impl MediaPeer {
    /// Opens the sound; nothing is bound yet.
    ///
    /// # Errors
    /// [`VoiceError`]: a file that cannot be read or written, no thread.
    pub fn open(config: MediaPeerConfig, runtime: runtime::Handle) -> Result<Self, VoiceError> {
        let files = SoundConfig::Files {
            mic: config.mic,
            speaker: config.speaker,
        };
        let fanout = Fanout::default();
        let mut sound = Sound::open(&files, fanout.clone(), &runtime)?;
        sound.set_settings(&Settings::default());
        let network = Network {
            bind: Some(config.bind.to_string()),
            loopback: config.bind.ip().to_canonical().is_loopback(),
            stun: None,
        };
        let (sender, events) = mpsc::channel(PEER_EVENT_CAPACITY);
        let mut gauge = interval(GAUGE_EVERY);
        gauge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            transport: WebRtc::new(runtime.clone(), network, sender, sound.ear(), fanout),
            events,
            sound,
            runtime,
            channel: config.channel,
            gauge,
            since: Instant::now(),
            setup_ms: None,
            figures: Figures::default(),
            delays: (0.0, 0.0),
            lines: Vec::new(),
        })
    }

    /// Makes an offer. Call this or [`Self::answer`], once.
    pub fn offer(&mut self) {
        self.begin(true);
        self.transport.offer(LINE);
    }

    /// Makes an answer to an offer.
    pub fn answer(&mut self, offer: String) {
        self.begin(false);
        self.transport.answer(LINE, offer);
    }

    fn begin(&mut self, opens: bool) {
        self.since = Instant::now();
        self.transport.set_talk(match self.channel {
            ChannelKind::Text => Talk::Text { opens },
            ChannelKind::Pieces => Talk::Pieces,
        });
    }

    /// Takes the answer to our offer.
    pub fn take_answer(&mut self, answer: String) {
        self.transport.take_answer(LINE, answer);
    }

    /// Takes a candidate of the other side, `RTCIceCandidateInit` as JSON; one that a call would not use is passed over.
    pub fn add_candidate(&mut self, line: String) {
        self.transport.add_candidates(LINE, vec![line]);
    }

    /// Sends a message, unless the channel is closed or full.
    pub fn say(&mut self, message: Vec<u8>) {
        self.transport.send(LINE, message);
    }

    /// Waits for what happens. May be given up and called again.
    pub async fn news(&mut self) -> News {
        loop {
            if let Some(line) = self.lines.pop() {
                return News::Candidate(line);
            }
            let event = tokio::select! {
                event = self.events.recv() => event,
                _ = self.gauge.tick() => {
                    self.look();
                    continue;
                }
            };
            match event {
                Some(PeerEvent::Described { sdp, .. }) => return News::Described(sdp),
                Some(PeerEvent::Gathered { mut lines, .. }) => {
                    lines.reverse();
                    self.lines = lines;
                }
                Some(PeerEvent::Secured { .. }) => {
                    self.start();
                    return News::Connected;
                }
                Some(PeerEvent::Open { .. }) => return News::Open,
                Some(PeerEvent::Received { message, .. }) => return News::Received(message),
                Some(PeerEvent::Interrupted { .. }) => return News::Interrupted,
                Some(PeerEvent::Resumed { .. }) => return News::Resumed,
                Some(PeerEvent::Impostor { .. }) => return News::Impostor,
                Some(PeerEvent::Gone { .. }) => {}
                Some(PeerEvent::Broken { .. }) | None => return News::Ended,
            }
        }
    }

    fn start(&mut self) {
        self.setup_ms = u32::try_from(self.since.elapsed().as_millis()).ok();
        self.sound.set_controls(true, false, false);
        let speaker = self.sound.add_speaker(LINE, SOMEBODY);
        self.transport.start_sound(LINE, speaker);
    }

    /// Takes the gauges, upon which the encoder follows the link.
    fn look(&mut self) {
        let now_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let transport = &self.transport;
        let _ = self
            .sound
            .gauges(0, now_ms, |connection| transport.measured(connection));
        let measured = self.transport.measured(LINE).unwrap_or_default();
        let speakers = self.sound.voice().speakers;
        let jitter = speakers.first().map(|speaker| speaker.stats).unwrap_or_default();
        if jitter.actual_ms > 0.0 {
            self.delays = (self.delays.0 + jitter.actual_ms, self.delays.1 + 1.0);
        }
        self.figures = Figures {
            setup_ms: self.setup_ms,
            rtt_ms: measured.rtt_ms,
            sent_loss: measured.sent_loss,
            jitter,
            buffer_ms: self.delays.0 / self.delays.1.max(1.0),
        };
    }

    /// What was measured so far.
    pub fn figures(&mut self) -> Figures {
        self.look();
        self.figures
    }

    /// Closes the connection and the files.
    pub async fn close(self) {
        let Self {
            mut transport,
            mut events,
            sound,
            runtime,
            ..
        } = self;
        transport.close_all();
        drop(transport);
        // The connection's task lets go of its end when it has said goodbye.
        let _ = timeout(GOODBYE, async { while events.recv().await.is_some() {} }).await;
        // Joins the audio thread, which writes what is left.
        let _ = runtime.spawn_blocking(move || sound.stop()).await;
    }
}
