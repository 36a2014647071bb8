//! The task of one peer connection: carries out orders, and tells what became of it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use orrery_protocol::{ConnectionId, limits::MAX_CANDIDATES};
use rtc::{
    interceptor::Slot,
    media_stream::MediaStreamTrack,
    peer_connection::configuration::media_engine::MIME_TYPE_OPUS,
    rtp_transceiver::rtp_sender::{
        RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RTCRtpHeaderExtensionCapability, RtpCodecKind,
    },
};
use tokio::sync::mpsc;
use webrtc::{
    data_channel::{DataChannel, DataChannelEvent},
    media_stream::{
        track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP},
        track_remote::{TrackRemote, TrackRemoteEvent},
    },
    peer_connection::{
        CipherSuiteId, MediaEngine, PeerConnection, PeerConnectionBuilder, RTCConfigurationBuilder, RTCIceServer,
        RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder, SrtpProtectionProfile,
        StatsSelector, configure_rtcp_reports,
    },
    rtp_transceiver::RtpSender,
};

use super::{
    Ear, Fanout, Measured, Network, PeerEvent, candidates,
    fanout::{self, Marks, Numbers},
    fingerprint,
    guard::{self, Guard, Sockets},
    handler::{Callback, Handler},
    pieces::Assembler,
    reports::{ReportReader, Reported},
    sdp, stats,
    talk::Talk,
};

/// Orders under way to a connection's task. When full, the connection has stalled: it is closed as broken, and the
/// core sets up another if one is still wanted.
pub(crate) const ORDER_CAPACITY: usize = 256;
/// How long a candidate waits for others to go in the same note.
const GATHER_WAIT: Duration = Duration::from_millis(10);
/// How often a connection with sound is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// How often the other side is asked for a sign of life (RFC 7675), also while nobody speaks.
const ALIVE_EVERY: Duration = Duration::from_millis(500);
/// A connection that was silent for so long is interrupted: three questions without an answer …
const SILENT: Duration = Duration::from_millis(1_500);
/// … and broken when it was interrupted for so long.
const BROKEN: Duration = Duration::from_secs(30);
/// How often it is asked, while it is interrupted, whether the other side's program is there at all.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// Bytes on their way through the data channel. Beyond it a message is not sent directly; the way over the server
/// remains.
const SEND_LIMIT: usize = 512 * 1024;
/// Bytes that came and were not read yet, as the other side is told. Messages are small and read at once.
const RECEIVE_WINDOW: u32 = 256 * 1024;
/// Between two connectivity checks of a candidate pair, and how many there are. The stack's own 200 ms would make up
/// most of the time until a call can be heard.
const CHECK_EVERY: Duration = Duration::from_millis(20);
const CHECKS: u16 = 70;
/// The payload type that we propose for Opus.
const OPUS_PAYLOAD_TYPE: u8 = 111;
/// Loudness beside each packet (RFC 6464).
const AUDIO_LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// Something to do with a connection. Closing is the end of the lane.
pub(crate) enum Order {
    TakeAnswer(String),
    AddCandidates(Vec<String>),
    Send(Vec<u8>),
    StartSound(u64),
    StopSound,
}

/// What a connection is made with.
pub(crate) struct Setup {
    pub connection: ConnectionId,
    /// The other side's offer; without it an offer is made.
    pub offer: Option<String>,
    /// What numbers its packets.
    pub numbers: Numbers,
    /// The speaker that its sound is; 0 while there is none.
    pub speaker: Arc<AtomicU64>,
    pub network: Network,
    pub talk: Talk,
    pub events: mpsc::Sender<PeerEvent>,
    pub ear: Arc<dyn Ear>,
    pub fanout: Fanout,
    pub measured: Arc<Mutex<Option<Measured>>>,
}

/// Why a connection cannot go on. The words are the stack's and may hold addresses: they are never logged.
struct Failed;

impl<E: std::error::Error> From<E> for Failed {
    fn from(_: E) -> Self {
        Self
    }
}

