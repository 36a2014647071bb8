//! Our own sound on its way out: encoded once, sent to each connection that asked for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use orrery_protocol::ConnectionId;
use rtc::rtp::{
    Packet,
    extension::{HeaderExtension, audio_level_extension::AudioLevelExtension},
    header::Header,
};
use tokio::sync::mpsc;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

/// Frames waiting for one connection, 320 ms. When full, the frame is dropped for this connection only: late sound is
/// worth nothing, and its own sequence numbers show the gap to nobody, because they count what was written.
const FRAMES: usize = 16;

/// One encoded frame, the same for everybody.
#[derive(Clone)]
pub(crate) struct OutFrame {
    /// Opus.
    pub payload: Bytes,
    /// At 48 kHz, from any start.
    pub timestamp: u32,
    /// The first of a talk spurt.
    pub marker: bool,
    /// Loudness in −dBov, 0 to 127 (RFC 6464).
    pub level: u8,
    /// It holds a voice.
    pub voice: bool,
}

/// Who gets our sound. A clone shares the list.
#[derive(Clone, Default)]
pub(crate) struct Fanout(Arc<Mutex<HashMap<ConnectionId, mpsc::Sender<OutFrame>>>>);

impl Fanout {
    /// Gives a frame to every connection on the list. Never waits.
    pub(crate) fn send(&self, frame: &OutFrame) {
        for outlet in self.lock().values() {
            // Full: see [`FRAMES`]. Closed: the connection is on its way off the list.
            let _ = outlet.try_send(frame.clone());
        }
    }

    /// Whether nobody is on the list, so that encoding may be spared.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    pub(crate) fn join(&self, connection: ConnectionId, outlet: mpsc::Sender<OutFrame>) {
        self.lock().insert(connection, outlet);
    }

    pub(crate) fn leave(&self, connection: &ConnectionId) {
        self.lock().remove(connection);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ConnectionId, mpsc::Sender<OutFrame>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What numbers a connection's packets. Sequence and timestamp begin anywhere (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

impl Numbers {
    /// At random.
    pub(crate) fn random() -> Self {
        Self {
            ssrc: rand::random(),
            sequence: rand::random(),
            timestamp: rand::random(),
        }
    }

    /// The next packet.
    fn packet(&mut self, frame: &OutFrame, payload_type: u8) -> Packet {
        let packet = Packet {
            header: Header {
                version: 2,
                marker: frame.marker,
                payload_type,
                sequence_number: self.sequence,
                timestamp: self.timestamp.wrapping_add(frame.timestamp),
                ssrc: self.ssrc,
                ..Default::default()
            },
            payload: frame.payload.clone(),
        };
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }
}

/// An outlet and the task that writes what comes through it to a track. The task ends with the last outlet.
pub(crate) fn outlet(
    track: Arc<TrackLocalStaticRTP>,
    mut numbers: Numbers,
    payload_type: u8,
) -> mpsc::Sender<OutFrame> {
    let (outlet, mut frames) = mpsc::channel::<OutFrame>(FRAMES);
    tokio::spawn(async move {
        while let Some(frame) = frames.recv().await {
            let level = HeaderExtension::AudioLevel(AudioLevelExtension {
                level: frame.level.min(127),
                voice: frame.voice,
            });
            let packet = numbers.packet(&frame, payload_type);
            // Fails while the track is not negotiated and after the connection closed: nothing to send to either way.
            if track.write_rtp_with_extensions(packet, &[level]).await.is_err() {
                tracing::trace!("a frame found its track closed");
            }
        }
    });
    outlet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(timestamp: u32) -> OutFrame {
        OutFrame {
            payload: Bytes::from_static(b"opus"),
            timestamp,
            marker: false,
            level: 30,
            voice: true,
        }
    }

    #[test]
    fn packets_count_up_and_keep_the_frames_distances() {
        let mut numbers = Numbers {
            ssrc: 7,
            sequence: u16::MAX,
            timestamp: u32::MAX - 100,
        };
        let first = numbers.packet(&frame(0), 111);
        let second = numbers.packet(&frame(960), 111);
        assert_eq!(
            (first.header.sequence_number, second.header.sequence_number),
            (u16::MAX, 0)
        );
        assert_eq!(second.header.timestamp.wrapping_sub(first.header.timestamp), 960);
        assert_eq!(second.header.ssrc, 7);
    }

    #[test]
    fn a_connection_that_takes_nothing_delays_nobody() {
        let fanout = Fanout::default();
        let (stalled, _kept) = mpsc::channel(1);
        let (lively, mut frames) = mpsc::channel(100);
        fanout.join(ConnectionId([1; 16]), stalled);
        fanout.join(ConnectionId([2; 16]), lively);
        for i in 0..50 {
            fanout.send(&frame(i * 960));
        }
        let mut count = 0;
        while frames.try_recv().is_ok() {
            count += 1;
        }
        assert_eq!(count, 50);
        fanout.leave(&ConnectionId([1; 16]));
        fanout.leave(&ConnectionId([2; 16]));
        assert!(fanout.is_empty());
    }
}
