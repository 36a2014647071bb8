//! Our own sound on its way out: encoded once, sent to each connection that asked for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use orrery_protocol::ConnectionId;
use rtc::rtp::{Packet, header::Header};
use tokio::sync::mpsc;
use webrtc::media_stream::track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP};

/// Frames waiting for one connection, 320 ms. When full, the frame is dropped for this connection only: late sound is
/// worth nothing, and the gap in the sequence numbers has it concealed as any lost packet.
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

/// A frame and its number: the same on every connection, so that two connections with one peer carry the same packets.
type Numbered = (u16, OutFrame);

/// The way to one connection's track.
pub(crate) type Outlet = mpsc::Sender<Numbered>;

#[derive(Default)]
struct List {
    outlets: HashMap<ConnectionId, Outlet>,
    next: u16,
}

/// Who gets our sound. A clone shares the list.
#[derive(Clone, Default)]
pub(crate) struct Fanout(Arc<Mutex<List>>);

impl Fanout {
    /// Gives a frame to every connection on the list. Never waits.
    pub(crate) fn send(&self, frame: &OutFrame) {
        let mut list = self.lock();
        let number = list.next;
        list.next = number.wrapping_add(1);
        for outlet in list.outlets.values() {
            // Full: see [`FRAMES`]. Closed: the connection is on its way off the list.
            let _ = outlet.try_send((number, frame.clone()));
        }
    }

    /// Whether nobody is on the list, so that encoding may be spared.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().outlets.is_empty()
    }

    pub(crate) fn join(&self, connection: ConnectionId, outlet: Outlet) {
        self.lock().outlets.insert(connection, outlet);
    }

    pub(crate) fn leave(&self, connection: &ConnectionId) {
        self.lock().outlets.remove(connection);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What numbers a connection's packets. Sequence and timestamp begin anywhere (RFC 3550 §5.1). A connection that takes the
/// place of another has the other's, so that the same packet over both is heard once.
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

    fn packet(&self, number: u16, frame: &OutFrame, marks: Marks) -> Packet {
        let mut header = Header {
            version: 2,
            marker: frame.marker,
            payload_type: marks.payload_type,
            sequence_number: self.sequence.wrapping_add(number),
            timestamp: self.timestamp.wrapping_add(frame.timestamp),
            ssrc: self.ssrc,
            ..Default::default()
        };
        if let Some(id) = marks.level {
            // RFC 6464 §3: whether it is a voice, and how loud.
            let level = Bytes::copy_from_slice(&[u8::from(frame.voice) << 7 | frame.level.min(127)]);
            // Fails for a number that cannot be one, and was not negotiated then.
            let _ = header.set_extension(id, level);
        }
        Packet {
            header,
            payload: frame.payload.clone(),
        }
    }
}

/// What was negotiated for packets. The track knows this too, but as it was before the other side's description came: another
/// program's numbers are not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Of Opus.
    pub payload_type: u8,
    /// Number of the header extension that tells loudness (RFC 6464); `None` where the other side takes none.
    pub level: Option<u8>,
}

/// An outlet and the task that writes what comes through it to a track. The task ends with the last outlet.
pub(crate) fn outlet(track: Arc<TrackLocalStaticRTP>, numbers: Numbers, marks: Marks) -> Outlet {
    let (outlet, mut frames) = mpsc::channel::<Numbered>(FRAMES);
    tokio::spawn(async move {
        while let Some((number, frame)) = frames.recv().await {
            let packet = numbers.packet(number, &frame, marks);
            // Fails while the track is not negotiated and after the connection closed: nothing to send to either way.
            if track.write_rtp(packet).await.is_err() {
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

    const MARKS: Marks = Marks {
        payload_type: 111,
        level: Some(2),
    };

    #[test]
    fn loudness_stands_under_the_number_that_was_negotiated_or_nowhere() {
        let numbers = Numbers::random();
        let packet = numbers.packet(0, &frame(0), MARKS);
        assert_eq!(packet.header.get_extension(2).as_deref(), Some(&[0x80 | 30][..]));
        assert_eq!(packet.header.extensions.len(), 1);
        let packet = numbers.packet(0, &frame(0), Marks { level: None, ..MARKS });
        assert!(!packet.header.extension && packet.header.extensions.is_empty());
    }

    #[test]
    fn packets_count_up_and_keep_the_frames_distances() {
        let numbers = Numbers {
            ssrc: 7,
            sequence: u16::MAX,
            timestamp: u32::MAX - 100,
        };
        let first = numbers.packet(0, &frame(0), MARKS);
        let second = numbers.packet(1, &frame(960), MARKS);
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