/// Runs a connection to its end. Closing the orders closes it in silence; any other end is told as
/// [`PeerEvent::Broken`].
pub(crate) async fn run(setup: Setup, orders: mpsc::Receiver<Order>) {
    let connection = setup.connection;
    let events = setup.events.clone();
    let fanout = setup.fanout.clone();
    let broken = match open(&setup.network, setup.numbers, setup.talk).await {
        Ok(parts) => {
            let stack = Arc::clone(&parts.stack);
            // The SDP of a stranger goes through parsers that are not ours: should one of them panic, this connection
            // breaks and nothing else does.
            let task = tokio::spawn(Connection::new(setup, parts).drive(orders));
            let broken = task.await.unwrap_or(true);
            fanout.leave(&connection);
            let _ = stack.close().await;
            broken
        }
        Err(Failed) => true,
    };
    if broken {
        // Closed when the worker ends: nobody is left to tell.
        let _ = events.send(PeerEvent::Broken { connection }).await;
    }
}

/// The stack's halves of a connection.
struct Parts {
    stack: Arc<dyn PeerConnection>,
    /// None only where the other side has yet to open it, which ours never has to.
    channel: Option<Arc<dyn DataChannel>>,
    sender: Arc<dyn RtpSender>,
    track: Arc<TrackLocalStaticRTP>,
    /// What the other side says of our sound.
    reported: Reported,
    callbacks: mpsc::Receiver<Callback>,
    guard: Arc<Guard>,
}

fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

/// Makes a connection with a certificate of its own, its data channel and its track.
async fn open(network: &Network, numbers: Numbers, talk: Talk) -> Result<Parts, Failed> {
    let mut media = MediaEngine::default();
    media.register_codec(
        RTCRtpCodecParameters {
            payload_type: OPUS_PAYLOAD_TYPE,
            rtp_codec: opus(),
        },
        RtpCodecKind::Audio,
    )?;
    media.register_header_extension(
        RTCRtpHeaderExtensionCapability {
            uri: AUDIO_LEVEL_URI.to_owned(),
        },
        RtpCodecKind::Audio,
        None,
    )?;
    let settings = SettingEngineBuilder::new()
        // The crate's AES-GCM for DTLS draws its nonces at random; ChaCha20-Poly1305 counts them.
        .with_dtls_cipher_suites(vec![CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256])
        .with_srtp_protection_profiles(vec![
            SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        ])
        .with_ice_connection_attempts(Some(CHECK_EVERY), Some(CHECKS))
        .with_ice_timeouts(Some(SILENT), Some(BROKEN), Some(ALIVE_EVERY))
        .with_srflx_acceptance_min_wait(Some(Duration::ZERO))
        .with_prflx_acceptance_min_wait(Some(Duration::ZERO))
        .with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled)
        .with_sctp_max_receive_buffer_size(RECEIVE_WINDOW)
        .build();
    let ice_servers = network.stun.iter().map(|stun| RTCIceServer {
        urls: vec![stun.clone()],
        ..Default::default()
    });
    let (handler, callbacks) = Handler::new(network.loopback);
    let guard = Guard::new();
    let reported = Reported::default();
    // Nearest to the network: what comes after it may keep reports to itself.
    let interceptors = configure_rtcp_reports(Registry::new())
        .with(Slot::Custom(0), ReportReader::new(numbers.ssrc, reported.clone()));
    let stack: Arc<dyn PeerConnection> = Arc::new(
        PeerConnectionBuilder::new()
            .with_configuration(
                RTCConfigurationBuilder::new()
                    .with_ice_servers(ice_servers.collect())
                    .build(),
            )
            .with_media_engine(media)
            .with_interceptor_registry(interceptors)
            .with_setting_engine(settings)
            .with_handler(Arc::new(handler))
            .with_runtime(Arc::new(Sockets::new(Arc::clone(&guard))))
            .with_data_channel_send_buffer_limit(SEND_LIMIT)
            .with_udp_addrs(network.addresses())
            .build()
            .await?,
    );
    let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
        "voice".to_owned(),
        "voice".to_owned(),
        "voice".to_owned(),
        RtpCodecKind::Audio,
        vec![RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(numbers.ssrc),
                ..Default::default()
            },
            codec: opus(),
            ..Default::default()
        }],
    )));
    // The track is there from the beginning, so that a call over a standing connection needs no new negotiation.
    let local: Arc<dyn TrackLocal> = Arc::<TrackLocalStaticRTP>::clone(&track);
    let sender = stack.add_track(local).await?;
    let channel = match talk.channel() {
        Some(init) => Some(stack.create_data_channel("notes", Some(init)).await?),
        None => None,
    };
    Ok(Parts {
        stack,
        channel,
        sender,
        track,
        reported,
        callbacks,
        guard,
    })
}

struct Connection {
    setup: Setup,
    parts: Parts,
    assembler: Assembler,
    batch: candidates::Batch,
    /// Candidates that came before the description they belong to.
    early: Vec<String>,
    /// Candidates given to the stack.
    taken: usize,
    described: bool,
    secured: bool,
    interrupted: bool,
    open: bool,
    outlet: Option<fanout::Outlet>,
}

/// Whether the connection goes on.
enum Next {
    Go,
    End,
}

impl Connection {
    fn new(setup: Setup, parts: Parts) -> Self {
        Self {
            setup,
            parts,
            assembler: Assembler::default(),
            batch: candidates::Batch::default(),
            early: Vec::new(),
            taken: 0,
            described: false,
            secured: false,
            interrupted: false,
            open: false,
            outlet: None,
        }
    }

    /// Says whether it broke, as opposed to having been closed by us.
    async fn drive(mut self, mut orders: mpsc::Receiver<Order>) -> bool {
        if self.describe().await.is_err() {
            return true;
        }
        let mut measure = tokio::time::interval(MEASURE_EVERY);
        measure.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ask = tokio::time::interval(ASK_EVERY);
        ask.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut gather_at: Option<tokio::time::Instant> = None;
        loop {
            let sounding = self.setup.speaker.load(Ordering::Relaxed) != 0;
            let next = tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.carry_out(order).await,
                    None => return false,
                },
                callback = self.parts.callbacks.recv() => match callback {
                    Some(Callback::Candidate(line)) => {
                        if self.batch.add(line) {
                            gather_at = Some(tokio::time::Instant::now() + GATHER_WAIT);
                        }
                        Ok(Next::Go)
                    }
                    Some(Callback::GatheringComplete) => {
                        gather_at = None;
                        self.give_candidates().await
                    }
                    Some(Callback::State(state)) => {
                        // The first question follows at once.
                        ask.reset_immediately();
                        self.changed(state).await
                    }
                    Some(Callback::Track(track)) => {
                        self.listen(track);
                        Ok(Next::Go)
                    }
                    Some(Callback::Channel(channel)) => self.opened(channel),
                    None => Err(Failed),
                },
                event = poll(self.parts.channel.as_ref()) => self.channel_event(event).await,
                () = self.parts.guard.spent() => Err(Failed),
                () = self.parts.guard.refused() => {
                    let connection = self.setup.connection;
                    self.tell(PeerEvent::Impostor { connection }).await.and(Ok(Next::End))
                }
                () = sleep_until(gather_at), if gather_at.is_some() => {
                    gather_at = None;
                    self.give_candidates().await
                }
                gone = async { ask.tick().await; guard::is_gone(&self.parts.guard).await }, if self.interrupted => {
                    if gone {
                        let connection = self.setup.connection;
                        self.tell(PeerEvent::Gone { connection }).await.and(Ok(Next::End))
                    } else {
                        Ok(Next::Go)
                    }
                }
                _ = measure.tick(), if sounding => {
                    self.measure().await;
                    Ok(Next::Go)
                }
            };
            match next {
                Ok(Next::Go) => {}
                Ok(Next::End) | Err(Failed) => return true,
            }
        }
    }

    async fn describe(&mut self) -> Result<Next, Failed> {
        let stack = &self.parts.stack;
        let own = match self.setup.offer.take() {
            None => {
                let offer = stack.create_offer(None).await?;
                stack.set_local_description(offer.clone()).await?;
                offer
            }
            Some(offer) => {
                let offer = sdp::read(&offer)?;
                self.parts.guard.expect_sources(offer.sources);
                stack
                    .set_remote_description(RTCSessionDescription::offer(offer.text)?)
                    .await?;
                self.described = true;
                let answer = stack.create_answer(None).await?;
                stack.set_local_description(answer.clone()).await?;
                answer
            }
        };
        let connection = self.setup.connection;
        self.tell(PeerEvent::Described {
            connection,
            sdp: candidates::strip(&own.sdp),
        })
        .await
    }

    async fn carry_out(&mut self, order: Order) -> Result<Next, Failed> {
        match order {
            Order::TakeAnswer(answer) => {
                if !self.described {
                    let answer = sdp::read(&answer)?;
                    self.parts.guard.expect_sources(answer.sources);
                    let answer = RTCSessionDescription::answer(answer.text)?;
                    self.parts.stack.set_remote_description(answer).await?;
                    self.described = true;
                    let early = std::mem::take(&mut self.early);
                    self.add_candidates(early).await;
                }
            }
            Order::AddCandidates(lines) => self.add_candidates(lines).await,
            Order::Send(message) => self.send(&message).await,
            Order::StartSound(speaker) => self.start_sound(speaker).await,
            Order::StopSound => {
                self.setup.speaker.store(0, Ordering::Relaxed);
                self.setup.fanout.leave(&self.setup.connection);
            }
        }
        Ok(Next::Go)
    }

    async fn add_candidates(&mut self, lines: Vec<String>) {
        for line in lines {
            if !self.described {
                if self.early.len() < MAX_CANDIDATES {
                    self.early.push(line);
                }
            } else if self.taken < MAX_CANDIDATES
                && let Some(candidate) = candidates::read(&line, self.setup.network.loopback)
            {
                self.taken += 1;
                // One that the stack does not take is one path less, no reason to give up the others.
                let _ = self.parts.stack.add_ice_candidate(candidate).await;
            }
        }
    }

    async fn give_candidates(&mut self) -> Result<Next, Failed> {
        let lines = self.batch.take();
        if lines.is_empty() {
            return Ok(Next::Go);
        }
        self.tell(PeerEvent::Gathered {
            connection: self.setup.connection,
            lines,
        })
        .await
    }

    async fn changed(&mut self, state: RTCPeerConnectionState) -> Result<Next, Failed> {
        let connection = self.setup.connection;
        match state {
            RTCPeerConnectionState::Connected => {
                if !self.secured {
                    self.secured = true;
                    let report = self.parts.stack.get_stats(Instant::now(), StatsSelector::None).await;
                    let prints = fingerprint::read(&report).ok_or(Failed)?;
                    self.tell(PeerEvent::Secured {
                        connection,
                        local: prints.local,
                        remote: prints.remote,
                    })
                    .await?;
                }
                if std::mem::take(&mut self.interrupted) {
                    self.tell(PeerEvent::Resumed { connection }).await?;
                }
                Ok(Next::Go)
            }
            RTCPeerConnectionState::Disconnected => {
                self.interrupted = true;
                self.tell(PeerEvent::Interrupted { connection }).await
            }
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => Ok(Next::End),
            _ => Ok(Next::Go),
        }
    }

    async fn channel_event(&mut self, event: Option<DataChannelEvent>) -> Result<Next, Failed> {
        let connection = self.setup.connection;
        match event {
            Some(DataChannelEvent::OnOpen) => {
                self.open = true;
                self.tell(PeerEvent::Open { connection }).await
            }
            Some(DataChannelEvent::OnMessage(piece)) => {
                self.parts.guard.message_came(piece.data.len());
                match self.setup.talk.take(&mut self.assembler, &piece)? {
                    Some(message) => self.tell(PeerEvent::Received { connection, message }).await,
                    None => Ok(Next::Go),
                }
            }
            Some(DataChannelEvent::OnClose) | None => Ok(Next::End),
            Some(_) => Ok(Next::Go),
        }
    }

    /// There is one channel, and nobody opens another.
    fn opened(&mut self, channel: Arc<dyn DataChannel>) -> Result<Next, Failed> {
        if self.parts.channel.is_some() {
            return Err(Failed);
        }
        self.parts.channel = Some(channel);
        Ok(Next::Go)
    }

    async fn send(&mut self, message: &[u8]) {
        let (Some(channel), Some(pieces)) = (&self.parts.channel, self.setup.talk.cut(message).filter(|_| self.open))
        else {
            return;
        };
        // Asked once for the whole message: one that stops halfway would be sent for nothing.
        if channel
            .outstanding_bytes()
            .await
            .is_ok_and(|bytes| bytes + message.len() < SEND_LIMIT)
        {
            for piece in pieces {
                self.parts.guard.piece_went();
                if self.setup.talk.send(channel.as_ref(), &piece).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn start_sound(&mut self, speaker: u64) {
        self.setup.speaker.store(speaker, Ordering::Relaxed);
        if self.outlet.is_none() {
            let negotiated = self.parts.sender.get_parameters().await.ok();
            let negotiated = negotiated.as_ref().map(|p| &p.rtp_parameters);
            let codec = negotiated.and_then(|p| p.codecs.first());
            let extensions = negotiated.map_or(&[][..], |p| &p.header_extensions);
            let level = extensions.iter().find(|extension| extension.uri == AUDIO_LEVEL_URI);
            let marks = Marks {
                payload_type: codec.map_or(OPUS_PAYLOAD_TYPE, |codec| codec.payload_type),
                level: level.and_then(|extension| u8::try_from(extension.id).ok()),
            };
            let track = Arc::clone(&self.parts.track);
            self.outlet = Some(fanout::outlet(track, self.setup.numbers, marks));
        }
        if let Some(outlet) = &self.outlet {
            self.setup.fanout.join(self.setup.connection, outlet.clone());
        }
    }

    /// Takes what the other side says from the beginning, because the stack's queue must not fill, and gives it to the
    /// ear only while there is sound.
    fn listen(&self, track: Arc<dyn TrackRemote>) {
        let speaker = Arc::clone(&self.setup.speaker);
        let ear = Arc::clone(&self.setup.ear);
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                match event {
                    TrackRemoteEvent::OnRtpPacket(packet) => {
                        let speaker = speaker.load(Ordering::Relaxed);
                        if speaker != 0 {
                            let header = &packet.header;
                            ear.hear(
                                speaker,
                                header.sequence_number,
                                header.timestamp,
                                header.marker,
                                &packet.payload,
                            );
                        }
                    }
                    TrackRemoteEvent::OnEnded => break,
                    _ => {}
                }
            }
        });
    }

    async fn measure(&self) {
        let report = self.parts.stack.get_stats(Instant::now(), StatsSelector::None).await;
        let from = self.parts.guard.heard().map(|heard| heard.from);
        let measured = Measured {
            sent_loss: self.parts.reported.loss(),
            sent_jitter_ms: self.parts.reported.jitter_ms(),
            ..stats::read(&report, from)
        };
        *self.setup.measured.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
    }

    async fn tell(&self, event: PeerEvent) -> Result<Next, Failed> {
        self.setup.events.send(event).await.map_err(|_| Failed)?;
        Ok(Next::Go)
    }
}

/// What happens on the channel; nothing while there is none.
async fn poll(channel: Option<&Arc<dyn DataChannel>>) -> Option<DataChannelEvent> {
    match channel {
        Some(channel) => channel.poll().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<tokio::time::Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}
